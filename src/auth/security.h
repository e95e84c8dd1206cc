/* security.h - certificates and users of a configuration: read, checked and complained of together. */
#ifndef TN_AUTH_SECURITY_H
#define TN_AUTH_SECURITY_H

#include "auth/users.h"
#include "config/config.h"
#include "net/http.h"
#include "net/tls.h"

enum tn_listener_id {
#define LISTENER(name, prefix, path, alpn) TN_LISTENER_##name,
#include "auth/listeners.def"
#undef LISTENER
    TN_LISTENER_COUNT
};

/* What every listener needs of a configuration; part of a snapshot (src/snapshot.h), so that a reload brings new certificates
 * and new users at once. */
struct tn_security {
    struct tn_tls        *tls[TN_LISTENER_COUNT];  /* counted; NULL: this listener has none */
    struct tn_http_limits http[TN_LISTENER_COUNT]; /* of those that speak HTTP */
    struct tn_users      *users;
};

/* Reads certificates, keys and users; blocks on files. CHECK_ONLY: see tn_users_new(). Every mistake is added to PROBLEMS with
 * the line of its option; nothing is kept then. End it with tn_security_reset(). */
TN_MUST_USE enum tn_status tn_security_load(struct tn_security *out, const struct tn_config *config, bool check_only,
                                            struct tn_problems *problems);
void tn_security_reset(struct tn_security *security);

/* The same for its complaints alone; a tn_config_check. */
void tn_security_check(const struct tn_config *draft, struct tn_problems *problems, void *arg);

#endif

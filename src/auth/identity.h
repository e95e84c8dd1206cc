/* identity.h - who a client is, as it proved it. Immutable and counted: a session or a request holds one, a query's views
 * (tn_route_context.user, user_groups) point into it. Any thread. */
#ifndef TN_AUTH_IDENTITY_H
#define TN_AUTH_IDENTITY_H

#include "base/str.h"

#include <stdatomic.h>

enum tn_proof {
#define PROOF(name, text) TN_PROOF_##name,
#include "auth/proofs.def"
#undef PROOF
};

struct tn_identity_attribute {
    struct tn_str key, value;
};

/* All texts end in NUL and live as long as the identity. */
struct tn_identity {
    _Atomic unsigned                    refs;
    enum tn_proof                       proof;
    bool                                admin; /* may use the admin API and the console: see tn_auth_is_admin() */
    struct tn_str                       user;
    size_t                              group_count, role_count, attribute_count;
    const struct tn_str                *groups, *roles;
    const struct tn_identity_attribute *attributes;
};

/* What an identity is made of; copied. */
struct tn_identity_parts {
    struct tn_str                       user;
    enum tn_proof                       proof;
    bool                                admin;
    size_t                              group_count, role_count, attribute_count;
    const struct tn_str                *groups, *roles;
    const struct tn_identity_attribute *attributes;
};

struct tn_identity_parts tn_identity_parts_of(const struct tn_identity *identity); /* views into it */
/* One reference, the caller's; NULL when there is no memory. */
TN_MUST_USE struct tn_identity *tn_identity_new(const struct tn_identity_parts *parts);
struct tn_identity *tn_identity_ref(const struct tn_identity *identity);
void                tn_identity_unref(struct tn_identity *identity); /* NULL is fine */

const char *tn_proof_name(enum tn_proof proof);

#endif

/* authenticate.h - is the client who it says? One object for the program, asked by every listener: the PostgreSQL log-in
 * (src/session/login.c) step by step, HTTP with one call. Any thread.
 *
 * provider none: nobody is asked; a client is whom it names. provider static: users.h. */
#ifndef TN_AUTH_AUTHENTICATE_H
#define TN_AUTH_AUTHENTICATE_H

#include "auth/identity.h"
#include "auth/users.h"
#include "base/status.h"
#include "config/config.h"

struct tn_auth;

/* For a configuration whose provider stays until the program ends. USERS: a reference is taken. */
TN_MUST_USE enum tn_status tn_auth_new(struct tn_auth **out, const struct tn_settings *settings, struct tn_users *users,
                                       struct tn_error *err);
void tn_auth_free(struct tn_auth *auth); /* NULL is fine */
/* After a reload: new users, limits and lists of administrators. Log-ins that are under way end as they began. */
void tn_auth_use(struct tn_auth *auth, const struct tn_settings *settings, struct tn_users *users);
bool tn_auth_is_asked(const struct tn_auth *auth); /* false: provider none */

/* May IDENTITY (NULL: nobody) at PEER ("127.0.0.1:5000") use the admin API and the console? Its own roles say so; where nobody
 * can have such a role (provider none, or no user has it), whoever works on this machine. */
bool tn_auth_is_admin(struct tn_auth *auth, const struct tn_identity *identity, struct tn_str peer);
/* The admin of the last rule may do without a log-in. */
bool tn_auth_admin_is_asked(struct tn_auth *auth);

/* ---- HTTP ---- */

struct tn_auth_request {
    const char   *listener;      /* "adminApi": for the log and the challenge */
    struct tn_str peer;          /* "127.0.0.1:51234" */
    struct tn_str authorization; /* the header's value; ptr NULL: there is none */
    struct tn_str claimed;       /* user of another header (X-Trino-User); ptr NULL: none. Must be the one that is proved;
                                    with provider none it is believed */
    struct tn_str certificate;   /* user of a verified client certificate; ptr NULL: none */
    const char   *wrong;         /* what the log says of a wrong password; NULL: the usual */
    struct tn_str own_user, own_password; /* of the listener itself (adminApi.username), an administrator; empty: none */
};

struct tn_auth_answer {
    struct tn_identity *identity;      /* the caller's reference; NULL: refused, and the rest says how */
    int                 http_status;   /* 401, 403, 429, 503 */
    unsigned            delay_ms;      /* the answer is to wait so long */
    char                challenge[512]; /* WWW-Authenticate; "" = none */
    unsigned            retry_after_s; /* Retry-After; 0 = none */
    struct tn_error     error;         /* 28P01 or 28000, what to tell */
};

/* Answers at once: without I/O, and but for a password not seen lately (a millisecond) without much work. One line in the log
 * for a refusal of wrong credentials. ANSWER is filled in whatever it holds. */
void tn_auth_http(struct tn_auth *auth, const struct tn_auth_request *request, struct tn_auth_answer *answer);

/* The same for the head of a request (tn_http_handler.head), where the password may be looked at by another thread, while X is
 * deferred: for the loop there is never much work. THEN is called on X's worker, at once or later: it takes the identity, or
 * answers the refusal; true: the request goes on. It is not called when the client is gone, nor when its user has too many
 * connections, which is answered. REQUEST's strings are X's, or the program's; X's user and gone are this function's until then. */
struct tn_http_exchange;
typedef bool tn_auth_then(struct tn_http_exchange *x, struct tn_auth_answer *answer, void *arg);
void tn_auth_http_head(struct tn_auth *auth, struct tn_http_exchange *x, const struct tn_auth_request *request, tn_auth_then *then, void *arg);
/* No password is being looked at. */
bool tn_auth_is_quiet(struct tn_auth *auth);

/* A refusal's header fields and its wait; the caller then answers, with http_status and the text of the error. */
void tn_auth_refuse(struct tn_http_exchange *x, const struct tn_auth_answer *answer);

/* ---- step by step ---- */

struct tn_login {
    const char   *listener;
    struct tn_str peer, user; /* live until the end of the log-in */
    bool          counted;
    uint64_t      wait_us; /* after tn_auth_begin() said no: how long */
};

/* Could an attempt be made now? Nothing is counted: a client that only begins takes no place from others. TN_E_DENIED as below. */
TN_MUST_USE enum tn_status tn_auth_check(struct tn_auth *auth, struct tn_login *login, struct tn_error *err);
/* When what the client knows is about to be looked at. TN_OK: the attempt may be made, and one of the three ends must follow. TN_E_DENIED (28P01): too many have failed; logged. */
TN_MUST_USE enum tn_status tn_auth_begin(struct tn_auth *auth, struct tn_login *login, struct tn_error *err);
/* The verifier of LOGIN's user and its identity, should it prove itself by PROOF. *IDENTITY NULL: there is no such user, or it
 * has no password; the verifier then fits no password, and the caller goes through the motions. TN_E_NOMEM. */
TN_MUST_USE enum tn_status tn_auth_look_up(struct tn_auth *auth, const struct tn_login *login, enum tn_proof proof,
                                           struct tn_verifier *verifier, struct tn_identity **identity, struct tn_error *err);
/* Has USER a hash for mysql_native_password, and nothing else to prove a password with (ONLY)? */
bool tn_auth_has_native(struct tn_auth *auth, struct tn_str user, bool *only);
/* RESPONSE answers NONCE by mysql_native_password: the identity, or NULL. Between tn_auth_begin() and its ends. */
struct tn_identity *tn_auth_by_native(struct tn_auth *auth, const struct tn_login *login, const unsigned char *nonce, size_t nonce_len,
                                      struct tn_str response);
/* The identity of a user whose certificate was verified; NULL: no such user (or no memory). With provider none: of any. */
struct tn_identity *tn_auth_certified(struct tn_auth *auth, struct tn_str user);
/* An identity that nobody asked to prove (provider none). NULL: no memory. */
struct tn_identity *tn_auth_believe(struct tn_str user);
void tn_auth_succeeded(struct tn_auth *auth, struct tn_login *login);
/* Logs; *DELAY_MS is how long to wait before the client is told ERR (28P01). */
void tn_auth_failed(struct tn_auth *auth, struct tn_login *login, const char *why, unsigned *delay_ms, struct tn_error *err);
void tn_auth_forget(struct tn_auth *auth, struct tn_login *login); /* it left in the middle; harmless when it has ended */

#endif

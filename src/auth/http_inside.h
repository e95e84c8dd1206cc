/* http_inside.h - what authenticate_http.c and sha2_proof.c need of authenticate.c; inside src/auth only. NULL: wrong, or no memory. */
#ifndef TN_AUTH_HTTP_INSIDE_H
#define TN_AUTH_HTTP_INSIDE_H

#include "auth/authenticate.h"
#include "loop/offload.h"

/* A password that was right lately, without the work; not while the user has failed too often from there. */
struct tn_identity *tn_auth_seen_password(struct tn_auth *auth, const struct tn_login *login, struct tn_str password);
struct tn_identity *tn_auth_by_password(struct tn_auth *auth, const struct tn_login *login, struct tn_str password);
/* The threads for tn_auth_by_password(), few of them: guessing must not take all cores. */
struct tn_offload  *tn_auth_threads(struct tn_auth *auth);
uint64_t tn_auth_generation(struct tn_auth *auth); /* of the users: another after each reload */
struct tn_identity *tn_auth_by_token(struct tn_auth *auth, struct tn_str token);

#endif

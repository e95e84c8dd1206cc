/* scram.h - the server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677; channel binding
 * tls-server-end-point of RFC 5929), as PostgreSQL speaks it: the user's name in the messages is not looked at. Pure: messages
 * in, messages out.
 *
 *   tn_scram_init -> tn_scram_first(client-first) -> server-first -> tn_scram_final(client-final) -> server-final */
#ifndef TN_AUTH_SCRAM_H
#define TN_AUTH_SCRAM_H

#include "auth/verifier.h"
#include "base/buf.h"
#include "base/status.h"

#define TN_SCRAM_PLAIN "SCRAM-SHA-256"
#define TN_SCRAM_PLUS  "SCRAM-SHA-256-PLUS"

enum { TN_SCRAM_MESSAGE_MAX = 4096, TN_SCRAM_NONCE = 18 /* bytes of ours, before base64 */, TN_SCRAM_BINDING_MAX = 64 };

struct tn_scram {
    struct tn_verifier verifier;
    bool               doomed;       /* there is no such user: the motions, and then no */
    size_t             binding_len;  /* of the TLS connection; 0 = none, and -PLUS is not offered */
    unsigned char      binding[TN_SCRAM_BINDING_MAX];
    bool               bound;        /* the client uses it */
    struct tn_buf      header;       /* GS2 */
    struct tn_buf      first_bare, server_first;
    char               nonce[256 + TN_SCRAM_NONCE * 2];
};

/* VERIFIER is copied. BINDING: tn_tls_end_point(), BINDING_LEN 0 = none. */
void tn_scram_init(struct tn_scram *scram, const struct tn_verifier *verifier, bool doomed, const void *binding, size_t binding_len);
void tn_scram_reset(struct tn_scram *scram); /* wipes */

/* MECHANISM is one of the two above. TN_E_INVALID: 08P01 for what is malformed, 28000 for a downgrade, 0A000 for what is asked
 * for and not there. OUT receives the answer. */
TN_MUST_USE enum tn_status tn_scram_first(struct tn_scram *scram, struct tn_str mechanism, struct tn_str message,
                                          struct tn_buf *out, struct tn_error *err);
/* TN_OK: it knows the password. TN_E_DENIED: it does not (ERR is not filled in). TN_E_INVALID as above. */
TN_MUST_USE enum tn_status tn_scram_final(struct tn_scram *scram, struct tn_str message, struct tn_buf *out, struct tn_error *err);

#endif

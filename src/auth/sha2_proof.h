/* sha2_proof.h - how MySQL clients prove a password: caching_sha2_password. Its quick way needs SHA256(SHA256(password)), which is
 * not kept of users: it is remembered when a whole password was right, for as long as the program runs and the users stay as they
 * are (a SCRAM verifier does not give it). Its long way is the password itself, over TLS or encrypted with an RSA key that is made
 * when the first client asks for it, for the life of the program. Any thread, but where it is said. Source: MySQL Internals Manual, "Caching_sha2_password information". */
#ifndef TN_AUTH_SHA2_PROOF_H
#define TN_AUTH_SHA2_PROOF_H

#include "auth/authenticate.h"

enum { TN_SHA2_PROOF = 32, TN_SHA2_RSA_BYTES = 256 };

struct tn_sha2_proof;

TN_MUST_USE enum tn_status tn_sha2_proof_new(struct tn_sha2_proof **out, struct tn_error *err);
struct tn_sha2_proof *tn_sha2_proof_ref(struct tn_sha2_proof *proof);
void tn_sha2_proof_unref(struct tn_sha2_proof *proof); /* NULL is fine */

/* The RSA key's public part as PEM; empty: there is no key yet. */
struct tn_str tn_sha2_public_key(const struct tn_sha2_proof *proof);
void tn_sha2_make_key(struct tn_sha2_proof *proof); /* if there is none. A tenth of a second or more: not on a loop's thread */

/* Is something remembered of LOGIN's user? */
bool tn_sha2_knows(struct tn_sha2_proof *proof, struct tn_auth *auth, struct tn_str user);
/* RESPONSE answers NONCE: the identity, or NULL. Between tn_auth_begin() and its ends, as all that looks at a proof. */
struct tn_identity *tn_sha2_quick(struct tn_sha2_proof *proof, struct tn_auth *auth, const struct tn_login *login,
                                  const unsigned char *nonce, size_t nonce_len, struct tn_str response);
/* The password itself: the identity (and it is remembered), or NULL. About a millisecond. */
struct tn_identity *tn_sha2_whole(struct tn_sha2_proof *proof, struct tn_auth *auth, const struct tn_login *login, struct tn_str password);
/* What a client without TLS sent: the password with its NUL, xored with NONCE, encrypted (OAEP). Into OUT; *LEN without the NUL.
 * False: it is none. */
bool tn_sha2_decrypt(struct tn_sha2_proof *proof, struct tn_str cipher, const unsigned char *nonce, size_t nonce_len,
                     unsigned char out[TN_SHA2_RSA_BYTES], size_t *len);

#endif

/* verifier.h - what is kept of a password: enough to check it, not enough to log in with it (RFC 5802, SCRAM-SHA-256 of
 * RFC 7677). The text is PostgreSQL's: SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY, all but the number in base64. */
#ifndef TN_AUTH_VERIFIER_H
#define TN_AUTH_VERIFIER_H

#include "base/str.h"

enum {
    TN_SCRAM_KEY = 32, /* bytes of a SHA-256 */
    TN_SCRAM_SALT = 16,
    TN_SCRAM_SALT_MAX = 64,
    TN_SCRAM_ITERATIONS = 4096, /* as PostgreSQL: it is paid by whoever checks a plain password, too */
    TN_SCRAM_ITERATIONS_MAX = 1000000,
    TN_VERIFIER_TEXT = 256,
};
#define TN_VERIFIER_PREFIX "SCRAM-SHA-256$"

struct tn_verifier {
    uint32_t      iterations;
    size_t        salt_len;
    unsigned char salt[TN_SCRAM_SALT_MAX];
    unsigned char stored_key[TN_SCRAM_KEY], server_key[TN_SCRAM_KEY];
};

/* False: TEXT is not such a text, every part of it checked. */
bool tn_verifier_parse(struct tn_str text, struct tn_verifier *out);
void tn_verifier_format(const struct tn_verifier *verifier, char out[TN_VERIFIER_TEXT]);

/* Takes as long as ITERATIONS say (4096: about a millisecond). False: the password is longer than TN_PASSWORD_MAX or has a
 * NUL in it. SALT_LEN is at most TN_SCRAM_SALT_MAX. */
bool tn_verifier_make(struct tn_verifier *out, struct tn_str password, uint32_t iterations, const void *salt, size_t salt_len);
bool tn_verifier_make_random(struct tn_verifier *out, struct tn_str password, uint32_t iterations); /* with a salt of its own */
/* Is PASSWORD the one? In the same time whatever it is. */
bool tn_verifier_matches(const struct tn_verifier *verifier, struct tn_str password);

/* For a user that does not exist: always the same for one USER and SECRET, fits no password. */
void tn_verifier_mock(struct tn_verifier *out, struct tn_str user, const unsigned char secret[TN_SCRAM_KEY]);

/* HMAC-SHA-256 and SHA-256; abort when the library has no memory. */
void tn_scram_hmac(const unsigned char key[TN_SCRAM_KEY], struct tn_str data, unsigned char out[TN_SCRAM_KEY]);
void tn_scram_hash(const void *data, size_t len, unsigned char out[TN_SCRAM_KEY]);

#endif

/* native_proof.h - mysql_native_password: what is kept is SHA1(SHA1(password)), as in MySQL's own tables ("*" and 40 hexadecimal
 * digits). It has no salt and two rounds of SHA-1: whoever reads it finds weak passwords quickly, and one log-in that was listened
 * to gives what is enough to log in together with it. Hence only by frontends.mysqlWire.nativePassword. Pure.
 * Source: MySQL Internals Manual, "Native Authentication". */
#ifndef TN_AUTH_NATIVE_PROOF_H
#define TN_AUTH_NATIVE_PROOF_H

#include "base/str.h"

enum { TN_NATIVE_HASH = 20, TN_NATIVE_TEXT = 1 + 2 * TN_NATIVE_HASH + 1 };

bool tn_native_parse(struct tn_str text, unsigned char out[TN_NATIVE_HASH]);
void tn_native_format(const unsigned char hash[TN_NATIVE_HASH], char out[TN_NATIVE_TEXT]);
void tn_native_make(struct tn_str password, unsigned char out[TN_NATIVE_HASH]);

/* RESPONSE answers NONCE: SHA1(password) xor SHA1(NONCE HASH). In the same time whatever it is. */
bool tn_native_matches(const unsigned char hash[TN_NATIVE_HASH], const unsigned char *nonce, size_t nonce_len, struct tn_str response);

#endif

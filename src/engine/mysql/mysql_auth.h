/* mysql_auth.h - what proves a password to a MySQL server: mysql_native_password, caching_sha2_password (MySQL source
 * documentation, "Authentication Methods"). Pure functions; results that held a password are the caller's to wipe. */
#ifndef TN_ENGINE_MYSQL_AUTH_H
#define TN_ENGINE_MYSQL_AUTH_H

#include "base/buf.h"

enum { TN_MYSQL_NONCE = 20, TN_MYSQL_PROOF_MAX = 32 };

enum tn_mysql_plugin { TN_MYSQL_NATIVE, TN_MYSQL_CACHING_SHA2, TN_MYSQL_CLEAR, TN_MYSQL_OTHER };

enum tn_mysql_plugin tn_mysql_plugin(struct tn_str name);
const char          *tn_mysql_plugin_name(enum tn_mysql_plugin plugin);

/* The proof that goes with the first answer: its length, 0 for an empty password. CLEAR and OTHER have none. */
size_t tn_mysql_proof(enum tn_mysql_plugin plugin, struct tn_str password, const unsigned char nonce[TN_MYSQL_NONCE],
                      unsigned char out[TN_MYSQL_PROOF_MAX]);

bool tn_mysql_is_public_key(struct tn_str pem);
/* The password for the server's public key PEM (RSA, OAEP). False: no such key. */
bool tn_mysql_encrypt(struct tn_str password, const unsigned char nonce[TN_MYSQL_NONCE], struct tn_str pem, struct tn_buf *out);

#endif

/* saslprep.h - a password in the one form in which it is hashed (RFC 4013), as PostgreSQL and its clients do it: ASCII stays
 * as it is, and so does a text that is not UTF-8 or holds what the profile forbids. */
#ifndef TN_AUTH_SASLPREP_H
#define TN_AUTH_SASLPREP_H

#include "base/str.h"

enum { TN_PASSWORD_MAX = 1024 /* bytes */ };

/* The prepared PASSWORD in OUT, *LEN bytes. False: longer than TN_PASSWORD_MAX, or a NUL in it. Wipe OUT after use. */
bool tn_saslprep(struct tn_str password, char out[4 * TN_PASSWORD_MAX], size_t *len);

#endif

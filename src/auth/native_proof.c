#include "auth/native_proof.h"

#include "base/rand.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum { NONCE_MAX = 64 };

static void sha1(const void *data, size_t len, unsigned char out[TN_NATIVE_HASH])
{
    if (EVP_Digest(data, len, out, NULL, EVP_sha1(), NULL) != 1)
        abort();
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = tn_ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool tn_native_parse(struct tn_str text, unsigned char out[TN_NATIVE_HASH])
{
    if (text.len != TN_NATIVE_TEXT - 1 || text.ptr[0] != '*')
        return false;
    for (size_t i = 0; i < TN_NATIVE_HASH; i++) {
        int high = hex(text.ptr[1 + 2 * i]), low = hex(text.ptr[2 + 2 * i]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

void tn_native_format(const unsigned char hash[TN_NATIVE_HASH], char out[TN_NATIVE_TEXT])
{
    out[0] = '*';
    for (size_t i = 0; i < TN_NATIVE_HASH; i++)
        snprintf(out + 1 + 2 * i, 3, "%02X", hash[i]);
}

void tn_native_make(struct tn_str password, unsigned char out[TN_NATIVE_HASH])
{
    sha1(password.ptr, password.len, out);
    sha1(out, TN_NATIVE_HASH, out);
}

bool tn_native_matches(const unsigned char hash[TN_NATIVE_HASH], const unsigned char *nonce, size_t nonce_len, struct tn_str response)
{
    unsigned char mixed[NONCE_MAX + TN_NATIVE_HASH], once[TN_NATIVE_HASH];
    bool          right;

    if (response.len != TN_NATIVE_HASH || nonce_len > NONCE_MAX)
        return false;
    memcpy(mixed, nonce, nonce_len);
    memcpy(mixed + nonce_len, hash, TN_NATIVE_HASH);
    sha1(mixed, nonce_len + TN_NATIVE_HASH, once);
    for (size_t i = 0; i < TN_NATIVE_HASH; i++)
        once[i] ^= (unsigned char)response.ptr[i];
    sha1(once, TN_NATIVE_HASH, once);
    right = tn_secret_eq(once, hash, TN_NATIVE_HASH);
    explicit_bzero(mixed, sizeof mixed);
    explicit_bzero(once, sizeof once);
    return right;
}

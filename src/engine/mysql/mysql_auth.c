#include "engine/mysql/mysql_auth.h"

#include "base/alloc.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

static const char *const names[] = {
    [TN_MYSQL_NATIVE] = "mysql_native_password",
    [TN_MYSQL_CACHING_SHA2] = "caching_sha2_password",
    [TN_MYSQL_CLEAR] = "mysql_clear_password",
};

enum tn_mysql_plugin tn_mysql_plugin(struct tn_str name)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (tn_str_eq_c(name, names[i]))
            return (enum tn_mysql_plugin)i;
    return TN_MYSQL_OTHER;
}

const char *tn_mysql_plugin_name(enum tn_mysql_plugin plugin)
{
    return plugin < TN_ARRAY_LEN(names) ? names[plugin] : "unknown";
}

/* The digest of A and B, one behind the other. */
static size_t digest(const EVP_MD *kind, const void *a, size_t a_len, const void *b, size_t b_len, unsigned char *out)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned    len = 0;

    if (ctx == NULL || EVP_DigestInit_ex(ctx, kind, NULL) != 1 || EVP_DigestUpdate(ctx, a, a_len) != 1 ||
        EVP_DigestUpdate(ctx, b, b_len) != 1 || EVP_DigestFinal_ex(ctx, out, &len) != 1)
        len = 0;
    EVP_MD_CTX_free(ctx);
    return len;
}

size_t tn_mysql_proof(enum tn_mysql_plugin plugin, struct tn_str password, const unsigned char nonce[TN_MYSQL_NONCE],
                      unsigned char out[TN_MYSQL_PROOF_MAX])
{
    const EVP_MD *kind = plugin == TN_MYSQL_NATIVE ? EVP_sha1() : EVP_sha256();
    unsigned char once[EVP_MAX_MD_SIZE], twice[EVP_MAX_MD_SIZE], mixed[EVP_MAX_MD_SIZE];
    size_t        len;

    if (password.len == 0 || (plugin != TN_MYSQL_NATIVE && plugin != TN_MYSQL_CACHING_SHA2))
        return 0;
    len = digest(kind, password.ptr, password.len, "", 0, once);
    digest(kind, once, len, "", 0, twice);
    if (plugin == TN_MYSQL_NATIVE)
        digest(kind, nonce, TN_MYSQL_NONCE, twice, len, mixed);
    else
        digest(kind, twice, len, nonce, TN_MYSQL_NONCE, mixed);
    for (size_t i = 0; i < len && i < TN_MYSQL_PROOF_MAX; i++)
        out[i] = once[i] ^ mixed[i];
    explicit_bzero(once, sizeof once);
    explicit_bzero(twice, sizeof twice);
    return len;
}

static bool encrypt(EVP_PKEY *key, const unsigned char *plain, size_t len, struct tn_buf *out)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    size_t        size = 0;
    bool          good = ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
                EVP_PKEY_encrypt(ctx, NULL, &size, plain, len) == 1 && tn_buf_reserve(out, size) &&
                EVP_PKEY_encrypt(ctx, (unsigned char *)out->data + out->len, &size, plain, len) == 1;

    if (good)
        out->len += size;
    EVP_PKEY_CTX_free(ctx);
    return good;
}

/* A key that is said to be encrypted has no password here, and nobody is asked for one: OpenSSL itself would, at the terminal. */
static int no_password(char *out, int size, int writes, void *owner)
{
    (void)out;
    (void)size;
    (void)writes;
    (void)owner;
    return -1;
}

static EVP_PKEY *read_key(struct tn_str pem)
{
    BIO      *bio = pem.len > 65536 ? NULL : BIO_new_mem_buf(pem.ptr, (int)pem.len);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL);

    BIO_free(bio);
    if (key == NULL || EVP_PKEY_base_id(key) == EVP_PKEY_RSA)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

bool tn_mysql_is_public_key(struct tn_str pem)
{
    EVP_PKEY *key = read_key(pem);
    bool      is = key != NULL;

    EVP_PKEY_free(key);
    return is;
}

bool tn_mysql_encrypt(struct tn_str password, const unsigned char nonce[TN_MYSQL_NONCE], struct tn_str pem, struct tn_buf *out)
{
    EVP_PKEY      *key = read_key(pem);
    unsigned char *plain = tn_malloc(password.len + 1);
    bool           good = key != NULL && plain != NULL;

    if (good) {
        for (size_t i = 0; i <= password.len; i++)
            plain[i] = (unsigned char)((i < password.len ? (unsigned char)password.ptr[i] : 0) ^ nonce[i % TN_MYSQL_NONCE]);
        good = encrypt(key, plain, password.len + 1, out);
        explicit_bzero(plain, password.len + 1);
    }
    tn_free(plain);
    EVP_PKEY_free(key);
    return good;
}

#include "auth/verifier.h"

#include "base/base64.h"
#include "auth/saslprep.h"
#include "base/rand.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

void tn_scram_hmac(const unsigned char key[TN_SCRAM_KEY], struct tn_str data, unsigned char out[TN_SCRAM_KEY])
{
    if (HMAC(EVP_sha256(), key, TN_SCRAM_KEY, (const unsigned char *)data.ptr, data.len, out, NULL) == NULL)
        abort();
}

void tn_scram_hash(const void *data, size_t len, unsigned char out[TN_SCRAM_KEY])
{
    if (EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) != 1)
        abort();
}

static bool digits(struct tn_str text, uint32_t *out)
{
    uint64_t value;

    if (!tn_str_to_u64(text, TN_SCRAM_ITERATIONS_MAX, &value) || value == 0)
        return false;
    *out = (uint32_t)value;
    return true;
}

/* The part of *TEXT before STOP; *TEXT moves behind it. */
static bool cut(struct tn_str *text, char stop, struct tn_str *part)
{
    const char *at = text->len == 0 ? NULL : memchr(text->ptr, stop, text->len);

    if (at == NULL)
        return false;
    *part = tn_str_n(text->ptr, (size_t)(at - text->ptr));
    *text = tn_str_n(at + 1, text->len - part->len - 1);
    return true;
}

bool tn_verifier_parse(struct tn_str text, struct tn_verifier *out)
{
    struct tn_str iterations, salt, stored;
    size_t        stored_len, server_len;

    if (!tn_str_starts(text, TN_STR(TN_VERIFIER_PREFIX)))
        return false;
    text = tn_str_n(text.ptr + strlen(TN_VERIFIER_PREFIX), text.len - strlen(TN_VERIFIER_PREFIX));
    return cut(&text, ':', &iterations) && cut(&text, '$', &salt) && cut(&text, ':', &stored) &&
           digits(iterations, &out->iterations) &&
           tn_base64_decode(salt, out->salt, sizeof out->salt, &out->salt_len) && out->salt_len > 0 &&
           tn_base64_decode(stored, out->stored_key, sizeof out->stored_key, &stored_len) && stored_len == TN_SCRAM_KEY &&
           tn_base64_decode(text, out->server_key, sizeof out->server_key, &server_len) && server_len == TN_SCRAM_KEY;
}

void tn_verifier_format(const struct tn_verifier *verifier, char out[TN_VERIFIER_TEXT])
{
    char salt[TN_BASE64_TEXT(TN_SCRAM_SALT_MAX) + 1], stored[TN_BASE64_TEXT(TN_SCRAM_KEY) + 1],
        server[TN_BASE64_TEXT(TN_SCRAM_KEY) + 1];

    tn_base64_encode(verifier->salt, verifier->salt_len, salt);
    tn_base64_encode(verifier->stored_key, TN_SCRAM_KEY, stored);
    tn_base64_encode(verifier->server_key, TN_SCRAM_KEY, server);
    snprintf(out, TN_VERIFIER_TEXT, TN_VERIFIER_PREFIX "%u:%s$%s:%s", verifier->iterations, salt, stored, server);
}

bool tn_verifier_make(struct tn_verifier *out, struct tn_str password, uint32_t iterations, const void *salt, size_t salt_len)
{
    char          prepared[4 * TN_PASSWORD_MAX];
    unsigned char salted[TN_SCRAM_KEY], client_key[TN_SCRAM_KEY];
    size_t        len;
    bool          fine = tn_saslprep(password, prepared, &len);

    out->iterations = iterations;
    out->salt_len = TN_MIN(salt_len, (size_t)TN_SCRAM_SALT_MAX);
    memcpy(out->salt, salt, out->salt_len);
    if (PKCS5_PBKDF2_HMAC(prepared, (int)len, out->salt, (int)out->salt_len, (int)iterations, EVP_sha256(), TN_SCRAM_KEY,
                          salted) != 1)
        abort();
    tn_scram_hmac(salted, TN_STR("Client Key"), client_key);
    tn_scram_hash(client_key, sizeof client_key, out->stored_key);
    tn_scram_hmac(salted, TN_STR("Server Key"), out->server_key);
    explicit_bzero(prepared, sizeof prepared);
    explicit_bzero(salted, sizeof salted);
    explicit_bzero(client_key, sizeof client_key);
    return fine;
}

bool tn_verifier_make_random(struct tn_verifier *out, struct tn_str password, uint32_t iterations)
{
    unsigned char salt[TN_SCRAM_SALT];

    tn_rand_secret(salt, sizeof salt);
    return tn_verifier_make(out, password, iterations, salt, sizeof salt);
}

bool tn_verifier_matches(const struct tn_verifier *verifier, struct tn_str password)
{
    struct tn_verifier given;
    unsigned           fine = tn_verifier_make(&given, password, verifier->iterations, verifier->salt, verifier->salt_len);

    fine &= (unsigned)tn_secret_eq(given.stored_key, verifier->stored_key, TN_SCRAM_KEY);
    explicit_bzero(&given, sizeof given);
    return fine != 0;
}

void tn_verifier_mock(struct tn_verifier *out, struct tn_str user, const unsigned char secret[TN_SCRAM_KEY])
{
    unsigned char salt[TN_SCRAM_KEY];

    tn_scram_hmac(secret, user, salt);
    *out = (struct tn_verifier){.iterations = TN_SCRAM_ITERATIONS, .salt_len = TN_SCRAM_SALT};
    memcpy(out->salt, salt, TN_SCRAM_SALT);
    tn_rand_secret(out->stored_key, sizeof out->stored_key); /* the hash of nothing that anybody knows */
    tn_rand_secret(out->server_key, sizeof out->server_key);
}

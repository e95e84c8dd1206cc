/* Ids of queries: UUIDs (RFC 9562, version 4 in form) whose third group holds the worker. */
#include "rest/private.h"

#include "base/hash.h"
#include "base/rand.h"

static void put_id(char out[TN_REST_ID], unsigned char bytes[16], unsigned worker)
{
    bytes[6] = (unsigned char)(0x40 | (worker >> 8 & 0x0F));
    bytes[7] = (unsigned char)worker;
    bytes[8] = (unsigned char)(0x80 | (bytes[8] & 0x3F));
    snprintf(out, TN_REST_ID, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2], bytes[3],
             bytes[4], bytes[5], bytes[6], bytes[7], bytes[8], bytes[9], bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]);
}

void tn_rest_id_make(char out[TN_REST_ID], unsigned worker)
{
    unsigned char bytes[16];

    tn_rand_secret(bytes, sizeof bytes);
    put_id(out, bytes, worker);
}

/* Not a secret: whoever has the key may have the query, if he is its user. */
void tn_rest_id_of_key(char out[TN_REST_ID], unsigned workers, struct tn_str user, struct tn_str key)
{
    uint64_t      seed[2], hash[2];
    unsigned char bytes[16];

    tn_hash_128(user.ptr, user.len, 1, seed);
    tn_hash_128(key.ptr, key.len, seed[0] ^ seed[1], hash);
    memcpy(bytes, hash, sizeof bytes);
    put_id(out, bytes, (unsigned)(hash[0] % workers));
}

bool tn_rest_id_read(struct tn_str text, char out[TN_REST_ID])
{
    if (text.len != TN_REST_ID - 1)
        return false;
    for (size_t i = 0; i < text.len; i++)
        out[i] = tn_ascii_lower(text.ptr[i]);
    out[text.len] = '\0';
    return tn_rest_id_valid(tn_str(out));
}

bool tn_rest_id_valid(struct tn_str id)
{
    if (id.len != TN_REST_ID - 1)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23, hex = (id.ptr[i] >= '0' && id.ptr[i] <= '9') || (id.ptr[i] >= 'a' && id.ptr[i] <= 'f');

        if (dash ? id.ptr[i] != '-' : !hex)
            return false;
    }
    return true;
}

unsigned tn_rest_id_worker(const char *id, unsigned workers)
{
    unsigned worker = 0;

    for (size_t i = 15; i < 18; i++)
        worker = worker * 16 + (unsigned)(id[i] <= '9' ? id[i] - '0' : id[i] - 'a' + 10);
    return worker % workers; /* there may have been more of them once */
}

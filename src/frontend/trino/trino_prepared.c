#include "frontend/trino/trino_prepared.h"

#include "base/base64.h"

#include <zstd.h>

/* Trino's: query.prepared-statement... compression threshold and least gain. */
enum { COMPRESSED_FROM = 2 * 1024, GAIN_LEAST = 512, LEVEL = 3 };

static const struct tn_str prefix = {"$zstd:", 6};

bool tn_trino_prepared_put(struct tn_arena *arena, struct tn_str text, struct tn_str *out)
{
    size_t room = ZSTD_compressBound(text.len), len;
    char  *packed, *coded;

    *out = text;
    if (text.len < COMPRESSED_FROM)
        return true;
    packed = tn_arena_alloc(arena, room);
    coded = tn_arena_alloc(arena, prefix.len + room / 3 * 4 + 8);
    if (packed == NULL || coded == NULL)
        return false;
    len = ZSTD_compress(packed, room, text.ptr, text.len, LEVEL);
    if (ZSTD_isError(len) || text.len - GAIN_LEAST < len)
        return true;
    memcpy(coded, prefix.ptr, prefix.len);
    len = tn_base64_encode(packed, len, coded + prefix.len);
    for (char *c = coded + prefix.len; c < coded + prefix.len + len; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    *out = tn_str_n(coded, prefix.len + len);
    return true;
}

static enum tn_status unreadable(struct tn_error *err)
{
    return tn_fail(err, TN_E_INVALID, "22023", "a prepared statement's compressed text cannot be read");
}

static enum tn_status unpack(struct tn_arena *arena, const char *packed, size_t len, struct tn_str *out, struct tn_error *err)
{
    unsigned long long size = ZSTD_getFrameContentSize(packed, len);
    char              *text;

    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN)
        return unreadable(err);
    if (size > TN_TRINO_PREPARED_MAX)
        return tn_fail(err, TN_E_LIMIT, "54000", "a prepared statement of more than %d MiB", TN_TRINO_PREPARED_MAX / 1024 / 1024);
    text = tn_arena_alloc(arena, (size_t)size + 1);
    if (text == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a statement");
    if (ZSTD_decompress(text, (size_t)size, packed, len) != size)
        return unreadable(err);
    text[size] = '\0';
    *out = tn_str_n(text, (size_t)size);
    return TN_OK;
}

enum tn_status tn_trino_prepared_read(struct tn_arena *arena, struct tn_str value, struct tn_str *out, struct tn_error *err)
{
    char  *coded, *packed;
    size_t len;

    *out = value;
    if (!tn_str_starts(value, prefix))
        return TN_OK;
    value = tn_str_n(value.ptr + prefix.len, value.len - prefix.len);
    coded = tn_arena_alloc(arena, value.len + 4);
    packed = tn_arena_alloc(arena, value.len + 4);
    if (coded == NULL || packed == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a statement");
    for (size_t i = 0; i < value.len; i++)
        coded[i] = value.ptr[i] == '-' ? '+' : value.ptr[i] == '_' ? '/' : value.ptr[i];
    for (len = value.len; len % 4 != 0; len++)
        coded[len] = '=';
    if (!tn_base64_decode(tn_str_n(coded, len), packed, value.len + 4, &len))
        return unreadable(err);
    return unpack(arena, packed, len, out, err);
}

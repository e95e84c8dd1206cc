#include "frontend/trino/trino_segment.h"

#include "base/base64.h"
#include "frontend/trino/trino_request.h"

#include <lz4.h>
#include <zstd.h>

enum { SMALL = 8 * 1024 /* as Trino's */, SEGMENT_MAX = 1536 * 1024 * 1024, ZSTD_LEVEL = 1 };

static const char *const names[] = {
    "",
#define ENCODING(name, text) text,
#include "frontend/trino/trino_encoding.def"
#undef ENCODING
};

enum tn_trino_encoding tn_trino_encoding_choose(struct tn_str wishes)
{
    struct tn_str wish;
    size_t        at = 0;

    while (tn_trino_list_next(wishes, &at, &wish))
        for (size_t i = 1; i < TN_ARRAY_LEN(names); i++)
            if (tn_str_eq_c(wish, names[i]))
                return (enum tn_trino_encoding)i;
    return TN_TRINO_ENCODING_NONE;
}

const char *tn_trino_encoding_name(enum tn_trino_encoding encoding)
{
    return names[encoding];
}

/* `[[..],[..]]`; the number of rows. */
static uint64_t put_rows(struct tn_buf *out, const struct tn_chunk *chunk)
{
    uint64_t rows = 0;

    tn_buf_put_u8(out, '[');
    for (; chunk != NULL; chunk = chunk->next) {
        if (chunk->bytes.len == 0)
            continue;
        if (out->len > 1)
            tn_buf_put_u8(out, ',');
        tn_buf_append(out, chunk->bytes.data, chunk->bytes.len);
        rows += chunk->rows;
    }
    tn_buf_put_u8(out, ']');
    return rows;
}

/* PLAIN compressed into OUT; false: it stays as it is. */
static bool compress(enum tn_trino_encoding encoding, struct tn_str plain, struct tn_buf *out)
{
    size_t bound = encoding == TN_TRINO_ENCODING_JSON_ZSTD ? ZSTD_compressBound(plain.len) : (size_t)LZ4_compressBound((int)TN_MIN(plain.len, (size_t)LZ4_MAX_INPUT_SIZE));
    size_t len;

    if (encoding == TN_TRINO_ENCODING_JSON || plain.len < SMALL || plain.len > LZ4_MAX_INPUT_SIZE || !tn_buf_reserve(out, bound))
        return false;
    if (encoding == TN_TRINO_ENCODING_JSON_ZSTD) {
        len = ZSTD_compress(out->data, bound, plain.ptr, plain.len, ZSTD_LEVEL);
        len = ZSTD_isError(len) ? 0 : len;
    } else {
        len = (size_t)LZ4_compress_default(plain.ptr, out->data, (int)plain.len, (int)bound);
    }
    out->len = len;
    return len > 0 && len < plain.len;
}

void tn_trino_segment_make(struct tn_buf *out, const struct tn_chunk *rows, enum tn_trino_encoding encoding, struct tn_trino_segment *segment)
{
    struct tn_buf plain;

    tn_buf_init(&plain, SEGMENT_MAX);
    segment->rows = put_rows(&plain, rows);
    segment->plain_bytes = plain.len;
    if (!compress(encoding, tn_buf_str(&plain), out)) {
        tn_buf_reset(out);
        *out = plain;
        tn_buf_init(&plain, SEGMENT_MAX);
        segment->plain_bytes = 0;
    }
    out->failed = out->failed || plain.failed;
    segment->bytes = out->len;
    tn_buf_reset(&plain);
}

static void put_metadata(struct tn_json *json, const struct tn_trino_segment *segment)
{
    tn_json_open(json, "metadata", '{');
    tn_json_u64(json, "rowOffset", segment->row_offset);
    tn_json_u64(json, "rowsCount", segment->rows);
    tn_json_u64(json, "segmentSize", segment->bytes);
    if (segment->plain_bytes > 0)
        tn_json_u64(json, "uncompressedSize", segment->plain_bytes);
    if (segment->expires_us > 0)
        tn_json_time(json, "expiresAt", segment->expires_us);
    tn_json_close(json, '}');
}

static void put_spooled(struct tn_json *json, const struct tn_trino_segment *segment)
{
    tn_json_open(json, NULL, '{');
    tn_json_text(json, "type", "spooled");
    tn_json_str(json, "uri", segment->uri);
    tn_json_str(json, "ackUri", segment->ack_uri);
    tn_json_open(json, "headers", '{');
    tn_json_close(json, '}');
    put_metadata(json, segment);
    tn_json_close(json, '}');
}

static void put_inline(struct tn_json *json, enum tn_trino_encoding encoding, const struct tn_chunk *rows, uint64_t row_offset)
{
    struct tn_trino_segment segment = {.row_offset = row_offset};
    struct tn_buf           bytes;

    tn_buf_init(&bytes, SEGMENT_MAX);
    tn_trino_segment_make(&bytes, rows, encoding, &segment);
    json->buf->failed = json->buf->failed || bytes.failed;
    tn_json_open(json, NULL, '{');
    tn_json_text(json, "type", "inline");
    tn_buf_puts(json->buf, ",\"data\":");
    tn_base64_put_json(json->buf, tn_buf_str(&bytes));
    put_metadata(json, &segment);
    tn_json_close(json, '}');
    tn_buf_reset(&bytes);
}

void tn_trino_put_segments(struct tn_json *json, enum tn_trino_encoding encoding, const struct tn_trino_segment *spooled, size_t count,
                           const struct tn_chunk *rows, uint64_t row_offset)
{
    tn_json_open(json, "data", '{');
    tn_json_text(json, "encoding", names[encoding]);
    tn_json_open(json, "segments", '[');
    for (size_t i = 0; i < count; i++)
        put_spooled(json, &spooled[i]);
    if (rows != NULL)
        put_inline(json, encoding, rows, row_offset);
    tn_json_close(json, ']');
    tn_json_close(json, '}');
}

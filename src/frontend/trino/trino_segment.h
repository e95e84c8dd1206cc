/* trino_segment.h - rows in segments, for clients that ask for them (X-Trino-Query-Data-Encoding): the JSON array of some rows,
 * compressed or not, in the page itself ("inline") or elsewhere ("spooled"). What is small, or does not become smaller, stays as it
 * is: its metadata then has no uncompressedSize. Encodings of Trino's spooling protocol: json, json+zstd (a frame that tells its
 * size), json+lz4 (one raw block). */
#ifndef TN_FRONTEND_TRINO_SEGMENT_H
#define TN_FRONTEND_TRINO_SEGMENT_H

#include "base/json.h"
#include "result/encoder.h"

enum tn_trino_encoding {
    TN_TRINO_ENCODING_NONE, /* rows stand in the page as they are */
#define ENCODING(name, text) TN_TRINO_ENCODING_##name,
#include "frontend/trino/trino_encoding.def"
#undef ENCODING
};

/* The first of the client's comma-separated WISHES that there is. */
enum tn_trino_encoding tn_trino_encoding_choose(struct tn_str wishes);
const char            *tn_trino_encoding_name(enum tn_trino_encoding encoding); /* "json+zstd" */

struct tn_trino_segment {
    uint64_t row_offset; /* rows of the whole result before it */
    uint64_t rows;
    uint64_t bytes, plain_bytes; /* plain_bytes: before they were compressed; 0 = they are not */
    uint64_t expires_us;         /* spooled: wall clock */
    struct tn_str uri, ack_uri;  /* spooled: whole */
};

/* The rows of the list ROWS into OUT, which is empty, and what is known of it then into SEGMENT. ENCODING is not NONE. */
void tn_trino_segment_make(struct tn_buf *out, const struct tn_chunk *rows, enum tn_trino_encoding encoding, struct tn_trino_segment *segment);

/* `"data":{..}`: COUNT spooled segments, and behind them the rows of the list ROWS (NULL: none) inline, ROW_OFFSET rows of the
 * whole result before these. ENCODING is not NONE. */
void tn_trino_put_segments(struct tn_json *json, enum tn_trino_encoding encoding, const struct tn_trino_segment *spooled, size_t count,
                           const struct tn_chunk *rows, uint64_t row_offset);

#endif

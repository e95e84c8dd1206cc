/* trino_segment.h - rows in segments, for clients that ask for them (X-Trino-Query-Data-Encoding): the JSON array of a page's rows,
 * compressed or not, in the page itself ("inline"). What is small, or does not become smaller, stays as it is: its metadata then has
 * no uncompressedSize. Encodings of Trino's spooling protocol: json, json+zstd (a frame that tells its size), json+lz4 (one raw block). */
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

/* `"data":{..}` of the rows in the list ROWS, OFFSET of the whole result standing before them. ENCODING is not NONE. */
void tn_trino_put_segments(struct tn_json *json, const struct tn_chunk *rows, enum tn_trino_encoding encoding, uint64_t offset);

#endif

#include "result/encoder.h"

#include "base/alloc.h"

enum { RELAY_PARTS = 100000, RELAY_HEADERS = 1024 * 1024 };

struct tn_chunk *tn_chunk_new(size_t max_bytes)
{
    struct tn_chunk *chunk = tn_calloc(1, sizeof *chunk);

    if (chunk != NULL)
        tn_buf_init(&chunk->bytes, max_bytes);
    return chunk;
}

void tn_chunk_free(struct tn_chunk *chunk)
{
    if (chunk == NULL)
        return;
    if (chunk->relay != NULL) {
        tn_buf_reset(&chunk->relay->parts);
        tn_buf_reset(&chunk->relay->headers);
        tn_free(chunk->relay);
    }
    tn_buf_reset(&chunk->bytes);
    tn_free(chunk);
}

bool tn_chunk_relay(struct tn_chunk *chunk)
{
    chunk->relay = tn_calloc(1, sizeof *chunk->relay);
    if (chunk->relay == NULL)
        return false;
    tn_buf_init(&chunk->relay->parts, RELAY_PARTS * sizeof(struct tn_relay_part));
    tn_buf_init(&chunk->relay->headers, RELAY_HEADERS);
    return true;
}

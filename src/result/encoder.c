#include "result/encoder.h"

#include "base/alloc.h"

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
    tn_buf_reset(&chunk->bytes);
    tn_free(chunk);
}

#include "base/bytes.h"

#include "base/alloc.h"

struct tn_bytes *tn_bytes_new(struct tn_buf *buf)
{
    struct tn_bytes *bytes = tn_malloc(sizeof *bytes);

    if (bytes == NULL)
        return NULL;
    atomic_init(&bytes->refs, 1);
    bytes->buf = *buf;
    tn_buf_init(buf, bytes->buf.max);
    return bytes;
}

struct tn_bytes *tn_bytes_ref(struct tn_bytes *bytes)
{
    if (bytes != NULL)
        atomic_fetch_add_explicit(&bytes->refs, 1, memory_order_relaxed);
    return bytes;
}

void tn_bytes_unref(struct tn_bytes *bytes)
{
    if (bytes == NULL || atomic_fetch_sub_explicit(&bytes->refs, 1, memory_order_acq_rel) > 1)
        return;
    tn_buf_reset(&bytes->buf);
    tn_free(bytes);
}

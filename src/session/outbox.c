#include "session/outbox.h"

enum { GATHER_BYTES = 32 * 1024, SPARE_BYTES = 1024, PARTS = 32 };

void tn_outbox_init(struct tn_outbox *outbox, size_t chunk_max)
{
    *outbox = (struct tn_outbox){.chunk_max = chunk_max};
}

void tn_outbox_reset(struct tn_outbox *outbox)
{
    while (outbox->first != NULL) {
        struct tn_chunk *next = outbox->first->next;

        tn_chunk_free(outbox->first);
        outbox->first = next;
    }
    tn_chunk_free(outbox->spare);
    outbox->last = outbox->spare = NULL;
}

void tn_outbox_put(struct tn_outbox *outbox, struct tn_chunk *chunk)
{
    chunk->next = NULL;
    if (outbox->last != NULL)
        outbox->last->next = chunk;
    else
        outbox->first = chunk;
    outbox->last = chunk;
}

struct tn_buf *tn_outbox_buffer(struct tn_outbox *outbox)
{
    static _Thread_local struct tn_buf nowhere; /* max 0: takes nothing, stays failed */
    struct tn_chunk                   *last = outbox->last;

    if (last != NULL && last->bytes.len < GATHER_BYTES && !last->bytes.failed)
        return &last->bytes;
    last = outbox->spare != NULL ? outbox->spare : tn_chunk_new(outbox->chunk_max);
    outbox->spare = NULL;
    if (last == NULL) {
        outbox->failed = true;
        return &nowhere;
    }
    tn_outbox_put(outbox, last);
    return &last->bytes;
}

void tn_outbox_forget_run(struct tn_outbox *outbox, const struct tn_run *run)
{
    for (struct tn_chunk *chunk = outbox->first; chunk != NULL; chunk = chunk->next)
        if (chunk->run == run)
            chunk->run = NULL;
}

size_t tn_outbox_bytes(const struct tn_outbox *outbox)
{
    size_t bytes = 0;

    for (const struct tn_chunk *chunk = outbox->first; chunk != NULL; chunk = chunk->next)
        bytes += chunk->bytes.len - chunk->sent;
    return bytes;
}

static void release(struct tn_outbox *outbox, struct tn_chunk *chunk)
{
    struct tn_run *run = chunk->run;

    if (run == NULL && outbox->spare == NULL && chunk->bytes.capacity <= SPARE_BYTES) {
        tn_buf_clear(&chunk->bytes);
        chunk->sent = 0;
        chunk->rows = 0;
        chunk->bytes.max = outbox->chunk_max;
        outbox->spare = chunk;
        return;
    }
    tn_chunk_free(chunk);
    if (run != NULL)
        tn_run_credit(run);
}

/* Takes what is written off the list before anything is credited: a credit may bring the next chunk at once. */
static void take_off(struct tn_outbox *outbox, size_t n)
{
    struct tn_chunk *done = NULL, **tail = &done;

    outbox->written += n;
    while (outbox->first != NULL) {
        struct tn_chunk *chunk = outbox->first;
        size_t           rest = chunk->bytes.len - chunk->sent;

        if (n < rest) {
            chunk->sent += n;
            break;
        }
        n -= rest;
        outbox->first = chunk->next;
        chunk->next = NULL;
        *tail = chunk;
        tail = &chunk->next;
    }
    if (outbox->first == NULL)
        outbox->last = NULL;
    while (done != NULL) {
        struct tn_chunk *next = done->next;

        release(outbox, done);
        done = next;
    }
}

static int gather(struct tn_outbox *outbox, struct iovec parts[PARTS])
{
    int count = 0;

    for (struct tn_chunk *chunk = outbox->first; chunk != NULL && count < PARTS; chunk = chunk->next) {
        outbox->failed = outbox->failed || chunk->bytes.failed;
        if (chunk->bytes.len > chunk->sent)
            parts[count++] = (struct iovec){chunk->bytes.data + chunk->sent, chunk->bytes.len - chunk->sent};
    }
    return count;
}

enum tn_io tn_outbox_write(struct tn_outbox *outbox, struct tn_transport *transport)
{
    struct iovec parts[PARTS];
    int          count = gather(outbox, parts);
    size_t       n = 0;
    enum tn_io   result;

    if (outbox->failed)
        return TN_IO_ERROR;
    result = count > 0 ? tn_transport_writev(transport, parts, count, &n) : TN_IO_OK;
    if (result == TN_IO_OK)
        take_off(outbox, n);
    return result;
}

/* outbox.h - what waits to be written to a client: chunks in order, ours (small messages gathered) and an engine's (rows), whose
 * run is credited when the client has taken them. Own thread only. */
#ifndef TN_SESSION_OUTBOX_H
#define TN_SESSION_OUTBOX_H

#include "engine/engine.h"
#include "net/transport.h"

struct tn_outbox {
    struct tn_chunk *first, *last, *spare;
    size_t           chunk_max; /* bytes of one of ours at most */
    uint64_t         written;   /* bytes, so far */
    bool             held;      /* it waits for more that will go with it */
    bool             failed;    /* no memory, or a message beyond chunk_max: something is missing */
};

void tn_outbox_init(struct tn_outbox *outbox, size_t chunk_max); /* allocates nothing */
void tn_outbox_reset(struct tn_outbox *outbox); /* frees; nobody is credited */

/* Where small messages go: the last chunk, be it the engine's, as long as it is not too long: one write for rows, completion and
 * what follows. Until the next call; never NULL. */
struct tn_buf *tn_outbox_buffer(struct tn_outbox *outbox);
void           tn_outbox_put(struct tn_outbox *outbox, struct tn_chunk *chunk);
void           tn_outbox_forget_run(struct tn_outbox *outbox, const struct tn_run *run); /* its chunks are not credited any more */
size_t         tn_outbox_bytes(const struct tn_outbox *outbox);

/* Writes what goes now. A credit may bring the next chunk before this returns, or end the session. TN_IO_ERROR with `failed`: what
 * is missing cannot be told. */
enum tn_io tn_outbox_write(struct tn_outbox *outbox, struct tn_transport *transport);

#endif

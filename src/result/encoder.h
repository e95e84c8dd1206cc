/* encoder.h - batches to a client protocol's bytes. An encoder is a pure function of (batch, rows, options); it is called
 * on the thread that made the batch and keeps no state. */
#ifndef TN_RESULT_ENCODER_H
#define TN_RESULT_ENCODER_H

#include "base/buf.h"
#include "result/batch.h"

struct tn_encoder;

struct tn_encoder_ops {
    const char *name;
    /* Appends rows of BATCH to OUT, from *ROW (below batch->rows) on, until its last one or until OUT holds TARGET bytes
     * or more; at least one row in any case. Moves *ROW behind them. An error (a value that the protocol cannot carry)
     * ends the query. */
    enum tn_status (*batch)(const struct tn_encoder *encoder, const struct tn_batch *batch, int64_t *row, size_t target,
                            struct tn_buf *out, struct tn_error *err);
};

/* Embedded at the start of a protocol's own options struct; immutable while a query runs. */
struct tn_encoder {
    const struct tn_encoder_ops *ops;
    /* The client speaks the PostgreSQL protocol: an engine that does so too may append DataRow messages itself, in
     * these formats (0 text, 1 binary): none = all text, one = for all columns, else one per column. */
    bool           pg_rows;
    size_t         pg_format_count;
    const int16_t *pg_formats;
    /* The client speaks Trino's protocol (with PARAMETRIC_DATETIME): an engine that does so too may tell its columns in
     * run->trino_columns and append rows, `[..],[..]`, to chunks as they came, an empty chunk's first one without a comma. */
    bool           trino_rows;
    /* The client speaks the MySQL protocol: an engine that does so too may append its server's row packets as they came (with
     * my_binary those of a prepared statement), whole frames only; whoever sends them numbers them. */
    bool           my_rows, my_binary;
};

/* Encoded rows on their way from engine to session. */
struct tn_run;
struct tn_chunk {
    struct tn_buf    bytes;
    uint64_t         rows;
    struct tn_chunk *next; /* the present owner's queue */
    size_t           sent; /* bytes that the present owner has passed on */
    struct tn_run   *run;  /* credited when the owner is through with it; NULL = nobody */
};

TN_MUST_USE struct tn_chunk *tn_chunk_new(size_t max_bytes); /* NULL: no memory */
void tn_chunk_free(struct tn_chunk *chunk);                  /* NULL is fine */

#endif

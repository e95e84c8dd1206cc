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
    /* The client speaks Trino's protocol: an engine that does so too may deliver its answers whole, as they came, one in a
     * chunk, each with a tn_relay; it then asks for the next one when that chunk is credited, and no sooner. A long one may come in several
     * (`open`, `joins`). */
    bool           trino_pages;
    /* The client speaks the MySQL protocol: an engine that does so too may append its server's row packets as they came (with
     * my_binary those of a prepared statement), whole frames only; whoever sends them numbers them. */
    bool           my_rows, my_binary;
};

/* An answer of Trino's protocol that is passed on as it came: where it names places that a client must be told differently.
 * Without the quotes; in the order in which they stand in the chunk's bytes. */
enum tn_relay_what { TN_RELAY_ID, TN_RELAY_INFO, TN_RELAY_PARTIAL, TN_RELAY_NEXT, TN_RELAY_SEGMENT };

struct tn_relay_part {
    enum tn_relay_what what;
    size_t             at, len;
};

struct tn_relay {
    struct tn_buf parts;   /* struct tn_relay_part */
    struct tn_buf headers; /* name NUL value NUL .., of the answer's session, names without X-Trino- */
    bool          tells;   /* columns or rows: nobody else may answer from here on */
    bool          more;    /* it has a nextUri; of a page in several chunks its last one tells */
    bool          failed;  /* it tells an error; so does this */
    bool          open;    /* its page goes on in the next chunk */
    bool          joins;   /* the page of the chunk before goes on in it */
};

/* Encoded rows on their way from engine to session. */
struct tn_run;
struct tn_chunk {
    struct tn_buf    bytes;
    uint64_t         rows;
    struct tn_chunk *next; /* the present owner's queue */
    size_t           sent; /* bytes that the present owner has passed on */
    struct tn_run   *run;  /* credited when the owner is through with it; NULL = nobody */
    struct tn_relay *relay; /* NULL = encoded rows */
};

TN_MUST_USE struct tn_chunk *tn_chunk_new(size_t max_bytes); /* NULL: no memory */
void tn_chunk_free(struct tn_chunk *chunk);                  /* NULL is fine */
TN_MUST_USE bool tn_chunk_relay(struct tn_chunk *chunk);     /* gives it an empty `relay`; false: no memory */

#endif

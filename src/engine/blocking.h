/* blocking.h - an engine behind a library whose calls block: DuckDB, SQLite, later ADBC.
 *
 * Such an engine fills in struct tn_blocking_ops with plain blocking functions, one connection used by one thread at a
 * time; blocking.c runs them in the offload pool, encodes each batch there, hands the chunks to the worker, keeps the
 * window, interrupts on cancel and frees in the right order. Its tn_engine_ops is made by TN_BLOCKING_ENGINE_OPS. */
#ifndef TN_ENGINE_BLOCKING_H
#define TN_ENGINE_BLOCKING_H

#include "engine/engine.h"
#include "loop/offload.h"

struct tn_blocking_result {
    const struct tn_schema *schema;   /* NULL or count 0: the statement returns no rows */
    size_t                  param_count;
    uint32_t               *param_oids; /* in the run's arena; 0 = any; NULL when param_count is 0 */
    uint64_t                affected;
    uint64_t                unchanged, replaced, insert_id; /* of struct tn_run */
    char                    tag[64];
    uint64_t                rows_read, bytes_read, cpu_us;
    bool                    dirty; /* the connection now holds state of its user (transaction, temporary table): at the
                                      end of the run the connection is marked dirty, so that the pool resets it */
    bool                    undone;   /* of struct tn_run */
    bool                    yields;   /* of struct tn_conn */
};

/* Faults: the ops set them (tn_error_blame). An error with status TN_E_CONNECTION makes the connection BROKEN: it is not
 * used again. When the run was cancelled, whatever error start or next ends with (but that one) is told as 57014.
 * CONN is what connect gave. */
struct tn_blocking_ops {
    enum tn_status (*connect)(struct tn_cluster *cluster, void **conn, struct tn_error *err);
    void (*disconnect)(void *conn);
    /* Cleans a dirty connection for its next user; runs in the offload pool and may block. False: blocking.c disconnects
     * and connects anew, unseen by the owner. */
    bool (*reset)(void *conn);
    /* Prepares, and for TN_RUN_EXECUTE binds and starts. ARENA lives as long as the run; schema points into it.
     * RUN's fields above "kept by the engine" may be read, also in later calls; nothing else of it. */
    enum tn_status (*start)(void *conn, const struct tn_run *run, struct tn_arena *arena,
                            struct tn_blocking_result *out, struct tn_error *err);
    /* The next rows, or batch->release == NULL at the end (then OUT's affected and statistics are final). Called until
     * the end after every good start of a TN_RUN_EXECUTE, also of a statement that returns no rows; not for
     * TN_RUN_DESCRIBE. BATCH is zeroed before. A batch without rows is allowed. */
    enum tn_status (*next)(void *conn, struct tn_batch *batch, struct tn_blocking_result *out, struct tn_error *err);
    void (*finish)(void *conn);    /* always after start, even a failed one; every batch is released before */
    void (*interrupt)(void *conn); /* any thread, any time between connect and disconnect, also when nothing runs */
};

/* Pool of all blocking engines; set once at start, before any cluster is opened. */
void tn_blocking_use(struct tn_offload *pool);
/* What was set, for an engine with a blocking call here and there (a name look-up); NULL = none. Any thread. */
struct tn_offload *tn_blocking_pool(void);

struct tn_conn *tn_blocking_connect(struct tn_cluster *cluster, struct tn_worker *worker, const struct tn_blocking_ops *ops,
                                    void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner);
void tn_blocking_disconnect(struct tn_conn *conn);
bool tn_blocking_reset(struct tn_conn *conn);
void tn_blocking_start(struct tn_run *run);
void tn_blocking_credit(struct tn_run *run);
void tn_blocking_cancel(struct tn_run *run);

/* All of a tn_engine_ops but name, dialect, default_max_running, open, close, connect (a line that calls
 * tn_blocking_connect with the engine's ops) and can_run. */
#define TN_BLOCKING_ENGINE_OPS                                                                                        \
    .disconnect = tn_blocking_disconnect, .reset = tn_blocking_reset, .start = tn_blocking_start,                     \
    .credit = tn_blocking_credit, .cancel = tn_blocking_cancel

#endif

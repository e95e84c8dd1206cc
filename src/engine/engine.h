/* engine.h - the table that every engine fills in, and the two things it works on: a connection and a run.
 *
 *   cluster (shared by all workers) --- conn (one worker's) --- run (one statement on one connection)
 *
 * Everything here is asynchronous: a call returns at once and the answer comes as an event on the worker that owns the
 * connection, never from inside the call that asked for it... with one exception: `start` and `credit` may deliver
 * events before they return. An owner must therefore be ready for events before it calls them.
 *
 * Order of a run's events:  [params] ([columns] chunk* next)* [columns] chunk* done   (notice may come anywhere before done)
 *   - `columns` comes once, before the first chunk, for a statement that returns rows (also for zero rows);
 *     for TN_RUN_DESCRIBE it is called with NULL when the statement returns none.
 *   - `next` ends one result of a statement that has several (a procedure's, from engines that know such); it comes only
 *     where run->several asks for it, with run->affected, insert_id and warnings of that result.
 *   - `done` comes exactly once, whatever happens: success, error, cancel, lost connection. After it the engine does not
 *     touch the run any more. run->error.status tells which.
 * Back-pressure: at most TN_RUN_WINDOW chunks and TN_RUN_WINDOW_BYTES (but one chunk in any case) are delivered and not
 * yet credited; then the engine stops reading or computing until tn_run_credit(). A chunk holds about TN_CHUNK_TARGET
 * bytes, more only by the length of its last row. Chunks are credited in the order in which they came.
 *
 * To add an engine: a folder, a table `const struct tn_engine_ops tn_engine_<name>`, a line in engines.def, a value in
 * config/enums.def (ENGINE), and a test file that the conformance suite (tests/e2e) runs on. An engine whose library
 * blocks fills in struct tn_blocking_ops (blocking.h) instead and gets all of this from there. */
#ifndef TN_ENGINE_ENGINE_H
#define TN_ENGINE_ENGINE_H

#include "base/arena.h"
#include "base/list.h"
#include "base/status.h"
#include "config/config.h"
#include "loop/worker.h"
#include "result/encoder.h"
#include "result/value.h"
#include "stats/features.h"

struct tn_cluster;
struct tn_conn;
struct tn_run;

enum {
    TN_RUN_WINDOW = 4,
    TN_RUN_WINDOW_BYTES = 2 * 1024 * 1024, /* matters when rows are longer than a chunk should be */
    TN_CHUNK_TARGET = 256 * 1024,
    TN_CHUNK_MAX = 1024 * 1024 * 1024, /* a single row may need this much; more is error 54000 */
};

/* A session's settings that an engine must have in force for a run (SET search_path, TimeZone, ...), in the order set.
 * Owned by the session, unchanged while a run that names it is going on. */
struct tn_session_setting {
    struct tn_str name;   /* lower case */
    struct tn_str value;  /* as given, unquoted; for TimeZone '...' the zone */
    enum tn_cfg_engine only; /* ENGINE_UNSET: every engine that knows the name; else: was set on this engine */
};

struct tn_session_settings {
    uint64_t                         hash; /* 0 = none set; equal hash = equal list */
    size_t                           count;
    const struct tn_session_setting *items;
};

enum tn_run_kind {
    TN_RUN_EXECUTE,
    TN_RUN_DESCRIBE, /* parameters and columns only; changes nothing, executes nothing that writes */
};

struct tn_run_events {
    void (*params)(struct tn_run *run, size_t count, const uint32_t *pg_oids); /* DESCRIBE only; 0 = any text */
    void (*columns)(struct tn_run *run, const struct tn_schema *schema); /* valid until next or done returns */
    void (*chunk)(struct tn_run *run, struct tn_chunk *chunk);          /* the owner frees it and credits the run */
    void (*notice)(struct tn_run *run, const char *fields, size_t len); /* PostgreSQL notice fields, as in tn_error */
    void (*done)(struct tn_run *run);
    void (*next)(struct tn_run *run); /* NULL: not wanted */
};

struct tn_run_header {
    const char   *name; /* "x-trino-role"; static */
    struct tn_str value;
};

struct tn_run {
    /* set by the owner before start; texts live until done */
    enum tn_run_kind                  kind;
    struct tn_str                     sql;        /* one statement, no trailing semicolon */
    const struct tn_features         *features;
    struct tn_params                  params;
    struct tn_str                     bulk;       /* of a MySQL client: types of all parameters and rows of them as COM_STMT_BULK_EXECUTE brought them, instead of
                                                     params; ptr NULL: none. An engine that cannot do it fails, before anything was done, with `no_bulk` */
    const uint32_t                   *param_oids; /* DESCRIBE, and Parse-time types; 0 = not given */
    size_t                            param_oid_count;
    bool                              prepare;    /* the client prepared it by name: worth keeping on the server */
    bool                              several;    /* all results of a procedure are wanted, not the first one alone */
    bool                              several_made; /* the text is a translation of one statement into several, with a ';' behind each but the last */
    bool                              wants_id;   /* of an INSERT, `insert_id` is wanted: PostgreSQL finds it only then */
    bool                              wants_found; /* it says SQL_CALC_FOUND_ROWS: `found` is wanted, which an engine of MySQL's kind knows */
    bool                              guarded;    /* in a transaction: where an engine gives one up for an error, this statement's is undone alone,
                                                     if the engine can do that (`undone`) */
    bool                              extended;   /* came with parameters, formats or Describe (not a simple query) */
    const struct tn_encoder          *encoder;
    const struct tn_session_settings *settings;   /* NULL = none */
    size_t                            header_count;
    const struct tn_run_header       *headers;    /* of the client's request, for an engine that speaks its protocol; secrets! */
    struct tn_str                     before;     /* for an engine of MySQL's kind: a SET of the session's variables that goes first; empty = none */
    struct tn_str                     tags;       /* of the client, "a,b:c", for engines that keep such; empty = none */
    const struct tn_run_events       *events;
    void                             *owner;

    /* kept by the engine */
    struct tn_conn *conn;
    void           *engine;       /* its own state */
    unsigned        uncredited;   /* chunks delivered and not yet credited */
    size_t          uncredited_bytes;
    size_t          uncredited_lens[TN_RUN_WINDOW]; /* of each of them, the oldest first */
    bool            cancelled;    /* tn_run_cancel() was called */
    struct tn_str   my_columns;    /* with encoder->my_rows: column definitions as MySQL told them, as packets; set before `columns`.
                                      Empty: rows come from encoder->ops->batch */
    bool            my_extended;   /* each of them has MariaDB's extended metadata */
    bool            left;         /* set before tn_run_cancel(): what can be gone on with after our end is not ended over there */
    uint64_t        full_since_us; /* no credit is left since then; 0 = there is */

    /* results, complete at done */
    char            tag[64];      /* the engine's own command tag ("INSERT 0 3"), or empty */
    uint64_t        rows;         /* rows returned */
    uint64_t        affected;     /* rows changed */
    uint64_t        unchanged;    /* of these, where an engine of MySQL's kind tells, or SQLite to a MySQL client: rows of an UPDATE, or of INSERT .. ON DUPLICATE KEY UPDATE, that had the values before */
    uint64_t        replaced;     /* SQLite, for a MySQL client: rows that an INSERT or REPLACE took away or changed, each beside the one that `affected` counts */
    uint64_t        insert_id;    /* an engine of MySQL's kind: what AUTO_INCREMENT gave the first of the rows; SQLite: the rowid of the only one; PostgreSQL: with wants_id; 0 = nothing */
    uint64_t        found;        /* with wants_found: rows that it would have had without its LIMIT, where `found_known` */
    bool            found_known;
    struct tn_str   my_info;      /* what a server of MySQL's kind says beside its counts ("Rows matched: 2 ..."); until next or done returns */
    uint16_t        my_status;    /* of the result that ends now, as a server of MySQL's kind tells: TN_MY_STATUS_OF_RESULT */
    bool            my_over;      /* the server's transaction is over: a statement that commits by itself, as DDL does there */
    uint16_t        warnings;     /* and how many warnings it has; the first of them came as notices */
    uint64_t        bytes;        /* encoded bytes delivered */
    uint64_t        rows_read, bytes_read, cpu_us; /* what the engine reports; 0 = unknown */
    uint64_t        queued_us;    /* of the time since the start, in the engine's own queue, as it reports */
    uint64_t        peak_memory;  /* bytes, as it reports; 0 = unknown */
    uint64_t        analysis_us, planning_us, splits; /* as a Trino reports them; all 0 = unknown */
    uint64_t        started_us, first_byte_us, ended_us; /* monotonic; 0 = did not happen */
    uint64_t        stalled_us;   /* of the time since the start, spent waiting for credits */
    bool            over_there;   /* the engine has finished: what is left is to be fetched from it */
    bool            no_bulk;      /* `bulk` has to go row by row */
    bool            undone;       /* it failed, and its transaction is as it was before */
    bool            delivered;    /* a chunk went to the owner: too late to run elsewhere */
    struct tn_error error;
};

enum tn_conn_state { TN_CONN_CONNECTING, TN_CONN_IDLE, TN_CONN_BUSY, TN_CONN_BROKEN };

/* Embedded at the start of an engine's own connection struct. */
struct tn_conn {
    struct tn_list      node;      /* the pool's */
    struct tn_cluster  *cluster;   /* counted reference */
    struct tn_worker   *worker;
    enum tn_conn_state  state;
    uint64_t            idle_since_us;
    uint64_t            settings_hash; /* of the settings in force there */
    bool                dirty;     /* holds session state of its user: reset before another may have it */
    bool                yields;    /* since its last run: in a transaction that is left alone it holds up nobody and costs next to nothing */
    void (*connected)(struct tn_conn *conn, const struct tn_error *err, void *owner); /* err NULL = connected */
    void               *owner;
};

struct tn_engine_ops {
    const char     *name;    /* "duckDb": as in the configuration */
    enum tn_dialect dialect;
    unsigned        default_max_running; /* maxRunningQueries when the configuration says 0 */

    /* Checks what the configuration needs (library, file) and prepares cluster->engine. Blocks; called at start and at
     * reload, off the worker threads. A server that does not answer now is not an error here: health finds out. */
    enum tn_status (*open)(struct tn_cluster *cluster, struct tn_error *err);
    void (*close)(struct tn_cluster *cluster); /* no connection is left; any thread; may block */

    /* A new connection in state CONNECTING; conn->connected is called once, later (never from inside), when the state is
     * IDLE, or BROKEN with an error (fault ENGINE). The owner may start a run or disconnect from there. Disconnected
     * before, it is not called. NULL = no memory. */
    struct tn_conn *(*connect)(struct tn_cluster *cluster, struct tn_worker *worker,
                               void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner);
    /* Ends and frees it, connecting, idle or broken (never busy). Its cluster reference goes with it, maybe later. */
    void (*disconnect)(struct tn_conn *conn);
    /* Makes a dirty connection clean for the next user, without waiting; false = it must be disconnected instead. */
    bool (*reset)(struct tn_conn *conn);

    void (*start)(struct tn_run *run);  /* run->conn is IDLE and becomes BUSY until done */
    void (*credit)(struct tn_run *run); /* one delivered chunk was consumed */
    void (*cancel)(struct tn_run *run); /* done follows soon, with 57014 or the result if it was faster */

    /* Can this cluster do the statement at all? false: WHY (may be NULL) says why not, fault UNSUPPORTED. */
    bool (*can_run)(const struct tn_cluster *cluster, const struct tn_features *features, struct tn_error *why);
};

const struct tn_engine_ops *tn_engine_find(enum tn_cfg_engine engine); /* NULL for UNSET */

/* For `connect`: CONN, zeroed, is CONNECTING and holds a reference of CLUSTER. */
void tn_conn_init(struct tn_conn *conn, struct tn_cluster *cluster, struct tn_worker *worker,
                  void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner);

void tn_run_start(struct tn_run *run, struct tn_conn *conn); /* on a BROKEN one: done at once, 08006 */
void tn_run_credit(struct tn_run *run);
void tn_run_cancel(struct tn_run *run); /* harmless after done and when repeated */

/* For engines: whether nothing more may be delivered until a credit. */
static inline bool tn_run_is_full(const struct tn_run *run)
{
    return run->uncredited >= TN_RUN_WINDOW || run->uncredited_bytes >= TN_RUN_WINDOW_BYTES;
}

/* For engines: keep counts and times right, then call the owner's event. */
void tn_run_columns(struct tn_run *run, const struct tn_schema *schema);
void tn_run_chunk(struct tn_run *run, struct tn_chunk *chunk); /* an empty chunk is freed, not delivered */
void tn_run_done(struct tn_run *run); /* conn->state must be set to IDLE or BROKEN before */

#endif

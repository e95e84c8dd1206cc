/* postgres_conn.h - one connection to a PostgreSQL server and the run on it; shared by the files of this folder.
 *
 * Everything goes through libpq 15, non-blocking, in the worker's loop. Between libpq's calls a connection is always in
 * one phase; each phase is one flight (a message or a group of messages up to ReadyForQuery):
 *
 *   CONNECTING -> INIT* -> IDLE --start--> [STALE] [SETTINGS] [GUARD] [PREPARE] [DESCRIBE] [EXECUTE] --> IDLE
 *                           |                           \____ a flight that was cancelled or failed ____/
 *                           +--reset--> RESET -> IDLE                    |
 *                                                   [CANCELLING] [ABSORB] [UNDO] -> IDLE
 *
 * run.c owns the order, rows.c what happens with rows, and each other file one phase. Own worker's thread only, but for
 * the two jobs of the offload pool (login.c, cancel.c), which have their own structs. */
#ifndef TN_ENGINE_POSTGRES_CONN_H
#define TN_ENGINE_POSTGRES_CONN_H

#include "base/buf.h"
#include "engine/cluster.h"
#include "engine/engine.h"
#include "engine/postgres/postgres_settings.h"
#include "engine/postgres/postgres_statement.h"

#include <libpq-fe.h>

/* settings_hash of a connection whose settings are not known (after a ROLLBACK, a refused SET): matches no session. */
#define TN_POSTGRES_SETTINGS_UNKNOWN UINT64_MAX

/* A message larger than this makes libpq's buffers so large that the connection is not kept after its user. */
enum { TN_POSTGRES_SWOLLEN = 8 * 1024 * 1024 };

enum tn_postgres_phase {
    TN_POSTGRES_CONNECTING,
    TN_POSTGRES_INIT,       /* initSql and what Turnout needs of a session */
    TN_POSTGRES_IDLE,
    TN_POSTGRES_RESET,      /* the state of its last user is being dropped; a run may wait behind */
    TN_POSTGRES_STALE,      /* DEALLOCATE of statements that fell out of the cache */
    TN_POSTGRES_SETTINGS,
    TN_POSTGRES_GUARD,      /* a savepoint before a statement whose failure is not to be its transaction's */
    TN_POSTGRES_PREPARE,
    TN_POSTGRES_DESCRIBE,
    TN_POSTGRES_EXECUTE,
    TN_POSTGRES_CANCELLING, /* all results are in, the cancel request has not ended yet */
    TN_POSTGRES_ABSORB,     /* an empty query: a cancel signal that is late hits it and nothing else */
    TN_POSTGRES_UNDO,       /* back to that savepoint */
};

/* cluster->engine: the endpoint, read once. Immutable, any thread. */
enum { TN_POSTGRES_PARAMS = 64 };

struct tn_postgres_cluster {
    PQconninfoOption *parsed; /* owner of the values that came from the endpoint */
    const char       *keys[TN_POSTGRES_PARAMS + 1]; /* as PQconnectStartParams() wants them */
    const char       *values[TN_POSTGRES_PARAMS + 1];
    size_t            count;
    char             *init_sets; /* those statements of initSql that are a SET, each with a semicolon; owned */
};

struct tn_postgres_login;  /* a login on its way (login.c) */
struct tn_postgres_cancel; /* a cancel request on its way (cancel.c) */
struct tn_postgres_batch;  /* rows on their way to an encoder (batches.c) */

/* What the running statement needs beyond struct tn_run; zeroed at its start. */
struct tn_postgres_run {
    struct tn_postgres_statement *statement; /* cached on the server; NULL = the unnamed one or none */
    struct tn_str sql;      /* what is sent: the run's, or that with a RETURNING of ours */
    uint64_t table;         /* of a tn_postgres_id, if that is asked */
    bool     asks_id;       /* the rows of that are not the client's */
    bool     asks_column;   /* its name, too; and nobody knows whether the server lets it be asked for: there is a way back */
    bool     took_id;       /* the first row's */
    bool     upserts;       /* the last column of each row tells whether it was there already */
    uint64_t met;           /* rows of it that were, and were changed: MySQL counts them twice */
    bool     gave_up_id;    /* it is sent without, since it failed with it */
    bool     goes_back;     /* it did not: to the savepoint, and once more without */
    bool     simple;        /* simple query protocol */
    bool     prepared;      /* the PREPARE flight is done */
    bool     described;     /* column types are known: fetch_format is decided */
    bool     settings_done;
    bool     guard_done;    /* no GUARD flight is needed, or not any more */
    bool     guarded;       /* the savepoint stands before this statement */
    bool     undo_sent;
    bool     was_idle;      /* no transaction was open at the start: may be sent again */
    bool     retried;
    bool     columns_told;
    bool     result_ended;  /* the first result is complete */
    bool     discard;       /* rows are dropped: cancelled, or failed on our side */
    bool     dropped;       /* a row, or the columns, were dropped: the result is not complete */
    bool     cancel_sent;   /* a cancel request went out: its signal may come late */
    unsigned cancels;       /* times that the run was looked at since */
    bool     absorbed;      /* the ABSORB flight is done */
    bool     convert;       /* fetched in another format than the client's, for some columns */
    int      fetch_format;  /* libpq's resultFormat */
};

enum { TN_POSTGRES_IDS_KNOWN = 16, TN_POSTGRES_NAME_MAX = 64 };

/* Of a table: the column that counts its rows, as a connection was told. */
struct tn_postgres_id {
    uint64_t   table;   /* hash of its name and the settings; 0 = a free place */
    ev_tstamp  until;   /* then it is asked for again: others may have altered the table */
    bool       refused; /* the server did not let it be asked for */
    char       column[TN_POSTGRES_NAME_MAX]; /* empty: there is none */
};

struct tn_postgres_ids {
    struct tn_postgres_id known[TN_POSTGRES_IDS_KNOWN];
    unsigned next;
    unsigned definitions; /* the cluster's when they became known */
};

struct tn_postgres_conn {
    struct tn_conn         base; /* first */
    PGconn                *pg;
    enum tn_postgres_phase phase;
    bool                   closed;    /* disconnected: freed at the end of the loop turn */
    bool                   lost;      /* libpq says that the connection is gone */
    bool                   pumping;   /* inside tn_postgres_pump() */
    bool                   paused;    /* the run's window is full: nothing is read */
    void                  *ssl;     /* OpenSSL's object, or NULL */
    bool                   dirty_by_transaction; /* base.dirty only because a transaction is open */
    bool                   set_in_transaction;   /* settings changed inside the open transaction: ROLLBACK undoes them */
    bool                   guard;   /* the transaction has a savepoint of ours; it stays until the next statement */
    bool                   swollen; /* libpq's buffers have become large and stay so: not for another user */
    size_t                 init_next; /* next statement of initSql */

    ev_io    read;    /* always on but while paused */
    ev_io    write;   /* on while libpq holds unsent bytes */
    ev_timer kick;    /* 0 s: go on in the next turn of the loop */
    ev_timer grace;   /* a cancelled run ends by then, whatever the server does */

    struct tn_run         *run;
    struct tn_postgres_run now;
    struct tn_chunk       *chunk;     /* rows not delivered yet */
    PGresult              *first;     /* first result of the run: its column names are what the schema points to */
    PGresult              *failure;   /* first error of this flight */
    struct tn_schema       schema;
    struct tn_column      *columns;   /* schema's, kept from run to run */
    size_t                 column_capacity;
    struct tn_tz          *tz;        /* zone of `convert`, or NULL */
    struct tn_postgres_batch *batch;  /* for encoders without pg_rows */

    struct tn_buf text;               /* scratch: statement with its NUL, settings */
    struct tn_buf values;             /* scratch: parameters in text format with their NULs, converted values */
    struct tn_buf fields;             /* scratch: fields of a notice */
    struct tn_buf insert;             /* an INSERT with a RETURNING of ours */
    struct tn_buf stale;              /* DEALLOCATE statements to be sent */
    struct tn_buf base_settings;      /* SQL that every session here begins with */
    struct {
        size_t       capacity;
        Oid         *types;
        const char **values;
        int         *lengths;
        int         *formats;
    } params;                         /* scratch: libpq's arrays */

    struct tn_postgres_statements statements;
    struct tn_postgres_settings   settings; /* in force on the server */
    struct tn_postgres_ids        ids;
    struct tn_postgres_login     *login;  /* NULL once connected */
    struct tn_postgres_cancel    *cancel;
    struct tn_grave               grave;
};

static inline struct tn_postgres_conn *tn_postgres_conn(struct tn_conn *conn)
{
    return TN_CONTAINER_OF(conn, struct tn_postgres_conn, base);
}

/* postgres_cluster.c */
enum tn_status tn_postgres_open(struct tn_cluster *cluster, struct tn_error *err);
void           tn_postgres_close(struct tn_cluster *cluster);

/* login.c: ends with tn_postgres_logged_in(), never from inside. */
enum tn_status tn_postgres_login_start(struct tn_postgres_conn *c, struct tn_error *err);
void           tn_postgres_login_forget(struct tn_postgres_conn *c); /* the connection goes away */

/* connect.c */
struct tn_conn *tn_postgres_connect(struct tn_cluster *cluster, struct tn_worker *worker,
                                    void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner);
void tn_postgres_disconnect(struct tn_conn *conn);
bool tn_postgres_reset(struct tn_conn *conn);
void tn_postgres_logged_in(struct tn_postgres_conn *c, PGconn *pg, const struct tn_error *err); /* owner of PG; or ERR */
void tn_postgres_init_ended(struct tn_postgres_conn *c, const PGresult *failure); /* one flight of phase INIT came back, or was lost */
void tn_postgres_reset_ended(struct tn_postgres_conn *c, const PGresult *failure);

/* run.c */
void tn_postgres_start(struct tn_run *run);
void tn_postgres_credit(struct tn_run *run);
void tn_postgres_cancel(struct tn_run *run);
void tn_postgres_begin(struct tn_postgres_conn *c); /* the run that waited behind a reset */
void tn_postgres_flight_ended(struct tn_postgres_conn *c);
void tn_postgres_cancel_ended(struct tn_postgres_conn *c); /* the cancel request has ended, well or not */
/* The run fails for a reason of ours (moved from ERR): the rest of its rows is dropped. */
void tn_postgres_abort(struct tn_postgres_conn *c, struct tn_error *err);

/* watch.c: the socket in the loop. */
void tn_postgres_pump(struct tn_postgres_conn *c);   /* takes results until more bytes or credits are needed */
void tn_postgres_resume(struct tn_postgres_conn *c); /* after a pause, or to go on in the next turn */
void tn_postgres_watch_init(struct tn_postgres_conn *c);
void tn_postgres_watch_start(struct tn_postgres_conn *c); /* PQsocket() is the final one */
void tn_postgres_watch_stop(struct tn_postgres_conn *c);
void tn_postgres_flush_output(struct tn_postgres_conn *c); /* after PQsend*(): what did not go out goes out later */

/* flights.c: each sends one message group and sets the phase; false = libpq refused. */
bool tn_postgres_send_text(struct tn_postgres_conn *c, enum tn_postgres_phase phase, struct tn_str text);
bool tn_postgres_send_prepare(struct tn_postgres_conn *c);
bool tn_postgres_send_describe(struct tn_postgres_conn *c);
bool tn_postgres_send_execute(struct tn_postgres_conn *c);
bool   tn_postgres_params_room(struct tn_postgres_conn *c, size_t count); /* in the arrays of c->params */
size_t tn_postgres_param_oids(struct tn_postgres_conn *c); /* into params.types; count without trailing zeros */
/* Memory and content checks of a statement before anything is sent. */
enum tn_status tn_postgres_check_run(struct tn_postgres_conn *c, struct tn_error *err);

/* columns.c */
enum tn_status tn_postgres_columns(struct tn_postgres_conn *c, const PGresult *result, struct tn_error *err); /* c->schema */
bool           tn_postgres_formats_mixed(const struct tn_encoder *encoder);
/* Decides fetch_format and convert from c->schema. */
enum tn_status tn_postgres_choose_format(struct tn_postgres_conn *c, struct tn_error *err);

/* rows.c */
/* One result of the EXECUTE flight; takes RESULT. The work done, in units of about 0.1 us. */
size_t tn_postgres_result(struct tn_postgres_conn *c, PGresult *result);
void   tn_postgres_flush(struct tn_postgres_conn *c); /* delivers what there is */

/* inserted.c */
void tn_postgres_ask_id(struct tn_postgres_conn *c); /* before a run's first flight: what is sent, and whether it brings an id */
void tn_postgres_take_id(struct tn_postgres_conn *c, const PGresult *result);
/* FAILURE was for the id's sake (no right to read the table, a view with rules): what is sent is now the statement as it was. Else nothing changes. */
bool tn_postgres_give_up_id(struct tn_postgres_conn *c, const PGresult *failure);
void tn_postgres_without_id_failed(struct tn_postgres_conn *c); /* so the failure was the statement's own: others on its table have ids */

/* batches.c */
size_t tn_postgres_batch_row(struct tn_postgres_conn *c, const PGresult *result, int row); /* bytes of the row */
bool tn_postgres_batch_flush(struct tn_postgres_conn *c); /* rows to c->chunk; false = the run was aborted */
void tn_postgres_batch_free(struct tn_postgres_conn *c);

/* report.c */
void tn_postgres_error(struct tn_postgres_conn *c, const PGresult *result, struct tn_error *err);
void tn_postgres_error_lost(struct tn_postgres_conn *c, struct tn_error *err); /* 08006, libpq's text as detail */
void tn_postgres_error_cancelled(struct tn_error *err);
void tn_postgres_on_notice(void *conn, const PGresult *result);

/* cancel.c */
bool tn_postgres_cancel_send(struct tn_postgres_conn *c); /* false: cannot be sent */
void tn_postgres_cancel_forget(struct tn_postgres_conn *c);

#endif

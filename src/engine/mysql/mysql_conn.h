/* mysql_conn.h - one connection to a server that speaks MySQL's protocol (MySQL, MariaDB, StarRocks) and the run on it; shared by
 * the files of this folder. The protocol is spoken here, over a non-blocking socket in the worker's loop.
 *
 * Between two messages of ours a connection is in one phase; each phase is one exchange (a command and all of its answer), or
 * a script: statements of ours that are sent one after the other:
 *
 *   RESOLVE -> DIAL -> GREETING -> LOGIN -> INIT -> IDLE --start--> [SETTINGS] [PREPARE] [EXECUTE] [WARNINGS] --> IDLE
 *                                                    |                     \____ cancelled ____/
 *                                                    +--reset--> RESET -> IDLE       |
 *                                                                       [CANCELLING] [ABSORB] -> IDLE
 *
 * dial.c and login.c make a connection, answer.c takes the server's messages apart, run.c owns the order of a run's exchanges.
 * Own worker's thread only, but for the name look-up in the offload pool, which has its own struct. */
#ifndef TN_ENGINE_MYSQL_CONN_H
#define TN_ENGINE_MYSQL_CONN_H

#include "base/tz.h"
#include "engine/cluster.h"
#include "engine/engine.h"
#include "engine/mysql/mysql_auth.h"
#include "engine/mysql/mysql_column.h"
#include "engine/mysql/mysql_cost.h"
#include "engine/mysql/mysql_settings.h"
#include "engine/mysql/mysql_statement.h"
#include "engine/mysql/mysql_wire.h"
#include "net/dial.h"
#include "net/tls.h"
#include "result/builder.h"

/* settings_hash of a connection whose settings are not known: matches no session. */
#define TN_MYSQL_SETTINGS_UNKNOWN UINT64_MAX

enum { TN_MYSQL_WARNINGS_TOLD = 64 };

enum tn_mysql_phase {
    TN_MYSQL_DIAL, TN_MYSQL_GREETING, TN_MYSQL_TLS, TN_MYSQL_LOGIN,
    TN_MYSQL_INIT,       /* what Turnout needs of a session, and initSql */
    TN_MYSQL_IDLE,
    TN_MYSQL_RESET,      /* the state of its last user is being dropped; a run may wait behind */
    TN_MYSQL_SETTINGS,
    TN_MYSQL_PREPARE,
    TN_MYSQL_EXECUTE,
    TN_MYSQL_WARNINGS,
    TN_MYSQL_FOUND,      /* run->found is asked for */
    TN_MYSQL_COST,       /* what the statement cost (mysql_cost.h) */
    TN_MYSQL_CANCELLING, /* all of the answer is in, the KILL has not ended yet */
    TN_MYSQL_ABSORB,     /* a statement that does nothing: a KILL that is late hits it and nothing else */
};

/* What comes next in the answer to a command. */
enum tn_mysql_expect {
    TN_MYSQL_EXPECT_FIRST, TN_MYSQL_EXPECT_COLUMN, TN_MYSQL_EXPECT_COLUMNS_END, TN_MYSQL_EXPECT_ROW,
    TN_MYSQL_EXPECT_PREPARED, TN_MYSQL_EXPECT_PARAM, TN_MYSQL_EXPECT_PARAMS_END, TN_MYSQL_EXPECT_FIELD, TN_MYSQL_EXPECT_FIELDS_END,
};

/* What differs between the kinds of servers. */
struct tn_mysql_flavour {
    const char *what;              /* "MySQL", "StarRocks" */
    bool        transactions;
    bool        binary;            /* statements can be prepared on it */
    bool        resets;            /* COM_RESET_CONNECTION */
    bool        counts;            /* counters of each session: SHOW SESSION STATUS */
};

/* cluster->engine: the endpoint, read once. Immutable, any thread. */
struct tn_mysql_cluster {
    const struct tn_mysql_flavour *flavour;
    char          *host, *port, *database, *socket; /* database and socket may be NULL */
    char          *user, *password;
    char          *public_key;   /* the server's, PEM; NULL: it is asked for */
    bool           key_retrieval; /* also beyond loopback */
    struct tn_tls *tls;          /* NULL: never */
    bool           tls_required, tls_checks_host;
    char          *base;         /* the SET that every session begins with */
};

struct tn_mysql_conn;

/* What the running statement needs beyond struct tn_run; zeroed at its start. */
struct tn_mysql_run {
    struct tn_mysql_statement *statement; /* prepared on the server */
    bool     binary;         /* executed as a prepared statement */
    bool     relay;          /* rows go to the client as they came */
    bool     settings_done, in_transaction_before;
    bool     columns_told, result_ended;
    bool     discard;        /* rows are dropped: cancelled, or failed on our side */
    bool     dropped;        /* a row, or the columns, were dropped: the result is not complete */
    bool     kill_sent, absorbed;
    bool     retried;
    bool     zero_told;      /* the notice about zero dates went out */
    bool     warnings_done, found_done, cost_done;
    uint16_t warnings;
    unsigned warnings_told;
    unsigned looks;          /* times that the cancelled run was looked at since */
};

/* Of a session since its begin, as the server counts. */
struct tn_mysql_counters {
    uint64_t rows, cpu_us;
};

struct tn_mysql_conn {
    struct tn_conn       base; /* first */
    enum tn_mysql_phase  phase;
    enum tn_mysql_expect expect;
    bool                 closed;  /* disconnected: freed at the end of the loop turn */
    bool                 lost;
    bool                 pumping;
    bool                 paused;  /* the run's window is full: nothing is read */
    bool                 dirty_by_transaction;
    bool                 used_other_database;
    char                 info[256];   /* run->my_info */
    bool                 zones_by_offset; /* the server knows no zones by name */
    struct tn_mysql_wire wire;
    struct tn_error      broken;  /* why it is lost, when that is known */

    /* logging in */
    struct tn_dial      *dial;   /* the socket is on its way */
    enum tn_mysql_plugin plugin;
    unsigned char        nonce[TN_MYSQL_NONCE];
    unsigned             auth_steps;
    bool                 key_wanted;  /* the next message is the server's public key */
    uint64_t             capabilities; /* both sides' */
    uint64_t             offered;
    uint32_t             id;           /* for KILL */
    uint8_t              charset;
    bool                 maria;
    char                 version[64];

    uint16_t             status;      /* flags of the last OK or EOF */
    ev_io                read, write;
    ev_timer             kick, grace;

    struct tn_buf        script;      /* statements, each with a NUL, still to be sent from script_at on */
    size_t               script_at;
    size_t               init_next;
    struct tn_error      failure;     /* first error of this exchange or script */

    struct tn_run       *run;
    struct tn_mysql_run  now;
    struct tn_buf        definitions; /* columns as the server told them, as packets */
    size_t               column_count, columns_seen, param_count, params_seen;
    struct tn_schema     schema;
    struct tn_column    *columns;     /* schema's */
    struct tn_mysql_column *kinds;    /* beside it */
    size_t               column_capacity;
    struct tn_builder   *builder;
    struct tn_chunk     *chunk;       /* rows not delivered yet */
    struct tn_tz        *tz;          /* the session's, NULL = UTC */

    struct tn_buf        text, fields, decoded;
    struct tn_mysql_statements statements;
    struct tn_mysql_settings   settings;
    struct tn_conn      *killer;      /* the second connection that says KILL */
    struct tn_mysql_counters counted, counted_before;
    ev_timer             look;        /* StarRocks: when */
    struct tn_conn      *spy;         /* the second connection that looks */
    struct tn_mysql_conn *spied;      /* on that one: whose statement it is about; it ends with it */
    enum tn_mysql_proc   proc_fields[TN_MYSQL_PROC_COLUMNS];
    size_t               proc_count;
    struct tn_grave      grave;
};

static inline struct tn_mysql_conn *tn_mysql_conn(struct tn_conn *conn)
{
    return TN_CONTAINER_OF(conn, struct tn_mysql_conn, base);
}

static inline const struct tn_mysql_cluster *tn_mysql_engine(const struct tn_mysql_conn *c)
{
    return c->base.cluster->engine;
}

/* Its definitions of columns have MariaDB's extended metadata. */
static inline bool tn_mysql_tells_types(const struct tn_mysql_conn *c)
{
    return (c->capabilities & TN_MY_CAP_MARIADB_EXTENDED_TYPES) != 0;
}

static inline bool tn_mysql_in_transaction(const struct tn_mysql_conn *c)
{
    return (c->status & TN_MY_STATUS_IN_TRANSACTION) != 0;
}

/* cluster.c */
enum tn_status tn_mysql_cluster_open(struct tn_cluster *cluster, struct tn_error *err);
void           tn_mysql_cluster_close(struct tn_cluster *cluster);

/* login.c */
void tn_mysql_login_message(struct tn_mysql_conn *c, struct tn_str message);
void tn_mysql_login_go_on(struct tn_mysql_conn *c);

/* connect.c */
struct tn_conn *tn_mysql_connect(struct tn_cluster *cluster, struct tn_worker *worker,
                                 void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner);
/* A connection of nobody's pool that says SQL once and is then connected, or not. */
struct tn_conn *tn_mysql_connect_for(struct tn_cluster *cluster, struct tn_worker *worker, struct tn_str sql,
                                     void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner);
void tn_mysql_disconnect(struct tn_conn *conn);
bool tn_mysql_reset(struct tn_conn *conn);
void tn_mysql_connect_failed(struct tn_mysql_conn *c, struct tn_error *err);
void tn_mysql_logged_in(struct tn_mysql_conn *c);
void tn_mysql_init_ended(struct tn_mysql_conn *c);  /* the script of phase INIT */
void tn_mysql_reset_ended(struct tn_mysql_conn *c);

/* run.c */
void tn_mysql_start(struct tn_run *run);
void tn_mysql_credit(struct tn_run *run);
void tn_mysql_cancel(struct tn_run *run);
void tn_mysql_begin(struct tn_mysql_conn *c);          /* the run that waited behind a reset */
void tn_mysql_exchange_ended(struct tn_mysql_conn *c); /* of any phase from INIT on; also when the connection is lost */
void tn_mysql_abort(struct tn_mysql_conn *c, struct tn_error *err); /* the run fails for a reason of ours (moved from ERR) */

/* watch.c: the socket in the loop. */
void tn_mysql_watch_init(struct tn_mysql_conn *c);
void tn_mysql_watch_socket(struct tn_mysql_conn *c, int fd);
void tn_mysql_watch_stop(struct tn_mysql_conn *c);
void tn_mysql_pump(struct tn_mysql_conn *c);
void tn_mysql_resume(struct tn_mysql_conn *c);
void tn_mysql_flush_output(struct tn_mysql_conn *c);
void tn_mysql_lose(struct tn_mysql_conn *c, const char *why, const char *detail); /* the connection cannot be used any more */

/* send.c: each sends one command and sets the phase; false = no memory. */
bool tn_mysql_send_text(struct tn_mysql_conn *c, enum tn_mysql_phase phase, struct tn_str sql);
bool tn_mysql_send_prepare(struct tn_mysql_conn *c);
bool tn_mysql_send_execute(struct tn_mysql_conn *c);
bool tn_mysql_send_bulk(struct tn_mysql_conn *c); /* run->bulk */
enum tn_status tn_mysql_check_params(struct tn_mysql_conn *c, struct tn_error *err);
void tn_mysql_script_begin(struct tn_mysql_conn *c);
void tn_mysql_script_put(struct tn_mysql_conn *c, struct tn_str sql);
bool tn_mysql_script_next(struct tn_mysql_conn *c, enum tn_mysql_phase phase); /* false: it is at its end */

/* answer.c: one message of the server; the work done, in units of about 0.1 us. */
size_t tn_mysql_message(struct tn_mysql_conn *c, struct tn_str message);

/* rows.c */
void   tn_mysql_tell_columns(struct tn_mysql_conn *c);
size_t tn_mysql_row(struct tn_mysql_conn *c, struct tn_str message);
void   tn_mysql_flush_rows(struct tn_mysql_conn *c); /* delivers what there is */
void   tn_mysql_rows_free(struct tn_mysql_conn *c);
void tn_mysql_give_definitions(struct tn_mysql_conn *c); /* to the run's owner, who gets rows as they came */
enum tn_status tn_mysql_make_schema(struct tn_mysql_conn *c, struct tn_error *err); /* of c->definitions */

/* behind.c */
bool tn_mysql_ask_behind(struct tn_mysql_conn *c); /* one question more, which sets the phase; false: none is left */
void tn_mysql_found_row(struct tn_mysql_conn *c, struct tn_str message); /* of phase FOUND */

/* report.c */
void tn_mysql_error(struct tn_mysql_conn *c, struct tn_str message, struct tn_error *err); /* an ERR packet */
void tn_mysql_error_lost(struct tn_mysql_conn *c, struct tn_error *err);
void tn_mysql_error_cancelled(struct tn_error *err);
void tn_mysql_warning(struct tn_mysql_conn *c, struct tn_str message); /* a row of SHOW WARNINGS */
void tn_mysql_notice(struct tn_mysql_conn *c, const char *severity, const char *sqlstate, unsigned code, struct tn_str text);

#endif

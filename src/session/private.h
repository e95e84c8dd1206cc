/* private.h - struct tn_session as the files of this folder see it. Nobody else includes it. */
#ifndef TN_SESSION_PRIVATE_H
#define TN_SESSION_PRIVATE_H

#include "base/map.h"
#include "frontend/pgwire/pg_encode.h"
#include "frontend/pgwire/pg_value.h"
#include "frontend/pgwire/pgwire_parse.h"
#include "frontend/pgwire/pgwire_write.h"
#include "pipeline.h"
#include "query_shape.h"
#include "server.h"
#include "session/marks.h"
#include "session/client.h"
#include "session/named.h"
#include "session/session.h"
#include "session/settings.h"

enum tn_session_state {
#define STATE(name, text) TN_SESSION_##name,
#include "session/session_state.def"
#undef STATE
};

/* One worker's sessions; worker->module[TN_WORKER_SESSIONS]. */
struct tn_sessions {
    struct tn_list      list;
    struct tn_session **slots; /* by the low bits of the process id; NULL = free */
    size_t              count, free_hint;
};

enum {
    TN_SESSION_KEPT_BYTES = 256 * 1024 * 1024, /* texts of prepared statements and parameters of portals */
    TN_SESSION_STATEMENTS = 10000, /* prepared statements and portals of one session at most */
    TN_SESSION_KEY_MAX = 32,
};

/* How a statement ended, for whoever asked for it (simple.c, extended.c). */
struct tn_reply {
    struct tn_error *error;       /* NULL = it succeeded */
    char             tag[64];     /* for CommandComplete; empty = an empty statement */
    struct tn_str    column;      /* ptr set: one row of our own with this column ... */
    struct tn_str    value;       /* ... and this value */
    bool             lines;       /* a row for each line of it */
    bool             show_all;    /* SHOW ALL: the rows of all settings */
};
typedef void (*tn_reply_fn)(struct tn_session *s, struct tn_reply *reply);

/* A statement to be run. Texts and parameters live until the reply. */
struct tn_statement_run {
    struct tn_str             sql;
    const struct tn_features *features;
    const struct tn_shape    *shape;    /* NULL: not read */
    struct tn_str             meant;    /* an EXECUTE of SQL: the statement that the shape is of; else empty */
    enum tn_run_kind          kind;
    struct tn_params          params;
    const uint32_t           *param_oids;
    size_t                    param_oid_count;
    bool                      prepare, extended;
    bool                      several;  /* one of several statements of one text */
    struct tn_encoder        *encoder;
    struct tn_group          *own;      /* a catalog's, where it runs; NULL = it is routed */
    struct tn_str             affinity; /* name of the cluster that described it; empty = none */
    const struct tn_schema   *told;     /* columns that the client knows from there; NULL = none */
    const struct tn_query_events *events; /* columns, chunk and so on; done is execute.c's */
    void                     *owner;
    tn_reply_fn               reply;
};

enum tn_tx_state { TN_TX_IDLE, TN_TX_LAZY /* BEGIN was said, no engine knows yet */, TN_TX_OPEN, TN_TX_FAILED };

struct tn_transaction {
    enum tn_tx_state         state;
    bool                     implicit;    /* a multi-statement text or an unsynced batch: told as 'I' */
    bool                     read_only;
    bool                     engine_open; /* the engine of s->lease has it open */
    struct tn_marks          marks;       /* nothing is behind them while the engine is not open */
    struct tn_str            modes;       /* what followed BEGIN, owned; for AND CHAIN and the engine */
    struct tn_settings_list *before;      /* counted: settings to go back to */
};

struct tn_prepared {
    char               *name;     /* owned; "" = unnamed */
    char               *sql;      /* owned; as it came */
    struct tn_str       text;     /* the statement in it */
    unsigned            refs;     /* portals keep it */
    struct tn_session  *session;  /* whose kept_bytes it is part of */
    size_t              kept_bytes;
    struct tn_features  features; /* of text */
    char               *meant;    /* of an EXECUTE of SQL: what it names, with its values; owned; NULL = none */
    struct tn_shape     shape;    /* of that or of text, with the settings below: others may mean other tables */
    struct tn_settings_list *shaped_with; /* counted */
    size_t              oid_count;
    uint32_t           *oids;     /* parameter types: given, then as described; owned */
    bool                described;
    struct tn_arena     arena;    /* of schema */
    struct tn_schema   *schema;   /* NULL with described: returns no rows */
    char                cluster[128]; /* that described it */
};

struct tn_portal {
    char                  *name;
    struct tn_prepared    *statement; /* counted */
    struct tn_arena        arena;
    struct tn_params       params;
    uint32_t              *oids;
    struct tn_pg_encoder   encoder;
    int16_t               *formats;
    size_t                 format_count;
    struct tn_settings_list *settings; /* counted: the encoder's style points into it */
    struct tn_settings_list *running;  /* counted: the session's when it was executed; its query points into it */
    struct tn_session     *session;
    struct tn_query       *query;      /* running or suspended */
    bool                   started, ended;
    bool                   completed;  /* CommandComplete was sent, or an error */
    bool                   broken;     /* it was an error */
    bool                   tell_columns; /* a Describe waits for the columns of the execution */
    int64_t                limit;      /* rows still wanted by the present Execute; -1 = all */
    uint64_t               sent_rows;  /* by the present Execute */
    struct tn_chunk       *held_first, *held_last; /* rows beyond the limit */
    size_t                 held_bytes;
    size_t                 kept_bytes; /* parameters */
    char                   tag[64];
    bool                   limited;    /* an Execute had a row limit */
    bool                   kept;       /* in the map of portals */
    enum { TN_DRAIN_NO, TN_DRAIN_KEEP, TN_DRAIN_DISCARD } drain; /* the connection is wanted: rows are taken in */
    bool                   cut;        /* ... and did not all fit */
    struct tn_error        error;      /* of the run, kept while suspended; last, see new_portal() */
};

struct tn_session_login;

struct tn_session {
    struct tn_list           node;
    struct tn_grave          grave;
    struct tn_worker        *worker;
    struct tn_runtime       *runtime;
    struct tn_client         client;
    enum tn_session_state    state;
    bool                     skip_to_sync;
    bool                     console;    /* connected to the console database */
    bool                     direct_tls; /* TLS from the first byte, without an SSLRequest */
    bool                     sticky;     /* the engine connection of `lease` holds state of ours */
    uint32_t                 pid;
    uint32_t                 protocol;
    unsigned char            key[TN_SESSION_KEY_MAX];
    size_t                   key_len;
    char                    *user, *database; /* owned */
    struct tn_identity      *identity;   /* NULL before the log-in is over */
    struct tn_session_login *login;      /* login.c; NULL: nobody is being asked */
    struct tn_arena          startup_arena;
    size_t                   header_count;
    struct tn_tag           *headers;    /* application_name as it is now, then the start-up parameters */
    struct tn_settings_list *settings;
    struct tn_settings_list *started; /* counted: as the client began, what RESET goes back to; NULL before */

    uint64_t                 statements, notices_lost;
    size_t                   held_bytes; /* of all portals */
    size_t                   kept_bytes; /* of statements and portals */
    struct tn_map            prepared, portals;
    struct tn_prepared      *unnamed;
    struct tn_portal        *unnamed_portal;

    struct tn_transaction    tx;
    struct tn_lease         *lease;      /* engine connection kept from statement to statement */
    struct tn_arena          command_arena; /* of the present command: a rewritten text, a value shown */
    struct tn_query         *query;      /* the running one */
    struct tn_statement_run  run;        /* what it came from */
    tn_reply_fn              reply;
    struct tn_explaining    *explaining; /* EXPLAIN ROUTE that waits for a script */
    struct tn_session_catalog *catalog;  /* a statement about PostgreSQL's catalog that waits for what a member tells; NULL: none */

    struct {                             /* command.c: a SET that the engine was asked about; kept when it agrees */
        struct tn_str name, value;
        bool          pending, local;
    } engine_set;
    struct {                             /* transaction.c: an end or a savepoint that is under way */
        bool        commit, chain;       /* commit: for a savepoint, it is ROLLBACK TO */
        bool        untold;              /* the transaction failed and the client does not know */
        tn_reply_fn reply;
    } ending;
    struct {                             /* simple.c: the text of one Query message */
        char                *text;
        size_t               len, at;
        struct tn_str        statement; /* the present one, a view into text */
        struct tn_features   features;
        struct tn_shape      shape;
        struct tn_pg_encoder encoder;
        struct tn_settings_list *settings;
        bool                 looping, any, waiting, failed, several;
        bool                 scanning, writes; /* the statements are looked at: do they want a transaction? */
        size_t               scan_at;
    } simple;
    struct tn_names          names;      /* of SQL's PREPARE */
    struct tn_portal        *active;     /* extended.c: whose Execute runs */
    struct tn_prepared      *describing;
    struct tn_portal        *describing_portal;
    struct tn_error          describe_error;
    bool                     describe_then_redo;
    bool                     describing_cursor; /* a portal of SQL's DECLARE */
    bool                     redo;       /* the present message is handled again when the wait is over */
    enum { TN_DEFERRED_NOTHING, TN_DEFERRED_MESSAGE, TN_DEFERRED_RUN, TN_DEFERRED_ENDING } deferred; /* goes on when a suspended portal has ended */
};

/* session.c */
void tn_session_close(struct tn_session *s, const char *reason); /* at once; frees at the end of the turn */
void tn_session_fatal(struct tn_session *s, struct tn_error *err, const char *reason); /* tells, then closes */
void tn_session_go_on(struct tn_session *s);  /* no message keeps s->client busy any more */
void tn_session_idle_timer(struct tn_session *s);

/* protocol.c */
bool tn_session_step(struct tn_session *s); /* one message; false: there is no whole one */
bool tn_session_next_is(struct tn_session *s, char type, struct tn_str *body); /* the message after the present one, if here */

/* startup.c */
bool tn_session_startup(struct tn_session *s); /* true: something was used of the input */
void tn_session_welcome(struct tn_session *s); /* s->identity is known */
bool tn_session_wants_tls(struct tn_session *s); /* the first byte is here: TLS begins if it is one of TLS; false: closed */

/* login.c */
void tn_session_login_begin(struct tn_session *s);
bool tn_session_login_step(struct tn_session *s); /* one message; false: there is no whole one */
void tn_session_login_timer(struct tn_session *s); /* it took too long, or a refusal was kept back long enough */
void tn_session_login_free(struct tn_session *s);

/* output.c */
void tn_session_put_reply(struct tn_session *s, const struct tn_reply *reply); /* DataRows of reply->value */
static inline struct tn_buf *tn_session_out(struct tn_session *s)
{
    return tn_outbox_buffer(&s->client.out);
}
void tn_session_flush_unless_busy(struct tn_session *s); /* what only acknowledges goes with the running statement's answer */
void tn_session_error(struct tn_session *s, const struct tn_error *err);
/* An engine's. A client that does not read does not get all of them: they have no back-pressure. */
void tn_session_notice(struct tn_session *s, const char *fields, size_t len);
/* STATEMENT is a part of TEXT: ERR's position counts from TEXT's beginning then, as the client sees it. */
void tn_session_place_error(struct tn_error *err, const char *text, struct tn_str statement);

/* simple.c */
void tn_simple_query(struct tn_session *s, struct tn_str sql);
void tn_simple_go_on(struct tn_session *s); /* after a pause */
void tn_simple_cancel(struct tn_session *s); /* while it pauses */
void tn_simple_free(struct tn_session *s);

/* extended.c */
void tn_extended_message(struct tn_session *s, const struct tn_pg_message *message);
void tn_extended_free(struct tn_session *s);
void tn_extended_drop_unnamed(struct tn_session *s); /* a Query message ends the unnamed statement and portal */
void tn_extended_end_transaction(struct tn_session *s); /* portals end with it */
struct tn_portal *tn_extended_suspended(struct tn_session *s); /* one whose run still holds the connection, or NULL */
struct tn_portal *tn_extended_in_the_way(struct tn_session *s); /* one that holds the connection of the next statement, or NULL */
void tn_extended_drain(struct tn_session *s, struct tn_portal *portal); /* takes its rows in, so that it ends */
void tn_extended_end_query(struct tn_portal *portal, bool cancel); /* nobody wants its rows; the end may come at once */
void tn_extended_cancel_suspended(struct tn_session *s, enum tn_cancel why);
void tn_extended_orphan(struct tn_session *s); /* suspended portals are not told of their queries any more */
bool tn_prepared_forget(struct tn_session *s, struct tn_str name); /* false: there is none */
void tn_prepared_forget_all(struct tn_session *s);

/* execute.c */
void tn_execute(struct tn_session *s, const struct tn_statement_run *run); /* run->reply comes, maybe at once */
void tn_execute_engine(struct tn_session *s, const struct tn_statement_run *run); /* whatever the transaction's state */
enum tn_status tn_execute_fill(struct tn_session *s, struct tn_query *q, struct tn_error *err); /* who asks, and in which transaction */
void tn_execute_done(struct tn_session *s, struct tn_query *q); /* from a query's done event */
void tn_execute_reply(struct tn_session *s, struct tn_reply *reply, struct tn_error *err); /* of a command of ours that had to wait */
void tn_execute_settle(struct tn_session *s, struct tn_query *q); /* what becomes of its connection and settings */
void tn_execute_deferred(struct tn_session *s); /* a suspended portal has ended: what waited for it goes on */
void tn_execute_cancel(struct tn_session *s, enum tn_cancel why);
void tn_execute_build_tag(char *tag, size_t size, const struct tn_query *q);
void tn_session_drop_lease(struct tn_session *s, bool dirty);
void tn_session_report(struct tn_session *s, struct tn_settings_list *before); /* ParameterStatus of what changed */

/* transaction.c */
char tn_transaction_status(const struct tn_session *s);
bool tn_transaction_read_only(const struct tn_session *s); /* the open one, else what the next would be */
bool tn_transaction_is_control(struct tn_str sql, const struct tn_features *features);
void tn_transaction_control(struct tn_session *s, const struct tn_statement_run *run);
void tn_transaction_failed(struct tn_session *s);      /* a statement failed inside */
void tn_transaction_over_there(struct tn_session *s, const struct tn_query *q); /* Q, settled, may have ended it at its server of MySQL's kind */
void tn_transaction_begin_implicit(struct tn_session *s);
void tn_transaction_end_implicit(struct tn_session *s, bool failed, tn_reply_fn reply); /* reply at once when there is none */
void tn_transaction_end_deferred(struct tn_session *s); /* the portals that an end waited for have ended */
bool tn_transaction_repairs(const struct tn_session *s, const struct tn_statement_run *run); /* may run in a failed one */
void tn_transaction_forget(struct tn_session *s);      /* the session ends */
enum tn_status tn_transaction_set(struct tn_session *s, struct tn_str modes, struct tn_error *err); /* SET TRANSACTION */

/* command.c: SET SHOW RESET DISCARD DEALLOCATE LISTEN COPY ... True: reply->error, tag, row say how it went. False: the engine's;
 * *REWRITE (may come back with ptr NULL) is what to send instead. */
bool tn_command_run(struct tn_session *s, struct tn_str sql, const struct tn_features *features, struct tn_reply *reply,
                    struct tn_error *err, struct tn_arena *arena, struct tn_str *rewrite);
/* Is it answered by the session without an engine? *COLUMN: its one column, ptr NULL = no rows. */
bool tn_command_describe(struct tn_session *s, struct tn_str sql, const struct tn_features *features, struct tn_str *column);

/* explain.c */
bool tn_explain_is_asked(struct tn_str sql); /* EXPLAIN ROUTE */
void tn_explain_cancel(struct tn_session *s); /* one that waits: the client is told so */
void tn_explain_drop(struct tn_session *s);   /* nobody is told */
bool tn_explain_run(struct tn_session *s, struct tn_str sql, struct tn_reply *reply, struct tn_error *err); /* false: the engine's EXPLAIN */

/* catalog.c. True: RUN is about PostgreSQL's catalog and its member has none; its reply comes. False: RUN goes on; it may name a member now. */
bool tn_session_catalog_serves(struct tn_session *s, struct tn_statement_run *run);
struct tn_str tn_session_catalog_answers(struct tn_session *s, struct tn_str sql, const struct tn_features *features); /* whose; until the loop's turn ends */
void tn_session_catalog_failed(struct tn_query *q); /* its error is to say who answered */
void tn_session_catalog_cancel(struct tn_session *s, enum tn_cancel why); /* one that waits: its reply comes, maybe at once */
void tn_session_catalog_orphan(struct tn_session *s); /* nobody is told */
TN_MUST_USE enum tn_status tn_session_catalog_text(const struct tn_session *s, struct tn_query *q, struct tn_str sql, struct tn_error *err); /* q->text for its image */

/* cancel.c */
TN_MUST_USE bool tn_session_register(struct tn_session *s); /* gives pid and key */
void tn_session_unregister(struct tn_session *s);
void tn_session_cancel_request(struct tn_server *server, uint32_t pid, struct tn_str key);

#endif

/* private.h - struct tn_my_session as the files of this folder see it. Nobody else includes it. */
#ifndef TN_MYSQL_PRIVATE_H
#define TN_MYSQL_PRIVATE_H

#include "auth/sha2_proof.h"
#include "base/map.h"
#include "frontend/mysql/my_encode.h"
#include "frontend/mysql/my_handshake.h"
#include "frontend/mysql/my_reply.h"
#include "mysql/mode.h"
#include "mysql/mysql.h"
#include "mysql/undo.h"
#include "net/listener.h"
#include "session/ask.h"
#include "session/client.h"
#include "session/named.h"
#include "session/words.h"

enum {
    TN_MY_STATEMENTS = 10000,   /* prepared statements of one session at most */
    TN_MY_KEPT_BYTES = 256 * 1024 * 1024, /* their texts and long data */
    TN_MY_HEADERS = 64,         /* connection attributes that are kept */
    TN_MY_WARNINGS = 64,
};

struct tn_mysql {
    struct tn_server     *server;
    struct tn_listener   *listener;
    struct tn_sha2_proof *proof;
    struct tn_places      places;
    _Atomic uint64_t      statements; /* that clients have sent, whoever answers them */
};

/* One worker's; worker->module[TN_WORKER_MYSQL]. */
struct tn_my_home {
    struct tn_mysql *mysql;
    struct tn_list   sessions;
    uint32_t         next_id;
};

struct tn_my_session;
struct tn_my_rows;

/* What is written for a result that Turnout itself gives: columns, then rows of texts. */
struct tn_my_table {
    size_t                  count;
    const char *const      *names;   /* NULL with heads */
    const struct tn_str    *heads;
    const uint8_t          *types;   /* NULL: all are texts */
};

/* A warning, for SHOW WARNINGS. */
struct tn_my_warning {
    const char *level; /* "Warning", "Error" */
    uint16_t    code;
    char        message[512];
};

struct tn_my_prepared {
    uint32_t        id;
    struct tn_str   text;       /* as it came; owned */
    struct tn_str   plain;      /* for engines of other dialects: plain.h; owned */
    unsigned        params;
    bool            own;        /* Turnout answers it itself */
    bool            assigns;    /* it gives variables their values here (assign.c) */
    uint16_t       *types;      /* of the parameters, as the last execution told them; owned */
    bool            types_known;
    bool            long_refused; /* what came in pieces was too long: its execution says so */
    struct tn_buf  *long_data;  /* of the parameters that were sent in pieces; params of them, NULL: none */
    size_t          kept;       /* bytes, of session->kept_bytes */
    struct tn_my_rows *rows;    /* its open cursor; NULL: none */
};

/* A statement, and what is told of it. */
struct tn_my_run {
    struct tn_str    sql, native; /* native: as the client wrote it; ptr NULL: as sql */
    struct tn_str    known;  /* native with values instead of the session's variables; ptr NULL: it names none */
    struct tn_str    before; /* a SET of those */
    struct tn_str    asked;  /* what the client wrote: columns have their names from there; ptr NULL: a statement of ours */
    bool             leaves; /* it may leave something on its connection */
    bool             apart;  /* no part of the session's transaction */
    bool             as_said; /* a SET that its engine is to have */
    bool             whole;   /* as struct tn_question has it */
    bool             literals; /* params are bytes that native has in its text (literals.h) */
    struct tn_params params;
    struct tn_str    bulk;    /* of tn_run; ptr NULL: none */
    enum tn_run_kind kind;
    struct tn_settings_list *settings; /* NULL: the session's */
};

/* Of the transaction that is open (track.c). */
struct tn_my_track {
    bool is_explicit, is_new; /* new: it was not told of yet */
    bool read, wrote, sent;
    char text[192];           /* SQL that would begin the like; empty: it began by itself */
};

/* What goes on when a cursor has given its connection free (rows.c). */
struct tn_my_later {
    enum { TN_MY_LATER_NOTHING, TN_MY_LATER_RUN, TN_MY_LATER_CURSOR, TN_MY_LATER_CATALOG, TN_MY_LATER_END } what;
    struct tn_my_run       run;
    struct tn_my_prepared *cursor;
    enum tn_ask_end        end;
    void                 (*after)(struct tn_my_session *s);
};

struct tn_my_session {
    struct tn_list           node;
    struct tn_grave          grave;
    struct tn_worker        *worker;
    struct tn_my_home       *home;
    struct tn_mysql         *mysql;
    struct tn_runtime       *runtime;
    struct tn_client         client;
    enum { TN_MY_HELLO, TN_MY_AUTH, TN_MY_READY, TN_MY_CLOSING } state;
    uint32_t                 id;
    uint64_t                 offered, capabilities;
    uint16_t                 charset, client_charset, results_charset; /* numbers of collations: of the connection, of what it sends, of columns */
    uint16_t                 login_charset;            /* what they begin with */
    struct tn_buf            recoded;                  /* the present command's text as UTF-8, where the client's is not */

    /* log-in */
    unsigned char            nonce[TN_MY_NONCE];
    struct tn_login          attempt;
    struct tn_my_key_wait   *key_wait;    /* it asked for the public key, which is being made; NULL: not for this one */
    bool                     proof_seen;  /* what the client knows was looked at: its leaving is a failure */
    enum { TN_MY_STEP_NONE, TN_MY_STEP_SHA2, TN_MY_STEP_SHA2_WHOLE, TN_MY_STEP_RSA, TN_MY_STEP_NATIVE, TN_MY_STEP_ANYTHING, TN_MY_STEP_FAILING } step;
    bool                     changing;    /* COM_CHANGE_USER, not the first log-in */
    struct tn_error          login_error;
    char                    *new_user, *new_database; /* owned, while changing */
    struct tn_arena          hello_arena; /* headers */
    size_t                   header_count;
    struct tn_tag           *headers;
    char                    *user, *database; /* owned; database "" = none */
    char                    *label;             /* the database of the log-in, which no engine need have; owned */
    bool                     entering;          /* the log-in is told when it is known whether its database is there */
    bool                     database_is_there; /* an engine of MySQL's kind has said so */
    char                    *using;           /* the one that such an engine is asked for; owned */
    enum { TN_MY_DATABASE_UNKNOWN, TN_MY_DATABASE_LABEL, TN_MY_DATABASE_SCHEMA } database_kind; /* to other engines: a name, or a schema of theirs */
    void                   (*placed)(struct tn_my_session *s); /* what comes when that is known */
    struct tn_str            application;
    struct tn_identity      *identity;
    bool                     doubles_are_numbers; /* a client that sends all numbers as DOUBLE */

    /* settings */
    struct tn_settings_list *settings;
    struct tn_map            variables;   /* system variables that differ, name -> char * */
    struct tn_map            user_variables;
    struct tn_map            theirs;      /* what the server that is meant says of its variables, name -> char * */
    bool                     theirs_known, may_be_theirs; /* may: a variable that Turnout does not know is the server's */
    struct tn_my_mode        mode;        /* how its texts are read */
    struct tn_my_undo        undo;        /* of the SET that is under way, also while a server is asked whether it takes it */
    void                   (*then)(struct tn_my_session *s); /* goes on when the server has answered */
    struct tn_my_assign     *assign;       /* variables that get the row that is asked for (assign.c); in `arena` */
    uint64_t                 held_numbers; /* which of the variables that are asked for are numbers */
    size_t                   variable_bytes;
    bool                     autocommit;
    bool                     read_only;       /* of later transactions */
    char                     isolation[24];   /* "SERIALIZABLE"; empty: the engine's own */
    bool                     once_read_only;  /* of the next transaction */
    char                     once_isolation[24];

    uint8_t                  sequence;   /* of the next packet to be sent */
    uint64_t                 statements;

    /* the present command */
    struct tn_arena          arena;      /* reset between statements */
    struct tn_str            text;       /* of a COM_QUERY: owned copy */
    char                    *text_memory;
    size_t                   text_at;
    struct tn_str            statement;  /* the present one in it */
    bool                     more;       /* another one follows */
    bool                     whole;      /* it is a definition of which its server knows where it ends */
    bool                     binary;     /* rows of a prepared statement */
    bool                     columns_told;
    uint16_t                 result_status; /* for the next end of a result: flags that its server told */
    struct tn_str            asked;      /* as in the run */
    size_t                   column_count;
    void                   (*on_schema)(struct tn_my_session *s, const struct tn_schema *schema, const struct tn_my_told *told); /* instead of telling it */
    void                   (*after)(struct tn_my_session *s); /* a statement of our own (commit) is through: what comes next */
    bool                     show_full;  /* SHOW FULL COLUMNS */
    struct tn_str            show_like, show_name; /* in `arena` */
    struct tn_params         params;     /* of a statement about tables that is executed */
    struct tn_my_catalog    *catalog;    /* NULL: none is asked for; catalog_ask.h */
    struct tn_ask           *ask;
    struct tn_ask_transaction tx;
    bool                     in_tx, tx_wrote;
    struct tn_my_track       track;
    char                     told_state[9], told_text[192]; /* that the client was told of last */
    bool                     in_xa;      /* XA START: no transaction of ours begins meanwhile */
    struct tn_ask_bond       bond;
    struct tn_names          names; /* of SQL's PREPARE; goes with the bond */
    struct tn_my_encoder     encoder;
    struct tn_my_bulk       *bulk;       /* a COM_STMT_BULK_EXECUTE that is under way; NULL: none */
    const struct tn_cluster *bulkless;   /* a server that takes none; not to be looked into */
    struct tn_my_prepared   *preparing;  /* a COM_STMT_PREPARE's, while its columns are asked for */
    enum tn_ask_end          ending;
    char                     begin_modes[48]; /* as it is told */
    bool                     begin_read_only; /* of the transaction that begins when the one before has ended */
    bool                     stop_after;      /* COMMIT RELEASE: good-bye when it is told */

    /* what the next statements may ask about */
    uint64_t                 last_insert_id;
    int64_t                  row_count;
    uint64_t                 found_rows;
    char                    *found_text; /* counts them, where the engine has not (found.c); NULL: they are known. As are these: */
    char                    *found_database;
    struct tn_settings_list *found_settings; /* counted */
    size_t                   warning_count, warnings_before; /* before: those of earlier statements, which this one has left there */
    struct tn_my_warning    *warnings;   /* TN_MY_WARNINGS of them; owned, NULL: none yet */
    bool                     schema_changed, state_changed; /* for the next OK: session tracking */
    size_t                   changed_count;
    struct tn_str            changed[16];    /* pairs, in `arena` */

    uint32_t                 next_statement, last_prepared; /* last: 0 = it could not be */
    struct tn_list           cursors;    /* struct tn_my_rows, those that are closed and have a connection of ours with them */
    size_t                   cursor_count, cursor_bytes;
    struct tn_my_rows       *fetching;   /* a FETCH waits for its rows; NULL: none */
    uint16_t                 cursor_status; /* flags of the packet that is being written */
    bool                     making_way;
    struct tn_my_later       later;
    struct tn_my_run         definition; /* what comes when the transaction before it is committed */
    struct tn_map            prepared;   /* id as 4 bytes -> struct tn_my_prepared */
    size_t                   kept_bytes;
};

/* conn.c */
void tn_my_accept(struct tn_worker *worker, int fd, const char *peer, void *arg);
void tn_my_close(struct tn_my_session *s, const char *reason); /* at once; frees at the end of the turn */
void tn_my_fatal(struct tn_my_session *s, struct tn_error *err, const char *reason); /* tells, then closes */
void tn_my_shut_down(struct tn_my_session *s); /* the program ends */
void tn_my_go_on(struct tn_my_session *s); /* no command keeps s->client busy any more */
void tn_my_variables_forget(struct tn_my_session *s);

static inline void tn_my_warnings_forget(struct tn_my_session *s)
{
    s->warning_count = s->warnings_before = 0;
}
static inline void tn_my_count_statement(struct tn_my_session *s)
{
    s->statements++;
    atomic_fetch_add_explicit(&s->mysql->statements, 1, memory_order_relaxed);
    s->warnings_before = s->warning_count;
}
static inline void tn_my_wait(struct tn_my_session *s) /* commands stop until tn_my_go_on() */
{
    s->client.busy = true;
}
static inline void tn_my_again(struct tn_my_session *s)
{
    tn_client_again(&s->client);
}

/* charset.c: NULL: UTF-8, or bytes */
const struct tn_my_charset *tn_my_charset_of_client(const struct tn_my_session *s);
const struct tn_my_charset *tn_my_charset_of_results(const struct tn_my_session *s);
uint16_t tn_my_charset_told(const struct tn_my_session *s); /* of texts that Turnout sends */
bool tn_my_to_utf8(struct tn_my_session *s, bool is_sql, struct tn_str *text); /* of a command; as long as that. False: an error was told */
bool tn_my_results_to_utf8(struct tn_my_session *s, struct tn_str *text); /* what a server gave that was told of the client's set; in `arena` */

/* track.c */
void tn_my_track_begin(struct tn_my_session *s, struct tn_str modes); /* before what the transaction begins with is forgotten; ptr NULL: by itself */
void tn_my_track_after(struct tn_my_session *s, const struct tn_query *q);
void tn_my_track_tell(struct tn_my_session *s, struct tn_my_ok *ok);

/* output.c */
struct tn_my_out tn_my_out(struct tn_my_session *s);
void tn_my_send_chunk(struct tn_my_session *s, struct tn_chunk *chunk);
static inline void tn_my_flush(struct tn_my_session *s)
{
    tn_client_flush(&s->client);
}
static inline bool tn_my_output_full(const struct tn_my_session *s)
{
    return tn_client_full(&s->client);
}
static inline void tn_my_forget_run(struct tn_my_session *s, const struct tn_run *run) /* its chunks are not credited any more */
{
    tn_outbox_forget_run(&s->client.out, run);
}
/* Of a duplicate key: MESSAGE, of SIZE bytes, gets MySQL's words behind it. */
void tn_my_duplicate_put(const struct tn_error *err, char *message, size_t size);
size_t tn_my_error_count(const struct tn_my_session *s); /* of its warnings */
void tn_my_ok(struct tn_my_session *s, uint64_t affected, uint64_t insert_id);
void tn_my_ok_with(struct tn_my_session *s, uint64_t affected, uint64_t insert_id, struct tn_str info);
void tn_my_error(struct tn_my_session *s, const struct tn_error *err);
void tn_my_fail(struct tn_my_session *s, uint16_t code, const char *sqlstate, const char *fmt, ...) TN_PRINTF(4, 5);
void tn_my_end_columns(struct tn_my_session *s);
void tn_my_end_rows(struct tn_my_session *s);
void tn_my_put_table(struct tn_my_session *s, const struct tn_my_table *table); /* count, definitions, their end */
void tn_my_put_row(struct tn_my_session *s, const struct tn_my_table *table, const struct tn_str *values);
void tn_my_warn(struct tn_my_session *s, const char *level, uint16_t code, const char *message);

/* login_key.c */
void tn_my_public_key(struct tn_my_session *s); /* the client has asked for it: it comes, maybe later */
void tn_my_key_forget(struct tn_my_session *s);

/* login.c */
void tn_my_greet(struct tn_my_session *s);
bool tn_my_login_packet(struct tn_my_session *s, const struct tn_my_packet *packet);
void tn_my_login_timer(struct tn_my_session *s);
void tn_my_change_user(struct tn_my_session *s, struct tn_str body);
void tn_my_login_forget(struct tn_my_session *s);

/* command.c */
void tn_my_command(struct tn_my_session *s, struct tn_str body);
void tn_my_reset(struct tn_my_session *s); /* as after the log-in */

/* use.c */
void tn_my_use(struct tn_my_session *s, struct tn_str name); /* answers, maybe later */
void tn_my_no_such_database(struct tn_my_session *s);       /* s->show_name: 1049 */
bool tn_my_put_has_database(struct tn_buf *sql, struct tn_str name); /* a SELECT over the catalog that has a row if it is there; false: no memory */
void tn_my_used(struct tn_my_session *s, bool failed);       /* the engine has said whether */
void tn_my_dropped(struct tn_my_session *s, struct tn_str sql); /* SQL, a DROP, has been executed */
/* THEN, now or later: s->statement names its tables as the member can find them. */
void tn_my_place(struct tn_my_session *s, void (*then)(struct tn_my_session *s));
void tn_my_database_settings(struct tn_my_session *s);       /* s->database, for engines: after each change of it, or of all settings */
void tn_my_charset_begin(struct tn_my_session *s);           /* the character sets are those of the log-in */

/* asked.c: events of the session's own questions, struct tn_ask's owner being the session */
void tn_my_asked_columns(struct tn_ask *ask, const struct tn_schema *schema); /* they are known */
void tn_my_asked_rows(struct tn_ask *ask, struct tn_chunk *chunk, size_t most, void (*take)(struct tn_my_session *s, struct tn_str row)); /* rows of at most MOST bytes; takes the chunk, and gives credit for it */

/* theirs.c */
/* SQL names a variable of the server's, and its values are not known yet: THEN comes when they are. False: nothing to wait for. */
bool tn_my_theirs_ask(struct tn_my_session *s, struct tn_str sql, void (*then)(struct tn_my_session *s));
bool tn_my_theirs_check(struct tn_my_session *s); /* after a SET, with its undo; true: the server is asked, and the client answered then */

void tn_my_tell_absent(struct tn_my_session *s, struct tn_query *q); /* absent.c: its error, if it is for something that only MySQL's kind has, says so */

/* found.c */
bool tn_my_found_begin(struct tn_my_session *s, const struct tn_my_run *run); /* a statement begins; true: its rows are to be counted without LIMIT */
void tn_my_found_take(struct tn_my_session *s, uint64_t rows); /* its engine has */
void tn_my_found_forget(struct tn_my_session *s);
/* SQL asks for FOUND_ROWS(), which are not known yet: THEN comes when they are. False: nothing to wait for. */
bool tn_my_found_ask(struct tn_my_session *s, struct tn_str sql, void (*then)(struct tn_my_session *s));

bool tn_my_speaks_mysql(const struct tn_my_session *s); /* state.c: what the client writes is MySQL's, whatever its engine's is */

/* assign.c: where the engine is not of MySQL's kind. False: it is, or the statement is no such; nothing was done. */
enum { TN_MY_ASSIGNED = 256 }; /* variables of one statement */
bool tn_my_assign(struct tn_my_session *s, struct tn_str sql); /* SELECT .. INTO @a, @b; DO, which gives none; with s->params */
bool tn_my_assign_is(struct tn_my_session *s, struct tn_str sql); /* it would, where no cursor is open */
bool tn_my_assign_set(struct tn_my_session *s, const struct tn_str *names, size_t count, struct tn_str select); /* "@a", ..: to the one row of SELECT */

/* held.c: variables of the session's that were left on its engine's connection, and that a SET of a system variable names
 * (SET sql_mode = @before). True: they are asked for, and THEN comes when they are known here. */
bool tn_my_held_ask(struct tn_my_session *s, struct tn_words words, void (*then)(struct tn_my_session *s));

/* show_table.c */
void tn_my_field_list(struct tn_my_session *s, struct tn_str body);

/* query.c */
void tn_my_query(struct tn_my_session *s, struct tn_str sql);
bool tn_my_usual(struct tn_my_session *s, struct tn_str *sql); /* from the session's sql_mode to MySQL's usual spelling; false: no memory */
void tn_my_query_next(struct tn_my_session *s); /* the present statement is through */
void tn_my_query_run(struct tn_my_session *s, struct tn_str sql); /* by an engine, whatever it is */
enum tn_status tn_my_query_fill(struct tn_my_session *s, struct tn_str sql, struct tn_my_run *run, struct tn_error *err);
void tn_my_query_run_as_said(struct tn_my_session *s, struct tn_str sql); /* a SET that its engine is to have */

/* run.c */
TN_MUST_USE enum tn_status tn_my_ask(struct tn_my_session *s, const struct tn_my_run *run, const struct tn_ask_events *events, void *owner,
                                     struct tn_error *err); /* TN_OK: done comes */
void tn_my_refused(struct tn_my_session *s, struct tn_error *err); /* told, and the statement is through */
struct tn_my_told tn_my_told_of(struct tn_my_session *s, const struct tn_ask *ask); /* its columns, where rows come as the server wrote them */
/* Definitions of SCHEMA's columns, of the statement SQL in MySQL's words (ptr NULL: of none); KNOWN: see origins.h. */
void tn_my_put_asked(struct tn_my_session *s, const struct tn_schema *schema, struct tn_str sql, struct tn_str known);
void tn_my_put_columns(struct tn_my_session *s, const struct tn_schema *schema, const struct tn_my_told *told); /* without what ends them */
void tn_my_notice(struct tn_my_session *s, const char *fields, size_t len);
uint64_t tn_my_affected(const struct tn_my_session *s, const struct tn_run *run); /* as MySQL counts, of its end */
void tn_my_tell_outcome(struct tn_my_session *s, struct tn_query *q); /* its error, or its end */
void tn_my_run(struct tn_my_session *s, const struct tn_my_run *run);
void tn_my_run_cancel(struct tn_my_session *s, enum tn_cancel why);
void tn_my_statement_done(struct tn_my_session *s, bool failed); /* whatever it was: the answer is written */

/* state.c */
/* The texts of RUN for SQL; PLAIN is it for other engines where it names nothing of the session (ptr NULL: made here). False: no memory. */
bool tn_my_state_fill(struct tn_my_session *s, struct tn_str sql, struct tn_str plain, struct tn_my_run *run);
void tn_my_state_after(struct tn_my_session *s, bool sent); /* SENT: the engine has been given the variables */
bool tn_my_is_bound(const struct tn_my_session *s); /* variables that are not known here may be on its connection */
bool tn_my_knows_variable(struct tn_my_session *s, struct tn_str name);

/* named.c: SQL, in MySQL's spelling with values for its variables: notes PREPARE and DEALLOCATE; of an EXECUTE the statement that it means,
 * with its values, until the next one of the session; else empty. */
struct tn_str tn_my_named_meant(struct tn_my_session *s, struct tn_str sql);

/* transaction.c */
void tn_my_end_transaction(struct tn_my_session *s, enum tn_ask_end end, void (*after)(struct tn_my_session *s));
void tn_my_begin(struct tn_my_session *s, struct tn_str modes, bool read_only);
/* SQL defines something: in MySQL that commits what was before it, and is no part of a transaction. A server of MySQL's kind does so itself. */
bool tn_my_defines(const struct tn_my_session *s, struct tn_str sql);
bool tn_my_xa_is(struct tn_str sql);
void tn_my_xa_after(struct tn_my_session *s, struct tn_str sql);
bool tn_my_in_xa(const struct tn_my_session *s); /* not any more when its connection is lost */
void tn_my_transaction_drop(struct tn_my_session *s);
void tn_my_transaction_after(struct tn_my_session *s, struct tn_ask *ask);

/* statement.c */
void tn_my_prepare_done(struct tn_my_session *s, bool failed); /* its columns are known, or it cannot be prepared */
void tn_my_prepare(struct tn_my_session *s, struct tn_str sql);
void tn_my_execute(struct tn_my_session *s, struct tn_str body);
void tn_my_long_data(struct tn_my_session *s, struct tn_str body);
void tn_my_statement_close(struct tn_my_session *s, struct tn_str body);
void tn_my_statement_reset(struct tn_my_session *s, struct tn_str body);
struct tn_my_prepared *tn_my_statement_find(struct tn_my_session *s, uint32_t id);
void tn_my_statements_forget(struct tn_my_session *s);

void tn_my_statement_unknown(struct tn_my_session *s, uint32_t id, const char *what); /* 1243, and the statement is through */

/* bulk.c */
void tn_my_bulk_execute(struct tn_my_session *s, struct tn_str body);
void tn_my_bulk_went(struct tn_my_session *s, struct tn_query *q);      /* with s->bulk: a statement of it has ended */
bool tn_my_bulk_refused(struct tn_my_session *s, struct tn_error *err); /* it was not begun; false: ERR is to be told */
void tn_my_bulk_forget(struct tn_my_session *s);

/* rows.c */
void tn_my_rows_open(struct tn_my_session *s, struct tn_my_prepared *p, const struct tn_my_run *run);
void tn_my_fetch(struct tn_my_session *s, struct tn_str body);
void tn_my_rows_close(struct tn_my_rows *rows); /* NULL is fine */
void tn_my_rows_drop(struct tn_my_session *s);  /* those that have the session's connection, which is given up */
/* Before anything is asked of an engine. True: a cursor has its connection; LATER goes on when it is free. */
bool tn_my_rows_make_way(struct tn_my_session *s, const struct tn_my_later *later);
/* RUN's texts and parameters move to the session's arena: who asked for it may give them up as soon as it has asked. False: no memory. */
TN_MUST_USE bool tn_my_keep_run(struct tn_my_session *s, struct tn_my_run *run);
void tn_my_rows_cancel(struct tn_my_session *s, enum tn_cancel why); /* a FETCH that waits for rows, or what waits for one */

/* kill.c */
void tn_my_kill(struct tn_my_session *s, uint64_t id, bool query_only); /* answers, maybe later */
void tn_my_show_processes(struct tn_my_session *s, bool full); /* answers later */
enum { TN_MY_PROCESS_COLUMNS = 8 };
/* THEN is called later, unless the session ends before. */
void tn_my_processes(struct tn_my_session *s, bool full,
                     void (*then)(struct tn_my_session *s, const struct tn_str (*rows)[TN_MY_PROCESS_COLUMNS], size_t count));

/* own.c */
bool tn_my_own(struct tn_my_session *s, struct tn_str sql); /* true: answered, or under way; false: the engine's */
bool tn_my_own_is(struct tn_my_session *s, struct tn_str sql); /* would it be? nothing is done */

/* set.c, show.c: WORDS stand behind the verb; each answers and says tn_my_statement_done(). */
void tn_my_set(struct tn_my_session *s, struct tn_words *words);
bool tn_my_set_is(struct tn_str sql);
/* SQL, a SET that was prepared, with its values in it. False: no memory. */
bool tn_my_set_text(struct tn_my_session *s, struct tn_str sql, const struct tn_params *params, struct tn_str *out);
bool tn_my_show(struct tn_my_session *s, struct tn_words *words); /* false: nothing that is known */
void tn_my_show_columns(struct tn_my_session *s); /* s->show_..: of what is no table of the catalog, but can be selected from */
void tn_my_show_create(struct tn_my_session *s);
bool tn_my_describe(struct tn_my_session *s, struct tn_words *words); /* false: no table is named */
bool tn_my_read_name(struct tn_my_session *s, struct tn_words *words, struct tn_str *name); /* [a.]b: b, without quotes */

/* status.c: SHOW STATUS */
size_t        tn_my_status_rows(void);
const char   *tn_my_status_name(size_t row);
struct tn_str tn_my_status_text(const struct tn_my_session *s, size_t row, char *out, size_t size);

#endif

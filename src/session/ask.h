/* ask.h - one statement of a client that has no PostgreSQL session (a REST request, a Trino query), through the same pipeline
 * as any other: routers, strategies, limits, history and EXPLAIN ROUTE.
 *
 *   tn_ask_start() -> [columns] chunk* (next [columns] chunk*)* done     (notice may come anywhere before done)
 *
 * On the worker that started it, as everything here; requests that come in elsewhere reach it by an errand (loop/errand.h).
 * Back-pressure: the owner keeps a chunk as long as it likes and says tn_ask_credit() when it is through with it; an engine
 * stops at TN_RUN_WINDOW chunks that were not credited. What a session answers by itself (SET, BEGIN, PREPARE ...) is
 * refused here: owners have their own ways to say it. */
#ifndef TN_SESSION_ASK_H
#define TN_SESSION_ASK_H

#include "query.h"
#include "session/settings.h"

struct tn_ask;
struct tn_explaining;

struct tn_ask_events {
    void (*params)(struct tn_ask *ask, size_t count, const uint32_t *pg_oids); /* of TN_RUN_DESCRIBE; 0 = not known. NULL: not wanted */
    /* Once, before the first chunk, when the statement returns rows. SCHEMA lives until done returns. */
    void (*columns)(struct tn_ask *ask, const struct tn_schema *schema);
    void (*chunk)(struct tn_ask *ask, struct tn_chunk *chunk); /* the owner's; freed by it, then tn_ask_credit() */
    void (*notice)(struct tn_ask *ask, const char *fields, size_t len); /* PostgreSQL notice fields; NULL: not wanted */
    void (*next)(struct tn_ask *ask); /* a result of several is complete: another follows; NULL: only the first is wanted */
    /* The end, once. ask->query tells how it went (error, run, route, group, cluster, reason); ASK is gone when this returns. */
    void (*done)(struct tn_ask *ask);
};

/* A transaction of several statements: keeps their connection. The owner's memory; begin with tn_ask_transaction_init(). No
 * engine knows of it before its first statement. */
struct tn_ask_transaction {
    struct tn_lease *lease;     /* NULL: no engine yet */
    char             modes[80]; /* "READ ONLY", "ISOLATION LEVEL SERIALIZABLE": what stands behind BEGIN */
    bool             read_only;
    bool             failed;    /* a statement of it failed: nothing but its end is taken */
    bool             bears;     /* a statement that fails is not its end where the engine says so, too (MySQL), or undoes it alone (PostgreSQL, SQLite) */
    struct tn_ask   *ask;       /* its running statement; NULL: none */
};

/* The connection that a client's session left something on (temporary tables, locks, variables): its later statements run there.
 * The owner's memory, zeroed. */
struct tn_ask_bond {
    struct tn_lease *lease;  /* NULL: nothing is left anywhere; without a slot between two statements */
    bool             leaves; /* a statement of the present transaction may have left something */
};

enum tn_ask_end { TN_ASK_NO_END, TN_ASK_COMMIT, TN_ASK_ROLLBACK };

/* What is asked, and by whom. Everything is copied but `settings`, of which a reference is taken; so all of it may be
 * temporary but for static texts where it says so. */
struct tn_question {
    const char                 *protocol;     /* a key of protocolBased; static */
    struct tn_str               user, database, application, address;
    size_t                      user_group_count;
    const struct tn_str        *user_groups;
    size_t                      header_count;
    const struct tn_tag        *headers;      /* names in lower case */
    size_t                      run_header_count;
    const struct tn_run_header *run_headers;  /* for an engine that speaks the client's protocol; secrets! */
    struct tn_settings_list    *settings;     /* replayed on the engine; turnout.group, turnout.tags and so on; not NULL */
    struct tn_str               sql;
    struct tn_str               native;       /* of tn_query; ptr NULL: none */
    struct tn_str               known;        /* of tn_query; ptr NULL: none */
    struct tn_str               meant;        /* of tn_query: an EXECUTE of SQL; else empty */
    struct tn_str               before;       /* of tn_run; ptr NULL: none */
    bool                        read_only;    /* outside of a transaction: a write is refused */
    bool                        as_said;      /* though it is a session's: the engine is to have it */
    bool                        about_tables; /* of tn_query */
    bool                        wants_id;     /* of tn_run */
    bool                        wants_found;  /* of tn_run */
    bool                        whole;        /* one definition, whatever its semicolons look like: its engine takes no two statements */
    bool                        literals;     /* params are bytes that native has in its text */
    struct tn_params            params;
    struct tn_str               bulk;         /* of tn_run; ptr NULL: none */
    enum tn_run_kind            kind;
    uint64_t                    timeout_us;   /* 0 = what settings, group and program allow */
    const struct tn_encoder    *encoder;      /* its encoder_size bytes are copied; what they point to must outlive the query: */
    size_t                      encoder_size; /* static, or of `settings` */
    struct tn_ask_transaction  *transaction;  /* NULL: outside of any */
    struct tn_ask_bond         *bond;         /* NULL: nothing is kept between statements */
    bool                        leaves;       /* the owner thinks that the statement may leave something */
    enum tn_ask_end             end;          /* of it; sql is empty then */
    const struct tn_ask_events *events;       /* static */
    void                       *owner;
    struct tn_ask             **handle;       /* set to the ask before any event; NULL: not wanted */
};

struct tn_ask {
    struct tn_query            *query;
    void                       *owner;
    const struct tn_ask_events *events; /* NULL: an orphan */
    struct tn_settings_list    *settings;
    struct tn_ask_transaction  *transaction;
    struct tn_ask_bond         *bond;   /* NULL: the statement neither needs what is left nor leaves anything */
    enum tn_ask_end             end;
    bool                        own;    /* no engine is asked: the answer is ours */
    struct tn_explaining       *explaining; /* that waits for a script */
};

/* TN_OK: `done` comes, maybe before this returns. Anything else: nothing was begun, ERR says why: TN_E_INVALID (no statement,
 * several of them, a hint that cannot be read), TN_E_UNSUPPORTED (a session's), TN_E_DENIED 25P02 (the transaction failed),
 * TN_E_LIMIT 55006 (its last statement still runs), TN_E_NOMEM. */
TN_MUST_USE enum tn_status tn_ask_start(struct tn_runtime *runtime, const struct tn_question *question, struct tn_error *err);

void tn_ask_credit(struct tn_ask *ask);                     /* for each chunk; before done only */
void tn_ask_cancel(struct tn_ask *ask, enum tn_cancel why); /* done follows, maybe at once */
/* Nobody waits for it any more: it is cancelled for WHY, no event comes, it frees itself; maybe at once. */
void tn_ask_orphan(struct tn_ask *ask, enum tn_cancel why);

/* MODES as in the struct, cut to its size. */
void tn_ask_transaction_init(struct tn_ask_transaction *transaction, struct tn_str modes, bool read_only);
/* Whatever it did comes to nothing: its statement is orphaned, its connection ended. For a client that is gone. */
void tn_ask_transaction_drop(struct tn_ask_transaction *transaction);
/* What was left is undone before another has the connection. Its transaction has been dropped, no statement runs on it. */
void tn_ask_bond_drop(struct tn_ask_bond *bond);

/* TEXT, quoted and commented as in DIALECT, holds one statement and nothing else; *SQL is it, without its semicolon.
 * TN_E_INVALID: none, several, no UTF-8. */
TN_MUST_USE enum tn_status tn_ask_statement(struct tn_str text, enum tn_dialect dialect, struct tn_str *sql, struct tn_error *err);
/* Q is filled in for QUESTION as for a run, for tn_explain() alone: tn_explain_query_new(). Its texts are the caller's. */
TN_MUST_USE enum tn_status tn_ask_fill(struct tn_query *q, const struct tn_question *question, struct tn_error *err);

#endif

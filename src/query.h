/* query.h - the one thing that travels the stages: a statement, who asked, what was decided, what it took.
 * Owned by the worker of its session. Its memory comes from its arena and goes with it. */
#ifndef TN_QUERY_H
#define TN_QUERY_H

#include "admission/admission.h"
#include "base/arena.h"
#include "base/log.h"
#include "engine/engine.h"
#include "engine/pool.h"
#include "engine/table_lister.h"
#include "policies/route/route.h"
#include "snapshot.h"
#include "stats/features.h"
#include "stats/history.h"
#include "stats/shape.h"
#include "translate/translator.h"

#include <ev.h>

enum tn_stage {
#define STAGE(name, help) TN_STAGE_##name,
#include "pipeline.def"
#undef STAGE
    TN_STAGE_COUNT
};

enum tn_step { TN_NEXT, TN_WAIT, TN_STOP, TN_BACK /* to q->back_to */ };

struct tn_query;
struct tn_adaptive;
struct tn_shadow;
struct tn_script_wait;
struct tn_scripting;

/* How the session hears of it; on the worker's thread. columns, chunk and notice as in engine.h. */
struct tn_query_events {
    void (*params)(struct tn_query *q, size_t count, const uint32_t *pg_oids);
    void (*columns)(struct tn_query *q, const struct tn_schema *schema);
    void (*chunk)(struct tn_query *q, struct tn_chunk *chunk);
    void (*notice)(struct tn_query *q, const char *fields, size_t len);
    void (*done)(struct tn_query *q); /* q->error says how; the session then calls tn_query_free() */
    void (*next)(struct tn_query *q); /* a result of several is complete (engine.h); with run.several only */
};

/* Cancel reasons, strongest wins; decides the error that the client sees. */
enum tn_cancel { TN_CANCEL_NONE, TN_CANCEL_USER, TN_CANCEL_CLIENT_GONE, TN_CANCEL_TIMEOUT, TN_CANCEL_ADMIN, TN_CANCEL_SHUTDOWN };

/* What a running statement holds: a slot (or a place in the line) and a connection. Its own object because a session keeps
 * it from statement to statement inside a transaction, and because a grant that is under way may outlive the query. */
struct tn_lease {
    struct tn_worker    *worker;
    struct tn_snapshot  *snapshot; /* counted: keeps group and cluster */
    struct tn_group     *group;
    struct tn_cluster   *cluster;
    struct tn_ticket     ticket;
    struct tn_pool_wait  pool_wait;
    struct tn_conn      *conn;     /* NULL until acquired */
    struct tn_query     *query;    /* the one it serves now, NULL between statements */
    bool                 has_slot;
    bool                 rests;    /* in its cluster's `resting` */
};

struct tn_query {
    /* given by the session */
    uint64_t                      id;       /* unique while the program runs, growing */
    struct tn_worker             *worker;
    struct tn_snapshot           *snapshot; /* counted: kept from start to record */
    struct tn_arena               arena;
    struct tn_route_context       client;   /* who and how: protocol, user, database, headers, tags, hints */
    struct tn_str                 text;     /* one statement; lives until done */
    struct tn_str                 native;   /* the same as a MySQL client wrote it, for engines that read that; ptr NULL: it is text */
    struct tn_str                 known;    /* ... with the values that the session knows in it, for translation; ptr NULL: native */
    struct tn_params              literals; /* bytes that native has in its text, and the others as parameters */
    struct tn_features            features; /* of it */
    struct tn_shape               shape;    /* of it; key[0] 0 = not read yet */
    struct tn_str                 meant; /* the shape is of this text and not of the own one: of what an EXECUTE names; else empty */
    bool                          shape_bound; /* the values of its parameters are in shape */
    enum tn_run_kind              kind;
    const struct tn_query_events *events;
    void                         *owner;
    struct tn_lease              *lease;    /* given: the session's transaction; else made on the way */
    bool                          pinned;   /* lease was given, with or without a slot: it stays the session's */
    bool                          keep_lease; /* the session takes lease when the statement succeeded or prelude_done */
    struct tn_str                 prelude;    /* run first on the same connection: the BEGIN of a lazy transaction */
    bool                          prelude_done;
    bool                          needs_writable; /* in a transaction that may write: a writable member if there is one */
    bool                          whole;     /* for a server of MySQL's alone: others might take it for several statements */
    bool                          read_only; /* the session's transaction is, or would be: a write is refused */
    struct tn_cluster            *affinity; /* described there: run there if it is eligible */
    const struct tn_schema       *told;     /* columns that the client knows from there: rows of other types are not for it */
    struct tn_group              *own;      /* Turnout's own (the console's, a catalog's): no router is asked, nothing is recorded; NULL: one of the
                                               configuration's */
    struct tn_cluster            *own_member; /* counted: it is in no topology; NULL: it lives as long as the server */
    bool                          internal; /* ROLLBACK of a lost session and the like: not recorded */
    bool                          about_tables; /* Turnout asks its engine for a client's catalog: nothing is learned, nothing tried */
    uint64_t                      timeout_us; /* the session's own (statement_timeout); 0 = none */

    /* stages */
    enum tn_stage                 stage, back_to;
    uint64_t                      stage_entered_us; /* 0 = not entered */
    struct tn_route_result        route;     /* router, rule, trace, deny */
    struct tn_group              *group;     /* where it is now: the routed group or a fallback of it */
    struct tn_cluster            *cluster;   /* chosen member */
    const char                   *reason;    /* why this member */
    uint64_t                      eligible;  /* members to wait for when none had room */
    struct tn_adaptive           *adaptive;  /* decision and plan; NULL: nothing is learned from it */
    struct tn_shadow             *shadow;    /* not NULL: this is a copy in the background, of nobody's session */
    struct tn_adaptive           *advice;    /* mode advise: what would have been done */
    enum tn_priority              priority;
    struct tn_cluster            *tried[8];  /* members that failed for their own fault */
    unsigned                      attempts;
    struct tn_run                 run;       /* the session fills in parameters, formats, encoder, settings */
    struct tn_run                 prelude_run;
    struct {
        struct tn_script_asker    asker;
        struct tn_script_wait    *wait;      /* NULL: it does not wait */
        struct tn_scripting      *said;      /* in the arena; NULL: nothing was asked yet */
        void                    (*go_on)(struct tn_query *q);
        ev_timer                  patience;  /* runs while it waits */
    }                             scripting; /* scripting.h */
    ev_timer                      deadline;  /* whole query */
    ev_timer                      queue_timer; /* queueTimeout */
    ev_timer                      queue_notice;
    ev_timer                      patience;  /* patience.h */
    enum tn_cancel                cancel;
    enum { TN_ADMIT_NEW, TN_ADMIT_QUEUED, TN_ADMIT_GRANTED } admit_stage;
    enum { TN_RUN_STAGE_NEW, TN_RUN_STAGE_CONNECT, TN_RUN_STAGE_PRELUDE, TN_RUN_STAGE_RUN, TN_RUN_STAGE_DONE } run_stage;
    struct {
        struct tn_translator_wait *wait;     /* NULL: it does not wait */
        bool                       answered, again;
        struct tn_table_wait       table_wait;
        bool                       lists, listed; /* it waits for the types of columns; it has done so for this member */
        bool                       explains; /* EXPLAIN TRANSLATION: the answer is what would be sent */
        bool                       as_written; /* the translation was refused by this engine: now the client's own text */
        bool                       refused;  /* an engine refused a translation: members that need none, now */
        unsigned                   moves;    /* from members whose dialect lacks words for it */
        enum tn_dialect            from;
        struct tn_translated       result;
        struct tn_str              sent;     /* empty: as written */
    }                             translation; /* for the chosen member */
    bool                          breaker_opened; /* by its last attempt */
    bool                          keeps_awake; /* it runs on a cluster of price autoSuspend */
    enum tn_found                 found;       /* price autoSuspend: the cluster of its last attempt; and until when that one is paid for */
    double                        awake_s;     /* without it, from its start (struct tn_run_bill) */
    bool                          entered;    /* inside tn_pipeline_resume() */
    bool                          finished;
    const struct tn_schema       *held_columns; /* not yet told: a retry must still be possible */
    bool                          unlike;     /* this member's columns are not those that were told */

    /* outcome */
    struct tn_error               error;
    enum tn_history_outcome       outcome;
    uint64_t                      started_us, started_wall_us, queued_at_us, ended_us;
    uint64_t                      queue_us;   /* spent in queues */
    uint64_t                      first_byte_us; /* after started_us; 0 = no row */

    struct tn_list                node;       /* runtime's list of queries */
    struct tn_grave               grave;
};

/* A query with its defaults, linked into the worker's list; NULL when there is no memory. */
struct tn_runtime;
TN_MUST_USE struct tn_query *tn_query_new(struct tn_runtime *runtime);
struct tn_str tn_query_tags_text(struct tn_query *q); /* of its client, "a,b:c", in the query's arena; empty = none */
void tn_query_free(struct tn_query *q); /* after done; at the end of the loop turn */
void tn_query_free_spares(struct tn_runtime *runtime); /* at the very end */

/* Ends it early; `done` follows, maybe at once. The strongest reason wins. */
void tn_query_cancel(struct tn_query *q, enum tn_cancel why);
/* Nobody is to hear of it any more: it is cancelled and frees itself and its lease, maybe at once. */
void tn_query_orphan(struct tn_query *q);
struct tn_query *tn_query_find(struct tn_runtime *runtime, uint64_t id); /* of this worker; NULL = not here */
/* The shortest time-out of what session, GROUP and program allow; 0 = none of them sets a limit. */
uint64_t tn_query_timeout_us(const struct tn_query *q, const struct tn_group_conf *group);
/* "queued", "running", ... for people. */
const char *tn_query_state(const struct tn_query *q);

struct tn_lease *tn_lease_new(struct tn_query *q);
/* Connection back to the pool (or ended), slot to the next in line. NULL is fine. */
void tn_lease_release(struct tn_lease *lease);
void tn_lease_release_slot(struct tn_lease *lease);
/* Between two statements of a transaction: the slot goes where the engine is not held up by one that is left alone; the next statement waits for
 * another, but for the end of the transaction, which waits for none. */
void tn_lease_rest(struct tn_lease *lease);
void tn_lease_wake(struct tn_lease *lease); /* it has a slot again, or ends */
/* Gives up a place in the line, if there is one; the lease stays. A grant that is under way comes to nothing. */
void tn_lease_leave_queue(struct tn_lease *lease);

#endif

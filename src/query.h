/* query.h - the one thing that travels the stages: a statement, who asked, what was decided, what it took.
 * Owned by the worker of its session. Its memory comes from its arena and goes with it. */
#ifndef TN_QUERY_H
#define TN_QUERY_H

#include "admission/admission.h"
#include "base/arena.h"
#include "engine/engine.h"
#include "engine/pool.h"
#include "policies/route/route.h"
#include "snapshot.h"
#include "stats/features.h"
#include "stats/history.h"

#include <ev.h>

enum tn_stage {
#define STAGE(name, help) TN_STAGE_##name,
#include "pipeline.def"
#undef STAGE
    TN_STAGE_COUNT
};

enum tn_step { TN_NEXT, TN_WAIT, TN_STOP, TN_BACK /* to q->back_to */ };

struct tn_query;

/* How the session hears of it; on the worker's thread. columns, chunk and notice as in engine.h. */
struct tn_query_events {
    void (*params)(struct tn_query *q, size_t count, const uint32_t *pg_oids);
    void (*columns)(struct tn_query *q, const struct tn_schema *schema);
    void (*chunk)(struct tn_query *q, struct tn_chunk *chunk);
    void (*notice)(struct tn_query *q, const char *fields, size_t len);
    void (*done)(struct tn_query *q); /* q->error says how; the session then calls tn_query_free() */
};

enum tn_outcome { TN_OUTCOME_OK, TN_OUTCOME_ERROR, TN_OUTCOME_CANCELLED, TN_OUTCOME_TIMEOUT, TN_OUTCOME_DENIED, TN_OUTCOME_REFUSED };
const char *tn_outcome_name(enum tn_outcome outcome);

/* Cancel reasons, strongest wins; decides the error that the client sees. */
enum tn_cancel { TN_CANCEL_NONE, TN_CANCEL_USER, TN_CANCEL_CLIENT_GONE, TN_CANCEL_TIMEOUT, TN_CANCEL_ADMIN, TN_CANCEL_SHUTDOWN };

struct tn_query {
    /* given by the session */
    uint64_t                      id;       /* unique while the program runs, growing */
    struct tn_worker             *worker;
    struct tn_snapshot           *snapshot; /* counted: kept from start to record */
    struct tn_arena               arena;
    struct tn_route_context       client;   /* who and how: protocol, user, database, headers, tags, hints */
    struct tn_str                 text;     /* one statement, in the arena */
    enum tn_run_kind              kind;
    const struct tn_query_events *events;
    void                         *owner;
    struct tn_conn               *pinned;   /* the session's connection in a transaction; never released here */
    bool                          pin;      /* the session wants the connection afterwards: q->run.conn at done */
    bool                          needs_writable; /* in a transaction that may write: choose a writable member if there is one */
    struct tn_cluster            *affinity; /* described there: run there if it is eligible (not counted; in the snapshot) */
    bool                          internal; /* BEGIN of a lazy transaction and the like: not recorded, no slot */
    uint64_t                      timeout_us; /* the session's own (statement_timeout); 0 = none */

    /* stages */
    enum tn_stage                 stage, back_to;
    struct tn_features            features;
    struct tn_route_result        route;     /* group, router, rule, trace, deny */
    struct tn_group              *group;     /* where it is now: route.group or a fallback of it */
    struct tn_cluster            *cluster;   /* chosen member */
    const char                   *reason;    /* why this member */
    uint64_t                      tried;     /* bit per member of group that failed for its own fault */
    unsigned                      attempts;
    struct tn_ticket              ticket;    /* slot or place in the queue */
    struct tn_pool_wait           pool_wait;
    struct tn_run                 run;
    ev_timer                      deadline;
    ev_timer                      queue_notice; /* 5 s in the queue */
    enum tn_cancel                cancel;
    bool                          waiting_pool, running, finished;

    /* outcome */
    struct tn_error               error;
    enum tn_outcome               outcome;
    uint64_t                      started_us, queued_us /* total in the queue */, run_started_us, first_byte_us, ended_us;
    uint64_t                      started_wall_us;
    uint64_t                      rows, bytes;

    struct tn_list                node;      /* worker's list of running queries */
    struct tn_grave               grave;
};

#endif

/* explain.h - what would become of a statement, and why: EXPLAIN ROUTE, /admin/explain, `turnout explain`. The routers are
 * asked and a member is chosen as for a real query, but nothing runs, nothing is learned, counted or recorded, and no
 * strategy's turn moves on. On a worker's thread; neither blocks nor asks an engine. */
#ifndef TN_EXPLAIN_H
#define TN_EXPLAIN_H

#include "base/json.h"
#include "policies/strategy/decide.h"
#include "policies/strategy/strategy.h"
#include "query.h"

enum { TN_EXPLAIN_GROUPS = 8, TN_EXPLAIN_TEXT = 2000 };

/* What a strategy that learns makes of it. */
struct tn_explained_decision {
    enum tn_cfg_strategy    strategy;
    struct tn_decide_policy policy;
    struct tn_shape         shape;
    bool                    shape_known;   /* it was seen before */
    bool                    shape_pinned;
    uint32_t                visits;
    bool                    may_explore;   /* this statement may be tried elsewhere */
    size_t                  count;         /* candidates */
    uint8_t                 member[TN_GROUP_MEMBERS]; /* of each candidate */
    struct tn_plan          plan;          /* outlooks in the order of the candidates */
};

/* One group on the way: the one that was routed to, then its fallbacks while nobody takes it at once. */
struct tn_explained_group {
    struct tn_group       *group;
    const char            *strategy;      /* name of the one that chose */
    bool                   strategy_hint; /* the request's own, not the group's */
    size_t                 member_count;
    struct tn_member_view *members;       /* in the explanation's arena, in the order of the group */
    enum tn_status         status;        /* OK: chosen; AGAIN: nobody has room; else `error` */
    struct tn_choice       choice;
    struct tn_error        error;
    bool                   pinned;        /* the session is bound to the choice: the decision is what would be made otherwise */
    char                   script[400];   /* what a script that chooses members said; empty: none was asked */
    struct tn_explained_decision *decision; /* NULL: the strategy does not learn, or nobody is eligible */
};

struct tn_explanation {
    struct tn_arena           arena;
    struct tn_str             text;       /* of the statement; the caller's */
    char                      templated[TN_EXPLAIN_TEXT]; /* without literals */
    char                      meant[TN_EXPLAIN_TEXT]; /* of an EXECUTE: the statement that it names; else empty */
    const struct tn_features *features;   /* the query's */
    const struct tn_route_result *route;  /* the query's */
    bool                      own;        /* the session answers it by itself: nothing is routed */
    struct tn_str             catalog_of; /* what a client asks of PostgreSQL's catalog is answered from what this cluster has; empty: it runs */
    bool                      pinned;     /* to `pinned_to`, by a transaction or what the session left there */
    struct tn_cluster        *pinned_to;
    size_t                    group_count;
    struct tn_explained_group groups[TN_EXPLAIN_GROUPS];
    bool                      translates; /* between dialects, for the member that gets it */
    struct tn_str             sent;       /* what it is then, as far as is known; empty: not translated yet, or it cannot be */
    struct tn_str             untranslated; /* why not */
    struct tn_error           error;      /* why nobody gets it; status OK: somebody does, or it waits */
    size_t                    at;         /* 1 + the one of the groups where it runs or waits; 0: nowhere. It may be copied */
};

static inline const struct tn_explained_group *tn_explanation_at(const struct tn_explanation *e)
{
    return e->at == 0 ? NULL : &e->groups[e->at - 1];
}

/* Q is filled in as for a run (worker, snapshot, client, features, text, lease when pinned) but never started. OWN: the
 * session would answer it. OUT is ended with tn_explanation_reset(), before Q. TN_E_INVALID: a hint that means nothing; TN_E_NOMEM.
 * TN_AGAIN: a script is to be asked first; tn_explaining_start() does that. */
TN_MUST_USE enum tn_status tn_explain(struct tn_explanation *out, struct tn_query *q, bool own, struct tn_error *err);
void tn_explanation_reset(struct tn_explanation *explanation);

/* The same, and waits for scripts. DONE is called once, before tn_explaining_start() returns or later, on the worker's thread: STATUS,
 * EXPLANATION and ERR say what came out. It ends them with tn_explaining_end(), before the query. */
struct tn_explaining {
    struct tn_query      *query; /* given; must outlive it */
    bool                  own;   /* given */
    struct tn_str         catalog_of; /* given: of the explanation; in the query's arena */
    void (*done)(struct tn_explaining *e); /* given */
    void                 *owner; /* given */
    enum tn_status        status;
    struct tn_explanation explanation;
    struct tn_error       err;
};
void tn_explaining_start(struct tn_explaining *e);
void tn_explaining_end(struct tn_explaining *e);
void tn_explaining_abandon(struct tn_explaining *e); /* while it waits: DONE will not be called */

/* explain_decide.c: fills in at->decision, and the choice where the group acts on it. Nothing is changed. */
TN_MUST_USE enum tn_status tn_explain_decide(struct tn_explanation *explanation, struct tn_explained_group *at, struct tn_query *q,
                                             struct tn_error *err);
/* What is believed of MEMBER; NULL: nothing was asked about it. */
const struct tn_outlook *tn_explain_outlook(const struct tn_explained_group *at, size_t member);
bool tn_explain_is_marginal(const struct tn_cluster *cluster); /* its dollars are what is paid more; else its share of what is paid */
bool tn_explain_is_advice(const struct tn_explained_group *at); /* the decision is recorded, not followed */

/* A query for tn_explain() alone: in no list, without an id. */
struct tn_query *tn_explain_query_new(struct tn_runtime *runtime); /* NULL: no memory */
void             tn_explain_query_free(struct tn_query *q);

/* A statement that a session answers by itself (SET, BEGIN, ...), whoever the client is. */
bool tn_explain_is_sessions(const struct tn_features *features);

/* `statement` of an explanation: what is known of its text. */
void tn_explain_features_json(const struct tn_features *features, struct tn_json *json);

void tn_explanation_text(const struct tn_explanation *explanation, struct tn_buf *out); /* lines for people */
void tn_explanation_json(const struct tn_explanation *explanation, struct tn_json *json, const char *key); /* one object */

#endif

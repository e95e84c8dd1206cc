/* decide.h - where the next query of a shape goes, how long each attempt may take, and what is learned from how it ended.
 *
 * The same code decides in the server, in `turnout replay` and in `turnout simulate`: it knows no clock, no engine and no
 * session. The policy is that of exploration (plans of attempts with deadlines), first sight and cost routing; see the .c files,
 * one strategy each.
 *
 *   tn_decide -> plan -> (attempt runs, ends) tn_decide_attempt_ended ... -> tn_decide_query_ended
 *
 * Thread-safe: a shape's part under its shard's lock, what is learned across shapes under the lock of the learner. */
#ifndef TN_POLICIES_STRATEGY_DECIDE_H
#define TN_POLICIES_STRATEGY_DECIDE_H

#include "base/rand.h"
#include "stats/price.h"
#include "stats/store.h"

enum { TN_PLAN_ATTEMPTS = 12, TN_PLAN_SHADOWS = 4, TN_DECIDE_CANDIDATES = 64 };

enum tn_objective { TN_OBJECTIVE_LATENCY, TN_OBJECTIVE_COST, TN_OBJECTIVE_THROUGHPUT, TN_OBJECTIVE_BALANCED };
enum tn_explore_mode { TN_EXPLORE_OFF, TN_EXPLORE_INLINE, TN_EXPLORE_SHADOW, TN_EXPLORE_BOTH };

/* Why the plan begins as it does. DECIDE_REASON(NAME, "text", "help") in reasons.def. */
enum tn_reason {
#define DECIDE_REASON(name, text, help) TN_REASON_##name,
#include "policies/strategy/reasons.def"
#undef DECIDE_REASON
    TN_REASON_COUNT
};
const char *tn_reason_text(enum tn_reason reason);
const char *tn_reason_help(enum tn_reason reason);

/* What the belief about the first attempt came from. */
enum tn_rung { TN_RUNG_EXACT, TN_RUNG_BAND, TN_RUNG_SHAPE, TN_RUNG_SIMILAR, TN_RUNG_CLASS, TN_RUNG_PRIOR, TN_RUNG_COUNT };
const char *tn_rung_text(enum tn_rung rung);

/* All that is learned: store, effects of clusters, accounts of groups, the model of the text. */
struct tn_learner;

/* Parameters with their reasons are in constants.def; tests and tools may change them: "kappa", "xbud", "joint" ... */
TN_MUST_USE enum tn_status tn_learner_new(struct tn_learner **out, struct tn_store *store, uint64_t seed, struct tn_error *err);
void             tn_learner_free(struct tn_learner *learner); /* after its store was closed, which writes it once more; NULL is fine */
/* CLUSTER's number was given to another (tn_store_cluster_is_new()): nothing is known of that. */
void             tn_learner_forget(struct tn_learner *learner, unsigned cluster);
/* What is known of one shape (KEY), or of every shape (KEY NULL), is forgotten, in the store too. What was learned across shapes
 * (effects of engines, accounts, models) stays. */
void             tn_learner_reset(struct tn_learner *learner, const uint64_t key[2]);
/* For trying: one that says with what learning starts (s2, v_start, ...) has an effect before the first decision only. */
bool             tn_learner_set(struct tn_learner *learner, const char *constant, double value); /* false: no such constant */

/* A group's budgets and promises. Kept by name, over reloads and restarts. */
struct tn_group_account;
struct tn_group_account *tn_learner_group(struct tn_learner *learner, struct tn_str name); /* NULL: no memory */

struct tn_decide_policy { /* of a group; a request may override the objective */
    enum tn_objective    objective;
    bool                 p95;              /* objective latency: the 95th percentile instead of the median */
    double               max_p95_s;        /* cost: the promise; 0 = none */
    double               usd_per_second;   /* balanced: value of time */
    enum tn_explore_mode explore;
    double               budget;           /* share of users' time that cut attempts may take, .05 */
    double               shadow_share;     /* of engine time, .05 */
    double               max_s;            /* no exploring attempt longer than this; 0 = no limit */
    double               max_usd_per_day;  /* of exploring; 0 = no limit */
    double               uniform;          /* probability of a logged uniform choice, .01 */
    unsigned             pin_runs;         /* PINNED: 20 observations */
    double               pin_gap;          /* and this gap, .25 */
    bool                 frozen;           /* decide, learn nothing, explore nothing */
};
#define TN_DECIDE_POLICY_DEFAULT                                                                                      \
    {                                                                                                                 \
        .objective = TN_OBJECTIVE_LATENCY, .usd_per_second = .003, .explore = TN_EXPLORE_INLINE, .budget = .05,       \
        .shadow_share = .05, .uniform = .01, .pin_runs = 20, .pin_gap = .25                                           \
    }

struct tn_decide_candidate {
    uint8_t                cluster;  /* of the store */
    bool                   spare;    /* only when no other is left (breaker open) */
    bool                   no_cut;   /* cannot be cancelled there, or the operator says so: no deadline, no shadow */
    bool                   no_room;  /* all slots are taken */
    double                 slots;    /* 0 = not known: no load term */
    unsigned               running;  /* ours, there, just now, of all workers */
    double                 awake_s;  /* autoSuspend: until it would suspend, 0 = it is asleep */
    const struct tn_price *price;    /* NULL = free */
};

struct tn_decide_request {
    const struct tn_shape          *shape;
    const struct tn_shape_about    *about;
    struct tn_group_account        *account;
    const struct tn_decide_policy  *policy;
    const struct tn_decide_candidate *candidates;
    size_t                          count;     /* >= 1 */
    uint64_t                        query;     /* id, unique */
    uint64_t                        now_us;
    uint64_t                        described; /* hash of what its client was told of its columns elsewhere; 0 = nothing */
    double                          timeout_s; /* the statement's; the planning limit (200 s) when 0 */
    bool                            may_cut;     /* one plain read in autocommit whose result can be held back */
    bool                            may_explore; /* and nothing forbids trying another engine */
    bool                            dry;         /* explain: nothing is changed or counted */
    bool                            given;       /* the one candidate was chosen elsewhere: nothing is weighed, its run is learned */
};

struct tn_attempt {
    uint8_t candidate;   /* place in the request's candidates */
    uint8_t cluster;
    bool    flying;      /* internal: the flight may be linked to its shape */
    double  deadline_s;  /* 0 = none */
    double  held_s, held_usd; /* internal: of a shadow, what is held of the account until it ends: seconds, micro-dollars */
    struct tn_flight flight;
};

/* How one candidate looked, for explaining and records. */
struct tn_outlook {
    uint8_t      cluster;
    unsigned     n;
    bool         told;             /* it may run this shape: all of what follows up to index is known */
    double       ln_p50, ln_p95, most_s; /* see tn_outlook_p50_s() */
    double       mean_s;           /* expected */
    double       usd;              /* expected bill, micro-dollars */
    double       success, load;    /* share, running / slots */
    double       index;            /* what was compared; less is better */
    enum tn_rung rung;
    bool         bounded; double bound_s; /* known only to take longer than this */
};

/* Seconds that are believed, load included; 0 where nothing was told. Few ask: they are computed only then. */
double tn_outlook_p50_s(const struct tn_outlook *outlook);
double tn_outlook_p95_s(const struct tn_outlook *outlook);

struct tn_plan {
    uint64_t          query;
    uint64_t          shape[2];
    uint8_t           band; bool banded;
    uint32_t          numbers_given; /* internal: numbers of clusters given again before it was made */
    size_t            count;      /* attempts, in order; the one without a deadline ends the plan but for errors */
    size_t            shadow_count;
    bool              explore;    /* the first attempt is not the believed best */
    enum tn_reason    reason;
    enum tn_rung      rung;
    double            predicted_s, predicted_usd; /* of the attempts together, their deadlines included; micro-dollars */
    double            propensity; /* of the first attempt's cluster; < 1 where chance chose */
    size_t            outlook_count; /* of all candidates, in their order; at most 8 kept */
    double            baseline_s;  /* internal: what the incumbent would take */
    double            gain;        /* internal: expected of a look at a known cluster, as a share of that; 0 = none */
    double            promised;    /* internal: predicted violations of the promise */
    bool              counted;
    struct tn_attempt attempts[TN_PLAN_ATTEMPTS]; /* large ones last: what is beyond their counts is not set */
    struct tn_attempt shadows[TN_PLAN_SHADOWS];
    struct tn_outlook outlook[8];
};

/* Never fails: with nothing known, or a shape that the store does not take, a plan from priors. The plan must not move in
 * memory until tn_decide_query_ended(). Attempts name each candidate at most twice. */
void tn_decide(struct tn_learner *learner, const struct tn_decide_request *request, struct tn_plan *plan);

enum tn_attempt_end {
    TN_ATTEMPT_DONE,        /* answered */
    TN_ATTEMPT_CUT,         /* at its deadline, by us */
    TN_ATTEMPT_TIMEOUT,     /* the statement's time-out */
    TN_ATTEMPT_GIVEN_UP,    /* cancelled by the client or an operator: longer than this, if it says anything */
    TN_ATTEMPT_ERROR,       /* the engine's fault */
    TN_ATTEMPT_UNSUPPORTED, /* the engine cannot do this statement: it is not asked again for a while */
    TN_ATTEMPT_NOT_LEARNED  /* the statement's own fault, a cached answer, another's connection lost */
};
struct tn_attempt_result {
    enum tn_attempt_end end;
    double              seconds;   /* on the engine: no queue, no waiting for the client */
    bool                engine_time; /* seconds come from the engine itself, without its load */
    bool                other_state; /* the cluster was asleep or starting where it was thought awake, or the other way round: that teaches nothing of either */
    unsigned            running;   /* ours there at the start, without this one */
    double              bytes;     /* scanned; < 0 = not known */
    double              usd;       /* micro-dollars of the bill; < 0 = not known */
    bool                breaker_open;    /* it was sent before the breaker opened */
    bool                breaker_opened;  /* this error opened it */
    char                sqlstate[6];     /* of an error */
    uint64_t            now_us;
};
/* INDEX in attempts, or in shadows when SHADOW. */
void tn_decide_attempt_ended(struct tn_learner *learner, const struct tn_decide_request *request, struct tn_plan *plan, size_t index,
                             bool shadow, const struct tn_attempt_result *result);

/* CLUSTER of the request cannot do this statement, as another's success has shown: it is not asked for a while. */
void tn_decide_refused(struct tn_learner *learner, const struct tn_decide_request *request, uint8_t cluster, const char *sqlstate, uint64_t now_us);

/* Shadow INDEX of PLAN begins at NOW_US and goes on after PLAN is gone: it becomes the one shadow of OWN, whose attempt_ended wants a
 * request with its candidate as the only one. OWN must not move until then. (One that is not to run: attempt_ended, NOT_LEARNED.) */
void tn_decide_detach_shadow(struct tn_learner *learner, const struct tn_decide_request *request, struct tn_plan *plan, size_t index,
                             uint64_t now_us, struct tn_plan *own);

/* The query is over for its user (shadows may still run): accounts are settled; attempts that never began are forgotten.
 * Must be called once for every plan that was not dry. */
struct tn_query_result {
    bool     ok;
    double   seconds; /* as the user saw it, queue included */
    uint64_t now_us;
};
void tn_decide_query_ended(struct tn_learner *learner, const struct tn_decide_request *request, struct tn_plan *plan, const struct tn_query_result *result);

#endif

/* learner.h - inside of decide.h: what is learned and the account of a group. Internal to policies/strategy.
 * Locks: a shape's shard (tn_store_acquire) before `lock`; never two shapes at once. */
#ifndef TN_POLICIES_STRATEGY_LEARNER_H
#define TN_POLICIES_STRATEGY_LEARNER_H

#include "policies/strategy/bands.h"
#include "policies/strategy/decide.h"
#include "policies/strategy/gain.h"
#include "policies/strategy/negative.h"
#include "stats/belief.h"
#include "stats/model.h"
#include "stats/model_samples.h"

#include <pthread.h>
#include <stdatomic.h>

struct tn_trainer;

enum { TN_ACCOUNTS = 256, TN_ACCOUNT_NAME = 64 };

struct tn_account_numbers { /* as they are kept in the file */
    double decided;        /* decisions */
    double served_s;       /* users' seconds */
    double cut_s;          /* of exploring attempts that were cut */
    double engine_s;       /* of all attempts */
    double shadow_s;
    double theta;          /* price of shadow room */
    double usd, usd_n;     /* micro-dollars of all attempts, complete runs */
    double day, day_usd;   /* exploring: day number of the clock, spent in it */
    double balance, queries;   /* cost: late ones over those that the promise allows; decisions */
    double least_usd, least_n; /* mean of what the cheapest known run costs */
};

struct tn_group_account {
    char                      name[TN_ACCOUNT_NAME];
    struct tn_account_numbers n;
    double                    held_s, held_usd; /* of shadows that are planned or run: what they are expected to take */
    struct tn_gain            gain;
};

struct tn_learner {
    struct tn_store        *store;
    pthread_mutex_t         lock;         /* what each decision counts lies in the same line of the cache (struct tn_world) */
    struct tn_world         world;
    _Atomic uint64_t        rand;         /* state of a tn_rand: tn_learner_draw() */
    _Atomic uint32_t        numbers_given; /* numbers of clusters that were given again, */
    _Atomic uint32_t        given_at[TN_STORE_CLUSTERS]; /* and which of them this one was last; 0 = none: tn_learner_passed_on() */
    struct tn_negative      negative;     /* own lock */
    struct tn_bands         bands;        /* own lock */
    size_t                  account_count;
    struct tn_group_account accounts[TN_ACCOUNTS];
    struct tn_model        *model;        /* of the text; NULL = none (yet); counted reference */
    struct tn_model_samples *samples;     /* own lock; NULL = there shall be no model */
    bool                    model_changed; /* since it was last written */
    _Atomic uint64_t        samples_written_us; /* 0: they are written with the next flush; the writer's thread, reset at stop */
    struct tn_trainer      *trainer;      /* its thread; NULL = none */
    uint64_t                trained_at;   /* world.ended of the last training */
};

/* What one decision works on. */
struct tn_decision {
    struct tn_learner              *learner;
    const struct tn_decide_request *request;
    struct tn_plan                 *plan;
    struct tn_view                  view;
    struct tn_account_numbers       account; /* copy */
    uint64_t                        decisions;
    double                          looks_pay; /* tn_world_look_pays() */
    double                          look_room; /* tn_gain_room(); no limit where money counts */
    int                             one_best;  /* tn_gain_one_best() */
    struct tn_side                 *side[TN_DECIDE_CANDIDATES];  /* of each candidate */
    bool                            usable[TN_DECIDE_CANDIDATES]; /* spare ones only when there is nothing else */
    double                          load[TN_DECIDE_CANDIDATES];  /* ln of the factor by which load lengthens a run */
    double                          cost[TN_DECIDE_CANDIDATES];  /* expected, with risk and errors: what is compared */
    double                          mean[TN_DECIDE_CANDIDATES];  /* expected seconds */
    double                          sigma[TN_DECIDE_CANDIDATES]; /* of one run's ln seconds */
    double                          ok[TN_DECIDE_CANDIDATES];    /* success probability */
    double                          hopeless[TN_DECIDE_CANDIDATES];
    double                          usd[TN_DECIDE_CANDIDATES];   /* expected bill of a whole run, micro-dollars */
    double                          usd_expected[TN_DECIDE_CANDIDATES]; /* of a scan whose bill nobody has seen; 0 = not known */
    double                          timeout_s, ln_timeout;
    double                          reach;      /* chance that what the plan has so far is all cut */
    bool                            percentile; /* the 95th is what is compared, not the mean */
    size_t                          best;
};

struct tn_price_line { /* what SECONDS on a cluster cost in units of the objective: per_second * SECONDS + fixed */
    double per_second, fixed;
};

/* Chance for COUNT numbers that nobody else gets. Each draw moves the state by the same step, so no lock is needed. */
static inline struct tn_rand tn_learner_draw(struct tn_learner *learner, unsigned count)
{
    return (struct tn_rand){atomic_fetch_add_explicit(&learner->rand, count * TN_RAND_STEP, memory_order_relaxed)};
}

/* CLUSTER's number was given to another since GIVEN was what it is in the learner: what began then says nothing of the one that has it now. */
static inline bool tn_learner_passed_on(struct tn_learner *learner, uint8_t cluster, uint32_t given)
{
    return cluster < TN_STORE_CLUSTERS && (int32_t)(atomic_load_explicit(&learner->given_at[cluster], memory_order_acquire) - given) > 0;
}

/* Is a look at what is known worth anything? Not where nothing would be learned of it: its user has had his share. */
static inline bool tn_decision_teaches(const struct tn_decision *d)
{
    const struct tn_decide_request *r = d->request;
    uint64_t                        tenant = r->about == NULL ? 0 : r->about->tenant;

    return tn_store_may_teach(d->learner->store, r->shape->key, tenant, d->learner->world.k.tenant_share, r->now_us, false) != TN_TEACH_NOT;
}

/* decide_costs.c */
void   tn_decision_costs(struct tn_decision *d);
size_t tn_decision_best(const struct tn_decision *d, size_t but); /* least cost among the usable; SIZE_MAX: none */
double tn_decision_bill(const struct tn_decision *d, size_t at, double seconds);
struct tn_price_line tn_decision_line(const struct tn_decision *d, size_t at);
double tn_decision_seconds(const struct tn_decision *d, size_t at); /* expected, with errors where seconds are the objective */

/* first_sight.c, explore.c: fill in the plan. */
void tn_first_sight(struct tn_decision *d);
void tn_known_shape(struct tn_decision *d);

/* cost.c: a plan under the promise max_p95_s; what it came to. */
void tn_cost_plan(struct tn_decision *d);
void tn_cost_settle(struct tn_learner *learner, const struct tn_decide_request *request, const struct tn_plan *plan,
                    const struct tn_query_result *result);

/* plan.c */
void tn_plan_add(struct tn_decision *d, size_t at, double deadline_s);
void tn_plan_add_rest(struct tn_decision *d, size_t first); /* the others by cost; FIRST (SIZE_MAX: none) ahead of them */

#endif

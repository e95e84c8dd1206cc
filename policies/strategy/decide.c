#include "policies/strategy/decide.h"

#include "policies/strategy/entry.h"
#include "policies/strategy/negative.h"
#include "policies/strategy/view.h"

#include <math.h>
#include <string.h>

static const double Z95 = 1.6448536269514722;

static bool any_unknown(const struct tn_view *view)
{
    for (size_t i = 0; i < view->count; i++)
        if (view->sides[i].cell.n == 0)
            return true;
    return false;
}

static bool cannot(const struct tn_decision *d, size_t at)
{
    const struct tn_decide_request *request = d->request;
    struct tn_negative             *negative = &d->learner->negative;
    uint64_t                        told[2] = {request->shape->key[0], request->shape->key[1] ^ request->described};
    uint8_t                         cluster = request->candidates[at].cluster;

    return tn_negative_knows(negative, request->shape->key, cluster, request->now_us) ||
           (request->described != 0 && tn_negative_knows(negative, told, cluster, request->now_us));
}

/* Spare candidates and those that cannot do this shape come in only when there is no other. */
static void find_usable(struct tn_decision *d)
{
    const struct tn_decide_request *request = d->request;
    bool                            any = false, told = tn_negative_any(&d->learner->negative);

    for (unsigned pass = 0; pass < 3 && !any; pass++)
        for (size_t i = 0; i < request->count; i++) {
            d->usable[i] = (pass >= 1 || !request->candidates[i].spare) && (pass >= 2 || !told || !cannot(d, i));
            any = any || d->usable[i];
        }
    for (size_t i = 0; i < request->count; i++)
        d->side[i]->eligible = true;
}

static void fill_sides(struct tn_decision *d, struct tn_shape_entry *entry)
{
    const struct tn_decide_request *request = d->request;

    tn_view_take(&d->view, d->learner, entry, request->shape->class);
    for (size_t i = 0; i < request->count; i++) {
        d->side[i] = tn_view_take_side(&d->view, d->learner, request->candidates[i].cluster);
        if (d->side[i] == NULL) /* more cells than sides: those of clusters that are not asked make room */
            d->side[i] = &d->view.sides[TN_SIDES - 1 - i];
    }
    if (any_unknown(&d->view))
        tn_view_take_offsets(&d->view, d->learner);
}

/* Of seconds: where money counts it says nothing. */
static void take_gain(struct tn_decision *d)
{
    const struct tn_gain      *gain = &d->request->account->gain;
    const struct tn_constants *k = &d->learner->world.k;
    enum tn_objective          objective = d->request->policy->objective;
    bool                       seconds = objective == TN_OBJECTIVE_LATENCY || objective == TN_OBJECTIVE_THROUGHPUT;

    d->look_room = seconds ? tn_gain_room(gain, k) : HUGE_VAL;
    d->one_best = seconds ? tn_gain_one_best(gain, k) : -1;
}

static void count_decision(struct tn_decision *d)
{
    struct tn_learner *learner = d->learner;

    if (!d->request->dry) {
        learner->world.decisions++;
        d->request->account->n.decided++;
    }
    d->decisions = learner->world.decisions;
    d->looks_pay = tn_world_look_pays(&learner->world);
    take_gain(d);
    d->account = d->request->account->n;
    d->account.decided = fmax(d->account.decided, 1);
    if (floor((double)d->request->now_us / 86400e6) > d->account.day)
        d->account.day_usd = 0;
    d->account.shadow_s += d->request->account->held_s;
    d->account.day_usd += d->request->account->held_usd;
}

/* All that is taken from the learner, at once: each round over its lock costs as much as two beliefs. */
static void fill_view(struct tn_decision *d, struct tn_shape_entry *entry)
{
    pthread_mutex_lock(&d->learner->lock);
    fill_sides(d, entry);
    count_decision(d);
    pthread_mutex_unlock(&d->learner->lock);
    if (entry != NULL)
        tn_view_flights(&d->view, entry, d->request->now_us);
    if (any_unknown(&d->view))
        tn_view_predict(&d->view, d->learner, d->request->about);
}

/* ---- the state that is reported ---- */

static bool pinned(const struct tn_decision *d, const struct tn_shape_entry *entry)
{
    const struct tn_decide_policy *policy = d->request->policy;
    const struct tn_side          *best = d->side[d->best], *second = NULL;
    double                         second_cost = HUGE_VAL, gap, z, runs = 0;
    bool                           was = entry != NULL && (entry->flags & TN_SHAPE_PINNED) != 0;

    for (size_t i = 0; i < d->request->count; i++) {
        runs += d->side[i]->cell.n;
        if (d->usable[i] && i != d->best && d->side[i]->cell.n > 0 && d->cost[i] < second_cost) {
            second = d->side[i];
            second_cost = d->cost[i];
        }
    }
    if (second == NULL || runs < policy->pin_runs || fabs(best->cell.run) > 2)
        return false;
    gap = second->m - best->m;
    z = gap / sqrt(best->P + second->P);
    return gap > log(1 + policy->pin_gap) * (was ? .5 : 1) && z > d->learner->world.k.z_pin * (was ? .66 : 1);
}

/* AT costs hardly more than BEST, or not surely more. */
static bool as_good(const struct tn_decision *d, size_t at, size_t best)
{
    const struct tn_constants *k = &d->learner->world.k;
    double                     ratio = d->cost[at] / d->cost[best];

    return ratio <= 1 + k->tie || (ratio <= 1 + k->tie_unsure && log(ratio) < k->tie_z * sqrt(d->side[at]->P + d->side[best]->P));
}

/* SIZE_MAX: it may not run this, is not known, or is worse than the best. */
static size_t as_good_on(const struct tn_decision *d, int cluster)
{
    for (size_t i = 0; i < d->request->count; i++)
        if (d->request->candidates[i].cluster == cluster)
            return d->usable[i] && d->side[i]->known && as_good(d, i, d->best) ? i : SIZE_MAX;
    return SIZE_MAX;
}

/* Of those that are as good as the best the one that is it for nearly all other shapes, for what is true of them is likely here, too. Else the
 * cluster of the last choice is kept: caches there are warm, and equal ones do not flap. */
static size_t settle_tie(const struct tn_decision *d, const struct tn_shape_entry *entry)
{
    size_t at = SIZE_MAX;

    if (entry == NULL || !d->side[d->best]->known)
        return d->best;
    if (d->one_best >= 0)
        at = as_good_on(d, d->one_best);
    if (at == SIZE_MAX)
        at = as_good_on(d, entry->incumbent);
    return at == SIZE_MAX ? d->best : at;
}

/* ---- chance ---- */

/* A logged choice with equal chances, so that what was not chosen can be estimated without bias: now and then it takes the place
 * of the plan. Cut at the time of the best: it costs at most that share. */
static void chance(struct tn_decision *d)
{
    const struct tn_decide_request *request = d->request;
    struct tn_plan                 *plan = d->plan;
    double                          share = request->policy->uniform, draw;
    size_t                          open[TN_DECIDE_CANDIDATES], count = 0, at, planned = plan->attempts[0].candidate;
    bool                            among = false;
    struct tn_rand                  rand;

    if (share <= 0 || request->dry || request->policy->frozen || !request->may_explore || !request->may_cut ||
        request->policy->explore == TN_EXPLORE_OFF || (request->policy->max_s > 0 && d->mean[d->best] > request->policy->max_s))
        return;
    for (size_t i = 0; i < request->count; i++)
        if (d->usable[i] && !request->candidates[i].no_room && !request->candidates[i].no_cut) {
            open[count++] = i;
            among = among || i == planned;
        }
    if (count < 2 || !among)
        return;
    rand = tn_learner_draw(d->learner, 2);
    draw = tn_rand_unit(&rand);
    plan->propensity = 1 - share + share / (double)count;
    if (draw >= share || (at = open[tn_rand_below(&rand, count)]) == planned || !tn_decision_teaches(d))
        return;
    plan->count = plan->shadow_count = 0;
    plan->predicted_s = plan->predicted_usd = 0;
    d->reach = 1;
    plan->propensity = share / (double)count;
    plan->reason = TN_REASON_UNIFORM;
    plan->explore = at != d->best; /* in the place of a look it may fall on the best */
    plan->baseline_s = d->mean[d->best];
    if (at != d->best)
        tn_plan_add(d, at, d->mean[d->best]);
    tn_plan_add_rest(d, d->best);
}

/* ---- the plan ---- */

static enum tn_rung rung_of(const struct tn_decision *d, const struct tn_side *side, const struct tn_shape_entry *entry)
{
    if (side->known && d->plan->banded)
        return side->cell.last > 0 ? TN_RUNG_BAND : TN_RUNG_SHAPE; /* a run of the band's own, or what it took over */
    if (side->known)
        return entry != NULL && (entry->flags & TN_SHAPE_MANY_TEXTS) == 0 ? TN_RUNG_EXACT : TN_RUNG_SHAPE;
    if (d->view.predicted && d->view.gate > .5)
        return TN_RUNG_SIMILAR;
    return side->class_seen ? TN_RUNG_CLASS : TN_RUNG_PRIOR;
}

/* Before there is a plan: planning a chain assumes that its attempts were cut, which is not what is believed now. */
static void describe(struct tn_decision *d, const struct tn_shape_entry *entry)
{
    struct tn_plan *plan = d->plan;

    for (size_t i = 0; i < d->request->count && i < TN_ARRAY_LEN(plan->outlook); i++) {
        const struct tn_side             *side = d->side[i];
        const struct tn_decide_candidate *candidate = &d->request->candidates[i];
        struct tn_outlook                *outlook = &plan->outlook[plan->outlook_count++];

        *outlook = (struct tn_outlook){
            .cluster = side->cluster, .n = side->cell.n, .told = d->usable[i], .rung = rung_of(d, side, entry),
            .load = candidate->slots > 0 ? candidate->running / candidate->slots : 0,
            .bounded = !side->known && side->bounded, .bound_s = !side->known && side->bounded ? exp(side->bound) : 0,
            .ln_p50 = 0, .ln_p95 = 0, .most_s = 0, .mean_s = 0, .usd = 0, .success = 0, .index = 0};
        if (!d->usable[i])
            continue;
        outlook->ln_p50 = side->m + d->load[i];
        outlook->ln_p95 = outlook->ln_p50 + Z95 * d->sigma[i];
        outlook->most_s = d->timeout_s;
        outlook->mean_s = d->mean[i];
        outlook->usd = d->usd[i];
        outlook->success = d->ok[i];
        outlook->index = d->cost[i];
    }
}

/* Would another known cluster have been sooner if nothing ran there? */
static bool load_decided(const struct tn_decision *d)
{
    const struct tn_side *best = d->side[d->best];

    for (size_t i = 0; i < d->request->count; i++)
        if (d->usable[i] && d->load[i] > 0 && d->side[i]->known && d->side[i]->m + d->side[i]->P / 2 < best->m + best->P / 2 - .1 &&
            d->request->candidates[i].running > 0)
            return true;
    return false;
}

static void choose(struct tn_decision *d, struct tn_shape_entry *entry)
{
    struct tn_plan *plan = d->plan;
    size_t          usable = 0;

    d->reach = 1;
    tn_decision_costs(d);
    d->best = tn_decision_best(d, SIZE_MAX);
    d->best = settle_tie(d, entry);
    describe(d, entry);
    for (size_t i = 0; i < d->request->count; i++)
        usable += d->usable[i];
    if (d->request->policy->objective == TN_OBJECTIVE_COST && d->request->policy->max_p95_s > 0) {
        tn_cost_plan(d);
    } else if (!d->side[d->best]->known) {
        tn_first_sight(d);
    } else {
        tn_known_shape(d);
        if (plan->reason == TN_REASON_BEST && pinned(d, entry))
            plan->reason = TN_REASON_PINNED;
        else if (plan->reason == TN_REASON_BEST && load_decided(d))
            plan->reason = TN_REASON_LOAD;
        chance(d);
    }
    if (usable == 1 && !plan->explore)
        plan->reason = TN_REASON_ONLY;
    plan->rung = rung_of(d, d->side[plan->attempts[0].candidate], entry);
}

static void link_flights(struct tn_plan *plan, struct tn_shape_entry *entry, uint64_t now_us)
{
    double at = 0;

    for (size_t i = 0; i < plan->count; i++) {
        struct tn_attempt *attempt = &plan->attempts[i];
        bool               again = false;

        for (size_t j = 0; j < i; j++)
            again = again || plan->attempts[j].cluster == attempt->cluster;
        if (!again) {
            attempt->flight = (struct tn_flight){.query = plan->query, .cluster = attempt->cluster, .start_us = now_us + (uint64_t)(at * 1e6)};
            tn_flight_link(entry, &attempt->flight);
            attempt->flying = true;
        }
        if (attempt->deadline_s == 0)
            break;
        at += attempt->deadline_s;
    }
    for (size_t i = 0; i < plan->shadow_count; i++) {
        struct tn_attempt *shadow = &plan->shadows[i];

        shadow->flight = (struct tn_flight){.query = plan->query, .cluster = shadow->cluster, .start_us = now_us, .shadow = true};
        tn_flight_link(entry, &shadow->flight);
    }
}

static void remember(struct tn_decision *d, struct tn_shape_entry *entry)
{
    const struct tn_decide_request *request = d->request;
    struct tn_plan                 *plan = d->plan;

    if (entry->visits > 1 && entry->text32 != (uint32_t)request->shape->text[0])
        entry->flags |= TN_SHAPE_MANY_TEXTS;
    entry->flags = (uint8_t)(plan->reason == TN_REASON_PINNED ? entry->flags | TN_SHAPE_PINNED : entry->flags & ~TN_SHAPE_PINNED);
    if (!plan->explore)
        entry->incumbent = request->candidates[d->best].cluster;
    link_flights(plan, entry, request->now_us);
}

/* Shadows are booked when they end: until then what they are expected to take is held, or several at once would each be the last
 * that the account allows. */
static void hold(const struct tn_decision *d, double theta)
{
    struct tn_group_account *account = d->request->account;

    if (d->request->dry || (d->account.theta == theta && d->plan->shadow_count == 0))
        return;
    pthread_mutex_lock(&d->learner->lock);
    if (d->account.theta != theta)
        account->n.theta = d->account.theta;
    for (size_t i = 0; i < d->plan->shadow_count; i++) {
        account->held_s += d->plan->shadows[i].held_s;
        account->held_usd += d->plan->shadows[i].held_usd;
    }
    pthread_mutex_unlock(&d->learner->lock);
}

/* What another strategy has chosen. */
static void take_given(struct tn_decision *d, struct tn_shape_entry *entry)
{
    struct tn_plan *plan = d->plan;

    pthread_mutex_lock(&d->learner->lock);
    count_decision(d);
    pthread_mutex_unlock(&d->learner->lock);
    plan->reason = TN_REASON_ONLY;
    plan->rung = TN_RUNG_PRIOR;
    plan->count = 1;
    plan->attempts[0] = (struct tn_attempt){.cluster = d->request->candidates[0].cluster};
    if (entry == NULL)
        return;
    d->best = 0;
    remember(d, entry);
    tn_store_release(d->learner->store, entry, true);
}

/* Member by member: only a tenth of a plan is ever used, and its start is faster written so than cleared. */
static void begin_plan(struct tn_plan *plan, struct tn_learner *learner, const struct tn_decide_request *request)
{
    plan->numbers_given = atomic_load_explicit(&learner->numbers_given, memory_order_relaxed);
    plan->query = request->query;
    plan->shape[0] = request->shape->key[0];
    plan->shape[1] = request->shape->key[1];
    plan->band = 0;
    plan->banded = plan->explore = plan->counted = false;
    plan->count = plan->shadow_count = plan->outlook_count = 0;
    plan->reason = (enum tn_reason)0;
    plan->rung = (enum tn_rung)0;
    plan->predicted_s = plan->predicted_usd = plan->baseline_s = plan->gain = plan->promised = 0;
    plan->propensity = 1;
}

/* Nearly always the same one. */
static double ln_of_timeout(double seconds)
{
    static _Thread_local double last, ln;

    if (seconds != last) {
        last = seconds;
        ln = log(seconds);
    }
    return ln;
}

/* Of this thread, and not on its stack: a frame so large is touched page by page (-fstack-clash-protection), sixteen of them in one set of
 * the cache, at every call. What is used of it is set where it is used. */
static struct tn_decision *own_decision(void)
{
    static _Thread_local struct tn_decision d;

    return &d;
}

void tn_decide(struct tn_learner *learner, const struct tn_decide_request *request, struct tn_plan *plan)
{
    struct tn_decision    *d = own_decision();
    struct tn_shape_entry *entry;
    double                 theta;

    d->learner = learner;
    d->request = request;
    d->plan = plan;
    begin_plan(plan, learner, request);
    entry = tn_entry_decide(learner, request, plan);
    if (request->given) {
        take_given(d, entry);
        return;
    }
    d->percentile = request->policy->p95 && request->policy->objective == TN_OBJECTIVE_LATENCY;
    d->timeout_s = request->timeout_s > 0 ? request->timeout_s : learner->world.k.timeout_s;
    d->ln_timeout = ln_of_timeout(d->timeout_s);
    fill_view(d, entry);
    find_usable(d);
    theta = d->account.theta;
    choose(d, entry);
    hold(d, theta);
    if (entry == NULL)
        return;
    if (!request->dry)
        remember(d, entry);
    tn_store_release(learner->store, entry, !request->dry);
}

const char *tn_reason_text(enum tn_reason reason)
{
    static const char *const texts[] = {
#define DECIDE_REASON(name, text, help) [TN_REASON_##name] = (text),
#include "policies/strategy/reasons.def"
#undef DECIDE_REASON
    };

    return (size_t)reason < TN_ARRAY_LEN(texts) ? texts[reason] : "unknown";
}

const char *tn_reason_help(enum tn_reason reason)
{
    static const char *const texts[] = {
#define DECIDE_REASON(name, text, help) [TN_REASON_##name] = (help),
#include "policies/strategy/reasons.def"
#undef DECIDE_REASON
    };

    return (size_t)reason < TN_ARRAY_LEN(texts) ? texts[reason] : "";
}

const char *tn_rung_text(enum tn_rung rung)
{
    static const char *const texts[TN_RUNG_COUNT] = {"exact", "band", "shape", "similar", "class", "prior"};

    return (size_t)rung < TN_RUNG_COUNT ? texts[rung] : "unknown";
}

/* first_sight.c - the cluster that looks best has never answered this shape: a chain of attempts with deadlines, the last one
 * without. Each deadline is the one of least expected time; what is left over when it passes moves what is believed of the
 * others (exploration 4). */
#include "policies/strategy/learner.h"
#include "stats/normal.h"

#include <math.h>

static const double GRID[] = {.5, 1, 2, 4, 8, 16, 32}; /* over the cluster's expected median */
static const double MOST_OF_TIMEOUT = .8;
enum { FEW_WAITING = 4 }; /* runs of a shape under way on a cluster that has not answered it: so many are no crowd */

struct first_try {
    double cost;
    size_t at;
    double deadline_s;
};

/* What AT cut at DEADLINE and then SECOND are expected to cost, in units of the objective. */
static double cost_of_try(const struct tn_decision *d, size_t at, size_t second, double deadline)
{
    const struct tn_side *side = d->side[at];
    double                m = side->m + d->load[at], s = d->sigma[at], h = d->hopeless[at], rest = d->mean[second], rho, moved;
    struct tn_price_line  first = tn_decision_line(d, at), then = tn_decision_line(d, second);
    struct tn_capped      x = tn_lognormal_capped(m, s, log(deadline));

    x.mean += h * (deadline - x.mean);
    x.beyond += h * (1 - x.beyond);
    if (!d->side[second]->known && !d->view.level_known) {
        rho = d->side[second]->related ? 0 : d->learner->world.k.cut_moves * d->view.vb / (s * s);
        moved = tn_normal_above(m, s, log(deadline)).mean - m;
        rest = fmin(d->timeout_s, rest * exp((x.beyond > 0 ? 1 - h / x.beyond : 1) * rho * moved));
    } else if (!d->side[second]->known) {
        rest = fmin(d->timeout_s, rest);
    }
    return first.per_second * x.mean + first.fixed + x.beyond * (then.per_second * rest + then.fixed);
}

static void try_cluster(const struct tn_decision *d, size_t at, struct first_try *best)
{
    size_t second = tn_decision_best(d, at);
    double middle = exp(d->side[at]->m + d->load[at]);

    if (second == SIZE_MAX)
        return;
    for (size_t g = 0; g < TN_ARRAY_LEN(GRID); g++) {
        double deadline = GRID[g] * middle, cost;

        if (deadline >= MOST_OF_TIMEOUT * d->timeout_s)
            return;
        cost = cost_of_try(d, at, second, deadline);
        if (cost < best->cost)
            *best = (struct first_try){cost, at, deadline};
    }
}

static size_t usable_count(const struct tn_decision *d)
{
    size_t count = 0;

    for (size_t i = 0; i < d->request->count; i++)
        count += d->usable[i];
    return count;
}

static bool may_try(const struct tn_decision *d, size_t at)
{
    return d->usable[at] && !d->side[at]->known && !d->side[at]->cut_here && !d->request->candidates[at].no_cut && !d->request->candidates[at].no_room;
}

/* The unknown cluster that least was learned of, if that is too little for a model of the text; SIZE_MAX: none. */
static size_t starved(const struct tn_decision *d)
{
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < d->request->count; i++)
        if (may_try(d, i) && i != d->best && d->side[i]->effect->set[0].w < d->learner->world.k.front_rows &&
            (least == SIZE_MAX || d->side[i]->effect->set[0].w < d->side[least]->effect->set[0].w))
            least = i;
    return least;
}

/* In the place of the client's query, and with something to spend. */
static bool may_front(const struct tn_decision *d)
{
    const struct tn_decide_policy *policy = d->request->policy;

    return d->request->may_cut && d->request->may_explore && !d->request->dry && !policy->frozen && policy->budget > 0 &&
           (policy->explore == TN_EXPLORE_INLINE || policy->explore == TN_EXPLORE_BOTH);
}

/* An attempt on AT that is cut at DEADLINE_S, which it is at worst, is paid for by the same account as looks at known shapes: users' time
 * (exploration 5), the longest look, the day's money. */
static bool affords(const struct tn_decision *d, size_t at, double deadline_s)
{
    const struct tn_decide_policy *policy = d->request->policy;
    double                         mean = d->account.served_s / d->account.decided;
    double room = d->learner->world.k.room_start * fmin(d->mean[d->best], mean) + policy->budget * d->account.served_s - d->account.cut_s;

    return deadline_s <= room && !(policy->max_s > 0 && deadline_s > policy->max_s) &&
           !(policy->max_usd_per_day > 0 && d->account.day_usd + tn_decision_bill(d, at, deadline_s) > policy->max_usd_per_day * 1e6);
}

/* A cluster that looked bad on the first few shapes is never tried again on new ones, and a model cannot be trained of it. Where the
 * model has proved good for the others, some new shapes begin there, no longer than the best is expected to take (after first sight 4,
 * "+x", which tries all of them, everywhere, and pays for it where the model is no good). */
static void front(struct tn_decision *d)
{
    const struct tn_constants *k = &d->learner->world.k;
    size_t                     at;
    double                     draw, deadline_s;
    struct tn_rand             rand;

    if (!d->view.predicted || d->view.gate < k->front_gate || k->front <= 0 || !may_front(d))
        return;
    at = starved(d);
    if (at == SIZE_MAX)
        return;
    deadline_s = fmin(d->mean[d->best], MOST_OF_TIMEOUT * d->timeout_s);
    if (!affords(d, at, deadline_s))
        return;
    rand = tn_learner_draw(d->learner, 1);
    draw = tn_rand_unit(&rand);
    if (draw >= k->front)
        return;
    d->plan->explore = true;
    d->plan->baseline_s = d->mean[d->best];
    tn_plan_add(d, at, deadline_s);
    d->side[at]->cut_here = true;
    d->side[at]->extra = log(d->plan->attempts[0].deadline_s) - d->load[at];
    tn_decision_costs(d);
}

/* A crowd of this shape waits for a cluster that has not answered it yet: as many again may come before it does, and each of them gains what
 * AT is faster than COST by, if it is. */
static double worth_of_news(const struct tn_decision *d, size_t at, double cost, unsigned crowd)
{
    const struct tn_side *side = d->side[at];
    struct tn_price_line  line = tn_decision_line(d, at);
    double                I = (cost - line.fixed) / line.per_second, m = side->m + d->load[at] + side->effect->s2 / 2;

    if (!(I > 0) || !(side->P > 0))
        return 0;
    return d->learner->world.k.herd * crowd * (1 - d->hopeless[at]) * line.per_second * tn_lognormal_gain(I, m, side->P, (log(I) - m) / sqrt(side->P));
}

/* The first attempt where a crowd waits for BEST: a cluster where nothing of this shape runs, if that is expected to pay. Feedback is late, and
 * all that come meanwhile would wait too (exploration 10, trap 1). */
static struct first_try leave_crowd(const struct tn_decision *d, struct first_try best)
{
    struct first_try chosen = best;
    unsigned         waiting = d->side[best.at]->age_count;
    double           least = best.cost;

    for (size_t i = 0; i < d->request->count && waiting > FEW_WAITING; i++) {
        struct first_try other = {.cost = 1e300, .at = SIZE_MAX};

        if (i == best.at || !may_try(d, i) || d->side[i]->age_count > 0)
            continue;
        try_cluster(d, i, &other);
        other.cost -= worth_of_news(d, i, best.cost, waiting - FEW_WAITING);
        if (other.at != SIZE_MAX && other.cost < least) {
            least = other.cost;
            chosen = other;
        }
    }
    return chosen;
}

void tn_first_sight(struct tn_decision *d)
{
    struct tn_plan *plan = d->plan;
    size_t          chain = (size_t)d->learner->world.k.chain;

    plan->reason = TN_REASON_FIRST_SIGHT;
    front(d);
    while (d->request->may_cut && plan->count + 1 < chain && usable_count(d) >= 2) {
        struct first_try best = {.cost = 1e300, .at = SIZE_MAX};

        d->best = tn_decision_best(d, SIZE_MAX);
        if (d->side[d->best]->known)
            break;
        for (size_t i = 0; i < d->request->count; i++)
            if (may_try(d, i))
                try_cluster(d, i, &best);
        if (best.at == SIZE_MAX)
            break;
        if (plan->count == 0)
            best = leave_crowd(d, best);
        tn_plan_add(d, best.at, best.deadline_s);
        d->side[best.at]->cut_here = true;
        d->side[best.at]->extra = log(best.deadline_s) - d->load[best.at];
        tn_decision_costs(d);
    }
    tn_plan_add_rest(d, SIZE_MAX);
}

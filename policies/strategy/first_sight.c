/* first_sight.c - the cluster that looks best has never answered this shape: a chain of attempts with deadlines, the last one
 * without. Each deadline is the one of least expected time; what is left over when it passes moves what is believed of the
 * others (exploration 4). */
#include "policies/strategy/learner.h"
#include "stats/normal.h"

#include <math.h>

static const double GRID[] = {.5, 1, 2, 4, 8, 16, 32}; /* over the cluster's expected median */
static const double MOST_OF_TIMEOUT = .8;

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
        rho = d->view.vb / (s * s);
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

/* Where most new texts are templated a random look pays: the model of the text learns from it (first sight 4, "+x"). */
static bool random_front(struct tn_decision *d)
{
    double scale = d->learner->world.k.cold_front;
    size_t at, count = usable_count(d);

    if (scale <= 0 || !d->request->may_cut || !d->request->may_explore || count < 2 || d->request->dry)
        return false;
    pthread_mutex_lock(&d->learner->lock);
    at = (size_t)tn_rand_below(&d->learner->rand, d->request->count);
    if (tn_rand_unit(&d->learner->rand) >= fmin(.5, scale / ((double)d->learner->world.ended + 1)))
        at = d->best;
    pthread_mutex_unlock(&d->learner->lock);
    if (!d->usable[at] || at == d->best || d->side[at]->known || d->request->candidates[at].no_cut)
        return false;
    tn_plan_add(d, at, fmin(d->mean[d->best], MOST_OF_TIMEOUT * d->timeout_s));
    d->side[at]->cut_here = true;
    d->side[at]->extra = log(d->plan->attempts[0].deadline_s) - d->load[at];
    tn_decision_costs(d);
    return true;
}

static bool may_try(const struct tn_decision *d, size_t at)
{
    return d->usable[at] && !d->side[at]->known && !d->side[at]->cut_here && !d->request->candidates[at].no_cut && !d->request->candidates[at].no_room;
}

void tn_first_sight(struct tn_decision *d)
{
    struct tn_plan *plan = d->plan;
    size_t          chain = (size_t)d->learner->world.k.chain;

    plan->reason = TN_REASON_FIRST_SIGHT;
    random_front(d);
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
        tn_plan_add(d, best.at, best.deadline_s);
        d->side[best.at]->cut_here = true;
        d->side[best.at]->extra = log(best.deadline_s) - d->load[best.at];
        tn_decision_costs(d);
    }
    tn_plan_add_rest(d, SIZE_MAX);
}

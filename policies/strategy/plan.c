#include "policies/strategy/learner.h"

#include "stats/normal.h"

#include <math.h>

double tn_outlook_p50_s(const struct tn_outlook *outlook)
{
    return outlook->told ? exp(outlook->ln_p50) : 0;
}

double tn_outlook_p95_s(const struct tn_outlook *outlook)
{
    return outlook->told ? fmin(outlook->most_s, exp(outlook->ln_p95)) : 0;
}

/* An attempt on AT that is cut at DEADLINE_S. One that was cut there before takes longer than that did: the belief is cut off there. */
static struct tn_capped cut_at(const struct tn_decision *d, size_t at, double deadline_s)
{
    const struct tn_side *side = d->side[at];
    double                l = log(deadline_s), h = d->hopeless[at], bound = side->bound + d->load[at], s;
    struct tn_capped      x, before;

    if (!side->known && side->bounded) {
        s = sqrt(side->P0 + side->effect->s2);
        if (l <= bound)
            return (struct tn_capped){deadline_s, 1};
        x = tn_lognormal_capped(side->m0 + d->load[at], s, l);
        before = tn_lognormal_capped(side->m0 + d->load[at], s, bound);
        before.beyond = fmax(before.beyond, 1e-6);
        x.mean = fmin(deadline_s, exp(bound) + fmax(0, x.mean - before.mean) / before.beyond);
        x.beyond = fmin(1, x.beyond / before.beyond);
    } else {
        x = tn_lognormal_capped(side->m + d->load[at], d->sigma[at], l);
    }
    x.mean += h * (deadline_s - x.mean);
    x.beyond += h * (1 - x.beyond);
    return x;
}

/* What one more attempt adds to what the plan is expected to take and cost, as it is believed now: what was cut before it counts. A
 * deadline far beyond what is expected cuts next to nothing. */
static void expect(struct tn_decision *d, size_t at, double deadline_s)
{
    struct tn_capped x = {d->mean[at], 0};

    if (d->reach <= 0 || !d->usable[at])
        return;
    if (deadline_s > 0 && !(d->side[at]->known && deadline_s > 2 * x.mean))
        x = cut_at(d, at, deadline_s);
    d->plan->predicted_s += d->reach * x.mean;
    d->plan->predicted_usd += d->reach * tn_decision_bill(d, at, x.mean);
    d->reach *= x.beyond;
}

void tn_plan_add(struct tn_decision *d, size_t at, double deadline_s)
{
    struct tn_plan *plan = d->plan;

    if (plan->count == TN_PLAN_ATTEMPTS)
        return;
    expect(d, at, deadline_s);
    plan->attempts[plan->count++] = (struct tn_attempt){
        .candidate = (uint8_t)at, .cluster = d->request->candidates[at].cluster, .deadline_s = deadline_s};
}

/* The last attempt runs without a deadline: where it is likelier to time out than to fail, another one would only add to it. */
static bool give_up_after(const struct tn_decision *d, size_t at)
{
    double timeout;

    if (d->learner->world.k.giveup == 0 || d->request->timeout_s <= 0 || !d->usable[at] ||
        d->request->policy->objective == TN_OBJECTIVE_COST) /* there a run without an answer is money lost */
        return false;
    timeout = fmax(d->hopeless[at], tn_lognormal_beyond(d->side[at]->m + d->load[at], sqrt(d->side[at]->P + d->side[at]->effect->s2),
                                                        d->ln_timeout));
    return timeout > fmax(.01, 1 - d->ok[at]);
}

static bool has_open_attempt(const struct tn_plan *plan, size_t at)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->attempts[i].candidate == at && plan->attempts[i].deadline_s == 0)
            return true;
    return false;
}

/* Those that are not TAKEN: by cost, of equal ones the first one first; then those that only errors can make anybody ask. */
static size_t order_by_cost(const struct tn_decision *d, const bool *taken, uint8_t *order)
{
    size_t count = 0, at;

    for (size_t i = 0; i < d->request->count; i++) {
        if (taken[i] || !d->usable[i])
            continue;
        for (at = count++; at > 0 && d->cost[i] < d->cost[order[at - 1]]; at--)
            order[at] = order[at - 1];
        order[at] = (uint8_t)i;
    }
    for (size_t i = 0; i < d->request->count; i++)
        if (!taken[i] && !d->usable[i])
            order[count++] = (uint8_t)i;
    return count;
}

/* False: nobody is asked after it. */
static bool add_open(struct tn_decision *d, size_t at)
{
    bool only = d->plan->count == 0 || d->plan->attempts[d->plan->count - 1].deadline_s > 0;

    tn_plan_add(d, at, 0);
    return !only || !give_up_after(d, at);
}

void tn_plan_add_rest(struct tn_decision *d, size_t first)
{
    struct tn_plan *plan = d->plan;
    bool            taken[TN_DECIDE_CANDIDATES] = {false};
    bool            cut_known = plan->count == 1 && plan->attempts[0].deadline_s > 0;
    size_t          again = cut_known && plan->reason != TN_REASON_FIRST_SIGHT ? plan->attempts[0].candidate : SIZE_MAX, count;
    uint8_t         order[TN_DECIDE_CANDIDATES];

    for (size_t i = 0; i < d->request->count; i++)
        taken[i] = has_open_attempt(plan, i);
    if (plan->count > 0 && plan->attempts[plan->count - 1].deadline_s == 0 && give_up_after(d, plan->attempts[plan->count - 1].candidate))
        return;
    if (again != SIZE_MAX)
        taken[again] = true;
    if (first != SIZE_MAX && !taken[first]) {
        taken[first] = true;
        if (!add_open(d, first))
            return;
    }
    count = order_by_cost(d, taken, order);
    for (size_t i = 0; i < count; i++)
        if (!add_open(d, order[i]))
            return;
    if (again != SIZE_MAX && plan->count > 2)
        tn_plan_add(d, again, 0);
}

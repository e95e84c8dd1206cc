/* cost.c - least money under a promise: at most 5 % of a group's queries take longer than maxP95Ms (cost routing 4).
 *
 * Each read goes where E[usd] + mu * P(time > bound) is least. mu, the price of a broken promise, follows an account: what was
 * predicted to break is booked at the decision, what did break at the end. A shape that no cluster can do in time is left out of
 * the account and runs where it is fastest. Nothing is explored on shapes whose cheapest cluster is known: it did not pay. */
#include "policies/strategy/learner.h"
#include "stats/normal.h"

#include <math.h>

static const double GRID[] = {.5, 1, 2, 4, 8}; /* deadlines over an unknown cluster's expected median */
static const double LATE = .5;                 /* nobody can do it in time when the best breaks the promise more often than not */
enum { FEW = 20, TRIES = 16 };                 /* first bills, of which the account's money is the mean; deadlines of a try */

struct costs {
    struct tn_decision *d;
    double              mu;
    double              left;  /* seconds of the bound that are left */
    double              late[TN_DECIDE_CANDIDATES]; /* P(time > left) */
    double              total[TN_DECIDE_CANDIDATES]; /* expected bill and price of being late, errors included */
};

/* ---- the account ---- */

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

static double price_of_late(const struct tn_decision *d)
{
    const struct tn_constants       *k = &d->learner->world.k;
    const struct tn_account_numbers *n = &d->account;
    double                           mean = fmax(.1, n->usd / fmax(1, n->usd_n));

    if (n->usd_n < FEW)
        return n->usd_n > 0 ? k->cost_mu * mean : 1e15;
    return clamp(n->mu0 * exp(clamp(k->cost_step * n->balance, -20, 20)), .02 * mean, k->cost_mu_most * mean);
}

static void book(struct tn_decision *d, double predicted, bool feasible)
{
    const struct tn_constants *k = &d->learner->world.k;
    struct tn_account_numbers *n = &d->request->account->n;

    d->plan->promised = predicted;
    d->plan->counted = feasible;
    if (d->request->dry)
        return;
    pthread_mutex_lock(&d->learner->lock);
    if (n->mu0 == 0 && n->usd_n >= FEW)
        n->mu0 = k->cost_mu * fmax(.1, n->usd / n->usd_n);
    n->queries += 1;
    n->infeasible += ((feasible ? 0 : 1) - n->infeasible) / fmin(n->queries + 20, 2000);
    if (feasible)
        n->balance = fmax(-k->cost_credit, n->balance + predicted - fmax(k->cost_target - n->infeasible, k->cost_slack));
    pthread_mutex_unlock(&d->learner->lock);
}

void tn_cost_settle(struct tn_learner *learner, const struct tn_decide_request *request, const struct tn_plan *plan, const struct tn_query_result *result)
{
    if (request->policy->objective != TN_OBJECTIVE_COST || request->policy->max_p95_s <= 0 || !plan->counted)
        return;
    pthread_mutex_lock(&learner->lock);
    request->account->n.balance += (!result->ok || result->seconds > request->policy->max_p95_s ? 1 : 0) - plan->promised;
    pthread_mutex_unlock(&learner->lock);
}

/* ---- expectations ---- */

/* Of a run on AT that is cut at SECONDS: its mean time and the chance that it is not done by then. */
static struct tn_capped run_until(const struct tn_decision *d, size_t at, double seconds)
{
    double           h = d->hopeless[at];
    struct tn_capped x;

    if (seconds <= 0)
        return (struct tn_capped){0, 1};
    x = tn_lognormal_capped(d->side[at]->m + d->load[at], d->sigma[at], log(seconds));
    x.mean += h * (seconds - x.mean);
    x.beyond += h * (1 - x.beyond);
    return x;
}

static double bill_of_cut(const struct tn_decision *d, size_t at, double seconds)
{
    const struct tn_price *price = d->request->candidates[at].price;
    struct tn_capped       x = run_until(d, at, seconds);

    if (price == NULL || !tn_price_by_bytes(price))
        return tn_decision_bill(d, at, x.mean);
    if (price->full_on_cancel)
        return d->usd[at]; /* a scan pays for the part that ran: on average most of it */
    return d->usd[at] * (1 - x.beyond + .8 * x.beyond * fmin(1, seconds / exp(d->side[at]->m)));
}

static void weigh(struct costs *c)
{
    struct tn_decision *d = c->d;
    size_t              count = d->request->count;

    for (size_t i = 0; i < count; i++) {
        if (!d->usable[i])
            continue;
        c->late[i] = run_until(d, i, c->left).beyond;
        c->total[i] = d->usd[i] + c->mu * c->late[i];
    }
    for (size_t i = 0; i < count; i++) {
        double other = HUGE_VAL, other_late = 1;

        if (!d->usable[i] || d->ok[i] >= .999)
            continue;
        for (size_t j = 0; j < count; j++)
            if (j != i && d->usable[j] && d->usd[j] + c->mu * c->late[j] < other) {
                other = d->usd[j] + c->mu * c->late[j];
                other_late = c->late[j];
            }
        if (other < HUGE_VAL) { /* after an error the next one has to run too */
            c->total[i] = d->ok[i] * c->total[i] + (1 - d->ok[i]) * (tn_decision_bill(d, i, d->side[i]->effect->tf) + other);
            c->late[i] = d->ok[i] * c->late[i] + (1 - d->ok[i]) * (d->side[i]->effect->tf < .2 * c->left ? other_late : 1);
        }
    }
    for (size_t i = 0; i < count; i++)
        d->cost[i] = c->total[i]; /* what the rest of the plan is ordered by */
}

static size_t safest(const struct costs *c, size_t but)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < c->d->request->count; i++)
        if (c->d->usable[i] && i != but && (best == SIZE_MAX || c->late[i] < c->late[best]))
            best = i;
    return best;
}

/* ---- an unknown cluster first, with a deadline that leaves its fallback the time ---- */

struct cost_try {
    double total, deadline_s, late, beyond;
    size_t at, then;
};

static size_t deadlines_of(const struct costs *c, size_t at, size_t then, double out[TRIES])
{
    const struct tn_decision *d = c->d;
    double                    middle = exp(d->side[at]->m + d->load[at]);
    size_t                    count = 0;

    for (size_t g = 0; g < TN_ARRAY_LEN(GRID); g++)
        out[count++] = GRID[g] * middle;
    if (c->left <= 0)
        return count;
    out[count++] = c->left;
    out[count++] = 1.6 * c->left;
    out[count++] = 3 * c->left;
    out[count++] = c->left - exp(d->side[then]->m + d->load[then] + 1.3 * d->sigma[then]);
    out[count++] = c->left - exp(d->side[then]->m + d->load[then] + .2 * d->sigma[then]);
    return count;
}

static void try_then(const struct costs *c, size_t at, size_t then, struct cost_try *best)
{
    const struct tn_decision *d = c->d;
    double                    deadlines[TRIES];
    size_t                    count = deadlines_of(c, at, then, deadlines);

    for (size_t i = 0; i < count; i++) {
        double           deadline = deadlines[i], late, total;
        struct tn_capped x;

        if (deadline <= .002 || deadline >= .8 * d->timeout_s ||
            (d->side[at]->bounded && deadline <= d->learner->world.k.cost_again * exp(d->side[at]->bound + d->load[at])))
            continue;
        x = run_until(d, at, deadline);
        if (x.beyond > .97)
            continue;
        late = c->left <= 0 ? 1 - x.beyond : deadline > c->left ? fmax(0, run_until(d, at, c->left).beyond - x.beyond) : 0;
        total = bill_of_cut(d, at, deadline) + x.beyond * d->usd[then] + c->mu * (late + x.beyond * run_until(d, then, c->left - deadline).beyond);
        if (d->ok[at] < .999)
            total = d->ok[at] * total + (1 - d->ok[at]) * (tn_decision_bill(d, at, fmin(d->side[at]->effect->tf, deadline)) + c->total[then]);
        if (total < best->total)
            *best = (struct cost_try){total, deadline, late, x.beyond, at, then};
    }
}

static struct cost_try best_try(const struct costs *c, double at_most)
{
    struct cost_try best = {.total = at_most, .at = SIZE_MAX};

    for (size_t i = 0; i < c->d->request->count; i++) {
        size_t cheap = tn_decision_best(c->d, i), safe = safest(c, i);

        if (!c->d->usable[i] || c->d->side[i]->known || c->d->side[i]->cut_here || c->d->request->candidates[i].no_cut || cheap == SIZE_MAX)
            continue;
        try_then(c, i, cheap, &best);
        if (safe != cheap)
            try_then(c, i, safe, &best);
    }
    return best;
}

static enum tn_reason reason_of(const struct costs *c, size_t best, bool feasible)
{
    for (size_t i = 0; i < c->d->request->count; i++)
        if (feasible && c->d->usable[i] && c->d->usd[i] < c->d->usd[best])
            return TN_REASON_PROMISE;
    return feasible ? TN_REASON_BEST : TN_REASON_LATE;
}

void tn_cost_plan(struct tn_decision *d)
{
    struct costs c = {.d = d, .mu = price_of_late(d), .left = d->request->policy->max_p95_s};
    double       reach = 1, predicted = 0;
    size_t       then = SIZE_MAX;
    bool         feasible;

    weigh(&c);
    d->best = tn_decision_best(d, SIZE_MAX);
    feasible = c.late[safest(&c, SIZE_MAX)] < LATE;
    if (!feasible && d->side[safest(&c, SIZE_MAX)]->known)
        d->best = safest(&c, SIZE_MAX);
    d->plan->reason = reason_of(&c, d->best, feasible);
    while (d->request->may_cut && d->plan->count < 2 && then == SIZE_MAX) {
        bool            fresh = !d->side[d->best]->known;
        struct cost_try best;

        if (d->plan->count > 0 && !fresh)
            break;
        best = best_try(&c, fresh ? HUGE_VAL : c.total[d->best]);
        if (best.at == SIZE_MAX)
            break;
        tn_plan_add(d, best.at, best.deadline_s);
        d->plan->reason = fresh ? TN_REASON_FIRST_SIGHT : TN_REASON_EXPLORE;
        d->plan->explore = !fresh;
        predicted += reach * best.late;
        reach *= best.beyond;
        c.left -= best.deadline_s;
        d->side[best.at]->cut_here = true;
        d->side[best.at]->extra = log(best.deadline_s) - d->load[best.at];
        tn_decision_costs(d);
        weigh(&c);
        d->best = tn_decision_best(d, SIZE_MAX);
        if (!fresh)
            then = best.then;
    }
    then = then == SIZE_MAX ? d->best : then;
    book(d, predicted + reach * c.late[then], feasible);
    tn_plan_add_rest(d, then);
}

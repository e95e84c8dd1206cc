/* cost.c - least money under a promise: at most 5 % of a group's queries take longer than maxP95Ms (cost routing 4).
 *
 * Each read goes where E[usd] + mu * P(time > bound) is least. mu, the price of a broken promise, follows an account: what was
 * predicted to break is booked at the decision, what did break at the end. A shape that no cluster can do in time runs where it is
 * fastest and makes no debt. Nothing is explored on shapes whose cheapest cluster is known: it did not pay. */
#include "policies/strategy/relate.h"
#include "stats/mixture.h"

#include <math.h>
#include <string.h>

static const double GRID[] = {.5, 1, 2, 4, 8}; /* deadlines over an unknown cluster's expected median */
static const double LEAST_USD = .1;            /* micro-dollars: of a mean bill */
static const double MOST_BEYOND = .97;         /* a cut that hardly anything ends before says nothing */
enum { FEW = 20, MEMORY = 2000, DEADLINES = 16, TRIES = 2 * DEADLINES }; /* first and last queries whose mean counts; deadlines of a try */

struct costs {
    struct tn_decision *d;
    double              mu;
    double              left;  /* seconds of the bound that are left */
    double              late[TN_DECIDE_CANDIDATES]; /* P(time > left) */
    double              total[TN_DECIDE_CANDIDATES]; /* expected bill and price of being late, errors included */
    struct tn_mixture   run[TN_DECIDE_CANDIDATES];
};

/* ---- the account ---- */

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* It rises with what is owed, over what the cheapest runs cost: by that and not by the own bills, which rise with it themselves. */
static double price_of_late(const struct tn_decision *d)
{
    const struct tn_constants       *k = &d->learner->world.k;
    const struct tn_account_numbers *n = &d->account;

    if (n->least_n < FEW)
        return n->usd_n > 0 ? k->cost_mu_first * fmax(LEAST_USD, n->usd / n->usd_n) : 1e15;
    return fmax(LEAST_USD, n->least_usd) * clamp(k->cost_mu * exp(clamp(k->cost_step * n->balance, -20, 20)), .02, k->cost_mu_most);
}

/* The cheapest bill, where it is of a cluster that is known. */
static double least_bill(const struct tn_decision *d)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < d->request->count; i++)
        if (d->usable[i] && (best == SIZE_MAX || d->usd[i] < d->usd[best]))
            best = i;
    return best != SIZE_MAX && d->side[best]->known ? d->usd[best] : -1;
}

/* What nobody could do in time uses up what was saved, but leaves no debt for the others to repay. */
static void owe(struct tn_account_numbers *n, double more, bool feasible)
{
    n->balance = feasible ? n->balance + more : fmin(n->balance + more, fmax(n->balance, 0));
}

static void book(struct tn_decision *d, double predicted, bool feasible, double least)
{
    const struct tn_constants *k = &d->learner->world.k;
    struct tn_account_numbers *n = &d->request->account->n;

    d->plan->promised = predicted;
    d->plan->counted = feasible;
    if (d->request->dry)
        return;
    pthread_mutex_lock(&d->learner->lock);
    if (least >= 0) {
        n->least_n += 1;
        n->least_usd += (least - n->least_usd) / fmin(n->least_n, MEMORY);
    }
    n->queries += 1;
    owe(n, predicted - k->cost_target, feasible);
    n->balance = fmax(n->balance, -k->cost_credit);
    pthread_mutex_unlock(&d->learner->lock);
}

void tn_cost_settle(struct tn_learner *learner, const struct tn_decide_request *request, const struct tn_plan *plan, const struct tn_query_result *result)
{
    struct tn_account_numbers *n = &request->account->n;
    double                     more = (!result->ok || result->seconds > request->policy->max_p95_s ? 1 : 0) - plan->promised;

    if (request->policy->objective != TN_OBJECTIVE_COST || request->policy->max_p95_s <= 0)
        return;
    pthread_mutex_lock(&learner->lock);
    owe(n, more, plan->counted);
    pthread_mutex_unlock(&learner->lock);
}

/* ---- expectations ---- */

/* Of a run on AT that is cut at SECONDS: its mean time and the chance that it is not done by then. */
static struct tn_capped run_until(const struct costs *c, size_t at, double seconds)
{
    return tn_mixture_capped(&c->run[at], seconds, 0);
}

static double beyond(const struct costs *c, size_t at, double seconds)
{
    return tn_mixture_beyond(&c->run[at], seconds, 0);
}

static double bill_of_cut(const struct costs *c, size_t at, double seconds)
{
    const struct tn_price *price = c->d->request->candidates[at].price;

    if (price == NULL || !tn_price_by_bytes(price))
        return tn_decision_bill(c->d, at, run_until(c, at, seconds).mean);
    return price->full_on_cancel ? c->d->usd[at] : c->d->usd[at] * tn_mixture_part(&c->run[at], seconds);
}

/* Bill and price of being late of a run on AT without a deadline when LEFT seconds of the bound are left and it takes SHIFT nats longer
 * than thought. */
static double last_run(const struct costs *c, size_t at, double left, double shift)
{
    const struct tn_price *price = c->d->request->candidates[at].price;
    double                 late = tn_mixture_beyond(&c->run[at], left, shift), usd = c->d->usd[at];

    if (shift > 0 && price != NULL && !tn_price_by_bytes(price))
        usd = tn_decision_bill(c->d, at, tn_mixture_capped(&c->run[at], c->d->timeout_s, shift).mean);
    return usd + c->mu * late;
}

static void spread_runs(struct costs *c)
{
    struct tn_decision *d = c->d;

    for (size_t i = 0; i < d->request->count; i++) {
        if (!d->usable[i])
            continue;
        tn_mixture_init(&c->run[i], d->side[i], d->load[i], d->hopeless[i]);
        d->mean[i] = run_until(c, i, d->timeout_s).mean;
        d->usd[i] = tn_decision_bill(d, i, d->mean[i]);
    }
}

static void weigh(struct costs *c)
{
    struct tn_decision *d = c->d;
    size_t              count = d->request->count;
    double              alone[TN_DECIDE_CANDIDATES];

    spread_runs(c);
    for (size_t i = 0; i < count; i++) {
        if (!d->usable[i])
            continue;
        c->late[i] = beyond(c, i, c->left);
        c->total[i] = d->usd[i] + c->mu * c->late[i];
    }
    memcpy(alone, c->late, sizeof alone);
    for (size_t i = 0; i < count; i++) {
        double other = HUGE_VAL, other_late = 1, lost = d->side[i]->effect->tf;

        if (!d->usable[i] || d->ok[i] >= .999)
            continue;
        for (size_t j = 0; j < count; j++)
            if (j != i && d->usable[j] && d->usd[j] + c->mu * alone[j] < other) {
                other_late = c->left > lost ? beyond(c, j, c->left - lost) : 1;
                other = d->usd[j] + c->mu * other_late;
            }
        if (other < HUGE_VAL) { /* after an error the next one has to run too, in the time that is left */
            c->total[i] = d->ok[i] * c->total[i] + (1 - d->ok[i]) * (tn_decision_bill(d, i, lost) + other);
            c->late[i] = d->ok[i] * c->late[i] + (1 - d->ok[i]) * other_late;
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

/* What nobody can do in time runs where it is fastest; among those that are nearly as fast, where it is cheapest. The best stays where
 * the fastest is not known. */
static size_t fastest(const struct costs *c)
{
    const struct tn_decision *d = c->d;
    size_t                    best = SIZE_MAX, cheap;

    for (size_t i = 0; i < d->request->count; i++)
        if (d->usable[i] && (best == SIZE_MAX || d->mean[i] < d->mean[best]))
            best = i;
    if (!d->side[best]->known)
        return d->best;
    cheap = best;
    for (size_t i = 0; i < d->request->count; i++)
        if (d->usable[i] && d->side[i]->known && d->mean[i] <= d->learner->world.k.cost_fast * d->mean[best] && d->usd[i] < d->usd[cheap])
            cheap = i;
    return cheap;
}

/* ---- an unknown cluster first, with a deadline that leaves its fallback the time ---- */

struct cost_try {
    double total, deadline_s, late, beyond;
    size_t at, then;
};

static size_t deadlines_of(const struct costs *c, size_t at, size_t then, double out[DEADLINES])
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

/* How much longer than thought THEN takes when AT did not answer by DEADLINE, nothing of the shape being known. */
static double shift_of(const struct costs *c, size_t at, size_t then, double deadline, double beyond)
{
    const struct tn_decision *d = c->d;
    double                    m = d->side[at]->m + d->load[at], s = d->sigma[at], share;

    if (d->view.level_known || d->side[then]->known || d->learner->world.k.cost_relate == 0)
        return 0;
    share = fmin(d->view.vb / (s * s), tn_relate_slope(d, then, at));
    return fmax(0, (1 - (beyond > 0 ? c->run[at].hopeless / beyond : 1)) * share * (tn_normal_above(m, s, log(deadline)).mean - m));
}

/* What a cut at a deadline comes to, whatever follows it. The same deadlines are weighed for two followers. */
struct cut {
    double deadline, beyond, late, total; /* total: bill and price of being late by then */
};
struct cuts {
    size_t     count;
    struct cut list[TRIES];
};

static const struct cut *cut_at(const struct costs *c, size_t at, double deadline, struct cuts *cuts)
{
    struct cut *cut = &cuts->list[cuts->count];

    for (size_t i = 0; i < cuts->count; i++)
        if (cuts->list[i].deadline == deadline)
            return &cuts->list[i];
    cut->deadline = deadline;
    cut->beyond = beyond(c, at, deadline);
    if (cut->beyond <= MOST_BEYOND) {
        cut->late = c->left <= 0 ? 1 - cut->beyond : deadline > c->left ? fmax(0, beyond(c, at, c->left) - cut->beyond) : 0;
        cut->total = bill_of_cut(c, at, deadline) + c->mu * cut->late;
    }
    cuts->count++;
    return cut;
}

/* At most TRIES different deadlines come here for one AT. */
static void try_then(const struct costs *c, size_t at, size_t then, struct cuts *cuts, struct cost_try *best)
{
    const struct tn_decision *d = c->d;
    double                    deadlines[DEADLINES], ok = d->ok[at] < .999 ? d->ok[at] : 1;
    size_t                    count = deadlines_of(c, at, then, deadlines);

    for (size_t i = 0; i < count; i++) {
        double            deadline = deadlines[i], total;
        const struct cut *cut;

        if (deadline <= .002 || deadline >= .8 * d->timeout_s ||
            (d->side[at]->bounded && deadline <= d->learner->world.k.cost_again * exp(d->side[at]->bound + d->load[at])))
            continue;
        cut = cut_at(c, at, deadline, cuts);
        if (cut->beyond > MOST_BEYOND || ok * cut->total >= best->total) /* what follows can only add to it */
            continue;
        total = cut->total + cut->beyond * last_run(c, then, c->left - deadline, shift_of(c, at, then, deadline, cut->beyond));
        if (d->ok[at] < .999)
            total = d->ok[at] * total + (1 - d->ok[at]) * (tn_decision_bill(d, at, fmin(d->side[at]->effect->tf, deadline)) + c->total[then]);
        if (total < best->total)
            *best = (struct cost_try){total, deadline, cut->late, cut->beyond, at, then};
    }
}

static struct cost_try best_try(const struct costs *c, double at_most)
{
    struct cost_try best = {.total = at_most, .at = SIZE_MAX};

    for (size_t i = 0; i < c->d->request->count; i++) {
        struct cuts cuts; /* large: not zeroed */
        size_t      cheap, safe;

        if (!c->d->usable[i] || c->d->side[i]->known || c->d->side[i]->cut_here || c->d->request->candidates[i].no_cut)
            continue;
        cheap = tn_decision_best(c->d, i);
        safe = safest(c, i);
        if (cheap == SIZE_MAX)
            continue;
        cuts.count = 0;
        try_then(c, i, cheap, &cuts, &best);
        if (safe != cheap)
            try_then(c, i, safe, &cuts, &best);
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
    struct costs c; /* large: not zeroed */
    double       reach = 1, predicted = 0, least;
    size_t       then = SIZE_MAX;
    bool         feasible;

    c.d = d;
    c.mu = price_of_late(d);
    c.left = d->request->policy->max_p95_s;
    weigh(&c);
    least = least_bill(d);
    d->best = tn_decision_best(d, SIZE_MAX);
    feasible = c.late[safest(&c, SIZE_MAX)] < d->learner->world.k.cost_hopeless;
    if (!feasible)
        d->best = fastest(&c);
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
    book(d, predicted + reach * c.late[then], feasible, least);
    tn_plan_add_rest(d, then);
}

/* decide_costs.c - what each candidate is expected to cost: seconds, and money where the objective counts it. */
#include "policies/strategy/relate.h"
#include "stats/normal.h"

#include <math.h>
#include <string.h>

static const double Z95 = 1.6448536269514722;
static const double FIRST_GUESS_BYTES = 1e9; /* of a scan that nobody has seen */

/* ln(1 + u^power). Uses are small fractions, the same ones again and again: a thread remembers the last few. */
static double load_term(double u, double power)
{
    enum { REMEMBERED = 64 }; /* 6 bits */
    static _Thread_local struct {
        double u, power, ln;
    } memory[REMEMBERED];
    uint64_t bits;
    size_t   at;

    memcpy(&bits, &u, sizeof bits);
    at = (bits * UINT64_C(0x9e3779b97f4a7c15)) >> 58;
    if (memory[at].u != u || memory[at].power != power) {
        memory[at].u = u;
        memory[at].power = power;
        memory[at].ln = log1p(power == 2 ? u * u : power == 3 ? u * u * u : pow(u, power));
    }
    return memory[at].ln;
}

static double load_of(const struct tn_decision *d, const struct tn_decide_candidate *candidate)
{
    const struct tn_constants *k = &d->learner->world.k;

    if (candidate->slots <= 0)
        return 0;
    return load_term((candidate->running + 1) / candidate->slots,
                     d->request->policy->objective == TN_OBJECTIVE_THROUGHPUT ? k->load_power_throughput : k->load_power);
}

double tn_decision_bill(const struct tn_decision *d, size_t at, double seconds)
{
    const struct tn_decide_candidate *candidate = &d->request->candidates[at];
    const struct tn_side             *side = d->side[at];
    double                            use;

    if (candidate->price == NULL)
        return 0;
    if (tn_price_by_bytes(candidate->price)) {
        if (side->cell.cost > 0)
            return side->cell.cost;
        use = side->effect->usd_n > 0 ? side->effect->usd : tn_price_of_bytes(candidate->price, FIRST_GUESS_BYTES);
        if (d->usd_expected[at] > 0)
            use = d->usd_expected[at];
        return fmax(use, -1.3 * side->cell.cost); /* a cut run's bill is a lower bound */
    }
    use = candidate->slots > 0 ? candidate->running / candidate->slots : 0;
    return tn_price_per_second(candidate->price, use, candidate->awake_s) * seconds + tn_price_at_once(candidate->price, use, candidate->awake_s);
}

/* The share of hopeless shapes among those that survived this bound. */
static double hopeless_of(const struct tn_side *side)
{
    double h = side->pi;

    if (side->bounded && h > 0)
        h /= h + (1 - h) * fmax(1e-6, tn_normal_cdf((side->m0 - side->bound) / sqrt(side->P0 + side->effect->s2)));
    return h;
}

/* SECONDS that are billed at USD micro-dollars, in the unit of the objective. */
static double objective_of(const struct tn_decision *d, double seconds, double usd)
{
    const struct tn_decide_policy *policy = d->request->policy;

    switch (policy->objective) {
    case TN_OBJECTIVE_BALANCED:
        return seconds + (policy->usd_per_second > 0 ? usd / 1e6 / policy->usd_per_second : 0);
    case TN_OBJECTIVE_COST:
        return usd / 1e6 + 1e-9 * seconds; /* among the free ones the fastest */
    default:
        return seconds;
    }
}

struct tn_price_line tn_decision_line(const struct tn_decision *d, size_t at)
{
    struct tn_price_line line;

    if (d->request->policy->objective == TN_OBJECTIVE_LATENCY || d->request->policy->objective == TN_OBJECTIVE_THROUGHPUT)
        return (struct tn_price_line){1, 0};
    line.fixed = objective_of(d, 0, tn_decision_bill(d, at, 0));
    line.per_second = objective_of(d, 1, tn_decision_bill(d, at, 1)) - line.fixed;
    return line;
}

double tn_decision_seconds(const struct tn_decision *d, size_t at)
{
    bool seconds = d->request->policy->objective == TN_OBJECTIVE_LATENCY || d->request->policy->objective == TN_OBJECTIVE_THROUGHPUT;

    return seconds && !d->percentile ? d->cost[at] : d->mean[at];
}

static void cost_alone(struct tn_decision *d, size_t at)
{
    const struct tn_side *side = d->side[at];
    double                m = side->m + d->load[at], T = d->timeout_s, lT = d->ln_timeout, seconds;

    d->sigma[at] = sqrt(side->P + side->effect->s2);
    d->mean[at] = tn_lognormal_capped(m, d->sigma[at], lT).mean;
    seconds = d->mean[at];
    d->hopeless[at] = 0;
    if (!side->known) {
        double h = d->hopeless[at] = hopeless_of(side);

        seconds = tn_lognormal_capped(m + (d->learner->world.k.lam - .5) * side->own, d->sigma[at], lT).mean;
        seconds += h * (T - seconds);
        d->mean[at] += h * (T - d->mean[at]);
    }
    if (d->percentile)
        seconds = fmin(T, exp(m + Z95 * d->sigma[at]));
    d->usd[at] = tn_decision_bill(d, at, d->mean[at]);
    d->cost[at] = objective_of(d, seconds, d->usd[at]);
    d->ok[at] = (side->cell.succ + side->effect->pe) / (side->cell.succ + side->cell.fail + 1);
}

/* Seconds to an error are known of the cluster only, and begin at a guess of one. A run on a known cluster is cut when it is far later
 * than ever while another one is known (guard in explore.c), so that is all it can lose: a thousandth of the guess where an answer
 * takes milliseconds. */
static double lost_seconds(const struct tn_decision *d, size_t at)
{
    double lost = fmin(d->side[at]->effect->tf, d->timeout_s), other = HUGE_VAL;

    if (d->learner->world.k.guard == 0 || d->learner->world.k.late_loses == 0 || !d->request->may_cut || !d->side[at]->known ||
        d->request->candidates[at].no_cut)
        return lost;
    for (size_t i = 0; i < d->request->count; i++)
        if (i != at && d->usable[i] && d->side[i]->known)
            other = fmin(other, d->mean[i]);
    return fmin(lost, fmax(exp(d->side[at]->m + d->load[at] + 3 * d->sigma[at]), other));
}

/* After an error the next one has to run too. */
static void add_errors(struct tn_decision *d)
{
    double least = HUGE_VAL, second = HUGE_VAL;
    size_t count = d->request->count, least_at = SIZE_MAX;

    for (size_t i = 0; i < count; i++) {
        if (!d->usable[i])
            continue;
        if (d->cost[i] < least) {
            second = least;
            least = d->cost[i];
            least_at = i;
        } else if (d->cost[i] < second) {
            second = d->cost[i];
        }
    }
    for (size_t i = 0; i < count; i++) {
        double other = i == least_at ? second : least;

        if (d->usable[i] && d->ok[i] < .999) {
            double lost_s = lost_seconds(d, i), lost = objective_of(d, lost_s, tn_decision_bill(d, i, lost_s));

            d->cost[i] = d->ok[i] * d->cost[i] + (1 - d->ok[i]) *
                         (lost + (other < HUGE_VAL ? other : objective_of(d, d->timeout_s, tn_decision_bill(d, i, d->timeout_s))));
        }
    }
}

/* No cluster has answered this shape. */
static bool is_new(const struct tn_decision *d)
{
    for (size_t i = 0; i < d->request->count; i++)
        if (d->side[i]->cell.n > 0)
            return false;
    return true;
}

/* Are unknown clusters believed by how clusters follow one another? */
static bool is_related(const struct tn_decision *d)
{
    const struct tn_constants *k = &d->learner->world.k;

    return d->request->policy->objective == TN_OBJECTIVE_COST ? k->cost_relate != 0 : k->relate_new != 0 && is_new(d);
}

void tn_decision_costs(struct tn_decision *d)
{
    for (size_t i = 0; i < d->request->count; i++) {
        d->load[i] = load_of(d, &d->request->candidates[i]);
        d->side[i]->load = d->learner->world.k.age_load != 0 ? d->load[i] : 0;
    }
    memset(d->usd_expected, 0, d->request->count * sizeof d->usd_expected[0]);
    if (is_related(d))
        tn_relate(d);
    tn_view_believe(&d->view);
    for (size_t i = 0; i < d->request->count; i++) {
        if (d->usable[i])
            cost_alone(d, i);
    }
    add_errors(d);
}

size_t tn_decision_best(const struct tn_decision *d, size_t but)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < d->request->count; i++)
        if (d->usable[i] && i != but && (best == SIZE_MAX || d->cost[i] < d->cost[best]))
            best = i;
    return best;
}

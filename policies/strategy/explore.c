/* explore.c - a shape whose best cluster is known: it runs there, unless looking at another one is expected to pay over the
 * visits still to come; and copies in the background where the operator allows them (exploration 5). */
#include "policies/strategy/learner.h"
#include "stats/normal.h"

#include <math.h>

struct grid { /* a deadline over the incumbent's time, and its logarithm */
    double times, ln;
};
#define LN_2 .6931471805599453
static const struct grid UNKNOWN_GRID[] = {{.25, -1.3862943611198906}, {.5, -.6931471805599453}, {1, 0}, {1.5, .4054651081081644}};
static const struct grid KNOWN_GRID[] = {{2, LN_2}, {0, 0}}; /* 0: none */
static const double Z95 = 1.6448536269514722;
static const double HOPELESS_K = -3.5;                  /* so many deviations slower: no use to compute */
enum { LOOKS_EACH = 4, LOOKS = LOOKS_EACH * TN_DECIDE_CANDIDATES };

struct look { /* at one cluster, for at most so long */
    size_t at;
    double deadline_s; /* 0 = none */
    double extra;      /* what this query costs more if it looks, in units of the objective */
    double extra_s;    /* and in seconds */
    double gain;       /* expected per later visit */
    double value;      /* extra - visits * gain: less is better */
    double spent;      /* expected seconds of the look alone */
    double bill;       /* and what they cost, in units of the objective */
};

struct looks {
    size_t       count, most;
    struct look *list;
};

struct known { /* the incumbent and what later visits are worth */
    size_t best;
    double I, lI;   /* what is compared, in units of the objective */
    double now;     /* what this query is expected to cost on it: less than I where that is a percentile */
    double seconds; /* how long it takes */
    double visits;
};

/* What does not depend on the deadline. Seconds on this cluster cost LINE; I is the time for which they cost as much as the
 * incumbent. */
struct aim {
    struct tn_price_line line;
    double I, lI;
    double m, P, s, half_noise, sd;
    double k;       /* deviations from the mean to I */
    double at, gain; /* gain_below() as it was last asked for */
    bool   bounded;
    double bound, bound_mean, bound_beyond, bound_gain;
};

/* Several deadlines ask for the same one. */
static double gain_below(struct aim *aim, double k)
{
    if (aim->at != k) {
        aim->at = k;
        aim->gain = tn_lognormal_gain(aim->I, aim->m + aim->half_noise, aim->P, k);
    }
    return aim->gain;
}

/* At a cluster that is known. */
static double visits_known(const struct tn_decision *d, const struct known *known)
{
    double most = d->learner->world.k.cap_known * d->learner->world.k.kappa;

    return TN_MIN(known->visits, most);
}

/* Most looks at known clusters cannot be worth what they cost, and that is seen without an integral. Where seconds are compared: a look
 * with a deadline of twice I costs a half, once or three times I at least when the run takes more than a half, once or twice of it; one
 * without a deadline, what its mean is longer; what it gains is no more than I times the chance to be faster, nor than the mean of what it is
 * faster by. Nothing that could be chosen is left out: its value would be above 0. */
static bool ruled_out(const struct tn_decision *d, const struct known *known, size_t at)
{
    const struct tn_side *side = d->side[at];
    enum tn_objective     objective = d->request->policy->objective;
    double                m = side->m + d->load[at], x = known->lI - m, from = x - side->effect->s2 / 2, sd, k, most, s = d->sigma[at], cut;

    if (d->percentile || (objective != TN_OBJECTIVE_LATENCY && objective != TN_OBJECTIVE_THROUGHPUT) || known->I <= 1e-6)
        return false;
    if (!(side->P > 0) || (from < 0 && from * from > HOPELESS_K * HOPELESS_K * side->P))
        return true;
    sd = sqrt(side->P);
    k = from / sd;
    most = visits_known(d, known) * d->looks_pay * fmin(tn_normal_cdf_most(k), sd * tn_normal_loss_most(k)) + 1e-6;
    if (d->mean[at] - known->now <= known->I * most)
        return false;
    cut = .5 * tn_normal_cdf_least((LN_2 - x) / s) + .5 * tn_normal_cdf_least(-x / s) + 2 * tn_normal_cdf_least((-LN_2 - x) / s) - 1;
    return cut > most || d->request->candidates[at].no_cut;
}

static bool take_aim(const struct tn_decision *d, const struct known *known, size_t at, struct aim *aim)
{
    const struct tn_side *side = d->side[at];

    *aim = (struct aim){.line = tn_decision_line(d, at), .m = side->m + d->load[at], .P = side->P, .s = d->sigma[at],
                        .half_noise = d->percentile ? Z95 * sqrt(side->effect->s2) : side->effect->s2 / 2,
                        .at = NAN, .bounded = !side->known && side->bounded};
    aim->I = (known->I - aim->line.fixed) / aim->line.per_second;
    if (aim->I <= 0) /* dearer however fast it is */
        return false;
    aim->lI = aim->I == known->I ? known->lI : log(fmax(aim->I, 1e-6));
    if (aim->bounded) { /* ask only above the bound, with the belief that is cut off there */
        aim->bound = side->bound + d->load[at];
        if (aim->bound >= aim->lI - .05)
            return false;
        aim->m = side->m0 + d->load[at];
        aim->P = side->P0;
        aim->s = sqrt(aim->P + side->effect->s2);
    }
    aim->sd = sqrt(aim->P);
    if (aim->sd <= 0)
        return false;
    aim->k = (aim->lI - aim->m - aim->half_noise) / aim->sd;
    if (aim->k < HOPELESS_K)
        return false;
    if (aim->bounded) {
        struct tn_capped x = tn_lognormal_capped(aim->m, aim->s, aim->bound);

        aim->bound_mean = x.mean;
        aim->bound_beyond = fmax(x.beyond, 1e-6);
        aim->bound_gain = gain_below(aim, (aim->bound - aim->m) / aim->sd);
    }
    return true;
}

static void look_for(const struct tn_decision *d, const struct known *known, struct aim *aim, size_t at, struct grid grid,
                     struct looks *looks)
{
    double           times = grid.times, deadline = aim->I * times, l = times > 0 ? aim->lI + grid.ln : d->ln_timeout;
    double           limit = times > 0 ? deadline : d->timeout_s, h = d->hopeless[at], ok = d->ok[at], gain, cost, seconds, k, F, S, visits;
    double           lost = fmin(d->side[at]->effect->tf, limit), per_second = aim->line.per_second, fixed = aim->line.fixed;
    struct tn_capped x;

    if (aim->bounded && l <= aim->bound + .1)
        return;
    x = times > 0 ? tn_lognormal_capped(aim->m, aim->s, l) : (struct tn_capped){d->mean[at], 0}; /* known there: no hopeless, no bound */
    k = (fmin(aim->lI, l + aim->half_noise) - (aim->m + aim->half_noise)) / aim->sd;
    gain = gain_below(aim, k);
    F = x.mean;
    S = x.beyond;
    if (aim->bounded) {
        F = exp(aim->bound) + fmax(0, F - aim->bound_mean) / aim->bound_beyond;
        S = fmin(1, S / aim->bound_beyond);
        gain = (gain - aim->bound_gain) / aim->bound_beyond;
    }
    F += h * (limit - F);
    S += h * (1 - S);
    gain *= 1 - h;
    cost = per_second * F + fixed + (times > 0 ? S * known->now : 0);
    seconds = F + (times > 0 ? S * known->seconds : 0);
    if (ok < .999) {
        cost = ok * cost + (1 - ok) * (per_second * lost + fixed + known->now);
        seconds = ok * seconds + (1 - ok) * (lost + known->seconds);
    }
    gain = fmax(0, gain) * ok * per_second * (d->side[at]->known ? d->looks_pay : 1);
    visits = d->side[at]->known ? visits_known(d, known) : known->visits;
    if (looks->count < looks->most)
        looks->list[looks->count++] = (struct look){.at = at, .deadline_s = deadline, .extra = cost - known->now, .extra_s = seconds - known->seconds,
                                                    .gain = gain, .value = cost - known->now - visits * gain, .spent = F,
                                                    .bill = per_second * F + fixed};
}

/* Looked at not long ago, and several times before. */
static bool rests(const struct tn_decision *d, const struct tn_side *side)
{
    const struct tn_constants *k = &d->learner->world.k;

    return side->cell.n >= k->look_known && tn_side_stale(&d->view, side) < k->look_rest;
}

static void look_at_known(const struct tn_decision *d, const struct known *known, struct aim *aim, size_t at, struct looks *looks)
{
    for (size_t g = 0; g < TN_ARRAY_LEN(KNOWN_GRID); g++)
        if (KNOWN_GRID[g].times == 0 || !d->request->candidates[at].no_cut)
            look_for(d, known, aim, at, KNOWN_GRID[g], looks);
}

static void look_at_unknown(const struct tn_decision *d, const struct known *known, struct aim *aim, size_t at, struct looks *looks)
{
    for (size_t g = 0; g < TN_ARRAY_LEN(UNKNOWN_GRID); g++)
        if (UNKNOWN_GRID[g].times <= d->learner->world.k.deadline_most)
            look_for(d, known, aim, at, UNKNOWN_GRID[g], looks);
}

/* ALL: also those that nobody would choose in the client's place. */
static void collect_looks(const struct tn_decision *d, const struct known *known, size_t at, bool all, struct looks *looks)
{
    const struct tn_side *side = d->side[at];
    struct aim            aim;

    if (!d->usable[at] || at == known->best || d->cost[at] <= known->I || side->busy || rests(d, side) || d->request->candidates[at].no_room ||
        (side->known && !all && ruled_out(d, known, at)) || !take_aim(d, known, at, &aim))
        return;
    if (side->known)
        look_at_known(d, known, &aim, at, looks);
    else if (!d->request->candidates[at].no_cut)
        look_at_unknown(d, known, &aim, at, looks);
}

static bool within_limits(const struct tn_decision *d, const struct look *look)
{
    const struct tn_decide_policy *policy = d->request->policy;

    if (policy->max_s > 0 && (look->deadline_s > 0 ? look->deadline_s : d->mean[look->at]) > policy->max_s)
        return false;
    return policy->max_usd_per_day <= 0 ||
           d->account.day_usd + tn_decision_bill(d, look->at, look->spent) <= policy->max_usd_per_day * 1e6;
}

/* ---- shadows ---- */

/* For each cluster the look that brings most over what it takes; false: none. */
static bool best_copy(const struct tn_decision *d, const struct known *known, const struct looks *looks, size_t at, struct look *out)
{
    double best = 0;

    for (size_t i = 0; i < looks->count; i++) {
        struct look look = looks->list[i];

        if (look.at != at)
            continue;
        if (look.deadline_s == 0)
            look.deadline_s = known->seconds;
        if (look.deadline_s > 1.01 * known->seconds || !within_limits(d, &look))
            continue;
        look.bill *= fmin(1, look.deadline_s / look.spent);
        look.spent = fmin(look.spent, look.deadline_s);
        if (known->visits * look.gain - look.bill > best) {
            best = known->visits * look.gain - look.bill;
            *out = look;
        }
    }
    return best > 0;
}

static bool shadow_allowed(const struct tn_decision *d, size_t at)
{
    const struct tn_decide_candidate *candidate = &d->request->candidates[at];

    return !candidate->spare && !candidate->no_cut && !candidate->no_room &&
           (candidate->slots <= 0 || candidate->running + 1 <= candidate->slots);
}

static void plan_shadows(struct tn_decision *d, const struct known *known, const struct looks *looks)
{
    double      share = d->request->policy->shadow_share, theta = d->learner->world.k.theta, spent = 0, room, usd;
    struct look copies[TN_DECIDE_CANDIDATES];
    size_t      count = 0;

    room = share * (d->account.engine_s + d->account.shadow_s) + share * 5 * known->seconds - d->account.shadow_s;
    for (size_t i = 0; i < d->request->count; i++)
        if (shadow_allowed(d, i) && best_copy(d, known, looks, i, &copies[count]))
            count++;
    for (size_t a = 1; a < count; a++) /* most gain for its time first; few: insertion */
        for (size_t b = a; b > 0 && copies[b].gain / copies[b].bill > copies[b - 1].gain / copies[b - 1].bill; b--) {
            struct look swap = copies[b];

            copies[b] = copies[b - 1];
            copies[b - 1] = swap;
        }
    for (size_t i = 0; i < count && d->plan->shadow_count < TN_PLAN_SHADOWS; i++) {
        if (known->visits * copies[i].gain / copies[i].bill < d->account.theta)
            continue;
        if (copies[i].spent + spent > room) {
            d->account.theta = fmin(100, d->account.theta * 1.05);
            continue;
        }
        if (!within_limits(d, &copies[i])) /* with those before it */
            continue;
        usd = fmax(0, tn_decision_bill(d, copies[i].at, copies[i].spent));
        spent += copies[i].spent;
        d->account.day_usd += usd;
        d->account.theta = fmax(theta, d->account.theta * .97);
        d->plan->shadows[d->plan->shadow_count++] = (struct tn_attempt){
            .candidate = (uint8_t)copies[i].at, .cluster = d->request->candidates[copies[i].at].cluster, .deadline_s = copies[i].deadline_s,
            .held_s = copies[i].spent, .held_usd = usd};
    }
}

static bool has_shadow(const struct tn_plan *plan, size_t at)
{
    for (size_t i = 0; i < plan->shadow_count; i++)
        if (plan->shadows[i].candidate == at)
            return true;
    return false;
}

static void drop_shadow(struct tn_plan *plan, size_t at)
{
    size_t kept = 0;

    for (size_t i = 0; i < plan->shadow_count; i++)
        if (plan->shadows[i].candidate != at)
            plan->shadows[kept++] = plan->shadows[i];
    plan->shadow_count = kept;
}

/* ---- the choice ---- */

static bool inline_allowed(const struct tn_decision *d)
{
    enum tn_explore_mode mode = d->request->policy->explore;

    return d->request->may_explore && d->request->may_cut && (mode == TN_EXPLORE_INLINE || mode == TN_EXPLORE_BOTH);
}

struct picked {
    bool        found;
    double      room; /* seconds that cut attempts may still take */
    double      best; /* value so far: less is better */
    struct look look;
};

static void pick_begin(const struct tn_decision *d, const struct known *known, struct picked *picked)
{
    double mean = d->account.served_s / d->account.decided, budget = d->request->policy->budget * d->account.served_s - d->account.cut_s;

    picked->found = false;
    picked->best = 0;
    picked->room = d->learner->world.k.room_start * fmin(known->seconds, mean) + fmin(budget, d->look_room);
}

static void pick_look(const struct tn_decision *d, const struct known *known, const struct looks *looks, struct picked *picked)
{
    for (size_t i = 0; i < looks->count; i++) {
        const struct look *look = &looks->list[i];

        if ((has_shadow(d->plan, look->at) && look->extra > -.05 * known->now) || look->value >= picked->best ||
            look->extra_s > fmax(0, picked->room) || !within_limits(d, look))
            continue;
        picked->best = look->value;
        picked->look = *look;
        picked->found = true;
    }
}

/* The look, if any, in the client's place. */
static void look_inline(const struct tn_decision *d, const struct known *known, struct picked *picked)
{
    struct look list[LOOKS_EACH];

    for (size_t i = 0; i < d->request->count; i++) {
        struct looks looks = {.most = LOOKS_EACH, .list = list};

        collect_looks(d, known, i, false, &looks);
        pick_look(d, known, &looks, picked);
    }
}

/* The same where copies may run, which are planned first. Not inlined: the list is large, and few need it. */
__attribute__((noinline)) static void look_and_copy(struct tn_decision *d, const struct known *known, bool in_place, struct picked *picked)
{
    struct look  list[LOOKS];
    struct looks looks = {.most = LOOKS, .list = list};

    for (size_t i = 0; i < d->request->count; i++)
        collect_looks(d, known, i, true, &looks);
    plan_shadows(d, known, &looks);
    if (in_place)
        pick_look(d, known, &looks, picked);
}

/* A cluster that was shifted up as a whole, on a shape where it was the better one before. */
static bool look_back(struct tn_decision *d, const struct known *known, struct look *out)
{
    for (size_t i = 0; i < d->request->count; i++) {
        const struct tn_side *side = d->side[i];
        struct tn_effect     *effect = &d->learner->world.effect[side->cluster];

        if (side->effect->look_every <= 0 || (double)d->decisions < side->effect->look_at || !d->usable[i] || i == known->best ||
            side->busy || !side->known || d->request->candidates[i].no_cut || tn_side_mean(side) - side->effect->look_size >= log(fmax(known->seconds, 1e-6)) - .1)
            continue;
        *out = (struct look){.at = i, .deadline_s = known->seconds};
        if (!within_limits(d, out))
            continue;
        if (!d->request->dry) {
            pthread_mutex_lock(&d->learner->lock);
            effect->look_at = (double)d->decisions + effect->look_every;
            pthread_mutex_unlock(&d->learner->lock);
        }
        return true;
    }
    return false;
}

/* Far slower than ever while another cluster is known: switch. 0 = no deadline. */
static double guard_deadline(const struct tn_decision *d, size_t at, size_t *then)
{
    double deadline;

    *then = SIZE_MAX;
    if (d->learner->world.k.guard == 0 || !d->request->may_cut || !d->side[at]->known || d->request->candidates[at].no_cut)
        return 0;
    for (size_t i = 0; i < d->request->count; i++)
        if (d->usable[i] && i != at && d->side[i]->known && (*then == SIZE_MAX || d->cost[i] < d->cost[*then]))
            *then = i;
    if (*then == SIZE_MAX)
        return 0;
    deadline = fmax(exp(d->side[at]->m + d->load[at] + 3 * d->sigma[at]), tn_decision_seconds(d, *then));
    if (deadline <= .5 * d->timeout_s)
        return deadline;
    *then = SIZE_MAX;
    return 0;
}

/* A look instead of the incumbent: LOOK and the plan say so. */
static void explore(struct tn_decision *d, const struct known *known, struct look *look)
{
    struct tn_plan      *plan = d->plan;
    enum tn_explore_mode mode = d->request->policy->explore;
    bool                 in_place = inline_allowed(d);
    struct picked        picked;

    pick_begin(d, known, &picked);
    if (d->request->may_explore && (mode == TN_EXPLORE_SHADOW || mode == TN_EXPLORE_BOTH) && tn_decision_teaches(d))
        look_and_copy(d, known, in_place, &picked);
    else if (in_place)
        look_inline(d, known, &picked);
    if (picked.found && tn_decision_teaches(d)) {
        *look = picked.look;
        plan->reason = TN_REASON_EXPLORE;
        plan->explore = true;
        plan->gain = d->side[look->at]->known ? look->gain / known->I / d->looks_pay : 0;
    } else if (!picked.found && in_place && look_back(d, known, look)) {
        plan->reason = TN_REASON_LOOK_BACK;
        plan->explore = true;
    }
    if (plan->explore)
        plan->baseline_s = known->seconds;
}

/* Nobody else may take it: nothing is weighed. */
static void run_alone(struct tn_decision *d)
{
    d->plan->reason = TN_REASON_BEST;
    tn_plan_add(d, 0, 0);
}

static void choose_for_known(struct tn_decision *d)
{
    struct known known = {.best = d->best, .I = d->cost[d->best], .seconds = tn_decision_seconds(d, d->best),
                          .visits = fmin(d->learner->world.k.cap, (double)d->view.visits) * d->learner->world.k.kappa};
    struct look  look = {.at = d->best};
    size_t       then = SIZE_MAX;

    known.lI = log(fmax(known.I, 1e-6));
    known.now = d->percentile ? known.seconds : known.I;
    d->plan->reason = TN_REASON_BEST;
    explore(d, &known, &look);
    if (d->plan->explore)
        then = known.best;
    if (look.deadline_s == 0) {
        size_t guarded;
        double deadline = guard_deadline(d, look.at, &guarded);

        if (guarded != SIZE_MAX) {
            look.deadline_s = deadline;
            then = guarded;
        }
    }
    drop_shadow(d->plan, look.at);
    tn_plan_add(d, look.at, look.deadline_s);
    tn_plan_add_rest(d, then);
}

void tn_known_shape(struct tn_decision *d)
{
    if (d->request->count == 1)
        run_alone(d);
    else
        choose_for_known(d);
}

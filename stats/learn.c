#include "stats/learn.h"

#include "stats/normal.h"

#include <math.h>

static const double HOPELESS_ABOVE = 2.3; /* ten times slower than its level says */
static const double SHIFT_ALARM = .4;     /* mean surprise of a cluster's runs, 50 % slower, that is its own and not a shape's */
static const double LATE_DEVIATIONS = 2.5; /* the guard cuts at three */
static const double SAME_BOUND = .15;     /* nats: a cut so near is the same bound again (cost routing 1) */
static const double DECAY = .9;           /* of success and failure counts */

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

static struct tn_effect *effect_of(struct tn_world *world, const struct tn_side *side)
{
    return &world->effect[side->cluster];
}

/* ---- across shapes ---- */

static void learn_world(struct tn_world *world, const struct tn_view *view, const struct tn_side *side, double y, bool cut)
{
    world->ended++;
    for (unsigned r = 0; r < (view->predicted ? 2u : 1u); r++) {
        struct tn_common_level level = tn_view_level(view, r, side);
        struct tn_evidence    evidence = {
               .set = r, .class = view->class, .cluster = side->cluster, .level = level.b, .vlevel = level.vb, .level_known = level.known,
               .predicted = r == 1 ? side->f : 0, .spread = r == 1 ? side->spread : 1, .y = y, .cut = cut};

        tn_world_learn(world, &evidence);
    }
}

/* How well each set foresaw what came. */
static void judge_sets(struct tn_world *world, const struct tn_view *view, const struct tn_side *side, double y, bool cut, bool timed_out)
{
    double score[TN_WORLD_SETS];

    if (!view->predicted)
        return;
    for (unsigned r = 0; r < TN_WORLD_SETS; r++) {
        double m, P, S;

        tn_view_prior(view, side, r, &m, &P);
        S = P + side->effect->s2;
        if (cut || timed_out)
            score[r] = log(fmax(1e-9, tn_normal_cdf((m - (timed_out ? log(view->k->timeout_s) : y)) / sqrt(S))));
        else
            score[r] = -.5 * log(S) - (y - m) * (y - m) / (2 * S);
        if (side->cell.bounded)
            score[r] -= log(fmax(1e-9, tn_normal_cdf((m - side->cell.cen) / sqrt(P))));
    }
    tn_world_judge(world, view->class, score);
}

/* The model foresees most time-outs itself: only what lies LEAST and DEVIATIONS above what it said is a hopeless shape of set 1. */
static void learn_hopeless(struct tn_world *world, const struct tn_view *view, const struct tn_side *side, bool is, double ln_deadline,
                           double least, double deviations)
{
    double m, P;

    tn_world_hopeless(world, 0, side->cluster, is);
    if (!view->predicted)
        return;
    tn_view_prior(view, side, 1, &m, &P);
    tn_world_hopeless(world, 1, side->cluster, is && ln_deadline - m > fmax(least, deviations * sqrt(P)));
}

/* ---- a cluster as a whole ---- */

static void shift(struct tn_world *world, struct tn_effect *effect, double surprise)
{
    double size;

    effect->G += .1 * (clamp(surprise, -2, 2) - effect->G);
    if (fabs(effect->G) <= SHIFT_ALARM)
        return;
    size = effect->G * 2;
    effect->A += size;
    effect->G = 0;
    if (size > 0) {
        effect->look_size = (effect->look_every > 0 ? effect->look_size : 0) + size;
        effect->look_every = 20;
    } else if (effect->look_every > 0) {
        effect->look_size += size;
        effect->look_every = effect->look_size > .3 ? 5 : 0;
    }
    effect->look_at = (double)world->decisions + effect->look_every;
}

/* ---- a complete run ---- */

/* A surprise alone is cut to three deviations; two or three on the same side are believed: LEAST is what those before must have had. */
static double surprised(const struct tn_effect *effect, struct tn_side *side, double least, double m, double *P, double z, double y)
{
    double S = *P + effect->s2, clipped = clamp(z, -3, 3), before = side->cell.run * clipped > 0 ? side->cell.run : 0;

    side->cell.run = before + clipped;
    if (fabs(side->cell.run) > 4 && fabs(clipped) > 1.2 && fabs(before) >= least) {
        *P = fmax(*P, (y - m) * (y - m) * .5);
        side->cell.run = 0;
    } else if (fabs(z) > 3) {
        y = m + copysign(3 * sqrt(S), z);
    }
    return y;
}

static void learn_spread(struct tn_side *side, double deviation)
{
    double weight = fmax(1.0 / (side->cell.n + 1.0), 1 / 256.0);

    side->cell.M2 = side->cell.n == 0 ? 0 : side->cell.M2 + weight * (fmin(deviation * deviation, 9) - side->cell.M2);
}

double tn_learn_run(struct tn_world *world, struct tn_view *view, struct tn_side *side, double y, bool timed_out)
{
    struct tn_effect *effect = effect_of(world, side);
    struct tn_belief *cell = &side->cell;
    bool              first = cell->n == 0;
    double            m, P, S, z;

    if (first)
        tn_view_prior_mixed(view, side, &m, &P);
    else {
        m = tn_side_mean(side);
        P = tn_side_variance(view, side);
    }
    z = (y - m) / sqrt(P + effect->s2);
    if (cell->n >= 2)
        y = surprised(effect, side, view->k->surprise, m, &P, z, y);
    S = P + effect->s2;
    if (cell->n >= 2) {
        effect->s2 = fmax(view->k->s2_least, effect->s2 + .02 * (fmin((y - m) * (y - m) * effect->s2 / S, 1) - effect->s2));
        shift(world, effect, y - m);
    }
    if (effect->look_every > 0 && z < -1) { /* a good sign */
        effect->look_every = 5;
        effect->look_at = (double)world->decisions + 5;
    }
    if (first) {
        judge_sets(world, view, side, y, false, timed_out);
        learn_hopeless(world, view, side, timed_out, log(view->k->timeout_s), 1, 1);
        learn_world(world, view, side, y, false);
    }
    learn_spread(side, y - m);
    cell->m = m + P / S * (y - m);
    cell->P = fmax((1 - P / S) * P, 1e-4);
    cell->n++;
    cell->A0 = effect->A;
    cell->last = (uint16_t)view->visits;
    cell->bounded = false;
    return first ? 0 : cell->m - m;
}

/* ---- an attempt that was cut ---- */

static void cut_known(const struct tn_view *view, struct tn_side *side, double y)
{
    struct tn_belief *cell = &side->cell;
    double            s2 = side->effect->s2, m = tn_side_mean(side), P = tn_side_variance(view, side), s = sqrt(P + s2), K;

    if (y > m - .5 * s) {
        K = P / (P + s2 + .1);
        cell->m = m + K * (tn_normal_above(m, s, y).mean - m);
        cell->A0 = side->effect->A;
        cell->P = (1 - .5 * K) * P;
    }
}

void tn_learn_cut(struct tn_world *world, struct tn_view *view, struct tn_side *side, double y)
{
    struct tn_effect     *effect = effect_of(world, side);
    struct tn_belief     *cell = &side->cell;
    struct tn_common_level level;
    double                old, hopeless_from;
    bool                  had = cell->bounded;

    if (effect->look_every > 0) { /* still shifted */
        effect->look_every = fmin(1000, effect->look_every * 2);
        effect->look_at = (double)world->decisions + effect->look_every;
    }
    if (cell->n > 0)
        cut_known(view, side, y); /* as wide as its belief has become since the last look */
    cell->last = (uint16_t)view->visits; /* a look, whatever it showed */
    if (cell->n > 0)
        return;
    old = cell->cen + effect->A - cell->A0;
    if (!had || y > old + SAME_BOUND)
        cell->ncen = 1; /* times that this bound was survived, not any */
    else if (y > old - SAME_BOUND)
        cell->ncen++;
    level = tn_view_level(view, 0, side);
    hopeless_from = level.b + side->offset[0].a + HOPELESS_ABOVE;
    if (level.known && y > hopeless_from && (!had || old <= hopeless_from))
        learn_hopeless(world, view, side, true, y, HOPELESS_ABOVE, 2);
    if (had && y <= old - .05)
        return;
    if (!had || y > old + .3) {
        if (world->k.joint != 0 || level.known) {
            judge_sets(world, view, side, y, true, false);
            learn_world(world, view, side, y, true);
        }
    }
    cell->bounded = true;
    cell->cen = y;
    cell->A0 = effect->A;
}

/* ---- success and failure ---- */

void tn_learn_answer(struct tn_world *world, struct tn_side *side)
{
    struct tn_effect *effect = effect_of(world, side);

    side->cell.succ = side->cell.succ * DECAY + 1;
    side->cell.fail *= DECAY;
    effect->pe += .1 * (1 - effect->pe);
}

void tn_learn_late(struct tn_world *world, const struct tn_view *view, struct tn_side *side, double y, double seconds)
{
    struct tn_effect *effect = effect_of(world, side);

    if (view->k->late_fails == 0 || side->cell.n < 2 ||
        y < tn_side_mean(side) + LATE_DEVIATIONS * sqrt(tn_side_variance(view, side) + effect->s2))
        return;
    side->cell.succ *= DECAY;
    side->cell.fail = side->cell.fail * DECAY + 1;
    effect->tf += .05 * (seconds - effect->tf);
}

void tn_learn_error(struct tn_world *world, struct tn_view *view, struct tn_side *side, double seconds)
{
    struct tn_effect *effect = effect_of(world, side);

    side->cell.last = (uint16_t)view->visits;
    side->cell.succ *= DECAY;
    side->cell.fail = side->cell.fail * DECAY + 1;
    effect->tf += .3 * (seconds - effect->tf);
    if (side->cell.n > 0)
        effect->pe += .1 * (0 - effect->pe);
}

#include "stats/mixture.h"

#include "base/compiler.h"

#include <math.h>
#include <stdatomic.h>

static const double STEP = .8, OUTERMOST = -2.4; /* deviations */
static const double NARROW = .02;                /* variance of the mean below which one node says it all */
static const double PART = .8;                   /* of seconds / median: runs that are cut were longer than the median */
enum { SURVIVED_MOST = 6 };

static void one_node(struct tn_mixture *out, double m, double variance)
{
    out->count = 1;
    out->weight[0] = 1;
    out->mean[0] = m;
    out->sd = sqrt(variance);
}

/* exp(-z^2 / 2) of a node, computed when it is first asked for: it is the same for all that is known. */
static double plain_weight(unsigned node, double z)
{
    static _Atomic double known[TN_NODES];
    double                x = atomic_load_explicit(&known[node], memory_order_relaxed);

    if (x > 0)
        return x;
    x = exp(-.5 * z * z);
    atomic_store_explicit(&known[node], x, memory_order_relaxed);
    return x;
}

/* Chance of the node AT, not normalised: of the belief without its bound, times that of surviving it. */
static double bounded_weight(const struct tn_side *side, double at)
{
    double uncut = (at - side->m0) / sqrt(side->P0), survived = fmax(1, fmin(SURVIVED_MOST, side->cell.ncen));

    return exp(-.5 * uncut * uncut) * pow(tn_normal_cdf((at - side->bound) / sqrt(side->effect->s2)), survived);
}

void tn_mixture_init(struct tn_mixture *out, const struct tn_side *side, double load, double hopeless)
{
    double s2 = side->effect->s2, total = 0, wide;
    bool   bounded = !side->known && side->bounded;

    out->hopeless = hopeless;
    if (side->P < NARROW && !bounded) {
        one_node(out, side->m + load, side->P + s2);
        return;
    }
    out->count = TN_NODES;
    out->sd = sqrt(s2);
    wide = sqrt(side->P);
    for (unsigned i = 0; i < TN_NODES; i++) {
        double z = OUTERMOST + i * STEP, at = side->m + z * wide;

        out->mean[i] = at + load;
        out->weight[i] = bounded ? bounded_weight(side, at) : plain_weight(i, z);
        total += out->weight[i];
    }
    if (total <= 1e-12) {
        one_node(out, side->m + load, side->P + s2);
        return;
    }
    for (unsigned i = 0; i < TN_NODES; i++)
        out->weight[i] /= total;
}

double tn_mixture_beyond(const struct tn_mixture *x, double seconds, double shift)
{
    double sum = 0, ln;

    if (seconds <= 0)
        return 1;
    ln = log(seconds);
    for (unsigned i = 0; i < x->count; i++)
        sum += x->weight[i] * tn_lognormal_beyond(x->mean[i] + shift, x->sd, ln);
    return sum + x->hopeless * (1 - sum);
}

struct tn_capped tn_mixture_capped(const struct tn_mixture *x, double seconds, double shift)
{
    struct tn_capped sum = {0, 0};
    double           ln = log(seconds);

    if (seconds <= 0)
        return (struct tn_capped){0, 1};
    for (unsigned i = 0; i < x->count; i++) {
        struct tn_capped node = tn_lognormal_capped(x->mean[i] + shift, x->sd, ln);

        sum.mean += x->weight[i] * node.mean;
        sum.beyond += x->weight[i] * node.beyond;
    }
    sum.mean += x->hopeless * (seconds - sum.mean);
    sum.beyond += x->hopeless * (1 - sum.beyond);
    return sum;
}

double tn_mixture_part(const struct tn_mixture *x, double seconds)
{
    double part = 0, ln = log(seconds);

    for (unsigned i = 0; i < x->count; i++) {
        double beyond = tn_normal_cdf((x->mean[i] - ln) / x->sd);

        part += x->weight[i] * (1 - beyond + beyond * PART * exp(fmin(0, ln - x->mean[i])));
    }
    return part;
}

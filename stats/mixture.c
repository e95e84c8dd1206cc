#include "stats/mixture.h"

#include "base/compiler.h"

#include <math.h>

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

/* Chance of the node AT, not normalised: of the belief without its bound, times that of surviving it. */
static double weight_of(const struct tn_side *side, double at, double z)
{
    double uncut = (at - side->m0) / sqrt(side->P0), survived = fmax(1, fmin(SURVIVED_MOST, side->cell.ncen));

    if (side->known || !side->bounded)
        return exp(-.5 * z * z);
    return exp(-.5 * uncut * uncut) * pow(tn_normal_cdf((at - side->bound) / sqrt(side->effect->s2)), survived);
}

void tn_mixture_init(struct tn_mixture *out, const struct tn_side *side, double load, double hopeless)
{
    double s2 = side->effect->s2, total = 0;
    bool   bounded = !side->known && side->bounded;

    out->hopeless = hopeless;
    if (side->P < NARROW && !bounded) {
        one_node(out, side->m + load, side->P + s2);
        return;
    }
    out->count = TN_NODES;
    out->sd = sqrt(s2);
    for (unsigned i = 0; i < TN_NODES; i++) {
        double z = OUTERMOST + i * STEP, at = side->m + z * sqrt(side->P);

        out->mean[i] = at + load;
        out->weight[i] = weight_of(side, at, z);
        total += out->weight[i];
    }
    if (total <= 1e-12) {
        one_node(out, side->m + load, side->P + s2);
        return;
    }
    for (unsigned i = 0; i < TN_NODES; i++)
        out->weight[i] /= total;
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

#include "stats/normal.h"

#include "base/compiler.h"

#include <math.h>
#include <stdatomic.h>

static const double SQRT_2 = 1.4142135623730951;
static const double SQRT_2_PI = 2.5066282746310002;

double tn_normal_cdf(double z)
{
    return .5 * erfc(-z / SQRT_2);
}

/* ---- bounds ---- */

enum { STEPS = 16, END = 6 * STEPS }; /* of one deviation; beyond six of them nothing is told apart */

/* The distribution function at STEP / STEPS, computed when it is first asked for. */
static double cdf_at(int step)
{
    static _Atomic double known[2 * END + 1];
    double                x = atomic_load_explicit(&known[step + END], memory_order_relaxed);

    if (x > 0)
        return x;
    x = tn_normal_cdf((double)step / STEPS);
    atomic_store_explicit(&known[step + END], x, memory_order_relaxed);
    return x;
}

static double loss_at(int step)
{
    static _Atomic double known[2 * END + 1];
    double                x = atomic_load_explicit(&known[step + END], memory_order_relaxed), z = (double)step / STEPS;

    if (x > 0)
        return x;
    x = z * tn_normal_cdf(z) + exp(-z * z / 2) / SQRT_2_PI;
    atomic_store_explicit(&known[step + END], x, memory_order_relaxed);
    return x;
}

/* The whole number next to X that is not below it; X is small. */
static int up(double x)
{
    int whole = (int)x;

    return (double)whole < x ? whole + 1 : whole;
}

double tn_normal_cdf_most(double z)
{
    return z < END / STEPS ? cdf_at(up(TN_MAX(z * STEPS, (double)-END))) : 1;
}

double tn_normal_cdf_least(double z)
{
    return z > -END / STEPS ? cdf_at(-up(TN_MAX(-z * STEPS, (double)-END))) : 0;
}

double tn_normal_loss_most(double z)
{
    return z < END / STEPS ? loss_at(up(TN_MAX(z * STEPS, (double)-END))) : z + loss_at(-END);
}

/* ---- integrals ---- */

struct tn_normal tn_normal_above(double m, double s, double c)
{
    double z = (c - m) / s, hazard;

    if (z < -4) /* as good as no bound */
        return (struct tn_normal){m, s * s};
    if (z > 5) /* the tail is an exponential there; the quotient below would lose its digits */
        return (struct tn_normal){c + s / z, s * s / (z * z)};
    hazard = exp(-z * z / 2) / SQRT_2_PI / (.5 * erfc(z / SQRT_2));
    return (struct tn_normal){m + s * hazard, fmax(1e-4, s * s * (1 + z * hazard - hazard * hazard))};
}

struct tn_capped tn_lognormal_capped(double m, double s, double ld)
{
    double k = (ld - m) / s, log_mean = m + s * s / 2, beyond;

    if (k > 6)
        return (struct tn_capped){exp(TN_MIN(log_mean, ld)), 0};
    beyond = .5 * erfc(k / SQRT_2);
    return (struct tn_capped){(log_mean < 60 ? exp(log_mean) * .5 * erfc(-(k - s) / SQRT_2) : 0) + exp(ld) * beyond, beyond};
}

double tn_lognormal_beyond(double m, double s, double ld)
{
    double k = (ld - m) / s;

    return k > 6 ? 0 : .5 * erfc(k / SQRT_2);
}

double tn_lognormal_gain(double I, double m, double P, double k)
{
    return I * tn_normal_cdf(k) - exp(m + P / 2) * tn_normal_cdf(k - sqrt(P));
}

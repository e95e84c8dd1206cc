#include "tools/cli/compare_sample.h"

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/rand.h"
#include "base/str.h"

#include <math.h>
#include <stdlib.h>

/* 1,000 draws are usual for 95 % intervals (Efron and Tibshirani 1993, section 13.3); long lists have narrow intervals, whose
 * ends need fewer to be told apart, and must not take minutes. */
enum { DRAWS = 1000, DRAWS_LEAST = 200, WORK = 10 * 1000 * 1000 };

static const double points[TN_FIGURES] = {[TN_FIGURE_P50] = .5, [TN_FIGURE_P95] = .95, [TN_FIGURE_P99] = .99};

double tn_percentile(const double *sorted, size_t n, double p)
{
    double place = n == 0 ? 0 : p * (double)(n - 1), part = place - floor(place);
    size_t at = (size_t)place;

    if (n == 0)
        return NAN;
    if (at + 1 >= n || part == 0 || sorted[at] == sorted[at + 1])
        return sorted[TN_MIN(at, n - 1)];
    return sorted[at] + part * (sorted[at + 1] - sorted[at]);
}

double tn_percentile_above(const double *sorted, size_t n, enum tn_figure figure)
{
    return n == 0 ? NAN : sorted[(size_t)ceil(points[figure] * (double)(n - 1))];
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static size_t draws_of(size_t n)
{
    size_t draws = n == 0 ? DRAWS : WORK / n;

    return draws > DRAWS ? DRAWS : draws < DRAWS_LEAST ? DRAWS_LEAST : draws;
}

/* The value at place AT of a draw, COUNTS[i] times values[i]; *I and *BELOW (values before i) walk on: AT never falls. */
static double drawn(const double *values, const uint32_t *counts, size_t at, size_t *i, size_t *below)
{
    while (*below + counts[*i] <= at)
        *below += counts[(*i)++];
    return values[*i];
}

static void measure_draw(const double *values, const uint32_t *counts, size_t n, double *out, size_t draws)
{
    size_t i = 0, below = 0;
    double sum = 0;

    for (size_t f = 0; f < TN_FIGURE_MEAN; f++) {
        double place = points[f] * (double)(n - 1), part = place - floor(place);
        size_t at = (size_t)place;
        double low = drawn(values, counts, at, &i, &below), high = low;

        if (part > 0) {
            size_t next = i, next_below = below;

            high = drawn(values, counts, at + 1, &next, &next_below);
        }
        out[f * draws] = low == high ? low : low + part * (high - low);
    }
    for (size_t k = 0; k < n; k++)
        if (counts[k] > 0)
            sum += counts[k] * values[k];
    out[TN_FIGURE_MEAN * draws] = sum / (double)n;
}

bool tn_bootstrap(double *values, size_t n, uint64_t seed, struct tn_interval out[TN_FIGURES])
{
    size_t         draws = draws_of(n);
    struct tn_rand rand = {.state = seed};
    uint32_t      *counts = tn_malloc((n + 1) * sizeof *counts);
    double        *figures = tn_malloc(draws * TN_FIGURES * sizeof *figures), sum = 0;

    qsort(values, n, sizeof *values, by_value);
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    for (size_t f = 0; f < TN_FIGURES; f++)
        out[f] = (struct tn_interval){f == TN_FIGURE_MEAN ? (n == 0 ? NAN : sum / (double)n) : tn_percentile(values, n, points[f]), NAN, NAN};
    if (counts != NULL && figures != NULL && n > 0) {
        for (size_t d = 0; d < draws; d++) {
            memset(counts, 0, n * sizeof *counts);
            for (size_t k = 0; k < n; k++)
                counts[((tn_rand_next(&rand) >> 32) * n) >> 32]++; /* n is far below 2^32: no bias that shows */
            measure_draw(values, counts, n, figures + d, draws);
        }
        for (size_t f = 0; f < TN_FIGURES; f++) {
            qsort(figures + f * draws, draws, sizeof *figures, by_value);
            out[f].low = tn_percentile(figures + f * draws, draws, .025);
            out[f].high = tn_percentile(figures + f * draws, draws, .975);
        }
    }
    tn_free(counts);
    tn_free(figures);
    return counts != NULL && figures != NULL;
}

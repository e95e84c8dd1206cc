/* compare_sample.h - percentiles and bootstrap intervals of a list of measurements.
 *
 * Percentiles are interpolated between the two nearest (Hyndman and Fan 1996, type 7: what NumPy and R do by default). Intervals
 * are percentile intervals of the bootstrap (Efron 1979): the list is drawn again with replacement, and the middle 95 % of the
 * figure over all draws is the interval. Seeded: the same list and seed give the same interval. */
#ifndef TN_CLI_COMPARE_SAMPLE_H
#define TN_CLI_COMPARE_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tn_figure { TN_FIGURE_P50, TN_FIGURE_P95, TN_FIGURE_P99, TN_FIGURE_MEAN, TN_FIGURES };

struct tn_interval {
    double value, low, high; /* NAN: not known */
};

/* Of N sorted values, P in [0, 1]; infinite values are allowed; NAN when N is 0. */
double tn_percentile(const double *sorted, size_t n, double p);

/* The greater of the two values that the percentile FIGURE lies between. */
double tn_percentile_above(const double *sorted, size_t n, enum tn_figure figure);

/* VALUES are sorted by this. False: no memory (values without intervals are there all the same). */
bool tn_bootstrap(double *values, size_t n, uint64_t seed, struct tn_interval out[TN_FIGURES]);

#endif

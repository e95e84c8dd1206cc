/* histogram.h - durations from 1 us to 1 h in log-linear buckets: 32 per doubling, so that a value read back is within
 * 1.6 %; exact below 64 us. Fixed memory, mergeable, only grows (HdrHistogram's layout).
 *
 * A histogram has a single writer (relaxed load and store); any thread may take a view of it at any time. Views are plain
 * numbers: add several, subtract an earlier one, ask for quantiles. */
#ifndef TN_STATS_HISTOGRAM_H
#define TN_STATS_HISTOGRAM_H

#include "base/compiler.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define TN_HISTOGRAM_MAX_US UINT64_C(3600000000) /* longer durations count as this one */

enum { TN_HISTOGRAM_BUCKETS = 64 + 26 * 32 };

/* Zero-initialise. */
struct tn_histogram {
    char             before[64]; /* other threads' data stays off its cache lines */
    _Atomic uint64_t sum_us;
    _Atomic uint64_t buckets[TN_HISTOGRAM_BUCKETS];
    char             after[64];
};

/* Zero-initialise. */
struct tn_histogram_view {
    uint64_t count;
    uint64_t sum_us;
    uint64_t buckets[TN_HISTOGRAM_BUCKETS];
};

/* Upper limits for the exposition format of Prometheus: label in seconds and the same in microseconds. */
struct tn_histogram_limit {
    const char *label;
    uint64_t    us;
};
enum { TN_HISTOGRAM_LIMITS = 19 };
extern const struct tn_histogram_limit tn_histogram_limits[TN_HISTOGRAM_LIMITS];

unsigned tn_histogram_bucket(uint64_t us);
uint64_t tn_histogram_bucket_low(unsigned bucket);  /* least value of a bucket, us */
uint64_t tn_histogram_bucket_high(unsigned bucket); /* greatest */

/* By the owner only. */
static inline void tn_histogram_add(struct tn_histogram *histogram, uint64_t us)
{
    _Atomic uint64_t *bucket = &histogram->buckets[tn_histogram_bucket(us)];

    atomic_store_explicit(bucket, atomic_load_explicit(bucket, memory_order_relaxed) + 1, memory_order_relaxed);
    atomic_store_explicit(&histogram->sum_us, atomic_load_explicit(&histogram->sum_us, memory_order_relaxed) + us,
                          memory_order_relaxed);
}

void tn_histogram_view_add(struct tn_histogram_view *view, const struct tn_histogram *histogram);

/* OUT[i] = how many values are at most tn_histogram_limits[i].us (to 1.6 % of the limit); never falls from one to the next. */
void tn_histogram_cumulative(const struct tn_histogram_view *view, uint64_t out[TN_HISTOGRAM_LIMITS]);

#endif

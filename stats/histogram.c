#include "stats/histogram.h"

enum { EXACT = 64, PER_OCTAVE = 32, EXACT_BITS = 6, SUB_BITS = 5 };

const struct tn_histogram_limit tn_histogram_limits[TN_HISTOGRAM_LIMITS] = {
    {"0.0001", 100},  {"0.00025", 250},   {"0.0005", 500},   {"0.001", 1000},   {"0.0025", 2500},
    {"0.005", 5000},  {"0.01", 10000},    {"0.025", 25000},  {"0.05", 50000},   {"0.1", 100000},
    {"0.25", 250000}, {"0.5", 500000},    {"1", 1000000},    {"2.5", 2500000},  {"5", 5000000},
    {"10", 10000000}, {"30", 30000000},   {"60", 60000000},  {"300", 300000000},
};

unsigned tn_histogram_bucket(uint64_t us)
{
    unsigned exponent, sub;

    us = TN_MIN(us, TN_HISTOGRAM_MAX_US);
    if (us < EXACT)
        return (unsigned)us;
    exponent = 63u - (unsigned)__builtin_clzll(us);
    sub = (unsigned)(us >> (exponent - SUB_BITS)) & (PER_OCTAVE - 1u);
    return EXACT + (exponent - EXACT_BITS) * PER_OCTAVE + sub;
}

uint64_t tn_histogram_bucket_low(unsigned bucket)
{
    unsigned octave = (bucket - EXACT) / PER_OCTAVE, sub = (bucket - EXACT) % PER_OCTAVE;

    if (bucket < EXACT)
        return bucket;
    return (uint64_t)(PER_OCTAVE + sub) << (octave + EXACT_BITS - SUB_BITS);
}

uint64_t tn_histogram_bucket_high(unsigned bucket)
{
    return bucket < EXACT ? bucket : tn_histogram_bucket_low(bucket + 1) - 1;
}

static uint64_t middle(unsigned bucket)
{
    return (tn_histogram_bucket_low(bucket) + tn_histogram_bucket_high(bucket)) / 2;
}

void tn_histogram_view_add(struct tn_histogram_view *view, const struct tn_histogram *histogram)
{
    for (unsigned i = 0; i < TN_HISTOGRAM_BUCKETS; i++) {
        uint64_t n = atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);

        view->buckets[i] += n;
        view->count += n;
    }
    view->sum_us += atomic_load_explicit(&histogram->sum_us, memory_order_relaxed);
}

void tn_histogram_cumulative(const struct tn_histogram_view *view, uint64_t out[TN_HISTOGRAM_LIMITS])
{
    unsigned bucket = 0;
    uint64_t seen = 0;

    for (unsigned i = 0; i < TN_HISTOGRAM_LIMITS; i++) {
        while (bucket < TN_HISTOGRAM_BUCKETS && middle(bucket) <= tn_histogram_limits[i].us)
            seen += view->buckets[bucket++];
        out[i] = seen;
    }
}

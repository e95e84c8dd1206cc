/* store_hot.h - the histogram of a hot cell: 192 contiguous log-linear buckets (32 per doubling, so six doublings),
 * moved where the values are. Values that lie further apart fold pairs of buckets into one: twelve doublings at
 * 3.1 % instead of 1.6 %, and so on (as Prometheus' native histograms halve their resolution). Counts are halved when their sum
 * reaches 256: old values fade (A3 of the statistics' reference: 3.5 % error of P50, 305 values until a step shows). */
#ifndef TN_STATS_STORE_HOT_H
#define TN_STATS_STORE_HOT_H

#include "base/rand.h"

#include <stdbool.h>
#include <stdint.h>

enum { TN_HOT_BUCKETS = 192, TN_HOT_CAP = 256, TN_HOT_MOST_FOLDS = 3 };

struct tn_hot {
    uint16_t base;  /* of the first bucket, in folded buckets */
    uint16_t total;
    uint8_t  folds; /* 2^folds buckets are one */
    uint8_t  reserved;
    uint16_t counts[TN_HOT_BUCKETS];
};

void tn_hot_init(struct tn_hot *hot);
/* COUNT > 0 values of SECONDS (1 us to 1 h; others count as these). Does not halve. */
void tn_hot_add(struct tn_hot *hot, double seconds, unsigned count);
/* Each count to its half, an odd one up or down by chance: the mean stays. Unfolds when less of the window is used. */
void tn_hot_halve(struct tn_hot *hot, struct tn_rand *rand);
/* The sum; the finer one is folded. */
void tn_hot_merge(struct tn_hot *hot, const struct tn_hot *other);
double tn_hot_quantile(const struct tn_hot *hot, double q); /* seconds; 0 when empty */
/* What is believed before a value is counted: COUNT values as a log-normal of mean M and deviation SD (of ln seconds). */
void tn_hot_seed(struct tn_hot *hot, double m, double sd, unsigned count);

/* Little endian, only buckets in use; at most TN_HOT_ENCODED bytes. The written length. */
enum { TN_HOT_ENCODED = 4 + 3 * TN_HOT_BUCKETS };
unsigned tn_hot_encode(const struct tn_hot *hot, unsigned char out[TN_HOT_ENCODED]);
bool     tn_hot_decode(struct tn_hot *hot, const unsigned char *bytes, unsigned size); /* false: not well-formed */

#endif

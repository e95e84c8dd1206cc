/* bands.h - which shapes take so different times with large and with small literals that each size class is worth statistics of
 * its own. Watched are only shapes that come with several texts; a fixed table, a busier shape may push out another. Thread-safe.
 *
 * The measure is the share of the variance of ln seconds (around what was expected of the cluster) that lies between the bands,
 * and the F ratio of an analysis of variance, so that many bands do not explain by their number. */
#ifndef TN_POLICIES_STRATEGY_BANDS_H
#define TN_POLICIES_STRATEGY_BANDS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { TN_BANDS = 16, TN_BANDS_WATCHED = 2048 };

struct tn_band_watch {
    uint64_t key[2];
    uint32_t credit;  /* of the table: falls when another shape wants the place */
    uint32_t count;
    uint32_t large;    /* bands that were seen often */
    float    mean, M2; /* of all deviations */
    struct {
        uint32_t count;
        float    mean;
    } band[TN_BANDS];
};

struct tn_bands {
    pthread_mutex_t      lock;
    struct tn_band_watch watched[TN_BANDS_WATCHED];
};

void tn_bands_init(struct tn_bands *bands);
void tn_bands_destroy(struct tn_bands *bands);

/* A run of the shape KEY took DEVIATION more (ln seconds) than was expected. True: bands explain SHARE of the variance, after at least LEAST
 * runs (HUGE_VAL: nobody asks). */
bool tn_bands_learn(struct tn_bands *bands, const uint64_t key[2], unsigned band, double deviation, double least, double share);

/* By how much BAND lies over the shape's mean, and the variance between bands: 0 and START when nobody remembers. */
void tn_bands_prior(struct tn_bands *bands, const uint64_t key[2], unsigned band, double start, double *offset, double *between);

#endif

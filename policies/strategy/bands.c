#include "policies/strategy/bands.h"

#include "base/hash.h"

#include <math.h>
#include <string.h>

static const double F_LEAST = 4;   /* chance gives that to two bands in 5 of 100 shapes, to more bands less often */
static const double MOST = 3;      /* one deviation, at most: a lost run is no band */
enum { BAND_LEAST = 10, CREDIT_MOST = 64 };

void tn_bands_init(struct tn_bands *bands)
{
    memset(bands, 0, sizeof *bands);
    pthread_mutex_init(&bands->lock, NULL);
}

void tn_bands_destroy(struct tn_bands *bands)
{
    pthread_mutex_destroy(&bands->lock);
}

static struct tn_band_watch *place(struct tn_bands *bands, const uint64_t key[2])
{
    return &bands->watched[tn_hash_mix(key[0] ^ key[1]) % TN_BANDS_WATCHED];
}

static bool same(const struct tn_band_watch *watch, const uint64_t key[2])
{
    return watch->key[0] == key[0] && watch->key[1] == key[1];
}

/* BANDS: seen at all. */
static double between_bands(const struct tn_band_watch *watch, unsigned *bands)
{
    double sum = 0;

    *bands = 0;
    for (unsigned b = 0; b < TN_BANDS; b++) {
        double d = (double)(watch->band[b].mean - watch->mean);

        sum += watch->band[b].count * d * d;
        *bands += watch->band[b].count > 0;
    }
    return sum;
}

static bool watch_explains(const struct tn_band_watch *watch, double least, double share)
{
    double   between, all = (double)watch->M2, n = watch->count;
    unsigned count;

    if (n < least || watch->large < 2 || all <= 0)
        return false;
    between = between_bands(watch, &count);
    return between >= share * all && between / (count - 1) >= F_LEAST * fmax(all - between, 1e-12) / fmax(1, n - count);
}

static void add(struct tn_band_watch *watch, unsigned band, float x)
{
    float d = x - watch->mean; /* Welford */

    watch->credit = watch->credit < CREDIT_MOST ? watch->credit + 1 : CREDIT_MOST;
    watch->count++;
    watch->mean += d / (float)watch->count;
    watch->M2 += d * (x - watch->mean);
    watch->band[band].count++;
    watch->band[band].mean += (x - watch->band[band].mean) / (float)watch->band[band].count;
    watch->large += watch->band[band].count == BAND_LEAST;
}

bool tn_bands_learn(struct tn_bands *bands, const uint64_t key[2], unsigned band, double deviation, double least, double share)
{
    struct tn_band_watch *watch = place(bands, key);
    bool                  there, explains = false;

    if (band >= TN_BANDS)
        return false;
    pthread_mutex_lock(&bands->lock);
    there = same(watch, key);
    if (!there && watch->credit > 0) {
        watch->credit--;
    } else {
        if (!there)
            *watch = (struct tn_band_watch){.key = {key[0], key[1]}};
        add(watch, band, (float)fmax(-MOST, fmin(MOST, deviation)));
        explains = watch_explains(watch, least, share);
    }
    pthread_mutex_unlock(&bands->lock);
    return explains;
}

void tn_bands_prior(struct tn_bands *bands, const uint64_t key[2], unsigned band, double start, double *offset, double *between)
{
    const struct tn_band_watch *watch = place(bands, key);
    unsigned                    count;

    *offset = 0;
    *between = start;
    pthread_mutex_lock(&bands->lock);
    if (same(watch, key) && watch->count > 0) {
        *between = between_bands(watch, &count) / watch->count;
        if (band < TN_BANDS && watch->band[band].count > 0) /* a band seen once is drawn to the shape's mean */
            *offset = (double)(watch->band[band].mean - watch->mean) * watch->band[band].count / (watch->band[band].count + 2.0);
    }
    pthread_mutex_unlock(&bands->lock);
}

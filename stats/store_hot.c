#include "stats/store_hot.h"

#include "base/compiler.h"

#include <math.h>
#include <string.h>

/* A value in 1/64 us is at least 64: five bits below its highest one say which of the 32 buckets of its doubling it is in. */
enum { UNITS_PER_US = 64, PER_OCTAVE_BITS = 5, LEAST_EXPONENT = 6, BUCKETS = 32 * 32, UNFOLD_BELOW = 80 };
#define MOST_UNITS (UINT64_C(3600000000) * UNITS_PER_US) /* an hour; the last of 32 doublings */

static unsigned bucket_of(double seconds)
{
    double   units = seconds * 1e6 * UNITS_PER_US;
    uint64_t u = units > UNITS_PER_US ? (uint64_t)TN_MIN(units, (double)MOST_UNITS) : UNITS_PER_US;
    unsigned exponent = 63u - (unsigned)__builtin_clzll(u);

    return (exponent - LEAST_EXPONENT) << PER_OCTAVE_BITS | ((unsigned)(u >> (exponent - PER_OCTAVE_BITS)) & 31u);
}

/* Where BUCKET begins, in seconds. */
static double low_end(unsigned bucket)
{
    return ldexp(32.0 + (bucket & 31u), (int)(bucket >> PER_OCTAVE_BITS) + LEAST_EXPONENT - PER_OCTAVE_BITS) * 1e-6 / UNITS_PER_US;
}

void tn_hot_init(struct tn_hot *hot)
{
    memset(hot, 0, sizeof *hot);
}

/* Buckets in use, [*FIRST, *LAST]; false when empty. */
static bool span(const struct tn_hot *hot, unsigned *first, unsigned *last)
{
    unsigned i = 0, k = TN_HOT_BUCKETS;

    while (i < TN_HOT_BUCKETS && hot->counts[i] == 0)
        i++;
    if (i == TN_HOT_BUCKETS)
        return false;
    while (hot->counts[k - 1] == 0)
        k--;
    *first = i;
    *last = k - 1;
    return true;
}

static void fold(struct tn_hot *hot)
{
    uint16_t counts[TN_HOT_BUCKETS] = {0};

    for (unsigned i = 0; i < TN_HOT_BUCKETS; i++)
        counts[(hot->base + i) / 2 - hot->base / 2] = (uint16_t)(counts[(hot->base + i) / 2 - hot->base / 2] + hot->counts[i]);
    memcpy(hot->counts, counts, sizeof counts);
    hot->base /= 2;
    hot->folds++;
}

static void move(struct tn_hot *hot, unsigned base)
{
    uint16_t counts[TN_HOT_BUCKETS] = {0};

    for (unsigned i = 0; i < TN_HOT_BUCKETS; i++)
        if (hot->counts[i] > 0)
            counts[hot->base + i - base] = hot->counts[i];
    memcpy(hot->counts, counts, sizeof counts);
    hot->base = (uint16_t)base;
}

/* Where a window begins that holds [LOW, HIGH] in its middle. */
static unsigned centred(unsigned low, unsigned high)
{
    unsigned spare = (TN_HOT_BUCKETS - (high - low + 1)) / 2;

    return low > spare ? low - spare : 0;
}

/* Room for BUCKET (not folded): its place. */
static unsigned make_room(struct tn_hot *hot, unsigned bucket)
{
    for (;;) {
        unsigned at = bucket >> hot->folds, first, last;

        if (at >= hot->base && at < hot->base + (unsigned)TN_HOT_BUCKETS)
            return at - hot->base;
        if (!span(hot, &first, &last)) {
            hot->base = (uint16_t)centred(at, at);
            continue;
        }
        first = TN_MIN(first + hot->base, at);
        last = TN_MAX(last + hot->base, at);
        if (last - first < TN_HOT_BUCKETS)
            move(hot, centred(first, last));
        else
            fold(hot); /* all 1024 buckets folded three times are 128: this ends */
    }
}

static void add_bucket(struct tn_hot *hot, unsigned bucket, unsigned count)
{
    unsigned at = make_room(hot, bucket);

    count = TN_MIN(count, (unsigned)UINT16_MAX - hot->total);
    hot->counts[at] = (uint16_t)(hot->counts[at] + count);
    hot->total = (uint16_t)(hot->total + count);
}

void tn_hot_add(struct tn_hot *hot, double seconds, unsigned count)
{
    add_bucket(hot, bucket_of(seconds), count);
}

/* Finer again, once old values far away have faded: half of a bucket's values go to either half of it. */
static void unfold(struct tn_hot *hot, struct tn_rand *rand)
{
    uint16_t counts[TN_HOT_BUCKETS] = {0};
    unsigned first, last, base;

    if (hot->folds == 0 || !span(hot, &first, &last) || last - first >= UNFOLD_BELOW)
        return;
    base = centred(2 * (hot->base + first), 2 * (hot->base + last) + 1);
    for (unsigned i = first; i <= last; i++) {
        unsigned lower = hot->counts[i] / 2u, at = 2 * (hot->base + i) - base;

        if (hot->counts[i] % 2 != 0)
            lower += (unsigned)(tn_rand_next(rand) & 1);
        counts[at] = (uint16_t)lower;
        counts[at + 1] = (uint16_t)(hot->counts[i] - lower);
    }
    memcpy(hot->counts, counts, sizeof counts);
    hot->base = (uint16_t)base;
    hot->folds--;
}

void tn_hot_halve(struct tn_hot *hot, struct tn_rand *rand)
{
    uint64_t bits = 0;
    unsigned left = 0, total = 0;

    for (unsigned i = 0; i < TN_HOT_BUCKETS; i++) {
        unsigned count = hot->counts[i];

        if ((count & 1) != 0) {
            if (left == 0) {
                bits = tn_rand_next(rand);
                left = 64;
            }
            count += (unsigned)(bits & 1);
            bits >>= 1;
            left--;
        }
        hot->counts[i] = (uint16_t)(count / 2);
        total += count / 2;
    }
    hot->total = (uint16_t)total;
    unfold(hot, rand);
}

void tn_hot_merge(struct tn_hot *hot, const struct tn_hot *other)
{
    while (hot->folds < other->folds)
        fold(hot);
    for (unsigned i = 0; i < TN_HOT_BUCKETS; i++)
        if (other->counts[i] > 0)
            add_bucket(hot, (unsigned)(other->base + i) << other->folds, other->counts[i]);
}

/* The value whose relative distance to both ends of the bucket is the same. */
static double middle(const struct tn_hot *hot, unsigned at)
{
    unsigned first = (hot->base + at) << hot->folds;
    double   low = low_end(first), high = low_end(first + (1u << hot->folds));

    return 2 * low * high / (low + high);
}

double tn_hot_quantile(const struct tn_hot *hot, double q)
{
    double   exact = ceil(q * hot->total);
    unsigned rank = exact < 1.0 ? 1 : (unsigned)exact, seen = 0;

    for (unsigned i = 0; i < TN_HOT_BUCKETS; i++) {
        seen += hot->counts[i];
        if (hot->counts[i] > 0 && seen >= rank)
            return middle(hot, i);
    }
    return 0.0;
}

/* The standard normal's inverse, good to 4.5e-4 (Abramowitz and Stegun 26.2.23): far less than a bucket. */
static double normal_quantile(double p)
{
    double t = sqrt(-2 * log(p < .5 ? p : 1 - p));
    double z = t - (2.515517 + t * (.802853 + t * .010328)) / (1 + t * (1.432788 + t * (.189269 + t * .001308)));

    return p < .5 ? -z : z;
}

void tn_hot_seed(struct tn_hot *hot, double m, double sd, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        tn_hot_add(hot, exp(m + sd * normal_quantile((i + .5) / count)), 1);
}

unsigned tn_hot_encode(const struct tn_hot *hot, unsigned char out[TN_HOT_ENCODED])
{
    unsigned size = 4, used = 0;

    out[0] = (unsigned char)hot->base;
    out[1] = (unsigned char)(hot->base >> 8);
    out[2] = hot->folds;
    for (unsigned i = 0; i < TN_HOT_BUCKETS; i++) {
        if (hot->counts[i] == 0)
            continue;
        out[size++] = (unsigned char)i;
        out[size++] = (unsigned char)hot->counts[i];
        out[size++] = (unsigned char)(hot->counts[i] >> 8);
        used++;
    }
    out[3] = (unsigned char)used;
    return size;
}

bool tn_hot_decode(struct tn_hot *hot, const unsigned char *bytes, unsigned size)
{
    unsigned total = 0;

    tn_hot_init(hot);
    if (size < 4 || size != 4 + 3u * bytes[3] || bytes[2] > TN_HOT_MOST_FOLDS)
        return false;
    hot->base = (uint16_t)(bytes[0] | bytes[1] << 8);
    hot->folds = bytes[2];
    for (unsigned at = 4; at < size; at += 3) {
        unsigned bucket = bytes[at], count = bytes[at + 1] | (unsigned)bytes[at + 2] << 8;

        if (bucket >= TN_HOT_BUCKETS || (hot->base + bucket) << hot->folds >= BUCKETS)
            return false;
        hot->counts[bucket] = (uint16_t)count;
        total += count;
    }
    hot->total = (uint16_t)TN_MIN(total, (unsigned)UINT16_MAX);
    return true;
}

#include "stats/price.h"

#include "base/hash.h"

#include <math.h>
#include <stdio.h>

static const double MICROS_MOST = 1e18; /* what a column of the history takes */
static const double MICRO = 1e6;      /* micro-dollars of a dollar */
static const double TERABYTE = 1e12;  /* price lists say TB and mean 10^12 */
static const double KNEE = .5;        /* use up to which an always-on cluster's next query is nearly free, ... */
static const double KNEE_WIDTH = .4;  /* ... and from where, further on, it costs its whole share */
static const double IDLE_SHARE = .1;  /* "nearly": never quite free, so that equal clusters do not flap */

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

void tn_price_init(struct tn_price *price, const struct tn_cluster_conf *conf)
{
    double hour = conf->price_type == TN_CFG_PRICE_TYPE_AUTO_SUSPEND ? conf->price_credits_per_hour * conf->price_usd_per_credit
                                                                     : conf->price_usd_per_hour;
    bool   by_query = conf->price_type == TN_CFG_PRICE_TYPE_PER_QUERY || conf->price_type == TN_CFG_PRICE_TYPE_PER_SCAN;

    *price = (struct tn_price){
        .type = (enum tn_price_type)conf->price_type,
        .slots = conf->price_slots > 0 ? conf->price_slots : 1,
        .marginal = conf->price_mode == TN_CFG_PRICE_MODE_MARGINAL,
        .usd_per_second = hour / 3600,
        .usd_per_byte = conf->price_usd_per_tb / TERABYTE,
        .min_bytes = (double)conf->price_min_bytes,
        .round_bytes = (double)conf->price_round_bytes,
        .usd_per_query = by_query ? conf->price_usd_per_query : 0,
        .min_seconds = (double)conf->price_min_seconds / 1e6,
        .idle_seconds = (double)conf->price_idle_seconds / 1e6,
        .full_on_cancel = conf->price_full_on_cancel,
    };
}

bool tn_price_by_bytes(const struct tn_price *price)
{
    return price->type == TN_PRICE_PER_SCAN;
}

double tn_price_of_bytes(const struct tn_price *price, double bytes)
{
    if (price->type != TN_PRICE_PER_SCAN)
        return 0;
    bytes = fmax(bytes, price->min_bytes); /* the latter where they are not known */
    if (!(bytes > 0))
        return 0;
    if (price->round_bytes > 0)
        bytes = ceil(bytes / price->round_bytes) * price->round_bytes;
    return bytes * price->usd_per_byte * MICRO;
}

static double second_on_average(const struct tn_price *price)
{
    bool by_time = price->type == TN_PRICE_PER_SECOND || price->type == TN_PRICE_AUTO_SUSPEND;

    return by_time ? price->usd_per_second / price->slots * MICRO : 0;
}

static double marginal_share(double utilisation)
{
    return clamp((utilisation - KNEE) / KNEE_WIDTH, IDLE_SHARE, 1);
}

/* What RUN added to the time that is paid for: a start the least time, an extension only what lies beyond the end that was there
 * already. */
static double awake_seconds(const struct tn_price *price, double seconds, const struct tn_run_bill *run)
{
    double until = seconds + price->idle_seconds, least = price->min_seconds;

    return run->awake ? fmax(0, until - run->awake_s) : least + fmax(0, until - fmax(least, run->awake_s));
}

double tn_price_per_second(const struct tn_price *price, double utilisation, double awake_s)
{
    double rate = second_on_average(price);

    if (price->type == TN_PRICE_PER_SECOND && price->marginal)
        return rate * marginal_share(utilisation);
    if (price->type == TN_PRICE_AUTO_SUSPEND && price->marginal)
        return utilisation > 0 || awake_s > price->idle_seconds ? rate * IDLE_SHARE /* it stays awake for others anyway */
                                                                : price->usd_per_second * MICRO;
    return rate;
}

double tn_price_at_once(const struct tn_price *price, double utilisation, double awake_s)
{
    if (price->type != TN_PRICE_AUTO_SUSPEND || !price->marginal || utilisation > 0)
        return price->usd_per_query * MICRO;
    return (awake_s > 0 ? fmax(0, price->idle_seconds - awake_s) : fmax(price->min_seconds, price->idle_seconds)) * price->usd_per_second * MICRO;
}

void tn_price_bill(const struct tn_price *price, const struct tn_run_bill *run, struct tn_cost *out)
{
    double seconds = fmax(run->seconds, 0);
    double fixed = run->cut && !price->full_on_cancel ? 0 : price->usd_per_query * MICRO;

    *out = (struct tn_cost){.average = 0, .marginal = 0};
    switch (price->type) {
    case TN_PRICE_FREE:
        return;
    case TN_PRICE_PER_SECOND:
        out->average = second_on_average(price) * seconds;
        out->marginal = out->average * marginal_share(run->utilisation);
        return;
    case TN_PRICE_AUTO_SUSPEND:
        out->average = second_on_average(price) * seconds;
        out->marginal = price->usd_per_second * MICRO * awake_seconds(price, seconds, run);
        return;
    case TN_PRICE_PER_SCAN:
    case TN_PRICE_PER_QUERY:
        out->average = tn_price_of_bytes(price, run->bytes) + fixed;
        out->marginal = out->average;
        return;
    }
}

uint64_t tn_price_whole(double micros, uint64_t seed)
{
    double whole, chance;

    if (!(micros > 0))
        return 0;
    if (micros >= MICROS_MOST)
        return (uint64_t)MICROS_MOST;
    whole = floor(micros);
    chance = (double)(tn_hash_mix(seed) >> 11) * 0x1p-53;
    return (uint64_t)whole + (chance < micros - whole);
}

const char *tn_usd_text(char out[TN_USD_TEXT], double usd)
{
    enum { PLACES = 6, DIGITS = 3, PLACES_MOST = 24 };
    double size = fabs(usd);
    int    places = PLACES, len;

    if (isfinite(usd) && size > 0 && size < 1)
        places = (int)fmin(fmax(PLACES, DIGITS - 1 - floor(log10(size))), PLACES_MOST);
    len = snprintf(out, TN_USD_TEXT, size < 1e12 ? "%.*f" : "%.*e", places, usd);
    for (; places > PLACES && out[len - 1] == '0'; places--)
        out[--len] = '\0';
    return out;
}

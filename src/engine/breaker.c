#include "engine/breaker.h"

#include "base/compiler.h"

#include <string.h>

enum { TRIAL_EVERY_US = 1000000, JITTER_PERCENT = 20 };

void tn_breaker_init(struct tn_breaker *breaker)
{
    *breaker = (struct tn_breaker){.state = TN_BREAKER_CLOSED};
    pthread_mutex_init(&breaker->lock, NULL);
    tn_rand_secret(&breaker->rand, sizeof breaker->rand); /* jitter: breakers of several workers do not march in step */
}

void tn_breaker_destroy(struct tn_breaker *breaker)
{
    pthread_mutex_destroy(&breaker->lock);
}

static void forget_window(struct tn_breaker *breaker)
{
    memset(breaker->buckets, 0, sizeof breaker->buckets);
    breaker->bucket_start_us = 0;
    breaker->consecutive = 0;
}

/* The bucket of NOW; those that are older than the window, or from before a jump of the clock, are emptied. */
static size_t current_bucket(struct tn_breaker *breaker, uint64_t window_us, uint64_t now_us)
{
    const size_t count = TN_ARRAY_LEN(breaker->buckets);
    uint64_t     width = TN_MAX(window_us / count, UINT64_C(1));
    uint64_t     start = now_us - now_us % width;
    uint64_t     steps = start >= breaker->bucket_start_us ? (start - breaker->bucket_start_us) / width : count;

    if (steps >= count)
        memset(breaker->buckets, 0, sizeof breaker->buckets);
    for (uint64_t i = 0; steps < count && i < steps; i++)
        memset(&breaker->buckets[(start / width - i) % count], 0, sizeof breaker->buckets[0]);
    breaker->bucket_start_us = start;
    return (size_t)(start / width % count);
}

static bool too_many(const struct tn_breaker *breaker, const struct tn_cluster_conf *conf)
{
    uint64_t ok = 0, failed = 0;

    if (breaker->consecutive >= conf->breaker_consecutive)
        return true;
    for (size_t i = 0; i < TN_ARRAY_LEN(breaker->buckets); i++) {
        ok += breaker->buckets[i].ok;
        failed += breaker->buckets[i].failed;
    }
    return failed > 0 && ok + failed >= conf->breaker_min_requests && failed * 100 >= conf->breaker_rate * (ok + failed);
}

static void open_breaker(struct tn_breaker *breaker, const struct tn_cluster_conf *conf, uint64_t now_us)
{
    uint64_t most = TN_MAX(conf->breaker_max_backoff, conf->breaker_backoff);
    uint64_t wait, fifth;

    breaker->openings++;
    wait = conf->breaker_backoff > most / breaker->openings ? most : conf->breaker_backoff * breaker->openings;
    fifth = wait * JITTER_PERCENT / 100;
    wait = wait - fifth + tn_rand_below(&breaker->rand, 2 * fifth + 1);
    breaker->state = TN_BREAKER_OPEN;
    breaker->opened_us = now_us;
    breaker->open_until_us = now_us + wait;
    breaker->trial_us = 0;
    forget_window(breaker);
}

static void close_breaker(struct tn_breaker *breaker)
{
    breaker->state = TN_BREAKER_CLOSED;
    breaker->openings = 0;
    forget_window(breaker);
}

/* Open -> half open when its time is up. A clock that went back would keep it open for longer than was meant. */
static void advance(struct tn_breaker *breaker, uint64_t now_us)
{
    if (breaker->state != TN_BREAKER_OPEN)
        return;
    if (now_us < breaker->opened_us) {
        breaker->open_until_us = now_us + (breaker->open_until_us - breaker->opened_us);
        breaker->opened_us = now_us;
    }
    if (now_us >= breaker->open_until_us)
        breaker->state = TN_BREAKER_HALF_OPEN;
}

static bool record_closed(struct tn_breaker *breaker, const struct tn_cluster_conf *conf, bool ok, uint64_t now_us)
{
    size_t at = current_bucket(breaker, conf->breaker_window, now_us);

    if (ok) {
        breaker->buckets[at].ok++;
        breaker->consecutive = 0;
        return false;
    }
    breaker->buckets[at].failed++;
    breaker->consecutive++;
    if (!too_many(breaker, conf))
        return false;
    open_breaker(breaker, conf, now_us);
    return true;
}

bool tn_breaker_record(struct tn_breaker *breaker, const struct tn_cluster_conf *conf, bool ok, uint64_t now_us)
{
    bool opened = false;

    pthread_mutex_lock(&breaker->lock);
    advance(breaker, now_us);
    if (breaker->state == TN_BREAKER_CLOSED) {
        opened = record_closed(breaker, conf, ok, now_us);
    } else if (breaker->state == TN_BREAKER_HALF_OPEN && ok) {
        close_breaker(breaker);
    } else if (breaker->state == TN_BREAKER_HALF_OPEN) {
        open_breaker(breaker, conf, now_us);
        opened = true;
    }
    pthread_mutex_unlock(&breaker->lock);
    return opened;
}

static bool allow_trial(struct tn_breaker *breaker, uint64_t now_us)
{
    bool recent = breaker->trial_us != 0 && now_us >= breaker->trial_us && now_us - breaker->trial_us < TRIAL_EVERY_US;

    if (recent)
        return false;
    breaker->trial_us = now_us;
    return true;
}

bool tn_breaker_allows(struct tn_breaker *breaker, uint64_t now_us)
{
    bool allowed;

    pthread_mutex_lock(&breaker->lock);
    advance(breaker, now_us);
    allowed = breaker->state == TN_BREAKER_CLOSED ||
              (breaker->state == TN_BREAKER_HALF_OPEN && allow_trial(breaker, now_us));
    pthread_mutex_unlock(&breaker->lock);
    return allowed;
}

enum tn_breaker_state tn_breaker_state(struct tn_breaker *breaker, uint64_t now_us)
{
    enum tn_breaker_state state;

    pthread_mutex_lock(&breaker->lock);
    advance(breaker, now_us);
    state = breaker->state;
    pthread_mutex_unlock(&breaker->lock);
    return state;
}

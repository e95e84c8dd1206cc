#include "engine/awake.h"

#include "base/alloc.h"

static uint64_t get(const _Atomic uint64_t *at)
{
    return atomic_load_explicit(at, memory_order_relaxed);
}

/* What it was before. */
static uint64_t raise(_Atomic uint64_t *at, uint64_t to)
{
    uint64_t was = get(at);

    while (was < to && !atomic_compare_exchange_weak_explicit(at, &was, to, memory_order_relaxed, memory_order_relaxed))
        ;
    return was;
}

struct tn_awake *tn_awake_new(void)
{
    struct tn_awake *awake = tn_calloc(1, sizeof *awake);

    if (awake != NULL)
        atomic_init(&awake->refs, 1);
    return awake;
}

struct tn_awake *tn_awake_ref(struct tn_awake *awake)
{
    atomic_fetch_add_explicit(&awake->refs, 1, memory_order_relaxed);
    return awake;
}

void tn_awake_unref(struct tn_awake *awake)
{
    if (awake != NULL && atomic_fetch_sub_explicit(&awake->refs, 1, memory_order_acq_rel) == 1)
        tn_free(awake);
}

enum tn_found tn_awake_begin(struct tn_awake *awake, uint64_t now_us, uint64_t least_us, uint64_t idle_us)
{
    uint64_t until = get(&awake->awake_until_us);
    bool     found = atomic_load_explicit(&awake->runs, memory_order_relaxed) > 0 || until > now_us;

    while (!found) {
        raise(&awake->paid_until_us, now_us + least_us); /* before others may find it awake */
        if (atomic_compare_exchange_weak_explicit(&awake->awake_until_us, &until, now_us + idle_us, memory_order_release, memory_order_relaxed))
            break;
        found = until > now_us;
    }
    atomic_fetch_add_explicit(&awake->runs, 1, memory_order_relaxed);
    if (!found)
        atomic_store_explicit(&awake->starting, true, memory_order_relaxed);
    return !found ? TN_FOUND_ASLEEP : tn_awake_is_starting(awake) ? TN_FOUND_STARTING : TN_FOUND_AWAKE;
}

bool tn_awake_is_starting(const struct tn_awake *awake)
{
    return atomic_load_explicit(&awake->starting, memory_order_relaxed);
}

double tn_awake_end(struct tn_awake *awake, uint64_t started_us, uint64_t ended_us, uint64_t idle_us)
{
    raise(&awake->awake_until_us, ended_us + idle_us);
    atomic_store_explicit(&awake->starting, false, memory_order_relaxed);
    atomic_fetch_sub_explicit(&awake->runs, 1, memory_order_relaxed);
    return ((double)raise(&awake->paid_until_us, ended_us + idle_us) - (double)started_us) / 1e6;
}

double tn_awake_left_s(const struct tn_awake *awake, uint64_t now_us, uint64_t idle_us)
{
    uint64_t until = get(&awake->awake_until_us);

    if (atomic_load_explicit(&awake->runs, memory_order_relaxed) > 0)
        until = TN_MAX(until, now_us + idle_us);
    return until > now_us ? (double)(until - now_us) / 1e6 : 0;
}

#include "engine/awake.h"

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

bool tn_awake_begin(struct tn_awake *awake, uint64_t now_us, bool busy, uint64_t least_us, uint64_t idle_us)
{
    uint64_t until = get(&awake->awake_until_us);

    do {
        if (busy || until > now_us)
            return true;
    } while (!atomic_compare_exchange_weak_explicit(&awake->awake_until_us, &until, now_us + idle_us, memory_order_relaxed, memory_order_relaxed));
    atomic_store_explicit(&awake->paid_until_us, now_us + least_us, memory_order_relaxed);
    return false;
}

double tn_awake_end(struct tn_awake *awake, uint64_t started_us, uint64_t ended_us, uint64_t idle_us)
{
    raise(&awake->awake_until_us, ended_us + idle_us);
    return ((double)raise(&awake->paid_until_us, ended_us + idle_us) - (double)started_us) / 1e6;
}

double tn_awake_left_s(const struct tn_awake *awake, uint64_t now_us)
{
    uint64_t until = get(&awake->awake_until_us);

    return until > now_us ? (double)(until - now_us) / 1e6 : 0;
}

void tn_awake_copy(struct tn_awake *to, const struct tn_awake *from)
{
    atomic_store_explicit(&to->awake_until_us, get(&from->awake_until_us), memory_order_relaxed);
    atomic_store_explicit(&to->paid_until_us, get(&from->paid_until_us), memory_order_relaxed);
}

#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static _Atomic int64_t monotonic_shift_us, wall_shift_us;

static int64_t read_us(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

uint64_t tn_clock_us(void)
{
    return (uint64_t)(read_us(CLOCK_MONOTONIC) + atomic_load_explicit(&monotonic_shift_us, memory_order_relaxed)) + 1;
}

uint64_t tn_clock_wall_us(void)
{
    return (uint64_t)(read_us(CLOCK_REALTIME) + atomic_load_explicit(&wall_shift_us, memory_order_relaxed));
}

uint64_t tn_clock_wall_s(void)
{
    return (uint64_t)(read_us(CLOCK_REALTIME_COARSE) + atomic_load_explicit(&wall_shift_us, memory_order_relaxed)) / 1000000;
}

void tn_clock_format(uint64_t wall_us, char out[TN_CLOCK_TEXT])
{
    time_t    seconds = (time_t)(wall_us / 1000000);
    struct tm parts;
    size_t    len;

    gmtime_r(&seconds, &parts);
    len = strftime(out, TN_CLOCK_TEXT, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + len, TN_CLOCK_TEXT - len, ".%06uZ", (unsigned)(wall_us % 1000000));
}

void tn_clock_shift_us(int64_t monotonic_us, int64_t wall_us)
{
    if (monotonic_us > atomic_load(&monotonic_shift_us))
        atomic_store(&monotonic_shift_us, monotonic_us);
    atomic_store(&wall_shift_us, wall_us);
}

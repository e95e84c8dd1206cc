/* counters.h - monotonic counters (counters.def): one block per thread that counts, summed by whoever wants to know.
 *
 * A block has a single writer; a count is a relaxed load and store, no locked instruction (HAProxy, per-thread blocks).
 * Any thread may read; what it sees of one counter only grows. */
#ifndef TN_STATS_COUNTERS_H
#define TN_STATS_COUNTERS_H

#include "base/compiler.h"

#include <stdatomic.h>
#include <stdint.h>

enum tn_counter {
#define COUNTER(name, help) TN_COUNTER_##name,
#include "stats/counters.def"
#undef COUNTER
    TN_COUNTER_COUNT
};

/* Zero-initialise. The padding keeps other threads' data off its cache lines wherever the block lies. */
struct tn_counters {
    char             before[64];
    _Atomic uint64_t values[TN_COUNTER_COUNT];
    char             after[64];
};

/* By the owner of the block only. */
static inline void tn_count(struct tn_counters *counters, enum tn_counter counter, uint64_t n)
{
    uint64_t value = atomic_load_explicit(&counters->values[counter], memory_order_relaxed);

    atomic_store_explicit(&counters->values[counter], value + n, memory_order_relaxed);
}

/* For a block that several threads share; dearer. */
static inline void tn_count_shared(struct tn_counters *counters, enum tn_counter counter, uint64_t n)
{
    atomic_fetch_add_explicit(&counters->values[counter], n, memory_order_relaxed);
}

static inline uint64_t tn_counters_get(const struct tn_counters *counters, enum tn_counter counter)
{
    return atomic_load_explicit(&counters->values[counter], memory_order_relaxed);
}

/* Adds BLOCK to SUMS; start with zeros, call once per block. */
void tn_counters_add(uint64_t sums[TN_COUNTER_COUNT], const struct tn_counters *block);

const char *tn_counter_name(enum tn_counter counter); /* "sessions_opened" */
const char *tn_counter_help(enum tn_counter counter);

#endif

#include "stats/counters.h"

static const char *const names[TN_COUNTER_COUNT] = {
#define COUNTER(name, help) #name,
#include "stats/counters.def"
#undef COUNTER
};

static const char *const helps[TN_COUNTER_COUNT] = {
#define COUNTER(name, help) help,
#include "stats/counters.def"
#undef COUNTER
};

void tn_counters_add(uint64_t sums[TN_COUNTER_COUNT], const struct tn_counters *block)
{
    for (int i = 0; i < TN_COUNTER_COUNT; i++)
        sums[i] += tn_counters_get(block, (enum tn_counter)i);
}

const char *tn_counter_name(enum tn_counter counter)
{
    return names[counter];
}

const char *tn_counter_help(enum tn_counter counter)
{
    return helps[counter];
}

/* seen.h - what came before, as far as a small table knows: most texts never come again, and remembering one takes a kilobyte.
 * Internal to stats/shape.c and stats/outline.c. */
#ifndef TN_STATS_SEEN_H
#define TN_STATS_SEEN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { TN_SEEN_WAYS = 4 };

/* The mark of HASH in tables like this one; never 0. */
static inline uint32_t tn_seen_mark(const uint64_t hash[2])
{
    return (uint32_t)(hash[1] >> 32) | 1;
}

/* Was HASH here before? From now on it was: in its set of MARKS (SETS * TN_SEEN_WAYS of them) the oldest one goes. */
static inline bool tn_seen_again(uint32_t *marks, uint64_t sets, const uint64_t hash[2])
{
    uint32_t *set = marks + hash[1] % sets * TN_SEEN_WAYS, mark = tn_seen_mark(hash);

    for (unsigned i = 0; i < TN_SEEN_WAYS; i++)
        if (set[i] == mark)
            return true;
    memmove(set + 1, set, (TN_SEEN_WAYS - 1) * sizeof *set);
    set[0] = mark;
    return false;
}

#endif

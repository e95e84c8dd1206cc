/* least_loaded.c - the member with the least share of its slots taken (running / maxRunningQueries). */
#include "policies/strategy/strategies.h"

/* Slots of a cluster. Not running + room: room may be less than that, by its group's limit. */
static uint64_t slots(const struct tn_candidate *candidate)
{
    return candidate->cluster->max_running == 0 ? UINT32_MAX : candidate->cluster->max_running;
}

/* Shares compared without division. */
static int compare(const struct tn_candidate *a, const struct tn_candidate *b)
{
    uint64_t total_a = slots(a), total_b = slots(b);
    uint64_t left = a->running * total_b, right = b->running * total_a;

    return left < right ? -1 : left > right;
}

size_t tn_least_loaded(struct tn_group *group, const struct tn_candidate *candidates, const size_t *places, size_t count)
{
    size_t start = (size_t)(tn_group_turn(group, candidates, count) % count);
    size_t best = places == NULL ? start : places[start];

    for (size_t i = 1; i < count; i++) { /* from the turn's place on, so that equals take turns */
        size_t at = (start + i) % count, place = places == NULL ? at : places[at];

        if (compare(&candidates[place], &candidates[best]) < 0)
            best = place;
    }
    return best;
}

static size_t pick(struct tn_group *group, const struct tn_candidate *candidates, size_t count,
                   const struct tn_features *features, const char **reason)
{
    (void)features;
    *reason = "leastLoaded: least share of its slots taken";
    return tn_least_loaded(group, candidates, NULL, count);
}

const struct tn_strategy_ops tn_strategy_least_loaded = {.name = "leastLoaded", .pick = pick};

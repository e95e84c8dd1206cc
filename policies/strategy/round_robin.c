/* round_robin.c - the eligible members in turn. */
#include "policies/strategy/strategies.h"

static size_t pick(struct tn_group *group, const struct tn_candidate *candidates, size_t count,
                   const struct tn_features *features, const char **reason)
{
    (void)features;
    *reason = "roundRobin: next in turn";
    return (size_t)(tn_group_turn(group, candidates, count) % count);
}

const struct tn_strategy_ops tn_strategy_round_robin = {.name = "roundRobin", .pick = pick};

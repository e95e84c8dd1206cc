/* learning.c - the strategies that learn, where they do not decide: mode off or advise, statements that no plan is made for.
 * The eligible members in turn, as roundRobin; their decisions are those of decide.h. */
#include "policies/strategy/strategies.h"

static size_t pick(struct tn_group *group, const struct tn_candidate *candidates, size_t count,
                   const struct tn_features *features, const char **reason)
{
    (void)features;
    *reason = "static: next in turn";
    return (size_t)(tn_group_turn(group, candidates, count) % count);
}

const struct tn_strategy_ops tn_strategy_latency = {.name = "latency", .pick = pick};
const struct tn_strategy_ops tn_strategy_cost = {.name = "cost", .pick = pick};
const struct tn_strategy_ops tn_strategy_throughput = {.name = "throughput", .pick = pick};
const struct tn_strategy_ops tn_strategy_balanced = {.name = "balanced", .pick = pick};

/* python_script.c - a member by choose(query, candidates, ctx) of the operator's script. That is asked before the strategy is
 * (src/scripting_member.c) and named in the request; here is who takes it when the script names nobody: roundRobin. */
#include "policies/strategy/strategies.h"

static size_t pick(struct tn_group *group, const struct tn_candidate *candidates, size_t count,
                   const struct tn_features *features, const char **reason)
{
    size_t at = tn_strategy_round_robin.pick(group, candidates, count, features, reason);

    *reason = "pythonScript";
    return at;
}

const struct tn_strategy_ops tn_strategy_python_script = {.name = "pythonScript", .pick = pick};

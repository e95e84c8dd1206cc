/* failover.c - the first eligible member in the order of `preference` (cluster names), then in the order of `members`. */
#include "policies/strategy/strategies.h"

static size_t pick(struct tn_group *group, const struct tn_candidate *candidates, size_t count,
                   const struct tn_features *features, const char **reason)
{
    const struct tn_cfg_list *preference = &group->conf->preference;

    (void)features;
    for (size_t i = 0; i < preference->count; i++)
        for (size_t k = 0; k < count; k++)
            if (tn_str_eq(candidates[k].cluster->conf->name, preference->items[i])) {
                *reason = i == 0 ? "failover: first choice" : "failover: first eligible of the preference";
                return k;
            }
    *reason = preference->count == 0 && candidates[0].member == 0 ? "failover: first choice" : "failover: first eligible member";
    return 0;
}

const struct tn_strategy_ops tn_strategy_failover = {.name = "failover", .pick = pick};

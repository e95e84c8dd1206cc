/* engine_affinity.c - members of the first engine of `preference` that has an eligible one; among them the least loaded.
 * Engines that are not named come last, all equal. */
#include "policies/strategy/strategies.h"

static size_t of_engine(const struct tn_candidate *candidates, size_t count, struct tn_str engine, size_t *places)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++)
        if (tn_str_eq_c(engine, candidates[i].cluster->ops->name))
            places[found++] = i;
    return found;
}

static size_t pick(struct tn_group *group, const struct tn_candidate *candidates, size_t count,
                   const struct tn_features *features, const char **reason)
{
    const struct tn_cfg_list *preference = &group->conf->preference;
    size_t                    places[TN_GROUP_MEMBERS];

    (void)features;
    for (size_t i = 0; i < preference->count; i++) {
        size_t found = of_engine(candidates, count, preference->items[i], places);

        if (found > 0) {
            *reason = i == 0 ? "engineAffinity: most wanted engine" : "engineAffinity: best engine that is eligible";
            return tn_least_loaded(group, candidates, places, found);
        }
    }
    *reason = "engineAffinity: no wanted engine is eligible, least loaded";
    return tn_least_loaded(group, candidates, NULL, count);
}

const struct tn_strategy_ops tn_strategy_engine_affinity = {.name = "engineAffinity", .pick = pick};

/* strategies.h - inside policies/strategy: the tables of all strategies, and what they share. */
#ifndef TN_POLICIES_STRATEGY_STRATEGIES_H
#define TN_POLICIES_STRATEGY_STRATEGIES_H

#include "policies/strategy/strategy.h"

#define STRATEGY(symbol, name) extern const struct tn_strategy_ops tn_strategy_##symbol;
#include "policies/strategy/strategies.def"
#undef STRATEGY

/* The next number of a count that all picks among the same candidates share; statements of another kind, for which other
 * members are eligible, have another count, so that none of them always meets the same turn. 0 for one candidate. */
uint64_t tn_group_turn(struct tn_group *group, const struct tn_candidate *candidates, size_t count);

/* Of the COUNT candidates at PLACES (NULL: all of them) the one with the least share of its slots taken; those that are
 * equal take turns. */
size_t tn_least_loaded(struct tn_group *group, const struct tn_candidate *candidates, const size_t *places, size_t count);

#endif

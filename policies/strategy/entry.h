/* entry.h - the entry that a decision and its outcome work on: the shape's, or where its bands are open that of its band. Internal
 * to policies/strategy. */
#ifndef TN_POLICIES_STRATEGY_ENTRY_H
#define TN_POLICIES_STRATEGY_ENTRY_H

#include "policies/strategy/learner.h"

/* For a decision: counts the visit and sets plan->banded, unless the request is dry. NULL: the store takes no more. */
struct tn_shape_entry *tn_entry_decide(struct tn_learner *learner, const struct tn_decide_request *request, struct tn_plan *plan);

/* The one that PLAN was made for; NULL: it is gone. */
struct tn_shape_entry *tn_entry_of_plan(struct tn_learner *learner, const struct tn_decide_request *request, const struct tn_plan *plan);

/* A run took DEVIATION more than was expected; opens the bands of the shape when that is worth it. ENTRY is held. */
void tn_entry_watch(struct tn_learner *learner, const struct tn_decide_request *request, const struct tn_plan *plan, struct tn_shape_entry *entry,
                    double deviation);

#endif

/* relate.h - relations between clusters (stats/relation.h) in a decision and in what is learned. Internal to policies/strategy. */
#ifndef TN_POLICIES_STRATEGY_RELATE_H
#define TN_POLICIES_STRATEGY_RELATE_H

#include "policies/strategy/learner.h"

/* What the relations say of every unknown side, and of bills that nobody has seen. Takes the learner's lock for a moment. */
void tn_relate(struct tn_decision *d);
/* How much longer THEN is expected to take (nats) when AT takes MORE nats longer than thought. */
double tn_relate_slope(const struct tn_decision *d, size_t then, size_t at);

/* The cell of SIDE was BEFORE until RESULT. The learner's lock is held. */
void tn_relate_learn(struct tn_world *world, const struct tn_view *view, const struct tn_side *side, const struct tn_belief *before,
                     const struct tn_price *price, const struct tn_attempt_result *result);

#endif

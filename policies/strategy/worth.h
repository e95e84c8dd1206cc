/* worth.h - what choosing has gained a group over the best cluster alone, as it was expected at each decision, and what looks at
 * other clusters have cost it. Where one cluster is the best for everything nothing is gained, and looks are a loss that nothing
 * makes up for: they are bought out of what was gained, and a little more. Forgets with the decisions. */
#ifndef TN_POLICIES_STRATEGY_WORTH_H
#define TN_POLICIES_STRATEGY_WORTH_H

#include "policies/strategy/decide.h"
#include "stats/world.h"

enum { TN_WORTH_CLUSTERS = 8 }; /* the first ones of a group; those beyond count as good as what was chosen */

struct tn_worth { /* in units of the objective */
    enum tn_objective objective;
    size_t            count;
    uint8_t           cluster[TN_WORTH_CLUSTERS];
    double            alone[TN_WORTH_CLUSTERS]; /* what was expected of that cluster alone */
    double            chosen;                   /* of the best */
    double            looks;                    /* and what looks were expected to cost more */
    double            queries;
};

/* The first attempt of PLAN has ended. MEMORY: decisions until a sum is forgotten. Queries of another objective than the first one's
 * do not count. */
void tn_worth_count(struct tn_worth *worth, const struct tn_plan *plan, enum tn_objective objective, double memory);

/* What looks may cost on top of the start that is granted; below 0: that is in use. Where queries of OBJECTIVE do not count there is no limit. */
double tn_worth_left(const struct tn_worth *worth, const struct tn_constants *k, enum tn_objective objective);
/* Expected of a query; where nothing was counted without limit. */
double tn_worth_mean(const struct tn_worth *worth);

#endif

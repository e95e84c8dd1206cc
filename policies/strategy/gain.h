/* gain.h - what choosing gains a group over its best cluster alone, as is believed, and what looks at others took of it. Where one
 * cluster is the best for all shapes that is nothing, however often single looks seem to be worth their while: what is believed of
 * unknown ones is wide, and of many the luckiest is looked at.
 *
 * Of known shapes; remembered for gain_memory of them (constants.def), in memory only: it begins anew with the program. Not locked: the owner's
 * lock is. */
#ifndef TN_POLICIES_STRATEGY_GAIN_H
#define TN_POLICIES_STRATEGY_GAIN_H

#include "policies/strategy/decide.h"
#include "stats/world.h"

enum { TN_GAIN_CLUSTERS = 8 }; /* as many as a plan tells of */

struct tn_gain {
    unsigned counted;
    double   best_s;   /* what was expected where it was expected to be least */
    double   gained_s; /* the best cluster alone: what it was expected to take more */
    double   looked_s; /* what looks took more than the best was expected to */
    int      ahead;    /* that cluster; -1: none is known */
    size_t   count;
    struct {
        uint8_t cluster;
        double  there_s, behind_s; /* best_s of the queries that it could have run; what it was expected to take more */
    } of[TN_GAIN_CLUSTERS];
};

/* The first attempt of PLAN has ended. */
void tn_gain_count(struct tn_gain *gain, const struct tn_plan *plan, const struct tn_attempt_result *result, const struct tn_constants *k);
/* Seconds that looks may still take, besides those that a group may spend from the start. */
double tn_gain_room(const struct tn_gain *gain, const struct tn_constants *k);
/* The cluster that is the best for nearly all shapes; -1: there is none. */
int    tn_gain_one_best(const struct tn_gain *gain, const struct tn_constants *k);
/* The number of CLUSTER was given to another. */
void tn_gain_forget(struct tn_gain *gain, uint8_t cluster, const struct tn_constants *k);

#endif

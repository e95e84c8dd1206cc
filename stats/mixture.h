/* mixture.h - what one run on one cluster may take when its mean itself is uncertain: log-normals around seven nodes of that mean
 * (cost routing 3). A bound that was survived k times weighs k times, which one normal cannot say. */
#ifndef TN_STATS_MIXTURE_H
#define TN_STATS_MIXTURE_H

#include "stats/belief.h"
#include "stats/normal.h"

enum { TN_NODES = 7 };

struct tn_mixture {
    unsigned count;
    double   weight[TN_NODES], mean[TN_NODES]; /* of ln seconds, load included */
    double   sd;                               /* around each node */
    double   hopeless;                         /* share that never ends */
};

/* LOAD: ln of the factor by which runs there are longer now. */
void tn_mixture_init(struct tn_mixture *out, const struct tn_side *side, double load, double hopeless);

/* E[min(X, SECONDS)] and P(X > SECONDS); SHIFT moves every node up. */
struct tn_capped tn_mixture_capped(const struct tn_mixture *mixture, double seconds, double shift);
/* The chance alone: a third of the work. */
double tn_mixture_beyond(const struct tn_mixture *mixture, double seconds, double shift);

/* The part of a whole run's bill that a run cut at SECONDS is expected to cost: one that is cut pays for the part that ran. */
double tn_mixture_part(const struct tn_mixture *mixture, double seconds);

#endif

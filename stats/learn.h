/* learn.h - what one ended attempt teaches: its cell, and the world (exploration 6, first sight 1 to 3).
 *
 * VIEW is of the shape, with SIDE the cluster that it ran on (its cell is changed, the caller stores it); WORLD is changed.
 * Y: ln seconds without the load's part, of the run or of the deadline. */
#ifndef TN_STATS_LEARN_H
#define TN_STATS_LEARN_H

#include "stats/belief.h"

/* By how much the mean of a known cell moved; 0 for the first run. */
double tn_learn_run(struct tn_world *world, struct tn_view *view, struct tn_side *side, double y, bool timed_out);
void tn_learn_cut(struct tn_world *world, struct tn_view *view, struct tn_side *side, double y);
/* An answer; an error that is the engine's fault, after SECONDS. */
void tn_learn_answer(struct tn_world *world, struct tn_side *side);
/* Cut or timed out far later than a known cell ever was: as bad as an error, and no reason to believe in a slower mean. */
void tn_learn_late(struct tn_world *world, const struct tn_view *view, struct tn_side *side, double y, double seconds);
void tn_learn_error(struct tn_world *world, struct tn_view *view, struct tn_side *side, double seconds);

#endif

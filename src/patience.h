/* patience.h - how long a query of a group that learns waits for a slot of the best member while another one has room.
 *
 * How long it would wait nobody knows. So it waits for as long as the other member would take more than the best one, and then goes
 * there if a slot comes up there first: at most twice what knowing the wait would have cost (the ski-rental rule; Karlin, Manasse,
 * Rudolph, Sleator 1988). Where somebody's patience ran out lately the next one does not begin to wait. Worker's thread only. */
#ifndef TN_PATIENCE_H
#define TN_PATIENCE_H

#include "query.h"

struct tn_patience {
    uint64_t later;   /* members that would do, if the others take too long; 0 = there are none */
    uint64_t wait_us; /* until then; 0 = at once */
};

/* Of Q, which is about to stand in line with its lease's ticket filled in. */
void tn_patience_of(const struct tn_query *q, struct tn_patience *out);
void tn_patience_start(struct tn_query *q, const struct tn_patience *patience); /* it stands in line */
void tn_patience_stop(struct tn_query *q);

#endif

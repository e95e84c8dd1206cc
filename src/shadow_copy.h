/* shadow_copy.h - what a copy of a query needs of it, in memory of its own: the session's is gone or changed when the copy runs. */
#ifndef TN_SHADOW_COPY_H
#define TN_SHADOW_COPY_H

#include "query.h"

/* Text, features, client, parameters and settings of OF, and its snapshot, into Q, a new query. False: no memory. */
TN_MUST_USE bool tn_shadow_copy(struct tn_query *q, const struct tn_query *of);

/* A deep copy in ARENA. False: no memory. */
TN_MUST_USE bool tn_copy_params(struct tn_arena *arena, const struct tn_params *from, struct tn_params *to);

#endif

/* wishes.h - what the hint comment of a statement and its client's settings want of the routing: group, cluster, strategy,
 * priority, tags. The hint goes first. */
#ifndef TN_SESSION_WISHES_H
#define TN_SESSION_WISHES_H

#include "query.h"
#include "session/settings.h"

/* Fills in the hints and tags of q->client from q->text and SETTINGS, which must live as long as Q. TN_E_INVALID: a hint that
 * cannot be read, or a strategy or priority that there is none of; TN_E_NOMEM. */
TN_MUST_USE enum tn_status tn_wishes_fill(struct tn_query *q, struct tn_settings_list *settings, struct tn_error *err);

#endif

/* shadow.h - copies of reads that run on another member in the background, to learn what it takes there (explore.mode shadow or both).
 *
 *   decision: plan.shadows --> the client's query is answered --> tn_shadow_offer --> next turn of the loop: a free slot? --> run stage
 *                                                                      | no, or not healthy, frozen, ...: skipped         |
 *                                                                      `--> forgotten              answered, cut at its deadline,
 *                                                                                                  or ended early: learned
 *
 * A copy is a query without a session: it has its own text, parameters, settings and plan, so it may outlive client and reload. It never
 * waits for a slot, never takes the last one of several, and no query waits, spills or goes elsewhere for it: its slot is beside those
 * of clients (admission.h), and it ends when a query comes that fills them. It is never run again. Rows
 * are not encoded where the engine hands over values, and thrown away chunk by chunk. Only what may be tried elsewhere has copies
 * (tn_adaptive_may_try). A copy is in /admin/queries while it is there and in the metrics, but not in history: nobody asked it.
 * Worker's thread only, but tn_shadow_stop(). */
#ifndef TN_SHADOW_H
#define TN_SHADOW_H

#include "query.h"

enum { TN_SHADOWS_MOST = 256, TN_SHADOW_BYTES_MOST = 32 * 1024 * 1024 }; /* in the whole program: copies, and their texts, parameters and settings */

struct tn_server;

/* Q is over, A its decision: makes the copies that were planned, or forgets them. They start with the next turn of the loop. */
void tn_shadow_offer(struct tn_query *q, struct tn_adaptive *a);
/* The copy Q starts on its engine: its deadline runs. */
void tn_shadow_begin(struct tn_query *q);
/* Q waits in line: copies on members that would do for it are ended. */
void tn_shadow_give_way(const struct tn_query *q);
/* Q has a slot: copies that run beside it beyond the limits are ended. */
void tn_shadow_make_room(const struct tn_query *q);
/* Ends copies: of GROUP, on CLUSTER, or all when both are NULL. Any thread; they are gone a little later. */
void tn_shadow_stop(struct tn_server *server, const struct tn_str *group, const struct tn_cluster *cluster);

#endif

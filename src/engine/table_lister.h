/* table_lister.h - one worker's questions to engines about the types of their tables' columns; the answers are in table_types.h. Each runs on a
 * connection of the worker's pool, without a slot: it is short, and ended after ten seconds. Who asks for what is asked for already
 * waits for that. Own worker's thread. */
#ifndef TN_ENGINE_TABLE_LISTER_H
#define TN_ENGINE_TABLE_LISTER_H

#include "engine/pool.h"
#include "engine/table_types.h"
#include "stats/counters.h"

struct tn_table_lister;

/* Somebody who waits; embedded in a query. */
struct tn_table_wait {
    struct tn_list node;
    void (*done)(struct tn_table_wait *wait); /* what could be learned is; never called from inside tn_table_lister_ask() */
    void *owner;
};

/* COUNTERS: the worker's. NULL: no memory. */
TN_MUST_USE struct tn_table_lister *tn_table_lister_new(struct tn_worker *worker, struct tn_pool *pool, struct tn_table_types *types, struct tn_counters *counters);
/* Before its pool is freed; runs the worker's loop until its questions have ended, for 2 s at most. NULL is fine. */
void tn_table_lister_free(struct tn_table_lister *lister);

/* Asks CLUSTER for the tables of FEATURES. False: it cannot be asked (no log-in of its own, no such question), which is known from now
 * on, and WAIT is not used. WAIT may be NULL: nobody waits. */
bool tn_table_lister_ask(struct tn_table_lister *lister, struct tn_cluster *cluster, const struct tn_features *features, struct tn_table_wait *wait);
void tn_table_lister_leave(struct tn_table_wait *wait); /* done is not called any more */

#endif

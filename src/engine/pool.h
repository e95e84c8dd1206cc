/* pool.h - idle engine connections of one worker. Own thread only.
 *
 * acquire -> connection IDLE, exclusively the caller's -> runs -> release. A dirty one (session state left behind) is reset or ended;
 * a broken one is ended. Idle ones end after poolIdleTimeout, beyond poolSize, or when their cluster was removed. */
#ifndef TN_ENGINE_POOL_H
#define TN_ENGINE_POOL_H

#include "engine/cluster.h"

struct tn_pool;

/* One place in the line for a connection; embedded in the query. */
struct tn_pool_wait {
    struct tn_conn *connecting;
    struct tn_pool *pool;
    ev_timer        timer;  /* connectTimeout */
    void (*ready)(struct tn_pool_wait *wait, struct tn_conn *conn, const struct tn_error *err); /* conn NULL: err says why */
    void           *owner;
};

TN_MUST_USE enum tn_status tn_pool_new(struct tn_pool **out, struct tn_worker *worker, struct tn_error *err);
void tn_pool_free(struct tn_pool *pool); /* ends all idle connections */

/* An idle connection of CLUSTER at once (preferring one whose settings_hash is SETTINGS_HASH, then the most recently
 * used), returned; or NULL, and wait->ready is called later, never from inside. A refused or failed connect has fault ENGINE. */
struct tn_conn *tn_pool_acquire(struct tn_pool *pool, struct tn_cluster *cluster, uint64_t settings_hash,
                                struct tn_pool_wait *wait);
void tn_pool_abandon(struct tn_pool_wait *wait); /* stop waiting; ready is not called any more */
void tn_pool_release(struct tn_pool *pool, struct tn_conn *conn);

/* Ends idle connections of clusters that are removed (after a reload) and those idle for too long. */
void tn_pool_sweep(struct tn_pool *pool);
size_t tn_pool_idle(const struct tn_pool *pool, const struct tn_cluster *cluster);

#endif

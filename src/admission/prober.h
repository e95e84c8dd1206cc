/* prober.h - active probes: every enabled cluster whose healthCheck.enabled is set is probed each healthCheck.interval
 * +-20 %, one probe of a cluster at a time, from worker 0. A probe logs in anew and runs healthCheck.query; it has failed when that
 * takes longer than healthCheck.timeout.
 *
 *     UNKNOWN --good--> UP --two failures in a row, or one: connection refused--> DOWN --good--> UP
 *        `------------------ one failure ------------------------------------------^
 *
 * Sets cluster->health and its note, logs one line per change, tells admission when a cluster comes back. A good probe is
 * the trial that closes a half open breaker; a failed one says nothing to the breaker, which counts queries only. A cluster that is not
 * probed stays UNKNOWN, which may be used. */
#ifndef TN_ADMISSION_PROBER_H
#define TN_ADMISSION_PROBER_H

#include "admission/admission.h"
#include "engine/pool.h"
#include "stats/counters.h"

struct tn_prober;

/* A good probe leaves its connection in POOL when that has none of the cluster, so that the next query finds it warm. */
TN_MUST_USE enum tn_status tn_prober_new(struct tn_prober **out, struct tn_worker *worker, struct tn_pool *pool,
                                         struct tn_admission *admission, struct tn_error *err);
/* Counts into COUNTERS, which belong to the prober's worker. */
void tn_prober_count(struct tn_prober *prober, struct tn_counters *counters);
/* Probes TOPOLOGY's clusters from now on, and no others (own worker's thread); those that are new at once. Keeps references
 * to the clusters, not to TOPOLOGY. */
void tn_prober_watch(struct tn_prober *prober, struct tn_topology *topology);
/* Own worker's thread, or any when the worker's loop has stopped; before the pool is freed. Probes under way are
 * cancelled; runs the worker's loop until they have ended, for 2 s at most. */
void tn_prober_free(struct tn_prober *prober);

#endif

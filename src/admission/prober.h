/* prober.h - active probes: every enabled cluster is probed (a connection and healthCheck.query) each healthCheck.interval
 * +-20 %, one probe at a time, from worker 0. Sets cluster->health and its note, tells admission when one comes back. */
#ifndef TN_ADMISSION_PROBER_H
#define TN_ADMISSION_PROBER_H

#include "admission/admission.h"
#include "engine/pool.h"

struct tn_prober;

TN_MUST_USE enum tn_status tn_prober_new(struct tn_prober **out, struct tn_worker *worker, struct tn_pool *pool,
                                         struct tn_admission *admission, struct tn_error *err);
/* Probes TOPOLOGY's clusters from now on (own worker's thread); takes a reference. Clusters with state UNKNOWN at once. */
void tn_prober_watch(struct tn_prober *prober, struct tn_topology *topology);
void tn_prober_free(struct tn_prober *prober); /* own worker's thread, loop stopped */

#endif

/* can_run.h - can_run() of engines: what those that are reached over a network refuse alike. */
#ifndef TN_ENGINE_CAN_RUN_H
#define TN_ENGINE_CAN_RUN_H

#include "engine/cluster.h"
#include "stats/features.h"

/* Always false, for `return`: WHY says what the cluster cannot do; HINT what to do instead. */
bool tn_cannot_run(struct tn_error *why, const char *hint);

/* No COPY, and nothing that writes where the cluster is read-only. */
bool tn_can_run_remotely(const struct tn_cluster *cluster, const struct tn_features *features, struct tn_error *why);

/* No cursors and no LISTEN and NOTIFY, which are PostgreSQL's alone; ENGINE: its name, for WHY. */
bool tn_can_run_without_postgres(const char *engine, const struct tn_features *features, struct tn_error *why);

#endif

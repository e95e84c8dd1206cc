/* reload.h - from a configuration to what queries run on, and the swap while everybody works. */
#ifndef TN_RELOAD_H
#define TN_RELOAD_H

#include "server.h"

/* Compiles routers and topology of CONFIG (keeping unchanged clusters of BEFORE, may be NULL). Every mistake of the routers is
 * in PROBLEMS, an engine that refuses is in ERR. On TN_OK the caller owns one reference. Blocks. */
TN_MUST_USE enum tn_status tn_snapshot_build(struct tn_snapshot **out, struct tn_config *config, struct tn_snapshot *before,
                                             struct tn_admission *admission, struct tn_problems *problems,
                                             struct tn_error *err);

#endif

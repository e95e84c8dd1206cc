/* snapshot.h - one configuration as a query sees it: settings, topology and compiled routers. Immutable, counted. A query
 * keeps the snapshot that it began with. */
#ifndef TN_SNAPSHOT_H
#define TN_SNAPSHOT_H

#include "auth/security.h"
#include "config/config.h"
#include "engine/topology.h"
#include "policies/route/route.h"
#include "translate/scripts.h"

#include <stdatomic.h>

struct tn_snapshot {
    _Atomic unsigned    refs;
    struct tn_config   *config;
    struct tn_topology *topology;
    struct tn_routes   *routes;
    struct tn_security  security;
    struct tn_script_book scripts;
    bool                asks;     /* some router or strategy asks a script */
    uint64_t            loaded_wall_us;
};

/* Takes over the references, SECURITY's too (NULL: there is none, for tests). NULL when there is no memory (nothing is taken then). */
struct tn_snapshot *tn_snapshot_new(struct tn_config *config, struct tn_topology *topology, struct tn_routes *routes,
                                    const struct tn_security *security);
struct tn_snapshot *tn_snapshot_ref(struct tn_snapshot *snapshot);
void                tn_snapshot_unref(struct tn_snapshot *snapshot);

#endif

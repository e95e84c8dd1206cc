#include "snapshot.h"

#include "base/alloc.h"
#include "base/clock.h"

struct tn_snapshot *tn_snapshot_new(struct tn_config *config, struct tn_topology *topology, struct tn_routes *routes,
                                    const struct tn_security *security)
{
    struct tn_snapshot *snapshot = tn_calloc(1, sizeof *snapshot);

    if (snapshot == NULL)
        return NULL;
    atomic_init(&snapshot->refs, 1);
    snapshot->config = config;
    snapshot->topology = topology;
    snapshot->routes = routes;
    if (security != NULL)
        snapshot->security = *security;
    snapshot->loaded_wall_us = tn_clock_wall_us();
    return snapshot;
}

struct tn_snapshot *tn_snapshot_ref(struct tn_snapshot *snapshot)
{
    atomic_fetch_add_explicit(&snapshot->refs, 1, memory_order_relaxed);
    return snapshot;
}

void tn_snapshot_unref(struct tn_snapshot *snapshot)
{
    if (snapshot == NULL || atomic_fetch_sub_explicit(&snapshot->refs, 1, memory_order_acq_rel) != 1)
        return;
    tn_security_reset(&snapshot->security);
    tn_routes_unref(snapshot->routes);
    tn_topology_unref(snapshot->topology);
    tn_script_book_reset(&snapshot->scripts);
    tn_config_unref(snapshot->config);
    tn_free(snapshot);
}

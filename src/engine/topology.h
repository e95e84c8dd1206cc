/* topology.h - the clusters and groups of one configuration snapshot, as objects. Immutable but for the state inside the
 * clusters and groups; counted; replaced as a whole by a reload. */
#ifndef TN_ENGINE_TOPOLOGY_H
#define TN_ENGINE_TOPOLOGY_H

#include "engine/cluster.h"

enum {
    TN_GROUP_MEMBERS = 64, /* members of a group at most: one bit each */
    TN_GROUP_TURNS = 16,
};

/* What outlives a reload of the same group name: slots, queue, strategy position. Made and freed by src/admission
 * through tn_topology_hooks, so that this module needs not know it. */
struct tn_group_state;

struct tn_group {
    const struct tn_group_conf *conf;
    size_t                      index;  /* place in topology->groups and config->groups */
    size_t                      member_count;
    struct tn_cluster         **members; /* in configuration order; references held by the topology's cluster list */
    struct tn_group            *fallback; /* NULL = none */
    struct tn_group_state      *state;
    _Atomic(void *)             account; /* of what is learned for it, once somebody asked (src/adaptive.c) */
    _Atomic uint64_t            turn;    /* strategies: position of roundRobin and weighted over all members */
    _Atomic uint64_t            subset_turns[TN_GROUP_TURNS]; /* the same when some are not eligible, by hash of the rest */
};

struct tn_topology {
    _Atomic unsigned    refs;
    struct tn_config   *config; /* counted */
    size_t              cluster_count;
    struct tn_cluster **clusters; /* in configuration order, one counted reference each */
    size_t              group_count;
    struct tn_group    *groups;
    struct tn_group    *fallback; /* routingFallback */
};

/* Called for every group: state for NAME, a new one or the one that an older topology has (counted). */
struct tn_topology_hooks {
    struct tn_group_state *(*state_get)(void *arg, struct tn_str name);
    void (*state_put)(void *arg, struct tn_group_state *state);
    void *arg;
};

/* Builds from CONFIG, keeping clusters of BEFORE (may be NULL) whose configuration is unchanged (and the maintenance flag
 * of changed ones). Clusters of BEFORE that are gone are marked removed only by tn_topology_retire(). May block. */
TN_MUST_USE enum tn_status tn_topology_new(struct tn_topology **out, const struct tn_config *config,
                                           struct tn_topology *before, const struct tn_topology_hooks *hooks,
                                           struct tn_error *err);
/* Marks the clusters of BEFORE that NOW does not have as removed, so that their connections end when idle. */
void tn_topology_retire(struct tn_topology *before, const struct tn_topology *now);

struct tn_topology *tn_topology_ref(struct tn_topology *topology);
void                tn_topology_unref(struct tn_topology *topology);

struct tn_group   *tn_topology_group(const struct tn_topology *topology, struct tn_str name);   /* NULL: none */
struct tn_cluster *tn_topology_cluster(const struct tn_topology *topology, struct tn_str name); /* NULL: none */

/* The first member that may be asked now; where none may, the first. NULL: it has none. */
struct tn_cluster *tn_group_first_usable(const struct tn_group *group);
bool               tn_group_is_mixed(const struct tn_group *group); /* members of several engines */

#endif

/* admission_fixture.h - clusters and groups made by hand for the tests of admission. */
#ifndef TN_TESTS_ADMISSION_FIXTURE_H
#define TN_TESTS_ADMISSION_FIXTURE_H

#include "admission/admission.h"
#include "base/alloc.h"
#include "base/clock.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

enum { CLUSTERS = 6, GROUPS = 3 };

/* One "snapshot": groups with members and limits. */
struct topo {
    struct tn_topology    topology;
    struct tn_group       groups[GROUPS];
    struct tn_group_conf  confs[GROUPS];
    struct tn_cluster    *members[GROUPS][CLUSTERS];
    unsigned              tickets; /* that refer to it */
    bool                  in_use;
};

static const char *const     group_names[GROUPS] = {"g0", "g1", "g2"};
static struct tn_cluster_conf cluster_conf = {.enabled = true, .breaker_consecutive = 1, .breaker_backoff = 3600000000,
                                              .breaker_max_backoff = 3600000000, .breaker_rate = 50,
                                              .breaker_min_requests = 20, .breaker_window = 10000000};
static struct tn_admission   *admission;
static struct tn_worker      *worker;

static inline struct tn_cluster *new_cluster(unsigned max_running)
{
    struct tn_cluster *cluster = tn_calloc(1, sizeof *cluster);

    cluster->conf = &cluster_conf;
    cluster->max_running = max_running;
    tn_breaker_init(&cluster->breaker);
    return cluster;
}

static inline void free_cluster(struct tn_cluster *cluster)
{
    CU_ASSERT_EQUAL(atomic_load(&cluster->running), 0);
    tn_breaker_destroy(&cluster->breaker);
    tn_free(cluster);
}

static inline void set_group(struct topo *topo, size_t g, struct tn_cluster **members, size_t count, unsigned running, unsigned queued)
{
    struct tn_topology_hooks hooks = tn_admission_hooks(admission);

    topo->confs[g] = (struct tn_group_conf){.name = tn_str(group_names[g]), .max_running = running, .max_queued = queued};
    memcpy(topo->members[g], members, count * sizeof *members);
    topo->groups[g] = (struct tn_group){.conf = &topo->confs[g], .index = g, .member_count = count, .members = topo->members[g]};
    topo->groups[g].state = hooks.state_get(hooks.arg, topo->confs[g].name);
    CU_ASSERT_PTR_NOT_NULL_FATAL(topo->groups[g].state);
    topo->topology.groups = topo->groups;
    topo->topology.group_count = GROUPS;
}

static inline void reset_topo(struct topo *topo)
{
    struct tn_topology_hooks hooks = tn_admission_hooks(admission);

    for (size_t g = 0; g < GROUPS; g++)
        if (topo->groups[g].state != NULL)
            hooks.state_put(hooks.arg, topo->groups[g].state);
    memset(topo, 0, sizeof *topo);
}

/* Lets the worker hear what was posted to it. */
static inline void pump(void)
{
    ev_run(worker->loop, EVRUN_NOWAIT);
}

#endif

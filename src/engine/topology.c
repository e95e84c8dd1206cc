#include "engine/topology.h"

#include "base/alloc.h"
#include "base/clock.h"

/* tn_group_state belongs to the hooks that made it; they must outlive the topology. */
struct topology {
    struct tn_topology       base;
    struct tn_topology_hooks hooks; /* state_put NULL: none were given */
};

static struct topology *topology_of(struct tn_topology *topology)
{
    return TN_CONTAINER_OF(topology, struct topology, base);
}

static void free_topology(struct tn_topology *topology)
{
    struct topology *t = topology_of(topology);

    for (size_t i = 0; topology->groups != NULL && i < topology->group_count; i++) {
        if (topology->groups[i].state != NULL)
            t->hooks.state_put(t->hooks.arg, topology->groups[i].state);
        tn_free(topology->groups[i].members);
    }
    for (size_t i = 0; topology->clusters != NULL && i < topology->cluster_count; i++)
        tn_cluster_unref(topology->clusters[i]);
    tn_free(topology->groups);
    tn_free(topology->clusters);
    tn_config_unref(topology->config);
    tn_free(t);
}

static enum tn_status fail_nomem(struct tn_error *err)
{
    return tn_fail(err, TN_E_NOMEM, "53200", "topology: no memory");
}

/* The running cluster when nothing of its configuration changed, else a new one. */
static enum tn_status make_cluster(struct tn_cluster **out, const struct tn_config *config,
                                   const struct tn_cluster_conf *conf, const struct tn_topology *before,
                                   struct tn_error *err)
{
    struct tn_cluster *old = before != NULL ? tn_topology_cluster(before, conf->name) : NULL;

    if (old != NULL && !atomic_load(&old->removed) && tn_cluster_conf_equal(old->conf, conf)) {
        *out = tn_cluster_ref(old);
        return TN_OK;
    }
    TN_TRY(tn_cluster_new(out, config, conf, err));
    if (old != NULL) {
        atomic_store(&(*out)->maintenance, atomic_load(&old->maintenance));
        tn_awake_unref((*out)->awake);
        (*out)->awake = tn_awake_ref(old->awake);
    }
    return TN_OK;
}

static enum tn_status make_clusters(struct tn_topology *topology, const struct tn_topology *before, struct tn_error *err)
{
    const struct tn_config *config = topology->config;

    topology->clusters = tn_calloc(config->cluster_count, sizeof *topology->clusters);
    if (topology->clusters == NULL)
        return fail_nomem(err);
    topology->cluster_count = config->cluster_count;
    for (size_t i = 0; i < config->cluster_count; i++)
        TN_TRY(make_cluster(&topology->clusters[i], config, &config->clusters[i], before, err));
    return TN_OK;
}

static enum tn_status make_group(struct tn_topology *topology, size_t index, const struct tn_topology *before,
                                 struct tn_error *err)
{
    struct tn_group            *group = &topology->groups[index];
    const struct tn_group_conf *conf = &topology->config->groups[index];
    const struct tn_group      *old = before != NULL ? tn_topology_group(before, conf->name) : NULL;

    if (conf->members.count > TN_GROUP_MEMBERS)
        return tn_fail(err, TN_E_LIMIT, "F0000", "group " TN_STR_FMT " has %zu members, at most %d are possible",
                       TN_STR_ARG(conf->name), conf->members.count, (int)TN_GROUP_MEMBERS);
    group->conf = conf;
    group->index = index;
    group->turn = old != NULL ? old->turn : 0;
    group->fallback = conf->fallback_index >= 0 ? &topology->groups[conf->fallback_index] : NULL;
    group->members = tn_calloc(conf->members.count, sizeof(struct tn_cluster *));
    if (group->members == NULL)
        return fail_nomem(err);
    group->member_count = conf->members.count;
    for (size_t i = 0; i < conf->members.count; i++)
        group->members[i] = topology->clusters[conf->member_index[i]];
    return TN_OK;
}

static enum tn_status make_groups(struct topology *t, const struct tn_topology *before, struct tn_error *err)
{
    struct tn_topology     *topology = &t->base;
    const struct tn_config *config = topology->config;

    topology->groups = tn_calloc(config->group_count, sizeof *topology->groups);
    if (topology->groups == NULL)
        return fail_nomem(err);
    topology->group_count = config->group_count;
    for (size_t i = 0; i < config->group_count; i++) {
        struct tn_group *group = &topology->groups[i];

        TN_TRY(make_group(topology, i, before, err));
        if (t->hooks.state_get == NULL)
            continue;
        group->state = t->hooks.state_get(t->hooks.arg, group->conf->name);
        if (group->state == NULL)
            return fail_nomem(err);
    }
    if (config->fallback_group < config->group_count)
        topology->fallback = &topology->groups[config->fallback_group];
    return TN_OK;
}

enum tn_status tn_topology_new(struct tn_topology **out, const struct tn_config *config, struct tn_topology *before,
                               const struct tn_topology_hooks *hooks, struct tn_error *err)
{
    struct topology *t = tn_calloc(1, sizeof *t);
    enum tn_status   status;

    *out = NULL;
    if (t == NULL)
        return fail_nomem(err);
    t->base.refs = 1;
    t->base.config = tn_config_ref(config);
    if (hooks != NULL)
        t->hooks = *hooks;
    status = make_clusters(&t->base, before, err);
    if (status == TN_OK)
        status = make_groups(t, before, err);
    if (status != TN_OK)
        free_topology(&t->base);
    else
        *out = &t->base;
    return status;
}

void tn_topology_retire(struct tn_topology *before, const struct tn_topology *now)
{
    for (size_t i = 0; i < before->cluster_count; i++) {
        bool kept = false;

        for (size_t k = 0; k < now->cluster_count && !kept; k++)
            kept = now->clusters[k] == before->clusters[i];
        if (!kept)
            atomic_store(&before->clusters[i]->removed, true);
    }
}

struct tn_topology *tn_topology_ref(struct tn_topology *topology)
{
    atomic_fetch_add_explicit(&topology->refs, 1, memory_order_relaxed);
    return topology;
}

void tn_topology_unref(struct tn_topology *topology)
{
    if (topology != NULL && atomic_fetch_sub_explicit(&topology->refs, 1, memory_order_acq_rel) == 1)
        free_topology(topology);
}

struct tn_group *tn_topology_group(const struct tn_topology *topology, struct tn_str name)
{
    for (size_t i = 0; i < topology->group_count; i++)
        if (tn_str_eq(topology->groups[i].conf->name, name))
            return &topology->groups[i];
    return NULL;
}

struct tn_cluster *tn_topology_cluster(const struct tn_topology *topology, struct tn_str name)
{
    for (size_t i = 0; i < topology->cluster_count; i++)
        if (tn_str_eq(topology->clusters[i]->conf->name, name))
            return topology->clusters[i];
    return NULL;
}

struct tn_cluster *tn_group_first_usable(const struct tn_group *group)
{
    uint64_t now = tn_clock_us();

    for (size_t i = 0; i < group->member_count; i++)
        if (tn_cluster_look(group->members[i], now) == TN_USABLE_OK)
            return group->members[i];
    return group->member_count > 0 ? group->members[0] : NULL;
}

bool tn_group_is_mixed(const struct tn_group *group)
{
    for (size_t i = 1; i < group->member_count; i++)
        if (group->members[i]->conf->engine != group->members[0]->conf->engine)
            return true;
    return false;
}

#include "policies/route/hint.h"

/* "a, b, c, ..." into OUT. */
struct names {
    char   text[400];
    size_t len;
};

static void add_name(struct names *names, struct tn_str name)
{
    size_t left = sizeof names->text - names->len;
    int    n;

    if (left < 8)
        return;
    if (name.len + 8 > left)
        n = snprintf(names->text + names->len, left, ", ...");
    else
        n = snprintf(names->text + names->len, left, "%s%.*s", names->len == 0 ? "" : ", ", (int)name.len, name.ptr);
    names->len = name.len + 8 > left ? sizeof names->text : names->len + (size_t)n;
}

static enum tn_status unknown(struct tn_error *err, const char *what, struct tn_str name, struct tn_str near,
                              const struct names *known)
{
    tn_fail(err, TN_E_INVALID, "42704", "there is no %s `%.*s`", what, (int)TN_MIN(name.len, (size_t)100), name.ptr);
    if (near.len > 0)
        tn_error_hint(err, "Did you mean `%.*s`? Known are: %s", (int)TN_MIN(near.len, (size_t)60), near.ptr, known->text);
    else
        tn_error_hint(err, "Known are: %s", known->text);
    return TN_E_INVALID;
}

/* NEAR becomes CANDIDATE when it is nearer to NAME than any before. */
static void nearest(struct tn_str name, struct tn_str candidate, unsigned *least, struct tn_str *near)
{
    unsigned limit = (unsigned)((TN_MAX(name.len, candidate.len) + 1) / 3);
    unsigned distance = tn_str_distance(name, candidate, limit);

    if (distance <= limit && distance < *least && distance < TN_MAX(name.len, candidate.len)) {
        *least = distance;
        *near = candidate;
    }
}

enum tn_status tn_hint_group(const struct tn_config *config, const struct tn_route_context *context,
                             const struct tn_group_conf **out, struct tn_error *err)
{
    struct names  known = {.len = 0};
    struct tn_str near = TN_STR("");
    unsigned      least = UINT32_MAX;
    long          at;

    *out = NULL;
    if (context->hint_group.len == 0)
        return TN_OK;
    at = tn_config_find_group(config, context->hint_group);
    if (at >= 0) {
        *out = &config->groups[at];
        return TN_OK;
    }
    for (size_t i = 0; i < config->group_count; i++) {
        add_name(&known, config->groups[i].name);
        nearest(context->hint_group, config->groups[i].name, &least, &near);
    }
    return unknown(err, "cluster group", context->hint_group, near, &known);
}

static bool is_member(const struct tn_group_conf *group, long cluster)
{
    for (size_t i = 0; i < group->members.count; i++)
        if (group->member_index[i] == (size_t)cluster)
            return true;
    return false;
}

static enum tn_status unknown_cluster(const struct tn_config *config, struct tn_str name, struct tn_error *err)
{
    struct names  known = {.len = 0};
    struct tn_str near = TN_STR("");
    unsigned      least = UINT32_MAX;

    for (size_t i = 0; i < config->cluster_count; i++) {
        add_name(&known, config->clusters[i].name);
        nearest(name, config->clusters[i].name, &least, &near);
    }
    return unknown(err, "cluster", name, near, &known);
}

static enum tn_status not_a_member(const struct tn_config *config, struct tn_str name, const struct tn_group_conf *group,
                                   struct tn_error *err)
{
    struct names members = {.len = 0};

    for (size_t i = 0; i < group->members.count; i++)
        add_name(&members, config->clusters[group->member_index[i]].name);
    tn_fail(err, TN_E_INVALID, "42704", "cluster `%.*s` is not a member of group `%.*s`", (int)TN_MIN(name.len, (size_t)100),
            name.ptr, (int)TN_MIN(group->name.len, (size_t)100), group->name.ptr);
    tn_error_hint(err, "Its members are: %s. Name the cluster without a group, or another group", members.text);
    return TN_E_INVALID;
}

enum tn_status tn_hint_cluster(const struct tn_config *config, const struct tn_route_context *context,
                               const struct tn_group_conf *routed, const struct tn_group_conf **out, struct tn_error *err)
{
    struct tn_str name = context->hint_cluster;
    long          cluster = tn_config_find_cluster(config, name);

    *out = routed;
    if (cluster < 0)
        return unknown_cluster(config, name, err);
    if (is_member(routed, cluster))
        return TN_OK;
    if (context->hint_group.len > 0)
        return not_a_member(config, name, routed, err);
    for (size_t i = 0; i < config->group_count; i++)
        if (config->groups[i].enabled && is_member(&config->groups[i], cluster)) {
            *out = &config->groups[i];
            return TN_OK;
        }
    tn_fail(err, TN_E_INVALID, "42704", "no cluster group has the cluster `%.*s`", (int)TN_MIN(name.len, (size_t)100), name.ptr);
    tn_error_hint(err, "Add it to the `members` of a group in the configuration");
    return TN_E_INVALID;
}

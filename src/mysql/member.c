#include "mysql/member.h"

#include "base/clock.h"
#include "engine/topology.h"
#include "mysql/private.h"
#include "scripting.h"

bool tn_my_member_is_mysqls(const struct tn_cluster *member)
{
    return member != NULL && (member->conf->engine == TN_CFG_ENGINE_MYSQL || member->conf->engine == TN_CFG_ENGINE_STAR_ROCKS);
}

enum tn_status tn_my_member_find(struct tn_my_session *s, struct tn_str sql, struct tn_cluster **out, struct tn_settings_list **settings,
                                 struct tn_error *err)
{
    struct tn_snapshot     *snapshot = s->runtime->snapshot;
    struct tn_settings_list *own = s->settings;
    struct tn_features      features;
    struct tn_route_result  result;
    struct tn_route_context context = {
        .protocol = "mysqlWire", .user = s->identity->user, .user_group_count = s->identity->group_count, .user_groups = s->identity->groups,
        .database = tn_str(s->database), .application = s->application, .client_address = tn_str(s->client.peer), .header_count = s->header_count,
        .headers = s->headers, .tag_count = own->tag_count, .tags = own->tags, .hint_group = own->group, .hint_cluster = own->cluster,
        .hint_strategy = own->strategy, .hint_priority = own->priority, .wall_us = tn_clock_wall_us(),
    };
    struct tn_group *group;
    bool             unsure;

    *out = NULL;
    *settings = NULL;
    tn_features_read(&features, sql, TN_DIALECT_MYSQL);
    TN_TRY(tn_scripting_decide(s->runtime, &context, &features, sql, &s->arena, &result, &unsure, err));
    group = result.group == NULL ? NULL : tn_topology_group(snapshot->topology, result.group->name);
    if (s->bond.lease != NULL)
        *out = s->bond.lease->cluster;
    else if (s->in_tx && s->tx.lease != NULL)
        *out = s->tx.lease->cluster;
    else
        *out = result.cluster.len > 0 ? tn_topology_cluster(snapshot->topology, result.cluster) : group != NULL ? tn_group_first_usable(group) : NULL;
    *settings = tn_settings_list_ref(own);
    if (*out == NULL || own->cluster.len > 0 || group == NULL || (!tn_group_is_mixed(group) && !unsure))
        return TN_OK;
    return tn_settings_change(settings, TN_STR("turnout.cluster"), (*out)->conf->name, TN_CFG_ENGINE_UNSET, false, true, snapshot, err);
}

bool tn_my_member_is_mysql(struct tn_my_session *s, struct tn_str sql)
{
    struct tn_cluster       *member = NULL;
    struct tn_settings_list *settings = NULL;
    struct tn_error          err = TN_ERROR_INIT;
    bool                     is = tn_my_member_find(s, sql, &member, &settings, &err) == TN_OK && member != NULL && member->ops->dialect == TN_DIALECT_MYSQL;

    tn_error_reset(&err);
    tn_settings_list_unref(settings);
    return is;
}

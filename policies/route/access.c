/* Who may use which group, and who may say where a query goes (auth.hintUsers, auth.hintGroups). */
#include "policies/route/access.h"

#include <stdarg.h>

static bool is_listed(struct tn_str name, const struct tn_cfg_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (tn_str_eq(list->items[i], name))
            return true;
    return false;
}

static bool may(const struct tn_route_context *context, const struct tn_cfg_list *users, const struct tn_cfg_list *groups)
{
    if ((users->count == 0 && groups->count == 0) || is_listed(context->user, users))
        return true;
    for (size_t i = 0; i < context->user_group_count; i++)
        if (is_listed(context->user_groups[i], groups))
            return true;
    return false;
}

bool tn_route_may_use(const struct tn_group_conf *group, const struct tn_route_context *context)
{
    return may(context, &group->allowed_users, &group->allowed_groups);
}

bool tn_access_may_hint(const struct tn_config *config, const struct tn_route_context *context)
{
    bool any = context->hint_group.len > 0 || context->hint_cluster.len > 0 || context->hint_strategy.len > 0 ||
               context->hint_priority.len > 0;

    return !any || may(context, &config->settings.auth_hint_users, &config->settings.auth_hint_groups);
}

bool tn_access_deny(struct tn_route_result *out, struct tn_arena *arena, const char *hint, const char *fmt, ...)
{
    char    text[400];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    out->router = "access";
    out->rule = -1;
    out->group = NULL;
    out->denied = true;
    out->hint = hint;
    tn_str_copy(out->sqlstate, sizeof out->sqlstate, TN_STR("42501"));
    return tn_arena_str(arena, tn_str(text), &out->message);
}

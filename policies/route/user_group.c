/* user_group.c - {type: userGroup, userToGroup: {alice: etl}, groups: {bi: analytics}}: by the user's name, else by the
 * first entry of `groups` (in the order of the file) that the user is a member of. */
#include "policies/route/group_map.h"

struct router {
    struct tn_group_map users, groups;
};

static void *compile(struct tn_compiler *c, const struct tn_node *node, const char *path)
{
    struct router *router = tn_compile_alloc(c, 1, sizeof *router);
    bool           neither = tn_node_get(node, "userToGroup") == NULL && tn_node_get(node, "groups") == NULL;
    bool           good;

    tn_node_check_keys(node, path, (const char *const[]){"type", "userToGroup", "groups", NULL}, c->problems);
    if (router == NULL)
        return NULL;
    good = tn_group_map_compile(c, node, path, "userToGroup", neither, &router->users);
    good = tn_group_map_compile(c, node, path, "groups", false, &router->groups) && good;
    return good ? router : NULL;
}

static bool is_member(const struct tn_route_context *context, struct tn_str group)
{
    for (size_t i = 0; i < context->user_group_count; i++)
        if (tn_str_eq(context->user_groups[i], group))
            return true;
    return false;
}

static void decide(const void *self, struct tn_routing *r, struct tn_verdict *out)
{
    const struct router *router = self;
    long                 at = tn_group_map_find(&router->users, r->context->user);

    if (at >= 0) {
        tn_verdict_match(out, &router->users.targets[at], (int)at, "user %.*s", TN_SHORT(r->context->user, 80));
        return;
    }
    for (size_t i = 0; i < router->groups.count; i++)
        if (is_member(r->context, router->groups.keys[i])) {
            tn_verdict_match(out, &router->groups.targets[i], (int)(router->users.count + i), "user group %.*s",
                             TN_SHORT(router->groups.keys[i], 80));
            return;
        }
    tn_verdict_pass(out, "no group for user %.*s", TN_SHORT(r->context->user, 80));
}

const struct tn_router_ops tn_router_user_group = {.type = "userGroup", .compile = compile, .decide = decide};

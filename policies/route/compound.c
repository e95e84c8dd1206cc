/* compound.c - {type: compound, combine: all|any|not, conditions: [...], targetGroup: g} or action: deny. The conditions
 * are those of condition.h; `not` = none of them holds. */
#include "policies/route/condition.h"

struct router {
    struct tn_target     target;
    struct tn_conditions conditions;
};

static void *compile(struct tn_compiler *c, const struct tn_node *node, const char *path)
{
    struct router *router = tn_compile_alloc(c, 1, sizeof *router);
    bool           good;

    tn_node_check_keys(node, path, (const char *const[]){"type", "combine", "conditions", TN_TARGET_KEYS, NULL}, c->problems);
    if (router == NULL)
        return NULL;
    good = tn_compile_target(c, node, path, &router->target);
    good = tn_conditions_compile(c, node, path, 0, &router->conditions) && good;
    return good ? router : NULL;
}

static void decide(const void *self, struct tn_routing *r, struct tn_verdict *out)
{
    const struct router *router = self;
    char                 why[TN_WHY_MAX];

    if (tn_conditions_hold(&router->conditions, r, why))
        tn_verdict_match(out, &router->target, -1, "%s", why);
    else
        tn_verdict_pass(out, "%s", why);
}

const struct tn_router_ops tn_router_compound = {.type = "compound", .compile = compile, .decide = decide};

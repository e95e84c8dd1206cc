/* deny.c - refuses statements. Three forms:
 *
 *   {type: deny, regex|tables|class|user|protocol: ..., message: m, sqlstate: s}            what is given must all hold
 *   {type: deny, rules: [{regex|tables|class|user|protocol: ..., message: m, sqlstate: s}]}  the first rule that matches
 *   {type: deny, combine: all|any|not, conditions: [...], message: m, sqlstate: s}           as compound
 *
 * A rule without a message or sqlstate has the router's; without that 42501. */
#include "policies/route/condition.h"
#include "policies/route/rule_list.h"

struct rule {
    struct tn_target     target;
    struct tn_conditions conditions;
};

static bool read_rule(struct tn_compiler *c, const struct tn_node *node, const char *path, void *out, void *arg)
{
    struct rule *rule = out;
    bool         good = tn_compile_deny(c, node, path, arg, &rule->target);

    good = tn_short_conditions_compile(c, node, path, &rule->conditions) && good;
    if (good && rule->conditions.count == 0) {
        tn_compile_error(c, node, path, NULL, "says nothing about what to deny; add regex, tables, class, user or protocol");
        return false;
    }
    return good;
}

static bool read_conditions(struct tn_compiler *c, const struct tn_node *node, const char *path, void *out, void *arg)
{
    struct rule *rule = out;
    bool         good = tn_compile_deny(c, node, path, NULL, &rule->target);

    (void)arg;
    return tn_conditions_compile(c, node, path, 0, &rule->conditions) && good;
}

static void *compile(struct tn_compiler *c, const struct tn_node *node, const char *path)
{
    bool has_rules = tn_node_get(node, "rules") != NULL, has_conditions = tn_node_get(node, "conditions") != NULL;

    if (has_rules && has_conditions) {
        tn_compile_error(c, node, path, "rules", "`rules` and `conditions` exclude each other; use two routers");
        return NULL;
    }
    if (has_rules) {
        struct tn_target base;
        bool             good = tn_compile_deny(c, node, path, NULL, &base);
        void            *list;

        tn_node_check_keys(node, path, (const char *const[]){"type", "rules", "message", "error", "sqlstate", NULL},
                           c->problems);
        list = tn_rule_list_compile(c, node, path, sizeof(struct rule),
                                    (const char *const[]){TN_SHORT_CONDITION_KEYS, "message", "error", "sqlstate", NULL},
                                    read_rule, &base);
        return good ? list : NULL;
    }
    if (has_conditions) {
        tn_node_check_keys(node, path,
                           (const char *const[]){"type", "combine", "conditions", "message", "error", "sqlstate", NULL},
                           c->problems);
        return tn_rule_single_compile(c, node, path, sizeof(struct rule), read_conditions, NULL);
    }
    tn_node_check_keys(node, path,
                       (const char *const[]){"type", "rules", "conditions", "combine", TN_SHORT_CONDITION_KEYS, "message",
                                             "error", "sqlstate", NULL},
                       c->problems);
    return tn_rule_single_compile(c, node, path, sizeof(struct rule), read_rule, NULL);
}

static void decide(const void *self, struct tn_routing *r, struct tn_verdict *out)
{
    const struct tn_rule_list *list = self;
    const struct rule         *rules = (const void *)list->items;
    char                       why[TN_WHY_MAX];

    for (size_t i = 0; i < list->count; i++)
        if (tn_conditions_hold(&rules[i].conditions, r, why)) {
            tn_verdict_match(out, &rules[i].target, (int)i, "%s", why);
            return;
        }
    if (list->count == 1)
        tn_verdict_pass(out, "%s", why);
    else
        tn_verdict_pass(out, "no rule matched");
}

const struct tn_router_ops tn_router_deny = {.type = "deny", .compile = compile, .decide = decide};

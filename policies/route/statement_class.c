/* statement_class.c - by what the statement does. Two forms:
 *
 *   {type: statementClass, read: analytics, write: etl, ddl: etl, utility: analytics, multi: etl}   any of them
 *   {type: statementClass, rules: [{class: [write, ddl], targetGroup: etl}, {class: multi, action: deny, error: m}]} */
#include "policies/route/condition.h"
#include "policies/route/rule_list.h"

struct rule {
    struct tn_target target;
    unsigned         classes;
};

static bool read_rule(struct tn_compiler *c, const struct tn_node *node, const char *path, void *out, void *arg)
{
    struct rule *rule = out;
    bool         good = tn_compile_target(c, node, path, &rule->target);

    (void)arg;
    rule->classes = tn_classes_compile(c, node, path, "class");
    return rule->classes != 0 && good;
}

static void *compile_keys(struct tn_compiler *c, const struct tn_node *node, const char *path)
{
    struct tn_rule_list *list = tn_compile_alloc(c, 1, sizeof *list);
    struct rule         *rules = tn_compile_alloc(c, TN_CLASS_MULTI + 1, sizeof *rules);
    bool                 good = true;

    tn_node_check_keys(node, path, (const char *const[]){"type", "rules", "read", "write", "ddl", "utility", "multi", NULL},
                       c->problems);
    if (list == NULL || rules == NULL)
        return NULL;
    *list = (struct tn_rule_list){.items = (char *)rules, .size = sizeof *rules};
    for (unsigned k = TN_CLASS_READ; k <= TN_CLASS_MULTI; k++) {
        const char  *name = tn_class_name((enum tn_class)k);
        struct rule *rule = &rules[list->count];

        if (tn_node_get(node, name) == NULL)
            continue;
        good = tn_config_group_key(c->config, node, path, name, &rule->target.group, c->problems) && good;
        rule->classes = 1u << k;
        list->count++;
    }
    if (list->count == 0) {
        tn_compile_error(c, node, path, NULL, "names no class; expected for example `write: GROUP`");
        return NULL;
    }
    return good ? list : NULL;
}

static void *compile(struct tn_compiler *c, const struct tn_node *node, const char *path)
{
    if (tn_node_get(node, "rules") == NULL)
        return compile_keys(c, node, path);
    tn_node_check_keys(node, path, (const char *const[]){"type", "rules", NULL}, c->problems);
    return tn_rule_list_compile(c, node, path, sizeof(struct rule), (const char *const[]){"class", TN_TARGET_KEYS, NULL},
                                read_rule, NULL);
}

static bool decide_class(const struct tn_rule_list *list, enum tn_class class, bool denials_only, struct tn_verdict *out)
{
    const struct rule *rules = (const void *)list->items;

    for (size_t i = 0; i < list->count; i++)
        if ((rules[i].classes & 1u << class) != 0 && (rules[i].target.deny || !denials_only)) {
            tn_verdict_match(out, &rules[i].target, (int)i, "class %s", tn_class_name(class));
            return true;
        }
    return false;
}

/* For one of several statements a rule for multi goes before one for its own class, but for a denial of its own class, which
 * a second statement must not lift. */
static void decide(const void *self, struct tn_routing *r, struct tn_verdict *out)
{
    const struct tn_rule_list *list = self;

    if (r->context->several &&
        (decide_class(list, r->features->class, true, out) || decide_class(list, TN_CLASS_MULTI, false, out)))
        return;
    if (decide_class(list, r->features->class, false, out))
        return;
    tn_verdict_pass(out, "no rule for class %s", tn_class_name(r->features->class));
}

const struct tn_router_ops tn_router_statement_class = {.type = "statementClass", .compile = compile, .decide = decide};

/* tables.c - {type: tables, rules: [{tables: ["sales.*"], match: any|all, targetGroup: g}]}: by the tables that the
 * statement names. How patterns fit names: table_glob.h. */
#include "policies/route/rule_list.h"
#include "policies/route/table_glob.h"

struct rule {
    struct tn_target    target;
    struct tn_table_set tables;
};

static bool read_rule(struct tn_compiler *c, const struct tn_node *node, const char *path, void *out, void *arg)
{
    struct rule *rule = out;
    bool         good = tn_compile_target(c, node, path, &rule->target);

    (void)arg;
    return tn_table_set_compile(c, node, path, &rule->tables) && good;
}

static void *compile(struct tn_compiler *c, const struct tn_node *node, const char *path)
{
    if (tn_node_get(node, "rules") == NULL && tn_node_get(node, "tables") != NULL) {
        tn_node_check_keys(node, path, (const char *const[]){"type", "tables", "match", TN_TARGET_KEYS, NULL}, c->problems);
        return tn_rule_single_compile(c, node, path, sizeof(struct rule), read_rule, NULL);
    }
    tn_node_check_keys(node, path, (const char *const[]){"type", "rules", NULL}, c->problems);
    return tn_rule_list_compile(c, node, path, sizeof(struct rule),
                                (const char *const[]){"tables", "match", TN_TARGET_KEYS, NULL}, read_rule, NULL);
}

static void decide(const void *self, struct tn_routing *r, struct tn_verdict *out)
{
    const struct tn_rule_list *list = self;
    const struct rule         *rules = (const void *)list->items;

    for (size_t i = 0; i < list->count; i++) {
        struct tn_str which;

        if (!tn_table_set_matches(&rules[i].tables, r->features, &which))
            continue;
        if (which.len > 0)
            tn_verdict_match(out, &rules[i].target, (int)i, "table %.*s", TN_SHORT(which, 80));
        else
            tn_verdict_match(out, &rules[i].target, (int)i, "all tables fit");
        return;
    }
    tn_verdict_pass(out, r->features->table_count == 0 ? "the statement names no table" : "no rule matched");
}

const struct tn_router_ops tn_router_tables = {.type = "tables", .compile = compile, .decide = decide};

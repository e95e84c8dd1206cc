/* query_regex.c - {type: queryRegex, rules: [{regex: "^INSERT", targetGroup: etl}, {regex: "(?i)^drop", action: deny,
 * error: "..."}]}: by the text of the statement; the first rule that matches. See regex.h for what is matched. */
#include "policies/route/regex.h"
#include "policies/route/rule_list.h"

struct rule {
    struct tn_target target;
    struct tn_regex *regex;
};

static bool read_rule(struct tn_compiler *c, const struct tn_node *node, const char *path, void *out, void *arg)
{
    struct rule *rule = out;
    bool         good = tn_compile_target(c, node, path, &rule->target);

    (void)arg;
    rule->regex = tn_regex_compile(c, node, path, "regex");
    return rule->regex != NULL && good;
}

static void *compile(struct tn_compiler *c, const struct tn_node *node, const char *path)
{
    tn_node_check_keys(node, path, (const char *const[]){"type", "rules", NULL}, c->problems);
    return tn_rule_list_compile(c, node, path, sizeof(struct rule), (const char *const[]){"regex", TN_TARGET_KEYS, NULL},
                                read_rule, NULL);
}

static void decide(const void *self, struct tn_routing *r, struct tn_verdict *out)
{
    const struct tn_rule_list *list = self;
    const struct rule         *rules = (const void *)list->items;

    for (size_t i = 0; i < list->count; i++)
        if (tn_regex_matches(rules[i].regex, r)) {
            struct tn_str pattern = tn_regex_pattern(rules[i].regex);

            tn_verdict_match(out, &rules[i].target, (int)i, "regex `%.*s` matched", TN_SHORT(pattern, 80));
            return;
        }
    tn_verdict_pass(out, "no rule matched");
}

const struct tn_router_ops tn_router_query_regex = {.type = "queryRegex", .compile = compile, .decide = decide};

/* tags.c - {type: tags, rules: [{tags: {team: bi, nightly: null}, targetGroup: etl}]}: by the client's tags. All tags of a
 * rule must be there; null = with any value, or none. */
#include "policies/route/condition.h"
#include "policies/route/rule_list.h"

struct rule {
    struct tn_target target;
    size_t           count;
    struct tn_tag   *tags;
};

static bool read_rule(struct tn_compiler *c, const struct tn_node *node, const char *path, void *out, void *arg)
{
    struct rule          *rule = out;
    bool                  good = tn_compile_target(c, node, path, &rule->target);
    const struct tn_node *tags = tn_node_map_of_text(node, path, "tags", true, true, c->problems);

    (void)arg;
    if (tags == NULL || (rule->tags = tn_compile_alloc(c, tags->count, sizeof *rule->tags)) == NULL)
        return false;
    for (size_t i = 0; i < tags->count; i++) {
        rule->tags[i].key = tn_compile_text(c, tags->keys[i]);
        if (tags->items[i]->kind == TN_NODE_SCALAR)
            rule->tags[i].value = tn_compile_text(c, tags->items[i]->text);
    }
    rule->count = tags->count;
    return good;
}

static void *compile(struct tn_compiler *c, const struct tn_node *node, const char *path)
{
    tn_node_check_keys(node, path, (const char *const[]){"type", "rules", NULL}, c->problems);
    return tn_rule_list_compile(c, node, path, sizeof(struct rule), (const char *const[]){"tags", TN_TARGET_KEYS, NULL},
                                read_rule, NULL);
}

static bool fits(const struct rule *rule, const struct tn_route_context *context)
{
    for (size_t i = 0; i < rule->count; i++)
        if (!tn_has_tag(context, rule->tags[i].key, rule->tags[i].value))
            return false;
    return true;
}

static void decide(const void *self, struct tn_routing *r, struct tn_verdict *out)
{
    const struct tn_rule_list *list = self;
    const struct rule         *rules = (const void *)list->items;

    for (size_t i = 0; i < list->count; i++)
        if (fits(&rules[i], r->context)) {
            const struct tn_tag *tag = &rules[i].tags[0];

            tn_verdict_match(out, &rules[i].target, (int)i, "tag %.*s%s%.*s%s", TN_SHORT(tag->key, 50),
                             tag->value.ptr == NULL ? "" : ":", TN_SHORT(tag->value, 50), rules[i].count > 1 ? " and others" : "");
            return;
        }
    tn_verdict_pass(out, r->context->tag_count == 0 ? "no tags" : "no rule matched");
}

const struct tn_router_ops tn_router_tags = {.type = "tags", .compile = compile, .decide = decide};

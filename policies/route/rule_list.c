#include "policies/route/rule_list.h"

static struct tn_rule_list *new_list(struct tn_compiler *c, size_t count, size_t size)
{
    struct tn_rule_list *list = tn_compile_alloc(c, 1, sizeof *list);

    if (list == NULL || (list->items = tn_compile_alloc(c, count, size)) == NULL)
        return NULL;
    list->count = count;
    list->size = size;
    return list;
}

struct tn_rule_list *tn_rule_list_compile(struct tn_compiler *c, const struct tn_node *node, const char *path, size_t size,
                                          const char *const *keys, tn_rule_compile *compile, void *arg)
{
    const struct tn_node *rules = tn_node_list(node, path, "rules", true, c->problems);
    struct tn_rule_list  *list = rules == NULL ? NULL : new_list(c, rules->count, size);
    char                  where[TN_PATH_MAX];
    bool                  good = true;

    if (list == NULL)
        return NULL;
    for (size_t i = 0; i < rules->count; i++) {
        tn_path_join(where, path, TN_STR("rules"));
        tn_path_index(where, where, i);
        if (!tn_node_is_map(rules->items[i], where, c->problems)) {
            good = false;
            continue;
        }
        tn_node_check_keys(rules->items[i], where, keys, c->problems);
        good = compile(c, rules->items[i], where, list->items + i * size, arg) && good;
    }
    return good ? list : NULL;
}

struct tn_rule_list *tn_rule_single_compile(struct tn_compiler *c, const struct tn_node *node, const char *path,
                                            size_t size, tn_rule_compile *compile, void *arg)
{
    struct tn_rule_list *list = new_list(c, 1, size);

    return list != NULL && compile(c, node, path, list->items, arg) ? list : NULL;
}

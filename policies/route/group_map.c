#include "policies/route/group_map.h"

bool tn_group_map_compile(struct tn_compiler *c, const struct tn_node *map, const char *path, const char *key,
                          bool required, struct tn_group_map *out)
{
    const struct tn_node *inner = tn_node_map(map, path, key, required, c->problems);
    char                  where[TN_PATH_MAX];
    bool                  good = true;

    *out = (struct tn_group_map){.count = 0};
    if (inner == NULL)
        return !required && tn_node_get(map, key) == NULL;
    out->keys = tn_compile_alloc(c, inner->count, sizeof *out->keys);
    out->targets = tn_compile_alloc(c, inner->count, sizeof *out->targets);
    if (out->keys == NULL || out->targets == NULL)
        return false;
    tn_path_join(where, path, tn_str(key));
    for (size_t i = 0; i < inner->count; i++) {
        char at[TN_PATH_MAX];

        tn_path_join(at, where, inner->keys[i]);
        out->keys[i] = tn_compile_text(c, inner->keys[i]);
        good = tn_config_resolve_group(c->config, inner->items[i], at, &out->targets[i].group, c->problems) && good;
    }
    out->count = inner->count;
    return good;
}

long tn_group_map_find(const struct tn_group_map *map, struct tn_str key)
{
    for (size_t i = 0; i < map->count; i++)
        if (tn_str_eq(map->keys[i], key))
            return (long)i;
    return -1;
}

/* group_map.h - a map of texts to groups, as several routers have: {alice: etl, bob: bi}. */
#ifndef TN_POLICIES_ROUTE_GROUP_MAP_H
#define TN_POLICIES_ROUTE_GROUP_MAP_H

#include "policies/route/router.h"

struct tn_group_map {
    size_t            count;
    struct tn_str    *keys;
    struct tn_target *targets;
};

/* Below KEY of MAP. False when wrong (reported); COUNT 0 when absent and not REQUIRED. */
bool tn_group_map_compile(struct tn_compiler *c, const struct tn_node *map, const char *path, const char *key,
                          bool required, struct tn_group_map *out);
/* Place of KEY, -1 when it is not there. */
long tn_group_map_find(const struct tn_group_map *map, struct tn_str key);

#endif

/* map.h - text -> pointer, open addressing, keys copied. Not thread-safe. */
#ifndef TN_BASE_MAP_H
#define TN_BASE_MAP_H

#include "base/str.h"

struct tn_map_entry {
    char  *key; /* owned, NUL-terminated; NULL = free place */
    size_t key_len;
    void  *value;
};

struct tn_map {
    struct tn_map_entry *entries;
    size_t               count;
    size_t               capacity; /* power of two, or 0 */
};

void tn_map_init(struct tn_map *map);
void tn_map_reset(struct tn_map *map); /* frees keys, not values */

void *tn_map_get(const struct tn_map *map, struct tn_str key); /* NULL when absent */
/* False when there is no memory. OLD (may be NULL) receives the value that was replaced, or NULL. */
TN_MUST_USE bool tn_map_put(struct tn_map *map, struct tn_str key, void *value, void **old);
void *tn_map_remove(struct tn_map *map, struct tn_str key); /* the value, or NULL */

/* Any order. Start with *AT = 0; NULL at the end. Do not change the map meanwhile. */
struct tn_map_entry *tn_map_next(const struct tn_map *map, size_t *at);

#endif

#include "base/map.h"

#include "base/alloc.h"
#include "base/hash.h"

void tn_map_init(struct tn_map *map)
{
    *map = (struct tn_map){0};
}

void tn_map_reset(struct tn_map *map)
{
    for (size_t i = 0; i < map->capacity; i++)
        tn_free(map->entries[i].key);
    tn_free(map->entries);
    tn_map_init(map);
}

/* The place of KEY, or the free place where it would go. The table is never full. */
static struct tn_map_entry *find(const struct tn_map *map, struct tn_str key)
{
    size_t at = tn_hash_str(key) & (map->capacity - 1);

    for (;; at = (at + 1) & (map->capacity - 1)) {
        struct tn_map_entry *entry = &map->entries[at];

        if (entry->key == NULL || (entry->key_len == key.len && memcmp(entry->key, key.ptr, key.len) == 0))
            return entry;
    }
}

static bool grow(struct tn_map *map)
{
    struct tn_map bigger = {.capacity = map->capacity == 0 ? 16 : map->capacity * 2, .count = map->count};

    bigger.entries = tn_calloc(bigger.capacity, sizeof *bigger.entries);
    if (bigger.entries == NULL)
        return false;
    for (size_t i = 0; i < map->capacity; i++)
        if (map->entries[i].key != NULL)
            *find(&bigger, tn_str_n(map->entries[i].key, map->entries[i].key_len)) = map->entries[i];
    tn_free(map->entries);
    *map = bigger;
    return true;
}

void *tn_map_get(const struct tn_map *map, struct tn_str key)
{
    struct tn_map_entry *entry = map->capacity == 0 ? NULL : find(map, key);

    return entry == NULL || entry->key == NULL ? NULL : entry->value;
}

bool tn_map_put(struct tn_map *map, struct tn_str key, void *value, void **old)
{
    struct tn_map_entry *entry;

    if (old != NULL)
        *old = NULL;
    if ((map->count + 1) * 4 > map->capacity * 3 && !grow(map))
        return false;
    entry = find(map, key);
    if (entry->key != NULL) {
        if (old != NULL)
            *old = entry->value;
        entry->value = value;
        return true;
    }
    entry->key = tn_strndup(key.ptr == NULL ? "" : key.ptr, key.len);
    if (entry->key == NULL)
        return false;
    entry->key_len = key.len;
    entry->value = value;
    map->count++;
    return true;
}

void *tn_map_remove(struct tn_map *map, struct tn_str key)
{
    struct tn_map_entry *entry = map->capacity == 0 ? NULL : find(map, key);
    size_t               hole, at;
    void                *value;

    if (entry == NULL || entry->key == NULL)
        return NULL;
    value = entry->value;
    tn_free(entry->key);
    entry->key = NULL;
    map->count--;
    hole = (size_t)(entry - map->entries);
    for (at = (hole + 1) & (map->capacity - 1); map->entries[at].key != NULL; at = (at + 1) & (map->capacity - 1)) {
        size_t home = tn_hash(map->entries[at].key, map->entries[at].key_len) & (map->capacity - 1);

        if (((at - home) & (map->capacity - 1)) >= ((at - hole) & (map->capacity - 1))) {
            map->entries[hole] = map->entries[at];
            map->entries[at].key = NULL;
            hole = at;
        }
    }
    return value;
}

struct tn_map_entry *tn_map_next(const struct tn_map *map, size_t *at)
{
    while (*at < map->capacity) {
        struct tn_map_entry *entry = &map->entries[(*at)++];

        if (entry->key != NULL)
            return entry;
    }
    return NULL;
}

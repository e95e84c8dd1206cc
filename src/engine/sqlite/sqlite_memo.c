#include "engine/sqlite/sqlite_memo.h"

#include "base/alloc.h"

void tn_sqlite_memo_init(struct tn_sqlite_memo *memo)
{
    memset(memo, 0, sizeof *memo);
    pthread_mutex_init(&memo->lock, NULL);
}

void tn_sqlite_memo_reset(struct tn_sqlite_memo *memo)
{
    for (size_t set = 0; set < TN_SQLITE_MEMO_SETS; set++)
        for (size_t way = 0; way < TN_SQLITE_MEMO_WAYS; way++)
            tn_free(memo->entries[set][way].types);
    pthread_mutex_destroy(&memo->lock);
}

static struct tn_sqlite_memo_entry *set_of(struct tn_sqlite_memo *memo, uint64_t key)
{
    return memo->entries[key % TN_SQLITE_MEMO_SETS];
}

static struct tn_sqlite_memo_entry *find(struct tn_sqlite_memo *memo, uint64_t key)
{
    struct tn_sqlite_memo_entry *set = set_of(memo, key);

    for (size_t way = 0; way < TN_SQLITE_MEMO_WAYS; way++)
        if (set[way].key == key && key != 0)
            return &set[way];
    return NULL;
}

static struct tn_sqlite_memo_entry *oldest(struct tn_sqlite_memo *memo, uint64_t key)
{
    struct tn_sqlite_memo_entry *set = set_of(memo, key), *entry = &set[0];

    for (size_t way = 1; way < TN_SQLITE_MEMO_WAYS; way++)
        if (set[way].used < entry->used)
            entry = &set[way];
    return entry;
}

static void empty(struct tn_sqlite_memo_entry *entry)
{
    tn_free(entry->types);
    *entry = (struct tn_sqlite_memo_entry){.key = 0};
}

bool tn_sqlite_memo_get(struct tn_sqlite_memo *memo, uint64_t key, struct tn_sqlite_type *types, size_t count,
                        bool *described)
{
    struct tn_sqlite_memo_entry *entry;
    bool                         known;

    pthread_mutex_lock(&memo->lock);
    entry = find(memo, key);
    known = entry != NULL && entry->count == count;
    *described = known && entry->described;
    if (known) {
        entry->used = ++memo->tick;
        memcpy(types, entry->types, count * sizeof *types);
    }
    pthread_mutex_unlock(&memo->lock);
    return known;
}

void tn_sqlite_memo_put(struct tn_sqlite_memo *memo, uint64_t key, const struct tn_sqlite_type *types, size_t count,
                        bool described)
{
    struct tn_sqlite_memo_entry *entry;
    struct tn_sqlite_type       *copy;

    if (count == 0 || count > TN_SQLITE_MEMO_COLUMNS || key == 0)
        return;
    copy = tn_malloc(count * sizeof *copy);
    if (copy == NULL)
        return;
    memcpy(copy, types, count * sizeof *copy);
    pthread_mutex_lock(&memo->lock);
    entry = find(memo, key);
    if (entry == NULL || described || !entry->described) {
        if (entry == NULL)
            entry = oldest(memo, key);
        empty(entry);
        *entry = (struct tn_sqlite_memo_entry){
            .key = key, .used = ++memo->tick, .described = described, .count = count, .types = copy};
        copy = NULL;
    }
    pthread_mutex_unlock(&memo->lock);
    tn_free(copy);
}

void tn_sqlite_memo_forget(struct tn_sqlite_memo *memo, uint64_t key)
{
    struct tn_sqlite_memo_entry *entry;

    pthread_mutex_lock(&memo->lock);
    entry = find(memo, key);
    if (entry != NULL)
        empty(entry);
    pthread_mutex_unlock(&memo->lock);
}

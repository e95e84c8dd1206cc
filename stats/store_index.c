#include "stats/store_shard.h"

#include "base/alloc.h"

enum { LOOK_AT_MOST = 1024, WAITING_AT_MOST = 65536, EXPECT_AT_MOST = 8 };

struct place {
    uint32_t tag, slot; /* slot + 1, 0 = free */
};

static struct place get(const struct tn_shard *shard, uint32_t at)
{
    uint64_t word = atomic_load_explicit(&shard->index[at], memory_order_relaxed);

    return (struct place){(uint32_t)word, (uint32_t)(word >> 32)};
}

static void put(struct tn_shard *shard, uint32_t at, struct place place)
{
    atomic_store_explicit(&shard->index[at], (uint64_t)place.slot << 32 | place.tag, memory_order_relaxed);
}

/* Header, cells and marks lie far apart, and all of them will be wanted: they come in while the key is compared. */
static void fetch_ahead(const struct tn_shard *shard, uint32_t slot)
{
    const char *entry = (const char *)&shard->entries[slot];

    for (size_t at = 0; at < sizeof(struct tn_shape_entry); at += 64)
        __builtin_prefetch(entry + at, 1);
    __builtin_prefetch(entry + sizeof(struct tn_shape_entry) - 1, 1);
    __builtin_prefetch(&shard->states[slot], 1);
    __builtin_prefetch(&shard->dirty[slot / 64], 1);
}

struct tn_shape_entry *tn_shard_find(struct tn_shard *shard, const uint64_t key[2], uint64_t hash)
{
    uint32_t     tag = (uint32_t)hash;
    struct place place;

    for (uint32_t at = tag & shard->index_mask; (place = get(shard, at)).slot != 0; at = (at + 1) & shard->index_mask) {
        struct tn_shape_entry *entry;

        if (place.tag != tag)
            continue;
        fetch_ahead(shard, place.slot - 1);
        entry = &shard->entries[place.slot - 1];
        if (entry->key[0] == key[0] && entry->key[1] == key[1])
            return entry;
    }
    return NULL;
}

/* Entries and index never move, and what is read here is only what to fetch: without the shard. */
void tn_store_expect(const struct tn_store *store, const uint64_t key[2])
{
    uint64_t               hash = tn_store_hash(key);
    const struct tn_shard *shard = tn_store_shard(store, hash);
    uint32_t               tag = (uint32_t)hash, at = tag & shard->index_mask;

    __builtin_prefetch(shard, 1);
    for (unsigned i = 0; i < EXPECT_AT_MOST; i++, at = (at + 1) & shard->index_mask) {
        struct place place = get(shard, at);

        if (place.slot == 0)
            return;
        if (place.tag == tag) {
            fetch_ahead(shard, place.slot - 1);
            return;
        }
    }
}

static void index_put(struct tn_shard *shard, uint32_t tag, uint32_t slot)
{
    uint32_t at = tag & shard->index_mask;

    while (get(shard, at).slot != 0)
        at = (at + 1) & shard->index_mask;
    put(shard, at, (struct place){tag, slot + 1});
}

/* Moves back what had to step over the removed one (Knuth, volume 3, 6.4, algorithm R). */
static void index_remove(struct tn_shard *shard, uint32_t tag, uint32_t slot)
{
    uint32_t at = tag & shard->index_mask, hole;

    while (get(shard, at).slot != slot + 1)
        at = (at + 1) & shard->index_mask;
    for (hole = at;;) {
        struct place place;
        uint32_t     home;

        at = (at + 1) & shard->index_mask;
        place = get(shard, at);
        if (place.slot == 0)
            break;
        home = place.tag & shard->index_mask;
        if (((at - home) & shard->index_mask) >= ((at - hole) & shard->index_mask)) {
            put(shard, hole, place);
            hole = at;
        }
    }
    put(shard, hole, (struct place){0, 0});
}

static void remove_slot(struct tn_store *store, struct tn_shard *shard, uint32_t slot)
{
    struct tn_shape_entry *entry = &shard->entries[slot];

    index_remove(shard, (uint32_t)tn_store_hash(entry->key), slot);
    tn_shard_drop_cells(shard, entry);
    if ((shard->states[slot] & TN_STATE_SINGLE) != 0)
        tn_limits_single(store, entry->first_s, 0); /* it still was one; only the mark goes */
    if (shard->texts[slot] != NULL)
        atomic_fetch_sub_explicit(&store->text_bytes, shard->texts[slot]->text_len, memory_order_relaxed);
    tn_free(shard->texts[slot]);
    shard->texts[slot] = NULL;
    shard->states[slot] = 0;
    tn_bit_clear(shard->dirty, slot);
    tn_bit_clear(shard->fetch, slot);
    *entry = (struct tn_shape_entry){.more = shard->free};
    shard->free = slot + 1;
    shard->count--;
    atomic_fetch_sub_explicit(&store->resident, 1, memory_order_relaxed);
}

/* CLOCK with a count of uses instead of a bit: a flood of shapes that are seen once turns the hand, but goes first. */
static bool find_victim(struct tn_shard *shard, uint32_t *out)
{
    unsigned least = TN_STATE_USES + 1;

    for (unsigned i = 0; i < LOOK_AT_MOST && shard->high > 0; i++) {
        uint32_t slot = shard->hand;
        uint8_t *state = &shard->states[slot];
        unsigned uses = *state & TN_STATE_USES;

        shard->hand = slot + 1 < shard->high ? slot + 1 : 0;
        if ((*state & TN_STATE_USED) == 0 || shard->entries[slot].flights != NULL)
            continue;
        if (uses < least) {
            least = uses;
            *out = slot;
        }
        if (uses == 0)
            return true;
        (*state)--;
    }
    return least <= TN_STATE_USES;
}

/* Hands a shape to the writer. False: it must stay, as too many wait already (but with a file that cannot be written for long,
 * learning new shapes is worth more than keeping the least useful: it is lost), or there is no memory, or no file yet. */
static bool hand_over(struct tn_store *store, struct tn_shard *shard, uint32_t slot)
{
    struct tn_shape_entry   *entry = &shard->entries[slot];
    struct tn_store_evicted *evicted;

    if (!atomic_load_explicit(&store->loaded, memory_order_relaxed))
        return false;
    if (atomic_load_explicit(&store->waiting, memory_order_relaxed) >= WAITING_AT_MOST) {
        if (!atomic_load_explicit(&store->failing, memory_order_relaxed))
            return false;
        atomic_fetch_add_explicit(&store->lost, 1, memory_order_relaxed);
        return true;
    }
    evicted = tn_malloc(sizeof *evicted + tn_row_bound(shard, entry));
    if (evicted == NULL)
        return false;
    *evicted = (struct tn_store_evicted){.text = shard->texts[slot], .entry = *entry, .alone = tn_bit(shard->fetch, slot)};
    evicted->size = (uint32_t)tn_row_encode(store, shard, entry, evicted->cells);
    if (shard->texts[slot] != NULL)
        atomic_fetch_sub_explicit(&store->text_bytes, shard->texts[slot]->text_len, memory_order_relaxed);
    shard->texts[slot] = NULL;
    *shard->evicted_end = evicted;
    shard->evicted_end = &evicted->next;
    atomic_fetch_add_explicit(&store->waiting, 1, memory_order_relaxed);
    atomic_store_explicit(&store->cold, true, memory_order_relaxed);
    return true;
}

static bool evict(struct tn_store *store, struct tn_shard *shard)
{
    uint32_t slot;

    if (!find_victim(shard, &slot) || (store->path != NULL && !hand_over(store, shard, slot)))
        return false;
    remove_slot(store, shard, slot);
    atomic_fetch_add_explicit(&store->evicted, 1, memory_order_relaxed);
    return true;
}

struct tn_shape_entry *tn_shard_insert(struct tn_store *store, struct tn_shard *shard, const uint64_t key[2], uint64_t hash)
{
    struct tn_shape_entry *entry;
    uint32_t               slot;

    uint64_t               before = atomic_fetch_add_explicit(&store->resident, 1, memory_order_relaxed);
    bool                   full = before >= store->options.max_shapes;

    if ((full || shard->count >= shard->capacity) && !evict(store, shard)) {
        atomic_fetch_sub_explicit(&store->resident, 1, memory_order_relaxed);
        return NULL;
    }
    if (before == store->options.max_shapes / 2)
        tn_store_large_pages(store);
    if (shard->free != 0) {
        slot = shard->free - 1;
        shard->free = shard->entries[slot].more;
    } else {
        slot = shard->high++;
    }
    entry = &shard->entries[slot];
    *entry = (struct tn_shape_entry){.key = {key[0], key[1]}, .incumbent = TN_STORE_NONE};
    memset(entry->who, TN_STORE_NONE, sizeof entry->who);
    shard->states[slot] = TN_STATE_USED;
    index_put(shard, (uint32_t)hash, slot);
    shard->count++;
    return entry;
}

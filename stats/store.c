#include "stats/store_file.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <math.h>
#include <sys/mman.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

enum {
    LEAST_PER_SHARD = 256,  /* fewer shards for a small store */
    BLOCKS_PER_SHAPE = 4,   /* address space, not memory */
    SHAPES_PER_HIST = 4,    /* a histogram for every fourth shape: 100 MB at a million */
    AGE_AFTER_S = 3600      /* nobody looked for so long: counts fade */
};

uint32_t tn_store_now_s(void)
{
    return (uint32_t)tn_clock_wall_s();
}

/* ---- memory ---- */

static size_t round_up(size_t size)
{
    return (size + 4095) / 4096 * 4096;
}

struct layout {
    size_t capacity, index, blocks, hists, bitmap; /* per shard */
    size_t entries_at, blocks_at, index_at, texts_at, states_at, dirty_at, fetch_at, hists_at, size;
};

static struct layout plan(uint64_t max_shapes, unsigned shards)
{
    struct layout l = {.index = 16};
    size_t        at = 0;

    l.capacity = (max_shapes + max_shapes / 16) / shards + 64; /* hashes do not fill shards evenly */
    while (l.index < l.capacity + l.capacity / 2)
        l.index *= 2;
    l.blocks = l.capacity * BLOCKS_PER_SHAPE;
    l.hists = max_shapes / SHAPES_PER_HIST / shards + 1;
    l.bitmap = (l.capacity + 63) / 64;
#define PART(name, count, type)                                                                                       \
    l.name = at;                                                                                                      \
    at = round_up(at + shards * (count) * sizeof(type))
    PART(entries_at, l.capacity, struct tn_shape_entry);
    PART(blocks_at, l.blocks, struct tn_store_block);
    PART(index_at, l.index, tn_store_place);
    PART(texts_at, l.capacity, struct tn_store_text *);
    PART(states_at, l.capacity, uint8_t);
    PART(dirty_at, l.bitmap, uint64_t);
    PART(fetch_at, l.bitmap, uint64_t);
    PART(hists_at, l.hists, struct tn_store_hist);
#undef PART
    l.size = at;
    return l;
}

static void init_shard(struct tn_shard *shard, const struct layout *l, unsigned number, char *region)
{
    *shard = (struct tn_shard){
        .entries = (struct tn_shape_entry *)(void *)(region + l->entries_at) + number * l->capacity,
        .blocks = (struct tn_store_block *)(void *)(region + l->blocks_at) + number * l->blocks,
        .index = (tn_store_place *)(void *)(region + l->index_at) + number * l->index,
        .texts = (struct tn_store_text **)(void *)(region + l->texts_at) + number * l->capacity,
        .states = (uint8_t *)(region + l->states_at) + number * l->capacity,
        .dirty = (uint64_t *)(void *)(region + l->dirty_at) + number * l->bitmap,
        .fetch = (uint64_t *)(void *)(region + l->fetch_at) + number * l->bitmap,
        .hists = (struct tn_store_hist *)(void *)(region + l->hists_at) + number * l->hists,
        .index_mask = (uint32_t)l->index - 1,
        .capacity = (uint32_t)l->capacity,
        .block_capacity = (uint32_t)l->blocks,
        .hist_capacity = (uint32_t)l->hists,
        .rand = {.state = number + 1},
    };
    shard->evicted_end = &shard->evicted;
    pthread_mutex_init(&shard->mutex, NULL);
}

/* A walk to a page's place costs more than the look itself where a million entries lie in small pages (p99 950 ns instead of
 * 610, a warm start 1.9 s instead of 1.1 s). But large ones are used up whole, so not before the store is half full. */
void tn_store_large_pages(struct tn_store *store)
{
    const struct tn_shard *first = &store->shards[0];
    size_t                 shards = tn_store_shard_count(store);

    (void)!madvise(first->entries, round_up(shards * first->capacity * sizeof *first->entries), MADV_HUGEPAGE);
    (void)!madvise(first->index, round_up(shards * (first->index_mask + (size_t)1) * sizeof *first->index), MADV_HUGEPAGE);
}

/* A leak checker does not look into mapped memory by itself, and texts hang there. */
static void watch_region(void *region, size_t size)
{
#ifdef __SANITIZE_ADDRESS__
    __lsan_register_root_region(region, size);
#else
    (void)region;
    (void)size;
#endif
}

static bool make_shards(struct tn_store *store)
{
    unsigned      shards = TN_STORE_SHARDS;
    struct layout l;
    void         *region;

    while (shards > 1 && store->options.max_shapes / shards < LEAST_PER_SHARD)
        shards /= 2;
    while ((1u << store->shard_bits) < shards)
        store->shard_bits++;
    l = plan(store->options.max_shapes, shards);
    store->shards = aligned_alloc(64, shards * sizeof *store->shards);
    if (store->shards == NULL)
        return false;
    region = mmap(NULL, l.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) {
        free(store->shards);
        store->shards = NULL;
        return false;
    }
    store->region = region;
    store->region_size = l.size;
    watch_region(region, l.size);
    for (unsigned i = 0; i < shards; i++)
        init_shard(&store->shards[i], &l, i, region);
    store->first_entry = store->shards[0].entries;
    store->first_block = store->shards[0].blocks;
    return true;
}

static void drop_waiting(struct tn_store *store, struct tn_shard *shard)
{
    while (shard->evicted != NULL) {
        struct tn_store_evicted *evicted = shard->evicted;

        shard->evicted = evicted->next;
        tn_free(evicted->text);
        tn_free(evicted);
        atomic_fetch_sub(&store->waiting, 1);
    }
    shard->evicted_end = &shard->evicted;
}

static void free_shards(struct tn_store *store)
{
    if (store->shards == NULL)
        return;
    for (unsigned i = 0; i < tn_store_shard_count(store); i++) {
        struct tn_shard *shard = &store->shards[i];

        for (uint32_t slot = 0; slot < shard->high; slot++)
            tn_free(shard->texts[slot]);
        drop_waiting(store, shard);
        pthread_mutex_destroy(&shard->mutex);
    }
#ifdef __SANITIZE_ADDRESS__
    __lsan_unregister_root_region(store->region, store->region_size);
#endif
    munmap(store->region, store->region_size);
    free(store->shards);
}

static void free_store(struct tn_store *store)
{
    free_shards(store);
    tn_limits_reset(&store->limits);
    tn_shares_reset(&store->shares);
    tn_blobs_free(store);
    pthread_mutex_destroy(&store->blobs.mutex);
    tn_clusters_reset(&store->clusters);
    tn_free(store->path);
    tn_free(store);
}

enum tn_status tn_store_open(struct tn_store **out, const struct tn_store_options *options, struct tn_error *err)
{
    struct tn_store *store = tn_calloc(1, sizeof *store);
    struct tn_error  local = TN_ERROR_INIT;
    enum tn_status   status = TN_OK;
    bool             limits, shares;

    *out = NULL;
    if (store == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "statistics: no memory");
    store->options = *options;
    store->options.max_shapes = TN_MAX(TN_MIN(options->max_shapes, (uint64_t)100000000), (uint64_t)16);
    store->path = tn_strdup(options->path);
    atomic_store(&store->next_id, 1);
    atomic_store(&store->loaded, options->path == NULL);
    pthread_mutex_init(&store->blobs.mutex, NULL);
    tn_clusters_init(&store->clusters);
    limits = tn_limits_init(&store->limits); /* each of them, for free_store() */
    shares = tn_shares_init(&store->shares);
    if (!limits || !shares || (options->path != NULL && store->path == NULL) || !make_shards(store))
        status = tn_fail(&local, TN_E_NOMEM, "53200", "statistics: no memory");
    if (status == TN_OK && store->path != NULL)
        status = tn_writer_open(store, &local);
    if (status == TN_OK) {
        *out = store;
        return TN_OK;
    }
    free_store(store);
    if (err != NULL)
        tn_error_move(err, &local);
    else
        tn_error_reset(&local);
    return status;
}

void tn_store_close(struct tn_store *store)
{
    if (store == NULL)
        return;
    tn_writer_close(store);
    free_store(store);
}

/* ---- shapes ---- */

double tn_store_fading(const struct tn_store *store, uint32_t then_s, uint32_t now_s)
{
    static const struct tn_store_options by_default = TN_STORE_OPTIONS_DEFAULT;
    double half_life_s = (double)(store == NULL ? &by_default : &store->options)->half_life_us * 1e-6;

    if (now_s <= then_s || now_s - then_s < AGE_AFTER_S || !(half_life_s > 0))
        return 1.0;
    return exp2(-(double)(now_s - then_s) / half_life_s);
}

/* Counts fade while nobody looks. Who only looks for a moment (to explain) was not here, as long as nothing faded. */
static void age(struct tn_store *store, struct tn_shard *shard, struct tn_shape_entry *entry, uint32_t now_s, bool create)
{
    double fading = tn_store_fading(store, entry->last_s, now_s);

    if (fading < 1.0)
        tn_shard_discount(shard, entry, fading, UINT16_MAX);
    if (fading < 1.0 || create)
        entry->last_s = TN_MAX(now_s, entry->last_s);
}

/* Marks of many shapes share a line of the cache, which other threads read: what is so already is not written again. */
static struct tn_shape_entry *hit(struct tn_store *store, struct tn_shard *shard, struct tn_shape_entry *entry, bool create)
{
    uint8_t *state = &shard->states[tn_shard_slot(shard, entry)];
    uint8_t  now = (uint8_t)((*state & ~TN_STATE_USES) | (entry->visits >= 16 ? 3 : entry->visits >= 2 ? 2 : 1));

    if (*state != now)
        *state = now;
    age(store, shard, entry, tn_store_now_s(), create);
    return entry;
}

static struct tn_store_text *keep_text(struct tn_store *store, const struct tn_shape_about *about)
{
    size_t                text_len = TN_MIN(about->text.len, (size_t)TN_STORE_TEXT), group_len = TN_MIN(about->group.len, (size_t)256);
    struct tn_store_text *text;

    if (atomic_load_explicit(&store->text_bytes, memory_order_relaxed) > TN_STORE_TEXT_BYTES)
        return NULL; /* the shape stays without a text */
    text = tn_malloc(sizeof *text + text_len + group_len);
    if (text == NULL)
        return NULL;
    *text = (struct tn_store_text){(uint32_t)text_len, (uint32_t)group_len, (uint8_t)about->dialect};
    if (text_len > 0)
        memcpy(text->data, about->text.ptr, text_len);
    if (group_len > 0)
        memcpy(text->data + text_len, about->group.ptr, group_len);
    atomic_fetch_add_explicit(&store->text_bytes, text_len, memory_order_relaxed);
    return text;
}

struct wanted {
    uint64_t                     key[2];
    const struct tn_shape       *shape;
    const struct tn_shape_about *about;
    uint32_t                     parent;
    uint8_t                      band;
};

static struct tn_shape_entry *add_shape(struct tn_store *store, struct tn_shard *shard, const struct wanted *wanted, uint64_t hash)
{
    const struct tn_shape_about *about = wanted->about;
    struct tn_shape_entry       *entry;
    uint32_t                     slot;

    if (about != NULL && !tn_limits_client(store, about->client, about->now_us)) {
        atomic_fetch_add_explicit(&store->refused_client, 1, memory_order_relaxed);
        return NULL;
    }
    entry = tn_shard_insert(store, shard, wanted->key, hash);
    if (entry == NULL) {
        atomic_fetch_add_explicit(&store->refused_limit, 1, memory_order_relaxed);
        return NULL;
    }
    slot = tn_shard_slot(shard, entry);
    entry->id = atomic_fetch_add_explicit(&store->next_id, 1, memory_order_relaxed);
    entry->first_s = entry->last_s = tn_store_now_s();
    entry->text32 = (uint32_t)wanted->shape->text[0];
    entry->class = wanted->shape->class;
    entry->band = wanted->band;
    entry->parent = wanted->parent;
    if (about != NULL && wanted->parent == 0)
        shard->texts[slot] = keep_text(store, about);
    if (atomic_load_explicit(&store->cold, memory_order_relaxed) || !atomic_load_explicit(&store->loaded, memory_order_relaxed)) {
        tn_bit_set(shard->fetch, slot); /* perhaps it was here before */
        tn_writer_call(store);
    }
    shard->states[slot] |= TN_STATE_SINGLE;
    tn_limits_single(store, entry->first_s, 1);
    return entry;
}

static struct tn_shape_entry *acquire(struct tn_store *store, const struct wanted *wanted, bool create)
{
    uint64_t               hash = tn_store_hash(wanted->key);
    struct tn_shard       *shard = tn_store_shard(store, hash);
    struct tn_shape_entry *entry;

    pthread_mutex_lock(&shard->mutex);
    entry = tn_shard_find(shard, wanted->key, hash);
    if (entry != NULL)
        return hit(store, shard, entry, create);
    if (create)
        entry = add_shape(store, shard, wanted, hash);
    if (entry == NULL)
        pthread_mutex_unlock(&shard->mutex);
    return entry;
}

struct tn_shape_entry *tn_store_acquire(struct tn_store *store, const struct tn_shape *shape, bool create,
                                        const struct tn_shape_about *about)
{
    struct wanted wanted = {.key = {shape->key[0], shape->key[1]}, .shape = shape, .about = about};

    return acquire(store, &wanted, create);
}

struct tn_shape_entry *tn_store_peek(struct tn_store *store, const uint64_t key[2])
{
    uint64_t               hash = tn_store_hash(key);
    struct tn_shard       *shard = tn_store_shard(store, hash);
    struct tn_shape_entry *entry;

    pthread_mutex_lock(&shard->mutex);
    entry = tn_shard_find(shard, key, hash);
    if (entry == NULL)
        pthread_mutex_unlock(&shard->mutex);
    return entry;
}

/* Its id, 0 when it is not there. */
static uint32_t id_of(struct tn_store *store, const uint64_t key[2])
{
    uint64_t               hash = tn_store_hash(key);
    struct tn_shard       *shard = tn_store_shard(store, hash);
    struct tn_shape_entry *entry;
    uint32_t               id;

    pthread_mutex_lock(&shard->mutex);
    entry = tn_shard_find(shard, key, hash);
    id = entry == NULL ? 0 : entry->id;
    pthread_mutex_unlock(&shard->mutex);
    return id;
}

static void key_of_band(const uint64_t shape[2], unsigned band, uint64_t key[2])
{
    uint64_t salt = tn_hash_mix(UINT64_C(0xba9d) + band);

    key[0] = tn_hash_mix(shape[0] ^ salt) | 1;
    key[1] = tn_hash_mix(shape[1] + salt);
}

struct tn_shape_entry *tn_store_acquire_band(struct tn_store *store, const struct tn_shape *shape, bool create,
                                             const struct tn_shape_about *about)
{
    struct wanted          wanted = {.shape = shape, .about = about, .band = shape->band};
    struct tn_shape_entry *entry;

    key_of_band(shape->key, shape->band, wanted.key);
    entry = acquire(store, &wanted, false);
    if (entry != NULL || !create)
        return entry;
    wanted.parent = id_of(store, shape->key);
    return acquire(store, &wanted, true);
}

void tn_store_release(struct tn_store *store, struct tn_shape_entry *entry, bool dirty)
{
    uint64_t         hash = tn_store_hash(entry->key);
    struct tn_shard *shard = tn_store_shard(store, hash);
    uint32_t         slot = tn_shard_slot(shard, entry);

    if (dirty && !tn_bit(shard->dirty, slot))
        tn_bit_set(shard->dirty, slot);
    if (entry->visits >= 2 && (shard->states[slot] & TN_STATE_SINGLE) != 0) {
        shard->states[slot] &= (uint8_t)~TN_STATE_SINGLE;
        tn_limits_single(store, entry->first_s, -1);
    }
    pthread_mutex_unlock(&shard->mutex);
}

void tn_flight_link(struct tn_shape_entry *entry, struct tn_flight *flight)
{
    flight->next = entry->flights;
    flight->prev = &entry->flights;
    if (flight->next != NULL)
        flight->next->prev = &flight->next;
    entry->flights = flight;
}

void tn_flight_unlink(struct tn_flight *flight)
{
    if (flight->prev == NULL)
        return;
    *flight->prev = flight->next;
    if (flight->next != NULL)
        flight->next->prev = flight->prev;
    flight->next = NULL;
    flight->prev = NULL;
}

/* ---- counts ---- */

static uint64_t count_bits(const uint64_t *bits, uint32_t high)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < (high + 63) / 64; i++)
        count += (uint64_t)__builtin_popcountll(bits[i]);
    return count;
}

void tn_store_counts(struct tn_store *store, struct tn_store_counts *out)
{
    *out = (struct tn_store_counts){
        .evicted = atomic_load(&store->evicted),
        .lost = atomic_load(&store->lost),
        .refused_limit = atomic_load(&store->refused_limit),
        .refused_client = atomic_load(&store->refused_client),
        .refused_tenant = atomic_load(&store->refused_tenant),
        .flushed = atomic_load(&store->flushed),
        .flush_failures = atomic_load(&store->flush_failures),
        .files_lost = atomic_load(&store->files_lost),
        .singletons = tn_limits_singles(store, tn_store_now_s()),
        .bytes = atomic_load(&store->text_bytes),
    };
    for (unsigned i = 0; i < tn_store_shard_count(store); i++) {
        struct tn_shard *shard = &store->shards[i];

        pthread_mutex_lock(&shard->mutex);
        out->shapes += shard->count;
        out->cells += shard->cells;
        out->dirty += count_bits(shard->dirty, shard->high);
        out->bytes += shard->high * sizeof *shard->entries + shard->block_high * sizeof *shard->blocks +
                      shard->hist_high * sizeof *shard->hists + (shard->index_mask + UINT64_C(1)) * sizeof *shard->index;
        pthread_mutex_unlock(&shard->mutex);
    }
}

/* ---- forgetting ---- */

static void reset_entry(struct tn_shard *shard, struct tn_shape_entry *entry)
{
    tn_shard_drop_cells(shard, entry);
    entry->visits = 0;
    entry->flags = 0;
    entry->incumbent = TN_STORE_NONE;
    tn_bit_set(shard->dirty, tn_shard_slot(shard, entry));
    tn_bit_clear(shard->fetch, tn_shard_slot(shard, entry));
}

static void reset_key(struct tn_store *store, const uint64_t key[2])
{
    uint64_t               hash = tn_store_hash(key);
    struct tn_shard       *shard = tn_store_shard(store, hash);
    struct tn_shape_entry *entry;

    pthread_mutex_lock(&shard->mutex);
    entry = tn_shard_find(shard, key, hash);
    if (entry != NULL)
        reset_entry(shard, entry);
    pthread_mutex_unlock(&shard->mutex);
    if (store->writer != NULL)
        tn_writer_reset(store, key);
}

static void reset_all(struct tn_store *store)
{
    for (unsigned i = 0; i < tn_store_shard_count(store); i++) {
        struct tn_shard *shard = &store->shards[i];

        pthread_mutex_lock(&shard->mutex);
        for (uint32_t slot = 0; slot < shard->high; slot++)
            if ((shard->states[slot] & TN_STATE_USED) != 0)
                reset_entry(shard, &shard->entries[slot]);
        drop_waiting(store, shard);
        pthread_mutex_unlock(&shard->mutex);
    }
    if (store->writer != NULL)
        tn_writer_reset(store, NULL);
}

void tn_store_reset(struct tn_store *store, const uint64_t key[2])
{
    uint64_t band[2];

    if (key == NULL) {
        reset_all(store);
        return;
    }
    reset_key(store, key);
    for (unsigned b = 1; b <= TN_SHAPE_BANDS_MOST; b++) {
        key_of_band(key, b, band);
        reset_key(store, band);
    }
}

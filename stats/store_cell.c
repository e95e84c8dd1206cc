#include "stats/store_shard.h"

#include <math.h>

enum {
    SEED_COUNT = 48,     /* what the moments say weighs so much in a new histogram: it fades with the first halvings */
    RECOMPUTE_EVERY = 16 /* values between two computations of p50 and p95 (140 ns each) */
};

static struct tn_shard *shard_of_cell(const struct tn_store *store, const struct tn_cell *cell)
{
    uintptr_t at = (uintptr_t)cell, entries = (uintptr_t)store->first_entry, blocks = (uintptr_t)store->first_block;
    size_t    shard;

    if (at >= blocks)
        shard = (at - blocks) / sizeof(struct tn_store_block) / store->shards[0].block_capacity;
    else
        shard = (at - entries) / sizeof(struct tn_shape_entry) / store->shards[0].capacity;
    return &store->shards[shard];
}

static void free_hist(struct tn_shard *shard, uint32_t place)
{
    struct tn_store_hist *hist = &shard->hists[place];

    hist->who = TN_STORE_NONE;
    hist->slot = shard->hist_free;
    shard->hist_free = place + 1;
    shard->hist_count--;
}

static void forget_cell(struct tn_shard *shard, struct tn_cell *cell)
{
    if (cell->hist != 0)
        free_hist(shard, cell->hist - 1);
    cell->hist = 0;
    shard->cells--;
}

static struct tn_store_block *block_at(struct tn_shard *shard, uint32_t place)
{
    return place == 0 ? NULL : &shard->blocks[place - 1];
}

bool tn_shard_has_cells(const struct tn_shape_entry *entry)
{
    for (unsigned i = 0; i < TN_STORE_INLINE; i++)
        if (entry->who[i] != TN_STORE_NONE)
            return true;
    return entry->more != 0;
}

void tn_shard_drop_cells(struct tn_shard *shard, struct tn_shape_entry *entry)
{
    struct tn_store_block *block;

    for (unsigned i = 0; i < TN_STORE_INLINE; i++)
        if (entry->who[i] != TN_STORE_NONE)
            forget_cell(shard, &entry->cells[i]);
    memset(entry->who, TN_STORE_NONE, sizeof entry->who);
    while ((block = block_at(shard, entry->more)) != NULL) {
        uint32_t place = entry->more;

        for (unsigned i = 0; i < TN_STORE_BLOCK_CELLS; i++)
            if (block->who[i] != TN_STORE_NONE)
                forget_cell(shard, &block->cells[i]);
        entry->more = block->next;
        block->next = shard->block_free;
        shard->block_free = place;
    }
}

/* A new block for ENTRY; NULL: the pool is empty. */
static struct tn_store_block *add_block(struct tn_shard *shard, struct tn_shape_entry *entry)
{
    uint32_t               place;
    struct tn_store_block *block;

    if (shard->block_free != 0) {
        place = shard->block_free;
        shard->block_free = block_at(shard, place)->next;
    } else if (shard->block_high < shard->block_capacity) {
        place = ++shard->block_high;
    } else {
        return NULL;
    }
    block = block_at(shard, place);
    block->next = entry->more;
    block->slot = tn_shard_slot(shard, entry);
    memset(block->who, TN_STORE_NONE, sizeof block->who);
    entry->more = place;
    return block;
}

static struct tn_cell *take(struct tn_shard *shard, uint8_t *who, struct tn_cell *cell, unsigned cluster)
{
    *who = (uint8_t)cluster;
    tn_cell_init(cell);
    shard->cells++;
    return cell;
}

/* The place of CLUSTER (TN_STORE_NONE: a free one) and its byte in *WHO. */
static struct tn_cell *find_cell(struct tn_shard *shard, struct tn_shape_entry *entry, unsigned cluster, uint8_t **who)
{
    for (unsigned i = 0; i < TN_STORE_INLINE; i++)
        if (entry->who[i] == cluster) {
            *who = &entry->who[i];
            return &entry->cells[i];
        }
    for (struct tn_store_block *block = block_at(shard, entry->more); block != NULL; block = block_at(shard, block->next))
        for (unsigned i = 0; i < TN_STORE_BLOCK_CELLS; i++)
            if (block->who[i] == cluster) {
                *who = &block->who[i];
                return &block->cells[i];
            }
    return NULL;
}

struct tn_cell *tn_shard_cell(struct tn_shard *shard, struct tn_shape_entry *entry, unsigned cluster, bool create)
{
    struct tn_store_block *block;
    uint8_t               *who;
    struct tn_cell        *cell;

    if (cluster >= TN_STORE_CLUSTERS)
        return NULL;
    cell = find_cell(shard, entry, cluster, &who);
    if (cell != NULL || !create)
        return cell;
    cell = find_cell(shard, entry, TN_STORE_NONE, &who);
    if (cell != NULL)
        return take(shard, who, cell, cluster);
    block = add_block(shard, entry);
    return block == NULL ? NULL : take(shard, &block->who[0], &block->cells[0], cluster);
}

void tn_shard_drop_cell(struct tn_shard *shard, struct tn_shape_entry *entry, unsigned cluster)
{
    uint8_t        *who;
    struct tn_cell *cell = find_cell(shard, entry, cluster, &who);

    if (cell == NULL)
        return;
    forget_cell(shard, cell);
    *who = TN_STORE_NONE;
    if (entry->incumbent == cluster)
        entry->incumbent = TN_STORE_NONE;
}

void tn_shard_cells(struct tn_shard *shard, struct tn_shape_entry *entry,
                    void (*fn)(void *arg, unsigned cluster, struct tn_cell *cell), void *arg)
{
    for (unsigned i = 0; i < TN_STORE_INLINE; i++)
        if (entry->who[i] != TN_STORE_NONE)
            fn(arg, entry->who[i], &entry->cells[i]);
    for (struct tn_store_block *block = block_at(shard, entry->more); block != NULL; block = block_at(shard, block->next))
        for (unsigned i = 0; i < TN_STORE_BLOCK_CELLS; i++)
            if (block->who[i] != TN_STORE_NONE)
                fn(arg, block->who[i], &block->cells[i]);
}

struct discount {
    struct tn_shard *shard;
    double           factor;
    unsigned         most;
};

/* Old values weigh less: halved as often as FACTOR is a power of a half, a fraction of that by lot; no further than a new one begins. */
static void fade_hist(struct tn_shard *shard, struct tn_store_hist *hist, double factor)
{
    double   exact = TN_MIN(-log2(TN_MAX(factor, 1e-6)), 16.0);
    unsigned times = (unsigned)(exact + tn_rand_unit(&shard->rand));

    while (times-- > 0 && hist->hot.total >= 2 * SEED_COUNT)
        tn_hot_halve(&hist->hot, &shard->rand);
}

static void discount_cell(void *arg, unsigned cluster, struct tn_cell *cell)
{
    const struct discount *discount = arg;
    struct tn_shard       *shard = discount->shard;

    (void)cluster;
    tn_cell_discount(cell, discount->factor, discount->most, 0.0, &shard->rand);
    if (cell->hist != 0)
        fade_hist(shard, &shard->hists[cell->hist - 1], discount->factor);
}

void tn_shard_discount(struct tn_shard *shard, struct tn_shape_entry *entry, double factor, unsigned most)
{
    struct discount discount = {shard, factor, most};

    tn_shard_cells(shard, entry, discount_cell, &discount);
}

/* ---- histograms ---- */

struct tn_hot *tn_shard_hot(struct tn_shard *shard, const struct tn_cell *cell)
{
    return cell->hist == 0 ? NULL : &shard->hists[cell->hist - 1].hot;
}

bool tn_shard_hot_left(const struct tn_shard *shard)
{
    return shard->hist_free != 0 || shard->hist_high < shard->hist_capacity;
}

/* The next one that was not looked at since the hand passed it; its cell goes on with its moments. */
static uint32_t steal_hist(struct tn_shard *shard)
{
    for (;;) {
        uint32_t              place = shard->hist_hand;
        struct tn_store_hist *hist = &shard->hists[place];
        struct tn_cell       *cell;

        shard->hist_hand = place + 1 < shard->hist_high ? place + 1 : 0;
        if (hist->recent != 0) {
            hist->recent = 0;
            continue;
        }
        cell = tn_shard_cell(shard, &shard->entries[hist->slot], hist->who, false);
        if (cell != NULL) {
            cell->hist = 0;
            cell->p50 = cell->p95 = 0;
        }
        shard->hist_count--;
        return place;
    }
}

struct tn_hot *tn_shard_hot_new(struct tn_shard *shard, struct tn_shape_entry *entry, unsigned cluster, struct tn_cell *cell)
{
    struct tn_store_hist *hist;
    uint32_t              place;

    if (shard->hist_free != 0) {
        place = shard->hist_free - 1;
        shard->hist_free = shard->hists[place].slot;
    } else if (shard->hist_high < shard->hist_capacity) {
        place = shard->hist_high++;
    } else if (shard->hist_capacity > 0) {
        place = steal_hist(shard);
    } else {
        return NULL;
    }
    shard->hist_count++;
    hist = &shard->hists[place];
    *hist = (struct tn_store_hist){.slot = tn_shard_slot(shard, entry), .who = (uint8_t)cluster, .recent = 1};
    cell->hist = place + 1;
    return &hist->hot;
}

/* The entry that CELL belongs to, and its cluster. */
static struct tn_shape_entry *owner_of(const struct tn_store *store, struct tn_shard *shard, const struct tn_cell *cell,
                                       unsigned *cluster)
{
    uintptr_t              at = (uintptr_t)cell;
    struct tn_store_block *block;
    struct tn_shape_entry *entry;

    if (at < (uintptr_t)store->first_block) {
        entry = &shard->entries[(at - (uintptr_t)shard->entries) / sizeof *entry];
        *cluster = entry->who[cell - entry->cells];
        return entry;
    }
    block = &shard->blocks[(at - (uintptr_t)shard->blocks) / sizeof *block];
    *cluster = block->who[cell - block->cells];
    return &shard->entries[block->slot];
}

static void refresh(struct tn_cell *cell, struct tn_store_hist *hist)
{
    hist->fresh = 0;
    cell->p50 = tn_log_code(tn_hot_quantile(&hist->hot, .5));
    cell->p95 = tn_log_code(tn_hot_quantile(&hist->hot, .95));
}

void tn_store_sample(struct tn_store *store, struct tn_cell *cell, double seconds, double weight)
{
    struct tn_shard      *shard;
    struct tn_store_hist *hist;
    unsigned              cluster, count;

    if ((cell->n < TN_STORE_HOT_RUNS && cell->hist == 0) || !(weight > 0.0))
        return;
    shard = shard_of_cell(store, cell);
    if (cell->hist == 0) {
        struct tn_shape_entry *entry = owner_of(store, shard, cell, &cluster);
        struct tn_hot         *hot = tn_shard_hot_new(shard, entry, cluster, cell);

        if (hot == NULL)
            return;
        tn_hot_seed(hot, (double)cell->m, sqrt(tn_log_decode(cell->M2)), SEED_COUNT);
        refresh(cell, &shard->hists[cell->hist - 1]);
    }
    hist = &shard->hists[cell->hist - 1];
    hist->recent = 1;
    weight = TN_MIN(weight, (double)TN_HOT_CAP);
    count = (unsigned)weight;
    if (tn_rand_unit(&shard->rand) < weight - count)
        count++;
    if (count > 0)
        tn_hot_add(&hist->hot, seconds, count);
    while (hist->hot.total >= TN_HOT_CAP)
        tn_hot_halve(&hist->hot, &shard->rand);
    if (++hist->fresh >= RECOMPUTE_EVERY)
        refresh(cell, hist);
}

/* ---- by the store ---- */

static struct tn_shard *shard_of_entry(const struct tn_store *store, const struct tn_shape_entry *entry)
{
    return tn_store_shard(store, tn_store_hash(entry->key));
}

struct tn_cell *tn_store_cell(struct tn_store *store, struct tn_shape_entry *entry, unsigned cluster, bool create)
{
    return tn_shard_cell(shard_of_entry(store, entry), entry, cluster, create);
}

void tn_store_cells(struct tn_store *store, struct tn_shape_entry *entry, void (*fn)(void *arg, unsigned cluster, struct tn_cell *cell),
                    void *arg)
{
    tn_shard_cells(shard_of_entry(store, entry), entry, fn, arg);
}

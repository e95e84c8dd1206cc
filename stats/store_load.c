#include "stats/store_file.h"

#include "base/alloc.h"

#include <math.h>

struct joining {
    struct tn_store       *store;
    struct tn_shard       *shard;
    struct tn_shape_entry *entry;
    double                 fading;
    unsigned               most;
};

/* A cell of the time before the cluster changed is worth a tenth, and so on. */
static void discount(const struct joining *j, unsigned cluster, unsigned epoch, struct tn_cell *cell)
{
    uint16_t behind = (uint16_t)(atomic_load_explicit(&j->store->clusters.list[cluster].epoch, memory_order_relaxed) - epoch);

    if (behind > 0 && behind < 32768)
        tn_cell_discount(cell, pow(TN_STORE_CHANGED_FACTOR, TN_MIN(behind, 4)), j->most, TN_STORE_CHANGED_P, &j->shard->rand);
    if (j->fading < 1 || cell->n > j->most)
        tn_cell_discount(cell, j->fading, j->most, 0, &j->shard->rand);
}

static bool join_cell(void *arg, unsigned file_cluster, unsigned epoch, const struct tn_cell *cell, const struct tn_hot *hot)
{
    struct joining *j = arg;
    unsigned        cluster = tn_clusters_from_file(j->store, file_cluster);
    struct tn_cell  older = *cell, *mine;
    struct tn_hot  *known;

    if (cluster == TN_STORE_NONE)
        return true; /* of a cluster that is no more */
    discount(j, cluster, epoch, &older);
    mine = tn_shard_cell(j->shard, j->entry, cluster, false);
    if (mine != NULL) {
        tn_cell_merge(mine, &older);
    } else {
        mine = tn_shard_cell(j->shard, j->entry, cluster, true);
        if (mine == NULL)
            return true;
        *mine = older;
        mine->hist = 0;
    }
    if (hot == NULL)
        return true;
    known = tn_shard_hot(j->shard, mine);
    if (known != NULL) {
        tn_hot_merge(known, hot);
        while (known->total >= TN_HOT_CAP)
            tn_hot_halve(known, &j->shard->rand);
    } else if (tn_shard_hot_left(j->shard)) {
        *tn_shard_hot_new(j->shard, j->entry, cluster, mine) = *hot;
    } else {
        mine->p50 = mine->p95 = 0; /* goes on with its moments */
    }
    return true;
}

static void later_look(void *arg, unsigned cluster, struct tn_cell *cell)
{
    const uint32_t *visits = arg;

    (void)cluster;
    cell->last = (uint16_t)(cell->last + *visits);
}

/* The present choice, and whether it is pinned, of whichever of the two was decided about more often: what came back may have been
 * chosen for once more meanwhile, as never seen. */
static void join_choice(struct tn_store *store, struct tn_shape_entry *entry, const struct tn_store_row *row)
{
    uint8_t theirs = row->incumbent == 0 ? TN_STORE_NONE : (uint8_t)tn_clusters_from_file(store, row->incumbent);

    if (theirs == TN_STORE_NONE || (entry->incumbent != TN_STORE_NONE && entry->visits > row->entry.visits))
        return;
    entry->incumbent = theirs;
    entry->flags = (uint8_t)((entry->flags & ~TN_SHAPE_PINNED) | (row->entry.flags & TN_SHAPE_PINNED));
}

void tn_store_join(struct tn_store *store, struct tn_shard *shard, struct tn_shape_entry *entry, const struct tn_store_row *row,
                   unsigned most)
{
    const struct tn_shape_entry *older = &row->entry;
    struct joining               j = {store, shard, entry, 1.0, most};
    uint32_t                     visits = older->visits;

    if (entry->id == 0) { /* as it was; counts fade when somebody looks */
        entry->last_s = older->last_s;
        entry->first_s = older->first_s;
        entry->parent = older->parent;
        entry->class = older->class;
        entry->band = older->band;
    } else {
        j.fading = tn_store_fading(store, older->last_s, tn_store_now_s());
        tn_shard_cells(shard, entry, later_look, &visits);
        entry->first_s = TN_MIN(entry->first_s, older->first_s);
    }
    join_choice(store, entry, row);
    entry->id = older->id;
    entry->visits += visits;
    entry->text32 = older->text32;
    entry->flags |= older->flags & (uint8_t)~TN_SHAPE_PINNED;
    (void)!tn_row_decode(row->cells, row->size, join_cell, &j); /* what is damaged is left out */
}

/* ---- the whole file ---- */

static enum tn_status load_clusters(struct tn_store *store, struct tn_store_file *file, struct tn_error *err)
{
    sqlite3_stmt  *stmt;
    int64_t        last;
    enum tn_status status = TN_OK;
    int            code;

    /* Those without a place, of format 1, in the order that gave them one there. */
    TN_TRY(tn_database_ask(&tn_store_kind, file->db, "SELECT max(number) FROM cluster", &last, err));
    TN_TRY(tn_database_prepare(&tn_store_kind, file->db,
                               "SELECT number, name, signature, epoch, seen, ifnull(place, -1) FROM"
                               " (SELECT * FROM cluster ORDER BY seen DESC LIMIT 250) ORDER BY place IS NULL, number",
                               &stmt, err));
    pthread_mutex_lock(&store->clusters.mutex);
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct tn_store_cluster row = {.file = (uint32_t)sqlite3_column_int64(stmt, 0),
                                       .epoch = (uint32_t)sqlite3_column_int64(stmt, 3),
                                       .signature = (uint64_t)sqlite3_column_int64(stmt, 2),
                                       .seen_s = (uint32_t)sqlite3_column_int64(stmt, 4)};

        tn_clusters_known(store, &row, tn_str((const char *)sqlite3_column_text(stmt, 1)), sqlite3_column_int(stmt, 5));
    }
    if (code != SQLITE_DONE)
        status = tn_database_fail(&tn_store_kind, file->db, "cannot read", err);
    else
        tn_clusters_number(store, (uint32_t)TN_MAX(TN_MIN(last, 65535), 0) + 1);
    pthread_mutex_unlock(&store->clusters.mutex);
    sqlite3_finalize(stmt);
    return status;
}

struct renumbering {
    struct tn_store *store;
    uint32_t        *ids, count;
};

static void walk(struct tn_store *store, void (*fn)(struct renumbering *r, struct tn_shard *shard, uint32_t slot), struct renumbering *r)
{
    for (unsigned s = 0; s < tn_store_shard_count(store); s++) {
        struct tn_shard *shard = &store->shards[s];

        pthread_mutex_lock(&shard->mutex);
        for (uint32_t slot = 0; slot < shard->high; slot++)
            if ((shard->states[slot] & TN_STATE_USED) != 0)
                fn(r, shard, slot);
        pthread_mutex_unlock(&shard->mutex);
    }
}

static void give_id(struct renumbering *r, struct tn_shard *shard, uint32_t slot)
{
    struct tn_shape_entry *entry = &shard->entries[slot];
    uint32_t               old = entry->id - TN_STORE_PROVISIONAL;

    if (entry->id < TN_STORE_PROVISIONAL)
        return;
    entry->id = atomic_fetch_add(&r->store->next_id, 1);
    if (r->ids != NULL && old < r->count)
        r->ids[old] = entry->id;
    if (!atomic_load(&r->store->cold))
        tn_bit_clear(shard->fetch, slot);
}

static void give_parent(struct renumbering *r, struct tn_shard *shard, uint32_t slot)
{
    struct tn_shape_entry *entry = &shard->entries[slot];
    uint32_t               old = entry->parent - TN_STORE_PROVISIONAL;

    if (entry->parent >= TN_STORE_PROVISIONAL)
        entry->parent = r->ids != NULL && old < r->count ? r->ids[old] : 0;
}

/* Shapes that were made before the file could be read have provisional ids (TN_STORE_PROVISIONAL and up): now real ones. */
static void renumber(struct tn_store *store, uint32_t first_id)
{
    uint32_t  made = atomic_exchange(&store->next_id, first_id), count = made - TN_STORE_PROVISIONAL;
    uint32_t *ids;

    if (count == 0)
        return;
    ids = tn_calloc(count + 1, sizeof *ids); /* without memory bands lose their parents, no more */
    walk(store, give_id, &(struct renumbering){store, ids, count});
    walk(store, give_parent, &(struct renumbering){store, ids, count});
    tn_free(ids);
}

enum tn_status tn_store_load(struct tn_flush *flush, struct tn_error *err)
{
    struct tn_store *store = flush->store;
    int64_t          next_id, cold, shapes;
    uint32_t         last_id = 0;

    TN_TRY(tn_store_file_meta(flush->file, "shapes", &shapes, err));
    if (shapes > (int64_t)store->options.max_shapes / 2)
        tn_store_large_pages(store);
    TN_TRY(load_clusters(store, flush->file, err));
    TN_TRY(tn_store_read(flush, shapes, &last_id, err));
    TN_TRY(tn_store_file_meta(flush->file, "next_id", &next_id, err));
    TN_TRY(tn_store_file_meta(flush->file, "cold", &flush->cold_count, err));
    TN_TRY(tn_database_ask(&tn_store_kind, flush->file->db, "SELECT EXISTS (SELECT 1 FROM cold)", &cold, err));
    if (cold != 0 || flush->excess_count > 0)
        atomic_store(&store->cold, true);
    if (next_id <= (int64_t)last_id || next_id >= (int64_t)TN_STORE_PROVISIONAL)
        next_id = (int64_t)last_id + 1; /* damaged */
    renumber(store, (uint32_t)next_id);
    atomic_store(&store->loaded, true);
    return TN_OK;
}

#include "stats/store_file.h"

#include "base/alloc.h"

/* ---- rows ---- */

bool tn_flush_row(struct tn_flush *flush, struct tn_shard *shard, struct tn_shape_entry *entry, struct tn_store_row *row)
{
    size_t size = tn_row_bound(shard, entry);

    if (size > flush->scratch_size) {
        unsigned char *more = tn_realloc(flush->scratch, size * 2);

        if (more == NULL)
            return false;
        flush->scratch = more;
        flush->scratch_size = size * 2;
    }
    *row = (struct tn_store_row){.entry = *entry, .cells = flush->scratch};
    row->size = tn_row_encode(flush->store, shard, entry, flush->scratch);
    return true;
}

void tn_flush_incumbent(const struct tn_store *store, struct tn_store_row *row)
{
    if (row->entry.incumbent < TN_STORE_CLUSTERS)
        row->incumbent = atomic_load_explicit(&store->clusters.list[row->entry.incumbent].file, memory_order_relaxed);
}

enum tn_status tn_flush_begin(struct tn_flush *flush, struct tn_error *err)
{
    return tn_store_file_run(flush->file, "BEGIN IMMEDIATE", err);
}

static enum tn_status commit(struct tn_flush *flush, struct tn_error *err)
{
    TN_TRY(tn_store_file_put_meta(flush->file, "next_id", atomic_load(&flush->store->next_id), err));
    TN_TRY(tn_store_file_put_meta(flush->file, "cold", flush->cold_count, err));
    TN_TRY(tn_store_file_put_meta(flush->file, "shapes", (int64_t)atomic_load(&flush->store->resident), err));
    return tn_store_file_run(flush->file, "COMMIT", err);
}

enum tn_status tn_flush_finish(struct tn_flush *flush, enum tn_status status, struct tn_error *err)
{
    if (status == TN_OK)
        status = commit(flush, err);
    if (status != TN_OK)
        tn_database_rollback(flush->file->db);
    return status;
}

/* ---- dirty shapes ---- */

struct batch {
    uint64_t              places[TN_FLUSH_ROWS]; /* id, place */
    struct tn_store_text *texts[TN_FLUSH_ROWS];
    unsigned              count;
};

static struct tn_shard *shard_at(const struct tn_store *store, uint64_t item, uint32_t *slot)
{
    uint32_t place = (uint32_t)item, capacity = store->shards[0].capacity;

    *slot = place % capacity;
    return &store->shards[place / capacity];
}

static size_t count_dirty(const struct tn_store *store)
{
    size_t count = 0;

    for (unsigned s = 0; s < tn_store_shard_count(store); s++) {
        struct tn_shard *shard = &store->shards[s];

        pthread_mutex_lock(&shard->mutex);
        for (uint32_t word = 0; word * 64 < shard->high; word++)
            count += (size_t)__builtin_popcountll(shard->dirty[word] & ~shard->fetch[word]);
        pthread_mutex_unlock(&shard->mutex);
    }
    return count;
}

/* Up to ROOM of the dirty ones as id and place. */
static size_t list_dirty(const struct tn_store *store, uint64_t *items, size_t room)
{
    size_t count = 0;

    for (unsigned s = 0; s < tn_store_shard_count(store); s++) {
        struct tn_shard *shard = &store->shards[s];

        pthread_mutex_lock(&shard->mutex);
        for (uint32_t word = 0; word * 64 < shard->high; word++)
            for (uint64_t bits = shard->dirty[word] & ~shard->fetch[word]; bits != 0 && count < room; bits &= bits - 1) {
                uint32_t slot = word * 64 + (uint32_t)__builtin_ctzll(bits);

                items[count++] = (uint64_t)shard->entries[slot].id << 32 | (s * shard->capacity + slot);
            }
        pthread_mutex_unlock(&shard->mutex);
    }
    return count;
}

static int by_id(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Takes a shape for writing: its row, its text. False: it is not there any more, or there is no memory. */
static bool pick(struct tn_flush *flush, struct batch *batch, uint64_t item, struct tn_store_row *row)
{
    uint32_t               slot;
    struct tn_shard       *shard = shard_at(flush->store, item, &slot);
    struct tn_shape_entry *entry = &shard->entries[slot];
    bool                   ok;

    pthread_mutex_lock(&shard->mutex);
    ok = (shard->states[slot] & TN_STATE_USED) != 0 && entry->id == item >> 32 && tn_flush_row(flush, shard, entry, row);
    if (ok) {
        tn_bit_clear(shard->dirty, slot);
        batch->places[batch->count] = item;
        batch->texts[batch->count++] = shard->texts[slot];
        shard->texts[slot] = NULL;
    }
    pthread_mutex_unlock(&shard->mutex);
    return ok;
}

/* Written: the texts are not needed any more. Or not written: all is as before. */
static void settle(struct tn_flush *flush, struct batch *batch, bool written)
{
    for (unsigned i = 0; i < batch->count; i++) {
        struct tn_store_text *text = batch->texts[i];
        uint32_t              slot;
        struct tn_shard      *shard = shard_at(flush->store, batch->places[i], &slot);

        if (!written) {
            pthread_mutex_lock(&shard->mutex);
            if ((shard->states[slot] & TN_STATE_USED) != 0 && shard->entries[slot].id == batch->places[i] >> 32) {
                tn_bit_set(shard->dirty, slot);
                if (shard->texts[slot] == NULL) {
                    shard->texts[slot] = text;
                    text = NULL;
                }
            }
            pthread_mutex_unlock(&shard->mutex);
        }
        if (text != NULL)
            atomic_fetch_sub_explicit(&flush->store->text_bytes, text->text_len, memory_order_relaxed);
        tn_free(text);
    }
    if (written)
        atomic_fetch_add_explicit(&flush->store->flushed, batch->count, memory_order_relaxed);
    batch->count = 0;
}

static enum tn_status write_batch(struct tn_flush *flush, struct batch *batch, const uint64_t *items, size_t count, struct tn_error *err)
{
    enum tn_status      status = tn_flush_begin(flush, err);
    struct tn_store_row row;

    for (size_t i = 0; status == TN_OK && i < count; i++) {
        const struct tn_store_text *text;

        if (!pick(flush, batch, items[i], &row))
            continue;
        tn_flush_incumbent(flush->store, &row);
        status = tn_store_file_put(flush->file, TN_PUT_SHAPE, &row, err);
        text = batch->texts[batch->count - 1];
        if (status == TN_OK && text != NULL)
            status = tn_store_file_put_text(flush->file, row.entry.id, text, err);
    }
    status = tn_flush_finish(flush, status, err);
    settle(flush, batch, status == TN_OK);
    return status;
}

static enum tn_status put_cluster(struct tn_flush *flush, unsigned place, struct tn_error *err)
{
    struct tn_store_clusters *clusters = &flush->store->clusters;
    struct tn_store_cluster  *cluster = &clusters->list[place];
    sqlite3_stmt             *stmt = flush->file->statements[TN_PUT_CLUSTER];
    char                      name[256] = "";

    pthread_mutex_lock(&clusters->mutex);
    if (cluster->changed && atomic_load(&cluster->file) != 0) {
        tn_str_copy(name, sizeof name, tn_str(atomic_load(&cluster->name)));
        sqlite3_bind_int64(stmt, 1, atomic_load(&cluster->file));
        sqlite3_bind_int64(stmt, 3, (int64_t)cluster->signature);
        sqlite3_bind_int64(stmt, 4, atomic_load(&cluster->epoch));
        sqlite3_bind_int64(stmt, 5, cluster->seen_s);
        sqlite3_bind_int64(stmt, 6, place);
        cluster->changed = false;
        flush->named[place] = true;
    }
    pthread_mutex_unlock(&clusters->mutex);
    if (name[0] == '\0')
        return TN_OK;
    sqlite3_bind_text(stmt, 2, name, -1, SQLITE_STATIC);
    return tn_store_file_step(flush->file, TN_PUT_CLUSTER, err);
}

/* All at once: places may have been exchanged, and a row makes way for the one that has its place now. */
static enum tn_status flush_clusters(struct tn_flush *flush, struct tn_error *err)
{
    struct tn_store_clusters *clusters = &flush->store->clusters;
    enum tn_status            status;
    bool                      any = false;

    pthread_mutex_lock(&clusters->mutex);
    for (unsigned i = 0; i < TN_STORE_CLUSTERS; i++)
        any = any || clusters->list[i].changed;
    pthread_mutex_unlock(&clusters->mutex);
    if (!any)
        return TN_OK;
    memset(flush->named, 0, sizeof flush->named);
    status = tn_flush_begin(flush, err);
    for (unsigned i = 0; status == TN_OK && i < TN_STORE_CLUSTERS; i++)
        status = put_cluster(flush, i, err);
    status = tn_flush_finish(flush, status, err);
    pthread_mutex_lock(&clusters->mutex);
    for (unsigned i = 0; status != TN_OK && i < TN_STORE_CLUSTERS; i++)
        clusters->list[i].changed = clusters->list[i].changed || flush->named[i];
    pthread_mutex_unlock(&clusters->mutex);
    return status;
}

enum tn_status tn_flush_dirty(struct tn_flush *flush, struct tn_error *err)
{
    struct tn_store *store = flush->store;
    struct batch    *batch;
    uint64_t        *items;
    size_t           count;
    enum tn_status   status;

    TN_TRY(flush_clusters(flush, err)); /* before the cells that name them */
    count = count_dirty(store);
    if (count == 0)
        return TN_OK;
    items = tn_malloc(count * sizeof *items);
    batch = tn_malloc(sizeof *batch);
    if (items == NULL || batch == NULL) {
        tn_free(items);
        tn_free(batch);
        return tn_fail(err, TN_E_NOMEM, "53200", "statistics: no memory");
    }
    batch->count = 0;
    count = list_dirty(store, items, count);
    qsort(items, count, sizeof *items, by_id);
    status = TN_OK;
    for (size_t i = 0; status == TN_OK && i < count; i += TN_FLUSH_ROWS)
        status = write_batch(flush, batch, items + i, TN_MIN(count - i, (size_t)TN_FLUSH_ROWS), err);
    tn_free(items);
    tn_free(batch);
    return status;
}

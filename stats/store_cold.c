#include "stats/store_file.h"

#include "base/alloc.h"

/* PRUNE_LOOKS: of so many evicted shapes next to each other by key, which is by chance, the half that is older goes. */
enum { PRUNE_LOOKS = 512, PRUNES_PER_FLUSH = 8, COLD_PER_RESIDENT = 4 };

/* ---- evicted shapes: to the file ---- */

/* A shard of one shape, outside of the store: its cells are put together here. */
struct tn_joint {
    struct tn_shard       shard;
    struct tn_shape_entry entry;
    struct tn_store_block blocks[TN_STORE_CLUSTERS / TN_STORE_BLOCK_CELLS + 1];
    struct tn_store_hist  hists[64];
};

static struct tn_joint *joint_of(struct tn_flush *flush)
{
    struct tn_joint *joint = flush->joint;

    if (joint == NULL) {
        joint = flush->joint = tn_calloc(1, sizeof *joint);
        if (joint == NULL)
            return NULL;
        joint->shard = (struct tn_shard){.entries = &joint->entry,
                                         .blocks = joint->blocks,
                                         .hists = joint->hists,
                                         .block_capacity = TN_ARRAY_LEN(joint->blocks),
                                         .hist_capacity = TN_ARRAY_LEN(joint->hists)};
    }
    joint->entry = (struct tn_shape_entry){.incumbent = TN_STORE_NONE};
    memset(joint->entry.who, TN_STORE_NONE, sizeof joint->entry.who);
    return joint;
}

/* An evicted shape that was never joined with what the file had of it: done now. *ROW is then both. */
static enum tn_status join_rows(struct tn_flush *flush, struct tn_store_row *row, struct tn_error *err)
{
    sqlite3_stmt       *stmt = flush->file->statements[TN_GET_COLD];
    struct tn_joint    *joint = joint_of(flush);
    struct tn_store_row older;
    unsigned char       bytes[16];
    enum tn_status      status = TN_OK;
    uint64_t            key[2] = {row->entry.key[0], row->entry.key[1]};
    int                 code;

    if (joint == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "statistics: no memory");
    tn_bind_key(stmt, 1, key, bytes);
    code = sqlite3_step(stmt);
    if (code == SQLITE_ROW && tn_store_file_row(stmt, &older)) {
        joint->entry.key[0] = key[0];
        joint->entry.key[1] = key[1];
        tn_store_join(flush->store, &joint->shard, &joint->entry, row, UINT16_MAX);
        tn_store_join(flush->store, &joint->shard, &joint->entry, &older, UINT16_MAX);
        if (!tn_flush_row(flush, &joint->shard, &joint->entry, row))
            status = tn_fail(err, TN_E_NOMEM, "53200", "statistics: no memory");
        tn_shard_drop_cells(&joint->shard, &joint->entry);
        tn_flush_incumbent(flush->store, row);
        flush->cold_count--; /* one instead of two */
    } else if (code != SQLITE_ROW && code != SQLITE_DONE) {
        status = tn_database_fail(&tn_store_kind, flush->file->db, "cannot read", err);
    }
    sqlite3_reset(stmt);
    return status;
}

void tn_flush_drop_evicted(struct tn_flush *flush)
{
    while (flush->evicted != NULL) {
        struct tn_store_evicted *evicted = flush->evicted;

        flush->evicted = evicted->next;
        tn_free(evicted->text);
        tn_free(evicted);
        atomic_fetch_sub(&flush->store->waiting, 1);
    }
    flush->evicted_end = &flush->evicted;
}

static enum tn_status put_evicted(struct tn_flush *flush, const struct tn_store_evicted *evicted, struct tn_error *err)
{
    struct tn_store_row row = {.entry = evicted->entry, .cells = evicted->cells, .size = evicted->size};

    tn_flush_incumbent(flush->store, &row);
    if (evicted->alone)
        TN_TRY(join_rows(flush, &row, err));
    TN_TRY(tn_store_file_put(flush->file, TN_PUT_COLD, &row, err));
    sqlite3_bind_int64(flush->file->statements[TN_DROP_SHAPE], 1, row.entry.id);
    TN_TRY(tn_store_file_step(flush->file, TN_DROP_SHAPE, err));
    return evicted->text == NULL ? TN_OK : tn_store_file_put_text(flush->file, row.entry.id, evicted->text, err);
}

static enum tn_status flush_evicted(struct tn_flush *flush, struct tn_error *err)
{
    while (flush->evicted != NULL) {
        struct tn_store_evicted *end = flush->evicted;
        enum tn_status           status = tn_flush_begin(flush, err);
        unsigned                 count = 0;

        for (; status == TN_OK && end != NULL && count < TN_FLUSH_ROWS; end = end->next, count++)
            status = put_evicted(flush, end, err);
        flush->cold_count += count;
        status = tn_flush_finish(flush, status, err);
        if (status != TN_OK) {
            flush->cold_count -= count;
            return status;
        }
        while (flush->evicted != end) {
            struct tn_store_evicted *done = flush->evicted;

            flush->evicted = done->next;
            tn_free(done->text);
            tn_free(done);
        }
        atomic_fetch_sub(&flush->store->waiting, count);
        if (flush->evicted == NULL)
            flush->evicted_end = &flush->evicted;
    }
    return TN_OK;
}

/* Rows that had no room when the file was loaded. */
static enum tn_status flush_excess(struct tn_flush *flush, struct tn_error *err)
{
    while (flush->excess_done < flush->excess_count) {
        size_t         end = TN_MIN(flush->excess_done + TN_FLUSH_ROWS, flush->excess_count), i;
        enum tn_status status = tn_flush_begin(flush, err);

        for (i = flush->excess_done; status == TN_OK && i < end; i++) {
            sqlite3_bind_int64(flush->file->statements[TN_CHILL], 1, flush->excess[i]);
            status = tn_store_file_step(flush->file, TN_CHILL, err);
            sqlite3_bind_int64(flush->file->statements[TN_DROP_SHAPE], 1, flush->excess[i]);
            if (status == TN_OK)
                status = tn_store_file_step(flush->file, TN_DROP_SHAPE, err);
        }
        flush->cold_count += (int64_t)(end - flush->excess_done);
        status = tn_flush_finish(flush, status, err);
        if (status != TN_OK) {
            flush->cold_count -= (int64_t)(end - flush->excess_done);
            return status;
        }
        flush->excess_done = end;
    }
    tn_free(flush->excess);
    flush->excess = NULL;
    flush->excess_count = flush->excess_done = 0;
    return TN_OK;
}

/* ---- shapes that are asked for again: from the file ---- */

struct wish {
    uint64_t key[2];
    uint32_t id, shard, slot; /* id: not one that took its place meanwhile */
};

struct wishes {
    struct wish *list;
    size_t       count, room;
};

static bool add_wish(struct wishes *wishes, const struct tn_shape_entry *entry, uint32_t shard, uint32_t slot)
{
    if (wishes->count == wishes->room) {
        size_t       room = TN_MAX(2 * wishes->room, (size_t)64);
        struct wish *more = tn_realloc(wishes->list, room * sizeof *more);

        if (more == NULL)
            return false;
        wishes->list = more;
        wishes->room = room;
    }
    wishes->list[wishes->count++] = (struct wish){{entry->key[0], entry->key[1]}, entry->id, shard, slot};
    return true;
}

/* What was evicted, and who is to be fetched, of each shard at one moment: a shape that was evicted and asked for again is in
 * both, and its row is written before it is looked for. */
static void take(struct tn_flush *flush, struct wishes *wishes)
{
    for (unsigned s = 0; s < tn_store_shard_count(flush->store); s++) {
        struct tn_shard *shard = &flush->store->shards[s];

        pthread_mutex_lock(&shard->mutex);
        if (shard->evicted != NULL) {
            *flush->evicted_end = shard->evicted;
            flush->evicted_end = shard->evicted_end;
            shard->evicted = NULL;
            shard->evicted_end = &shard->evicted;
        }
        for (uint32_t word = 0; word * 64 < shard->high; word++)
            for (uint64_t bits = shard->fetch[word]; bits != 0; bits &= bits - 1) {
                uint32_t slot = word * 64 + (uint32_t)__builtin_ctzll(bits);

                if (!add_wish(wishes, &shard->entries[slot], s, slot))
                    break; /* next time */
            }
        pthread_mutex_unlock(&shard->mutex);
    }
}

/* The entry that was wished for, if it is still the same. The shard is held. */
static struct tn_shape_entry *wished(struct tn_shard *shard, const struct wish *wish)
{
    struct tn_shape_entry *entry = &shard->entries[wish->slot];

    if ((shard->states[wish->slot] & TN_STATE_USED) == 0 || !tn_bit(shard->fetch, wish->slot) || entry->id != wish->id)
        return NULL;
    return entry;
}

/* ROW (NULL: there is none) joins what was learned meanwhile; *OUT is then what belongs into the file. */
static bool grant(struct tn_flush *flush, const struct wish *wish, const struct tn_store_row *row, struct tn_store_row *out)
{
    struct tn_shard       *shard = &flush->store->shards[wish->shard];
    struct tn_shape_entry *entry;
    bool                   write = false;

    pthread_mutex_lock(&shard->mutex);
    entry = wished(shard, wish);
    if (entry != NULL) {
        tn_bit_clear(shard->fetch, wish->slot);
        if (row != NULL) {
            tn_store_join(flush->store, shard, entry, row, UINT16_MAX);
            tn_bit_set(shard->dirty, wish->slot);
            write = tn_flush_row(flush, shard, entry, out);
        }
    }
    pthread_mutex_unlock(&shard->mutex);
    return write;
}

static enum tn_status fetch(struct tn_flush *flush, const struct wish *wish, struct tn_error *err)
{
    sqlite3_stmt       *stmt = flush->file->statements[TN_GET_COLD];
    unsigned char       bytes[16];
    struct tn_store_row row, out;
    enum tn_status      status = TN_OK;
    int                 code;
    bool                write = false;

    tn_bind_key(stmt, 1, wish->key, bytes);
    code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        write = grant(flush, wish, tn_store_file_row(stmt, &row) ? &row : NULL, &out);
    else if (code == SQLITE_DONE)
        grant(flush, wish, NULL, &out);
    else
        status = tn_database_fail(&tn_store_kind, flush->file->db, "cannot read", err);
    sqlite3_reset(stmt);
    if (!write)
        return status;
    /* Should this fail, the shape is dirty and written later, and the old row stays: it is not looked at while there is a newer. */
    tn_flush_incumbent(flush->store, &out);
    TN_TRY(tn_store_file_put(flush->file, TN_PUT_SHAPE, &out, err));
    tn_bind_key(flush->file->statements[TN_DROP_COLD], 1, wish->key, bytes);
    TN_TRY(tn_store_file_step(flush->file, TN_DROP_COLD, err));
    flush->cold_count -= sqlite3_changes(flush->file->db);
    return TN_OK;
}

static enum tn_status fetch_all(struct tn_flush *flush, const struct wishes *wishes, struct tn_error *err)
{
    for (size_t i = 0; i < wishes->count; i += TN_FLUSH_ROWS) {
        enum tn_status status = tn_flush_begin(flush, err);

        for (size_t k = i; status == TN_OK && k < TN_MIN(i + TN_FLUSH_ROWS, wishes->count); k++)
            status = fetch(flush, &wishes->list[k], err);
        TN_TRY(tn_flush_finish(flush, status, err));
    }
    return TN_OK;
}

/* ---- the file has a maximum too ---- */

struct found {
    unsigned char key[16];
    int64_t       last, id;
};

static int by_last(const void *a, const void *b)
{
    int64_t x = ((const struct found *)a)->last, y = ((const struct found *)b)->last;

    return (x > y) - (x < y);
}

static enum tn_status drop_found(struct tn_flush *flush, const struct found *found, struct tn_error *err)
{
    sqlite3_bind_blob(flush->file->statements[TN_DROP_COLD], 1, found->key, 16, SQLITE_STATIC);
    TN_TRY(tn_store_file_step(flush->file, TN_DROP_COLD, err));
    flush->cold_count -= sqlite3_changes(flush->file->db);
    sqlite3_bind_int64(flush->file->statements[TN_DROP_TEXT], 1, found->id);
    return tn_store_file_step(flush->file, TN_DROP_TEXT, err);
}

static enum tn_status prune_some(struct tn_flush *flush, struct tn_error *err)
{
    sqlite3_stmt  *stmt = flush->file->statements[TN_SOME_COLD];
    struct found   found[PRUNE_LOOKS];
    uint64_t       from[2] = {tn_rand_next(&flush->rand), 0};
    unsigned char  bytes[16];
    unsigned       count = 0;
    int            code;

    tn_bind_key(stmt, 1, from, bytes);
    sqlite3_bind_int(stmt, 2, PRUNE_LOOKS);
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW && count < PRUNE_LOOKS) {
        if (sqlite3_column_bytes(stmt, 0) != 16)
            continue;
        memcpy(found[count].key, sqlite3_column_blob(stmt, 0), 16);
        found[count].last = sqlite3_column_int64(stmt, 1);
        found[count++].id = sqlite3_column_int64(stmt, 2);
    }
    sqlite3_reset(stmt);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return tn_database_fail(&tn_store_kind, flush->file->db, "cannot read", err);
    qsort(found, count, sizeof found[0], by_last);
    for (unsigned i = 0; i < (count + 1) / 2; i++)
        TN_TRY(drop_found(flush, &found[i], err));
    return TN_OK;
}

static enum tn_status prune(struct tn_flush *flush, struct tn_error *err)
{
    int64_t most = (int64_t)flush->store->options.max_shapes * COLD_PER_RESIDENT;

    for (int i = 0; flush->cold_count > most && i < PRUNES_PER_FLUSH; i++) {
        enum tn_status status = tn_flush_begin(flush, err);

        if (status == TN_OK)
            status = prune_some(flush, err);
        TN_TRY(tn_flush_finish(flush, status, err));
    }
    return TN_OK;
}

enum tn_status tn_flush_evicted_and_fetched(struct tn_flush *flush, struct tn_error *err)
{
    struct wishes  wishes = {.list = NULL};
    enum tn_status status;

    take(flush, &wishes);
    status = flush_evicted(flush, err);
    if (status == TN_OK && flush->excess_count > 0)
        status = flush_excess(flush, err);
    if (status == TN_OK)
        status = fetch_all(flush, &wishes, err);
    tn_free(wishes.list);
    return status == TN_OK ? prune(flush, err) : status;
}


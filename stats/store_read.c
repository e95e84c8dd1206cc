/* store_read.c - every row of the file into the store, when a program starts. The ids are cut into pieces of about the same size, and lanes, each
 * a thread with a connection of its own, take one after the other. */
#include "stats/store_file.h"

#include "base/alloc.h"

#include <unistd.h>

/* No id that was ever given is above it; in a damaged file there may be one, and the next one's number must have room above the last. */
#define LAST_ID "2130706431"

enum {
    MOST_RUNS = 50,       /* what was learned before a restart must be easy to overrule */
    LANES = 4,            /* at most */
    LEAST_PER_LANE = 2500, /* shapes: fewer are read nearly as soon as a thread has begun */
    PIECE = 1024,         /* ids */
    MOST_PIECES = 4096    /* ids with large gaps: larger pieces */
};

struct reading {
    struct tn_store *store;
    int64_t          last, piece; /* ids */
    _Atomic int64_t  next;        /* where the next piece begins */
    _Atomic bool     failed;      /* one of the lanes: the others stop */
};

struct lane {
    struct reading      *reading;
    struct tn_store_file own, *file; /* own: closed in the first lane, which has the writer's */
    uint32_t             last_id;
    uint32_t            *excess; /* ids of rows without room */
    size_t               excess_count;
    enum tn_status       status;
    struct tn_error      err;
    pthread_t            thread;
};

/* False: no room, it stays in the file. */
static bool load_row(struct tn_store *store, const struct tn_store_row *row)
{
    uint64_t               hash = tn_store_hash(row->entry.key);
    struct tn_shard       *shard = tn_store_shard(store, hash);
    struct tn_shape_entry *entry;

    pthread_mutex_lock(&shard->mutex);
    entry = tn_shard_find(shard, row->entry.key, hash);
    if (entry != NULL) {
        tn_store_join(store, shard, entry, row, UINT16_MAX);
        tn_bit_set(shard->dirty, tn_shard_slot(shard, entry));
    } else if (atomic_load_explicit(&store->resident, memory_order_relaxed) < store->options.max_shapes &&
               shard->count < shard->capacity) {
        entry = tn_shard_insert(store, shard, row->entry.key, hash);
        if (entry != NULL)
            tn_store_join(store, shard, entry, row, MOST_RUNS);
    }
    pthread_mutex_unlock(&shard->mutex);
    return entry != NULL;
}

static bool note_excess(struct lane *lane, uint32_t id)
{
    if ((lane->excess_count & (lane->excess_count - 1)) == 0) { /* doubles at powers of two */
        uint32_t *more = tn_realloc(lane->excess, TN_MAX(lane->excess_count * 2, (size_t)64) * sizeof *more);

        if (more == NULL)
            return false;
        lane->excess = more;
    }
    lane->excess[lane->excess_count++] = id;
    return true;
}

/* Rows of the ids from FROM to TO. */
static enum tn_status read_piece(struct lane *lane, sqlite3_stmt *stmt, int64_t from, int64_t to, struct tn_error *err)
{
    struct tn_store_row row;
    int                 code;

    sqlite3_bind_int64(stmt, 1, from);
    sqlite3_bind_int64(stmt, 2, to);
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (!tn_store_file_row(stmt, &row))
            continue;
        lane->last_id = TN_MAX(lane->last_id, row.entry.id);
        if (!load_row(lane->reading->store, &row) && !note_excess(lane, row.entry.id))
            return tn_fail(err, TN_E_NOMEM, "53200", "statistics: no memory");
    }
    if (code != SQLITE_DONE)
        return tn_database_fail(&tn_store_kind, lane->file->db, "cannot read", err);
    sqlite3_reset(stmt);
    return TN_OK;
}

static enum tn_status read_pieces(struct lane *lane, struct tn_error *err)
{
    struct reading *reading = lane->reading;
    sqlite3_stmt   *stmt;
    enum tn_status  status = TN_OK;
    int64_t         from;

    TN_TRY(tn_database_prepare(&tn_store_kind, lane->file->db,
                               "SELECT " TN_STORE_COLUMNS " FROM shape WHERE id BETWEEN ? AND ? ORDER BY id", &stmt, err));
    while (status == TN_OK && !atomic_load(&reading->failed) && (from = atomic_fetch_add(&reading->next, reading->piece)) <= reading->last)
        status = read_piece(lane, stmt, from, TN_MIN(from + reading->piece - 1, reading->last), err);
    sqlite3_finalize(stmt);
    return status;
}

static void *run_lane(void *arg)
{
    struct lane *lane = arg;

    lane->status = tn_store_file_run(lane->file, "PRAGMA mmap_size = 4294967296", &lane->err); /* one pass over all pages */
    if (lane->status == TN_OK)
        lane->status = read_pieces(lane, &lane->err);
    if (lane->status != TN_OK)
        atomic_store(&lane->reading->failed, true);
    return NULL;
}

static void begin_lane(struct lane *lane, struct reading *reading, struct tn_store_file *file)
{
    *lane = (struct lane){.reading = reading, .file = file, .err = TN_ERROR_INIT};
}

/* False: one lane less. */
static bool start_lane(struct lane *lane, struct reading *reading)
{
    begin_lane(lane, reading, &lane->own);
    if (tn_store_file_open(&lane->own, reading->store->path, TN_DATABASE_READ_ONLY | TN_DATABASE_KNOWN, NULL) != TN_OK)
        return false;
    if (pthread_create(&lane->thread, NULL, run_lane, lane) == 0)
        return true;
    tn_store_file_close(&lane->own);
    return false;
}

static bool add_excess(struct tn_flush *flush, const struct lane *lane)
{
    uint32_t *more;

    if (lane->excess_count == 0)
        return true;
    more = tn_realloc(flush->excess, (flush->excess_count + lane->excess_count) * sizeof *more);
    if (more == NULL)
        return false;
    memcpy(more + flush->excess_count, lane->excess, lane->excess_count * sizeof *more);
    flush->excess = more;
    flush->excess_count += lane->excess_count;
    return true;
}

static enum tn_status end_lane(struct lane *lane, struct tn_flush *flush, uint32_t *last_id, struct tn_error *err)
{
    enum tn_status status = lane->status;

    *last_id = TN_MAX(*last_id, lane->last_id);
    if (status != TN_OK && err != NULL)
        tn_error_move(err, &lane->err);
    else if (status != TN_OK)
        tn_error_reset(&lane->err);
    else if (!add_excess(flush, lane))
        status = tn_fail(err, TN_E_NOMEM, "53200", "statistics: no memory");
    tn_free(lane->excess);
    tn_store_file_close(&lane->own);
    return status;
}

/* When some of SHAPES will have no room, it is not chance that says which: one lane, which goes by their ids. */
static size_t lanes_for(const struct tn_store *store, int64_t shapes)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (shapes > (int64_t)store->options.max_shapes)
        return 1;
    return (size_t)TN_MAX(TN_MIN(TN_MIN(cores, (long)LANES), (long)(shapes / LEAST_PER_LANE)), 1L);
}

static enum tn_status find_ids(struct tn_flush *flush, struct reading *reading, struct tn_error *err)
{
    int64_t first;

    TN_TRY(tn_database_ask(&tn_store_kind, flush->file->db, "SELECT min(id) FROM shape WHERE id BETWEEN 1 AND " LAST_ID, &first, err));
    TN_TRY(tn_database_ask(&tn_store_kind, flush->file->db, "SELECT max(id) FROM shape WHERE id <= " LAST_ID, &reading->last, err));
    reading->piece = TN_MAX((reading->last - first) / MOST_PIECES + 1, (int64_t)PIECE);
    atomic_init(&reading->next, first);
    return TN_OK;
}

enum tn_status tn_store_read(struct tn_flush *flush, int64_t shapes, uint32_t *last_id, struct tn_error *err)
{
    struct reading reading = {.store = flush->store};
    struct lane    lanes[LANES];
    size_t         count = 1, wanted = lanes_for(flush->store, shapes);
    enum tn_status status;

    TN_TRY(find_ids(flush, &reading, err));
    begin_lane(&lanes[0], &reading, flush->file);
    while (count < wanted && start_lane(&lanes[count], &reading))
        count++;
    (void)run_lane(&lanes[0]);
    for (size_t i = 1; i < count; i++)
        pthread_join(lanes[i].thread, NULL);
    status = end_lane(&lanes[0], flush, last_id, err);
    for (size_t i = 1; i < count; i++) {
        enum tn_status other = end_lane(&lanes[i], flush, last_id, status == TN_OK ? err : NULL);

        status = status == TN_OK ? other : status;
    }
    return status == TN_OK ? tn_store_file_run(flush->file, "PRAGMA mmap_size = 0", err) : status;
}

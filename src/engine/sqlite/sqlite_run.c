#include "engine/sqlite/sqlite_run.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/hash.h"
#include "engine/sqlite/sqlite_columns.h"
#include "engine/sqlite/sqlite_conn.h"
#include "engine/sqlite/sqlite_error.h"
#include "engine/sqlite/sqlite_param.h"
#include "engine/sqlite/sqlite_words.h"

/* A batch is handed on after so long even if it has few rows, so that a slow statement shows what it has. */
enum { BATCH_US = 20000, QUICK_US = 200, MOST_UNCHECKED = 64, KEEP_BYTES = 1024 * 1024, LONG_ROW = 64 * 1024 };

/* Whether a batch has taken long enough, without asking the clock for every row. */
struct pace {
    uint64_t start_us, last_us;
    unsigned every, until;
};

static void pace_begin(struct pace *pace)
{
    pace->start_us = pace->last_us = tn_clock_us();
    pace->every = pace->until = 1;
}

static bool pace_over(struct pace *pace)
{
    uint64_t now_us;

    if (--pace->until > 0)
        return false;
    now_us = tn_clock_us();
    pace->every = now_us - pace->last_us < QUICK_US ? TN_MIN(pace->every * 2, (unsigned)MOST_UNCHECKED) : 1;
    pace->until = pace->every;
    pace->last_us = now_us;
    return now_us - pace->start_us >= BATCH_US;
}

static enum tn_status fail_nomem(struct tn_error *err)
{
    return tn_fail(err, TN_E_NOMEM, "53200", "out of memory for a result");
}

static enum tn_status fail_step(struct tn_sqlite_conn *conn, int rc, struct tn_error *err)
{
    return tn_sqlite_error(err, conn->db, rc, sqlite3_sql(conn->stmt));
}

static bool is_repeatable(const struct tn_features *features)
{
    return features->verb == TN_VERB_SELECT || features->verb == TN_VERB_WITH || features->verb == TN_VERB_VALUES ||
           features->verb == TN_VERB_INSERT || features->verb == TN_VERB_UPDATE || features->verb == TN_VERB_DELETE ||
           features->verb == TN_VERB_REPLACE;
}

/* Makes this connection notice what others did to the schema: a statement that runs checks it, preparing does not. */
static void refresh_schema(struct tn_sqlite_conn *conn)
{
    sqlite3_exec(conn->db, "SELECT 1 FROM sqlite_schema LIMIT 1", NULL, NULL, NULL);
}

/* All of them, or none; what is left to do of them is in conn->stmt. */
static enum tn_status run_several(struct tn_sqlite_conn *conn, struct tn_str sql, struct tn_error *err)
{
    static const char begin[] = "SAVEPOINT \"turnout: several\"", back[] = "ROLLBACK TO \"turnout: several\"; RELEASE \"turnout: several\"";
    char             *text = tn_strndup(sql.ptr, sql.len);
    int               rc = text == NULL ? SQLITE_NOMEM : sqlite3_exec(conn->db, begin, NULL, NULL, NULL);
    enum tn_status    status = TN_OK;

    if (rc == SQLITE_OK && (rc = sqlite3_exec(conn->db, text, NULL, NULL, NULL)) != SQLITE_OK) {
        status = tn_sqlite_error(err, conn->db, rc, text);
        sqlite3_exec(conn->db, back, NULL, NULL, NULL);
    } else if (rc != SQLITE_OK) {
        status = tn_sqlite_error(err, conn->db, rc, begin);
    }
    tn_free(text);
    return status == TN_OK ? tn_sqlite_prepare(&conn->stmt, conn->db, TN_STR("RELEASE \"turnout: several\""), false, err) : status;
}

static enum tn_status prepare(struct tn_sqlite_conn *conn, struct tn_str sql, struct tn_error *err)
{
    bool describe = conn->run->kind == TN_RUN_DESCRIBE;
    bool keep = is_repeatable(conn->run->features);

    conn->vacuums = conn->run->features->verb == TN_VERB_VACUUM;
    if (describe)
        refresh_schema(conn);
    if (conn->run->several_made) /* definitions: described, they have neither parameters nor columns */
        return describe ? TN_OK : run_several(conn, sql, err);
    conn->kept = keep ? tn_sqlite_stmts_find(&conn->stmts, sql) : NULL;
    if (conn->kept != NULL && describe) { /* it may be older than the schema */
        tn_sqlite_stmts_drop(conn->kept);
        conn->kept = NULL;
    }
    if (conn->kept != NULL) {
        conn->stmt = conn->kept->stmt;
        return TN_OK;
    }
    TN_TRY(tn_sqlite_prepare(&conn->stmt, conn->db, sql, keep, err));
    if (keep && conn->stmt != NULL)
        conn->kept = tn_sqlite_stmts_keep(&conn->stmts, conn->stmt, sql);
    return TN_OK;
}

static bool is_insert(const struct tn_sqlite_conn *conn)
{
    enum tn_verb verb = conn->run->features->verb;

    return verb == TN_VERB_INSERT || verb == TN_VERB_REPLACE;
}

/* Not one that a trigger fills. */
static bool is_target(const struct tn_sqlite_conn *conn, const char *table)
{
    const struct tn_features *features = conn->run->features;
    struct tn_str             name = features->table_count == 0 ? TN_STR("") : features->tables[0];
    const char               *dot = name.len == 0 ? NULL : memrchr(name.ptr, '.', name.len);

    if (dot != NULL)
        name = tn_str_n(dot + 1, (size_t)(name.ptr + name.len - dot - 1));
    return tn_str_ieq_c(name, table);
}

static void on_update(void *arg, int operation, const char *database, const char *table, sqlite3_int64 rowid)
{
    struct tn_sqlite_conn *conn = arg;

    (void)database;
    if (operation == SQLITE_INSERT && conn->first_inserted == 0 && is_target(conn, table))
        conn->first_inserted = rowid;
}

/* A table without rowids leaves the last one as it was: of an INSERT that is told, so there is none before it. */
static void begin_insert(struct tn_sqlite_conn *conn)
{
    if (!is_insert(conn))
        return;
    conn->inserted = sqlite3_last_insert_rowid(conn->db);
    conn->first_inserted = 0;
    sqlite3_set_last_insert_rowid(conn->db, 0);
    sqlite3_update_hook(conn->db, on_update, conn);
}

/* For those who ask last_insert_rowid() later. */
static void end_insert(struct tn_sqlite_conn *conn)
{
    if (conn->run != NULL && is_insert(conn) && conn->inserted != 0 && sqlite3_last_insert_rowid(conn->db) == 0)
        sqlite3_set_last_insert_rowid(conn->db, conn->inserted);
    conn->inserted = 0;
}

/* ---- rows as MySQL counts them ---- */

static bool same_value(sqlite3_value *a, sqlite3_value *b)
{
    int type = sqlite3_value_type(a);

    if (type != sqlite3_value_type(b))
        return false;
    if (type == SQLITE_INTEGER)
        return sqlite3_value_int64(a) == sqlite3_value_int64(b);
    if (type == SQLITE_FLOAT)
        return memcmp(&(double){sqlite3_value_double(a)}, &(double){sqlite3_value_double(b)}, sizeof(double)) == 0;
    return type == SQLITE_NULL || (sqlite3_value_bytes(a) == sqlite3_value_bytes(b) &&
                                   tn_str_eq(tn_str_n(sqlite3_value_blob(a), (size_t)sqlite3_value_bytes(a)), tn_str_n(sqlite3_value_blob(b), (size_t)sqlite3_value_bytes(b))));
}

static bool same_row(sqlite3 *db)
{
    sqlite3_value *before, *after;

    for (int i = 0; i < sqlite3_preupdate_count(db); i++)
        if (sqlite3_preupdate_old(db, i, &before) != SQLITE_OK || sqlite3_preupdate_new(db, i, &after) != SQLITE_OK || !same_value(before, after))
            return false;
    return true;
}

/* As same_value() compares it. Bytes are asked for before the blob: in a database of UTF-16 they turn its text into UTF-8. */
static uint64_t value_hash(sqlite3_value *value, uint64_t seed)
{
    int type = sqlite3_value_type(value), len;

    seed = tn_hash_mix(seed + (uint64_t)type);
    if (type == SQLITE_INTEGER)
        return tn_hash_seeded(&(sqlite3_int64){sqlite3_value_int64(value)}, sizeof(sqlite3_int64), seed);
    if (type == SQLITE_FLOAT)
        return tn_hash_seeded(&(double){sqlite3_value_double(value)}, sizeof(double), seed);
    len = sqlite3_value_bytes(value);
    return tn_hash_seeded(sqlite3_value_blob(value), (size_t)len, seed);
}

/* Of the row before it is written, or (AFTER) as it will be. */
static uint64_t row_hash(sqlite3 *db, bool after)
{
    uint64_t hash = 0;

    for (int i = 0; i < sqlite3_preupdate_count(db); i++) {
        sqlite3_value *value;

        if ((after ? sqlite3_preupdate_new(db, i, &value) : sqlite3_preupdate_old(db, i, &value)) != SQLITE_OK)
            return (uint64_t)after; /* differs from what the other one says of it */
        hash = value_hash(value, hash);
    }
    return hash;
}

/* Called for each row that is going to be written; one that REPLACE takes away is deleted before. One that comes again as it was is not
 * counted: MySQL leaves it where it is. */
static void on_preupdate(void *arg, sqlite3 *db, int operation, const char *database, const char *table, sqlite3_int64 from, sqlite3_int64 to)
{
    struct tn_sqlite_conn *conn = arg;

    (void)database;
    (void)table;
    if (sqlite3_preupdate_depth(db) > 0) /* a trigger's, or a foreign key's */
        return;
    if (operation == SQLITE_UPDATE && from == to && same_row(db)) {
        conn->unchanged++;
    } else if (operation == SQLITE_DELETE && is_insert(conn)) {
        conn->replaced++;
        conn->gone++;
        conn->gone_hash = row_hash(db, false);
    } else if (operation == SQLITE_INSERT && is_insert(conn)) {
        conn->replaced -= conn->gone == 1 && conn->gone_hash == row_hash(db, true);
        conn->gone = 0;
    } else if (operation == SQLITE_UPDATE && is_insert(conn)) {
        conn->replaced++;
    }
}

static void begin_count(struct tn_sqlite_conn *conn)
{
    const struct tn_encoder *encoder = conn->run->encoder;

    conn->replaced = conn->unchanged = conn->gone = 0;
    if (encoder != NULL && encoder->my_rows && (is_insert(conn) || conn->run->features->verb == TN_VERB_UPDATE))
        sqlite3_preupdate_hook(conn->db, on_preupdate, conn);
}

static void note_end(struct tn_sqlite_conn *conn, struct tn_blocking_result *out)
{
    int64_t changes = sqlite3_total_changes64(conn->db) - conn->changes;

    conn->exhausted = true;
    if (is_insert(conn) && changes == 1)
        out->insert_id = (uint64_t)sqlite3_last_insert_rowid(conn->db);
    else if (is_insert(conn) && conn->first_inserted > 0) /* as MySQL tells it of several rows */
        out->insert_id = (uint64_t)conn->first_inserted;
    out->affected = changes > 0 ? (uint64_t)sqlite3_changes64(conn->db) : 0;
    out->unchanged = TN_MIN(conn->unchanged, out->affected);
    out->replaced = conn->replaced;
    out->dirty = conn->tainted || !sqlite3_get_autocommit(conn->db);
}

/* ---- the first batch ---- */

static bool reserve_cells(struct tn_sqlite_conn *conn, size_t count)
{
    struct tn_sqlite_cell *cells;
    size_t                 capacity = TN_MAX(conn->cell_capacity, (size_t)64);

    if (count <= conn->cell_capacity)
        return true;
    while (capacity < count)
        capacity *= 2;
    cells = tn_realloc(conn->cells, capacity * sizeof *cells);
    if (cells == NULL)
        return false;
    conn->cells = cells;
    conn->cell_capacity = capacity;
    return true;
}

static bool reserve_texts(struct tn_sqlite_bytes *texts, size_t more)
{
    size_t capacity = TN_MAX(texts->capacity, (size_t)4096);
    char  *data;

    if (texts->capacity - texts->len >= more)
        return true;
    while (capacity - texts->len < more)
        capacity *= 2;
    data = tn_realloc(texts->data, capacity);
    if (data == NULL)
        return false;
    texts->data = data;
    texts->capacity = capacity;
    return true;
}

/* Copies the texts of a row out of SQLite's memory; they are found by their place in `texts`, which may move, until
 * place_texts(). */
static bool copy_texts(struct tn_sqlite_conn *conn, struct tn_sqlite_cell *row, size_t bytes)
{
    if (!reserve_texts(&conn->texts, bytes))
        return false;
    for (size_t i = 0; i < conn->builder.count; i++) {
        if (row[i].class != SQLITE_TEXT && row[i].class != SQLITE_BLOB)
            continue;
        row[i].i64 = (sqlite3_int64)conn->texts.len;
        if (row[i].text.len > 0)
            memcpy(conn->texts.data + conn->texts.len, row[i].text.ptr, row[i].text.len);
        conn->texts.len += row[i].text.len;
    }
    return true;
}

static void place_texts(struct tn_sqlite_conn *conn, size_t cells)
{
    for (size_t i = 0; i < cells; i++)
        if (conn->cells[i].class == SQLITE_TEXT || conn->cells[i].class == SQLITE_BLOB)
            conn->cells[i].text.ptr = conn->texts.data != NULL ? conn->texts.data + conn->cells[i].i64 : "";
}

/* Reads the current row; *LONG_ROW_READ: its texts are SQLite's still, so that it must be the last one. */
static bool collect_row(struct tn_sqlite_conn *conn, size_t row, bool *long_row)
{
    size_t                 count = conn->builder.count, bytes = 0;
    struct tn_sqlite_cell *cells;

    if (!reserve_cells(conn, (row + 1) * count))
        return false;
    cells = conn->cells + row * count;
    for (size_t i = 0; i < count; i++) {
        if (!tn_sqlite_cell_read(&cells[i], conn->stmt, (int)i))
            return false;
        bytes += cells[i].class == SQLITE_TEXT || cells[i].class == SQLITE_BLOB ? cells[i].text.len : 0;
    }
    *long_row = bytes > LONG_ROW;
    return *long_row || copy_texts(conn, cells, bytes);
}

/* Rows are looked at before the columns are announced: their values may have to say what the types are. */
static enum tn_status collect(struct tn_sqlite_conn *conn, size_t *rows, struct tn_blocking_result *out,
                              struct tn_error *err)
{
    struct pace pace;
    bool        long_row = false;
    int         rc = sqlite3_step(conn->stmt);
    size_t      count = (size_t)sqlite3_column_count(conn->stmt); /* only now: the step may have prepared it anew */
    size_t      most = TN_MAX(TN_MIN((size_t)TN_SQLITE_BATCH_ROWS, TN_SQLITE_CELLS / (count + 1)), (size_t)1);

    *rows = 0;
    if (!tn_sqlite_builder_begin(&conn->builder, count))
        return fail_nomem(err);
    pace_begin(&pace);
    for (; rc == SQLITE_ROW; rc = sqlite3_step(conn->stmt)) {
        if (!collect_row(conn, *rows, &long_row))
            return fail_nomem(err);
        (*rows)++;
        if (long_row || *rows >= most || conn->texts.len >= TN_CHUNK_TARGET || pace_over(&pace))
            break;
    }
    place_texts(conn, (*rows - (long_row ? 1 : 0)) * count);
    if (rc == SQLITE_ROW)
        return TN_OK;
    if (rc != SQLITE_DONE)
        return fail_step(conn, rc, err);
    note_end(conn, out);
    return TN_OK;
}

static enum tn_status describe(struct tn_sqlite_conn *conn, struct tn_arena *arena, struct tn_blocking_result *out,
                               struct tn_error *err)
{
    const struct tn_run *run = conn->run;
    size_t               columns = (size_t)sqlite3_column_count(conn->stmt);

    TN_TRY(tn_sqlite_param_count(conn->stmt, &out->param_count, NULL, err));
    if (out->param_count > 0) {
        out->param_oids = tn_arena_zalloc(arena, out->param_count * sizeof *out->param_oids);
        if (out->param_oids == NULL)
            return fail_nomem(err);
        TN_TRY(tn_sqlite_param_count(conn->stmt, &out->param_count, out->param_oids, err));
    }
    for (size_t i = 0; i < out->param_count && i < run->param_oid_count; i++)
        if (run->param_oids[i] != 0)
            out->param_oids[i] = run->param_oids[i];
    if (columns == 0)
        return TN_OK;
    if (!tn_sqlite_builder_begin(&conn->builder, columns) || !reserve_cells(conn, columns))
        return fail_nomem(err);
    TN_TRY(tn_sqlite_columns_describe(conn, arena, err));
    out->schema = conn->schema;
    return TN_OK;
}

static enum tn_status execute(struct tn_sqlite_conn *conn, struct tn_arena *arena, struct tn_blocking_result *out,
                              struct tn_error *err)
{
    size_t rows;

    conn->changes = sqlite3_total_changes64(conn->db);
    begin_insert(conn);
    begin_count(conn);
    TN_TRY(tn_sqlite_bind(conn->stmt, &conn->run->params, arena, err));
    TN_TRY(collect(conn, &rows, out, err));
    if (conn->builder.count == 0)
        return TN_OK;
    TN_TRY(tn_sqlite_columns_decide(conn, rows, arena, err));
    conn->first = rows > 0;
    out->schema = conn->schema;
    return TN_OK;
}

static enum tn_status begin(struct tn_sqlite_conn *conn, const struct tn_run *run, struct tn_arena *arena, struct tn_blocking_result *out, struct tn_error *err)
{
    bool           in_transaction = !sqlite3_get_autocommit(conn->db);
    struct tn_str  sql;
    enum tn_status status;

    atomic_store_explicit(&conn->interrupted, false, memory_order_relaxed);
    conn->run = run;
    conn->stmt = NULL;
    conn->kept = NULL;
    conn->schema = NULL;
    conn->exhausted = conn->first = conn->told = false;
    conn->key = 0;
    conn->texts.len = 0;
    out->dirty = in_transaction || conn->tainted;
    TN_TRY(tn_sqlite_words(&sql, run->sql, run->features, in_transaction, arena, err));
    TN_TRY(prepare(conn, sql, err));
    if (conn->stmt == NULL) {
        conn->exhausted = true;
        return TN_OK;
    }
    status = run->kind == TN_RUN_DESCRIBE ? describe(conn, arena, out, err) : execute(conn, arena, out, err);
    out->dirty = conn->tainted || !sqlite3_get_autocommit(conn->db);
    return status;
}

/* STATUS, of a statement that began in a transaction: SQLite has undone it alone, or rolled back all (ON CONFLICT ROLLBACK, a full disk, a
 * cancelled change). */
static enum tn_status settle(struct tn_sqlite_conn *conn, struct tn_blocking_result *out, enum tn_status status)
{
    out->undone = status != TN_OK && conn->in_transaction && !sqlite3_get_autocommit(conn->db);
    return status;
}

enum tn_status tn_sqlite_start(void *handle, const struct tn_run *run, struct tn_arena *arena,
                               struct tn_blocking_result *out, struct tn_error *err)
{
    struct tn_sqlite_conn *conn = handle;

    conn->in_transaction = !sqlite3_get_autocommit(conn->db);
    return settle(conn, out, begin(conn, run, arena, out, err));
}

/* ---- the other batches ---- */

/* TEXTS grows by the lengths of the row's texts. */
static enum tn_status append_row(struct tn_sqlite_conn *conn, size_t *texts, struct tn_error *err)
{
    for (size_t i = 0; i < conn->builder.count; i++) {
        struct tn_sqlite_cell cell;
        enum tn_status        status;

        if (!tn_sqlite_cell_read(&cell, conn->stmt, (int)i))
            return fail_nomem(err);
        status = tn_sqlite_column_append(&conn->builder.columns[i], &cell);
        if (status == TN_E_INVALID)
            return tn_sqlite_columns_misfit(conn, i, &cell, err);
        if (status != TN_OK)
            return fail_nomem(err);
        *texts += cell.class == SQLITE_TEXT || cell.class == SQLITE_BLOB ? cell.text.len : 0;
    }
    return TN_OK;
}

static enum tn_status fetch(struct tn_sqlite_conn *conn, int64_t *rows, struct tn_blocking_result *out,
                            struct tn_error *err)
{
    struct pace pace;
    size_t      texts = 0;

    *rows = 0;
    tn_sqlite_builder_clear(&conn->builder);
    pace_begin(&pace);
    while (*rows < TN_SQLITE_BATCH_ROWS) {
        int rc = sqlite3_step(conn->stmt);

        if (rc == SQLITE_DONE) {
            note_end(conn, out);
            return TN_OK;
        }
        if (rc != SQLITE_ROW)
            return fail_step(conn, rc, err);
        TN_TRY(append_row(conn, &texts, err));
        (*rows)++;
        if (pace_over(&pace) || texts >= TN_CHUNK_TARGET || (*rows % 16 == 0 && tn_sqlite_builder_size(&conn->builder) >= TN_CHUNK_TARGET))
            return TN_OK;
    }
    return TN_OK;
}

enum tn_status tn_sqlite_next(void *handle, struct tn_batch *batch, struct tn_blocking_result *out, struct tn_error *err)
{
    struct tn_sqlite_conn *conn = handle;
    int64_t                rows = 0;

    if (conn->first) {
        conn->first = false;
        rows = conn->builder.columns[0].rows;
    } else if (!conn->exhausted) {
        TN_TRY(settle(conn, out, fetch(conn, &rows, out, err)));
    }
    if (rows > 0)
        tn_sqlite_builder_batch(&conn->builder, conn->schema, rows, batch);
    return TN_OK;
}

void tn_sqlite_finish(void *handle)
{
    struct tn_sqlite_conn *conn = handle;

    end_insert(conn);
    sqlite3_update_hook(conn->db, NULL, NULL); /* of a statement that failed, too */
    sqlite3_preupdate_hook(conn->db, NULL, NULL);
    if (conn->kept != NULL) {
        sqlite3_reset(conn->stmt);
        sqlite3_clear_bindings(conn->stmt); /* they point into the run's memory */
    } else {
        sqlite3_finalize(conn->stmt);
    }
    conn->stmt = NULL;
    conn->kept = NULL;
    conn->run = NULL;
    tn_sqlite_builder_clear(&conn->builder);
    if (conn->texts.capacity > KEEP_BYTES) {
        tn_free(conn->texts.data);
        conn->texts = (struct tn_sqlite_bytes){.data = NULL};
    }
    if (conn->cell_capacity * sizeof *conn->cells > KEEP_BYTES) {
        tn_free(conn->cells);
        conn->cells = NULL;
        conn->cell_capacity = 0;
    }
}

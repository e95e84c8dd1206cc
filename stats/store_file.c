#include "stats/store_file.h"

#define ROW_COLUMNS                                                                                                   \
    "visits INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, text32 INTEGER NOT NULL,"                \
    "parent INTEGER NOT NULL, class INTEGER NOT NULL, band INTEGER NOT NULL, flags INTEGER NOT NULL,"                 \
    "incumbent INTEGER NOT NULL, cells BLOB NOT NULL"

static const char schema[] =
    "CREATE TABLE shape (id INTEGER PRIMARY KEY, key BLOB NOT NULL, " ROW_COLUMNS ");"
    "CREATE TABLE cold (id INTEGER NOT NULL, key BLOB PRIMARY KEY, " ROW_COLUMNS ") WITHOUT ROWID;"
    "CREATE TABLE text (id INTEGER PRIMARY KEY, class TEXT NOT NULL, tables TEXT NOT NULL, grp TEXT NOT NULL, template TEXT NOT NULL);"
    "CREATE TABLE cluster (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, signature INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL, seen INTEGER NOT NULL, place INTEGER);"
    "CREATE UNIQUE INDEX cluster_place ON cluster (place);"
    "CREATE TABLE blob (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;";

/* Format 2: a cluster's number in memory is kept, which what is learned across shapes (blobs) goes by. */
static const char *const steps[TN_STORE_FORMAT - 1] = {
    "ALTER TABLE cluster ADD COLUMN place INTEGER; CREATE UNIQUE INDEX cluster_place ON cluster (place);",
};

const struct tn_database_kind tn_store_kind = {
    .subject = "statistics",
    .noun = "a file of Turnout's statistics",
    .application_id = TN_STORE_APPLICATION_ID,
    .format = TN_STORE_FORMAT,
    .first = "PRAGMA page_size = 8192",
    .schema = schema,
    .steps = steps,
    /* A checkpoint every 64 MB: rows are written again and again, and only their last state need go into the file. */
    .settings = "PRAGMA wal_autocheckpoint = 8192; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -8192",
};

static const char *const statements[TN_STORE_STATEMENTS] = {
    [TN_PUT_SHAPE] = "INSERT OR REPLACE INTO shape (" TN_STORE_COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
    [TN_PUT_COLD] = "INSERT OR REPLACE INTO cold (" TN_STORE_COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
    [TN_DROP_SHAPE] = "DELETE FROM shape WHERE id = ?",
    [TN_DROP_COLD] = "DELETE FROM cold WHERE key = ?",
    [TN_GET_COLD] = "SELECT " TN_STORE_COLUMNS " FROM cold WHERE key = ?",
    [TN_CHILL] = "INSERT OR REPLACE INTO cold (" TN_STORE_COLUMNS ") SELECT " TN_STORE_COLUMNS " FROM shape WHERE id = ?",
    [TN_PUT_TEXT] = "INSERT OR REPLACE INTO text (id, class, tables, grp, template) VALUES (?,?,?,?,?)",
    [TN_PUT_CLUSTER] = "INSERT OR REPLACE INTO cluster (number, name, signature, epoch, seen, place) VALUES (?,?,?,?,?,?)",
    [TN_PUT_BLOB] = "INSERT OR REPLACE INTO blob (name, bytes) VALUES (?,?)",
    [TN_PUT_META] = "INSERT OR REPLACE INTO meta (name, value) VALUES (?,?)",
    [TN_SOME_COLD] = "SELECT key, last, id FROM cold WHERE key > ? ORDER BY key LIMIT ?",
    [TN_DROP_TEXT] = "DELETE FROM text WHERE id = ? AND NOT EXISTS (SELECT 1 FROM shape WHERE shape.id = text.id)",
};

enum tn_status tn_store_file_open(struct tn_store_file *file, const char *path, unsigned flags, struct tn_error *err)
{
    enum tn_status status;

    *file = (struct tn_store_file){.db = NULL};
    status = tn_database_open(&file->db, &tn_store_kind, path, flags, err);
    for (int i = 0; status == TN_OK && (flags & TN_DATABASE_READ_ONLY) == 0 && i < TN_STORE_STATEMENTS; i++)
        status = tn_database_prepare(&tn_store_kind, file->db, statements[i], &file->statements[i], err);
    if (status != TN_OK)
        tn_store_file_close(file);
    else
        tn_database_place_note(&file->place, path);
    return status;
}

enum tn_status tn_store_file_move_back(struct tn_store_file *file, const char *path, struct tn_error *err)
{
    TN_TRY(tn_database_move_back(file->db, &file->place, &tn_store_kind, path, err));
    tn_store_file_close(file);
    return tn_store_file_open(file, path, TN_DATABASE_KNOWN, err);
}

void tn_store_file_close(struct tn_store_file *file)
{
    for (int i = 0; i < TN_STORE_STATEMENTS; i++)
        sqlite3_finalize(file->statements[i]);
    sqlite3_close(file->db);
    *file = (struct tn_store_file){.db = NULL};
}

enum tn_status tn_store_file_run(struct tn_store_file *file, const char *sql, struct tn_error *err)
{
    return tn_database_run(&tn_store_kind, file->db, sql, err);
}

enum tn_status tn_store_file_step(struct tn_store_file *file, enum tn_store_statement which, struct tn_error *err)
{
    return tn_database_step(&tn_store_kind, file->db, file->statements[which], err);
}

int tn_bind_key(sqlite3_stmt *stmt, int at, const uint64_t key[2], unsigned char bytes[16])
{
    for (int i = 0; i < 16; i++)
        bytes[i] = (unsigned char)(key[i / 8] >> (8 * (i % 8)));
    return sqlite3_bind_blob(stmt, at, bytes, 16, SQLITE_STATIC);
}

enum tn_status tn_store_file_put(struct tn_store_file *file, enum tn_store_statement which, const struct tn_store_row *row,
                                 struct tn_error *err)
{
    sqlite3_stmt  *stmt = file->statements[which];
    unsigned char  key[16];
    const int64_t  numbers[] = {row->entry.visits, row->entry.first_s, row->entry.last_s, row->entry.text32, row->entry.parent,
                                row->entry.class,  row->entry.band,    row->entry.flags,  row->incumbent};
    int            bad = sqlite3_bind_int64(stmt, 1, row->entry.id) | tn_bind_key(stmt, 2, row->entry.key, key);

    for (size_t i = 0; i < TN_ARRAY_LEN(numbers); i++)
        bad |= sqlite3_bind_int64(stmt, 3 + (int)i, numbers[i]);
    bad |= sqlite3_bind_blob(stmt, TN_STORE_COLUMN_COUNT, row->cells, (int)row->size, SQLITE_STATIC);
    if (bad != SQLITE_OK)
        return tn_database_fail(&tn_store_kind, file->db, "cannot bind", err);
    return tn_store_file_step(file, which, err);
}

bool tn_store_file_row(sqlite3_stmt *stmt, struct tn_store_row *row)
{
    const unsigned char *key = sqlite3_column_blob(stmt, 1);

    if (key == NULL || sqlite3_column_bytes(stmt, 1) != 16)
        return false;
    *row = (struct tn_store_row){
        .entry = {.id = (uint32_t)sqlite3_column_int64(stmt, 0),
                  .visits = (uint32_t)sqlite3_column_int64(stmt, 2),
                  .first_s = (uint32_t)sqlite3_column_int64(stmt, 3),
                  .last_s = (uint32_t)sqlite3_column_int64(stmt, 4),
                  .text32 = (uint32_t)sqlite3_column_int64(stmt, 5),
                  .parent = (uint32_t)sqlite3_column_int64(stmt, 6),
                  .class = (uint8_t)sqlite3_column_int(stmt, 7),
                  .band = (uint8_t)sqlite3_column_int(stmt, 8),
                  .flags = (uint8_t)sqlite3_column_int(stmt, 9),
                  .incumbent = TN_STORE_NONE},
        .incumbent = (unsigned)sqlite3_column_int(stmt, 10),
    };
    for (int i = 15; i >= 0; i--)
        row->entry.key[i / 8] = row->entry.key[i / 8] << 8 | key[i];
    row->cells = sqlite3_column_blob(stmt, 11);
    row->size = (size_t)sqlite3_column_bytes(stmt, 11);
    return row->entry.id != 0;
}

size_t tn_store_tables(char *out, size_t size, const struct tn_features *features)
{
    size_t len = 0;

    for (unsigned i = 0; i < features->table_count; i++) {
        struct tn_str table = features->tables[i];

        if (len + table.len + 1 > size)
            break;
        if (len > 0)
            out[len++] = ' ';
        memcpy(out + len, table.ptr, table.len);
        len += table.len;
    }
    return len;
}

static int bind_text(sqlite3_stmt *stmt, int at, const char *text, size_t len)
{
    return sqlite3_bind_text64(stmt, at, text, tn_utf8_valid_prefix(text, len), SQLITE_STATIC, SQLITE_UTF8);
}

enum tn_status tn_store_file_put_text(struct tn_store_file *file, uint32_t id, const struct tn_store_text *text,
                                      struct tn_error *err)
{
    sqlite3_stmt      *stmt = file->statements[TN_PUT_TEXT];
    struct tn_features features;
    char               template[TN_STORE_TEXT], tables[1024];
    size_t             len;
    int                bad;

    tn_features_read(&features, tn_str_n(text->data, text->text_len), (enum tn_dialect)text->dialect);
    len = tn_shape_text(template, sizeof template, tn_str_n(text->data, text->text_len), (enum tn_dialect)text->dialect);
    bad = sqlite3_bind_int64(stmt, 1, id);
    bad |= sqlite3_bind_text(stmt, 2, tn_class_name(features.class), -1, SQLITE_STATIC);
    bad |= bind_text(stmt, 3, tables, tn_store_tables(tables, sizeof tables, &features));
    bad |= bind_text(stmt, 4, text->data + text->text_len, text->group_len);
    bad |= bind_text(stmt, 5, template, len);
    if (bad != SQLITE_OK)
        return tn_database_fail(&tn_store_kind, file->db, "cannot bind", err);
    return tn_store_file_step(file, TN_PUT_TEXT, err);
}

enum tn_status tn_store_file_put_meta(struct tn_store_file *file, const char *name, int64_t value, struct tn_error *err)
{
    sqlite3_bind_text(file->statements[TN_PUT_META], 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(file->statements[TN_PUT_META], 2, value);
    return tn_store_file_step(file, TN_PUT_META, err);
}

enum tn_status tn_store_file_meta(struct tn_store_file *file, const char *name, int64_t *out, struct tn_error *err)
{
    char sql[80];

    snprintf(sql, sizeof sql, "SELECT value FROM meta WHERE name = '%s'", name);
    return tn_database_ask(&tn_store_kind, file->db, sql, out, err);
}

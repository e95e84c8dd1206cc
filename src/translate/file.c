#include "translate/file.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/rand.h"
#include "stats/database.h"

struct tn_translation_file {
    sqlite3      *db;
    sqlite3_stmt *add;
    uint64_t      secret;
};

/* Of format 1 the keys were hashes that anybody could work out. */
#define SECRET "CREATE TABLE secret (id INTEGER PRIMARY KEY CHECK (id = 1), value BLOB NOT NULL);"

static const char *const steps[] = {"DELETE FROM translation;" SECRET};

static const struct tn_database_kind kind = {
    .subject = "translations",
    .noun = "translations of Turnout",
    .application_id = 0x746e7471, /* tntq */
    .format = 2,
    .schema = "CREATE TABLE translation (key BLOB PRIMARY KEY, version TEXT NOT NULL, row BLOB NOT NULL, at INTEGER NOT NULL DEFAULT (unixepoch())) "
              "WITHOUT ROWID;" SECRET,
    .steps = steps,
};

/* The key of a row, which is how it begins: cache.c. */
enum { KEY_LEN = 17 };

static void tell(const char *what, struct tn_error *err)
{
    tn_log(TN_LOG_WARN, what, TN_LOG_TEXT("error", err->message));
    tn_error_reset(err);
}

/* One that is there, also if another process has just made it, or a new one. */
static enum tn_status read_secret(struct tn_translation_file *file, struct tn_error *err)
{
    enum tn_status status;
    sqlite3_stmt  *stmt;

    tn_rand_secret(&file->secret, sizeof file->secret);
    TN_TRY(tn_database_prepare(&kind, file->db, "INSERT OR IGNORE INTO secret (id, value) VALUES (1, ?)", &stmt, err));
    sqlite3_bind_blob(stmt, 1, &file->secret, sizeof file->secret, SQLITE_STATIC);
    status = tn_database_step(&kind, file->db, stmt, err);
    sqlite3_finalize(stmt);
    if (status != TN_OK)
        return status;
    TN_TRY(tn_database_prepare(&kind, file->db, "SELECT value FROM secret", &stmt, err));
    if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_bytes(stmt, 0) == (int)sizeof file->secret)
        memcpy(&file->secret, sqlite3_column_blob(stmt, 0), sizeof file->secret);
    else
        status = tn_fail(err, TN_E_INVALID, "F0000", "translations: the file has no secret for its keys; move it away");
    sqlite3_finalize(stmt);
    return status;
}

uint64_t tn_translation_file_secret(const struct tn_translation_file *file)
{
    return file->secret;
}

struct tn_translation_file *tn_translation_file_open(const char *path)
{
    struct tn_translation_file *file = tn_calloc(1, sizeof *file);
    struct tn_error             err = TN_ERROR_INIT;
    enum tn_status              status;

    if (file == NULL)
        return NULL;
    status = tn_database_open(&file->db, &kind, path, 0, &err);
    if (status == TN_OK)
        status = read_secret(file, &err);
    if (status == TN_OK)
        status = tn_database_prepare(&kind, file->db, "INSERT OR REPLACE INTO translation (key, version, row) VALUES (?, ?, ?)", &file->add, &err);
    if (status == TN_OK)
        return file;
    tell("translations are not kept", &err);
    tn_translation_file_close(file);
    return NULL;
}

void tn_translation_file_close(struct tn_translation_file *file)
{
    if (file == NULL)
        return;
    sqlite3_finalize(file->add);
    sqlite3_close(file->db);
    tn_free(file);
}

static void clean(struct tn_translation_file *file, const char *version)
{
    struct tn_error err = TN_ERROR_INIT;
    sqlite3_stmt   *stmt;

    if (tn_database_prepare(&kind, file->db, "DELETE FROM translation WHERE version <> ?", &stmt, &err) == TN_OK) {
        sqlite3_bind_text(stmt, 1, version, -1, SQLITE_STATIC);
        if (tn_database_step(&kind, file->db, stmt, &err) != TN_OK)
            tell("old translations stay", &err);
        sqlite3_finalize(stmt);
    }
    tn_error_reset(&err);
    if (tn_database_run(&kind, file->db, "DELETE FROM translation WHERE (SELECT count(*) FROM translation) > 200000 AND at < unixepoch() - 86400", &err) != TN_OK)
        tell("old translations stay", &err);
}

size_t tn_translation_file_load(struct tn_translation_file *file, const char *version, size_t max_rows, struct tn_translations *cache)
{
    struct tn_error err = TN_ERROR_INIT;
    sqlite3_stmt   *stmt;
    size_t          count = 0;

    clean(file, version);
    if (tn_database_prepare(&kind, file->db, "SELECT row FROM translation ORDER BY at DESC LIMIT ?", &stmt, &err) != TN_OK) {
        tell("translations cannot be read", &err);
        return 0;
    }
    sqlite3_bind_int64(stmt, 1, (sqlite3_int64)max_rows);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *bytes = sqlite3_column_blob(stmt, 0);
        int         len = sqlite3_column_bytes(stmt, 0);

        if (bytes != NULL && len > 0 && tn_translations_load(cache, tn_str_n(bytes, (size_t)len)))
            count++;
    }
    sqlite3_finalize(stmt);
    return count;
}

static void add_row(struct tn_translation_file *file, const char *version, struct tn_str row, struct tn_error *err)
{
    if (row.len < KEY_LEN || err->status != TN_OK)
        return;
    sqlite3_bind_blob(file->add, 1, row.ptr, KEY_LEN, SQLITE_STATIC);
    sqlite3_bind_text(file->add, 2, version, -1, SQLITE_STATIC);
    sqlite3_bind_blob(file->add, 3, row.ptr, (int)row.len, SQLITE_STATIC);
    if (tn_database_step(&kind, file->db, file->add, err) != TN_OK)
        return;
}

void tn_translation_file_add(struct tn_translation_file *file, const char *version, struct tn_str rows)
{
    struct tn_error err = TN_ERROR_INIT;

    if (tn_database_run(&kind, file->db, "BEGIN", &err) == TN_OK) {
        for (size_t at = 0; rows.len - at >= 4;) {
            size_t len = tn_frame_u32(rows.ptr + at);

            add_row(file, version, tn_str_n(rows.ptr + at + 4, TN_MIN(len, rows.len - at - 4)), &err);
            at += 4 + TN_MIN(len, rows.len - at - 4);
        }
        if (err.status == TN_OK && tn_database_run(&kind, file->db, "COMMIT", &err) == TN_OK)
            return;
    }
    tn_database_rollback(file->db);
    tell("a translation is not kept", &err);
}

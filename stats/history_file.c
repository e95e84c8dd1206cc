#include "stats/history_file.h"

/* Free pages given back, and records removed in one go, per flush: a flush stays short. */
enum { VACUUM_PAGES = 2048, PRUNE_STEP = 256 };

static const char schema[] = "CREATE TABLE history ("
#define NUMBER(member, column, type) column " " type ","
#define TEXT(member, column, most) column " TEXT NOT NULL,"
#include "stats/history.def"
#undef NUMBER
#undef TEXT
                             "CHECK (total_us IS NOT NULL));"
                             "CREATE INDEX history_started ON history (started_us);";

static const char insert_sql[] = "INSERT OR IGNORE INTO history VALUES ("
#define NUMBER(member, column, type) "?,"
#define TEXT(member, column, most) "?,"
#include "stats/history.def"
#undef NUMBER
#undef TEXT
    ;

static const char prune_age_sql[] = "DELETE FROM history WHERE id IN"
                                    " (SELECT id FROM history WHERE started_us < ? ORDER BY started_us LIMIT ?)";
static const char prune_size_sql[] = "DELETE FROM history WHERE id IN (SELECT id FROM history ORDER BY id LIMIT ?)";

/* What format 1 lacks, each column as a new record without it would have it. */
static const char to_format_2[] =
#define NUMBER(member, column, type)
#define TEXT(member, column, most)
#define NUMBER2(member, column, type) "ALTER TABLE history ADD COLUMN " column " " type " DEFAULT 0;"
#define TEXT2(member, column, most) "ALTER TABLE history ADD COLUMN " column " TEXT NOT NULL DEFAULT '';"
#include "stats/history.def"
#undef NUMBER
#undef TEXT
    ;

/* And format 2. */
static const char to_format_3[] =
#define NUMBER(member, column, type)
#define TEXT(member, column, most)
#define NUMBER3(member, column, type) "ALTER TABLE history ADD COLUMN " column " " type " DEFAULT 0;"
#include "stats/history.def"
#undef NUMBER
#undef TEXT
    ;

/* And format 3. */
static const char to_format_4[] =
#define NUMBER(member, column, type)
#define TEXT(member, column, most)
#define NUMBER4(member, column, type) "ALTER TABLE history ADD COLUMN " column " " type " DEFAULT 0;"
#include "stats/history.def"
#undef NUMBER
#undef TEXT
    ;

static const char *const steps[TN_HISTORY_FORMAT - 1] = {to_format_2, to_format_3, to_format_4};

static const struct tn_database_kind kind = {
    .subject = "history",
    .noun = "a history of Turnout",
    .application_id = TN_HISTORY_APPLICATION_ID,
    .format = TN_HISTORY_FORMAT,
    .first = "PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL", /* records are some 600 bytes: half as many pages to balance and to write */
    .schema = schema,
    .settings = "PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -4096; PRAGMA secure_delete = OFF",
    .steps = steps,
};

enum tn_status tn_history_file_fail(sqlite3 *db, const char *what, struct tn_error *err)
{
    return tn_database_fail(&kind, db, what, err);
}

static enum tn_status run(struct tn_history_file *file, const char *sql, struct tn_error *err)
{
    return tn_database_run(&kind, file->db, sql, err);
}

static enum tn_status ask(struct tn_history_file *file, const char *sql, int64_t *out, struct tn_error *err)
{
    return tn_database_ask(&kind, file->db, sql, out, err);
}

static enum tn_status prepare(struct tn_history_file *file, const char *sql, sqlite3_stmt **out, struct tn_error *err)
{
    return tn_database_prepare(&kind, file->db, sql, out, err);
}

static enum tn_status prepare_all(struct tn_history_file *file, struct tn_error *err)
{
    char sql[sizeof insert_sql + 1];

    memcpy(sql, insert_sql, sizeof insert_sql);
    sql[sizeof insert_sql - 2] = ')'; /* in place of the last comma */
    TN_TRY(prepare(file, sql, &file->insert, err));
    TN_TRY(prepare(file, prune_age_sql, &file->prune_age, err));
    return prepare(file, prune_size_sql, &file->prune_size, err);
}

enum tn_status tn_history_file_open(struct tn_history_file *file, const char *name, unsigned flags, struct tn_error *err)
{
    enum tn_status status;

    *file = (struct tn_history_file){.db = NULL};
    status = tn_database_open(&file->db, &kind, name, flags, err);
    if (status == TN_OK && (flags & TN_HISTORY_FILE_READ_ONLY) == 0)
        status = prepare_all(file, err);
    if (status != TN_OK)
        tn_history_file_close(file);
    else if ((flags & TN_HISTORY_FILE_IN_MEMORY) == 0)
        tn_database_place_note(&file->place, name);
    return status;
}

enum tn_status tn_history_file_move_back(struct tn_history_file *file, const char *path, struct tn_error *err)
{
    TN_TRY(tn_database_move_back(file->db, &file->place, &kind, path, err));
    tn_history_file_close(file);
    return tn_history_file_open(file, path, TN_HISTORY_FILE_KNOWN, err);
}

void tn_history_file_close(struct tn_history_file *file)
{
    sqlite3_finalize(file->insert);
    sqlite3_finalize(file->prune_age);
    sqlite3_finalize(file->prune_size);
    sqlite3_close(file->db);
    *file = (struct tn_history_file){.db = NULL};
}

enum tn_status tn_history_file_begin(struct tn_history_file *file, struct tn_error *err)
{
    file->is_bound = false; /* texts of the last transaction are gone */
    return run(file, "BEGIN IMMEDIATE", err);
}

enum tn_status tn_history_file_commit(struct tn_history_file *file, struct tn_error *err)
{
    return run(file, "COMMIT", err);
}

void tn_history_file_rollback(struct tn_history_file *file)
{
    tn_database_rollback(file->db);
}

static enum tn_status step(struct tn_history_file *file, sqlite3_stmt *stmt, struct tn_error *err)
{
    return tn_database_step(&kind, file->db, stmt, err);
}

static int bind_text(sqlite3_stmt *stmt, int at, struct tn_str text)
{
    return sqlite3_bind_text64(stmt, at, text.len == 0 ? "" : text.ptr, text.len, SQLITE_STATIC, SQLITE_UTF8);
}

enum tn_status tn_history_file_insert(struct tn_history_file *file, const struct tn_history_record *record,
                                      struct tn_error *err)
{
    int  at = 0, bad = 0;
    bool first = !file->is_bound;

#define NUMBER(member, column, type)                                                                                  \
    at++;                                                                                                             \
    if (first || file->bound.member != record->member) {                                                              \
        bad |= sqlite3_bind_int64(file->insert, at, (int64_t)record->member);                                         \
        file->bound.member = record->member;                                                                          \
    }
#define TEXT(member, column, most)                                                                                    \
    at++;                                                                                                             \
    if (first || !tn_str_eq(file->bound.member, record->member)) {                                                    \
        bad |= bind_text(file->insert, at, record->member);                                                           \
        file->bound.member = record->member;                                                                          \
    }
#include "stats/history.def"
#undef NUMBER
#undef TEXT
    file->is_bound = bad == SQLITE_OK;
    if (bad != SQLITE_OK)
        return tn_history_file_fail(file->db, "cannot bind", err);
    return step(file, file->insert, err);
}

static enum tn_status prune_age(struct tn_history_file *file, uint64_t cutoff_us, unsigned most, uint64_t *pruned,
                                struct tn_error *err)
{
    sqlite3_bind_int64(file->prune_age, 1, (int64_t)cutoff_us);
    sqlite3_bind_int64(file->prune_age, 2, most);
    TN_TRY(step(file, file->prune_age, err));
    *pruned += (uint64_t)sqlite3_changes(file->db);
    return TN_OK;
}

static enum tn_status used_bytes(struct tn_history_file *file, uint64_t *out, int64_t *free_pages, struct tn_error *err)
{
    int64_t pages, size;

    TN_TRY(ask(file, "PRAGMA page_count", &pages, err));
    TN_TRY(ask(file, "PRAGMA freelist_count", free_pages, err));
    TN_TRY(ask(file, "PRAGMA page_size", &size, err));
    *out = (uint64_t)(pages - *free_pages) * (uint64_t)size;
    return TN_OK;
}

/* How many of the oldest to remove next, from what the last STEP freed: not more than the excess asks for, so that records as
 * long as the whole limit do not take the newest with them. */
static unsigned next_step(unsigned step, uint64_t freed, uint64_t excess)
{
    if (freed == 0)
        return TN_MIN(2 * step, (unsigned)PRUNE_STEP);
    return (unsigned)TN_MAX(TN_MIN(excess / TN_MAX(freed / step, (uint64_t)1), (uint64_t)PRUNE_STEP), (uint64_t)1);
}

enum tn_status tn_history_file_prune(struct tn_history_file *file, uint64_t cutoff_us, uint64_t max_size, unsigned most,
                                     uint64_t *pruned, struct tn_error *err)
{
    uint64_t used, before;
    unsigned oldest = 1;
    int64_t  free_pages;
    char     vacuum[64];

    *pruned = 0;
    TN_TRY(tn_history_file_begin(file, err));
    if (cutoff_us > 0)
        TN_TRY(prune_age(file, cutoff_us, most, pruned, err));
    TN_TRY(used_bytes(file, &used, &free_pages, err));
    while (max_size > 0 && used > max_size && *pruned < most) {
        sqlite3_bind_int64(file->prune_size, 1, oldest);
        TN_TRY(step(file, file->prune_size, err));
        if (sqlite3_changes(file->db) == 0)
            break;
        *pruned += (uint64_t)sqlite3_changes(file->db);
        before = used;
        TN_TRY(used_bytes(file, &used, &free_pages, err));
        oldest = next_step(oldest, before > used ? before - used : 0, used > max_size ? used - max_size : 0);
    }
    TN_TRY(tn_history_file_commit(file, err));
    if (free_pages == 0)
        return TN_OK;
    snprintf(vacuum, sizeof vacuum, "PRAGMA incremental_vacuum(%d)", VACUUM_PAGES);
    return run(file, vacuum, err);
}

enum tn_status tn_history_file_format(struct tn_history_file *file, int64_t *out, struct tn_error *err)
{
    return ask(file, "PRAGMA user_version", out, err);
}

uint64_t tn_history_file_last_id(struct tn_history_file *file)
{
    int64_t last = 0;

    (void)!ask(file, "SELECT coalesce(max(id), 0) FROM history", &last, NULL);
    return last > 0 ? (uint64_t)last : 0;
}

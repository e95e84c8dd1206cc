#include "stats/history_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Free pages given back, and records removed in one go, per flush: a flush stays short. */
enum { VACUUM_PAGES = 4096, PRUNE_STEP = 256 };

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

enum tn_status tn_history_file_fail(sqlite3 *db, const char *what, struct tn_error *err)
{
    int code = db == NULL ? SQLITE_NOMEM : sqlite3_errcode(db);

    if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
        return tn_fail(err, TN_E_INVALID, "XX001", "history: %s: the file is damaged or no database (%s); move it away", what,
                       sqlite3_errmsg(db));
    return tn_fail(err, code == SQLITE_CANTOPEN ? TN_E_NOT_FOUND : TN_E_IO, "58030", "history: %s: %s", what,
                   db == NULL ? "no memory" : sqlite3_errmsg(db));
}

static enum tn_status run(struct tn_history_file *file, const char *sql, struct tn_error *err)
{
    if (sqlite3_exec(file->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return tn_history_file_fail(file->db, "cannot write", err);
    return TN_OK;
}

static enum tn_status ask(struct tn_history_file *file, const char *sql, int64_t *out, struct tn_error *err)
{
    sqlite3_stmt *stmt = NULL;
    int           code = sqlite3_prepare_v2(file->db, sql, -1, &stmt, NULL);

    *out = 0;
    if (code == SQLITE_OK) {
        code = sqlite3_step(stmt);
        if (code == SQLITE_ROW)
            *out = sqlite3_column_int64(stmt, 0);
    }
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        enum tn_status status = tn_history_file_fail(file->db, "cannot read", err);

        sqlite3_finalize(stmt);
        return status;
    }
    sqlite3_finalize(stmt);
    return TN_OK;
}

static enum tn_status refuse_foreign(const char *name, struct tn_error *err)
{
    return tn_fail(err, TN_E_INVALID, "F0000",
                   "history: %s is not a history of Turnout; it was left as it is: name another file", name);
}

static enum tn_status check_identity(const char *name, int64_t application, int64_t format, struct tn_error *err)
{
    if (application != TN_HISTORY_APPLICATION_ID)
        return refuse_foreign(name, err);
    if (format > TN_HISTORY_FORMAT)
        return tn_fail(err, TN_E_INVALID, "F0000",
                       "history: %s was written by a newer Turnout (format %lld, this one knows %d); it was left as it is: "
                       "use that version or name another file",
                       name, (long long)format, TN_HISTORY_FORMAT);
    if (format < 1)
        return refuse_foreign(name, err);
    return TN_OK;
}

static uint32_t be32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* A shortage may pass; anything else is a wrong path. */
static enum tn_status fail_open(const char *path, int error, struct tn_error *err)
{
    enum tn_status status = TN_E_NOT_FOUND;

    if (error == EACCES || error == EPERM)
        status = TN_E_DENIED;
    else if (error == ENOSPC || error == EDQUOT || error == EMFILE || error == ENFILE || error == ENOMEM || error == EIO)
        status = TN_E_IO;
    return tn_fail(err, status, "58P01", "history: cannot open %s: %s", path, strerror(error));
}

/* Looks at the header without SQLite, which could already change something (checkpoint, side files). A new file is for its
 * owner only: statements may hold what others must not see (SQLite gives its side files the same mode). */
static enum tn_status check_header(const char *path, bool must_exist, struct tn_error *err)
{
    unsigned char header[100];
    int           fd = open(path, must_exist ? O_RDONLY | O_CLOEXEC : O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
    ssize_t       got;

    if (fd < 0)
        return fail_open(path, errno, err);
    got = read(fd, header, sizeof header);
    close(fd);
    if (got == 0 && !must_exist)
        return TN_OK;
    if (got < (ssize_t)sizeof header || memcmp(header, "SQLite format 3", 16) != 0)
        return refuse_foreign(path, err);
    if (be32(header + 68) == 0 && be32(header + 60) == 0)
        return TN_OK; /* perhaps its first pages are in the WAL: SQLite knows */
    return check_identity(path, be32(header + 68), be32(header + 60), err);
}

static enum tn_status create(struct tn_history_file *file, struct tn_error *err)
{
    char pragmas[128];

    /* NORMAL, the default of an open history, from here on: each wait for the disk is one of the program's first start. */
    TN_TRY(run(file, "PRAGMA synchronous = NORMAL; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; BEGIN IMMEDIATE;", err));
    snprintf(pragmas, sizeof pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT;",
             TN_HISTORY_APPLICATION_ID, TN_HISTORY_FORMAT);
    TN_TRY(run(file, schema, err));
    return run(file, pragmas, err);
}

static enum tn_status check_content(struct tn_history_file *file, const char *name, bool read_only, struct tn_error *err)
{
    int64_t tables, application, format;

    TN_TRY(ask(file, "SELECT count(*) FROM sqlite_master", &tables, err));
    TN_TRY(ask(file, "PRAGMA application_id", &application, err));
    TN_TRY(ask(file, "PRAGMA user_version", &format, err));
    if (tables == 0 && application == 0 && format == 0)
        return read_only ? refuse_foreign(name, err) : create(file, err);
    return check_identity(name, application, format, err);
}

static enum tn_status prepare(struct tn_history_file *file, const char *sql, sqlite3_stmt **out, struct tn_error *err)
{
    if (sqlite3_prepare_v3(file->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) != SQLITE_OK)
        return tn_history_file_fail(file->db, "cannot prepare", err);
    return TN_OK;
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

static enum tn_status open_db(struct tn_history_file *file, const char *name, bool in_memory, bool read_only,
                              struct tn_error *err)
{
    int mode = (read_only && !in_memory ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                SQLITE_OPEN_NOMUTEX | (in_memory ? SQLITE_OPEN_URI : 0);

    if (sqlite3_open_v2(name, &file->db, mode, NULL) != SQLITE_OK)
        return tn_history_file_fail(file->db, name, err);
    sqlite3_extended_result_codes(file->db, 0);
    sqlite3_busy_timeout(file->db, read_only ? 5000 : 200);
    /* A file that is refused must not be changed by closing it. */
    sqlite3_db_config(file->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    TN_TRY(check_content(file, name, read_only, err));
    if (read_only)
        return in_memory ? run(file, "PRAGMA read_uncommitted = 1", err) : TN_OK;
    TN_TRY(run(file, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216;"
                     "PRAGMA cache_size = -4096; PRAGMA secure_delete = OFF;", err));
    sqlite3_db_config(file->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    return prepare_all(file, err);
}

enum tn_status tn_history_file_open(struct tn_history_file *file, const char *name, unsigned flags, struct tn_error *err)
{
    bool           in_memory = (flags & TN_HISTORY_FILE_IN_MEMORY) != 0, read_only = (flags & TN_HISTORY_FILE_READ_ONLY) != 0;
    enum tn_status status;

    *file = (struct tn_history_file){.db = NULL};
    if (!in_memory && (flags & TN_HISTORY_FILE_KNOWN) == 0)
        TN_TRY(check_header(name, read_only, err));
    status = open_db(file, name, in_memory, read_only, err);
    if (status != TN_OK)
        tn_history_file_close(file);
    return status;
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
    return run(file, "BEGIN IMMEDIATE", err);
}

enum tn_status tn_history_file_commit(struct tn_history_file *file, struct tn_error *err)
{
    return run(file, "COMMIT", err);
}

void tn_history_file_rollback(struct tn_history_file *file)
{
    if (file->db != NULL && sqlite3_get_autocommit(file->db) == 0)
        sqlite3_exec(file->db, "ROLLBACK", NULL, NULL, NULL);
}

static enum tn_status step(struct tn_history_file *file, sqlite3_stmt *stmt, struct tn_error *err)
{
    int            code = sqlite3_step(stmt);
    enum tn_status status = code == SQLITE_DONE ? TN_OK : tn_history_file_fail(file->db, "cannot write", err);

    sqlite3_reset(stmt);
    return status;
}

static int bind_text(sqlite3_stmt *stmt, int at, struct tn_str text)
{
    return sqlite3_bind_text64(stmt, at, text.ptr == NULL ? "" : text.ptr, text.len, SQLITE_STATIC, SQLITE_UTF8);
}

enum tn_status tn_history_file_insert(struct tn_history_file *file, const struct tn_history_record *record,
                                      struct tn_error *err)
{
    int            at = 0, bad = 0;
    enum tn_status status;

#define NUMBER(member, column, type) bad |= sqlite3_bind_int64(file->insert, ++at, (int64_t)record->member);
#define TEXT(member, column, most) bad |= bind_text(file->insert, ++at, record->member);
#include "stats/history.def"
#undef NUMBER
#undef TEXT
    if (bad != SQLITE_OK)
        return tn_history_file_fail(file->db, "cannot bind", err);
    status = step(file, file->insert, err);
    sqlite3_clear_bindings(file->insert);
    return status;
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

uint64_t tn_history_file_last_id(struct tn_history_file *file)
{
    int64_t last = 0;

    (void)!ask(file, "SELECT coalesce(max(id), 0) FROM history", &last, NULL);
    return last > 0 ? (uint64_t)last : 0;
}

#include "stats/database.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* "/path/of/it: "; empty for one in memory. */
static void put_name(char *out, size_t size, sqlite3 *db)
{
    const char *name = db == NULL ? NULL : sqlite3_db_filename(db, "main");

    out[0] = '\0';
    if (name != NULL && name[0] != '\0')
        snprintf(out, size, "%.400s: ", name);
}

enum tn_status tn_database_fail(const struct tn_database_kind *kind, sqlite3 *db, const char *what, struct tn_error *err)
{
    int  code = db == NULL ? SQLITE_NOMEM : sqlite3_errcode(db);
    char name[410];

    put_name(name, sizeof name, db);
    if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
        return tn_fail(err, TN_E_INVALID, "XX001", "%s: %s%s: the file is damaged or no database (%s); move it away", kind->subject,
                       name, what, sqlite3_errmsg(db));
    return tn_fail(err, code == SQLITE_CANTOPEN ? TN_E_NOT_FOUND : TN_E_IO, "58030", "%s: %s%s: %s", kind->subject, name, what,
                   db == NULL ? "no memory" : sqlite3_errmsg(db));
}

enum tn_status tn_database_run(const struct tn_database_kind *kind, sqlite3 *db, const char *sql, struct tn_error *err)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return tn_database_fail(kind, db, "cannot write", err);
    return TN_OK;
}

enum tn_status tn_database_ask(const struct tn_database_kind *kind, sqlite3 *db, const char *sql, int64_t *out,
                               struct tn_error *err)
{
    sqlite3_stmt *stmt = NULL;
    int           code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

    *out = 0;
    if (code == SQLITE_OK) {
        code = sqlite3_step(stmt);
        if (code == SQLITE_ROW)
            *out = sqlite3_column_int64(stmt, 0);
    }
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        enum tn_status status = tn_database_fail(kind, db, "cannot read", err);

        sqlite3_finalize(stmt);
        return status;
    }
    sqlite3_finalize(stmt);
    return TN_OK;
}

enum tn_status tn_database_prepare(const struct tn_database_kind *kind, sqlite3 *db, const char *sql, sqlite3_stmt **out,
                                   struct tn_error *err)
{
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) != SQLITE_OK)
        return tn_database_fail(kind, db, "cannot prepare", err);
    return TN_OK;
}

enum tn_status tn_database_step(const struct tn_database_kind *kind, sqlite3 *db, sqlite3_stmt *stmt, struct tn_error *err)
{
    int            code = sqlite3_step(stmt);
    enum tn_status status = code == SQLITE_DONE ? TN_OK : tn_database_fail(kind, db, "cannot write", err);

    sqlite3_reset(stmt);
    return status;
}

void tn_database_rollback(sqlite3 *db)
{
    if (db != NULL && sqlite3_get_autocommit(db) == 0)
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
}

/* ---- whose file is it ---- */

static enum tn_status refuse_foreign(const struct tn_database_kind *kind, const char *name, struct tn_error *err)
{
    return tn_fail(err, TN_E_INVALID, "F0000", "%s: %s is not %s; it was left as it is: name another file", kind->subject, name,
                   kind->noun);
}

static enum tn_status check_identity(const struct tn_database_kind *kind, const char *name, int64_t application, int64_t format,
                                     struct tn_error *err)
{
    if (application != kind->application_id)
        return refuse_foreign(kind, name, err);
    if (format > kind->format)
        return tn_fail(err, TN_E_INVALID, "F0000",
                       "%s: %s was written by a newer Turnout (format %lld, this one knows %d); it was left as it is: "
                       "use that version or name another file",
                       kind->subject, name, (long long)format, kind->format);
    if (format < 1)
        return refuse_foreign(kind, name, err);
    return TN_OK;
}

static uint32_t be32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* A shortage may pass; anything else is a wrong path. */
static enum tn_status fail_open(const struct tn_database_kind *kind, const char *path, int error, struct tn_error *err)
{
    enum tn_status status = TN_E_NOT_FOUND;

    if (error == EACCES || error == EPERM)
        status = TN_E_DENIED;
    else if (error == ENOSPC || error == EDQUOT || error == EMFILE || error == ENFILE || error == ENOMEM || error == EIO)
        status = TN_E_IO;
    return tn_fail(err, status, "58P01", "%s: cannot open %s: %s", kind->subject, path, strerror(error));
}

/* Looks at the header without SQLite, which could already change something (checkpoint, side files). A new file is for its
 * owner only: statements may hold what others must not see (SQLite gives its side files the same mode). */
static enum tn_status check_header(const struct tn_database_kind *kind, const char *path, bool must_exist, struct tn_error *err)
{
    unsigned char header[100];
    int           fd = open(path, must_exist ? O_RDONLY | O_CLOEXEC : O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
    ssize_t       got;

    if (fd < 0)
        return fail_open(kind, path, errno, err);
    got = read(fd, header, sizeof header);
    close(fd);
    if (got == 0 && !must_exist)
        return TN_OK;
    if (got < (ssize_t)sizeof header || memcmp(header, "SQLite format 3", 16) != 0)
        return refuse_foreign(kind, path, err);
    if (be32(header + 68) == 0 && be32(header + 60) == 0)
        return TN_OK; /* perhaps its first pages are in the WAL: SQLite knows */
    return check_identity(kind, path, be32(header + 68), be32(header + 60), err);
}

/* ---- new and older files ---- */

static enum tn_status create(const struct tn_database_kind *kind, sqlite3 *db, struct tn_error *err)
{
    char pragmas[128];

    /* NORMAL from here on: each wait for the disk is one of the program's first start. */
    TN_TRY(tn_database_run(kind, db, "PRAGMA synchronous = NORMAL;", err));
    TN_TRY(tn_database_run(kind, db, kind->first, err));
    TN_TRY(tn_database_run(kind, db, "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE;", err));
    snprintf(pragmas, sizeof pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT;", kind->application_id,
             kind->format);
    TN_TRY(tn_database_run(kind, db, kind->schema, err));
    return tn_database_run(kind, db, pragmas, err);
}

static enum tn_status migrate(const struct tn_database_kind *kind, sqlite3 *db, int format, struct tn_error *err)
{
    for (; format < kind->format; format++) {
        char           pragmas[64];
        enum tn_status status = tn_database_run(kind, db, "BEGIN IMMEDIATE", err);

        snprintf(pragmas, sizeof pragmas, "PRAGMA user_version = %d; COMMIT;", format + 1);
        if (status == TN_OK)
            status = tn_database_run(kind, db, kind->steps[format - 1], err);
        if (status == TN_OK)
            status = tn_database_run(kind, db, pragmas, err);
        if (status != TN_OK) {
            tn_database_rollback(db);
            return status;
        }
    }
    return TN_OK;
}

static enum tn_status check_content(const struct tn_database_kind *kind, sqlite3 *db, const char *name, unsigned flags,
                                    struct tn_error *err)
{
    bool    read_only = (flags & TN_DATABASE_READ_ONLY) != 0;
    int64_t tables, application, format;

    TN_TRY(tn_database_ask(kind, db, "SELECT count(*) FROM sqlite_master", &tables, err));
    TN_TRY(tn_database_ask(kind, db, "PRAGMA application_id", &application, err));
    TN_TRY(tn_database_ask(kind, db, "PRAGMA user_version", &format, err));
    if (tables == 0 && application == 0 && format == 0)
        return read_only ? refuse_foreign(kind, name, err) : create(kind, db, err);
    TN_TRY(check_identity(kind, name, application, format, err));
    if (format == kind->format || (read_only && (flags & TN_DATABASE_OLDER) != 0))
        return TN_OK;
    if (read_only)
        return tn_fail(err, TN_E_INVALID, "F0000",
                       "%s: %s was written by an older Turnout (format %lld, this one reads %d): start this version's server on it "
                       "once, which brings it up to date",
                       kind->subject, name, (long long)format, kind->format);
    return migrate(kind, db, (int)format, err);
}

static enum tn_status set_up(const struct tn_database_kind *kind, sqlite3 *db, const char *name, unsigned flags,
                             struct tn_error *err)
{
    bool read_only = (flags & TN_DATABASE_READ_ONLY) != 0;

    sqlite3_extended_result_codes(db, 0);
    sqlite3_busy_timeout(db, read_only ? 5000 : 200);
    /* A file that is refused must not be changed by closing it. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    TN_TRY(check_content(kind, db, name, flags, err));
    if (read_only)
        return (flags & TN_DATABASE_IN_MEMORY) != 0 ? tn_database_run(kind, db, "PRAGMA read_uncommitted = 1", err) : TN_OK;
    TN_TRY(tn_database_run(kind, db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;", err));
    TN_TRY(tn_database_run(kind, db, kind->settings, err));
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    return TN_OK;
}

enum tn_status tn_database_open(sqlite3 **out, const struct tn_database_kind *kind, const char *name, unsigned flags,
                                struct tn_error *err)
{
    bool           in_memory = (flags & TN_DATABASE_IN_MEMORY) != 0, read_only = (flags & TN_DATABASE_READ_ONLY) != 0;
    int            mode = (read_only && !in_memory ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                SQLITE_OPEN_NOMUTEX | (in_memory ? SQLITE_OPEN_URI : 0);
    enum tn_status status;

    *out = NULL;
    if (!in_memory && (flags & TN_DATABASE_KNOWN) == 0)
        TN_TRY(check_header(kind, name, read_only, err));
    if (sqlite3_open_v2(name, out, mode, NULL) == SQLITE_OK)
        status = set_up(kind, *out, name, flags, err);
    else
        status = tn_database_fail(kind, *out, "cannot open", err);
    if (status != TN_OK) {
        sqlite3_close(*out);
        *out = NULL;
    }
    return status;
}

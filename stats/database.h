/* database.h - opening a SQLite file of ours: whose it is, which format, bringing an older one up to date. Internal to stats/.
 *
 * A file says what it is by PRAGMA application_id and user_version. What is not ours, damaged or of a newer format is refused
 * before anything is written; an older one is migrated step by step, each a transaction. */
#ifndef TN_STATS_DATABASE_H
#define TN_STATS_DATABASE_H

#include "base/status.h"

#include <sqlite3.h>
#include <stdint.h>

struct tn_database_kind {
    const char        *subject;  /* "history": how messages begin */
    const char        *noun;     /* "a history of Turnout" */
    int                application_id;
    int                format;   /* the newest, from 1 on */
    const char        *first;    /* pragmas before the first page of a new file is written: page_size, auto_vacuum */
    const char        *schema;   /* of a new file */
    const char        *settings; /* pragmas of each writable connection, after journal_mode and synchronous */
    const char *const *steps;    /* SQL: steps[i] makes format i + 2 of format i + 1; FORMAT - 1 of them */
};

enum tn_database_flag {
    TN_DATABASE_IN_MEMORY = 1, /* the name is a URI */
    TN_DATABASE_READ_ONLY = 2, /* an older format is then TN_E_INVALID, but see OLDER */
    /* The process has or had the file open: its header was looked at already. Looking again would, by closing the file,
     * release the POSIX locks that SQLite holds on it. */
    TN_DATABASE_KNOWN = 4,
    TN_DATABASE_OLDER = 8 /* with READ_ONLY: an older format is fine, the caller knows what it lacks */
};

/* WAL, synchronous=NORMAL. TN_E_INVALID: not ours, damaged or newer, nothing was changed. TN_E_NOT_FOUND: the folder or
 * (read-only) the file is missing. TN_E_DENIED: no permission. TN_E_IO: cannot be used now, perhaps later. */
TN_MUST_USE enum tn_status tn_database_open(sqlite3 **out, const struct tn_database_kind *kind, const char *name, unsigned flags,
                                            struct tn_error *err);

/* TN_E_IO with the text of the last error of DB (NULL: no memory), or TN_E_INVALID when it says that the file is damaged. */
enum tn_status tn_database_fail(const struct tn_database_kind *kind, sqlite3 *db, const char *what, struct tn_error *err);
TN_MUST_USE enum tn_status tn_database_run(const struct tn_database_kind *kind, sqlite3 *db, const char *sql, struct tn_error *err);
/* The first column of the first row; 0 when there is none. */
TN_MUST_USE enum tn_status tn_database_ask(const struct tn_database_kind *kind, sqlite3 *db, const char *sql, int64_t *out,
                                           struct tn_error *err);
TN_MUST_USE enum tn_status tn_database_prepare(const struct tn_database_kind *kind, sqlite3 *db, const char *sql,
                                               sqlite3_stmt **out, struct tn_error *err);
/* Runs a statement that gives no rows, and makes it ready for the next time. */
TN_MUST_USE enum tn_status tn_database_step(const struct tn_database_kind *kind, sqlite3 *db, sqlite3_stmt *stmt, struct tn_error *err);
void tn_database_rollback(sqlite3 *db); /* if a transaction is open; NULL is fine */

#endif

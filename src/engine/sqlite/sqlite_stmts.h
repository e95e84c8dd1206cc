/* sqlite_stmts.h - prepared statements of one connection, kept by their text. */
#ifndef TN_ENGINE_SQLITE_STMTS_H
#define TN_ENGINE_SQLITE_STMTS_H

#include "base/status.h"
#include "base/str.h"

#include <sqlite3.h>

enum { TN_SQLITE_STMTS = 64, TN_SQLITE_STMT_TEXT = 64 * 1024 /* longer ones are not kept */ };

struct tn_sqlite_kept {
    sqlite3_stmt *stmt; /* NULL = free place */
    struct tn_str text; /* the statement's own copy */
    uint64_t      hash;
    uint64_t      used;
    bool          remembered; /* its types are in the memo */
};

struct tn_sqlite_stmts {
    uint64_t              tick;
    struct tn_sqlite_kept items[TN_SQLITE_STMTS];
};

/* The statement of TEXT, or NULL. */
struct tn_sqlite_kept *tn_sqlite_stmts_find(struct tn_sqlite_stmts *stmts, struct tn_str text);
/* Keeps STMT in place of the one not used for longest; NULL when its text is too long (it stays the caller's). */
struct tn_sqlite_kept *tn_sqlite_stmts_keep(struct tn_sqlite_stmts *stmts, sqlite3_stmt *stmt, struct tn_str text);
void                   tn_sqlite_stmts_drop(struct tn_sqlite_kept *kept);
void                   tn_sqlite_stmts_reset(struct tn_sqlite_stmts *stmts); /* ends all */

/* Prepares TEXT, which must be one statement; *STMT is NULL when it is empty. KEEP: it will be run again. */
TN_MUST_USE enum tn_status tn_sqlite_prepare(sqlite3_stmt **stmt, sqlite3 *db, struct tn_str text, bool keep,
                                             struct tn_error *err);

#endif

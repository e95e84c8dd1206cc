#include "engine/sqlite/sqlite_stmts.h"

#include "base/hash.h"
#include "engine/sqlite/sqlite_error.h"

struct tn_sqlite_kept *tn_sqlite_stmts_find(struct tn_sqlite_stmts *stmts, struct tn_str text)
{
    uint64_t hash = tn_hash_str(text);

    for (size_t i = 0; i < TN_SQLITE_STMTS; i++) {
        struct tn_sqlite_kept *kept = &stmts->items[i];

        if (kept->stmt != NULL && kept->hash == hash && tn_str_eq(kept->text, text)) {
            kept->used = ++stmts->tick;
            return kept;
        }
    }
    return NULL;
}

void tn_sqlite_stmts_drop(struct tn_sqlite_kept *kept)
{
    sqlite3_finalize(kept->stmt);
    *kept = (struct tn_sqlite_kept){.stmt = NULL};
}

struct tn_sqlite_kept *tn_sqlite_stmts_keep(struct tn_sqlite_stmts *stmts, sqlite3_stmt *stmt, struct tn_str text)
{
    struct tn_sqlite_kept *place = &stmts->items[0];

    if (text.len > TN_SQLITE_STMT_TEXT || strlen(sqlite3_sql(stmt)) != text.len) /* it drops what follows a semicolon */
        return NULL;
    for (size_t i = 1; i < TN_SQLITE_STMTS; i++)
        if (stmts->items[i].used < place->used)
            place = &stmts->items[i];
    tn_sqlite_stmts_drop(place);
    *place = (struct tn_sqlite_kept){
        .stmt = stmt,
        .text = tn_str_n(sqlite3_sql(stmt), text.len),
        .hash = tn_hash_str(text),
        .used = ++stmts->tick,
    };
    return place;
}

void tn_sqlite_stmts_reset(struct tn_sqlite_stmts *stmts)
{
    for (size_t i = 0; i < TN_SQLITE_STMTS; i++)
        tn_sqlite_stmts_drop(&stmts->items[i]);
}

/* Nothing but white space, semicolons and comments. */
static bool is_empty(sqlite3 *db, const char *text, const char *end)
{
    while (text < end) {
        sqlite3_stmt *stmt = NULL;
        const char   *tail = NULL;
        int           rc = sqlite3_prepare_v2(db, text, (int)(end - text), &stmt, &tail);

        sqlite3_finalize(stmt);
        if (rc != SQLITE_OK || stmt != NULL)
            return false;
        if (tail == NULL || tail <= text)
            break;
        text = tail;
    }
    return true;
}

static enum tn_status fail_query(struct tn_error *err, const char *sqlstate, const char *text)
{
    enum tn_status status = tn_fail(err, TN_E_INVALID, sqlstate, "%s", text);

    tn_error_blame(err, TN_FAULT_QUERY, false);
    return status;
}

enum tn_status tn_sqlite_prepare(sqlite3_stmt **stmt, sqlite3 *db, struct tn_str text, bool keep, struct tn_error *err)
{
    unsigned    flags = keep ? SQLITE_PREPARE_PERSISTENT : 0;
    const char *tail = NULL;
    int         rc;

    *stmt = NULL;
    if (text.len == 0)
        return TN_OK;
    if (text.len > INT32_MAX - 1)
        return fail_query(err, "54000", "the statement is too long for SQLite");
    if (memchr(text.ptr, '\0', text.len) != NULL)
        return fail_query(err, "22021", "the statement holds a NUL character");
    rc = sqlite3_prepare_v3(db, text.ptr, (int)text.len, flags, stmt, &tail);
    if (rc != SQLITE_OK)
        return tn_sqlite_error(err, db, rc, text.ptr);
    if (tail != NULL && !is_empty(db, tail, text.ptr + text.len)) {
        sqlite3_finalize(*stmt);
        *stmt = NULL;
        return fail_query(err, "42601", "SQLite sees more than one statement here; send them one by one");
    }
    return TN_OK;
}

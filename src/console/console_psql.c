#include "console/console_psql.h"

#include "base/buf.h"

enum { LONGEST = 8000, NAME_MAX_LEN = 64 };

static const char list_sql[] =
    "SELECT 'main' AS \"Schema\", name AS \"Name\", 'view' AS \"Type\", 'turnout' AS \"Owner\", help AS \"Description\" FROM help"
    " WHERE kind = 'table' ORDER BY name";
static const char find_sql[] =
    "SELECT rowid AS oid, 'main' AS nspname, name AS relname FROM help WHERE kind = 'table' AND name = '%s'";
/* A view has no indexes, constraints, triggers and so on, so that psql asks no more. */
static const char about_sql[] =
    "SELECT 0 AS relchecks, 'v' AS relkind, 'f' AS relhasindex, 'f' AS relhasrules, 'f' AS relhastriggers, 'f' AS relrowsecurity,"
    " 'f' AS relforcerowsecurity, 'f' AS relhasoids, 'f' AS relispartition, '' AS reloptions, 0 AS reltablespace, '' AS reloftype,"
    " 'p' AS relpersistence, 'd' AS relreplident, '' AS amname";
static const char columns_sql[] =
    "SELECT column_name AS attname, lower(data_type) AS format_type, NULL AS attdefault, 'f' AS attnotnull, NULL AS attcollation,"
    " '' AS attidentity, '' AS attgenerated FROM table_columns"
    " WHERE table_name = (SELECT name FROM help WHERE kind = 'table' AND rowid = %s) ORDER BY position";

static const char *find(struct tn_str sql, const char *words)
{
    return memmem(sql.ptr, sql.len, words, strlen(words));
}

/* Letters, digits and underscores behind WORDS. */
static bool word_behind(struct tn_str sql, const char *words, char out[NAME_MAX_LEN])
{
    const char *at = find(sql, words), *end = sql.ptr + sql.len;
    size_t      len = 0;

    if (at == NULL)
        return false;
    for (at += strlen(words); at < end && len + 1 < NAME_MAX_LEN; at++) {
        char c = tn_ascii_lower(*at);

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_')
            break;
        out[len++] = c;
    }
    out[len] = '\0';
    return len > 0;
}

static bool give(struct tn_arena *arena, const char *fmt, const char *name, struct tn_str *instead)
{
    const char   *place = strstr(fmt, "%s");
    struct tn_buf text;
    bool          ok;

    tn_buf_init(&text, LONGEST);
    tn_buf_append(&text, fmt, place != NULL ? (size_t)(place - fmt) : strlen(fmt));
    if (place != NULL) {
        tn_buf_puts(&text, name);
        tn_buf_puts(&text, place + 2);
    }
    ok = !text.failed && tn_arena_str(arena, tn_buf_str(&text), instead);
    tn_buf_reset(&text);
    return ok;
}

bool tn_console_psql(struct tn_str sql, struct tn_arena *arena, struct tn_str *instead)
{
    char name[NAME_MAX_LEN];

    if (sql.len > LONGEST || find(sql, "pg_catalog.pg_") == NULL)
        return false;
    if (word_behind(sql, "c.relname OPERATOR(pg_catalog.~) '^(", name) && find(sql, "SELECT c.oid") != NULL)
        return give(arena, find_sql, name, instead);
    if (find(sql, "SELECT c.relchecks, c.relkind") != NULL)
        return give(arena, about_sql, "", instead);
    if (find(sql, "FROM pg_catalog.pg_attribute a") != NULL && word_behind(sql, "a.attrelid = '", name) && name[0] <= '9')
        return give(arena, columns_sql, name, instead);
    if (find(sql, "FROM pg_catalog.pg_class c") != NULL && find(sql, "WHEN 'r' THEN 'table'") != NULL)
        return give(arena, list_sql, "", instead);
    return false;
}

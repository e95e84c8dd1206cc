#include "engine/sqlite/sqlite_error.h"

#include "base/str.h"

static const struct {
    int           code;
    const char   *sqlstate;
    enum tn_fault fault;
} codes[] = {
#define CODE(code, sqlstate, fault) {code, sqlstate, TN_FAULT_##fault},
#define TEXT(pattern, sqlstate)
#include "engine/sqlite/sqlite_error_rules.def"
#undef CODE
#undef TEXT
};

static const struct {
    const char *pattern;
    const char *sqlstate;
} texts[] = {
#define CODE(code, sqlstate, fault)
#define TEXT(pattern, sqlstate) {pattern, sqlstate},
#include "engine/sqlite/sqlite_error_rules.def"
#undef CODE
#undef TEXT
};

/* 1-based character, from SQLite's byte offset; 0 = unknown. */
static int position_of(sqlite3 *db, const char *sql)
{
    int offset = sqlite3_error_offset(db);
    int position = 1;

    if (offset < 0 || sql == NULL)
        return 0;
    for (int i = 0; i < offset && sql[i] != '\0'; i++)
        if (((unsigned char)sql[i] & 0xc0) != 0x80)
            position++;
    return position;
}

static void classify(int rc, const char *message, const char **sqlstate, enum tn_fault *fault)
{
    *fault = TN_FAULT_QUERY;
    for (int mask = 0; mask < 2; mask++)
        for (size_t i = 0; i < TN_ARRAY_LEN(codes); i++)
            if (codes[i].code == (mask == 0 ? rc : rc & 0xff)) {
                *sqlstate = codes[i].sqlstate;
                *fault = codes[i].fault;
                return;
            }
    for (size_t i = 0; i < TN_ARRAY_LEN(texts); i++)
        if (tn_str_glob(tn_str(texts[i].pattern), tn_str(message))) {
            *sqlstate = texts[i].sqlstate;
            return;
        }
}

enum tn_status tn_sqlite_error(struct tn_error *err, sqlite3 *db, int rc, const char *sql)
{
    const char    *message = db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
    const char    *sqlstate = "XX000";
    enum tn_fault  fault;
    enum tn_status status = (rc & 0xff) == SQLITE_NOMEM ? TN_E_NOMEM : TN_E_ENGINE;

    classify(rc, message, &sqlstate, &fault);
    status = tn_fail(err, status, sqlstate, "%s", message);
    tn_error_blame(err, fault, true);
    if (err == NULL)
        return status;
    if (((rc & 0xff) == SQLITE_ERROR || (rc & 0xff) == SQLITE_SCHEMA) && db != NULL)
        err->position = position_of(db, sql);
    if (strcmp(sqlstate, "42501") == 0)
        tn_error_hint(err, "ATTACH, DETACH, VACUUM INTO, load_extension() and most PRAGMA settings are not for clients; "
                           "they belong into the cluster's initSql.");
    return status;
}

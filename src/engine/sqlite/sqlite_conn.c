#include "engine/sqlite/sqlite_conn.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "engine/sqlite/sqlite_error.h"
#include "engine/sqlite/sqlite_function.h"

#include <time.h>

enum pragma_rule { PRAGMA_REFUSED, PRAGMA_PLAIN, PRAGMA_SESSION };

static const struct {
    const char      *name;
    enum pragma_rule rule;
} pragmas[] = {
#define PRAGMA(name, rule) {#name, PRAGMA_##rule},
#include "engine/sqlite/sqlite_pragmas.def"
#undef PRAGMA
};

static int authorize_pragma(struct tn_sqlite_conn *conn, const char *name, const char *value)
{
    enum pragma_rule rule = PRAGMA_REFUSED;

    if (value == NULL)
        return SQLITE_OK;
    for (size_t i = 0; i < TN_ARRAY_LEN(pragmas); i++)
        if (strcasecmp(name, pragmas[i].name) == 0)
            rule = pragmas[i].rule;
    if (rule == PRAGMA_SESSION)
        conn->tainted = true;
    return rule == PRAGMA_REFUSED ? SQLITE_DENY : SQLITE_OK;
}

static int authorize(void *arg, int action, const char *first, const char *second, const char *database,
                     const char *trigger)
{
    struct tn_sqlite_conn *conn = arg;

    (void)database;
    (void)trigger;
    if (!conn->guarded)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_ATTACH: return conn->vacuums && first != NULL && first[0] == '\0' ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_DETACH: return SQLITE_DENY;
    case SQLITE_FUNCTION:
        return second != NULL && strcasecmp(second, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA: return authorize_pragma(conn, first != NULL ? first : "", second);
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW: conn->tainted = true; return SQLITE_OK;
    default: return SQLITE_OK;
    }
}

/* SQLite's own busy handler would not notice an interrupt. */
static int on_busy(void *arg, int count)
{
    static const int       waits_ms[] = {1, 2, 5, 10, 15, 20, 25};
    struct tn_sqlite_conn *conn = arg;
    const int              last = (int)TN_ARRAY_LEN(waits_ms) - 1;
    uint64_t               waited_ms = 0;
    struct timespec        wait = {.tv_nsec = waits_ms[TN_MIN(count, last)] * 1000000L};

    for (int i = 0; i < TN_MIN(count, last); i++)
        waited_ms += (uint64_t)waits_ms[i];
    if (count > last)
        waited_ms += (uint64_t)(count - last) * (uint64_t)waits_ms[last];
    if (waited_ms * 1000 >= conn->conf->busy_timeout || atomic_load_explicit(&conn->interrupted, memory_order_relaxed))
        return 0;
    nanosleep(&wait, NULL);
    return 1;
}

static enum tn_status fail_open(struct tn_error *err, sqlite3 *db, int rc, const char *path)
{
    enum tn_status status = tn_fail(err, TN_E_CONNECTION, "08001", "cannot open SQLite database %.500s: %s", path,
                                    db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(rc));

    tn_error_blame(err, TN_FAULT_ENGINE, false);
    return status;
}

bool tn_sqlite_in_memory(const struct tn_cluster_conf *conf)
{
    return conf->database_path.len == 0 || tn_str_eq_c(conf->database_path, ":memory:");
}

enum tn_status tn_sqlite_open(sqlite3 **db, const struct tn_cluster *cluster, struct tn_error *err)
{
    const struct tn_cluster_conf *conf = cluster->conf;
    bool        memory = tn_sqlite_in_memory(conf);
    int         flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    char        memory_path[64];
    const char *path = memory ? memory_path : conf->database_path.ptr;
    int         rc;

    snprintf(memory_path, sizeof memory_path, "file:/turnout-%u?vfs=memdb", cluster->id);
    flags |= conf->read_only && !memory ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (memory)
        flags |= SQLITE_OPEN_URI;
    *db = NULL;
    rc = sqlite3_open_v2(path, db, flags, NULL);
    if (rc != SQLITE_OK) {
        enum tn_status status = fail_open(err, *db, rc, memory ? "in memory" : path);

        sqlite3_close(*db);
        *db = NULL;
        return status;
    }
    return TN_OK;
}

/* Nothing that a file or a statement says may run code or break the file. */
static void harden(sqlite3 *db)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 10000);
    sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
}

static enum tn_status run_init(struct tn_sqlite_conn *conn, struct tn_error *err)
{
    const struct tn_cfg_list *init = &conn->conf->init_sql;

    for (size_t i = 0; i < init->count; i++) {
        int rc = sqlite3_exec(conn->db, init->items[i].ptr, NULL, NULL, NULL);

        if (rc == SQLITE_OK)
            continue;
        (void)tn_fail(err, TN_E_CONNECTION, "08004", "initSql statement %zu: %s", i + 1, sqlite3_errmsg(conn->db));
        tn_error_blame(err, TN_FAULT_ENGINE, true);
        return TN_E_CONNECTION;
    }
    return TN_OK;
}

/* Reads the file's header, so that a file that is no database is found now. A lock is no reason to refuse. */
static enum tn_status set_up(struct tn_sqlite_conn *conn, struct tn_error *err)
{
    int rc;

    harden(conn->db);
    sqlite3_busy_handler(conn->db, on_busy, conn);
    sqlite3_set_authorizer(conn->db, authorize, conn);
    rc = tn_sqlite_functions(conn->db, &conn->interrupted);
    if (rc != SQLITE_OK)
        return fail_open(err, conn->db, rc, conn->conf->database_path.ptr);
    rc = sqlite3_exec(conn->db, "PRAGMA schema_version", NULL, NULL, NULL);
    if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
        return fail_open(err, conn->db, rc, conn->conf->database_path.ptr);
    TN_TRY(run_init(conn, err));
    if (conn->conf->read_only && sqlite3_exec(conn->db, "PRAGMA query_only = 1", NULL, NULL, NULL) != SQLITE_OK)
        return fail_open(err, conn->db, SQLITE_ERROR, conn->conf->database_path.ptr);
    conn->guarded = true;
    return TN_OK;
}

enum tn_status tn_sqlite_conn_new(struct tn_sqlite_conn **out, struct tn_cluster *cluster, struct tn_error *err)
{
    struct tn_sqlite_conn *conn = tn_calloc(1, sizeof *conn);
    enum tn_status         status;

    *out = NULL;
    if (conn == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory for a connection");
    conn->shared = cluster->engine;
    conn->conf = cluster->conf;
    status = tn_sqlite_open(&conn->db, cluster, err);
    if (status == TN_OK)
        status = set_up(conn, err);
    if (status != TN_OK)
        tn_sqlite_conn_free(conn);
    else
        *out = conn;
    return status;
}

void tn_sqlite_conn_free(struct tn_sqlite_conn *conn)
{
    if (conn == NULL)
        return;
    tn_sqlite_stmts_reset(&conn->stmts);
    sqlite3_close_v2(conn->db);
    tn_sqlite_builder_free(&conn->builder);
    tn_free(conn->texts.data);
    tn_free(conn->cells);
    tn_free(conn);
}

bool tn_sqlite_conn_reset(struct tn_sqlite_conn *conn)
{
    atomic_store(&conn->interrupted, false);
    if (!sqlite3_get_autocommit(conn->db))
        sqlite3_exec(conn->db, "ROLLBACK", NULL, NULL, NULL);
    return !conn->tainted && sqlite3_get_autocommit(conn->db);
}

void tn_sqlite_conn_interrupt(struct tn_sqlite_conn *conn)
{
    atomic_store(&conn->interrupted, true);
    sqlite3_interrupt(conn->db);
}

/* One connection to the console: SQLite's, with the console's tables and a stricter guard. */
#include "base/alloc.h"
#include "console/console.h"
#include "console/console_command.h"
#include "console/console_psql.h"
#include "console/console_table.h"
#include "engine/blocking.h"
#include "engine/sqlite/sqlite_conn.h"
#include "engine/sqlite/sqlite_run.h"

enum {
    STEPS = 2000, /* of SQLite's machine between two looks at the limits: some 50 us */
    LENGTH_MAX = 16 * 1024 * 1024,
    SQL_MAX = 1024 * 1024,
};

struct console_conn {
    struct tn_sqlite_conn     *sqlite;
    struct tn_server          *server;
    struct tn_console_tables   tables;
    int64_t                    memory_before; /* all of SQLite's, when the statement began */
    bool                       too_large;
    bool                       guarded;
    struct tn_run              run; /* of a command: what is run instead */
    enum tn_console_command    command;
};

/* ---- guard ---- */

static bool may_ask(const char *pragma)
{
    static const char *const names[] = {"table_info", "table_xinfo", "table_list", "function_list", "compile_options"};

    for (size_t i = 0; pragma != NULL && i < TN_ARRAY_LEN(names); i++)
        if (strcasecmp(pragma, names[i]) == 0)
            return true;
    return false;
}

static int authorize(void *arg, int action, const char *first, const char *second, const char *database, const char *trigger)
{
    const struct console_conn *conn = arg;

    (void)database;
    (void)trigger;
    if (!conn->guarded || conn->tables.declaring)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT: return SQLITE_OK;
    case SQLITE_FUNCTION:  return second != NULL && strcasecmp(second, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA:    return may_ask(first) ? SQLITE_OK : SQLITE_DENY;
    default:               return SQLITE_DENY;
    }
}

/* Memory is counted for all of SQLite in this process: others' growth meanwhile may end a statement of the console, never
 * the other way round. */
static int on_progress(void *arg)
{
    struct console_conn *conn = arg;

    if (atomic_load_explicit(&conn->sqlite->interrupted, memory_order_relaxed))
        return 1;
    conn->too_large = sqlite3_memory_used() - conn->memory_before > TN_CONSOLE_MEMORY;
    return conn->too_large;
}

/* ---- what clients of PostgreSQL ask for by itself ---- */

static void fn_version(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    sqlite3_result_text(context, "Turnout " TN_VERSION " console on SQLite", -1, SQLITE_STATIC);
}

static void fn_database(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    sqlite3_result_text(context, TN_CONSOLE_DATABASE, -1, SQLITE_STATIC);
}

static void fn_schema(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    sqlite3_result_text(context, "main", -1, SQLITE_STATIC);
}

static const char *const information_schema[] = {
    "ATTACH ':memory:' AS information_schema",
    "CREATE TABLE information_schema.tables(table_catalog TEXT, table_schema TEXT, table_name TEXT, table_type TEXT)",
    ("CREATE TABLE information_schema.columns(table_catalog TEXT, table_schema TEXT, table_name TEXT, column_name TEXT,"
     " ordinal_position BIGINT, is_nullable TEXT, data_type TEXT)"),
    "INSERT INTO information_schema.tables SELECT 'turnout', 'main', name, 'VIEW' FROM help WHERE kind = 'table'",
    "INSERT INTO information_schema.columns SELECT 'turnout', 'main', table_name, column_name, position, 'YES', data_type FROM table_columns",
    "PRAGMA temp_store = MEMORY",
};

static enum tn_status set_up(struct console_conn *conn, struct tn_error *err)
{
    static const struct {
        const char *name;
        void (*fn)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {{"version", fn_version}, {"current_database", fn_database}, {"current_catalog", fn_database}, {"current_schema", fn_schema}};
    sqlite3 *db = conn->sqlite->db;
    int      rc = tn_console_tables_register(&conn->tables, db);

    sqlite3_set_authorizer(db, authorize, conn);
    for (size_t i = 0; i < TN_ARRAY_LEN(functions) && rc == SQLITE_OK; i++)
        rc = sqlite3_create_function(db, functions[i].name, 0, SQLITE_UTF8 | SQLITE_INNOCUOUS, NULL, functions[i].fn, NULL, NULL);
    for (size_t i = 0; i < TN_ARRAY_LEN(information_schema) && rc == SQLITE_OK; i++)
        rc = sqlite3_exec(db, information_schema[i], NULL, NULL, NULL);
    tn_console_tables_clear(&conn->tables);
    if (rc != SQLITE_OK)
        return tn_fail(err, TN_E_CONNECTION, "08001", "the console cannot start: %s", sqlite3_errmsg(db));
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
    sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, SQL_MAX);
    conn->guarded = true;
    return TN_OK;
}

/* ---- struct tn_blocking_ops ---- */

static void console_disconnect(void *handle)
{
    struct console_conn *conn = handle;

    if (conn->sqlite != NULL)
        tn_sqlite_conn_free(conn->sqlite);
    tn_console_tables_clear(&conn->tables);
    tn_free(conn);
}

static enum tn_status console_connect(struct tn_cluster *cluster, void **out, struct tn_error *err)
{
    struct console_conn *conn = tn_calloc(1, sizeof *conn);
    enum tn_status       status;

    if (conn == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for the console");
    conn->server = tn_console_of(cluster)->server;
    tn_console_tables_init(&conn->tables, conn->server, NULL);
    status = tn_sqlite_conn_new(&conn->sqlite, cluster, err);
    if (status == TN_OK) {
        conn->tables.interrupted = &conn->sqlite->interrupted;
        status = set_up(conn, err);
    }
    if (status != TN_OK)
        console_disconnect(conn);
    else
        *out = conn;
    return status;
}

static bool console_reset(void *handle)
{
    struct console_conn *conn = handle;

    return tn_sqlite_conn_reset(conn->sqlite);
}

/* SQLite knows that something failed, we know what. */
static enum tn_status explain_failure(struct console_conn *conn, enum tn_status status, struct tn_error *err)
{
    if (status == TN_OK)
        return TN_OK;
    if (conn->tables.error.status != TN_OK) {
        status = conn->tables.error.status;
        tn_error_move(err, &conn->tables.error);
        if (status != TN_E_CANCELLED)
            tn_error_blame(err, TN_FAULT_QUERY, false);
    } else if (conn->too_large) {
        tn_error_reset(err);
        status = tn_fail(err, TN_E_LIMIT, "54000", "the statement needs more than the %d MiB that the console allows", TN_CONSOLE_MEMORY >> 20);
        tn_error_blame(err, TN_FAULT_QUERY, false);
    } else if (!err->from_engine) { /* a command's: it says what to do */
        return status;
    } else if (strcmp(err->sqlstate, "42501") == 0) {
        tn_error_hint(err, "The console only reads; SHOW HELP lists its tables and commands.");
    } else if (strcmp(err->sqlstate, "42P01") == 0 || strcmp(err->sqlstate, "42601") == 0) {
        tn_error_hint(err, "SHOW HELP lists the tables and commands of the console; its SQL is SQLite's.");
    }
    if (err->fault == TN_FAULT_ENGINE)
        err->fault = TN_FAULT_QUERY; /* there is no other member, and no breaker */
    return status;
}

static enum tn_status run_sql(struct console_conn *conn, const struct tn_run *run, struct tn_str sql, struct tn_arena *arena,
                              struct tn_blocking_result *out, struct tn_error *err)
{
    static const struct tn_features read = {.class = TN_CLASS_READ, .verb = TN_VERB_SELECT};

    conn->run = *run;
    conn->run.sql = sql;
    conn->run.features = &read;
    conn->run.params = (struct tn_params){.count = 0};
    return tn_sqlite_start(conn->sqlite, &conn->run, arena, out, err);
}

/* The answer to a command is a row, as any client can show it. */
static enum tn_status run_command(struct console_conn *conn, const struct tn_run *run, struct tn_str operand, struct tn_arena *arena,
                                  struct tn_blocking_result *out, struct tn_error *err)
{
    struct tn_buf  result, sql;
    struct tn_str  text = {NULL, 0};
    enum tn_status status = TN_OK;

    if (conn->command == TN_CONSOLE_COMMAND_HELP)
        return run_sql(conn, run, TN_STR("SELECT * FROM help ORDER BY kind DESC, name"), arena, out, err);
    if (conn->command == TN_CONSOLE_COMMAND_TABLES)
        return run_sql(conn, run, TN_STR("SELECT name, help FROM help WHERE kind = 'table' ORDER BY name"), arena, out, err);
    tn_buf_init(&result, 64 * 1024);
    tn_buf_init(&sql, 256 * 1024);
    if (run->kind == TN_RUN_EXECUTE)
        status = tn_console_command_run(conn->server, conn->command, operand, &conn->sqlite->interrupted, &result, err);
    tn_buf_puts(&sql, "SELECT ");
    tn_buf_put_quoted(&sql, tn_buf_str(&result), '\'');
    tn_buf_puts(&sql, " AS result");
    if (status == TN_OK && (sql.failed || !tn_arena_str(arena, tn_buf_str(&sql), &text)))
        status = tn_fail(err, TN_E_NOMEM, "53200", "no memory");
    tn_buf_reset(&result);
    tn_buf_reset(&sql);
    return status != TN_OK ? status : run_sql(conn, run, text, arena, out, err);
}

static enum tn_status console_start(void *handle, const struct tn_run *run, struct tn_arena *arena, struct tn_blocking_result *out,
                                    struct tn_error *err)
{
    struct console_conn *conn = handle;
    struct tn_str        operand, instead;
    enum tn_status       status;

    tn_console_tables_clear(&conn->tables);
    conn->tables.describing = run->kind == TN_RUN_DESCRIBE;
    conn->too_large = false;
    conn->memory_before = sqlite3_memory_used();
    conn->sqlite->run = NULL;
    atomic_store(&conn->sqlite->interrupted, false);
    if (run->kind == TN_RUN_EXECUTE) /* describing has a handler of its own */
        sqlite3_progress_handler(conn->sqlite->db, STEPS, on_progress, conn);
    conn->command = tn_console_command_find(run->sql, &operand);
    if (conn->command != TN_CONSOLE_COMMANDS)
        status = run_command(conn, run, operand, arena, out, err);
    else if (tn_console_psql(run->sql, arena, &instead))
        status = run_sql(conn, run, instead, arena, out, err);
    else
        status = tn_sqlite_start(conn->sqlite, run, arena, out, err);
    return explain_failure(conn, status, err);
}

static enum tn_status console_next(void *handle, struct tn_batch *batch, struct tn_blocking_result *out, struct tn_error *err)
{
    struct console_conn *conn = handle;
    enum tn_status       status = tn_sqlite_next(conn->sqlite, batch, out, err);

    if (status == TN_OK && conn->command > TN_CONSOLE_COMMAND_TABLES && conn->command != TN_CONSOLE_COMMANDS)
        tn_console_command_tag(conn->command, out->tag, sizeof out->tag);
    return explain_failure(conn, status, err);
}

static void console_finish(void *handle)
{
    struct console_conn *conn = handle;

    if (conn->sqlite->run != NULL)
        tn_sqlite_finish(conn->sqlite);
    sqlite3_progress_handler(conn->sqlite->db, 0, NULL, NULL);
    tn_console_tables_clear(&conn->tables);
}

static void console_interrupt(void *handle)
{
    struct console_conn *conn = handle;

    tn_sqlite_conn_interrupt(conn->sqlite);
}

const struct tn_blocking_ops tn_console_blocking_ops = {
    .connect = console_connect,
    .disconnect = console_disconnect,
    .reset = console_reset,
    .start = console_start,
    .next = console_next,
    .finish = console_finish,
    .interrupt = console_interrupt,
};

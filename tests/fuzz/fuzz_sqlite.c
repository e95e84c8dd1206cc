/* What clients and files can put into the SQLite engine: statements (run on a small database in memory, with a bound on
 * their work), words for transactions, declarations of types, dates. The first byte says which. */
#include "engine/sqlite/sqlite_conn.h"
#include "engine/sqlite/sqlite_run.h"
#include "engine/sqlite/sqlite_time.h"
#include "engine/sqlite/sqlite_words.h"
#include "stats/features.h"

#include "base/alloc.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_progress(void *budget)
{
    return --*(int *)budget < 0;
}

static struct tn_sqlite_conn *new_conn(void)
{
    static struct tn_cluster_conf conf = {.name = {"fuzz", 4}, .engine = TN_CFG_ENGINE_SQLITE, .enabled = true};
    static struct tn_cluster      cluster = {.refs = 1, .conf = &conf};
    struct tn_sqlite_conn        *conn;

    cluster.ops = tn_engine_find(TN_CFG_ENGINE_SQLITE);
    if (cluster.engine == NULL && cluster.ops->open(&cluster, NULL) != TN_OK)
        abort();
    if (tn_sqlite_conn_new(&conn, &cluster, NULL) != TN_OK)
        abort();
    sqlite3_limit(conn->db, SQLITE_LIMIT_LENGTH, 100000);
    return conn;
}

static void drop_rows(struct tn_sqlite_conn *conn, struct tn_blocking_result *result, struct tn_error *err)
{
    struct tn_batch batch = {.rows = 0};

    while (tn_sqlite_next(conn, &batch, result, err) == TN_OK && batch.release != NULL) {
        if (batch.rows <= 0 || batch.schema->count == 0)
            abort();
        tn_batch_release(&batch);
        batch = (struct tn_batch){.rows = 0};
    }
}

static void run_statement(struct tn_str sql, enum tn_run_kind kind)
{
    static const struct tn_param params[] = {{.value = {.type = TN_TYPE_INT64, .as.i64 = 1}},
                                             {.value = {.type = TN_TYPE_TEXT, .untyped = true, .as.text = {"2", 1}}}};
    struct tn_sqlite_conn    *conn = new_conn();
    struct tn_features        features;
    struct tn_arena           arena;
    struct tn_blocking_result result = {.schema = NULL};
    struct tn_error           err = TN_ERROR_INIT;
    struct tn_run             run = {.kind = kind, .sql = sql, .features = &features, .extended = true,
                                     .params = {.count = 2, .items = params}};
    int                       budget = 200;

    tn_features_read(&features, sql, TN_DIALECT_POSTGRES);
    sqlite3_exec(conn->db, "CREATE TEMP TABLE t (a INTEGER, b DATE, c DECIMAL(5,2), d); INSERT INTO t VALUES (1, "
                           "'2024-01-01', 1.5, x'00'), (2, 'x', 'y', NULL)", NULL, NULL, NULL);
    tn_arena_init(&arena, 0);
    sqlite3_progress_handler(conn->db, 100, on_progress, &budget);
    if (tn_sqlite_start(conn, &run, &arena, &result, &err) == TN_OK && kind == TN_RUN_EXECUTE)
        drop_rows(conn, &result, &err);
    else if (err.status != TN_OK && (err.sqlstate[0] == '\0' || err.message[0] == '\0'))
        abort();
    tn_sqlite_finish(conn);
    tn_sqlite_conn_reset(conn);
    tn_sqlite_conn_free(conn);
    tn_error_reset(&err);
    tn_arena_reset(&arena);
}

static void read_words(struct tn_str sql, bool in_transaction)
{
    struct tn_features features;
    struct tn_arena    arena;
    struct tn_str      out;

    tn_arena_init(&arena, 0);
    tn_features_read(&features, sql, TN_DIALECT_POSTGRES);
    if (tn_sqlite_words(&out, sql, &features, in_transaction, &arena, NULL) == TN_OK && out.len > 0 && out.ptr == NULL)
        abort();
    tn_arena_reset(&arena);
}

/* What was read is written as something that reads the same. */
static void read_time(struct tn_str text)
{
    char    out[TN_SQLITE_TIME_TEXT];
    int64_t us, again;
    int32_t days, days_again, offset;

    if (tn_sqlite_read_date(text, &days)) {
        tn_sqlite_write_date(out, days);
        if (!tn_sqlite_read_date(tn_str(out), &days_again) || days_again != days)
            abort();
    }
    if (tn_sqlite_read_time(text, &us)) {
        tn_sqlite_write_time(out, us);
        if (!tn_sqlite_read_time(tn_str(out), &again) || again != us)
            abort();
    }
    if (tn_sqlite_read_timestamp(text, &us, &offset) && offset == 0) {
        tn_sqlite_write_timestamp(out, us);
        if (!tn_sqlite_read_timestamp(tn_str(out), &again, &offset) || again != us)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_str text = tn_str_n((const char *)data + 1, size > 0 ? size - 1 : 0);
    char         *copy;

    if (size == 0)
        return 0;
    copy = tn_strndup(text.ptr, text.len); /* ends where the sanitizer sees it */
    text.ptr = copy;
    switch (data[0] % 6) {
    case 0: run_statement(text, TN_RUN_EXECUTE); break;
    case 1: run_statement(text, TN_RUN_DESCRIBE); break;
    case 2: read_words(text, true); break;
    case 3: read_words(text, false); break;
    case 4: read_time(text); break;
    default:
        (void)tn_sqlite_declared_type(copy);
        (void)tn_sqlite_guessed_type(copy);
        break;
    }
    tn_free(copy);
    return 0;
}

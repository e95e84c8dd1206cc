/* DuckDB as an engine behind blocking calls: its two tables. */
#include "base/alloc.h"
#include "engine/blocking.h"
#include "engine/can_run.h"
#include "engine/cluster.h"
#include "engine/duckdb/duckdb_batch.h"
#include "engine/duckdb/duckdb_conn.h"
#include "engine/duckdb/duckdb_error.h"
#include "engine/duckdb/duckdb_guard.h"
#include "engine/duckdb/duckdb_json.h"

enum { DEFAULT_MAX_RUNNING = 4 }; /* one query uses all threads of the database: more only share them */

/* A position in the text that DuckDB saw is one in the client's only as far as both are the same. */
static void check_position(const struct tn_duckdb_conn *conn, struct tn_error *err)
{
    size_t same = 0, characters = 1;

    if (err == NULL || err->position == 0)
        return;
    for (; same < conn->sql.len && same < conn->client_sql.len && conn->sql.ptr[same] == conn->client_sql.ptr[same]; same++)
        characters += ((unsigned char)conn->sql.ptr[same] & 0xC0) != 0x80;
    if ((size_t)err->position > characters)
        err->position = 0;
}

enum tn_status tn_duckdb_conn_fail(struct tn_duckdb_conn *conn, int type, const char *message, struct tn_error *err)
{
    enum tn_status status;

    if (type == TN_DUCKDB_ERROR_INVALID)
        type = tn_duckdb_error_class(message);
    status = tn_duckdb_fail(err, type, message, conn->sql);
    check_position(conn, err);
    if (type != TN_DUCKDB_ERROR_FATAL) /* the message may hold a client's own words */
        return status;
    /* It can only be closed and opened again: every later statement would fail. */
    tn_duckdb_database_invalidate(conn->cluster, conn->database);
    if (err != NULL)
        err->status = TN_E_CONNECTION;
    return TN_E_CONNECTION;
}

/* ---- connections ---- */

static void disconnect(void *handle)
{
    struct tn_duckdb_conn *conn = handle;

    tn_duckdb_settings_free(conn);
    conn->api->disconnect(&conn->handle);
    tn_duckdb_database_put(conn->database);
    tn_free(conn);
}

/* What needs files (ATTACH, LOAD) ran when the database was opened and holds for all connections; here it is refused,
 * which does not matter. */
static enum tn_status run_init_sql(struct tn_duckdb_conn *conn, struct tn_error *err)
{
    const struct tn_cluster_conf *conf = conn->cluster->conf;

    for (size_t i = 0; i < conf->init_sql.count; i++) {
        struct tn_error why = TN_ERROR_INIT;
        enum tn_status  status = tn_duckdb_run(conn->api, conn->handle, conf->init_sql.items[i].ptr, &why);
        bool            once = tn_duckdb_error_class(why.message) == TN_DUCKDB_ERROR_PERMISSION || strstr(why.message, "already exists") != NULL ||
                    strstr(why.message, "already attached") != NULL;
        if (status != TN_OK && !once) {
            if (err != NULL)
                tn_error_move(err, &why);
            return status;
        }
        tn_error_reset(&why);
    }
    return TN_OK;
}

/* What DuckDB computes ahead of a reader that waits. It counts a chunk of long texts as a small one: its own megabyte is
 * hundreds in truth. Below a quarter of it the reader would wait for DuckDB. initSql may say otherwise. */
static enum tn_status limit_ahead(struct tn_duckdb_conn *conn, struct tn_error *err)
{
    return tn_duckdb_run(conn->api, conn->handle, "SET streaming_buffer_size = '256KB'", err);
}

static enum tn_status connect_database(struct tn_cluster *cluster, void **out, struct tn_error *err)
{
    struct tn_duckdb_conn *conn = tn_calloc(1, sizeof *conn);
    enum tn_status         status;

    *out = NULL;
    if (conn == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a DuckDB connection");
    conn->cluster = cluster->engine;
    conn->api = &conn->cluster->api;
    status = tn_duckdb_database_get(conn->cluster, &conn->database, err);
    if (status != TN_OK) {
        tn_free(conn);
        return status;
    }
    if (conn->api->connect(tn_duckdb_database_handle(conn->database), &conn->handle) != TN_DUCKDB_OK)
        status = tn_fail(err, TN_E_ENGINE, "08001", "DuckDB gave no connection");
    if (status == TN_OK)
        status = limit_ahead(conn, err);
    if (status == TN_OK)
        status = run_init_sql(conn, err);
    if (status == TN_OK)
        status = tn_duckdb_profile_start(conn, err);
    if (status != TN_OK) {
        disconnect(conn);
        return status;
    }
    *out = conn;
    return TN_OK;
}

/* A new connection is a matter of microseconds and leaves nothing behind: temporary tables, prepared statements, an open
 * transaction. */
static bool reset(void *handle)
{
    (void)handle;
    return false;
}

static void interrupt(void *handle)
{
    struct tn_duckdb_conn *conn = handle;

    atomic_store(&conn->interrupted, true);
    conn->api->interrupt(conn->handle);
}

/* ---- running ---- */

static bool is_only_column(const struct tn_duckdb_plan *plan, const char *name, enum tn_duckdb_type id)
{
    return plan->schema.count == 1 && plan->shapes[0].id == id && tn_str_eq_c(plan->schema.columns[0].name, name);
}

/* RETURNING of a translation, for what clients of MySQL are told with the end of an INSERT (mysql_inserts.py). */
static bool tells_ids(const struct tn_duckdb_plan *plan)
{
    return is_only_column(plan, "turnout: inserted", TN_DUCKDB_BIGINT);
}

/* Before a statement has run: will it return rows? DuckDB gives DML one column "Count" and commands one "Success". */
static bool will_return_rows(struct tn_duckdb_conn *conn)
{
    const struct tn_duckdb_plan *plan = &conn->plan;

    switch (conn->api->prepared_statement_type(conn->prepared)) {
    case TN_DUCKDB_STATEMENT_SELECT:
    case TN_DUCKDB_STATEMENT_EXPLAIN: return true;
    case TN_DUCKDB_STATEMENT_INSERT:
    case TN_DUCKDB_STATEMENT_UPDATE:
    case TN_DUCKDB_STATEMENT_DELETE:
    case TN_DUCKDB_STATEMENT_MERGE:
        if (tells_ids(plan))
            return false;
        return !is_only_column(plan, "Count", TN_DUCKDB_BIGINT) || tn_duckdb_has_word(conn->sql, "returning");
    case TN_DUCKDB_STATEMENT_CALL: return !is_only_column(plan, "Success", TN_DUCKDB_BOOLEAN);
    default: return !is_only_column(plan, "Success", TN_DUCKDB_BOOLEAN) && !is_only_column(plan, "Count", TN_DUCKDB_BIGINT);
    }
}

static bool did_return_rows(struct tn_duckdb_conn *conn)
{
    return !tells_ids(&conn->plan) && conn->api->result_return_type(conn->result) == TN_DUCKDB_RETURN_ROWS &&
           !(conn->api->prepared_statement_type(conn->prepared) == TN_DUCKDB_STATEMENT_CALL &&
             is_only_column(&conn->plan, "Success", TN_DUCKDB_BOOLEAN));
}

/* The schema outlives the plan: it is looked at until the run's last event. */
static enum tn_status give_schema(struct tn_duckdb_conn *conn, struct tn_blocking_result *out, struct tn_error *err)
{
    struct tn_schema *schema = tn_arena_alloc(conn->arena, sizeof *schema);

    if (schema == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "duckDb: no memory for the columns of a result");
    *schema = conn->plan.schema;
    out->schema = schema;
    return TN_OK;
}

static enum tn_status describe(struct tn_duckdb_conn *conn, const struct tn_run *run, struct tn_blocking_result *out, struct tn_error *err)
{
    TN_TRY(tn_duckdb_describe_params(conn, run, out, err));
    TN_TRY(tn_duckdb_plan_prepared(&conn->plan, conn->prepared, err));
    return will_return_rows(conn) ? give_schema(conn, out, err) : TN_OK;
}

/* Runs the statement again and throws its rows away; the class of its error, TN_DUCKDB_ERROR_INVALID without one. */
static int run_again(struct tn_duckdb_conn *conn)
{
    const struct tn_duckdb_api *api = conn->api;
    tn_duckdb_pending           pending = NULL;
    tn_duckdb_chunk             chunk;

    api->destroy_result(&conn->result);
    conn->has_result = api->pending_prepared_streaming(conn->prepared, &pending) == TN_DUCKDB_OK;
    if (conn->has_result && api->execute_pending(pending, &conn->result) == TN_DUCKDB_OK)
        while ((chunk = api->fetch_chunk(conn->result)) != NULL)
            api->destroy_data_chunk(&chunk);
    api->destroy_pending(&pending);
    return conn->has_result ? api->result_error_type(&conn->result) : TN_DUCKDB_ERROR_INVALID;
}

/* The result's error. A thread of DuckDB's that fails interrupts the others; who fetches may see that first, and then the error
 * is "Interrupted", which nobody asked for, and the reason is lost. For it a statement that may run twice does. */
static enum tn_status fail_result(struct tn_duckdb_conn *conn, struct tn_error *err)
{
    enum { LOOKS = 8 };
    int         type = conn->api->result_error_type(&conn->result);
    const char *message;
    bool        again = false, lost;

    for (int i = 0; i < LOOKS && type == TN_DUCKDB_ERROR_INTERRUPT && conn->repeatable && !atomic_load(&conn->interrupted); i++) {
        again = true;
        type = run_again(conn);
    }
    message = conn->has_result ? conn->api->result_error(&conn->result) : NULL;
    lost = type == TN_DUCKDB_ERROR_INTERRUPT || (again && type == TN_DUCKDB_ERROR_TRANSACTION); /* there the first error ended it */
    if (message != NULL && message[0] != '\0' && (!lost || atomic_load(&conn->interrupted)))
        return tn_duckdb_conn_fail(conn, type, message, err);
    tn_fail(err, TN_E_ENGINE, "XX000", "the statement failed and DuckDB did not keep the reason");
    tn_error_hint(err, "Run it again: DuckDB loses the reason when one of its threads fails just while another hands over rows.");
    tn_error_blame(err, TN_FAULT_QUERY, true);
    return TN_E_ENGINE;
}

static enum tn_status execute(struct tn_duckdb_conn *conn, struct tn_error *err)
{
    const struct tn_duckdb_api *api = conn->api;
    tn_duckdb_pending           pending = NULL;
    enum tn_status              status = TN_OK;

    if (api->pending_prepared_streaming(conn->prepared, &pending) != TN_DUCKDB_OK) {
        status = tn_duckdb_conn_fail(conn, TN_DUCKDB_ERROR_INVALID, api->pending_error(pending), err);
    } else {
        conn->has_result = true;
        if (api->execute_pending(pending, &conn->result) != TN_DUCKDB_OK)
            status = fail_result(conn, err);
    }
    api->destroy_pending(&pending);
    return status;
}

/* The next chunk that has rows, or NULL at the end. */
static enum tn_status fetch(struct tn_duckdb_conn *conn, tn_duckdb_chunk *out, struct tn_error *err)
{
    const struct tn_duckdb_api *api = conn->api;
    const char                 *message;

    while ((*out = api->fetch_chunk(conn->result)) != NULL) {
        if (api->data_chunk_get_size(*out) > 0)
            return TN_OK;
        api->destroy_data_chunk(out);
    }
    message = api->result_error(&conn->result); /* NULL stands for the end and for an error */
    return message == NULL || message[0] == '\0' ? TN_OK : fail_result(conn, err);
}

static void take_ids(struct tn_duckdb_conn *conn, tn_duckdb_chunk chunk, struct tn_blocking_result *out)
{
    tn_duckdb_vector vector = conn->api->data_chunk_get_vector(chunk, 0);
    uint64_t         count = conn->api->data_chunk_get_size(chunk);
    const int64_t   *ids = conn->api->vector_get_data(vector);

    if (count > 0 && out->insert_id == 0 && tn_duckdb_is_valid(conn->api->vector_get_validity(vector), 0) && ids[0] > 0)
        out->insert_id = (uint64_t)ids[0];
    out->affected += count;
}

/* A statement without rows of its own: runs to its end; the number of changed rows is its only value. */
static enum tn_status drain(struct tn_duckdb_conn *conn, struct tn_blocking_result *out, struct tn_error *err)
{
    bool            counts = is_only_column(&conn->plan, "Count", TN_DUCKDB_BIGINT), ids = tells_ids(&conn->plan);
    tn_duckdb_chunk chunk;

    for (;;) {
        TN_TRY(fetch(conn, &chunk, err));
        if (chunk == NULL)
            break;
        if (ids)
            take_ids(conn, chunk, out);
        if (counts)
            out->affected += (uint64_t)*(const int64_t *)conn->api->vector_get_data(conn->api->data_chunk_get_vector(chunk, 0));
        conn->api->destroy_data_chunk(&chunk);
    }
    conn->ended = true;
    conn->committing = false;
    tn_duckdb_profile_read(conn, out);
    return TN_OK;
}

/* PRAGMA name = value is a SET that holds for the whole database: one client's memory limit would be everybody's. */
static enum tn_status check_pragma(struct tn_duckdb_conn *conn, const struct tn_run *run, struct tn_error *err)
{
    if (run->features == NULL || run->features->verb != TN_VERB_PRAGMA ||
        conn->api->prepared_statement_type(conn->prepared) != TN_DUCKDB_STATEMENT_SET)
        return TN_OK;
    tn_fail(err, TN_E_DENIED, "42501", "PRAGMA that sets something would change it for all users of the database");
    tn_error_hint(err, "Use SET name = value, which holds for this session; what holds for the database belongs into the cluster's configuration.");
    tn_error_blame(err, TN_FAULT_QUERY, false);
    return TN_E_DENIED;
}

/* What was set on this connection is its session's own; the session's next statements bring it along by themselves. */
static bool sets_something(const struct tn_run *run)
{
    const struct tn_features *features = run->features;

    return run->kind == TN_RUN_EXECUTE && features != NULL &&
           (features->verb == TN_VERB_SET || features->verb == TN_VERB_RESET || features->verb == TN_VERB_CALL || features->verb == TN_VERB_PRAGMA ||
            features->class == TN_CLASS_MULTI);
}

/* The client's transaction has begun, or is over: a COMMIT that fails ends it, too. */
static void note_transaction(struct tn_duckdb_conn *conn, const struct tn_run *run, enum tn_status status)
{
    switch (run->features == NULL ? 0 : (int)run->features->verb) {
    case TN_VERB_BEGIN:
    case TN_VERB_START:    conn->in_transaction = conn->in_transaction || status == TN_OK; break;
    case TN_VERB_COMMIT:
    case TN_VERB_END:
    case TN_VERB_ROLLBACK:
    case TN_VERB_ABORT:    conn->in_transaction = false; break;
    default:               break;
    }
}

static enum tn_status start(void *handle, const struct tn_run *run, struct tn_arena *arena, struct tn_blocking_result *out,
                            struct tn_error *err)
{
    struct tn_duckdb_conn *conn = handle;
    enum tn_status         status;

    out->yields = true; /* its transactions wait for none */
    conn->arena = arena;
    conn->sql = conn->client_sql = run->sql;
    conn->params = (struct tn_duckdb_params){.highest = 0};
    conn->guesses = conn->oids = NULL;
    conn->ended = conn->committing = false;
    conn->repeatable = run->features != NULL && tn_features_repeatable(run->features);
    atomic_store(&conn->interrupted, false);
    tn_duckdb_plan_init(&conn->plan, conn->api, arena);
    TN_TRY(tn_duckdb_guard(run->sql, arena, err));
    status = tn_duckdb_settings_apply(conn, run->settings, err);
    out->dirty = status != TN_OK; /* what cannot be taken back is not handed on */
    TN_TRY(status);
    TN_TRY(tn_duckdb_prepare(conn, run, err));
    TN_TRY(check_pragma(conn, run, err));
    if (run->kind == TN_RUN_DESCRIBE)
        return describe(conn, run, out, err);
    TN_TRY(tn_duckdb_bind(conn, run, err));
    out->dirty = sets_something(run);
    status = execute(conn, err);
    note_transaction(conn, run, status);
    TN_TRY(status);
    TN_TRY(tn_duckdb_plan_result(&conn->plan, &conn->result, err));
    if (!did_return_rows(conn))
        return drain(conn, out, err);
    if (conn->plan.needs_cast)
        return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "a column of this statement has a DuckDB type that cannot be returned; cast it to VARCHAR");
    return give_schema(conn, out, err);
}

static bool changes_rows(int statement)
{
    return statement == TN_DUCKDB_STATEMENT_INSERT || statement == TN_DUCKDB_STATEMENT_UPDATE || statement == TN_DUCKDB_STATEMENT_DELETE ||
           statement == TN_DUCKDB_STATEMENT_MERGE;
}

static enum tn_status next(void *handle, struct tn_batch *batch, struct tn_blocking_result *out, struct tn_error *err)
{
    struct tn_duckdb_conn *conn = handle;

    batch->release = NULL;
    if (conn->ended)
        return TN_OK;
    if (conn->chunk != NULL)
        return tn_duckdb_batch_make(batch, &conn->plan, &conn->chunk, &conn->row, err);
    TN_TRY(fetch(conn, &conn->chunk, err));
    if (conn->chunk == NULL) {
        conn->ended = true;
        tn_duckdb_profile_read(conn, out);
        return TN_OK;
    }
    conn->row = 0;
    if (changes_rows(conn->api->prepared_statement_type(conn->prepared)))
        out->affected += conn->api->data_chunk_get_size(conn->chunk); /* RETURNING: a row for each */
    return tn_duckdb_batch_make(batch, &conn->plan, &conn->chunk, &conn->row, err);
}

/* A transaction of ours; a COMMIT that failed has done it. */
static void roll_back(struct tn_duckdb_conn *conn)
{
    struct tn_error why = TN_ERROR_INIT;

    conn->committing = false;
    if (tn_duckdb_run(conn->api, conn->handle, "ROLLBACK", &why) != TN_OK)
        tn_error_reset(&why);
}

static void finish(void *handle)
{
    struct tn_duckdb_conn *conn = handle;

    if (conn->chunk != NULL)
        conn->api->destroy_data_chunk(&conn->chunk);
    conn->chunk = NULL;
    if (conn->has_result)
        conn->api->destroy_result(&conn->result);
    conn->has_result = false;
    conn->api->destroy_prepare(&conn->prepared);
    if (conn->committing)
        roll_back(conn);
    tn_duckdb_plan_reset(&conn->plan);
    conn->arena = NULL;
    conn->sql = conn->client_sql = TN_STR("");
    conn->guesses = conn->oids = NULL;
}

static const struct tn_blocking_ops blocking_ops = {
    .connect = connect_database,
    .disconnect = disconnect,
    .reset = reset,
    .start = start,
    .next = next,
    .finish = finish,
    .interrupt = interrupt,
};

/* ---- the engine's table ---- */

static enum tn_status open_cluster(struct tn_cluster *cluster, struct tn_error *err)
{
    struct tn_duckdb_cluster *shared;

    TN_TRY(tn_duckdb_cluster_open(&shared, cluster->conf, err));
    cluster->engine = shared;
    return TN_OK;
}

static void close_cluster(struct tn_cluster *cluster)
{
    tn_duckdb_cluster_close(cluster->engine);
    cluster->engine = NULL;
}

static struct tn_conn *connect(struct tn_cluster *cluster, struct tn_worker *worker,
                               void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner)
{
    return tn_blocking_connect(cluster, worker, &blocking_ops, connected, owner);
}

/* Worker thread. The pool prefers a connection that has the session's settings already. */
static void start_run(struct tn_run *run)
{
    run->conn->settings_hash = run->settings == NULL ? 0 : run->settings->hash;
    tn_blocking_start(run);
}

static bool cannot(struct tn_error *why, const char *sqlstate, const char *what)
{
    tn_fail(why, TN_E_UNSUPPORTED, sqlstate, "%s", what);
    tn_error_blame(why, TN_FAULT_UNSUPPORTED, false);
    return false;
}

static bool can_run(const struct tn_cluster *cluster, const struct tn_features *features, struct tn_error *why)
{
    switch ((int)features->verb) {
    case TN_VERB_SAVEPOINT:
    case TN_VERB_RELEASE: return cannot(why, "0A000", "DuckDB has no savepoints");
    case TN_VERB_LOCK:    return cannot(why, "0A000", "DuckDB has no LOCK");
    case TN_VERB_DO:      return cannot(why, "0A000", "DuckDB has no DO");
    default:              break;
    }
    if (features->for_update)
        return cannot(why, "0A000", "DuckDB has no SELECT ... FOR UPDATE");
    if (cluster->conf->read_only && (features->class == TN_CLASS_WRITE || (features->class == TN_CLASS_DDL && !features->needs_session)))
        return cannot(why, "25006", "the cluster is read-only");
    return tn_can_run_without_postgres("DuckDB", features, why);
}

const struct tn_engine_ops tn_engine_duckdb;
const struct tn_engine_ops tn_engine_duckdb = {
    .name = "duckDb",
    .dialect = TN_DIALECT_DUCKDB,
    .default_max_running = DEFAULT_MAX_RUNNING,
    .open = open_cluster,
    .close = close_cluster,
    .connect = connect,
    .disconnect = tn_blocking_disconnect,
    .reset = tn_blocking_reset,
    .start = start_run,
    .credit = tn_blocking_credit,
    .cancel = tn_blocking_cancel,
    .can_run = can_run,
};

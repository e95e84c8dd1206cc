#include "base/alloc.h"
#include "engine/blocking.h"
#include "engine/can_run.h"
#include "engine/cluster.h"
#include "engine/sqlite/sqlite_conn.h"
#include "engine/sqlite/sqlite_run.h"

enum { MAX_RUNNING = 16 };

/* A file that is to be written can be, and has a write-ahead log: readers and the writer do not wait for each other. A
 * lock of somebody else's leaves it as it is. */
static enum tn_status check_writable(sqlite3 *db, struct tn_error *err)
{
    enum tn_status status;

    if (sqlite3_db_readonly(db, "main") == 1) {
        status = tn_fail(err, TN_E_DENIED, "25006", "the SQLite file cannot be written");
        tn_error_hint(err, "Set readOnly: true, or give this process the right to write to the file.");
        return status;
    }
    sqlite3_set_authorizer(db, NULL, NULL);
    sqlite3_busy_timeout(db, 1000);
    sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    return TN_OK;
}

static void close_shared(struct tn_sqlite_shared *shared)
{
    sqlite3_close_v2(shared->keeper);
    tn_sqlite_memo_reset(&shared->memo);
    tn_free(shared);
}

/* One connection as a client's would be: finds a missing file, one that is no database, and mistakes in initSql. */
static enum tn_status try_connection(struct tn_cluster *cluster, struct tn_error *err)
{
    struct tn_sqlite_conn *conn;
    enum tn_status         status;

    TN_TRY(tn_sqlite_conn_new(&conn, cluster, err));
    status = cluster->conf->read_only || tn_sqlite_in_memory(cluster->conf) ? TN_OK : check_writable(conn->db, err);
    tn_sqlite_conn_free(conn);
    return status;
}

static enum tn_status sqlite_open(struct tn_cluster *cluster, struct tn_error *err)
{
    struct tn_sqlite_shared *shared = tn_calloc(1, sizeof *shared);
    enum tn_status           status = TN_OK;

    if (shared == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory");
    tn_sqlite_memo_init(&shared->memo);
    cluster->engine = shared;
    if (tn_sqlite_in_memory(cluster->conf))
        status = tn_sqlite_open(&shared->keeper, cluster, err);
    if (status == TN_OK)
        status = try_connection(cluster, err);
    if (status != TN_OK) {
        close_shared(shared);
        cluster->engine = NULL;
    }
    return status;
}

static void sqlite_close(struct tn_cluster *cluster)
{
    close_shared(cluster->engine);
    cluster->engine = NULL;
}

static enum tn_status sqlite_connect(struct tn_cluster *cluster, void **conn, struct tn_error *err)
{
    struct tn_sqlite_conn *made;

    TN_TRY(tn_sqlite_conn_new(&made, cluster, err));
    *conn = made;
    return TN_OK;
}

static void sqlite_disconnect(void *conn)
{
    tn_sqlite_conn_free(conn);
}

static bool sqlite_reset(void *conn)
{
    return tn_sqlite_conn_reset(conn);
}

static void sqlite_interrupt(void *conn)
{
    tn_sqlite_conn_interrupt(conn);
}

static const struct tn_blocking_ops sqlite_ops = {
    .connect = sqlite_connect,
    .disconnect = sqlite_disconnect,
    .reset = sqlite_reset,
    .start = tn_sqlite_start,
    .next = tn_sqlite_next,
    .finish = tn_sqlite_finish,
    .interrupt = sqlite_interrupt,
};

static struct tn_conn *connect_later(struct tn_cluster *cluster, struct tn_worker *worker,
                                     void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner)
{
    return tn_blocking_connect(cluster, worker, &sqlite_ops, connected, owner);
}

static bool sqlite_can_run(const struct tn_cluster *cluster, const struct tn_features *features, struct tn_error *why)
{
    bool writes = features->class == TN_CLASS_WRITE || features->class == TN_CLASS_DDL;

    if (!writes || !cluster->conf->read_only)
        return tn_can_run_without_postgres("SQLite", features, why);
    (void)tn_fail(why, TN_E_UNSUPPORTED, "25006", "cluster " TN_STR_FMT " is read-only",
                  TN_STR_ARG(cluster->conf->name));
    tn_error_blame(why, TN_FAULT_UNSUPPORTED, false);
    return false;
}

extern const struct tn_engine_ops tn_engine_sqlite;

const struct tn_engine_ops tn_engine_sqlite = {
    .name = "sqlite",
    .dialect = TN_DIALECT_SQLITE,
    .default_max_running = MAX_RUNNING,
    .open = sqlite_open,
    .close = sqlite_close,
    .connect = connect_later,
    .can_run = sqlite_can_run,
    TN_BLOCKING_ENGINE_OPS,
};

/* The life of a connection: what every session begins with, reset between users, end. */
#include "base/alloc.h"
#include "engine/blocking.h"
#include "engine/mysql/mysql_conn.h"

static void conn_free(struct tn_grave *grave)
{
    struct tn_mysql_conn *c = TN_CONTAINER_OF(grave, struct tn_mysql_conn, grave);

    tn_mysql_rows_free(c);
    tn_mysql_wire_reset(&c->wire);
    tn_mysql_statements_reset(&c->statements);
    tn_mysql_settings_reset(&c->settings);
    tn_error_reset(&c->broken);
    tn_error_reset(&c->failure);
    tn_buf_reset(&c->script);
    tn_buf_reset(&c->definitions);
    tn_buf_reset(&c->text);
    tn_buf_reset(&c->fields);
    tn_buf_reset(&c->decoded);
    tn_free(c->columns);
    tn_free(c->kinds);
    tn_tz_free(c->tz);
    tn_cluster_unref(c->base.cluster);
    tn_free(c);
}

void tn_mysql_connect_failed(struct tn_mysql_conn *c, struct tn_error *err)
{
    tn_error_blame(err, TN_FAULT_ENGINE, err->from_engine);
    c->lost = true;
    c->phase = TN_MYSQL_IDLE;
    c->base.state = TN_CONN_BROKEN;
    tn_mysql_watch_stop(c);
    c->base.connected(&c->base, err, c->base.owner);
    tn_error_reset(err);
}

/* A login that could not even begin is told in the next turn of the loop. */
static void on_connect_failed(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_mysql_conn *c = timer->data;
    struct tn_error       err = TN_ERROR_INIT;

    (void)loop;
    (void)revents;
    tn_fail(&err, TN_E_NOMEM, "53200", "cluster " TN_STR_FMT ": no memory for a connection", TN_STR_ARG(c->base.cluster->conf->name));
    tn_mysql_connect_failed(c, &err);
}

static void init_buffers(struct tn_mysql_conn *c)
{
    tn_mysql_wire_init(&c->wire, TN_CHUNK_MAX);
    tn_buf_init(&c->script, 1024 * 1024);
    tn_buf_init(&c->definitions, 64 * 1024 * 1024);
    tn_buf_init(&c->text, TN_CHUNK_MAX);
    tn_buf_init(&c->fields, 64 * 1024);
    tn_buf_init(&c->decoded, TN_CHUNK_MAX);
    tn_mysql_statements_init(&c->statements);
}

static void on_dialled(struct tn_dialled *dialled, void *owner)
{
    struct tn_mysql_conn *c = owner;
    struct tn_error       err = TN_ERROR_INIT;

    c->dial = NULL;
    if (dialled->fd < 0) {
        tn_fail(&err, TN_E_CONNECTION, "08001", "cluster " TN_STR_FMT ": %s", TN_STR_ARG(c->base.cluster->conf->name), dialled->why);
        tn_error_hint(&err, "check that the server runs and that the cluster's endpoint is right");
        tn_mysql_connect_failed(c, &err);
        return;
    }
    tn_transport_init(&c->wire.transport, dialled->fd);
    c->phase = TN_MYSQL_GREETING;
    tn_mysql_watch_socket(c, dialled->fd);
    ev_io_start(c->base.worker->loop, &c->read);
}

/* The last address has the time that the pool waits: it says which limit was reached. */
static bool dial(struct tn_mysql_conn *c)
{
    const struct tn_mysql_cluster *engine = tn_mysql_engine(c);
    uint64_t                       timeout = c->base.cluster->conf->connect_timeout;

    c->dial = tn_dial_start(&(struct tn_dial_request){.worker = c->base.worker, .pool = tn_blocking_pool(), .host = engine->host, .port = engine->port,
                                                      .socket = engine->socket, .timeout_us = timeout + timeout / 8,
                                                      .done = on_dialled, .owner = c});
    return c->dial != NULL;
}

struct tn_conn *tn_mysql_connect(struct tn_cluster *cluster, struct tn_worker *worker,
                                 void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner)
{
    return tn_mysql_connect_for(cluster, worker, tn_str_n(NULL, 0), connected, owner);
}

struct tn_conn *tn_mysql_connect_for(struct tn_cluster *cluster, struct tn_worker *worker, struct tn_str sql,
                                     void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner)
{
    struct tn_mysql_conn *c = tn_calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    tn_conn_init(&c->base, cluster, worker, connected, owner);
    tn_list_init(&c->grave.node);
    init_buffers(c);
    c->settings.home = tn_mysql_engine(c)->database;
    if (sql.ptr != NULL)
        tn_mysql_script_put(c, sql);
    tn_mysql_watch_init(c);
    if (!dial(c)) {
        ev_timer_init(&c->kick, on_connect_failed, 0., 0.);
        c->kick.data = c;
        ev_timer_start(worker->loop, &c->kick);
    }
    return &c->base;
}

static void forget_killer(struct tn_mysql_conn *c)
{
    if (c->killer != NULL)
        tn_mysql_disconnect(c->killer);
    c->killer = NULL;
}

/* Says good-bye where that goes at once: the server then does not count an aborted connection. */
static void say_quit(struct tn_mysql_conn *c)
{
    if (!c->lost && c->phase == TN_MYSQL_IDLE && c->wire.transport.fd >= 0 &&
        tn_mysql_wire_end(&c->wire, tn_mysql_wire_command(&c->wire, TN_MY_COM_QUIT)))
        (void)tn_mysql_wire_flush(&c->wire);
}

void tn_mysql_disconnect(struct tn_conn *conn)
{
    struct tn_mysql_conn *c = tn_mysql_conn(conn);

    if (c->closed)
        return;
    c->closed = true;
    tn_dial_stop(c->dial);
    c->dial = NULL;
    forget_killer(c);
    tn_mysql_proc_end(c);
    tn_mysql_watch_stop(c);
    say_quit(c);
    tn_worker_bury(conn->worker, &c->grave, conn_free);
}

/* ---- what a session begins with ---- */

static void put_base(struct tn_mysql_conn *c, bool again)
{
    const struct tn_mysql_cluster *engine = tn_mysql_engine(c);

    if (again && engine->flavour->resets)
        tn_mysql_script_put(c, TN_STR("SET NAMES utf8mb4"));
    tn_mysql_script_put(c, tn_str(engine->base));
    if ((c->capabilities & TN_MY_CAP_SESSION_TRACK) != 0)
        tn_mysql_script_put(c, TN_STR("SET session_track_state_change=1"));
    if (c->base.cluster->conf->read_only && engine->flavour->transactions)
        tn_mysql_script_put(c, TN_STR("SET SESSION TRANSACTION READ ONLY"));
}

void tn_mysql_logged_in(struct tn_mysql_conn *c)
{
    const struct tn_cfg_list *init = &c->base.cluster->conf->init_sql;
    struct tn_error           err = TN_ERROR_INIT;

    if (c->script.len == 0) {
        put_base(c, false);
        for (size_t i = 0; i < init->count; i++)
            tn_mysql_script_put(c, init->items[i]);
    }
    if (c->script.failed) { /* half of it must not be all that a session begins with */
        tn_fail(&err, TN_E_LIMIT, "54000", "cluster " TN_STR_FMT ": initSql is longer than 1 MiB", TN_STR_ARG(c->base.cluster->conf->name));
        tn_mysql_connect_failed(c, &err);
    } else if (!tn_mysql_script_next(c, TN_MYSQL_INIT)) {
        tn_mysql_init_ended(c);
    }
}

void tn_mysql_init_ended(struct tn_mysql_conn *c)
{
    struct tn_error err = TN_ERROR_INIT;

    if (c->lost && c->failure.status == TN_OK)
        tn_mysql_error_lost(c, &c->failure);
    if (c->failure.status != TN_OK) {
        tn_error_move(&err, &c->failure);
        if (err.from_engine && c->base.cluster->conf->init_sql.count > 0)
            tn_error_hint(&err, "a statement of initSql of cluster " TN_STR_FMT " failed", TN_STR_ARG(c->base.cluster->conf->name));
        tn_mysql_connect_failed(c, &err);
        return;
    }
    tn_mysql_script_begin(c);
    c->phase = TN_MYSQL_IDLE;
    c->base.state = TN_CONN_IDLE;
    c->base.connected(&c->base, NULL, c->base.owner);
}

/* ---- between users ---- */

static void on_reset_late(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_mysql_conn *c = timer->data;

    (void)loop;
    (void)revents;
    if (c->phase != TN_MYSQL_RESET)
        return;
    tn_mysql_lose(c, "the server did not reset the connection for its next user within connectTimeout", NULL);
    tn_mysql_pump(c);
}

/* A server that does not answer, or for ever, is not waited for longer than a log-in. */
static void limit_reset(struct tn_mysql_conn *c)
{
    ev_timer_init(&c->grace, on_reset_late, (double)c->base.cluster->conf->connect_timeout / 1e6, 0.);
    c->grace.data = c;
    ev_timer_start(c->base.worker->loop, &c->grace);
}

/* Sent at once, so that locks and temporary tables go now; a run that comes meanwhile waits for the answers. A cluster with initSql
 * gets a new connection instead, since nobody knows how to go back to what those statements made. */
bool tn_mysql_reset(struct tn_conn *conn)
{
    struct tn_mysql_conn          *c = tn_mysql_conn(conn);
    const struct tn_mysql_cluster *engine = tn_mysql_engine(c);

    if (c->lost || conn->state != TN_CONN_IDLE || c->phase != TN_MYSQL_IDLE || tn_mysql_in_transaction(c) || !engine->flavour->resets ||
        conn->cluster->conf->init_sql.count > 0 || (c->used_other_database && engine->database == NULL))
        return false;
    tn_mysql_script_begin(c);
    put_base(c, true);
    if (c->used_other_database) {
        tn_buf_clear(&c->text);
        tn_buf_puts(&c->text, "USE ");
        tn_buf_put_quoted(&c->text, tn_str(engine->database), '`');
        tn_mysql_script_put(c, tn_buf_str(&c->text));
    }
    if (c->script.failed || !tn_mysql_wire_end(&c->wire, tn_mysql_wire_command(&c->wire, TN_MY_COM_RESET_CONNECTION)))
        return false;
    c->phase = TN_MYSQL_RESET;
    c->expect = TN_MYSQL_EXPECT_FIRST;
    limit_reset(c);
    tn_mysql_flush_output(c);
    tn_mysql_statements_reset(&c->statements);
    tn_mysql_settings_reset(&c->settings);
    tn_tz_free(c->tz);
    c->tz = NULL;
    conn->settings_hash = 0;
    conn->dirty = c->dirty_by_transaction = c->used_other_database = false;
    return true;
}

void tn_mysql_reset_ended(struct tn_mysql_conn *c)
{
    ev_timer_stop(c->base.worker->loop, &c->grace);
    c->phase = TN_MYSQL_IDLE;
    if (c->failure.status != TN_OK)
        tn_mysql_lose(c, "the connection could not be reset for its next user", c->failure.message); /* nobody may have it half reset */
    tn_error_reset(&c->failure);
    tn_mysql_script_begin(c);
    if (c->run != NULL)
        tn_mysql_begin(c);
    else if (c->lost)
        c->base.state = TN_CONN_BROKEN;
}

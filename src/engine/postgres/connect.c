/* The life of a connection: login, what every session begins with, reset between users, end. */
#include "base/alloc.h"
#include "base/tz.h"
#include "engine/postgres/postgres_conn.h"

static void conn_free(struct tn_grave *grave)
{
    struct tn_postgres_conn *c = TN_CONTAINER_OF(grave, struct tn_postgres_conn, grave);

    tn_postgres_batch_free(c);
    tn_chunk_free(c->chunk);
    PQclear(c->first);
    PQclear(c->failure);
    PQfinish(c->pg);
    tn_postgres_statements_reset(&c->statements);
    tn_postgres_settings_reset(&c->settings);
    tn_buf_reset(&c->text);
    tn_buf_reset(&c->values);
    tn_buf_reset(&c->fields);
    tn_buf_reset(&c->insert);
    tn_buf_reset(&c->stale);
    tn_buf_reset(&c->base_settings);
    tn_free(c->columns);
    tn_free(c->params.types);
    tn_free(c->params.values);
    tn_free(c->params.lengths);
    tn_free(c->params.formats);
    tn_tz_free(c->tz);
    tn_cluster_unref(c->base.cluster);
    tn_free(c);
}

/* A login that could not even begin is told in the next turn of the loop. */
static void on_connect_failed(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_postgres_conn *c = timer->data;
    struct tn_error          err = TN_ERROR_INIT;

    (void)loop;
    (void)revents;
    tn_fail(&err, TN_E_NOMEM, "53200", "cluster " TN_STR_FMT ": no memory for a connection",
            TN_STR_ARG(c->base.cluster->conf->name));
    tn_error_blame(&err, TN_FAULT_ENGINE, false);
    c->base.state = TN_CONN_BROKEN;
    c->base.connected(&c->base, &err, c->base.owner);
    tn_error_reset(&err);
}

static void init_buffers(struct tn_postgres_conn *c)
{
    tn_buf_init(&c->text, TN_CHUNK_MAX);
    tn_buf_init(&c->values, TN_CHUNK_MAX);
    tn_buf_init(&c->fields, TN_CHUNK_MAX);
    tn_buf_init(&c->insert, SIZE_MAX / 2);
    tn_buf_init(&c->stale, 1024 * 1024);
    tn_buf_init(&c->base_settings, 64 * 1024);
    tn_postgres_statements_init(&c->statements);
}

struct tn_conn *tn_postgres_connect(struct tn_cluster *cluster, struct tn_worker *worker,
                                    void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner)
{
    struct tn_postgres_conn *c = tn_calloc(1, sizeof *c);
    struct tn_error          err = TN_ERROR_INIT;

    if (c == NULL)
        return NULL;
    tn_conn_init(&c->base, cluster, worker, connected, owner);
    tn_list_init(&c->grave.node);
    c->phase = TN_POSTGRES_CONNECTING;
    init_buffers(c);
    tn_postgres_watch_init(c);
    if (tn_postgres_login_start(c, &err) != TN_OK) {
        ev_timer_init(&c->kick, on_connect_failed, 0., 0.);
        ev_timer_start(worker->loop, &c->kick);
    }
    tn_error_reset(&err);
    return &c->base;
}

void tn_postgres_disconnect(struct tn_conn *conn)
{
    struct tn_postgres_conn *c = tn_postgres_conn(conn);

    if (c->closed)
        return;
    c->closed = true;
    tn_postgres_login_forget(c);
    tn_postgres_cancel_forget(c);
    tn_postgres_watch_stop(c);
    tn_worker_bury(conn->worker, &c->grave, conn_free);
}

/* Settings that the rest of Turnout relies on, where the server's own configuration has them otherwise. */
static void choose_base_settings(struct tn_postgres_conn *c)
{
    static const struct {
        const char *name, *start, *sql;
    } needed[] = {
        {"DateStyle", "ISO", "SET SESSION datestyle TO 'ISO, MDY';"},
        {"IntervalStyle", "postgres", "SET SESSION intervalstyle TO 'postgres';"},
        {"standard_conforming_strings", "on", "SET SESSION standard_conforming_strings TO on;"},
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(needed); i++) {
        const char *has = PQparameterStatus(c->pg, needed[i].name);

        if (has != NULL && strncmp(has, needed[i].start, strlen(needed[i].start)) != 0)
            tn_buf_puts(&c->base_settings, needed[i].sql);
    }
    if (c->base.cluster->conf->read_only)
        tn_buf_puts(&c->base_settings, "SET SESSION default_transaction_read_only TO on;");
}

static void connect_failed(struct tn_postgres_conn *c, struct tn_error *err)
{
    tn_error_blame(err, TN_FAULT_ENGINE, err->from_engine);
    c->phase = TN_POSTGRES_IDLE;
    c->base.state = TN_CONN_BROKEN;
    tn_postgres_watch_stop(c);
    c->base.connected(&c->base, err, c->base.owner);
    tn_error_reset(err);
}

/* First what Turnout needs, then initSql one by one. */
static struct tn_str next_init(struct tn_postgres_conn *c)
{
    const struct tn_cfg_list *init = &c->base.cluster->conf->init_sql;

    while (c->init_next <= init->count) {
        size_t step = c->init_next++;

        if (step > 0)
            return init->items[step - 1];
        if (c->base_settings.len > 0)
            return tn_buf_str(&c->base_settings);
    }
    return tn_str(NULL);
}

static void init_next(struct tn_postgres_conn *c)
{
    const struct tn_postgres_cluster *engine = c->base.cluster->engine;
    struct tn_str                     text = next_init(c);
    struct tn_error                   err = TN_ERROR_INIT;

    if (text.ptr == NULL) {
        tn_buf_puts(&c->base_settings, engine->init_sets);
        c->phase = TN_POSTGRES_IDLE;
        c->base.state = TN_CONN_IDLE;
        c->base.connected(&c->base, NULL, c->base.owner);
    } else if (!tn_postgres_send_text(c, TN_POSTGRES_INIT, text)) {
        tn_postgres_error_lost(c, &err);
        connect_failed(c, &err);
    }
}

void tn_postgres_init_ended(struct tn_postgres_conn *c, const PGresult *failure)
{
    struct tn_error err = TN_ERROR_INIT;

    if (failure == NULL && !c->lost) {
        init_next(c);
        return;
    }
    if (failure != NULL)
        tn_postgres_error(c, failure, &err);
    else
        tn_postgres_error_lost(c, &err);
    if (err.from_engine)
        tn_error_hint(&err, "a statement of initSql of cluster " TN_STR_FMT " failed", TN_STR_ARG(c->base.cluster->conf->name));
    connect_failed(c, &err);
}

void tn_postgres_logged_in(struct tn_postgres_conn *c, PGconn *pg, const struct tn_error *err)
{
    struct tn_error broken = TN_ERROR_INIT;

    if (pg == NULL) {
        c->base.state = TN_CONN_BROKEN;
        c->base.connected(&c->base, err, c->base.owner);
        return;
    }
    c->pg = pg;
    c->ssl = PQsslInUse(pg) != 0 ? PQsslStruct(pg, "OpenSSL") : NULL;
    PQsetNoticeReceiver(pg, tn_postgres_on_notice, c);
    choose_base_settings(c);
    if (PQsetnonblocking(pg, 1) != 0 || c->base_settings.failed) {
        tn_postgres_error_lost(c, &broken);
        connect_failed(c, &broken);
        return;
    }
    tn_postgres_watch_start(c);
    init_next(c);
}

/* DISCARD ALL as its documentation spells it out, which unlike itself may go with other statements in one flight. */
#define RESET_SQL                                                                                                     \
    "CLOSE ALL;SET SESSION AUTHORIZATION DEFAULT;RESET ALL;RESET ROLE;DEALLOCATE ALL;UNLISTEN *;"                     \
    "SELECT pg_catalog.pg_advisory_unlock_all();DISCARD PLANS;DISCARD TEMP;DISCARD SEQUENCES;"

/* Sent at once, so that locks and temporary tables go now; a run that comes meanwhile waits for the answer. A cluster with
 * initSql gets a new connection instead, since nobody knows how to go back to what those statements made. */
bool tn_postgres_reset(struct tn_conn *conn)
{
    struct tn_postgres_conn *c = tn_postgres_conn(conn);
    struct tn_buf            sql;
    bool                     ok;

    if (c->lost || c->swollen || conn->state != TN_CONN_IDLE || c->phase != TN_POSTGRES_IDLE ||
        PQtransactionStatus(c->pg) != PQTRANS_IDLE || conn->cluster->conf->init_sql.count > 0)
        return false;
    tn_buf_init(&sql, 128 * 1024);
    tn_buf_puts(&sql, RESET_SQL);
    tn_buf_put_str(&sql, tn_buf_str(&c->base_settings));
    ok = !sql.failed && tn_postgres_send_text(c, TN_POSTGRES_RESET, tn_buf_str(&sql));
    tn_buf_reset(&sql);
    if (!ok)
        return false;
    tn_postgres_statements_reset(&c->statements);
    tn_buf_clear(&c->stale);
    tn_postgres_settings_reset(&c->settings);
    conn->settings_hash = 0;
    conn->dirty = c->dirty_by_transaction = c->set_in_transaction = false;
    return true;
}

void tn_postgres_reset_ended(struct tn_postgres_conn *c, const PGresult *failure)
{
    c->phase = TN_POSTGRES_IDLE;
    if (failure != NULL)
        c->lost = true; /* half reset: nobody may have it */
    if (c->run != NULL)
        tn_postgres_begin(c);
    else if (c->lost)
        c->base.state = TN_CONN_BROKEN;
}

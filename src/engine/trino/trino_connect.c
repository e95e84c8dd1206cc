/* The life of a connection: is there a coordinator that is ready, initSql, the session between users, the end. */
#include "base/alloc.h"
#include "engine/trino/trino_conn.h"
#include "engine/trino/trino_error.h"

static void conn_free(struct tn_grave *grave)
{
    struct tn_trino_conn *c = TN_CONTAINER_OF(grave, struct tn_trino_conn, grave);

    tn_trino_rows_free(c);
    tn_http_call_free(c->call);
    tn_http_call_free(c->side);
    tn_http_client_free(c->http);
    tn_trino_session_reset(&c->session);
    tn_trino_session_reset(&c->first);
    tn_trino_decoder_reset(&c->decoder);
    tn_buf_reset(&c->text);
    tn_buf_reset(&c->url);
    tn_buf_reset(&c->scratch);
    tn_buf_reset(&c->told);
    tn_trino_stream_reset(&c->stream);
    tn_arena_reset(&c->page_arena);
    tn_arena_reset(&c->run_arena);
    tn_cluster_unref(c->base.cluster);
    tn_free(c);
}

static void connect_failed(struct tn_trino_conn *c, struct tn_error *err)
{
    tn_error_blame(err, TN_FAULT_ENGINE, err->from_engine);
    c->phase = TN_TRINO_IDLE;
    c->base.state = TN_CONN_BROKEN;
    c->base.connected(&c->base, err, c->base.owner);
    tn_error_reset(err);
}

/* The first thing could not even be asked: told in the next turn of the loop. */
static void on_connect_failed(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_trino_conn *c = timer->data;
    struct tn_error       err = TN_ERROR_INIT;

    (void)loop;
    (void)revents;
    tn_fail(&err, TN_E_NOMEM, "53200", "no memory for a connection");
    tn_trino_name_error(c, &err);
    connect_failed(c, &err);
}

static void connected(struct tn_trino_conn *c)
{
    struct tn_error err = TN_ERROR_INIT;

    if (!tn_trino_session_copy(&c->first, &c->session)) {
        tn_fail(&err, TN_E_NOMEM, "53200", "no memory for a connection");
        connect_failed(c, &err);
        return;
    }
    c->session.changed = false;
    c->phase = TN_TRINO_IDLE;
    c->base.state = TN_CONN_IDLE;
    c->base.connected(&c->base, NULL, c->base.owner);
}

static void init_next(struct tn_trino_conn *c)
{
    const struct tn_cfg_list *init = &c->base.cluster->conf->init_sql;

    if (c->init_next >= init->count) {
        connected(c);
        return;
    }
    tn_buf_clear(&c->text);
    tn_buf_put_str(&c->text, init->items[c->init_next++]);
    tn_trino_ask(c, TN_TRINO_SINK_INIT);
}

void tn_trino_init_ended(struct tn_trino_conn *c, struct tn_error *err)
{
    if (err->status == TN_OK) {
        init_next(c);
        return;
    }
    if (err->from_engine)
        tn_error_hint(err, "a statement of initSql of cluster " TN_STR_FMT " failed", TN_STR_ARG(c->base.cluster->conf->name));
    connect_failed(c, err);
}

/* {"nodeVersion":{"version":"476"},"environment":"test","coordinator":true,"starting":false,"uptime":"1.00m"} */
static bool read_info(struct tn_str body, bool *starting, bool *coordinator)
{
    struct tn_trino_json in;
    struct tn_str        key;

    *starting = true;
    *coordinator = true;
    tn_trino_json_begin(&in, body);
    if (!tn_trino_json_enter(&in, '{'))
        return false;
    while (tn_trino_json_key(&in, &key)) {
        bool *flag = tn_str_eq_c(key, "starting") ? starting : tn_str_eq_c(key, "coordinator") ? coordinator : NULL;

        if (flag == NULL || tn_trino_json_peek(&in) != TN_TRINO_JSON_BOOL)
            (void)tn_trino_json_skip(&in, NULL);
        else
            (void)tn_trino_json_bool(&in, flag);
    }
    return tn_trino_json_at_end(&in);
}

static void judge_info(struct tn_trino_conn *c, struct tn_http_client_answer *answer, struct tn_error *err)
{
    bool starting, coordinator;

    if (answer->status == 0) {
        tn_error_move(err, &answer->error);
    } else if (answer->status != 200) {
        tn_trino_error_status(err, c->base.cluster->conf->name, answer->status, tn_buf_str(answer->body));
        return; /* it names the cluster */
    } else if (!read_info(tn_buf_str(answer->body), &starting, &coordinator)) {
        tn_fail(err, TN_E_CONNECTION, "08P01", "what answers /v1/info is no Trino");
    } else if (starting) {
        tn_fail(err, TN_E_CONNECTION, "57P03", "Trino is starting");
    } else if (!coordinator) {
        tn_fail(err, TN_E_CONNECTION, "08001", "this Trino is a worker, not the coordinator");
    }
    if (err->status != TN_OK)
        tn_trino_name_error(c, err);
}

void tn_trino_info_came(struct tn_trino_conn *c, struct tn_http_client_answer *answer)
{
    struct tn_error err = TN_ERROR_INIT;

    judge_info(c, answer, &err);
    if (err.status == TN_OK)
        init_next(c);
    else
        connect_failed(c, &err);
}

static bool ask_info(struct tn_trino_conn *c)
{
    const struct tn_trino_cluster *engine = c->base.cluster->engine;

    c->call = tn_http_call_new(c->http, &tn_trino_ask_events, c);
    c->side = tn_http_call_new(c->http, &tn_trino_side_events, c);
    if (c->call == NULL || c->side == NULL)
        return false;
    tn_buf_clear(&c->url);
    tn_buf_printf(&c->url, "%s/v1/info", engine->prefix);
    tn_buf_put_u8(&c->url, '\0');
    return !c->url.failed && tn_trino_put_common(c, c->call) &&
           tn_http_call_start(c->call, TN_HTTP_CLIENT_GET, c->url.data, tn_str(NULL), TN_MAX(engine->http.connect_timeout_us, TN_TRINO_CANCEL_US),
                              NULL) == TN_OK;
}

struct tn_conn *tn_trino_connect(struct tn_cluster *cluster, struct tn_worker *worker,
                                 void (*on_connected)(struct tn_conn *, const struct tn_error *, void *), void *owner)
{
    struct tn_trino_conn *c = tn_calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    if (tn_trino_http_new(&c->http, cluster, worker, NULL) != TN_OK) {
        tn_free(c);
        return NULL;
    }
    tn_list_init(&c->base.node);
    tn_list_init(&c->grave.node);
    c->base.cluster = tn_cluster_ref(cluster);
    c->base.worker = worker;
    c->base.state = TN_CONN_CONNECTING;
    c->base.connected = on_connected;
    c->base.owner = owner;
    c->phase = TN_TRINO_CONNECTING;
    tn_buf_init(&c->text, TN_TRINO_TEXT_MAX);
    tn_buf_init(&c->url, 64 * 1024);
    tn_buf_init(&c->scratch, TN_TRINO_TEXT_MAX);
    tn_buf_init(&c->told, 1024 * 1024);
    tn_arena_init(&c->page_arena, TN_TRINO_BODY_MAX);
    tn_arena_init(&c->run_arena, TN_TRINO_BODY_MAX);
    tn_trino_decoder_init(&c->decoder, TN_TRINO_BODY_MAX);
    tn_trino_session_place(&c->session, cluster->conf->catalog, cluster->conf->schema);
    if (c->session.failed || !ask_info(c)) {
        ev_timer_stop(worker->loop, &c->kick);
        ev_timer_init(&c->kick, on_connect_failed, 0., 0.);
        c->kick.data = c;
        ev_timer_start(worker->loop, &c->kick);
    }
    return &c->base;
}

void tn_trino_disconnect(struct tn_conn *conn)
{
    struct tn_trino_conn *c = tn_trino_conn(conn);
    struct ev_loop       *loop = conn->worker->loop;

    if (c->closed)
        return;
    c->closed = true;
    ev_timer_stop(loop, &c->kick);
    ev_timer_stop(loop, &c->retry);
    ev_timer_stop(loop, &c->grace);
    ev_timer_stop(loop, &c->stall);
    tn_worker_bury(conn->worker, &c->grave, conn_free);
}

/* The server keeps nothing but a transaction, which would go on holding what it holds: such a connection is not kept. */
bool tn_trino_reset(struct tn_conn *conn)
{
    struct tn_trino_conn *c = tn_trino_conn(conn);

    if (c->session.transaction != NULL || conn->state != TN_CONN_IDLE || !tn_trino_session_copy(&c->session, &c->first))
        return false;
    conn->settings_hash = 0;
    conn->dirty = false;
    return true;
}

#include "session/private.h"

#include "base/alloc.h"

enum { OUR_CHUNK_MAX = 64 * 1024 * 1024 };

static void free_session(struct tn_grave *grave)
{
    struct tn_session *s = TN_CONTAINER_OF(grave, struct tn_session, grave);

    tn_simple_free(s);
    tn_named_forget(&s->names);
    tn_client_reset(&s->client);
    tn_map_reset(&s->prepared);
    tn_map_reset(&s->portals);
    tn_settings_list_unref(s->settings);
    tn_settings_list_unref(s->started);
    tn_arena_reset(&s->startup_arena);
    tn_arena_reset(&s->command_arena);
    tn_session_login_free(s);
    tn_identity_unref(s->identity);
    tn_free(s->user);
    tn_free(s->database);
    tn_free(s);
}

/* What is left when no statement runs any more. */
static void finish_close(struct tn_session *s)
{
    tn_transaction_forget(s);
    tn_session_drop_lease(s, true);
    tn_extended_free(s);
    tn_session_unregister(s);
    tn_list_remove(&s->node);
    tn_worker_bury(s->worker, &s->grave, free_session);
}

static bool has_running_query(struct tn_session *s)
{
    return s->query != NULL || s->explaining != NULL || s->catalog != NULL || tn_extended_suspended(s) != NULL;
}

void tn_session_close(struct tn_session *s, const char *reason)
{
    if (s->state == TN_SESSION_CLOSING)
        return;
    s->state = TN_SESSION_CLOSING;
    tn_client_close(&s->client, reason);
    tn_client_log_end(&s->client, s->pid, s->user, s->statements);
    if (has_running_query(s))
        tn_execute_cancel(s, TN_CANCEL_CLIENT_GONE); /* the last reply comes to tn_session_go_on() */
    else
        finish_close(s);
}

void tn_session_fatal(struct tn_session *s, struct tn_error *err, const char *reason)
{
    if (strcmp(err->sqlstate, "08P01") == 0)
        tn_count(&s->runtime->counters, TN_COUNTER_messages_invalid, 1);
    tn_pg_put_error(tn_session_out(s), err, "FATAL");
    tn_error_reset(err);
    tn_client_finish(&s->client);
    tn_session_close(s, reason);
}

void tn_session_go_on(struct tn_session *s)
{
    s->client.busy = false;
    if (s->state == TN_SESSION_CLOSING) {
        if (!has_running_query(s) && s->grave.free_fn == NULL)
            finish_close(s);
        return;
    }
    if (!s->client.processing)
        tn_client_process(&s->client);
}

static void shut_down(struct tn_session *s)
{
    struct tn_error err = TN_ERROR_INIT;

    tn_fail(&err, TN_E_CANCELLED, "57P01", "terminating connection due to administrator command");
    tn_session_fatal(s, &err, "shutdown");
}

/* ---- timers ---- */

/* In a transaction; 0 = as outside. What the session says goes before the configuration. */
static uint64_t inside_us(const struct tn_session *s)
{
    return s->settings->idle_in_transaction_us > 0 ? s->settings->idle_in_transaction_us : s->runtime->snapshot->config->settings.pg_transaction_idle_timeout;
}

static void idled_out(struct tn_session *s)
{
    struct tn_error err = TN_ERROR_INIT;
    bool            inside = s->tx.state != TN_TX_IDLE && inside_us(s) > 0;

    tn_count(&s->runtime->counters, TN_COUNTER_sessions_idled_out, 1);
    if (inside) {
        tn_fail(&err, TN_E_TIMEOUT, "25P03", "terminating connection due to idle-in-transaction timeout");
    } else {
        tn_fail(&err, TN_E_TIMEOUT, "57P05", "terminating connection due to idle-session timeout");
        tn_error_detail(&err, "The limit is frontends.postgresWire.idleTimeout.");
    }
    tn_session_fatal(s, &err, inside ? "idle in a transaction for too long" : "idle for too long");
}

void tn_session_idle_timer(struct tn_session *s)
{
    const struct tn_settings *settings = &s->runtime->snapshot->config->settings;
    uint64_t                  limit = settings->pg_idle_timeout;

    if (s->state == TN_SESSION_STARTUP)
        limit = settings->pg_login_timeout;
    else if (s->tx.state != TN_TX_IDLE && inside_us(s) > 0)
        limit = inside_us(s);
    tn_client_set_timer(&s->client, limit);
}

/* ---- what the connection asks of its session ---- */

static struct tn_session *session_of(struct tn_client *client)
{
    return TN_CONTAINER_OF(client, struct tn_session, client);
}

static struct tn_client_limits limits(const struct tn_settings *settings)
{
    return (struct tn_client_limits){settings->pg_max_connections, settings->pg_max_per_address, settings->pg_max_buffered};
}

static bool on_readable(struct tn_client *client)
{
    return client->bytes_in > 0 || tn_session_wants_tls(session_of(client));
}

static bool on_step(struct tn_client *client)
{
    return tn_session_step(session_of(client));
}

static void on_deliver(struct tn_client *client)
{
    tn_session_flush_unless_busy(session_of(client));
}

static void on_settled(struct tn_client *client)
{
    struct tn_session *s = session_of(client);

    if (s->state != TN_SESSION_READY)
        return;
    tn_session_idle_timer(s);
    if (client->stop_soon && !client->busy)
        shut_down(s);
}

static void on_resume(struct tn_client *client)
{
    tn_simple_go_on(session_of(client));
}

static void on_timeout(struct tn_client *client)
{
    struct tn_session *s = session_of(client);

    if (s->state == TN_SESSION_STARTUP || s->state == TN_SESSION_AUTH)
        tn_session_login_timer(s);
    else if (!client->busy)
        idled_out(s);
}

static void on_lost(struct tn_client *client, const char *reason)
{
    tn_session_close(session_of(client), reason);
}

static const struct tn_client_ops client_ops = {
    .listener = "postgresWire", .limits = limits, .readable = on_readable, .step = on_step, .deliver = on_deliver,
    .settled = on_settled, .resume = on_resume, .timeout = on_timeout, .lost = on_lost,
};

/* ---- accepted ---- */

static struct tn_session *new_session(struct tn_worker *worker)
{
    struct tn_session *s = tn_calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->worker = worker;
    s->runtime = tn_runtime_of(worker);
    s->settings = tn_settings_list_new();
    tn_list_init(&s->node);
    tn_arena_init(&s->startup_arena, 64 * 1024);
    tn_map_init(&s->prepared);
    tn_map_init(&s->portals);
    if (s->settings == NULL || !tn_session_register(s)) {
        tn_settings_list_unref(s->settings);
        tn_free(s);
        return NULL;
    }
    return s;
}

/* Over the limit: the client is told in its protocol, whatever it was about to say. */
static void refuse(struct tn_worker *worker, int fd, const char *peer, const char *sqlstate, const char *message)
{
    struct tn_error err = TN_ERROR_INIT;
    struct tn_buf   out;

    tn_fail(&err, TN_E_LIMIT, sqlstate, "%s", message);
    tn_buf_init(&out, 4096);
    tn_pg_put_error(&out, &err, "FATAL");
    tn_client_refuse(worker, &client_ops, fd, peer, &out, message);
    tn_buf_reset(&out);
}

static void refuse_place(struct tn_worker *worker, int fd, const char *peer, enum tn_place place)
{
    char message[160];

    snprintf(message, sizeof message, "too many connections%s (frontends.postgresWire.%s)",
             place == TN_PLACE_NONE_OF_ADDRESS ? " from this address" : "", tn_place_option(place));
    refuse(worker, fd, peer, "53300", message);
}

void tn_session_accept(struct tn_worker *worker, int fd, const char *peer, void *arg)
{
    struct tn_server   *server = arg;
    struct tn_sessions *sessions = worker->module[TN_WORKER_SESSIONS];
    struct tn_session  *s;
    enum tn_place       place;

    if (atomic_load(&server->state) == TN_SERVER_STOPPING) {
        refuse(worker, fd, peer, "57P03", "Turnout is shutting down");
        return;
    }
    place = tn_client_place(worker, &client_ops, &server->places, peer);
    if (place != TN_PLACE_FREE) {
        refuse_place(worker, fd, peer, place);
        return;
    }
    s = new_session(worker);
    if (s == NULL) {
        tn_places_give_back(&server->places, peer);
        refuse(worker, fd, peer, "53200", "no memory for a session");
        return;
    }
    tn_client_open(&s->client, worker, &client_ops, &server->places, fd, peer, OUR_CHUNK_MAX);
    tn_list_append(&sessions->list, &s->node);
    tn_session_idle_timer(s);
    tn_client_watch(&s->client);
}

/* ---- all of a worker ---- */

enum tn_status tn_sessions_init(struct tn_worker *worker, struct tn_error *err)
{
    struct tn_sessions *sessions = tn_calloc(1, sizeof *sessions);

    if (sessions == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for sessions");
    tn_list_init(&sessions->list);
    worker->module[TN_WORKER_SESSIONS] = sessions;
    return TN_OK;
}

/* The loop is over: what its queries still say is not for it. */
static void orphan(struct tn_session *s)
{
    struct tn_query *q = s->query;

    s->query = NULL;
    if (q != NULL && q->lease == s->lease)
        s->lease = NULL;
    if (q != NULL && s->active != NULL && s->active->query == q)
        s->active->query = NULL;
    if (q != NULL)
        tn_query_orphan(q);
    tn_explain_drop(s);
    tn_session_catalog_orphan(s);
    s->active = NULL;
    s->deferred = TN_DEFERRED_NOTHING;
    tn_extended_orphan(s);
}

void tn_sessions_free(struct tn_worker *worker)
{
    struct tn_sessions *sessions = worker->module[TN_WORKER_SESSIONS];

    if (sessions == NULL)
        return;
    TN_LIST_FOR_EACH_SAFE(node, &sessions->list) {
        struct tn_session *s = TN_CONTAINER_OF(node, struct tn_session, node);

        orphan(s);
        if (s->state == TN_SESSION_CLOSING) /* it waited for its query's end */
            finish_close(s);
        else
            tn_session_close(s, "shutdown");
    }
    tn_free(sessions->slots);
    tn_free(sessions);
    worker->module[TN_WORKER_SESSIONS] = NULL;
}

static void stop_sessions(struct tn_runtime *runtime, void *arg)
{
    struct tn_sessions *sessions = runtime->worker->module[TN_WORKER_SESSIONS];

    (void)arg;
    TN_LIST_FOR_EACH_SAFE(node, &sessions->list) {
        struct tn_session *s = TN_CONTAINER_OF(node, struct tn_session, node);

        s->client.stop_soon = true;
        if (!s->client.busy && s->state != TN_SESSION_CLOSING)
            shut_down(s);
    }
}

void tn_sessions_stop(struct tn_server *server)
{
    if (tn_server_each_worker(server, server->workers[0], stop_sessions, NULL, NULL) != TN_OK)
        tn_log(TN_LOG_ERROR, "no memory to end the sessions", TN_LOG_U64("sessions", atomic_load(&server->sessions)));
}

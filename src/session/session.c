#include "session/private.h"

#include "base/alloc.h"
#include "base/clock.h"

#include "net/tls.h"

#include <poll.h>
#include <unistd.h>

enum { INPUT_AHEAD = 64 * 1024, GONE_CHECK_S = 1 };

static void free_session(struct tn_grave *grave)
{
    struct tn_session *s = TN_CONTAINER_OF(grave, struct tn_session, grave);

    tn_simple_free(s);
    tn_session_free_output(s);
    tn_buf_reset(&s->in);
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

static void log_end(const struct tn_session *s)
{
    tn_log(TN_LOG_INFO, "session end", TN_LOG_U64("session", s->pid), TN_LOG_TEXT("peer", s->peer),
           TN_LOG_TEXT("user", s->user != NULL ? s->user : ""), TN_LOG_TEXT("reason", s->end_reason),
           TN_LOG_U64("statements", s->statements), TN_LOG_U64("bytes_in", s->bytes_in),
           TN_LOG_U64("bytes_out", s->bytes_out));
}

static void give_up_places(struct tn_session *s)
{
    if (s->counted_address)
        tn_tally_remove_peer(s->runtime->server->addresses, tn_str(s->peer));
    if (s->counted_user)
        tn_tally_remove(s->runtime->server->connections, tn_str(s->user));
    s->counted_address = s->counted_user = false;
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
    return s->query != NULL || tn_extended_suspended(s) != NULL;
}

void tn_session_close(struct tn_session *s, const char *reason)
{
    if (s->state == TN_SESSION_CLOSING)
        return;
    s->state = TN_SESSION_CLOSING;
    s->end_reason = reason;
    ev_io_stop(s->worker->loop, &s->read_ev);
    ev_io_stop(s->worker->loop, &s->write_ev);
    ev_timer_stop(s->worker->loop, &s->timer);
    ev_timer_stop(s->worker->loop, &s->again);
    ev_timer_stop(s->worker->loop, &s->gone_check);
    tn_turn_leave(&s->turn);
    tn_transport_close(&s->transport);
    log_end(s);
    give_up_places(s);
    atomic_fetch_sub(&s->runtime->server->sessions, 1);
    tn_count(&s->runtime->counters, TN_COUNTER_sessions_closed, 1);
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
    tn_session_flush(s);
    tn_error_reset(err);
    if (s->state != TN_SESSION_CLOSING)
        tn_transport_finish(&s->transport);
    tn_session_close(s, reason);
}

void tn_session_wait(struct tn_session *s)
{
    s->busy = true;
}

void tn_session_go_on(struct tn_session *s)
{
    s->busy = false;
    if (s->state == TN_SESSION_CLOSING) {
        if (!has_running_query(s) && s->grave.free_fn == NULL)
            finish_close(s);
        return;
    }
    if (!s->processing)
        tn_session_process(s);
}

static size_t input_room(const struct tn_session *s)
{
    size_t pending = s->in.len - s->in_at;
    size_t want = INPUT_AHEAD;

    if (!s->busy && pending >= INPUT_AHEAD)
        want = pending + INPUT_AHEAD; /* in the middle of a long message: its length was checked */
    return want > pending ? want - pending : 0;
}

static void set_io(struct tn_session *s, ev_io *io, bool on)
{
    if (on && !ev_is_active(io))
        ev_io_start(s->worker->loop, io);
    else if (!on && ev_is_active(io))
        ev_io_stop(s->worker->loop, io);
}

/* Nothing is read while a statement runs and enough is waiting already; then this looks whether the client is still there. */
static void set_gone_check(struct tn_session *s, bool on)
{
    if (on && !ev_is_active(&s->gone_check)) {
        ev_timer_set(&s->gone_check, GONE_CHECK_S, GONE_CHECK_S);
        ev_timer_start(s->worker->loop, &s->gone_check);
    } else if (!on && ev_is_active(&s->gone_check)) {
        ev_timer_stop(s->worker->loop, &s->gone_check);
    }
}

void tn_session_watch(struct tn_session *s)
{
    if (s->state == TN_SESSION_CLOSING)
        return;
    set_gone_check(s, s->busy && input_room(s) == 0);
    set_io(s, &s->read_ev, !s->client_gone && !s->turn.waiting && !ev_is_active(&s->again) && input_room(s) > 0 && !s->read_wants_write &&
           !tn_session_output_full(s));
    set_io(s, &s->write_ev, (s->out_first != NULL && !s->out_held) || s->read_wants_write);
    if (s->transport.more && ev_is_active(&s->read_ev)) /* TLS has taken it from the socket already: at most a record */
        ev_feed_event(s->worker->loop, &s->read_ev, EV_READ);
}

static void on_client_gone(struct tn_session *s, const char *reason)
{
    if (s->state == TN_SESSION_CLOSING)
        return;
    s->client_gone = true;
    tn_session_close(s, reason);
}

static void on_gone_check(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_session *s = TN_CONTAINER_OF(timer, struct tn_session, gone_check);
    struct pollfd      look = {.fd = s->transport.fd, .events = POLLRDHUP};

    (void)loop;
    (void)revents;
    if (poll(&look, 1, 0) == 1 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0)
        on_client_gone(s, "client closed the connection");
}

static enum tn_io read_some(struct tn_session *s)
{
    size_t     room = TN_MIN(input_room(s), (size_t)INPUT_AHEAD), n = 0;
    size_t     first = s->in.capacity - s->in.len;
    enum tn_io result;

    if (first < 1024 && !tn_buf_reserve(&s->in, TN_MIN(room, TN_MAX((size_t)1024, s->in.len))))
        return TN_IO_ERROR;
    room = TN_MIN(room, s->in.capacity - s->in.len);
    result = tn_transport_read(&s->transport, s->in.data + s->in.len, room, &n);
    if (result == TN_IO_OK) {
        s->in.len += n;
        s->bytes_in += n;
        tn_count(&s->runtime->counters, TN_COUNTER_client_bytes_received, n);
    }
    return result;
}

static void on_lost(struct tn_session *s)
{
    const char *why = tn_tls_why(&s->transport);

    if (why != NULL)
        tn_log(TN_LOG_INFO, "TLS failed", TN_LOG_TEXT("listener", "postgresWire"), TN_LOG_TEXT("peer", s->peer), TN_LOG_TEXT("why", why));
    on_client_gone(s, why != NULL ? "TLS failed" : "connection lost");
}

static void receive(struct tn_session *s)
{
    enum tn_io result;

    if (s->turn.waiting || (s->bytes_in == 0 && !tn_session_wants_tls(s)))
        return;
    if (tn_tls_is_beginning(&s->transport) && tn_turns_wait(&s->worker->turns, &s->turn)) {
        tn_session_watch(s);
        return;
    }
    result = read_some(s);
    while (result == TN_IO_OK && s->transport.more && input_room(s) > 0)
        result = read_some(s);
    s->read_wants_write = result == TN_IO_AGAIN && (s->transport.wants & TN_IO_WANT_WRITE) != 0;
    switch (result) {
    case TN_IO_AGAIN: break; /* after something, perhaps */
    case TN_IO_EOF:   on_client_gone(s, "client closed the connection"); return;
    case TN_IO_ERROR: on_lost(s); return;
    case TN_IO_OK:    break;
    }
    if (s->busy)
        tn_session_watch(s);
    else
        tn_session_process(s);
}

static void on_turn(struct tn_turn *turn)
{
    receive(TN_CONTAINER_OF(turn, struct tn_session, turn));
}

static void on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
    struct tn_session *s = TN_CONTAINER_OF(io, struct tn_session, read_ev);

    (void)loop;
    (void)revents;
    receive(s);
}

static void on_writable(struct ev_loop *loop, ev_io *io, int revents)
{
    struct tn_session *s = TN_CONTAINER_OF(io, struct tn_session, write_ev);

    (void)loop;
    (void)revents;
    if (s->read_wants_write) {
        receive(s);
        if (s->state == TN_SESSION_CLOSING)
            return;
    }
    tn_session_flush(s);
    if (s->state == TN_SESSION_CLOSING)
        return;
    if (!s->busy && !ev_is_active(&s->again) && !tn_session_output_full(s))
        tn_session_process(s);
    else if (s->simple.paused && !tn_session_output_full(s))
        tn_session_again(s);
    tn_session_watch(s);
}

static void on_again(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_session *s = TN_CONTAINER_OF(timer, struct tn_session, again);

    (void)loop;
    (void)revents;
    if (s->simple.paused && !tn_session_output_full(s))
        tn_simple_go_on(s);
    else if (!s->busy)
        tn_session_process(s);
}

void tn_session_again(struct tn_session *s)
{
    if (ev_is_active(&s->again) || s->state == TN_SESSION_CLOSING)
        return;
    ev_timer_set(&s->again, 0., 0.);
    ev_timer_start(s->worker->loop, &s->again);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_session *s = TN_CONTAINER_OF(timer, struct tn_session, timer);
    struct tn_error    err = TN_ERROR_INIT;

    (void)loop;
    (void)revents;
    if (s->state == TN_SESSION_STARTUP || s->state == TN_SESSION_AUTH) {
        tn_session_login_timer(s);
    } else if (!s->busy && s->tx.state != TN_TX_IDLE && s->settings->idle_in_transaction_us > 0) {
        tn_count(&s->runtime->counters, TN_COUNTER_sessions_idled_out, 1);
        tn_fail(&err, TN_E_TIMEOUT, "25P03", "terminating connection due to idle-in-transaction timeout");
        tn_session_fatal(s, &err, "idle in a transaction for too long");
    } else if (!s->busy) {
        tn_count(&s->runtime->counters, TN_COUNTER_sessions_idled_out, 1);
        tn_fail(&err, TN_E_TIMEOUT, "57P05", "terminating connection due to idle-session timeout");
        tn_error_detail(&err, "The limit is frontends.postgresWire.idleTimeout.");
        tn_session_fatal(s, &err, "idle for too long");
    }
}

void tn_session_idle_timer(struct tn_session *s)
{
    uint64_t limit = s->runtime->snapshot->config->settings.pg_idle_timeout;

    if (s->tx.state != TN_TX_IDLE && s->settings->idle_in_transaction_us > 0)
        limit = s->settings->idle_in_transaction_us;
    if (s->state == TN_SESSION_STARTUP)
        limit = s->runtime->snapshot->config->settings.pg_login_timeout;
    else if (limit == 0 && !ev_is_active(&s->timer))
        return;
    ev_timer_stop(s->worker->loop, &s->timer);
    if (limit == 0)
        return;
    ev_now_update(s->worker->loop);
    ev_timer_set(&s->timer, (double)limit / 1e6, 0.);
    ev_timer_start(s->worker->loop, &s->timer);
}

static struct tn_session *new_session(struct tn_worker *worker, int fd, const char *peer)
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
    tn_buf_init(&s->in, SIZE_MAX / 2); /* messages are checked against maxMessageSize before they are read */
    if (s->settings == NULL || !tn_session_register(s)) {
        tn_settings_list_unref(s->settings);
        tn_free(s);
        return NULL;
    }
    tn_str_copy(s->peer, sizeof s->peer, tn_str(peer));
    tn_transport_init(&s->transport, fd);
    ev_io_init(&s->read_ev, on_readable, fd, EV_READ);
    ev_io_init(&s->write_ev, on_writable, fd, EV_WRITE);
    ev_init(&s->timer, on_timer);
    ev_init(&s->again, on_again);
    ev_init(&s->gone_check, on_gone_check);
    s->turn.go = on_turn;
    return s;
}

/* Over the limit: the client is told in its protocol, whatever it was about to say. */
static void refuse(struct tn_worker *worker, int fd, const char *peer, const char *sqlstate, const char *message)
{
    struct tn_error     err = TN_ERROR_INIT;
    struct tn_buf       out;
    struct tn_transport transport;
    size_t              n;

    tn_fail(&err, TN_E_LIMIT, sqlstate, "%s", message);
    tn_buf_init(&out, 4096);
    tn_pg_put_error(&out, &err, "FATAL");
    tn_transport_init(&transport, fd);
    tn_transport_write(&transport, out.data, out.len, &n);
    tn_transport_finish(&transport);
    tn_transport_close(&transport);
    tn_buf_reset(&out);
    tn_count(&tn_runtime_of(worker)->counters, TN_COUNTER_sessions_refused, 1);
    tn_log(TN_LOG_WARN, "session refused", TN_LOG_TEXT("peer", peer), TN_LOG_TEXT("reason", message));
}

void tn_session_accept(struct tn_worker *worker, int fd, const char *peer, void *arg)
{
    struct tn_server  *server = arg;
    struct tn_sessions   *sessions = worker->module[TN_WORKER_SESSIONS];
    const struct tn_settings *settings = &tn_runtime_of(worker)->snapshot->config->settings;
    struct tn_session *s;

    if (atomic_load(&server->state) == TN_SERVER_STOPPING) {
        refuse(worker, fd, peer, "57P03", "Turnout is shutting down");
        return;
    }
    if (atomic_fetch_add(&server->sessions, 1) >= settings->pg_max_connections) {
        atomic_fetch_sub(&server->sessions, 1);
        refuse(worker, fd, peer, "53300", "too many connections (frontends.postgresWire.maxConnections)");
        return;
    }
    if (!tn_tally_add_peer(server->addresses, tn_str(peer), settings->pg_max_per_address)) {
        atomic_fetch_sub(&server->sessions, 1);
        refuse(worker, fd, peer, "53300", "too many connections from this address (frontends.postgresWire.maxConnectionsPerAddress)");
        return;
    }
    s = new_session(worker, fd, peer);
    if (s == NULL) {
        tn_tally_remove_peer(server->addresses, tn_str(peer));
        atomic_fetch_sub(&server->sessions, 1);
        refuse(worker, fd, peer, "53200", "no memory for a session");
        return;
    }
    s->counted_address = true;
    tn_count(&s->runtime->counters, TN_COUNTER_sessions_opened, 1);
    tn_list_append(&sessions->list, &s->node);
    tn_session_idle_timer(s);
    tn_session_watch(s);
}

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
        struct tn_error    err = TN_ERROR_INIT;

        s->stop_soon = true;
        if (s->busy || s->state == TN_SESSION_CLOSING)
            continue;
        tn_fail(&err, TN_E_CANCELLED, "57P01", "terminating connection due to administrator command");
        tn_session_fatal(s, &err, "shutdown");
    }
}

void tn_sessions_stop(struct tn_server *server)
{
    if (tn_server_each_worker(server, server->workers[0], stop_sessions, NULL, NULL) != TN_OK)
        tn_log(TN_LOG_ERROR, "no memory to end the sessions", TN_LOG_U64("sessions", atomic_load(&server->sessions)));
}

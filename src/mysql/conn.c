/* The life of a connection: accepted, read, watched, ended. */
#include "mysql/catalog_ask.h"
#include "mysql/private.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "net/tls.h"

#include <poll.h>

enum { INPUT_AHEAD = 64 * 1024, INPUT_KEEP = 4096, GONE_CHECK_S = 1, HELLO_MAX = 64 * 1024 };

static void forget_values(struct tn_map *map)
{
    struct tn_map_entry *entry;
    size_t               at = 0;

    while ((entry = tn_map_next(map, &at)) != NULL)
        tn_free(entry->value);
    tn_map_reset(map);
}

void tn_my_variables_forget(struct tn_my_session *s)
{
    forget_values(&s->variables);
    forget_values(&s->user_variables);
    s->variable_bytes = 0;
}

static void free_session(struct tn_grave *grave)
{
    struct tn_my_session *s = TN_CONTAINER_OF(grave, struct tn_my_session, grave);

    tn_my_free_output(s);
    tn_buf_reset(&s->in);
    tn_my_variables_forget(s);
    forget_values(&s->theirs);
    tn_settings_list_unref(s->before_set);
    tn_free(s->mode_before);
    tn_settings_list_unref(s->settings);
    tn_arena_reset(&s->hello_arena);
    tn_arena_reset(&s->arena);
    tn_error_reset(&s->login_error);
    tn_identity_unref(s->identity);
    tn_free(s->text_memory);
    tn_free(s->warnings);
    tn_free(s->new_user);
    tn_free(s->new_database);
    tn_free(s->user);
    tn_free(s->database);
    tn_free(s);
}

static void log_end(const struct tn_my_session *s)
{
    tn_log(TN_LOG_INFO, "session end", TN_LOG_TEXT("listener", "mysqlWire"), TN_LOG_U64("session", s->id), TN_LOG_TEXT("peer", s->peer),
           TN_LOG_TEXT("user", s->user != NULL ? s->user : ""), TN_LOG_TEXT("reason", s->end_reason),
           TN_LOG_U64("statements", s->statements), TN_LOG_U64("bytes_in", s->bytes_in), TN_LOG_U64("bytes_out", s->bytes_out));
}

static void give_up_places(struct tn_my_session *s)
{
    if (s->counted_address)
        tn_tally_remove(s->runtime->server->addresses, tn_peer_address(tn_str(s->peer)));
    if (s->counted_user)
        tn_tally_remove(s->runtime->server->connections, tn_str(s->user));
    s->counted_address = s->counted_user = false;
}

void tn_my_close(struct tn_my_session *s, const char *reason)
{
    if (s->state == TN_MY_CLOSING)
        return;
    s->state = TN_MY_CLOSING;
    s->end_reason = reason;
    ev_io_stop(s->worker->loop, &s->read_ev);
    ev_io_stop(s->worker->loop, &s->write_ev);
    ev_timer_stop(s->worker->loop, &s->timer);
    ev_timer_stop(s->worker->loop, &s->again);
    ev_timer_stop(s->worker->loop, &s->gone_check);
    tn_turn_leave(&s->turn);
    tn_transport_close(&s->transport);
    log_end(s);
    tn_my_login_forget(s);
    give_up_places(s);
    atomic_fetch_sub(&s->mysql->connections, 1);
    atomic_fetch_sub(&s->runtime->server->sessions, 1);
    tn_count(&s->runtime->counters, TN_COUNTER_sessions_closed, 1);
    tn_my_orphan(s);
    tn_my_statements_forget(s);
    tn_list_remove(&s->node);
    tn_worker_bury(s->worker, &s->grave, free_session);
}

/* Nothing that runs for it is told to it any more. */
void tn_my_orphan(struct tn_my_session *s)
{
    struct tn_ask *ask = s->ask;

    s->ask = NULL;
    if (ask != NULL) {
        tn_my_forget_run(s, &ask->query->run);
        tn_ask_orphan(ask, TN_CANCEL_CLIENT_GONE);
    }
    tn_my_catalog_orphan(s);
    tn_my_transaction_drop(s);
}

void tn_my_fatal(struct tn_my_session *s, struct tn_error *err, const char *reason)
{
    if (s->state == TN_MY_CLOSING) {
        tn_error_reset(err);
        return;
    }
    tn_my_error(s, err);
    tn_my_flush(s);
    tn_error_reset(err);
    if (s->state != TN_MY_CLOSING)
        tn_transport_finish(&s->transport);
    tn_my_close(s, reason);
}

void tn_my_wait(struct tn_my_session *s)
{
    s->busy = true;
}

void tn_my_go_on(struct tn_my_session *s)
{
    s->busy = false;
    if (s->state != TN_MY_CLOSING && !s->processing)
        tn_my_process(s);
}

/* ---- reading ---- */

static size_t max_packet(const struct tn_my_session *s)
{
    return s->state == TN_MY_READY ? s->runtime->snapshot->config->settings.mysql_max_packet : (size_t)HELLO_MAX;
}

static size_t input_room(const struct tn_my_session *s)
{
    size_t pending = s->in.len - s->in_at;
    size_t want = INPUT_AHEAD;

    if (!s->busy && pending >= INPUT_AHEAD)
        want = pending + INPUT_AHEAD; /* in the middle of a long packet: its length was checked */
    return want > pending ? want - pending : 0;
}

static void set_io(struct tn_my_session *s, ev_io *io, bool on)
{
    if (on && !ev_is_active(io))
        ev_io_start(s->worker->loop, io);
    else if (!on && ev_is_active(io))
        ev_io_stop(s->worker->loop, io);
}

static void set_gone_check(struct tn_my_session *s, bool on)
{
    if (on && !ev_is_active(&s->gone_check)) {
        ev_timer_set(&s->gone_check, GONE_CHECK_S, GONE_CHECK_S);
        ev_timer_start(s->worker->loop, &s->gone_check);
    } else if (!on && ev_is_active(&s->gone_check)) {
        ev_timer_stop(s->worker->loop, &s->gone_check);
    }
}

void tn_my_watch(struct tn_my_session *s)
{
    if (s->state == TN_MY_CLOSING)
        return;
    set_gone_check(s, s->busy && input_room(s) == 0);
    set_io(s, &s->read_ev, !s->client_gone && !s->turn.waiting && !ev_is_active(&s->again) && input_room(s) > 0 && !s->read_wants_write && !tn_my_output_full(s));
    set_io(s, &s->write_ev, s->out_first != NULL || s->read_wants_write);
    if (s->transport.more && ev_is_active(&s->read_ev)) /* TLS has taken it from the socket already: at most a record */
        ev_feed_event(s->worker->loop, &s->read_ev, EV_READ);
}

static void on_client_gone(struct tn_my_session *s, const char *reason)
{
    s->client_gone = true;
    tn_my_close(s, reason);
}

static void on_gone_check(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_my_session *s = TN_CONTAINER_OF(timer, struct tn_my_session, gone_check);
    struct pollfd         look = {.fd = s->transport.fd, .events = POLLRDHUP};

    (void)loop;
    (void)revents;
    if (poll(&look, 1, 0) == 1 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0)
        on_client_gone(s, "client closed the connection");
}

/* Until the client has answered not a byte behind its packet is read: TLS may begin there, without a word from us. */
static size_t hello_room(const struct tn_my_session *s)
{
    struct tn_my_packet packet;
    size_t              have = s->in.len - s->in_at, need = 0;

    if (tn_my_parse_packet(s->in.data + s->in_at, have, HELLO_MAX, &packet, &need, NULL) == TN_AGAIN)
        return need - have;
    return 1;
}

static enum tn_io read_some(struct tn_my_session *s)
{
    size_t     room = TN_MIN(s->state == TN_MY_HELLO ? hello_room(s) : input_room(s), (size_t)INPUT_AHEAD), n = 0;
    size_t     first = s->in.capacity - s->in.len;
    enum tn_io result;

    if (first < 1024 && !tn_buf_reserve(&s->in, TN_MIN(room, TN_MAX((size_t)1024, s->in.len))))
        return TN_IO_ERROR;
    room = TN_MIN(room, s->in.capacity - s->in.len);
    if (room == 0)
        return TN_IO_AGAIN;
    result = tn_transport_read(&s->transport, s->in.data + s->in.len, room, &n);
    if (result == TN_IO_OK) {
        s->in.len += n;
        s->bytes_in += n;
        tn_count(&s->runtime->counters, TN_COUNTER_client_bytes_received, n);
    }
    return result;
}

static void on_lost(struct tn_my_session *s)
{
    const char *why = tn_tls_why(&s->transport);

    if (why != NULL)
        tn_log(TN_LOG_INFO, "TLS failed", TN_LOG_TEXT("listener", "mysqlWire"), TN_LOG_TEXT("peer", s->peer), TN_LOG_TEXT("why", why));
    on_client_gone(s, why != NULL ? "TLS failed" : "connection lost");
}

static void receive(struct tn_my_session *s)
{
    enum tn_io result;

    if (s->turn.waiting)
        return;
    if (tn_tls_is_beginning(&s->transport) && tn_turns_wait(&s->worker->turns, &s->turn)) {
        tn_my_watch(s);
        return;
    }
    result = read_some(s);
    while (result == TN_IO_OK && s->transport.more && s->state != TN_MY_HELLO && input_room(s) > 0)
        result = read_some(s);
    s->read_wants_write = result == TN_IO_AGAIN && (s->transport.wants & TN_IO_WANT_WRITE) != 0;
    if (result == TN_IO_EOF) {
        on_client_gone(s, "client closed the connection");
        return;
    }
    if (result == TN_IO_ERROR) {
        on_lost(s);
        return;
    }
    if (s->busy)
        tn_my_watch(s);
    else
        tn_my_process(s);
}

static void on_turn(struct tn_turn *turn)
{
    receive(TN_CONTAINER_OF(turn, struct tn_my_session, turn));
}

static void on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
    (void)loop;
    (void)revents;
    receive(TN_CONTAINER_OF(io, struct tn_my_session, read_ev));
}

static void go_on_after_output(struct tn_my_session *s)
{
    if (s->paused)
        tn_my_again(s);
    else if (!s->busy && !ev_is_active(&s->again))
        tn_my_process(s);
}

static void on_writable(struct ev_loop *loop, ev_io *io, int revents)
{
    struct tn_my_session *s = TN_CONTAINER_OF(io, struct tn_my_session, write_ev);

    (void)loop;
    (void)revents;
    if (s->read_wants_write) {
        receive(s);
        if (s->state == TN_MY_CLOSING)
            return;
    }
    tn_my_flush(s);
    if (s->state != TN_MY_CLOSING && !tn_my_output_full(s))
        go_on_after_output(s);
    if (s->state != TN_MY_CLOSING)
        tn_my_watch(s);
}

/* ---- packets ---- */

static void use_packet(struct tn_my_session *s, const struct tn_my_packet *packet)
{
    s->sequence = (uint8_t)(packet->sequence + 1);
    if (s->state == TN_MY_READY && s->step == TN_MY_STEP_NONE)
        tn_my_command(s, packet->body);
    else
        tn_my_login_packet(s, packet);
}

/* One packet; false when there is not a whole one. */
static bool step(struct tn_my_session *s)
{
    struct tn_my_packet packet;
    struct tn_error     err = TN_ERROR_INIT;
    size_t              size, max = max_packet(s);
    enum tn_status      status = tn_my_parse_packet(s->in.data + s->in_at, s->in.len - s->in_at, max, &packet, &size, &err);

    if (status == TN_AGAIN)
        return false;
    if (status != TN_OK) {
        tn_count(&s->runtime->counters, status == TN_E_LIMIT ? TN_COUNTER_messages_oversized : TN_COUNTER_messages_invalid, 1);
        if (status == TN_E_LIMIT)
            tn_error_hint(&err, "The limit is frontends.mysqlWire.maxPacketSize");
        s->sequence = (uint8_t)(packet.sequence + 1);
        tn_my_fatal(s, &err, status == TN_E_LIMIT ? "packet too long" : "malformed packet");
        return false;
    }
    s->in_at += size;
    use_packet(s, &packet);
    return true;
}

static bool may_go_on(const struct tn_my_session *s)
{
    return s->state != TN_MY_CLOSING && !s->busy && !s->stop_soon && !tn_my_output_full(s);
}

static void stop_if_asked(struct tn_my_session *s)
{
    struct tn_error err = TN_ERROR_INIT;

    if (!s->stop_soon || s->busy || s->state != TN_MY_READY)
        return;
    tn_fail(&err, TN_E_CANCELLED, "57P01", "Server shutdown in progress");
    s->sequence = 0;
    tn_my_fatal(s, &err, "shutdown");
}

static void process_some(struct tn_my_session *s)
{
    uint64_t until = tn_clock_us() + TN_MY_SLICE_US;

    s->processing = true;
    for (unsigned done = 1; may_go_on(s) && step(s); done++)
        if (done % 8 == 0 && tn_clock_us() >= until) {
            tn_my_again(s);
            break;
        }
    s->processing = false;
}

/* What is used of the input goes; an idle session gives its memory back. */
static void compact(struct tn_my_session *s)
{
    tn_buf_consume(&s->in, s->in_at);
    s->in_at = 0;
    if (s->in.len == 0 && s->in.capacity > INPUT_KEEP)
        tn_buf_reset(&s->in);
}

void tn_my_process(struct tn_my_session *s)
{
    bool full;

    do {
        process_some(s);
        if (s->state == TN_MY_CLOSING)
            return;
        compact(s);
        full = tn_my_output_full(s);
        tn_my_flush(s);
    } while (full && s->state != TN_MY_CLOSING && !s->busy && !tn_my_output_full(s)); /* nobody else would go on */
    if (s->state == TN_MY_READY && s->step != TN_MY_STEP_FAILING) /* the timer of one that is refused later is its own */
        tn_my_idle_timer(s);
    stop_if_asked(s);
}

/* ---- timers ---- */

static void on_again(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_my_session *s = TN_CONTAINER_OF(timer, struct tn_my_session, again);

    (void)loop;
    (void)revents;
    if (s->paused && !tn_my_output_full(s)) {
        s->paused = false;
        tn_my_query_next(s);
    } else if (!s->busy) {
        tn_my_process(s);
    }
}

void tn_my_again(struct tn_my_session *s)
{
    if (ev_is_active(&s->again) || s->state == TN_MY_CLOSING)
        return;
    ev_timer_set(&s->again, 0., 0.);
    ev_timer_start(s->worker->loop, &s->again);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_my_session *s = TN_CONTAINER_OF(timer, struct tn_my_session, timer);
    struct tn_error       err = TN_ERROR_INIT;

    (void)loop;
    (void)revents;
    if (s->state != TN_MY_READY || s->step == TN_MY_STEP_FAILING) {
        tn_my_login_timer(s);
    } else if (!s->busy) {
        tn_count(&s->runtime->counters, TN_COUNTER_sessions_idled_out, 1);
        tn_fail(&err, TN_E_TIMEOUT, "57P05", "The client was disconnected by the server because of inactivity (frontends.mysqlWire.idleTimeout)");
        s->sequence = 0;
        tn_my_fatal(s, &err, "idle for too long");
    }
}

void tn_my_idle_timer(struct tn_my_session *s)
{
    const struct tn_settings *settings = &s->runtime->snapshot->config->settings;
    uint64_t                  limit = s->state == TN_MY_READY ? settings->mysql_idle_timeout : settings->mysql_login_timeout;

    if (limit == 0 && !ev_is_active(&s->timer))
        return;
    ev_timer_stop(s->worker->loop, &s->timer);
    if (limit == 0)
        return;
    ev_now_update(s->worker->loop);
    ev_timer_set(&s->timer, (double)limit / 1e6, 0.);
    ev_timer_start(s->worker->loop, &s->timer);
}

/* ---- accepted ---- */

static struct tn_my_session *new_session(struct tn_worker *worker, struct tn_my_home *home, int fd, const char *peer)
{
    struct tn_my_session *s = tn_calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->settings = tn_settings_list_new();
    s->database = tn_strdup("");
    if (s->settings == NULL || s->database == NULL) {
        tn_settings_list_unref(s->settings);
        tn_free(s->database);
        tn_free(s);
        return NULL;
    }
    s->worker = worker;
    s->home = home;
    s->mysql = home->mysql;
    s->runtime = tn_runtime_of(worker);
    s->autocommit = true;
    s->charset = TN_MY_CHARSET_UTF8MB4;
    s->application = TN_STR("");
    s->row_count = -1;
    s->id = home->next_id++ * (uint32_t)s->runtime->server->worker_count + worker->index + 1;
    tn_list_init(&s->node);
    tn_arena_init(&s->hello_arena, 256 * 1024);
    tn_arena_init(&s->arena, 0);
    tn_map_init(&s->variables);
    tn_map_init(&s->user_variables);
    tn_map_init(&s->theirs);
    tn_map_init(&s->prepared);
    tn_buf_init(&s->in, SIZE_MAX / 2); /* packets are checked against maxPacketSize before they are read */
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

/* Over a limit: the client is told in its protocol instead of a greeting. */
static void refuse(struct tn_worker *worker, int fd, const char *peer, uint16_t code, const char *sqlstate, const char *message)
{
    struct tn_transport transport;
    struct tn_buf       buf;
    uint8_t             sequence = 0;
    struct tn_my_out    out = {.buf = &buf, .sequence = &sequence, .capabilities = TN_MY_CAP_PROTOCOL_41};
    size_t              n;

    tn_buf_init(&buf, 4096);
    tn_my_put_error(&out, code, sqlstate, tn_str(message));
    tn_transport_init(&transport, fd);
    tn_transport_write(&transport, buf.data, buf.len, &n);
    tn_transport_finish(&transport);
    tn_transport_close(&transport);
    tn_buf_reset(&buf);
    tn_count(&tn_runtime_of(worker)->counters, TN_COUNTER_sessions_refused, 1);
    tn_log(TN_LOG_WARN, "session refused", TN_LOG_TEXT("listener", "mysqlWire"), TN_LOG_TEXT("peer", peer), TN_LOG_TEXT("reason", message));
}

static const char *over_limit(struct tn_mysql *mysql, const struct tn_settings *settings, const char *peer)
{
    if (atomic_fetch_add(&mysql->connections, 1) >= settings->mysql_max_connections) {
        atomic_fetch_sub(&mysql->connections, 1);
        return "Too many connections (frontends.mysqlWire.maxConnections)";
    }
    if (!tn_tally_add(mysql->server->addresses, tn_peer_address(tn_str(peer)), settings->mysql_max_per_address)) {
        atomic_fetch_sub(&mysql->connections, 1);
        return "Too many connections from this address (frontends.mysqlWire.maxConnectionsPerAddress)";
    }
    return NULL;
}

void tn_my_accept(struct tn_worker *worker, int fd, const char *peer, void *arg)
{
    struct tn_mysql      *mysql = arg;
    struct tn_my_home    *home = worker->module[TN_WORKER_MYSQL];
    struct tn_my_session *s;
    const char           *why;

    if (atomic_load(&mysql->server->state) == TN_SERVER_STOPPING) {
        refuse(worker, fd, peer, 1053, "08S01", "Server shutdown in progress");
        return;
    }
    why = over_limit(mysql, &tn_runtime_of(worker)->snapshot->config->settings, peer);
    if (why != NULL) {
        refuse(worker, fd, peer, 1040, "08004", why);
        return;
    }
    s = new_session(worker, home, fd, peer);
    if (s == NULL) {
        tn_tally_remove(mysql->server->addresses, tn_peer_address(tn_str(peer)));
        atomic_fetch_sub(&mysql->connections, 1);
        refuse(worker, fd, peer, 1037, "HY001", "no memory for a session");
        return;
    }
    s->counted_address = true;
    atomic_fetch_add(&mysql->server->sessions, 1);
    tn_count(&s->runtime->counters, TN_COUNTER_sessions_opened, 1);
    tn_list_append(&home->sessions, &s->node);
    tn_my_greet(s);
    if (s->state != TN_MY_CLOSING)
        tn_my_idle_timer(s);
}

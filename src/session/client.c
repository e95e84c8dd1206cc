#include "session/client.h"

#include "base/clock.h"
#include "net/tls.h"

#include <poll.h>

enum { INPUT_AHEAD = 64 * 1024, INPUT_KEEP = 4096, GONE_CHECK_S = 1, FULL = 512 * 1024 };

static struct tn_client_limits limits_of(const struct tn_worker *worker, const struct tn_client_ops *ops)
{
    return ops->limits(&tn_runtime_of(worker)->snapshot->config->settings);
}

/* ---- reading ---- */

/* Bytes that may wait to be used besides those that do. */
static size_t input_room(struct tn_client *c)
{
    size_t pending = c->in.len - c->in_at;
    size_t want = INPUT_AHEAD;
    size_t room;

    if (!c->busy && pending >= INPUT_AHEAD)
        want = pending + INPUT_AHEAD; /* in the middle of a long message: its length was checked */
    room = want > pending ? want - pending : 0;
    return c->ops->room != NULL ? TN_MIN(room, c->ops->room(c)) : room;
}

static void lose(struct tn_client *c, const char *reason)
{
    if (c->closed)
        return;
    c->gone = true;
    c->ops->lost(c, reason);
}

static enum tn_io read_some(struct tn_client *c)
{
    size_t     room = TN_MIN(input_room(c), (size_t)INPUT_AHEAD), n = 0;
    size_t     first = c->in.capacity - c->in.len;
    enum tn_io result;

    if (first < 1024 && !tn_buf_reserve(&c->in, TN_MIN(room, TN_MAX((size_t)1024, c->in.len))))
        return TN_IO_ERROR;
    room = TN_MIN(room, c->in.capacity - c->in.len);
    if (room == 0)
        return TN_IO_AGAIN;
    result = tn_transport_read(&c->transport, c->in.data + c->in.len, room, &n);
    if (result == TN_IO_OK) {
        c->in.len += n;
        c->bytes_in += n;
        tn_count(&c->runtime->counters, TN_COUNTER_client_bytes_received, n);
    }
    return result;
}

static void on_error(struct tn_client *c)
{
    const char *why = tn_tls_why(&c->transport);

    if (why != NULL)
        tn_log(TN_LOG_INFO, "TLS failed", TN_LOG_TEXT("listener", c->ops->listener), TN_LOG_TEXT("peer", c->peer), TN_LOG_TEXT("why", why));
    lose(c, why != NULL ? "TLS failed" : "connection lost");
}

static void receive(struct tn_client *c)
{
    enum tn_io result;

    if (c->turn.waiting || (c->ops->readable != NULL && !c->ops->readable(c)))
        return;
    if (tn_tls_is_beginning(&c->transport) && tn_turns_wait(&c->worker->turns, &c->turn)) {
        tn_client_watch(c);
        return;
    }
    result = read_some(c);
    while (result == TN_IO_OK && c->transport.more && input_room(c) > 0)
        result = read_some(c);
    c->read_wants_write = result == TN_IO_AGAIN && (c->transport.wants & TN_IO_WANT_WRITE) != 0;
    switch (result) {
    case TN_IO_AGAIN: break; /* after something, perhaps */
    case TN_IO_EOF:   lose(c, "client closed the connection"); return;
    case TN_IO_ERROR: on_error(c); return;
    case TN_IO_OK:    break;
    }
    if (c->busy)
        tn_client_watch(c);
    else
        tn_client_process(c);
}

static void on_turn(struct tn_turn *turn)
{
    receive(TN_CONTAINER_OF(turn, struct tn_client, turn));
}

static void on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
    (void)loop;
    (void)revents;
    receive(TN_CONTAINER_OF(io, struct tn_client, read_ev));
}

/* Nothing is read while a statement runs and enough is waiting already: is the client still there? */
static void on_gone_check(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_client *c = TN_CONTAINER_OF(timer, struct tn_client, gone_check);
    struct pollfd     look = {.fd = c->transport.fd, .events = POLLRDHUP};

    (void)loop;
    (void)revents;
    if (poll(&look, 1, 0) == 1 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0)
        lose(c, "client closed the connection");
}

/* ---- watching ---- */

static void set_io(struct tn_client *c, ev_io *io, bool on)
{
    if (on && !ev_is_active(io))
        ev_io_start(c->worker->loop, io);
    else if (!on && ev_is_active(io))
        ev_io_stop(c->worker->loop, io);
}

static void set_gone_check(struct tn_client *c, bool on)
{
    if (on && !ev_is_active(&c->gone_check)) {
        ev_timer_set(&c->gone_check, GONE_CHECK_S, GONE_CHECK_S);
        ev_timer_start(c->worker->loop, &c->gone_check);
    } else if (!on && ev_is_active(&c->gone_check)) {
        ev_timer_stop(c->worker->loop, &c->gone_check);
    }
}

void tn_client_watch(struct tn_client *c)
{
    bool room;

    if (c->closed)
        return;
    room = input_room(c) > 0;
    set_gone_check(c, c->busy && !room);
    set_io(c, &c->read_ev, !c->gone && !c->turn.waiting && !ev_is_active(&c->again) && room && !c->read_wants_write && !tn_client_full(c));
    set_io(c, &c->write_ev, (c->out.first != NULL && !c->out.held) || c->read_wants_write);
    if (c->transport.more && ev_is_active(&c->read_ev)) /* TLS has taken it from the socket already: at most a record */
        ev_feed_event(c->worker->loop, &c->read_ev, EV_READ);
}

bool tn_client_full(const struct tn_client *c)
{
    size_t bytes = tn_outbox_bytes(&c->out);

    return bytes > 0 && bytes > TN_MIN((size_t)FULL, limits_of(c->worker, c->ops).buffered);
}

/* ---- writing ---- */

void tn_client_flush(struct tn_client *c)
{
    c->out.held = false;
    while (c->out.first != NULL && !c->closed) {
        uint64_t   before = c->out.written;
        enum tn_io result = tn_outbox_write(&c->out, &c->transport);

        tn_count(&c->runtime->counters, TN_COUNTER_client_bytes_sent, c->out.written - before);
        if (result == TN_IO_AGAIN)
            break;
        if (c->closed || result == TN_IO_OK)
            continue;
        if (c->out.failed)
            c->ops->lost(c, "no memory for an answer");
        else
            lose(c, "client does not take its answer");
        return;
    }
    tn_client_watch(c);
}

void tn_client_flush_soon(struct tn_client *c)
{
    if (c->closed)
        return;
    c->out.held = false;
    tn_client_watch(c); /* starts write_ev */
    ev_feed_event(c->worker->loop, &c->write_ev, EV_WRITE);
}

static void on_writable(struct ev_loop *loop, ev_io *io, int revents)
{
    struct tn_client *c = TN_CONTAINER_OF(io, struct tn_client, write_ev);

    (void)loop;
    (void)revents;
    if (c->read_wants_write) {
        receive(c);
        if (c->closed)
            return;
    }
    tn_client_flush(c);
    if (!c->closed && !tn_client_full(c)) {
        if (c->paused)
            tn_client_again(c);
        else if (!c->busy && !ev_is_active(&c->again))
            tn_client_process(c);
    }
    tn_client_watch(c);
}

/* ---- messages ---- */

/* What is used of the input goes; an idle session gives its memory back. */
static void compact(struct tn_client *c)
{
    if (c->busy && c->in_at <= INPUT_KEEP)
        return;
    tn_buf_consume(&c->in, c->in_at);
    c->in_at = 0;
    if (c->in.len == 0 && c->in.capacity > INPUT_KEEP)
        tn_buf_reset(&c->in);
}

static bool may_go_on(const struct tn_client *c)
{
    return !c->closed && !c->busy && !c->stop_soon && !tn_client_full(c);
}

/* Messages until one must wait, there is no whole one left, the output is full, or it has been long enough. */
static void process_some(struct tn_client *c)
{
    uint64_t until = tn_clock_us() + TN_CLIENT_SLICE_US;

    c->processing = true;
    for (unsigned done = 1; may_go_on(c) && c->ops->step(c); done++)
        if (done % 8 == 0 && tn_clock_us() >= until) {
            tn_client_again(c);
            break;
        }
    c->processing = false;
}

void tn_client_process(struct tn_client *c)
{
    bool full;

    do {
        process_some(c);
        if (c->closed)
            return;
        compact(c);
        full = tn_client_full(c);
        if (c->ops->deliver != NULL)
            c->ops->deliver(c);
        else
            tn_client_flush(c);
    } while (full && !c->closed && !c->busy && !tn_client_full(c)); /* nobody else would go on */
    if (!c->closed)
        c->ops->settled(c);
}

static void on_again(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_client *c = TN_CONTAINER_OF(timer, struct tn_client, again);

    (void)loop;
    (void)revents;
    if (c->paused && !tn_client_full(c)) {
        c->paused = false;
        c->ops->resume(c);
    } else if (!c->busy) {
        tn_client_process(c);
    }
}

void tn_client_again(struct tn_client *c)
{
    if (ev_is_active(&c->again) || c->closed)
        return;
    ev_timer_set(&c->again, 0., 0.);
    ev_timer_start(c->worker->loop, &c->again);
}

/* ---- timer ---- */

static void on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_client *c = TN_CONTAINER_OF(timer, struct tn_client, timer);

    (void)loop;
    (void)revents;
    c->ops->timeout(c);
}

void tn_client_set_timer(struct tn_client *c, uint64_t us)
{
    if (c->closed || (us == 0 && !ev_is_active(&c->timer)))
        return;
    ev_timer_stop(c->worker->loop, &c->timer);
    if (us == 0)
        return;
    ev_now_update(c->worker->loop);
    ev_timer_set(&c->timer, (double)us / 1e6, 0.);
    ev_timer_start(c->worker->loop, &c->timer);
}

/* ---- beginning and end ---- */

enum tn_place tn_client_place(struct tn_worker *worker, const struct tn_client_ops *ops, struct tn_places *places, const char *peer)
{
    struct tn_client_limits limits = limits_of(worker, ops);

    return tn_places_take(places, peer, limits.connections, limits.per_address);
}

void tn_client_refuse(struct tn_worker *worker, const struct tn_client_ops *ops, int fd, const char *peer, const struct tn_buf *answer,
                      const char *why)
{
    struct tn_transport transport;
    size_t              n;

    tn_transport_init(&transport, fd);
    tn_transport_write(&transport, answer->data, answer->len, &n);
    tn_transport_finish(&transport);
    tn_transport_close(&transport);
    tn_count(&tn_runtime_of(worker)->counters, TN_COUNTER_sessions_refused, 1);
    tn_log(TN_LOG_WARN, "session refused", TN_LOG_TEXT("listener", ops->listener), TN_LOG_TEXT("peer", peer), TN_LOG_TEXT("reason", why));
}

void tn_client_open(struct tn_client *c, struct tn_worker *worker, const struct tn_client_ops *ops, struct tn_places *places, int fd,
                    const char *peer, size_t chunk_max)
{
    c->ops = ops;
    c->worker = worker;
    c->runtime = tn_runtime_of(worker);
    c->places = places;
    tn_buf_init(&c->in, SIZE_MAX / 2); /* a step checks a message's length before more of it is read */
    tn_outbox_init(&c->out, chunk_max);
    tn_str_copy(c->peer, sizeof c->peer, tn_str(peer));
    tn_transport_init(&c->transport, fd);
    ev_io_init(&c->read_ev, on_readable, fd, EV_READ);
    ev_io_init(&c->write_ev, on_writable, fd, EV_WRITE);
    ev_init(&c->timer, on_timer);
    ev_init(&c->again, on_again);
    ev_init(&c->gone_check, on_gone_check);
    c->turn.go = on_turn;
    atomic_fetch_add(&c->runtime->server->sessions, 1);
    tn_count(&c->runtime->counters, TN_COUNTER_sessions_opened, 1);
}

bool tn_client_take_user(struct tn_client *c, const char *user, uint64_t max)
{
    if (c->user != NULL)
        tn_places_give_back_user(c->places, tn_str(c->user));
    c->user = tn_places_take_user(c->places, tn_str(user), max) ? user : NULL;
    if (c->user == NULL)
        tn_count(&c->runtime->counters, TN_COUNTER_sessions_refused, 1);
    return c->user != NULL;
}

void tn_client_finish(struct tn_client *c)
{
    tn_client_flush(c);
    if (!c->closed)
        tn_transport_finish(&c->transport);
}

void tn_client_close(struct tn_client *c, const char *reason)
{
    c->closed = true;
    c->end_reason = reason;
    ev_io_stop(c->worker->loop, &c->read_ev);
    ev_io_stop(c->worker->loop, &c->write_ev);
    ev_timer_stop(c->worker->loop, &c->timer);
    ev_timer_stop(c->worker->loop, &c->again);
    ev_timer_stop(c->worker->loop, &c->gone_check);
    tn_turn_leave(&c->turn);
    tn_transport_close(&c->transport);
    if (c->user != NULL)
        tn_places_give_back_user(c->places, tn_str(c->user));
    c->user = NULL;
    tn_places_give_back(c->places, c->peer);
    atomic_fetch_sub(&c->runtime->server->sessions, 1);
    tn_count(&c->runtime->counters, TN_COUNTER_sessions_closed, 1);
}

void tn_client_log_end(const struct tn_client *c, uint64_t id, const char *user, uint64_t statements)
{
    tn_log(TN_LOG_INFO, "session end", TN_LOG_U64("session", id), TN_LOG_TEXT("listener", c->ops->listener), TN_LOG_TEXT("peer", c->peer),
           TN_LOG_TEXT("user", user != NULL ? user : ""), TN_LOG_TEXT("reason", c->end_reason), TN_LOG_U64("statements", statements),
           TN_LOG_U64("bytes_in", c->bytes_in), TN_LOG_U64("bytes_out", c->out.written));
}

void tn_client_reset(struct tn_client *c)
{
    tn_outbox_reset(&c->out);
    tn_buf_reset(&c->in);
}

#include "net/http_conn.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <assert.h>

enum {
    REQUESTS_PER_TURN = 16, /* of one connection; then the others have their turn */
    LINGER_MS = 2000,
    ARENA_MAX = 1024 * 1024,
    KEEP_BUFFER = 1024, /* output buffers up to this size are kept for the next answer */
};

static void feed(struct tn_http_conn *conn, const char *data, size_t len);

/* ---- state and time ---- */

const struct tn_http_limits *tn_http_conn_limits(const struct tn_http_conn *conn)
{
    const struct tn_http_conf *conf = &conn->home->server->conf;

    return conf->limits_now == NULL ? &conf->limits : conf->limits_now(conn->home->worker, conf->handler.arg);
}

static unsigned state_ms(const struct tn_http_conn *conn, enum tn_http_conn_state state)
{
    const struct tn_http_limits *limits = tn_http_conn_limits(conn);

    switch (state) {
    case TN_HTTP_CONN_GAP:
        return conn->refused == NULL ? limits->idle_ms : limits->head_ms;
    case TN_HTTP_CONN_HEAD:
        return limits->head_ms;
    case TN_HTTP_CONN_BODY:
        return limits->body_ms;
    case TN_HTTP_CONN_WRITING:
        return limits->write_ms;
    case TN_HTTP_CONN_LINGER:
        return LINGER_MS;
    case TN_HTTP_CONN_HELD:
        return conn->hold_ms;
    case TN_HTTP_CONN_HANDLING: /* the handler's business */
    case TN_HTTP_CONN_CLOSED:
        break;
    }
    return 0;
}

void tn_http_conn_restart_time(struct tn_http_conn *conn)
{
    unsigned ms = state_ms(conn, conn->state);

    conn->deadline_us = ms == 0 ? 0 : tn_clock_us() + (uint64_t)ms * 1000;
}

void tn_http_conn_set_state(struct tn_http_conn *conn, enum tn_http_conn_state state) /* the only writer of ->state */
{
    if (conn->state == state || conn->state == TN_HTTP_CONN_CLOSED)
        return;
    conn->state = state;
    tn_http_conn_restart_time(conn);
}

static bool is_reading(const struct tn_http_conn *conn)
{
    return conn->state == TN_HTTP_CONN_GAP || conn->state == TN_HTTP_CONN_HEAD || conn->state == TN_HTTP_CONN_BODY;
}

static void arm_timer(struct tn_http_conn *conn)
{
    struct ev_loop *loop = conn->home->worker->loop;
    uint64_t        now = tn_clock_us();

    conn->timer_at_us = conn->deadline_us;
    ev_timer_stop(loop, &conn->timer);
    ev_timer_set(&conn->timer, conn->deadline_us > now ? (double)(conn->deadline_us - now) / 1e6 : 0., 0.);
    ev_timer_start(loop, &conn->timer);
}

/* Watchers and timer as the state wants them; before going back to the loop. A timer that would fire too early is left
 * alone: it looks at the deadline when it does. */
static void arm(struct tn_http_conn *conn)
{
    struct ev_loop *loop = conn->home->worker->loop;
    bool            room = conn->state == TN_HTTP_CONN_LINGER || conn->pending.len < TN_HTTP_PENDING_MAX;

    if (conn->state == TN_HTTP_CONN_CLOSED)
        return;
    if (room && !conn->input_ended && !conn->turn.waiting)
        ev_io_start(loop, &conn->readable);
    else
        ev_io_stop(loop, &conn->readable);
    if (conn->state == TN_HTTP_CONN_WRITING || conn->read_wants_write || conn->flush_due)
        ev_io_start(loop, &conn->writable);
    else
        ev_io_stop(loop, &conn->writable);
    if (conn->transport.more && ev_is_active(&conn->readable)) /* TLS took it from the socket already: at most a record */
        ev_feed_event(loop, &conn->readable, EV_READ);
    if (conn->watched && !room)
        tn_http_conn_look_out(conn);
    if (conn->deadline_us != 0 && !(ev_is_active(&conn->timer) && conn->timer_at_us <= conn->deadline_us))
        arm_timer(conn);
}

static void conn_free(struct tn_grave *grave)
{
    struct tn_http_conn *conn = TN_CONTAINER_OF(grave, struct tn_http_conn, grave);

    tn_http_parser_reset(&conn->parser);
    tn_buf_reset(&conn->pending);
    tn_buf_reset(&conn->body_in);
    tn_buf_reset(&conn->fields_out);
    tn_buf_reset(&conn->head_out);
    tn_buf_reset(&conn->body_out);
    tn_bytes_unref(conn->rest);
    tn_arena_reset(&conn->x.arena);
    tn_http_coder_free(conn->coder);
    tn_free(conn);
}

void tn_http_conn_close(struct tn_http_conn *conn)
{
    struct ev_loop *loop = conn->home->worker->loop;

    if (conn->state == TN_HTTP_CONN_CLOSED)
        return;
    tn_http_conn_set_state(conn, TN_HTTP_CONN_CLOSED);
    ev_io_stop(loop, &conn->readable);
    ev_io_stop(loop, &conn->writable);
    ev_timer_stop(loop, &conn->timer);
    ev_timer_stop(loop, &conn->resume);
    tn_transport_close(&conn->transport);
    tn_list_remove(&conn->node);
    tn_turn_leave(&conn->turn);
    tn_http_server_uncount(conn);
    if (!conn->answered && conn->x.gone != NULL)
        conn->x.gone(&conn->x);
    tn_worker_bury(conn->home->worker, &conn->grave, conn_free);
}

/* ---- sending ---- */

static void shrink(struct tn_buf *buf)
{
    if (buf->capacity > KEEP_BUFFER)
        tn_buf_reset(buf);
    else
        tn_buf_clear(buf);
}

/* The answer is out: what comes next? */
static void on_answer_sent(struct tn_http_conn *conn)
{
    struct tn_arena arena = conn->x.arena;

    shrink(&conn->head_out);
    shrink(&conn->fields_out);
    shrink(&conn->body_in);
    tn_buf_reset(&conn->body_out);
    tn_bytes_unref(conn->rest);
    conn->rest = NULL;
    tn_arena_reset(&arena);
    tn_http_coder_free(conn->coder);
    conn->coder = NULL;
    conn->sent = 0;
    conn->body_bytes = 0;
    conn->deferred = false;
    conn->hold_ms = 0;
    conn->answered = conn->streaming = conn->wants_room = conn->watched = conn->own_coding = false;
    conn->x = (struct tn_http_exchange){.worker = conn->home->worker, .peer = conn->peer, .arena = arena};
    if (!conn->close_after && !conn->home->stopping) {
        tn_http_parser_skip(&conn->parser); /* where the head was answered: its end must not be taken for that of another */
        tn_http_conn_set_state(conn, TN_HTTP_CONN_GAP);
        return;
    }
    if (conn->input_ended) {
        tn_http_conn_close(conn);
        return;
    }
    tn_transport_finish(&conn->transport); /* closing with unread input would reset, and the answer might be lost */
    tn_buf_reset(&conn->pending);
    tn_http_conn_set_state(conn, TN_HTTP_CONN_LINGER);
}

/* Parts that are not sent yet; their number. */
static int unsent(const struct tn_http_conn *conn, struct iovec parts[3])
{
    const struct iovec all[3] = {{conn->head_out.data, conn->head_out.len},
                                 {conn->body_out.data, conn->body_out.len},
                                 {conn->rest == NULL ? NULL : conn->rest->buf.data + conn->rest_at, conn->rest == NULL ? 0 : conn->rest->buf.len - conn->rest_at}};
    size_t             skip = conn->sent;
    int                count = 0;

    for (int i = 0; i < 3; i++) {
        size_t at = TN_MIN(skip, all[i].iov_len);

        skip -= at;
        if (all[i].iov_len > at)
            parts[count++] = (struct iovec){(char *)all[i].iov_base + at, all[i].iov_len - at};
    }
    return count;
}

/* The parts of an answer so far are out. */
static void on_parts_sent(struct tn_http_conn *conn)
{
    bool wants_room = conn->wants_room;

    tn_buf_clear(&conn->head_out);
    if (conn->body_out.capacity > 2 * TN_HTTP_STREAM_FULL)
        tn_buf_reset(&conn->body_out);
    else
        tn_buf_clear(&conn->body_out);
    conn->sent = 0;
    conn->wants_room = false;
    tn_http_conn_set_state(conn, TN_HTTP_CONN_HANDLING);
    if (wants_room)
        conn->x.room(&conn->x);
}

static void flush(struct tn_http_conn *conn)
{
    struct iovec parts[3];
    int          count;

    while ((count = unsent(conn, parts)) > 0) {
        size_t     n;
        enum tn_io io = tn_transport_writev(&conn->transport, parts, count, &n);

        if (io == TN_IO_AGAIN) {
            tn_http_conn_set_state(conn, TN_HTTP_CONN_WRITING);
            return;
        }
        if (io != TN_IO_OK) {
            tn_http_conn_close(conn);
            return;
        }
        conn->sent += n;
        if (conn->state == TN_HTTP_CONN_WRITING)
            tn_http_conn_restart_time(conn);
    }
    if (conn->streaming)
        on_parts_sent(conn);
    else
        on_answer_sent(conn);
}

void tn_http_conn_go_on(struct tn_http_conn *conn)
{
    if (conn->state == TN_HTTP_CONN_BODY || (conn->state == TN_HTTP_CONN_GAP && conn->pending.len > 0)) {
        struct tn_buf pending = conn->pending;

        tn_buf_init(&conn->pending, TN_HTTP_PENDING_MAX);
        feed(conn, pending.len > 0 ? pending.data : "", pending.len);
        tn_buf_reset(&pending);
    } else {
        if (conn->state == TN_HTTP_CONN_GAP && conn->input_ended)
            tn_http_conn_close(conn);
        arm(conn);
    }
}

void tn_http_conn_answer(struct tn_http_conn *conn)
{
    if (conn->head_out.failed) {
        tn_http_conn_close(conn);
        return;
    }
    if (conn->hold_ms > 0)
        tn_http_conn_set_state(conn, TN_HTTP_CONN_HELD);
    else
        flush(conn);
    if (!conn->in_process)
        tn_http_conn_go_on(conn);
}

static void release(struct tn_http_conn *conn)
{
    conn->hold_ms = 0;
    tn_http_conn_set_state(conn, TN_HTTP_CONN_HANDLING);
    tn_http_conn_answer(conn);
}

static void read_conn(struct tn_http_conn *conn);

static void on_writable(struct ev_loop *loop, ev_io *io, int revents)
{
    struct tn_http_conn *conn = io->data;

    (void)loop;
    (void)revents;
    conn->flush_due = false;
    if (conn->read_wants_write) {
        conn->read_wants_write = false;
        read_conn(conn);
    }
    if (conn->state == TN_HTTP_CONN_CLOSED)
        return;
    if (conn->watched && conn->input_ended && !conn->answered) {
        tn_http_conn_close(conn);
        return;
    }
    if (conn->head_out.failed || conn->body_out.failed) {
        tn_http_conn_close(conn); /* no memory for the answer: what is there must not look whole */
        return;
    }
    if ((conn->answered && conn->state != TN_HTTP_CONN_HELD) || conn->streaming)
        flush(conn);
    tn_http_conn_go_on(conn);
}

/* ---- requests ---- */

static void on_more(struct tn_http_conn *conn)
{
    if (tn_http_parser_idle(&conn->parser))
        tn_http_conn_set_state(conn, TN_HTTP_CONN_GAP);
    else if (conn->parser.state == TN_HTTP_IN_HEAD)
        tn_http_conn_set_state(conn, TN_HTTP_CONN_HEAD);
    else
        tn_http_conn_set_state(conn, TN_HTTP_CONN_BODY);
}

/* Parses until the bytes are used up, a request waits for its answer, or the turn is over. Bytes used. */
static size_t parse(struct tn_http_conn *conn, const char *data, size_t len)
{
    unsigned budget = REQUESTS_PER_TURN;
    size_t   at = 0;

    while (is_reading(conn)) {
        size_t             used;
        enum tn_http_event event;

        if (budget == 0 && conn->state == TN_HTTP_CONN_GAP)
            break;
        event = tn_http_parser_feed(&conn->parser, data + at, len - at, &used);
        at += used;
        if (event == TN_HTTP_MORE) {
            on_more(conn);
            break;
        }
        tn_http_request_event(conn, event, at < len);
        if (event == TN_HTTP_END)
            budget--;
    }
    return at;
}

static void feed(struct tn_http_conn *conn, const char *data, size_t len)
{
    size_t at;

    if (tn_http_parser_idle(&conn->parser))
        conn->parser.head_max = tn_http_conn_limits(conn)->head_max;
    conn->in_process = true;
    at = parse(conn, data, len);
    conn->in_process = false;
    if (conn->state == TN_HTTP_CONN_CLOSED)
        return;
    if (at < len && conn->state != TN_HTTP_CONN_LINGER) {
        tn_buf_append(&conn->pending, data + at, len - at);
        if (conn->pending.failed) {
            tn_http_conn_close(conn);
            return;
        }
        if (conn->state == TN_HTTP_CONN_GAP && !ev_is_active(&conn->resume)) {
            ev_timer_set(&conn->resume, 0., 0.);
            ev_timer_start(conn->home->worker->loop, &conn->resume);
        }
    } else if (conn->input_ended && is_reading(conn)) {
        tn_http_conn_close(conn);
        return;
    }
    arm(conn);
}

static void on_resume(struct ev_loop *loop, ev_timer *timer, int revents)
{
    (void)loop;
    (void)revents;
    tn_http_conn_go_on(timer->data);
}

/* ---- receiving ---- */

static void on_input_end(struct tn_http_conn *conn, enum tn_io io)
{
    conn->input_ended = true;
    if (io == TN_IO_ERROR || conn->transport.error != 0 || conn->state == TN_HTTP_CONN_LINGER ||
        conn->state == TN_HTTP_CONN_HELD || (conn->watched && !conn->answered) ||
        (is_reading(conn) && conn->pending.len == 0))
        tn_http_conn_close(conn);
    else
        arm(conn); /* half closed: it still waits for its answers */
}

static void read_conn(struct tn_http_conn *conn)
{
    char                *scratch = conn->home->scratch;
    bool                 busy = !is_reading(conn) || conn->pending.len > 0;
    size_t               room = busy ? TN_HTTP_PENDING_MAX - conn->pending.len : TN_HTTP_READ_SIZE, n;
    enum tn_io           got;

    if (conn->turn.waiting || (!conn->looked && !tn_http_conn_secure(conn)) || tn_http_conn_waits(conn))
        return;
    if (conn->state == TN_HTTP_CONN_LINGER)
        room = TN_HTTP_READ_SIZE;
    got = tn_transport_read(&conn->transport, scratch, room, &n);
    if (got == TN_IO_AGAIN) {
        conn->read_wants_write = (conn->transport.wants & TN_IO_WANT_WRITE) != 0;
        arm(conn);
        return;
    }
    if (got != TN_IO_OK) {
        tn_http_conn_log_tls(conn);
        on_input_end(conn, got);
    } else if (conn->state == TN_HTTP_CONN_LINGER) {
        return; /* thrown away */
    } else if (busy) {
        tn_buf_append(&conn->pending, scratch, n);
        if (conn->pending.failed)
            tn_http_conn_close(conn);
        arm(conn);
    } else {
        feed(conn, scratch, n);
    }
}

static void on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
    (void)loop;
    (void)revents;
    read_conn(io->data);
}

static void on_turn(struct tn_turn *turn)
{
    read_conn(TN_CONTAINER_OF(turn, struct tn_http_conn, turn));
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_http_conn *conn = timer->data;

    (void)loop;
    (void)revents;
    if (conn->deadline_us == 0)
        return;
    if (tn_clock_us() < conn->deadline_us) {
        arm(conn);
    } else if (conn->state == TN_HTTP_CONN_HEAD || conn->state == TN_HTTP_CONN_BODY) {
        tn_http_request_late(conn);
    } else if (conn->state == TN_HTTP_CONN_HELD) {
        release(conn);
    } else if (conn->state == TN_HTTP_CONN_HANDLING && !tn_http_conn_is_gone(conn)) {
        conn->deadline_us = 0;
        arm(conn);
    } else {
        tn_http_conn_close(conn);
    }
}

/* ---- life ---- */

static void init_watchers(struct tn_http_conn *conn, int fd)
{
    ev_io_init(&conn->readable, on_readable, fd, EV_READ);
    ev_io_init(&conn->writable, on_writable, fd, EV_WRITE);
    ev_timer_init(&conn->timer, on_timer, 0., 0.);
    ev_timer_init(&conn->resume, on_resume, 0., 0.);
    conn->readable.data = conn->writable.data = conn;
    conn->timer.data = conn->resume.data = conn;
    conn->turn.go = on_turn;
}

struct tn_http_conn *tn_http_conn_open(struct tn_http_worker *home, int fd, const char *peer)
{
    struct tn_http_conn *conn = tn_calloc(1, sizeof *conn);
    struct tn_transport  transport;

    tn_transport_init(&transport, fd);
    if (conn == NULL) {
        tn_transport_close(&transport);
        return NULL;
    }
    conn->home = home;
    conn->transport = transport;
    conn->x.worker = home->worker;
    conn->x.peer = conn->peer;
    tn_arena_init(&conn->x.arena, ARENA_MAX);
    tn_str_copy(conn->peer, sizeof conn->peer, tn_str(peer));
    tn_http_parser_init(&conn->parser);
    tn_buf_init(&conn->pending, TN_HTTP_PENDING_MAX);
    tn_buf_init(&conn->body_in, 0);
    tn_buf_init(&conn->fields_out, TN_HTTP_FIELDS_OUT_MAX);
    tn_buf_init(&conn->head_out, TN_HTTP_HEAD_OUT_MAX);
    tn_buf_init(&conn->body_out, TN_HTTP_REPLY_MAX);
    init_watchers(conn, fd);
    conn->state = TN_HTTP_CONN_GAP;
    tn_http_conn_restart_time(conn);
    tn_list_append(&home->conns, &conn->node);
    arm(conn);
    return conn;
}

/* Answers that come in parts: chunked (RFC 9112, 7.1), to HTTP/1.0 up to the end of the connection. */
#include "net/http_conn.h"

#include "base/clock.h"

#include <poll.h>
#include <sys/socket.h>

static void flush_soon(struct tn_http_conn *conn)
{
    conn->flush_due = true; /* so that arm() leaves the watcher alone */
    ev_io_start(conn->home->worker->loop, &conn->writable); /* an event is fed to a watcher that is active */
    ev_feed_event(conn->home->worker->loop, &conn->writable, EV_WRITE);
}

static void break_off(struct tn_http_conn *conn)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    if (conn->parser.minor == 0) /* the end of the connection is the end of the answer: only a reset says that it is none */
        setsockopt(conn->transport.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    tn_http_conn_close(conn);
}

void tn_http_conn_look_out(struct tn_http_conn *conn)
{
    enum { LOOK_US = 1000000 };

    if (conn->state == TN_HTTP_CONN_HANDLING && conn->deadline_us == 0)
        conn->deadline_us = tn_clock_us() + LOOK_US;
}

bool tn_http_conn_is_gone(const struct tn_http_conn *conn)
{
    struct pollfd look = {.fd = conn->transport.fd, .events = POLLRDHUP};

    return poll(&look, 1, 0) == 1 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static bool has_body(const struct tn_http_conn *conn)
{
    return conn->x.method != TN_HTTP_METHOD_HEAD;
}

void tn_http_begin(struct tn_http_exchange *x, int status, const char *type)
{
    struct tn_http_conn *conn = tn_http_conn_of(x);

    conn->streaming = true;
    conn->coder = tn_http_coder_new(tn_http_conn_coding(conn, type));
    if (conn->home->stopping || !conn->parser.keep_alive || conn->parser.minor == 0 || conn->state == TN_HTTP_CONN_BODY)
        conn->close_after = true;
    tn_http_conn_set_state(conn, TN_HTTP_CONN_HANDLING); /* what is left of a body is not read */
    tn_http_conn_put_head(conn, status, type, TN_HTTP_LENGTH_UNKNOWN);
    flush_soon(conn);
}

/* PART, coded already, as a chunk. */
static void put_chunk(struct tn_http_conn *conn, struct tn_str part)
{
    struct tn_buf *out = &conn->body_out;

    if (part.len == 0) /* would be the end */
        return;
    if (conn->parser.minor == 0) {
        tn_buf_put_str(out, part);
        return;
    }
    tn_buf_printf(out, "%zx\r\n", part.len);
    tn_buf_put_str(out, part);
    tn_buf_append(out, "\r\n", 2);
}

static void put(struct tn_http_conn *conn, struct tn_str part, bool last)
{
    struct tn_buf coded;

    if (!has_body(conn))
        return;
    conn->body_out.max = SIZE_MAX / 2; /* a row may be as long as it likes; `room` keeps the rest short */
    if (conn->coder == NULL) {
        put_chunk(conn, part);
        return;
    }
    tn_buf_init(&coded, SIZE_MAX / 2);
    if (!tn_http_coder_put(conn->coder, part, last, &coded))
        conn->body_out.failed = true;
    put_chunk(conn, tn_buf_str(&coded));
    tn_buf_reset(&coded);
}

bool tn_http_send(struct tn_http_exchange *x, struct tn_str part)
{
    struct tn_http_conn *conn = tn_http_conn_of(x);

    put(conn, part, false);
    flush_soon(conn);
    conn->wants_room = conn->body_out.len - TN_MIN(conn->sent, conn->body_out.len) >= TN_HTTP_STREAM_FULL;
    return !conn->wants_room;
}

void tn_http_end(struct tn_http_exchange *x)
{
    struct tn_http_conn *conn = tn_http_conn_of(x);

    if (conn->coder != NULL)
        put(conn, TN_STR(""), true);
    if (has_body(conn) && conn->parser.minor > 0)
        tn_buf_append(&conn->body_out, "0\r\n\r\n", 5);
    conn->streaming = false;
    conn->answered = true;
    flush_soon(conn);
}

void tn_http_abort(struct tn_http_exchange *x)
{
    struct tn_http_conn *conn = tn_http_conn_of(x);

    conn->answered = true; /* `gone` is not for who did it himself */
    break_off(conn);
}

void tn_http_watch(struct tn_http_exchange *x)
{
    struct tn_http_conn *conn = tn_http_conn_of(x);

    conn->watched = true;
    if (conn->input_ended)
        flush_soon(conn);
}

/* One request, from its head to the handler: what the parser says becomes calls of the handler, or a refusal. */
#include "net/http_coding.h"
#include "net/http_conn.h"

#include <stdarg.h>

/* "frontends.restHttp.maxBodySize" */
enum { OPTION_TEXT = 96 };

static const char *option_name(const struct tn_http_conn *conn, const char *name, char out[OPTION_TEXT])
{
    const char *path = tn_http_conn_limits(conn)->path;

    snprintf(out, OPTION_TEXT, "%s%s%s", path != NULL ? path : "", path != NULL ? "." : "", name);
    return out;
}

/* ---- refusals ---- */

/* An answer that ends the connection, because nobody knows where the next request would begin. */
TN_PRINTF(3, 4) static void refuse_conn(struct tn_http_conn *conn, int status, const char *fmt, ...)
{
    void (*gone)(struct tn_http_exchange *) = conn->x.gone;
    char    reason[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(reason, sizeof reason, fmt, args);
    va_end(args);
    conn->x.gone = NULL;
    if (gone != NULL)
        gone(&conn->x);
    conn->close_after = true;
    tn_http_conn_set_state(conn, TN_HTTP_CONN_HANDLING);
    tn_http_problem(&conn->x, status, "%s", reason);
}

static void refuse_body(struct tn_http_conn *conn)
{
    const char *option = tn_http_conn_limits(conn)->body_option;
    char        name[OPTION_TEXT];

    refuse_conn(conn, 413, "the body is longer than %zu bytes (%s)", conn->x.body_max,
                option_name(conn, option != NULL ? option : "maxBodySize", name));
}

void tn_http_request_late(struct tn_http_conn *conn)
{
    const struct tn_http_limits *limits = tn_http_conn_limits(conn);
    bool                         head = conn->state == TN_HTTP_CONN_HEAD;
    unsigned                     ms = head ? limits->head_ms : limits->body_ms;
    char                         name[OPTION_TEXT];

    if (head)
        conn->x.method = TN_HTTP_METHOD_GET; /* not that of the request before */
    refuse_conn(conn, 408, "the %s did not come within %u.%03u s (%s)", head ? "header" : "body", ms / 1000, ms % 1000,
                option_name(conn, head ? "headerTimeout" : "bodyTimeout", name));
}

static void on_bad(struct tn_http_conn *conn)
{
    char name[OPTION_TEXT];

    if (conn->state != TN_HTTP_CONN_BODY)
        conn->x.method = TN_HTTP_METHOD_GET;
    if (conn->parser.bad_status == 405)
        tn_http_set_field(&conn->x, "Allow", "GET, HEAD, POST, DELETE");
    if (conn->parser.too_long)
        refuse_conn(conn, conn->parser.bad_status, "%s: at most %zu bytes (%s)", conn->parser.bad_reason,
                    tn_http_conn_limits(conn)->head_max, option_name(conn, "maxHeaderSize", name));
    else
        refuse_conn(conn, conn->parser.bad_status, "%s", conn->parser.bad_reason);
}

/* ---- the head ---- */

static void begin_exchange(struct tn_http_conn *conn)
{
    struct tn_http_exchange *x = &conn->x;

    x->method = conn->parser.method;
    x->target = conn->parser.target;
    x->field_count = conn->parser.field_count;
    x->fields = conn->parser.fields;
    x->body_max = tn_http_conn_limits(conn)->body_max;
    x->user = NULL;
    x->gone = NULL;
}

static bool has_body(const struct tn_http_conn *conn)
{
    return conn->parser.chunked || conn->parser.content_length > 0;
}

/* Neither plain answers are wanted nor any that there are. The connection goes on. */
static void refuse_codings(struct tn_http_conn *conn)
{
    conn->close_after = has_body(conn);
    tn_http_conn_set_state(conn, TN_HTTP_CONN_HANDLING);
    tn_http_problem(&conn->x, 406, "Accept-Encoding allows none of identity, gzip and zstd, which are all that there is");
}

static bool accepts_a_coding(struct tn_http_conn *conn)
{
    struct tn_str accept = tn_http_field_list(&conn->x, "accept-encoding");

    return accept.len == 0 || !tn_http_coding_must(accept) || tn_http_coding_choose(accept) != TN_HTTP_CODING_NONE;
}

/* False: refused. */
static bool check_head(struct tn_http_conn *conn)
{
    struct tn_http_exchange *x = &conn->x;
    struct tn_str            path;
    char                     name[OPTION_TEXT];

    tn_http_split_target(x->target, &path, &x->query);
    if (conn->refused != NULL) {
        tn_http_set_field(x, "Retry-After", "1");
        refuse_conn(conn, conn->refused_status, "too many connections%s (%s)", conn->refused_status == 429 ? " from this address" : "",
                    option_name(conn, conn->refused, name));
    } else if (conn->tls_missing) {
        refuse_conn(conn, 400, "this port speaks HTTPS only");
    } else if (!tn_http_normalise(&x->arena, path, &x->path)) {
        refuse_conn(conn, 400, "the path has a wrong %% escape");
    } else if (conn->parser.minor > 0 && !accepts_a_coding(conn)) {
        refuse_codings(conn);
    } else {
        return true;
    }
    return false;
}

/* The head was let through: the body may come. */
static void begin_body(struct tn_http_conn *conn, bool more_is_there)
{
    static const char go[] = "HTTP/1.1 100 Continue\r\n\r\n";
    size_t            n;

    if (conn->parser.content_length > conn->x.body_max) {
        refuse_body(conn);
        return;
    }
    if (conn->parser.expect_continue && !more_is_there &&
        (tn_transport_write(&conn->transport, go, sizeof go - 1, &n) != TN_IO_OK || n != sizeof go - 1)) {
        tn_http_conn_close(conn);
        return;
    }
    tn_http_conn_set_state(conn, TN_HTTP_CONN_BODY);
}

static void on_head(struct tn_http_conn *conn, bool more_is_there)
{
    const struct tn_http_handler *handler = &conn->home->server->conf.handler;

    begin_exchange(conn);
    if (!check_head(conn))
        return;
    tn_http_conn_set_state(conn, TN_HTTP_CONN_HANDLING); /* an answer from here on must find the connection not reading */
    if (handler->head != NULL) {
        conn->close_after = has_body(conn);
        handler->head(&conn->x, handler->arg);
        if (conn->state != TN_HTTP_CONN_HANDLING || conn->answered || conn->deferred)
            return;
        conn->close_after = false;
    }
    begin_body(conn, more_is_there);
}

void tn_http_defer(struct tn_http_exchange *x)
{
    tn_http_conn_of(x)->deferred = true;
}

void tn_http_go_on(struct tn_http_exchange *x)
{
    struct tn_http_conn *conn = tn_http_conn_of(x);

    conn->deferred = conn->close_after = false;
    begin_body(conn, conn->pending.len > 0);
    tn_http_conn_go_on(conn);
}

/* ---- the body ---- */

static void on_body(struct tn_http_conn *conn)
{
    struct tn_str part = conn->parser.body;

    if (conn->body_bytes > conn->x.body_max || part.len > conn->x.body_max - conn->body_bytes) {
        refuse_body(conn);
        return;
    }
    conn->body_bytes += part.len;
    conn->body_in.max = conn->x.body_max;
    tn_buf_put_str(&conn->body_in, part);
    if (conn->body_in.failed)
        refuse_conn(conn, 503, "no memory for the body");
}

static void on_end(struct tn_http_conn *conn)
{
    const struct tn_http_handler *handler = &conn->home->server->conf.handler;

    conn->x.body = tn_buf_str(&conn->body_in);
    tn_http_conn_set_state(conn, TN_HTTP_CONN_HANDLING);
    handler->request(&conn->x, handler->arg);
}

void tn_http_request_event(struct tn_http_conn *conn, enum tn_http_event event, bool more_is_there)
{
    if (event == TN_HTTP_HEAD)
        on_head(conn, more_is_there);
    else if (event == TN_HTTP_BODY)
        on_body(conn);
    else if (event == TN_HTTP_END)
        on_end(conn);
    else
        on_bad(conn);
}

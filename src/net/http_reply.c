#include "net/http_conn.h"

#include <stdarg.h>

const char *tn_http_status_text(int status)
{
    switch (status) {
#define STATUS(code, text)                                                                                            \
    case code:                                                                                                        \
        return text;
#include "net/http_status.def"
#undef STATUS
    default:
        return "Unknown";
    }
}

const struct tn_http_field *tn_http_field(const struct tn_http_exchange *x, const char *name)
{
    struct tn_str wanted = tn_str(name);

    for (size_t i = 0; i < x->field_count; i++)
        if (tn_str_eq(x->fields[i].name, wanted))
            return &x->fields[i];
    return NULL;
}

void tn_http_set_field(struct tn_http_exchange *x, const char *name, const char *value)
{
    struct tn_http_conn *conn = tn_http_conn_of(x);
    size_t               len = 0;

    while (value[len] != '\0' && ((unsigned char)value[len] >= 0x20 || value[len] == '\t') && value[len] != 0x7f)
        len++;
    tn_buf_printf(&conn->fields_out, "%s: ", name);
    tn_buf_append(&conn->fields_out, value, len);
    tn_buf_puts(&conn->fields_out, "\r\n");
}

static const char *date_now(struct tn_http_worker *home)
{
    time_t now = time(NULL);

    if (now != home->date_at) {
        home->date_at = now;
        tn_http_date(now, home->date);
    }
    return home->date;
}

static void put_head(struct tn_http_conn *conn, int status, const char *type, size_t body_len)
{
    struct tn_buf *out = &conn->head_out;

    tn_buf_printf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", status, tn_http_status_text(status), date_now(conn->home));
    if (type != NULL)
        tn_buf_printf(out, "Content-Type: %s\r\n", type);
    if (status != 204 && status != 304)
        tn_buf_printf(out, "Content-Length: %zu\r\n", body_len);
    tn_buf_put_str(out, tn_buf_str(&conn->fields_out));
    if (conn->close_after)
        tn_buf_puts(out, "Connection: close\r\n");
    else if (conn->parser.minor == 0)
        tn_buf_puts(out, "Connection: keep-alive\r\n");
    tn_buf_puts(out, "\r\n");
}

static bool without_body(const struct tn_http_conn *conn, int status)
{
    return conn->x.method == TN_HTTP_METHOD_HEAD || status == 204 || status == 304;
}

void tn_http_reply_buf(struct tn_http_exchange *x, int status, const char *type, struct tn_buf *body)
{
    struct tn_http_conn *conn = tn_http_conn_of(x);

    if (body->failed || conn->fields_out.failed) {
        tn_buf_reset(body);
        tn_buf_clear(&conn->fields_out);
        tn_buf_puts(body, "the answer is too large, or there is no memory for it\n");
        status = 500;
        type = "text/plain; charset=utf-8";
    }
    if (conn->home->stopping || !conn->parser.keep_alive)
        conn->close_after = true;
    put_head(conn, status, type, body->len);
    if (!without_body(conn, status)) {
        conn->body_out = *body;
        tn_buf_init(body, body->max);
    } else {
        tn_buf_reset(body);
    }
    conn->answered = true;
    tn_http_conn_answer(conn);
}

void tn_http_reply(struct tn_http_exchange *x, int status, const char *type, struct tn_str body)
{
    struct tn_buf copy;

    tn_buf_init(&copy, TN_HTTP_REPLY_MAX);
    tn_buf_put_str(&copy, body);
    tn_http_reply_buf(x, status, type, &copy);
}

void tn_http_problem(struct tn_http_exchange *x, int status, const char *fmt, ...)
{
    char          detail[1024];
    struct tn_buf body;
    va_list       args;

    va_start(args, fmt);
    vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    tn_buf_init(&body, TN_HTTP_FIELDS_OUT_MAX);
    tn_buf_puts(&body, "{\"type\":\"about:blank\",\"title\":");
    tn_buf_put_json(&body, tn_str(tn_http_status_text(status)));
    tn_buf_printf(&body, ",\"status\":%d,\"detail\":", status);
    tn_buf_put_json(&body, tn_str(detail));
    tn_buf_puts(&body, "}\n");
    tn_http_reply_buf(x, status, "application/problem+json", &body);
}

#include "net/http_conn.h"

#include "base/digits.h"

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

struct tn_str tn_http_field_list(struct tn_http_exchange *x, const char *name)
{
    struct tn_str wanted = tn_str(name), list = tn_str_n(NULL, 0);

    for (size_t i = 0; i < x->field_count; i++) {
        struct tn_str value = x->fields[i].value;
        char         *joined;

        if (!tn_str_eq(x->fields[i].name, wanted))
            continue;
        joined = list.ptr != NULL ? tn_arena_alloc(&x->arena, list.len + value.len + 2) : NULL;
        if (joined == NULL) {
            list = list.ptr != NULL ? list : tn_str_n(value.ptr != NULL ? value.ptr : "", value.len);
            continue;
        }
        memcpy(joined, list.ptr, list.len);
        memcpy(joined + list.len, ", ", 2);
        memcpy(joined + list.len + 2, value.ptr, value.len);
        list = tn_str_n(joined, list.len + value.len + 2);
    }
    return list;
}

void tn_http_set_field(struct tn_http_exchange *x, const char *name, const char *value)
{
    struct tn_http_conn *conn = tn_http_conn_of(x);
    size_t               len = 0;

    while (value[len] != '\0' && ((unsigned char)value[len] >= 0x20 || value[len] == '\t') && value[len] != 0x7f)
        len++;
    if (tn_str_ieq_c(tn_str(name), "content-encoding"))
        conn->own_coding = true;
    tn_buf_puts(&conn->fields_out, name);
    tn_buf_puts(&conn->fields_out, ": ");
    tn_buf_append(&conn->fields_out, value, len);
    tn_buf_puts(&conn->fields_out, "\r\n");
}

void tn_http_hold(struct tn_http_exchange *x, unsigned ms)
{
    tn_http_conn_of(x)->hold_ms = ms;
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

/* Texts shrink; what is compressed already does not. */
static bool worth_coding(const char *type)
{
    static const char *const kinds[] = {"text/", "application/json", "application/x-ndjson", "application/openapi",
                                        "application/vnd.apache.arrow.stream"};

    for (size_t i = 0; type != NULL && i < TN_ARRAY_LEN(kinds); i++)
        if (strncmp(type, kinds[i], strlen(kinds[i])) == 0)
            return true;
    return type != NULL && strstr(type, "+json") != NULL;
}

enum tn_http_coding tn_http_conn_coding(struct tn_http_conn *conn, const char *type)
{
    struct tn_str accept;

    if (conn->own_coding || conn->parser.minor == 0 || conn->x.method == TN_HTTP_METHOD_HEAD)
        return TN_HTTP_CODING_NONE;
    accept = tn_http_field_list(&conn->x, "accept-encoding");
    return accept.len > 0 && (worth_coding(type) || tn_http_coding_must(accept)) ? tn_http_coding_choose(accept) : TN_HTTP_CODING_NONE;
}

static void put_number(struct tn_buf *out, const char *before, uint64_t number, const char *behind)
{
    char text[TN_DIGITS_SIZE];

    tn_buf_puts(out, before);
    tn_buf_append(out, text, (size_t)(tn_digits_put(text, number) - text));
    tn_buf_puts(out, behind);
}

static void put_line(struct tn_buf *out, const char *name, const char *value)
{
    tn_buf_puts(out, name);
    tn_buf_puts(out, value);
    tn_buf_puts(out, "\r\n");
}

static void put_length(struct tn_http_conn *conn, int status, size_t body_len)
{
    if (status == 204 || status == 304)
        return;
    if (body_len != TN_HTTP_LENGTH_UNKNOWN)
        put_number(&conn->head_out, "Content-Length: ", body_len, "\r\n");
    else if (conn->parser.minor > 0)
        tn_buf_puts(&conn->head_out, "Transfer-Encoding: chunked\r\n");
}

void tn_http_conn_put_head(struct tn_http_conn *conn, int status, const char *type, size_t body_len)
{
    struct tn_buf *out = &conn->head_out;

    tn_buf_reserve(out, 384 + conn->fields_out.len + (body_len <= TN_HTTP_IN_HEAD_MAX ? body_len : 0)); /* at once */
    put_number(out, "HTTP/1.1 ", (uint64_t)status, " ");
    put_line(out, "", tn_http_status_text(status));
    put_line(out, "Date: ", date_now(conn->home));
    if (type != NULL)
        put_line(out, "Content-Type: ", type);
    put_length(conn, status, body_len);
    if (conn->coder != NULL)
        put_line(out, "Content-Encoding: ", tn_http_coding_name(tn_http_conn_coding(conn, type)));
    if (!conn->own_coding && worth_coding(type))
        tn_buf_puts(out, "Vary: Accept-Encoding\r\n");
    tn_buf_put_str(out, tn_buf_str(&conn->fields_out));
    if (conn->close_after)
        tn_buf_puts(out, "Connection: close\r\n");
    else if (conn->parser.minor == 0)
        tn_buf_puts(out, "Connection: keep-alive\r\n");
    tn_buf_puts(out, "\r\n");
}

/* BODY becomes its coded form where that is wanted, with REST behind it. */
static void code_body(struct tn_http_conn *conn, const char *type, struct tn_buf *body, struct tn_str *rest)
{
    enum tn_http_coding coding = tn_http_conn_coding(conn, type);
    size_t              len = body->len + rest->len;
    struct tn_buf       coded;

    if (coding == TN_HTTP_CODING_NONE || len == 0 || (len < TN_HTTP_CODE_LEAST && !tn_http_coding_must(tn_http_field_list(&conn->x, "accept-encoding"))) || (conn->coder = tn_http_coder_new(coding)) == NULL)
        return;
    tn_buf_init(&coded, body->max);
    if (tn_http_coder_put(conn->coder, tn_buf_str(body), rest->len == 0, &coded) && (rest->len == 0 || tn_http_coder_put(conn->coder, *rest, true, &coded))) {
        tn_buf_reset(body);
        *body = coded;
        rest->len = 0;
        return;
    }
    tn_buf_reset(&coded);
    tn_http_coder_free(conn->coder);
    conn->coder = NULL;
}

static bool without_body(const struct tn_http_conn *conn, int status)
{
    return conn->x.method == TN_HTTP_METHOD_HEAD || status == 204 || status == 304;
}

void tn_http_reply_buf(struct tn_http_exchange *x, int status, const char *type, struct tn_buf *body)
{
    tn_http_reply_bytes(x, status, type, body, NULL, 0);
}

void tn_http_reply_bytes(struct tn_http_exchange *x, int status, const char *type, struct tn_buf *body, struct tn_bytes *rest, size_t from)
{
    struct tn_http_conn *conn = tn_http_conn_of(x);
    struct tn_str        behind = tn_str_n(rest == NULL ? "" : rest->buf.data + from, rest == NULL ? 0 : rest->buf.len - from);

    if (body->failed || conn->fields_out.failed) {
        tn_buf_reset(body);
        tn_buf_clear(&conn->fields_out);
        tn_buf_puts(body, "the answer is too large, or there is no memory for it\n");
        behind.len = 0;
        status = 500;
        type = "text/plain; charset=utf-8";
    }
    if (conn->home->stopping || !conn->parser.keep_alive || conn->state == TN_HTTP_CONN_BODY)
        conn->close_after = true; /* what is left of a body is not read */
    code_body(conn, type, body, &behind);
    tn_http_conn_put_head(conn, status, type, body->len + behind.len);
    if (!without_body(conn, status) && behind.len == 0 && body->len <= TN_HTTP_IN_HEAD_MAX) {
        tn_buf_put_str(&conn->head_out, tn_buf_str(body)); /* in one piece */
        tn_buf_reset(body);
    } else if (!without_body(conn, status)) {
        conn->body_out = *body;
        tn_buf_init(body, body->max);
        if (behind.len > 0) {
            conn->rest = tn_bytes_ref(rest);
            conn->rest_at = from;
        }
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

/* explain.c - GET, POST /admin/explain: EXPLAIN ROUTE without a session. The statement is the parameter `sql` or the body. */
#include "admin/endpoint.h"

#include "base/alloc.h"
#include "explain.h"

/* False: it is not one statement, and that has been answered. */
static bool read_statement(struct tn_http_exchange *x, const struct tn_http_args *args, struct tn_str *sql)
{
    struct tn_str text = tn_http_arg(args, "sql"), second;
    size_t        at = 0;

    if (text.ptr == NULL)
        text = x->body;
    else if (x->body.len > 0) {
        tn_http_problem(x, 400, "the statement is given twice: as parameter `sql` and as the body");
        return false;
    }
    if (tn_utf8_valid_prefix(text.ptr, text.len) < text.len || (text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL)) {
        tn_http_problem(x, 400, "the statement is no UTF-8 text");
        return false;
    }
    if (!tn_statement_next(text, TN_DIALECT_POSTGRES, &at, sql)) {
        tn_http_problem(x, 400, "there is no statement: give parameter `sql`, or send it as the body of a POST");
        return false;
    }
    if (tn_statement_next(text, TN_DIALECT_POSTGRES, &at, &second)) {
        tn_http_problem(x, 400, "one statement at a time, please; the second begins with `%.*s`", (int)TN_MIN(second.len, (size_t)40), second.ptr);
        return false;
    }
    return true;
}

static struct tn_str param(const struct tn_http_args *args, const char *name, struct tn_str hint)
{
    struct tn_str value = tn_http_arg(args, name);

    if (hint.len > 0)
        return hint;
    return value.ptr != NULL ? value : TN_STR("");
}

/* Who asks, as the parameters say, and as the statement's own hint says. */
static enum tn_status fill(struct tn_query *q, struct tn_http_exchange *x, const struct tn_http_args *args, struct tn_error *err)
{
    struct tn_str   none = {"", 0}, protocol = param(args, "protocol", none), tags;
    struct tn_hint  hint = {0};
    struct tn_tag  *headers = tn_arena_zalloc(&q->arena, sizeof *headers), *list = NULL;

    if (headers == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory");
    TN_TRY(tn_hint_read(&hint, q->text, err));
    *headers = (struct tn_tag){TN_STR("application_name"), param(args, "application", none)};
    q->client = (struct tn_route_context){
        .protocol = protocol.len > 0 ? protocol.ptr : "postgresWire",
        .user = param(args, "user", none), .database = param(args, "database", none), .application = headers->value,
        .client_address = tn_str(x->peer), .header_count = 1, .headers = headers,
        .hint_group = param(args, "group", hint.group), .hint_cluster = param(args, "cluster", hint.cluster),
        .hint_strategy = param(args, "strategy", hint.strategy), .hint_priority = hint.priority,
    };
    tags = param(args, "tags", hint.tags);
    if (tags.len > 0)
        TN_TRY(tn_tags_parse(tags, &q->arena, &q->client.tag_count, &list, err));
    q->client.tags = list;
    return TN_OK;
}

static void answer(struct tn_http_exchange *x, const struct tn_explanation *e, bool text)
{
    struct tn_buf  body;
    struct tn_json json = {.buf = &body};

    tn_buf_init(&body, TN_ADMIN_REPLY_MAX);
    if (text) {
        tn_explanation_text(e, &body);
        tn_http_reply_buf(x, 200, "text/plain; charset=utf-8", &body);
    } else {
        tn_explanation_json(e, &json, NULL);
        tn_admin_reply_json(x, 200, &body);
    }
}

/* In the exchange's arena. */
struct explaining {
    struct tn_explaining     base;
    struct tn_http_exchange *x;
    bool                     text;
};

static void fail(struct tn_http_exchange *x, enum tn_status status, const struct tn_error *err)
{
    tn_http_problem(x, status == TN_E_NOMEM ? 503 : 400, "%s%s%s", err->message, err->hint[0] != '\0' ? ". " : "", err->hint);
}

static void on_explained(struct tn_explaining *base)
{
    struct explaining       *e = TN_CONTAINER_OF(base, struct explaining, base);
    struct tn_http_exchange *x = e->x;
    struct tn_explaining     done = *base; /* the answer may be the end of the exchange */

    x->gone = NULL;
    if (done.status == TN_OK)
        answer(x, &done.explanation, e->text);
    else
        fail(x, done.status, &done.err);
    tn_explaining_end(&done);
    tn_explain_query_free(done.query);
}

static void on_gone(struct tn_http_exchange *x)
{
    struct explaining *e = x->user;

    tn_explaining_abandon(&e->base);
    tn_explain_query_free(e->base.query);
}

/* Takes over Q. */
static void explain(struct tn_query *q, struct tn_http_exchange *x, const struct tn_http_args *args, bool text)
{
    struct explaining *e = tn_arena_zalloc(&x->arena, sizeof *e);
    struct tn_error    err = TN_ERROR_INIT;
    enum tn_status     status;

    tn_features_read(&q->features, q->text, TN_DIALECT_POSTGRES);
    status = e != NULL ? fill(q, x, args, &err) : tn_fail(&err, TN_E_NOMEM, "53200", "no memory");
    if (status != TN_OK) {
        fail(x, status, &err);
        tn_explain_query_free(q);
        tn_error_reset(&err);
        return;
    }
    *e = (struct explaining){.base = {.query = q, .own = tn_explain_is_sessions(&q->features), .done = on_explained}, .x = x, .text = text};
    x->user = e;
    x->gone = on_gone;
    tn_explaining_start(&e->base);
}

void tn_admin_explain(struct tn_admin *admin, struct tn_http_exchange *x, const struct tn_http_args *args)
{
    struct tn_str    format = tn_http_arg(args, "format"), sql;
    bool             text = tn_str_eq_c(format, "text");
    struct tn_query *q;

    (void)admin;
    if (format.ptr != NULL && !text && !tn_str_eq_c(format, "json")) {
        tn_http_problem(x, 400, "parameter `format` is json or text, not `%.64s`", format.ptr);
        return;
    }
    if (!read_statement(x, args, &sql))
        return;
    q = tn_explain_query_new(tn_runtime_of(x->worker));
    if (q == NULL) {
        tn_http_problem(x, 503, "no memory");
        return;
    }
    q->text = sql;
    q->kind = TN_RUN_EXECUTE;
    explain(q, x, args, text);
}

#include "base/alloc.h"
#include "http_fixture.h"
#include "net/http_text.h"

#include <CUnit/Basic.h>

#include <errno.h>

/* ---- the parser alone ---- */

/* Events of the whole INPUT fed STEP bytes at a time: "H" head, "E" end, "B<status>"; bodies into BODY. */
static void run_parser(const char *input, size_t len, size_t step, char *events, size_t size, struct tn_buf *body)
{
    struct tn_http_parser parser;
    size_t                at = 0, out = 0;
    bool                  bad = false;

    tn_http_parser_init(&parser);
    tn_buf_clear(body);
    events[0] = '\0';
    while (!bad && out + 16 < size) {
        size_t             n = TN_MIN(step, len - at), used;
        enum tn_http_event event = tn_http_parser_feed(&parser, input + at, n, &used);

        CU_ASSERT_FATAL(used <= n);
        at += used;
        if (event == TN_HTTP_HEAD)
            events[out++] = 'H';
        else if (event == TN_HTTP_END)
            events[out++] = 'E';
        else if (event == TN_HTTP_BODY)
            tn_buf_put_str(body, parser.body);
        else if (event == TN_HTTP_BAD) {
            out += (size_t)snprintf(events + out, size - out, "B%d", parser.bad_status);
            bad = true;
        } else {
            CU_ASSERT_EQUAL(used, n);
            if (at == len)
                break;
        }
        events[out] = '\0';
    }
    events[out] = '\0';
    tn_http_parser_reset(&parser);
}

struct parser_case {
    const char *input, *events, *body;
};

#define GET "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

static const struct parser_case parser_cases[] = {
    {GET "Host: a\r\n\r\n", "HE", ""},
    {"\r\n\r\n" GET "Host: a\r\n\r\n\r\n" GET "Host: a\r\n\r\n", "HEHE", ""},
    {"GET / HTTP/1.0\r\n\r\n", "HE", ""},
    {"GET http://h/x HTTP/1.1\r\nHost: h\r\n\r\n", "HE", ""},
    {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "HE", ""},
    {POST "Content-Length: 3\r\n\r\nabc", "HE", "abc"},
    {POST "Content-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\n\r\n", "HEHE", "abc"},
    {POST "Content-Length: 0\r\n\r\n", "HE", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n" GET "Host: a\r\n\r\n", "HEHE", "abcde"},
    {POST "transfer-encoding:   CHUNKED  \r\n\r\nA\r\n0123456789\r\n0\r\n\r\n", "HE", "0123456789"},
    {GET "Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n", "HE", ""},
    /* ambiguous lengths */
    {POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "B400", ""},
    {POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", "B400", ""},
    {POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "B400", ""},
    {POST "Content-Length: 3, 3\r\n\r\nabc", "B400", ""},
    {POST "Content-Length: +3\r\n\r\nabc", "B400", ""},
    {POST "Content-Length: -3\r\n\r\nabc", "B400", ""},
    {POST "Content-Length: 0x3\r\n\r\nabc", "B400", ""},
    {POST "Content-Length: 3 \r\n\r\nabc", "HE", "abc"},
    {POST "Content-Length: \r\n\r\nabc", "B400", ""},
    {POST "Content-Length: 99999999999999999999\r\n\r\n", "B400", ""},
    {POST "Content-Length : 3\r\n\r\nabc", "B400", ""},
    {POST "Transfer-Encoding: gzip, chunked\r\n\r\n", "B501", ""},
    {POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "B400", ""},
    {POST "Transfer-Encoding: xchunked\r\n\r\n", "B501", ""},
    {POST "Transfer-Encoding: \x0b" "chunked\r\n\r\n", "B400", ""},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "B400", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\nx\r\n", "HB400", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\n-1\r\n", "HB400", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", "HB400", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", "HB400", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", "HB400", "abc"},
    {POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\nExpires: never\r\n\r\n" GET "Host: a\r\n\r\n", "HEHE", "abc"},
    {POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\nHost: b\r\n\r\n", "HB400", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\n0\r\nHos: b\r\nHost-and-much-more-than-twenty-letters: b\r\nt:\r\n\r\n" GET "Host: a\r\n\r\n", "HEHE", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\ntransfer-ENCODING: x\r\n\r\n", "HB400", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\n\r\n", "HB400", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\n", "HB400", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX y\r\n\r\n", "HB400", ""},
    {POST "Content-Length: 3\r\ncontent-length: 4\r\n\r\nabcd", "B400", ""},
    {POST "Content-Length: 1 0\r\n\r\n0123456789", "B400", ""},
    {POST "Content-Length: 3;\r\n\r\nabc", "B400", ""},
    {POST "Content-Length: 3.0\r\n\r\nabc", "B400", ""},
    {POST "Content-Length: 3\r\n\t\r\n\r\nabc", "B400", ""},
    {POST "Content-Length\t: 3\r\n\r\nabc", "B400", ""},
    {POST "Content_Length: 3\r\n\r\n", "HE", ""},
    {POST "Transfer-Encoding: identity\r\n\r\n", "B501", ""},
    {POST "Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc", "B400", ""},
    {POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", "B400", ""},
    {POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "B400", ""},
    {POST "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n", "B400", ""},
    {POST "Transfer-Encoding: , chunked\r\n\r\n0\r\n\r\n", "B501", ""},
    {POST "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", "B501", ""},
    {POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", "B501", ""},
    {POST "Transfer-Encoding:\r\n\r\n0\r\n\r\n", "B501", ""},
    {POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "B400", ""},
    {POST " Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "B400", ""},
    {POST "X: a\r\n\tTransfer-Encoding: chunked\r\n\r\n", "B400", ""},
    {POST "X: a\nTransfer-Encoding: chunked\r\n\r\n", "B400", ""},
    {POST "X: a\rTransfer-Encoding: chunked\r\n\r\n", "B400", ""},
    {"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: a\r\n\r\n0\r\n\r\n" GET "Host: a\r\n\r\n", "HEHE", ""},
    {"GET / HTTP/1.1\r\nContent-Length: 4\r\nHost: a\r\n\r\nGET " GET "Host: a\r\n\r\n", "HEHE", "GET "},
    {"POST / HTTP/1.0\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc", "B400", ""},
    {"POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.0\r\n\r\n", "HEHE", "abc"},
    /* chunk sizes and extensions */
    {POST "Transfer-Encoding: chunked\r\n\r\n\r\n", "HB400", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n", "HB400", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n", "HB400", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n", "HB400", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", "HB400", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\n3g\r\nabc\r\n0\r\n\r\n", "HB400", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\n3\rabc\r\n0\r\n\r\n", "HB400", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\n3;a\nabc\r\n0\r\n\r\n", "HB400", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\n3;a=\"\n\"\r\nabc\r\n0\r\n\r\n", "HB400", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n0\r\n\r\n", "HE", "abc"},
    {POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n", "HB400", "abc"},
    {POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\n", "HB400", "abc"},
    {POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\n\r\n", "HB400", "abc"},
    {POST "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n", "HB400", ""},
    {POST "Transfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n", "HB400", ""},
    /* lines */
    {"GET / HTTP/1.1\nHost: a\n\n", "B400", ""},
    {GET "Host: a\rX: y\r\n\r\n", "B400", ""},
    {GET "Host: a\r\nX: y\r\n folded\r\n\r\n", "B400", ""},
    {GET "Host: a\r\n X: y\r\n\r\n", "B400", ""},
    {GET "Host: a\r\nX y\r\n\r\n", "B400", ""},
    {GET "Host: a\r\n: y\r\n\r\n", "B400", ""},
    {GET "Host: a\r\nX: y\x01z\r\n\r\n", "B400", ""},
    /* who and how */
    {GET "\r\n", "B400", ""},
    {GET "Host: a\r\nHost: b\r\n\r\n", "B400", ""},
    {GET "Host: a b\r\n\r\n", "B400", ""},
    {GET "Host: a\r\nExpect: 200-ok\r\n\r\n", "B417", ""},
    {GET "Host: a\r\nAuthorization: Basic YTpi\r\nAuthorization: Basic YTpi\r\n\r\n", "B400", ""},
    {POST "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", "B415", ""},
    {POST "Content-Encoding: identity\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", "B415", ""},
    {POST "Expect: 100-continue\r\nExpect: other\r\nContent-Length: 3\r\n\r\nabc", "B417", ""},
    {POST "Content-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc", "HE", "abc"},
    {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "B505", ""},
    {"GET / HTTP/1.7\r\nHost: a\r\n\r\n", "B505", ""},
    {"GET /\r\n\r\n", "B505", ""},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "B400", ""},
    {"QUERY / HTTP/1.1\r\nHost: a\r\n\r\n", "B405", ""},
    {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "B501", ""},
    {"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", "HE", ""},
    {"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", "B501", ""},
    {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "B400", ""},
    {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", "B400", ""},
    {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "B505", ""},
    {"GET / x HTTP/1.1\r\nHost: a\r\n\r\n", "B400", ""},
    {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "B501", ""},
    {"\x16\x03\x01", "B400", ""},
    {"get / HTTP/1.1\r\n", "B400", ""},
    {"GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", "B400", ""},
};

static void test_parser_cases(void)
{
    struct tn_buf body;
    char          events[256];

    tn_buf_init(&body, 1 << 20);
    for (size_t i = 0; i < TN_ARRAY_LEN(parser_cases); i++) {
        const struct parser_case *c = &parser_cases[i];
        size_t                    len = strlen(c->input);

        for (size_t step = 1; step <= len; step++) {
            bool same;

            run_parser(c->input, len, step, events, sizeof events, &body);
            same = strcmp(events, c->events) == 0 && tn_str_eq_c(tn_buf_str(&body), c->body);
            if (!same)
                printf("\n%s\n  step %zu: expected %s \"%s\", got %s \"" TN_STR_FMT "\"\n", c->input, step, c->events,
                       c->body, events, TN_STR_ARG(tn_buf_str(&body)));
            CU_ASSERT(same);
            if (!same)
                break;
        }
    }
    tn_buf_reset(&body);
}

static void test_parser_fields(void)
{
    static const char     text[] = "POST /a?b HTTP/1.1\r\nHost: h:1\r\nX-Empty:\r\nX-Space: \t a b \t \r\nX-Two: 1\r\nX-Two: 2\r\n"
                                   "Content-Length: 7\r\nExpect: 100-Continue\r\nConnection: close\r\n\r\n";
    struct tn_http_parser parser;
    size_t                used;

    tn_http_parser_init(&parser);
    CU_ASSERT_EQUAL_FATAL(tn_http_parser_feed(&parser, text, sizeof text - 1, &used), TN_HTTP_HEAD);
    CU_ASSERT_EQUAL(used, sizeof text - 1);
    CU_ASSERT_EQUAL(parser.method, TN_HTTP_METHOD_POST);
    CU_ASSERT(tn_str_eq_c(parser.target, "/a?b"));
    CU_ASSERT_EQUAL(parser.content_length, 7);
    CU_ASSERT(parser.expect_continue);
    CU_ASSERT_FALSE(parser.keep_alive);
    CU_ASSERT_EQUAL(parser.field_count, 8);
    CU_ASSERT(tn_str_eq_c(tn_http_parser_field(&parser, TN_STR("x-empty"))->value, ""));
    CU_ASSERT(tn_str_eq_c(tn_http_parser_field(&parser, TN_STR("x-space"))->value, "a b"));
    CU_ASSERT(tn_str_eq_c(tn_http_parser_field(&parser, TN_STR("x-two"))->value, "1"));
    CU_ASSERT_PTR_NULL(tn_http_parser_field(&parser, TN_STR("x-none")));
    tn_http_parser_reset(&parser);
}

static void check_long(size_t request_line, size_t fields, size_t field_len, const char *expected)
{
    struct tn_buf input, body;
    char          events[64];

    tn_buf_init(&input, 1 << 20);
    tn_buf_init(&body, 1 << 20);
    tn_buf_puts(&input, "GET /");
    for (size_t i = 0; i < request_line; i++)
        tn_buf_put_u8(&input, 'a');
    tn_buf_puts(&input, " HTTP/1.1\r\nHost: a\r\n");
    for (size_t i = 0; i < fields; i++) {
        tn_buf_puts(&input, "X: ");
        for (size_t k = 0; k < field_len; k++)
            tn_buf_put_u8(&input, 'v');
        tn_buf_puts(&input, "\r\n");
    }
    tn_buf_puts(&input, "\r\n");
    run_parser(input.data, input.len, 1000, events, sizeof events, &body);
    CU_ASSERT_STRING_EQUAL(events, expected);
    tn_buf_reset(&input);
    tn_buf_reset(&body);
}

static void test_parser_limits(void)
{
    check_long(60000, 0, 0, "HE");
    check_long(70000, 0, 0, "B414");
    check_long(1, 100, 600, "HE");
    check_long(1, 100, 700, "B431");
    check_long(1, 127, 3, "HE");
    check_long(1, 128, 3, "B431");
}

/* Chunk framing out of all proportion is refused, ordinary small chunks are not. */
static void test_parser_framing(void)
{
    struct tn_buf input, body;
    char          events[64];

    tn_buf_init(&input, 1 << 22);
    tn_buf_init(&body, 1 << 22);
    tn_buf_puts(&input, POST "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 10000; i++)
        tn_buf_puts(&input, "1\r\nx\r\n");
    tn_buf_puts(&input, "0\r\n\r\n");
    run_parser(input.data, input.len, 4096, events, sizeof events, &body);
    CU_ASSERT_STRING_EQUAL(events, "HE");
    CU_ASSERT_EQUAL(body.len, 10000);
    tn_buf_clear(&input);
    tn_buf_puts(&input, POST "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 10000; i++)
        tn_buf_puts(&input, "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=b\r\nx\r\n");
    run_parser(input.data, input.len, 4096, events, sizeof events, &body);
    CU_ASSERT_STRING_EQUAL(events, "HB400");
    tn_buf_reset(&input);
    tn_buf_reset(&body);
}

/* Whatever allocation fails: 500, never a crash or a leak. */
static void test_parser_no_memory(void)
{
    static const char text[] = GET "Host: a\r\nA: 1\r\nB: 2\r\n\r\n";

    for (size_t n = 0; n < 10; n++) {
        struct tn_http_parser parser;
        size_t                used;
        enum tn_http_event    event;

        tn_http_parser_init(&parser);
        tn_alloc_fail_after(n);
        event = tn_http_parser_feed(&parser, text, sizeof text - 1, &used);
        if (tn_alloc_failed() > 0)
            CU_ASSERT(event == TN_HTTP_BAD && parser.bad_status == 500);
        if (tn_alloc_failed() == 0)
            CU_ASSERT_EQUAL(event, TN_HTTP_HEAD);
        tn_alloc_fail_never();
        tn_http_parser_reset(&parser);
    }
}

/* ---- texts ---- */

static void test_texts(void)
{
    struct tn_arena arena;
    struct tn_str   out, name, value;
    size_t          at = 0;
    char            date[TN_HTTP_DATE];

    tn_arena_init(&arena, 0);
    CU_ASSERT(tn_http_decode(&arena, TN_STR("a%20b%2F+%e4"), false, &out) && tn_str_eq_c(out, "a b/+\xe4"));
    CU_ASSERT(tn_http_decode(&arena, TN_STR("a+b"), true, &out) && tn_str_eq_c(out, "a b"));
    CU_ASSERT_FALSE(tn_http_decode(&arena, TN_STR("%2"), true, &out));
    CU_ASSERT(tn_http_normalise(&arena, TN_STR("/%61%5A%7e%2D%2e/%2F%2f%25%20%e4+%"
                                               "3a"), &out) && tn_str_eq_c(out, "/aZ~-./%2F%2f%25%20%e4+%3a"));
    CU_ASSERT_FALSE(tn_http_normalise(&arena, TN_STR("/%00"), &out) || tn_http_normalise(&arena, TN_STR("/%6"), &out) || tn_http_normalise(&arena, TN_STR("/%6g"), &out));
    CU_ASSERT_FALSE(tn_http_decode(&arena, TN_STR("%zz"), true, &out));
    CU_ASSERT_FALSE(tn_http_decode(&arena, TN_STR("a%00b"), true, &out));
    CU_ASSERT(tn_http_query_next(TN_STR("a=1&&b&c=x=y"), &at, &name, &value) && tn_str_eq_c(name, "a") &&
              tn_str_eq_c(value, "1"));
    CU_ASSERT(tn_http_query_next(TN_STR("a=1&&b&c=x=y"), &at, &name, &value) && tn_str_eq_c(name, "b") && value.len == 0);
    CU_ASSERT(tn_http_query_next(TN_STR("a=1&&b&c=x=y"), &at, &name, &value) && tn_str_eq_c(value, "x=y"));
    CU_ASSERT_FALSE(tn_http_query_next(TN_STR("a=1&&b&c=x=y"), &at, &name, &value));
    tn_http_date(784111777, date);
    CU_ASSERT_STRING_EQUAL(date, "Sun, 06 Nov 1994 08:49:37 GMT");
    tn_arena_reset(&arena);
}

/* ---- the server, over sockets ---- */

struct later {
    struct tn_http_exchange *x;
    ev_timer                 timer;
};

static struct later   late;
static _Atomic int    gone_count, late_count;
static _Atomic bool   late_held;

static void on_late(struct ev_loop *loop, ev_timer *timer, int revents)
{
    (void)loop;
    (void)timer;
    (void)revents;
    if (late.x != NULL && atomic_load(&late_held)) {
        ev_timer_set(timer, 0.01, 0.);
        ev_timer_start(loop, timer);
        return;
    }
    if (late.x != NULL)
        tn_http_reply(late.x, 200, "text/plain", TN_STR("late\n"));
    late.x = NULL;
}

static void on_gone(struct tn_http_exchange *x)
{
    CU_ASSERT_PTR_EQUAL(x->user, &late);
    ev_timer_stop(x->worker->loop, &late.timer);
    late.x = NULL;
    gone_count++;
}

static void on_head(struct tn_http_exchange *x, void *arg)
{
    (void)arg;
    if (tn_str_eq_c(x->path, "/held"))
        tn_http_hold(x, 200);
    if (tn_str_eq_c(x->path, "/refuse") || tn_str_eq_c(x->path, "/held"))
        tn_http_problem(x, 403, "not you");
    else if (tn_str_eq_c(x->path, "/big-in"))
        x->body_max = 4 * 1024 * 1024;
}

static void reply_big(struct tn_http_exchange *x, size_t size)
{
    struct tn_buf body;

    tn_buf_init(&body, 64 << 20);
    for (size_t i = 0; i < size / 16; i++)
        tn_buf_append(&body, "0123456789abcdef", 16);
    tn_http_reply_buf(x, 200, "application/octet-stream", &body);
}

static void on_request(struct tn_http_exchange *x, void *arg)
{
    (void)arg;
    if (tn_str_eq_c(x->path, "/late")) {
        x->user = &late;
        x->gone = on_gone;
        late.x = x;
        ev_timer_init(&late.timer, on_late, 0.05, 0.);
        ev_timer_start(x->worker->loop, &late.timer);
        atomic_fetch_add(&late_count, 1);
    } else if (tn_str_eq_c(x->path, "/big")) {
        reply_big(x, 8 << 20);
    } else if (tn_str_eq_c(x->path, "/big-in")) {
        char text[32];

        snprintf(text, sizeof text, "%zu", x->body.len);
        tn_http_reply(x, 200, "text/plain", tn_str(text));
    } else if (tn_str_eq_c(x->path, "/none")) {
        tn_http_set_field(x, "X-Evil", "a\r\nSet-Cookie: b");
        tn_http_reply(x, 204, NULL, TN_STR(""));
    } else {
        struct tn_buf body;

        tn_buf_init(&body, 1 << 20);
        tn_buf_printf(&body, "%s " TN_STR_FMT "?" TN_STR_FMT " [" TN_STR_FMT "]", tn_http_method_name(x->method),
                      TN_STR_ARG(x->path), TN_STR_ARG(x->query), TN_STR_ARG(x->body));
        tn_http_reply_buf(x, 200, "text/plain", &body);
    }
}

/* PATIENCE: 1 = the time-outs are short enough to be waited for; 100 = nobody runs into one on a busy machine. */
static void open_server_with(unsigned patience)
{
    struct tn_http_conf conf = {.host = "127.0.0.1",
                                .handler = {.head = on_head, .request = on_request},
                                .limits = {.path = "test",
                                           .max_connections = 20,
                                           .body_max = 1000,
                                           .idle_ms = 400 * patience,
                                           .head_ms = 200 * patience,
                                           .body_ms = 300 * patience,
                                           .write_ms = 400 * patience}};

    open_server_of(&conf);
}

static void open_server(void)
{
    open_server_with(100);
}

/* From now on /late is not answered before hold_late(false). */
static void hold_late(bool hold)
{
    atomic_store(&late_held, hold);
    if (hold)
        atomic_store(&late_count, 0);
}

/* Until the server has one since then. */
static void wait_late(void)
{
    for (int i = 0; i < 6000 && atomic_load(&late_count) == 0; i++)
        usleep(5000);
    CU_ASSERT_EQUAL(atomic_load(&late_count), 1);
}

/* One conversation: sends TEXT, expects EXPECTED somewhere in what comes before the end. */
static void talk(const char *text, const char *expected)
{
    struct tn_buf in;
    int           fd = dial();
    bool          heard;

    tn_buf_init(&in, 64 << 20);
    say(fd, text);
    heard = hear(fd, &in, expected, HEAR_MS);
    if (!heard)
        printf("\nsaid: %s\nexpected: %s\nheard: " TN_STR_FMT "\n", text, expected, TN_STR_ARG(tn_buf_str(&in)));
    CU_ASSERT(heard);
    tn_buf_reset(&in);
    close(fd);
}

static unsigned count_of(const struct tn_buf *in, const char *text)
{
    unsigned    n = 0;
    const char *at = in->data, *end = in->data + in->len;

    while (at != NULL && (at = memmem(at, (size_t)(end - at), text, strlen(text))) != NULL) {
        n++;
        at++;
    }
    return n;
}

static void test_server_basics(void)
{
    open_server();
    talk("GET /a%20b?c=d HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a%20b?c=d []");
    talk("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "POST /? [abc]");
    talk("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "POST /? [abc]");
    talk("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "400 Bad Request");
    talk("GET / HTTP/1.1\r\n\r\n", "\"detail\":\"no Host\"");
    talk("BREW / HTTP/1.1\r\nHost: x\r\n\r\n", "501 Not Implemented");
    talk("GET / HTTP/1.0\r\n\r\n", "Connection: close\r\n");
    talk("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "Connection: keep-alive\r\n");
    talk("GET /none HTTP/1.1\r\nHost: x\r\n\r\n", "X-Evil: a\r\n\r\n");
    talk("GET /refuse HTTP/1.1\r\nHost: x\r\n\r\nGET /then HTTP/1.1\r\nHost: x\r\n\r\n", "GET /then?");
    talk("POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\nabc", "403 Forbidden");
    talk("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\nabc", "413 Content Too Large");
    close_server();
}

/* An answer that is kept back: not before its time, then what was sent ahead; a client that leaves meanwhile is no matter. */
static void test_server_held(void)
{
    struct tn_buf in;
    int           fd;
    uint64_t      start = tn_clock_us();

    open_server();
    fd = dial();
    tn_buf_init(&in, 1 << 20);
    say(fd, "GET /held HTTP/1.1\r\nHost: x\r\n\r\nGET /then HTTP/1.1\r\nHost: x\r\n\r\n");
    CU_ASSERT(hear(fd, &in, "GET /then?", HEAR_MS));
    CU_ASSERT(tn_clock_us() - start >= 200000);
    CU_ASSERT_EQUAL(count_of(&in, "403 Forbidden"), 1);
    tn_buf_clear(&in);
    say(fd, "POST /held HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\nabc"); /* its body is not waited for */
    CU_ASSERT(hear(fd, &in, NULL, HEAR_MS));
    CU_ASSERT_EQUAL(count_of(&in, "403 Forbidden"), 1);
    close(fd);
    for (int i = 0; i < 10; i++) {
        fd = dial();
        say(fd, "GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
        close(fd);
    }
    talk("GET /still HTTP/1.1\r\nHost: x\r\n\r\n", "GET /still?");
    tn_buf_reset(&in);
    close_server();
}

static void test_server_continue(void)
{
    struct tn_buf in;
    int           fd;

    open_server();
    fd = dial();
    tn_buf_init(&in, 1 << 20);
    say(fd, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CU_ASSERT(hear(fd, &in, "HTTP/1.1 100 Continue\r\n\r\n", HEAR_MS));
    say(fd, "hi");
    CU_ASSERT(hear(fd, &in, "POST /? [hi]", HEAR_MS));
    tn_buf_clear(&in);
    say(fd, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n");
    CU_ASSERT(hear(fd, &in, "413 Content Too Large", HEAR_MS));
    CU_ASSERT_EQUAL(count_of(&in, "100 Continue"), 0);
    close(fd);
    tn_buf_reset(&in);
    close_server();
}

static void test_server_head(void)
{
    struct tn_buf in;
    int           fd;

    open_server();
    fd = dial();
    tn_buf_init(&in, 1 << 20);
    say(fd, "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    CU_ASSERT(hear(fd, &in, NULL, HEAR_MS));
    CU_ASSERT_EQUAL(count_of(&in, "Content-Length: 10\r\n"), 1);
    CU_ASSERT(in.len > 4 && memcmp(in.data + in.len - 4, "\r\n\r\n", 4) == 0);
    close(fd);
    tn_buf_reset(&in);
    close_server();
}

/* 5000 requests sent at once come back in order, also when the input ends behind them. */
static void test_server_pipelining(void)
{
    struct tn_buf out, in;
    int           fd;

    open_server();
    fd = dial();
    tn_buf_init(&out, 1 << 22);
    tn_buf_init(&in, 1 << 23);
    for (int i = 0; i < 1000; i++)
        tn_buf_printf(&out, "GET /%d HTTP/1.1\r\nHost: x\r\n\r\n", i);
    CU_ASSERT(send(fd, out.data, out.len, MSG_NOSIGNAL) == (ssize_t)out.len);
    shutdown(fd, SHUT_WR);
    CU_ASSERT(hear(fd, &in, NULL, HEAR_MS));
    CU_ASSERT_EQUAL(count_of(&in, "HTTP/1.1 200 OK"), 1000);
    for (int i = 0, at = 0; i < 1000; i++) {
        char        text[32];
        const char *found;

        snprintf(text, sizeof text, "GET /%d?", i);
        found = memmem(in.data + at, in.len - (size_t)at, text, strlen(text));
        CU_ASSERT_FATAL(found != NULL);
        at = (int)(found - in.data);
    }
    close(fd);
    tn_buf_reset(&in);
    tn_buf_reset(&out);
    close_server();
}

static void test_server_late(void)
{
    struct tn_buf in;
    int           fd;

    open_server();
    tn_buf_init(&in, 1 << 20);
    gone_count = 0;
    fd = dial();
    say(fd, "GET /late HTTP/1.1\r\nHost: x\r\n\r\nGET /after HTTP/1.1\r\nHost: x\r\n\r\n");
    CU_ASSERT(hear(fd, &in, "GET /after?", HEAR_MS));
    CU_ASSERT_EQUAL(count_of(&in, "late\n"), 1);
    tn_buf_clear(&in);
    say(fd, "GET /late HTTP/1.1\r\nHost: x\r\n\r\n");
    shutdown(fd, SHUT_WR);
    CU_ASSERT(hear(fd, &in, "late\n", HEAR_MS)); /* half closed: still answered */
    close(fd);
    fd = dial();
    hold_late(true);
    say(fd, "GET /late HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_late();
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    close(fd); /* reset */
    for (int i = 0; i < 6000 && gone_count == 0; i++)
        usleep(5000);
    CU_ASSERT_EQUAL(gone_count, 1);
    hold_late(false);
    tn_buf_reset(&in);
    close_server();
}

static void test_server_big(void)
{
    struct tn_buf in, out;
    int           fd, small = 65536;

    open_server();
    tn_buf_init(&in, 64 << 20);
    tn_buf_init(&out, 64 << 20);
    fd = dial();
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    say(fd, "GET /big HTTP/1.1\r\nHost: x\r\n\r\nGET /after HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    usleep(50000);
    CU_ASSERT(hear(fd, &in, NULL, HEAR_MS));
    CU_ASSERT(in.len > (8 << 20));
    CU_ASSERT_EQUAL(count_of(&in, "GET /after?"), 1);
    close(fd);
    tn_buf_clear(&in);
    fd = dial();
    tn_buf_printf(&out, "POST /big-in HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", 4 << 20);
    for (int i = 0; i < (4 << 20) / 16; i++)
        tn_buf_append(&out, "0123456789abcdef", 16);
    for (size_t at = 0, tries = 0; at < out.len && tries < 20; tries++) { /* the socket's own time-out may pass on a busy machine */
        ssize_t n = send(fd, out.data + at, out.len - at, MSG_NOSIGNAL);

        CU_ASSERT_FATAL(n > 0 || errno == EAGAIN);
        at += n > 0 ? (size_t)n : 0;
    }
    CU_ASSERT(hear(fd, &in, "4194304", HEAR_MS));
    close(fd);
    tn_buf_reset(&in);
    tn_buf_reset(&out);
    close_server();
}

/* Who is slow is sent away: in a head (even byte by byte), in a body, between requests, while being written to. */
static void test_server_timeouts(void)
{
    struct tn_buf in;
    int           fd;
    bool          closed = false;

    open_server_with(1);
    tn_buf_init(&in, 64 << 20);
    fd = dial();
    for (int i = 0; i < 4000 && !closed; i++) {
        char c = i < 5 ? "GET /"[i] : 'a';

        if (send(fd, &c, 1, MSG_NOSIGNAL) != 1)
            break;
        closed = hear(fd, &in, "408 Request Timeout", 15);
    }
    CU_ASSERT(closed);
    close(fd);
    tn_buf_clear(&in);
    fd = dial();
    say(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    CU_ASSERT(hear(fd, &in, "408 Request Timeout", HEAR_MS));
    close(fd);
    tn_buf_clear(&in);
    fd = dial();
    CU_ASSERT(hear(fd, &in, NULL, HEAR_MS));
    CU_ASSERT_EQUAL(in.len, 0);
    close(fd);
    fd = dial();
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){4096}, sizeof(int));
    say(fd, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < 6000 && tn_http_server_connections(server) == 0; i++)
        usleep(5000);
    CU_ASSERT_EQUAL(tn_http_server_connections(server), 1);
    for (int i = 0; i < 6000 && tn_http_server_connections(server) > 0; i++)
        usleep(5000); /* reads nothing */
    CU_ASSERT_EQUAL(tn_http_server_connections(server), 0);
    close(fd);
    tn_buf_reset(&in);
    close_server();
}

static void test_server_limits_and_stop(void)
{
    struct tn_buf in;
    int           fds[21], idle;

    open_server();
    tn_buf_init(&in, 1 << 20);
    for (int i = 0; i < 20; i++) {
        fds[i] = dial();
        say(fds[i], "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        tn_buf_clear(&in);
        CU_ASSERT(hear(fds[i], &in, "200 OK", HEAR_MS));
    }
    fds[20] = dial();
    say(fds[20], "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    tn_buf_clear(&in);
    CU_ASSERT(hear(fds[20], &in, "too many connections (test.maxConnections)", HEAR_MS));
    CU_ASSERT_EQUAL(count_of(&in, "503 Service Unavailable"), 1);
    CU_ASSERT_EQUAL(tn_http_server_connections(server), 20);
    for (int i = 0; i < 21; i++)
        close(fds[i]);
    for (int i = 0; i < 6000 && tn_http_server_connections(server) > 0; i++)
        usleep(5000);
    CU_ASSERT_EQUAL(tn_http_server_connections(server), 0);
    idle = dial();
    fds[0] = dial();
    hold_late(true);
    say(fds[0], "GET /late HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_late();
    tn_http_server_stop(server);
    tn_buf_clear(&in);
    CU_ASSERT(hear(idle, &in, NULL, HEAR_MS)); /* ended at once, before its idle time */
    hold_late(false);
    CU_ASSERT(hear(fds[0], &in, "late\n", HEAR_MS));
    CU_ASSERT_EQUAL(count_of(&in, "Connection: close\r\n"), 1);
    close(idle);
    close(fds[0]);
    tn_buf_reset(&in);
    close_server();
}

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("http", NULL, NULL);
    CU_add_test(suite, "parser: cases, every split", test_parser_cases);
    CU_add_test(suite, "parser: fields", test_parser_fields);
    CU_add_test(suite, "parser: limits", test_parser_limits);
    CU_add_test(suite, "parser: chunk framing", test_parser_framing);
    CU_add_test(suite, "parser: no memory", test_parser_no_memory);
    CU_add_test(suite, "texts", test_texts);
    CU_add_test(suite, "server: basics", test_server_basics);
    CU_add_test(suite, "server: 100-continue", test_server_continue);
    CU_add_test(suite, "server: an answer kept back", test_server_held);
    CU_add_test(suite, "server: HEAD", test_server_head);
    CU_add_test(suite, "server: pipelining", test_server_pipelining);
    CU_add_test(suite, "server: late answers", test_server_late);
    CU_add_test(suite, "server: big bodies", test_server_big);
    CU_add_test(suite, "server: time-outs", test_server_timeouts);
    CU_add_test(suite, "server: limits and stop", test_server_limits_and_stop);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    return CU_get_number_of_failures() > 0;
}

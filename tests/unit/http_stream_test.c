/* Answers in parts, codings, and clients that leave: the server over sockets. */
#include "base/alloc.h"
#include "http_fixture.h"
#include "net/http_coding.h"

#include <CUnit/Basic.h>

#include <zlib.h>
#include <zstd.h>

enum { PARTS = 200, PART = 100 * 1024 };

/* ---- codings alone ---- */

static void test_choose(void)
{
    static const struct {
        const char         *accept;
        enum tn_http_coding coding;
    } cases[] = {{"", TN_HTTP_CODING_NONE}, {"identity", TN_HTTP_CODING_NONE}, {"gzip", TN_HTTP_CODING_GZIP}, {"GZIP, deflate, br", TN_HTTP_CODING_GZIP},
                 {"gzip, zstd", TN_HTTP_CODING_ZSTD}, {"gzip;q=1.0, zstd;q=0.5", TN_HTTP_CODING_GZIP}, {"*", TN_HTTP_CODING_ZSTD},
                 {"*;q=0, gzip", TN_HTTP_CODING_GZIP}, {"gzip;q=0", TN_HTTP_CODING_NONE}, {"zstd;q=0, *", TN_HTTP_CODING_GZIP},
                 {"gzip;q=0.000", TN_HTTP_CODING_NONE}, {"gzip;q=x", TN_HTTP_CODING_NONE}, {"gzip;level=1", TN_HTTP_CODING_NONE}, {",,gzip ; q=0.1,", TN_HTTP_CODING_GZIP},
                 {"identity, gzip;q=0.5", TN_HTTP_CODING_NONE}, {"gzip;q=0.5, identity;q=0.4, zstd;q=0.1", TN_HTTP_CODING_GZIP},
                 {"identity;q=0.5, gzip;q=0.5", TN_HTTP_CODING_GZIP}, {"*;q=0.1, identity", TN_HTTP_CODING_NONE}, {"identity;q=0, *", TN_HTTP_CODING_ZSTD}};
    static const char *const must[] = {"identity;q=0", "*;q=0", "gzip, *;q=0", "identity;q=0.0, br"}, *const may[] = {"", "gzip", "*", "*;q=0, identity;q=0.1", "gzip;q=0"};

    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++)
        CU_ASSERT_EQUAL(tn_http_coding_choose(tn_str(cases[i].accept)), cases[i].coding);
    for (size_t i = 0; i < TN_ARRAY_LEN(must); i++)
        CU_ASSERT(tn_http_coding_must(tn_str(must[i])));
    for (size_t i = 0; i < TN_ARRAY_LEN(may); i++)
        CU_ASSERT(!tn_http_coding_must(tn_str(may[i])));
}

static bool unzip(struct tn_str coded, struct tn_buf *out)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)coded.ptr, .avail_in = (uInt)coded.len};
    char     block[65536];
    int      result = Z_OK;

    if (inflateInit2(&stream, 15 + 16) != Z_OK)
        return false;
    while (result == Z_OK) {
        stream.next_out = (Bytef *)block;
        stream.avail_out = sizeof block;
        result = inflate(&stream, Z_NO_FLUSH);
        tn_buf_append(out, block, sizeof block - stream.avail_out);
    }
    inflateEnd(&stream);
    return result == Z_STREAM_END;
}

static bool unzstd(struct tn_str coded, struct tn_buf *out)
{
    ZSTD_DCtx    *context = ZSTD_createDCtx();
    ZSTD_inBuffer in = {coded.ptr, coded.len, 0};
    char          block[65536];
    size_t        left = 1;

    while (in.pos < in.size && !ZSTD_isError(left)) {
        ZSTD_outBuffer to = {block, sizeof block, 0};

        left = ZSTD_decompressStream(context, &to, &in);
        tn_buf_append(out, block, to.pos);
    }
    ZSTD_freeDCtx(context);
    return left == 0;
}

static void check_coder(enum tn_http_coding coding)
{
    struct tn_http_coder *coder = tn_http_coder_new(coding);
    struct tn_buf         coded, plain, expected;

    CU_ASSERT_PTR_NOT_NULL_FATAL(coder);
    tn_buf_init(&coded, 1 << 26);
    tn_buf_init(&plain, 1 << 26);
    tn_buf_init(&expected, 1 << 26);
    for (int i = 0; i < 300; i++) {
        char   text[2000];
        size_t len = (size_t)snprintf(text, sizeof text, "%d %1000d", i * 7919, i);

        tn_buf_append(&expected, text, len);
        CU_ASSERT(tn_http_coder_put(coder, tn_str_n(text, len), false, &coded));
    }
    CU_ASSERT(tn_http_coder_put(coder, TN_STR(""), true, &coded));
    CU_ASSERT(coding == TN_HTTP_CODING_GZIP ? unzip(tn_buf_str(&coded), &plain) : unzstd(tn_buf_str(&coded), &plain));
    CU_ASSERT(tn_str_eq(tn_buf_str(&plain), tn_buf_str(&expected)));
    CU_ASSERT(coded.len < expected.len / 4);
    tn_http_coder_free(coder);
    tn_buf_reset(&coded);
    tn_buf_reset(&plain);
    tn_buf_reset(&expected);
}

static void test_coders(void)
{
    check_coder(TN_HTTP_CODING_GZIP);
    check_coder(TN_HTTP_CODING_ZSTD);
    CU_ASSERT_PTR_NULL(tn_http_coder_new(TN_HTTP_CODING_NONE));
}

/* ---- the server ---- */

static _Atomic unsigned parts_sent, asked_count, gone_count;

static void on_gone(struct tn_http_exchange *x)
{
    (void)x;
    gone_count++;
}

static void send_parts(struct tn_http_exchange *x)
{
    static char part[PART];

    memset(part, 'p', sizeof part);
    while (parts_sent < PARTS) {
        parts_sent++;
        if (!tn_http_send(x, tn_str_n(part, sizeof part)))
            return;
    }
    tn_http_end(x);
}

static void answer(struct tn_http_exchange *x)
{
    x->gone = on_gone;
    if (tn_str_eq_c(x->path, "/wait")) {
        tn_http_watch(x); /* and no answer */
        return;
    }
    if (tn_str_eq_c(x->path, "/whole")) {
        static char text[5000];

        memset(text, 't', sizeof text);
        tn_http_reply(x, 200, "text/plain", tn_str_n(text, sizeof text));
        return;
    }
    if (tn_str_eq_c(x->path, "/short")) {
        tn_http_reply(x, 200, "text/plain", TN_STR("short"));
        return;
    }
    tn_http_begin(x, 200, "text/plain");
    if (tn_str_eq_c(x->path, "/parts")) {
        x->room = send_parts;
        parts_sent = 0;
        send_parts(x);
    } else if (tn_str_eq_c(x->path, "/broken")) {
        (void)tn_http_send(x, TN_STR("half"));
        tn_http_abort(x);
    } else if (tn_str_eq_c(x->path, "/empty")) {
        tn_http_end(x);
    } else {
        (void)tn_http_send(x, TN_STR("one"));
        (void)tn_http_send(x, TN_STR(""));
        (void)tn_http_send(x, TN_STR(" two"));
        tn_http_end(x);
    }
}

static void on_request(struct tn_http_exchange *x, void *arg)
{
    (void)arg;
    answer(x);
    asked_count++;
}

static void open_server(void)
{
    struct tn_http_conf conf = {.host = "127.0.0.1", .handler = {.request = on_request}};

    asked_count = gone_count = 0;
    open_server_of(&conf);
}

static int ask(const char *request)
{
    int fd = dial();

    say(fd, request);
    return fd;
}

static bool has(const struct tn_buf *in, const char *text)
{
    return in->len > 0 && memmem(in->data, in->len, text, strlen(text)) != NULL;
}

/* The whole conversation; UNTIL NULL: to the end of the connection. */
static void talk(const char *request, const char *until, struct tn_buf *in)
{
    int fd = ask(request);

    tn_buf_init(in, 1 << 26);
    CU_ASSERT(hear(fd, in, until, HEAR_MS));
    close(fd);
}

static void test_chunks(void)
{
    struct tn_buf in;

    open_server();
    talk("GET /small HTTP/1.1\r\nHost: x\r\n\r\n", "\r\n0\r\n\r\n", &in);
    CU_ASSERT(has(&in, "Transfer-Encoding: chunked\r\n") && has(&in, "\r\n\r\n3\r\none\r\n4\r\n two\r\n0\r\n\r\n"));
    tn_buf_reset(&in);
    talk("GET /empty HTTP/1.1\r\nHost: x\r\n\r\n", "\r\n\r\n0\r\n\r\n", &in);
    CU_ASSERT(has(&in, "200 OK"));
    tn_buf_reset(&in);
    talk("GET /small HTTP/1.0\r\n\r\n", NULL, &in);
    CU_ASSERT(has(&in, "\r\n\r\none two") && has(&in, "Connection: close") && !has(&in, "chunked"));
    tn_buf_reset(&in);
    talk("HEAD /small HTTP/1.1\r\nHost: x\r\n\r\nGET /small HTTP/1.1\r\nHost: x\r\n\r\n", "\r\n0\r\n\r\n", &in);
    CU_ASSERT(has(&in, "chunked\r\n") && has(&in, "\r\n\r\nHTTP/1.1 200 OK"));
    tn_buf_reset(&in);
    talk("GET /broken HTTP/1.1\r\nHost: x\r\n\r\n", NULL, &in);
    CU_ASSERT(!has(&in, "\r\n0\r\n\r\n"));
    tn_buf_reset(&in);
    CU_ASSERT_EQUAL(gone_count, 0);
    close_server();
}

/* Three requests at once: each answer is whole before the next begins. */
static void test_pipelined(void)
{
    static const char request[] = "GET /small HTTP/1.1\r\nHost: x\r\n\r\n", last[] = "GET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct tn_buf     in;
    char              all[sizeof request * 2 + sizeof last];
    unsigned          n = 0;

    open_server();
    snprintf(all, sizeof all, "%s%s%s", request, request, last);
    talk(all, NULL, &in);
    for (const char *at = in.data; (at = memmem(at, (size_t)(in.data + in.len - at), "one\r\n4\r\n two\r\n0\r\n\r\n", 18)) != NULL; at++)
        n++;
    CU_ASSERT_EQUAL(n, 3);
    tn_buf_reset(&in);
    close_server();
}

static void wait_for(_Atomic unsigned *counter, unsigned count)
{
    uint64_t until = tn_clock_us() + (uint64_t)HEAR_MS * 1000;

    while (*counter < count && tn_clock_us() < until)
        usleep(1000);
    CU_ASSERT_EQUAL(*counter, count);
}

/* The handler stops while the client does not read, and goes on when it does. */
static void test_back_pressure(void)
{
    struct tn_buf in;
    int           fd;
    unsigned      before;

    open_server();
    fd = ask("GET /parts HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(&asked_count, 1);
    do {
        before = parts_sent;
        usleep(200000);
    } while (parts_sent != before);
    CU_ASSERT(parts_sent < PARTS);
    tn_buf_init(&in, 1 << 26);
    CU_ASSERT(hear(fd, &in, "\r\n0\r\n\r\n", HEAR_MS));
    CU_ASSERT_EQUAL(parts_sent, PARTS);
    CU_ASSERT(in.len > (size_t)PARTS * PART);
    close(fd);
    tn_buf_reset(&in);
    close_server();
}

static void test_gone(void)
{
    int fd;

    open_server();
    fd = ask("GET /parts HTTP/1.1\r\nHost: x\r\n\r\n"); /* in the middle of an answer */
    wait_for(&asked_count, 1);
    close(fd);
    wait_for(&gone_count, 1);
    fd = ask("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(&asked_count, 2);
    close(fd);
    wait_for(&gone_count, 2);
    fd = ask("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"); /* half closed */
    wait_for(&asked_count, 3);
    shutdown(fd, SHUT_WR);
    wait_for(&gone_count, 3);
    close(fd);
    fd = ask("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"); /* the server's own end */
    wait_for(&asked_count, 4);
    close_server();
    CU_ASSERT_EQUAL(gone_count, 4);
    close(fd);
}

static void test_coded_answers(void)
{
    struct tn_buf in;

    open_server();
    talk("GET /whole HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n", NULL, &in);
    CU_ASSERT(has(&in, "Content-Encoding: gzip\r\n") && has(&in, "Vary: Accept-Encoding\r\n") && in.len < 1000);
    tn_buf_reset(&in);
    talk("GET /whole HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", NULL, &in);
    CU_ASSERT(!has(&in, "Content-Encoding") && has(&in, "Content-Length: 5000\r\n"));
    tn_buf_reset(&in);
    talk("GET /parts HTTP/1.1\r\nHost: x\r\nAccept-Encoding: zstd\r\n\r\n", "\r\n0\r\n\r\n", &in);
    CU_ASSERT(has(&in, "Content-Encoding: zstd\r\n") && in.len < (size_t)PARTS * PART / 10);
    tn_buf_reset(&in);
    talk("GET /whole HTTP/1.1\r\nHost: x\r\nAccept-Encoding: br\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n", NULL, &in); /* a list on two lines */
    CU_ASSERT(has(&in, "Content-Encoding: gzip\r\n"));
    tn_buf_reset(&in);
    talk("GET /short HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip, identity;q=0\r\nConnection: close\r\n\r\n", NULL, &in); /* short ones, too */
    CU_ASSERT(has(&in, "Content-Encoding: gzip\r\n"));
    tn_buf_reset(&in);
    talk("GET /whole HTTP/1.1\r\nHost: x\r\nAccept-Encoding: identity;q=0, br\r\n\r\nGET /whole HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", NULL, &in);
    CU_ASSERT(has(&in, "HTTP/1.1 406 Not Acceptable\r\n") && has(&in, "HTTP/1.1 200 OK\r\n") && has(&in, "Accept-Encoding allows none"));
    tn_buf_reset(&in);
    close_server();
}

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("http_stream", NULL, NULL);
    CU_add_test(suite, "which coding", test_choose);
    CU_add_test(suite, "coders", test_coders);
    CU_add_test(suite, "chunks", test_chunks);
    CU_add_test(suite, "pipelined", test_pipelined);
    CU_add_test(suite, "back-pressure", test_back_pressure);
    CU_add_test(suite, "clients that leave", test_gone);
    CU_add_test(suite, "coded answers", test_coded_answers);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    return CU_get_number_of_failures() > 0;
}

/* Requests on their way to the handler: heads that wait, and every limit with what is said of it. */
#include "http_fixture.h"
#include "net/tally.h"

#include <CUnit/Basic.h>

static _Atomic int      gone_count;
static _Atomic bool     hold; /* deferred ones wait */

/* ---- the handler ---- */

static struct {
    struct tn_http_exchange *x; /* NULL: gone, or none */
    ev_timer                 timer;
    void (*then)(struct tn_http_exchange *x);
} later;

static void on_later(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_http_exchange *x = later.x;

    (void)revents;
    if (x != NULL && atomic_load(&hold)) {
        ev_timer_set(timer, 0.005, 0.);
        ev_timer_start(loop, timer);
        return;
    }
    later.x = NULL;
    if (x != NULL)
        later.then(x);
}

static void on_gone(struct tn_http_exchange *x)
{
    if (later.x == x)
        later.x = NULL;
    atomic_fetch_add(&gone_count, 1);
}

static void do_later(struct tn_http_exchange *x, void (*then)(struct tn_http_exchange *x))
{
    later.x = x;
    later.then = then;
    x->gone = on_gone;
    ev_timer_init(&later.timer, on_later, 0.005, 0.);
    ev_timer_start(x->worker->loop, &later.timer);
}

static void deny(struct tn_http_exchange *x)
{
    tn_http_problem(x, 401, "not you");
}

static void go_on(struct tn_http_exchange *x)
{
    x->gone = NULL;
    tn_http_go_on(x);
}

static void on_head(struct tn_http_exchange *x, void *arg)
{
    const struct tn_http_field *user = tn_http_field(x, "x-user");

    (void)arg;
    if (user != NULL && !tn_http_take_user(x, user->value))
        return;
    if (tn_str_eq_c(x->path, "/large"))
        x->body_max = 64 << 20;
    if (tn_str_eq_c(x->path, "/large") || tn_str_eq_c(x->path, "/deferred") || tn_str_eq_c(x->path, "/denied")) {
        tn_http_defer(x);
        do_later(x, tn_str_eq_c(x->path, "/denied") ? deny : go_on);
    }
}

static void on_request(struct tn_http_exchange *x, void *arg)
{
    char text[64];

    (void)arg;
    snprintf(text, sizeof text, "got %zu\n", x->body.len);
    tn_http_reply(x, 200, "text/plain", tn_str(text));
}

static void open_with(struct tn_http_limits limits)
{
    struct tn_http_conf conf = {.host = "127.0.0.1", .handler = {.head = on_head, .request = on_request}, .limits = limits};

    conf.limits.path = "frontends.test";
    later.x = NULL;
    atomic_store(&hold, false);
    atomic_store(&gone_count, 0);
    open_server_of(&conf);
}

/* ---- the client ---- */

/* Says TEXT and hears EXPECTED; LAST: and then the end of the connection. */
static void talk(const char *text, const char *expected, bool last)
{
    struct tn_buf in;
    int           fd = dial();
    bool          heard;

    tn_buf_init(&in, 1 << 20);
    say(fd, text);
    heard = hear(fd, &in, expected, HEAR_MS) && (!last || hear(fd, &in, NULL, HEAR_MS));
    if (!heard)
        printf("\nsaid: %s\nexpected: %s\nheard: " TN_STR_FMT "\n", text, expected, TN_STR_ARG(tn_buf_str(&in)));
    CU_ASSERT(heard);
    tn_buf_reset(&in);
    close(fd);
}

/* ---- tests ---- */

#define NEXT "GET /next HTTP/1.1\r\nHost: x\r\n\r\n"

static void test_deferred(void)
{
    struct tn_buf in;
    int           fd;

    open_with((struct tn_http_limits){.body_max = 100});
    talk("GET /deferred HTTP/1.1\r\nHost: x\r\n\r\n", "got 0\n", false);
    talk("POST /deferred HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" NEXT, "got 3\n", false);
    talk("POST /deferred HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "got 3\n", false);
    talk("POST /deferred HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", "100 Continue", false);
    talk("POST /deferred HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n", "413 Content Too Large", true);
    talk("POST /denied HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" NEXT, "401 Unauthorized", true);
    talk("GET /denied HTTP/1.1\r\nHost: x\r\n\r\n" NEXT, "got 0\n", false); /* no body: the connection goes on */
    tn_buf_init(&in, 1 << 20);
    atomic_store(&hold, true);
    fd = dial();
    say(fd, "POST /deferred HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab");
    usleep(20000);
    say(fd, "cd" NEXT);
    atomic_store(&hold, false);
    CU_ASSERT(hear(fd, &in, "got 4\n", HEAR_MS) && hear(fd, &in, "got 0\n", HEAR_MS));
    close(fd);
    atomic_store(&hold, true);
    fd = dial();
    say(fd, "GET /deferred HTTP/1.1\r\nHost: x\r\n\r\n");
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    usleep(20000);
    close(fd); /* a reset */
    for (int i = 0; i < 6000 && tn_http_server_connections(server) > 0; i++)
        usleep(5000);
    CU_ASSERT_EQUAL(tn_http_server_connections(server), 0);
    tn_buf_reset(&in);
    close_server();
}

/* While a request waits at its head the client cannot send on for ever; then everything arrives. */
static void test_back_pressure(void)
{
    enum { BLOCK = 65536, BLOCKS = 512 };
    static char   block[BLOCK];
    struct tn_buf in;
    size_t        sent = 0;
    int           fd, silent = 0;

    open_with((struct tn_http_limits){.body_max = 100});
    tn_buf_init(&in, 1 << 20);
    atomic_store(&hold, true);
    fd = dial();
    say(fd, "POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 33554432\r\n\r\n");
    while (sent < (size_t)BLOCK * BLOCKS && silent < 10) {
        struct pollfd look = {.fd = fd, .events = POLLOUT};
        ssize_t       n = poll(&look, 1, 50) > 0 ? send(fd, block, BLOCK, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;

        silent = n > 0 ? 0 : silent + 1;
        sent += n > 0 ? (size_t)n : 0;
    }
    CU_ASSERT(sent < (size_t)BLOCK * BLOCKS);
    atomic_store(&hold, false);
    while (sent < (size_t)BLOCK * BLOCKS) {
        ssize_t n = send(fd, block, TN_MIN((size_t)BLOCK, (size_t)BLOCK * BLOCKS - sent), MSG_NOSIGNAL);

        CU_ASSERT_FATAL(n > 0);
        sent += (size_t)n;
    }
    CU_ASSERT(hear(fd, &in, "got 33554432\n", HEAR_MS));
    tn_buf_reset(&in);
    close(fd);
    close_server();
}

/* Each says its option. */
static void test_sizes_and_times(void)
{
    char long_line[2048], long_field[2048];

    snprintf(long_line, sizeof long_line, "GET /%01200d HTTP/1.1\r\nHost: x\r\n\r\n", 0);
    snprintf(long_field, sizeof long_field, "GET / HTTP/1.1\r\nHost: x\r\nX: %01200d\r\n\r\n", 0);
    open_with((struct tn_http_limits){.body_max = 100, .head_max = 1024});
    talk(long_line, "414 URI Too Long", true);
    talk(long_field, "431 Request Header Fields Too Large", true);
    talk(long_field, "the header is too long: at most 1024 bytes (frontends.test.maxHeaderSize)", true);
    talk("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n", "the body is longer than 100 bytes (frontends.test.maxBodySize)", true);
    talk("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "413 Content Too Large", true);
    close_server();
    open_with((struct tn_http_limits){.body_max = 100, .head_ms = 150});
    talk("GET / HT", "the header did not come within 0.150 s (frontends.test.headerTimeout)", true);
    close_server();
    open_with((struct tn_http_limits){.body_max = 100, .body_ms = 150});
    talk("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", "the body did not come within 0.150 s (frontends.test.bodyTimeout)", true);
    close_server();
}

static void test_per_address(void)
{
    struct tn_buf in;
    int           fds[3];

    open_with((struct tn_http_limits){.max_per_address = 2});
    tn_buf_init(&in, 1 << 20);
    for (int i = 0; i < 2; i++) {
        fds[i] = dial();
        say(fds[i], NEXT);
        CU_ASSERT(hear(fds[i], &in, "200 OK", HEAR_MS));
        tn_buf_clear(&in);
    }
    talk(NEXT, "429 Too Many Requests", true);
    talk(NEXT, "too many connections from this address (frontends.test.maxConnectionsPerAddress)", true);
    close(fds[0]);
    for (int i = 0; i < 6000 && tn_http_server_connections(server) > 1; i++)
        usleep(5000);
    talk(NEXT, "200 OK", false);
    close(fds[1]);
    tn_buf_reset(&in);
    close_server();
}

#define AS(user) "GET / HTTP/1.1\r\nHost: x\r\nX-User: " user "\r\n\r\n"

static void test_per_user(void)
{
    struct tn_buf in;
    int           fd;

    open_with((struct tn_http_limits){.max_per_user = 1});
    tn_buf_init(&in, 1 << 20);
    fd = dial();
    for (int i = 0; i < 3; i++) { /* the same connection counts once */
        say(fd, AS("alice"));
        CU_ASSERT(hear(fd, &in, "200 OK", HEAR_MS));
        tn_buf_clear(&in);
    }
    talk(AS("bob"), "200 OK", false);
    talk(AS("alice"), "too many connections of user alice (frontends.test.maxConnectionsPerUser)", true);
    talk(AS("alice"), "429 Too Many Requests", true);
    say(fd, AS("carol")); /* and is alice's no more */
    CU_ASSERT(hear(fd, &in, "200 OK", HEAR_MS));
    talk(AS("alice"), "200 OK", false);
    close(fd);
    tn_buf_reset(&in);
    close_server();
}

static void check_network(const char *address, const char *expected)
{
    char          out[TN_NETWORK_TEXT];
    struct tn_str network = tn_peer_network(tn_str(address), out);

    CU_ASSERT(tn_str_eq_c(network, expected));
}

static void test_networks(void)
{
    check_network("192.0.2.7", "192.0.2.7");
    check_network("::ffff:192.0.2.7", "192.0.2.7");
    check_network("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64");
    check_network("2001:db8:0:1::9", "2001:db8:0:1::/64");
    check_network("fe80::1%eth0", "fe80::/64");
    check_network("::1", "::/64");
    check_network("", "");
    check_network("unknown", "unknown");
    check_network("1:2:nonsense", "1:2:nonsense");
}

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("http_request", NULL, NULL);
    CU_add_test(suite, "a head that waits", test_deferred);
    CU_add_test(suite, "back-pressure", test_back_pressure);
    CU_add_test(suite, "sizes and times", test_sizes_and_times);
    CU_add_test(suite, "connections of an address", test_per_address);
    CU_add_test(suite, "connections of a user", test_per_user);
    CU_add_test(suite, "networks", test_networks);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    return CU_get_number_of_failures() > 0;
}

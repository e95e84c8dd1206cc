#include "base/str.h"
#include "net/listener.h"
#include "net/places.h"
#include "net/transport.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WORKERS = 2 };

static struct tn_worker *workers[WORKERS];
static _Atomic int       accepted[WORKERS];
static _Atomic int       wrong;

static int total(void)
{
    return accepted[0] + accepted[1];
}

static void wait_total(int n)
{
    for (int i = 0; i < 12000 && total() < n; i++)
        usleep(5000);
}

/* Sends the peer's text back and closes. */
static void on_accept(struct tn_worker *worker, int fd, const char *peer, void *arg)
{
    int       on = 0;
    socklen_t len = sizeof on;

    if (!pthread_equal(pthread_self(), worker->thread) || arg != &wrong)
        wrong++;
    if ((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0 || (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)
        wrong++;
    if (getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len) != 0 || on == 0)
        wrong++;
    accepted[worker->index]++;
    (void)!write(fd, peer, strlen(peer));
    close(fd);
}

static void begin(bool start)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        accepted[i] = 0;
        CU_ASSERT_FATAL(tn_worker_new(&workers[i], i, NULL) == TN_OK);
        if (start)
            CU_ASSERT_FATAL(tn_worker_start(workers[i], NULL) == TN_OK);
    }
    wrong = 0;
}

static void end(struct tn_listener *listener)
{
    for (int i = 0; i < WORKERS; i++) {
        tn_worker_stop(workers[i]);
        tn_worker_join(workers[i]);
    }
    tn_listener_close(listener);
    for (int i = 0; i < WORKERS; i++)
        tn_worker_free(workers[i]);
    CU_ASSERT_EQUAL(wrong, 0);
}

static int dial(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)(void *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static uint16_t local_port(int fd)
{
    struct sockaddr_in address;
    socklen_t          len = sizeof address;

    CU_ASSERT_FATAL(getsockname(fd, (struct sockaddr *)(void *)&address, &len) == 0);
    return ntohs(address.sin_port);
}

/* Many connections reach both workers, and each is told who it is. */
static void test_accepts_on_all_workers(void)
{
    struct tn_listener *listener;
    uint16_t            port;

    begin(false);
    CU_ASSERT_FATAL(tn_listener_open(&listener, workers, WORKERS, "127.0.0.1", 0, on_accept, &wrong, NULL) == TN_OK);
    port = tn_listener_port(listener);
    CU_ASSERT(port > 0);
    for (int i = 0; i < WORKERS; i++) /* opened before the workers run */
        CU_ASSERT_FATAL(tn_worker_start(workers[i], NULL) == TN_OK);
    for (int i = 0; i < 200; i++) {
        char    expected[64], got[64] = "";
        int     fd = dial(port);
        ssize_t n;

        CU_ASSERT_FATAL(fd >= 0);
        snprintf(expected, sizeof expected, "127.0.0.1:%u", (unsigned)local_port(fd));
        n = recv(fd, got, sizeof got - 1, MSG_WAITALL);
        CU_ASSERT(n > 0);
        CU_ASSERT_STRING_EQUAL(got, expected);
        close(fd);
    }
    CU_ASSERT_EQUAL(total(), 200);
    CU_ASSERT(accepted[0] > 0 && accepted[1] > 0);
    end(listener);
}

static void test_address_in_use(void)
{
    struct tn_listener *listener, *second;
    struct tn_error     err = TN_ERROR_INIT;
    char                text[32];

    begin(true);
    CU_ASSERT_FATAL(tn_listener_open(&listener, workers, WORKERS, "127.0.0.1", 0, on_accept, &wrong, NULL) == TN_OK);
    CU_ASSERT_EQUAL(tn_listener_open(&second, workers, WORKERS, "127.0.0.1", tn_listener_port(listener), on_accept, &wrong,
                                     &err), TN_E_IO);
    CU_ASSERT_PTR_NULL(second);
    snprintf(text, sizeof text, "127.0.0.1:%u", (unsigned)tn_listener_port(listener));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, text));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.hint, "another port"));
    tn_error_reset(&err);
    CU_ASSERT_EQUAL(tn_listener_open(&second, workers, WORKERS, "203.0.113.1", 0, on_accept, &wrong, &err), TN_E_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "203.0.113.1"));
    tn_error_reset(&err);
    CU_ASSERT_EQUAL(tn_listener_open(&second, workers, WORKERS, "no such host.invalid", 0, on_accept, &wrong, &err), TN_E_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "no such host.invalid"));
    tn_error_reset(&err);
    end(listener);
}

/* After a stop connections are refused, and the port can be used again at once. */
static void test_stop(void)
{
    struct tn_listener *listener, *again;
    uint16_t            port;
    int                 fd = -1;

    begin(true);
    CU_ASSERT_FATAL(tn_listener_open(&listener, workers, WORKERS, "localhost", 0, on_accept, &wrong, NULL) == TN_OK);
    port = tn_listener_port(listener);
    fd = dial(port);
    CU_ASSERT(fd >= 0);
    close(fd);
    tn_listener_stop(listener);
    for (int i = 0; i < 12000; i++) {
        fd = dial(port);
        if (fd < 0 && errno == ECONNREFUSED)
            break; /* a connection that waits to be accepted while its listener closes is reset, not refused */
        if (fd >= 0)
            close(fd);
        usleep(5000);
    }
    CU_ASSERT(fd < 0 && errno == ECONNREFUSED);
    CU_ASSERT_FATAL(tn_listener_open(&again, workers, WORKERS, "localhost", port, on_accept, &wrong, NULL) == TN_OK);
    fd = dial(port);
    CU_ASSERT(fd >= 0);
    close(fd);
    for (int i = 0; i < WORKERS; i++) {
        tn_worker_stop(workers[i]);
        tn_worker_join(workers[i]);
    }
    tn_listener_close(again); /* without a stop before */
    tn_listener_close(listener);
    tn_listener_close(NULL);
    for (int i = 0; i < WORKERS; i++)
        tn_worker_free(workers[i]);
}

/* No descriptor left: the client is sent away instead of hanging, and service goes on when there is one again. */
static void test_out_of_descriptors(void)
{
    struct tn_listener *listener;
    struct rlimit       old, tight;
    int                 fds[8], n = 0, held[512], held_count = 0;
    char                c;

    begin(true);
    CU_ASSERT_FATAL(tn_listener_open(&listener, workers, 1, "127.0.0.1", 0, on_accept, &wrong, NULL) == TN_OK);
    CU_ASSERT_FATAL(getrlimit(RLIMIT_NOFILE, &old) == 0);
    for (; n < 8; n++)
        fds[n] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    tight = old;
    tight.rlim_cur = 256;
    CU_ASSERT_FATAL(setrlimit(RLIMIT_NOFILE, &tight) == 0);
    while (held_count < 512 && (held[held_count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        held_count++;
    for (int i = 0; i < 8; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(tn_listener_port(listener))};
        struct pollfd      poll_fd = {.fd = fds[i], .events = POLLIN};

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        CU_ASSERT(connect(fds[i], (struct sockaddr *)(void *)&address, sizeof address) == 0);
        CU_ASSERT(poll(&poll_fd, 1, 60000) == 1);
        CU_ASSERT(recv(fds[i], &c, 1, 0) <= 0); /* ended, nothing said */
    }
    CU_ASSERT_EQUAL(total(), 0);
    while (held_count > 0)
        close(held[--held_count]);
    CU_ASSERT_FATAL(setrlimit(RLIMIT_NOFILE, &old) == 0);
    for (int i = 0; i < 8; i++)
        close(fds[i]);
    fds[0] = dial(tn_listener_port(listener));
    wait_total(1);
    CU_ASSERT_EQUAL(total(), 1);
    close(fds[0]);
    end(listener);
}

static void test_loopback(void)
{
    static const char *const yes[] = {"localhost", "LocalHost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"};
    static const char *const no[] = {"", "*", "0.0.0.0", "::", "10.0.0.1", "::ffff:10.0.0.1", "example.org", "127.0.0.1.example.org",
                                     "127.1", "localhost.example.org"};

    for (size_t i = 0; i < TN_ARRAY_LEN(yes); i++)
        CU_ASSERT(tn_net_is_loopback(yes[i]));
    for (size_t i = 0; i < TN_ARRAY_LEN(no); i++)
        CU_ASSERT_FALSE(tn_net_is_loopback(no[i]));
}

static void test_transport(void)
{
    struct tn_transport a, b;
    struct iovec        parts[2] = {{(char[]){"hello "}, 6}, {(char[]){"world"}, 5}};
    int                 pair[2];
    char                buf[64];
    size_t              n;

    CU_ASSERT_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    tn_transport_init(&a, pair[0]);
    tn_transport_init(&b, pair[1]);
    CU_ASSERT_EQUAL(tn_transport_read(&b, buf, sizeof buf, &n), TN_IO_AGAIN);
    CU_ASSERT(n == 0 && b.wants == TN_IO_WANT_READ);
    CU_ASSERT_EQUAL(tn_transport_writev(&a, parts, 2, &n), TN_IO_OK);
    CU_ASSERT_EQUAL(n, 11);
    CU_ASSERT_EQUAL(tn_transport_read(&b, buf, sizeof buf, &n), TN_IO_OK);
    CU_ASSERT(n == 11 && memcmp(buf, "hello world", 11) == 0);
    while (tn_transport_write(&a, buf, sizeof buf, &n) == TN_IO_OK)
        CU_ASSERT(n > 0);
    CU_ASSERT_EQUAL(tn_transport_write(&a, buf, sizeof buf, &n), TN_IO_AGAIN);
    CU_ASSERT_EQUAL(a.wants, TN_IO_WANT_WRITE);
    tn_transport_finish(&b);
    CU_ASSERT_EQUAL(tn_transport_read(&a, buf, sizeof buf, &n), TN_IO_EOF);
    CU_ASSERT_EQUAL(a.error, 0);
    tn_transport_close(&b);
    CU_ASSERT_EQUAL(tn_transport_write(&a, buf, sizeof buf, &n), TN_IO_EOF); /* and no SIGPIPE */
    CU_ASSERT(a.error == EPIPE || a.error == ECONNRESET);
    tn_transport_close(&a);
    tn_transport_close(&a);
    CU_ASSERT_EQUAL(a.fd, -1);
}

/* All of a listener, those of an address, those of a user; of IPv6 a /64 network is one address. */
static void test_places(void)
{
    struct tn_places places;

    CU_ASSERT_FATAL(tn_places_init(&places));
    CU_ASSERT_EQUAL(tn_places_take(&places, "[2001:db8:0:1::5]:4000", 4, 2), TN_PLACE_FREE);
    CU_ASSERT_EQUAL(tn_places_take(&places, "[2001:db8:0:1:ffff::6]:4001", 4, 2), TN_PLACE_FREE);
    CU_ASSERT_EQUAL(tn_places_take(&places, "[2001:db8:0:1::7]:4002", 4, 2), TN_PLACE_NONE_OF_ADDRESS);
    CU_ASSERT_EQUAL(tn_places_take(&places, "[2001:db8:0:2::7]:4002", 4, 2), TN_PLACE_FREE);
    CU_ASSERT_EQUAL(tn_places_take(&places, "[::ffff:192.0.2.1]:1", 4, 1), TN_PLACE_FREE);
    CU_ASSERT_EQUAL(tn_places_take(&places, "192.0.2.9:1", 4, 1), TN_PLACE_NONE);
    CU_ASSERT_EQUAL(tn_places_take(&places, "192.0.2.1:1", 5, 1), TN_PLACE_NONE_OF_ADDRESS); /* the same host as above */
    CU_ASSERT_EQUAL(tn_places_taken(&places), 4);
    tn_places_give_back(&places, "[2001:db8:0:1:ffff::6]:4001");
    CU_ASSERT_EQUAL(tn_places_take(&places, "[2001:db8:0:1::8]:4003", 4, 2), TN_PLACE_FREE);
    CU_ASSERT_STRING_EQUAL(tn_place_option(TN_PLACE_NONE), "maxConnections");
    CU_ASSERT_STRING_EQUAL(tn_place_option(TN_PLACE_NONE_OF_ADDRESS), "maxConnectionsPerAddress");
    CU_ASSERT(tn_places_take_user(&places, TN_STR("a"), 1) && !tn_places_take_user(&places, TN_STR("a"), 1));
    CU_ASSERT(tn_places_take_user(&places, TN_STR("b"), 1));
    tn_places_give_back_user(&places, TN_STR("a"));
    CU_ASSERT(tn_places_take_user(&places, TN_STR("a"), 1));
    tn_places_reset(&places);
}

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("listener", NULL, NULL);
    CU_add_test(suite, "accepts on all workers", test_accepts_on_all_workers);
    CU_add_test(suite, "address in use", test_address_in_use);
    CU_add_test(suite, "stop", test_stop);
    CU_add_test(suite, "out of descriptors", test_out_of_descriptors);
    CU_add_test(suite, "loopback", test_loopback);
    CU_add_test(suite, "transport", test_transport);
    CU_add_test(suite, "places", test_places);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    return CU_get_number_of_failures() > 0;
}

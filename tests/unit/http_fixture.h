/* http_fixture.h - an HTTP server on a worker's thread, and a client that says and hears texts. For the tests of src/net's server. */
#ifndef TN_TESTS_HTTP_FIXTURE_H
#define TN_TESTS_HTTP_FIXTURE_H

#include "base/clock.h"
#include "net/http.h"

#include <CUnit/CUnit.h>

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAR_MS = 30000 }; /* more than a busy machine needs, less than the server's own patience with who is idle */

static struct tn_worker      *worker;
static struct tn_http_server *server;

static inline void open_server_of(const struct tn_http_conf *conf)
{
    CU_ASSERT_FATAL(tn_worker_new(&worker, 0, NULL) == TN_OK);
    CU_ASSERT_FATAL(tn_http_server_open(&server, &worker, 1, conf, NULL) == TN_OK);
    CU_ASSERT_FATAL(tn_worker_start(worker, NULL) == TN_OK);
}

static inline void close_server(void)
{
    tn_worker_stop(worker);
    tn_worker_join(worker);
    tn_http_server_close(server);
    tn_worker_free(worker);
}

static inline int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(tn_http_server_port(server))};
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CU_ASSERT_FATAL(connect(fd, (struct sockaddr *)(void *)&address, sizeof address) == 0);
    return fd;
}

static inline void say(int fd, const char *text)
{
    CU_ASSERT(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

/* Reads until the text UNTIL is there, the peer closes or MS are over. True: UNTIL came (NULL: the peer closed). */
static inline bool hear(int fd, struct tn_buf *in, const char *until, int ms)
{
    uint64_t end = tn_clock_us() + (uint64_t)ms * 1000;
    char     block[65536];

    for (;;) {
        uint64_t      now = tn_clock_us();
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        ssize_t       n;

        if (until != NULL && in->len > 0 && memmem(in->data, in->len, until, strlen(until)) != NULL)
            return true;
        if (now >= end || poll(&poll_fd, 1, (int)((end - now) / 1000) + 1) <= 0)
            return false;
        n = recv(fd, block, sizeof block, 0);
        if (n <= 0)
            return until == NULL;
        tn_buf_append(in, block, (size_t)n);
    }
}

#endif

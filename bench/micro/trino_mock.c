/* A mock of Trino for measuring what stands before it: answers of fixed bytes at once, from one thread. Not a Trino.
 *
 *   bench_trino_mock PORT [GETS]      on 127.0.0.1, until it is ended; PORT 0: any, which is printed
 *
 * A statement is answered with one row after GETS further requests (default 2, as Trino does for SELECT 1: queued, executing;
 * 0: in the answer to POST). What it knows of a query is in the link: nothing is kept. */
#include "base/str.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { INPUT = 1 << 16, EVENTS = 64, CONNECTIONS = 4096 };

struct client {
    size_t have;
    char   input[INPUT];
};

static struct client *clients[CONNECTIONS];
static unsigned       gets = 2, next_id;
static int            port;

static const char stats[] = "\"stats\":{\"state\":\"%s\",\"queued\":false,\"scheduled\":true,\"nodes\":1,\"totalSplits\":1,\"queuedSplits\":0,"
                            "\"runningSplits\":0,\"completedSplits\":1,\"cpuTimeMillis\":1,\"wallTimeMillis\":1,\"queuedTimeMillis\":0,"
                            "\"elapsedTimeMillis\":1,\"processedRows\":1,\"processedBytes\":0,\"physicalInputBytes\":0,\"peakMemoryBytes\":0,"
                            "\"spilledBytes\":0},\"warnings\":[]}";

static void reply(int fd, int status, const char *body, size_t len)
{
    char   out[4096];
    size_t size = (size_t)snprintf(out, sizeof out, "HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nX-Content-Type-Options: nosniff\r\nContent-Length: %zu\r\n\r\n",
                                   status, len);

    memcpy(out + size, body, len);
    if (write(fd, out, size + len) < 0)
        perror("write");
}

/* The answer to step STEP (0: POST) of query ID. */
static void answer(int fd, unsigned id, unsigned step)
{
    char   body[3072], text[40];
    size_t len;

    snprintf(text, sizeof text, "20261126_000000_%05u_mocks", id % 100000);
    len = (size_t)snprintf(body, sizeof body, "{\"id\":\"%s\",\"infoUri\":\"http://127.0.0.1:%d/ui/query.html?%s\",", text, port, text);
    if (step < gets)
        len += (size_t)snprintf(body + len, sizeof body - len, "\"nextUri\":\"http://127.0.0.1:%d/v1/statement/%s/%s/y0123456789abcdef0123456789abcdef01234567/%u\",",
                                port, step + 1 < gets ? "queued" : "executing", text, step + 1);
    else
        len += (size_t)snprintf(body + len, sizeof body - len, "\"columns\":[{\"name\":\"_col0\",\"type\":\"integer\",\"typeSignature\":{\"rawType\":\"integer\",\"arguments\":[]}}],\"data\":[[1]],");
    len += (size_t)snprintf(body + len, sizeof body - len, stats, step < gets ? "QUEUED" : "FINISHED");
    reply(fd, 200, body, len);
}

static void serve(int fd, const char *head)
{
    static const char info[] = "{\"nodeVersion\":{\"version\":\"476\"},\"environment\":\"mock\",\"coordinator\":true,\"starting\":false,\"uptime\":\"1.00m\"}";
    unsigned          id, step;
    const char       *at;

    if (strncmp(head, "POST /v1/statement", 18) == 0)
        answer(fd, next_id++, 0);
    else if (strncmp(head, "GET /v1/statement/", 18) == 0 && sscanf(head + 18, "%*[a-z]/20261126_000000_%u_", &id) == 1 && (at = strstr(head, "/y01234")) != NULL &&
             sscanf(strchr(at + 1, '/'), "/%u", &step) == 1)
        answer(fd, id, step);
    else if (strncmp(head, "DELETE ", 7) == 0)
        reply(fd, 204, "", 0);
    else
        reply(fd, 200, info, sizeof info - 1);
}

/* Whole requests of what came; false: the client is gone. */
static bool take(int fd, struct client *c)
{
    ssize_t n = read(fd, c->input + c->have, sizeof c->input - 1 - c->have);
    char   *end;

    if (n <= 0)
        return false;
    c->have += (size_t)n;
    c->input[c->have] = '\0';
    while ((end = strstr(c->input, "\r\n\r\n")) != NULL) {
        const char *field = strcasestr(c->input, "\r\nContent-Length:");
        size_t      body = field != NULL && field < end ? strtoul(field + 17, NULL, 10) : 0, whole = (size_t)(end + 4 - c->input) + body;

        if (whole > c->have)
            return whole < sizeof c->input;
        serve(fd, c->input);
        c->have -= whole;
        memmove(c->input, c->input + whole, c->have);
        c->input[c->have] = '\0';
    }
    return c->have < sizeof c->input - 1;
}

static int open_port(int wanted)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)wanted), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t          len = sizeof address;
    int                fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 512) != 0 || getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return -1;
    port = ntohs(address.sin_port);
    return fd;
}

static void accept_one(int poll, int listener)
{
    struct epoll_event event = {.events = EPOLLIN};
    int                fd = accept(listener, NULL, NULL), one = 1;

    if (fd < 0 || fd >= CONNECTIONS || (clients[fd] = calloc(1, sizeof *clients[fd])) == NULL) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    event.data.fd = fd;
    epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

int main(int argc, char **argv)
{
    int                listener = open_port(argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0), poll = epoll_create1(0);
    struct epoll_event events[EVENTS], event = {.events = EPOLLIN, .data.fd = listener};

    if (listener < 0) {
        perror("listen");
        return 1;
    }
    gets = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : gets;
    printf("%d\n", port);
    fflush(stdout);
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(poll, events, EVENTS, -1);

        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;

            if (fd == listener) {
                accept_one(poll, listener);
            } else if (!take(fd, clients[fd])) {
                close(fd);
                free(clients[fd]);
                clients[fd] = NULL;
            }
        }
    }
}

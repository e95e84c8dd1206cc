/* Clients of Trino's protocol that do nothing with what they get but follow its links: the measuring end of bench/load/trino_http.py.
 *
 *   bench_trino_load PORT CLIENTS QUERIES SQL [CATALOG]      a server on 127.0.0.1 that asks for no password
 *
 * One thread; each client one kept connection, its requests one after the other. Prints one JSON object: percentiles in microseconds of
 * whole queries and of requests (all, the POST, the rest), bytes, seconds, and the client's own CPU. */
#include "base/clock.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 64, HEAD = 16384, WINDOW = 1 << 14, CLIENTS_MAX = 512, READ = 1 << 17 };

struct samples {
    double *us;
    size_t  count, room;
};

/* The links stand near the beginning of an answer: its first bytes are looked at, the rest is counted. */
struct client {
    int      fd;
    char     head[HEAD];
    size_t   have;          /* of the head, then of the body's beginning */
    bool     in_body, chunked, posted;
    size_t   left;          /* of the body, or of the chunk */
    char     start[WINDOW]; /* of the body */
    size_t   start_len;
    char     chunk[32];
    size_t   chunk_len;
    bool     in_chunk, last_chunk;
    double   query_at, request_at;
};

static struct samples queries, posts, gets;
static uint64_t       bytes, requests;
static long           begun, wanted;
static const char    *sql, *catalog;
static char           input[READ];
static int            port;

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void die(const char *what, const char *more)
{
    fprintf(stderr, "%s %.300s\n", what, more);
    exit(1);
}

static void add(struct samples *s, double us)
{
    if (s->count == s->room) {
        s->room = s->room == 0 ? 4096 : s->room * 2;
        s->us = realloc(s->us, s->room * sizeof *s->us);
        if (s->us == NULL)
            die("no memory", "");
    }
    s->us[s->count++] = us;
}

static void send_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, text, len, 0);

        if (n <= 0)
            die("send failed", "");
        text += n;
        len -= (size_t)n;
    }
}

static void ask(struct client *c, const char *path, size_t path_len)
{
    char   text[8192];
    size_t len;

    if (path == NULL)
        len = (size_t)snprintf(text, sizeof text, "POST /v1/statement HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX-Trino-User: bench\r\nX-Trino-Source: bench\r\n%s%s%s"
                               "X-Trino-Client-Capabilities: PARAMETRIC_DATETIME\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n\r\n%s", port,
                               catalog != NULL ? "X-Trino-Catalog: " : "", catalog != NULL ? catalog : "", catalog != NULL ? "\r\n" : "", strlen(sql), sql);
    else
        len = (size_t)snprintf(text, sizeof text, "GET %.*s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX-Trino-User: bench\r\n\r\n", (int)path_len, path, port);
    if (len >= sizeof text)
        die("request too long", "");
    c->have = c->start_len = c->chunk_len = 0;
    c->in_body = c->in_chunk = c->last_chunk = false;
    c->posted = path == NULL;
    c->request_at = now_us();
    if (path == NULL)
        c->query_at = c->request_at;
    send_all(c->fd, text, len);
    requests++;
}

/* An answer is whole: on with its link, or with the next query. */
static bool on_answer(struct client *c)
{
    static const char key[] = "\"nextUri\":\"";
    double            now = now_us();
    char             *at, *end, link[2048];
    size_t            len;

    add(c->posted ? &posts : &gets, now - c->request_at);
    at = memmem(c->start, c->start_len, key, sizeof key - 1);
    if (at != NULL) {
        at += sizeof key - 1;
        end = memchr(at, '"', (size_t)(c->start + c->start_len - at));
        at = end != NULL ? strchr(at + 8, '/') : NULL;
        if (at == NULL || at > end || (size_t)(end - at) >= sizeof link)
            die("no link in", c->start);
        len = (size_t)(end - at);
        memcpy(link, at, len);
        ask(c, link, len);
        return true;
    }
    if (memmem(c->start, c->start_len, "\"error\":{", 9) != NULL)
        die("failed:", c->start);
    add(&queries, now - c->query_at);
    if (begun >= wanted)
        return false;
    begun++;
    ask(c, NULL, 0);
    return true;
}

static void keep(struct client *c, const char *data, size_t len)
{
    size_t n = TN_MIN(len, WINDOW - 1 - c->start_len);

    memcpy(c->start + c->start_len, data, n);
    c->start_len += n;
    c->start[c->start_len] = '\0';
    bytes += len;
}

/* Of the head; how much of DATA it took. */
static size_t read_head(struct client *c, const char *data, size_t len)
{
    size_t n = TN_MIN(len, HEAD - 1 - c->have), before = c->have;
    char  *end, *field;

    memcpy(c->head + c->have, data, n);
    c->have += n;
    c->head[c->have] = '\0';
    end = strstr(c->head, "\r\n\r\n");
    if (end == NULL) {
        if (c->have == HEAD - 1)
            die("head too long", c->head);
        return n;
    }
    end[2] = '\0';
    if (strncmp(c->head, "HTTP/1.1 200", 12) != 0)
        die("answer:", c->head);
    field = strcasestr(c->head, "\r\ncontent-length:");
    c->chunked = field == NULL;
    c->left = field != NULL ? strtoul(field + 17, NULL, 10) : 0;
    c->in_body = true;
    return (size_t)(end + 4 - c->head) - before;
}

/* Lines between chunks; how much of DATA it took. */
static size_t read_chunk_line(struct client *c, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (c->chunk_len < sizeof c->chunk - 1)
            c->chunk[c->chunk_len++] = data[i];
        if (data[i] != '\n')
            continue;
        c->chunk[c->chunk_len] = '\0';
        if (c->last_chunk && c->chunk_len <= 2) {
            c->chunked = false; /* whole */
            return i + 1;
        }
        if (c->chunk_len > 2) {
            c->left = strtoul(c->chunk, NULL, 16);
            c->last_chunk = c->left == 0;
            c->in_chunk = c->left > 0;
        }
        c->chunk_len = 0;
        return i + 1;
    }
    return len;
}

static bool take(struct client *c, const char *data, size_t len)
{
    while (len > 0) {
        size_t n;

        if (!c->in_body) {
            n = read_head(c, data, len);
        } else if (c->chunked && !c->in_chunk) {
            n = read_chunk_line(c, data, len);
        } else {
            n = TN_MIN(len, c->left);
            keep(c, data, n);
            c->left -= n;
            c->in_chunk = c->left > 0;
        }
        data += n;
        len -= n;
        if (c->in_body && !c->chunked && c->left == 0)
            return on_answer(c);
    }
    return true;
}

static int connect_to(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int                fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("connect failed", "");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print_samples(const char *name, struct samples *s)
{
    qsort(s->us, s->count, sizeof *s->us, by_size);
    printf("\"%s\":{\"n\":%zu", name, s->count);
    if (s->count > 0)
        printf(",\"p50\":%.1f,\"p95\":%.1f,\"p99\":%.1f", s->us[s->count / 2], s->us[s->count * 95 / 100], s->us[s->count * 99 / 100]);
    printf("},");
}

int main(int argc, char **argv)
{
    static struct client *clients;
    int                   count = argc > 4 ? (int)strtol(argv[2], NULL, 10) : 0, poll = epoll_create1(0), live = 0;
    struct epoll_event    events[EVENTS];
    struct rusage         used;
    double                start;

    if (count < 1 || count > CLIENTS_MAX)
        die("usage: bench_trino_load PORT CLIENTS QUERIES SQL [CATALOG]", "");
    port = (int)strtol(argv[1], NULL, 10);
    wanted = strtol(argv[3], NULL, 10);
    sql = argv[4];
    catalog = argc > 5 ? argv[5] : NULL;
    clients = calloc((size_t)count, sizeof *clients);
    start = now_us();
    for (int i = 0; clients != NULL && i < count && begun < wanted; i++, begun++, live++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};

        clients[i].fd = connect_to();
        epoll_ctl(poll, EPOLL_CTL_ADD, clients[i].fd, &event);
        ask(&clients[i], NULL, 0);
    }
    while (live > 0) {
        int ready = epoll_wait(poll, events, EVENTS, 60000);

        if (ready <= 0)
            die("nothing for a minute", "");
        for (int i = 0; i < ready; i++) {
            struct client *c = events[i].data.ptr;
            ssize_t        n = recv(c->fd, input, sizeof input, 0);

            if (n <= 0)
                die("the server closed the connection", "");
            if (!take(c, input, (size_t)n)) {
                close(c->fd);
                live--;
            }
        }
    }
    getrusage(RUSAGE_SELF, &used);
    printf("{");
    print_samples("query", &queries);
    print_samples("post", &posts);
    print_samples("get", &gets);
    printf("\"requests\":%llu,\"bytes\":%llu,\"seconds\":%.4f,\"client_cpu_us\":%lld}\n", (unsigned long long)requests, (unsigned long long)bytes,
           (now_us() - start) / 1e6, (long long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 + used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    return 0;
}

/* A PostgreSQL client that does nothing with what it gets but count it: the measuring end of bench/load/stream.py.
 *
 *   bench_pg_drain PORT [--binary] SQL      a server on 127.0.0.1 that asks for no password
 *
 * Prints one JSON object: rows, bytes and seconds from the query to its end, and the client's own CPU. */
#include "base/buf.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER = 5, INPUT = 1 << 18 };

/* Where the stream of messages is. */
struct reader {
    char     header[HEADER];
    size_t   have;  /* bytes of the header */
    size_t   left;  /* bytes of the body to come */
    uint64_t rows, bytes;
    uint64_t first_row_us;
    char     error[256]; /* the beginning of an ErrorResponse */
    size_t   error_len;
    bool     ready;
};

static int die(const char *what)
{
    perror(what);
    return 1;
}

static uint32_t be32(const char *p)
{
    uint32_t n;

    memcpy(&n, p, sizeof n);
    return ntohl(n);
}

/* A whole header: what begins. */
static bool begin_message(struct reader *r)
{
    uint32_t len = be32(r->header + 1);

    if (len < 4)
        return false;
    r->have = 0;
    r->left = len - 4;
    if (r->header[0] == 'D' && r->rows++ == 0)
        r->first_row_us = tn_clock_us();
    r->ready = r->ready || r->header[0] == 'Z';
    return true;
}

static bool take(struct reader *r, const char *data, size_t len)
{
    r->bytes += len;
    while (len > 0) {
        size_t n = r->left > 0 ? TN_MIN(r->left, len) : TN_MIN(HEADER - r->have, len);

        if (r->left == 0) {
            memcpy(r->header + r->have, data, n);
            r->have += n;
        } else {
            r->left -= n;
            for (size_t i = 0; r->header[0] == 'E' && i < n && r->error_len + 1 < sizeof r->error; i++)
                r->error[r->error_len++] = data[i] == '\0' ? ' ' : data[i];
        }
        if (r->have == HEADER && !begin_message(r))
            return false;
        data += n;
        len -= n;
    }
    return true;
}

static bool until_ready(int fd, struct reader *r)
{
    static char input[INPUT];

    while (!r->ready) {
        ssize_t n = recv(fd, input, sizeof input, 0);

        if (n <= 0 || !take(r, input, (size_t)n))
            return false;
    }
    return r->left == 0 || recv(fd, input, r->left, MSG_WAITALL) > 0;
}

/* Bodies begin at their length. */
static void put_message(struct tn_buf *out, char type, const void *body, size_t len)
{
    if (type != '\0')
        tn_buf_put_u8(out, (uint8_t)type);
    tn_buf_put_be32(out, (uint32_t)len + 4);
    tn_buf_append(out, body, len);
}

static void put_query(struct tn_buf *out, const char *sql, bool binary)
{
    static const char bind[] = "\0\0\0\0\0\0\0\1\0\1"; /* unnamed, no parameters, all columns binary */
    static const char execute[] = "\0\0\0\0\0";
    struct tn_buf     parse;

    if (!binary) {
        put_message(out, 'Q', sql, strlen(sql) + 1);
        return;
    }
    tn_buf_init(&parse, 1 << 20);
    tn_buf_append(&parse, "", 1);
    tn_buf_append(&parse, sql, strlen(sql) + 1);
    tn_buf_append(&parse, "\0\0", 2);
    put_message(out, 'P', parse.data, parse.len);
    put_message(out, 'B', bind, sizeof bind - 1);
    put_message(out, 'E', execute, sizeof execute - 1);
    put_message(out, 'S', "", 0);
    tn_buf_reset(&parse);
}

static bool talk(int fd, struct tn_buf *out, struct reader *r)
{
    *r = (struct reader){.have = 0};
    return send(fd, out->data, out->len, 0) == (ssize_t)out->len && until_ready(fd, r);
}

int main(int argc, char **argv)
{
    static const char  startup[] = "\0\3\0\0user\0bench\0database\0postgres\0";
    bool               binary = argc == 4 && strcmp(argv[2], "--binary") == 0;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int                fd = socket(AF_INET, SOCK_STREAM, 0);
    uint64_t           port = 0, start;
    struct rusage      usage;
    struct reader      r;
    struct tn_buf      out;

    if ((argc != 3 && !binary) || !tn_str_to_u64(tn_str(argv[1]), UINT16_MAX, &port)) {
        fprintf(stderr, "usage: %s PORT [--binary] SQL\n", argv[0]);
        return 2;
    }
    to.sin_port = htons((uint16_t)port);
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
        return die("connect");
    tn_buf_init(&out, 1 << 20);
    put_message(&out, '\0', startup, sizeof startup);
    if (!talk(fd, &out, &r))
        return die("log-in");
    tn_buf_clear(&out);
    put_query(&out, argv[argc - 1], binary);
    start = tn_clock_us();
    if (!talk(fd, &out, &r) || r.error_len > 0) {
        fprintf(stderr, "%s: %.*s\n", argv[0], (int)r.error_len, r.error);
        return 1;
    }
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"rows\": %llu, \"bytes\": %llu, \"seconds\": %.3f, \"first_row_ms\": %.2f, \"client_cpu_s\": %.3f}\n",
           (unsigned long long)r.rows, (unsigned long long)r.bytes, (double)(tn_clock_us() - start) / 1e6,
           r.rows == 0 ? 0 : (double)(r.first_row_us - start) / 1e3,
           (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    tn_buf_reset(&out);
    close(fd);
    return 0;
}

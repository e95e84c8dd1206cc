/* http_client_test.c - the HTTP client and its parser of answers: before a server in a thread of its own that says what it is told to,
 * right or wrong, and closes when it is told to. TLS and a real Trino: tests/e2e. */
#include "harness.h"

#include "net/http_answer.h"
#include "net/http_client.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

enum { STEPS = 8, LONG_BODY = 3 * 1024 * 1024 };

#define RESET "then a reset" /* at the end of what is said: the connection is not closed but broken */

/* ---- the parser alone ---- */

struct reading {
    unsigned           status;
    char               fields[256], body[256];
    bool               keep_alive;
    enum tn_http_event last;
    size_t             used;
};

static void note(char *out, size_t size, struct tn_str text)
{
    size_t len = strlen(out);

    tn_str_copy(out + len, size - len, text);
}

static void read_answer(struct reading *r, const char *text, size_t step, bool to_head, bool closed)
{
    struct tn_http_answer answer;
    struct tn_str         name, value;
    size_t                at = 0, len = strlen(text), field = 0;

    *r = (struct reading){.last = TN_HTTP_MORE};
    tn_http_answer_init(&answer, 4096);
    tn_http_answer_begin(&answer, to_head);
    while (r->last != TN_HTTP_END && r->last != TN_HTTP_BAD && (at < len || r->last != TN_HTTP_MORE)) {
        size_t used;

        r->last = tn_http_answer_feed(&answer, text + at, TN_MIN(step, len - at), &used);
        at += used;
        if (r->last == TN_HTTP_BODY)
            note(r->body, sizeof r->body, answer.body);
        for (field = 0; r->last == TN_HTTP_HEAD && tn_http_answer_field(&answer, &field, &name, &value);) {
            note(r->fields, sizeof r->fields, name);
            note(r->fields, sizeof r->fields, TN_STR("="));
            note(r->fields, sizeof r->fields, value);
            note(r->fields, sizeof r->fields, TN_STR(";"));
        }
    }
    if (r->last == TN_HTTP_MORE && closed)
        r->last = tn_http_answer_closed(&answer);
    r->status = answer.status;
    r->keep_alive = answer.keep_alive;
    r->used = at;
    CU_ASSERT(r->last != TN_HTTP_BAD || answer.bad_reason != NULL);
    tn_http_answer_reset(&answer);
}

static void test_answers(void)
{
    static const struct {
        const char *text, *fields, *body;
        unsigned    status;
        bool        keep_alive, to_head;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A:  b \r\n\r\nabc", "Content-Length=3;X-A=b;", "abc", 200, true, false},
        {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "Content-Length=0;", "", 200, true, false},
        {"HTTP/1.1 204 No Content\r\n\r\n", "", "", 204, true, false},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "Content-Length=9;", "", 304, true, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\n", "Content-Length=9;Connection=close;", "", 200, false, true},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz", "Content-Length=1;", "z", 200, true, false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n", "Transfer-Encoding=chunked;", "abc", 200, true, false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: t\r\n\r\n", "Transfer-Encoding=chunked;", "a", 200, true, false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "Content-Length=1;", "a", 200, false, false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\na", "Content-Length=1;Connection=keep-alive;", "a", 200, true, false},
        {"HTTP/1.1 200 OK\r\n\r\nto the end", "", "to the end", 200, false, false},
    };
    struct reading r;

    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++)
        for (size_t step = 1; step < 400; step = step * 3 + 1) {
            read_answer(&r, cases[i].text, step, cases[i].to_head, true);
            if (r.last != TN_HTTP_END || r.status != cases[i].status || strcmp(r.fields, cases[i].fields) != 0 || strcmp(r.body, cases[i].body) != 0 ||
                r.keep_alive != cases[i].keep_alive || r.used != strlen(cases[i].text)) {
                fprintf(stderr, "case %zu, step %zu: %d %u %s %s\n", i, step, (int)r.last, r.status, r.fields, r.body);
                CU_FAIL("an answer was read wrongly");
            }
        }
}

static void test_bad_answers(void)
{
    static const char *const cases[] = {
        "SSH-2.0-OpenSSH_9.2\r\n\r\n", "\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.2 200 OK\r\n\r\n", "HTTP/1.1 99 Low\r\n\r\n", "HTTP/1.1 600 High\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 1\n\na", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "HTTP/1.1 200 OK\r\nX: ",
    };
    struct reading r;
    char           text[5000];

    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++)
        for (size_t step = 1; step < 400; step = step * 3 + 1) {
            read_answer(&r, cases[i], step, false, true);
            if (r.last != TN_HTTP_BAD) {
                fprintf(stderr, "case %zu, step %zu: %d\n", i, step, (int)r.last);
                CU_FAIL("an answer was taken that is none");
            }
        }
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memcpy(text, "HTTP/1.1 200 OK\r\nX: ", 20);
    read_answer(&r, text, 1000, false, false);
    CU_ASSERT_EQUAL(r.last, TN_HTTP_BAD);
    for (size_t at = 0; at + 26 < sizeof text; at += 25) /* as many heads of 1xx as one likes are one that is too long */
        memcpy(text + at, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    read_answer(&r, text, 1000, false, false);
    CU_ASSERT_EQUAL(r.last, TN_HTTP_BAD);
}

/* ---- the server ---- */

/* For each connection that comes what is said to its requests, one after the other; NULL: it is closed. */
static struct server {
    int              fd, port;
    pthread_t        thread;
    const char     *(*steps)[STEPS];
    _Atomic unsigned connections, requests;
    char             heads[STEPS][1024];
    char            *packed;
    size_t           packed_len;
} server;

/* False: the client is gone. */
static bool read_request(int fd, char *head)
{
    char        in[65536];
    size_t      len = 0;
    const char *end = NULL, *length;

    while (end == NULL || len < (size_t)(end + 4 - in) + (length != NULL && length < end ? strtoul(length + 16, NULL, 10) : 0)) {
        ssize_t got = recv(fd, in + len, sizeof in - 1 - len, 0);

        if (got <= 0)
            return false;
        len += (size_t)got;
        in[len] = '\0';
        end = strstr(in, "\r\n\r\n");
        length = strstr(in, "Content-Length: ");
        if (length != NULL && strtoul(length + 16, NULL, 10) > sizeof in / 2) { /* long bodies are counted, not kept */
            for (size_t left = strtoul(length + 16, NULL, 10) - (len - (size_t)(end + 4 - in)); left > 0; left -= (size_t)got)
                if ((got = recv(fd, in, TN_MIN(left, sizeof in), 0)) <= 0)
                    return false;
            return true;
        }
    }
    tn_str_copy(head, 1024, tn_str_n(in, len));
    return true;
}

static void say(int fd, const char *text)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ";
    char              line[128];

    if (strcmp(text, "gzip") == 0) {
        (void)!send(fd, line, (size_t)snprintf(line, sizeof line, "%s%zu\r\n\r\n", head, server.packed_len), MSG_NOSIGNAL);
        (void)!send(fd, server.packed, server.packed_len, MSG_NOSIGNAL);
    } else if (strcmp(text, "long") == 0) {
        char *body = malloc(LONG_BODY);

        if (body == NULL)
            abort();
        memset(body, 'l', LONG_BODY);
        (void)!send(fd, line, (size_t)snprintf(line, sizeof line, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", LONG_BODY), MSG_NOSIGNAL);
        (void)!send(fd, body, LONG_BODY, MSG_NOSIGNAL);
        free(body);
    } else {
        (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
    }
}

static void *server_main(void *arg)
{
    (void)arg;
    for (unsigned n = 0;; n++) {
        int fd = accept(server.fd, NULL, NULL), one = 1;

        if (fd < 0)
            return NULL;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        atomic_fetch_add(&server.connections, 1);
        for (unsigned step = 0; step < STEPS && server.steps[n][step] != NULL; step++) {
            char head[1024];

            if (!read_request(fd, head))
                break;
            memcpy(server.heads[atomic_fetch_add(&server.requests, 1) % STEPS], head, sizeof head);
            say(fd, server.steps[n][step]);
            if (strstr(server.steps[n][step], RESET) != NULL) {
                usleep(50000); /* a reset takes what is not read yet with it */
                setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
                break;
            }
        }
        close(fd);
    }
}

static void server_start(const char *(*steps)[STEPS])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t          len = sizeof address;

    server.steps = steps;
    atomic_store(&server.connections, 0);
    atomic_store(&server.requests, 0);
    server.fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server.fd, (struct sockaddr *)&address, len) != 0 || listen(server.fd, 16) != 0 || getsockname(server.fd, (struct sockaddr *)&address, &len) != 0 ||
        pthread_create(&server.thread, NULL, server_main, NULL) != 0)
        abort();
    server.port = ntohs(address.sin_port);
}

static void server_stop(void)
{
    shutdown(server.fd, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.fd);
}

/* ---- the client ---- */

static struct tn_test_env env;

struct asked {
    bool   done, unsent, all_l;
    long   status;
    size_t len;
    char   body[64], sqlstate[6], message[200], fields[200];
    struct tn_http_client *client;
    struct tn_http_call   *call;
};

static void on_header(struct tn_http_call *call, struct tn_str name, struct tn_str value, void *owner)
{
    struct asked *asked = owner;

    (void)call;
    note(asked->fields, sizeof asked->fields, name);
    note(asked->fields, sizeof asked->fields, TN_STR("="));
    note(asked->fields, sizeof asked->fields, value);
    note(asked->fields, sizeof asked->fields, TN_STR(";"));
}

static void on_asked(struct tn_http_call *call, struct tn_http_client_answer *answer, void *owner)
{
    struct asked *asked = owner;

    CU_ASSERT(!asked->done && !tn_http_call_active(call));
    asked->done = true;
    asked->status = answer->status;
    asked->unsent = answer->unsent;
    asked->len = answer->body->len;
    asked->all_l = asked->len > 0;
    for (size_t i = 0; i < asked->len; i++)
        asked->all_l = asked->all_l && answer->body->data[i] == 'l';
    tn_str_copy(asked->body, sizeof asked->body, tn_buf_str(answer->body));
    tn_str_copy(asked->sqlstate, sizeof asked->sqlstate, tn_str(answer->error.sqlstate));
    tn_str_copy(asked->message, sizeof asked->message, tn_str(answer->error.message));
}

static const struct tn_http_client_events events = {.header = on_header, .done = on_asked};

static void open_client(struct asked *a, const char *host, size_t max_body)
{
    char                          origin[64];
    struct tn_http_client_options options = {.origin = origin, .pool = env.pool, .verify = true, .uncoded = true, .connect_timeout_us = 5000000, .max_body = max_body};

    *a = (struct asked){.done = false};
    snprintf(origin, sizeof origin, "http://%s:%d", host, server.port);
    if (tn_http_client_new(&a->client, env.worker, &options, NULL) != TN_OK)
        abort();
    a->call = tn_http_call_new(a->client, &events, a);
    if (a->call == NULL)
        abort();
}

static void close_client(struct asked *a)
{
    tn_http_call_free(a->call);
    tn_http_client_free(a->client);
}

static void start(struct asked *a, enum tn_http_client_method method, struct tn_str body, uint64_t timeout_us)
{
    a->done = false;
    a->body[0] = a->sqlstate[0] = a->fields[0] = '\0';
    CU_ASSERT_EQUAL_FATAL(tn_http_call_start(a->call, method, "/p?q=1", body, timeout_us, NULL), TN_OK);
    CU_ASSERT(!a->done && tn_http_call_active(a->call));
}

static void ask(struct asked *a)
{
    start(a, TN_HTTP_CLIENT_GET, tn_str(NULL), 20000000);
    CU_ASSERT(tn_test_until(&env, &a->done, 20000));
}

static void test_requests(void)
{
    const char  *steps[][STEPS] = {{"HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                                    "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", NULL}, {NULL}};
    struct asked a;
    char         origin[32];

    server_start(steps);
    open_client(&a, "127.0.0.1", 1000);
    CU_ASSERT(tn_http_call_header(a.call, "X-B", TN_STR("tab\tand text")) && tn_http_call_header(a.call, "X-E", TN_STR("")));
    ask(&a);
    CU_ASSERT(a.status == 200 && strcmp(a.body, "ok") == 0 && strcmp(a.fields, "X-A=1;Content-Length=2;") == 0);
    snprintf(origin, sizeof origin, "\r\nHost: 127.0.0.1:%d\r\n", server.port);
    CU_ASSERT(strncmp(server.heads[0], "GET /p?q=1 HTTP/1.1\r\n", 21) == 0 && strstr(server.heads[0], origin) != NULL);
    CU_ASSERT(strstr(server.heads[0], "\r\nX-B: tab\tand text\r\nX-E: \r\n\r\n") != NULL && strstr(server.heads[0], "Accept-Encoding: identity\r\n") != NULL);
    tn_http_call_gzip(a.call, true);
    start(&a, TN_HTTP_CLIENT_POST, TN_STR("SELECT 1"), 20000000);
    CU_ASSERT(tn_test_until(&env, &a.done, 20000) && a.status == 200 && a.len == 0);
    CU_ASSERT(strncmp(server.heads[1], "POST /p?q=1 ", 12) == 0 && strstr(server.heads[1], "Accept-Encoding: gzip\r\nContent-Length: 8\r\n\r\nSELECT 1") != NULL);
    CU_ASSERT(strstr(server.heads[1], "X-B") == NULL);
    start(&a, TN_HTTP_CLIENT_HEAD, tn_str(NULL), 20000000);
    CU_ASSERT(tn_test_until(&env, &a.done, 20000) && a.status == 200 && strncmp(server.heads[2], "HEAD ", 5) == 0);
    start(&a, TN_HTTP_CLIENT_DELETE, tn_str(NULL), 20000000);
    CU_ASSERT(tn_test_until(&env, &a.done, 20000) && a.status == 204 && strncmp(server.heads[3], "DELETE ", 7) == 0);
    CU_ASSERT(atomic_load(&server.connections) == 1); /* one, kept */
    close_client(&a);
    server_stop();
}

static void test_refusals(void)
{
    const char     *steps[][STEPS] = {{NULL}};
    static const char *const origins[] = {"", "http://", "ftp://x", "http://x/y", "http://u@x", "http://x y", "http://:1", "http://x:", "file:///etc/passwd", "http://[::1"};
    struct asked    a;
    struct tn_error err = TN_ERROR_INIT;

    server_start(steps);
    for (size_t i = 0; i < TN_ARRAY_LEN(origins); i++) {
        struct tn_http_client *client;

        CU_ASSERT_EQUAL(tn_http_client_new(&client, env.worker, &(struct tn_http_client_options){.origin = origins[i]}, &err), TN_E_INVALID);
        CU_ASSERT_PTR_NULL(client);
    }
    open_client(&a, "127.0.0.1", 1000);
    CU_ASSERT(!tn_http_call_header(a.call, "X-A", TN_STR("a\r\nX-B: b")) && !tn_http_call_header(a.call, "X-A\n", TN_STR("a")));
    CU_ASSERT_EQUAL(tn_http_call_start(a.call, TN_HTTP_CLIENT_GET, "/", tn_str(NULL), 1000, &err), TN_E_INVALID);
    for (size_t i = 0; i < 27; i++) { /* wherever it stands: eight bytes are looked at at once */
        static const char bad[] = {0, 1, '\n', 0x1f, 0x7f}, good[] = {'\t', ' ', '~', (char)0x80, (char)0xff};
        char              value[27];

        for (size_t k = 0; k < sizeof bad; k++) {
            memset(value, 'v', sizeof value);
            value[i] = bad[k];
            CU_ASSERT(!tn_http_call_header(a.call, "X-A", tn_str_n(value, sizeof value)));
            value[i] = good[k];
            CU_ASSERT(tn_http_call_header(a.call, "X-A", tn_str_n(value, sizeof value)));
        }
    }
    tn_http_call_abort(a.call);
    CU_ASSERT_EQUAL(tn_http_call_start(a.call, TN_HTTP_CLIENT_GET, "http://x/", tn_str(NULL), 1000, &err), TN_E_INVALID);
    CU_ASSERT_EQUAL(tn_http_call_start(a.call, TN_HTTP_CLIENT_GET, "/ HTTP/1.1\r\nX: y", tn_str(NULL), 1000, &err), TN_E_INVALID);
    CU_ASSERT(!tn_http_call_active(a.call) && atomic_load(&server.connections) == 0);
    close_client(&a);
    tn_error_reset(&err);
    server_stop();
}

/* A kept connection that was closed is opened anew; one that ends in mid-answer, or at once, is an error. */
static void test_lost(void)
{
    const char  *ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    const char  *steps[][STEPS] = {{ok, NULL}, {ok, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nha", NULL}, {"", NULL}, {"HTTP/1.1 200 OK\r\n\r\nto the end", NULL},
                                   {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nokstray", NULL}, {ok, NULL}, {"HTTP/1.1 200 OK\r\n\r\n" RESET, NULL}, {NULL}};
    struct asked a;

    server_start(steps);
    open_client(&a, "localhost", 1000);
    ask(&a);
    CU_ASSERT(a.status == 200);
    ask(&a); /* perhaps before we hear of its end, perhaps after */
    CU_ASSERT(a.status == 200 && atomic_load(&server.connections) == 2);
    ask(&a);
    CU_ASSERT(a.status == 0 && strcmp(a.sqlstate, "08006") == 0 && !a.unsent && atomic_load(&server.connections) == 2);
    ask(&a);
    CU_ASSERT(a.status == 0 && strcmp(a.sqlstate, "08006") == 0 && atomic_load(&server.connections) == 3);
    ask(&a);
    CU_ASSERT(a.status == 200 && strcmp(a.body, "to the end") == 0);
    ask(&a);
    CU_ASSERT(a.status == 200 && strcmp(a.body, "ok") == 0 && atomic_load(&server.connections) == 5);
    ask(&a);
    CU_ASSERT(a.status == 200 && atomic_load(&server.connections) == 6);
    tn_test_sleep(&env, 30); /* its end is heard while nothing is asked */
    ask(&a); /* a body that goes up to the end, which does not come */
    CU_ASSERT(a.status == 0 && strcmp(a.sqlstate, "08006") == 0 && atomic_load(&server.connections) == 7);
    close_client(&a);
    server_stop();
    open_client(&a, "127.0.0.1", 1000); /* nobody is there any more */
    ask(&a);
    CU_ASSERT(a.status == 0 && a.unsent && strcmp(a.sqlstate, "08001") == 0);
    close_client(&a);
    open_client(&a, "no-such-host.invalid", 1000);
    ask(&a);
    CU_ASSERT(a.status == 0 && a.unsent && strcmp(a.sqlstate, "08001") == 0 && (strstr(a.message, "name") != NULL || strstr(a.message, "in time") != NULL));
    start(&a, TN_HTTP_CLIENT_GET, tn_str(NULL), 20000000); /* given up while the name is looked up */
    close_client(&a);
    tn_test_sleep(&env, 50);
}

/* ---- a name whose servers do not answer ---- */

static struct {
    _Atomic unsigned now, all;
    _Atomic bool     over;
} slow;

/* Instead of the C library's. */
int getaddrinfo(const char *restrict name, const char *restrict service, const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    void *found = dlsym(RTLD_NEXT, "getaddrinfo");

    memcpy(&real, &found, sizeof real);
    if (strcmp(name, "slow.invalid") != 0)
        return real(name, service, hints, out);
    if ((hints->ai_flags & AI_NUMERICHOST) != 0)
        return EAI_NONAME;
    atomic_fetch_add(&slow.now, 1);
    atomic_fetch_add(&slow.all, 1);
    while (!atomic_load(&slow.over))
        usleep(1000);
    atomic_fetch_sub(&slow.now, 1);
    return EAI_AGAIN;
}

/* The pool's threads are not all taken by it: there are 8, and other work waits for them. */
static void test_slow_name(void)
{
    enum { CALLS = 12 };
    static struct asked slow_ones[CALLS], other;
    const char         *steps[][STEPS] = {{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NULL}, {NULL}};

    server_start(steps);
    for (size_t i = 0; i < CALLS; i++) {
        open_client(&slow_ones[i], "slow.invalid", 1000);
        start(&slow_ones[i], TN_HTTP_CLIENT_GET, tn_str(NULL), 20000000);
    }
    open_client(&other, "localhost", 1000);
    start(&other, TN_HTTP_CLIENT_GET, tn_str(NULL), 20000000);
    CU_ASSERT(tn_test_until(&env, &other.done, 20000));
    CU_ASSERT_EQUAL(other.status, 200);
    TN_TEST_WAIT(&env, atomic_load(&slow.now) == 4);
    tn_test_sleep(&env, 50);
    CU_ASSERT(atomic_load(&slow.now) == 4); /* and no more */
    close_client(&slow_ones[0]);
    close_client(&slow_ones[CALLS - 1]); /* nobody looks for it any more */
    atomic_store(&slow.over, true);
    for (size_t i = 1; i < CALLS - 1; i++) {
        CU_ASSERT(tn_test_until(&env, &slow_ones[i].done, 20000));
        CU_ASSERT(slow_ones[i].status == 0 && slow_ones[i].unsent && strstr(slow_ones[i].message, "name was not found") != NULL);
        close_client(&slow_ones[i]);
    }
    close_client(&other);
    TN_TEST_WAIT(&env, atomic_load(&slow.now) == 0);
    CU_ASSERT(atomic_load(&slow.all) == CALLS - 1);
    server_stop();
}

static void test_time(void)
{
    const char  *steps[][STEPS] = {{"", "", NULL}, {"", "", NULL}, {NULL}};
    struct asked a;

    server_start(steps);
    open_client(&a, "127.0.0.1", 1000);
    start(&a, TN_HTTP_CLIENT_GET, tn_str(NULL), 30000);
    CU_ASSERT(tn_test_until(&env, &a.done, 20000) && a.status == 0 && strcmp(a.sqlstate, "08006") == 0 && strstr(a.message, "in time") != NULL);
    start(&a, TN_HTTP_CLIENT_GET, tn_str(NULL), 20000000);
    tn_test_sleep(&env, 20);
    tn_http_call_abort(a.call);
    tn_test_sleep(&env, 20);
    CU_ASSERT(!a.done && !tn_http_call_active(a.call)); /* what is aborted is not told */
    close_client(&a);
    server_stop();
}

static void pack(size_t len, size_t keep)
{
    z_stream stream = {.next_in = calloc(len, 1), .avail_in = (uInt)len};
    Bytef   *text = stream.next_in;

    memset(text, 'l', len);
    server.packed = malloc(len + 1000);
    stream.next_out = (Bytef *)server.packed;
    stream.avail_out = (uInt)(len + 1000);
    if (deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK || deflate(&stream, Z_FINISH) != Z_STREAM_END)
        abort();
    server.packed_len = TN_MIN(stream.total_out, keep);
    deflateEnd(&stream);
    free(text);
}

static void test_bodies(void)
{
    const char  *steps[][STEPS] = {{"long", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nlll\r\n0\r\n\r\n", "gzip", NULL},
                                   {"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx", NULL}, {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", NULL},
                                   {"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\nx", NULL}, {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", NULL}, {NULL}};
    struct asked a;
    char        *text = calloc(LONG_BODY, 1);

    pack(LONG_BODY, SIZE_MAX);
    server_start(steps);
    open_client(&a, "127.0.0.1", (size_t)8 << 20);
    start(&a, TN_HTTP_CLIENT_POST, tn_str_n(text, LONG_BODY), 60000000); /* more than sockets hold, both ways */
    CU_ASSERT(tn_test_until(&env, &a.done, 60000) && a.status == 200 && a.len == LONG_BODY && a.all_l);
    tn_http_call_shrink(a.call);
    ask(&a);
    CU_ASSERT(a.status == 200 && strcmp(a.body, "lll") == 0);
    ask(&a);
    CU_ASSERT(a.status == 200 && a.len == LONG_BODY && a.all_l && atomic_load(&server.connections) == 1);
    ask(&a);
    CU_ASSERT(a.status == 0 && strcmp(a.sqlstate, "08P01") == 0);
    ask(&a);
    CU_ASSERT(a.status == 0 && strcmp(a.sqlstate, "08P01") == 0);
    ask(&a);
    CU_ASSERT(a.status == 0 && strcmp(a.sqlstate, "54000") == 0);
    ask(&a);
    CU_ASSERT(a.status == 200 && strcmp(a.body, "ok") == 0);
    close_client(&a);
    server_stop();
    free(server.packed);
    free(text);
}

/* gzip: a text that is too long, one that is cut, one that grows too much. */
static void test_gzip_limits(void)
{
    static const struct {
        size_t      len, keep, max;
        const char *sqlstate;
    } cases[] = {{100000, SIZE_MAX, 50000, "54000"}, {100000, 60, 1 << 20, "08P01"}, {(size_t)40 << 20, SIZE_MAX, (size_t)64 << 20, "54000"}};
    const char *steps[][STEPS] = {{"gzip", NULL}, {NULL}};

    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++) {
        struct asked a;

        pack(cases[i].len, cases[i].keep);
        server_start(steps);
        open_client(&a, "127.0.0.1", cases[i].max);
        ask(&a);
        CU_ASSERT(a.status == 0);
        CU_ASSERT_STRING_EQUAL(a.sqlstate, cases[i].sqlstate);
        close_client(&a);
        server_stop();
        free(server.packed);
    }
}

static void test_no_memory(void)
{
    const char *ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    const char *steps[64][STEPS];

    for (size_t i = 0; i < TN_ARRAY_LEN(steps); i++)
        for (size_t k = 0; k < STEPS; k++)
            steps[i][k] = k == 0 ? ok : NULL;
    server_start(steps);
    for (size_t n = 0; n < 20; n++) {
        struct asked    a;
        enum tn_status  status;
        struct tn_error err = TN_ERROR_INIT;

        open_client(&a, "127.0.0.1", 1000);
        tn_alloc_fail_after(n);
        status = tn_http_call_start(a.call, TN_HTTP_CLIENT_GET, "/", tn_str(NULL), 20000000, &err);
        CU_ASSERT(status == TN_OK || (status == TN_E_NOMEM && strcmp(err.sqlstate, "53200") == 0));
        if (status == TN_OK)
            CU_ASSERT(tn_test_until(&env, &a.done, 20000) && (a.status == 200 || strcmp(a.sqlstate, "53200") == 0));
        tn_alloc_fail_never();
        close_client(&a);
        tn_error_reset(&err);
    }
    server_stop();
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    tn_test_env_init(&env);
    CU_initialize_registry();
    suite = CU_add_suite("http client", NULL, NULL);
    CU_add_test(suite, "answers", test_answers);
    CU_add_test(suite, "bad answers", test_bad_answers);
    CU_add_test(suite, "requests", test_requests);
    CU_add_test(suite, "refusals", test_refusals);
    CU_add_test(suite, "lost connections", test_lost);
    CU_add_test(suite, "a slow name", test_slow_name);
    CU_add_test(suite, "time", test_time);
    CU_add_test(suite, "bodies", test_bodies);
    CU_add_test(suite, "limits of gzip", test_gzip_limits);
    CU_add_test(suite, "no memory", test_no_memory);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    tn_test_env_free(&env);
    return failures == 0 ? 0 : 1;
}

/* trino_engine_test.c - the Trino engine in the loop, before a hand-written server of the statement protocol in a thread of its own:
 * order of events, back-pressure, cancel, every allocation failing once. A real Trino is asked by tests/e2e/test_trino.py. */
#include "harness.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAGES = 40, ROW_BYTES = 60000, CLIENTS = 16 };

/* ---- the server ---- */

static struct server {
    int              fd, port;
    pthread_t        thread;
    _Atomic bool     stopping;
    _Atomic unsigned gets, deletes, posts;
} server;

static void put_page(char *out, size_t size, const char *path)
{
    unsigned page = 0;
    size_t   at;
    bool     last, silent = strstr(path, "/many/") == NULL;

    sscanf(strrchr(path, '/') + 1, "%u", &page);
    last = silent || page + 1 == PAGES;
    at = (size_t)snprintf(out, size, "{\"id\":\"q\",\"stats\":{\"cpuTimeMillis\":4,\"processedRows\":7,\"queuedTimeMillis\":2},\"columns\":[{\"name\":\"n\","
                                     "\"type\":\"bigint\"},{\"name\":\"s\",\"type\":\"varchar\"}],\"data\":[[%u,\"", page);
    for (int i = 0; !silent && i < ROW_BYTES; i++)
        out[at++] = 'x';
    at += (size_t)snprintf(out + at, size - at, "\"]]");
    if (!last)
        at += (size_t)snprintf(out + at, size - at, ",\"nextUri\":\"http://elsewhere/v1/statement/many/%u\"", page + 1);
    snprintf(out + at, size - at, "}");
}

static void answer_request(int fd, const char *head)
{
    static _Thread_local char body[2 * ROW_BYTES];
    char                      reply[256], path[128] = "", method[8] = "";
    int                       len;

    sscanf(head, "%7s %127s", method, path);
    body[0] = '\0';
    if (strcmp(path, "/v1/info") == 0) {
        snprintf(body, sizeof body, "{\"starting\":false,\"coordinator\":true}");
    } else if (strcmp(method, "POST") == 0) {
        atomic_fetch_add(&server.posts, 1);
        snprintf(body, sizeof body, "{\"id\":\"q\",\"stats\":{},\"nextUri\":\"http://elsewhere/v1/statement/%s/0\"}",
                 strstr(head, "many") != NULL ? "many" : "one");
    } else if (strcmp(method, "DELETE") == 0) {
        atomic_fetch_add(&server.deletes, 1);
    } else {
        atomic_fetch_add(&server.gets, 1);
        put_page(body, sizeof body, path);
    }
    len = snprintf(reply, sizeof reply, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nX-Trino-Set-Schema: a\r\n\r\n",
                   strcmp(method, "DELETE") == 0 ? "204 No Content" : "200 OK", strlen(body));
    (void)!send(fd, reply, (size_t)len, MSG_NOSIGNAL);
    (void)!send(fd, body, strlen(body), MSG_NOSIGNAL);
}

/* Requests of one packet or more, one after the other; the statements here are short. */
static void serve(int fd, char *in, size_t *len, size_t size)
{
    ssize_t got = recv(fd, in + *len, size - *len - 1, 0);
    char   *end;

    if (got <= 0) {
        close(fd);
        *len = SIZE_MAX;
        return;
    }
    *len += (size_t)got;
    in[*len] = '\0';
    end = strstr(in, "\r\n\r\n");
    if (end != NULL && (strncmp(in, "POST", 4) != 0 || end[4] != '\0')) {
        answer_request(fd, in);
        *len = 0;
    }
}

static void *server_main(void *arg)
{
    struct pollfd fds[CLIENTS + 1] = {{.fd = server.fd, .events = POLLIN}};
    static char   in[CLIENTS + 1][8192];
    size_t        lens[CLIENTS + 1] = {0};

    (void)arg;
    for (int i = 1; i <= CLIENTS; i++)
        fds[i].fd = -1;
    while (!atomic_load(&server.stopping)) {
        int one = 1;

        poll(fds, CLIENTS + 1, 20);
        for (int i = 1; i <= CLIENTS; i++) {
            if (fds[i].fd < 0 || fds[i].revents == 0)
                continue;
            serve(fds[i].fd, in[i], &lens[i], sizeof in[i]);
            if (lens[i] == SIZE_MAX) {
                fds[i].fd = -1;
                lens[i] = 0;
            }
        }
        for (int i = 1; (fds[0].revents & POLLIN) != 0 && i <= CLIENTS; i++)
            if (fds[i].fd < 0) {
                fds[i] = (struct pollfd){.fd = accept(server.fd, NULL, NULL), .events = POLLIN};
                setsockopt(fds[i].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                break;
            }
    }
    for (int i = 1; i <= CLIENTS; i++)
        if (fds[i].fd >= 0)
            close(fds[i].fd);
    return NULL;
}

static void server_start(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t          len = sizeof address;

    server.fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server.fd, (struct sockaddr *)&address, len) != 0 || listen(server.fd, 16) != 0 ||
        getsockname(server.fd, (struct sockaddr *)&address, &len) != 0)
        abort();
    server.port = ntohs(address.sin_port);
    if (pthread_create(&server.thread, NULL, server_main, NULL) != 0)
        abort();
}

static void server_stop(void)
{
    atomic_store(&server.stopping, true);
    pthread_join(server.thread, NULL);
    close(server.fd);
}

/* ---- the engine ---- */

static struct tn_test_env env;
static struct tn_cluster *cluster;
static struct tn_conn    *conn;

static void test_rows(void)
{
    struct tn_test_run r;

    tn_test_run_init(&r, "SELECT one");
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    CU_ASSERT_EQUAL(r.run.error.status, TN_OK);
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&r.rows), "0|\n"));
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&r.events), "ckd"));
    CU_ASSERT_STRING_EQUAL(r.columns, "n:bigint s:text");
    CU_ASSERT(r.run.rows == 1 && r.run.rows_read == 7 && r.run.cpu_us == 4000 && r.run.queued_us == 2000);
    CU_ASSERT(conn->state == TN_CONN_IDLE && conn->dirty); /* an answer changed the session */
    CU_ASSERT(cluster->ops->reset(conn) && !conn->dirty);
    tn_test_run_reset(&r);
}

static void test_back_pressure(void)
{
    struct tn_test_run r;
    unsigned           gets;

    tn_test_run_init(&r, "SELECT many");
    r.hold = true;
    atomic_store(&server.gets, 0);
    tn_test_start(&r, conn);
    tn_test_wait_chunks(&env, &r, TN_RUN_WINDOW, 100);
    gets = atomic_load(&server.gets);
    CU_ASSERT(!r.done && r.chunks == TN_RUN_WINDOW && gets <= TN_RUN_WINDOW + 1);
    while (!r.done) {
        if (r.run.uncredited > 0)
            tn_test_credit(&r);
        tn_test_turn(&env);
    }
    CU_ASSERT(r.run.error.status == TN_OK && r.run.rows == PAGES && r.most_uncredited <= TN_RUN_WINDOW);
    CU_ASSERT(atomic_load(&server.gets) == PAGES);
    tn_test_run_reset(&r);
}

static void test_cancel(void)
{
    struct tn_test_run r;

    for (int when = 0; when < 3; when++) { /* before the POST is answered, with rows, with a full window */
        atomic_store(&server.deletes, 0);
        tn_test_run_init(&r, "SELECT many");
        r.hold = true;
        tn_test_start(&r, conn);
        if (when > 0)
            tn_test_wait_chunks(&env, &r, when == 1 ? 1 : TN_RUN_WINDOW, when == 1 ? 0 : 50);
        tn_run_cancel(&r.run);
        tn_run_cancel(&r.run);
        tn_test_wait(&env, &r);
        CU_ASSERT_STRING_EQUAL(r.run.error.sqlstate, "57014");
        CU_ASSERT(atomic_load(&server.deletes) == 1 && conn->state == TN_CONN_IDLE);
        tn_test_run_reset(&r);
    }
    TN_TEST_SQL(&env, conn, "SELECT one", "0|\n");
}

/* Whatever allocation fails, the run ends once, and the next one works. */
static void test_no_memory(void)
{
    unsigned failed = 0;

    for (size_t n = 0; n < 60; n++) {
        struct tn_test_run r;

        tn_test_run_init(&r, n % 2 == 0 ? "SELECT one" : "SELECT many");
        r.keep = false;
        tn_alloc_fail_after(n);
        tn_test_start(&r, conn);
        while (!r.done)
            tn_test_turn(&env);
        tn_alloc_fail_never();
        failed += r.run.error.status != TN_OK;
        if (r.run.error.status != TN_OK && strcmp(r.run.error.sqlstate, "53200") != 0)
            CU_ASSERT_STRING_EQUAL(r.run.error.sqlstate, "54000");
        tn_test_run_reset(&r);
        if (conn->state == TN_CONN_BROKEN) {
            tn_test_disconnect(conn);
            conn = tn_test_connect(&env, cluster, NULL);
            CU_ASSERT_PTR_NOT_NULL_FATAL(conn);
        }
        (void)cluster->ops->reset(conn);
    }
    CU_ASSERT(failed > 5);
    TN_TEST_SQL(&env, conn, "SELECT one", "0|\n");
}

static void test_connect_fails(void)
{
    struct tn_cluster *nobody = tn_test_cluster("engine: trino, endpoint: \"http://127.0.0.1:1\"");
    struct tn_error    err = TN_ERROR_INIT;

    CU_ASSERT_PTR_NULL(tn_test_connect(&env, nobody, &err));
    CU_ASSERT(strcmp(err.sqlstate, "08001") == 0 && err.fault == TN_FAULT_ENGINE);
    tn_cluster_unref(nobody);
}

int main(void)
{
    CU_pSuite suite;
    char      body[128];
    unsigned  failures;

    server_start();
    tn_test_env_init(&env);
    snprintf(body, sizeof body, "engine: trino, endpoint: \"http://127.0.0.1:%d\"", server.port);
    cluster = tn_test_cluster(body);
    conn = tn_test_connect(&env, cluster, NULL);
    CU_initialize_registry();
    suite = CU_add_suite("trino engine", NULL, NULL);
    CU_add_test(suite, "rows", test_rows);
    CU_add_test(suite, "back-pressure", test_back_pressure);
    CU_add_test(suite, "cancel", test_cancel);
    CU_add_test(suite, "no memory", test_no_memory);
    CU_add_test(suite, "connect fails", test_connect_fails);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    tn_test_disconnect(conn);
    tn_cluster_unref(cluster);
    tn_test_env_free(&env);
    server_stop();
    return failures == 0 ? 0 : 1;
}

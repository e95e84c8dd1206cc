#include "net/http_conn.h"

#include "base/alloc.h"

#include <assert.h>

static void refuse_connection(int fd)
{
    static const char   answer[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 21\r\nContent-Type: text/plain\r\n"
                                   "Connection: close\r\n\r\ntoo many connections\n";
    struct tn_transport transport;
    size_t              n;

    tn_transport_init(&transport, fd);
    (void)tn_transport_write(&transport, answer, sizeof answer - 1, &n);
    tn_transport_close(&transport);
}

static void on_accept(struct tn_worker *worker, int fd, const char *peer, void *arg)
{
    struct tn_http_server *server = arg;
    struct tn_http_worker *home = &server->workers[worker->index];

    assert(worker->index < server->count);
    if (home->stopping || tn_http_server_connections(server) >= server->conf.max_connections)
        refuse_connection(fd);
    else
        tn_http_conn_open(home, fd, peer);
}

static void wind_up(struct tn_http_conn *conn)
{
    if (conn->state == TN_HTTP_CONN_GAP && conn->pending.len == 0)
        tn_http_conn_close(conn);
}

static void on_stop(struct tn_message *message, struct tn_worker *worker)
{
    struct tn_http_worker *home = TN_CONTAINER_OF(message, struct tn_http_worker, stop);

    (void)worker;
    home->stopping = true;
    TN_LIST_FOR_EACH_SAFE(node, &home->conns)
        wind_up(TN_CONTAINER_OF(node, struct tn_http_conn, node));
}

static void fill_defaults(struct tn_http_conf *conf)
{
    conf->body_max = conf->body_max != 0 ? conf->body_max : (size_t)1 << 20;
    conf->max_connections = conf->max_connections != 0 ? conf->max_connections : 10000;
    conf->idle_ms = conf->idle_ms != 0 ? conf->idle_ms : 60000;
    conf->head_ms = conf->head_ms != 0 ? conf->head_ms : 10000;
    conf->body_ms = conf->body_ms != 0 ? conf->body_ms : 60000;
    conf->write_ms = conf->write_ms != 0 ? conf->write_ms : 60000;
}

static enum tn_status open_workers(struct tn_http_server *server, struct tn_worker **workers, size_t count,
                                   struct tn_error *err)
{
    server->workers = tn_calloc(count, sizeof *server->workers);
    if (server->workers == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "http: no memory");
    for (size_t i = 0; i < count; i++) {
        struct tn_http_worker *home = &server->workers[i];

        assert(workers[i]->index == i);
        home->server = server;
        home->worker = workers[i];
        home->stop.run = on_stop;
        tn_list_init(&home->conns);
        server->count = i + 1;
        home->scratch = tn_malloc(TN_HTTP_READ_SIZE);
        if (home->scratch == NULL)
            return tn_fail(err, TN_E_NOMEM, "53200", "http: no memory");
    }
    return tn_listener_open(&server->listener, workers, count, server->conf.host, server->conf.port, on_accept, server,
                            err);
}

enum tn_status tn_http_server_open(struct tn_http_server **out, struct tn_worker **workers, size_t count,
                                   const struct tn_http_conf *conf, struct tn_error *err)
{
    struct tn_http_server *server = tn_calloc(1, sizeof *server);
    enum tn_status         status;

    *out = NULL;
    if (server == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "http: no memory");
    server->conf = *conf;
    fill_defaults(&server->conf);
    status = open_workers(server, workers, count, err);
    if (status != TN_OK) {
        tn_http_server_close(server);
        return status;
    }
    server->conf.host = NULL; /* the caller's, not kept */
    *out = server;
    return TN_OK;
}

uint16_t tn_http_server_port(const struct tn_http_server *server)
{
    return tn_listener_port(server->listener);
}

unsigned tn_http_server_connections(const struct tn_http_server *server)
{
    return atomic_load_explicit(&server->connections, memory_order_relaxed);
}

void tn_http_server_stop(struct tn_http_server *server)
{
    tn_listener_stop(server->listener);
    for (size_t i = 0; i < server->count; i++)
        tn_worker_post(server->workers[i].worker, &server->workers[i].stop);
}

void tn_http_server_close(struct tn_http_server *server)
{
    if (server == NULL)
        return;
    tn_listener_close(server->listener);
    for (size_t i = 0; i < server->count; i++) {
        struct tn_http_worker *home = &server->workers[i];

        TN_LIST_FOR_EACH_SAFE(node, &home->conns)
            tn_http_conn_close(TN_CONTAINER_OF(node, struct tn_http_conn, node));
        tn_free(home->scratch);
    }
    tn_free(server->workers);
    tn_free(server);
}

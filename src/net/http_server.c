#include "net/http_conn.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"

#include <assert.h>

/* For those who would be too many to be told properly. */
static void close_at_once(int fd)
{
    static const char   answer[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 21\r\nContent-Type: text/plain\r\n"
                                   "Connection: close\r\n\r\ntoo many connections\n";
    struct tn_transport transport;
    size_t              n;

    tn_transport_init(&transport, fd);
    (void)tn_transport_write(&transport, answer, sizeof answer - 1, &n);
    tn_transport_close(&transport);
}

static const struct tn_http_limits *limits_of(const struct tn_http_worker *home)
{
    const struct tn_http_conf *conf = &home->server->conf;

    return conf->limits_now == NULL ? &conf->limits : conf->limits_now(home->worker, conf->handler.arg);
}

/* ---- counting ---- */

/* Counts one more. NULL: fine; else the option whose limit it is beyond. */
static const char *count(struct tn_http_worker *home, const char *peer)
{
    const struct tn_http_limits *limits = limits_of(home);
    enum tn_place                place = tn_places_take(&home->server->places, peer, limits->max_connections, limits->max_per_address);

    return place == TN_PLACE_FREE ? NULL : tn_place_option(place);
}

static void leave_user(struct tn_http_conn *conn)
{
    if (conn->user.len == 0)
        return;
    tn_places_give_back_user(&conn->home->server->places, conn->user);
    tn_free((void *)(uintptr_t)conn->user.ptr);
    conn->user = tn_str_n(NULL, 0);
}

void tn_http_server_uncount(struct tn_http_conn *conn)
{
    if (conn->refused != NULL)
        conn->home->refused--;
    else
        tn_places_give_back(&conn->home->server->places, conn->peer);
    leave_user(conn);
}

bool tn_http_take_user(struct tn_http_exchange *x, struct tn_str user)
{
    struct tn_http_conn         *conn = tn_http_conn_of(x);
    const struct tn_http_limits *limits = tn_http_conn_limits(conn);
    char                        *name;

    if (user.len == 0 || tn_str_eq(user, conn->user))
        return true;
    name = tn_strndup(user.ptr, user.len);
    if (name != NULL && tn_places_take_user(&conn->home->server->places, user, limits->max_per_user)) {
        leave_user(conn);
        conn->user = tn_str_n(name, user.len);
        return true;
    }
    tn_free(name);
    conn->close_after = true;
    tn_http_set_field(x, "Retry-After", "1");
    tn_http_problem(x, 429, "too many connections of user %.*s (%s%smaxConnectionsPerUser)", (int)TN_MIN(user.len, (size_t)100), user.ptr,
                    limits->path != NULL ? limits->path : "", limits->path != NULL ? "." : "");
    return false;
}

/* In the log, but not so often that it is a burden of its own. */
static void note_refusal(struct tn_http_worker *home, const char *peer, const char *why)
{
    enum { EVERY_US = 1000000 };
    const struct tn_http_conf *conf = &home->server->conf;
    const char                *path = limits_of(home)->path;
    uint64_t                   now = tn_clock_us();

    if (conf->refused != NULL)
        conf->refused(home->worker, conf->handler.arg);
    home->refusals++;
    if (home->refusal_logged_us != 0 && now - home->refusal_logged_us < EVERY_US)
        return;
    tn_log(TN_LOG_WARN, "connection refused", TN_LOG_TEXT("listener", path != NULL ? path : "http"), TN_LOG_TEXT("peer", peer),
           TN_LOG_TEXT("limit", why), TN_LOG_U64("since_last", home->refusals));
    home->refusal_logged_us = now;
    home->refusals = 0;
}

static void on_accept(struct tn_worker *worker, int fd, const char *peer, void *arg)
{
    struct tn_http_server *server = arg;
    struct tn_http_worker *home = &server->workers[worker->index];
    struct tn_http_conn   *conn;
    const char            *refused;

    assert(worker->index < server->count);
    refused = home->stopping ? "stopping" : count(home, peer);
    if (refused != NULL && !home->stopping)
        note_refusal(home, peer, refused);
    if (home->stopping || (refused != NULL && home->refused >= TN_HTTP_REFUSED_MAX)) {
        close_at_once(fd);
        return;
    }
    conn = tn_http_conn_open(home, fd, peer);
    if (conn == NULL && refused == NULL)
        tn_places_give_back(&server->places, peer);
    if (conn == NULL || refused == NULL)
        return;
    home->refused++;
    conn->refused = refused;
    conn->refused_status = strcmp(refused, "maxConnections") == 0 ? 503 : 429;
    tn_http_conn_restart_time(conn);
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

static void fill_defaults(struct tn_http_limits *limits)
{
    limits->max_connections = limits->max_connections != 0 ? limits->max_connections : 10000;
    limits->head_max = limits->head_max != 0 ? limits->head_max : TN_HTTP_HEAD_MAX;
    limits->body_max = limits->body_max != 0 ? limits->body_max : (size_t)1 << 20;
    limits->idle_ms = limits->idle_ms != 0 ? limits->idle_ms : 60000;
    limits->head_ms = limits->head_ms != 0 ? limits->head_ms : 10000;
    limits->body_ms = limits->body_ms != 0 ? limits->body_ms : 60000;
    limits->write_ms = limits->write_ms != 0 ? limits->write_ms : 60000;
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
    fill_defaults(&server->conf.limits);
    if (!tn_places_init(&server->places))
        status = tn_fail(err, TN_E_NOMEM, "53200", "http: no memory");
    else
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
    return tn_places_taken(&server->places);
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
    tn_places_reset(&server->places);
    tn_free(server->workers);
    tn_free(server);
}

/* HTTPS on the same port as HTTP: the first byte tells. */
#include "net/http_conn.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/tls.h"

bool tn_http_conn_secure(struct tn_http_conn *conn)
{
    const struct tn_http_conf *conf = &conn->home->server->conf;
    struct tn_tls             *tls = conf->tls == NULL ? NULL : conf->tls(conn->home->worker, conf->handler.arg);
    enum tn_tls_look           look = tls == NULL ? TN_TLS_LOOK_PLAIN : tn_tls_look(&conn->transport);

    if (look == TN_TLS_LOOK_NOTHING)
        return false;
    conn->looked = true;
    conn->tls_missing = look == TN_TLS_LOOK_PLAIN && tn_tls_is_required(tls);
    if (look == TN_TLS_LOOK_PLAIN)
        return true;
    conn->deadline_us = tn_clock_us() + (uint64_t)tn_http_conn_limits(conn)->head_ms * 1000; /* the handshake has as long as a head */
    if (tn_tls_accept(&conn->transport, tls))
        return true;
    tn_http_conn_close(conn);
    return false;
}

/* ---- many at once ---- */

enum { HANDSHAKES_PER_TURN = 3 };

static void start_next(struct tn_http_worker *home)
{
    if (ev_is_active(&home->next))
        return;
    ev_timer_set(&home->next, 0., 0.);
    ev_timer_start(home->worker->loop, &home->next);
}

bool tn_http_conn_waits(struct tn_http_conn *conn)
{
    struct tn_http_worker *home = conn->home;
    struct ev_loop        *loop = home->worker->loop;

    if (!tn_tls_is_beginning(&conn->transport))
        return false;
    if (home->turn != ev_iteration(loop)) {
        home->turn = ev_iteration(loop);
        home->handshakes = 0;
    }
    if (home->handshakes < HANDSHAKES_PER_TURN) {
        home->handshakes++;
        return false;
    }
    ev_io_stop(loop, &conn->readable);
    conn->waiting = true;
    tn_list_append(&home->waiting, &conn->wait_node);
    start_next(home);
    return true;
}

void tn_http_conn_wait_no_more(struct tn_http_conn *conn)
{
    if (conn->waiting)
        tn_list_remove(&conn->wait_node);
    conn->waiting = false;
}

/* Its share is its own, so that those who come do not keep out those who wait. */
static void on_next(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_http_worker *home = timer->data;

    (void)revents;
    home->turn = ev_iteration(loop);
    home->handshakes = 0;
    for (unsigned i = 0; i < HANDSHAKES_PER_TURN && !tn_list_empty(&home->waiting); i++) {
        struct tn_http_conn *conn = TN_CONTAINER_OF(tn_list_first(&home->waiting), struct tn_http_conn, wait_node);

        tn_http_conn_wait_no_more(conn);
        tn_http_conn_read(conn);
    }
    if (!tn_list_empty(&home->waiting))
        start_next(home);
}

void tn_http_worker_init_tls(struct tn_http_worker *home)
{
    tn_list_init(&home->waiting);
    ev_timer_init(&home->next, on_next, 0., 0.);
    home->next.data = home;
}

void tn_http_conn_log_tls(const struct tn_http_conn *conn)
{
    const char *why = tn_tls_why(&conn->transport), *path = tn_http_conn_limits(conn)->path;

    if (why != NULL)
        tn_log(TN_LOG_INFO, "TLS failed", TN_LOG_TEXT("listener", path != NULL ? path : "http"), TN_LOG_TEXT("peer", conn->peer), TN_LOG_TEXT("why", why));
}

bool tn_http_is_secure(const struct tn_http_exchange *x)
{
    const struct tn_http_conn *conn = tn_http_conn_of((struct tn_http_exchange *)(uintptr_t)x);

    return tn_tls_is_on(&conn->transport);
}

struct tn_str tn_http_certified(struct tn_http_exchange *x)
{
    char   name[TN_TLS_NAME_MAX];
    size_t len = tn_tls_peer_name(&tn_http_conn_of(x)->transport, name);
    char  *copy = len == 0 ? NULL : tn_arena_strdup(&x->arena, tn_str_n(name, len));

    return copy == NULL ? tn_str_n(NULL, 0) : tn_str_n(copy, len);
}

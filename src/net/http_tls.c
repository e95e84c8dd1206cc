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

/* A handshake takes the loop for some tenths of a millisecond. */
bool tn_http_conn_waits(struct tn_http_conn *conn)
{
    if (!tn_tls_is_beginning(&conn->transport) || !tn_turns_wait(&conn->home->worker->turns, &conn->turn))
        return false;
    ev_io_stop(conn->home->worker->loop, &conn->readable);
    return true;
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

struct tn_str tn_http_certified(struct tn_http_exchange *x, struct tn_str claimed)
{
    const struct tn_transport *transport = &tn_http_conn_of(x)->transport;
    char                       name[TN_TLS_NAME_MAX];
    struct tn_str              found = claimed;
    char                      *copy;

    if (claimed.len == 0 || !tn_tls_names(transport, claimed))
        found = tn_str_n(name, tn_tls_peer_name(transport, name));
    copy = found.len == 0 ? NULL : tn_arena_strdup(&x->arena, found);
    return copy == NULL ? tn_str_n(NULL, 0) : tn_str_n(copy, found.len);
}

/* trino_fetch.h - one request to a cluster's coordinator that belongs to no run: the link of a query that was begun before this
 * program was, the end of one of a query's stages, a segment of a spooled result. It goes on a connection of the worker's pool. Nothing is asked again:
 * who asked may. */
#ifndef TN_ENGINE_TRINO_FETCH_H
#define TN_ENGINE_TRINO_FETCH_H

#include "engine/cluster.h"
#include "engine/engine.h"
#include "net/http_client.h"

struct tn_trino_fetch;

struct tn_trino_fetch_request {
    struct tn_cluster          *cluster; /* of engine trino */
    enum tn_http_client_method  method;
    struct tn_str               path;    /* at the coordinator: "/v1/.."; what came from elsewhere is checked */
    size_t                      header_count;
    const struct tn_run_header *headers; /* log-in headers go on to a cluster of type passThrough only; others always */
    /* Some of the body has come, and is not its end: it may be taken, and the fetch be paused or stopped. NULL: the body is wanted whole, and is
     * bounded. */
    void (*part)(struct tn_http_call *call, void *owner);
};

/* HEADERS: a struct tn_relay.headers. ANSWER's body may be taken. The fetch is gone when this returns. */
typedef void tn_trino_fetched(struct tn_http_client_answer *answer, const struct tn_buf *headers, void *owner);

/* Own worker's thread. DONE comes later, never from inside. TN_E_INVALID: the path leads nowhere. */
TN_MUST_USE enum tn_status tn_trino_fetch_start(struct tn_trino_fetch **out, struct tn_worker *worker,
                                                const struct tn_trino_fetch_request *request, tn_trino_fetched *done, void *owner,
                                                struct tn_error *err);
struct tn_str tn_trino_fetch_location(const struct tn_trino_fetch *fetch); /* in DONE: the answer's Location; empty: none */
struct tn_str tn_trino_fetch_challenge(const struct tn_trino_fetch *fetch); /* in DONE: the answer's WWW-Authenticate; empty: none */
bool tn_trino_fetch_is_login(const char *name); /* a header that goes on to a cluster of type passThrough only */
const struct tn_buf *tn_trino_fetch_headers(const struct tn_trino_fetch *fetch); /* as in DONE, when the body has begun */
struct tn_http_call *tn_trino_fetch_call(struct tn_trino_fetch *fetch); /* to resume it; NULL: it waits for a connection */
void tn_trino_fetch_stop(struct tn_trino_fetch *fetch); /* without done */

#endif

#include "engine/trino/trino_fetch.h"

#include "base/alloc.h"
#include "engine/trino/trino_conn.h"
#include "engine/trino/trino_relay.h"

enum { HEADERS_MAX = 1024 * 1024, LOCATION_MAX = 16 * 1024 };

struct tn_trino_fetch {
    struct tn_grave        grave;
    struct tn_worker      *worker;
    struct tn_cluster     *cluster; /* counted */
    struct tn_http_client *http;
    struct tn_http_call   *call;
    struct tn_buf          url, headers, location;
    tn_trino_fetched      *done;    /* NULL: stopped */
    void                  *owner;
};

static void free_fetch(struct tn_trino_fetch *fetch)
{
    tn_http_call_free(fetch->call);
    tn_http_client_free(fetch->http);
    tn_buf_reset(&fetch->url);
    tn_buf_reset(&fetch->headers);
    tn_buf_reset(&fetch->location);
    tn_cluster_unref(fetch->cluster);
    tn_free(fetch);
}

static void on_grave(struct tn_grave *grave)
{
    free_fetch(TN_CONTAINER_OF(grave, struct tn_trino_fetch, grave));
}

void tn_trino_fetch_stop(struct tn_trino_fetch *fetch)
{
    if (fetch->done == NULL)
        return;
    fetch->done = NULL;
    tn_http_call_abort(fetch->call);
    tn_worker_bury(fetch->worker, &fetch->grave, on_grave);
}

static void on_header(struct tn_http_call *call, struct tn_str name, struct tn_str value, void *owner)
{
    struct tn_trino_fetch *fetch = owner;

    (void)call;
    tn_trino_relay_header(&fetch->headers, name, value);
    if (!tn_str_ieq_c(name, "location"))
        return;
    tn_buf_clear(&fetch->location); /* of several the last */
    tn_buf_put_str(&fetch->location, value);
}

struct tn_str tn_trino_fetch_location(const struct tn_trino_fetch *fetch)
{
    return fetch->location.failed ? tn_str_n(NULL, 0) : tn_buf_str(&fetch->location);
}

static void on_done(struct tn_http_call *call, struct tn_http_client_answer *answer, void *owner)
{
    struct tn_trino_fetch *fetch = owner;
    tn_trino_fetched      *done = fetch->done;

    (void)call;
    if (done == NULL)
        return;
    fetch->done = NULL;
    done(answer, &fetch->headers, fetch->owner);
    tn_worker_bury(fetch->worker, &fetch->grave, on_grave);
}

static const struct tn_http_client_events events = {.header = on_header, .done = on_done};

bool tn_trino_fetch_is_login(const char *name)
{
    return strcmp(name, "authorization") == 0 || strcmp(name, "x-trino-user") == 0 || strcmp(name, "x-trino-original-user") == 0;
}

static bool put_headers(struct tn_trino_fetch *fetch, const struct tn_trino_fetch_request *request)
{
    const struct tn_trino_cluster *engine = fetch->cluster->engine;
    bool                           ok = tn_http_call_header(fetch->call, "User-Agent", TN_STR("Turnout/" TN_VERSION));

    tn_http_call_gzip(fetch->call, false);
    for (size_t i = 0; ok && i < request->header_count; i++)
        if (strcmp(request->headers[i].name, "accept-encoding") == 0)
            tn_http_call_gzip(fetch->call, !engine->http.uncoded); /* its client takes it, too */
        else if (engine->pass_through || !tn_trino_fetch_is_login(request->headers[i].name))
            ok = tn_http_call_header(fetch->call, request->headers[i].name, request->headers[i].value);
    if (ok && !engine->pass_through && engine->user != NULL)
        ok = tn_http_call_header(fetch->call, "X-Trino-User", tn_str(engine->user));
    if (ok && !engine->pass_through && engine->authorization != NULL)
        ok = tn_http_call_header(fetch->call, "Authorization", tn_str(engine->authorization));
    return ok;
}

static enum tn_status start(struct tn_trino_fetch *fetch, const struct tn_trino_fetch_request *request, struct tn_error *err)
{
    const struct tn_trino_cluster *engine = fetch->cluster->engine;

    if (!tn_trino_url(engine, request->path, &fetch->url))
        return tn_fail(err, TN_E_INVALID, "08P01", "the link leads nowhere");
    TN_TRY(tn_trino_http_new(&fetch->http, fetch->cluster, fetch->worker, err));
    fetch->call = tn_http_call_new(fetch->http, &events, fetch);
    if (fetch->call == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a request");
    (void)put_headers(fetch, request); /* what was refused is told by the start */
    return tn_http_call_start(fetch->call, request->method, fetch->url.data, tn_str(NULL), TN_TRINO_REQUEST_US, err);
}

enum tn_status tn_trino_fetch_start(struct tn_trino_fetch **out, struct tn_worker *worker, const struct tn_trino_fetch_request *request,
                                    tn_trino_fetched *done, void *owner, struct tn_error *err)
{
    struct tn_trino_fetch *fetch = tn_calloc(1, sizeof *fetch);
    enum tn_status         status;

    *out = NULL;
    if (fetch == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a request");
    tn_list_init(&fetch->grave.node);
    tn_buf_init(&fetch->url, 64 * 1024);
    tn_buf_init(&fetch->headers, HEADERS_MAX);
    tn_buf_init(&fetch->location, LOCATION_MAX);
    fetch->worker = worker;
    fetch->cluster = tn_cluster_ref(request->cluster);
    fetch->done = done;
    fetch->owner = owner;
    status = start(fetch, request, err);
    if (status != TN_OK)
        free_fetch(fetch);
    else
        *out = fetch;
    return status;
}

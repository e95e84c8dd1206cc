#include "engine/trino/trino_fetch.h"

#include "base/alloc.h"
#include "engine/pool.h"
#include "engine/trino/trino_conn.h"
#include "engine/trino/trino_relay.h"

enum { HEADERS_MAX = 1024 * 1024, LOCATION_MAX = 16 * 1024, ASKED_MAX = 1024 * 1024 };

struct tn_trino_fetch {
    struct tn_grave            grave;
    struct tn_worker          *worker;
    struct tn_cluster         *cluster; /* counted */
    struct tn_pool_wait        wait;    /* for a connection of the worker's pool */
    bool                       waiting;
    bool                       clean;   /* nothing is under way on its connection */
    struct tn_conn            *conn;    /* NULL: none yet. IDLE: what it has in common with those of runs is its way to the server */
    struct tn_http_call       *call;
    enum tn_http_client_method method;
    struct tn_arena            arena;   /* of what is asked with */
    size_t                     asked_count;
    struct tn_run_header      *asked;
    struct tn_buf              url, headers, location;
    char                       challenge[TN_TRINO_CHALLENGE_SIZE];
    tn_trino_fetched          *done;    /* NULL: stopped */
    void (*part)(struct tn_http_call *call, void *owner);
    void                      *owner;
};

static void free_fetch(struct tn_trino_fetch *fetch)
{
    tn_http_call_free(fetch->call);
    if (fetch->conn != NULL && fetch->clean)
        tn_pool_release(fetch->wait.pool, fetch->conn);
    else if (fetch->conn != NULL)
        fetch->conn->cluster->ops->disconnect(fetch->conn);
    tn_arena_reset(&fetch->arena);
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
    if (fetch->waiting)
        tn_pool_abandon(&fetch->wait);
    fetch->waiting = false;
    if (fetch->call != NULL)
        tn_http_call_abort(fetch->call);
    tn_worker_bury(fetch->worker, &fetch->grave, on_grave);
}

static void on_header(struct tn_http_call *call, struct tn_str name, struct tn_str value, void *owner)
{
    struct tn_trino_fetch *fetch = owner;

    (void)call;
    tn_trino_relay_header(&fetch->headers, name, value);
    if (tn_str_ieq_c(name, "www-authenticate"))
        tn_trino_relay_challenge(fetch->challenge, sizeof fetch->challenge, value);
    if (!tn_str_ieq_c(name, "location"))
        return;
    tn_buf_clear(&fetch->location); /* of several the last */
    tn_buf_put_str(&fetch->location, value);
}

struct tn_str tn_trino_fetch_location(const struct tn_trino_fetch *fetch)
{
    return fetch->location.failed ? tn_str_n(NULL, 0) : tn_buf_str(&fetch->location);
}

struct tn_str tn_trino_fetch_challenge(const struct tn_trino_fetch *fetch)
{
    return tn_str(fetch->challenge);
}

const struct tn_buf *tn_trino_fetch_headers(const struct tn_trino_fetch *fetch)
{
    return &fetch->headers;
}

static void on_done(struct tn_http_call *call, struct tn_http_client_answer *answer, void *owner)
{
    struct tn_trino_fetch *fetch = owner;
    tn_trino_fetched      *done = fetch->done;

    (void)call;
    if (done == NULL)
        return;
    fetch->done = NULL;
    fetch->clean = answer->status != 0 || fetch->clean;
    done(answer, &fetch->headers, fetch->owner);
    tn_worker_bury(fetch->worker, &fetch->grave, on_grave);
}

static void on_part(struct tn_http_call *call, void *owner)
{
    struct tn_trino_fetch *fetch = owner;

    fetch->part(call, fetch->owner);
}

static const struct tn_http_client_events whole_events = {.header = on_header, .done = on_done};
static const struct tn_http_client_events part_events = {.header = on_header, .part = on_part, .done = on_done};

struct tn_http_call *tn_trino_fetch_call(struct tn_trino_fetch *fetch)
{
    return fetch->call;
}

bool tn_trino_fetch_is_login(const char *name)
{
    return strcmp(name, "authorization") == 0 || strcmp(name, "x-trino-user") == 0 || strcmp(name, "x-trino-original-user") == 0;
}

static bool put_headers(struct tn_trino_fetch *fetch)
{
    const struct tn_trino_cluster *engine = fetch->cluster->engine;
    bool                           ok = tn_http_call_header(fetch->call, "User-Agent", TN_STR("Turnout/" TN_VERSION));

    tn_http_call_gzip(fetch->call, false);
    for (size_t i = 0; ok && i < fetch->asked_count; i++)
        if (strcmp(fetch->asked[i].name, "accept-encoding") == 0)
            tn_http_call_gzip(fetch->call, !engine->http.uncoded); /* its client takes it, too */
        else if (engine->pass_through || !tn_trino_fetch_is_login(fetch->asked[i].name))
            ok = tn_http_call_header(fetch->call, fetch->asked[i].name, fetch->asked[i].value);
    if (ok && !engine->pass_through && engine->user != NULL)
        ok = tn_http_call_header(fetch->call, "X-Trino-User", tn_str(engine->user));
    if (ok && !engine->pass_through && engine->authorization != NULL)
        ok = tn_http_call_header(fetch->call, "Authorization", tn_str(engine->authorization));
    return ok;
}

static enum tn_status begin(struct tn_trino_fetch *fetch, struct tn_error *err)
{
    enum tn_status status;

    fetch->clean = true;
    fetch->call = tn_http_call_new(tn_trino_conn(fetch->conn)->http, fetch->part != NULL ? &part_events : &whole_events, fetch);
    if (fetch->call == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a request");
    (void)put_headers(fetch); /* what was refused is told by the start */
    status = tn_http_call_start(fetch->call, fetch->method, fetch->url.data, tn_str(NULL), TN_TRINO_REQUEST_US, err);
    fetch->clean = status != TN_OK;
    return status;
}

/* A cluster that no connection can be made to is one that cannot be asked now. */
static void on_ready(struct tn_pool_wait *wait, struct tn_conn *conn, const struct tn_error *err)
{
    struct tn_trino_fetch       *fetch = wait->owner;
    struct tn_buf                none;
    struct tn_http_client_answer answer = {.body = &none, .unsent = true, .error = TN_ERROR_INIT};

    fetch->waiting = false;
    fetch->conn = conn;
    if (conn == NULL)
        tn_fail(&answer.error, TN_E_CONNECTION, err->sqlstate, "%s", err->message);
    else if (begin(fetch, &answer.error) == TN_OK)
        return;
    tn_buf_init(&none, 1);
    on_done(fetch->call, &answer, fetch);
    tn_error_reset(&answer.error);
}

/* What is asked may be gone when there is a connection to ask it on. */
static bool keep(struct tn_trino_fetch *fetch, const struct tn_trino_fetch_request *request)
{
    fetch->method = request->method;
    fetch->part = request->part;
    fetch->asked = tn_arena_alloc(&fetch->arena, (request->header_count + 1) * sizeof *fetch->asked);
    for (size_t i = 0; fetch->asked != NULL && i < request->header_count; i++) {
        struct tn_run_header *to = &fetch->asked[fetch->asked_count++];

        to->name = tn_arena_strdup(&fetch->arena, tn_str(request->headers[i].name));
        if (to->name == NULL || !tn_arena_str(&fetch->arena, request->headers[i].value, &to->value))
            return false;
    }
    return fetch->asked != NULL;
}

static enum tn_status start(struct tn_trino_fetch *fetch, const struct tn_trino_fetch_request *request, struct tn_error *err)
{
    if (!tn_trino_url(fetch->cluster->engine, request->path, &fetch->url))
        return tn_fail(err, TN_E_INVALID, "08P01", "the link leads nowhere");
    if (!keep(fetch, request))
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a request");
    fetch->wait.ready = on_ready;
    fetch->wait.owner = fetch;
    fetch->conn = tn_pool_acquire(fetch->worker->module[TN_WORKER_POOLS], fetch->cluster, 0, &fetch->wait);
    if (fetch->conn != NULL)
        return begin(fetch, err);
    fetch->waiting = true;
    return TN_OK;
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
    tn_arena_init(&fetch->arena, ASKED_MAX);
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

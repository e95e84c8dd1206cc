#include "rest/private.h"

#include "base/alloc.h"
#include "base/log.h"
#include "net/http_origin.h"

struct endpoint {
    struct tn_http_endpoint at;
    tn_rest_endpoint       *run;
    enum { BODY_NONE, BODY_QUERY } body;
};

static const struct endpoint endpoints[] = {
#define ENDPOINT(method, path, function, body, params, answer, summary) {{TN_HTTP_METHOD_##method, path, params}, tn_rest_##function, BODY_##body},
#include "rest/rest_endpoints.def"
#undef ENDPOINT
};

static const struct endpoint *find(const struct tn_http_exchange *x, char allow[TN_HTTP_ALLOW])
{
    return tn_http_endpoint_find(endpoints, TN_ARRAY_LEN(endpoints), sizeof endpoints[0], x, allow);
}

/* ---- what is refused ---- */

static bool is_json(const struct tn_http_exchange *x)
{
    const struct tn_http_field *type = tn_http_field(x, "content-type");
    const char                 *end;
    struct tn_str               name;

    if (type == NULL)
        return false;
    end = memchr(type->value.ptr, ';', type->value.len);
    name = tn_str_trim(end == NULL ? type->value : tn_str_n(type->value.ptr, (size_t)(end - type->value.ptr)));
    return tn_str_ieq_c(name, "application/json");
}

static void on_head(struct tn_http_exchange *x, void *arg)
{
    char                   allow[TN_HTTP_ALLOW];
    const struct endpoint *endpoint = find(x, allow);

    tn_count(&tn_runtime_of(x->worker)->counters, TN_COUNTER_http_requests, 1);
    if (endpoint == NULL)
        tn_http_endpoint_none(x, allow, "GET /openapi.json describes them");
    else if (tn_http_is_cross_site(x))
        tn_http_problem(x, 403, "requests from pages of other sites are refused");
    else if (endpoint->body == BODY_QUERY && !is_json(x))
        tn_http_problem(x, 415, "the body must be JSON: Content-Type: application/json");
    else if (endpoint->run != tn_rest_openapi) /* it tells nothing of anybody */
        tn_rest_login_begin(arg, x);
}

static void on_request(struct tn_http_exchange *x, void *arg)
{
    struct tn_rest_args    args;
    char                   allow[TN_HTTP_ALLOW], id[TN_REST_ID];
    const struct endpoint *endpoint = find(x, allow);

    if (endpoint == NULL) {
        tn_http_endpoint_none(x, allow, "GET /openapi.json describes them");
        return;
    }
    if (endpoint->run != tn_rest_openapi && !tn_rest_login_end(arg, x, &args.caller))
        return;
    tn_http_set_field(x, "X-Content-Type-Options", "nosniff");
    if (!tn_http_args_read(x, &endpoint->at, &args.query))
        return;
    if (args.query.capture.ptr != NULL && !tn_rest_id_read(args.query.capture, id)) {
        tn_http_problem(x, 404, "there is no query `%.64s`: an id is a UUID", args.query.capture.ptr);
        return;
    }
    if (args.query.capture.ptr != NULL)
        args.query.capture = tn_str(id);
    endpoint->run(arg, x, &args);
}

/* ---- life ---- */

static struct tn_tls *tls_of(struct tn_worker *worker, void *arg)
{
    (void)arg;
    return tn_runtime_of(worker)->snapshot->security.tls[TN_LISTENER_REST_HTTP];
}

static const struct tn_http_limits *limits_now(struct tn_worker *worker, void *arg)
{
    (void)arg;
    return &tn_runtime_of(worker)->snapshot->security.http[TN_LISTENER_REST_HTTP];
}

static void on_refused(struct tn_worker *worker, void *arg)
{
    (void)arg;
    tn_count(&tn_runtime_of(worker)->counters, TN_COUNTER_http_connections_refused, 1);
}

static enum tn_status open_http(struct tn_rest *rest, struct tn_error *err)
{
    const struct tn_settings *settings = &rest->config->settings;
    struct tn_http_conf       conf = {.host = settings->rest_host.ptr,
                                      .port = (uint16_t)settings->rest_port,
                                      .handler = {.head = on_head, .request = on_request, .arg = rest},
                                      .tls = tls_of,
                                      .limits_now = limits_now,
                                      .refused = on_refused};

    rest->worker_count = rest->server->worker_count;
    rest->workers = tn_calloc(rest->worker_count, sizeof *rest->workers);
    if (rest->workers == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "restHttp: no memory");
    for (size_t i = 0; i < rest->worker_count; i++) {
        tn_map_init(&rest->workers[i].jobs);
        tn_list_init(&rest->workers[i].list);
        tn_list_init(&rest->workers[i].rounds);
    }
    return tn_http_server_open(&rest->http, rest->server->workers, rest->worker_count, &conf, err);
}

enum tn_status tn_rest_open(struct tn_rest **out, struct tn_server *server, struct tn_error *err)
{
    struct tn_snapshot *snapshot = tn_server_snapshot(server);
    struct tn_config   *config = tn_config_ref(snapshot->config);
    struct tn_rest     *rest = NULL;
    enum tn_status      status = TN_OK;

    *out = NULL;
    tn_snapshot_unref(snapshot);
    if (config->settings.rest_enabled && (rest = tn_calloc(1, sizeof *rest)) == NULL)
        status = tn_fail(err, TN_E_NOMEM, "53200", "restHttp: no memory");
    if (rest == NULL) {
        tn_config_unref(config);
        return status;
    }
    rest->server = server;
    rest->config = config;
    tn_rest_id_make(rest->boot, 0);
    tn_rest_spool_init(rest);
    status = open_http(rest, err);
    if (status != TN_OK) {
        tn_rest_close(rest);
        return status;
    }
    tn_spool_start(&rest->spool);
    tn_log(TN_LOG_INFO, "listening", TN_LOG_TEXT("protocol", "restHttp"), TN_LOG_STR("host", config->settings.rest_host),
           TN_LOG_U64("port", tn_http_server_port(rest->http)));
    *out = rest;
    return TN_OK;
}

void tn_rest_stop(struct tn_rest *rest)
{
    if (rest != NULL)
        tn_http_server_stop(rest->http);
}

/* The workers have ended: what their queries still say is not for us. */
static void close_worker(struct tn_rest_worker *home)
{
    TN_LIST_FOR_EACH_SAFE(node, &home->rounds) {
        struct tn_rest_round *round = TN_CONTAINER_OF(node, struct tn_rest_round, node);

        tn_list_remove(node);
        round->free(round);
    }
    TN_LIST_FOR_EACH_SAFE(node, &home->list) {
        struct tn_rest_job *job = TN_CONTAINER_OF(node, struct tn_rest_job, node);

        if (job->ask != NULL)
            tn_ask_orphan(job->ask, TN_CANCEL_SHUTDOWN);
        job->ask = NULL;
        tn_rest_job_free(job);
    }
    tn_map_reset(&home->jobs);
}

void tn_rest_close(struct tn_rest *rest)
{
    if (rest == NULL)
        return;
    if (rest->http != NULL) {
        tn_http_server_close(rest->http); /* tells everybody that the client is gone */
        tn_server_settle(rest->server);   /* what the pool works at is ours */
    }
    tn_spool_close(&rest->spool);
    for (size_t i = 0; rest->workers != NULL && i < rest->worker_count; i++)
        close_worker(&rest->workers[i]);
    tn_free(rest->workers);
    tn_config_unref(rest->config);
    tn_free(rest);
}

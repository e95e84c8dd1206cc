#include "trino/coordinator.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "net/listener.h"
#include "trino/link.h"
#include "trino/list.h"
#include "trino/segments.h"

enum { WEB_ID = 64 };

/* Whose query is asked for behind the log-in; the form's value may be a whole link, coded. */
static void read_web_id(char id[WEB_ID], struct tn_str form)
{
    static const char path[] = "/ui/api/query/";
    struct tn_arena   arena;
    struct tn_str     text;
    const char       *at;
    size_t            len = 0;

    tn_arena_init(&arena, 0);
    if (tn_trino_decode(&arena, form, &text) && (at = memmem(text.ptr, text.len, path, sizeof path - 1)) != NULL)
        for (at += sizeof path - 1; len + 1 < WEB_ID && at < text.ptr + text.len && (*at == '_' || (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'z')); at++)
            id[len++] = *at;
    id[len] = '\0';
    tn_arena_reset(&arena);
}

/* The log-in of a Trino's web interface, with which suites of clients begin: where nobody has to say who he is it is passed. It leads to
 * a path here and nowhere else. */
static bool answer_web_login(struct tn_trino *trino, struct tn_http_exchange *x)
{
    char id[WEB_ID], location[WEB_ID + 16];

    if (x->method != TN_HTTP_METHOD_POST || !tn_str_eq_c(x->path, "/ui/login") || tn_auth_is_asked(trino->server->auth))
        return false;
    read_web_id(id, x->body);
    snprintf(location, sizeof location, "/ui/api/query/%s", id);
    tn_http_set_field(x, "Location", location);
    tn_http_reply(x, 303, "text/plain; charset=utf-8", TN_STR(""));
    return true;
}

/* ---- log-ins ---- */

static bool on_login(struct tn_http_exchange *x, struct tn_auth_answer *answer, void *arg)
{
    (void)arg;
    if (answer->identity != NULL) {
        tn_identity_unref(answer->identity); /* known from now on: src/trino/call.c finds it at once */
        return true;
    }
    tn_count(&tn_runtime_of(x->worker)->counters, TN_COUNTER_http_requests_denied, 1);
    tn_auth_refuse(x, answer);
    tn_http_reply(x, answer->http_status, "text/plain; charset=utf-8", tn_str(answer->error.message));
    return false;
}

/* Before the body: who comes with a password must have the right one. */
static void on_head(struct tn_http_exchange *x, void *arg)
{
    struct tn_trino            *trino = arg;
    const struct tn_http_field *field = tn_http_field(x, "authorization");
    struct tn_auth_request      request = {.listener = "trinoHttp", .peer = tn_str(x->peer)};

    if (field == NULL || !tn_auth_is_asked(trino->server->auth) ||
        !(x->method == TN_HTTP_METHOD_POST || tn_str_starts(x->path, TN_STR("/v1/query/")) || tn_trino_coordinator_has(x->path) ||
          (tn_str_starts(x->path, TN_STR("/v1/spooled/")) && !tn_str_starts(x->path, TN_STR("/v1/spooled/relay/")))))
        return;
    request.authorization = field->value;
    tn_auth_http_head(trino->server->auth, x, &request, on_login, trino);
}

static void on_request(struct tn_http_exchange *x, void *arg)
{
    struct tn_trino *trino = arg;

    if (tn_trino_coordinator_answer(trino, x) || answer_web_login(trino, x))
        return;
    if (atomic_load(&trino->server->state) == TN_SERVER_STOPPING && x->method == TN_HTTP_METHOD_POST) {
        tn_http_problem(x, 503, "the server is shutting down");
        return;
    }
    tn_trino_call_begin(trino, x);
}

static struct tn_tls *tls_of(struct tn_worker *worker, void *arg)
{
    (void)arg;
    return tn_runtime_of(worker)->snapshot->security.tls[TN_LISTENER_TRINO_HTTP];
}

static const struct tn_http_limits *limits_now(struct tn_worker *worker, void *arg)
{
    (void)arg;
    return &tn_runtime_of(worker)->snapshot->security.http[TN_LISTENER_TRINO_HTTP];
}

static void on_refused(struct tn_worker *worker, void *arg)
{
    (void)arg;
    tn_count(&tn_runtime_of(worker)->counters, TN_COUNTER_http_connections_refused, 1);
}

static enum tn_status open_http(struct tn_trino *trino, struct tn_error *err)
{
    const struct tn_settings *settings = &trino->config->settings;
    struct tn_http_conf       conf = {.host = settings->trino_host.ptr,
                                      .port = (uint16_t)settings->trino_port,
                                      .handler = {.head = on_head, .request = on_request, .arg = trino},
                                      .tls = tls_of,
                                      .limits_now = limits_now,
                                      .refused = on_refused};

    trino->worker_count = trino->server->worker_count;
    trino->homes = tn_calloc(trino->worker_count, sizeof *trino->homes);
    if (trino->homes == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "frontends.trinoHttp: no memory");
    for (size_t i = 0; i < trino->worker_count; i++) {
        tn_trino_home_init(&trino->homes[i], trino, trino->server->workers[i]);
        TN_TRY(tn_trino_link_arm(&trino->homes[i], err));
    }
    return tn_http_server_open(&trino->http, trino->server->workers, trino->worker_count, &conf, err);
}

static void make_suffix(char suffix[4])
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    uint8_t           random[3];

    tn_rand_secret(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        suffix[i] = letters[random[i] % 32];
    suffix[3] = '\0';
}

enum tn_status tn_trino_http_open(struct tn_trino **out, struct tn_server *server, struct tn_error *err)
{
    struct tn_snapshot *snapshot = tn_server_snapshot(server);
    struct tn_config   *config = tn_config_ref(snapshot->config);
    struct tn_trino    *trino;
    enum tn_status      status;

    *out = NULL;
    tn_snapshot_unref(snapshot);
    trino = config->settings.trino_enabled ? tn_calloc(1, sizeof *trino) : NULL;
    if (trino == NULL) {
        status = config->settings.trino_enabled ? tn_fail(err, TN_E_NOMEM, "53200", "frontends.trinoHttp: no memory") : TN_OK;
        tn_config_unref(config);
        return status;
    }
    trino->server = server;
    server->list_trino = tn_trino_sessions_each;
    trino->config = config;
    make_suffix(trino->suffix);
    tn_trino_segments_open(trino);
    status = tn_trino_link_key(trino, err);
    if (status == TN_OK)
        status = open_http(trino, err);
    if (status != TN_OK) {
        tn_trino_http_close(trino);
        return status;
    }
    tn_spool_start(&trino->spool);
    tn_log(TN_LOG_INFO, "listening", TN_LOG_TEXT("protocol", "trinoHttp"), TN_LOG_STR("host", config->settings.trino_host),
           TN_LOG_U64("port", tn_http_server_port(trino->http)));
    *out = trino;
    return TN_OK;
}

void tn_trino_http_stop(struct tn_trino *trino)
{
    if (trino != NULL)
        tn_http_server_stop(trino->http);
}

void tn_trino_http_close(struct tn_trino *trino)
{
    if (trino == NULL)
        return;
    tn_http_server_close(trino->http);
    if (trino->homes != NULL)
        tn_server_settle(trino->server); /* requests that were between two workers, or in the pool */
    for (size_t i = 0; trino->homes != NULL && i < trino->worker_count; i++)
        tn_trino_home_free(&trino->homes[i]);
    if (trino->homes != NULL)
        tn_server_settle(trino->server); /* and their answers */
    for (size_t i = 0; trino->homes != NULL && i < trino->worker_count; i++)
        tn_spares_free(&trino->homes[i].calls);
    tn_spool_close(&trino->spool);
    tn_free(trino->homes);
    tn_config_unref(trino->config);
    tn_free(trino);
}

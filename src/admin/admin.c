#include "admin/endpoint.h"

#include "base/alloc.h"
#include "base/log.h"
#include "net/http_origin.h"
#include "net/http_text.h"
#include "net/listener.h"

struct endpoint {
    struct tn_http_endpoint at;
    enum { PUBLIC, PRIVATE } access;
    tn_admin_endpoint      *run;
    const char             *help;
};

static const struct endpoint endpoints[] = {
#define ENDPOINT(method, path, function, access, params, help)                                                        \
    {{TN_HTTP_METHOD_##method, path, params}, access, tn_admin_##function, help},
#include "admin/endpoints.def"
#undef ENDPOINT
};

static const struct endpoint *find(const struct tn_http_exchange *x, char allow[TN_HTTP_ALLOW])
{
    return tn_http_endpoint_find(endpoints, TN_ARRAY_LEN(endpoints), sizeof endpoints[0], x, allow);
}

/* ---- who may ---- */

/* Is a log-in needed here? Where the file names an administrator, or there is a user who is one. */
static bool is_asked(struct tn_admin *admin)
{
    return admin->config->settings.admin_username.len > 0 || tn_auth_admin_is_asked(admin->server->auth);
}

static bool on_login(struct tn_http_exchange *x, struct tn_auth_answer *answer, void *arg)
{
    bool may = answer->identity != NULL && answer->identity->admin;

    (void)arg;
    if (!may)
        tn_count(&tn_runtime_of(x->worker)->counters, TN_COUNTER_http_requests_denied, 1);
    if (answer->identity == NULL) {
        tn_auth_refuse(x, answer);
        tn_http_problem(x, answer->http_status, "%s", answer->error.message);
    } else if (!may) {
        tn_http_problem(x, 403, "user %.100s is no administrator: the roles of turnout.auth.adminRoles are", answer->identity->user.ptr);
    }
    tn_identity_unref(answer->identity);
    return may;
}

static void ask(struct tn_admin *admin, struct tn_http_exchange *x)
{
    const struct tn_settings   *settings = &admin->config->settings;
    const struct tn_http_field *field = tn_http_field(x, "authorization");
    struct tn_auth_request      request = {.listener = "adminApi",
                                           .peer = tn_str(x->peer),
                                           .authorization = field == NULL ? tn_str_n(NULL, 0) : field->value,
                                           .certificate = tn_http_certified(x, tn_str_n(NULL, 0)),
                                           .wrong = "admin: wrong credentials",
                                           .own_user = settings->admin_username,
                                           .own_password = settings->admin_password};

    tn_auth_http_head(admin->server->auth, x, &request, on_login, admin);
}

/* Whoever may not call is refused, at once or later. */
static void check_caller(struct tn_admin *admin, struct tn_http_exchange *x, const struct endpoint *endpoint)
{
    bool asked = is_asked(admin);

    if (endpoint->access == PUBLIC)
        return;
    if (!asked && !tn_http_host_is_local(x))
        tn_http_problem(x, 403, "without a log-in only localhost, 127.0.0.1 and [::1] may be the Host");
    else if (endpoint->at.method != TN_HTTP_METHOD_GET && tn_http_is_cross_site(x))
        tn_http_problem(x, 403, "requests from pages of other sites are refused");
    else if (asked)
        ask(admin, x);
}

/* ---- answering ---- */

/* Before the body is read: whatever will be refused, is. */
static void on_head(struct tn_http_exchange *x, void *arg)
{
    char                   allow[TN_HTTP_ALLOW];
    const struct endpoint *endpoint = find(x, allow);

    tn_count(&tn_runtime_of(x->worker)->counters, TN_COUNTER_http_requests, 1);
    if (endpoint == NULL)
        tn_http_endpoint_none(x, allow, "GET /admin lists them");
    else
        check_caller(arg, x, endpoint);
}

static void on_request(struct tn_http_exchange *x, void *arg)
{
    struct tn_http_args    args;
    char                   allow[TN_HTTP_ALLOW];
    const struct endpoint *endpoint = find(x, allow);

    if (endpoint == NULL) {
        tn_http_endpoint_none(x, allow, "GET /admin lists them");
        return;
    }
    tn_http_set_field(x, "Cache-Control", "no-store");
    tn_http_set_field(x, "X-Content-Type-Options", "nosniff");
    if (tn_http_args_read(x, &endpoint->at, &args))
        endpoint->run(arg, x, &args);
}

void tn_admin_reply_json(struct tn_http_exchange *x, int status, struct tn_buf *body)
{
    tn_buf_put_u8(body, '\n');
    tn_http_reply_buf(x, status, "application/json", body);
}

void tn_admin_index(struct tn_admin *admin, struct tn_http_exchange *x, const struct tn_http_args *args)
{
    struct tn_buf  body;
    struct tn_json json = {.buf = &body};

    (void)admin;
    (void)args;
    tn_buf_init(&body, TN_ADMIN_REPLY_MAX);
    tn_json_open(&json, NULL, '[');
    for (size_t i = 0; i < TN_ARRAY_LEN(endpoints); i++) {
        tn_json_open(&json, NULL, '{');
        tn_json_text(&json, "method", tn_http_method_name(endpoints[i].at.method));
        tn_json_text(&json, "path", endpoints[i].at.path);
        tn_json_text(&json, "parameters", endpoints[i].at.params);
        tn_json_text(&json, "help", endpoints[i].help);
        tn_json_close(&json, '}');
    }
    tn_json_close(&json, ']');
    tn_admin_reply_json(x, 200, &body);
}

void tn_admin_log(const struct tn_http_exchange *x, const char *action, struct tn_str target, const char *result)
{
    tn_log(TN_LOG_INFO, "admin", TN_LOG_TEXT("action", action), TN_LOG_STR("target", target),
           TN_LOG_TEXT("client", x->peer), TN_LOG_TEXT("result", result));
}

/* ---- life ---- */

static enum tn_status check_exposure(struct tn_server *server, const struct tn_settings *settings, struct tn_error *err)
{
    bool user = settings->admin_username.len > 0, password = settings->admin_password.len > 0;

    if (user != password) {
        tn_fail(err, TN_E_DENIED, "F0000", "adminApi: username and password must be set together");
        return TN_E_DENIED;
    }
    if (user || tn_net_is_loopback(settings->admin_host.ptr) || tn_auth_admin_is_asked(server->auth))
        return TN_OK;
    tn_fail(err, TN_E_DENIED, "F0000", "adminApi: %s is not a loopback address, and no username and password are set, nor is a user an administrator",
            settings->admin_host.ptr);
    tn_error_hint(err, "Set adminApi.username and adminApi.password, or adminApi.host to 127.0.0.1.");
    return TN_E_DENIED;
}

static struct tn_tls *tls_of(struct tn_worker *worker, void *arg)
{
    (void)arg;
    return tn_runtime_of(worker)->snapshot->security.tls[TN_LISTENER_ADMIN_API];
}

static const struct tn_http_limits *limits_now(struct tn_worker *worker, void *arg)
{
    (void)arg;
    return &tn_runtime_of(worker)->snapshot->security.http[TN_LISTENER_ADMIN_API];
}

static void on_refused(struct tn_worker *worker, void *arg)
{
    (void)arg;
    tn_count(&tn_runtime_of(worker)->counters, TN_COUNTER_http_connections_refused, 1);
}

static enum tn_status open_http(struct tn_admin *admin, struct tn_error *err)
{
    const struct tn_settings *settings = &admin->config->settings;
    struct tn_http_conf       conf = {.host = settings->admin_host.ptr,
                                      .port = (uint16_t)settings->admin_port,
                                      .handler = {.head = on_head, .request = on_request, .arg = admin},
                                      .tls = tls_of,
                                      .limits_now = limits_now,
                                      .refused = on_refused};

    admin->worker_count = admin->server->worker_count;
    admin->rounds = tn_calloc(admin->worker_count, sizeof *admin->rounds);
    if (admin->rounds == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "adminApi: no memory");
    for (size_t i = 0; i < admin->worker_count; i++)
        tn_list_init(&admin->rounds[i]);
    return tn_http_server_open(&admin->http, admin->server->workers, admin->worker_count, &conf, err);
}

enum tn_status tn_admin_open(struct tn_admin **out, struct tn_server *server, struct tn_error *err)
{
    struct tn_snapshot *snapshot = tn_server_snapshot(server);
    struct tn_config   *config = tn_config_ref(snapshot->config);
    struct tn_admin    *admin;
    enum tn_status      status;

    *out = NULL;
    tn_snapshot_unref(snapshot);
    status = config->settings.admin_enabled ? check_exposure(server, &config->settings, err) : TN_OK;
    admin = status == TN_OK && config->settings.admin_enabled ? tn_calloc(1, sizeof *admin) : NULL;
    if (admin == NULL) {
        if (status == TN_OK && config->settings.admin_enabled)
            status = tn_fail(err, TN_E_NOMEM, "53200", "adminApi: no memory");
        tn_config_unref(config);
        return status;
    }
    admin->server = server;
    admin->config = config;
    status = open_http(admin, err);
    if (status != TN_OK) {
        tn_admin_close(admin);
        return status;
    }
    tn_log(TN_LOG_INFO, "listening", TN_LOG_TEXT("protocol", "adminApi"), TN_LOG_STR("host", config->settings.admin_host),
           TN_LOG_U64("port", tn_admin_port(admin)));
    *out = admin;
    return TN_OK;
}

uint16_t tn_admin_port(const struct tn_admin *admin)
{
    return tn_http_server_port(admin->http);
}

void tn_admin_stop(struct tn_admin *admin)
{
    if (admin != NULL)
        tn_http_server_stop(admin->http);
}

void tn_admin_close(struct tn_admin *admin)
{
    if (admin == NULL)
        return;
    tn_http_server_close(admin->http); /* tells every round that its client is gone */
    for (size_t i = 0; admin->rounds != NULL && i < admin->worker_count; i++)
        TN_LIST_FOR_EACH_SAFE(node, &admin->rounds[i]) {
            struct tn_admin_round *round = TN_CONTAINER_OF(node, struct tn_admin_round, node);

            tn_list_remove(node);
            round->free(round);
        }
    tn_free(admin->rounds);
    tn_config_unref(admin->config);
    tn_free(admin);
}

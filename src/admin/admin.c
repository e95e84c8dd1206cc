#include "admin/endpoint.h"

#include "base/alloc.h"
#include "base/log.h"
#include "net/http_origin.h"
#include "net/http_text.h"
#include "net/listener.h"

struct endpoint {
    enum tn_http_method method;
    enum { PUBLIC, PRIVATE } access;
    const char         *path;
    tn_admin_endpoint  *run;
    const char         *params, *help;
};

static const struct endpoint endpoints[] = {
#define ENDPOINT(method, path, function, access, params, help)                                                        \
    {TN_HTTP_METHOD_##method, access, path, tn_admin_##function, params, help},
#include "admin/endpoints.def"
#undef ENDPOINT
};

/* ---- finding the endpoint ---- */

/* Next segment of PATH behind *AT, without slashes; false at the end. "/a/b" has two, "/a/" has "a" and an empty one. */
static bool next_segment(struct tn_str path, size_t *at, struct tn_str *segment)
{
    const char *from, *slash;

    if (*at >= path.len)
        return false;
    from = path.ptr + *at + 1; /* behind the slash */
    slash = memchr(from, '/', path.len - *at - 1);
    *segment = tn_str_n(from, slash == NULL ? path.len - *at - 1 : (size_t)(slash - from));
    *at += 1 + segment->len;
    return true;
}

/* PATH is not decoded yet, so that a `%2F` stays inside its segment. */
static bool path_matches(const char *pattern, struct tn_str path, struct tn_str *capture)
{
    struct tn_str want, have, whole = tn_str(pattern);
    size_t        i = 0, k = 0;

    while (next_segment(whole, &i, &want)) {
        if (!next_segment(path, &k, &have))
            return false;
        if (tn_str_eq_c(want, "{}") && have.len > 0)
            *capture = have;
        else if (!tn_str_eq(want, have))
            return false;
    }
    return !next_segment(path, &k, &have);
}

static struct tn_str raw_path(const struct tn_http_exchange *x)
{
    const char *mark = memchr(x->target.ptr, '?', x->target.len);

    if (x->target.len == 0 || x->target.ptr[0] != '/') /* an absolute target: no segment of ours needs escapes then */
        return x->path;
    return tn_str_n(x->target.ptr, mark == NULL ? x->target.len : (size_t)(mark - x->target.ptr));
}

/* NULL: none; *ALLOW lists the methods that the path has. */
static const struct endpoint *find_endpoint(const struct tn_http_exchange *x, struct tn_str *capture, char allow[64])
{
    enum tn_http_method method = x->method == TN_HTTP_METHOD_HEAD ? TN_HTTP_METHOD_GET : x->method;
    struct tn_str       path = raw_path(x);

    allow[0] = '\0';
    for (size_t i = 0; i < TN_ARRAY_LEN(endpoints); i++) {
        if (!path_matches(endpoints[i].path, path, capture))
            continue;
        if (endpoints[i].method == method)
            return &endpoints[i];
        snprintf(allow + strlen(allow), 64 - strlen(allow), "%s%s", allow[0] != '\0' ? ", " : "", endpoints[i].method == TN_HTTP_METHOD_GET ? "GET, HEAD" : "POST");
    }
    return NULL;
}

/* ---- parameters ---- */

static bool is_listed(const char *list, struct tn_str name)
{
    while (*list != '\0') {
        size_t len = strcspn(list, " ");

        if (tn_str_eq(tn_str_n(list, len), name))
            return true;
        list += len;
        list += strspn(list, " ");
    }
    return false;
}

/* False: wrong, and answered. */
static bool read_params(struct tn_http_exchange *x, const struct endpoint *endpoint, struct tn_admin_args *args)
{
    struct tn_str name, value;
    size_t        at = 0;

    while (tn_http_query_next(x->query, &at, &name, &value)) {
        if (!tn_http_decode(&x->arena, name, true, &name) || !tn_http_decode(&x->arena, value, true, &value)) {
            tn_http_problem(x, 400, "the query has a wrong %% escape");
            return false;
        }
        if (!is_listed(endpoint->params, name)) {
            tn_http_problem(x, 400, "unknown parameter `%.64s`; %s has %s%s", name.ptr, endpoint->path,
                            endpoint->params[0] == '\0' ? "none" : "these: ", endpoint->params);
            return false;
        }
        if (tn_admin_param(args, name.ptr).ptr != NULL) {
            tn_http_problem(x, 400, "parameter `%s` is given twice", name.ptr);
            return false;
        }
        args->params[args->count].name = name;
        args->params[args->count].value = value;
        args->count++;
    }
    return true;
}

struct tn_str tn_admin_param(const struct tn_admin_args *args, const char *name)
{
    for (size_t i = 0; i < args->count; i++)
        if (tn_str_eq_c(args->params[i].name, name))
            return args->params[i].value;
    return tn_str_n(NULL, 0);
}

bool tn_admin_param_u64(struct tn_http_exchange *x, const struct tn_admin_args *args, const char *name, uint64_t max,
                        uint64_t *out)
{
    struct tn_str value = tn_admin_param(args, name);

    if (value.ptr == NULL || tn_str_to_u64(value, max, out))
        return true;
    tn_http_problem(x, 400, "parameter `%s` must be a number up to %llu, not `%.64s`", name, (unsigned long long)max,
                    value.ptr);
    return false;
}

bool tn_admin_param_bool(struct tn_http_exchange *x, const struct tn_admin_args *args, const char *name, bool *out)
{
    struct tn_str value = tn_admin_param(args, name);

    if (value.ptr == NULL)
        return true;
    *out = tn_str_eq_c(value, "true") || tn_str_eq_c(value, "1") || tn_str_eq_c(value, "on");
    if (*out || tn_str_eq_c(value, "false") || tn_str_eq_c(value, "0") || tn_str_eq_c(value, "off"))
        return true;
    tn_http_problem(x, 400, "parameter `%s` must be true or false, not `%.64s`", name, value.ptr);
    return false;
}

/* ---- who may ---- */

/* Is a log-in needed here? Where the file names an administrator, or there is a user who is one. */
static bool is_asked(struct tn_admin *admin)
{
    return admin->config->settings.admin_username.len > 0 || tn_auth_admin_is_asked(admin->server->auth);
}

/* False: refused, and answered. */
static bool is_admin(struct tn_admin *admin, struct tn_http_exchange *x)
{
    const struct tn_settings   *settings = &admin->config->settings;
    const struct tn_http_field *field = tn_http_field(x, "authorization");
    struct tn_auth_request      request = {.listener = "adminApi",
                                           .peer = tn_str(x->peer),
                                           .authorization = field == NULL ? tn_str_n(NULL, 0) : field->value,
                                           .certificate = tn_http_certified(x),
                                           .wrong = "admin: wrong credentials",
                                           .own_user = settings->admin_username,
                                           .own_password = settings->admin_password};
    struct tn_auth_answer       answer;
    bool                        may;

    tn_auth_http(admin->server->auth, &request, &answer);
    may = answer.identity != NULL && answer.identity->admin;
    if (!may)
        tn_count(&tn_runtime_of(x->worker)->counters, TN_COUNTER_http_requests_denied, 1);
    if (answer.identity == NULL) {
        tn_auth_refuse(x, &answer);
        tn_http_problem(x, answer.http_status, "%s", answer.error.message);
    } else if (!may) {
        tn_http_problem(x, 403, "user %.100s is no administrator: the roles of turnout.auth.adminRoles are", answer.identity->user.ptr);
    }
    tn_error_reset(&answer.error);
    tn_identity_unref(answer.identity);
    return may;
}

/* False: refused, and answered. */
static bool may_call(struct tn_admin *admin, struct tn_http_exchange *x, const struct endpoint *endpoint)
{
    if (endpoint->access == PUBLIC)
        return true;
    if (is_asked(admin)) {
        if (!is_admin(admin, x))
            return false;
    } else if (!tn_http_host_is_local(x)) {
        tn_http_problem(x, 403, "without a log-in only localhost, 127.0.0.1 and [::1] may be the Host");
        return false;
    }
    if (endpoint->method != TN_HTTP_METHOD_GET && tn_http_is_cross_site(x)) {
        tn_http_problem(x, 403, "requests from pages of other sites are refused");
        return false;
    }
    return true;
}

/* ---- answering ---- */

static void refuse_path(struct tn_http_exchange *x, const char *allow)
{
    if (allow[0] == '\0') {
        tn_http_problem(x, 404, "there is no such path; GET /admin lists them");
        return;
    }
    tn_http_set_field(x, "Allow", allow);
    tn_http_problem(x, 405, "this path answers %s only", allow);
}

/* Before the body is read: whatever will be refused, is. */
static void on_head(struct tn_http_exchange *x, void *arg)
{
    struct tn_str          capture = {NULL, 0};
    char                   allow[64];
    const struct endpoint *endpoint = find_endpoint(x, &capture, allow);

    tn_count(&tn_runtime_of(x->worker)->counters, TN_COUNTER_http_requests, 1);
    if (endpoint == NULL)
        refuse_path(x, allow);
    else
        (void)may_call(arg, x, endpoint);
}

static void on_request(struct tn_http_exchange *x, void *arg)
{
    struct tn_admin_args   args = {.segment = {NULL, 0}};
    char                   allow[64];
    const struct endpoint *endpoint = find_endpoint(x, &args.segment, allow);

    if (endpoint == NULL) {
        refuse_path(x, allow);
        return;
    }
    if (args.segment.ptr != NULL && !tn_http_decode(&x->arena, args.segment, false, &args.segment)) {
        tn_http_problem(x, 400, "the path has a wrong %% escape");
        return;
    }
    tn_http_set_field(x, "Cache-Control", "no-store");
    tn_http_set_field(x, "X-Content-Type-Options", "nosniff");
    if (read_params(x, endpoint, &args))
        endpoint->run(arg, x, &args);
}

void tn_admin_reply_json(struct tn_http_exchange *x, int status, struct tn_buf *body)
{
    tn_buf_put_u8(body, '\n');
    tn_http_reply_buf(x, status, "application/json", body);
}

void tn_admin_index(struct tn_admin *admin, struct tn_http_exchange *x, const struct tn_admin_args *args)
{
    struct tn_buf  body;
    struct tn_json json = {.buf = &body};

    (void)admin;
    (void)args;
    tn_buf_init(&body, TN_ADMIN_REPLY_MAX);
    tn_json_open(&json, NULL, '[');
    for (size_t i = 0; i < TN_ARRAY_LEN(endpoints); i++) {
        tn_json_open(&json, NULL, '{');
        tn_json_text(&json, "method", tn_http_method_name(endpoints[i].method));
        tn_json_text(&json, "path", endpoints[i].path);
        tn_json_text(&json, "parameters", endpoints[i].params);
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

static enum tn_status open_http(struct tn_admin *admin, struct tn_error *err)
{
    const struct tn_settings *settings = &admin->config->settings;
    struct tn_http_conf       conf = {.host = settings->admin_host.ptr,
                                      .port = (uint16_t)settings->admin_port,
                                      .handler = {.head = on_head, .request = on_request, .arg = admin},
                                      .tls = tls_of,
                                      .body_max = 65536,
                                      .max_connections = 1000};

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

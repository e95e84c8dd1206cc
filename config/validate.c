#include "config/validate.h"

#include "config/endpoint.h"
#include "config/options.h"

#include <sys/stat.h>

struct cluster_view {
    const struct tn_draft        *draft;
    const struct tn_cluster_conf *conf;
    const struct tn_cluster_conf *defaults;
    const struct tn_node         *node;
    char                          path[TN_PATH_MAX];
};

unsigned tn_draft_line(const struct tn_node *map, const char *dotted)
{
    char        key[128];
    unsigned    line = map == NULL ? 1 : map->line;
    const char *end;

    for (; map != NULL && map->kind == TN_NODE_MAP; dotted = *end == '\0' ? end : end + 1) {
        end = dotted + strcspn(dotted, ".");
        tn_str_copy(key, sizeof key, tn_str_n(dotted, (size_t)(end - dotted)));
        line = tn_node_line(map, key);
        map = *end == '\0' ? NULL : tn_node_get(map, key);
    }
    return line;
}

static void settings_problem(const struct tn_draft *draft, const char *option, const char *text)
{
    char                  path[TN_PATH_MAX];
    const struct tn_node *map = draft->settings;
    unsigned              line = map == NULL ? 1 : tn_node_line(draft->root, draft->settings_name);

    if (map != NULL && map->kind == TN_NODE_MAP)
        line = tn_draft_line(map, option);
    tn_path_join(path, draft->settings_name, tn_str(option));
    tn_problem_add(draft->problems, TN_PROBLEM_ERROR, line, path, "%s", text);
}

/* Given, though it could not be read (and that was reported): its absence is not one more mistake. */
static bool is_unreadable(const struct tn_node *node)
{
    return node != NULL && (node->broken || node->kind == TN_NODE_MAP || node->kind == TN_NODE_LIST);
}

static void check_admin(const struct tn_draft *draft)
{
    const struct tn_settings *s = &draft->config->settings;
    bool password = s->admin_password.len > 0 || is_unreadable(tn_node_find(draft->settings, "adminApi.password"));
    bool username = s->admin_username.len > 0 || is_unreadable(tn_node_find(draft->settings, "adminApi.username"));

    if (username && !password)
        settings_problem(draft, "adminApi.username", "a username needs a password: set adminApi.password");
    if (!username && password)
        settings_problem(draft, "adminApi.password", "a password needs a username: set adminApi.username");
    if (!s->admin_enabled)
        return;
    if (s->admin_host.len == 0)
        settings_problem(draft, "adminApi.host", "expected an address, such as 127.0.0.1");
    else if (!tn_host_is_loopback(s->admin_host) && (!username || !password) && s->auth_provider == TN_CFG_AUTH_PROVIDER_NONE)
        settings_problem(draft, "adminApi.host",
                         "off loopback the admin API needs adminApi.username and adminApi.password (or host 127.0.0.1)");
    if (s->admin_username.len > 0 && memchr(s->admin_username.ptr, ':', s->admin_username.len) != NULL)
        settings_problem(draft, "adminApi.username", "HTTP Basic cannot carry a username with a colon");
}

/* Where clients are let in; the admin API last, with rules of its own (check_admin). */
struct door {
    const char   *section;
    bool          enabled;
    struct tn_str host;
    uint64_t      port;
};
enum { DOORS = 5 };

static void check_door(const struct tn_draft *draft, const struct door *door)
{
    const struct tn_settings *s = &draft->config->settings;
    char                      option[TN_PATH_MAX];

    snprintf(option, sizeof option, "%s.host", door->section);
    if (door->enabled && door->host.len == 0)
        settings_problem(draft, option, "expected an address, such as 127.0.0.1");
    else if (door->enabled && !tn_host_is_loopback(door->host) && s->auth_provider == TN_CFG_AUTH_PROVIDER_NONE && !s->auth_force)
        settings_problem(draft, option,
                         "off loopback everybody could log in, as auth.provider is none; listen on 127.0.0.1, or set "
                         "auth.force: true if the network is trusted");
}

static void check_ports(const struct tn_draft *draft, const struct door doors[DOORS])
{
    char option[TN_PATH_MAX], text[TN_PATH_MAX];

    for (size_t i = 0; i < DOORS; i++)
        for (size_t k = i + 1; k < DOORS; k++) {
            if (!doors[i].enabled || !doors[k].enabled || doors[i].port == 0 || doors[i].port != doors[k].port ||
                !tn_host_overlaps(doors[i].host, doors[k].host))
                continue;
            snprintf(option, sizeof option, "%s.port", doors[k].section);
            snprintf(text, sizeof text, "the same address and port as %s; choose another", doors[i].section);
            settings_problem(draft, option, text);
        }
}

/* It is made when it is needed; what stands in its way is told now, not with the first large result. */
static void check_folder(const struct tn_draft *draft, const char *option, struct tn_str path)
{
    struct stat info;

    if (path.len == 0)
        settings_problem(draft, option, "expected a folder");
    else if (stat(path.ptr, &info) == 0 && !S_ISDIR(info.st_mode))
        settings_problem(draft, option, "expected a folder; there is a file of that name");
}

static void check_doors(const struct tn_draft *draft)
{
    const struct tn_settings *s = &draft->config->settings;
    const struct door         doors[DOORS] = {
        {"frontends.postgresWire", s->pg_enabled, s->pg_host, s->pg_port},
        {"frontends.mysqlWire", s->mysql_enabled, s->mysql_host, s->mysql_port},
        {"frontends.trinoHttp", s->trino_enabled, s->trino_host, s->trino_port},
        {"frontends.restHttp", s->rest_enabled, s->rest_host, s->rest_port},
        {"adminApi", s->admin_enabled, s->admin_host, s->admin_port},
    };
    bool any = false;

    for (size_t i = 0; i < DOORS - 1; i++) {
        check_door(draft, &doors[i]);
        any = any || doors[i].enabled;
    }
    check_ports(draft, doors);
    if (!any)
        tn_problem_add(draft->problems, TN_PROBLEM_WARNING,
                       tn_draft_line(draft->settings, "frontends.postgresWire.enabled"), draft->settings_name,
                       "no frontend is enabled; no client can connect");
    if (s->rest_enabled)
        check_folder(draft, "frontends.restHttp.resultPath", s->rest_result_path);
    if (s->trino_enabled)
        check_folder(draft, "frontends.trinoHttp.spoolPath", s->trino_spool_path);
}

static void check_statistics(const struct tn_draft *draft)
{
#ifdef TN_HAVE_XGBOOST
    (void)draft;
#else
    if (draft->config->settings.statistics_model == TN_CFG_MODEL_ON)
        settings_problem(draft, "statistics.model", "this program was built without XGBoost: build it where libxgboost-dev is installed, or choose auto");
#endif
}

/* The peer's `auth.required`: what it asks for is so, or it is a contradiction. */
static void check_required(const struct tn_draft *draft)
{
    const struct tn_config *config = draft->config;
    const struct tn_node   *required = tn_node_get(config->auth_map, "required");
    bool                    asked = config->settings.auth_provider != TN_CFG_AUTH_PROVIDER_NONE;

    if (required == NULL || required->kind != TN_NODE_SCALAR || required->broken)
        return;
    if (tn_str_eq_c(required->text, "true") && !asked)
        tn_config_settings_problem(config, draft->problems, TN_PROBLEM_ERROR, "auth.required",
                                   "with auth.provider none nobody is asked; set provider: static");
    else if (tn_str_eq_c(required->text, "false") && asked)
        tn_config_settings_problem(config, draft->problems, TN_PROBLEM_WARNING, "auth.required",
                                   "everybody must log in, as auth.provider is not none");
}

static struct tn_str without_here(struct tn_str path)
{
    while (tn_str_starts(path, TN_STR("./")))
        path = tn_str_n(path.ptr + 2, path.len - 2);
    return path;
}

static void check_files(const struct tn_draft *draft)
{
    const struct tn_settings *s = &draft->config->settings;

    if (s->persistence_type != TN_CFG_PERSISTENCE_SQLITE)
        return;
    if (s->persistence_path.len == 0)
        settings_problem(draft, "persistence.path", "type sqlite needs the path of a file");
    else if (tn_str_eq(without_here(s->statistics_path), without_here(s->persistence_path)))
        settings_problem(draft, "statistics.path", "persistence.path is that file, too, and holds the history; name another, or leave it out");
}

void tn_validate_settings(const struct tn_draft *draft)
{
    check_doors(draft);
    check_admin(draft);
    check_statistics(draft);
    check_required(draft);
    check_files(draft);
}

static void cluster_problem(const struct cluster_view *c, enum tn_problem_kind kind, const char *option, const char *text)
{
    char path[TN_PATH_MAX];

    tn_path_join(path, c->path, tn_str(option));
    tn_problem_add(c->draft->problems, kind, tn_draft_line(c->node, option), path, "%s", text);
}

/* A text option has a value, or would have one if it could be read. */
static bool given(const struct cluster_view *c, const char *option, struct tn_str value)
{
    return value.len > 0 || is_unreadable(tn_node_find(c->node, option));
}

/* Options of one engine that the file sets for another: a mistake, though not a dangerous one. */
static void check_foreign_options(const struct cluster_view *c)
{
    enum { DUCKDB = 1 << TN_CFG_ENGINE_DUCKDB, SQLITE = 1 << TN_CFG_ENGINE_SQLITE, POSTGRES = 1 << TN_CFG_ENGINE_POSTGRES,
           TRINO = 1 << TN_CFG_ENGINE_TRINO, MYSQL = 1 << TN_CFG_ENGINE_MYSQL, STAR_ROCKS = 1 << TN_CFG_ENGINE_STAR_ROCKS };
    static const struct {
        const char        *option;
        enum tn_cfg_engine engine; /* the one that is named */
        unsigned           engines;
    } OWNED[] = {
        {"threads", TN_CFG_ENGINE_DUCKDB, DUCKDB},
        {"memoryLimit", TN_CFG_ENGINE_DUCKDB, DUCKDB},
        {"extensions", TN_CFG_ENGINE_DUCKDB, DUCKDB},
        {"externalAccess", TN_CFG_ENGINE_DUCKDB, DUCKDB},
        {"busyTimeout", TN_CFG_ENGINE_SQLITE, SQLITE},
        {"sslMode", TN_CFG_ENGINE_POSTGRES, POSTGRES | MYSQL | STAR_ROCKS},
        {"sqlMode", TN_CFG_ENGINE_MYSQL, MYSQL | STAR_ROCKS},
        {"auth.username", TN_CFG_ENGINE_POSTGRES, POSTGRES | TRINO | MYSQL | STAR_ROCKS},
        {"auth.password", TN_CFG_ENGINE_POSTGRES, POSTGRES | TRINO | MYSQL | STAR_ROCKS},
        {"auth.serverPublicKeyFile", TN_CFG_ENGINE_MYSQL, MYSQL | STAR_ROCKS},
        {"auth.allowPublicKeyRetrieval", TN_CFG_ENGINE_MYSQL, MYSQL | STAR_ROCKS},
        {"catalog", TN_CFG_ENGINE_TRINO, TRINO},
        {"schema", TN_CFG_ENGINE_TRINO, TRINO},
        {"tls.caFile", TN_CFG_ENGINE_TRINO, POSTGRES | TRINO | MYSQL | STAR_ROCKS},
        {"tls.certFile", TN_CFG_ENGINE_TRINO, POSTGRES | TRINO | MYSQL | STAR_ROCKS},
        {"tls.keyFile", TN_CFG_ENGINE_TRINO, POSTGRES | TRINO | MYSQL | STAR_ROCKS},
        {"tls.verify", TN_CFG_ENGINE_TRINO, TRINO},
    };
    char text[128];

    for (size_t i = 0; i < TN_ARRAY_LEN(OWNED); i++) {
        const struct tn_option *option = tn_option_find(TN_SCOPE_CLUSTER, OWNED[i].option);

        if ((OWNED[i].engines >> c->conf->engine & 1) != 0 || tn_option_equal(option, c->conf, c->defaults))
            continue;
        snprintf(text, sizeof text, "has no effect on engine %s; it belongs to engine %s",
                 tn_config_enum_text("ENGINE", c->conf->engine), tn_config_enum_text("ENGINE", OWNED[i].engine));
        cluster_problem(c, TN_PROBLEM_WARNING, OWNED[i].option, text);
    }
}

/* Each of them runs on a thread of the pool, which logins, cancels and reloads need, too. */
static void check_threads(const struct cluster_view *c)
{
    char text[160];

    if (c->conf->max_running < c->draft->config->settings.offload_threads)
        return;
    snprintf(text, sizeof text, "no less than offloadThreads (%llu): queries that run would leave no thread for cancels and logins",
             (unsigned long long)c->draft->config->settings.offload_threads);
    cluster_problem(c, TN_PROBLEM_WARNING, "maxRunningQueries", text);
}

static void check_embedded(const struct cluster_view *c)
{
    const struct tn_cluster_conf *conf = c->conf;
    bool                          in_memory = conf->database_path.len == 0 || tn_str_eq_c(conf->database_path, ":memory:");

    if (given(c, "endpoint", conf->endpoint))
        cluster_problem(c, TN_PROBLEM_ERROR, "endpoint", "this engine is embedded and has no endpoint; use databasePath");
    if (conf->read_only && in_memory && !is_unreadable(tn_node_get(c->node, "databasePath")))
        cluster_problem(c, TN_PROBLEM_ERROR, "readOnly",
                        "a database in memory cannot be read-only: it would stay empty; set databasePath");
    if (conf->engine == TN_CFG_ENGINE_DUCKDB && tn_str_starts(conf->database_path, TN_STR("md:")))
        cluster_problem(c, TN_PROBLEM_ERROR, "databasePath", "MotherDuck (md:) is known, not supported yet; use a file");
}

static void check_postgres(const struct cluster_view *c)
{
    const struct tn_cluster_conf *conf = c->conf;
    char                          text[256];
    bool                          has_password = false;
    const char                   *reason;

    if (given(c, "databasePath", conf->database_path))
        cluster_problem(c, TN_PROBLEM_ERROR, "databasePath", "engine postgres has no file; use endpoint");
    if (conf->endpoint.len == 0 && is_unreadable(tn_node_get(c->node, "endpoint")))
        return;
    if (conf->endpoint.len == 0) {
        cluster_problem(c, TN_PROBLEM_ERROR, "endpoint",
                        "engine postgres needs an endpoint: postgresql://HOST:PORT/DATABASE");
        return;
    }
    reason = tn_endpoint_check(conf->endpoint, &has_password);
    if (reason != NULL) {
        snprintf(text, sizeof text, "expected postgresql://HOST:PORT/DATABASE: %s", reason);
        cluster_problem(c, TN_PROBLEM_ERROR, "endpoint", text);
    }
    if (has_password)
        cluster_problem(c, TN_PROBLEM_ERROR, "endpoint", "it carries a password; put it into auth.password");
    if (conf->ssl_mode >= TN_CFG_SSL_MODE_VERIFY_CA && conf->tls_ca_file.len == 0)
        cluster_problem(c, TN_PROBLEM_WARNING, "sslMode", "believes nobody but ~/.postgresql/root.crt of the user who runs Turnout; set tls.caFile");
}

static void check_trino_tls(const struct cluster_view *c, struct tn_str host)
{
    const struct tn_cluster_conf *conf = c->conf;
    bool                          tls = tn_str_starts(conf->endpoint, TN_STR("https://"));

    if ((conf->tls_cert_file.len > 0) != (conf->tls_key_file.len > 0))
        cluster_problem(c, TN_PROBLEM_ERROR, conf->tls_cert_file.len > 0 ? "tls.certFile" : "tls.keyFile",
                        "a certificate and its key go together: tls.certFile and tls.keyFile");
    if (!tls && (conf->tls_ca_file.len > 0 || conf->tls_cert_file.len > 0))
        cluster_problem(c, TN_PROBLEM_WARNING, "endpoint", "tls has no effect: the endpoint is http://, not https://");
    if (!tls && conf->auth_type != TN_CFG_CLUSTER_AUTH_NONE && !tn_host_is_loopback(host))
        cluster_problem(c, TN_PROBLEM_WARNING, "endpoint", "the password or token is sent in the clear; use https://");
}

static void check_trino(const struct cluster_view *c)
{
    const struct tn_cluster_conf *conf = c->conf;
    struct tn_str                 host = {"", 0};
    char                          text[256];
    const char                   *reason;

    if (given(c, "databasePath", conf->database_path))
        cluster_problem(c, TN_PROBLEM_ERROR, "databasePath", "engine trino has no file; use endpoint");
    if (conf->schema.len > 0 && !given(c, "catalog", conf->catalog))
        cluster_problem(c, TN_PROBLEM_ERROR, "schema", "a schema needs a catalog");
    if (conf->endpoint.len == 0 && is_unreadable(tn_node_get(c->node, "endpoint")))
        return;
    if (conf->endpoint.len == 0) {
        cluster_problem(c, TN_PROBLEM_ERROR, "endpoint", "engine trino needs an endpoint: http://HOST:PORT or https://HOST:PORT");
        return;
    }
    reason = tn_endpoint_check_http(conf->endpoint, &host);
    if (reason != NULL) {
        snprintf(text, sizeof text, "expected http://HOST:PORT or https://HOST:PORT: %s", reason);
        cluster_problem(c, TN_PROBLEM_ERROR, "endpoint", text);
        return;
    }
    check_trino_tls(c, host);
}

static void check_mysql(const struct cluster_view *c)
{
    const struct tn_cluster_conf *conf = c->conf;
    struct tn_endpoint_mysql      parts;
    char                          text[256];
    const char                   *reason;

    if (given(c, "databasePath", conf->database_path))
        cluster_problem(c, TN_PROBLEM_ERROR, "databasePath", "this engine has no file; use endpoint");
    if (conf->endpoint.len == 0 && is_unreadable(tn_node_get(c->node, "endpoint")))
        return;
    if (conf->endpoint.len == 0) {
        cluster_problem(c, TN_PROBLEM_ERROR, "endpoint", "this engine needs an endpoint: mysql://HOST:PORT/DATABASE");
        return;
    }
    reason = tn_endpoint_parse_mysql(conf->endpoint, &parts);
    if (reason == NULL)
        return;
    snprintf(text, sizeof text, "expected mysql://HOST:PORT/DATABASE: %s", reason);
    cluster_problem(c, TN_PROBLEM_ERROR, "endpoint", text);
}

static void check_pass_through(const struct cluster_view *c)
{
    const struct tn_cluster_conf *conf = c->conf;

    if (conf->auth_type != TN_CFG_CLUSTER_AUTH_PASS_THROUGH)
        return;
    if (conf->engine != TN_CFG_ENGINE_TRINO) {
        cluster_problem(c, TN_PROBLEM_ERROR, "auth.type",
                        conf->engine == TN_CFG_ENGINE_POSTGRES
                            ? "passThrough is not possible: SCRAM proves a client's password without telling it, so there is nothing to pass on; use basic"
                            : "type passThrough is for engine trino");
        return;
    }
    if (given(c, "auth.username", conf->auth_username) || given(c, "auth.password", conf->auth_password))
        cluster_problem(c, TN_PROBLEM_ERROR, given(c, "auth.username", conf->auth_username) ? "auth.username" : "auth.password",
                        "with type passThrough the client's own is used; leave it out");
    if (conf->init_sql.count > 0)
        cluster_problem(c, TN_PROBLEM_ERROR, "initSql", "with auth.type passThrough nobody is logged in when a connection begins; leave it out");
    if (conf->tls_cert_file.len > 0)
        cluster_problem(c, TN_PROBLEM_ERROR, "tls.certFile", "with auth.type passThrough a certificate of Turnout's would speak for its clients; leave it out");
}

/* A token is Trino's way only. */
static void check_token(const struct cluster_view *c)
{
    bool                  token = given(c, "auth.token", c->conf->auth_token), jwt = c->conf->auth_type == TN_CFG_CLUSTER_AUTH_JWT;
    const struct tn_node *type = tn_node_find(c->node, "auth.type");

    if (jwt && c->conf->engine != TN_CFG_ENGINE_TRINO)
        cluster_problem(c, TN_PROBLEM_ERROR, "auth.type", "type jwt is for engine trino");
    else if (jwt && !token)
        cluster_problem(c, TN_PROBLEM_ERROR, "auth.token", "auth type jwt needs a token");
    else if (!jwt && token && (type == NULL || tn_str_eq_c(type->text, "none") || tn_str_eq_c(type->text, "basic") || tn_str_eq_c(type->text, "passThrough")))
        cluster_problem(c, TN_PROBLEM_ERROR, "auth.token", "used by auth type jwt only; set auth.type: jwt");
}

/* When auth.type itself is wrong, that is enough. */
static void check_login(const struct cluster_view *c)
{
    const struct tn_cluster_conf *conf = c->conf;
    bool                          user = given(c, "auth.username", conf->auth_username);
    bool                          stray = user && conf->engine != TN_CFG_ENGINE_TRINO; /* there it names the user anyway */
    bool                          password = given(c, "auth.password", conf->auth_password);
    const struct tn_node         *type = tn_node_find(c->node, "auth.type");

    if (conf->auth_type == TN_CFG_CLUSTER_AUTH_BASIC) {
        if (!user)
            cluster_problem(c, TN_PROBLEM_ERROR, "auth.username", "auth type basic needs a username");
        if (!password)
            cluster_problem(c, TN_PROBLEM_WARNING, "auth.password",
                            "no password is given; only a server that trusts this user will let it in");
    } else if (conf->auth_type == TN_CFG_CLUSTER_AUTH_PASS_THROUGH) {
        check_pass_through(c);
    } else if ((stray || password) && (type == NULL || tn_str_eq_c(type->text, "none"))) {
        cluster_problem(c, TN_PROBLEM_ERROR, stray ? "auth.username" : "auth.password",
                        "used by auth type basic only; set auth.type: basic");
    }
}

static void check_breaker(const struct cluster_view *c)
{
    if (c->conf->breaker_backoff > c->conf->breaker_max_backoff)
        cluster_problem(c, TN_PROBLEM_ERROR, "circuitBreaker.maxBackoff", "less than circuitBreaker.backoff");
}

static void check_cluster(const struct cluster_view *c)
{
    switch (c->conf->engine) {
    case TN_CFG_ENGINE_UNSET:
        if (tn_node_get(c->node, "engine") == NULL)
            cluster_problem(c, TN_PROBLEM_ERROR, "engine", "required: one of duckDb, sqlite, postgres, trino, mysql, starRocks");
        break;
    case TN_CFG_ENGINE_DUCKDB:
    case TN_CFG_ENGINE_SQLITE:
        check_embedded(c);
        check_threads(c);
        break;
    case TN_CFG_ENGINE_POSTGRES:
        check_postgres(c);
        break;
    case TN_CFG_ENGINE_TRINO:
        check_trino(c);
        break;
    case TN_CFG_ENGINE_MYSQL:
    case TN_CFG_ENGINE_STAR_ROCKS:
        check_mysql(c);
        break;
    }
    if (c->conf->engine != TN_CFG_ENGINE_UNSET)
        check_foreign_options(c);
    check_login(c);
    check_token(c);
    check_breaker(c);
    tn_validate_price(c->draft, c->conf, c->defaults, c->node, c->path);
}

void tn_validate_clusters(const struct tn_draft *draft)
{
    struct tn_options_reader reader = {.arena = draft->arena, .problems = draft->problems};
    struct tn_cluster_conf   defaults;
    struct cluster_view      view = {.draft = draft, .defaults = &defaults};

    if (draft->config->cluster_count > TN_CONFIG_CLUSTERS_LEARNED && draft->config->settings.statistics_enabled)
        tn_problem_add(draft->problems, TN_PROBLEM_ERROR, draft->clusters->line, "clusters",
                       "%zu clusters, but the statistics have room for %d: take some out, or set turnout.statistics.enabled to false",
                       draft->config->cluster_count, (int)TN_CONFIG_CLUSTERS_LEARNED);
    tn_options_read(&reader, TN_SCOPE_CLUSTER, NULL, "", &defaults);
    for (size_t i = 0; i < draft->config->cluster_count; i++) {
        view.conf = &draft->config->clusters[i];
        view.node = draft->clusters->items[i];
        if (view.node->kind != TN_NODE_MAP)
            continue; /* reported */
        tn_path_join(view.path, "clusters", view.conf->name);
        check_cluster(&view);
    }
}

/* What a cluster's configuration says about its coordinator, put into the forms that requests need. */
#include "base/alloc.h"
#include "base/base64.h"
#include "config/endpoint.h"
#include "engine/blocking.h"
#include "engine/trino/trino_conn.h"

#include <errno.h>

static void engine_free(struct tn_trino_cluster *engine)
{
    tn_free(engine->origin);
    tn_free(engine->prefix);
    if (engine->authorization != NULL)
        explicit_bzero(engine->authorization, strlen(engine->authorization));
    tn_free(engine->authorization);
    tn_free(engine->user);
    tn_free(engine);
}

static char *basic(const struct tn_cluster_conf *conf)
{
    struct tn_buf plain, coded;
    char         *value = NULL;

    tn_buf_init(&plain, 8192);
    tn_buf_init(&coded, 16384);
    tn_buf_put_str(&plain, conf->auth_username);
    tn_buf_put_u8(&plain, ':');
    tn_buf_put_str(&plain, conf->auth_password);
    tn_buf_puts(&coded, "Basic ");
    tn_base64_put(&coded, tn_buf_str(&plain));
    if (!plain.failed && !coded.failed)
        value = tn_strndup(coded.data, coded.len);
    if (plain.data != NULL)
        explicit_bzero(plain.data, plain.len);
    if (coded.data != NULL)
        explicit_bzero(coded.data, coded.len);
    tn_buf_reset(&plain);
    tn_buf_reset(&coded);
    return value;
}

static char *bearer(const struct tn_cluster_conf *conf)
{
    struct tn_buf text;
    char         *value = NULL;

    tn_buf_init(&text, 64 * 1024);
    tn_buf_printf(&text, "Bearer " TN_STR_FMT, TN_STR_ARG(tn_str_trim(conf->auth_token)));
    if (!text.failed)
        value = tn_strndup(text.data, text.len);
    if (text.data != NULL)
        explicit_bzero(text.data, text.len);
    tn_buf_reset(&text);
    return value;
}

static const char *file_or_null(struct tn_str path)
{
    return path.len > 0 ? path.ptr : NULL;
}

/* http://HOST:PORT/prefix/ */
static bool take_endpoint(struct tn_trino_cluster *engine, struct tn_str url)
{
    const char *scheme_end = memchr(url.ptr, ':', url.len);
    const char *end = url.ptr + url.len, *slash;

    if (scheme_end == NULL || end - scheme_end < 4)
        return false;
    slash = memchr(scheme_end + 3, '/', (size_t)(end - scheme_end - 3));
    while (end > url.ptr && end[-1] == '/')
        end--;
    if (slash == NULL || slash > end)
        slash = end;
    engine->origin = tn_strndup(url.ptr, (size_t)(slash - url.ptr));
    engine->prefix = tn_strndup(slash, (size_t)(end - slash));
    return engine->origin != NULL && engine->prefix != NULL;
}

static bool readable(const char *path, const char *option, struct tn_error *err)
{
    FILE *file = path == NULL ? NULL : fopen(path, "re");

    if (path == NULL)
        return true;
    if (file == NULL) {
        tn_fail(err, TN_E_INVALID, "F0000", "%s: cannot read %s: %s", option, path, strerror(errno));
        return false;
    }
    fclose(file);
    return true;
}

static bool check_files(const struct tn_trino_cluster *engine, struct tn_error *err)
{
    return readable(engine->http.ca_file, "tls.caFile", err) && readable(engine->http.cert_file, "tls.certFile", err) &&
           readable(engine->http.key_file, "tls.keyFile", err);
}

enum tn_status tn_trino_open(struct tn_cluster *cluster, struct tn_error *err)
{
    const struct tn_cluster_conf *conf = cluster->conf;
    struct tn_trino_cluster      *engine = tn_calloc(1, sizeof *engine);
    struct tn_str                 host = {"", 0};
    bool                          good = engine != NULL && take_endpoint(engine, conf->endpoint);

    if (good && conf->auth_type == TN_CFG_CLUSTER_AUTH_BASIC)
        good = (engine->authorization = basic(conf)) != NULL;
    else if (good && conf->auth_type == TN_CFG_CLUSTER_AUTH_JWT)
        good = (engine->authorization = bearer(conf)) != NULL;
    if (engine != NULL)
        engine->pass_through = conf->auth_type == TN_CFG_CLUSTER_AUTH_PASS_THROUGH;
    if (good && !engine->pass_through && (conf->auth_username.len > 0 || conf->auth_type != TN_CFG_CLUSTER_AUTH_JWT)) /* a token names its user */
        good = (engine->user = conf->auth_username.len > 0 ? tn_strndup(conf->auth_username.ptr, conf->auth_username.len)
                                                           : tn_strdup("turnout")) != NULL;
    if (!good) {
        if (engine != NULL)
            engine_free(engine);
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory, or the endpoint is not http://HOST:PORT");
    }
    engine->http = (struct tn_http_client_options){
        .origin = engine->origin,
        .ca_file = file_or_null(conf->tls_ca_file),
        .cert_file = file_or_null(conf->tls_cert_file),
        .key_file = file_or_null(conf->tls_key_file),
        .verify = conf->tls_verify,
        .uncoded = tn_endpoint_check_http(conf->endpoint, &host) == NULL && tn_host_is_loopback(host),
        .connect_timeout_us = conf->connect_timeout,
        .max_body = TN_TRINO_BODY_MAX,
    };
    if (!check_files(engine, err)) {
        engine_free(engine);
        return TN_E_INVALID;
    }
    cluster->engine = engine;
    return TN_OK;
}

enum tn_status tn_trino_http_new(struct tn_http_client **out, const struct tn_cluster *cluster, struct tn_worker *worker, struct tn_error *err)
{
    const struct tn_trino_cluster *engine = cluster->engine;
    struct tn_http_client_options  options = engine->http;

    options.pool = tn_blocking_pool();
    return tn_http_client_new(out, worker, &options, err);
}

void tn_trino_close(struct tn_cluster *cluster)
{
    if (cluster->engine != NULL)
        engine_free(cluster->engine);
    cluster->engine = NULL;
}

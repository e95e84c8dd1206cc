/* What a cluster's configuration says about its server, checked and taken apart once. */
#include "base/alloc.h"
#include "config/endpoint.h"
#include "engine/mysql/mysql_conn.h"

#include <errno.h>
#include <stdio.h>

enum { PUBLIC_KEY_MAX = 16 * 1024 };

static const struct tn_mysql_flavour mysql_flavour = {
    .what = "MySQL", .transactions = true, .binary = true, .resets = true, .counts = true,
};
/* From its documentation: no transactions that a session opens, few statements can be prepared. */
static const struct tn_mysql_flavour star_rocks_flavour = {
    .what = "StarRocks",
};

static void engine_free(struct tn_mysql_cluster *engine)
{
    if (engine->password != NULL)
        explicit_bzero(engine->password, strlen(engine->password));
    tn_free(engine->password);
    tn_free(engine->user);
    tn_free(engine->host);
    tn_free(engine->port);
    tn_free(engine->database);
    tn_free(engine->socket);
    tn_free(engine->public_key);
    tn_free(engine->base);
    tn_tls_unref(engine->tls);
    tn_free(engine);
}

static char *copy_or_null(struct tn_str text)
{
    return text.len == 0 ? NULL : tn_strndup(text.ptr, text.len);
}

static bool take_endpoint(struct tn_mysql_cluster *engine, const struct tn_cluster_conf *conf, struct tn_error *err)
{
    struct tn_endpoint_mysql parts;
    const char              *reason = tn_endpoint_parse_mysql(conf->endpoint, &parts);

    if (reason != NULL) {
        tn_fail(err, TN_E_INVALID, "F0000", "endpoint: %s", reason);
        tn_error_hint(err, "write it as mysql://HOST:PORT/DATABASE");
        return false;
    }
    engine->host = tn_strndup(parts.host.ptr, parts.host.len);
    engine->port = parts.port.len > 0 ? tn_strndup(parts.port.ptr, parts.port.len)
                                      : tn_strdup(engine->flavour->transactions ? "3306" : "9030");
    engine->database = copy_or_null(parts.database);
    engine->socket = copy_or_null(parts.socket);
    return true;
}

static const char *file_or_null(struct tn_str path)
{
    return path.len > 0 ? path.ptr : NULL;
}

static enum tn_status take_tls(struct tn_mysql_cluster *engine, const struct tn_cluster_conf *conf, struct tn_error *err)
{
    struct tn_tls_client_conf tls = {
        .ca_file = file_or_null(conf->tls_ca_file),
        .cert_file = file_or_null(conf->tls_cert_file),
        .key_file = file_or_null(conf->tls_key_file),
        .verify = conf->ssl_mode >= TN_CFG_SSL_MODE_VERIFY_CA,
    };

    if (conf->ssl_mode == TN_CFG_SSL_MODE_DISABLE || engine->socket != NULL)
        return TN_OK;
    engine->tls_required = conf->ssl_mode >= TN_CFG_SSL_MODE_REQUIRE;
    engine->tls_checks_host = conf->ssl_mode == TN_CFG_SSL_MODE_VERIFY_FULL;
    return tn_tls_client_new(&engine->tls, &tls, err);
}

static enum tn_status take_public_key(struct tn_mysql_cluster *engine, const struct tn_cluster_conf *conf, struct tn_error *err)
{
    char   text[PUBLIC_KEY_MAX];
    FILE  *file;
    size_t len;

    engine->key_retrieval = conf->auth_key_retrieval;
    if (conf->auth_public_key_file.len == 0)
        return TN_OK;
    file = fopen(conf->auth_public_key_file.ptr, "re");
    if (file == NULL)
        return tn_fail(err, TN_E_IO, "58030", "auth.serverPublicKeyFile: cannot read %s: %s",
                       conf->auth_public_key_file.ptr, strerror(errno));
    len = fread(text, 1, sizeof text, file);
    fclose(file);
    if (!tn_mysql_is_public_key(tn_str_n(text, len)))
        return tn_fail(err, TN_E_INVALID, "F0000", "auth.serverPublicKeyFile: %s is no RSA public key in PEM",
                       conf->auth_public_key_file.ptr);
    engine->public_key = tn_strndup(text, len);
    return engine->public_key != NULL ? TN_OK : tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
}

/* Sessions of Turnout are in UTC and commit each statement, until somebody says otherwise. */
static bool take_base(struct tn_mysql_cluster *engine, const struct tn_cluster_conf *conf)
{
    struct tn_buf sql;

    tn_buf_init(&sql, 64 * 1024);
    tn_buf_puts(&sql, "SET time_zone='+00:00', autocommit=1");
    if (conf->sql_mode.len > 0) {
        tn_buf_puts(&sql, ", sql_mode=");
        tn_mysql_put_literal(&sql, conf->sql_mode);
    }
    if (!sql.failed)
        engine->base = tn_strndup(sql.data, sql.len);
    tn_buf_reset(&sql);
    return engine->base != NULL;
}

enum tn_status tn_mysql_cluster_open(struct tn_cluster *cluster, struct tn_error *err)
{
    const struct tn_cluster_conf *conf = cluster->conf;
    struct tn_mysql_cluster      *engine = tn_calloc(1, sizeof *engine);
    enum tn_status                status = TN_OK;

    if (engine == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
    engine->flavour = conf->engine == TN_CFG_ENGINE_STAR_ROCKS ? &star_rocks_flavour : &mysql_flavour;
    if (!take_endpoint(engine, conf, err)) {
        engine_free(engine);
        return TN_E_INVALID;
    }
    if (conf->auth_type == TN_CFG_CLUSTER_AUTH_BASIC) {
        engine->user = tn_strndup(conf->auth_username.ptr, conf->auth_username.len);
        engine->password = tn_strndup(conf->auth_password.ptr == NULL ? "" : conf->auth_password.ptr, conf->auth_password.len);
    } else {
        engine->user = tn_strdup("root");
        engine->password = tn_strdup("");
    }
    status = take_tls(engine, conf, err);
    if (status == TN_OK)
        status = take_public_key(engine, conf, err);
    if (status == TN_OK && (!take_base(engine, conf) || engine->user == NULL || engine->password == NULL || engine->host == NULL ||
                            engine->port == NULL))
        status = tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
    if (status != TN_OK) {
        engine_free(engine);
        return status;
    }
    cluster->engine = engine;
    return TN_OK;
}

void tn_mysql_cluster_close(struct tn_cluster *cluster)
{
    if (cluster->engine != NULL)
        engine_free(cluster->engine);
    cluster->engine = NULL;
}

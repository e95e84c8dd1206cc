/* What a cluster's configuration says about its server, checked and put into libpq's form once. */
#include "base/alloc.h"
#include "engine/postgres/postgres_conn.h"

static const char *ssl_mode_text(enum tn_cfg_ssl_mode mode)
{
    static const char *const texts[] = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"};

    return (size_t)mode < TN_ARRAY_LEN(texts) ? texts[mode] : "prefer";
}

static void put(struct tn_postgres_cluster *engine, const char *key, const char *value)
{
    for (size_t i = 0; i < engine->count; i++)
        if (strcmp(engine->keys[i], key) == 0) {
            engine->values[i] = value;
            return;
        }
    if (engine->count == TN_POSTGRES_PARAMS)
        return; /* libpq knows fewer than that */
    engine->keys[engine->count] = key;
    engine->values[engine->count++] = value;
}

static enum tn_status refuse(struct tn_error *err, const struct tn_cluster_conf *conf, const char *what)
{
    tn_fail(err, TN_E_INVALID, "F0000", "cluster " TN_STR_FMT ": endpoint %s", TN_STR_ARG(conf->name), what);
    tn_error_hint(err, "write it as postgresql://HOST:PORT/DATABASE");
    return TN_E_INVALID;
}

static enum tn_status take_endpoint(struct tn_postgres_cluster *engine, const struct tn_cluster_conf *conf,
                                    struct tn_error *err)
{
    char *text = NULL;

    if (!tn_str_starts(conf->endpoint, TN_STR("postgresql://")) && !tn_str_starts(conf->endpoint, TN_STR("postgres://")))
        return refuse(err, conf, "does not start with postgresql://");
    engine->parsed = PQconninfoParse(conf->endpoint.ptr, &text);
    if (engine->parsed == NULL) {
        /* libpq's text may quote the endpoint, and with it a password */
        PQfreemem(text);
        return refuse(err, conf, "cannot be read as a connection URI, or names an option that libpq does not know");
    }
    for (const PQconninfoOption *o = engine->parsed; o->keyword != NULL; o++) {
        if (o->val == NULL)
            continue;
        if (strcmp(o->keyword, "password") == 0)
            return refuse(err, conf, "contains a password: put it under auth.password instead");
        put(engine, o->keyword, o->val);
    }
    return TN_OK;
}

static bool has(const struct tn_postgres_cluster *engine, const char *key)
{
    for (size_t i = 0; i < engine->count; i++)
        if (strcmp(engine->keys[i], key) == 0)
            return true;
    return false;
}

static void take_options(struct tn_postgres_cluster *engine, const struct tn_cluster_conf *conf)
{
    if (conf->auth_type == TN_CFG_CLUSTER_AUTH_BASIC) {
        put(engine, "user", conf->auth_username.ptr);
        put(engine, "password", conf->auth_password.ptr);
    }
    if (!has(engine, "sslmode") || conf->ssl_mode != TN_CFG_SSL_MODE_PREFER)
        put(engine, "sslmode", ssl_mode_text(conf->ssl_mode));
    if (conf->tls_ca_file.len > 0)
        put(engine, "sslrootcert", conf->tls_ca_file.ptr);
    if (conf->tls_cert_file.len > 0)
        put(engine, "sslcert", conf->tls_cert_file.ptr);
    if (conf->tls_key_file.len > 0)
        put(engine, "sslkey", conf->tls_key_file.ptr);
    if (!has(engine, "application_name"))
        put(engine, "application_name", "turnout");
    if (!has(engine, "keepalives_idle")) { /* a server that vanished is noticed in 90 s, not in two hours */
        put(engine, "keepalives_idle", "60");
        put(engine, "keepalives_interval", "10");
        put(engine, "keepalives_count", "3");
    }
    if (!has(engine, "tcp_user_timeout"))
        put(engine, "tcp_user_timeout", "90000"); /* nor in 15 minutes when it vanishes with bytes of ours on the way */
    if (!has(engine, "gssencmode"))
        put(engine, "gssencmode", "disable"); /* else each login looks for Kerberos credentials */
    put(engine, "client_encoding", "UTF8");
}

static bool is_set_statement(struct tn_str text)
{
    text = tn_str_trim(text);
    return text.len > 4 && tn_str_ieq_c(tn_str_n(text.ptr, 3), "set") && (text.ptr[3] == ' ' || text.ptr[3] == '\t');
}

static enum tn_status take_init_sets(struct tn_postgres_cluster *engine, const struct tn_cluster_conf *conf,
                                     struct tn_error *err)
{
    struct tn_buf sets;

    tn_buf_init(&sets, 1024 * 1024);
    for (size_t i = 0; i < conf->init_sql.count; i++) {
        if (!is_set_statement(conf->init_sql.items[i]))
            continue;
        tn_buf_put_str(&sets, conf->init_sql.items[i]);
        tn_buf_put_u8(&sets, ';');
    }
    tn_buf_put_u8(&sets, '\0');
    if (sets.failed) {
        tn_buf_reset(&sets);
        return tn_fail(err, TN_E_NOMEM, "53200", "cluster " TN_STR_FMT ": initSql is too long", TN_STR_ARG(conf->name));
    }
    engine->init_sets = sets.data;
    return TN_OK;
}

static void engine_free(struct tn_postgres_cluster *engine)
{
    PQconninfoFree(engine->parsed);
    tn_free(engine->init_sets);
    tn_free(engine);
}

enum tn_status tn_postgres_open(struct tn_cluster *cluster, struct tn_error *err)
{
    struct tn_postgres_cluster *engine = tn_calloc(1, sizeof *engine);
    enum tn_status              status;

    if (engine == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "cluster " TN_STR_FMT ": out of memory", TN_STR_ARG(cluster->conf->name));
    status = take_endpoint(engine, cluster->conf, err);
    if (status == TN_OK)
        status = take_init_sets(engine, cluster->conf, err);
    if (status != TN_OK) {
        engine_free(engine);
        return status;
    }
    take_options(engine, cluster->conf);
    cluster->engine = engine;
    return TN_OK;
}

void tn_postgres_close(struct tn_cluster *cluster)
{
    if (cluster->engine != NULL)
        engine_free(cluster->engine);
    cluster->engine = NULL;
}

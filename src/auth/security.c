#include "auth/security.h"

#include "net/listener.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The options of one listener. */
struct tls_options {
    const char                 *path, *alpn;
    struct tn_str               cert_file, key_file, client_ca_file;
    enum tn_cfg_tls_client_cert client_cert;
    enum tn_cfg_tls_mode        mode;
    enum tn_cfg_tls_version     min_version;
};

static struct tls_options options_of(const struct tn_settings *s, enum tn_listener_id id)
{
    switch (id) {
#define LISTENER(name, prefix, option_path, protocol)                                                                  \
    case TN_LISTENER_##name:                                                                                           \
        return (struct tls_options){.path = option_path,                                                               \
                                    .alpn = protocol,                                                                  \
                                    .cert_file = s->prefix##_tls_cert_file,                                            \
                                    .key_file = s->prefix##_tls_key_file,                                              \
                                    .client_ca_file = s->prefix##_tls_client_ca_file,                                  \
                                    .client_cert = s->prefix##_tls_client_cert,                                        \
                                    .mode = s->prefix##_tls_mode,                                                      \
                                    .min_version = s->prefix##_tls_min_version};
#include "auth/listeners.def"
#undef LISTENER
    case TN_LISTENER_COUNT:
        break;
    }
    return (struct tls_options){.path = ""};
}

struct loading {
    const struct tn_config *config;
    struct tn_problems     *problems;
    struct tls_options      options;
};

static void complain(const struct loading *l, enum tn_problem_kind kind, const char *option, const char *fmt, ...)
    TN_PRINTF(4, 5);

static void complain(const struct loading *l, enum tn_problem_kind kind, const char *option, const char *fmt, ...)
{
    char    path[128], text[1024];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    snprintf(path, sizeof path, "%s.tls.%s", l->options.path, option);
    tn_config_settings_problem(l->config, l->problems, kind, path, "%s", text);
}

/* Options that mean nothing without a certificate. True: there is no TLS here. */
static bool is_off(const struct loading *l)
{
    const struct tls_options *o = &l->options;

    if (o->cert_file.len > 0)
        return o->mode == TN_CFG_TLS_MODE_DISABLE;
    if (o->mode == TN_CFG_TLS_MODE_REQUIRE)
        complain(l, TN_PROBLEM_ERROR, "mode", "TLS needs a certificate: set certFile and keyFile");
    else if (o->mode != TN_CFG_TLS_MODE_DISABLE && o->key_file.len > 0)
        complain(l, TN_PROBLEM_ERROR, "keyFile", "a key without its certificate: set certFile");
    else if (o->mode != TN_CFG_TLS_MODE_DISABLE && o->client_ca_file.len > 0)
        complain(l, TN_PROBLEM_ERROR, "clientCaFile", "TLS needs a certificate of its own: set certFile and keyFile");
    return true;
}

/* A file that is of use to whoever reads it. */
static void check_secrecy(const struct loading *l, const char *path)
{
    struct stat info;

    if (stat(path, &info) == 0 && (info.st_mode & S_IROTH) != 0)
        complain(l, TN_PROBLEM_WARNING, "keyFile", "everybody on this machine can read %s; chmod 600", path);
}

static void check_expiry(const struct loading *l, const struct tn_tls *tls, const char *path)
{
    time_t    expires = tn_tls_expires(tls);
    char      text[32];
    struct tm tm;

    if (expires == 0 || expires > time(NULL) || gmtime_r(&expires, &tm) == NULL)
        return;
    strftime(text, sizeof text, "%Y-%m-%d", &tm);
    complain(l, TN_PROBLEM_WARNING, "certFile", "the certificate of %s expired on %s", path, text);
}

static bool full_path(const struct loading *l, const char *option, struct tn_str name, char out[4096])
{
    if (name.len == 0 || tn_config_file(l->config, name, out, 4096))
        return true;
    complain(l, TN_PROBLEM_ERROR, option, "the path is too long");
    return false;
}

static void load_tls(struct loading *l, struct tn_tls **out)
{
    const struct tls_options *o = &l->options;
    char                      cert[4096], key[4096], ca[4096];
    struct tn_tls_conf        conf = {.required = o->mode == TN_CFG_TLS_MODE_REQUIRE,
                                      .only_1_3 = o->min_version == TN_CFG_TLS_VERSION_V1_3,
                                      .alpn = o->alpn};
    struct tn_error           err = TN_ERROR_INIT;
    const char               *wrong = "certFile";
    bool                      anybody = l->config->settings.auth_provider == TN_CFG_AUTH_PROVIDER_NONE;

    if (!full_path(l, "certFile", o->cert_file, cert) || !full_path(l, "keyFile", o->key_file, key) ||
        !full_path(l, "clientCaFile", o->client_ca_file, ca))
        return;
    conf.cert_file = cert;
    conf.key_file = o->key_file.len > 0 ? key : NULL;
    conf.client_ca_file = o->client_ca_file.len > 0 ? ca : NULL;
    conf.client_cert_required = o->client_cert == TN_CFG_TLS_CLIENT_CERT_REQUIRE ||
                                (o->client_cert == TN_CFG_TLS_CLIENT_CERT_AUTO && anybody);
    if (tn_tls_new(out, &conf, &wrong, &err) != TN_OK) {
        complain(l, TN_PROBLEM_ERROR, wrong, "%s", err.message);
        tn_error_reset(&err);
        return;
    }
    check_secrecy(l, conf.key_file != NULL ? key : cert);
    check_expiry(l, *out, cert);
}

/* ---- limits of HTTP ---- */

static unsigned ms(uint64_t us)
{
    return (unsigned)(us / 1000);
}

static void read_limits(const struct tn_settings *s, struct tn_http_limits out[TN_LISTENER_COUNT])
{
#define LISTENER(...)
#define HTTP_LISTENER(name, prefix, option_path, protocol, body, option)                                                 \
    out[TN_LISTENER_##name] = (struct tn_http_limits){.path = option_path,                                               \
                                                      .body_option = option,                                             \
                                                      .max_connections = s->prefix##_max_connections,                    \
                                                      .max_per_address = s->prefix##_max_per_address,                    \
                                                      .max_per_user = s->prefix##_max_per_user,                          \
                                                      .head_max = s->prefix##_max_header,                                \
                                                      .body_max = s->body,                                               \
                                                      .idle_ms = ms(s->prefix##_idle_timeout),                           \
                                                      .head_ms = ms(s->prefix##_header_timeout),                         \
                                                      .body_ms = ms(s->prefix##_body_timeout),                           \
                                                      .write_ms = ms(s->prefix##_write_timeout)};
#include "auth/listeners.def"
#undef LISTENER
}

/* ---- what fits together ---- */

/* What is allowed to names that anybody can give himself. */
static void check_names(const struct tn_config *config, struct tn_problems *problems)
{
    bool lists = config->settings.auth_hint_users.count > 0 || config->settings.auth_hint_groups.count > 0;

    for (size_t i = 0; i < config->group_count; i++)
        lists = lists || config->groups[i].allowed_users.count > 0 || config->groups[i].allowed_groups.count > 0;
    if (lists && config->settings.auth_provider == TN_CFG_AUTH_PROVIDER_NONE)
        tn_config_settings_problem(config, problems, TN_PROBLEM_WARNING, "auth.provider",
                                   "groups or hints are for certain users only, but with provider none everybody is whom he says");
}

static void check_users(const struct tn_config *config, const struct tn_users *users, struct tn_problems *problems)
{
    bool asked = config->settings.auth_provider != TN_CFG_AUTH_PROVIDER_NONE;
    bool is_loopback = tn_net_is_loopback(config->settings.admin_host.ptr);

    if (asked && tn_users_count(users) == 0)
        tn_config_settings_problem(config, problems, TN_PROBLEM_WARNING, "auth.provider",
                                   "there is no user, so that nobody can log in: set auth.usersFile or auth.staticUsers");
    if (!asked && tn_users_count(users) > 0)
        tn_config_settings_problem(config, problems, TN_PROBLEM_WARNING, "auth.provider",
                                   "nobody is asked for a password: with provider static the users that are given log in");
    if (asked && (tn_users_count(users) > 0 || !is_loopback) && !tn_users_any_admin(users) && config->settings.admin_username.len == 0 &&
        config->settings.admin_enabled)
        tn_config_settings_problem(config, problems, is_loopback ? TN_PROBLEM_WARNING : TN_PROBLEM_ERROR, "auth.adminRoles", "%s",
                                   is_loopback ? "no user is an administrator, so that everybody on this machine may use the admin API "
                                                 "and the console: give a user the role admin"
                                               : "off loopback the admin API needs an administrator: give a user the role admin, or "
                                                 "set adminApi.username and adminApi.password");
}

/* Files that engines' own libraries read at a connection: better found now. */
static void check_cluster(const struct tn_cluster_conf *cluster, struct tn_problems *problems)
{
    const struct {
        const char   *option;
        struct tn_str file;
    } files[] = {{"tls.caFile", cluster->tls_ca_file}, {"tls.certFile", cluster->tls_cert_file}, {"tls.keyFile", cluster->tls_key_file}};
    char path[TN_PATH_MAX];

    for (size_t i = 0; i < TN_ARRAY_LEN(files); i++) {
        if (files[i].file.len == 0 || access(files[i].file.ptr, R_OK) == 0)
            continue;
        tn_path_join(path, "clusters", cluster->name);
        tn_path_join(path, path, tn_str(files[i].option));
        tn_problem_add(problems, TN_PROBLEM_ERROR, cluster->line, path, "cannot read %s: %s", files[i].file.ptr, strerror(errno));
    }
}

enum tn_status tn_security_load(struct tn_security *out, const struct tn_config *config, bool check_only,
                                struct tn_problems *problems)
{
    struct loading l = {.config = config, .problems = problems};
    size_t         errors = problems->errors;
    enum tn_status status;

    *out = (struct tn_security){.users = NULL};
    read_limits(&config->settings, out->http);
    for (unsigned i = 0; i < TN_LISTENER_COUNT; i++) {
        l.options = options_of(&config->settings, (enum tn_listener_id)i);
        if (!is_off(&l))
            load_tls(&l, &out->tls[i]);
    }
    for (size_t i = 0; i < config->cluster_count; i++)
        check_cluster(&config->clusters[i], problems);
    check_names(config, problems);
    status = tn_users_new(&out->users, config, check_only, problems);
    if (status == TN_OK)
        check_users(config, out->users, problems);
    if (status == TN_OK && problems->errors > errors)
        status = TN_E_INVALID;
    if (status != TN_OK)
        tn_security_reset(out);
    return status;
}

void tn_security_reset(struct tn_security *security)
{
    for (unsigned i = 0; i < TN_LISTENER_COUNT; i++)
        tn_tls_unref(security->tls[i]);
    tn_users_unref(security->users);
    *security = (struct tn_security){.users = NULL};
}

void tn_security_check(const struct tn_config *draft, struct tn_problems *problems, void *arg)
{
    struct tn_security security;

    (void)arg;
    if (tn_security_load(&security, draft, true, problems) == TN_OK)
        tn_security_reset(&security);
}

#include "reload.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "learning.h"
#include "server.h"
#include "translate/script_check.h"
#include "translate/scripter.h"

static void check_router(void *check, struct tn_script *script, unsigned line, const char *path)
{
    tn_script_check_one(check, script, "route", line, path);
}

/* Those of the groups are read, and all of them compiled. */
static enum tn_status read_scripts(struct tn_script_book *out, const struct tn_config *config, const struct tn_routes *routes,
                                   struct tn_problems *problems, struct tn_error *err)
{
    struct tn_script_check check;
    size_t                 errors = problems->errors;

    if (tn_script_book_read(out, config, problems) == TN_E_NOMEM)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for scripts");
    tn_script_check_begin(&check, &config->settings, problems);
    tn_routes_scripts(routes, check_router, &check);
    tn_script_check_book(&check, config, out);
    tn_script_check_end(&check);
    return problems->errors == errors ? TN_OK : tn_fail(err, TN_E_INVALID, "F0000", "%s: scripts have mistakes", config->path.ptr);
}

static void count_script(void *count, struct tn_script *script, unsigned line, const char *path)
{
    (void)script;
    (void)line;
    (void)path;
    ++*(size_t *)count;
}

static bool asks(const struct tn_routes *routes, const struct tn_script_book *scripts)
{
    size_t count = 0;

    tn_routes_scripts(routes, count_script, &count);
    return count > 0 || tn_script_book_chooses(scripts);
}

enum tn_status tn_snapshot_build(struct tn_snapshot **out, struct tn_config *config, struct tn_snapshot *before,
                                 struct tn_admission *admission, struct tn_problems *problems, struct tn_error *err)
{
    struct tn_topology_hooks hooks = tn_admission_hooks(admission);
    struct tn_topology      *topology = NULL;
    struct tn_routes        *routes = NULL;
    struct tn_security       security = {.users = NULL};
    struct tn_script_book    scripts = {.group_count = 0};
    enum tn_status           status;

    *out = NULL;
    status = tn_routes_new(&routes, config, problems);
    if (status != TN_OK)
        return tn_fail(err, status, "F0000", "%s: the routers have mistakes", config->path.ptr);
    status = tn_security_load(&security, config, false, problems);
    if (status != TN_OK)
        tn_fail(err, status, "F0000", "%s: certificates or users have mistakes", config->path.ptr);
    else
        status = read_scripts(&scripts, config, routes, problems, err);
    if (status == TN_OK)
        status = tn_topology_new(&topology, config, before != NULL ? before->topology : NULL, &hooks, err);
    if (status == TN_OK) {
        *out = tn_snapshot_new(tn_config_ref(config), topology, routes, &security);
        if (*out != NULL) {
            (*out)->scripts = scripts;
            (*out)->asks = asks(routes, &scripts);
            return TN_OK;
        }
        tn_config_unref(config);
        status = tn_fail(err, TN_E_NOMEM, "53200", "no memory for a configuration");
    }
    tn_script_book_reset(&scripts);
    tn_topology_unref(topology);
    tn_routes_unref(routes);
    tn_security_reset(&security);
    return status;
}

static void adopt(struct tn_runtime *runtime, void *arg)
{
    struct tn_snapshot *old = runtime->snapshot;

    (void)arg;
    runtime->snapshot = tn_server_snapshot(runtime->server);
    tn_snapshot_unref(old);
    if (runtime->worker->index == 0)
        tn_prober_watch(runtime->server->prober, runtime->snapshot->topology);
    tn_pool_sweep(runtime->pool);
}

/* All workers have the new snapshot: its limits come into force, for those that wait already too. */
static void apply_limits(struct tn_worker *worker, void *arg)
{
    const struct tn_runtime *runtime = tn_runtime_of(worker);

    (void)arg;
    tn_admission_apply(runtime->server->admission, runtime->snapshot->topology);
}

static void swap(struct tn_server *server, struct tn_snapshot *now)
{
    struct tn_snapshot *old;

    pthread_mutex_lock(&server->snapshot_lock);
    old = server->snapshot;
    server->snapshot = now;
    pthread_mutex_unlock(&server->snapshot_lock);
    tn_auth_use(server->auth, &now->config->settings, now->security.users);
    tn_learning_number(server, now->topology);
    tn_topology_retire(old->topology, now->topology);
    tn_snapshot_unref(old);
    if (now->asks)
        tn_scripter_warm(server->scripter);
    if (tn_server_each_worker(server, server->workers[0], adopt, apply_limits, NULL) != TN_OK)
        tn_log(TN_LOG_ERROR, "reload: no memory to tell the workers; send SIGHUP again", TN_LOG_U64("workers",
               server->worker_count));
}

static void apply_settings(struct tn_server *server, const struct tn_settings *settings)
{
    tn_log_configure((enum tn_log_level)settings->log_level, (enum tn_log_format)settings->log_format);
    if (server->history != NULL)
        tn_history_limit(server->history, settings->history_max_age, settings->history_max_size,
                         settings->history_max_text);
}

static enum tn_status reload(struct tn_server *server, struct tn_problems *problems, char *restart_keys,
                             size_t restart_keys_size, struct tn_error *err)
{
    struct tn_snapshot *before = tn_server_snapshot(server);
    struct tn_snapshot *now = NULL;
    struct tn_config   *config;
    char                keys[512];
    enum tn_status      status = tn_config_load_checked(&config, server->config_path, problems, tn_routes_check, NULL);

    if (status == TN_OK) {
        status = tn_snapshot_build(&now, config, before, server->admission, problems, err);
        if (status == TN_OK) {
            tn_config_restart_changes(server->started_with, config, keys, sizeof keys);
            if (restart_keys != NULL)
                snprintf(restart_keys, restart_keys_size, "%s", keys);
            apply_settings(server, &config->settings);
            swap(server, now);
            tn_log(TN_LOG_INFO, "configuration reloaded", TN_LOG_TEXT("file", server->config_path),
                   TN_LOG_TEXT("needs_restart", keys));
        }
        tn_config_unref(config);
    } else if (err != NULL && err->status == TN_OK) {
        tn_fail(err, status, "F0000", "%s: the configuration has mistakes; nothing was changed", server->config_path);
    }
    tn_snapshot_unref(before);
    return status;
}

enum tn_status tn_server_reload(struct tn_server *server, struct tn_problems *problems, char *restart_keys,
                                size_t restart_keys_size, struct tn_error *err)
{
    enum tn_status status;

    if (restart_keys != NULL)
        restart_keys[0] = '\0';
    pthread_mutex_lock(&server->reload_lock);
    status = reload(server, problems, restart_keys, restart_keys_size, err);
    pthread_mutex_unlock(&server->reload_lock);
    tn_problems_sort(problems);
    tn_problems_log(problems);
    atomic_fetch_add(status == TN_OK ? &server->reloads_ok : &server->reloads_failed, 1);
    if (status != TN_OK)
        tn_log(TN_LOG_ERROR, "reload refused, nothing changed", TN_LOG_TEXT("file", server->config_path),
               TN_LOG_U64("errors", problems->errors), TN_LOG_TEXT("error", err != NULL ? err->message : ""));
    return status;
}

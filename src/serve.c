/* configuration -> server -> listeners -> signals -> an orderly end */
#include "serve.h"

#include "admin/admin.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/log.h"
#include "catalog/image.h"
#include "console/console.h"
#include "mysql/mysql.h"
#include "policies/route/route.h"
#include "rest/rest.h"
#include "server.h"
#include "session/session.h"
#include "trino/trino.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { STUCK_SECONDS = 10 };

static void print_problems(struct tn_problems *problems)
{
    struct tn_buf out;

    tn_problems_sort(problems);
    tn_buf_init(&out, 16 * 1024 * 1024);
    tn_problems_print(problems, &out);
    if (out.len > 0)
        fwrite(out.data, 1, out.len, stderr);
    tn_buf_reset(&out);
}

/* As many descriptors as the system lets us have: each client is one. */
static void raise_limits(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit is an error of the write, as a full disk is */
}

/* Where clients come in; NULL: not enabled. */
struct doors {
    struct tn_listener *pg;
    struct tn_admin    *admin;
    struct tn_rest     *rest;
    struct tn_trino    *trino;
    struct tn_mysql    *mysql;
};

static enum tn_status open_pg(struct tn_listener **pg, struct tn_server *server, const struct tn_settings *settings, struct tn_error *err)
{
    if (!settings->pg_enabled)
        return TN_OK;
    TN_TRY(tn_listener_open(pg, server->workers, server->worker_count, settings->pg_host.ptr, (uint16_t)settings->pg_port,
                            tn_session_accept, server, err));
    tn_log(TN_LOG_INFO, "listening", TN_LOG_TEXT("protocol", "postgresWire"), TN_LOG_TEXT("host", settings->pg_host.ptr),
           TN_LOG_U64("port", tn_listener_port(*pg)));
    return TN_OK;
}

/* Says in front of an error which section of the configuration it is about. */
static enum tn_status named(enum tn_status status, const char *section, struct tn_error *err)
{
    if (status != TN_OK)
        tn_error_about(err, "turnout.%s", section);
    return status;
}

static enum tn_status open_doors(struct doors *doors, struct tn_server *server, const struct tn_settings *settings, struct tn_error *err)
{
    TN_TRY(tn_catalog_open(server, err));
    TN_TRY(tn_console_open(server, err));
    for (size_t i = 0; i < server->worker_count; i++)
        TN_TRY(tn_sessions_init(server->workers[i], err));
    TN_TRY(named(tn_admin_open(&doors->admin, server, err), "adminApi", err));
    TN_TRY(named(tn_rest_open(&doors->rest, server, err), "frontends.restHttp", err));
    TN_TRY(named(tn_trino_http_open(&doors->trino, server, err), "frontends.trinoHttp", err));
    TN_TRY(named(tn_mysql_open(&doors->mysql, server, err), "frontends.mysqlWire", err));
    TN_TRY(named(open_pg(&doors->pg, server, settings, err), "frontends.postgresWire", err));
    atomic_store(&server->state, TN_SERVER_READY);
    return TN_OK;
}

static void reload(struct tn_server *server)
{
    struct tn_problems problems;
    struct tn_error    err = TN_ERROR_INIT;
    enum tn_status     status;

    tn_problems_init(&problems, server->config_path);
    status = tn_server_reload(server, &problems, NULL, 0, &err);
    (void)status; /* it logs what is wrong */
    tn_error_reset(&err);
    tn_problems_reset(&problems);
}

static void wait_for_signals(struct tn_server *server, const sigset_t *signals)
{
    int got;

    for (;;) {
        got = sigwaitinfo(signals, NULL);
        if (got == SIGHUP)
            reload(server);
        else if (got == SIGTERM || got == SIGINT)
            break;
    }
    tn_log(TN_LOG_INFO, "stopping", TN_LOG_TEXT("signal", got == SIGINT ? "SIGINT" : "SIGTERM"));
}

/* An embedded engine that does not heed its interrupt must not keep the program: what history has is written by now. */
static void on_stuck(int signal_number)
{
    static const char text[] = "turnout: an engine does not stop; leaving without it\n";

    (void)signal_number;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(1);
    _exit(1);
}

static void leave_within(struct tn_server *server, unsigned seconds)
{
    struct sigaction action = {.sa_handler = on_stuck};

    if (server->history != NULL)
        tn_history_flush(server->history);
    sigaction(SIGALRM, &action, NULL);
    alarm(seconds);
}

static void stop(struct tn_server *server, const struct doors *doors)
{
    struct tn_snapshot *snapshot = tn_server_snapshot(server);

    if (doors->pg != NULL)
        tn_listener_stop(doors->pg);
    atomic_store(&server->state, TN_SERVER_STOPPING);
    tn_sessions_stop(server);
    tn_rest_stop(doors->rest);
    tn_mysql_stop(doors->mysql);
    tn_server_drain(server, snapshot->config->settings.shutdown_timeout);
    tn_snapshot_unref(snapshot);
    leave_within(server, STUCK_SECONDS);
    tn_trino_http_stop(doors->trino); /* until now clients could fetch what was running */
    if (doors->admin != NULL)
        tn_admin_stop(doors->admin);
    tn_server_stop_workers(server);
    tn_listener_close(doors->pg);
    tn_mysql_close(doors->mysql);
    tn_admin_close(doors->admin);
    tn_rest_close(doors->rest);
    tn_trino_http_close(doors->trino);
    for (size_t i = 0; i < server->worker_count; i++)
        tn_sessions_free(server->workers[i]);
}

int tn_serve(const struct tn_serve_options *options)
{
    struct tn_problems  problems;
    struct tn_error     err = TN_ERROR_INIT;
    struct tn_config   *config = NULL;
    struct tn_server   *server = NULL;
    struct doors        doors = {.pg = NULL};
    sigset_t            signals;
    enum tn_status      status;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    raise_limits();
    tn_alloc_set_up();
    tn_problems_init(&problems, options->config_path);
    status = tn_config_load_checked(&config, options->config_path, &problems, tn_routes_check, NULL);
    if (status == TN_OK) {
        tn_log_configure((enum tn_log_level)config->settings.log_level, (enum tn_log_format)config->settings.log_format);
        status = tn_server_new(&server, config, options->config_path, &problems, &err);
    }
    if (status == TN_OK)
        status = tn_server_start(server, &err);
    if (status == TN_OK)
        status = open_doors(&doors, server, &config->settings, &err);
    if (status != TN_OK)
        print_problems(&problems);
    if (status == TN_OK) {
        tn_problems_log(&problems); /* warnings */
        tn_log(TN_LOG_INFO, "ready", TN_LOG_TEXT("version", TN_VERSION), TN_LOG_U64("workers", server->worker_count),
               TN_LOG_TEXT("config", options->config_path));
        wait_for_signals(server, &signals);
    } else if (err.status != TN_OK) {
        fprintf(stderr, "turnout: %s%s%s\n", err.message, err.hint[0] != '\0' ? "\n  " : "", err.hint);
    }
    if (server != NULL)
        stop(server, &doors);
    tn_server_free(server);
    tn_config_unref(config);
    tn_problems_reset(&problems);
    tn_error_reset(&err);
    if (status == TN_OK)
        tn_log(TN_LOG_INFO, "stopped", TN_LOG_U64("exit", 0));
    return status == TN_OK ? 0 : 1;
}

#include "console/console.h"

#include "base/alloc.h"
#include "console/console_command.h"
#include "engine/blocking.h"

static bool admits(const struct tn_console *link, const struct tn_identity *identity, struct tn_str peer, struct tn_error *err)
{
    const struct tn_console_database *console = TN_CONTAINER_OF((struct tn_console *)(uintptr_t)link, struct tn_console_database, link);
    struct tn_auth                   *auth = console->server->auth;

    if (tn_auth_is_admin(auth, identity, peer))
        return true;
    tn_fail(err, TN_E_DENIED, "42501", "user \"%.*s\" is no administrator: database \"" TN_CONSOLE_DATABASE "\" is for them",
            (int)TN_MIN(identity->user.len, (size_t)100), identity->user.ptr);
    tn_error_hint(err, tn_auth_admin_is_asked(auth)
                           ? "Give the user a role of turnout.auth.adminRoles (admin), or name another database."
                           : "Connect from the machine that Turnout runs on, or name another database.");
    return false;
}

static struct tn_conn *connect_later(struct tn_cluster *cluster, struct tn_worker *worker,
                                     void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner)
{
    return tn_blocking_connect(cluster, worker, &tn_console_blocking_ops, connected, owner);
}

static void free_console(struct tn_console *link)
{
    struct tn_console_database *console = TN_CONTAINER_OF(link, struct tn_console_database, link);
    struct tn_topology_hooks    hooks = tn_admission_hooks(console->server->admission);

    if (console->group.state != NULL)
        hooks.state_put(hooks.arg, console->group.state);
    tn_cluster_unref(console->cluster);
    tn_free(console);
}

/* A cluster of the SQLite engine, in memory, whose connections are the console's. */
static enum tn_status make_cluster(struct tn_console_database *console, struct tn_error *err)
{
    static struct tn_engine_ops ops; /* written once, before any thread of a server uses it */

    console->cluster_conf = (struct tn_cluster_conf){
        .name = TN_STR("console"), .engine = TN_CFG_ENGINE_SQLITE, .enabled = true, .database_path = TN_STR(""),
        .pool_size = 4, .pool_idle_timeout = UINT64_C(60000000), .connect_timeout = UINT64_C(10000000),
        .max_running = TN_CONSOLE_RUNNING, .breaker_consecutive = UINT32_MAX, .breaker_rate = 100, .breaker_min_requests = UINT32_MAX,
        .breaker_window = UINT64_C(10000000), .breaker_backoff = UINT64_C(1000000), .breaker_max_backoff = UINT64_C(1000000),
    };
    TN_TRY(tn_cluster_new(&console->cluster, console->server->started_with, &console->cluster_conf, err));
    ops = *console->cluster->ops;
    ops.connect = connect_later;
    console->cluster->ops = &ops;
    return TN_OK;
}

static enum tn_status make_group(struct tn_console_database *console, struct tn_error *err)
{
    struct tn_topology_hooks hooks = tn_admission_hooks(console->server->admission);

    console->group_conf = (struct tn_group_conf){
        .name = TN_STR("console"), .enabled = true, .max_running = TN_CONSOLE_RUNNING, .max_queued = TN_CONSOLE_QUEUED,
        .queue_timeout = UINT64_C(30000000), .query_timeout = TN_CONSOLE_TIMEOUT_US, .fallback_index = -1,
    };
    console->members[0] = console->cluster;
    console->group.conf = &console->group_conf;
    console->group.member_count = 1;
    console->group.members = console->members;
    console->group.state = hooks.state_get(hooks.arg, TN_STR(" console")); /* no group of a configuration can be called so */
    return console->group.state != NULL ? TN_OK : tn_fail(err, TN_E_NOMEM, "53200", "no memory for the console");
}

enum tn_status tn_console_open(struct tn_server *server, struct tn_error *err)
{
    struct tn_console_database *console = tn_calloc(1, sizeof *console);
    enum tn_status              status;

    if (console == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for the console");
    console->server = server;
    console->link = (struct tn_console){&console->group, admits, tn_console_is_command, free_console};
    status = make_cluster(console, err);
    if (status == TN_OK)
        status = make_group(console, err);
    if (status != TN_OK)
        free_console(&console->link);
    else
        server->console = &console->link;
    return status;
}

/* status.c - the program as a whole, its clusters and its groups. Reads only what any thread may read. */
#include "admin/endpoint.h"

#include "base/clock.h"

#include <unistd.h>

static const char *const state_names[] = {"starting", "ready", "stopping"};
static const char *const health_names[] = {"unknown", "up", "down"};
static const char *const breaker_names[] = {"closed", "open", "halfOpen"};

void tn_admin_status(struct tn_admin *admin, struct tn_http_exchange *x, const struct tn_http_args *args)
{
    struct tn_server   *server = admin->server;
    struct tn_snapshot *snapshot = tn_server_snapshot(server);
    struct tn_buf       body;
    struct tn_json      json = {.buf = &body};

    (void)args;
    tn_buf_init(&body, TN_ADMIN_REPLY_MAX);
    tn_json_open(&json, NULL, '{');
    tn_json_text(&json, "version", TN_VERSION);
    tn_json_text(&json, "state", state_names[atomic_load(&server->state)]);
    tn_json_u64(&json, "pid", (uint64_t)getpid());
    tn_json_time(&json, "startedAt", server->started_wall_us);
    tn_json_u64(&json, "uptimeSeconds", (tn_clock_us() - server->started_us) / 1000000);
    tn_json_u64(&json, "workers", server->worker_count);
    tn_json_u64(&json, "sessions", atomic_load(&server->sessions));
    tn_json_u64(&json, "queries", atomic_load(&server->queries));
    tn_json_open(&json, "config", '{');
    tn_json_text(&json, "path", server->config_path);
    tn_json_time(&json, "loadedAt", snapshot->loaded_wall_us);
    tn_json_u64(&json, "reloads", atomic_load(&server->reloads_ok));
    tn_json_u64(&json, "failedReloads", atomic_load(&server->reloads_failed));
    tn_json_u64(&json, "clusters", snapshot->topology->cluster_count);
    tn_json_u64(&json, "groups", snapshot->topology->group_count);
    tn_json_close(&json, '}');
    tn_json_close(&json, '}');
    tn_snapshot_unref(snapshot);
    tn_admin_reply_json(x, 200, &body);
}

static void put_cluster(struct tn_json *json, struct tn_cluster *cluster)
{
    uint64_t       now = tn_clock_us();
    enum tn_usable usable = tn_cluster_look(cluster, now);
    char           note[256];

    tn_cluster_get_note(cluster, note, sizeof note);
    tn_json_open(json, NULL, '{');
    tn_json_str(json, "name", cluster->conf->name);
    tn_json_text(json, "engine", cluster->ops->name);
    tn_json_bool(json, "usable", usable == TN_USABLE_OK);
    if (usable != TN_USABLE_OK)
        tn_json_text(json, "reason", tn_usable_text(usable));
    tn_json_bool(json, "enabled", cluster->conf->enabled);
    tn_json_bool(json, "readOnly", cluster->conf->read_only);
    tn_json_bool(json, "maintenance", atomic_load(&cluster->maintenance));
    tn_json_text(json, "health", health_names[atomic_load(&cluster->health)]);
    tn_json_text(json, "note", note[0] != '\0' ? note : NULL);
    tn_json_text(json, "breaker", breaker_names[tn_breaker_state(&cluster->breaker, now)]);
    tn_json_u64(json, "running", atomic_load(&cluster->running));
    tn_json_u64(json, "maxRunning", cluster->max_running);
    tn_json_u64(json, "queries", atomic_load(&cluster->queries));
    tn_json_u64(json, "failures", atomic_load(&cluster->failures));
    tn_json_u64(json, "failedProbes", atomic_load(&cluster->probes_failed));
    tn_json_close(json, '}');
}

void tn_admin_clusters(struct tn_admin *admin, struct tn_http_exchange *x, const struct tn_http_args *args)
{
    struct tn_snapshot *snapshot = tn_server_snapshot(admin->server);
    struct tn_buf       body;
    struct tn_json      json = {.buf = &body};

    (void)args;
    tn_buf_init(&body, TN_ADMIN_REPLY_MAX);
    tn_json_open(&json, NULL, '[');
    for (size_t i = 0; i < snapshot->topology->cluster_count; i++)
        put_cluster(&json, snapshot->topology->clusters[i]);
    tn_json_close(&json, ']');
    tn_snapshot_unref(snapshot);
    tn_admin_reply_json(x, 200, &body);
}

static void put_group(struct tn_json *json, struct tn_admission *admission, const struct tn_group *group, bool frozen)
{
    struct tn_group_load load = {0};

    tn_admission_load(admission, group, &load);
    tn_json_open(json, NULL, '{');
    tn_json_str(json, "name", group->conf->name);
    tn_json_bool(json, "enabled", group->conf->enabled);
    tn_json_text(json, "strategy", tn_config_enum_text("STRATEGY", (unsigned)group->conf->strategy));
    tn_json_bool(json, "frozen", frozen);
    tn_json_open(json, "members", '[');
    for (size_t i = 0; i < group->member_count; i++)
        tn_json_str(json, NULL, group->members[i]->conf->name);
    tn_json_close(json, ']');
    tn_json_text(json, "fallbackGroup", group->fallback != NULL ? group->fallback->conf->name.ptr : NULL);
    tn_json_u64(json, "running", load.running);
    tn_json_u64(json, "maxRunning", group->conf->max_running);
    tn_json_u64(json, "queued", load.queued);
    tn_json_u64(json, "maxQueued", group->conf->max_queued);
    tn_json_u64(json, "admitted", load.admitted);
    tn_json_u64(json, "queuedTotal", load.queued_total);
    tn_json_u64(json, "refused", load.refused);
    tn_json_u64(json, "spilled", load.spilled);
    tn_json_close(json, '}');
}

void tn_admin_groups(struct tn_admin *admin, struct tn_http_exchange *x, const struct tn_http_args *args)
{
    struct tn_snapshot *snapshot = tn_server_snapshot(admin->server);
    struct tn_buf       body;
    struct tn_json      json = {.buf = &body};

    (void)args;
    tn_buf_init(&body, TN_ADMIN_REPLY_MAX);
    tn_json_open(&json, NULL, '[');
    for (size_t i = 0; i < snapshot->topology->group_count; i++)
        put_group(&json, admin->server->admission, &snapshot->topology->groups[i],
                  tn_freeze_has(admin->server->freeze, snapshot->topology->groups[i].conf->name));
    tn_json_close(&json, ']');
    tn_snapshot_unref(snapshot);
    tn_admin_reply_json(x, 200, &body);
}

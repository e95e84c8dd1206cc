/* control.c - maintenance of a cluster, freezing a group, and reading the configuration again. */
#include "admin/endpoint.h"

#include "base/alloc.h"
#include "shadow.h"

static void set_maintenance(struct tn_admin *admin, struct tn_http_exchange *x, struct tn_str name, bool on)
{
    struct tn_snapshot *snapshot = tn_server_snapshot(admin->server);
    struct tn_cluster  *cluster = tn_topology_cluster(snapshot->topology, name);
    struct tn_buf       body;
    struct tn_json      json = {.buf = &body};

    if (cluster == NULL) {
        tn_snapshot_unref(snapshot);
        tn_http_problem(x, 404, "there is no cluster `%.64s`", name.ptr);
        return;
    }
    atomic_store(&cluster->maintenance, on);
    if (on)
        tn_shadow_stop(admin->server, NULL, cluster);
    else
        tn_admission_kick(admin->server->admission);
    tn_admin_log(x, "maintenance", name, on ? "on" : "off");
    tn_buf_init(&body, 4096);
    tn_json_open(&json, NULL, '{');
    tn_json_str(&json, "cluster", name);
    tn_json_bool(&json, "maintenance", on);
    tn_json_u64(&json, "running", atomic_load(&cluster->running));
    tn_json_u64(&json, "openTransactions", atomic_load(&cluster->resting));
    tn_json_bool(&json, "drained", on && atomic_load(&cluster->running) == 0 && atomic_load(&cluster->resting) == 0);
    tn_json_close(&json, '}');
    tn_snapshot_unref(snapshot);
    tn_admin_reply_json(x, 200, &body);
}

void tn_admin_maintenance(struct tn_admin *admin, struct tn_http_exchange *x, const struct tn_http_args *args)
{
    bool on = false;

    if (tn_http_arg(args, "on").ptr == NULL)
        tn_http_problem(x, 400, "parameter `on` is missing: on=true or on=false");
    else if (tn_http_arg_bool(x, args, "on", &on))
        set_maintenance(admin, x, args->capture, on);
}

void tn_admin_drain(struct tn_admin *admin, struct tn_http_exchange *x, const struct tn_http_args *args)
{
    set_maintenance(admin, x, args->capture, true);
}

/* ---- freeze ---- */

static void set_frozen(struct tn_admin *admin, struct tn_http_exchange *x, struct tn_str name, bool on)
{
    struct tn_snapshot *snapshot = tn_server_snapshot(admin->server);
    bool                there = tn_topology_group(snapshot->topology, name) != NULL;
    struct tn_error     err = TN_ERROR_INIT;
    struct tn_buf       body;
    struct tn_json      json = {.buf = &body};

    tn_snapshot_unref(snapshot);
    if (!there) {
        tn_http_problem(x, 404, "there is no group `%.64s`", name.ptr);
        return;
    }
    if (tn_freeze_set(admin->server->freeze, name, on, &err) != TN_OK) {
        tn_http_problem(x, 503, "%s", err.message);
        return;
    }
    if (on)
        tn_shadow_stop(admin->server, &name, NULL);
    tn_admin_log(x, "freeze", name, on ? "on" : "off");
    tn_buf_init(&body, 4096);
    tn_json_open(&json, NULL, '{');
    tn_json_str(&json, "group", name);
    tn_json_bool(&json, "frozen", on);
    tn_json_close(&json, '}');
    tn_admin_reply_json(x, 200, &body);
}

void tn_admin_freeze(struct tn_admin *admin, struct tn_http_exchange *x, const struct tn_http_args *args)
{
    bool on = true;

    if (tn_http_arg_bool(x, args, "on", &on))
        set_frozen(admin, x, args->capture, on);
}

/* ---- reload: reads files and opens engines, so it runs in the offload pool ---- */

struct reload {
    struct tn_admin_task  task;
    struct tn_problems    problems;
    struct tn_error       error;
    enum tn_status        status;
    char                  restart_keys[1024];
};

static void run_reload(struct tn_job *job)
{
    struct reload *r = TN_CONTAINER_OF(job, struct reload, task.job);

    r->status = tn_server_reload(r->task.round.admin->server, &r->problems, r->restart_keys, sizeof r->restart_keys, &r->error);
}

static void put_problems(struct tn_json *json, const struct tn_problems *problems)
{
    tn_json_open(json, "problems", '[');
    for (size_t i = 0; i < problems->count; i++) {
        const struct tn_problem *problem = &problems->items[i];

        tn_json_open(json, NULL, '{');
        tn_json_text(json, "kind", problem->kind == TN_PROBLEM_ERROR ? "error" : "warning");
        tn_json_u64(json, "line", problem->line);
        tn_json_text(json, "path", problem->path);
        tn_json_text(json, "text", problem->text);
        tn_json_close(json, '}');
    }
    tn_json_close(json, ']');
}

/* The keys come as one comma separated text. */
static void put_restart_keys(struct tn_json *json, const char *keys)
{
    tn_json_open(json, "needsRestart", '[');
    while (*keys != '\0') {
        size_t        len = strcspn(keys, ",");
        struct tn_str key = tn_str_trim(tn_str_n(keys, len));

        if (key.len > 0)
            tn_json_str(json, NULL, key);
        keys += len + (keys[len] == ',' ? 1 : 0);
    }
    tn_json_close(json, ']');
}

static void finish_reload(struct tn_http_exchange *x, struct tn_admin_round *round)
{
    struct reload *r = TN_CONTAINER_OF(round, struct reload, task.round);
    struct tn_buf  body;
    struct tn_json json = {.buf = &body};
    bool           ok = r->status == TN_OK;

    tn_admin_log(x, "reload", tn_str(round->admin->server->config_path), ok ? "ok" : "refused");
    tn_problems_sort(&r->problems);
    tn_buf_init(&body, TN_ADMIN_REPLY_MAX);
    tn_json_open(&json, NULL, '{');
    tn_json_text(&json, "file", round->admin->server->config_path);
    tn_json_bool(&json, "reloaded", ok);
    if (ok) {
        put_restart_keys(&json, r->restart_keys);
    } else {
        tn_json_text(&json, "title", "the configuration was refused; nothing was changed");
        tn_json_text(&json, "detail", r->error.message[0] != '\0' ? r->error.message : tn_status_text(r->status));
    }
    put_problems(&json, &r->problems);
    tn_json_close(&json, '}');
    tn_admin_reply_json(x, ok ? 200 : 422, &body);
}

static void free_reload(struct tn_admin_round *round)
{
    struct reload *r = TN_CONTAINER_OF(round, struct reload, task.round);

    tn_problems_reset(&r->problems);
    tn_error_reset(&r->error);
    tn_free(r);
}

void tn_admin_reload(struct tn_admin *admin, struct tn_http_exchange *x, const struct tn_http_args *args)
{
    struct reload *r = tn_calloc(1, sizeof *r);

    (void)args;
    if (r == NULL) {
        tn_http_problem(x, 503, "no memory");
        return;
    }
    tn_problems_init(&r->problems, admin->server->config_path);
    r->task.round.finish = finish_reload;
    r->task.round.free = free_reload;
    r->task.job.run = run_reload;
    tn_admin_task_start(&r->task, admin, x);
}

/* shapes.c - GET /admin/shapes: what is known of recurring statements; and forgetting one. Visits every shape: in the offload pool. */
#include "admin/endpoint.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "learning.h"
#include "stats/history_text.h"
#include "stats/shape_list.h"

struct listing {
    struct tn_admin_task  task;
    struct tn_shape_list  list;
    char                  group[256];
    bool                  configured; /* the group is */
    struct tn_buf         body;
    struct tn_error       error;
    enum tn_status        status;
};

static void run(struct tn_job *job)
{
    struct listing *l = TN_CONTAINER_OF(job, struct listing, task.job);
    struct tn_json  json = {.buf = &l->body};

    l->status = tn_store_each(l->task.round.admin->server->store, true, tn_shape_list_add, &l->list, &l->error);
    tn_shape_list_end(&l->list);
    if (l->list.failed)
        l->status = tn_fail(&l->error, TN_E_NOMEM, "53200", "no memory for so many shapes");
    tn_shape_list_json(&l->list, &json);
}

static void finish(struct tn_http_exchange *x, struct tn_admin_round *round)
{
    struct listing *l = TN_CONTAINER_OF(round, struct listing, task.round);

    if (l->status != TN_OK)
        tn_http_problem(x, 500, "the statistics cannot be read: %s", l->error.message);
    else if (l->group[0] != '\0' && !l->list.group_seen && !l->configured)
        tn_http_problem(x, 404, "there is no cluster group `%.64s`, neither in the configuration nor in the statistics", l->group);
    else if (l->body.failed)
        tn_http_problem(x, 413, "the list is too large; ask for a smaller `limit`");
    else
        tn_admin_reply_json(x, 200, &l->body);
}

static void free_listing(struct tn_admin_round *round)
{
    struct listing *l = TN_CONTAINER_OF(round, struct listing, task.round);

    tn_shape_list_reset(&l->list);
    tn_buf_reset(&l->body);
    tn_error_reset(&l->error);
    tn_free(l);
}

static bool read_params(struct tn_http_exchange *x, const struct tn_http_args *args, struct listing *l)
{
    struct tn_history_filter filter = {.limit = 0};
    struct tn_str            sort = tn_http_arg(args, "sort"), since = tn_http_arg(args, "since");
    uint64_t                 limit = 100;
    char                     why[TN_HISTORY_WHY];

    if (sort.ptr != NULL && !tn_shape_sort_parse(sort, &l->list.sort)) {
        tn_http_problem(x, 400, "parameter `sort` is total_time, cost, regret or calls, not `%.64s`", sort.ptr);
        return false;
    }
    if (since.ptr != NULL && !tn_history_filter_set(&filter, "since", since, tn_clock_wall_us(), why)) {
        tn_http_problem(x, 400, "parameter %s", why);
        return false;
    }
    if (!tn_http_arg_u64(x, args, "limit", TN_SHAPE_LIST_MAX, &limit) || !tn_http_arg_bool(x, args, "bands", &l->list.bands))
        return false;
    tn_str_copy(l->group, sizeof l->group, tn_http_arg(args, "group"));
    l->list.group = tn_str(l->group);
    l->configured = tn_config_find_group(tn_runtime_of(x->worker)->snapshot->config, l->list.group) >= 0;
    l->list.since_s = filter.since_us / 1000000;
    l->list.limit = TN_MAX(limit, (uint64_t)1);
    return true;
}

/* False: there are no statistics, and that has been answered. */
static bool has_store(const struct tn_admin *admin, struct tn_http_exchange *x)
{
    if (admin->server->store != NULL)
        return true;
    tn_http_problem(x, 404, "there are no statistics: nothing is learned");
    return false;
}

void tn_admin_shapes(struct tn_admin *admin, struct tn_http_exchange *x, const struct tn_http_args *args)
{
    struct listing *l;

    if (!has_store(admin, x))
        return;
    l = tn_calloc(1, sizeof *l);
    if (l == NULL) {
        tn_http_problem(x, 503, "no memory");
        return;
    }
    tn_buf_init(&l->body, TN_ADMIN_REPLY_MAX);
    if (!read_params(x, args, l)) {
        free_listing(&l->task.round);
        return;
    }
    l->task.round.finish = finish;
    l->task.round.free = free_listing;
    l->task.job.run = run;
    tn_admin_task_start(&l->task, admin, x);
}

/* ---- forgetting: whether there is anything to forget may be in the file only ---- */

struct forgetting {
    struct tn_admin_task  task;
    uint64_t              key[2];
    char                  name[33];
    bool                  all, found;
};

static void forget(struct tn_job *job)
{
    struct forgetting *f = TN_CONTAINER_OF(job, struct forgetting, task.job);

    f->found = tn_learning_reset(f->task.round.admin->server, f->all ? NULL : f->key);
}

static void finish_forgetting(struct tn_http_exchange *x, struct tn_admin_round *round)
{
    const struct forgetting *f = TN_CONTAINER_OF(round, struct forgetting, task.round);
    struct tn_buf            body;
    struct tn_json           json = {.buf = &body};

    tn_admin_log(x, "reset shape", tn_str(f->name), f->found ? "forgotten" : "not known");
    if (!f->found) {
        tn_http_problem(x, 404, "nothing is known of a shape `%s`; GET /admin/shapes has those that are", f->name);
        return;
    }
    tn_buf_init(&body, 1024);
    tn_json_open(&json, NULL, '{');
    tn_json_text(&json, "shape", f->name);
    tn_json_bool(&json, "forgotten", true);
    tn_json_close(&json, '}');
    tn_admin_reply_json(x, 200, &body);
}

static void free_forgetting(struct tn_admin_round *round)
{
    tn_free(TN_CONTAINER_OF(round, struct forgetting, task.round));
}

void tn_admin_reset_shape(struct tn_admin *admin, struct tn_http_exchange *x, const struct tn_http_args *args)
{
    struct forgetting *f;
    uint64_t           key[2] = {0, 0};
    bool               all = tn_str_eq_c(args->capture, "all");

    if (!has_store(admin, x))
        return;
    if (!all && !tn_shape_key_parse(args->capture, key)) {
        tn_http_problem(x, 400, "a shape's key has 32 hexadecimal digits (GET /admin/shapes), or is `all`; not `%.64s`", args->capture.ptr);
        return;
    }
    f = tn_calloc(1, sizeof *f);
    if (f == NULL) {
        tn_http_problem(x, 503, "no memory");
        return;
    }
    f->all = all;
    memcpy(f->key, key, sizeof key);
    tn_str_copy(f->name, sizeof f->name, args->capture);
    f->task.round.finish = finish_forgetting;
    f->task.round.free = free_forgetting;
    f->task.job.run = forget;
    tn_admin_task_start(&f->task, admin, x);
}

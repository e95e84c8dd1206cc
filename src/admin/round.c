#include "admin/endpoint.h"

static void on_gone(struct tn_http_exchange *x)
{
    struct tn_admin_round *round = x->user;

    round->x = NULL;
}

static void begin(struct tn_admin_round *round, struct tn_admin *admin, struct tn_http_exchange *x)
{
    round->admin = admin;
    round->x = x;
    x->user = round;
    x->gone = on_gone;
    tn_list_append(&admin->rounds[x->worker->index], &round->node);
}

static void end(struct tn_admin_round *round)
{
    tn_list_remove(&round->node);
    if (round->x != NULL)
        round->finish(round->x, round);
    round->free(round);
}

static void visit(struct tn_runtime *runtime, void *arg)
{
    struct tn_admin_round *round = arg;

    round->visit(runtime, round);
}

static void done(struct tn_worker *worker, void *arg)
{
    (void)worker;
    end(arg);
}

void tn_admin_round_start(struct tn_admin_round *round, struct tn_admin *admin, struct tn_http_exchange *x)
{
    begin(round, admin, x);
    if (tn_server_each_worker(admin->server, x->worker, visit, done, round) == TN_OK)
        return;
    tn_list_remove(&round->node);
    x->gone = NULL;
    round->free(round);
    tn_http_problem(x, 503, "no memory");
}

/* ---- a job of the offload pool ---- */

static void keep(struct tn_admin_round *round)
{
    (void)round;
}

static void on_job_done(struct tn_job *job, struct tn_worker *worker)
{
    struct tn_admin_task *task = TN_CONTAINER_OF(job, struct tn_admin_task, job);

    (void)worker;
    task->round.free = task->free;
    end(&task->round);
}

void tn_admin_task_start(struct tn_admin_task *task, struct tn_admin *admin, struct tn_http_exchange *x)
{
    task->free = task->round.free;
    task->round.free = keep;
    task->job.done = on_job_done;
    begin(&task->round, admin, x);
    tn_offload_submit(admin->server->offload, &task->job, x->worker);
}

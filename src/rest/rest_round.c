#include "rest/private.h"

static void on_gone(struct tn_http_exchange *x)
{
    struct tn_rest_round *round = x->user;

    round->x = NULL;
}

void tn_rest_round_begin(struct tn_rest_round *round, struct tn_rest *rest, struct tn_http_exchange *x)
{
    round->rest = rest;
    round->home = x->worker;
    round->x = x;
    x->user = round;
    x->gone = on_gone;
    tn_list_append(&rest->workers[x->worker->index].rounds, &round->node);
}

static void come_home(struct tn_rest_round *round)
{
    round->again = false;
    round->finish(round);
    if (round->again)
        return;
    tn_list_remove(&round->node);
    round->free(round);
}

static void on_there(struct tn_errand *errand)
{
    struct tn_rest_round *round = TN_CONTAINER_OF(errand, struct tn_rest_round, errand);

    round->there(round);
    tn_errand_return(errand);
}

static void on_back(struct tn_errand *errand)
{
    come_home(TN_CONTAINER_OF(errand, struct tn_rest_round, errand));
}

void tn_rest_round_visit(struct tn_rest_round *round, unsigned worker)
{
    round->again = true;
    round->errand.go = on_there;
    round->errand.back = on_back;
    tn_errand_send(&round->errand, round->home, round->rest->server->workers[worker]);
}

static void on_work(struct tn_job *job)
{
    struct tn_rest_round *round = TN_CONTAINER_OF(job, struct tn_rest_round, job);

    round->work(round);
}

static void on_worked(struct tn_job *job, struct tn_worker *worker)
{
    (void)worker;
    come_home(TN_CONTAINER_OF(job, struct tn_rest_round, job));
}

void tn_rest_round_work(struct tn_rest_round *round)
{
    round->again = true;
    round->job.run = on_work;
    round->job.done = on_worked;
    tn_offload_submit(round->rest->server->offload, &round->job, round->home);
}

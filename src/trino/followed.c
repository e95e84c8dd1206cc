#include "trino/followed.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/hash.h"
#include "engine/topology.h"
#include "pipeline.h"
#include "server.h"

struct tn_trino_followed {
    struct tn_list        node;     /* the home's, the least lately used first */
    struct tn_trino_home *home;
    struct tn_query      *query;    /* NULL: it was ended here, or its cluster is in no group */
    bool                  ended;
    uint64_t              last_used_us;
    char                  id[];
};

struct tn_worker *tn_trino_follower(const struct tn_trino *trino, struct tn_str id)
{
    return trino->homes[tn_hash_str(id) % trino->worker_count].worker;
}

static void drop(struct tn_trino_followed *f)
{
    tn_map_remove(&f->home->followed, tn_str(f->id));
    tn_list_remove(&f->node);
    tn_free(f);
}

/* It has come to its end here: by us, or by KILL, a shutdown ... */
static void on_done(struct tn_query *q)
{
    struct tn_trino_followed *f = q->owner;

    if (f != NULL) {
        f->query = NULL;
        f->ended = true; /* its client is told when it comes */
    }
    tn_query_free(q);
}

static void on_nothing(struct tn_query *q)
{
    (void)q;
}

static const struct tn_query_events events = {.done = on_done, .next = on_nothing};

static struct tn_group *group_of(const struct tn_topology *topology, const struct tn_cluster *cluster)
{
    for (size_t g = 0; g < topology->group_count; g++)
        for (size_t m = 0; m < topology->groups[g].member_count; m++)
            if (topology->groups[g].members[m] == cluster)
                return &topology->groups[g];
    return NULL;
}

/* A slot, if one is free. */
static bool take_slot(struct tn_query *q)
{
    struct tn_lease *lease = tn_lease_new(q);

    if (lease == NULL)
        return false;
    lease->group = q->group;
    lease->cluster = q->cluster;
    lease->ticket.group = q->group;
    lease->ticket.priority = q->priority;
    lease->ticket.worker = q->worker;
    q->lease = lease;
    lease->has_slot = tn_admission_enter(tn_runtime_of(q->worker)->server->admission, &lease->ticket, q->cluster) == TN_OK;
    return lease->has_slot;
}

/* As the pipeline would have left it while its statement runs. */
static struct tn_query *make_query(struct tn_trino_followed *f, struct tn_cluster *cluster, struct tn_str peer)
{
    struct tn_runtime *runtime = tn_runtime_of(f->home->worker);
    struct tn_group   *group = group_of(runtime->snapshot->topology, cluster);
    struct tn_query   *q = group == NULL ? NULL : tn_query_new(runtime);
    bool               slot;

    if (q == NULL)
        return NULL;
    q->events = &events;
    q->owner = f;
    q->kind = TN_RUN_EXECUTE;
    q->text = TN_STR("");
    q->client = (struct tn_route_context){.protocol = "trinoHttp"};
    if (!tn_arena_str(&q->arena, peer, &q->client.client_address))
        q->client.client_address = TN_STR("");
    q->route = (struct tn_route_result){.group = group->conf, .router = "link", .rule = -1};
    q->group = group;
    q->cluster = cluster;
    q->attempts = 1;
    q->started_us = q->stage_entered_us = tn_clock_us();
    q->started_wall_us = tn_clock_wall_us();
    q->stage = TN_STAGE_run;
    slot = take_slot(q);
    q->reason = slot ? "the link of a query that ran already" : "the link of a query that ran already, above the limit of the cluster or group";
    return q;
}

static struct tn_trino_followed *new_one(struct tn_trino_home *home, struct tn_str id, struct tn_cluster *cluster, struct tn_str peer)
{
    struct tn_trino_followed *f = tn_calloc(1, sizeof *f + id.len + 1);

    if (f == NULL)
        return NULL;
    f->home = home;
    memcpy(f->id, id.ptr, id.len);
    if (!tn_map_put(&home->followed, id, f, NULL)) {
        tn_free(f);
        return NULL;
    }
    tn_list_append(&home->by_link, &f->node);
    f->query = make_query(f, cluster, peer);
    tn_trino_sweep_start(home);
    return f;
}

bool tn_trino_follow(struct tn_trino_home *home, struct tn_str id, struct tn_cluster *cluster, struct tn_str peer)
{
    struct tn_trino_followed *f = tn_map_get(&home->followed, id);

    if (f == NULL)
        f = new_one(home, id, cluster, peer);
    if (f == NULL)
        return true; /* no memory to say so: its client gets its pages all the same */
    f->last_used_us = tn_clock_us();
    tn_list_remove(&f->node);
    tn_list_append(&home->by_link, &f->node);
    return !f->ended;
}

void tn_trino_follow_page(struct tn_trino_home *home, struct tn_str id, const struct tn_chunk *page)
{
    struct tn_trino_followed *f = tn_map_get(&home->followed, id);
    struct tn_query          *q = f == NULL ? NULL : f->query;

    if (q == NULL)
        return;
    q->run.bytes += page->bytes.len;
    q->run.rows += page->rows;
    if (page->relay->more)
        return;
    if (page->relay->failed) {
        tn_fail(&q->error, TN_E_ENGINE, "58000", "the query failed on its cluster, as its client was told");
        tn_error_blame(&q->error, TN_FAULT_ENGINE, false);
    }
    f->query = NULL;
    q->owner = NULL;
    q->stage = TN_STAGE_record;
    tn_pipeline_resume(q);
}

static void end_as(struct tn_trino_followed *f, enum tn_cancel why)
{
    struct tn_query *q = f->query;

    if (q != NULL) {
        q->owner = NULL;
        f->query = NULL;
        tn_query_cancel(q, why);
    }
    drop(f);
}

void tn_trino_follow_end(struct tn_trino_home *home, struct tn_str id, bool by_client)
{
    struct tn_trino_followed *f = tn_map_get(&home->followed, id);

    if (f != NULL)
        end_as(f, by_client ? TN_CANCEL_USER : TN_CANCEL_CLIENT_GONE);
}

bool tn_trino_follow_sweep(struct tn_trino_home *home, uint64_t now)
{
    TN_LIST_FOR_EACH_SAFE(node, &home->by_link)
    {
        struct tn_trino_followed *f = TN_CONTAINER_OF(node, struct tn_trino_followed, node);

        if (now - f->last_used_us > home->trino->config->settings.trino_client_timeout)
            end_as(f, TN_CANCEL_CLIENT_GONE);
    }
    return !tn_list_empty(&home->by_link);
}

void tn_trino_follow_free_all(struct tn_trino_home *home)
{
    TN_LIST_FOR_EACH_SAFE(node, &home->by_link)
        end_as(TN_CONTAINER_OF(node, struct tn_trino_followed, node), TN_CANCEL_SHUTDOWN);
    tn_map_reset(&home->followed);
}

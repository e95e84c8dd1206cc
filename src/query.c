#include "query.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "pipeline.h"
#include "server.h"

enum { SPARES = 32 };

/* Sets PTR's bytes from FROM until UNTIL to 0. */
static void zero(void *ptr, size_t from, size_t until)
{
    memset((char *)ptr + from, 0, until - from);
}

static void clear_run(struct tn_run *run)
{
    size_t error = offsetof(struct tn_run, error);

    zero(run, 0, error);
    tn_error_init(&run->error);
    zero(run, error + sizeof run->error, sizeof *run);
}

/* As if it were new: zero, but for the texts of its errors, which are most of it and which nobody reads behind their end. */
static void clear(struct tn_query *q)
{
    size_t run = offsetof(struct tn_query, run), prelude = offsetof(struct tn_query, prelude_run), error = offsetof(struct tn_query, error);

    _Static_assert(offsetof(struct tn_query, run) < offsetof(struct tn_query, prelude_run) &&
                       offsetof(struct tn_query, prelude_run) < offsetof(struct tn_query, error), "in this order");
    zero(q, 0, run);
    clear_run(&q->run);
    zero(q, run + sizeof q->run, prelude);
    clear_run(&q->prelude_run);
    zero(q, prelude + sizeof q->prelude_run, error);
    tn_error_init(&q->error);
    zero(q, error + sizeof q->error, sizeof *q);
}

/* Queries come and go with every statement: a few are kept. */
static struct tn_query *take_spare(struct tn_runtime *runtime)
{
    struct tn_list  *node = tn_list_first(&runtime->spare_queries);
    struct tn_query *q;

    if (node == NULL)
        return tn_calloc(1, sizeof *q);
    tn_list_remove(node);
    runtime->spare_count--;
    q = TN_CONTAINER_OF(node, struct tn_query, node);
    clear(q);
    return q;
}

struct tn_query *tn_query_new(struct tn_runtime *runtime)
{
    struct tn_query *q = take_spare(runtime);

    if (q == NULL)
        return NULL;
    q->id = runtime->server->history != NULL ? tn_history_next_id(runtime->server->history)
                                             : atomic_fetch_add(&runtime->server->next_query_id, 1);
    q->worker = runtime->worker;
    q->snapshot = tn_snapshot_ref(runtime->snapshot);
    q->priority = TN_PRIORITY_NORMAL;
    tn_arena_init(&q->arena, 0);
    tn_list_append(&runtime->queries, &q->node);
    runtime->query_count++;
    atomic_fetch_add_explicit(&runtime->server->queries, 1, memory_order_relaxed);
    return q;
}

static void free_query(struct tn_grave *grave)
{
    struct tn_query   *q = TN_CONTAINER_OF(grave, struct tn_query, grave);
    struct tn_runtime *runtime = tn_runtime_of(q->worker);

    tn_error_reset(&q->error);
    tn_error_reset(&q->run.error);
    tn_error_reset(&q->prelude_run.error);
    tn_snapshot_unref(q->snapshot);
    tn_cluster_unref(q->own_member);
    tn_arena_reset(&q->arena);
    if (runtime->spare_count == SPARES) {
        tn_free(q);
        return;
    }
    tn_list_append(&runtime->spare_queries, &q->node);
    runtime->spare_count++;
}

void tn_query_free_spares(struct tn_runtime *runtime)
{
    struct tn_list *node;

    while ((node = tn_list_first(&runtime->spare_queries)) != NULL) {
        tn_list_remove(node);
        tn_free(TN_CONTAINER_OF(node, struct tn_query, node));
    }
    runtime->spare_count = 0;
}

void tn_query_free(struct tn_query *q)
{
    struct tn_runtime *runtime = tn_runtime_of(q->worker);

    tn_list_remove(&q->node);
    runtime->query_count--;
    atomic_fetch_sub_explicit(&runtime->server->queries, 1, memory_order_relaxed);
    tn_worker_bury(q->worker, &q->grave, free_query);
}

static void orphan_params(struct tn_query *q, size_t count, const uint32_t *pg_oids)
{
    (void)q;
    (void)count;
    (void)pg_oids;
}

static void orphan_columns(struct tn_query *q, const struct tn_schema *schema)
{
    (void)q;
    (void)schema;
}

static void orphan_chunk(struct tn_query *q, struct tn_chunk *chunk)
{
    tn_chunk_free(chunk);
    tn_run_credit(&q->run);
}

static void orphan_notice(struct tn_query *q, const char *fields, size_t len)
{
    (void)q;
    (void)fields;
    (void)len;
}

static void orphan_done(struct tn_query *q)
{
    tn_lease_release(q->lease);
    q->lease = NULL;
    tn_query_free(q);
}

void tn_query_orphan(struct tn_query *q)
{
    static const struct tn_query_events events = {orphan_params, orphan_columns, orphan_chunk, orphan_notice, orphan_done, NULL};

    q->events = &events;
    q->told = NULL; /* the session's */
    tn_query_cancel(q, TN_CANCEL_SHUTDOWN);
}

struct tn_query *tn_query_find(struct tn_runtime *runtime, uint64_t id)
{
    TN_LIST_FOR_EACH(node, &runtime->queries) {
        struct tn_query *q = TN_CONTAINER_OF(node, struct tn_query, node);

        if (q->id == id)
            return q;
    }
    return NULL;
}

const char *tn_query_state(const struct tn_query *q)
{
    if (q->stage == TN_STAGE_admit && q->admit_stage == TN_ADMIT_QUEUED)
        return "queued";
    if (q->stage == TN_STAGE_run)
        return q->run_stage == TN_RUN_STAGE_CONNECT ? "connecting" : "running";
    return q->stage == TN_STAGE_record || q->finished ? "finishing" : "starting";
}

void tn_query_cancel(struct tn_query *q, enum tn_cancel why)
{
    if (q->finished || q->stage >= TN_STAGE_record || why <= q->cancel)
        return;
    q->cancel = why;
    q->run.left = why == TN_CANCEL_SHUTDOWN;
    if (q->stage == TN_STAGE_run && (q->run_stage == TN_RUN_STAGE_PRELUDE || q->run_stage == TN_RUN_STAGE_RUN)) {
        tn_run_cancel(q->run_stage == TN_RUN_STAGE_PRELUDE ? &q->prelude_run : &q->run); /* its done event goes on */
        return;
    }
    tn_pipeline_resume(q); /* the loop sees q->cancel and stops the wait */
}

struct tn_lease *tn_lease_new(struct tn_query *q)
{
    struct tn_lease *lease = tn_calloc(1, sizeof *lease);

    if (lease == NULL)
        return NULL;
    lease->worker = q->worker;
    lease->snapshot = tn_snapshot_ref(q->snapshot);
    lease->query = q;
    return lease;
}

static void free_lease(struct tn_lease *lease)
{
    tn_snapshot_unref(lease->snapshot);
    tn_free(lease);
}

static void on_ticket_drained(struct tn_ticket *ticket)
{
    free_lease(TN_CONTAINER_OF(ticket, struct tn_lease, ticket));
}

void tn_lease_release_slot(struct tn_lease *lease)
{
    if (!lease->has_slot)
        return;
    lease->has_slot = false;
    tn_admission_leave(tn_runtime_of(lease->worker)->server->admission, &lease->ticket, NULL);
}

void tn_lease_rest(struct tn_lease *lease)
{
    if (lease->conn == NULL || !lease->conn->yields)
        return;
    tn_lease_release_slot(lease);
    if (!lease->rests)
        atomic_fetch_add(&lease->cluster->resting, 1);
    lease->rests = true;
}

void tn_lease_wake(struct tn_lease *lease)
{
    if (lease->rests)
        atomic_fetch_sub(&lease->cluster->resting, 1);
    lease->rests = false;
}

/* The statement that waits for the last one's grant to come to nothing may have its turn now. */
static void on_grant_lapsed(struct tn_ticket *ticket)
{
    struct tn_query *q = TN_CONTAINER_OF(ticket, struct tn_lease, ticket)->query;

    if (q != NULL && q->stage == TN_STAGE_admit && q->admit_stage == TN_ADMIT_NEW)
        tn_pipeline_resume(q);
}

void tn_lease_leave_queue(struct tn_lease *lease)
{
    if (!lease->has_slot && lease->ticket.admission != NULL)
        tn_admission_leave(tn_runtime_of(lease->worker)->server->admission, &lease->ticket, on_grant_lapsed);
}

void tn_lease_release(struct tn_lease *lease)
{
    struct tn_runtime *runtime;

    if (lease == NULL)
        return;
    runtime = tn_runtime_of(lease->worker);
    tn_lease_wake(lease);
    if (lease->pool_wait.connecting != NULL)
        tn_pool_abandon(&lease->pool_wait);
    if (lease->conn != NULL && runtime->pool != NULL)
        tn_pool_release(runtime->pool, lease->conn);
    else if (lease->conn != NULL)
        lease->conn->cluster->ops->disconnect(lease->conn);
    lease->conn = NULL;
    lease->query = NULL;
    lease->has_slot = false;
    if (tn_admission_leave(runtime->server->admission, &lease->ticket, on_ticket_drained))
        free_lease(lease);
}

uint64_t tn_query_timeout_us(const struct tn_query *q, const struct tn_group_conf *group)
{
    uint64_t timeout = group->query_timeout != 0 ? group->query_timeout : q->snapshot->config->settings.query_timeout;

    return timeout == 0 || (q->timeout_us != 0 && q->timeout_us < timeout) ? q->timeout_us : timeout;
}

struct tn_str tn_query_tags_text(struct tn_query *q)
{
    struct tn_buf out;
    struct tn_str text = {"", 0};

    if (q->client.tag_count == 0)
        return text;
    tn_buf_init(&out, 8192);
    for (size_t i = 0; i < q->client.tag_count; i++) {
        const struct tn_tag *tag = &q->client.tags[i];

        tn_buf_printf(&out, "%s" TN_STR_FMT, i > 0 ? "," : "", TN_STR_ARG(tag->key));
        if (tag->value.ptr != NULL)
            tn_buf_printf(&out, ":" TN_STR_FMT, TN_STR_ARG(tag->value));
    }
    if (out.failed || !tn_arena_str(&q->arena, tn_buf_str(&out), &text))
        text = TN_STR("");
    tn_buf_reset(&out);
    return text;
}

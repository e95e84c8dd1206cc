/* A query of the API, synchronous or not: known by its id on its worker, for a while after its end too. */
#include "rest/private.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "frontend/arrow/arrow.h"

enum { ARENA_MAX = 8 * 1024 * 1024 };

struct tn_rest_job *tn_rest_job_new(struct tn_rest *rest, struct tn_worker *worker, const char *id, struct tn_str user)
{
    struct tn_rest_worker *home = &rest->workers[worker->index];
    struct tn_rest_job    *job = tn_calloc(1, sizeof *job);

    if (job == NULL)
        return NULL;
    job->rest = rest;
    job->worker = worker;
    tn_arena_init(&job->arena, ARENA_MAX);
    tn_str_copy(job->id, sizeof job->id, tn_str(id));
    if (!tn_arena_str(&job->arena, user, &job->user) || !tn_map_put(&home->jobs, tn_str(job->id), job, NULL)) {
        tn_arena_reset(&job->arena);
        tn_free(job);
        return NULL;
    }
    tn_list_append(&home->list, &job->node);
    job->outcome.submitted_us = tn_clock_wall_us();
    return job;
}

void tn_rest_job_free(struct tn_rest_job *job)
{
    tn_map_remove(&job->rest->workers[job->worker->index].jobs, tn_str(job->id));
    tn_list_remove(&job->node);
    tn_rest_spool_free(job);
    tn_arena_reset(&job->arena);
    tn_free(job);
}

struct tn_rest_job *tn_rest_job_find(struct tn_rest *rest, struct tn_worker *worker, struct tn_str id)
{
    return tn_map_get(&rest->workers[worker->index].jobs, id);
}

void tn_rest_job_forget(struct tn_rest_job *job)
{
    job->rest->workers[job->worker->index].ended--;
    tn_rest_job_free(job);
}

static bool may_forget(const struct tn_rest_job *job)
{
    return job->ask == NULL && job->x == NULL && !tn_rest_spool_busy(job) && job->outcome.completed_us != 0;
}

void tn_rest_job_ended(struct tn_rest_job *job)
{
    struct tn_rest_worker *home = &job->rest->workers[job->worker->index];

    home->ended++;
    TN_LIST_FOR_EACH_SAFE(node, &home->list) {
        struct tn_rest_job *old = TN_CONTAINER_OF(node, struct tn_rest_job, node);

        if (home->ended <= TN_REST_KEPT_JOBS)
            return;
        if (old != job && may_forget(old))
            tn_rest_job_forget(old);
    }
}

/* ---- what is known of it ---- */

static struct tn_str keep(struct tn_rest_job *job, struct tn_str text)
{
    struct tn_str kept;

    return text.len > 0 && tn_arena_str(&job->arena, text, &kept) ? kept : TN_STR("");
}

void tn_rest_engine_type(char out[TN_REST_ENGINE], struct tn_str name)
{
    tn_str_copy(out, TN_REST_ENGINE, name);
    for (char *c = out; *c != '\0'; c++)
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
}

static void look_at(struct tn_rest_job *job, const struct tn_query *q)
{
    struct tn_rest_outcome *outcome = &job->outcome;
    char                    trace[2048];

    outcome->query_id = q->id;
    tn_rest_engine_type(outcome->engine, tn_str(q->cluster != NULL ? q->cluster->ops->name : ""));
    if (q->cluster != NULL && !tn_str_eq(outcome->cluster, q->cluster->conf->name))
        outcome->cluster = keep(job, q->cluster->conf->name);
    if (q->group != NULL && !tn_str_eq(outcome->group, q->group->conf->name))
        outcome->group = keep(job, q->group->conf->name);
    if (q->route.router != NULL && outcome->router.len == 0) {
        outcome->router = keep(job, tn_str(q->route.router));
        outcome->trace = keep(job, tn_str_n(trace, tn_route_trace_text(&q->route, trace, sizeof trace)));
    }
    outcome->rule = q->route.router != NULL ? q->route.rule + 1 : 0;
    if (q->reason != NULL && !tn_str_eq_c(outcome->reason, q->reason))
        outcome->reason = keep(job, tn_str(q->reason));
    outcome->total_us = (q->ended_us != 0 ? q->ended_us : tn_clock_us()) - q->started_us;
    outcome->queue_us = q->queue_us + q->run.queued_us;
    outcome->cpu_us = q->run.cpu_us;
    outcome->rows_read = q->run.rows_read;
    outcome->bytes_read = q->run.bytes_read;
    outcome->peak_memory = q->run.peak_memory;
    outcome->analysis_us = q->run.analysis_us;
    outcome->planning_us = q->run.planning_us;
    outcome->splits = q->run.splits;
    outcome->rows = q->run.rows;
    outcome->bytes = q->run.bytes;
    outcome->affected = q->run.affected;
}

void tn_rest_job_look(struct tn_rest_job *job)
{
    const struct tn_query *q = job->ask != NULL ? job->ask->query : NULL;
    const char            *state;

    if (q == NULL)
        return;
    look_at(job, q);
    state = tn_query_state(q);
    job->outcome.state = strcmp(state, "queued") == 0 ? TN_REST_QUEUED : q->stage == TN_STAGE_run ? TN_REST_RUNNING : TN_REST_PENDING;
}

static enum tn_rest_state end_state(const struct tn_rest_job *job, const struct tn_error *error)
{
    if (error->status == TN_OK)
        return TN_REST_COMPLETED;
    if (error->fault == TN_FAULT_TIMEOUT)
        return TN_REST_TIMEOUT;
    return error->fault == TN_FAULT_CANCEL && !job->enough ? TN_REST_CANCELLED : TN_REST_FAILED;
}

void tn_rest_job_finish(struct tn_rest_job *job, struct tn_ask *ask)
{
    struct tn_rest_outcome *outcome = &job->outcome;
    const struct tn_error  *error = &ask->query->error;

    look_at(job, ask->query);
    outcome->completed_us = tn_clock_wall_us();
    job->ask = NULL;
    if (job->enough && error->fault == TN_FAULT_CANCEL) { /* we had what was wanted, and said so */
        outcome->state = TN_REST_COMPLETED;
        return;
    }
    outcome->state = end_state(job, error);
    if (error->status == TN_OK || outcome->error.status != TN_OK)
        return;
    outcome->error = (struct tn_rest_error){.status = error->status, .fault = error->fault, .from_engine = error->from_engine, .position = error->position,
                                            .message = keep(job, tn_str(error->message)), .detail = keep(job, tn_str(error->detail)),
                                            .hint = keep(job, tn_str(error->hint))};
    tn_str_copy(outcome->error.sqlstate, sizeof outcome->error.sqlstate, tn_str(error->sqlstate));
}

/* A failure shows again, with its reason, when rows are to be written. */
static void make_arrow(struct tn_rest_job *job, const struct tn_schema *schema)
{
    struct tn_error err = TN_ERROR_INIT;
    struct tn_buf   message;

    if (!tn_arrow_available() || (job->format != TN_REST_ARROW && job->spool == NULL))
        return;
    tn_buf_init(&message, ARENA_MAX);
    if (tn_arrow_put_schema(schema, &message, &err) == TN_OK)
        job->arrow = keep(job, tn_buf_str(&message));
    tn_error_reset(&err);
    tn_buf_reset(&message);
}

void tn_rest_job_columns(struct tn_rest_job *job, const struct tn_schema *schema)
{
    struct tn_rest_outcome *outcome = &job->outcome;

    outcome->has_columns = true;
    outcome->columns = tn_arena_alloc(&job->arena, sizeof *outcome->columns * (schema->count + 1));
    outcome->column_count = outcome->columns != NULL ? schema->count : 0;
    for (size_t i = 0; i < outcome->column_count; i++) {
        outcome->columns[i].name = keep(job, schema->columns[i].name);
        tn_rest_type_text(&schema->columns[i], outcome->columns[i].type);
    }
    make_arrow(job, schema);
}

/* ---- rows ---- */

struct tn_str tn_rest_job_take(struct tn_rest_job *job, const struct tn_chunk *chunk, uint64_t *rows)
{
    struct tn_str bytes = tn_buf_str(&chunk->bytes), row;
    uint64_t      skip = job->seen < job->offset ? TN_MIN(job->offset - job->seen, chunk->rows) : 0;
    uint64_t      want = TN_MIN(chunk->rows - skip, job->limit - job->taken);
    size_t        at = 0, from;

    job->seen += chunk->rows;
    job->more = job->more || want < chunk->rows - skip;
    job->taken += want;
    *rows = want;
    for (uint64_t i = 0; i < skip; i++)
        if (!tn_rest_row_next(bytes, &at, &row))
            break;
    from = at;
    if (want == chunk->rows - skip)
        return tn_str_n(bytes.ptr + from, bytes.len - from);
    for (uint64_t i = 0; i < want; i++)
        if (!tn_rest_row_next(bytes, &at, &row))
            break;
    return tn_str_n(bytes.ptr + from, at - from);
}

static bool put_piece(const struct tn_rest_job *job, const struct tn_rest_piece *piece, struct tn_str message, uint64_t skip, uint64_t want, struct tn_buf *out)
{
    struct tn_error err = TN_ERROR_INIT;
    bool            ok;

    if (want == piece->rows) {
        tn_buf_put_str(out, message);
        return !out->failed;
    }
    ok = want == 0 || tn_arrow_cut(job->arrow, message, (int64_t)skip, (int64_t)want, out, &err) == TN_OK;
    if (!ok)
        tn_log(TN_LOG_ERROR, "rows of a result not cut", TN_LOG_TEXT("id", job->id), TN_LOG_TEXT("error", err.message));
    tn_error_reset(&err);
    return ok;
}

bool tn_rest_job_take_arrow(struct tn_rest_job *job, const struct tn_chunk *chunk, uint64_t *rows, struct tn_buf *out)
{
    struct tn_rest_piece piece;
    struct tn_str        message;
    size_t               at = 0;

    *rows = 0;
    while (tn_rest_piece_next(tn_buf_str(&chunk->bytes), &at, &piece, &message)) {
        uint64_t skip = job->seen < job->offset ? TN_MIN(job->offset - job->seen, piece.rows) : 0;
        uint64_t want = TN_MIN(piece.rows - skip, job->limit - job->taken);

        job->seen += piece.rows;
        job->more = job->more || want < piece.rows - skip;
        job->taken += want;
        *rows += want;
        if (!put_piece(job, &piece, message, skip, want, out))
            return false;
    }
    return true;
}

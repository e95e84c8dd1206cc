/* The run stage: a connection, the prelude of a lazy transaction, the statement; another member before the first byte when
 * a repeatable read failed for the engine's fault.
 *
 *   NEW --acquire--> CONNECT --> PRELUDE (only with one) --> RUN --> DONE
 *    ^                  |            |                        |
 *    `--- TN_BACK to choose: lease dropped, member remembered as tried */
#include "adaptive.h"
#include "base/clock.h"
#include "engine/pool.h"
#include "large_number.h"
#include "pipeline.h"
#include "server.h"
#include "shadow.h"
#include "stages.h"
#include "translating.h"

static void start_statement(struct tn_query *q);
static void clear_results(struct tn_run *run);

static void on_params(struct tn_run *run, size_t count, const uint32_t *pg_oids)
{
    struct tn_query *q = run->owner;

    q->events->params(q, count, pg_oids);
}

/* Told to the session only with the first chunk or a good end: until then another member may still be asked. */
static void on_columns(struct tn_run *run, const struct tn_schema *schema)
{
    struct tn_query *q = run->owner;

    if (q->kind == TN_RUN_DESCRIBE) {
        q->events->columns(q, schema);
    } else if (tn_adaptive_moved(q) && !tn_schema_same_types(q->told, schema)) {
        q->unlike = true;
        tn_run_cancel(run);
    } else {
        q->held_columns = schema;
    }
}

static void tell_columns(struct tn_query *q)
{
    const struct tn_schema *schema = q->held_columns;

    q->held_columns = NULL;
    if (schema != NULL)
        q->events->columns(q, schema);
}

static void on_chunk(struct tn_run *run, struct tn_chunk *chunk)
{
    struct tn_query *q = run->owner;

    if (q->unlike || tn_adaptive_drops(q)) {
        tn_chunk_free(chunk);
        tn_run_credit(run);
        return;
    }
    if (chunk->relay != NULL && !chunk->relay->tells) { /* that it goes on, not yet how it went */
        q->events->chunk(q, chunk);
        return;
    }
    if (q->first_byte_us == 0)
        q->first_byte_us = tn_clock_us() - q->started_us;
    if (run->uncredited >= TN_RUN_WINDOW)
        tn_count(&tn_runtime_of(q->worker)->counters, TN_COUNTER_client_pauses, 1);
    tn_adaptive_answered(q);
    tell_columns(q);
    q->events->chunk(q, chunk);
}

static void on_notice(struct tn_run *run, const char *fields, size_t len)
{
    struct tn_query *q = run->owner;

    q->events->notice(q, fields, len);
}

static void on_done(struct tn_run *run)
{
    struct tn_query *q = run->owner;

    q->run_stage = TN_RUN_STAGE_DONE;
    if (run->error.status == TN_OK && !q->unlike && !tn_adaptive_dropped(q))
        tell_columns(q);
    q->held_columns = NULL;
    tn_pipeline_resume(q);
}

/* A statement that has come so far is not run elsewhere. */
static void on_next(struct tn_run *run)
{
    struct tn_query *q = run->owner;

    run->delivered = true;
    if (q->unlike || tn_adaptive_drops(q))
        return;
    tn_adaptive_answered(q);
    tell_columns(q);
    q->events->next(q);
}

static const struct tn_run_events run_events = {on_params, on_columns, on_chunk, on_notice, on_done, on_next};

static void ignore_columns(struct tn_run *run, const struct tn_schema *schema)
{
    (void)run;
    (void)schema;
}

static void ignore_chunk(struct tn_run *run, struct tn_chunk *chunk)
{
    tn_chunk_free(chunk);
    tn_run_credit(run);
}

static void on_prelude_done(struct tn_run *run)
{
    struct tn_query *q = run->owner;

    q->run_stage = TN_RUN_STAGE_DONE;
    if (run->error.status == TN_OK) {
        q->prelude_done = true;
        if (q->cancel == TN_CANCEL_NONE) {
            start_statement(q);
            return;
        }
        clear_results(&q->run); /* the statement's error: its transaction has begun */
        tn_fail(&q->run.error, TN_E_CANCELLED, "57014", "cancelled");
        tn_error_blame(&q->run.error, TN_FAULT_CANCEL, false);
    } else {
        q->lease->conn->dirty = true; /* cancelled: it may have begun all the same, and nobody ends it */
    }
    tn_pipeline_resume(q);
}

static const struct tn_run_events prelude_events = {NULL, ignore_columns, ignore_chunk, on_notice, on_prelude_done, NULL};

/* What the session put into q->run stays; what an earlier attempt left goes. */
static void clear_results(struct tn_run *run)
{
    tn_error_reset(&run->error);
    run->conn = NULL;
    run->engine = NULL;
    run->uncredited = 0;
    run->cancelled = run->left = run->delivered = run->over_there = run->undone = run->my_over = run->no_bulk = false;
    run->tag[0] = '\0';
    run->rows = run->affected = run->unchanged = run->replaced = run->bytes = run->rows_read = run->bytes_read = run->cpu_us = run->queued_us = run->peak_memory = 0;
    run->analysis_us = run->planning_us = run->splits = 0;
    run->started_us = run->first_byte_us = run->ended_us = 0;
}

/* A binary parameter of a type that only PostgreSQL knows cannot be given to another engine. */
static bool refuse_raw_params(struct tn_query *q, struct tn_run *run)
{
    if (!run->params.raw_only || q->lease->conn->cluster->ops->dialect == TN_DIALECT_POSTGRES)
        return false;
    tn_fail(&run->error, TN_E_UNSUPPORTED, "0A000", "a binary parameter has a type that cluster \"" TN_STR_FMT "\" does not know",
            TN_STR_ARG(q->cluster->conf->name));
    tn_error_hint(&run->error, "Send it as text with a cast, or route the statement to a PostgreSQL cluster.");
    tn_error_blame(&run->error, TN_FAULT_QUERY, false);
    q->run_stage = TN_RUN_STAGE_DONE;
    tn_pipeline_resume(q);
    return true;
}

/* PostgreSQL refuses by itself, and knows its temporary tables; the others have no such transactions. */
static bool refuse_write(struct tn_query *q, struct tn_run *run)
{
    bool writes = q->features.class == TN_CLASS_WRITE || q->features.class == TN_CLASS_DDL;

    if (!q->read_only || !writes || q->kind != TN_RUN_EXECUTE || q->lease->conn->cluster->ops->dialect == TN_DIALECT_POSTGRES)
        return false;
    if (q->lease->conn->cluster->ops->dialect == TN_DIALECT_MYSQL) /* as its servers say it */
        tn_fail(&run->error, TN_E_DENIED, "25006", "Cannot execute statement in a READ ONLY transaction");
    else
        tn_fail(&run->error, TN_E_DENIED, "25006", "cannot execute %s in a read-only transaction", tn_verb_name(q->features.verb));
    tn_error_blame(&run->error, TN_FAULT_QUERY, false);
    q->run_stage = TN_RUN_STAGE_DONE;
    tn_pipeline_resume(q);
    return true;
}

/* Where it went may be another engine than that which was thought of when it was taken for one statement. */
static bool refuse_whole(struct tn_query *q, struct tn_run *run)
{
    if (!q->whole || q->lease->conn->cluster->conf->engine == TN_CFG_ENGINE_MYSQL)
        return false;
    tn_fail(&run->error, TN_E_DENIED, "42601", "several statements in one text, which the client has not asked for (allowMultiQueries)");
    tn_error_blame(&run->error, TN_FAULT_QUERY, false);
    q->run_stage = TN_RUN_STAGE_DONE;
    tn_pipeline_resume(q);
    return true;
}

/* Rows of parameters as MySQL's protocol has them, for an engine that does not speak it: the session gives them one by one. */
static bool refuse_bulk(struct tn_query *q, struct tn_run *run)
{
    if (run->bulk.ptr == NULL || q->lease->conn->cluster->ops->dialect == TN_DIALECT_MYSQL)
        return false;
    run->no_bulk = true;
    tn_fail(&run->error, TN_E_UNSUPPORTED, "0A000", "cluster \"" TN_STR_FMT "\" does not take many rows of parameters at once", TN_STR_ARG(q->cluster->conf->name));
    tn_error_blame(&run->error, TN_FAULT_QUERY, false);
    q->run_stage = TN_RUN_STAGE_DONE;
    tn_pipeline_resume(q);
    return true;
}

static bool refuse_large_number(struct tn_query *q, struct tn_run *run)
{
    if (!tn_large_number_refuse(q, run))
        return false;
    q->run_stage = TN_RUN_STAGE_DONE;
    tn_pipeline_resume(q);
    return true;
}

static bool changes(enum tn_class class)
{
    return class == TN_CLASS_WRITE || class == TN_CLASS_DDL || class == TN_CLASS_MULTI;
}

/* Where comments nest, or a backslash is no escape, a text is another than where that is not so: what was judged as no change must not be one
 * to its engine. */
static bool refuse_otherwise_read(struct tn_query *q, struct tn_run *run)
{
    enum tn_dialect    dialect = q->lease->conn->cluster->ops->dialect;
    struct tn_features there;

    if (dialect == TN_DIALECT_POSTGRES || dialect == TN_DIALECT_DUCKDB || changes(q->features.class) ||
        (!tn_str_has(run->sql, TN_STR("/*")) && !tn_str_has(run->sql, TN_STR("--")) && !tn_str_has(run->sql, TN_STR("\\"))))
        return false;
    tn_features_read(&there, run->sql, dialect);
    if (!changes(there.class))
        return false;
    tn_fail(&run->error, TN_E_DENIED, "0A000", "to cluster \"" TN_STR_FMT "\", which reads comments and backslashes in its own way, this is no %s", TN_STR_ARG(q->cluster->conf->name),
            tn_verb_name(q->features.verb));
    tn_error_hint(&run->error, "Write it without comments in comments, and without a backslash before a quote.");
    tn_error_blame(&run->error, TN_FAULT_QUERY, false);
    q->run_stage = TN_RUN_STAGE_DONE;
    tn_pipeline_resume(q);
    return true;
}

/* Whatever runs there keeps it awake, whether it is learned or not. */
static void begin_awake(struct tn_query *q)
{
    struct tn_cluster *cluster = q->lease->cluster;

    q->keeps_awake = tn_cluster_suspends(cluster);
    if (q->keeps_awake)
        q->found = tn_awake_begin(cluster->awake, tn_clock_us(), cluster->conf->price_min_seconds, cluster->conf->price_idle_seconds);
}

static void end_awake(struct tn_query *q)
{
    struct tn_cluster *cluster = q->lease->cluster;

    if (q->keeps_awake)
        q->awake_s = tn_awake_end(cluster->awake, q->run.started_us, q->run.ended_us > 0 ? q->run.ended_us : tn_clock_us(), cluster->conf->price_idle_seconds);
    q->keeps_awake = false;
}

static void start_statement(struct tn_query *q)
{
    struct tn_run *run = &q->run;

    clear_results(run);
    q->unlike = false;
    run->kind = q->kind;
    run->sql = tn_translating_sent(q);
    run->several_made = tn_translating_made_several(q);
    if (run->several_made && run->kind == TN_RUN_DESCRIBE) { /* a definition has neither columns nor parameters, and nothing of it may be done yet */
        run->sql = TN_STR("DROP INDEX IF EXISTS \"turnout: none\"");
        run->several_made = false;
    }
    if (q->literals.count > 0) /* the text that the client wrote has them in it */
        run->params = run->sql.ptr == q->native.ptr ? (struct tn_params){.count = 0} : q->literals;
    run->features = &q->features;
    run->events = &run_events;
    run->owner = q;
    run->tags = tn_query_tags_text(q);
    q->run_stage = TN_RUN_STAGE_RUN;
    if (refuse_raw_params(q, run) || refuse_whole(q, run) || refuse_bulk(q, run) || refuse_write(q, run) || refuse_otherwise_read(q, run) || refuse_large_number(q, run))
        return;
    if (q->features.needs_session)
        q->lease->conn->dirty = true;
    begin_awake(q);
    tn_adaptive_begin(q);
    if (q->shadow != NULL)
        tn_shadow_begin(q);
    tn_run_start(run, q->lease->conn);
}

/* The prelude borrows q->run: its parameters are put aside meanwhile. */
static void start_prelude(struct tn_query *q)
{
    static const struct tn_features begin = {.class = TN_CLASS_UTILITY, .verb = TN_VERB_BEGIN};
    struct tn_run                  *run = &q->prelude_run;

    clear_results(run);
    *run = (struct tn_run){.kind = TN_RUN_EXECUTE, .sql = q->prelude, .features = &begin, .settings = q->run.settings,
                           .encoder = q->run.encoder, .events = &prelude_events, .owner = q,
                           .header_count = q->run.header_count, .headers = q->run.headers};
    q->run_stage = TN_RUN_STAGE_PRELUDE;
    tn_run_start(run, q->lease->conn);
}

static void begin_on(struct tn_query *q, struct tn_conn *conn)
{
    q->lease->conn = conn;
    if (q->prelude.len > 0 && !q->prelude_done)
        start_prelude(q);
    else
        start_statement(q);
}

static void on_ready(struct tn_pool_wait *wait, struct tn_conn *conn, const struct tn_error *err)
{
    struct tn_query *q = TN_CONTAINER_OF(wait, struct tn_lease, pool_wait)->query;

    tn_count(&tn_runtime_of(q->worker)->counters,
             conn != NULL ? TN_COUNTER_engine_connections_opened : TN_COUNTER_engine_connections_failed, 1);
    if (conn != NULL) {
        begin_on(q, conn);
        return;
    }
    q->run_stage = TN_RUN_STAGE_DONE;
    clear_results(&q->run);
    q->run.error = *err;
    q->run.error.fields = NULL; /* the pool's */
    q->run.error.fields_len = 0;
    tn_pipeline_resume(q);
}

static enum tn_step acquire(struct tn_query *q)
{
    struct tn_runtime *runtime = tn_runtime_of(q->worker);
    uint64_t           settings = q->run.settings != NULL ? q->run.settings->hash : 0;
    struct tn_conn    *conn = q->lease->conn;

    q->attempts++;
    q->prelude_run.started_us = 0; /* what an earlier member said of it is over */
    q->run_stage = TN_RUN_STAGE_CONNECT;
    q->lease->pool_wait.ready = on_ready;
    q->lease->pool_wait.owner = q;
    if (conn == NULL)
        conn = tn_pool_acquire(runtime->pool, q->cluster, settings, &q->lease->pool_wait);
    if (conn != NULL)
        begin_on(q, conn);
    return q->run_stage == TN_RUN_STAGE_DONE ? TN_NEXT : TN_WAIT;
}

void tn_stage_run_abandon(struct tn_query *q)
{
    if (q->run_stage == TN_RUN_STAGE_CONNECT && q->lease->conn == NULL)
        tn_pool_abandon(&q->lease->pool_wait);
    q->run_stage = TN_RUN_STAGE_DONE;
}

/* Says the outcome to the cluster's breaker and counters: only what tells something about the engine. True: this opened it. */
static bool tell_breaker(struct tn_query *q, const struct tn_run *run, uint64_t now_us)
{
    struct tn_counters *counters = &tn_runtime_of(q->worker)->counters;
    struct tn_cluster *cluster = q->lease->cluster;
    bool               failed = run->error.status != TN_OK && run->error.fault == TN_FAULT_ENGINE, trial;

    if (run->error.fault == TN_FAULT_CANCEL || run->error.fault == TN_FAULT_TIMEOUT)
        return false;
    atomic_fetch_add_explicit(&cluster->queries, 1, memory_order_relaxed);
    if (failed)
        atomic_fetch_add_explicit(&cluster->failures, 1, memory_order_relaxed);
    trial = !failed && tn_breaker_state(&cluster->breaker, now_us) == TN_BREAKER_HALF_OPEN;
    if (tn_breaker_record(&cluster->breaker, cluster->conf, !failed, now_us)) {
        tn_count(counters, TN_COUNTER_breakers_opened, 1);
        tn_log(TN_LOG_WARN, "breaker open", TN_LOG_STR("cluster", cluster->conf->name),
               TN_LOG_TEXT("error", run->error.message));
        return true;
    }
    if (trial) {
        tn_count(counters, TN_COUNTER_breakers_closed, 1);
        tn_log(TN_LOG_INFO, "breaker closed", TN_LOG_STR("cluster", cluster->conf->name), TN_LOG_TEXT("why", "a query succeeded"));
    }
    return false;
}

/* Somebody else may do better: the engine is at fault, or it cannot do this statement and a plan has another. */
static bool worth_another(const struct tn_query *q, const struct tn_run *run)
{
    return run->error.fault == TN_FAULT_ENGINE || (run == &q->run && (tn_adaptive_refused(q) || tn_translating_may_retry(q)));
}

static bool may_run_elsewhere(const struct tn_query *q, const struct tn_run *run)
{
    return run->error.status != TN_OK && worth_another(q, run) && (!run->delivered || q->unlike) && (!q->run.delivered || q->unlike) &&
           !q->pinned && q->cancel == TN_CANCEL_NONE && q->attempts < TN_ARRAY_LEN(q->tried) &&
           (q->attempts < 2 || tn_adaptive_has_next(q)) && (run == &q->prelude_run || tn_features_repeatable(&q->features) || q->run.started_us == 0 ||
                               q->kind == TN_RUN_DESCRIBE);
}

static enum tn_step run_elsewhere(struct tn_query *q, struct tn_run *run)
{
    q->tried[q->attempts - 1] = q->lease->cluster;
    tn_lease_release(q->lease);
    q->lease = NULL;
    q->prelude_done = false;
    q->run_stage = TN_RUN_STAGE_NEW;
    q->admit_stage = TN_ADMIT_NEW;
    if (run == &q->run && run->error.fault != TN_FAULT_ENGINE && tn_translating_may_retry(q))
        q->translation.refused = true;
    tn_error_move(&q->error, &run->error);
    q->back_to = TN_STAGE_choose;
    return TN_BACK;
}

/* The attempt was cut at its deadline: the next one of the plan. */
static enum tn_step go_on(struct tn_query *q)
{
    tn_count(&tn_runtime_of(q->worker)->counters, TN_COUNTER_attempts_cut, 1);
    tn_lease_release(q->lease);
    q->lease = NULL;
    q->attempts--; /* it did not fail: its member may come again, later in the plan */
    q->run_stage = TN_RUN_STAGE_NEW;
    q->admit_stage = TN_ADMIT_NEW;
    tn_error_reset(&q->run.error);
    q->back_to = TN_STAGE_choose;
    return TN_BACK;
}

/* Its columns are not those that the client was told of: that is this member's answer. */
static void settle_unlike(struct tn_query *q)
{
    struct tn_error *error = &q->run.error;

    if (!q->unlike || (error->status != TN_OK && (q->cancel != TN_CANCEL_NONE || error->fault == TN_FAULT_ENGINE)))
        return;
    if (q->cancel != TN_CANCEL_NONE) { /* it was faster than either cancel, but its rows are gone */
        tn_fail(error, TN_E_CANCELLED, "57014", "cancelled");
        tn_error_blame(error, TN_FAULT_CANCEL, false);
        return;
    }
    tn_error_reset(error);
    tn_fail(error, TN_E_UNSUPPORTED, "0A000", "cached plan must not change result type");
    tn_error_blame(error, TN_FAULT_QUERY, false);
}

static enum tn_step finish(struct tn_query *q)
{
    uint64_t       now_us = tn_clock_us();
    bool           was_open = tn_breaker_state(&q->lease->cluster->breaker, now_us) != TN_BREAKER_CLOSED, opened;
    struct tn_run *run = q->prelude.len > 0 && !q->prelude_done && q->prelude_run.started_us != 0 ? &q->prelude_run : &q->run;

    settle_unlike(q);
    if (tn_adaptive_dropped(q))
        q->run.delivered = false; /* after its deadline, to nobody: another member may still be asked */
    opened = q->breaker_opened = tell_breaker(q, run, now_us);
    end_awake(q);
    if (tn_adaptive_end(q, was_open, opened))
        return go_on(q);
    if (run->error.status != TN_OK && q->lease->conn != NULL && q->lease->conn->state == TN_CONN_BROKEN)
        tn_count(&tn_runtime_of(q->worker)->counters, TN_COUNTER_engine_connections_lost, 1);
    if (may_run_elsewhere(q, run))
        return run_elsewhere(q, run);
    if (run == &q->run && run->error.status != TN_OK)
        tn_translating_tell(q, &run->error);
    tn_error_move(&q->error, &run->error);
    return TN_NEXT;
}

enum tn_step tn_stage_run(struct tn_query *q)
{
    if (q->run_stage == TN_RUN_STAGE_NEW && acquire(q) == TN_WAIT)
        return TN_WAIT;
    return q->run_stage == TN_RUN_STAGE_DONE ? finish(q) : TN_WAIT;
}

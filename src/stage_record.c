#include "adaptive.h"
#include "base/clock.h"
#include "server.h"
#include "stages.h"

static enum tn_history_outcome outcome_of(const struct tn_query *q)
{
    if (q->error.status == TN_OK)
        return TN_HISTORY_OK;
    if (q->route.denied)
        return TN_HISTORY_DENIED;
    if (q->error.fault == TN_FAULT_TIMEOUT)
        return TN_HISTORY_TIMEOUT;
    if (q->error.fault == TN_FAULT_CANCEL)
        return TN_HISTORY_CANCELLED;
    return q->error.fault == TN_FAULT_TURNOUT ? TN_HISTORY_REFUSED : TN_HISTORY_ERROR;
}

static uint64_t engine_us(const struct tn_query *q)
{
    return q->run.ended_us > q->run.started_us ? q->run.ended_us - q->run.started_us : 0;
}

static void count(struct tn_query *q)
{
    static const enum tn_counter counters[] = {
        [TN_HISTORY_OK] = TN_COUNTER_queries_ok,             [TN_HISTORY_ERROR] = TN_COUNTER_queries_error,
        [TN_HISTORY_CANCELLED] = TN_COUNTER_queries_cancelled, [TN_HISTORY_TIMEOUT] = TN_COUNTER_queries_timed_out,
        [TN_HISTORY_DENIED] = TN_COUNTER_queries_denied,     [TN_HISTORY_REFUSED] = TN_COUNTER_queries_refused,
    };
    struct tn_runtime *runtime = tn_runtime_of(q->worker);

    tn_count(&runtime->counters, TN_COUNTER_queries_started, 1);
    tn_count(&runtime->counters, counters[q->outcome], 1);
    tn_count(&runtime->counters, TN_COUNTER_rows_sent, q->run.rows);
    tn_histogram_add(&runtime->query_us, q->ended_us - q->started_us);
    if (q->queue_us > 0)
        tn_histogram_add(&runtime->queue_us, q->queue_us);
    if (q->run.started_us != 0)
        tn_histogram_add(&runtime->engine_us, engine_us(q));
}

/* The statement as history may keep it. */
static struct tn_str kept_text(struct tn_query *q)
{
    const struct tn_settings *settings = &q->snapshot->config->settings;
    size_t                    size = TN_MIN(q->text.len * 2 + 16, (size_t)settings->history_max_text + 1);
    char                     *text;

    if (settings->history_literals)
        return q->text;
    text = tn_arena_alloc(&q->arena, size);
    if (text == NULL)
        return TN_STR("");
    return tn_str_n(text, tn_text_without_literals(text, size, q->text, TN_DIALECT_POSTGRES));
}

static void remember(struct tn_query *q)
{
    struct tn_server        *server = tn_runtime_of(q->worker)->server;
    char                     trace[2048], rule[16] = "";
    struct tn_history_record record = {
        .id = q->id,
        .started_us = q->started_wall_us,
        .client = q->client.client_address,
        .user = q->client.user,
        .database = q->client.database,
        .application = q->client.application,
        .protocol = tn_str(q->client.protocol),
        .router = tn_str(q->route.router),
        .class = tn_str(tn_class_name(q->features.class)),
        .template_hash = q->features.template_hash,
        .queue_us = q->queue_us,
        .first_byte_us = q->first_byte_us,
        .engine_us = engine_us(q),
        .engine_queue_us = q->run.queued_us,
        .peak_memory = q->run.peak_memory,
        .total_us = q->ended_us - q->started_us,
        .rows = q->run.rows > 0 ? q->run.rows : q->run.affected,
        .bytes = q->run.bytes,
        .outcome = q->outcome,
        .attempts = q->attempts,
    };

    if (server->history == NULL || !q->snapshot->config->settings.history_enabled)
        return;
    tn_adaptive_record(q, &record);
    record.text = kept_text(q);
    record.text_size = q->text.len;
    if (q->route.rule >= 0)
        snprintf(rule, sizeof rule, "%d", q->route.rule + 1);
    record.rule = tn_str(rule);
    record.tags = tn_query_tags_text(q);
    record.trace = tn_str_n(trace, tn_route_trace_text(&q->route, trace, sizeof trace));
    if (q->group != NULL)
        record.group = q->group->conf->name;
    if (q->cluster != NULL) {
        record.cluster = q->cluster->conf->name;
        record.engine = tn_str(q->cluster->ops->name);
    }
    if (q->error.status != TN_OK) {
        record.sqlstate = tn_str(q->error.sqlstate);
        record.error = tn_str(q->error.message);
    }
    tn_history_add(server->history, &record);
}

/* What was said of its tables may be another now. */
static void forget_tables(const struct tn_query *q)
{
    struct tn_table_types *types = tn_runtime_of(q->worker)->server->table_types;

    if (q->cluster == NULL || q->error.status != TN_OK || (q->features.class != TN_CLASS_DDL && q->features.class != TN_CLASS_MULTI && !q->features.has_into))
        return;
    atomic_fetch_add(&q->cluster->definitions, 1);
    if (types != NULL)
        tn_table_types_forget(types, q->cluster->id, &q->features);
}

static void log_query(const struct tn_query *q)
{
    tn_log(TN_LOG_DEBUG, "query end", TN_LOG_U64("query", q->id), TN_LOG_TEXT("outcome", tn_history_outcome_name(q->outcome)),
           TN_LOG_STR("group", q->group != NULL ? q->group->conf->name : TN_STR("")),
           TN_LOG_STR("cluster", q->cluster != NULL ? q->cluster->conf->name : TN_STR("")),
           TN_LOG_U64("us", q->ended_us - q->started_us), TN_LOG_U64("rows", q->run.rows),
           TN_LOG_TEXT("sqlstate", q->error.sqlstate), TN_LOG_STR("text", q->text));
}

static void settle_lease(struct tn_query *q)
{
    bool keep = q->lease != NULL && q->keep_lease && (q->pinned || q->prelude_done || q->error.status == TN_OK);

    if (q->lease != NULL)
        q->lease->query = NULL;
    if (keep) {
        tn_lease_leave_queue(q->lease);
        return;
    }
    tn_lease_release(q->lease);
    q->lease = NULL;
}

enum tn_step tn_stage_record(struct tn_query *q)
{
    q->ended_us = tn_clock_us();
    q->outcome = outcome_of(q);
    if (q->kind == TN_RUN_EXECUTE && !q->internal) {
        count(q);
        remember(q);
        log_query(q);
    }
    if (q->kind == TN_RUN_EXECUTE)
        forget_tables(q);
    tn_adaptive_finish(q);
    settle_lease(q);
    return TN_NEXT;
}

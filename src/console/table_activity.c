/* Queries and sessions: each belongs to one worker, which is asked. */
#include "base/clock.h"
#include "console/console_table.h"
#include "console/console_visit.h"
#include "pipeline.h"
#include "session/session.h"

enum { TEXT_MAX = 16 * 1024 };

static void put_query(struct tn_console_rows *rows, const struct tn_query *q)
{
    struct tn_str none = {NULL, 0};

    tn_rows_u64(rows, q->id);
    tn_rows_c(rows, tn_query_state(q));
    tn_rows_c(rows, q->stage < TN_STAGE_COUNT ? tn_stage_name(q->stage) : "record");
    tn_rows_text(rows, q->client.user);
    tn_rows_text(rows, q->client.database);
    tn_rows_text(rows, q->client.application);
    tn_rows_text(rows, q->client.client_address);
    tn_rows_c(rows, q->client.protocol);
    tn_rows_text(rows, q->group != NULL ? q->group->conf->name : none);
    tn_rows_text(rows, q->cluster != NULL ? q->cluster->conf->name : none);
    tn_rows_c(rows, q->reason);
    tn_rows_time(rows, q->started_wall_us);
    tn_rows_ms(rows, q->started_us == 0 ? 0 : tn_clock_us() - q->started_us);
    tn_rows_ms(rows, q->queue_us);
    tn_rows_c(rows, tn_class_name(q->features.class));
    tn_rows_text(rows, tn_str_n(q->text.ptr, TN_MIN(q->text.len, (size_t)TEXT_MAX)));
}

static void visit_queries(struct tn_runtime *runtime, struct tn_console_visit *visit)
{
    TN_LIST_FOR_EACH(node, &runtime->queries)
        put_query(&visit->rows, TN_CONTAINER_OF(node, struct tn_query, node));
}

static void put_session(void *arg, const struct tn_session_info *info)
{
    struct tn_console_rows *rows = arg;

    if (info->pid != 0)
        tn_rows_u64(rows, info->pid);
    else
        tn_rows_null(rows);
    tn_rows_c(rows, info->user);
    tn_rows_c(rows, info->database);
    tn_rows_text(rows, info->application);
    tn_rows_c(rows, info->peer);
    tn_rows_c(rows, info->state);
    tn_rows_c(rows, info->transaction == 'I' ? "idle" : info->transaction == 'T' ? "open" : "failed");
    if (info->query != 0)
        tn_rows_u64(rows, info->query);
    else
        tn_rows_null(rows);
    tn_rows_u64(rows, info->statements);
    tn_rows_u64(rows, info->bytes_in);
    tn_rows_u64(rows, info->bytes_out);
    tn_rows_u64(rows, info->prepared);
    tn_rows_u64(rows, info->worker);
    tn_rows_c(rows, info->protocol);
}

static void visit_sessions(struct tn_runtime *runtime, struct tn_console_visit *visit)
{
    tn_sessions_each(runtime->worker, put_session, &visit->rows);
}

static enum tn_status ask(struct tn_console_source *source, void (*fn)(struct tn_runtime *, struct tn_console_visit *),
                          struct tn_console_rows *rows, struct tn_error *err)
{
    struct tn_console_visit *visit;

    TN_TRY(tn_console_visit(&visit, source->server, 0, fn, source->interrupted, err));
    tn_console_visit_take(visit, rows);
    tn_console_visit_free(visit);
    return TN_OK;
}

enum tn_status tn_console_queries(struct tn_console_source *source, struct tn_console_rows *rows, struct tn_error *err)
{
    return ask(source, visit_queries, rows, err);
}

enum tn_status tn_console_sessions(struct tn_console_source *source, struct tn_console_rows *rows, struct tn_error *err)
{
    return ask(source, visit_sessions, rows, err);
}

#include "rest/private.h"

const char *tn_rest_state_name(enum tn_rest_state state)
{
    static const char *const names[] = {
#define STATE(name) #name,
#include "rest/rest_state.def"
#undef STATE
    };

    return names[state];
}

static void put_columns(struct tn_json *json, const struct tn_rest_outcome *outcome)
{
    tn_json_open(json, "columns", '[');
    for (size_t i = 0; i < outcome->column_count; i++) {
        tn_json_open(json, NULL, '{');
        tn_json_str(json, "name", outcome->columns[i].name);
        tn_json_text(json, "type", outcome->columns[i].type);
        tn_json_bool(json, "nullable", true); /* engines do not say */
        tn_json_close(json, '}');
    }
    tn_json_close(json, ']');
}

static void put_text(struct tn_json *json, const char *key, struct tn_str text)
{
    tn_json_str(json, key, text.len > 0 ? text : tn_str_n(NULL, 0));
}

void tn_rest_put_head(struct tn_json *json, const char *id, const struct tn_rest_outcome *outcome)
{
    tn_json_text(json, "executionId", id);
    tn_json_u64(json, "queryId", outcome->query_id);
    tn_json_text(json, "engineType", outcome->engine[0] != '\0' ? outcome->engine : NULL);
    put_text(json, "routingReason", outcome->trace);
    tn_json_open(json, "routing", '{');
    put_text(json, "router", outcome->router);
    if (outcome->rule > 0)
        tn_json_u64(json, "rule", (uint64_t)outcome->rule);
    put_text(json, "clusterGroup", outcome->group);
    put_text(json, "cluster", outcome->cluster);
    put_text(json, "memberReason", outcome->reason);
    tn_json_close(json, '}');
    put_columns(json, outcome);
}

static void put_known(struct tn_json *json, const char *key, uint64_t value)
{
    if (value != 0)
        tn_json_u64(json, key, value);
    else
        tn_json_text(json, key, NULL);
}

static void put_ms(struct tn_json *json, const char *key, uint64_t value, bool known)
{
    if (known)
        tn_json_ms(json, key, value);
    else
        tn_json_text(json, key, NULL);
}

/* What engines do not tell is null. */
static void put_statistics(struct tn_json *json, const struct tn_rest_outcome *outcome)
{
    bool phases = outcome->analysis_us + outcome->planning_us + outcome->splits > 0;

    tn_json_open(json, "statistics", '{');
    put_ms(json, "cpuTimeMs", outcome->cpu_us, outcome->cpu_us != 0);
    tn_json_ms(json, "wallTimeMs", outcome->total_us);
    tn_json_ms(json, "queuedTimeMs", outcome->queue_us);
    put_ms(json, "analysisTimeMs", outcome->analysis_us, phases);
    put_ms(json, "planningTimeMs", outcome->planning_us, phases);
    put_known(json, "peakMemoryBytes", outcome->peak_memory);
    put_known(json, "inputRows", outcome->rows_read);
    put_known(json, "inputBytes", outcome->bytes_read);
    tn_json_u64(json, "outputRows", outcome->rows);
    tn_json_u64(json, "outputBytes", outcome->bytes);
    put_known(json, "completedSplits", outcome->splits);
    tn_json_close(json, '}');
}

void tn_rest_put_tail(struct tn_json *json, const struct tn_rest_outcome *outcome)
{
    tn_json_text(json, "status", tn_rest_state_name(outcome->state));
    put_known(json, "bytesScanned", outcome->bytes_read);
    tn_json_u64(json, "rowsAffected", outcome->affected);
    tn_json_ms(json, "executionTimeMs", outcome->total_us);
    tn_json_bool(json, "cacheHit", false);
    tn_json_time(json, "submittedAt", outcome->submitted_us);
    tn_json_time(json, "completedAt", outcome->completed_us);
    put_statistics(json, outcome);
    if (outcome->error.status != TN_OK)
        tn_rest_put_error(json, "error", &outcome->error);
}

void tn_rest_put_status(struct tn_buf *out, const struct tn_rest_job *job)
{
    struct tn_json json = {.buf = out};

    tn_json_open(&json, NULL, '{');
    tn_rest_put_head(&json, job->id, &job->outcome);
    tn_json_u64(&json, "totalRows", job->taken);
    tn_json_bool(&json, "truncated", job->more);
    tn_rest_put_tail(&json, &job->outcome);
    tn_json_close(&json, '}');
}

void tn_rest_tell_status(struct tn_buf *out, struct tn_rest_job *job)
{
    enum tn_rest_state state = job->outcome.state;

    tn_rest_job_look(job);
    if (job->ask == NULL && tn_rest_spool_busy(job))
        job->outcome.state = TN_REST_RUNNING;
    tn_rest_put_status(out, job);
    if (job->ask == NULL)
        job->outcome.state = state;
}

#include "frontend/trino/trino_page.h"

const char *tn_trino_state_name(enum tn_trino_state state)
{
    static const char *const names[] = {"QUEUED", "RUNNING", "FINISHED", "FAILED"};

    return names[state];
}

static void put_link(struct tn_json *json, const char *key, struct tn_str base, const char *path)
{
    struct tn_buf text;

    if (path == NULL)
        return;
    tn_buf_init(&text, 16384);
    tn_buf_put_str(&text, base);
    tn_buf_puts(&text, path);
    tn_json_str(json, key, tn_buf_str(&text));
    tn_buf_reset(&text);
}

/* `"data":[..]`: the rows as their encoder wrote them. */
static void put_rows(struct tn_json *json, const struct tn_chunk *chunk)
{
    bool more = false;

    tn_json_open(json, "data", '[');
    for (; chunk != NULL; chunk = chunk->next) {
        if (chunk->bytes.len == 0)
            continue;
        if (more)
            tn_buf_put_u8(json->buf, ',');
        tn_buf_append(json->buf, chunk->bytes.data, chunk->bytes.len);
        more = true;
    }
    tn_json_close(json, ']');
}

/* Every member that a client insists on. A statement is one stage of one split on one node. */
static void put_stats(struct tn_json *json, const struct tn_trino_stats *stats)
{
    bool ended = stats->state >= TN_TRINO_FINISHED, queued = stats->state == TN_TRINO_QUEUED;

    tn_json_open(json, "stats", '{');
    tn_json_text(json, "state", tn_trino_state_name(stats->state));
    tn_json_bool(json, "queued", queued);
    tn_json_bool(json, "scheduled", !queued);
    tn_json_f64(json, "progressPercentage", ended ? 100 : 0);
    tn_json_f64(json, "runningPercentage", ended || queued ? 0 : 100);
    tn_json_u64(json, "nodes", queued ? 0 : 1);
    tn_json_u64(json, "totalSplits", queued ? 0 : 1);
    tn_json_u64(json, "queuedSplits", 0);
    tn_json_u64(json, "runningSplits", queued || ended ? 0 : 1);
    tn_json_u64(json, "completedSplits", ended ? 1 : 0);
    tn_json_u64(json, "planningTimeMillis", 0);
    tn_json_u64(json, "analysisTimeMillis", 0);
    tn_json_u64(json, "cpuTimeMillis", stats->cpu_us / 1000);
    tn_json_u64(json, "wallTimeMillis", stats->wall_us / 1000);
    tn_json_u64(json, "queuedTimeMillis", stats->queued_us / 1000);
    tn_json_u64(json, "elapsedTimeMillis", stats->elapsed_us / 1000);
    tn_json_u64(json, "finishingTimeMillis", 0);
    tn_json_u64(json, "physicalInputTimeMillis", 0);
    tn_json_u64(json, "processedRows", stats->rows_read > 0 ? stats->rows_read : stats->rows);
    tn_json_u64(json, "processedBytes", stats->bytes_read > 0 ? stats->bytes_read : stats->bytes);
    tn_json_u64(json, "physicalInputBytes", stats->bytes_read);
    tn_json_u64(json, "physicalWrittenBytes", 0);
    tn_json_u64(json, "internalNetworkInputBytes", 0);
    tn_json_u64(json, "peakMemoryBytes", stats->peak_memory);
    tn_json_u64(json, "spilledBytes", 0);
    tn_json_close(json, '}');
}

static void put_warnings(struct tn_json *json, const char *warning)
{
    tn_json_open(json, "warnings", '[');
    if (warning != NULL) {
        tn_json_open(json, NULL, '{');
        tn_json_open(json, "warningCode", '{');
        tn_json_u64(json, "code", 1);
        tn_json_text(json, "name", "TURNOUT_WARNING");
        tn_json_close(json, '}');
        tn_json_text(json, "message", warning);
        tn_json_close(json, '}');
    }
    tn_json_close(json, ']');
}

void tn_trino_put_page(struct tn_buf *out, const struct tn_trino_page *page)
{
    struct tn_json json = {.buf = out};
    struct tn_buf  info;

    tn_buf_init(&info, 256);
    tn_buf_puts(&info, "/ui/query.html?");
    tn_buf_put_str(&info, page->id);
    tn_buf_put_u8(&info, '\0');
    tn_json_open(&json, NULL, '{');
    tn_json_str(&json, "id", page->id);
    put_link(&json, "infoUri", page->base, info.failed ? "/ui" : info.data);
    put_link(&json, "partialCancelUri", page->base, page->partial_cancel);
    put_link(&json, "nextUri", page->base, page->next);
    if (page->columns.len > 0) {
        tn_buf_put_u8(out, ',');
        tn_buf_put_str(out, page->columns);
    }
    if (page->encoding != TN_TRINO_ENCODING_NONE && (page->rows != NULL || page->segment_count > 0))
        tn_trino_put_segments(&json, page->encoding, page->segments, page->segment_count, page->rows, page->row_offset);
    else if (page->rows != NULL)
        put_rows(&json, page->rows);
    put_stats(&json, &page->stats);
    if (page->error != NULL)
        tn_trino_put_error(&json, "error", page->error, &page->place);
    put_warnings(&json, page->warning);
    if (page->update_type != NULL)
        tn_json_text(&json, "updateType", page->update_type);
    if (page->update_type != NULL && page->has_update_count)
        tn_json_u64(&json, "updateCount", page->update_count);
    tn_json_close(&json, '}');
    tn_buf_reset(&info);
}

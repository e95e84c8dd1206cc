#include "engine/trino/trino_page.h"

#include "engine/trino/trino_json.h"

static void read_stats(struct tn_trino_json *in, struct tn_trino_stats *stats)
{
    const struct {
        const char *key;
        uint64_t   *value;
    } wanted[] = {
        {"cpuTimeMillis", &stats->cpu_ms},        {"queuedTimeMillis", &stats->queued_ms}, {"elapsedTimeMillis", &stats->elapsed_ms},
        {"processedRows", &stats->rows},          {"processedBytes", &stats->bytes},       {"physicalInputBytes", &stats->physical_bytes},
        {"peakMemoryBytes", &stats->peak_memory}, {"analysisTimeMillis", &stats->analysis_ms}, {"planningTimeMillis", &stats->planning_ms},
        {"completedSplits", &stats->splits},
    };
    struct tn_str key, state;
    bool          escaped;

    if (!tn_trino_json_enter(in, '{'))
        return;
    while (tn_trino_json_key(in, &key)) {
        size_t i = 0;

        while (i < TN_ARRAY_LEN(wanted) && !tn_str_eq_c(key, wanted[i].key))
            i++;
        if (i < TN_ARRAY_LEN(wanted))
            (void)tn_trino_json_u64(in, wanted[i].value);
        else if (tn_str_eq_c(key, "state") && tn_trino_json_peek(in) == TN_TRINO_JSON_STRING)
            stats->finished = tn_trino_json_string(in, &state, &escaped) && (tn_str_eq_c(state, "FINISHED") || tn_str_eq_c(state, "FAILED"));
        else
            (void)tn_trino_json_skip(in, NULL);
    }
}

static void read_location(struct tn_trino_json *in, struct tn_trino_failure *failure)
{
    struct tn_str key;

    if (tn_trino_json_peek(in) != TN_TRINO_JSON_OBJECT) {
        (void)tn_trino_json_skip(in, NULL);
        return;
    }
    if (!tn_trino_json_enter(in, '{'))
        return;
    while (tn_trino_json_key(in, &key)) {
        if (tn_str_eq_c(key, "lineNumber"))
            (void)tn_trino_json_u64(in, &failure->line);
        else if (tn_str_eq_c(key, "columnNumber"))
            (void)tn_trino_json_u64(in, &failure->column);
        else
            (void)tn_trino_json_skip(in, NULL);
    }
}

static void read_failure(struct tn_trino_json *in, struct tn_arena *arena, struct tn_trino_failure *failure)
{
    struct tn_str key;

    if (!tn_trino_json_enter(in, '{'))
        return;
    while (tn_trino_json_key(in, &key)) {
        if (tn_str_eq_c(key, "message"))
            (void)tn_trino_json_text(in, arena, &failure->message);
        else if (tn_str_eq_c(key, "errorName"))
            (void)tn_trino_json_text(in, arena, &failure->name);
        else if (tn_str_eq_c(key, "errorType"))
            (void)tn_trino_json_text(in, arena, &failure->type);
        else if (tn_str_eq_c(key, "errorCode"))
            (void)tn_trino_json_u64(in, &failure->code);
        else if (tn_str_eq_c(key, "errorLocation"))
            read_location(in, failure);
        else
            (void)tn_trino_json_skip(in, NULL);
    }
}

/* A link, and where it stands. */
static void read_link(struct tn_trino_json *in, struct tn_arena *arena, struct tn_str *at, struct tn_str *out)
{
    struct tn_trino_json again;
    bool                 escaped;

    if (tn_trino_json_peek(in) == TN_TRINO_JSON_NULL) {
        (void)tn_trino_json_skip(in, NULL);
        return;
    }
    again = *in;
    if (tn_trino_json_string(in, at, &escaped) && out != NULL && !tn_trino_json_text(&again, arena, out))
        in->failed = true;
}

static void read_columns(struct tn_trino_json *in, struct tn_trino_page *page)
{
    if (tn_trino_json_peek(in) == TN_TRINO_JSON_ARRAY)
        (void)tn_trino_json_skip(in, &page->columns);
    else
        in->failed = true;
}

static void read_data(struct tn_trino_json *in, struct tn_trino_page *page)
{
    enum tn_trino_json_kind kind = tn_trino_json_peek(in);
    bool                    all;

    if (kind == TN_TRINO_JSON_OBJECT) {
        (void)tn_trino_json_skip(in, &page->spooled);
    } else if (kind == TN_TRINO_JSON_ARRAY) {
        (void)tn_trino_json_rows(in, &page->data, &page->row_count, &all);
        page->has_others = !all;
    } else {
        in->failed = true;
    }
}

/* A second link under its name, or one that another reader could take for it: by an escape, by another case. Relayed, it would lead the
 * client, and its log-in, past us. */
static bool is_double(const struct tn_trino_page *page, struct tn_str key)
{
    const struct {
        const char          *name;
        const struct tn_str *at;
    } links[] = {{"id", &page->id_at}, {"infoUri", &page->info_uri_at}, {"nextUri", &page->next_uri_at}, {"partialCancelUri", &page->partial_uri_at}};

    for (size_t i = 0; i < TN_ARRAY_LEN(links); i++)
        if (tn_str_ieq_c(key, links[i].name))
            return links[i].at->ptr != NULL || !tn_str_eq_c(key, links[i].name);
    return key.len > 0 && memchr(key.ptr, '\\', key.len) != NULL;
}

static void read_member(struct tn_trino_page *page, struct tn_str key, struct tn_trino_json *in, struct tn_arena *arena)
{
    bool null = tn_trino_json_peek(in) == TN_TRINO_JSON_NULL;

    if (is_double(page, key))
        in->failed = true;
    else if (null)
        (void)tn_trino_json_skip(in, NULL);
    else if (tn_str_eq_c(key, "id"))
        read_link(in, arena, &page->id_at, &page->id);
    else if (tn_str_eq_c(key, "infoUri"))
        read_link(in, arena, &page->info_uri_at, NULL);
    else if (tn_str_eq_c(key, "nextUri"))
        read_link(in, arena, &page->next_uri_at, &page->next_uri);
    else if (tn_str_eq_c(key, "partialCancelUri"))
        read_link(in, arena, &page->partial_uri_at, NULL);
    else if (tn_str_eq_c(key, "columns"))
        read_columns(in, page);
    else if (tn_str_eq_c(key, "data"))
        read_data(in, page);
    else if (tn_str_eq_c(key, "stats"))
        read_stats(in, &page->stats);
    else if (tn_str_eq_c(key, "updateType"))
        (void)tn_trino_json_text(in, arena, &page->update_type);
    else if (tn_str_eq_c(key, "updateCount"))
        page->has_update_count = tn_trino_json_u64(in, &page->update_count);
    else if (tn_str_eq_c(key, "error")) {
        page->failed = true;
        read_failure(in, arena, &page->failure);
    } else
        (void)tn_trino_json_skip(in, NULL);
}

enum tn_status tn_trino_page_read(struct tn_trino_page *page, struct tn_str body, struct tn_arena *arena, struct tn_error *err)
{
    struct tn_trino_json in;
    struct tn_str        key;
    size_t               valid = tn_utf8_valid_prefix(body.ptr, body.len);

    *page = (struct tn_trino_page){.failed = false};
    if (valid != body.len) {
        tn_fail(err, TN_E_ENGINE, "08P01", "the answer is not UTF-8 (byte %zu of %zu)", valid, body.len);
        return TN_E_ENGINE;
    }
    tn_trino_json_begin(&in, body);
    if (tn_trino_json_enter(&in, '{'))
        while (tn_trino_json_key(&in, &key))
            read_member(page, key, &in, arena);
    if (!tn_trino_json_at_end(&in) || page->id.ptr == NULL) {
        tn_fail(err, TN_E_ENGINE, "08P01", "the answer is not one of Trino's statement protocol");
        tn_error_detail(err, "%zu bytes: %.*s", body.len, (int)TN_MIN(body.len, 200), body.ptr);
        return TN_E_ENGINE;
    }
    return TN_OK;
}

/* Recorded queries, page by page, and why they went where they went. */
#include "console/console_table.h"

struct page {
    struct tn_console_source *source;
    struct tn_console_rows   *rows;
    size_t                    count;
    void (*put)(struct tn_console_rows *rows, const struct tn_history_record *r);
};

static void put_history(struct tn_console_rows *rows, const struct tn_history_record *r)
{
    tn_rows_u64(rows, r->id);
    tn_rows_time(rows, r->started_us);
    tn_rows_text(rows, r->user);
    tn_rows_text(rows, r->database);
    tn_rows_text(rows, r->application);
    tn_rows_text(rows, r->client);
    tn_rows_text(rows, r->protocol);
    tn_rows_text(rows, r->tags);
    tn_rows_text(rows, r->group);
    tn_rows_text(rows, r->cluster);
    tn_rows_text(rows, r->engine);
    tn_rows_c(rows, tn_history_outcome_name(r->outcome));
    tn_rows_text(rows, r->sqlstate);
    tn_rows_text(rows, r->error);
    tn_rows_ms(rows, r->queue_us);
    tn_rows_ms(rows, r->first_byte_us);
    tn_rows_ms(rows, r->engine_us);
    tn_rows_ms(rows, r->total_us);
    tn_rows_u64(rows, r->rows);
    tn_rows_u64(rows, r->bytes);
    tn_rows_text(rows, r->class);
    tn_rows_text(rows, r->text);
    tn_rows_ms(rows, r->engine_queue_us);
    tn_rows_u64(rows, r->peak_memory);
    tn_rows_u64(rows, r->rows_read);
    tn_rows_u64(rows, r->bytes_read);
}

static void put_decision(struct tn_console_rows *rows, const struct tn_history_record *r)
{
    tn_rows_u64(rows, r->id);
    tn_rows_time(rows, r->started_us);
    tn_rows_text(rows, r->router);
    tn_rows_text(rows, r->rule);
    tn_rows_text(rows, r->trace);
    tn_rows_text(rows, r->group);
    tn_rows_text(rows, r->cluster);
    tn_rows_text(rows, r->reason);
    tn_rows_u64(rows, r->attempts);
    tn_rows_c(rows, tn_history_outcome_name(r->outcome));
    tn_rows_ms(rows, r->total_us);
    tn_rows_text(rows, r->shape);
    tn_rows_text(rows, r->rung);
    tn_rows_text(rows, r->plan);
    tn_rows_ms(rows, r->predicted_us);
    tn_rows_u64(rows, r->usd_micros);
    tn_rows_u64(rows, r->cuts);
    tn_rows_text(rows, r->advised);
    tn_rows_u64(rows, r->marginal_usd_micros);
    tn_rows_bool(rows, r->explored != 0);
    tn_rows_bool(rows, r->shadow != 0);
    if (r->propensity_ppm > 0)
        tn_rows_f64(rows, (double)r->propensity_ppm / 1e6);
    else
        tn_rows_null(rows);
    tn_rows_u64(rows, r->predicted_usd_micros);
    tn_rows_ms(rows, r->advised_us);
    tn_rows_u64(rows, r->advised_usd_micros);
    tn_rows_u64(rows, r->band);
}

static bool on_record(void *ctx, const struct tn_history_record *record)
{
    struct page *page = ctx;

    page->put(page->rows, record);
    page->count++;
    page->source->last_id = record->id;
    return !page->rows->failed && !atomic_load(page->source->interrupted);
}

static enum tn_status read_page(struct page *page, struct tn_error *err)
{
    struct tn_console_source *source = page->source;
    const struct tn_history  *history = source->server->history;

    if (history == NULL)
        return TN_OK; /* switched off: no rows */
    if (source->filter.before_id == 0)
        tn_history_flush(source->server->history);
    TN_TRY(tn_history_query(history, &source->filter, on_record, page, err));
    if (atomic_load(source->interrupted))
        return tn_fail(err, TN_E_CANCELLED, "57014", "canceling statement due to user request");
    if (page->count < source->filter.limit || source->last_id <= 1)
        source->last_id = 0;
    return TN_OK;
}

enum tn_status tn_console_history(struct tn_console_source *source, struct tn_console_rows *rows, struct tn_error *err)
{
    return read_page(&(struct page){.source = source, .rows = rows, .put = put_history}, err);
}

enum tn_status tn_console_decisions(struct tn_console_source *source, struct tn_console_rows *rows, struct tn_error *err)
{
    return read_page(&(struct page){.source = source, .rows = rows, .put = put_decision}, err);
}

/* GET /v1/queries/history and /v1/queries/statistics: read from the history's file, so in the offload pool. */
#include "rest/private.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "stats/history_text.h"

#include <stdlib.h>

enum { PAGE = 100, SAMPLES_MAX = 100000, ENGINES = 16 };

struct tally {
    char     engine[32];
    uint64_t count, failed;
    uint64_t total_us;
};

struct page {
    struct tn_rest_round     round;
    struct tn_history_filter filter;
    struct tn_arena          arena; /* the filter's texts */
    struct tn_buf            body;
    struct tn_json           json;
    struct tn_error          error;
    enum tn_status           status;
    uint64_t                 count;
    /* statistics */
    uint64_t                 outcomes[TN_HISTORY_OUTCOMES], rows, total_us, queue_us;
    uint64_t                *samples;
    size_t                   sample_count;
    struct tally             engines[ENGINES];
    size_t                   engine_count;
};

static void free_page(struct tn_rest_round *round)
{
    struct page *page = TN_CONTAINER_OF(round, struct page, round);

    tn_arena_reset(&page->arena);
    tn_buf_reset(&page->body);
    tn_error_reset(&page->error);
    tn_free(page->samples);
    tn_free(page);
}

static void finish(struct tn_rest_round *round)
{
    struct page *page = TN_CONTAINER_OF(round, struct page, round);

    if (round->x == NULL)
        return;
    tn_http_set_field(round->x, "Cache-Control", "no-store");
    if (page->status != TN_OK)
        tn_http_problem(round->x, 500, "the history cannot be read: %s", page->error.message);
    else if (page->body.failed)
        tn_http_problem(round->x, 413, "the page is too large; ask for a smaller `limit`");
    else
        tn_rest_reply_json(round->x, 200, &page->body);
}

static struct page *new_page(struct tn_rest *rest, struct tn_http_exchange *x)
{
    struct page *page;

    if (rest->server->history == NULL) {
        tn_http_problem(x, 404, "the history is switched off (history.enabled)");
        return NULL;
    }
    page = tn_calloc(1, sizeof *page);
    if (page == NULL) {
        tn_http_problem(x, 503, "no memory");
        return NULL;
    }
    tn_arena_init(&page->arena, (size_t)1 << 20);
    tn_buf_init(&page->body, TN_REST_DOCUMENT_MAX);
    page->json.buf = &page->body;
    page->round.finish = finish;
    page->round.free = free_page;
    page->filter.limit = PAGE;
    return page;
}

/* STATUS as this API says it. */
static bool outcome_of_state(struct tn_str state, const char **outcome)
{
    static const char *const words[][2] = {{"COMPLETED", "ok"}, {"FAILED", "error"}, {"CANCELLED", "cancelled"}, {"TIMEOUT", "timeout"}};

    for (size_t i = 0; i < TN_ARRAY_LEN(words); i++)
        if (tn_str_ieq_c(state, words[i][0])) {
            *outcome = words[i][1];
            return true;
        }
    return false;
}

/* Queries of others are not everybody's business: who asks for them is told so, who asks for nobody's sees his own. */
static bool restrict_to_caller(struct tn_http_exchange *x, struct page *page, const struct tn_rest_args *args)
{
    struct tn_str asked = tn_http_arg(&args->query, "user");

    if (args->caller.sees_all)
        return true;
    if (asked.len > 0 && !tn_str_eq(asked, args->caller.user)) {
        tn_http_problem(x, 403, "parameter `user`: queries of others are for administrators (auth.admins)");
        return false;
    }
    if (tn_arena_str(&page->arena, args->caller.user, &page->filter.user))
        return true;
    tn_http_problem(x, 503, "no memory");
    return false;
}

static bool set_filter(struct tn_http_exchange *x, struct page *page, const struct tn_rest_args *args)
{
    char why[TN_HISTORY_WHY];

    for (size_t i = 0; i < args->query.count; i++) {
        const char   *name = args->query.items[i].name.ptr, *outcome;
        struct tn_str value;

        if (!tn_arena_str(&page->arena, args->query.items[i].value, &value)) {
            tn_http_problem(x, 503, "no memory");
            return false;
        }
        if (strcmp(name, "status") == 0) {
            if (!outcome_of_state(value, &outcome)) {
                tn_http_problem(x, 400, "parameter `status` must be COMPLETED, FAILED, CANCELLED or TIMEOUT");
                return false;
            }
            name = "outcome";
            value = tn_str(outcome);
        }
        if (!tn_history_filter_set(&page->filter, strcmp(name, "search") == 0 ? "text" : name, value, tn_clock_wall_us(), why)) {
            tn_http_problem(x, 400, "parameter %s", why);
            return false;
        }
    }
    return restrict_to_caller(x, page, args);
}

/* ---- history ---- */

static void read_page(struct tn_rest_round *round)
{
    struct page *page = TN_CONTAINER_OF(round, struct page, round);

    tn_json_open(&page->json, NULL, '{');
    page->status = tn_history_put_page(&page->json, "queries", round->rest->server->history, &page->filter, &page->count, &page->error);
    tn_json_u64(&page->json, "count", page->count);
    tn_json_close(&page->json, '}');
}

void tn_rest_history(struct tn_rest *rest, struct tn_http_exchange *x, const struct tn_rest_args *args)
{
    struct page *page = new_page(rest, x);

    if (page == NULL)
        return;
    if (!set_filter(x, page, args)) {
        free_page(&page->round);
        return;
    }
    page->round.work = read_page;
    tn_rest_round_begin(&page->round, rest, x);
    tn_rest_round_work(&page->round);
}

/* ---- statistics ---- */

static void tally(struct page *page, const struct tn_history_record *record)
{
    size_t i = 0;

    while (i < page->engine_count && !tn_str_eq_c(record->engine, page->engines[i].engine))
        i++;
    if (i == ENGINES || record->engine.len == 0)
        return;
    if (i == page->engine_count)
        tn_str_copy(page->engines[page->engine_count++].engine, sizeof page->engines[0].engine, record->engine);
    page->engines[i].count++;
    page->engines[i].failed += record->outcome != TN_HISTORY_OK;
    page->engines[i].total_us += record->total_us;
}

static bool on_sample(void *ctx, const struct tn_history_record *record)
{
    struct page *page = ctx;

    page->count++;
    if (record->outcome < TN_HISTORY_OUTCOMES)
        page->outcomes[record->outcome]++;
    page->rows += record->rows;
    page->total_us += record->total_us;
    page->queue_us += record->queue_us + record->engine_queue_us;
    tally(page, record);
    if (record->outcome == TN_HISTORY_OK)
        page->samples[page->sample_count++] = record->total_us;
    return page->sample_count < SAMPLES_MAX;
}

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void put_percentile(struct page *page, const char *key, double share)
{
    size_t at = (size_t)((double)(page->sample_count - 1) * share);

    if (page->sample_count == 0)
        tn_json_text(&page->json, key, NULL);
    else
        tn_json_ms(&page->json, key, page->samples[at]);
}

static void put_engines(struct page *page)
{
    char type[TN_REST_ENGINE];

    tn_json_open(&page->json, "engines", '[');
    for (size_t i = 0; i < page->engine_count; i++) {
        tn_json_open(&page->json, NULL, '{');
        tn_rest_engine_type(type, tn_str(page->engines[i].engine));
        tn_json_text(&page->json, "engineType", type);
        tn_json_u64(&page->json, "totalQueries", page->engines[i].count);
        tn_json_u64(&page->json, "failedQueries", page->engines[i].failed);
        tn_json_ms(&page->json, "averageTimeMs", page->engines[i].total_us / page->engines[i].count);
        tn_json_close(&page->json, '}');
    }
    tn_json_close(&page->json, ']');
}

static void read_statistics(struct tn_rest_round *round)
{
    struct page    *page = TN_CONTAINER_OF(round, struct page, round);
    struct tn_json *json = &page->json;
    uint64_t        ok;

    page->status = tn_history_query(round->rest->server->history, &page->filter, on_sample, page, &page->error);
    if (page->sample_count > 1)
        qsort(page->samples, page->sample_count, sizeof *page->samples, by_value);
    ok = page->outcomes[TN_HISTORY_OK];
    tn_json_open(json, NULL, '{');
    tn_json_time(json, "since", page->filter.since_us);
    tn_json_u64(json, "totalQueries", page->count);
    tn_json_u64(json, "completedQueries", ok);
    tn_json_u64(json, "failedQueries", page->outcomes[TN_HISTORY_ERROR] + page->outcomes[TN_HISTORY_DENIED] + page->outcomes[TN_HISTORY_REFUSED]);
    tn_json_u64(json, "cancelledQueries", page->outcomes[TN_HISTORY_CANCELLED]);
    tn_json_u64(json, "timedOutQueries", page->outcomes[TN_HISTORY_TIMEOUT]);
    if (page->count > 0)
        tn_json_f64(json, "successRate", (double)ok / (double)page->count);
    else
        tn_json_text(json, "successRate", NULL);
    tn_json_u64(json, "totalRows", page->rows);
    tn_json_ms(json, "averageTimeMs", page->count > 0 ? page->total_us / page->count : 0);
    tn_json_ms(json, "averageQueuedMs", page->count > 0 ? page->queue_us / page->count : 0);
    put_percentile(page, "p50TimeMs", 0.50);
    put_percentile(page, "p95TimeMs", 0.95);
    put_percentile(page, "p99TimeMs", 0.99);
    put_engines(page);
    tn_json_close(json, '}');
}

void tn_rest_statistics(struct tn_rest *rest, struct tn_http_exchange *x, const struct tn_rest_args *args)
{
    struct page *page = new_page(rest, x);

    if (page == NULL)
        return;
    page->filter.since_us = tn_clock_wall_us() - UINT64_C(86400000000);
    page->samples = tn_malloc(SAMPLES_MAX * sizeof *page->samples);
    if (page->samples == NULL)
        tn_http_problem(x, 503, "no memory");
    if (page->samples == NULL || !set_filter(x, page, args)) {
        free_page(&page->round);
        return;
    }
    page->filter.limit = SAMPLES_MAX;
    page->round.work = read_statistics;
    tn_rest_round_begin(&page->round, rest, x);
    tn_rest_round_work(&page->round);
}

/* history.c - GET /admin/history: one page of recorded queries, newest first. Reads the disk, so in the offload pool. */
#include "admin/endpoint.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "stats/history_text.h"

struct page {
    struct tn_admin_task     task;
    struct tn_history_filter filter;
    struct tn_arena          arena; /* the filter's texts: the exchange may be gone before the job ends */
    struct tn_buf            body;
    struct tn_json           json;
    struct tn_error          error;
    enum tn_status           status;
};

static void run(struct tn_job *job)
{
    struct page *page = TN_CONTAINER_OF(job, struct page, task.job);
    uint64_t     count;

    tn_json_open(&page->json, NULL, '{');
    page->status = tn_history_put_page(&page->json, "records", page->task.round.admin->server->history, &page->filter, &count, &page->error);
    tn_json_close(&page->json, '}');
}

static void finish(struct tn_http_exchange *x, struct tn_admin_round *round)
{
    struct page *page = TN_CONTAINER_OF(round, struct page, task.round);

    if (page->status != TN_OK)
        tn_http_problem(x, 500, "the history cannot be read: %s", page->error.message);
    else if (page->body.failed)
        tn_http_problem(x, 413, "the page is too large; ask for a smaller `limit`");
    else
        tn_admin_reply_json(x, 200, &page->body);
}

static void free_page(struct tn_admin_round *round)
{
    struct page *page = TN_CONTAINER_OF(round, struct page, task.round);

    tn_arena_reset(&page->arena);
    tn_buf_reset(&page->body);
    tn_error_reset(&page->error);
    tn_free(page);
}

static bool read_filter(struct tn_http_exchange *x, const struct tn_http_args *args, struct page *page)
{
    uint64_t now = tn_clock_wall_us();
    char     why[TN_HISTORY_WHY];

    page->filter.limit = 100;
    for (size_t i = 0; i < args->count; i++) {
        struct tn_str value;

        if (!tn_arena_str(&page->arena, args->items[i].value, &value)) {
            tn_http_problem(x, 503, "no memory");
            return false;
        }
        if (!tn_history_filter_set(&page->filter, args->items[i].name.ptr, value, now, why)) {
            tn_http_problem(x, 400, "parameter %s", why);
            return false;
        }
    }
    return true;
}

void tn_admin_history(struct tn_admin *admin, struct tn_http_exchange *x, const struct tn_http_args *args)
{
    struct page *page;

    if (admin->server->history == NULL) {
        tn_http_problem(x, 404, "the history is switched off (history.enabled)");
        return;
    }
    page = tn_calloc(1, sizeof *page);
    if (page == NULL) {
        tn_http_problem(x, 503, "no memory");
        return;
    }
    tn_arena_init(&page->arena, (size_t)1 << 20);
    tn_buf_init(&page->body, TN_ADMIN_REPLY_MAX);
    page->json.buf = &page->body;
    if (!read_filter(x, args, page)) {
        free_page(&page->task.round);
        return;
    }
    page->task.round.finish = finish;
    page->task.round.free = free_page;
    page->task.job.run = run;
    tn_admin_task_start(&page->task, admin, x);
}

/* Pages: what a POST and each GET is told. */
#include "trino/private.h"

#include "base/clock.h"
#include "engine/trino/trino_relay.h"
#include "trino/long_page.h"
#include "trino/segments.h"

bool tn_trino_page_ready(const struct tn_trino_query *q)
{
    if (q->segments != NULL)
        return tn_trino_segments_ready(q);
    return q->done || (q->first != NULL && q->first->relay != NULL && q->transaction == NULL) || q->chunk_bytes >= TN_TRINO_PAGE_BYTES || q->chunk_count >= TN_RUN_WINDOW;
}

static enum tn_trino_state state_of(const struct tn_trino_query *q, bool last)
{
    if (last)
        return q->error.status != TN_OK ? TN_TRINO_FAILED : TN_TRINO_FINISHED;
    if (q->ask == NULL)
        return q->done ? TN_TRINO_RUNNING : TN_TRINO_QUEUED;
    return q->ask->query->run.started_us == 0 ? TN_TRINO_QUEUED : TN_TRINO_RUNNING;
}

/* Takes the rows that a page has room for off the query; they are the caller's. */
static struct tn_chunk *take_rows(struct tn_trino_query *q)
{
    struct tn_chunk *first = q->first, **end = &first;
    size_t           bytes = 0;

    while (*end != NULL && (*end)->relay == NULL && (bytes == 0 || bytes + (*end)->bytes.len <= TN_TRINO_PAGE_BYTES + TN_CHUNK_TARGET)) {
        bytes += (*end)->bytes.len;
        q->chunk_bytes -= (*end)->bytes.len;
        q->chunk_count--;
        end = &(*end)->next;
    }
    q->first = *end;
    if (q->first == NULL)
        q->last = NULL;
    *end = NULL;
    return first;
}

/* The engine may go on now; it may give the next rows before this returns. */
static void release_rows(struct tn_trino_query *q, struct tn_chunk *rows)
{
    while (rows != NULL) {
        struct tn_chunk *next = rows->next;

        tn_chunk_free(rows);
        if (q->ask != NULL && q->segments == NULL)
            tn_ask_credit(q->ask);
        rows = next;
    }
    tn_trino_segments_go_on(q);
}

/* Tables of our own are small, and their rows are not counted. */
static uint64_t count_rows(const struct tn_chunk *rows)
{
    uint64_t count = 0;

    for (; rows != NULL; rows = rows->next)
        count += rows->rows;
    return count;
}

static void put_page(struct tn_trino_query *q, struct tn_buf *out, struct tn_str base, bool last, const struct tn_chunk *rows)
{
    struct tn_trino_segment segments[TN_TRINO_AHEAD];
    struct tn_arena         arena;
    struct tn_buf           next;
    char                    partial[128];
    struct tn_trino_page    page = {
        .id = tn_str(q->shown), .base = base, .columns = tn_buf_str(&q->columns), .rows = rows, .row_offset = q->row_offset,
        .segments = segments, .stats = q->stats, .place = q->place,
        .update_type = (last || q->columns.len > 0) && q->update_type[0] != '\0' ? q->update_type : NULL, /* JDBC: columns without it are a query's */
        .has_update_count = q->has_update_count, .update_count = q->update_count, .warning = q->warning,
    };

    tn_arena_init(&arena, 1024 * 1024);
    tn_buf_init(&next, 8192);
    out->failed = !tn_trino_segments_take(q, base, &arena, segments, &page.segment_count) || out->failed;
    page.encoding = count_rows(rows) > 0 || page.segment_count > 0 ? q->encoding : TN_TRINO_ENCODING_NONE;
    if (!last) {
        tn_trino_relay_next(q, q->token + 1, &next);
        snprintf(partial, sizeof partial, "/v1/statement/executing/partialCancel/%s/0/%s/%llu", q->id, q->slug,
                 (unsigned long long)q->token);
        out->failed = out->failed || next.failed;
        page.next = next.failed ? NULL : next.data;
        page.partial_cancel = q->columns.len > 0 ? partial : NULL;
    }
    page.stats.state = state_of(q, last);
    if (!q->done)
        page.stats.elapsed_us = tn_clock_us() - q->started_us;
    if (last && q->error.status != TN_OK)
        page.error = &q->error;
    tn_trino_put_page(out, &page);
    tn_buf_reset(&next);
    tn_arena_reset(&arena);
}

/* A page as its Trino told it. */
static void relay(struct tn_trino_query *q, struct tn_str base, struct tn_buf *out, struct tn_bytes **rest, size_t *rest_at)
{
    struct tn_chunk *chunk = q->first;

    q->first = chunk->next;
    if (q->first == NULL)
        q->last = NULL;
    q->chunk_bytes -= chunk->bytes.len;
    q->chunk_count--;
    q->is_long = q->is_open = chunk->relay->open;
    q->page_is_last = !chunk->relay->more && !q->is_open;
    q->owes = chunk->relay->more && !q->is_open;
    if (q->is_long) {
        tn_buf_clear(&q->before);
        tn_buf_put_str(&q->before, tn_buf_str(&q->next));
    }
    tn_trino_relay_build(q, chunk, base, out, rest, rest_at);
    tn_chunk_free(chunk);
}

static bool relays(const struct tn_trino_query *q)
{
    return q->first != NULL && q->first->relay != NULL && !(q->done && q->error.status != TN_OK);
}

static void build(struct tn_trino_query *q)
{
    struct tn_chunk *rows;

    tn_buf_clear(&q->page);
    tn_buf_clear(&q->told);
    tn_bytes_unref(q->rest);
    q->rest = NULL;
    q->token++;
    q->has_page = true;
    q->is_long = false;
    if (relays(q)) {
        relay(q, q->base, &q->page, &q->rest, &q->rest_at);
    } else {
        rows = (q->done && q->error.status != TN_OK) || tn_trino_segments_keep(q) ? NULL : take_rows(q);
        q->page_is_last = q->done && ((q->first == NULL && !tn_trino_segments_busy(q)) || q->error.status != TN_OK);
        put_page(q, &q->page, q->base, q->page_is_last, rows);
        q->row_offset += count_rows(rows);
        release_rows(q, rows);
    }
    if (q->page_is_last) {
        q->kept = q->page.capacity + (q->rest != NULL ? q->rest->buf.capacity : 0) + q->arena.total;
        q->home->kept_bytes += q->kept;
        tn_trino_query_settle(q);
    }
}

static void finish(struct tn_trino_query *q, struct tn_trino_call *call)
{
    call->body.failed = call->body.failed || q->page.failed;
    call->status = 200;
    call->presto = q->request.presto;
    tn_buf_put_str(&call->told, tn_buf_str(&q->told));
    for (size_t i = 0; q->page_is_last && i < q->set_count; i++) { /* it may be gone when the call is home */
        const char *value = tn_arena_strdup(&call->arena, tn_str(q->set[i].value));

        call->body.failed = call->body.failed || value == NULL;
        if (value != NULL)
            call->set[call->set_count++] = (struct tn_trino_header){q->set[i].name, value};
    }
    if (q->encoding != TN_TRINO_ENCODING_NONE && !q->relays && call->set_count < TN_TRINO_HEADERS)
        call->set[call->set_count++] = (struct tn_trino_header){"Query-Data-Encoding", tn_trino_encoding_name(q->encoding)};
    tn_trino_call_end(call);
}

/* A Trino refuses the client's own log-in: the client is told so as by that Trino, or it would not ask for another password. */
static bool refuse_login(const struct tn_trino_query *q, struct tn_trino_call *call)
{
    const struct tn_error *error = &q->error;

    if (!q->done || error->status != TN_E_DENIED || strncmp(error->sqlstate, "28", 2) != 0)
        return false;
    tn_fail(&call->refused.error, TN_E_DENIED, error->sqlstate, "%s", error->message);
    if (strncmp(error->detail, TN_TRINO_CHALLENGE, sizeof TN_TRINO_CHALLENGE - 1) == 0) /* OAuth2: where the client's browser is to go */
        tn_str_copy(call->refused.challenge, sizeof call->refused.challenge, tn_str(error->detail + sizeof TN_TRINO_CHALLENGE - 1));
    tn_trino_call_refuse(call, strcmp(error->sqlstate, "28P01") == 0 ? 401 : 403, call->refused.error.message);
    return true;
}

void tn_trino_page_answer(struct tn_trino_query *q, struct tn_trino_call *call)
{
    if (refuse_login(q, call))
        return;
    if (q->left && call->token != q->token) { /* clients ask again, and there is somebody new by then */
        tn_trino_call_refuse(call, 503, "the server is shutting down; ask again\n");
        return;
    }
    if (call->token == q->token + 1 && !q->page_is_last)
        build(q);
    else if (call->token != q->token) {
        tn_trino_call_refuse(call, 410, "this page is gone\n");
        return;
    } else if (q->is_long && q->error.status == TN_OK) {
        tn_trino_resume_again(q, call);
        return;
    } else if (q->is_long) { /* its statement failed in the midst of it */
        q->is_long = false;
        put_page(q, &q->page, q->base, true, NULL);
    }
    ev_timer_stop(q->home->worker->loop, &q->wait);
    tn_buf_put_str(&call->body, tn_buf_str(&q->page));
    call->rest = tn_bytes_ref(q->rest);
    call->rest_at = q->rest_at;
    if (q->is_open)
        tn_trino_long_begin(q, call);
    finish(q, call);
}

void tn_trino_page_first(struct tn_trino_query *q, struct tn_trino_call *call)
{
    char next[128];

    if (refuse_login(q, call))
        return;
    if (relays(q)) {
        relay(q, call->base, &call->body, &call->rest, &call->rest_at);
        tn_trino_query_settle(q);
        finish(q, call);
        return;
    }
    if (q->shown[0] == '\0')
        snprintf(q->shown, sizeof q->shown, "%s", q->id);
    snprintf(next, sizeof next, "/v1/statement/queued/%s/%s/1", q->id, q->slug);
    tn_trino_put_page(&call->body, &(struct tn_trino_page){.id = tn_str(q->shown), .base = call->base, .next = next,
                                                           .stats = {.state = TN_TRINO_QUEUED}});
    call->status = 200;
    tn_trino_call_end(call);
}

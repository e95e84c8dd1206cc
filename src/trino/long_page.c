#include "trino/long_page.h"

#include "base/clock.h"

static struct tn_chunk *take_chunk(struct tn_trino_query *q)
{
    struct tn_chunk *chunk = q->first;

    q->first = chunk->next;
    if (q->first == NULL)
        q->last = NULL;
    q->chunk_count--;
    q->chunk_bytes -= chunk->bytes.len;
    return chunk;
}

static bool has_chunk(const struct tn_trino_query *q)
{
    return q->is_open && q->first != NULL && q->first->relay != NULL && q->first->relay->joins;
}

/* What was sent is through; the engine may deliver the next before this returns. */
static void settle_credit(struct tn_trino_query *q)
{
    while (q->lent > 0) {
        q->lent--;
        if (q->ask != NULL)
            tn_ask_credit(q->ask);
    }
}

/* The page's last chunk tells what comes next. */
static void close_page(struct tn_trino_query *q, const struct tn_chunk *chunk)
{
    struct tn_buf next;

    q->is_open = q->drained = false;
    q->page_is_last = !chunk->relay->more;
    q->owes = chunk->relay->more;
    if (q->page_is_last) {
        q->kept += q->arena.total;
        q->home->kept_bytes += q->arena.total;
    }
    tn_buf_init(&next, TN_TRINO_NEXT_MAX);
    tn_trino_relay_path(chunk, &next);
    if (next.len > 0 && !next.failed) {
        tn_buf_clear(&q->next);
        tn_buf_put_str(&q->next, tn_buf_str(&next));
    }
    tn_buf_reset(&next);
}

static void end_call(struct tn_trino_call *call, bool cut)
{
    call->more = false;
    call->cut = cut;
    tn_trino_call_end(call);
}

static void answer(struct tn_trino_query *q, struct tn_trino_call *call)
{
    struct tn_chunk *chunk = take_chunk(q);
    bool             open = chunk->relay->open;

    q->lent += open;
    tn_trino_relay_more(q, chunk, call);
    if (!open)
        close_page(q, chunk);
    tn_chunk_free(chunk);
    if (open)
        tn_trino_call_end(call);
    else
        end_call(call, false);
}

void tn_trino_long_begin(struct tn_trino_query *q, struct tn_trino_call *call)
{
    call->more = true;
    call->body.failed = call->body.failed || q->page.failed;
    q->lent++;
    tn_bytes_unref(q->rest);
    q->rest = NULL;
    tn_buf_reset(&q->page);
}

void tn_trino_long_more(struct tn_trino_query *q, struct tn_trino_call *call)
{
    bool gone = call->cut;

    q->last_used_us = tn_clock_us();
    if (!gone && q->is_open && !q->drained && q->reader == NULL) {
        q->reader = call; /* a chunk may come while the one before is credited */
        settle_credit(q);
        tn_trino_long_came(q);
        return;
    }
    end_call(call, true);
    if (gone && q->is_open)
        tn_trino_long_drain(q);
}

static void throw_away(struct tn_trino_query *q)
{
    settle_credit(q);
    while (has_chunk(q)) {
        struct tn_chunk *chunk = take_chunk(q);
        bool             open = chunk->relay->open;

        if (!open)
            close_page(q, chunk);
        tn_chunk_free(chunk);
        if (open && q->ask != NULL)
            tn_ask_credit(q->ask);
    }
}

void tn_trino_long_came(struct tn_trino_query *q)
{
    struct tn_trino_call *reader = q->reader;

    if (q->is_open && q->drained)
        throw_away(q);
    if (reader != NULL && (has_chunk(q) || !q->is_open || (q->done && q->first == NULL))) {
        q->reader = NULL;
        if (has_chunk(q))
            answer(q, reader);
        else
            end_call(reader, true);
    }
    if (q->is_open && q->done && q->first == NULL) { /* its statement failed */
        q->is_open = q->drained = false;
        q->page_is_last = true;
    }
    if (!q->is_open && q->was_open)
        ev_feed_event(q->home->worker->loop, &q->wait, EV_TIMER);
}

void tn_trino_long_leave(struct tn_trino_query *q)
{
    struct tn_trino_call *reader = q->reader;

    q->reader = NULL;
    q->is_open = q->drained = q->was_open = false;
    if (reader != NULL)
        end_call(reader, true);
}

void tn_trino_long_drain(struct tn_trino_query *q)
{
    struct tn_trino_call *reader = q->reader;

    q->drained = true;
    q->reader = NULL;
    if (reader != NULL)
        end_call(reader, true);
    tn_trino_long_came(q);
}

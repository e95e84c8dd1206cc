#include "trino/resume.h"

#include "trino/followed.h"

/* CHUNK, NULL: none, goes to the client. MORE: there is more of the page; else R is gone, and without a chunk the answer is cut short. */
static void send_chunk(struct tn_trino_resumed *r, struct tn_chunk *chunk, bool more)
{
    struct tn_trino_relayed relayed = tn_trino_resumed_relayed(r);
    struct tn_trino_call   *call = r->call;

    if (chunk != NULL)
        tn_trino_relay_put(&relayed, chunk, &call->body, &call->rest, &call->rest_at);
    tn_chunk_free(chunk);
    call->more = more;
    call->cut = chunk == NULL;
    r->away = more;
    if (!more)
        tn_trino_resumed_free(r);
    tn_trino_call_end(call);
}

static void cut(struct tn_trino_resumed *r)
{
    if (r->fetch != NULL)
        tn_trino_fetch_stop(r->fetch);
    r->fetch = NULL;
    send_chunk(r, NULL, false);
}

bool tn_trino_resume_page_cut(struct tn_trino_resumed *r)
{
    if (!r->stream.begun)
        return false;
    if (!r->away) {
        cut(r);
        return true;
    }
    if (r->fetch != NULL)
        tn_trino_fetch_stop(r->fetch);
    tn_trino_resumed_free(r); /* its call learns it when it comes */
    return true;
}

/* ---- its end ---- */

static void finish(struct tn_trino_resumed *r)
{
    struct tn_chunk *chunk = r->whole && !tn_trino_resumed_ended(r) ? tn_trino_relay_stream_end(&r->stream, &r->left) : NULL;

    if (chunk != NULL)
        tn_trino_resumed_note(r, chunk, r->stream.rows);
    send_chunk(r, chunk, false);
}

bool tn_trino_resume_page_over(struct tn_trino_resumed *r, struct tn_http_client_answer *got)
{
    if (!r->stream.begun)
        return false;
    r->fetch = NULL;
    r->over = true;
    r->whole = got->status == 200;
    if (got->status != 0) {
        r->left = *got->body;
        tn_buf_init(got->body, r->left.max);
    }
    if (!r->away)
        finish(r);
    return true;
}

/* ---- in the midst of it ---- */

static void begin(struct tn_trino_resumed *r, struct tn_buf *body)
{
    struct tn_trino_call *call = r->call;
    size_t                len = body->len;
    struct tn_chunk      *chunk = tn_trino_relay_stream_begin(&r->stream, body, &r->stream_at);

    if (chunk == NULL)
        return;
    r->bytes = len;
    tn_trino_relay_path(chunk, &r->next);
    call->status = 200;
    tn_buf_put_str(&call->told, tn_buf_str(tn_trino_fetch_headers(r->fetch)));
    send_chunk(r, chunk, true);
}

/* What there is of it, if that is worth sending. */
static void go_on(struct tn_trino_resumed *r, struct tn_buf *body)
{
    struct tn_chunk *chunk;

    if (tn_trino_resumed_ended(r)) {
        cut(r);
        return;
    }
    if (body->len < TN_CHUNK_TARGET)
        return;
    r->bytes += body->len;
    chunk = tn_trino_relay_stream_rows(&r->stream, body);
    if (chunk == NULL) {
        cut(r);
    } else if (chunk->bytes.len == 0) { /* of its rest, which is sent at its end */
        tn_chunk_free(chunk);
    } else {
        send_chunk(r, chunk, true);
    }
}

void tn_trino_resume_part(struct tn_http_call *fetched, void *owner)
{
    struct tn_trino_resumed *r = owner;
    struct tn_buf           *body = tn_http_call_body(fetched);

    if (tn_http_call_status(fetched) != 200)
        return;
    if (r->away) {
        if (body->len >= TN_CHUNK_TARGET)
            tn_http_call_pause(fetched);
    } else if (r->stream.begun) {
        go_on(r, body);
    } else if (body->len >= r->stream_at && !tn_trino_resumed_ended(r)) {
        begin(r, body);
    }
}

static struct tn_trino_resumed *find(const struct tn_trino_home *home, const struct tn_trino_call *call)
{
    TN_LIST_FOR_EACH(node, &home->resumed) {
        struct tn_trino_resumed *r = TN_CONTAINER_OF(node, struct tn_trino_resumed, node);

        if (r->call == call)
            return r;
    }
    return NULL;
}

void tn_trino_resume_more(struct tn_trino_home *home, struct tn_trino_call *call)
{
    struct tn_trino_resumed *r = find(home, call);
    bool                     gone = call->cut;

    if (r == NULL) {
        call->more = false;
        call->cut = true;
        tn_trino_call_end(call);
        return;
    }
    r->away = false;
    tn_trino_follow_touch(home, call->id);
    if (gone) {
        cut(r);
        return;
    }
    if (r->over) {
        finish(r);
        return;
    }
    tn_http_call_resume(tn_trino_fetch_call(r->fetch));
    go_on(r, tn_http_call_body(tn_trino_fetch_call(r->fetch)));
}

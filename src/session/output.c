/* What waits to be written to a client: a list of chunks, ours (small messages gathered) and the engine's (rows). */
#include "session/private.h"

#include "base/alloc.h"
#include "frontend/pgwire/pg_digits.h"

enum { OURS_MAX = 64 * 1024 * 1024, OURS_TARGET = 32 * 1024, SPARE_MAX = 1024, PARTS = 32, FULL = 512 * 1024,
       HELD_MAX = 8192 };

static void append(struct tn_session *s, struct tn_chunk *chunk)
{
    chunk->next = NULL;
    if (s->out_last != NULL)
        s->out_last->next = chunk;
    else
        s->out_first = chunk;
    s->out_last = chunk;
}

/* The chunk that takes small messages: the last one, if it is ours and not too long. An engine's chunk takes what follows
 * it as well: one write for rows, completion and ready. */
void tn_session_put_reply(struct tn_session *s, const struct tn_reply *reply)
{
    struct tn_str rest = reply->value, line;
    const char   *end;

    while (reply->lines && rest.len > 0 && (end = memchr(rest.ptr, '\n', rest.len)) != NULL) {
        line = tn_str_n(rest.ptr, (size_t)(end - rest.ptr));
        tn_pg_put_text_row(tn_session_out(s), &line, 1);
        rest = tn_str_n(end + 1, rest.len - line.len - 1);
    }
    tn_pg_put_text_row(tn_session_out(s), &rest, 1);
}

struct tn_buf *tn_session_out(struct tn_session *s)
{
    struct tn_chunk *last = s->out_last;

    if (last != NULL && last->bytes.len < OURS_TARGET && !last->bytes.failed)
        return &last->bytes;
    if (s->out_spare != NULL) {
        last = s->out_spare;
        s->out_spare = NULL;
    } else {
        last = tn_chunk_new(OURS_MAX);
    }
    if (last == NULL) {
        static _Thread_local struct tn_buf nowhere; /* max 0: takes nothing, stays failed */

        s->out_failed = true;
        return &nowhere;
    }
    append(s, last);
    return &last->bytes;
}

void tn_session_send_chunk(struct tn_session *s, struct tn_chunk *chunk)
{
    append(s, chunk);
}

static void release(struct tn_session *s, struct tn_chunk *chunk)
{
    struct tn_run *run = chunk->run;

    if (run == NULL && s->out_spare == NULL && chunk->bytes.capacity <= SPARE_MAX) {
        tn_buf_clear(&chunk->bytes);
        chunk->sent = 0;
        chunk->rows = 0;
        chunk->bytes.max = OURS_MAX;
        s->out_spare = chunk;
        return;
    }
    tn_chunk_free(chunk);
    if (run != NULL)
        tn_run_credit(run);
}

/* Takes what is written off the list before anything is credited: a credit may bring the next chunk at once. */
static void written(struct tn_session *s, size_t n)
{
    struct tn_chunk *done = NULL, **tail = &done;

    s->bytes_out += n;
    tn_count(&s->runtime->counters, TN_COUNTER_client_bytes_sent, n);
    while (s->out_first != NULL) {
        struct tn_chunk *chunk = s->out_first;
        size_t           rest = chunk->bytes.len - chunk->sent;

        if (n < rest) {
            chunk->sent += n;
            break;
        }
        n -= rest;
        s->out_first = chunk->next;
        chunk->next = NULL;
        *tail = chunk;
        tail = &chunk->next;
    }
    if (s->out_first == NULL)
        s->out_last = NULL;
    while (done != NULL) {
        struct tn_chunk *next = done->next;

        release(s, done);
        done = next;
    }
}

static int gather(struct tn_session *s, struct iovec parts[PARTS], bool *failed)
{
    int count = 0;

    for (struct tn_chunk *chunk = s->out_first; chunk != NULL && count < PARTS; chunk = chunk->next) {
        *failed = *failed || chunk->bytes.failed;
        if (chunk->bytes.len > chunk->sent)
            parts[count++] = (struct iovec){chunk->bytes.data + chunk->sent, chunk->bytes.len - chunk->sent};
    }
    return count;
}

/* Answers to Parse, Bind, Close and Describe: no client goes on because of them before it has asked for a flush. */
static bool only_acknowledges(const struct tn_buf *out)
{
    size_t at = 0;

    while (at + 5 <= out->len && memchr("123tTn", out->data[at], 6) != NULL)
        at += 1 + (size_t)tn_pg_get_be32(out->data + at + 1);
    return at == out->len;
}

void tn_session_flush_unless_busy(struct tn_session *s)
{
    const struct tn_chunk *only = s->out_first;

    s->out_held = s->busy && only != NULL && only->next == NULL && only->sent == 0 && only->run == NULL &&
                  only->bytes.len < HELD_MAX && only_acknowledges(&only->bytes);
    if (s->out_held)
        tn_session_watch(s);
    else
        tn_session_flush(s);
}

void tn_session_flush(struct tn_session *s)
{
    s->out_held = false;
    while (s->out_first != NULL && s->state != TN_SESSION_CLOSING) {
        struct iovec parts[PARTS];
        bool         failed = s->out_failed;
        int          count = gather(s, parts, &failed);
        size_t       n = 0;
        enum tn_io   result = count > 0 ? tn_transport_writev(&s->transport, parts, count, &n) : TN_IO_OK;

        if (failed) {
            tn_session_close(s, "no memory for an answer");
            return;
        }
        if (result == TN_IO_AGAIN)
            break;
        if (result != TN_IO_OK) {
            s->client_gone = true;
            tn_session_close(s, "client does not take its answer");
            return;
        }
        written(s, n);
    }
    tn_session_watch(s);
}

void tn_session_flush_soon(struct tn_session *s)
{
    if (s->state == TN_SESSION_CLOSING)
        return;
    s->out_held = false;
    tn_session_watch(s); /* starts write_ev */
    ev_feed_event(s->worker->loop, &s->write_ev, EV_WRITE);
}

static size_t output_bytes(const struct tn_session *s)
{
    size_t bytes = 0;

    for (const struct tn_chunk *chunk = s->out_first; chunk != NULL; chunk = chunk->next)
        bytes += chunk->bytes.len - chunk->sent;
    return bytes;
}

bool tn_session_output_full(const struct tn_session *s)
{
    return output_bytes(s) > FULL;
}

void tn_session_notice(struct tn_session *s, const char *fields, size_t len)
{
    if (s->state == TN_SESSION_CLOSING)
        return;
    if (output_bytes(s) + len > s->runtime->snapshot->config->settings.pg_max_buffered / 2) {
        if (s->notices_lost++ == 0)
            tn_log(TN_LOG_WARN, "notices dropped", TN_LOG_U64("session", s->pid), TN_LOG_TEXT("why", "the client does not read"));
        return;
    }
    tn_pg_put_notice_fields(tn_session_out(s), fields, len);
    tn_session_flush_soon(s);
}

void tn_session_forget_run(struct tn_session *s, struct tn_run *run)
{
    for (struct tn_chunk *chunk = s->out_first; chunk != NULL; chunk = chunk->next)
        if (chunk->run == run)
            chunk->run = NULL;
}

void tn_session_free_output(struct tn_session *s)
{
    while (s->out_first != NULL) {
        struct tn_chunk *next = s->out_first->next;

        tn_chunk_free(s->out_first);
        s->out_first = next;
    }
    s->out_last = NULL;
    tn_chunk_free(s->out_spare);
    s->out_spare = NULL;
}

void tn_session_error(struct tn_session *s, const struct tn_error *err)
{
    tn_pg_put_error(tn_session_out(s), err, "ERROR");
}

void tn_session_place_error(struct tn_error *err, const char *text, struct tn_str statement)
{
    if (err->position <= 0)
        return;
    for (const char *c = text; c < statement.ptr; c++)
        err->position += ((unsigned char)*c & 0xC0u) != 0x80u; /* characters, not bytes */
}

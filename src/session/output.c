/* What is written to a client: answers of our own, when they go out, and what an engine has to say besides. */
#include "session/private.h"

#include "frontend/pgwire/pg_digits.h"

enum { HELD_MAX = 8192 };

void tn_session_put_reply(struct tn_session *s, const struct tn_reply *reply)
{
    struct tn_str rest = reply->value, line;

    if (!reply->lines)
        tn_pg_put_text_row(tn_session_out(s), &reply->value, 1);
    while (reply->lines && tn_str_next_line(&rest, &line))
        tn_pg_put_text_row(tn_session_out(s), &line, 1);
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
    const struct tn_chunk *only = s->client.out.first;

    s->client.out.held = s->client.busy && only != NULL && only->next == NULL && only->sent == 0 && only->run == NULL &&
                  only->bytes.len < HELD_MAX && only_acknowledges(&only->bytes);
    if (s->client.out.held)
        tn_client_watch(&s->client);
    else
        tn_client_flush(&s->client);
}

void tn_session_notice(struct tn_session *s, const char *fields, size_t len)
{
    if (s->state == TN_SESSION_CLOSING)
        return;
    if (tn_outbox_bytes(&s->client.out) + len > s->runtime->snapshot->config->settings.pg_max_buffered / 2) {
        if (s->notices_lost++ == 0)
            tn_log(TN_LOG_WARN, "notices dropped", TN_LOG_U64("session", s->pid), TN_LOG_TEXT("why", "the client does not read"));
        return;
    }
    tn_pg_put_notice_fields(tn_session_out(s), fields, len);
    tn_client_flush_soon(&s->client);
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

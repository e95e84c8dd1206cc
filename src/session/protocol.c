/* The message loop of a session. */
#include "session/private.h"

#include "base/alloc.h"
#include "base/clock.h"

enum { INPUT_KEEP = 4096 };

static size_t max_message(const struct tn_session *s)
{
    return s->runtime->snapshot->config->settings.pg_max_message;
}

/* Moves what is left of the input to the front; an idle session gives its memory back. */
static void compact(struct tn_session *s)
{
    tn_buf_consume(&s->in, s->in_at);
    s->in_at = 0;
    if (s->in.len == 0 && s->in.capacity > INPUT_KEEP)
        tn_buf_reset(&s->in);
}

bool tn_session_next_is(struct tn_session *s, char type, struct tn_str *body)
{
    struct tn_pg_message message;
    size_t               size;

    if (tn_pg_parse_message(s->in.data + s->in_at, s->in.len - s->in_at, max_message(s), &message, &size, NULL) != TN_OK)
        return false;
    *body = message.body;
    return message.type == type;
}

static void query(struct tn_session *s, struct tn_str body)
{
    struct tn_error err = TN_ERROR_INIT;
    struct tn_str   sql;

    if (tn_pg_parse_query(body, &sql, &err) != TN_OK)
        tn_session_fatal(s, &err, "malformed message");
    else
        tn_simple_query(s, sql);
}

static void refuse_type(struct tn_session *s, char type)
{
    struct tn_error err = TN_ERROR_INIT;

    if (type == 'F')
        tn_fail(&err, TN_E_UNSUPPORTED, "0A000", "function calls (message F) are not supported");
    else
        tn_fail(&err, TN_E_INVALID, "08P01", "invalid frontend message type %d", (unsigned char)type);
    if (type != 'F') {
        tn_session_fatal(s, &err, "invalid message type");
        return;
    }
    tn_session_error(s, &err);
    tn_transaction_failed(s);
    tn_pg_put_ready(tn_session_out(s), tn_transaction_status(s));
}

/* What a Query in the same flight answered is still delivered, as far as the socket takes it. */
static void say_good_bye(struct tn_session *s)
{
    tn_session_flush(s);
    if (s->state != TN_SESSION_CLOSING)
        tn_transport_finish(&s->transport);
    tn_session_close(s, "client said good-bye");
}

static void dispatch(struct tn_session *s, const struct tn_pg_message *message)
{
    if (s->skip_to_sync && message->type != 'S' && message->type != 'X')
        return;
    switch (message->type) {
    case 'Q': query(s, message->body); break;
    case 'P': case 'B': case 'D': case 'E': case 'C': case 'S':
        tn_extended_message(s, message);
        break;
    case 'H': tn_session_flush(s); break;
    case 'X': say_good_bye(s); break;
    case 'd': case 'c': case 'f': break; /* what is left of a COPY that was refused */
    default:  refuse_type(s, message->type); break;
    }
}

/* One message; false when there is not a whole one. A message that must wait for something first is handled again. */
static bool step(struct tn_session *s)
{
    struct tn_pg_message message;
    struct tn_error      err = TN_ERROR_INIT;
    size_t               size, before = s->in_at;

    if (s->state == TN_SESSION_STARTUP)
        return tn_session_startup(s);
    if (s->state == TN_SESSION_AUTH)
        return tn_session_login_step(s);
    switch (tn_pg_parse_message(s->in.data + s->in_at, s->in.len - s->in_at, max_message(s), &message, &size, &err)) {
    case TN_AGAIN: return false;
    case TN_OK:    break;
    case TN_E_LIMIT:
        tn_count(&s->runtime->counters, TN_COUNTER_messages_oversized, 1);
        tn_session_fatal(s, &err, "message too long");
        return false;
    default:
        tn_session_fatal(s, &err, "malformed message");
        return false;
    }
    s->in_at += size;
    s->redo = false;
    dispatch(s, &message);
    if (s->redo)
        s->in_at = before;
    return true;
}

static void stop_if_asked(struct tn_session *s)
{
    struct tn_error err = TN_ERROR_INIT;

    if (!s->stop_soon || s->busy || s->state != TN_SESSION_READY)
        return;
    tn_fail(&err, TN_E_CANCELLED, "57P01", "terminating connection due to administrator command");
    tn_session_fatal(s, &err, "shutdown");
}

static bool may_go_on(const struct tn_session *s)
{
    return s->state != TN_SESSION_CLOSING && !s->busy && !s->stop_soon && !tn_session_output_full(s);
}

/* Messages until one must wait, there is no whole one left, the output is full, or it has been long enough. */
static void process_some(struct tn_session *s)
{
    uint64_t until = tn_clock_us() + TN_SESSION_SLICE_US;

    s->processing = true;
    for (unsigned done = 1; may_go_on(s) && step(s); done++)
        if (done % 8 == 0 && tn_clock_us() >= until) {
            tn_session_again(s);
            break;
        }
    s->processing = false;
}

void tn_session_process(struct tn_session *s)
{
    bool full;

    do {
        process_some(s);
        if (s->state == TN_SESSION_CLOSING)
            return;
        if (!s->busy || s->in_at > INPUT_KEEP)
            compact(s);
        full = tn_session_output_full(s);
        tn_session_flush_unless_busy(s);
    } while (full && s->state != TN_SESSION_CLOSING && !s->busy && !tn_session_output_full(s)); /* nobody else would go on */
    if (s->state == TN_SESSION_READY)
        tn_session_idle_timer(s);
    stop_if_asked(s);
}

/* One message of a client: what it asks for. */
#include "session/private.h"

static size_t max_message(const struct tn_session *s)
{
    return s->runtime->snapshot->config->settings.pg_max_message;
}

bool tn_session_next_is(struct tn_session *s, char type, struct tn_str *body)
{
    struct tn_str        input = tn_client_input(&s->client);
    struct tn_pg_message message;
    size_t               size;

    if (tn_pg_parse_message(input.ptr, input.len, max_message(s), &message, &size, NULL) != TN_OK)
        return false;
    *body = message.body;
    return message.type == type;
}

static void query(struct tn_session *s, struct tn_str body)
{
    struct tn_str   sql;
    TN_ERROR_LOCAL(err);

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
    tn_client_finish(&s->client);
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
    case 'H': tn_client_flush(&s->client); break;
    case 'X': say_good_bye(s); break;
    case 'd': case 'c': case 'f': break; /* what is left of a COPY that was refused */
    default:  refuse_type(s, message->type); break;
    }
}

/* One message; false when there is not a whole one. A message that must wait for something first is handled again. */
bool tn_session_step(struct tn_session *s)
{
    struct tn_str        input = tn_client_input(&s->client);
    struct tn_pg_message message;
    size_t               size, before = s->client.in_at;
    TN_ERROR_LOCAL(err);

    if (s->state == TN_SESSION_STARTUP)
        return tn_session_startup(s);
    if (s->state == TN_SESSION_AUTH)
        return tn_session_login_step(s);
    switch (tn_pg_parse_message(input.ptr, input.len, max_message(s), &message, &size, &err)) {
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
    s->client.in_at += size;
    s->redo = false;
    dispatch(s, &message);
    if (s->redo)
        s->client.in_at = before;
    return true;
}

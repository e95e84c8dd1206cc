/* A portal's execution: its rows, the row limit, suspension, and its end.
 *
 * An Execute with a row limit leaves its query running behind a suspended portal: rows wait in the window, the engine waits
 * for credit. When another statement of the same transaction needs the connection, the rest of the rows is taken in first
 * (up to maxBuffered). */
#include "session/extended.h"

/* ---- rows of a portal ---- */

static struct tn_session *session_of(const struct tn_query *q)
{
    return ((struct tn_portal *)q->owner)->session;
}

void tn_extended_put_columns(struct tn_session *s, struct tn_portal *portal, const struct tn_schema *schema)
{
    if (schema != NULL)
        tn_pg_put_row_description(tn_session_out(s), schema, portal->formats, portal->format_count);
    else
        tn_pg_put_simple(tn_session_out(s), 'n');
    portal->tell_columns = false;
}

static void on_columns(struct tn_query *q, const struct tn_schema *schema)
{
    struct tn_portal *portal = q->owner;

    if (portal->format_count > 1 && portal->format_count != schema->count)
        tn_fail(&portal->error, TN_E_INVALID, "08P01", "bind message has %zu result formats but query has %zu columns",
                portal->format_count, schema->count);
    else if (portal->tell_columns)
        tn_extended_put_columns(portal->session, portal, schema);
    else if (portal->statement->described && !tn_schema_same_types(portal->statement->schema, schema))
        tn_fail(&portal->error, TN_E_UNSUPPORTED, "0A000", "cached plan must not change result type");
    if (portal->error.status != TN_OK) {
        tn_error_hint(&portal->error, "Prepare the statement again.");
        tn_query_cancel(q, TN_CANCEL_USER);
    }
}

static void hold(struct tn_portal *portal, struct tn_chunk *chunk)
{
    chunk->next = NULL;
    if (portal->held_last != NULL)
        portal->held_last->next = chunk;
    else
        portal->held_first = chunk;
    portal->held_last = chunk;
    portal->held_bytes += chunk->bytes.len - chunk->sent;
    portal->session->held_bytes += chunk->bytes.len - chunk->sent;
}

static void unhold(struct tn_portal *portal, size_t bytes)
{
    portal->held_bytes -= bytes;
    portal->session->held_bytes -= bytes;
}

/* Bytes of the first ROWS DataRow messages that CHUNK has left. */
static size_t row_bytes(const struct tn_chunk *chunk, uint64_t rows)
{
    size_t at = chunk->sent;

    for (; rows > 0; rows--) {
        uint32_t len;

        memcpy(&len, chunk->bytes.data + at + 1, sizeof len);
        at += (size_t)__builtin_bswap32(len) + 1;
    }
    return at - chunk->sent;
}

/* Sends as many rows of CHUNK as the present Execute may have. True: all of it is gone. */
static bool send_within_limit(struct tn_session *s, struct tn_portal *portal, struct tn_chunk *chunk)
{
    struct tn_chunk *part;
    size_t           bytes;

    if (portal->limit < 0 || chunk->rows <= (uint64_t)portal->limit) {
        portal->sent_rows += chunk->rows;
        portal->limit -= portal->limit < 0 ? 0 : (int64_t)chunk->rows;
        tn_outbox_put(&s->client.out, chunk);
        return true;
    }
    if (portal->limit == 0)
        return false;
    bytes = row_bytes(chunk, (uint64_t)portal->limit);
    part = tn_chunk_new(TN_CHUNK_MAX); /* more than BYTES: messages may be appended */
    if (part != NULL)
        tn_buf_append(&part->bytes, chunk->bytes.data + chunk->sent, bytes);
    if (part == NULL || part->bytes.failed) {
        tn_chunk_free(part);
        s->client.out.failed = true;
        return false;
    }
    chunk->sent += bytes;
    chunk->rows -= (uint64_t)portal->limit;
    portal->sent_rows += (uint64_t)portal->limit;
    portal->limit = 0;
    tn_outbox_put(&s->client.out, part);
    return false;
}

static void suspend(struct tn_session *s, struct tn_portal *portal)
{
    tn_pg_put_simple(tn_session_out(s), 's');
    s->active = NULL;
    if (s->query == portal->query)
        s->query = NULL;
}

static void discard(struct tn_chunk *chunk, struct tn_query *q)
{
    tn_chunk_free(chunk);
    tn_run_credit(&q->run);
}

/* The connection is wanted by somebody else: keep what comes while it fits. */
static void on_drained_chunk(struct tn_session *s, struct tn_portal *portal, struct tn_query *q, struct tn_chunk *chunk)
{
    if (portal->drain == TN_DRAIN_DISCARD || portal->cut) {
        discard(chunk, q);
        return;
    }
    chunk->run = NULL;
    hold(portal, chunk);
    portal->cut = s->held_bytes > s->runtime->snapshot->config->settings.pg_max_buffered;
    tn_run_credit(&q->run);
}

static void on_chunk(struct tn_query *q, struct tn_chunk *chunk)
{
    struct tn_portal  *portal = q->owner;
    struct tn_session *s = portal->session;

    if (s->state == TN_SESSION_CLOSING || portal->error.status != TN_OK) {
        discard(chunk, q);
        return;
    }
    if (portal->drain != TN_DRAIN_NO) {
        on_drained_chunk(s, portal, q, chunk);
        return;
    }
    chunk->run = &q->run;
    if (s->active != portal) {
        hold(portal, chunk);
        return;
    }
    if (portal->held_first != NULL || !send_within_limit(s, portal, chunk))
        hold(portal, chunk);
    if (portal->limit == 0) {
        suspend(s, portal);
        s->client.busy = false; /* messages go on from the write event, not from inside the engine's call */
    }
    tn_client_flush_soon(&s->client);
}

static void on_notice(struct tn_query *q, const char *fields, size_t len)
{
    tn_session_notice(session_of(q), fields, len);
}

static void forget_run(struct tn_session *s, struct tn_portal *portal, struct tn_run *run)
{
    tn_outbox_forget_run(&s->client.out, run);
    for (struct tn_chunk *chunk = portal->held_first; chunk != NULL; chunk = chunk->next)
        if (chunk->run == run)
            chunk->run = NULL;
}

/* A suspended portal's query has ended: nobody is told now. */
static void suspended_done(struct tn_session *s, struct tn_portal *portal, struct tn_query *q)
{
    tn_execute_settle(s, q);
    if (q->error.status != TN_OK && portal->error.status == TN_OK)
        tn_error_move(&portal->error, &q->error);
    tn_query_free(q);
    tn_execute_deferred(s);
}

static void on_done(struct tn_query *q)
{
    struct tn_portal  *portal = q->owner;
    struct tn_session *s = portal->session;

    forget_run(s, portal, &q->run);
    portal->query = NULL;
    portal->ended = true;
    if (q->error.status == TN_OK)
        tn_execute_build_tag(portal->tag, sizeof portal->tag, q);
    if (portal->error.status != TN_OK && q->error.status == TN_OK)
        tn_error_move(&q->error, &portal->error);
    else if (portal->error.status != TN_OK)
        tn_error_move(&q->error, &portal->error);
    if (s->active == portal)
        tn_execute_done(s, q);
    else
        suspended_done(s, portal, q);
}

static const struct tn_query_events portal_events = {NULL, on_columns, on_chunk, on_notice, on_done, NULL};

/* ---- Execute ---- */

/* "SELECT 100" of a limited Execute counts what this one sent. */
static void put_complete(struct tn_session *s, struct tn_portal *portal, const char *tag)
{
    char counted[32];

    portal->completed = true;
    if (portal->limited && strncmp(tag, "SELECT ", 7) == 0) {
        snprintf(counted, sizeof counted, "SELECT %llu", (unsigned long long)portal->sent_rows);
        tag = counted;
    }
    if (tag[0] == '\0')
        tn_pg_put_simple(tn_session_out(s), 'I');
    else
        tn_pg_put_command_complete(tn_session_out(s), tag);
}

static void on_execute_reply(struct tn_session *s, struct tn_reply *reply)
{
    struct tn_portal *portal = s->active;

    s->active = NULL;
    portal->ended = true;
    portal->broken = reply->error != NULL;
    if (reply->error != NULL) {
        tn_session_place_error(reply->error, portal->statement->sql, portal->statement->text);
        tn_extended_fail(s, reply->error);
    } else {
        s->names.fresh = false;
        if (portal->tell_columns)
            tn_extended_put_columns(s, portal, NULL);
        if (reply->column.ptr != NULL)
            tn_session_put_reply(s, reply);
        else if (reply->show_all)
            tn_pg_put_notice(tn_session_out(s), "NOTICE", "0A000", "SHOW ALL has rows only as a simple query");
        tn_str_copy(portal->tag, sizeof portal->tag, tn_str(reply->tag));
        put_complete(s, portal, reply->tag);
    }
    tn_session_go_on(s);
}

static bool is_own(struct tn_session *s, const struct tn_prepared *statement)
{
    struct tn_str column;

    return tn_command_describe(s, statement->text, &statement->features, &column);
}

static void begin_implicit(struct tn_session *s, const struct tn_prepared *statement)
{
    struct tn_str body;

    if (s->tx.state != TN_TX_IDLE || is_own(s, statement) ||
        (statement->features.class != TN_CLASS_WRITE && statement->features.class != TN_CLASS_DDL))
        return;
    if (!tn_session_next_is(s, 'S', &body))
        tn_transaction_begin_implicit(s);
}

static void start_portal(struct tn_session *s, struct tn_portal *portal)
{
    struct tn_prepared     *statement = portal->statement;
    struct tn_statement_run run = {
        .sql = statement->text,
        .features = &statement->features,
        .shape = statement->shaped_with == s->settings ? &statement->shape : NULL, .meant = tn_str(statement->meant),
        .kind = TN_RUN_EXECUTE,
        .params = portal->params,
        .param_oids = statement->oids,
        .param_oid_count = statement->oid_count,
        .prepare = statement->name[0] != '\0',
        .extended = true,
        .encoder = &portal->encoder.base,
        .affinity = tn_str(statement->cluster),
        .told = statement->described ? statement->schema : NULL,
        .events = &portal_events,
        .owner = portal,
        .reply = on_execute_reply,
    };

    begin_implicit(s, statement);
    portal->started = true;
    s->active = portal;
    s->client.busy = true;
    tn_settings_list_unref(portal->running);
    portal->running = tn_settings_list_ref(s->settings);
    tn_execute(s, &run);
}

/* Rows that were held back first, then whatever the engine still has. */
static void resume_portal(struct tn_session *s, struct tn_portal *portal)
{
    s->active = portal;
    while (portal->held_first != NULL && portal->limit != 0) {
        struct tn_chunk *chunk = portal->held_first, *next = chunk->next;
        size_t           bytes = chunk->bytes.len - chunk->sent;

        chunk->next = NULL;
        if (!send_within_limit(s, portal, chunk)) {
            chunk->next = next;
            unhold(portal, bytes - (chunk->bytes.len - chunk->sent));
            break;
        }
        unhold(portal, bytes);
        portal->held_first = next;
        if (next == NULL)
            portal->held_last = NULL;
    }
    if (portal->limit == 0) {
        suspend(s, portal);
        return;
    }
    if (!portal->ended) {
        s->query = portal->query;
        s->reply = on_execute_reply;
        s->client.busy = true;
        tn_client_flush_soon(&s->client); /* what is written is credited, and the engine goes on */
        return;
    }
    s->active = NULL;
    if (portal->cut && portal->error.status == TN_OK)
        tn_fail(&portal->error, TN_E_LIMIT, "54000", "rows of portal \"%s\" were lost: another statement needed the connection and "
                "more than maxBuffered of them were unread", portal->name);
    portal->broken = portal->error.status != TN_OK;
    if (portal->broken)
        tn_extended_fail(s, &portal->error);
    else
        put_complete(s, portal, portal->tag);
}

/* May a portal that was executed be executed once more? One that is through gives no rows then; what changed something does
 * not do it again. */
static enum tn_status check_again(struct tn_session *s, const struct tn_portal *portal, struct tn_error *err)
{
    bool through = portal->completed && portal->tag[0] != '\0' && strncmp(portal->tag, "SELECT ", 7) != 0;

    if (s->tx.state == TN_TX_FAILED)
        return tn_fail(err, TN_E_DENIED, "25P02", "current transaction is aborted, commands ignored until end of transaction block");
    if (portal->broken || through)
        return tn_fail(err, TN_E_INVALID, "55000", "portal \"%s\" cannot be run", portal->name);
    return TN_OK;
}

void tn_extended_execute(struct tn_session *s, struct tn_str body)
{
    struct tn_pg_execute execute;
    struct tn_portal    *portal;
    TN_ERROR_LOCAL(err);

    if (tn_pg_parse_execute(body, &execute, &err) != TN_OK) {
        tn_extended_fail(s, &err);
        return;
    }
    portal = tn_portal_find(s, execute.portal);
    if (portal == NULL) {
        tn_fail(&err, TN_E_NOT_FOUND, "34000", "portal \"%.*s\" does not exist", (int)TN_MIN(execute.portal.len, 200),
                execute.portal.ptr);
        tn_extended_fail(s, &err);
        return;
    }
    portal->limit = execute.max_rows > 0 ? execute.max_rows : -1;
    portal->limited = portal->limited || portal->started || execute.max_rows > 0;
    portal->sent_rows = 0;
    if (!portal->started)
        start_portal(s, portal);
    else if (check_again(s, portal, &err) != TN_OK)
        tn_extended_fail(s, &err);
    else
        resume_portal(s, portal);
}

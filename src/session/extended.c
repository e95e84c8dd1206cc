/* Parse, Bind, Describe, Execute, Close, Sync.
 *
 * A portal's Describe that is followed by its Execute is answered from the execution itself. An Execute with a row limit
 * leaves its query running behind a suspended portal: rows wait in the window, the engine waits for credit. When another
 * statement of the same transaction needs the connection, the rest of the rows is taken in first (up to maxBuffered). */
#include "session/prepared.h"

#include "base/alloc.h"

static void fail(struct tn_session *s, struct tn_error *err)
{
    tn_session_error(s, err);
    tn_error_reset(err);
    s->skip_to_sync = true;
    tn_transaction_failed(s);
}

/* ---- rows of a portal ---- */

static struct tn_session *session_of(const struct tn_query *q)
{
    return ((struct tn_portal *)q->owner)->session;
}

static void put_columns(struct tn_session *s, struct tn_portal *portal, const struct tn_schema *schema)
{
    if (schema != NULL)
        tn_pg_put_row_description(tn_session_out(s), schema, portal->formats, portal->format_count);
    else
        tn_pg_put_simple(tn_session_out(s), 'n');
    portal->tell_columns = false;
}

static bool same_types(const struct tn_schema *told, const struct tn_schema *now)
{
    if (told == NULL || told->count != now->count)
        return false;
    for (size_t i = 0; i < told->count; i++)
        if (told->columns[i].pg_oid != now->columns[i].pg_oid)
            return false;
    return true;
}

static void on_columns(struct tn_query *q, const struct tn_schema *schema)
{
    struct tn_portal *portal = q->owner;

    if (portal->format_count > 1 && portal->format_count != schema->count)
        tn_fail(&portal->error, TN_E_INVALID, "08P01", "bind message has %zu result formats but query has %zu columns",
                portal->format_count, schema->count);
    else if (portal->tell_columns)
        put_columns(portal->session, portal, schema);
    else if (portal->statement->described && !same_types(portal->statement->schema, schema))
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
        tn_session_send_chunk(s, chunk);
        return true;
    }
    if (portal->limit == 0)
        return false;
    bytes = row_bytes(chunk, (uint64_t)portal->limit);
    part = tn_chunk_new(bytes);
    if (part != NULL)
        tn_buf_append(&part->bytes, chunk->bytes.data + chunk->sent, bytes);
    if (part == NULL || part->bytes.failed) {
        tn_chunk_free(part);
        s->out_failed = true;
        return false;
    }
    chunk->sent += bytes;
    chunk->rows -= (uint64_t)portal->limit;
    portal->sent_rows += (uint64_t)portal->limit;
    portal->limit = 0;
    tn_session_send_chunk(s, part);
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
    portal->cut = portal->held_bytes > s->runtime->snapshot->config->settings.pg_max_buffered;
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
        s->busy = false; /* messages go on from the write event, not from inside the engine's call */
    }
    tn_session_flush_soon(s);
}

static void on_notice(struct tn_query *q, const char *fields, size_t len)
{
    struct tn_session *s = session_of(q);

    tn_pg_put_notice_fields(tn_session_out(s), fields, len);
    tn_session_flush_soon(s);
}

static void forget_run(struct tn_session *s, struct tn_portal *portal, struct tn_run *run)
{
    tn_session_forget_run(s, run);
    for (struct tn_chunk *chunk = portal->held_first; chunk != NULL; chunk = chunk->next)
        if (chunk->run == run)
            chunk->run = NULL;
}

/* A suspended portal's query has ended: nobody is told now. */
static void suspended_done(struct tn_session *s, struct tn_portal *portal, struct tn_query *q)
{
    if (q->error.status != TN_OK && portal->error.status == TN_OK)
        tn_error_move(&portal->error, &q->error);
    tn_execute_settle(s, q);
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

static const struct tn_query_events portal_events = {NULL, on_columns, on_chunk, on_notice, on_done};

/* ---- Execute ---- */

static void put_own_row(struct tn_session *s, const struct tn_reply *reply)
{
    tn_pg_put_text_row(tn_session_out(s), &reply->value, 1);
}

/* "SELECT 100" of a limited Execute counts what this one sent. */
static void put_complete(struct tn_session *s, struct tn_portal *portal, const char *tag)
{
    char counted[32];

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
    if (reply->error != NULL) {
        fail(s, reply->error);
    } else {
        if (portal->tell_columns)
            put_columns(s, portal, NULL);
        if (reply->column.ptr != NULL)
            put_own_row(s, reply);
        else if (reply->show_all)
            tn_pg_put_notice(tn_session_out(s), "NOTICE", "0A000", "SHOW ALL has rows only as a simple query");
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
        .kind = TN_RUN_EXECUTE,
        .params = portal->params,
        .param_oids = statement->oids,
        .param_oid_count = statement->oid_count,
        .prepare = statement->name[0] != '\0',
        .extended = true,
        .encoder = &portal->encoder.base,
        .affinity = tn_str(statement->cluster),
        .events = &portal_events,
        .owner = portal,
        .reply = on_execute_reply,
    };

    begin_implicit(s, statement);
    portal->started = true;
    s->active = portal;
    tn_session_wait(s);
    tn_execute(s, &run);
    if (!portal->ended && s->query != NULL && s->query->owner == portal)
        portal->query = s->query;
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
            portal->held_bytes -= bytes - (chunk->bytes.len - chunk->sent);
            break;
        }
        portal->held_bytes -= bytes;
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
        tn_session_wait(s);
        tn_session_flush_soon(s); /* what is written is credited, and the engine goes on */
        return;
    }
    s->active = NULL;
    if (portal->cut && portal->error.status == TN_OK)
        tn_fail(&portal->error, TN_E_LIMIT, "54000", "rows of portal \"%s\" were lost: another statement needed the connection and "
                "more than maxBuffered of them were unread", portal->name);
    if (portal->error.status != TN_OK)
        fail(s, &portal->error);
    else
        put_complete(s, portal, portal->tag);
}

static void on_execute(struct tn_session *s, struct tn_str body)
{
    struct tn_pg_execute execute;
    struct tn_portal    *portal;
    struct tn_error      err = TN_ERROR_INIT;

    if (tn_pg_parse_execute(body, &execute, &err) != TN_OK) {
        fail(s, &err);
        return;
    }
    portal = tn_portal_find(s, execute.portal);
    if (portal == NULL) {
        tn_fail(&err, TN_E_NOT_FOUND, "34000", "portal \"%.*s\" does not exist", (int)TN_MIN(execute.portal.len, 200),
                execute.portal.ptr);
        fail(s, &err);
        return;
    }
    portal->limit = execute.max_rows > 0 ? execute.max_rows : -1;
    portal->limited = portal->limited || execute.max_rows > 0;
    portal->sent_rows = 0;
    if (!portal->started)
        start_portal(s, portal);
    else if (portal->ended && portal->held_first == NULL && strncmp(portal->tag, "SELECT ", 7) != 0) {
        tn_fail(&err, TN_E_INVALID, "55000", "portal \"%s\" cannot be run", portal->name);
        fail(s, &err);
    } else
        resume_portal(s, portal);
}

/* ---- Describe ---- */

static void on_described_params(struct tn_query *q, size_t count, const uint32_t *oids)
{
    struct tn_session *s = q->owner;

    if (tn_prepared_param_types(s->describing, count, oids, &s->describe_error) != TN_OK)
        tn_query_cancel(q, TN_CANCEL_USER);
}

static void on_described_columns(struct tn_query *q, const struct tn_schema *schema)
{
    struct tn_session  *s = q->owner;
    struct tn_prepared *statement = s->describing;

    statement->schema = schema == NULL ? NULL : tn_schema_copy(schema, &statement->arena);
    if (schema != NULL && statement->schema == NULL) {
        tn_fail(&s->describe_error, TN_E_NOMEM, "53200", "no memory for a description");
        tn_query_cancel(q, TN_CANCEL_USER);
    }
}

static void ignore_chunk(struct tn_query *q, struct tn_chunk *chunk)
{
    discard(chunk, q);
}

static void on_describe_notice(struct tn_query *q, const char *fields, size_t len)
{
    struct tn_session *s = q->owner;

    tn_pg_put_notice_fields(tn_session_out(s), fields, len);
}

static void on_describe_done(struct tn_query *q)
{
    struct tn_session *s = q->owner;

    if (s->describe_error.status != TN_OK)
        tn_error_move(&q->error, &s->describe_error);
    if (q->error.status == TN_OK && q->cluster != NULL)
        tn_str_copy(s->describing->cluster, sizeof s->describing->cluster, q->cluster->conf->name);
    tn_execute_done(s, q);
}

static const struct tn_query_events describe_events = {on_described_params, on_described_columns, ignore_chunk,
                                                       on_describe_notice, on_describe_done};

static void put_described(struct tn_session *s, struct tn_prepared *statement, struct tn_portal *portal)
{
    if (portal != NULL) {
        put_columns(s, portal, statement->schema);
        return;
    }
    tn_pg_put_parameter_description(tn_session_out(s), statement->oids, statement->oid_count);
    if (statement->schema != NULL)
        tn_pg_put_row_description(tn_session_out(s), statement->schema, NULL, 0);
    else
        tn_pg_put_simple(tn_session_out(s), 'n');
}

static void on_describe_reply(struct tn_session *s, struct tn_reply *reply)
{
    struct tn_prepared *statement = s->describing;

    s->describing = NULL;
    if (reply->error != NULL) {
        s->redo = false;
        s->describe_then_redo = false;
        fail(s, reply->error);
    } else {
        statement->described = true;
        if (s->describe_then_redo) /* Bind waited for the types: it comes again */
            s->describe_then_redo = false;
        else
            put_described(s, statement, s->describing_portal);
    }
    tn_prepared_unref(statement);
    tn_session_go_on(s);
}

static void describe(struct tn_session *s, struct tn_prepared *statement, struct tn_portal *portal)
{
    struct tn_statement_run run = {
        .sql = statement->text,
        .features = &statement->features,
        .kind = TN_RUN_DESCRIBE,
        .param_oids = statement->oids,
        .param_oid_count = statement->oid_count,
        .prepare = statement->name[0] != '\0',
        .extended = true,
        .encoder = &s->simple.encoder.base,
        .events = &describe_events,
        .owner = s,
        .reply = on_describe_reply,
    };

    s->describing = statement;
    statement->refs++;
    s->describing_portal = portal;
    tn_session_wait(s);
    if (s->tx.state == TN_TX_FAILED) {
        struct tn_error err = TN_ERROR_INIT;
        struct tn_reply reply = {.error = &err};

        tn_fail(&err, TN_E_DENIED, "25P02", "current transaction is aborted, commands ignored until end of transaction block");
        on_describe_reply(s, &reply);
        return;
    }
    tn_execute_engine(s, &run);
}

static void describe_own(struct tn_session *s, struct tn_str column, struct tn_portal *portal)
{
    struct tn_column shown = {.name = column, .type = TN_TYPE_TEXT, .pg_oid = TN_PG_TEXT, .pg_typmod = -1, .pg_len = -1};
    struct tn_schema schema = {.count = 1, .columns = &shown};

    if (portal == NULL)
        tn_pg_put_parameter_description(tn_session_out(s), NULL, 0);
    if (column.ptr != NULL)
        tn_pg_put_row_description(tn_session_out(s), &schema, portal != NULL ? portal->formats : NULL,
                                  portal != NULL ? portal->format_count : 0);
    else
        tn_pg_put_simple(tn_session_out(s), 'n');
}

static bool execute_follows(struct tn_session *s, const struct tn_portal *portal)
{
    struct tn_pg_execute execute;
    struct tn_str        body;

    return tn_session_next_is(s, 'E', &body) && tn_pg_parse_execute(body, &execute, NULL) == TN_OK &&
           tn_str_eq_c(execute.portal, portal->name);
}

static void describe_target(struct tn_session *s, struct tn_prepared *statement, struct tn_portal *portal)
{
    struct tn_str column;

    if (tn_command_describe(s, statement->text, &statement->features, &column))
        describe_own(s, column, portal);
    else if (statement->described)
        put_described(s, statement, portal);
    else if (portal != NULL && !portal->started && execute_follows(s, portal))
        portal->tell_columns = true;
    else
        describe(s, statement, portal);
}

static void on_describe(struct tn_session *s, struct tn_str body)
{
    struct tn_pg_target target;
    struct tn_portal   *portal = NULL;
    struct tn_prepared *statement;
    struct tn_error     err = TN_ERROR_INIT;

    if (tn_pg_parse_target(body, &target, &err) != TN_OK) {
        fail(s, &err);
        return;
    }
    if (target.kind == 'P') {
        portal = tn_portal_find(s, target.name);
        statement = portal != NULL ? portal->statement : NULL;
    } else {
        statement = tn_prepared_find(s, target.name);
    }
    if (statement == NULL) {
        tn_fail(&err, TN_E_NOT_FOUND, target.kind == 'P' ? "34000" : "26000", "%s \"%.*s\" does not exist",
                target.kind == 'P' ? "portal" : "prepared statement", (int)TN_MIN(target.name.len, 200), target.name.ptr);
        fail(s, &err);
        return;
    }
    describe_target(s, statement, portal);
}

/* ---- the end of a portal whose query runs ---- */

static void credit_held(struct tn_portal *portal)
{
    for (struct tn_chunk *chunk = portal->held_first; chunk != NULL; chunk = chunk->next)
        if (chunk->run != NULL) {
            struct tn_run *run = chunk->run;

            chunk->run = NULL;
            tn_run_credit(run);
            if (portal->query == NULL)
                return; /* it ended meanwhile */
        }
}

/* In a transaction a cancel would spoil it, so the rows are let run out; elsewhere the query is cancelled. */
static void end_query(struct tn_session *s, struct tn_portal *portal)
{
    portal->drain = TN_DRAIN_DISCARD;
    if (s->tx.state == TN_TX_IDLE)
        tn_query_cancel(portal->query, TN_CANCEL_USER);
    else
        credit_held(portal);
}

/* False: it must end first; the present message comes again then. */
static bool free_portal(struct tn_session *s, struct tn_portal *portal)
{
    if (portal != NULL && portal->query != NULL)
        end_query(s, portal);
    if (portal != NULL && portal->query != NULL) {
        s->redo = true;
        s->deferred = TN_DEFERRED_MESSAGE;
        tn_session_wait(s);
        return false;
    }
    tn_portal_free(s, portal);
    return true;
}

struct tn_portal *tn_extended_suspended(struct tn_session *s)
{
    struct tn_map_entry *entry;
    size_t               at = 0;

    if (s->unnamed_portal != NULL && s->unnamed_portal->query != NULL && s->unnamed_portal != s->active)
        return s->unnamed_portal;
    while ((entry = tn_map_next(&s->portals, &at)) != NULL) {
        struct tn_portal *portal = entry->value;

        if (portal->query != NULL && portal != s->active)
            return portal;
    }
    return NULL;
}

void tn_extended_drain(struct tn_session *s, struct tn_portal *portal)
{
    (void)s;
    if (portal->drain == TN_DRAIN_NO)
        portal->drain = TN_DRAIN_KEEP;
    credit_held(portal);
}

static struct tn_portal *any_portal(struct tn_session *s)
{
    struct tn_map_entry *entry;
    size_t               at = 0;

    if (s->unnamed_portal != NULL)
        return s->unnamed_portal;
    entry = tn_map_next(&s->portals, &at);
    return entry != NULL ? entry->value : NULL;
}

/* Portals end with their transaction; the one that is being executed (COMMIT itself) is left to its Execute. */
void tn_extended_end_transaction(struct tn_session *s)
{
    struct tn_map_entry *entry;
    size_t               at = 0;

    if (s->unnamed_portal != NULL && s->unnamed_portal != s->active && s->unnamed_portal->query == NULL)
        tn_portal_free(s, s->unnamed_portal);
    while ((entry = tn_map_next(&s->portals, &at)) != NULL) {
        struct tn_portal *portal = entry->value;

        if (portal == s->active || portal->query != NULL)
            continue;
        tn_portal_free(s, portal);
        at = 0;
    }
}

void tn_extended_drop_unnamed(struct tn_session *s)
{
    if (s->unnamed_portal != NULL && s->unnamed_portal->query == NULL)
        tn_portal_free(s, s->unnamed_portal);
    tn_prepared_forget(s, TN_STR(""));
}

void tn_extended_free(struct tn_session *s)
{
    struct tn_portal *portal;

    s->active = NULL;
    while ((portal = any_portal(s)) != NULL)
        tn_portal_free(s, portal);
    tn_prepared_forget_all(s);
    tn_error_reset(&s->describe_error);
}

/* ---- Parse, Bind, Close, Sync ---- */

static void on_parse(struct tn_session *s, struct tn_str body)
{
    struct tn_pg_parse parse;
    struct tn_error    err = TN_ERROR_INIT;

    if (tn_pg_parse_parse(body, &parse, &err) != TN_OK || tn_prepared_new(s, &parse, &err) != TN_OK)
        fail(s, &err);
    else
        tn_pg_put_simple(tn_session_out(s), '1');
}

static bool binary_param_of_unknown_type(const struct tn_prepared *statement, const struct tn_pg_bind *bind)
{
    struct tn_pg_cursor formats = bind->param_formats;
    int16_t             one = 0;

    if (bind->param_format_count == 0)
        return false;
    if (bind->param_format_count == 1)
        one = tn_pg_get_i16(&formats);
    for (size_t i = 0; i < bind->param_count; i++) {
        int16_t  format = bind->param_format_count > 1 ? tn_pg_get_i16(&formats) : one;
        uint32_t oid = i < statement->oid_count ? statement->oids[i] : 0;

        if (format == 1 && oid == 0)
            return true;
    }
    return false;
}

static enum tn_status check_bind(struct tn_session *s, const struct tn_pg_bind *bind, struct tn_prepared **statement,
                                 struct tn_error *err)
{
    size_t needed;

    *statement = tn_prepared_find(s, bind->statement);
    if (*statement == NULL)
        return tn_fail(err, TN_E_NOT_FOUND, "26000", "prepared statement \"%.*s\" does not exist",
                       (int)TN_MIN(bind->statement.len, 200), bind->statement.ptr);
    needed = TN_MAX((*statement)->oid_count, (size_t)(*statement)->features.param_count);
    if (bind->param_count != needed)
        return tn_fail(err, TN_E_INVALID, "08P01", "bind message supplies %zu parameters, but prepared statement \"%s\" requires %zu",
                       bind->param_count, (*statement)->name, needed);
    if (bind->portal.len > 0 && tn_map_get(&s->portals, bind->portal) != NULL)
        return tn_fail(err, TN_E_INVALID, "42P03", "cursor \"%.*s\" already exists", (int)TN_MIN(bind->portal.len, 200),
                       bind->portal.ptr);
    if (s->tx.state == TN_TX_FAILED && !tn_transaction_is_control((*statement)->text, &(*statement)->features))
        return tn_fail(err, TN_E_DENIED, "25P02", "current transaction is aborted, commands ignored until end of transaction block");
    return TN_OK;
}

static void on_bind(struct tn_session *s, struct tn_str body)
{
    struct tn_pg_bind   bind;
    struct tn_prepared *statement;
    struct tn_error     err = TN_ERROR_INIT;

    if (tn_pg_parse_bind(body, &bind, &err) != TN_OK || check_bind(s, &bind, &statement, &err) != TN_OK) {
        fail(s, &err);
        return;
    }
    if (bind.portal.len == 0 && s->unnamed_portal != NULL && !free_portal(s, s->unnamed_portal))
        return;
    if (!statement->described && binary_param_of_unknown_type(statement, &bind)) {
        s->redo = true;
        s->describe_then_redo = true;
        describe(s, statement, NULL);
        return;
    }
    if (tn_portal_new(s, statement, &bind, &err) != TN_OK)
        fail(s, &err);
    else
        tn_pg_put_simple(tn_session_out(s), '2');
}

static void on_close(struct tn_session *s, struct tn_str body)
{
    struct tn_pg_target target;
    struct tn_error     err = TN_ERROR_INIT;

    if (tn_pg_parse_target(body, &target, &err) != TN_OK) {
        fail(s, &err);
        return;
    }
    if (target.kind == 'S')
        tn_prepared_forget(s, target.name);
    else if (!free_portal(s, tn_portal_find(s, target.name)))
        return;
    tn_pg_put_simple(tn_session_out(s), '3');
}

static void on_synced(struct tn_session *s, struct tn_reply *reply)
{
    if (reply->error != NULL)
        tn_session_error(s, reply->error);
    if (s->tx.state == TN_TX_IDLE)
        tn_extended_end_transaction(s);
    s->skip_to_sync = false;
    tn_pg_put_ready(tn_session_out(s), tn_transaction_status(s));
    tn_session_go_on(s);
}

static void on_sync(struct tn_session *s)
{
    struct tn_portal *suspended = tn_extended_suspended(s);

    if (suspended != NULL && (s->tx.state == TN_TX_IDLE || s->tx.implicit) && !free_portal(s, suspended))
        return;
    tn_session_wait(s);
    tn_transaction_end_implicit(s, s->skip_to_sync, on_synced);
}

void tn_extended_message(struct tn_session *s, const struct tn_pg_message *message)
{
    switch (message->type) {
    case 'P': on_parse(s, message->body); break;
    case 'B': on_bind(s, message->body); break;
    case 'D': on_describe(s, message->body); break;
    case 'E': on_execute(s, message->body); break;
    case 'C': on_close(s, message->body); break;
    default:  on_sync(s); break;
    }
}

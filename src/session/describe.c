/* Describe: of a statement before it runs, of a portal by its execution when that follows at once. */
#include "session/extended.h"

#include "engine/cluster.h"

enum { TN_OWN_PARAMETERS = 1000 };

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
    tn_chunk_free(chunk);
    tn_run_credit(&q->run);
}

static void on_describe_notice(struct tn_query *q, const char *fields, size_t len)
{
    tn_session_notice(q->owner, fields, len);
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
                                                       on_describe_notice, on_describe_done, NULL};

static void put_described(struct tn_session *s, struct tn_prepared *statement, struct tn_portal *portal)
{
    if (portal != NULL) {
        tn_extended_put_columns(s, portal, statement->schema);
        return;
    }
    tn_pg_put_parameter_description(tn_session_out(s), statement->oids, statement->oid_count);
    if (statement->schema != NULL)
        tn_pg_put_row_description(tn_session_out(s), statement->schema, NULL, 0);
    else
        tn_pg_put_simple(tn_session_out(s), 'n');
}

static void put_cursor(struct tn_session *s, const struct tn_prepared *fetch, struct tn_reply *reply)
{
    struct tn_error err = TN_ERROR_INIT;

    if (reply->error != NULL) {
        tn_extended_fail(s, reply->error);
    } else if (fetch->schema == NULL) {
        tn_fail(&err, TN_E_NOT_FOUND, "34000", "portal %s does not exist", fetch->sql + strlen("FETCH FORWARD 0 FROM "));
        tn_extended_fail(s, &err);
    } else {
        tn_pg_put_row_description(tn_session_out(s), fetch->schema, NULL, 0);
    }
}

static void on_describe_reply(struct tn_session *s, struct tn_reply *reply)
{
    struct tn_prepared *statement = s->describing;

    s->describing = NULL;
    if (s->describing_cursor) {
        s->describing_cursor = false;
        put_cursor(s, statement, reply);
    } else if (reply->error != NULL) {
        s->redo = false;
        s->describe_then_redo = false;
        tn_session_place_error(reply->error, statement->sql, statement->text);
        tn_extended_fail(s, reply->error);
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

void tn_extended_describe_statement(struct tn_session *s, struct tn_prepared *statement, struct tn_portal *portal)
{
    struct tn_statement_run run = {
        .sql = statement->text,
        .features = &statement->features,
        .shape = statement->shaped_with == s->settings ? &statement->shape : NULL,
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
    s->client.busy = true;
    if (s->tx.state == TN_TX_FAILED) {
        struct tn_error err = TN_ERROR_INIT;
        struct tn_reply reply = {.error = &err};

        tn_fail(&err, TN_E_DENIED, "25P02", "current transaction is aborted, commands ignored until end of transaction block");
        on_describe_reply(s, &reply);
        return;
    }
    tn_execute_engine(s, &run);
}

/* EXPLAIN ROUTE has the parameters of what it explains: whatever the client gives. */
static void put_own_parameters(struct tn_session *s, const struct tn_prepared *statement)
{
    uint32_t oids[TN_OWN_PARAMETERS];
    size_t   count = TN_MIN((size_t)statement->features.param_count, (size_t)TN_OWN_PARAMETERS);

    for (size_t i = 0; i < count; i++)
        oids[i] = i < statement->oid_count && statement->oids[i] != 0 ? statement->oids[i] : TN_PG_TEXT;
    tn_pg_put_parameter_description(tn_session_out(s), oids, count);
}

static void describe_own(struct tn_session *s, const struct tn_prepared *statement, struct tn_str column, struct tn_portal *portal)
{
    struct tn_column shown = {.name = column, .type = TN_TYPE_TEXT, .pg_oid = TN_PG_TEXT, .pg_typmod = -1, .pg_len = -1};
    struct tn_schema schema = {.count = 1, .columns = &shown};

    if (portal == NULL)
        put_own_parameters(s, statement);
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
        describe_own(s, statement, column, portal);
    else if (statement->described)
        put_described(s, statement, portal);
    else if (portal != NULL && !portal->started && execute_follows(s, portal))
        portal->tell_columns = true;
    else
        tn_extended_describe_statement(s, statement, portal);
}

/* DECLARE made a cursor at the engine that the session keeps: to PostgreSQL it is a portal, too. Describing a FETCH tells
 * its columns and moves nothing. */
static bool describe_cursor(struct tn_session *s, struct tn_str name, struct tn_error *err)
{
    struct tn_prepared *statement;
    struct tn_pg_parse  parse = {.name = TN_STR("")};
    struct tn_buf       sql;
    enum tn_status      status;

    if (s->tx.state == TN_TX_FAILED || s->lease == NULL || s->lease->cluster->ops->dialect != TN_DIALECT_POSTGRES || name.len == 0)
        return false;
    tn_buf_init(&sql, 4096);
    tn_buf_puts(&sql, "FETCH FORWARD 0 FROM ");
    tn_buf_put_quoted(&sql, name, '"');
    parse.sql = tn_buf_str(&sql);
    status = sql.failed ? TN_E_NOMEM : tn_prepared_make(s, &statement, &parse, err);
    tn_buf_reset(&sql);
    if (status != TN_OK) {
        tn_error_reset(err);
        return false;
    }
    s->describing_cursor = true;
    tn_extended_describe_statement(s, statement, NULL);
    tn_prepared_unref(statement); /* the description has its own */
    return true;
}

static void fail_unknown(struct tn_session *s, const struct tn_pg_target *target, struct tn_error *err)
{
    tn_fail(err, TN_E_NOT_FOUND, target->kind == 'P' ? "34000" : "26000", "%s \"%.*s\" does not exist",
            target->kind == 'P' ? "portal" : "prepared statement", (int)TN_MIN(target->name.len, 200), target->name.ptr);
    tn_extended_fail(s, err);
}

void tn_extended_describe(struct tn_session *s, struct tn_str body)
{
    struct tn_pg_target target;
    struct tn_portal   *portal = NULL;
    struct tn_prepared *statement;
    TN_ERROR_LOCAL(err);

    if (tn_pg_parse_target(body, &target, &err) != TN_OK) {
        tn_extended_fail(s, &err);
        return;
    }
    if (target.kind == 'P') {
        portal = tn_portal_find(s, target.name);
        statement = portal != NULL ? portal->statement : NULL;
    } else {
        statement = tn_prepared_find(s, target.name);
    }
    if (statement == NULL) {
        if (target.kind != 'P' || !describe_cursor(s, target.name, &err))
            fail_unknown(s, &target, &err);
        return;
    }
    describe_target(s, statement, portal);
}

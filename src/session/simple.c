/* One Query message: its statements one after the other, then ReadyForQuery. Several statements of which one writes are
 * one transaction, as in PostgreSQL. */
#include "session/private.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "frontend/pgwire/pg_message.h"

static void loop(struct tn_session *s);

static void on_columns(struct tn_query *q, const struct tn_schema *schema)
{
    struct tn_session *s = q->owner;

    tn_pg_put_row_description(tn_session_out(s), schema, NULL, 0);
}

static void on_chunk(struct tn_query *q, struct tn_chunk *chunk)
{
    struct tn_session *s = q->owner;

    if (s->state == TN_SESSION_CLOSING) {
        tn_chunk_free(chunk);
        tn_run_credit(&q->run);
        return;
    }
    chunk->run = &q->run;
    tn_outbox_put(&s->client.out, chunk);
    tn_client_flush_soon(&s->client);
}

static void on_notice(struct tn_query *q, const char *fields, size_t len)
{
    tn_session_notice(q->owner, fields, len);
}

static void on_done(struct tn_query *q)
{
    tn_execute_done(q->owner, q);
}

static const struct tn_query_events events = {NULL, on_columns, on_chunk, on_notice, on_done, NULL};

static struct tn_schema *text_schema(struct tn_column *column, struct tn_schema *schema, struct tn_str name)
{
    *column = (struct tn_column){.name = name, .type = TN_TYPE_TEXT, .pg_oid = 25, .pg_typmod = -1, .pg_len = -1};
    *schema = (struct tn_schema){.count = 1, .columns = column};
    return schema;
}

static void put_own_row(struct tn_session *s, const struct tn_reply *reply)
{
    struct tn_column column;
    struct tn_schema schema;

    tn_pg_put_row_description(tn_session_out(s), text_schema(&column, &schema, reply->column), NULL, 0);
    tn_session_put_reply(s, reply);
}

static void put_all_settings(struct tn_session *s)
{
    struct tn_column columns[3];
    struct tn_schema schema = {.count = 3, .columns = columns};
    struct tn_schema unused;

    text_schema(&columns[0], &unused, TN_STR("name"));
    text_schema(&columns[1], &unused, TN_STR("setting"));
    text_schema(&columns[2], &unused, TN_STR("description"));
    tn_pg_put_row_description(tn_session_out(s), &schema, NULL, 0);
    for (size_t row = 0; row < tn_setting_rows(); row++) {
        struct tn_str name = tn_setting_name((int)row);
        struct tn_str values[3] = {name, tn_settings_get(s->settings, name), TN_STR("")};

        tn_pg_put_text_row(tn_session_out(s), values, 3);
    }
}

static void on_reply(struct tn_session *s, struct tn_reply *reply)
{
    s->simple.waiting = false;
    if (reply->error != NULL) {
        tn_named_refused(&s->names);
        tn_session_place_error(reply->error, s->simple.text, s->simple.statement);
        tn_session_error(s, reply->error);
        s->simple.failed = true;
    } else {
        if (reply->show_all)
            put_all_settings(s);
        else if (reply->column.ptr != NULL)
            put_own_row(s, reply);
        if (reply->tag[0] != '\0')
            tn_pg_put_command_complete(tn_session_out(s), reply->tag);
    }
    if (!s->simple.looping)
        loop(s);
}

static void on_end(struct tn_session *s, struct tn_reply *reply)
{
    s->simple.waiting = false;
    if (reply->error != NULL)
        tn_session_error(s, reply->error);
    tn_pg_put_ready(tn_session_out(s), tn_transaction_status(s));
    tn_simple_free(s);
    tn_session_go_on(s);
}

static void run_statement(struct tn_session *s, struct tn_str sql)
{
    struct tn_statement_run run = {.sql = sql, .features = &s->simple.features, .shape = &s->simple.shape, .kind = TN_RUN_EXECUTE,
                                   .encoder = &s->simple.encoder.base, .events = &events, .owner = s, .reply = on_reply,
                                   .several = s->simple.several};
    struct tn_features      meant;

    s->simple.statement = sql;
    tn_query_shape_read(s->runtime, sql, tn_str(s->database), &s->settings->replay, &s->simple.shape, &s->simple.features);
    run.meant = tn_named_meant(&s->names, sql, s->simple.features.verb);
    if (run.meant.len > 0)
        tn_query_shape_read(s->runtime, run.meant, tn_str(s->database), &s->settings->replay, &s->simple.shape, &meant);
    tn_settings_list_unref(s->simple.settings);
    s->simple.settings = tn_settings_list_ref(s->settings);
    tn_pg_encoder_init(&s->simple.encoder, &s->settings->style, NULL, 0);
    tn_execute(s, &run);
}

static bool next_statement(struct tn_session *s, struct tn_str *sql)
{
    return !s->simple.failed && s->state != TN_SESSION_CLOSING &&
           tn_statement_next(tn_str_n(s->simple.text, s->simple.len), TN_DIALECT_POSTGRES, &s->simple.at, sql);
}

/* Of several statements one changes something, none of them is about transactions: they are one transaction. False: there
 * are more to look at. */
static bool look_through(struct tn_session *s, uint64_t until)
{
    struct tn_features *features = &s->simple.features;
    struct tn_str       sql;

    while (s->simple.scanning && tn_statement_next(tn_str_n(s->simple.text, s->simple.len), TN_DIALECT_POSTGRES,
                                                   &s->simple.scan_at, &sql)) {
        tn_features_read(features, sql, TN_DIALECT_POSTGRES);
        s->simple.scanning = !tn_transaction_is_control(sql, features);
        s->simple.writes = s->simple.writes || features->class == TN_CLASS_WRITE || features->class == TN_CLASS_DDL;
        if (tn_clock_us() >= until)
            return false;
    }
    if (s->simple.scanning && s->simple.writes)
        tn_transaction_begin_implicit(s);
    s->simple.scanning = false;
    return true;
}

/* Statements that answer at once stay in this loop, for a while; the others come back to it through on_reply(). */
static void loop(struct tn_session *s)
{
    uint64_t      until = tn_clock_us() + TN_CLIENT_SLICE_US;
    struct tn_str sql;

    s->simple.looping = true;
    s->client.paused = !look_through(s, until);
    while (!s->simple.waiting && !s->client.paused && next_statement(s, &sql)) {
        s->simple.any = s->simple.waiting = true;
        run_statement(s, sql);
        s->client.paused = !s->simple.waiting && s->state != TN_SESSION_CLOSING &&
                           (tn_client_full(&s->client) || tn_clock_us() >= until);
    }
    s->simple.looping = false;
    if (s->client.paused) {
        tn_client_again(&s->client);
        tn_client_watch(&s->client); /* what was answered is written meanwhile */
    }
    if (s->simple.waiting || s->client.paused)
        return;
    if (!s->simple.any)
        tn_pg_put_simple(tn_session_out(s), 'I'); /* nothing but white space and comments */
    s->simple.waiting = true;
    /* A client that is gone may have lost some of the statements: all of them or none. */
    tn_transaction_end_implicit(s, s->simple.failed || s->state == TN_SESSION_CLOSING, on_end);
}

void tn_simple_go_on(struct tn_session *s)
{
    s->client.paused = false;
    loop(s);
}

void tn_simple_cancel(struct tn_session *s)
{
    TN_ERROR_LOCAL(err);

    tn_fail(&err, TN_E_CANCELLED, "57014", "canceling statement due to user request");
    tn_session_error(s, &err);
    tn_transaction_failed(s);
    s->simple.failed = true;
}

static bool is_several(struct tn_str text)
{
    size_t        at = 0;
    struct tn_str sql;

    return memchr(text.ptr, ';', text.len) != NULL && tn_statement_next(text, TN_DIALECT_POSTGRES, &at, &sql) &&
           tn_statement_next(text, TN_DIALECT_POSTGRES, &at, &sql);
}

static enum tn_status keep_text(struct tn_session *s, struct tn_str sql, struct tn_error *err)
{
    tn_simple_free(s);
    if (tn_utf8_valid_prefix(sql.ptr, sql.len) < sql.len)
        return tn_pg_bad_utf8(err, sql.ptr, sql.len);
    s->simple.text = tn_strndup(sql.ptr, sql.len);
    if (s->simple.text == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a statement of %zu bytes", sql.len);
    s->simple.len = sql.len;
    return TN_OK;
}

void tn_simple_query(struct tn_session *s, struct tn_str sql)
{
    TN_ERROR_LOCAL(err);

    if (keep_text(s, sql, &err) != TN_OK) {
        tn_session_error(s, &err);
        tn_error_reset(&err);
        tn_transaction_failed(s);
        tn_pg_put_ready(tn_session_out(s), tn_transaction_status(s));
        return;
    }
    sql = tn_str_n(s->simple.text, sql.len);
    tn_extended_drop_unnamed(s);
    s->client.busy = true;
    s->simple.several = is_several(sql);
    s->simple.scanning = s->tx.state == TN_TX_IDLE && s->simple.several;
    loop(s);
}

void tn_simple_free(struct tn_session *s)
{
    tn_free(s->simple.text);
    tn_settings_list_unref(s->simple.settings);
    s->simple.text = NULL;
    s->simple.settings = NULL;
    s->simple.len = s->simple.at = s->simple.scan_at = 0;
    s->simple.scanning = s->simple.writes = false;
    s->simple.any = s->simple.waiting = s->simple.failed = s->simple.several = s->client.paused = false;
}

#include "session/ask.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "pipeline.h"
#include "query_shape.h"
#include "result/builder.h"
#include "server.h"
#include "session/route_plan.h"
#include "session/wishes.h"
#include "shadow_copy.h"

/* ---- the end ---- */

/* What became of the transaction's connection. */
static void settle_transaction(struct tn_ask *ask)
{
    struct tn_ask_transaction *tx = ask->transaction;
    struct tn_query           *q = ask->query;
    struct tn_lease           *lease = q->lease;

    if (tx == NULL)
        return;
    tx->ask = NULL;
    q->lease = NULL;
    tx->lease = lease;
    if (q->error.status != TN_OK)
        tx->failed = true;
    if (lease == NULL)
        return;
    if (ask->end == TN_ASK_NO_END && lease->conn != NULL && lease->conn->state != TN_CONN_BROKEN)
        return;
    if (lease->conn != NULL && q->error.status != TN_OK)
        lease->conn->dirty = true;
    tn_lease_release(lease);
    tx->lease = NULL;
}

/* The end of an engine's transaction that had failed before is no commit, whatever the engine says. */
static void settle_commit(struct tn_ask *ask, bool was_failed)
{
    if (ask->end != TN_ASK_COMMIT || !was_failed || ask->query->error.status != TN_OK)
        return;
    tn_fail(&ask->query->error, TN_E_DENIED, "25P02", "the transaction had failed and was rolled back");
}

static void finish(struct tn_ask *ask)
{
    struct tn_query *q = ask->query;

    if (ask->transaction != NULL) {
        bool was_failed = ask->transaction->failed;

        settle_transaction(ask);
        settle_commit(ask, was_failed);
    } else if (q->lease != NULL) {
        tn_lease_release(q->lease);
        q->lease = NULL;
    }
    if (ask->events != NULL)
        ask->events->done(ask);
    q->run.settings = NULL;
    tn_settings_list_unref(ask->settings);
    tn_query_free(q);
}

/* Of an answer of our own. */
static void end_own(struct tn_ask *ask, struct tn_error *err)
{
    if (err->status != TN_OK)
        tn_error_move(&ask->query->error, err);
    ask->query->ended_us = tn_clock_us();
    tn_error_reset(err);
    finish(ask);
}

static void on_params(struct tn_query *q, size_t count, const uint32_t *pg_oids)
{
    struct tn_ask *ask = q->owner;

    if (ask->events != NULL && ask->events->params != NULL)
        ask->events->params(ask, count, pg_oids);
}

static void on_columns(struct tn_query *q, const struct tn_schema *schema)
{
    struct tn_ask *ask = q->owner;

    if (ask->events != NULL)
        ask->events->columns(ask, schema);
}

/* An engine that has finished works for nobody who reads slowly, or no more. */
static void on_chunk(struct tn_query *q, struct tn_chunk *chunk)
{
    struct tn_ask *ask = q->owner;

    if (q->run.over_there && q->lease != NULL && ask->transaction == NULL)
        tn_lease_release_slot(q->lease);
    if (ask->events != NULL) {
        ask->events->chunk(ask, chunk);
        return;
    }
    tn_chunk_free(chunk);
    tn_ask_credit(ask);
}

static void on_notice(struct tn_query *q, const char *fields, size_t len)
{
    struct tn_ask *ask = q->owner;

    if (ask->events != NULL && ask->events->notice != NULL)
        ask->events->notice(ask, fields, len);
}

static void on_done(struct tn_query *q)
{
    finish(q->owner);
}

static void on_next(struct tn_query *q)
{
    struct tn_ask *ask = q->owner;

    if (ask->events != NULL && ask->events->next != NULL)
        ask->events->next(ask);
}

static const struct tn_query_events query_events = {on_params, on_columns, on_chunk, on_notice, on_done, on_next};

void tn_ask_credit(struct tn_ask *ask)
{
    if (!ask->own)
        tn_run_credit(&ask->query->run);
}

static void cancel_explaining(struct tn_ask *ask)
{
    struct tn_explaining *e = ask->explaining;
    struct tn_error       err = TN_ERROR_INIT;

    if (e == NULL)
        return;
    ask->explaining = NULL;
    tn_explaining_abandon(e);
    tn_explain_query_free(e->query);
    tn_fail(&err, TN_E_CANCELLED, "57014", "canceling statement due to user request");
    end_own(ask, &err);
}

void tn_ask_cancel(struct tn_ask *ask, enum tn_cancel why)
{
    if (ask->own)
        cancel_explaining(ask);
    else
        tn_query_cancel(ask->query, why);
}

void tn_ask_orphan(struct tn_ask *ask, enum tn_cancel why)
{
    if (ask->transaction != NULL) { /* its memory may be gone when the query ends */
        if (ask->query->lease != NULL && ask->query->lease->conn != NULL)
            ask->query->lease->conn->dirty = true;
        ask->query->keep_lease = ask->query->pinned = false;
        ask->transaction->ask = NULL;
        ask->transaction->lease = NULL;
        ask->transaction->failed = true;
        ask->transaction = NULL;
    }
    ask->events = NULL;
    tn_ask_cancel(ask, why);
}

/* ---- our own answers ---- */

static enum tn_status put_lines(struct tn_builder *builder, struct tn_str text, bool lines, struct tn_error *err)
{
    while (text.len > 0) {
        const char   *end = lines ? memchr(text.ptr, '\n', text.len) : NULL;
        struct tn_str line = end == NULL ? text : tn_str_n(text.ptr, (size_t)(end - text.ptr));

        tn_builder_begin(builder);
        TN_TRY(tn_builder_bytes(builder, 0, line, err));
        TN_TRY(tn_builder_end(builder, err));
        text = end == NULL ? TN_STR("") : tn_str_n(end + 1, text.len - line.len - 1);
    }
    return TN_OK;
}

static enum tn_status encode(struct tn_ask *ask, struct tn_batch *batch, struct tn_chunk **out, struct tn_error *err)
{
    const struct tn_encoder *encoder = ask->query->run.encoder;
    struct tn_chunk         *chunk = tn_chunk_new(TN_CHUNK_MAX);
    int64_t                  row = 0;
    enum tn_status           status = chunk != NULL ? TN_OK : tn_fail(err, TN_E_NOMEM, "53200", "no memory to explain");

    while (status == TN_OK && row < batch->rows)
        status = encoder->ops->batch(encoder, batch, &row, SIZE_MAX, &chunk->bytes, err);
    if (status == TN_OK && chunk->bytes.failed)
        status = tn_fail(err, TN_E_NOMEM, "53200", "no memory to explain");
    if (status != TN_OK) {
        tn_chunk_free(chunk);
        return status;
    }
    chunk->rows = (uint64_t)batch->rows;
    *out = chunk;
    return TN_OK;
}

/* TEXT as rows of one column. */
static enum tn_status answer_text(struct tn_ask *ask, const struct tn_schema *schema, struct tn_str text, bool lines, struct tn_error *err)
{
    struct tn_builder *builder TN_CLEANUP(tn_builder_freep) = NULL;
    struct tn_batch    batch;
    struct tn_chunk   *chunk = NULL;
    enum tn_status     status;

    TN_TRY(tn_builder_new(&builder, schema, (size_t)TN_ROUTE_PLAN_TEXT_MAX * 16, err));
    TN_TRY(put_lines(builder, text, lines, err));
    TN_TRY(tn_builder_finish(builder, &batch, err));
    status = encode(ask, &batch, &chunk, err);
    ask->query->run.rows = (uint64_t)batch.rows;
    tn_batch_release(&batch);
    TN_TRY(status);
    on_columns(ask->query, schema);
    ask->query->run.bytes = chunk->bytes.len;
    on_chunk(ask->query, chunk);
    return TN_OK;
}

/* In the arena of its query. */
struct explaining {
    struct tn_explaining base;
    struct tn_ask       *ask;
    struct tn_schema    *schema;
    bool                 json;
};

static void on_explained(struct tn_explaining *base)
{
    const struct explaining *e = TN_CONTAINER_OF(base, struct explaining, base);
    struct tn_ask           *ask = e->ask;
    struct tn_query         *q = base->query;
    struct tn_error          err = TN_ERROR_INIT;
    struct tn_str            text = TN_STR("");
    enum tn_status           status = base->status;

    ask->explaining = NULL;
    if (status == TN_OK)
        status = tn_route_plan_write(&base->explanation, e->json, &ask->query->arena, &text, &err);
    else
        tn_error_move(&err, &base->err);
    if (status == TN_OK)
        status = answer_text(ask, e->schema, text, !e->json, &err);
    if (status != TN_OK && err.status == TN_OK)
        err.status = status;
    tn_explaining_end(base);
    tn_explain_query_free(q);
    end_own(ask, &err);
}

static enum tn_status explain_with(struct tn_query *q, const struct tn_route_plan_asked *asked, const struct tn_question *question, struct tn_error *err)
{
    struct tn_question inner = *question;

    if (asked->sql.len > 2 && (asked->sql.ptr[0] == '/' || asked->sql.ptr[0] == '-')) /* a hint may stand there, or before EXPLAIN */
        inner.sql = asked->sql;
    tn_features_read(&q->features, asked->sql, TN_DIALECT_POSTGRES);
    TN_TRY(tn_route_plan_check(asked, &q->features, err));
    TN_TRY(tn_ask_fill(q, &inner, err));
    q->text = asked->sql;
    return TN_OK;
}

/* TN_OK: on_explained() comes, or came. */
static enum tn_status explain(struct tn_ask *ask, const struct tn_route_plan_asked *asked, const struct tn_question *question,
                              struct tn_error *err)
{
    struct tn_arena  *arena = &ask->query->arena;
    struct tn_schema *schema = tn_arena_zalloc(arena, sizeof *schema);
    struct tn_column *column = tn_arena_zalloc(arena, sizeof *column);
    struct tn_query  *q = tn_explain_query_new(tn_runtime_of(ask->query->worker));
    struct explaining *e = q != NULL ? tn_arena_zalloc(&q->arena, sizeof *e) : NULL;
    enum tn_status    status;

    if (schema == NULL || column == NULL || e == NULL) {
        tn_explain_query_free(q);
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory to explain");
    }
    *column = (struct tn_column){.name = TN_STR("ROUTE PLAN"), .type = TN_TYPE_TEXT};
    tn_column_set_pg(column);
    *schema = (struct tn_schema){.count = 1, .columns = column};
    status = explain_with(q, asked, question, err);
    if (status != TN_OK) {
        tn_explain_query_free(q);
        return status;
    }
    *e = (struct explaining){.base = {.query = q, .own = tn_explain_is_sessions(&q->features), .done = on_explained}, .ask = ask, .schema = schema,
                             .json = asked->json};
    ask->explaining = &e->base;
    tn_explaining_start(&e->base);
    return TN_OK;
}

static void answer(struct tn_ask *ask, const struct tn_question *question)
{
    struct tn_query           *q = ask->query;
    struct tn_route_plan_asked asked;
    struct tn_error            err = TN_ERROR_INIT;

    ask->own = true;
    q->finished = true; /* it never was on the way */
    q->started_us = q->ended_us = tn_clock_us();
    q->started_wall_us = tn_clock_wall_us();
    if (question->end == TN_ASK_NO_END && tn_route_plan_asked(q->text, &asked) && explain(ask, &asked, question, &err) == TN_OK)
        return;
    end_own(ask, &err);
}

/* ---- the beginning ---- */

enum tn_status tn_ask_statement(struct tn_str text, enum tn_dialect dialect, struct tn_str *sql, struct tn_error *err)
{
    struct tn_str second;
    size_t        at = 0;

    if (tn_utf8_valid_prefix(text.ptr, text.len) < text.len || (text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL))
        return tn_fail(err, TN_E_INVALID, "22021", "the statement is no UTF-8 text");
    if (!tn_statement_next(text, dialect, &at, sql))
        return tn_fail(err, TN_E_INVALID, "42601", "there is no statement");
    if (tn_statement_next(text, dialect, &at, &second))
        return tn_fail(err, TN_E_INVALID, "42601", "one statement at a time; the second begins with \"%.*s\"", (int)TN_MIN(second.len, (size_t)40),
                       second.ptr);
    return TN_OK;
}

enum tn_status tn_ask_fill(struct tn_query *q, const struct tn_question *question, struct tn_error *err)
{
    q->text = question->sql;
    q->native = question->native;
    q->marked = question->marked;
    q->kind = question->kind;
    q->client = (struct tn_route_context){
        .protocol = question->protocol, .user = question->user, .database = question->database, .application = question->application,
        .client_address = question->address, .user_group_count = question->user_group_count, .user_groups = question->user_groups,
        .header_count = question->header_count, .headers = question->headers,
    };
    q->run.settings = &question->settings->replay;
    q->timeout_us = question->timeout_us;
    if (question->settings->statement_timeout_us != 0 && (q->timeout_us == 0 || question->settings->statement_timeout_us < q->timeout_us))
        q->timeout_us = question->settings->statement_timeout_us;
    if (question->transaction != NULL) {
        q->read_only = question->transaction->read_only;
        q->lease = question->transaction->lease;
        q->pinned = q->lease != NULL;
    }
    return tn_wishes_fill(q, question->settings, err);
}

static bool keep(struct tn_arena *arena, struct tn_str *text)
{
    if (text->ptr == NULL)
        *text = TN_STR("");
    return tn_arena_str(arena, *text, text);
}

static bool keep_client(struct tn_arena *arena, struct tn_question *own)
{
    struct tn_tag *headers = tn_arena_alloc(arena, sizeof *headers * (own->header_count + 1));
    struct tn_str *groups = tn_arena_alloc(arena, sizeof *groups * (own->user_group_count + 1));
    bool           ok = headers != NULL && groups != NULL && keep(arena, &own->user) && keep(arena, &own->database) &&
              keep(arena, &own->application) && keep(arena, &own->address);

    for (size_t i = 0; ok && i < own->header_count; i++) {
        headers[i] = own->headers[i];
        ok = keep(arena, &headers[i].key) && keep(arena, &headers[i].value);
    }
    for (size_t i = 0; ok && i < own->user_group_count; i++) {
        groups[i] = own->user_groups[i];
        ok = keep(arena, &groups[i]);
    }
    own->headers = headers;
    own->user_groups = groups;
    return ok;
}

static bool keep_headers(struct tn_query *q, const struct tn_question *own)
{
    struct tn_run_header *headers = tn_arena_alloc(&q->arena, sizeof *headers * (own->run_header_count + 1));
    bool                  ok = headers != NULL;

    for (size_t i = 0; ok && i < own->run_header_count; i++) {
        headers[i] = own->run_headers[i];
        ok = keep(&q->arena, &headers[i].value);
    }
    q->run.header_count = own->run_header_count;
    q->run.headers = headers;
    return ok;
}

static bool give_oids(struct tn_query *q)
{
    const struct tn_params *params = &q->run.params;
    uint32_t               *oids = tn_arena_alloc(&q->arena, sizeof *oids * (params->count + 1));

    for (size_t i = 0; oids != NULL && i < params->count; i++)
        oids[i] = params->items[i].pg_oid;
    q->run.param_oids = oids;
    q->run.param_oid_count = params->count;
    return oids != NULL;
}

/* Everything that the query points to is its own from here on. */
static enum tn_status copy(struct tn_query *q, struct tn_question *own, struct tn_error *err)
{
    void *encoder = tn_arena_alloc(&q->arena, own->encoder_size);

    if (encoder == NULL || !keep(&q->arena, &own->sql) || (own->native.ptr != NULL && !keep(&q->arena, &own->native)) ||
        (own->marked.ptr != NULL && !keep(&q->arena, &own->marked)) ||
        !keep_client(&q->arena, own) || !keep_headers(q, own) || !tn_copy_params(&q->arena, &own->params, &q->run.params) ||
        !give_oids(q))
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a query");
    if (own->marked.ptr != NULL)
        q->literals = q->run.params;
    memcpy(encoder, own->encoder, own->encoder_size);
    q->run.encoder = encoder;
    q->run.extended = own->params.count > 0;
    q->run.several = own->events->next != NULL;
    return TN_OK;
}

static enum tn_status join_transaction(struct tn_query *q, const struct tn_question *question, struct tn_error *err)
{
    const struct tn_ask_transaction *tx = question->transaction;
    char                             begin[sizeof tx->modes + 8];
    int                              len;

    q->keep_lease = true;
    q->needs_writable = !tx->read_only;
    if (tx->lease != NULL) {
        tn_snapshot_unref(q->snapshot); /* the lease's group and cluster belong to its snapshot */
        q->snapshot = tn_snapshot_ref(tx->lease->snapshot);
        return TN_OK;
    }
    len = snprintf(begin, sizeof begin, "BEGIN%s%s", tx->modes[0] != '\0' ? " " : "", tx->modes);
    return tn_arena_str(&q->arena, tn_str_n(begin, (size_t)len), &q->prelude) ? TN_OK
                                                                              : tn_fail(err, TN_E_NOMEM, "53200", "no memory for a transaction");
}

static enum tn_status refuse_command(const struct tn_features *features, struct tn_error *err)
{
    tn_fail(err, TN_E_UNSUPPORTED, "0A000", "%s belongs to a session, and this protocol has none", tn_verb_name(features->verb));
    tn_error_hint(err, "Give settings with the request, or connect with the PostgreSQL protocol.");
    return TN_E_UNSUPPORTED;
}

static enum tn_status check(const struct tn_question *question, const struct tn_features *features, struct tn_error *err)
{
    const struct tn_ask_transaction *tx = question->transaction;

    if (tx != NULL && tx->ask != NULL)
        return tn_fail(err, TN_E_LIMIT, "55006", "the transaction's last statement still runs");
    if (question->end != TN_ASK_NO_END)
        return TN_OK;
    if (tx != NULL && tx->failed)
        return tn_fail(err, TN_E_DENIED, "25P02", "current transaction is aborted, commands ignored until end of transaction block");
    if (features->class == TN_CLASS_EMPTY)
        return tn_fail(err, TN_E_INVALID, "42601", "there is no statement");
    if (features->class == TN_CLASS_MULTI)
        return tn_fail(err, TN_E_INVALID, "42601", "one statement at a time");
    return tn_explain_is_sessions(features) || features->verb == TN_VERB_COPY || features->verb == TN_VERB_DECLARE ? refuse_command(features, err) : TN_OK;
}

static struct tn_str end_text(const struct tn_question *question)
{
    bool commit = question->end == TN_ASK_COMMIT && !question->transaction->failed;

    return commit ? TN_STR("COMMIT") : TN_STR("ROLLBACK");
}

static enum tn_status prepare(struct tn_runtime *runtime, struct tn_query *q, struct tn_question *own, struct tn_ask **out, struct tn_error *err)
{
    struct tn_ask *ask = tn_arena_zalloc(&q->arena, sizeof *ask);

    if (own->end != TN_ASK_NO_END)
        own->sql = end_text(own);
    if (ask == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a query");
    TN_TRY(copy(q, own, err));
    tn_query_shape_read(runtime, own->sql, own->database, &own->settings->replay, &q->shape, &q->features);
    TN_TRY(check(own, &q->features, err));
    TN_TRY(tn_ask_fill(q, own, err));
    if (own->transaction != NULL)
        TN_TRY(join_transaction(q, own, err));
    *ask = (struct tn_ask){.query = q, .owner = own->owner, .events = own->events, .transaction = own->transaction, .end = own->end,
                           .settings = tn_settings_list_ref(own->settings)};
    q->internal = own->end != TN_ASK_NO_END;
    q->events = &query_events;
    q->owner = ask;
    *out = ask;
    return TN_OK;
}

enum tn_status tn_ask_start(struct tn_runtime *runtime, const struct tn_question *question, struct tn_error *err)
{
    struct tn_question own = *question;
    struct tn_query   *q = tn_query_new(runtime);
    struct tn_ask     *ask = NULL;
    enum tn_status     status = q != NULL ? prepare(runtime, q, &own, &ask, err) : tn_fail(err, TN_E_NOMEM, "53200", "no memory for a query");
    bool               ours;

    if (status != TN_OK) {
        if (q != NULL) {
            q->lease = NULL;
            tn_query_free(q);
        }
        return status;
    }
    if (ask->transaction != NULL)
        ask->transaction->ask = ask;
    if (own.handle != NULL)
        *own.handle = ask;
    ours = own.end != TN_ASK_NO_END ? own.transaction->lease == NULL
                                    : q->features.verb == TN_VERB_EXPLAIN && tn_route_plan_asked(q->text, &(struct tn_route_plan_asked){.json = false});
    if (ours)
        answer(ask, &own);
    else
        tn_pipeline_start(q);
    return TN_OK;
}

/* ---- transactions ---- */

void tn_ask_transaction_init(struct tn_ask_transaction *transaction, struct tn_str modes, bool read_only)
{
    *transaction = (struct tn_ask_transaction){.read_only = read_only};
    tn_str_copy(transaction->modes, sizeof transaction->modes, modes);
}

void tn_ask_transaction_drop(struct tn_ask_transaction *transaction)
{
    struct tn_lease *lease;

    if (transaction->ask != NULL)
        tn_ask_orphan(transaction->ask, TN_CANCEL_CLIENT_GONE);
    lease = transaction->lease;
    transaction->lease = NULL;
    if (lease == NULL)
        return;
    if (lease->conn != NULL)
        lease->conn->dirty = true;
    tn_lease_release(lease);
}

#include "session/ask_lease.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "pipeline.h"
#include "query_shape.h"
#include "server.h"
#include "session/ask_own.h"
#include "session/route_plan.h"
#include "session/wishes.h"
#include "shadow_copy.h"

/* ---- the end ---- */

static void finish(struct tn_ask *ask)
{
    struct tn_query *q = ask->query;

    tn_ask_settle(ask);
    if (ask->events != NULL)
        ask->events->done(ask);
    q->run.settings = NULL;
    tn_settings_list_unref(ask->settings);
    tn_query_free(q);
}

void tn_ask_end_own(struct tn_ask *ask, struct tn_error *err)
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

void tn_ask_columns(struct tn_query *q, const struct tn_schema *schema)
{
    struct tn_ask *ask = q->owner;

    if (ask->events != NULL)
        ask->events->columns(ask, schema);
}

/* An engine that has finished works for nobody who reads slowly, or no more. */
void tn_ask_chunk(struct tn_query *q, struct tn_chunk *chunk)
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

static const struct tn_query_events query_events = {on_params, tn_ask_columns, tn_ask_chunk, on_notice, on_done, on_next};

void tn_ask_credit(struct tn_ask *ask)
{
    if (!ask->own)
        tn_run_credit(&ask->query->run);
}

void tn_ask_cancel(struct tn_ask *ask, enum tn_cancel why)
{
    if (ask->own)
        tn_ask_explain_cancel(ask);
    else
        tn_query_cancel(ask->query, why);
}

void tn_ask_orphan(struct tn_ask *ask, enum tn_cancel why)
{
    if (ask->transaction != NULL || ask->bond != NULL) { /* their memory may be gone when the query ends */
        if (ask->query->lease != NULL && ask->query->lease->conn != NULL)
            ask->query->lease->conn->dirty = true;
        ask->query->keep_lease = ask->query->pinned = false;
    }
    if (ask->bond != NULL && ask->bond->lease == ask->query->lease)
        ask->bond->lease = NULL;
    ask->bond = NULL;
    if (ask->transaction != NULL) {
        ask->transaction->ask = NULL;
        ask->transaction->lease = NULL;
        ask->transaction->failed = true;
        ask->transaction = NULL;
    }
    ask->events = NULL;
    tn_ask_cancel(ask, why);
}

/* ---- our own answers ---- */

static void answer(struct tn_ask *ask, const struct tn_question *question)
{
    struct tn_query           *q = ask->query;
    struct tn_route_plan_asked asked;
    struct tn_error            err = TN_ERROR_INIT;

    ask->own = true;
    q->finished = true; /* it never was on the way */
    q->started_us = q->ended_us = tn_clock_us();
    q->started_wall_us = tn_clock_wall_us();
    if (question->end == TN_ASK_NO_END && tn_route_plan_asked(q->text, &asked) && tn_ask_explain(ask, &asked, question, &err) == TN_OK)
        return;
    tn_ask_end_own(ask, &err);
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
    q->known = question->known;
    q->meant = question->meant;
    q->run.before = question->before;
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
    q->read_only = question->read_only;
    if (question->transaction != NULL) {
        q->read_only = question->transaction->read_only;
        q->lease = question->transaction->lease;
    }
    if (q->lease == NULL && question->bond != NULL)
        q->lease = question->bond->lease;
    q->pinned = q->lease != NULL;
    return tn_wishes_fill(q, question->settings, err);
}

static bool keep(struct tn_arena *arena, struct tn_str *text)
{
    if (text->len == 0) {
        *text = TN_STR("");
        return true;
    }
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
        (own->known.ptr != NULL && !keep(&q->arena, &own->known)) || (own->before.ptr != NULL && !keep(&q->arena, &own->before)) ||
        (own->bulk.ptr != NULL && !keep(&q->arena, &own->bulk)) || !keep(&q->arena, &own->meant) ||
        !keep_client(&q->arena, own) || !keep_headers(q, own) || !tn_copy_params(&q->arena, &own->params, &q->run.params) ||
        !give_oids(q))
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a query");
    if (own->literals)
        q->literals = q->run.params;
    memcpy(encoder, own->encoder, own->encoder_size);
    q->run.encoder = encoder;
    q->run.extended = own->params.count > 0;
    q->run.bulk = own->bulk;
    q->run.several = own->events->next != NULL;
    q->run.wants_id = own->wants_id;
    q->run.wants_found = own->wants_found;
    q->about_tables = own->about_tables;
    return TN_OK;
}

static enum tn_status join_transaction(struct tn_query *q, const struct tn_question *question, struct tn_error *err)
{
    const struct tn_ask_transaction *tx = question->transaction;
    char                             begin[sizeof tx->modes + 8];
    int                              len;

    q->keep_lease = true;
    q->needs_writable = !tx->read_only;
    q->run.guarded = tx->bears && question->end == TN_ASK_NO_END && q->lease != NULL; /* before its first statement there is nothing to lose */
    if (tx->lease != NULL)
        return TN_OK;
    len = snprintf(begin, sizeof begin, "BEGIN%s%s", tx->modes[0] != '\0' ? " " : "", tx->modes);
    return tn_arena_str(&q->arena, tn_str_n(begin, (size_t)len), &q->prelude) ? TN_OK
                                                                              : tn_fail(err, TN_E_NOMEM, "53200", "no memory for a transaction");
}

/* A statement that neither needs what was left nor leaves anything has nothing to do with it. */
static void join_bond(struct tn_query *q, struct tn_question *question)
{
    struct tn_ask_bond *bond = question->bond;
    bool                leaves = q->kind == TN_RUN_EXECUTE && (question->leaves || q->features.needs_session);

    if (bond == NULL || (bond->lease == NULL && !leaves && !bond->leaves)) {
        question->bond = NULL;
        return;
    }
    bond->leaves = bond->leaves || leaves;
    q->keep_lease = true;
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
    if (tx != NULL && tx->failed && !(tx->bears && features->verb == TN_VERB_ROLLBACK))
        return tn_fail(err, TN_E_DENIED, "25P02", "current transaction is aborted, commands ignored until end of transaction block");
    if (features->class == TN_CLASS_EMPTY)
        return tn_fail(err, TN_E_INVALID, "42601", "there is no statement");
    if (features->class == TN_CLASS_MULTI)
        return tn_fail(err, TN_E_INVALID, "42601", "one statement at a time");
    if (tx != NULL && tx->bears && (features->verb == TN_VERB_SAVEPOINT || features->verb == TN_VERB_RELEASE || features->verb == TN_VERB_ROLLBACK))
        return TN_OK;
    if (question->bond != NULL && features->verb == TN_VERB_DEALLOCATE) /* of a PREPARE that left its statement there */
        return TN_OK;
    return (tn_explain_is_sessions(features) && !question->as_said) || features->verb == TN_VERB_COPY || features->verb == TN_VERB_DECLARE ? refuse_command(features, err) : TN_OK;
}

static struct tn_str end_text(const struct tn_question *question)
{
    bool commit = question->end == TN_ASK_COMMIT && !question->transaction->failed;

    return commit ? TN_STR("COMMIT") : TN_STR("ROLLBACK");
}

static enum tn_status prepare(struct tn_runtime *runtime, struct tn_query *q, struct tn_question *own, struct tn_ask **out, struct tn_error *err)
{
    struct tn_ask     *ask = tn_arena_zalloc(&q->arena, sizeof *ask);
    struct tn_features meant;

    if (own->end != TN_ASK_NO_END)
        own->sql = end_text(own);
    if (ask == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a query");
    TN_TRY(copy(q, own, err));
    tn_query_shape_read(runtime, own->sql, own->database, &own->settings->replay, &q->shape, &q->features);
    if (own->meant.len > 0)
        tn_query_shape_read(runtime, own->meant, own->database, &own->settings->replay, &q->shape, &meant);
    q->whole = own->whole && q->features.class == TN_CLASS_MULTI;
    if (q->whole)
        q->features.class = TN_CLASS_DDL;
    TN_TRY(check(own, &q->features, err));
    TN_TRY(tn_ask_fill(q, own, err));
    if (q->lease != NULL) {
        tn_snapshot_unref(q->snapshot); /* the lease's group and cluster belong to its snapshot */
        q->snapshot = tn_snapshot_ref(q->lease->snapshot);
    }
    join_bond(q, own);
    if (own->transaction != NULL)
        TN_TRY(join_transaction(q, own, err));
    *ask = (struct tn_ask){.query = q, .owner = own->owner, .events = own->events, .transaction = own->transaction, .bond = own->bond, .end = own->end,
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

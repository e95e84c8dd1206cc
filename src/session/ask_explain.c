/* EXPLAIN ROUTE of a question that does not come from the PostgreSQL wire: rows of one column, encoded as the client wants them. */
#include "session/ask_own.h"

#include "explain.h"
#include "result/text_rows.h"
#include "server.h"
#include "session/route_plan.h"

/* TEXT as rows of one column. */
static enum tn_status answer_text(struct tn_ask *ask, const struct tn_schema *schema, struct tn_str text, bool lines, struct tn_error *err)
{
    struct tn_chunk *chunk = NULL;

    TN_TRY(tn_text_rows_encode(&chunk, ask->query->run.encoder, schema, text, lines ? SIZE_MAX : 0, err));
    ask->query->run.rows = chunk->rows;
    tn_ask_columns(ask->query, schema);
    ask->query->run.bytes = chunk->bytes.len;
    tn_ask_chunk(ask->query, chunk);
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
    tn_ask_end_own(ask, &err);
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

enum tn_status tn_ask_explain(struct tn_ask *ask, const struct tn_route_plan_asked *asked, const struct tn_question *question,
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

void tn_ask_explain_cancel(struct tn_ask *ask)
{
    struct tn_explaining *e = ask->explaining;
    struct tn_error       err = TN_ERROR_INIT;

    if (e == NULL)
        return;
    ask->explaining = NULL;
    tn_explaining_abandon(e);
    tn_explain_query_free(e->query);
    tn_fail(&err, TN_E_CANCELLED, "57014", "canceling statement due to user request");
    tn_ask_end_own(ask, &err);
}

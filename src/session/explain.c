/* EXPLAIN ROUTE sql, EXPLAIN (FORMAT JSON) ROUTE sql: what would become of the statement. Any other EXPLAIN is the engine's. */
#include "session/private.h"
#include "session/route_plan.h"

bool tn_explain_is_asked(struct tn_str sql)
{
    struct tn_route_plan_asked asked;

    return tn_route_plan_asked(sql, &asked);
}

/* A hint may stand before EXPLAIN or before the statement itself. */
static enum tn_status fill(struct tn_session *s, struct tn_query *q, struct tn_str whole, struct tn_str sql, struct tn_error *err)
{
    bool inner = sql.len > 2 && (sql.ptr[0] == '/' || sql.ptr[0] == '-');

    q->kind = TN_RUN_EXECUTE;
    q->text = inner ? sql : whole;
    TN_TRY(tn_execute_fill(s, q, err));
    q->client.several = false;
    q->run.settings = &s->settings->replay;
    q->timeout_us = s->settings->statement_timeout_us;
    q->text = sql;
    return TN_OK;
}

static enum tn_status run(struct tn_session *s, struct tn_query *q, struct tn_str whole, const struct tn_route_plan_asked *asked, struct tn_reply *reply,
                          struct tn_error *err)
{
    struct tn_explanation explanation;
    struct tn_str         unused;
    enum tn_status        status;
    bool                  own;

    tn_features_read(&q->features, asked->sql, TN_DIALECT_POSTGRES);
    TN_TRY(tn_route_plan_check(asked, &q->features, err));
    own = tn_command_describe(s, asked->sql, &q->features, &unused);
    TN_TRY(fill(s, q, whole, asked->sql, err));
    status = tn_explain(&explanation, q, own, err);
    if (status == TN_OK)
        status = tn_route_plan_write(&explanation, asked->json, &s->command_arena, &reply->value, err);
    tn_explanation_reset(&explanation);
    reply->column = TN_STR("ROUTE PLAN");
    reply->lines = !asked->json;
    return status;
}

bool tn_explain_run(struct tn_session *s, struct tn_str sql, struct tn_reply *reply, struct tn_error *err)
{
    struct tn_route_plan_asked asked;
    struct tn_query *q;

    if (!tn_route_plan_asked(sql, &asked))
        return false;
    q = tn_explain_query_new(s->runtime);
    if (q == NULL) {
        tn_fail(err, TN_E_NOMEM, "53200", "no memory to explain");
        return true;
    }
    snprintf(reply->tag, sizeof reply->tag, "EXPLAIN");
    if (run(s, q, sql, &asked, reply, err) != TN_OK)
        err->status = err->status != TN_OK ? err->status : TN_E_INVALID;
    tn_explain_query_free(q);
    return true;
}

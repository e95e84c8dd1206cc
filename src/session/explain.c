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
    (void)!tn_arena_str(&q->arena, tn_named_meant(&s->names, sql, q->features.verb == TN_VERB_EXECUTE ? TN_VERB_EXECUTE : TN_VERB_OTHER), &q->meant);
    return TN_OK;
}

/* In the arena of its query. */
struct explaining {
    struct tn_explaining base;
    struct tn_session   *s;
    bool                 json;
    struct tn_reply     *reply; /* where its answer goes; NULL: the statement waits for it */
    struct tn_error     *err;
};

static void on_explained(struct tn_explaining *base)
{
    struct explaining *e = TN_CONTAINER_OF(base, struct explaining, base);
    struct tn_session *s = e->s;
    struct tn_query   *q = base->query;
    struct tn_reply    late = {.lines = false}, *reply = e->reply != NULL ? e->reply : &late;
    struct tn_error    late_err = TN_ERROR_INIT, *err = e->reply != NULL ? e->err : &late_err;
    enum tn_status     status = base->status;
    bool               waited = e->reply == NULL;

    snprintf(reply->tag, sizeof reply->tag, "EXPLAIN");
    if (status == TN_OK)
        status = tn_route_plan_write(&base->explanation, e->json, &s->command_arena, &reply->value, err);
    else
        tn_error_move(err, &base->err);
    if (status != TN_OK && err->status == TN_OK)
        err->status = status;
    reply->column = TN_STR("ROUTE PLAN");
    reply->lines = !e->json;
    s->explaining = NULL;
    tn_explaining_end(base);
    tn_explain_query_free(q);
    if (waited)
        tn_execute_reply(s, reply, err);
}

/* TN_OK: it is answered, or s->explaining is set and the answer comes later. */
static enum tn_status run(struct tn_session *s, struct tn_query *q, struct tn_str whole, const struct tn_route_plan_asked *asked, struct tn_reply *reply,
                          struct tn_error *err)
{
    struct explaining *e = tn_arena_zalloc(&q->arena, sizeof *e);
    struct tn_str      unused;
    bool               own;

    if (e == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory to explain");
    tn_features_read(&q->features, asked->sql, TN_DIALECT_POSTGRES);
    TN_TRY(tn_route_plan_check(asked, &q->features, err));
    own = tn_command_describe(s, asked->sql, &q->features, &unused);
    TN_TRY(fill(s, q, whole, asked->sql, err));
    *e = (struct explaining){.base = {.query = q, .own = own, .done = on_explained}, .s = s, .json = asked->json, .reply = reply, .err = err};
    if (!own)
        (void)!tn_arena_str(&q->arena, tn_session_catalog_answers(s, asked->sql, &q->features), &e->base.catalog_of);
    s->explaining = &e->base;
    tn_explaining_start(&e->base);
    if (s->explaining != NULL)
        e->reply = NULL;
    return TN_OK;
}

void tn_explain_drop(struct tn_session *s)
{
    struct tn_explaining *e = s->explaining;

    s->explaining = NULL;
    if (e == NULL)
        return;
    tn_explaining_abandon(e);
    tn_explain_query_free(e->query);
}

void tn_explain_cancel(struct tn_session *s)
{
    struct tn_reply reply = {.lines = false};
    struct tn_error err = TN_ERROR_INIT;

    if (s->explaining == NULL)
        return;
    tn_explain_drop(s);
    tn_fail(&err, TN_E_CANCELLED, "57014", "canceling statement due to user request");
    tn_execute_reply(s, &reply, &err);
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
    if (run(s, q, sql, &asked, reply, err) != TN_OK) {
        err->status = err->status != TN_OK ? err->status : TN_E_INVALID;
        tn_explain_query_free(q);
    }
    return true;
}

/* POST /v1/queries/explain-route and /v1/queries/validate: what would become of a query. */
#include "rest/private.h"

#include "base/alloc.h"
#include "explain.h"

/* Reads the request; false: wrong, and answered. */
static bool read_query(struct tn_http_exchange *x, const struct tn_rest_args *args, struct tn_rest_query *query)
{
    struct tn_error err = TN_ERROR_INIT;

    if (tn_rest_query_read(x, &args->caller, query, &err) == TN_OK)
        return true;
    tn_rest_problem(x, &err);
    tn_error_reset(&err);
    return false;
}

/* ---- explain-route ---- */

/* In the exchange's arena. */
struct explaining {
    struct tn_explaining     base;
    struct tn_http_exchange *x;
    struct tn_rest_query     query;
};

static void end(struct tn_explaining *base, struct tn_rest_query *query)
{
    tn_explain_query_free(base->query);
    tn_rest_query_reset(query);
}

static void on_explained(struct tn_explaining *base)
{
    struct explaining    done = *TN_CONTAINER_OF(base, struct explaining, base); /* the answer may be the end of the exchange */
    struct tn_buf        body;
    struct tn_json       json = {.buf = &body};

    done.x->gone = NULL;
    if (done.base.status == TN_OK) {
        tn_buf_init(&body, TN_REST_DOCUMENT_MAX);
        tn_explanation_json(&done.base.explanation, &json, NULL);
        tn_rest_reply_json(done.x, 200, &body);
    } else {
        tn_rest_problem(done.x, &done.base.err);
    }
    tn_explaining_end(&done.base);
    end(&done.base, &done.query);
}

static void on_explain_gone(struct tn_http_exchange *x)
{
    struct explaining *e = x->user;

    tn_explaining_abandon(&e->base);
    end(&e->base, &e->query);
}

void tn_rest_explain_route(struct tn_rest *rest, struct tn_http_exchange *x, const struct tn_rest_args *args)
{
    struct explaining *e = tn_arena_zalloc(&x->arena, sizeof *e);
    struct tn_error    err = TN_ERROR_INIT;
    struct tn_query   *q;

    (void)rest;
    if (e == NULL) {
        tn_http_problem(x, 503, "no memory");
        return;
    }
    if (!read_query(x, args, &e->query))
        return;
    e->x = x;
    e->base.query = q = tn_explain_query_new(tn_runtime_of(x->worker));
    e->base.done = on_explained;
    if (q != NULL)
        q->features = *e->query.features;
    if (q == NULL || tn_ask_fill(q, &e->query.question, &err) != TN_OK) {
        if (q == NULL)
            tn_http_problem(x, 503, "no memory");
        else
            tn_rest_problem(x, &err);
        end(&e->base, &e->query);
        tn_error_reset(&err);
        return;
    }
    e->base.own = tn_explain_is_sessions(&q->features);
    x->user = e;
    x->gone = on_explain_gone;
    tn_explaining_start(&e->base);
}

/* ---- validate ---- */

static void on_params(struct tn_ask *ask, size_t count, const uint32_t *pg_oids)
{
    struct tn_rest_job *job = ask->owner;

    (void)pg_oids;
    job->params = count;
}

static void on_columns(struct tn_ask *ask, const struct tn_schema *schema)
{
    if (schema != NULL)
        tn_rest_job_columns(ask->owner, schema);
}

static void on_chunk(struct tn_ask *ask, struct tn_chunk *chunk)
{
    tn_chunk_free(chunk);
    tn_ask_credit(ask);
}

/* PARAMS: what the engine found; 0 where it did not say. */
static void put_features(struct tn_json *json, const struct tn_features *features, size_t params)
{
    char name[16];

    snprintf(name, sizeof name, "%s", tn_verb_name(features->verb));
    tn_json_text(json, "statementType", name[0] != '\0' ? name : "OTHER");
    tn_json_text(json, "statementClass", tn_class_name(features->class));
    tn_json_open(json, "tables", '[');
    for (unsigned i = 0; i < features->table_count; i++)
        tn_json_str(json, NULL, features->tables[i]);
    tn_json_close(json, ']');
    tn_json_u64(json, "parameterCount", params > 0 ? params : features->param_count);
}

static void answer(struct tn_rest_job *job, const struct tn_query *q)
{
    struct tn_buf  body;
    struct tn_json json = {.buf = &body};

    tn_buf_init(&body, TN_REST_DOCUMENT_MAX);
    tn_json_open(&json, NULL, '{');
    tn_json_bool(&json, "valid", job->outcome.error.status == TN_OK);
    put_features(&json, &q->features, job->params);
    tn_rest_put_head(&json, job->id, &job->outcome);
    if (job->outcome.error.status != TN_OK)
        tn_rest_put_error(&json, "error", &job->outcome.error);
    tn_json_close(&json, '}');
    tn_rest_reply_json(job->x, 200, &body);
}

static void on_done(struct tn_ask *ask)
{
    struct tn_rest_job *job = ask->owner;

    tn_rest_job_finish(job, ask);
    if (job->x != NULL)
        answer(job, ask->query);
    job->x = NULL;
    tn_rest_job_free(job);
}

static const struct tn_ask_events events = {.params = on_params, .columns = on_columns, .chunk = on_chunk, .done = on_done};

static void on_gone(struct tn_http_exchange *x)
{
    struct tn_rest_job *job = x->user;

    job->x = NULL;
    tn_ask_cancel(job->ask, TN_CANCEL_CLIENT_GONE);
}

void tn_rest_validate(struct tn_rest *rest, struct tn_http_exchange *x, const struct tn_rest_args *args)
{
    struct tn_rest_query query;
    struct tn_error      err = TN_ERROR_INIT;
    struct tn_rest_job  *job;
    char                 id[TN_REST_ID];

    if (!read_query(x, args, &query))
        return;
    tn_rest_id_make(id, x->worker->index);
    job = tn_rest_job_new(rest, x->worker, id, args->caller.user);
    if (job == NULL) {
        tn_http_problem(x, 503, "no memory");
        tn_rest_query_reset(&query);
        return;
    }
    job->x = x;
    x->user = job;
    x->gone = on_gone;
    query.question.kind = TN_RUN_DESCRIBE;
    query.question.encoder = &tn_rest_encoder(TN_REST_ARRAYS)->base;
    query.question.encoder_size = sizeof(struct tn_rest_encoder);
    query.question.events = &events;
    query.question.owner = job;
    query.question.handle = &job->ask;
    if (tn_ask_start(tn_runtime_of(x->worker), &query.question, &err) != TN_OK) {
        x->gone = NULL;
        tn_rest_problem(x, &err);
        tn_rest_job_free(job);
    }
    tn_error_reset(&err);
    tn_rest_query_reset(&query);
}

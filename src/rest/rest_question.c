/* A request's body, head and connection as a question that the pipeline can be asked. */
#include "rest/private.h"
#include "session/self.h"

enum { HEADERS_MAX = 64 };

/* ---- settings ---- */

static enum tn_status set(struct tn_rest_query *out, struct tn_runtime *runtime, struct tn_str name, struct tn_str value, struct tn_error *err)
{
    return tn_settings_change(&out->question.settings, name, value, TN_CFG_ENGINE_UNSET, false, false, runtime->snapshot, err);
}

static enum tn_status set_property(struct tn_rest_query *out, struct tn_runtime *runtime, const struct tn_json_node *node, struct tn_error *err)
{
    struct tn_error why = TN_ERROR_INIT;
    struct tn_str   value = node->text;

    if (node->kind == TN_JSON_TRUE || node->kind == TN_JSON_FALSE)
        value = node->kind == TN_JSON_TRUE ? TN_STR("true") : TN_STR("false");
    else if (node->kind != TN_JSON_STRING && node->kind != TN_JSON_NUMBER)
        return tn_fail(err, TN_E_INVALID, "22023", "`sessionProperties.%.64s` must be a string, a number or true or false", node->name.ptr);
    if (node->name.len == 0)
        return tn_fail(err, TN_E_INVALID, "22023", "`sessionProperties` has a member without a name");
    if (set(out, runtime, node->name, value, &why) == TN_OK)
        return TN_OK;
    tn_fail(err, why.status, why.sqlstate, "`sessionProperties.%.64s`: %.800s", node->name.ptr, why.message);
    tn_error_hint(err, "%s", why.hint);
    return err->status;
}

/* "schema" as an identifier of search_path. */
static enum tn_status set_schema(struct tn_rest_query *out, struct tn_runtime *runtime, struct tn_arena *arena, struct tn_error *err)
{
    struct tn_str schema = out->request.schema;
    char         *quoted = tn_arena_alloc(arena, schema.len * 2 + 3), *to = quoted;

    if (quoted == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for settings");
    *to++ = '"';
    for (size_t i = 0; i < schema.len; i++) {
        if (schema.ptr[i] == '"')
            *to++ = '"';
        *to++ = schema.ptr[i];
    }
    *to++ = '"';
    return set(out, runtime, TN_STR("search_path"), tn_str_n(quoted, (size_t)(to - quoted)), err);
}

/* A Trino is told of them as by a client of its own; MySQL calls a schema a database. */
static enum tn_status set_place(struct tn_rest_query *out, struct tn_runtime *runtime, struct tn_arena *arena, struct tn_error *err)
{
    const struct tn_rest_request *request = &out->request;
    const struct {
        const char        *name;
        struct tn_str      value;
        enum tn_cfg_engine only;
    } places[] = {{"x-trino-catalog", request->catalog, TN_CFG_ENGINE_TRINO}, {"x-trino-schema", request->schema, TN_CFG_ENGINE_TRINO},
                  {"database", request->schema, TN_CFG_ENGINE_MYSQL}};

    for (size_t i = 0; i < TN_ARRAY_LEN(places); i++)
        if (places[i].value.len > 0)
            TN_TRY(tn_settings_change(&out->question.settings, tn_str(places[i].name), places[i].value, places[i].only, false, false, runtime->snapshot, err));
    return request->schema.len > 0 ? set_schema(out, runtime, arena, err) : TN_OK;
}

static enum tn_status fill_settings(struct tn_rest_query *out, struct tn_runtime *runtime, struct tn_http_exchange *x, struct tn_error *err)
{
    const struct tn_rest_request *request = &out->request;
    struct tn_str                 tags;

    out->question.settings = tn_settings_list_new();
    if (out->question.settings == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for settings");
    TN_TRY(set_place(out, runtime, &x->arena, err));
    TN_TRY(tn_rest_request_tags(request, &x->arena, &tags, err));
    if (tags.len > 0)
        TN_TRY(set(out, runtime, TN_STR("turnout.tags"), tags, err));
    for (const struct tn_json_node *node = request->settings != NULL ? request->settings->first : NULL; node != NULL; node = node->next)
        TN_TRY(set_property(out, runtime, node, err));
    return TN_OK;
}

/* ---- who asks ---- */

/* Routers may look at them; not at secrets. */
static enum tn_status fill_headers(struct tn_question *question, struct tn_http_exchange *x, struct tn_error *err)
{
    size_t         count = TN_MIN(x->field_count, (size_t)HEADERS_MAX), kept = 0;
    struct tn_tag *headers = tn_arena_alloc(&x->arena, sizeof *headers * (count + 1));

    if (headers == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a query");
    for (size_t i = 0; i < count; i++)
        if (!tn_str_eq_c(x->fields[i].name, "authorization") && !tn_str_eq_c(x->fields[i].name, "cookie") &&
            !tn_str_eq_c(x->fields[i].name, "proxy-authorization"))
            headers[kept++] = (struct tn_tag){x->fields[i].name, x->fields[i].value};
    question->headers = headers;
    question->header_count = kept;
    return TN_OK;
}

static void fill_user(struct tn_question *question, struct tn_http_exchange *x, const struct tn_rest_caller *caller)
{
    const struct tn_http_field *agent = tn_http_field(x, "user-agent");

    question->user = caller->user;
    question->user_group_count = caller->group_count;
    question->user_groups = caller->groups;
    question->application = agent != NULL ? agent->value : TN_STR("");
    question->address = tn_str(x->peer);
}

static enum tn_status fill(struct tn_http_exchange *x, const struct tn_rest_caller *caller, struct tn_rest_query *out, struct tn_error *err)
{
    struct tn_question *question = &out->question;
    struct tn_str       sql;

    TN_TRY(tn_rest_request_read(x->body, &x->arena, &out->request, err));
    TN_TRY(tn_ask_statement(out->request.sql, TN_DIALECT_POSTGRES, &sql, err));
    question->protocol = "restHttp";
    question->kind = TN_RUN_EXECUTE;
    question->database = out->request.catalog;
    fill_user(question, x, caller);
    TN_TRY(fill_headers(question, x, err));
    TN_TRY(fill_settings(out, tn_runtime_of(x->worker), x, err));
    TN_TRY(tn_rest_bind(&out->request, sql, &x->arena, &question->sql, &question->params, err));
    out->features = tn_arena_alloc(&x->arena, sizeof *out->features);
    if (out->features == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a query");
    tn_features_read(out->features, question->sql, TN_DIALECT_POSTGRES);
    if (caller->is_proved && (out->features->class == TN_CLASS_READ || out->features->class == TN_CLASS_WRITE || out->features->class == TN_CLASS_DDL))
        TN_TRY(tn_self_replace(question->sql, TN_DIALECT_POSTGRES, &(struct tn_self){.user = caller->user}, &x->arena, &question->sql, err));
    question->timeout_us = out->request.timeout_s * 1000000;
    return TN_OK;
}

enum tn_status tn_rest_query_read(struct tn_http_exchange *x, const struct tn_rest_caller *caller, struct tn_rest_query *out, struct tn_error *err)
{
    enum tn_status status;

    memset(out, 0, sizeof *out);
    x->arena.max = 0; /* the body's size bounds it */
    status = fill(x, caller, out, err);
    if (status != TN_OK)
        tn_rest_query_reset(out);
    return status;
}

void tn_rest_query_reset(struct tn_rest_query *query)
{
    tn_settings_list_unref(query->question.settings);
    query->question.settings = NULL;
}

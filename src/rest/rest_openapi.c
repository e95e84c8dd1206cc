/* GET /openapi.json: OpenAPI 3.1 out of the tables that the handlers are made of. */
#include "auth/authenticate.h"
#include "rest/private.h"

struct path {
    const char *method, *path, *params, *answer, *summary, *name;
    bool        has_body;
};

enum { BODY_NONE, BODY_QUERY };

static const struct path paths[] = {
#define ENDPOINT(method, path, function, body, params, answer, summary) {#method, path, params, #answer, summary, #function, BODY_##body == BODY_QUERY},
#include "rest/rest_endpoints.def"
#undef ENDPOINT
};

static const struct {
    const char *name, *of, *schema, *help;
} all_params[] = {
#define PARAM(name, of, schema, help) {name, of, schema, help},
#include "rest/rest_params.def"
#undef PARAM
};

static const struct {
    const char *name, *schema;
} schemas[] = {
#define SCHEMA(name, schema) {#name, schema},
#include "rest/rest_schemas.def"
#undef SCHEMA
};

static const struct {
    const char *name, *kind, *schema, *help;
} fields[] = {
#define FIELD(name, kind, schema, help) {name, #kind, schema, help},
#include "frontend/rest/rest_field.def"
#undef FIELD
};

/* A member whose value is JSON already. */
static void put_raw(struct tn_json *json, const char *key, const char *value)
{
    tn_json_open(json, key, '{'); /* for the comma and the key; the brace is taken back */
    json->buf->len -= json->buf->len > 0;
    tn_buf_puts(json->buf, value);
    json->more = true;
}

static void put_param(struct tn_json *json, const char *name, const char *in, const char *schema, const char *help)
{
    tn_json_open(json, NULL, '{');
    tn_json_text(json, "name", name);
    tn_json_text(json, "in", in);
    tn_json_bool(json, "required", strcmp(in, "path") == 0);
    tn_json_text(json, "description", help);
    put_raw(json, "schema", schema);
    tn_json_close(json, '}');
}

static bool is_listed(const char *list, const char *name)
{
    size_t len = strlen(name);

    while (*list != '\0') {
        size_t word = strcspn(list, " ");

        if (word == len && memcmp(list, name, len) == 0)
            return true;
        list += word;
        list += strspn(list, " ");
    }
    return false;
}

static void put_params(struct tn_json *json, const struct path *path)
{
    tn_json_open(json, "parameters", '[');
    if (strstr(path->path, "{id}") != NULL)
        put_param(json, "id", "path", "{\"type\":\"string\",\"format\":\"uuid\"}", "executionId of the query");
    for (size_t i = 0; i < TN_ARRAY_LEN(all_params); i++)
        if (is_listed(path->params, all_params[i].name) && (all_params[i].of[0] == '\0' || strcmp(all_params[i].of, path->name) == 0))
            put_param(json, all_params[i].name, "query", all_params[i].schema, all_params[i].help);
    if (strcmp(path->name, "execute_async") == 0)
        put_param(json, "Idempotency-Key", "header", "{\"type\":\"string\",\"minLength\":1,\"maxLength\":256}",
                  "a second request with the same key begins no second query: it is told how the first one's goes, or 422 if it asks for something else");
    tn_json_close(json, ']');
}

static void put_content(struct tn_json *json, const char *type, const char *schema)
{
    tn_json_open(json, type, '{');
    put_raw(json, "schema", schema);
    tn_json_close(json, '}');
}

static void put_answer(struct tn_json *json, const struct path *path, const char *status, const char *help)
{
    char ref[80];

    snprintf(ref, sizeof ref, "{\"$ref\":\"#/components/schemas/%s\"}", path->answer);
    tn_json_open(json, status, '{');
    tn_json_text(json, "description", help);
    tn_json_open(json, "content", '{');
    put_content(json, "application/json", ref);
    if (strcmp(path->answer, "QueryResponse") == 0) {
        put_content(json, tn_rest_format_type(TN_REST_ARRAYS), ref);
        put_content(json, tn_rest_format_type(TN_REST_NDJSON), "{\"type\":\"string\"}");
        put_content(json, tn_rest_format_type(TN_REST_CSV), "{\"type\":\"string\"}");
        if (tn_rest_format_available(TN_REST_ARROW))
            put_content(json, tn_rest_format_type(TN_REST_ARROW), "{}"); /* bytes */
    }
    tn_json_close(json, '}');
    tn_json_close(json, '}');
}

static void put_answers(struct tn_json *json, const struct path *path)
{
    bool accepts = strcmp(path->name, "execute_async") == 0 || strcmp(path->name, "cancel") == 0;

    tn_json_open(json, "responses", '{');
    put_answer(json, path, "200", "done");
    if (accepts)
        put_answer(json, path, "202", "begun; it is not done yet");
    tn_json_open(json, "default", '{');
    tn_json_text(json, "description", "a problem");
    tn_json_open(json, "content", '{');
    put_content(json, "application/problem+json", "{\"$ref\":\"#/components/schemas/Problem\"}");
    tn_json_close(json, '}');
    tn_json_close(json, '}');
    tn_json_close(json, '}');
}

static void put_operation(struct tn_json *json, const struct path *path)
{
    char method[8];

    tn_str_copy(method, sizeof method, tn_str(path->method));
    for (char *c = method; *c != '\0'; c++)
        *c = tn_ascii_lower(*c);
    tn_json_open(json, method, '{');
    tn_json_text(json, "operationId", path->name);
    tn_json_text(json, "summary", path->summary);
    put_params(json, path);
    if (path->has_body)
        put_raw(json, "requestBody", "{\"required\":true,\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/QueryRequest\"}}}}");
    put_answers(json, path);
    if (strcmp(path->name, "openapi") == 0)
        put_raw(json, "security", "[]");
    tn_json_close(json, '}');
}

static void put_paths(struct tn_json *json)
{
    tn_json_open(json, "paths", '{');
    for (size_t i = 0; i < TN_ARRAY_LEN(paths); i++) {
        if (i > 0 && strcmp(paths[i].path, paths[i - 1].path) == 0)
            continue;
        tn_json_open(json, paths[i].path, '{');
        for (size_t k = i; k < TN_ARRAY_LEN(paths) && strcmp(paths[k].path, paths[i].path) == 0; k++)
            put_operation(json, &paths[k]);
        tn_json_close(json, '}');
    }
    tn_json_close(json, '}');
}

static const char *kind_schema(const char *kind)
{
    if (strcmp(kind, "STRING") == 0)
        return "\"type\":[\"string\",\"null\"]";
    if (strcmp(kind, "COUNT") == 0)
        return "\"type\":[\"integer\",\"null\"]";
    if (strcmp(kind, "BOOL") == 0)
        return "\"type\":[\"boolean\",\"null\"]";
    return strcmp(kind, "PARAMS") == 0 ? "\"type\":[\"object\",\"array\",\"null\"]" : "\"type\":[\"object\",\"null\"]";
}

static void put_request(struct tn_json *json)
{
    tn_json_open(json, "QueryRequest", '{');
    tn_json_text(json, "type", "object");
    tn_json_bool(json, "additionalProperties", false);
    put_raw(json, "required", "[\"sql\"]");
    tn_json_open(json, "properties", '{');
    for (size_t i = 0; i < TN_ARRAY_LEN(fields); i++) {
        tn_json_open(json, fields[i].name, '{');
        tn_json_text(json, "description", fields[i].help);
        tn_buf_printf(json->buf, ",%s%s%s", i == 0 ? "\"type\":\"string\"" : kind_schema(fields[i].kind), fields[i].schema[0] != '\0' ? "," : "",
                      fields[i].schema);
        tn_json_close(json, '}');
    }
    tn_json_close(json, '}');
    tn_json_close(json, '}');
}

/* How clients log in, where they have to; a client certificate does, too, but is nothing that a document can hold. */
static void put_security(struct tn_json *json)
{
    put_raw(json, "securitySchemes", "{\"basic\":{\"type\":\"http\",\"scheme\":\"basic\"},\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"}}");
}

void tn_rest_openapi(struct tn_rest *rest, struct tn_http_exchange *x, const struct tn_rest_args *args)
{
    struct tn_buf  body;
    struct tn_json json = {.buf = &body};
    bool           is_asked = tn_auth_is_asked(rest->server->auth);

    (void)args;
    tn_buf_init(&body, 1024 * 1024);
    tn_json_open(&json, NULL, '{');
    tn_json_text(&json, "openapi", "3.1.0");
    tn_json_open(&json, "info", '{');
    tn_json_text(&json, "title", "Turnout query API");
    tn_json_text(&json, "version", TN_VERSION);
    tn_json_close(&json, '}');
    put_paths(&json);
    if (is_asked)
        put_raw(&json, "security", "[{\"basic\":[]},{\"bearer\":[]}]");
    tn_json_open(&json, "components", '{');
    if (is_asked)
        put_security(&json);
    tn_json_open(&json, "schemas", '{');
    put_request(&json);
    for (size_t i = 0; i < TN_ARRAY_LEN(schemas); i++)
        put_raw(&json, schemas[i].name, schemas[i].schema);
    tn_json_close(&json, '}');
    tn_json_close(&json, '}');
    tn_json_close(&json, '}');
    tn_rest_reply_json(x, 200, &body);
}

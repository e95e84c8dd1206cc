#include "frontend/rest/rest_request.h"

#include "base/buf.h"

enum kind { KIND_STRING, KIND_COUNT, KIND_BOOL, KIND_OBJECT, KIND_PARAMS };

enum { COUNT_MAX_TEXT = 16, TAGS_BYTES = 16 * 1024 };

static const struct field {
    const char *name;
    enum kind   kind;
} fields[] = {
#define FIELD(name, kind, schema, help) {name, KIND_##kind},
#include "frontend/rest/rest_field.def"
#undef FIELD
};

static enum tn_status wrong(struct tn_error *err, const char *name, const char *what)
{
    return tn_fail(err, TN_E_INVALID, "22023", "`%s` %s", name, what);
}

static size_t characters(struct tn_str text)
{
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++)
        n += ((unsigned char)text.ptr[i] & 0xC0u) != 0x80u;
    return n;
}

/* ---- members ---- */

static enum tn_status check_kind(const struct field *field, const struct tn_json_node *node, struct tn_error *err)
{
    switch (field->kind) {
    case KIND_STRING:
        return node->kind == TN_JSON_STRING ? TN_OK : wrong(err, field->name, "must be a string");
    case KIND_COUNT:
        return node->kind == TN_JSON_NUMBER ? TN_OK : wrong(err, field->name, "must be an integer");
    case KIND_BOOL:
        return node->kind == TN_JSON_TRUE || node->kind == TN_JSON_FALSE ? TN_OK : wrong(err, field->name, "must be true or false");
    case KIND_OBJECT:
        return node->kind == TN_JSON_OBJECT ? TN_OK : wrong(err, field->name, "must be an object");
    case KIND_PARAMS:
        return node->kind == TN_JSON_OBJECT || node->kind == TN_JSON_LIST ? TN_OK : wrong(err, field->name, "must be an object or a list");
    }
    return TN_OK;
}

static enum tn_status unknown(const struct tn_json_node *node, struct tn_error *err)
{
    const char *near = NULL;
    unsigned    best = 4;

    for (size_t i = 0; i < TN_ARRAY_LEN(fields); i++) {
        unsigned distance = tn_str_distance(node->name, tn_str(fields[i].name), 3);

        if (distance < best) {
            best = distance;
            near = fields[i].name;
        }
    }
    tn_fail(err, TN_E_INVALID, "22023", "the request has no member `%.64s`", node->name.ptr);
    if (near != NULL)
        tn_error_hint(err, "Did you mean `%s`?", near);
    return TN_E_INVALID;
}

/* A member that is null is not given. */
static enum tn_status check_members(const struct tn_json_node *root, struct tn_error *err)
{
    for (const struct tn_json_node *node = root->first; node != NULL; node = node->next) {
        const struct field *field = NULL;

        for (size_t i = 0; i < TN_ARRAY_LEN(fields) && field == NULL; i++)
            if (tn_str_eq_c(node->name, fields[i].name))
                field = &fields[i];
        if (field == NULL)
            return unknown(node, err);
        if (node->kind != TN_JSON_NULL)
            TN_TRY(check_kind(field, node, err));
    }
    return TN_OK;
}

static const struct tn_json_node *given(const struct tn_json_node *root, const char *name)
{
    const struct tn_json_node *node = tn_json_member(root, name);

    return node != NULL && node->kind != TN_JSON_NULL ? node : NULL;
}

static enum tn_status read_text(const struct tn_json_node *root, const char *name, size_t max, struct tn_str *out, struct tn_error *err)
{
    const struct tn_json_node *node = given(root, name);

    *out = node != NULL ? node->text : TN_STR("");
    return characters(*out) <= max ? TN_OK : tn_fail(err, TN_E_INVALID, "54000", "`%s` has more than %zu characters", name, max);
}

static enum tn_status read_count(const struct tn_json_node *root, const char *name, uint64_t max, uint64_t *out, bool *is_given, struct tn_error *err)
{
    const struct tn_json_node *node = given(root, name);
    double                     value;
    bool                       ok;

    *is_given = node != NULL;
    if (node == NULL || tn_str_to_u64(node->text, max, out))
        return TN_OK;
    ok = tn_str_to_double(node->text, &value) && value >= 0 && value <= (double)max && value == (double)(uint64_t)value; /* 1e3, 10.0 */
    *out = ok ? (uint64_t)value : 0;
    return ok ? TN_OK : tn_fail(err, TN_E_INVALID, "22023", "`%s` must be an integer from 0 to %llu", name, (unsigned long long)max);
}

enum tn_status tn_rest_request_read(struct tn_str body, struct tn_arena *arena, struct tn_rest_request *out, struct tn_error *err)
{
    const struct tn_json_node *root, *cache;
    bool                       unused;

    *out = (struct tn_rest_request){.limit = TN_REST_LIMIT, .timeout_s = TN_REST_TIMEOUT_S};
    TN_TRY(tn_json_read(body, arena, &root, err));
    if (root->kind != TN_JSON_OBJECT)
        return tn_fail(err, TN_E_INVALID, "22023", "the body must be a JSON object, not a JSON %s", tn_json_kind_name(root->kind));
    TN_TRY(check_members(root, err));
    TN_TRY(read_text(root, "sql", TN_REST_SQL_MAX, &out->sql, err));
    TN_TRY(read_text(root, "catalog", 256, &out->catalog, err));
    TN_TRY(read_text(root, "schema", 256, &out->schema, err));
    TN_TRY(read_text(root, "queryId", 128, &out->query_id, err));
    TN_TRY(read_text(root, "tenantId", 128, &out->tenant_id, err));
    TN_TRY(read_count(root, "limit", UINT64_C(9007199254740991), &out->limit, &out->limit_given, err));
    TN_TRY(read_count(root, "offset", UINT64_C(9007199254740991), &out->offset, &unused, err));
    TN_TRY(read_count(root, "timeoutSeconds", 604800, &out->timeout_s, &out->timeout_given, err));
    cache = given(root, "useCache");
    out->use_cache = cache != NULL && cache->kind == TN_JSON_TRUE;
    out->parameters = given(root, "parameters");
    out->settings = given(root, "sessionProperties");
    out->metadata = given(root, "metadata");
    return tn_str_trim(out->sql).len > 0 ? TN_OK : tn_fail(err, TN_E_INVALID, "22023", "`sql` is required and must not be empty");
}

/* ---- tags ---- */

struct tags {
    struct tn_buf out;
    bool          any;
};

static void put_tag(struct tags *tags, struct tn_str key, const struct tn_json_node *value)
{
    tn_buf_puts(&tags->out, tags->any ? "," : "{");
    tags->any = true;
    tn_buf_put_json(&tags->out, key);
    tn_buf_put_u8(&tags->out, ':');
    if (value == NULL || value->kind == TN_JSON_NULL)
        tn_buf_puts(&tags->out, "null");
    else if (value->kind == TN_JSON_TRUE || value->kind == TN_JSON_FALSE)
        tn_buf_puts(&tags->out, value->kind == TN_JSON_TRUE ? "\"true\"" : "\"false\"");
    else
        tn_buf_put_json(&tags->out, value->text);
}

/* `tags` may be an object, or a list of names. */
static enum tn_status put_tags(struct tags *tags, const struct tn_json_node *nodes, bool outer, struct tn_error *err)
{
    for (const struct tn_json_node *node = nodes->first; node != NULL; node = node->next) {
        bool is_tags = outer && tn_str_eq_c(node->name, "tags");

        if (is_tags && (node->kind == TN_JSON_OBJECT || node->kind == TN_JSON_LIST))
            TN_TRY(put_tags(tags, node, false, err));
        else if (node->kind == TN_JSON_OBJECT || node->kind == TN_JSON_LIST)
            return tn_fail(err, TN_E_INVALID, "22023", "`metadata.%.64s` must be a string, a number or true or false", node->name.ptr == NULL ? "tags" : node->name.ptr);
        else if (nodes->kind == TN_JSON_LIST && node->kind != TN_JSON_STRING)
            return tn_fail(err, TN_E_INVALID, "22023", "a list of `metadata.tags` holds strings");
        else
            put_tag(tags, nodes->kind == TN_JSON_LIST ? node->text : node->name, nodes->kind == TN_JSON_LIST ? NULL : node);
    }
    return TN_OK;
}

enum tn_status tn_rest_request_tags(const struct tn_rest_request *request, struct tn_arena *arena, struct tn_str *out, struct tn_error *err)
{
    struct tags         tags = {.any = false};
    struct tn_json_node text = {.kind = TN_JSON_STRING};
    enum tn_status      status = TN_OK;

    *out = TN_STR("");
    tn_buf_init(&tags.out, TAGS_BYTES);
    if (request->metadata != NULL)
        status = put_tags(&tags, request->metadata, true, err);
    text.text = request->query_id;
    if (request->query_id.len > 0)
        put_tag(&tags, TN_STR("queryId"), &text);
    text.text = request->tenant_id;
    if (request->tenant_id.len > 0)
        put_tag(&tags, TN_STR("tenantId"), &text);
    tn_buf_put_u8(&tags.out, '}');
    if (status == TN_OK && tags.out.failed)
        status = tn_fail(err, TN_E_INVALID, "54000", "`metadata` is longer than %d bytes", TAGS_BYTES);
    if (status == TN_OK && tags.any && !tn_arena_str(arena, tn_buf_str(&tags.out), out))
        status = tn_fail(err, TN_E_NOMEM, "53200", "no memory for tags");
    tn_buf_reset(&tags.out);
    return status;
}

/* Values of `parameters`: typed, decoded as a PostgreSQL client's would be. */
#include "frontend/rest/rest_request.h"

#include "base/base64.h"
#include "base/buf.h"
#include "frontend/pgwire/pg_value.h"

static const struct tn_pg_style style = TN_PG_STYLE_INIT;

/* Bytes are base64, as in results, or PostgreSQL's \x and hex digits, which *OUT is in any case. */
static enum tn_status bytes_text(struct tn_str text, const char *name, struct tn_arena *arena, struct tn_str *out, struct tn_error *err)
{
    struct tn_buf bytes, hex;
    bool          is_base64;

    *out = text;
    if (text.ptr == NULL || tn_str_starts(text, TN_STR("\\x")))
        return TN_OK;
    tn_buf_init(&bytes, text.len + 64);
    tn_buf_init(&hex, text.len * 2 + 64);
    is_base64 = tn_base64_take(&bytes, text);
    tn_buf_puts(&hex, "\\x");
    for (size_t i = 0; i < bytes.len; i++)
        tn_buf_printf(&hex, "%02x", (unsigned)(uint8_t)bytes.data[i]);
    if (!is_base64 && !bytes.failed)
        tn_fail(err, TN_E_INVALID, "22P02", "parameter `%.64s`: bytes are a string in base64, or \\x and hex digits", name);
    else if (bytes.failed || hex.failed || !tn_arena_str(arena, tn_buf_str(&hex), out))
        tn_fail(err, TN_E_NOMEM, "53200", "no memory for parameters");
    tn_buf_reset(&bytes);
    tn_buf_reset(&hex);
    return err->status;
}

static enum tn_status decode(uint32_t oid, struct tn_str text, const char *name, struct tn_arena *arena, struct tn_param *out, struct tn_error *err)
{
    struct tn_error why = TN_ERROR_INIT;

    *out = (struct tn_param){.pg_oid = oid, .pg_format = 0, .pg_bytes = text};
    if (tn_pg_value_decode(oid, 0, text, &style, arena, &out->value, &why) == TN_OK)
        return TN_OK;
    tn_fail(err, why.status, why.sqlstate, "parameter `%.64s`: %s", name, why.message);
    tn_error_reset(&why);
    return err->status;
}

/* NAME in OUT of SIZE without its parenthesis: "timestamp(3) with time zone" is "timestamp with time zone". False: it is none. */
static bool plain_name(struct tn_str name, char *out, size_t size)
{
    struct tn_str rest = tn_str_n(NULL, 0);
    const char   *open = name.len > 0 ? memchr(name.ptr, '(', name.len) : NULL;
    const char   *close = open != NULL ? memchr(open, ')', name.len - (size_t)(open - name.ptr)) : NULL;

    if (open != NULL && close == NULL)
        return false;
    if (open != NULL) {
        rest = tn_str_trim(tn_str_n(close + 1, name.len - (size_t)(close + 1 - name.ptr)));
        name.len = (size_t)(open - name.ptr);
    }
    name = tn_str_trim(name);
    return (size_t)snprintf(out, size, "%.*s%s%.*s", (int)TN_MIN(name.len, size), name.ptr != NULL ? name.ptr : "", rest.len > 0 ? " " : "",
                            (int)TN_MIN(rest.len, size), rest.len > 0 ? rest.ptr : "") < size;
}

/* LIST: the name ended in []. */
static bool find_type(struct tn_str name, uint32_t *oid, bool *list)
{
    static const struct {
        const char *name;
        uint32_t    oid;
    } types[] = {
#define PARAM_TYPE(name, type) {name, TN_PG_##type},
#include "frontend/rest/rest_param_type.def"
#undef PARAM_TYPE
    };
    char plain[64];

    *list = name.len > 2 && memcmp(name.ptr + name.len - 2, "[]", 2) == 0;
    name.len -= *list ? 2 : 0;
    if (!plain_name(name, plain, sizeof plain))
        return false;
    for (size_t i = 0; i < TN_ARRAY_LEN(types); i++)
        if (tn_str_ieq_c(tn_str(plain), types[i].name)) {
            *oid = types[i].oid;
            return true;
        }
    return false;
}

/* BIGINT while it fits, then NUMERIC; with a fraction or an exponent DOUBLE, as JSON's readers have it. */
static uint32_t number_oid(struct tn_str text)
{
    int64_t value;

    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '.' || text.ptr[i] == 'e' || text.ptr[i] == 'E')
            return TN_PG_FLOAT8;
    return tn_str_to_i64(text, INT64_MIN, INT64_MAX, &value) ? TN_PG_INT8 : TN_PG_NUMERIC;
}

static struct tn_str scalar_text(const struct tn_json_node *node)
{
    if (node->kind == TN_JSON_TRUE || node->kind == TN_JSON_FALSE)
        return node->kind == TN_JSON_TRUE ? TN_STR("true") : TN_STR("false");
    return node->kind == TN_JSON_NULL ? tn_str_n(NULL, 0) : node->text;
}

/* The one type of all elements; 0: they have none in common. */
static uint32_t element_oid(const struct tn_json_node *list)
{
    uint32_t oid = 0;

    for (const struct tn_json_node *node = list->first; node != NULL; node = node->next) {
        uint32_t one = node->kind == TN_JSON_NUMBER ? number_oid(node->text) : node->kind == TN_JSON_STRING ? TN_PG_TEXT : TN_PG_BOOL;

        if (node->kind == TN_JSON_NULL)
            continue;
        if (node->kind == TN_JSON_LIST || node->kind == TN_JSON_OBJECT)
            return 0;
        if (oid == TN_PG_INT8 && (one == TN_PG_FLOAT8 || one == TN_PG_NUMERIC))
            oid = one;
        else if (!(one == TN_PG_INT8 && (oid == TN_PG_FLOAT8 || oid == TN_PG_NUMERIC)) && oid != 0 && oid != one)
            return 0;
        oid = oid == 0 ? one : oid;
    }
    return oid == 0 ? TN_PG_TEXT : oid;
}

static void put_element(struct tn_buf *out, struct tn_str text)
{
    if (text.ptr == NULL) {
        tn_buf_puts(out, "NULL");
        return;
    }
    tn_buf_put_u8(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\')
            tn_buf_put_u8(out, '\\');
        tn_buf_put_u8(out, (uint8_t)text.ptr[i]);
    }
    tn_buf_put_u8(out, '"');
}

static enum tn_status read_list(const struct tn_json_node *list, uint32_t oid, const char *name, struct tn_arena *arena, struct tn_param *out,
                                struct tn_error *err)
{
    const struct tn_pg_type *type = tn_pg_type_find(oid);
    struct tn_buf            text;
    struct tn_str            kept;
    enum tn_status           status = TN_OK;

    if (type == NULL || type->array_oid == 0)
        return tn_fail(err, TN_E_INVALID, "22023", "parameter `%.64s`: a list holds values of one type: numbers, strings, or true and false", name);
    tn_buf_init(&text, (size_t)64 << 20);
    tn_buf_put_u8(&text, '{');
    for (const struct tn_json_node *node = list->first; node != NULL && status == TN_OK; node = node->next) {
        kept = scalar_text(node);
        if (oid == TN_PG_BYTEA)
            status = bytes_text(kept, name, arena, &kept, err);
        if (node != list->first)
            tn_buf_put_u8(&text, ',');
        put_element(&text, kept);
    }
    tn_buf_put_u8(&text, '}');
    if (status == TN_OK && (text.failed || !tn_arena_str(arena, tn_buf_str(&text), &kept)))
        status = tn_fail(err, TN_E_NOMEM, "53200", "no memory for parameters");
    tn_buf_reset(&text);
    return status == TN_OK ? decode(type->array_oid, kept, name, arena, out, err) : status;
}

static enum tn_status read_typed_list(const struct tn_json_node *list, uint32_t oid, const char *name, struct tn_arena *arena, struct tn_param *out,
                                      struct tn_error *err)
{
    return element_oid(list) != 0 ? read_list(list, oid, name, arena, out, err)
                                  : tn_fail(err, TN_E_INVALID, "22023", "parameter `%.64s`: a list holds values of one type", name);
}

static enum tn_status read_typed_scalar(const struct tn_json_node *value, uint32_t oid, bool list, const char *name, struct tn_arena *arena,
                                        struct tn_param *out, struct tn_error *err)
{
    const struct tn_pg_type *type = tn_pg_type_find(oid);
    struct tn_str            text = scalar_text(value);

    if (list && text.ptr != NULL)
        return tn_fail(err, TN_E_INVALID, "22023", "parameter `%.64s`: a type with [] has a list as its `value`", name);
    if (list && type != NULL && type->array_oid != 0)
        oid = type->array_oid;
    if (oid == TN_PG_BYTEA)
        TN_TRY(bytes_text(text, name, arena, &text, err));
    return decode(oid, text, name, arena, out, err);
}

/* {"type": ..., "value": ...} */
static enum tn_status read_typed(const struct tn_json_node *node, const char *name, struct tn_arena *arena, struct tn_param *out,
                                 struct tn_error *err)
{
    const struct tn_json_node *type = tn_json_member(node, "type"), *value = tn_json_member(node, "value");
    uint32_t                   oid;
    bool                       list;

    if (node->count != 2 || type == NULL || value == NULL || type->kind != TN_JSON_STRING)
        return tn_fail(err, TN_E_INVALID, "22023", "parameter `%.64s`: an object holds `type`, a string, and `value`", name);
    if (!find_type(type->text, &oid, &list)) {
        tn_fail(err, TN_E_INVALID, "42704", "parameter `%.64s`: there is no type `%.64s`", name, type->text.ptr);
        tn_error_hint(err, "Types are boolean, integer, bigint, double, decimal, varchar, varbinary, date, timestamp, uuid and others, and lists of them: date[].");
        return TN_E_INVALID;
    }
    if (value->kind == TN_JSON_LIST)
        return read_typed_list(value, oid, name, arena, out, err);
    if (value->kind == TN_JSON_OBJECT)
        return tn_fail(err, TN_E_INVALID, "22023", "parameter `%.64s`: `value` is no object; give JSON as a string", name);
    return read_typed_scalar(value, oid, list, name, arena, out, err);
}

enum tn_status tn_rest_param_read(const struct tn_json_node *node, const char *name, struct tn_arena *arena, struct tn_param *out,
                                  struct tn_error *err)
{
    switch (node->kind) {
    case TN_JSON_NULL:
    case TN_JSON_STRING:
        return decode(0, scalar_text(node), name, arena, out, err);
    case TN_JSON_TRUE:
    case TN_JSON_FALSE:
        return decode(TN_PG_BOOL, scalar_text(node), name, arena, out, err);
    case TN_JSON_NUMBER:
        return decode(number_oid(node->text), node->text, name, arena, out, err);
    case TN_JSON_LIST:
        return read_list(node, element_oid(node), name, arena, out, err);
    case TN_JSON_OBJECT:
        return read_typed(node, name, arena, out, err);
    }
    return TN_E_INTERNAL;
}

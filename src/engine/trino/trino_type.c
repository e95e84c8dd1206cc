#include "engine/trino/trino_type.h"

#include "engine/trino/trino_json.h"

static const struct {
    const char  *name;
    enum tn_type type;
} known[] = {
#define TRINO_TYPE(KIND, name, type) {name, TN_TYPE_##type},
#include "engine/trino/trino_type.def"
#undef TRINO_TYPE
};

static enum tn_trino_kind find(struct tn_str name)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(known); i++)
        if (tn_str_ieq_c(name, known[i].name))
            return (enum tn_trino_kind)i;
    return TN_TRINO_OTHER;
}

static void set_number(struct tn_trino_type *type, size_t at, uint64_t value)
{
    unsigned number = (unsigned)TN_MIN(value, (uint64_t)INT32_MAX);

    if (at == 0)
        type->precision = number;
    else if (at == 1)
        type->scale = number;
}

/* The name without what stands in the first brackets: "timestamp(3) with time zone" is "timestamp with time zone". */
void tn_trino_type_parse(struct tn_trino_type *out, struct tn_str text)
{
    const char *open = text.len == 0 ? NULL : memchr(text.ptr, '(', text.len);
    const char *close = open == NULL ? NULL : memchr(open, ')', text.len - (size_t)(open - text.ptr));
    char        name[64];
    int         len;
    uint64_t    number = 0;
    size_t      at = 0;

    *out = (struct tn_trino_type){.kind = find(tn_str_trim(text))};
    if (close == NULL)
        return;
    len = snprintf(name, sizeof name, "%.*s%.*s", (int)TN_MIN(open - text.ptr, 40), text.ptr,
                   (int)TN_MIN(text.ptr + text.len - close - 1, 20), close + 1);
    out->kind = find(tn_str_n(name, (size_t)TN_MIN(len, (int)sizeof name - 1)));
    if (out->kind == TN_TRINO_OTHER) /* array(varchar(3)) and the like: what follows the inner bracket is not part of the name */
        out->kind = find(tn_str_trim(tn_str_n(text.ptr, (size_t)(open - text.ptr))));
    if (known[TN_MIN((size_t)out->kind, TN_ARRAY_LEN(known) - 1)].type == TN_TYPE_JSON)
        return;
    for (const char *c = open + 1; c <= close; c++) {
        if (*c >= '0' && *c <= '9' && number < INT32_MAX) {
            number = number * 10 + (uint64_t)(*c - '0');
        } else if (*c == ',' || *c == ')') {
            set_number(out, at++, number);
            number = 0;
        }
    }
}

void tn_trino_type_column(struct tn_column *column, const struct tn_trino_type *type)
{
    column->type = type->kind == TN_TRINO_OTHER ? TN_TYPE_TEXT : known[type->kind].type;
    column->precision = 0;
    column->scale = 0;
    if (type->kind == TN_TRINO_DECIMAL) {
        column->precision = (uint8_t)TN_MIN(type->precision, 255u);
        column->scale = (int8_t)TN_MIN(type->scale, 127u);
    }
    column->pg_table = 0;
    column->pg_attr = 0;
    tn_column_set_pg(column);
}

/* ---- typeSignature: {"rawType":"row","arguments":[{"kind":"NAMED_TYPE","value":{...}}]} ---- */

struct reader {
    struct tn_trino_json *in;
    struct tn_arena      *arena;
    unsigned              depth;
};

static void read_signature(struct reader *r, struct tn_trino_type *out);

static void read_field_name(struct reader *r, struct tn_str *name)
{
    struct tn_str key;

    if (tn_trino_json_peek(r->in) != TN_TRINO_JSON_OBJECT) {
        (void)tn_trino_json_skip(r->in, NULL);
        return;
    }
    if (!tn_trino_json_enter(r->in, '{'))
        return;
    while (tn_trino_json_key(r->in, &key)) {
        if (tn_str_eq_c(key, "name"))
            (void)tn_trino_json_text(r->in, r->arena, name);
        else
            (void)tn_trino_json_skip(r->in, NULL);
    }
}

/* {"fieldName":{"name":"x"},"typeSignature":{...}}, or a signature itself; older servers write the latter as text. */
static void read_inner(struct reader *r, struct tn_trino_type *type, struct tn_str *name)
{
    struct tn_trino_json again = *r->in;
    struct tn_str        key, text;
    bool                 named = false;

    if (tn_trino_json_peek(r->in) == TN_TRINO_JSON_STRING) {
        if (tn_trino_json_text(r->in, r->arena, &text))
            tn_trino_type_parse(type, text);
        return;
    }
    if (!tn_trino_json_enter(r->in, '{'))
        return;
    while (tn_trino_json_key(r->in, &key)) {
        if (tn_str_eq_c(key, "fieldName")) {
            named = true;
            read_field_name(r, name);
        } else if (tn_str_eq_c(key, "typeSignature")) {
            named = true;
            if (tn_trino_json_peek(r->in) == TN_TRINO_JSON_STRING && tn_trino_json_text(r->in, r->arena, &text))
                tn_trino_type_parse(type, text);
            else
                read_signature(r, type);
        } else {
            (void)tn_trino_json_skip(r->in, NULL);
        }
    }
    if (named || r->in->failed)
        return;
    *r->in = again;
    read_signature(r, type);
}

static bool room(struct reader *r, struct tn_trino_type *type, size_t *capacity)
{
    size_t                more = TN_MAX(*capacity * 2, (size_t)2);
    struct tn_trino_type *inner;
    struct tn_str        *names;

    if (type->count < *capacity)
        return true;
    inner = tn_arena_zalloc(r->arena, more * sizeof *inner);
    names = tn_arena_zalloc(r->arena, more * sizeof *names);
    if (inner == NULL || names == NULL)
        return false;
    for (size_t i = 0; i < type->count; i++) {
        inner[i] = type->inner[i];
        names[i] = type->names[i];
    }
    type->inner = inner;
    type->names = names;
    *capacity = more;
    return true;
}

static void read_argument(struct reader *r, struct tn_trino_type *type, size_t at, size_t *capacity)
{
    struct tn_str key;
    uint64_t      number;

    if (!tn_trino_json_enter(r->in, '{'))
        return;
    while (tn_trino_json_key(r->in, &key)) {
        if (!tn_str_eq_c(key, "value")) {
            (void)tn_trino_json_skip(r->in, NULL);
        } else if (tn_trino_json_peek(r->in) == TN_TRINO_JSON_NUMBER) {
            if (tn_trino_json_u64(r->in, &number))
                set_number(type, at, number);
        } else if (!room(r, type, capacity)) {
            r->in->failed = true;
        } else {
            type->inner[type->count].kind = TN_TRINO_OTHER;
            read_inner(r, &type->inner[type->count], &type->names[type->count]);
            type->count++;
        }
    }
}

static void read_arguments(struct reader *r, struct tn_trino_type *type)
{
    size_t at = 0, capacity = 0;

    if (!tn_trino_json_enter(r->in, '['))
        return;
    while (tn_trino_json_item(r->in))
        read_argument(r, type, at++, &capacity);
}

static void read_signature(struct reader *r, struct tn_trino_type *out)
{
    struct tn_str key, name;

    if (++r->depth > TN_TRINO_TYPE_DEPTH || !tn_trino_json_enter(r->in, '{')) {
        r->in->failed = true;
        return;
    }
    *out = (struct tn_trino_type){.kind = TN_TRINO_OTHER};
    while (tn_trino_json_key(r->in, &key)) {
        if (tn_str_eq_c(key, "rawType")) {
            if (tn_trino_json_text(r->in, r->arena, &name))
                out->kind = find(name);
        } else if (tn_str_eq_c(key, "arguments") && tn_trino_json_peek(r->in) == TN_TRINO_JSON_ARRAY) {
            read_arguments(r, out);
        } else {
            (void)tn_trino_json_skip(r->in, NULL);
        }
    }
    r->depth--;
}

/* ---- columns ---- */

static void read_column(struct reader *r, struct tn_column *column, struct tn_trino_type *type)
{
    struct tn_str key, text = {NULL, 0};
    bool          signature = false;

    *column = (struct tn_column){.name = TN_STR("")};
    if (!tn_trino_json_enter(r->in, '{'))
        return;
    while (tn_trino_json_key(r->in, &key)) {
        if (tn_str_eq_c(key, "name")) {
            (void)tn_trino_json_text(r->in, r->arena, &column->name);
        } else if (tn_str_eq_c(key, "type")) {
            (void)tn_trino_json_text(r->in, r->arena, &text);
        } else if (tn_str_eq_c(key, "typeSignature") && tn_trino_json_peek(r->in) == TN_TRINO_JSON_OBJECT) {
            read_signature(r, type);
            signature = true;
        } else {
            (void)tn_trino_json_skip(r->in, NULL);
        }
    }
    if (!signature)
        tn_trino_type_parse(type, text);
    tn_trino_type_column(column, type);
}

static size_t count_items(struct tn_str json)
{
    struct tn_trino_json in;
    size_t               count = 0;

    tn_trino_json_begin(&in, json);
    if (tn_trino_json_enter(&in, '['))
        while (tn_trino_json_item(&in) && tn_trino_json_skip(&in, NULL))
            count++;
    return in.failed ? 0 : count;
}

enum tn_status tn_trino_columns_read(struct tn_trino_columns *out, struct tn_str json, struct tn_arena *arena, struct tn_error *err)
{
    struct tn_trino_json in;
    struct reader        r = {.in = &in, .arena = arena};
    size_t               count = count_items(json), i = 0;

    *out = (struct tn_trino_columns){.types = NULL};
    if (count > TN_TRINO_COLUMNS_MAX)
        return tn_fail(err, TN_E_LIMIT, "54011", "a result of %zu columns; at most %d are passed on", count, TN_TRINO_COLUMNS_MAX);
    out->types = tn_arena_zalloc(arena, (count + 1) * sizeof *out->types);
    out->schema.columns = tn_arena_zalloc(arena, (count + 1) * sizeof *out->schema.columns);
    if (out->types == NULL || out->schema.columns == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for %zu columns", count);
    tn_trino_json_begin(&in, json);
    if (tn_trino_json_enter(&in, '['))
        for (; tn_trino_json_item(&in) && i < count; i++)
            read_column(&r, &out->schema.columns[i], &out->types[i]);
    if (in.failed)
        return tn_fail(err, TN_E_ENGINE, "08P01", "the description of a result cannot be read");
    out->schema.count = i;
    return TN_OK;
}

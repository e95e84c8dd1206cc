#include "engine/duckdb/duckdb_schema.h"

static enum tn_status no_memory(struct tn_error *err)
{
    return tn_fail(err, TN_E_NOMEM, "53200", "duckDb: no memory for the columns of a result");
}

/* What each type id becomes; 0 rows (TN_TYPE_NULL) are not in the table. DECIMAL is decided by its storage. */
static const uint8_t types[] = {
    [TN_DUCKDB_BOOLEAN] = TN_TYPE_BOOL,
    [TN_DUCKDB_TINYINT] = TN_TYPE_INT8,
    [TN_DUCKDB_SMALLINT] = TN_TYPE_INT16,
    [TN_DUCKDB_INTEGER] = TN_TYPE_INT32,
    [TN_DUCKDB_BIGINT] = TN_TYPE_INT64,
    [TN_DUCKDB_UTINYINT] = TN_TYPE_UINT8,
    [TN_DUCKDB_USMALLINT] = TN_TYPE_UINT16,
    [TN_DUCKDB_UINTEGER] = TN_TYPE_UINT32,
    [TN_DUCKDB_UBIGINT] = TN_TYPE_UINT64,
    [TN_DUCKDB_FLOAT] = TN_TYPE_FLOAT32,
    [TN_DUCKDB_DOUBLE] = TN_TYPE_FLOAT64,
    [TN_DUCKDB_TIMESTAMP] = TN_TYPE_TIMESTAMP,
    [TN_DUCKDB_DATE] = TN_TYPE_DATE,
    [TN_DUCKDB_TIME] = TN_TYPE_TIME,
    [TN_DUCKDB_INTERVAL] = TN_TYPE_INTERVAL,
    [TN_DUCKDB_HUGEINT] = TN_TYPE_DECIMAL128,
    [TN_DUCKDB_VARCHAR] = TN_TYPE_TEXT,
    [TN_DUCKDB_BLOB] = TN_TYPE_BYTES,
    [TN_DUCKDB_TIMESTAMP_S] = TN_TYPE_TIMESTAMP,
    [TN_DUCKDB_TIMESTAMP_MS] = TN_TYPE_TIMESTAMP,
    [TN_DUCKDB_TIMESTAMP_NS] = TN_TYPE_TIMESTAMP,
    [TN_DUCKDB_ENUM] = TN_TYPE_TEXT,
    [TN_DUCKDB_LIST] = TN_TYPE_JSON,
    [TN_DUCKDB_STRUCT] = TN_TYPE_JSON,
    [TN_DUCKDB_MAP] = TN_TYPE_JSON,
    [TN_DUCKDB_UUID] = TN_TYPE_UUID,
    [TN_DUCKDB_UNION] = TN_TYPE_JSON,
    [TN_DUCKDB_BIT] = TN_TYPE_TEXT,
    [TN_DUCKDB_TIME_TZ] = TN_TYPE_TIMETZ,
    [TN_DUCKDB_TIMESTAMP_TZ] = TN_TYPE_TIMESTAMPTZ,
    [TN_DUCKDB_UHUGEINT] = TN_TYPE_NUMERIC,
    [TN_DUCKDB_ARRAY] = TN_TYPE_JSON,
    [TN_DUCKDB_BIGNUM] = TN_TYPE_NUMERIC,
    [TN_DUCKDB_SQLNULL] = TN_TYPE_TEXT,
    [TN_DUCKDB_TIME_NS] = TN_TYPE_TIME,
    [TN_DUCKDB_VARIANT] = TN_TYPE_JSON,
};

static enum tn_type type_of(int id)
{
    return id >= 0 && (size_t)id < TN_ARRAY_LEN(types) && types[id] != TN_TYPE_NULL ? (enum tn_type)types[id] : TN_TYPE_TEXT;
}

static bool is_known(int id)
{
    return id >= 0 && (size_t)id < TN_ARRAY_LEN(types) && types[id] != TN_TYPE_NULL && id != TN_DUCKDB_VARIANT;
}

void tn_duckdb_plan_init(struct tn_duckdb_plan *plan, const struct tn_duckdb_api *api, struct tn_arena *arena)
{
    *plan = (struct tn_duckdb_plan){.api = api, .arena = arena};
}

void tn_duckdb_plan_reset(struct tn_duckdb_plan *plan)
{
    for (struct tn_duckdb_shape *shape = plan->enums; shape != NULL; shape = shape->next_enum)
        plan->api->destroy_logical_type(&shape->logical);
    *plan = (struct tn_duckdb_plan){.api = plan->api, .arena = plan->arena};
}

static enum tn_status read_type(struct tn_duckdb_plan *plan, struct tn_duckdb_shape *shape, tn_duckdb_logical *type,
                                unsigned depth, struct tn_error *err);

/* TYPE, a child of SHAPE, is taken. */
static enum tn_status read_child(struct tn_duckdb_plan *plan, struct tn_duckdb_shape *shape, size_t i, tn_duckdb_logical type,
                                 unsigned depth, struct tn_error *err)
{
    enum tn_status status = read_type(plan, &shape->children[i], &type, depth + 1, err);

    plan->api->destroy_logical_type(&type);
    shape->opaque = shape->opaque || shape->children[i].opaque;
    return status;
}

/* A text of the library's own, copied to the arena and freed. */
static bool take_text(struct tn_duckdb_plan *plan, char *text, struct tn_str *out)
{
    bool ok = tn_arena_str(plan->arena, tn_str(text == NULL ? "" : text), out);

    plan->api->free(text);
    return ok;
}

static enum tn_status read_members(struct tn_duckdb_plan *plan, struct tn_duckdb_shape *shape, tn_duckdb_logical type,
                                   unsigned depth, struct tn_error *err)
{
    const struct tn_duckdb_api *api = plan->api;
    bool                        is_union = shape->id == TN_DUCKDB_UNION;

    shape->names = tn_arena_zalloc(plan->arena, (shape->child_count + 1) * sizeof *shape->names);
    if (shape->names == NULL)
        return no_memory(err);
    for (size_t i = 0; i < shape->child_count; i++) {
        char *name = is_union ? api->union_type_member_name(type, i) : api->struct_type_child_name(type, i);
        if (!take_text(plan, name, &shape->names[i]))
            return no_memory(err);
        TN_TRY(read_child(plan, shape, i, is_union ? api->union_type_member_type(type, i) : api->struct_type_child_type(type, i),
                          depth, err));
    }
    return TN_OK;
}

static enum tn_status read_nested(struct tn_duckdb_plan *plan, struct tn_duckdb_shape *shape, tn_duckdb_logical type,
                                  unsigned depth, struct tn_error *err)
{
    const struct tn_duckdb_api *api = plan->api;

    if (depth >= TN_DUCKDB_MAX_DEPTH)
        return tn_fail(err, TN_E_LIMIT, "54000", "duckDb: a type is nested deeper than %d levels", TN_DUCKDB_MAX_DEPTH);
    switch ((int)shape->id) {
    case TN_DUCKDB_STRUCT: shape->child_count = api->struct_type_child_count(type); break;
    case TN_DUCKDB_UNION:  shape->child_count = api->union_type_member_count(type); break;
    case TN_DUCKDB_MAP:    shape->child_count = 2; break;
    default:               shape->child_count = 1; break;
    }
    shape->children = tn_arena_zalloc(plan->arena, (shape->child_count + 1) * sizeof *shape->children);
    if (shape->children == NULL)
        return no_memory(err);
    if (shape->id == TN_DUCKDB_STRUCT || shape->id == TN_DUCKDB_UNION)
        return read_members(plan, shape, type, depth, err);
    if (shape->id == TN_DUCKDB_MAP) {
        TN_TRY(read_child(plan, shape, 0, api->map_type_key_type(type), depth, err));
        return read_child(plan, shape, 1, api->map_type_value_type(type), depth, err);
    }
    if (shape->id == TN_DUCKDB_LIST)
        return read_child(plan, shape, 0, api->list_type_child_type(type), depth, err);
    shape->array_size = api->array_type_array_size(type);
    return read_child(plan, shape, 0, api->array_type_child_type(type), depth, err);
}

static enum tn_status read_enum(struct tn_duckdb_plan *plan, struct tn_duckdb_shape *shape, tn_duckdb_logical *type,
                                struct tn_error *err)
{
    shape->storage = (enum tn_duckdb_type)plan->api->enum_internal_type(*type);
    shape->word_count = plan->api->enum_dictionary_size(*type);
    shape->words = tn_arena_zalloc(plan->arena, ((size_t)shape->word_count + 1) * sizeof *shape->words);
    if (shape->words == NULL)
        return no_memory(err);
    shape->logical = *type;
    shape->next_enum = plan->enums;
    plan->enums = shape;
    *type = NULL;
    return TN_OK;
}

static bool has_alias(const struct tn_duckdb_api *api, tn_duckdb_logical type, const char *wanted)
{
    char *alias = api->logical_type_get_alias(type);
    bool  same = alias != NULL && strcmp(alias, wanted) == 0;

    api->free(alias);
    return same;
}

/* Fills SHAPE from *TYPE, which stays the caller's to destroy; of an ENUM the shape takes it and sets it NULL. */
static enum tn_status read_type(struct tn_duckdb_plan *plan, struct tn_duckdb_shape *shape, tn_duckdb_logical *type,
                                unsigned depth, struct tn_error *err)
{
    const struct tn_duckdb_api *api = plan->api;

    shape->id = *type == NULL ? TN_DUCKDB_INVALID : (enum tn_duckdb_type)api->get_type_id(*type);
    shape->opaque = shape->id != TN_DUCKDB_DECIMAL && !is_known((int)shape->id);
    switch ((int)shape->id) {
    case TN_DUCKDB_DECIMAL:
        shape->storage = (enum tn_duckdb_type)api->decimal_internal_type(*type);
        shape->width = api->decimal_width(*type);
        shape->scale = api->decimal_scale(*type);
        return TN_OK;
    case TN_DUCKDB_VARCHAR: shape->json = has_alias(api, *type, "JSON"); return TN_OK;
    case TN_DUCKDB_ENUM:    return read_enum(plan, shape, type, err);
    case TN_DUCKDB_LIST:
    case TN_DUCKDB_ARRAY:
    case TN_DUCKDB_MAP:
    case TN_DUCKDB_STRUCT:
    case TN_DUCKDB_UNION:   return read_nested(plan, shape, *type, depth, err);
    default:                return TN_OK;
    }
}

static void set_decimal(struct tn_column *column, uint8_t width, uint8_t scale)
{
    column->type = width <= 9 ? TN_TYPE_DECIMAL32 : width <= 18 ? TN_TYPE_DECIMAL64 : TN_TYPE_DECIMAL128;
    column->precision = width;
    column->scale = (int8_t)scale;
}

static void set_column(struct tn_column *column, const struct tn_duckdb_shape *shape)
{
    if (shape->id == TN_DUCKDB_DECIMAL)
        set_decimal(column, shape->width, shape->scale);
    else
        column->type = shape->json ? TN_TYPE_JSON : type_of((int)shape->id);
    if (shape->id == TN_DUCKDB_HUGEINT) {
        column->precision = 39;
        column->scale = 0;
    }
    tn_column_set_pg(column);
}

static enum tn_status set_nested(struct tn_duckdb_plan *plan, struct tn_column *column, const struct tn_duckdb_shape *shape,
                                 struct tn_error *err);

/* COLUMN's type, and what is inside it. Unions stay JSON alone. */
static enum tn_status set_part(struct tn_duckdb_plan *plan, struct tn_column *column, const struct tn_duckdb_shape *shape, struct tn_error *err)
{
    set_column(column, shape);
    return set_nested(plan, column, shape, err);
}

static enum tn_status set_nested(struct tn_duckdb_plan *plan, struct tn_column *column, const struct tn_duckdb_shape *shape,
                                 struct tn_error *err)
{
    struct tn_nested *nested;
    struct tn_column *parts;

    if (shape->opaque || shape->child_count == 0 || shape->id == TN_DUCKDB_UNION)
        return TN_OK;
    nested = tn_arena_zalloc(plan->arena, sizeof *nested);
    parts = tn_arena_zalloc(plan->arena, shape->child_count * sizeof *parts);
    if (nested == NULL || parts == NULL)
        return no_memory(err);
    for (size_t i = 0; i < shape->child_count; i++) {
        parts[i].name = shape->id == TN_DUCKDB_STRUCT ? shape->names[i] : TN_STR("");
        TN_TRY(set_part(plan, &parts[i], &shape->children[i], err));
    }
    nested->nesting = shape->id == TN_DUCKDB_MAP ? TN_NESTING_MAP : shape->id == TN_DUCKDB_STRUCT ? TN_NESTING_RECORD : TN_NESTING_LIST;
    nested->count = shape->child_count;
    nested->parts = parts;
    column->nested = nested;
    return TN_OK;
}

/* Column I, named NAME, of type TYPE, which is taken. */
static enum tn_status add_column(struct tn_duckdb_plan *plan, size_t i, const char *name, tn_duckdb_logical type,
                                 struct tn_error *err)
{
    struct tn_column       *column = &plan->schema.columns[i];
    struct tn_duckdb_shape *shape = &plan->shapes[i];
    enum tn_status          status = read_type(plan, shape, &type, 0, err);

    plan->api->destroy_logical_type(&type);
    TN_TRY(status);
    if (!tn_arena_str(plan->arena, tn_str(name == NULL ? "" : name), &column->name))
        return no_memory(err);
    TN_TRY(set_part(plan, column, shape, err));
    if (shape->id == TN_DUCKDB_TIMESTAMP_S || shape->id == TN_DUCKDB_TIMESTAMP_MS)
        column->pg_typmod = shape->id == TN_DUCKDB_TIMESTAMP_S ? 0 : 3; /* digits of the second */
    if (shape->opaque) {
        plan->needs_cast = true;
        plan->casts[i] = column->type == TN_TYPE_JSON ? TN_DUCKDB_CAST_JSON : TN_DUCKDB_CAST_TEXT;
    }
    return TN_OK;
}

static enum tn_status set_count(struct tn_duckdb_plan *plan, uint64_t count, struct tn_error *err)
{
    if (count > 100000)
        return tn_fail(err, TN_E_LIMIT, "54011", "duckDb: a result of %llu columns; at most 100000 are served", (unsigned long long)count);
    plan->schema.columns = tn_arena_zalloc(plan->arena, (count + 1) * sizeof *plan->schema.columns);
    plan->shapes = tn_arena_zalloc(plan->arena, (count + 1) * sizeof *plan->shapes);
    plan->casts = tn_arena_zalloc(plan->arena, (count + 1) * sizeof *plan->casts);
    if (plan->schema.columns == NULL || plan->shapes == NULL || plan->casts == NULL)
        return no_memory(err);
    plan->schema.count = count;
    return TN_OK;
}

enum tn_status tn_duckdb_plan_prepared(struct tn_duckdb_plan *plan, tn_duckdb_prepared prepared, struct tn_error *err)
{
    const struct tn_duckdb_api *api = plan->api;

    TN_TRY(set_count(plan, api->prepared_statement_column_count(prepared), err));
    for (size_t i = 0; i < plan->schema.count; i++) {
        struct tn_str name;

        if (!take_text(plan, api->prepared_statement_column_name(prepared, i), &name))
            return no_memory(err);
        TN_TRY(add_column(plan, i, name.ptr, api->prepared_statement_column_logical_type(prepared, i), err));
    }
    return TN_OK;
}

enum tn_status tn_duckdb_plan_result(struct tn_duckdb_plan *plan, struct tn_duckdb_result *result, struct tn_error *err)
{
    TN_TRY(set_count(plan, plan->api->column_count(result), err));
    for (size_t i = 0; i < plan->schema.count; i++)
        TN_TRY(add_column(plan, i, plan->api->column_name(result, i), plan->api->column_logical_type(result, i), err));
    return TN_OK;
}

uint32_t tn_duckdb_param_oid(int id)
{
    struct tn_column column = {.type = TN_TYPE_NULL};

    switch (id) {
    case TN_DUCKDB_INVALID:
    case TN_DUCKDB_ANY:
    case TN_DUCKDB_SQLNULL: return 0;
    case TN_DUCKDB_LIST:
    case TN_DUCKDB_ARRAY:
    case TN_DUCKDB_STRUCT:
    case TN_DUCKDB_MAP:
    case TN_DUCKDB_UNION:
    case TN_DUCKDB_VARIANT:
    case TN_DUCKDB_GEOMETRY: return 0; /* nested results are JSON text, nested parameters are not: let the client say */
    case TN_DUCKDB_DECIMAL:
    case TN_DUCKDB_HUGEINT: column.type = TN_TYPE_NUMERIC; break;
    default:                column.type = type_of(id); break;
    }
    tn_column_set_pg(&column);
    return column.pg_oid;
}

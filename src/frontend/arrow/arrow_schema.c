#include "frontend/arrow/arrow_inside.h"

#ifdef TN_HAVE_NANOARROW
#include "base/alloc.h"

enum { UUID_SIZE = 16 };

static const enum ArrowType plain_types[TN_TYPE_COUNT] = {
    [TN_TYPE_NULL] = NANOARROW_TYPE_NA,         [TN_TYPE_BOOL] = NANOARROW_TYPE_BOOL,
    [TN_TYPE_INT8] = NANOARROW_TYPE_INT8,       [TN_TYPE_INT16] = NANOARROW_TYPE_INT16,
    [TN_TYPE_INT32] = NANOARROW_TYPE_INT32,     [TN_TYPE_INT64] = NANOARROW_TYPE_INT64,
    [TN_TYPE_UINT8] = NANOARROW_TYPE_UINT8,     [TN_TYPE_UINT16] = NANOARROW_TYPE_UINT16,
    [TN_TYPE_UINT32] = NANOARROW_TYPE_UINT32,   [TN_TYPE_UINT64] = NANOARROW_TYPE_UINT64,
    [TN_TYPE_FLOAT32] = NANOARROW_TYPE_FLOAT,   [TN_TYPE_FLOAT64] = NANOARROW_TYPE_DOUBLE,
    [TN_TYPE_NUMERIC] = NANOARROW_TYPE_STRING,  [TN_TYPE_TEXT] = NANOARROW_TYPE_STRING,
    [TN_TYPE_JSON] = NANOARROW_TYPE_STRING,     [TN_TYPE_BYTES] = NANOARROW_TYPE_BINARY,
    [TN_TYPE_DATE] = NANOARROW_TYPE_DATE32,     [TN_TYPE_TIMETZ] = NANOARROW_TYPE_STRING,
    [TN_TYPE_INTERVAL] = NANOARROW_TYPE_INTERVAL_MONTH_DAY_NANO,
};

bool tn_arrow_is_exact(const struct tn_column *column)
{
    return column->type == TN_TYPE_NUMERIC && column->precision >= 1 && column->precision <= TN_ARROW_DIGITS_MAX;
}

/* An extension type that every reader knows by its storage as well. */
static int set_extension(struct ArrowSchema *out, const char *name)
{
    struct ArrowBuffer metadata;
    int                code = ArrowMetadataBuilderInit(&metadata, NULL);

    if (code == NANOARROW_OK)
        code = ArrowMetadataBuilderAppend(&metadata, ArrowCharView("ARROW:extension:name"), ArrowCharView(name));
    if (code == NANOARROW_OK)
        code = ArrowMetadataBuilderAppend(&metadata, ArrowCharView("ARROW:extension:metadata"), ArrowCharView(""));
    if (code == NANOARROW_OK)
        code = ArrowSchemaSetMetadata(out, (const char *)metadata.data);
    ArrowBufferReset(&metadata);
    return code;
}

static int set_uuid(struct ArrowSchema *out)
{
    int code = ArrowSchemaSetTypeFixedSize(out, NANOARROW_TYPE_FIXED_SIZE_BINARY, UUID_SIZE);

    return code == NANOARROW_OK ? set_extension(out, "arrow.uuid") : code;
}

static int set_type(struct ArrowSchema *out, const struct tn_column *column)
{
    int precision = TN_MAX(1, TN_MIN((int)column->precision, (int)TN_ARROW_DIGITS_MAX));

    switch ((int)column->type) {
    case TN_TYPE_NUMERIC:
        if (!tn_arrow_is_exact(column))
            break;
        return ArrowSchemaSetTypeDecimal(out, NANOARROW_TYPE_DECIMAL128, precision, column->scale);
    case TN_TYPE_DECIMAL32:
    case TN_TYPE_DECIMAL64:
    case TN_TYPE_DECIMAL128: return ArrowSchemaSetTypeDecimal(out, NANOARROW_TYPE_DECIMAL128, precision, column->scale);
    case TN_TYPE_TIME: return ArrowSchemaSetTypeDateTime(out, NANOARROW_TYPE_TIME64, NANOARROW_TIME_UNIT_MICRO, NULL);
    case TN_TYPE_TIMESTAMP: return ArrowSchemaSetTypeDateTime(out, NANOARROW_TYPE_TIMESTAMP, NANOARROW_TIME_UNIT_MICRO, NULL);
    case TN_TYPE_TIMESTAMPTZ: return ArrowSchemaSetTypeDateTime(out, NANOARROW_TYPE_TIMESTAMP, NANOARROW_TIME_UNIT_MICRO, "UTC");
    case TN_TYPE_UUID: return set_uuid(out);
    default: break;
    }
    return ArrowSchemaSetType(out, plain_types[column->type]);
}

static int set_column(struct ArrowSchema *out, const struct tn_column *column, unsigned depth);

static int set_name(struct ArrowSchema *out, struct tn_str name)
{
    char *text;
    int   code;

    if (name.len == 0)
        return ArrowSchemaSetName(out, "");
    text = tn_strndup(name.ptr, name.len);
    if (text == NULL)
        return ENOMEM;
    code = ArrowSchemaSetName(out, text);
    tn_free(text);
    return code;
}

static int set_parts(struct ArrowSchema *out, const struct tn_nested *nested, unsigned depth)
{
    int code = ArrowSchemaSetTypeStruct(out, (int64_t)nested->count);

    for (size_t i = 0; i < nested->count && code == NANOARROW_OK; i++) {
        code = set_column(out->children[i], &nested->parts[i], depth + 1);
        if (code == NANOARROW_OK)
            code = set_name(out->children[i], nested->parts[i].name);
    }
    return code;
}

static int set_list(struct ArrowSchema *out, const struct tn_nested *nested, unsigned depth)
{
    int code = ArrowSchemaSetType(out, NANOARROW_TYPE_LIST);

    if (code == NANOARROW_OK)
        code = set_column(out->children[0], &nested->parts[0], depth + 1);
    return code == NANOARROW_OK ? ArrowSchemaSetName(out->children[0], "item") : code;
}

/* Keys are not null, and nor are entries. */
static int set_map(struct ArrowSchema *out, const struct tn_nested *nested, unsigned depth)
{
    int                 code = ArrowSchemaSetType(out, NANOARROW_TYPE_MAP);
    struct ArrowSchema *entries = code == NANOARROW_OK ? out->children[0] : NULL;

    for (size_t i = 0; i < 2 && code == NANOARROW_OK; i++) {
        code = set_column(entries->children[i], &nested->parts[i], depth + 1);
        if (code == NANOARROW_OK)
            code = ArrowSchemaSetName(entries->children[i], i == 0 ? "key" : "value");
    }
    if (code == NANOARROW_OK)
        entries->children[0]->flags &= ~ARROW_FLAG_NULLABLE;
    return code;
}

static int set_column(struct ArrowSchema *out, const struct tn_column *column, unsigned depth)
{
    const struct tn_nested *nested = column->nested;

    if (depth > TN_ARROW_DEPTH_MAX)
        return EINVAL;
    if (nested == NULL)
        return set_type(out, column);
    return nested->nesting == TN_NESTING_LIST     ? set_list(out, nested, depth)
           : nested->nesting == TN_NESTING_RECORD ? set_parts(out, nested, depth)
                                                  : set_map(out, nested, depth);
}

enum tn_status tn_arrow_make_schema(const struct tn_schema *schema, struct ArrowSchema *out, struct tn_error *err)
{
    struct tn_nested all = {.nesting = TN_NESTING_RECORD, .count = schema->count, .parts = schema->columns};
    int              code;

    ArrowSchemaInit(out);
    code = set_parts(out, &all, 0);
    if (code == EINVAL)
        return tn_fail(err, TN_E_INVALID, "22003", "a column is nested deeper than %d", (int)TN_ARROW_DEPTH_MAX);
    return tn_arrow_status(code, NULL, err);
}
#endif

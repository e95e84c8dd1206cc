#include "result/batch.h"

static const struct {
    const char *name;
    size_t      size;
} types[] = {
#define TYPE(name, text, format, size) {text, size},
#include "result/types.def"
#undef TYPE
};

/* What a PostgreSQL client is told: OID and length of each type (pg_type of PostgreSQL 15). */
static const struct {
    uint32_t oid;
    int16_t  len;
} pg[TN_TYPE_COUNT] = {
    [TN_TYPE_NULL] = {25, -1},        [TN_TYPE_BOOL] = {16, 1},         [TN_TYPE_INT8] = {21, 2},
    [TN_TYPE_INT16] = {21, 2},        [TN_TYPE_INT32] = {23, 4},        [TN_TYPE_INT64] = {20, 8},
    [TN_TYPE_UINT8] = {21, 2},        [TN_TYPE_UINT16] = {23, 4},       [TN_TYPE_UINT32] = {20, 8},
    [TN_TYPE_UINT64] = {1700, -1},    [TN_TYPE_FLOAT32] = {700, 4},     [TN_TYPE_FLOAT64] = {701, 8},
    [TN_TYPE_DECIMAL32] = {1700, -1}, [TN_TYPE_DECIMAL64] = {1700, -1}, [TN_TYPE_DECIMAL128] = {1700, -1},
    [TN_TYPE_NUMERIC] = {1700, -1},   [TN_TYPE_TEXT] = {25, -1},        [TN_TYPE_JSON] = {114, -1},
    [TN_TYPE_BYTES] = {17, -1},       [TN_TYPE_DATE] = {1082, 4},       [TN_TYPE_TIME] = {1083, 8},
    [TN_TYPE_TIMETZ] = {1266, 12},    [TN_TYPE_TIMESTAMP] = {1114, 8},  [TN_TYPE_TIMESTAMPTZ] = {1184, 8},
    [TN_TYPE_INTERVAL] = {1186, 16},  [TN_TYPE_UUID] = {2950, 16},
};

const char *tn_type_name(enum tn_type type)
{
    return (size_t)type < TN_TYPE_COUNT ? types[type].name : "?";
}

size_t tn_type_size(enum tn_type type)
{
    return (size_t)type < TN_TYPE_COUNT ? types[type].size : 0;
}

bool tn_type_is_text(enum tn_type type)
{
    return type == TN_TYPE_NUMERIC || type == TN_TYPE_TEXT || type == TN_TYPE_JSON || type == TN_TYPE_BYTES;
}

void tn_batch_release(struct tn_batch *batch)
{
    if (batch == NULL || batch->release == NULL)
        return;
    batch->release(batch);
    batch->release = NULL;
}

bool tn_schema_same_types(const struct tn_schema *told, const struct tn_schema *now)
{
    if (told == NULL || told->count != now->count)
        return false;
    for (size_t i = 0; i < told->count; i++)
        if (told->columns[i].pg_oid != now->columns[i].pg_oid)
            return false;
    return true;
}

struct tn_schema *tn_schema_copy(const struct tn_schema *schema, struct tn_arena *arena)
{
    struct tn_schema *copy = tn_arena_alloc(arena, sizeof *copy);

    if (copy == NULL || schema->count > SIZE_MAX / sizeof *copy->columns)
        return NULL;
    copy->count = schema->count;
    copy->columns = tn_arena_alloc(arena, TN_MAX(schema->count, (size_t)1) * sizeof *copy->columns);
    if (copy->columns == NULL)
        return NULL;
    for (size_t i = 0; i < schema->count; i++) {
        copy->columns[i] = schema->columns[i];
        copy->columns[i].nested = NULL;
        if (!tn_arena_str(arena, schema->columns[i].name, &copy->columns[i].name))
            return NULL;
    }
    return copy;
}

/* numeric(p,s) as PostgreSQL packs it; -1 when it has no such form (a 128-bit integer is precision 39). */
static int32_t numeric_typmod(unsigned precision, int scale)
{
    enum { HEADER = 4, SCALE_MASK = 0x7ff };

    if (precision == 0 || precision > 38)
        return -1;
    return (int32_t)((precision << 16) | ((unsigned)scale & SCALE_MASK)) + HEADER;
}

void tn_column_set_pg(struct tn_column *column)
{
    enum tn_type type = (size_t)column->type < TN_TYPE_COUNT ? column->type : TN_TYPE_TEXT;

    column->pg_oid = pg[type].oid;
    column->pg_len = pg[type].len;
    column->pg_typmod = -1;
    if (type == TN_TYPE_UINT64)
        column->pg_typmod = numeric_typmod(20, 0);
    else if (column->pg_oid == 1700)
        column->pg_typmod = numeric_typmod(column->precision, column->scale);
}

#include "result/builder.h"

#include "base/alloc.h"

enum { MIN_CAPACITY = 64 };

/* A column that grows. Validity is made with the first null only. */
struct growing {
    enum tn_type type;
    int64_t      count;    /* values; rows, or rows + 1 while a row is being made */
    int64_t      nulls;
    int64_t      capacity; /* values that validity and values have room for */
    uint8_t     *validity; /* NULL: no null so far */
    void        *values;   /* bits, fixed-size values, or capacity + 1 offsets */
    char        *data;
    size_t       data_len, data_capacity;
};

struct tn_builder {
    const struct tn_schema *schema;
    size_t                  max_bytes;
    int64_t                 rows;
    size_t                  bytes;     /* of the ended rows */
    size_t                  row_bytes; /* of the row being made */
    struct growing          columns[];
};

/* What an ArrowArray of ours owns. */
struct owned {
    const void *buffers[3];
};

/* What a batch of ours owns beside its columns' buffers. */
struct batch_memory {
    struct ArrowArray **pointers;
    struct ArrowArray  *arrays;
    size_t              count;
};

static enum tn_status no_memory(struct tn_error *err)
{
    return tn_fail(err, TN_E_NOMEM, "53200", "out of memory for a batch of rows");
}

enum tn_status tn_builder_new(struct tn_builder **out, const struct tn_schema *schema, size_t max_bytes,
                              struct tn_error *err)
{
    struct tn_builder *b = NULL;

    *out = NULL;
    if (schema->count < SIZE_MAX / sizeof b->columns[0] - 1)
        b = tn_calloc(1, sizeof *b + schema->count * sizeof b->columns[0]);
    if (b == NULL)
        return no_memory(err);
    b->schema = schema;
    b->max_bytes = max_bytes;
    for (size_t i = 0; i < schema->count; i++)
        b->columns[i].type = schema->columns[i].type;
    *out = b;
    return TN_OK;
}

static void free_buffers(struct growing *c)
{
    tn_free(c->validity);
    tn_free(c->values);
    tn_free(c->data);
    *c = (struct growing){.type = c->type};
}

void tn_builder_free(struct tn_builder *b)
{
    if (b == NULL)
        return;
    for (size_t i = 0; i < b->schema->count; i++)
        free_buffers(&b->columns[i]);
    tn_free(b);
}

void tn_builder_freep(struct tn_builder **b)
{
    tn_builder_free(*b);
}

/* Drops the value of a row that was not ended. */
static void truncate(struct growing *c, int64_t rows)
{
    if (c->count == rows)
        return;
    c->count = rows;
    if (c->validity != NULL && !tn_bit_get(c->validity, rows))
        c->nulls--;
    if (tn_type_is_text(c->type))
        c->data_len = (size_t)((const int32_t *)c->values)[rows];
}

void tn_builder_begin(struct tn_builder *b)
{
    b->row_bytes = 0;
    for (size_t i = 0; i < b->schema->count; i++)
        truncate(&b->columns[i], b->rows);
}

/* Bytes of the values buffer for CAPACITY values. */
static size_t values_size(enum tn_type type, int64_t capacity)
{
    if (type == TN_TYPE_BOOL)
        return (size_t)capacity / 8;
    return tn_type_is_text(type) ? ((size_t)capacity + 1) * sizeof(int32_t) : (size_t)capacity * tn_type_size(type);
}

static bool grow(struct growing *c)
{
    int64_t  capacity = c->capacity == 0 ? MIN_CAPACITY : c->capacity * 2; /* a multiple of 8 */
    void    *values;
    uint8_t *validity;

    if (c->type != TN_TYPE_NULL) {
        values = tn_realloc(c->values, values_size(c->type, capacity));
        if (values == NULL)
            return false;
        if (c->capacity == 0)
            memset(values, 0, sizeof(int32_t)); /* the first offset */
        c->values = values;
    }
    if (c->validity != NULL) {
        validity = tn_realloc(c->validity, (size_t)capacity / 8);
        if (validity == NULL)
            return false;
        c->validity = validity;
    }
    c->capacity = capacity;
    return true;
}

static void set_bit(uint8_t *bits, int64_t i, bool value)
{
    uint8_t mask = (uint8_t)(1u << (i & 7));

    bits[i >> 3] = (uint8_t)(value ? bits[i >> 3] | mask : bits[i >> 3] & ~mask);
}

/* The place of the column's next value, which is counted and valid; what SIZE bytes of data need is checked before. */
static enum tn_status add_value(struct tn_builder *b, size_t column, size_t size, struct growing **out,
                                struct tn_error *err)
{
    struct growing *c = column < b->schema->count ? &b->columns[column] : NULL;
    size_t          bytes = b->bytes + b->row_bytes + size;

    *out = c;
    if (c == NULL || c->count != b->rows)
        return tn_fail(err, TN_E_INTERNAL, "XX000", "column %zu of a row set twice, or there is none", column);
    if (bytes > b->max_bytes || (tn_type_is_text(c->type) && size > INT32_MAX - c->data_len)) {
        if (b->rows > 0)
            return TN_AGAIN;
        return tn_fail(err, TN_E_LIMIT, "54000",
                       "column \"" TN_STR_FMT "\": a value of %zu bytes does not fit a batch of %zu bytes",
                       TN_STR_ARG(b->schema->columns[column].name), size, b->max_bytes);
    }
    if (c->count == c->capacity && !grow(c))
        return no_memory(err);
    b->row_bytes += size;
    if (c->validity != NULL)
        set_bit(c->validity, c->count, true);
    c->count++;
    return TN_OK;
}

static enum tn_status wrong_type(const struct tn_builder *b, size_t column, struct tn_error *err)
{
    if (column >= b->schema->count)
        return tn_fail(err, TN_E_INTERNAL, "XX000", "a row has no column %zu", column);
    return tn_fail(err, TN_E_INTERNAL, "XX000", "column \"" TN_STR_FMT "\" of type %s was given another value",
                   TN_STR_ARG(b->schema->columns[column].name), tn_type_name(b->columns[column].type));
}

static enum tn_type type_of(const struct tn_builder *b, size_t column)
{
    return column < b->schema->count ? b->columns[column].type : TN_TYPE_COUNT;
}

/* All values so far are valid. */
static bool make_validity(struct growing *c)
{
    size_t size = (size_t)TN_MAX(c->capacity, (int64_t)MIN_CAPACITY) / 8;

    if (c->validity != NULL)
        return true;
    c->validity = tn_malloc(size);
    if (c->validity == NULL)
        return false;
    memset(c->validity, 0xff, size);
    return true;
}

enum tn_status tn_builder_null(struct tn_builder *b, size_t column, struct tn_error *err)
{
    struct growing *c;
    int64_t         at;

    if (column < b->schema->count && !make_validity(&b->columns[column]))
        return no_memory(err);
    TN_TRY(add_value(b, column, 0, &c, err));
    at = c->count - 1;
    c->nulls++;
    set_bit(c->validity, at, false);
    if (c->type == TN_TYPE_BOOL)
        set_bit(c->values, at, false);
    else if (tn_type_is_text(c->type))
        ((int32_t *)c->values)[at + 1] = (int32_t)c->data_len;
    else if (tn_type_size(c->type) > 0)
        memset((char *)c->values + (size_t)at * tn_type_size(c->type), 0, tn_type_size(c->type));
    return TN_OK;
}

enum tn_status tn_builder_bool(struct tn_builder *b, size_t column, bool value, struct tn_error *err)
{
    struct growing *c;

    if (type_of(b, column) != TN_TYPE_BOOL)
        return wrong_type(b, column, err);
    TN_TRY(add_value(b, column, 1, &c, err));
    set_bit(c->values, c->count - 1, value);
    return TN_OK;
}

enum tn_status tn_builder_raw(struct tn_builder *b, size_t column, const void *value, struct tn_error *err)
{
    size_t          size = tn_type_size(type_of(b, column));
    struct growing *c;

    if (size == 0)
        return wrong_type(b, column, err);
    TN_TRY(add_value(b, column, size, &c, err));
    memcpy((char *)c->values + (size_t)(c->count - 1) * size, value, size);
    return TN_OK;
}

static enum tn_status out_of_range(const struct tn_builder *b, size_t column, struct tn_error *err)
{
    return tn_fail(err, TN_E_INVALID, "22003", "column \"" TN_STR_FMT "\": a value is out of range for type %s",
                   TN_STR_ARG(b->schema->columns[column].name), tn_type_name(b->columns[column].type));
}

/* The low SIZE bytes of VALUE, as a little-endian machine has them first. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "integers are cut by taking their first bytes");

static bool is_integer(enum tn_type type)
{
    return (type >= TN_TYPE_INT8 && type <= TN_TYPE_UINT64) || type == TN_TYPE_DECIMAL32 || type == TN_TYPE_DECIMAL64 ||
           type == TN_TYPE_DATE || type == TN_TYPE_TIME || type == TN_TYPE_TIMESTAMP || type == TN_TYPE_TIMESTAMPTZ;
}

static bool is_unsigned(enum tn_type type)
{
    return type >= TN_TYPE_UINT8 && type <= TN_TYPE_UINT64;
}

enum tn_status tn_builder_i64(struct tn_builder *b, size_t column, int64_t value, struct tn_error *err)
{
    enum tn_type type = type_of(b, column);
    int64_t      max;

    if (!is_integer(type))
        return wrong_type(b, column, err);
    if (is_unsigned(type))
        return value < 0 ? out_of_range(b, column, err) : tn_builder_u64(b, column, (uint64_t)value, err);
    max = tn_type_size(type) == 8 ? INT64_MAX : (INT64_C(1) << (8 * tn_type_size(type) - 1)) - 1;
    if (value > max || value < -max - 1)
        return out_of_range(b, column, err);
    return tn_builder_raw(b, column, &value, err);
}

enum tn_status tn_builder_u64(struct tn_builder *b, size_t column, uint64_t value, struct tn_error *err)
{
    enum tn_type type = type_of(b, column);

    if (!is_integer(type))
        return wrong_type(b, column, err);
    if (!is_unsigned(type))
        return value > INT64_MAX ? out_of_range(b, column, err) : tn_builder_i64(b, column, (int64_t)value, err);
    if (tn_type_size(type) < 8 && value >> (8 * tn_type_size(type)) != 0)
        return out_of_range(b, column, err);
    return tn_builder_raw(b, column, &value, err);
}

enum tn_status tn_builder_f64(struct tn_builder *b, size_t column, double value, struct tn_error *err)
{
    float single = (float)value;

    if (type_of(b, column) == TN_TYPE_FLOAT32)
        return tn_builder_raw(b, column, &single, err);
    return type_of(b, column) == TN_TYPE_FLOAT64 ? tn_builder_raw(b, column, &value, err) : wrong_type(b, column, err);
}

static bool reserve_data(struct growing *c, size_t len)
{
    size_t need = c->data_len + len, capacity = TN_MAX(c->data_capacity * 2, (size_t)1024);
    char  *data;

    if (need <= c->data_capacity)
        return true;
    capacity = TN_MAX(capacity, need);
    data = tn_realloc(c->data, capacity);
    if (data == NULL)
        return false;
    c->data = data;
    c->data_capacity = capacity;
    return true;
}

enum tn_status tn_builder_bytes(struct tn_builder *b, size_t column, struct tn_str value, struct tn_error *err)
{
    struct growing *c;

    if (!tn_type_is_text(type_of(b, column)))
        return wrong_type(b, column, err);
    if (value.len > INT32_MAX || value.len > b->max_bytes)
        return tn_fail(err, TN_E_LIMIT, "54000",
                       "column \"" TN_STR_FMT "\": a value of %zu bytes does not fit a batch of %zu bytes",
                       TN_STR_ARG(b->schema->columns[column].name), value.len, b->max_bytes);
    TN_TRY(add_value(b, column, value.len, &c, err));
    if (!reserve_data(c, value.len)) {
        c->count--; /* not there after all */
        return no_memory(err);
    }
    if (value.len > 0)
        memcpy(c->data + c->data_len, value.ptr, value.len);
    c->data_len += value.len;
    ((int32_t *)c->values)[c->count] = (int32_t)c->data_len;
    return TN_OK;
}

enum tn_status tn_builder_value(struct tn_builder *b, size_t column, const struct tn_value *v, struct tn_error *err)
{
    char timetz[12];

    if (v->type == TN_TYPE_NULL && !v->is_list)
        return tn_builder_null(b, column, err);
    if (v->is_list || v->type != type_of(b, column))
        return wrong_type(b, column, err);
    switch (v->type) {
    case TN_TYPE_BOOL:     return tn_builder_bool(b, column, v->as.boolean, err);
    case TN_TYPE_FLOAT32:
    case TN_TYPE_FLOAT64:  return tn_builder_f64(b, column, v->as.f64, err);
    case TN_TYPE_INTERVAL: return tn_builder_raw(b, column, &v->as.interval, err);
    case TN_TYPE_UUID:     return tn_builder_raw(b, column, v->as.uuid, err);
    case TN_TYPE_TIMETZ:
        memcpy(timetz, &v->as.timetz.time_us, 8);
        memcpy(timetz + 8, &v->as.timetz.offset_s, 4);
        return tn_builder_raw(b, column, timetz, err);
    default:
        if (tn_type_is_text(v->type))
            return tn_builder_bytes(b, column, v->as.text, err);
        return is_unsigned(v->type) ? tn_builder_u64(b, column, v->as.u64, err)
                                    : tn_builder_i64(b, column, v->as.i64, err);
    }
}

enum tn_status tn_builder_end(struct tn_builder *b, struct tn_error *err)
{
    for (size_t i = 0; i < b->schema->count; i++)
        if (b->columns[i].count == b->rows)
            TN_TRY(tn_builder_null(b, i, err));
    b->rows++;
    b->bytes += b->row_bytes;
    b->row_bytes = 0;
    return TN_OK;
}

int64_t tn_builder_rows(const struct tn_builder *b)
{
    return b->rows;
}

size_t tn_builder_bytes_used(const struct tn_builder *b)
{
    return b->bytes;
}

static void release_array(struct ArrowArray *array)
{
    struct owned *owned = array->private_data;

    for (size_t i = 0; i < TN_ARRAY_LEN(owned->buffers); i++) {
        union {
            const void *in;
            void       *out;
        } buffer = {owned->buffers[i]};

        tn_free(buffer.out);
    }
    tn_free(owned);
    array->release = NULL;
}

static void free_memory(struct batch_memory *memory)
{
    if (memory == NULL)
        return;
    tn_free(memory->pointers);
    tn_free(memory->arrays);
    tn_free(memory);
}

static void release_batch(struct tn_batch *batch)
{
    struct batch_memory *memory = batch->private_data;

    for (size_t i = 0; i < memory->count; i++)
        if (memory->arrays[i].release != NULL)
            memory->arrays[i].release(&memory->arrays[i]);
    free_memory(memory);
    batch->columns = NULL;
}

/* Everything that may fail, before anything moves. */
static struct batch_memory *new_memory(size_t count)
{
    struct batch_memory *memory = tn_calloc(1, sizeof *memory);
    bool                 ok;

    if (memory == NULL)
        return NULL;
    memory->pointers = tn_calloc(count + 1, sizeof *memory->pointers);
    memory->arrays = tn_calloc(count + 1, sizeof *memory->arrays);
    ok = memory->pointers != NULL && memory->arrays != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        memory->arrays[i].private_data = tn_calloc(1, sizeof(struct owned));
        memory->pointers[i] = &memory->arrays[i];
        ok = memory->arrays[i].private_data != NULL;
    }
    memory->count = count;
    if (ok)
        return memory;
    for (size_t i = 0; memory->arrays != NULL && i < count; i++)
        tn_free(memory->arrays[i].private_data);
    free_memory(memory);
    return NULL;
}

/* A column without rows still has the one offset that Arrow wants. */
static bool make_offsets(struct growing *c)
{
    return c->type == TN_TYPE_NULL || c->values != NULL || grow(c);
}

static void move_column(struct growing *c, struct ArrowArray *array)
{
    struct owned *owned = array->private_data;

    owned->buffers[0] = c->nulls > 0 && c->type != TN_TYPE_NULL ? c->validity : NULL;
    if (owned->buffers[0] == NULL)
        tn_free(c->validity);
    owned->buffers[1] = c->values;
    owned->buffers[2] = c->data;
    *array = (struct ArrowArray){
        .length = c->count,
        .null_count = c->nulls,
        .n_buffers = c->type == TN_TYPE_NULL ? 0 : tn_type_is_text(c->type) ? 3 : 2,
        .buffers = owned->buffers,
        .release = release_array,
        .private_data = owned,
    };
    *c = (struct growing){.type = c->type};
}

enum tn_status tn_builder_finish(struct tn_builder *b, struct tn_batch *out, struct tn_error *err)
{
    struct batch_memory *memory;

    *out = (struct tn_batch){.schema = b->schema};
    tn_builder_begin(b);
    for (size_t i = 0; i < b->schema->count; i++)
        if (!make_offsets(&b->columns[i]))
            return no_memory(err);
    memory = new_memory(b->schema->count);
    if (memory == NULL)
        return no_memory(err);
    for (size_t i = 0; i < b->schema->count; i++)
        move_column(&b->columns[i], &memory->arrays[i]);
    out->rows = b->rows;
    out->columns = memory->pointers;
    out->release = release_batch;
    out->private_data = memory;
    b->rows = 0;
    b->bytes = 0;
    return TN_OK;
}

#include "engine/sqlite/sqlite_builder.h"

#include "base/alloc.h"

enum { FIRST_CAPACITY = 256, KEEP_CAPACITY = 1024 * 1024 };

static bool reserve(struct tn_sqlite_bytes *bytes, size_t more)
{
    size_t capacity = TN_MAX(bytes->capacity, (size_t)FIRST_CAPACITY);
    char  *data;

    if (bytes->capacity - bytes->len >= more)
        return true;
    while (capacity - bytes->len < more) {
        if (capacity > SIZE_MAX / 2)
            return false;
        capacity *= 2;
    }
    data = tn_realloc(bytes->data, capacity);
    if (data == NULL)
        return false;
    bytes->data = data;
    bytes->capacity = capacity;
    return true;
}

static bool append(struct tn_sqlite_bytes *bytes, const void *data, size_t len)
{
    if (!reserve(bytes, len))
        return false;
    if (len > 0)
        memcpy(bytes->data + bytes->len, data, len);
    bytes->len += len;
    return true;
}

static void free_bytes(struct tn_sqlite_bytes *bytes)
{
    tn_free(bytes->data);
    *bytes = (struct tn_sqlite_bytes){.data = NULL};
}

static void clear_bytes(struct tn_sqlite_bytes *bytes)
{
    bytes->len = 0;
    if (bytes->capacity > KEEP_CAPACITY)
        free_bytes(bytes);
}

void tn_sqlite_column_clear(struct tn_sqlite_column *column)
{
    clear_bytes(&column->valid);
    clear_bytes(&column->values);
    clear_bytes(&column->text);
    column->rows = column->nulls = 0;
}

static void free_column(struct tn_sqlite_column *column)
{
    free_bytes(&column->valid);
    free_bytes(&column->values);
    free_bytes(&column->text);
}

static bool make_room(struct tn_sqlite_builder *builder, size_t columns)
{
    struct tn_sqlite_column *grown;
    struct ArrowArray      **arrays;

    if (columns <= builder->capacity)
        return true;
    arrays = tn_realloc(builder->arrays, columns * sizeof(struct ArrowArray *));
    if (arrays == NULL)
        return false;
    builder->arrays = arrays;
    grown = tn_realloc(builder->columns, columns * sizeof *grown);
    if (grown == NULL)
        return false;
    builder->columns = grown;
    memset(grown + builder->capacity, 0, (columns - builder->capacity) * sizeof *grown);
    builder->capacity = columns;
    return true;
}

bool tn_sqlite_builder_begin(struct tn_sqlite_builder *builder, size_t columns)
{
    builder->count = 0;
    if (!make_room(builder, columns))
        return false;
    builder->count = columns;
    for (size_t i = 0; i < columns; i++)
        builder->columns[i].type = (struct tn_sqlite_type){.type = TN_TYPE_NULL};
    tn_sqlite_builder_clear(builder);
    return true;
}

void tn_sqlite_builder_clear(struct tn_sqlite_builder *builder)
{
    for (size_t i = 0; i < builder->count; i++)
        tn_sqlite_column_clear(&builder->columns[i]);
}

void tn_sqlite_builder_free(struct tn_sqlite_builder *builder)
{
    for (size_t i = 0; i < builder->capacity; i++)
        free_column(&builder->columns[i]);
    tn_free(builder->columns);
    tn_free(builder->arrays);
    *builder = (struct tn_sqlite_builder){.columns = NULL};
}

static bool append_bit(struct tn_sqlite_bytes *bits, int64_t row, bool bit)
{
    if (row % 8 == 0 && !append(bits, "", 1))
        return false;
    if (bit)
        tn_bit_set((uint8_t *)bits->data, row);
    return true;
}

/* Arrow: offsets[row] .. offsets[row + 1]; the first is 0. */
static enum tn_status append_text(struct tn_sqlite_column *column, struct tn_str text)
{
    const int32_t zero = 0;
    int32_t       end;

    if (column->rows == 0 && !append(&column->values, &zero, sizeof zero))
        return TN_E_NOMEM;
    if (text.len > (size_t)INT32_MAX - column->text.len)
        return TN_E_LIMIT;
    if (!append(&column->text, text.ptr, text.len))
        return TN_E_NOMEM;
    end = (int32_t)column->text.len;
    return append(&column->values, &end, sizeof end) ? TN_OK : TN_E_NOMEM;
}

static enum tn_status append_value(struct tn_sqlite_column *column, const struct tn_sqlite_value *value)
{
    bool ok;

    if (tn_type_is_text(column->type.type))
        return append_text(column, value->text);
    if (column->type.type == TN_TYPE_BOOL)
        ok = append_bit(&column->values, column->rows, value->as.boolean);
    else
        ok = append(&column->values, value->as.bytes, tn_type_size(column->type.type));
    return ok ? TN_OK : TN_E_NOMEM;
}

static enum tn_status append_null(struct tn_sqlite_column *column)
{
    struct tn_sqlite_value zero;

    memset(&zero.as, 0, sizeof zero.as);
    zero.text = tn_str_n("", 0);
    column->nulls++;
    return append_value(column, &zero);
}

enum tn_status tn_sqlite_column_append(struct tn_sqlite_column *column, const struct tn_sqlite_cell *cell)
{
    bool           null = cell->class == SQLITE_NULL;
    enum tn_status status;

    if (!append_bit(&column->valid, column->rows, !null))
        return TN_E_NOMEM;
    if (null) {
        status = append_null(column);
    } else {
        struct tn_sqlite_value value;

        if (!tn_sqlite_cell_convert(cell, column->type, &value))
            return TN_E_INVALID;
        status = append_value(column, &value);
    }
    column->rows++;
    return status;
}

size_t tn_sqlite_builder_size(const struct tn_sqlite_builder *builder)
{
    size_t size = 0;

    for (size_t i = 0; i < builder->count; i++)
        size += builder->columns[i].values.len + builder->columns[i].text.len;
    return size;
}

static void no_release(struct ArrowArray *array)
{
    array->release = NULL; /* the memory is the builder's */
}

static void release_batch(struct tn_batch *batch)
{
    batch->columns = NULL;
}

static void make_array(struct tn_sqlite_column *column, int64_t rows)
{
    bool text = tn_type_is_text(column->type.type);

    column->buffers[0] = column->nulls > 0 ? column->valid.data : NULL;
    column->buffers[1] = column->values.data;
    column->buffers[2] = column->text.data != NULL ? column->text.data : "";
    column->array = (struct ArrowArray){
        .length = rows,
        .null_count = column->nulls,
        .n_buffers = text ? 3 : 2,
        .buffers = column->buffers,
        .release = no_release,
    };
}

void tn_sqlite_builder_batch(struct tn_sqlite_builder *builder, const struct tn_schema *schema, int64_t rows,
                             struct tn_batch *batch)
{
    for (size_t i = 0; i < builder->count; i++) {
        make_array(&builder->columns[i], rows);
        builder->arrays[i] = &builder->columns[i].array;
    }
    *batch = (struct tn_batch){
        .schema = schema, .rows = rows, .columns = builder->arrays, .release = release_batch};
}

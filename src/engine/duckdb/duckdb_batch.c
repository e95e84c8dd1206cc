#include "engine/duckdb/duckdb_batch.h"

#include "base/alloc.h"
#include "engine/duckdb/duckdb_json.h"
#include "engine/duckdb/duckdb_text.h"

/* A batch's own memory. */
struct memory {
    const struct tn_duckdb_api *api;
    tn_duckdb_chunk             chunk;
    struct tn_arena             arena;
};

enum { TEXT_TARGET = 1024 * 1024 }; /* bytes of a column's texts in one batch; more only when one row is longer */

/* What converting one column works on: ROWS rows of the vector, from FIRST on. A converter that finds them too long sets
 * ROWS to what should be tried and answers TN_AGAIN. */
struct maker {
    struct tn_duckdb_plan  *plan;
    struct tn_duckdb_shape *shape;
    struct memory          *memory;
    struct ArrowArray      *array;
    tn_duckdb_vector        vector;
    const void             *data;     /* of the vector */
    const uint64_t         *validity; /* of the vector, NULL = all valid */
    size_t                  size;     /* of one of our values, when it has a fixed one */
    int64_t                 first, rows;
    struct tn_error        *err;
};

static enum tn_status no_memory(struct tn_error *err)
{
    return tn_fail(err, TN_E_NOMEM, "53200", "duckDb: no memory for a batch of rows");
}

static enum tn_status too_much(struct tn_error *err)
{
    return tn_fail(err, TN_E_LIMIT, "54000", "duckDb: a value is longer than 2 GiB; select a part of it");
}

static inline bool is_valid(const struct maker *m, int64_t i)
{
    return tn_duckdb_is_valid(m->validity, (uint64_t)(m->first + i));
}

/* Room for the values of the column; NULL: no memory. */
static void *values_of(struct maker *m, size_t value_size)
{
    void *values = tn_arena_alloc(&m->memory->arena, (size_t)m->rows * value_size);

    m->array->buffers[1] = values;
    return values;
}

static enum tn_status keep(struct maker *m)
{
    m->array->buffers[1] = (const char *)m->data + (size_t)m->first * m->size;
    return TN_OK;
}

static enum tn_status convert_bool(struct maker *m)
{
    const uint8_t *in = (const uint8_t *)m->data + m->first;
    uint8_t       *bits = tn_arena_zalloc(&m->memory->arena, ((size_t)m->rows + 7) / 8);

    if (bits == NULL)
        return no_memory(m->err);
    for (int64_t i = 0; i < m->rows; i++)
        bits[i >> 3] = (uint8_t)(bits[i >> 3] | (in[i] & 1u) << (i & 7));
    m->array->buffers[1] = bits;
    return TN_OK;
}

static enum tn_status convert_decimal(struct maker *m)
{
    const int16_t *in = (const int16_t *)m->data + m->first;
    int32_t       *out;

    if (m->shape->storage != TN_DUCKDB_SMALLINT)
        return keep(m);
    out = values_of(m, sizeof *out);
    if (out == NULL)
        return no_memory(m->err);
    for (int64_t i = 0; i < m->rows; i++)
        out[i] = in[i];
    return TN_OK;
}

/* DuckDB's minus infinity is one above ours. A copy is made only when there is one. */
static enum tn_status convert_date(struct maker *m)
{
    const int32_t *in = (const int32_t *)m->data + m->first;
    int32_t       *out;
    bool           found = false;

    for (int64_t i = 0; i < m->rows; i++)
        found |= in[i] == -INT32_MAX;
    if (!found)
        return keep(m);
    out = values_of(m, sizeof *out);
    if (out == NULL)
        return no_memory(m->err);
    for (int64_t i = 0; i < m->rows; i++)
        out[i] = in[i] == -INT32_MAX ? INT32_MIN : in[i];
    return TN_OK;
}

static enum tn_status convert_timestamp(struct maker *m)
{
    const int64_t *in = (const int64_t *)m->data + m->first;
    int64_t       *out;
    bool           found = false;

    for (int64_t i = 0; i < m->rows; i++)
        found |= in[i] == -INT64_MAX;
    if (!found)
        return keep(m);
    out = values_of(m, sizeof *out);
    if (out == NULL)
        return no_memory(m->err);
    for (int64_t i = 0; i < m->rows; i++)
        out[i] = in[i] == -INT64_MAX ? INT64_MIN : in[i];
    return TN_OK;
}

/* Seconds and milliseconds, to microseconds. */
static enum tn_status convert_scaled(struct maker *m)
{
    const int64_t *in = (const int64_t *)m->data + m->first;
    int64_t        factor = m->shape->id == TN_DUCKDB_TIMESTAMP_S ? 1000000 : 1000;
    int64_t       *out = values_of(m, sizeof *out);

    if (out == NULL)
        return no_memory(m->err);
    for (int64_t i = 0; i < m->rows; i++) {
        if (in[i] == INT64_MAX || in[i] == -INT64_MAX)
            out[i] = in[i] > 0 ? INT64_MAX : INT64_MIN;
        else if (!is_valid(m, i))
            out[i] = 0;
        else if (__builtin_mul_overflow(in[i], factor, &out[i]))
            return tn_fail(m->err, TN_E_LIMIT, "22008", "duckDb: a timestamp is too far away to be told in microseconds");
    }
    return TN_OK;
}

/* Nanoseconds, to microseconds, towards the past. */
static enum tn_status convert_nanoseconds(struct maker *m)
{
    const int64_t *in = (const int64_t *)m->data + m->first;
    int64_t       *out = values_of(m, sizeof *out);

    if (out == NULL)
        return no_memory(m->err);
    for (int64_t i = 0; i < m->rows; i++) {
        if (m->shape->id == TN_DUCKDB_TIMESTAMP_NS && (in[i] == INT64_MAX || in[i] == -INT64_MAX))
            out[i] = in[i] > 0 ? INT64_MAX : INT64_MIN;
        else
            out[i] = in[i] / 1000 - (in[i] % 1000 < 0);
    }
    return TN_OK;
}

static enum tn_status convert_time_tz(struct maker *m)
{
    const uint64_t *in = (const uint64_t *)m->data + m->first;
    char           *out = values_of(m, 12);

    if (out == NULL)
        return no_memory(m->err);
    for (int64_t i = 0; i < m->rows; i++) {
        int64_t micros = (int64_t)(in[i] >> 24);
        int32_t offset = 57599 - (int32_t)(in[i] & 0xFFFFFF);
        memcpy(out + i * 12, &micros, 8);
        memcpy(out + i * 12 + 8, &offset, 4);
    }
    return TN_OK;
}

static enum tn_status convert_interval(struct maker *m)
{
    const struct tn_duckdb_interval *in = (const struct tn_duckdb_interval *)m->data + m->first;
    char                            *out = values_of(m, 16);

    if (out == NULL)
        return no_memory(m->err);
    for (int64_t i = 0; i < m->rows; i++) {
        int64_t nanos = 0;
        if (is_valid(m, i) && __builtin_mul_overflow(in[i].micros, INT64_C(1000), &nanos))
            return tn_fail(m->err, TN_E_LIMIT, "22015", "duckDb: an interval holds more than 292 years of microseconds");
        memcpy(out + i * 16, &in[i].months, 4);
        memcpy(out + i * 16 + 4, &in[i].days, 4);
        memcpy(out + i * 16 + 8, &nanos, 8);
    }
    return TN_OK;
}

static enum tn_status convert_uuid(struct maker *m)
{
    const struct tn_duckdb_hugeint *in = (const struct tn_duckdb_hugeint *)m->data + m->first;
    uint8_t                        *out = values_of(m, 16);

    if (out == NULL)
        return no_memory(m->err);
    for (int64_t i = 0; i < m->rows; i++)
        tn_duckdb_uuid_bytes(out + i * 16, &in[i]);
    return TN_OK;
}

/* Bytes of all strings; values under a null are not looked at: they may be anything. */
static size_t total_length(const struct maker *m, const struct tn_duckdb_string *in)
{
    size_t total = 0;

    for (int64_t i = 0; i < m->rows; i++)
        if (is_valid(m, i))
            total += in[i].as.inlined.length;
    return total;
}

static void copy_strings(const struct maker *m, const struct tn_duckdb_string *in, int32_t *offsets, char *data)
{
    size_t at = 0;

    for (int64_t i = 0; i < m->rows; i++) {
        offsets[i] = (int32_t)at;
        if (!is_valid(m, i))
            continue;
        uint32_t len = in[i].as.inlined.length;
        if (len <= TN_DUCKDB_INLINE_LENGTH)
            memcpy(data + at, in[i].as.inlined.bytes, TN_DUCKDB_INLINE_LENGTH); /* a fixed size is faster; there is room */
        else
            memcpy(data + at, in[i].as.pointer.ptr, len);
        at += len;
    }
    offsets[m->rows] = (int32_t)at;
}

static enum tn_status convert_strings(struct maker *m)
{
    const struct tn_duckdb_string *in = (const struct tn_duckdb_string *)m->data + m->first;
    size_t                         total = total_length(m, in);
    int32_t                       *offsets;
    char                          *data;

    if (total > TEXT_TARGET && m->rows > 1) {
        m->rows = TN_MAX((int64_t)((double)m->rows * TEXT_TARGET / (double)total), (int64_t)1);
        return TN_AGAIN;
    }
    if (total > INT32_MAX - 64)
        return too_much(m->err);
    offsets = values_of(m, sizeof *offsets + (m->rows == 0) + 8);
    data = tn_arena_alloc(&m->memory->arena, total + TN_DUCKDB_INLINE_LENGTH);
    if (offsets == NULL || data == NULL)
        return no_memory(m->err);
    copy_strings(m, in, offsets, data);
    m->array->buffers[2] = data;
    return TN_OK;
}

/* Types that are written out as text, one row. */
static enum tn_status put_row(struct maker *m, struct tn_buf *text, int64_t row)
{
    const struct tn_duckdb_uhugeint *wide = m->data;
    struct tn_str                    bytes;

    switch ((int)m->shape->id) {
    case TN_DUCKDB_UHUGEINT: tn_duckdb_put_uhugeint(text, wide[row].upper, wide[row].lower); return TN_OK;
    case TN_DUCKDB_ENUM:
        bytes = tn_duckdb_enum_word(m->plan, m->shape, m->data, (uint64_t)row);
        if (bytes.ptr == NULL)
            return no_memory(m->err);
        tn_buf_put_str(text, bytes);
        return TN_OK;
    case TN_DUCKDB_BIT:
        bytes = tn_duckdb_string((const struct tn_duckdb_string *)m->data + row);
        tn_duckdb_put_bit(text, (const uint8_t *)bytes.ptr, bytes.len);
        return TN_OK;
    default: return tn_duckdb_put_json(text, m->plan, m->shape, m->vector, (uint64_t)row, m->err);
    }
}

static enum tn_status write_rows(struct maker *m, struct tn_buf *text, int32_t *offsets)
{
    for (int64_t i = 0; i < m->rows; i++) {
        offsets[i] = (int32_t)text->len;
        if (is_valid(m, i))
            TN_TRY(put_row(m, text, m->first + i));
        if (text->failed && i == 0)
            return text->len > INT32_MAX / 2 ? too_much(m->err) : no_memory(m->err);
        if (text->failed || (text->len > TEXT_TARGET && i + 1 < m->rows)) {
            m->rows = TN_MAX(i, (int64_t)1); /* without this one, which may be very long */
            return TN_AGAIN;
        }
    }
    offsets[m->rows] = (int32_t)text->len;
    return TN_OK;
}

static enum tn_status convert_written(struct maker *m)
{
    int32_t       *offsets = tn_arena_alloc(&m->memory->arena, ((size_t)m->rows + 1) * sizeof *offsets);
    struct tn_buf  text;
    enum tn_status status;
    char          *data;

    if (offsets == NULL)
        return no_memory(m->err);
    tn_buf_init(&text, INT32_MAX);
    status = write_rows(m, &text, offsets);
    if (status == TN_OK) {
        data = tn_arena_alloc(&m->memory->arena, text.len + 1);
        if (data == NULL)
            status = no_memory(m->err);
        else if (text.len > 0)
            memcpy(data, text.data, text.len);
        m->array->buffers[1] = offsets;
        m->array->buffers[2] = data;
    }
    tn_buf_reset(&text);
    return status;
}

static enum tn_status convert_nulls(struct maker *m)
{
    m->array->buffers[0] = tn_arena_zalloc(&m->memory->arena, ((size_t)m->rows + 7) / 8 + 8);
    m->array->buffers[1] = tn_arena_zalloc(&m->memory->arena, ((size_t)m->rows + 1) * sizeof(int32_t));
    m->array->buffers[2] = tn_arena_zalloc(&m->memory->arena, 1);
    m->array->null_count = m->rows;
    return m->array->buffers[0] == NULL || m->array->buffers[1] == NULL || m->array->buffers[2] == NULL ? no_memory(m->err) : TN_OK;
}

static enum tn_status (*const converters[])(struct maker *) = {
    [TN_DUCKDB_BOOLEAN] = convert_bool,
    [TN_DUCKDB_TINYINT] = keep,
    [TN_DUCKDB_SMALLINT] = keep,
    [TN_DUCKDB_INTEGER] = keep,
    [TN_DUCKDB_BIGINT] = keep,
    [TN_DUCKDB_UTINYINT] = keep,
    [TN_DUCKDB_USMALLINT] = keep,
    [TN_DUCKDB_UINTEGER] = keep,
    [TN_DUCKDB_UBIGINT] = keep,
    [TN_DUCKDB_FLOAT] = keep,
    [TN_DUCKDB_DOUBLE] = keep,
    [TN_DUCKDB_TIMESTAMP] = convert_timestamp,
    [TN_DUCKDB_DATE] = convert_date,
    [TN_DUCKDB_TIME] = keep,
    [TN_DUCKDB_INTERVAL] = convert_interval,
    [TN_DUCKDB_HUGEINT] = keep,
    [TN_DUCKDB_VARCHAR] = convert_strings,
    [TN_DUCKDB_BLOB] = convert_strings,
    [TN_DUCKDB_DECIMAL] = convert_decimal,
    [TN_DUCKDB_TIMESTAMP_S] = convert_scaled,
    [TN_DUCKDB_TIMESTAMP_MS] = convert_scaled,
    [TN_DUCKDB_TIMESTAMP_NS] = convert_nanoseconds,
    [TN_DUCKDB_ENUM] = convert_written,
    [TN_DUCKDB_LIST] = convert_written,
    [TN_DUCKDB_STRUCT] = convert_written,
    [TN_DUCKDB_MAP] = convert_written,
    [TN_DUCKDB_UUID] = convert_uuid,
    [TN_DUCKDB_UNION] = convert_written,
    [TN_DUCKDB_BIT] = convert_written,
    [TN_DUCKDB_TIME_TZ] = convert_time_tz,
    [TN_DUCKDB_TIMESTAMP_TZ] = convert_timestamp,
    [TN_DUCKDB_UHUGEINT] = convert_written,
    [TN_DUCKDB_ARRAY] = convert_written,
    [TN_DUCKDB_BIGNUM] = convert_written,
    [TN_DUCKDB_SQLNULL] = convert_nulls,
    [TN_DUCKDB_TIME_NS] = convert_nanoseconds,
};

static void release_array(struct ArrowArray *array)
{
    array->release = NULL; /* its memory is the batch's */
}

static void release_batch(struct tn_batch *batch)
{
    struct memory *memory = batch->private_data;

    batch->release = NULL;
    batch->private_data = NULL;
    batch->columns = NULL;
    memory->api->destroy_data_chunk(&memory->chunk);
    tn_arena_reset(&memory->arena);
    tn_free(memory);
}

/* Bits of the rows from FIRST on, as Arrow wants them: the first one is bit 0. */
static const void *validity_from(struct memory *memory, const uint64_t *validity, int64_t first, int64_t rows)
{
    uint8_t *bits;

    if (validity == NULL || first == 0)
        return validity;
    bits = tn_arena_zalloc(&memory->arena, ((size_t)rows + 7) / 8);
    for (int64_t i = 0; bits != NULL && i < rows; i++)
        if (tn_duckdb_is_valid(validity, (uint64_t)(first + i)))
            tn_bit_set(bits, i);
    return bits;
}

/* TN_AGAIN: the batch should have only *ROWS rows. */
static enum tn_status make_column(struct tn_batch *batch, struct tn_duckdb_plan *plan, struct memory *memory, tn_duckdb_chunk chunk,
                                  size_t i, int64_t first, int64_t *rows, struct tn_error *err)
{
    struct ArrowArray *array = batch->columns[i];
    enum tn_type       type = plan->schema.columns[i].type;
    struct maker       m = {.plan = plan, .shape = &plan->shapes[i], .memory = memory, .array = array, .first = first,
                            .rows = *rows, .size = tn_type_size(type), .err = err};
    size_t             id = (size_t)m.shape->id;
    enum tn_status     status;

    m.vector = plan->api->data_chunk_get_vector(chunk, i);
    m.data = plan->api->vector_get_data(m.vector);
    m.validity = plan->api->vector_get_validity(m.vector);
    *array = (struct ArrowArray){.length = *rows, .null_count = m.validity == NULL ? 0 : -1, .n_buffers = tn_type_is_text(type) ? 3 : 2,
                                 .buffers = array->buffers, .release = release_array};
    array->buffers[0] = validity_from(memory, m.validity, first, *rows);
    if (m.validity != NULL && array->buffers[0] == NULL)
        return no_memory(err);
    if (id >= TN_ARRAY_LEN(converters) || converters[id] == NULL)
        return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "duckDb: column %zu has a type (%d) that cannot be served", i + 1, (int)id);
    status = converters[id](&m);
    *rows = m.rows;
    return status;
}

/* The arrays of all columns in one piece, each with three places for buffers. */
static bool lay_out(struct tn_batch *batch, struct memory *memory, size_t count)
{
    struct ArrowArray  *arrays = tn_arena_zalloc(&memory->arena, (count + 1) * sizeof *arrays);
    struct ArrowArray **columns = tn_arena_zalloc(&memory->arena, (count + 1) * sizeof *columns);
    const void        **buffers = tn_arena_zalloc(&memory->arena, (count + 1) * 3 * sizeof *buffers);

    if (arrays == NULL || columns == NULL || buffers == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        columns[i] = &arrays[i];
        arrays[i].buffers = buffers + 3 * i;
    }
    batch->columns = columns;
    return true;
}

/* Tries with fewer rows until all columns agree. */
static enum tn_status fill(struct tn_batch *out, struct tn_duckdb_plan *plan, struct memory *memory, tn_duckdb_chunk chunk,
                           int64_t first, struct tn_error *err)
{
    enum tn_status status = TN_OK;
    int64_t        rows = out->rows;

    do {
        out->rows = rows;
        tn_arena_reset(&memory->arena);
        status = lay_out(out, memory, plan->schema.count) ? TN_OK : no_memory(err);
        for (size_t i = 0; i < plan->schema.count && status == TN_OK; i++)
            status = make_column(out, plan, memory, chunk, i, first, &rows, err);
    } while (status == TN_AGAIN);
    return status;
}

enum tn_status tn_duckdb_batch_make(struct tn_batch *out, struct tn_duckdb_plan *plan, tn_duckdb_chunk *chunk, int64_t *row,
                                    struct tn_error *err)
{
    struct memory *memory = tn_malloc(sizeof *memory);
    int64_t        end = (int64_t)plan->api->data_chunk_get_size(*chunk);
    enum tn_status status;

    *out = (struct tn_batch){.schema = &plan->schema, .rows = end - *row};
    if (memory == NULL)
        return no_memory(err);
    *memory = (struct memory){.api = plan->api};
    tn_arena_init(&memory->arena, 0);
    out->release = release_batch;
    out->private_data = memory;
    status = fill(out, plan, memory, *chunk, *row, err);
    if (status != TN_OK) {
        release_batch(out);
        return status;
    }
    *row += out->rows;
    if (*row >= end) {
        memory->chunk = *chunk;
        *chunk = NULL;
    }
    return TN_OK;
}

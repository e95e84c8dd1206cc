#include "frontend/trino/trino_encode.h"

#include "base/alloc.h"
#include "base/base64.h"
#include "frontend/pgwire/pg_array.h"
#include "frontend/pgwire/pg_decimal.h"
#include "frontend/pgwire/pg_digits.h"
#include "frontend/trino/trino_nested.h"
#include "frontend/trino/trino_text.h"

#include <inttypes.h>

enum { ON_STACK = 32 };

struct column {
    const uint8_t          *validity; /* NULL: no value is null */
    const void             *values;
    const int32_t          *offsets;
    const char             *data;
    int64_t                 offset;   /* of the array, for bits */
    int                     scale;
    bool                    parametric;
    char                    letter;   /* of what is told instead */
    struct tn_trino_type    type;
    struct tn_tz_range      range;
    const struct tn_tz     *tz;
    const struct tn_column *column;
};

#define VALUE(type) (((const type *)c->values)[row])

static enum tn_status no_such_value(const struct column *c, struct tn_error *err)
{
    const char *why = c->type.of_day                     ? "a time that is not within a day, which Trino's time cannot hold"
                      : c->type.type == TN_TYPE_INTERVAL ? "an interval with months, which is not one of days and seconds"
                                                         : "a value that Trino's type cannot hold";

    tn_fail(err, TN_E_INVALID, "22003", "column \"" TN_STR_FMT "\": %s", TN_STR_ARG(c->column->name), why);
    tn_error_hint(err, "Cast the column to varchar to see it.");
    return TN_E_INVALID;
}

static struct tn_str text_of(const struct column *c, int64_t row)
{
    return tn_str_n(c->data + c->offsets[row], (size_t)(c->offsets[row + 1] - c->offsets[row]));
}

static char *put_decimal128(char *out, const struct column *c, int64_t row)
{
    tn_i128 value;

    memcpy(&value, (const char *)c->values + row * (int64_t)sizeof value, sizeof value);
    return tn_pg_put_decimal128(out, value, c->scale);
}

static char *put_decimal(char *out, const struct column *c, int64_t row)
{
    *out++ = '"';
    switch ((int)c->column->type) {
    case TN_TYPE_UINT64: out = tn_pg_put_u64(out, VALUE(uint64_t)); break;
    case TN_TYPE_DECIMAL32: out = tn_pg_put_decimal64(out, VALUE(int32_t), c->scale); break;
    case TN_TYPE_DECIMAL64: out = tn_pg_put_decimal64(out, VALUE(int64_t), c->scale); break;
    default: out = put_decimal128(out, c, row);
    }
    *out = '"';
    return out + 1;
}

static char *put_timetz(char *out, const struct column *c, int64_t row)
{
    const char *at = (const char *)c->values + row * 12;
    int64_t     us;
    int32_t     east_s;

    memcpy(&us, at, sizeof us);
    memcpy(&east_s, at + sizeof us, sizeof east_s);
    return tn_trino_put_timetz(out, us, east_s, c->type.digits);
}

static char *put_bool(char *out, bool value)
{
    memcpy(out, value ? "true " : "false", 5);
    return out + (value ? 4 : 5);
}

static char *put_interval(char *out, const struct column *c, const struct tn_interval *interval)
{
    if (c->type.of_day)
        return interval->months != 0 || interval->days != 0 ? NULL : tn_trino_put_time(out, interval->nanoseconds / 1000, c->type.digits);
    return c->type.months ? tn_trino_put_months(out, interval) : tn_trino_put_interval(out, interval);
}

/* A value of fixed size at OUT; the end, NULL = Trino has none such. */
static char *put_fixed(char *out, struct column *c, int64_t row)
{
    struct tn_interval interval;

    switch ((int)c->column->type) {
    case TN_TYPE_BOOL: return put_bool(out, tn_bit_get(c->values, c->offset + row));
    case TN_TYPE_INT8: return tn_pg_put_i64(out, VALUE(int8_t));
    case TN_TYPE_INT16: return tn_pg_put_i64(out, VALUE(int16_t));
    case TN_TYPE_INT32: return tn_pg_put_i64(out, VALUE(int32_t));
    case TN_TYPE_INT64: return tn_pg_put_i64(out, VALUE(int64_t));
    case TN_TYPE_UINT8: return tn_pg_put_u64(out, VALUE(uint8_t));
    case TN_TYPE_UINT16: return tn_pg_put_u64(out, VALUE(uint16_t));
    case TN_TYPE_UINT32: return tn_pg_put_u64(out, VALUE(uint32_t));
    case TN_TYPE_FLOAT32: return tn_trino_put_real(out, VALUE(float));
    case TN_TYPE_FLOAT64: return tn_trino_put_double(out, VALUE(double));
    case TN_TYPE_DATE: return tn_trino_put_date(out, VALUE(int32_t));
    case TN_TYPE_TIME: return tn_trino_put_time(out, VALUE(int64_t), c->type.digits);
    case TN_TYPE_TIMETZ: return put_timetz(out, c, row);
    case TN_TYPE_TIMESTAMP: return tn_trino_put_timestamp(out, VALUE(int64_t), c->type.digits);
    case TN_TYPE_TIMESTAMPTZ: return tn_trino_put_timestamptz(out, VALUE(int64_t), c->tz, &c->range, c->type.digits);
    case TN_TYPE_UUID: return tn_trino_put_uuid(out, (const char *)c->values + row * 16);
    case TN_TYPE_INTERVAL:
        memcpy(&interval, (const char *)c->values + row * (int64_t)sizeof interval, sizeof interval);
        return put_interval(out, c, &interval);
    default: return put_decimal(out, c, row);
    }
}

/* PostgreSQL's numeric may be NaN or Infinity, which no client reads as a decimal. */
static bool is_finite(struct tn_str text)
{
    return text.len == 0 || !((text.ptr[0] | 32) == 'n' || (text.ptr[text.ptr[0] == '-' && text.len > 1] | 32) == 'i');
}

/* ---- arrays: text of PostgreSQL ---- */

/* A value of a list; the end of a fixed one, or OUT's buffer grown for text. */
static bool put_item(struct tn_buf *out, struct column *c, const struct tn_value *value)
{
    char *at, *end;

    if (!tn_buf_reserve(out, TN_TRINO_ROOM))
        return true; /* out->failed tells */
    at = out->data + out->len;
    switch ((int)value->type) {
    case TN_TYPE_NULL: memcpy(at, "null", 4); end = at + 4; break;
    case TN_TYPE_BOOL: end = put_bool(at, value->as.boolean); break;
    case TN_TYPE_INT8:
    case TN_TYPE_INT16:
    case TN_TYPE_INT32:
    case TN_TYPE_INT64: end = tn_pg_put_i64(at, value->as.i64); break;
    case TN_TYPE_UINT8:
    case TN_TYPE_UINT16:
    case TN_TYPE_UINT32: end = tn_pg_put_u64(at, value->as.u64); break;
    case TN_TYPE_FLOAT32: end = tn_trino_put_real(at, (float)value->as.f64); break;
    case TN_TYPE_FLOAT64: end = tn_trino_put_double(at, value->as.f64); break;
    case TN_TYPE_DATE: end = tn_trino_put_date(at, (int32_t)value->as.i64); break;
    case TN_TYPE_TIME: end = tn_trino_put_time(at, value->as.i64, c->type.digits); break;
    case TN_TYPE_TIMETZ: end = tn_trino_put_timetz(at, value->as.timetz.time_us, value->as.timetz.offset_s, c->type.digits); break;
    case TN_TYPE_TIMESTAMP: end = tn_trino_put_timestamp(at, value->as.i64, c->type.digits); break;
    case TN_TYPE_TIMESTAMPTZ: end = tn_trino_put_timestamptz(at, value->as.i64, c->tz, &c->range, c->type.digits); break;
    case TN_TYPE_INTERVAL:
        end = put_interval(at, c, &value->as.interval);
        break;
    case TN_TYPE_UUID: end = tn_trino_put_uuid(at, value->as.uuid); break;
    case TN_TYPE_BYTES: tn_base64_put_json(out, value->as.text); return true;
    case TN_TYPE_NUMERIC:
        tn_trino_put_text(out, value->as.text);
        return is_finite(value->as.text);
    default: tn_trino_put_text(out, value->as.text); return true;
    }
    if (end != NULL)
        out->len = (size_t)(end - out->data);
    return end != NULL;
}

static enum tn_status put_array(struct tn_buf *out, struct column *c, int64_t row, struct tn_error *err)
{
    const struct tn_pg_type *element = tn_pg_type_element(c->column->pg_oid);
    struct tn_pg_style       style = TN_PG_STYLE_INIT;
    struct tn_arena          arena;
    struct tn_value          list;
    enum tn_status           status;
    bool                     fits = true;

    tn_arena_init(&arena, 0);
    status = tn_pg_array_text_decode(element, text_of(c, row), &style, &arena, &list, err);
    tn_buf_put_u8(out, '[');
    for (size_t i = 0; status == TN_OK && list.is_list && fits && i < list.as.list.count; i++) {
        if (i > 0)
            tn_buf_put_u8(out, ',');
        fits = put_item(out, c, &list.as.list.items[i]);
    }
    tn_buf_put_u8(out, ']');
    tn_arena_reset(&arena);
    return status != TN_OK ? status : fits ? TN_OK : no_such_value(c, err);
}

/* ---- rows ---- */

static bool is_null(const struct column *c, int64_t row)
{
    return c->column->type == TN_TYPE_NULL || (c->validity != NULL && !tn_bit_get(c->validity, c->offset + row));
}

static enum tn_status put_value(struct tn_buf *out, struct column *c, int64_t row, struct tn_error *err)
{
    char *end;

    if (is_null(c, row)) {
        tn_buf_append(out, "null", 4);
        return TN_OK;
    }
    if (c->type.is_array)
        return put_array(out, c, row, err);
    if (c->column->nested != NULL)
        return tn_trino_put_nested(out, c->column, text_of(c, row), c->parametric, err);
    if (c->column->type == TN_TYPE_BYTES) {
        tn_base64_put_json(out, text_of(c, row));
        return TN_OK;
    }
    if (c->offsets != NULL) {
        if (c->column->type == TN_TYPE_NUMERIC && !is_finite(text_of(c, row)))
            return no_such_value(c, err);
        tn_trino_put_text(out, text_of(c, row));
        return TN_OK;
    }
    if (!tn_buf_reserve(out, TN_TRINO_ROOM))
        return TN_OK; /* out->failed tells */
    end = put_fixed(out->data + out->len, c, row);
    if (end == NULL)
        return no_such_value(c, err);
    out->len = (size_t)(end - out->data);
    return TN_OK;
}

/* The same as a bigint ('i') or smallint. False: it is none. */
static bool retell_integer(struct tn_buf *out, size_t at, char told)
{
    struct tn_str value = tn_str_n(out->data + at, out->len - at);
    int64_t       number;

    if (value.len >= 2 && value.ptr[0] == '"')
        value = tn_str_n(value.ptr + 1, value.len - 2);
    if (!tn_str_to_i64(value, told == 's' ? INT16_MIN : INT64_MIN, told == 's' ? INT16_MAX : INT64_MAX, &number))
        return false;
    out->len = at;
    tn_buf_printf(out, "%" PRId64, number);
    return true;
}

static size_t digits_at(struct tn_str text, size_t at)
{
    size_t end = at;

    while (end < text.len && text.ptr[end] >= '0' && text.ptr[end] <= '9')
        end++;
    return end - at;
}

/* A number as JSON has it. */
static bool is_number(struct tn_str text)
{
    size_t at = text.len > 0 && text.ptr[0] == '-', digits = digits_at(text, at);

    if (digits == 0 || (digits > 1 && text.ptr[at] == '0'))
        return false;
    at += digits;
    if (at < text.len && text.ptr[at] == '.') {
        digits = digits_at(text, at + 1);
        at += digits > 0 ? digits + 1 : 0;
    }
    if (at < text.len && tn_ascii_lower(text.ptr[at]) == 'e') {
        size_t sign = at + 1 < text.len && (text.ptr[at + 1] == '-' || text.ptr[at + 1] == '+');

        digits = digits_at(text, at + 1 + sign);
        at += digits > 0 ? digits + 1 + sign : 0;
    }
    return at == text.len;
}

/* The same as a double, whose numbers stand without quotes and with a point. False: it is none. */
static bool retell_double(struct tn_buf *out, size_t at)
{
    static const char *const names[] = {"\"NaN\"", "\"Infinity\"", "\"-Infinity\""};
    struct tn_str            value = tn_str_n(out->data + at, out->len - at);

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (tn_str_eq_c(value, names[i]))
            return true;
    if (value.len >= 2 && value.ptr[0] == '"')
        value = tn_str_n(value.ptr + 1, value.len - 2);
    if (!is_number(value))
        return false;
    memmove(out->data + at, value.ptr, value.len);
    out->len = at + value.len;
    if (memchr(out->data + at, '.', value.len) == NULL && memchr(out->data + at, 'e', value.len) == NULL && memchr(out->data + at, 'E', value.len) == NULL)
        tn_buf_puts(out, ".0");
    return true;
}

/* What stands in OUT from AT on, as JSON of the type that is told instead of the engine's. False: it is none of that type. */
static bool retell(struct tn_buf *out, size_t at, char told)
{
    const char *value = out->data + at;
    size_t      len = out->len - at;
    bool        truth;

    if (out->failed || value[0] == 'n')
        return true;
    if (told == 'i' || told == 's')
        return retell_integer(out, at, told);
    if (told == 'd')
        return retell_double(out, at);
    if (told != 'b' || value[0] == 't' || value[0] == 'f')
        return true;
    if (!(value[0] == '-' || (value[0] >= '0' && value[0] <= '9')))
        return false;
    truth = len > 1 || value[0] != '0';
    out->len = at;
    tn_buf_puts(out, truth ? "true" : "false");
    return true;
}

bool tn_trino_tells(const struct tn_trino_encoder *encoder, const struct tn_schema *schema)
{
    return encoder->told != NULL ? schema->count == strlen(encoder->told) : encoder->letter != NULL;
}

static char letter_of(const struct tn_trino_encoder *encoder, const struct tn_schema *schema, size_t i)
{
    if (!tn_trino_tells(encoder, schema))
        return '=';
    if (encoder->told != NULL)
        return encoder->told[i];
    if (schema->columns[i].type == TN_TYPE_FLOAT64 || schema->columns[i].type == TN_TYPE_FLOAT32)
        return '='; /* no table has such a one */
    return encoder->letter(schema->columns[i].name);
}

static struct tn_column told_column(const struct tn_column *column, char letter)
{
    enum tn_type type = letter == 'd' ? TN_TYPE_FLOAT64 : letter == 'b' ? TN_TYPE_BOOL : letter == 'i' ? TN_TYPE_INT64 : letter == 's' ? TN_TYPE_INT16 : TN_TYPE_TEXT;

    return letter == '=' ? *column : (struct tn_column){.name = column->name, .pg_typmod = -1, .type = type};
}

struct tn_schema tn_trino_told(const struct tn_trino_encoder *encoder, const struct tn_schema *schema, struct tn_column *columns)
{
    for (size_t i = 0; i < schema->count; i++)
        columns[i] = told_column(&schema->columns[i], letter_of(encoder, schema, i));
    return (struct tn_schema){.count = schema->count, .columns = columns};
}

static enum tn_status set_up(struct column *c, const struct tn_trino_encoder *encoder, const struct tn_batch *batch, size_t i,
                             struct tn_error *err)
{
    const struct tn_column  *column = &batch->schema->columns[i];
    const struct ArrowArray *array = batch->columns[i];
    bool                     text = tn_type_is_text(column->type);

    *c = (struct column){.column = column, .letter = letter_of(encoder, batch->schema, i), .scale = column->scale, .tz = encoder->tz, .parametric = encoder->parametric,
                         .type = tn_trino_type_of(column, encoder->parametric)};
    if (column->type == TN_TYPE_NULL)
        return TN_OK;
    if (array->length < batch->rows || array->offset < 0 || array->n_buffers < (text ? 3 : 2) || array->buffers == NULL ||
        (array->buffers[1] == NULL && batch->rows > 0))
        return tn_fail(err, TN_E_INTERNAL, "XX000", "column \"" TN_STR_FMT "\" of a batch has too few values or buffers",
                       TN_STR_ARG(column->name));
    c->offset = array->offset;
    c->validity = array->null_count == 0 ? NULL : array->buffers[0];
    if (text) {
        c->offsets = (const int32_t *)array->buffers[1] + array->offset;
        c->data = array->buffers[2] == NULL ? "" : array->buffers[2];
    } else if (array->buffers[1] != NULL) {
        c->values = (const char *)array->buffers[1] + (size_t)array->offset * tn_type_size(column->type);
    }
    return TN_OK;
}

static enum tn_status put_rows(struct column *columns, const struct tn_batch *batch, int64_t *row, size_t target,
                               struct tn_buf *out, struct tn_error *err)
{
    int64_t at = *row;
    size_t  before;

    for (; at < batch->rows && (at == *row || out->len < target); at++) {
        tn_buf_append(out, ",[", out->len > 0 ? 2 : 0);
        if (out->len == 0)
            tn_buf_put_u8(out, '[');
        for (size_t i = 0; i < batch->schema->count; i++) {
            if (i > 0)
                tn_buf_put_u8(out, ',');
            before = out->len;
            TN_TRY(put_value(out, &columns[i], at, err));
            if (columns[i].letter != '=' && !retell(out, before, columns[i].letter))
                return no_such_value(&columns[i], err);
        }
        tn_buf_put_u8(out, ']');
        if (out->failed)
            return tn_fail(err, TN_E_LIMIT, "54000", "a row of more than %zu bytes is too large", out->max);
    }
    *row = at;
    return TN_OK;
}

static enum tn_status encode_batch(const struct tn_encoder *base, const struct tn_batch *batch, int64_t *row, size_t target,
                                   struct tn_buf *out, struct tn_error *err)
{
    const struct tn_trino_encoder *encoder = (const struct tn_trino_encoder *)(const void *)base; /* first */
    struct column                  few[ON_STACK], *columns = few;
    enum tn_status                 status = TN_OK;

    if (batch->schema->count > ON_STACK)
        columns = tn_malloc(batch->schema->count * sizeof *columns);
    if (columns == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for the rows of an answer");
    for (size_t i = 0; status == TN_OK && i < batch->schema->count; i++)
        status = set_up(&columns[i], encoder, batch, i, err);
    if (status == TN_OK)
        status = put_rows(columns, batch, row, target, out, err);
    if (columns != few)
        tn_free(columns);
    return status;
}

static const struct tn_encoder_ops ops = {.name = "trino", .batch = encode_batch};

void tn_trino_encoder_init(struct tn_trino_encoder *encoder, bool parametric, const struct tn_tz *tz)
{
    *encoder = (struct tn_trino_encoder){.base = {.ops = &ops, .trino_pages = true}, .parametric = parametric, .tz = tz};
}

_Static_assert(offsetof(struct tn_trino_encoder, base) == 0, "an encoder is its options");

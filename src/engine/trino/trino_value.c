#include "engine/trino/trino_value.h"

#include "base/base64.h"

#include <math.h>

void tn_trino_decoder_init(struct tn_trino_decoder *decoder, size_t max_bytes)
{
    *decoder = (struct tn_trino_decoder){.next_zone = 0};
    tn_buf_init(&decoder->text, max_bytes);
}

void tn_trino_decoder_reset(struct tn_trino_decoder *decoder)
{
    for (size_t i = 0; i < TN_TRINO_ZONES; i++)
        tn_tz_free(decoder->zones[i].tz);
    tn_buf_reset(&decoder->text);
}

static int hex_digit(char c)
{
    c = tn_ascii_lower(c);
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_uuid(struct tn_str text, uint8_t out[16])
{
    size_t n = 0;

    if (text.len != 36)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        int digit = hex_digit(text.ptr[i]);

        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text.ptr[i] != '-')
                return false;
            continue;
        }
        if (digit < 0)
            return false;
        out[n / 2] = (uint8_t)(n % 2 == 0 ? digit << 4 : out[n / 2] | digit);
        n++;
    }
    return true;
}

static enum tn_status not_of_type(const struct tn_column *of, struct tn_error *err)
{
    tn_fail(err, TN_E_ENGINE, "08P01", "column \"" TN_STR_FMT "\" of type %s holds a value that is none", TN_STR_ARG(of->name),
            tn_type_name(of->type));
    return TN_E_ENGINE;
}

/* ---- nested values as JSON ---- */

static bool put_json(struct tn_buf *out, const struct tn_trino_type *type, struct tn_trino_json *in);

/* A decimal is text in the protocol and a number in JSON. */
static bool put_scalar(struct tn_buf *out, const struct tn_trino_type *type, struct tn_trino_json *in)
{
    struct tn_str raw;
    bool          escaped;

    if (type != NULL && type->kind == TN_TRINO_DECIMAL && tn_trino_json_peek(in) == TN_TRINO_JSON_STRING) {
        if (!tn_trino_json_string(in, &raw, &escaped))
            return false;
        tn_buf_put_str(out, raw);
        return !escaped;
    }
    if (type != NULL && type->kind == TN_TRINO_JSON && tn_trino_json_peek(in) == TN_TRINO_JSON_STRING) {
        if (!tn_trino_json_string(in, &raw, &escaped))
            return false;
        tn_trino_json_unescape(out, raw);
        return true;
    }
    if (!tn_trino_json_skip(in, &raw))
        return false;
    tn_buf_put_str(out, raw);
    return true;
}

static bool put_list(struct tn_buf *out, const struct tn_trino_type *type, struct tn_trino_json *in)
{
    const struct tn_trino_type *inner = type != NULL && type->kind == TN_TRINO_ARRAY && type->count == 1 ? type->inner : NULL;
    bool                        more = false;

    if (!tn_trino_json_enter(in, '['))
        return false;
    tn_buf_put_u8(out, '[');
    while (tn_trino_json_item(in)) {
        if (more)
            tn_buf_put_u8(out, ',');
        more = true;
        if (!put_json(out, inner, in))
            return false;
    }
    tn_buf_put_u8(out, ']');
    return !in->failed;
}

static bool has_names(const struct tn_trino_type *type)
{
    for (size_t i = 0; i < type->count; i++)
        if (type->names[i].ptr == NULL)
            return false;
    return type->count > 0;
}

static bool put_row(struct tn_buf *out, const struct tn_trino_type *type, struct tn_trino_json *in)
{
    bool   named = has_names(type);
    size_t i = 0;

    if (!tn_trino_json_enter(in, '['))
        return false;
    tn_buf_put_u8(out, named ? '{' : '[');
    while (tn_trino_json_item(in)) {
        if (i >= type->count)
            return false;
        if (i > 0)
            tn_buf_put_u8(out, ',');
        if (named) {
            tn_buf_put_json(out, type->names[i]);
            tn_buf_put_u8(out, ':');
        }
        if (!put_json(out, &type->inner[i], in))
            return false;
        i++;
    }
    tn_buf_put_u8(out, named ? '}' : ']');
    return !in->failed && i == type->count;
}

static bool put_object(struct tn_buf *out, const struct tn_trino_type *type, struct tn_trino_json *in)
{
    const struct tn_trino_type *inner = type != NULL && type->kind == TN_TRINO_MAP && type->count == 2 ? &type->inner[1] : NULL;
    struct tn_str               key;
    bool                        more = false;

    if (!tn_trino_json_enter(in, '{'))
        return false;
    tn_buf_put_u8(out, '{');
    while (tn_trino_json_key(in, &key)) {
        tn_buf_puts(out, more ? ",\"" : "\"");
        more = true;
        tn_buf_put_str(out, key); /* as written, escapes and all */
        tn_buf_puts(out, "\":");
        if (!put_json(out, inner, in))
            return false;
    }
    tn_buf_put_u8(out, '}');
    return !in->failed;
}

/* Recursive: at most as deep as the reader allows. */
static bool put_json(struct tn_buf *out, const struct tn_trino_type *type, struct tn_trino_json *in)
{
    enum tn_trino_json_kind kind = tn_trino_json_peek(in);

    if (kind == TN_TRINO_JSON_ARRAY && type != NULL && type->kind == TN_TRINO_ROW && type->count > 0)
        return put_row(out, type, in);
    if (kind == TN_TRINO_JSON_ARRAY)
        return put_list(out, type, in);
    if (kind == TN_TRINO_JSON_OBJECT)
        return put_object(out, type, in);
    return put_scalar(out, type, in);
}

/* ---- values of a column ---- */

static enum tn_status put_nested(struct tn_trino_decoder *d, struct tn_builder *b, size_t column, const struct tn_column *of,
                                 const struct tn_trino_type *type, struct tn_trino_json *in, struct tn_error *err)
{
    tn_buf_clear(&d->text);
    if (!put_json(&d->text, type, in))
        return not_of_type(of, err);
    if (d->text.failed)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a value");
    return tn_builder_bytes(b, column, tn_buf_str(&d->text), err);
}

static enum tn_status put_number(struct tn_builder *b, size_t column, const struct tn_column *of, struct tn_trino_json *in, struct tn_error *err)
{
    struct tn_str text;
    int64_t       number;
    double        real;

    if (!tn_trino_json_number(in, &text))
        return not_of_type(of, err);
    if (of->type == TN_TYPE_FLOAT32 || of->type == TN_TYPE_FLOAT64)
        return tn_str_to_double(text, &real) ? tn_builder_f64(b, column, real, err) : not_of_type(of, err);
    if (of->type == TN_TYPE_NUMERIC)
        return tn_builder_bytes(b, column, text, err);
    if (of->type < TN_TYPE_INT8 || of->type > TN_TYPE_INT64) /* times have words of their own */
        return not_of_type(of, err);
    return tn_str_to_i64(text, INT64_MIN, INT64_MAX, &number) ? tn_builder_i64(b, column, number, err) : not_of_type(of, err);
}

static enum tn_status put_special(struct tn_builder *b, size_t column, const struct tn_column *of, struct tn_str text, struct tn_error *err)
{
    if (tn_str_eq_c(text, "NaN"))
        return tn_builder_f64(b, column, (double)NAN, err);
    if (tn_str_eq_c(text, "Infinity") || tn_str_eq_c(text, "+Infinity"))
        return tn_builder_f64(b, column, (double)INFINITY, err);
    if (tn_str_eq_c(text, "-Infinity"))
        return tn_builder_f64(b, column, -(double)INFINITY, err);
    return not_of_type(of, err);
}

static bool is_decimal(struct tn_str text)
{
    struct tn_trino_json in;
    struct tn_str        all;

    while (text.len > 1 && text.ptr[0] == '0' && text.ptr[1] != '.') /* decimals may be padded */
        text = tn_str_n(text.ptr + 1, text.len - 1);
    tn_trino_json_begin(&in, text);
    return tn_str_eq_c(text, "NaN") || (tn_trino_json_number(&in, &all) && all.len == text.len && memchr(text.ptr, 'e', text.len) == NULL);
}

static enum tn_status put_time(struct tn_trino_decoder *d, struct tn_builder *b, size_t column, const struct tn_column *of,
                               const struct tn_trino_type *type, struct tn_str text, struct tn_error *err)
{
    struct tn_value value = {.type = of->type};
    int32_t         days;
    bool            good = false;

    switch (type->kind) {
    case TN_TRINO_DATE:
        good = tn_trino_date(text, &days);
        value.as.i64 = good ? days : 0;
        break;
    case TN_TRINO_TIME:          good = tn_trino_time(text, &value.as.i64); break;
    case TN_TRINO_TIME_TZ:       good = tn_trino_time_tz(text, &value.as.timetz.time_us, &value.as.timetz.offset_s); break;
    case TN_TRINO_TIMESTAMP:     good = tn_trino_timestamp(text, &value.as.i64); break;
    case TN_TRINO_TIMESTAMP_TZ:  good = tn_trino_timestamp_tz(d, text, &value.as.i64); break;
    case TN_TRINO_YEAR_TO_MONTH: good = tn_trino_year_to_month(text, &value.as.interval); break;
    case TN_TRINO_DAY_TO_SECOND: good = tn_trino_day_to_second(text, &value.as.interval); break;
    default:                     good = read_uuid(text, value.as.uuid); break;
    }
    return good ? tn_builder_value(b, column, &value, err) : not_of_type(of, err);
}

static enum tn_status put_text(struct tn_trino_decoder *d, struct tn_builder *b, size_t column, const struct tn_column *of,
                               const struct tn_trino_type *type, struct tn_trino_json *in, struct tn_error *err)
{
    struct tn_str text;
    bool          escaped;

    if (!tn_trino_json_string(in, &text, &escaped))
        return not_of_type(of, err);
    if (escaped) {
        tn_buf_clear(&d->text);
        tn_trino_json_unescape(&d->text, text);
        if (d->text.failed)
            return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a value");
        text = tn_str_n(d->text.len == 0 ? "" : d->text.data, d->text.len);
    }
    switch (of->type) {
    case TN_TYPE_TEXT: case TN_TYPE_JSON:
        return tn_builder_bytes(b, column, text, err);
    case TN_TYPE_NUMERIC:
        return is_decimal(text) ? tn_builder_bytes(b, column, text, err) : not_of_type(of, err);
    case TN_TYPE_FLOAT32: case TN_TYPE_FLOAT64:
        return put_special(b, column, of, text, err);
    case TN_TYPE_BYTES:
        if (escaped)
            return not_of_type(of, err); /* base64 needs none */
        tn_buf_clear(&d->text);
        return tn_base64_take(&d->text, text) ? tn_builder_bytes(b, column, tn_buf_str(&d->text), err) : not_of_type(of, err);
    case TN_TYPE_DATE: case TN_TYPE_TIME: case TN_TYPE_TIMETZ: case TN_TYPE_TIMESTAMP: case TN_TYPE_TIMESTAMPTZ: case TN_TYPE_INTERVAL:
    case TN_TYPE_UUID:
        return put_time(d, b, column, of, type, text, err);
    default:
        return not_of_type(of, err);
    }
}

enum tn_status tn_trino_value_put(struct tn_trino_decoder *decoder, struct tn_builder *builder, size_t column,
                                  const struct tn_column *of, const struct tn_trino_type *type, struct tn_trino_json *in,
                                  struct tn_error *err)
{
    bool flag;

    switch (tn_trino_json_peek(in)) {
    case TN_TRINO_JSON_NULL:
        return tn_trino_json_skip(in, NULL) ? tn_builder_null(builder, column, err) : not_of_type(of, err);
    case TN_TRINO_JSON_BOOL:
        if (of->type == TN_TYPE_BOOL && tn_trino_json_bool(in, &flag))
            return tn_builder_bool(builder, column, flag, err);
        break;
    case TN_TRINO_JSON_NUMBER:
        if (of->type != TN_TYPE_TEXT && of->type != TN_TYPE_JSON && of->type != TN_TYPE_BYTES && of->type != TN_TYPE_BOOL)
            return put_number(builder, column, of, in, err);
        break;
    case TN_TRINO_JSON_STRING:
        return put_text(decoder, builder, column, of, type, in, err);
    case TN_TRINO_JSON_ARRAY: case TN_TRINO_JSON_OBJECT:
        if (of->type == TN_TYPE_JSON || type->kind == TN_TRINO_OTHER)
            return put_nested(decoder, builder, column, of, type, in, err);
        break;
    case TN_TRINO_JSON_BAD:
        break;
    }
    if (type->kind == TN_TRINO_OTHER) /* a number or a boolean of a type that we do not know */
        return put_nested(decoder, builder, column, of, type, in, err);
    return not_of_type(of, err);
}

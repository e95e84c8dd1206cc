#include "frontend/mysql/my_encode.h"

#include "base/alloc.h"
#include "base/civil.h"
#include "frontend/mysql/my_recode.h"
#include "frontend/pgwire/pg_decimal.h"
#include "frontend/pgwire/pg_digits.h"
#include "frontend/pgwire/pg_float.h"
#include "frontend/pgwire/pg_interval.h"
#include "frontend/pgwire/pg_text.h"

enum {
    ROOM = 192,         /* most bytes of a value that is no text, with its length */
    CLEAN_FACTOR = 3,   /* put_valid() */
    SHORT_TEXT = 0xfb,  /* below this a length takes one byte */
    COLUMNS_MAX = 4096, /* as MySQL */
    BINARY_OFFSET = 2,  /* of the null bits */
};
#define DAY_US INT64_C(86400000000)

/* A row that is being written. */
struct row {
    const struct tn_my_encoder *encoder;
    const struct tn_batch      *batch;
    int64_t                     at;
    struct tn_tz_range          range;
    struct tn_my_recode         recode;  /* of its texts, once there is one that needs it */
    struct tn_buf               recoded;
    struct tn_buf              *out;
    struct tn_error            *err;
};

static bool is_null(const struct row *row, size_t column)
{
    const struct ArrowArray *array = row->batch->columns[column];

    return row->batch->schema->columns[column].type == TN_TYPE_NULL || array->n_buffers < 2 || array->buffers == NULL ||
           array->buffers[1] == NULL ||
           (array->buffers[0] != NULL && !tn_bit_get(array->buffers[0], array->offset + row->at));
}

static const void *value_of(const struct row *row, size_t column)
{
    const struct ArrowArray *array = row->batch->columns[column];
    size_t                   size = tn_type_size(row->batch->schema->columns[column].type);

    return (const char *)array->buffers[1] + (size_t)(array->offset + row->at) * size;
}

static struct tn_str text_of(const struct row *row, size_t column)
{
    const struct ArrowArray *array = row->batch->columns[column];
    const int32_t           *offsets = (const int32_t *)array->buffers[1] + array->offset + row->at;
    const char              *data = array->n_buffers < 3 ? NULL : array->buffers[2];

    return data == NULL ? TN_STR("") : tn_str_n(data + offsets[0], (size_t)(offsets[1] - offsets[0]));
}

#define LOAD(type, from)                                                                                               \
    __extension__({                                                                                                    \
        type loaded_;                                                                                                  \
        memcpy(&loaded_, (from), sizeof loaded_);                                                                      \
        loaded_;                                                                                                       \
    })

/* ---- numbers ---- */

static int64_t integer_of(enum tn_type type, const void *value)
{
    switch (type) {
    case TN_TYPE_INT8:   return LOAD(int8_t, value);
    case TN_TYPE_INT16:  return LOAD(int16_t, value);
    case TN_TYPE_INT32:  return LOAD(int32_t, value);
    case TN_TYPE_UINT8:  return LOAD(uint8_t, value);
    case TN_TYPE_UINT16: return LOAD(uint16_t, value);
    case TN_TYPE_UINT32: return LOAD(uint32_t, value);
    default:             return LOAD(int64_t, value);
    }
}

static char *put_decimal(char *at, enum tn_type type, const void *value, int scale)
{
    if (type == TN_TYPE_DECIMAL32)
        return tn_pg_put_decimal64(at, LOAD(int32_t, value), scale);
    if (type == TN_TYPE_DECIMAL64)
        return tn_pg_put_decimal64(at, LOAD(int64_t, value), scale);
    return tn_pg_put_decimal128(at, LOAD(tn_i128, value), scale);
}

/* "1e+20" as MySQL writes it, 1e20. */
static char *drop_plus(char *start, char *end)
{
    char *plus = memchr(start, '+', (size_t)(end - start));

    if (plus == NULL)
        return end;
    memmove(plus, plus + 1, (size_t)(end - plus - 1));
    return end - 1;
}

/* ---- dates and times ---- */

static enum tn_status no_such_date(const struct row *row, size_t column)
{
    struct tn_str name = row->batch->schema->columns[column].name;

    return tn_fail(row->err, TN_E_INVALID, "22008", "column \"%.*s\" holds a date that MySQL's protocol cannot carry", (int)TN_MIN(name.len, 100),
                   name.ptr);
}

static bool date_fits(int64_t days)
{
    return days != INT32_MAX && days != INT32_MIN && tn_civil_from_days(days).year >= 0 && tn_civil_from_days(days).year <= UINT16_MAX;
}

/* Microseconds of a DATE, TIMESTAMP or TIMESTAMPTZ as its local clock shows them. */
static bool clock_of(struct row *row, enum tn_type type, const void *value, int64_t *us)
{
    if (type == TN_TYPE_DATE) {
        int32_t days = LOAD(int32_t, value);

        *us = days * DAY_US;
        return date_fits(days);
    }
    *us = LOAD(int64_t, value);
    if (*us == INT64_MAX || *us == INT64_MIN)
        return false;
    if (type == TN_TYPE_TIMESTAMPTZ)
        *us += INT64_C(1000000) * tn_tz_offset(row->encoder->tz, tn_floor_div(*us, 1000000), &row->range);
    return date_fits(tn_floor_div(*us, DAY_US));
}

static char *put_date_binary(char *at, enum tn_type type, int64_t us)
{
    int64_t         days = tn_floor_div(us, DAY_US), rest = us - days * DAY_US;
    struct tn_civil date = tn_civil_from_days(days);
    uint32_t        fraction = (uint32_t)(rest % 1000000);
    char           *length = at++;

    *at++ = (char)(date.year & 0xff);
    *at++ = (char)(date.year >> 8);
    *at++ = (char)date.month;
    *at++ = (char)date.day;
    if (type != TN_TYPE_DATE && rest > 0) {
        rest /= 1000000;
        *at++ = (char)(rest / 3600);
        *at++ = (char)(rest / 60 % 60);
        *at++ = (char)(rest % 60);
        if (fraction > 0) {
            memcpy(at, &fraction, sizeof fraction);
            at += sizeof fraction;
        }
    }
    *length = (char)(at - length - 1);
    return at;
}

static char *put_time_binary(char *at, int64_t us)
{
    uint64_t rest = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
    uint32_t days = (uint32_t)(rest / (uint64_t)DAY_US), fraction = (uint32_t)(rest % 1000000);
    char    *length = at++;

    if (us != 0) {
        *at++ = us < 0;
        memcpy(at, &days, sizeof days);
        at += sizeof days;
        rest = rest % (uint64_t)DAY_US / 1000000;
        *at++ = (char)(rest / 3600);
        *at++ = (char)(rest / 60 % 60);
        *at++ = (char)(rest % 60);
        if (fraction > 0) {
            memcpy(at, &fraction, sizeof fraction);
            at += sizeof fraction;
        }
    }
    *length = (char)(at - length - 1);
    return at;
}

/* ---- one value ---- */

/* The text of a value of fixed size at AT; NULL: the protocol has no such value. */
static char *put_text(char *at, struct row *row, size_t column, const void *value)
{
    const struct tn_column *c = &row->batch->schema->columns[column];
    int64_t                 us;

    switch (c->type) {
    case TN_TYPE_FLOAT32: return drop_plus(at, tn_pg_put_float4(at, LOAD(float, value), 1));
    case TN_TYPE_FLOAT64: return drop_plus(at, tn_pg_put_float8(at, LOAD(double, value), 1));
    case TN_TYPE_UINT64:  return tn_pg_put_u64(at, LOAD(uint64_t, value));
    case TN_TYPE_DECIMAL32:
    case TN_TYPE_DECIMAL64:
    case TN_TYPE_DECIMAL128: return put_decimal(at, c->type, value, c->scale);
    case TN_TYPE_DATE: return clock_of(row, c->type, value, &us) ? tn_pg_put_date(at, LOAD(int32_t, value)) : NULL;
    case TN_TYPE_TIME: return tn_pg_put_time(at, LOAD(int64_t, value));
    case TN_TYPE_TIMESTAMP:
    case TN_TYPE_TIMESTAMPTZ: return clock_of(row, c->type, value, &us) ? tn_pg_put_timestamp(at, us) : NULL;
    case TN_TYPE_TIMETZ: return tn_pg_put_timetz(at, LOAD(int64_t, value), LOAD(int32_t, (const char *)value + sizeof(int64_t)));
    case TN_TYPE_UUID:   return tn_pg_put_uuid(at, value);
    case TN_TYPE_INTERVAL: {
        struct tn_interval interval = {LOAD(int32_t, value), LOAD(int32_t, (const char *)value + 4), LOAD(int64_t, (const char *)value + 8)};

        return tn_pg_put_interval(at, &interval, TN_PG_INTERVAL_POSTGRES);
    }
    default: return tn_pg_put_i64(at, integer_of(c->type, value));
    }
}

/* The same behind its length, which takes one byte: no such text is long. */
static char *put_short(char *at, struct row *row, size_t column, const void *value)
{
    char *end = put_text(at + 1, row, column, value);

    if (end != NULL)
        *at = (char)(unsigned char)(end - at - 1);
    return end;
}

static char *put_binary(char *at, struct row *row, size_t column, const void *value)
{
    enum tn_type type = row->batch->schema->columns[column].type;
    size_t       size = tn_type_size(type);
    int64_t      us;

    switch (type) {
    case TN_TYPE_INT8: case TN_TYPE_INT16: case TN_TYPE_INT32: case TN_TYPE_INT64:
    case TN_TYPE_UINT8: case TN_TYPE_UINT16: case TN_TYPE_UINT32: case TN_TYPE_UINT64:
    case TN_TYPE_FLOAT32: case TN_TYPE_FLOAT64:
        memcpy(at, value, size); /* least significant byte first, as here */
        return at + size;
    case TN_TYPE_DATE: case TN_TYPE_TIMESTAMP: case TN_TYPE_TIMESTAMPTZ:
        return clock_of(row, type, value, &us) ? put_date_binary(at, type, us) : NULL;
    case TN_TYPE_TIME: return put_time_binary(at, LOAD(int64_t, value));
    default:           return put_short(at, row, column, value);
    }
}

static enum tn_status no_room(const struct row *row, size_t need)
{
    if (need > row->out->max - row->out->len)
        return tn_fail(row->err, TN_E_LIMIT, "54000", "a row of more than %zu bytes is too large", row->out->max);
    return tn_fail(row->err, TN_E_NOMEM, "53200", "no memory for a row");
}

/* U+FFFD for each byte that starts no valid sequence; a zero byte is one of a text's. */
static char *put_valid(char *out, struct tn_str text)
{
    while (text.len > 0) {
        size_t good = tn_utf8_valid_prefix(text.ptr, text.len);

        memcpy(out, text.ptr, good);
        out += good;
        if (good == text.len)
            break;
        memcpy(out, "\xef\xbf\xbd", CLEAN_FACTOR);
        out += CLEAN_FACTOR;
        text = tn_str_n(text.ptr + good + 1, text.len - good - 1);
    }
    return out;
}

/* A char(n) of PostgreSQL's is filled up with blanks, which MySQL's has not. */
static struct tn_str without_blanks(struct tn_str text)
{
    while (text.len > 0 && text.ptr[text.len - 1] == ' ')
        text.len--;
    return text;
}

/* *TEXT in the client's character set, until the next one. */
static enum tn_status recode(struct row *row, struct tn_str *text)
{
    const struct tn_my_charset *charset = row->encoder->charset;

    if (charset == NULL || tn_my_is_ascii(*text))
        return TN_OK;
    if (row->recode.handle == NULL && !tn_my_recode_init(&row->recode, charset, false))
        return tn_fail(row->err, TN_E_UNSUPPORTED, "0A000", "character set '%s' is not known to iconv on Turnout's machine", charset->charset);
    row->recoded.max = row->out->max;
    tn_buf_clear(&row->recoded);
    tn_my_recode_put(&row->recode, *text, &row->recoded);
    *text = tn_buf_str(&row->recoded);
    return row->recoded.failed ? no_room(row, text->len) : TN_OK;
}

static enum tn_status put_data(struct row *row, size_t column)
{
    const struct tn_column *c = &row->batch->schema->columns[column];
    struct tn_str           text = c->pg_oid == TN_PG_BPCHAR ? without_blanks(text_of(row, column)) : text_of(row, column);
    bool                    dirty = c->type != TN_TYPE_BYTES && row->encoder->charset == NULL && tn_utf8_valid_prefix(text.ptr, text.len) < text.len;
    size_t                  need;
    char                   *at, *end;

    if (c->type != TN_TYPE_BYTES)
        TN_TRY(recode(row, &text));
    need = text.len * (dirty ? CLEAN_FACTOR : 1) + TN_MY_LENENC_MAX;
    if (!tn_buf_reserve(row->out, need))
        return no_room(row, need);
    at = row->out->data + row->out->len;
    if (dirty) { /* its length is known only afterwards */
        end = put_valid(at + TN_MY_LENENC_MAX, text);
        text = tn_str_n(at + TN_MY_LENENC_MAX, (size_t)(end - at) - TN_MY_LENENC_MAX);
    }
    end = tn_my_write_lenenc(at, text.len);
    if (text.len > 0)
        memmove(end, text.ptr, text.len);
    row->out->len += (size_t)(end - at) + text.len;
    return TN_OK;
}

static enum tn_status put_value(struct row *row, size_t column)
{
    enum tn_type type = row->batch->schema->columns[column].type;
    char        *at, *end;

    if (tn_type_is_text(type))
        return put_data(row, column);
    if (!tn_buf_reserve(row->out, ROOM))
        return no_room(row, ROOM);
    at = row->out->data + row->out->len;
    if (type == TN_TYPE_BOOL) {
        const struct ArrowArray *array = row->batch->columns[column];
        bool                     on = tn_bit_get(array->buffers[1], array->offset + row->at);

        end = at;
        if (!row->encoder->base.my_binary)
            *end++ = 1;
        *end++ = (char)(row->encoder->base.my_binary ? on : '0' + on);
    } else {
        const void *value = value_of(row, column);

        end = row->encoder->base.my_binary ? put_binary(at, row, column, value) : put_short(at, row, column, value);
    }
    if (end == NULL)
        return no_such_date(row, column);
    row->out->len += (size_t)(end - at);
    return TN_OK;
}

/* ---- rows ---- */

static enum tn_status put_binary_head(struct row *row)
{
    size_t columns = row->batch->schema->count, bytes = 1 + (columns + 7 + BINARY_OFFSET) / 8;
    char  *head;

    if (!tn_buf_reserve(row->out, bytes))
        return no_room(row, bytes);
    head = row->out->data + row->out->len;
    memset(head, 0, bytes);
    for (size_t i = 0; i < columns; i++)
        if (is_null(row, i))
            tn_bit_set((uint8_t *)head + 1, (int64_t)i + BINARY_OFFSET);
    row->out->len += bytes;
    return TN_OK;
}

static enum tn_status put_row(struct row *row)
{
    size_t  begun = tn_my_begin_packet(row->out);
    bool    binary = row->encoder->base.my_binary;
    uint8_t sequence = 0;

    if (binary)
        TN_TRY(put_binary_head(row));
    for (size_t i = 0; i < row->batch->schema->count; i++) {
        if (!is_null(row, i))
            TN_TRY(put_value(row, i));
        else if (!binary)
            tn_buf_put_u8(row->out, SHORT_TEXT);
    }
    tn_my_end_packet(row->out, begun, &sequence);
    return row->out->failed ? no_room(row, 0) : TN_OK;
}

static enum tn_status encode_batch(const struct tn_encoder *base, const struct tn_batch *batch, int64_t *row_at, size_t target,
                                   struct tn_buf *out, struct tn_error *err)
{
    struct row row = {.encoder = (const struct tn_my_encoder *)(const void *)base, .batch = batch, .at = *row_at,
                      .range = TN_TZ_RANGE_INIT, .out = out, .err = err};
    bool       failed;

    if (batch->schema->count > COLUMNS_MAX)
        return tn_fail(err, TN_E_LIMIT, "54011", "a row of %zu columns is too wide; at most %d", batch->schema->count, (int)COLUMNS_MAX);
    do {
        size_t before = out->len;

        failed = put_row(&row) != TN_OK;
        if (failed)
            out->len = before;
        row.at++;
    } while (!failed && row.at < batch->rows && out->len < target);
    tn_my_recode_reset(&row.recode);
    tn_buf_reset(&row.recoded);
    if (failed)
        return err != NULL ? err->status : TN_E_INVALID;
    *row_at = row.at;
    return TN_OK;
}

static const struct tn_encoder_ops encoder_ops = {.name = "mysql", .batch = encode_batch};

void tn_my_encoder_init(struct tn_my_encoder *encoder, bool binary, const struct tn_tz *tz)
{
    *encoder = (struct tn_my_encoder){.base = {.ops = &encoder_ops, .my_rows = true, .my_binary = binary}, .tz = tz};
}

_Static_assert(offsetof(struct tn_my_encoder, base) == 0, "an encoder is its options");

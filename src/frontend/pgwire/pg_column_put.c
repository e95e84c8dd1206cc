#include "frontend/pgwire/pg_binary.h"
#include "frontend/pgwire/pg_column.h"
#include "frontend/pgwire/pg_decimal.h"
#include "frontend/pgwire/pg_digits.h"
#include "frontend/pgwire/pg_float.h"
#include "frontend/pgwire/pg_interval.h"
#include "frontend/pgwire/pg_text.h"

/* Arrow buffers are aligned to their values, so they are read as arrays. */
#define VALUE(type) (((const type *)c->values)[row])

static char *put_bool(char *out, struct tn_pg_column *c, int64_t row)
{
    *out = tn_bit_get(c->values, c->offset + row) ? 't' : 'f';
    return out + 1;
}

static char *put_bool_binary(char *out, struct tn_pg_column *c, int64_t row)
{
    *out = (char)tn_bit_get(c->values, c->offset + row);
    return out + 1;
}

/* Integers: NAME, C type, text writer, binary writer and its type. */
#define INTEGER(name, type, put_text, put_be, be_type)                                                                 \
    static char *put_##name(char *out, struct tn_pg_column *c, int64_t row)                                            \
    {                                                                                                                  \
        return put_text(out, VALUE(type));                                                                             \
    }                                                                                                                  \
    static char *put_##name##_binary(char *out, struct tn_pg_column *c, int64_t row)                                   \
    {                                                                                                                  \
        return put_be(out, (be_type)VALUE(type));                                                                      \
    }

INTEGER(int8, int8_t, tn_pg_put_i64, tn_pg_put_be16, uint16_t)
INTEGER(int16, int16_t, tn_pg_put_i64, tn_pg_put_be16, uint16_t)
INTEGER(int32, int32_t, tn_pg_put_i64, tn_pg_put_be32, uint32_t)
INTEGER(int64, int64_t, tn_pg_put_i64, tn_pg_put_be64, uint64_t)
INTEGER(uint8, uint8_t, tn_pg_put_u64, tn_pg_put_be16, uint16_t)
INTEGER(uint16, uint16_t, tn_pg_put_u64, tn_pg_put_be32, uint32_t)
INTEGER(uint32, uint32_t, tn_pg_put_u64, tn_pg_put_be64, uint64_t)

static char *put_uint64(char *out, struct tn_pg_column *c, int64_t row)
{
    return tn_pg_put_u64(out, VALUE(uint64_t));
}

static char *put_uint64_binary(char *out, struct tn_pg_column *c, int64_t row)
{
    return tn_pg_put_decimal_binary(out, VALUE(uint64_t), 0);
}

static char *put_float4(char *out, struct tn_pg_column *c, int64_t row)
{
    return tn_pg_put_float4(out, VALUE(float), c->style->extra_float_digits);
}

static char *put_float8(char *out, struct tn_pg_column *c, int64_t row)
{
    return tn_pg_put_float8(out, VALUE(double), c->style->extra_float_digits);
}

static char *put_float4_binary(char *out, struct tn_pg_column *c, int64_t row)
{
    uint32_t bits;

    memcpy(&bits, (const float *)c->values + row, sizeof bits);
    return tn_pg_put_be32(out, bits);
}

static char *put_float8_binary(char *out, struct tn_pg_column *c, int64_t row)
{
    uint64_t bits;

    memcpy(&bits, (const double *)c->values + row, sizeof bits);
    return tn_pg_put_be64(out, bits);
}

static char *put_decimal32(char *out, struct tn_pg_column *c, int64_t row)
{
    return tn_pg_put_decimal64(out, VALUE(int32_t), c->scale);
}

static char *put_decimal64(char *out, struct tn_pg_column *c, int64_t row)
{
    return tn_pg_put_decimal64(out, VALUE(int64_t), c->scale);
}

/* Some makers align 128-bit values to 8 bytes only. */
static tn_i128 value128(const struct tn_pg_column *c, int64_t row)
{
    tn_i128 value;

    memcpy(&value, (const char *)c->values + row * (int64_t)sizeof value, sizeof value);
    return value;
}

static char *put_decimal128(char *out, struct tn_pg_column *c, int64_t row)
{
    return tn_pg_put_decimal128(out, value128(c, row), c->scale);
}

static char *put_decimal32_binary(char *out, struct tn_pg_column *c, int64_t row)
{
    return tn_pg_put_decimal_binary(out, VALUE(int32_t), c->scale);
}

static char *put_decimal64_binary(char *out, struct tn_pg_column *c, int64_t row)
{
    return tn_pg_put_decimal_binary(out, VALUE(int64_t), c->scale);
}

static char *put_decimal128_binary(char *out, struct tn_pg_column *c, int64_t row)
{
    return tn_pg_put_decimal_binary(out, value128(c, row), c->scale);
}

char *tn_pg_column_put_money(char *out, struct tn_pg_column *c, int64_t row)
{
    int64_t  value = VALUE(int64_t);
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    *out = '-';
    out = tn_pg_put_u64(out + (value < 0), magnitude / 100);
    *out = '.';
    tn_pg_put2(out + 1, (uint32_t)(magnitude % 100));
    return out + 3;
}

char *tn_pg_column_put_text_clean(char *out, struct tn_pg_column *c, int64_t row)
{
    size_t len = tn_pg_column_data_len(c, row);

    if (len > 0)
        memcpy(out, c->data + c->offsets[row], len);
    return out + len;
}

char *tn_pg_column_put_text_dirty(char *out, struct tn_pg_column *c, int64_t row)
{
    return tn_pg_put_clean_text(out, c->data + c->offsets[row], tn_pg_column_data_len(c, row));
}

char *tn_pg_column_put_jsonb(char *out, struct tn_pg_column *c, int64_t row)
{
    *out = 1;
    return tn_pg_column_put_text_dirty(out + 1, c, row);
}

char *tn_pg_column_put_bytea_escape(char *out, struct tn_pg_column *c, int64_t row)
{
    return tn_pg_put_bytea_escape(out, c->data + c->offsets[row], tn_pg_column_data_len(c, row));
}

static char *put_bytea(char *out, struct tn_pg_column *c, int64_t row)
{
    return tn_pg_put_bytea_hex(out, c->data + c->offsets[row], tn_pg_column_data_len(c, row));
}

static char *put_date(char *out, struct tn_pg_column *c, int64_t row)
{
    int32_t pg;

    return TN_LIKELY(tn_pg_date_to_pg(VALUE(int32_t), &pg)) ? tn_pg_put_date(out, VALUE(int32_t)) : NULL;
}

static char *put_date_binary(char *out, struct tn_pg_column *c, int64_t row)
{
    int32_t pg;

    return TN_LIKELY(tn_pg_date_to_pg(VALUE(int32_t), &pg)) ? tn_pg_put_be32(out, (uint32_t)pg) : NULL;
}

static char *put_time(char *out, struct tn_pg_column *c, int64_t row)
{
    return tn_pg_time_ok(VALUE(int64_t)) ? tn_pg_put_time(out, VALUE(int64_t)) : NULL;
}

static char *put_time_binary(char *out, struct tn_pg_column *c, int64_t row)
{
    return tn_pg_time_ok(VALUE(int64_t)) ? tn_pg_put_be64(out, VALUE(uint64_t)) : NULL;
}

/* int64 microseconds, int32 seconds east: 12 bytes without padding. */
static bool read_timetz(const struct tn_pg_column *c, int64_t row, int64_t *us, int32_t *east_s)
{
    const char *at = (const char *)c->values + row * 12;

    memcpy(us, at, sizeof *us);
    memcpy(east_s, at + sizeof *us, sizeof *east_s);
    return tn_pg_time_ok(*us) && tn_pg_zone_ok(*east_s);
}

static char *put_timetz(char *out, struct tn_pg_column *c, int64_t row)
{
    int64_t us;
    int32_t east_s;

    return read_timetz(c, row, &us, &east_s) ? tn_pg_put_timetz(out, us, east_s) : NULL;
}

static char *put_timetz_binary(char *out, struct tn_pg_column *c, int64_t row)
{
    int64_t us;
    int32_t east_s;

    if (!read_timetz(c, row, &us, &east_s))
        return NULL;
    return tn_pg_put_be32(tn_pg_put_be64(out, (uint64_t)us), (uint32_t)-east_s);
}

static char *put_timestamp(char *out, struct tn_pg_column *c, int64_t row)
{
    int64_t pg;

    return TN_LIKELY(tn_pg_timestamp_to_pg(VALUE(int64_t), &pg)) ? tn_pg_put_timestamp(out, VALUE(int64_t)) : NULL;
}

static char *put_timestamptz(char *out, struct tn_pg_column *c, int64_t row)
{
    int64_t pg;

    if (TN_UNLIKELY(!tn_pg_timestamp_to_pg(VALUE(int64_t), &pg)))
        return NULL;
    return tn_pg_put_timestamptz(out, VALUE(int64_t), c->style->tz, &c->range);
}

static char *put_timestamp_binary(char *out, struct tn_pg_column *c, int64_t row)
{
    int64_t pg;

    return TN_LIKELY(tn_pg_timestamp_to_pg(VALUE(int64_t), &pg)) ? tn_pg_put_be64(out, (uint64_t)pg) : NULL;
}

static char *put_interval(char *out, struct tn_pg_column *c, int64_t row)
{
    struct tn_interval value = VALUE(struct tn_interval);

    return tn_pg_put_interval(out, &value, c->style->interval);
}

static char *put_interval_binary(char *out, struct tn_pg_column *c, int64_t row)
{
    struct tn_interval value = VALUE(struct tn_interval);

    return tn_pg_put_interval_binary(out, &value);
}

static char *put_uuid(char *out, struct tn_pg_column *c, int64_t row)
{
    return tn_pg_put_uuid(out, (const char *)c->values + row * 16);
}

static char *put_uuid_binary(char *out, struct tn_pg_column *c, int64_t row)
{
    memcpy(out, (const char *)c->values + row * 16, 16);
    return out + 16;
}

_Static_assert(sizeof(struct tn_interval) == 16, "an interval is read from Arrow as it is");

const struct tn_pg_writer tn_pg_writers[TN_TYPE_COUNT] = {
    [TN_TYPE_BOOL] = {put_bool, put_bool_binary, 1, 1},
    [TN_TYPE_INT8] = {put_int8, put_int8_binary, 21, 2},
    [TN_TYPE_INT16] = {put_int16, put_int16_binary, 21, 2},
    [TN_TYPE_INT32] = {put_int32, put_int32_binary, 21, 4},
    [TN_TYPE_INT64] = {put_int64, put_int64_binary, 21, 8},
    [TN_TYPE_UINT8] = {put_uint8, put_uint8_binary, 21, 2},
    [TN_TYPE_UINT16] = {put_uint16, put_uint16_binary, 21, 4},
    [TN_TYPE_UINT32] = {put_uint32, put_uint32_binary, 21, 8},
    [TN_TYPE_UINT64] = {put_uint64, put_uint64_binary, 21, TN_PG_DECIMAL_BINARY},
    [TN_TYPE_FLOAT32] = {put_float4, put_float4_binary, TN_PG_FLOAT_TEXT, 4},
    [TN_TYPE_FLOAT64] = {put_float8, put_float8_binary, TN_PG_FLOAT_TEXT, 8},
    [TN_TYPE_DECIMAL32] = {put_decimal32, put_decimal32_binary, TN_PG_DECIMAL_TEXT, TN_PG_DECIMAL_BINARY},
    [TN_TYPE_DECIMAL64] = {put_decimal64, put_decimal64_binary, TN_PG_DECIMAL_TEXT, TN_PG_DECIMAL_BINARY},
    [TN_TYPE_DECIMAL128] = {put_decimal128, put_decimal128_binary, TN_PG_DECIMAL_TEXT, TN_PG_DECIMAL_BINARY},
    [TN_TYPE_NUMERIC] = {tn_pg_column_put_text_dirty, NULL, 0, 0}, /* always through a stage */
    [TN_TYPE_TEXT] = {tn_pg_column_put_text_dirty, tn_pg_column_put_text_dirty, 0, 0},
    [TN_TYPE_JSON] = {tn_pg_column_put_text_dirty, tn_pg_column_put_text_dirty, 0, 0},
    [TN_TYPE_BYTES] = {put_bytea, tn_pg_column_put_text_clean, 2, 0},
    [TN_TYPE_DATE] = {put_date, put_date_binary, TN_PG_DATE_TEXT, 4},
    [TN_TYPE_TIME] = {put_time, put_time_binary, TN_PG_TIME_TEXT, 8},
    [TN_TYPE_TIMETZ] = {put_timetz, put_timetz_binary, TN_PG_TIMETZ_TEXT, 12},
    [TN_TYPE_TIMESTAMP] = {put_timestamp, put_timestamp_binary, TN_PG_TIMESTAMP_TEXT, 8},
    [TN_TYPE_TIMESTAMPTZ] = {put_timestamptz, put_timestamp_binary, TN_PG_TIMESTAMP_TEXT, 8},
    [TN_TYPE_INTERVAL] = {put_interval, put_interval_binary, TN_PG_INTERVAL_TEXT, 16},
    [TN_TYPE_UUID] = {put_uuid, put_uuid_binary, TN_PG_UUID_TEXT, 16},
};

#include "frontend/pgwire/pg_binary.h"

#include "frontend/pgwire/pg_digits.h"
#include "frontend/pgwire/pg_message.h"
#include "frontend/pgwire/pg_numeric.h"
#include "frontend/pgwire/pg_text.h"

char *tn_pg_put_interval_binary(char *out, const struct tn_interval *value)
{
    out = tn_pg_put_be64(out, (uint64_t)(value->nanoseconds / 1000));
    out = tn_pg_put_be32(out, (uint32_t)value->days);
    return tn_pg_put_be32(out, (uint32_t)value->months);
}

static enum tn_status out_of_range(const struct tn_pg_type *type, struct tn_error *err)
{
    return tn_fail(err, TN_E_INVALID, "22008", "%s out of range", type->sql_name);
}

static enum tn_status decode_numeric(struct tn_str bytes, struct tn_arena *arena, struct tn_value *out,
                                     struct tn_error *err)
{
    size_t max;
    char  *text;

    TN_TRY(tn_pg_numeric_check(bytes, &max, err));
    text = tn_arena_alloc(arena, max);
    if (text == NULL)
        return tn_pg_no_memory(err);
    out->as.text = tn_str_n(text, (size_t)(tn_pg_put_numeric_text(text, bytes) - text));
    return TN_OK;
}

static enum tn_status decode_interval(const struct tn_pg_type *type, const char *at, struct tn_value *out,
                                      struct tn_error *err)
{
    out->as.interval.days = (int32_t)tn_pg_get_be32(at + 8);
    out->as.interval.months = (int32_t)tn_pg_get_be32(at + 12);
    if (__builtin_mul_overflow((int64_t)tn_pg_get_be64(at), 1000, &out->as.interval.nanoseconds))
        return out_of_range(type, err);
    return TN_OK;
}

static enum tn_status decode_time(const struct tn_pg_type *type, const char *at, struct tn_value *out,
                                  struct tn_error *err)
{
    int64_t us = (int64_t)tn_pg_get_be64(at);
    int64_t west_s = type->type == TN_TYPE_TIMETZ ? (int32_t)tn_pg_get_be32(at + 8) : 0;

    if (!tn_pg_time_ok(us) || west_s <= -TN_PG_ZONE_LIMIT_S || west_s >= TN_PG_ZONE_LIMIT_S)
        return out_of_range(type, err);
    out->as.i64 = us;
    if (type->type == TN_TYPE_TIMETZ) {
        out->as.timetz.time_us = us;
        out->as.timetz.offset_s = (int32_t)-west_s;
    }
    return TN_OK;
}

static enum tn_status decode_moment(const struct tn_pg_type *type, const char *at, struct tn_value *out,
                                    struct tn_error *err)
{
    int32_t days;

    if (type->type != TN_TYPE_DATE)
        return tn_pg_timestamp_from_pg((int64_t)tn_pg_get_be64(at), &out->as.i64) ? TN_OK : out_of_range(type, err);
    if (!tn_pg_date_from_pg((int32_t)tn_pg_get_be32(at), &days))
        return out_of_range(type, err);
    out->as.i64 = days;
    return TN_OK;
}

static double float_of(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

static enum tn_status decode_text(const struct tn_pg_type *type, struct tn_str bytes, struct tn_value *out,
                                  struct tn_error *err)
{
    if (type->oid == TN_PG_JSONB) {
        if (bytes.len == 0 || bytes.ptr[0] != 1)
            return tn_pg_bad_binary(err, "jsonb", "unsupported version number");
        bytes = tn_str_n(bytes.ptr + 1, bytes.len - 1);
    }
    out->as.text = bytes;
    if (type->type != TN_TYPE_BYTES && !tn_pg_text_is_clean(bytes.ptr, bytes.len))
        return tn_pg_bad_utf8(err, bytes.ptr, bytes.len);
    return TN_OK;
}

/* A type of fixed length, and BYTES is that long. */
static enum tn_status decode_fixed(const struct tn_pg_type *type, const char *at, struct tn_value *out,
                                   struct tn_error *err)
{
    uint64_t bits;

    switch (type->type) {
    case TN_TYPE_BOOL:        out->as.boolean = *at != 0; return TN_OK;
    case TN_TYPE_INT16:       out->as.i64 = (int16_t)tn_pg_get_be16(at); return TN_OK;
    case TN_TYPE_INT32:       out->as.i64 = (int32_t)tn_pg_get_be32(at); return TN_OK;
    case TN_TYPE_INT64:       out->as.i64 = (int64_t)tn_pg_get_be64(at); return TN_OK;
    case TN_TYPE_UINT32:      out->as.u64 = tn_pg_get_be32(at); return TN_OK;
    case TN_TYPE_FLOAT32:     out->as.f64 = float_of(tn_pg_get_be32(at)); return TN_OK;
    case TN_TYPE_FLOAT64:
        bits = tn_pg_get_be64(at);
        memcpy(&out->as.f64, &bits, sizeof bits);
        return TN_OK;
    case TN_TYPE_UUID:        memcpy(out->as.uuid, at, sizeof out->as.uuid); return TN_OK;
    case TN_TYPE_INTERVAL:    return decode_interval(type, at, out, err);
    case TN_TYPE_TIME:
    case TN_TYPE_TIMETZ:      return decode_time(type, at, out, err);
    case TN_TYPE_DATE:
    case TN_TYPE_TIMESTAMP:
    case TN_TYPE_TIMESTAMPTZ: return decode_moment(type, at, out, err);
    default:                  return tn_pg_bad_binary(err, type->sql_name, "no binary form is known");
    }
}

enum tn_status tn_pg_binary_decode(const struct tn_pg_type *type, struct tn_str bytes, struct tn_arena *arena,
                                   struct tn_value *out, struct tn_error *err)
{
    *out = (struct tn_value){.type = type->type};
    if (type->type == TN_TYPE_NUMERIC)
        return decode_numeric(bytes, arena, out, err);
    if (tn_type_is_text(type->type))
        return decode_text(type, bytes, out, err);
    if (bytes.len != (size_t)type->len)
        return tn_pg_bad_binary(err, type->sql_name, "wrong length");
    return decode_fixed(type, bytes.ptr, out, err);
}

#include "frontend/pgwire/pg_binary.h"
#include "frontend/pgwire/pg_digits.h"
#include "frontend/pgwire/pg_float.h"
#include "frontend/pgwire/pg_interval.h"
#include "frontend/pgwire/pg_message.h"
#include "frontend/pgwire/pg_numeric.h"
#include "frontend/pgwire/pg_scalar.h"
#include "frontend/pgwire/pg_text.h"

enum { FIXED_ROOM = 128 }; /* any value that has neither digits nor bytes of its own length */
_Static_assert((int)TN_PG_INTERVAL_TEXT <= (int)FIXED_ROOM && (int)TN_PG_TIMESTAMP_TEXT <= (int)FIXED_ROOM, "room");

static bool in_range(const struct tn_value *v)
{
    int32_t days;
    int64_t us;

    switch (v->type) {
    case TN_TYPE_INT16:  return v->as.i64 >= INT16_MIN && v->as.i64 <= INT16_MAX;
    case TN_TYPE_INT32:  return v->as.i64 >= INT32_MIN && v->as.i64 <= INT32_MAX;
    case TN_TYPE_UINT32: return v->as.u64 <= UINT32_MAX;
    case TN_TYPE_DATE:
        return v->as.i64 >= INT32_MIN && v->as.i64 <= INT32_MAX && tn_pg_date_to_pg((int32_t)v->as.i64, &days);
    case TN_TYPE_TIME:   return tn_pg_time_ok(v->as.i64);
    case TN_TYPE_TIMETZ: return tn_pg_time_ok(v->as.timetz.time_us) && tn_pg_zone_ok(v->as.timetz.offset_s);
    case TN_TYPE_TIMESTAMP:
    case TN_TYPE_TIMESTAMPTZ:
        return tn_pg_timestamp_to_pg(v->as.i64, &us);
    default:
        return true;
    }
}

/* Values of bounded length; OUT has FIXED_ROOM. */
static char *put_text(char *out, const struct tn_value *v, const struct tn_pg_style *style)
{
    struct tn_tz_range range = TN_TZ_RANGE_INIT;

    switch (v->type) {
    case TN_TYPE_BOOL:      *out = v->as.boolean ? 't' : 'f'; return out + 1;
    case TN_TYPE_UINT32:    return tn_pg_put_u64(out, v->as.u64);
    case TN_TYPE_FLOAT32:   return tn_pg_put_float4(out, (float)v->as.f64, style->extra_float_digits);
    case TN_TYPE_FLOAT64:   return tn_pg_put_float8(out, v->as.f64, style->extra_float_digits);
    case TN_TYPE_DATE:      return tn_pg_put_date(out, (int32_t)v->as.i64);
    case TN_TYPE_TIME:      return tn_pg_put_time(out, v->as.i64);
    case TN_TYPE_TIMETZ:    return tn_pg_put_timetz(out, v->as.timetz.time_us, v->as.timetz.offset_s);
    case TN_TYPE_TIMESTAMP: return tn_pg_put_timestamp(out, v->as.i64);
    case TN_TYPE_TIMESTAMPTZ:
        return tn_pg_put_timestamptz(out, v->as.i64, style->tz, &range);
    case TN_TYPE_INTERVAL:  return tn_pg_put_interval(out, &v->as.interval, style->interval);
    case TN_TYPE_UUID:      return tn_pg_put_uuid(out, v->as.uuid);
    default:                return tn_pg_put_i64(out, v->as.i64);
    }
}

static char *put_float_binary(char *out, const struct tn_value *v)
{
    float    single = (float)v->as.f64;
    uint32_t bits32;
    uint64_t bits64;

    memcpy(&bits32, &single, sizeof bits32);
    memcpy(&bits64, &v->as.f64, sizeof bits64);
    return v->type == TN_TYPE_FLOAT32 ? tn_pg_put_be32(out, bits32) : tn_pg_put_be64(out, bits64);
}

static char *put_moment_binary(char *out, const struct tn_value *v)
{
    int64_t us = 0;
    int32_t days = 0;

    if (v->type != TN_TYPE_DATE) {
        tn_pg_timestamp_to_pg(v->as.i64, &us);
        return tn_pg_put_be64(out, (uint64_t)us);
    }
    tn_pg_date_to_pg((int32_t)v->as.i64, &days);
    return tn_pg_put_be32(out, (uint32_t)days);
}

static char *put_binary(char *out, const struct tn_value *v)
{
    switch (v->type) {
    case TN_TYPE_BOOL:     *out = (char)v->as.boolean; return out + 1;
    case TN_TYPE_INT16:    return tn_pg_put_be16(out, (uint16_t)v->as.i64);
    case TN_TYPE_INT32:    return tn_pg_put_be32(out, (uint32_t)v->as.i64);
    case TN_TYPE_UINT32:   return tn_pg_put_be32(out, (uint32_t)v->as.u64);
    case TN_TYPE_FLOAT32:
    case TN_TYPE_FLOAT64:  return put_float_binary(out, v);
    case TN_TYPE_DATE:
    case TN_TYPE_TIMESTAMP:
    case TN_TYPE_TIMESTAMPTZ:
        return put_moment_binary(out, v);
    case TN_TYPE_TIMETZ:
        out = tn_pg_put_be64(out, (uint64_t)v->as.timetz.time_us);
        return tn_pg_put_be32(out, (uint32_t)-v->as.timetz.offset_s);
    case TN_TYPE_INTERVAL: return tn_pg_put_interval_binary(out, &v->as.interval);
    case TN_TYPE_UUID:     memcpy(out, v->as.uuid, sizeof v->as.uuid); return out + sizeof v->as.uuid;
    default:               return tn_pg_put_be64(out, (uint64_t)v->as.i64);
    }
}

static enum tn_status encode_numeric(struct tn_str text, int16_t format, struct tn_buf *out, struct tn_error *err)
{
    struct tn_pg_numeric number;
    size_t               need;

    TN_TRY(tn_pg_numeric_parse(text, &number, err));
    need = format == 0 ? tn_pg_numeric_text_len(&number) : tn_pg_numeric_binary_len(&number);
    if (!tn_buf_reserve(out, need))
        return tn_pg_no_room(err, out, need);
    if (format == 0)
        tn_pg_put_numeric(out->data + out->len, &number);
    else
        tn_pg_put_numeric_binary(out->data + out->len, &number);
    out->len += need;
    return TN_OK;
}

static enum tn_status encode_bytes(struct tn_str bytes, int16_t format, bool escape, struct tn_buf *out,
                                   struct tn_error *err)
{
    size_t factor = format != 0 ? 1 : escape ? 4 : 2, need;
    char  *at;

    if (__builtin_mul_overflow(bytes.len, factor, &need) || need > SIZE_MAX - 2)
        need = SIZE_MAX - 2;
    if (!tn_buf_reserve(out, need + 2))
        return tn_pg_no_room(err, out, need + 2);
    at = out->data + out->len;
    if (format == 0) {
        at = escape ? tn_pg_put_bytea_escape(at, bytes.ptr, bytes.len) : tn_pg_put_bytea_hex(at, bytes.ptr, bytes.len);
    } else if (bytes.len > 0) {
        memcpy(at, bytes.ptr, bytes.len);
        at += bytes.len;
    }
    out->len = (size_t)(at - out->data);
    return TN_OK;
}

static enum tn_status encode_text(struct tn_str text, bool version, struct tn_buf *out, struct tn_error *err)
{
    bool   clean = tn_pg_text_is_clean(text.ptr, text.len);
    size_t need;

    if (__builtin_mul_overflow(text.len, clean ? 1u : 3u, &need) || need > SIZE_MAX - 1)
        need = SIZE_MAX - 1;
    if (!tn_buf_reserve(out, need + 1))
        return tn_pg_no_room(err, out, need + 1);
    if (version)
        out->data[out->len++] = 1;
    if (clean)
        tn_buf_put_str(out, text);
    else
        out->len = (size_t)(tn_pg_put_clean_text(out->data + out->len, text.ptr, text.len) - out->data);
    return TN_OK;
}

enum tn_status tn_pg_scalar_encode(const struct tn_value *value, const struct tn_pg_type *type, int16_t format,
                                   const struct tn_pg_style *style, struct tn_buf *out, struct tn_error *err)
{
    char *at;

    if (value->type == TN_TYPE_NUMERIC)
        return encode_numeric(value->as.text, format, out, err);
    if (value->type == TN_TYPE_BYTES)
        return encode_bytes(value->as.text, format, style->bytea_escape, out, err);
    if (tn_type_is_text(value->type))
        return encode_text(value->as.text, type->oid == TN_PG_JSONB && format != 0, out, err);
    if (!in_range(value))
        return tn_fail(err, TN_E_INVALID, "22003", "value is out of range for type %s", type->sql_name);
    if (!tn_buf_reserve(out, FIXED_ROOM))
        return tn_pg_no_room(err, out, FIXED_ROOM);
    at = out->data + out->len;
    at = format == 0 ? put_text(at, value, style) : put_binary(at, value);
    out->len = (size_t)(at - out->data);
    return TN_OK;
}

#include "frontend/pgwire/pg_scalar.h"

#include "frontend/pgwire/pg_datetime.h"
#include "frontend/pgwire/pg_float.h"
#include "frontend/pgwire/pg_interval.h"
#include "frontend/pgwire/pg_message.h"
#include "frontend/pgwire/pg_numeric.h"

/* The start of a word, as PostgreSQL's boolean input takes it: at least LEAST letters. */
static bool is_start(struct tn_str text, const char *word, size_t least)
{
    return text.len >= least && text.len <= strlen(word) && tn_str_ieq(text, tn_str_n(word, text.len));
}

static enum tn_status decode_bool(struct tn_str text, struct tn_value *out, struct tn_error *err)
{
    struct tn_str trim = tn_str_trim(text);

    out->as.boolean = is_start(trim, "true", 1) || is_start(trim, "yes", 1) || is_start(trim, "on", 2) ||
                      is_start(trim, "1", 1);
    if (out->as.boolean || is_start(trim, "false", 1) || is_start(trim, "no", 1) || is_start(trim, "off", 2) ||
        is_start(trim, "0", 1))
        return TN_OK;
    return tn_pg_bad_text(err, "boolean", text);
}

/* [+-]digits with any number of zeros in front; 0 on the wrong syntax, -1 when beyond an int64. */
static int read_integer(struct tn_str text, int64_t *out)
{
    struct tn_str trim = tn_str_trim(text);
    bool          negative = trim.len > 0 && trim.ptr[0] == '-';
    size_t        at = negative || (trim.len > 0 && trim.ptr[0] == '+') ? 1 : 0;
    uint64_t      magnitude = 0;
    int           found = at < trim.len ? 1 : 0;

    for (; at < trim.len; at++) {
        unsigned digit = (unsigned)trim.ptr[at] - '0';

        if (digit > 9)
            return 0;
        if (magnitude > (UINT64_MAX - digit) / 10)
            found = -1;
        magnitude = magnitude * 10 + digit;
    }
    if (magnitude > (uint64_t)INT64_MAX + negative)
        return found == 0 ? 0 : -1;
    *out = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return found;
}

static enum tn_status decode_integer(const struct tn_pg_type *type, struct tn_str text, struct tn_value *out,
                                     struct tn_error *err)
{
    int64_t min = INT64_MIN, max = INT64_MAX, value = 0;
    int     found = read_integer(text, &value);

    if (found == 0)
        return tn_pg_bad_text(err, type->sql_name, text);
    if (type->type == TN_TYPE_INT16)
        min = INT16_MIN, max = INT16_MAX;
    else if (type->type != TN_TYPE_INT64)
        min = INT32_MIN, max = type->type == TN_TYPE_UINT32 ? (int64_t)UINT32_MAX : (int64_t)INT32_MAX;
    if (found < 0 || value < min || value > max)
        return tn_pg_out_of_range(err, type->sql_name, text);
    if (type->type == TN_TYPE_UINT32)
        out->as.u64 = (uint32_t)value; /* a negative oid wraps, as in PostgreSQL */
    else
        out->as.i64 = value;
    return TN_OK;
}

static enum tn_status decode_numeric(struct tn_str text, struct tn_arena *arena, struct tn_value *out,
                                     struct tn_error *err)
{
    struct tn_pg_numeric number;
    char                *copy;

    TN_TRY(tn_pg_numeric_parse(text, &number, err));
    copy = tn_arena_alloc(arena, TN_MAX(tn_pg_numeric_text_len(&number), (size_t)1));
    if (copy == NULL)
        return tn_pg_no_memory(err);
    out->as.text = tn_str_n(copy, (size_t)(tn_pg_put_numeric(copy, &number) - copy));
    return TN_OK;
}

static int hex_digit(char c)
{
    char lower = tn_ascii_lower(c);

    if (c >= '0' && c <= '9')
        return c - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Pairs of hex digits, blanks between pairs. The end of what was written; NULL when it is something else. */
static char *read_hex(struct tn_str text, char *out)
{
    for (size_t i = 0; i < text.len;) {
        int high = hex_digit(text.ptr[i]), low = i + 1 < text.len ? hex_digit(text.ptr[i + 1]) : -1;

        if (memchr(" \n\t\r", text.ptr[i], 4) != NULL) {
            i++;
            continue;
        }
        if (high < 0 || low < 0)
            return NULL;
        *out++ = (char)(high << 4 | low);
        i += 2;
    }
    return out;
}

/* Bytes as they are, but for \\ and \ooo. */
static char *read_escaped(struct tn_str text, char *out)
{
    for (size_t i = 0; i < text.len; i++) {
        const char *at = text.ptr + i;

        if (*at != '\\') {
            *out++ = *at;
        } else if (text.len - i >= 2 && at[1] == '\\') {
            *out++ = '\\';
            i++;
        } else if (text.len - i >= 4 && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' && at[2] <= '7' && at[3] >= '0' &&
                   at[3] <= '7') {
            *out++ = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
            i += 3;
        } else {
            return NULL;
        }
    }
    return out;
}

static enum tn_status decode_bytea(struct tn_str text, struct tn_arena *arena, struct tn_value *out,
                                   struct tn_error *err)
{
    char *copy = tn_arena_alloc(arena, text.len + 1), *end;

    if (copy == NULL)
        return tn_pg_no_memory(err);
    if (text.len >= 2 && text.ptr[0] == '\\' && text.ptr[1] == 'x')
        end = read_hex(tn_str_n(text.ptr + 2, text.len - 2), copy);
    else
        end = read_escaped(text, copy);
    if (end == NULL)
        return tn_pg_bad_text(err, "bytea", text);
    out->as.text = tn_str_n(copy, (size_t)(end - copy));
    return TN_OK;
}

/* 32 hex digits, a hyphen allowed after every four, braces allowed around. */
static enum tn_status decode_uuid(struct tn_str text, struct tn_value *out, struct tn_error *err)
{
    struct tn_str rest = text;

    if (rest.len >= 2 && rest.ptr[0] == '{' && rest.ptr[rest.len - 1] == '}')
        rest = tn_str_n(rest.ptr + 1, rest.len - 2);
    for (unsigned i = 0; i < 16; i++) {
        int high = rest.len >= 2 ? hex_digit(rest.ptr[0]) : -1, low = rest.len >= 2 ? hex_digit(rest.ptr[1]) : -1;

        if (high < 0 || low < 0)
            return tn_pg_bad_text(err, "uuid", text);
        out->as.uuid[i] = (uint8_t)(high << 4 | low);
        rest = tn_str_n(rest.ptr + 2, rest.len - 2);
        if (i % 2 == 1 && i < 15 && rest.len > 0 && rest.ptr[0] == '-')
            rest = tn_str_n(rest.ptr + 1, rest.len - 1);
    }
    return rest.len == 0 ? TN_OK : tn_pg_bad_text(err, "uuid", text);
}

static enum tn_status decode_date(struct tn_str text, struct tn_value *out, struct tn_error *err)
{
    int32_t days = 0;

    TN_TRY(tn_pg_date_parse(text, &days, err));
    out->as.i64 = days;
    return TN_OK;
}

enum tn_status tn_pg_text_decode(const struct tn_pg_type *type, struct tn_str text, const struct tn_pg_style *style,
                                 struct tn_arena *arena, struct tn_value *out, struct tn_error *err)
{
    *out = (struct tn_value){.type = type->type, .untyped = type->oid == TN_PG_UNKNOWN};
    switch (type->type) {
    case TN_TYPE_BOOL:      return decode_bool(text, out, err);
    case TN_TYPE_INT16:
    case TN_TYPE_INT32:
    case TN_TYPE_INT64:
    case TN_TYPE_UINT32:    return decode_integer(type, text, out, err);
    case TN_TYPE_FLOAT32:   return tn_pg_float4_parse(text, &out->as.f64, err);
    case TN_TYPE_FLOAT64:   return tn_pg_float8_parse(text, &out->as.f64, err);
    case TN_TYPE_NUMERIC:   return decode_numeric(text, arena, out, err);
    case TN_TYPE_BYTES:     return decode_bytea(text, arena, out, err);
    case TN_TYPE_DATE:      return decode_date(text, out, err);
    case TN_TYPE_TIME:      return tn_pg_time_parse(text, &out->as.i64, err);
    case TN_TYPE_TIMETZ:
        return tn_pg_timetz_parse(text, style->tz, &out->as.timetz.time_us, &out->as.timetz.offset_s, err);
    case TN_TYPE_TIMESTAMP: return tn_pg_timestamp_parse(text, &out->as.i64, err);
    case TN_TYPE_TIMESTAMPTZ:
        return tn_pg_timestamptz_parse(text, style->tz, &out->as.i64, err);
    case TN_TYPE_INTERVAL:  return tn_pg_interval_parse(text, style->interval, &out->as.interval, err);
    case TN_TYPE_UUID:      return decode_uuid(text, out, err);
    default:                out->as.text = text; return TN_OK;
    }
}

#include "engine/trino/trino_literal.h"

#include "base/civil.h"
#include "frontend/pgwire/pg_types.h"

#include <inttypes.h>
#include <math.h>

enum { DIGITS_MAX = 38, MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 };
#define SECOND_US INT64_C(1000000)
#define MS_NS INT64_C(1000000)
#define DAY_MS (DAY_S * INT64_C(1000))

static enum tn_status put(struct tn_buf *out, const struct tn_value *value, struct tn_error *err);

void tn_trino_string_put(struct tn_buf *out, struct tn_str text)
{
    tn_buf_put_u8(out, '\'');
    while (text.len > 0) {
        const char *quote = memchr(text.ptr, '\'', text.len);
        size_t      len = quote == NULL ? text.len : (size_t)(quote - text.ptr) + 1;

        tn_buf_append(out, text.ptr, len);
        if (quote != NULL)
            tn_buf_put_u8(out, '\'');
        text = tn_str_n(text.ptr + len, text.len - len);
    }
    tn_buf_put_u8(out, '\'');
}

static enum tn_status put_text(struct tn_buf *out, const char *type, struct tn_str text, struct tn_error *err)
{
    if (text.len > 0 && (memchr(text.ptr, '\0', text.len) != NULL || tn_utf8_valid_prefix(text.ptr, text.len) != text.len))
        return tn_fail(err, TN_E_INVALID, "22021", "a parameter's text is not UTF-8 or holds a NUL");
    tn_buf_puts(out, type);
    tn_trino_string_put(out, text);
    return TN_OK;
}

static void put_hex(struct tn_buf *out, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        tn_buf_put_u8(out, (uint8_t)"0123456789abcdef"[data[i] >> 4]);
        tn_buf_put_u8(out, (uint8_t)"0123456789abcdef"[data[i] & 15]);
    }
}

static void put_double(struct tn_buf *out, const char *type, double value, int digits)
{
    if (isnan(value))
        tn_buf_printf(out, "%s 'NaN'", type);
    else if (isinf(value))
        tn_buf_printf(out, "%s '%sInfinity'", type, value < 0 ? "-" : "");
    else
        tn_buf_printf(out, "%s '%.*g'", type, digits, value);
}

/* Digits with a sign and a point; a number with an exponent has no decimal literal, so it is a double. */
static enum tn_status put_numeric(struct tn_buf *out, struct tn_str text, struct tn_error *err)
{
    unsigned digits = 0, points = 0;
    double   number;

    text = tn_str_trim(text);
    for (size_t i = 0; i < text.len; i++) {
        digits += text.ptr[i] >= '0' && text.ptr[i] <= '9';
        points += text.ptr[i] == '.';
        if ((text.ptr[i] < '0' || text.ptr[i] > '9') && text.ptr[i] != '.' && !(i == 0 && (text.ptr[i] == '-' || text.ptr[i] == '+'))) {
            if (!tn_str_to_double(text, &number))
                return tn_fail(err, TN_E_INVALID, "22P02", "a parameter is not a number");
            put_double(out, "DOUBLE", number, 17);
            return TN_OK;
        }
    }
    if (digits == 0 || points > 1)
        return tn_fail(err, TN_E_INVALID, "22P02", "a parameter is not a number");
    if (digits > DIGITS_MAX)
        return tn_fail(err, TN_E_INVALID, "22003", "a parameter has %u digits: Trino's decimals have at most %d", digits, DIGITS_MAX);
    tn_buf_printf(out, "DECIMAL '" TN_STR_FMT "'", TN_STR_ARG(text));
    return TN_OK;
}

static void put_date(struct tn_buf *out, int64_t days)
{
    struct tn_civil date = tn_civil_from_days(days);

    tn_buf_printf(out, "%s%04d-%02u-%02u", date.year < 0 ? "-" : "", date.year < 0 ? -date.year : date.year, date.month, date.day);
}

static void put_clock(struct tn_buf *out, int64_t us)
{
    int64_t s = us / SECOND_US;

    tn_buf_printf(out, "%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%06" PRId64, s / HOUR_S, s / MINUTE_S % 60, s % 60, us % SECOND_US);
}

static enum tn_status put_timestamp(struct tn_buf *out, int64_t us, const char *zone, struct tn_error *err)
{
    int64_t days = tn_floor_div(us, DAY_S * SECOND_US);

    if (us == INT64_MAX || us == INT64_MIN)
        return tn_fail(err, TN_E_INVALID, "22008", "Trino has no infinite timestamps");
    tn_buf_puts(out, "TIMESTAMP '");
    put_date(out, days);
    tn_buf_put_u8(out, ' ');
    put_clock(out, us - days * DAY_S * SECOND_US);
    tn_buf_printf(out, "%s'", zone);
    return TN_OK;
}

static enum tn_status put_interval(struct tn_buf *out, const struct tn_interval *value, struct tn_error *err)
{
    int64_t  ms;
    uint64_t size;

    if (value->months != 0 && (value->days != 0 || value->nanoseconds != 0)) {
        tn_fail(err, TN_E_UNSUPPORTED, "0A000", "Trino has no interval of months and days at once");
        tn_error_hint(err, "give months and days as two parameters");
        return TN_E_UNSUPPORTED;
    }
    if (value->months != 0) {
        size = value->months < 0 ? -(uint64_t)value->months : (uint64_t)value->months;
        tn_buf_printf(out, "INTERVAL %s'%" PRIu64 "' MONTH", value->months < 0 ? "-" : "", size & UINT32_MAX);
        return TN_OK;
    }
    ms = value->days * DAY_MS + value->nanoseconds / MS_NS;
    size = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
    tn_buf_printf(out, "INTERVAL %s'%" PRIu64 " %02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%03" PRIu64 "' DAY TO SECOND", ms < 0 ? "-" : "",
                  size / DAY_MS, size / 3600000 % 24, size / 60000 % 60, size / 1000 % 60, size % 1000);
    return TN_OK;
}

static void put_uuid(struct tn_buf *out, const uint8_t *uuid)
{
    static const uint8_t lens[] = {4, 2, 2, 2, 6};

    tn_buf_puts(out, "UUID '");
    for (size_t i = 0; i < TN_ARRAY_LEN(lens); i++) {
        if (i > 0)
            tn_buf_put_u8(out, '-');
        put_hex(out, uuid, lens[i]);
        uuid += lens[i];
    }
    tn_buf_put_u8(out, '\'');
}

static void put_offset(struct tn_buf *out, int32_t east_s)
{
    int32_t size = east_s < 0 ? -east_s : east_s;

    tn_buf_printf(out, "%c%02d:%02d'", east_s < 0 ? '-' : '+', size / HOUR_S, size / MINUTE_S % 60);
}

static enum tn_status put_list(struct tn_buf *out, const struct tn_value *value, struct tn_error *err)
{
    tn_buf_puts(out, "ARRAY[");
    for (size_t i = 0; i < value->as.list.count; i++) {
        if (i > 0)
            tn_buf_puts(out, ", ");
        TN_TRY(put(out, &value->as.list.items[i], err));
    }
    tn_buf_put_u8(out, ']');
    return TN_OK;
}

static enum tn_status put_day(struct tn_buf *out, int64_t days, struct tn_error *err)
{
    if (days == INT32_MAX || days == INT32_MIN)
        return tn_fail(err, TN_E_INVALID, "22008", "Trino has no infinite dates");
    tn_buf_puts(out, "DATE '");
    put_date(out, days);
    tn_buf_put_u8(out, '\'');
    return TN_OK;
}

static enum tn_status put(struct tn_buf *out, const struct tn_value *value, struct tn_error *err)
{
    if (value->is_list)
        return put_list(out, value, err);
    switch (value->type) {
    case TN_TYPE_BOOL:    tn_buf_puts(out, value->as.boolean ? "true" : "false"); break;
    case TN_TYPE_INT8:    tn_buf_printf(out, "TINYINT '%" PRId64 "'", value->as.i64); break;
    case TN_TYPE_INT16:   tn_buf_printf(out, "SMALLINT '%" PRId64 "'", value->as.i64); break;
    case TN_TYPE_INT32:   tn_buf_printf(out, value->as.i64 < 0 ? "INTEGER '%" PRId64 "'" : "%" PRId64, value->as.i64); break; /* no longer than a client's own */
    case TN_TYPE_INT64:   tn_buf_printf(out, "BIGINT '%" PRId64 "'", value->as.i64); break;
    case TN_TYPE_UINT8: case TN_TYPE_UINT16: case TN_TYPE_UINT32: case TN_TYPE_UINT64:
        tn_buf_printf(out, value->as.u64 <= INT64_MAX ? "BIGINT '%" PRIu64 "'" : "DECIMAL '%" PRIu64 "'", value->as.u64);
        break;
    case TN_TYPE_FLOAT32: put_double(out, "REAL", value->as.f64, 9); break;
    case TN_TYPE_FLOAT64: put_double(out, "DOUBLE", value->as.f64, 17); break;
    case TN_TYPE_NUMERIC: return put_numeric(out, value->as.text, err);
    case TN_TYPE_TEXT:    return put_text(out, "", value->as.text, err);
    case TN_TYPE_JSON:    return put_text(out, "JSON ", value->as.text, err);
    case TN_TYPE_BYTES:
        tn_buf_puts(out, "X'");
        put_hex(out, (const uint8_t *)value->as.text.ptr, value->as.text.len);
        tn_buf_put_u8(out, '\'');
        break;
    case TN_TYPE_DATE: return put_day(out, value->as.i64, err);
    case TN_TYPE_TIME:
    case TN_TYPE_TIMETZ:
        tn_buf_puts(out, "TIME '");
        put_clock(out, (value->type == TN_TYPE_TIME ? value->as.i64 : value->as.timetz.time_us) % (DAY_S * SECOND_US));
        if (value->type == TN_TYPE_TIMETZ)
            put_offset(out, value->as.timetz.offset_s);
        else
            tn_buf_put_u8(out, '\'');
        break;
    case TN_TYPE_TIMESTAMP:   return put_timestamp(out, value->as.i64, "", err);
    case TN_TYPE_TIMESTAMPTZ: return put_timestamp(out, value->as.i64, " UTC", err);
    case TN_TYPE_INTERVAL:    return put_interval(out, &value->as.interval, err);
    case TN_TYPE_UUID:        put_uuid(out, value->as.uuid); break;
    case TN_TYPE_NULL:        tn_buf_puts(out, "NULL"); break;
    default:
        return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "a parameter of type %s has no literal in Trino", tn_type_name(value->type));
    }
    return TN_OK;
}

/* Trino's name of what a PostgreSQL type becomes; NULL = let it find out. */
static const char *sql_type(uint32_t oid)
{
    const struct tn_pg_type *type = tn_pg_type_find(oid);

    if (type == NULL)
        return NULL;
    switch (type->type) {
    case TN_TYPE_BOOL:        return "BOOLEAN";
    case TN_TYPE_INT16:       return "SMALLINT";
    case TN_TYPE_INT32:       return "INTEGER";
    case TN_TYPE_INT64:       return "BIGINT";
    case TN_TYPE_FLOAT32:     return "REAL";
    case TN_TYPE_FLOAT64:     return "DOUBLE";
    case TN_TYPE_BYTES:       return "VARBINARY";
    case TN_TYPE_JSON:        return "JSON";
    case TN_TYPE_DATE:        return "DATE";
    case TN_TYPE_TIME:        return "TIME(6)";
    case TN_TYPE_TIMESTAMP:   return "TIMESTAMP(6)";
    case TN_TYPE_TIMESTAMPTZ: return "TIMESTAMP(6) WITH TIME ZONE";
    case TN_TYPE_UUID:        return "UUID";
    case TN_TYPE_TEXT:        return type->oid == TN_PG_TEXT || type->oid == TN_PG_VARCHAR ? "VARCHAR" : NULL;
    default:                  return NULL;
    }
}

static bool needs_type(const struct tn_value *value)
{
    if (value->is_list)
        for (size_t i = 0; i < value->as.list.count; i++)
            if (value->as.list.items[i].type != TN_TYPE_NULL)
                return false;
    return value->is_list || value->type == TN_TYPE_NULL;
}

enum tn_status tn_trino_literal_put(struct tn_buf *out, const struct tn_value *value, uint32_t oid, struct tn_error *err)
{
    const struct tn_pg_type *element = value->is_list ? tn_pg_type_element(oid) : NULL;
    const char              *type = needs_type(value) ? sql_type(element != NULL ? element->oid : oid) : NULL;

    if (type != NULL)
        tn_buf_puts(out, "CAST(");
    TN_TRY(put(out, value, err));
    if (type != NULL)
        tn_buf_printf(out, element != NULL ? " AS ARRAY(%s))" : " AS %s)", type);
    return TN_OK;
}

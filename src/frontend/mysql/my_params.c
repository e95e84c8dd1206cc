#include "frontend/mysql/my_params.h"

#include "base/civil.h"
#include "base/digits.h"
#include "frontend/mysql/my_recode.h"
#include "frontend/pgwire/pg_float.h"
#include "frontend/pgwire/pg_value.h"

enum { EXACT_DOUBLE_BITS = 53, TEXT_ROOM = 64, TEXT_MAX = 1024 * 1024 * 1024 };

struct reader {
    struct tn_my_cursor             *cursor;
    const struct tn_my_param_source *source;
    struct tn_arena                 *arena;
    struct tn_error                 *err;
};

enum tn_status tn_my_parse_execute(struct tn_str body, struct tn_my_execute *out, struct tn_error *err)
{
    out->rest = tn_my_cursor_of(body);
    out->statement = tn_my_get_u32(&out->rest);
    out->flags = tn_my_get_u8(&out->rest);
    tn_my_get_u32(&out->rest); /* iterations: always 1 */
    return out->rest.failed ? tn_fail(err, TN_E_INVALID, "08S01", "malformed COM_STMT_EXECUTE") : TN_OK;
}

enum tn_status tn_my_parse_bulk(struct tn_str body, struct tn_my_bulk_execute *out, struct tn_error *err)
{
    out->rest = tn_my_cursor_of(body);
    out->statement = tn_my_get_u32(&out->rest);
    out->flags = tn_my_get_u16(&out->rest);
    return out->rest.failed ? tn_fail(err, TN_E_INVALID, "08S01", "malformed COM_STMT_BULK_EXECUTE") : TN_OK;
}

/* ---- one value: as PostgreSQL's text of a type, which every engine's adapter knows ---- */

static enum tn_status put(struct reader *r, uint32_t oid, struct tn_str text, struct tn_param *out)
{
    *out = (struct tn_param){.pg_oid = oid, .pg_bytes = text};
    return tn_pg_value_decode(oid, 0, text, r->source->style, r->arena, &out->value, r->err);
}

static enum tn_status put_short(struct reader *r, uint32_t oid, const char *text, struct tn_param *out)
{
    struct tn_str kept;

    if (!tn_arena_str(r->arena, tn_str(text), &kept))
        return tn_fail(r->err, TN_E_NOMEM, "53200", "no memory for a parameter");
    return put(r, oid, kept, out);
}

static enum tn_status put_integer(struct reader *r, uint32_t oid, bool is_unsigned, uint64_t value, struct tn_param *out)
{
    char text[TEXT_ROOM], *at = text;

    if (!is_unsigned && (int64_t)value < 0) {
        *at++ = '-';
        value = -value;
    }
    *tn_digits_put(at, value) = '\0';
    return put_short(r, oid, text, out);
}

static enum tn_status read_integer(struct reader *r, uint8_t type, bool is_unsigned, struct tn_param *out)
{
    uint64_t value;

    switch (type) {
    case TN_MY_TYPE_TINY:
        value = tn_my_get_u8(r->cursor);
        TN_TRY(put_integer(r, TN_PG_INT2, is_unsigned, is_unsigned ? value : (uint64_t)(int64_t)(int8_t)value, out));
        if (value <= 1) /* a boolean, perhaps: PostgreSQL sees from the place which */
            out->pg_oid = 0;
        return TN_OK;
    case TN_MY_TYPE_SHORT:
    case TN_MY_TYPE_YEAR:
        value = tn_my_get_u16(r->cursor);
        return put_integer(r, is_unsigned ? TN_PG_INT4 : TN_PG_INT2, is_unsigned, is_unsigned ? value : (uint64_t)(int64_t)(int16_t)value, out);
    case TN_MY_TYPE_LONG:
    case TN_MY_TYPE_INT24:
        value = tn_my_get_u32(r->cursor);
        return put_integer(r, is_unsigned ? TN_PG_INT8 : TN_PG_INT4, is_unsigned, is_unsigned ? value : (uint64_t)(int64_t)(int32_t)value, out);
    default:
        value = tn_my_get_u64(r->cursor);
        return put_integer(r, is_unsigned && value > INT64_MAX ? TN_PG_NUMERIC : TN_PG_INT8, is_unsigned, value, out);
    }
}

static enum tn_status read_float(struct reader *r, uint8_t type, struct tn_param *out)
{
    char     text[TN_PG_FLOAT_TEXT + 1];
    uint32_t bits32 = type == TN_MY_TYPE_FLOAT ? tn_my_get_u32(r->cursor) : 0;
    uint64_t bits64 = type == TN_MY_TYPE_FLOAT ? 0 : tn_my_get_u64(r->cursor);
    float    single;
    double   value;

    memcpy(&single, &bits32, sizeof single);
    memcpy(&value, &bits64, sizeof value);
    if (type == TN_MY_TYPE_FLOAT) {
        *tn_pg_put_float4(text, single, 1) = '\0';
        return put_short(r, TN_PG_FLOAT4, text, out);
    }
    if (r->source->integral_doubles && value >= -(double)(UINT64_C(1) << EXACT_DOUBLE_BITS) && value <= (double)(UINT64_C(1) << EXACT_DOUBLE_BITS) &&
        value == (double)(int64_t)value) {
        int64_t integer = (int64_t)value;

        return put_integer(r, integer >= INT32_MIN && integer <= INT32_MAX ? TN_PG_INT4 : TN_PG_INT8, false, (uint64_t)integer, out);
    }
    *tn_pg_put_float8(text, value, 1) = '\0';
    return put_short(r, TN_PG_FLOAT8, text, out);
}

/* A length, then as many of the fields as are not zero at the end. */
static enum tn_status read_datetime(struct reader *r, uint8_t type, struct tn_param *out)
{
    uint8_t  len = tn_my_get_u8(r->cursor);
    unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    uint32_t us = 0;
    char     text[TEXT_ROOM];

    if (len != 0 && len != 4 && len != 7 && len != 11) {
        r->cursor->failed = true;
        return TN_OK;
    }
    if (len >= 4) {
        year = tn_my_get_u16(r->cursor);
        month = tn_my_get_u8(r->cursor);
        day = tn_my_get_u8(r->cursor);
    }
    if (len >= 7) {
        hour = tn_my_get_u8(r->cursor);
        minute = tn_my_get_u8(r->cursor);
        second = tn_my_get_u8(r->cursor);
    }
    if (len == 11)
        us = tn_my_get_u32(r->cursor);
    if (r->cursor->failed)
        return TN_OK;
    if (month < 1 || month > 12 || day < 1 || day > tn_civil_month_days(year, month) || hour > 23 || minute > 59 || second > 59 || us > 999999)
        return tn_fail(r->err, TN_E_INVALID, "22007", "Incorrect datetime value: '%04u-%02u-%02u %02u:%02u:%02u.%06u'", year, month, day, hour, minute,
                       second, us);
    if (type == TN_MY_TYPE_DATE)
        snprintf(text, sizeof text, "%04u-%02u-%02u", year, month, day);
    else
        snprintf(text, sizeof text, "%04u-%02u-%02u %02u:%02u:%02u.%06u", year, month, day, hour, minute, second, us);
    return put_short(r, type == TN_MY_TYPE_DATE ? TN_PG_DATE : TN_PG_TIMESTAMP, text, out);
}

static enum tn_status read_time(struct reader *r, struct tn_param *out)
{
    uint8_t  len = tn_my_get_u8(r->cursor), negative = 0, hour = 0, minute = 0, second = 0;
    uint32_t days = 0, us = 0;
    char     text[TEXT_ROOM];

    if (len != 0 && len != 8 && len != 12) {
        r->cursor->failed = true;
        return TN_OK;
    }
    if (len >= 8) {
        negative = tn_my_get_u8(r->cursor);
        days = tn_my_get_u32(r->cursor);
        hour = tn_my_get_u8(r->cursor);
        minute = tn_my_get_u8(r->cursor);
        second = tn_my_get_u8(r->cursor);
    }
    if (len == 12)
        us = tn_my_get_u32(r->cursor);
    if (r->cursor->failed)
        return TN_OK;
    if (days > 34 || hour > 23 || minute > 59 || second > 59 || us > 999999)
        return tn_fail(r->err, TN_E_INVALID, "22007", "Incorrect time value: '%u %02u:%02u:%02u.%06u'", days, hour, minute, second, us);
    snprintf(text, sizeof text, "%s%02u:%02u:%02u.%06u", negative ? "-" : "", days * 24 + hour, minute, second, us);
    return put_short(r, negative || days > 0 ? TN_PG_INTERVAL : TN_PG_TIME, text, out);
}

/* Bytes as PostgreSQL writes them. */
static enum tn_status put_bytes(struct reader *r, struct tn_str bytes, struct tn_param *out)
{
    static const char digits[] = "0123456789abcdef";
    char             *text = tn_arena_alloc(r->arena, 3 + 2 * bytes.len), *at = text;

    if (text == NULL)
        return tn_fail(r->err, TN_E_NOMEM, "53200", "no memory for a parameter");
    *at++ = '\\';
    *at++ = 'x';
    for (size_t i = 0; i < bytes.len; i++) {
        *at++ = digits[(unsigned char)bytes.ptr[i] >> 4];
        *at++ = digits[(unsigned char)bytes.ptr[i] & 15];
    }
    *at = '\0';
    return put(r, TN_PG_BYTEA, tn_str_n(text, (size_t)(at - text)), out);
}

/* *TEXT, of the client's character set; what is none of its texts stays as it is. */
static bool to_utf8(struct reader *r, struct tn_str *text)
{
    struct tn_buf recoded;
    bool          ok = true;

    if (r->source->charset == NULL || tn_my_is_ascii(*text))
        return true;
    tn_buf_init(&recoded, TEXT_MAX);
    ok = tn_my_recode_text(r->source->charset, true, *text, &recoded);
    if (ok && !tn_my_has_mark(tn_buf_str(&recoded)))
        ok = tn_arena_str(r->arena, tn_buf_str(&recoded), text);
    tn_buf_reset(&recoded);
    return ok;
}

/* A text that the client did not say more of: the engine decides what it is. */
static enum tn_status put_text(struct reader *r, uint8_t type, struct tn_str bytes, struct tn_param *out)
{
    struct tn_str kept = bytes;
    bool          blob = type == TN_MY_TYPE_BLOB || type == TN_MY_TYPE_TINY_BLOB || type == TN_MY_TYPE_MEDIUM_BLOB || type == TN_MY_TYPE_LONG_BLOB ||
                type == TN_MY_TYPE_BIT || type == TN_MY_TYPE_GEOMETRY;

    if (!blob && !to_utf8(r, &kept))
        return tn_fail(r->err, TN_E_NOMEM, "53200", "no memory for a parameter");
    if (blob || tn_utf8_valid_prefix(kept.ptr, kept.len) < kept.len || (bytes.len > 0 && memchr(bytes.ptr, '\0', bytes.len) != NULL))
        return put_bytes(r, bytes, out);
    if (kept.ptr == bytes.ptr && !tn_arena_str(r->arena, bytes, &kept))
        return tn_fail(r->err, TN_E_NOMEM, "53200", "no memory for a parameter");
    return put(r, type == TN_MY_TYPE_NEWDECIMAL || type == TN_MY_TYPE_DECIMAL ? (uint32_t)TN_PG_NUMERIC : type == TN_MY_TYPE_JSON ? (uint32_t)TN_PG_JSON : 0, kept, out);
}

static enum tn_status read_value(struct reader *r, uint16_t declared, struct tn_param *out)
{
    uint8_t type = (uint8_t)(declared & 0xff);
    bool    is_unsigned = (declared & TN_MY_PARAM_UNSIGNED) != 0;

    switch (type) {
    case TN_MY_TYPE_TINY: case TN_MY_TYPE_SHORT: case TN_MY_TYPE_YEAR: case TN_MY_TYPE_LONG: case TN_MY_TYPE_INT24: case TN_MY_TYPE_LONGLONG:
        return read_integer(r, type, is_unsigned, out);
    case TN_MY_TYPE_FLOAT: case TN_MY_TYPE_DOUBLE:
        return read_float(r, type, out);
    case TN_MY_TYPE_DATE: case TN_MY_TYPE_DATETIME: case TN_MY_TYPE_TIMESTAMP:
        return read_datetime(r, type, out);
    case TN_MY_TYPE_TIME:
        return read_time(r, out);
    case TN_MY_TYPE_NULL:
        *out = (struct tn_param){.value = {.type = TN_TYPE_NULL}};
        return TN_OK;
    default: {
        struct tn_str bytes = tn_my_get_lenenc_str(r->cursor, NULL);

        return r->cursor->failed ? TN_OK : put_text(r, type, bytes, out);
    }
    }
}

static bool read_types(struct reader *r)
{
    const struct tn_my_param_source *source = r->source;

    if (tn_my_get_u8(r->cursor) == 0)
        return *source->types_known;
    for (size_t i = 0; i < source->count; i++)
        source->types[i] = tn_my_get_u16(r->cursor);
    *source->types_known = !r->cursor->failed;
    return *source->types_known;
}

enum tn_status tn_my_read_params(struct tn_my_cursor *rest, const struct tn_my_param_source *source, struct tn_arena *arena,
                                 struct tn_param *out, struct tn_error *err)
{
    struct reader r = {.cursor = rest, .source = source, .arena = arena, .err = err};
    struct tn_str nulls = tn_my_get_bytes(rest, (source->count + 7) / 8);

    if (rest->failed || !read_types(&r))
        return tn_fail(err, TN_E_INVALID, "42P02", "Incorrect arguments to mysqld_stmt_execute: no types of parameters");
    for (size_t i = 0; i < source->count; i++) {
        if (source->long_data != NULL && source->long_data[i].ptr != NULL)
            TN_TRY(put_text(&r, (uint8_t)(source->types[i] & 0xff), source->long_data[i], &out[i]));
        else if (tn_bit_get((const uint8_t *)nulls.ptr, (int64_t)i))
            out[i] = (struct tn_param){.value = {.type = TN_TYPE_NULL}};
        else
            TN_TRY(read_value(&r, source->types[i], &out[i]));
        if (rest->failed)
            return tn_fail(err, TN_E_INVALID, "42P02", "Incorrect arguments to mysqld_stmt_execute: parameter %zu is not there", i + 1);
    }
    return TN_OK;
}

/* ---- rows of a bulk ---- */

enum tn_status tn_my_read_bulk_types(struct tn_my_cursor *rest, uint16_t *types, size_t count, struct tn_error *err)
{
    for (size_t i = 0; i < count; i++)
        types[i] = tn_my_get_u16(rest);
    return rest->failed ? tn_fail(err, TN_E_INVALID, "08S01", "malformed COM_STMT_BULK_EXECUTE: the types of parameters") : TN_OK;
}

enum tn_status tn_my_read_bulk_row(struct tn_my_cursor *rest, const struct tn_my_param_source *source, struct tn_arena *arena,
                                   struct tn_param *out, uint8_t *indicators, struct tn_error *err)
{
    struct reader r = {.cursor = rest, .source = source, .arena = arena, .err = err};

    for (size_t i = 0; i < source->count; i++) {
        indicators[i] = tn_my_get_u8(rest);
        out[i] = (struct tn_param){.value = {.type = TN_TYPE_NULL}};
        if (indicators[i] == TN_MY_INDICATOR_NONE && !rest->failed)
            TN_TRY(read_value(&r, source->types[i], &out[i]));
        if (rest->failed || indicators[i] > TN_MY_INDICATOR_IGNORE)
            return tn_fail(err, TN_E_INVALID, "42P02", "Incorrect arguments to mysqld_stmt_bulk_execute: parameter %zu of a row is not there", i + 1);
    }
    return TN_OK;
}

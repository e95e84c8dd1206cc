/* Parameters as literals in the text, for servers that prepare few statements or none (StarRocks). */
#include "base/civil.h"
#include "engine/mysql/mysql_describe.h"
#include "stats/lexer.h"

#include <inttypes.h>

#define DAY_US INT64_C(86400000000)

/* Those servers take \ for an escape, always. */
static void put_string(struct tn_buf *out, struct tn_str text)
{
    tn_buf_put_u8(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\'' || text.ptr[i] == '\\')
            tn_buf_put_u8(out, '\\');
        if (text.ptr[i] == '\0')
            tn_buf_puts(out, "\\0");
        else
            tn_buf_put_u8(out, (uint8_t)text.ptr[i]);
    }
    tn_buf_put_u8(out, '\'');
}

static void put_hex(struct tn_buf *out, struct tn_str bytes)
{
    tn_buf_puts(out, "x'");
    for (size_t i = 0; i < bytes.len; i++)
        tn_buf_printf(out, "%02x", (uint8_t)bytes.ptr[i]);
    tn_buf_put_u8(out, '\'');
}

static void put_moment(struct tn_buf *out, enum tn_type type, int64_t value)
{
    int64_t         days = type == TN_TYPE_DATE ? value : tn_floor_div(value, DAY_US), us = value - days * DAY_US;
    struct tn_civil date = tn_civil_from_days(days);

    tn_buf_printf(out, "'%04" PRId32 "-%02u-%02u", date.year, date.month, date.day);
    if (type != TN_TYPE_DATE)
        tn_buf_printf(out, " %02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%06" PRId64, us / 3600000000, us / 60000000 % 60, us / 1000000 % 60,
                      us % 1000000);
    tn_buf_put_u8(out, '\'');
}

/* Digits, sign, point, exponent: anything else would be SQL. */
static bool is_plain_number(struct tn_str text)
{
    double number;

    return tn_str_to_double(text, &number) && number - number == 0.0;
}

static enum tn_status put_literal(struct tn_buf *out, const struct tn_value *value, struct tn_error *err)
{
    switch (value->type) {
    case TN_TYPE_NULL:
        tn_buf_puts(out, "NULL");
        return TN_OK;
    case TN_TYPE_BOOL:
        tn_buf_puts(out, value->as.boolean ? "TRUE" : "FALSE");
        return TN_OK;
    case TN_TYPE_INT8: case TN_TYPE_INT16: case TN_TYPE_INT32: case TN_TYPE_INT64:
        tn_buf_printf(out, "%" PRId64, value->as.i64);
        return TN_OK;
    case TN_TYPE_UINT8: case TN_TYPE_UINT16: case TN_TYPE_UINT32: case TN_TYPE_UINT64:
        tn_buf_printf(out, "%" PRIu64, value->as.u64);
        return TN_OK;
    case TN_TYPE_FLOAT32: case TN_TYPE_FLOAT64:
        if (value->as.f64 - value->as.f64 != 0.0)
            break;
        tn_buf_printf(out, "%.17g", value->as.f64);
        return TN_OK;
    case TN_TYPE_NUMERIC:
        if (!is_plain_number(value->as.text))
            break;
        tn_buf_put_str(out, value->as.text);
        return TN_OK;
    case TN_TYPE_TEXT: case TN_TYPE_JSON:
        put_string(out, value->as.text);
        return TN_OK;
    case TN_TYPE_BYTES:
        put_hex(out, value->as.text);
        return TN_OK;
    case TN_TYPE_DATE: case TN_TYPE_TIMESTAMP: case TN_TYPE_TIMESTAMPTZ:
        put_moment(out, value->type, value->as.i64);
        return TN_OK;
    default:
        break;
    }
    tn_fail(err, TN_E_UNSUPPORTED, "0A000", "a parameter has a value that cannot be written as a literal here");
    tn_error_blame(err, TN_FAULT_UNSUPPORTED, false);
    return TN_E_UNSUPPORTED;
}

static uint64_t number_of(const struct tn_token *token, size_t seen)
{
    return token->text.ptr[0] == '$' ? (uint64_t)token->param : (uint64_t)seen + 1;
}

enum tn_status tn_mysql_interpolate(struct tn_buf *out, struct tn_str sql, const struct tn_params *params, struct tn_error *err)
{
    struct tn_lexer lexer;
    struct tn_token token;
    size_t          copied = 0, seen = 0;

    if (params->count == 0) {
        tn_buf_put_str(out, sql);
        return TN_OK;
    }
    tn_lexer_init(&lexer, sql, TN_DIALECT_MYSQL);
    while (tn_lexer_next(&lexer, &token)) {
        size_t   at = (size_t)(token.text.ptr - sql.ptr), end = at + 1;
        uint64_t number = 0;

        if (token.kind == TN_TOKEN_STRING || token.kind == TN_TOKEN_IDENT || token.text.len == 0 || at < copied)
            continue;
        if (token.text.ptr[0] == '?' && token.kind == TN_TOKEN_PARAM)
            number = number_of(&token, seen++);
        for (; token.text.ptr[0] == '$' && end < sql.len && sql.ptr[end] >= '0' && sql.ptr[end] <= '9'; end++)
            number = TN_MIN(number * 10 + (uint64_t)(sql.ptr[end] - '0'), (uint64_t)UINT32_MAX);
        if (number == 0)
            continue;
        if (number > params->count)
            return tn_fail(err, TN_E_INVALID, "08P01", "no value for parameter $%" PRIu64, number);
        tn_buf_append(out, sql.ptr + copied, at - copied);
        if (at > 0 && sql.ptr[at - 1] == '-')
            tn_buf_put_u8(out, ' '); /* "--5" begins a comment in StarRocks */
        TN_TRY(put_literal(out, &params->items[number - 1].value, err));
        copied = end;
    }
    tn_buf_append(out, sql.ptr + copied, sql.len - copied);
    return TN_OK;
}

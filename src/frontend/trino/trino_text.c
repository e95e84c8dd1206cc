#include "frontend/trino/trino_text.h"

#include "base/civil.h"
#include "frontend/pgwire/pg_digits.h"
#include "frontend/pgwire/pg_float.h"
#include "frontend/pgwire/pg_text.h"

#include <math.h>
#include <stdio.h>

#define SECOND_US INT64_C(1000000)
#define DAY_US (INT64_C(86400) * SECOND_US)

static char *put_literal(char *out, const char *text)
{
    size_t len = strlen(text);

    memcpy(out, text, len);
    return out + len;
}

static char *put_special(char *out, double value)
{
    return put_literal(out, isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
}

/* The driver for Java takes a number without a point or an exponent for an integer, and refuses it. */
static char *put_point(const char *start, char *end)
{
    for (const char *c = start; c < end; c++)
        if (*c == '.' || *c == 'e')
            return end;
    return put_literal(end, ".0");
}

char *tn_trino_put_double(char *out, double value)
{
    return isfinite(value) ? put_point(out, tn_pg_put_float8(out, value, 1)) : put_special(out, value);
}

char *tn_trino_put_real(char *out, float value)
{
    char *end;

    if (!isfinite(value))
        return put_special(out, (double)value);
    end = tn_pg_put_float4(out, value, 1);
    if (fpclassify(value) == FP_SUBNORMAL && out[1 + (value < 0)] == 'e') /* two digits, as Java has it: clients read 1.4e-45 as a double */
        return out + snprintf(out, TN_TRINO_ROOM, "%.1e", (double)value);
    return put_point(out, end);
}

/* yyyy-mm-dd without quotes */
static char *put_civil(char *out, int64_t days)
{
    struct tn_civil date = tn_civil_from_days(days);
    uint32_t        year = (uint32_t)(date.year < 0 ? -(int64_t)date.year : date.year);

    if (date.year < 0)
        *out++ = '-';
    else if (year > 9999)
        *out++ = '+';
    out = tn_pg_put_digits(out, year, TN_MAX(tn_pg_count_digits(year), 4u));
    out[0] = '-';
    tn_pg_put2(out + 1, date.month);
    out[3] = '-';
    tn_pg_put2(out + 4, date.day);
    return out + 6;
}

static char *put_clock(char *out, int64_t us, unsigned digits)
{
    uint32_t second = (uint32_t)(us / SECOND_US);

    tn_pg_put2(out, second / 3600);
    out[2] = ':';
    tn_pg_put2(out + 3, second / 60 % 60);
    out[5] = ':';
    tn_pg_put2(out + 6, second % 60);
    if (digits == 0)
        return out + 8;
    out[8] = '.';
    tn_pg_put_digits(out + 9, (uint64_t)(us % SECOND_US), 6);
    return out + 9 + digits;
}

static char *put_offset(char *out, int32_t east_s)
{
    uint32_t minutes = (uint32_t)(east_s < 0 ? -east_s : east_s) / 60;

    *out = east_s < 0 ? '-' : '+';
    tn_pg_put2(out + 1, minutes / 60);
    out[3] = ':';
    tn_pg_put2(out + 4, minutes % 60);
    return out + 6;
}

static char *close_quote(char *out)
{
    *out = '"';
    return out + 1;
}

char *tn_trino_put_date(char *out, int32_t days)
{
    if (days == INT32_MAX || days == INT32_MIN)
        return NULL;
    *out = '"';
    return close_quote(put_civil(out + 1, days));
}

/* 24:00:00, which PostgreSQL and DuckDB have, is none of Trino's. */
static bool time_ok(int64_t us)
{
    return us >= 0 && us < DAY_US;
}

char *tn_trino_put_time(char *out, int64_t us, unsigned digits)
{
    if (!time_ok(us))
        return NULL;
    *out = '"';
    return close_quote(put_clock(out + 1, us, digits));
}

char *tn_trino_put_timetz(char *out, int64_t us, int32_t east_s, unsigned digits)
{
    if (!time_ok(us) || east_s <= -86400 || east_s >= 86400)
        return NULL;
    *out = '"';
    return close_quote(put_offset(put_clock(out + 1, us, digits), east_s));
}

static char *put_local(char *out, int64_t us, unsigned digits)
{
    int64_t days = tn_floor_div(us, DAY_US);

    out = put_civil(out, days);
    *out = ' ';
    return put_clock(out + 1, us - days * DAY_US, digits);
}

static bool is_infinite(int64_t us)
{
    return us == INT64_MAX || us == INT64_MIN;
}

char *tn_trino_put_timestamp(char *out, int64_t unix_us, unsigned digits)
{
    if (is_infinite(unix_us))
        return NULL;
    *out = '"';
    return close_quote(put_local(out + 1, unix_us, digits));
}

char *tn_trino_put_timestamptz(char *out, int64_t unix_us, const struct tn_tz *tz, struct tn_tz_range *range, unsigned digits)
{
    int32_t     offset = tz == NULL ? 0 : tn_tz_offset(tz, tn_floor_div(unix_us, SECOND_US), range);
    const char *name = tz == NULL ? "UTC" : tn_tz_name(tz);
    int64_t     local;

    if (is_infinite(unix_us) || __builtin_add_overflow(unix_us, offset * SECOND_US, &local))
        return NULL;
    *out = '"';
    out = put_local(out + 1, local, digits);
    *out++ = ' ';
    if (name[0] == '<' || strlen(name) > 64) /* a rule of POSIX, not a name */
        return close_quote(put_offset(out, offset));
    return close_quote(put_literal(out, name));
}

char *tn_trino_put_interval(char *out, const struct tn_interval *value)
{
    __extension__ typedef __int128 wide;
    wide     ns = (wide)value->days * 86400 * 1000000000 + value->nanoseconds;
    uint64_t ms = (uint64_t)((ns < 0 ? -ns : ns) / 1000000);

    if (value->months != 0)
        return NULL;
    *out++ = '"';
    if (ns < 0)
        *out++ = '-';
    out = tn_pg_put_u64(out, ms / 86400000);
    *out = ' ';
    return close_quote(put_clock(out + 1, (int64_t)(ms % 86400000) * 1000, 3));
}

char *tn_trino_put_months(char *out, const struct tn_interval *value)
{
    uint64_t months = value->months < 0 ? (uint64_t)-(int64_t)value->months : (uint64_t)value->months;

    if (value->days != 0 || value->nanoseconds != 0)
        return NULL;
    *out++ = '"';
    if (value->months < 0)
        *out++ = '-';
    out = tn_pg_put_u64(out, months / 12);
    *out = '-';
    return close_quote(tn_pg_put_u64(out + 1, months % 12));
}

char *tn_trino_put_uuid(char *out, const void *uuid)
{
    *out = '"';
    return close_quote(tn_pg_put_uuid(out + 1, uuid));
}

/* Printable ASCII without quote and backslash: copied as it is. */
static bool is_plain(const char *text, size_t len)
{
    bool plain = true;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        plain &= (unsigned)(c - 0x20) < 0x5f && c != '"' && c != '\\';
    }
    return plain;
}

void tn_trino_put_text(struct tn_buf *out, struct tn_str text)
{
    if (!is_plain(text.ptr, text.len)) {
        tn_buf_put_json(out, text);
        return;
    }
    if (!tn_buf_reserve(out, text.len + 2))
        return;
    out->data[out->len] = '"';
    if (text.len > 0)
        memcpy(out->data + out->len + 1, text.ptr, text.len);
    out->data[out->len + 1 + text.len] = '"';
    out->len += text.len + 2;
}

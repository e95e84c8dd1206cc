#include "frontend/pgwire/pg_text.h"

#include "base/civil.h"
#include "frontend/pgwire/pg_digits.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
#define SECOND_US INT64_C(1000000)

enum { DAY_S = 86400 };

static char *put_literal(char *out, const char *text)
{
    size_t len = strlen(text);

    memcpy(out, text, len);
    return out + len;
}

/* yyyy-mm-dd of the year's number in its era. */
static inline char *put_civil(char *out, struct tn_civil date)
{
    uint32_t year = date.year > 0 ? (uint32_t)date.year : 1 - (uint32_t)date.year;

    if (TN_LIKELY(year < 10000)) {
        tn_pg_put4(out, year);
        out += 4;
    } else {
        out = tn_pg_put_u64(out, year);
    }
    out[0] = '-';
    tn_pg_put2(out + 1, date.month);
    out[3] = '-';
    tn_pg_put2(out + 4, date.day);
    return out + 6;
}

static inline char *put_era(char *out, struct tn_civil date)
{
    return TN_LIKELY(date.year > 0) ? out : put_literal(out, " BC");
}

/* .ffffff without trailing zeros; nothing for 0. */
static inline char *put_fraction(char *out, uint32_t us)
{
    if (TN_LIKELY(us == 0))
        return out;
    *out = '.';
    tn_pg_put_digits(out + 1, us, 6);
    out += 7;
    while (out[-1] == '0')
        out--;
    return out;
}

/* hh:mm:ss of a second of the day. */
static inline char *put_clock(char *out, uint32_t second)
{
    tn_pg_put2(out, second / 3600);
    out[2] = ':';
    tn_pg_put2(out + 3, second / 60 % 60);
    out[5] = ':';
    tn_pg_put2(out + 6, second % 60);
    return out + 8;
}

static char *put_zone(char *out, int32_t east_s)
{
    uint32_t magnitude = (uint32_t)(east_s < 0 ? -east_s : east_s);

    *out++ = east_s < 0 ? '-' : '+';
    tn_pg_put2(out, magnitude / 3600);
    out += 2;
    if (magnitude % 3600 == 0)
        return out;
    *out = ':';
    tn_pg_put2(out + 1, magnitude / 60 % 60);
    out += 3;
    if (magnitude % 60 == 0)
        return out;
    *out = ':';
    tn_pg_put2(out + 1, magnitude % 60);
    return out + 3;
}

char *tn_pg_put_date(char *out, int32_t days)
{
    struct tn_civil date;

    if (TN_UNLIKELY(days == INT32_MAX || days <= -INT32_MAX))
        return put_literal(out, days > 0 ? "infinity" : "-infinity");
    date = tn_civil_from_days(days);
    return put_era(put_civil(out, date), date);
}

char *tn_pg_put_time(char *out, int64_t us)
{
    return put_fraction(put_clock(out, (uint32_t)(us / SECOND_US)), (uint32_t)(us % SECOND_US));
}

char *tn_pg_put_timetz(char *out, int64_t us, int32_t east_s)
{
    return put_zone(tn_pg_put_time(out, us), east_s);
}

static inline bool is_infinite(int64_t us)
{
    return us == INT64_MAX || us <= -INT64_MAX;
}

static inline char *put_moment(char *out, int64_t local_s, uint32_t us, struct tn_civil *date)
{
    int64_t days = tn_floor_div(local_s, DAY_S);

    *date = tn_civil_from_days(days);
    out = put_civil(out, *date);
    *out++ = ' ';
    return put_fraction(put_clock(out, (uint32_t)(local_s - days * DAY_S)), us);
}

char *tn_pg_put_timestamp(char *out, int64_t unix_us)
{
    struct tn_civil date;
    int64_t         second;

    if (TN_UNLIKELY(is_infinite(unix_us)))
        return put_literal(out, unix_us > 0 ? "infinity" : "-infinity");
    second = tn_floor_div(unix_us, SECOND_US);
    out = put_moment(out, second, (uint32_t)(unix_us - second * SECOND_US), &date);
    return put_era(out, date);
}

char *tn_pg_put_timestamptz(char *out, int64_t unix_us, const struct tn_tz *tz, struct tn_tz_range *range)
{
    struct tn_civil date;
    int64_t         second;
    int32_t         east_s;

    if (TN_UNLIKELY(is_infinite(unix_us)))
        return put_literal(out, unix_us > 0 ? "infinity" : "-infinity");
    second = tn_floor_div(unix_us, SECOND_US);
    east_s = tn_tz_offset(tz, second, range);
    out = put_moment(out, second + east_s, (uint32_t)(unix_us - second * SECOND_US), &date);
    return put_era(put_zone(out, east_s), date);
}

char *tn_pg_put_uuid(char *out, const void *uuid)
{
    static const char hex[] = "0123456789abcdef";
    const uint8_t    *bytes = uuid;

    for (unsigned i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = hex[bytes[i] >> 4];
        *out++ = hex[bytes[i] & 15];
    }
    return out;
}

char *tn_pg_put_bytea_hex(char *out, const void *data, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    const uint8_t    *bytes = data;

    *out++ = '\\';
    *out++ = 'x';
    for (size_t i = 0; i < len; i++) {
        *out++ = hex[bytes[i] >> 4];
        *out++ = hex[bytes[i] & 15];
    }
    return out;
}

char *tn_pg_put_bytea_escape(char *out, const void *data, size_t len)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < len; i++) {
        uint8_t c = bytes[i];

        if (c >= 0x20 && c <= 0x7e) {
            *out++ = (char)c;
            if (c == '\\')
                *out++ = '\\';
        } else {
            out[0] = '\\';
            out[1] = (char)('0' + (c >> 6));
            out[2] = (char)('0' + (c >> 3 & 7));
            out[3] = (char)('0' + (c & 7));
            out += 4;
        }
    }
    return out;
}

bool tn_pg_text_is_clean(const char *data, size_t len)
{
    return len == 0 || (memchr(data, '\0', len) == NULL && tn_utf8_valid_prefix(data, len) == len);
}

/* Valid UTF-8, with NUL bytes to replace. */
static char *put_without_nul(char *out, const char *data, size_t len)
{
    while (len > 0) {
        const char *nul = memchr(data, '\0', len);
        size_t      good = nul == NULL ? len : (size_t)(nul - data);

        memcpy(out, data, good);
        out += good;
        if (nul == NULL)
            break;
        out = put_literal(out, REPLACEMENT);
        data += good + 1;
        len -= good + 1;
    }
    return out;
}

char *tn_pg_put_clean_text(char *out, const char *data, size_t len)
{
    while (len > 0) {
        size_t good = tn_utf8_valid_prefix(data, len);

        out = put_without_nul(out, data, good);
        data += good;
        len -= good;
        if (len > 0) {
            out = put_literal(out, REPLACEMENT);
            data++;
            len--;
        }
    }
    return out;
}

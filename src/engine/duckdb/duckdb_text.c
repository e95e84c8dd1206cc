#include "engine/duckdb/duckdb_text.h"

#include "base/alloc.h"
#include "base/civil.h"

#include <math.h>

__extension__ typedef unsigned __int128 wide;

static void put_day(struct tn_buf *out, int64_t days)
{
    struct tn_civil day = tn_civil_from_days(days);

    tn_buf_printf(out, "%04d-%02u-%02u%s", day.year > 0 ? day.year : 1 - day.year, day.month, day.day, day.year > 0 ? "" : " (BC)");
}

void tn_duckdb_put_date(struct tn_buf *out, int32_t days)
{
    if (days == TN_DUCKDB_DATE_INFINITY)
        tn_buf_puts(out, "infinity");
    else if (days == -TN_DUCKDB_DATE_INFINITY)
        tn_buf_puts(out, "-infinity");
    else
        put_day(out, days);
}

/* ".25" from 250000 of 6 digits; nothing when it is zero. */
static void put_fraction(struct tn_buf *out, int64_t fraction, unsigned digits)
{
    char text[24];
    int  len;

    if (fraction == 0)
        return;
    len = snprintf(text, sizeof text, ".%0*lld", (int)digits, (long long)fraction);
    while (len > 0 && text[len - 1] == '0')
        len--;
    tn_buf_append(out, text, (size_t)len);
}

static int64_t power_of_ten(unsigned digits)
{
    static const int64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};

    return powers[digits];
}

void tn_duckdb_put_time(struct tn_buf *out, int64_t value, unsigned digits)
{
    int64_t unit = power_of_ten(digits);
    int64_t seconds = value / unit;

    tn_buf_printf(out, "%02lld:%02lld:%02lld", (long long)(seconds / 3600), (long long)(seconds / 60 % 60), (long long)(seconds % 60));
    put_fraction(out, value % unit, digits);
}

void tn_duckdb_put_time_tz(struct tn_buf *out, uint64_t bits)
{
    int offset = 57599 - (int)(bits & 0xFFFFFF);
    int east = offset < 0 ? -offset : offset;

    tn_duckdb_put_time(out, (int64_t)(bits >> 24), 6);
    tn_buf_printf(out, "%c%02d", offset < 0 ? '-' : '+', east / 3600);
    if (east % 3600 != 0)
        tn_buf_printf(out, ":%02d", east / 60 % 60);
    if (east % 60 != 0)
        tn_buf_printf(out, ":%02d", east % 60);
}

void tn_duckdb_put_timestamp(struct tn_buf *out, int64_t value, unsigned digits)
{
    int64_t day = 86400 * power_of_ten(digits);
    int64_t days = value / day, rest = value % day;

    if (value == INT64_MAX || value == -INT64_MAX) {
        tn_buf_puts(out, value > 0 ? "infinity" : "-infinity");
        return;
    }
    if (rest < 0) {
        rest += day;
        days--;
    }
    if (days < INT32_MIN || days > INT32_MAX) { /* seconds or milliseconds beyond any calendar: the bare number */
        tn_buf_printf(out, "%lld", (long long)value);
        return;
    }
    put_day(out, days);
    tn_buf_put_u8(out, ' ');
    tn_duckdb_put_time(out, rest, digits);
}

static void put_unit(struct tn_buf *out, size_t start, int32_t value, const char *unit)
{
    if (value != 0)
        tn_buf_printf(out, "%s%d %s%s", out->len > start ? " " : "", value, unit, value == 1 || value == -1 ? "" : "s");
}

void tn_duckdb_put_interval(struct tn_buf *out, const struct tn_duckdb_interval *interval)
{
    size_t   start = out->len;
    uint64_t micros = interval->micros < 0 ? 0 - (uint64_t)interval->micros : (uint64_t)interval->micros;

    put_unit(out, start, interval->months / 12, "year");
    put_unit(out, start, interval->months % 12, "month");
    put_unit(out, start, interval->days, "day");
    if (micros == 0 && out->len > start)
        return;
    if (out->len > start)
        tn_buf_put_u8(out, ' ');
    if (interval->micros < 0)
        tn_buf_put_u8(out, '-');
    tn_buf_printf(out, "%02llu:%02llu:%02llu", (unsigned long long)(micros / 3600000000u), (unsigned long long)(micros / 60000000u % 60),
                  (unsigned long long)(micros / 1000000u % 60));
    put_fraction(out, (int64_t)(micros % 1000000u), 6);
}

void tn_duckdb_uuid_bytes(uint8_t out[16], const struct tn_duckdb_hugeint *value)
{
    uint64_t upper = __builtin_bswap64((uint64_t)value->upper ^ (UINT64_C(1) << 63));
    uint64_t lower = __builtin_bswap64(value->lower);

    memcpy(out, &upper, 8);
    memcpy(out + 8, &lower, 8);
}

void tn_duckdb_put_uuid(struct tn_buf *out, const struct tn_duckdb_hugeint *value)
{
    uint8_t bytes[16];

    tn_duckdb_uuid_bytes(bytes, value);
    for (unsigned i = 0; i < 16; i++)
        tn_buf_printf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
}

/* Decimal digits of VALUE, at least WIDTH of them, into the end of TEXT; where they begin. */
static char *digits_of(char text[48], wide value, unsigned width)
{
    char *at = text + 48;

    while (value != 0 || width > 0) {
        *--at = (char)('0' + (int)(value % 10));
        value /= 10;
        width -= width > 0;
    }
    return at;
}

void tn_duckdb_put_uhugeint(struct tn_buf *out, uint64_t upper, uint64_t lower)
{
    char  text[48];
    char *at = digits_of(text, (wide)upper << 64 | lower, 1);

    tn_buf_append(out, at, (size_t)(text + 48 - at));
}

void tn_duckdb_put_decimal(struct tn_buf *out, const struct tn_duckdb_hugeint *value, unsigned scale)
{
    char  text[48];
    wide  magnitude = (wide)(uint64_t)value->upper << 64 | value->lower;
    char *at;

    if (value->upper < 0) {
        magnitude = 0 - magnitude;
        tn_buf_put_u8(out, '-');
    }
    at = digits_of(text, magnitude, scale + 1);
    tn_buf_append(out, at, (size_t)(text + 48 - at) - scale);
    if (scale > 0) {
        tn_buf_put_u8(out, '.');
        tn_buf_append(out, text + 48 - scale, scale);
    }
}

void tn_duckdb_put_double(struct tn_buf *out, double value, bool single)
{
    char text[40];
    int  len = 0;

    for (int digits = single ? 6 : 15; digits <= (single ? 9 : 17); digits++) {
        len = snprintf(text, sizeof text, "%.*g", digits, value);
        if (single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value)
            break;
    }
    tn_buf_append(out, text, (size_t)len);
    if (strpbrk(text, ".e") == NULL)
        tn_buf_puts(out, ".0");
}

void tn_duckdb_put_bit(struct tn_buf *out, const uint8_t *data, size_t len)
{
    size_t skip = len > 0 ? data[0] & 7 : 0;

    for (size_t bit = 8 + skip; bit < len * 8; bit++)
        tn_buf_put_u8(out, (uint8_t)('0' + (data[bit / 8] >> (7 - bit % 8) & 1)));
}

void tn_duckdb_put_blob(struct tn_buf *out, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i] >= 32 && data[i] <= 126 && data[i] != '\\' && data[i] != '\'' && data[i] != '"')
            tn_buf_put_u8(out, data[i]);
        else
            tn_buf_printf(out, "\\x%02X", data[i]);
    }
}

/* Divides the number in WORDS (most significant first) by 10^9, in place; the rest. */
static uint32_t divide(uint32_t *words, size_t count)
{
    uint64_t rest = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t part = rest << 32 | words[i];
        words[i] = (uint32_t)(part / 1000000000u);
        rest = part % 1000000000u;
    }
    return (uint32_t)rest;
}

/* LEN bytes, big-endian, all turned when NEGATIVE. */
static void load_words(uint32_t *words, size_t count, const uint8_t *bytes, size_t len, bool negative)
{
    memset(words, 0, count * sizeof *words);
    for (size_t i = 0; i < len; i++) {
        size_t from_end = len - 1 - i;
        words[count - 1 - from_end / 4] |= (uint32_t)(uint8_t)(negative ? ~bytes[i] : bytes[i]) << (from_end % 4 * 8);
    }
}

/* Groups of nine digits, least significant first, written from the last on. */
static void put_groups(struct tn_buf *out, const uint32_t *groups, size_t count)
{
    while (count > 1 && groups[count - 1] == 0)
        count--;
    tn_buf_printf(out, "%u", groups[count - 1]);
    for (size_t i = count - 1; i > 0; i--)
        tn_buf_printf(out, "%09u", groups[i - 1]);
}

/* Three bytes of header (top bit: not negative; the rest: length), then the magnitude; all turned when negative. */
bool tn_duckdb_put_bignum(struct tn_buf *out, const uint8_t *data, size_t len)
{
    size_t    bytes = len - 3, count = (bytes + 3) / 4, group_count = 0, first = 0;
    bool      negative;
    uint32_t *words;

    if (len < 4 || len > TN_DUCKDB_BIGNUM_MAX)
        return false;
    negative = (data[0] & 0x80) == 0;
    words = tn_malloc((count * 3 + 2) * sizeof *words); /* the number, and its groups: 9 digits take 29.9 bits */
    if (words == NULL) {
        out->failed = true;
        return true;
    }
    load_words(words, count, data + 3, bytes, negative);
    do {
        words[count + group_count++] = divide(words + first, count - first);
        while (first < count && words[first] == 0)
            first++;
    } while (first < count);
    if (negative && !(group_count == 1 && words[count] == 0))
        tn_buf_put_u8(out, '-');
    put_groups(out, words + count, group_count);
    tn_free(words);
    return true;
}

#include "frontend/pgwire/pg_decimal.h"

#include "frontend/pgwire/pg_digits.h"
#include "frontend/pgwire/pg_numeric.h"

/* COUNT digits stand at OUT: puts the point before the last SCALE of them, or zeros behind when SCALE is negative. */
static char *put_point(char *out, unsigned count, int scale)
{
    char *point = out + count - scale;

    if (scale > 0) {
        memmove(point + 1, point, (size_t)scale);
        *point = '.';
        return out + count + 1;
    }
    if (scale < 0 && !(count == 1 && *out == '0')) {
        memset(out + count, '0', (size_t)-scale);
        return out + count - scale;
    }
    return out + count;
}

static char *put_magnitude64(char *out, uint64_t magnitude, int scale)
{
    unsigned count = tn_pg_count_digits(magnitude);

    if (scale > 0 && count <= (unsigned)scale)
        count = (unsigned)scale + 1;
    tn_pg_put_digits(out, magnitude, count);
    return put_point(out, count, scale);
}

char *tn_pg_put_decimal64(char *out, int64_t value, int scale)
{
    *out = '-';
    return put_magnitude64(out + (value < 0), value < 0 ? 0 - (uint64_t)value : (uint64_t)value, scale);
}

char *tn_pg_put_decimal128(char *out, tn_i128 value, int scale)
{
    const uint64_t chunk = UINT64_C(10000000000000000000); /* 10^19 */
    enum { CHUNK_DIGITS = 19 };
    tn_u128  magnitude = value < 0 ? 0 - (tn_u128)value : (tn_u128)value;
    unsigned pad = scale > 0 ? (unsigned)scale + 1 : 0, count;
    char    *at;

    *out = '-';
    out += value < 0;
    if (magnitude <= UINT64_MAX)
        return put_magnitude64(out, (uint64_t)magnitude, scale);
    uint64_t low = (uint64_t)(magnitude % chunk);
    tn_u128  rest = magnitude / chunk; /* below 3.5 * 10^19 */
    uint64_t middle = (uint64_t)(rest % chunk), top = (uint64_t)(rest / chunk);

    count = top != 0 ? 1 + 2 * CHUNK_DIGITS : tn_pg_count_digits(middle) + CHUNK_DIGITS;
    pad = pad > count ? pad - count : 0;
    memset(out, '0', pad);
    at = out + pad;
    if (top != 0)
        *at++ = (char)('0' + top);
    at = tn_pg_put_digits(at, middle, top != 0 ? (unsigned)CHUNK_DIGITS : count - CHUNK_DIGITS);
    tn_pg_put_digits(at, low, CHUNK_DIGITS);
    return put_point(out, pad + count, scale);
}

/* Through the text: any value, any scale. */
static char *put_binary_slow(char *out, tn_i128 value, int scale)
{
    struct tn_pg_numeric number;
    char                 text[TN_PG_DECIMAL_TEXT];
    char                *end = tn_pg_put_decimal128(text, value, scale);

    if (tn_pg_numeric_parse(tn_str_n(text, (size_t)(end - text)), &number, NULL) != TN_OK)
        return out; /* cannot be: the text is a number within the limits */
    return tn_pg_put_numeric_binary(out, &number);
}

char *tn_pg_put_decimal_binary(char *out, tn_i128 value, int scale)
{
    enum { GROUP = 4, BASE = 10000, SIGN_MINUS = 0x4000, MOST = 5 };
    bool     negative = value < 0;
    tn_u128  magnitude = negative ? 0 - (tn_u128)value : (tn_u128)value;
    uint16_t groups[MOST]; /* lowest first */
    unsigned count = 0, low = 0, pad = (unsigned)-scale % GROUP;
    uint64_t rest;

    if (scale < 0 || scale > 16 || magnitude > UINT64_MAX / 1000)
        return put_binary_slow(out, value, scale);
    for (rest = (uint64_t)magnitude * tn_pg_pow10_u64[pad]; rest > 0; rest /= BASE)
        groups[count++] = (uint16_t)(rest % BASE);
    while (low < count && groups[low] == 0)
        low++;
    out = tn_pg_put_be16(out, (uint16_t)(count - low));
    out = tn_pg_put_be16(out, (uint16_t)(count == 0 ? 0 : (int)count - 1 - (scale + (int)pad) / GROUP));
    out = tn_pg_put_be16(out, negative ? SIGN_MINUS : 0);
    out = tn_pg_put_be16(out, (uint16_t)scale);
    while (count > low)
        out = tn_pg_put_be16(out, groups[--count]);
    return out;
}

#include "frontend/pgwire/pg_float.h"

#include "frontend/pgwire/pg_digits.h"
#include "frontend/pgwire/pg_message.h"

#include <errno.h>
#include <math.h>

enum { POW10_MIN = -292 };

static const struct {
    uint64_t high, low;
} pow10_table[] = {
#define POW10(high, low) {high, low},
#include "frontend/pgwire/pg_pow10.def"
#undef POW10
};

__extension__ typedef unsigned __int128 u128;

/* A decimal: digits * 10^exponent. */
struct decimal {
    uint64_t digits;
    int      exponent;
};

/* floor(x / 2^n), also for negative x. */
static int floor_shift(int x, int n)
{
    return x >= 0 ? x >> n : -((-x + (1 << n) - 1) >> n);
}

static uint64_t round_to_odd(uint64_t high, uint64_t low, uint64_t value)
{
    u128     x = (u128)low * value;
    u128     y = (u128)high * value + (uint64_t)(x >> 64);
    uint64_t y0 = (uint64_t)y, y1 = (uint64_t)(y >> 64);

    return y1 | (y0 > 1);
}

/* Digits without their trailing zeros. */
static struct decimal trimmed(uint64_t digits, int exponent)
{
    while (digits % 100 == 0 && digits != 0) {
        digits /= 100;
        exponent += 2;
    }
    if (digits % 10 == 0 && digits != 0) {
        digits /= 10;
        exponent++;
    }
    return (struct decimal){digits, exponent};
}

/* The shortest decimal strictly between the neighbours' midpoints of c * 2^q, the closest one of these.
 * CLOSER: the lower neighbour is only half as far. Names follow the paper. */
static struct decimal shortest(uint64_t c, int q, bool closer)
{
    int      k = floor_shift(q * 1262611 - (closer ? 524031 : 0), 22);
    int      h = q + floor_shift(-k * 1741647, 19) + 1;
    uint64_t g1 = pow10_table[-k - POW10_MIN].high, g0 = pow10_table[-k - POW10_MIN].low;
    uint64_t lower = round_to_odd(g1, g0, (4 * c - 2 + closer) << h) + 1;
    uint64_t vb = round_to_odd(g1, g0, (4 * c) << h);
    uint64_t upper = round_to_odd(g1, g0, (4 * c + 2) << h) - 1;
    uint64_t s = vb / 4, mid = 4 * s + 2;
    bool     u_inside, w_inside, up_inside, wp_inside;

    if (s >= 10) {
        uint64_t sp = s / 10;

        up_inside = lower <= 40 * sp;
        wp_inside = 40 * sp + 40 <= upper;
        if (up_inside != wp_inside)
            return trimmed(sp + wp_inside, k + 1);
    }
    u_inside = lower <= 4 * s;
    w_inside = 4 * s + 4 <= upper;
    if (u_inside != w_inside)
        return trimmed(s + w_inside, k);
    return trimmed(s + (vb > mid || (vb == mid && (s & 1) != 0)), k);
}

static char *put_exponent(char *out, int exponent)
{
    unsigned magnitude = (unsigned)(exponent < 0 ? -exponent : exponent);

    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    return tn_pg_put_digits(out, magnitude, magnitude < 100 ? 2 : 3);
}

/* Plain from 1e-4 to below 10^LIMIT, otherwise with an exponent. */
static char *put_decimal(char *out, struct decimal v, int limit)
{
    int count = (int)tn_pg_count_digits(v.digits), point = count + v.exponent;

    if (point - 1 < -4 || point - 1 >= limit) {
        tn_pg_put_digits(out + 1, v.digits, (unsigned)count);
        out[0] = out[1];
        out[1] = '.';
        return put_exponent(out + (count == 1 ? 1 : count + 1), point - 1);
    }
    if (point <= 0) { /* 0.000ddd */
        memcpy(out, "0.0000", 6);
        return tn_pg_put_digits(out + 2 - point, v.digits, (unsigned)count);
    }
    out = tn_pg_put_digits(out, v.digits, (unsigned)count);
    if (v.exponent >= 0) {
        memset(out, '0', (size_t)v.exponent);
        return out + v.exponent;
    }
    memmove(out + v.exponent + 1, out + v.exponent, (size_t)-v.exponent);
    out[v.exponent] = '.';
    return out + 1;
}

static char *put_text(char *out, const char *text)
{
    size_t len = strlen(text);

    memcpy(out, text, len);
    return out + len;
}

static char *put_printf(char *out, double value, int digits)
{
    return out + snprintf(out, TN_PG_FLOAT_TEXT, "%.*g", TN_MAX(digits, 1), value);
}

char *tn_pg_put_float8(char *out, double value, int extra_digits)
{
    enum { FRACTION = 52, BIAS = 1075, MAX_EXPONENT = 2047, DIGITS = 15 };
    uint64_t bits, fraction;
    int      exponent;
    bool     closer;

    memcpy(&bits, &value, sizeof bits);
    fraction = bits & ((UINT64_C(1) << FRACTION) - 1);
    exponent = (int)(bits >> FRACTION) & MAX_EXPONENT;
    closer = fraction == 0 && exponent > 1;
    if (exponent == MAX_EXPONENT)
        return put_text(out, fraction != 0 ? "NaN" : bits >> 63 ? "-Infinity" : "Infinity");
    if (extra_digits <= 0)
        return put_printf(out, value, DIGITS + extra_digits);
    if (bits >> 63)
        *out++ = '-';
    if (exponent == 0 && fraction == 0)
        return put_text(out, "0");
    if (exponent == 0)
        return put_decimal(out, shortest(fraction, 1 - BIAS, false), DIGITS);
    fraction |= UINT64_C(1) << FRACTION;
    return put_decimal(out, shortest(fraction, exponent - BIAS, closer), DIGITS);
}

char *tn_pg_put_float4(char *out, float value, int extra_digits)
{
    enum { FRACTION = 23, BIAS = 150, MAX_EXPONENT = 255, DIGITS = 6 };
    uint32_t bits, fraction;
    int      exponent;
    bool     closer;

    memcpy(&bits, &value, sizeof bits);
    fraction = bits & ((UINT32_C(1) << FRACTION) - 1);
    exponent = (int)(bits >> FRACTION) & MAX_EXPONENT;
    closer = fraction == 0 && exponent > 1;
    if (exponent == MAX_EXPONENT)
        return put_text(out, fraction != 0 ? "NaN" : bits >> 31 ? "-Infinity" : "Infinity");
    if (extra_digits <= 0)
        return put_printf(out, (double)value, DIGITS + extra_digits);
    if (bits >> 31)
        *out++ = '-';
    if (exponent == 0 && fraction == 0)
        return put_text(out, "0");
    if (exponent == 0)
        return put_decimal(out, shortest(fraction, 1 - BIAS, false), DIGITS);
    fraction |= UINT32_C(1) << FRACTION;
    return put_decimal(out, shortest(fraction, exponent - BIAS, closer), DIGITS);
}

/* [+-]digits[.digits][e[+-]digits], nothing else; *ZERO: all digits of the mantissa are 0. */
static bool is_plain_number(struct tn_str text, bool *zero)
{
    size_t at = text.len > 0 && (text.ptr[0] == '+' || text.ptr[0] == '-') ? 1 : 0, digits = 0;
    bool   point = false;

    *zero = true;
    for (; at < text.len; at++) {
        if (text.ptr[at] == '.' && !point) {
            point = true;
        } else if (text.ptr[at] >= '0' && text.ptr[at] <= '9') {
            digits++;
            *zero = *zero && text.ptr[at] == '0';
        } else {
            break;
        }
    }
    if (digits == 0 || at == text.len)
        return digits > 0;
    if (text.ptr[at] != 'e' && text.ptr[at] != 'E')
        return false;
    at++;
    if (at < text.len && (text.ptr[at] == '+' || text.ptr[at] == '-'))
        at++;
    for (digits = 0; at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9'; at++)
        digits++;
    return digits > 0 && at == text.len;
}

static bool is_word(struct tn_str text, double *out)
{
    bool          sign = text.len > 0 && (text.ptr[0] == '+' || text.ptr[0] == '-');
    struct tn_str word = sign ? tn_str_n(text.ptr + 1, text.len - 1) : text;

    if (tn_str_ieq_c(word, "nan"))
        *out = (double)NAN;
    else if (tn_str_ieq_c(word, "infinity") || tn_str_ieq_c(word, "inf"))
        *out = sign && text.ptr[0] == '-' ? -(double)INFINITY : (double)INFINITY;
    else
        return false;
    return true;
}

static enum tn_status parse(struct tn_str text, const char *type, bool single, double *out, struct tn_error *err)
{
    enum { LONGEST = 1100 }; /* no double needs more digits than this to be read exactly */
    char          copy[LONGEST + 1];
    struct tn_str trim = tn_str_trim(text);
    bool          zero;

    if (is_word(trim, out))
        return TN_OK;
    if (trim.len > LONGEST || !is_plain_number(trim, &zero))
        return tn_pg_bad_text(err, type, text);
    tn_str_copy(copy, sizeof copy, trim);
    *out = single ? (double)strtof(copy, NULL) : strtod(copy, NULL);
    if (isinf(*out) || (*out == 0 && !zero))
        return tn_pg_out_of_range(err, type, text);
    return TN_OK;
}

enum tn_status tn_pg_float8_parse(struct tn_str text, double *out, struct tn_error *err)
{
    return parse(text, "double precision", false, out, err);
}

enum tn_status tn_pg_float4_parse(struct tn_str text, double *out, struct tn_error *err)
{
    return parse(text, "real", true, out, err);
}

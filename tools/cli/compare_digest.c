#include "tools/cli/compare_digest.h"

#include "base/hash.h"

#include <math.h>

enum { ROW_MAX = 1 << 30, NUMBER_MAX = 80, EXACT_DIGITS = 15, TIME_SIZE = 40 };

static const double WHOLE = 1e-9;             /* so near to a whole number is that number: sums of floats */
static const double EXACT = 9007199254740992; /* 2^53: from here on a double is not exact */
static const double WHOLE_MOST = 1e15;        /* whole numbers up to here are told in full */

void tn_digest_init(struct tn_digest *digest)
{
    *digest = (struct tn_digest){.rows = 0};
    tn_buf_init(&digest->row, ROW_MAX);
}

void tn_digest_reset(struct tn_digest *digest)
{
    tn_buf_reset(&digest->row);
    tn_digest_init(digest);
}

void tn_digest_clear(struct tn_digest *digest)
{
    digest->sum[0] = digest->sum[1] = digest->rows = 0;
    tn_buf_clear(&digest->row);
}

static size_t digits_at(struct tn_str text, size_t at)
{
    size_t n = 0;

    while (at + n < text.len && text.ptr[at + n] >= '0' && text.ptr[at + n] <= '9')
        n++;
    return n;
}

/* [-+]digits[.digits][e[-+]digits]. WHOLE_DIGITS: those before the dot; FRACTION: something but zeros stands behind it. */
static bool is_number(struct tn_str text, size_t *whole_digits, bool *fraction)
{
    size_t at = text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+'), behind = 0;

    *whole_digits = digits_at(text, at);
    at += *whole_digits;
    *fraction = false;
    if (at < text.len && text.ptr[at] == '.') {
        behind = digits_at(text, at + 1);
        for (size_t i = 0; i < behind; i++)
            *fraction = *fraction || text.ptr[at + 1 + i] != '0';
        at += 1 + behind;
    }
    if (*whole_digits + behind == 0)
        return false;
    if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
        size_t sign = at + 1 < text.len && (text.ptr[at + 1] == '-' || text.ptr[at + 1] == '+');
        size_t power = digits_at(text, at + 1 + sign);

        if (power == 0)
            return false;
        *fraction = true;
        at += 1 + sign + power;
    }
    return at == text.len;
}

/* The number that eight digits tell. */
static double rounded(double number)
{
    char   text[40];
    double result = number;

    snprintf(text, sizeof text, "%.8g", number);
    (void)tn_str_to_double(tn_str(text), &result);
    return result;
}

static struct tn_str normal_number(struct tn_str text, size_t whole_digits, bool fraction, char *out, size_t size)
{
    double number = 0;
    int    n;

    if (!tn_str_to_double(text, &number) || !isfinite(number))
        return text;
    if (fraction && fabs(number) < EXACT && fabs(number - nearbyint(number)) > WHOLE * fabs(number))
        number = rounded(number);
    else if (fraction && fabs(number) < EXACT)
        number = nearbyint(number);
    if (!fraction && whole_digits > EXACT_DIGITS)
        n = snprintf(out, size, "%.12g", number);
    else if (number == nearbyint(number) && fabs(number) < WHOLE_MOST)
        n = snprintf(out, size, "%.0f", number + 0.); /* + 0.: no minus before a zero */
    else
        n = snprintf(out, size, number == nearbyint(number) ? "%.12g" : "%.8g", number);
    return tn_str_n(out, (size_t)n);
}

/* YYYY-MM-DD */
static bool is_date(struct tn_str text)
{
    return text.len >= 10 && digits_at(text, 0) == 4 && text.ptr[4] == '-' && digits_at(text, 5) == 2 && text.ptr[7] == '-' &&
           digits_at(text, 8) == 2;
}

static bool is_utc(struct tn_str zone)
{
    return tn_str_eq_c(zone, "+00") || tn_str_eq_c(zone, "+00:00") || tn_str_eq_c(zone, "Z");
}

/* " HH:MM:SS[.ffffff][+00|+00:00|Z]" behind the date, as short as it can be written. */
static struct tn_str normal_time(struct tn_str text, char *out, size_t size)
{
    struct tn_str rest = tn_str_n(text.ptr + 10, text.len - 10);
    size_t        end = 9;

    if (rest.len < 9 || (rest.ptr[0] != ' ' && rest.ptr[0] != 'T') || digits_at(rest, 1) != 2 || rest.ptr[3] != ':' ||
        digits_at(rest, 4) != 2 || rest.ptr[6] != ':' || digits_at(rest, 7) != 2 || text.len >= size)
        return text;
    if (rest.len > 9 && rest.ptr[9] == '.')
        end += 1 + digits_at(rest, 10);
    if (is_utc(tn_str_n(rest.ptr + end, rest.len - end)))
        rest.len = end;
    if (rest.len == end && end > 9) {
        while (rest.ptr[rest.len - 1] == '0')
            rest.len--;
        rest.len -= rest.ptr[rest.len - 1] == '.';
    }
    if (tn_str_eq_c(tn_str_n(rest.ptr + 1, rest.len - 1), "00:00:00"))
        return tn_str_n(text.ptr, 10);
    memcpy(out, text.ptr, 10 + rest.len);
    out[10] = ' ';
    return tn_str_n(out, 10 + rest.len);
}

struct tn_str tn_digest_normal(struct tn_str value, bool boolean, char *out, size_t size)
{
    size_t whole_digits;
    bool   fraction;

    while (value.len > 0 && value.ptr[value.len - 1] == ' ')
        value.len--;
    if (boolean && value.len > 0)
        return value.ptr[0] == 't' || value.ptr[0] == 'T' || value.ptr[0] == '1' ? TN_STR("1") : TN_STR("0");
    if (value.len <= NUMBER_MAX && is_number(value, &whole_digits, &fraction))
        return normal_number(value, whole_digits, fraction, out, size);
    if (value.len > 10 && value.len < TIME_SIZE && is_date(value))
        return normal_time(value, out, size);
    return value;
}

void tn_digest_value(struct tn_digest *digest, struct tn_str value, bool boolean)
{
    char          normal[128];
    struct tn_str text;

    if (value.ptr == NULL) {
        tn_buf_put_u8(&digest->row, 0);
        return;
    }
    text = tn_digest_normal(value, boolean, normal, sizeof normal);
    tn_buf_put_u8(&digest->row, 1);
    tn_buf_put_be32(&digest->row, (uint32_t)text.len);
    tn_buf_put_str(&digest->row, text);
}

void tn_digest_row(struct tn_digest *digest)
{
    uint64_t hash[2];

    tn_hash_128(digest->row.len == 0 ? "" : digest->row.data, digest->row.len, 0, hash);
    digest->sum[0] += hash[0];
    digest->sum[1] += hash[1];
    digest->rows++;
    tn_buf_clear(&digest->row);
}

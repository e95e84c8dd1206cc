#include "frontend/pgwire/pg_numeric.h"

#include "frontend/pgwire/pg_digits.h"
#include "frontend/pgwire/pg_message.h"

enum {
    GROUP = 4,          /* decimal digits of one base-10000 digit */
    BASE = 10000,
    HEADER = 8,         /* count, weight, sign, dscale: 16 bits each */
    WHOLE_MAX = 131072, /* digits before the point */
    SCALE_MAX = 16383,
    EXPONENT_MAX = 1000000,
    SIGN_PLUS = 0x0000,
    SIGN_MINUS = 0x4000,
    SIGN_NAN = 0xC000,
    SIGN_INF = 0xD000,
    SIGN_NEG_INF = 0xF000,
    INF_DSCALE = 0x20, /* what PostgreSQL 15 sends; means nothing */
};

static const char *const special_texts[] = {"", "NaN", "Infinity", "-Infinity"};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct tn_str take_digits(struct tn_str *text)
{
    struct tn_str digits = {text->ptr, 0};

    while (digits.len < text->len && is_digit(text->ptr[digits.len]))
        digits.len++;
    *text = tn_str_n(text->ptr + digits.len, text->len - digits.len);
    return digits;
}

static bool take_special(struct tn_str text, bool negative, bool sign, struct tn_pg_numeric *out)
{
    if (tn_str_ieq_c(text, "nan") && !sign)
        out->kind = TN_PG_NUMERIC_NAN;
    else if (tn_str_ieq_c(text, "infinity") || tn_str_ieq_c(text, "inf"))
        out->kind = negative ? TN_PG_NUMERIC_NEG_INF : TN_PG_NUMERIC_INF;
    else
        return false;
    return true;
}

/* e[+-]digits or nothing. */
static bool take_exponent(struct tn_str text, int64_t *exponent)
{
    *exponent = 0;
    if (text.len == 0)
        return true;
    if (text.len > 10 || tn_ascii_lower(text.ptr[0]) != 'e')
        return false;
    return tn_str_to_i64(tn_str_n(text.ptr + 1, text.len - 1), -EXPONENT_MAX, EXPONENT_MAX, exponent);
}

static char digit_at(const struct tn_pg_numeric *n, int64_t i)
{
    if (i < 0 || i >= (int64_t)(n->whole.len + n->fraction.len))
        return '0';
    return i < (int64_t)n->whole.len ? n->whole.ptr[i] : n->fraction.ptr[i - (int64_t)n->whole.len];
}

/* Finds first, last and dscale. */
static void measure(struct tn_pg_numeric *n)
{
    int64_t total = (int64_t)(n->whole.len + n->fraction.len);

    for (n->first = 0; n->first < total && digit_at(n, n->first) == '0'; n->first++)
        ;
    for (n->last = total - 1; n->last >= 0 && digit_at(n, n->last) == '0'; n->last--)
        ;
    n->dscale = TN_MAX(total - n->point, (int64_t)0);
    if (n->first == total) {
        n->first = -1;
        n->negative = false;
    }
}

enum tn_status tn_pg_numeric_parse(struct tn_str text, struct tn_pg_numeric *out, struct tn_error *err)
{
    struct tn_str rest = tn_str_trim(text);
    bool          sign = rest.len > 0 && (rest.ptr[0] == '+' || rest.ptr[0] == '-');
    int64_t       exponent;

    *out = (struct tn_pg_numeric){.kind = TN_PG_NUMERIC_FINITE, .negative = sign && rest.ptr[0] == '-'};
    if (sign)
        rest = tn_str_n(rest.ptr + 1, rest.len - 1);
    if (take_special(rest, out->negative, sign, out))
        return TN_OK;
    out->whole = take_digits(&rest);
    out->fraction = tn_str_n(rest.ptr, 0);
    if (rest.len > 0 && rest.ptr[0] == '.') {
        rest = tn_str_n(rest.ptr + 1, rest.len - 1);
        out->fraction = take_digits(&rest);
    }
    if (out->whole.len + out->fraction.len == 0 || !take_exponent(rest, &exponent))
        return tn_pg_bad_text(err, "numeric", text);
    out->point = (int64_t)out->whole.len + exponent;
    measure(out);
    if (out->dscale > SCALE_MAX || (out->first >= 0 && out->point - out->first > WHOLE_MAX))
        return tn_pg_out_of_range(err, "numeric", text);
    return TN_OK;
}

size_t tn_pg_numeric_text_len(const struct tn_pg_numeric *n)
{
    int64_t whole = n->first < 0 ? 0 : n->point - n->first;

    if (n->kind != TN_PG_NUMERIC_FINITE)
        return strlen(special_texts[n->kind]);
    return (n->negative ? 1u : 0u) + (size_t)TN_MAX(whole, (int64_t)1) + (n->dscale > 0 ? (size_t)n->dscale + 1 : 0);
}

char *tn_pg_put_numeric(char *out, const struct tn_pg_numeric *n)
{
    size_t special = strlen(special_texts[n->kind]);

    memcpy(out, special_texts[n->kind], special);
    if (n->kind != TN_PG_NUMERIC_FINITE)
        return out + special;
    if (n->negative)
        *out++ = '-';
    if (n->first < 0 || n->point <= n->first)
        *out++ = '0';
    for (int64_t i = n->first; i >= 0 && i < n->point; i++)
        *out++ = digit_at(n, i);
    if (n->dscale > 0)
        *out++ = '.';
    for (int64_t i = n->point; i < n->point + n->dscale; i++)
        *out++ = digit_at(n, i);
    return out;
}

/* The base-10000 place of the digit at I: 0 holds the last four digits before the point. */
static int64_t place_of(const struct tn_pg_numeric *n, int64_t i)
{
    int64_t before = n->point - i - 1;

    return before >= 0 ? before / GROUP : -((-before + GROUP - 1) / GROUP);
}

size_t tn_pg_numeric_binary_len(const struct tn_pg_numeric *n)
{
    if (n->kind != TN_PG_NUMERIC_FINITE || n->first < 0)
        return HEADER;
    return HEADER + 2 * (size_t)(place_of(n, n->first) - place_of(n, n->last) + 1);
}

static char *put_header(char *out, int64_t count, int64_t weight, unsigned sign, int64_t dscale)
{
    out = tn_pg_put_be16(out, (uint16_t)count);
    out = tn_pg_put_be16(out, (uint16_t)weight);
    out = tn_pg_put_be16(out, (uint16_t)sign);
    return tn_pg_put_be16(out, (uint16_t)dscale);
}

char *tn_pg_put_numeric_binary(char *out, const struct tn_pg_numeric *n)
{
    int64_t high, low;

    if (n->kind == TN_PG_NUMERIC_NAN)
        return put_header(out, 0, 0, SIGN_NAN, 0);
    if (n->kind != TN_PG_NUMERIC_FINITE)
        return put_header(out, 0, 0, n->kind == TN_PG_NUMERIC_INF ? SIGN_INF : SIGN_NEG_INF, INF_DSCALE);
    if (n->first < 0)
        return put_header(out, 0, 0, SIGN_PLUS, n->dscale);
    high = place_of(n, n->first);
    low = place_of(n, n->last);
    out = put_header(out, high - low + 1, high, n->negative ? SIGN_MINUS : SIGN_PLUS, n->dscale);
    for (int64_t place = high; place >= low; place--) {
        unsigned group = 0;

        for (int64_t i = n->point - GROUP * (place + 1); i < n->point - GROUP * place; i++)
            group = group * 10 + (unsigned)(digit_at(n, i) - '0');
        out = tn_pg_put_be16(out, (uint16_t)group);
    }
    return out;
}

enum tn_status tn_pg_numeric_check(struct tn_str binary, size_t *text_max, struct tn_error *err)
{
    unsigned count, sign, dscale;
    int      weight;

    *text_max = sizeof "-Infinity";
    if (binary.len < HEADER)
        return tn_pg_bad_binary(err, "numeric", "shorter than its header");
    count = tn_pg_get_be16(binary.ptr);
    weight = (int16_t)tn_pg_get_be16(binary.ptr + 2);
    sign = tn_pg_get_be16(binary.ptr + 4);
    dscale = tn_pg_get_be16(binary.ptr + 6);
    if (binary.len != HEADER + 2 * (size_t)count)
        return tn_pg_bad_binary(err, "numeric", "its length is not that of its digits");
    if (dscale > SCALE_MAX)
        return tn_pg_bad_binary(err, "numeric", "invalid scale");
    if (sign == SIGN_NAN || sign == SIGN_INF || sign == SIGN_NEG_INF)
        return TN_OK;
    if (sign != SIGN_PLUS && sign != SIGN_MINUS)
        return tn_pg_bad_binary(err, "numeric", "invalid sign");
    for (unsigned i = 0; i < count; i++)
        if (tn_pg_get_be16(binary.ptr + HEADER + 2 * i) >= BASE)
            return tn_pg_bad_binary(err, "numeric", "invalid digit");
    *text_max = 3 + (count == 0 || weight < 0 ? 1 : GROUP * ((size_t)weight + 1)) + dscale;
    return TN_OK;
}

/* The base-10000 digit of PLACE; 0 where none was sent. */
static unsigned group_at(const char *digits, unsigned count, int weight, int place)
{
    int i = weight - place;

    return i < 0 || i >= (int)count ? 0 : tn_pg_get_be16(digits + 2 * i);
}

char *tn_pg_put_numeric_text(char *out, struct tn_str binary)
{
    unsigned    count = tn_pg_get_be16(binary.ptr), sign = tn_pg_get_be16(binary.ptr + 4);
    int         weight = (int16_t)tn_pg_get_be16(binary.ptr + 2), dscale = tn_pg_get_be16(binary.ptr + 6);
    const char *digits = binary.ptr + HEADER;
    char       *start = out;
    bool        zero = true;

    if (sign != SIGN_PLUS && sign != SIGN_MINUS) {
        const char *text = special_texts[sign == SIGN_NAN ? 1 : sign == SIGN_INF ? 2 : 3];

        memcpy(out, text, strlen(text));
        return out + strlen(text);
    }
    *out++ = '-'; /* taken back when there is nothing but zeros, as the digits behind dscale are cut */
    for (int place = count == 0 ? 0 : weight; place >= 0; place--) {
        unsigned group = group_at(digits, count, weight, place);

        if (zero && group == 0)
            continue;
        out = tn_pg_put_digits(out, group, zero ? tn_pg_count_digits(group) : GROUP);
        zero = false;
    }
    if (zero)
        *out++ = '0';
    if (dscale > 0)
        *out++ = '.';
    for (int i = 0; i < dscale; i += GROUP) {
        char     four[GROUP];
        unsigned group = group_at(digits, count, weight, -1 - i / GROUP);

        tn_pg_put4(four, group);
        for (int j = 0; j < TN_MIN(dscale - i, (int)GROUP); j++) {
            zero = zero && four[j] == '0';
            *out++ = four[j];
        }
    }
    if (sign == SIGN_MINUS && !zero)
        return out;
    memmove(start, start + 1, (size_t)(out - start - 1));
    return out - 1;
}

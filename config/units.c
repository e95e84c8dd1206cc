/* A number is digits with at most six decimals; then, after one blank at most, the unit in any case. What does not come
 * out whole is rounded down. */
#include "config/units.h"

#include "config/node.h"

struct unit {
    const char *name;
    uint64_t    factor;
};

/* "10M" is refused: a million bytes to some and 1024 * 1024 to others. */
static const struct unit SIZES[] = {
    {"", 1},
    {"B", 1},
    {"KB", UINT64_C(1000)},
    {"MB", UINT64_C(1000000)},
    {"GB", UINT64_C(1000000000)},
    {"TB", UINT64_C(1000000000000)},
    {"KiB", UINT64_C(1) << 10},
    {"MiB", UINT64_C(1) << 20},
    {"GiB", UINT64_C(1) << 30},
    {"TiB", UINT64_C(1) << 40},
    {NULL, 0},
};

static const struct unit DURATIONS[] = {
    {"us", 1},
    {"ms", UINT64_C(1000)},
    {"s", UINT64_C(1000000)},
    {"m", UINT64_C(60000000)},
    {"h", UINT64_C(3600000000)},
    {"d", UINT64_C(86400000000)},
    {NULL, 0},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* WHOLE and MILLIONTHS; REST is what follows. */
static bool split(struct tn_str text, uint64_t *whole, uint64_t *millionths, struct tn_str *rest)
{
    size_t   at = 0, decimals = 0;
    uint64_t scale = 100000;

    *millionths = 0;
    while (at < text.len && is_digit(text.ptr[at]))
        at++;
    if (!tn_str_to_u64(tn_str_n(text.ptr, at), UINT64_MAX, whole))
        return false;
    if (at < text.len && text.ptr[at] == '.') {
        for (at++; at < text.len && is_digit(text.ptr[at]); at++, decimals++, scale /= 10)
            *millionths += (uint64_t)(text.ptr[at] - '0') * scale;
        if (decimals == 0 || decimals > 6)
            return false;
    }
    if (at + 1 < text.len && text.ptr[at] == ' ')
        at++;
    *rest = tn_str_n(text.ptr + at, text.len - at);
    return true;
}

static bool parse(struct tn_str text, const struct unit *units, uint64_t *out)
{
    uint64_t      whole, millionths, value;
    struct tn_str rest;

    if (!split(text, &whole, &millionths, &rest))
        return false;
    if (rest.len == 0 && whole == 0 && millionths == 0) { /* nothing is nothing in every unit */
        *out = 0;
        return true;
    }
    for (; units->name != NULL; units++)
        if (tn_str_ieq_c(rest, units->name))
            break;
    if (units->name == NULL || (units->name[0] == '\0' && millionths > 0))
        return false;
    if (__builtin_mul_overflow(whole, units->factor, &value) ||
        __builtin_add_overflow(value, millionths * units->factor / 1000000, &value)) /* < 2^60: factors are < 2^41 */
        return false;
    *out = value;
    return true;
}

bool tn_parse_size(struct tn_str text, uint64_t *bytes)
{
    return parse(text, SIZES, bytes);
}

bool tn_parse_duration(struct tn_str text, uint64_t *us)
{
    return parse(text, DURATIONS, us);
}

bool tn_units_is_bare(struct tn_str text)
{
    uint64_t      whole, millionths;
    struct tn_str rest;

    return split(text, &whole, &millionths, &rest) && rest.len == 0;
}

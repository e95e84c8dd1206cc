#include "trino/zone.h"

#include "stats/lexer.h"

#include <stdio.h>

enum { HOUR = 60, MOST = 14 * HOUR };

struct tn_str tn_trino_zone(struct tn_str name)
{
    static const char *const prefixes[] = {"utc", "gmt", "ut"};

    for (size_t i = 0; i < TN_ARRAY_LEN(prefixes); i++) {
        size_t len = strlen(prefixes[i]);

        if (name.len > len + 1 && tn_str_ieq_c(tn_str_n(name.ptr, len), prefixes[i]) && (name.ptr[len] == '+' || name.ptr[len] == '-'))
            return tn_str_n(name.ptr + len, name.len - len);
    }
    return tn_str_ieq_c(name, "z") ? TN_STR("UTC") : name;
}

/* "2", "5:30" */
static bool read_number(struct tn_str text, bool to_minute, uint64_t *first, uint64_t *second)
{
    const char *colon = text.len == 0 ? NULL : memchr(text.ptr, ':', text.len);
    size_t      len = colon == NULL ? text.len : (size_t)(colon - text.ptr);

    *second = 0;
    if ((colon != NULL) != to_minute || !tn_str_to_u64(tn_str_n(text.ptr, len), MOST, first))
        return false;
    return !to_minute || tn_str_to_u64(tn_str_n(colon + 1, text.len - len - 1), HOUR - 1, second);
}

/* The words behind the number; false: others. */
static bool read_unit(struct tn_lexer *lexer, bool *is_hours, bool *to_minute)
{
    struct tn_token token;

    if (!tn_lexer_next(lexer, &token))
        return false;
    *is_hours = tn_str_ieq_c(token.text, "hour");
    *to_minute = false;
    if (!*is_hours && !tn_str_ieq_c(token.text, "minute"))
        return false;
    if (!tn_lexer_next(lexer, &token))
        return true;
    *to_minute = *is_hours && tn_str_ieq_c(token.text, "to") && tn_lexer_next(lexer, &token) && tn_str_ieq_c(token.text, "minute");
    return *to_minute && !tn_lexer_next(lexer, &token);
}

static bool is_sign(char c)
{
    return c == '-' || c == '+';
}

bool tn_trino_zone_interval(struct tn_str text, char out[TN_TRINO_OFFSET])
{
    struct tn_lexer lexer;
    struct tn_token token;
    struct tn_str   number;
    uint64_t        first, second, minutes;
    bool            is_west = false, is_hours, to_minute;

    tn_lexer_init(&lexer, text, TN_DIALECT_TRINO);
    if (!tn_lexer_next(&lexer, &token) || !tn_str_ieq_c(token.text, "interval") || !tn_lexer_next(&lexer, &token))
        return false;
    if (is_sign((char)token.punct)) {
        is_west = token.punct == '-';
        (void)tn_lexer_next(&lexer, &token);
    }
    if (token.kind != TN_TOKEN_STRING || token.text.len < 3 || token.text.ptr[0] != '\'')
        return false;
    number = tn_str_n(token.text.ptr + 1, token.text.len - 2);
    if (is_sign(number.ptr[0])) {
        is_west ^= number.ptr[0] == '-';
        number = tn_str_n(number.ptr + 1, number.len - 1);
    }
    if (!read_unit(&lexer, &is_hours, &to_minute) || !read_number(number, to_minute, &first, &second))
        return false;
    minutes = is_hours ? first * HOUR + second : first;
    if (minutes > MOST)
        return false;
    snprintf(out, TN_TRINO_OFFSET, "%c%02u:%02u", is_west ? '-' : '+', (unsigned)(minutes / HOUR) % 100, (unsigned)(minutes % HOUR));
    return true;
}

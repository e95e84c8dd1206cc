#include "base/str.h"

#include <errno.h>

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool tn_str_ieq(struct tn_str a, struct tn_str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (tn_ascii_lower(a.ptr[i]) != tn_ascii_lower(b.ptr[i]))
            return false;
    return true;
}

/* Of a word's first two bytes, one of 64; the same for those that differ in case only. */
static uint64_t pair_bit(char first, char second)
{
    return UINT64_C(1) << ((((unsigned)first | 0x20u) * 7u + ((unsigned)second | 0x20u)) & 63u);
}

/* Behind a text that holds its first two bytes, whatever their case: one of WORDS? */
static bool begins_one(struct tn_str text, const struct tn_str *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *word = words[i].ptr;

        if (words[i].len <= text.len && (((word[0] ^ text.ptr[0]) | (word[1] ^ text.ptr[1])) & ~0x20) == 0 &&
            tn_str_ieq(tn_str_n(text.ptr, words[i].len), words[i]))
            return true;
    }
    return false;
}

bool tn_str_holds_any(struct tn_str text, const struct tn_str *words, size_t count)
{
    uint64_t pairs = 0;

    for (size_t i = 0; i < count; i++)
        pairs |= pair_bit(words[i].ptr[0], words[i].ptr[1]);
    for (size_t at = 0; at + 1 < text.len; at++)
        if ((pairs & pair_bit(text.ptr[at], text.ptr[at + 1])) != 0 && begins_one(tn_str_n(text.ptr + at, text.len - at), words, count))
            return true;
    return false;
}

static bool holds_from(struct tn_str text, struct tn_str word, char first)
{
    const char *end = text.ptr + text.len - word.len + 1;

    for (const char *at = text.ptr; (at = memchr(at, first, (size_t)(end - at))) != NULL; at++)
        if (tn_str_ieq(tn_str_n(at, word.len), word))
            return true;
    return false;
}

bool tn_str_holds(struct tn_str text, struct tn_str word)
{
    char lower = word.len == 0 ? '\0' : tn_ascii_lower(word.ptr[0]);

    if (word.len == 0 || word.len > text.len)
        return false;
    return holds_from(text, word, lower) || (lower >= 'a' && lower <= 'z' && holds_from(text, word, (char)(lower - 'a' + 'A')));
}

bool tn_str_starts(struct tn_str text, struct tn_str prefix)
{
    return text.len >= prefix.len && (prefix.len == 0 || memcmp(text.ptr, prefix.ptr, prefix.len) == 0);
}

struct tn_str tn_str_trim(struct tn_str text)
{
    while (text.len > 0 && is_space(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && is_space(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

bool tn_str_next_line(struct tn_str *text, struct tn_str *line)
{
    const char *end = text->len > 0 ? memchr(text->ptr, '\n', text->len) : NULL;

    *line = end == NULL ? *text : tn_str_n(text->ptr, (size_t)(end - text->ptr));
    *text = end == NULL ? tn_str_n(text->ptr + text->len, 0) : tn_str_n(end + 1, text->len - line->len - 1);
    return end != NULL || line->len > 0;
}

void tn_str_copy(char *out, size_t size, struct tn_str text)
{
    size_t len = TN_MIN(text.len, size - 1);

    if (len > 0)
        memcpy(out, text.ptr, len);
    out[len] = '\0';
}

bool tn_str_to_u64(struct tn_str text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (text.len == 0 || text.len > 20)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)text.ptr[i] - '0';

        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (value > max)
        return false;
    *out = value;
    return true;
}

bool tn_str_to_i64(struct tn_str text, int64_t min, int64_t max, int64_t *out)
{
    bool     negative = text.len > 0 && text.ptr[0] == '-';
    uint64_t magnitude;
    int64_t  value;

    if (text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+'))
        text = tn_str_n(text.ptr + 1, text.len - 1);
    if (!tn_str_to_u64(text, (uint64_t)INT64_MAX + (negative ? 1 : 0), &magnitude))
        return false;
    value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    if (value < min || value > max)
        return false;
    *out = value;
    return true;
}

bool tn_str_to_double(struct tn_str text, double *out)
{
    char  copy[64];
    char *end;

    if (text.len == 0 || text.len >= sizeof copy || is_space(text.ptr[0]))
        return false;
    tn_str_copy(copy, sizeof copy, text);
    errno = 0;
    *out = strtod(copy, &end);
    return end == copy + text.len;
}

bool tn_str_glob(struct tn_str pattern, struct tn_str text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;

    while (t < text.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.len &&
                   (pattern.ptr[p] == '?' || tn_ascii_lower(pattern.ptr[p]) == tn_ascii_lower(text.ptr[t]))) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*')
        p++;
    return p == pattern.len;
}

static size_t utf8_sequence(const unsigned char *s, size_t len)
{
    size_t   need;
    uint32_t code, least;

    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xC2 && s[0] <= 0xDF)
        need = 2, code = s[0] & 0x1Fu, least = 0x80;
    else if ((s[0] & 0xF0u) == 0xE0)
        need = 3, code = s[0] & 0x0Fu, least = 0x800;
    else if (s[0] >= 0xF0 && s[0] <= 0xF4)
        need = 4, code = s[0] & 0x07u, least = 0x10000;
    else
        return 0;
    if (len < need)
        return 0;
    for (size_t i = 1; i < need; i++) {
        if ((s[i] & 0xC0u) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3Fu);
    }
    return code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF) ? 0 : need;
}

size_t tn_utf8_valid_prefix(const char *ptr, size_t len)
{
    size_t at = 0;

    while (at < len) {
        uint64_t word;

        if (len - at >= 8) { /* eight ASCII bytes at a time */
            memcpy(&word, ptr + at, 8);
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                at += 8;
                continue;
            }
        }
        size_t step = utf8_sequence((const unsigned char *)ptr + at, len - at);
        if (step == 0)
            break;
        at += step;
    }
    return at;
}

unsigned tn_str_distance(struct tn_str a, struct tn_str b, unsigned limit)
{
    unsigned row[65];

    if (a.len > 64 || b.len > 64)
        return limit + 1;
    for (unsigned j = 0; j <= b.len; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned diagonal = row[0];

        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            unsigned change = diagonal + (tn_ascii_lower(a.ptr[i - 1]) != tn_ascii_lower(b.ptr[j - 1]));

            diagonal = row[j];
            row[j] = TN_MIN(change, TN_MIN(row[j], row[j - 1]) + 1);
        }
    }
    return TN_MIN(row[b.len], limit + 1);
}

bool tn_secret_eq(const void *a, const void *b, size_t len)
{
    const volatile unsigned char *x = a, *y = b;
    unsigned char                 diff = 0;

    for (size_t i = 0; i < len; i++)
        diff = (unsigned char)(diff | (x[i] ^ y[i]));
    return diff == 0;
}

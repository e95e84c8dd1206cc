#include "stats/clean.h"

#include "base/compiler.h"
#include "base/str.h"

#include <string.h>

/* Appends PART to OUT (LEN bytes of it used, MOST at most), cut before a character that does not fit. */
static size_t append(char *out, size_t len, size_t most, const char *part, size_t part_len)
{
    size_t fits = TN_MIN(part_len, most - len);

    if (fits < part_len)
        while (fits > 0 && ((unsigned char)part[fits] & 0xC0u) == 0x80u)
            fits--;
    memcpy(out + len, part, fits);
    return len + fits;
}

/* TEXT as valid UTF-8 without NUL into OUT of MOST bytes; what is neither becomes U+FFFD. */
static size_t copy_clean(char *out, size_t most, struct tn_str text)
{
    size_t at = 0, len = 0;

    text.len = TN_MIN(text.len, most + 4); /* a character at the border stays whole, and is then cut */
    while (at < text.len && len < most) {
        size_t valid = at + tn_utf8_valid_prefix(text.ptr + at, text.len - at);

        while (at < valid) {
            const char *nul = memchr(text.ptr + at, '\0', valid - at);
            size_t      end = nul == NULL ? valid : (size_t)(nul - text.ptr);

            len = append(out, len, most, text.ptr + at, end - at);
            at = end;
            if (nul != NULL) {
                len = append(out, len, most, "\xef\xbf\xbd", 3);
                at++;
            }
        }
        if (at < text.len) {
            len = append(out, len, most, "\xef\xbf\xbd", 3);
            at++;
        }
    }
    return len;
}

static uint64_t eight_bytes(const char *at)
{
    uint64_t eight;

    memcpy(&eight, at, sizeof eight);
    return eight;
}

/* All of TEXT, which has 1 to 7 bytes, some of them twice; the rest of the eight are ones, which are plain. */
static uint64_t few_bytes(struct tn_str text)
{
    uint32_t first, last;

    if (text.len < sizeof first) {
        first = (unsigned char)text.ptr[0] | (uint32_t)(unsigned char)text.ptr[text.len / 2] << 8 |
                (uint32_t)(unsigned char)text.ptr[text.len - 1] << 16;
        return first | UINT64_C(0x0101010101000000);
    }
    memcpy(&first, text.ptr, sizeof first);
    memcpy(&last, text.ptr + text.len - sizeof last, sizeof last);
    return first | (uint64_t)last << 32;
}

/* Not 0: one of them is no ASCII, or NUL, as the borrow of x - 1 from a 0 sets its highest bit. */
static uint64_t oddities(uint64_t eight)
{
    return (eight | (eight - UINT64_C(0x0101010101010101))) & UINT64_C(0x8080808080808080);
}

static bool is_plain(struct tn_str text)
{
    uint64_t odd;

    if (text.len < 8)
        return oddities(few_bytes(text)) == 0;
    odd = oddities(eight_bytes(text.ptr + text.len - 8)); /* the last ones, some of which may be among the eights, too */
    for (size_t at = 0; at + 8 <= text.len; at += 8)
        odd |= oddities(eight_bytes(text.ptr + at));
    return odd == 0;
}

size_t tn_clean_bound(struct tn_str text, size_t most, bool *plain)
{
    *plain = text.len == 0 || (text.len <= most && is_plain(text));
    if (*plain)
        return text.len;
    if (tn_utf8_valid_prefix(text.ptr, text.len) == text.len && memchr(text.ptr, '\0', text.len) == NULL)
        return TN_MIN(text.len, most);
    return text.len > most / 3 ? most : text.len * 3;
}

size_t tn_clean_copy(char *out, size_t room, struct tn_str text, bool plain)
{
    if (!plain)
        return copy_clean(out, room, text);
    if (text.len > 0)
        memcpy(out, text.ptr, text.len);
    return text.len;
}

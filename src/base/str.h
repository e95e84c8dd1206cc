/* str.h - text as pointer and length; never owns, need not end in NUL. */
#ifndef TN_BASE_STR_H
#define TN_BASE_STR_H

#include "base/banned.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct tn_str {
    const char *ptr;
    size_t      len;
};

#define TN_STR(literal) ((struct tn_str){(literal), sizeof(literal) - 1})
#define TN_STR_FMT "%.*s"
#define TN_STR_ARG(s) (int)(s).len, (s).ptr

static inline struct tn_str tn_str(const char *text) /* NULL gives the empty text */
{
    return (struct tn_str){text, text == NULL ? 0 : strlen(text)};
}

static inline struct tn_str tn_str_n(const char *ptr, size_t len)
{
    return (struct tn_str){ptr, len};
}

static inline bool tn_str_eq(struct tn_str a, struct tn_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool tn_str_eq_c(struct tn_str a, const char *b)
{
    return tn_str_eq(a, tn_str(b));
}

/* ASCII case folded, whatever the locale. */
bool tn_str_ieq(struct tn_str a, struct tn_str b);
/* Does TEXT hold PART, byte for byte? Cheap where it does not even hold PART's first byte. */
static inline bool tn_str_has(struct tn_str text, struct tn_str part)
{
    const char *at = text.len < part.len || part.len == 0 ? NULL : memchr(text.ptr, part.ptr[0], text.len);

    return at != NULL && memmem(at, (size_t)(text.ptr + text.len - at), part.ptr, part.len) != NULL;
}
/* Does TEXT hold WORD anywhere, case folded as above? None holds an empty one. */
bool tn_str_holds(struct tn_str text, struct tn_str word);
/* One of WORDS, of two bytes or more each: in one pass. */
bool tn_str_holds_any(struct tn_str text, const struct tn_str *words, size_t count);
bool tn_str_starts(struct tn_str text, struct tn_str prefix);
struct tn_str tn_str_trim(struct tn_str text); /* ASCII white space off both ends */
/* *LINE is the first line of *TEXT, without its end; *TEXT is what follows. False: *TEXT is empty. */
bool tn_str_next_line(struct tn_str *text, struct tn_str *line);

/* Copies and ends with NUL, cut at SIZE - 1. */
void tn_str_copy(char *out, size_t size, struct tn_str text);

/* Whole text as a decimal number in [min, max]; false on anything else. */
bool tn_str_to_u64(struct tn_str text, uint64_t max, uint64_t *out);
bool tn_str_to_i64(struct tn_str text, int64_t min, int64_t max, int64_t *out);
bool tn_str_to_double(struct tn_str text, double *out);

/* `*` any run, `?` any one character; ASCII case folded. */
bool tn_str_glob(struct tn_str pattern, struct tn_str text);

/* Length of the well-formed UTF-8 prefix (no surrogates, no over-long forms, at most U+10FFFF). */
size_t tn_utf8_valid_prefix(const char *ptr, size_t len);

/* Levenshtein distance over bytes, case folded, capped at LIMIT + 1; for "did you mean". */
unsigned tn_str_distance(struct tn_str a, struct tn_str b, unsigned limit);

/* Compares all bytes whatever they are: for secrets. Lengths may leak. */
bool tn_secret_eq(const void *a, const void *b, size_t len);

static inline bool tn_str_ieq_c(struct tn_str a, const char *b)
{
    struct tn_str other = tn_str(b);

    return a.len == other.len && tn_str_ieq(a, other); /* nearly all that are looked at have another length */
}

static inline char tn_ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

#endif

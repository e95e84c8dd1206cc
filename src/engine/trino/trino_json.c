#include "engine/trino/trino_json.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static bool fail(struct tn_trino_json *in)
{
    in->failed = true;
    in->at = in->end;
    return false;
}

static inline void skip_space(struct tn_trino_json *in)
{
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\n' || *in->at == '\r' || *in->at == '\t'))
        in->at++;
}

void tn_trino_json_begin(struct tn_trino_json *in, struct tn_str text)
{
    *in = (struct tn_trino_json){.at = text.ptr, .end = text.ptr + text.len, .first = true};
    if (text.ptr == NULL)
        in->at = in->end = "";
}

enum tn_trino_json_kind tn_trino_json_peek(struct tn_trino_json *in)
{
    skip_space(in);
    if (in->failed || in->at == in->end)
        return TN_TRINO_JSON_BAD;
    switch (*in->at) {
    case 'n': return TN_TRINO_JSON_NULL;
    case 't': case 'f': return TN_TRINO_JSON_BOOL;
    case '"': return TN_TRINO_JSON_STRING;
    case '[': return TN_TRINO_JSON_ARRAY;
    case '{': return TN_TRINO_JSON_OBJECT;
    default: return *in->at == '-' || (*in->at >= '0' && *in->at <= '9') ? TN_TRINO_JSON_NUMBER : TN_TRINO_JSON_BAD;
    }
}

bool tn_trino_json_enter(struct tn_trino_json *in, char bracket)
{
    skip_space(in);
    if (in->failed || in->at == in->end || *in->at != bracket || in->depth >= TN_TRINO_JSON_DEPTH)
        return fail(in);
    in->at++;
    in->depth++;
    in->first = true;
    return true;
}

static bool leave(struct tn_trino_json *in)
{
    in->at++;
    in->depth--;
    in->first = false;
    return false;
}

/* True: another value follows; false: BRACKET, which is behind us now, or an error. */
static inline bool more(struct tn_trino_json *in, char bracket)
{
    skip_space(in);
    if (in->failed || in->at == in->end)
        return fail(in);
    if (*in->at == bracket)
        return leave(in);
    if (!in->first) {
        if (*in->at != ',')
            return fail(in);
        in->at++;
        skip_space(in);
        if (in->at == in->end || *in->at == bracket)
            return fail(in);
    }
    in->first = false;
    return true;
}

bool tn_trino_json_item(struct tn_trino_json *in)
{
    return more(in, ']');
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (tn_ascii_lower(c) >= 'a' && tn_ascii_lower(c) <= 'f');
}

static bool skip_escape(struct tn_trino_json *in)
{
    if (in->end - in->at < 2)
        return fail(in);
    if (in->at[1] != 'u') {
        if (in->at[1] == '\0' || strchr("\"\\/bfnrt", in->at[1]) == NULL)
            return fail(in);
        in->at += 2;
        return true;
    }
    if (in->end - in->at < 6)
        return fail(in);
    for (int i = 2; i < 6; i++)
        if (!is_hex(in->at[i]))
            return fail(in);
    in->at += 6;
    return true;
}

/* To the first of quote, backslash and control characters, or near the end to less than a whole step before it. */
#ifdef __SSE2__
static inline const char *skip_steps(const char *at, const char *end)
{
    const __m128i quotes = _mm_set1_epi8('"'), slashes = _mm_set1_epi8('\\'), last_control = _mm_set1_epi8(' ' - 1);

    for (; end - at >= 16; at += 16) {
        __m128i bytes, stops;
        int     found;

        memcpy(&bytes, at, 16);
        stops = _mm_or_si128(_mm_cmpeq_epi8(bytes, quotes), _mm_cmpeq_epi8(bytes, slashes));
        stops = _mm_or_si128(stops, _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes));
        found = _mm_movemask_epi8(stops);
        if (found != 0)
            return at + __builtin_ctz((unsigned)found);
    }
    return at;
}
#else
static inline const char *skip_steps(const char *at, const char *end)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;

    for (; end - at >= 8; at += 8) {
        uint64_t word, quote, slash;

        memcpy(&word, at, 8);
        quote = word ^ ones * '"';
        slash = word ^ ones * '\\';
        if (((((word - ones * ' ') & ~word) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & highs) != 0)
            break;
    }
    return at;
}
#endif

static inline const char *skip_plain(const char *start, const char *end)
{
    const char *at = skip_steps(start, end);

    while (at < end && (unsigned char)*at >= ' ' && *at != '"' && *at != '\\')
        at++;
    return at;
}

/* What nearly all strings are: one begins right here, and there are no escapes in it. False: not so, or not seen at once. */
static inline bool quick_string(struct tn_trino_json *in, struct tn_str *raw)
{
    const char *start, *end;

    if (in->failed || in->end - in->at < 2 || *in->at != '"')
        return false;
    start = in->at + 1;
    end = skip_steps(start, in->end);
    if (end == in->end || *end != '"')
        return false;
    *raw = tn_str_n(start, (size_t)(end - start));
    in->at = end + 1;
    in->first = false;
    return true;
}

bool tn_trino_json_string(struct tn_trino_json *in, struct tn_str *raw, bool *escaped)
{
    const char *start;

    *escaped = false;
    if (quick_string(in, raw))
        return true;
    skip_space(in);
    if (in->failed || in->at == in->end || *in->at != '"')
        return fail(in);
    start = ++in->at;
    for (;;) {
        in->at = skip_plain(in->at, in->end);
        if (in->at == in->end || (unsigned char)*in->at < ' ')
            return fail(in);
        if (*in->at == '"')
            break;
        *escaped = true;
        if (!skip_escape(in))
            return false;
    }
    *raw = tn_str_n(start, (size_t)(in->at - start));
    in->at++;
    in->first = false;
    return true;
}

bool tn_trino_json_key(struct tn_trino_json *in, struct tn_str *key)
{
    bool escaped;

    if (!more(in, '}') || !(quick_string(in, key) || tn_trino_json_string(in, key, &escaped)))
        return false;
    skip_space(in);
    if (in->at == in->end || *in->at != ':')
        return fail(in);
    in->at++;
    return true;
}

static unsigned hex4(const char *at)
{
    unsigned value = 0;

    for (int i = 0; i < 4; i++) {
        char c = tn_ascii_lower(at[i]);

        value = value * 16 + (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return value;
}

static void put_utf8(struct tn_buf *out, unsigned c)
{
    if (c < 0x80) {
        tn_buf_put_u8(out, (uint8_t)c);
    } else if (c < 0x800) {
        tn_buf_put_u8(out, (uint8_t)(0xc0 | c >> 6));
        tn_buf_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        tn_buf_put_u8(out, (uint8_t)(0xe0 | c >> 12));
        tn_buf_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
        tn_buf_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
    } else {
        tn_buf_put_u8(out, (uint8_t)(0xf0 | c >> 18));
        tn_buf_put_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
        tn_buf_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
        tn_buf_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
    }
}

/* The escape at RAW[I]: its length. */
static size_t put_escape(struct tn_buf *out, struct tn_str raw, size_t i)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    unsigned          c, low = 0;

    if (raw.ptr[i + 1] != 'u') {
        tn_buf_put_u8(out, (uint8_t)to[strchr(from, raw.ptr[i + 1]) - from]);
        return 2;
    }
    c = hex4(raw.ptr + i + 2);
    if (c >= 0xd800 && c < 0xdc00 && raw.len - i >= 12 && raw.ptr[i + 6] == '\\' && raw.ptr[i + 7] == 'u')
        low = hex4(raw.ptr + i + 8);
    if (low >= 0xdc00 && low < 0xe000) {
        put_utf8(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
        return 12;
    }
    put_utf8(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
    return 6;
}

void tn_trino_json_unescape(struct tn_buf *out, struct tn_str raw)
{
    size_t i = 0;

    while (i < raw.len) {
        const char *escape = memchr(raw.ptr + i, '\\', raw.len - i);
        size_t      plain = escape == NULL ? raw.len - i : (size_t)(escape - raw.ptr) - i;

        tn_buf_append(out, raw.ptr + i, plain);
        i += plain;
        if (escape != NULL)
            i += put_escape(out, raw, i);
    }
}

bool tn_trino_json_text(struct tn_trino_json *in, struct tn_arena *arena, struct tn_str *out)
{
    struct tn_buf plain;
    bool          escaped, good;

    *out = tn_str_n(NULL, 0);
    if (tn_trino_json_peek(in) == TN_TRINO_JSON_NULL)
        return tn_trino_json_skip(in, NULL);
    if (!tn_trino_json_string(in, out, &escaped))
        return false;
    if (!escaped)
        return true;
    tn_buf_init(&plain, out->len + 1); /* an escape is never shorter than what it stands for */
    tn_trino_json_unescape(&plain, *out);
    good = !plain.failed && tn_arena_str(arena, tn_buf_str(&plain), out);
    tn_buf_reset(&plain);
    return good || fail(in);
}

static bool skip_digits(struct tn_trino_json *in)
{
    const char *start = in->at;

    while (in->at < in->end && *in->at >= '0' && *in->at <= '9')
        in->at++;
    return in->at > start;
}

bool tn_trino_json_number(struct tn_trino_json *in, struct tn_str *text)
{
    const char *start;

    skip_space(in);
    start = in->at;
    if (in->at < in->end && *in->at == '-')
        in->at++;
    if (in->at < in->end && *in->at == '0')
        in->at++;
    else if (!skip_digits(in))
        return fail(in);
    if (in->at < in->end && *in->at == '.') {
        in->at++;
        if (!skip_digits(in))
            return fail(in);
    }
    if (in->at < in->end && (*in->at == 'e' || *in->at == 'E')) {
        in->at++;
        if (in->at < in->end && (*in->at == '+' || *in->at == '-'))
            in->at++;
        if (!skip_digits(in))
            return fail(in);
    }
    *text = tn_str_n(start, (size_t)(in->at - start));
    in->first = false;
    return true;
}

static bool skip_word(struct tn_trino_json *in, struct tn_str word)
{
    if ((size_t)(in->end - in->at) < word.len || memcmp(in->at, word.ptr, word.len) != 0)
        return fail(in);
    in->at += word.len;
    in->first = false;
    return true;
}

bool tn_trino_json_bool(struct tn_trino_json *in, bool *out)
{
    if (tn_trino_json_peek(in) != TN_TRINO_JSON_BOOL)
        return fail(in);
    *out = *in->at == 't';
    return skip_word(in, *out ? TN_STR("true") : TN_STR("false"));
}

static bool skip_scalar(struct tn_trino_json *in)
{
    struct tn_str text;
    bool          flag;

    switch (tn_trino_json_peek(in)) {
    case TN_TRINO_JSON_NULL:   return skip_word(in, TN_STR("null"));
    case TN_TRINO_JSON_BOOL:   return tn_trino_json_bool(in, &flag);
    case TN_TRINO_JSON_NUMBER: return tn_trino_json_number(in, &text);
    case TN_TRINO_JSON_STRING: return tn_trino_json_string(in, &text, &flag);
    default:                   return fail(in);
    }
}

/* A list or an object, without recursion: which of them each level is, in a bit. */
static bool skip_nested(struct tn_trino_json *in)
{
    bool          objects[TN_TRINO_JSON_DEPTH + 1];
    unsigned      outside = in->depth;
    struct tn_str key;

    do {
        if (in->depth > outside && !(objects[in->depth] ? tn_trino_json_key(in, &key) : tn_trino_json_item(in))) {
            if (in->failed)
                return false;
            continue;
        }
        switch (tn_trino_json_peek(in)) {
        case TN_TRINO_JSON_ARRAY:
        case TN_TRINO_JSON_OBJECT:
            if (!tn_trino_json_enter(in, *in->at))
                return false;
            objects[in->depth] = in->at[-1] == '{';
            break;
        default:
            if (!skip_scalar(in))
                return false;
        }
    } while (in->depth > outside);
    return true;
}

bool tn_trino_json_skip(struct tn_trino_json *in, struct tn_str *raw)
{
    const char *start;

    skip_space(in);
    start = in->at;
    if (!skip_nested(in))
        return false;
    if (raw != NULL)
        *raw = tn_str_n(start, (size_t)(in->at - start));
    return true;
}

static bool skip_value(struct tn_trino_json *in)
{
    return in->at < in->end && (*in->at == '[' || *in->at == '{') ? skip_nested(in) : skip_scalar(in);
}

/* Behind its bracket. */
static bool skip_row(struct tn_trino_json *in)
{
    skip_space(in);
    if (in->at < in->end && *in->at == ']') {
        in->at++;
        return true;
    }
    while (skip_value(in)) {
        skip_space(in);
        if (in->at == in->end)
            return fail(in);
        if (*in->at++ == ']')
            return true;
        if (in->at[-1] != ',')
            return fail(in);
        skip_space(in);
    }
    return false;
}

bool tn_trino_json_rows(struct tn_trino_json *in, struct tn_str *raw, uint64_t *rows, bool *all)
{
    const char *start;

    *rows = 0;
    *all = true;
    skip_space(in);
    start = in->at;
    if (!tn_trino_json_enter(in, '['))
        return false;
    while (tn_trino_json_item(in)) {
        if (*in->at != '[') {
            *all = false;
            (void)tn_trino_json_skip(in, NULL);
            continue;
        }
        ++*rows;
        (void)(tn_trino_json_enter(in, '[') && skip_row(in));
        if (!in->failed)
            in->depth--;
        in->first = false;
    }
    *raw = tn_str_n(start, (size_t)(in->at - start));
    return !in->failed;
}

bool tn_trino_json_u64(struct tn_trino_json *in, uint64_t *out)
{
    struct tn_str text;

    *out = 0;
    if (tn_trino_json_peek(in) != TN_TRINO_JSON_NUMBER)
        return tn_trino_json_skip(in, NULL);
    if (!tn_trino_json_number(in, &text))
        return false;
    if (!tn_str_to_u64(text, INT64_MAX, out))
        *out = 0;
    return true;
}

bool tn_trino_json_at_end(struct tn_trino_json *in)
{
    skip_space(in);
    return !in->failed && in->at == in->end;
}

/* tag_text.c - tags as clients write them: "team:bi,nightly", or {"team": "bi", "nightly": null}. */
#include "policies/route/route.h"

enum { TAGS_MAX = 20, TEXT_MAX = 128 };

struct parser {
    struct tn_str    text;
    size_t           at;
    struct tn_arena *arena;
    struct tn_error *err;
    size_t           count;
    struct tn_tag   *tags;
};

static enum tn_status wrong(struct parser *p, const char *what)
{
    tn_fail(p->err, TN_E_INVALID, "22023", "tags: %s, at character %zu", what, p->at + 1);
    tn_error_hint(p->err, "Write team:bi,nightly or {\"team\": \"bi\", \"nightly\": null}");
    return TN_E_INVALID;
}

static size_t characters(struct tn_str text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xC0u) != 0x80;
    return count;
}

/* The later of two tags with one key wins, as it would in a JSON object. */
static enum tn_status add(struct parser *p, struct tn_str key, struct tn_str value)
{
    struct tn_tag *tag = NULL;

    if (key.len == 0)
        return wrong(p, "a tag without a name");
    if (characters(key) > TEXT_MAX || characters(value) > TEXT_MAX)
        return wrong(p, "a name or value longer than 128 characters");
    for (size_t i = 0; i < p->count; i++)
        if (tn_str_eq(p->tags[i].key, key))
            tag = &p->tags[i];
    if (tag == NULL) {
        if (p->count == TAGS_MAX)
            return wrong(p, "more than 20 tags");
        tag = &p->tags[p->count++];
    }
    *tag = (struct tn_tag){.key = key, .value = value};
    return TN_OK;
}

static void skip_space(struct parser *p)
{
    while (p->at < p->text.len && (p->text.ptr[p->at] == ' ' || (p->text.ptr[p->at] >= '\t' && p->text.ptr[p->at] <= '\r')))
        p->at++;
}

static bool take(struct parser *p, char ch)
{
    skip_space(p);
    if (p->at >= p->text.len || p->text.ptr[p->at] != ch)
        return false;
    p->at++;
    return true;
}

static enum tn_status copy(struct parser *p, struct tn_str text, struct tn_str *out)
{
    if (!tn_arena_str(p->arena, text, out))
        return tn_fail(p->err, TN_E_NOMEM, "53200", "tags: no memory");
    return TN_OK;
}

static enum tn_status parse_plain(struct parser *p)
{
    while (p->at < p->text.len) {
        const char   *from = p->text.ptr + p->at;
        size_t        left = p->text.len - p->at;
        const char   *comma = memchr(from, ',', left);
        struct tn_str item = tn_str_trim(tn_str_n(from, comma == NULL ? left : (size_t)(comma - from)));
        const char   *colon = item.len == 0 ? NULL : memchr(item.ptr, ':', item.len);
        struct tn_str key = item, value = {NULL, 0};

        if (colon != NULL) {
            key = tn_str_trim(tn_str_n(item.ptr, (size_t)(colon - item.ptr)));
            TN_TRY(copy(p, tn_str_trim(tn_str_n(colon + 1, item.len - (size_t)(colon + 1 - item.ptr))), &value));
        }
        TN_TRY(copy(p, key, &key));
        if (item.len > 0) /* "a,,b" and a last comma do no harm */
            TN_TRY(add(p, key, value));
        p->at += comma == NULL ? left : (size_t)(comma - from) + 1;
    }
    return TN_OK;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = tn_ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits behind \u; false when they are none. */
static bool hex4(struct parser *p, uint32_t *out)
{
    *out = 0;
    if (p->text.len - p->at < 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        int digit = hex_digit(p->text.ptr[p->at + i]);

        if (digit < 0)
            return false;
        *out = *out << 4 | (uint32_t)digit;
    }
    p->at += 4;
    return true;
}

static size_t put_utf8(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0u | code >> 6);
        out[1] = (char)(0x80u | (code & 0x3Fu));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0u | code >> 12);
        out[1] = (char)(0x80u | (code >> 6 & 0x3Fu));
        out[2] = (char)(0x80u | (code & 0x3Fu));
        return 3;
    }
    out[0] = (char)(0xF0u | code >> 18);
    out[1] = (char)(0x80u | (code >> 12 & 0x3Fu));
    out[2] = (char)(0x80u | (code >> 6 & 0x3Fu));
    out[3] = (char)(0x80u | (code & 0x3Fu));
    return 4;
}

/* \uXXXX, or two of them for a character beyond U+FFFF. */
static size_t unicode_escape(struct parser *p, char *out)
{
    uint32_t high, low;

    if (!hex4(p, &high) || high == 0 || (high >= 0xDC00 && high <= 0xDFFF))
        return 0;
    if (high < 0xD800 || high > 0xDBFF)
        return put_utf8(high, out);
    if (p->text.len - p->at < 2 || p->text.ptr[p->at] != '\\' || p->text.ptr[p->at + 1] != 'u')
        return 0;
    p->at += 2;
    if (!hex4(p, &low) || low < 0xDC00 || low > 0xDFFF)
        return 0;
    return put_utf8(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00), out);
}

/* Behind a backslash; 0 = not an escape of JSON. */
static size_t escape(struct parser *p, char *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char       *found;
    char              ch;

    if (p->at >= p->text.len)
        return 0;
    ch = p->text.ptr[p->at++];
    if (ch == 'u')
        return unicode_escape(p, out);
    found = ch == '\0' ? NULL : strchr(from, ch);
    if (found == NULL)
        return 0;
    out[0] = to[found - from];
    return 1;
}

static enum tn_status parse_string(struct parser *p, struct tn_str *out)
{
    char  *text;
    size_t len = 0;

    if (!take(p, '"'))
        return wrong(p, "expected a text in double quotes");
    text = tn_arena_alloc(p->arena, p->text.len - p->at + 4); /* unescaped it is never longer */
    if (text == NULL)
        return tn_fail(p->err, TN_E_NOMEM, "53200", "tags: no memory");
    while (p->at < p->text.len) {
        char   ch = p->text.ptr[p->at++];
        size_t n = 1;

        if (ch == '"') {
            *out = tn_str_n(text, len);
            return TN_OK;
        }
        if ((unsigned char)ch < 0x20)
            return wrong(p, "a control character in a text");
        text[len] = ch;
        if (ch == '\\' && (n = escape(p, text + len)) == 0)
            return wrong(p, "a bad escape in a text");
        len += n;
    }
    return wrong(p, "a text without its closing quote");
}

/* null, true, false and numbers as they stand; lists and maps are refused. */
static enum tn_status parse_bare(struct parser *p, struct tn_str *out)
{
    size_t        from = p->at;
    struct tn_str word;
    double        number;

    while (p->at < p->text.len && strchr(",} \t\r\n", p->text.ptr[p->at]) == NULL)
        p->at++;
    word = tn_str_n(p->text.ptr + from, p->at - from);
    if (tn_str_eq_c(word, "null")) {
        *out = (struct tn_str){NULL, 0};
        return TN_OK;
    }
    if (!tn_str_eq_c(word, "true") && !tn_str_eq_c(word, "false") && !tn_str_to_double(word, &number)) {
        p->at = from;
        return wrong(p, "a value must be a text, a number, true, false or null");
    }
    return copy(p, word, out);
}

static enum tn_status parse_json(struct parser *p)
{
    if (take(p, '}'))
        return TN_OK;
    for (;;) {
        struct tn_str key, value;

        TN_TRY(parse_string(p, &key));
        if (!take(p, ':'))
            return wrong(p, "expected `:`");
        skip_space(p);
        if (p->at < p->text.len && p->text.ptr[p->at] == '"')
            TN_TRY(parse_string(p, &value));
        else
            TN_TRY(parse_bare(p, &value));
        TN_TRY(add(p, key, value));
        if (take(p, '}'))
            return TN_OK;
        if (!take(p, ','))
            return wrong(p, "expected `,` or `}`");
    }
}

enum tn_status tn_tags_parse(struct tn_str text, struct tn_arena *arena, size_t *count, struct tn_tag **out,
                             struct tn_error *err)
{
    struct parser  p = {.text = text, .arena = arena, .err = err};
    enum tn_status status;

    *count = 0;
    *out = NULL;
    if (text.len > 64 * 1024)
        return tn_fail(err, TN_E_INVALID, "22023", "tags: longer than 64 KiB");
    if (tn_utf8_valid_prefix(text.ptr, text.len) != text.len || (text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL))
        return tn_fail(err, TN_E_INVALID, "22021", "tags: not valid UTF-8, or with a NUL");
    p.tags = tn_arena_zalloc(arena, TAGS_MAX * sizeof *p.tags);
    if (p.tags == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "tags: no memory");
    if (!take(&p, '{')) {
        TN_TRY(parse_plain(&p));
    } else {
        status = parse_json(&p);
        skip_space(&p);
        if (status == TN_OK && p.at < text.len)
            status = wrong(&p, "text behind the closing brace");
        TN_TRY(status);
    }
    *count = p.count;
    *out = p.tags;
    return TN_OK;
}

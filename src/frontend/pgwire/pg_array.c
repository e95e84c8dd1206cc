#include "frontend/pgwire/pg_array.h"

#include "frontend/pgwire/pg_binary.h"
#include "frontend/pgwire/pg_digits.h"
#include "frontend/pgwire/pg_message.h"
#include "frontend/pgwire/pg_scalar.h"

enum { ELEMENTS_MAX = 1 << 23, GROWTH_MAX = 64 << 20, HEADER = 12, DIMENSION = 8 };

static enum tn_status too_large(struct tn_error *err)
{
    return tn_fail(err, TN_E_LIMIT, "54000", "array has too many elements or too large ones; at most %d elements",
                   (int)ELEMENTS_MAX);
}

static enum tn_status nested(struct tn_error *err)
{
    return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "arrays of more than one dimension are not supported");
}

static enum tn_status malformed(struct tn_error *err, struct tn_str text, const char *why)
{
    size_t         cut = tn_utf8_valid_prefix(text.ptr, TN_MIN(text.len, (size_t)80));
    enum tn_status status =
        tn_fail(err, TN_E_INVALID, "22P02", "malformed array literal: \"%.*s\"", (int)cut, text.ptr);

    tn_error_detail(err, "%s", why);
    return status;
}

/* Room for COUNT items; the list of OUT. */
static enum tn_status new_list(enum tn_type type, size_t count, struct tn_arena *arena, struct tn_value *out,
                               struct tn_value **items, struct tn_error *err)
{
    *out = (struct tn_value){.type = type, .is_list = true};
    *items = NULL;
    if (count >= ELEMENTS_MAX)
        return too_large(err);
    if (count == 0)
        return TN_OK;
    *items = tn_arena_zalloc(arena, count * sizeof **items);
    if (*items == NULL)
        return tn_pg_no_memory(err);
    out->as.list.items = *items;
    out->as.list.count = count;
    return TN_OK;
}

/* One element as written. */
struct element {
    struct tn_str raw; /* between the quotes, or without the blanks around */
    bool          quoted, escaped;
};

struct reader {
    const char *at, *end;
};

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->end && is_blank(*r->at))
        r->at++;
}

static const char *read_quoted(struct reader *r, struct element *e)
{
    const char *start = ++r->at;

    for (e->quoted = true; r->at < r->end && *r->at != '"'; r->at++)
        if (*r->at == '\\') {
            e->escaped = true;
            if (++r->at == r->end)
                break;
        }
    if (r->at == r->end)
        return "Unexpected end of input.";
    e->raw = tn_str_n(start, (size_t)(r->at - start));
    r->at++;
    return NULL;
}

static const char *read_plain(struct reader *r, struct element *e)
{
    const char *start = r->at, *last = r->at; /* last: behind the last byte that is no blank at the end */

    for (; r->at < r->end && *r->at != ',' && *r->at != '}'; r->at++) {
        if (*r->at == '"' || *r->at == '{')
            return "Unexpected array element.";
        if (*r->at == '\\') {
            e->escaped = true;
            if (++r->at == r->end)
                break;
            last = r->at + 1;
        } else if (!is_blank(*r->at)) {
            last = r->at + 1;
        }
    }
    if (r->at == r->end)
        return "Unexpected end of input.";
    if (last == start)
        return "Unexpected \",\" or \"}\" character.";
    e->raw = tn_str_n(start, (size_t)(last - start));
    return NULL;
}

/* Reads an element and the comma or brace behind it. NULL, or what is wrong. */
static const char *next_element(struct reader *r, struct element *e, bool *more)
{
    const char *why;

    *e = (struct element){.quoted = false};
    skip_blanks(r);
    if (r->at == r->end)
        return "Unexpected end of input.";
    why = *r->at == '"' ? read_quoted(r, e) : read_plain(r, e);
    if (why != NULL)
        return why;
    skip_blanks(r);
    if (r->at == r->end || (*r->at != ',' && *r->at != '}'))
        return "Unexpected array element.";
    *more = *r->at++ == ',';
    return NULL;
}

static enum tn_status unescape(struct tn_str raw, struct tn_arena *arena, struct tn_str *out, struct tn_error *err)
{
    char  *copy = tn_arena_alloc(arena, raw.len + 1);
    size_t len = 0;

    if (copy == NULL)
        return tn_pg_no_memory(err);
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.ptr[i] == '\\' && i + 1 < raw.len)
            i++;
        copy[len++] = raw.ptr[i];
    }
    *out = tn_str_n(copy, len);
    return TN_OK;
}

static enum tn_status decode_element(const struct tn_pg_type *type, const struct element *e,
                                     const struct tn_pg_style *style, struct tn_arena *arena, struct tn_value *out,
                                     struct tn_error *err)
{
    struct tn_str text = e->raw;

    if (!e->quoted && !e->escaped && tn_str_ieq_c(text, "null"))
        return TN_OK; /* items are null from the start */
    if (e->escaped)
        TN_TRY(unescape(e->raw, arena, &text, err));
    return tn_pg_text_decode(type, text, style, arena, out, err);
}

/* Finds the opening brace and counts the elements behind it. */
static enum tn_status measure_text(struct tn_str text, struct reader *r, size_t *count, struct tn_error *err)
{
    struct reader  scan;
    struct element e;
    bool           more = true;

    *count = 0;
    skip_blanks(r);
    if (r->at < r->end && *r->at == '[')
        return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "array literals with explicit bounds are not supported");
    if (r->at == r->end || *r->at != '{')
        return malformed(err, text, "Array value must start with \"{\".");
    r->at++;
    skip_blanks(r);
    if (r->at < r->end && *r->at == '{')
        return nested(err);
    scan = *r;
    if (scan.at < scan.end && *scan.at == '}')
        more = *scan.at++ != '}';
    for (; more; ++*count) {
        const char *why = next_element(&scan, &e, &more);

        if (why != NULL)
            return malformed(err, text, why);
    }
    skip_blanks(&scan);
    return scan.at == scan.end ? TN_OK : malformed(err, text, "Junk after closing right brace.");
}

enum tn_status tn_pg_array_text_decode(const struct tn_pg_type *element, struct tn_str text,
                                       const struct tn_pg_style *style, struct tn_arena *arena, struct tn_value *out,
                                       struct tn_error *err)
{
    struct reader    r = {text.ptr, text.ptr + text.len};
    struct tn_value *items;
    size_t           count, before = arena->total;

    TN_TRY(measure_text(text, &r, &count, err));
    TN_TRY(new_list(element->type, count, arena, out, &items, err));
    for (size_t i = 0; i < count; i++) {
        struct element e;
        bool           more;

        if (next_element(&r, &e, &more) != NULL)
            return malformed(err, text, "Unexpected array element."); /* counted before: cannot be */
        TN_TRY(decode_element(element, &e, style, arena, &items[i], err));
        if (arena->total - before > count * sizeof *items + 32 * text.len + GROWTH_MAX)
            return too_large(err);
    }
    return TN_OK;
}

/* Checks the header; the number of elements. */
static enum tn_status measure_binary(const struct tn_pg_type *element, struct tn_str bytes, size_t *count,
                                     struct tn_error *err)
{
    uint32_t dimensions, oid;

    *count = 0;
    if (bytes.len < HEADER)
        return tn_pg_bad_binary(err, "array", "shorter than its header");
    dimensions = tn_pg_get_be32(bytes.ptr);
    if (tn_pg_get_be32(bytes.ptr + 4) > 1)
        return tn_pg_bad_binary(err, "array", "invalid flags");
    oid = tn_pg_get_be32(bytes.ptr + 8);
    if (oid != element->oid)
        return tn_fail(err, TN_E_INVALID, "42804", "wrong element type: array of %s has elements of OID %u",
                       element->sql_name, oid);
    if (dimensions == 0)
        return bytes.len == HEADER ? TN_OK : tn_pg_bad_binary(err, "array", "bytes behind its end");
    if (dimensions > 1)
        return nested(err);
    if (bytes.len < HEADER + DIMENSION)
        return tn_pg_bad_binary(err, "array", "shorter than its header");
    *count = tn_pg_get_be32(bytes.ptr + HEADER);
    if (*count > (bytes.len - HEADER - DIMENSION) / 4)
        return tn_pg_bad_binary(err, "array", "more elements than bytes");
    return TN_OK;
}

enum tn_status tn_pg_array_binary_decode(const struct tn_pg_type *element, struct tn_str bytes, struct tn_arena *arena,
                                         struct tn_value *out, struct tn_error *err)
{
    struct tn_str    rest;
    struct tn_value *items;
    size_t           count, before = arena->total;

    TN_TRY(measure_binary(element, bytes, &count, err));
    TN_TRY(new_list(element->type, count, arena, out, &items, err));
    rest = tn_str_n(bytes.ptr, 0);
    if (bytes.len > HEADER)
        rest = tn_str_n(bytes.ptr + HEADER + DIMENSION, bytes.len - HEADER - DIMENSION);
    for (size_t i = 0; i < count; i++) {
        uint32_t len;

        if (rest.len < 4)
            return tn_pg_bad_binary(err, "array", "cut in an element's length");
        len = tn_pg_get_be32(rest.ptr);
        rest = tn_str_n(rest.ptr + 4, rest.len - 4);
        if (len == UINT32_MAX)
            continue;
        if (len > rest.len)
            return tn_pg_bad_binary(err, "array", "cut in an element");
        TN_TRY(tn_pg_binary_decode(element, tn_str_n(rest.ptr, len), arena, &items[i], err));
        rest = tn_str_n(rest.ptr + len, rest.len - len);
        if (arena->total - before > count * sizeof *items + 32 * bytes.len + GROWTH_MAX)
            return too_large(err);
    }
    return rest.len == 0 ? TN_OK : tn_pg_bad_binary(err, "array", "bytes behind its end");
}

/* Whether an element's text needs quotes, and how many of its bytes need a backslash. */
static bool needs_quotes(const char *text, size_t len, size_t *escapes)
{
    bool quotes = len == 0 || tn_str_ieq_c(tn_str_n(text, len), "null");

    *escapes = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\')
            ++*escapes;
        quotes = quotes || is_blank(text[i]) || memchr("{},\"\\", text[i], 5) != NULL;
    }
    return quotes;
}

/* Puts quotes around what stands at START of OUT, and backslashes into it, from behind. */
static enum tn_status quote_element(struct tn_buf *out, size_t start, struct tn_error *err)
{
    size_t len = out->len - start, escapes;
    char  *from, *to;

    if (!needs_quotes(out->data + start, len, &escapes))
        return TN_OK;
    if (!tn_buf_reserve(out, escapes + 2))
        return tn_pg_no_room(err, out, escapes + 2);
    from = out->data + start + len;
    to = from + escapes + 2;
    *--to = '"';
    while (from > out->data + start) {
        char c = *--from;

        *--to = c;
        if (c == '"' || c == '\\')
            *--to = '\\';
    }
    *--to = '"';
    out->len += escapes + 2;
    return TN_OK;
}

static enum tn_status encode_text(const struct tn_value *value, const struct tn_pg_type *element,
                                  const struct tn_pg_style *style, struct tn_buf *out, struct tn_error *err)
{
    tn_buf_put_u8(out, '{');
    for (size_t i = 0; i < value->as.list.count; i++) {
        const struct tn_value *item = &value->as.list.items[i];

        if (i > 0)
            tn_buf_put_u8(out, ',');
        if (item->type == TN_TYPE_NULL) {
            tn_buf_puts(out, "NULL");
        } else {
            size_t start = out->len;

            TN_TRY(tn_pg_scalar_encode(item, element, 0, style, out, err));
            TN_TRY(quote_element(out, start, err));
        }
    }
    tn_buf_put_u8(out, '}');
    return out->failed ? tn_pg_no_room(err, out, 8) : TN_OK;
}

static enum tn_status encode_binary(const struct tn_value *value, const struct tn_pg_type *element,
                                    const struct tn_pg_style *style, struct tn_buf *out, struct tn_error *err)
{
    size_t   count = value->as.list.count;
    uint32_t nulls = 0;

    for (size_t i = 0; i < count; i++)
        nulls = nulls || value->as.list.items[i].type == TN_TYPE_NULL;
    tn_buf_put_be32(out, count > 0);
    tn_buf_put_be32(out, nulls);
    tn_buf_put_be32(out, element->oid);
    if (count > 0) {
        tn_buf_put_be32(out, (uint32_t)count);
        tn_buf_put_be32(out, 1); /* lower bound */
    }
    for (size_t i = 0; i < count; i++) {
        const struct tn_value *item = &value->as.list.items[i];
        size_t                 start = out->len + 4;

        tn_buf_put_be32(out, UINT32_MAX);
        if (item->type == TN_TYPE_NULL || out->failed)
            continue;
        TN_TRY(tn_pg_scalar_encode(item, element, 1, style, out, err));
        tn_pg_put_be32(out->data + start - 4, (uint32_t)(out->len - start));
    }
    return out->failed ? tn_pg_no_room(err, out, 8) : TN_OK;
}

enum tn_status tn_pg_array_encode(const struct tn_value *value, const struct tn_pg_type *element, int16_t format,
                                  const struct tn_pg_style *style, struct tn_buf *out, struct tn_error *err)
{
    return format == 0 ? encode_text(value, element, style, out, err) : encode_binary(value, element, style, out, err);
}

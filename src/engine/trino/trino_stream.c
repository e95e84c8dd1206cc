#include "engine/trino/trino_stream.h"

#include "engine/trino/trino_json.h"

/* ---- UTF-8 across the pieces ---- */

/* The bytes that S->part still needs are taken from *BYTES. */
static void finish_part(struct tn_trino_stream *s, struct tn_str *bytes)
{
    while (s->part_len > 0 && bytes->len > 0) {
        s->part[s->part_len++] = bytes->ptr[0];
        *bytes = tn_str_n(bytes->ptr + 1, bytes->len - 1);
        if (tn_utf8_valid_prefix(s->part, s->part_len) == s->part_len)
            s->part_len = 0;
        else if (s->part_len == sizeof s->part)
            s->bad = true;
        if (s->bad)
            return;
    }
}

static void check_utf8(struct tn_trino_stream *s, struct tn_str bytes)
{
    size_t valid;

    finish_part(s, &bytes);
    if (s->bad || bytes.len == 0)
        return;
    valid = tn_utf8_valid_prefix(bytes.ptr, bytes.len);
    s->part_len = (unsigned)TN_MIN(bytes.len - valid, sizeof s->part);
    s->bad = s->part_len == sizeof s->part;
    if (!s->bad && s->part_len > 0)
        memcpy(s->part, bytes.ptr + valid, s->part_len);
}

/* ---- rows ---- */

static void in_string(struct tn_trino_stream *s, char c)
{
    if (s->escaped)
        s->escaped = false;
    else if (c == '\\')
        s->escaped = true;
    else
        s->in_string = c != '"';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Between two rows nothing may stand but a comma. */
static void between(struct tn_trino_stream *s, char c)
{
    if (c == '[') {
        s->depth++;
        s->rows++;
    } else if (c == ']') {
        s->over = true;
    } else if (c != ',' && !is_space(c)) {
        s->bad = true;
    }
}

static void step(struct tn_trino_stream *s, char c)
{
    if (s->in_string)
        in_string(s, c);
    else if (s->depth == 0)
        between(s, c);
    else if (c == '"')
        s->in_string = true;
    else if (c == '[' || c == '{')
        s->bad = ++s->depth > TN_TRINO_JSON_DEPTH;
    else if (c == ']' || c == '}')
        s->depth--;
}

/* The end of what is rows of BYTES. */
static size_t scan(struct tn_trino_stream *s, struct tn_str bytes)
{
    size_t at = 0;

    for (; at < bytes.len && !s->over && !s->bad; at++)
        step(s, bytes.ptr[at]);
    return s->over ? at - 1 : at;
}

size_t tn_trino_stream_feed(struct tn_trino_stream *s, struct tn_str bytes)
{
    size_t rows = s->over ? 0 : scan(s, bytes);

    check_utf8(s, tn_str_n(bytes.ptr, rows));
    if (!s->over)
        return rows;
    s->bad = s->bad || s->part_len > 0;
    tn_buf_append(&s->page, bytes.ptr + rows, bytes.len - rows);
    return rows;
}

/* ---- beginning and end ---- */

/* Where the rows begin in BODY; 0: not (yet) there. */
static size_t find_rows(struct tn_str body)
{
    struct tn_trino_json in;
    struct tn_str        key;

    tn_trino_json_begin(&in, body);
    if (!tn_trino_json_enter(&in, '{'))
        return 0;
    while (tn_trino_json_key(&in, &key)) {
        if (tn_str_eq_c(key, "data") && tn_trino_json_peek(&in) == TN_TRINO_JSON_ARRAY)
            return tn_trino_json_enter(&in, '[') ? (size_t)(in.at - body.ptr) : 0;
        if (!tn_trino_json_skip(&in, NULL))
            return 0;
    }
    return 0;
}

bool tn_trino_stream_begin(struct tn_trino_stream *s, struct tn_str body)
{
    size_t at = find_rows(body);

    tn_trino_stream_reset(s);
    if (at == 0 || body.ptr[at - 1] != '[')
        return false;
    tn_buf_init(&s->page, at + TN_TRINO_STREAM_REST_MAX);
    tn_buf_append(&s->page, body.ptr, at);
    s->rest_at = s->page.len;
    (void)tn_trino_stream_feed(s, tn_str_n(body.ptr + at, body.len - at));
    s->begun = !s->over && !s->bad && !s->page.failed;
    if (!s->begun)
        tn_trino_stream_reset(s);
    return s->begun;
}

bool tn_trino_stream_end(struct tn_trino_stream *s)
{
    return s->over && !s->bad && !s->page.failed;
}

void tn_trino_stream_reset(struct tn_trino_stream *s)
{
    tn_buf_reset(&s->page);
    *s = (struct tn_trino_stream){.begun = false};
}

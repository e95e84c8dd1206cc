/* Pages for a client that speaks Trino's protocol itself: the answer's bytes as they came, and where the links stand in them. */
#include "engine/trino/trino_relay.h"

#include "base/alloc.h"
#include "engine/trino/trino_conn.h"

static void add(struct tn_chunk *chunk, const struct tn_buf *body, enum tn_relay_what what, struct tn_str at)
{
    struct tn_relay_part part = {.what = what, .at = (size_t)(at.ptr - body->data), .len = at.len};
    struct tn_buf       *parts = &chunk->relay->parts;
    size_t               count, i;

    if (at.ptr == NULL)
        return;
    tn_buf_append(parts, &part, sizeof part);
    if (parts->failed)
        return;
    count = parts->len / sizeof part;
    for (i = count - 1; i > 0; i--) { /* in their order */
        struct tn_relay_part before;

        memcpy(&before, parts->data + (i - 1) * sizeof part, sizeof before);
        if (before.at < part.at)
            break;
        memcpy(parts->data + i * sizeof part, &before, sizeof before);
    }
    memcpy(parts->data + i * sizeof part, &part, sizeof part);
}

/* {"type":"spooled","uri":"..","ackUri":"..","metadata":{"rowsCount":1,..},"headers":{..}} */
static void read_segment(struct tn_trino_json *in, struct tn_chunk *chunk, const struct tn_buf *body)
{
    struct tn_str key, link, inner;
    bool          escaped;
    uint64_t      rows = 0;

    if (!tn_trino_json_enter(in, '{'))
        return;
    while (tn_trino_json_key(in, &key)) {
        if (tn_trino_json_peek(in) == TN_TRINO_JSON_STRING && (tn_str_eq_c(key, "uri") || tn_str_eq_c(key, "ackUri"))) {
            if (tn_trino_json_string(in, &link, &escaped))
                add(chunk, body, TN_RELAY_SEGMENT, link);
        } else if (tn_trino_json_peek(in) == TN_TRINO_JSON_OBJECT && tn_str_eq_c(key, "metadata") && tn_trino_json_enter(in, '{')) {
            while (tn_trino_json_key(in, &inner))
                (void)(tn_str_eq_c(inner, "rowsCount") ? tn_trino_json_u64(in, &rows) : tn_trino_json_skip(in, NULL));
            chunk->rows += rows;
        } else {
            (void)tn_trino_json_skip(in, NULL);
        }
    }
}

static bool read_segments(struct tn_chunk *chunk, struct tn_str spooled, const struct tn_buf *body)
{
    struct tn_trino_json in;
    struct tn_str        key;

    tn_trino_json_begin(&in, spooled);
    if (!tn_trino_json_enter(&in, '{'))
        return false;
    while (tn_trino_json_key(&in, &key)) {
        if (!tn_str_eq_c(key, "segments")) {
            (void)tn_trino_json_skip(&in, NULL);
            continue;
        }
        if (tn_trino_json_enter(&in, '['))
            while (tn_trino_json_item(&in))
                read_segment(&in, chunk, body);
    }
    return !in.failed;
}

static bool read_page(struct tn_chunk *chunk, const struct tn_trino_page *page, const struct tn_buf *body, struct tn_error *err)
{
    chunk->relay->more = page->next_uri.ptr != NULL;
    chunk->relay->failed = page->failed;
    chunk->relay->tells = page->columns.ptr != NULL || page->data.ptr != NULL || page->spooled.ptr != NULL || page->update_type.ptr != NULL;
    add(chunk, body, TN_RELAY_ID, page->id_at);
    add(chunk, body, TN_RELAY_INFO, page->info_uri_at);
    add(chunk, body, TN_RELAY_PARTIAL, page->partial_uri_at);
    add(chunk, body, TN_RELAY_NEXT, page->next_uri_at);
    chunk->rows = page->row_count;
    if (page->has_others || (page->spooled.ptr != NULL && !read_segments(chunk, page->spooled, body)))
        return tn_fail(err, TN_E_ENGINE, "08P01", "rows of a result cannot be read") == TN_OK;
    if (chunk->relay->parts.failed)
        return tn_fail(err, TN_E_LIMIT, "54000", "the answer's links are too many") == TN_OK;
    return true;
}

/* BODY is what c->page was read from. */
static bool fill(struct tn_trino_conn *c, struct tn_chunk *chunk, const struct tn_buf *body, struct tn_error *err)
{
    const struct tn_trino_page *page = &c->page;

    if (!read_page(chunk, page, body, err))
        return false;
    if (chunk->rows > 0 && !c->columns_told && page->columns.ptr == NULL && page->update_type.ptr == NULL)
        return tn_fail(err, TN_E_ENGINE, "08P01", "rows came before the description of their columns") == TN_OK;
    tn_buf_put_str(&chunk->relay->headers, tn_buf_str(&c->told));
    if (chunk->relay->headers.failed || c->told.failed)
        return tn_fail(err, TN_E_LIMIT, "54000", "the answer's headers are too long") == TN_OK;
    return true;
}

static struct tn_chunk *new_chunk(struct tn_error *err)
{
    struct tn_chunk *chunk = tn_chunk_new(TN_TRINO_BODY_MAX);

    if (chunk != NULL && tn_chunk_relay(chunk))
        return chunk;
    tn_chunk_free(chunk);
    tn_fail(err, TN_E_NOMEM, "53200", "out of memory for rows");
    return NULL;
}

static void take(struct tn_chunk *chunk, struct tn_buf *body)
{
    chunk->bytes = *body;
    tn_buf_init(body, chunk->bytes.max);
}

bool tn_trino_relay_page(struct tn_trino_conn *c, struct tn_error *err)
{
    struct tn_chunk *chunk = new_chunk(err);

    if (chunk == NULL)
        return false;
    if (!fill(c, chunk, c->body, err)) {
        tn_chunk_free(chunk);
        return false;
    }
    tn_buf_clear(&c->told);
    take(chunk, c->body); /* nobody reads c->page any more */
    tn_run_chunk(c->run, chunk);
    return true;
}

/* ---- a long page, in parts ---- */

/* What is known of S's page without its rows; END closes it. */
static bool read_stream(struct tn_trino_stream *s, const char *end, struct tn_trino_page *out, struct tn_arena *arena, struct tn_error *err)
{
    struct tn_buf *page = &s->page;
    size_t         len = page->len;
    bool           ok;

    tn_buf_puts(page, end);
    ok = !page->failed && tn_trino_page_read(out, tn_buf_str(page), arena, err) == TN_OK;
    page->len = len;
    return ok;
}

/* Rows of the page, all that BODY has but what is kept as its rest: BODY's memory is taken. */
static bool deliver_rows(struct tn_trino_conn *c, struct tn_buf *body, size_t len, uint64_t rows, bool first, struct tn_error *err)
{
    struct tn_chunk *chunk = new_chunk(err);

    if (chunk == NULL)
        return false;
    if (first && !fill(c, chunk, &c->stream.page, err)) {
        tn_chunk_free(chunk);
        return false;
    }
    take(chunk, body);
    chunk->bytes.len = len;
    chunk->rows = rows;
    chunk->relay->tells = true;
    chunk->relay->joins = !first;
    chunk->relay->open = true;
    if (first)
        tn_buf_clear(&c->told);
    tn_run_chunk(c->run, chunk);
    return true;
}

/* The page's columns are told before its first rows. */
static bool begin_stream(struct tn_trino_conn *c, struct tn_buf *body, struct tn_error *err)
{
    if (!tn_trino_stream_begin(&c->stream, tn_buf_str(body))) {
        c->stream_at = 2 * body->len; /* of very many columns, or it is nearly there */
        return true;
    }
    tn_arena_reset(&c->page_arena);
    if (!read_stream(&c->stream, "]}", &c->page, &c->page_arena, err) || (c->page.columns.ptr == NULL && !c->columns_told)) { /* whose it is, or what, stands behind the rows */
        tn_error_reset(err);
        tn_trino_stream_reset(&c->stream);
        c->stream_at = SIZE_MAX;
        return true;
    }
    if (!tn_trino_tell_columns(c, err))
        return false;
    if (c->phase == TN_TRINO_CANCELLING)
        return true;
    c->failing_since_us = 0;
    return deliver_rows(c, body, body->len, c->stream.rows, true, err);
}

bool tn_trino_relay_part(struct tn_trino_conn *c, struct tn_buf *body, struct tn_error *err)
{
    uint64_t before = c->stream.rows;
    size_t   rows;

    if (!c->stream.begun)
        return begin_stream(c, body, err);
    rows = tn_trino_stream_feed(&c->stream, tn_buf_str(body));
    if (c->stream.bad || c->stream.page.failed)
        return tn_fail(err, TN_E_ENGINE, "08P01", "rows of a result cannot be read") == TN_OK;
    if (rows == 0) {
        tn_buf_clear(body);
        return true;
    }
    return deliver_rows(c, body, rows, c->stream.rows - before, false, err);
}

/* What stands behind the rows goes to the end of CHUNK, whose parts are those that the page's beginning did not have. */
static bool fill_rest(struct tn_chunk *chunk, struct tn_trino_stream *s, const struct tn_trino_page *page, struct tn_error *err)
{
    struct tn_buf        parts;
    struct tn_relay_part part;
    size_t               at = s->rest_at, rows = chunk->bytes.len;

    if (!read_page(chunk, page, &s->page, err))
        return false;
    parts = chunk->relay->parts;
    tn_buf_init(&chunk->relay->parts, parts.max);
    for (size_t i = 0; i < parts.len / sizeof part; i++) {
        memcpy(&part, parts.data + i * sizeof part, sizeof part);
        if (part.at < at)
            continue;
        part.at += rows - at;
        tn_buf_append(&chunk->relay->parts, &part, sizeof part);
    }
    tn_buf_reset(&parts);
    tn_buf_append(&chunk->bytes, s->page.data + at, s->page.len - at);
    chunk->relay->joins = chunk->relay->tells = true;
    chunk->rows = 0;
    if (chunk->relay->parts.failed || chunk->bytes.failed)
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory for rows") == TN_OK;
    return true;
}

bool tn_trino_relay_rest(struct tn_trino_conn *c, struct tn_buf *body, struct tn_error *err)
{
    struct tn_chunk *chunk;

    if (body->len > 0 && !tn_trino_relay_part(c, body, err))
        return false;
    if (c->phase == TN_TRINO_CANCELLING)
        return true;
    if (!tn_trino_stream_end(&c->stream))
        return tn_fail(err, TN_E_ENGINE, "08P01", "the answer is not one of Trino's statement protocol") == TN_OK;
    if (!read_stream(&c->stream, "", &c->page, &c->page_arena, err) || (chunk = new_chunk(err)) == NULL)
        return false;
    if (!fill_rest(chunk, &c->stream, &c->page, err)) {
        tn_chunk_free(chunk);
        return false;
    }
    tn_trino_note_page(c);
    c->stream.begun = false; /* its page stays until the next one */
    tn_run_chunk(c->run, chunk);
    return true;
}

/* ---- of no run ---- */

struct tn_chunk *tn_trino_relay_stream_begin(struct tn_trino_stream *s, struct tn_buf *body, size_t *at)
{
    struct tn_trino_page page;
    struct tn_chunk     *chunk;
    struct tn_arena      arena;
    bool                 ok;

    *at = 2 * body->len;
    if (!tn_trino_stream_begin(s, tn_buf_str(body)))
        return NULL;
    tn_arena_init(&arena, TN_TRINO_BODY_MAX);
    chunk = new_chunk(NULL);
    ok = chunk != NULL && read_stream(s, "]}", &page, &arena, NULL) && read_page(chunk, &page, &s->page, NULL);
    tn_arena_reset(&arena);
    if (!ok) { /* whose it is stands behind the rows */
        tn_chunk_free(chunk);
        tn_trino_stream_reset(s);
        *at = SIZE_MAX;
        return NULL;
    }
    take(chunk, body);
    return chunk;
}

/* BODY is rows up to LEN. */
static struct tn_chunk *rows_chunk(struct tn_buf *body, size_t len)
{
    struct tn_chunk *chunk = new_chunk(NULL);

    if (chunk == NULL)
        return NULL;
    take(chunk, body);
    chunk->bytes.len = len;
    return chunk;
}

struct tn_chunk *tn_trino_relay_stream_rows(struct tn_trino_stream *s, struct tn_buf *body)
{
    size_t len = tn_trino_stream_feed(s, tn_buf_str(body));

    return s->bad || s->page.failed ? NULL : rows_chunk(body, len);
}

struct tn_chunk *tn_trino_relay_stream_end(struct tn_trino_stream *s, struct tn_buf *body)
{
    struct tn_chunk     *chunk = tn_trino_relay_stream_rows(s, body);
    struct tn_trino_page page;
    struct tn_arena      arena;
    bool                 ok;

    if (chunk == NULL)
        return NULL;
    tn_arena_init(&arena, TN_TRINO_BODY_MAX);
    ok = tn_trino_stream_end(s) && read_stream(s, "", &page, &arena, NULL) && fill_rest(chunk, s, &page, NULL);
    tn_arena_reset(&arena);
    if (ok)
        return chunk;
    tn_chunk_free(chunk);
    return NULL;
}

struct tn_chunk *tn_trino_relay_chunk(struct tn_buf *body, struct tn_error *err)
{
    struct tn_chunk     *chunk = new_chunk(err);
    struct tn_trino_page page;
    struct tn_arena      arena;
    bool                 ok;

    if (chunk == NULL)
        return NULL;
    tn_arena_init(&arena, TN_TRINO_BODY_MAX);
    ok = tn_trino_page_read(&page, tn_buf_str(body), &arena, err) == TN_OK && read_page(chunk, &page, body, err);
    tn_arena_reset(&arena);
    if (ok) {
        take(chunk, body);
        return chunk;
    }
    tn_chunk_free(chunk);
    return NULL;
}

void tn_trino_relay_challenge(char *challenge, size_t size, struct tn_str value)
{
    size_t len = strlen(challenge), room = size - len;

    if (value.len + 3 <= room)
        snprintf(challenge + len, room, "%s" TN_STR_FMT, len > 0 ? ", " : "", TN_STR_ARG(value));
}

void tn_trino_relay_header(struct tn_buf *out, struct tn_str name, struct tn_str value)
{
    static const char prefix[] = "x-trino-";
    size_t            len = sizeof prefix - 1;

    if (name.len <= len || !tn_str_ieq_c(tn_str_n(name.ptr, len), prefix))
        return;
    name = tn_str_n(name.ptr + len, name.len - len);
    if (tn_str_ieq_c(name, "started-transaction-id") || tn_str_ieq_c(name, "clear-transaction-id"))
        return;
    tn_buf_put_str(out, name);
    tn_buf_put_u8(out, '\0');
    tn_buf_put_str(out, value);
    tn_buf_put_u8(out, '\0');
}

/* fuzz_http.c - whole conversations through the HTTP parser. The first byte picks the split size; the same bytes must then
 * read the same as in one piece, or the end of a request would depend on how packets fall. */
#include "base/buf.h"
#include "base/hash.h"
#include "net/http_parser.h"
#include "net/http_text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was understood, as one number. */
struct reading {
    uint64_t hash;
    unsigned requests;
};

static void note(struct reading *r, const void *data, size_t len)
{
    r->hash = tn_hash_seeded(data, len, r->hash);
}

static void note_head(struct reading *r, const struct tn_http_parser *p)
{
    struct tn_arena arena;
    struct tn_str   out, path, query;

    if ((p->chunked && p->content_length != 0) || p->field_count > TN_HTTP_FIELDS_MAX || p->minor > 1)
        abort();
    note(r, &p->method, sizeof p->method);
    note(r, p->target.ptr, p->target.len);
    note(r, &p->content_length, sizeof p->content_length);
    tn_http_split_target(p->target, &path, &query);
    if (path.len + query.len > p->target.len + 1) /* "http://x": the path is a slash */
        abort();
    tn_arena_init(&arena, 1 << 20);
    if (tn_http_decode(&arena, p->target, false, &out) && memchr(out.ptr, '\0', out.len) != NULL)
        abort();
    for (size_t i = 0; i < p->field_count; i++) {
        note(r, p->fields[i].name.ptr, p->fields[i].name.len);
        note(r, p->fields[i].value.ptr, p->fields[i].value.len);
        for (size_t k = 0; k < p->fields[i].value.len; k++)
            if (strchr("\r\n", p->fields[i].value.ptr[k]) != NULL)
                abort(); /* also for a NUL */
    }
    tn_arena_reset(&arena);
}

static struct reading read_all(const char *data, size_t size, size_t step)
{
    struct tn_http_parser parser;
    struct reading        r = {0, 0};
    size_t                at = 0, begin = 0;
    uint64_t              body = 0;

    tn_http_parser_init(&parser);
    for (;;) {
        size_t             n = TN_MIN(step, size - at), used;
        enum tn_http_event event = tn_http_parser_feed(&parser, data + at, n, &used);

        if (used > n)
            abort();
        at += used;
        if (event == TN_HTTP_HEAD) {
            note_head(&r, &parser);
            body = 0;
        } else if (event == TN_HTTP_BODY) {
            if (parser.body.ptr < data + begin || parser.body.ptr + parser.body.len > data + size || parser.body.len == 0)
                abort();
            for (size_t i = 0; i < parser.body.len; i++)
                note(&r, parser.body.ptr + i, 1);
            body += parser.body.len;
        } else if (event == TN_HTTP_END) {
            if (!parser.chunked && body != parser.content_length)
                abort();
            begin = at;
            r.requests++;
            note(&r, &at, sizeof at);
        } else if (event == TN_HTTP_BAD) {
            if (parser.bad_status < 400 || parser.bad_status > 599 || parser.bad_reason == NULL)
                abort();
            note(&r, &parser.bad_status, sizeof parser.bad_status);
            break;
        } else if (at == size) {
            break;
        } else if (used != n) {
            abort();
        }
    }
    tn_http_parser_reset(&parser);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char    *text = (const char *)data + 1;
    struct reading whole, split;
    size_t         step;

    if (size < 2)
        return 0;
    step = data[0] < 128 ? (size_t)data[0] + 1 : ((size_t)data[0] - 127) * 61;
    whole = read_all(text, size - 1, size - 1);
    split = read_all(text, size - 1, step);
    if (whole.hash != split.hash || whole.requests != split.requests)
        abort();
    return 0;
}

/* A Trino's own pages for its client: the bytes as they came, but for the links, which lead to us. */
#include "base/digits.h"
#include "engine/cluster.h"
#include "engine/trino/trino_json.h"
#include "trino/link.h"

/* ---- links ---- */

/* A text as its JSON means it; SPACE is the caller's, initialised, and holds it where there are escapes in it. */
static struct tn_str plain(struct tn_str raw, struct tn_buf *space)
{
    if (raw.len == 0 || memchr(raw.ptr, '\\', raw.len) == NULL)
        return raw;
    tn_trino_json_unescape(space, raw);
    return space->failed ? tn_str_n(NULL, 0) : tn_buf_str(space);
}

/* The path of an absolute link of a coordinator. */
static struct tn_str path_of(struct tn_str link)
{
    for (size_t i = 0, slashes = 0; i < link.len; i++)
        if (link.ptr[i] == '/' && ++slashes == 3)
            return tn_str_n(link.ptr + i, link.len - i);
    return tn_str_n(NULL, 0);
}

static bool has_own_id(const struct tn_trino_relayed *r)
{
    return tn_str_eq(r->shown, r->id);
}

static bool seal(const struct tn_trino_relayed *r, struct tn_buf *out, enum tn_trino_link_kind kind, uint64_t token, struct tn_str path)
{
    struct tn_trino_link link = {.kind = kind, .own_id = has_own_id(r), .cluster = r->cluster, .path = path, .token = token};

    if (kind != TN_TRINO_LINK_SEGMENT)
        link.id = r->id;
    if (kind == TN_TRINO_LINK_PAGE)
        link.user = r->user;
    return r->cluster.ptr != NULL && path.ptr != NULL && tn_trino_link_seal(out, r->home, &link);
}

static bool is_queued(struct tn_str path)
{
    return memmem(path.ptr == NULL ? "" : path.ptr, path.len, "/queued/", 8) != NULL;
}

/* With what is sealed behind the slug: without it (it would be too long) the link is good as long as this program runs. */
static void put_slug(const struct tn_trino_relayed *r, struct tn_buf *out, enum tn_trino_link_kind kind, uint64_t token, struct tn_str path)
{
    size_t before;

    tn_buf_put_str(out, r->slug);
    before = out->len;
    tn_buf_put_u8(out, '.');
    if (!seal(r, out, kind, token, path) && !out->failed)
        out->len = before;
}

static void put_token(struct tn_buf *out, uint64_t token)
{
    char text[TN_DIGITS_SIZE];

    tn_buf_put_u8(out, '/');
    tn_buf_append(out, text, (size_t)(tn_digits_put(text, token) - text));
}

static void put_next(const struct tn_trino_relayed *r, uint64_t token, struct tn_str path, struct tn_buf *out)
{
    tn_buf_puts(out, is_queued(path) ? "/v1/statement/queued/" : "/v1/statement/executing/");
    tn_buf_put_str(out, r->id);
    tn_buf_put_u8(out, '/');
    put_slug(r, out, TN_TRINO_LINK_PAGE, token, path);
    put_token(out, token);
}

static void put_partial(const struct tn_trino_relayed *r, uint64_t token, struct tn_str path, struct tn_buf *out)
{
    tn_buf_puts(out, "/v1/statement/executing/partialCancel/");
    tn_buf_put_str(out, r->id);
    tn_buf_puts(out, "/0/");
    put_slug(r, out, TN_TRINO_LINK_STAGE, 0, path);
    put_token(out, token);
}

/* The coordinator's own are ours; a link into the store itself is signed for its client, and left alone. */
static void put_segment(const struct tn_trino_relayed *r, struct tn_str link, struct tn_str path, struct tn_buf *out)
{
    size_t        before = out->len;

    tn_buf_put_str(out, r->base);
    tn_buf_puts(out, "/v1/spooled/relay/");
    if (path.ptr != NULL && memmem(path.ptr, path.len, "/v1/spooled/", 12) != NULL && seal(r, out, TN_TRINO_LINK_SEGMENT, 0, path))
        return;
    if (!out->failed)
        out->len = before;
    tn_buf_put_str(out, link);
}

/* ---- pages ---- */

static void put_link(const struct tn_trino_relayed *r, enum tn_relay_what what, struct tn_str text, struct tn_buf *out)
{
    struct tn_buf space;
    struct tn_str path;

    tn_buf_init(&space, TN_TRINO_NEXT_MAX);
    path = path_of(plain(text, &space));
    if (what != TN_RELAY_SEGMENT)
        tn_buf_put_str(out, r->base);
    if (what == TN_RELAY_PARTIAL)
        put_partial(r, r->token, path, out);
    else if (what == TN_RELAY_NEXT)
        put_next(r, r->token + 1, path, out);
    else
        put_segment(r, text, path, out);
    tn_buf_reset(&space);
}

static void put_part(const struct tn_trino_relayed *r, const struct tn_relay_part *part, struct tn_str text, struct tn_buf *out)
{
    switch (part->what) {
    case TN_RELAY_ID: tn_buf_put_str(out, r->shown); return;
    case TN_RELAY_INFO:
        tn_buf_put_str(out, r->base);
        tn_buf_puts(out, "/ui/query.html?");
        tn_buf_put_str(out, r->shown);
        return;
    default: put_link(r, part->what, text, out); return;
    }
}

static struct tn_relay_part part_at(const struct tn_chunk *chunk, size_t i)
{
    struct tn_relay_part part;

    memcpy(&part, chunk->relay->parts.data + i * sizeof part, sizeof part);
    return part;
}

static struct tn_str text_of(const struct tn_chunk *chunk, enum tn_relay_what what)
{
    for (size_t i = 0; i < chunk->relay->parts.len / sizeof(struct tn_relay_part); i++) {
        struct tn_relay_part part = part_at(chunk, i);

        if (part.what == what)
            return tn_str_n(chunk->bytes.data + part.at, part.len);
    }
    return tn_str_n(NULL, 0);
}

void tn_trino_relay_path(const struct tn_chunk *chunk, struct tn_buf *out)
{
    struct tn_buf space;

    tn_buf_init(&space, TN_TRINO_NEXT_MAX);
    tn_buf_clear(out);
    tn_buf_put_str(out, path_of(plain(text_of(chunk, TN_RELAY_NEXT), &space)));
    tn_buf_reset(&space);
}

enum { COPIED_MAX = 16 * 1024 }; /* what is shorter is copied sooner than it is counted */

void tn_trino_relay_put(const struct tn_trino_relayed *relayed, struct tn_chunk *chunk, struct tn_buf *out, struct tn_bytes **rest, size_t *rest_at)
{
    struct tn_trino_relayed with_id = *relayed, *r = &with_id;
    size_t copied = 0, count = chunk->relay->parts.len / sizeof(struct tn_relay_part);

    if (r->shown.len == 0)
        r->shown = text_of(chunk, TN_RELAY_ID);
    tn_buf_reserve(out, TN_MIN(chunk->bytes.len, (size_t)COPIED_MAX) + 1024);
    for (size_t i = 0; i < count; i++) {
        struct tn_relay_part part = part_at(chunk, i);

        tn_buf_append(out, chunk->bytes.data + copied, part.at - copied);
        put_part(r, &part, tn_str_n(chunk->bytes.data + part.at, part.len), out);
        copied = part.at + part.len;
    }
    *rest = chunk->bytes.len - copied > COPIED_MAX ? tn_bytes_new(&chunk->bytes) : NULL;
    *rest_at = copied;
    if (*rest == NULL)
        tn_buf_append(out, chunk->bytes.data + copied, chunk->bytes.len - copied);
}

/* ---- of a query here ---- */

static struct tn_trino_relayed of_query(const struct tn_trino_query *q)
{
    return (struct tn_trino_relayed){.home = q->home, .id = tn_str(q->id), .slug = tn_str(q->slug), .shown = tn_str(q->shown),
                                     .user = q->identity->user, .cluster = q->cluster, .token = q->token};
}

/* The id that its first answer has is the query's: that of its Trino, if we were not asked before. */
static void show_id(struct tn_trino_query *q, const struct tn_chunk *chunk)
{
    struct tn_str id = text_of(chunk, TN_RELAY_ID);

    if (q->shown[0] != '\0')
        return;
    if (id.len == 0 || id.len >= sizeof q->shown || memchr(id.ptr, '\\', id.len) != NULL)
        id = tn_str(q->id);
    tn_str_copy(q->shown, sizeof q->shown, id);
    tn_trino_activity_show(q->home->activity, q->ticket, q->shown);
}

void tn_trino_relay_build(struct tn_trino_query *q, struct tn_chunk *chunk, struct tn_str base, struct tn_buf *out, struct tn_bytes **rest, size_t *rest_at)
{
    struct tn_trino_relayed r;

    show_id(q, chunk);
    tn_trino_relay_path(chunk, &q->next);
    tn_buf_clear(&q->told);
    tn_buf_put_str(&q->told, tn_buf_str(&chunk->relay->headers));
    r = of_query(q);
    r.base = base;
    tn_trino_relay_put(&r, chunk, out, rest, rest_at);
}

void tn_trino_relay_more(struct tn_trino_query *q, struct tn_chunk *chunk, struct tn_trino_call *call)
{
    struct tn_trino_relayed r = of_query(q);

    if (chunk->relay->parts.len == 0) {
        tn_buf_reset(&call->body);
        call->body = chunk->bytes;
        tn_buf_init(&chunk->bytes, 0);
        return;
    }
    r.base = q->base;
    tn_trino_relay_put(&r, chunk, &call->body, &call->rest, &call->rest_at);
}

void tn_trino_relay_next(struct tn_trino_query *q, uint64_t token, struct tn_buf *out)
{
    struct tn_trino_relayed r = of_query(q);

    put_next(&r, token, q->relays && !q->next.failed && q->next.len > 0 ? tn_buf_str(&q->next) : tn_str_n(NULL, 0), out);
    tn_buf_put_u8(out, '\0');
}

bool tn_trino_relay_waits(const struct tn_trino_query *q)
{
    const struct tn_query *query = q->ask == NULL ? NULL : q->ask->query;

    return !q->done && q->first == NULL && !q->describes && query != NULL && query->cluster != NULL &&
           query->cluster->conf->engine == TN_CFG_ENGINE_TRINO;
}

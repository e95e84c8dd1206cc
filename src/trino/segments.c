#include "trino/segments.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "config/file.h"
#include "spool/spool_send.h"
#include "trino/link.h"

#include <errno.h>

#define END "segment" /* of files' names */

enum {
    INLINE_MAX = 128 * 1024,      /* rows of so many bytes stay in the page, as Trino's do */
    BYTES = 2 * 1024 * 1024,      /* a segment is full then, before it is compressed */
    MADE_MAX = 1536 * 1024 * 1024,
    USER_MAX = 1024,              /* a longer name, or one with a line break, would not fit a link */
    ID = 32,                      /* hex digits */
};

struct made {
    char                    id[ID + 1];
    struct tn_trino_segment about;
};

struct tn_trino_segments {
    struct tn_job          work;
    struct tn_trino       *trino;
    struct tn_worker      *worker;
    struct tn_trino_query *q;        /* NULL: gone */
    enum tn_trino_encoding encoding;
    bool                   busy;     /* in the pool */
    bool                   off;      /* there was no room: rows go in pages */
    bool                   crediting;
    unsigned               owed;     /* of q's chunks: not credited yet */
    size_t                 count;
    struct made            untold[TN_TRINO_AHEAD];
    /* the pool's while busy */
    struct tn_chunk       *writing;
    struct made            made;
    int                    error;
    size_t                 drop_count;
    char                   drop[TN_TRINO_AHEAD][ID + 1];
};

/* ---- the folder ---- */

static bool is_id(struct tn_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '\0' || strchr("0123456789abcdef", text.ptr[i]) == NULL)
            return false;
    return text.len == ID;
}

static bool owns(const char *name)
{
    return strlen(name) == ID + sizeof END && is_id(tn_str_n(name, ID)) && name[ID] == '.' && strcmp(name + ID + 1, END) == 0;
}

static struct tn_spool_limits limits(struct tn_spool *spool)
{
    struct tn_trino       *trino = TN_CONTAINER_OF(spool, struct tn_trino, spool);
    struct tn_snapshot    *snapshot = tn_server_snapshot(trino->server);
    struct tn_spool_limits now = {.max_age_s = snapshot->config->settings.trino_spool_max_age / 1000000,
                                  .max_bytes = snapshot->config->settings.trino_max_spool};

    tn_snapshot_unref(snapshot);
    return now;
}

void tn_trino_segments_open(struct tn_trino *trino)
{
    trino->spool = (struct tn_spool){.folder = trino->config->settings.trino_spool_path.ptr, .offload = trino->server->offload,
                                     .worker = trino->server->workers[0], .owns = owns, .limits = limits, .passing = true};
    tn_spool_open(&trino->spool);
}

/* ---- in the pool ---- */

static void make_id(char id[ID + 1])
{
    uint8_t random[ID / 2];

    tn_rand_secret(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(id + 2 * i, 3, "%02x", random[i]);
}

static void write_segment(struct tn_trino_segments *s)
{
    struct tn_spool *spool = &s->trino->spool;
    struct tn_buf    bytes;

    tn_buf_init(&bytes, MADE_MAX);
    make_id(s->made.id);
    tn_trino_segment_make(&bytes, s->writing, s->encoding, &s->made.about);
    s->made.about.expires_us = tn_clock_wall_us() + limits(spool).max_age_s * 1000000;
    s->error = bytes.failed ? ENOMEM : tn_spool_put(spool, s->made.id, END, tn_buf_str(&bytes));
    tn_buf_reset(&bytes);
}

static void work(struct tn_job *job)
{
    struct tn_trino_segments *s = TN_CONTAINER_OF(job, struct tn_trino_segments, work);

    if (s->writing != NULL)
        write_segment(s);
    for (size_t i = 0; i < s->drop_count; i++)
        tn_spool_drop(&s->trino->spool, s->drop[i], END);
}

/* ---- on the query's worker ---- */

static void on_worked(struct tn_job *job, struct tn_worker *worker);

static void submit(struct tn_trino_segments *s)
{
    s->busy = true;
    s->work.run = work;
    s->work.done = on_worked;
    tn_offload_submit(s->trino->server->offload, &s->work, s->worker);
}

/* Nobody will be told of them. */
static void discard(struct tn_trino_segments *s)
{
    if (s->busy || s->count == 0)
        return;
    for (size_t i = 0; i < s->count; i++)
        memcpy(s->drop[i], s->untold[i].id, sizeof s->drop[i]);
    s->drop_count = s->count;
    s->count = 0;
    submit(s);
}

/* All rows at hand become a segment. */
static void write_rows(struct tn_trino_query *q)
{
    struct tn_trino_segments *s = q->segments;
    uint64_t                  rows = 0;

    for (const struct tn_chunk *chunk = q->first; chunk != NULL; chunk = chunk->next)
        rows += chunk->rows;
    s->made.about = (struct tn_trino_segment){.row_offset = q->row_offset, .rows = rows};
    q->row_offset += rows;
    s->writing = q->first;
    q->first = q->last = NULL;
    q->chunk_count = 0;
    q->chunk_bytes = 0;
    submit(s);
}

/* What could not be written goes before the rows at hand, and all of them into pages. */
static void put_back(struct tn_trino_query *q, struct tn_chunk *rows)
{
    struct tn_trino_segments *s = q->segments;
    struct tn_chunk          *last = rows;
    char                      reason[128];
    bool                      is_full = s->error == EDQUOT;

    tn_log(TN_LOG_WARN, "segment not spooled", TN_LOG_TEXT("query", q->id),
           TN_LOG_TEXT("error", is_full ? "frontends.trinoHttp.maxSpoolSize is reached" : tn_file_error(s->error, reason, sizeof reason)));
    tn_count(&tn_runtime_of(s->worker)->counters, TN_COUNTER_trino_segments_refused, 1);
    q->warning = is_full ? "rows are sent inline: the spool is full (frontends.trinoHttp.maxSpoolSize)"
                         : "rows are sent inline: the server cannot write its spool";
    s->off = true;
    q->row_offset -= s->made.about.rows;
    for (struct tn_chunk *chunk = rows; chunk != NULL; chunk = chunk->next) {
        q->chunk_count++;
        q->chunk_bytes += chunk->bytes.len;
        last = chunk;
    }
    last->next = q->first;
    q->first = rows;
    if (q->last == NULL)
        q->last = last;
}

static void free_chunks(struct tn_chunk *chunk)
{
    while (chunk != NULL) {
        struct tn_chunk *next = chunk->next;

        tn_chunk_free(chunk);
        chunk = next;
    }
}

static void on_worked(struct tn_job *job, struct tn_worker *worker)
{
    struct tn_trino_segments *s = TN_CONTAINER_OF(job, struct tn_trino_segments, work);
    struct tn_chunk          *rows = s->writing;
    bool                      is_wanted = s->q != NULL && s->q->error.status == TN_OK;

    (void)worker;
    s->busy = false;
    s->writing = NULL;
    s->drop_count = 0;
    if (rows != NULL && s->error == 0) {
        s->untold[s->count++] = s->made;
        tn_count(&tn_runtime_of(s->worker)->counters, TN_COUNTER_trino_segments_spooled, 1);
    } else if (rows != NULL && is_wanted) {
        put_back(s->q, rows);
        rows = NULL;
    }
    free_chunks(rows);
    if (!is_wanted)
        discard(s);
    if (s->q != NULL) {
        tn_trino_segments_go_on(s->q);
        tn_trino_wake(s->q);
    } else if (!s->busy) {
        tn_free(s);
    }
}

/* The engine may give the next rows before this returns, or end. */
static void credit(struct tn_trino_query *q)
{
    struct tn_trino_segments *s = q->segments;

    if (s->crediting)
        return;
    s->crediting = true;
    while (s->owed > 0 && q->ask != NULL && q->chunk_bytes < (s->off ? (size_t)TN_TRINO_PAGE_BYTES : (size_t)BYTES)) {
        s->owed--;
        tn_ask_credit(q->ask);
    }
    s->crediting = false;
}

static bool can_write(const struct tn_trino_segments *s)
{
    return !s->busy && !s->off && s->count < TN_TRINO_AHEAD;
}

void tn_trino_segments_go_on(struct tn_trino_query *q)
{
    struct tn_trino_segments *s = q->segments;

    if (s == NULL)
        return;
    if (q->error.status != TN_OK)
        discard(s);
    else if (can_write(s) && (q->chunk_bytes >= BYTES || (q->done && q->chunk_bytes > INLINE_MAX)))
        write_rows(q);
    credit(q);
}

static bool may_spool(const struct tn_trino_query *q)
{
    struct tn_str user = q->identity->user;

    return q->encoding != TN_TRINO_ENCODING_NONE && user.len <= USER_MAX && memchr(user.len == 0 ? "" : user.ptr, '\n', user.len) == NULL &&
           tn_runtime_of(q->home->worker)->snapshot->config->settings.trino_max_spool > 0;
}

void tn_trino_segments_chunk(struct tn_trino_query *q, bool is_first)
{
    if (is_first && may_spool(q) && (q->segments = tn_calloc(1, sizeof *q->segments)) != NULL) {
        q->segments->trino = q->home->trino;
        q->segments->worker = q->home->worker;
        q->segments->q = q;
        q->segments->encoding = q->encoding;
    }
    if (q->segments == NULL)
        return;
    q->segments->owed++;
    tn_trino_segments_go_on(q);
}

void tn_trino_segments_leave(struct tn_trino_query *q)
{
    struct tn_trino_segments *s = q->segments;

    q->segments = NULL;
    if (s == NULL)
        return;
    s->q = NULL;
    discard(s);
    if (!s->busy)
        tn_free(s);
}

bool tn_trino_segments_busy(const struct tn_trino_query *q)
{
    return q->segments != NULL && q->segments->busy;
}

bool tn_trino_segments_keep(const struct tn_trino_query *q)
{
    const struct tn_trino_segments *s = q->segments;

    return s != NULL && !s->off && (s->busy || q->chunk_bytes > INLINE_MAX);
}

bool tn_trino_segments_ready(const struct tn_trino_query *q)
{
    const struct tn_trino_segments *s = q->segments;

    if (s == NULL)
        return false;
    if (s->count > 0 || (q->done && q->error.status != TN_OK))
        return true;
    return s->off ? q->done || s->owed > 0 || q->chunk_bytes >= TN_TRINO_PAGE_BYTES : q->done && !tn_trino_segments_keep(q);
}

bool tn_trino_segments_flush(struct tn_trino_query *q)
{
    if (q->segments == NULL || !can_write(q->segments) || q->chunk_bytes <= INLINE_MAX)
        return false;
    write_rows(q);
    return true;
}

/* ---- links ---- */

static bool put_link(const struct tn_trino_query *q, struct tn_str base, const char *path, enum tn_trino_link_kind kind, const char *id, struct tn_arena *arena,
                     struct tn_str *out)
{
    struct tn_trino_link link = {.kind = kind, .cluster = tn_str(id), .user = q->identity->user, .path = TN_STR("")};
    struct tn_buf        text;
    bool                 ok;

    tn_buf_init(&text, base.len + 64 + TN_TRINO_LINK_MAX);
    tn_buf_put_str(&text, base);
    tn_buf_puts(&text, path);
    ok = tn_trino_link_seal(&text, q->home, &link) && tn_arena_str(arena, tn_buf_str(&text), out);
    tn_buf_reset(&text);
    return ok;
}

bool tn_trino_segments_take(struct tn_trino_query *q, struct tn_str base, struct tn_arena *arena, struct tn_trino_segment out[TN_TRINO_AHEAD], size_t *count)
{
    struct tn_trino_segments *s = q->segments;

    *count = s == NULL || q->error.status != TN_OK ? 0 : s->count;
    for (size_t i = 0; i < *count; i++) {
        out[i] = s->untold[i].about;
        if (!put_link(q, base, "/v1/spooled/download/", TN_TRINO_LINK_DOWNLOAD, s->untold[i].id, arena, &out[i].uri) ||
            !put_link(q, base, "/v1/spooled/ack/", TN_TRINO_LINK_ACK, s->untold[i].id, arena, &out[i].ack_uri))
            return false;
    }
    if (*count > 0)
        s->count = 0;
    return true;
}

/* ---- requests ---- */

struct ack {
    struct tn_job         job;
    struct tn_trino_call *call;
    char                  id[ID + 1];
};

static void drop(struct tn_job *job)
{
    struct ack *ack = TN_CONTAINER_OF(job, struct ack, job);

    tn_spool_drop(&ack->call->trino->spool, ack->id, END); /* it may be gone already */
}

static void on_dropped(struct tn_job *job, struct tn_worker *worker)
{
    struct ack           *ack = TN_CONTAINER_OF(job, struct ack, job);
    struct tn_trino_call *call = ack->call;

    (void)worker;
    tn_free(ack);
    call->status = 204;
    tn_trino_call_end(call);
}

static void acknowledge(struct tn_trino_call *call, const char *id)
{
    struct ack *ack = tn_malloc(sizeof *ack);

    if (ack == NULL) {
        tn_trino_call_refuse(call, 503, "no memory for a request\n");
        return;
    }
    *ack = (struct ack){.call = call, .job = {.run = drop, .done = on_dropped}};
    memcpy(ack->id, id, sizeof ack->id);
    tn_offload_submit(call->trino->server->offload, &ack->job, call->errand.there);
}

void tn_trino_segments_call(struct tn_trino_home *home, struct tn_trino_call *call)
{
    struct tn_trino_link     link = {.kind = call->verb == TN_TRINO_ACK ? TN_TRINO_LINK_ACK : TN_TRINO_LINK_DOWNLOAD};
    struct tn_http_exchange *x = call->x;
    char                     id[ID + 1];

    if (!tn_trino_link_open(call->sealed, home, &link, &call->arena) || !is_id(link.cluster)) {
        tn_trino_call_refuse(call, 404, "there is no such segment\n");
        return;
    }
    if (call->identity != NULL && !call->identity->admin && !tn_str_eq(call->identity->user, link.user)) {
        tn_trino_call_refuse(call, 403, "this segment is of another user's result\n");
        return;
    }
    tn_str_copy(id, sizeof id, link.cluster);
    if (call->verb == TN_TRINO_ACK) {
        acknowledge(call, id);
        return;
    }
    call->x = NULL; /* it is not the call that answers */
    tn_http_set_field(x, "X-Content-Type-Options", "nosniff");
    tn_http_set_field(x, "Cache-Control", "no-store");
    tn_spool_send(&call->trino->spool, x, id, END, "application/octet-stream",
                  "the segment is gone: it was acknowledged, or is older than frontends.trinoHttp.spoolMaxAge, or from before a restart\n");
    tn_trino_call_end(call);
}

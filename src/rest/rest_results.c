/* GET /v1/queries/{id}/results: rows of a kept result, read block by block in the offload pool as the client takes them. */
#include "rest/rest_file.h"

#include "base/alloc.h"
#include "base/base64.h"
#include "base/hash.h"
#include "frontend/arrow/arrow.h"
#include "spool/spool_file.h"

#include <errno.h>
#include <unistd.h>

enum { PIECE = 256 * 1024, DEFAULT_LIMIT = 10000 };

struct reading {
    struct tn_rest_round round;
    char                 id[TN_REST_ID];
    enum tn_rest_format  format;
    bool                 sees_all;
    struct tn_str        user;
    uint64_t             offset;
    bool                 opened, begun, waiting; /* waiting: for the client's room */
    struct tn_arena      arena;
    struct tn_rest_kept  kept;
    int                  fd;        /* -1 = no rows */
    struct tn_buf        keys, block, out; /* keys: of objects; the line of CSV; the message with the schema of ARROW */
    struct tn_arrow_rows *arrow;
    size_t               arrow_bytes; /* of rows that are not put yet */
    size_t               block_at;
    uint64_t             skip, left, given, total;
    bool                 ended;
    int                  http_status; /* of a refusal; 0 = none */
    char                 problem[300];
};

#define UNENDED "the query has not ended yet; GET /v1/queries/{id} tells when it has"

/* ---- in the pool ---- */

static void refuse(struct reading *r, int status, const char *text)
{
    r->http_status = status;
    tn_str_copy(r->problem, sizeof r->problem, tn_str(text));
}

static bool read_all(int fd, void *out, size_t len)
{
    char *to = out;

    while (len > 0) {
        ssize_t n = read(fd, to, len);

        if (n <= 0 && !(n < 0 && errno == EINTR))
            return false;
        to += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

static bool read_names(struct reading *r, struct tn_str **names, size_t *count)
{
    const struct tn_json_node *columns = tn_json_member(r->kept.root, "columns");

    *count = 0;
    *names = columns != NULL ? tn_arena_alloc(&r->arena, sizeof **names * (columns->count + 1)) : NULL;
    for (const struct tn_json_node *node = *names != NULL ? columns->first : NULL; node != NULL; node = node->next) {
        const struct tn_json_node *name = tn_json_member(node, "name");

        (*names)[(*count)++] = name != NULL && name->kind == TN_JSON_STRING ? name->text : TN_STR("");
    }
    return *names != NULL;
}

static uint64_t member_number(const struct tn_json_node *root, const char *name)
{
    const struct tn_json_node *node = tn_json_member(root, name);
    uint64_t                   value = 0;

    return node != NULL && node->kind == TN_JSON_NUMBER && tn_str_to_u64(node->text, UINT64_MAX, &value) ? value : 0;
}

static void refuse_state(struct reading *r, const char *state, struct tn_str why)
{
    int  len = (int)tn_utf8_valid_prefix(why.ptr, TN_MIN(why.len, (size_t)200));
    char text[300];

    snprintf(text, sizeof text, "the query is %s and has no result%s%.*s", state, len > 0 ? ": " : "", len, why.ptr);
    refuse(r, 409, text);
}

/* Only of a query that completed are there rows. */
static void check_state(struct reading *r)
{
    const struct tn_json_node *status = tn_json_member(r->kept.root, "status"), *error = tn_json_member(r->kept.root, "error");
    const struct tn_json_node *message = tn_json_member(error, "message"), *final = tn_json_member(tn_json_member(r->kept.root, "turnout"), "final");

    if (r->kept.interrupted) {
        refuse(r, 409, "Turnout ended before the query did; there is no result");
    } else if (final == NULL || final->kind != TN_JSON_TRUE) {
        refuse(r, 409, UNENDED);
    } else if (status == NULL || !tn_str_eq_c(status->text, "COMPLETED")) {
        refuse_state(r, status != NULL ? status->text.ptr : "unknown", message != NULL ? message->text : TN_STR(""));
    }
}

/* Without the hash that stands behind it (rest_spool.c). */
static bool unseal(struct tn_buf *message)
{
    uint64_t hash;

    if (message->len <= sizeof hash)
        return false;
    message->len -= sizeof hash;
    memcpy(&hash, message->data + message->len, sizeof hash);
    return tn_hash_str(tn_buf_str(message)) == hash;
}

static bool read_arrow_schema(struct reading *r)
{
    static const struct tn_schema none;
    const struct tn_json_node    *kept = tn_json_member(tn_json_member(r->kept.root, "turnout"), "arrow"), *columns = tn_json_member(r->kept.root, "columns");

    if (kept != NULL && kept->kind == TN_JSON_STRING)
        return tn_base64_take(&r->keys, kept->text) && unseal(&r->keys);
    return (columns == NULL || columns->count == 0) && tn_arrow_put_schema(&none, &r->keys, NULL) == TN_OK;
}

static void open_arrow(struct reading *r)
{
    if (!read_arrow_schema(r))
        refuse(r, 406, "this result was kept without what an Arrow stream needs, or that is damaged; take another form (Accept: application/x-ndjson)");
    else if (tn_arrow_rows_new(&r->arrow, tn_buf_str(&r->keys), NULL) != TN_OK)
        refuse(r, 500, "the result's Arrow schema cannot be read");
}

static void open_kept(struct reading *r)
{
    struct tn_str *names;
    size_t         count;
    char           path[TN_SPOOL_PATH];

    r->opened = true;
    tn_rest_kept_read(r->round.rest, r->id, &r->arena, &r->kept);
    if (!r->kept.found || (!r->sees_all && !tn_str_eq(r->kept.user, r->user))) {
        refuse(r, 404, "there is no result for this id: it is unknown, was removed, or its query was synchronous");
        return;
    }
    check_state(r);
    if (r->http_status != 0)
        return;
    r->total = member_number(r->kept.root, "totalRows");
    if (!read_names(r, &names, &count))
        refuse(r, 500, "the result cannot be read");
    else if (r->format == TN_REST_OBJECTS || r->format == TN_REST_NDJSON)
        tn_rest_keys(names, count, &r->keys);
    else if (r->format == TN_REST_CSV)
        tn_rest_csv_names(names, count, &r->keys);
    else if (r->format == TN_REST_ARROW)
        open_arrow(r);
    if (!tn_spool_path(&r->round.rest->spool, r->id, "rows", path, sizeof path))
        return;
    r->fd = tn_spool_file_open(path);
    if (r->fd < 0 && r->total > 0)
        refuse(r, 404, "the rows of this result were removed");
}

/* The next block with a row that is wanted. False: there is none (or it cannot be read). */
static bool next_block(struct reading *r)
{
    struct tn_rest_block block;

    while (r->fd >= 0 && read_all(r->fd, &block, sizeof block) && block.magic == TN_REST_BLOCK_MAGIC) {
        if (block.rows <= r->skip) {
            r->skip -= block.rows;
            if (lseek(r->fd, (off_t)block.bytes, SEEK_CUR) < 0)
                return false;
            continue;
        }
        tn_buf_clear(&r->block);
        if (!tn_buf_reserve(&r->block, (size_t)block.bytes) || !read_all(r->fd, r->block.data, (size_t)block.bytes))
            return false;
        r->block.len = (size_t)block.bytes;
        r->block_at = 0;
        return true;
    }
    return false;
}

static bool is_document(const struct reading *r)
{
    return r->format == TN_REST_OBJECTS || r->format == TN_REST_ARRAYS;
}

static void fail_arrow(struct reading *r, struct tn_error *err)
{
    if (r->begun)
        r->out.failed = true; /* half a result must not look whole */
    else
        refuse(r, tn_rest_http_status(err->status, err->fault, err->sqlstate), err->message);
    r->left = 0;
    tn_error_reset(err);
}

/* What was added goes out as a message. */
static void put_arrow(struct reading *r)
{
    struct tn_error err = TN_ERROR_INIT;

    r->arrow_bytes = 0;
    if (tn_arrow_rows_put(r->arrow, &r->out, &err) != TN_OK)
        fail_arrow(r, &err);
}

static void add_arrow(struct reading *r, struct tn_str row)
{
    struct tn_error err = TN_ERROR_INIT;

    r->given++;
    r->left--;
    r->arrow_bytes += row.len;
    if (tn_arrow_rows_add(r->arrow, row, &err) != TN_OK)
        fail_arrow(r, &err);
    else if (r->arrow_bytes >= PIECE)
        put_arrow(r);
}

static void put_row(struct reading *r, struct tn_str row)
{
    if (r->format == TN_REST_ARROW) {
        add_arrow(r, row);
        return;
    }
    if (is_document(r))
        tn_buf_puts(&r->out, r->given > 0 ? ",\n" : "\n");
    if (!tn_rest_row_convert(row, r->format, tn_buf_str(&r->keys), &r->out))
        r->out.failed = true;
    if (!is_document(r))
        tn_buf_puts(&r->out, r->format == TN_REST_CSV ? "\r\n" : "\n");
    r->given++;
    r->left--;
}

static void put_beginning(struct reading *r)
{
    if (is_document(r)) {
        tn_rest_kept_document(&r->kept, &r->out);
        r->out.len -= r->out.len > 0; /* the closing brace */
        tn_buf_printf(&r->out, ",\"offset\":%llu,\"data\":[", (unsigned long long)r->offset);
    } else if (r->format == TN_REST_ARROW) {
        tn_buf_put_str(&r->out, tn_buf_str(&r->keys));
    } else if (r->format == TN_REST_CSV) {
        tn_buf_put_str(&r->out, tn_buf_str(&r->keys));
        tn_buf_puts(&r->out, "\r\n");
    }
}

/* The file has no more rows: there should be none, else the answer must not look whole. */
static void check_end(struct reading *r)
{
    if (r->offset + r->given >= r->total)
        return;
    if (r->begun)
        r->out.failed = true;
    else
        refuse(r, 500, "rows of this result are missing on the disk");
}

static void put_end(struct reading *r)
{
    if (is_document(r)) {
        tn_buf_printf(&r->out, "],\"rowCount\":%llu,\"hasMore\":%s}\n", (unsigned long long)r->given,
                      r->offset + r->given < r->total ? "true" : "false");
    } else if (r->format == TN_REST_ARROW && r->http_status == 0 && !r->out.failed) {
        put_arrow(r);
        tn_arrow_put_end(&r->out);
    }
}

static void work(struct tn_rest_round *round)
{
    struct reading *r = TN_CONTAINER_OF(round, struct reading, round);
    struct tn_str   row;

    tn_buf_clear(&r->out);
    if (!r->opened) {
        open_kept(r);
        if (r->http_status != 0)
            return;
        put_beginning(r);
    }
    while (r->left > 0 && r->out.len < PIECE && !r->out.failed) {
        if (!tn_rest_row_next(tn_buf_str(&r->block), &r->block_at, &row)) {
            if (next_block(r))
                continue;
            check_end(r);
            r->left = 0;
            break;
        }
        if (r->skip > 0)
            r->skip--;
        else
            put_row(r, row);
    }
    r->ended = r->left == 0;
    if (r->ended)
        put_end(r);
}

/* ---- on the worker ---- */

static void free_reading(struct tn_rest_round *round)
{
    struct reading *r = TN_CONTAINER_OF(round, struct reading, round);

    if (r->fd >= 0)
        close(r->fd);
    tn_rest_kept_reset(&r->kept);
    tn_arrow_rows_free(r->arrow);
    tn_buf_reset(&r->keys);
    tn_buf_reset(&r->block);
    tn_buf_reset(&r->out);
    tn_arena_reset(&r->arena);
    tn_free(r);
}

static void on_gone(struct tn_http_exchange *x)
{
    struct reading *r = x->user;

    r->round.x = NULL;
    if (!r->waiting)
        return; /* the pool has it */
    tn_list_remove(&r->round.node);
    free_reading(&r->round);
}

static void on_room(struct tn_http_exchange *x)
{
    struct reading *r = x->user;

    r->waiting = false;
    tn_rest_round_work(&r->round);
}

static void begin(struct reading *r)
{
    char type[80];

    r->begun = true;
    snprintf(type, sizeof type, "%s%s", tn_rest_format_type(r->format), r->format == TN_REST_CSV ? "; charset=utf-8; header=present" : "");
    tn_http_set_field(r->round.x, "Turnout-Execution-Id", r->id);
    tn_http_set_field(r->round.x, "Cache-Control", "no-store");
    tn_http_begin(r->round.x, 200, type);
}

static void finish(struct tn_rest_round *round)
{
    struct reading          *r = TN_CONTAINER_OF(round, struct reading, round);
    struct tn_http_exchange *x = round->x;

    if (x == NULL)
        return;
    if (r->http_status != 0 || (r->out.failed && !r->begun)) {
        tn_http_problem(x, r->http_status != 0 ? r->http_status : 503, "%s", r->http_status != 0 ? r->problem : "no memory for the result");
        return;
    }
    if (!r->begun)
        begin(r);
    if (r->out.failed) {
        tn_http_abort(x);
        return;
    }
    r->waiting = !tn_http_send(x, tn_buf_str(&r->out));
    if (r->ended) {
        tn_http_end(x);
    } else if (r->waiting) {
        round->again = true; /* on_room() or on_gone() goes on */
    } else {
        tn_rest_round_work(round);
    }
}

/* ---- is it still under way, or did it fail? What lies on the disk may be nothing yet, or nothing as the disk is full ---- */

static void visit(struct tn_rest_round *round)
{
    struct reading           *r = TN_CONTAINER_OF(round, struct reading, round);
    const struct tn_rest_job *job = tn_rest_job_find(round->rest, round->errand.there, tn_str(r->id));

    if (job == NULL || (!r->sees_all && !tn_str_eq(job->user, r->user)) || job->spool == NULL)
        return;
    if (job->ask != NULL || tn_rest_spool_busy(job))
        refuse(r, 409, UNENDED);
    else if (job->outcome.state != TN_REST_COMPLETED)
        refuse_state(r, tn_rest_state_name(job->outcome.state), job->outcome.error.message);
}

static void after_visit(struct tn_rest_round *round)
{
    round->finish = finish;
    if (TN_CONTAINER_OF(round, struct reading, round)->http_status != 0)
        finish(round);
    else if (round->x != NULL)
        tn_rest_round_work(round);
}

void tn_rest_results(struct tn_rest *rest, struct tn_http_exchange *x, const struct tn_rest_args *args)
{
    struct reading *r = tn_calloc(1, sizeof *r);
    uint64_t        limit = DEFAULT_LIMIT, offset = 0;

    if (r == NULL) {
        tn_http_problem(x, 503, "no memory");
        return;
    }
    if (!tn_http_arg_u64(x, &args->query, "offset", UINT64_C(9007199254740991), &offset) || !tn_http_arg_u64(x, &args->query, "limit", UINT64_C(9007199254740991), &limit) ||
        !tn_rest_param_format(x, args, &r->format)) {
        tn_free(r);
        return;
    }
    r->fd = -1;
    r->offset = r->skip = offset;
    r->left = limit;
    tn_str_copy(r->id, sizeof r->id, args->query.capture);
    tn_arena_init(&r->arena, TN_REST_DOCUMENT_MAX);
    r->sees_all = args->caller.sees_all;
    if (!tn_arena_str(&r->arena, args->caller.user, &r->user))
        r->user = TN_STR(""); /* nobody's */
    tn_buf_init(&r->keys, TN_REST_DOCUMENT_MAX);
    tn_buf_init(&r->block, (size_t)2 << 30);
    tn_buf_init(&r->out, (size_t)4 << 30);
    r->round.work = work;
    r->round.there = visit;
    r->round.finish = after_visit;
    r->round.free = free_reading;
    tn_rest_round_begin(&r->round, rest, x);
    x->gone = on_gone;
    x->room = on_room;
    tn_rest_round_visit(&r->round, tn_rest_id_worker(r->id, (unsigned)rest->worker_count));
}

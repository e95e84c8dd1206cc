/* POST /v1/queries/execute: rows go to the client as they come; a client that is gone ends its query. */
#include "rest/private.h"

#include "base/alloc.h"
#include "frontend/arrow/arrow.h"

/* ---- the answer ---- */

static void set_fields(struct tn_rest_job *job)
{
    tn_http_set_field(job->x, "Turnout-Execution-Id", job->id);
    tn_http_set_field(job->x, "Turnout-Engine", job->outcome.engine);
    if (job->outcome.cluster.len > 0)
        tn_http_set_field(job->x, "Turnout-Cluster", job->outcome.cluster.ptr);
    if (job->outcome.group.len > 0)
        tn_http_set_field(job->x, "Turnout-Cluster-Group", job->outcome.group.ptr);
}

static bool is_document(const struct tn_rest_job *job)
{
    return job->format == TN_REST_OBJECTS || job->format == TN_REST_ARRAYS;
}

static void put_schema(struct tn_rest_job *job, struct tn_buf *out)
{
    static const struct tn_schema none;
    struct tn_error               err = TN_ERROR_INIT;

    if (job->outcome.column_count > 0 && job->arrow.len == 0)
        out->failed = true;
    else if (job->arrow.len > 0)
        tn_buf_put_str(out, job->arrow);
    else if (tn_arrow_put_schema(&none, out, &err) != TN_OK)
        out->failed = true;
    tn_error_reset(&err);
}

/* What stands before the rows. */
static void put_beginning(struct tn_rest_job *job, struct tn_buf *out)
{
    struct tn_json json = {.buf = out};
    struct tn_str *names;

    if (is_document(job)) {
        tn_json_open(&json, NULL, '{');
        tn_rest_put_head(&json, job->id, &job->outcome);
        tn_buf_puts(out, ",\"data\":[");
    } else if (job->format == TN_REST_ARROW) {
        put_schema(job, out);
    } else if (job->format == TN_REST_CSV && job->outcome.column_count > 0) {
        names = tn_arena_alloc(&job->arena, sizeof *names * job->outcome.column_count);
        for (size_t i = 0; names != NULL && i < job->outcome.column_count; i++)
            names[i] = job->outcome.columns[i].name;
        if (names == NULL)
            out->failed = true;
        else
            tn_rest_csv_names(names, job->outcome.column_count, out);
        tn_buf_puts(out, "\r\n");
    }
}

static void put_end(struct tn_rest_job *job, struct tn_buf *out)
{
    struct tn_json json = {.buf = out, .more = true};

    if (job->format == TN_REST_ARROW)
        tn_arrow_put_end(out);
    if (!is_document(job))
        return;
    tn_buf_puts(out, "]");
    tn_json_u64(&json, "offset", job->offset);
    tn_json_u64(&json, "rowCount", job->taken);
    if (job->enough)
        tn_json_text(&json, "totalRows", NULL); /* nobody has counted them */
    else
        tn_json_u64(&json, "totalRows", job->seen);
    tn_json_bool(&json, "hasMore", job->more);
    tn_rest_put_tail(&json, &job->outcome);
    tn_json_close(&json, '}');
    tn_buf_puts(out, "\n");
}

static void put_rows(struct tn_rest_job *job, struct tn_str rows, bool first, struct tn_buf *out)
{
    struct tn_str row;
    size_t        at = 0;

    tn_buf_reserve(out, rows.len);
    while (tn_rest_row_next(rows, &at, &row)) {
        if (is_document(job))
            tn_buf_puts(out, first ? "\n" : ",\n");
        first = false;
        tn_buf_put_str(out, row);
        if (!is_document(job))
            tn_buf_puts(out, job->format == TN_REST_CSV ? "\r\n" : "\n");
    }
}

static void begin(struct tn_rest_job *job, struct tn_buf *out)
{
    char type[80];

    if (job->begun)
        return;
    job->begun = true;
    set_fields(job);
    snprintf(type, sizeof type, "%s%s", tn_rest_format_type(job->format), job->format == TN_REST_CSV ? "; charset=utf-8; header=present" : "");
    tn_http_set_field(job->x, "Cache-Control", "no-store");
    tn_http_begin(job->x, 200, type);
    put_beginning(job, out);
}

/* ---- the query's events ---- */

static void on_columns(struct tn_ask *ask, const struct tn_schema *schema)
{
    tn_rest_job_columns(ask->owner, schema);
}

/* Rows beyond the limit are not wanted: a read can be told so, whatever else must run to its end. */
static void say_enough(struct tn_rest_job *job)
{
    if (!job->more || job->enough || !job->may_stop || job->ask == NULL)
        return;
    job->enough = true;
    tn_ask_cancel(job->ask, TN_CANCEL_USER);
}

/* OUT goes to the client, and is freed. False: no room for more. */
static bool send_out(struct tn_rest_job *job, struct tn_buf *out)
{
    struct tn_http_exchange *x = job->x;
    bool                     room = true;

    if (out->failed) {
        job->x = NULL;
        tn_http_abort(x);
        tn_ask_cancel(job->ask, TN_CANCEL_CLIENT_GONE);
    } else {
        room = tn_http_send(x, tn_buf_str(out));
    }
    tn_buf_reset(out);
    return room;
}

static bool send_rows(struct tn_rest_job *job, const struct tn_chunk *chunk)
{
    bool          first = job->taken == 0;
    uint64_t      rows;
    struct tn_str taken = tn_rest_job_take(job, chunk, &rows);
    struct tn_buf out;

    if (job->x == NULL || rows == 0)
        return true;
    tn_buf_init(&out, SIZE_MAX / 2);
    begin(job, &out);
    put_rows(job, taken, first, &out);
    return send_out(job, &out);
}

static bool send_arrow(struct tn_rest_job *job, const struct tn_chunk *chunk)
{
    uint64_t      rows;
    struct tn_buf head, out;
    bool          room = true;

    tn_buf_init(&head, SIZE_MAX / 2);
    tn_buf_init(&out, SIZE_MAX / 2);
    if (!tn_rest_job_take_arrow(job, chunk, &rows, &out))
        out.failed = true;
    if (job->x != NULL && rows > 0) {
        begin(job, &head);
        room = send_out(job, &head);
    }
    if (job->x != NULL && rows > 0)
        room = send_out(job, &out);
    tn_buf_reset(&out);
    return room;
}

static void on_chunk(struct tn_ask *ask, struct tn_chunk *chunk)
{
    struct tn_rest_job *job = ask->owner;
    bool                room;

    tn_rest_job_look(job);
    room = job->format == TN_REST_ARROW ? send_arrow(job, chunk) : send_rows(job, chunk);
    tn_chunk_free(chunk);
    if (job->ask == NULL)
        return;
    if (!room)
        job->owed++;
    else
        tn_ask_credit(ask);
    say_enough(job);
}

static void answer_end(struct tn_rest_job *job)
{
    struct tn_http_exchange *x = job->x;
    struct tn_buf            out;

    job->x = NULL;
    if (job->outcome.state != TN_REST_COMPLETED) {
        if (job->begun)
            tn_http_abort(x); /* half a result must not look whole */
        else
            tn_rest_problem_of(x, &job->outcome.error, job->id, job->outcome.engine);
        return;
    }
    tn_buf_init(&out, TN_REST_DOCUMENT_MAX);
    job->x = x;
    begin(job, &out);
    job->x = NULL;
    put_end(job, &out);
    if (out.failed) {
        tn_http_abort(x);
    } else {
        (void)tn_http_send(x, tn_buf_str(&out));
        tn_http_end(x);
    }
    tn_buf_reset(&out);
}

static void on_done(struct tn_ask *ask)
{
    struct tn_rest_job *job = ask->owner;

    tn_rest_job_finish(job, ask);
    if (job->x != NULL)
        answer_end(job);
    tn_rest_job_ended(job);
}

static const struct tn_ask_events events = {.columns = on_columns, .chunk = on_chunk, .done = on_done};

/* ---- the client's ---- */

static void on_gone(struct tn_http_exchange *x)
{
    struct tn_rest_job *job = x->user;

    job->x = NULL;
    if (job->ask != NULL)
        tn_ask_cancel(job->ask, TN_CANCEL_CLIENT_GONE);
}

/* A credit may bring rows at once, for which there is no room again: those are owed until the next time. */
static void on_room(struct tn_http_exchange *x)
{
    struct tn_rest_job *job = x->user;

    for (unsigned n = job->owed; n > 0 && job->ask != NULL; n--) {
        job->owed--;
        tn_ask_credit(job->ask);
    }
}

static void start(struct tn_rest_job *job, struct tn_http_exchange *x, struct tn_rest_query *query)
{
    struct tn_error err = TN_ERROR_INIT;

    job->limit = query->request.limit;
    job->offset = query->request.offset;
    job->may_stop = tn_features_repeatable(query->features);
    query->question.encoder = &tn_rest_encoder(job->format)->base;
    query->question.encoder_size = sizeof(struct tn_rest_encoder);
    query->question.events = &events;
    query->question.owner = job;
    query->question.handle = &job->ask;
    job->x = x;
    x->user = job;
    x->gone = on_gone;
    x->room = on_room;
    tn_http_watch(x);
    if (tn_ask_start(tn_runtime_of(x->worker), &query->question, &err) == TN_OK)
        return;
    x->gone = NULL;
    tn_rest_problem(x, &err);
    tn_error_reset(&err);
    tn_rest_job_free(job);
}

/* Who repeats a request because of its key must not change something twice: such keys are kept with asynchronous queries. */
static enum tn_status check_key(const struct tn_http_exchange *x, const struct tn_rest_query *query, struct tn_error *err)
{
    if (tn_http_field(x, "idempotency-key") == NULL || tn_features_repeatable(query->features))
        return TN_OK;
    tn_fail(err, TN_E_INVALID, "0A000", "a statement that may change something has an Idempotency-Key, which is kept by /v1/queries/execute/async only");
    tn_error_hint(err, "Send it there, or without the key.");
    return TN_E_INVALID;
}

void tn_rest_execute(struct tn_rest *rest, struct tn_http_exchange *x, const struct tn_rest_args *args)
{
    struct tn_rest_query query;
    struct tn_error      err = TN_ERROR_INIT;
    enum tn_rest_format  format;
    struct tn_rest_job  *job;
    char                 id[TN_REST_ID];

    if (!tn_rest_param_format(x, args, &format))
        return;
    if (tn_rest_query_read(x, &args->caller, &query, &err) != TN_OK || check_key(x, &query, &err) != TN_OK) {
        tn_rest_query_reset(&query);
        tn_rest_problem(x, &err);
        tn_error_reset(&err);
        return;
    }
    tn_rest_id_make(id, x->worker->index);
    job = tn_rest_job_new(rest, x->worker, id, args->caller.user);
    if (job == NULL) {
        tn_http_problem(x, 503, "no memory");
    } else {
        job->format = format;
        start(job, x, &query);
    }
    tn_rest_query_reset(&query);
}

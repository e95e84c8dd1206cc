/* POST /v1/queries/execute/async. With an Idempotency-Key the first request that claims the key, a file, is the one that runs; all
 * others are told how it is going. */
#include "rest/rest_file.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/hash.h"

#include <errno.h>
#include <unistd.h>

enum { KEY_MAX = 256, CLAIM_MAX = 256 };

struct submission {
    struct tn_rest_round round;
    struct tn_rest_query query;
    char                 id[TN_REST_ID];     /* of the query to come, or of the one that is there already */
    char                 key_id[TN_REST_ID]; /* name of the key's file */
    uint64_t             hash;               /* of the request */
    struct tn_buf        promise;            /* the document of a query to come, for who has the same key meanwhile */
    bool                 claimed, differs;
    int                  error;
};

/* ---- the query's events ---- */

static void on_columns(struct tn_ask *ask, const struct tn_schema *schema)
{
    tn_rest_job_columns(ask->owner, schema);
}

static void on_chunk(struct tn_ask *ask, struct tn_chunk *chunk)
{
    struct tn_rest_job *job = ask->owner;

    tn_rest_spool_chunk(job, chunk);
    if (!job->more || job->enough || !job->may_stop || job->ask == NULL)
        return;
    job->enough = true;
    tn_ask_cancel(job->ask, TN_CANCEL_USER);
}

static void on_done(struct tn_ask *ask)
{
    struct tn_rest_job *job = ask->owner;

    tn_rest_job_finish(job, ask);
    if (job->outcome.error.status != TN_OK && job->outcome.state != TN_REST_TIMEOUT && job->outcome.error.fault == TN_FAULT_TURNOUT)
        job->outcome.state = TN_REST_FAILED; /* we ended it, as its result cannot be kept */
    tn_rest_spool_end(job);
}

static const struct tn_ask_events events = {.columns = on_columns, .chunk = on_chunk, .done = on_done};

/* ---- the beginning ---- */

static void answer_accepted(struct tn_http_exchange *x, struct tn_rest_job *job)
{
    struct tn_buf body;
    char          location[80];

    snprintf(location, sizeof location, "/v1/queries/%s", job->id);
    tn_http_set_field(x, "Location", location);
    tn_http_set_field(x, "Turnout-Execution-Id", job->id);
    tn_buf_init(&body, TN_REST_DOCUMENT_MAX);
    tn_rest_tell_status(&body, job);
    tn_rest_reply_json(x, 202, &body);
}

static void fill(struct tn_rest_job *job, struct tn_rest_query *query)
{
    job->limit = query->request.limit_given ? query->request.limit : UINT64_MAX;
    job->offset = query->request.offset;
    job->may_stop = tn_features_repeatable(query->features);
    job->format = TN_REST_ARRAYS;
    query->question.timeout_us = query->request.timeout_given ? query->request.timeout_s * 1000000 : 0;
    query->question.encoder = &tn_rest_encoder(TN_REST_ARRAYS)->base;
    query->question.encoder_size = sizeof(struct tn_rest_encoder);
    query->question.events = &events;
    query->question.owner = job;
    query->question.handle = &job->ask;
}

static bool start(struct tn_rest *rest, struct tn_http_exchange *x, struct tn_rest_query *query, const char *id)
{
    struct tn_rest_job *job = tn_rest_job_new(rest, x->worker, id, query->question.user);
    struct tn_error     err = TN_ERROR_INIT;

    if (job == NULL || !tn_rest_spool_new(job)) {
        if (job != NULL)
            tn_rest_job_free(job);
        tn_http_problem(x, 503, "no memory");
        return false;
    }
    fill(job, query);
    atomic_fetch_add(&rest->async_live, 1);
    if (tn_ask_start(tn_runtime_of(x->worker), &query->question, &err) != TN_OK) {
        atomic_fetch_sub(&rest->async_live, 1);
        tn_rest_problem(x, &err);
        tn_error_reset(&err);
        tn_rest_job_free(job);
        return false;
    }
    tn_rest_spool_begin(job);
    answer_accepted(x, job);
    return true;
}

static bool too_many(const struct tn_rest *rest, struct tn_http_exchange *x)
{
    uint64_t most = tn_runtime_of(x->worker)->snapshot->config->settings.rest_max_async;

    if (atomic_load(&rest->async_live) < most)
        return false;
    tn_http_set_field(x, "Retry-After", "1");
    tn_http_problem(x, 429, "%llu asynchronous queries wait or run already (frontends.restHttp.maxAsyncQueries)", (unsigned long long)most);
    return true;
}

/* ---- keys ---- */

static void put_promise(struct submission *s, const struct tn_rest *rest)
{
    struct tn_rest_outcome outcome = {.state = TN_REST_PENDING, .submitted_us = tn_clock_wall_us()};
    struct tn_json         json = {.buf = &s->promise};

    tn_json_open(&json, NULL, '{');
    tn_rest_put_head(&json, s->id, &outcome);
    tn_rest_put_tail(&json, &outcome);
    tn_rest_put_own(&s->promise, rest, false, s->query.question.user, TN_STR(""));
}

static int write_promise(const struct submission *s)
{
    char path[TN_SPOOL_PATH], temporary[TN_SPOOL_PATH];

    if (s->promise.failed)
        return ENOMEM;
    if (!tn_spool_path(&s->round.rest->spool, s->id, "json", path, sizeof path) || !tn_spool_path(&s->round.rest->spool, s->id, "tmp", temporary, sizeof temporary))
        return ENAMETOOLONG;
    return tn_spool_file_write(temporary, path, tn_buf_str(&s->promise));
}

static void take_back(const struct submission *s, const char *id, const char *end)
{
    char path[TN_SPOOL_PATH];

    if (tn_spool_path(&s->round.rest->spool, id, end, path, sizeof path))
        unlink(path);
}

/* Whose the key is. */
static void read_claim(struct submission *s, const char *path)
{
    unsigned long long hash;
    struct tn_buf      there;

    take_back(s, s->id, "json");
    tn_buf_init(&there, 128 * 1024);
    s->error = tn_spool_file_read(path, &there);
    tn_buf_put_u8(&there, 0);
    if (s->error == 0 && (there.failed || there.len < TN_REST_ID || !tn_rest_id_valid(tn_str_n(there.data, TN_REST_ID - 1)) ||
                          sscanf(there.data + TN_REST_ID - 1, "%llx", &hash) != 1))
        s->error = EIO;
    if (s->error == 0) {
        tn_str_copy(s->id, sizeof s->id, tn_str_n(there.data, TN_REST_ID - 1));
        s->differs = hash != s->hash;
    }
    tn_buf_reset(&there);
}

/* In the pool: claims the key for our id, or learns whose it is. */
static void claim(struct tn_rest_round *round)
{
    struct submission *s = TN_CONTAINER_OF(round, struct submission, round);
    char               path[TN_SPOOL_PATH], temporary[TN_SPOOL_PATH], text[CLAIM_MAX];
    int                len = snprintf(text, sizeof text, "%s %016llx\n", s->id, (unsigned long long)s->hash);

    if (!tn_spool_path(&round->rest->spool, s->key_id, "key", path, sizeof path) || !tn_spool_path(&round->rest->spool, s->id, "claim", temporary, sizeof temporary)) {
        s->error = ENAMETOOLONG;
        return;
    }
    s->error = tn_spool_make(&round->rest->spool);
    if (s->error == 0)
        s->error = tn_spool_file_write(temporary, temporary, tn_str_n(text, (size_t)len));
    if (s->error == 0 && (s->error = write_promise(s)) != 0)
        unlink(temporary);
    if (s->error != 0)
        return;
    s->claimed = link(temporary, path) == 0;
    s->error = s->claimed || errno == EEXIST ? 0 : errno;
    unlink(temporary);
    if (!s->claimed && s->error == 0)
        read_claim(s, path);
    else if (!s->claimed)
        take_back(s, s->id, "json");
}

/* Nobody was told of the query: the key is free again. Two small files, seldom. */
static void release(const struct submission *s)
{
    if (!s->claimed)
        return;
    take_back(s, s->key_id, "key");
    take_back(s, s->id, "json");
}

static void after_claim(struct tn_rest_round *round)
{
    struct submission       *s = TN_CONTAINER_OF(round, struct submission, round);
    struct tn_http_exchange *x = round->x;

    if (x == NULL) {
        release(s);
        return;
    }
    x->gone = NULL;
    if (s->error != 0) {
        tn_http_problem(x, 503, "the key cannot be kept: %s", strerror(s->error));
    } else if (s->differs) {
        tn_http_problem(x, 422, "this Idempotency-Key was used for another request");
    } else if (!s->claimed) {
        tn_rest_status_of_key(round->rest, x, s->id, s->query.question.user);
    } else if (too_many(round->rest, x) || !start(round->rest, x, &s->query, s->id)) {
        release(s);
    }
}

static void free_submission(struct tn_rest_round *round)
{
    struct submission *s = TN_CONTAINER_OF(round, struct submission, round);

    tn_rest_query_reset(&s->query);
    tn_buf_reset(&s->promise);
    tn_free(s);
}

static void submit_with_key(struct tn_rest *rest, struct tn_http_exchange *x, struct tn_rest_query *query, struct tn_str key)
{
    struct submission *s;

    if (key.len == 0 || key.len > KEY_MAX) {
        tn_http_problem(x, 400, "an Idempotency-Key has 1 to %d bytes", KEY_MAX);
        tn_rest_query_reset(query);
        return;
    }
    s = tn_calloc(1, sizeof *s);
    if (s == NULL) {
        tn_http_problem(x, 503, "no memory");
        tn_rest_query_reset(query);
        return;
    }
    s->query = *query;
    s->hash = tn_hash_str(x->body);
    tn_rest_id_make(s->id, x->worker->index);
    tn_rest_id_of_key(s->key_id, 1, query->question.user, key);
    tn_buf_init(&s->promise, TN_REST_DOCUMENT_MAX);
    put_promise(s, rest);
    s->round.work = claim;
    s->round.finish = after_claim;
    s->round.free = free_submission;
    tn_rest_round_begin(&s->round, rest, x);
    tn_rest_round_work(&s->round);
}

void tn_rest_execute_async(struct tn_rest *rest, struct tn_http_exchange *x, const struct tn_rest_args *args)
{
    struct tn_str        key = tn_http_field_list(x, "idempotency-key"); /* two of them are one that is longer */
    struct tn_rest_query query;
    struct tn_error      err = TN_ERROR_INIT;
    char                 id[TN_REST_ID];

    if (tn_rest_query_read(x, &args->caller, &query, &err) != TN_OK) {
        tn_rest_problem(x, &err);
        tn_error_reset(&err);
    } else if (key.ptr != NULL) {
        submit_with_key(rest, x, &query, key);
    } else {
        tn_rest_id_make(id, x->worker->index);
        if (!too_many(rest, x))
            start(rest, x, &query, id);
        tn_rest_query_reset(&query);
    }
}

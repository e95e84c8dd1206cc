/* Rows of an asynchronous query to its files, in the offload pool, one piece of work at a time:
 *
 *   ID.json   the query's document, PENDING at first, and how it ended
 *   ID.rows   blocks: a header, then rows as rest_encode.h has them, in format ARRAYS
 *
 * A chunk is credited when it is written, so a slow disk slows the engine. */
#include "rest/rest_file.h"

#include "base/alloc.h"
#include "base/base64.h"
#include "base/fd.h"
#include "base/hash.h"
#include "base/log.h"
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct tn_rest_spool {
    struct tn_rest_job *job;
    struct tn_job       work;
    bool                busy;      /* in the pool */
    bool                told;      /* the document is wanted on the disk */
    bool                ended;     /* ... for the last time */
    bool                finished;  /* and is there */
    int                 fd;        /* of ID.rows; the pool's while busy; -1 = not open */
    struct tn_chunk    *first, *last;       /* to be written */
    struct tn_chunk    *writing;            /* by the pool */
    struct tn_buf       document;           /* to be written; the pool's while busy */
    bool                write_document, is_last;
    bool                keep_rows;
    uint64_t            bytes;
    int                 error;     /* errno of the pool's work; 0 = none */
};

/* ---- the folder ---- */

/* "UUID.rows" and so on: what is not ours stays. */
static bool owns(const char *name)
{
    static const char *const ends[] = {".rows", ".json", ".tmp", ".key", ".claim"};

    if (strlen(name) < TN_REST_ID || !tn_rest_id_valid(tn_str_n(name, TN_REST_ID - 1)))
        return false;
    for (size_t i = 0; i < TN_ARRAY_LEN(ends); i++)
        if (strcmp(name + TN_REST_ID - 1, ends[i]) == 0)
            return true;
    return false;
}

static struct tn_spool_limits limits(struct tn_spool *spool)
{
    struct tn_rest        *rest = TN_CONTAINER_OF(spool, struct tn_rest, spool);
    struct tn_snapshot    *snapshot = tn_server_snapshot(rest->server);
    struct tn_spool_limits now = {.max_age_s = snapshot->config->settings.rest_result_max_age / 1000000,
                                  .max_bytes = snapshot->config->settings.rest_max_results};

    tn_snapshot_unref(snapshot);
    return now;
}

void tn_rest_spool_init(struct tn_rest *rest)
{
    rest->spool = (struct tn_spool){.folder = rest->config->settings.rest_result_path.ptr, .offload = rest->server->offload,
                                    .worker = rest->server->workers[0], .owns = owns, .limits = limits};
    tn_spool_open(&rest->spool);
}

/* ---- of one query ---- */

bool tn_rest_spool_new(struct tn_rest_job *job)
{
    job->spool = tn_calloc(1, sizeof *job->spool);
    if (job->spool == NULL)
        return false;
    job->spool->job = job;
    job->spool->fd = -1;
    tn_buf_init(&job->spool->document, TN_REST_DOCUMENT_MAX);
    return true;
}

bool tn_rest_spool_busy(const struct tn_rest_job *job)
{
    return job->spool != NULL && !job->spool->finished;
}

static void free_chunks(struct tn_chunk *chunk)
{
    while (chunk != NULL) {
        struct tn_chunk *next = chunk->next;

        tn_chunk_free(chunk);
        chunk = next;
    }
}

void tn_rest_spool_free(struct tn_rest_job *job)
{
    struct tn_rest_spool *spool = job->spool;

    if (spool == NULL)
        return;
    if (spool->fd >= 0)
        close(spool->fd);
    free_chunks(spool->first);
    free_chunks(spool->writing);
    tn_buf_reset(&spool->document);
    tn_free(spool);
    job->spool = NULL;
}

/* ---- in the pool ---- */

static int open_rows(struct tn_rest_spool *spool)
{
    char path[TN_SPOOL_PATH];

    if (spool->fd >= 0)
        return 0;
    if (!tn_spool_path(&spool->job->rest->spool, spool->job->id, "rows", path, sizeof path))
        return ENAMETOOLONG;
    spool->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return spool->fd >= 0 ? 0 : errno;
}

static int write_chunk(int fd, const struct tn_chunk *chunk)
{
    struct tn_rest_block block = {.magic = TN_REST_BLOCK_MAGIC, .rows = (uint32_t)chunk->rows, .bytes = chunk->bytes.len - chunk->sent};

    int                  error = tn_fd_write(fd, tn_str_n((const char *)&block, sizeof block));

    return error != 0 ? error : tn_fd_write(fd, tn_str_n(chunk->bytes.data + chunk->sent, (size_t)block.bytes));
}

static int write_document(struct tn_rest_spool *spool)
{
    char path[TN_SPOOL_PATH], temporary[TN_SPOOL_PATH];

    if (!tn_spool_path(&spool->job->rest->spool, spool->job->id, "json", path, sizeof path) ||
        !tn_spool_path(&spool->job->rest->spool, spool->job->id, "tmp", temporary, sizeof temporary))
        return ENAMETOOLONG;
    return tn_spool_file_write(temporary, path, tn_buf_str(&spool->document));
}

static void remove_files(const struct tn_rest_job *job)
{
    char path[TN_SPOOL_PATH];

    if (tn_spool_path(&job->rest->spool, job->id, "rows", path, sizeof path))
        unlink(path);
    if (tn_spool_path(&job->rest->spool, job->id, "json", path, sizeof path))
        unlink(path);
}

static void run(struct tn_job *job)
{
    struct tn_rest_spool *spool = TN_CONTAINER_OF(job, struct tn_rest_spool, work);
    char                  path[TN_SPOOL_PATH];

    spool->error = tn_spool_make(&spool->job->rest->spool);
    for (struct tn_chunk *chunk = spool->writing; chunk != NULL && spool->error == 0; chunk = chunk->next) {
        spool->error = open_rows(spool);
        if (spool->error == 0)
            spool->error = write_chunk(spool->fd, chunk);
    }
    if (spool->is_last && spool->fd >= 0) {
        close(spool->fd);
        spool->fd = -1;
    }
    if (spool->is_last && !spool->keep_rows && tn_spool_path(&spool->job->rest->spool, spool->job->id, "rows", path, sizeof path))
        unlink(path);
    if (spool->write_document && spool->error == 0)
        spool->error = write_document(spool);
    if (spool->is_last && spool->error != 0)
        remove_files(spool->job); /* a query that never ends, or half a result, must not stay behind */
}

/* ---- on the worker ---- */

static void go_on(struct tn_rest_spool *spool);

static void fail(struct tn_rest_job *job, const char *sqlstate, const char *text)
{
    struct tn_rest_outcome *outcome = &job->outcome;

    if (outcome->error.status == TN_OK) {
        outcome->error = (struct tn_rest_error){.status = TN_E_LIMIT, .fault = TN_FAULT_TURNOUT, .message = TN_STR("the result cannot be kept")};
        tn_str_copy(outcome->error.sqlstate, sizeof outcome->error.sqlstate, tn_str(sqlstate));
        if (!tn_arena_str(&job->arena, tn_str(text), &outcome->error.message))
            outcome->error.message = TN_STR("the result cannot be kept");
    }
    if (job->ask != NULL)
        tn_ask_cancel(job->ask, TN_CANCEL_USER);
    else
        outcome->state = TN_REST_FAILED;
}

static void fail_disk(struct tn_rest_spool *spool)
{
    char text[200], reason[80];

    snprintf(text, sizeof text, "the result cannot be written to %.80s: %s", spool->job->rest->config->settings.rest_result_path.ptr,
             tn_file_error(spool->error, reason, sizeof reason));
    tn_log(TN_LOG_WARN, "result not written", TN_LOG_TEXT("id", spool->job->id), TN_LOG_TEXT("error", text));
    fail(spool->job, "58030", text);
}

static void finish(struct tn_rest_spool *spool)
{
    struct tn_rest_job *job = spool->job;

    spool->finished = true;
    atomic_fetch_sub(&job->rest->async_live, 1);
    tn_rest_job_ended(job);
}

static void done(struct tn_job *work, struct tn_worker *worker)
{
    struct tn_rest_spool *spool = TN_CONTAINER_OF(work, struct tn_rest_spool, work);
    struct tn_rest_job   *job = spool->job;
    struct tn_chunk      *written = spool->writing;
    bool                  was_last = spool->is_last; /* what follows may end the query at once, and submit the last piece */

    (void)worker;
    spool->busy = false;
    spool->writing = NULL;
    if (spool->error != 0)
        fail_disk(spool);
    while (written != NULL) {
        struct tn_chunk *next = written->next;

        tn_chunk_free(written);
        if (job->ask != NULL)
            tn_ask_credit(job->ask);
        written = next;
    }
    if (was_last)
        finish(spool);
    else
        go_on(spool);
}

/* The hash stands behind it: a file that was damaged must not be read as a schema. */
static void put_arrow(struct tn_buf *out, struct tn_str arrow)
{
    uint64_t      hash = tn_hash_str(arrow);
    struct tn_buf sealed;

    tn_buf_init(&sealed, TN_REST_DOCUMENT_MAX);
    tn_buf_put_str(&sealed, arrow);
    tn_buf_append(&sealed, &hash, sizeof hash);
    tn_buf_puts(out, ",\"arrow\":");
    tn_base64_put_json(out, tn_buf_str(&sealed));
    out->failed = out->failed || sealed.failed;
    tn_buf_reset(&sealed);
}

void tn_rest_put_own(struct tn_buf *out, const struct tn_rest *rest, bool final, struct tn_str user, struct tn_str arrow)
{
    tn_buf_printf(out, TN_REST_OWN_MEMBERS "\"boot\":\"%s\",\"final\":%s,\"user\":", rest->boot, final ? "true" : "false");
    tn_buf_put_json(out, user);
    if (arrow.len > 0)
        put_arrow(out, arrow);
    tn_buf_puts(out, "}}\n");
}

static void put_document(struct tn_rest_spool *spool)
{
    struct tn_rest_job *job = spool->job;

    tn_buf_clear(&spool->document);
    tn_rest_put_status(&spool->document, job);
    if (spool->document.len > 0)
        spool->document.len--; /* the closing brace */
    tn_rest_put_own(&spool->document, job->rest, spool->ended, job->user, job->arrow);
    spool->write_document = !spool->document.failed;
}

/* What waits goes to the pool, if it is free. */
static void go_on(struct tn_rest_spool *spool)
{
    struct tn_rest_job *job = spool->job;

    if (spool->busy || spool->is_last || (spool->first == NULL && !spool->told))
        return;
    spool->busy = true;
    spool->writing = spool->first;
    spool->first = spool->last = NULL;
    spool->write_document = false;
    spool->is_last = spool->ended;
    spool->keep_rows = job->outcome.state == TN_REST_COMPLETED;
    if (spool->told)
        put_document(spool);
    spool->told = false;
    spool->work.run = run;
    spool->work.done = done;
    tn_offload_submit(job->rest->server->offload, &spool->work, job->worker);
}

void tn_rest_spool_begin(struct tn_rest_job *job)
{
    job->spool->told = true;
    go_on(job->spool);
}

void tn_rest_spool_end(struct tn_rest_job *job)
{
    job->spool->told = job->spool->ended = true;
    go_on(job->spool);
}

void tn_rest_spool_chunk(struct tn_rest_job *job, struct tn_chunk *chunk)
{
    struct tn_rest_spool *spool = job->spool;
    uint64_t              rows;
    struct tn_str         taken = tn_rest_job_take(job, chunk, &rows);

    if (rows == 0 || job->outcome.error.status != TN_OK) {
        tn_chunk_free(chunk);
        tn_ask_credit(job->ask);
        return;
    }
    chunk->sent = (size_t)(taken.ptr - chunk->bytes.data);
    chunk->bytes.len = chunk->sent + taken.len;
    chunk->rows = rows;
    chunk->next = NULL;
    if (spool->last != NULL)
        spool->last->next = chunk;
    else
        spool->first = chunk;
    spool->last = chunk;
    spool->bytes += taken.len;
    go_on(spool);
    if (spool->bytes > tn_runtime_of(job->worker)->snapshot->config->settings.rest_max_result)
        fail(job, "54000", "the result is larger than frontends.restHttp.maxResultSize");
}

void tn_rest_spool_drop(struct tn_rest_job *job)
{
    remove_files(job);
}

/* One connection is one job at a time:
 *
 *   worker                                    offload pool
 *   start  ---- job ------------------------> ops->start, ops->next, encode, ops->next, ... ops->finish
 *   on_ready <- message (chunk full, or the worker asked for what there is)
 *   on_flush    timer: takes rows that the pool thread holds back while the engine computes the next ones
 *   on_job_done <- the job's message: the end, or parked because the window is full; then a credit submits it again
 *
 * A short statement is one job and one message: its rows wait for the end, but for FIRST_FLUSH_S at most. Later rows
 * wait until a chunk is full or FLUSH_S have passed. Chunks are handed over in `ready`, under the lock; the last one of
 * them may be taken back by the pool thread to append more. A batch makes as many chunks as its bytes need: the window
 * may be full before all of its rows are encoded, then the job parks with the rest of the batch. */
#include "engine/blocking.h"

#include "base/alloc.h"
#include "engine/cluster.h"

#include <pthread.h>
#include <stdatomic.h>

static const double FIRST_FLUSH_S = 0.001;
static const double FLUSH_S = 0.05;
static const double INTERRUPT_S = 0.01; /* until the library notices: an interrupt before it began may be lost */

enum job_kind { JOB_NONE, JOB_CONNECT, JOB_RESET, JOB_RUN };

struct blocking_conn {
    struct tn_conn                base;
    const struct tn_blocking_ops *ops;
    void                         *handle; /* the engine's; the job's while there is one */

    /* worker only */
    struct tn_job    job;
    enum job_kind    busy;    /* what the submitted job does */
    bool             closing; /* disconnect was asked for while a job was on its way */
    bool             announced;
    struct tn_run   *run;     /* also while a reset before it is going on */
    struct tn_message ready_message;
    ev_timer         flush;

    _Atomic bool cancelled;

    /* the job's while one is on its way, else the worker's */
    bool                      started; /* ops->start was called: ops->finish must be */
    bool                      ended;
    bool                      parked;
    struct tn_batch           batch;  /* the one that is being encoded; release NULL: none */
    int64_t                   row;    /* of it, the next one */
    struct tn_arena           arena;
    struct tn_blocking_result result;
    struct tn_error           error;
    uint64_t                  silent_rows; /* rows that the encoder made no bytes of */

    pthread_mutex_t  lock; /* all below */
    struct tn_chunk *ready[TN_RUN_WINDOW];
    unsigned         ready_count;
    unsigned         inflight; /* chunks made and not credited: in `ready` or the owner's */
    size_t           inflight_lens[TN_RUN_WINDOW]; /* of each of them, the oldest first */
    size_t           inflight_bytes;
    bool             has_schema; /* result.schema and parameters may be told */
    bool             posted;     /* ready_message is on its way */
    bool             eager;      /* tell the worker of the next rows at once */
};

static _Atomic(struct tn_offload *) offload_pool;

void tn_blocking_use(struct tn_offload *pool)
{
    atomic_store(&offload_pool, pool);
}

struct tn_offload *tn_blocking_pool(void)
{
    return atomic_load(&offload_pool);
}

static struct blocking_conn *conn_of(struct tn_conn *conn)
{
    return TN_CONTAINER_OF(conn, struct blocking_conn, base);
}

/* ---- pool thread ---- */

static enum tn_status fail_nomem(struct tn_error *err)
{
    return tn_fail(err, TN_E_NOMEM, "53200", "out of memory while a result was encoded");
}

/* Called with the lock held, like the two below. */
static bool has_room(const struct blocking_conn *c)
{
    return c->inflight < TN_RUN_WINDOW && c->inflight_bytes < TN_RUN_WINDOW_BYTES;
}

static void count_in(struct blocking_conn *c, size_t len)
{
    c->inflight_lens[c->inflight++] = len;
    c->inflight_bytes += len;
}

static void count_out(struct blocking_conn *c, unsigned which)
{
    size_t *lens = c->inflight_lens;

    c->inflight_bytes -= lens[which];
    c->inflight--;
    memmove(lens + which, lens + which + 1, (c->inflight - which) * sizeof *lens);
}

/* Called with the lock held. */
static void post_ready(struct blocking_conn *c)
{
    c->eager = false;
    if (c->posted)
        return;
    c->posted = true;
    tn_worker_post(c->base.worker, &c->ready_message);
}

/* A chunk to append to: the last one when it was not taken yet and has room. */
static struct tn_chunk *take_chunk(struct blocking_conn *c)
{
    struct tn_chunk *chunk = NULL;

    pthread_mutex_lock(&c->lock);
    if (c->ready_count > 0 && c->ready[c->ready_count - 1]->bytes.len < TN_CHUNK_TARGET) {
        chunk = c->ready[--c->ready_count];
        count_out(c, c->inflight - 1);
    }
    pthread_mutex_unlock(&c->lock);
    return chunk != NULL ? chunk : tn_chunk_new(TN_CHUNK_MAX);
}

static void give_chunk(struct blocking_conn *c, struct tn_chunk *chunk)
{
    if (chunk->bytes.len == 0) {
        c->silent_rows += chunk->rows;
        tn_chunk_free(chunk);
        return;
    }
    pthread_mutex_lock(&c->lock);
    c->ready[c->ready_count++] = chunk;
    count_in(c, chunk->bytes.len);
    if (c->eager || chunk->bytes.len >= TN_CHUNK_TARGET)
        post_ready(c);
    pthread_mutex_unlock(&c->lock);
}

/* Rows of the batch from c->row on, until CHUNK is full. */
static enum tn_status encode(struct blocking_conn *c, struct tn_chunk *chunk, struct tn_error *err)
{
    const struct tn_encoder *encoder = c->run->encoder;
    int64_t                  first = c->row;
    enum tn_status           status = encoder->ops->batch(encoder, &c->batch, &c->row, TN_CHUNK_TARGET, &chunk->bytes, err);

    chunk->rows += (uint64_t)(c->row - first);
    if (status == TN_OK && chunk->bytes.failed) {
        if (chunk->bytes.len > TN_CHUNK_MAX / 2)
            status = tn_fail(err, TN_E_LIMIT, "54000", "a result row is longer than %d bytes", (int)TN_CHUNK_MAX);
        else
            status = fail_nomem(err);
    }
    if (status != TN_OK && err->fault == TN_FAULT_TURNOUT)
        tn_error_blame(err, TN_FAULT_QUERY, err->from_engine);
    return status;
}

/* One chunk's worth of the batch. */
static enum tn_status deliver_rows(struct blocking_conn *c)
{
    struct tn_chunk *chunk;
    enum tn_status   status;

    if (c->run->encoder == NULL) { /* nobody wants the rows */
        c->silent_rows += (uint64_t)c->batch.rows;
        c->row = c->batch.rows;
    }
    if (c->row < c->batch.rows) {
        chunk = take_chunk(c);
        if (chunk == NULL)
            return fail_nomem(&c->error);
        status = encode(c, chunk, &c->error);
        if (status != TN_OK) {
            tn_chunk_free(chunk);
            c->ops->interrupt(c->handle);
            return status;
        }
        give_chunk(c, chunk);
    }
    if (c->row >= c->batch.rows)
        tn_batch_release(&c->batch);
    return TN_OK;
}

static enum tn_status next_batch(struct blocking_conn *c)
{
    c->batch = (struct tn_batch){.rows = 0};
    c->row = 0;
    TN_TRY(c->ops->next(c->handle, &c->batch, &c->result, &c->error));
    c->ended = c->batch.release == NULL;
    return TN_OK;
}

/* No room in the window: the job ends here and a credit submits it again. */
static bool park(struct blocking_conn *c)
{
    pthread_mutex_lock(&c->lock);
    c->parked = !has_room(c);
    pthread_mutex_unlock(&c->lock);
    return c->parked;
}

static enum tn_status check_cancelled(struct blocking_conn *c)
{
    if (!atomic_load_explicit(&c->cancelled, memory_order_acquire))
        return TN_OK;
    return tn_fail(&c->error, TN_E_CANCELLED, "57014", "canceling statement due to user request");
}

static enum tn_status start_run(struct blocking_conn *c)
{
    c->result.undone = true; /* it has done nothing yet */
    TN_TRY(check_cancelled(c));
    c->result.undone = false;
    c->started = true;
    TN_TRY(c->ops->start(c->handle, c->run, &c->arena, &c->result, &c->error));
    pthread_mutex_lock(&c->lock);
    c->has_schema = true;
    if (c->eager)
        post_ready(c);
    pthread_mutex_unlock(&c->lock);
    c->ended = c->run->kind == TN_RUN_DESCRIBE;
    return TN_OK;
}

/* Until the end, an error, or a full window (TN_AGAIN). */
static enum tn_status run_on(struct blocking_conn *c)
{
    if (!c->started)
        TN_TRY(start_run(c));
    while (!c->ended) {
        TN_TRY(check_cancelled(c));
        if (park(c))
            return TN_AGAIN;
        if (c->batch.release == NULL)
            TN_TRY(next_batch(c));
        if (!c->ended)
            TN_TRY(deliver_rows(c));
    }
    return TN_OK;
}

static void blame_cancel(struct tn_error *err)
{
    tn_error_reset(err);
    (void)tn_fail(err, TN_E_CANCELLED, "57014", "canceling statement due to user request");
    tn_error_blame(err, TN_FAULT_CANCEL, false);
}

static void job_run(struct tn_job *job)
{
    struct blocking_conn *c = TN_CONTAINER_OF(job, struct blocking_conn, job);
    enum tn_status        status = run_on(c);

    if (status == TN_AGAIN)
        return;
    c->ended = true;
    tn_batch_release(&c->batch);
    if (status != TN_OK && status != TN_E_CONNECTION && atomic_load(&c->cancelled))
        blame_cancel(&c->error);
    if (status != TN_OK && c->error.status == TN_OK)
        c->error.status = status;
    if (c->started)
        c->ops->finish(c->handle);
}

static void connect_handle(struct blocking_conn *c)
{
    enum tn_status status = c->ops->connect(c->base.cluster, &c->handle, &c->error);

    if (status == TN_OK)
        return;
    c->handle = NULL;
    if (c->error.status == TN_OK)
        (void)tn_fail(&c->error, status, "08001", "cannot connect");
    tn_error_blame(&c->error, TN_FAULT_ENGINE, c->error.from_engine);
}

static void job_connect(struct tn_job *job)
{
    connect_handle(TN_CONTAINER_OF(job, struct blocking_conn, job));
}

static void job_reset(struct tn_job *job)
{
    struct blocking_conn *c = TN_CONTAINER_OF(job, struct blocking_conn, job);

    if (c->ops->reset(c->handle))
        return;
    c->ops->disconnect(c->handle);
    c->handle = NULL;
    connect_handle(c);
}

/* The last job of a connection; frees it. Needs no worker any more. */
static void job_disconnect(struct tn_job *job)
{
    struct blocking_conn *c = TN_CONTAINER_OF(job, struct blocking_conn, job);

    if (c->handle != NULL)
        c->ops->disconnect(c->handle);
    tn_cluster_unref(c->base.cluster);
    tn_error_reset(&c->error);
    tn_arena_reset(&c->arena);
    pthread_mutex_destroy(&c->lock);
    tn_free(c);
}

/* ---- worker ---- */

static void submit(struct blocking_conn *c, enum job_kind kind, void (*run)(struct tn_job *))
{
    c->busy = kind;
    c->job.run = run;
    tn_offload_submit(atomic_load(&offload_pool), &c->job, c->base.worker);
}

static void set_flush(struct blocking_conn *c, double seconds)
{
    c->flush.repeat = seconds; /* 0 stops it */
    ev_timer_again(c->base.worker->loop, &c->flush);
}

/* Tells the owner what is there; the number of chunks. The owner may cancel and credit meanwhile, but the run cannot end. */
static unsigned drain(struct blocking_conn *c)
{
    struct tn_run   *run = c->run;
    struct tn_chunk *chunks[TN_RUN_WINDOW];
    unsigned         count;
    bool             has_schema;

    pthread_mutex_lock(&c->lock);
    count = c->ready_count;
    for (unsigned i = 0; i < count; i++)
        chunks[i] = c->ready[i];
    c->ready_count = 0;
    has_schema = c->has_schema;
    pthread_mutex_unlock(&c->lock);
    if (has_schema && !c->announced) {
        const struct tn_schema *schema = c->result.schema;
        bool                    describe = run->kind == TN_RUN_DESCRIBE;

        c->announced = true;
        if (schema != NULL && schema->count == 0)
            schema = NULL;
        if (describe && run->events->params != NULL)
            run->events->params(run, c->result.param_count, c->result.param_oids);
        if (describe || schema != NULL)
            tn_run_columns(run, schema);
    }
    for (unsigned i = 0; i < count; i++)
        tn_run_chunk(run, chunks[i]);
    return count;
}

/* The next rows come with a message of their own, without waiting for a full chunk; false: there are some already. The
 * message must be the pool thread's: one of the worker's could arrive after the end of the run. */
static bool ask_for_rows(struct blocking_conn *c)
{
    bool nothing;

    pthread_mutex_lock(&c->lock);
    nothing = c->ready_count == 0;
    c->eager = nothing;
    pthread_mutex_unlock(&c->lock);
    return nothing;
}

static void on_flush(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct blocking_conn *c = timer->data;
    bool                  nothing;

    (void)loop;
    (void)revents;
    if (c->run->cancelled && c->busy == JOB_RUN)
        c->ops->interrupt(c->handle);
    nothing = drain(c) == 0 && (ask_for_rows(c) || drain(c) == 0);
    set_flush(c, c->run->cancelled ? INTERRUPT_S : nothing ? 0 : FLUSH_S);
}

static void on_ready(struct tn_message *message, struct tn_worker *worker)
{
    struct blocking_conn *c = TN_CONTAINER_OF(message, struct blocking_conn, ready_message);

    (void)worker;
    pthread_mutex_lock(&c->lock);
    c->posted = false;
    pthread_mutex_unlock(&c->lock);
    drain(c);
    if (!c->run->cancelled)
        set_flush(c, FLUSH_S);
}

/* Lets a parked job go on when there is room again or it has to end. */
static void resume(struct blocking_conn *c)
{
    bool room;

    if (c->busy != JOB_NONE || !c->parked)
        return;
    pthread_mutex_lock(&c->lock);
    room = has_room(c);
    pthread_mutex_unlock(&c->lock);
    if (!room && !c->run->cancelled)
        return;
    c->parked = false;
    submit(c, JOB_RUN, job_run);
}

static void take_result(struct blocking_conn *c, struct tn_run *run)
{
    const struct tn_blocking_result *result = &c->result;

    memcpy(run->tag, result->tag, sizeof run->tag);
    run->tag[sizeof run->tag - 1] = '\0';
    run->rows += c->silent_rows;
    run->affected = result->affected;
    run->unchanged = result->unchanged;
    run->replaced = result->replaced;
    run->insert_id = result->insert_id;
    run->undone = result->undone && c->error.status != TN_OK;
    run->rows_read = result->rows_read;
    run->bytes_read = result->bytes_read;
    run->cpu_us = result->cpu_us;
    c->base.dirty = c->base.dirty || result->dirty;
    c->base.yields = result->yields;
    tn_error_move(&run->error, &c->error);
}

/* The owner may start the next run, or end the connection, from its `done`: nothing of C is touched after that. */
static void end_run(struct blocking_conn *c)
{
    struct tn_run  *run = c->run;
    struct tn_arena arena = c->arena; /* the schema is valid until done returns */

    ev_timer_stop(c->base.worker->loop, &c->flush);
    take_result(c, run);
    tn_arena_init(&c->arena, 0);
    c->run = NULL;
    c->base.state = run->error.status == TN_E_CONNECTION ? TN_CONN_BROKEN : TN_CONN_IDLE;
    tn_run_done(run);
    tn_arena_reset(&arena);
}

static void begin_run(struct blocking_conn *c)
{
    c->announced = c->started = c->ended = c->parked = false;
    c->inflight = 0; /* no job: the lock is not needed */
    c->inflight_bytes = 0;
    c->has_schema = c->eager = false;
    submit(c, JOB_RUN, job_run);
    set_flush(c, c->run->cancelled ? INTERRUPT_S : FIRST_FLUSH_S);
}

static void after_connect(struct blocking_conn *c)
{
    struct tn_error err = TN_ERROR_INIT;
    bool            ok = c->handle != NULL;

    tn_error_move(&err, &c->error);
    c->base.state = ok ? TN_CONN_IDLE : TN_CONN_BROKEN;
    c->base.connected(&c->base, ok ? NULL : &err, c->base.owner);
    tn_error_reset(&err);
}

static void after_reset(struct blocking_conn *c)
{
    if (c->handle == NULL && c->run == NULL) {
        tn_error_reset(&c->error);
        c->base.state = TN_CONN_BROKEN;
    } else if (c->handle == NULL) {
        c->error.status = TN_E_CONNECTION;
        end_run(c);
    } else if (c->run != NULL) {
        begin_run(c);
    }
}

static void after_run(struct blocking_conn *c)
{
    bool ended = c->ended; /* before drain: a credit from there may submit the job again */

    drain(c);
    if (ended)
        end_run(c);
    else
        resume(c);
}

static void close_now(struct blocking_conn *c)
{
    c->job.done = NULL;
    submit(c, JOB_NONE, job_disconnect);
}

static void on_job_done(struct tn_job *job, struct tn_worker *worker)
{
    struct blocking_conn *c = TN_CONTAINER_OF(job, struct blocking_conn, job);
    enum job_kind         kind = c->busy;

    (void)worker;
    c->busy = JOB_NONE;
    if (c->closing)
        close_now(c);
    else if (kind == JOB_CONNECT)
        after_connect(c);
    else if (kind == JOB_RESET)
        after_reset(c);
    else
        after_run(c);
}

struct tn_conn *tn_blocking_connect(struct tn_cluster *cluster, struct tn_worker *worker, const struct tn_blocking_ops *ops,
                                    void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner)
{
    struct blocking_conn *c = tn_calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    tn_conn_init(&c->base, cluster, worker, connected, owner);
    c->ops = ops;
    c->job.done = on_job_done;
    c->ready_message.run = on_ready;
    ev_init(&c->flush, on_flush);
    c->flush.data = c;
    tn_arena_init(&c->arena, 0);
    pthread_mutex_init(&c->lock, NULL);
    submit(c, JOB_CONNECT, job_connect);
    return &c->base;
}

void tn_blocking_disconnect(struct tn_conn *conn)
{
    struct blocking_conn *c = conn_of(conn);

    if (c->busy == JOB_NONE)
        close_now(c);
    else
        c->closing = true;
}

/* The reset happens in the pool; a run that starts meanwhile waits for it. */
bool tn_blocking_reset(struct tn_conn *conn)
{
    struct blocking_conn *c = conn_of(conn);

    if (conn->state != TN_CONN_IDLE || c->busy != JOB_NONE)
        return false;
    submit(c, JOB_RESET, job_reset);
    return true;
}

void tn_blocking_start(struct tn_run *run)
{
    struct blocking_conn *c = conn_of(run->conn);

    c->run = run;
    c->result = (struct tn_blocking_result){.schema = NULL};
    c->silent_rows = 0;
    atomic_store(&c->cancelled, false);
    if (c->busy == JOB_NONE)
        begin_run(c);
}

void tn_blocking_credit(struct tn_run *run)
{
    struct blocking_conn *c = conn_of(run->conn);

    pthread_mutex_lock(&c->lock);
    if (c->inflight > 0)
        count_out(c, 0);
    pthread_mutex_unlock(&c->lock);
    resume(c);
}

void tn_blocking_cancel(struct tn_run *run)
{
    struct blocking_conn *c = conn_of(run->conn);

    atomic_store_explicit(&c->cancelled, true, memory_order_release);
    if (c->busy == JOB_RESET)
        return; /* the run has not begun and will see the flag */
    if (c->busy == JOB_RUN)
        c->ops->interrupt(c->handle);
    set_flush(c, INTERRUPT_S);
    resume(c);
}

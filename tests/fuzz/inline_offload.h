/* inline_offload.h - loop/offload.h without threads: a job runs where it is submitted, and its end is told in a later turn as ever. For
 * fuzzers of whole sessions: nothing to wait for, and each run is like the one before. Takes the place of offload.c at linking. */
#ifndef TN_TESTS_INLINE_OFFLOAD_H
#define TN_TESTS_INLINE_OFFLOAD_H

#include "base/alloc.h"
#include "loop/offload.h"

struct tn_offload {
    unsigned jobs;
};

enum tn_status tn_offload_new(struct tn_offload **out, unsigned max_threads, struct tn_error *err)
{
    (void)max_threads;
    *out = tn_calloc(1, sizeof **out);
    return *out == NULL ? tn_fail(err, TN_E_NOMEM, "53200", "offload: no memory") : TN_OK;
}

static void on_job_done(struct tn_message *message, struct tn_worker *worker)
{
    struct tn_job *job = TN_CONTAINER_OF(message, struct tn_job, message);

    job->done(job, worker);
}

void tn_offload_submit(struct tn_offload *pool, struct tn_job *job, struct tn_worker *worker)
{
    bool answers = job->done != NULL;

    pool->jobs++;
    job->worker = worker;
    job->message.run = on_job_done;
    job->run(job);
    if (answers)
        tn_worker_post(worker, &job->message);
}

void tn_offload_lend(struct tn_offload *pool, int more)
{
    (void)pool;
    (void)more;
}

unsigned tn_offload_waiting(struct tn_offload *pool)
{
    (void)pool;
    return 0;
}

bool tn_offload_idle(struct tn_offload *pool)
{
    (void)pool;
    return true;
}

void tn_offload_free(struct tn_offload *pool)
{
    tn_free(pool);
}

#endif

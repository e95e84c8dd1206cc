/* offload.h - threads for calls that block (embedded engines, files, name look-ups).
 *
 * A job is a node inside an object of the sender's. `run` is called on a pool thread; then `done` on the worker that
 * submitted it. The pool grows to `max_threads` while jobs wait and shrinks again when idle for 30 s. */
#ifndef TN_LOOP_OFFLOAD_H
#define TN_LOOP_OFFLOAD_H

#include "base/list.h"
#include "base/status.h"
#include "loop/worker.h"

struct tn_offload;

struct tn_job {
    struct tn_list    node;
    struct tn_message message; /* carries `done` home */
    struct tn_worker *worker;
    void (*run)(struct tn_job *job);
    void (*done)(struct tn_job *job, struct tn_worker *worker); /* NULL: nobody waits */
};

TN_MUST_USE enum tn_status tn_offload_new(struct tn_offload **out, unsigned max_threads, struct tn_error *err);
/* Waits for running jobs; jobs still queued are run. Nothing may be submitted any more. */
void tn_offload_free(struct tn_offload *pool);

/* Any thread. WORKER may be NULL when job->done is NULL. The job may be submitted again once `done` runs (or, without
 * `done`, from inside `run`'s last line on). */
void tn_offload_submit(struct tn_offload *pool, struct tn_job *job, struct tn_worker *worker);

/* MORE threads at most than before, or fewer: who takes threads that are nobody else's brings them along. */
void tn_offload_lend(struct tn_offload *pool, int more);

/* Jobs waiting for a thread, for metrics. */
unsigned tn_offload_waiting(struct tn_offload *pool);
/* No job waits or runs; their `done` messages have been posted. */
bool tn_offload_idle(struct tn_offload *pool);

#endif

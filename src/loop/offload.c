#include "loop/offload.h"

#include "base/alloc.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

enum { IDLE_SECONDS = 30 };

struct tn_offload {
    pthread_mutex_t lock;
    pthread_cond_t  work; /* a job came, or the pool stops */
    pthread_cond_t  gone; /* a thread ended */
    struct tn_list  jobs;
    unsigned        waiting;     /* jobs in `jobs` */
    unsigned        threads;
    unsigned        idle;
    unsigned        max_threads;
    bool            stopping;
    bool            any_ended;
    pthread_t       ended; /* the thread that ended last: to be joined by the next that ends, or by tn_offload_free() */
};

enum tn_status tn_offload_new(struct tn_offload **out, unsigned max_threads, struct tn_error *err)
{
    struct tn_offload *pool = tn_calloc(1, sizeof *pool);
    pthread_condattr_t monotonic;

    *out = NULL;
    if (pool == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "offload: no memory");
    pthread_mutex_init(&pool->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->work, &monotonic);
    pthread_cond_init(&pool->gone, &monotonic);
    pthread_condattr_destroy(&monotonic);
    tn_list_init(&pool->jobs);
    pool->max_threads = max_threads > 0 ? max_threads : 1;
    *out = pool;
    return TN_OK;
}

static void on_job_done(struct tn_message *message, struct tn_worker *worker)
{
    struct tn_job *job = TN_CONTAINER_OF(message, struct tn_job, message);

    job->done(job, worker);
}

static void run_job(struct tn_job *job)
{
    struct tn_worker *worker = job->worker;
    bool              answers = job->done != NULL;

    job->run(job);
    if (answers)
        tn_worker_post(worker, &job->message);
}

/* Waits for work with the lock held; false when this thread should end. */
static bool wait_for_job(struct tn_offload *pool)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_SECONDS;
    while (tn_list_empty(&pool->jobs)) {
        int waited;

        if (pool->stopping)
            return false;
        pool->idle++;
        waited = pthread_cond_timedwait(&pool->work, &pool->lock, &until);
        pool->idle--;
        if (waited == ETIMEDOUT && tn_list_empty(&pool->jobs))
            return false;
    }
    return true;
}

static void *offload_main(void *arg)
{
    struct tn_offload *pool = arg;
    pthread_t          before;
    bool               join;

    pthread_mutex_lock(&pool->lock);
    while (wait_for_job(pool)) {
        struct tn_list *node = tn_list_first(&pool->jobs);

        tn_list_remove(node);
        pool->waiting--;
        pthread_mutex_unlock(&pool->lock);
        run_job(TN_CONTAINER_OF(node, struct tn_job, node));
        pthread_mutex_lock(&pool->lock);
    }
    pool->threads--;
    before = pool->ended;
    join = pool->any_ended;
    pool->ended = pthread_self();
    pool->any_ended = true;
    pthread_cond_broadcast(&pool->gone);
    pthread_mutex_unlock(&pool->lock); /* the pool may be gone now */
    if (join)
        pthread_join(before, NULL);
    return NULL;
}

static bool start_thread(struct tn_offload *pool)
{
    pthread_t thread;
    sigset_t  all, old;
    int       failed;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    failed = pthread_create(&thread, NULL, offload_main, pool);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return failed == 0;
}

void tn_offload_submit(struct tn_offload *pool, struct tn_job *job, struct tn_worker *worker)
{
    job->worker = worker;
    job->message.run = on_job_done;
    pthread_mutex_lock(&pool->lock);
    tn_list_append(&pool->jobs, &job->node);
    pool->waiting++;
    if (pool->waiting > pool->idle && pool->threads < pool->max_threads) {
        pool->threads++;
        if (!start_thread(pool))
            pool->threads--;
    }
    pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->lock);
}

void tn_offload_lend(struct tn_offload *pool, int more)
{
    pthread_mutex_lock(&pool->lock);
    pool->max_threads = (unsigned)((int)pool->max_threads + more);
    pthread_mutex_unlock(&pool->lock);
}

unsigned tn_offload_waiting(struct tn_offload *pool)
{
    unsigned waiting;

    pthread_mutex_lock(&pool->lock);
    waiting = pool->waiting;
    pthread_mutex_unlock(&pool->lock);
    return waiting;
}

bool tn_offload_idle(struct tn_offload *pool)
{
    bool idle;

    pthread_mutex_lock(&pool->lock);
    idle = pool->waiting == 0 && pool->threads == pool->idle;
    pthread_mutex_unlock(&pool->lock);
    return idle;
}

void tn_offload_free(struct tn_offload *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->work);
    while (pool->threads > 0)
        pthread_cond_wait(&pool->gone, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    if (pool->any_ended) /* what libraries keep for a thread is freed at its very end */
        pthread_join(pool->ended, NULL);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->gone);
    tn_free(pool);
}

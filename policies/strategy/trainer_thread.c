/* trainer_thread.c - the thread that trains the model of the text: it looks every second whether a training is due, gathers the rows,
 * has them worked on at the lowest priority, and swaps the model. */
#include "policies/strategy/trainer_thread.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "policies/strategy/learner.h"
#include "policies/strategy/trainer.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <time.h>

/* NICEST: not SCHED_IDLE, under which nothing is trained at all where the processor is always busy. */
enum { NICEST = 19, LOOK_EVERY_S = 1, TRAINING_MOST_S = 600 }; /* it takes seconds; much longer where the processor is busy */

struct tn_trainer {
    struct tn_learner *learner;
    pthread_t          thread;
    pthread_mutex_t    lock;
    pthread_cond_t     wake;
    _Atomic bool       stop;
    uint64_t           until_us; /* a training is given up then */
};

struct nice_job {
    struct tn_model           **out;
    const struct tn_model_rows *rows;
    bool (*stop)(void *arg);
    void            *stop_arg;
    float           *residuals;
    struct tn_error *err;
    enum tn_status   status;
};

static void *run_nice(void *arg)
{
    struct nice_job *job = arg;

    (void)setpriority(PRIO_PROCESS, 0, NICEST); /* of this thread only, on Linux */
    job->status = tn_model_train(job->out, job->rows, job->stop, job->stop_arg, job->residuals, job->err);
    return NULL;
}

enum tn_status tn_model_train_nice(struct tn_model **out, const struct tn_model_rows *rows, bool (*stop)(void *arg), void *stop_arg,
                                   float *residuals, struct tn_error *err)
{
    struct nice_job job = {.out = out, .rows = rows, .stop = stop, .stop_arg = stop_arg, .residuals = residuals, .err = err};
    pthread_t       thread;

    *out = NULL;
    if (pthread_create(&thread, NULL, run_nice, &job) != 0)
        return tn_fail(err, TN_E_LIMIT, "53300", "model: its thread cannot be made");
    pthread_join(thread, NULL);
    return job.status;
}

static bool told_to_stop(void *arg)
{
    const struct tn_trainer *trainer = arg;

    return atomic_load_explicit(&trainer->stop, memory_order_relaxed) || tn_clock_us() > trainer->until_us;
}

static void train(struct tn_trainer *trainer)
{
    struct tn_error err = TN_ERROR_INIT;
    uint64_t        began_us = tn_clock_us();
    enum tn_status  status;

    trainer->until_us = began_us + TRAINING_MOST_S * UINT64_C(1000000);
    status = tn_trainer_train(trainer->learner, told_to_stop, trainer, &err);
    if (status == TN_OK)
        tn_log(TN_LOG_INFO, "model of the text trained", TN_LOG_U64("milliseconds", (tn_clock_us() - began_us) / 1000));
    else if (status != TN_E_NOT_FOUND && !atomic_load(&trainer->stop)) /* not found: too little is known */
        tn_log(TN_LOG_WARN, "model of the text not trained", TN_LOG_TEXT("error", err.message), TN_LOG_TEXT("effect", "the one before is used on"));
    tn_error_reset(&err);
}

static void wait_a_little(struct tn_trainer *trainer)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LOOK_EVERY_S;
    pthread_mutex_lock(&trainer->lock);
    while (!atomic_load(&trainer->stop) && pthread_cond_timedwait(&trainer->wake, &trainer->lock, &until) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&trainer->lock);
}

static void *run(void *arg)
{
    struct tn_trainer *trainer = arg;

    while (!atomic_load(&trainer->stop)) {
        if (tn_trainer_due(trainer->learner))
            train(trainer);
        wait_a_little(trainer);
    }
    return NULL;
}

static void init_wake(struct tn_trainer *trainer)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&trainer->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&trainer->lock, NULL);
}

static void free_trainer(struct tn_trainer *trainer)
{
    pthread_cond_destroy(&trainer->wake);
    pthread_mutex_destroy(&trainer->lock);
    tn_free(trainer);
}

enum tn_status tn_trainer_start(struct tn_learner *learner, struct tn_error *err)
{
    struct tn_trainer *trainer = tn_calloc(1, sizeof *trainer);

    if (trainer == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "model: no memory");
    trainer->learner = learner;
    init_wake(trainer);
    learner->trainer = trainer; /* the thread looks at it */
    if (pthread_create(&trainer->thread, NULL, run, trainer) != 0) {
        learner->trainer = NULL;
        free_trainer(trainer);
        return tn_fail(err, TN_E_LIMIT, "53300", "model: its thread cannot be made");
    }
    return TN_OK;
}

void tn_trainer_stop(struct tn_learner *learner)
{
    struct tn_trainer *trainer = learner->trainer;

    atomic_store(&learner->samples_written_us, 0);
    if (trainer == NULL)
        return;
    pthread_mutex_lock(&trainer->lock);
    atomic_store(&trainer->stop, true);
    pthread_cond_signal(&trainer->wake);
    pthread_mutex_unlock(&trainer->lock);
    pthread_join(trainer->thread, NULL);
    learner->trainer = NULL;
    free_trainer(trainer);
}

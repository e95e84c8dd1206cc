#include "console/console_visit.h"

#include "base/alloc.h"

#include <time.h>

enum { LOOK_MS = 20, PATIENCE_MS = 10000 };

static void unref(struct tn_console_visit *visit)
{
    bool last;

    pthread_mutex_lock(&visit->lock);
    last = --visit->refs == 0;
    pthread_mutex_unlock(&visit->lock);
    if (!last)
        return;
    tn_rows_reset(&visit->rows);
    pthread_cond_destroy(&visit->changed);
    pthread_mutex_destroy(&visit->lock);
    tn_free(visit);
}

static void on_worker(struct tn_runtime *runtime, void *arg)
{
    struct tn_console_visit *visit = arg;

    visit->fn(runtime, visit);
}

static void on_done(struct tn_worker *worker, void *arg)
{
    struct tn_console_visit *visit = arg;

    (void)worker;
    pthread_mutex_lock(&visit->lock);
    visit->done = true;
    pthread_cond_signal(&visit->changed);
    pthread_mutex_unlock(&visit->lock);
    unref(visit);
}

static struct tn_console_visit *make(struct tn_server *server, uint64_t id,
                                     void (*fn)(struct tn_runtime *runtime, struct tn_console_visit *visit))
{
    struct tn_console_visit *visit = tn_calloc(1, sizeof *visit);
    pthread_condattr_t       attributes;

    if (visit == NULL)
        return NULL;
    tn_rows_init(&visit->rows);
    visit->server = server;
    visit->id = id;
    visit->fn = fn;
    visit->refs = 1;
    pthread_mutex_init(&visit->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&visit->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return visit;
}

static enum tn_status wait_for(struct tn_console_visit *visit, const _Atomic bool *interrupted, struct tn_error *err)
{
    enum tn_status status = TN_OK;

    pthread_mutex_lock(&visit->lock);
    for (unsigned waited_ms = 0; !visit->done && status == TN_OK; waited_ms += LOOK_MS) {
        struct timespec until;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&visit->changed, &visit->lock, &until);
        if (interrupted != NULL && atomic_load(interrupted))
            status = tn_fail(err, TN_E_CANCELLED, "57014", "canceling statement due to user request");
        else if (waited_ms >= PATIENCE_MS)
            status = tn_fail(err, TN_E_TIMEOUT, "57014", "a worker did not answer within %d s", PATIENCE_MS / 1000);
    }
    if (visit->done) {
        tn_error_reset(err);
        status = TN_OK;
    }
    pthread_mutex_unlock(&visit->lock);
    return status;
}

enum tn_status tn_console_visit(struct tn_console_visit **out, struct tn_server *server, uint64_t id,
                                void (*fn)(struct tn_runtime *runtime, struct tn_console_visit *visit),
                                const _Atomic bool *interrupted, struct tn_error *err)
{
    struct tn_console_visit *visit = make(server, id, fn);
    enum tn_status           status;

    *out = NULL;
    if (visit == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory");
    visit->refs = 2;
    if (tn_server_each_worker(server, server->workers[0], on_worker, on_done, visit) != TN_OK) {
        visit->refs = 1;
        unref(visit);
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory");
    }
    status = wait_for(visit, interrupted, err);
    if (status == TN_OK)
        *out = visit;
    else
        unref(visit); /* the workers have theirs */
    return status;
}

void tn_console_visit_free(struct tn_console_visit *visit)
{
    if (visit != NULL)
        unref(visit);
}

void tn_console_visit_take(struct tn_console_visit *visit, struct tn_console_rows *rows)
{
    tn_rows_reset(rows);
    *rows = visit->rows;
    tn_rows_init(&visit->rows);
}

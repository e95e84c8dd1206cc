#include "loop/worker.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/clock.h"

#include <signal.h>
#include <stdio.h>

/* Not const and yet global: what a thread is nobody else can tell it. */
static _Thread_local bool is_worker;

bool tn_worker_is_here(void)
{
    return is_worker;
}

bool tn_worker_run_messages(struct tn_worker *worker)
{
    struct tn_message *message = tn_mailbox_take(&worker->mailbox);
    bool               any = message != NULL;

    while (message != NULL) {
        struct tn_message *next = message->next;

        message->next = NULL;
        message->run(message, worker);
        message = next;
    }
    return any;
}

static void on_wake(struct ev_loop *loop, ev_async *async, int revents)
{
    (void)loop;
    (void)revents;
    tn_worker_run_messages(async->data);
}

static void free_buried(struct tn_worker *worker)
{
    struct tn_list *node;

    while ((node = tn_list_first(&worker->graveyard)) != NULL) {
        struct tn_grave *grave = TN_CONTAINER_OF(node, struct tn_grave, node);

        tn_list_remove(node);
        grave->free_fn(grave);
    }
}

static void on_end_of_turn(struct ev_loop *loop, ev_prepare *prepare, int revents)
{
    (void)loop;
    (void)revents;
    free_buried(prepare->data);
}

static void on_stop(struct tn_message *message, struct tn_worker *worker)
{
    (void)message;
    worker->stopping = true;
    ev_break(worker->loop, EVBREAK_ALL);
}

enum tn_status tn_worker_new(struct tn_worker **out, unsigned index, struct tn_error *err)
{
    struct tn_worker *worker = tn_calloc(1, sizeof *worker);

    *out = NULL;
    if (worker == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "worker: no memory");
    worker->index = index;
    worker->loop = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
    if (worker->loop == NULL) {
        tn_free(worker);
        return tn_fail(err, TN_E_IO, "58000", "worker: libev found no usable event backend");
    }
    tn_list_init(&worker->graveyard);
    tn_turns_init(&worker->turns, worker->loop);
    tn_rand_secret(&worker->rand, sizeof worker->rand);
    worker->stop_message.run = on_stop;
    ev_async_init(&worker->wake, on_wake);
    worker->wake.data = worker;
    ev_async_start(worker->loop, &worker->wake);
    ev_prepare_init(&worker->end_of_turn, on_end_of_turn);
    worker->end_of_turn.data = worker;
    ev_prepare_start(worker->loop, &worker->end_of_turn);
    *out = worker;
    return TN_OK;
}

static void run_loop(struct tn_worker *worker)
{
    while (!worker->stopping)
        ev_run(worker->loop, 0);
}

static void *worker_main(void *arg)
{
    is_worker = true;
    tn_alloc_set_up_thread();
    tn_arena_keep_blocks(true);
    run_loop(arg);
    tn_arena_keep_blocks(false);
    return NULL;
}

enum tn_status tn_worker_start(struct tn_worker *worker, struct tn_error *err)
{
    sigset_t all, old;
    int      failed;

    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &old);
    failed = pthread_create(&worker->thread, NULL, worker_main, worker);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed != 0)
        return tn_fail(err, TN_E_LIMIT, "53000", "worker: cannot start thread %u", worker->index);
    return TN_OK;
}

void tn_worker_stop(struct tn_worker *worker)
{
    tn_worker_post(worker, &worker->stop_message);
}

void tn_worker_join(struct tn_worker *worker)
{
    pthread_join(worker->thread, NULL);
}

void tn_worker_free(struct tn_worker *worker)
{
    if (worker == NULL)
        return;
    free_buried(worker);
    ev_timer_stop(worker->loop, &worker->turns.next);
    ev_loop_destroy(worker->loop);
    tn_free(worker);
}

void tn_worker_post(struct tn_worker *worker, struct tn_message *message)
{
    if (tn_mailbox_push(&worker->mailbox, message))
        ev_async_send(worker->loop, &worker->wake);
}

void tn_worker_bury(struct tn_worker *worker, struct tn_grave *grave, void (*free_fn)(struct tn_grave *))
{
    grave->free_fn = free_fn;
    tn_list_append(&worker->graveyard, &grave->node);
}

uint64_t tn_worker_now_us(const struct tn_worker *worker)
{
    (void)worker; /* ev_now() is wall time and may jump */
    return tn_clock_us();
}

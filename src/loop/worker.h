/* worker.h - one thread, one libev loop, and everything that belongs to it. A session, an engine connection and a
 * timer stay with the worker that made them; another thread reaches them only by tn_worker_post(). */
#ifndef TN_LOOP_WORKER_H
#define TN_LOOP_WORKER_H

#include "base/list.h"
#include "base/rand.h"
#include "base/status.h"
#include "loop/mailbox.h"
#include "loop/turns.h"

#include <ev.h>
#include <pthread.h>
#include <stdint.h>

/* Modules that keep something per worker. Each sets its own place in its *_worker_init(). */
enum tn_worker_module {
    TN_WORKER_RUNTIME,  /* struct tn_runtime: topology, pools, counters */
    TN_WORKER_SESSIONS, /* PostgreSQL sessions by process id */
    TN_WORKER_MYSQL,    /* connections of MySQL clients */
    TN_WORKER_TRINO,    /* statements of Trino clients */
    TN_WORKER_POOLS,    /* engine connections */
    TN_WORKER_MODULES
};

struct tn_worker {
    unsigned          index;
    struct ev_loop   *loop;
    pthread_t         thread;
    struct tn_mailbox mailbox;
    ev_async          wake;
    ev_prepare        end_of_turn;
    struct tn_list    graveyard;      /* struct tn_grave: freed at the end of the loop turn */
    struct tn_turns   turns;
    struct tn_rand    rand;
    void             *module[TN_WORKER_MODULES];
    struct tn_message stop_message;
    bool              stopping;
};

/* An object that must not be freed inside its own callback: bury it, and `free_fn` runs at the end of the turn. */
struct tn_grave {
    struct tn_list node;
    void (*free_fn)(struct tn_grave *grave);
};

TN_MUST_USE enum tn_status tn_worker_new(struct tn_worker **out, unsigned index, struct tn_error *err);
TN_MUST_USE enum tn_status tn_worker_start(struct tn_worker *worker, struct tn_error *err); /* its thread runs */
void tn_worker_stop(struct tn_worker *worker); /* any thread */
void tn_worker_join(struct tn_worker *worker);
/* What is still in the mailbox of a worker whose thread has ended, on the calling thread. False: there was nothing. */
bool tn_worker_run_messages(struct tn_worker *worker);
void tn_worker_free(struct tn_worker *worker); /* after the join; NULL is fine */

void tn_worker_post(struct tn_worker *worker, struct tn_message *message); /* any thread */
void tn_worker_bury(struct tn_worker *worker, struct tn_grave *grave, void (*free_fn)(struct tn_grave *));

/* Whether the calling thread is that of a worker: then it must not block. */
bool tn_worker_is_here(void);

/* Time of this loop turn, monotonic microseconds; own thread. */
uint64_t tn_worker_now_us(const struct tn_worker *worker);

#endif

/* console_visit.h - something that is asked from every worker, on its own thread, by a thread of the offload pool that
 * waits for the answers. */
#ifndef TN_CONSOLE_CONSOLE_VISIT_H
#define TN_CONSOLE_CONSOLE_VISIT_H

#include "console/console_rows.h"
#include "server.h"

#include <pthread.h>

struct tn_console_visit {
    struct tn_console_rows rows;  /* what FN makes */
    uint64_t               id;    /* what FN looks for */
    bool                   found, told;
    struct tn_server      *server;

    /* inside */
    void (*fn)(struct tn_runtime *runtime, struct tn_console_visit *visit);
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    unsigned        refs;
    bool            done;
};

/* Calls FN on each worker's thread, one after the other. *OUT is owned by the caller, on TN_OK; ended with
 * tn_console_visit_free(). TN_E_CANCELLED: INTERRUPTED (may be NULL) was set; TN_E_TIMEOUT: a worker did not come to it. */
TN_MUST_USE enum tn_status tn_console_visit(struct tn_console_visit **out, struct tn_server *server, uint64_t id,
                                            void (*fn)(struct tn_runtime *runtime, struct tn_console_visit *visit),
                                            const _Atomic bool *interrupted, struct tn_error *err);
void tn_console_visit_free(struct tn_console_visit *visit);

/* Moves the visit's rows to ROWS, which is empty. */
void tn_console_visit_take(struct tn_console_visit *visit, struct tn_console_rows *rows);

#endif

/* replay_heap.h - binary heaps of a simulated clock: ends of attempts in the order of time, and of when engines are free. */
#ifndef TN_CLI_REPLAY_HEAP_H
#define TN_CLI_REPLAY_HEAP_H

#include "policies/strategy/decide.h"

#include <stddef.h>

struct tn_event { /* an attempt ends, or a fallback begins */
    double              when_s;
    uint64_t            sequence; /* among equal times */
    void               *query;
    unsigned            engine;
    size_t              attempt;
    bool                shadow, begins;
    enum tn_attempt_end end;
    double              seconds, usd, bytes;
};

struct tn_event_heap {
    size_t           count, capacity;
    struct tn_event *events;
};
bool tn_event_heap_push(struct tn_event_heap *heap, const struct tn_event *event); /* false: no memory */
bool tn_event_heap_pop(struct tn_event_heap *heap, struct tn_event *out);          /* the earliest; false: none */
bool tn_event_heap_pop_until(struct tn_event_heap *heap, double t_s, struct tn_event *out); /* when_s <= T_S only */
void tn_event_heap_reset(struct tn_event_heap *heap);

struct tn_time_heap {
    size_t  count, capacity;
    double *times;
};
void   tn_time_heap_push(struct tn_time_heap *heap, double t_s); /* dropped when there is no memory */
size_t tn_time_heap_count(struct tn_time_heap *heap, double t_s); /* later than T_S; forgets the others */
void   tn_time_heap_reset(struct tn_time_heap *heap);

#endif

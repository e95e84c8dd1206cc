#include "tools/cli/replay_heap.h"

#include "base/alloc.h"

static bool earlier(const struct tn_event *a, const struct tn_event *b)
{
    return a->when_s < b->when_s || (a->when_s == b->when_s && a->sequence < b->sequence);
}

bool tn_event_heap_push(struct tn_event_heap *heap, const struct tn_event *event)
{
    size_t at = heap->count;

    if (heap->count == heap->capacity) {
        size_t           capacity = heap->capacity == 0 ? 64 : heap->capacity * 2;
        struct tn_event *events = tn_realloc(heap->events, capacity * sizeof *events);

        if (events == NULL)
            return false;
        heap->events = events;
        heap->capacity = capacity;
    }
    heap->count++;
    for (; at > 0 && earlier(event, &heap->events[(at - 1) / 2]); at = (at - 1) / 2)
        heap->events[at] = heap->events[(at - 1) / 2];
    heap->events[at] = *event;
    return true;
}

bool tn_event_heap_pop(struct tn_event_heap *heap, struct tn_event *out)
{
    struct tn_event last;
    size_t          at = 0;

    if (heap->count == 0)
        return false;
    *out = heap->events[0];
    last = heap->events[--heap->count];
    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= heap->count)
            break;
        child += child + 1 < heap->count && earlier(&heap->events[child + 1], &heap->events[child]);
        if (!earlier(&heap->events[child], &last))
            break;
        heap->events[at] = heap->events[child];
        at = child;
    }
    if (heap->count > 0)
        heap->events[at] = last;
    return true;
}

bool tn_event_heap_pop_until(struct tn_event_heap *heap, double t_s, struct tn_event *out)
{
    return heap->count > 0 && heap->events[0].when_s <= t_s && tn_event_heap_pop(heap, out);
}

void tn_event_heap_reset(struct tn_event_heap *heap)
{
    tn_free(heap->events);
    *heap = (struct tn_event_heap){.count = 0};
}

void tn_time_heap_push(struct tn_time_heap *heap, double t_s)
{
    size_t at = heap->count;

    if (heap->count == heap->capacity) {
        size_t  capacity = heap->capacity == 0 ? 64 : heap->capacity * 2;
        double *times = tn_realloc(heap->times, capacity * sizeof *times);

        if (times == NULL)
            return;
        heap->times = times;
        heap->capacity = capacity;
    }
    heap->count++;
    for (; at > 0 && t_s < heap->times[(at - 1) / 2]; at = (at - 1) / 2)
        heap->times[at] = heap->times[(at - 1) / 2];
    heap->times[at] = t_s;
}

static void drop_first(struct tn_time_heap *heap)
{
    double last = heap->times[--heap->count];
    size_t at = 0;

    for (size_t child = 1; child < heap->count; child = 2 * at + 1) {
        child += child + 1 < heap->count && heap->times[child + 1] < heap->times[child];
        if (heap->times[child] >= last)
            break;
        heap->times[at] = heap->times[child];
        at = child;
    }
    if (heap->count > 0)
        heap->times[at] = last;
}

size_t tn_time_heap_count(struct tn_time_heap *heap, double t_s)
{
    while (heap->count > 0 && heap->times[0] <= t_s)
        drop_first(heap);
    return heap->count;
}

void tn_time_heap_reset(struct tn_time_heap *heap)
{
    tn_free(heap->times);
    *heap = (struct tn_time_heap){.count = 0};
}

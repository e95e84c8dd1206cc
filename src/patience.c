#include "patience.h"

#include "adaptive.h"
#include "base/clock.h"
#include "server.h"

#include <math.h>

static const double AGAIN_AFTER = 10;    /* times what was waited in vain: a tenth of the time at most finds out that a line is still long */
static const double NEARLY = 2;          /* members that are not so many times worse than the best of the others will do, too */
enum { LONGEST_US = 60 * 1000000 };

static bool is_other(const struct tn_adaptive *a, size_t at, uint64_t eligible)
{
    return (eligible >> a->member[at] & 1) == 0 && !a->candidates[at].no_room && !a->candidates[at].spare && a->plan.outlook[at].index > 0 &&
           !tn_adaptive_tried(a->query, a->group->members[a->member[at]]);
}

/* Least index of those that are not waited for and have room; count = there is none. */
static size_t best_other(const struct tn_adaptive *a, uint64_t eligible, size_t count)
{
    size_t best = count;

    for (size_t i = 0; i < count; i++)
        if (is_other(a, i, eligible) && (best == count || a->plan.outlook[i].index < a->plan.outlook[best].index))
            best = i;
    return best;
}

/* Least money may wait for as long as its promise allows. */
static double seconds_to_wait(const struct tn_adaptive *a, size_t best, size_t other)
{
    const struct tn_outlook *outlook = a->plan.outlook;

    if (a->policy.objective != TN_OBJECTIVE_COST)
        return tn_outlook_p50_s(&outlook[other]) - tn_outlook_p50_s(&outlook[best]);
    return a->policy.max_p95_s > 0 ? a->policy.max_p95_s - tn_outlook_p95_s(&outlook[other]) : HUGE_VAL;
}

void tn_patience_of(const struct tn_query *q, struct tn_patience *out)
{
    const struct tn_adaptive *a = q->adaptive;
    uint64_t                  eligible = q->lease->ticket.eligible;
    size_t                    best, other, count;
    double                    wait;

    *out = (struct tn_patience){0};
    if (a == NULL || !a->acts || a->group != q->group || q->pinned || a->next >= a->plan.count)
        return;
    best = a->plan.attempts[a->next].candidate;
    count = TN_MIN(a->plan.outlook_count, a->request.count);
    other = best_other(a, eligible, count);
    if (other == count || best >= count)
        return;
    wait = seconds_to_wait(a, best, other);
    if (wait * 1e6 > LONGEST_US)
        return;
    for (size_t i = 0; i < count; i++)
        if (is_other(a, i, eligible) && a->plan.outlook[i].index <= NEARLY * a->plan.outlook[other].index)
            out->later |= UINT64_C(1) << a->member[i];
    if (q->cluster != NULL && tn_clock_us() >= atomic_load_explicit(&q->cluster->crowded_until_us, memory_order_relaxed))
        out->wait_us = (uint64_t)(fmax(wait, 0) * 1e6);
}

/* The lease and its eligible members are those of the wait: the timer ends with it. */
static void on_patience(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_query *q = TN_CONTAINER_OF(timer, struct tn_query, patience);
    uint64_t         now_us = tn_clock_us(), later = (uint64_t)(uintptr_t)timer->data;

    (void)loop;
    (void)revents;
    if (q->cluster != NULL)
        atomic_store_explicit(&q->cluster->crowded_until_us, now_us + (uint64_t)(AGAIN_AFTER * (double)(now_us - q->queued_at_us)), memory_order_relaxed);
    if (tn_admission_widen(tn_runtime_of(q->worker)->server->admission, &q->lease->ticket, later) != TN_OK) {
        tn_log(TN_LOG_WARN, "no memory for a place in the queue", TN_LOG_U64("query", q->id));
        tn_query_cancel(q, TN_CANCEL_ADMIN);
    }
}

void tn_patience_start(struct tn_query *q, const struct tn_patience *patience)
{
    ev_timer_init(&q->patience, on_patience, (double)patience->wait_us / 1e6, 0.);
    q->patience.data = (void *)(uintptr_t)patience->later;
    ev_timer_start(q->worker->loop, &q->patience);
}

void tn_patience_stop(struct tn_query *q)
{
    ev_timer_stop(q->worker->loop, &q->patience);
}

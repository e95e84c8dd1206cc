#include "base/clock.h"
#include "base/hash.h"
#include "patience.h"
#include "pipeline.h"
#include "server.h"
#include "shadow.h"
#include "stages.h"

enum { NOTICE_AFTER_S = 5 };

static void on_granted(struct tn_ticket *ticket)
{
    struct tn_query *q = TN_CONTAINER_OF(ticket, struct tn_lease, ticket)->query;

    q->admit_stage = TN_ADMIT_GRANTED;
    tn_pipeline_resume(q);
}

static void stop_timers(struct tn_query *q)
{
    ev_timer_stop(q->worker->loop, &q->queue_timer);
    ev_timer_stop(q->worker->loop, &q->queue_notice);
    tn_patience_stop(q);
}

static void leave_queue(struct tn_query *q)
{
    stop_timers(q);
    q->queue_us += tn_clock_us() - q->queued_at_us;
    q->admit_stage = TN_ADMIT_NEW;
}

void tn_stage_admit_abandon(struct tn_query *q)
{
    if (q->admit_stage == TN_ADMIT_QUEUED)
        leave_queue(q); /* the place itself goes with the lease, in record */
}

static void on_queue_timeout(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_query *q = TN_CONTAINER_OF(timer, struct tn_query, queue_timer);

    (void)loop;
    (void)revents;
    leave_queue(q);
    tn_count(&tn_runtime_of(q->worker)->counters, TN_COUNTER_queue_timed_out, 1);
    tn_fail(&q->error, TN_E_LIMIT, "53300", "waited %.1f s in the queue of group \"" TN_STR_FMT "\" without a free slot",
            (double)q->group->conf->queue_timeout / 1e6, TN_STR_ARG(q->group->conf->name));
    tn_error_hint(&q->error, "Raise maxRunningQueries or queueTimeout of the group, or give it a fallbackGroup.");
    q->stage = TN_STAGE_record;
    tn_pipeline_resume(q);
}

/* PostgreSQL notice fields: a code byte and a NUL-terminated text each. */
static void on_queue_notice(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_query  *q = TN_CONTAINER_OF(timer, struct tn_query, queue_notice);
    struct tn_server *server = tn_runtime_of(q->worker)->server;
    struct tn_buf     fields;

    (void)loop;
    (void)revents;
    tn_buf_init(&fields, 4096);
    tn_buf_append(&fields, "SNOTICE\0VNOTICE\0C00000", 23);
    tn_buf_printf(&fields, "Mwaiting for a free slot of group \"" TN_STR_FMT "\": position %u in the queue",
                  TN_STR_ARG(q->group->conf->name), tn_admission_position(server->admission, &q->lease->ticket));
    tn_buf_put_u8(&fields, 0);
    if (!fields.failed)
        q->events->notice(q, fields.data, fields.len);
    tn_buf_reset(&fields);
}

static enum tn_step wait_in_queue(struct tn_query *q)
{
    struct tn_server *server = tn_runtime_of(q->worker)->server;
    struct tn_ticket *ticket = &q->lease->ticket;
    struct tn_patience patience;

    tn_patience_of(q, &patience);
    if (patience.wait_us == 0)
        ticket->eligible |= patience.later;
    if (tn_admission_queue(server->admission, ticket, tn_clock_us(), &q->error) != TN_OK) {
        tn_count(&tn_runtime_of(q->worker)->counters, TN_COUNTER_queue_refused, 1);
        return TN_STOP;
    }
    if (ticket->state == TN_TICKET_SLOT) { /* ours alone now: no grant is under way */
        q->lease->cluster = q->cluster = ticket->cluster;
        return TN_NEXT;
    }
    tn_count(&tn_runtime_of(q->worker)->counters, TN_COUNTER_queries_queued, 1);
    q->admit_stage = TN_ADMIT_QUEUED;
    q->queued_at_us = tn_clock_us();
    ev_now_update(q->worker->loop);
    ev_timer_init(&q->queue_timer, on_queue_timeout, (double)q->group->conf->queue_timeout / 1e6, 0.);
    ev_timer_start(q->worker->loop, &q->queue_timer);
    ev_timer_init(&q->queue_notice, on_queue_notice, NOTICE_AFTER_S, NOTICE_AFTER_S);
    ev_timer_start(q->worker->loop, &q->queue_notice);
    if (patience.later != 0 && patience.wait_us > 0)
        tn_patience_start(q, &patience);
    tn_shadow_give_way(q);
    return TN_WAIT;
}

static uint64_t member_bit(const struct tn_group *group, const struct tn_cluster *cluster)
{
    for (size_t m = 0; m < group->member_count; m++)
        if (group->members[m] == cluster)
            return UINT64_C(1) << m;
    return 0;
}

static bool prepare_lease(struct tn_query *q)
{
    if (q->lease == NULL)
        q->lease = tn_lease_new(q);
    if (q->lease == NULL) {
        tn_fail(&q->error, TN_E_NOMEM, "53200", "no memory for a query");
        return false;
    }
    q->lease->query = q;
    q->lease->group = q->group;
    q->lease->ticket.group = q->group;
    q->lease->ticket.eligible = q->cluster != NULL ? q->eligible | member_bit(q->group, q->cluster) : q->eligible;
    if (q->pinned)
        q->lease->ticket.eligible = member_bit(q->group, q->cluster);
    q->lease->ticket.bound = q->pinned;
    q->lease->ticket.priority = q->priority;
    q->lease->ticket.user = tn_hash_str(q->client.user);
    q->lease->ticket.worker = q->worker;
    q->lease->ticket.granted = on_granted;
    return true;
}

/* A member may have gone down while we waited for it: then choose again. */
static enum tn_step take_grant(struct tn_query *q)
{
    leave_queue(q);
    q->lease->cluster = q->cluster = q->lease->ticket.cluster;
    q->reason = "first free slot";
    if (q->pinned || tn_cluster_usable(q->cluster, tn_clock_us()) == TN_USABLE_OK)
        return TN_NEXT;
    q->lease->has_slot = true;
    tn_lease_release_slot(q->lease);
    q->back_to = TN_STAGE_choose;
    return TN_BACK;
}

/* COMMIT and its like: what waits for the transaction waits no longer. */
static bool ends_transaction(const struct tn_query *q)
{
    enum tn_verb verb = q->features.verb;

    return q->pinned && (verb == TN_VERB_COMMIT || verb == TN_VERB_END || verb == TN_VERB_ROLLBACK || verb == TN_VERB_ABORT);
}

static enum tn_step admit(struct tn_query *q)
{
    if (q->admit_stage == TN_ADMIT_GRANTED)
        return take_grant(q);
    if (q->admit_stage == TN_ADMIT_QUEUED)
        return TN_WAIT;
    if (!prepare_lease(q))
        return TN_STOP;
    if (q->lease->ticket.message_posted) /* a grant to the statement before, which was cancelled: it lapses first */
        return TN_WAIT;
    if (q->cluster != NULL && ends_transaction(q)) {
        tn_admission_enter_anyway(tn_runtime_of(q->worker)->server->admission, &q->lease->ticket, q->cluster);
        q->lease->cluster = q->cluster;
        return TN_NEXT;
    }
    if (q->cluster != NULL &&
        tn_admission_enter(tn_runtime_of(q->worker)->server->admission, &q->lease->ticket, q->cluster) == TN_OK) {
        q->lease->cluster = q->cluster;
        return TN_NEXT;
    }
    return wait_in_queue(q);
}

enum tn_step tn_stage_admit(struct tn_query *q)
{
    enum tn_step step;

    if (q->lease != NULL && q->lease->has_slot) {
        q->lease->query = q;
        return TN_NEXT;
    }
    step = admit(q);
    if (step == TN_NEXT) {
        tn_lease_wake(q->lease);
        q->lease->has_slot = true;
        tn_shadow_make_room(q);
    }
    return step;
}

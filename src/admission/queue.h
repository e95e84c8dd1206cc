/* queue.h - the waiting line of one group. Not thread-safe: admission's lock guards it.
 *
 * Waiters that want the same (members of the same group object, bound or not) form a want. A user with waiters in a want has a spot there.
 * A user's stamp says when its last turn was; the spots of a want are kept in the order of their users' stamps, so that the
 * next one of a want is always its first. A waiter's place is found without looking at those that want something else:
 *
 *     priority -- want {group, eligible} -- spot (user with the oldest turn) -- ticket, ticket, ...
 *                                        -- spot (next user)                 -- ticket
 *     user {stamp} -- its spots, one per want */
#ifndef TN_ADMISSION_QUEUE_H
#define TN_ADMISSION_QUEUE_H

#include "admission/admission.h"

struct tn_queue_user;

struct tn_queue {
    unsigned               count;
    uint64_t               next_stamp;
    struct tn_list         wants[TN_PRIORITY_COUNT];
    struct tn_list         users[TN_PRIORITY_COUNT];
    size_t                 user_count, bucket_count; /* buckets: a power of two, or 0 */
    struct tn_queue_user **buckets;
};

/* Can WAITER get a slot now? Asked of one of a want: the others want the same. */
typedef bool tn_queue_takes(void *arg, const struct tn_ticket *waiter);

void tn_queue_init(struct tn_queue *queue);
void tn_queue_reset(struct tn_queue *queue); /* must be empty */

/* At the end of the line of its user; false when there is no memory. ticket->order is set by the caller before. */
TN_MUST_USE bool tn_queue_push(struct tn_queue *queue, struct tn_ticket *ticket);
/* SERVED: it got a slot, its user had its turn. */
void tn_queue_remove(struct tn_queue *queue, struct tn_ticket *ticket, bool served);
/* The next of PRIORITY whose want TAKES; NULL = none. The last call of TAKES that said yes was for it. */
struct tn_ticket *tn_queue_next(struct tn_queue *queue, enum tn_priority priority, tn_queue_takes *takes, void *arg);
/* Is there any waiter whose want TAKES? */
bool tn_queue_any(struct tn_queue *queue, tn_queue_takes *takes, void *arg);
/* 1-based, as if all could take every slot. */
unsigned tn_queue_position(const struct tn_queue *queue, const struct tn_ticket *ticket);

#endif

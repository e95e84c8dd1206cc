/* admission.h - slots and the waiting line. One object for the program, one lock, held for microseconds and never while
 * calling out. A query holds a ticket: nothing, a place in a group's queue, or a slot (one of its group's and one of its
 * cluster's). Slot counts never leak and never go negative: every change goes through set_state() in admission.c.
 *
 *             tn_admission_enter                 slot freed / member became usable
 *   NONE ------------------------> SLOT     QUEUED ----------------------------> GRANTED (slot held, worker is told)
 *     `--------------------------> QUEUED      `-- tn_admission_leave (cancel, time-out, client gone) --> NONE
 *   SLOT/GRANTED -- tn_admission_leave --> NONE (and the freed slot goes to the next in line)
 *
 * Order in a group's queue: priority (high, normal, low) first; inside a priority users take turns (round robin over
 * users, first come first served inside one user). A waiter that can take none of the free slots is passed over, not waited
 * for. A newcomer never overtakes a waiter that could take the same slot. Clusters are shared by groups: a free slot goes to
 * the group whose next waiter has the highest priority, among equals to the oldest.
 *
 * A waiter gets a member of its `eligible` ones that is usable at that time. When none of them is, it gets one that is down,
 * has its breaker open or was removed, as in choosing: it then fails soon or is sent elsewhere, and does not wait for ever.
 *
 * A waiter that is `bound` has a transaction, or what its session left, on its one cluster: it gets a slot there whatever the cluster's
 * state is (maintenance lets such ones finish), and a full queue does not refuse it, which would undo what it was answered already. */
#ifndef TN_ADMISSION_ADMISSION_H
#define TN_ADMISSION_ADMISSION_H

#include "base/list.h"
#include "engine/topology.h"
#include "loop/worker.h"

struct tn_admission;

enum tn_priority { TN_PRIORITY_HIGH, TN_PRIORITY_NORMAL, TN_PRIORITY_LOW, TN_PRIORITY_COUNT };
bool tn_priority_parse(struct tn_str name, enum tn_priority *out);

enum tn_ticket_state { TN_TICKET_NONE, TN_TICKET_QUEUED, TN_TICKET_GRANTED, TN_TICKET_SLOT };

/* Copies in the background (`copy`) hold slots beside those of clients: no client waits for one of theirs, chooses another member or
 * spills because of them. A copy gets a slot only where all that run, copies too, leave one free (of one: that one). Who runs with
 * copies beside it beyond the limit ends them: tn_admission_crowd(). Until they have ended there may be more than the limit. */

/* Embedded in the query; zero-initialised. */
struct tn_ticket {
    _Atomic(enum tn_ticket_state) state; /* written under admission's lock; SLOT and NONE by the owner's calls alone */
    struct tn_group       *group;      /* of the snapshot that the query holds */
    struct tn_cluster     *cluster;    /* whose slot is held */
    uint64_t               eligible;   /* members that may take it */
    enum tn_priority       priority;
    bool                   copy;
    bool                   bound;      /* to the one eligible member: see above */
    uint64_t               user;       /* hash of the user's name: fairness */
    struct tn_list         node;
    void                  *line;       /* the queue's */
    uint64_t               order;      /* the queue's: who came first */
    struct tn_admission   *admission;  /* set by enter and queue */
    uint64_t               queued_at_us;
    struct tn_worker      *worker;
    struct tn_message      message;    /* tells the worker of a grant */
    bool                   message_posted; /* on its way: the ticket's owner must not be freed before it ran */
    void (*drained)(struct tn_ticket *ticket); /* given to tn_admission_leave() */
    void (*granted)(struct tn_ticket *ticket); /* on the worker's thread; not called after tn_admission_leave() */
};

TN_MUST_USE enum tn_status tn_admission_new(struct tn_admission **out, struct tn_error *err);
void tn_admission_free(struct tn_admission *admission);
struct tn_topology_hooks tn_admission_hooks(struct tn_admission *admission);
/* Puts the limits of TOPOLOGY's groups in force and hands out what that frees: call it once when TOPOLOGY has replaced
 * another. (Without the call a group's new limits come into force with the first query that has them.) */
void tn_admission_apply(struct tn_admission *admission, const struct tn_topology *topology);

/* A slot of CLUSTER for TICKET (group, eligible, priority, user, worker, granted filled in). TN_OK: state SLOT. TN_AGAIN: no
 * room in the group or cluster, or others wait who could take it; nothing changed. */
enum tn_status tn_admission_enter(struct tn_admission *admission, struct tn_ticket *ticket, struct tn_cluster *cluster);
/* The same for a query that runs at CLUSTER already, whatever the limits: state SLOT. Until enough have left, nobody else gets one. */
void tn_admission_enter_anyway(struct tn_admission *admission, struct tn_ticket *ticket, struct tn_cluster *cluster);
/* A place in the group's queue. TN_OK: state QUEUED or, when room came up meanwhile, SLOT at once; TN_E_LIMIT 53300: the
 * queue is full (maxQueuedQueries); TN_E_NOMEM. The ticket's worker must not be freed before the ticket was left. */
enum tn_status tn_admission_queue(struct tn_admission *admission, struct tn_ticket *ticket, uint64_t now_us,
                                  struct tn_error *err);
/* A QUEUED ticket may take ELIGIBLE too from now on; a free one comes as any other grant. Behind its user's others in line. Any
 * other state: nothing happens. TN_E_NOMEM: it has lost its place (state NONE). */
enum tn_status tn_admission_widen(struct tn_admission *admission, struct tn_ticket *ticket, uint64_t eligible);
/* Gives up slot or place, whatever the state. False: a grant message is under way; the owner must wait for
 * `ticket->message_posted` to clear (drained is called on the worker's thread) before it frees the ticket. */
bool tn_admission_leave(struct tn_admission *admission, struct tn_ticket *ticket, void (*drained)(struct tn_ticket *));

/* Room for clients in group and cluster just now, for choosing; UINT_MAX = no limit. */
unsigned tn_admission_room(struct tn_admission *admission, struct tn_group *group, const struct tn_cluster *cluster);
/* Do more run than the limits of CLUSTER and of GROUP allow, and copies among them? */
struct tn_crowd {
    bool cluster, group;
};
struct tn_crowd tn_admission_crowd(struct tn_admission *admission, struct tn_group *group, const struct tn_cluster *cluster);
/* 1-based place in the line, 0 = not queued. */
unsigned tn_admission_position(struct tn_admission *admission, const struct tn_ticket *ticket);
/* A cluster became usable again (probe, breaker, maintenance off): hand out free slots. */
void tn_admission_kick(struct tn_admission *admission);

struct tn_group_load {
    unsigned running, queued;
    uint64_t admitted, queued_total, refused, spilled; /* since start */
};
void tn_admission_load(struct tn_admission *admission, const struct tn_group *group, struct tn_group_load *out);
void tn_admission_count_spill(struct tn_admission *admission, struct tn_group *group);

#endif

#include "admission/queue.h"

#include "base/alloc.h"
#include "base/hash.h"

struct want {
    struct tn_list   node;
    struct tn_group *group;
    uint64_t         eligible;
    bool             bound;
    struct tn_list   spots; /* struct spot.in_want, oldest turn first */
};

struct tn_queue_user {
    struct tn_list        node;
    struct tn_queue_user *next; /* in its bucket */
    uint64_t              id;
    enum tn_priority      priority;
    uint64_t              stamp;
    unsigned              count; /* tickets */
    struct tn_list        spots; /* struct spot.in_user */
};

struct spot {
    struct tn_list        in_want, in_user;
    struct want          *want;
    struct tn_queue_user *user;
    struct tn_list        tickets; /* first come first */
};

static struct spot *spot_of(struct tn_list *node)
{
    return TN_CONTAINER_OF(node, struct spot, in_want);
}

static struct tn_ticket *ticket_of(struct tn_list *node)
{
    return TN_CONTAINER_OF(node, struct tn_ticket, node);
}

void tn_queue_init(struct tn_queue *queue)
{
    *queue = (struct tn_queue){.next_stamp = 1};
    for (size_t p = 0; p < TN_PRIORITY_COUNT; p++) {
        tn_list_init(&queue->wants[p]);
        tn_list_init(&queue->users[p]);
    }
}

void tn_queue_reset(struct tn_queue *queue)
{
    tn_free(queue->buckets);
    tn_queue_init(queue);
}

static size_t bucket(const struct tn_queue *queue, uint64_t id, enum tn_priority priority)
{
    return (size_t)tn_hash_mix(id + (uint64_t)priority) & (queue->bucket_count - 1);
}

/* Without memory the chains grow longer, nothing else. */
static void grow_buckets(struct tn_queue *queue)
{
    size_t                 count = queue->bucket_count * 2;
    struct tn_queue_user **old = queue->buckets;
    size_t                 old_count = queue->bucket_count;
    struct tn_queue_user **buckets = tn_calloc(count, sizeof(struct tn_queue_user *));

    if (buckets == NULL)
        return;
    queue->buckets = buckets;
    queue->bucket_count = count;
    for (size_t i = 0; i < old_count; i++)
        while (old[i] != NULL) {
            struct tn_queue_user *user = old[i];
            size_t                at = bucket(queue, user->id, user->priority);

            old[i] = user->next;
            user->next = buckets[at];
            buckets[at] = user;
        }
    tn_free(old);
}

static struct tn_queue_user *find_user(const struct tn_queue *queue, uint64_t id, enum tn_priority priority)
{
    struct tn_queue_user *user = queue->bucket_count == 0 ? NULL : queue->buckets[bucket(queue, id, priority)];

    while (user != NULL && (user->id != id || user->priority != priority))
        user = user->next;
    return user;
}

static struct tn_queue_user *make_user(struct tn_queue *queue, uint64_t id, enum tn_priority priority)
{
    struct tn_queue_user *user = find_user(queue, id, priority);
    size_t                at;

    if (user != NULL)
        return user;
    if (queue->buckets == NULL) {
        queue->buckets = tn_calloc(16, sizeof(struct tn_queue_user *));
        if (queue->buckets == NULL)
            return NULL;
        queue->bucket_count = 16;
    }
    user = tn_calloc(1, sizeof *user);
    if (user == NULL)
        return NULL;
    if (queue->user_count >= queue->bucket_count * 2)
        grow_buckets(queue);
    *user = (struct tn_queue_user){.id = id, .priority = priority, .stamp = queue->next_stamp++};
    tn_list_init(&user->spots);
    tn_list_append(&queue->users[priority], &user->node);
    at = bucket(queue, id, priority);
    user->next = queue->buckets[at];
    queue->buckets[at] = user;
    queue->user_count++;
    return user;
}

static void drop_user_if_empty(struct tn_queue *queue, struct tn_queue_user *user)
{
    struct tn_queue_user **at = &queue->buckets[bucket(queue, user->id, user->priority)];

    if (!tn_list_empty(&user->spots))
        return;
    while (*at != user)
        at = &(*at)->next;
    *at = user->next;
    tn_list_remove(&user->node);
    queue->user_count--;
    tn_free(user);
}

static struct want *make_want(struct tn_queue *queue, const struct tn_ticket *ticket)
{
    struct want *want;

    TN_LIST_FOR_EACH (node, &queue->wants[ticket->priority]) {
        want = TN_CONTAINER_OF(node, struct want, node);
        if (want->group == ticket->group && want->eligible == ticket->eligible && want->bound == ticket->bound)
            return want;
    }
    want = tn_calloc(1, sizeof *want);
    if (want == NULL)
        return NULL;
    want->group = ticket->group;
    want->eligible = ticket->eligible;
    want->bound = ticket->bound;
    tn_list_init(&want->spots);
    tn_list_append(&queue->wants[ticket->priority], &want->node);
    return want;
}

static void drop_want_if_empty(struct want *want)
{
    if (!tn_list_empty(&want->spots))
        return;
    tn_list_remove(&want->node);
    tn_free(want);
}

/* Into its place by its user's stamp; most users are new and belong to the end. */
static void insert_spot(struct want *want, struct spot *spot)
{
    struct tn_list *after = want->spots.prev;

    while (after != &want->spots && spot_of(after)->user->stamp > spot->user->stamp)
        after = after->prev;
    tn_list_insert_before(after->next, &spot->in_want);
}

static struct spot *make_spot(struct want *want, struct tn_queue_user *user)
{
    struct spot *spot;

    TN_LIST_FOR_EACH (node, &user->spots) {
        spot = TN_CONTAINER_OF(node, struct spot, in_user);
        if (spot->want == want)
            return spot;
    }
    spot = tn_calloc(1, sizeof *spot);
    if (spot == NULL)
        return NULL;
    spot->want = want;
    spot->user = user;
    tn_list_init(&spot->tickets);
    insert_spot(want, spot);
    tn_list_append(&user->spots, &spot->in_user);
    return spot;
}

bool tn_queue_push(struct tn_queue *queue, struct tn_ticket *ticket)
{
    struct want          *want = make_want(queue, ticket);
    struct tn_queue_user *user = want == NULL ? NULL : make_user(queue, ticket->user, ticket->priority);
    struct spot          *spot = user == NULL ? NULL : make_spot(want, user);

    if (spot == NULL) {
        if (user != NULL)
            drop_user_if_empty(queue, user);
        if (want != NULL)
            drop_want_if_empty(want);
        return false;
    }
    tn_list_append(&spot->tickets, &ticket->node);
    ticket->line = spot;
    user->count++;
    queue->count++;
    return true;
}

/* Its user's turn is over: behind all others, in every want. */
static void end_turn(struct tn_queue *queue, struct tn_queue_user *user)
{
    user->stamp = queue->next_stamp++;
    TN_LIST_FOR_EACH (node, &user->spots) {
        struct spot *spot = TN_CONTAINER_OF(node, struct spot, in_user);

        tn_list_remove(&spot->in_want);
        tn_list_append(&spot->want->spots, &spot->in_want);
    }
}

void tn_queue_remove(struct tn_queue *queue, struct tn_ticket *ticket, bool served)
{
    struct spot          *spot = ticket->line;
    struct tn_queue_user *user = spot->user;
    struct want          *want = spot->want;

    tn_list_remove(&ticket->node);
    ticket->line = NULL;
    user->count--;
    queue->count--;
    if (tn_list_empty(&spot->tickets)) {
        tn_list_remove(&spot->in_want);
        tn_list_remove(&spot->in_user);
        tn_free(spot);
        drop_want_if_empty(want);
    }
    if (served)
        end_turn(queue, user);
    drop_user_if_empty(queue, user);
}

struct tn_ticket *tn_queue_next(struct tn_queue *queue, enum tn_priority priority, tn_queue_takes *takes, void *arg)
{
    struct tn_ticket *best = NULL;
    uint64_t          best_stamp = 0;

    TN_LIST_FOR_EACH (node, &queue->wants[priority]) {
        struct want      *want = TN_CONTAINER_OF(node, struct want, node);
        struct spot      *spot = spot_of(want->spots.next);
        struct tn_ticket *first = ticket_of(spot->tickets.next);
        uint64_t          stamp = spot->user->stamp;

        if (best != NULL && (stamp > best_stamp || (stamp == best_stamp && first->order > best->order)))
            continue;
        if (!takes(arg, first))
            continue;
        best = first;
        best_stamp = stamp;
    }
    return best;
}

bool tn_queue_any(struct tn_queue *queue, tn_queue_takes *takes, void *arg)
{
    for (size_t p = 0; p < TN_PRIORITY_COUNT; p++)
        TN_LIST_FOR_EACH (node, &queue->wants[p]) {
            struct want *want = TN_CONTAINER_OF(node, struct want, node);

            if (takes(arg, ticket_of(spot_of(want->spots.next)->tickets.next)))
                return true;
        }
    return false;
}

/* Tickets of the same user that came before TICKET. */
static unsigned own_before(const struct tn_queue_user *user, const struct tn_ticket *ticket)
{
    unsigned before = 0;

    TN_LIST_FOR_EACH (node, &user->spots) {
        struct spot *spot = TN_CONTAINER_OF(node, struct spot, in_user);

        TN_LIST_FOR_EACH (at, &spot->tickets) {
            if (ticket_of(at)->order >= ticket->order)
                break;
            before++;
        }
    }
    return before;
}

unsigned tn_queue_position(const struct tn_queue *queue, const struct tn_ticket *ticket)
{
    const struct spot          *mine = ticket->line;
    const struct tn_queue_user *user = mine->user;
    unsigned                    turns = own_before(user, ticket), ahead = turns;

    for (size_t p = 0; p < (size_t)ticket->priority; p++)
        TN_LIST_FOR_EACH (node, &queue->users[p])
            ahead += TN_CONTAINER_OF(node, struct tn_queue_user, node)->count;
    TN_LIST_FOR_EACH (node, &queue->users[ticket->priority]) {
        const struct tn_queue_user *other = TN_CONTAINER_OF(node, struct tn_queue_user, node);
        unsigned                    theirs = turns + (other->stamp < user->stamp ? 1 : 0);

        if (other != user)
            ahead += TN_MIN(other->count, theirs);
    }
    return ahead + 1;
}

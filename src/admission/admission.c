#include "admission/admission.h"

#include "admission/queue.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/map.h"

#include <assert.h>
#include <limits.h>

/* A group by name, over all reloads. Exists while a topology has it or tickets hold something of it. */
struct line {
    struct tn_list       waiting; /* in admission->waiting while its queue is not empty */
    struct tn_str        name;
    unsigned             refs;    /* handles */
    unsigned             running;
    unsigned             copies;
    struct tn_queue      queue;
    uint64_t             generation; /* of the topology whose limits are in force; 0 = none yet */
    uint64_t             max_running, max_queued;
    struct tn_group_load counts;     /* running and queued are not kept there */
};

/* What a topology's group has: which line, and how new that topology is. */
struct tn_group_state {
    struct line *line;
    uint64_t     generation;
};

struct tn_admission {
    pthread_mutex_t lock;
    struct tn_map   lines;   /* name -> struct line */
    struct tn_list  waiting;
    uint64_t        next_generation, next_order;
};

bool tn_priority_parse(struct tn_str name, enum tn_priority *out)
{
    static const char *const names[] = {"high", "normal", "low"};

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (tn_str_ieq_c(name, names[i])) {
            *out = (enum tn_priority)i;
            return true;
        }
    return false;
}

enum tn_status tn_admission_new(struct tn_admission **out, struct tn_error *err)
{
    struct tn_admission *admission = tn_calloc(1, sizeof *admission);

    *out = admission;
    if (admission == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "admission: no memory");
    pthread_mutex_init(&admission->lock, NULL);
    tn_map_init(&admission->lines);
    tn_list_init(&admission->waiting);
    return TN_OK;
}

static void free_line(struct line *line)
{
    tn_queue_reset(&line->queue);
    tn_free(line);
}

void tn_admission_free(struct tn_admission *admission)
{
    struct tn_map_entry *entry;
    size_t               at = 0;

    if (admission == NULL)
        return;
    while ((entry = tn_map_next(&admission->lines, &at)) != NULL)
        free_line(entry->value);
    tn_map_reset(&admission->lines);
    pthread_mutex_destroy(&admission->lock);
    tn_free(admission);
}

static struct line *make_line(struct tn_admission *admission, struct tn_str name)
{
    struct line *line = tn_map_get(&admission->lines, name);

    if (line != NULL)
        return line;
    line = tn_calloc(1, sizeof *line + name.len + 1);
    if (line == NULL)
        return NULL;
    line->name = tn_str_n((char *)(line + 1), name.len);
    tn_str_copy((char *)(line + 1), name.len + 1, name);
    tn_list_init(&line->waiting);
    tn_queue_init(&line->queue);
    if (!tn_map_put(&admission->lines, name, line, NULL)) {
        free_line(line);
        return NULL;
    }
    return line;
}

static void drop_line_if_unused(struct tn_admission *admission, struct line *line)
{
    if (line->refs > 0 || line->running > 0 || line->copies > 0 || line->queue.count > 0)
        return;
    tn_map_remove(&admission->lines, line->name);
    free_line(line);
}

static struct tn_group_state *state_get(void *arg, struct tn_str name)
{
    struct tn_admission   *admission = arg;
    struct tn_group_state *state = tn_calloc(1, sizeof *state);

    if (state == NULL)
        return NULL;
    pthread_mutex_lock(&admission->lock);
    state->line = make_line(admission, name);
    if (state->line != NULL) {
        state->line->refs++;
        state->generation = ++admission->next_generation;
    }
    pthread_mutex_unlock(&admission->lock);
    if (state->line != NULL)
        return state;
    tn_free(state);
    return NULL;
}

static void state_put(void *arg, struct tn_group_state *state)
{
    struct tn_admission *admission = arg;

    pthread_mutex_lock(&admission->lock);
    state->line->refs--;
    drop_line_if_unused(admission, state->line);
    pthread_mutex_unlock(&admission->lock);
    tn_free(state);
}

struct tn_topology_hooks tn_admission_hooks(struct tn_admission *admission)
{
    return (struct tn_topology_hooks){.state_get = state_get, .state_put = state_put, .arg = admission};
}

static bool holds_slot(enum tn_ticket_state state)
{
    return state == TN_TICKET_GRANTED || state == TN_TICKET_SLOT;
}

static void take_slot(struct tn_ticket *ticket, struct tn_cluster *cluster)
{
    struct line *line = ticket->group->state->line;

    ticket->cluster = cluster;
    if (ticket->copy) {
        line->copies++;
        atomic_fetch_add_explicit(&cluster->copies, 1, memory_order_relaxed);
        return;
    }
    line->running++;
    line->counts.admitted++;
    atomic_fetch_add_explicit(&cluster->running, 1, memory_order_relaxed);
}

static void give_slot_back(struct tn_ticket *ticket)
{
    struct line *line = ticket->group->state->line;
    unsigned    *of_line = ticket->copy ? &line->copies : &line->running;
    unsigned     before = atomic_fetch_sub_explicit(ticket->copy ? &ticket->cluster->copies : &ticket->cluster->running, 1, memory_order_relaxed);

    assert(before > 0 && *of_line > 0);
    (void)before;
    (*of_line)--;
    ticket->cluster = NULL;
}

/* The only writer of a ticket's state and of the counts of slots. CLUSTER: whose slot, when TO holds one and the present
 * state does not. A ticket that becomes QUEUED was pushed before. */
static void set_state(struct tn_ticket *ticket, enum tn_ticket_state to, struct tn_cluster *cluster)
{
    enum tn_ticket_state from = ticket->state;
    struct line         *line = ticket->group->state->line;

    if (from == TN_TICKET_QUEUED) {
        tn_queue_remove(&line->queue, ticket, holds_slot(to));
        if (line->queue.count == 0)
            tn_list_remove(&line->waiting);
    }
    if (!holds_slot(from) && holds_slot(to))
        take_slot(ticket, cluster);
    else if (holds_slot(from) && !holds_slot(to))
        give_slot_back(ticket);
    ticket->state = to;
}

static bool cluster_has_room(const struct tn_cluster *cluster)
{
    return cluster->max_running == 0 ||
           atomic_load_explicit(&cluster->running, memory_order_relaxed) < cluster->max_running;
}

static bool line_has_room(const struct line *line)
{
    return line->max_running == 0 || line->running < line->max_running;
}

/* One more of LIMIT (0 = none), and one left free for a client where there are several. */
static bool spares(uint64_t limit, uint64_t taken)
{
    return limit == 0 || taken + (limit == 1 ? 1 : 2) <= limit;
}

static bool has_room_for_copy(const struct line *line, const struct tn_cluster *cluster)
{
    return spares(line->max_running, (uint64_t)line->running + line->copies) &&
           spares(cluster->max_running, (uint64_t)atomic_load(&cluster->running) + atomic_load(&cluster->copies));
}

static bool less_loaded(const struct tn_cluster *a, const struct tn_cluster *b)
{
    uint64_t total_a = a->max_running == 0 ? UINT_MAX : a->max_running, total_b = b->max_running == 0 ? UINT_MAX : b->max_running;

    return (uint64_t)atomic_load(&a->running) * total_b < (uint64_t)atomic_load(&b->running) * total_a;
}

/* The cluster for WAITER: one of its eligible ones, usable, with a slot, the least loaded; NULL = none now. */
static struct tn_cluster *find_slot(const struct tn_ticket *waiter, uint64_t now_us)
{
    const struct tn_group *group = waiter->group;
    struct tn_cluster *best = NULL, *last_resort = NULL;
    bool               some_usable = false;

    for (size_t i = 0; i < group->member_count; i++) {
        struct tn_cluster *cluster = group->members[i];
        enum tn_usable     usable;

        if ((waiter->eligible >> i & 1) == 0)
            continue;
        usable = waiter->bound ? TN_USABLE_OK : tn_cluster_look(cluster, now_us);
        some_usable = some_usable || usable == TN_USABLE_OK;
        if (!cluster_has_room(cluster) || usable == TN_USABLE_DISABLED || usable == TN_USABLE_MAINTENANCE)
            continue;
        if (usable != TN_USABLE_OK)
            last_resort = last_resort == NULL || less_loaded(cluster, last_resort) ? cluster : last_resort;
        else if (best == NULL || less_loaded(cluster, best))
            best = cluster;
    }
    return some_usable ? best : last_resort;
}

/* A look for free slots. Health changes at any time, so what was found is kept and not looked for again. */
struct search {
    uint64_t           now_us;
    struct tn_cluster *cluster; /* for the waiter that was taken last */
};

static bool takes_some_slot(void *arg, const struct tn_ticket *waiter)
{
    struct search     *search = arg;
    struct tn_cluster *cluster = find_slot(waiter, search->now_us);

    if (cluster == NULL)
        return false;
    search->cluster = cluster;
    return true;
}

/* Whose turn it is among all groups, and *CLUSTER for it; NULL = nobody can take anything. */
static struct tn_ticket *next_ticket(struct tn_admission *admission, uint64_t now_us, struct tn_cluster **cluster)
{
    struct tn_ticket *best = NULL;
    struct search     search = {.now_us = now_us};

    for (unsigned p = 0; p < TN_PRIORITY_COUNT && best == NULL; p++)
        TN_LIST_FOR_EACH (node, &admission->waiting) {
            struct line      *line = TN_CONTAINER_OF(node, struct line, waiting);
            struct tn_ticket *ticket;

            if (!line_has_room(line))
                continue;
            ticket = tn_queue_next(&line->queue, (enum tn_priority)p, takes_some_slot, &search);
            if (ticket == NULL || (best != NULL && ticket->order > best->order))
                continue;
            best = ticket;
            *cluster = search.cluster;
        }
    return best;
}

/* On the ticket's worker. */
static void on_grant(struct tn_message *message, struct tn_worker *worker)
{
    struct tn_ticket    *ticket = TN_CONTAINER_OF(message, struct tn_ticket, message);
    struct tn_admission *admission = ticket->admission;
    bool                 granted;

    (void)worker;
    pthread_mutex_lock(&admission->lock);
    ticket->message_posted = false;
    granted = ticket->state == TN_TICKET_GRANTED;
    if (granted)
        set_state(ticket, TN_TICKET_SLOT, NULL);
    pthread_mutex_unlock(&admission->lock);
    if (granted)
        ticket->granted(ticket);
    else if (ticket->drained != NULL)
        ticket->drained(ticket);
}

/* Gives out all free slots. SELF (may be NULL) is the caller's own ticket and needs no message. The others come into
 * GRANTED, for tell() after the lock was given up. */
static void dispatch(struct tn_admission *admission, struct tn_ticket *self, struct tn_list *granted)
{
    struct tn_ticket  *ticket;
    struct tn_cluster *cluster;
    uint64_t           now_us;

    tn_list_init(granted);
    if (tn_list_empty(&admission->waiting))
        return;
    now_us = tn_clock_us();
    while ((ticket = next_ticket(admission, now_us, &cluster)) != NULL) {
        set_state(ticket, ticket == self ? TN_TICKET_SLOT : TN_TICKET_GRANTED, cluster);
        if (ticket == self)
            continue;
        ticket->message_posted = true;
        ticket->message.run = on_grant;
        tn_list_append(granted, &ticket->node);
    }
}

/* A ticket may be gone as soon as its message is posted. */
static void tell(struct tn_list *granted)
{
    struct tn_list *node = granted->next;

    while (node != granted) {
        struct tn_ticket *ticket = TN_CONTAINER_OF(node, struct tn_ticket, node);

        node = node->next;
        tn_worker_post(ticket->worker, &ticket->message);
    }
}

/* The limits that GROUP's configuration has, unless newer ones are in force. */
static bool adopt_limits(const struct tn_group *group)
{
    struct line *line = group->state->line;

    if (group->state->generation <= line->generation)
        return false;
    line->generation = group->state->generation;
    line->max_running = group->conf->max_running;
    line->max_queued = group->conf->max_queued;
    return true;
}

void tn_admission_apply(struct tn_admission *admission, const struct tn_topology *topology)
{
    struct tn_list granted;

    pthread_mutex_lock(&admission->lock);
    for (size_t i = 0; i < topology->group_count; i++)
        adopt_limits(&topology->groups[i]);
    dispatch(admission, NULL, &granted);
    pthread_mutex_unlock(&admission->lock);
    tell(&granted);
}

void tn_admission_kick(struct tn_admission *admission)
{
    struct tn_list granted;

    pthread_mutex_lock(&admission->lock);
    dispatch(admission, NULL, &granted);
    pthread_mutex_unlock(&admission->lock);
    tell(&granted);
}

static bool has_member(void *cluster, const struct tn_ticket *waiter)
{
    for (size_t i = 0; i < waiter->group->member_count; i++)
        if (waiter->group->members[i] == cluster && (waiter->eligible >> i & 1) != 0)
            return true;
    return false;
}

static bool somebody_waits_for(struct tn_admission *admission, struct tn_cluster *cluster)
{
    TN_LIST_FOR_EACH (node, &admission->waiting) {
        struct line *line = TN_CONTAINER_OF(node, struct line, waiting);

        if (line_has_room(line) && tn_queue_any(&line->queue, has_member, cluster))
            return true;
    }
    return false;
}

static void begin(struct tn_admission *admission, struct tn_ticket *ticket)
{
    assert(ticket->state == TN_TICKET_NONE && !ticket->message_posted);
    ticket->admission = admission;
    ticket->drained = NULL;
}

enum tn_status tn_admission_enter(struct tn_admission *admission, struct tn_ticket *ticket, struct tn_cluster *cluster)
{
    struct tn_list granted;
    bool           enters;

    pthread_mutex_lock(&admission->lock);
    begin(admission, ticket);
    if (adopt_limits(ticket->group))
        dispatch(admission, NULL, &granted);
    else
        tn_list_init(&granted);
    enters = (ticket->copy ? has_room_for_copy(ticket->group->state->line, cluster)
                           : line_has_room(ticket->group->state->line) && cluster_has_room(cluster)) &&
             !somebody_waits_for(admission, cluster);
    if (enters)
        set_state(ticket, TN_TICKET_SLOT, cluster);
    pthread_mutex_unlock(&admission->lock);
    tell(&granted);
    return enters ? TN_OK : TN_AGAIN;
}

void tn_admission_enter_anyway(struct tn_admission *admission, struct tn_ticket *ticket, struct tn_cluster *cluster)
{
    pthread_mutex_lock(&admission->lock);
    begin(admission, ticket);
    set_state(ticket, TN_TICKET_SLOT, cluster);
    pthread_mutex_unlock(&admission->lock);
}

static enum tn_status queue_full(const struct tn_ticket *ticket, uint64_t limit, struct tn_error *err)
{
    struct tn_str name = ticket->group->conf->name;

    tn_fail(err, TN_E_LIMIT, "53300", "the queue of group `%.*s` is full (maxQueuedQueries: %llu)",
            (int)TN_MIN(name.len, (size_t)100), name.ptr, (unsigned long long)limit);
    tn_error_hint(err, "Try again later, or raise maxRunningQueries or maxQueuedQueries of the group, or give it a fallbackGroup");
    return TN_E_LIMIT;
}

static enum tn_status enlist(struct tn_admission *admission, struct tn_ticket *ticket)
{
    struct line *line = ticket->group->state->line;

    if (!tn_queue_push(&line->queue, ticket))
        return TN_E_NOMEM;
    if (line->queue.count == 1)
        tn_list_append(&admission->waiting, &line->waiting);
    set_state(ticket, TN_TICKET_QUEUED, NULL);
    return TN_OK;
}

/* Pushes and gives out what is free: the newcomer is last in line, but a slot may have come up that nobody else can take. */
static enum tn_status push(struct tn_admission *admission, struct tn_ticket *ticket, struct tn_list *granted)
{
    struct line *line = ticket->group->state->line;

    ticket->order = ++admission->next_order;
    TN_TRY(enlist(admission, ticket));
    dispatch(admission, ticket, granted);
    if (ticket->state == TN_TICKET_QUEUED && line->queue.count > line->max_queued && !ticket->bound) {
        set_state(ticket, TN_TICKET_NONE, NULL);
        line->counts.refused++;
        return TN_E_LIMIT;
    }
    if (ticket->state == TN_TICKET_QUEUED)
        line->counts.queued_total++;
    return TN_OK;
}

enum tn_status tn_admission_queue(struct tn_admission *admission, struct tn_ticket *ticket, uint64_t now_us,
                                  struct tn_error *err)
{
    struct tn_list granted;
    enum tn_status status;
    uint64_t       limit;

    tn_list_init(&granted);
    pthread_mutex_lock(&admission->lock);
    begin(admission, ticket);
    adopt_limits(ticket->group);
    ticket->queued_at_us = now_us;
    status = push(admission, ticket, &granted);
    limit = ticket->group->state->line->max_queued;
    pthread_mutex_unlock(&admission->lock);
    tell(&granted);
    if (status == TN_E_LIMIT)
        return queue_full(ticket, limit, err);
    if (status == TN_E_NOMEM)
        return tn_fail(err, TN_E_NOMEM, "53200", "admission: no memory for a place in the queue");
    return TN_OK;
}

enum tn_status tn_admission_widen(struct tn_admission *admission, struct tn_ticket *ticket, uint64_t eligible)
{
    enum tn_status status = TN_OK;
    struct tn_list granted;

    tn_list_init(&granted);
    pthread_mutex_lock(&admission->lock);
    if (ticket->state == TN_TICKET_QUEUED) {
        set_state(ticket, TN_TICKET_NONE, NULL); /* the queue sorts by what is waited for */
        ticket->eligible |= eligible;
        status = enlist(admission, ticket);
        if (status == TN_OK)
            dispatch(admission, NULL, &granted);
    }
    pthread_mutex_unlock(&admission->lock);
    tell(&granted);
    return status;
}

bool tn_admission_leave(struct tn_admission *admission, struct tn_ticket *ticket, void (*drained)(struct tn_ticket *))
{
    struct tn_list granted;
    bool           posted, freed;

    tn_list_init(&granted);
    pthread_mutex_lock(&admission->lock);
    freed = holds_slot(ticket->state);
    if (ticket->state != TN_TICKET_NONE)
        set_state(ticket, TN_TICKET_NONE, NULL);
    if (freed)
        dispatch(admission, NULL, &granted);
    posted = ticket->message_posted;
    ticket->drained = drained;
    pthread_mutex_unlock(&admission->lock);
    tell(&granted);
    return !posted;
}

unsigned tn_admission_room(struct tn_admission *admission, struct tn_group *group, const struct tn_cluster *cluster)
{
    const struct line *line = group->state->line;
    unsigned           running = atomic_load_explicit(&cluster->running, memory_order_relaxed);
    uint64_t           in_cluster = cluster->max_running == 0 ? UINT_MAX : TN_MAX(cluster->max_running, running) - running;
    uint64_t           in_group = UINT_MAX;

    pthread_mutex_lock(&admission->lock);
    adopt_limits(group);
    if (line->max_running != 0)
        in_group = TN_MAX(line->max_running, (uint64_t)line->running) - line->running;
    pthread_mutex_unlock(&admission->lock);
    return (unsigned)TN_MIN(in_cluster, in_group);
}

struct tn_crowd tn_admission_crowd(struct tn_admission *admission, struct tn_group *group, const struct tn_cluster *cluster)
{
    const struct line *line = group->state->line;
    uint64_t           copies = atomic_load(&cluster->copies), all = copies + atomic_load(&cluster->running);
    struct tn_crowd    crowd = {.cluster = copies > 0 && cluster->max_running > 0 && all > cluster->max_running};

    pthread_mutex_lock(&admission->lock);
    crowd.group = line->copies > 0 && line->max_running > 0 && (uint64_t)line->running + line->copies > line->max_running;
    pthread_mutex_unlock(&admission->lock);
    return crowd;
}

unsigned tn_admission_position(struct tn_admission *admission, const struct tn_ticket *ticket)
{
    unsigned position = 0;

    pthread_mutex_lock(&admission->lock);
    if (ticket->state == TN_TICKET_QUEUED)
        position = tn_queue_position(&ticket->group->state->line->queue, ticket);
    pthread_mutex_unlock(&admission->lock);
    return position;
}

void tn_admission_load(struct tn_admission *admission, const struct tn_group *group, struct tn_group_load *out)
{
    const struct line *line = group->state->line;

    pthread_mutex_lock(&admission->lock);
    *out = line->counts;
    out->running = line->running;
    out->queued = line->queue.count;
    pthread_mutex_unlock(&admission->lock);
}

void tn_admission_count_spill(struct tn_admission *admission, struct tn_group *group)
{
    pthread_mutex_lock(&admission->lock);
    group->state->line->counts.spilled++;
    pthread_mutex_unlock(&admission->lock);
}

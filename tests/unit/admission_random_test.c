/* admission_random_test.c - 100,000 random events (queries, cancels, time-outs, disconnects, dying engines, maintenance,
 * reloads that change limits and members) against a model, checked after each; and as many on four threads. */
#include "base/rand.h"
#include "tests/unit/admission_fixture.h"

enum { TICKETS = 160, USERS = 5 };

struct actor {
    struct tn_ticket  ticket;
    struct topo      *topo;
    bool              draining; /* left, its message is on its way */
    enum tn_ticket_state before; /* as the last check saw it */
};

enum { TOPOS = 8, MANY = 4096 };

static struct actor       actors[TICKETS];
static struct topo        topos[TOPOS];
static struct topo       *current;
static struct tn_cluster *all[MANY];
static size_t             all_count;
static struct tn_cluster *live[CLUSTERS];
static unsigned           last_running[GROUPS], last_queued[GROUPS];
static unsigned           grants_heard, copies_entered, bad;
static bool               quiet; /* few clients come */

static void violation(const char *what)
{
    if (bad++ < 10)
        fprintf(stderr, "violated: %s\n", what);
}

static struct actor *actor_of(struct tn_ticket *ticket)
{
    return TN_CONTAINER_OF(ticket, struct actor, ticket);
}

static void drop_topo(struct actor *actor)
{
    actor->topo->tickets--;
    actor->topo = NULL;
}

static void actor_granted(struct tn_ticket *ticket)
{
    if (actor_of(ticket)->draining || ticket->state != TN_TICKET_SLOT)
        violation("granted after it had left");
    grants_heard++;
}

static void actor_drained(struct tn_ticket *ticket)
{
    if (!actor_of(ticket)->draining)
        violation("drained without having left");
    actor_of(ticket)->draining = false;
    drop_topo(actor_of(ticket));
}

static struct topo *free_topo(void)
{
    for (size_t i = 0; i < TOPOS; i++)
        if (&topos[i] != current && topos[i].tickets == 0) {
            if (topos[i].in_use)
                reset_topo(&topos[i]);
            return &topos[i];
        }
    return NULL;
}

static void random_reload(struct tn_rand *rand)
{
    struct topo *next = free_topo();
    size_t       replaced = (size_t)tn_rand_below(rand, CLUSTERS * 2);

    if (next == NULL)
        return;
    if (replaced < CLUSTERS && all_count < MANY) {
        atomic_store(&live[replaced]->removed, true);
        live[replaced] = all[all_count++] = new_cluster((unsigned)tn_rand_below(rand, 4) + 1);
    }
    for (size_t g = 0; g < GROUPS; g++)
        set_group(next, g, &live[g], 4, (unsigned)tn_rand_below(rand, 9), (unsigned)tn_rand_below(rand, 40));
    next->in_use = true;
    current = next;
    tn_admission_apply(admission, &next->topology);
}

static bool leaves_one(uint64_t limit, uint64_t taken)
{
    return limit == 0 || taken < limit || (limit == 1 && taken == 1);
}

/* A copy in the background gets a slot or nothing, and never the last of several. */
static void start_copy(struct actor *actor, struct tn_cluster *wanted)
{
    struct tn_ticket    *ticket = &actor->ticket;
    struct tn_group_load load;
    unsigned             copies = 0;

    if (tn_admission_enter(admission, ticket, wanted) != TN_OK) {
        drop_topo(actor);
        return;
    }
    for (size_t i = 0; i < TICKETS; i++)
        copies += actors[i].topo != NULL && !actors[i].draining && actors[i].ticket.copy && actors[i].ticket.group->index == ticket->group->index;
    tn_admission_load(admission, ticket->group, &load);
    if (!leaves_one(wanted->max_running, (uint64_t)atomic_load(&wanted->running) + atomic_load(&wanted->copies)) ||
        !leaves_one(ticket->group->conf->max_running, (uint64_t)load.running + copies))
        violation("a copy took the last slot");
    copies_entered++;
}

static void start_one(struct actor *actor, struct tn_rand *rand)
{
    struct tn_ticket  *ticket = &actor->ticket;
    struct tn_group   *group = &current->groups[tn_rand_below(rand, GROUPS)];
    struct tn_cluster *wanted;
    size_t             member = (size_t)tn_rand_below(rand, group->member_count);

    *ticket = (struct tn_ticket){.group = group, .priority = (enum tn_priority)tn_rand_below(rand, TN_PRIORITY_COUNT),
                                 .user = tn_rand_below(rand, USERS), .worker = worker, .granted = actor_granted};
    ticket->eligible = (tn_rand_below(rand, 16)) | UINT64_C(1) << member;
    actor->topo = current;
    current->tickets++;
    wanted = group->members[member];
    if ((ticket->copy = tn_rand_below(rand, 50) >= (quiet ? 1 : 40))) {
        start_copy(actor, wanted);
        return;
    }
    if (tn_admission_room(admission, group, wanted) > 0 && tn_admission_enter(admission, ticket, wanted) == TN_OK)
        return;
    if (tn_admission_queue(admission, ticket, 1, NULL) != TN_OK)
        drop_topo(actor);
}

static void leave_one(struct actor *actor)
{
    actor->draining = true; /* before: the message may run at once on other threads' behalf */
    if (!tn_admission_leave(admission, &actor->ticket, actor_drained))
        return;
    actor->draining = false;
    drop_topo(actor);
}

static void random_event(struct tn_rand *rand)
{
    struct actor      *actor = &actors[tn_rand_below(rand, TICKETS)];
    struct tn_cluster *cluster = live[tn_rand_below(rand, CLUSTERS)];
    uint64_t           dice = tn_rand_below(rand, 1000);

    if (dice < 5) {
        random_reload(rand);
    } else if (dice < 25) { /* an engine dies or comes back */
        atomic_store(&cluster->health, tn_rand_below(rand, 3) == 0 ? TN_HEALTH_DOWN : TN_HEALTH_UP);
        tn_admission_kick(admission);
    } else if (dice < 35) {
        atomic_store(&cluster->maintenance, tn_rand_below(rand, 3) == 0);
        tn_admission_kick(admission);
    } else if (dice < 250) {
        pump();
    } else if (actor->draining) {
        return;
    } else if (actor->topo == NULL) {
        start_one(actor, rand);
    } else if (actor->ticket.state == TN_TICKET_SLOT || tn_rand_below(rand, 4) == 0) {
        leave_one(actor); /* done; or cancelled, timed out, disconnected while it waits or is being told */
    }
}

static bool holds(const struct tn_ticket *ticket)
{
    return ticket->state == TN_TICKET_GRANTED || ticket->state == TN_TICKET_SLOT;
}

/* The model's own idea of who may go where; 0 = yes, 1 = only when nobody else can, 2 = no. */
static int model_usable(const struct tn_cluster *cluster)
{
    if (atomic_load(&cluster->removed))
        return 1;
    if (atomic_load(&cluster->maintenance))
        return 2;
    return atomic_load(&cluster->health) == TN_HEALTH_DOWN ? 1 : 0;
}

static bool may_take(const struct tn_ticket *ticket, const struct tn_cluster *cluster)
{
    bool member = false, some = false;

    for (size_t m = 0; m < ticket->group->member_count; m++)
        if ((ticket->eligible >> m & 1) != 0) {
            member = member || ticket->group->members[m] == cluster;
            some = some || model_usable(ticket->group->members[m]) == 0;
        }
    return member && model_usable(cluster) <= (some ? 0 : 1);
}

static size_t line_of(const struct tn_ticket *ticket)
{
    return ticket->group->index;
}

static void check_counts(unsigned *running, unsigned *limits)
{
    static unsigned on_cluster[MANY], copies_on[MANY];
    unsigned        queued[GROUPS] = {0};

    memset(on_cluster, 0, all_count * sizeof *on_cluster);
    memset(copies_on, 0, all_count * sizeof *copies_on);
    for (size_t i = 0; i < TICKETS; i++) {
        const struct tn_ticket *ticket = &actors[i].ticket;

        if (actors[i].topo == NULL || actors[i].draining)
            continue;
        queued[line_of(ticket)] += ticket->state == TN_TICKET_QUEUED;
        if (!holds(ticket))
            continue;
        running[line_of(ticket)] += !ticket->copy;
        for (size_t k = 0; k < all_count; k++)
            (ticket->copy ? copies_on : on_cluster)[k] += all[k] == ticket->cluster;
    }
    for (size_t k = 0; k < all_count; k++) {
        if (atomic_load(&all[k]->running) != on_cluster[k] || on_cluster[k] > all[k]->max_running)
            violation("count of a cluster");
        if (atomic_load(&all[k]->copies) != copies_on[k])
            violation("count of a cluster's copies");
    }
    for (size_t g = 0; g < GROUPS; g++) {
        struct tn_group_load load;

        tn_admission_load(admission, &current->groups[g], &load);
        limits[g] = (unsigned)current->confs[g].max_running;
        if (load.running != running[g] || load.queued != queued[g])
            violation("count of a group");
        if (limits[g] != 0 && running[g] > TN_MAX(limits[g], last_running[g]))
            violation("limit of a group");
        if (queued[g] > TN_MAX(current->confs[g].max_queued, last_queued[g]))
            violation("limit of a queue");
        last_running[g] = running[g];
        last_queued[g] = queued[g];
    }
}

static bool group_has_room(const unsigned *running, const unsigned *limits, size_t g)
{
    return limits[g] == 0 || running[g] < limits[g];
}

static void check_waiter(const struct tn_ticket *ticket, const unsigned *running, const unsigned *limits)
{
    if (!group_has_room(running, limits, line_of(ticket)))
        return;
    for (size_t m = 0; m < ticket->group->member_count; m++) {
        const struct tn_cluster *cluster = ticket->group->members[m];

        if (may_take(ticket, cluster) && atomic_load(&cluster->running) < cluster->max_running)
            violation("somebody waits while a slot is free");
    }
}

/* X was granted just now: nobody that should have been before it still waits. */
static void check_order(const struct tn_ticket *x, const unsigned *running, const unsigned *limits)
{
    for (size_t i = 0; i < TICKETS; i++) {
        const struct tn_ticket *y = &actors[i].ticket;
        bool                    same_line;

        if (actors[i].topo == NULL || actors[i].draining || y->state != TN_TICKET_QUEUED || !may_take(y, x->cluster))
            continue;
        same_line = line_of(x) == line_of(y);
        if (same_line && y->user == x->user && y->priority == x->priority && y->order < x->order)
            violation("order inside a user and priority");
        if (y->priority < x->priority && (same_line || group_has_room(running, limits, line_of(y))))
            violation("a higher priority waits");
    }
}

static void check_all(void)
{
    unsigned running[GROUPS] = {0}, limits[GROUPS];

    check_counts(running, limits);
    for (size_t i = 0; i < TICKETS; i++) {
        struct actor *actor = &actors[i];

        if (actor->topo != NULL && !actor->draining) {
            if (actor->ticket.state == TN_TICKET_QUEUED)
                check_waiter(&actor->ticket, running, limits);
            if (actor->before == TN_TICKET_QUEUED && holds(&actor->ticket))
                check_order(&actor->ticket, running, limits);
        }
        actor->before = actor->topo == NULL || actor->draining ? TN_TICKET_NONE : actor->ticket.state;
    }
}

static void begin_random(void)
{
    CU_ASSERT_FATAL(tn_admission_new(&admission, NULL) == TN_OK);
    memset(actors, 0, sizeof actors);
    memset(topos, 0, sizeof topos);
    memset(last_running, 0, sizeof last_running);
    memset(last_queued, 0, sizeof last_queued);
    current = NULL;
    all_count = 0;
    bad = grants_heard = copies_entered = 0;
    for (size_t i = 0; i < CLUSTERS; i++)
        live[i] = all[all_count++] = new_cluster((unsigned)i % 4 + 1);
}

static void end_random(void)
{
    unsigned running[GROUPS] = {0}, limits[GROUPS];

    check_counts(running, limits);
    for (size_t g = 0; g < GROUPS; g++)
        CU_ASSERT_EQUAL(running[g], 0);
    CU_ASSERT_EQUAL(bad, 0);
    for (size_t i = 0; i < TOPOS; i++) {
        CU_ASSERT_EQUAL(topos[i].tickets, 0);
        if (topos[i].in_use)
            reset_topo(&topos[i]);
    }
    for (size_t k = 0; k < all_count; k++)
        free_cluster(all[k]);
    tn_admission_free(admission);
}

static void test_random(void)
{
    struct tn_rand rand = {.state = 20261126};

    begin_random();
    CU_ASSERT_FATAL(tn_worker_new(&worker, 0, NULL) == TN_OK);
    random_reload(&rand);
    for (int i = 0; i < 100000 && bad == 0; i++) {
        quiet = i / 2000 % 2 == 1;
        random_event(&rand);
        check_all();
    }
    CU_ASSERT(grants_heard > 1000 && copies_entered > 100);
    pump();
    check_all();
    for (size_t i = 0; i < TICKETS; i++)
        if (actors[i].topo != NULL && actors[i].ticket.state == TN_TICKET_GRANTED)
            violation("a grant was lost");
    for (size_t i = 0; i < TICKETS; i++)
        if (actors[i].topo != NULL && !actors[i].draining)
            leave_one(&actors[i]);
    pump();
    end_random();
    tn_worker_free(worker);
}

/* ---- the same on threads ---- */

enum { THREADS = 4, EVENTS = 25000, STEP = 5 };

static struct party {
    struct tn_worker *worker;
    struct tn_message step;
    struct tn_rand    rand;
    unsigned          events, heard, wrong;
    size_t            first, count; /* its actors */
    bool              clearing;
    _Atomic bool      done;
} parties[THREADS];

static void party_granted(struct tn_ticket *ticket)
{
    struct party *party = &parties[ticket->worker->index];

    party->heard++;
    party->wrong += actor_of(ticket)->draining || ticket->state != TN_TICKET_SLOT;
}

static void party_drained(struct tn_ticket *ticket)
{
    actor_of(ticket)->draining = false;
    actor_of(ticket)->topo = NULL;
}

static void party_start(struct party *party, struct actor *actor)
{
    struct tn_group   *group = &current->groups[tn_rand_below(&party->rand, GROUPS)];
    size_t             member = (size_t)tn_rand_below(&party->rand, group->member_count);

    actor->ticket = (struct tn_ticket){
        .group = group, .priority = (enum tn_priority)tn_rand_below(&party->rand, TN_PRIORITY_COUNT),
        .user = tn_rand_below(&party->rand, USERS), .worker = party->worker, .granted = party_granted,
        .eligible = tn_rand_below(&party->rand, 16) | UINT64_C(1) << member, .copy = tn_rand_below(&party->rand, 5) == 0};
    actor->topo = current;
    if (tn_admission_enter(admission, &actor->ticket, group->members[member]) == TN_OK)
        return;
    if (actor->ticket.copy || tn_admission_queue(admission, &actor->ticket, 1, NULL) != TN_OK)
        actor->topo = NULL;
}

static void party_leave(struct actor *actor)
{
    actor->draining = true;
    if (tn_admission_leave(admission, &actor->ticket, party_drained))
        party_drained(&actor->ticket);
}

static void party_event(struct party *party)
{
    struct actor *actor = &actors[party->first + (size_t)tn_rand_below(&party->rand, party->count)];

    party->events++;
    if (actor->draining)
        return;
    if (actor->topo == NULL)
        party_start(party, actor);
    else if (actor->ticket.state == TN_TICKET_SLOT || tn_rand_below(&party->rand, 4) == 0)
        party_leave(actor);
}

static void party_clear(struct party *party)
{
    bool left = false;

    for (size_t i = 0; i < party->count; i++) {
        struct actor *actor = &actors[party->first + i];

        if (actor->topo != NULL && !actor->draining)
            party_leave(actor);
        left = left || actor->topo != NULL;
    }
    if (left)
        tn_worker_post(party->worker, &party->step);
    else
        atomic_store(&party->done, true);
}

static void party_step(struct tn_message *message, struct tn_worker *self)
{
    struct party *party = TN_CONTAINER_OF(message, struct party, step);

    if (party->clearing) {
        party_clear(party);
        return;
    }
    for (int i = 0; i < STEP; i++)
        party_event(party);
    if (party->events < EVENTS)
        tn_worker_post(self, message);
    else
        atomic_store(&party->done, true);
}

static void wait_for_parties(struct tn_rand *rand)
{
    bool done;

    do {
        struct timespec    pause = {.tv_nsec = 200000};
        struct tn_cluster *cluster = live[tn_rand_below(rand, CLUSTERS)];

        done = true;
        for (size_t i = 0; i < THREADS; i++)
            done = done && atomic_load(&parties[i].done);
        for (size_t k = 0; k < CLUSTERS; k++) /* at any time */
            if (atomic_load(&live[k]->running) > live[k]->max_running)
                violation("count of a cluster, seen from outside");
        atomic_store(&cluster->health, tn_rand_below(rand, 3) == 0 ? TN_HEALTH_DOWN : TN_HEALTH_UP);
        tn_admission_kick(admission);
        nanosleep(&pause, NULL);
    } while (!done);
}

/* The workers stand still now: what waits could not run, what was granted was heard. */
static void check_still(void)
{
    unsigned running[GROUPS] = {0}, limits[GROUPS];

    for (size_t k = 0; k < CLUSTERS; k++)
        atomic_store(&live[k]->health, TN_HEALTH_UP);
    tn_admission_kick(admission);
    check_counts(running, limits);
    for (size_t i = 0; i < TICKETS; i++)
        if (actors[i].topo != NULL && actors[i].ticket.state == TN_TICKET_QUEUED)
            check_waiter(&actors[i].ticket, running, limits);
}

static void run_parties(bool clearing, struct tn_rand *rand)
{
    for (size_t i = 0; i < THREADS; i++) {
        struct party *party = &parties[i];

        party->clearing = clearing;
        atomic_store(&party->done, false);
        CU_ASSERT_FATAL(tn_worker_new(&party->worker, (unsigned)i, NULL) == TN_OK);
        for (size_t k = 0; k < party->count; k++)
            actors[party->first + k].ticket.worker = party->worker;
        party->step.run = party_step;
        tn_worker_post(party->worker, &party->step);
    }
    for (size_t i = 0; i < THREADS; i++)
        CU_ASSERT_FATAL(tn_worker_start(parties[i].worker, NULL) == TN_OK);
    wait_for_parties(rand);
}

static void stop_parties(void)
{
    for (size_t i = 0; i < THREADS; i++) {
        tn_worker_stop(parties[i].worker);
        tn_worker_join(parties[i].worker);
    }
}

static void test_threads(void)
{
    struct tn_rand rand = {.state = 42};
    unsigned       heard = 0;

    begin_random();
    memset(parties, 0, sizeof parties);
    current = &topos[0];
    current->in_use = true;
    for (size_t g = 0; g < GROUPS; g++)
        set_group(current, g, &live[g], 4, 5 + (unsigned)g, 30);
    tn_admission_apply(admission, &current->topology);
    for (size_t i = 0; i < THREADS; i++) {
        parties[i].rand.state = 1000 + i;
        parties[i].count = TICKETS / THREADS;
        parties[i].first = i * parties[i].count;
    }
    run_parties(false, &rand);
    stop_parties();
    for (size_t i = 0; i < THREADS; i++)
        heard += parties[i].heard;
    check_still();
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT(heard > 200);
    for (size_t i = 0; i < THREADS; i++) /* grants made by check_still go to the stopped loops: run them once */
        ev_run(parties[i].worker->loop, EVRUN_NOWAIT);
    for (size_t i = 0; i < TICKETS; i++)
        if (actors[i].topo != NULL && !actors[i].draining)
            CU_ASSERT(actors[i].ticket.state != TN_TICKET_GRANTED);
    for (size_t i = 0; i < THREADS; i++)
        tn_worker_free(parties[i].worker);
    run_parties(true, &rand);
    stop_parties();
    for (size_t i = 0; i < THREADS; i++) {
        CU_ASSERT_EQUAL(parties[i].wrong, 0);
        tn_worker_free(parties[i].worker);
    }
    end_random();
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("admission_random", NULL, NULL)) == NULL)
        return 1;
    CU_ADD_TEST(suite, test_random);
    CU_ADD_TEST(suite, test_threads);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

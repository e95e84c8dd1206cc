/* admission_test.c - slots and waiting lines: the rules one by one. Random events: admission_random_test.c. */
#include "tests/unit/admission_fixture.h"

static struct topo        now;
static struct tn_cluster *c[CLUSTERS];
static struct tn_ticket   t[16];
static unsigned           granted_count, drained_count;
static struct tn_ticket  *last_granted[16];

static void on_granted(struct tn_ticket *ticket)
{
    last_granted[granted_count++ % 16] = ticket;
}

static void on_drained(struct tn_ticket *ticket)
{
    CU_ASSERT(ticket->state == TN_TICKET_NONE);
    drained_count++;
}

/* Three groups: g0 has c0 c1, g1 has c1 c2, g2 has c2; two slots a cluster. */
static void begin(unsigned group_limit, unsigned queue_limit)
{
    CU_ASSERT_FATAL(tn_admission_new(&admission, NULL) == TN_OK);
    CU_ASSERT_FATAL(tn_worker_new(&worker, 0, NULL) == TN_OK);
    memset(&now, 0, sizeof now);
    memset(t, 0, sizeof t);
    for (size_t i = 0; i < 3; i++)
        c[i] = new_cluster(2);
    set_group(&now, 0, &c[0], 2, group_limit, queue_limit);
    set_group(&now, 1, &c[1], 2, group_limit, queue_limit);
    set_group(&now, 2, &c[2], 1, group_limit, queue_limit);
    tn_admission_apply(admission, &now.topology);
    granted_count = drained_count = 0;
    for (size_t i = 0; i < 16; i++)
        t[i] = (struct tn_ticket){.group = &now.groups[0], .eligible = 3, .priority = TN_PRIORITY_NORMAL, .user = i,
                                  .worker = worker, .granted = on_granted};
}

static void end(void)
{
    for (size_t i = 0; i < 16; i++)
        (void)tn_admission_leave(admission, &t[i], NULL);
    pump();
    for (size_t g = 0; g < GROUPS; g++) {
        struct tn_group_load load;

        tn_admission_load(admission, &now.groups[g], &load);
        CU_ASSERT(load.running == 0 && load.queued == 0);
    }
    reset_topo(&now);
    for (size_t i = 0; i < 3; i++)
        free_cluster(c[i]);
    tn_worker_free(worker);
    tn_admission_free(admission);
}

static enum tn_status enter(size_t i, size_t cluster)
{
    return tn_admission_enter(admission, &t[i], c[cluster]);
}

static enum tn_status queue(size_t i)
{
    return tn_admission_queue(admission, &t[i], tn_clock_us(), NULL);
}

static void fill_c0(void)
{
    t[14].eligible = t[15].eligible = 1;
    CU_ASSERT(enter(14, 0) == TN_OK && enter(15, 0) == TN_OK);
}

static void test_enter_and_leave(void)
{
    struct tn_group_load load;

    begin(3, 10);
    CU_ASSERT_EQUAL(tn_admission_room(admission, &now.groups[0], c[0]), 2);
    CU_ASSERT_EQUAL(enter(0, 0), TN_OK);
    CU_ASSERT(t[0].state == TN_TICKET_SLOT && t[0].cluster == c[0]);
    CU_ASSERT_EQUAL(enter(1, 0), TN_OK);
    CU_ASSERT_EQUAL(enter(2, 0), TN_AGAIN);
    CU_ASSERT(t[2].state == TN_TICKET_NONE);
    CU_ASSERT_EQUAL(enter(2, 1), TN_OK);
    CU_ASSERT_EQUAL(tn_admission_room(admission, &now.groups[0], c[1]), 0); /* the group's limit */
    CU_ASSERT_EQUAL(enter(3, 1), TN_AGAIN);
    t[3].group = &now.groups[1];
    CU_ASSERT_EQUAL(enter(3, 1), TN_OK); /* another group's */
    CU_ASSERT_EQUAL(atomic_load(&c[1]->running), 2);
    tn_admission_load(admission, &now.groups[0], &load);
    CU_ASSERT(load.running == 3 && load.queued == 0 && load.admitted == 3);
    CU_ASSERT(tn_admission_leave(admission, &t[0], NULL));
    CU_ASSERT(tn_admission_leave(admission, &t[0], NULL)); /* again: harmless */
    CU_ASSERT_EQUAL(atomic_load(&c[0]->running), 1);
    end();
}

/* Who runs already is counted beyond the limits, and until enough have left nobody else gets a slot. */
static void test_enter_anyway(void)
{
    struct tn_group_load load;

    begin(2, 10);
    CU_ASSERT(enter(0, 0) == TN_OK && enter(1, 0) == TN_OK && enter(2, 0) == TN_AGAIN);
    tn_admission_enter_anyway(admission, &t[2], c[0]);
    CU_ASSERT(t[2].state == TN_TICKET_SLOT && t[2].cluster == c[0]);
    tn_admission_load(admission, &now.groups[0], &load);
    CU_ASSERT(load.running == 3 && load.admitted == 3 && atomic_load(&c[0]->running) == 3);
    CU_ASSERT_EQUAL(tn_admission_room(admission, &now.groups[0], c[0]), 0);
    CU_ASSERT_EQUAL(queue(3), TN_OK);
    CU_ASSERT(tn_admission_leave(admission, &t[0], NULL) && t[3].state == TN_TICKET_QUEUED);
    CU_ASSERT(tn_admission_leave(admission, &t[2], NULL) && t[3].state == TN_TICKET_GRANTED);
    tn_admission_load(admission, &now.groups[0], &load);
    CU_ASSERT(load.running == 2 && load.queued == 0);
    (void)tn_admission_leave(admission, &t[3], on_drained);
    end();
}

/* Copies have slots beside those of clients, who never notice them; who comes on top of them is told to end them. */
static void test_copies(void)
{
    struct tn_group_load load;
    struct tn_crowd      crowd;

    begin(3, 10); /* c0 has two slots */
    t[8].copy = t[9].copy = t[10].copy = true;
    CU_ASSERT_EQUAL(enter(8, 0), TN_OK);
    CU_ASSERT_EQUAL(enter(9, 0), TN_AGAIN); /* not the last one */
    CU_ASSERT_EQUAL(atomic_load(&c[0]->running), 0);
    CU_ASSERT_EQUAL(tn_admission_room(admission, &now.groups[0], c[0]), 2);
    CU_ASSERT_EQUAL(enter(0, 0), TN_OK);
    crowd = tn_admission_crowd(admission, &now.groups[0], c[0]);
    CU_ASSERT_FALSE(crowd.cluster || crowd.group);
    CU_ASSERT_EQUAL(enter(10, 1), TN_AGAIN); /* the last one of the group */
    CU_ASSERT_EQUAL(enter(1, 0), TN_OK); /* the copy is there still */
    crowd = tn_admission_crowd(admission, &now.groups[0], c[0]);
    CU_ASSERT(crowd.cluster && !crowd.group);
    CU_ASSERT_EQUAL(enter(2, 0), TN_AGAIN);
    CU_ASSERT_EQUAL(enter(2, 1), TN_OK);
    crowd = tn_admission_crowd(admission, &now.groups[0], c[1]);
    CU_ASSERT(!crowd.cluster && crowd.group);
    tn_admission_load(admission, &now.groups[0], &load);
    CU_ASSERT(load.running == 3 && load.admitted == 3);
    CU_ASSERT(tn_admission_leave(admission, &t[8], NULL));
    crowd = tn_admission_crowd(admission, &now.groups[0], c[0]);
    CU_ASSERT(!crowd.cluster && !crowd.group && atomic_load(&c[0]->copies) == 0);
    CU_ASSERT_EQUAL(enter(8, 0), TN_AGAIN);
    end();
}

static void test_unlimited(void)
{
    begin(0, 10);
    c[0]->max_running = 0;
    for (size_t i = 0; i < 16; i++)
        CU_ASSERT_EQUAL(enter(i, 0), TN_OK);
    CU_ASSERT(tn_admission_room(admission, &now.groups[0], c[0]) > 1000);
    end();
}

static void test_queue_and_grant(void)
{
    begin(0, 10);
    fill_c0();
    t[0].eligible = t[1].eligible = 1;
    CU_ASSERT(queue(0) == TN_OK && queue(1) == TN_OK);
    CU_ASSERT(t[0].state == TN_TICKET_QUEUED);
    CU_ASSERT_EQUAL(tn_admission_position(admission, &t[0]), 1);
    CU_ASSERT_EQUAL(tn_admission_position(admission, &t[1]), 2);
    CU_ASSERT(tn_admission_leave(admission, &t[15], NULL));
    CU_ASSERT(t[0].state == TN_TICKET_GRANTED && t[0].cluster == c[0]);
    CU_ASSERT_EQUAL(granted_count, 0); /* told on the worker */
    CU_ASSERT_EQUAL(tn_admission_position(admission, &t[0]), 0);
    CU_ASSERT_EQUAL(tn_admission_position(admission, &t[1]), 1);
    pump();
    CU_ASSERT(granted_count == 1 && last_granted[0] == &t[0] && t[0].state == TN_TICKET_SLOT);
    CU_ASSERT(tn_admission_leave(admission, &t[1], NULL)); /* cancelled while it waits */
    CU_ASSERT(tn_admission_leave(admission, &t[14], NULL));
    pump();
    CU_ASSERT_EQUAL(granted_count, 1);
    CU_ASSERT_EQUAL(atomic_load(&c[0]->running), 1);
    end();
}

static void test_queue_gets_slot_at_once(void)
{
    begin(0, 0);
    CU_ASSERT_EQUAL(queue(0), TN_OK);
    CU_ASSERT(t[0].state == TN_TICKET_SLOT);
    pump();
    CU_ASSERT_EQUAL(granted_count, 0);
    end();
}

/* Who waits for a busy cluster and takes another one after all gets it without a new place in line. */
static void test_widen(void)
{
    begin(0, 1);
    fill_c0();
    t[0].eligible = 1;
    CU_ASSERT(queue(0) == TN_OK && t[0].state == TN_TICKET_QUEUED);
    CU_ASSERT(tn_admission_widen(admission, &t[0], 2) == TN_OK);
    CU_ASSERT(t[0].state == TN_TICKET_GRANTED && t[0].cluster == c[1] && granted_count == 0);
    CU_ASSERT(tn_admission_widen(admission, &t[0], 1) == TN_OK && t[0].eligible == 3); /* too late: nothing happens */
    pump();
    CU_ASSERT(granted_count == 1 && t[0].state == TN_TICKET_SLOT && atomic_load(&c[1]->running) == 1);
    t[1].eligible = 1;
    t[2].eligible = 2;
    CU_ASSERT(enter(2, 1) == TN_OK); /* c1 is full now, too */
    CU_ASSERT(queue(1) == TN_OK && tn_admission_widen(admission, &t[1], 2) == TN_OK);
    CU_ASSERT(t[1].state == TN_TICKET_QUEUED && tn_admission_position(admission, &t[1]) == 1);
    CU_ASSERT(tn_admission_leave(admission, &t[2], NULL));
    CU_ASSERT(t[1].state == TN_TICKET_GRANTED && t[1].cluster == c[1]);
    end();
}

static void test_queue_full(void)
{
    struct tn_error      err = TN_ERROR_INIT;
    struct tn_group_load load;

    begin(0, 1);
    fill_c0();
    t[0].eligible = t[1].eligible = 1;
    CU_ASSERT_EQUAL(queue(0), TN_OK);
    CU_ASSERT_EQUAL(tn_admission_queue(admission, &t[1], 1, &err), TN_E_LIMIT);
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "53300");
    CU_ASSERT_STRING_EQUAL(err.message, "the queue of group `g0` is full (maxQueuedQueries: 1)");
    CU_ASSERT(t[1].state == TN_TICKET_NONE);
    tn_admission_count_spill(admission, &now.groups[0]);
    tn_admission_load(admission, &now.groups[0], &load);
    CU_ASSERT(load.queued == 1 && load.refused == 1 && load.queued_total == 1 && load.spilled == 1);
    tn_error_reset(&err);
    end();
}

static void test_priorities_and_turns(void)
{
    static const size_t expected[] = {6, 0, 3, 1, 4, 2, 5, 7};

    begin(0, 100);
    fill_c0();
    for (size_t i = 0; i < 8; i++) {
        t[i].eligible = 1;
        t[i].user = i < 3 ? 100 : 200; /* three of one user, then others of another */
    }
    t[6].priority = TN_PRIORITY_HIGH;
    t[7].priority = TN_PRIORITY_LOW;
    for (size_t i = 0; i < 8; i++)
        CU_ASSERT_EQUAL(queue(i), TN_OK);
    for (size_t i = 0; i < 8; i++)
        CU_ASSERT_EQUAL(tn_admission_position(admission, &t[expected[i]]), i + 1);
    CU_ASSERT(tn_admission_leave(admission, &t[14], NULL));
    for (size_t i = 0; i < 8; i++) {
        pump();
        CU_ASSERT_EQUAL(granted_count, i + 1);
        CU_ASSERT_PTR_EQUAL(last_granted[i], &t[expected[i]]);
        CU_ASSERT(tn_admission_leave(admission, &t[expected[i]], NULL));
    }
    end();
}

/* One that wants a busy cluster does not hold up those behind it; its user's turn is not lost. */
static void test_passed_over(void)
{
    begin(0, 100);
    fill_c0();
    t[12].eligible = t[13].eligible = 2;
    CU_ASSERT(enter(12, 1) == TN_OK && enter(13, 1) == TN_OK);
    t[0].eligible = 1;
    t[1].eligible = 2;
    t[2].eligible = 3;
    for (size_t i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(queue(i), TN_OK);
    CU_ASSERT(tn_admission_leave(admission, &t[12], NULL));
    CU_ASSERT(t[1].state == TN_TICKET_GRANTED && t[0].state == TN_TICKET_QUEUED && t[2].state == TN_TICKET_QUEUED);
    CU_ASSERT(tn_admission_leave(admission, &t[14], NULL));
    CU_ASSERT(t[0].state == TN_TICKET_GRANTED && t[0].cluster == c[0]);
    CU_ASSERT(tn_admission_leave(admission, &t[15], NULL));
    CU_ASSERT(t[2].state == TN_TICKET_GRANTED && t[2].cluster == c[0]);
    pump();
    CU_ASSERT_EQUAL(granted_count, 3);
    end();
}

/* c1 is shared: the oldest waiter of the highest priority gets it, whatever its group. */
static void test_across_groups(void)
{
    begin(0, 100);
    t[12].eligible = t[13].eligible = 2;
    CU_ASSERT(enter(12, 1) == TN_OK && enter(13, 1) == TN_OK);
    for (size_t i = 0; i < 4; i++) {
        t[i].group = &now.groups[i % 2]; /* c1 is the second of g0, the first of g1 */
        t[i].eligible = i % 2 == 0 ? 2 : 1;
        t[i].user = 7;
    }
    t[3].priority = TN_PRIORITY_HIGH;
    for (size_t i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(queue(i), TN_OK);
    CU_ASSERT(tn_admission_leave(admission, &t[12], NULL));
    CU_ASSERT(t[3].state == TN_TICKET_GRANTED);
    CU_ASSERT(tn_admission_leave(admission, &t[13], NULL));
    CU_ASSERT(t[0].state == TN_TICKET_GRANTED);
    pump();
    CU_ASSERT(tn_admission_leave(admission, &t[3], NULL));
    CU_ASSERT(t[1].state == TN_TICKET_GRANTED && t[2].state == TN_TICKET_QUEUED);
    end();
}

/* A slot that came free without a kick (a member came back) goes to the waiter, not to the newcomer. */
static void test_no_overtaking(void)
{
    begin(0, 100);
    fill_c0();
    atomic_store(&c[1]->maintenance, true);
    CU_ASSERT_EQUAL(queue(0), TN_OK);
    CU_ASSERT(t[0].state == TN_TICKET_QUEUED);
    atomic_store(&c[1]->maintenance, false);
    CU_ASSERT_EQUAL(enter(1, 1), TN_AGAIN);
    t[2].group = &now.groups[1];
    CU_ASSERT_EQUAL(enter(2, 1), TN_AGAIN); /* nor to one of another group */
    CU_ASSERT_EQUAL(queue(1), TN_OK);
    CU_ASSERT(t[0].state == TN_TICKET_GRANTED && t[1].state == TN_TICKET_SLOT);
    end();
}

static void test_dying_engines(void)
{
    begin(0, 100);
    fill_c0();
    atomic_store(&c[1]->health, TN_HEALTH_DOWN);
    CU_ASSERT_EQUAL(queue(0), TN_OK); /* c1 is down, c0 full but healthy: wait for c0 */
    CU_ASSERT(t[0].state == TN_TICKET_QUEUED);
    atomic_store(&c[1]->health, TN_HEALTH_UP);
    tn_admission_kick(admission);
    CU_ASSERT(t[0].state == TN_TICKET_GRANTED && t[0].cluster == c[1]);
    CU_ASSERT_EQUAL(queue(1), TN_OK);
    CU_ASSERT_EQUAL(queue(2), TN_OK);
    CU_ASSERT(t[1].state == TN_TICKET_SLOT && t[2].state == TN_TICKET_QUEUED);
    atomic_store(&c[0]->health, TN_HEALTH_DOWN);
    atomic_store(&c[1]->health, TN_HEALTH_DOWN); /* all are down: none is left out, so that it can fail */
    CU_ASSERT(tn_admission_leave(admission, &t[14], NULL));
    CU_ASSERT(t[2].state == TN_TICKET_GRANTED && t[2].cluster == c[0]);
    end();
}

static void test_open_breaker(void)
{
    begin(0, 100);
    fill_c0();
    (void)tn_breaker_record(&c[1]->breaker, &cluster_conf, false, tn_clock_us());
    CU_ASSERT_EQUAL(queue(0), TN_OK);
    CU_ASSERT(t[0].state == TN_TICKET_QUEUED); /* not to the open one */
    end();
}

/* A transaction goes on where it is: in maintenance, past a full queue; and nobody waits behind one that nothing helps. */
static void test_bound(void)
{
    begin(0, 1);
    fill_c0();
    t[0].eligible = t[1].eligible = t[2].eligible = 1;
    t[1].bound = t[2].bound = true;
    CU_ASSERT_EQUAL(queue(0), TN_OK);
    CU_ASSERT_EQUAL(queue(1), TN_OK);
    CU_ASSERT_EQUAL(queue(2), TN_OK);
    t[3].eligible = 1;
    CU_ASSERT_EQUAL(queue(3), TN_E_LIMIT);
    atomic_store(&c[0]->maintenance, true);
    CU_ASSERT(tn_admission_leave(admission, &t[14], NULL));
    CU_ASSERT(t[0].state == TN_TICKET_QUEUED && t[1].state == TN_TICKET_GRANTED && t[2].state == TN_TICKET_QUEUED);
    CU_ASSERT(tn_admission_leave(admission, &t[15], NULL));
    CU_ASSERT(t[0].state == TN_TICKET_QUEUED && t[2].state == TN_TICKET_GRANTED);
    pump();
    (void)tn_admission_leave(admission, &t[1], NULL);
    CU_ASSERT_EQUAL(t[0].state, TN_TICKET_QUEUED);
    CU_ASSERT_EQUAL(queue(1), TN_OK);
    CU_ASSERT_EQUAL(t[1].state, TN_TICKET_SLOT);
    atomic_store(&c[0]->maintenance, false);
    (void)tn_admission_leave(admission, &t[1], NULL);
    CU_ASSERT_EQUAL(t[0].state, TN_TICKET_GRANTED);
    end();
}

static void test_leave_while_granted(void)
{
    begin(0, 100);
    fill_c0();
    t[0].eligible = t[1].eligible = 1;
    CU_ASSERT(queue(0) == TN_OK && queue(1) == TN_OK);
    CU_ASSERT(tn_admission_leave(admission, &t[14], NULL));
    CU_ASSERT(t[0].state == TN_TICKET_GRANTED && t[0].message_posted);
    CU_ASSERT_FALSE(tn_admission_leave(admission, &t[0], on_drained)); /* cancelled before it was told */
    CU_ASSERT(t[1].state == TN_TICKET_GRANTED);                        /* the slot went on */
    pump();
    CU_ASSERT(granted_count == 1 && last_granted[0] == &t[1] && drained_count == 1);
    CU_ASSERT_FALSE(t[0].message_posted);
    CU_ASSERT_EQUAL(queue(0), TN_OK); /* may be used again */
    end();
}

static void replace(struct topo *next, unsigned limit, unsigned queued)
{
    memset(next, 0, sizeof *next);
    for (size_t g = 0; g < GROUPS; g++)
        set_group(next, g, &c[g], g == 2 ? 1 : 2, limit, queued);
}

static void test_reload(void)
{
    static struct topo   next, third;
    struct tn_group_load load;

    begin(1, 1);
    CU_ASSERT_EQUAL(enter(0, 0), TN_OK);
    CU_ASSERT_EQUAL(queue(1), TN_OK);
    CU_ASSERT_EQUAL(queue(2), TN_E_LIMIT);
    replace(&next, 3, 5);
    CU_ASSERT(t[1].state == TN_TICKET_QUEUED); /* not in force yet */
    tn_admission_apply(admission, &next.topology);
    CU_ASSERT(t[1].state == TN_TICKET_GRANTED); /* a waiter of the old topology has the new limit */
    t[2].group = &next.groups[0];
    CU_ASSERT_EQUAL(enter(2, 1), TN_OK);
    tn_admission_load(admission, &next.groups[0], &load);
    CU_ASSERT_EQUAL(load.running, 3); /* one count for both */
    CU_ASSERT_EQUAL(enter(3, 1), TN_AGAIN);
    replace(&third, 1, 0);
    t[4].group = &third.groups[0]; /* nobody applied: the first query brings the limits along */
    CU_ASSERT_EQUAL(tn_admission_queue(admission, &t[4], 1, NULL), TN_E_LIMIT);
    CU_ASSERT(tn_admission_leave(admission, &t[0], NULL));
    pump();
    CU_ASSERT(tn_admission_leave(admission, &t[1], NULL));
    CU_ASSERT_EQUAL(enter(4, 0), TN_AGAIN); /* still one running, and the limit is 1 */
    CU_ASSERT(tn_admission_leave(admission, &t[2], NULL));
    CU_ASSERT_EQUAL(enter(4, 0), TN_OK);
    CU_ASSERT_EQUAL(enter(3, 0), TN_AGAIN); /* an old topology does not bring its limits back */
    CU_ASSERT(tn_admission_leave(admission, &t[4], NULL));
    reset_topo(&next);
    reset_topo(&third);
    end();
}

/* A group that the new configuration does not have works on for those that wait in it. */
static void test_removed_group(void)
{
    static struct topo next;

    begin(0, 10);
    fill_c0();
    t[0].eligible = 1;
    CU_ASSERT_EQUAL(queue(0), TN_OK);
    memset(&next, 0, sizeof next);
    set_group(&next, 1, &c[1], 2, 0, 10);
    next.topology.groups = &next.groups[1];
    next.topology.group_count = 1;
    tn_admission_apply(admission, &next.topology);
    atomic_store(&c[0]->removed, true);
    CU_ASSERT(tn_admission_leave(admission, &t[14], NULL));
    CU_ASSERT(t[0].state == TN_TICKET_GRANTED);
    reset_topo(&next);
    end();
}

/* A worker that stopped with grants on their way: its tickets are left by whoever clears up, and nothing leaks. */
static void test_worker_gone(void)
{
    struct tn_worker *gone;

    begin(0, 100);
    CU_ASSERT_FATAL(tn_worker_new(&gone, 1, NULL) == TN_OK);
    CU_ASSERT_FATAL(tn_worker_start(gone, NULL) == TN_OK);
    fill_c0();
    t[0].eligible = t[1].eligible = t[2].eligible = 1;
    t[0].worker = t[1].worker = gone;
    tn_worker_stop(gone);
    tn_worker_join(gone);
    CU_ASSERT(queue(0) == TN_OK && queue(1) == TN_OK && queue(2) == TN_OK);
    CU_ASSERT(tn_admission_leave(admission, &t[14], NULL));
    CU_ASSERT(t[0].state == TN_TICKET_GRANTED); /* told to a worker that hears no more */
    CU_ASSERT_FALSE(tn_admission_leave(admission, &t[0], NULL));
    CU_ASSERT_FALSE(tn_admission_leave(admission, &t[1], NULL));
    CU_ASSERT(t[2].state == TN_TICKET_GRANTED);
    pump();
    CU_ASSERT(granted_count == 1 && last_granted[0] == &t[2]);
    tn_worker_free(gone);
    end();
}

static void test_no_memory(void)
{
    enum tn_status status = TN_E_NOMEM;
    unsigned       failed = 0;

    begin(0, 100);
    fill_c0();
    t[0].eligible = 1;
    for (size_t n = 0; n < 20 && status != TN_OK; n++) {
        struct tn_group_load load;

        tn_alloc_fail_after(n);
        status = queue(0);
        tn_alloc_fail_never();
        failed += status == TN_E_NOMEM;
        tn_admission_load(admission, &now.groups[0], &load);
        CU_ASSERT_EQUAL(load.queued, status == TN_OK ? 1 : 0);
    }
    CU_ASSERT(status == TN_OK && failed == 3); /* want, buckets, user; the buckets stay, so that the 4th try has all */
    end();
}

static void test_priority_names(void)
{
    enum tn_priority priority;

    CU_ASSERT(tn_priority_parse(TN_STR("high"), &priority) && priority == TN_PRIORITY_HIGH);
    CU_ASSERT(tn_priority_parse(TN_STR("Normal"), &priority) && priority == TN_PRIORITY_NORMAL);
    CU_ASSERT(tn_priority_parse(TN_STR("low"), &priority) && priority == TN_PRIORITY_LOW);
    CU_ASSERT_FALSE(tn_priority_parse(TN_STR("urgent"), &priority));
    CU_ASSERT_FALSE(tn_priority_parse(TN_STR(""), &priority));
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("admission", NULL, NULL)) == NULL)
        return 1;
    CU_ADD_TEST(suite, test_enter_and_leave);
    CU_ADD_TEST(suite, test_enter_anyway);
    CU_ADD_TEST(suite, test_copies);
    CU_ADD_TEST(suite, test_unlimited);
    CU_ADD_TEST(suite, test_queue_and_grant);
    CU_ADD_TEST(suite, test_queue_gets_slot_at_once);
    CU_ADD_TEST(suite, test_widen);
    CU_ADD_TEST(suite, test_queue_full);
    CU_ADD_TEST(suite, test_priorities_and_turns);
    CU_ADD_TEST(suite, test_passed_over);
    CU_ADD_TEST(suite, test_across_groups);
    CU_ADD_TEST(suite, test_no_overtaking);
    CU_ADD_TEST(suite, test_dying_engines);
    CU_ADD_TEST(suite, test_open_breaker);
    CU_ADD_TEST(suite, test_bound);
    CU_ADD_TEST(suite, test_leave_while_granted);
    CU_ADD_TEST(suite, test_reload);
    CU_ADD_TEST(suite, test_removed_group);
    CU_ADD_TEST(suite, test_worker_gone);
    CU_ADD_TEST(suite, test_no_memory);
    CU_ADD_TEST(suite, test_priority_names);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

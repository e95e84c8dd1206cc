/* prober_test.c - probes against an engine made by hand that refuses, fails, hangs or answers as a test wants it. */
#include "admission/prober.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

enum mood { GOOD, REFUSES, LOGIN_FAILS, QUERY_FAILS, HANGS_CONNECTING, HANGS_RUNNING };

struct fake_conn {
    struct tn_conn base;
    struct tn_run *run;
    ev_timer       timer; /* the answer comes later, as it does from a real one */
};

static enum mood                 mood;
static unsigned                  connects, disconnects, starts, cancels;
static struct tn_worker         *worker;
static struct tn_admission      *admission;
static struct tn_pool           *pool;
static struct tn_prober         *prober;
static struct tn_cluster_conf    conf;
static struct tn_cluster         cluster;
static struct tn_cluster        *clusters[1];
static struct tn_topology        topology;

static void fail_connect(struct fake_conn *c, const char *sqlstate, const char *message)
{
    struct tn_error err = TN_ERROR_INIT;

    c->base.state = TN_CONN_BROKEN;
    tn_fail(&err, TN_E_ENGINE, sqlstate, "%s", message);
    c->base.connected(&c->base, &err, c->base.owner);
    tn_error_reset(&err);
}

static void on_answer(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct fake_conn *c = TN_CONTAINER_OF(timer, struct fake_conn, timer);

    (void)loop;
    (void)revents;
    if (c->run != NULL) {
        if (mood == QUERY_FAILS || c->run->cancelled)
            tn_fail(&c->run->error, TN_E_ENGINE, "XX000", "the query broke");
        else
            c->run->rows = 1;
        c->base.state = TN_CONN_IDLE;
        tn_run_done(c->run);
    } else if (mood == REFUSES) {
        fail_connect(c, "08001", "connection refused");
    } else if (mood == LOGIN_FAILS) {
        fail_connect(c, "28P01", "password authentication failed");
    } else {
        c->base.state = TN_CONN_IDLE;
        c->base.connected(&c->base, NULL, c->base.owner);
    }
}

static struct tn_conn *fake_connect(struct tn_cluster *to, struct tn_worker *on,
                                    void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner)
{
    struct fake_conn *c = tn_calloc(1, sizeof *c);

    connects++;
    c->base = (struct tn_conn){.cluster = tn_cluster_ref(to), .worker = on, .connected = connected, .owner = owner};
    tn_list_init(&c->base.node);
    ev_timer_init(&c->timer, on_answer, 0.001, 0.);
    if (mood != HANGS_CONNECTING)
        ev_timer_start(on->loop, &c->timer);
    return &c->base;
}

static void fake_disconnect(struct tn_conn *conn)
{
    struct fake_conn *c = TN_CONTAINER_OF(conn, struct fake_conn, base);

    CU_ASSERT(conn->state != TN_CONN_BUSY);
    disconnects++;
    ev_timer_stop(conn->worker->loop, &c->timer);
    atomic_fetch_sub(&conn->cluster->refs, 1);
    tn_free(c);
}

static void fake_start(struct tn_run *run)
{
    struct fake_conn *c = TN_CONTAINER_OF(run->conn, struct fake_conn, base);

    starts++;
    CU_ASSERT(tn_str_eq_c(run->sql, "SELECT 1") && run->features->class == TN_CLASS_READ);
    c->run = run;
    ev_timer_set(&c->timer, 0.001, 0.);
    if (mood != HANGS_RUNNING)
        ev_timer_start(run->conn->worker->loop, &c->timer);
}

static void fake_cancel(struct tn_run *run)
{
    struct fake_conn *c = TN_CONTAINER_OF(run->conn, struct fake_conn, base);

    cancels++;
    ev_timer_stop(run->conn->worker->loop, &c->timer);
    ev_timer_set(&c->timer, 0.001, 0.);
    ev_timer_start(run->conn->worker->loop, &c->timer);
}

static void fake_credit(struct tn_run *run)
{
    (void)run;
}

static bool fake_reset(struct tn_conn *conn)
{
    (void)conn;
    return true;
}

static const struct tn_engine_ops fake_ops = {.name = "fake", .dialect = TN_DIALECT_POSTGRES, .connect = fake_connect,
                                              .disconnect = fake_disconnect, .reset = fake_reset, .start = fake_start,
                                              .cancel = fake_cancel, .credit = fake_credit};

static void begin(void)
{
    mood = GOOD;
    connects = disconnects = starts = cancels = 0;
    conf = (struct tn_cluster_conf){.name = TN_STR("c"), .enabled = true, .health_enabled = true, .health_interval = 20000,
                                    .health_timeout = 20000000, .health_query = TN_STR("SELECT 1"), .pool_size = 8,
                                    .pool_idle_timeout = 60000000, .breaker_consecutive = 1, .breaker_backoff = 100000,
                                    .breaker_max_backoff = 100000, .breaker_rate = 50, .breaker_min_requests = 20,
                                    .breaker_window = 10000000};
    memset(&cluster, 0, sizeof cluster);
    atomic_store(&cluster.refs, 1);
    cluster.conf = &conf;
    cluster.ops = &fake_ops;
    cluster.max_running = 1;
    pthread_mutex_init(&cluster.note_lock, NULL);
    tn_breaker_init(&cluster.breaker);
    clusters[0] = &cluster;
    topology = (struct tn_topology){.cluster_count = 1, .clusters = clusters};
    CU_ASSERT_FATAL(tn_worker_new(&worker, 0, NULL) == TN_OK);
    CU_ASSERT_FATAL(tn_admission_new(&admission, NULL) == TN_OK);
    CU_ASSERT_FATAL(tn_pool_new(&pool, worker, NULL) == TN_OK);
    CU_ASSERT_FATAL(tn_prober_new(&prober, worker, pool, admission, NULL) == TN_OK);
}

static void end(void)
{
    tn_prober_free(prober);
    tn_pool_free(pool);
    tn_worker_free(worker);
    tn_admission_free(admission);
    CU_ASSERT_EQUAL(connects, disconnects);
    CU_ASSERT_EQUAL(atomic_load(&cluster.refs), 1);
    tn_breaker_destroy(&cluster.breaker);
    pthread_mutex_destroy(&cluster.note_lock);
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int revents)
{
    (void)loop;
    (void)timer;
    (void)revents;
}

static void run_for(unsigned ms)
{
    uint64_t until = tn_clock_us() + ms * UINT64_C(1000);
    ev_timer tick;

    ev_timer_init(&tick, on_tick, 0.001, 0.001);
    ev_timer_start(worker->loop, &tick);
    while (tn_clock_us() < until)
        ev_run(worker->loop, EVRUN_ONCE);
    ev_timer_stop(worker->loop, &tick);
}

/* Until the health is WANTED; false after half a minute at least. */
static bool becomes(enum tn_health wanted)
{
    for (int i = 0; i < 30000 && atomic_load(&cluster.health) != (int)wanted; i++)
        run_for(1);
    return atomic_load(&cluster.health) == (int)wanted;
}

static void check_note(const char *expected)
{
    char note[256];

    tn_cluster_get_note(&cluster, note, sizeof note);
    CU_ASSERT_STRING_EQUAL(note, expected);
}

static void test_up(void)
{
    uint64_t begun_us = tn_clock_us();

    begin();
    tn_prober_watch(prober, &topology);
    CU_ASSERT(becomes(TN_HEALTH_UP));
    check_note("");
    for (int i = 0; i < 30000 && starts < 5; i++)
        run_for(1);
    CU_ASSERT(starts >= 5);
    CU_ASSERT(starts <= 1 + (tn_clock_us() - begun_us) / 16000); /* 20 ms +- 20 %, and what a probe takes */
    for (int i = 0; i < 30000 && tn_pool_idle(pool, &cluster) != 1; i++)
        run_for(1);
    CU_ASSERT_EQUAL(tn_pool_idle(pool, &cluster), 1);
    CU_ASSERT(connects - starts <= 1); /* each logs in anew */
    end();
}

static void test_refused_is_down_at_once(void)
{
    begin();
    tn_prober_watch(prober, &topology);
    CU_ASSERT(becomes(TN_HEALTH_UP));
    mood = REFUSES;
    CU_ASSERT(becomes(TN_HEALTH_DOWN));
    CU_ASSERT_EQUAL(atomic_load(&cluster.probes_failed), 1);
    check_note("connection refused (08001)");
    mood = GOOD;
    CU_ASSERT(becomes(TN_HEALTH_UP));
    check_note("");
    end();
}

static void test_two_failures(void)
{
    unsigned before;

    begin();
    conf.health_interval = 200000; /* no second one between the look at the first and the change of mood */
    tn_prober_watch(prober, &topology);
    CU_ASSERT(becomes(TN_HEALTH_UP));
    mood = QUERY_FAILS;
    while (atomic_load(&cluster.probes_failed) == 0)
        run_for(1);
    CU_ASSERT_EQUAL(atomic_load(&cluster.health), TN_HEALTH_UP);
    mood = GOOD; /* one failure between good ones is nothing */
    before = starts;
    for (int i = 0; i < 30000 && starts < before + 3; i++)
        run_for(1);
    CU_ASSERT_EQUAL(atomic_load(&cluster.health), TN_HEALTH_UP);
    CU_ASSERT_EQUAL(atomic_load(&cluster.probes_failed), 1);
    mood = LOGIN_FAILS;
    CU_ASSERT(becomes(TN_HEALTH_DOWN));
    CU_ASSERT_EQUAL(atomic_load(&cluster.probes_failed), 3);
    check_note("password authentication failed (28P01)");
    end();
}

static void test_never_up(void)
{
    begin();
    mood = LOGIN_FAILS;
    tn_prober_watch(prober, &topology);
    CU_ASSERT(becomes(TN_HEALTH_DOWN));
    CU_ASSERT_EQUAL(atomic_load(&cluster.probes_failed), 1);
    end();
}

static void test_time_out(enum mood hangs)
{
    begin();
    conf.health_timeout = 200000;
    mood = hangs;
    tn_prober_watch(prober, &topology);
    CU_ASSERT(becomes(TN_HEALTH_DOWN));
    check_note("probe took longer than healthCheck.timeout of 0.2 s (57014)");
    CU_ASSERT_EQUAL(cancels, hangs == HANGS_RUNNING ? 1 : 0);
    conf.health_timeout = 20000000;
    mood = GOOD;
    CU_ASSERT(becomes(TN_HEALTH_UP));
    end();
}

static void test_time_outs(void)
{
    test_time_out(HANGS_CONNECTING);
    test_time_out(HANGS_RUNNING);
}

static void test_not_watched(void)
{
    begin();
    conf.health_enabled = false;
    tn_prober_watch(prober, &topology);
    run_for(30);
    conf.health_enabled = true;
    conf.enabled = false;
    tn_prober_watch(prober, &topology);
    run_for(30);
    CU_ASSERT_EQUAL(connects, 0);
    CU_ASSERT_EQUAL(atomic_load(&cluster.health), TN_HEALTH_UNKNOWN);
    end();
}

/* A cluster that is not in the next topology is left alone, in whatever state its probe is. */
static void test_topology_changes(void)
{
    static const enum mood moods[] = {GOOD, HANGS_CONNECTING, HANGS_RUNNING};

    for (size_t i = 0; i < TN_ARRAY_LEN(moods); i++) {
        struct tn_topology empty = {.cluster_count = 0};
        uint64_t           begun_us = tn_clock_us();
        unsigned           before;

        begin();
        mood = moods[i];
        tn_prober_watch(prober, &topology);
        tn_prober_watch(prober, &topology); /* the same again: nothing doubles */
        for (int n = 0; n < 30000 && connects == 0; n++)
            run_for(1);
        CU_ASSERT(connects <= 1 + (tn_clock_us() - begun_us) / 16000);
        tn_prober_watch(prober, &empty);
        run_for(20);
        before = connects;
        run_for(60);
        CU_ASSERT_EQUAL(connects, before);
        CU_ASSERT_EQUAL(connects, disconnects + tn_pool_idle(pool, &cluster));
        mood = GOOD;
        tn_prober_watch(prober, &topology); /* and back */
        CU_ASSERT(becomes(TN_HEALTH_UP));
        end();
    }
}

static void test_free_in_the_middle(void)
{
    static const enum mood moods[] = {HANGS_CONNECTING, HANGS_RUNNING};

    for (size_t i = 0; i < TN_ARRAY_LEN(moods); i++) {
        begin();
        conf.health_timeout = 60000000;
        mood = moods[i];
        tn_prober_watch(prober, &topology);
        run_for(10);
        end();
    }
}

/* A good probe is the trial of a half open breaker, not of an open one; a failed probe is no traffic. */
static void test_breaker(void)
{
    enum tn_breaker_state state;
    uint64_t              opened_us;

    begin();
    mood = QUERY_FAILS;
    tn_prober_watch(prober, &topology);
    CU_ASSERT(becomes(TN_HEALTH_DOWN));
    run_for(60);
    CU_ASSERT_EQUAL(tn_breaker_state(&cluster.breaker, tn_clock_us()), TN_BREAKER_CLOSED);
    mood = GOOD;
    CU_ASSERT(becomes(TN_HEALTH_UP));
    opened_us = tn_clock_us();
    (void)tn_breaker_record(&cluster.breaker, &conf, false, opened_us);
    run_for(50); /* at least two good probes */
    state = tn_breaker_state(&cluster.breaker, tn_clock_us());
    CU_ASSERT(state == TN_BREAKER_OPEN || tn_clock_us() - opened_us >= conf.breaker_backoff);
    for (int i = 0; i < 30000 && tn_breaker_state(&cluster.breaker, tn_clock_us()) != TN_BREAKER_CLOSED; i++)
        run_for(1);
    CU_ASSERT_EQUAL(tn_breaker_state(&cluster.breaker, tn_clock_us()), TN_BREAKER_CLOSED);
    end();
}

static unsigned told;

static void on_granted(struct tn_ticket *ticket)
{
    (void)ticket;
    told++;
}

/* Who waits for a cluster that comes back gets it. */
static void test_kick(void)
{
    struct tn_cluster       *members[2];
    struct tn_cluster        other = {.conf = &conf, .ops = &fake_ops, .max_running = 1};
    struct tn_topology_hooks hooks;
    struct tn_group_conf     group_conf = {.name = TN_STR("g"), .max_queued = 5};
    struct tn_group          group = {.conf = &group_conf, .member_count = 2, .members = members};
    struct tn_ticket         held = {.group = &group}, waits = {.group = &group, .eligible = 3, .granted = on_granted};

    begin();
    told = 0;
    tn_breaker_init(&other.breaker);
    members[0] = &other;
    members[1] = &cluster;
    hooks = tn_admission_hooks(admission);
    group.state = hooks.state_get(hooks.arg, group_conf.name);
    mood = REFUSES;
    tn_prober_watch(prober, &topology);
    CU_ASSERT(becomes(TN_HEALTH_DOWN));
    held.worker = waits.worker = worker;
    CU_ASSERT_EQUAL(tn_admission_enter(admission, &held, &other), TN_OK);
    CU_ASSERT_EQUAL(tn_admission_queue(admission, &waits, 1, NULL), TN_OK);
    run_for(40);
    CU_ASSERT(waits.state == TN_TICKET_QUEUED);
    mood = GOOD;
    CU_ASSERT(becomes(TN_HEALTH_UP));
    run_for(5);
    CU_ASSERT(told == 1 && waits.cluster == &cluster);
    CU_ASSERT(tn_admission_leave(admission, &waits, NULL) && tn_admission_leave(admission, &held, NULL));
    hooks.state_put(hooks.arg, group.state);
    tn_breaker_destroy(&other.breaker);
    end();
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("prober", NULL, NULL)) == NULL)
        return 1;
    tn_log_configure(TN_LOG_ERROR, TN_LOG_FORMAT_TEXT);
    CU_ADD_TEST(suite, test_up);
    CU_ADD_TEST(suite, test_refused_is_down_at_once);
    CU_ADD_TEST(suite, test_two_failures);
    CU_ADD_TEST(suite, test_never_up);
    CU_ADD_TEST(suite, test_time_outs);
    CU_ADD_TEST(suite, test_not_watched);
    CU_ADD_TEST(suite, test_topology_changes);
    CU_ADD_TEST(suite, test_free_in_the_middle);
    CU_ADD_TEST(suite, test_breaker);
    CU_ADD_TEST(suite, test_kick);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

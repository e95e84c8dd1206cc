/* The pool over an engine of this test's own, that connects when it is told to. */
#include "engine/pool.h"

#include "tests/unit/harness.h"

static struct tn_test_env     env;
static struct tn_conn        *connecting; /* the last one asked for */
static unsigned               alive;
static bool                   reset_ok = true;
static unsigned               resets;
static struct tn_cluster_conf conf = {
    .name = {"manual", 6}, .pool_size = 3, .pool_idle_timeout = 200000, .connect_timeout = 100000, .enabled = true};

static struct tn_conn *manual_connect(struct tn_cluster *cluster, struct tn_worker *worker,
                                      void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner)
{
    struct tn_conn *conn = tn_calloc(1, sizeof *conn);

    if (conn == NULL)
        return NULL;
    tn_conn_init(conn, cluster, worker, connected, owner);
    connecting = conn;
    alive++;
    return conn;
}

static void manual_disconnect(struct tn_conn *conn)
{
    tn_list_remove(&conn->node);
    tn_cluster_unref(conn->cluster);
    tn_free(conn);
    alive--;
}

static bool manual_reset(struct tn_conn *conn)
{
    (void)conn;
    resets++;
    return reset_ok;
}

static const struct tn_engine_ops manual = {
    .name = "manual", .connect = manual_connect, .disconnect = manual_disconnect, .reset = manual_reset};

static struct tn_cluster *new_cluster(void)
{
    struct tn_cluster *cluster = tn_calloc(1, sizeof *cluster);

    cluster->refs = 1;
    cluster->conf = &conf;
    cluster->ops = &manual;
    tn_breaker_init(&cluster->breaker);
    pthread_mutex_init(&cluster->note_lock, NULL);
    return cluster;
}

struct asked {
    struct tn_pool_wait wait;
    bool                called;
    struct tn_conn     *conn;
    struct tn_error     err;
};

static void on_ready(struct tn_pool_wait *wait, struct tn_conn *conn, const struct tn_error *err)
{
    struct asked *asked = wait->owner;

    asked->called = true;
    asked->conn = conn;
    if (err != NULL)
        asked->err = *err;
}

static struct tn_conn *ask(struct tn_pool *pool, struct tn_cluster *cluster, uint64_t hash, struct asked *asked)
{
    *asked = (struct asked){.called = false};
    asked->wait.ready = on_ready;
    asked->wait.owner = asked;
    return tn_pool_acquire(pool, cluster, hash, &asked->wait);
}

static struct tn_conn *must_connect(struct tn_pool *pool, struct tn_cluster *cluster)
{
    struct asked asked;

    CU_ASSERT_PTR_NULL_FATAL(ask(pool, cluster, 0, &asked));
    CU_ASSERT_FALSE(asked.called);
    connecting->state = TN_CONN_IDLE;
    connecting->connected(connecting, NULL, connecting->owner);
    CU_ASSERT_TRUE(asked.called);
    CU_ASSERT_EQUAL(asked.conn, connecting);
    return asked.conn;
}

static struct tn_pool *new_pool(void)
{
    struct tn_pool *pool;

    CU_ASSERT_EQUAL_FATAL(tn_pool_new(&pool, env.worker, NULL), TN_OK);
    return pool;
}

static void end_test(struct tn_pool *pool, struct tn_cluster *cluster)
{
    tn_pool_free(pool);
    CU_ASSERT_EQUAL(alive, 0);
    CU_ASSERT_EQUAL(cluster->refs, 1);
    tn_cluster_unref(cluster);
}

static void test_reuse(void)
{
    struct tn_pool    *pool = new_pool();
    struct tn_cluster *one = new_cluster(), *two = new_cluster();
    struct tn_conn    *a = must_connect(pool, one), *b = must_connect(pool, one), *c = must_connect(pool, two);
    struct asked       asked;

    CU_ASSERT_EQUAL(tn_pool_idle(pool, one), 0);
    a->settings_hash = 77;
    tn_pool_release(pool, a);
    tn_pool_release(pool, b);
    tn_pool_release(pool, c);
    CU_ASSERT_EQUAL(tn_pool_idle(pool, one), 2);
    CU_ASSERT_EQUAL(ask(pool, one, 77, &asked), a); /* the one with these settings */
    tn_pool_release(pool, a);
    CU_ASSERT_EQUAL(ask(pool, one, 5, &asked), a);  /* else the most recent one */
    CU_ASSERT_EQUAL(ask(pool, one, 77, &asked), b);
    CU_ASSERT_FALSE(asked.called);
    CU_ASSERT_EQUAL(ask(pool, two, 0, &asked), c);
    tn_pool_release(pool, a);
    tn_pool_release(pool, b);
    tn_pool_release(pool, c);
    end_test(pool, one);
    tn_cluster_unref(two);
}

static void test_release(void)
{
    struct tn_pool    *pool = new_pool();
    struct tn_cluster *cluster = new_cluster();
    struct tn_conn    *conns[4];

    for (int i = 0; i < 4; i++)
        conns[i] = must_connect(pool, cluster);
    conns[0]->dirty = true;
    conns[0]->settings_hash = 9;
    resets = 0;
    tn_pool_release(pool, conns[0]);
    CU_ASSERT_EQUAL(resets, 1);
    CU_ASSERT_FALSE(conns[0]->dirty);
    CU_ASSERT_EQUAL(conns[0]->settings_hash, 0);
    reset_ok = false;
    conns[1]->dirty = true;
    tn_pool_release(pool, conns[1]); /* cannot be cleaned: ended */
    reset_ok = true;
    CU_ASSERT_EQUAL(alive, 3);
    conns[2]->state = TN_CONN_BROKEN;
    tn_pool_release(pool, conns[2]);
    CU_ASSERT_EQUAL(alive, 2);
    CU_ASSERT_EQUAL(tn_pool_idle(pool, cluster), 1);
    atomic_store(&cluster->removed, true);
    tn_pool_release(pool, conns[3]);
    CU_ASSERT_EQUAL(alive, 1);
    tn_pool_sweep(pool); /* after a reload */
    CU_ASSERT_EQUAL(alive, 0);
    end_test(pool, cluster);
}

static void test_limits(void)
{
    struct tn_pool    *pool = new_pool();
    struct tn_cluster *cluster = new_cluster();
    struct tn_conn    *conns[5];
    struct asked       asked;

    for (int i = 0; i < 5; i++)
        conns[i] = must_connect(pool, cluster);
    for (int i = 0; i < 5; i++)
        tn_pool_release(pool, conns[i]);
    CU_ASSERT_EQUAL(tn_pool_idle(pool, cluster), 3); /* poolSize */
    CU_ASSERT_EQUAL(alive, 3);
    conns[2]->state = TN_CONN_BROKEN; /* its server went away while it was idle */
    CU_ASSERT_EQUAL(ask(pool, cluster, 0, &asked), conns[1]);
    tn_pool_release(pool, conns[1]);
    TN_TEST_WAIT(&env, alive == 0); /* poolIdleTimeout, looked at once a second */
    end_test(pool, cluster);
}

static void test_failures(void)
{
    struct tn_pool    *pool = new_pool();
    struct tn_cluster *cluster = new_cluster();
    struct tn_error    err = TN_ERROR_INIT;
    struct asked       asked;
    uint64_t           start = tn_clock_us();

    CU_ASSERT_PTR_NULL(ask(pool, cluster, 0, &asked)); /* refused */
    (void)tn_fail(&err, TN_E_CONNECTION, "08001", "refused");
    connecting->state = TN_CONN_BROKEN;
    connecting->connected(connecting, &err, connecting->owner);
    CU_ASSERT_TRUE(asked.called);
    CU_ASSERT_PTR_NULL(asked.conn);
    CU_ASSERT_STRING_EQUAL(asked.err.message, "refused");
    CU_ASSERT_EQUAL(alive, 0);
    CU_ASSERT_PTR_NULL(ask(pool, cluster, 0, &asked)); /* no answer */
    CU_ASSERT(tn_test_until(&env, &asked.called, 60000));
    CU_ASSERT(tn_clock_us() - start >= 90000);
    CU_ASSERT_PTR_NULL(asked.conn);
    CU_ASSERT_EQUAL(asked.err.status, TN_E_TIMEOUT);
    CU_ASSERT_EQUAL(asked.err.fault, TN_FAULT_ENGINE);
    CU_ASSERT_PTR_NOT_NULL(strstr(asked.err.message, "manual"));
    CU_ASSERT_EQUAL(alive, 0);
    CU_ASSERT_PTR_NULL(ask(pool, cluster, 0, &asked)); /* given up */
    tn_pool_abandon(&asked.wait);
    tn_test_sleep(&env, 150);
    CU_ASSERT_FALSE(asked.called);
    CU_ASSERT_EQUAL(alive, 0);
    tn_alloc_fail_after(0);
    CU_ASSERT_PTR_NULL(ask(pool, cluster, 0, &asked)); /* no memory: told later all the same */
    tn_alloc_fail_never();
    CU_ASSERT_FALSE(asked.called);
    CU_ASSERT(tn_test_until(&env, &asked.called, 60000));
    CU_ASSERT_EQUAL(asked.err.status, TN_E_NOMEM);
    tn_alloc_fail_after(0);
    CU_ASSERT_PTR_NULL(ask(pool, cluster, 0, &asked));
    tn_pool_abandon(&asked.wait);
    tn_alloc_fail_never();
    end_test(pool, cluster);
}

static void test_no_memory_for_idle(void)
{
    struct tn_pool    *pool = new_pool();
    struct tn_cluster *cluster = new_cluster();
    struct tn_conn    *conn = must_connect(pool, cluster);

    tn_alloc_fail_after(0);
    tn_pool_release(pool, conn); /* ended instead of kept */
    tn_alloc_fail_never();
    CU_ASSERT_EQUAL(alive, 0);
    end_test(pool, cluster);
}

static int set_up(void)
{
    tn_test_env_init(&env);
    return 0;
}

static int tear_down(void)
{
    tn_test_env_free(&env);
    return 0;
}

int main(void)
{
    unsigned  failures;
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("pool", set_up, tear_down);
    CU_add_test(suite, "reuse", test_reuse);
    CU_add_test(suite, "release", test_release);
    CU_add_test(suite, "limits", test_limits);
    CU_add_test(suite, "failures", test_failures);
    CU_add_test(suite, "no memory for an idle one", test_no_memory_for_idle);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
    CU_cleanup_registry();
    return failures > 0;
}

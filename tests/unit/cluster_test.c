#include "engine/cluster.h"

#include "tests/unit/harness.h"

static void test_life(void)
{
    struct tn_cluster *a = tn_test_cluster("engine: sqlite, maxRunningQueries: 3");
    struct tn_cluster *b = tn_test_cluster("engine: sqlite");

    CU_ASSERT(a->id != b->id && a->id != 0);
    CU_ASSERT_EQUAL(a->max_running, 3);
    CU_ASSERT_EQUAL(b->max_running, b->ops->default_max_running);
    CU_ASSERT_EQUAL(a->ops, tn_engine_find(TN_CFG_ENGINE_SQLITE));
    CU_ASSERT_EQUAL(a->refs, 1);
    CU_ASSERT_EQUAL(tn_cluster_ref(a), a);
    CU_ASSERT_EQUAL(a->refs, 2);
    tn_cluster_unref(a);
    tn_cluster_unref(a);
    tn_cluster_unref(b);
    tn_cluster_unref(NULL);
}

static void test_engines(void)
{
    CU_ASSERT_PTR_NULL(tn_engine_find(TN_CFG_ENGINE_UNSET));
    CU_ASSERT_STRING_EQUAL(tn_engine_find(TN_CFG_ENGINE_SQLITE)->name, "sqlite");
    CU_ASSERT_STRING_EQUAL(tn_engine_find(TN_CFG_ENGINE_DUCKDB)->name, "duckDb");
    CU_ASSERT_STRING_EQUAL(tn_engine_find(TN_CFG_ENGINE_POSTGRES)->name, "postgres");
}

static void test_refused(void)
{
    struct tn_error    err = TN_ERROR_INIT;
    struct tn_cluster *cluster = tn_test_open("engine: sqlite, readOnly: true, databasePath: /no/such/file.db", &err);

    CU_ASSERT_PTR_NULL(cluster);
    CU_ASSERT_EQUAL(strncmp(err.message, "cluster c1: ", 12), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "/no/such/file.db"));
    CU_ASSERT_PTR_NULL(tn_test_open("engine: sqlite, readOnly: true, databasePath: /no/such/file.db", NULL));
    /* A disabled cluster's file may be missing. */
    cluster = tn_test_open("engine: sqlite, enabled: false, readOnly: true, databasePath: /no/such/file.db", &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(cluster);
    CU_ASSERT_FALSE(cluster->opened);
    CU_ASSERT_EQUAL(tn_cluster_usable(cluster, 1), TN_USABLE_DISABLED);
    tn_cluster_unref(cluster);
}

static void test_usable(void)
{
    struct tn_cluster *c = tn_test_cluster("engine: sqlite, circuitBreaker: { consecutiveFailures: 2 }");
    uint64_t           now = 1000000000;

    CU_ASSERT_EQUAL(tn_cluster_usable(c, now), TN_USABLE_OK); /* health not known yet */
    atomic_store(&c->health, TN_HEALTH_UP);
    CU_ASSERT_EQUAL(tn_cluster_usable(c, now), TN_USABLE_OK);
    while (!tn_breaker_record(&c->breaker, c->conf, false, now))
        ;
    CU_ASSERT_EQUAL(tn_cluster_usable(c, now), TN_USABLE_BREAKER);
    CU_ASSERT_EQUAL(tn_cluster_look(c, now), TN_USABLE_BREAKER);
    now = c->breaker.open_until_us;
    CU_ASSERT_EQUAL(tn_cluster_look(c, now), TN_USABLE_OK); /* looking uses up no trial */
    CU_ASSERT_EQUAL(tn_cluster_look(c, now), TN_USABLE_OK);
    CU_ASSERT_EQUAL(tn_cluster_usable(c, now), TN_USABLE_OK);
    CU_ASSERT_EQUAL(tn_cluster_usable(c, now), TN_USABLE_BREAKER);
    atomic_store(&c->health, TN_HEALTH_DOWN);
    CU_ASSERT_EQUAL(tn_cluster_usable(c, now), TN_USABLE_DOWN);
    atomic_store(&c->maintenance, true);
    CU_ASSERT_EQUAL(tn_cluster_usable(c, now), TN_USABLE_MAINTENANCE);
    atomic_store(&c->removed, true);
    CU_ASSERT_EQUAL(tn_cluster_usable(c, now), TN_USABLE_REMOVED);
    for (int usable = TN_USABLE_OK; usable <= TN_USABLE_BREAKER; usable++)
        CU_ASSERT(strlen(tn_usable_text((enum tn_usable)usable)) > 3);
    tn_cluster_unref(c);
}

static void test_note(void)
{
    struct tn_cluster *c = tn_test_cluster("engine: sqlite");
    char               text[300], longer[400];

    tn_cluster_get_note(c, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "");
    tn_cluster_note(c, "connection refused");
    tn_cluster_get_note(c, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "connection refused");
    tn_cluster_get_note(c, text, 5);
    CU_ASSERT_STRING_EQUAL(text, "conn");
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    tn_cluster_note(c, longer);
    tn_cluster_get_note(c, text, sizeof text);
    CU_ASSERT_EQUAL(strlen(text), sizeof c->note - 1);
    tn_cluster_unref(c);
}

/* Closing may block, so it is not done on a worker's thread. */
struct end {
    struct tn_message    message;
    struct tn_cluster   *cluster;
    struct tn_engine_ops ops;
    bool                 on_worker, closed, closed_on_worker;
};

static struct end end;

static void note_close(struct tn_cluster *cluster)
{
    end.closed = true;
    end.closed_on_worker = tn_worker_is_here();
    tn_engine_find(TN_CFG_ENGINE_SQLITE)->close(cluster);
}

static void unref_there(struct tn_message *message, struct tn_worker *worker)
{
    (void)message;
    (void)worker;
    end.on_worker = tn_worker_is_here();
    tn_cluster_unref(end.cluster);
}

static void test_end_on_worker(void)
{
    struct tn_worker  *worker;
    struct tn_offload *pool;

    CU_ASSERT_FALSE(tn_worker_is_here());
    CU_ASSERT_EQUAL_FATAL(tn_offload_new(&pool, 2, NULL), TN_OK);
    CU_ASSERT_EQUAL_FATAL(tn_worker_new(&worker, 0, NULL), TN_OK);
    tn_blocking_use(pool);
    end = (struct end){.message = {.run = unref_there}, .cluster = tn_test_cluster("engine: sqlite")};
    end.ops = *end.cluster->ops;
    end.ops.close = note_close;
    end.cluster->ops = &end.ops;
    CU_ASSERT_EQUAL_FATAL(tn_worker_start(worker, NULL), TN_OK);
    tn_worker_post(worker, &end.message);
    tn_worker_stop(worker);
    tn_worker_join(worker);
    tn_offload_free(pool);
    tn_blocking_use(NULL);
    tn_worker_free(worker);
    CU_ASSERT(end.on_worker);
    CU_ASSERT(end.closed);
    CU_ASSERT_FALSE(end.closed_on_worker);
}

int main(void)
{
    unsigned  failures;
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("cluster", NULL, NULL);
    CU_add_test(suite, "life", test_life);
    CU_add_test(suite, "engines", test_engines);
    CU_add_test(suite, "refused", test_refused);
    CU_add_test(suite, "usable", test_usable);
    CU_add_test(suite, "note", test_note);
    CU_add_test(suite, "end_on_worker", test_end_on_worker);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

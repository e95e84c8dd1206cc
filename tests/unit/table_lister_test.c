/* Questions about columns: to a real SQLite, and to an engine that does not answer. */
#include "engine/table_lister.h"

#include "tests/unit/harness.h"

#include <unistd.h>

static struct tn_test_env     env;
static struct tn_counters     counters;
static struct tn_table_types *types;
static struct tn_pool        *pool;
static struct tn_features     features;
static char                   path[] = "/tmp/tn-lister-XXXXXX";

static const struct tn_features *of(const char *sql)
{
    tn_features_read(&features, tn_str(sql), TN_DIALECT_POSTGRES);
    return &features;
}

struct asked {
    struct tn_table_wait wait;
    unsigned             told;
};

static void on_told(struct tn_table_wait *wait)
{
    TN_CONTAINER_OF(wait, struct asked, wait)->told++;
}

static bool ask(struct tn_table_lister *lister, struct tn_cluster *cluster, const char *sql, struct asked *asked)
{
    asked->told = 0;
    asked->wait.done = on_told;
    return tn_table_lister_ask(lister, cluster, of(sql), &asked->wait);
}

static void wait_for(const struct asked *asked)
{
    uint64_t until = tn_clock_us() + 60000000;

    while (asked->told == 0 && tn_clock_us() < until)
        ev_run(env.worker->loop, EVRUN_ONCE);
}

static struct tn_table_known look(const struct tn_cluster *cluster, const char *sql)
{
    struct tn_table_known known;

    tn_table_types_look(types, cluster->id, of(sql), 1000000000, tn_clock_us(), &known);
    return known;
}

static uint64_t counted(enum tn_counter counter)
{
    return atomic_load(&counters.values[counter]);
}

static struct tn_cluster *sqlite(const char *file)
{
    char yaml[256];

    snprintf(yaml, sizeof yaml, "engine: sqlite, databasePath: %s", file);
    return tn_test_cluster(yaml);
}

static void test_asks(void)
{
    struct tn_table_lister *lister = tn_table_lister_new(env.worker, pool, types, &counters);
    struct tn_cluster      *cluster = sqlite(path);
    struct tn_conn         *conn = tn_test_connect(&env, cluster, NULL);
    struct asked            first, second, gone;
    struct tn_buf           rows;

    free(tn_test_sql(&env, conn, "CREATE TABLE t (a integer, \"B c\" date)"));
    cluster->ops->disconnect(conn);
    CU_ASSERT(ask(lister, cluster, "SELECT a FROM t", &first));
    CU_ASSERT(ask(lister, cluster, "SELECT 1 FROM t WHERE a > 1", &second)); /* the same tables: it waits for the first */
    CU_ASSERT(ask(lister, cluster, "SELECT a FROM t", &gone));
    tn_table_lister_leave(&gone.wait);
    CU_ASSERT(first.told == 0 && look(cluster, "SELECT a FROM t").missing);
    wait_for(&second);
    CU_ASSERT(first.told == 1 && second.told == 1 && gone.told == 0);
    CU_ASSERT_EQUAL(counted(TN_COUNTER_column_types_asked), 1);
    CU_ASSERT_EQUAL(counted(TN_COUNTER_column_types_failed), 0);
    CU_ASSERT_EQUAL(tn_pool_idle(pool, cluster), 1); /* the query that waited has a warm connection */
    tn_buf_init(&rows, 1 << 20);
    CU_ASSERT_NOT_EQUAL(tn_table_types_rows(types, cluster->id, of("SELECT a FROM T"), &rows), 0);
    CU_ASSERT(tn_str_ieq(tn_buf_str(&rows), TN_STR("t\x1f" "a\x1f" "integer\nt\x1f" "B c\x1f" "date\n")));
    tn_buf_reset(&rows);
    tn_table_lister_free(lister);
    tn_pool_free(pool);
    CU_ASSERT_EQUAL(tn_pool_new(&pool, env.worker, NULL), TN_OK);
    tn_cluster_unref(cluster);
}

/* ---- an engine that says nothing, or that it is not there ---- */

static unsigned alive;
static bool     refuses;

struct mute_conn {
    struct tn_conn    base;
    struct tn_message message;
};

static void on_message(struct tn_message *message, struct tn_worker *worker)
{
    struct mute_conn *c = TN_CONTAINER_OF(message, struct mute_conn, message);
    struct tn_error   err = TN_ERROR_INIT;

    (void)worker;
    c->base.state = TN_CONN_BROKEN;
    tn_fail(&err, TN_E_CONNECTION, "08001", "refused");
    c->base.connected(&c->base, &err, c->base.owner);
}

static struct tn_conn *mute_connect(struct tn_cluster *cluster, struct tn_worker *worker, void (*connected)(struct tn_conn *, const struct tn_error *, void *), void *owner)
{
    struct mute_conn *c = tn_calloc(1, sizeof *c);

    tn_conn_init(&c->base, cluster, worker, connected, owner);
    c->message.run = on_message;
    alive++;
    if (refuses)
        tn_worker_post(worker, &c->message);
    return &c->base;
}

static void mute_disconnect(struct tn_conn *conn)
{
    tn_cluster_unref(conn->cluster);
    tn_free(TN_CONTAINER_OF(conn, struct mute_conn, base));
    alive--;
}

static const struct tn_engine_ops mute = {.name = "mute", .connect = mute_connect, .disconnect = mute_disconnect};

static struct tn_cluster *mute_cluster(void)
{
    static struct tn_cluster_conf conf = {.name = {"mute", 4}, .engine = TN_CFG_ENGINE_POSTGRES, .pool_size = 1, .pool_idle_timeout = 1000000, .connect_timeout = 60000000};
    struct tn_cluster            *cluster = tn_calloc(1, sizeof *cluster);

    cluster->refs = 1;
    cluster->id = 1000;
    cluster->conf = &conf;
    cluster->ops = &mute;
    pthread_mutex_init(&cluster->note_lock, NULL);
    return cluster;
}

static void test_no_answer(void)
{
    struct tn_table_lister *lister = tn_table_lister_new(env.worker, pool, types, &counters);
    struct tn_cluster      *cluster = mute_cluster();
    uint64_t                failed = counted(TN_COUNTER_column_types_failed);
    struct asked            asked;

    refuses = true;
    CU_ASSERT(ask(lister, cluster, "SELECT a FROM t", &asked));
    wait_for(&asked);
    CU_ASSERT_EQUAL(asked.told, 1);
    CU_ASSERT_EQUAL(alive, 0);
    CU_ASSERT_EQUAL(counted(TN_COUNTER_column_types_failed), failed + 1);
    CU_ASSERT(!look(cluster, "SELECT a FROM t").missing); /* nobody waits for it again now */
    CU_ASSERT_EQUAL(look(cluster, "SELECT a FROM t").hash, 0);
    refuses = false;
    CU_ASSERT(ask(lister, cluster, "SELECT a FROM u", &asked));
    for (int i = 0; i < 50 && alive == 0; i++)
        ev_run(env.worker->loop, EVRUN_ONCE);
    CU_ASSERT_EQUAL(alive, 1);
    tn_table_lister_free(lister); /* who still waits is told, and what was begun is ended */
    CU_ASSERT(asked.told == 1 && alive == 0);
    tn_worker_run_messages(env.worker);
    tn_cluster_unref(cluster);
}

static void test_cannot_be_asked(void)
{
    struct tn_table_lister *lister = tn_table_lister_new(env.worker, pool, types, &counters);
    struct tn_cluster      *cluster = mute_cluster();
    struct asked            asked;

    CU_ASSERT(!ask(lister, cluster, "SELECT a FROM \"quo'te\"", &asked));
    CU_ASSERT(!look(cluster, "SELECT a FROM \"quo'te\"").missing);
    tn_table_lister_free(lister);
    tn_cluster_unref(cluster);
}

static int set_up(void)
{
    int fd = mkstemp(path);

    tn_test_env_init(&env);
    types = tn_table_types_new();
    return fd < 0 || close(fd) != 0 || types == NULL || tn_pool_new(&pool, env.worker, NULL) != TN_OK;
}

static int tear_down(void)
{
    tn_pool_free(pool);
    tn_table_types_free(types);
    tn_test_env_free(&env);
    return unlink(path);
}

int main(void)
{
    unsigned  failures;
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("table lister", set_up, tear_down);
    CU_add_test(suite, "asks once for all", test_asks);
    CU_add_test(suite, "no answer", test_no_answer);
    CU_add_test(suite, "cannot be asked", test_cannot_be_asked);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
    CU_cleanup_registry();
    return failures > 0;
}

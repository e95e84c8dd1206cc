/* store_faults_test.c - whatever happens to the program, the disk or the file: no figure is lost for long, none is wrong. */
#include "full_disk.h"
#include "store_fixture.h"

/* Rows that nobody wrote: left out, no harm. */
static void test_damaged_rows(void)
{
    struct tn_rand   rand = {.state = 1};
    struct tn_store *store;

    fresh_path("damaged");
    store = open_store(1000);
    name_clusters(store, 3);
    for (uint64_t i = 1; i <= 300; i++)
        learn(store, i, 3);
    tn_store_close(store);
    for (int i = 0; i < 200; i++) {
        char sql[200];

        snprintf(sql, sizeof sql, "UPDATE shape SET %s = randomblob(%u) WHERE id = %u", i % 10 == 0 ? "key" : "cells",
                 (unsigned)tn_rand_below(&rand, 100), i + 1);
        run_sql(sql);
        if (i % 3 == 0) { /* a valid version before noise */
            snprintf(sql, sizeof sql, "UPDATE shape SET cells = CAST(x'01' || randomblob(%u) AS BLOB) WHERE id = %u",
                     (unsigned)tn_rand_below(&rand, 200), i + 1);
            run_sql(sql);
        }
    }
    store = open_store(1000);
    CU_ASSERT(counts(store).shapes >= 280);
    CU_ASSERT_TRUE(same(store, 250, 3));
    tn_store_close(store);
}

/* ---- disks ---- */

static void test_locked(void)
{
    struct tn_store *store;
    sqlite3         *db;

    fresh_path("locked");
    store = open_store(1000);
    name_clusters(store, 1);
    tn_store_flush(store);
    CU_ASSERT_EQUAL(sqlite3_open(path, &db), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    learn(store, 1, 1);
    tn_store_flush(store);
    CU_ASSERT(counts(store).flush_failures > 0);
    CU_ASSERT_EQUAL(counts(store).dirty, 1);
    CU_ASSERT_TRUE(same(store, 1, 1));
    CU_ASSERT_EQUAL(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    tn_store_flush(store);
    CU_ASSERT_EQUAL(counts(store).dirty, 0);
    tn_store_close(store);
    CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM text"), 1); /* not lost with the first attempt */
}

/* Removed (alone, or with what lies beside it), replaced by an older one of ours, by another program's: seen with the next flush, and what
 * was only in the file (texts) is there again. */
static void test_removed(void)
{
    char             name[sizeof path];
    struct tn_store *store;
    FILE            *file;

    fresh_path("older");
    snprintf(name, sizeof name, "%s", path);
    store = open_store(1000);
    learn(store, 999, 1);
    tn_store_close(store);
    fresh_path("removed");
    store = open_told(1000);
    name_clusters(store, 1);
    for (uint64_t i = 1; i <= 50; i++)
        learn(store, i, 1);
    tn_store_flush(store);
    for (uint64_t round = 0; round < 3; round++) {
        char beside[sizeof path + 8];

        CU_ASSERT_EQUAL(round < 2 ? unlink(path) : rename(name, path), 0);
        for (size_t i = 0; round == 1 && i < 2; i++) {
            snprintf(beside, sizeof beside, "%s%s", path, (const char *const[]){"-wal", "-shm"}[i]);
            CU_ASSERT_EQUAL(unlink(beside), 0);
        }
        learn(store, 51 + round, 1);
        tn_store_flush(store);
        CU_ASSERT_EQUAL(counts(store).files_lost, round + 1);
        CU_ASSERT_EQUAL(counts(store).flush_failures, 0);
        CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM shape"), (int64_t)(51 + round));
        CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM text"), (int64_t)(51 + round));
    }
    CU_ASSERT_EQUAL(unlink(path), 0);
    file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    for (int i = 0; i < 40; i++)
        fputs("somebody's letters\n", file);
    fclose(file);
    learn(store, 54, 1);
    tn_store_flush(store);
    tn_store_flush(store);
    CU_ASSERT_EQUAL(counts(store).flush_failures, 2);
    CU_ASSERT_EQUAL(counts(store).files_lost, 3);
    CU_ASSERT_EQUAL(unlink(path), 0); /* it is still what was written there */
    tn_store_close(store);
    CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM text"), 54);
    store = open_store(1000);
    CU_ASSERT_EQUAL(counts(store).shapes, 54);
    tn_store_close(store);
}

/* The file cannot be read when the program begins: it learns, and later both are one. */
static void test_locked_at_start(void)
{
    struct tn_store *store;
    sqlite3         *db;

    fresh_path("late");
    store = open_store(1000);
    CU_ASSERT_EQUAL(tn_store_cluster(store, TN_STR("x"), NULL, 0, 7), 0);
    CU_ASSERT_EQUAL(tn_store_cluster(store, TN_STR("c0"), NULL, 0, 7), 1);
    for (uint64_t i = 1; i <= 100; i++) {
        struct tn_belief       belief = belief_of(i, 0);
        struct tn_shape_entry *entry = get(store, i, true);

        entry->visits = 10;
        tn_cell_store(tn_store_cell(store, entry, 1, true), &belief);
        tn_store_release(store, entry, true);
    }
    tn_store_close(store);
    CU_ASSERT_EQUAL(sqlite3_open(path, &db), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    store = open_told(1000);
    CU_ASSERT_EQUAL(counts(store).flush_failures, 1);
    CU_ASSERT_EQUAL(counts(store).shapes, 0);
    name_clusters(store, 2); /* c0 is number 0 here, 2 in the file */
    for (uint64_t i = 51; i <= 150; i++) {
        struct tn_belief       belief = belief_of(i, 0);
        struct tn_shape_entry *entry = get(store, i, true);

        entry->visits = 1;
        tn_cell_store(tn_store_cell(store, entry, 0, true), &belief);
        tn_store_release(store, entry, true);
    }
    tn_store_flush(store);
    CU_ASSERT_EQUAL(counts(store).flush_failures > 1, true);
    CU_ASSERT_EQUAL(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    tn_store_flush(store);
    for (int round = 0; round < 2; round++) {
        CU_ASSERT_EQUAL(counts(store).shapes, 150);
        for (uint64_t i = 1; i <= 150; i++) {
            struct tn_shape_entry *entry = get(store, i, false);

            CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
            CU_ASSERT_EQUAL(entry->visits, (i <= 100 ? 10u : 0u) + (i > 50 ? 1u : 0u));
            CU_ASSERT(entry->id < 1000);
            tn_store_release(store, entry, false);
            CU_ASSERT_EQUAL(look(store, i, round == 0 ? 0 : tn_store_cluster_find(store, TN_STR("c0"))).n,
                            TN_MIN((i > 50 && i <= 100 ? 2 : 1) * (i % 40 + 1), round == 0 ? 1000 : 50));
        }
        tn_store_close(store);
        CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM shape"), 150);
        CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM text"), 150);
        store = open_store(1000);
    }
    tn_store_close(store);
}

static int fill_disk(void)
{
    struct tn_store *store = open_store(200);
    int              log_fd = full_disk_begin(path);

    name_clusters(store, 3);
    tn_store_flush(store);
    limit_files(2048); /* less than the WAL needs */
    for (uint64_t i = 1; i <= 1000; i++) {
        struct tn_shape_entry *entry = get(store, i, true);

        if (entry == NULL)
            return 1;
        tn_store_release(store, entry, false);
        learn(store, i, 3);
        if (i % 250 == 0)
            tn_store_flush(store);
    }
    if (counts(store).flush_failures < 4 || counts(store).flushed > 0 || !same(store, 1000, 3))
        return 2;
    limit_files(RLIM_INFINITY);
    tn_store_flush(store);
    if (counts(store).dirty > 0)
        return 3;
    tn_store_close(store);
    if (!full_disk_told(log_fd, "statistics cannot be written", "statistics are written again"))
        return 4;
    return ask_sql("SELECT (SELECT count(*) FROM shape) + (SELECT count(*) FROM cold)") == 1000 ? 0 : 5;
}

static void test_disk_full(void)
{
    int   status = -1;
    pid_t child;

    fresh_path("full");
    child = fork();
    if (child == 0)
        _exit(fill_disk());
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        fprintf(stderr, "disk full: step %d\n", WEXITSTATUS(status));
    CU_ASSERT_TRUE(is_sound());
}

/* ---- kill -9 ---- */

/* For ever: one more visit to each of a few thousand shapes, more than fit, the time of it in the cell. */
static void learn_forever(void)
{
    struct tn_store_options o = options(1500);
    struct tn_store        *store;
    struct tn_rand          rand = {.state = tn_clock_wall_us()};
    struct timespec         pause = {.tv_nsec = 300000};

    o.flush_us = 2000000; /* as a server does */
    store = open_with(&o);
    name_clusters(store, 3);
    for (;;) {
        struct tn_shape_entry *entry = get(store, 1 + tn_rand_below(&rand, 3000), true);

        if (entry != NULL) {
            struct tn_cell *cell = tn_store_cell(store, entry, (unsigned)tn_rand_below(&rand, 3), true);

            entry->visits++;
            cell->n++;
            cell->last = (uint16_t)(tn_clock_wall_us() / 10000); /* hundredths of a second */
            tn_store_release(store, entry, true);
        }
        entry = get(store, 1000000, true); /* the one that is looked at afterwards: when was it last seen? */
        if (entry != NULL) {
            uint64_t now_us = tn_clock_wall_us();

            entry->text32 = (uint32_t)(now_us / 1000);
            entry->visits = 20;
            tn_store_release(store, entry, true);
        }
        nanosleep(&pause, NULL);
    }
}

static const char newest_sql[] = "SELECT text32 FROM shape WHERE visits >= 20 AND id IN (SELECT id FROM shape ORDER BY text32 DESC LIMIT 1)";

/* Until something that was learned after SINCE_MS is in the file. */
static void wait_learning(uint32_t since_ms)
{
    struct timespec pause = {.tv_nsec = 50000000};

    for (int i = 0; i < 1200; i++) {
        int64_t newest = access(path, R_OK) == 0 && ask_sql("SELECT count(*) FROM sqlite_master WHERE name = 'shape'") == 1 ? ask_sql(newest_sql) : -1;

        if (newest >= 0 && (uint32_t)newest - since_ms < 600000)
            return;
        nanosleep(&pause, NULL);
    }
    CU_FAIL("nothing was written");
}

/* (adaptive G8, 9) TURNOUT_KILLS=50 for the whole proof: fewer here, or the tests would take minutes. */
static void test_kill(void)
{
    const char     *rounds = getenv("TURNOUT_KILLS");
    unsigned        kills = rounds == NULL ? 3 : (unsigned)strtoul(rounds, NULL, 10);
    struct tn_rand  rand = {.state = tn_clock_wall_us()};
    uint32_t        worst_ms = 0, least_ms = UINT32_MAX;
    int             status;

    fresh_path("kill");
    for (unsigned round = 0; round < kills || (rounds == NULL && round < 6 && least_ms > 2000); round++) {
        struct timespec pause = {.tv_sec = 1, .tv_nsec = (long)tn_rand_below(&rand, 1000000000)};
        uint32_t        started_ms = (uint32_t)(tn_clock_wall_us() / 1000), killed_ms, lost_ms;
        pid_t           child = fork();

        if (child == 0)
            learn_forever();
        wait_learning(started_ms);
        nanosleep(&pause, NULL);
        killed_ms = (uint32_t)(tn_clock_wall_us() / 1000);
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        lost_ms = killed_ms - (uint32_t)ask_sql(newest_sql);
        worst_ms = TN_MAX(worst_ms, lost_ms);
        least_ms = TN_MIN(least_ms, lost_ms);
        CU_ASSERT(lost_ms <= (rounds == NULL ? 30000u : 2000u)); /* a busy machine may hold the writer's thread for longer ... */
        CU_ASSERT_TRUE(is_sound());
        CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM shape WHERE id NOT IN (SELECT id FROM text)"), 0);
        tn_store_close(open_store(1500));
    }
    CU_ASSERT(least_ms <= 2000); /* ... but hardly each time */
    if (rounds != NULL)
        fprintf(stderr, "killed %u times: at most %u ms lost\n", kills, worst_ms);
}

/* ---- threads, memory ---- */

struct work {
    struct tn_store *store;
    uint64_t         seed;
};

static void *work_on_shapes(void *arg)
{
    struct work   *work = arg;
    struct tn_rand rand = {.state = work->seed};

    for (int i = 0; i < 8000; i++) {
        struct tn_shape_entry *entry = get(work->store, 1 + tn_rand_below(&rand, 2000), true);

        if (entry != NULL) {
            struct tn_cell *cell = tn_store_cell(work->store, entry, (unsigned)tn_rand_below(&rand, 9), true);

            entry->visits++;
            cell->n++;
            tn_store_release(work->store, entry, true);
        }
        if (i % 2000 == 0)
            counts(work->store);
    }
    return NULL;
}

static bool add_visits(void *arg, const struct tn_shape_report *report)
{
    *(uint64_t *)arg += report->entry.visits;
    return true;
}

/* Four threads over more shapes than fit, the writer at its busiest: not one visit is lost on the way out and back. */
static void test_threads(void)
{
    struct tn_store_options o;
    struct tn_store        *store;
    struct work             work[4];
    pthread_t               threads[4];
    uint64_t                visits = 0;

    fresh_path("threads");
    o = options(1024);
    o.flush_us = 4000;
    store = open_with(&o);
    name_clusters(store, 9);
    for (unsigned i = 0; i < 4; i++) {
        work[i] = (struct work){store, i};
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, work_on_shapes, &work[i]), 0);
    }
    (void)!tn_store_each(store, true, add_visits, &visits, NULL); /* meanwhile */
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    tn_store_flush(store);
    tn_store_flush(store);
    visits = 0;
    CU_ASSERT_EQUAL(tn_store_each(store, true, add_visits, &visits, NULL), TN_OK);
    CU_ASSERT_EQUAL(visits + counts(store).refused_limit, 4 * 8000);
    if (counts(store).refused_limit > 0)
        fprintf(stderr, "refused %llu\n", (unsigned long long)counts(store).refused_limit);
    tn_store_close(store);
    CU_ASSERT_EQUAL((uint64_t)ask_sql("SELECT (SELECT sum(visits) FROM shape) + (SELECT coalesce(sum(visits), 0) FROM cold)"), visits);
}

static void test_no_memory(void)
{
    struct tn_store_options o;
    struct tn_store        *store = NULL;

    fresh_path("memory");
    o = options(1000);
    for (size_t n = 0; store == NULL && n < 20; n++) {
        tn_alloc_fail_after(n);
        enum tn_status status = tn_store_open(&store, &o, NULL);
        tn_alloc_fail_never();
        CU_ASSERT(status == TN_OK || status == TN_E_NOMEM);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(store);
    tn_store_close(store);
    o = options(64);
    store = open_with(&o);
    name_clusters(store, 1);
    tn_alloc_fail_after(0);
    for (uint64_t i = 1; i <= 64; i++) /* no texts */
        tn_store_release(store, get(store, i, true), true);
    CU_ASSERT_PTR_NULL(get(store, 100, true)); /* nobody can be evicted: it would be lost */
    tn_alloc_fail_never();
    CU_ASSERT_EQUAL(counts(store).refused_limit, 1);
    tn_store_release(store, get(store, 100, true), true);
    tn_store_close(store);
    CU_ASSERT_EQUAL(ask_sql("SELECT (SELECT count(*) FROM shape) + (SELECT count(*) FROM cold)"), 65);
}

static void add_tests(CU_pSuite suite)
{
    CU_ADD_TEST(suite, test_disk_full); /* these two fork: first, while there are no threads */
    CU_ADD_TEST(suite, test_kill);
    CU_ADD_TEST(suite, test_damaged_rows);
    CU_ADD_TEST(suite, test_locked);
    CU_ADD_TEST(suite, test_removed);
    CU_ADD_TEST(suite, test_locked_at_start);
    CU_ADD_TEST(suite, test_threads);
    CU_ADD_TEST(suite, test_no_memory);
}

int main(void)
{
    return run_store_tests("store_faults", add_tests);
}

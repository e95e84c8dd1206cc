/* store_file_test.c - statistics in a file: they come back, whatever happens to the program or to the file. */
#include "stats/store.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"

#include <CUnit/Basic.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], path[128];

static void fresh_path(const char *name)
{
    char side[160];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
    snprintf(side, sizeof side, "%s-wal", path);
    unlink(side);
    snprintf(side, sizeof side, "%s-shm", path);
    unlink(side);
}

static struct tn_store_options options(uint64_t max_shapes)
{
    struct tn_store_options o = TN_STORE_OPTIONS_DEFAULT;

    o.path = path;
    o.max_shapes = max_shapes;
    o.flush_us = 40000;
    return o;
}

static struct tn_store *open_with(const struct tn_store_options *o)
{
    struct tn_store *store;
    struct tn_error  err = TN_ERROR_INIT;

    if (tn_store_open(&store, o, &err) != TN_OK) {
        fprintf(stderr, "open: %s\n", err.message);
        abort();
    }
    return store;
}

static struct tn_store *open_store(uint64_t max_shapes)
{
    struct tn_store_options o = options(max_shapes);

    return open_with(&o);
}

static struct tn_shape shape(uint64_t i)
{
    return (struct tn_shape){.key = {i * 7919 + 1, i}, .text = {i, i}, .class = (uint8_t)(i % TN_SHAPE_CLASSES), .band = (uint8_t)(i % 16)};
}

static struct tn_shape_entry *get(struct tn_store *store, uint64_t i, bool create)
{
    struct tn_shape       s = shape(i);
    struct tn_shape_about about = {.text = TN_STR("SELECT a FROM t, s.u WHERE b = 17"), .group = TN_STR("analytics")};

    return tn_store_acquire(store, &s, create, &about);
}

static struct tn_store_counts counts(struct tn_store *store)
{
    struct tn_store_counts c;

    tn_store_counts(store, &c);
    return c;
}

static struct tn_belief belief_of(uint64_t i, unsigned cluster)
{
    return (struct tn_belief){.m = (double)(i % 13) - 6, .P = .01 + .001 * cluster, .n = (unsigned)(i % 40) + 1, .run = 1.5,
                              .last = (uint16_t)i, .A0 = .25, .succ = 3, .fail = 1, .cost = (double)i + cluster, .M2 = .3};
}

static void learn(struct tn_store *store, uint64_t i, unsigned clusters)
{
    struct tn_shape_entry *entry = get(store, i, true);

    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    entry->visits = (uint32_t)i + 3;
    entry->flags = TN_SHAPE_PINNED;
    entry->incumbent = (uint8_t)(i % clusters);
    for (unsigned c = 0; c < clusters; c++) {
        struct tn_belief belief = belief_of(i, c);

        tn_cell_store(tn_store_cell(store, entry, c, true), &belief);
    }
    tn_store_release(store, entry, true);
}

static bool same_cell(const struct tn_cell *cell, uint64_t i, unsigned cluster)
{
    struct tn_belief belief = belief_of(i, cluster);
    struct tn_cell   want;

    tn_cell_init(&want);
    tn_cell_store(&want, &belief);
    return cell != NULL && cell->m == want.m && cell->P == want.P && cell->n == want.n && cell->cen == want.cen && cell->run == want.run &&
           cell->last == want.last && cell->A0 == want.A0 && cell->succ == want.succ && cell->fail == want.fail &&
           cell->cost == want.cost && cell->M2 == want.M2;
}

static bool same(struct tn_store *store, uint64_t i, unsigned clusters)
{
    struct tn_shape_entry *entry = get(store, i, false);
    bool                   ok;

    if (entry == NULL)
        return false;
    ok = entry->visits == i + 3 && entry->flags == TN_SHAPE_PINNED && entry->incumbent == i % clusters && entry->class == i % TN_SHAPE_CLASSES;
    for (unsigned c = 0; ok && c < clusters; c++)
        ok = same_cell(tn_store_cell(store, entry, c, false), i, c);
    tn_store_release(store, entry, false);
    return ok;
}

static void name_clusters(struct tn_store *store, unsigned count)
{
    char name[16];

    for (unsigned c = 0; c < count; c++) {
        snprintf(name, sizeof name, "c%u", c);
        CU_ASSERT_EQUAL_FATAL(tn_store_cluster(store, tn_str(name), NULL, 0, 7), c);
    }
}

static int64_t ask_sql(const char *sql)
{
    sqlite3      *db;
    sqlite3_stmt *stmt;
    int64_t       result = -1;

    CU_ASSERT_EQUAL_FATAL(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 2000);
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
        result = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return result;
}

static bool is_sound(void)
{
    sqlite3      *db;
    sqlite3_stmt *stmt;
    bool          ok;

    CU_ASSERT_EQUAL_FATAL(sqlite3_open(path, &db), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL), SQLITE_OK);
    ok = sqlite3_step(stmt) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return ok;
}

static void run_sql(const char *sql)
{
    sqlite3 *db;

    CU_ASSERT_EQUAL_FATAL(sqlite3_open(path, &db), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

struct report {
    unsigned count, cells, named, stop_after;
};

static bool note_report(void *arg, const struct tn_shape_report *report)
{
    struct report *seen = arg;

    if (!tn_str_eq_c(report->text, "SELECT a FROM t, s.u WHERE b = ?") || !tn_str_eq_c(report->group, "analytics") ||
        !tn_str_eq_c(report->tables, "t s.u") || !tn_str_eq_c(report->class, "read"))
        fprintf(stderr, "report: \"%.*s\"\n", (int)report->text.len, report->text.ptr);
    else
        seen->count++;
    for (size_t i = 0; i < report->cell_count; i++) {
        seen->cells++;
        seen->named += report->names[i].len == 2 && report->names[i].ptr[0] == 'c' &&
                       report->cells[i].cost == (float)(report->entry.visits - 3 + (unsigned)(report->names[i].ptr[1] - '0'));
    }
    return seen->stop_after == 0 || seen->count < seen->stop_after;
}

/* ---- coming back ---- */

static void test_reopen(void)
{
    enum { SHAPES = 5000, CLUSTERS = 8 };
    struct tn_store *store;

    fresh_path("reopen");
    store = open_store(100000);
    name_clusters(store, CLUSTERS);
    for (uint64_t i = 1; i <= SHAPES; i++)
        learn(store, i, 1 + (unsigned)(i % CLUSTERS));
    tn_store_flush(store);
    CU_ASSERT_EQUAL(counts(store).dirty, 0);
    CU_ASSERT(counts(store).flushed >= SHAPES);
    tn_store_close(store);
    CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM shape"), SHAPES);
    CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM text WHERE template = 'SELECT a FROM t, s.u WHERE b = ?' AND grp = 'analytics'"
                            " AND class = 'read' AND tables = 't s.u'"),
                    SHAPES);
    CU_ASSERT_EQUAL(ask_sql("PRAGMA application_id"), TN_STORE_APPLICATION_ID);
    CU_ASSERT_EQUAL(ask_sql("PRAGMA user_version"), TN_STORE_FORMAT);
    CU_ASSERT_TRUE(is_sound());
    for (unsigned round = 0; round < 2; round++) {
        unsigned good = 0;

        store = open_store(100000);
        CU_ASSERT_EQUAL(counts(store).shapes, SHAPES + round);
        CU_ASSERT_EQUAL(counts(store).dirty, 0);
        name_clusters(store, CLUSTERS);
        for (uint64_t i = 1; i <= SHAPES; i++)
            good += same(store, i, 1 + (unsigned)(i % CLUSTERS));
        CU_ASSERT_EQUAL(good, SHAPES);
        learn(store, SHAPES + 10, 1);
        struct tn_shape_entry *entry = get(store, SHAPES + 10, false);
        CU_ASSERT_EQUAL(entry->id, SHAPES + 1); /* ids go on */
        tn_store_release(store, entry, false);
        tn_store_close(store); /* writes it */
    }
    CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM shape"), SHAPES + 1);
}

static void test_histograms(void)
{
    struct tn_store       *store;
    struct tn_shape_entry *entry;
    struct tn_cell        *cell;
    struct tn_belief       belief = {.m = 0, .P = .01, .n = 300, .M2 = .25};
    double                 p50, p95, q50, q95;

    fresh_path("histograms");
    store = open_store(1000);
    name_clusters(store, 1);
    entry = get(store, 1, true);
    cell = tn_store_cell(store, entry, 0, true);
    tn_cell_store(cell, &belief);
    for (int i = 0; i < 1000; i++)
        tn_store_sample(store, cell, 7 + .01 * (i % 100), 1);
    CU_ASSERT_TRUE(tn_cell_quantiles(cell, &p50, &p95));
    tn_store_release(store, entry, true);
    tn_store_close(store);
    store = open_store(1000);
    name_clusters(store, 1);
    entry = get(store, 1, false);
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    cell = tn_store_cell(store, entry, 0, false);
    CU_ASSERT_EQUAL(cell->n, 50); /* easy to overrule after a restart */
    CU_ASSERT(cell->hist != 0);
    CU_ASSERT_TRUE(tn_cell_quantiles(cell, &q50, &q95));
    CU_ASSERT(p50 == q50 && p95 == q95 && p50 > 7.3 && p50 < 7.7);
    for (int i = 0; i < 600; i++)
        tn_store_sample(store, cell, 20, 1); /* goes on, though n is below 64 */
    CU_ASSERT_TRUE(tn_cell_quantiles(cell, &q50, &q95));
    CU_ASSERT_DOUBLE_EQUAL(q50, 20, .5);
    tn_store_release(store, entry, true);
    tn_store_close(store);
}

static void test_downtime(void)
{
    struct tn_store       *store;
    struct tn_shape_entry *entry;
    struct tn_belief       belief = {.m = 1, .P = .01, .n = 40};

    fresh_path("downtime");
    store = open_store(1000);
    name_clusters(store, 1);
    entry = get(store, 1, true);
    tn_cell_store(tn_store_cell(store, entry, 0, true), &belief);
    tn_store_release(store, entry, true);
    tn_store_close(store);
    tn_clock_shift_us(0, INT64_C(14) * 86400 * 1000000);
    store = open_store(1000);
    name_clusters(store, 1);
    entry = get(store, 1, false);
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    CU_ASSERT_EQUAL(tn_store_cell(store, entry, 0, false)->n, 10); /* two half-lives */
    tn_store_release(store, entry, true);
    tn_store_close(store);
    store = open_store(1000);
    entry = get(store, 1, false);
    CU_ASSERT_EQUAL(tn_store_cell(store, entry, 0, false)->n, 10); /* and not again */
    tn_store_release(store, entry, true);
    tn_clock_shift_us(0, 0);
    tn_store_close(store);
}

static struct tn_belief look(struct tn_store *store, uint64_t i, unsigned cluster)
{
    struct tn_shape_entry *entry = get(store, i, false);
    struct tn_cell        *cell = entry == NULL ? NULL : tn_store_cell(store, entry, cluster, false);
    struct tn_belief       out = {.n = 0};

    if (cell != NULL)
        tn_cell_load(cell, &out);
    if (entry != NULL)
        tn_store_release(store, entry, false);
    return out;
}

static void test_clusters(void)
{
    const struct tn_str alias = TN_STR("first");
    struct tn_store    *store;

    fresh_path("clusters");
    store = open_store(1000);
    CU_ASSERT_EQUAL(tn_store_cluster(store, TN_STR("first"), NULL, 0, 1), 0);
    CU_ASSERT_EQUAL(tn_store_cluster(store, TN_STR("second"), NULL, 0, 2), 1);
    learn(store, 30, 2); /* n = 31 */
    tn_store_close(store);
    store = open_store(1000); /* another order; renamed */
    CU_ASSERT_EQUAL(tn_store_cluster(store, TN_STR("third"), NULL, 0, 3), 2);
    CU_ASSERT_EQUAL(tn_store_cluster(store, TN_STR("second"), NULL, 0, 2), 1);
    CU_ASSERT_EQUAL(tn_store_cluster(store, TN_STR("renamed"), &alias, 1, 1), 0);
    CU_ASSERT_TRUE(same(store, 30, 2));
    tn_store_close(store);
    store = open_store(1000); /* the new name stays; second has changed */
    CU_ASSERT_EQUAL(tn_store_cluster_find(store, TN_STR("first")), 255);
    CU_ASSERT_EQUAL(tn_store_cluster(store, TN_STR("renamed"), NULL, 0, 1), 0);
    CU_ASSERT_EQUAL(tn_store_cluster(store, TN_STR("second"), NULL, 0, 99), 1);
    CU_ASSERT_EQUAL(look(store, 30, 0).n, 31);
    CU_ASSERT_EQUAL(look(store, 30, 1).n, 3);
    CU_ASSERT(look(store, 30, 1).P >= .249);
    tn_store_close(store);
    store = open_store(1000); /* and not discounted twice */
    CU_ASSERT_EQUAL(tn_store_cluster(store, TN_STR("second"), NULL, 0, 99), 1);
    CU_ASSERT_EQUAL(look(store, 30, 1).n, 3);
    tn_store_close(store);
}

/* Many clusters come and go over the years: numbers do not run out, and nobody inherits another's figures. */
static void test_many_clusters(void)
{
    struct tn_store *store;
    char             name[16];

    fresh_path("many");
    for (unsigned life = 0; life < 4; life++) {
        tn_clock_shift_us(0, (int64_t)life * 1000 * 1000000);
        store = open_store(1000);
        for (unsigned c = 0; c < 100; c++) {
            unsigned number;

            snprintf(name, sizeof name, "l%uc%u", life, c);
            number = tn_store_cluster(store, tn_str(name), NULL, 0, 1);
            CU_ASSERT_FATAL(number < TN_STORE_CLUSTERS);
            CU_ASSERT_EQUAL(look(store, 1, number).n, 0);
            if (c % 10 == 0) {
                struct tn_shape_entry *entry = get(store, 1, true);

                tn_store_cell(store, entry, number, true)->n = (uint16_t)(life + 1);
                tn_store_release(store, entry, true);
            }
        }
        tn_store_close(store);
    }
    tn_clock_shift_us(0, 0);
    store = open_store(1000);
    CU_ASSERT_EQUAL(look(store, 1, tn_store_cluster(store, TN_STR("l3c50"), NULL, 0, 1)).n, 4);
    CU_ASSERT_EQUAL(look(store, 1, tn_store_cluster(store, TN_STR("l0c50"), NULL, 0, 1)).n, 0);
    tn_store_close(store);
}

/* Numbers stay, whoever comes and goes: what is learned across shapes goes by them. */
static void test_numbers_stay(void)
{
    unsigned         numbers[2][100];
    struct tn_store *store;
    char             name[16];

    fresh_path("numbers");
    for (unsigned life = 0; life < 6; life++) {
        tn_clock_shift_us(0, (int64_t)life * 1000 * 1000000);
        store = open_store(1000);
        for (unsigned c = 0; c < 100; c++) {
            unsigned *number = &numbers[life % 2][c];

            snprintf(name, sizeof name, "%s%u", c < 20 ? "stays" : life % 2 == 0 ? "even" : "odd", c < 20 ? c : c + life * 100);
            *number = tn_store_cluster(store, tn_str(name), NULL, 0, 1);
            if (c < 20 && life > 0)
                CU_ASSERT_EQUAL(*number, numbers[(life + 1) % 2][c]);
        }
        tn_store_close(store);
    }
    tn_clock_shift_us(0, 0);
}

/* A file of format 1, as the last version before format 2 left it. */
static void test_older_format(void)
{
    struct tn_store *store;
    struct report    seen = {.count = 0};
    struct tn_error  err = TN_ERROR_INIT;

    fresh_path("older");
    store = open_store(1000);
    name_clusters(store, 5);
    for (uint64_t i = 1; i <= 50; i++)
        learn(store, i, 5);
    tn_store_close(store);
    run_sql("DROP INDEX cluster_place; ALTER TABLE cluster DROP COLUMN place; PRAGMA user_version = 1");
    CU_ASSERT_EQUAL(tn_store_each_file(path, note_report, &seen, &err), TN_E_INVALID);
    CU_ASSERT(strstr(err.message, "older Turnout (format 1") != NULL);
    CU_ASSERT_EQUAL(ask_sql("PRAGMA user_version"), 1);
    tn_error_reset(&err);
    store = open_store(1000);
    for (unsigned c = 0; c < 5; c++) {
        char name[4] = {'c', (char)('0' + c)};

        CU_ASSERT_EQUAL(tn_store_cluster_find(store, tn_str(name)), c);
    }
    for (uint64_t i = 1; i <= 50; i++)
        CU_ASSERT_TRUE(same(store, i, 5));
    tn_store_close(store);
    CU_ASSERT_EQUAL(ask_sql("PRAGMA user_version"), TN_STORE_FORMAT);
    CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM cluster WHERE place = number - 1"), 5);
}

/* ---- eviction ---- */

static void wait_until_fetched(struct tn_store *store)
{
    tn_store_flush(store);
}

static void test_evicted_return(void)
{
    enum { MOST = 1000, SHAPES = 4500 };
    struct tn_store *store;
    unsigned         good = 0;

    fresh_path("evicted");
    for (int round = 0; round < 2; round++) {
        store = open_store(MOST);
        name_clusters(store, 7);
        for (uint64_t i = 1; round == 0 && i <= SHAPES; i++)
            learn(store, i, 1 + (unsigned)(i % 7));
        tn_store_flush(store);
        CU_ASSERT(counts(store).shapes <= MOST);
        CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM (SELECT key FROM shape UNION SELECT key FROM cold)"), SHAPES);
        CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM shape, cold WHERE shape.key = cold.key"), 0);
        good = 0;
        for (uint64_t i = 1; i <= SHAPES; i++) {
            struct tn_shape_entry *entry = get(store, i, true);

            CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
            tn_store_release(store, entry, false);
            if (i % 100 == 0) {
                wait_until_fetched(store);
                for (uint64_t k = i - 99; k <= i; k++)
                    good += same(store, k, 1 + (unsigned)(k % 7));
            }
        }
        CU_ASSERT(good > SHAPES * 9 / 10); /* who was asked for once may go at once, when the hand comes by */
        tn_store_close(store);
        CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM (SELECT key FROM shape UNION SELECT key FROM cold)"), SHAPES);
        CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM text"), SHAPES);
    }
    CU_ASSERT_TRUE(is_sound());
}

/* What was learned between the return and the reading of the row counts together with it. */
static void test_merge(void)
{
    struct tn_store_options o;
    struct tn_store        *store;
    struct tn_shape_entry  *entry;
    struct tn_belief        belief = {.m = 1, .P = .02, .n = 10, .M2 = .2, .last = 95, .succ = 2}, out;
    uint32_t                id;

    fresh_path("merge");
    o = options(64);
    o.flush_us = 60000000; /* only when told */
    store = open_with(&o);
    name_clusters(store, 2);
    entry = get(store, 1, true);
    id = entry->id;
    entry->visits = 100;
    tn_cell_store(tn_store_cell(store, entry, 0, true), &belief);
    tn_cell_store(tn_store_cell(store, entry, 1, true), &belief);
    tn_store_release(store, entry, true);
    for (uint64_t i = 2; i < 250; i++) /* no more than the file keeps */
        learn(store, i, 1);
    CU_ASSERT_PTR_NULL(get(store, 1, false));
    tn_store_flush(store);
    entry = get(store, 1, true); /* empty at first: no loop thread waits for a disk */
    CU_ASSERT_EQUAL(entry->visits, 0);
    entry->visits = 5;
    belief = (struct tn_belief){.m = 2, .P = .02, .n = 10, .M2 = .2, .last = 4, .succ = 1};
    tn_cell_store(tn_store_cell(store, entry, 0, true), &belief);
    tn_store_release(store, entry, true);
    tn_store_flush(store);
    entry = get(store, 1, false);
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    CU_ASSERT(entry->visits == 105 && entry->id == id);
    tn_cell_load(tn_store_cell(store, entry, 0, false), &out);
    CU_ASSERT(out.n == 20 && fabs(out.m - 1.5) < 1e-3 && fabs(out.P - .01) < 1e-4 && fabs(out.M2 - .45) < 1e-3);
    CU_ASSERT(out.last == 104 && out.succ == 3);
    tn_cell_load(tn_store_cell(store, entry, 1, false), &out);
    CU_ASSERT(out.n == 10 && out.last == 95);
    tn_store_release(store, entry, false);
    tn_store_close(store);
    CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM shape WHERE id = 1"), 1);
    CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM cold WHERE id = 1"), 0);
}

static void test_smaller_maximum(void)
{
    struct tn_store *store;
    unsigned         good = 0;

    fresh_path("smaller");
    store = open_store(100000);
    name_clusters(store, 3);
    for (uint64_t i = 1; i <= 3000; i++)
        learn(store, i, 3);
    tn_store_close(store);
    store = open_store(1000);
    name_clusters(store, 3);
    CU_ASSERT_EQUAL(counts(store).shapes, 1000);
    tn_store_flush(store);
    CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM cold"), 2000);
    CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM shape"), 1000);
    for (uint64_t i = 2901; i <= 3000; i++)
        tn_store_release(store, get(store, i, true), false);
    tn_store_flush(store);
    for (uint64_t i = 2901; i <= 3000; i++)
        good += same(store, i, 3);
    CU_ASSERT_EQUAL(good, 100);
    tn_store_close(store);
}

static void test_file_maximum(void)
{
    struct tn_store *store;

    fresh_path("maximum");
    store = open_store(256); /* 1024 evicted ones are kept */
    name_clusters(store, 1);
    for (uint64_t i = 1; i <= 12000; i++) {
        learn(store, i, 1);
        if (i % 500 == 0)
            tn_store_flush(store);
    }
    for (int i = 0; i < 5; i++)
        tn_store_flush(store);
    CU_ASSERT(ask_sql("SELECT count(*) FROM cold") <= 1024);
    CU_ASSERT(ask_sql("SELECT count(*) FROM cold") > 500);
    CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM text"), ask_sql("SELECT (SELECT count(*) FROM cold) + (SELECT count(*) FROM shape)"));
    tn_store_close(store);
}

static void test_reset(void)
{
    struct tn_store *store;
    struct tn_shape  s = shape(5);

    fresh_path("reset");
    store = open_store(400);
    name_clusters(store, 2);
    for (uint64_t i = 1; i <= 1500; i++)
        learn(store, i, 2);
    tn_store_flush(store);
    tn_store_reset(store, s.key); /* evicted by now */
    tn_store_flush(store);
    tn_store_release(store, get(store, 5, true), true);
    tn_store_flush(store);
    CU_ASSERT_EQUAL(look(store, 5, 0).n, 0);
    tn_store_release(store, get(store, 6, true), true);
    tn_store_flush(store);
    CU_ASSERT_EQUAL(look(store, 6, 0).n, 7);
    tn_store_reset(store, NULL);
    CU_ASSERT_EQUAL(look(store, 6, 0).n, 0);
    tn_store_flush(store);
    CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM cold"), 0);
    CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM shape WHERE visits > 0 OR length(cells) > 1"), 0);
    tn_store_close(store);
}

/* ---- reports ---- */

static void test_reports(void)
{
    struct tn_store_options o;
    struct tn_store        *store;
    struct report           seen = {.count = 0};
    struct tn_error         err = TN_ERROR_INIT;
    int                     status = -1;

    fresh_path("reports");
    o = options(500);
    o.flush_us = 60000000;
    store = open_with(&o);
    name_clusters(store, 7);
    for (uint64_t i = 1; i <= 2000; i++)
        learn(store, i, 7);
    tn_store_flush(store);
    for (uint64_t i = 3001; i <= 3100; i++) /* not in the file yet */
        learn(store, i, 7);
    CU_ASSERT_EQUAL(tn_store_each(store, false, note_report, &seen, &err), TN_OK);
    CU_ASSERT_EQUAL(seen.count, counts(store).shapes);
    CU_ASSERT(seen.cells == seen.count * 7 && seen.named == seen.cells);
    tn_store_flush(store);
    seen = (struct report){.count = 0};
    CU_ASSERT_EQUAL(tn_store_each(store, true, note_report, &seen, &err), TN_OK);
    CU_ASSERT_EQUAL(seen.count, 2100);
    CU_ASSERT(seen.cells == 14700 && seen.named == seen.cells);
    seen = (struct report){.stop_after = 900};
    CU_ASSERT_EQUAL(tn_store_each(store, true, note_report, &seen, &err), TN_OK);
    CU_ASSERT_EQUAL(seen.count, 900);
    pid_t child = fork(); /* another process, beside the running store */
    if (child == 0) {
        seen = (struct report){.count = 0};
        _exit(tn_store_each_file(path, note_report, &seen, NULL) == TN_OK && seen.count == 2100 && seen.named == 14700 ? 0 : 1);
    }
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    tn_store_close(store);
    seen = (struct report){.count = 0};
    CU_ASSERT_EQUAL(tn_store_each_file(path, note_report, &seen, &err), TN_OK);
    CU_ASSERT_EQUAL(seen.count, 2100);
    fresh_path("none");
    CU_ASSERT_EQUAL(tn_store_each_file(path, note_report, &seen, &err), TN_E_NOT_FOUND);
    tn_error_reset(&err);
}

/* ---- blobs ---- */

struct account {
    char     text[32];
    unsigned reads, writes;
};

static void read_account(void *arg, const void *bytes, size_t size)
{
    struct account *account = arg;

    account->reads++;
    memcpy(account->text, bytes, TN_MIN(size, sizeof account->text - 1));
}

static void *write_account(void *arg, size_t *size)
{
    struct account *account = arg;

    account->writes++;
    *size = strlen(account->text);
    return account->text[0] == '\0' ? NULL : strdup(account->text);
}

static void test_blobs(void)
{
    struct tn_store *store;
    struct account   account = {.text = ""}, other = {.text = ""};

    fresh_path("blobs");
    store = open_store(100);
    CU_ASSERT_EQUAL(tn_store_blob(store, "world", read_account, write_account, &account, NULL), TN_OK);
    CU_ASSERT_EQUAL(account.reads, 0);
    tn_store_flush(store);
    CU_ASSERT(account.writes > 0);
    CU_ASSERT_EQUAL(tn_store_blob(store, "world", NULL, NULL, NULL, NULL), TN_OK);
    snprintf(account.text, sizeof account.text, "effects");
    CU_ASSERT_EQUAL(tn_store_blob(store, "world", NULL, write_account, &account, NULL), TN_OK);
    tn_store_flush(store);
    CU_ASSERT_EQUAL(tn_store_blob(store, "world", NULL, NULL, NULL, NULL), TN_OK);
    tn_store_close(store);
    store = open_store(100);
    CU_ASSERT_EQUAL(tn_store_blob(store, "world", read_account, NULL, &other, NULL), TN_OK);
    CU_ASSERT(other.reads == 1 && strcmp(other.text, "effects") == 0);
    CU_ASSERT_EQUAL(tn_store_blob(store, "none", read_account, NULL, &other, NULL), TN_OK);
    CU_ASSERT_EQUAL(other.reads, 1);
    tn_store_close(store);
}

/* ---- what is not ours ---- */

static void check_refused(const char *part)
{
    struct tn_store_options o = options(100);
    struct tn_store        *store = NULL;
    struct tn_error         err = TN_ERROR_INIT;
    struct stat             before, after;

    CU_ASSERT_EQUAL(stat(path, &before), 0);
    CU_ASSERT_EQUAL(tn_store_open(&store, &o, &err), TN_E_INVALID);
    CU_ASSERT_PTR_NULL(store);
    if (strstr(err.message, part) == NULL)
        fprintf(stderr, "not \"%s\": %s\n", part, err.message);
    CU_ASSERT(strstr(err.message, part) != NULL && strstr(err.message, path) != NULL);
    CU_ASSERT_EQUAL(stat(path, &after), 0);
    CU_ASSERT(after.st_size == before.st_size && after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
    tn_error_reset(&err);
}

static void test_refused_files(void)
{
    struct tn_store_options o;
    struct tn_store        *store;
    struct tn_error         err = TN_ERROR_INIT;

    fresh_path("newer");
    tn_store_close(open_store(100));
    run_sql("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)");
    check_refused("was written by a newer Turnout (format 99");
    fresh_path("foreign");
    run_sql("CREATE TABLE t (a); PRAGMA application_id = 1416785524"); /* a history */
    check_refused("is not a file of Turnout's statistics");
    snprintf(path, sizeof path, "%s/no/such/folder", folder);
    o = options(100);
    CU_ASSERT_EQUAL(tn_store_open(&store, &o, &err), TN_E_NOT_FOUND);
    tn_error_reset(&err);
}

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
    store = open_store(1000);
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

static void limit_files(rlim_t limit)
{
    struct rlimit now;

    getrlimit(RLIMIT_FSIZE, &now);
    now.rlim_cur = limit == RLIM_INFINITY ? now.rlim_max : limit;
    setrlimit(RLIMIT_FSIZE, &now);
}

static int lines_with(const char *log, const char *part)
{
    int count = 0;

    for (const char *at = strstr(log, part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}

static int fill_disk(void)
{
    struct tn_store *store = open_store(200);
    static char      log[65536];
    char             log_path[160];
    int              log_fd;
    ssize_t          got;

    snprintf(log_path, sizeof log_path, "%s.log", path);
    log_fd = open(log_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    tn_log_to_fd(log_fd);
    signal(SIGXFSZ, SIG_IGN);
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
    got = pread(log_fd, log, sizeof log - 1, 0);
    log[got > 0 ? got : 0] = '\0';
    if (lines_with(log, "statistics cannot be written") != 1 || lines_with(log, "statistics are written again") != 1) {
        fprintf(stderr, "%s", log);
        return 4;
    }
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

/* TURNOUT_KILLS=50 for the whole proof: fewer here, or the tests would take minutes. */
static void test_kill(void)
{
    const char     *rounds = getenv("TURNOUT_KILLS");
    unsigned        kills = rounds == NULL ? 3 : (unsigned)strtoul(rounds, NULL, 10);
    struct tn_rand  rand = {.state = tn_clock_wall_us()};
    uint32_t        worst_ms = 0;
    int             status;

    fresh_path("kill");
    for (unsigned round = 0; round < kills; round++) {
        struct timespec pause = {.tv_sec = 2, .tv_nsec = (long)tn_rand_below(&rand, 1000000000)};
        pid_t           child = fork();
        uint32_t        killed_ms, lost_ms;

        if (child == 0)
            learn_forever();
        nanosleep(&pause, NULL);
        killed_ms = (uint32_t)(tn_clock_wall_us() / 1000);
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        lost_ms = killed_ms - (uint32_t)ask_sql("SELECT text32 FROM shape WHERE visits >= 20 AND id IN (SELECT id FROM shape"
                                               " ORDER BY text32 DESC LIMIT 1)");
        worst_ms = TN_MAX(worst_ms, lost_ms);
        CU_ASSERT(lost_ms <= 2000);
        CU_ASSERT_TRUE(is_sound());
        CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM shape WHERE id NOT IN (SELECT id FROM text)"), 0);
        tn_store_close(open_store(1500));
    }
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

static void remove_folder(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0)
        fprintf(stderr, "cannot remove %s\n", folder);
}

int main(void)
{
    CU_pSuite suite;

    snprintf(folder, sizeof folder, "/tmp/turnout-store-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    tn_log_to_fd(open("/dev/null", O_WRONLY));
    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("store_file", NULL, NULL)) == NULL)
        return 1;
    CU_ADD_TEST(suite, test_disk_full); /* these two fork: first, while there are no threads */
    CU_ADD_TEST(suite, test_kill);
    CU_ADD_TEST(suite, test_reopen);
    CU_ADD_TEST(suite, test_histograms);
    CU_ADD_TEST(suite, test_downtime);
    CU_ADD_TEST(suite, test_clusters);
    CU_ADD_TEST(suite, test_many_clusters);
    CU_ADD_TEST(suite, test_numbers_stay);
    CU_ADD_TEST(suite, test_older_format);
    CU_ADD_TEST(suite, test_evicted_return);
    CU_ADD_TEST(suite, test_merge);
    CU_ADD_TEST(suite, test_smaller_maximum);
    CU_ADD_TEST(suite, test_file_maximum);
    CU_ADD_TEST(suite, test_reset);
    CU_ADD_TEST(suite, test_reports);
    CU_ADD_TEST(suite, test_blobs);
    CU_ADD_TEST(suite, test_refused_files);
    CU_ADD_TEST(suite, test_damaged_rows);
    CU_ADD_TEST(suite, test_locked);
    CU_ADD_TEST(suite, test_locked_at_start);
    CU_ADD_TEST(suite, test_threads);
    CU_ADD_TEST(suite, test_no_memory);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    remove_folder();
    return failures > 0;
}

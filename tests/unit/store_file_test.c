/* store_file_test.c - statistics in a file: they come back, also from eviction, under their names, from older formats. */
#include "store_fixture.h"

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

/* All numbers are taken in the file. A new cluster gets that of the one which is gone, wherever it stands in the configuration: not
 * that of one which is only told later, nor of one that will be told by another name. */
static void test_full_file(void)
{
    enum { LAST = TN_STORE_CLUSTERS - 1, RENAMED = 7 };
    static char      text[TN_STORE_CLUSTERS][16];
    struct tn_str    names[TN_STORE_CLUSTERS + 1];
    struct tn_store *store;

    fresh_path("full");
    store = open_store(1000);
    for (unsigned c = 0; c < TN_STORE_CLUSTERS; c++) {
        snprintf(text[c], sizeof text[c], "c%u", c);
        CU_ASSERT_EQUAL_FATAL(tn_store_cluster(store, tn_str(text[c]), NULL, 0, 1), c);
    }
    tn_store_close(store);
    store = open_store(1000);
    names[0] = TN_STR("new");
    for (unsigned c = 0; c < LAST; c++)
        names[1 + c] = c == RENAMED ? TN_STR("renamed") : tn_str(text[c]);
    names[TN_STORE_CLUSTERS] = tn_str(text[RENAMED]);
    tn_store_configure(store, names, TN_STORE_CLUSTERS, 1);
    CU_ASSERT_EQUAL(tn_store_cluster(store, names[0], NULL, 0, 1), LAST);
    for (unsigned c = 0; c < LAST; c++)
        CU_ASSERT_EQUAL(tn_store_cluster(store, names[1 + c], c == RENAMED ? &names[TN_STORE_CLUSTERS] : NULL, c == RENAMED, 1), c);
    tn_store_close(store);
}

/* A file of format 1, as the last version before format 2 left it. */
/* A file as the first format was: written out here, so that a change of the schema or of how cells are encoded cannot change it. Two clusters
 * (the second one renamed once), a shape in memory and an evicted one. */
#define FORMAT_1                                                                                                                  \
    "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL;"                                                                         \
    "CREATE TABLE shape (id INTEGER PRIMARY KEY, key BLOB NOT NULL, " FORMAT_1_COLUMNS ");"                                       \
    "CREATE TABLE cold (id INTEGER NOT NULL, key BLOB PRIMARY KEY, " FORMAT_1_COLUMNS ") WITHOUT ROWID;"                          \
    "CREATE TABLE text (id INTEGER PRIMARY KEY, class TEXT NOT NULL, tables TEXT NOT NULL, grp TEXT NOT NULL,"                    \
    " template TEXT NOT NULL);"                                                                                                   \
    "CREATE TABLE cluster (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, signature INTEGER NOT NULL,"                    \
    " epoch INTEGER NOT NULL, seen INTEGER NOT NULL);"                                                                            \
    "CREATE TABLE blob (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;"                                               \
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"                                            \
    "INSERT INTO cluster VALUES (1, 'slow', 7, 3, 1764300000), (2, 'quick', 8, 0, 1764300000);"                                   \
    "INSERT INTO shape VALUES (4, X'0b000000000000000c00000000000000', 50, 1764200000, 4102444800, 99, 0, 3, 0, 0, 2, X'01020000001872b1bfb7680900008000082900000250100080bb44946e000000000000010003000000000000000000000802"                        \
    "002800000000100000a0c10000000000000000');"                                  \
    "INSERT INTO cold VALUES (5, X'15000000000000001600000000000000', 40, 1764200000, 4102444800, 98, 0, 3, 0, 0, 1, X'01010003001872313faf5e1e000080000007000000780000000000be72000000000000');"                                   \
    "INSERT INTO text VALUES (4, 'read', 't', 'analytics', 'SELECT a FROM t WHERE b = ?'),"                                       \
    " (5, 'read', 'u', 'etl', 'SELECT a FROM u');"                                                                                \
    "INSERT INTO blob VALUES ('world', X'01020304');"                                                                             \
    "PRAGMA application_id = 1416785523; PRAGMA user_version = 1;"
#define FORMAT_1_COLUMNS                                                                                                          \
    "visits INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, text32 INTEGER NOT NULL,"                            \
    "parent INTEGER NOT NULL, class INTEGER NOT NULL, band INTEGER NOT NULL, flags INTEGER NOT NULL,"                             \
    "incumbent INTEGER NOT NULL, cells BLOB NOT NULL"

static bool note_texts(void *arg, const struct tn_shape_report *report)
{
    unsigned *seen = arg;

    *seen |= tn_str_eq_c(report->group, "analytics") && tn_str_eq_c(report->text, "SELECT a FROM t WHERE b = ?") && report->cell_count == 2 ? 1 : 0;
    *seen |= tn_str_eq_c(report->group, "etl") && tn_str_eq_c(report->tables, "u") && report->cell_count == 1 ? 2 : 0;
    return true;
}

static void test_format_1(void)
{
    const struct tn_str    was_slow = TN_STR("slow");
    struct tn_shape        shapes[] = {{.key = {11, 12}}, {.key = {21, 22}}};
    struct tn_store       *store;
    struct tn_shape_entry *entry;
    struct tn_cell        *cell;
    struct tn_belief       b;
    unsigned               seen = 0;

    fresh_path("format1");
    run_sql(FORMAT_1);
    tn_clock_shift_us(0, (INT64_C(4102444800) - (int64_t)tn_clock_wall_s()) * 1000000); /* nothing has faded */
    store = open_store(1000);
    CU_ASSERT_EQUAL(tn_store_cluster(store, TN_STR("quick"), NULL, 0, 8), tn_store_cluster_find(store, TN_STR("quick")));
    CU_ASSERT_EQUAL(tn_store_cluster(store, TN_STR("renamed"), &was_slow, 1, 7), tn_store_cluster_find(store, TN_STR("renamed")));
    entry = tn_store_acquire(store, &shapes[0], false, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    CU_ASSERT(entry->visits == 50 && entry->id == 4 && entry->incumbent == tn_store_cluster_find(store, TN_STR("quick")));
    cell = tn_store_cell(store, entry, tn_store_cluster_find(store, TN_STR("quick")), false);
    CU_ASSERT_PTR_NOT_NULL_FATAL(cell);
    tn_cell_load(cell, &b);
    CU_ASSERT(b.n == 9 && fabs(b.m - log(.25)) < 1e-6 && fabs(b.P / .04 - 1) < 3e-4 && fabs(b.M2 / .09 - 1) < 3e-4 && b.run == .5 && b.succ == 5 && b.fail == 1 &&
              b.cost == 1500 && b.A0 == .125 && b.last == 41);
    cell = tn_store_cell(store, entry, tn_store_cluster_find(store, TN_STR("renamed")), false);
    CU_ASSERT_PTR_NOT_NULL_FATAL(cell);
    tn_cell_load(cell, &b);
    CU_ASSERT(b.n == 0 && b.bounded && b.cen == 1 && b.ncen == 2 && b.cost == -20);
    tn_store_release(store, entry, false);
    CU_ASSERT_TRUE(tn_store_knows(store, shapes[1].key)); /* evicted */
    CU_ASSERT_EQUAL(tn_store_each(store, true, note_texts, &seen, NULL), TN_OK);
    CU_ASSERT_EQUAL(seen, 3);
    tn_store_close(store);
    tn_clock_shift_us(0, 0);
    CU_ASSERT_EQUAL(ask_sql("PRAGMA user_version"), TN_STORE_FORMAT);
    CU_ASSERT_EQUAL(ask_sql("SELECT count(*) FROM blob WHERE name = 'world' AND bytes = X'01020304'"), 1);
    CU_ASSERT_TRUE(is_sound());
}

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
    struct tn_store       *store;
    struct tn_shape_entry *entry;
    struct tn_belief       belief = {.m = 1, .P = .02, .n = 10, .M2 = .2, .last = 95, .succ = 2}, out;
    uint32_t               id;

    fresh_path("merge");
    store = open_told(64);
    name_clusters(store, 2);
    entry = get(store, 1, true);
    id = entry->id;
    entry->visits = 100;
    entry->incumbent = 0;
    entry->flags |= TN_SHAPE_PINNED;
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
    entry->incumbent = 1; /* chosen as never seen: not what a hundred decisions chose */
    belief = (struct tn_belief){.m = 2, .P = .02, .n = 10, .M2 = .2, .last = 4, .succ = 1};
    tn_cell_store(tn_store_cell(store, entry, 0, true), &belief);
    tn_store_release(store, entry, true);
    tn_store_flush(store);
    entry = get(store, 1, false);
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    CU_ASSERT(entry->visits == 105 && entry->id == id);
    CU_ASSERT(entry->incumbent == 0 && (entry->flags & TN_SHAPE_PINNED) != 0);
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
    struct tn_shape  s = shape(5), unknown = shape(77777);

    fresh_path("reset");
    store = open_store(400);
    name_clusters(store, 2);
    for (uint64_t i = 1; i <= 1500; i++)
        learn(store, i, 2);
    CU_ASSERT_TRUE(tn_store_knows(store, s.key)); /* evicted by now, perhaps not yet in the file */
    tn_store_flush(store);
    CU_ASSERT_TRUE(tn_store_knows(store, s.key));
    CU_ASSERT_FALSE(tn_store_knows(store, unknown.key));
    tn_store_reset(store, s.key);
    CU_ASSERT_FALSE(tn_store_knows(store, s.key));
    for (uint64_t i = 100; i < 800; i += 2) /* more than wait for the writer at once: none is lost */
        tn_store_reset(store, shape(i).key);
    tn_store_flush(store);
    for (uint64_t i = 100; i < 800; i++)
        CU_ASSERT_EQUAL(tn_store_knows(store, shape(i).key), i % 2 == 1);
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
    struct tn_store *store;
    struct report    seen = {.count = 0};
    struct tn_error  err = TN_ERROR_INIT;
    int              status = -1;

    fresh_path("reports");
    store = open_told(500);
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

static long log_size(void)
{
    struct stat st;
    char        name[160];

    snprintf(name, sizeof name, "%s-wal", path);
    return stat(name, &st) == 0 ? (long)st.st_size : -1;
}

static void test_blobs(void)
{
    long             written;
    struct tn_store *store;
    struct account   account = {.text = ""}, other = {.text = ""};

    fresh_path("blobs");
    store = open_store(100);
    CU_ASSERT_EQUAL(tn_store_blob(store, "world", read_account, write_account, &account, NULL), TN_OK);
    CU_ASSERT_EQUAL(account.reads, 0);
    tn_store_flush(store);
    CU_ASSERT(account.writes > 0);
    written = log_size();
    tn_store_flush(store);
    CU_ASSERT(written > 0 && log_size() == written); /* the same bytes: not again */
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

enum { FILE_BYTES = 1 << 20 };

struct copy {
    long size; /* 0: there is none */
    char bytes[FILE_BYTES];
};

/* The database and its log, byte for byte; no log is as good as an empty one. The third file that SQLite has is an index of the log, which
 * whoever reads makes anew. */
static void copy_files(struct copy copies[2])
{
    static const char *const ends[] = {"", "-wal"};

    for (size_t i = 0; i < 2; i++) {
        char  name[160];
        FILE *file;

        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        file = fopen(name, "rb");
        copies[i].size = file == NULL ? 0 : (long)fread(copies[i].bytes, 1, FILE_BYTES, file);
        if (file != NULL)
            fclose(file);
    }
}

static void check_refused(const char *part)
{
    static struct copy      before[2], after[2];
    struct tn_store_options o = options(100);
    struct tn_store        *store = NULL;
    struct tn_error         err = TN_ERROR_INIT;

    copy_files(before);
    CU_ASSERT(before[0].size > 0);
    CU_ASSERT_EQUAL(tn_store_open(&store, &o, &err), TN_E_INVALID);
    CU_ASSERT_PTR_NULL(store);
    if (strstr(err.message, part) == NULL)
        fprintf(stderr, "not \"%s\": %s\n", part, err.message);
    CU_ASSERT(strstr(err.message, part) != NULL && strstr(err.message, path) != NULL);
    tn_error_reset(&err);
    copy_files(after);
    for (size_t i = 0; i < 2; i++) {
        if (after[i].size != before[i].size)
            fprintf(stderr, "file %zu: %ld bytes, then %ld\n", i, before[i].size, after[i].size);
        CU_ASSERT(after[i].size == before[i].size && (before[i].size == 0 || memcmp(after[i].bytes, before[i].bytes, (size_t)before[i].size) == 0));
    }
}

/* A newer program was killed: what says so is in the write-ahead log alone. WITH_INDEX: its -shm is there too. */
static void leave_in_log(bool with_index)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    sqlite3                 *db;
    char                     command[512];

    fresh_path("log");
    tn_store_close(open_store(100));
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(path, &db), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA user_version = 99; CREATE TABLE newer (x)", NULL, NULL, NULL), SQLITE_OK);
    for (size_t i = 0; i < (with_index ? 3u : 2u); i++) {
        snprintf(command, sizeof command, "cp '%s%s' '%s.killed%s'", path, ends[i], path, ends[i]);
        CU_ASSERT_EQUAL_FATAL(system(command), 0);
    }
    sqlite3_close(db);
    snprintf(path + strlen(path), sizeof path - strlen(path), ".killed");
}

static void test_newer_in_the_log(void)
{
    leave_in_log(false);
    check_refused("was written by a newer Turnout (format 99");
    leave_in_log(true);
    check_refused("was written by a newer Turnout (format 99");
}

/* Two writers would give the same ids to different shapes. */
static void test_one_writer(void)
{
    struct tn_store_options o = options(100);
    struct tn_store        *store, *second;
    struct tn_error         err = TN_ERROR_INIT;

    fresh_path("one");
    store = open_store(100);
    CU_ASSERT_EQUAL(tn_store_open(&second, &o, &err), TN_E_INVALID);
    CU_ASSERT_PTR_NULL(second);
    CU_ASSERT(strstr(err.message, "in use by another Turnout") != NULL && strstr(err.message, path) != NULL && err.hint[0] != '\0');
    tn_error_reset(&err);
    name_clusters(store, 1);
    learn(store, 1, 1);
    tn_store_close(store);
    store = open_store(100); /* free again */
    CU_ASSERT_EQUAL(counts(store).shapes, 1);
    tn_store_close(store);
}

/* The message says which file: there are several of ours. */
static void test_damaged_file(void)
{
    static char junk[8192];
    FILE       *file;

    fresh_path("damaged");
    tn_store_close(open_store(100));
    file = fopen(path, "r+b");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    memset(junk, 0xa5, sizeof junk);
    CU_ASSERT_EQUAL(fseek(file, 100, SEEK_SET), 0); /* all of the first page but its header */
    CU_ASSERT_EQUAL(fwrite(junk, 1, sizeof junk - 100, file), sizeof junk - 100);
    fclose(file);
    check_refused("damaged");
}

/* A file that several lanes read, with large gaps between ids, and ids that nobody gave. */
static void test_gaps(void)
{
    enum { SHAPES = 6000 };
    struct tn_store *store;
    unsigned         good = 0;

    fresh_path("gaps");
    store = open_store(100000);
    name_clusters(store, 2);
    for (uint64_t i = 1; i <= SHAPES; i++)
        learn(store, i, 2);
    tn_store_close(store);
    run_sql("UPDATE shape SET id = -id; UPDATE shape SET id = id * -300000 + 5; UPDATE meta SET value = 1800000006 WHERE name = 'next_id';"
            "INSERT INTO shape SELECT id + 9000000000, key, visits, first, last, text32, parent, class, band, flags, incumbent, cells FROM shape LIMIT 1;"
            "INSERT INTO shape SELECT -7, key, visits, first, last, text32, parent, class, band, flags, incumbent, cells FROM shape LIMIT 1");
    for (unsigned round = 0; round < 2; round++) {
        store = open_store(100000);
        CU_ASSERT_EQUAL(counts(store).shapes, SHAPES);
        CU_ASSERT_EQUAL(counts(store).dirty, 0);
        name_clusters(store, 2);
        good = 0;
        for (uint64_t i = 1; i <= SHAPES; i++)
            good += same(store, i, 2);
        CU_ASSERT_EQUAL(good, SHAPES);
        tn_store_close(store);
    }
}

/* A file whose only ids are far above all that can be given, or negative, with a next one that is as wrong: several lanes come to an end, and
 * what is learned then is there the next time. */
static void test_ids_of_nobody(void)
{
    static const char *const damage[] = {"UPDATE shape SET id = 9223372036854775807 WHERE id = 1; UPDATE shape SET id = -id WHERE id < 7000",
                                         "UPDATE shape SET id = 9223372036854775000 + id % 800 WHERE id <= 800; DELETE FROM shape WHERE id < 7000",
                                         "UPDATE shape SET id = 2147483647 WHERE id = 1; DELETE FROM shape WHERE id < 7000"};
    static const char *const next[] = {"9223372036854775807", "-5", "4294967297", "2147483648"};
    struct tn_store         *store;
    char                     sql[512];

    for (unsigned i = 0; i < TN_ARRAY_LEN(damage); i++)
        for (unsigned n = 0; n < TN_ARRAY_LEN(next); n++) {
            fresh_path("ids");
            store = open_store(100000);
            name_clusters(store, 2);
            for (uint64_t s = 1; s <= 6000; s++)
                learn(store, s, 1);
            tn_store_close(store);
            snprintf(sql, sizeof sql, "%s; UPDATE meta SET value = %s WHERE name = 'next_id'", damage[i], next[n]);
            run_sql(sql);
            store = open_store(100000);
            CU_ASSERT_EQUAL(counts(store).shapes, 0);
            name_clusters(store, 2);
            learn(store, 7001, 2);
            learn(store, 7002, 2);
            tn_store_close(store);
            store = open_store(100000);
            CU_ASSERT_EQUAL(counts(store).shapes, 2);
            name_clusters(store, 2);
            CU_ASSERT_TRUE(same(store, 7001, 2) && same(store, 7002, 2));
            tn_store_close(store);
        }
}

/* In the middle of its rows: whichever lane reads them tells it, and nothing is half read. */
static void test_damaged_rows_of_a_lane(void)
{
    static char      junk[32768];
    struct tn_store *store;
    struct stat      file_stat;
    FILE            *file;

    fresh_path("middle");
    store = open_store(100000);
    name_clusters(store, 2);
    for (uint64_t i = 1; i <= 6000; i++)
        learn(store, i, 2);
    tn_store_close(store);
    run_sql("DELETE FROM text; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    CU_ASSERT_EQUAL_FATAL(stat(path, &file_stat), 0);
    file = fopen(path, "r+b");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    memset(junk, 0xa5, sizeof junk);
    CU_ASSERT_EQUAL(fseek(file, file_stat.st_size / 8192 / 2 * 8192, SEEK_SET), 0);
    CU_ASSERT_EQUAL(fwrite(junk, 1, sizeof junk, file), sizeof junk);
    fclose(file);
    check_refused("damaged");
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
    fresh_path("pipe");
    CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
    o = options(100);
    CU_ASSERT_EQUAL(tn_store_open(&store, &o, &err), TN_E_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "is no file"));
    tn_error_reset(&err);
    snprintf(path, sizeof path, "%s/no/such/folder", folder);
    o = options(100);
    CU_ASSERT_EQUAL(tn_store_open(&store, &o, &err), TN_E_NOT_FOUND);
    tn_error_reset(&err);
}

static void add_tests(CU_pSuite suite)
{
    CU_ADD_TEST(suite, test_reopen);
    CU_ADD_TEST(suite, test_histograms);
    CU_ADD_TEST(suite, test_downtime);
    CU_ADD_TEST(suite, test_clusters);
    CU_ADD_TEST(suite, test_many_clusters);
    CU_ADD_TEST(suite, test_full_file);
    CU_ADD_TEST(suite, test_numbers_stay);
    CU_ADD_TEST(suite, test_format_1);
    CU_ADD_TEST(suite, test_older_format);
    CU_ADD_TEST(suite, test_newer_in_the_log);
    CU_ADD_TEST(suite, test_one_writer);
    CU_ADD_TEST(suite, test_damaged_file);
    CU_ADD_TEST(suite, test_gaps);
    CU_ADD_TEST(suite, test_ids_of_nobody);
    CU_ADD_TEST(suite, test_damaged_rows_of_a_lane);
    CU_ADD_TEST(suite, test_evicted_return);
    CU_ADD_TEST(suite, test_merge);
    CU_ADD_TEST(suite, test_smaller_maximum);
    CU_ADD_TEST(suite, test_file_maximum);
    CU_ADD_TEST(suite, test_reset);
    CU_ADD_TEST(suite, test_reports);
    CU_ADD_TEST(suite, test_blobs);
    CU_ADD_TEST(suite, test_refused_files);
}

int main(void)
{
    return run_store_tests("store_file", add_tests);
}

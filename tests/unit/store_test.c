/* store_test.c - shapes and cells in memory: what is asked for is there, bounds hold, nothing in flight goes away. */
#include "stats/store.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/rand.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>

static struct tn_store *open_store(uint64_t max_shapes)
{
    struct tn_store_options options = TN_STORE_OPTIONS_DEFAULT;
    struct tn_store        *store;
    struct tn_error         err = TN_ERROR_INIT;

    options.max_shapes = max_shapes;
    if (tn_store_open(&store, &options, &err) != TN_OK) {
        fprintf(stderr, "open: %s\n", err.message);
        abort();
    }
    return store;
}

static struct tn_shape shape(uint64_t i)
{
    return (struct tn_shape){.key = {i * 7919 + 1, i}, .text = {i, i}, .class = (uint8_t)(i % TN_SHAPE_CLASSES), .band = (uint8_t)(i % 16)};
}

static struct tn_shape_about about(uint64_t client)
{
    return (struct tn_shape_about){.text = TN_STR("SELECT a FROM t WHERE b = 17"), .group = TN_STR("analytics"), .client = client, .now_us = 1};
}

static struct tn_shape_entry *get(struct tn_store *store, uint64_t i, bool create)
{
    struct tn_shape       s = shape(i);
    struct tn_shape_about a = about(0);

    return tn_store_acquire(store, &s, create, &a);
}

static struct tn_store_counts counts(struct tn_store *store)
{
    struct tn_store_counts c;

    tn_store_counts(store, &c);
    return c;
}

static void test_acquire(void)
{
    struct tn_store       *store = open_store(1000);
    struct tn_shape_entry *entry;

    CU_ASSERT_PTR_NULL(get(store, 1, false));
    for (uint64_t i = 1; i <= 500; i++) {
        entry = get(store, i, true);
        CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
        CU_ASSERT(entry->visits == 0 && entry->id == i && entry->incumbent == 255 && entry->text32 == i);
        entry->visits = (uint32_t)i;
        tn_store_release(store, entry, true);
    }
    for (uint64_t i = 1; i <= 500; i++) {
        entry = get(store, i, i % 2 == 0);
        CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
        CU_ASSERT_EQUAL(entry->visits, i);
        tn_store_release(store, entry, false);
    }
    CU_ASSERT_EQUAL(counts(store).shapes, 500);
    CU_ASSERT_EQUAL(counts(store).dirty, 500);
    CU_ASSERT_EQUAL(counts(store).singletons, 1);
    tn_store_close(store);
    tn_store_close(NULL);
}

static void test_bands(void)
{
    struct tn_store       *store = open_store(1000);
    struct tn_shape        s = shape(5);
    struct tn_shape_about  a = about(0);
    struct tn_shape_entry *parent = tn_store_acquire(store, &s, true, &a), *child;
    uint32_t               id = parent->id;

    tn_store_release(store, parent, true);
    CU_ASSERT_PTR_NULL(tn_store_acquire_band(store, &s, false, &a));
    child = tn_store_acquire_band(store, &s, true, &a);
    CU_ASSERT_PTR_NOT_NULL_FATAL(child);
    CU_ASSERT(child->parent == id && child->band == 5 && child->id != id);
    child->visits = 9;
    tn_store_release(store, child, true);
    s.band = 6;
    child = tn_store_acquire_band(store, &s, true, &a);
    CU_ASSERT(child->visits == 0);
    tn_store_release(store, child, true);
    s.band = 5;
    child = tn_store_acquire_band(store, &s, false, &a);
    CU_ASSERT_PTR_NOT_NULL_FATAL(child);
    CU_ASSERT_EQUAL(child->visits, 9);
    tn_store_release(store, child, true);
    tn_store_close(store);
}

static void sum_cells(void *arg, unsigned cluster, struct tn_cell *cell)
{
    unsigned *sum = arg;

    CU_ASSERT_EQUAL(cell->n, cluster + 1);
    *sum += cluster + 1;
}

static void test_cells(void)
{
    struct tn_store       *store = open_store(1000);
    struct tn_shape_entry *entry = get(store, 1, true);
    unsigned               sum = 0;

    CU_ASSERT_PTR_NULL(tn_store_cell(store, entry, 3, false));
    CU_ASSERT_PTR_NULL(tn_store_cell(store, entry, TN_STORE_CLUSTERS, true));
    for (unsigned c = 0; c < TN_STORE_CLUSTERS; c++) {
        struct tn_cell *cell = tn_store_cell(store, entry, c, true);

        CU_ASSERT_PTR_NOT_NULL_FATAL(cell);
        CU_ASSERT(cell->n == 0 && cell->cen == INT16_MIN);
        cell->n = (uint16_t)(c + 1);
    }
    for (unsigned c = 0; c < TN_STORE_CLUSTERS; c++)
        CU_ASSERT_EQUAL(tn_store_cell(store, entry, c, false)->n, c + 1);
    tn_store_cells(store, entry, sum_cells, &sum);
    CU_ASSERT_EQUAL(sum, TN_STORE_CLUSTERS * (TN_STORE_CLUSTERS + 1) / 2);
    tn_store_release(store, entry, true);
    CU_ASSERT_EQUAL(counts(store).cells, TN_STORE_CLUSTERS);
    tn_store_reset(store, NULL);
    CU_ASSERT_EQUAL(counts(store).cells, 0);
    tn_store_close(store);
}

static void test_flights(void)
{
    struct tn_store       *store = open_store(1000);
    struct tn_shape_entry *entry = get(store, 1, true);
    struct tn_flight       flights[3] = {{.cluster = 0}, {.cluster = 1}, {.cluster = 2}};

    tn_flight_unlink(&flights[0]);
    for (int i = 0; i < 3; i++)
        tn_flight_link(entry, &flights[i]);
    tn_flight_unlink(&flights[1]);
    tn_flight_unlink(&flights[1]);
    CU_ASSERT(entry->flights == &flights[2] && flights[2].next == &flights[0] && flights[0].next == NULL);
    tn_flight_unlink(&flights[2]);
    CU_ASSERT(entry->flights == &flights[0]);
    tn_flight_unlink(&flights[0]);
    CU_ASSERT_PTR_NULL(entry->flights);
    tn_store_release(store, entry, false);
    tn_store_close(store);
}

/* What is used often or is in flight stays; a flood of shapes that are seen once does not push it out. */
static void test_evict(void)
{
    enum { MOST = 2000, FAVOURITES = 500 };
    struct tn_store       *store = open_store(MOST);
    struct tn_flight       flight = {.cluster = 1};
    struct tn_shape_entry *entry = get(store, 1000000, true);
    unsigned               left = 0;

    tn_flight_link(entry, &flight);
    tn_store_release(store, entry, true);
    for (uint64_t i = 1; i <= 20000; i++) {
        uint64_t favourite = i % FAVOURITES + 500000;

        entry = get(store, i, true);
        CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
        entry->visits++;
        tn_store_cell(store, entry, (unsigned)(i % 9), true);
        tn_store_release(store, entry, true);
        entry = get(store, favourite, true);
        CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
        entry->visits++;
        tn_store_release(store, entry, true);
        if (counts(store).shapes > MOST)
            CU_FAIL("too many");
    }
    for (uint64_t i = 0; i < FAVOURITES; i++) {
        entry = get(store, i + 500000, false);
        if (entry == NULL)
            continue;
        left++;
        tn_store_release(store, entry, false);
    }
    CU_ASSERT(left > FAVOURITES * 9 / 10);
    entry = get(store, 1000000, false);
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    tn_flight_unlink(&flight);
    tn_store_release(store, entry, false);
    CU_ASSERT(counts(store).evicted > 15000);
    tn_store_close(store);
}

static void test_all_in_flight(void)
{
    enum { MOST = 64 };
    struct tn_store       *store = open_store(MOST);
    struct tn_flight       flights[MOST] = {{.cluster = 0}};
    struct tn_shape_entry *entry;

    for (uint64_t i = 0; i < MOST; i++) {
        entry = get(store, i + 1, true);
        tn_flight_link(entry, &flights[i]);
        tn_store_release(store, entry, true);
    }
    CU_ASSERT_PTR_NULL(get(store, 1000, true));
    CU_ASSERT_EQUAL(counts(store).refused_limit, 1);
    entry = get(store, 1, false);
    tn_flight_unlink(&flights[0]);
    tn_store_release(store, entry, false);
    entry = get(store, 1000, true);
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    tn_store_release(store, entry, false);
    tn_store_close(store);
}

static struct tn_shape_entry *get_as(struct tn_store *store, uint64_t i, uint64_t client, uint64_t now_us)
{
    struct tn_shape       s = shape(i);
    struct tn_shape_about a = about(client);

    a.now_us = now_us;
    return tn_store_acquire(store, &s, true, &a);
}

static void test_client_limit(void)
{
    struct tn_store_options options = TN_STORE_OPTIONS_DEFAULT;
    struct tn_store        *store;
    unsigned                made = 0;

    options.max_new_shapes_per_minute = 60;
    CU_ASSERT_EQUAL_FATAL(tn_store_open(&store, &options, NULL), TN_OK);
    for (uint64_t i = 1; i <= 100; i++) {
        struct tn_shape_entry *entry = get_as(store, i, 77, 1000);

        if (entry != NULL) {
            made++;
            tn_store_release(store, entry, true);
        }
    }
    CU_ASSERT_EQUAL(made, 60);
    CU_ASSERT_EQUAL(counts(store).refused_client, 40);
    struct tn_shape_entry *entry = get_as(store, 1, 77, 1000); /* a known one is no new one */
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    tn_store_release(store, entry, true);
    entry = get_as(store, 1000, 78, 1000); /* another client */
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    tn_store_release(store, entry, true);
    CU_ASSERT_PTR_NULL(get_as(store, 2000, 77, 1000 + 900000));
    entry = get_as(store, 2000, 77, 1000 + 1100000); /* one a second */
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    tn_store_release(store, entry, true);
    CU_ASSERT_EQUAL(counts(store).singletons, 62);
    for (uint64_t client = 1; client < 100000; client++) { /* bounded */
        entry = get_as(store, 100000 + client, client + 1000, 5000000);
        if (entry != NULL)
            tn_store_release(store, entry, true);
    }
    tn_store_close(store);
}

/* COUNT lessons of TENANT in the minute of NOW_US; how many were learned. */
static unsigned teach(struct tn_store *store, uint64_t shape, uint64_t tenant, unsigned count, uint64_t now_us)
{
    const uint64_t key[2] = {shape, 1};
    unsigned       learned = 0;

    for (unsigned i = 0; i < count; i++) {
        bool may = tn_store_may_teach(store, key, tenant, .25, now_us, false) != TN_TEACH_NOT;

        CU_ASSERT_EQUAL(tn_store_may_teach(store, key, tenant, .25, now_us, true) != TN_TEACH_NOT, may);
        learned += may;
    }
    return learned;
}

/* A tenant has at most 25 % of what is learned of a shape in a minute (adaptive G9, statistics poisoned by one tenant). */
static void test_tenants_share(void)
{
    enum { MINUTE = 60000000 };
    struct tn_store *store = open_store(1000);
    unsigned         loud = 0, all = 0;

    CU_ASSERT_EQUAL(teach(store, 1, 7, 1000, MINUTE), 1000); /* alone */
    CU_ASSERT_EQUAL(teach(store, 1, 8, 10, MINUTE), 10);     /* the first words of another */
    CU_ASSERT_EQUAL(teach(store, 1, 7, 10, MINUTE), 0);
    CU_ASSERT_EQUAL(teach(store, 2, 7, 10, MINUTE), 10); /* another shape */
    CU_ASSERT_EQUAL(teach(store, 2, 0, 1000, MINUTE), 1000); /* nobody in particular */
    for (unsigned i = 0; i < 400; i++) { /* one of five is loud */
        unsigned learned = teach(store, 1, 7, 50, 2 * MINUTE);

        loud += learned;
        all += learned;
        for (uint64_t other = 10; other < 14; other++)
            all += teach(store, 1, other, 1, 2 * MINUTE);
    }
    CU_ASSERT_EQUAL(all - loud, 1600); /* who keeps to his share loses nothing */
    CU_ASSERT(loud <= .25 * all + 1 && loud > 500);
    CU_ASSERT(counts(store).refused_tenant > 19000);
    loud = all = 0;
    for (unsigned i = 0; i < 500; i++) { /* two: half for each, the one after the other */
        all += teach(store, 3, 1, 1, 5 * MINUTE);
        all += teach(store, 3, 2, 1, 5 * MINUTE);
    }
    CU_ASSERT_EQUAL(all, 1000);
    CU_ASSERT_EQUAL(teach(store, 3, 1, 100, 6 * MINUTE), 8); /* the other may come again; a change is noticed all the same */
    CU_ASSERT_EQUAL(teach(store, 3, 1, 100, 7 * MINUTE), 100); /* he did not */
    for (uint64_t tenant = 1; tenant < 5000; tenant++) /* bounded */
        CU_ASSERT_EQUAL(teach(store, 4 + tenant % 500, tenant, 1, 8 * MINUTE), 1);
    tn_store_close(store);
}

static void test_age(void)
{
    struct tn_store       *store = open_store(1000);
    struct tn_shape_entry *entry = get(store, 1, true);
    struct tn_belief       belief = {.m = 1, .P = .01, .n = 80};

    tn_cell_store(tn_store_cell(store, entry, 0, true), &belief);
    entry->visits = 2;
    tn_store_release(store, entry, true);
    CU_ASSERT_EQUAL(counts(store).singletons, 0);
    tn_clock_shift_us(0, INT64_C(14) * 86400 * 1000000);
    entry = get(store, 1, false);
    CU_ASSERT_EQUAL(tn_store_cell(store, entry, 0, false)->n, 20); /* two half-lives */
    tn_store_release(store, entry, false);
    entry = get(store, 1, false);
    CU_ASSERT_EQUAL(tn_store_cell(store, entry, 0, false)->n, 20); /* once */
    tn_store_release(store, entry, false);
    tn_clock_shift_us(0, 0);
    tn_store_close(store);
}

static void test_clusters(void)
{
    struct tn_store       *store = open_store(1000);
    const struct tn_str    aliases[] = {TN_STR("never"), TN_STR("old")};
    struct tn_shape_entry *entry;
    struct tn_belief       belief = {.m = 1, .P = .01, .n = 80}, out;
    char                   name[16];

    CU_ASSERT_EQUAL(tn_store_cluster(store, TN_STR("a"), NULL, 0, 1), 0);
    CU_ASSERT_EQUAL(tn_store_cluster(store, TN_STR("old"), NULL, 0, 2), 1);
    CU_ASSERT_EQUAL(tn_store_cluster(store, TN_STR("a"), NULL, 0, 1), 0);
    CU_ASSERT_EQUAL(tn_store_cluster_find(store, TN_STR("old")), 1);
    CU_ASSERT_EQUAL(tn_store_cluster_find(store, TN_STR("none")), 255);
    CU_ASSERT_EQUAL(tn_store_cluster_name(store, 200).len, 0);
    entry = get(store, 1, true);
    tn_cell_store(tn_store_cell(store, entry, 0, true), &belief);
    tn_store_release(store, entry, true);
    CU_ASSERT_EQUAL(tn_store_cluster(store, TN_STR("a"), NULL, 0, 99), 0); /* changed */
    entry = get(store, 1, true);
    tn_cell_load(tn_store_cell(store, entry, 0, false), &out);
    CU_ASSERT(out.n == 8 && out.P >= .249 && out.m == 1);
    tn_store_release(store, entry, true);
    CU_ASSERT_EQUAL(tn_store_cluster(store, TN_STR("new"), aliases, 2, 2), 2); /* "old" is configured itself */
    for (unsigned i = 3; i < TN_STORE_CLUSTERS; i++) {
        snprintf(name, sizeof name, "c%u", i);
        CU_ASSERT_EQUAL(tn_store_cluster(store, tn_str(name), NULL, 0, 2), i);
    }
    CU_ASSERT_EQUAL(tn_store_cluster(store, TN_STR("one more"), NULL, 0, 2), 255);
    tn_store_close(store);
}

/* Over reloads: what is renamed keeps its figures; numbers of those that are gone are given again, an hour later, without theirs. */
static void test_clusters_come_and_go(void)
{
    struct tn_store       *store = open_store(1000);
    const struct tn_str    a = TN_STR("a"), b = TN_STR("b");
    struct tn_shape_entry *entry;
    char                   name[16];

    CU_ASSERT_EQUAL(tn_store_cluster(store, a, NULL, 0, 1), 0);
    CU_ASSERT(tn_store_cluster_is_new(store, 0) && !tn_store_cluster_is_new(store, 0) && !tn_store_cluster_is_new(store, 255));
    tn_store_configure(store, &b, 1, 0);
    CU_ASSERT_EQUAL(tn_store_cluster(store, b, &a, 1, 1), 0); /* renamed while it runs */
    CU_ASSERT_FALSE(tn_store_cluster_is_new(store, 0));
    for (unsigned i = 1; i < TN_STORE_CLUSTERS; i++) {
        struct tn_str only;

        snprintf(name, sizeof name, "c%u", i);
        only = tn_str(name);
        tn_store_configure(store, &only, 1, 0);
        CU_ASSERT_EQUAL(tn_store_cluster(store, only, NULL, 0, 1), i);
    }
    entry = get(store, 1, true);
    tn_store_cell(store, entry, 0, true)->n = 9;
    tn_store_cell(store, entry, TN_STORE_CLUSTERS - 1, true)->n = 7;
    tn_store_release(store, entry, true);
    tn_store_configure(store, &a, 1, 0);
    CU_ASSERT_EQUAL(tn_store_cluster(store, a, NULL, 0, 1), 255); /* queries of the last ones may be on their way */
    tn_clock_shift_us(0, (int64_t)TN_STORE_REUSE_S * 1000000 + 1000000);
    CU_ASSERT_EQUAL(tn_store_cluster(store, a, NULL, 0, 1), 0);
    CU_ASSERT_TRUE(tn_store_cluster_is_new(store, 0));
    CU_ASSERT(tn_str_eq_c(tn_store_cluster_name(store, 0), "a"));
    entry = get(store, 1, true);
    CU_ASSERT_PTR_NULL(tn_store_cell(store, entry, 0, false));
    CU_ASSERT_PTR_NOT_NULL(tn_store_cell(store, entry, TN_STORE_CLUSTERS - 1, false));
    tn_store_release(store, entry, true);
    tn_clock_shift_us(0, 0);
    tn_store_close(store);
}

static bool count_report(void *arg, const struct tn_shape_report *report)
{
    unsigned *count = arg;

    CU_ASSERT(tn_str_eq_c(report->text, "SELECT a FROM t WHERE b = ?"));
    CU_ASSERT(tn_str_eq_c(report->group, "analytics"));
    CU_ASSERT(report->cell_count == 1 && report->cells[0].n == report->clusters[0] + 1 && report->entry.flights == NULL);
    return ++*count < 50;
}

static void test_each(void)
{
    struct tn_store *store = open_store(1000);
    unsigned         count = 0;

    for (uint64_t i = 1; i <= 70; i++) {
        struct tn_shape_entry *entry = get(store, i, true);

        tn_store_cell(store, entry, (unsigned)(i % 10), true)->n = (uint16_t)(i % 10 + 1);
        tn_store_release(store, entry, true);
    }
    CU_ASSERT_EQUAL(tn_store_each(store, false, count_report, &count, NULL), TN_OK);
    CU_ASSERT_EQUAL(count, 50);
    tn_store_close(store);
}

static void test_samples(void)
{
    struct tn_store *store = open_store(400); /* a pool of 101 histograms */
    struct tn_rand   rand = {.state = 1};
    double           p50, p95;

    for (uint64_t i = 1; i <= 300; i++) {
        struct tn_shape_entry *entry = get(store, i, true);
        struct tn_cell        *cell;
        struct tn_belief       belief = {.m = 0, .P = .01, .n = 64, .M2 = .25};

        for (unsigned c = 0; c < i % 12; c++)
            tn_store_cell(store, entry, c, true);
        cell = tn_store_cell(store, entry, 200, true);
        tn_store_sample(store, cell, 5, 1);
        CU_ASSERT_EQUAL(cell->hist, 0); /* not hot */
        tn_cell_store(cell, &belief);
        for (int k = 0; k < 300; k++)
            tn_store_sample(store, cell, 4 + 2 * tn_rand_unit(&rand), 1);
        CU_ASSERT(cell->hist != 0);
        CU_ASSERT_TRUE(tn_cell_quantiles(cell, &p50, &p95));
        CU_ASSERT(p50 > 4.5 && p50 < 5.5 && p95 > 5.6 && p95 < 6.2);
        tn_store_release(store, entry, true);
    }
    unsigned with = 0;
    for (uint64_t i = 1; i <= 300; i++) {
        struct tn_shape_entry *entry = get(store, i, false);
        struct tn_cell        *cell = tn_store_cell(store, entry, 200, false);

        with += cell->hist != 0;
        CU_ASSERT(tn_cell_quantiles(cell, &p50, &p95));
        CU_ASSERT((cell->hist != 0) == (p50 > 2)); /* whose histogram was taken goes on with its moments */
        tn_store_release(store, entry, true);
    }
    CU_ASSERT_EQUAL(with, 101);
    tn_store_close(store);
}

struct work {
    struct tn_store *store;
    uint64_t         seed;
};

static void *work_on_shapes(void *arg)
{
    struct work     *work = arg;
    struct tn_rand   rand = {.state = work->seed};

    for (int i = 0; i < 20000; i++) {
        uint64_t               number = 1 + tn_rand_below(&rand, 3000);
        struct tn_shape        next = shape(number);
        struct tn_shape_entry *entry;

        tn_store_expect(work->store, next.key); /* while others put it in and out */
        entry = get(work->store, number, true);
        if (entry == NULL)
            continue;
        entry->visits++;
        tn_store_cell(work->store, entry, (unsigned)tn_rand_below(&rand, 12), true)->n++;
        tn_store_release(work->store, entry, true);
        if (i % 4000 == 0)
            counts(work->store);
    }
    return NULL;
}

static void test_threads(void)
{
    struct tn_store *store = open_store(2000);
    struct work      work[4];
    pthread_t        threads[4];

    for (unsigned i = 0; i < 4; i++) {
        work[i] = (struct work){store, i};
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, work_on_shapes, &work[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CU_ASSERT(counts(store).shapes <= 2000);
    CU_ASSERT(counts(store).shapes > 1500);
    tn_store_close(store);
}

static void test_no_memory(void)
{
    struct tn_store_options options = TN_STORE_OPTIONS_DEFAULT;
    struct tn_store        *store = NULL;
    struct tn_shape_entry  *entry;

    for (size_t n = 0; store == NULL && n < 10; n++) {
        tn_alloc_fail_after(n);
        enum tn_status status = tn_store_open(&store, &options, NULL);
        tn_alloc_fail_never();
        CU_ASSERT(status == TN_OK || status == TN_E_NOMEM);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(store);
    tn_alloc_fail_after(0);
    entry = get(store, 1, true); /* without its text */
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    tn_store_release(store, entry, true);
    CU_ASSERT_EQUAL(tn_store_cluster(store, TN_STR("a"), NULL, 0, 1), 255);
    CU_ASSERT_EQUAL(tn_store_each(store, false, count_report, NULL, NULL), TN_E_NOMEM);
    tn_alloc_fail_never();
    tn_store_close(store);
}

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("store", NULL, NULL)) == NULL)
        return 1;
    CU_ADD_TEST(suite, test_acquire);
    CU_ADD_TEST(suite, test_bands);
    CU_ADD_TEST(suite, test_cells);
    CU_ADD_TEST(suite, test_flights);
    CU_ADD_TEST(suite, test_evict);
    CU_ADD_TEST(suite, test_all_in_flight);
    CU_ADD_TEST(suite, test_client_limit);
    CU_ADD_TEST(suite, test_tenants_share);
    CU_ADD_TEST(suite, test_age);
    CU_ADD_TEST(suite, test_clusters);
    CU_ADD_TEST(suite, test_clusters_come_and_go);
    CU_ADD_TEST(suite, test_each);
    CU_ADD_TEST(suite, test_samples);
    CU_ADD_TEST(suite, test_threads);
    CU_ADD_TEST(suite, test_no_memory);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

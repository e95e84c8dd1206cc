/* histogram_test.c - duration histograms and counters. */
#include "stats/histogram.h"

#include "base/rand.h"
#include "stats/counters.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void test_buckets(void)
{
    for (unsigned i = 0; i + 1 < TN_HISTOGRAM_BUCKETS; i++) {
        CU_ASSERT_EQUAL(tn_histogram_bucket_high(i) + 1, tn_histogram_bucket_low(i + 1));
        if (tn_histogram_bucket_high(i) <= TN_HISTOGRAM_MAX_US) {
            CU_ASSERT_EQUAL(tn_histogram_bucket(tn_histogram_bucket_low(i)), i);
            CU_ASSERT_EQUAL(tn_histogram_bucket(tn_histogram_bucket_high(i)), i);
        }
    }
    CU_ASSERT(tn_histogram_bucket(TN_HISTOGRAM_MAX_US) < TN_HISTOGRAM_BUCKETS);
    CU_ASSERT_EQUAL(tn_histogram_bucket(UINT64_MAX), tn_histogram_bucket(TN_HISTOGRAM_MAX_US));
}

static void test_error(void)
{
    for (double us = 1; us < (double)TN_HISTOGRAM_MAX_US; us = us * 1.003 + 1) {
        struct tn_histogram     *h = calloc(1, sizeof *h);
        struct tn_histogram_view view = {.count = 0};
        unsigned                 bucket = tn_histogram_bucket((uint64_t)us);
        double                   middle = (double)(tn_histogram_bucket_low(bucket) + tn_histogram_bucket_high(bucket)) / 2;

        tn_histogram_add(h, (uint64_t)us);
        tn_histogram_view_add(&view, h);
        CU_ASSERT(view.count == 1 && view.buckets[bucket] == 1);
        CU_ASSERT(fabs(middle - floor(us)) <= 0.016 * us + 0.5);
        CU_ASSERT_EQUAL(view.sum_us, (uint64_t)us);
        free(h);
    }
}

static void test_sum(void)
{
    static struct tn_histogram a, b, both;
    struct tn_histogram_view   summed = {.count = 0}, one = {.count = 0};
    struct tn_rand             rand = {8};

    for (int i = 0; i < 5000; i++) {
        uint64_t us = tn_rand_below(&rand, TN_HISTOGRAM_MAX_US);

        tn_histogram_add(i % 3 == 0 ? &a : &b, us);
        tn_histogram_add(&both, us);
    }
    tn_histogram_view_add(&summed, &a);
    tn_histogram_view_add(&summed, &b);
    tn_histogram_view_add(&one, &both);
    CU_ASSERT_EQUAL(memcmp(&summed, &one, sizeof one), 0);
}

static void test_cumulative(void)
{
    static struct tn_histogram h;
    struct tn_histogram_view   view = {.count = 0};
    uint64_t                   out[TN_HISTOGRAM_LIMITS];
    static const uint64_t      values[] = {0, 1, 90, 110, 900, 1100, 99000, 250000000, 3000000000u, UINT64_MAX / 2};
    static const uint64_t      want[TN_HISTOGRAM_LIMITS] = {3, 4, 4, 5, 6, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8};

    for (size_t i = 0; i < TN_ARRAY_LEN(values); i++)
        tn_histogram_add(&h, values[i]);
    tn_histogram_view_add(&view, &h);
    tn_histogram_cumulative(&view, out);
    for (unsigned i = 0; i < TN_HISTOGRAM_LIMITS; i++) {
        CU_ASSERT_EQUAL(out[i], want[i]);
        CU_ASSERT_EQUAL((uint64_t)(strtod(tn_histogram_limits[i].label, NULL) * 1e6 + 0.5), tn_histogram_limits[i].us);
    }
    CU_ASSERT_EQUAL(view.count, TN_ARRAY_LEN(values));
}

static struct tn_counters  blocks[4];
static struct tn_histogram shared;

static void *count_much(void *arg)
{
    struct tn_counters *block = arg;

    for (int i = 0; i < 200000; i++) {
        tn_count(block, TN_COUNTER_queries_ok, 1);
        tn_count(block, TN_COUNTER_client_bytes_sent, 3);
        if (block == &blocks[0])
            tn_histogram_add(&shared, (uint64_t)i);
    }
    return NULL;
}

/* Sums only grow while writers write, and are exact at the end. */
static void test_counters(void)
{
    pthread_t threads[4];
    uint64_t  sums[TN_COUNTER_COUNT], before = 0;

    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, count_much, &blocks[i]), 0);
    for (int round = 0; round < 200; round++) {
        struct tn_histogram_view view = {.count = 0};

        memset(sums, 0, sizeof sums);
        for (int i = 0; i < 4; i++)
            tn_counters_add(sums, &blocks[i]);
        CU_ASSERT(sums[TN_COUNTER_queries_ok] >= before);
        before = sums[TN_COUNTER_queries_ok];
        tn_histogram_view_add(&view, &shared);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    memset(sums, 0, sizeof sums);
    for (int i = 0; i < 4; i++)
        tn_counters_add(sums, &blocks[i]);
    CU_ASSERT_EQUAL(sums[TN_COUNTER_queries_ok], 800000);
    CU_ASSERT_EQUAL(sums[TN_COUNTER_client_bytes_sent], 2400000);
    CU_ASSERT_EQUAL(sums[TN_COUNTER_sessions_opened], 0);
    CU_ASSERT_STRING_EQUAL(tn_counter_name(TN_COUNTER_sessions_opened), "sessions_opened");
    for (int i = 0; i < TN_COUNTER_COUNT; i++)
        CU_ASSERT(strlen(tn_counter_help((enum tn_counter)i)) > 10);
}

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("histogram", NULL, NULL)) == NULL)
        return 1;
    CU_ADD_TEST(suite, test_buckets);
    CU_ADD_TEST(suite, test_error);
    CU_ADD_TEST(suite, test_sum);
    CU_ADD_TEST(suite, test_cumulative);
    CU_ADD_TEST(suite, test_counters);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

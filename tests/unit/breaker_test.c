#include "engine/breaker.h"

#include "base/rand.h"

#include <CUnit/Basic.h>

static const uint64_t S = 1000000;

static const struct tn_cluster_conf conf = {
    .breaker_consecutive = 5,
    .breaker_rate = 50,
    .breaker_min_requests = 20,
    .breaker_window = 10000000,
    .breaker_backoff = 30000000,
    .breaker_max_backoff = 300000000,
};

static bool fail_times(struct tn_breaker *b, unsigned count, uint64_t now)
{
    bool opened = false;

    for (unsigned i = 0; i < count; i++)
        opened = tn_breaker_record(b, &conf, false, now);
    return opened;
}

static void test_consecutive(void)
{
    struct tn_breaker b;
    uint64_t          now = 1000 * S;

    tn_breaker_init(&b);
    CU_ASSERT_FALSE(fail_times(&b, 4, now));
    CU_ASSERT_FALSE(tn_breaker_record(&b, &conf, true, now));
    CU_ASSERT_FALSE(fail_times(&b, 4, now));
    CU_ASSERT_TRUE(tn_breaker_allows(&b, now));
    CU_ASSERT_TRUE(tn_breaker_record(&b, &conf, false, now));
    CU_ASSERT_EQUAL(tn_breaker_state(&b, now), TN_BREAKER_OPEN);
    CU_ASSERT_FALSE(tn_breaker_allows(&b, now + 23 * S));
    CU_ASSERT_FALSE(tn_breaker_record(&b, &conf, true, now + 1)); /* a late answer does not close it */
    CU_ASSERT_EQUAL(tn_breaker_state(&b, now + 1), TN_BREAKER_OPEN);
    CU_ASSERT_EQUAL(tn_breaker_state(&b, now + 37 * S), TN_BREAKER_HALF_OPEN);
    tn_breaker_destroy(&b);
}

static void test_rate(void)
{
    struct tn_breaker b;
    uint64_t          now = 500 * S;
    bool              opened = false;

    tn_breaker_init(&b);
    for (int i = 0; i < 19; i++)
        opened = tn_breaker_record(&b, &conf, i % 2 == 0, now);
    CU_ASSERT_FALSE(opened);
    CU_ASSERT_TRUE(tn_breaker_record(&b, &conf, false, now)); /* 10 of 20 */
    tn_breaker_destroy(&b);
    tn_breaker_init(&b); /* failures older than the window do not count */
    for (int i = 0; i < 200; i++)
        opened = tn_breaker_record(&b, &conf, i % 2 == 0, now += S) || opened;
    CU_ASSERT_FALSE(opened); /* 11 at most in a window */
    for (int i = 0; i < 200; i++)
        opened = tn_breaker_record(&b, &conf, i % 3 != 0, now += S / 10) || opened;
    CU_ASSERT_FALSE(opened); /* a third */
    tn_breaker_destroy(&b);
}

static void test_half_open(void)
{
    struct tn_breaker b;
    uint64_t          now = 1000 * S;

    tn_breaker_init(&b);
    fail_times(&b, 5, now);
    now = b.open_until_us;
    CU_ASSERT_TRUE(tn_breaker_allows(&b, now));
    CU_ASSERT_FALSE(tn_breaker_allows(&b, now));
    CU_ASSERT_FALSE(tn_breaker_allows(&b, now + 999999));
    CU_ASSERT_TRUE(tn_breaker_allows(&b, now + S));
    CU_ASSERT_FALSE(tn_breaker_record(&b, &conf, true, now + S + 5));
    CU_ASSERT_EQUAL(tn_breaker_state(&b, now + S + 5), TN_BREAKER_CLOSED);
    CU_ASSERT_EQUAL(b.openings, 0);
    for (int i = 0; i < 100; i++)
        CU_ASSERT_TRUE(tn_breaker_allows(&b, now + S + 6));
    tn_breaker_destroy(&b);
}

/* 30 s times k, at most 300 s, give or take a fifth. */
static void test_backoff(void)
{
    uint64_t least = UINT64_MAX, most = 0;

    for (int round = 0; round < 200; round++) {
        struct tn_breaker b;
        uint64_t          now = 1000 * S;

        tn_breaker_init(&b);
        CU_ASSERT_TRUE(fail_times(&b, 5, now));
        for (uint64_t k = 1; k <= 15; k++) {
            uint64_t wait = b.open_until_us - now, mean = (k < 10 ? k : 10) * 30 * S;

            CU_ASSERT(wait >= mean * 8 / 10 && wait <= mean * 12 / 10);
            if (k == 1 && wait < least)
                least = wait;
            if (k == 1 && wait > most)
                most = wait;
            now = b.open_until_us;
            CU_ASSERT_TRUE(tn_breaker_allows(&b, now));
            CU_ASSERT_TRUE(tn_breaker_record(&b, &conf, false, now)); /* the trial fails: one is enough */
        }
        tn_breaker_destroy(&b);
    }
    CU_ASSERT(least < 26 * S && most > 34 * S); /* it does vary */
}

static void test_clock_jumps(void)
{
    struct tn_breaker b;
    uint64_t          now = 100000 * S;

    tn_breaker_init(&b);
    fail_times(&b, 5, now);
    now = 50 * S; /* back: the wait starts anew, it does not last for days */
    CU_ASSERT_FALSE(tn_breaker_allows(&b, now));
    CU_ASSERT_TRUE(tn_breaker_allows(&b, now + 37 * S));
    CU_ASSERT_TRUE(tn_breaker_allows(&b, now)); /* back again while half open: a trial at most too many */
    CU_ASSERT_FALSE(tn_breaker_record(&b, &conf, true, 1));
    CU_ASSERT_EQUAL(tn_breaker_state(&b, 1), TN_BREAKER_CLOSED);
    fail_times(&b, 4, UINT64_C(1) << 60);
    CU_ASSERT_TRUE(tn_breaker_allows(&b, 3));
    for (int i = 0; i < 30; i++) /* in a window that jumps about */
        tn_breaker_record(&b, &conf, true, i % 2 == 0 ? 5 * S : UINT64_C(1) << 50);
    CU_ASSERT_EQUAL(tn_breaker_state(&b, 3), TN_BREAKER_CLOSED);
    tn_breaker_destroy(&b);
}

static void *hammer(void *arg)
{
    struct tn_breaker *b = arg;
    struct tn_rand     rand = {.state = (uint64_t)(uintptr_t)&rand};

    for (uint64_t i = 0; i < 20000; i++) {
        tn_breaker_record(b, &conf, tn_rand_below(&rand, 2) == 0, i * 1000);
        tn_breaker_allows(b, i * 1000);
    }
    return NULL;
}

static void test_threads(void)
{
    struct tn_breaker b;
    pthread_t         threads[4];

    tn_breaker_init(&b);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, hammer, &b);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CU_ASSERT(tn_breaker_state(&b, 0) <= TN_BREAKER_HALF_OPEN);
    tn_breaker_destroy(&b);
}

int main(void)
{
    unsigned  failures;
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("breaker", NULL, NULL);
    CU_add_test(suite, "consecutive failures", test_consecutive);
    CU_add_test(suite, "failure rate", test_rate);
    CU_add_test(suite, "half open", test_half_open);
    CU_add_test(suite, "back-off", test_backoff);
    CU_add_test(suite, "clock jumps", test_clock_jumps);
    CU_add_test(suite, "threads", test_threads);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

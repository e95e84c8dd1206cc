/* awake_test.c - what runs add to a suspending cluster's bill, against the bill itself, computed from its periods. */
#include "engine/awake.h"

#include "base/rand.h"
#include "stats/price.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <stdlib.h>

enum { RUNS = 200, WORLDS = 300 };

struct run {
    uint64_t start, end; /* microseconds */
    bool     awake;
};

struct event {
    uint64_t at;
    unsigned run;
    bool     ends;
};

static int by_time(const void *a, const void *b)
{
    const struct event *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return (int)y->ends - (int)x->ends;
}

static int by_start(const void *a, const void *b)
{
    const struct run *x = a, *y = b;

    return (x->start > y->start) - (x->start < y->start);
}

/* Seconds that are paid for: of each period from its first run to the idle time after its last one, or the least charge. */
static double paid_seconds(struct run *runs, uint64_t least, uint64_t idle)
{
    uint64_t from, last, sum = 0;

    qsort(runs, RUNS, sizeof *runs, by_start);
    from = runs[0].start;
    last = runs[0].end;
    for (unsigned i = 1; i <= RUNS; i++) {
        if (i < RUNS && runs[i].start < last + idle) {
            last = runs[i].end > last ? runs[i].end : last;
            continue;
        }
        sum += last + idle - from > least ? last + idle - from : least;
        if (i < RUNS) {
            from = runs[i].start;
            last = runs[i].end;
        }
    }
    return (double)sum / 1e6;
}

static double marginal_seconds(struct run *runs, uint64_t least, uint64_t idle)
{
    struct tn_price price = {.type = TN_PRICE_AUTO_SUSPEND, .usd_per_second = 1e-6, .slots = 1, .min_seconds = (double)least / 1e6, .idle_seconds = (double)idle / 1e6};
    struct tn_awake awake = {0};
    struct event    events[2 * RUNS];
    double          sum = 0;

    for (unsigned i = 0; i < RUNS; i++) {
        events[2 * i] = (struct event){runs[i].start, i, false};
        events[2 * i + 1] = (struct event){runs[i].end, i, true};
    }
    qsort(events, 2 * RUNS, sizeof *events, by_time);
    for (unsigned i = 0; i < 2 * RUNS; i++) {
        struct run        *run = &runs[events[i].run];
        struct tn_run_bill bill = {.seconds = (double)(run->end - run->start) / 1e6};
        struct tn_cost     cost;

        if (!events[i].ends) {
            run->awake = tn_awake_begin(&awake, run->start, least, idle);
            continue;
        }
        bill.awake = run->awake;
        bill.awake_s = tn_awake_end(&awake, run->start, run->end, idle);
        tn_price_bill(&price, &bill, &cost);
        CU_ASSERT(cost.marginal >= 0);
        CU_ASSERT_DOUBLE_EQUAL(cost.average, bill.seconds, 1e-9);
        sum += cost.marginal;
    }
    return sum;
}

static void test_all_runs_pay_the_bill(void)
{
    struct tn_rand rand = {.state = 11};

    for (unsigned w = 0; w < WORLDS; w++) {
        struct run runs[RUNS];
        uint64_t   least = tn_rand_below(&rand, 3) * 30000000, idle = tn_rand_below(&rand, 4) * 25000000, busy = 1 + tn_rand_below(&rand, 30), at = 5;
        double     got, want;

        for (unsigned i = 0; i < RUNS; i++) {
            at += 1 + tn_rand_below(&rand, busy * 10000000);
            runs[i] = (struct run){.start = at, .end = at + 1 + tn_rand_below(&rand, 60000000)};
        }
        got = marginal_seconds(runs, least, idle);
        want = paid_seconds(runs, least, idle);
        if (fabs(got - want) > 1e-6 * want)
            fprintf(stderr, "world %u: %.9g, not %.9g\n", w, got, want);
        CU_ASSERT_DOUBLE_EQUAL(got, want, 1e-6 * want);
    }
}

static void test_left(void)
{
    const uint64_t  idle = 10000000;
    struct tn_awake awake = {0};

    CU_ASSERT_EQUAL(tn_awake_left_s(&awake, 1000000, idle), 0);
    CU_ASSERT_FALSE(tn_awake_begin(&awake, 1000000, 60000000, idle));
    CU_ASSERT_TRUE(tn_awake_begin(&awake, 2000000, 60000000, idle));
    CU_ASSERT_DOUBLE_EQUAL(tn_awake_end(&awake, 1000000, 5000000, idle), 60, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(tn_awake_left_s(&awake, 90000000, idle), 10, 1e-9); /* as long as the other one runs */
    CU_ASSERT_TRUE(tn_awake_begin(&awake, 90000000, 60000000, idle));
    (void)tn_awake_end(&awake, 2000000, 6000000, idle);
    (void)tn_awake_end(&awake, 90000000, 91000000, idle);
    CU_ASSERT_DOUBLE_EQUAL(tn_awake_left_s(&awake, 91000000, idle), 10, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(tn_awake_left_s(&awake, 93000000, idle), 8, 1e-9);
    CU_ASSERT_FALSE(tn_awake_begin(&awake, 101000000, 60000000, idle)); /* it went to sleep, and is charged for a start again */
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("awake", NULL, NULL);
    unsigned  failures;

    CU_ADD_TEST(suite, test_all_runs_pay_the_bill);
    CU_ADD_TEST(suite, test_left);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

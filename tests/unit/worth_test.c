/* worth_test.c - what looks may cost: sums against numbers made by hand. */
#include "policies/strategy/worth.h"

#include <CUnit/Basic.h>
#include <math.h>

static const struct tn_constants K = {.worth_share = .01, .worth_gain = .5};

static void plan_for(struct tn_plan *plan, const double *index, size_t count, unsigned best, double look_extra)
{
    *plan = (struct tn_plan){.outlook_count = count, .best_at = (uint8_t)best, .look_extra = look_extra};
    for (size_t i = 0; i < count; i++)
        plan->outlook[i] = (struct tn_outlook){.cluster = (uint8_t)(10 + i), .told = index[i] > 0, .index = index[i]};
}

static void count(struct tn_worth *worth, const double *index, size_t clusters, unsigned best, double look_extra)
{
    struct tn_plan plan;

    plan_for(&plan, index, clusters, best, look_extra);
    tn_worth_count(worth, &plan, TN_OBJECTIVE_LATENCY, 1e18);
}

static double left(const struct tn_worth *worth)
{
    return tn_worth_left(worth, &K, TN_OBJECTIVE_LATENCY);
}

static void test_nothing(void)
{
    struct tn_worth worth = {.queries = 0};

    CU_ASSERT_EQUAL(left(&worth), 0);
    CU_ASSERT(isinf(tn_worth_mean(&worth)));
}

/* One cluster is the best for all: a share of the queries, and each look is taken from it. */
static void test_one_best(void)
{
    struct tn_worth worth = {.queries = 0};

    for (unsigned i = 0; i < 100; i++)
        count(&worth, (double[]){2, 5, 3}, 3, 0, 0);
    CU_ASSERT_DOUBLE_EQUAL(left(&worth), .01 * 200, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(tn_worth_mean(&worth), 2, 1e-9);
    count(&worth, (double[]){2, 5, 3}, 3, 0, 4);
    CU_ASSERT_DOUBLE_EQUAL(left(&worth), .01 * 202 - 4, 1e-9);
}

/* Each is the best for half of them: the lesser one alone would take 2 and 6. */
static void test_gain(void)
{
    struct tn_worth worth = {.queries = 0};

    for (unsigned i = 0; i < 10; i++) {
        count(&worth, (double[]){2, 9}, 2, 0, 0);
        count(&worth, (double[]){6, 1}, 2, 1, 0);
    }
    CU_ASSERT_DOUBLE_EQUAL(left(&worth), .01 * 30 + .5 * 50, 1e-9);
}

/* A new one begins as good as the best of the others, and one that may not run a query is as good as what was chosen. */
static void test_coming_and_going(void)
{
    struct tn_worth worth = {.queries = 0};

    count(&worth, (double[]){4, 5}, 2, 0, 0);
    count(&worth, (double[]){4, 1}, 2, 1, 0); /* alone 8 and 6, chosen 5: a gain of 1 */
    count(&worth, (double[]){0, 1, 3}, 3, 1, 0); /* 9, 7, and 5 + 1 + 3 */
    CU_ASSERT_DOUBLE_EQUAL(left(&worth), .01 * 6 + .5 * 1, 1e-9);
}

static void test_forgets(void)
{
    struct tn_worth worth = {.queries = 0};
    struct tn_plan  plan;

    plan_for(&plan, (double[]){2, 3}, 2, 0, 1);
    for (unsigned i = 0; i < 2000; i++)
        tn_worth_count(&worth, &plan, TN_OBJECTIVE_LATENCY, 10);
    CU_ASSERT_DOUBLE_EQUAL(worth.queries, 10, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(tn_worth_mean(&worth), 2, 1e-9);
}

/* Dollars and seconds are not added up. */
static void test_other_objective(void)
{
    struct tn_worth worth = {.queries = 0};
    struct tn_plan  plan;

    count(&worth, (double[]){2, 3}, 2, 0, 1);
    plan_for(&plan, (double[]){70, 30}, 2, 1, 9);
    tn_worth_count(&worth, &plan, TN_OBJECTIVE_BALANCED, 1e18);
    CU_ASSERT_EQUAL(worth.queries, 1);
    CU_ASSERT(isinf(tn_worth_left(&worth, &K, TN_OBJECTIVE_BALANCED)));
    CU_ASSERT(left(&worth) < 0);
}

/* More clusters than are kept: those beyond do not count, and nothing is written past the end. */
static void test_many(void)
{
    struct tn_worth worth = {.queries = 0};
    struct tn_plan  plan;

    plan_for(&plan, (double[]){2, 3, 4, 5, 6, 7, 8, 9}, 8, 0, 0);
    tn_worth_count(&worth, &plan, TN_OBJECTIVE_LATENCY, 1e18);
    for (size_t i = 0; i < plan.outlook_count; i++)
        plan.outlook[i].cluster = (uint8_t)(100 + i);
    tn_worth_count(&worth, &plan, TN_OBJECTIVE_LATENCY, 1e18);
    CU_ASSERT_EQUAL(worth.count, TN_WORTH_CLUSTERS);
    CU_ASSERT_EQUAL(worth.queries, 2);
    plan.best_at = 8; /* one of which there is no outlook */
    tn_worth_count(&worth, &plan, TN_OBJECTIVE_LATENCY, 1e18);
    CU_ASSERT_EQUAL(worth.queries, 2);
}

int main(void)
{
    unsigned failed;

    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("worth", NULL, NULL);
    CU_add_test(suite, "nothing", test_nothing);
    CU_add_test(suite, "one best", test_one_best);
    CU_add_test(suite, "gain", test_gain);
    CU_add_test(suite, "coming and going", test_coming_and_going);
    CU_add_test(suite, "forgets", test_forgets);
    CU_add_test(suite, "other objective", test_other_objective);
    CU_add_test(suite, "many", test_many);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed > 0;
}

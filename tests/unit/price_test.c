/* price_test.c - bills against tests/golden/price.cases, which another program computed. */
#include "stats/price.h"

#include "cases.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void set(struct tn_cluster_conf *conf, const char *key, const char *value)
{
    static const struct {
        const char *name;
        unsigned    type;
    } types[] = {{"free", TN_CFG_PRICE_TYPE_FREE},          {"perSecond", TN_CFG_PRICE_TYPE_PER_SECOND},
                 {"perScan", TN_CFG_PRICE_TYPE_PER_SCAN},   {"perQuery", TN_CFG_PRICE_TYPE_PER_QUERY},
                 {"autoSuspend", TN_CFG_PRICE_TYPE_AUTO_SUSPEND}};
    double number = atof(value);

    if (strcmp(key, "type") == 0) {
        for (size_t i = 0; i < TN_ARRAY_LEN(types); i++)
            if (strcmp(value, types[i].name) == 0)
                conf->price_type = types[i].type;
    } else if (strcmp(key, "usdPerHour") == 0) {
        conf->price_usd_per_hour = number;
    } else if (strcmp(key, "slots") == 0) {
        conf->price_slots = number;
    } else if (strcmp(key, "usdPerTb") == 0) {
        conf->price_usd_per_tb = number;
    } else if (strcmp(key, "minBytes") == 0) {
        conf->price_min_bytes = (uint64_t)number;
    } else if (strcmp(key, "roundBytes") == 0) {
        conf->price_round_bytes = (uint64_t)number;
    } else if (strcmp(key, "usdPerQuery") == 0) {
        conf->price_usd_per_query = number;
    } else if (strcmp(key, "creditsPerHour") == 0) {
        conf->price_credits_per_hour = number;
    } else if (strcmp(key, "usdPerCredit") == 0) {
        conf->price_usd_per_credit = number;
    } else if (strcmp(key, "minSeconds") == 0) {
        conf->price_min_seconds = (uint64_t)(number * 1e6);
    } else if (strcmp(key, "idleSeconds") == 0) {
        conf->price_idle_seconds = (uint64_t)(number * 1e6);
    } else if (strcmp(key, "fullOnCancel") == 0) {
        conf->price_full_on_cancel = number != 0;
    } else {
        CU_FAIL("an option that the test does not know");
    }
}

static bool close_to(double got, double want)
{
    return fabs(got - want) <= 1e-9 * fmax(fabs(want), 1e-9);
}

static void run_case(const struct golden_case *c)
{
    struct tn_cluster_conf conf = {.line = 0};
    struct tn_price        price;
    struct tn_run_bill     run = {.seconds = 0};
    struct tn_cost         cost;
    double                 average, marginal;
    int                    cut;
    char                   options[256], key[32], value[32];

    tn_str_copy(options, sizeof options, tn_str(golden_get(c, "price")));
    for (char *save = NULL, *word = strtok_r(options, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
        if (sscanf(word, "%31[^=]=%31s", key, value) == 2)
            set(&conf, key, value);
    CU_ASSERT_EQUAL_FATAL(sscanf(golden_get(c, "run"), "%lf %lf %lf %lf %d", &run.seconds, &run.bytes, &run.utilisation,
                                 &run.awake_s, &cut), 5);
    CU_ASSERT_EQUAL_FATAL(sscanf(golden_get(c, "want"), "%lf %lf", &average, &marginal), 2);
    run.cut = cut != 0;
    run.awake = run.awake_s > 0;
    tn_price_init(&price, &conf);
    tn_price_bill(&price, &run, &cost);
    if (!close_to(cost.average, average) || !close_to(cost.marginal, marginal)) {
        fprintf(stderr, "price.cases:%u: got %.17g %.17g\n", c->line, cost.average, cost.marginal);
        CU_FAIL("a bill differs");
    }
}

static void test_bills(void)
{
    CU_ASSERT(golden_each(TN_SOURCE_DIR "/tests/golden/price.cases", run_case) > 200);
}

static void test_rates(void)
{
    struct tn_cluster_conf conf = {.price_type = TN_CFG_PRICE_TYPE_PER_SECOND, .price_usd_per_hour = 3.6, .price_slots = 2};
    struct tn_price        price;

    tn_price_init(&price, &conf);
    CU_ASSERT_DOUBLE_EQUAL(tn_price_per_second(&price, 0, 0), 500, 1e-9); /* a dollar per 1000 s, shared by two */
    CU_ASSERT_FALSE(tn_price_by_bytes(&price));
    conf.price_mode = TN_CFG_PRICE_MODE_MARGINAL;
    tn_price_init(&price, &conf);
    CU_ASSERT_DOUBLE_EQUAL(tn_price_per_second(&price, .2, 0), 50, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(tn_price_per_second(&price, .7, 0), 250, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(tn_price_per_second(&price, 3, 0), 500, 1e-9);
    for (double use = 0; use < 2; use += .01) /* never cheaper because it is busier */
        CU_ASSERT(tn_price_per_second(&price, use, 0) <= tn_price_per_second(&price, use + .01, 0));
    conf = (struct tn_cluster_conf){.price_type = TN_CFG_PRICE_TYPE_PER_SCAN, .price_usd_per_tb = 5, .price_min_bytes = 10000000};
    tn_price_init(&price, &conf);
    CU_ASSERT_TRUE(tn_price_by_bytes(&price));
    CU_ASSERT_DOUBLE_EQUAL(tn_price_of_bytes(&price, 0), 50, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(tn_price_of_bytes(&price, NAN), 50, 1e-9); /* not known: no less than that */
    CU_ASSERT_DOUBLE_EQUAL(tn_price_of_bytes(&price, -1), 50, 1e-9);
}

/* Queries of a fraction of a micro-dollar: each record is whole, sums are right, of all and of those of every other query. */
static void test_whole(void)
{
    static const double bills[] = {.003, .25, .5, .96, 7.4};

    for (size_t b = 0; b < TN_ARRAY_LEN(bills); b++) {
        enum { QUERIES = 100000 };
        double sum[2] = {0, 0}, fraction = bills[b] - floor(bills[b]), deviation = sqrt(QUERIES / 2 * fraction * (1 - fraction));

        for (uint64_t id = 1; id <= QUERIES; id++) {
            uint64_t whole = tn_price_whole(bills[b], id);

            CU_ASSERT(whole == (uint64_t)floor(bills[b]) || whole == (uint64_t)ceil(bills[b]));
            sum[id % 2] += (double)whole;
        }
        for (size_t half = 0; half < 2; half++)
            CU_ASSERT_DOUBLE_EQUAL(sum[half], QUERIES / 2 * bills[b], 4 * deviation);
    }
    for (uint64_t id = 0; id < 1000; id++) {
        CU_ASSERT_EQUAL(tn_price_whole(12, id), 12);
        CU_ASSERT_EQUAL(tn_price_whole(0, id) + tn_price_whole(-1, id) + tn_price_whole(NAN, id) + tn_price_whole(-HUGE_VAL, id), 0);
    }
    CU_ASSERT(tn_price_whole(HUGE_VAL, 1) <= INT64_MAX);
}

/* What is not zero is not printed as zero, and what has six digits keeps its form. */
static void test_text(void)
{
    static const struct {
        double      usd;
        const char *text;
    } cases[] = {
        {0, "0.000000"}, {1.5, "1.500000"}, {12345.678901, "12345.678901"}, {.001234, "0.001234"}, {.000003, "0.000003"}, {-.000003, "-0.000003"},
        {.00001234, "0.0000123"}, {1e-7, "0.0000001"}, {2.78e-8, "0.0000000278"}, {-2.78e-8, "-0.0000000278"},
        {1e300, "1.000000e+300"}, {HUGE_VAL, "inf"},
    };
    char text[TN_USD_TEXT];

    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++)
        CU_ASSERT_STRING_EQUAL(tn_usd_text(text, cases[i].usd), cases[i].text);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("price", NULL, NULL);

    CU_add_test(suite, "bills", test_bills);
    CU_add_test(suite, "rates", test_rates);
    CU_add_test(suite, "whole", test_whole);
    CU_add_test(suite, "text", test_text);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}

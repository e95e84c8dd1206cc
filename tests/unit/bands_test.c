/* bands_test.c - size classes of literals: opened where they explain the times, and only there; what a new band begins with. */
#include "policies/strategy/bands.h"
#include "policies/strategy/decide.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the measure, against sums over the values themselves ---- */

enum { VALUES = 400 };

static double deviation(struct tn_rand *rand) /* about normal, sd 1 */
{
    double sum = 0;

    for (unsigned i = 0; i < 12; i++)
        sum += tn_rand_unit(rand);
    return sum - 6;
}

static bool explains(const double *x, const unsigned *band, unsigned n, double share)
{
    double   mean = 0, all = 0, between = 0;
    unsigned bands = 0, large = 0;

    for (unsigned i = 0; i < n; i++)
        mean += x[i] / n;
    for (unsigned i = 0; i < n; i++)
        all += (x[i] - mean) * (x[i] - mean);
    for (unsigned b = 0; b < TN_BANDS; b++) {
        double   sum = 0;
        unsigned count = 0;

        for (unsigned i = 0; i < n; i++)
            if (band[i] == b) {
                sum += x[i];
                count++;
            }
        between += count > 0 ? count * (sum / count - mean) * (sum / count - mean) : 0;
        bands += count > 0;
        large += count >= 10;
    }
    return large >= 2 && between >= share * all && between / (bands - 1) >= 4 * (all - between) / (n - bands);
}

static void test_measure(void)
{
    static struct tn_bands bands;
    struct tn_rand         rand = {9};
    double                 x[VALUES];
    unsigned               band[VALUES], said_yes = 0;
    bool                   says;

    for (unsigned round = 0; round < 60; round++) {
        uint64_t key[2] = {round + 1, 3};
        double   gap = (round % 6) * .35;
        unsigned count = 2 + round % 5;

        tn_bands_init(&bands);
        for (unsigned i = 0; i < VALUES; i++) {
            band[i] = (unsigned)tn_rand_below(&rand, count);
            x[i] = fmax(-3, fmin(3, deviation(&rand) + gap * band[i]));
            says = tn_bands_learn(&bands, key, band[i], x[i], 100, .2);
            CU_ASSERT_EQUAL(says, i + 1 >= 100 && explains(x, band, i + 1, .2));
        }
        said_yes += says;
        CU_ASSERT_FALSE(tn_bands_learn(&bands, key, 0, 0, VALUES + 2, .2));
        CU_ASSERT_FALSE(tn_bands_learn(&bands, key, 0, 0, HUGE_VAL, .2));
        tn_bands_destroy(&bands);
    }
    CU_ASSERT(said_yes > 10 && said_yes < 50);
}

static void test_without_a_difference_never(void)
{
    static struct tn_bands bands;
    struct tn_rand         rand = {4};

    tn_bands_init(&bands);
    for (uint64_t shape = 1; shape <= 200; shape++) {
        uint64_t key[2] = {shape, 1};

        for (unsigned i = 0; i < 200; i++) {
            CU_ASSERT_FALSE(tn_bands_learn(&bands, key, i % 16, deviation(&rand), 100, .2));
        }
    }
    tn_bands_destroy(&bands);
}

static void test_prior(void)
{
    static struct tn_bands bands;
    uint64_t               key[2] = {7, 7}, other[2] = {8, 8};
    double                 offset, between;

    tn_bands_init(&bands);
    for (unsigned i = 0; i < 200; i++)
        (void)tn_bands_learn(&bands, key, i % 2, i % 2 == 0 ? -1 : 1, HUGE_VAL, .2);
    tn_bands_prior(&bands, key, 1, .3, &offset, &between);
    CU_ASSERT_DOUBLE_EQUAL(offset, 100.0 / 102, 1e-5);
    CU_ASSERT_DOUBLE_EQUAL(between, 1, 1e-5);
    tn_bands_prior(&bands, key, 5, .3, &offset, &between); /* not seen */
    CU_ASSERT_EQUAL(offset, 0);
    tn_bands_prior(&bands, other, 1, .3, &offset, &between);
    CU_ASSERT_EQUAL(offset, 0);
    CU_ASSERT_EQUAL(between, .3);
    tn_bands_destroy(&bands);
}

/* ---- deciding ---- */

struct sim {
    struct tn_store           *store;
    struct tn_learner         *learner;
    struct tn_group_account   *account;
    struct tn_decide_policy    policy;
    struct tn_decide_candidate candidates[2];
    struct tn_rand             rand;
    uint64_t                   now_us, query;
    double                     total;
};

/* Small literals are fast on 0, large ones on 1; with PLAIN the band says nothing. */
static double seconds_of(unsigned band, size_t engine, bool plain)
{
    return plain ? .1 + .2 * (double)engine : band == 1 ? engine == 0 ? .02 : .3 : engine == 0 ? 20 : 1;
}

static struct tn_plan query(struct sim *sim, unsigned band, bool plain)
{
    struct tn_shape          shape = {.key = {42, 77}, .text = {sim->query, 1}, .class = 1, .band = (uint8_t)band};
    struct tn_shape_about    about = {.text = TN_STR("SELECT 1"), .group = TN_STR("g")};
    struct tn_decide_request request = {.shape = &shape, .about = &about, .account = sim->account, .policy = &sim->policy,
                                        .candidates = sim->candidates, .count = 2, .query = ++sim->query, .now_us = sim->now_us,
                                        .may_cut = true, .may_explore = true};
    static struct tn_plan    plan;
    struct tn_query_result   result = {.ok = false};

    tn_decide(sim->learner, &request, &plan);
    for (size_t i = 0; i < plan.count && !result.ok; i++) {
        double                   took = seconds_of(band, plan.attempts[i].candidate, plain) * exp(.3 * deviation(&sim->rand));
        struct tn_attempt_result end = {.end = TN_ATTEMPT_DONE, .seconds = took, .bytes = -1, .usd = -1};

        if (plan.attempts[i].deadline_s > 0 && took > plan.attempts[i].deadline_s) {
            end.end = TN_ATTEMPT_CUT;
            end.seconds = plan.attempts[i].deadline_s;
        }
        sim->now_us += (uint64_t)(end.seconds * 1e6);
        end.now_us = sim->now_us;
        tn_decide_attempt_ended(sim->learner, &request, &plan, i, false, &end);
        result.ok = end.end == TN_ATTEMPT_DONE;
        result.seconds += end.seconds;
    }
    sim->total += result.seconds;
    result.now_us = sim->now_us;
    tn_decide_query_ended(sim->learner, &request, &plan, &result);
    return plan;
}

static void begin(struct sim *sim)
{
    struct tn_store_options options = TN_STORE_OPTIONS_DEFAULT;

    *sim = (struct sim){.policy = TN_DECIDE_POLICY_DEFAULT, .rand = {7}, .now_us = 1000000};
    sim->policy.uniform = 0;
    CU_ASSERT_EQUAL_FATAL(tn_store_open(&sim->store, &options, NULL), TN_OK);
    CU_ASSERT_EQUAL_FATAL(tn_learner_new(&sim->learner, sim->store, 1, NULL), TN_OK);
    sim->account = tn_learner_group(sim->learner, TN_STR("g"));
    for (size_t e = 0; e < 2; e++) {
        char name[24];

        snprintf(name, sizeof name, "e%zu", e);
        sim->candidates[e].cluster = (uint8_t)tn_store_cluster(sim->store, tn_str(name), NULL, 0, 0);
    }
}

static void end(struct sim *sim)
{
    tn_store_close(sim->store);
    tn_learner_free(sim->learner);
}

/* (adaptive G9, P50 of mixed literal bands) */
static void test_each_band_goes_where_it_is_fast(void)
{
    struct sim     sim;
    struct tn_plan plan;
    unsigned       right = 0, banded = 0;

    begin(&sim);
    for (unsigned i = 0; i < 500; i++)
        (void)query(&sim, 1 + i % 2, false);
    for (unsigned i = 0; i < 200; i++) {
        plan = query(&sim, 1 + i % 2, false);
        right += plan.attempts[0].candidate == i % 2;
        banded += plan.banded && plan.rung == TN_RUNG_BAND;
    }
    CU_ASSERT(banded > 190);
    CU_ASSERT(right > 185);
    plan = query(&sim, 3, false); /* a band that is new: the shape's runs are its prior */
    CU_ASSERT_TRUE(plan.banded);
    CU_ASSERT_EQUAL(plan.rung, TN_RUNG_SHAPE);
    end(&sim);
}

static void test_bands_stay_closed_where_they_say_nothing(void)
{
    struct sim sim;
    unsigned   banded = 0;

    begin(&sim);
    for (unsigned i = 0; i < 1000; i++)
        banded += query(&sim, 1 + i % 2, true).banded;
    CU_ASSERT_EQUAL(banded, 0);
    end(&sim);
}

static void test_bands_can_be_forbidden(void)
{
    struct sim sim;
    unsigned   banded = 0;

    begin(&sim);
    CU_ASSERT_TRUE(tn_learner_set(sim.learner, "bands", 0));
    for (unsigned i = 0; i < 500; i++)
        banded += query(&sim, 1 + i % 2, false).banded;
    CU_ASSERT_EQUAL(banded, 0);
    end(&sim);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("bands", NULL, NULL);
    unsigned  failures;

    CU_ADD_TEST(suite, test_measure);
    CU_ADD_TEST(suite, test_without_a_difference_never);
    CU_ADD_TEST(suite, test_prior);
    CU_ADD_TEST(suite, test_each_band_goes_where_it_is_fast);
    CU_ADD_TEST(suite, test_bands_stay_closed_where_they_say_nothing);
    CU_ADD_TEST(suite, test_bands_can_be_forbidden);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

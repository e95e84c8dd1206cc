/* shadow_books_test.c - copies that are planned or run are in the account of their group before they have ended. */
#include "policies/strategy/learner.h"
#include "stats/price.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <math.h>

enum { SHAPES = 50 };

static const double TOOK_S = 10;

static struct tn_store           *store;
static struct tn_learner         *learner;
static struct tn_group_account   *account;
static struct tn_decide_policy    policy;
static struct tn_decide_candidate candidates[2];
static struct tn_price            price;
static struct tn_plan             plans[SHAPES];
static uint64_t                   query, now_us;
static double                     share = .05; /* of engine time, for copies */

/* Each shape ran three times on the first engine and never on the second. */
static void begin(void)
{
    static struct tn_cluster_conf conf = {.price_type = TN_CFG_PRICE_TYPE_PER_SECOND, .price_usd_per_hour = 3600, .price_slots = 1};
    struct tn_store_options       options = TN_STORE_OPTIONS_DEFAULT;

    options.max_new_shapes_per_minute = 0;
    policy = (struct tn_decide_policy)TN_DECIDE_POLICY_DEFAULT;
    policy.explore = TN_EXPLORE_OFF;
    query = now_us = 0;
    CU_ASSERT_EQUAL_FATAL(tn_store_open(&store, &options, NULL), TN_OK);
    CU_ASSERT_EQUAL_FATAL(tn_learner_new(&learner, store, 1, NULL), TN_OK);
    account = tn_learner_group(learner, TN_STR("g"));
    tn_price_init(&price, &conf);
    for (size_t e = 0; e < 2; e++)
        candidates[e] = (struct tn_decide_candidate){.cluster = (uint8_t)tn_store_cluster(store, e == 0 ? TN_STR("a") : TN_STR("b"), NULL, 0, 0),
                                                     .price = &price};
}

static void ask(unsigned number, size_t engines, struct tn_plan *plan, bool end)
{
    struct tn_shape          shape = {.key = {number + 1, 77}, .text = {number, 1}, .class = 1};
    struct tn_shape_about    about = {.text = TN_STR("SELECT 1"), .group = TN_STR("g"), .now_us = now_us};
    struct tn_decide_request request = {.shape = &shape, .about = &about, .account = account, .policy = &policy, .candidates = candidates,
                                        .count = engines, .query = ++query, .now_us = now_us += 1000000, .may_cut = true, .may_explore = true};
    struct tn_attempt_result result = {.end = TN_ATTEMPT_DONE, .seconds = TOOK_S, .bytes = -1, .usd = TOOK_S * 1e6, .now_us = now_us};

    if (end) {
        tn_decide(learner, &request, plan);
        tn_decide_attempt_ended(learner, &request, plan, 0, false, &result);
        tn_decide_query_ended(learner, &request, plan, &(struct tn_query_result){.ok = true, .seconds = TOOK_S, .now_us = now_us});
        return;
    }
    tn_decide(learner, &request, plan);
}

static void end_shadows(unsigned number, struct tn_plan *plan, double seconds)
{
    struct tn_shape          shape = {.key = {number + 1, 77}, .text = {number, 1}, .class = 1};
    struct tn_shape_about    about = {.text = TN_STR("SELECT 1"), .group = TN_STR("g"), .now_us = now_us};
    struct tn_decide_request request = {.shape = &shape, .about = &about, .account = account, .policy = &policy, .candidates = candidates,
                                        .count = 2, .query = plan->query, .now_us = now_us, .may_cut = true, .may_explore = true};
    struct tn_attempt_result result = {.end = TN_ATTEMPT_DONE, .seconds = seconds, .bytes = -1, .usd = seconds * 1e6, .now_us = now_us};

    for (size_t i = 0; i < plan->shadow_count; i++)
        tn_decide_attempt_ended(learner, &request, plan, i, true, &result);
    tn_decide_query_ended(learner, &request, plan, &(struct tn_query_result){.ok = true, .seconds = TOOK_S, .now_us = now_us});
}

/* All at once, none ended: how many shadows. */
static unsigned ask_all(void)
{
    unsigned shadows = 0;

    for (unsigned i = 0; i < 3 * SHAPES; i++)
        ask(i % SHAPES, 1, &plans[0], true);
    policy.explore = TN_EXPLORE_SHADOW;
    policy.shadow_share = share;
    for (unsigned i = 0; i < SHAPES; i++) {
        ask(i, 2, &plans[i], false);
        shadows += (unsigned)plans[i].shadow_count;
    }
    return shadows;
}

static void end(void)
{
    for (unsigned i = 0; i < SHAPES; i++)
        end_shadows(i, &plans[i], 1);
    CU_ASSERT_DOUBLE_EQUAL(account->held_s, 0, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(account->held_usd, 0, 1e-3);
    tn_store_close(store);
    tn_learner_free(learner);
}

static void test_seconds(void)
{
    unsigned shadows;
    double   allowed;

    begin();
    shadows = ask_all();
    allowed = share * (account->n.engine_s + account->held_s) + share * 5 * 2 * TOOK_S;
    CU_ASSERT(shadows > 0 && shadows < SHAPES / 2);
    CU_ASSERT(account->held_s > 0 && account->held_s <= allowed);
    CU_ASSERT_DOUBLE_EQUAL(account->n.shadow_s, 0, 1e-9);
    end();
    CU_ASSERT(shadows > 0);
}

/* A dollar a second: three copies of some seconds each are what the day's money pays. */
static void test_money(void)
{
    unsigned shadows;

    begin();
    policy.max_usd_per_day = 25;
    shadows = ask_all();
    CU_ASSERT(shadows > 0);
    CU_ASSERT(account->held_usd > 0 && account->held_usd <= 25e6);
    end();
}

static double longest_deadline(void)
{
    double longest = 0;

    for (unsigned i = 0; i < SHAPES; i++)
        for (size_t s = 0; s < plans[i].shadow_count; s++) {
            CU_ASSERT(plans[i].shadows[s].deadline_s > 0);
            longest = fmax(longest, plans[i].shadows[s].deadline_s);
        }
    return longest;
}

/* maxMs: the longest copy may take so long and no longer; where none would pay that is so short, there is none. */
static void test_longest(void)
{
    double longest;

    begin();
    CU_ASSERT(ask_all() > 0);
    longest = longest_deadline();
    CU_ASSERT(longest > 4);
    end();
    begin();
    policy.max_s = longest;
    CU_ASSERT(ask_all() > 0);
    CU_ASSERT(longest_deadline() <= longest);
    end();
    begin();
    policy.max_s = 4; /* room for a quarter of TOOK_S */
    (void)ask_all();
    CU_ASSERT(longest_deadline() <= policy.max_s);
    end();
    begin();
    policy.max_s = .001;
    CU_ASSERT_EQUAL(ask_all(), 0);
    end();
}

/* shadowPercent 0: no copy, however much it would bring. */
static void test_no_share(void)
{
    begin();
    share = 0;
    CU_ASSERT_EQUAL(ask_all(), 0);
    end();
    share = .05;
}

/* What became a plan of its own is held by that. */
static void test_detached(void)
{
    struct tn_shape          shape = {.key = {1, 77}, .text = {0, 1}, .class = 1};
    struct tn_shape_about    about = {.text = TN_STR("SELECT 1"), .group = TN_STR("g")};
    struct tn_decide_request request = {.shape = &shape, .about = &about, .account = account, .policy = &policy, .candidates = candidates,
                                        .count = 2, .may_cut = true, .may_explore = true};
    struct tn_attempt_result result = {.end = TN_ATTEMPT_DONE, .seconds = 1, .bytes = -1, .usd = 1e6};
    struct tn_plan           own;
    double                   held;

    begin();
    request.account = account;
    (void)ask_all();
    CU_ASSERT_EQUAL_FATAL(plans[0].shadow_count, 1);
    held = account->held_s;
    request.query = plans[0].query;
    tn_decide_detach_shadow(learner, &request, &plans[0], 0, now_us, &own);
    CU_ASSERT_DOUBLE_EQUAL(account->held_s, held, 1e-9);
    plans[0].shadow_count = 0;
    request.candidates = &candidates[own.shadows[0].cluster == candidates[1].cluster];
    request.count = 1;
    tn_decide_attempt_ended(learner, &request, &own, 0, true, &result);
    CU_ASSERT(account->held_s < held - 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(account->n.shadow_s, 1, 1e-9);
    end();
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("shadow_books", NULL, NULL)) == NULL)
        return 1;
    CU_add_test(suite, "seconds", test_seconds);
    CU_add_test(suite, "money", test_money);
    CU_add_test(suite, "longest", test_longest);
    CU_add_test(suite, "no share", test_no_share);
    CU_add_test(suite, "detached", test_detached);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

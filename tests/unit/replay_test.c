/* replay_test.c - the simulated clock, totals, fitted prices, and what work can be divided at most. */
#include "tools/cli/replay_heap.h"
#include "tools/cli/replay_price.h"
#include "tools/cli/replay_run.h"
#include "tools/cli/simulate_stream.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <math.h>

static const char names[2][TN_OUTCOME_NAME] = {"a", "b"};

static void test_heap_sorts(void)
{
    struct tn_event_heap heap = {.count = 0};
    struct tn_rand       rand = {.state = 5};
    struct tn_event      event = {.when_s = 0}, last = {.when_s = -1};

    for (uint64_t i = 0; i < 2000; i++) {
        event.when_s = (double)tn_rand_below(&rand, 50);
        event.sequence = i;
        CU_ASSERT_TRUE_FATAL(tn_event_heap_push(&heap, &event));
    }
    for (int i = 0; i < 2000; i++) {
        CU_ASSERT_TRUE_FATAL(tn_event_heap_pop(&heap, &event));
        CU_ASSERT_TRUE(event.when_s > last.when_s || (event.when_s == last.when_s && event.sequence > last.sequence));
        last = event;
    }
    CU_ASSERT_FALSE(tn_event_heap_pop(&heap, &event));
    tn_event_heap_reset(&heap);
}

/* Engine `a` has one slot. Three queries of 10 s at 0, 1 and 2 s: 10, 20 and 30 s. */
static void test_load_law(void)
{
    struct tn_replay_options options = {.policy = TN_DECIDE_POLICY_DEFAULT, .player = tn_player_new("static:a", 1)};
    struct tn_error          err = TN_ERROR_INIT;
    struct tn_replay        *replay;

    CU_ASSERT_EQUAL_FATAL(tn_replay_new(&replay, &options, &err), TN_OK);
    for (int i = 0; i < 3; i++) {
        struct tn_outcome_line line = {.t_s = i, .timed = true, .sql = TN_STR("SELECT 1"), .count = 1, .oracle = -1};

        line.list[0] = (struct tn_outcome){.latency_s = 10, .ok = true, .slots = 1, .bytes = -1, .usd = -1};
        CU_ASSERT_EQUAL_FATAL(tn_replay_line(replay, &line, names, &err), TN_OK);
    }
    tn_replay_end(replay);
    CU_ASSERT_DOUBLE_EQUAL(tn_replay_totals(replay)->seconds, 60, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(tn_replay_quantile(tn_replay_totals(replay), .5), 20, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(tn_replay_quantile(tn_replay_totals(replay), .95), 30, 1e-9);
    tn_replay_free(replay);
    tn_player_free(options.player);
}

/* `b` comes with the third of four queries: alone it fails two. `a` always fails: the next in the list answers. */
static void test_engine_that_comes_later(void)
{
    struct tn_replay_options options = {.policy = TN_DECIDE_POLICY_DEFAULT, .player = tn_player_new("failover", 1)};
    struct tn_error          err = TN_ERROR_INIT;
    struct tn_replay        *replay;
    const struct tn_replay_totals *t;

    CU_ASSERT_EQUAL_FATAL(tn_replay_new(&replay, &options, &err), TN_OK);
    for (int i = 0; i < 4; i++) {
        struct tn_outcome_line line = {.t_s = i, .timed = true, .sql = TN_STR("SELECT 1"), .count = i < 2 ? 1 : 2, .oracle = -1};

        line.list[0] = (struct tn_outcome){.latency_s = 1, .bytes = -1, .usd = 5};
        line.list[1] = (struct tn_outcome){.engine = 1, .latency_s = 3, .ok = true, .bytes = -1, .usd = 7};
        CU_ASSERT_EQUAL_FATAL(tn_replay_line(replay, &line, names, &err), TN_OK);
    }
    tn_replay_end(replay);
    t = tn_replay_totals(replay);
    CU_ASSERT_EQUAL(t->failed, 2);
    CU_ASSERT_DOUBLE_EQUAL(t->seconds, 200 + 200 + 4 + 4, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(t->usd, 5 + 5 + 12 + 12, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(tn_replay_static_s(t, 0), 800, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(tn_replay_static_s(t, 1), 400 + 6, 1e-9);
    CU_ASSERT_EQUAL(tn_replay_best_static(t, 2), 1);
    CU_ASSERT_DOUBLE_EQUAL(t->least_s, 200 + 200 + 3 + 3, 1e-9);
    tn_replay_free(replay);
    tn_player_free(options.player);
}

/* The first query fails on `a` after 10 s and goes on to `b`. Before those 10 s have passed nothing may say that `b` is in use. */
static void test_fallback_is_not_seen_early(void)
{
    struct tn_replay_options options = {.policy = TN_DECIDE_POLICY_DEFAULT, .player = tn_player_new("leastLoaded", 1)};
    struct tn_error          err = TN_ERROR_INIT;
    struct tn_replay        *replay;
    static const double      times[] = {0, 1, 12};
    static const uint64_t    first_b[] = {0, 1, 1}; /* at 12 s the fallback runs on b, with the second query: a is freer */

    CU_ASSERT_EQUAL_FATAL(tn_replay_new(&replay, &options, &err), TN_OK);
    for (int i = 0; i < 3; i++) {
        struct tn_outcome_line line = {.t_s = times[i], .timed = true, .sql = TN_STR("SELECT 1"), .count = 2, .oracle = -1};

        line.list[0] = (struct tn_outcome){.latency_s = 10, .bytes = -1, .usd = -1, .slots = 9};
        line.list[1] = (struct tn_outcome){.engine = 1, .latency_s = 30, .ok = true, .bytes = -1, .usd = -1, .slots = 9};
        CU_ASSERT_EQUAL_FATAL(tn_replay_line(replay, &line, names, &err), TN_OK);
        CU_ASSERT_EQUAL(tn_replay_totals(replay)->first[1], first_b[i]);
    }
    tn_replay_end(replay);
    tn_replay_free(replay);
    tn_player_free(options.player);
}

static void test_prices_fit(void)
{
    struct tn_bill_seen bills[100];
    struct tn_price     price;

    for (int i = 0; i < 100; i++) /* 5 USD a terabyte, 10 MB at least */
        bills[i] = (struct tn_bill_seen){5e-6 * fmax(1e7, 1e6 * (i + 1)), 1 + i % 7, 1e6 * (i + 1)};
    tn_price_fit(&price, bills, 100);
    CU_ASSERT_EQUAL(price.type, TN_PRICE_PER_SCAN);
    CU_ASSERT_DOUBLE_EQUAL(price.usd_per_byte * 1e12, 5, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(price.min_bytes, 1e7, 1);
    for (int i = 0; i < 100; i++) /* by the hour, though bytes are told */
        bills[i] = (struct tn_bill_seen){(1 + i % 7) * 200., 1 + i % 7, 1e6 * (i * 37 % 100 + 1)};
    tn_price_fit(&price, bills, 100);
    CU_ASSERT_EQUAL(price.type, TN_PRICE_PER_SECOND);
    CU_ASSERT_DOUBLE_EQUAL(price.usd_per_second * 1e6, 200, 1e-6);
    for (int i = 0; i < 100; i++)
        bills[i] = (struct tn_bill_seen){40, 1 + i % 7, -1};
    tn_price_fit(&price, bills, 100);
    CU_ASSERT_EQUAL(price.type, TN_PRICE_PER_QUERY);
    tn_price_fit(&price, bills, 1);
    CU_ASSERT_TRUE(price.type == TN_PRICE_PER_QUERY || price.type == TN_PRICE_PER_SECOND);
}

/* One shape: the sum of slots over times. Two shapes that suit one engine each: by hand. */
static void test_capacity(void)
{
    struct tn_error      err = TN_ERROR_INIT;
    struct tn_sim_world *world;
    double               one = 1, two[2] = {.5, .5};
    struct tn_sim_cell   cells[4] = {{1, -1}, {10, -1}, {10, -1}, {1, -1}};
    struct tn_sim_world  square = {.engine_count = 2, .shape_count = 2, .slots = {3, 3}, .cells = cells};

    CU_ASSERT_EQUAL_FATAL(tn_sim_world_make(&world, "pool", 1, &err), TN_OK);
    CU_ASSERT_DOUBLE_EQUAL(tn_sim_capacity(world, &one) * exp(.045), 8 / .1 + 16 / .15 + 32 / .2, 1);
    tn_sim_world_free(world);
    CU_ASSERT_DOUBLE_EQUAL(tn_sim_capacity(&square, two), 6, .05); /* each engine its own: 3 a second each */
}

static void test_stream_repeats(void)
{
    struct tn_error        err = TN_ERROR_INIT;
    struct tn_sim_world   *world;
    struct tn_sim_stream  *a, *b;
    struct tn_outcome_line x, y;
    double                 before = 0;
    unsigned               without = 0, lines = 0;

    CU_ASSERT_EQUAL_FATAL(tn_sim_world_make(&world, "scales", 3, &err), TN_OK);
    CU_ASSERT_EQUAL_FATAL(tn_sim_stream_new(&a, world, TN_SCENARIO_NEWENGINE, 3, 500, &err), TN_OK);
    CU_ASSERT_EQUAL_FATAL(tn_sim_stream_new(&b, world, TN_SCENARIO_NEWENGINE, 3, 500, &err), TN_OK);
    while (tn_sim_stream_next(a, &x) && tn_sim_stream_next(b, &y)) {
        CU_ASSERT_TRUE(x.t_s == y.t_s && x.list[0].latency_s == y.list[0].latency_s && tn_str_eq(x.sql, y.sql));
        CU_ASSERT_TRUE(x.t_s >= before && x.oracle >= 0 && (size_t)x.oracle < x.count);
        without += x.count < 5;
        before = x.t_s;
        lines++;
    }
    CU_ASSERT_EQUAL(lines, 500);
    CU_ASSERT_EQUAL(without, 200);
    CU_ASSERT_FALSE(tn_sim_stream_next(a, &x));
    tn_sim_stream_free(a);
    tn_sim_stream_free(b);
    tn_sim_world_free(world);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    CU_initialize_registry();
    suite = CU_add_suite("replay", NULL, NULL);
    CU_add_test(suite, "heap sorts", test_heap_sorts);
    CU_add_test(suite, "load law", test_load_law);
    CU_add_test(suite, "engine that comes later", test_engine_that_comes_later);
    CU_add_test(suite, "fallback is not seen early", test_fallback_is_not_seen_early);
    CU_add_test(suite, "prices fit", test_prices_fit);
    CU_add_test(suite, "capacity", test_capacity);
    CU_add_test(suite, "stream repeats", test_stream_repeats);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}

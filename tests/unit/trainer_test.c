/* trainer_test.c - the model of the text where it is used: it changes what is decided at first sight, is kept with the statistics,
 * and a damaged one is as good as none. */
#include "policies/strategy/learner.h"
#include "policies/strategy/trainer.h"

#include "base/alloc.h"
#include "stats/model_boost.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

enum { HISTORY = 500, ASKED = 60 };

struct bench {
    struct tn_store         *store;
    struct tn_learner       *learner;
    struct tn_group_account *account;
    struct tn_shaper        *shaper;
    struct tn_decide_policy  policy;
    struct tn_decide_candidate candidates[2];
    uint64_t                 now_us, query;
};

static void open_bench(struct bench *b, const char *path, bool model)
{
    struct tn_store_options options = TN_STORE_OPTIONS_DEFAULT;

    *b = (struct bench){.policy = TN_DECIDE_POLICY_DEFAULT, .now_us = 1000000};
    options.path = path;
    options.max_new_shapes_per_minute = 0;
    CU_ASSERT_EQUAL_FATAL(tn_store_open(&b->store, &options, NULL), TN_OK);
    CU_ASSERT_EQUAL_FATAL(tn_learner_new(&b->learner, b->store, 1, NULL), TN_OK);
    if (model)
        CU_ASSERT_EQUAL_FATAL(tn_trainer_open(b->learner, NULL), TN_OK);
    b->account = tn_learner_group(b->learner, TN_STR("g"));
    b->shaper = tn_shaper_new(64);
    for (uint8_t i = 0; i < 2; i++)
        b->candidates[i] = (struct tn_decide_candidate){.cluster = (uint8_t)tn_store_cluster(b->store, i == 0 ? TN_STR("a") : TN_STR("b"), NULL, 0, 0)};
}

static void close_bench(struct bench *b)
{
    tn_shaper_free(b->shaper);
    tn_trainer_stop(b->learner);
    tn_store_close(b->store);
    tn_learner_free(b->learner);
}

/* Shapes differ in what they select; what decides is the literal: `a` is the faster one below 500. */
static void make_sql(char out[512], unsigned shape, unsigned literal)
{
    size_t at = (size_t)snprintf(out, 512, "SELECT k");

    for (unsigned bit = 0; bit < 12; bit++)
        if (shape >> bit & 1)
            at += (size_t)snprintf(out + at, 512 - at, ", c%u", bit);
    snprintf(out + at, 512 - at, " FROM events WHERE size <= %u", literal);
}

static double seconds_of(unsigned literal, unsigned candidate)
{
    return (literal < 500) == (candidate == 0) ? .1 : 5;
}

struct asked {
    struct tn_shape          shape;
    struct tn_features       features;
    struct tn_shape_about    about;
    struct tn_decide_request request;
    char                     sql[512];
};

static void ask(struct bench *b, struct asked *q, unsigned shape, unsigned literal)
{
    const struct tn_shape_context context = {.dialect = TN_DIALECT_POSTGRES};

    make_sql(q->sql, shape, literal);
    tn_shaper_find(b->shaper, tn_str(q->sql), &context, NULL, 0, &q->shape, &q->features);
    q->about = (struct tn_shape_about){.text = tn_str(q->sql), .group = TN_STR("g"), .features = &q->features, .now_us = b->now_us};
    q->request = (struct tn_decide_request){.shape = &q->shape, .about = &q->about, .account = b->account, .policy = &b->policy, .candidates = b->candidates,
                                            .count = 2, .query = ++b->query, .now_us = b->now_us, .may_cut = true, .may_explore = true};
    b->now_us += 1000000;
}

static void observe(struct bench *b, unsigned shape, unsigned literal)
{
    static struct asked q;

    for (unsigned c = 0; c < 2; c++) {
        struct tn_plan           plan;
        struct tn_attempt_result result = {.end = TN_ATTEMPT_DONE, .seconds = seconds_of(literal, c), .bytes = -1, .usd = -1};
        struct tn_query_result   ended = {.ok = true, .seconds = result.seconds};

        ask(b, &q, shape, literal);
        q.request.candidates = &b->candidates[c];
        q.request.count = 1;
        tn_decide(b->learner, &q.request, &plan);
        tn_decide_attempt_ended(b->learner, &q.request, &plan, 0, false, &result);
        tn_decide_query_ended(b->learner, &q.request, &plan, &ended);
    }
}

static void observe_history(struct bench *b)
{
    struct tn_rand rand = {11};

    for (unsigned i = 0; i < HISTORY; i++)
        observe(b, i, (unsigned)tn_rand_below(&rand, 1000));
}

/* Of new shapes: how many first attempts are where they are fast, and how many decisions say that they come from like ones. */
static void look(struct bench *b, unsigned *right, unsigned *similar)
{
    static struct asked q;
    struct tn_rand      rand = {29};

    *right = *similar = 0;
    for (unsigned i = 0; i < ASKED; i++) {
        unsigned       literal = (unsigned)tn_rand_below(&rand, 1000);
        struct tn_plan plan;

        if (literal > 450 && literal < 550)
            literal += 200;
        ask(b, &q, 2000 + i, literal);
        q.request.dry = true;
        tn_decide(b->learner, &q.request, &plan);
        *right += seconds_of(literal, plan.attempts[0].candidate) < 1;
        *similar += plan.rung == TN_RUNG_SIMILAR;
    }
}

static void test_first_sight(void)
{
    struct bench b;
    unsigned     right, similar;

    open_bench(&b, NULL, true);
    CU_ASSERT(!tn_trainer_due(b.learner));
    observe_history(&b);
    look(&b, &right, &similar);
    CU_ASSERT(similar == 0 && right < ASKED * 3 / 4); /* one of the two, whatever the literal says */
    CU_ASSERT(tn_trainer_due(b.learner));
    CU_ASSERT_EQUAL(tn_trainer_train(b.learner, NULL, NULL, NULL), TN_OK);
    CU_ASSERT(!tn_trainer_due(b.learner));
    look(&b, &right, &similar);
    CU_ASSERT_EQUAL(similar, ASKED);
    CU_ASSERT_EQUAL(right, ASKED);
    close_bench(&b);
}

/* Of new shapes that may run on a third cluster, too, which nobody knows: how many begin there only to learn. */
static unsigned begun_elsewhere(struct bench *b, unsigned from)
{
    struct tn_decide_candidate three[3] = {b->candidates[0], b->candidates[1]};
    static struct asked        q;
    unsigned                   begun = 0;

    three[2] = (struct tn_decide_candidate){.cluster = (uint8_t)tn_store_cluster(b->store, TN_STR("c"), NULL, 0, 0)};
    for (unsigned i = 0; i < ASKED; i++) {
        struct tn_query_result ended = {.ok = true, .seconds = .1};
        struct tn_plan         plan;

        ask(b, &q, from + i, 100);
        q.request.candidates = three;
        q.request.count = 3;
        tn_decide(b->learner, &q.request, &plan);
        begun += plan.explore;
        tn_decide_query_ended(b->learner, &q.request, &plan, &ended);
    }
    return begun;
}

static void test_a_cluster_that_little_is_known_of(void)
{
    struct bench b;

    open_bench(&b, NULL, true);
    CU_ASSERT(tn_learner_set(b.learner, "front", 1) && tn_learner_set(b.learner, "front_gate", -1));
    observe_history(&b);
    CU_ASSERT_EQUAL(tn_trainer_train(b.learner, NULL, NULL, NULL), TN_OK);
    b.policy.uniform = 0;
    CU_ASSERT(begun_elsewhere(&b, 2000) > ASKED / 2);
    b.policy.explore = TN_EXPLORE_SHADOW; /* not in the place of the client's query */
    CU_ASSERT_EQUAL(begun_elsewhere(&b, 2500), 0);
    b.policy.explore = TN_EXPLORE_BOTH;
    CU_ASSERT(begun_elsewhere(&b, 3000) > 0);
    b.policy.budget = 0;
    CU_ASSERT_EQUAL(begun_elsewhere(&b, 3500), 0);
    close_bench(&b);
}

/* They are paid for by the account of exploring, not only allowed by it: all that begin there are cut in vain. */
static void test_begun_elsewhere_within_the_budget(void)
{
    struct bench               b;
    struct tn_decide_candidate three[3];
    static struct asked        q;
    unsigned                   begun = 0;
    double                     allowed;

    open_bench(&b, NULL, true);
    CU_ASSERT(tn_learner_set(b.learner, "front", 1) && tn_learner_set(b.learner, "front_gate", -1) && tn_learner_set(b.learner, "front_rows", 1e9));
    observe_history(&b);
    CU_ASSERT_EQUAL(tn_trainer_train(b.learner, NULL, NULL, NULL), TN_OK);
    b.policy.uniform = 0;
    b.account->n.served_s = b.account->n.cut_s = b.account->n.decided = 0;
    three[0] = b.candidates[0];
    three[1] = b.candidates[1];
    three[2] = (struct tn_decide_candidate){.cluster = (uint8_t)tn_store_cluster(b.store, TN_STR("c"), NULL, 0, 0)};
    for (unsigned i = 0; i < 200; i++) {
        struct tn_query_result ended = {.ok = true, .seconds = 1};
        struct tn_plan         plan;

        ask(&b, &q, 2000 + i, 100);
        q.request.candidates = three;
        q.request.count = 3;
        tn_decide(b.learner, &q.request, &plan);
        begun += plan.explore;
        allowed = b.account->n.served_s * (b.learner->world.k.room_start / b.account->n.decided + b.policy.budget);
        if (plan.explore)
            CU_ASSERT(b.account->n.cut_s + plan.attempts[0].deadline_s <= allowed + 1e-9);
        for (size_t a = 0; a < plan.count; a++) {
            bool                     third = plan.attempts[a].candidate == 2;
            struct tn_attempt_result result = {.end = third ? TN_ATTEMPT_CUT : TN_ATTEMPT_DONE, .bytes = -1, .usd = -1,
                                               .seconds = third ? plan.attempts[a].deadline_s : seconds_of(100, plan.attempts[a].candidate)};

            tn_decide_attempt_ended(b.learner, &q.request, &plan, a, false, &result);
            if (!third)
                break;
        }
        tn_decide_query_ended(b.learner, &q.request, &plan, &ended);
    }
    CU_ASSERT(begun > 0 && begun < 150);
    CU_ASSERT(b.account->n.cut_s > 0);
    close_bench(&b);
}

/* The number of a cluster is given to another: nothing of it is believed any more, and the other one's trees stay. */
static void test_a_number_given_again(void)
{
    struct bench b;
    unsigned     right, similar;

    open_bench(&b, NULL, true);
    observe_history(&b);
    CU_ASSERT_EQUAL(tn_trainer_train(b.learner, NULL, NULL, NULL), TN_OK);
    CU_ASSERT_EQUAL_FATAL(b.learner->model->engine_count, 2);
    CU_ASSERT(b.learner->world.effect[b.candidates[0].cluster].set[0].Vo < b.learner->world.k.vo_start);
    tn_learner_forget(b.learner, b.candidates[0].cluster);
    CU_ASSERT_EQUAL_FATAL(b.learner->model->engine_count, 1);
    CU_ASSERT_EQUAL(b.learner->model->engines[0].cluster, b.candidates[1].cluster);
    CU_ASSERT_EQUAL(b.learner->world.effect[b.candidates[0].cluster].set[0].Vo, b.learner->world.k.vo_start);
    look(&b, &right, &similar);
    tn_learner_forget(b.learner, b.candidates[1].cluster);
    CU_ASSERT_PTR_NULL(b.learner->model);
    look(&b, &right, &similar);
    CU_ASSERT_EQUAL(similar, 0);
    close_bench(&b);
}

struct giving {
    struct bench *bench;
    unsigned      asked;
};

static bool gives_away(void *arg)
{
    struct giving *giving = arg;

    if (giving->asked++ == 3)
        tn_learner_forget(giving->bench->learner, giving->bench->candidates[0].cluster);
    return false;
}

/* The same while a training is under way: its trees are those of the cluster that had the number before. */
static void test_a_number_given_again_while_it_trains(void)
{
    struct bench  b;
    struct giving giving = {.bench = &b};

    open_bench(&b, NULL, true);
    observe_history(&b);
    CU_ASSERT_EQUAL(tn_trainer_train(b.learner, gives_away, &giving, NULL), TN_OK);
    CU_ASSERT(giving.asked > 3);
    CU_ASSERT_PTR_NOT_NULL_FATAL(b.learner->model);
    CU_ASSERT_EQUAL_FATAL(b.learner->model->engine_count, 1);
    CU_ASSERT_EQUAL(b.learner->model->engines[0].cluster, b.candidates[1].cluster);
    close_bench(&b);
}

/* What began on the cluster that had the number before teaches nothing about the one that has it now, but is paid for. */
static void test_a_number_given_again_while_it_runs(void)
{
    struct bench             b;
    static struct asked      q;
    struct tn_plan           plan;
    struct tn_attempt_result result = {.end = TN_ATTEMPT_DONE, .seconds = 7, .bytes = -1, .usd = -1};
    struct tn_query_result   ended = {.ok = true, .seconds = 7};
    struct tn_shape_entry   *entry;

    open_bench(&b, NULL, false);
    for (unsigned after = 0; after < 2; after++) {
        ask(&b, &q, 1, 100);
        q.request.count = 1;
        if (after == 0)
            tn_decide(b.learner, &q.request, &plan);
        tn_learner_forget(b.learner, b.candidates[0].cluster);
        if (after == 1)
            tn_decide(b.learner, &q.request, &plan);
        tn_decide_attempt_ended(b.learner, &q.request, &plan, 0, false, &result);
        tn_decide_query_ended(b.learner, &q.request, &plan, &ended);
        entry = tn_store_acquire(b.store, &q.shape, false, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
        CU_ASSERT_PTR_NULL(entry->flights);
        CU_ASSERT_EQUAL(tn_store_cell(b.store, entry, b.candidates[0].cluster, true)->n, after);
        tn_store_release(b.store, entry, false);
        CU_ASSERT_EQUAL(b.learner->world.effect[b.candidates[0].cluster].set[0].Vo < b.learner->world.k.vo_start, after == 1);
        CU_ASSERT_DOUBLE_EQUAL(b.account->n.served_s, 7 * (after + 1), 1e-9);
    }
    close_bench(&b);
}

static void test_off(void)
{
    struct bench b;
    unsigned     right, similar;

    open_bench(&b, NULL, false);
    observe_history(&b);
    CU_ASSERT(!tn_trainer_due(b.learner));
    look(&b, &right, &similar);
    CU_ASSERT_EQUAL(similar, 0);
    close_bench(&b);
}

static void damage(const char *path, const char *what)
{
    sqlite3 *db;

    CU_ASSERT_EQUAL_FATAL(sqlite3_open(path, &db), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(db, what, NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_changes(db), 1);
    sqlite3_close(db);
}

static void test_kept_with_the_statistics(void)
{
    char         path[] = "/tmp/turnout-trainer-XXXXXX", side[64];
    struct bench b;
    unsigned     right, similar;
    int          fd = mkstemp(path);

    CU_ASSERT_FATAL(fd >= 0);
    close(fd);
    unlink(path);
    open_bench(&b, path, true);
    observe_history(&b);
    CU_ASSERT_EQUAL(tn_trainer_train(b.learner, NULL, NULL, NULL), TN_OK);
    close_bench(&b);
    open_bench(&b, path, true);
    look(&b, &right, &similar);
    CU_ASSERT(similar == ASKED && right == ASKED);
    CU_ASSERT(!tn_trainer_due(b.learner));
    CU_ASSERT_EQUAL(tn_trainer_train(b.learner, NULL, NULL, NULL), TN_OK); /* the samples are there too */
    close_bench(&b);
    damage(path, "UPDATE blob SET bytes = substr(bytes, 1, length(bytes) - 1) || x'aa' WHERE name = 'model'");
    open_bench(&b, path, true);
    look(&b, &right, &similar);
    CU_ASSERT_EQUAL(similar, 0);
    CU_ASSERT(tn_trainer_due(b.learner)); /* at once: nothing was trained */
    CU_ASSERT_EQUAL(tn_trainer_train(b.learner, NULL, NULL, NULL), TN_OK);
    look(&b, &right, &similar);
    CU_ASSERT_EQUAL(right, ASKED);
    close_bench(&b);
    damage(path, "UPDATE blob SET bytes = x'00' WHERE name = 'samples'");
    open_bench(&b, path, true);
    look(&b, &right, &similar);
    CU_ASSERT_EQUAL(right, ASKED);
    CU_ASSERT_EQUAL(tn_trainer_train(b.learner, NULL, NULL, NULL), TN_E_NOT_FOUND);
    look(&b, &right, &similar);
    CU_ASSERT_EQUAL(right, ASKED); /* the old one stays */
    close_bench(&b);
    unlink(path);
    snprintf(side, sizeof side, "%s-wal", path);
    unlink(side);
    snprintf(side, sizeof side, "%s-shm", path);
    unlink(side);
}

/* The thread finds out by itself; decisions go on meanwhile. */
static void test_thread(void)
{
    struct bench b;
    unsigned     right, similar = 0;

    open_bench(&b, NULL, true);
    observe_history(&b);
    CU_ASSERT_EQUAL_FATAL(tn_trainer_start(b.learner, NULL), TN_OK);
    for (int i = 0; i < 2500 && similar == 0; i++) { /* minutes: it has the lowest priority */
        usleep(100000);
        look(&b, &right, &similar);
    }
    look(&b, &right, &similar);
    CU_ASSERT_EQUAL(right, ASKED);
    close_bench(&b);
}

static bool note_last(void *arg, const struct tn_shape_report *report)
{
    uint32_t *last_s = arg;

    *last_s = TN_MAX(*last_s, report->entry.last_s);
    return true;
}

/* A training is no use of the shapes that it learns from. */
static void test_shapes_are_only_looked_at(void)
{
    struct bench b;
    uint32_t     before = 0, after = 0;

    open_bench(&b, NULL, true);
    observe_history(&b);
    CU_ASSERT_EQUAL(tn_store_each(b.store, false, note_last, &before, NULL), TN_OK);
    usleep(1100000); /* they are seconds */
    CU_ASSERT_EQUAL(tn_trainer_train(b.learner, NULL, NULL, NULL), TN_OK);
    CU_ASSERT_EQUAL(tn_store_each(b.store, false, note_last, &after, NULL), TN_OK);
    CU_ASSERT_EQUAL(after, before);
    close_bench(&b);
}

static void test_stopped_while_it_trains(void)
{
    struct bench b;

    open_bench(&b, NULL, true);
    observe_history(&b);
    CU_ASSERT_EQUAL_FATAL(tn_trainer_start(b.learner, NULL), TN_OK);
    usleep(50000);
    close_bench(&b);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (!tn_boost_available()) {
        fprintf(stderr, "skipped: this program was built without XGBoost\n");
        return 77;
    }
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("trainer", NULL, NULL);
    CU_ADD_TEST(suite, test_first_sight);
    CU_ADD_TEST(suite, test_a_cluster_that_little_is_known_of);
    CU_ADD_TEST(suite, test_begun_elsewhere_within_the_budget);
    CU_ADD_TEST(suite, test_a_number_given_again);
    CU_ADD_TEST(suite, test_a_number_given_again_while_it_trains);
    CU_ADD_TEST(suite, test_a_number_given_again_while_it_runs);
    CU_ADD_TEST(suite, test_off);
    CU_ADD_TEST(suite, test_kept_with_the_statistics);
    CU_ADD_TEST(suite, test_thread);
    CU_ADD_TEST(suite, test_shapes_are_only_looked_at);
    CU_ADD_TEST(suite, test_stopped_while_it_trains);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}

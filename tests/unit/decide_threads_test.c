/* decide_threads_test.c - threads that decide, learn, explain and flush at once, on the same shapes and groups. Under the thread
 * sanitizer it finds what is not locked; under the others what is not there any more. */
#include "policies/strategy/decide.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ENGINES = 4, THREADS = 4, QUERIES = 1500, SHAPES = 40 };

struct shared {
    struct tn_store           *store;
    struct tn_learner         *learner;
    struct tn_decide_candidate candidates[ENGINES];
    _Atomic unsigned           next, answered;
};

struct doer {
    struct shared *shared;
    unsigned       number;
    pthread_t      thread;
};

static struct tn_attempt_result outcome_of(const struct tn_attempt *attempt, struct tn_rand *rand, uint64_t *now_us)
{
    double                   took = .05 * (1 + attempt->candidate) * (.5 + tn_rand_unit(rand));
    bool                     fails = attempt->candidate == 3 && tn_rand_unit(rand) < .2;
    struct tn_attempt_result end = {.end = fails ? TN_ATTEMPT_ERROR : TN_ATTEMPT_DONE, .bytes = -1, .usd = 3};

    if (fails)
        end.breaker_opened = tn_rand_unit(rand) < .1;
    if (attempt->deadline_s > 0 && took > attempt->deadline_s) {
        end.end = TN_ATTEMPT_CUT;
        took = attempt->deadline_s;
    }
    if (tn_rand_unit(rand) < .01)
        end.end = TN_ATTEMPT_UNSUPPORTED;
    end.seconds = took;
    *now_us += (uint64_t)(took * 1e6);
    end.now_us = *now_us;
    return end;
}

static void one_query(struct doer *doer, struct tn_rand *rand, struct tn_plan *plan, unsigned query)
{
    struct shared           *shared = doer->shared;
    struct tn_decide_policy  policy = TN_DECIDE_POLICY_DEFAULT;
    unsigned                 number = (unsigned)tn_rand_below(rand, SHAPES);
    struct tn_shape          shape = {.key = {number + 1, 5}, .text = {query, 1}, .class = (uint8_t)(number % 7), .band = (uint8_t)(query % 3)};
    struct tn_shape_about    about = {.text = TN_STR("SELECT 1"), .group = TN_STR("g")};
    uint64_t                 now_us = 1000000 + query * UINT64_C(1000);
    struct tn_query_result   result = {.ok = false};
    struct tn_decide_request request = {.shape = &shape, .about = &about, .policy = &policy, .candidates = shared->candidates, .count = ENGINES,
                                        .query = query, .now_us = now_us, .may_cut = true, .may_explore = true, .dry = query % 11 == 0};

    policy.explore = TN_EXPLORE_BOTH;
    policy.objective = (enum tn_objective)(doer->number % 4);
    policy.max_p95_s = doer->number % 4 == 1 ? .4 : 0;
    request.account = tn_learner_group(shared->learner, doer->number % 2 == 0 ? TN_STR("g") : TN_STR("h"));
    tn_decide(shared->learner, &request, plan);
    if (request.dry)
        return;
    for (size_t i = 0; i < plan->count && !result.ok; i++) {
        struct tn_attempt_result end = outcome_of(&plan->attempts[i], rand, &now_us);

        tn_decide_attempt_ended(shared->learner, &request, plan, i, false, &end);
        result.ok = end.end == TN_ATTEMPT_DONE;
        result.seconds += end.seconds;
    }
    result.now_us = now_us;
    for (size_t i = 0; i < plan->shadow_count; i++) {
        struct tn_attempt_result end = outcome_of(&plan->shadows[i], rand, &now_us);

        tn_decide_attempt_ended(shared->learner, &request, plan, i, true, &end);
    }
    tn_decide_query_ended(shared->learner, &request, plan, &result);
    atomic_fetch_add(&shared->answered, result.ok);
}

static void *work(void *arg)
{
    struct doer   *doer = arg;
    struct tn_rand rand = {doer->number + 1};
    struct tn_plan plan;

    for (unsigned i = 0; i < QUERIES; i++) {
        one_query(doer, &rand, &plan, atomic_fetch_add(&doer->shared->next, 1) + 1);
        if (doer->number == 0 && i % 500 == 499)
            tn_store_flush(doer->shared->store);
    }
    return NULL;
}

static void test_at_once(void)
{
    char                    path[] = "/tmp/tn-decide-XXXXXX";
    struct tn_store_options options = TN_STORE_OPTIONS_DEFAULT;
    struct shared           shared = {.answered = 0};
    struct doer             doers[THREADS];
    unsigned                left = 0;
    int                     fd = mkstemp(path);

    CU_ASSERT_FATAL(fd >= 0);
    close(fd);
    unlink(path);
    options.path = path;
    options.max_new_shapes_per_minute = 0;
    CU_ASSERT_EQUAL_FATAL(tn_store_open(&shared.store, &options, NULL), TN_OK);
    CU_ASSERT_EQUAL_FATAL(tn_learner_new(&shared.learner, shared.store, 1, NULL), TN_OK);
    for (size_t e = 0; e < ENGINES; e++) {
        char name[24];

        snprintf(name, sizeof name, "e%zu", e);
        shared.candidates[e] = (struct tn_decide_candidate){
            .cluster = (uint8_t)tn_store_cluster(shared.store, tn_str(name), NULL, 0, 0), .slots = 4, .running = (unsigned)e};
    }
    for (unsigned i = 0; i < THREADS; i++) {
        doers[i] = (struct doer){.shared = &shared, .number = i};
        CU_ASSERT_EQUAL_FATAL(pthread_create(&doers[i].thread, NULL, work, &doers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(doers[i].thread, NULL);
    CU_ASSERT(atomic_load(&shared.answered) > THREADS * QUERIES * 8 / 10);
    for (unsigned number = 0; number < SHAPES; number++) { /* whatever was linked is unlinked */
        struct tn_shape        shape = {.key = {number + 1, 5}};
        struct tn_shape_entry *entry = tn_store_acquire(shared.store, &shape, false, NULL);

        CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
        left += entry->flights != NULL;
        tn_store_release(shared.store, entry, false);
    }
    CU_ASSERT_EQUAL(left, 0);
    tn_store_close(shared.store);
    tn_learner_free(shared.learner);
    unlink(path);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("decide threads", NULL, NULL);
    unsigned  failures;

    CU_ADD_TEST(suite, test_at_once);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

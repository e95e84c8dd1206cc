/* decide.c - what a decision and what learning from its outcome cost, with a million shapes in memory. usage: bench_decide [SHAPES] */
#include "base/clock.h"
#include "base/hash.h"
#include "policies/strategy/decide.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ENGINES = 5, ROUNDS = 400000 };

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void show(const char *what, uint32_t *ns, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += ns[i];
    qsort(ns, count, sizeof *ns, by_value);
    printf("%-10s mean %6.0f ns  p50 %6u ns  p99 %6u ns\n", what, sum / (double)count, ns[count / 2], ns[count * 99 / 100]);
}

struct world {
    struct tn_learner              *learner;
    struct tn_group_account        *account;
    struct tn_decide_policy         policy;
    struct tn_decide_candidate      candidates[ENGINES];
};

static void one(struct world *w, uint64_t number, size_t engines, size_t from, uint32_t *decide_ns, uint32_t *learn_ns)
{
    struct tn_shape          shape = {.key = {tn_hash_mix(number) | 1, tn_hash_mix(~number)}, .text = {number, 1}, .class = (uint8_t)(number % 40)};
    struct tn_shape_about    about = {.text = TN_STR("SELECT a FROM t WHERE b = 1"), .now_us = number};
    struct tn_decide_request request = {.shape = &shape, .about = &about, .account = w->account, .policy = &w->policy,
                                        .candidates = w->candidates + from, .count = engines, .query = number, .now_us = 1000000 + number,
                                        .may_cut = true, .may_explore = true};
    struct tn_plan           plan;
    struct tn_attempt_result end = {.end = TN_ATTEMPT_DONE, .bytes = -1, .usd = 10};
    struct tn_query_result   done = {.ok = true};
    uint64_t                 t0 = now_ns(), t1, t2;

    tn_decide(w->learner, &request, &plan);
    t1 = now_ns();
    end.seconds = .01 * (double)(1 + (number + plan.attempts[0].cluster) % 7);
    end.now_us = request.now_us + 1000;
    tn_decide_attempt_ended(w->learner, &request, &plan, 0, false, &end);
    tn_decide_query_ended(w->learner, &request, &plan, &done);
    t2 = now_ns();
    if (decide_ns != NULL) {
        *decide_ns = (uint32_t)(t1 - t0);
        *learn_ns = (uint32_t)(t2 - t1);
    }
}

int main(int argc, char **argv)
{
    uint64_t                shapes = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    struct tn_store_options options = TN_STORE_OPTIONS_DEFAULT;
    struct tn_store        *store;
    struct world            w = {.policy = TN_DECIDE_POLICY_DEFAULT};
    uint32_t               *decide = calloc(ROUNDS, sizeof *decide), *learn = calloc(ROUNDS, sizeof *learn);
    struct tn_rand          rand = {42};

    options.max_shapes = shapes + shapes / 2; /* so that no shard is full */
    options.max_new_shapes_per_minute = 0;
    if (decide == NULL || learn == NULL || tn_store_open(&store, &options, NULL) != TN_OK || tn_learner_new(&w.learner, store, 1, NULL) != TN_OK)
        return 1;
    w.account = tn_learner_group(w.learner, TN_STR("bench"));
    for (size_t e = 0; e < ENGINES; e++) {
        char name[24];

        snprintf(name, sizeof name, "e%zu", e);
        w.candidates[e] = (struct tn_decide_candidate){.cluster = (uint8_t)tn_store_cluster(store, tn_str(name), NULL, 0, 0), .slots = 8};
    }
    for (uint64_t i = 0; i < shapes; i++)
        for (size_t e = 0; e < ENGINES; e++) /* every cell known, one engine a time */
            one(&w, i, 1, e, NULL, NULL);
    for (unsigned popular = 0; popular < 2; popular++) {
        for (size_t i = 0; i < ROUNDS; i++)
            one(&w, popular ? (uint64_t)pow((double)shapes, tn_rand_unit(&rand)) - 1 : tn_rand_below(&rand, shapes), ENGINES, 0, &decide[i], &learn[i]);
        printf("%llu shapes x %d clusters known, %s\n", (unsigned long long)shapes, ENGINES, popular ? "Zipf-like" : "uniform");
        show("decide", decide, ROUNDS);
        show("learn", learn, ROUNDS);
    }
    tn_store_close(store);
    tn_learner_free(w.learner);
    return 0;
}

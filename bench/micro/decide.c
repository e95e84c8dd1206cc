/* decide.c - what a decision and what learning from its outcome cost, with a million shapes in memory. usage: bench_decide [SHAPES [ROUNDS [latency|cost [LINE [told]]]]]; LINE 0: all
 *
 * "told": the store hears of the shape 300 ns before the decision, as in the server, which routes meanwhile. Without: at once.
 *
 * Each line tells a hash of all that was decided, to the last bit: a change that is only meant to be faster leaves it as it is. */
#include "base/clock.h"
#include "base/hash.h"
#include "policies/strategy/decide.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ENGINES = 5, SETTLED = 2000, HALF_KNOWN = 2000, ROUTING_NS = 300 };

struct world {
    struct tn_learner         *learner;
    struct tn_group_account   *account;
    struct tn_decide_policy    policy;
    struct tn_decide_candidate candidates[ENGINES];
    struct tn_price            prices[ENGINES];
    const char                *only; /* strategy; NULL = all */
    size_t                     only_line; /* from 1; 0 = all */
    bool                       dry, told;
    struct tn_store           *store;
    uint64_t                   choices; /* hash */
    uint64_t                   asked;
};

/* Which shape the next query has. */
struct stream {
    const char *name;
    uint64_t  (*next)(struct tn_rand *rand, uint64_t shapes);
    bool        dry;
};

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
    qsort(ns, count, sizeof *ns, by_value);
    printf("  %s p50 %5u ns  p99 %5u ns", what, ns[count / 2], ns[count * 99 / 100]);
}

static void hash_plan(struct world *w, const struct tn_plan *plan)
{
    double numbers[2] = {plan->predicted_s, plan->propensity};

    for (size_t i = 0; i < plan->count; i++)
        w->choices = tn_hash_seeded(&plan->attempts[i].deadline_s, sizeof(double), w->choices + plan->attempts[i].cluster);
    w->choices = tn_hash_seeded(numbers, sizeof numbers, w->choices + (uint64_t)plan->reason * 16 + plan->count);
}

/* Of ENGINES, FROM the first. */
static void one(struct world *w, uint64_t number, size_t engines, size_t from, uint32_t *decide_ns, uint32_t *learn_ns)
{
    struct tn_shape          shape = {.key = {tn_hash_mix(number) | 1, tn_hash_mix(~number)}, .text = {number, 1}, .class = (uint8_t)(number % 40)};
    struct tn_shape_about    about = {.text = TN_STR("SELECT a FROM t WHERE b = 1"), .now_us = number};
    struct tn_decide_request request = {.shape = &shape, .about = &about, .account = w->account, .policy = &w->policy,
                                        .candidates = w->candidates + from, .count = engines, .query = number, .now_us = 1000000 + number,
                                        .may_cut = true, .may_explore = true, .dry = w->dry};
    struct tn_plan           plan;
    struct tn_attempt_result end = {.end = TN_ATTEMPT_DONE, .bytes = -1};
    struct tn_query_result   done = {.ok = true};
    uint64_t                 t0, t1, t2 = 0, t3 = 0;

    if (w->told) {
        tn_store_expect(w->store, shape.key);
        t0 = now_ns();
        while (now_ns() - t0 < ROUTING_NS)
            continue;
    }
    t0 = now_ns();
    tn_decide(w->learner, &request, &plan);
    t1 = now_ns();
    if (!w->dry) {
        done.seconds = end.seconds = .01 * (double)(1 + (number + plan.attempts[0].cluster) % 7) * (.9 + .2 * (double)(w->asked++ % 11) / 10);
        end.usd = end.seconds * 100 * (1 + plan.attempts[0].cluster);
        end.now_us = request.now_us + 1000;
        t2 = now_ns();
        tn_decide_attempt_ended(w->learner, &request, &plan, 0, false, &end);
        tn_decide_query_ended(w->learner, &request, &plan, &done);
        t3 = now_ns();
    }
    if (decide_ns != NULL) {
        hash_plan(w, &plan);
        *decide_ns = (uint32_t)(t1 - t0);
        *learn_ns = (uint32_t)(t3 - t2);
    }
}

static uint64_t any(struct tn_rand *rand, uint64_t shapes)
{
    return tn_rand_below(rand, shapes);
}

static uint64_t popular(struct tn_rand *rand, uint64_t shapes)
{
    return (uint64_t)pow((double)shapes, tn_rand_unit(rand)) - 1;
}

static uint64_t settled(struct tn_rand *rand, uint64_t shapes)
{
    return tn_rand_below(rand, shapes < SETTLED ? shapes : SETTLED);
}

static uint64_t half_known(struct tn_rand *rand, uint64_t shapes)
{
    return shapes + tn_rand_below(rand, HALF_KNOWN);
}

static const struct stream STREAMS[] = {
    {"any of them, all clusters known", any, false},
    {"some popular, all clusters known", popular, false},
    {"the same few thousand, each a hundred times", settled, false},
    {"three of five clusters not known (only decided)", half_known, true},
};

static void measure(struct world *w, const char *strategy, uint64_t shapes, size_t rounds, uint32_t *decide, uint32_t *learn)
{
    struct tn_rand rand = {42};

    if (w->only != NULL && strcmp(w->only, strategy) != 0)
        return;
    for (size_t s = 0; s < TN_ARRAY_LEN(STREAMS); s++) {
        if (w->only_line > 0 && w->only_line != s + 1)
            continue;
        w->choices = 0;
        w->dry = STREAMS[s].dry;
        for (size_t i = 0; i < rounds; i++)
            one(w, STREAMS[s].next(&rand, shapes), ENGINES, 0, &decide[i], &learn[i]);
        printf("%-10s %-48s", strategy, STREAMS[s].name);
        show("decide", decide, rounds);
        show("learn", learn, rounds);
        printf("  choices %016llx\n", (unsigned long long)w->choices);
        fflush(stdout);
    }
    w->dry = false;
}

/* Every cell known, one engine a time; of a few more shapes two of them. */
static void fill(struct world *w, uint64_t shapes)
{
    for (uint64_t i = 0; i < shapes + HALF_KNOWN; i++)
        for (size_t e = 0; e < (i < shapes ? ENGINES : 2); e++)
            one(w, i, 1, e, NULL, NULL);
}

int main(int argc, char **argv)
{
    uint64_t                shapes = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    size_t                  rounds = argc > 2 ? (size_t)strtoull(argv[2], NULL, 10) : 200000;
    struct tn_store_options options = TN_STORE_OPTIONS_DEFAULT;
    struct tn_store        *store;
    struct world            w = {.policy = TN_DECIDE_POLICY_DEFAULT, .only = argc > 3 ? argv[3] : NULL,
                                       .only_line = argc > 4 ? (size_t)strtoull(argv[4], NULL, 10) : 0, .told = argc > 5};
    uint32_t               *decide = calloc(rounds, sizeof *decide), *learn = calloc(rounds, sizeof *learn);

    options.max_shapes = shapes + shapes / 2 + HALF_KNOWN; /* so that no shard is full */
    options.max_new_shapes_per_minute = 0;
    if (decide == NULL || learn == NULL || tn_store_open(&store, &options, NULL) != TN_OK || tn_learner_new(&w.learner, store, 1, NULL) != TN_OK)
        return 1;
    w.store = store;
    w.account = tn_learner_group(w.learner, TN_STR("bench"));
    for (size_t e = 0; e < ENGINES; e++) {
        char name[24];

        snprintf(name, sizeof name, "e%zu", e);
        w.prices[e] = e == 0 ? (struct tn_price){.type = TN_PRICE_PER_SCAN, .usd_per_byte = 5e-12, .min_bytes = 1e7}
                             : (struct tn_price){.type = TN_PRICE_PER_SECOND, .usd_per_second = 1e-4 * (double)(1 + e), .slots = 1};
        w.candidates[e] = (struct tn_decide_candidate){.cluster = (uint8_t)tn_store_cluster(store, tn_str(name), NULL, 0, 0), .slots = 8,
                                                       .running = (unsigned)e % 3, .price = &w.prices[e]};
    }
    fill(&w, shapes);
    printf("%llu shapes x %d clusters\n", (unsigned long long)shapes, ENGINES);
    measure(&w, "latency", shapes, rounds, decide, learn);
    w.policy.objective = TN_OBJECTIVE_COST;
    w.policy.max_p95_s = .05;
    measure(&w, "cost", shapes, rounds, decide, learn);
    tn_store_close(store);
    tn_learner_free(w.learner);
    return 0;
}

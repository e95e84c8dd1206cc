#include "tools/cli/compare_run.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/rand.h"

#include <inttypes.h>
#include <math.h>
#include <unistd.h>

static void shuffle(struct tn_run_item *items, size_t count, struct tn_rand *rand)
{
    for (size_t i = count; i > 1; i--) {
        size_t             other = (size_t)tn_rand_below(rand, i);
        struct tn_run_item item = items[i - 1];

        items[i - 1] = items[other];
        items[other] = item;
    }
}

/* Rounds: in each, every statement once on every engine, in an order of its own, so that what changes with time (caches, other
 * load) does not fall on one engine. Warm-ups are the first rounds. */
static enum tn_status plan(struct tn_compare_run *run, struct tn_error *err)
{
    size_t         engines = run->compare->engine_count, round = engines * run->script->count;
    size_t         rounds = (size_t)run->options->warmup + run->options->repeat;
    struct tn_rand rand = {.state = run->options->seed};

    if (round > TN_COMPARE_ITEMS / rounds)
        return tn_fail(err, TN_E_INVALID, "54000", "%zu statements, %zu clusters and %zu rounds are more than %d runs", run->script->count, engines, rounds,
                       (int)TN_COMPARE_ITEMS);
    run->items = tn_calloc(round * rounds, sizeof *run->items);
    run->statement_query = tn_calloc(run->script->count, sizeof *run->statement_query);
    if (run->items == NULL || run->statement_query == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for the plan");
    for (size_t s = 0; s < run->script->count; s++) {
        long query = tn_compare_query(run->compare, run->script->statements[s], TN_STR(""));

        if (query < 0)
            return tn_fail(err, TN_E_NOMEM, "53200", "no memory for the statements");
        run->statement_query[s] = (uint32_t)query;
    }
    for (size_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < round; i++)
            run->items[run->item_count + i] = (struct tn_run_item){
                .query = run->statement_query[i / engines], .engine = (uint8_t)(i % engines), .warmup = r < run->options->warmup};
        shuffle(run->items + run->item_count, round, &rand);
        run->item_count += round;
    }
    return TN_OK;
}

enum tn_status tn_compare_run_collect(struct tn_compare_run *run, struct tn_error *err)
{
    for (size_t i = 0; i < run->item_count; i++)
        if (run->items[i].done && !run->items[i].warmup && !run->items[i].waited && !tn_compare_add(run->compare, &run->items[i].sample))
            return tn_fail(err, TN_E_NOMEM, "53200", "no memory for the figures");
    return TN_OK;
}

enum tn_status tn_compare_run(struct tn_compare_run *run, const struct tn_run_options *options, const struct tn_script *script,
                              struct tn_compare *compare, struct tn_error *err)
{
    enum tn_status status;
    uint64_t       id;

    *run = (struct tn_compare_run){.options = options, .script = script, .compare = compare, .started_us = tn_clock_wall_us(), .state_fd = -1};
    tn_rand_secret(&id, sizeof id);
    snprintf(run->id, sizeof run->id, "%016" PRIx64, id);
    TN_TRY(plan(run, err));
    TN_TRY(tn_run_state_open(run, err));
    run->resumed = run->done_count;
    status = tn_run_lanes(run, err);
    if (status != TN_OK && run->done_count == 0)
        (void)unlink(options->state); /* nothing to go on from, and the next command may be another one */
    return status;
}

void tn_compare_run_reset(struct tn_compare_run *run)
{
    tn_run_state_close(run);
    tn_free(run->items);
    tn_free(run->statement_query);
    run->items = NULL;
    run->statement_query = NULL;
}

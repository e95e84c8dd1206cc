/* replay_run.h - a stream of recorded outcomes driven through the program's own decision code, with a simulated clock.
 *
 * What a decision may know: the time, the text, the names and slots of the engines, and the outcomes of attempts that were made
 * and whose end the clock has passed. An attempt that starts while n others of ours run on an engine of c slots takes
 * max(1, (n + 1) / c) times as long. */
#ifndef TN_CLI_REPLAY_RUN_H
#define TN_CLI_REPLAY_RUN_H

#include "policies/strategy/decide.h"
#include "tools/cli/outcomes.h"

#include <stdio.h>

struct tn_replay_options {
    struct tn_decide_policy policy;
    uint64_t                seed;
    FILE                   *decisions; /* NULL = none */
    bool (*price)(void *arg, const char *engine, struct tn_price *out); /* NULL, or false: from the file's usd */
    void                   *price_arg;
    const char             *constants[32]; /* "name=value" */
    size_t                  constant_count;
};

struct tn_replay_totals {
    uint64_t queries, failed, explored, cut_attempts, shadows, late;
    double   seconds, cut_s, shadow_s;   /* users' time; of cut attempts; of shadows */
    double   usd, shadow_usd;            /* micro-dollars; < 0 = not known */
    double   least_s;                    /* the lowest realised time of each query */
    double   static_s[TN_OUTCOME_ENGINES];
    double   static_usd[TN_OUTCOME_ENGINES];
    uint64_t static_missing[TN_OUTCOME_ENGINES]; /* lines without that engine */
    uint64_t first[TN_OUTCOME_ENGINES];  /* how often it was the first attempt */
    size_t   second_count;               /* users' seconds of each query, for quantiles; malloc()ed */
    double  *each_s;
};

struct tn_replay;

TN_MUST_USE enum tn_status tn_replay_new(struct tn_replay **out, const struct tn_replay_options *options, struct tn_error *err);
void tn_replay_free(struct tn_replay *replay);
/* All outcomes of the file are observed first, as after a run on every engine. */
TN_MUST_USE enum tn_status tn_replay_learn(struct tn_replay *replay, const char *path, struct tn_error *err);
TN_MUST_USE enum tn_status tn_replay_stream(struct tn_replay *replay, struct tn_outcomes *outcomes, struct tn_error *err);
const struct tn_replay_totals *tn_replay_totals(const struct tn_replay *replay);
/* The arrays of the totals are by these numbers. */
size_t      tn_replay_engine_count(const struct tn_replay *replay);
const char *tn_replay_engine(const struct tn_replay *replay, size_t at);

#endif

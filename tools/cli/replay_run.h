/* replay_run.h - a stream of recorded outcomes driven through the program's own decision code, with a simulated clock.
 *
 * What a decision may know: the time, the text, the names and slots of the engines, and the outcomes of attempts that were made
 * and whose end the clock has passed. An attempt that starts while n others of ours run on an engine of c slots takes
 * max(1, (n + 1) / c) times as long; at 200 s it is a time-out. A cut attempt is paid for the part that ran. Engines' breakers
 * are the server's, with its defaults and a jitter that repeats for a seed. */
#ifndef TN_CLI_REPLAY_RUN_H
#define TN_CLI_REPLAY_RUN_H

#include "policies/strategy/decide.h"
#include "tools/cli/outcomes.h"
#include "tools/cli/replay_key.h"
#include "tools/cli/replay_player.h"
#include "tools/cli/replay_totals.h"

#include <stdio.h>

struct tn_replay_options {
    struct tn_decide_policy policy;
    uint64_t                seed;
    struct tn_player       *player;    /* decides instead of the program's own code; NULL = none; borrowed */
    FILE                   *decisions; /* NULL = none */
    /* False: free. LISTED: the bills are by this price, whatever usd the outcomes say. NULL: all are free. */
    bool (*price)(void *arg, const char *engine, struct tn_price *out, bool *listed);
    void                   *price_arg;
    bool                    model;         /* of the text: trained after the history, and as the stream goes on */
    const char             *constants[128]; /* "name=value"; of one name the last counts */
    size_t                  constant_count;
};

struct tn_replay;

TN_MUST_USE enum tn_status tn_replay_new(struct tn_replay **out, const struct tn_replay_options *options, struct tn_error *err);
void tn_replay_free(struct tn_replay *replay);
/* All outcomes of the file are observed, as after a run on every engine. The stream's time begins after them. */
TN_MUST_USE enum tn_status tn_replay_learn(struct tn_replay *replay, const char *path, struct tn_error *err);
/* KEY may be NULL. */
TN_MUST_USE enum tn_status tn_replay_stream(struct tn_replay *replay, struct tn_outcomes *outcomes, struct tn_replay_key *key, struct tn_error *err);
/* The same, a query at a time: line->list[].engine are places in NAMES. LINE's time is set where it has none. */
TN_MUST_USE enum tn_status tn_replay_line(struct tn_replay *replay, struct tn_outcome_line *line, const char (*names)[TN_OUTCOME_NAME],
                                          struct tn_error *err);
void tn_replay_end(struct tn_replay *replay); /* the clock passes all ends */
const struct tn_replay_totals *tn_replay_totals(const struct tn_replay *replay);
/* The arrays of the totals are by these numbers. */
size_t      tn_replay_engine_count(const struct tn_replay *replay);
const char *tn_replay_engine(const struct tn_replay *replay, size_t at);

#endif

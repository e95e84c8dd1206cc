/* replay_player.h - simple policies to compare with: they see what the program's own policy sees, on the same simulated clock.
 *
 *   oracle        the engine that is best before chance (needs a line's oracle; else the lowest realised time)
 *   greedyLoad    exact times, chance included, and exact load, greedily: a bound that no router can reach
 *   exactLoad     the usual times (before chance) and exact load, greedily: what perfect knowledge would do
 *   static:NAME   always this engine
 *   random, roundRobin, leastLoaded, failover (the engines in the order in which they were first named)
 *   rule20total   twenty runs, two engines seen and a gap of 25 %: pinned to the faster; round robin before
 *   rule20each    the same with twenty runs on each of two engines
 *   eps5          the mean of ln seconds per text, every engine once, 5 % at random
 *   lcb           the same with a lower confidence bound, mean - .3 sqrt(2 ln N / n) */
#ifndef TN_CLI_REPLAY_PLAYER_H
#define TN_CLI_REPLAY_PLAYER_H

#include "tools/cli/outcomes.h"
#include "policies/strategy/decide.h"

struct tn_player_view {
    double   t_s;
    uint64_t text;                            /* hash of the statement */
    const struct tn_outcome_line *line;       /* only oracles look at the outcomes */
    unsigned engines[TN_OUTCOME_ENGINES];     /* numbers of the line's engines, lasting */
    const char *names[TN_OUTCOME_ENGINES];
    unsigned running[TN_OUTCOME_ENGINES];     /* ours, by place in the line */
    double   factor[TN_OUTCOME_ENGINES];      /* by which the load there would lengthen a run; only oracles look */
};

struct tn_player;

/* NULL: no such policy, or no memory. */
struct tn_player *tn_player_new(const char *name, uint64_t seed);
void              tn_player_free(struct tn_player *player);
bool              tn_player_known(const char *name);
/* The engine that it always takes; NULL: it chooses. */
const char       *tn_player_engine(const struct tn_player *player);
/* Fills in the attempts of PLAN (places in the line, in order) and whether it explores. */
void tn_player_choose(struct tn_player *player, const struct tn_player_view *view, struct tn_plan *plan);
/* An attempt ended, told when the clock passed it. */
void tn_player_ended(struct tn_player *player, uint64_t text, unsigned engine, double seconds, bool ok);

#endif

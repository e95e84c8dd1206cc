/* simulate_stream.h - a stream of queries over a world in which something happens. The same world, scenario, seed and length give
 * the same lines.
 *
 * Shapes come by Zipf's law in a random order of rank, arrivals are Poisson; each run takes its engine's median times a
 * log-normal factor. Four queries are under way on average if an oracle routed; with slots the rate is a share of what the
 * engines can do. */
#ifndef TN_CLI_SIMULATE_STREAM_H
#define TN_CLI_SIMULATE_STREAM_H

#include "tools/cli/simulate_world.h"

enum tn_scenario {
#define SCENARIO(name, text, world, slots, help) TN_SCENARIO_##name,
#include "tools/cli/scenarios.def"
#undef SCENARIO
    TN_SCENARIO_COUNT
};
struct tn_scenario_info {
    const char *name, *world, *help;
    bool        slots;
};
extern const struct tn_scenario_info tn_scenarios[TN_SCENARIO_COUNT];

struct tn_sim_stream;

TN_MUST_USE enum tn_status tn_sim_stream_new(struct tn_sim_stream **out, const struct tn_sim_world *world, enum tn_scenario scenario, uint64_t seed,
                                             uint64_t queries, struct tn_error *err);
void tn_sim_stream_free(struct tn_sim_stream *stream);
/* False at the end. line->oracle is the engine that is best before chance, and works. */
bool tn_sim_stream_next(struct tn_sim_stream *stream, struct tn_outcome_line *line);

/* Queries a second that all engines together can do at most: min over prices w of sum(w_e slots_e) / sum_s(p_s min_e(w_e t_se)),
 * the dual of the best division of the work. P: share of each shape. */
double tn_sim_capacity(const struct tn_sim_world *world, const double *share);

#endif

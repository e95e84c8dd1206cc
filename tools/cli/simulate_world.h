/* simulate_world.h - how long each shape usually runs on each engine: read from outcomes, or made up from a seed. */
#ifndef TN_CLI_SIMULATE_WORLD_H
#define TN_CLI_SIMULATE_WORLD_H

#include "base/rand.h"
#include "stats/price.h"
#include "tools/cli/outcomes.h"

struct tn_sim_cell {
    double seconds; /* median; TN_OUTCOME_TIMEOUT_S and more: never ends */
    double bytes;   /* < 0 = not known */
};

struct tn_sim_world {
    char               name[64];
    size_t             engine_count, shape_count;
    char               engines[TN_OUTCOME_ENGINES][TN_OUTCOME_NAME];
    double             slots[TN_OUTCOME_ENGINES];
    double             growth[TN_OUTCOME_ENGINES]; /* run time follows the size of the data to this power */
    bool               priced[TN_OUTCOME_ENGINES];
    struct tn_price    prices[TN_OUTCOME_ENGINES];
    struct tn_sim_cell *cells; /* by shape, then engine */
    char             **texts;
    double             zipf;   /* exponent of how often shapes come; 0 = all alike */
    double             sigma;  /* of the ln of a run around its median */
    double             tails;  /* share of runs that take 3 to 15 times as long */
};

/* A text that is met more than once is one shape: median of its runs. NAME of a world in worlds.def. */
TN_MUST_USE enum tn_status tn_sim_world_read(struct tn_sim_world **out, const char *path, struct tn_error *err);
TN_MUST_USE enum tn_status tn_sim_world_make(struct tn_sim_world **out, const char *name, uint64_t seed, struct tn_error *err);
void tn_sim_world_free(struct tn_sim_world *world);

double tn_rand_normal(struct tn_rand *rand); /* mean 0, variance 1 */

static inline struct tn_sim_cell *tn_sim_cell(const struct tn_sim_world *world, size_t shape, size_t engine)
{
    return &world->cells[shape * world->engine_count + engine];
}

#endif

#include "policies/strategy/entry.h"

#include "policies/strategy/bands.h"

#include <math.h>

static const double BETWEEN = .3; /* variance between bands when nobody remembers it: a factor of 1.7 either way */
static const double BOUND_WEAKENS = .5;
enum { PRIOR_RUNS = 2 };          /* what the shape's runs are worth in a band without data */

struct seed { /* the shape's cells, for a band that has none */
    size_t         count;
    uint8_t        clusters[TN_SIDES];
    struct tn_cell cells[TN_SIDES];
};

static void copy_cell(void *arg, unsigned cluster, struct tn_cell *cell)
{
    struct seed *seed = arg;

    if (seed->count < TN_SIDES) {
        seed->clusters[seed->count] = (uint8_t)cluster;
        seed->cells[seed->count++] = *cell;
    }
}

static void sow(struct tn_learner *learner, const struct tn_shape *shape, struct tn_shape_entry *child, const struct seed *seed)
{
    double offset, between;

    tn_bands_prior(&learner->bands, shape->key, shape->band, BETWEEN, &offset, &between);
    for (size_t i = 0; i < seed->count; i++) {
        struct tn_cell  *cell = tn_store_cell(learner->store, child, seed->clusters[i], true);
        struct tn_belief belief;

        if (cell == NULL)
            return;
        tn_cell_load(&seed->cells[i], &belief);
        belief.last = 0;
        belief.run = 0;
        if (belief.n > 0) {
            belief.m += offset;
            belief.n = TN_MIN(belief.n, (unsigned)PRIOR_RUNS);
            belief.P += fmax(between, .05);
        } else if (belief.bounded) {
            belief.cen += offset - BOUND_WEAKENS;
            belief.ncen = 0;
        }
        tn_cell_store(cell, &belief);
    }
}

/* The entry of the band; PARENT is given back. NULL: it stays with the shape. */
static struct tn_shape_entry *band_of(struct tn_learner *learner, const struct tn_decide_request *request, struct tn_shape_entry *parent)
{
    struct tn_shape_entry *child;
    struct seed            seed; /* large: not zeroed */

    seed.count = 0;
    tn_store_cells(learner->store, parent, copy_cell, &seed);
    tn_store_release(learner->store, parent, !request->dry);
    child = tn_store_acquire_band(learner->store, request->shape, !request->dry, request->about);
    if (child != NULL && child->visits == 0 && !request->dry)
        sow(learner, request->shape, child, &seed);
    return child;
}

struct tn_shape_entry *tn_entry_decide(struct tn_learner *learner, const struct tn_decide_request *request, struct tn_plan *plan)
{
    struct tn_shape_entry *entry = tn_store_acquire(learner->store, request->shape, !request->dry, request->about), *child;

    if (entry == NULL)
        return NULL;
    if (!request->dry)
        entry->visits++;
    if ((entry->flags & TN_SHAPE_BANDS_OPEN) == 0 || learner->world.k.bands == 0)
        return entry;
    child = band_of(learner, request, entry);
    plan->banded = child != NULL;
    plan->band = request->shape->band;
    if (child == NULL)
        return tn_store_acquire(learner->store, request->shape, false, NULL);
    if (!request->dry)
        child->visits++;
    return child;
}

struct tn_shape_entry *tn_entry_of_plan(struct tn_learner *learner, const struct tn_decide_request *request, const struct tn_plan *plan)
{
    return plan->banded ? tn_store_acquire_band(learner->store, request->shape, false, NULL)
                        : tn_store_acquire(learner->store, request->shape, false, NULL);
}

void tn_entry_watch(struct tn_learner *learner, const struct tn_decide_request *request, const struct tn_plan *plan, struct tn_shape_entry *entry,
                    double deviation)
{
    const struct tn_constants *k = &learner->world.k;

    if (plan->banded || k->bands == 0 || (entry->flags & TN_SHAPE_MANY_TEXTS) == 0 || (entry->flags & TN_SHAPE_BANDS_OPEN) != 0)
        return;
    if (request->shape->band > 0)
        entry->flags |= TN_SHAPE_SIZED;
    if ((entry->flags & TN_SHAPE_SIZED) == 0)
        return; /* nothing in it has a size */
    if (tn_bands_learn(&learner->bands, request->shape->key, request->shape->band, deviation,
                       entry->visits >= k->band_runs ? k->band_runs : HUGE_VAL, k->band_share))
        entry->flags |= TN_SHAPE_BANDS_OPEN;
}

#include "policies/strategy/relate.h"

#include <math.h>

static const double LEAST_BILL = .1; /* micro-dollars: what the logarithm begins with */
static const double WIDEST = 2;      /* variance of a bill's logarithm that counts for its mean */

static size_t observe(const struct tn_view *view, struct tn_observed out[TN_SIDES])
{
    for (size_t i = 0; i < view->count; i++) {
        const struct tn_side *side = &view->sides[i];

        out[i] = (struct tn_observed){
            .cluster = side->cluster, .known = side->cell.n > 0, .bounded = side->cell.n == 0 && (side->cut_here || side->cell.bounded),
            .billed = side->cell.cost > 0, .seconds = side->cell.m - side->cell.A0, .variance = side->cell.P,
            .bound = side->cut_here ? side->extra - side->effect->A : side->cell.cen - side->cell.A0,
            .bill = side->cell.cost > 0 ? log(fmax(LEAST_BILL, side->cell.cost)) : 0};
    }
    return view->count;
}

static bool is_bill_asked(const struct tn_decision *d, size_t at)
{
    const struct tn_price *price = d->request->candidates[at].price;

    return price != NULL && tn_price_by_bytes(price) && d->side[at]->cell.cost <= 0;
}

/* Where all is known nobody asks the others. */
static bool any_asked(const struct tn_decision *d)
{
    for (size_t i = 0; i < d->request->count; i++)
        if (d->side[i]->cell.n == 0 || is_bill_asked(d, i))
            return true;
    return false;
}

void tn_relate(struct tn_decision *d)
{
    const struct tn_relations *relations = &d->learner->world.relations;
    struct tn_observed         seen[TN_SIDES]; /* large: not zeroed */
    size_t                     count;

    if (!any_asked(d)) {
        for (size_t i = 0; i < d->request->count; i++)
            d->side[i]->related = false;
        return; /* usd_expected is 0 already */
    }
    count = observe(&d->view, seen);
    pthread_mutex_lock(&d->learner->lock);
    for (size_t i = 0; i < d->request->count; i++) {
        struct tn_side *side = d->side[i];
        double          mean, variance;

        side->related = side->cell.n == 0 && tn_relations_prior(relations, side->cluster, TN_QUANTITY_SECONDS, seen, count, &side->related_m,
                                                                &side->related_P);
        d->usd_expected[i] = 0;
        if (is_bill_asked(d, i) && tn_relations_prior(relations, side->cluster, TN_QUANTITY_BILL, seen, count, &mean, &variance))
            d->usd_expected[i] = exp(mean + fmin(variance, WIDEST) / 2);
    }
    pthread_mutex_unlock(&d->learner->lock);
}

double tn_relate_slope(const struct tn_decision *d, size_t then, size_t at)
{
    double slope;

    pthread_mutex_lock(&d->learner->lock);
    slope = tn_relations_slope(&d->learner->world.relations, d->side[then]->cluster, d->side[at]->cluster);
    pthread_mutex_unlock(&d->learner->lock);
    return slope;
}

/* FIRST: the first run of the shape there; BILL: its first bill. A function of its own, as its frame is large. */
static __attribute__((noinline)) void learn_first(struct tn_relations *relations, const struct tn_view *view, const struct tn_side *side,
                                                  const struct tn_belief *before, bool first, const double *bill)
{
    const struct tn_belief *cell = &side->cell;
    struct tn_observed      seen[TN_SIDES];
    size_t                  count = observe(view, seen);

    if (first) {
        double imputed, variance;
        bool   had = before->bounded && tn_relations_impute(relations, side->cluster, before->cen - before->A0, &imputed, &variance);

        tn_relations_learn(relations, side->cluster, TN_QUANTITY_SECONDS, cell->m - cell->A0, had ? &imputed : NULL, seen, count);
    }
    if (bill != NULL)
        tn_relations_learn(relations, side->cluster, TN_QUANTITY_BILL, log(fmax(LEAST_BILL, *bill)), NULL, seen, count);
}

void tn_relate_learn(struct tn_world *world, const struct tn_view *view, const struct tn_side *side, const struct tn_belief *before,
                     const struct tn_price *price, const struct tn_attempt_result *result)
{
    const struct tn_belief *cell = &side->cell;
    bool                    first = before->n == 0 && cell->n > 0;
    bool                    bill = result->end == TN_ATTEMPT_DONE && result->usd >= 0 && before->cost <= 0 && price != NULL && tn_price_by_bytes(price);

    if (before->n == 0 && cell->n == 0 && cell->bounded && !before->bounded)
        tn_relations_learn_bound(&world->relations, side->cluster, cell->cen - cell->A0);
    if (first || bill)
        learn_first(&world->relations, view, side, before, first, bill ? &result->usd : NULL);
}

#include "policies/strategy/worth.h"

#include <math.h>

static size_t place_of(const struct tn_worth *worth, uint8_t cluster)
{
    size_t at = 0;

    while (at < worth->count && worth->cluster[at] != cluster)
        at++;
    return at;
}

/* At least 0. */
static double gain_of(const struct tn_worth *worth)
{
    double least = HUGE_VAL;

    for (size_t i = 0; i < worth->count; i++)
        least = fmin(least, worth->alone[i]);
    return worth->count == 0 ? 0 : fmax(0, least - worth->chosen);
}

static void forget(struct tn_worth *worth, double memory)
{
    double left = 1 - 1 / memory;

    for (size_t i = 0; i < worth->count; i++)
        worth->alone[i] *= left;
    worth->chosen *= left;
    worth->looks *= left;
    worth->queries *= left;
}

/* One that was not there begins as good as the best of the others. */
static void count_cluster(struct tn_worth *worth, const struct tn_outlook *outlook, double gain, double best, bool *counted)
{
    size_t at = place_of(worth, outlook->cluster);

    if (at == TN_WORTH_CLUSTERS)
        return;
    if (at == worth->count) {
        worth->count++;
        worth->cluster[at] = outlook->cluster;
        worth->alone[at] = worth->chosen + gain;
    }
    worth->alone[at] += fmax(outlook->index, best);
    counted[at] = true;
}

void tn_worth_count(struct tn_worth *worth, const struct tn_plan *plan, enum tn_objective objective, double memory)
{
    double gain, best;
    bool   counted[TN_WORTH_CLUSTERS] = {false};

    if (plan->best_at >= plan->outlook_count || !plan->outlook[plan->best_at].told || (worth->queries > 0 && worth->objective != objective))
        return;
    worth->objective = objective;
    forget(worth, memory);
    gain = gain_of(worth);
    best = plan->outlook[plan->best_at].index;
    for (size_t i = 0; i < plan->outlook_count; i++)
        if (plan->outlook[i].told)
            count_cluster(worth, &plan->outlook[i], gain, best, counted);
    for (size_t i = 0; i < worth->count; i++)
        if (!counted[i])
            worth->alone[i] += best;
    worth->chosen += best;
    worth->looks += plan->look_extra;
    worth->queries += 1;
}

double tn_worth_left(const struct tn_worth *worth, const struct tn_constants *k, enum tn_objective objective)
{
    if (worth->queries > 0 && worth->objective != objective)
        return HUGE_VAL;
    return k->worth_share * worth->chosen + k->worth_gain * gain_of(worth) - worth->looks;
}

double tn_worth_mean(const struct tn_worth *worth)
{
    return worth->queries > 0 ? worth->chosen / worth->queries : HUGE_VAL;
}

/* weighted.c - members in proportion to `weights`, exactly: the t-th pick is a function of t alone.
 *
 * Members, sorted by weight, are split into two parts of about equal weights L and R, W = L + R. Pick t goes left when
 * floor((t+1)L/W) > floor(tL/W) (Bresenham's line); the picks that go one way are numbered in a row (floor(tL/W) to the
 * left, t - floor(tL/W) to the right), and the same is done inside the part. So any W picks in a row hold every member
 * exactly weight times, whatever pick they begin with, and picks of one member are spread over them. Where W (reduced by
 * the greatest common divisor) divides 100, so do any 100 picks in a row. The shares of members that are not eligible
 * fall to the others in proportion. A member without an entry has weight 1. */
#include "policies/strategy/strategies.h"

static uint64_t weight_of(const struct tn_group *group, const struct tn_candidate *candidate)
{
    const struct tn_cfg_map *weights = &group->conf->weights;
    uint64_t                 weight = 1;

    for (size_t i = 0; i < weights->count; i++)
        if (tn_str_eq(weights->items[i].key, candidate->cluster->conf->name)) {
            if (!tn_str_to_u64(weights->items[i].value, 1000000, &weight))
                weight = 1;
            return weight;
        }
    return weight;
}

/* PLACES of the candidates by growing weight, and the SUMS of the weights before each. */
static void sort_by_weight(const uint64_t *weights, size_t count, size_t *places, uint64_t *sums)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = i;

        for (; at > 0 && weights[places[at - 1]] > weights[i]; at--)
            places[at] = places[at - 1];
        places[at] = i;
    }
    sums[0] = 0;
    for (size_t i = 0; i < count; i++)
        sums[i + 1] = sums[i] + weights[places[i]];
}

/* Where FROM..TO (at least two) falls into two parts that weigh about the same. */
static size_t middle_of(const uint64_t *sums, size_t from, size_t to)
{
    uint64_t total = sums[to] - sums[from];
    size_t   middle = from + 1;

    while (middle + 1 < to && (sums[middle + 1] - sums[from]) * 2 <= total)
        middle++;
    return middle;
}

/* The place of pick T, which is less than the sum of all weights. */
static size_t place_of(const uint64_t *sums, size_t count, uint64_t t)
{
    size_t from = 0, to = count;

    while (to - from > 1) {
        size_t   middle = middle_of(sums, from, to);
        uint64_t left = sums[middle] - sums[from], total = sums[to] - sums[from];
        uint64_t before = t * left / total; /* t < total <= 64 million: no overflow */

        if ((t + 1) * left / total > before) {
            to = middle;
            t = before;
        } else {
            from = middle;
            t -= before;
        }
    }
    return from;
}

static size_t pick(struct tn_group *group, const struct tn_candidate *candidates, size_t count,
                   const struct tn_features *features, const char **reason)
{
    uint64_t weights[TN_GROUP_MEMBERS], sums[TN_GROUP_MEMBERS + 1];
    size_t   places[TN_GROUP_MEMBERS];
    uint64_t turn = tn_group_turn(group, candidates, count);

    (void)features;
    for (size_t i = 0; i < count; i++)
        weights[i] = weight_of(group, &candidates[i]);
    sort_by_weight(weights, count, places, sums);
    *reason = "weighted: next in the sequence of weights";
    if (sums[count] > 0)
        return places[place_of(sums, count, turn % sums[count])];
    *reason = "weighted: only members of weight 0 are eligible, in turn";
    return (size_t)(turn % count);
}

const struct tn_strategy_ops tn_strategy_weighted = {.name = "weighted", .pick = pick};

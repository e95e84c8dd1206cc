#include "policies/strategy/gain.h"

#include <math.h>

static void forget_half(struct tn_gain *gain)
{
    gain->counted = 0;
    gain->best_s /= 2;
    gain->looked_s /= 2;
    for (size_t i = 0; i < gain->count; i++) {
        gain->of[i].there_s /= 2;
        gain->of[i].behind_s /= 2;
    }
}

/* Its place; who comes too late takes that of the one that was there least. */
static size_t place_of(struct tn_gain *gain, uint8_t cluster)
{
    size_t least = 0;

    for (size_t i = 0; i < gain->count; i++) {
        if (gain->of[i].cluster == cluster)
            return i;
        if (gain->of[i].there_s < gain->of[least].there_s)
            least = i;
    }
    if (gain->count < TN_GAIN_CLUSTERS)
        least = gain->count++;
    gain->of[least].cluster = cluster;
    gain->of[least].there_s = gain->of[least].behind_s = 0;
    return least;
}

static double best_of(const struct tn_plan *plan)
{
    double best = HUGE_VAL;

    for (size_t i = 0; i < plan->outlook_count; i++)
        if (plan->outlook[i].told)
            best = fmin(best, plan->outlook[i].mean_s);
    return best;
}

static double behind(const struct tn_gain *gain, size_t at, const struct tn_constants *k)
{
    return gain->of[at].there_s > k->gain_there * gain->best_s ? gain->of[at].behind_s / gain->of[at].there_s : HUGE_VAL;
}

/* Equal ones do not take turns: that would be those of all shapes. */
static void find_ahead(struct tn_gain *gain, const struct tn_constants *k)
{
    double least = HUGE_VAL, kept = HUGE_VAL;
    size_t at = gain->count, was = gain->count;

    for (size_t i = 0; i < gain->count; i++) {
        double ratio = behind(gain, i, k);

        if (ratio < least) {
            least = ratio;
            at = i;
        }
        if (gain->of[i].cluster == gain->ahead) {
            kept = ratio;
            was = i;
        }
    }
    gain->gained_s = least < HUGE_VAL ? least * gain->best_s : 0;
    if (kept > least + k->gain_lead || kept == HUGE_VAL)
        was = at;
    gain->ahead = was < gain->count ? gain->of[was].cluster : -1;
}

/* What a complete look is faster than the best is its own. */
static void count_look(struct tn_gain *gain, const struct tn_plan *plan, const struct tn_attempt_result *result)
{
    if (plan->reason == TN_REASON_EXPLORE || plan->reason == TN_REASON_LOOK_BACK)
        gain->looked_s += result->seconds - (result->end == TN_ATTEMPT_DONE ? plan->baseline_s : 0);
}

void tn_gain_count(struct tn_gain *gain, const struct tn_plan *plan, const struct tn_attempt_result *result, const struct tn_constants *k)
{
    double best = best_of(plan);

    count_look(gain, plan, result);
    if (plan->reason == TN_REASON_FIRST_SIGHT || !(best < HUGE_VAL))
        return;
    if (++gain->counted >= k->gain_memory)
        forget_half(gain);
    gain->best_s += best;
    for (size_t i = 0; i < plan->outlook_count; i++)
        if (plan->outlook[i].told) {
            size_t at = place_of(gain, plan->outlook[i].cluster);

            gain->of[at].there_s += best;
            gain->of[at].behind_s += plan->outlook[i].mean_s - best;
        }
    find_ahead(gain, k);
}

double tn_gain_room(const struct tn_gain *gain, const struct tn_constants *k)
{
    return k->look_share * gain->best_s + k->look_gain * gain->gained_s - gain->looked_s;
}

int tn_gain_one_best(const struct tn_gain *gain, const struct tn_constants *k)
{
    return gain->gained_s < k->one_best * gain->best_s ? gain->ahead : -1;
}

void tn_gain_forget(struct tn_gain *gain, uint8_t cluster, const struct tn_constants *k)
{
    for (size_t i = 0; i < gain->count; i++)
        if (gain->of[i].cluster == cluster) {
            gain->of[i] = gain->of[--gain->count];
            find_ahead(gain, k);
            return;
        }
}

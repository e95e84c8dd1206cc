/* shadow.c - a copy in the background outlives the query that it was planned with: it gets a plan of its own. */
#include "policies/strategy/entry.h"

void tn_decide_detach_shadow(struct tn_learner *learner, const struct tn_decide_request *request, struct tn_plan *plan, size_t index,
                             uint64_t now_us, struct tn_plan *own)
{
    struct tn_attempt     *from = &plan->shadows[index], *to = &own->shadows[0];
    struct tn_shape_entry *entry = tn_entry_of_plan(learner, request, plan);

    *own = (struct tn_plan){.query = plan->query, .shape = {plan->shape[0], plan->shape[1]}, .band = plan->band, .banded = plan->banded,
                            .numbers_given = plan->numbers_given, .shadow_count = 1, .propensity = 1, .baseline_s = plan->baseline_s};
    to->cluster = from->cluster; /* candidate 0 */
    to->deadline_s = from->deadline_s;
    to->held_s = from->held_s;
    to->held_usd = from->held_usd;
    from->held_s = from->held_usd = 0;
    if (entry == NULL)
        return;
    tn_flight_unlink(&from->flight);
    to->flight = (struct tn_flight){.query = plan->query, .cluster = to->cluster, .start_us = now_us, .shadow = true};
    tn_flight_link(entry, &to->flight);
    tn_store_release(learner->store, entry, false);
}

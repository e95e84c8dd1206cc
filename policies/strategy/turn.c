#include "policies/strategy/strategies.h"

#include "base/hash.h"

uint64_t tn_group_turn(struct tn_group *group, const struct tn_candidate *candidates, size_t count)
{
    uint64_t members = 0;

    if (count <= 1)
        return 0;
    if (count == group->member_count)
        return atomic_fetch_add_explicit(&group->turn, 1, memory_order_relaxed);
    for (size_t i = 0; i < count; i++)
        members |= UINT64_C(1) << candidates[i].member;
    return atomic_fetch_add_explicit(&group->subset_turns[tn_hash_mix(members) % TN_GROUP_TURNS], 1, memory_order_relaxed);
}

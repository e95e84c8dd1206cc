/* strategy.h - how a member of a group is chosen among those that may be. One file per strategy, one ops table, one line in
 * strategies.def, one golden file. A strategy sees only eligible candidates and never waits. */
#ifndef TN_POLICIES_STRATEGY_STRATEGY_H
#define TN_POLICIES_STRATEGY_STRATEGY_H

#include "engine/topology.h"
#include "policies/route/route.h"

struct tn_candidate {
    struct tn_cluster *cluster;
    unsigned           member;  /* place in group->members */
    unsigned           running; /* slots held just now */
    unsigned           room;    /* slots free */
};

struct tn_choice {
    struct tn_cluster *cluster;
    unsigned           member;
    const char        *reason;   /* static text: "roundRobin", "failover: first eligible", ... */
};

struct tn_strategy_ops {
    const char *name;
    /* COUNT >= 1. Returns the place in CANDIDATES and sets *REASON. */
    size_t (*pick)(struct tn_group *group, const struct tn_candidate *candidates, size_t count,
                   const struct tn_features *features, const char **reason);
};

/* Why each member was left out, for messages and explaining. */
enum tn_refusal { TN_REFUSAL_NONE, TN_REFUSAL_NOT_USABLE, TN_REFUSAL_CANNOT_RUN, TN_REFUSAL_TRIED, TN_REFUSAL_HINT, TN_REFUSAL_NO_ROOM };

struct tn_choose_request {
    struct tn_group          *group;
    const struct tn_features *features;
    struct tn_str             strategy_hint;  /* empty = the group's own; unknown name = 22023 */
    struct tn_str             cluster_hint;   /* only this member; not a member = 42704 */
    struct tn_cluster        *affinity;       /* taken when eligible */
    bool                      needs_writable; /* leave out read-only members if a writable one is usable */
    uint64_t                  tried;          /* bits of members that are left out */
    uint64_t                  now_us;
};

/* Picks a member. TN_OK; TN_AGAIN: some are eligible but none has room (ELIGIBLE has their bits: queue for one of them);
 * TN_E_LIMIT / TN_E_UNSUPPORTED / TN_E_DENIED / TN_E_INVALID: none can ever take it now, ERR lists every member with its reason
 * (57P03 when all are down, 25006 a write to read-only members, 0A000 ...). The last usable member is never left out for
 * its breaker or a failed probe: when all members that could run it are only DOWN or BREAKER, they count as usable. */
enum tn_status tn_strategy_choose(const struct tn_choose_request *request, struct tn_choice *out, uint64_t *eligible,
                                  struct tn_error *err);

/* By name as in the configuration; NULL = none. */
const struct tn_strategy_ops *tn_strategy_find(struct tn_str name);

#endif

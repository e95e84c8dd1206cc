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
enum tn_refusal { TN_REFUSAL_NONE, TN_REFUSAL_NOT_USABLE, TN_REFUSAL_CANNOT_RUN, TN_REFUSAL_TRIED, TN_REFUSAL_HINT, TN_REFUSAL_NO_ROOM, TN_REFUSAL_READ_ONLY };

struct tn_choose_request {
    struct tn_group          *group;
    const struct tn_features *features;
    struct tn_str             strategy_hint;  /* empty = the group's own; unknown name = 22023 */
    struct tn_str             cluster_hint;   /* only this member; not a member = 42704 */
    struct tn_cluster        *affinity;       /* taken when eligible */
    struct tn_str             wanted;         /* a script named this member: taken when eligible; empty = none */
    const char               *unwanted;       /* static: why none is wanted, the strategy's reason then; NULL = it has its own */
    bool                      needs_writable; /* leave out read-only members if a writable one is usable */
    uint64_t                  tried;          /* bits of members that are left out */
    uint64_t                  now_us;
    bool                      dry;            /* explain: no trial of a half-open breaker is used up */
    /* Free slots of CLUSTER for GROUP; the caller asks src/admission, which is
     * a later stage than choosing. */
    unsigned (*room)(void *arg, struct tn_group *group, const struct tn_cluster *cluster);
    void                     *room_arg;
};

/* Picks a member. TN_OK; TN_AGAIN: some may take it but none has room: queue. In both cases ELIGIBLE has the bits of all
 * members that can do the statement, also of those that are down or in maintenance just now: admission looks again before it
 * gives out a slot, so a waiter profits from a member that comes back.
 * TN_E_LIMIT / TN_E_UNSUPPORTED / TN_E_DENIED / TN_E_INVALID: none can ever take it now, ERR lists every member with its reason
 * (57P03 when all are down, 25006 a write to read-only members, 0A000 ...). The last usable member is never left out for
 * its breaker or a failed probe: when all members that could run it are only DOWN or BREAKER, they count as usable (REMOVED too: a query keeps
 * the snapshot it began with). A member whose breaker is half open is picked once a second. */
enum tn_status tn_strategy_choose(const struct tn_choose_request *request, struct tn_choice *out, uint64_t *eligible,
                                  struct tn_error *err);

/* How each member of the group looks to the request, in their order, for explaining: changes nothing. The number of members. */
struct tn_member_view {
    enum tn_refusal refusal;
    enum tn_usable  usable;
    unsigned        running, room;
    char            why[160]; /* CANNOT_RUN: in the engine's words */
};
size_t      tn_strategy_look(const struct tn_choose_request *request, struct tn_member_view out[TN_GROUP_MEMBERS]);
const char *tn_member_text(const struct tn_member_view *view); /* "read-only", "in maintenance"; "eligible" */

/* All names, comma separated, for messages. */
const char *tn_strategy_names(void);
/* By name as in the configuration; NULL = none. */
const struct tn_strategy_ops *tn_strategy_find(struct tn_str name);

#endif

/* hint.h - what a client asked for by SET turnout.* or a leading comment. Inside policies/route. */
#ifndef TN_POLICIES_ROUTE_HINT_H
#define TN_POLICIES_ROUTE_HINT_H

#include "policies/route/route.h"

/* The group that the client named, NULL when it named none. TN_E_INVALID 42704 when there is no such group. */
enum tn_status tn_hint_group(const struct tn_config *config, const struct tn_route_context *context,
                             const struct tn_group_conf **out, struct tn_error *err);
/* The group for the cluster that the client named: ROUTED when the cluster is its member; else, unless the client named
 * the group too, the first enabled group that has it. TN_E_INVALID 42704 when there is none. */
enum tn_status tn_hint_cluster(const struct tn_config *config, const struct tn_route_context *context,
                               const struct tn_group_conf *routed, const struct tn_group_conf **out, struct tn_error *err);

#endif

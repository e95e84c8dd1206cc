/* validate.h - what a single option cannot know: names that must exist, options that go together, addresses.
 *
 * Works on a draft: the structs as read, beside the nodes they came from, whose lines the problems name. Everything is
 * reported, not only the first. */
#ifndef TN_CONFIG_VALIDATE_H
#define TN_CONFIG_VALIDATE_H

#include "config/config.h"
#include "config/node.h"

struct tn_draft {
    struct tn_config     *config;
    struct tn_arena      *arena;
    struct tn_problems   *problems;
    const struct tn_node *root;     /* a map */
    const struct tn_node *settings; /* below turnout:, or NULL */
    const char           *settings_name; /* "turnout", or the alias that the file uses */
    const struct tn_node *clusters, *groups; /* maps or NULL; same order as in CONFIG */
    bool                  routers_are_checked; /* by the caller: only look that it is a list */
    const char          **cluster_names, **group_names; /* NULL-terminated */
};

void tn_validate_settings(const struct tn_draft *draft);
void tn_validate_clusters(const struct tn_draft *draft);

/* prices.c. Warnings only. PATH is that of the cluster. */
void tn_validate_price(const struct tn_draft *draft, const struct tn_cluster_conf *conf, const struct tn_cluster_conf *defaults,
                       const struct tn_node *node, const char *path);

/* groups.c. Also resolves members, fallback groups and routingFallback to places. */
void tn_validate_groups(const struct tn_draft *draft);
void tn_validate_routing(const struct tn_draft *draft);

/* Line of the deepest part of DOTTED that MAP has; for complaints about an option that may be absent. */
unsigned tn_draft_line(const struct tn_node *map, const char *dotted);

#endif

/* rule_list.h - a router whose body is a list of rules: each item compiled by a function, tried in order. */
#ifndef TN_POLICIES_ROUTE_RULE_LIST_H
#define TN_POLICIES_ROUTE_RULE_LIST_H

#include "policies/route/router.h"

struct tn_rule_list {
    size_t count;
    char  *items; /* COUNT times SIZE bytes; each begins with its struct tn_target */
    size_t size;
};

typedef bool tn_rule_compile(struct tn_compiler *c, const struct tn_node *rule, const char *path, void *out, void *arg);

/* `rules` of NODE: a list of maps, each of which has only the keys of KEYS. NULL when one is wrong (reported). */
struct tn_rule_list *tn_rule_list_compile(struct tn_compiler *c, const struct tn_node *node, const char *path, size_t size,
                                          const char *const *keys, tn_rule_compile *compile, void *arg);
/* NODE itself is the only rule. */
struct tn_rule_list *tn_rule_single_compile(struct tn_compiler *c, const struct tn_node *node, const char *path,
                                            size_t size, tn_rule_compile *compile, void *arg);

#endif

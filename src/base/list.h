/* list.h - intrusive doubly linked list. A node is in at most one list; an unlinked node points to itself. */
#ifndef TN_BASE_LIST_H
#define TN_BASE_LIST_H

#include "base/compiler.h"

#include <stdbool.h>

struct tn_list {
    struct tn_list *prev, *next;
};

static inline void tn_list_init(struct tn_list *list)
{
    list->prev = list->next = list;
}

static inline bool tn_list_empty(const struct tn_list *list)
{
    return list->next == list;
}

static inline void tn_list_insert_before(struct tn_list *at, struct tn_list *node)
{
    node->prev = at->prev;
    node->next = at;
    at->prev->next = node;
    at->prev = node;
}

static inline void tn_list_append(struct tn_list *list, struct tn_list *node)
{
    tn_list_insert_before(list, node);
}

static inline void tn_list_prepend(struct tn_list *list, struct tn_list *node)
{
    tn_list_insert_before(list->next, node);
}

static inline void tn_list_remove(struct tn_list *node) /* harmless on an unlinked node */
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    tn_list_init(node);
}

static inline struct tn_list *tn_list_first(struct tn_list *list) /* NULL when empty */
{
    return list->next == list ? NULL : list->next;
}

#define TN_LIST_FOR_EACH(it, list) for (struct tn_list *it = (list)->next; it != (list); it = it->next)
/* IT may be removed in the body. */
#define TN_LIST_FOR_EACH_SAFE(it, list)                                                                               \
    for (struct tn_list *it = (list)->next, *it##_next = it->next; it != (list); it = it##_next, it##_next = it->next)

#endif

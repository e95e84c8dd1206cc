/* model_trees.h - boosted regression trees as flat arrays: what they say of a row is the sum of one leaf a tree. Walking them
 * needs no lock, no library and no allocation. */
#ifndef TN_STATS_MODEL_TREES_H
#define TN_STATS_MODEL_TREES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TN_TREE_LEAF = 1, TN_TREE_MISSING_LEFT = 2 };

struct tn_tree_node {
    float    value;  /* of a leaf; else what is less goes left */
    uint16_t column;
    uint16_t flags;  /* TN_TREE_* */
    uint32_t left;   /* place of the left child, behind its parent; the right one follows it */
};

struct tn_trees {
    float                base; /* before any tree */
    uint32_t             tree_count, node_count;
    uint32_t            *roots;
    struct tn_tree_node *nodes;
};

/* VALUES by column, NAN = missing. */
double tn_trees_walk(const struct tn_trees *trees, const float *values);

bool tn_trees_make(struct tn_trees *trees, size_t tree_count, size_t node_count); /* room for so many; false: no memory */
void tn_trees_reset(struct tn_trees *trees);
/* Every walk over rows of COLUMNS ends, inside of the arrays, at a finite number. */
bool tn_trees_sane(const struct tn_trees *trees, size_t columns);

#endif

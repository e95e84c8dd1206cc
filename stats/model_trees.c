#include "stats/model_trees.h"

#include "base/alloc.h"

#include <math.h>

double tn_trees_walk(const struct tn_trees *trees, const float *values)
{
    const struct tn_tree_node *nodes = trees->nodes;
    double                     sum = (double)trees->base;

    for (uint32_t t = 0; t < trees->tree_count; t++) {
        const struct tn_tree_node *node = &nodes[trees->roots[t]];

        while ((node->flags & TN_TREE_LEAF) == 0) {
            float value = values[node->column];
            bool  left = isnan(value) ? (node->flags & TN_TREE_MISSING_LEFT) != 0 : value < node->value;

            node = &nodes[node->left + (left ? 0 : 1)];
        }
        sum += (double)node->value;
    }
    return sum;
}

bool tn_trees_make(struct tn_trees *trees, size_t tree_count, size_t node_count)
{
    *trees = (struct tn_trees){.tree_count = (uint32_t)tree_count, .node_count = (uint32_t)node_count,
                               .roots = tn_calloc(tree_count + 1, sizeof *trees->roots), .nodes = tn_calloc(node_count + 1, sizeof *trees->nodes)};
    if (trees->roots != NULL && trees->nodes != NULL)
        return true;
    tn_trees_reset(trees);
    return false;
}

void tn_trees_reset(struct tn_trees *trees)
{
    tn_free(trees->roots);
    tn_free(trees->nodes);
    *trees = (struct tn_trees){.base = 0};
}

bool tn_trees_sane(const struct tn_trees *trees, size_t columns)
{
    if (!isfinite(trees->base))
        return false;
    for (uint32_t t = 0; t < trees->tree_count; t++)
        if (trees->roots[t] >= trees->node_count)
            return false;
    for (uint32_t n = 0; n < trees->node_count; n++) {
        const struct tn_tree_node *node = &trees->nodes[n];

        if (!isfinite(node->value))
            return false;
        if ((node->flags & TN_TREE_LEAF) == 0 &&
            (node->column >= columns || node->left <= n || node->left >= trees->node_count - 1)) /* its right one follows */
            return false;
    }
    return true;
}

#include "stats/model_boost.h"

#ifdef TN_HAVE_XGBOOST

#include "base/alloc.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>
#include <xgboost/c_api.h>

struct boosting {
    DMatrixHandle matrix;
    BoosterHandle booster;
};

static enum tn_status fail(struct tn_error *err)
{
    return tn_fail(err, TN_E_INTERNAL, "XX000", "model: %s", XGBGetLastError());
}

#define CALL(expr)                                                                                                    \
    do {                                                                                                              \
        if ((expr) != 0)                                                                                              \
            return fail(err);                                                                                         \
    } while (0)

static enum tn_status set_number(BoosterHandle booster, const char *name, double value, struct tn_error *err)
{
    char text[64];

    snprintf(text, sizeof text, "%.9g", value);
    CALL(XGBoosterSetParam(booster, name, text));
    return TN_OK;
}

static enum tn_status configure(BoosterHandle booster, const struct tn_boost_options *options, double base, struct tn_error *err)
{
    static const char *const fixed[][2] = {
        {"nthread", "1"}, {"verbosity", "0"}, {"seed", "1"}, {"objective", "reg:squarederror"}, {"tree_method", "hist"},
        {"grow_policy", "lossguide"}, {"max_depth", "0"}, {"max_bin", "32"}};

    for (size_t i = 0; i < TN_ARRAY_LEN(fixed); i++)
        CALL(XGBoosterSetParam(booster, fixed[i][0], fixed[i][1]));
    TN_TRY(set_number(booster, "base_score", base, err));
    TN_TRY(set_number(booster, "max_leaves", options->leaves, err));
    TN_TRY(set_number(booster, "min_child_weight", options->leaf_rows, err));
    TN_TRY(set_number(booster, "eta", options->rate, err));
    TN_TRY(set_number(booster, "colsample_bytree", options->column_share, err));
    return set_number(booster, "subsample", options->row_share, err);
}

/* ---- the library's model as our arrays: it is read from its JSON, where numbers are written so that they come back exactly ---- */

static const cJSON *at_path(const cJSON *json, const char *const *path)
{
    for (; json != NULL && *path != NULL; path++)
        json = cJSON_GetObjectItemCaseSensitive(json, *path);
    return json;
}

struct tree_json { /* the arrays of one tree, walked beside each other */
    const cJSON *left, *column, *value, *missing_left;
};

static bool open_tree(const cJSON *tree, struct tree_json *out, size_t *count)
{
    const cJSON *left = cJSON_GetObjectItemCaseSensitive(tree, "left_children"), *column = cJSON_GetObjectItemCaseSensitive(tree, "split_indices");
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(tree, "split_conditions"), *missing = cJSON_GetObjectItemCaseSensitive(tree, "default_left");

    *count = (size_t)cJSON_GetArraySize(left);
    if (!cJSON_IsArray(left) || *count == 0 || (size_t)cJSON_GetArraySize(column) != *count || (size_t)cJSON_GetArraySize(value) != *count ||
        (size_t)cJSON_GetArraySize(missing) != *count)
        return false;
    *out = (struct tree_json){left->child, column->child, value->child, missing->child};
    return true;
}

/* Children come behind their parents, the right one behind the left one: that is how the library makes them. */
static bool read_tree(const cJSON *tree, struct tn_trees *out, uint32_t index, uint32_t *used)
{
    struct tree_json t;
    size_t           count;
    const cJSON     *right = cJSON_GetObjectItemCaseSensitive(tree, "right_children");

    if (!open_tree(tree, &t, &count) || (size_t)cJSON_GetArraySize(right) != count || *used + count > out->node_count)
        return false;
    right = right->child;
    out->roots[index] = *used;
    for (uint32_t i = 0; i < count; i++) {
        struct tn_tree_node *node = &out->nodes[*used + i];
        bool                 leaf = t.left->valuedouble < 0;

        if (!leaf && right->valuedouble != t.left->valuedouble + 1)
            return false;
        *node = (struct tn_tree_node){
            .value = (float)t.value->valuedouble, .column = (uint16_t)(leaf ? 0 : t.column->valuedouble),
            .flags = (uint16_t)((leaf ? TN_TREE_LEAF : 0) | (t.missing_left->valuedouble != 0 || cJSON_IsTrue(t.missing_left) ? TN_TREE_MISSING_LEFT : 0)),
            .left = leaf ? 0 : *used + (uint32_t)t.left->valuedouble};
        t = (struct tree_json){t.left->next, t.column->next, t.value->next, t.missing_left->next};
        right = right->next;
    }
    *used += (uint32_t)count;
    return true;
}

static bool read_trees(const cJSON *root, struct tn_trees *out, double base, size_t columns)
{
    static const char *const path[] = {"learner", "gradient_booster", "model", "trees", NULL};
    const cJSON             *trees = at_path(root, path), *tree;
    size_t                   nodes = 0, count = (size_t)cJSON_GetArraySize(trees);
    uint32_t                 index = 0, used = 0;

    if (!cJSON_IsArray(trees))
        return false;
    cJSON_ArrayForEach(tree, trees)
        nodes += (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(tree, "left_children"));
    if (!tn_trees_make(out, count, nodes))
        return false;
    out->base = (float)base;
    cJSON_ArrayForEach(tree, trees)
        if (!read_tree(tree, out, index++, &used)) {
            tn_trees_reset(out);
            return false;
        }
    if (tn_trees_sane(out, columns))
        return true;
    tn_trees_reset(out);
    return false;
}

static enum tn_status take_trees(struct boosting *b, struct tn_trees *out, double base, size_t columns, struct tn_error *err)
{
    bst_ulong   size;
    const char *bytes;
    cJSON      *root;
    bool        ok;

    CALL(XGBoosterSaveModelToBuffer(b->booster, "{\"format\":\"json\"}", &size, &bytes));
    root = cJSON_ParseWithLength(bytes, size);
    ok = root != NULL && read_trees(root, out, base, columns);
    cJSON_Delete(root);
    return ok ? TN_OK : tn_fail(err, TN_E_INTERNAL, "XX000", "model: the library's trees cannot be read, or there is no memory");
}

/* ---- boosting ---- */

static double mean_of(const float *labels, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += (double)labels[i];
    return count > 0 ? sum / (double)count : 0;
}

static enum tn_status foresee(struct boosting *b, float *out, size_t count, struct tn_error *err)
{
    bst_ulong    length;
    const float *said;

    CALL(XGBoosterPredict(b->booster, b->matrix, 0, 0, 0, &length, &said));
    memcpy(out, said, TN_MIN((size_t)length, count) * sizeof *out);
    return TN_OK;
}

static enum tn_status boost(struct boosting *b, struct tn_trees *out, const struct tn_boost_rows *rows, const struct tn_boost_options *options,
                            struct tn_error *err)
{
    double base = (double)(float)mean_of(rows->labels, rows->count);

    CALL(XGDMatrixCreateFromCSREx(rows->starts, rows->indices, rows->values, rows->count + 1, rows->starts[rows->count], rows->columns, &b->matrix));
    CALL(XGDMatrixSetFloatInfo(b->matrix, "label", rows->labels, rows->count));
    CALL(XGBoosterCreate(&b->matrix, 1, &b->booster));
    TN_TRY(configure(b->booster, options, base, err));
    for (unsigned i = 0; i < options->rounds; i++) {
        if (options->stop != NULL && options->stop(options->stop_arg))
            return tn_fail(err, TN_E_CANCELLED, "57014", "model: training was stopped");
        CALL(XGBoosterUpdateOneIter(b->booster, (int)i, b->matrix));
    }
    if (options->foreseen != NULL)
        TN_TRY(foresee(b, options->foreseen, rows->count, err));
    return take_trees(b, out, base, rows->columns, err);
}

enum tn_status tn_boost(struct tn_trees *out, const struct tn_boost_rows *rows, const struct tn_boost_options *options, struct tn_error *err)
{
    struct boosting b = {NULL, NULL};
    enum tn_status  status = boost(&b, out, rows, options, err);

    if (b.booster != NULL)
        XGBoosterFree(b.booster);
    if (b.matrix != NULL)
        XGDMatrixFree(b.matrix);
    return status;
}

bool tn_boost_available(void)
{
    return true;
}

#else

bool tn_boost_available(void)
{
    return false;
}

enum tn_status tn_boost(struct tn_trees *out, const struct tn_boost_rows *rows, const struct tn_boost_options *options, struct tn_error *err)
{
    (void)out;
    (void)rows;
    (void)options;
    return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "model: this program was built without XGBoost");
}

#endif

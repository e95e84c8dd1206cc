#include "stats/model_train.h"

#include "base/alloc.h"
#include "stats/model_boost.h"

#include <math.h>
#include <stdlib.h>

static const size_t SMALL = 1000; /* below: smaller trees and rarer features */
enum { COLUMNS_MOST = 500 }; /* the most frequent: time grows with them, and rare ones teach little */

static const double SPREAD_FLOOR = .02, RESIDUAL_MOST = 16;

struct training {
    const struct tn_model_rows *rows;
    struct tn_model            *model;
    struct tn_boost_options     options;
    size_t                     *starts;  /* of each row, in columns and values */
    uint32_t                   *indices;
    float                      *values;
    size_t                     *some_starts; /* of the rows that a boosting takes */
    uint32_t                   *some_indices;
    float                      *some_values, *some_labels;
    float                      *residuals, *spreads;
    float                       dense[TN_MODEL_COLUMNS];
};

/* ---- columns: features that enough rows have ---- */

static int compare_keys(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static size_t feature_count(const struct tn_model_rows *rows)
{
    size_t count = 0;

    for (size_t i = 0; i < rows->count; i++)
        count += rows->rows[i].count;
    return count;
}

/* How many keys are there at least LEAST times; KEEP: they are moved to the front. */
static size_t frequent(uint32_t *keys, size_t count, size_t least, bool keep)
{
    size_t kept = 0;

    for (size_t i = 0, j; i < count; i = j) {
        uint32_t key = keys[i];

        for (j = i; j < count && keys[j] == key; j++)
            ;
        if (j - i < least)
            continue;
        if (keep)
            keys[kept] = key;
        kept++;
    }
    return kept;
}

static size_t keep_frequent(uint32_t *keys, size_t count, size_t least)
{
    while (frequent(keys, count, least, false) > COLUMNS_MOST)
        least++;
    return frequent(keys, count, least, true);
}

static bool find_columns(struct training *t)
{
    size_t    count = feature_count(t->rows), at = 0;
    uint32_t *keys = tn_malloc((count + 1) * sizeof *keys);

    if (keys == NULL)
        return false;
    for (size_t i = 0; i < t->rows->count; i++)
        for (unsigned j = 0; j < t->rows->rows[i].count; j++)
            keys[at++] = t->rows->rows[i].features[j].key;
    qsort(keys, count, sizeof *keys, compare_keys);
    t->model->columns = keys;
    t->model->column_count = (uint32_t)keep_frequent(keys, count, t->rows->count < SMALL ? 4 : 8);
    return true;
}

static bool fill_rows(struct training *t)
{
    size_t count = t->rows->count, features = feature_count(t->rows), used = 0;

    t->starts = tn_calloc(count + 1, sizeof *t->starts);
    t->some_starts = tn_calloc(count + 1, sizeof *t->some_starts);
    t->indices = tn_calloc(features + 1, sizeof *t->indices);
    t->some_indices = tn_calloc(features + 1, sizeof *t->some_indices);
    t->values = tn_calloc(features + 1, sizeof *t->values);
    t->some_values = tn_calloc(features + 1, sizeof *t->some_values);
    t->some_labels = tn_calloc(count + 1, sizeof *t->some_labels);
    t->residuals = tn_calloc(count * t->rows->engine_count + 1, sizeof *t->residuals);
    t->spreads = tn_calloc(count * t->rows->engine_count + 1, sizeof *t->spreads);
    if (t->starts == NULL || t->some_starts == NULL || t->indices == NULL || t->some_indices == NULL || t->values == NULL ||
        t->some_values == NULL || t->some_labels == NULL || t->residuals == NULL || t->spreads == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        tn_model_fill(t->model, t->dense, t->rows->rows[i].features, t->rows->rows[i].count);
        for (uint32_t c = 0; c < t->model->column_count; c++)
            if (!isnan(t->dense[c])) {
                t->indices[used] = c;
                t->values[used++] = t->dense[c];
            }
        t->starts[i + 1] = used;
    }
    return true;
}

static void free_rows(struct training *t)
{
    tn_free(t->starts);
    tn_free(t->some_starts);
    tn_free(t->indices);
    tn_free(t->some_indices);
    tn_free(t->values);
    tn_free(t->some_values);
    tn_free(t->some_labels);
    tn_free(t->residuals);
    tn_free(t->spreads);
}

/* ---- boosting over some of the rows ---- */

/* Those with a label, but for the fold BUT (negative: none). */
static enum tn_status boost_some(struct training *t, struct tn_trees *out, const float *labels, int but, struct tn_error *err)
{
    size_t               count = 0, used = 0;
    struct tn_boost_rows rows;

    for (size_t i = 0; i < t->rows->count; i++) {
        size_t length = t->starts[i + 1] - t->starts[i];

        if (isnan(labels[i]) || (but >= 0 && tn_model_fold(i) == (unsigned)but))
            continue;
        memcpy(t->some_indices + used, t->indices + t->starts[i], length * sizeof *t->indices);
        memcpy(t->some_values + used, t->values + t->starts[i], length * sizeof *t->values);
        used += length;
        t->some_labels[count++] = labels[i];
        t->some_starts[count] = used;
    }
    rows = (struct tn_boost_rows){.count = count, .columns = t->model->column_count, .starts = t->some_starts, .indices = t->some_indices,
                                  .values = t->some_values, .labels = t->some_labels};
    return tn_boost(out, &rows, &t->options, err);
}

static double walk(struct training *t, const struct tn_trees *trees, size_t row)
{
    tn_model_fill(t->model, t->dense, t->rows->rows[row].features, t->rows->rows[row].count);
    return tn_trees_walk(trees, t->dense);
}

/* Sizes of trees: few and large ones at a high rate are as good as twice as many (argmin over the oracle 1.34 and 1.35), and take half
 * the time; with few rows that does not hold (bench/routing, new: 1.54 and 1.63 from nothing). */
static void use_options(struct training *t, size_t rows, bool spread)
{
    bool small = rows < SMALL;

    t->options.rounds = spread ? 20 : small ? 100 : 75;
    t->options.leaves = spread || small ? 7 : 31;
    t->options.leaf_rows = 5;
    t->options.rate = spread ? .15 : small ? .1 : .2;
    t->options.column_share = .3;
    t->options.row_share = .8;
}

static enum tn_status foresee_folds(struct training *t, const float *labels, float *residuals, struct tn_error *err)
{
    for (size_t i = 0; i < t->rows->count; i++)
        residuals[i] = NAN;
    for (int fold = 0; fold < TN_MODEL_FOLDS; fold++) {
        struct tn_trees trees;

        TN_TRY(boost_some(t, &trees, labels, fold, err));
        for (size_t i = 0; i < t->rows->count; i++)
            if (tn_model_fold(i) == (unsigned)fold && !isnan(labels[i]))
                residuals[i] = labels[i] - (float)walk(t, &trees, i);
        tn_trees_reset(&trees);
    }
    return TN_OK;
}

static enum tn_status train_spread(struct training *t, struct tn_model_engine *engine, const float *residuals, float *spreads, struct tn_error *err)
{
    size_t count = 0;
    double sum = 0;

    for (size_t i = 0; i < t->rows->count; i++)
        spreads[i] = logf(fminf(residuals[i] * residuals[i], (float)RESIDUAL_MOST) + (float)SPREAD_FLOOR);
    for (size_t i = 0; i < t->rows->count; i++) /* fminf() knows no NAN */
        if (isnan(residuals[i]))
            spreads[i] = NAN;
    use_options(t, engine->rows, true);
    TN_TRY(boost_some(t, &engine->spread, spreads, -1, err));
    for (size_t i = 0; i < t->rows->count; i++)
        if (!isnan(residuals[i])) {
            spreads[i] = (float)exp(walk(t, &engine->spread, i));
            sum += (double)spreads[i];
            count++;
        }
    engine->scale = sum / (double)count;
    for (size_t i = 0; i < t->rows->count; i++)
        spreads[i] = (float)tn_model_spread(engine, log((double)spreads[i]));
    return TN_OK;
}

static enum tn_status train_engine(struct training *t, size_t at, struct tn_error *err)
{
    const float            *labels = t->rows->ln_seconds + at * t->rows->count;
    float                  *residuals = t->residuals + at * t->rows->count, *spreads = t->spreads + at * t->rows->count;
    struct tn_model_engine *engine = &t->model->engines[t->model->engine_count];
    uint32_t                count = 0;

    for (size_t i = 0; i < t->rows->count; i++) {
        count += isnan(labels[i]) ? 0 : 1;
        residuals[i] = spreads[i] = NAN;
    }
    if (count < TN_MODEL_ROWS_LEAST)
        return TN_OK;
    *engine = (struct tn_model_engine){.cluster = t->rows->clusters[at], .rows = count};
    t->model->engine_count++;
    use_options(t, count, false);
    TN_TRY(foresee_folds(t, labels, residuals, err));
    TN_TRY(boost_some(t, &engine->seconds, labels, -1, err));
    return train_spread(t, engine, residuals, spreads, err);
}

/* ---- what residuals out of fold say (first sight, end of 2) ---- */

static double shared_error(const struct training *t)
{
    size_t rows = t->rows->count, pairs = 0;
    double sum = 0;

    for (size_t a = 0; a < t->rows->engine_count; a++)
        for (size_t b = a + 1; b < t->rows->engine_count; b++)
            for (size_t i = 0; i < rows; i++) {
                double product = (double)t->residuals[a * rows + i] * (double)t->residuals[b * rows + i];

                if (isnan(product))
                    continue;
                sum += product;
                pairs++;
            }
    return pairs < 20 ? .1 : fmax(sum / (double)pairs, .02);
}

static void judge_engine(struct tn_model_engine *engine, const float *residuals, const float *spreads, size_t rows, double VB)
{
    double n = 0, mean = 0, squares = 0, scaled = 0;

    for (size_t i = 0; i < rows; i++) {
        double r = (double)residuals[i];

        if (isnan(r))
            continue;
        n += 1;
        squares += (r - mean) * (r - mean) * (n - 1) / n;
        mean += (r - mean) / n;
        scaled += r * r / (double)spreads[i];
    }
    engine->o = mean;
    engine->Vo = squares / n / n + .01;
    engine->v = fmax(.05, scaled / n - VB);
}

static void judge(struct training *t)
{
    size_t rows = t->rows->count, at = 0;

    t->model->VB = shared_error(t);
    for (size_t e = 0; e < t->model->engine_count; e++, at++) {
        while (t->rows->clusters[at] != t->model->engines[e].cluster)
            at++;
        judge_engine(&t->model->engines[e], t->residuals + at * rows, t->spreads + at * rows, rows, t->model->VB);
    }
}

static enum tn_status train(struct training *t, struct tn_error *err)
{
    if (!find_columns(t) || !fill_rows(t))
        return tn_fail(err, TN_E_NOMEM, "53200", "model: no memory");
    for (size_t e = 0; e < t->rows->engine_count && e < TN_MODEL_ENGINES && t->model->column_count > 0; e++)
        TN_TRY(train_engine(t, e, err));
    if (t->model->engine_count == 0)
        return tn_fail(err, TN_E_NOT_FOUND, "02000", "model: too little is known to train one");
    judge(t);
    return TN_OK;
}

enum tn_status tn_model_train(struct tn_model **out, const struct tn_model_rows *rows, bool (*stop)(void *arg), void *stop_arg,
                              float *residuals, struct tn_error *err)
{
    struct training *t = tn_calloc(1, sizeof *t);
    enum tn_status   status;

    *out = NULL;
    if (t == NULL || (t->model = tn_model_new()) == NULL) {
        tn_free(t);
        return tn_fail(err, TN_E_NOMEM, "53200", "model: no memory");
    }
    t->rows = rows;
    t->options = (struct tn_boost_options){.stop = stop, .stop_arg = stop_arg};
    status = train(t, err);
    if (status == TN_OK && residuals != NULL)
        memcpy(residuals, t->residuals, rows->count * rows->engine_count * sizeof *residuals);
    free_rows(t);
    if (status == TN_OK)
        *out = t->model;
    else
        tn_model_unref(t->model);
    tn_free(t);
    return status;
}

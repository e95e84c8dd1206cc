/* model_train.h - a model from rows of features and times (first sight, sections 2 and 4). Takes seconds; no thread of its own. */
#ifndef TN_STATS_MODEL_TRAIN_H
#define TN_STATS_MODEL_TRAIN_H

#include "base/hash.h"
#include "base/status.h"
#include "stats/model.h"

enum { TN_MODEL_ROWS_LEAST = 40, TN_MODEL_FOLDS = 4 };

struct tn_model_row {
    unsigned                       count;
    const struct tn_model_feature *features;
};

struct tn_model_rows {
    size_t                     count;
    const struct tn_model_row *rows;
    size_t                     engine_count; /* at most TN_MODEL_ENGINES */
    const uint8_t             *clusters;     /* of each engine */
    const float               *ln_seconds;   /* [engine * count + row]; NAN = not known */
};

/* The fold of a row: rows of one fold are foreseen by trees that did not see them. By lot: clusters that take turns have rows at
 * every fourth place, which must not be one fold. */
static inline unsigned tn_model_fold(size_t row)
{
    return (unsigned)(tn_hash_mix(row) % TN_MODEL_FOLDS);
}

/* On TN_OK the caller has a reference. Clusters with fewer than TN_MODEL_ROWS_LEAST rows are left out; TN_E_NOT_FOUND: all of them
 * are. STOP (NULL: never) is asked now and then; TN_E_CANCELLED when it says so. RESIDUALS (may be NULL): as ln_seconds, what the
 * model out of fold is wrong by. */
TN_MUST_USE enum tn_status tn_model_train(struct tn_model **out, const struct tn_model_rows *rows, bool (*stop)(void *arg), void *stop_arg,
                                          float *residuals, struct tn_error *err);

#endif

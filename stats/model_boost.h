/* model_boost.h - trees from rows: the one door to XGBoost (its C API), which is optional when the program is built. Not fast
 * (milliseconds a round), one thread, the same trees for the same rows. */
#ifndef TN_STATS_MODEL_BOOST_H
#define TN_STATS_MODEL_BOOST_H

#include "base/status.h"
#include "stats/model_trees.h"

struct tn_boost_rows { /* sparse: what is not there is missing */
    size_t          count, columns; /* columns <= 65535 */
    const size_t   *starts;  /* count + 1 of them: a row's place in the next two */
    const uint32_t *indices; /* columns */
    const float    *values;
    const float    *labels;
};

struct tn_boost_options {
    unsigned rounds, leaves, leaf_rows;
    double   rate, column_share, row_share;
    /* Asked before each round: true gives up. NULL: never. */
    bool (*stop)(void *arg);
    void *stop_arg;
    float *foreseen; /* NULL, or what the library itself foresees of each row: to compare with */
};

bool tn_boost_available(void); /* the program was built with it */
/* Least squares. TN_E_CANCELLED: told to stop; TN_E_UNSUPPORTED: not built in. The caller resets OUT after TN_OK. */
TN_MUST_USE enum tn_status tn_boost(struct tn_trees *out, const struct tn_boost_rows *rows, const struct tn_boost_options *options,
                                    struct tn_error *err);

#endif

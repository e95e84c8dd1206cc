/* trainer_thread.h - training in the background. Internal to policies/strategy. */
#ifndef TN_POLICIES_STRATEGY_TRAINER_THREAD_H
#define TN_POLICIES_STRATEGY_TRAINER_THREAD_H

#include "stats/model_train.h"

/* tn_model_train() in a thread of its own of the lowest priority, and waits for it. Such a thread must hold no lock that a query needs: it
 * might not run again for a while. */
TN_MUST_USE enum tn_status tn_model_train_nice(struct tn_model **out, const struct tn_model_rows *rows, bool (*stop)(void *arg),
                                               void *stop_arg, float *residuals, struct tn_error *err);

#endif

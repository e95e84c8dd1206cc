/* trainer.h - the model of the text beside what is learned of shapes: what it is trained on, when, and that it is kept with the
 * statistics. Trained are rows of the store's cells and of the features of one text of each shape that was new (first sight 4).
 *
 *   server: tn_trainer_open -> tn_trainer_start (a thread of low priority) ... tn_trainer_stop -> tn_store_close -> tn_learner_free
 *   replay: tn_trainer_open; tn_trainer_due, tn_trainer_train as the clock goes on */
#ifndef TN_POLICIES_STRATEGY_TRAINER_H
#define TN_POLICIES_STRATEGY_TRAINER_H

#include "policies/strategy/decide.h"

/* From now on texts are noticed; a model that the statistics hold is used. */
TN_MUST_USE enum tn_status tn_trainer_open(struct tn_learner *learner, struct tn_error *err);

/* So much was learned of new shapes since the last training that another one pays. Any thread. */
bool tn_trainer_due(struct tn_learner *learner);
/* Trains and swaps the model; decisions go on by the old one meanwhile. One thread at a time. TN_E_NOT_FOUND: too little is known;
 * TN_E_CANCELLED: STOP (NULL: never) said so. */
TN_MUST_USE enum tn_status tn_trainer_train(struct tn_learner *learner, bool (*stop)(void *arg), void *stop_arg, struct tn_error *err);

/* A thread that trains whenever it is due. / Ends it, and has all that was noticed written with the last flush; before the store is
 * closed, also without a thread. */
TN_MUST_USE enum tn_status tn_trainer_start(struct tn_learner *learner, struct tn_error *err);
void                       tn_trainer_stop(struct tn_learner *learner);

/* An attempt of a new shape ended: its text is kept as features, once a shape. ENTRY is held; ABOUT may be NULL. */
struct tn_shape_entry;
void tn_trainer_notice(struct tn_learner *learner, const struct tn_shape_entry *entry, const struct tn_shape_about *about);

#endif

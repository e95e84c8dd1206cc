/* view.h - the view of a decision or of an outcome, copied from a shape's entry and the world. Internal to policies/strategy. */
#ifndef TN_POLICIES_STRATEGY_VIEW_H
#define TN_POLICIES_STRATEGY_VIEW_H

#include "policies/strategy/learner.h"

/* ENTRY may be NULL (nothing known). Every cluster that has a cell becomes a side, without its M2. Set 1 and its gate stay out until a model is asked. The
 * learner's lock is held. */
void tn_view_take(struct tn_view *view, struct tn_learner *learner, struct tn_shape_entry *entry, unsigned class);
/* The side of CLUSTER, an empty one when it has no cell. NULL: TN_SIDES clusters are there already. The lock is held. */
struct tn_side *tn_view_take_side(struct tn_view *view, struct tn_learner *learner, uint8_t cluster);
/* What the view needs besides where the belief about a cluster that is not known is asked for, or learned from. The lock is held. */
void tn_view_take_offsets(struct tn_view *view, const struct tn_learner *learner);
/* Both under the learner's lock. */
void tn_view_fill(struct tn_view *view, struct tn_learner *learner, struct tn_shape_entry *entry, unsigned class);
/* What runs or is planned of this shape, on the sides that are there. */
void tn_view_flights(struct tn_view *view, const struct tn_shape_entry *entry, uint64_t now_us);
/* Asks the model about every side; set 1 of the view becomes that of the model which answers. Without a text or a model: nothing. */
void tn_view_predict(struct tn_view *view, struct tn_learner *learner, const struct tn_shape_about *about);
/* The same by the features of a sample. */
void tn_view_foresee(struct tn_view *view, struct tn_learner *learner, const struct tn_model_sample *sample);

#endif

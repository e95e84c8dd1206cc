/* model_samples.h - the features of one text of each shape that was new lately: what a model is trained on, together with the
 * shapes' cells. The shapes' texts do not do: they are kept without their literals. Bounded; the oldest make room. Thread-safe. */
#ifndef TN_STATS_MODEL_SAMPLES_H
#define TN_STATS_MODEL_SAMPLES_H

#include "stats/model_features.h"

enum { TN_MODEL_SAMPLES = 6000 };

struct tn_model_sample {
    uint64_t                       key[2]; /* of the shape */
    uint8_t                        class;  /* of the shape */
    unsigned                       count;
    const struct tn_model_feature *list;
};

struct tn_model_samples;

struct tn_model_samples *tn_model_samples_new(void); /* NULL: no memory */
void                     tn_model_samples_free(struct tn_model_samples *samples);
bool                     tn_model_samples_has(struct tn_model_samples *samples, const uint64_t key[2]);
/* Nothing happens when the shape has one, or without memory. */
void                     tn_model_samples_add(struct tn_model_samples *samples, const uint64_t key[2], uint8_t class, const struct tn_model_features *features);
/* A copy of all, in the order in which they came; free() it with tn_free(), it is one piece. NULL: none, or no memory. */
struct tn_model_sample  *tn_model_samples_copy(struct tn_model_samples *samples, size_t *count);

/* As bytes of the statistics file; malloc()ed; NULL: nothing new since the last time. Read: false for what is none of ours; then
 * nothing is taken. */
void *tn_model_samples_encode(struct tn_model_samples *samples, size_t *size);
bool  tn_model_samples_decode(struct tn_model_samples *samples, const void *bytes, size_t size);

#endif

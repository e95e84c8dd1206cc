/* model.h - what the text of a statement says about how long it takes on each cluster, by boosted trees, and how far off that may
 * be. One of two sets of priors (stats/world.h, set 1); formulas: first sight, sections 2 and 4.
 *
 * A model does not change once it is made; whoever uses it holds a reference. Thread-safe. */
#ifndef TN_STATS_MODEL_H
#define TN_STATS_MODEL_H

#include "stats/model_features.h"
#include "stats/model_trees.h"

#include <stdatomic.h>

enum { TN_MODEL_ENGINES = 64, TN_MODEL_COLUMNS = 4096 };

struct tn_model_engine {
    uint8_t         cluster;
    uint32_t        rows;     /* that it was trained on */
    struct tn_trees seconds;  /* f: ln seconds */
    struct tn_trees spread;   /* ln of the squared error that is to be expected */
    double          scale;    /* h = exp(spread) / scale, clipped */
    double          o, Vo, v; /* of residuals out of fold: their mean, its variance, what is left as variance of this cluster alone */
};

struct tn_model_cache;

struct tn_model {
    _Atomic unsigned       references;
    uint64_t               version;      /* world.ended when it was trained */
    double                 VB;           /* of the errors that clusters have in common */
    uint32_t               column_count;
    uint32_t              *columns;      /* keys, growing */
    size_t                 engine_count;
    struct tn_model_engine engines[TN_MODEL_ENGINES];
    struct tn_model_cache *cache;        /* of predictions; NULL = none */
};

/* A new one with one reference; the caller fills in columns and engines. NULL: no memory. */
struct tn_model *tn_model_new(void);
struct tn_model *tn_model_ref(struct tn_model *model);   /* NULL stays NULL */
void             tn_model_unref(struct tn_model *model); /* NULL is fine */

/* FEATURES by column, COUNT = column_count of them in VALUES; missing ones are NAN. */
void tn_model_fill(const struct tn_model *model, float *values, const struct tn_model_feature *features, size_t count);

/* h of what its trees say. */
double tn_model_spread(const struct tn_model_engine *engine, double said);

/* Ln seconds and the spread h (1 = as usual) of TEXT on each of CLUSTERS. One that the model does not know gets the mean of those
 * that it knows. False: the model knows none. Texts that were asked about lately are looked up. */
bool tn_model_predict(struct tn_model *model, struct tn_str text, enum tn_dialect dialect, const uint8_t *clusters, size_t count,
                      double *ln_seconds, double *spread);

/* The same for features that were read already; nothing is looked up. */
bool tn_model_foresee(const struct tn_model *model, const struct tn_model_feature *features, size_t feature_count, const uint8_t *clusters,
                      size_t count, double *ln_seconds, double *spread);

/* A copy that does not know CLUSTER; NULL: no memory, or it would know none. */
struct tn_model *tn_model_without(const struct tn_model *model, uint8_t cluster);

/* As bytes of the statistics file; malloc()ed. Read: NULL for what is none of ours or damaged, also without memory. */
void            *tn_model_encode(const struct tn_model *model, size_t *size);
struct tn_model *tn_model_decode(const void *bytes, size_t size);

#endif

#include "stats/model.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <math.h>
#include <pthread.h>

enum { CACHE = 4096, LOCKS = 64, CACHED_ENGINES = 6 };

static const double SPREAD_LEAST = .15, SPREAD_MOST = 6;
static const double LN_SECONDS_MOST = 20; /* fifteen years, either way */

struct cached { /* what the model says about one text */
    uint64_t hash; /* 0 = free */
    float    f[CACHED_ENGINES], h[CACHED_ENGINES];
};

struct tn_model_cache {
    pthread_mutex_t locks[LOCKS];
    struct cached   entries[CACHE];
};

static struct tn_model_cache *new_cache(void)
{
    struct tn_model_cache *cache = tn_calloc(1, sizeof *cache);

    for (size_t i = 0; cache != NULL && i < LOCKS; i++)
        pthread_mutex_init(&cache->locks[i], NULL);
    return cache;
}

static void free_cache(struct tn_model_cache *cache)
{
    for (size_t i = 0; cache != NULL && i < LOCKS; i++)
        pthread_mutex_destroy(&cache->locks[i]);
    tn_free(cache);
}

struct tn_model *tn_model_new(void)
{
    struct tn_model *model = tn_calloc(1, sizeof *model);

    if (model == NULL)
        return NULL;
    atomic_init(&model->references, 1);
    model->cache = new_cache();
    return model;
}

struct tn_model *tn_model_ref(struct tn_model *model)
{
    if (model != NULL)
        atomic_fetch_add_explicit(&model->references, 1, memory_order_relaxed);
    return model;
}

void tn_model_unref(struct tn_model *model)
{
    if (model == NULL || atomic_fetch_sub_explicit(&model->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t e = 0; e < model->engine_count; e++) {
        tn_trees_reset(&model->engines[e].seconds);
        tn_trees_reset(&model->engines[e].spread);
    }
    free_cache(model->cache);
    tn_free(model->columns);
    tn_free(model);
}

double tn_model_spread(const struct tn_model_engine *engine, double said)
{
    return fmin(fmax(exp(said) / engine->scale, SPREAD_LEAST), SPREAD_MOST);
}

static long column_of(const struct tn_model *model, uint32_t key)
{
    size_t low = 0, high = model->column_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (model->columns[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low < model->column_count && model->columns[low] == key ? (long)low : -1;
}

void tn_model_fill(const struct tn_model *model, float *values, const struct tn_model_feature *features, size_t count)
{
    for (uint32_t c = 0; c < model->column_count; c++)
        values[c] = NAN;
    for (size_t i = 0; i < count; i++) {
        long column = column_of(model, features[i].key);

        if (column >= 0)
            values[column] = features[i].value;
    }
}

static void walk(const struct tn_model *model, const struct tn_model_feature *features, size_t count, float *f, float *h)
{
    float values[TN_MODEL_COLUMNS];

    tn_model_fill(model, values, features, count);
    for (size_t e = 0; e < model->engine_count; e++) {
        f[e] = (float)fmin(fmax(tn_trees_walk(&model->engines[e].seconds, values), -LN_SECONDS_MOST), LN_SECONDS_MOST);
        h[e] = (float)tn_model_spread(&model->engines[e], tn_trees_walk(&model->engines[e].spread, values));
    }
}

static void compute(const struct tn_model *model, struct tn_str text, enum tn_dialect dialect, float *f, float *h)
{
    struct tn_model_features features;

    tn_model_features_read(&features, text, dialect);
    walk(model, features.list, features.count, f, h);
}

/* The same, looked up where it can be. */
static void look_up(struct tn_model *model, struct tn_str text, enum tn_dialect dialect, float *f, float *h)
{
    uint64_t         hash = tn_hash_seeded(text.ptr, text.len, (uint64_t)dialect);
    struct cached   *entry;
    pthread_mutex_t *lock;
    bool             found;

    if (model->cache == NULL || model->engine_count > CACHED_ENGINES) {
        compute(model, text, dialect, f, h);
        return;
    }
    hash = hash != 0 ? hash : 1;
    entry = &model->cache->entries[hash % CACHE];
    lock = &model->cache->locks[hash % LOCKS];
    pthread_mutex_lock(lock);
    found = entry->hash == hash;
    if (found) {
        memcpy(f, entry->f, sizeof entry->f);
        memcpy(h, entry->h, sizeof entry->h);
    }
    pthread_mutex_unlock(lock);
    if (found)
        return;
    compute(model, text, dialect, f, h);
    pthread_mutex_lock(lock);
    entry->hash = hash;
    memcpy(entry->f, f, model->engine_count * sizeof *f);
    memcpy(entry->h, h, model->engine_count * sizeof *h);
    pthread_mutex_unlock(lock);
}

static void spread_out(const struct tn_model *model, const float *f, const float *h, const uint8_t *clusters, size_t count,
                       double *ln_seconds, double *spread)
{
    double mean = 0;

    for (size_t e = 0; e < model->engine_count; e++)
        mean += (double)f[e] / (double)model->engine_count;
    for (size_t i = 0; i < count; i++) {
        ln_seconds[i] = mean;
        spread[i] = 1;
        for (size_t e = 0; e < model->engine_count; e++)
            if (model->engines[e].cluster == clusters[i]) {
                ln_seconds[i] = (double)f[e];
                spread[i] = (double)h[e];
            }
    }
}

bool tn_model_predict(struct tn_model *model, struct tn_str text, enum tn_dialect dialect, const uint8_t *clusters, size_t count,
                      double *ln_seconds, double *spread)
{
    float f[TN_MODEL_ENGINES], h[TN_MODEL_ENGINES];

    if (model->engine_count == 0)
        return false;
    look_up(model, text.ptr != NULL ? text : TN_STR(""), dialect, f, h);
    spread_out(model, f, h, clusters, count, ln_seconds, spread);
    return true;
}

bool tn_model_foresee(const struct tn_model *model, const struct tn_model_feature *features, size_t feature_count, const uint8_t *clusters,
                      size_t count, double *ln_seconds, double *spread)
{
    float f[TN_MODEL_ENGINES], h[TN_MODEL_ENGINES];

    if (model->engine_count == 0)
        return false;
    walk(model, features, feature_count, f, h);
    spread_out(model, f, h, clusters, count, ln_seconds, spread);
    return true;
}

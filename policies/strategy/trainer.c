#include "policies/strategy/trainer.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "policies/strategy/trainer_thread.h"
#include "policies/strategy/view.h"
#include "stats/model_train.h"
#include "stats/normal.h"

#include <math.h>

enum { SAMPLES_EVERY_US = 60000000 }; /* they are a megabyte or two, and what is lost with the program is only noticed later */

static const double TIMEOUT_ABOVE = .5; /* a time-out counts as so much more, in ln seconds (first sight 4) */

/* ---- texts ---- */

void tn_trainer_notice(struct tn_learner *learner, const struct tn_shape_entry *entry, const struct tn_shape_about *about)
{
    struct tn_model_features features;

    if (learner->samples == NULL || about == NULL || about->text.ptr == NULL || entry->parent != 0 || tn_model_samples_has(learner->samples, entry->key))
        return;
    tn_model_features_read(&features, about->text, about->dialect);
    tn_model_samples_add(learner->samples, entry->key, entry->class, &features);
}

/* ---- rows ---- */

struct gathering {
    struct tn_learner      *learner;
    size_t                  count;
    struct tn_model_row    *rows;
    size_t                  engine_count;
    uint8_t                 clusters[TN_MODEL_ENGINES];
    float                  *ln_seconds; /* room for TN_MODEL_ENGINES */
};

static float *place_of(struct gathering *g, uint8_t cluster, size_t row)
{
    size_t e = 0;

    while (e < g->engine_count && g->clusters[e] != cluster)
        e++;
    if (e == TN_MODEL_ENGINES)
        return NULL;
    if (e == g->engine_count) {
        g->clusters[g->engine_count++] = cluster;
        for (size_t i = 0; i < g->count; i++)
            g->ln_seconds[e * g->count + i] = NAN;
    }
    return &g->ln_seconds[e * g->count + row];
}

/* What is known of a cell, or what the bound that it has lets expect; NAN: nothing. */
static double expected(const struct tn_view *view, const struct tn_side *side)
{
    double m, P, most = log(view->k->timeout_s) + TIMEOUT_ABOVE;

    if (side->cell.n > 0)
        return fmin(tn_side_mean(side), most);
    if (!side->cell.bounded)
        return NAN;
    tn_view_prior_mixed(view, side, &m, &P);
    return fmin(tn_normal_above(m, sqrt(P), side->cell.cen + side->effect->A - side->cell.A0).mean, most);
}

static void gather_row(struct gathering *g, const struct tn_model_sample *sample, size_t row)
{
    struct tn_shape_entry *entry = tn_store_peek(g->learner->store, sample->key);
    struct tn_view         view;

    g->rows[row] = (struct tn_model_row){sample->count, sample->list};
    if (entry == NULL) /* forgotten, or in the file only */
        return;
    tn_view_fill(&view, g->learner, entry, sample->class);
    tn_store_release(g->learner->store, entry, false);
    tn_view_foresee(&view, g->learner, sample);
    for (size_t i = 0; i < view.count; i++) {
        double y = expected(&view, &view.sides[i]);
        float *place = isnan(y) ? NULL : place_of(g, view.sides[i].cluster, row);

        if (place != NULL)
            *place = (float)y;
    }
}

static enum tn_status train_from(struct gathering *g, const struct tn_model_sample *samples, struct tn_model **out, bool (*stop)(void *arg),
                                 void *stop_arg, struct tn_error *err)
{
    struct tn_model_rows rows;

    g->rows = tn_calloc(g->count + 1, sizeof *g->rows);
    g->ln_seconds = tn_calloc(g->count * TN_MODEL_ENGINES + 1, sizeof *g->ln_seconds);
    if (g->rows == NULL || g->ln_seconds == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "model: no memory");
    for (size_t i = 0; i < g->count; i++)
        gather_row(g, &samples[i], i);
    rows = (struct tn_model_rows){.count = g->count, .rows = g->rows, .engine_count = g->engine_count, .clusters = g->clusters, .ln_seconds = g->ln_seconds};
    return (g->learner->trainer != NULL ? tn_model_train_nice : tn_model_train)(out, &rows, stop, stop_arg, NULL, err);
}

/* ---- training ---- */

bool tn_trainer_due(struct tn_learner *learner)
{
    const struct tn_constants *k = &learner->world.k;
    double                     next = k->model_rows_first;
    bool                       odd = false, poor, due;

    if (learner->samples == NULL)
        return false;
    pthread_mutex_lock(&learner->lock);
    poor = learner->world.gate_all < 0; /* where it is no good, another one is tried at twice as much */
    while (next <= (double)learner->trained_at) {
        next += fmin(poor ? next : odd ? next / 3 : next / 2, k->model_rows_most);
        odd = !odd;
    }
    due = (double)learner->world.ended >= next;
    pthread_mutex_unlock(&learner->lock);
    return due;
}

static bool any_passed_on(struct tn_learner *learner, const struct tn_model *model, uint32_t given, uint8_t *cluster)
{
    for (size_t e = 0; e < model->engine_count; e++) {
        *cluster = model->engines[e].cluster;
        if (tn_learner_passed_on(learner, *cluster, given))
            return true;
    }
    return false;
}

/* False: a cluster of it has lost its number. */
static bool install(struct tn_learner *learner, struct tn_model *model, uint32_t given, uint64_t ended)
{
    struct tn_model *old;
    uint8_t          cluster;

    pthread_mutex_lock(&learner->lock);
    if (any_passed_on(learner, model, given, &cluster)) {
        pthread_mutex_unlock(&learner->lock);
        return false;
    }
    old = learner->model;
    model->version = ended;
    learner->model = model;
    learner->model_changed = true;
    tn_world_install(&learner->world, model);
    pthread_mutex_unlock(&learner->lock);
    tn_model_unref(old);
    return true;
}

/* Without the trees of clusters whose numbers were given to others while it was trained: those are not what it was trained on. */
static void publish(struct tn_learner *learner, struct tn_model *model, uint32_t given, uint64_t ended)
{
    while (model != NULL && !install(learner, model, given, ended)) {
        struct tn_model *whole = model;
        uint8_t          cluster;

        while (model != NULL && any_passed_on(learner, model, given, &cluster)) {
            model = tn_model_without(whole, cluster); /* none left, or no memory: the one before is used on */
            tn_model_unref(whole);
            whole = model;
        }
    }
}

enum tn_status tn_trainer_train(struct tn_learner *learner, bool (*stop)(void *arg), void *stop_arg, struct tn_error *err)
{
    struct gathering        g = {.learner = learner};
    struct tn_model_sample *samples = tn_model_samples_copy(learner->samples, &g.count);
    struct tn_model        *model = NULL;
    enum tn_status          status;
    uint64_t                ended;
    uint32_t                given = atomic_load(&learner->numbers_given);

    pthread_mutex_lock(&learner->lock);
    ended = learner->trained_at = learner->world.ended;
    pthread_mutex_unlock(&learner->lock);
    status = train_from(&g, samples, &model, stop, stop_arg, err);
    if (status == TN_OK)
        publish(learner, model, given, ended);
    tn_free(samples);
    tn_free(g.rows);
    tn_free(g.ln_seconds);
    return status;
}

/* ---- in the file ---- */

static void *write_model(void *arg, size_t *size)
{
    struct tn_learner *learner = arg;
    struct tn_model   *model = NULL;
    void              *bytes;

    pthread_mutex_lock(&learner->lock);
    if (learner->model_changed)
        model = tn_model_ref(learner->model);
    learner->model_changed = false;
    pthread_mutex_unlock(&learner->lock);
    if (model == NULL)
        return NULL;
    bytes = tn_model_encode(model, size);
    tn_model_unref(model);
    return bytes;
}

static void read_model(void *arg, const void *bytes, size_t size)
{
    struct tn_learner *learner = arg;

    learner->model = tn_model_decode(bytes, size);
    if (learner->model != NULL)
        learner->trained_at = learner->model->version;
    else
        tn_log(TN_LOG_WARN, "model of the text left out", TN_LOG_TEXT("reason", "damaged in the statistics file, or of another version"),
               TN_LOG_TEXT("hint", "it is trained anew in time"));
}

static void *write_samples(void *arg, size_t *size)
{
    struct tn_learner *learner = arg;
    uint64_t           now_us = tn_clock_us(), written_us = atomic_load(&learner->samples_written_us);

    if (written_us != 0 && now_us < written_us + SAMPLES_EVERY_US)
        return NULL;
    atomic_store(&learner->samples_written_us, now_us); /* before they are read: a stop from here on has them written again */
    return tn_model_samples_encode(learner->samples, size);
}

static void read_samples(void *arg, const void *bytes, size_t size)
{
    struct tn_learner *learner = arg;

    if (!tn_model_samples_decode(learner->samples, bytes, size))
        tn_log(TN_LOG_WARN, "samples of the model of the text left out", TN_LOG_TEXT("reason", "damaged in the statistics file, or of another version"));
}

enum tn_status tn_trainer_open(struct tn_learner *learner, struct tn_error *err)
{
    struct tn_model_samples *samples = tn_model_samples_new();

    if (samples == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "model: no memory");
    learner->samples = samples;
    atomic_store(&learner->samples_written_us, tn_clock_us());
    TN_TRY(tn_store_blob(learner->store, "samples", read_samples, write_samples, learner, err));
    return tn_store_blob(learner->store, "model", read_model, write_model, learner, err);
}

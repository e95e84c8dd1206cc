#include "policies/strategy/view.h"

#include <string.h>

/* What is read of an effect here. Set 1 is filled in where a model answers (take_model). */
static void copy_effect(struct tn_effect *to, const struct tn_effect *from)
{
    enum { FROM = offsetof(struct tn_effect, s2), TO = offsetof(struct tn_effect, streak) };

    to->set[0] = from->set[0];
    memcpy((char *)to + FROM, (const char *)from + FROM, TO - FROM);
}

/* A side whose cell is not set. One by one: clearing the whole of it first takes longer than the rest of its belief. */
static struct tn_side *add_side(struct tn_view *view, const struct tn_world *world, uint8_t cluster)
{
    size_t          at = view->count;
    struct tn_side *side = &view->sides[at];

    if (at == TN_SIDES || cluster >= TN_STORE_CLUSTERS)
        return NULL;
    view->count++;
    copy_effect(&view->effects[at], &world->effect[cluster]);
    side->cluster = cluster;
    side->eligible = side->busy = side->related = side->cut_here = false;
    side->effect = &view->effects[at];
    side->f = 0;
    side->spread = 1;
    side->age_count = 0;
    side->load = 0;
    return side;
}

struct filling {
    struct tn_view  *view;
    struct tn_world *world;
};

static void fill_cell(void *arg, unsigned cluster, struct tn_cell *cell)
{
    struct filling *filling = arg;
    struct tn_side *side = add_side(filling->view, filling->world, (uint8_t)cluster);

    if (side != NULL)
        tn_cell_look(cell, &side->cell);
}

void tn_view_take(struct tn_view *view, struct tn_learner *learner, struct tn_shape_entry *entry, unsigned class)
{
    struct filling filling = {view, &learner->world};

    view->k = &learner->world.k;
    view->class = class;
    view->visits = entry != NULL ? entry->visits : 1;
    view->predicted = false;
    view->gate = 0;
    view->count = 0;
    view->level[0] = learner->world.level[0];
    if (entry != NULL)
        tn_store_cells(learner->store, entry, fill_cell, &filling);
}

struct tn_side *tn_view_take_side(struct tn_view *view, struct tn_learner *learner, uint8_t cluster)
{
    struct tn_side *side;

    for (size_t i = 0; i < view->count; i++)
        if (view->sides[i].cluster == cluster)
            return &view->sides[i];
    side = add_side(view, &learner->world, cluster);
    if (side != NULL)
        side->cell = (struct tn_belief){.n = 0}; /* what a new cell says */
    return side;
}

void tn_view_take_offsets(struct tn_view *view, const struct tn_learner *learner)
{
    for (size_t i = 0; i < view->count; i++) {
        struct tn_side *side = &view->sides[i];

        side->offset[0] = tn_world_offset(&learner->world, 0, view->class, side->cluster);
        side->class_seen = learner->world.class_effect[0][view->class][side->cluster].Vc > 0;
    }
}

void tn_view_fill(struct tn_view *view, struct tn_learner *learner, struct tn_shape_entry *entry, unsigned class)
{
    pthread_mutex_lock(&learner->lock);
    tn_view_take(view, learner, entry, class);
    tn_view_take_offsets(view, learner);
    pthread_mutex_unlock(&learner->lock);
}

/* The list begins with the newest; ages count from the oldest on, and where there are too many the oldest say most. */
static void order_ages(struct tn_side *side)
{
    unsigned kept = TN_MIN(side->age_count, (unsigned)TN_AGES);
    double   ordered[TN_AGES];

    for (unsigned i = 0; i < kept; i++)
        ordered[i] = side->ages[(side->age_count - 1 - i) % TN_AGES];
    memcpy(side->ages, ordered, sizeof ordered[0] * kept);
    side->age_count = kept;
}

void tn_view_flights(struct tn_view *view, const struct tn_shape_entry *entry, uint64_t now_us)
{
    if (entry->flights == NULL)
        return;
    for (const struct tn_flight *flight = entry->flights; flight != NULL; flight = flight->next)
        for (size_t i = 0; i < view->count; i++) {
            struct tn_side *side = &view->sides[i];

            if (side->cluster != flight->cluster)
                continue;
            side->busy = true;
            if (now_us > flight->start_us)
                side->ages[side->age_count++ % TN_AGES] = (double)(now_us - flight->start_us) / 1e6;
        }
    for (size_t i = 0; i < view->count; i++)
        order_ages(&view->sides[i]);
}

/* The model and what set 1 learned about it, as they belong together: a training may change both at any moment. */
static struct tn_model *take_model(struct tn_view *view, struct tn_learner *learner)
{
    struct tn_world *world = &learner->world;
    struct tn_model *model;

    pthread_mutex_lock(&learner->lock);
    model = tn_model_ref(learner->model);
    if (model != NULL) {
        view->gate = tn_world_gate(world, view->class);
        view->level[1] = world->level[1];
        for (size_t i = 0; i < view->count; i++) {
            view->sides[i].offset[1] = tn_world_offset(world, 1, view->class, view->sides[i].cluster);
            view->effects[i].set[1] = world->effect[view->sides[i].cluster].set[1];
        }
    }
    pthread_mutex_unlock(&learner->lock);
    return model;
}

static void use_prediction(struct tn_view *view, const double *f, const double *h)
{
    view->predicted = true;
    for (size_t i = 0; i < view->count; i++) {
        view->sides[i].f = f[i];
        view->sides[i].offset[1].a += f[i];
        view->sides[i].spread = h[i];
    }
}

static void list_clusters(const struct tn_view *view, uint8_t *clusters)
{
    for (size_t i = 0; i < view->count; i++)
        clusters[i] = view->sides[i].cluster;
}

void tn_view_predict(struct tn_view *view, struct tn_learner *learner, const struct tn_shape_about *about)
{
    struct tn_model *model = about == NULL || view->count == 0 ? NULL : take_model(view, learner);
    uint8_t          clusters[TN_SIDES];
    double           f[TN_SIDES], h[TN_SIDES];

    if (model == NULL)
        return;
    list_clusters(view, clusters);
    if (tn_model_predict(model, about->text, about->dialect, clusters, view->count, f, h))
        use_prediction(view, f, h);
    tn_model_unref(model);
}

void tn_view_foresee(struct tn_view *view, struct tn_learner *learner, const struct tn_model_sample *sample)
{
    struct tn_model *model = view->count == 0 ? NULL : take_model(view, learner);
    uint8_t          clusters[TN_SIDES];
    double           f[TN_SIDES], h[TN_SIDES];

    if (model == NULL)
        return;
    list_clusters(view, clusters);
    if (tn_model_foresee(model, sample->list, sample->count, clusters, view->count, f, h))
        use_prediction(view, f, h);
    tn_model_unref(model);
}

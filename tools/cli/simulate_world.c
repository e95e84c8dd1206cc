#include "tools/cli/simulate_world.h"

#include "base/alloc.h"
#include "base/map.h"
#include "tools/cli/replay_price.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double LEAST_S = .001; /* resolution of measured times */
static const double NEVER_S = 1e9;
static const double ZIPF = 1.1, SIGMA = .3; /* of the streams that the policy was measured on */
static const double GROWTH = .8, GROWTH_LEAST = .4, GROWTH_MOST = 1;
static const double SLOTS = 8;

enum world {
#define WORLD(name, text, help) WORLD_##name,
#include "tools/cli/worlds.def"
#undef WORLD
    WORLDS
};

static const char *const world_names[] = {
#define WORLD(name, text, help) text,
#include "tools/cli/worlds.def"
#undef WORLD
};

static const char all_worlds[] =
#define WORLD(name, text, help) " " text
#include "tools/cli/worlds.def"
#undef WORLD
    ;

double tn_rand_normal(struct tn_rand *rand)
{
    double u = 1 - tn_rand_unit(rand), v = tn_rand_unit(rand); /* Box and Muller */

    return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}

static double level(struct tn_rand *rand, double sigma)
{
    return exp(sigma * tn_rand_normal(rand));
}

void tn_sim_world_free(struct tn_sim_world *world)
{
    if (world == NULL)
        return;
    for (size_t s = 0; world->texts != NULL && s < world->shape_count; s++)
        tn_free(world->texts[s]);
    tn_free(world->texts);
    tn_free(world->cells);
    tn_free(world);
}

static enum tn_status reserve(struct tn_sim_world *world, size_t shapes, size_t engines, struct tn_error *err)
{
    world->engine_count = engines;
    world->cells = tn_calloc(shapes * engines, sizeof *world->cells);
    world->texts = tn_calloc(shapes, sizeof *world->texts);
    if (world->cells == NULL || world->texts == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
    world->shape_count = shapes;
    world->zipf = ZIPF;
    world->sigma = SIGMA;
    for (size_t e = 0; e < engines; e++) {
        world->slots[e] = SLOTS;
        /* Known engines as measured streams assume it; of others each in its own way, so that the right one changes. */
        world->growth[e] = engines == 1 ? GROWTH : GROWTH_LEAST + (GROWTH_MOST - GROWTH_LEAST) * (double)e / (double)(engines - 1);
    }
    return TN_OK;
}

/* ---- made up ---- */

static void fill_bimodal(struct tn_sim_world *w, struct tn_rand *rand)
{
    double effect[8];

    for (size_t e = 0; e < 8; e++)
        effect[e] = level(rand, .7);
    for (size_t s = 0; s < w->shape_count; s++) {
        double base = 2 * level(rand, 1.2), lot;

        for (size_t e = 0; e < 8; e++)
            tn_sim_cell(w, s, e)->seconds = base * effect[e] * level(rand, .6);
        lot = tn_rand_unit(rand);
        if (lot < .85)
            tn_sim_cell(w, s, 0)->seconds = lot < .25 ? LEAST_S : NEVER_S;
    }
}

static void fill_scales(struct tn_sim_world *w, struct tn_rand *rand)
{
    static const double effect[] = {1, 2.7, 7, 19, 50};

    for (size_t s = 0; s < w->shape_count; s++) {
        double base = .5 * level(rand, 1.3);

        for (size_t e = 0; e < 5; e++)
            tn_sim_cell(w, s, e)->seconds = base * effect[e] * level(rand, 1.3);
    }
}

static void fill_onebest(struct tn_sim_world *w, struct tn_rand *rand)
{
    for (size_t s = 0; s < w->shape_count; s++) {
        double best = 2 * level(rand, 1);

        for (size_t e = 0; e < 4; e++)
            tn_sim_cell(w, s, e)->seconds = best * (e == 0 ? 1 : 1.1 + 1.9 * tn_rand_unit(rand));
    }
}

static void fill_specialist(struct tn_sim_world *w, struct tn_rand *rand)
{
    double effect[8];

    for (size_t e = 0; e < 8; e++)
        effect[e] = level(rand, .4);
    for (size_t s = 0; s < w->shape_count; s++) {
        double base = 2 * level(rand, 1);

        for (size_t e = 0; e < 8; e++)
            tn_sim_cell(w, s, e)->seconds = base * effect[e] * level(rand, .5) * (e > 1 ? 1 : tn_rand_unit(rand) < .1 ? 1 / 30. : 10);
    }
}

static void fill_even(struct tn_sim_world *w, struct tn_rand *rand)
{
    for (size_t s = 0; s < w->shape_count; s++) {
        double base = 1.5 * level(rand, 1.1);

        for (size_t e = 0; e < 3; e++)
            tn_sim_cell(w, s, e)->seconds = base * level(rand, .13);
    }
}

static void fill_classes(struct tn_sim_world *w, struct tn_rand *rand)
{
    double effect[8][4];

    for (size_t c = 0; c < 8; c++)
        for (size_t e = 0; e < 4; e++)
            effect[c][e] = level(rand, .7);
    for (size_t s = 0; s < w->shape_count; s++) {
        double base = .2 * level(rand, 1);

        for (size_t e = 0; e < 4; e++)
            tn_sim_cell(w, s, e)->seconds = base * effect[s % 8][e] * level(rand, .4);
    }
    w->zipf = 1;
    w->sigma = .5;
    w->tails = .02;
}

static void fill_pool(struct tn_sim_world *w, struct tn_rand *rand)
{
    static const double slots[] = {8, 16, 32}, seconds[] = {.1, .15, .2};

    for (size_t e = 0; e < 3; e++) {
        w->slots[e] = slots[e];
        for (size_t s = 0; s < w->shape_count; s++)
            tn_sim_cell(w, s, e)->seconds = w->shape_count == 1 ? seconds[e] : seconds[s % 3] * level(rand, .8);
    }
    w->zipf = 0;
}

static void write_texts(struct tn_sim_world *w)
{
    static const char *const ends[] = {"", " GROUP BY a", " ORDER BY a LIMIT 10", " AND b LIKE '%x%'"};

    for (size_t s = 0; s < w->shape_count; s++) {
        char text[256];

        snprintf(text, sizeof text, "SELECT a, max(b) FROM t%zu%s WHERE c%zu > 1%02zu%s", s, s % 8 < 4 ? "" : " JOIN u ON id = t", s % 7, s % 100,
                 ends[s % 4]);
        w->texts[s] = tn_strdup(text);
    }
}

/* By the hour, each engine dearer than the one before: a router that counts dollars has something to do. */
static void name_engines(struct tn_sim_world *w)
{
    for (size_t e = 0; e < w->engine_count; e++) {
        snprintf(w->engines[e], TN_OUTCOME_NAME, "e%zu", e);
        w->priced[e] = true;
        w->prices[e] = (struct tn_price){.type = TN_PRICE_PER_SECOND, .slots = 1, .usd_per_second = (double)(e + 1) / 3600};
    }
    for (size_t i = 0; i < w->shape_count * w->engine_count; i++) {
        w->cells[i].seconds = fmax(w->cells[i].seconds, LEAST_S);
        w->cells[i].bytes = -1;
    }
}

enum tn_status tn_sim_world_make(struct tn_sim_world **out, const char *name, uint64_t seed, struct tn_error *err)
{
    static const struct {
        size_t shapes, engines;
        void (*fill)(struct tn_sim_world *world, struct tn_rand *rand);
    } worlds[WORLDS] = {{50, 8, fill_bimodal}, {400, 5, fill_scales},   {30, 4, fill_onebest}, {500, 8, fill_specialist},
                        {200, 3, fill_even},   {1000, 4, fill_classes}, {1, 3, fill_pool},     {6, 3, fill_pool}};
    struct tn_sim_world *world;
    struct tn_rand       rand = {.state = seed};
    size_t               which = 0;
    enum tn_status       status;

    *out = NULL;
    while (which < WORLDS && strcmp(name, world_names[which]) != 0)
        which++;
    if (which == WORLDS)
        return tn_fail(err, TN_E_NOT_FOUND, "42704", "there is no world `%s`; there are%s", name, all_worlds);
    world = tn_calloc(1, sizeof *world);
    if (world == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
    status = reserve(world, worlds[which].shapes, worlds[which].engines, err);
    if (status != TN_OK) {
        tn_sim_world_free(world);
        return status;
    }
    tn_str_copy(world->name, sizeof world->name, tn_str(name));
    worlds[which].fill(world, &rand);
    name_engines(world);
    write_texts(world);
    *out = world;
    return TN_OK;
}

/* ---- from outcomes ---- */

enum { RUNS = 7 }; /* of a shape on an engine that are kept for the median */

struct gathered { /* a shape, while the file is read */
    char   *text;
    uint8_t count[TN_OUTCOME_ENGINES];
    float   seconds[TN_OUTCOME_ENGINES][RUNS];
    float   bytes[TN_OUTCOME_ENGINES];
};

struct gathering {
    struct tn_map     texts;
    size_t            count, capacity;
    struct gathered **shapes;
    double            slots[TN_OUTCOME_ENGINES];
};

static struct gathered *shape_of(struct gathering *g, struct tn_str text)
{
    struct gathered *shape = tn_map_get(&g->texts, text);

    if (shape != NULL)
        return shape;
    if (g->count == g->capacity) {
        size_t            capacity = g->capacity == 0 ? 256 : 2 * g->capacity;
        struct gathered **shapes = tn_realloc(g->shapes, capacity * sizeof(struct gathered *));

        if (shapes == NULL)
            return NULL;
        g->shapes = shapes;
        g->capacity = capacity;
    }
    shape = tn_calloc(1, sizeof *shape);
    if (shape == NULL || (shape->text = tn_strndup(text.ptr, text.len)) == NULL || !tn_map_put(&g->texts, text, shape, NULL)) {
        if (shape != NULL)
            tn_free(shape->text);
        tn_free(shape);
        return NULL;
    }
    g->shapes[g->count++] = shape;
    return shape;
}

static enum tn_status gather(struct gathering *g, struct tn_outcomes *outcomes, struct tn_error *err)
{
    for (;;) {
        struct tn_outcome_line line;
        struct gathered       *shape;

        TN_TRY(tn_outcomes_next(outcomes, &line, err));
        if (line.sql.ptr == NULL)
            return TN_OK;
        shape = shape_of(g, line.sql);
        if (shape == NULL)
            return tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
        for (size_t i = 0; i < line.count; i++) {
            const struct tn_outcome *outcome = &line.list[i];
            unsigned                 e = outcome->engine;

            g->slots[e] = outcome->slots > 0 ? outcome->slots : g->slots[e];
            if (outcome->bytes >= 0)
                shape->bytes[e] = (float)outcome->bytes;
            if (shape->count[e] < RUNS)
                shape->seconds[e][shape->count[e]++] = (float)(outcome->ok ? outcome->latency_s : NEVER_S);
        }
    }
}

static int by_float(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static void settle_shape(struct tn_sim_world *world, size_t at, struct gathered *shape)
{
    for (size_t e = 0; e < world->engine_count; e++) {
        struct tn_sim_cell *cell = tn_sim_cell(world, at, e);
        size_t              n = shape->count[e];

        qsort(shape->seconds[e], n, sizeof shape->seconds[e][0], by_float);
        cell->seconds = n == 0 ? NEVER_S : fmax((double)shape->seconds[e][n / 2], LEAST_S);
        cell->bytes = shape->bytes[e] > 0 ? (double)shape->bytes[e] : -1;
    }
    world->texts[at] = shape->text;
    shape->text = NULL;
}

/* How time follows the size of the data, and slots, of well-known kinds of engines: assumed. */
static void set_engine(struct tn_sim_world *world, size_t e, double slots)
{
    static const struct {
        const char *name;
        double      growth, slots;
    } known[] = {{"athena", .4, 20}, {"redshift", .7, 5}, {"aurora", 1, 4}};

    for (size_t i = 0; i < TN_ARRAY_LEN(known); i++)
        if (strcmp(known[i].name, world->engines[e]) == 0) {
            world->growth[e] = known[i].growth;
            world->slots[e] = known[i].slots;
        }
    world->slots[e] = slots > 0 ? slots : world->slots[e];
}

static enum tn_status settle(struct tn_sim_world *world, struct gathering *g, const struct tn_outcomes *outcomes, const char *path,
                             struct tn_error *err)
{
    struct tn_price_guesses guesses;

    if (g->count == 0)
        return tn_fail(err, TN_E_INVALID, "22000", "%s: there is no query in it", path);
    TN_TRY(reserve(world, g->count, tn_outcomes_engine_count(outcomes), err));
    for (size_t e = 0; e < world->engine_count; e++)
        tn_str_copy(world->engines[e], TN_OUTCOME_NAME, tn_str(tn_outcomes_names(outcomes)[e]));
    for (size_t s = 0; s < g->count; s++)
        settle_shape(world, s, g->shapes[s]);
    TN_TRY(tn_price_guess(&guesses, path, err));
    for (size_t e = 0; e < world->engine_count; e++) {
        set_engine(world, e, g->slots[e]);
        world->priced[e] = tn_price_guessed(&guesses, world->engines[e], &world->prices[e]);
    }
    return TN_OK;
}

enum tn_status tn_sim_world_read(struct tn_sim_world **out, const char *path, struct tn_error *err)
{
    struct tn_sim_world *world = tn_calloc(1, sizeof *world);
    struct gathering     g = {.count = 0};
    struct tn_outcomes  *outcomes = NULL;
    enum tn_status       status;

    *out = NULL;
    if (world == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
    tn_map_init(&g.texts);
    status = tn_outcomes_open(&outcomes, path, err);
    if (status == TN_OK)
        status = gather(&g, outcomes, err);
    if (status == TN_OK)
        status = settle(world, &g, outcomes, path, err);
    for (size_t s = 0; s < g.count; s++) {
        tn_free(g.shapes[s]->text);
        tn_free(g.shapes[s]);
    }
    tn_free(g.shapes);
    tn_map_reset(&g.texts);
    tn_outcomes_close(outcomes);
    tn_str_copy(world->name, sizeof world->name, tn_str(path));
    if (status != TN_OK) {
        tn_sim_world_free(world);
        return status;
    }
    *out = world;
    return TN_OK;
}

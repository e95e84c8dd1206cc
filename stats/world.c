#include "stats/world.h"

#include "base/alloc.h"
#include "stats/model.h"
#include "stats/normal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

static void init_constants(struct tn_constants *constants)
{
    *constants = (struct tn_constants){
#define CONSTANT(name, value, reason) .name = (value),
#include "stats/constants.def"
#undef CONSTANT
    };
}

bool tn_constants_set(struct tn_constants *constants, const char *name, double value)
{
    static const struct {
        const char *name;
        size_t      at;
    } members[] = {
#define CONSTANT(name, value, reason) {#name, offsetof(struct tn_constants, name)},
#include "stats/constants.def"
#undef CONSTANT
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(members); i++)
        if (strcmp(members[i].name, name) == 0) {
            memcpy((char *)constants + members[i].at, &value, sizeof value);
            return true;
        }
    return false;
}

void tn_world_forget(struct tn_world *world, unsigned cluster)
{
    struct tn_effect *effect = &world->effect[cluster];

    tn_relations_forget(&world->relations, (uint8_t)cluster);
    *effect = (struct tn_effect){.s2 = world->k.s2, .pe = 1, .tf = 1};
    for (size_t r = 0; r < TN_WORLD_SETS; r++) {
        effect->set[r] = (struct tn_effect_set){.Vo = world->k.vo_start, .v = world->k.v_start, .w = 4,
                                                .pi = r == 0 ? world->k.pi_start : .005, .pin = world->k.pi_weight};
        for (size_t k = 0; k < TN_SHAPE_CLASSES; k++)
            world->class_effect[r][k][cluster] = (struct tn_class_effect){.Vc = 0};
    }
}

void tn_world_init(struct tn_world *world)
{
    init_constants(&world->k);
    tn_world_start(world);
}

void tn_world_start(struct tn_world *world)
{
    struct tn_constants k = world->k;

    memset(world, 0, sizeof *world);
    world->k = k;
    for (unsigned e = 0; e < TN_STORE_CLUSTERS; e++)
        tn_world_forget(world, e);
    for (size_t r = 0; r < TN_WORLD_SETS; r++)
        world->level[r] = (struct tn_level){.VB = world->k.vb_start, .VM = world->k.vb_start};
    world->gate_all = world->k.gate_start;
    world->looks = (struct tn_ledger){world->k.look_trust, world->k.look_trust};
}

struct tn_offset tn_world_offset(const struct tn_world *world, unsigned set, unsigned class, unsigned cluster)
{
    const struct tn_effect_set   *effect = &world->effect[cluster].set[set];
    const struct tn_class_effect *c = &world->class_effect[set][class][cluster];

    if (c->Vc <= 0)
        return (struct tn_offset){effect->o, effect->Vo + world->k.vc_start};
    return (struct tn_offset){effect->o + c->c, effect->Vo + c->Vc};
}

static struct tn_class_effect *class_of(struct tn_world *world, const struct tn_evidence *evidence)
{
    struct tn_class_effect *c = &world->class_effect[evidence->set][evidence->class][evidence->cluster];

    if (c->Vc <= 0)
        c->Vc = world->k.vc_start;
    return c;
}

/* The older step: only what another known cluster of the shape says, with the noise of a run added to v. Kept to be compared. */
static void learn_pair(struct tn_world *world, const struct tn_evidence *x)
{
    struct tn_effect_set   *e = &world->effect[x->cluster].set[x->set];
    struct tn_level        *level = &world->level[x->set];
    struct tn_class_effect *c;
    double                  r = x->y, vobs = world->effect[x->cluster].s2, d, v0, S;
    struct tn_offset        offset = tn_world_offset(world, x->set, x->class, x->cluster);

    if (!x->level_known) {
        if (x->cut)
            return;
        level->n += 1;
        d = x->y - offset.a - level->B;
        level->B += fmax(1 / (level->n + 1), .01) * d;
        level->VB = clamp(level->VB + fmax(.02, 1 / (level->n + 4)) * (d * d - level->VB), .25, 9);
        return;
    }
    if (x->cut) {
        struct tn_normal over = tn_normal_above(x->level + offset.a, sqrt(x->vlevel + e->v + offset.va), x->y);

        r = over.mean;
        vobs = over.variance;
    }
    c = class_of(world, x);
    d = r - x->level - e->o - c->c;
    v0 = e->Vo + c->Vc;
    S = v0 + e->v + x->vlevel + vobs;
    e->o += e->Vo / S * d;
    c->c += c->Vc / S * d;
    e->Vo = e->Vo * (1 - e->Vo / S) + 1e-4;
    c->Vc *= 1 - c->Vc / S;
    e->w += 1;
    e->v = clamp(e->v + fmax(.02, 1 / e->w) * (fmin(d * d, 16) + vobs - x->vlevel - v0 - e->v), .1, 9);
}

/* One Kalman step for effect, class and mean level together; the noise of a complete run is subtracted from the variance
 * that is left over, that of an imputed one added (first sight 1). */
static void learn_jointly(struct tn_world *world, const struct tn_evidence *x)
{
    struct tn_effect_set   *e = &world->effect[x->cluster].set[x->set];
    struct tn_class_effect *c = class_of(world, x);
    struct tn_level        *level = &world->level[x->set];
    double                  v = e->v * x->spread, a = e->o + c->c + x->predicted, v0 = e->Vo + c->Vc;
    double                  M = x->level_known ? 0 : level->VM, vobs = world->effect[x->cluster].s2, d = x->y - x->level - a, S, left, r;

    if (x->cut) {
        struct tn_normal over = tn_normal_above(x->level + a, sqrt(x->vlevel + v + v0), x->y);

        d = over.mean - x->level - a;
        vobs = over.variance;
    }
    S = v0 + v + x->vlevel + vobs + M;
    left = fmin(d * d, 16) + (x->cut ? vobs : -vobs) - x->vlevel - v0 - v - M;
    r = v / (v + x->vlevel);
    e->o += e->Vo / S * d;
    c->c += c->Vc / S * d;
    level->B += M / S * d;
    e->Vo = e->Vo * (1 - e->Vo / S) + 1e-4;
    c->Vc = fmax(c->Vc * (1 - c->Vc / S), 1e-6);
    e->w += 1;
    e->v = clamp(e->v + fmax(.02, 1 / e->w) * r * left / x->spread, .05, 9);
    if (!x->level_known) {
        level->VM = level->VM * (1 - M / S) + 1e-4;
        level->VB = clamp(level->VB + fmax(.02, 1 / (level->n + 4)) * (1 - r) * left, x->set == 0 ? .25 : .02, 9);
        level->n += 1;
    }
}

void tn_world_learn(struct tn_world *world, const struct tn_evidence *evidence)
{
    if (world->k.joint != 0)
        learn_jointly(world, evidence);
    else if (evidence->set == 0)
        learn_pair(world, evidence);
}

void tn_world_hopeless(struct tn_world *world, unsigned set, unsigned cluster, bool is)
{
    struct tn_effect_set *e = &world->effect[cluster].set[set];

    if (world->k.pi_start <= 0)
        return;
    e->pin = fmin(200, e->pin + 1);
    e->pi += ((is ? 1 : 0) - e->pi) / e->pin;
}

double tn_world_gate(const struct tn_world *world, unsigned class)
{
    return 1 / (1 + exp(-(world->gate_seen[class] ? world->gate[class] : world->gate_all)));
}

void tn_world_judge(struct tn_world *world, unsigned class, const double score[TN_WORLD_SETS])
{
    const struct tn_constants *k = &world->k;
    double                     delta = clamp(score[1] - score[0], -2, 2);

    if (!world->gate_seen[class]) {
        world->gate[class] = world->gate_all;
        world->gate_seen[class] = true;
    }
    world->gate[class] = clamp(k->gate_decay * world->gate[class] + delta, -k->gate_limit, k->gate_limit);
    world->gate_all = clamp(k->gate_decay * world->gate_all + delta, -k->gate_limit, k->gate_limit);
}

/* A cluster that the model does not know is foreseen as the mean of the others, and differs from it as it does in set 0. */
static void install_unknown(struct tn_world *world, unsigned cluster, double mean_o)
{
    struct tn_effect_set *plain = &world->effect[cluster].set[0], *e = &world->effect[cluster].set[1];

    *e = (struct tn_effect_set){.o = plain->o - mean_o, .Vo = plain->Vo + world->k.model_unknown, .v = plain->v, .w = 4, .pi = plain->pi,
                                .pin = world->k.pi_weight};
}

void tn_world_install(struct tn_world *world, const struct tn_model *model)
{
    double mean_o = 0;

    for (size_t e = 0; e < model->engine_count; e++)
        mean_o += world->effect[model->engines[e].cluster].set[0].o / (double)model->engine_count;
    memset(world->class_effect[1], 0, sizeof world->class_effect[1]);
    for (unsigned e = 0; e < TN_STORE_CLUSTERS; e++)
        install_unknown(world, e, mean_o);
    for (size_t e = 0; e < model->engine_count; e++) {
        const struct tn_model_engine *engine = &model->engines[e];

        world->effect[engine->cluster].set[1] =
            (struct tn_effect_set){.o = engine->o, .Vo = engine->Vo, .v = engine->v, .w = 50, .pi = .005, .pin = world->k.pi_weight};
        for (size_t k = 0; k < TN_SHAPE_CLASSES; k++)
            world->class_effect[1][k][engine->cluster] = (struct tn_class_effect){.Vc = .05};
    }
    world->level[1] = (struct tn_level){.VB = model->VB, .VM = .001};
}

void tn_world_looked(struct tn_world *world, double expected, double gained)
{
    world->looks.expected = world->k.look_memory * world->looks.expected + expected;
    world->looks.gained = world->k.look_memory * world->looks.gained + gained;
}

double tn_world_look_pays(const struct tn_world *world)
{
    return world->looks.expected <= 0 ? 1 : clamp(world->looks.gained / world->looks.expected, world->k.look_least, 1);
}

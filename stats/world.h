/* world.h - what is learned across shapes: how clusters differ, how classes of statements differ on them, how slow a new shape
 * is, and whether a cluster changed as a whole.
 *
 * ln seconds of shape x on cluster e:  y = level(x) + o_e + c_ke (+ f_e(x)) + deviation of variance v_e (h_e(x)) + noise s2_e
 *
 * Two sets of it learn side by side: 0 without, 1 with the prediction f of a model of the text. What a set says counts by the
 * weight of the gate of its class. Not locked: the owner (policies/strategy/learner.h) does. */
#ifndef TN_STATS_WORLD_H
#define TN_STATS_WORLD_H

#include "stats/relation.h"
#include "stats/store.h"

#include <stddef.h>

enum { TN_WORLD_SETS = 2 };

/* Numbers with their reasons: stats/constants.def. */
struct tn_constants {
#define CONSTANT(name, value, reason) double name;
#include "stats/constants.def"
#undef CONSTANT
};
bool tn_constants_set(struct tn_constants *constants, const char *name, double value);

struct tn_effect_set { /* of one cluster */
    double o, Vo;      /* effect on ln seconds, and its variance */
    double v, w;       /* variance of shapes around it; evidence for it */
    double pi, pin;    /* share of shapes that it cannot do in time; evidence */
};

enum { TN_STREAK = 8 };

struct tn_effect { /* of one cluster */
    struct tn_effect_set set[TN_WORLD_SETS];
    double   s2;           /* variance of repeats */
    double   A, G;         /* shift as a whole so far; its detector */
    double   look_every;   /* while it is shifted: decisions between two looks, 0 = not shifted */
    double   look_at;      /* decision count of the next */
    double   look_size;    /* of the shift */
    double   pe, tf;       /* success rate; seconds to an error */
    double   usd;          /* mean bill of a run, micro-dollars */
    double   usd_n;
    uint64_t streak[TN_STREAK][2]; /* shapes of the errors in a row */
    uint32_t streak_count;
};

struct tn_class_effect {
    double c, Vc;
};

struct tn_ledger { /* of exploring: what looks were expected to gain, and what they did gain, as shares of the time of the best */
    double expected, gained;
};

struct tn_level { /* of new shapes */
    double B, VB, n, VM;
};

struct tn_world {
    uint64_t               decisions; /* with the lock before it: see struct tn_learner */
    uint64_t               ended; /* attempts that met nothing known: the clock of training */
    struct tn_ledger       looks; /* at clusters that are known for the shape */
    struct tn_level        level[TN_WORLD_SETS];
    struct tn_constants    k;
    struct tn_effect       effect[TN_STORE_CLUSTERS];
    struct tn_class_effect class_effect[TN_WORLD_SETS][TN_SHAPE_CLASSES][TN_STORE_CLUSTERS]; /* Vc 0 = not seen */
    double                 gate[TN_SHAPE_CLASSES]; /* log odds of set 1 */
    bool                   gate_seen[TN_SHAPE_CLASSES];
    double                 gate_all;
    struct tn_relations    relations; /* where level + effect is too simple: strategy cost */
};

/* CLUSTER's number was given to another, of which nothing is known. */
void tn_world_forget(struct tn_world *world, unsigned cluster);
/* Nothing is known: all but the constants at their start, which some of them say. */
void tn_world_start(struct tn_world *world);
void tn_world_init(struct tn_world *world);

struct tn_offset {
    double a, va; /* o + c and its variance */
};
struct tn_offset tn_world_offset(const struct tn_world *world, unsigned set, unsigned class, unsigned cluster);

/* How much a bound or a run of a shape whose level is (LEVEL, VLEVEL) without this cell says about all of it (first sight,
 * joint step). PREDICTED and SPREAD: f and h of the model, 0 and 1 for set 0. */
struct tn_evidence {
    unsigned set, class, cluster;
    double   level, vlevel;
    bool     level_known;
    double   predicted, spread;
    double   y;   /* ln seconds, or of the deadline */
    bool     cut;
};
void tn_world_learn(struct tn_world *world, const struct tn_evidence *evidence);
void tn_world_hopeless(struct tn_world *world, unsigned set, unsigned cluster, bool is);

/* Weight of set 1 in CLASS. */
double tn_world_gate(const struct tn_world *world, unsigned class);
/* SCORE[r]: log density of what came, by set. */
void   tn_world_judge(struct tn_world *world, unsigned class, const double score[TN_WORLD_SETS]);

/* MODEL is what set 1 predicts by from now on: the set begins anew, from the model's errors out of fold; the gate stays (first sight 2). */
struct tn_model;
void tn_world_install(struct tn_world *world, const struct tn_model *model);
/* A look that was expected to gain EXPECTED (of the best's time, per later visit) gained GAINED. */
void   tn_world_looked(struct tn_world *world, double expected, double gained);
/* What is left of an expected gain in the light of those before: at most 1. */
double tn_world_look_pays(const struct tn_world *world);

/* As bytes of the statistics file; malloc()ed. Read: false for what is none of ours, and nothing is changed. */
void *tn_world_encode(const struct tn_world *world, size_t *size);
bool  tn_world_decode(struct tn_world *world, const void *bytes, size_t size);

#endif

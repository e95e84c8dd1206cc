/* belief.h - what is believed of one shape's next run on each of its clusters: mean and variance of ln seconds.
 *
 * A view is a copy of everything that the belief needs; it is computed without a lock. Formulas: exploration, section 3; two
 * sets of priors mixed: first sight, section 2. */
#ifndef TN_STATS_BELIEF_H
#define TN_STATS_BELIEF_H

#include "stats/world.h"

enum { TN_SIDES = 64, TN_AGES = 16 };

struct tn_side { /* one cluster of the shape */
    uint8_t              cluster;
    bool                 eligible;   /* may be chosen; others only tell of the shape's level */
    struct tn_belief     cell;
    const struct tn_effect *effect;  /* copy; see tn_view */
    struct tn_offset     offset[TN_WORLD_SETS]; /* with the prediction in set 1 */
    double               f, spread;  /* of the model: ln seconds, which is in offset[1] already, and h */
    bool                 class_seen; /* the class has an effect of its own there */
    unsigned             age_count;
    double               load;       /* ln of the factor by which what runs there is longer for the load */
    bool                 busy;       /* something of this shape is under way or planned there */
    bool                 related;    /* an unknown one is believed by its relations to others, not by level and effect */
    double               related_m, related_P; /* without the shift A */
    bool                 cut_here;   /* in this plan: bounded by extra */
    double               extra;      /* ln seconds */
    /* computed by tn_view_believe() */
    bool     known;                  /* n > 0 */
    bool     bounded;
    double   m, P;                   /* mean and variance of the mean */
    double   bound, m0, P0;          /* bounded: the bound, and the belief without it */
    double   own;                    /* variance of this cluster alone: what risk counts; 0 when known */
    double   pi;                     /* mixed share of the hopeless */
    double   ages[TN_AGES];          /* seconds since the start of what runs there: age_count of them */
};

struct tn_view {
    const struct tn_constants *k;
    unsigned         class;
    uint32_t         visits;
    bool             predicted;      /* set 1 says something */
    double           gate;           /* weight of set 1 */
    struct tn_level  level[TN_WORLD_SETS];
    size_t           count;
    struct tn_side   sides[TN_SIDES];
    struct tn_effect effects[TN_SIDES];
    /* computed */
    double           b, vb;          /* level and its variance, mixed; only where an eligible side is not known */
    bool             level_known;
};

struct tn_common_level {
    double b, vb;
    bool   known; /* some cluster has a complete run */
};
/* The level of the shape by SET, without the side BUT (NULL: with all). */
struct tn_common_level tn_view_level(const struct tn_view *view, unsigned set, const struct tn_side *but);

/* Fills in the computed members of view and eligible sides. */
void tn_view_believe(struct tn_view *view);

/* The belief about SIDE as it was before anything of this cell was known (set by set, mixed): for learning. */
void tn_view_prior(const struct tn_view *view, const struct tn_side *side, unsigned set, double *m, double *P);

/* Both sets together, by the gate. */
void tn_view_prior_mixed(const struct tn_view *view, const struct tn_side *side, double *m, double *P);

/* Variance of the mean of a known cell after the visits since it was looked at. */
double tn_side_variance(const struct tn_view *view, const struct tn_side *side);
/* Its mean, moved by what the whole cluster moved since. */
double tn_side_mean(const struct tn_side *side);

/* Visits since the last look. */
static inline unsigned tn_side_stale(const struct tn_view *view, const struct tn_side *side)
{
    return (uint16_t)((uint16_t)view->visits - side->cell.last);
}

#endif

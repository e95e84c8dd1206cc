#include "stats/belief.h"

#include "stats/normal.h"

#include <math.h>

double tn_side_mean(const struct tn_side *side)
{
    return side->cell.m + side->effect->A - side->cell.A0;
}

static double own_variance(const struct tn_side *side, unsigned set)
{
    return side->effect->set[set].v * (set == 1 ? side->spread : 1);
}

double tn_side_variance(const struct tn_view *view, const struct tn_side *side)
{
    double P = side->cell.P + view->k->q * tn_side_stale(view, side), most = own_variance(side, 0) + .5;

    return TN_MIN(P, most);
}

/* Bounds of clusters without a run, projected on the level: what takes longer than thought there takes longer anywhere. */
static void project_bounds(const struct tn_view *view, unsigned set, const struct tn_side *but, struct tn_common_level *level)
{
    for (size_t i = 0; i < view->count; i++) {
        const struct tn_side *side = &view->sides[i];
        struct tn_normal      over;
        double                V, r, bound;

        if (side == but || !(side->cut_here || side->cell.bounded))
            continue;
        bound = side->cut_here ? side->extra : side->cell.cen + side->effect->A - side->cell.A0;
        V = level->vb + own_variance(side, set) + side->offset[set].va;
        over = tn_normal_above(level->b + side->offset[set].a, sqrt(V), bound);
        r = level->vb / V;
        level->b += r * (over.mean - level->b - side->offset[set].a);
        level->vb -= r * r * (V - over.variance);
    }
}

struct tn_common_level tn_view_level(const struct tn_view *view, unsigned set, const struct tn_side *but)
{
    double                weight = 1 / view->level[set].VB, sum = weight * view->level[set].B;
    struct tn_common_level level = {.known = false};

    for (size_t i = 0; i < view->count; i++) {
        const struct tn_side *side = &view->sides[i];
        double                u;

        if (side->cell.n == 0 || side == but)
            continue;
        u = 1 / (own_variance(side, set) + side->offset[set].va + side->cell.P + .01);
        weight += u;
        sum += u * (tn_side_mean(side) - side->offset[set].a);
        level.known = true;
    }
    level.b = sum / weight;
    level.vb = 1 / weight;
    if (!level.known)
        project_bounds(view, set, but, &level);
    return level;
}

void tn_view_prior(const struct tn_view *view, const struct tn_side *side, unsigned set, double *m, double *P)
{
    struct tn_common_level level = tn_view_level(view, set, side);

    *m = level.b + side->offset[set].a;
    *P = level.vb + own_variance(side, set) + side->offset[set].va;
}

void tn_view_prior_mixed(const struct tn_view *view, const struct tn_side *side, double *m, double *P)
{
    double m1, P1, w = view->gate;

    tn_view_prior(view, side, 0, m, P);
    if (!view->predicted)
        return;
    tn_view_prior(view, side, 1, &m1, &P1);
    *P = (1 - w) * *P + w * P1 + w * (1 - w) * (*m - m1) * (*m - m1);
    *m = (1 - w) * *m + w * m1;
}

static void believe_known(const struct tn_view *view, struct tn_side *side)
{
    side->m = side->m0 = tn_side_mean(side);
    side->P = side->P0 = tn_side_variance(view, side);
    side->own = 0;
    side->bounded = false;
}

static bool bound_of(const struct tn_view *view, const struct tn_side *side, double *bound)
{
    bool has = side->cell.bounded;

    if (has) /* an old bound weakens */
        *bound = side->cell.cen + side->effect->A - side->cell.A0 - .1 - sqrt(view->k->q * tn_side_stale(view, side));
    if (side->cut_here)
        *bound = has ? fmax(*bound, side->extra) : side->extra;
    return has || side->cut_here;
}

/* What runs there is a bound like any other (cost routing 2); else see believe_ages(). */
static void bound_by_ages(const struct tn_view *view, struct tn_side *side)
{
    for (unsigned i = 0; i < side->age_count; i++) {
        double age = log(fmax(view->k->floor_s, side->ages[i])) - side->load;

        side->bound = side->bounded ? fmax(side->bound, age) : age;
        side->bounded = true;
    }
}

/* Weight of set 1 once a bound was survived that one set expected and the other did not. */
static double weight_beyond(double w, const double m[], const double P[], double bound)
{
    double q0 = tn_normal_cdf((m[0] - bound) / sqrt(P[0])), q1 = tn_normal_cdf((m[1] - bound) / sqrt(P[1]));
    double sum = w * q1 + (1 - w) * q0;

    return sum > 1e-9 ? w * q1 / sum : w;
}

static void believe_unknown(const struct tn_view *view, struct tn_side *side, const struct tn_common_level level[])
{
    unsigned sets = view->predicted ? 2 : 1;
    double   m[TN_WORLD_SETS], P[TN_WORLD_SETS], own[TN_WORLD_SETS], w = view->predicted ? view->gate : 0, between;

    for (unsigned r = 0; r < sets; r++) {
        own[r] = own_variance(side, r) + side->offset[r].va;
        m[r] = level[r].b + side->offset[r].a;
        P[r] = level[r].vb + own[r];
    }
    if (side->related) {
        m[0] = side->related_m + side->effect->A;
        P[0] = own[0] = side->related_P;
    }
    side->bounded = bound_of(view, side, &side->bound);
    if (side->related)
        bound_by_ages(view, side);
    if (sets == 2 && side->bounded)
        w = weight_beyond(w, m, P, side->bound);
    if (sets == 1) {
        m[1] = m[0];
        P[1] = P[0];
        own[1] = own[0];
    }
    between = w * (1 - w) * (m[0] - m[1]) * (m[0] - m[1]);
    side->m = side->m0 = (1 - w) * m[0] + w * m[1];
    side->P = side->P0 = (1 - w) * P[0] + w * P[1] + between;
    side->own = (1 - w) * own[0] + w * own[1] + between;
    side->pi = sets == 1 ? side->effect->set[0].pi : (1 - w) * side->effect->set[0].pi + w * side->effect->set[1].pi;
    if (side->bounded) {
        struct tn_normal over = tn_normal_above(side->m, sqrt(side->P), side->bound);

        side->m = over.mean;
        side->P = over.variance;
        side->own = fmin(side->P, side->own);
    }
}

/* A run under way that takes longer than expected is a bound that grows. The time that it waits for others counts for none of it:
 * clusters that are busy would look slow, all of them in the end, and nobody could tell where to go. */
static void believe_ages(const struct tn_view *view, struct tn_side *side)
{
    for (unsigned i = 0; i < side->age_count; i++) {
        double age = log(fmax(view->k->floor_s, side->ages[i])) - side->load;

        if (age > side->m - sqrt(side->P)) {
            struct tn_normal over = tn_normal_above(side->m, sqrt(side->P + side->effect->s2), age);

            side->m = over.mean;
            side->P = over.variance;
        }
    }
}

/* What is known is believed by itself: only the others ask for the level of the shape. */
static bool asks_for_level(const struct tn_view *view)
{
    for (size_t i = 0; i < view->count; i++)
        if (view->sides[i].eligible && view->sides[i].cell.n == 0)
            return true;
    return false;
}

static void mix_levels(struct tn_view *view, struct tn_common_level level[])
{
    level[0] = tn_view_level(view, 0, NULL);
    view->b = level[0].b;
    view->vb = level[0].vb;
    view->level_known = level[0].known;
    if (view->predicted) {
        level[1] = tn_view_level(view, 1, NULL);
        view->vb = (1 - view->gate) * level[0].vb + view->gate * level[1].vb;
    }
}

void tn_view_believe(struct tn_view *view)
{
    struct tn_common_level level[TN_WORLD_SETS];

    if (asks_for_level(view))
        mix_levels(view, level);
    for (size_t i = 0; i < view->count; i++) {
        struct tn_side *side = &view->sides[i];

        side->known = side->cell.n > 0;
        if (!side->eligible)
            continue;
        if (side->known)
            believe_known(view, side);
        else
            believe_unknown(view, side, level);
        if (side->known || !side->related)
            believe_ages(view, side);
    }
}

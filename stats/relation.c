#include "stats/relation.h"

#include "stats/normal.h"

#include <math.h>
#include <string.h>

/* Cost routing 2; the constants are those of its measurement. */
enum { ENOUGH = 5 };                  /* shapes, or pairs, from which they say anything */
static const double LEAST_VARIANCE = .1, LEAST_VAR_X = .05;
static const double SLOPE_UNSEEN = .5, SLOPE_LEAST = -.2, SLOPE_MOST = 1.5;
static const double MEMORY = .005, PAIR_MEMORY = .01; /* least weight of the newest: what changes is forgotten */

enum { NONE = TN_RELATED };

static unsigned place_of(const struct tn_relations *r, uint8_t cluster)
{
    for (unsigned i = 0; i < r->count; i++)
        if (r->cluster[i] == cluster)
            return i;
    return NONE;
}

static unsigned place_for(struct tn_relations *r, uint8_t cluster)
{
    unsigned at = place_of(r, cluster);

    if (at == NONE && r->count < TN_RELATED) {
        at = r->count++;
        r->cluster[at] = cluster;
        for (unsigned q = 0; q < TN_QUANTITIES; q++)
            r->spread[at][q].variance = 4;
    }
    return at;
}

/* ---- learning ---- */

static void learn_spread(struct tn_spread *s, double y, double variance, const double *imputed)
{
    double weight, d;

    if (imputed != NULL) { /* what was guessed gives way to what is known */
        s->mean += fmax(MEMORY, 1 / (s->n + 2)) * (y - *imputed);
        return;
    }
    s->n += 1;
    weight = fmax(MEMORY, 1 / (s->n + 2));
    d = y - s->mean;
    s->mean += (s->n > 1 ? weight : 1) * d;
    s->variance = fmax(LEAST_VARIANCE, s->variance + weight * (d * (y - s->mean) + variance - s->variance));
}

static void learn_pair(struct tn_pair *p, double x, double y)
{
    double weight, error, dx, dy;

    if (p->n == 0)
        *p = (struct tn_pair){.mean_x = (float)x, .mean_y = (float)y, .var_x = 1, .cov = .5f, .residual = 1};
    p->n += 1;
    weight = fmax(PAIR_MEMORY, 1 / ((double)p->n + 3));
    dx = x - (double)p->mean_x;
    dy = y - (double)p->mean_y;
    error = dy - (double)p->cov / (double)p->var_x * dx;
    p->residual += (float)(weight * (error * error - (double)p->residual));
    p->mean_x += (float)(weight * dx);
    p->mean_y += (float)(weight * dy);
    p->var_x = (float)fmax(LEAST_VAR_X, (double)p->var_x + weight * ((1 - weight) * dx * dx - (double)p->var_x));
    p->cov += (float)(weight * ((1 - weight) * dx * dy - (double)p->cov));
}

void tn_relations_learn(struct tn_relations *r, uint8_t cluster, enum tn_quantity what, double y, const double *imputed,
                        const struct tn_observed *others, size_t count)
{
    unsigned at = place_for(r, cluster);

    if (at == NONE)
        return;
    learn_spread(&r->spread[at][what], y, 0, imputed);
    for (size_t i = 0; i < count; i++) {
        unsigned other = others[i].known || others[i].billed ? place_for(r, others[i].cluster) : NONE;

        if (other == NONE || (other == at && what == TN_QUANTITY_SECONDS))
            continue;
        if (others[i].known)
            learn_pair(&r->pair[at][what][other], others[i].seconds, y);
        if (other == at || what != TN_QUANTITY_SECONDS)
            continue;
        if (others[i].known)
            learn_pair(&r->pair[other][TN_QUANTITY_SECONDS][at], y, others[i].seconds);
        if (others[i].billed)
            learn_pair(&r->pair[other][TN_QUANTITY_BILL][at], y, others[i].bill);
    }
}

bool tn_relations_impute(const struct tn_relations *r, uint8_t cluster, double bound, double *imputed, double *variance)
{
    unsigned         at = place_of(r, cluster);
    struct tn_normal over;

    if (at == NONE || r->spread[at][TN_QUANTITY_SECONDS].n < ENOUGH)
        return false;
    over = tn_normal_above(r->spread[at][TN_QUANTITY_SECONDS].mean, sqrt(r->spread[at][TN_QUANTITY_SECONDS].variance), bound);
    *imputed = over.mean;
    *variance = over.variance;
    return true;
}

void tn_relations_learn_bound(struct tn_relations *r, uint8_t cluster, double bound)
{
    double y, variance;

    if (tn_relations_impute(r, cluster, bound, &y, &variance))
        learn_spread(&r->spread[place_of(r, cluster)][TN_QUANTITY_SECONDS], y, variance, NULL);
}

/* ---- what is expected ---- */

static double slope(const struct tn_relations *r, unsigned at, unsigned from, enum tn_quantity what)
{
    const struct tn_pair *p = at != NONE && from != NONE ? &r->pair[at][what][from] : NULL;

    return p == NULL || p->n < ENOUGH ? SLOPE_UNSEEN : fmax(SLOPE_LEAST, fmin(SLOPE_MOST, (double)p->cov / (double)p->var_x));
}

double tn_relations_slope(const struct tn_relations *r, uint8_t cluster, uint8_t from)
{
    return slope(r, place_of(r, cluster), place_of(r, from), TN_QUANTITY_SECONDS);
}

/* Of the known others the one that says it best. */
static bool by_known(const struct tn_relations *r, unsigned at, enum tn_quantity what, const struct tn_observed *others, size_t count,
                     double *mean, double *variance)
{
    bool found = false;

    for (size_t i = 0; i < count; i++) {
        const struct tn_observed *other = &others[i];
        unsigned                  from = other->known ? place_of(r, other->cluster) : NONE;
        const struct tn_pair     *p = from != NONE ? &r->pair[at][what][from] : NULL;
        double                    beta, dx, P;

        if (p == NULL || (from == at && what == TN_QUANTITY_SECONDS) || p->n < ENOUGH)
            continue;
        beta = (double)p->cov / (double)p->var_x;
        dx = other->seconds - (double)p->mean_x;
        P = (double)p->residual * (1 + 1 / (double)p->n + dx * dx / ((double)p->var_x * ((double)p->n + 3))) + beta * beta * other->variance;
        if (found && P >= *variance)
            continue;
        *mean = (double)p->mean_y + beta * dx;
        *variance = P;
        found = true;
    }
    return found;
}

bool tn_relations_prior(const struct tn_relations *r, uint8_t cluster, enum tn_quantity what, const struct tn_observed *others,
                        size_t count, double *mean, double *variance)
{
    unsigned at = place_of(r, cluster);

    if (at == NONE)
        return false;
    if (by_known(r, at, what, others, count, mean, variance))
        return true;
    if (r->spread[at][what].n < ENOUGH)
        return false;
    *mean = r->spread[at][what].mean;
    *variance = r->spread[at][what].variance;
    for (size_t i = 0; i < count; i++) {
        unsigned         from = others[i].known || !others[i].bounded ? NONE : place_of(r, others[i].cluster);
        struct tn_spread s;
        struct tn_normal over;
        double           beta;

        if (from == NONE || (from == at && what == TN_QUANTITY_SECONDS) || r->spread[from][TN_QUANTITY_SECONDS].n < ENOUGH)
            continue;
        s = r->spread[from][TN_QUANTITY_SECONDS];
        over = tn_normal_above(s.mean, sqrt(s.variance), others[i].bound);
        beta = slope(r, at, from, what);
        *mean += beta * (over.mean - s.mean);
        *variance = fmax(LEAST_VARIANCE, *variance - beta * beta * (s.variance - over.variance));
    }
    return true;
}

/* ---- out of a file ---- */

static bool sane_pair(const struct tn_pair *p)
{
    return isfinite(p->n) && isfinite(p->mean_x) && isfinite(p->mean_y) && isfinite(p->var_x) && isfinite(p->cov) && isfinite(p->residual) &&
           (p->n == 0 || (p->var_x > 0 && p->residual >= 0 && p->n > 0));
}

void tn_relations_forget(struct tn_relations *r, uint8_t cluster)
{
    unsigned at = place_of(r, cluster), last = r->count - 1;

    if (at == NONE)
        return;
    r->cluster[at] = r->cluster[last]; /* the last one takes its place */
    memcpy(r->spread[at], r->spread[last], sizeof r->spread[at]);
    memcpy(r->pair[at], r->pair[last], sizeof r->pair[at]);
    memset(r->spread[last], 0, sizeof r->spread[last]);
    memset(r->pair[last], 0, sizeof r->pair[last]);
    for (unsigned i = 0; i < TN_RELATED; i++)
        for (unsigned what = 0; what < TN_QUANTITIES; what++) {
            r->pair[i][what][at] = r->pair[i][what][last];
            r->pair[i][what][last] = (struct tn_pair){.n = 0};
        }
    r->count--;
}

bool tn_relations_sane(const struct tn_relations *r)
{
    if (r->count > TN_RELATED)
        return false;
    for (unsigned i = 0; i < r->count; i++)
        for (unsigned q = 0; q < TN_QUANTITIES; q++) {
            const struct tn_spread *s = &r->spread[i][q];

            if (!isfinite(s->mean) || !isfinite(s->variance) || !isfinite(s->n) || s->variance <= 0 || s->n < 0)
                return false;
            for (unsigned j = 0; j < r->count; j++)
                if (!sane_pair(&r->pair[i][q][j]))
                    return false;
        }
    return true;
}

/* relation.h - how clusters follow one another from shape to shape (cost routing 2): a regression per ordered pair of clusters, of
 * ln seconds and of ln bills on ln seconds. One cluster's time may hardly depend on the shape while another's runs over five
 * orders; effects of clusters alone (stats/world.h) give everybody the slope 1.
 *
 * A quantity is what one cluster shows of a shape. All are without the shift A of the cluster. Not locked: the owner does. */
#ifndef TN_STATS_RELATION_H
#define TN_STATS_RELATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TN_RELATED = 32 }; /* clusters that are kept; who comes later has no relations */
enum tn_quantity { TN_QUANTITY_SECONDS, TN_QUANTITY_BILL, TN_QUANTITIES };

struct tn_spread { /* of one quantity over shapes */
    double mean, variance, n;
};

struct tn_pair { /* y of one cluster over x = ln seconds of another */
    float n, mean_x, mean_y, var_x, cov, residual;
};

struct tn_relations {
    unsigned         count;
    uint8_t          cluster[TN_RELATED];
    struct tn_spread spread[TN_RELATED][TN_QUANTITIES];
    struct tn_pair   pair[TN_RELATED][TN_QUANTITIES][TN_RELATED]; /* [of][what][from] */
};

struct tn_observed { /* of one shape on one cluster */
    uint8_t cluster;
    bool    known, bounded, billed;
    double  seconds, variance; /* known: mean of ln seconds and its variance */
    double  bound;             /* bounded: ln seconds that it takes longer than */
    double  bill;              /* billed: ln micro-dollars */
};

/* CLUSTER showed WHAT of a shape for the first time; OTHERS: all that is known of the shape, CLUSTER itself included (it is passed over).
 * IMPUTED: with such a value a bound of it was learned before. */
void tn_relations_learn(struct tn_relations *relations, uint8_t cluster, enum tn_quantity what, double y, const double *imputed,
                        const struct tn_observed *others, size_t count);
/* It takes longer than BOUND, which is all that is known: learned as the mean above it, which is returned in IMPUTED. False while
 * too few shapes were seen to say what that is. */
bool tn_relations_impute(const struct tn_relations *relations, uint8_t cluster, double bound, double *imputed, double *variance);
void tn_relations_learn_bound(struct tn_relations *relations, uint8_t cluster, double bound);

/* What is believed of WHAT on CLUSTER before it is seen: by the best of the known others, else by the mean over shapes moved by
 * what others are known to take longer than. False while too few shapes were seen. */
bool tn_relations_prior(const struct tn_relations *relations, uint8_t cluster, enum tn_quantity what, const struct tn_observed *others,
                        size_t count, double *mean, double *variance);
/* Slope of ln seconds of CLUSTER over those of FROM. */
double tn_relations_slope(const struct tn_relations *relations, uint8_t cluster, uint8_t from);

/* What is known of CLUSTER, and from it. */
void tn_relations_forget(struct tn_relations *relations, uint8_t cluster);

/* Every number is one, every variance positive. */
bool tn_relations_sane(const struct tn_relations *relations);

#endif

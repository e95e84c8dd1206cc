/* sizes.h - how large what a statement's literals ask for is: rows of LIMIT, elements of the longest list, rows of VALUES,
 * width of the widest range. Fed with the tokens in order; values of parameters may stand in for `$1` and `?`.
 * Internal to features.c; the answers are in struct tn_features. */
#ifndef TN_STATS_SIZES_H
#define TN_STATS_SIZES_H

#include "stats/lexer.h"
#include "stats/word.h"

enum { TN_SIZES_BOUNDS = 4 }; /* columns with one bound that is known, `d >= x` waiting for `d < y` */

enum tn_bound_kind { TN_BOUND_NONE, TN_BOUND_NUMBER, TN_BOUND_TIME };

struct tn_bound {
    enum tn_bound_kind kind;
    double             value; /* seconds for a time */
};

struct tn_sizes {
    struct tn_features  *out;
    const struct tn_str *params;
    unsigned             param_count, unnumbered;
    size_t               depth, list_depth, values_depth, limit_depth; /* SIZE_MAX = none */
    unsigned             elements;
    bool                 negative, between, in_between, in_interval, wait_unit, after_limit;
    bool                 valued;     /* another value of a literal might tell another size (but of a number right behind LIMIT) */
    char                 compared;   /* < or > whose right side comes next */
    uint64_t             column;     /* left of it */
    double               interval;   /* number that waits for its unit */
    struct tn_bound      low;        /* of BETWEEN */
    struct {
        uint64_t        column;
        struct tn_bound low, high;
        bool            below, above, param; /* which were seen; one of them is a parameter */
    } bounds[TN_SIZES_BOUNDS];
    unsigned             bound_count;
    struct tn_token      last, last2;
    enum tn_word         w1, w2; /* of the token before, and of the one before that */
};

void tn_sizes_init(struct tn_sizes *sizes, struct tn_features *out, const struct tn_str *params, unsigned param_count);
void tn_sizes_token(struct tn_sizes *sizes, const struct tn_token *token, enum tn_word word);

#endif

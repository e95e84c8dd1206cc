/* cell.h - what one shape showed on one cluster: 32 bytes as they lie in the store, and the same as numbers.
 *
 * Durations are y = ln(seconds), never below ln(floor_s). A cell is learned by stats/learn.c; the meaning of every member is
 * that of the policy (mean and variance of a normal belief about y, a bound instead of a mean while no run was complete). */
#ifndef TN_STATS_CELL_H
#define TN_STATS_CELL_H

#include "base/rand.h"

#include <stdbool.h>
#include <stdint.h>

/* Log codes: 16 bits for a positive number from 2.1e-8 to 4.8e7 (others count as these), within 2.7e-4 of it; 0 = none. */
struct tn_cell {
    float    m;          /* mean of y */
    uint16_t P;          /* log code: variance of that mean */
    uint16_t n;          /* completed runs, saturated */
    int16_t  cen;        /* bound on y in 1/2048, while n == 0; INT16_MIN = none */
    uint8_t  ncen;       /* times the bound was survived */
    int8_t   run;        /* surprise run, 1/16 */
    uint16_t last;       /* visits of the shape at the last look, mod 65536 */
    int16_t  A0;         /* shift of the cluster at the last write, 1/4096 */
    uint8_t  succ, fail; /* decayed counts, 1/16 */
    uint16_t M2;         /* log code: decayed variance of y, for reports */
    float    cost;       /* moving mean of the bill, micro-dollars; < 0: a lower bound (of cut runs); 0 = none */
    uint16_t p50, p95;   /* log codes of seconds, for reports; 0 = from m and M2 */
    uint32_t hist;       /* place in the store's pool of histograms, 0 = none */
};
_Static_assert(sizeof(struct tn_cell) == 32, "a cell is 32 bytes");

struct tn_belief { /* a cell as numbers */
    double   m, P;
    unsigned n;
    bool     bounded; /* cen is there */
    double   cen;
    unsigned ncen;
    double   run;
    uint16_t last;
    double   A0;
    double   succ, fail;
    double   cost; /* micro-dollars */
    double   M2;
};

void tn_cell_init(struct tn_cell *cell); /* nothing known */
void tn_cell_load(const struct tn_cell *cell, struct tn_belief *out);
/* The same without M2 (0): what a decision needs. */
void tn_cell_look(const struct tn_cell *cell, struct tn_belief *out);
/* Rounds; keeps p50, p95 and hist. */
void tn_cell_store(struct tn_cell *cell, const struct tn_belief *belief);

/* m + BY, or the bound + BY while there is no run, and nothing else: what loading and storing it again would give. */
void tn_cell_move(struct tn_cell *cell, double by);

uint16_t tn_log_code(double x); /* 0 for x <= 0 and what is no number */
double   tn_log_decode(uint16_t code);

/* n and the counts of results times FACTOR, n at most MOST and at least 1; P as much wider, at least LEAST_P. A cell without a
 * run stays as it is. Fractions are rounded by the lot of RAND, so that many small steps come to as much as one large one: a count of 50
 * that loses a hundredth each time would stay 50 for ever. RAND NULL: to the nearest, for who only shows it. */
#define TN_CELL_MOST_P 4.0 /* wider than that says nothing more */
void tn_cell_discount(struct tn_cell *cell, double factor, unsigned most, double least_P, struct tn_rand *rand);
/* What was learned in two places (or before and after an eviction) as if in one: counts add, moments by Chan's formula. The
 * time of the last look stays that of CELL; hist stays, p50 and p95 are forgotten. */
void tn_cell_merge(struct tn_cell *cell, const struct tn_cell *older);

/* P50 and P95 in seconds: histogram or moments; false when there is no complete run. */
bool tn_cell_quantiles(const struct tn_cell *cell, double *p50, double *p95);

#endif

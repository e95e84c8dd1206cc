#include "stats/cell.h"

#include "base/compiler.h"

#include <math.h>
#include <stdatomic.h>

/* 65,535 codes around 1.0: e^-17.7 to e^17.7, rounded to 1/1852 of a natural logarithm. */
enum { STEPS_PER_NAT = 1852, CODE_OF_ONE = 32768 };

static const double z95 = 1.6448536269514722; /* 95th percentile of the standard normal */

uint16_t tn_log_code(double x)
{
    double code;

    if (!(x > 0.0))
        return 0;
    code = round(log(x) * STEPS_PER_NAT) + CODE_OF_ONE;
    return (uint16_t)TN_MAX(TN_MIN(code, 65535.0), 1.0);
}

/* Five cells of a shape are two exp() each, at every decision; a few thousand codes are all that is ever seen. What is in the table is
 * what exp() gave, so nothing depends on who was here before. */
double tn_log_decode(uint16_t code)
{
    static _Atomic double known[65536];
    double                x = atomic_load_explicit(&known[code], memory_order_relaxed);

    if (x > 0.0 || code == 0)
        return x;
    x = exp(((double)code - CODE_OF_ONE) / STEPS_PER_NAT);
    atomic_store_explicit(&known[code], x, memory_order_relaxed);
    return x;
}

/* X in units of 1/SCALE, rounded (halves away from zero), within [LOW, HIGH]; what is no number is 0. */
static int fixed(double x, double scale, int low, int high)
{
    double value = x * scale, rest;
    int    whole;

    if (!(value > low)) /* also no number at all */
        return value <= low ? low : 0;
    if (!(value < high))
        return high;
    whole = (int)value;
    rest = value - whole; /* exact */
    return whole + (rest >= .5) - (rest <= -.5);
}

void tn_cell_init(struct tn_cell *cell)
{
    *cell = (struct tn_cell){.cen = INT16_MIN};
}

void tn_cell_load(const struct tn_cell *cell, struct tn_belief *out)
{
    tn_cell_look(cell, out);
    out->M2 = tn_log_decode(cell->M2);
}

void tn_cell_look(const struct tn_cell *cell, struct tn_belief *out)
{
    *out = (struct tn_belief){
        .m = (double)cell->m,
        .P = tn_log_decode(cell->P),
        .n = cell->n,
        .bounded = cell->cen != INT16_MIN,
        .cen = cell->cen != INT16_MIN ? cell->cen / 2048.0 : 0.0,
        .ncen = cell->ncen,
        .run = cell->run / 16.0,
        .last = cell->last,
        .A0 = cell->A0 / 4096.0,
        .succ = cell->succ / 16.0,
        .fail = cell->fail / 16.0,
        .cost = (double)cell->cost,
        .M2 = 0,
    };
}

/* The code of X, where CODE was that of a number like it: mostly it still is, and that is seen without a logarithm. */
static uint16_t code_near(uint16_t code, double x)
{
    double was = tn_log_decode(code);

    return fabs(x - was) * STEPS_PER_NAT < .49 * was ? code : tn_log_code(x);
}

void tn_cell_store(struct tn_cell *cell, const struct tn_belief *belief)
{
    cell->m = isfinite(belief->m) ? (float)belief->m : 0.0f;
    cell->P = code_near(cell->P, belief->P);
    cell->n = (uint16_t)TN_MIN(belief->n, 65535u);
    cell->cen = belief->bounded ? (int16_t)fixed(belief->cen, 2048, -32767, 32767) : INT16_MIN;
    cell->ncen = (uint8_t)TN_MIN(belief->ncen, 255u);
    cell->run = (int8_t)fixed(belief->run, 16, -127, 127);
    cell->last = belief->last;
    cell->A0 = (int16_t)fixed(belief->A0, 4096, -32767, 32767);
    cell->succ = (uint8_t)fixed(belief->succ, 16, 0, 255);
    cell->fail = (uint8_t)fixed(belief->fail, 16, 0, 255);
    cell->cost = isfinite(belief->cost) ? (float)belief->cost : 0.0f;
    cell->M2 = code_near(cell->M2, belief->M2);
}

void tn_cell_move(struct tn_cell *cell, double by)
{
    double m = (double)cell->m + by;

    if (cell->n > 0)
        cell->m = isfinite(m) ? (float)m : 0.0f;
    else if (cell->cen != INT16_MIN)
        cell->cen = (int16_t)fixed(cell->cen / 2048.0 + by, 2048, -32767, 32767);
}

bool tn_cell_quantiles(const struct tn_cell *cell, double *p50, double *p95)
{
    if (cell->n == 0)
        return false;
    *p50 = cell->p50 != 0 ? tn_log_decode(cell->p50) : exp((double)cell->m);
    *p95 = cell->p95 != 0 ? tn_log_decode(cell->p95) : exp((double)cell->m + z95 * sqrt(tn_log_decode(cell->M2)));
    *p95 = TN_MAX(*p95, *p50);
    return true;
}

static double whole(double x, struct tn_rand *rand)
{
    return rand == NULL ? round(x) : floor(x + tn_rand_unit(rand));
}

/* Fewer runs are a wider belief about the mean: P grows as n shrinks. Never to no run at all, which means something else. */
void tn_cell_discount(struct tn_cell *cell, double factor, unsigned most, double least_P, struct tn_rand *rand)
{
    double n = cell->n * factor, P = tn_log_decode(cell->P);

    if (cell->n == 0)
        return;
    n = TN_MAX(TN_MIN(whole(n, rand), (double)most), 1.0);
    P = TN_MAX(TN_MIN(TN_MAX(P * cell->n / n, least_P), TN_CELL_MOST_P), P);
    cell->P = tn_log_code(P);
    cell->n = (uint16_t)n;
    cell->succ = (uint8_t)whole(cell->succ * factor, rand);
    cell->fail = (uint8_t)whole(cell->fail * factor, rand);
}

/* Pooled variance and mean (Chan, Golub, LeVeque 1979); the belief about the mean by its precisions, which is the same
 * where P = variance / n, and right where one of the two had more reason to be sure. */
static void merge_runs(struct tn_belief *into, const struct tn_belief *older)
{
    double n1 = into->n, n2 = older->n, n = n1 + n2;
    double P1 = TN_MAX(into->P, 1e-6), P2 = TN_MAX(older->P, 1e-6);
    double m2 = older->m + into->A0 - older->A0; /* as if written at the same shift of the cluster */
    double delta = m2 - into->m;

    into->M2 = (n1 * into->M2 + n2 * older->M2) / n + delta * delta * n1 * n2 / (n * n);
    into->m = (into->m / P1 + m2 / P2) / (1 / P1 + 1 / P2);
    into->P = 1 / (1 / P1 + 1 / P2);
    into->n = (unsigned)TN_MIN(n, 65535.0);
    if (into->cost == 0.0)
        into->cost = older->cost;
    else if (older->cost != 0.0 && (into->cost > 0.0) == (older->cost > 0.0))
        into->cost = (n1 * into->cost + n2 * older->cost) / n;
    else
        into->cost = TN_MAX(into->cost, older->cost); /* a bill says more than a bound of one */
}

static void merge_bounds(struct tn_belief *into, const struct tn_belief *older)
{
    double cen = older->cen + into->A0 - older->A0;

    if (!older->bounded)
        return;
    into->cen = into->bounded ? TN_MAX(into->cen, cen) : cen;
    into->bounded = true;
    into->ncen += older->ncen;
}

void tn_cell_merge(struct tn_cell *cell, const struct tn_cell *older)
{
    struct tn_belief a, b;

    tn_cell_load(cell, &a);
    tn_cell_load(older, &b);
    if (a.n > 0 && b.n > 0) {
        merge_runs(&a, &b);
    } else if (b.n > 0) { /* runs say more than a bound */
        a.m = b.m + a.A0 - b.A0;
        a.P = b.P;
        a.n = b.n;
        a.M2 = b.M2;
        a.cost = b.cost;
        a.bounded = false;
        a.ncen = 0;
    } else if (a.n == 0) {
        merge_bounds(&a, &b);
        a.cost = a.cost == 0.0 ? b.cost : a.cost;
    }
    a.succ += b.succ;
    a.fail += b.fail;
    tn_cell_store(cell, &a);
    cell->p50 = cell->p95 = 0; /* of neither */
}

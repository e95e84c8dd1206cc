/* cell_test.c - codes within their bounds, discounting and merging against sums computed from the values themselves. */
#include "stats/cell.h"

#include "base/compiler.h"
#include "base/rand.h"
#include "stats/store_hot.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double normal(struct tn_rand *rand) /* Box and Muller */
{
    double u = 1.0 - tn_rand_unit(rand), v = tn_rand_unit(rand);

    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

static void test_log_code(void)
{
    struct tn_rand rand = {.state = 1};

    CU_ASSERT_EQUAL(tn_log_code(0), 0);
    CU_ASSERT_EQUAL(tn_log_code(-1), 0);
    CU_ASSERT_EQUAL(tn_log_code(NAN), 0);
    CU_ASSERT_EQUAL(tn_log_code(INFINITY), 65535);
    CU_ASSERT_EQUAL(tn_log_code(1e-300), 1);
    CU_ASSERT_EQUAL(tn_log_decode(0), 0.0);
    CU_ASSERT_DOUBLE_EQUAL(tn_log_decode(tn_log_code(1.0)), 1.0, 0);
    for (int i = 0; i < 100000; i++) {
        double x = exp((tn_rand_unit(&rand) - .5) * 35), back = tn_log_decode(tn_log_code(x));

        if (fabs(back / x - 1) > 2.71e-4) {
            CU_FAIL("code");
            break;
        }
    }
    for (unsigned code = 0; code < 65536; code++)
        if (tn_log_code(tn_log_decode((uint16_t)code)) != code) {
            CU_FAIL("a code is not its own");
            break;
        }
}

static void test_round_trip(void)
{
    struct tn_rand rand = {.state = 2};

    for (unsigned i = 0; i < 10000; i++) {
        struct tn_cell   cell = {.p50 = 7, .p95 = 8, .hist = 9};
        struct tn_belief in = {.m = normal(&rand) * 3, .P = exp(normal(&rand) * 2 - 3), .n = (unsigned)tn_rand_below(&rand, 70000),
                               .bounded = i % 2 == 0, .cen = tn_rand_unit(&rand) * 15 - 7, .ncen = i % 300,
                               .run = tn_rand_unit(&rand) * 14 - 7, .last = (uint16_t)i, .A0 = tn_rand_unit(&rand) * 10 - 5,
                               .succ = tn_rand_unit(&rand) * 15, .fail = tn_rand_unit(&rand) * 15,
                               .cost = normal(&rand) * 1e6, .M2 = exp(normal(&rand))};
        struct tn_belief out;

        tn_cell_store(&cell, &in);
        tn_cell_load(&cell, &out);
        CU_ASSERT_DOUBLE_EQUAL(out.m, in.m, 1e-6 * (1 + fabs(in.m)));
        CU_ASSERT_DOUBLE_EQUAL(out.P / in.P, 1, 2.71e-4);
        CU_ASSERT_EQUAL(out.n, in.n > 65535 ? 65535 : in.n);
        CU_ASSERT_EQUAL(out.bounded, in.bounded);
        if (in.bounded)
            CU_ASSERT_DOUBLE_EQUAL(out.cen, in.cen, 1 / 4096.0 + 1e-12);
        CU_ASSERT_EQUAL(out.ncen, in.ncen > 255 ? 255 : in.ncen);
        CU_ASSERT_DOUBLE_EQUAL(out.run, in.run, 1 / 32.0 + 1e-12);
        CU_ASSERT_EQUAL(out.last, in.last);
        CU_ASSERT_DOUBLE_EQUAL(out.A0, in.A0, 1 / 8192.0 + 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(out.succ, in.succ, 1 / 32.0 + 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(out.fail, in.fail, 1 / 32.0 + 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(out.cost, in.cost, 1e-6 * (1 + fabs(in.cost)));
        CU_ASSERT_DOUBLE_EQUAL(out.M2 / in.M2, 1, 2.71e-4);
        CU_ASSERT(cell.p50 == 7 && cell.p95 == 8 && cell.hist == 9);
    }
}

/* Reading a code and writing it again changes nothing, and where a cell moves that is all that happens to it. */
static void test_move(void)
{
    struct tn_rand rand = {12};

    for (unsigned code = 0; code < 65536; code++) {
        struct tn_cell   moved, stored;
        struct tn_belief belief;
        double           by = tn_rand_unit(&rand) - .5;

        CU_ASSERT_EQUAL(tn_log_code(tn_log_decode((uint16_t)code)), code);
        moved = (struct tn_cell){.m = (float)(10 * by), .P = (uint16_t)code, .n = (uint16_t)(code % 700), .cen = (int16_t)(code - 32768), .ncen = 3,
                                 .run = (int8_t)(code % 255 - 127), .last = (uint16_t)code, .A0 = (int16_t)(code % 65535 - 32767), .succ = (uint8_t)code,
                                 .fail = (uint8_t)(code / 7), .M2 = (uint16_t)(65535 - code), .cost = (float)by, .p50 = 1, .p95 = 2, .hist = 3};
        stored = moved;
        tn_cell_load(&stored, &belief);
        if (belief.n > 0)
            belief.m += by;
        else
            belief.cen += belief.bounded ? by : 0;
        tn_cell_store(&stored, &belief);
        tn_cell_move(&moved, by);
        CU_ASSERT(memcmp(&moved, &stored, sizeof moved) == 0);
    }
}

static void test_extremes(void)
{
    struct tn_cell   cell;
    struct tn_belief in = {.m = NAN, .P = INFINITY, .bounded = true, .cen = 1e9, .run = -1e9, .A0 = NAN, .succ = 1e9, .fail = -1,
                           .cost = INFINITY},
                     out;

    tn_cell_init(&cell);
    tn_cell_load(&cell, &out);
    CU_ASSERT(out.n == 0 && !out.bounded && out.P == 0 && out.cost == 0);
    tn_cell_store(&cell, &in);
    tn_cell_load(&cell, &out);
    CU_ASSERT(out.m == 0 && out.bounded && out.cen < 16.01 && out.run > -8.01 && out.A0 == 0 && out.fail == 0 && out.cost == 0);
    in.cen = -1e9; /* the least value is still a bound */
    tn_cell_store(&cell, &in);
    tn_cell_load(&cell, &out);
    CU_ASSERT(out.bounded && out.cen < -15.9);
}

static void test_discount(void)
{
    struct tn_cell   cell;
    struct tn_belief belief = {.m = 1, .P = .01, .n = 1000, .succ = 8, .fail = 4}, out;

    tn_cell_store(&cell, &belief);
    tn_cell_discount(&cell, .5, 65535, 0, NULL);
    tn_cell_load(&cell, &out);
    CU_ASSERT(out.n == 500 && fabs(out.P / .02 - 1) < 1e-3 && out.succ == 4 && out.fail == 2 && out.m == 1);
    tn_cell_discount(&cell, 1, 50, 0, NULL);
    tn_cell_load(&cell, &out);
    CU_ASSERT(out.n == 50 && fabs(out.P / .2 - 1) < 1e-3);
    tn_cell_discount(&cell, .1, 65535, .25, NULL);
    tn_cell_load(&cell, &out);
    CU_ASSERT(out.n == 5 && fabs(out.P / 2 - 1) < 1e-3);
    tn_cell_discount(&cell, 1e-9, 65535, 0, NULL);
    tn_cell_load(&cell, &out);
    CU_ASSERT(out.n == 1 && fabs(out.P / TN_CELL_MOST_P - 1) < 1e-3);
    tn_cell_init(&cell);
    tn_cell_discount(&cell, .5, 50, .25, NULL);
    CU_ASSERT(cell.n == 0 && cell.P == 0);
}

/* Many small steps are as one large one, on average: exact powers of the factor, whatever the step. */
static void test_discount_is_unbiased(void)
{
    enum { CELLS = 4000 };
    static const struct {
        double   factor;
        unsigned steps;
    } ways[] = {{.5, 2}, {.9, 13}, {.99, 138}, {.9975, 554}};
    struct tn_rand rand = {.state = 9};

    for (size_t w = 0; w < TN_ARRAY_LEN(ways); w++) {
        double n = 0, succ = 0, want = pow(ways[w].factor, ways[w].steps);

        for (unsigned i = 0; i < CELLS; i++) {
            struct tn_cell cell = {.P = tn_log_code(.01), .n = 50, .succ = 150};

            for (unsigned k = 0; k < ways[w].steps; k++)
                tn_cell_discount(&cell, ways[w].factor, UINT16_MAX, 0, &rand);
            n += cell.n;
            succ += cell.succ;
            CU_ASSERT(fabs(tn_log_decode(cell.P) * cell.n / .5 - 1) < .2); /* as wide as the runs that are left say; codes are rounded at each step */
        }
        CU_ASSERT_DOUBLE_EQUAL(n / CELLS / 50, want, .01); /* 12 of 50, 4,000 times: sd below .001 */
        CU_ASSERT_DOUBLE_EQUAL(succ / CELLS / 150, want, .01);
    }
}

/* The cell of values Y[0..N): mean, variance, variance of the mean. */
static void of_values(struct tn_cell *cell, const double *y, unsigned n)
{
    struct tn_belief belief = {.n = n, .cost = 10.0 * n};

    for (unsigned i = 0; i < n; i++)
        belief.m += y[i] / n;
    for (unsigned i = 0; i < n; i++)
        belief.M2 += (y[i] - belief.m) * (y[i] - belief.m) / n;
    belief.P = .3 / n;
    tn_cell_init(cell);
    tn_cell_store(cell, &belief);
}

static void test_merge(void)
{
    struct tn_rand rand = {.state = 3};

    for (int i = 0; i < 2000; i++) {
        double           y[400];
        unsigned         n = 2 + (unsigned)tn_rand_below(&rand, 398), cut = 1 + (unsigned)tn_rand_below(&rand, n - 1);
        struct tn_cell   first, second, all;
        struct tn_belief merged, whole;

        for (unsigned k = 0; k < n; k++)
            y[k] = normal(&rand) * .7 + (k < cut ? 0 : 1.5);
        of_values(&first, y, cut);
        of_values(&second, y + cut, n - cut);
        of_values(&all, y, n);
        tn_cell_merge(&second, &first);
        tn_cell_load(&second, &merged);
        tn_cell_load(&all, &whole);
        CU_ASSERT_EQUAL(merged.n, whole.n);
        CU_ASSERT_DOUBLE_EQUAL(merged.m, whole.m, 2e-3);
        CU_ASSERT_DOUBLE_EQUAL(merged.M2 / whole.M2, 1, 2e-3);
        CU_ASSERT_DOUBLE_EQUAL(merged.P / whole.P, 1, 2e-3);
    }
}

static void test_merge_bounds(void)
{
    struct tn_cell   a, b;
    struct tn_belief belief = {.bounded = true, .cen = 2, .ncen = 3, .A0 = .5}, out;

    tn_cell_store(&a, &belief);
    belief = (struct tn_belief){.bounded = true, .cen = 1.75, .ncen = 1, .A0 = 0}; /* 2.25 as seen from A0 = .5 */
    tn_cell_store(&b, &belief);
    tn_cell_merge(&a, &b);
    tn_cell_load(&a, &out);
    CU_ASSERT(out.bounded && fabs(out.cen - 2.25) < 1e-3 && out.ncen == 4 && out.n == 0);
    belief = (struct tn_belief){.m = 3, .P = .1, .n = 4, .A0 = 0, .cost = 5, .succ = 2};
    tn_cell_store(&b, &belief);
    tn_cell_merge(&a, &b); /* runs say more than a bound */
    tn_cell_load(&a, &out);
    CU_ASSERT(!out.bounded && out.n == 4 && fabs(out.m - 3.5) < 1e-3 && out.cost == 5 && out.succ == 2);
    belief = (struct tn_belief){.bounded = true, .cen = 9};
    tn_cell_store(&b, &belief);
    tn_cell_merge(&a, &b);
    CU_ASSERT(a.n == 4 && a.cen == INT16_MIN);
}

static void test_quantiles(void)
{
    struct tn_cell   cell;
    struct tn_belief belief = {.m = log(2), .M2 = .25, .n = 3};
    double           p50, p95;

    tn_cell_init(&cell);
    CU_ASSERT_FALSE(tn_cell_quantiles(&cell, &p50, &p95));
    tn_cell_store(&cell, &belief);
    CU_ASSERT_TRUE(tn_cell_quantiles(&cell, &p50, &p95));
    CU_ASSERT_DOUBLE_EQUAL(p50, 2, 1e-5);
    CU_ASSERT_DOUBLE_EQUAL(p95, 2 * exp(1.6448536 * .5), 2e-3);
    cell.p50 = tn_log_code(3);
    cell.p95 = tn_log_code(9);
    CU_ASSERT_TRUE(tn_cell_quantiles(&cell, &p50, &p95));
    CU_ASSERT(fabs(p50 / 3 - 1) < 3e-4 && fabs(p95 / 9 - 1) < 3e-4);
}

/* ---- histograms ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void check_quantiles(double *seconds, unsigned n, const struct tn_hot *hot, double most)
{
    static const double qs[] = {.01, .25, .5, .9, .95, .99, 1};

    qsort(seconds, n, sizeof *seconds, by_value);
    for (unsigned i = 0; i < sizeof qs / sizeof qs[0]; i++) {
        double exact = seconds[(unsigned)ceil(qs[i] * n) - 1], told = tn_hot_quantile(hot, qs[i]);

        if (fabs(told / exact - 1) > most)
            fprintf(stderr, "q %g: %g for %g, folds %u\n", qs[i], told, exact, hot->folds);
        CU_ASSERT(fabs(told / exact - 1) <= most);
    }
}

/* Within 1.6 %, twice that after each collapse (adaptive G8, 1). */
static void test_hot_error(void)
{
    static const double most[] = {.016, .031, .063, .126};
    struct tn_rand      rand = {.state = 4};
    unsigned            folded[TN_HOT_MOST_FOLDS + 1] = {0};

    for (int r = 0; r < 400; r++) {
        struct tn_hot hot;
        double        seconds[400];
        unsigned      n = 1 + (unsigned)tn_rand_below(&rand, 400);
        double        low = log(1e-6) + tn_rand_unit(&rand) * 18, span = tn_rand_unit(&rand) * 14;

        tn_hot_init(&hot);
        for (unsigned i = 0; i < n; i++) {
            seconds[i] = exp(low + tn_rand_unit(&rand) * span);
            seconds[i] = TN_MAX(TN_MIN(seconds[i], 3600.0), 1e-6);
            tn_hot_add(&hot, seconds[i], 1);
        }
        CU_ASSERT_EQUAL(hot.total, n);
        CU_ASSERT_FATAL(hot.folds <= TN_HOT_MOST_FOLDS);
        folded[hot.folds]++;
        check_quantiles(seconds, n, &hot, most[hot.folds]);
    }
    CU_ASSERT(folded[0] > 20 && folded[1] > 20 && folded[2] > 5);
}

static void test_hot_bounds(void)
{
    struct tn_hot hot;

    tn_hot_init(&hot);
    CU_ASSERT_EQUAL(tn_hot_quantile(&hot, .5), 0.0);
    tn_hot_add(&hot, -1, 1);
    tn_hot_add(&hot, 0, 1);
    tn_hot_add(&hot, NAN, 1);
    CU_ASSERT_DOUBLE_EQUAL(tn_hot_quantile(&hot, 1), 1e-6, 2e-8);
    tn_hot_add(&hot, 1e12, 5);
    CU_ASSERT_DOUBLE_EQUAL(tn_hot_quantile(&hot, .99) / 3600, 1, .13);
    tn_hot_add(&hot, 1, 100000); /* saturates */
    CU_ASSERT_EQUAL(hot.total, 65535);
}

static void fill(struct tn_hot *hot, struct tn_hot *also, struct tn_rand *rand, double centre, double sd, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        double seconds = exp(centre + sd * normal(rand));

        tn_hot_add(hot, seconds, 1);
        tn_hot_add(also, seconds, 1);
    }
}

/* Merged is as if all had gone into one (adaptive G8, 1). */
static void test_hot_merge(void)
{
    struct tn_rand rand = {.state = 5};

    for (int round = 0; round < 200; round++) {
        struct tn_hot a, b, all;

        tn_hot_init(&a);
        tn_hot_init(&b);
        tn_hot_init(&all);
        fill(&a, &all, &rand, normal(&rand) * 2, tn_rand_unit(&rand), 100);
        fill(&b, &all, &rand, normal(&rand) * 2, tn_rand_unit(&rand), 150);
        tn_hot_merge(&a, &b);
        CU_ASSERT_EQUAL(a.total, 250);
        CU_ASSERT_EQUAL(a.folds, all.folds);
        for (double q = .01; q < 1; q += .01)
            CU_ASSERT_EQUAL(tn_hot_quantile(&a, q), tn_hot_quantile(&all, q));
    }
}

/* Halved without a drift (adaptive G8, 1). */
static void test_hot_halve(void)
{
    struct tn_rand rand = {.state = 6};
    struct tn_hot  hot;
    double         sum = 0;
    enum { ROUNDS = 20000 };

    for (int i = 0; i < ROUNDS; i++) {
        tn_hot_init(&hot);
        for (unsigned k = 0; k < 50; k++)
            tn_hot_add(&hot, .001 * exp(k * .05), 1); /* ones, which rounding down would lose */
        tn_hot_halve(&hot, &rand);
        sum += hot.total;
    }
    CU_ASSERT_DOUBLE_EQUAL(sum / ROUNDS / 25, 1, .003); /* 50 coins, 20,000 times: sd 0.001 */
    /* a million values, halved every 256: neither median nor tail drifts */
    double p50 = 0, p95 = 0;
    int    looks = 0;
    tn_hot_init(&hot);
    for (int i = 0; i < 1000000; i++) {
        tn_hot_add(&hot, exp(.5 * normal(&rand)), 1);
        if (hot.total >= TN_HOT_CAP)
            tn_hot_halve(&hot, &rand);
        if (i % 100 == 99 && i > 1000) {
            p50 += log(tn_hot_quantile(&hot, .5));
            p95 += log(tn_hot_quantile(&hot, .95));
            looks++;
        }
    }
    CU_ASSERT_DOUBLE_EQUAL(p50 / looks, 0, .01);
    CU_ASSERT_DOUBLE_EQUAL(p95 / looks, .5 * 1.6448536, .01 + .02); /* an order statistic of 190 is itself a little off */
    CU_ASSERT(hot.folds <= 1);
}

static void test_hot_unfold(void)
{
    struct tn_rand rand = {.state = 8};
    struct tn_hot  hot;

    tn_hot_init(&hot);
    tn_hot_add(&hot, 1e-3, 1);
    tn_hot_add(&hot, 3000, 1);
    CU_ASSERT_EQUAL(hot.folds, 2);
    for (int i = 0; i < 5000; i++) { /* the two outliers fade */
        tn_hot_add(&hot, 1.7 + .001 * (i % 5), 1);
        if (hot.total >= TN_HOT_CAP)
            tn_hot_halve(&hot, &rand);
    }
    CU_ASSERT_EQUAL(hot.folds, 0);
    CU_ASSERT_DOUBLE_EQUAL(tn_hot_quantile(&hot, .5) / 1.702, 1, .016);
}

static void test_hot_seed(void)
{
    struct tn_hot hot;

    tn_hot_init(&hot);
    tn_hot_seed(&hot, log(3), .5, 1000);
    CU_ASSERT_DOUBLE_EQUAL(tn_hot_quantile(&hot, .5) / 3, 1, .02);
    CU_ASSERT_DOUBLE_EQUAL(tn_hot_quantile(&hot, .95) / (3 * exp(.5 * 1.6448536)), 1, .03);
}

static void test_hot_encoding(void)
{
    struct tn_rand rand = {.state = 7};
    unsigned char  bytes[TN_HOT_ENCODED];
    struct tn_hot  hot, back;

    for (unsigned r = 0; r < 2000; r++) {
        unsigned size;

        tn_hot_init(&hot);
        for (unsigned i = 0; i < 60; i++)
            tn_hot_add(&hot, exp(normal(&rand) * (r % 5)), 1 + r % 9);
        size = tn_hot_encode(&hot, bytes);
        CU_ASSERT_TRUE_FATAL(size <= sizeof bytes && tn_hot_decode(&back, bytes, size));
        CU_ASSERT(memcmp(&hot, &back, sizeof hot) == 0);
        CU_ASSERT_FALSE(tn_hot_decode(&back, bytes, size - 1));
        for (int k = 0; k < 20; k++) { /* whatever lies in the file: no harm */
            bytes[tn_rand_below(&rand, size)] = (unsigned char)tn_rand_next(&rand);
            if (tn_hot_decode(&back, bytes, size)) {
                tn_hot_quantile(&back, .95);
                tn_hot_add(&back, 5, 1);
                tn_hot_halve(&back, &rand);
            }
        }
    }
}

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("cell", NULL, NULL)) == NULL)
        return 1;
    CU_ADD_TEST(suite, test_log_code);
    CU_ADD_TEST(suite, test_round_trip);
    CU_ADD_TEST(suite, test_move);
    CU_ADD_TEST(suite, test_extremes);
    CU_ADD_TEST(suite, test_discount);
    CU_ADD_TEST(suite, test_discount_is_unbiased);
    CU_ADD_TEST(suite, test_merge);
    CU_ADD_TEST(suite, test_merge_bounds);
    CU_ADD_TEST(suite, test_quantiles);
    CU_ADD_TEST(suite, test_hot_error);
    CU_ADD_TEST(suite, test_hot_bounds);
    CU_ADD_TEST(suite, test_hot_merge);
    CU_ADD_TEST(suite, test_hot_halve);
    CU_ADD_TEST(suite, test_hot_unfold);
    CU_ADD_TEST(suite, test_hot_seed);
    CU_ADD_TEST(suite, test_hot_encoding);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

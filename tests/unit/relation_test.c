/* relation_test.c - regressions against closed forms, mixtures against simulation (cost routing 2 and 3). */
#include "stats/relation.h"

#include "base/alloc.h"
#include "base/rand.h"
#include "stats/mixture.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <string.h>

static double normal(struct tn_rand *rand) /* Box and Muller */
{
    double u = 1.0 - tn_rand_unit(rand), v = tn_rand_unit(rand);

    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

static struct tn_relations *relations; /* one for all: 50 KB */

static void begin(void)
{
    memset(relations, 0, sizeof *relations);
}

static void see_pair(double x, double y)
{
    struct tn_observed seen[] = {{.cluster = 4, .known = true, .seconds = x}, {.cluster = 9, .known = true, .seconds = y}};

    tn_relations_learn(relations, 4, TN_QUANTITY_SECONDS, x, NULL, seen, 1);
    tn_relations_learn(relations, 9, TN_QUANTITY_SECONDS, y, NULL, seen, 2);
}

/* The number of the first of three was given to another: the others know each other as before. */
static void test_forgotten(void)
{
    struct tn_observed seen = {.cluster = 9, .known = true, .seconds = 1};
    double             before[2], after[2];
    struct tn_rand     rand = {5};

    begin();
    for (int i = 0; i < 200; i++) {
        double             x = normal(&rand);
        struct tn_observed all[] = {{.cluster = 2, .known = true, .seconds = 3 * x}, {.cluster = 4, .known = true, .seconds = x},
                                    {.cluster = 9, .known = true, .seconds = 2 + x}};

        for (size_t c = 0; c < 3; c++)
            tn_relations_learn(relations, all[c].cluster, TN_QUANTITY_SECONDS, all[c].seconds, NULL, all, c + 1);
    }
    CU_ASSERT_TRUE(tn_relations_prior(relations, 4, TN_QUANTITY_SECONDS, &seen, 1, &before[0], &before[1]));
    tn_relations_forget(relations, 2);
    tn_relations_forget(relations, 77);
    CU_ASSERT(relations->count == 2 && tn_relations_sane(relations));
    CU_ASSERT_TRUE(tn_relations_prior(relations, 4, TN_QUANTITY_SECONDS, &seen, 1, &after[0], &after[1]));
    CU_ASSERT(before[0] == after[0] && before[1] == after[1]);
    CU_ASSERT_FALSE(tn_relations_prior(relations, 2, TN_QUANTITY_SECONDS, &seen, 1, &after[0], &after[1]));
}

/* The recursion is that of exponentially weighted moments: here as sums over everything seen, the start counting as one more pair
 * at the first one's place with variance 1 and covariance .5. */
enum { PAIRS = 250 };

static void weighted(const double *x, const double *y, double X, double out[2])
{
    double weight[PAIRS + 1], left = 1, mx = 0, my = 0, vx, cov;

    for (int i = PAIRS; i >= 1; i--) {
        double w = fmax(.01, 1.0 / (i + 3));

        weight[i] = w * left;
        left *= 1 - w;
    }
    weight[0] = left;
    for (int i = 0; i <= PAIRS; i++) {
        mx += weight[i] * x[i == 0 ? 0 : i - 1];
        my += weight[i] * y[i == 0 ? 0 : i - 1];
    }
    vx = weight[0];
    cov = .5 * weight[0];
    for (int i = 0; i <= PAIRS; i++) {
        double dx = x[i == 0 ? 0 : i - 1] - mx, dy = y[i == 0 ? 0 : i - 1] - my;

        vx += weight[i] * dx * dx;
        cov += weight[i] * dx * dy;
    }
    out[0] = cov / vx;
    out[1] = my + cov / vx * (X - mx);
}

static void test_regression(void)
{
    struct tn_rand     rand = {3};
    struct tn_observed known = {.cluster = 4, .known = true, .seconds = 1.7, .variance = .04};
    double             x[PAIRS], y[PAIRS], want[2], mean, variance;

    begin();
    for (unsigned i = 0; i < PAIRS; i++) {
        x[i] = 2 * normal(&rand);
        y[i] = 1 + .3 * x[i] + .4 * normal(&rand);
        see_pair(x[i], y[i]);
    }
    weighted(x, y, 1.7, want);
    CU_ASSERT_TRUE_FATAL(tn_relations_prior(relations, 9, TN_QUANTITY_SECONDS, &known, 1, &mean, &variance));
    CU_ASSERT_DOUBLE_EQUAL(mean, want[1], 1e-4);
    CU_ASSERT_DOUBLE_EQUAL(tn_relations_slope(relations, 9, 4), want[0], 1e-4);
    CU_ASSERT_DOUBLE_EQUAL(mean, 1 + .3 * 1.7, .15);
    CU_ASSERT(variance > .5 * .16 && variance < 2 * .16); /* about that of the noise */
    known.variance = 1;
    CU_ASSERT_TRUE(tn_relations_prior(relations, 9, TN_QUANTITY_SECONDS, &known, 1, &mean, &want[1]));
    CU_ASSERT_DOUBLE_EQUAL(want[1] - variance, want[0] * want[0] * .96, 1e-4); /* what x is unsure of, y is by the slope */
}

static void test_too_few_say_nothing(void)
{
    struct tn_observed known = {.cluster = 4, .known = true, .seconds = 1};
    double             mean, variance;

    begin();
    CU_ASSERT_FALSE(tn_relations_prior(relations, 9, TN_QUANTITY_SECONDS, &known, 1, &mean, &variance));
    for (unsigned i = 0; i < 4; i++)
        see_pair(i, i);
    CU_ASSERT_FALSE(tn_relations_prior(relations, 9, TN_QUANTITY_SECONDS, &known, 1, &mean, &variance));
    CU_ASSERT_DOUBLE_EQUAL(tn_relations_slope(relations, 9, 4), .5, 0);
    see_pair(4, 4);
    CU_ASSERT_TRUE(tn_relations_prior(relations, 9, TN_QUANTITY_SECONDS, &known, 1, &mean, &variance));
}

static void test_bounds(void)
{
    struct tn_rand     rand = {5};
    struct tn_observed bounded = {.cluster = 4, .bounded = true, .bound = 2};
    double             none, variance, moved, narrower, imputed;

    begin();
    for (unsigned i = 0; i < 200; i++) {
        double x = normal(&rand);

        see_pair(x, x + .1 * normal(&rand));
    }
    CU_ASSERT_TRUE(tn_relations_prior(relations, 9, TN_QUANTITY_SECONDS, NULL, 0, &none, &variance));
    CU_ASSERT_TRUE(tn_relations_prior(relations, 9, TN_QUANTITY_SECONDS, &bounded, 1, &moved, &narrower));
    CU_ASSERT(moved > none + 1.5 && narrower < variance); /* it is known to be a slow one */
    CU_ASSERT_TRUE(tn_relations_impute(relations, 4, 2, &imputed, &variance));
    CU_ASSERT(imputed > 2 && imputed < 3 && variance < .5);
}

static void test_bills(void)
{
    struct tn_rand     rand = {11};
    struct tn_observed known = {.cluster = 4, .known = true, .seconds = 2};
    double             mean, variance;

    begin();
    for (unsigned i = 0; i < 300; i++) {
        double             x = normal(&rand), bill = 8 + 1.5 * x;
        struct tn_observed seen[] = {{.cluster = 4, .known = true, .seconds = x}, {.cluster = 9, .billed = true, .bill = bill}};

        tn_relations_learn(relations, 9, TN_QUANTITY_BILL, bill, NULL, seen, 2);
    }
    CU_ASSERT_TRUE_FATAL(tn_relations_prior(relations, 9, TN_QUANTITY_BILL, &known, 1, &mean, &variance));
    CU_ASSERT_DOUBLE_EQUAL(mean, 11, .1);
    CU_ASSERT_FALSE(tn_relations_prior(relations, 9, TN_QUANTITY_SECONDS, &known, 1, &mean, &variance));
}

static void test_more_clusters_than_fit(void)
{
    double mean, variance;

    begin();
    for (unsigned pass = 0; pass < 6; pass++)
        for (unsigned c = 0; c < TN_RELATED + 8; c++)
            tn_relations_learn(relations, (uint8_t)c, TN_QUANTITY_SECONDS, 1, NULL, NULL, 0);
    CU_ASSERT_EQUAL(relations->count, TN_RELATED);
    CU_ASSERT_TRUE(tn_relations_prior(relations, TN_RELATED - 1, TN_QUANTITY_SECONDS, NULL, 0, &mean, &variance));
    CU_ASSERT_FALSE(tn_relations_prior(relations, TN_RELATED, TN_QUANTITY_SECONDS, NULL, 0, &mean, &variance));
    CU_ASSERT_TRUE(tn_relations_sane(relations));
    relations->spread[3][0].variance = (double)NAN;
    CU_ASSERT_FALSE(tn_relations_sane(relations));
}

/* ---- mixtures ---- */

/* Runs of shapes as they are drawn: a mean from N(m, P), kept when it survives TIMES runs beyond BOUND. */
static void simulate(double m, double P, double s2, double bound, unsigned times, double seconds, double out[2])
{
    struct tn_rand rand = {17};
    unsigned       kept = 0;

    out[0] = out[1] = 0;
    while (kept < 60000) {
        double at = m + sqrt(P) * normal(&rand), x;
        bool   survived = true;

        for (unsigned k = 0; k < times && survived; k++)
            survived = at + sqrt(s2) * normal(&rand) > bound;
        if (!survived)
            continue;
        x = exp(at + sqrt(s2) * normal(&rand));
        out[0] += fmin(x, seconds);
        out[1] += x > seconds;
        kept++;
    }
    out[0] /= kept;
    out[1] /= kept;
}

static void compare(double P, unsigned times, double bound, double seconds)
{
    struct tn_effect  effect = {.s2 = .12};
    struct tn_side    side = {.effect = &effect, .m = .5, .P = P, .m0 = .5, .P0 = P, .bounded = times > 0, .bound = bound, .cell = {.ncen = times}};
    struct tn_mixture x;
    struct tn_capped  got;
    double            want[2];

    if (times > 0) {
        struct tn_normal over = tn_normal_above(side.m0, sqrt(P), bound);

        side.m = over.mean;
        side.P = over.variance;
    }
    tn_mixture_init(&x, &side, 0, 0);
    got = tn_mixture_capped(&x, seconds, 0);
    simulate(.5, P, .12, bound, times, seconds, want);
    CU_ASSERT_DOUBLE_EQUAL(got.beyond, want[1], .04);
    CU_ASSERT(fabs(got.mean / want[0] - 1) < .06);
    if (fabs(got.beyond - want[1]) > .04 || fabs(got.mean / want[0] - 1) >= .06)
        fprintf(stderr, "P %g times %u seconds %g: got %g %g, not %g %g\n", P, times, seconds, got.mean, got.beyond, want[0], want[1]);
}

static void test_mixtures(void)
{
    compare(1, 0, 0, 3);
    compare(2.5, 0, 0, 20);
    compare(.01, 0, 0, 2);
    compare(1, 1, 1, 6);
    compare(1, 3, 1, 6);
    compare(1, 6, 1, 10);
}

static void test_mixture_of_the_hopeless(void)
{
    struct tn_effect  effect = {.s2 = .12};
    struct tn_side    side = {.effect = &effect, .known = true, .m = 0, .P = .5};
    struct tn_mixture x, h;

    tn_mixture_init(&x, &side, log(2), 0);
    tn_mixture_init(&h, &side, log(2), .25);
    CU_ASSERT_DOUBLE_EQUAL(tn_mixture_capped(&h, 5, 0).beyond, .25 + .75 * tn_mixture_capped(&x, 5, 0).beyond, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(tn_mixture_capped(&h, 5, 0).mean, .25 * 5 + .75 * tn_mixture_capped(&x, 5, 0).mean, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(tn_mixture_capped(&x, 1e9, .5).mean, exp(.5) * tn_mixture_capped(&x, 1e9, 0).mean, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(tn_mixture_capped(&x, 0, 0).beyond, 1, 0);
    CU_ASSERT_DOUBLE_EQUAL(tn_mixture_part(&x, 1e9), 1, 1e-6);
    CU_ASSERT(tn_mixture_part(&x, .2) < .2 && tn_mixture_part(&x, .2) > 0);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("relation", NULL, NULL);

    relations = tn_calloc(1, sizeof *relations);
    CU_ADD_TEST(suite, test_forgotten);
    CU_ADD_TEST(suite, test_regression);
    CU_ADD_TEST(suite, test_too_few_say_nothing);
    CU_ADD_TEST(suite, test_bounds);
    CU_ADD_TEST(suite, test_bills);
    CU_ADD_TEST(suite, test_more_clusters_than_fit);
    CU_ADD_TEST(suite, test_mixtures);
    CU_ADD_TEST(suite, test_mixture_of_the_hopeless);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    tn_free(relations);
    return failed > 0;
}

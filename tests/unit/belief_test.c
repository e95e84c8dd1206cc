/* belief_test.c - level, beliefs, the joint step and gains against tests/golden/belief.cases (exact fractions, quadrature). */
#include "stats/belief.h"

#include "base/alloc.h"
#include "base/rand.h"
#include "cases.h"
#include "stats/normal.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <string.h>

static void near(const struct golden_case *c, const char *what, double got, double want)
{
    if (fabs(got - want) <= 2e-6 * fmax(.01, fabs(want)))
        return;
    fprintf(stderr, "belief.cases:%u: %s is %.12g, not %.12g\n", c->line, what, got, want);
    CU_FAIL("a number");
}

static struct tn_world *world; /* one for all: a megabyte */

static struct tn_side *add(struct tn_view *view, const double effect[3])
{
    size_t          at = view->count++;
    struct tn_side *side = &view->sides[at];

    *side = (struct tn_side){.cluster = (uint8_t)at, .eligible = true, .spread = 1, .effect = &view->effects[at]};
    view->effects[at] = (struct tn_effect){.s2 = .12};
    view->effects[at].set[0] = (struct tn_effect_set){.o = effect[0], .Vo = effect[1], .v = effect[2]};
    side->offset[0] = (struct tn_offset){effect[0], effect[1]};
    return side;
}

static void begin(struct tn_view *view, double B, double VB)
{
    view->k = &world->k;
    view->class = 0;
    view->visits = 1;
    view->predicted = false;
    view->gate = 0;
    view->count = 0;
    view->level[0] = (struct tn_level){.B = B, .VB = VB};
}

static void run_level(const struct golden_case *c, struct tn_view *view)
{
    double                 level[CASE_NUMBERS], want[CASE_NUMBERS], cell[CASE_NUMBERS];
    struct tn_common_level got;

    CU_ASSERT_EQUAL_FATAL(golden_numbers(golden_get(c, "level"), level), 2);
    begin(view, level[0], level[1]);
    for (const char *at = golden_get(c, "known"); at != NULL; at = strchr(at, '\n') != NULL ? strchr(at, '\n') + 1 : NULL) {
        struct tn_side *side;

        CU_ASSERT_FATAL(golden_numbers(at, cell) >= 5); /* the next line's follow */
        side = add(view, cell + 2);
        side->cell.n = 1;
        side->cell.m = cell[0];
        side->cell.P = cell[1];
    }
    CU_ASSERT_EQUAL_FATAL(golden_numbers(golden_get(c, "want"), want), 2);
    got = tn_view_level(view, 0, NULL);
    CU_ASSERT_TRUE(got.known);
    near(c, "level", got.b, want[0]);
    near(c, "its variance", got.vb, want[1]);
}

static void run_bound(const struct golden_case *c, struct tn_view *view)
{
    double                 x[CASE_NUMBERS], other[CASE_NUMBERS], want[CASE_NUMBERS];
    struct tn_common_level got;
    struct tn_side        *side;

    CU_ASSERT_EQUAL_FATAL(golden_numbers(golden_get(c, "bound"), x), 6);
    CU_ASSERT_EQUAL_FATAL(golden_numbers(golden_get(c, "cluster"), other), 3);
    CU_ASSERT_EQUAL_FATAL(golden_numbers(golden_get(c, "want"), want), 4);
    begin(view, x[0], x[1]);
    side = add(view, x + 2);
    side->cell.bounded = true;
    side->cell.cen = x[5];
    side = add(view, other);
    got = tn_view_level(view, 0, NULL);
    CU_ASSERT_FALSE(got.known);
    near(c, "level", got.b, want[0]);
    near(c, "its variance", got.vb, want[1]);
    tn_view_believe(view);
    near(c, "mean of the other", side->m, want[2]);
    near(c, "its variance", side->P, want[3]);
    CU_ASSERT(view->sides[0].m > x[5] - .2); /* its own bound counts in full */
}

static void run_joint(const struct golden_case *c)
{
    double                  x[CASE_NUMBERS], level[CASE_NUMBERS], y[CASE_NUMBERS], want[CASE_NUMBERS];
    struct tn_effect_set   *set = &world->effect[0].set[0];
    struct tn_class_effect *class = &world->class_effect[0][0][0];

    CU_ASSERT_EQUAL_FATAL(golden_numbers(golden_get(c, "joint"), x), 11);
    CU_ASSERT_EQUAL_FATAL(golden_numbers(golden_get(c, "level"), level), 3);
    CU_ASSERT_EQUAL_FATAL(golden_numbers(golden_get(c, "y"), y), 2);
    CU_ASSERT_EQUAL_FATAL(golden_numbers(golden_get(c, "want"), want), 8);
    *set = (struct tn_effect_set){.o = x[0], .Vo = x[1], .v = x[4], .w = x[5]};
    *class = (struct tn_class_effect){x[2], x[3]};
    world->level[0] = (struct tn_level){.B = x[6], .VB = x[7], .VM = x[8], .n = x[9]};
    world->effect[0].s2 = x[10];
    tn_world_learn(world, &(struct tn_evidence){.level = level[0], .vlevel = level[1], .level_known = level[2] > 0, .spread = 1,
                                                .y = y[0], .cut = y[1] > 0});
    near(c, "o", set->o, want[0]);
    near(c, "Vo", set->Vo, want[1]);
    near(c, "c", class->c, want[2]);
    near(c, "Vc", class->Vc, want[3]);
    near(c, "B", world->level[0].B, want[4]);
    near(c, "VM", world->level[0].VM, want[5]);
    near(c, "v", set->v, want[6]);
    near(c, "VB", world->level[0].VB, want[7]);
}

static void run_case(const struct golden_case *c)
{
    static struct tn_view view; /* large */
    double                x[CASE_NUMBERS], want[CASE_NUMBERS];

    if (golden_get(c, "joint") != NULL) {
        run_joint(c);
    } else if (golden_get(c, "level") != NULL) {
        run_level(c, &view);
    } else if (golden_get(c, "bound") != NULL) {
        run_bound(c, &view);
    } else {
        CU_ASSERT_EQUAL_FATAL(golden_numbers(golden_get(c, "gain"), x), 4);
        CU_ASSERT_EQUAL_FATAL(golden_numbers(golden_get(c, "want"), want), 1);
        near(c, "gain", tn_lognormal_gain(x[0], x[1], x[2], x[3]), want[0]);
    }
}

static void test_cases(void)
{
    CU_ASSERT_EQUAL(golden_each(TN_SOURCE_DIR "/tests/golden/belief.cases", run_case), 26);
}

/* Without a model nothing was ever written to set 1 of a view: whatever lies there says nothing. */
static void test_set_1_is_not_read(void)
{
    static const double effect[] = {.5, .2, .3};
    struct tn_view      view;
    struct tn_side     *side;

    begin(&view, 1, 2);
    side = add(&view, effect);
    view.effects[0].set[0].pi = .02;
    memset(&view.effects[0].set[1], 0xff, sizeof view.effects[0].set[1]); /* no number */
    memset(&side->offset[1], 0xff, sizeof side->offset[1]);
    memset(&view.level[1], 0xff, sizeof view.level[1]);
    tn_view_believe(&view);
    CU_ASSERT(isfinite(side->m) && isfinite(side->P) && isfinite(side->own));
    CU_ASSERT_EQUAL(side->pi, .02);
    CU_ASSERT(isfinite(view.b) && isfinite(view.vb));
}

/* What is decided without an integral is decided by these. */
static void test_bounds(void)
{
    for (int i = -9000; i <= 9000; i++) {
        double z = i / 1000. + 1e-5, cdf = tn_normal_cdf(z), loss = z * cdf + exp(-z * z / 2) / 2.5066282746310002;

        CU_ASSERT(tn_normal_cdf_least(z) <= cdf && cdf - tn_normal_cdf_least(z) < .026);
        CU_ASSERT(tn_normal_cdf_most(z) >= cdf && tn_normal_cdf_most(z) - cdf < .026);
        CU_ASSERT(tn_normal_loss_most(z) >= loss - 1e-15 && tn_normal_loss_most(z) - loss < .0626);
        CU_ASSERT_EQUAL(tn_lognormal_beyond(1, .7, z), tn_lognormal_capped(1, .7, z).beyond);
    }
}

/* Effects of three clusters, from shapes seen on two of them each, by chance the third's deadline passed. */
static void test_effects_are_found(void)
{
    static const double effect[] = {-1, 0, 1.5};
    struct tn_rand      rand = {3};
    double              mean = 0;

    tn_world_init(world);
    for (unsigned i = 0; i < 4000; i++) {
        unsigned e = (unsigned)tn_rand_below(&rand, 3), other = (e + 1 + (unsigned)tn_rand_below(&rand, 2)) % 3;
        double   level = 2 * (tn_rand_unit(&rand) + tn_rand_unit(&rand) - 1), noise = .6 * (tn_rand_unit(&rand) + tn_rand_unit(&rand) - 1);
        double   known = level + effect[other]; /* to be its effect above the level */
        struct tn_evidence evidence = {.cluster = e, .level = known - world->effect[other].set[0].o, .level_known = true, .spread = 1,
                                       .vlevel = world->effect[other].set[0].v + .05, .y = level + effect[e] + noise};

        tn_world_learn(world, &evidence);
    }
    for (unsigned e = 0; e < 3; e++)
        mean += world->effect[e].set[0].o / 3;
    for (unsigned e = 0; e < 3; e++)
        CU_ASSERT(fabs(world->effect[e].set[0].o - mean - (effect[e] - .5 / 3)) < .15); /* only differences can be known */
    CU_ASSERT(world->effect[0].set[0].v < .3);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("belief", NULL, NULL);
    unsigned  failures;

    world = tn_calloc(1, sizeof *world);
    if (world == NULL)
        return 1;
    tn_world_init(world);
    CU_ADD_TEST(suite, test_cases);
    CU_ADD_TEST(suite, test_set_1_is_not_read);
    CU_ADD_TEST(suite, test_bounds);
    CU_ADD_TEST(suite, test_effects_are_found);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    tn_free(world);
    return failures > 0;
}

/* learn_test.c - what ended attempts teach a cell and its cluster, against tests/golden/learn.cases, which another program computed; and
 * what must hold of any: spreads are not biased, the order of equal evidence does not matter. */
#include "stats/learn.h"

#include "base/alloc.h"
#include "base/rand.h"
#include "cases.h"

#include <CUnit/Basic.h>
#include <math.h>

static struct tn_world *world; /* one for all: a megabyte */

/* One cluster's side of a shape, as a view of the store would have it. */
static struct tn_side *begin(struct tn_view *view)
{
    tn_world_init(world);
    view->k = &world->k;
    view->class = 0;
    view->visits = 0;
    view->predicted = false;
    view->gate = 0;
    view->count = 1;
    view->level[0] = world->level[0];
    view->sides[0] = (struct tn_side){.eligible = true, .spread = 1, .effect = &view->effects[0]};
    return &view->sides[0];
}

static void learn(struct tn_view *view, char kind, double x)
{
    struct tn_side *side = &view->sides[0];

    view->effects[0] = world->effect[0];
    if (kind == 'r')
        (void)tn_learn_run(world, view, side, x, false);
    else if (kind == 'c')
        tn_learn_cut(world, view, side, x);
    else if (kind == 'l')
        tn_learn_late(world, view, side, x, exp(x));
    else if (kind == 'a')
        tn_learn_answer(world, side);
    else
        tn_learn_error(world, view, side, x);
}

static void compare(const struct golden_case *c, const struct tn_side *side)
{
    static const char *const names[] = {"m", "P", "n", "run", "s2", "A", "G", "pe", "tf", "succ", "fail", "M2"};
    const struct tn_effect  *e = &world->effect[0];
    const struct tn_belief  *b = &side->cell;
    double                   got[] = {b->m, b->P, b->n, b->run, e->s2, e->A, e->G, e->pe, e->tf, b->succ, b->fail, b->M2}, want[CASE_NUMBERS];

    CU_ASSERT_EQUAL_FATAL(golden_numbers(golden_get(c, "want"), want), TN_ARRAY_LEN(got));
    for (size_t i = 0; i < TN_ARRAY_LEN(got); i++) {
        if (fabs(got[i] - want[i]) <= 2e-6 * fmax(.05, fabs(want[i])))
            continue;
        fprintf(stderr, "learn.cases:%u: %s is %.12g, not %.12g\n", c->line, names[i], got[i], want[i]);
        CU_FAIL("a number");
    }
}

static void run_case(const struct golden_case *c)
{
    static struct tn_view view; /* large */
    double                cell[CASE_NUMBERS], cluster[CASE_NUMBERS], visits[CASE_NUMBERS];
    struct tn_side       *side = begin(&view);
    const char           *at = golden_get(c, "events");
    char                  kind;
    double                x;
    int                   used;

    CU_ASSERT_EQUAL_FATAL(golden_numbers(golden_get(c, "cell"), cell), 6);
    CU_ASSERT_EQUAL_FATAL(golden_numbers(golden_get(c, "cluster"), cluster), 7);
    CU_ASSERT_EQUAL_FATAL(golden_numbers(golden_get(c, "visits"), visits), 2);
    side->cell = (struct tn_belief){.m = cell[0], .P = cell[1], .n = (unsigned)cell[2], .run = cell[3], .succ = cell[4], .fail = cell[5], .A0 = cluster[2]};
    world->effect[0] = (struct tn_effect){.s2 = cluster[0], .A = cluster[1], .G = cluster[3], .pe = cluster[4], .tf = cluster[5]};
    world->effect[0].set[0].v = cluster[6];
    view.visits = (uint32_t)visits[0];
    for (; sscanf(at, " %c:%lf%n", &kind, &x, &used) == 2; at += used) {
        learn(&view, kind, x);
        if (kind != 'l' && kind != 'a')
            view.visits += (uint32_t)visits[1];
    }
    CU_ASSERT_EQUAL_FATAL(*at, '\0');
    compare(c, side);
}

static void test_cases(void)
{
    CU_ASSERT_EQUAL(golden_each(TN_SOURCE_DIR "/tests/golden/learn.cases", run_case), 43);
}

static double normal(struct tn_rand *rand) /* Box and Muller */
{
    double u = 1.0 - tn_rand_unit(rand), v = tn_rand_unit(rand);

    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

/* Runs of a log-normal: mean and reported P95 after N of them, over many shapes. */
static void learn_many(unsigned n, double sd, double *mean, double *spread)
{
    enum { SHAPES = 600 };
    static struct tn_view view;
    struct tn_rand        rand = {.state = n + 17};

    *mean = *spread = 0;
    for (unsigned s = 0; s < SHAPES; s++) {
        struct tn_side *side = begin(&view);

        world->effect[0].s2 = sd * sd;
        for (unsigned i = 0; i < n; i++, view.visits++)
            learn(&view, 'r', 2 + sd * normal(&rand));
        *mean += side->cell.m / SHAPES;
        *spread += side->cell.M2 / SHAPES;
    }
}

static void test_spread_is_that_of_the_runs(void)
{
    double mean, spread;

    for (unsigned n = 5; n <= 320; n *= 4) {
        learn_many(n, .4, &mean, &spread);
        CU_ASSERT_DOUBLE_EQUAL(mean, 2, .04); /* its prior says 0 */
        CU_ASSERT(sqrt(spread) / .4 > .95 && sqrt(spread) / .4 < 1.12); /* of what was expected, not of the mean afterwards: a little wider */
    }
}

/* A cut says "longer than": the belief never becomes faster by it, whatever came before. */
static void test_a_cut_is_never_fast(void)
{
    static struct tn_view view;
    struct tn_rand        rand = {.state = 5};

    for (unsigned i = 0; i < 3000; i++) {
        struct tn_side *side = begin(&view);
        double          before;

        for (unsigned k = 0; k < i % 7; k++, view.visits++)
            learn(&view, 'r', normal(&rand));
        before = side->cell.m;
        learn(&view, 'c', 4 * normal(&rand));
        CU_ASSERT(side->cell.n == 0 || side->cell.m >= before);
        CU_ASSERT(side->cell.n > 0 || (side->cell.bounded && side->cell.ncen == 1));
        CU_ASSERT_EQUAL(side->cell.n, i % 7);
    }
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("learn", NULL, NULL);
    unsigned  failures;

    world = tn_calloc(1, sizeof *world);
    if (world == NULL)
        return 1;
    CU_ADD_TEST(suite, test_cases);
    CU_ADD_TEST(suite, test_spread_is_that_of_the_runs);
    CU_ADD_TEST(suite, test_a_cut_is_never_fast);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    tn_free(world);
    return failures > 0;
}

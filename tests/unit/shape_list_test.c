/* Shapes in order: sums, regret, filters, the best N of many. Expected figures are computed here from runs, not from cells. */
#include "stats/shape_list.h"

#include "base/alloc.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct tn_cell cell_of(double seconds, double variance, unsigned n, double usd)
{
    struct tn_belief belief = {.m = log(seconds), .P = .01, .n = n, .M2 = variance, .succ = 3, .fail = 1, .cost = usd};
    struct tn_cell   cell;

    tn_cell_init(&cell);
    tn_cell_store(&cell, &belief);
    return cell;
}

static struct tn_shape_report report_of(uint64_t key, unsigned visits)
{
    struct tn_shape_report r = {.entry = {.key = {key, key * 7}, .id = (uint32_t)key, .visits = visits, .first_s = 10, .last_s = 100, .incumbent = 255},
                                .text = TN_STR("SELECT ? FROM t"), .group = TN_STR("g"), .class = TN_STR("read"), .tables = TN_STR("t")};

    return r;
}

static void add_cell(struct tn_shape_report *r, unsigned cluster, const char *name, struct tn_cell cell)
{
    r->clusters[r->cell_count] = (uint8_t)cluster;
    r->names[r->cell_count] = tn_str(name);
    r->cells[r->cell_count++] = cell;
}

static void near(double got, double expected, double share)
{
    if (fabs(got - expected) > fabs(expected) * share)
        printf("got %g, expected %g\n", got, expected);
    CU_ASSERT(fabs(got - expected) <= fabs(expected) * share);
}

static void test_sums(void)
{
    struct tn_shape_list   list = {.limit = 10};
    struct tn_shape_report r = report_of(1, 30);
    double                 fast = .020 * exp(.04 / 2), slow = .500 * exp(.09 / 2); /* means of log-normals */
    const struct tn_shape_item *item;

    add_cell(&r, 4, "slow", cell_of(.500, .09, 10, 200));
    add_cell(&r, 2, "fast", cell_of(.020, .04, 20, 10));
    r.entry.incumbent = 2;
    CU_ASSERT(tn_shape_list_add(&list, &r));
    tn_shape_list_end(&list);
    CU_ASSERT_EQUAL_FATAL(list.count, 1);
    item = &list.items[0];
    CU_ASSERT_STRING_EQUAL(item->present, "fast");
    CU_ASSERT_EQUAL(item->calls, 30);
    near(item->total_s, 10 * slow + 20 * fast, .002);
    near(item->regret_s, 10 * (slow - fast), .002);
    near(item->usd, 10 * 200 + 20 * 10, 1e-6);
    near(item->cells[0].success, .75, 1e-9);
    near(item->cells[1].p50_s, .020, .002);
    near(item->cells[1].p95_s, .020 * exp(1.6448536 * .2), .01);
    near(list.regret_s, item->regret_s, 1e-9);
    tn_shape_list_reset(&list);
}

/* Without a run there is a bound, and no regret; a bill that is a lower bound is told as one. */
static void test_unknown(void)
{
    struct tn_shape_list   list = {.limit = 10};
    struct tn_shape_report r = report_of(1, 3);
    struct tn_belief       cut = {.bounded = true, .cen = log(2.5), .ncen = 2, .cost = -40};
    struct tn_cell         cell;

    tn_cell_init(&cell);
    add_cell(&r, 0, "new", cell);
    tn_cell_store(&cell, &cut);
    add_cell(&r, 1, "cut", cell);
    CU_ASSERT(tn_shape_list_add(&list, &r));
    tn_shape_list_end(&list);
    CU_ASSERT_FALSE(list.items[0].cells[0].known || list.items[0].cells[0].bounded || list.items[0].cells[1].known);
    CU_ASSERT(list.items[0].cells[0].success < 0 && list.items[0].cells[0].usd < 0);
    CU_ASSERT(list.items[0].cells[1].bounded && list.items[0].cells[1].at_least);
    near(list.items[0].cells[1].bound_s, 2.5, .001);
    near(list.items[0].cells[1].usd, 40, 1e-6);
    CU_ASSERT_EQUAL(list.items[0].regret_s, 0);
    CU_ASSERT_EQUAL(list.items[0].present[0], '\0');
    tn_shape_list_reset(&list);
}

/* Of many only the first N by each order are kept: the same as sorting all of them. */
static int falling(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x > y ? -1 : x < y;
}

static void test_best_of_many(void)
{
    enum { MANY = 5000, KEPT = 37 };
    static double values[TN_SHAPE_SORT_CALLS + 1][MANY];

    srand(7);
    for (unsigned sort = 0; sort <= TN_SHAPE_SORT_CALLS; sort++) {
        struct tn_shape_list list = {.sort = (enum tn_shape_sort)sort, .limit = KEPT};

        for (unsigned i = 0; i < MANY; i++) {
            struct tn_shape_report r = report_of(i + 1, (unsigned)rand() % 1000000);
            unsigned               n = (unsigned)rand() % 50 + 1;
            struct tn_shape_item   item;

            add_cell(&r, 0, "a", cell_of(.001 + rand() / 1e9, .1, n, 1 + rand() % 1000));
            add_cell(&r, 1, "b", cell_of(.001 + rand() / 1e9, .1, n + 3, 1 + rand() % 1000));
            CU_ASSERT_FATAL(tn_shape_item_make(&item, &r));
            values[sort][i] = sort == TN_SHAPE_SORT_COST ? item.usd : sort == TN_SHAPE_SORT_REGRET ? item.regret_s
                              : sort == TN_SHAPE_SORT_CALLS ? item.calls : item.total_s;
            tn_shape_item_free(&item);
            CU_ASSERT(tn_shape_list_add(&list, &r));
        }
        tn_shape_list_end(&list);
        qsort(values[sort], MANY, sizeof(double), falling);
        CU_ASSERT_EQUAL_FATAL(list.count, KEPT);
        CU_ASSERT_EQUAL(list.seen, MANY);
        for (unsigned i = 0; i < KEPT; i++) {
            const struct tn_shape_item *item = &list.items[i];

            near(sort == TN_SHAPE_SORT_COST ? item->usd : sort == TN_SHAPE_SORT_REGRET ? item->regret_s
                 : sort == TN_SHAPE_SORT_CALLS ? item->calls : item->total_s, values[sort][i], 1e-12);
        }
        tn_shape_list_reset(&list);
    }
}

static void test_filters(void)
{
    struct tn_shape_list   list = {.limit = 10, .group = TN_STR("g"), .since_s = 100};
    struct tn_shape_report good = report_of(1, 1), other = report_of(2, 1), old = report_of(3, 1), band = report_of(4, 1);

    other.group = TN_STR("h");
    old.entry.last_s = 99;
    band.entry.parent = 1;
    CU_ASSERT(tn_shape_list_add(&list, &good) && tn_shape_list_add(&list, &other) && tn_shape_list_add(&list, &old) && tn_shape_list_add(&list, &band));
    CU_ASSERT_EQUAL(list.count, 1);
    list.bands = true;
    CU_ASSERT(tn_shape_list_add(&list, &band));
    CU_ASSERT_EQUAL(list.count, 2);
    tn_shape_list_reset(&list);
}

static void test_words(void)
{
    enum tn_shape_sort sort;
    uint64_t           key[2];

    CU_ASSERT(tn_shape_sort_parse(TN_STR("regret"), &sort) && sort == TN_SHAPE_SORT_REGRET);
    CU_ASSERT_FALSE(tn_shape_sort_parse(TN_STR("Regret"), &sort) || tn_shape_sort_parse(TN_STR(""), &sort));
    CU_ASSERT(tn_shape_key_parse(TN_STR("00000000000000ffFEDCBA9876543210"), key));
    CU_ASSERT(key[0] == 0xff && key[1] == 0xfedcba9876543210u);
    CU_ASSERT_FALSE(tn_shape_key_parse(TN_STR("00000000000000ffFEDCBA987654321"), key));
    CU_ASSERT_FALSE(tn_shape_key_parse(TN_STR("00000000000000ffFEDCBA987654321g"), key));
    CU_ASSERT_FALSE(tn_shape_key_parse(TN_STR(""), key));
}

static void test_no_memory(void)
{
    struct tn_shape_report r = report_of(1, 1);

    add_cell(&r, 0, "a", cell_of(1, .1, 5, 1));
    for (size_t n = 0; n < 6; n++) {
        struct tn_shape_list list = {.limit = 10};

        tn_alloc_fail_after(n);
        CU_ASSERT_EQUAL(tn_shape_list_add(&list, &r), !list.failed);
        tn_alloc_fail_never();
        tn_shape_list_end(&list);
        tn_shape_list_reset(&list);
    }
}

static void test_json(void)
{
    struct tn_shape_list   list = {.limit = 10};
    struct tn_shape_report r = report_of(1, 5);
    struct tn_buf          out;
    struct tn_json         json = {.buf = &out};

    r.text = TN_STR("SELECT \"a\"\n");
    add_cell(&r, 0, "a", cell_of(1, 0, 5, 0));
    CU_ASSERT(tn_shape_list_add(&list, &r));
    tn_shape_list_end(&list);
    tn_buf_init(&out, 65536);
    tn_shape_list_json(&list, &json);
    tn_buf_put_u8(&out, '\0');
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "{\"shapes\":[{\"shape\":\"00000000000000010000000000000007\",\"text\":\"SELECT \\\"a\\\"\\n\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "\"calls\":5"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "\"usd\":null"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "\"success\":0.75"));
    tn_buf_reset(&out);
    tn_shape_list_reset(&list);
}

int main(void)
{
    CU_pSuite suite;
    int       failed;

    CU_initialize_registry();
    suite = CU_add_suite("shape_list", NULL, NULL);
    CU_add_test(suite, "sums and regret", test_sums);
    CU_add_test(suite, "what is not known", test_unknown);
    CU_add_test(suite, "the best of many", test_best_of_many);
    CU_add_test(suite, "filters", test_filters);
    CU_add_test(suite, "words and keys", test_words);
    CU_add_test(suite, "no memory", test_no_memory);
    CU_add_test(suite, "json", test_json);
    CU_basic_run_tests();
    failed = (int)CU_get_number_of_failures() + (int)CU_get_number_of_tests_failed();
    CU_cleanup_registry();
    return failed > 0;
}

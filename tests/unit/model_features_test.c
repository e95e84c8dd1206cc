/* model_features_test.c - what a model sees of a text. */
#include "stats/model_features.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct tn_model_features features;

static void read_sql(const char *sql)
{
    tn_model_features_read(&features, tn_str(sql), TN_DIALECT_POSTGRES);
}

/* NAMES with spaces between them; NAN: not there. */
static double value(enum tn_model_kind kind, const char *names)
{
    struct tn_str list[8];
    size_t        count = 0;
    uint32_t      key;

    for (const char *at = names; *at != '\0' && count < 8;) {
        size_t len = strcspn(at, " ");

        list[count++] = tn_str_n(at, len);
        at += len + (at[len] == ' ');
    }
    key = tn_model_key(kind, list, count);
    for (unsigned i = 0; i < features.count; i++)
        if (features.list[i].key == key)
            return (double)features.list[i].value;
    return NAN;
}

static void is(enum tn_model_kind kind, const char *names, double want)
{
    double got = value(kind, names);

    if (isnan(want) ? isnan(got) : fabs(got - want) < 1e-6 * fmax(1, fabs(want)))
        return;
    fprintf(stderr, "kind %d of `%s`: %g, not %g\n", (int)kind, names, got, want);
    CU_FAIL("a feature");
}

static void test_golden(void)
{
    read_sql("SELECT MAX(t.id) AS agg_0, t.kind FROM \"title\" AS t LEFT OUTER JOIN movie_info mi ON t.id = mi.movie_id "
             "WHERE t.production_year >= 1990 AND mi.note NOT LIKE '%abc%' AND 7 < t.season AND t.kind IN ('a', 'b', 'c') "
             "AND mi.id BETWEEN -5 AND 15 AND t.shown <= DATE '1970-01-11' AND t.x IS NOT NULL GROUP BY t.kind LIMIT 10");
    is(TN_MODEL_TABLES, "", 2);
    is(TN_MODEL_TABLE, "title", 1);
    is(TN_MODEL_TABLE, "movie_info", 1);
    is(TN_MODEL_FIRST, "title", 1);
    is(TN_MODEL_FIRST, "movie_info", NAN);
    is(TN_MODEL_TABLE, "t", NAN);
    is(TN_MODEL_FUNCTION, "max", 1);
    is(TN_MODEL_SELECTED, "", 2);
    is(TN_MODEL_SELECTS, "title id", 1);
    is(TN_MODEL_SELECTS, "title kind", 1);
    is(TN_MODEL_JOINS, "title id", 1);
    is(TN_MODEL_JOINS, "movie_info movie_id", 1);
    is(TN_MODEL_NUMBER, "title production_year >=", 1990);
    is(TN_MODEL_COMPARED, "title production_year >=", 1);
    is(TN_MODEL_NUMBER, "title season >", 7); /* turned round */
    is(TN_MODEL_ITEMS, "title kind", 3);
    is(TN_MODEL_LISTED, "", 3);
    is(TN_MODEL_NUMBER, "movie_info id BETWEEN", -5);
    is(TN_MODEL_HIGH, "movie_info id", 15);
    is(TN_MODEL_WIDTH, "movie_info id", 20);
    is(TN_MODEL_GROUPS, "title kind", 1);
    is(TN_MODEL_LIMIT, "", 10);
    is(TN_MODEL_WORD, "left", 1);
    is(TN_MODEL_WORD, "and", 7); /* with that of BETWEEN */
}

static void test_dates_are_days(void)
{
    double first;

    read_sql("SELECT * FROM lineitem WHERE l_shipdate <= DATE '1998-09-02'");
    first = value(TN_MODEL_NUMBER, "lineitem l_shipdate <=");
    read_sql("SELECT * FROM lineitem WHERE l_shipdate <= date '1999-09-02'");
    CU_ASSERT_DOUBLE_EQUAL(value(TN_MODEL_NUMBER, "lineitem l_shipdate <=") - first, 365, 0);
    read_sql("SELECT * FROM lineitem WHERE l_shipdate <= '2000-03-01'");
    first = value(TN_MODEL_NUMBER, "lineitem l_shipdate <=");
    read_sql("SELECT * FROM lineitem WHERE l_shipdate <= '2000-02-28 12:00'");
    CU_ASSERT_DOUBLE_EQUAL(first - value(TN_MODEL_NUMBER, "lineitem l_shipdate <="), 2, 0); /* a leap year */
}

static bool same(const struct tn_model_features *a, const struct tn_model_features *b)
{
    for (unsigned i = 0; i < a->count; i++) {
        bool found = false;

        for (unsigned j = 0; j < b->count && !found; j++)
            found = a->list[i].key == b->list[j].key && fabsf(a->list[i].value - b->list[j].value) < 1e-6f;
        if (!found)
            return false;
    }
    return a->count == b->count;
}

/* All but the length of the text. */
static bool alike(const char *a, const char *b)
{
    static struct tn_model_features first;

    read_sql(a);
    first = features;
    read_sql(b);
    first.list[0].value = features.list[0].value;
    return same(&first, &features);
}

static void test_names_do_not_matter(void)
{
    CU_ASSERT(alike("select t.a from title t where t.b = 5", "SELECT x.A FROM Title AS x WHERE x.B = 5"));
    CU_ASSERT(alike("select a from title where b = 5", "SELECT title.a FROM title WHERE title.b = 5"));
    CU_ASSERT(alike("select a as u from t where b > 1", "select a as v from t where b > 1 -- why"));
    CU_ASSERT(alike("select a from t where b <> 1", "select a from t where b != 1"));
}

static void test_what_differs(void)
{
    CU_ASSERT(!alike("select a from t where b = 5", "select a from t where b = 6"));
    CU_ASSERT(!alike("select a from t where b < 5", "select a from t where b > 5"));
    CU_ASSERT(!alike("select a from t where b = 5", "select a from t where c = 5"));
    CU_ASSERT(!alike("select a from t where b = 5", "select a from u where b = 5"));
    CU_ASSERT(!alike("select a from t where b like '%x'", "select a from t where b not like '%x'"));
    CU_ASSERT(!alike("select a from t where b in (1, 2)", "select a from t where b in (1, 2, 3)"));
    CU_ASSERT(!alike("select a from t, u", "select a from t"));
    CU_ASSERT(!alike("select a from t where b = 'cat'", "select a from t where b = 'dog'"));
}

static void test_harmless(void)
{
    static char long_list[400000];
    size_t      at = (size_t)snprintf(long_list, sizeof long_list, "SELECT a FROM t WHERE b IN (1");

    for (int i = 0; i < 50000 && at + 8 < sizeof long_list; i++)
        at += (size_t)snprintf(long_list + at, sizeof long_list - at, ",%d", i);
    read_sql(long_list);
    CU_ASSERT(features.count > 0 && features.count <= TN_MODEL_FEATURES);
    at = 0;
    for (int i = 0; i < 20000; i++)
        at += (size_t)snprintf(long_list + at, sizeof long_list - at, "select c%d=(", i);
    read_sql(long_list);
    CU_ASSERT(features.count == TN_MODEL_FEATURES);
    for (unsigned i = 0; i < features.count; i++)
        CU_ASSERT(isfinite(features.list[i].value) && features.list[i].key != 0);
    read_sql("");
    CU_ASSERT(features.count == 1);
    tn_model_features_read(&features, (struct tn_str){NULL, 0}, TN_DIALECT_MYSQL);
    CU_ASSERT(features.count == 1);
    read_sql("select 'abc from \"t where ((((1e999 <>");
    read_sql("SELECT 1e400 FROM t WHERE a < 1e400");
    for (unsigned i = 0; i < features.count; i++)
        CU_ASSERT(isfinite(features.list[i].value));
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("model_features", NULL, NULL);
    CU_ADD_TEST(suite, test_golden);
    CU_ADD_TEST(suite, test_dates_are_days);
    CU_ADD_TEST(suite, test_names_do_not_matter);
    CU_ADD_TEST(suite, test_what_differs);
    CU_ADD_TEST(suite, test_harmless);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}

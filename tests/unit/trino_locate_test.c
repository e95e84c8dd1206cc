/* trino_locate_test.c - places of errors whose engine gave none. */
#include "harness.h"

#include "trino/bind.h"
#include "trino/locate.h"

static const struct {
    const char *sqlstate, *message, *sql;
    int         position;
} cases[] = {
    {"42601", "incomplete input", "SELECT 1 +", 11},
    {"42601", "Parser Error: syntax error at end of input", "SELECT 1 + ;\n", 11},
    {"42601", "You have an error in your SQL syntax; ... near '' at line 1", "SELECT 1 FROM", 14},
    {"42601", "... near 'SELEC 1' at line 1", "SELEC 1", 1},
    {"42601", "... near 'x' y' at line 2", "SELECT\n \xc3\xa9 x' y", 11},
    {"42601", "... near 'nowhere' at line 1", "SELECT 1", 0},
    {"42601", "... near '", "SELECT 1", 0},
    {"42P01", "Catalog Error: Table with name nosuch does not exist!\nDid you mean \"x\"?", "DROP TABLE nosuch", 12},
    {"42P01", "no such table: main.nosuch", "SELECT 'nosuch', x FROM \"main\" . NoSuch", 25},
    {"42P01", "Table 'db.nosuch' doesn't exist", "SELECT * FROM nosuch", 15},
    {"42P01", "relation \"a\" does not exist", "SELECT b.c FROM \xe2\x98\x83.a", 17},
    {"42703", "Unknown column 't.nosuch' in 'SELECT'", "SELECT 1, t.nosuch FROM t", 11},
    {"42883", "FUNCTION db.f does not exist", "SELECT f2(1), f(2)", 15},
    {"3F000", "Schema does not exist: nosuch", "USE nosuch", 5},
    {"42P01", "Table '' does not exist", "SELECT 1", 0},
    {"42P01", "Table", "SELECT 1", 0},
    {"42P01", "Table 'half", "SELECT half", 8},
    {"42P01", "Table 'x' does not exist", "", 0},
    {"22012", "division by 'zero'", "SELECT zero", 0},
};

static void test_cases(void)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++) {
        struct tn_error err = TN_ERROR_INIT;

        tn_fail(&err, TN_E_ENGINE, cases[i].sqlstate, "%s", cases[i].message);
        if (tn_trino_locate(&err, tn_str(cases[i].sql)) != cases[i].position)
            printf("case %zu: %d, not %d\n", i, tn_trino_locate(&err, tn_str(cases[i].sql)), cases[i].position);
        CU_ASSERT_EQUAL(tn_trino_locate(&err, tn_str(cases[i].sql)), cases[i].position);
    }
}

static const struct {
    const char *sql, *bound;
    int         position, place;
} bound[] = {
    {"SELECT x", "SELECT x", 8, 8},
    {"SELECT x", "SELECT x", 9, 9},
    {"SELECT x", "SELECT x", 10, 0},
    {"SELECT x", "SELECT x", 0, 0},
    {"SELECT ?, x", "SELECT $1, x", 12, 11},
    {"SELECT '?', ?, \xc3\xa9, ?, x", "SELECT '?', $1, \xc3\xa9, $10, x", 25, 22},
    {"SELECT ?, x", "SELECT (a + b\n), x", 18, 11},
    {"SELECT ? IS NULL, x", "SELECT NULL IS NULL, x", 22, 19},
    {"SELECT ?", "SELECT $1", 8, 8},
    {"SELECT user, x", "SELECT 'me', x", 8, 0},
    {"SELECT user, x", "SELECT 'me', x", 9, 0},
    {"USE x", "SELECT 1", 1, 0},
};

static void test_bound(void)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(bound); i++) {
        int place = tn_trino_bind_place(tn_str(bound[i].sql), tn_str(bound[i].bound), bound[i].position);

        if (place != bound[i].place)
            printf("case %zu: %d, not %d\n", i, place, bound[i].place);
        CU_ASSERT_EQUAL(place, bound[i].place);
    }
}

static void test_said(void)
{
    struct tn_error       err = TN_ERROR_INIT;
    struct tn_trino_place whole = {.sql = TN_STR("EXECUTE\n IMMEDIATE 'SELECT\n x'")}, place = tn_trino_place_inner(&whole, 20, TN_STR("SELECT\n x"));

    tn_fail(&err, TN_E_ENGINE, "42703", "line 7:8: Column 'x' cannot be resolved");
    tn_error_blame(&err, TN_FAULT_QUERY, true);
    err.position = 1;
    tn_trino_locate_said(&err, &place);
    CU_ASSERT_STRING_EQUAL(err.message, "line 2:13: Column 'x' cannot be resolved");
    err.position = 9;
    tn_trino_locate_said(&err, &place);
    CU_ASSERT_STRING_EQUAL(err.message, "line 3:2: Column 'x' cannot be resolved");
    err.position = 0;
    tn_trino_locate_said(&err, &place);
    CU_ASSERT_STRING_EQUAL(err.message, "Column 'x' cannot be resolved");
    tn_error_reset(&err);
}

int main(void)
{
    CU_pSuite    suite;
    unsigned int failures;

    CU_initialize_registry();
    suite = CU_add_suite("trino_locate", NULL, NULL);
    CU_add_test(suite, "cases", test_cases);
    CU_add_test(suite, "bound", test_bound);
    CU_add_test(suite, "said", test_said);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}

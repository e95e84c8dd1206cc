/* trino_locate_test.c - places of errors whose engine gave none. */
#include "harness.h"

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

int main(void)
{
    CU_pSuite    suite;
    unsigned int failures;

    CU_initialize_registry();
    suite = CU_add_suite("trino_locate", NULL, NULL);
    CU_add_test(suite, "cases", test_cases);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}

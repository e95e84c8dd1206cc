/* hint_test.c - the leading comment that wishes for a group, cluster, tags, strategy or priority. */
#include "stats/features.h"

#include <CUnit/Basic.h>

static struct tn_hint  hint;
static struct tn_error err;

static enum tn_status read_hint(const char *sql)
{
    tn_error_reset(&err);
    return tn_hint_read(&hint, tn_str(sql), &err);
}

static bool empty(void)
{
    return hint.group.len + hint.cluster.len + hint.tags.len + hint.strategy.len + hint.priority.len == 0;
}

static void test_read(void)
{
    CU_ASSERT_EQUAL(read_hint("/*+ turnout(group=etl, cluster=pg-1, tags='team:bi,nightly', strategy=failover, priority=high) */ SELECT 1"), TN_OK);
    CU_ASSERT(tn_str_eq_c(hint.group, "etl"));
    CU_ASSERT(tn_str_eq_c(hint.cluster, "pg-1"));
    CU_ASSERT(tn_str_eq_c(hint.tags, "team:bi,nightly"));
    CU_ASSERT(tn_str_eq_c(hint.strategy, "failover"));
    CU_ASSERT(tn_str_eq_c(hint.priority, "high"));
    CU_ASSERT_EQUAL(read_hint("  -- first\n/* second /* nested */ */\n/*+\tTurnOut ( GROUP = \"a b\" )\n*/select"), TN_OK);
    CU_ASSERT(tn_str_eq_c(hint.group, "a b"));
    CU_ASSERT_EQUAL(hint.cluster.len, 0);
    CU_ASSERT_EQUAL(read_hint("/*+ parallel(4) */ /*+turnout(cluster=x)*/ select"), TN_OK);
    CU_ASSERT(tn_str_eq_c(hint.cluster, "x"));
    CU_ASSERT_EQUAL(read_hint("/*+ turnout() */ select"), TN_OK);
    CU_ASSERT(empty());
}

static void test_left_alone(void)
{
    static const char *const texts[] = {"",
                                        "SELECT 1",
                                        "/*+ parallel(4) */ SELECT 1",
                                        "/*+ turnouts(group=x) */ SELECT 1",
                                        "/* turnout(group=x) */ SELECT 1",
                                        "SELECT /*+ turnout(group=x) */ 1",
                                        "SELECT '/*+ turnout(group=x) */'",
                                        "-- /*+ turnout(group=x) */\nSELECT 1",
                                        "/*+",
                                        "/*+*/ select",
                                        "/*+/"};

    for (size_t i = 0; i < TN_ARRAY_LEN(texts); i++) {
        CU_ASSERT_EQUAL(read_hint(texts[i]), TN_OK);
        CU_ASSERT(empty());
    }
}

static void check_error(const char *sql, const char *part, int position)
{
    CU_ASSERT_EQUAL(read_hint(sql), TN_E_INVALID);
    CU_ASSERT(empty());
    if (strstr(err.message, part) == NULL || err.position != position)
        fprintf(stderr, "%s\n  want %s at %d\n  got  %s at %d\n", sql, part, position, err.message, err.position);
    CU_ASSERT(strstr(err.message, part) != NULL);
    CU_ASSERT_EQUAL(err.position, position);
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "42601");
    CU_ASSERT(strstr(err.hint, "/*+ turnout(group=NAME") != NULL);
}

static void test_errors(void)
{
    check_error("/*+ turnout(grop=x) */ select", "unknown key \"grop\", did you mean \"group\"?", 13);
    check_error("/*+ turnout(clusters=x) */ select", "did you mean \"cluster\"?", 13);
    check_error("/*+ turnout(banana=x) */ select", "keys are group, cluster, tags, strategy, priority", 13);
    check_error("/*+ turnout(group=a, group=b) */ select", "a key is given twice", 22);
    check_error("/*+ turnout(group) */ select", "\"=\" is expected", 18);
    check_error("/*+ turnout(group=) */ select", "a value is missing", 19);
    check_error("/*+ turnout(group='') */ select", "a value is empty", 21);
    check_error("/*+ turnout(group='x) */ select", "no closing quote", 19);
    check_error("/*+ turnout(tags=a:b c) */ select", "needs quotes", 22);
    check_error("/*+ turnout(group=a) parallel(4) */ select", "behind the closing", 22);
    check_error("/*+ turnout group=a */ select", "\"(\" is expected", 13);
    check_error("/*+ turnout */ select", "\"(\" is expected", 13);
    check_error("/*+ turnout(group=a", "\",\" or \")\" is expected", 20);
    check_error("/*+ turnout(,) */ select", "a key is expected", 13);
    check_error("-- \xc3\xa4\n/*+ turnout(\xff=x) */ select", "unknown key", 18);
    CU_ASSERT_EQUAL(tn_hint_read(&hint, TN_STR("/*+ turnout(x) */"), NULL), TN_E_INVALID);
    tn_error_reset(&err);
}

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("hint", NULL, NULL)) == NULL)
        return 1;
    CU_ADD_TEST(suite, test_read);
    CU_ADD_TEST(suite, test_left_alone);
    CU_ADD_TEST(suite, test_errors);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

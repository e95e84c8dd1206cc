/* trino_operand_test.c - what the parameters of a statement are compared with, and what is asked about it. */
#include "harness.h"

#include "trino/bind.h"
#include "trino/operand.h"

static const struct {
    const char *sql, *kinds, *question; /* C a column, T a text, R a number of rows, - unknown */
} cases[] = {
    {"SELECT * FROM t WHERE id = ?", "C", "SELECT id FROM t"},
    {"select x.y from a.b as x join \"c d\" on x.k = ? where ? <= x.\"O k\" or not (z <> ?)", "---", NULL}, /* one is among the tables */
    {"select x.y from a.b as x, \"c d\" where ? <= x.\"O k\" or not (z <> ?) group by 1", "CC", "SELECT x.\"O k\", z FROM a.b as x, \"c d\""},
    {"SELECT 1 FROM t WHERE a NOT BETWEEN ? AND ? AND b BETWEEN 1 AND ? AND c NOT IN ('x', ?) LIMIT ?", "CCCCR", "SELECT a, a, b, c FROM t"},
    {"SELECT 1 FROM t WHERE a LIKE ? OFFSET ? FETCH FIRST ? ROWS ONLY", "TRR", NULL},
    {"UPDATE t SET a = ?, b = b + ? WHERE k = ?;", "C-C", "SELECT a, k FROM t"},
    {"DELETE FROM s.t WHERE (k) = ? AND f(k) = ? AND f(k = ?)", "--C", "SELECT k FROM s.t"},
    {"SELECT 1 FROM t WHERE a + b = ? AND c = ? * 2 AND ? + 1 = d AND e = ?", "---C", "SELECT e FROM t"},
    {"SELECT 1 FROM t WHERE a = ? AND b IN (SELECT c FROM u WHERE d = ?)", "C-", "SELECT a FROM t"},
    {"SELECT 1 FROM (SELECT 2 FROM u WHERE d = 3) v WHERE a = ?", "C", "SELECT a FROM (SELECT 2 FROM u WHERE d = 3) v"},
    {"SELECT a FROM t WHERE a = ? UNION SELECT a FROM t", "C", NULL},
    {"WITH t AS (SELECT 1 AS a) SELECT a FROM t WHERE a = ?", "C", NULL},
    {"SELECT a FROM t WHERE a = CAST(? AS bigint) AND b = ?", "-C", NULL},
    {"INSERT INTO t VALUES (?, ?)", "--", NULL},
    {"SELECT ?", "-", NULL},
    {"?", "-", NULL},
    {"? ? = ? (", "---", NULL},
    {"SELECT 1 FROM WHERE a = ?", "C", NULL},
    {"UPDATE SET a = ?", "C", NULL},
    {") ) ( SELECT ( = ? ) AND BETWEEN ? AND ?", "---", NULL},
};

static void check(const char *sql, const char *kinds, const char *question)
{
    struct tn_trino_operand operands[8];
    struct tn_arena         arena;
    struct tn_str           asked;
    size_t                  count = tn_trino_count_params(tn_str(sql));

    tn_arena_init(&arena, 4 << 20);
    CU_ASSERT_EQUAL_FATAL(count, strlen(kinds));
    CU_ASSERT_TRUE_FATAL(tn_trino_operands(tn_str(sql), count, &arena, operands, &asked));
    for (size_t i = 0; i < count && question != NULL; i++)
        if ("-CTR"[operands[i].kind] != kinds[i]) {
            printf("%s: parameter %zu is %c\n", sql, i, "-CTR"[operands[i].kind]);
            CU_FAIL("kind");
        }
    if (question == NULL ? asked.ptr != NULL : !tn_str_eq_c(asked, question)) {
        printf("%s: asked " TN_STR_FMT "\n", sql, TN_STR_ARG(asked));
        CU_FAIL("question");
    }
    tn_arena_reset(&arena);
}

static void test_cases(void)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++)
        check(cases[i].sql, cases[i].kinds, cases[i].question);
}

/* Nothing is told of what is too deep or too long. */
static void test_limits(void)
{
    static char text[40000];
    size_t      len = (size_t)snprintf(text, sizeof text, "SELECT 1 FROM t WHERE a = ");

    memset(text + len, '(', 1000);
    snprintf(text + len + 1000, sizeof text - len - 1000, " b = ?");
    check(text, "-", NULL);
    for (size_t at = len; at + 8 < sizeof text; at += 4)
        memcpy(text + at, "b + ", 5);
    memcpy(text + sizeof text - 8, " b=?", 5);
    check(text, "-", NULL);
}

int main(void)
{
    CU_pSuite    suite;
    unsigned int failures;

    CU_initialize_registry();
    suite = CU_add_suite("trino_operand", NULL, NULL);
    CU_add_test(suite, "cases", test_cases);
    CU_add_test(suite, "limits", test_limits);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}

#include "engine/table_types.h"

#include "base/alloc.h"

#include <CUnit/Basic.h>

static struct tn_table_types *types;
static struct tn_features     features;

static const struct tn_features *of(const char *sql)
{
    tn_features_read(&features, tn_str(sql), TN_DIALECT_POSTGRES);
    return &features;
}

static struct tn_table_known look(unsigned cluster, const char *sql, uint64_t now_us)
{
    struct tn_table_known known;

    tn_table_types_look(types, cluster, of(sql), 1000, now_us, &known);
    return known;
}

static void learn(unsigned cluster, const char *sql, const char *rows, bool failed, uint64_t now_us)
{
    tn_table_types_learn(types, cluster, of(sql), tn_str(rows), failed, now_us);
}

static int set_up(void)
{
    types = tn_table_types_new();
    return types == NULL;
}

static int tear_down(void)
{
    tn_table_types_free(types);
    tn_table_types_free(NULL);
    return 0;
}

static void test_known(void)
{
    struct tn_buf rows;
    uint64_t      hash;

    CU_ASSERT(look(1, "SELECT a FROM t", 0).missing);
    learn(1, "SELECT a FROM t, \"U\"", "t\x1f" "a\x1f" "int\nT\x1f" "b\x1f" "date\nu\x1f" "c\x1f" "text\nother\x1f" "d\x1f" "int\nbroken", false, 100);
    CU_ASSERT(!look(1, "SELECT a FROM T", 100).missing);
    CU_ASSERT(look(1, "SELECT a FROM other", 100).missing);
    CU_ASSERT(look(2, "SELECT a FROM t", 100).missing);
    hash = look(1, "SELECT a FROM t", 100).hash;
    CU_ASSERT(hash != 0 && hash != look(1, "SELECT a FROM t, u", 100).hash);
    CU_ASSERT(!look(1, "SELECT a FROM t", 1100).old);
    CU_ASSERT(look(1, "SELECT a FROM t", 1101).old);
    tn_buf_init(&rows, 1 << 20);
    CU_ASSERT_EQUAL(tn_table_types_rows(types, 1, of("SELECT a FROM t"), &rows), hash);
    CU_ASSERT(tn_str_eq(tn_buf_str(&rows), TN_STR("t\x1f" "a\x1f" "int\nT\x1f" "b\x1f" "date\n")));
    tn_buf_reset(&rows);
    learn(1, "SELECT a FROM t", "T\x1f" "b\x1f" "date\nt\x1f" "a\x1f" "int\n", false, 200); /* in another order */
    CU_ASSERT_EQUAL(look(1, "SELECT a FROM t", 200).hash, hash);
    learn(1, "SELECT a FROM t", "t\x1f" "a\x1f" "bigint\n", false, 200);
    CU_ASSERT_NOT_EQUAL(look(1, "SELECT a FROM t", 200).hash, hash);
    learn(1, "SELECT a FROM none", "", false, 200);
    CU_ASSERT(!look(1, "SELECT a FROM none", 200).missing);
    CU_ASSERT_EQUAL(look(1, "SELECT a FROM none", 200).hash, 0);
}

static void test_failed(void)
{
    learn(3, "SELECT a FROM t", "t\x1f" "a\x1f" "int\n", false, 100);
    learn(3, "SELECT a FROM t, v", "", true, 200);
    CU_ASSERT(look(3, "SELECT a FROM t", 200).hash != 0); /* what was known stays */
    CU_ASSERT(!look(3, "SELECT a FROM v", 200).missing);
    CU_ASSERT_EQUAL(look(3, "SELECT a FROM v", 200).hash, 0);
}

static void test_forgotten(void)
{
    learn(4, "SELECT a FROM t, s.v, w", "t\x1f" "a\x1f" "int\nv\x1f" "a\x1f" "int\nw\x1f" "a\x1f" "int\n", false, 100);
    tn_table_types_forget(types, 5, of("DROP TABLE t"));
    CU_ASSERT(!look(4, "SELECT a FROM t", 100).missing);
    tn_table_types_forget(types, 4, of("ALTER TABLE x.V ADD COLUMN b int"));
    CU_ASSERT(look(4, "SELECT a FROM s.v", 100).missing);
    CU_ASSERT(!look(4, "SELECT a FROM t", 100).missing);
    tn_table_types_forget(types, 4, of("DROP SCHEMA s CASCADE"));
    CU_ASSERT(look(4, "SELECT a FROM t", 100).missing);
    CU_ASSERT_EQUAL(look(4, "SELECT a FROM w", 100).hash, 0);
    learn(4, "SELECT a FROM w", "w\x1f" "a\x1f" "int\n", false, 100);
    CU_ASSERT(!look(4, "SELECT a FROM w", 100).missing);
}

static void test_too_much(void)
{
    struct tn_buf rows;
    char          name[40];

    tn_buf_init(&rows, 4 << 20);
    for (int i = 0; i < 30000; i++)
        tn_buf_printf(&rows, "t\x1f" "column_%d\x1f" "int\n", i);
    tn_table_types_learn(types, 6, of("SELECT a FROM t"), tn_buf_str(&rows), false, 100);
    CU_ASSERT_EQUAL(look(6, "SELECT a FROM t", 100).hash, 0);
    CU_ASSERT(!look(6, "SELECT a FROM t", 100).missing);
    tn_buf_reset(&rows);
    for (int i = 0; i < 25000; i++) {
        snprintf(name, sizeof name, "SELECT a FROM made_up_%d", i);
        learn(6, name, "", false, 100);
    }
    CU_ASSERT(!look(6, "SELECT a FROM made_up_24999", 100).missing);
    CU_ASSERT(look(6, "SELECT a FROM made_up_1", 100).missing);
}

static bool asks(enum tn_cfg_engine engine, const char *sql, const char *part)
{
    struct tn_buf out;
    bool          found;

    tn_buf_init(&out, 1 << 20);
    found = tn_table_types_sql(&out, engine, of(sql)) && tn_str_has(tn_buf_str(&out), tn_str(part));
    if (!found)
        printf("\n%s: %.*s\n", sql, (int)out.len, out.data);
    tn_buf_reset(&out);
    return found;
}

static void test_question(void)
{
    struct tn_buf out;

    CU_ASSERT(asks(TN_CFG_ENGINE_POSTGRES, "SELECT 1 FROM s.\"Odd name\", t", "c.relname IN ('Odd name', 'odd name', 't', 't')"));
    CU_ASSERT(asks(TN_CFG_ENGINE_TRINO, "SELECT 1 FROM a.s.t, s.u, \"A\".s.v, b.s.w", "FROM information_schema.columns WHERE table_schema <> 'information_schema' AND table_name IN ('u', 'u') UNION ALL"));
    CU_ASSERT(asks(TN_CFG_ENGINE_TRINO, "SELECT 1 FROM a.s.t, s.u, \"A\".s.v, b.s.w", "FROM \"a\".information_schema.columns WHERE table_schema <> 'information_schema' AND table_name IN ('t', 't', 'v', 'v')"));
    CU_ASSERT(asks(TN_CFG_ENGINE_TRINO, "SELECT 1 FROM b.s.w", "FROM \"b\".information_schema.columns"));
    CU_ASSERT(asks(TN_CFG_ENGINE_MYSQL, "SELECT 1 FROM t, \"it's\"", "TABLE_NAME IN ('t', 't')"));
    tn_buf_init(&out, 1 << 20);
    CU_ASSERT(!tn_table_types_sql(&out, TN_CFG_ENGINE_POSTGRES, of("SELECT 1")));
    CU_ASSERT(!tn_table_types_sql(&out, TN_CFG_ENGINE_MYSQL, of("SELECT 1 FROM \"back\\slash\", \"quo'te\", a.b.c.d")));
    CU_ASSERT(!tn_table_types_sql(&out, TN_CFG_ENGINE_UNSET, of("SELECT 1 FROM t")));
    tn_buf_reset(&out);
}

int main(void)
{
    unsigned  failures;
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("table types", set_up, tear_down);
    CU_add_test(suite, "what is known", test_known);
    CU_add_test(suite, "could not be asked", test_failed);
    CU_add_test(suite, "forgotten", test_forgotten);
    CU_add_test(suite, "too much", test_too_much);
    CU_add_test(suite, "the question", test_question);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
    CU_cleanup_registry();
    return failures > 0;
}

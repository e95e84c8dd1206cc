/* my_catalog_test.c - MySQL's catalog: statements in SQLite's spelling, names of types, databases in front of names, and what is evaluated. */
#include "base/buf.h"
#include "mysql/catalog_db.h"
#include "mysql/catalog_text.h"
#include "mysql/catalog_type.h"
#include "mysql/qualify.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <stdio.h>

static struct tn_arena arena;
static struct tn_buf   out;

static void same(struct tn_str got, const char *expected)
{
    if (!tn_str_eq_c(got, expected)) {
        printf("\n" TN_STR_FMT "\nexpected %s\n", TN_STR_ARG(got), expected);
        CU_FAIL("the text is another");
    }
}

static void text(const char *sql, const char *expected)
{
    CU_ASSERT(tn_my_catalog_text(NULL, tn_str(sql), &arena, &out));
    same(tn_buf_str(&out), expected);
    tn_buf_clear(&out);
}

static void test_text(void)
{
    text("SELECT `a`, \"it's\" /* x */ FROM t # end", "SELECT \"a\", 'it''s' FROM t");
    text("SELECT 'a\\'b' WHERE x && y || !z", "SELECT 'a''b' WHERE x  AND  y  OR   NOT z");
    text("WHERE a <=> b AND c RLIKE ? AND d = ?", "WHERE a  IS  b AND c REGEXP ?1 AND d = ?2");
    text("SELECT IF(a, LEFT(b, 1), ISNULL(c))", "SELECT iif(a, tn_left(b, 1), tn_isnull(c))");
    text("SELECT CONVERT(a USING utf8mb4), _utf8mb4'x'", "SELECT (a), 'x'");
    text("SELECT CONVERT(IF(a, b, c), UNSIGNED INTEGER), CONVERT(d, DECIMAL(10,2)), e", "SELECT (iif(a, b, c)), (d), e");
    text("SELECT CONVERT(a, CHAR", "SELECT (a");
    text("SELECT GROUP_CONCAT(DISTINCT a ORDER BY b DESC SEPARATOR ','), GROUP_CONCAT(c SEPARATOR '; ')", "SELECT group_concat(DISTINCT a), group_concat(c,  '; ')");
    text("SELECT a AS b FROM t HAVING b = 1 ORDER BY c LIMIT 2", "SELECT * FROM (SELECT a AS b FROM t ORDER BY c) WHERE b = 1 LIMIT 2");
    text("SELECT count(*) FROM t HAVING count(*) > 1", "SELECT count(*) FROM t HAVING count(*) > 1");
    text("SELECT a FROM t GROUP BY a HAVING a > 1", "SELECT a FROM t GROUP BY a HAVING a > 1");
    text("", "");
    text("GROUP_CONCAT(((", "group_concat(((");
}

static void type(enum tn_cfg_engine engine, const char *native, const char *column_type, int64_t chars, int64_t precision, int64_t scale)
{
    struct tn_my_type_facts facts;

    tn_my_type_facts(engine, tn_str(native), &facts);
    same(tn_str(facts.column_type), column_type);
    CU_ASSERT_EQUAL(facts.chars, chars);
    CU_ASSERT_EQUAL(facts.precision, precision);
    CU_ASSERT_EQUAL(facts.scale, scale);
}

static void test_types(void)
{
    type(TN_CFG_ENGINE_DUCKDB, "INTEGER", "int", -1, 10, 0);
    type(TN_CFG_ENGINE_DUCKDB, "UBIGINT", "bigint unsigned", -1, 20, 0);
    type(TN_CFG_ENGINE_DUCKDB, "DECIMAL(10,2)", "decimal(10,2)", -1, 10, 2);
    type(TN_CFG_ENGINE_DUCKDB, "TIMESTAMP WITH TIME ZONE", "timestamp(6)", -1, -1, -1);
    type(TN_CFG_ENGINE_DUCKDB, "INTEGER[]", "json", -1, -1, -1);
    type(TN_CFG_ENGINE_DUCKDB, "STRUCT(a INTEGER, b VARCHAR)", "json", -1, -1, -1);
    type(TN_CFG_ENGINE_DUCKDB, "ENUM('a', 'b')", "enum('a', 'b')", 65535, -1, -1);
    type(TN_CFG_ENGINE_POSTGRES, "character varying(20)", "varchar(20)", 20, -1, -1);
    type(TN_CFG_ENGINE_POSTGRES, "character(3)", "char(3)", 3, -1, -1);
    type(TN_CFG_ENGINE_POSTGRES, "timestamp(3) without time zone", "datetime(3)", -1, -1, -1);
    type(TN_CFG_ENGINE_POSTGRES, "timestamp(0) with time zone", "timestamp", -1, -1, -1);
    type(TN_CFG_ENGINE_POSTGRES, "time(2) without time zone", "time(2)", -1, -1, -1);
    type(TN_CFG_ENGINE_POSTGRES, "numeric(6,2)", "decimal(6,2)", -1, 6, 2);
    type(TN_CFG_ENGINE_POSTGRES, "boolean", "tinyint(1)", -1, 3, 0);
    type(TN_CFG_ENGINE_POSTGRES, "bytea", "blob", 65535, -1, -1);
    type(TN_CFG_ENGINE_POSTGRES, "integer[]", "text", 65535, -1, -1);
    type(TN_CFG_ENGINE_TRINO, "varchar(25)", "varchar(25)", 25, -1, -1);
    type(TN_CFG_ENGINE_TRINO, "row(a bigint)", "json", -1, -1, -1);
    type(TN_CFG_ENGINE_SQLITE, "INTEGER", "bigint", -1, 19, 0);
    type(TN_CFG_ENGINE_SQLITE, "VARCHAR(40)", "varchar(40)", 40, -1, -1);
    type(TN_CFG_ENGINE_SQLITE, "", "text", 65535, -1, -1);
    type(TN_CFG_ENGINE_DUCKDB, ")(", "text", 65535, -1, -1);
}

static void unqualified(const char *sql, const char *expected)
{
    struct tn_str got;

    CU_ASSERT(tn_my_unqualify(tn_str(sql), TN_STR("shop"), &arena, &got));
    same(got, expected);
}

static void test_qualify(void)
{
    CU_ASSERT(tn_my_qualifies(TN_STR("SELECT 1 FROM shop.orders"), TN_STR("shop")));
    CU_ASSERT(tn_my_qualifies(TN_STR("INSERT INTO `SHOP`.`orders` VALUES (1)"), TN_STR("shop")));
    CU_ASSERT(tn_my_qualifies(TN_STR("SELECT sshop FROM sHoP.o"), TN_STR("Shop")));
    CU_ASSERT(tn_my_qualifies(TN_STR("SELECT 1 FROM x.y"), TN_STR("X")));
    CU_ASSERT_FALSE(tn_my_qualifies(TN_STR("SELECT shop.id FROM orders shop"), TN_STR("shop")));
    CU_ASSERT_FALSE(tn_my_qualifies(TN_STR("SELECT 'from shop.orders'"), TN_STR("shop")));
    CU_ASSERT_FALSE(tn_my_qualifies(TN_STR("SELECT 1 FROM shop"), TN_STR("shop")));
    unqualified("SELECT shop.orders.id, 'shop.x' FROM `shop`.`orders`, shop . items WHERE a.shop.b = 1", "SELECT orders.id, 'shop.x' FROM `orders`, items WHERE a.shop.b = 1");
    unqualified("SELECT shop.* FROM shop", "SELECT * FROM shop");
}

static void mentions(const char *sql, const char *database, bool expected)
{
    CU_ASSERT_EQUAL(tn_my_catalog_mentions(tn_str(sql), tn_str(database)) != 0, expected);
}

static void test_mentions(void)
{
    mentions("SELECT * FROM information_schema.tables", "", true);
    mentions("SELECT * FROM `INFORMATION_SCHEMA`.`Columns` c", "", true);
    mentions("SELECT * FROM TABLES", "information_schema", true);
    mentions("SELECT * FROM tables", "shop", false);
    mentions("SELECT 'information_schema.tables'", "", false);
    mentions("SELECT * FROM information_schema.role_table_grants", "", false);
    mentions("SELECT 1 FROM performance_SCHEMA . `session_variables`", "", true); /* none of the quick looks may miss these */
    mentions("(SELECT 1) UNION SELECT table_name FROM INFORMATION_schema.TABLES", "", true);
    mentions("SELECT * FROM columns", "Information_Schema", true);
    mentions("SELECT * FROM information_schem\\a.tables", "", false);
}

/* A statement over a catalog of no rows: what does it answer? */
static void evaluate(const char *sql, uint64_t relations, uint16_t code, uint64_t rows)
{
    static const _Atomic bool     never;
    struct tn_buf                 none[TN_MY_CORE_COUNT] = {{NULL, 0, 0, 0, false}};
    struct tn_my_catalog_question question = {.asker = {.engine = TN_CFG_ENGINE_DUCKDB, .database = TN_STR("shop"), .user = TN_STR("me@here"),
                                                        .current_user = TN_STR("me@%"), .version = TN_STR("8")},
                                              .relations = relations, .sql = tn_str(sql), .time_us = 300000, .interrupted = &never, .rows = none};
    struct tn_my_catalog_answer   answer;

    tn_my_catalog_answer_init(&answer);
    tn_my_catalog_evaluate(&question, &answer);
    if (answer.code != code)
        printf("\n%s: %u %s\n", sql, answer.code, answer.message);
    CU_ASSERT_EQUAL(answer.code, code);
    CU_ASSERT_EQUAL(answer.rows, rows);
    tn_my_catalog_answer_reset(&answer);
}

static void test_evaluate(void)
{
    uint64_t all = 0;

    for (size_t i = 0; i < tn_my_relation_count(); i++)
        all |= UINT64_C(1) << i;
    for (size_t i = 0; i < tn_my_relation_count(); i++) {
        char sql[256];

        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s.%s", tn_my_relation_at(i)->schema, tn_my_relation_at(i)->name);
        evaluate(sql, UINT64_C(1) << i, 0, 1);
    }
    evaluate("SELECT * FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'SHOP' COLLATE utf8mb4_general_ci", all, 0, 1);
    evaluate("SELECT * FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'SHOP' COLLATE utf8mb4_bin", all, 0, 0);
    evaluate("SELECT nowhere FROM information_schema.TABLES", all, 1054, 0);
    evaluate("SELECT * FROM information_schema.NOWHERE", all, 1109, 0);
    evaluate("SELECT 1 FROM", all, 1064, 0);
    evaluate("SELECT 1; SELECT 2", all, 1064, 0);
    evaluate("DELETE FROM tn_schemata", all, 1044, 0);
    evaluate("ATTACH '/tmp/x' AS x", all, 1044, 0);
    evaluate("SELECT load_extension('x')", all, 1044, 0);
    evaluate("SELECT * FROM pragma_database_list", all, 1044, 0);
    evaluate("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", all, 3024, 0);
    evaluate("SELECT 'a' REGEXP '('", all, 1105, 0);
    evaluate("SELECT hex(zeroblob(7000000)) LIKE hex(zeroblob(5000))", all, 1105, 0);
    evaluate("SELECT locate(hex(zeroblob(7000000)), hex(zeroblob(5000)))", all, 1105, 0);
    evaluate("SELECT instr(hex(zeroblob(4000000)), concat(hex(zeroblob(2000000)), '1'))", all, 1105, 0);
    evaluate("SELECT replace(hex(zeroblob(4000000)), concat(hex(zeroblob(2000000)), '1'), 'x')", all, 0, 1);
    evaluate("SELECT rtrim(hex(zeroblob(4000000)), '0')", all, 1105, 0);
    evaluate("SELECT hex(zeroblob(4000000)) GLOB '*1'", all, 1105, 0);
    evaluate("SELECT 1 FROM (SELECT replace('a-b-', '-', '+') AS r, instr('äBc', 'bC') AS i, replace('aa', '', 'x') AS e) WHERE r = 'a+b+' AND i = 2 AND e = 'aa' "
             "AND trim(' x ') = 'x'", all, 0, 1);
    evaluate("SELECT 1 FROM (SELECT tn_default('CAST(''t'' AS BOOLEAN)') AS t, tn_default('CAST(''f'' AS BOOLEAN)') AS f, tn_default('CAST(''t'' AS VARCHAR)') AS v, tn_default('now()', 1) AS n) "
             "WHERE t = '1' AND f = '0' AND v = 't' AND n = 1", all, 0, 1);
    evaluate("SELECT 1 FROM (SELECT tn_type('VARCHAR', 0, '''x''') AS v, tn_type('VARCHAR', 0, NULL) AS t, tn_type('VARCHAR', 0, 'upper(''x'')') AS e, tn_type('INTEGER', 0, '1') AS i) "
             "WHERE v = 'varchar(1024)' AND t = 'text' AND e = 'text' AND i = 'int'", all, 0, 1);
    evaluate("SELECT substring_index('a.b.c', '.', 2), find_in_set('b', 'a,b'), field('b', 'a', 'b'), locate('b', 'abc'), concat_ws('-', 1, NULL, 2)", all, 0, 1);
}

int main(void)
{
    CU_pSuite suite;
    int       failed;

    tn_arena_init(&arena, 0);
    tn_buf_init(&out, 1 << 20);
    CU_initialize_registry();
    suite = CU_add_suite("my_catalog", NULL, NULL);
    CU_add_test(suite, "text", test_text);
    CU_add_test(suite, "types", test_types);
    CU_add_test(suite, "qualify", test_qualify);
    CU_add_test(suite, "mentions", test_mentions);
    CU_add_test(suite, "evaluate", test_evaluate);
    CU_basic_run_tests();
    failed = (int)CU_get_number_of_failures();
    CU_cleanup_registry();
    tn_buf_reset(&out);
    tn_arena_reset(&arena);
    return failed != 0;
}

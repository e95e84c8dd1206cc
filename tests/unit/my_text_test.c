/* my_text_test.c - what MySQL clients write: bytes in statements, and statements of another sql_mode. */
#include "mysql/literals.h"
#include "mysql/mode.h"
#include "mysql/plain.h"
#include "mysql/versioned.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <stdio.h>

static struct tn_arena arena;

static void same(struct tn_str got, struct tn_str expected)
{
    if (!tn_str_eq(got, expected)) {
        printf("\n" TN_STR_FMT "\nexpected " TN_STR_FMT "\n", TN_STR_ARG(got), TN_STR_ARG(expected));
        CU_FAIL("the text is another");
    }
}

static void literals(struct tn_str sql, const char *expected, size_t count, struct tn_str first)
{
    struct tn_error  err = TN_ERROR_INIT;
    struct tn_params params;
    struct tn_str    out;

    CU_ASSERT_EQUAL(tn_my_take_literals(sql, &arena, &out, &params, &err), TN_OK);
    same(out, tn_str(expected));
    CU_ASSERT_EQUAL_FATAL(params.count, count);
    if (count > 0)
        same(params.items[0].value.as.text, first);
    tn_error_reset(&err);
}

static void test_literals(void)
{
    struct tn_error  err = TN_ERROR_INIT;
    struct tn_params params;
    struct tn_str    out;

    literals(TN_STR("SELECT 'x', \"y\""), "SELECT 'x', \"y\"", 0, TN_STR(""));
    literals(TN_STR("SELECT _binary'a\\0b'"), "SELECT ?", 1, TN_STR("a\0b"));
    literals(TN_STR("SELECT _BINARY 'it''s', 2"), "SELECT ?, 2", 1, TN_STR("it's"));
    literals(TN_STR("INSERT INTO t VALUES ('\xff\xfe', x'00fF', 'text')"), "INSERT INTO t VALUES (?, ?, 'text')", 2, TN_STR("\xff\xfe"));
    literals(TN_STR("SELECT X'0', x'0g', '_binary'"), "SELECT X'0', x'0g', '_binary'", 0, TN_STR(""));
    literals(TN_STR("SELECT a FROM t WHERE b = _binary'x' AND c = ?"), "SELECT a FROM t WHERE b = _binary'x' AND c = ?", 0, TN_STR(""));
    CU_ASSERT_EQUAL(tn_my_take_literals(TN_STR("SELECT \xff"), &arena, &out, &params, &err), TN_E_INVALID);
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "22021");
    tn_error_reset(&err);
}

static void plain(const char *sql, const char *expected)
{
    struct tn_str out;

    CU_ASSERT_TRUE(tn_my_plain(tn_str(sql), &arena, &out, NULL));
    same(out, tn_str(expected));
}

/* What other engines are sent, and by what a statement is judged wherever it goes: no word of it may be hidden there, or stand there alone. */
static void test_plain(void)
{
    plain("SELECT SQL_NO_CACHE 1", "SELECT 1");
    plain("SELECT Sql_Cache\tDISTINCT 1", "SELECT\tDISTINCT 1");
    plain("SELECT sql_x FROM q", "SELECT sql_x FROM q");
    plain("/*M! CREATE TABLE q (*/ SELECT 1 /*M! ) */", "  CREATE TABLE q (  SELECT 1   )  ");
    plain("/* a */ /*!50000 CREATE */ VIEW q", "/* a */   CREATE   VIEW q");
    plain("-- a\n/*! KILL */ 1 # b\n+ 2", "-- a\n  KILL   1  \n+ 2");
    plain("/* /* */ CREATE VIEW '*/ SELECT 1'", "  CREATE VIEW '*/ SELECT 1'");
    plain("CREATE -- a\rSELECT\nVIEW q", "CREATE  \nVIEW q");
    plain("WITH $a$ AS (SELECT 1) CREATE q '$a$ SELECT 1'", "WITH \"$a$\" AS (SELECT 1) CREATE q '$a$ SELECT 1'");
    plain("SAVEPOINT `a\"B`", "savepoint \"a\"\"b\"");
    plain("rollback Work TO /* it */ User", "rollback work to /* it */ \"user\"");
    plain("RELEASE SAVEPOINT 2nd", "release savepoint \"2nd\"");
    plain("ROLLBACK", "ROLLBACK");
    plain("SELECT a$b /* c */ FROM q", "SELECT a$b /* c */ FROM q");
}

static void agree(bool expected, const char *sql)
{
    if (tn_my_versions_agree(tn_str(sql)) != expected) {
        printf("\n%s\n", sql);
        CU_FAIL("not so");
    }
}

/* A statement must not be judged as one that a server of another version does not make of it. */
static void test_versioned(void)
{
    agree(true, "SELECT 1");
    agree(true, "/*!40101 SET NAMES utf8mb4 */");
    agree(true, "/*!999999\\- enable the sandbox mode */");
    agree(true, "/*M!999999\\- enable the sandbox mode */");
    agree(true, "CREATE DATABASE /*!32312 IF NOT EXISTS*/ `a` /*!40100 DEFAULT CHARACTER SET utf8mb4 */ /*!80016 DEFAULT ENCRYPTION='N' */");
    agree(true, "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`%`*/ /*!50003 TRIGGER x BEFORE INSERT ON t FOR EACH ROW /* why */ SET @a = '/* ' */");
    agree(true, "SELECT /*!40001 SQL_NO_CACHE */ * FROM `t`");
    agree(true, "SELECT '/*!' , \"*/\", 1 /* */");
    agree(false, "/*!999999 SELECT 1 -- */ DELETE FROM t");
    agree(false, "/*!999999 SELECT 1 -- */ DELETE FROM t\n */");
    agree(false, "/*!999999 EXPLAIN */ DELETE FROM t");
    agree(false, "/*!999999 SHOW */ TRUNCATE t");
    agree(false, "/*M! SELECT (*/ DELETE FROM t /*M! )*/");
    agree(false, "SELECT /*!999999 ' */ 1 INTO OUTFILE 'x' /* ' */");
    agree(false, "SELECT 1 /*M! /* */ INTO OUTFILE 'x' /* */ */");
    agree(false, "WITH a AS (SELECT 1) /*!999999 SELECT 1, */ DELETE FROM t");
    agree(false, "SELECT 1 /*!999999 # */ INTO OUTFILE 'x'\n*/");
    agree(false, "SELECT 1 /*!");
}

static void usual(const char *sql, bool ansi_quotes, bool no_backslash, const char *expected)
{
    struct tn_buf text;

    tn_buf_init(&text, 4096);
    tn_my_mode_put(&text, tn_str(sql), (struct tn_my_mode){ansi_quotes, no_backslash});
    same(tn_buf_str(&text), tn_str(expected));
    tn_buf_reset(&text);
}

static void test_usual(void)
{
    usual("SELECT \"a\"\"b`c\", 'it\\'s \"' -- \"x\"", true, false, "SELECT `a\"b``c`, 'it\\'s \"' -- \"x\"");
    usual("SELECT 'a\\', \"b\\n\" # '\\'", false, true, "SELECT 'a\\\\', \"b\\\\n\" # '\\'");
    usual("SELECT \"a\\\", 'b\\'", true, true, "SELECT `a\\`, 'b\\\\'");
    usual("SELECT @`a_1`, @`b c`, @x", false, false, "SELECT @a_1, @`b c`, @x");
}

static void test_modes(void)
{
    struct tn_error   err = TN_ERROR_INIT;
    struct tn_my_mode mode;
    struct tn_str     shown, told;

    CU_ASSERT_EQUAL(tn_my_mode_read(TN_STR("ansi, STRICT_TRANS_TABLES ,NO_BACKSLASH_ESCAPES"), &arena, &mode, &shown, &told, &err), TN_OK);
    CU_ASSERT(mode.ansi_quotes && mode.no_backslash);
    same(shown, TN_STR("REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,ANSI,NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES"));
    same(told, TN_STR("REAL_AS_FLOAT,PIPES_AS_CONCAT,IGNORE_SPACE,STRICT_TRANS_TABLES"));
    CU_ASSERT_EQUAL(tn_my_mode_read(TN_STR(""), &arena, &mode, &shown, &told, &err), TN_OK);
    CU_ASSERT(tn_my_mode_is_usual(mode) && told.len == 0);
    CU_ASSERT_EQUAL(tn_my_mode_read(TN_STR("ORACLE"), &arena, &mode, &shown, &told, &err), TN_E_UNSUPPORTED);
    tn_error_reset(&err);
}

int main(void)
{
    CU_pSuite suite;
    int       failed;

    tn_arena_init(&arena, 0);
    CU_initialize_registry();
    suite = CU_add_suite("my_text", NULL, NULL);
    CU_add_test(suite, "literals", test_literals);
    CU_add_test(suite, "plain", test_plain);
    CU_add_test(suite, "versioned", test_versioned);
    CU_add_test(suite, "usual", test_usual);
    CU_add_test(suite, "modes", test_modes);
    CU_basic_run_tests();
    failed = (int)CU_get_number_of_failures();
    CU_cleanup_registry();
    tn_arena_reset(&arena);
    return failed != 0;
}

/* Functions that SQLite is given: what each row of the table asks, SQLite answers. */
#include "base/alloc.h"
#include "base/str.h"
#include "engine/sqlite/sqlite_function.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sqlite3 *db;

static atomic_bool interrupted;

static int set_up(void)
{
    if (sqlite3_open(":memory:", &db) != SQLITE_OK || tn_sqlite_functions(db, &interrupted) != SQLITE_OK)
        return 1;
    return sqlite3_exec(db, "CREATE TABLE t (i, s, n); INSERT INTO t VALUES (1, 'b', 2.5), (2, 'a', NULL), (3, 'b', -1), (4, NULL, 7)", NULL, NULL, NULL);
}

static int tear_down(void)
{
    return sqlite3_close(db);
}

/* The first column of the first row as text, "NULL", or the error. Free it. */
static char *answer(const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    char         *out;

    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK || sqlite3_step(stmt) != SQLITE_ROW)
        out = sqlite3_mprintf("error: %s", sqlite3_errmsg(db));
    else
        out = sqlite3_mprintf("%s", sqlite3_column_type(stmt, 0) == SQLITE_NULL ? "NULL" : (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    return out;
}

static void test_answers(void)
{
    static const struct {
        const char *sql, *expected;
    } rows[] = {
        {"SELECT reverse('aż€b')", "b€ża"}, {"SELECT reverse('')", ""}, {"SELECT reverse(NULL)", "NULL"}, {"SELECT reverse(12)", "21"},
        {"SELECT 'abc' REGEXP '^a'", "1"}, {"SELECT 'ABC' REGEXP '^a'", "0"}, {"SELECT 'ABC' REGEXP '(?i)^a'", "1"}, {"SELECT NULL REGEXP 'a'", "NULL"},
        {"SELECT group_concat(s REGEXP 'b', '') FROM t", "101"},
        {"SELECT 'a' REGEXP '('", "error: the regular expression cannot be read: missing closing parenthesis"},
        {"SELECT replace(hex(zeroblob(30)), '00', 'a') REGEXP '^(a|aa)*b$'", "0"}, /* or it takes too long: see below */
        {"SELECT regexp_replace('a1b2', '[0-9]', 'x')", "axbx"}, {"SELECT regexp_replace('a1b2', '[0-9]', 'x', '')", "axb2"},
        {"SELECT regexp_replace('a1b2', '([a-z])([0-9])', '${2}${1}', 'g')", "1a2b"}, {"SELECT regexp_replace('', 'x*', 'long text')", "long text"},
        {"SELECT regexp_replace('x', 'x', replace(hex(zeroblob(500)), '00', 'y')) = replace(hex(zeroblob(500)), '00', 'y')", "1"},
        {"SELECT regexp_replace('aaa', 'a', NULL)", "NULL"}, {"SELECT regexp_replace('a', 'a', '$9')", "error: regexp_replace: unknown substring"},
        {"SELECT regexp_substr('ab12', '[0-9]+')", "12"}, {"SELECT regexp_substr('ab', '[0-9]+')", "NULL"}, {"SELECT regexp_substr('ab', '\\Kb*(?<=a)')", ""},
        {"SELECT concat('a', 1, NULL, 'ü')", "a1ü"}, {"SELECT concat(NULL)", ""}, {"SELECT typeof(concat('x', ''))", "text"},
        {"SELECT split_part('a,b,c', ',', 2)", "b"}, {"SELECT split_part('a,b,c', ',', -1)", "c"}, {"SELECT split_part('a', ',', 2)", ""},
        {"SELECT split_part('abc', '', 1)", "abc"}, {"SELECT split_part('a--b', '--', 2)", "b"}, {"SELECT split_part('a,b', ',', 0)", ""},
        {"SELECT split_part('a,b', ',', 9223372036854775807)", ""}, {"SELECT split_part('a,b', ',', -9223372036854775807 - 1)", ""},
        {"SELECT split_part('', '', 1)", ""}, {"SELECT split_part(NULL, ',', 1)", "NULL"},
        {"SELECT to_base64('abc')", "YWJj"}, {"SELECT to_base64('')", ""}, {"SELECT hex(from_base64('YWJj'))", "616263"}, {"SELECT from_base64('!')", "NULL"},
        {"SELECT hex(from_base64('YW' || char(10) || ' Jj'))", "616263"}, {"SELECT from_base64(char(0))", "NULL"},
        {"SELECT hex(unhex('00fF'))", "00FF"}, {"SELECT unhex('0')", "NULL"}, {"SELECT unhex('zz')", "NULL"},
        {"SELECT md5('a')", "0cc175b9c0f1b6a831c399e269772661"}, {"SELECT md5('')", "d41d8cd98f00b204e9800998ecf8427e"}, {"SELECT md5(NULL)", "NULL"},
        {"SELECT sha1('a')", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"}, {"SELECT length(sha2('a', 512))", "128"}, {"SELECT sha2('a', 7)", "NULL"},
        {"SELECT sha2('a', NULL)", "NULL"}, {"SELECT sha2('a', 4294967552)", "NULL"},
        {"SELECT sha2('a', 0)", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
        {"SELECT bin(5)", "101"}, {"SELECT bin(0)", "0"}, {"SELECT length(bin(-1))", "64"}, {"SELECT bit_count(7)", "3"}, {"SELECT bit_count(-1)", "64"},
        {"SELECT round(stddev_pop(i), 6) FROM t", "1.118034"}, {"SELECT round(stddev(i), 6) FROM t", "1.290994"}, {"SELECT var_pop(i) FROM t", "1.25"},
        {"SELECT round(var_samp(n), 6) FROM t", "16.083333"}, {"SELECT var_samp(i) FROM t WHERE i = 1", "NULL"}, {"SELECT var_pop(i) FROM t WHERE i = 1", "0.0"},
        {"SELECT stddev_pop(i) FROM t WHERE i > 9", "NULL"},
        {"SELECT group_concat(v) FROM (SELECT round(var_pop(i) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW), 3) v FROM t)", "0.0,0.25,0.25,0.25"},
        {"SELECT bit_and(i) FROM t WHERE i IN (1, 3)", "1"}, {"SELECT bit_or(i) FROM t", "7"}, {"SELECT bit_xor(i) FROM t", "4"}, {"SELECT bit_and(i) FROM t WHERE i > 9", "NULL"},
        {"SELECT group_concat(v) FROM (SELECT bit_or(i) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) v FROM t)", "1,3,3,7"},
        {"SELECT group_concat_by(s, '|', 'd', i) FROM t", "b|a|b"}, {"SELECT group_concat_by(s, ',', 'a', s) FROM t", "a,b,b"},
        {"SELECT group_concat_by(s, ',', 'ua', s) FROM t", "a,b"}, {"SELECT group_concat_by(i, ',', 'a', n) FROM t", "2,3,1,4"},
        {"SELECT group_concat_by(i, ',', 'A', n) FROM t", "3,1,4,2"}, {"SELECT group_concat_by(i, ',', 'd', n) FROM t", "4,1,3,2"},
        {"SELECT group_concat_by(i, ',', 'D', n) FROM t", "2,4,1,3"}, {"SELECT group_concat_by(i, '', 'ad', s, i) FROM t", "4231"},
        {"SELECT group_concat_by(s, ',', 'a', i) FROM t WHERE i > 9", "NULL"}, {"SELECT group_concat_by(s, ',', 'a', i) FROM t WHERE i = 4", "NULL"},
        {"SELECT group_concat_by(s, ',', 'aa', i) FROM t", "error: group_concat_by(text, separator, order, key...): order has a letter for each of at most 8 keys"},
        {"SELECT group_concat_by(i, ',', 'a', v) FROM (SELECT 1 AS i, 9007199254740993 AS v UNION ALL SELECT 2, 9007199254740992.0 UNION ALL SELECT 3, 9007199254740992)", "2,3,1"},
        {"SELECT group_concat_by(v, ',', 'a', v) FROM (SELECT x'62' AS v UNION ALL SELECT x'61' UNION ALL SELECT 'c' UNION ALL SELECT 7)", "7,c,a,b"},
        {"SELECT first_by(s, 1, 'd', i) FROM t", "NULL"}, {"SELECT first_by(i, 1, 'a', n) FROM t", "2"}, {"SELECT first_by(i, 1, 'A', n) FROM t", "3"},
        {"SELECT first_by(i, 2, 'ad', s, i) FROM t", "2"}, {"SELECT first_by(i, 5, 'a', i) FROM t", "NULL"}, {"SELECT typeof(first_by(n, 3, 'a', i)) FROM t", "integer"},
        {"SELECT first_by(i, 0, 'a', i) FROM t", "NULL"}, {"SELECT first_by(i, 1, '', i) FROM t", "error: first_by(value, number, order, key...): order has a letter for each of at most 8 keys"},
        {"SELECT max_by(s, n) FROM t", "NULL"}, {"SELECT min_by(s, n) FROM t", "b"}, {"SELECT max_by(i, s) FROM t", "1"}, {"SELECT min_by(i, s) FROM t", "2"},
        {"SELECT max_by(i, n) FROM t WHERE i = 2", "NULL"}, {"SELECT typeof(max_by(n, i)) FROM t", "integer"},
        {"SELECT percentile_cont(i, 0.5) FROM t", "2.5"}, {"SELECT percentile_disc(i, 0.5) FROM t", "2"}, {"SELECT percentile_disc(s, 1) FROM t", "b"},
        {"SELECT percentile_cont(n, 0) FROM t", "-1.0"}, {"SELECT percentile_disc(n, 0) FROM t", "-1"}, {"SELECT percentile_cont(i, 1) FROM t WHERE i > 9", "NULL"},
        {"SELECT percentile_cont(i, 1.5) FROM t", "error: a percentile is at a part between 0 and 1"}, {"SELECT percentile_disc(i, NULL) FROM t", "error: a percentile is at a part between 0 and 1"},
        {"SELECT substring_index('a.b.c', '.', 2)", "a.b"}, {"SELECT substring_index('a.b.c', '.', -1)", "c"}, {"SELECT substring_index('a.b.c', '.', -2)", "b.c"},
        {"SELECT substring_index('a.b.c', '.', 3)", "a.b.c"}, {"SELECT substring_index('a.b.c', '.', -9)", "a.b.c"}, {"SELECT substring_index('a.b', '.', 0)", ""},
        {"SELECT substring_index('a.b', '', 1)", ""}, {"SELECT substring_index('', '.', 1)", ""}, {"SELECT substring_index(NULL, '.', 1)", "NULL"},
        {"SELECT substring_index('a.b', '.', -9223372036854775807 - 1)", "a.b"}, {"SELECT substring_index('a--b--c', '--', -2)", "b--c"}, {"SELECT substring_index('a.', '.', -1)", ""},
        {"SELECT initcap('hello wORLD o''neil x2y ärger')", "Hello World O'Neil X2y ärger"}, {"SELECT initcap('')", ""}, {"SELECT initcap(NULL)", "NULL"},
        {"SELECT 'xb' REGEXP 'a|b'", "1"}, {"SELECT regexp_replace('A1', '(?i)(a)', '<$1>')", "<A>1"}, {"SELECT 'a' REGEXP '(?x) a # and no more'", "1"},
        {"SELECT sleep(0.01)", "0"}, {"SELECT sleep(NULL)", "error: sleep() takes seconds from 0 on"}, {"SELECT sleep(-1)", "error: sleep() takes seconds from 0 on"},
        {"SELECT group_concat_by(s, NULL, 'a', i) FROM t", "bab"}, {"SELECT group_concat_by('x', ',', '', 1) FROM t",
         "error: group_concat_by(text, separator, order, key...): order has a letter for each of at most 8 keys"},
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(rows); i++) {
        char *got = answer(rows[i].sql);

        if (strcmp(got, rows[i].expected) != 0)
            fprintf(stderr, "\n%s\n  expected: %s\n  got:      %s\n", rows[i].sql, rows[i].expected, got);
        CU_ASSERT_STRING_EQUAL(got, rows[i].expected);
        sqlite3_free(got);
    }
}

static void test_sleep_is_interrupted(void)
{
    char *got;

    atomic_store(&interrupted, true);
    got = answer("SELECT sleep(1000)");
    CU_ASSERT_STRING_EQUAL(got, "1");
    sqlite3_free(got);
    atomic_store(&interrupted, false);
}

/* A pattern that would try for ever ends with an error, and one that is too long is not compiled. */
static void test_limits(void)
{
    char *late = answer("SELECT replace(hex(zeroblob(5000)), '00', 'a') || 'c' REGEXP '^((a+)+|(a|aa)+)+b$'");
    char *large = answer("SELECT 'a' REGEXP replace(hex(zeroblob(5000)), '00', 'a')");

    char *many = answer("SELECT replace(hex(zeroblob(20000)), '00', 'aaaaaaaaaaaaaaaaac') REGEXP '(a+)+b|z'"); /* each place is within the limit */
    char *often = answer("SELECT regexp_replace(replace(hex(zeroblob(20000)), '00', 'aaaaaaaaaaaaaaaaac'), '(a+)+b|c', '')");

    CU_ASSERT_PTR_NOT_NULL(strstr(many, "the regular expression takes too long"));
    CU_ASSERT_PTR_NOT_NULL(strstr(often, "error: regexp_replace"));
    sqlite3_free(many);
    sqlite3_free(often);
    CU_ASSERT_PTR_NOT_NULL(strstr(late, "the regular expression takes too long"));
    CU_ASSERT_STRING_EQUAL(large, "error: the regular expression is longer than 4096 bytes");
    sqlite3_free(late);
    sqlite3_free(large);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failed;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("sqlite functions", set_up, tear_down);
    CU_add_test(suite, "answers", test_answers);
    CU_add_test(suite, "limits", test_limits);
    CU_add_test(suite, "sleep is interrupted", test_sleep_is_interrupted);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
    CU_cleanup_registry();
    return failed > 0;
}

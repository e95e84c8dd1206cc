/* translate_test.c - scanning, the cache by template, frames, and processes that misbehave. */
#include "base/alloc.h"
#include "base/clock.h"
#include "translate/entry.h"
#include "translate/file.h"
#include "translate/process.h"
#include "translate/translator.h"

#include <CUnit/Basic.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SALT = 7, SECRET = 11 };

static struct tn_arena arena;

static struct tn_scan scan_of(const char *sql)
{
    struct tn_scan scan;

    tn_scan_read(&scan, tn_str(sql), TN_DIALECT_POSTGRES, SECRET);
    return scan;
}

static bool same_key(const char *a, const char *b)
{
    struct tn_scan one = scan_of(a), two = scan_of(b);

    return one.key[0] == two.key[0] && one.key[1] == two.key[1];
}

static void test_scan(void)
{
    struct tn_scan scan = scan_of("SELECT 'abc', 12, 1.5, 'it''s', E'x', $1, -7 FROM t -- 9");

    CU_ASSERT_EQUAL(scan.count, 4);
    CU_ASSERT(tn_str_eq_c(scan.literals[0], "'abc'") && tn_str_eq_c(scan.literals[1], "12") && tn_str_eq_c(scan.literals[2], "1.5"));
    CU_ASSERT_TRUE(same_key("select 1", "select  2 /* x */"));
    CU_ASSERT_FALSE(same_key("select 1", "SELECT 1")); /* words name columns */
    CU_ASSERT_FALSE(same_key("select 1", "select 1.5"));
    CU_ASSERT_FALSE(same_key("select 1", "select '1'"));
    CU_ASSERT_FALSE(same_key("select 1", "select 10000000000"));
    CU_ASSERT_FALSE(same_key("select 'it''s'", "select 'he''s'"));
    CU_ASSERT_FALSE(same_key("select 'a\\b'", "select 'a\\c'"));
    CU_ASSERT_FALSE(same_key("select x ~ 'a(?=b)'", "select x ~ 'a(?=c)'")); /* DuckDB has none */
    CU_ASSERT_TRUE(same_key("select x ~ 'a(b)'", "select x ~ 'a(c)'"));
    CU_ASSERT_FALSE(same_key("select $1", "select $2"));
    CU_ASSERT_FALSE(same_key("a b", "ab"));
    CU_ASSERT_FALSE(same_key("select 1", "select 1, 1"));
    CU_ASSERT_FALSE(same_key("select \"a\"", "select a"));
    CU_ASSERT_TRUE(same_key("select '2020-01-01 10:00:00'", "select '2021-12-31 23:59:59'"));
    CU_ASSERT_FALSE(same_key("select '2020-01-01 10:00:00'", "select '2020-01-01 10:00:00 UTC'"));
    CU_ASSERT_FALSE(same_key("select '2020-01-01 10:00:00'", "select '2020-01-01 10:00:00+02:00'"));
    CU_ASSERT_FALSE(same_key("select '10:00:00'", "select '10:00:00.5'"));
    CU_ASSERT_TRUE(same_key("select 'x'", "select 'ab:c'"));
    CU_ASSERT_TRUE(same_key("select '1'", "select '22'"));
    CU_ASSERT_FALSE(same_key("select '1'", "select 'x1'")); /* of letters, the collation may matter */
    CU_ASSERT_TRUE(same_key("select '2020-01-01'", "select '2021-12-31'"));
    CU_ASSERT_FALSE(same_key("select '2020-01-01'", "select 'tomorrow'")); /* a date where one is wanted, a text where not */
    CU_ASSERT_FALSE(same_key("select '2020-01-01'", "select '2020-01-01 x'"));
}

static bool spelled(const char *sql, enum tn_dialect dialect, const char *want)
{
    struct tn_scan scan;
    struct tn_buf  out;
    uint32_t       at[TN_SCAN_LITERALS];
    bool           ok;

    tn_buf_init(&out, 4096);
    tn_scan_read(&scan, tn_str(sql), dialect, SECRET);
    tn_scan_spell(&out, tn_str(sql), dialect, &scan, at);
    ok = tn_str_eq_c(tn_buf_str(&out), want);
    for (size_t i = 0; i < scan.count; i++)
        ok = ok && tn_str_eq(tn_str_n(out.data + at[i], scan.literals[i].len), scan.literals[i]);
    tn_buf_reset(&out);
    return ok;
}

/* Statements with the same key are the same to who reads them: an executable comment's WHERE is one. */
static void test_spelling(void)
{
    CU_ASSERT_TRUE(spelled("DELETE FROM t /*!40101 WHERE x = 1 */", TN_DIALECT_MYSQL, "DELETE FROM t          WHERE x = 1"));
    CU_ASSERT_TRUE(spelled("SELECT 5--1", TN_DIALECT_MYSQL, "SELECT 5- -1"));
    CU_ASSERT_TRUE(spelled("SELECT /*+ x */ 'a'\n'b' -- c\n, 2", TN_DIALECT_POSTGRES, "SELECT          'a'\n'b'     \n, 2"));
    CU_ASSERT_TRUE(spelled("\xc3\xa4 'x'/* \xc3\xa4 */,7", TN_DIALECT_POSTGRES, "\xc3\xa4 'x'        ,7"));
}

/* TEXT has its literals between brackets: "SELECT [0:'a']". */
static void learn(struct tn_translations *cache, const char *sql, const char *marked, struct tn_buf *rows)
{
    struct tn_scan scan = scan_of(sql);
    struct tn_buf  text, places;

    tn_buf_init(&text, 4096);
    tn_buf_init(&places, 4096);
    for (const char *c = marked; *c != '\0'; c++) {
        if (*c == '[') {
            size_t len = strcspn(c + 3, "]");

            tn_frame_put_u32(&places, (uint32_t)text.len);
            tn_frame_put_u32(&places, (uint32_t)len);
            tn_buf_put_u8(&places, 'L');
            tn_frame_put_u32(&places, (uint32_t)(c[1] - '0'));
            tn_buf_append(&text, c + 3, len);
            c += 3 + len;
        } else {
            tn_buf_put_u8(&text, (uint8_t)*c);
        }
    }
    tn_translations_learn(cache, &scan, SALT, tn_buf_str(&text), tn_buf_str(&places), TN_STR(""), rows);
    tn_buf_reset(&text);
    tn_buf_reset(&places);
}

static bool known(struct tn_translations *cache, const char *sql, const char *want)
{
    struct tn_scan       scan = scan_of(sql);
    struct tn_translated out;

    return tn_translations_find(cache, &scan, SALT, 1, &arena, &out) && out.verdict == TN_VERDICT_OK && tn_str_eq_c(out.text, want);
}

static bool unknown(struct tn_translations *cache, const char *sql)
{
    struct tn_scan       scan = scan_of(sql);
    struct tn_translated out;

    return !tn_translations_find(cache, &scan, SALT, 1, &arena, &out);
}

static void test_trusted_after_the_second(void)
{
    struct tn_translations *cache = tn_translations_new(1 << 20);

    CU_ASSERT_TRUE(unknown(cache, "select 'a', 5"));
    learn(cache, "select 'a', 5", "SELECT [1:5], [0:'a'] FROM x", NULL);
    CU_ASSERT_TRUE(known(cache, "select 'a', 5", "SELECT 5, 'a' FROM x"));
    CU_ASSERT_TRUE(unknown(cache, "select 'b', 6"));
    learn(cache, "select 'b', 6", "SELECT [1:6], [0:'b'] FROM x", NULL);
    CU_ASSERT_TRUE(known(cache, "select 'xyz', 123", "SELECT 123, 'xyz' FROM x"));
    CU_ASSERT_TRUE(known(cache, "select 'a', 5", "SELECT 5, 'a' FROM x"));
    CU_ASSERT_TRUE(unknown(cache, "select 'a', 5, 6"));
    tn_translations_free(cache);
}

/* A literal that was the same both times has not shown that nothing else depends on it. */
static void test_each_literal_by_itself(void)
{
    struct tn_translations *cache = tn_translations_new(1 << 20);
    struct tn_buf           rows;

    tn_buf_init(&rows, 1 << 20);
    learn(cache, "select 'a', 5", "SELECT [0:'a'] AS `a`, [1:5]", &rows);
    learn(cache, "select 'a', 6", "SELECT [0:'a'] AS `a`, [1:6]", &rows);
    CU_ASSERT_EQUAL(rows.len, 0);
    CU_ASSERT_TRUE(known(cache, "select 'a', 7", "SELECT 'a' AS `a`, 7"));
    CU_ASSERT_TRUE(unknown(cache, "select 'b', 7"));
    learn(cache, "select 'b', 7", "SELECT [0:'b'] AS `b`, [1:7]", &rows);
    CU_ASSERT_TRUE(known(cache, "select 'b', 7", "SELECT 'b' AS `b`, 7"));
    CU_ASSERT_TRUE(unknown(cache, "select 'a', 8"));
    tn_buf_reset(&rows);
    tn_translations_free(cache);
}

/* The first literal is a format: it does not come out as it went in, and is part of the key. */
static void test_literal_that_is_consumed(void)
{
    struct tn_translations *cache = tn_translations_new(1 << 20);

    learn(cache, "f('YYYY', 1)", "g('%Y', [1:1])", NULL);
    learn(cache, "f('YYYY', 2)", "g('%Y', [1:2])", NULL);
    CU_ASSERT_TRUE(known(cache, "f('YYYY', 3)", "g('%Y', 3)"));
    CU_ASSERT_TRUE(unknown(cache, "f('MM', 3)"));
    learn(cache, "f('MM', 3)", "g('%m', [1:3])", NULL);
    CU_ASSERT_TRUE(known(cache, "f('MM', 3)", "g('%m', 3)"));
    CU_ASSERT_TRUE(unknown(cache, "f('MM', 4)"));
    tn_translations_free(cache);
}

/* The second, translated whole, is not what the template says: the literals are part of the key from now on. */
static void test_literal_that_changes_the_rest(void)
{
    struct tn_translations *cache = tn_translations_new(1 << 20);

    learn(cache, "top 1", "limit [0:1]", NULL);
    learn(cache, "top 2", "limit [0:2] rows", NULL);
    CU_ASSERT_TRUE(known(cache, "top 2", "limit 2 rows"));
    CU_ASSERT_TRUE(unknown(cache, "top 1"));
    CU_ASSERT_TRUE(unknown(cache, "top 3"));
    learn(cache, "top 1", "limit [0:1]", NULL);
    CU_ASSERT_TRUE(known(cache, "top 1", "limit 1"));
    CU_ASSERT_TRUE(known(cache, "top 2", "limit 2 rows"));
    tn_translations_free(cache);
}

/* A worker that says a literal is where it is not is not believed: the literal stays in the text, and in the key. */
static void test_wrong_places(void)
{
    struct tn_translations *cache = tn_translations_new(1 << 20);

    learn(cache, "x 'a', 'b'", "y [0:'b'], [1:'a'], [7:'c']", NULL);
    CU_ASSERT_TRUE(known(cache, "x 'a', 'b'", "y 'b', 'a', 'c'"));
    learn(cache, "x 'c', 'd'", "y [1:'d'], [0:'c']", NULL);
    CU_ASSERT_TRUE(known(cache, "x 'c', 'd'", "y 'd', 'c'"));
    CU_ASSERT_TRUE(unknown(cache, "x 'e', 'f'"));
    tn_translations_free(cache);
}

static void test_refusals_end(void)
{
    struct tn_translations *cache = tn_translations_new(1 << 20);
    struct tn_scan          scan = scan_of("pivot 1");
    struct tn_translated    out;

    tn_translations_refuse(cache, &scan, SALT, &(struct tn_translated){.verdict = TN_VERDICT_CANNOT_PARSE, .why = TN_STR("why")}, 100);
    CU_ASSERT_TRUE(tn_translations_find(cache, &scan, SALT, 99, &arena, &out));
    CU_ASSERT(out.verdict == TN_VERDICT_CANNOT_PARSE && tn_str_eq_c(out.why, "why"));
    CU_ASSERT_FALSE(tn_translations_find(cache, &scan, SALT, 100, &arena, &out));
    learn(cache, "pivot 1", "turn [0:1]", NULL);
    CU_ASSERT_TRUE(known(cache, "pivot 1", "turn 1"));
    tn_translations_free(cache);
}

static bool refused(struct tn_translations *cache, const char *sql)
{
    struct tn_scan       scan = scan_of(sql);
    struct tn_translated out;

    return tn_translations_find(cache, &scan, SALT, 1, &arena, &out) && out.verdict == TN_VERDICT_CANNOT_PARSE;
}

static void refuse_for(struct tn_translations *cache, const char *sql, const char *why, bool of_literal)
{
    struct tn_scan scan = scan_of(sql);

    tn_translations_refuse(cache, &scan, SALT, &(struct tn_translated){.verdict = TN_VERDICT_CANNOT_PARSE, .why = tn_str(why), .of_literal = of_literal}, 100);
}

static void refuse(struct tn_translations *cache, const char *sql)
{
    refuse_for(cache, sql, "why", false);
}

/* What somebody wrote into a literal does not take the template from the others. */
static void test_refusals_of_literals(void)
{
    struct tn_translations *cache = tn_translations_new(1 << 20);

    refuse(cache, "wait 'x'");
    CU_ASSERT_TRUE(refused(cache, "wait 'x'"));
    CU_ASSERT_TRUE(unknown(cache, "wait '1 day'"));
    learn(cache, "wait '1 day'", "WAIT [0:'1 day']", NULL);
    learn(cache, "wait '2 day'", "WAIT [0:'2 day']", NULL);
    refuse(cache, "wait 'y'");
    CU_ASSERT_TRUE(known(cache, "wait '3 day'", "WAIT '3 day'"));
    refuse(cache, "turn 1");
    refuse(cache, "turn 2");
    CU_ASSERT_TRUE(refused(cache, "turn 3"));
    refuse_for(cache, "trunc 'a'", "trunc to a", false);
    refuse_for(cache, "trunc 'b'", "trunc to b", false);
    CU_ASSERT_TRUE(refused(cache, "trunc 'b'"));
    CU_ASSERT_TRUE(unknown(cache, "trunc 'c'"));
    refuse_for(cache, "add '1 dya'", "no such interval", true);
    refuse_for(cache, "add '2 dya'", "no such interval", true);
    CU_ASSERT_TRUE(refused(cache, "add '2 dya'"));
    CU_ASSERT_TRUE(unknown(cache, "add '2 day'"));
    tn_translations_free(cache);
}

static void test_bounded(void)
{
    struct tn_translations       *cache = tn_translations_new(1 << 20);
    struct tn_translations_counts counts;
    char                          sql[64], text[64];

    for (int i = 0; i < 20000; i++) {
        snprintf(sql, sizeof sql, "select c%d", i);
        snprintf(text, sizeof text, "SELECT c%d", i);
        learn(cache, sql, text, NULL);
        CU_ASSERT_TRUE(known(cache, sql, text));
    }
    tn_translations_count(cache, &counts);
    CU_ASSERT(counts.bytes <= 1 << 20 && counts.evicted > 0 && counts.entries > 100);
    tn_translations_free(cache);
}

/* What is trusted comes back from its rows, without the literals that it was made with. */
static void test_rows(void)
{
    struct tn_translations *cache = tn_translations_new(1 << 20), *again = tn_translations_new(1 << 20);
    struct tn_buf           rows;

    tn_buf_init(&rows, 1 << 20);
    learn(cache, "select 'secret', 5", "SELECT [0:'secret'], [1:5]", &rows);
    CU_ASSERT_EQUAL(rows.len, 0);
    learn(cache, "select 'hidden', 6", "SELECT [0:'hidden'], [1:6]", &rows);
    CU_ASSERT(rows.len > 0 && memmem(rows.data, rows.len, "hidden", 6) == NULL && memmem(rows.data, rows.len, "secret", 6) == NULL);
    for (size_t at = 0; rows.len - at > 4;) {
        size_t len = tn_frame_u32(rows.data + at);

        for (size_t cut = 0; cut < len; cut++)
            CU_ASSERT_FALSE(tn_translations_load(again, tn_str_n(rows.data + at + 4, cut)));
        CU_ASSERT_TRUE(tn_translations_load(again, tn_str_n(rows.data + at + 4, len)));
        at += 4 + len;
    }
    CU_ASSERT_TRUE(known(again, "select 'new', 77", "SELECT 'new', 77"));
    tn_buf_reset(&rows);
    tn_translations_free(cache);
    tn_translations_free(again);
}

/* Without the secret nobody can say which two texts have one key: neither of their words, nor of literals that are part of it. */
static void test_secret(void)
{
    static const char *const texts[] = {"select a from t", "select '2020-01-01'", "f('YYYY', 1)"};

    for (size_t i = 0; i < TN_ARRAY_LEN(texts); i++) {
        struct tn_translations *cache = tn_translations_new(1 << 20);
        struct tn_scan          mine, other;
        struct tn_translated    out;

        tn_scan_read(&mine, tn_str(texts[i]), TN_DIALECT_POSTGRES, SECRET);
        tn_scan_read(&other, tn_str(texts[i]), TN_DIALECT_POSTGRES, SECRET + 1);
        CU_ASSERT(mine.key[0] != other.key[0] && mine.key[1] != other.key[1]);
        CU_ASSERT(tn_translation_literals_hash(&mine) != tn_translation_literals_hash(&other));
        if (mine.count > 0)
            CU_ASSERT(tn_translation_literal_hash(&mine, 0) != tn_translation_literal_hash(&other, 0));
        tn_translations_learn(cache, &mine, SALT, TN_STR("x"), TN_STR(""), TN_STR(""), NULL);
        CU_ASSERT_TRUE(tn_translations_find(cache, &mine, SALT, 1, &arena, &out));
        CU_ASSERT_FALSE(tn_translations_find(cache, &other, SALT, 1, &arena, &out));
        tn_translations_free(cache);
    }
}

static uint64_t secret_of(const char *path)
{
    struct tn_translation_file *file = tn_translation_file_open(path);
    uint64_t                    secret = file == NULL ? 0 : tn_translation_file_secret(file);

    CU_ASSERT_PTR_NOT_NULL(file);
    tn_translation_file_close(file);
    return secret;
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;

    CU_ASSERT_EQUAL(sqlite3_open(path, &db), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static size_t rows_in(const char *path)
{
    struct tn_translation_file *file = tn_translation_file_open(path);
    struct tn_translations     *cache = tn_translations_new(1 << 20);
    size_t                      count = tn_translation_file_load(file, "v", 100, cache);

    tn_translation_file_close(file);
    tn_translations_free(cache);
    return count;
}

static void keep(const char *path)
{
    struct tn_translation_file *file = tn_translation_file_open(path);
    struct tn_translations     *cache = tn_translations_new(1 << 20);
    struct tn_buf               rows;

    tn_buf_init(&rows, 1 << 20);
    learn(cache, "select a", "SELECT a", &rows);
    tn_translation_file_add(file, "v", tn_buf_str(&rows));
    tn_buf_reset(&rows);
    tn_translation_file_close(file);
    tn_translations_free(cache);
}

/* Each file has its own secret for as long as it is there; what a file from before there were secrets holds is dropped. */
static void test_file(void)
{
    char     folder[] = "/tmp/turnout-translations-XXXXXX", one[64], two[64];
    uint64_t secret;

    CU_ASSERT_FATAL(mkdtemp(folder) != NULL);
    snprintf(one, sizeof one, "%s/one", folder);
    snprintf(two, sizeof two, "%s/two", folder);
    secret = secret_of(one);
    keep(one);
    CU_ASSERT(secret_of(one) == secret && secret_of(two) != secret && rows_in(one) == 2);
    run_sql(one, "DROP TABLE secret; PRAGMA user_version = 1");
    CU_ASSERT(secret_of(one) != secret && rows_in(one) == 0);
    keep(one);
    CU_ASSERT_EQUAL(rows_in(one), 2);
    run_sql(one, "UPDATE secret SET value = x'00'");
    CU_ASSERT_PTR_NULL(tn_translation_file_open(one));
    unlink(one);
    unlink(two);
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

static void test_without_memory(void)
{
    struct tn_translations *cache = tn_translations_new(1 << 20);

    for (size_t n = 0; n < 12; n++) {
        tn_alloc_fail_after(n);
        learn(cache, "select 1", "SELECT [0:1]", NULL);
        tn_alloc_fail_never();
        tn_arena_reset(&arena);
        tn_arena_init(&arena, 0);
        CU_ASSERT_TRUE(unknown(cache, "select 2"));
    }
    tn_translations_free(cache);
}

static void test_frames(void)
{
    static const char       good[] = "\1\0\0\0\0\0\0\0\0\2\0\0\0ok";
    struct tn_frame_answer  answer;
    struct tn_frame_place   place;
    struct tn_buf           places;

    CU_ASSERT_TRUE(tn_frame_read(&answer, tn_str_n(good, sizeof good - 1)));
    CU_ASSERT(answer.id == 1 && answer.count == 1 && tn_str_eq_c(answer.fields[0], "ok"));
    for (size_t cut = 0; cut < sizeof good - 1; cut++)
        CU_ASSERT(!tn_frame_read(&answer, tn_str_n(good, cut)) || cut == 9);
    CU_ASSERT_FALSE(tn_frame_read(&answer, tn_str_n("\1\0\0\0\0\0\0\0\0\xff\xff\xff\xffok", 15)));
    CU_ASSERT_FALSE(tn_frame_read(&answer, tn_str_n("\1\0\0\0\0\0\0\0\7\2\0\0\0ok", 15)));
    tn_buf_init(&places, 4096);
    tn_frame_put_u32(&places, 3);
    tn_frame_put_u32(&places, 2);
    tn_buf_puts(&places, "L");
    tn_frame_put_u32(&places, 0);
    CU_ASSERT_TRUE(tn_frame_place(tn_buf_str(&places), 0, 5, &place));
    CU_ASSERT_FALSE(tn_frame_place(tn_buf_str(&places), 0, 4, &place));
    CU_ASSERT_FALSE(tn_frame_place(tn_buf_str(&places), 1, 5, &place));
    tn_buf_reset(&places);
}

/* Programs in the place of Python: each is told by its answer, or its silence, and none is left behind. */
static void test_processes(void)
{
    static const char *const programs[] = {"exec head -c 100000 /dev/zero", "exec head -c 1000000 /dev/urandom", "exit 3", "printf '\\377\\377\\377\\377'",
                                           "printf '\\11\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0'", "kill -9 $$"};
    char                     path[] = "/tmp/turnout-worker-XXXXXX";
    int                      fd = mkstemp(path);
    struct tn_process_conf   conf = {.memory = (size_t)1 << 30, .timeout_us = 1000000, .max_frame = 65536};
    struct tn_process        process;
    const _Atomic bool       stop = false;

    CU_ASSERT_FATAL(fd >= 0);
    close(fd);
    tn_str_copy(conf.python, sizeof conf.python, tn_str(path));
    tn_process_init(&process);
    for (size_t i = 0; i < TN_ARRAY_LEN(programs); i++) {
        FILE *file = fopen(path, "we");

        fprintf(file, "#!/bin/sh\n%s\n", programs[i]);
        fclose(file);
        chmod(path, 0700);
        CU_ASSERT_FALSE(tn_process_start(&process, &conf, &stop));
        CU_ASSERT(process.fd < 0 && (process.why[0] != '\0' || i == 4));
    }
    unlink(path);
    CU_ASSERT_FALSE(tn_process_start(&process, &conf, &stop));
    CU_ASSERT_PTR_NOT_NULL(strstr(process.why, "No such file"));
    tn_process_free(&process);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    tn_arena_init(&arena, 0);
    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("translate", NULL, NULL)) == NULL)
        return CU_get_error();
    CU_ADD_TEST(suite, test_scan);
    CU_ADD_TEST(suite, test_trusted_after_the_second);
    CU_ADD_TEST(suite, test_spelling);
    CU_ADD_TEST(suite, test_literal_that_is_consumed);
    CU_ADD_TEST(suite, test_each_literal_by_itself);
    CU_ADD_TEST(suite, test_literal_that_changes_the_rest);
    CU_ADD_TEST(suite, test_wrong_places);
    CU_ADD_TEST(suite, test_refusals_end);
    CU_ADD_TEST(suite, test_refusals_of_literals);
    CU_ADD_TEST(suite, test_bounded);
    CU_ADD_TEST(suite, test_rows);
    CU_ADD_TEST(suite, test_secret);
    CU_ADD_TEST(suite, test_file);
    CU_ADD_TEST(suite, test_without_memory);
    CU_ADD_TEST(suite, test_frames);
    CU_ADD_TEST(suite, test_processes);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    tn_arena_reset(&arena);
    return failures == 0 ? 0 : 1;
}

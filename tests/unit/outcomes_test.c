/* outcomes_test.c - the reader of recorded outcomes: forms, defaults, every mistake with its line. */
#include "tools/cli/outcomes.h"

#include "base/alloc.h"
#include "base/buf.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

/* All lines as text: "t|timed|sql|dialect|engine:seconds:ok:bytes:usd:slots ..."; an error as "ERROR message". Free it. */
static char *read_all(const char *name, struct tn_str text)
{
    struct tn_error        err = TN_ERROR_INIT;
    struct tn_outcomes    *outcomes = NULL;
    struct tn_outcome_line line;
    struct tn_buf          out;
    enum tn_status         status = tn_outcomes_parse(&outcomes, name, text, &err);
    char                  *result;

    tn_buf_init(&out, 1 << 24);
    while (status == TN_OK && (status = tn_outcomes_next(outcomes, &line, &err)) == TN_OK && line.sql.ptr != NULL) {
        CU_ASSERT_EQUAL(line.oracle, -1);
        tn_buf_printf(&out, "%g|%d|" TN_STR_FMT "|%d", line.t_s, line.timed, TN_STR_ARG(line.sql), (int)line.dialect);
        for (size_t i = 0; i < line.count; i++)
            tn_buf_printf(&out, "|%s:%g:%d:%g:%g:%g", tn_outcomes_names(outcomes)[line.list[i].engine], line.list[i].latency_s, line.list[i].ok,
                          line.list[i].bytes, line.list[i].usd, line.list[i].slots);
        tn_buf_puts(&out, "\n");
    }
    if (status != TN_OK)
        tn_buf_printf(&out, "ERROR %s", err.message);
    tn_outcomes_close(outcomes);
    tn_error_reset(&err);
    result = tn_strndup(out.data == NULL ? "" : out.data, out.len);
    tn_buf_reset(&out);
    return result;
}

static void expect(const char *name, struct tn_str text, const char *expected)
{
    char *got = read_all(name, text);

    if (strcmp(got, expected) != 0)
        printf("\n%.*s\n  got      %s\n  expected %s\n", (int)text.len, text.ptr, got, expected);
    CU_ASSERT_STRING_EQUAL(got, expected);
    tn_free(got);
}

static void test_json(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", ""},
        {"\n \r\n", ""},
        {"{\"t_ms\":115,\"sql\":\"SELECT 1\",\"outcomes\":{\"a\":{\"latency_ms\":9832.5,\"ok\":true,\"bytes\":44,\"usd\":0.5},"
         "\"b\":{\"latency_ms\":115,\"ok\":false,\"bytes\":null,\"usd\":null,\"slots\":4}}}",
         "0.115|1|SELECT 1|0|a:9.8325:1:44:500000:0|b:0.115:0:-1:-1:4\n"},
        /* all but sql, outcomes and latency may be absent, or null */
        {"{\"sql\":\"S\",\"outcomes\":{\"a\":{\"latency_ms\":1}}}", "0|0|S|0|a:0.001:1:-1:-1:0\n"},
        {"{\"t_ms\":null,\"sql\":\"S\",\"dialect\":null,\"outcomes\":{\"a\":{\"latency_ms\":1,\"ok\":null,\"slots\":null}}}", "0|0|S|0|a:0.001:1:-1:-1:0\n"},
        /* a run that failed after nobody knows how long: a time-out */
        {"{\"sql\":\"S\",\"outcomes\":{\"a\":{\"ok\":false}}}", "0|0|S|0|a:200:0:-1:-1:0\n"},
        /* unknown keys, a mark of UTF-8, escapes, no line feed at the end, an engine that comes later */
        {"\xef\xbb\xbf{\"sql\":\"a\\n\\u00e4\",\"x\":[1],\"outcomes\":{\"a\":{\"latency_ms\":0,\"y\":{}}}}\r\n"
         "{\"t_ms\":0,\"sql\":\"S\",\"outcomes\":{\"b\":{\"latency_ms\":2},\"a\":{\"latency_ms\":1}}}",
         "0|0|a\n\xc3\xa4|0|a:0:1:-1:-1:0\n0|1|S|0|b:0.002:1:-1:-1:0|a:0.001:1:-1:-1:0\n"},
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++)
        expect("x.jsonl", tn_str(cases[i].text), cases[i].expected);
}

#define ONE(outcome) "{\"sql\":\"S\",\"outcomes\":{\"a\":" outcome "}}"

static void test_json_errors(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"{", "x.jsonl:1: this is no JSON"},
        {"[]", "x.jsonl:1: expected an object"},
        {"\n\n" ONE("{\"latency_ms\":1}") " x", "x.jsonl:3: this is no JSON"},
        {"{\"outcomes\":{}}", "x.jsonl:1: expected an object"},
        {"{\"sql\":\"S\",\"outcomes\":{}}", "x.jsonl:1: outcomes must be an object"},
        {ONE("1"), "x.jsonl:1: an outcome must be an object"},
        {ONE("{}"), "x.jsonl:1: latency_ms must be"},
        {ONE("{\"latency_ms\":-1}"), "x.jsonl:1: latency_ms must be"},
        {ONE("{\"latency_ms\":1e99}"), "x.jsonl:1: latency_ms must be"},
        {ONE("{\"latency_ms\":NaN}"), "x.jsonl:1: this is no JSON"},
        {ONE("{\"latency_ms\":1,\"ok\":1}"), "x.jsonl:1: ok must be"},
        {ONE("{\"latency_ms\":1,\"usd\":-1}"), "x.jsonl:1: bytes, usd and slots"},
        {"{\"t_ms\":1e300,\"sql\":\"S\",\"outcomes\":{\"a\":{\"latency_ms\":1}}}", "x.jsonl:1: t_ms must be"},
        {"{\"sql\":\"S\",\"outcomes\":{\"a\":{\"latency_ms\":1},\"a\":{\"latency_ms\":1}}}", "x.jsonl:1: an engine is named twice"},
        {"{\"sql\":\"S\",\"outcomes\":{\"\":{\"latency_ms\":1}}}", "x.jsonl:1: an engine's name"},
        {"{\"sql\":\"S\",\"outcomes\":{\"a@1\":{\"latency_ms\":1}}}", "x.jsonl:1: an engine's name"},
        {"{\"sql\":\"S\",\"outcomes\":{\"a\\tb\":{\"latency_ms\":1}}}", "x.jsonl:1: an engine's name"},
        {"{\"sql\":\"a\\u0000b\",\"outcomes\":{\"a\":{\"latency_ms\":1}}}", "x.jsonl:1: the line has a NUL"},
    };
    char expected[256];

    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++) {
        char *got = read_all("x.jsonl", tn_str(cases[i].text));

        snprintf(expected, sizeof expected, "ERROR %s", cases[i].message);
        if (strncmp(got, expected, strlen(expected)) != 0)
            printf("\n%s\n  got %s\n", cases[i].text, got);
        CU_ASSERT_EQUAL(strncmp(got, expected, strlen(expected)), 0);
        tn_free(got);
    }
    expect("x.jsonl", tn_str_n("{\"sql\":\"a\0\"}", 11), "ERROR x.jsonl:1: the line has a NUL character");
    /* an escaped backslash before u0000 is no NUL */
    expect("x.jsonl", tn_str("{\"sql\":\"\\\\u0000\",\"outcomes\":{\"a\":{\"latency_ms\":1}}}"), "0|0|\\u0000|0|a:0.001:1:-1:-1:0\n");
}

static void test_table(void)
{
    expect("x.tsv", tn_str("a_s\tnote\ta_bytes\tb_s\tsql\r\n1.5\tx\t10\t\tSELECT\t1\n"), "0|0|SELECT\t1|0|a:1.5:1:10:-1:0|b:200:0:-1:-1:0\n");
    expect("x.tsv", tn_str("sql\ta_s\nS\t-1\n"), "ERROR x.tsv:2: expected a number, 0 or more, or nothing");
    expect("x.tsv", tn_str("sql\ta_s\nS\tnan\n"), "ERROR x.tsv:2: expected a number, 0 or more, or nothing");
    expect("x.tsv", tn_str("a_s\tsql\n1\n"), "ERROR x.tsv:2: the line has no sql");
    expect("x.tsv", tn_str("a\tb\n"), "ERROR x.tsv:1: the header must name columns ENGINE_s and sql");
    expect("x.tsv", tn_str(""), "ERROR x.tsv:0: the header must name columns ENGINE_s and sql");
}

static void test_too_many_engines(void)
{
    struct tn_buf text;
    char         *got;

    tn_buf_init(&text, 1 << 20);
    tn_buf_puts(&text, "{\"sql\":\"S\",\"outcomes\":{");
    for (int i = 0; i < TN_OUTCOME_ENGINES + 1; i++)
        tn_buf_printf(&text, "%s\"e%d\":{\"latency_ms\":1}", i > 0 ? "," : "", i);
    tn_buf_puts(&text, "}}");
    got = read_all("x.jsonl", tn_buf_str(&text));
    CU_ASSERT_STRING_EQUAL(got, "ERROR x.jsonl:1: there are more than 64 engines");
    tn_free(got);
    tn_buf_reset(&text);
}

static void test_gzip(void)
{
    char                   path[] = "/tmp/tn-outcomes-XXXXXX.jsonl.gz";
    int                    fd = mkstemps(path, 9);
    gzFile                 file = gzdopen(fd, "wb");
    struct tn_error        err = TN_ERROR_INIT;
    struct tn_outcomes    *outcomes;
    struct tn_outcome_line line;
    enum tn_status         status = TN_OK;

    for (int i = 0; i < 20000; i++)
        gzprintf(file, "{\"t_ms\":%d,\"sql\":\"SELECT %d\",\"outcomes\":{\"a\":{\"latency_ms\":%d}}}\n", i, i * 7919, i);
    gzclose(file);
    CU_ASSERT_EQUAL_FATAL(tn_outcomes_open(&outcomes, path, &err), TN_OK);
    for (int i = 0; i < 20000; i++) {
        CU_ASSERT_EQUAL_FATAL(tn_outcomes_next(outcomes, &line, &err), TN_OK);
        CU_ASSERT_DOUBLE_EQUAL(line.list[0].latency_s, i / 1000., 1e-9);
    }
    CU_ASSERT_EQUAL(tn_outcomes_next(outcomes, &line, &err), TN_OK);
    CU_ASSERT_PTR_NULL(line.sql.ptr);
    tn_outcomes_close(outcomes);
    CU_ASSERT_EQUAL_FATAL(truncate(path, 20000), 0);
    CU_ASSERT_EQUAL_FATAL(tn_outcomes_open(&outcomes, path, &err), TN_OK);
    while (status == TN_OK && (status = tn_outcomes_next(outcomes, &line, &err)) == TN_OK && line.sql.ptr != NULL)
        ;
    CU_ASSERT_EQUAL(status, TN_E_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "ends too early"));
    tn_outcomes_close(outcomes);
    tn_error_reset(&err);
    unlink(path);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    CU_initialize_registry();
    suite = CU_add_suite("outcomes", NULL, NULL);
    CU_add_test(suite, "json", test_json);
    CU_add_test(suite, "json errors", test_json_errors);
    CU_add_test(suite, "table", test_table);
    CU_add_test(suite, "too many engines", test_too_many_engines);
    CU_add_test(suite, "gzip", test_gzip);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}

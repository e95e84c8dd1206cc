/* compare_test.c - what `turnout compare` reckons: percentiles and intervals against figures of Python, digests of answers, winners,
 * break-even, splitting, escaping, axes, the time that is left. */
#include "tools/cli/compare_break_even.h"
#include "tools/cli/compare_chart.h"
#include "tools/cli/compare_label.h"
#include "tools/cli/compare_digest.h"
#include "tools/cli/compare_figures.h"
#include "tools/cli/compare_html.h"
#include "tools/cli/compare_progress.h"
#include "tools/cli/compare_run.h"
#include "tools/cli/compare_sample.h"
#include "tools/cli/compare_script.h"
#include "tools/cli/compare_text.h"

#include "base/rand.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHECK_NEAR(a, b, by) CU_ASSERT_DOUBLE_EQUAL(a, b, by)

/* ---- figures ---- */

static const double ten[] = {3.0, 1.0, 4.0, 1.5, 9.0, 2.6, 5.3, 5.8, 9.7, 9.3};

/* statistics.quantiles(ten, method="inclusive"), statistics.mean(ten) */
static void test_percentiles(void)
{
    double             values[10];
    struct tn_interval out[TN_FIGURES];

    memcpy(values, ten, sizeof ten);
    CU_ASSERT_TRUE(tn_bootstrap(values, 10, 1, out));
    CHECK_NEAR(out[TN_FIGURE_P50].value, 4.65, 1e-12);
    CHECK_NEAR(out[TN_FIGURE_P95].value, 9.52, 1e-12);
    CHECK_NEAR(out[TN_FIGURE_P99].value, 9.664, 1e-12);
    CHECK_NEAR(out[TN_FIGURE_MEAN].value, 5.12, 1e-12);
    CHECK_NEAR(tn_percentile(values, 10, 0), 1, 0);
    CHECK_NEAR(tn_percentile(values, 10, 1), 9.7, 0);
    CHECK_NEAR(tn_percentile(values, 1, .95), 1, 0);
    CU_ASSERT_TRUE(isnan(tn_percentile(values, 0, .5)));
    CHECK_NEAR(tn_percentile_above(values, 10, TN_FIGURE_P95), 9.7, 0);
    values[9] = INFINITY;
    CU_ASSERT_TRUE(isinf(tn_percentile(values, 10, .95)));
    CHECK_NEAR(tn_percentile(values, 10, .5), 4.65, 1e-12);
}

/* 100,000 draws in Python; with 1,000 draws the ends of an interval are off by some hundredths of its width. */
static void test_intervals(void)
{
    static const struct {
        enum tn_figure figure;
        double         low, high, by; /* percentiles of few values leap from one to the next */
    } expected[] = {{TN_FIGURE_P50, 2.25, 9.0, .8}, {TN_FIGURE_P95, 5.8, 9.7, 1.6}, {TN_FIGURE_MEAN, 3.25, 7.08, .2}};
    double             values[10];
    struct tn_interval out[TN_FIGURES], again[TN_FIGURES];

    memcpy(values, ten, sizeof ten);
    tn_bootstrap(values, 10, 42, out);
    for (size_t i = 0; i < TN_ARRAY_LEN(expected); i++) {
        CHECK_NEAR(out[expected[i].figure].low, expected[i].low, expected[i].by);
        CHECK_NEAR(out[expected[i].figure].high, expected[i].high, expected[i].by);
    }
    memcpy(values, ten, sizeof ten);
    tn_bootstrap(values, 10, 42, again);
    CU_ASSERT_EQUAL(memcmp(out, again, sizeof out), 0);
    tn_bootstrap(values, 0, 1, out);
    CU_ASSERT_TRUE(isnan(out[TN_FIGURE_MEAN].value) && isnan(out[TN_FIGURE_MEAN].low));
    tn_bootstrap(values, 1, 1, out);
    CU_ASSERT_TRUE(out[TN_FIGURE_P50].low == values[0] && out[TN_FIGURE_P50].high == values[0]);
}

/* The true mean is in the 95 % interval in nearly 95 % of many experiments: exponential values, 60 of them each. */
static void test_coverage(void)
{
    struct tn_rand rand = {.state = 7};
    unsigned       inside = 0, experiments = 300;

    for (unsigned i = 0; i < experiments; i++) {
        double             values[60];
        struct tn_interval out[TN_FIGURES];

        for (size_t k = 0; k < TN_ARRAY_LEN(values); k++)
            values[k] = -log(1 - tn_rand_unit(&rand));
        tn_bootstrap(values, TN_ARRAY_LEN(values), i, out);
        inside += out[TN_FIGURE_MEAN].low <= 1 && 1 <= out[TN_FIGURE_MEAN].high;
    }
    CU_ASSERT_TRUE(inside >= experiments * 87 / 100 && inside <= experiments * 98 / 100);
}

/* ---- answers ---- */

static bool same(const char *a, const char *b, bool boolean)
{
    char          one[128], two[128];
    struct tn_str x = tn_digest_normal(tn_str(a), boolean, one, sizeof one), y = tn_digest_normal(tn_str(b), boolean, two, sizeof two);

    return tn_str_eq(x, y);
}

static void test_values(void)
{
    static const char *const alike[][2] = {{"1", "1.0"}, {"1", "1.000"}, {"100", "1e2"}, {"-0", "0"}, {"0.1", "0.10000000000000001"}, {"0.30000000000000004", "0.3"},
                                           {"99.99999999999999", "100"}, {"123456789", "123456789.00000001"}, {"00012", "12"}, {"+3", "3"}, {".5", "0.50"},
                                           {"2024-01-02", "2024-01-02 00:00:00"}, {"2024-01-02 03:04:05", "2024-01-02T03:04:05.000+00"},
                                           {"2024-01-02 03:04:05.5", "2024-01-02 03:04:05.500000Z"}, {"a", "a   "}, {"1e300", "1.0000000000000001e300"},
                                           {"12345678901234567890", "1.2345678901234567e19"}};
    static const char *const other[][2] = {{"1", "2"}, {"1", "1.001"}, {"123456789012345", "123456789012346"}, {"0.1234567", "0.1234568"}, {"a", "A"}, {"", "0"},
                                           {"2024-01-02", "2024-01-03"}, {"2024-01-02 03:04:05", "2024-01-02 03:04:05+02"}, {"1-2", "1"}, {"nan", "0"}, {"1e", "1"},
                                           {"1.2.3", "1.2"}, {"0x10", "16"}, {"2024-01-02 00:00:01", "2024-01-02"}, {" a", "a"}, {"1e999", "2e999"}};

    for (size_t i = 0; i < TN_ARRAY_LEN(alike); i++)
        if (!same(alike[i][0], alike[i][1], false))
            CU_FAIL(alike[i][0]);
    for (size_t i = 0; i < TN_ARRAY_LEN(other); i++)
        if (same(other[i][0], other[i][1], false))
            CU_FAIL(other[i][0]);
    CU_ASSERT_TRUE(same("t", "1", true) && same("f", "0", true) && same("true", "t", true) && !same("t", "f", true));
}

/* Rows of values apart by `|`; `\` = NULL. */
static void digest(struct tn_digest *out, const char *const *rows, size_t count)
{
    tn_digest_init(out);
    for (size_t r = 0; r < count; r++) {
        const char *at = rows[r];

        for (;;) {
            size_t len = strcspn(at, "|");

            tn_digest_value(out, len == 1 && *at == '\\' ? tn_str_n(NULL, 0) : tn_str_n(at, len), false);
            if (at[len] == '\0')
                break;
            at += len + 1;
        }
        tn_digest_row(out);
    }
}

static bool same_rows(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
    struct tn_digest x, y;
    bool             equal;

    digest(&x, a, a_count);
    digest(&y, b, b_count);
    equal = x.rows == y.rows && x.sum[0] == y.sum[0] && x.sum[1] == y.sum[1];
    tn_digest_reset(&x);
    tn_digest_reset(&y);
    return equal;
}

static void test_rows(void)
{
    static const char *const a[] = {"1|x", "2|y", "2|y"}, *const turned[] = {"2.0|y", "1|x", "2|y"}, *const fewer[] = {"1|x", "2|y"},
                      *const other[] = {"1|x", "1|x", "2|y"}, *const null[] = {"\\|x"}, *const empty[] = {"|x"}, *const ab_c[] = {"ab|c"}, *const a_bc[] = {"a|bc"};

    CU_ASSERT_TRUE(same_rows(a, 3, turned, 3));
    CU_ASSERT_FALSE(same_rows(a, 3, fewer, 2));
    CU_ASSERT_FALSE(same_rows(a, 3, other, 3)); /* a multiset: how often counts */
    CU_ASSERT_FALSE(same_rows(null, 1, empty, 1));
    CU_ASSERT_FALSE(same_rows(ab_c, 1, a_bc, 1));
    CU_ASSERT_TRUE(same_rows(NULL, 0, NULL, 0));
}

/* ---- winners ---- */

static void add(struct tn_compare *c, uint32_t query, uint8_t engine, double ms, enum tn_compare_outcome outcome, double usd, double rows)
{
    struct tn_compare_sample sample = {.query = query, .engine = engine, .outcome = (uint8_t)outcome, .ms = ms, .usd = usd, .bytes = NAN, .sent = 10 + rows,
                                       .rows = outcome == TN_COMPARE_OK ? rows : NAN};

    CU_ASSERT_TRUE_FATAL(tn_compare_add(c, &sample));
}

static void begin(struct tn_compare *c)
{
    tn_compare_init(c);
    CU_ASSERT_EQUAL(tn_compare_engine(c, TN_STR("a")), 0);
    CU_ASSERT_EQUAL(tn_compare_engine(c, TN_STR("b")), 1);
    CU_ASSERT_EQUAL(tn_compare_engine(c, TN_STR("a")), 0);
    CU_ASSERT_EQUAL(tn_compare_query(c, TN_STR("SELECT x FROM t WHERE y = 1"), TN_STR("")), 0);
    CU_ASSERT_EQUAL(tn_compare_query(c, TN_STR("SELECT x FROM t WHERE y = 2"), TN_STR("")), 1);
    CU_ASSERT_EQUAL(tn_compare_query(c, TN_STR("SELECT count(*) FROM t"), TN_STR("")), 2);
    CU_ASSERT_EQUAL(c->shape_count, 2); /* the first two are one shape */
}

static void test_winners(void)
{
    struct tn_compare        c;
    struct tn_compare_report r;

    begin(&c);
    for (int i = 0; i < 5; i++) {
        add(&c, (uint32_t)(i % 2), 0, 10 + i, TN_COMPARE_OK, .002, 1);
        add(&c, (uint32_t)(i % 2), 1, 100 + i, TN_COMPARE_OK, .001, 1);
        add(&c, 2, 0, 5, i < 3 ? TN_COMPARE_ERROR : TN_COMPARE_OK, .002, 1); /* quick, but it fails more often than not */
        add(&c, 2, 1, 50, i == 4 ? TN_COMPARE_TIMEOUT : TN_COMPARE_OK, .002, 1);
    }
    CU_ASSERT_TRUE_FATAL(tn_compare_report(&r, &c, 1));
    CU_ASSERT_EQUAL(r.compared, 2);
    CU_ASSERT_TRUE(r.shapes[0].fastest == 0 && r.shapes[0].cell[0].clear && r.shapes[0].cheapest == 1);
    CU_ASSERT_TRUE(r.shapes[1].fastest == 1 && r.shapes[1].cheapest == 1);
    CU_ASSERT_TRUE(r.engines[0].fastest == 1 && r.engines[1].fastest == 1 && r.engines[1].cheapest == 2);
    CU_ASSERT_TRUE(r.engines[0].f.runs == 10 && r.engines[0].f.ok == 7 && r.engines[0].f.errors == 3 && r.engines[1].f.timeouts == 1);
    CHECK_NEAR(r.shapes[1].cell[0].f.usd_per_ok, .005, 1e-12); /* failures were paid for, too */
    CU_ASSERT_TRUE(r.engines[1].f.at_least[TN_FIGURE_MEAN] && r.engines[1].f.at_least[TN_FIGURE_P99]);
    CU_ASSERT_TRUE(!r.engines[0].f.at_least[TN_FIGURE_P99] && r.shapes[1].cell[1].f.at_least[TN_FIGURE_P50]);
    CU_ASSERT_TRUE(isinf(r.shapes[1].cell[0].f.honest_p50));
    CU_ASSERT_EQUAL(r.order[0], 0); /* 560 ms against 275 */
    CU_ASSERT_EQUAL(r.warning_count, 0);
    tn_compare_report_reset(&r);
    tn_compare_reset(&c);
}

static void test_one_engine_wins_nothing(void)
{
    struct tn_compare        c;
    struct tn_compare_report r;

    begin(&c);
    CU_ASSERT_EQUAL(tn_compare_engine(&c, TN_STR("down")), 2);
    add(&c, 0, 0, 10, TN_COMPARE_OK, NAN, 1);
    add(&c, 2, 0, 10, TN_COMPARE_OK, NAN, 1);
    add(&c, 2, 1, 10, TN_COMPARE_OK, NAN, 4);
    CU_ASSERT_TRUE_FATAL(tn_compare_report(&r, &c, 1));
    CU_ASSERT_TRUE(r.compared == 1 && r.shapes[0].fastest == -1 && r.shapes[1].cheapest == -1);
    CU_ASSERT_TRUE(r.answers == 1 && !r.hashed && r.warning_count == 1 && r.warnings[0].what == TN_DIFFER_ROWS);
    CU_ASSERT_TRUE(isnan(r.engines[0].f.usd.value) && !r.reads && isnan(r.engines[0].f.bytes));
    CHECK_NEAR(r.engines[0].f.sent, 11, 1e-12);
    CU_ASSERT_TRUE(r.engines[2].f.runs == 0 && isnan(r.engines[2].f.ms[TN_FIGURE_P50].value) && isnan(r.engines[2].f.usd.value)); /* not: in no time, for nothing */
    tn_compare_report_reset(&r);
    add(&c, 0, 2, 60000, TN_COMPARE_TIMEOUT, .5, NAN);
    add(&c, 2, 2, 20, TN_COMPARE_ERROR, .0001, NAN);
    CU_ASSERT_TRUE_FATAL(tn_compare_report(&r, &c, 1)); /* bills, and not one answer: no price */
    CU_ASSERT_TRUE(r.engines[2].f.runs == 2 && r.engines[2].f.ok == 0 && isnan(r.engines[2].f.usd.value) && isnan(r.engines[2].f.usd.high) &&
                   isnan(r.engines[2].f.usd_per_ok) && isnan(r.shapes[1].cell[2].f.usd.value));
    CU_ASSERT_TRUE(isnan(r.shapes[0].cell[1].f.ms[TN_FIGURE_P95].value) && isnan(r.shapes[0].cell[1].f.ms[TN_FIGURE_MEAN].low));
    tn_compare_report_reset(&r);
    tn_compare_reset(&c);
    tn_compare_init(&c);
    CU_ASSERT_TRUE(tn_compare_report(&r, &c, 1)); /* nothing at all */
    tn_compare_report_reset(&r);
    tn_compare_reset(&c);
}

/* ---- break-even ---- */

static struct tn_hourly hourly(const struct tn_price *price, double mean_ms, double usd)
{
    struct tn_figures f = {.runs = 1, .ok = 1, .ms = {[TN_FIGURE_MEAN] = {mean_ms, NAN, NAN}}, .usd = {usd, NAN, NAN}};
    struct tn_hourly  out;

    CU_ASSERT_TRUE_FATAL(tn_hourly_of(price, &f, &out));
    return out;
}

static void test_break_even(void)
{
    struct tn_price  second = {.type = TN_PRICE_PER_SECOND, .usd_per_second = 2. / 3600, .slots = 4}, query = {.type = TN_PRICE_PER_QUERY, .usd_per_query = .0004},
                    suspend = {.type = TN_PRICE_AUTO_SUSPEND, .usd_per_second = 36. / 3600, .slots = 1, .min_seconds = 60, .idle_seconds = 30};
    struct tn_hourly a = hourly(&second, 100, NAN), b = hourly(&query, 10, .0004), c = hourly(&suspend, 1000, NAN);
    struct tn_hourly free = hourly(&(struct tn_price){.type = TN_PRICE_FREE}, 1, 0);
    struct tn_hourly small, large;
    double           n = tn_break_even(&a, &b);

    CHECK_NEAR(n, 5000, 1e-6);
    CHECK_NEAR(tn_hourly_usd(&a, n), tn_hourly_usd(&b, n), 1e-9);
    CU_ASSERT_TRUE(tn_hourly_usd(&a, n - 1) > tn_hourly_usd(&b, n - 1) && tn_hourly_usd(&a, n + 1) < tn_hourly_usd(&b, n + 1));
    CHECK_NEAR(a.capacity, 144000, 1e-6); /* 4 slots x 3600 s / 0.1 s */
    CHECK_NEAR(tn_hourly_usd(&a, 144001), 4, 1e-9); /* a second cluster */
    second.slots = .01;
    a = hourly(&second, 100, NAN);
    CU_ASSERT_TRUE(isnan(tn_break_even(&a, &b))); /* it cannot do so many */
    CHECK_NEAR(c.per_query, .6, 1e-12); /* 60 s of 36 USD an hour */
    CHECK_NEAR(tn_hourly_usd(&c, 10), 6, 1e-9);
    CHECK_NEAR(tn_hourly_usd(&c, 1000), 36, 1e-9); /* it never sleeps */
    second.slots = 1;
    a = hourly(&second, 100, NAN);
    CHECK_NEAR(tn_break_even(&a, &c), 2 / .6, 1e-9);
    CU_ASSERT_TRUE(isnan(tn_break_even(&free, &b)) && isnan(tn_break_even(&b, &a)));
    small = (struct tn_hourly){.fixed = .5, .per_query = NAN, .capacity = 1000};
    large = (struct tn_hourly){.fixed = 2, .per_query = NAN, .capacity = 100000};
    CHECK_NEAR(tn_cheaper_up_to(&small, &large), 4000, 1e-9); /* four of them cost as much */
    CU_ASSERT_TRUE(tn_hourly_usd(&small, 3000) < tn_hourly_usd(&large, 3000) && tn_hourly_usd(&small, 4001) > tn_hourly_usd(&large, 4001));
    CU_ASSERT_TRUE(isnan(tn_cheaper_up_to(&large, &small)) && isnan(tn_cheaper_up_to(&small, &b)));
    large.capacity = 3000;
    CU_ASSERT_TRUE(isinf(tn_cheaper_up_to(&small, &large)));
}

/* ---- splitting ---- */

static void check_script(const char *text, bool force, const char *expected)
{
    struct tn_script script;
    struct tn_error  err = TN_ERROR_INIT;
    struct tn_buf    out;

    tn_buf_init(&out, 65536);
    if (tn_script_parse(&script, "x.sql", tn_str(text), force, &err) != TN_OK)
        tn_buf_printf(&out, "%s", err.message);
    else
        for (size_t i = 0; i < script.count; i++)
            tn_buf_printf(&out, "[" TN_STR_FMT "]", TN_STR_ARG(script.statements[i]));
    tn_buf_put_u8(&out, '\0');
    CU_ASSERT_STRING_EQUAL(out.data, expected);
    if (strcmp(out.data, expected) != 0)
        printf("\n  %s\n  %s\n", out.data, expected);
    tn_buf_reset(&out);
    tn_error_reset(&err);
    tn_script_reset(&script);
}

static void test_scripts(void)
{
    check_script("SELECT ';' ; SELECT 2 -- ;\n;;", false, "[SELECT ';'][SELECT 2 -- ;]");
    check_script("SELECT $a$ ; $b$ ; $a$; /* ; /* ; */ */ SELECT \"a;b\"", false, "[SELECT $a$ ; $b$ ; $a$][/* ; /* ; */ */ SELECT \"a;b\"]");
    check_script("SELECT 1;\n\n-- x\nUPDATE t SET a = 1", false, "x.sql: statement 2 (line 4) is not a read: UPDATE t SET a = 1");
    check_script("UPDATE t SET a = 1", true, "[UPDATE t SET a = 1]");
    check_script("SELECT nextval('s')", false, "x.sql: statement 1 (line 1) is not a read: SELECT nextval('s')");
    check_script("SELECT mine(1)", false, "x.sql: statement 1 (line 1) calls a function that might change something: SELECT mine(1)");
    check_script("", false, "x.sql has no statement");
    check_script(" ; -- only\n;", true, "x.sql has no statement");
    check_script("SELECT 1; COMMIT", true, "x.sql: statement 2 (line 1) has no answer to compare: COMMIT");
    check_script("SELECT 'open", false, "[SELECT 'open]"); /* the engines say what is wrong with it */
}

/* ---- the file that a run goes on from ---- */

/* What opening a state with ID says; the file may have come along with the SQL. */
static enum tn_status open_state(const char *id)
{
    struct tn_compare     compare = {.engine_count = 1, .engines = {{.name = "a"}}};
    struct tn_script      script = {.hash = 5};
    char                  path[] = "compare-state-XXXXXX";
    struct tn_run_options options = {.state = path, .repeat = 1, .lanes = 1};
    struct tn_compare_run run = {.options = &options, .script = &script, .compare = &compare, .state_fd = -1};
    struct tn_error       err = TN_ERROR_INIT;
    enum tn_status        status;
    int                   fd = mkstemp(path);

    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_TRUE(dprintf(fd, "{\"turnout\":\"compare\",\"format\":1,\"run\":\"%s\",\"startedUs\":1,\"sql\":\"0000000000000005\",\"clusters\":[\"a\"],\"group\":\"\","
                               "\"repeat\":1,\"warmup\":0,\"concurrency\":1,\"timeoutMs\":0,\"seed\":0}\n", id) > 0);
    close(fd);
    status = tn_run_state_open(&run, &err);
    CU_ASSERT_TRUE(status != TN_OK || strcmp(run.id, id) == 0);
    tn_run_state_close(&run);
    tn_error_reset(&err);
    unlink(path);
    return status;
}

static void test_state(void)
{
    CU_ASSERT_EQUAL(open_state("0123456789abcdef"), TN_OK);
    CU_ASSERT_EQUAL(open_state("';DROP TABLE a--"), TN_E_INVALID); /* it goes into a SET */
    CU_ASSERT_EQUAL(open_state("0123456789abcde"), TN_E_INVALID);
    CU_ASSERT_EQUAL(open_state(""), TN_E_INVALID);
}

/* ---- the page ---- */

static void check_html(struct tn_str text, const char *expected)
{
    struct tn_buf out;

    tn_buf_init(&out, 65536);
    tn_html_put(&out, text);
    tn_buf_put_u8(&out, '\0');
    CU_ASSERT_STRING_EQUAL(out.data, expected);
    tn_buf_reset(&out);
}

static void test_escaping(void)
{
    check_html(TN_STR("</code><script>alert('x')</script>"), "&lt;/code&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
    check_html(TN_STR("\" onload=\"x&amp;"), "&quot; onload=&quot;x&amp;amp;");
    check_html(TN_STR("a\0b\x1b[31m\x7f\n\tc"), "a b [31m \n\tc");
    check_html(TN_STR("\xff\xc3 \xc3\xa9"), "\xef\xbf\xbd\xef\xbf\xbd \xc3\xa9");
}

/* Whatever there is: nothing at all, no prices, one engine, many with long names, no time at all. */
static void check_page(const struct tn_compare_report *report)
{
    struct tn_compare_about about = {.source = "<x>", .notes = TN_STR("a\nb\n")};
    struct tn_buf           out;

    tn_buf_init(&out, 1 << 24);
    tn_compare_put_html(&out, report, &about);
    tn_compare_put_text(&out, report, &about);
    tn_compare_put_csv(&out, report);
    tn_compare_put_json(&out, report, &about);
    tn_compare_put_outcomes(&out, report->compare);
    tn_buf_put_u8(&out, '\0');
    CU_ASSERT_TRUE(!out.failed && strstr(out.data, "&lt;x&gt;") != NULL && strstr(out.data, "</html>") != NULL);
    CU_ASSERT_PTR_NULL(strstr(out.data, "\"nan"));
    CU_ASSERT_PTR_NULL(strstr(out.data, "inf\""));
    tn_buf_reset(&out);
}

static void test_any_page(void)
{
    static const double      usd[] = {NAN, 0, 1e-9, 5};
    struct tn_compare        c;
    struct tn_compare_report r;

    tn_compare_init(&c);
    CU_ASSERT_TRUE_FATAL(tn_compare_report(&r, &c, 1));
    check_page(&r);
    tn_compare_report_reset(&r);
    tn_compare_reset(&c);
    for (size_t k = 0; k < TN_ARRAY_LEN(usd); k++) {
        tn_compare_init(&c);
        CU_ASSERT_EQUAL(tn_compare_query(&c, TN_STR("SELECT 1"), TN_STR("")), 0);
        for (size_t e = 0; e < TN_COMPARE_ENGINES; e++) {
            char name[TN_COMPARE_NAME];

            snprintf(name, sizeof name, "%0*zu", (int)(e * 15 + 1), e);
            CU_ASSERT_EQUAL(tn_compare_engine(&c, tn_str(name)), (long)e);
            add(&c, 0, (uint8_t)e, k == 0 ? 0 : (double)(e * e * e), e % 5 == 4 ? TN_COMPARE_ERROR : TN_COMPARE_OK, usd[k] * (double)e, 1);
        }
        CU_ASSERT_TRUE_FATAL(tn_compare_report(&r, &c, 1));
        check_page(&r);
        tn_compare_report_reset(&r);
        tn_compare_reset(&c);
    }
}

static void test_axes(void)
{
    double         ticks[12], values[] = {2, 3, NAN, 700};
    struct tn_axis axis;
    size_t         n;

    tn_axis_fit(&axis, values, 4, false);
    CU_ASSERT_TRUE(axis.logarithmic && axis.low < 2 && axis.high > 700);
    n = tn_axis_ticks(&axis, ticks, 12);
    CU_ASSERT_TRUE(n >= 2 && n <= 12);
    for (size_t i = 0; i < n; i++)
        CU_ASSERT_TRUE(ticks[i] >= axis.low && ticks[i] <= axis.high && (i == 0 || ticks[i] > ticks[i - 1]));
    tn_axis_fit(&axis, values, 4, true);
    CU_ASSERT_TRUE(!axis.logarithmic && axis.low == 0);
    n = tn_axis_ticks(&axis, ticks, 12);
    CU_ASSERT_TRUE(n >= 3 && n <= 12 && ticks[0] == 0);
    CHECK_NEAR(tn_axis_place(&axis, 0), 0, 0);
    CHECK_NEAR(tn_axis_place(&axis, axis.high), 1, 1e-12);
    values[0] = values[1] = values[3] = 0; /* all free */
    tn_axis_fit(&axis, values, 4, false);
    CU_ASSERT_TRUE(axis.high > axis.low && tn_axis_ticks(&axis, ticks, 12) >= 2);
    values[0] = 1e-9;
    values[1] = 1e9;
    tn_axis_fit(&axis, values, 2, false);
    CU_ASSERT_TRUE(tn_axis_ticks(&axis, ticks, 12) <= 12);
}

static bool covers(const struct tn_label *name, double left, double right, double top, double bottom)
{
    double begin = name->left ? name->x - TN_LABEL_GAP - name->width : name->x + TN_LABEL_GAP;

    return begin < right && left < begin + name->width && name->base - TN_LABEL_ASCENT < bottom && top < name->base + TN_LABEL_DESCENT;
}

/* Names of points that are near each other, or the same: none covers another or a point, and nearly all are there. */
static void test_labels(void)
{
    static const struct tn_label_room room = {0, 360, 0, 190};
    struct tn_label                   labels[TN_COMPARE_ENGINES];
    size_t                            shown = 0;

    for (unsigned round = 0; round < 200; round++) {
        double spread = round % 4 == 0 ? 0 : round % 4 == 1 ? 10 : 150;

        for (size_t i = 0; i < TN_COMPARE_ENGINES; i++)
            labels[i] = (struct tn_label){.x = 100 + spread * (double)(i * 7 % 16) / 15, .y = 20 + spread * (double)((i * 5 + round) % 16) / 15, .width = 60};
        tn_labels_place(labels, TN_COMPARE_ENGINES, &room);
        for (size_t i = 0; i < TN_COMPARE_ENGINES; i++) {
            shown += labels[i].shown;
            CU_ASSERT_TRUE(!labels[i].shown || (labels[i].base >= TN_LABEL_ASCENT && labels[i].base <= 190));
            for (size_t j = 0; j < TN_COMPARE_ENGINES && labels[i].shown; j++) {
                const struct tn_label *b = &labels[j];
                double                 begin = b->left ? b->x - TN_LABEL_GAP - b->width : b->x + TN_LABEL_GAP;

                CU_ASSERT_FALSE(covers(&labels[i], b->x - TN_LABEL_POINT, b->x + TN_LABEL_POINT, b->y - TN_LABEL_POINT, b->y + TN_LABEL_POINT));
                CU_ASSERT_FALSE(i != j && b->shown && covers(&labels[i], begin, begin + b->width, b->base - TN_LABEL_ASCENT, b->base + TN_LABEL_DESCENT));
            }
        }
    }
    CU_ASSERT_TRUE(shown > 200 * TN_COMPARE_ENGINES * 95 / 100);
    labels[0] = (struct tn_label){.x = 180, .y = 90, .width = 400};
    tn_labels_place(labels, 1, &room);
    CU_ASSERT_FALSE(labels[0].shown);
}

static void test_time_left(void)
{
    CHECK_NEAR(tn_progress_left_s(100, 0, 25, 10), 30, 1e-12);
    CHECK_NEAR(tn_progress_left_s(100, 50, 75, 10), 10, 1e-12); /* what was done before says nothing */
    CU_ASSERT_TRUE(tn_progress_left_s(100, 50, 50, 10) < 0);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("compare", NULL, NULL);
    CU_add_test(suite, "percentiles", test_percentiles);
    CU_add_test(suite, "intervals", test_intervals);
    CU_add_test(suite, "coverage", test_coverage);
    CU_add_test(suite, "values", test_values);
    CU_add_test(suite, "rows", test_rows);
    CU_add_test(suite, "winners", test_winners);
    CU_add_test(suite, "one engine wins nothing", test_one_engine_wins_nothing);
    CU_add_test(suite, "break-even", test_break_even);
    CU_add_test(suite, "scripts", test_scripts);
    CU_add_test(suite, "state", test_state);
    CU_add_test(suite, "escaping", test_escaping);
    CU_add_test(suite, "any page", test_any_page);
    CU_add_test(suite, "axes", test_axes);
    CU_add_test(suite, "names of points", test_labels);
    CU_add_test(suite, "time left", test_time_left);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}

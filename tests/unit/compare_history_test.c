/* compare_history_test.c - history records as runs: which count, what they say, and attempts that were cut. */
#include "tools/cli/compare_history.h"

#include "base/clock.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <math.h>
#include <stdio.h>
#include <unistd.h>

static char     path[] = "/tmp/turnout-compare-XXXXXX";
static uint64_t begun_us; /* lately: what is old is removed */

static struct tn_history_record record(uint64_t id)
{
    return (struct tn_history_record){.id = id, .started_us = begun_us + id * 1000, .text = TN_STR("SELECT a FROM t WHERE b = 1"), .class = TN_STR("read"),
                                      .group = TN_STR("g"), .cluster = TN_STR("one@eu"), .engine_us = 2500, .total_us = 9000, .queue_us = 5000, .rows = 3,
                                      .bytes = 60, .outcome = TN_HISTORY_OK, .attempts = 1, .usd_micros = 7, .shape = TN_STR("00112233445566778899aabbccddeeff")};
}

static void write_history(void)
{
    struct tn_history_options options = TN_HISTORY_OPTIONS_DEFAULT;
    struct tn_history        *history;
    struct tn_error           err = TN_ERROR_INIT;
    struct tn_history_record  r[12];
    size_t                    n = 0;

    options.path = path;
    CU_ASSERT_EQUAL_FATAL(tn_history_open(&history, &options, &err), TN_OK);
    for (size_t i = 0; i < TN_ARRAY_LEN(r); i++)
        r[i] = record(i + 1);
    n++; /* 1: as it is */
    r[n].cluster = TN_STR("two"); /* 2: cut on one@eu after 120 ms */
    r[n].plan = TN_STR("one@eu@120,two");
    r[n].cuts = 1;
    r[n].attempts = 2;
    r[n].usd_micros = 900; /* of both attempts */
    n++;
    r[n++].tags = TN_STR("compare:0123,item:4,warmup");
    r[n++].tags = TN_STR("team:bi,warmup"); /* 4: somebody's own tag */
    r[n++].class = TN_STR("write");
    r[n++].outcome = TN_HISTORY_CANCELLED;
    r[n].outcome = TN_HISTORY_TIMEOUT; /* 7 */
    r[n++].engine_us = 80000;
    r[n].outcome = TN_HISTORY_TIMEOUT; /* 8: in the queue */
    r[n++].engine_us = 0;
    r[n++].outcome = TN_HISTORY_ERROR; /* 9 */
    r[n].outcome = TN_HISTORY_REFUSED;
    r[n++].cluster = TN_STR("");
    r[n].shape = TN_STR(""); /* 11: of a group that does not learn */
    r[n].usd_micros = 0;
    r[n++].text = TN_STR("SELECT a FROM t WHERE b = 2");
    r[n++].group = TN_STR("h"); /* 12 */
    for (size_t i = 0; i < n; i++)
        CU_ASSERT_TRUE(tn_history_add(history, &r[i]));
    tn_history_close(history);
}

static size_t count(const struct tn_compare *c, unsigned engine, enum tn_compare_outcome outcome)
{
    size_t n = 0;

    for (size_t i = 0; i < c->sample_count; i++)
        n += c->samples[i].engine == engine && c->samples[i].outcome == outcome ? 1 : 0;
    return n;
}

static void test_records(void)
{
    struct tn_cli            cli = {.operand_count = 0};
    struct tn_history_filter filter = {.group = TN_STR("g")};
    struct tn_compare        c;
    size_t                   skipped;
    long                     one, two;

    tn_compare_init(&c);
    CU_ASSERT_EQUAL_FATAL(tn_compare_from_history(&cli, path, &filter, &c, &skipped), TN_CLI_OK);
    CU_ASSERT_EQUAL(skipped, 3); /* cancelled, in the queue, refused */
    CU_ASSERT_EQUAL(c.engine_count, 2);
    one = tn_compare_engine(&c, TN_STR("one@eu"));
    two = tn_compare_engine(&c, TN_STR("two"));
    CU_ASSERT_TRUE_FATAL(one >= 0 && two >= 0);
    CU_ASSERT_EQUAL(count(&c, (unsigned)one, TN_COMPARE_OK), 3);      /* 1, 4, 11 */
    CU_ASSERT_EQUAL(count(&c, (unsigned)one, TN_COMPARE_TIMEOUT), 2); /* 7, and the cut attempt of 2 */
    CU_ASSERT_EQUAL(count(&c, (unsigned)one, TN_COMPARE_ERROR), 1);
    CU_ASSERT_EQUAL(count(&c, (unsigned)two, TN_COMPARE_OK), 1);
    for (size_t i = 0; i < c.sample_count; i++) {
        const struct tn_compare_sample *s = &c.samples[i];

        CU_ASSERT_TRUE(s->t_ms >= 0 && s->t_ms <= 11);
        if (s->engine == two)
            CU_ASSERT_TRUE(isnan(s->usd) && s->ms == 2.5); /* whose part of the bill it is, nobody knows */
        if (s->outcome == TN_COMPARE_TIMEOUT)
            CU_ASSERT_TRUE((s->ms == 120 && isnan(s->usd)) || s->ms == 80);
        if (s->outcome == TN_COMPARE_OK)
            CU_ASSERT_TRUE(s->rows == 3 && s->sent == 60 && isnan(s->bytes));
    }
    CU_ASSERT_EQUAL(c.query_count, 2);
    tn_compare_reset(&c);
    filter = (struct tn_history_filter){.since_us = begun_us + 12000};
    tn_compare_init(&c);
    CU_ASSERT_EQUAL_FATAL(tn_compare_from_history(&cli, path, &filter, &c, &skipped), TN_CLI_OK);
    CU_ASSERT_TRUE(c.sample_count == 1 && c.samples[0].t_ms == 0 && fabs(c.samples[0].usd - 7e-6) < 1e-15);
    tn_compare_reset(&c);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;
    int       fd = mkstemp(path);

    begun_us = tn_clock_wall_us() - 60 * 1000 * 1000;
    if (fd < 0 || close(fd) != 0 || unlink(path) != 0 || CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("compare history", NULL, NULL);
    CU_add_test(suite, "write", write_history);
    CU_add_test(suite, "records", test_records);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    unlink(path);
    return failures == 0 ? 0 : 1;
}

/* Time zones: files, rules, offsets, names, and files that lie. The C library is the judge of offsets. */
#include "base/tz.h"

#include "base/alloc.h"
#include "base/civil.h"
#include "base/rand.h"
#include "base/tz_rule.h"

#include <CUnit/Basic.h>

static struct tn_tz *load(const char *name)
{
    struct tn_tz   *tz;
    struct tn_error err = TN_ERROR_INIT;

    if (tn_tz_load(&tz, tn_str(name), &err) != TN_OK)
        fprintf(stderr, "%s\n", err.message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tz);
    tn_error_reset(&err);
    return tz;
}

static int32_t offset(const struct tn_tz *tz, int64_t unix_s)
{
    struct tn_tz_range range = TN_TZ_RANGE_INIT;

    return tn_tz_offset(tz, unix_s, &range);
}

static int64_t seconds(int year, unsigned month, unsigned day, int hour, int minute)
{
    return tn_civil_to_days(year, month, day) * 86400 + hour * 3600 + minute * 60;
}

static void civil(void)
{
    int64_t  day = tn_civil_to_days(-5000, 1, 1);
    int      year = -5000;
    unsigned month = 1, mday = 1;

    for (int i = 0; i < 3000000; i++, day++) { /* 8200 years, day by day */
        struct tn_civil c = tn_civil_from_days(day);

        if (c.year != year || c.month != month || c.day != mday || tn_civil_to_days(year, month, mday) != day) {
            CU_FAIL("calendar");
            return;
        }
        if (++mday > tn_civil_month_days(year, month)) {
            mday = 1;
            month = month % 12 + 1;
            year += month == 1;
        }
    }
    CU_ASSERT_EQUAL(tn_civil_from_days(INT32_MAX).year, 5881580);
    CU_ASSERT_EQUAL(tn_civil_from_days(INT32_MIN).year, -5877641);
    CU_ASSERT_EQUAL(tn_civil_to_days(5881580, 7, 11), INT32_MAX);
}

static void against_the_library(void)
{
    static const char *const zones[] = {"Europe/Berlin",      "America/New_York",  "America/St_Johns",  "Asia/Kolkata",
                                        "Australia/Lord_Howe", "Pacific/Apia",      "Africa/Casablanca", "Europe/Dublin",
                                        "America/Sao_Paulo",   "Antarctica/Troll",  "America/Nuuk",      "Asia/Gaza",
                                        "Pacific/Chatham",     "America/Santiago",  "Asia/Tehran",       "UTC",
                                        "EST5EDT",             "Africa/Monrovia",   "Asia/Pyongyang",    "Europe/Lisbon"};
    struct tn_rand rand = {7};

    for (size_t i = 0; i < TN_ARRAY_LEN(zones); i++) {
        struct tn_tz      *tz = load(zones[i]);
        struct tn_tz_range range = TN_TZ_RANGE_INIT;
        unsigned           wrong = 0;

        setenv("TZ", zones[i], 1);
        tzset();
        for (int n = 0; n < 4000; n++) {
            time_t    t = (time_t)((int64_t)tn_rand_below(&rand, 18000000000) - 2200000000); /* 1900 to 2470 */
            struct tm tm;

            localtime_r(&t, &tm);
            wrong += tm.tm_gmtoff != tn_tz_offset(tz, t, &range) || tm.tm_gmtoff != offset(tz, t);
        }
        if (wrong > 0)
            fprintf(stderr, "%s: %u offsets differ\n", zones[i], wrong);
        CU_ASSERT_EQUAL(wrong, 0);
        tn_tz_free(tz);
    }
    unsetenv("TZ");
    tzset();
}

static void ranges(void)
{
    struct tn_tz      *tz = load("Europe/Berlin");
    struct tn_tz_range range = TN_TZ_RANGE_INIT;

    CU_ASSERT_EQUAL(tn_tz_offset(tz, seconds(2024, 7, 1, 0, 0), &range), 7200);
    CU_ASSERT_EQUAL(range.from, seconds(2024, 3, 31, 1, 0));
    CU_ASSERT_EQUAL(range.until, seconds(2024, 10, 27, 1, 0));
    CU_ASSERT_EQUAL(tn_tz_offset(tz, seconds(2190, 1, 1, 0, 0), &range), 3600); /* by the rule */
    CU_ASSERT_EQUAL(range.until, seconds(2190, 3, 28, 1, 0));
    CU_ASSERT_EQUAL(offset(tz, INT64_MAX), 7200); /* as in July of the last year that counts */
    CU_ASSERT_EQUAL(offset(tz, INT64_MIN), 3208); /* local mean time */
    CU_ASSERT_EQUAL(offset(NULL, 0), 0);
    tn_tz_free(tz);
}

static void local_times(void)
{
    struct tn_tz *tz = load("Europe/Berlin");

    CU_ASSERT_EQUAL(tn_tz_local_offset(tz, seconds(2024, 3, 31, 2, 30)), 3600);  /* left out: before the jump */
    CU_ASSERT_EQUAL(tn_tz_local_offset(tz, seconds(2024, 3, 31, 1, 59)), 3600);
    CU_ASSERT_EQUAL(tn_tz_local_offset(tz, seconds(2024, 3, 31, 3, 0)), 7200);
    CU_ASSERT_EQUAL(tn_tz_local_offset(tz, seconds(2024, 10, 27, 2, 30)), 3600); /* twice: after the jump */
    CU_ASSERT_EQUAL(tn_tz_local_offset(tz, seconds(2024, 10, 27, 1, 59)), 7200);
    CU_ASSERT_EQUAL(tn_tz_local_offset(tz, seconds(2024, 10, 27, 3, 0)), 3600);
    CU_ASSERT_EQUAL(tn_tz_local_offset(NULL, 0), 0);
    tn_tz_free(tz);
}

static void check_fixed(const char *name, int32_t want, const char *shown)
{
    struct tn_tz *tz = load(name);

    CU_ASSERT_EQUAL(offset(tz, 0), want);
    CU_ASSERT_EQUAL(offset(tz, INT64_C(100000000000)), want);
    CU_ASSERT_EQUAL(tn_tz_local_offset(tz, 0), want);
    CU_ASSERT_STRING_EQUAL(tn_tz_name(tz), shown);
    tn_tz_free(tz);
}

static void names(void)
{
    check_fixed("+02", 7200, "<+02>-02");
    check_fixed("-03:30", -12600, "<-03:30>+03:30");
    check_fixed("2", 7200, "<+02>-02");
    check_fixed("+00", 0, "<+00>-00");
    check_fixed("-00:00:30", -30, "<-00:00:30>+00:00:30");
    check_fixed("utc", 0, "UTC");
    check_fixed("UTC+3", -10800, "UTC+3");
    check_fixed("<+02>-02", 7200, "<+02>-02");
    check_fixed("asia/KOLKATA", 19800, "Asia/Kolkata");
    check_fixed("America/Argentina/buenos_aires", -10800, "America/Argentina/Buenos_Aires");
    CU_ASSERT_STRING_EQUAL(tn_tz_name(NULL), "UTC");
}

static void bad_names(void)
{
    static const char *const bad[] = {"",         "Nowhere/Land",  "../../../etc/passwd", "/etc/localtime", "Europe/../UTC",
                                      "Europe",   "Europe/",       "+16",                 "-99",            "+02:60",
                                      "UTC\n",    "right/UTC",    "zone.tab",      "tzdata.zi",           "U TC",           "UTC+",
                                      "CET-1CEST", "Europe/Berlin/", "a/very/long/name/that/goes/on/and/on/and/on/and/on/and/on/and/on/and/on"};

    for (size_t i = 0; i < TN_ARRAY_LEN(bad); i++) {
        struct tn_error err = TN_ERROR_INIT;
        struct tn_tz   *tz;

        if (tn_tz_load(&tz, tn_str(bad[i]), &err) != TN_E_INVALID)
            fprintf(stderr, "accepted: %s\n", bad[i]);
        CU_ASSERT_PTR_NULL(tz);
        CU_ASSERT_STRING_EQUAL(err.sqlstate, "22023");
        tn_error_reset(&err);
    }
}

static void rules(void)
{
    static const char *const good[] = {"UTC0", "EST5EDT,M3.2.0,M11.1.0", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "IST-2IDT,M3.4.4/26,M10.5.0",
                                       "XXX3EDT4,0/0,J365/23", "EET-2EEST,J60/3,J300", "A+B-1", "UTC+25", "EST5EDT,M13.2.0,M11.1.0",
                                       "EST5EDT,M3.0.0,M11.1.0", "EST5EDT,M3.2.7,M11.1.0", "EST5EDT,J0,J1", "EST5EDT,M3.2.0", "<>5", "UTC0x", "EST5EDT,M3.2.0/168,M11.1.0"};
    struct tn_tz_rule  rule;
    struct tn_tz_range range;

    for (size_t i = 0; i < TN_ARRAY_LEN(good); i++)
        if (tn_tz_rule_parse(tn_str(good[i]), &rule) != (i < 6)) {
            fprintf(stderr, "%s\n", good[i]);
            CU_FAIL("rule");
        }
    CU_ASSERT_TRUE_FATAL(tn_tz_rule_parse(tn_str(good[4]), &rule)); /* summer time all year */
    for (int month = 1; month <= 12; month++) {
        tn_tz_rule_range(&rule, seconds(2030, (unsigned)month, 1, 3, 0), &range);
        CU_ASSERT_EQUAL(range.offset_s, -14400);
    }
    CU_ASSERT_TRUE_FATAL(tn_tz_rule_parse(TN_STR("AAA-10BBB,J60/0,J300/0"), &rule)); /* 1 March, leap year or not */
    tn_tz_rule_range(&rule, seconds(2024, 2, 29, 13, 59), &range);
    CU_ASSERT_EQUAL(range.offset_s, 36000);
    CU_ASSERT_EQUAL(range.until, seconds(2024, 2, 29, 14, 0));
}

static uint8_t *read_file(const char *path, size_t *len)
{
    FILE    *file = fopen(path, "rb");
    uint8_t *data = tn_malloc(65536);

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    *len = fread(data, 1, 65536, file);
    fclose(file);
    return data;
}

/* Whatever is in a file: an answer, and offsets that can be asked for. */
static bool try_bytes(const void *data, size_t len)
{
    uint8_t      *exact = tn_malloc(len + 1); /* so that a read behind the end is seen */
    struct tn_tz *tz;
    bool          ok;

    if (len > 0)
        memcpy(exact, data, len);
    uint8_t *fit = tn_realloc(exact, len > 0 ? len : 1);
    ok = tn_tz_parse(&tz, TN_STR("test"), fit, len, NULL) == TN_OK;
    if (ok)
        for (int64_t t = -6000000000; t < 9000000000; t += 500000000)
            (void)tn_tz_local_offset(tz, t);
    tn_tz_free(tz);
    tn_free(fit);
    return ok;
}

static void hostile_files(void)
{
    size_t         len;
    uint8_t       *data = read_file("/usr/share/zoneinfo/Europe/Berlin", &len);
    struct tn_rand rand = {3};

    CU_ASSERT_TRUE(try_bytes(data, len));
    for (size_t cut = 0; cut < len; cut++)
        CU_ASSERT_FALSE(try_bytes(data, cut));
    for (int i = 0; i < 3000; i++) {
        size_t  at = tn_rand_below(&rand, i % 2 == 0 ? 44 : len);
        uint8_t old = data[at];

        data[at] = (uint8_t)tn_rand_next(&rand);
        (void)try_bytes(data, len);
        data[at] = old;
    }
    data[4] = 0; /* version 1 */
    CU_ASSERT_FALSE(try_bytes(data, len));
    tn_free(data);
}

static void no_memory(void)
{
    static const char *const names_[] = {"Europe/Berlin", "+02", "UTC+3"};

    for (size_t i = 0; i < TN_ARRAY_LEN(names_); i++) {
        enum tn_status status = TN_E_NOMEM;
        struct tn_tz  *tz;

        for (size_t n = 0; status != TN_OK && n < 20; n++) {
            tn_alloc_fail_after(n);
            status = tn_tz_load(&tz, tn_str(names_[i]), NULL);
            tn_alloc_fail_never();
            CU_ASSERT_TRUE(status == TN_OK || (status == TN_E_NOMEM && tz == NULL));
        }
        CU_ASSERT_EQUAL(status, TN_OK);
        tn_tz_free(tz);
    }
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failed;

    CU_initialize_registry();
    suite = CU_add_suite("tz", NULL, NULL);
    CU_add_test(suite, "civil", civil);
    CU_add_test(suite, "against the library", against_the_library);
    CU_add_test(suite, "ranges", ranges);
    CU_add_test(suite, "local times", local_times);
    CU_add_test(suite, "names", names);
    CU_add_test(suite, "bad names", bad_names);
    CU_add_test(suite, "rules", rules);
    CU_add_test(suite, "hostile files", hostile_files);
    CU_add_test(suite, "no memory", no_memory);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed > 0 ? 1 : 0;
}

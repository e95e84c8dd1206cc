/* catalog_test.c - which statements are about PostgreSQL's catalog, and how its image hears them; cases in tests/golden. */
#include "catalog/text.h"

#include "base/alloc.h"
#include "cases.h"

#include <CUnit/Basic.h>

static struct tn_str setting(const void *arg, struct tn_str name)
{
    (void)arg;
    return tn_str_ieq_c(name, "timezone") ? TN_STR("Europe/It's") : tn_str_n(NULL, 0);
}

static const struct tn_catalog_self self = {.user = {"o'user", 6}, .database = {"data", 4}, .pid = 7, .setting = setting};

static bool speaks(struct tn_str sql)
{
    struct tn_features features;

    tn_features_read(&features, sql, TN_DIALECT_POSTGRES);
    return tn_catalog_speaks(sql, &features);
}

static void expect(const struct golden_case *c, const char *key, struct tn_str got)
{
    const char *want = golden_get(c, key);
    bool        same = want == NULL || tn_str_eq_c(got, want);

    if (!same)
        fprintf(stderr, "line %u: %s\n  want %s\n  got  " TN_STR_FMT "\n", c->line, key, want, TN_STR_ARG(got));
    CU_ASSERT(same);
}

static void run_case(const struct golden_case *c)
{
    struct tn_str sql = tn_str(golden_get(c, "sql"));
    struct tn_buf text;

    expect(c, "speaks", speaks(sql) ? TN_STR("yes") : TN_STR("no"));
    tn_buf_init(&text, 1 << 20);
    if (tn_catalog_text(sql, &self, &text))
        expect(c, "text", tn_buf_str(&text));
    else
        expect(c, "text", TN_STR("too deep"));
    CU_ASSERT_FALSE(text.failed);
    tn_buf_reset(&text);
}

static void test_cases(void)
{
    CU_ASSERT(golden_each(TN_SOURCE_DIR "/tests/golden/catalog.cases", run_case) >= 74);
}

static bool takes(struct tn_str sql)
{
    struct tn_buf text;
    bool          took;

    tn_buf_init(&text, 64 << 20);
    took = tn_catalog_text(sql, &self, &text);
    CU_ASSERT(!took || !text.failed);
    tn_buf_reset(&text);
    return took;
}

/* COUNT times WORD. */
static struct tn_str repeat(const char *before, const char *word, size_t count, struct tn_buf *out)
{
    tn_buf_init(out, 64 << 20);
    tn_buf_puts(out, before);
    for (size_t i = 0; i < count; i++)
        tn_buf_puts(out, word);
    return tn_buf_str(out);
}

static bool takes_many(const char *before, const char *word, size_t count)
{
    struct tn_buf text;
    bool          took = takes(repeat(before, word, count, &text));

    tn_buf_reset(&text);
    return took;
}

/* What stands in itself has an end: of our stack, of what is written again and again, and of DuckDB's memory. */
static void test_too_much(void)
{
    CU_ASSERT_FALSE(takes_many("SELECT version(), a ", "~ ", 1000 * 1000));
    CU_ASSERT_FALSE(takes_many("SELECT version(), a ", "LIKE ", 1000 * 1000));
    CU_ASSERT_FALSE(takes_many("SELECT version(), a ", "= ANY (a ", 1000 * 1000));
    CU_ASSERT_FALSE(takes_many("SELECT version(), a ", "OPERATOR(pg_catalog.~) ", 100 * 1000));
    CU_ASSERT_FALSE(takes_many("SELECT version(), ", "(", 1000 * 1000));
    CU_ASSERT(takes_many("SELECT version(), ", "(", 200));
    CU_ASSERT_FALSE(takes_many("SELECT '1'", "::regclass::text", 100 * 1000));
    CU_ASSERT_FALSE(takes(TN_STR("SELECT format_type(format_type(format_type(format_type(1, 2), 2), 2), 2)")));
    CU_ASSERT(takes(TN_STR("SELECT format_type(format_type(format_type(1, 2), 2), 2)")));
    CU_ASSERT_FALSE(takes(TN_STR("SELECT nullif(a, nullif(b, nullif(c, nullif(d, nullif(e, f)))))")));
    CU_ASSERT_FALSE(takes(TN_STR("SELECT ('1'::regclass || ('2'::regclass || ('3'::regclass::text::regclass)::text::regclass)::text::regclass)::text::regclass")));
    CU_ASSERT(takes_many("SELECT indkey", ", indkey, 'pg_class'::regclass", 100 * 1000));
    CU_ASSERT(takes_many("SELECT version() WHERE 1 IN (1", ", 1", 500 * 1000)); /* long is not deep */
}

/* Where memory ends, nothing is written beside it. */
static void test_no_room(void)
{
    static const char *const texts[] = {"SELECT CAST('pg_class' AS regclass), unnest(.tableoid, 1)", "SELECT CAST(c.oid AS pg_catalog.regclass), '{a,b}'::text[], indkey",
                                        "SELECT a FROM generate_series(1, 2) AS s, unnest(a, b) u WHERE x ~ 'y' AND z = ANY('{a}')", "SELECT current_setting('TimeZone')"};

    for (size_t i = 0; i < TN_ARRAY_LEN(texts); i++) {
        for (size_t room = 0; room < 200; room++) {
            struct tn_buf text;

            tn_buf_init(&text, room);
            (void)!tn_catalog_text(tn_str(texts[i]), &self, &text);
            CU_ASSERT(text.len <= room);
            tn_buf_reset(&text);
        }
    }
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("catalog", NULL, NULL);
    unsigned  failures;

    CU_ADD_TEST(suite, test_cases);
    CU_ADD_TEST(suite, test_too_much);
    CU_ADD_TEST(suite, test_no_room);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

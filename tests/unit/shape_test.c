/* shape_test.c - which statements are the same shape (tests/golden/shapes.cases), and that hostile ones are harmless. */
#include "stats/shape.h"

#include "base/alloc.h"
#include "cases.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>

static struct tn_shaper *shaper;

static struct tn_shape shape_in(struct tn_str text, enum tn_dialect dialect, const struct tn_str *params, unsigned count)
{
    struct tn_shape_context context = {.dialect = dialect, .database = TN_STR("db")};
    struct tn_shape         shape;
    struct tn_features      features;

    tn_shaper_find(shaper, text, &context, params, count, &shape, &features);
    for (unsigned i = 0; i < features.table_count; i++)
        CU_ASSERT(features.tables[i].ptr >= text.ptr && features.tables[i].ptr + features.tables[i].len <= text.ptr + text.len);
    return shape;
}

static struct tn_shape shape_of(const char *text)
{
    return shape_in(tn_str(text), TN_DIALECT_POSTGRES, NULL, 0);
}

static bool same(const struct tn_shape *a, const struct tn_shape *b)
{
    return a->key[0] == b->key[0] && a->key[1] == b->key[1];
}

static enum tn_dialect dialect_of(const char *name)
{
    static const char *const names[] = {"postgres", "duckdb", "sqlite", "mysql", "trino", "clickhouse", "bigquery", "snowflake", "spark"};

    for (unsigned i = 0; i < TN_ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0)
            return (enum tn_dialect)i;
    abort();
}

static void unescape(char *text)
{
    for (char *at; (at = strstr(text, "\\n")) != NULL;) {
        *at = '\n';
        memmove(at + 1, at + 2, strlen(at + 2) + 1);
    }
}

static void run_case(const struct golden_case *c)
{
    static char     a[CASE_TEXT], b[CASE_TEXT];
    enum tn_dialect dialect = dialect_of(golden_get(c, "dialect"));
    struct tn_shape x, y;
    bool            wanted = strcmp(golden_get(c, "want"), "same") == 0;

    tn_str_copy(a, sizeof a, tn_str(golden_get(c, "a")));
    tn_str_copy(b, sizeof b, tn_str(golden_get(c, "b")));
    unescape(a);
    unescape(b);
    x = shape_in(tn_str(a), dialect, NULL, 0);
    y = shape_in(tn_str(b), dialect, NULL, 0);
    if (same(&x, &y) != wanted) {
        fprintf(stderr, "shapes.cases:%u: should be %s (%s):\n  %s\n  %s\n", c->line, golden_get(c, "want"), x.level == TN_SHAPE_FINGERPRINT ? "fingerprint" : "template", a, b);
        CU_FAIL("a pair");
    }
}

static void test_golden(void)
{
    CU_ASSERT(golden_each(TN_SOURCE_DIR "/tests/golden/shapes.cases", run_case) >= 65);
}

static void test_context(void)
{
    struct tn_shape_context context = {.dialect = TN_DIALECT_POSTGRES, .database = TN_STR("a")}, other = context;
    struct tn_shape         x, y;
    struct tn_features      features;
    struct tn_str           text = TN_STR("SELECT a FROM t");

    tn_shaper_find(shaper, text, &context, NULL, 0, &x, &features);
    other.search_path = TN_STR("s");
    tn_shaper_find(shaper, text, &other, NULL, 0, &y, &features);
    CU_ASSERT_FALSE(same(&x, &y));
    other = context;
    other.role = TN_STR("r");
    tn_shaper_find(shaper, text, &other, NULL, 0, &y, &features);
    CU_ASSERT_FALSE(same(&x, &y));
    other = context;
    other.database = TN_STR("b");
    tn_shaper_find(shaper, text, &other, NULL, 0, &y, &features);
    CU_ASSERT_FALSE(same(&x, &y));
}

/* The same text from another place: from the cache, with the tables in the new text. */
static void test_cache(void)
{
    char                   *copy = tn_strdup("SELECT x.a FROM alpha x JOIN beta ON x.id = beta.id WHERE a = 4711");
    struct tn_shaper_counts before, after;
    struct tn_shape         first = shape_of("SELECT x.a FROM alpha x JOIN beta ON x.id = beta.id WHERE a = 4711"), again;

    tn_shaper_counts(shaper, &before);
    again = shape_of(copy);
    tn_shaper_counts(shaper, &after);
    CU_ASSERT(same(&first, &again));
    CU_ASSERT_EQUAL(after.l0_hits, before.l0_hits + 1);
    copy[strlen(copy) - 1] = '2'; /* another text of a known template */
    again = shape_of(copy);
    tn_shaper_counts(shaper, &after);
    CU_ASSERT(same(&first, &again));
    CU_ASSERT_EQUAL(after.fingerprints, before.fingerprints);
    CU_ASSERT(after.l1_hits > before.l1_hits);
    CU_ASSERT_NOT_EQUAL(first.text[0], again.text[0]);
    tn_free(copy);
}

static void test_bands(void)
{
    struct tn_str  params[] = {TN_STR("50"), TN_STR("500000")};
    struct tn_str  text = TN_STR("SELECT a FROM t LIMIT $1");
    struct tn_shape small = shape_in(text, TN_DIALECT_POSTGRES, &params[0], 1), large = shape_in(text, TN_DIALECT_POSTGRES, &params[1], 1);

    CU_ASSERT(same(&small, &large));
    CU_ASSERT_NOT_EQUAL(small.band, large.band);
    CU_ASSERT_EQUAL(shape_of("SELECT a FROM t").band, 0);
    CU_ASSERT_EQUAL(shape_of("SELECT a FROM t LIMIT 10").band, small.band);
    CU_ASSERT_NOT_EQUAL(shape_of("SELECT a FROM t WHERE b IN (1, 2, 3)").band, shape_of("SELECT a FROM t WHERE b IN (1)").band);
}

static void test_class(void)
{
    CU_ASSERT_EQUAL(shape_of("SELECT 1").class, 0);
    CU_ASSERT_EQUAL(shape_of("SELECT a FROM t JOIN u ON t.a = u.a WHERE b LIKE 'x' GROUP BY a").class, 16 + 8 + 4 + 1);
    CU_ASSERT(shape_of("SELECT a FROM a, b, c, d, e, f, g, h WHERE x = 1").class < TN_SHAPE_CLASSES);
}

static void test_hostile(void)
{
    size_t size = 1 << 20, at;
    char  *text = malloc(size);
    struct tn_shape x, y;

    memset(text, '(', size);
    memcpy(text, "SELECT ", 7);
    x = shape_in(tn_str_n(text, size), TN_DIALECT_POSTGRES, NULL, 0);
    CU_ASSERT_NOT_EQUAL(x.key[0], 0);
    memset(text, 'a', size);
    x = shape_in(tn_str_n(text, size), TN_DIALECT_MYSQL, NULL, 0);
    memset(text, 0, size);
    x = shape_in(tn_str_n(text, size), TN_DIALECT_POSTGRES, NULL, 0);
    x = shape_in(TN_STR(""), TN_DIALECT_POSTGRES, NULL, 0);
    CU_ASSERT_NOT_EQUAL(x.key[0], 0);
    at = (size_t)snprintf(text, size, "SELECT a FROM t WHERE b IN (0");
    for (unsigned i = 1; i < 5000; i++)
        at += (size_t)snprintf(text + at, size - at, ",%u", i);
    snprintf(text + at, size - at, ")");
    x = shape_of(text);
    y = shape_of("SELECT a FROM t WHERE b IN (0, 1)");
    CU_ASSERT_EQUAL(x.tmpl[0], y.tmpl[0]);
    for (unsigned depth = 0; depth < 10000; depth++)
        text[depth] = '(';
    text[10000] = '\0';
    (void)shape_of(text);
    free(text);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("shape", NULL, NULL);

    shaper = tn_shaper_new(64);
    CU_ADD_TEST(suite, test_golden);
    CU_ADD_TEST(suite, test_context);
    CU_ADD_TEST(suite, test_cache);
    CU_ADD_TEST(suite, test_bands);
    CU_ADD_TEST(suite, test_class);
    CU_ADD_TEST(suite, test_hostile);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    tn_shaper_free(shaper);
    return failures > 0;
}

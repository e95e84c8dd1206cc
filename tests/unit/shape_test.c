/* shape_test.c - which statements are the same shape (tests/golden/shapes.cases), and that hostile ones are harmless. */
#include "stats/shape.h"
#include "stats/shape_scan.h"

#include "base/alloc.h"
#include "cases.h"

#include <CUnit/Basic.h>
#include <pthread.h>
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

/* Every pair of adaptive D1 and D2 (adaptive G8, 2; of G9: alias and temporary names, tables named with digits, double quotes). */
static void test_golden(void)
{
    CU_ASSERT(golden_each(TN_SOURCE_DIR "/tests/golden/shapes.cases", run_case) >= 630);
}

static unsigned once;

/* A statement that nothing is renamed in is read once. With a semicolon it is read again, and its template is the same. */
static void run_once(const struct golden_case *c)
{
    static struct tn_shape_scan first, again;
    static char                 text[CASE_TEXT + 4];
    enum tn_dialect             dialect = dialect_of(golden_get(c, "dialect"));
    struct tn_features          features;
    const char                 *names[] = {"a", "b"};

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++) {
        snprintf(text, sizeof text - 2, "%s", golden_get(c, names[i]));
        unescape(text);
        tn_shape_scan(&first, tn_str(text), dialect, NULL, 0, &features);
        snprintf(text + strlen(text), 2, ";");
        tn_shape_scan(&again, tn_str(text), dialect, NULL, 0, &features);
        if (features.class == TN_CLASS_MULTI || features.inner.len > 0 || strchr(text, ';') != text + strlen(text) - 1)
            continue;
        once++;
        if (first.tmpl[0] != again.tmpl[0] || first.tmpl[1] != again.tmpl[1]) {
            fprintf(stderr, "shapes.cases:%u: another template: %s\n", c->line, text);
            CU_FAIL("read once");
        }
    }
}

static void test_once(void)
{
    once = 0;
    (void)golden_each(TN_SOURCE_DIR "/tests/golden/shapes.cases", run_once);
    CU_ASSERT(once >= 350);
}

/* (adaptive G9, search path and role in the key) */
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
    again = shape_of(copy); /* kept from now on: most texts never come twice */
    tn_shaper_counts(shaper, &after);
    CU_ASSERT_EQUAL(after.l0_hits, before.l0_hits);
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

/* Each size alone, pairs of them, parameters in their places. */
static void test_band_classes(void)
{
    static const struct {
        const char *small, *large;
        bool        equal;
    } pairs[] = {
        {"SELECT a FROM t LIMIT 1", "SELECT a FROM t LIMIT 100", true},
        {"SELECT a FROM t LIMIT 100", "SELECT a FROM t LIMIT 101", false},
        {"SELECT a FROM t LIMIT 10000", "SELECT a FROM t LIMIT 10001", false},
        {"SELECT a FROM t FETCH FIRST 5 ROWS ONLY", "SELECT a FROM t FETCH FIRST 500 ROWS ONLY", false},
        {"SELECT a FROM (SELECT a FROM u LIMIT 1) u LIMIT 5", "SELECT a FROM (SELECT a FROM u LIMIT 99999) u LIMIT 5", true},
        {"SELECT a FROM t WHERE b BETWEEN 1 AND 5", "SELECT a FROM t WHERE b BETWEEN 1 AND 500000", false},
        {"SELECT a FROM t WHERE b BETWEEN -3 AND 3", "SELECT a FROM t WHERE b BETWEEN -300 AND 300", false},
        {"SELECT a FROM t WHERE d BETWEEN '2024-01-01' AND '2024-01-02'", "SELECT a FROM t WHERE d BETWEEN DATE '2023-01-01' AND DATE '2024-01-02'", false},
        {"SELECT a FROM t WHERE d >= '2024-02-28' AND d < '2024-03-01'", "SELECT a FROM t WHERE d < '2024-02-29' AND d >= '2024-02-28'", true},
        {"SELECT a FROM t WHERE d >= '2024-02-28' AND d < '2024-03-01'", "SELECT a FROM t WHERE d >= '2024-02-28' AND d < '2024-06-01'", false},
        {"SELECT a FROM t WHERE d BETWEEN '2024-02-28 00:00' AND '2024-02-28 23:59:59'", "SELECT a FROM t WHERE d BETWEEN '2024-02-28 00:00' AND '2024-02-29 00:00:00'", false},
        {"SELECT a FROM t WHERE d > now() - interval '1 hour'", "SELECT a FROM t WHERE d > now() - interval '6 months'", false},
        {"SELECT a FROM t WHERE d > now() - interval '1' hour", "SELECT a FROM t WHERE d > now() - interval '2' year", false},
        {"SELECT date_trunc('hour', d) FROM t", "SELECT date_trunc('year', d) FROM t", false},
        {"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1), (2), (3)", false},
        {"SELECT a FROM t WHERE b IN (1, 2) LIMIT 5", "SELECT a FROM t WHERE b IN (1, 2) LIMIT 5000", false},
        {"SELECT a FROM t WHERE b IN (1, 2) LIMIT 5", "SELECT a FROM t WHERE b IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12) LIMIT 5", false},
        {"SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = 2", true},
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(pairs); i++) {
        struct tn_shape small = shape_of(pairs[i].small), large = shape_of(pairs[i].large);

        if ((small.band == large.band) != pairs[i].equal || small.band > 15 || large.band > 15) {
            fprintf(stderr, "bands %u and %u: %s\n", small.band, large.band, pairs[i].large);
            CU_FAIL("bands");
        }
    }
    CU_ASSERT_EQUAL(shape_of("SELECT a FROM t WHERE b IN (1, 2) AND d BETWEEN 1 AND 2 LIMIT 5").band,
                    shape_of("SELECT a FROM t WHERE b IN (3, 4) AND d BETWEEN 5 AND 9 LIMIT 7").band);
    CU_ASSERT_EQUAL(shape_in(TN_STR("SELECT a FROM t LIMIT 3, 5000"), TN_DIALECT_MYSQL, NULL, 0).band,
                    shape_in(TN_STR("SELECT a FROM t LIMIT 5000"), TN_DIALECT_MYSQL, NULL, 0).band);
}

static void test_band_params(void)
{
    struct tn_str   narrow[] = {TN_STR("2024-01-01"), TN_STR("2024-01-02")}, wide[] = {TN_STR("2001-01-01"), TN_STR("2024-01-02")};
    struct tn_str   short_list = TN_STR("{1,2}"), long_list = TN_STR("{1,2,3,4,5,6,7,8,9,10,11,12}"), unknown = {NULL, 0};
    struct tn_str   between = TN_STR("SELECT a FROM t WHERE d BETWEEN $1 AND $2"), any = TN_STR("SELECT a FROM t WHERE b = ANY($1)");
    struct tn_shape x = shape_in(between, TN_DIALECT_POSTGRES, narrow, 2), y = shape_in(between, TN_DIALECT_POSTGRES, wide, 2);

    CU_ASSERT(same(&x, &y) && x.band != y.band && x.band != 0);
    CU_ASSERT_EQUAL(shape_in(between, TN_DIALECT_POSTGRES, NULL, 0).band, 0);
    x = shape_in(any, TN_DIALECT_POSTGRES, &short_list, 1);
    y = shape_in(any, TN_DIALECT_POSTGRES, &long_list, 1);
    CU_ASSERT(same(&x, &y) && x.band != y.band);
    CU_ASSERT_EQUAL(shape_in(TN_STR("SELECT a FROM t LIMIT $1"), TN_DIALECT_POSTGRES, &unknown, 1).band, 0);
    x = shape_in(TN_STR("SELECT a FROM t WHERE d BETWEEN ? AND ?"), TN_DIALECT_DUCKDB, wide, 2);
    y = shape_in(TN_STR("SELECT a FROM t WHERE d BETWEEN ? AND ?"), TN_DIALECT_DUCKDB, narrow, 2);
    CU_ASSERT(same(&x, &y) && x.band != y.band);
}

/* Values that come later than the text: as if they had come with it, and read again only where they tell a size. */
static void test_bind(void)
{
    static const struct {
        const char *text;
        bool        sized;
    } texts[] = {
        {"SELECT a FROM t LIMIT $1", true}, {"SELECT a FROM t FETCH FIRST $1 ROWS ONLY", true}, {"SELECT a FROM t WHERE d BETWEEN $1 AND $2", true},
        {"SELECT a FROM t WHERE d >= $1 AND d < $2", true}, {"SELECT a FROM t WHERE d >= '2024-01-01' AND d < $1", true},
        {"SELECT a FROM t WHERE b = ANY($1)", true}, {"SELECT a FROM t WHERE d > now() - interval $1", true},
        {"SELECT a FROM t WHERE b = $1", false}, {"SELECT a FROM t WHERE b > $1", false}, {"SELECT a FROM t WHERE b IN ($1, $2)", false},
        {"SELECT a FROM t WHERE b > $1 AND c < $2 LIMIT 5", false}, {"INSERT INTO t VALUES ($1, $2)", false},
    };
    struct tn_str values[] = {TN_STR("2001-01-01"), TN_STR("2024-01-02")}, others[] = {TN_STR("2001-01-01"), TN_STR("2024-01-03")};

    for (size_t i = 0; i < TN_ARRAY_LEN(texts); i++) {
        struct tn_str      text = tn_str(texts[i].text);
        struct tn_shape    with = shape_in(text, TN_DIALECT_POSTGRES, values, 2), bound = shape_in(text, TN_DIALECT_POSTGRES, NULL, 0), other = bound;
        struct tn_features features;

        tn_features_read(&features, text, TN_DIALECT_POSTGRES);
        if (features.sized_by_params != texts[i].sized)
            fprintf(stderr, "sized by parameters: %s\n", texts[i].text);
        CU_ASSERT_EQUAL(features.sized_by_params, texts[i].sized);
        tn_shaper_bind(shaper, text, TN_DIALECT_POSTGRES, values, 2, &bound, &features);
        tn_shaper_bind(shaper, text, TN_DIALECT_POSTGRES, others, 2, &other, &features);
        CU_ASSERT(same(&with, &bound) && with.band == bound.band && memcmp(with.text, bound.text, sizeof with.text) == 0);
        CU_ASSERT(memcmp(with.text, other.text, sizeof with.text) != 0);
        CU_ASSERT_EQUAL(features.table_count, 1);
    }
}

/* The key is a matter of the template, not of the text that came first. */
static void test_order(void)
{
    enum { ELEMENTS = 5000 };
    static const char *const texts[] = {"SELECT x.a FROM t x WHERE x.b IN (1, 2) AND c = 1", "SELECT x.a FROM t x WHERE x.b IN ('q') AND c = $1"};
    size_t                   size = ELEMENTS * 8;
    char                    *text = malloc(size);
    struct tn_shaper        *first = shaper;
    struct tn_shape          big, small;
    size_t                   at = (size_t)snprintf(text, size, "SELECT x.a FROM t x WHERE x.b IN (0");

    for (unsigned i = 1; i < ELEMENTS; i++)
        at += (size_t)snprintf(text + at, size - at, ",%u", i);
    snprintf(text + at, size - at, ") AND c = 'z'");
    for (unsigned i = 0; i < TN_ARRAY_LEN(texts); i++) {
        shaper = tn_shaper_new(16);
        big = shape_of(text);
        small = shape_of(texts[i]);
        CU_ASSERT(same(&big, &small) && big.level == TN_SHAPE_FINGERPRINT);
        tn_shaper_free(shaper);
        shaper = tn_shaper_new(16);
        small = shape_of(texts[i]);
        CU_ASSERT(same(&big, &small));
        big = shape_of(text);
        CU_ASSERT(same(&big, &small));
        tn_shaper_free(shaper);
    }
    shaper = first;
    free(text);
}

/* A fingerprint looks 100 nodes deep: what differs further down, or far behind, is seen all the same. */
static void differs_at_depth(const char *head, const char *open, const char *close, const char *link, unsigned count)
{
    static char     text[2][1 << 18];
    struct tn_shape x, y;

    for (unsigned t = 0; t < 2; t++) {
        size_t at = (size_t)snprintf(text[t], sizeof text[t], "%s", head);

        for (unsigned i = 0; i < count; i++)
            at += (size_t)snprintf(text[t] + at, sizeof text[t] - at, "%s", open);
        at += (size_t)snprintf(text[t] + at, sizeof text[t] - at, "%s", t == 0 ? "aa" : "bb");
        for (unsigned i = 0; i < count; i++)
            at += (size_t)snprintf(text[t] + at, sizeof text[t] - at, "%s%s", close, link);
    }
    x = shape_of(text[0]);
    y = shape_of(text[1]);
    if (same(&x, &y)) {
        fprintf(stderr, "%u times %s %s %s %s: should be different\n", count, head, open, close, link);
        CU_FAIL("depth");
    }
}

static void test_depth(void)
{
    static const unsigned counts[] = {5, 10, 16, 17, 20, 21, 24, 25, 30, 40, 41, 50, 100, 1000};

    for (size_t i = 0; i < TN_ARRAY_LEN(counts); i++) {
        differs_at_depth("SELECT ", "f(", ")", "", counts[i]);
        differs_at_depth("SELECT ", "(", " + c)", "", counts[i]);
        differs_at_depth("SELECT ", "", "", " + c", counts[i]);
        differs_at_depth("SELECT a FROM ", "", "", " JOIN c ON d = e", counts[i]);
        differs_at_depth("SELECT ", "", "", " FROM c UNION ALL SELECT d", counts[i]);
        differs_at_depth("SELECT ", "CASE WHEN ", " THEN c END", "", counts[i]);
        differs_at_depth("SELECT ", "NOT ", "", "", counts[i]);
        differs_at_depth("SELECT ", "- ", "", "", counts[i]);
        differs_at_depth("SELECT a FROM ", "(SELECT a FROM ", ") x", "", counts[i]);
        differs_at_depth("SELECT ", "", "", "::int", counts[i]);
        differs_at_depth("SELECT ", "", "", " IS NULL", counts[i]);
        differs_at_depth("SELECT ", "", "", " COLLATE c", counts[i]);
        differs_at_depth("SELECT ", "", "", " AT TIME ZONE c", counts[i]);
        differs_at_depth("SELECT (", "", "", ")[c]", counts[i] == 5 ? 1 : 0);
    }
}

static void test_text(void)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"SELECT  a,b FROM t\n WHERE b=1 -- c", "SELECT a, b FROM t WHERE b = ?"},
        {"SELECT count(*), x.a::int FROM s.t x WHERE b IN (1, 2, 3) AND c->>'k' = 'v';", "SELECT count(*), x.a::int FROM s.t x WHERE b IN (?) AND c ->> ? = ?"},
        {"INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y')", "INSERT INTO t (a, b) VALUES (?, ?)"},
        {"SELECT a/* b */FROM t", "SELECT a FROM t"},
        {"SELECT 'open", "SELECT ?"},
        {"", ""},
    };
    char out[200], small[8];

    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++) {
        size_t len = tn_shape_text(out, sizeof out, tn_str(cases[i].text), TN_DIALECT_POSTGRES);

        CU_ASSERT_EQUAL(len, strlen(out));
        if (strcmp(out, cases[i].want) != 0) {
            fprintf(stderr, "want %s\ngot  %s\n", cases[i].want, out);
            CU_FAIL("text");
        }
    }
    CU_ASSERT_EQUAL(tn_shape_text(small, sizeof small, TN_STR("SELECT \xc3\xa9"), TN_DIALECT_POSTGRES), 7);
    CU_ASSERT_STRING_EQUAL(small, "SELECT ");
    CU_ASSERT_EQUAL(tn_shape_text(small, 1, TN_STR("SELECT"), TN_DIALECT_POSTGRES), 0);
}

static void test_features(void)
{
    struct tn_shape_context context = {.dialect = TN_DIALECT_POSTGRES};
    struct tn_shape         shape;
    struct tn_features      f;
    struct tn_str           limit = TN_STR("77"), prepare = TN_STR("PREPARE p AS SELECT a FROM t");
    struct tn_str           text = TN_STR("SELECT count(*), lower(a) FROM t WHERE b ILIKE 'x' AND c IN (1, 2, 3) AND d > '2020-01-01' LIMIT $1");

    tn_shaper_find(shaper, text, &context, &limit, 1, &shape, &f);
    CU_ASSERT(f.has_like && f.limit_known && f.limit == 77 && f.longest_list == 3 && f.function_count == 2 && f.aggregate_count == 1);
    CU_ASSERT(f.literal_count == 6 && f.literal_classes == (TN_LITERAL_STRING | TN_LITERAL_NUMBER | TN_LITERAL_TIME | TN_LITERAL_PARAM));
    for (unsigned i = 0; i < 2; i++) { /* the second time from the cache, with the text elsewhere */
        char *copy = tn_strndup(prepare.ptr, prepare.len);

        tn_shaper_find(shaper, tn_str(copy), &context, NULL, 0, &shape, &f);
        CU_ASSERT(f.inner.ptr == copy + 13 && tn_str_eq_c(f.inner, "SELECT a FROM t"));
        tn_free(copy);
    }
}

static void test_class(void)
{
    CU_ASSERT_EQUAL(shape_of("SELECT 1").class, 0);
    CU_ASSERT_EQUAL(shape_of("SELECT a FROM t JOIN u ON t.a = u.a WHERE b LIKE 'x' GROUP BY a").class, 16 + 8 + 4 + 1);
    CU_ASSERT(shape_of("SELECT a FROM a, b, c, d, e, f, g, h WHERE x = 1").class < TN_SHAPE_CLASSES);
}

/* Each thread has a shaper of its own; libpg_query below them is one. */
static void *run_thread(void *arg)
{
    struct tn_shaper *own = tn_shaper_new(16);
    uint64_t         *sum = arg;

    for (unsigned i = 0; i < 300; i++) {
        struct tn_shape_context context = {.dialect = i % 3 == 0 ? TN_DIALECT_DUCKDB : TN_DIALECT_POSTGRES};
        struct tn_shape         shape;
        struct tn_features      features;
        char                    text[200];
        int                     len = snprintf(text, sizeof text, "SELECT x.c%u FROM t%u x %s u USING (k)", i, i, i % 5 == 0 ? "FROM" : "JOIN");

        tn_shaper_find(own, tn_str_n(text, (size_t)len), &context, NULL, 0, &shape, &features);
        *sum += shape.key[0] ^ shape.key[1];
    }
    tn_shaper_free(own);
    return NULL;
}

static void test_threads(void)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    uint64_t  sums[THREADS] = {0};

    for (unsigned i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, run_thread, &sums[i]), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 1; i < THREADS; i++)
        CU_ASSERT_EQUAL(sums[i], sums[0]);
}

static void test_opened(void)
{
    static const char *const opened[] = {"SELECT \"a", "SELECT 'a", "SELECT /* a", "SELECT `a", "SELECT [a", "SELECT $x$a", "SELECT {a", "SELECT -- a",
                                         "/*+ a", "PREPARE p AS 'a", "SELECT '''a", "SELECT E'\\"};
    enum { SIZE = 65536 };
    char *text = malloc(SIZE);

    for (unsigned i = 0; i < TN_DIALECT_COUNT; i++)
        for (unsigned j = 0; j < TN_ARRAY_LEN(opened); j++) {
            struct tn_shape x, y;

            memset(text, i % 2 == 0 ? 'b' : '\0', SIZE);
            memcpy(text, opened[j], strlen(opened[j]));
            x = shape_in(tn_str_n(text, SIZE), (enum tn_dialect)i, NULL, 0);
            y = shape_in(tn_str_n(text, strlen(opened[j])), (enum tn_dialect)i, NULL, 0);
            CU_ASSERT(x.key[0] != 0 && y.key[0] != 0);
        }
    free(text);
}

/* What differs at the end of a long text is seen. */
static void test_long(void)
{
    enum { SIZE = 1 << 20 };
    char           *text = malloc(SIZE);
    struct tn_shape x, y;

    memcpy(text, "SELECT xx, ", 11);
    for (size_t at = 11; at < SIZE; at++)
        text[at] = "x, x"[(at - 11) % 4];
    x = shape_in(tn_str_n(text, SIZE), TN_DIALECT_MYSQL, NULL, 0);
    text[SIZE - 1] = 'y';
    y = shape_in(tn_str_n(text, SIZE), TN_DIALECT_MYSQL, NULL, 0);
    CU_ASSERT_FALSE(same(&x, &y));
    free(text);
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
    CU_ADD_TEST(suite, test_once);
    CU_ADD_TEST(suite, test_context);
    CU_ADD_TEST(suite, test_cache);
    CU_ADD_TEST(suite, test_bands);
    CU_ADD_TEST(suite, test_band_classes);
    CU_ADD_TEST(suite, test_band_params);
    CU_ADD_TEST(suite, test_bind);
    CU_ADD_TEST(suite, test_order);
    CU_ADD_TEST(suite, test_depth);
    CU_ADD_TEST(suite, test_text);
    CU_ADD_TEST(suite, test_features);
    CU_ADD_TEST(suite, test_class);
    CU_ADD_TEST(suite, test_threads);
    CU_ADD_TEST(suite, test_opened);
    CU_ADD_TEST(suite, test_long);
    CU_ADD_TEST(suite, test_hostile);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    tn_shaper_free(shaper);
    return failures > 0;
}

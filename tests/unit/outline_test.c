/* outline_test.c - what is known of a text by its outline is what reading it whole says: every statement of the golden cases, with other
 * values in the place of its literals again and again. And: such texts are found by their outlines. */
#include "stats/lexer.h"
#include "stats/outline.h"
#include "stats/shape_scan.h"

#include "base/rand.h"
#include "cases.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>

enum { VARIANTS = 6, TEXT = CASE_TEXT * 2 };

static struct tn_shaper *kept;
static struct tn_rand    rand_state = {20};

#define ANY "a1'\".-/* ,=(){}$E;\n5<[]&_x0"
#define FEW "a12'\".- <5"

static const char *const numbers[] = {"1", "7", "42", "3.5", "100000", "0", "20240101", "2."};
static const char *const strings[] = {"'a'", "'2024-01-01'", "'2024-03-01 10:00:00'", "'{1,2,3,4,5,6,7,8,9,10,11,12}'", "'month'", "'7 days'", "'5'",
                                      "'it''s'", "''", "'b.c'", "'/*+ x */'", "'--'", "'12345678901'", "'turnout(group=a)'"};

/* TEXT with other literals. */
static void vary(char *out, size_t size, struct tn_str text)
{
    struct tn_lexer lexer;
    struct tn_token token;
    const char     *at = text.ptr;
    size_t          len = 0;

    tn_lexer_init(&lexer, text, TN_DIALECT_POSTGRES);
    while (tn_lexer_next(&lexer, &token)) {
        struct tn_str put = token.text;

        if (token.kind == TN_TOKEN_NUMBER)
            put = tn_str(numbers[tn_rand_below(&rand_state, TN_ARRAY_LEN(numbers))]);
        else if (token.kind == TN_TOKEN_STRING && token.text.ptr[0] == '\'' && !token.unterminated)
            put = tn_str(strings[tn_rand_below(&rand_state, TN_ARRAY_LEN(strings))]);
        len += (size_t)snprintf(out + len, size - len, "%.*s%.*s", (int)(token.text.ptr - at), at, (int)put.len, put.ptr);
        at = token.text.ptr + token.text.len;
    }
    snprintf(out + len, size - len, "%.*s", (int)(text.ptr + text.len - at), at);
}

static bool same_tables(const struct tn_features *a, const struct tn_features *b)
{
    if (a->table_count != b->table_count || a->more_tables != b->more_tables)
        return false;
    for (unsigned i = 0; i < a->table_count; i++)
        if (a->tables[i].ptr != b->tables[i].ptr || a->tables[i].len != b->tables[i].len)
            return false;
    return a->inner.len == b->inner.len && (a->inner.len == 0 || a->inner.ptr == b->inner.ptr);
}

static bool same_features(const struct tn_features *a, const struct tn_features *b)
{
    return same_tables(a, b) && a->class == b->class && a->verb == b->verb && a->inner_verb == b->inner_verb && a->template_hash == b->template_hash &&
           a->param_count == b->param_count && a->join_count == b->join_count && a->set_op_count == b->set_op_count && a->has_where == b->has_where &&
           a->has_group_by == b->has_group_by && a->has_order_by == b->has_order_by && a->has_distinct == b->has_distinct &&
           a->has_aggregate == b->has_aggregate && a->has_window == b->has_window && a->has_subquery == b->has_subquery && a->has_limit == b->has_limit &&
           a->explain_analyze == b->explain_analyze && a->needs_session == b->needs_session && a->has_into == b->has_into &&
           a->for_update == b->for_update && a->has_like == b->has_like && a->limit_known == b->limit_known && a->limit == b->limit &&
           a->longest_list == b->longest_list && a->value_rows == b->value_rows && a->function_count == b->function_count &&
           a->aggregate_count == b->aggregate_count && a->literal_count == b->literal_count && a->literal_classes == b->literal_classes &&
           a->range_class == b->range_class && a->sized_by_params == b->sized_by_params && a->calls_unknown == b->calls_unknown;
}

static bool same_shape(const struct tn_shape *a, const struct tn_shape *b)
{
    return a->key[0] == b->key[0] && a->key[1] == b->key[1] && a->text[0] == b->text[0] && a->text[1] == b->text[1] && a->tmpl[0] == b->tmpl[0] &&
           a->tmpl[1] == b->tmpl[1] && a->class == b->class && a->band == b->band && a->level == b->level;
}

static void check(struct tn_shaper *fresh, struct tn_str text)
{
    struct tn_shape_context context = {.dialect = TN_DIALECT_POSTGRES, .database = TN_STR("db")};
    struct tn_features      a, b;
    struct tn_shape         x, y;
    bool                    same;

    tn_shaper_find(kept, text, &context, NULL, 0, &x, &a);
    if (fresh == NULL)
        return;
    tn_shaper_find(fresh, text, &context, NULL, 0, &y, &b);
    same = same_features(&a, &b) && same_shape(&x, &y);
    tn_shaper_features(kept, text, &a);
    tn_features_read(&b, text, TN_DIALECT_POSTGRES);
    if (!same || !same_features(&a, &b)) {
        fprintf(stderr, "another %s by its outline: " TN_STR_FMT "\n", same ? "set of features" : "shape", TN_STR_ARG(text));
        CU_FAIL("by outline");
    }
}

/* Kept by its third variant; the last one is read whole by a shaper that never saw it. */
static void try_text(struct tn_str text)
{
    static char       varied[TEXT * 4];
    struct tn_shaper *fresh = tn_shaper_new(1);

    check(NULL, text);
    for (unsigned i = 0; i < VARIANTS; i++) {
        struct tn_features features;

        vary(varied, sizeof varied, text);
        tn_shaper_features(kept, tn_str(varied), &features);
        check(i + 1 == VARIANTS ? fresh : NULL, tn_str(varied));
    }
    tn_shaper_free(fresh);
}

static void run_case(const struct golden_case *c)
{
    static const char *const names[] = {"a", "b", "sql", "same", "differs"};
    static char              text[TEXT];

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++) {
        if (golden_get(c, names[i]) == NULL || strchr(golden_get(c, names[i]), '?') != NULL)
            continue; /* elsewhere a parameter, here an operator, which a template cannot tell from a literal */
        snprintf(text, sizeof text, "%s", golden_get(c, names[i]));
        for (char *at; (at = strstr(text, "\\n")) != NULL;) {
            *at = '\n';
            memmove(at + 1, at + 2, strlen(at + 2) + 1);
        }
        try_text(tn_str(text));
    }
}

static void test_golden(void)
{
    struct tn_shaper_counts before, after;

    tn_shaper_counts(kept, &before);
    CU_ASSERT(golden_each(TN_SOURCE_DIR "/tests/golden/shapes.cases", run_case) >= 630);
    CU_ASSERT(golden_each(TN_SOURCE_DIR "/tests/golden/features.cases", run_case) >= 100);
    tn_shaper_counts(kept, &after);
    CU_ASSERT(after.outline_hits - before.outline_hits > 1000);
}

/* Where a value does tell something. */
static void test_valued(void)
{
    static const char *const texts[] = {
        "SELECT a FROM t WHERE b = 1 LIMIT 5", "SELECT a FROM t LIMIT 5, 10", "SELECT a FROM t LIMIT '5'", "SELECT a FROM t FETCH FIRST 5 ROWS ONLY",
        "SELECT a FROM t OFFSET 7", "SELECT a FROM t WHERE b BETWEEN 1 AND 5", "SELECT a FROM t WHERE b BETWEEN 'x' AND 'y'", "SELECT a FROM t WHERE b BETWEEN -3 AND -(4)",
        "SELECT a FROM t WHERE b > 5 AND b < 7", "SELECT a FROM t WHERE b >= '5' AND c < 7 AND b <= '9'", "SELECT a FROM t WHERE 5 < 6 AND 5 > 4",
        "SELECT a FROM t WHERE 'a' < 6 AND 'a' > 4", "SELECT a FROM t WHERE d > now() - interval '7 days'", "SELECT a FROM t WHERE d > now() - interval 7 day",
        "SELECT a FROM t WHERE d > interval '7' day", "SELECT date_trunc('month', d) FROM t", "SELECT 'date_trunc'('month')", "SELECT a FROM t WHERE b = ANY('{1,2}')",
        "SELECT a FROM t WHERE b = any ( 'x' )", "SELECT a FROM 'f' WHERE b = 1", "SELECT a FROM t, 'f'", "SELECT a FROM t JOIN 'f' ON 1 = 1", "SELECT * FROM read_parquet('f')",
        "SELECT * FROM read_parquet(['f', 'g'])", "SELECT a, b FROM t ORDER BY 1, 2", "SELECT a FROM t GROUP BY a, 20240101", "SELECT a FROM t GROUP BY ROLLUP (1, 2)",
        "SELECT DISTINCT ON (1) a FROM t", "SELECT a FROM t ORDER BY a + 1", "SELECT set_config('a', 'b', false)", "SELECT set_config('a', 'b', true)",
        "INSERT INTO t VALUES (1, 'a'), (2, 'b')", "SELECT a FROM t WHERE b IN (1, 2, 3)", "SELECT ARRAY[1, 2]", "SELECT a[1:2] FROM t", "SELECT 1.5, 2., .5, 1e5, 0x1F, 1_0",
        "SELECT a FROM t WHERE b = 1e-5", "SELECT E'a', N'b', 'c' 'd', 'e'", "SELECT a FROM t1 WHERE t1.b = 1 AND t1.c = -1", "SELECT 'x' AS \"it''s\", 5 AS \"1\"",
        "PREPARE p AS SELECT a FROM t WHERE b = 1", "EXPLAIN SELECT a FROM t WHERE b = 1", "PRAGMA a(1)", "PRAGMA a = 1", "SET a = 1", "SET a = 'b'", "VALUES (1), (2)",
        "SELECT 1; SELECT 2", "SELECT 1;", "SELECT a FROM t -- 1", "SELECT /* 1 */ 1", "SELECT 1 / 2 - 3 * -4", "SELECT $1, 'a'", "SELECT 5::int, 'a'::text", "SELECT 1 WHERE 1<2",
        "SELECT CASE WHEN a = 1 THEN 'x' WHEN a = 2 THEN 'y' ELSE 'z' END FROM t", "SELECT a FROM t WHERE b = DATE '2024-01-01'", "SELECT a FROM t WHERE b LIKE 'x%'",
        "SELECT a FROM t u WHERE u.b = 1", "SELECT a AS x FROM t AS u WHERE b = 'q' ORDER BY x", "WITH c AS (SELECT 1) SELECT a FROM c, t WHERE b = 2", "COPY t FROM 'f'",
        "SELECT a FROM (VALUES (1, 'a')) v (a, b)", "UPDATE t SET a = 1, b = 'x' WHERE c = 2", "DELETE FROM t WHERE a = 'x'", "SELECT a FROM s.t WHERE b = 1 AND s.t.c = 2",
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(texts); i++)
        for (unsigned round = 0; round < 20; round++)
            try_text(tn_str(texts[i]));
}

static void fill(char *out, size_t size, const char *text, unsigned number)
{
    size_t len = 0;

    for (; *text != '\0'; text++)
        len += (size_t)(*text == '#' ? snprintf(out + len, size - len, "%u", number) : snprintf(out + len, size - len, "%c", *text));
}

/* Found by the outline from the third on, whatever its values are; and one whose values tell sizes never. */
static void test_found(void)
{
    static const struct {
        const char *text; /* # is a number */
        bool        found;
    } texts[] = {
        {"SELECT abalance FROM pgbench_accounts WHERE aid = #;", true}, {"SELECT \"u\".\"a\" FROM \"u\" WHERE \"u\".\"b\" = 'x#' AND c IN (1, #)", true},
        {"SELECT a FROM t WHERE b = #.5 LIMIT 10", true}, {"INSERT INTO t (a, b) VALUES (#, 'it''s #')", true}, {"SELECT a FROM t WHERE b > #", true},
        {"SELECT a FROM t WHERE b = 1 LIMIT #, 10", false}, {"SELECT a FROM t WHERE b BETWEEN 1 AND #", false}, {"SELECT a FROM t WHERE b = # -- x", false},
        {"SELECT a FROM t WHERE b = # ORDER BY a, 2", false}, {"SELECT a FROM 'f#'", false},
    };
    char text[200];

    for (size_t i = 0; i < TN_ARRAY_LEN(texts); i++) {
        struct tn_shaper_counts before, after;

        for (unsigned n = 0; n < 10; n++) {
            fill(text, sizeof text, texts[i].text, 1000 + n * n * 37);
            if (n == 3)
                tn_shaper_counts(kept, &before);
            check(NULL, tn_str(text));
        }
        tn_shaper_counts(kept, &after);
        CU_ASSERT_EQUAL(after.outline_hits - before.outline_hits, texts[i].found ? 7 : 0);
    }
}

/* Another context has another shape, and features alone are no shape. */
static void test_context(void)
{
    struct tn_features features;
    struct tn_shape    shapes[2];
    char               text[100];

    for (unsigned n = 0; n < 20; n++) {
        struct tn_shape_context context = {.dialect = TN_DIALECT_POSTGRES, .database = n % 2 == 0 ? TN_STR("one") : TN_STR("two")};

        snprintf(text, sizeof text, "SELECT c FROM of_context WHERE d = %u", n);
        tn_shaper_features(kept, tn_str(text), &features);
        tn_shaper_find(kept, tn_str(text), &context, NULL, 0, &shapes[n % 2], &features);
        CU_ASSERT(shapes[n % 2].key[0] != 0 && features.table_count == 1);
        if (n > 1)
            CU_ASSERT(shapes[0].key[0] != shapes[1].key[0] && shapes[0].tmpl[0] == shapes[1].tmpl[0]);
    }
}

/* Any bytes, at any length, around the largest that has an outline; more literals than it takes. */
static void test_long(void)
{
    static char text[4 * TN_OUTLINE_MOST];

    for (unsigned literals = TN_OUTLINE_LITERALS - 2; literals < TN_OUTLINE_LITERALS + 3; literals++)
        for (unsigned round = 0; round < 4; round++) {
            size_t len = (size_t)snprintf(text, sizeof text, "SELECT a FROM t WHERE b IN (%u", round);

            for (unsigned i = 1; i < literals; i++)
                len += (size_t)snprintf(text + len, sizeof text - len, ",%u", i + round);
            snprintf(text + len, sizeof text - len, ")");
            try_text(tn_str(text));
        }
    for (size_t size = TN_OUTLINE_MOST - 3; size < TN_OUTLINE_MOST + 3; size++) {
        size_t len = (size_t)snprintf(text, sizeof text, "SELECT 'a', b FROM t WHERE c = ");

        memset(text + len, ' ', size - len);
        text[size - 1] = '5';
        text[size] = '\0';
        for (unsigned round = 0; round < 4; round++)
            try_text(tn_str(text));
    }
    for (unsigned round = 0; round < 20000; round++) {
        size_t len = tn_rand_below(&rand_state, 24);

        for (size_t i = 0; i < len; i++)
            text[i] = ANY[tn_rand_below(&rand_state, sizeof ANY - 1)];
        check(NULL, tn_str_n(text, len));
    }
}

/* The same, read whole each time: few bytes, so that texts of one outline come often. */
static void test_bytes(void)
{
    char text[64];

    for (unsigned round = 0; round < 60000; round++) {
        struct tn_features a, b;
        size_t             len = round % 2 == 0 ? 0 : (size_t)snprintf(text, sizeof text, "%.*s", (int)(round % 31), "SELECT a_b, c FROM t WHERE c = f");
        size_t             end = len + 1 + tn_rand_below(&rand_state, 9);

        for (; len < end; len++)
            text[len] = FEW[tn_rand_below(&rand_state, sizeof FEW - 1)];
        if (round % 4 == 3)
            len += (size_t)snprintf(text + len, sizeof text - len, " + 1 - abcdefghij");
        tn_shaper_features(kept, tn_str_n(text, len), &a);
        tn_features_read(&b, tn_str_n(text, len), TN_DIALECT_POSTGRES);
        if (!same_features(&a, &b)) {
            fprintf(stderr, "another set of features by its outline: %.*s\n", (int)len, text);
            CU_FAIL("by outline");
            return;
        }
    }
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("outline", NULL, NULL);
    unsigned  failures;

    kept = tn_shaper_new(64);
    CU_ADD_TEST(suite, test_golden);
    CU_ADD_TEST(suite, test_valued);
    CU_ADD_TEST(suite, test_found);
    CU_ADD_TEST(suite, test_context);
    CU_ADD_TEST(suite, test_long);
    CU_ADD_TEST(suite, test_bytes);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    tn_shaper_free(kept);
    return failures > 0;
}

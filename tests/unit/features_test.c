/* features_test.c - what statements do, which tables they name, which templates are the same; cases in tests/golden. */
#include "stats/features.h"
#include "stats/function.h"
#include "stats/template.h"
#include "stats/word.h"

#include "base/clock.h"
#include "cases.h"

#include <CUnit/Basic.h>

static const char *const dialect_names[TN_DIALECT_COUNT] = {"postgres",   "duckdb",   "sqlite",    "mysql", "trino",
                                                            "clickhouse", "bigquery", "snowflake", "spark"};

static enum tn_dialect case_dialect(const struct golden_case *c)
{
    const char *name = golden_get(c, "dialect");

    for (int i = 0; name != NULL && i < TN_DIALECT_COUNT; i++)
        if (strcmp(name, dialect_names[i]) == 0)
            return (enum tn_dialect)i;
    if (name != NULL) {
        fprintf(stderr, "line %u: unknown dialect %s\n", c->line, name);
        abort();
    }
    return TN_DIALECT_POSTGRES;
}

static void add(char *out, size_t size, const char *text)
{
    size_t len = strlen(out);

    snprintf(out + len, size - len, "%s", text);
}

static void add_flags(char *out, size_t size, const struct tn_features *f)
{
    const struct {
        bool        set;
        const char *name;
    } flags[] = {{f->has_where, "where"},       {f->has_group_by, "group"},       {f->has_order_by, "order"},
                 {f->has_distinct, "distinct"}, {f->has_aggregate, "aggregate"},  {f->has_window, "window"},
                 {f->has_subquery, "subquery"}, {f->has_limit, "limit"},          {f->explain_analyze, "analyze"},
                 {f->needs_session, "session"}, {f->has_into, "into"},            {f->for_update, "for_update"},
                 {f->calls_unknown, "unknown"}, {f->calls_volatile, "volatile"}, {f->more_tables, "more_tables"}};
    bool some = false;

    for (size_t i = 0; i < TN_ARRAY_LEN(flags); i++)
        if (flags[i].set) {
            add(out, size, some ? "," : "");
            add(out, size, flags[i].name);
            some = true;
        }
}

/* Only the parts that WANT names are compared. */
static void describe(char *out, size_t size, const struct tn_features *f, const char *want)
{
    char number[32];

    snprintf(out, size, "%s %s", tn_class_name(f->class), tn_verb_name(f->verb));
    if (strstr(want, " inner=") != NULL) {
        add(out, size, " inner=");
        add(out, size, tn_verb_name(f->inner_verb));
    }
    if (strstr(want, " tables=") != NULL) {
        add(out, size, " tables=");
        for (unsigned i = 0; i < f->table_count; i++) {
            char name[256];

            tn_str_copy(name, sizeof name, f->tables[i]);
            add(out, size, i > 0 ? "," : "");
            add(out, size, name);
        }
    }
    if (strstr(want, " params=") != NULL) {
        snprintf(number, sizeof number, " params=%u", f->param_count);
        add(out, size, number);
    }
    if (strstr(want, " joins=") != NULL) {
        snprintf(number, sizeof number, " joins=%u", f->join_count);
        add(out, size, number);
    }
    if (strstr(want, " sets=") != NULL) {
        snprintf(number, sizeof number, " sets=%u", f->set_op_count);
        add(out, size, number);
    }
    if (strstr(want, " flags=") != NULL) {
        add(out, size, " flags=");
        add_flags(out, size, f);
    }
}

static void check_template(const struct golden_case *c, const struct tn_features *f, const char *key, bool same)
{
    const char        *other = golden_get(c, key);
    struct tn_features g;

    if (other == NULL)
        return;
    tn_features_read(&g, tn_str(other), case_dialect(c));
    if (strchr(golden_get(c, "sql"), ';') == NULL && strchr(other, ';') == NULL) /* of what is a statement, not of its end */
        CU_ASSERT((tn_template_keyed(tn_str(golden_get(c, "sql")), case_dialect(c), 7) == tn_template_keyed(tn_str(other), case_dialect(c), 7)) == same);
    if ((g.template_hash == f->template_hash) != same) {
        fprintf(stderr, "features.cases:%u: templates should be %s: %s\n", c->line, key, other);
        CU_FAIL("template");
    } else {
        CU_PASS("template");
    }
}

static void run_features(const struct golden_case *c)
{
    struct tn_features f;
    const char        *sql = golden_get(c, "sql"), *want = golden_get(c, "want");
    char               got[4096];

    if (sql == NULL)
        sql = "";
    tn_features_read(&f, tn_str(sql), case_dialect(c));
    CU_ASSERT(f.template_hash == 0 || tn_template_keyed(tn_str(sql), case_dialect(c), 7) != tn_template_keyed(tn_str(sql), case_dialect(c), 8));
    if (want != NULL) {
        describe(got, sizeof got, &f, want);
        if (strcmp(got, want) != 0) {
            fprintf(stderr, "features.cases:%u: %s\n  want %s\n  got  %s\n", c->line, sql, want, got);
            CU_FAIL("features");
        } else {
            CU_PASS("features");
        }
    }
    check_template(c, &f, "same", true);
    check_template(c, &f, "differs", false);
}

static void test_golden(void)
{
    CU_ASSERT(golden_each(TN_SOURCE_DIR "/tests/golden/features.cases", run_features) >= 150);
}

static void run_statements(const struct golden_case *c)
{
    const char   *sql = golden_get(c, "sql"), *want = golden_get(c, "want");
    struct tn_str statement;
    char          got[CASE_TEXT] = "";
    size_t        at = 0;

    while (tn_statement_next(tn_str(sql == NULL ? "" : sql), case_dialect(c), &at, &statement)) {
        size_t len = strlen(got);

        snprintf(got + len, sizeof got - len, "%s[" TN_STR_FMT "]", len > 0 ? "\n" : "", TN_STR_ARG(statement));
    }
    if (strcmp(got, want == NULL ? "" : want) != 0) {
        fprintf(stderr, "statements.cases:%u: %s\n  want %s\n  got  %s\n", c->line, sql, want, got);
        CU_FAIL("statements");
    } else {
        CU_PASS("statements");
    }
}

/* The shortcut for the usual text tells what the lexer tells, which a comment in front brings on. */
static void run_shortcut(const struct golden_case *c)
{
    const char   *sql = golden_get(c, "sql");
    size_t        at = 0, at_slow = 0;
    char          slow_text[2 * CASE_TEXT];
    struct tn_str quick, slow;

    snprintf(slow_text, sizeof slow_text, "/**/%s", sql == NULL ? "" : sql);
    if (sql == NULL || (sql[0] | 0x20) < 'a' || (sql[0] | 0x20) > 'z' || strlen(sql) + 5 > sizeof slow_text)
        return;
    CU_ASSERT_FATAL(tn_statement_next(tn_str(sql), case_dialect(c), &at, &quick));
    CU_ASSERT_FATAL(tn_statement_next(tn_str(slow_text), case_dialect(c), &at_slow, &slow));
    if (!tn_str_eq(quick, tn_str_n(slow.ptr + 4, slow.len - 4))) {
        fprintf(stderr, "line %u: cut as [" TN_STR_FMT "], by the lexer [" TN_STR_FMT "]\n", c->line, TN_STR_ARG(quick), TN_STR_ARG(slow));
        CU_FAIL("shortcut");
    }
}

static void test_shortcut(void)
{
    CU_ASSERT(golden_each(TN_SOURCE_DIR "/tests/golden/statements.cases", run_shortcut) >= 35);
    CU_ASSERT(golden_each(TN_SOURCE_DIR "/tests/golden/features.cases", run_shortcut) >= 150);
}

static void test_statements(void)
{
    CU_ASSERT(golden_each(TN_SOURCE_DIR "/tests/golden/statements.cases", run_statements) >= 25);
}

/* COUNT times PIECE between HEAD and TAIL; the caller frees. */
static struct tn_str repeated(const char *head, const char *piece, size_t count, const char *tail)
{
    size_t piece_len = strlen(piece), len = strlen(head) + count * piece_len + strlen(tail);
    char  *text = malloc(len + 1), *at = text;

    if (text == NULL)
        abort();
    memcpy(at, head, strlen(head));
    at += strlen(head);
    for (size_t i = 0; i < count; i++, at += piece_len)
        memcpy(at, piece, piece_len);
    memcpy(at, tail, strlen(tail) + 1);
    return tn_str_n(text, len);
}

static struct tn_features features_of(struct tn_str text)
{
    struct tn_features f;

    tn_features_read(&f, text, TN_DIALECT_POSTGRES);
    return f;
}

static void test_deep_nesting(void)
{
    struct tn_str      open = repeated("SELECT ", "(", 10000, "1");
    struct tn_str      text = repeated(open.ptr, ")", 10000, " FROM t");
    struct tn_features f = features_of(text);

    CU_ASSERT_EQUAL(f.class, TN_CLASS_READ);
    CU_ASSERT_EQUAL(f.table_count, 1);
    free((void *)(uintptr_t)text.ptr);
    text = repeated("SELECT * FROM a", " UNION (SELECT * FROM b", 9000, "");
    f = features_of(text);
    CU_ASSERT_EQUAL(f.class, TN_CLASS_READ);
    CU_ASSERT_EQUAL(f.table_count, 2);
    CU_ASSERT_EQUAL(f.set_op_count, 9000);
    free((void *)(uintptr_t)text.ptr);
    text = repeated("SELECT ", "(", 100000, "DELETE FROM x");
    f = features_of(text);
    CU_ASSERT_EQUAL(f.class, TN_CLASS_WRITE);
    free((void *)(uintptr_t)text.ptr);
    free((void *)(uintptr_t)open.ptr);
}

static void test_long_list(void)
{
    struct tn_str      list = repeated("SELECT * FROM t WHERE a IN (1", ", 22", 4999, ")");
    struct tn_features f = features_of(list), g = features_of(TN_STR("select * from t where a in (7)"));

    CU_ASSERT_EQUAL(f.class, TN_CLASS_READ);
    CU_ASSERT_EQUAL(f.template_hash, g.template_hash);
    CU_ASSERT_EQUAL(f.join_count, 0);
    free((void *)(uintptr_t)list.ptr);
    list = repeated("SELECT * FROM a0", ", a", 50000, "");
    f = features_of(list);
    CU_ASSERT_EQUAL(f.table_count, 2);
    free((void *)(uintptr_t)list.ptr);
}

static uint64_t cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* 64 KiB of each of these take a millisecond or so of this process; anything quadratic would take minutes in all. */
static void test_linear(void)
{
    static const char *const pieces[] = {"(",   "/*",  "/* ",   "'",      "\"",   "$a$ ",     "$a",      "$aaa$b",    "((1),",
                                         "--x", "a.",  "E'\\", "with a as (", "in (1,", "values (1),", "{a:", "{a ",  "[1,",
                                         ";",   "a,b", "from a,", "-",  "U&'", "insert ", "begin ", "case ", "end ", "`", "\\"};
    struct tn_features       f;
    struct tn_str            statement;
    uint64_t                 start = cpu_us();
    char                    *out = malloc(1 << 19);

    for (size_t i = 0; i < TN_ARRAY_LEN(pieces); i++)
        for (int d = 0; d < TN_DIALECT_COUNT; d++) {
            struct tn_str text = repeated("create function select ", pieces[i], (1 << 16) / strlen(pieces[i]), "");
            size_t        at = 0, count = 0;

            tn_features_read(&f, text, (enum tn_dialect)d);
            while (tn_statement_next(text, (enum tn_dialect)d, &at, &statement))
                count++;
            CU_ASSERT(count >= 1);
            CU_ASSERT(tn_text_without_literals(out, 1 << 19, text, (enum tn_dialect)d) <= text.len);
            free((void *)(uintptr_t)text.ptr);
        }
    free(out);
    CU_ASSERT(cpu_us() - start < 60u * 1000000u);
}

static void test_odd_bytes(void)
{
    static const char text[] = "SELECT a\0; DROP TABLE b";
    struct tn_features f = features_of(tn_str_n(text, sizeof text - 1));

    CU_ASSERT_EQUAL(f.class, TN_CLASS_MULTI); /* what stands behind the NUL counts */
    f = features_of(tn_str_n(NULL, 0));
    CU_ASSERT_EQUAL(f.class, TN_CLASS_EMPTY);
    CU_ASSERT_EQUAL(f.template_hash, 0);
    f = features_of(TN_STR("\xff\xfe\x80"));
    CU_ASSERT_EQUAL(f.class, TN_CLASS_WRITE);
    f = features_of(TN_STR("select * from \"t\xc3"));
    CU_ASSERT_EQUAL(f.table_count, 1);
}

static void test_many_tables(void)
{
    char   sql[4096] = "SELECT 1 FROM t0";
    size_t len = strlen(sql);

    for (int i = 1; i < 40; i++)
        len += (size_t)snprintf(sql + len, sizeof sql - len, ", t%d", i);
    struct tn_features f = features_of(tn_str(sql));
    CU_ASSERT_EQUAL(f.table_count, TN_FEATURES_TABLES);
    CU_ASSERT_TRUE(f.more_tables);
    CU_ASSERT_EQUAL(f.join_count, 39);
}

static void check_text(const char *sql, const char *want)
{
    char   out[256];
    size_t len = tn_text_without_literals(out, sizeof out, tn_str(sql), TN_DIALECT_POSTGRES);

    if (strcmp(out, want) != 0)
        fprintf(stderr, "want %s\ngot  %s\n", want, out);
    CU_ASSERT_STRING_EQUAL(out, want);
    CU_ASSERT_EQUAL(len, strlen(want));
}

static void test_text_without_literals(void)
{
    char out[8];

    check_text("SELECT  'a''b', 1.5e3, \"c d\" FROM t -- secret 1\nWHERE x=$1", "SELECT  ?, ?, \"c d\" FROM t  \nWHERE x=$1");
    check_text("/* 'pw' */ select E'\\'', $q$it's$q$, U&'x'", "  select ?, ?, ?");
    check_text("SELECT 'never closed", "SELECT ?");
    check_text("SELECT 1 /* open 'x", "SELECT ?  ");
    check_text("", "");
    CU_ASSERT_EQUAL(tn_text_without_literals(out, sizeof out, TN_STR("SELECT a, b"), TN_DIALECT_POSTGRES), 7);
    CU_ASSERT_STRING_EQUAL(out, "SELECT ");
    CU_ASSERT_EQUAL(tn_text_without_literals(out, sizeof out, TN_STR("abcdef\xc3\xa4x"), TN_DIALECT_POSTGRES), 6);
    CU_ASSERT_EQUAL(tn_text_without_literals(out, 1, TN_STR("abc"), TN_DIALECT_POSTGRES), 0);
}

static void test_tables_of_words(void)
{
    const char *before = "";

    for (int i = 1; i < TN_WORD_COUNT; i++) {
        const char *name = tn_word_name((enum tn_word)i);
        char        upper[32];

        CU_ASSERT(strcmp(before, name) < 0);
        CU_ASSERT_EQUAL(tn_word_find(tn_str(name)), (enum tn_word)i);
        snprintf(upper, sizeof upper, "%s", name);
        upper[0] = (char)(upper[0] - 32);
        CU_ASSERT_EQUAL(tn_word_find(tn_str(upper)), (enum tn_word)i);
        before = name;
    }
    CU_ASSERT_EQUAL(tn_word_find(TN_STR("selectx")), TN_WORD_NONE);
    CU_ASSERT_EQUAL(tn_word_find(TN_STR("selec")), TN_WORD_NONE);
    CU_ASSERT_EQUAL(tn_word_find(TN_STR("zzz")), TN_WORD_NONE);
    CU_ASSERT_EQUAL(tn_word_find(TN_STR("{")), TN_WORD_NONE);
}

static void test_functions(void)
{
    static const struct {
        const char      *name;
        enum tn_function kind;
    } all[] = {
#define FUNCTION(name, kind) {name, TN_FUNCTION_##kind},
#include "stats/functions.def"
#undef FUNCTION
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(all); i++) {
        CU_ASSERT(i == 0 || strcmp(all[i - 1].name, all[i].name) < 0);
        CU_ASSERT_EQUAL(tn_function_find(tn_str(all[i].name)), all[i].kind);
    }
    CU_ASSERT_EQUAL(tn_function_find(TN_STR("NEXTVAL")), TN_FUNCTION_CHANGES);
    CU_ASSERT_EQUAL(tn_function_find(TN_STR("lo_something_new")), TN_FUNCTION_CHANGES);
    CU_ASSERT_EQUAL(tn_function_find(TN_STR("dblink_exec")), TN_FUNCTION_CHANGES);
    CU_ASSERT_EQUAL(tn_function_find(TN_STR("deposit")), TN_FUNCTION_UNKNOWN);
    CU_ASSERT_EQUAL(tn_function_find(TN_STR("")), TN_FUNCTION_UNKNOWN);
}

static void test_names(void)
{
    CU_ASSERT_STRING_EQUAL(tn_class_name(TN_CLASS_UTILITY), "utility");
    for (int i = 1; i < TN_VERB_COUNT; i++)
        CU_ASSERT(tn_verb_name((enum tn_verb)i) != NULL && tn_verb_name((enum tn_verb)i)[0] != '\0');
}

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("features", NULL, NULL)) == NULL)
        return 1;
    CU_ADD_TEST(suite, test_golden);
    CU_ADD_TEST(suite, test_statements);
    CU_ADD_TEST(suite, test_shortcut);
    CU_ADD_TEST(suite, test_deep_nesting);
    CU_ADD_TEST(suite, test_long_list);
    CU_ADD_TEST(suite, test_linear);
    CU_ADD_TEST(suite, test_odd_bytes);
    CU_ADD_TEST(suite, test_many_tables);
    CU_ADD_TEST(suite, test_text_without_literals);
    CU_ADD_TEST(suite, test_tables_of_words);
    CU_ADD_TEST(suite, test_functions);
    CU_ADD_TEST(suite, test_names);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

/* lexer_test.c - tokens of each dialect; tokens and the gaps between them cover any text. */
#include "stats/lexer.h"

#include "base/rand.h"

#include <CUnit/Basic.h>

/* One letter per token: W word, I identifier, N number, S string, P parameter, otherwise the punctuation itself; u behind
 * what is not terminated; tokens joined by a space. */
static void kinds(char *out, size_t size, struct tn_str text, enum tn_dialect dialect)
{
    static const char letters[] = "-WINSP";
    struct tn_lexer   lexer;
    struct tn_token   token;
    size_t            len = 0;

    out[0] = '\0';
    tn_lexer_init(&lexer, text, dialect);
    while (tn_lexer_next(&lexer, &token) && len + 8 < size) {
        if (len > 0)
            out[len++] = ' ';
        if (token.kind == TN_TOKEN_PUNCT)
            len += (size_t)snprintf(out + len, size - len, TN_STR_FMT, TN_STR_ARG(token.text));
        else
            out[len++] = letters[token.kind];
        if (token.unterminated)
            out[len++] = 'u';
        out[len] = '\0';
    }
}

static void check(enum tn_dialect dialect, const char *sql, const char *want)
{
    char got[512];

    kinds(got, sizeof got, tn_str(sql), dialect);
    if (strcmp(got, want) != 0)
        fprintf(stderr, "dialect %d: %s\n  want %s\n  got  %s\n", (int)dialect, sql, want, got);
    CU_ASSERT_STRING_EQUAL(got, want);
}

static void test_postgres(void)
{
    enum tn_dialect d = TN_DIALECT_POSTGRES;

    check(d, "", "");
    check(d, " \t\r\n\v\f", "");
    check(d, "select a.b,c", "W W . W , W");
    check(d, "'a''b' 'c", "S Su");
    check(d, "'a\\' b", "S W");
    check(d, "E'a\\'b' e'\\\\' c", "S S W");
    check(d, "E'open\\", "Su");
    check(d, "b'01' X'ff' N'x' U&'d\\0061' u&\"x\" fe'x'", "S S S S I W S");
    check(d, "\"a\"\"b\" \"open", "I Iu");
    check(d, "$$a'$$ $x$ $$ $x$ $1 $x$ open", "S S P Su");
    check(d, "a$b$c $12abc", "W P W");
    check(d, "1 1.5 .5 1. 1e5 1e+5 1.5e-3 1e 0x1F 0b01 1_000 1..2", "N N N N N N N N W N N N N . N");
    check(d, "a.5", "W . N");
    check(d, "-- x\n1 /* /* ' */ \" */ 2 /* open", "N N");
    check(d, "a::int <= >= <> != -> ->> := =>", "W :: W <= >= <> != -> -> > := =>");
    check(d, "? :a @b `c` [d] {e} # f // g", "? : W @ W ` W ` [ W ] { W } # W / / W");
    check(d, "\xc3\xa4\xff \x01", "W \x01");
    check(d, "1-1--2", "N - N");
}

static void test_others(void)
{
    check(TN_DIALECT_DUCKDB, "$1 $name ? $$x$$ $t$ y $t$ E'\\''", "P P P S S S");
    check(TN_DIALECT_SQLITE, "? ?12 :a @b $c $1 `x``y` [a b] \"c\" 'd\\'", "P P P P P P I I I S");
    check(TN_DIALECT_SQLITE, "[open", "Iu");
    check(TN_DIALECT_SQLITE, "/* /* */ 1", "N");
    check(TN_DIALECT_MYSQL, "'a\\'b' \"c\\\"d\" `e` @v @@global.x ? 1a 2020_t", "S S I W W . W P W W");
    check(TN_DIALECT_MYSQL, "1 # x\n2 -- y\n3 --4 -- ", "N N N - - N");
    check(TN_DIALECT_MYSQL, "/*!50001 a */ b /*M!100 c*/ /* d */", "W W W");
    check(TN_DIALECT_TRINO, "'a\\' U&'b' \"c\" ?", "S S I P");
    check(TN_DIALECT_CLICKHOUSE, "'a\\'b' `c\\`d` \"e\" {x:UInt8} { y : String } {z} $h$ ' $h$ # a\n#!b\n1", "S I I P P { W } S N");
    check(TN_DIALECT_BIGQUERY, "r'a\\'' rb\"x\" '''a'b''' \"\"\"c\"d\"\"\" `p-q.r` @p # x", "S S S S I P");
    check(TN_DIALECT_SNOWFLAKE, "$$a'b$$ $1 $v :p :1 a:b {'e':1} @s 'c\\'d' // x", "S W P P P W : W { S : N } W S");
    check(TN_DIALECT_SPARK, "'a\\'b' \"c\" r'd\\' `e` /* /* */ */ :p ? 1L 2bd 3.5F 4_a 5x", "S S S I P P N N N W W");
    check(TN_DIALECT_DUCKDB, "#1 a # b", "W W # W");
}

static void test_params(void)
{
    struct tn_lexer lexer;
    struct tn_token token;

    tn_lexer_init(&lexer, TN_STR("$12 $99999999999999999999"), TN_DIALECT_POSTGRES);
    CU_ASSERT_TRUE(tn_lexer_next(&lexer, &token));
    CU_ASSERT_EQUAL(token.param, 12);
    CU_ASSERT_TRUE(tn_lexer_next(&lexer, &token));
    CU_ASSERT_EQUAL(token.param, 999999999u);
    CU_ASSERT_FALSE(tn_lexer_next(&lexer, &token));
    CU_ASSERT_EQUAL(token.kind, TN_TOKEN_END);
    CU_ASSERT_FALSE(tn_lexer_next(&lexer, &token));
}

static void test_names_and_comments(void)
{
    struct tn_lexer lexer;
    struct tn_token token;
    struct tn_str   comment;

    tn_lexer_init(&lexer, TN_STR(" /*a*/ -- b\nc \"d e\" u&\"f\" \"g"), TN_DIALECT_POSTGRES);
    CU_ASSERT_TRUE(tn_lexer_comment(&lexer, &comment));
    CU_ASSERT(tn_str_eq_c(comment, "/*a*/"));
    CU_ASSERT_TRUE(tn_lexer_comment(&lexer, &comment));
    CU_ASSERT(tn_str_eq_c(comment, "-- b"));
    CU_ASSERT_FALSE(tn_lexer_comment(&lexer, &comment));
    static const char *const names[] = {"c", "d e", "f", "g"};
    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++) {
        CU_ASSERT_TRUE(tn_lexer_next(&lexer, &token));
        CU_ASSERT(tn_str_eq_c(tn_token_name(&token), names[i]));
    }
}

/* A carriage return ends the line of some. */
static void ends_line(enum tn_dialect dialect, const char *sql, const char *second)
{
    struct tn_lexer lexer;
    struct tn_token token;

    tn_lexer_init(&lexer, tn_str(sql), dialect);
    CU_ASSERT_TRUE(tn_lexer_next(&lexer, &token));
    CU_ASSERT_TRUE(tn_lexer_next(&lexer, &token));
    CU_ASSERT(tn_str_eq_c(token.text, second));
}

static void test_line_ends(void)
{
    ends_line(TN_DIALECT_POSTGRES, "a -- b\rc\nd", "c");
    ends_line(TN_DIALECT_SQLITE, "a -- b\rc\nd", "d");
    ends_line(TN_DIALECT_MYSQL, "a -- b\rc\nd", "d");
    ends_line(TN_DIALECT_MYSQL, "a # b\rc\nd", "d");
    ends_line(TN_DIALECT_MYSQL, "a --\x7f b\nd", "d");
    ends_line(TN_DIALECT_MYSQL, "a $b$ c", "$b$");
}

/* Tokens come in order, are never empty, and only white space and comments lie between them. */
static void check_cover(struct tn_str text, enum tn_dialect dialect)
{
    struct tn_lexer lexer;
    struct tn_token token;
    size_t          at = 0;

    tn_lexer_init(&lexer, text, dialect);
    while (tn_lexer_next(&lexer, &token)) {
        size_t start = (size_t)(token.text.ptr - text.ptr);

        CU_ASSERT_FATAL(token.text.len > 0 && start >= at && start + token.text.len <= text.len);
        at = start + token.text.len;
        CU_ASSERT_FATAL(lexer.at == at);
    }
    CU_ASSERT_EQUAL(lexer.at, text.len);
}

/* (adaptive G8, 2; with sanitizers and for longer by tests/fuzz/fuzz_lexer.c) */
static void test_random_bytes(void)
{
    static const char alphabet[] = "a1_$'\"`[]{}()/*-#?:@.,;\\\n eEuUxX&!=<>\0|~\x80\xff";
    struct tn_rand    rand = {20261126};
    char              text[64];

    for (int round = 0; round < 20000; round++) {
        size_t len = tn_rand_below(&rand, sizeof text);

        for (size_t i = 0; i < len; i++)
            text[i] = alphabet[tn_rand_below(&rand, sizeof alphabet - 1)];
        for (int d = 0; d < TN_DIALECT_COUNT; d++)
            check_cover(tn_str_n(text, len), (enum tn_dialect)d);
    }
}

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("lexer", NULL, NULL)) == NULL)
        return 1;
    CU_ADD_TEST(suite, test_postgres);
    CU_ADD_TEST(suite, test_others);
    CU_ADD_TEST(suite, test_params);
    CU_ADD_TEST(suite, test_names_and_comments);
    CU_ADD_TEST(suite, test_line_ends);
    CU_ADD_TEST(suite, test_random_bytes);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

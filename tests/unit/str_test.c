/* str_test.c - the quick looks for a word in a text, against slow ones. */
#include "base/str.h"
#include "base/rand.h"
#include "base/status.h"

#include <CUnit/Basic.h>
#include <stdlib.h>

static bool slowly(struct tn_str text, struct tn_str word)
{
    for (size_t at = 0; word.len > 0 && at + word.len <= text.len; at++)
        if (tn_str_ieq(tn_str_n(text.ptr + at, word.len), word))
            return true;
    return false;
}

static void test_words(void)
{
    const struct tn_str words[] = {TN_STR("user"), TN_STR("row_count"), TN_STR("@@"), TN_STR("\xc3\x84x")};

    CU_ASSERT(tn_str_holds_any(TN_STR("SELECT current_USER"), words, TN_ARRAY_LEN(words)));
    CU_ASSERT(tn_str_holds_any(TN_STR("UsEr"), words, TN_ARRAY_LEN(words)));
    CU_ASSERT(tn_str_holds_any(TN_STR("uuser"), words, TN_ARRAY_LEN(words)));
    CU_ASSERT(tn_str_holds_any(TN_STR("x ROW_count()"), words, TN_ARRAY_LEN(words)));
    CU_ASSERT(tn_str_holds_any(TN_STR("1@@"), words, TN_ARRAY_LEN(words)));
    CU_ASSERT(tn_str_holds_any(TN_STR("\xc3\x84X"), words, TN_ARRAY_LEN(words)));
    CU_ASSERT_FALSE(tn_str_holds_any(TN_STR("\xe3\x84x"), words, TN_ARRAY_LEN(words))); /* no letters: nothing is folded */
    CU_ASSERT_FALSE(tn_str_holds_any(TN_STR("use row\x7f" "count @`@"), words, TN_ARRAY_LEN(words)));
    CU_ASSERT_FALSE(tn_str_holds_any(TN_STR("use"), words, TN_ARRAY_LEN(words)));
    CU_ASSERT_FALSE(tn_str_holds_any(TN_STR("u"), words, TN_ARRAY_LEN(words)));
    CU_ASSERT_FALSE(tn_str_holds_any(TN_STR(""), words, TN_ARRAY_LEN(words)));
    CU_ASSERT_FALSE(tn_str_holds_any(TN_STR("user"), words, 0));
}

static void test_word(void)
{
    CU_ASSERT(tn_str_holds(TN_STR("FROM Information_SCHEMA.tables"), TN_STR("_schema")));
    CU_ASSERT(tn_str_holds(TN_STR("bbench"), TN_STR("BENCH")));
    CU_ASSERT(tn_str_holds(TN_STR("x"), TN_STR("X")));
    CU_ASSERT(tn_str_holds(TN_STR("a\0b"), TN_STR("\0B")));
    CU_ASSERT_FALSE(tn_str_holds(TN_STR("benc"), TN_STR("bench")));
    CU_ASSERT_FALSE(tn_str_holds(TN_STR("[x"), TN_STR("{x")));
    CU_ASSERT_FALSE(tn_str_holds(TN_STR("x"), TN_STR("")));
    CU_ASSERT_FALSE(tn_str_holds(TN_STR(""), TN_STR("x")));
}

static void test_part(void)
{
    CU_ASSERT(tn_str_has(TN_STR("SELECT /*!1*/"), TN_STR("/*!")));
    CU_ASSERT(tn_str_has(TN_STR("//*!"), TN_STR("/*!")));
    CU_ASSERT_FALSE(tn_str_has(TN_STR("/* !"), TN_STR("/*!")));
    CU_ASSERT_FALSE(tn_str_has(TN_STR("_Binary"), TN_STR("_binary")));
    CU_ASSERT_FALSE(tn_str_has(TN_STR("/*"), TN_STR("/*!")));
    CU_ASSERT_FALSE(tn_str_has(TN_STR(""), TN_STR("/*!")));
}

/* Texts of few letters, so that they hold what is looked for now and then. */
static struct tn_str drawn(struct tn_rand *rand, char *out, size_t most)
{
    size_t len = tn_rand_below(rand, most + 1);

    for (size_t i = 0; i < len; i++)
        out[i] = "abAB_@\x7f\xc1"[tn_rand_below(rand, 8)];
    return tn_str_n(out, len);
}

static void test_any_text(void)
{
    struct tn_rand rand = {1};

    for (unsigned i = 0; i < 200000; i++) {
        char          text[40], word[2][4];
        struct tn_str in = drawn(&rand, text, sizeof text), words[2] = {drawn(&rand, word[0], sizeof word[0]), drawn(&rand, word[1], sizeof word[1])};
        bool          one = slowly(in, words[0]), other = slowly(in, words[1]);

        CU_ASSERT_EQUAL(tn_str_holds(in, words[0]), one);
        if (words[0].len >= 2 && words[1].len >= 2)
            CU_ASSERT_EQUAL(tn_str_holds_any(in, words, 2), one || other);
    }
}

static void test_folded(void)
{
    CU_ASSERT(tn_str_ieq_c(TN_STR("SELECT"), "select"));
    CU_ASSERT(tn_str_ieq_c(TN_STR(""), ""));
    CU_ASSERT_FALSE(tn_str_ieq_c(TN_STR("selec"), "select"));
    CU_ASSERT_FALSE(tn_str_ieq_c(TN_STR("selects"), "select"));
    CU_ASSERT_FALSE(tn_str_ieq_c(TN_STR("select\0"), "select"));
    CU_ASSERT_FALSE(tn_str_ieq_c(TN_STR("\0"), ""));
}

/* What a local error of the quick kind says is what one that is all zero says. */
static void test_local_error(void)
{
    struct tn_error cleared = TN_ERROR_INIT;
    TN_ERROR_LOCAL(err);

    CU_ASSERT_EQUAL(err.status, cleared.status);
    CU_ASSERT_EQUAL(err.fault, cleared.fault);
    CU_ASSERT_EQUAL(err.position, 0);
    CU_ASSERT_EQUAL(err.own_code, 0);
    CU_ASSERT_PTR_NULL(err.fields);
    CU_ASSERT_STRING_EQUAL(err.message, "");
    CU_ASSERT_STRING_EQUAL(err.detail, "");
    CU_ASSERT_STRING_EQUAL(err.hint, "");
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "");
    CU_ASSERT_STRING_EQUAL(err.own_sqlstate, "");
    tn_fail(&err, TN_E_INVALID, "42601", "wrong");
    CU_ASSERT_STRING_EQUAL(err.message, "wrong");
    CU_ASSERT_STRING_EQUAL(err.detail, "");
    tn_error_reset(&err);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("str", NULL, NULL)) == NULL)
        return EXIT_FAILURE;
    CU_ADD_TEST(suite, test_words);
    CU_ADD_TEST(suite, test_word);
    CU_ADD_TEST(suite, test_part);
    CU_ADD_TEST(suite, test_any_text);
    CU_ADD_TEST(suite, test_folded);
    CU_ADD_TEST(suite, test_local_error);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

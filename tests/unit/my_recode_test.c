/* my_recode_test.c - texts of clients' character sets as UTF-8, and back. */
#include "frontend/mysql/my_recode.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <stdlib.h>

static struct tn_buf there, back;

static const struct tn_my_charset *set(const char *name)
{
    return tn_my_charset_default(tn_str(name));
}

static void turn(const struct tn_my_charset *charset, struct tn_str text)
{
    tn_buf_clear(&there);
    tn_buf_clear(&back);
    CU_ASSERT(tn_my_recode_text(charset, true, text, &there));
    CU_ASSERT(tn_my_recode_text(charset, false, tn_buf_str(&there), &back));
}

static void test_sets_are_found_by_number(void)
{
    for (size_t i = 0; tn_my_charset_at(i) != NULL; i++) {
        CU_ASSERT_PTR_EQUAL(tn_my_charset_find(tn_my_charset_at(i)->number), tn_my_charset_at(i));
        CU_ASSERT(tn_my_charset_is_known(tn_my_charset_at(i)));
        CU_ASSERT(tn_my_is_recoded(tn_my_charset_at(i)) || tn_my_charset_is_utf8(tn_my_charset_at(i)) || tn_my_charset_at(i)->number == TN_MY_CHARSET_BINARY);
    }
    CU_ASSERT_PTR_NULL(tn_my_charset_find(0));
    CU_ASSERT_PTR_NULL(tn_my_charset_find(UINT16_MAX));
}

/* Also those that are no characters, and a text that is longer than a piece. (armscii8 has some of ASCII twice.) */
static void test_all_bytes_come_back(void)
{
    char          bytes[256 * 9] = "";
    struct tn_str all = tn_str_n(bytes, sizeof bytes);

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    for (size_t i = 0; tn_my_charset_at(i) != NULL; i++)
        if (tn_my_charset_at(i)->max_bytes == 1 && tn_my_is_recoded(tn_my_charset_at(i)) && strcmp(tn_my_charset_at(i)->charset, "armscii8") != 0) {
            turn(tn_my_charset_at(i), all);
            CU_ASSERT(tn_str_eq(tn_buf_str(&back), all));
            CU_ASSERT_EQUAL(tn_utf8_valid_prefix(there.data, there.len), there.len);
        }
}

static void test_characters(void)
{
    static const struct {
        const char *set, *bytes, *utf8;
    } cases[] = {
        {"latin1", "\xe9\x80\x81", "\xc3\xa9\xe2\x82\xac\xc2\x81"}, {"latin2", "\xb1", "\xc4\x85"}, {"cp1251", "\xe6", "\xd0\xb6"},
        {"gbk", "\xd6\xd0\x81\\", "\xe4\xb8\xad\xe4\xb9\x97"},      {"sjis", "\x83\\\\~\x81\x61\x81\x60\\~", "\xe3\x82\xbd\\~\xe2\x80\x96\xe3\x80\x9c\\~"},
        {"big5", "\xa4\xa4", "\xe4\xb8\xad"},                        {"euckr", "\xc7\xd1", "\xed\x95\x9c"},
        {"macce", "\x8c", "\xc4\x86"}, {"hp8", "\xc9", "\xc3\xa8"}, {"dec8", "\xd7", "\xc5\x92"},
        {"gb18030", "\x94\x39\xda\x33", "\xf0\x9f\x92\xa9"},         {"utf8mb4", "\xc3\xa9", "\xc3\xa9"},
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++) {
        turn(set(cases[i].set), tn_str(cases[i].bytes));
        CU_ASSERT(tn_str_eq_c(tn_buf_str(&there), cases[i].utf8));
        CU_ASSERT(tn_str_eq_c(tn_buf_str(&back), cases[i].bytes));
        CU_ASSERT(!tn_my_has_mark(tn_buf_str(&there)));
    }
}

static void test_what_is_no_character(void)
{
    turn(set("gbk"), TN_STR("a\xd6"));
    CU_ASSERT(tn_my_has_mark(tn_buf_str(&there)) && tn_str_eq_c(tn_buf_str(&back), "a\xd6"));
    turn(set("ascii"), TN_STR("\xc3\xa9"));
    CU_ASSERT(tn_my_has_mark(tn_buf_str(&there)) && tn_str_eq_c(tn_buf_str(&back), "\xc3\xa9"));
    tn_buf_clear(&back);
    CU_ASSERT(tn_my_recode_text(set("latin1"), false, TN_STR("\xe2\x98\x83 \xf0\x9f\x92\xa9\xff\xc3"), &back));
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&back), "? ???"));
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    tn_buf_init(&there, 64 * 1024);
    tn_buf_init(&back, 64 * 1024);
    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("my_recode", NULL, NULL)) == NULL)
        return EXIT_FAILURE;
    CU_ADD_TEST(suite, test_sets_are_found_by_number);
    CU_ADD_TEST(suite, test_all_bytes_come_back);
    CU_ADD_TEST(suite, test_characters);
    CU_ADD_TEST(suite, test_what_is_no_character);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    tn_buf_reset(&there);
    tn_buf_reset(&back);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

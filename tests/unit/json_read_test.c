#include "base/alloc.h"
#include "base/buf.h"
#include "base/json_read.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

static const struct tn_json_node *read_text(struct tn_arena *arena, const char *text)
{
    const struct tn_json_node *node;
    struct tn_error            err = TN_ERROR_INIT;

    CU_ASSERT_EQUAL_FATAL(tn_json_read(tn_str(text), arena, &node, &err), TN_OK);
    return node;
}

static void test_values(void)
{
    struct tn_arena            arena;
    const struct tn_json_node *node;

    tn_arena_init(&arena, 0);
    CU_ASSERT_EQUAL(read_text(&arena, " null ")->kind, TN_JSON_NULL);
    CU_ASSERT_EQUAL(read_text(&arena, "true")->kind, TN_JSON_TRUE);
    node = read_text(&arena, "-12345678901234567890.50e-3");
    CU_ASSERT(node->kind == TN_JSON_NUMBER && tn_str_eq_c(node->text, "-12345678901234567890.50e-3"));
    node = read_text(&arena, "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"");
    CU_ASSERT(tn_str_eq_c(node->text, "a\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80"));
    node = read_text(&arena, "{\"a\": [1, [], {}], \"b\": \"x\"}");
    CU_ASSERT(node->count == 2 && tn_json_member(node, "a")->count == 3);
    CU_ASSERT(tn_str_eq_c(tn_json_member(node, "b")->text, "x"));
    CU_ASSERT_PTR_NULL(tn_json_member(node, "c"));
    tn_arena_reset(&arena);
}

static void test_refused(void)
{
    static const char *const texts[] = {"", " ", "nul", "tru e", "01", "1.", ".5", "+1", "1e", "--1", "NaN", "\"", "\"\\x\"", "\"\\u12\"", "\"\\u0000\"",
                                        "\"\\ud800\"", "\"\\ude00\"", "\"a\nb\"", "[1,]", "[1 2]", "[", "]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}",
                                        "{\"a\":1,\"a\":2}", "1 2", "{}x", "\"\xff\"", "\xc0\x80", "'a'"};

    for (size_t i = 0; i < TN_ARRAY_LEN(texts); i++) {
        const struct tn_json_node *node;
        struct tn_error            err = TN_ERROR_INIT;
        struct tn_arena            arena;

        tn_arena_init(&arena, 0);
        CU_ASSERT_EQUAL(tn_json_read(tn_str(texts[i]), &arena, &node, &err), TN_E_INVALID);
        CU_ASSERT_PTR_NULL(node);
        tn_arena_reset(&arena);
    }
}

static void test_limits(void)
{
    struct tn_buf              text;
    const struct tn_json_node *node;
    struct tn_error            err = TN_ERROR_INIT;
    struct tn_arena            arena;

    tn_buf_init(&text, 1 << 24);
    for (int i = 0; i < TN_JSON_DEPTH_MAX + 2; i++)
        tn_buf_put_u8(&text, '[');
    tn_arena_init(&arena, 0);
    CU_ASSERT_EQUAL(tn_json_read(tn_buf_str(&text), &arena, &node, &err), TN_E_LIMIT);
    tn_buf_clear(&text);
    tn_buf_puts(&text, "[0");
    for (int i = 0; i < TN_JSON_NODES_MAX; i++)
        tn_buf_puts(&text, ",0");
    tn_buf_puts(&text, "]");
    CU_ASSERT_EQUAL(tn_json_read(tn_buf_str(&text), &arena, &node, &err), TN_E_LIMIT);
    tn_buf_reset(&text);
    tn_arena_reset(&arena);
}

static void test_no_memory(void)
{
    for (size_t n = 0; n < 8; n++) {
        const struct tn_json_node *node;
        struct tn_error            err = TN_ERROR_INIT;
        struct tn_arena            arena;
        enum tn_status             status;

        tn_arena_init(&arena, 0);
        tn_alloc_fail_after(n);
        status = tn_json_read(TN_STR("{\"a\":[1,\"x\"]}"), &arena, &node, &err);
        CU_ASSERT_EQUAL(status, tn_alloc_failed() > 0 ? TN_E_NOMEM : TN_OK);
        tn_alloc_fail_never();
        tn_arena_reset(&arena);
    }
}

int main(void)
{
    CU_TestInfo  tests[] = {{"values", test_values}, {"refused", test_refused}, {"limits", test_limits}, {"no memory", test_no_memory}, CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"json_read", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    unsigned     failures;

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return 2;
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}

/* marks_test.c - savepoints that the session keeps itself: how their names are read, and what ends with which. */
#include "session/marks.h"

#include <CUnit/Basic.h>

static bool is_named(const char *sql, const char *name)
{
    struct tn_buf got;
    bool          same;

    tn_buf_init(&got, 256);
    same = tn_marks_name(tn_str(sql), &got) ? name != NULL && tn_str_eq_c(tn_buf_str(&got), name) : name == NULL;
    tn_buf_reset(&got);
    return same;
}

static void test_names(void)
{
    CU_ASSERT(is_named("SAVEPOINT One", "one"));
    CU_ASSERT(is_named("savepoint \"One\";", "One"));
    CU_ASSERT(is_named("RELEASE one", "one"));
    CU_ASSERT(is_named("RELEASE SAVEPOINT one ;", "one"));
    CU_ASSERT(is_named("ROLLBACK TO one", "one"));
    CU_ASSERT(is_named("ROLLBACK WORK TO /* a */ SAVEPOINT one -- b", "one"));
    CU_ASSERT(is_named("ROLLBACK TRANSACTION TO one", "one"));
    CU_ASSERT(is_named("SAVEPOINT aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggxx", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"));
    CU_ASSERT(is_named("SAVEPOINT", NULL));
    CU_ASSERT(is_named("SAVEPOINT ;", NULL));
    CU_ASSERT(is_named("SAVEPOINT 'one'", NULL));
}

static void test_names_that_are_words(void)
{
    CU_ASSERT(is_named("SAVEPOINT work", "work"));
    CU_ASSERT(is_named("SAVEPOINT Transaction;", "transaction"));
    CU_ASSERT(is_named("SAVEPOINT savepoint", "savepoint"));
    CU_ASSERT(is_named("RELEASE savepoint", "savepoint"));
    CU_ASSERT(is_named("RELEASE SAVEPOINT savepoint", "savepoint"));
    CU_ASSERT(is_named("ROLLBACK WORK TO work", "work"));
    CU_ASSERT(is_named("ROLLBACK TO SAVEPOINT transaction", "transaction"));
}

static void test_ends(void)
{
    struct tn_marks marks;

    tn_marks_init(&marks);
    CU_ASSERT(tn_marks_push(&marks, TN_STR("a")) && tn_marks_push(&marks, TN_STR("b")) && tn_marks_push(&marks, TN_STR("a")));
    CU_ASSERT(tn_marks_end(&marks, TN_STR("a"), true) && marks.count == 2); /* the latest */
    CU_ASSERT(tn_marks_end(&marks, TN_STR("a"), false) && marks.count == 1);
    CU_ASSERT_FALSE(tn_marks_end(&marks, TN_STR("b"), false));
    tn_marks_pop(&marks);
    tn_marks_pop(&marks);
    CU_ASSERT(marks.count == 0 && !tn_marks_end(&marks, TN_STR("a"), true));
    tn_marks_reset(&marks);
}

static void test_too_many(void)
{
    static const char name[63] = {'n'};
    struct tn_marks   marks;

    tn_marks_init(&marks);
    while (tn_marks_push(&marks, tn_str_n(name, sizeof name)))
        ;
    CU_ASSERT(marks.count > 100 && marks.count < 1000);
    CU_ASSERT(tn_marks_end(&marks, tn_str_n(name, sizeof name), true)); /* what was refused left nothing behind */
    CU_ASSERT(tn_marks_push(&marks, tn_str_n(name, sizeof name)));
    tn_marks_reset(&marks);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("marks", NULL, NULL);
    unsigned  failures;

    CU_ADD_TEST(suite, test_names);
    CU_ADD_TEST(suite, test_names_that_are_words);
    CU_ADD_TEST(suite, test_ends);
    CU_ADD_TEST(suite, test_too_many);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

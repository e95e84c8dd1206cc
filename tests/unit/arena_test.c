/* arena_test.c - memory that goes with a query: what was given back and is used again is as good as new. */
#include "base/arena.h"
#include "base/spares.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

static void fill(struct tn_arena *arena)
{
    for (int i = 0; i < 40; i++) {
        char *zeros = tn_arena_zalloc(arena, 1500);

        CU_ASSERT_FATAL(zeros != NULL);
        for (size_t k = 0; k < 1500; k++)
            if (zeros[k] != 0)
                CU_FAIL_FATAL("zeros");
        memset(zeros, 'x', 1500);
    }
}

static void test_blocks(void)
{
    struct tn_arena first, second;

    tn_arena_keep_blocks(true);
    tn_arena_init(&first, 0);
    tn_arena_init(&second, 8192);
    for (int round = 0; round < 3; round++) {
        fill(&first); /* more blocks than are kept */
        CU_ASSERT_FATAL(tn_arena_alloc(&first, 100000) != NULL);
        tn_arena_reset(&first);
        CU_ASSERT(first.total == 0 && tn_arena_alloc(&second, 5000) != NULL);
        CU_ASSERT_PTR_NULL(tn_arena_alloc(&second, 5000)); /* its maximum counts blocks that were kept, too */
        tn_arena_reset(&second);
    }
    tn_arena_keep_blocks(false);
    fill(&first);
    tn_arena_reset(&first);
}

static void test_spares(void)
{
    struct tn_spares spares = {.first = NULL};

    CU_ASSERT_PTR_NULL(tn_spares_take(&spares));
    for (int i = 0; i < 5; i++) {
        void *object = tn_malloc(sizeof(void *));

        CU_ASSERT_FATAL(object != NULL);
        tn_spares_give(&spares, object, 3);
        CU_ASSERT(spares.count <= 3);
    }
    for (unsigned left = spares.count; left > 0; left--) {
        void *object = tn_spares_take(&spares);

        CU_ASSERT(object != NULL && spares.count == left - 1);
        tn_free(object);
    }
    CU_ASSERT_PTR_NULL(tn_spares_take(&spares));
    tn_spares_free(&spares);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("arena", NULL, NULL)) == NULL)
        return EXIT_FAILURE;
    CU_ADD_TEST(suite, test_blocks);
    CU_ADD_TEST(suite, test_spares);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

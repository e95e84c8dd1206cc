/* Frozen groups: set, cleared, kept in the file of the statistics. */
#include "freeze.h"

#include "base/alloc.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void set(struct tn_freeze *freeze, const char *group, bool on)
{
    struct tn_error err = TN_ERROR_INIT;

    CU_ASSERT_EQUAL(tn_freeze_set(freeze, tn_str(group), on, &err), TN_OK);
}

static void test_in_memory(void)
{
    struct tn_freeze *freeze;
    struct tn_error   err = TN_ERROR_INIT;
    char              name[16];

    CU_ASSERT_EQUAL_FATAL(tn_freeze_new(&freeze, NULL, &err), TN_OK);
    CU_ASSERT_FALSE(tn_freeze_has(freeze, TN_STR("a")));
    set(freeze, "a", true);
    set(freeze, "a", true);
    set(freeze, "b", true);
    CU_ASSERT(tn_freeze_has(freeze, TN_STR("a")) && tn_freeze_has(freeze, TN_STR("b")));
    CU_ASSERT_FALSE(tn_freeze_has(freeze, TN_STR("ab")) || tn_freeze_has(freeze, TN_STR("")));
    set(freeze, "a", false);
    set(freeze, "a", false);
    CU_ASSERT(!tn_freeze_has(freeze, TN_STR("a")) && tn_freeze_has(freeze, TN_STR("b")));
    for (unsigned i = 1; i < TN_FREEZE_MAX; i++) {
        snprintf(name, sizeof name, "g%u", i);
        set(freeze, name, true);
    }
    CU_ASSERT_EQUAL(tn_freeze_set(freeze, TN_STR("one more"), true, &err), TN_E_LIMIT);
    tn_freeze_free(freeze);
}

static void open_all(const char *path, struct tn_store **store, struct tn_freeze **freeze)
{
    struct tn_store_options options = TN_STORE_OPTIONS_DEFAULT;
    struct tn_error         err = TN_ERROR_INIT;

    options.path = path;
    CU_ASSERT_EQUAL_FATAL(tn_store_open(store, &options, &err), TN_OK);
    CU_ASSERT_EQUAL_FATAL(tn_freeze_new(freeze, *store, &err), TN_OK);
}

static void test_kept(void)
{
    char              folder[] = "/tmp/turnout-freeze-XXXXXX", path[64];
    struct tn_store  *store;
    struct tn_freeze *freeze;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/s", folder);
    for (unsigned round = 0; round < 3; round++) {
        open_all(path, &store, &freeze);
        CU_ASSERT_EQUAL(tn_freeze_has(freeze, TN_STR("kept")), round == 1);
        CU_ASSERT_EQUAL(tn_freeze_has(freeze, TN_STR("other one")), round == 1);
        set(freeze, "kept", round == 0);
        set(freeze, "other one", round == 0);
        tn_store_close(store);
        tn_freeze_free(freeze);
    }
    snprintf(path, sizeof path, "rm -r %s", folder);
    CU_ASSERT_EQUAL(system(path), 0);
}

static void test_no_memory(void)
{
    struct tn_freeze *freeze;
    struct tn_error   err = TN_ERROR_INIT;

    tn_alloc_fail_after(0);
    CU_ASSERT_EQUAL(tn_freeze_new(&freeze, NULL, &err), TN_E_NOMEM);
    tn_alloc_fail_never();
    CU_ASSERT_EQUAL_FATAL(tn_freeze_new(&freeze, NULL, &err), TN_OK);
    tn_alloc_fail_after(0);
    CU_ASSERT_EQUAL(tn_freeze_set(freeze, TN_STR("a"), true, &err), TN_E_NOMEM);
    tn_alloc_fail_never();
    CU_ASSERT_FALSE(tn_freeze_has(freeze, TN_STR("a")));
    tn_freeze_free(freeze);
}

int main(void)
{
    CU_pSuite suite;
    int       failed;

    CU_initialize_registry();
    suite = CU_add_suite("freeze", NULL, NULL);
    CU_add_test(suite, "in memory", test_in_memory);
    CU_add_test(suite, "kept over restarts", test_kept);
    CU_add_test(suite, "no memory", test_no_memory);
    CU_basic_run_tests();
    failed = (int)CU_get_number_of_failures() + (int)CU_get_number_of_tests_failed();
    CU_cleanup_registry();
    return failed > 0;
}

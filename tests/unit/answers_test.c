/* answers_test.c - what scripts said: kept by what it depends on, for its time, in bounded memory; scripts as files. */
#include "translate/answers.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct tn_arena arena;

static struct tn_script_facts facts_of(uint64_t script, uint64_t shape, uint64_t user)
{
    struct tn_script_facts facts = {.script = script};

    facts.facts[TN_DEPENDS_SHAPE] = shape;
    facts.facts[TN_DEPENDS_USER] = user;
    facts.facts[TN_DEPENDS_SQL] = 1000 + shape;
    return facts;
}

static bool finds(struct tn_answers *answers, uint64_t script, uint64_t shape, uint64_t user, uint64_t declared, uint64_t now_us, const char *want)
{
    struct tn_script_facts  facts = facts_of(script, shape, user);
    struct tn_script_answer answer;

    return tn_answers_find(answers, &facts, declared, now_us, &arena, &answer) && answer.kept && tn_str_eq_c(answer.name, want);
}

static void keep(struct tn_answers *answers, uint64_t script, uint64_t shape, uint64_t user, uint64_t declared, const char *name)
{
    struct tn_script_facts        facts = facts_of(script, shape, user);
    const struct tn_script_answer answer = {.said = TN_SCRIPT_NAMED, .name = tn_str(name), .why = TN_STR("why")};

    tn_answers_keep(answers, &facts, declared, 1000000, &answer);
}

static void test_depends(void)
{
    struct tn_answers *answers = tn_answers_new(256);
    uint64_t           shape = tn_declared(1u << TN_DEPENDS_SHAPE, 10), user = tn_declared(1u << TN_DEPENDS_USER, 10), nothing = tn_declared(0, 10);

    CU_ASSERT_PTR_NOT_NULL_FATAL(answers);
    keep(answers, 1, 5, 6, shape, "etl");
    CU_ASSERT_TRUE(finds(answers, 1, 5, 6, shape, 2000000, "etl"));
    CU_ASSERT_TRUE(finds(answers, 1, 5, 7, shape, 2000000, "etl"));  /* another user */
    CU_ASSERT_FALSE(finds(answers, 1, 6, 6, shape, 2000000, "etl")); /* another shape */
    CU_ASSERT_FALSE(finds(answers, 2, 5, 6, shape, 2000000, "etl")); /* another script */
    CU_ASSERT_FALSE(finds(answers, 1, 5, 6, user, 2000000, "etl"));  /* another declaration */
    CU_ASSERT_FALSE(finds(answers, 1, 5, 6, shape, 11000000, "etl")); /* its time is up */
    keep(answers, 1, 5, 6, nothing, "etl");
    CU_ASSERT_FALSE(finds(answers, 1, 5, 6, nothing, 2000000, "etl"));
    keep(answers, 1, 5, 6, shape, "bi");
    CU_ASSERT_TRUE(finds(answers, 1, 5, 6, shape, 2000000, "bi"));
    tn_answers_free(answers);
}

static void test_spoilt(void)
{
    struct tn_answers      *answers = tn_answers_new(256);
    struct tn_script_facts  facts = facts_of(1, 5, 6);
    struct tn_script_answer answer;

    tn_answers_spoil(answers, &facts, TN_STR("it hangs"), 5000000);
    CU_ASSERT_TRUE(tn_answers_find(answers, &facts, tn_declared(0, 0), 2000000, &arena, &answer));
    CU_ASSERT(answer.said == TN_SCRIPT_FAILED && answer.kept && tn_str_eq_c(answer.why, "it hangs"));
    CU_ASSERT_FALSE(tn_answers_find(answers, &facts, 0, 6000000, &arena, &answer));
    facts.facts[TN_DEPENDS_SHAPE] = 6;
    CU_ASSERT_FALSE(tn_answers_find(answers, &facts, 0, 2000000, &arena, &answer));
    tn_answers_free(answers);
}

static void test_bounded(void)
{
    struct tn_answers *answers = tn_answers_new(64);
    uint64_t           shape = tn_declared(1u << TN_DEPENDS_SHAPE, 10);
    char               long_name[300];
    size_t             found = 0;

    for (uint64_t i = 1; i <= 1000; i++)
        keep(answers, 1, i, 0, shape, "etl");
    for (uint64_t i = 1; i <= 1000; i++)
        found += finds(answers, 1, i, 0, shape, 2000000, "etl");
    CU_ASSERT(found > 32 && found <= 64);
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    keep(answers, 1, 7000, 0, shape, long_name);
    CU_ASSERT_FALSE(finds(answers, 1, 7000, 0, shape, 2000000, long_name));
    tn_answers_free(answers);
}

/* ---- files ---- */

static bool reads(const char *bytes, size_t len, mode_t mode, const char *why)
{
    const struct tn_config config = {.folder = {"/tmp", 4}};
    struct tn_script      *script = NULL;
    struct tn_error        err = TN_ERROR_INIT;
    char                   path[] = "/tmp/script-XXXXXX";
    int                    fd = mkstemp(path);
    bool                   good;

    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT(write(fd, bytes, len) == (ssize_t)len);
    CU_ASSERT(fchmod(fd, mode) == 0);
    close(fd);
    good = tn_script_open(&script, &config, tn_str(path + 5), &err) == TN_OK;
    if (good) {
        CU_ASSERT(script->len == len && memcmp(script->text, bytes, len) == 0 && strcmp(script->name, path + 5) == 0 && script->hash != 0);
    } else {
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, why));
    }
    tn_script_unref(script);
    tn_error_reset(&err);
    unlink(path);
    return good;
}

static void test_files(void)
{
    CU_ASSERT_TRUE(reads("def route(q, c): pass\n", 22, 0600, ""));
    CU_ASSERT_TRUE(reads("", 0, 0644, ""));
    CU_ASSERT_FALSE(reads("x = 1\n", 6, 0646, "everybody may write"));
    CU_ASSERT_FALSE(reads("a\nb\n\xff\n", 6, 0600, "line 3: not UTF-8"));
    CU_ASSERT_FALSE(reads("a\n\0\n", 4, 0600, "line 2: not UTF-8"));
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    tn_arena_init(&arena, 0);
    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("answers", NULL, NULL)) == NULL)
        return CU_get_error();
    CU_ADD_TEST(suite, test_depends);
    CU_ADD_TEST(suite, test_spoilt);
    CU_ADD_TEST(suite, test_bounded);
    CU_ADD_TEST(suite, test_files);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    tn_arena_reset(&arena);
    return failures == 0 ? 0 : 1;
}

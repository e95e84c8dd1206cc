/* digits_test.c - the same text as printf(). */
#include "base/digits.h"
#include "base/rand.h"

#include <CUnit/Basic.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void same_whole(uint64_t number)
{
    char got[TN_DIGITS_SIZE + 1], want[32];

    *tn_digits_put(got, number) = '\0';
    snprintf(want, sizeof want, "%" PRIu64, number);
    CU_ASSERT_STRING_EQUAL(got, want);
}

static void same_tenths(double x)
{
    char got[TN_DIGITS_SIZE + 1], want[400];

    *tn_digits_put_tenths(got, x) = '\0';
    snprintf(want, sizeof want, "%.1f", x);
    CU_ASSERT_STRING_EQUAL(got, want);
}

static void test_whole(void)
{
    struct tn_rand rand = {1};

    same_whole(0);
    same_whole(UINT64_MAX);
    for (unsigned i = 0; i < 100000; i++)
        same_whole(tn_rand_next(&rand) >> tn_rand_below(&rand, 64));
}

static void test_tenths(void)
{
    struct tn_rand rand = {2};

    same_tenths(0);
    same_tenths(1e15);
    for (int i = 0; i < 20000; i++) {
        same_tenths(i / 4.);   /* ties */
        same_tenths(i / 20.);  /* and what only looks like one */
        same_tenths(nextafter(i / 20., 1e9));
        same_tenths(nextafter((i + 1) / 10., -1));
    }
    for (unsigned i = 0; i < 200000; i++)
        same_tenths(exp(60 * tn_rand_unit(&rand) - 26));
}

static void test_extremes(void)
{
    static const double numbers[] = {-1, NAN, -INFINITY, -0.};
    char                text[TN_DIGITS_SIZE];

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        CU_ASSERT_EQUAL(tn_digits_put_tenths(text, numbers[i]) - text, 3);
        CU_ASSERT(memcmp(text, "0.0", 3) == 0);
    }
    CU_ASSERT_EQUAL(tn_digits_put_tenths(text, INFINITY) - text, 18);
}

static void test_hex(void)
{
    uint64_t number = 0x0123456789abcdef;

    for (unsigned i = 0; i < 100000; i++, number = number * UINT64_C(6364136223846793005) + 1442695040888963407u) {
        uint64_t some = i < 64 ? UINT64_C(1) << i : i == 64 ? 0 : i == 65 ? UINT64_MAX : number;
        char     got[17] = "", want[17];

        CU_ASSERT_PTR_EQUAL(tn_digits_put_hex(got, some), got + 16);
        snprintf(want, sizeof want, "%016" PRIx64, some);
        if (strcmp(got, want) != 0)
            CU_FAIL("hex");
    }
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("digits", NULL, NULL)) == NULL)
        return EXIT_FAILURE;
    CU_ADD_TEST(suite, test_whole);
    CU_ADD_TEST(suite, test_tenths);
    CU_ADD_TEST(suite, test_extremes);
    CU_ADD_TEST(suite, test_hex);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The values of parameters choose a statement's band, whatever a client sends. */
#include "query_shape.h"

#include "server.h"
#include "stats/shape.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <float.h>
#include <math.h>

struct fixture {
    struct tn_runtime runtime;
    struct tn_server  server;
    struct tn_worker  worker;
    struct tn_query   q;
    struct tn_param   params[2];
};

static void begin(struct fixture *f, const char *text)
{
    memset(f, 0, sizeof *f);
    f->runtime.shaper = tn_shaper_new(4);
    f->runtime.server = &f->server;
    f->worker.module[TN_WORKER_RUNTIME] = &f->runtime;
    f->q.worker = &f->worker;
    f->q.text = tn_str(text);
    tn_arena_init(&f->q.arena, 0);
    tn_features_read(&f->q.features, f->q.text, TN_DIALECT_POSTGRES);
    f->q.run.params = (struct tn_params){.count = 2, .items = f->params};
}

static void end(struct fixture *f)
{
    tn_arena_reset(&f->q.arena);
    tn_shaper_free(f->runtime.shaper);
}

static unsigned band_of(double low, double high)
{
    struct fixture f;

    begin(&f, "SELECT a FROM t WHERE b BETWEEN $1 AND $2");
    CU_ASSERT(f.q.features.sized_by_params);
    f.params[0].value = (struct tn_value){.type = TN_TYPE_FLOAT64, .as.f64 = low};
    f.params[1].value = (struct tn_value){.type = TN_TYPE_FLOAT64, .as.f64 = high};
    CU_ASSERT(tn_query_shape_bind(&f.q));
    end(&f);
    return f.q.shape.band;
}

static void test_any_number(void)
{
    CU_ASSERT_EQUAL(band_of(1, 5), 1);
    CU_ASSERT_EQUAL(band_of(1, 50000), 3);
    CU_ASSERT_EQUAL(band_of(1, DBL_MAX), 4);
    CU_ASSERT_EQUAL(band_of(-DBL_MAX, DBL_MAX), 4);
    CU_ASSERT_EQUAL(band_of(1, 1e30), 4);
    (void)band_of((double)NAN, (double)INFINITY);
}

/* Advice, another group and another member ask again: still the same text. */
static void test_once(void)
{
    struct fixture f;
    uint64_t       text[2];

    begin(&f, "SELECT a FROM t WHERE b = $1 AND c = $2");
    f.params[0] = (struct tn_param){.value = {.type = TN_TYPE_INT64, .as.i64 = 7}, .pg_bytes = TN_STR("7")};
    f.params[1] = (struct tn_param){.value = {.type = TN_TYPE_NULL}};
    CU_ASSERT(tn_query_shape_bind(&f.q));
    memcpy(text, f.q.shape.text, sizeof text);
    CU_ASSERT(tn_query_shape_bind(&f.q));
    CU_ASSERT_EQUAL(memcmp(text, f.q.shape.text, sizeof text), 0);
    end(&f);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("shape of a query", NULL, NULL)) == NULL)
        return 1;
    CU_ADD_TEST(suite, test_any_number);
    CU_ADD_TEST(suite, test_once);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

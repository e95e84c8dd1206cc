/* model_test.c - trees against the library's own predictions, training against itself and against what it may not know, statistics of
 * residuals against an independent computation, and bytes that are damaged. */
#include "stats/model_boost.h"
#include "stats/model_samples.h"
#include "stats/model_train.h"
#include "stats/store.h"
#include "stats/world.h"

#include "base/alloc.h"
#include "base/rand.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <stdlib.h>

enum { ROWS = 1050, COLUMNS = 12, ENGINES = 3 };

static struct {
    struct tn_model_feature features[ROWS][COLUMNS];
    struct tn_model_row     rows[ROWS];
    uint8_t                 clusters[ENGINES];
    float                   ln_seconds[ENGINES * ROWS], residuals[ENGINES * ROWS];
    struct tn_model_rows    all;
} data;

static double gauss(struct tn_rand *rand)
{
    return sqrt(-2 * log(tn_rand_unit(rand) + 1e-12)) * cos(6.283185307179586 * tn_rand_unit(rand));
}

/* Columns that are there in two of three rows; engine 0 depends on them, 1 on them and a common deviation with 0, 2 on nothing. */
static void make_rows(uint64_t seed)
{
    struct tn_rand rand = {seed};

    for (size_t i = 0; i < ROWS; i++) {
        double common = .5 * gauss(&rand), sum = 0;

        data.rows[i] = (struct tn_model_row){0, data.features[i]};
        for (uint32_t c = 0; c < COLUMNS; c++)
            if (tn_rand_unit(&rand) < .67) {
                float value = (float)gauss(&rand);

                sum += c < 3 ? 2 * (value > .3f) - (double)(c == 1) * (double)value : 0;
                data.features[i][data.rows[i].count++] = (struct tn_model_feature){100 * (c + 1), value};
            }
        data.ln_seconds[i] = (float)(sum + common + .3 * gauss(&rand));
        data.ln_seconds[ROWS + i] = i % 3 == 0 ? NAN : (float)(1 - sum + common + .3 * gauss(&rand));
        data.ln_seconds[2 * ROWS + i] = (float)gauss(&rand);
    }
    for (uint8_t e = 0; e < ENGINES; e++)
        data.clusters[e] = (uint8_t)(10 * e + 5);
    data.all = (struct tn_model_rows){ROWS, data.rows, ENGINES, data.clusters, data.ln_seconds};
}

static struct tn_model *trained(void)
{
    struct tn_model *model = NULL;

    CU_ASSERT_EQUAL_FATAL(tn_model_train(&model, &data.all, NULL, NULL, data.residuals, NULL), TN_OK);
    return model;
}

/* ---- trees ---- */

static void test_trees_say_what_the_library_says(void)
{
    static size_t   starts[ROWS + 1];
    static uint32_t indices[ROWS * COLUMNS];
    static float    values[ROWS * COLUMNS], foreseen[ROWS];
    struct tn_boost_rows    rows = {ROWS, COLUMNS, starts, indices, values, data.ln_seconds};
    struct tn_boost_options options = {.rounds = 60, .leaves = 31, .leaf_rows = 2, .rate = .2, .column_share = .5, .row_share = .8, .foreseen = foreseen};
    struct tn_trees         trees;
    size_t                  used = 0;
    double                  worst = 0;

    make_rows(1);
    for (size_t i = 0; i < ROWS; i++) {
        for (unsigned j = 0; j < data.rows[i].count; j++, used++) {
            indices[used] = data.features[i][j].key / 100 - 1;
            values[used] = data.features[i][j].value;
        }
        starts[i + 1] = used;
    }
    CU_ASSERT_EQUAL_FATAL(tn_boost(&trees, &rows, &options, NULL), TN_OK);
    CU_ASSERT_EQUAL(trees.tree_count, 60);
    CU_ASSERT(tn_trees_sane(&trees, COLUMNS));
    CU_ASSERT(!tn_trees_sane(&trees, 1));
    for (size_t i = 0; i < ROWS; i++) {
        float row[COLUMNS];

        for (size_t c = 0; c < COLUMNS; c++)
            row[c] = NAN;
        for (size_t j = starts[i]; j < starts[i + 1]; j++)
            row[indices[j]] = values[j];
        worst = fmax(worst, fabs(tn_trees_walk(&trees, row) - (double)foreseen[i]));
    }
    CU_ASSERT(worst < 1e-5);
    tn_trees_reset(&trees);
}

static bool at_once(void *arg)
{
    unsigned *asked = arg;

    return ++*asked > 5;
}

static void test_stops(void)
{
    struct tn_model *model = NULL;
    unsigned         asked = 0;

    make_rows(1);
    CU_ASSERT_EQUAL(tn_model_train(&model, &data.all, at_once, &asked, NULL, NULL), TN_E_CANCELLED);
    CU_ASSERT_PTR_NULL(model);
    CU_ASSERT_EQUAL(asked, 6);
}

static void test_the_same_rows_make_the_same_model(void)
{
    size_t           sizes[2];
    void            *bytes[2];

    make_rows(3);
    for (int i = 0; i < 2; i++) {
        struct tn_model *model = trained();

        bytes[i] = tn_model_encode(model, &sizes[i]);
        tn_model_unref(model);
    }
    CU_ASSERT_EQUAL_FATAL(sizes[0], sizes[1]);
    CU_ASSERT_EQUAL(memcmp(bytes[0], bytes[1], sizes[0]), 0);
    free(bytes[0]);
    free(bytes[1]);
}

static void test_too_few_rows(void)
{
    struct tn_model *model = NULL;

    make_rows(1);
    for (size_t i = TN_MODEL_ROWS_LEAST - 1; i < ROWS; i++)
        data.ln_seconds[i] = NAN;
    model = trained();
    CU_ASSERT_EQUAL(model->engine_count, 2);
    CU_ASSERT_EQUAL(model->engines[0].cluster, 15);
    tn_model_unref(model);
    data.all.engine_count = 1;
    CU_ASSERT_EQUAL(tn_model_train(&model, &data.all, NULL, NULL, NULL, NULL), TN_E_NOT_FOUND);
}

/* ---- residuals ---- */

static double variance(const float *list)
{
    double sum = 0, squares = 0, n = 0;

    for (size_t i = 0; i < ROWS; i++)
        if (!isnan(list[i])) {
            n++;
            sum += (double)list[i];
            squares += (double)list[i] * (double)list[i];
        }
    return squares / n - sum / n * (sum / n);
}

/* Nothing can be foreseen of engine 2: residuals of rows that the trees saw would be much smaller than its times. */
static void test_residuals_are_out_of_fold(void)
{
    make_rows(5);
    tn_model_unref(trained());
    CU_ASSERT(variance(&data.residuals[2 * ROWS]) > .95 * variance(&data.ln_seconds[2 * ROWS]));
    CU_ASSERT(variance(&data.residuals[0]) < .4 * variance(&data.ln_seconds[0])); /* while something can of engine 0 */
    for (size_t i = 0; i < ROWS; i++)
        CU_ASSERT_EQUAL(isnan(data.residuals[ROWS + i]), isnan(data.ln_seconds[ROWS + i]));
}

/* As many clusters as folds, which take turns: the rows of one would all be in one fold by their place. */
static void test_clusters_that_take_turns(void)
{
    struct tn_model *model;

    make_rows(1);
    for (size_t i = 0; i < ROWS; i++)
        if (i % TN_MODEL_FOLDS != 1)
            data.ln_seconds[i] = NAN;
    model = trained();
    CU_ASSERT_EQUAL(model->engine_count, 3);
    CU_ASSERT(variance(&data.residuals[0]) < .8 * variance(&data.ln_seconds[0]));
    tn_model_unref(model);
}

/* h of a row, by the model as it predicts. */
static double spread_of(const struct tn_model *model, size_t row, uint8_t cluster)
{
    double f, h;

    CU_ASSERT_FATAL(tn_model_foresee(model, data.rows[row].features, data.rows[row].count, &cluster, 1, &f, &h));
    return h;
}

static void test_statistics_of_residuals(void)
{
    struct tn_model *model;
    double           products = 0, pairs = 0;

    make_rows(9); /* one whose VB is not the least that there is */
    model = trained();
    for (size_t i = 0; i < ROWS; i++)
        for (size_t a = 0; a < ENGINES; a++)
            for (size_t b = 0; b < a; b++)
                if (!isnan(data.residuals[a * ROWS + i]) && !isnan(data.residuals[b * ROWS + i])) {
                    products += (double)data.residuals[a * ROWS + i] * (double)data.residuals[b * ROWS + i];
                    pairs++;
                }
    CU_ASSERT_DOUBLE_EQUAL(model->VB, fmax(.02, products / pairs), 1e-9);
    CU_ASSERT(products / pairs > .02); /* engines 0 and 1 have a deviation of variance .25 in common */
    for (size_t e = 0; e < ENGINES; e++) {
        double n = 0, mean = 0, scaled = 0;

        for (size_t i = 0; i < ROWS; i++)
            if (!isnan(data.residuals[e * ROWS + i])) {
                n++;
                mean += (double)data.residuals[e * ROWS + i];
                scaled += (double)data.residuals[e * ROWS + i] * (double)data.residuals[e * ROWS + i] / spread_of(model, i, data.clusters[e]);
            }
        CU_ASSERT_EQUAL(model->engines[e].rows, (uint32_t)n);
        CU_ASSERT_DOUBLE_EQUAL(model->engines[e].o, mean / n, 1e-6);
        CU_ASSERT_DOUBLE_EQUAL(model->engines[e].Vo, variance(&data.residuals[e * ROWS]) / n + .01, 1e-6);
        CU_ASSERT_DOUBLE_EQUAL(model->engines[e].v, fmax(.05, scaled / n - model->VB), 1e-4);
    }
    tn_model_unref(model);
}

static void test_install(void)
{
    static struct tn_world world;
    struct tn_model       *model;
    struct tn_offset       offset;

    make_rows(7);
    model = trained();
    tn_world_init(&world);
    world.effect[5].set[0].o = 1;
    world.effect[15].set[0].o = 3;
    world.effect[25].set[0].o = 5;
    world.effect[40].set[0].o = 2;
    world.gate[7] = -2;
    world.gate_seen[7] = true;
    tn_world_install(&world, model);
    offset = tn_world_offset(&world, 1, 7, 15);
    CU_ASSERT_DOUBLE_EQUAL(offset.a, model->engines[1].o, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(offset.va, model->engines[1].Vo + .05, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(world.effect[25].set[1].v, model->engines[2].v, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(world.effect[25].set[1].pi, .005, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(world.level[1].VB, model->VB, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(world.effect[40].set[1].o, 2 - 3, 1e-12); /* beside the mean of those that the model knows */
    CU_ASSERT_DOUBLE_EQUAL(world.effect[40].set[1].Vo, world.effect[40].set[0].Vo + 4, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(world.gate[7], -2, 0);
    tn_model_unref(model);
}

/* ---- predictions ---- */

static void test_unknown_clusters_get_the_mean(void)
{
    uint8_t          clusters[] = {25, 99, 5, 15};
    double           f[4], h[4], again[4], spread[4];
    struct tn_model *model;

    make_rows(9);
    model = trained();
    CU_ASSERT(tn_model_foresee(model, data.rows[3].features, data.rows[3].count, clusters, 4, f, h));
    CU_ASSERT_DOUBLE_EQUAL(f[1], (f[0] + f[2] + f[3]) / 3, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(h[1], 1, 0);
    for (int i = 0; i < 2; i++) { /* computed, then looked up */
        CU_ASSERT(tn_model_predict(model, TN_STR("SELECT 1"), TN_DIALECT_POSTGRES, clusters, 4, i == 0 ? f : again, i == 0 ? h : spread));
    }
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_DOUBLE_EQUAL(f[i], again[i], 0);
        CU_ASSERT_DOUBLE_EQUAL(h[i], spread[i], 0);
    }
    tn_model_unref(model);
}

/* ---- bytes ---- */

static void test_bytes(void)
{
    struct tn_model *model, *back;
    size_t           size;
    char            *bytes;
    uint8_t          cluster = 15;

    make_rows(11);
    model = trained();
    model->version = 4711;
    bytes = tn_model_encode(model, &size);
    back = tn_model_decode(bytes, size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(back);
    CU_ASSERT_EQUAL(back->version, 4711);
    for (size_t i = 0; i < ROWS; i++) {
        double f[2], h[2];

        CU_ASSERT(tn_model_foresee(model, data.rows[i].features, data.rows[i].count, &cluster, 1, &f[0], &h[0]));
        CU_ASSERT(tn_model_foresee(back, data.rows[i].features, data.rows[i].count, &cluster, 1, &f[1], &h[1]));
        CU_ASSERT(f[0] == f[1] && h[0] == h[1]);
    }
    tn_model_unref(back);
    for (size_t cut = 0; cut < size; cut += cut < 200 ? 1 : 997)
        CU_ASSERT_PTR_NULL(tn_model_decode(bytes, cut));
    for (size_t at = 0; at < size; at += at < 200 ? 1 : 997) {
        bytes[at] = (char)(bytes[at] ^ 0x41);
        CU_ASSERT_PTR_NULL(tn_model_decode(bytes, size));
        bytes[at] = (char)(bytes[at] ^ 0x41);
    }
    free(bytes);
    tn_model_unref(model);
}

static void test_no_memory(void)
{
    struct tn_model *model = NULL;

    make_rows(1);
    data.all.count = 60;
    data.all.engine_count = 1;
    for (size_t n = 1; n < 40; n++) {
        enum tn_status status;

        tn_alloc_fail_after(n);
        status = tn_model_train(&model, &data.all, NULL, NULL, NULL, NULL);
        tn_alloc_fail_never();
        if (status == TN_OK) /* only what can be done without, such as the memory of predictions, was missing */
            tn_model_unref(model);
        else
            CU_ASSERT_PTR_NULL(model);
    }
}

/* ---- samples ---- */

static struct tn_model_features one_feature(uint32_t key)
{
    struct tn_model_features features = {.count = 1};

    features.list[0] = (struct tn_model_feature){key, (float)key};
    return features;
}

static void test_samples(void)
{
    struct tn_model_samples *samples = tn_model_samples_new(), *back = tn_model_samples_new();
    struct tn_model_sample  *list;
    size_t                   count, size;
    char                    *bytes;

    CU_ASSERT_PTR_NULL(tn_model_samples_copy(samples, &count));
    CU_ASSERT_PTR_NULL(tn_model_samples_encode(samples, &size)); /* nothing new */
    for (uint64_t i = 1; i <= TN_MODEL_SAMPLES + 500; i++) {
        struct tn_model_features features = one_feature((uint32_t)i);

        tn_model_samples_add(samples, (uint64_t[2]){i, i * 3}, (uint8_t)(i % 90), &features);
        tn_model_samples_add(samples, (uint64_t[2]){i, i * 3}, 1, &features); /* known already */
    }
    CU_ASSERT(!tn_model_samples_has(samples, (uint64_t[2]){500, 1500})); /* the oldest made room */
    for (uint64_t i = 501; i <= TN_MODEL_SAMPLES + 500; i++)
        CU_ASSERT(tn_model_samples_has(samples, (uint64_t[2]){i, i * 3}));
    bytes = tn_model_samples_encode(samples, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    CU_ASSERT_PTR_NULL(tn_model_samples_encode(samples, &count));
    CU_ASSERT(tn_model_samples_decode(back, bytes, size));
    list = tn_model_samples_copy(back, &count);
    CU_ASSERT_EQUAL_FATAL(count, TN_MODEL_SAMPLES);
    for (size_t i = 0; i < count; i++)
        CU_ASSERT(list[i].key[0] == i + 501 && list[i].count == 1 && list[i].list[0].key == i + 501 && list[i].class == (i + 501) % 90);
    tn_free(list);
    tn_model_samples_free(back);
    for (size_t cut = 0; cut < size; cut += cut < 200 ? 1 : 997) {
        back = tn_model_samples_new();
        CU_ASSERT(!tn_model_samples_decode(back, bytes, cut));
        CU_ASSERT_PTR_NULL(tn_model_samples_copy(back, &count)); /* nothing was taken */
        tn_model_samples_free(back);
    }
    free(bytes);
    tn_model_samples_free(samples);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("model", NULL, NULL);
    CU_ADD_TEST(suite, test_samples);
    if (tn_boost_available()) {
        CU_ADD_TEST(suite, test_trees_say_what_the_library_says);
        CU_ADD_TEST(suite, test_stops);
        CU_ADD_TEST(suite, test_the_same_rows_make_the_same_model);
        CU_ADD_TEST(suite, test_too_few_rows);
    CU_ADD_TEST(suite, test_clusters_that_take_turns);
        CU_ADD_TEST(suite, test_residuals_are_out_of_fold);
        CU_ADD_TEST(suite, test_statistics_of_residuals);
        CU_ADD_TEST(suite, test_install);
        CU_ADD_TEST(suite, test_unknown_clusters_get_the_mean);
        CU_ADD_TEST(suite, test_bytes);
        CU_ADD_TEST(suite, test_no_memory);
    }
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    if (failures == 0 && !tn_boost_available())
        fprintf(stderr, "skipped but for samples: this program was built without XGBoost\n");
    return failures == 0 ? 0 : 1;
}

/* Rows to batches: values, nulls, limits, rows begun again, memory at its end, and Arrow's rules of release. */
#include "result/builder.h"

#include "base/alloc.h"

#include <CUnit/Basic.h>

static struct tn_column columns[] = {
    {.name = {"b", 1}, .type = TN_TYPE_BOOL},  {.name = {"i", 1}, .type = TN_TYPE_INT32},
    {.name = {"t", 1}, .type = TN_TYPE_TEXT},  {.name = {"u", 1}, .type = TN_TYPE_UINT8},
    {.name = {"d", 1}, .type = TN_TYPE_FLOAT64}, {.name = {"n", 1}, .type = TN_TYPE_NULL},
    {.name = {"z", 1}, .type = TN_TYPE_TIMETZ},
};
static const struct tn_schema schema = {TN_ARRAY_LEN(columns), columns};

static struct tn_builder *new_builder(size_t max)
{
    struct tn_builder *b;

    CU_ASSERT_EQUAL_FATAL(tn_builder_new(&b, &schema, max, NULL), TN_OK);
    return b;
}

static bool is_null(const struct tn_batch *batch, size_t column, int64_t row)
{
    const struct ArrowArray *array = batch->columns[column];

    return array->n_buffers == 0 || (array->buffers[0] != NULL && !tn_bit_get(array->buffers[0], row));
}

static struct tn_str text_of(const struct tn_batch *batch, size_t column, int64_t row)
{
    const int32_t *offsets = batch->columns[column]->buffers[1];
    const char    *data = batch->columns[column]->buffers[2];

    return tn_str_n(data + offsets[row], (size_t)(offsets[row + 1] - offsets[row]));
}

/* Row I of a thousand: every third is null, columns in another order each time. */
static enum tn_status add_row(struct tn_builder *b, int i, struct tn_error *err)
{
    char text[16];

    snprintf(text, sizeof text, "row %d", i);
    tn_builder_begin(b);
    if (i % 3 != 0) {
        TN_TRY(tn_builder_bytes(b, 2, tn_str(text), err));
        TN_TRY(tn_builder_bool(b, 0, i % 2 == 0, err));
    }
    TN_TRY(tn_builder_i64(b, 1, -i, err));
    TN_TRY(tn_builder_u64(b, 3, (uint64_t)i % 256, err));
    TN_TRY(tn_builder_f64(b, 4, i / 2.0, err));
    return tn_builder_end(b, err);
}

static void check_rows(const struct tn_batch *batch, int from)
{
    for (int64_t row = 0; row < batch->rows; row++) {
        int  i = from + (int)row;
        char text[16];

        snprintf(text, sizeof text, "row %d", i);
        CU_ASSERT_EQUAL(is_null(batch, 2, row), i % 3 == 0);
        CU_ASSERT_EQUAL(is_null(batch, 0, row), i % 3 == 0);
        CU_ASSERT_TRUE(tn_str_eq_c(text_of(batch, 2, row), i % 3 == 0 ? "" : text));
        if (i % 3 != 0)
            CU_ASSERT_EQUAL(tn_bit_get(batch->columns[0]->buffers[1], row), i % 2 == 0);
        CU_ASSERT_EQUAL(((const int32_t *)batch->columns[1]->buffers[1])[row], -i);
        CU_ASSERT_EQUAL(((const uint8_t *)batch->columns[3]->buffers[1])[row], i % 256);
        CU_ASSERT_EQUAL(((const double *)batch->columns[4]->buffers[1])[row], i / 2.0);
        CU_ASSERT_TRUE(is_null(batch, 5, row) && is_null(batch, 6, row));
    }
}

static void many_rows(void)
{
    struct tn_builder *b = new_builder(1 << 20);
    struct tn_batch    batch;

    for (int i = 0; i < 1000; i++)
        CU_ASSERT_EQUAL(add_row(b, i, NULL), TN_OK);
    CU_ASSERT_EQUAL(tn_builder_rows(b), 1000);
    CU_ASSERT_TRUE(tn_builder_bytes_used(b) > 13000);
    CU_ASSERT_EQUAL(tn_builder_finish(b, &batch, NULL), TN_OK);
    CU_ASSERT_EQUAL(batch.rows, 1000);
    CU_ASSERT_EQUAL(batch.columns[2]->null_count, 334);
    CU_ASSERT_EQUAL(batch.columns[1]->null_count, 0);
    CU_ASSERT_PTR_NULL(batch.columns[1]->buffers[0]);
    CU_ASSERT_PTR_EQUAL(batch.schema, &schema);
    check_rows(&batch, 0);
    CU_ASSERT_EQUAL(tn_builder_rows(b), 0);
    CU_ASSERT_EQUAL(add_row(b, 5, NULL), TN_OK); /* the builder goes on, the batch is on its own */
    tn_builder_free(b);
    check_rows(&batch, 0);
    tn_batch_release(&batch);
    tn_batch_release(&batch);
}

static void empty_batch(void)
{
    struct tn_builder *b = new_builder(100);
    struct tn_batch    batch;

    CU_ASSERT_EQUAL(tn_builder_finish(b, &batch, NULL), TN_OK);
    CU_ASSERT_EQUAL(batch.rows, 0);
    CU_ASSERT_EQUAL(((const int32_t *)batch.columns[2]->buffers[1])[0], 0);
    tn_batch_release(&batch);
    tn_builder_free(b);
}

static void no_columns(void)
{
    struct tn_schema   none = {0, NULL};
    struct tn_builder *b;
    struct tn_batch    batch;

    CU_ASSERT_EQUAL_FATAL(tn_builder_new(&b, &none, 100, NULL), TN_OK);
    for (int i = 0; i < 3; i++) {
        tn_builder_begin(b);
        CU_ASSERT_EQUAL(tn_builder_end(b, NULL), TN_OK);
    }
    CU_ASSERT_EQUAL(tn_builder_finish(b, &batch, NULL), TN_OK);
    CU_ASSERT_EQUAL(batch.rows, 3);
    tn_batch_release(&batch);
    tn_builder_free(b);
}

/* A row that does not fit: finish, then the same row again. */
static void full(void)
{
    struct tn_builder *b = new_builder(200);
    struct tn_batch    batch;
    int                from = 0;
    unsigned           batches = 0;

    for (int i = 0; i < 300; i++) {
        enum tn_status status = add_row(b, i, NULL);

        if (status == TN_AGAIN) {
            CU_ASSERT_EQUAL(tn_builder_finish(b, &batch, NULL), TN_OK);
            CU_ASSERT_TRUE(batch.rows > 5);
            check_rows(&batch, from);
            from += (int)batch.rows;
            tn_batch_release(&batch);
            batches++;
            status = add_row(b, i, NULL);
        }
        CU_ASSERT_EQUAL(status, TN_OK);
        CU_ASSERT_TRUE(tn_builder_bytes_used(b) <= 200);
    }
    CU_ASSERT_TRUE(batches > 20);
    tn_builder_free(b);
}

static void too_large(void)
{
    struct tn_builder *b = new_builder(20);
    struct tn_error    err = TN_ERROR_INIT;
    struct tn_batch    batch;

    tn_builder_begin(b);
    CU_ASSERT_EQUAL(tn_builder_bytes(b, 2, TN_STR("this text has more than twenty bytes"), &err), TN_E_LIMIT);
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "54000");
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "\"t\""));
    tn_builder_begin(b);
    CU_ASSERT_EQUAL(tn_builder_bytes(b, 2, tn_str_n("x", (size_t)INT32_MAX + 1), &err), TN_E_LIMIT);
    tn_builder_begin(b);
    CU_ASSERT_EQUAL(tn_builder_bytes(b, 2, TN_STR("exactly twenty bytes"), &err), TN_OK);
    CU_ASSERT_EQUAL(tn_builder_end(b, &err), TN_OK);
    CU_ASSERT_EQUAL(tn_builder_finish(b, &batch, NULL), TN_OK);
    CU_ASSERT_TRUE(tn_str_eq_c(text_of(&batch, 2, 0), "exactly twenty bytes"));
    tn_batch_release(&batch);
    tn_error_reset(&err);
    tn_builder_free(b);
}

static void ranges_and_types(void)
{
    struct tn_builder *b = new_builder(1000);
    struct tn_error    err = TN_ERROR_INIT;

    tn_builder_begin(b);
    CU_ASSERT_EQUAL(tn_builder_i64(b, 1, INT64_C(2147483648), &err), TN_E_INVALID);
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "22003");
    CU_ASSERT_EQUAL(tn_builder_i64(b, 1, INT64_C(-2147483649), &err), TN_E_INVALID);
    CU_ASSERT_EQUAL(tn_builder_u64(b, 3, 256, &err), TN_E_INVALID);
    CU_ASSERT_EQUAL(tn_builder_i64(b, 3, -1, &err), TN_E_INVALID);
    CU_ASSERT_EQUAL(tn_builder_u64(b, 1, UINT64_MAX, &err), TN_E_INVALID);
    CU_ASSERT_EQUAL(tn_builder_i64(b, 2, 1, &err), TN_E_INTERNAL);
    CU_ASSERT_EQUAL(tn_builder_bool(b, 1, true, &err), TN_E_INTERNAL);
    CU_ASSERT_EQUAL(tn_builder_bytes(b, 0, TN_STR("x"), &err), TN_E_INTERNAL);
    CU_ASSERT_EQUAL(tn_builder_f64(b, 1, 1, &err), TN_E_INTERNAL);
    CU_ASSERT_EQUAL(tn_builder_raw(b, 2, "x", &err), TN_E_INTERNAL);
    CU_ASSERT_EQUAL(tn_builder_i64(b, 99, 1, &err), TN_E_INTERNAL);
    CU_ASSERT_EQUAL(tn_builder_null(b, 99, &err), TN_E_INTERNAL);
    CU_ASSERT_EQUAL(tn_builder_i64(b, 1, INT32_MIN, &err), TN_OK);
    CU_ASSERT_EQUAL(tn_builder_i64(b, 1, 1, &err), TN_E_INTERNAL); /* set twice */
    CU_ASSERT_EQUAL(tn_builder_i64(b, 3, 255, &err), TN_OK);
    CU_ASSERT_EQUAL(tn_builder_end(b, &err), TN_OK);
    tn_error_reset(&err);
    tn_builder_free(b);
}

static void values(void)
{
    struct tn_builder    *b = new_builder(1000);
    const struct tn_value timetz = {.type = TN_TYPE_TIMETZ, .as.timetz = {5, -3600}}, null = {.type = TN_TYPE_NULL},
                          list = {.type = TN_TYPE_TEXT, .is_list = true}, text = {.type = TN_TYPE_TEXT, .as.text = TN_STR("v")};
    struct tn_batch       batch;
    int32_t               east_s;

    tn_builder_begin(b);
    CU_ASSERT_EQUAL(tn_builder_value(b, 6, &timetz, NULL), TN_OK);
    CU_ASSERT_EQUAL(tn_builder_value(b, 2, &list, NULL), TN_E_INTERNAL);
    CU_ASSERT_EQUAL(tn_builder_value(b, 2, &text, NULL), TN_OK);
    CU_ASSERT_EQUAL(tn_builder_value(b, 0, &null, NULL), TN_OK);
    CU_ASSERT_EQUAL(tn_builder_value(b, 1, &text, NULL), TN_E_INTERNAL);
    CU_ASSERT_EQUAL(tn_builder_end(b, NULL), TN_OK);
    CU_ASSERT_EQUAL(tn_builder_finish(b, &batch, NULL), TN_OK);
    memcpy(&east_s, (const char *)batch.columns[6]->buffers[1] + 8, 4);
    CU_ASSERT_EQUAL(east_s, -3600);
    CU_ASSERT_TRUE(tn_str_eq_c(text_of(&batch, 2, 0), "v"));
    CU_ASSERT_TRUE(is_null(&batch, 0, 0));
    tn_batch_release(&batch);
    tn_builder_free(b);
}

/* A row begun and left leaves no trace, nulls and text included. */
static void dropped_row(void)
{
    struct tn_builder *b = new_builder(1000);
    struct tn_batch    batch;

    for (int i = 0; i < 20; i++) {
        tn_builder_begin(b);
        CU_ASSERT_EQUAL(tn_builder_bytes(b, 2, TN_STR("gone"), NULL), TN_OK);
        CU_ASSERT_EQUAL(tn_builder_null(b, 1, NULL), TN_OK);
        CU_ASSERT_EQUAL(add_row(b, i, NULL), TN_OK);
    }
    tn_builder_begin(b);
    CU_ASSERT_EQUAL(tn_builder_bytes(b, 2, TN_STR("gone"), NULL), TN_OK);
    CU_ASSERT_EQUAL(tn_builder_finish(b, &batch, NULL), TN_OK);
    CU_ASSERT_EQUAL(batch.rows, 20);
    CU_ASSERT_EQUAL(batch.columns[1]->null_count, 0);
    check_rows(&batch, 0);
    tn_batch_release(&batch);
    tn_builder_free(b);
}

/* A consumer may take a column out of the batch. */
static void moved_column(void)
{
    struct tn_builder *b = new_builder(1000);
    struct tn_batch    batch;
    struct ArrowArray  taken;

    CU_ASSERT_EQUAL(add_row(b, 1, NULL), TN_OK);
    CU_ASSERT_EQUAL(tn_builder_finish(b, &batch, NULL), TN_OK);
    tn_builder_free(b);
    taken = *batch.columns[1];
    batch.columns[1]->release = NULL;
    tn_batch_release(&batch);
    CU_ASSERT_EQUAL(((const int32_t *)taken.buffers[1])[0], -1);
    taken.release(&taken);
    CU_ASSERT_PTR_NULL(taken.release);
}

/* Allocation N fails: the rows before it are there, and the row works when done again. */
static void no_memory(void)
{
    for (size_t n = 0; n < 60; n++) {
        struct tn_builder *b = NULL;
        struct tn_batch    batch = {.rows = 0};
        enum tn_status     status;

        tn_alloc_fail_after(n);
        status = tn_builder_new(&b, &schema, 1 << 20, NULL);
        tn_alloc_fail_never();
        if (status != TN_OK)
            continue;
        for (int i = 0; i < 200; i++) {
            if (i == 70)
                tn_alloc_fail_after(n / 2);
            status = add_row(b, i, NULL);
            tn_alloc_fail_never();
            CU_ASSERT_TRUE(status == TN_OK || status == TN_E_NOMEM);
            if (status != TN_OK)
                CU_ASSERT_EQUAL(add_row(b, i, NULL), TN_OK);
        }
        tn_alloc_fail_after(n / 3);
        status = tn_builder_finish(b, &batch, NULL);
        tn_alloc_fail_never();
        if (status != TN_OK)
            CU_ASSERT_EQUAL(tn_builder_finish(b, &batch, NULL), TN_OK);
        CU_ASSERT_EQUAL(batch.rows, 200);
        check_rows(&batch, 0);
        tn_batch_release(&batch);
        tn_builder_free(b);
    }
    tn_builder_free(NULL);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failed;

    CU_initialize_registry();
    suite = CU_add_suite("builder", NULL, NULL);
    CU_add_test(suite, "many rows", many_rows);
    CU_add_test(suite, "empty batch", empty_batch);
    CU_add_test(suite, "no columns", no_columns);
    CU_add_test(suite, "full", full);
    CU_add_test(suite, "too large", too_large);
    CU_add_test(suite, "ranges and types", ranges_and_types);
    CU_add_test(suite, "values", values);
    CU_add_test(suite, "dropped row", dropped_row);
    CU_add_test(suite, "moved column", moved_column);
    CU_add_test(suite, "no memory", no_memory);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed > 0 ? 1 : 0;
}

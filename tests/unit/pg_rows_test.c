/* Whole batches to DataRow messages: shapes, formats, limits and memory. */
#include "base/alloc.h"
#include "pg_rows.h"
#include "result/builder.h"

static void zero_columns(void)
{
    struct tn_schema schema = {0, NULL};
    struct tn_batch  batch = {.schema = &schema, .rows = 3};
    struct tn_buf    out;

    tn_buf_init(&out, BUF_MAX);
    CU_ASSERT_EQUAL(encode(&batch, &style, 0, &out, NULL), TN_OK);
    CU_ASSERT_EQUAL(out.len, 21);
    CU_ASSERT_EQUAL(memcmp(out.data, "D\0\0\0\6\0\0D\0\0\0\6\0\0D\0\0\0\6\0\0", 21), 0);
    tn_buf_reset(&out);
}

static void nulls_and_offset(void)
{
    const int32_t  values[6] = {0, 1, 2, 3, 4, 5};
    const uint8_t  valid = 0x2d; /* 1 0 1 1 0 1 from the lowest bit */
    const uint8_t  bools = 0x04;
    struct one     one;
    struct tn_buf  out;
    struct tn_str  bytes;
    struct row     row;

    one_init(&one, TN_TYPE_INT32, 3, values, NULL);
    one.array.offset = 2;
    one.array.null_count = -1;
    one.buffers[0] = &valid;
    tn_buf_init(&out, BUF_MAX);
    CU_ASSERT_EQUAL(encode(&one.batch, &style, 0, &out, NULL), TN_OK);
    bytes = tn_buf_str(&out);
    row = take_row(&bytes);
    CU_ASSERT_TRUE(tn_str_eq_c(take_value(&row), "2"));
    row = take_row(&bytes);
    CU_ASSERT_TRUE(tn_str_eq_c(take_value(&row), "3"));
    row = take_row(&bytes);
    CU_ASSERT_PTR_NULL(take_value(&row).ptr);
    tn_buf_reset(&out);
    one_init(&one, TN_TYPE_BOOL, 1, &bools, NULL);
    one.array.offset = 2;
    expect_one(&one, 0, TN_STR("t"));
    one.array.offset = 1;
    expect_one(&one, 0, TN_STR("f"));
    one_init(&one, TN_TYPE_NULL, 1, NULL, NULL);
    one.array.n_buffers = 0;
    expect_one(&one, 0, tn_str_n(NULL, 0));
    expect_one(&one, 1, tn_str_n(NULL, 0));
}

/* A batch in pieces of any size is the same bytes as in one: nulls, an offset, a text that is not UTF-8 in some of them. */
static void pieces(void)
{
    enum { ROWS = 301 };
    static char          text[ROWS * 4 + 8];
    static int32_t       offsets[ROWS + 3];
    static uint8_t       valid[(ROWS + 2 + 7) / 8];
    const int16_t        format = 0;
    struct one           one;
    struct tn_pg_encoder encoder;
    struct tn_buf        whole, cut;

    for (int32_t i = 0; i <= ROWS + 2; i++)
        offsets[i] = i < 2 ? 0 : (i - 2) * 4;
    for (int i = 0; i < ROWS; i++)
        memcpy(text + i * 4, i == 77 ? "a\xff\0b" : i % 50 == 3 ? "\xc3\xa4oe" : "abcd", 4);
    for (int64_t i = 0; i < ROWS + 2; i++)
        if (i % 7 != 5)
            tn_bit_set(valid, i);
    one_init(&one, TN_TYPE_TEXT, ROWS, offsets, text);
    one.array.offset = 2;
    one.array.null_count = -1;
    one.buffers[0] = valid;
    tn_buf_init(&whole, BUF_MAX);
    CU_ASSERT_EQUAL(encode(&one.batch, &style, 0, &whole, NULL), TN_OK);
    tn_pg_encoder_init(&encoder, &style, &format, 1);
    for (size_t target = 1; target <= whole.len + 20; target += target < 40 ? 1 : 97) {
        int64_t row = 0;

        tn_buf_init(&cut, BUF_MAX);
        while (row < ROWS) {
            int64_t before = row;
            size_t  len = cut.len;

            CU_ASSERT_EQUAL_FATAL(encoder.base.ops->batch(&encoder.base, &one.batch, &row, len + target, &cut, NULL), TN_OK);
            CU_ASSERT_FATAL(row > before && row <= ROWS);
            CU_ASSERT(cut.len - len < target + 11 + 3 * 4);
            CU_ASSERT(row == ROWS || cut.len >= len + target || cut.len - len >= target / 2);
        }
        CU_ASSERT(cut.len == whole.len && memcmp(cut.data, whole.data, whole.len) == 0);
        tn_buf_reset(&cut);
    }
    tn_buf_reset(&whole);
}

static void formats_rule(void)
{
    const int16_t each[3] = {1, 0, 1};

    CU_ASSERT_EQUAL(tn_pg_format_of(NULL, 0, 5), 0);
    CU_ASSERT_EQUAL(tn_pg_format_of(each, 1, 5), 1);
    CU_ASSERT_EQUAL(tn_pg_format_of(each, 3, 0), 1);
    CU_ASSERT_EQUAL(tn_pg_format_of(each, 3, 1), 0);
    CU_ASSERT_EQUAL(tn_pg_format_of(each, 3, 7), 0);
}

/* More columns than the stack has room for, half of them of variable length, formats one each. */
static void many_columns(void)
{
    enum { COUNT = 100 };
    struct tn_column     columns[COUNT];
    int16_t              formats[COUNT];
    struct tn_schema     schema = {COUNT, columns};
    struct tn_pg_encoder encoder;
    struct tn_builder   *b;
    struct tn_batch      batch;
    struct tn_buf        out;
    struct tn_str        bytes;
    struct row           row;
    int64_t              at = 0;

    for (size_t i = 0; i < COUNT; i++) {
        columns[i] = (struct tn_column){.name = TN_STR("c"), .type = i % 2 == 0 ? TN_TYPE_TEXT : TN_TYPE_INT32};
        tn_column_set_pg(&columns[i]);
        formats[i] = (int16_t)(i % 4 / 2);
    }
    CU_ASSERT_EQUAL_FATAL(tn_builder_new(&b, &schema, BUF_MAX, NULL), TN_OK);
    for (size_t i = 0; i < COUNT; i++)
        CU_ASSERT_EQUAL(i % 2 == 0 ? tn_builder_bytes(b, i, TN_STR("text"), NULL) : tn_builder_i64(b, i, 7, NULL), TN_OK);
    CU_ASSERT_EQUAL(tn_builder_end(b, NULL), TN_OK);
    CU_ASSERT_EQUAL(tn_builder_finish(b, &batch, NULL), TN_OK);
    tn_buf_init(&out, BUF_MAX);
    tn_pg_encoder_init(&encoder, &style, formats, COUNT);
    CU_ASSERT_EQUAL(encoder.base.ops->batch(&encoder.base, &batch, &at, SIZE_MAX, &out, NULL), TN_OK);
    CU_ASSERT_EQUAL(at, 1);
    at = 0;
    tn_alloc_fail_after(0);
    CU_ASSERT_EQUAL(encoder.base.ops->batch(&encoder.base, &batch, &at, SIZE_MAX, &out, NULL), TN_E_NOMEM);
    tn_alloc_fail_never();
    bytes = tn_buf_str(&out);
    row = take_row(&bytes);
    CU_ASSERT_EQUAL(row.columns, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        CU_ASSERT_TRUE(tn_str_eq(take_value(&row), i % 2 == 0  ? TN_STR("text")
                                                   : i % 4 == 1 ? TN_STR("7")
                                                                : TN_STR("\0\0\0\7")));
    CU_ASSERT_EQUAL(bytes.len + row.rest.len, 0);
    tn_buf_reset(&out);
    tn_batch_release(&batch);
    tn_builder_free(b);
}

static void buffer_too_small(void)
{
    int64_t         values[3] = {1, 2, 3};
    struct one      one;
    struct tn_buf   out;
    struct tn_error err = TN_ERROR_INIT;

    one_init(&one, TN_TYPE_INT64, 3, values, NULL);
    tn_buf_init(&out, 50); /* a row needs up to 32 */
    CU_ASSERT_EQUAL(encode(&one.batch, &style, 0, &out, &err), TN_E_LIMIT);
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "54000");
    CU_ASSERT_EQUAL(out.len, 24); /* whole rows only */
    tn_error_reset(&err);
    tn_buf_reset(&out);
}

static void broken_batches(void)
{
    struct one      one;
    struct tn_buf   out;
    struct tn_error err = TN_ERROR_INIT;

    tn_buf_init(&out, BUF_MAX);
    one_init(&one, TN_TYPE_INT64, 1, NULL, NULL);
    CU_ASSERT_EQUAL(encode(&one.batch, &style, 0, &out, &err), TN_E_INTERNAL);
    one_init(&one, TN_TYPE_TEXT, 1, &one, NULL);
    one.array.n_buffers = 2;
    CU_ASSERT_EQUAL(encode(&one.batch, &style, 0, &out, &err), TN_E_INTERNAL);
    one_init(&one, TN_TYPE_INT64, 1, &one, NULL);
    one.array.length = 0;
    CU_ASSERT_EQUAL(encode(&one.batch, &style, 0, &out, &err), TN_E_INTERNAL);
    tn_error_reset(&err);
    tn_buf_reset(&out);
}

/* Every allocation fails once: an error, and nothing lost. */
static void no_memory(void)
{
    int64_t         values[2] = {7, 8};
    struct one      one;
    struct tn_buf   out;
    struct tn_error err = TN_ERROR_INIT;
    enum tn_status  status = TN_E_NOMEM;

    one_init(&one, TN_TYPE_INT64, 2, values, NULL);
    one.column.pg_oid = TN_PG_NUMERIC; /* through a stage */
    for (size_t n = 0; status != TN_OK && n < 100; n++) {
        tn_buf_init(&out, BUF_MAX);
        tn_alloc_fail_after(n);
        status = encode(&one.batch, &style, 1, &out, &err);
        tn_alloc_fail_never();
        if (status != TN_OK)
            CU_ASSERT_EQUAL(status, TN_E_NOMEM);
        tn_buf_reset(&out);
        tn_error_reset(&err);
    }
    CU_ASSERT_EQUAL(status, TN_OK);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failed;

    CU_initialize_registry();
    suite = CU_add_suite("pg_rows", NULL, NULL);
    CU_add_test(suite, "zero columns", zero_columns);
    CU_add_test(suite, "nulls and offset", nulls_and_offset);
    CU_add_test(suite, "batches in pieces", pieces);
    CU_add_test(suite, "formats rule", formats_rule);
    CU_add_test(suite, "many columns", many_columns);
    CU_add_test(suite, "buffer too small", buffer_too_small);
    CU_add_test(suite, "broken batches", broken_batches);
    CU_add_test(suite, "no memory", no_memory);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed > 0 ? 1 : 0;
}

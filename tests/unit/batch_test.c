/* Batches, schemas and the table of types. */
#include "result/batch.h"

#include "base/alloc.h"
#include "result/encoder.h"

#include <CUnit/Basic.h>

static void types(void)
{
    CU_ASSERT_STRING_EQUAL(tn_type_name(TN_TYPE_INT64), "bigint");
    CU_ASSERT_STRING_EQUAL(tn_type_name(TN_TYPE_COUNT), "?");
    CU_ASSERT_EQUAL(tn_type_size(TN_TYPE_INT64), 8);
    CU_ASSERT_EQUAL(tn_type_size(TN_TYPE_BOOL), 0);
    CU_ASSERT_EQUAL(tn_type_size(TN_TYPE_TIMETZ), 12);
    CU_ASSERT_EQUAL(tn_type_size(TN_TYPE_COUNT), 0);
    CU_ASSERT_TRUE(tn_type_is_text(TN_TYPE_NUMERIC));
    CU_ASSERT_TRUE(tn_type_is_text(TN_TYPE_BYTES));
    CU_ASSERT_FALSE(tn_type_is_text(TN_TYPE_UUID));
    CU_ASSERT_FALSE(tn_type_is_text(TN_TYPE_NULL));
}

static void announced_types(void)
{
    static const struct {
        enum tn_type type;
        uint32_t     oid;
        int16_t      len;
    } want[] = {
        {TN_TYPE_NULL, 25, -1},         {TN_TYPE_BOOL, 16, 1},       {TN_TYPE_INT8, 21, 2},       {TN_TYPE_INT16, 21, 2},
        {TN_TYPE_INT32, 23, 4},         {TN_TYPE_INT64, 20, 8},      {TN_TYPE_UINT8, 21, 2},      {TN_TYPE_UINT16, 23, 4},
        {TN_TYPE_UINT32, 20, 8},        {TN_TYPE_UINT64, 1700, -1},  {TN_TYPE_FLOAT32, 700, 4},   {TN_TYPE_FLOAT64, 701, 8},
        {TN_TYPE_DECIMAL64, 1700, -1},  {TN_TYPE_NUMERIC, 1700, -1}, {TN_TYPE_TEXT, 25, -1},      {TN_TYPE_JSON, 114, -1},
        {TN_TYPE_BYTES, 17, -1},        {TN_TYPE_DATE, 1082, 4},     {TN_TYPE_TIME, 1083, 8},     {TN_TYPE_TIMETZ, 1266, 12},
        {TN_TYPE_TIMESTAMP, 1114, 8},   {TN_TYPE_TIMESTAMPTZ, 1184, 8}, {TN_TYPE_INTERVAL, 1186, 16}, {TN_TYPE_UUID, 2950, 16},
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(want); i++) {
        struct tn_column column = {.type = want[i].type};

        tn_column_set_pg(&column);
        CU_ASSERT_EQUAL(column.pg_oid, want[i].oid);
        CU_ASSERT_EQUAL(column.pg_len, want[i].len);
    }
}

static void schema_copy(void)
{
    char              name[] = "first";
    struct tn_column  columns[2] = {{.name = {name, 5}, .type = TN_TYPE_INT32, .pg_table = 7}, {.name = {NULL, 0}, .type = TN_TYPE_TEXT}};
    struct tn_schema  schema = {2, columns}, empty = {0, NULL}, *copy;
    struct tn_arena   arena;

    tn_arena_init(&arena, 0);
    copy = tn_schema_copy(&schema, &arena);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    name[0] = 'X';
    CU_ASSERT_TRUE(tn_str_eq_c(copy->columns[0].name, "first"));
    CU_ASSERT_EQUAL(copy->columns[0].pg_table, 7);
    CU_ASSERT_EQUAL(copy->columns[1].name.len, 0);
    copy = tn_schema_copy(&empty, &arena);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    CU_ASSERT_EQUAL(copy->count, 0);
    tn_arena_reset(&arena);
}

static void schema_copy_no_memory(void)
{
    struct tn_column columns[1] = {{.name = TN_STR("a")}};
    struct tn_schema schema = {1, columns};
    struct tn_arena  arena;

    tn_arena_init(&arena, 0);
    tn_alloc_fail_after(0);
    CU_ASSERT_PTR_NULL(tn_schema_copy(&schema, &arena));
    tn_alloc_fail_never();
    tn_arena_reset(&arena);
}

static unsigned released;

static void count_release(struct tn_batch *batch)
{
    (void)batch;
    released++;
}

static void release(void)
{
    struct tn_batch batch = {.release = count_release};

    tn_batch_release(NULL);
    tn_batch_release(&batch);
    tn_batch_release(&batch);
    CU_ASSERT_EQUAL(released, 1);
    CU_ASSERT_PTR_NULL(batch.release);
}

static void bits(void)
{
    uint8_t set[3] = {0};

    tn_bit_set(set, 0);
    tn_bit_set(set, 9);
    tn_bit_set(set, 23);
    for (int64_t i = 0; i < 24; i++)
        CU_ASSERT_EQUAL(tn_bit_get(set, i), i == 0 || i == 9 || i == 23);
}

static void chunks(void)
{
    struct tn_chunk *chunk = tn_chunk_new(10);

    CU_ASSERT_PTR_NOT_NULL_FATAL(chunk);
    tn_buf_puts(&chunk->bytes, "0123456789");
    CU_ASSERT_FALSE(chunk->bytes.failed);
    tn_buf_puts(&chunk->bytes, "x");
    CU_ASSERT_TRUE(chunk->bytes.failed);
    tn_chunk_free(chunk);
    tn_chunk_free(NULL);
    tn_alloc_fail_after(0);
    CU_ASSERT_PTR_NULL(tn_chunk_new(10));
    tn_alloc_fail_never();
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failed;

    CU_initialize_registry();
    suite = CU_add_suite("batch", NULL, NULL);
    CU_add_test(suite, "types", types);
    CU_add_test(suite, "announced types", announced_types);
    CU_add_test(suite, "schema copy", schema_copy);
    CU_add_test(suite, "schema copy, no memory", schema_copy_no_memory);
    CU_add_test(suite, "release", release);
    CU_add_test(suite, "bits", bits);
    CU_add_test(suite, "chunks", chunks);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed > 0 ? 1 : 0;
}

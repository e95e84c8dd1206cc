/* The types table, and every case of tests/golden/pg_types.cases (answers of a PostgreSQL 15 server) in both directions. */
#include "frontend/pgwire/pg_convert.h"
#include "frontend/pgwire/pg_value.h"
#include "pg_golden.h"

/* BYTES in FORMAT decode, and encode to exactly the server's text and binary form. */
static void check_both(const struct golden *c, int16_t format, struct tn_str bytes, struct tn_str binary, const char *what)
{
    struct tn_arena arena;
    struct tn_buf   out;
    struct tn_value value;
    struct tn_error err = TN_ERROR_INIT;

    tn_arena_init(&arena, 0);
    tn_buf_init(&out, 1 << 22);
    if (tn_pg_value_decode(c->oid, format, bytes, &c->style, &arena, &value, &err) != TN_OK) {
        show(c, what, tn_str(err.message));
    } else {
        if (tn_pg_value_encode(&value, c->oid, 0, &c->style, &out, &err) != TN_OK)
            show(c, what, tn_str(err.message));
        else if (!tn_str_eq(tn_buf_str(&out), c->output))
            show(c, what, tn_buf_str(&out));
        tn_buf_clear(&out);
        if (tn_pg_value_encode(&value, c->oid, 1, &c->style, &out, &err) != TN_OK)
            show(c, what, tn_str(err.message));
        else if (!tn_str_eq(tn_buf_str(&out), binary))
            show(c, what, TN_STR("(another binary form)"));
    }
    tn_error_reset(&err);
    tn_buf_reset(&out);
    tn_arena_reset(&arena);
}

/* The server refused; so must we. */
static void check_refused(const struct golden *c)
{
    struct tn_arena arena;
    struct tn_value value;
    struct tn_error err = TN_ERROR_INIT;

    tn_arena_init(&arena, 0);
    if (tn_pg_value_decode(c->oid, 0, c->input, &c->style, &arena, &value, &err) == TN_OK)
        show(c, "accepted", TN_STR(""));
    else if (memcmp(err.sqlstate, "22", 2) != 0 && strcmp(err.sqlstate, "0A000") != 0)
        show(c, "sqlstate", tn_str(err.sqlstate));
    tn_error_reset(&err);
    tn_arena_reset(&arena);
}

static void check_case(const struct golden *c)
{
    if (c->refused) {
        check_refused(c);
        return;
    }
    check_both(c, 0, c->input, c->binary, "text");
    if (c->style.extra_float_digits > 0) /* otherwise digits were lost */
        check_both(c, 0, c->output, c->binary, "own text");
    check_both(c, 1, c->binary, c->binary, "binary");
}

static void golden_cases(void)
{
    for_each_golden(check_case);
}

/* result/batch.c has the other half of the table. */
static void columns_agree(void)
{
    for (int t = 0; t < TN_TYPE_COUNT; t++) {
        struct tn_column         column = {.type = (enum tn_type)t, .precision = 15, .scale = 2};
        const struct tn_pg_type *type;

        tn_column_set_pg(&column);
        type = tn_pg_type_find(column.pg_oid);
        CU_ASSERT_PTR_NOT_NULL_FATAL(type);
        CU_ASSERT_EQUAL(type->len, column.pg_len);
    }
}

static void typmods(void)
{
    struct tn_column column = {.type = TN_TYPE_DECIMAL64, .precision = 15, .scale = 2};

    tn_column_set_pg(&column);
    CU_ASSERT_EQUAL(column.pg_typmod, ((15 << 16) | 2) + 4);
    column = (struct tn_column){.type = TN_TYPE_DECIMAL128, .precision = 39};
    tn_column_set_pg(&column);
    CU_ASSERT_EQUAL(column.pg_typmod, -1);
    column = (struct tn_column){.type = TN_TYPE_UINT64};
    tn_column_set_pg(&column);
    CU_ASSERT_EQUAL(column.pg_oid, 1700);
    CU_ASSERT_EQUAL(column.pg_typmod, (20 << 16) + 4);
    column = (struct tn_column){.type = TN_TYPE_TEXT};
    tn_column_set_pg(&column);
    CU_ASSERT_EQUAL(column.pg_typmod, -1);
    CU_ASSERT_EQUAL(column.pg_oid, TN_PG_TEXT);
}

static void table(void)
{
    CU_ASSERT_TRUE(tn_pg_type_known(TN_PG_INT4));
    CU_ASSERT_TRUE(tn_pg_type_known(1007));
    CU_ASSERT_FALSE(tn_pg_type_known(0));
    CU_ASSERT_FALSE(tn_pg_type_known(600));
    CU_ASSERT_EQUAL(tn_pg_type_element(1231)->oid, TN_PG_NUMERIC);
    CU_ASSERT_PTR_NULL(tn_pg_type_element(0));
    CU_ASSERT_PTR_NULL(tn_pg_type_find(1007));
    CU_ASSERT_TRUE(tn_pg_type_is_text(TN_PG_VARCHAR));
    CU_ASSERT_FALSE(tn_pg_type_is_text(TN_PG_JSONB));
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failed;

    CU_initialize_registry();
    suite = CU_add_suite("pg_types", NULL, NULL);
    CU_add_test(suite, "golden cases", golden_cases);
    CU_add_test(suite, "columns agree", columns_agree);
    CU_add_test(suite, "typmods", typmods);
    CU_add_test(suite, "table", table);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed > 0 ? 1 : 0;
}

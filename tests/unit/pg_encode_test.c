/* Batches to DataRow messages: the golden cases through batches, and what PostgreSQL has no case for. */
#include "frontend/pgwire/pg_column.h"
#include "frontend/pgwire/pg_decimal.h"
#include "frontend/pgwire/pg_value.h"
#include "pg_golden.h"
#include "pg_rows.h"
#include "result/builder.h"

#include <math.h>

/* ---- the golden cases ---- */

static void check_encoded(const struct golden *c, const struct tn_batch *batch, int16_t format, struct tn_str want)
{
    struct tn_buf   out;
    struct tn_error err = TN_ERROR_INIT;
    struct tn_str   bytes, got;
    struct row      row;

    tn_buf_init(&out, BUF_MAX);
    if (encode(batch, &c->style, format, &out, &err) != TN_OK) {
        show(c, "encode", tn_str(err.message));
    } else {
        bytes = tn_buf_str(&out);
        row = take_row(&bytes);
        got = take_value(&row);
        if (!tn_str_eq(got, want))
            show(c, format == 0 ? "text" : "binary", got);
        CU_ASSERT_EQUAL(bytes.len + row.rest.len, 0);
    }
    tn_error_reset(&err);
    tn_buf_reset(&out);
}

static void check_case(const struct golden *c)
{
    struct tn_arena    arena;
    struct tn_value    value;
    struct tn_builder *b;
    struct tn_batch    batch;
    struct tn_column   column = {.name = TN_STR("c")};
    struct tn_schema   schema = {1, &column};

    if (c->refused || c->name.ptr[0] == '_')
        return;
    tn_arena_init(&arena, 0);
    CU_ASSERT_EQUAL_FATAL(tn_pg_value_decode(c->oid, 1, c->binary, &c->style, &arena, &value, NULL), TN_OK);
    column.type = value.type;
    tn_column_set_pg(&column);
    column.pg_oid = c->oid;
    CU_ASSERT_EQUAL_FATAL(tn_builder_new(&b, &schema, BUF_MAX, NULL), TN_OK);
    CU_ASSERT_EQUAL(tn_builder_value(b, 0, &value, NULL), TN_OK);
    CU_ASSERT_EQUAL(tn_builder_end(b, NULL), TN_OK);
    CU_ASSERT_EQUAL(tn_builder_finish(b, &batch, NULL), TN_OK);
    check_encoded(c, &batch, 0, c->output);
    if (c->style.extra_float_digits > 0)
        check_encoded(c, &batch, 1, c->binary);
    tn_batch_release(&batch);
    tn_builder_free(b);
    tn_arena_reset(&arena);
}

static void golden_cases(void)
{
    for_each_golden(check_case);
}

/* ---- integers and decimals ---- */

static void integers(void)
{
    VALUE_TEXT(INT8, int8_t, INT8_MIN, "-128");
    VALUE_TEXT(INT16, int16_t, INT16_MIN, "-32768");
    VALUE_TEXT(INT32, int32_t, INT32_MIN, "-2147483648");
    VALUE_TEXT(INT64, int64_t, INT64_MIN, "-9223372036854775808");
    VALUE_TEXT(INT64, int64_t, 0, "0");
    VALUE_TEXT(UINT8, uint8_t, 255, "255");
    VALUE_TEXT(UINT16, uint16_t, 65535, "65535");
    VALUE_TEXT(UINT32, uint32_t, UINT32_MAX, "4294967295");
    VALUE_TEXT(UINT64, uint64_t, UINT64_MAX, "18446744073709551615");
    for (uint64_t v = 1, i = 0; i < 20; i++, v *= 10) { /* each number of digits */
        char want[32];

        snprintf(want, sizeof want, "%llu", (unsigned long long)v);
        VALUE_TEXT(UINT64, uint64_t, v, want);
        snprintf(want, sizeof want, "%llu", (unsigned long long)(v - 1));
        VALUE_TEXT(UINT64, uint64_t, v - 1, want);
    }
}

static void integers_binary(void)
{
    int8_t     i8 = -2;
    uint8_t    u8 = 200;
    uint16_t   u16 = 65535;
    uint32_t   u32 = UINT32_MAX;
    uint64_t   u64 = UINT64_MAX;
    struct one one;

    one_init(&one, TN_TYPE_INT8, 1, &i8, NULL);
    expect_one(&one, 1, TN_STR("\xff\xfe"));
    one_init(&one, TN_TYPE_UINT8, 1, &u8, NULL);
    expect_one(&one, 1, TN_STR("\0\xc8"));
    one_init(&one, TN_TYPE_UINT16, 1, &u16, NULL);
    expect_one(&one, 1, TN_STR("\0\0\xff\xff"));
    one_init(&one, TN_TYPE_UINT32, 1, &u32, NULL);
    expect_one(&one, 1, TN_STR("\0\0\0\0\xff\xff\xff\xff"));
    one_init(&one, TN_TYPE_UINT64, 1, &u64, NULL); /* 1844 6744 0737 0955 1615 */
    expect_one(&one, 1, TN_STR("\0\5\0\4\0\0\0\0\x07\x34\x1a\x58\x02\xe1\x03\xbb\x06\x4f"));
}

/* Text of a 128-bit value with a scale, and its binary form read back. */
static void expect_decimal(tn_i128 value, int8_t scale, const char *text)
{
    struct one      one;
    struct tn_buf   out;
    struct tn_arena arena;
    struct tn_value back;
    struct tn_str   bytes;
    struct row      row;

    one_init(&one, TN_TYPE_DECIMAL128, 1, &value, NULL);
    one.column.scale = scale;
    expect_one(&one, 0, tn_str(text));
    tn_buf_init(&out, BUF_MAX);
    tn_arena_init(&arena, 0);
    CU_ASSERT_EQUAL(encode(&one.batch, &style, 1, &out, NULL), TN_OK);
    bytes = tn_buf_str(&out);
    row = take_row(&bytes);
    CU_ASSERT_EQUAL(tn_pg_value_decode(TN_PG_NUMERIC, 1, take_value(&row), &style, &arena, &back, NULL), TN_OK);
    CU_ASSERT_TRUE(tn_str_eq_c(back.as.text, text));
    tn_arena_reset(&arena);
    tn_buf_reset(&out);
}

static void decimals(void)
{
    const tn_i128 max = ((tn_i128)1 << 126) - 1 + ((tn_i128)1 << 126);
    char          zeros[200] = "0.";

    expect_decimal(0, 0, "0");
    expect_decimal(0, 2, "0.00");
    expect_decimal(1, 2, "0.01");
    expect_decimal(-1, 2, "-0.01");
    expect_decimal(-12345, 2, "-123.45");
    expect_decimal(100, 2, "1.00");
    expect_decimal(10000, 4, "1.0000");
    expect_decimal(5, -3, "5000");
    expect_decimal(0, -3, "0");
    expect_decimal(max, 0, "170141183460469231731687303715884105727");
    expect_decimal(-max - 1, 0, "-170141183460469231731687303715884105728");
    expect_decimal(max, 38, "1.70141183460469231731687303715884105727");
    expect_decimal(max, 39, "0.170141183460469231731687303715884105727");
    expect_decimal((tn_i128)UINT64_MAX + 1, 10, "1844674407.3709551616");
    expect_decimal((tn_i128)UINT64_MAX * 10000000000, 0, "184467440737095516150000000000");
    memset(zeros + 2, '0', 126);
    zeros[128] = '7';
    expect_decimal(7, 127, zeros);
    memset(zeros, '0', 130);
    zeros[0] = '7';
    zeros[129] = '\0';
    expect_decimal(7, -128, zeros);
}

static void small_decimals(void)
{
    int64_t    cents[2] = {-5, INT64_MIN};
    int32_t    narrow = -999999999;
    struct one one;

    one_init(&one, TN_TYPE_DECIMAL64, 1, cents, NULL);
    one.column.scale = 2;
    expect_one(&one, 0, TN_STR("-0.05"));
    one.buffers[1] = &cents[1];
    expect_one(&one, 0, TN_STR("-92233720368547758.08"));
    one.column.scale = 3;
    expect_one(&one, 0, TN_STR("-9223372036854775.808"));
    one_init(&one, TN_TYPE_DECIMAL32, 1, &narrow, NULL);
    one.column.scale = 9;
    expect_one(&one, 0, TN_STR("-0.999999999"));
}

/* 64 bits and 128 bits write the same, whatever the scale, and within the room that is reckoned for them. */
static void decimal_widths(void)
{
    static const int64_t values[] = {INT64_MIN, INT64_MAX, -1, 0, 1, 99, 10000, 1000000000000000000, -123456789012345678};

    for (int scale = -4; scale < 25; scale++)
        for (size_t i = 0; i < TN_ARRAY_LEN(values); i++) {
            tn_i128             wide = values[i];
            struct one          narrow, big;
            struct tn_pg_column column;
            struct tn_buf       out;
            char                text[TN_PG_DECIMAL_TEXT];
            size_t              len = (size_t)(tn_pg_put_decimal128(text, wide, scale) - text);

            one_init(&narrow, TN_TYPE_DECIMAL64, 1, &values[i], NULL);
            one_init(&big, TN_TYPE_DECIMAL128, 1, &wide, NULL);
            narrow.column.scale = big.column.scale = (int8_t)scale;
            expect_one(&narrow, 0, tn_str_n(text, len));
            expect_one(&big, 0, tn_str_n(text, len));
            CU_ASSERT_EQUAL(tn_pg_column_init(&column, &narrow.column, &narrow.array, (struct tn_pg_range){0, 1}, 0, &style, NULL), TN_OK);
            CU_ASSERT_TRUE(len <= column.room);
            tn_buf_init(&out, BUF_MAX);
            CU_ASSERT_EQUAL(encode(&big.batch, &style, 1, &out, NULL), TN_OK);
            expect_one(&narrow, 1, tn_str_n(out.data + 11, out.len - 11));
            CU_ASSERT_EQUAL(tn_pg_column_init(&column, &narrow.column, &narrow.array, (struct tn_pg_range){0, 1}, 1, &style, NULL), TN_OK);
            CU_ASSERT_TRUE(out.len - 11 <= column.room);
            tn_buf_reset(&out);
        }
}

static void floats(void)
{
    VALUE_TEXT(FLOAT64, double, -0.0, "-0");
    VALUE_TEXT(FLOAT64, double, (double)NAN, "NaN");
    VALUE_TEXT(FLOAT64, double, -(double)INFINITY, "-Infinity");
    VALUE_TEXT(FLOAT64, double, 1e15, "1e+15");
    VALUE_TEXT(FLOAT64, double, 5e-324, "5e-324");
    VALUE_TEXT(FLOAT32, float, -0.0f, "-0");
    VALUE_TEXT(FLOAT32, float, 1e6f, "1e+06");
    VALUE_TEXT(FLOAT32, float, 0.1f, "0.1");
    VALUE_TEXT(FLOAT32, float, (float)INFINITY, "Infinity");
}

static void out_of_range(void)
{
    VALUE_ERROR(DATE, int32_t, INT32_MAX - 1, "22003");
    VALUE_ERROR(DATE, int32_t, -2440589, "22003");
    VALUE_ERROR(TIMESTAMP, int64_t, INT64_C(-210866803200000001), "22003");
    VALUE_ERROR(TIMESTAMPTZ, int64_t, INT64_MIN + 2, "22003");
    VALUE_ERROR(TIME, int64_t, -1, "22003");
    VALUE_ERROR(TIME, int64_t, INT64_C(86400000001), "22003");
    VALUE_TEXT(DATE, int32_t, -2440588, "4714-11-24 BC");
    VALUE_TEXT(DATE, int32_t, INT32_MIN, "-infinity");
    VALUE_TEXT(TIMESTAMP, int64_t, INT64_MAX, "infinity");
    VALUE_TEXT(TIMESTAMP, int64_t, INT64_MAX - 1, "294247-01-10 04:00:54.775806");
    VALUE_TEXT(TIMESTAMPTZ, int64_t, -1, "1969-12-31 23:59:59.999999+00");
    VALUE_TEXT(TIME, int64_t, INT64_C(86400000000), "24:00:00");
}

/* ---- announced types that are not the column's own ---- */

static void announced(void)
{
    int64_t       values[3] = {32767, 32768, 5};
    int32_t       offsets[2] = {0, 3};
    struct one    one;
    const uint8_t bits = 1;

    one_init(&one, TN_TYPE_INT64, 1, values, NULL);
    one.column.pg_oid = TN_PG_INT2;
    expect_one(&one, 0, TN_STR("32767"));
    expect_one(&one, 1, TN_STR("\x7f\xff"));
    one.buffers[1] = &values[1];
    expect_error(&one, 0, "22003");
    expect_error(&one, 1, "22003");
    one.column.pg_oid = TN_PG_FLOAT8;
    expect_one(&one, 1, TN_STR("\x40\xe0\0\0\0\0\0\0"));
    one.column.pg_oid = TN_PG_TEXT;
    expect_one(&one, 1, TN_STR("32768"));
    one.column.pg_oid = 600; /* unknown */
    expect_one(&one, 0, TN_STR("32768"));
    expect_error(&one, 1, "0A000");
    one_init(&one, TN_TYPE_TEXT, 1, offsets, "abc");
    one.column.pg_oid = TN_PG_INT4;
    expect_error(&one, 0, "22P02");
    one_init(&one, TN_TYPE_TEXT, 1, offsets, " 42");
    one.column.pg_oid = TN_PG_INT4;
    expect_one(&one, 1, TN_STR("\0\0\0\x2a"));
    one_init(&one, TN_TYPE_TEXT, 1, offsets, "{1}");
    one.column.pg_oid = 1005; /* int2[] */
    expect_one(&one, 1, TN_STR("\0\0\0\1\0\0\0\0\0\0\0\x15\0\0\0\1\0\0\0\1\0\0\0\2\0\1"));
    one_init(&one, TN_TYPE_BOOL, 1, &bits, NULL);
    one.column.pg_oid = TN_PG_INT4;
    expect_error(&one, 0, "22P02");
}

static void numeric_text(void)
{
    static const struct {
        const char *in, *out;
    } cases[] = {{"1e3", "1000"}, {".5", "0.5"}, {"-0.0", "0.0"}, {"NaN", "NaN"}, {"Infinity", "Infinity"}, {"+007", "7"}};
    struct one one;

    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++) {
        int32_t offsets[2] = {0, (int32_t)strlen(cases[i].in)};

        one_init(&one, TN_TYPE_NUMERIC, 1, offsets, cases[i].in);
        expect_one(&one, 0, tn_str(cases[i].out));
    }
    int32_t bad[2] = {0, 3};
    one_init(&one, TN_TYPE_NUMERIC, 1, bad, "1x2");
    expect_error(&one, 0, "22P02");
    expect_error(&one, 1, "22P02");
}

/* ---- text that is not UTF-8 ---- */

#define FFFD "\xEF\xBF\xBD"

static void invalid_utf8(void)
{
    static const struct {
        const char *in;
        size_t      len;
        const char *out;
    } cases[] = {
        {"a\xff" "b", 3, "a" FFFD "b"},  {"\0", 1, FFFD},
        {"a\0b\0", 4, "a" FFFD "b" FFFD}, {"\xc3", 1, FFFD},
        {"\xe2\x82", 2, FFFD FFFD},       {"\xed\xa0\x80", 3, FFFD FFFD FFFD},
        {"\xc0\x80x", 3, FFFD FFFD "x"},  {"\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80"},
        {"", 0, ""},
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++) {
        int32_t    offsets[2] = {0, (int32_t)cases[i].len};
        struct one one;

        one_init(&one, TN_TYPE_TEXT, 1, offsets, cases[i].in);
        expect_one(&one, 0, tn_str(cases[i].out));
        expect_one(&one, 1, tn_str(cases[i].out));
        one_init(&one, TN_TYPE_JSON, 1, offsets, cases[i].in);
        expect_one(&one, 0, tn_str(cases[i].out));
    }
}

/* The bytes of all values together are valid, but a value ends inside a character. */
static void split_character(void)
{
    int32_t       offsets[3] = {0, 2, 4}; /* "a\xc3", "\xa4b" */
    struct one    one;
    struct tn_buf out;
    struct tn_str bytes;
    struct row    row;

    one_init(&one, TN_TYPE_TEXT, 2, offsets, "a\xc3\xa4" "b");
    tn_buf_init(&out, BUF_MAX);
    CU_ASSERT_EQUAL(encode(&one.batch, &style, 0, &out, NULL), TN_OK);
    bytes = tn_buf_str(&out);
    row = take_row(&bytes);
    CU_ASSERT_TRUE(tn_str_eq_c(take_value(&row), "a" FFFD));
    row = take_row(&bytes);
    CU_ASSERT_TRUE(tn_str_eq_c(take_value(&row), FFFD "b"));
    tn_buf_reset(&out);
}

static void bytes_untouched(void)
{
    int32_t    offsets[2] = {0, 4};
    struct one one;

    one_init(&one, TN_TYPE_BYTES, 1, offsets, "a\0\xff\\");
    expect_one(&one, 0, TN_STR("\\x6100ff5c"));
    expect_one(&one, 1, TN_STR("a\0\xff\\"));
    style.bytea_escape = true;
    expect_one(&one, 0, TN_STR("a\\000\\377\\\\"));
    style.bytea_escape = false;
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failed;

    CU_initialize_registry();
    suite = CU_add_suite("pg_encode", NULL, NULL);
    CU_add_test(suite, "golden cases", golden_cases);
    CU_add_test(suite, "integers", integers);
    CU_add_test(suite, "integers binary", integers_binary);
    CU_add_test(suite, "decimals", decimals);
    CU_add_test(suite, "small decimals", small_decimals);
    CU_add_test(suite, "decimal widths", decimal_widths);
    CU_add_test(suite, "floats", floats);
    CU_add_test(suite, "out of range", out_of_range);
    CU_add_test(suite, "announced", announced);
    CU_add_test(suite, "numeric text", numeric_text);
    CU_add_test(suite, "invalid utf8", invalid_utf8);
    CU_add_test(suite, "split character", split_character);
    CU_add_test(suite, "bytes untouched", bytes_untouched);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed > 0 ? 1 : 0;
}

/* Batches to DataRow messages: the golden cases through batches, and what PostgreSQL has no case for. */
#include "frontend/pgwire/pg_decimal.h"
#include "frontend/pgwire/pg_digits.h"
#include "frontend/pgwire/pg_encode.h"
#include "frontend/pgwire/pg_value.h"
#include "pg_golden.h"
#include "result/builder.h"

#include <math.h>

enum { BUF_MAX = 1 << 22 };

/* ---- reading what was written ---- */

struct row {
    struct tn_str rest;
    unsigned      columns;
};

static struct tn_str take(struct tn_str *rest, size_t len)
{
    struct tn_str taken = *rest;

    CU_ASSERT_FATAL(rest->len >= len);
    taken.len = len;
    *rest = tn_str_n(rest->ptr + len, rest->len - len);
    return taken;
}

static struct row take_row(struct tn_str *bytes)
{
    struct tn_str head = take(bytes, 7);
    struct row    row = {.columns = tn_pg_get_be16(head.ptr + 5)};

    CU_ASSERT_EQUAL(head.ptr[0], 'D');
    row.rest = take(bytes, tn_pg_get_be32(head.ptr + 1) - 6);
    return row;
}

static struct tn_str take_value(struct row *row)
{
    uint32_t len = tn_pg_get_be32(take(&row->rest, 4).ptr);

    return len == UINT32_MAX ? tn_str_n(NULL, 0) : take(&row->rest, len);
}

/* ---- one value through a batch ---- */

static struct tn_pg_style style = TN_PG_STYLE_INIT;

/* Encodes the one column of BATCH. */
static enum tn_status encode(const struct tn_batch *batch, const struct tn_pg_style *how, int16_t format,
                             struct tn_buf *out, struct tn_error *err)
{
    struct tn_pg_encoder encoder;

    tn_pg_encoder_init(&encoder, how, &format, 1);
    return encoder.base.ops->batch(&encoder.base, batch, out, err);
}

/* A batch of one column of ROWS values: fixed size, or bits, or offsets and data. */
struct one {
    struct tn_column   column;
    struct tn_schema   schema;
    const void        *buffers[3];
    struct ArrowArray  array;
    struct ArrowArray *arrays[1];
    struct tn_batch    batch;
};

static void one_init(struct one *one, enum tn_type type, int64_t rows, const void *values, const void *data)
{
    *one = (struct one){.column = {.name = TN_STR("c"), .type = type}};
    tn_column_set_pg(&one->column);
    one->schema = (struct tn_schema){1, &one->column};
    one->buffers[1] = values;
    one->buffers[2] = data;
    one->array = (struct ArrowArray){.length = rows, .n_buffers = tn_type_is_text(type) ? 3 : 2, .buffers = one->buffers};
    one->arrays[0] = &one->array;
    one->batch = (struct tn_batch){.schema = &one->schema, .rows = rows, .columns = one->arrays};
}

/* The first row's value of ONE in FORMAT is WANT. */
static void expect_one(const struct one *one, int16_t format, struct tn_str want)
{
    struct tn_buf   out;
    struct tn_error err = TN_ERROR_INIT;
    struct tn_str   bytes, got;
    struct row      row;

    tn_buf_init(&out, BUF_MAX);
    CU_ASSERT_EQUAL(encode(&one->batch, &style, format, &out, &err), TN_OK);
    if (err.status != TN_OK) {
        fprintf(stderr, "%s\n", err.message);
        return;
    }
    bytes = tn_buf_str(&out);
    row = take_row(&bytes);
    got = take_value(&row);
    if (!tn_str_eq(got, want))
        fprintf(stderr, "want \"%.*s\", got \"%.*s\"\n", (int)want.len, want.ptr, (int)got.len, got.ptr);
    CU_ASSERT_TRUE(tn_str_eq(got, want));
    CU_ASSERT_EQUAL(row.rest.len, 0);
    tn_buf_reset(&out);
}

static void expect_error(const struct one *one, int16_t format, const char *sqlstate)
{
    struct tn_buf   out;
    struct tn_error err = TN_ERROR_INIT;

    tn_buf_init(&out, BUF_MAX);
    CU_ASSERT_NOT_EQUAL(encode(&one->batch, &style, format, &out, &err), TN_OK);
    CU_ASSERT_STRING_EQUAL(err.sqlstate, sqlstate);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "\"c\""));
    CU_ASSERT_EQUAL(out.len, 0);
    tn_error_reset(&err);
    tn_buf_reset(&out);
}

#define VALUE_TEXT(type, ctype, value, text)                                                                           \
    do {                                                                                                               \
        ctype      value_ = (value);                                                                                   \
        struct one one_;                                                                                               \
        one_init(&one_, TN_TYPE_##type, 1, &value_, NULL);                                                             \
        expect_one(&one_, 0, tn_str(text));                                                                            \
    } while (0)
#define VALUE_ERROR(type, ctype, value, sqlstate)                                                                      \
    do {                                                                                                               \
        ctype      value_ = (value);                                                                                   \
        struct one one_;                                                                                               \
        one_init(&one_, TN_TYPE_##type, 1, &value_, NULL);                                                             \
        expect_error(&one_, 0, sqlstate);                                                                              \
        expect_error(&one_, 1, sqlstate);                                                                              \
    } while (0)

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

/* ---- whole batches ---- */

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
    CU_ASSERT_EQUAL(encoder.base.ops->batch(&encoder.base, &batch, &out, NULL), TN_OK);
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
    suite = CU_add_suite("pg_encode", NULL, NULL);
    CU_add_test(suite, "golden cases", golden_cases);
    CU_add_test(suite, "integers", integers);
    CU_add_test(suite, "integers binary", integers_binary);
    CU_add_test(suite, "decimals", decimals);
    CU_add_test(suite, "small decimals", small_decimals);
    CU_add_test(suite, "floats", floats);
    CU_add_test(suite, "out of range", out_of_range);
    CU_add_test(suite, "announced", announced);
    CU_add_test(suite, "numeric text", numeric_text);
    CU_add_test(suite, "invalid utf8", invalid_utf8);
    CU_add_test(suite, "split character", split_character);
    CU_add_test(suite, "bytes untouched", bytes_untouched);
    CU_add_test(suite, "zero columns", zero_columns);
    CU_add_test(suite, "nulls and offset", nulls_and_offset);
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

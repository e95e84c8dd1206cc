/* pg_rows.h - batches of one column, and reading DataRow messages back. For test programs. */
#ifndef TN_TEST_PG_ROWS_H
#define TN_TEST_PG_ROWS_H

#include "frontend/pgwire/pg_digits.h"
#include "frontend/pgwire/pg_encode.h"

#include <CUnit/Basic.h>

enum { BUF_MAX = 1 << 22 };

/* ---- reading what was written ---- */

struct row {
    struct tn_str rest;
    unsigned      columns;
};

static inline struct tn_str take(struct tn_str *rest, size_t len)
{
    struct tn_str taken = *rest;

    CU_ASSERT_FATAL(rest->len >= len);
    taken.len = len;
    *rest = tn_str_n(rest->ptr + len, rest->len - len);
    return taken;
}

static inline struct row take_row(struct tn_str *bytes)
{
    struct tn_str head = take(bytes, 7);
    struct row    row = {.columns = tn_pg_get_be16(head.ptr + 5)};

    CU_ASSERT_EQUAL(head.ptr[0], 'D');
    row.rest = take(bytes, tn_pg_get_be32(head.ptr + 1) - 6);
    return row;
}

static inline struct tn_str take_value(struct row *row)
{
    uint32_t len = tn_pg_get_be32(take(&row->rest, 4).ptr);

    return len == UINT32_MAX ? tn_str_n(NULL, 0) : take(&row->rest, len);
}

/* ---- one value through a batch ---- */

static struct tn_pg_style style = TN_PG_STYLE_INIT;

/* Encodes the one column of BATCH. */
static inline enum tn_status encode(const struct tn_batch *batch, const struct tn_pg_style *how, int16_t format,
                             struct tn_buf *out, struct tn_error *err)
{
    struct tn_pg_encoder encoder;
    int64_t              row = 0;

    tn_pg_encoder_init(&encoder, how, &format, 1);
    return encoder.base.ops->batch(&encoder.base, batch, &row, SIZE_MAX, out, err);
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

static inline void one_init(struct one *one, enum tn_type type, int64_t rows, const void *values, const void *data)
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
static inline void expect_one(const struct one *one, int16_t format, struct tn_str want)
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

static inline void expect_error(const struct one *one, int16_t format, const char *sqlstate)
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

#endif

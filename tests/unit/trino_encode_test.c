/* Batches to rows of the Trino protocol, and what their columns are called. */
#include "base/json.h"
#include "base/tz.h"
#include "frontend/pgwire/pg_decimal.h"
#include "frontend/trino/trino_encode.h"
#include "frontend/trino/trino_error.h"
#include "result/builder.h"

#include <CUnit/Basic.h>
#include <math.h>

enum { BUF_MAX = 1 << 22 };

static struct tn_column column_of(enum tn_type type)
{
    struct tn_column column = {.name = TN_STR("c"), .type = type};

    tn_column_set_pg(&column);
    return column;
}

static const char *told; /* what encode() tells of its column */

/* ROWS values of TYPE's buffer form, or texts. */
static enum tn_status encode(const struct tn_column *column, const void *raw, struct tn_str text, bool parametric,
                             const struct tn_tz *tz, struct tn_buf *out, struct tn_error *err)
{
    struct tn_column        own = *column;
    struct tn_schema        schema = {1, &own};
    struct tn_trino_encoder encoder;
    struct tn_builder      *b;
    struct tn_batch         batch;
    int64_t                 row = 0;
    enum tn_status          status;

    CU_ASSERT_EQUAL_FATAL(tn_builder_new(&b, &schema, BUF_MAX, NULL), TN_OK);
    tn_builder_begin(b);
    if (raw != NULL)
        CU_ASSERT_EQUAL(tn_builder_raw(b, 0, raw, NULL), TN_OK);
    if (text.ptr != NULL)
        CU_ASSERT_EQUAL(tn_builder_bytes(b, 0, text, NULL), TN_OK);
    CU_ASSERT_EQUAL(tn_builder_end(b, NULL), TN_OK);
    CU_ASSERT_EQUAL(tn_builder_finish(b, &batch, NULL), TN_OK);
    tn_trino_encoder_init(&encoder, parametric, tz);
    encoder.told = told;
    status = encoder.base.ops->batch(&encoder.base, &batch, &row, SIZE_MAX, out, err);
    tn_batch_release(&batch);
    tn_builder_free(b);
    return status;
}

static void check(const struct tn_column *column, const void *raw, struct tn_str text, bool parametric, const struct tn_tz *tz,
                  const char *want)
{
    struct tn_buf   out;
    struct tn_error err = TN_ERROR_INIT;
    char            row[4096];

    tn_buf_init(&out, BUF_MAX);
    CU_ASSERT_EQUAL(encode(column, raw, text, parametric, tz, &out, &err), TN_OK);
    snprintf(row, sizeof row, "[%s]", want);
    if (!tn_str_eq_c(tn_buf_str(&out), row))
        printf("\nwanted %s, got " TN_STR_FMT " %s\n", row, TN_STR_ARG(tn_buf_str(&out)), err.message);
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&out), row));
    tn_buf_reset(&out);
    tn_error_reset(&err);
}

static void refuse(enum tn_type type, const void *raw)
{
    struct tn_column column = column_of(type);
    struct tn_buf    out;
    struct tn_error  err = TN_ERROR_INIT;

    tn_buf_init(&out, BUF_MAX);
    CU_ASSERT_EQUAL(encode(&column, raw, tn_str_n(NULL, 0), true, NULL, &out, &err), TN_E_INVALID);
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "22003");
    tn_buf_reset(&out);
    tn_error_reset(&err);
}

#define VALUE(TYPE, ctype, value, want)                                                                                \
    do {                                                                                                               \
        ctype            value_ = (value);                                                                             \
        struct tn_column column_ = column_of(TN_TYPE_##TYPE);                                                          \
        check(&column_, &value_, tn_str_n(NULL, 0), true, NULL, want);                                                 \
    } while (0)

/* A column that is told as a double, whatever the engine has. */
static void told_as_a_double(void)
{
    static const struct {
        const char *text, *want; /* NULL: no double */
    } rows[] = {{"1", "1.0"}, {"-2.50", "-2.50"}, {"1e5", "1e5"}, {"1E-05", "1E-05"}, {"0", "0.0"}, {"NaN", "\"NaN\""}, {"-Infinity", "\"-Infinity\""},
                {"abc", NULL}, {"", NULL}, {"-", NULL}, {"1a", NULL}, {"0x10", NULL}, {"007", NULL}, {"1.", NULL}, {"1e", NULL}, {"12\"", NULL}};
    struct tn_column column = column_of(TN_TYPE_TEXT);

    told = "d";
    for (size_t i = 0; i < TN_ARRAY_LEN(rows); i++) {
        struct tn_buf   out;
        struct tn_error err = TN_ERROR_INIT;

        if (rows[i].want != NULL) {
            check(&column, NULL, tn_str(rows[i].text), true, NULL, rows[i].want);
            continue;
        }
        tn_buf_init(&out, BUF_MAX);
        CU_ASSERT_EQUAL(encode(&column, NULL, tn_str(rows[i].text), true, NULL, &out, &err), TN_E_INVALID);
        tn_buf_reset(&out);
        tn_error_reset(&err);
    }
    told = NULL;
}

static void numbers(void)
{
    VALUE(INT8, int8_t, INT8_MIN, "-128");
    VALUE(INT16, int16_t, INT16_MIN, "-32768");
    VALUE(INT32, int32_t, INT32_MIN, "-2147483648");
    VALUE(INT64, int64_t, INT64_MIN, "-9223372036854775808");
    VALUE(UINT8, uint8_t, 255, "255");
    VALUE(UINT16, uint16_t, 65535, "65535");
    VALUE(UINT32, uint32_t, UINT32_MAX, "4294967295");
    VALUE(UINT64, uint64_t, UINT64_MAX, "\"18446744073709551615\"");
    VALUE(FLOAT64, double, 0.1, "0.1");
    VALUE(FLOAT64, double, -0.0, "-0.0");
    VALUE(FLOAT64, double, 17, "17.0");
    VALUE(FLOAT64, double, 123456789, "123456789.0");
    VALUE(FLOAT64, double, 1e300, "1e+300");
    VALUE(FLOAT64, double, NAN, "\"NaN\"");
    VALUE(FLOAT64, double, -INFINITY, "\"-Infinity\"");
    VALUE(FLOAT32, float, 0.1f, "0.1");
    VALUE(FLOAT32, float, INFINITY, "\"Infinity\"");
}

static void decimals(void)
{
    struct tn_column column = column_of(TN_TYPE_DECIMAL64);
    int64_t          value = -5;
    tn_i128          wide = (tn_i128)INT64_MAX * 100;

    column.precision = 10;
    column.scale = 2;
    check(&column, &value, tn_str_n(NULL, 0), true, NULL, "\"-0.05\"");
    column = column_of(TN_TYPE_DECIMAL128);
    column.precision = 38;
    check(&column, &wide, tn_str_n(NULL, 0), true, NULL, "\"922337203685477580700\"");
    column = column_of(TN_TYPE_NUMERIC);
    check(&column, NULL, TN_STR("12.3400"), true, NULL, "\"12.3400\"");
}

static void texts(void)
{
    struct tn_column column = column_of(TN_TYPE_TEXT);

    check(&column, NULL, TN_STR(""), true, NULL, "\"\"");
    check(&column, NULL, TN_STR("plain"), true, NULL, "\"plain\"");
    check(&column, NULL, TN_STR("a\"b\\c\n\t\x01\xc3\xa4"), true, NULL, "\"a\\\"b\\\\c\\n\\t\\u0001\xc3\xa4\"");
    check(&column, NULL, TN_STR("a\xff"), true, NULL, "\"a\xef\xbf\xbd\"");
    check(&column, NULL, tn_str_n(NULL, 0), true, NULL, "null");
    column = column_of(TN_TYPE_JSON);
    check(&column, NULL, TN_STR("{\"a\":1}"), true, NULL, "\"{\\\"a\\\":1}\"");
    column = column_of(TN_TYPE_BYTES);
    check(&column, NULL, TN_STR(""), true, NULL, "\"\"");
    check(&column, NULL, TN_STR("f"), true, NULL, "\"Zg==\"");
    check(&column, NULL, TN_STR("fo"), true, NULL, "\"Zm8=\"");
    check(&column, NULL, TN_STR("foo"), true, NULL, "\"Zm9v\"");
    check(&column, NULL, TN_STR("\xfb\xff\x00\xfe"), true, NULL, "\"+/8A/g==\"");
}

static const int64_t noon = INT64_C(1582977296789012); /* 2020-02-29 11:54:56.789012 */

static void times(void)
{
    VALUE(DATE, int32_t, 0, "\"1970-01-01\"");
    VALUE(DATE, int32_t, -719529, "\"-0001-12-31\"");
    VALUE(DATE, int32_t, 2932897, "\"+10000-01-01\"");
    VALUE(TIME, int64_t, 3723000004, "\"01:02:03.000004\"");
    VALUE(TIMESTAMP, int64_t, noon, "\"2020-02-29 11:54:56.789012\"");
    VALUE(TIMESTAMP, int64_t, -1, "\"1969-12-31 23:59:59.999999\"");
    VALUE(TIMESTAMPTZ, int64_t, noon, "\"2020-02-29 11:54:56.789012 UTC\"");
    refuse(TN_TYPE_DATE, &(int32_t){INT32_MAX});
    refuse(TN_TYPE_TIME, &(int64_t){INT64_C(86400000000)});
    refuse(TN_TYPE_TIMESTAMP, &(int64_t){INT64_MIN});
    refuse(TN_TYPE_TIMESTAMPTZ, &(int64_t){INT64_MAX});
}

static void zones(void)
{
    struct tn_column column = column_of(TN_TYPE_TIMESTAMPTZ);
    struct tn_tz    *tz;
    char             timetz[12];

    CU_ASSERT_EQUAL_FATAL(tn_tz_load(&tz, TN_STR("Europe/Berlin"), NULL), TN_OK);
    check(&column, &noon, tn_str_n(NULL, 0), true, tz, "\"2020-02-29 12:54:56.789012 Europe/Berlin\"");
    tn_tz_free(tz);
    CU_ASSERT_EQUAL_FATAL(tn_tz_load(&tz, TN_STR("-03:30"), NULL), TN_OK);
    check(&column, &noon, tn_str_n(NULL, 0), true, tz, "\"2020-02-29 08:24:56.789012 -03:30\"");
    tn_tz_free(tz);
    column = column_of(TN_TYPE_TIMETZ);
    memcpy(timetz, &(int64_t){3723000000}, 8);
    memcpy(timetz + 8, &(int32_t){-12600}, 4);
    check(&column, timetz, tn_str_n(NULL, 0), true, NULL, "\"01:02:03.000000-03:30\"");
}

static void intervals(void)
{
    struct tn_column column = column_of(TN_TYPE_INTERVAL);

    VALUE(INTERVAL, struct tn_interval, ((struct tn_interval){0, 3, INT64_C(14706789000000)}), "\"3 04:05:06.789\"");
    VALUE(INTERVAL, struct tn_interval, ((struct tn_interval){0, -1, 0}), "\"-1 00:00:00.000\"");
    VALUE(INTERVAL, struct tn_interval, ((struct tn_interval){0, INT32_MIN, INT64_MIN}), "\"-2147590399 23:47:16.854\"");
    refuse(column.type, &(struct tn_interval){1, 0, 0});
    column.pg_typmod = (1 << 2 | 1 << 1) << 16 | 0xFFFF; /* YEAR TO MONTH */
    check(&column, &(struct tn_interval){14, 0, 0}, tn_str_n(NULL, 0), true, NULL, "\"1-2\"");
    check(&column, &(struct tn_interval){INT32_MIN, 0, 0}, tn_str_n(NULL, 0), true, NULL, "\"-178956970-8\"");
    column.pg_typmod = (1 << 3) << 16 | 0xFFFF; /* DAY */
    check(&column, &(struct tn_interval){0, 3, 0}, tn_str_n(NULL, 0), true, NULL, "\"3 00:00:00.000\"");
}

/* Fewer digits without the capability, or when the column has fewer. */
static void digits(void)
{
    struct tn_column column = column_of(TN_TYPE_TIMESTAMP);

    check(&column, &noon, tn_str_n(NULL, 0), false, NULL, "\"2020-02-29 11:54:56.789\"");
    column.pg_typmod = 0;
    check(&column, &noon, tn_str_n(NULL, 0), true, NULL, "\"2020-02-29 11:54:56\"");
    column.pg_typmod = 1;
    check(&column, &noon, tn_str_n(NULL, 0), true, NULL, "\"2020-02-29 11:54:56.7\"");
}

static void arrays(void)
{
    struct tn_column column = column_of(TN_TYPE_TEXT);

    column.pg_oid = 1007;
    check(&column, NULL, TN_STR("{1,NULL,-3}"), true, NULL, "[1,null,-3]");
    check(&column, NULL, TN_STR("{}"), true, NULL, "[]");
    column.pg_oid = 1009;
    check(&column, NULL, TN_STR("{a,\"b,\\\"c\",NULL,\"NULL\"}"), true, NULL, "[\"a\",\"b,\\\"c\",null,\"NULL\"]");
    column.pg_oid = 1182;
    check(&column, NULL, TN_STR("{2020-02-29}"), true, NULL, "[\"2020-02-29\"]");
    column.pg_oid = 1231;
    check(&column, NULL, TN_STR("{1.50}"), true, NULL, "[\"1.50\"]");
}

/* ---- names ---- */

static void check_type(const struct tn_column *column, bool parametric, const char *name, const char *signature)
{
    struct tn_buf  out;
    struct tn_json json = {.buf = &out};

    tn_buf_init(&out, BUF_MAX);
    tn_trino_put_type_name(&out, column, parametric);
    if (!tn_str_eq_c(tn_buf_str(&out), name))
        printf("\nwanted %s, got " TN_STR_FMT "\n", name, TN_STR_ARG(tn_buf_str(&out)));
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&out), name));
    tn_buf_clear(&out);
    tn_trino_put_signature(&json, NULL, column, parametric);
    if (!tn_str_eq_c(tn_buf_str(&out), signature))
        printf("\nwanted %s, got " TN_STR_FMT "\n", signature, TN_STR_ARG(tn_buf_str(&out)));
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&out), signature));
    tn_buf_reset(&out);
}

#define LONG(value) "{\"kind\":\"LONG\",\"value\":" value "}"

static void names(void)
{
    struct tn_column column = column_of(TN_TYPE_INT32);

    check_type(&column, true, "integer", "{\"rawType\":\"integer\",\"arguments\":[]}");
    column = column_of(TN_TYPE_TEXT);
    check_type(&column, true, "varchar", "{\"rawType\":\"varchar\",\"arguments\":[" LONG("2147483647") "]}");
    column.pg_oid = TN_PG_VARCHAR;
    column.pg_typmod = 44;
    check_type(&column, true, "varchar(40)", "{\"rawType\":\"varchar\",\"arguments\":[" LONG("40") "]}");
    column.pg_oid = TN_PG_BPCHAR;
    check_type(&column, true, "char(40)", "{\"rawType\":\"char\",\"arguments\":[" LONG("40") "]}");
    column = column_of(TN_TYPE_DECIMAL64);
    column.precision = 10;
    column.scale = 2;
    check_type(&column, true, "decimal(10, 2)", "{\"rawType\":\"decimal\",\"arguments\":[" LONG("10") "," LONG("2") "]}");
    column = column_of(TN_TYPE_NUMERIC);
    check_type(&column, true, "decimal(38, 18)", "{\"rawType\":\"decimal\",\"arguments\":[" LONG("38") "," LONG("18") "]}");
    column = column_of(TN_TYPE_TIMESTAMPTZ);
    check_type(&column, true, "timestamp(6) with time zone",
               "{\"rawType\":\"timestamp with time zone\",\"arguments\":[" LONG("6") "]}");
    check_type(&column, false, "timestamp with time zone", "{\"rawType\":\"timestamp with time zone\",\"arguments\":[]}");
    column = column_of(TN_TYPE_TEXT);
    column.pg_oid = 1007;
    check_type(&column, true, "array(integer)",
               "{\"rawType\":\"array\",\"arguments\":[{\"kind\":\"TYPE\",\"value\":{\"rawType\":\"integer\",\"arguments\":[]}}]}");
}

static void every_type_has_a_name(void)
{
    for (int type = 0; type < TN_TYPE_COUNT; type++) {
        struct tn_column     column = column_of((enum tn_type)type);
        struct tn_trino_type of = tn_trino_type_of(&column, true);

        CU_ASSERT(of.name != NULL && of.name[0] != '\0');
    }
}

/* ---- nested ---- */

static struct tn_column nested_column(const struct tn_nested *nested)
{
    struct tn_column column = column_of(TN_TYPE_JSON);

    column.nested = nested;
    return column;
}

#define PARTS(...) (const struct tn_column[]){__VA_ARGS__}

static void lists(void)
{
    struct tn_nested list = {TN_NESTING_LIST, 1, PARTS(column_of(TN_TYPE_INT32))};
    struct tn_column column = nested_column(&list);

    check_type(&column, true, "array(integer)",
               "{\"rawType\":\"array\",\"arguments\":[{\"kind\":\"TYPE\",\"value\":{\"rawType\":\"integer\",\"arguments\":[]}}]}");
    check(&column, NULL, TN_STR("[1,null,-3]"), true, NULL, "[1,null,-3]");
    check(&column, NULL, TN_STR(" [ ] "), true, NULL, "[]");
    list.parts = PARTS(column_of(TN_TYPE_DECIMAL64));
    check(&column, NULL, TN_STR("[1.50,null]"), true, NULL, "[\"1.50\",null]");
    list.parts = PARTS(column_of(TN_TYPE_TIMESTAMP));
    check(&column, NULL, TN_STR("[\"2020-01-02 03:04:05\",\"2020-01-02 03:04:05.5\"]"), true, NULL,
          "[\"2020-01-02 03:04:05.000000\",\"2020-01-02 03:04:05.500000\"]");
    check(&column, NULL, TN_STR("[\"2020-01-02 03:04:05.123456\"]"), false, NULL, "[\"2020-01-02 03:04:05.123\"]");
    list.parts = PARTS(column_of(TN_TYPE_TIMESTAMPTZ));
    check(&column, NULL, TN_STR("[\"2020-01-02 03:04:05+00\"]"), true, NULL, "[\"2020-01-02 03:04:05.000000 UTC\"]");
    list.parts = PARTS(column_of(TN_TYPE_TIMETZ));
    check(&column, NULL, TN_STR("[\"03:04:05.1+05\",\"03:04:05-05:30\"]"), true, NULL, "[\"03:04:05.100000+05:00\",\"03:04:05.000000-05:30\"]");
    list.parts = PARTS(column_of(TN_TYPE_BYTES));
    check(&column, NULL, TN_STR("[\"a\\\\xFF\\\"\"]"), true, NULL, "[\"Yf8i\"]");
    list.parts = PARTS(column_of(TN_TYPE_INTERVAL));
    check(&column, NULL, TN_STR("[\"3 days 04:05:06\"]"), true, NULL, "[\"3 04:05:06.000\"]");
    list.parts = PARTS(column_of(TN_TYPE_JSON));
    check(&column, NULL, TN_STR("[{\"a\":[1]},2,\"x\"]"), true, NULL, "[\"{\\\"a\\\":[1]}\",\"2\",\"\\\"x\\\"\"]");
}

static void records_and_maps(void)
{
    struct tn_column fields[2] = {column_of(TN_TYPE_INT32), column_of(TN_TYPE_TEXT)};
    struct tn_nested record = {TN_NESTING_RECORD, 2, fields}, map = {TN_NESTING_MAP, 2, fields}, list = {TN_NESTING_LIST, 1, NULL};
    struct tn_column column = nested_column(&record), inner;

    fields[0].name = TN_STR("a");
    fields[1].name = TN_STR("b \"c");
    check_type(&column, true, "row(a integer, \"b \"\"c\" varchar)",
               "{\"rawType\":\"row\",\"arguments\":[{\"kind\":\"NAMED_TYPE\",\"value\":{\"fieldName\":{\"name\":\"a\"},\"typeSignature\":{\"rawType\":"
               "\"integer\",\"arguments\":[]}}},{\"kind\":\"NAMED_TYPE\",\"value\":{\"fieldName\":{\"name\":\"b \\\"c\"},\"typeSignature\":{\"rawType\":"
               "\"varchar\",\"arguments\":[" LONG("2147483647") "]}}}]}");
    check(&column, NULL, TN_STR("{\"a\":1,\"b \\\"c\":\"x,}\"}"), true, NULL, "[1,\"x,}\"]");
    check(&column, NULL, TN_STR("[1,null]"), true, NULL, "[1,null]");
    inner = column;
    list.parts = &inner;
    column = nested_column(&list);
    check(&column, NULL, TN_STR("[{\"a\":1,\"b\":\"x\"},null]"), true, NULL, "[[1,\"x\"],null]");
    column = nested_column(&map);
    check_type(&column, true, "map(integer, varchar)",
               "{\"rawType\":\"map\",\"arguments\":[{\"kind\":\"TYPE\",\"value\":{\"rawType\":\"integer\",\"arguments\":[]}},{\"kind\":\"TYPE\",\"value\":{"
               "\"rawType\":\"varchar\",\"arguments\":[" LONG("2147483647") "]}}]}");
    check(&column, NULL, TN_STR("{\"1\":\"x\",\"2\":null}"), true, NULL, "{\"1\":\"x\",\"2\":null}");
    check(&column, NULL, TN_STR("{}"), true, NULL, "{}");
}

static void broken_json(void)
{
    static const char *const texts[] = {"[1", "[1,", "{", "[\"", "[\"\\", "1", "]", "[1 2]", ""};
    struct tn_nested         list = {TN_NESTING_LIST, 1, PARTS(column_of(TN_TYPE_JSON))};
    struct tn_column         column = nested_column(&list);
    struct tn_buf            out;

    for (size_t i = 0; i < TN_ARRAY_LEN(texts); i++) {
        tn_buf_init(&out, BUF_MAX);
        CU_ASSERT_EQUAL(encode(&column, NULL, tn_str(texts[i]), true, NULL, &out, NULL), TN_E_INVALID);
        tn_buf_reset(&out);
    }
}

/* ---- several rows, and limits ---- */

static void rows(void)
{
    struct tn_column        columns[2] = {column_of(TN_TYPE_INT32), column_of(TN_TYPE_TEXT)};
    struct tn_schema        schema = {2, columns};
    struct tn_trino_encoder encoder;
    struct tn_builder      *b;
    struct tn_batch         batch;
    struct tn_buf           out;
    int64_t                 row = 0;

    CU_ASSERT_EQUAL_FATAL(tn_builder_new(&b, &schema, BUF_MAX, NULL), TN_OK);
    for (int i = 0; i < 3; i++) {
        tn_builder_begin(b);
        CU_ASSERT_EQUAL(tn_builder_i64(b, 0, i, NULL), TN_OK);
        CU_ASSERT_EQUAL(tn_builder_end(b, NULL), TN_OK);
    }
    CU_ASSERT_EQUAL(tn_builder_finish(b, &batch, NULL), TN_OK);
    tn_trino_encoder_init(&encoder, true, NULL);
    tn_buf_init(&out, BUF_MAX);
    CU_ASSERT_EQUAL(encoder.base.ops->batch(&encoder.base, &batch, &row, 1, &out, NULL), TN_OK); /* one row in any case */
    CU_ASSERT_EQUAL(row, 1);
    CU_ASSERT_EQUAL(encoder.base.ops->batch(&encoder.base, &batch, &row, SIZE_MAX, &out, NULL), TN_OK);
    CU_ASSERT_EQUAL(row, 3);
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&out), "[0,null],[1,null],[2,null]"));
    tn_buf_reset(&out);
    tn_buf_init(&out, 4);
    row = 0;
    CU_ASSERT_EQUAL(encoder.base.ops->batch(&encoder.base, &batch, &row, SIZE_MAX, &out, NULL), TN_E_LIMIT);
    tn_buf_reset(&out);
    tn_batch_release(&batch);
    tn_builder_free(b);
}

/* ---- errors ---- */

static void check_error(const char *sqlstate, enum tn_fault fault, const char *name, int code)
{
    struct tn_error       err = TN_ERROR_INIT;
    struct tn_trino_error of;

    tn_fail(&err, TN_E_INVALID, sqlstate, "x");
    tn_error_blame(&err, fault, false);
    of = tn_trino_error_of(&err);
    CU_ASSERT_STRING_EQUAL(of.name, name);
    CU_ASSERT_EQUAL(of.code, code);
    tn_error_reset(&err);
}

static void errors(void)
{
    struct tn_error err = TN_ERROR_INIT;
    struct tn_buf   out;
    struct tn_json  json = {.buf = &out};

    check_error("42P01", TN_FAULT_QUERY, "TABLE_NOT_FOUND", 46);
    check_error("42601", TN_FAULT_QUERY, "SYNTAX_ERROR", 1);
    check_error("57014", TN_FAULT_CANCEL, "USER_CANCELED", 3);
    check_error("57014", TN_FAULT_TIMEOUT, "EXCEEDED_TIME_LIMIT", 131075);
    check_error("22P05", TN_FAULT_QUERY, "INVALID_FUNCTION_ARGUMENT", 7);
    check_error("99999", TN_FAULT_QUERY, "GENERIC_USER_ERROR", 0);
    check_error("XX000", TN_FAULT_ENGINE, "GENERIC_INTERNAL_ERROR", 65536);
    tn_buf_init(&out, BUF_MAX);
    tn_fail(&err, TN_E_INVALID, "42703", "no column");
    err.position = 5;
    tn_trino_put_error(&json, NULL, &err, &(struct tn_trino_place){.sql = TN_STR("a\xc3\xa4\nbc")});
    CU_ASSERT_PTR_NOT_NULL(memmem(out.data, out.len, "{\"lineNumber\":2,\"columnNumber\":2}", 33));
    tn_buf_reset(&out);
    tn_error_reset(&err);
}

int main(void)
{
    unsigned failed;

    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("trino_encode", NULL, NULL);
    CU_add_test(suite, "numbers", numbers);
    CU_add_test(suite, "told as a double", told_as_a_double);
    CU_add_test(suite, "decimals", decimals);
    CU_add_test(suite, "texts", texts);
    CU_add_test(suite, "times", times);
    CU_add_test(suite, "zones", zones);
    CU_add_test(suite, "intervals", intervals);
    CU_add_test(suite, "digits", digits);
    CU_add_test(suite, "arrays", arrays);
    CU_add_test(suite, "lists", lists);
    CU_add_test(suite, "records and maps", records_and_maps);
    CU_add_test(suite, "broken JSON", broken_json);
    CU_add_test(suite, "names", names);
    CU_add_test(suite, "every type has a name", every_type_has_a_name);
    CU_add_test(suite, "rows", rows);
    CU_add_test(suite, "errors", errors);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed == 0 ? 0 : 1;
}

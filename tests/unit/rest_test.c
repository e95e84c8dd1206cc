/* The REST API's bytes: rows in every form, what Accept chooses, requests and parameters. */
#include "base/alloc.h"
#include "frontend/pgwire/pg_types.h"
#include "frontend/rest/rest_encode.h"
#include "frontend/rest/rest_request.h"
#include "result/builder.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <math.h>

/* ---- rows ---- */

static struct tn_column columns[] = {
    {.name = {"n", 1}, .type = TN_TYPE_INT64},     {.name = {"t", 1}, .type = TN_TYPE_TEXT},      {.name = {"f", 1}, .type = TN_TYPE_FLOAT64},
    {.name = {"n", 1}, .type = TN_TYPE_BOOL},      {.name = {"d", 1}, .type = TN_TYPE_DATE},      {.name = {"z", 1}, .type = TN_TYPE_TIMESTAMPTZ},
    {.name = {"ts", 2}, .type = TN_TYPE_TIMESTAMP}, {.name = {"x", 1}, .type = TN_TYPE_DECIMAL64, .precision = 10, .scale = 2},
    {.name = {"m", 1}, .type = TN_TYPE_NUMERIC},   {.name = {"b\"", 2}, .type = TN_TYPE_BYTES},
};
static const struct tn_schema schema = {.count = TN_ARRAY_LEN(columns), .columns = columns};

static void fill_row(struct tn_builder *b)
{
    tn_builder_begin(b);
    CU_ASSERT(tn_builder_i64(b, 0, INT64_MIN, NULL) == TN_OK && tn_builder_bytes(b, 1, TN_STR("a\"\\,\n\x01\xc3\xa9"), NULL) == TN_OK);
    CU_ASSERT(tn_builder_f64(b, 2, 1e300, NULL) == TN_OK && tn_builder_bool(b, 3, true, NULL) == TN_OK && tn_builder_i64(b, 4, 0, NULL) == TN_OK);
    CU_ASSERT(tn_builder_i64(b, 5, 1500000, NULL) == TN_OK && tn_builder_i64(b, 6, 1500000, NULL) == TN_OK && tn_builder_i64(b, 7, -5, NULL) == TN_OK);
    CU_ASSERT(tn_builder_bytes(b, 8, TN_STR("123456789012345678901234567890.5"), NULL) == TN_OK && tn_builder_bytes(b, 9, tn_str_n("\0\xff", 2), NULL) == TN_OK);
    CU_ASSERT(tn_builder_end(b, NULL) == TN_OK);
    tn_builder_begin(b);
    CU_ASSERT(tn_builder_f64(b, 2, (double)NAN, NULL) == TN_OK && tn_builder_bytes(b, 1, TN_STR(""), NULL) == TN_OK && tn_builder_bytes(b, 8, TN_STR("-Infinity"), NULL) == TN_OK);
    CU_ASSERT(tn_builder_end(b, NULL) == TN_OK);
}

/* The rows of the batch above in FORMAT, one behind the other with '|'. */
static void encode(enum tn_rest_format format, size_t target, struct tn_buf *out)
{
    struct tn_builder *builder;
    struct tn_batch    batch;
    struct tn_buf      rows;
    struct tn_str      row;
    int64_t            next = 0;
    size_t             at = 0;

    CU_ASSERT_EQUAL_FATAL(tn_builder_new(&builder, &schema, 1 << 20, NULL), TN_OK);
    fill_row(builder);
    CU_ASSERT_EQUAL_FATAL(tn_builder_finish(builder, &batch, NULL), TN_OK);
    tn_buf_init(&rows, 1 << 20);
    while (next < batch.rows)
        CU_ASSERT_EQUAL_FATAL(tn_rest_encoder(format)->base.ops->batch(&tn_rest_encoder(format)->base, &batch, &next, rows.len + target, &rows, NULL), TN_OK);
    while (tn_rest_row_next(tn_buf_str(&rows), &at, &row)) {
        tn_buf_put_str(out, row);
        tn_buf_put_u8(out, '|');
    }
    CU_ASSERT_EQUAL(at, rows.len);
    tn_buf_put_u8(out, 0);
    tn_buf_reset(&rows);
    tn_batch_release(&batch);
    tn_builder_free(builder);
}

#define ARRAY_1                                                                                                                                    \
    "[-9223372036854775808,\"a\\\"\\\\,\\n\\u0001\xc3\xa9\",1e+300,true,\"1970-01-01\",\"1970-01-01T00:00:01.5Z\",\"1970-01-01T00:00:01.5\",-0.05," \
    "123456789012345678901234567890.5,\"AP8=\"]"
#define ARRAY_2 "[null,\"\",\"NaN\",null,null,null,null,null,\"-Infinity\",null]"
#define OBJECT_2 "{\"n\":null,\"t\":\"\",\"f\":\"NaN\",\"n_2\":null,\"d\":null,\"z\":null,\"ts\":null,\"x\":null,\"m\":\"-Infinity\",\"b\\\"\":null}"
#define CSV_1 "-9223372036854775808,\"a\"\"\\,\n\x01\xc3\xa9\",1e+300,true,1970-01-01,1970-01-01T00:00:01.5Z,1970-01-01T00:00:01.5,-0.05," \
              "123456789012345678901234567890.5,AP8="
#define CSV_2 ",\"\",NaN,,,,,,-Infinity,"

static void test_rows(void)
{
    struct tn_buf out;

    tn_buf_init(&out, 1 << 20);
    for (size_t target = 1; target < 5000; target += 4000) { /* a row at a time, and all at once */
        tn_buf_clear(&out);
        encode(TN_REST_ARRAYS, target, &out);
        CU_ASSERT_STRING_EQUAL(out.data, ARRAY_1 "|" ARRAY_2 "|");
        tn_buf_clear(&out);
        encode(TN_REST_CSV, target, &out);
        CU_ASSERT_STRING_EQUAL(out.data, CSV_1 "|" CSV_2 "|");
        tn_buf_clear(&out);
        encode(TN_REST_NDJSON, target, &out);
        CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "|" OBJECT_2 "|"));
    }
    tn_buf_reset(&out);
}

static void check_converted(const char *row, enum tn_rest_format format, const struct tn_str *names, size_t count, const char *expected)
{
    struct tn_buf keys, out;

    tn_buf_init(&keys, 1 << 16);
    tn_buf_init(&out, 1 << 16);
    tn_rest_keys(names, count, &keys);
    CU_ASSERT_EQUAL(tn_rest_row_convert(tn_str(row), format, tn_buf_str(&keys), &out), expected != NULL);
    if (expected != NULL)
        CU_ASSERT(tn_str_eq_c(tn_buf_str(&out), expected));
    tn_buf_reset(&keys);
    tn_buf_reset(&out);
}

/* What was kept as arrays reads as what the encoder makes at once. */
static void test_conversion(void)
{
    struct tn_str names[TN_ARRAY_LEN(columns)];
    struct tn_str two[] = {TN_STR("a"), TN_STR("b")};

    for (size_t i = 0; i < TN_ARRAY_LEN(columns); i++)
        names[i] = columns[i].name;
    check_converted(ARRAY_1, TN_REST_CSV, names, TN_ARRAY_LEN(names), CSV_1);
    check_converted(ARRAY_2, TN_REST_CSV, names, TN_ARRAY_LEN(names), CSV_2);
    check_converted(ARRAY_2, TN_REST_OBJECTS, names, TN_ARRAY_LEN(names), OBJECT_2);
    check_converted(ARRAY_2, TN_REST_ARRAYS, names, TN_ARRAY_LEN(names), ARRAY_2);
    check_converted("[]", TN_REST_OBJECTS, NULL, 0, "{}");
    check_converted("[1]", TN_REST_OBJECTS, two, 2, NULL); /* too few, too many, none */
    check_converted("[1,2,3]", TN_REST_OBJECTS, two, 2, NULL);
    check_converted("[1,2", TN_REST_OBJECTS, two, 2, NULL);
    check_converted("{}", TN_REST_OBJECTS, two, 2, NULL);
    check_converted("[\"a,2]", TN_REST_CSV, two, 2, NULL);
}

static void test_names(void)
{
    struct tn_str names[] = {TN_STR("a"), TN_STR("a"), TN_STR("a_2"), TN_STR("a"), TN_STR("")};
    struct tn_buf keys;

    tn_buf_init(&keys, 1 << 16);
    tn_rest_keys(names, TN_ARRAY_LEN(names), &keys);
    CU_ASSERT(tn_str_eq(tn_buf_str(&keys), TN_STR("\"a\"\0\"a_3\"\0\"a_2\"\0\"a_4\"\0\"\"\0")));
    tn_buf_clear(&keys);
    tn_rest_csv_names(names, TN_ARRAY_LEN(names), &keys);
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&keys), "a,a,a_2,a,\"\""));
    tn_buf_reset(&keys);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* However many columns there are, and however long their names: each has a key of its own. */
static void test_many_names(void)
{
    enum { COUNT = 5000, LONG = 400 };
    static struct tn_str names[COUNT];
    static char          text[2][LONG];
    static const char   *all[COUNT];
    struct tn_buf        keys;
    const char          *at;
    size_t               same = 0;

    memset(text, 'x', sizeof text);
    text[1][LONG - 1] = 'y';
    for (size_t i = 0; i < COUNT; i++)
        names[i] = tn_str_n(text[i % 2], LONG);
    tn_buf_init(&keys, (size_t)64 << 20);
    tn_rest_keys(names, COUNT, &keys);
    CU_ASSERT_FATAL(!keys.failed && keys.len > 0);
    at = keys.data;
    for (size_t i = 0; i < COUNT; i++, at += strlen(at) + 1)
        all[i] = at;
    CU_ASSERT_PTR_EQUAL(at, keys.data + keys.len);
    qsort(all, COUNT, sizeof *all, by_text);
    for (size_t i = 1; i < COUNT; i++)
        same += strcmp(all[i - 1], all[i]) == 0;
    CU_ASSERT_EQUAL(same, 0);
    tn_buf_reset(&keys);
}

/* Rows that are cut short are not read beyond their end. */
static void test_hostile_rows(void)
{
    struct tn_str row;
    size_t        at = 0;

    CU_ASSERT_FALSE(tn_rest_row_next(tn_str_n("\xff\xff\xff\xff....", 8), &at, &row));
    CU_ASSERT_FALSE(tn_rest_row_next(tn_str_n("\1\0\0", 3), &at, &row));
    at = 100;
    CU_ASSERT_FALSE(tn_rest_row_next(tn_str_n("\1\0\0\0x", 5), &at, &row));
}

static void test_accept(void)
{
    static const struct {
        const char         *accept;
        bool                any;
        enum tn_rest_format format;
    } cases[] = {{"*/*", true, TN_REST_OBJECTS}, {"", true, TN_REST_OBJECTS}, {"application/json", true, TN_REST_OBJECTS}, {"text/csv", true, TN_REST_CSV},
                 {"text/*", true, TN_REST_CSV}, {"TEXT/CSV; charset=utf-8", true, TN_REST_CSV}, {"image/png", false, TN_REST_OBJECTS},
                 {"application/json;q=0, */*", true, TN_REST_ARRAYS}, {"application/json; rows=arrays", true, TN_REST_ARRAYS},
                 {"text/html, application/xhtml+xml, */*;q=0.8", true, TN_REST_OBJECTS}, {"application/json;q=0.1, application/x-ndjson;q=0.2", true, TN_REST_NDJSON},
                 {"text/csv, */*", true, TN_REST_CSV}, {"*/*, application/json;rows=arrays", true, TN_REST_ARRAYS}, {"text/*, application/x-ndjson", true, TN_REST_NDJSON},
                 {"text/csv;q=0.5, */*", true, TN_REST_OBJECTS}, {"*/*;q=0", false, TN_REST_OBJECTS}, {"application/json;q=2", false, TN_REST_OBJECTS}};

    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++) {
        enum tn_rest_format format;

        CU_ASSERT_EQUAL(tn_rest_format_choose(tn_str(cases[i].accept), &format), cases[i].any);
        if (cases[i].any)
            CU_ASSERT_EQUAL(format, cases[i].format);
    }
}

/* ---- requests ---- */

static void test_request(void)
{
    struct tn_rest_request request;
    struct tn_arena        arena;
    struct tn_error        err = TN_ERROR_INIT;
    struct tn_str          tags;

    tn_arena_init(&arena, 0);
    CU_ASSERT_EQUAL_FATAL(tn_rest_request_read(TN_STR("{\"sql\":\"SELECT 1\"}"), &arena, &request, &err), TN_OK);
    CU_ASSERT(request.limit == 10000 && request.timeout_s == 300 && !request.limit_given && request.parameters == NULL);
    CU_ASSERT_EQUAL_FATAL(tn_rest_request_read(TN_STR("{\"sql\":\"S\",\"limit\":1e3,\"offset\":2.0,\"timeoutSeconds\":null,\"metadata\":{\"a\":1,\"tags\":[\"x\"],"
                                                      "\"b\":true},\"tenantId\":\"t\"}"), &arena, &request, &err), TN_OK);
    CU_ASSERT(request.limit == 1000 && request.offset == 2 && request.timeout_s == 300);
    CU_ASSERT_EQUAL_FATAL(tn_rest_request_tags(&request, &arena, &tags, &err), TN_OK);
    CU_ASSERT(tn_str_eq_c(tags, "{\"a\":\"1\",\"x\":null,\"b\":\"true\",\"tenantId\":\"t\"}"));
    CU_ASSERT_EQUAL(tn_rest_request_read(TN_STR("{\"sql\":\"S\",\"limit\":1.5}"), &arena, &request, &err), TN_E_INVALID);
    CU_ASSERT_EQUAL(tn_rest_request_read(TN_STR("{\"sql\":\"S\",\"timeoutSeconds\":604801}"), &arena, &request, &err), TN_E_INVALID);
    CU_ASSERT_EQUAL(tn_rest_request_read(TN_STR("{\"sql\":null}"), &arena, &request, &err), TN_E_INVALID);
    tn_arena_reset(&arena);
}

static enum tn_status read_param(const char *json, struct tn_arena *arena, struct tn_param *out)
{
    const struct tn_json_node *node;
    struct tn_error            err = TN_ERROR_INIT;

    CU_ASSERT_EQUAL_FATAL(tn_json_read(tn_str(json), arena, &node, &err), TN_OK);
    return tn_rest_param_read(node, "p", arena, out, &err);
}

static void test_params(void)
{
    struct tn_arena arena;
    struct tn_param p;

    tn_arena_init(&arena, 0);
    CU_ASSERT(read_param("9223372036854775807", &arena, &p) == TN_OK && p.pg_oid == TN_PG_INT8 && p.value.as.i64 == INT64_MAX);
    CU_ASSERT(read_param("9223372036854775808", &arena, &p) == TN_OK && p.pg_oid == TN_PG_NUMERIC && tn_str_eq_c(p.value.as.text, "9223372036854775808"));
    CU_ASSERT(read_param("1.5", &arena, &p) == TN_OK && p.pg_oid == TN_PG_FLOAT8);
    CU_ASSERT(read_param("true", &arena, &p) == TN_OK && p.pg_oid == TN_PG_BOOL && p.value.as.boolean);
    CU_ASSERT(read_param("null", &arena, &p) == TN_OK && p.pg_bytes.ptr == NULL && p.value.type == TN_TYPE_NULL);
    CU_ASSERT(read_param("\"x'\"", &arena, &p) == TN_OK && p.pg_oid == 0 && p.value.untyped && tn_str_eq_c(p.value.as.text, "x'"));
    CU_ASSERT(read_param("[1,null,3]", &arena, &p) == TN_OK && p.value.is_list && p.value.as.list.count == 3 && p.value.as.list.items[2].as.i64 == 3);
    CU_ASSERT(read_param("[1,2.5]", &arena, &p) == TN_OK && p.value.as.list.items[1].type == TN_TYPE_FLOAT64);
    CU_ASSERT(read_param("[\"a\\\"\\\\,{}\"]", &arena, &p) == TN_OK && tn_str_eq_c(p.value.as.list.items[0].as.text, "a\"\\,{}"));
    CU_ASSERT(read_param("{\"type\":\"DECIMAL(10,2)\",\"value\":\"1.50\"}", &arena, &p) == TN_OK && p.pg_oid == TN_PG_NUMERIC);
    CU_ASSERT(read_param("{\"type\":\"date\",\"value\":\"1970-01-02\"}", &arena, &p) == TN_OK && p.value.as.i64 == 1);
    CU_ASSERT(read_param("{\"type\":\"date\",\"value\":null}", &arena, &p) == TN_OK && p.pg_oid == TN_PG_DATE && p.pg_bytes.ptr == NULL);
    CU_ASSERT(read_param("{\"type\":\"date\",\"value\":\"x\"}", &arena, &p) == TN_E_INVALID);
    CU_ASSERT(read_param("{\"type\":\"thing\",\"value\":1}", &arena, &p) == TN_E_INVALID);
    CU_ASSERT(read_param("{\"value\":1}", &arena, &p) == TN_E_INVALID);
    CU_ASSERT(read_param("{\"type\":\"varbinary\",\"value\":\"AP8=\"}", &arena, &p) == TN_OK && p.pg_oid == TN_PG_BYTEA && tn_str_eq(p.value.as.text, tn_str_n("\0\xff", 2)));
    CU_ASSERT(read_param("{\"type\":\"varbinary\",\"value\":\"\"}", &arena, &p) == TN_OK && p.value.as.text.len == 0 && p.value.type == TN_TYPE_BYTES);
    CU_ASSERT(read_param("{\"type\":\"bytea\",\"value\":\"\\\\x00fF\"}", &arena, &p) == TN_OK && tn_str_eq(p.value.as.text, tn_str_n("\0\xff", 2)));
    CU_ASSERT(read_param("{\"type\":\"varbinary\",\"value\":\"AP8\"}", &arena, &p) == TN_E_INVALID);
    CU_ASSERT(read_param("{\"type\":\"varbinary\",\"value\":[\"AQ==\",null]}", &arena, &p) == TN_OK && p.value.is_list && tn_str_eq_c(p.value.as.list.items[0].as.text, "\1"));
    CU_ASSERT(read_param("{\"type\":\"varbinary\",\"value\":[\"A\"]}", &arena, &p) == TN_E_INVALID);
    CU_ASSERT(read_param("{\"type\":\"date[]\",\"value\":[\"1970-01-02\"]}", &arena, &p) == TN_OK && p.value.is_list && p.value.as.list.items[0].as.i64 == 1);
    CU_ASSERT(read_param("{\"type\":\"INTEGER[]\",\"value\":null}", &arena, &p) == TN_OK && p.pg_oid == tn_pg_type_find(TN_PG_INT4)->array_oid && p.pg_bytes.ptr == NULL);
    CU_ASSERT(read_param("{\"type\":\"integer[]\",\"value\":1}", &arena, &p) == TN_E_INVALID);
    CU_ASSERT(read_param("{\"type\":\"[]\",\"value\":[1]}", &arena, &p) == TN_E_INVALID);
    CU_ASSERT(read_param("[1,\"x\"]", &arena, &p) == TN_E_INVALID);
    CU_ASSERT(read_param("[[1]]", &arena, &p) == TN_E_INVALID);
    tn_arena_reset(&arena);
}

int main(void)
{
    CU_pSuite suite;

    for (size_t i = 0; i < TN_ARRAY_LEN(columns); i++)
        tn_column_set_pg(&columns[i]);
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("rest", NULL, NULL);
    CU_add_test(suite, "rows", test_rows);
    CU_add_test(suite, "conversion", test_conversion);
    CU_add_test(suite, "names", test_names);
    CU_add_test(suite, "many names", test_many_names);
    CU_add_test(suite, "hostile rows", test_hostile_rows);
    CU_add_test(suite, "accept", test_accept);
    CU_add_test(suite, "request", test_request);
    CU_add_test(suite, "parameters", test_params);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    return CU_get_number_of_failures() > 0;
}

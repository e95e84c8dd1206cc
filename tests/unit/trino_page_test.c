/* trino_page_test.c - pages of Trino's protocol: taken apart, their columns and values, what is refused. */
#include "harness.h"

#include "engine/trino/trino_error.h"
#include "engine/trino/trino_page.h"
#include "engine/trino/trino_value.h"

static struct tn_arena arena;

static struct tn_trino_page page_of(const char *text)
{
    struct tn_trino_page page;
    struct tn_error      err = TN_ERROR_INIT;

    CU_ASSERT_EQUAL(tn_trino_page_read(&page, tn_str(text), &arena, &err), TN_OK);
    return page;
}

static void test_page(void)
{
    static const char body[] =
        "{\"id\":\"q1\",\"infoUri\":\"http://h/ui\",\"partialCancelUri\":\"http://h/p\",\"nextUri\":\"http:\\/\\/h\\/v1\\/n\","
        "\"columns\":[{\"name\":\"a\",\"type\":\"bigint\"}],\"data\":[[1],[null]],\"stats\":{\"state\":\"RUNNING\",\"cpuTimeMillis\":5,"
        "\"queuedTimeMillis\":7,\"processedRows\":9223372036854775807,\"processedBytes\":18446744073709551615,\"physicalInputBytes\":-1,\"peakMemoryBytes\":9,\"rootStage\":{\"x\":[{}]}},"
        "\"warnings\":[],\"updateType\":null,\"later\":{\"nested\":[1,{\"a\":[]}]}}";
    struct tn_trino_page page = page_of(body);

    CU_ASSERT(tn_str_eq_c(page.id, "q1") && tn_str_eq_c(page.next_uri, "http://h/v1/n"));
    CU_ASSERT(tn_str_eq_c(page.next_uri_at, "http:\\/\\/h\\/v1\\/n") && page.next_uri_at.ptr > body && page.next_uri_at.ptr < body + sizeof body);
    CU_ASSERT(tn_str_eq_c(page.partial_uri_at, "http://h/p"));
    CU_ASSERT(tn_str_eq_c(page.data, "[[1],[null]]"));
    CU_ASSERT(page.stats.cpu_ms == 5 && page.stats.queued_ms == 7 && page.stats.rows == INT64_MAX && page.stats.bytes == 0 && page.stats.physical_bytes == 0 &&
              page.stats.peak_memory == 9);
    CU_ASSERT(page.update_type.ptr == NULL && !page.has_update_count && !page.failed);
    page = page_of("{\"id\":\"q\",\"updateType\":\"INSERT\",\"updateCount\":3,\"stats\":{}}");
    CU_ASSERT(tn_str_eq_c(page.update_type, "INSERT") && page.has_update_count && page.update_count == 3 && page.next_uri.ptr == NULL);
    tn_arena_reset(&arena);
}

/* What ends a string, or may not stand in it, is seen wherever it stands: many bytes are looked at at once. */
static void test_strings(void)
{
    static const char body[] = "{\"id\":\"0123456789abcdefghijklmnopqrstuvwxyz0123456789\"}";
    static const char plain[] = {'!', '#', '[', ']', 0x7f, ' '}, control[] = {0, 1, '\t', '\n', 0x1f};
    struct tn_trino_page page;
    char                 text[sizeof body];
    size_t               first = sizeof "{\"id\":\"" - 1, count = sizeof body - 1 - first - 2;

    for (size_t i = 0; i < count; i++) {
        memcpy(text, body, sizeof body);
        for (size_t k = 0; k < sizeof plain; k++) {
            text[first + i] = plain[k];
            CU_ASSERT(tn_trino_page_read(&page, tn_str_n(text, sizeof body - 1), &arena, NULL) == TN_OK && page.id.len == count && page.id.ptr[i] == plain[k]);
        }
        for (size_t k = 0; k < sizeof control; k++) {
            text[first + i] = control[k];
            CU_ASSERT(tn_trino_page_read(&page, tn_str_n(text, sizeof body - 1), &arena, NULL) == TN_E_ENGINE);
        }
        text[first + i] = '\\'; /* no escape, but where n, b or f follows, or what would end the string */
        CU_ASSERT((tn_trino_page_read(&page, tn_str_n(text, sizeof body - 1), &arena, NULL) == TN_OK) == (strchr("nbfrt", text[first + i + 1]) != NULL));
        memcpy(text + first + i, "\"}", 2);
        CU_ASSERT(tn_trino_page_read(&page, tn_str_n(text, first + i + 2), &arena, NULL) == TN_OK && page.id.len == i);
        CU_ASSERT(tn_trino_page_read(&page, tn_str_n(text, first + i), &arena, NULL) == TN_E_ENGINE);
    }
    tn_arena_reset(&arena);
}

static void test_not_a_page(void)
{
    static const char *const bad[] = {
        "", "null", "[]", "{}", "{\"id\":1}", "{\"id\":\"q\"", "{\"id\":\"q\"}x", "{\"id\":\"q\",}", "{\"id\":\"q\" \"a\":1}", "{\"id\":\"\\x\"}",
        "{\"id\":\"q\",\"columns\":{}}", "{\"id\":\"q\",\"data\":[1,]}", "{\"id\":\"q\",\"a\":01}", "{\"id\":\"q\",\"a\":tru}",
        "{\"id\":\"q\",\"stats\":[]}", "{\"id\":\"q\",\"error\":7}", "{\"id\":\"\xff\"}", "<html>502 Bad Gateway</html>", "{\"id\":\"q\",\"a\":\"\n\"}",
    };
    struct tn_trino_page page;
    char                 deep[1024];

    for (size_t i = 0; i < TN_ARRAY_LEN(bad); i++) {
        struct tn_error err = TN_ERROR_INIT;

        CU_ASSERT_EQUAL_FATAL(tn_trino_page_read(&page, tn_str(bad[i]), &arena, &err), TN_E_ENGINE);
        CU_ASSERT_STRING_EQUAL(err.sqlstate, "08P01");
    }
    memset(deep, '[', sizeof deep);
    memcpy(deep, "{\"id\":\"q\",\"a\":", 14);
    CU_ASSERT_EQUAL(tn_trino_page_read(&page, tn_str_n(deep, sizeof deep), &arena, NULL), TN_E_ENGINE);
    tn_arena_reset(&arena);
}

static void test_failure(void)
{
    struct tn_trino_page page = page_of(
        "{\"id\":\"q7\",\"stats\":{},\"error\":{\"message\":\"line 2:3: Column 'x' cannot be resolved\",\"errorCode\":47,\"errorName\":"
        "\"COLUMN_NOT_FOUND\",\"errorType\":\"USER_ERROR\",\"errorLocation\":{\"lineNumber\":2,\"columnNumber\":3},\"failureInfo\":{\"stack\":[]}}}");
    struct tn_error err = TN_ERROR_INIT;

    CU_ASSERT(page.failed && page.failure.code == 47);
    tn_trino_error(&err, &page.failure, page.id, TN_STR("SELECT '☃',\n  x"), TN_STR("SELECT '☃',\n  x"));
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "42703");
    CU_ASSERT_STRING_EQUAL(err.message, "line 2:3: Column 'x' cannot be resolved");
    CU_ASSERT_STRING_EQUAL(err.detail, "Trino error 47 COLUMN_NOT_FOUND (USER_ERROR) of query q7");
    CU_ASSERT(err.position == 15 && err.fault == TN_FAULT_QUERY && err.from_engine);
    tn_error_reset(&err);
    tn_trino_error(&err, &page.failure, page.id, TN_STR("x"), TN_STR("EXECUTE IMMEDIATE 'x'"));
    CU_ASSERT_EQUAL(err.position, 0);
    tn_error_reset(&err);
    page.failure.line = 1; /* as Trino 476 tells it */
    page.failure.column = 39;
    tn_trino_error(&err, &page.failure, page.id, TN_STR("SELECT $1, 'it''s', nope FROM t"), TN_STR("EXECUTE IMMEDIATE 'SELECT ...' USING 1"));
    CU_ASSERT_EQUAL(err.position, 21);
    tn_error_reset(&err);
    page.failure.line = 2;
    page.failure.column = 10;
    tn_trino_error(&err, &page.failure, page.id, TN_STR("SELECT $12,\n '☃', $2, x"), TN_STR("EXECUTE IMMEDIATE 'SELECT ...' USING 1"));
    CU_ASSERT_EQUAL(err.position, 23);
    tn_error_reset(&err);
    page.failure.column = 1000;
    tn_trino_error(&err, &page.failure, page.id, TN_STR("$1\n"), TN_STR("EXECUTE IMMEDIATE '?' USING 1"));
    CU_ASSERT_EQUAL(err.position, 0);
    tn_error_reset(&err);
    page.failure = (struct tn_trino_failure){.message = TN_STR("m"), .name = TN_STR("USER_CANCELED"), .type = TN_STR("USER_ERROR")};
    tn_trino_error(&err, &page.failure, page.id, TN_STR(""), TN_STR(""));
    CU_ASSERT(strcmp(err.sqlstate, "57014") == 0 && err.fault == TN_FAULT_CANCEL && err.status == TN_E_CANCELLED);
    tn_error_reset(&err);
    page.failure = (struct tn_trino_failure){.name = TN_STR("SOMETHING_NEW"), .type = TN_STR("INTERNAL_ERROR")};
    tn_trino_error(&err, &page.failure, page.id, TN_STR(""), TN_STR(""));
    CU_ASSERT(strcmp(err.sqlstate, "XX000") == 0 && err.fault == TN_FAULT_ENGINE && strcmp(err.message, "SOMETHING_NEW") == 0);
    tn_error_reset(&err);
    tn_arena_reset(&arena);
}

static void test_types(void)
{
    static const struct {
        const char        *text;
        enum tn_trino_kind kind;
        unsigned           precision, scale;
        enum tn_type       type;
    } cases[] = {
        {"bigint", TN_TRINO_BIGINT, 0, 0, TN_TYPE_INT64},
        {"decimal(38, 10)", TN_TRINO_DECIMAL, 38, 10, TN_TYPE_NUMERIC},
        {"varchar(99999999999999)", TN_TRINO_VARCHAR, INT32_MAX, 0, TN_TYPE_TEXT},
        {"timestamp(12) with time zone", TN_TRINO_TIMESTAMP_TZ, 12, 0, TN_TYPE_TIMESTAMPTZ},
        {"timestamp with time zone", TN_TRINO_TIMESTAMP_TZ, 0, 0, TN_TYPE_TIMESTAMPTZ},
        {"time(3)", TN_TRINO_TIME, 3, 0, TN_TYPE_TIME},
        {"interval day to second", TN_TRINO_DAY_TO_SECOND, 0, 0, TN_TYPE_INTERVAL},
        {"array(varchar(3))", TN_TRINO_ARRAY, 0, 0, TN_TYPE_JSON},
        {"row(x decimal(3,1), y map(varchar, bigint))", TN_TRINO_ROW, 0, 0, TN_TYPE_JSON},
        {"HyperLogLog", TN_TRINO_OTHER, 0, 0, TN_TYPE_TEXT},
        {"qdigest(bigint)", TN_TRINO_OTHER, 0, 0, TN_TYPE_TEXT},
        {"", TN_TRINO_OTHER, 0, 0, TN_TYPE_TEXT},
        {"()()((", TN_TRINO_OTHER, 0, 0, TN_TYPE_TEXT},
    };
    struct tn_trino_type type;
    struct tn_column     column;

    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++) {
        tn_trino_type_parse(&type, tn_str(cases[i].text));
        tn_trino_type_column(&column, &type);
        if (type.kind != cases[i].kind || type.precision != cases[i].precision || type.scale != cases[i].scale || column.type != cases[i].type) {
            printf("\n%s: kind %d precision %u scale %u type %s\n", cases[i].text, (int)type.kind, type.precision, type.scale, tn_type_name(column.type));
            CU_FAIL("a type was read otherwise");
        }
    }
}

/* One value of TYPE as the batch has it, in text; "ERROR" when it is refused. */
static const char *value_of(const char *columns, const char *json)
{
    static char             out[512];
    struct tn_trino_columns read;
    struct tn_trino_decoder decoder;
    struct tn_builder      *builder;
    struct tn_batch         batch;
    struct tn_trino_json    in;
    struct tn_buf           text;
    struct tn_error         err = TN_ERROR_INIT;

    CU_ASSERT_EQUAL_FATAL(tn_trino_columns_read(&read, tn_str(columns), &arena, &err), TN_OK);
    CU_ASSERT_EQUAL_FATAL(read.schema.count, 1);
    CU_ASSERT_EQUAL_FATAL(tn_builder_new(&builder, &read.schema, 1 << 20, &err), TN_OK);
    tn_trino_decoder_init(&decoder, 1 << 20);
    tn_trino_json_begin(&in, tn_str(json));
    tn_builder_begin(builder);
    tn_str_copy(out, sizeof out, TN_STR("ERROR"));
    if (tn_trino_value_put(&decoder, builder, 0, read.schema.columns, read.types, &in, &err) == TN_OK && tn_builder_end(builder, &err) == TN_OK &&
        tn_trino_json_at_end(&in) && tn_builder_finish(builder, &batch, &err) == TN_OK) {
        tn_buf_init(&text, 4096);
        tn_test_put_value(&text, read.schema.columns, batch.columns[0], 0);
        tn_str_copy(out, sizeof out, tn_buf_str(&text));
        tn_buf_reset(&text);
        tn_batch_release(&batch);
    }
    tn_builder_free(builder);
    tn_trino_decoder_reset(&decoder);
    tn_error_reset(&err);
    tn_arena_reset(&arena);
    return out;
}

#define COLUMN(type) "[{\"name\":\"c\",\"type\":\"" type "\"}]"

static void test_values(void)
{
    static const struct {
        const char *columns, *json, *expected;
    } cases[] = {
        {COLUMN("bigint"), "9007199254740993", "9007199254740993"},
        {COLUMN("bigint"), "9223372036854775808", "ERROR"},
        {COLUMN("bigint"), "1.5", "ERROR"},
        {COLUMN("bigint"), "\"1\"", "ERROR"},
        {COLUMN("tinyint"), "128", "ERROR"},
        {COLUMN("boolean"), "true", "t"},
        {COLUMN("boolean"), "1", "ERROR"},
        {COLUMN("bigint"), "null", "NULL"},
        {COLUMN("double"), "\"NaN\"", "nan"},
        {COLUMN("double"), "\"nan\"", "ERROR"},
        {COLUMN("decimal(10,2)"), "\"-12.30\"", "-12.30"},
        {COLUMN("decimal(10,2)"), "\"12.3e1\"", "ERROR"},
        {COLUMN("decimal(10,2)"), "\"\"", "ERROR"},
        {COLUMN("varchar"), "\"a\\u00e9\\ud83d\\ude00\\n\\\"\"", "a\xc3\xa9\xf0\x9f\x98\x80\n\""},
        {COLUMN("varchar"), "\"\\ud83d!\"", "\xef\xbf\xbd!"},
        {COLUMN("varchar"), "7", "ERROR"},
        {COLUMN("varbinary"), "\"AP8=\"", "\\x00ff"},
        {COLUMN("varbinary"), "\"AP8\"", "ERROR"},
        {COLUMN("varbinary"), "\"A*8=\"", "ERROR"},
        {COLUMN("date"), "\"2024-02-29\"", "2024-02-29"},
        {COLUMN("date"), "\"2023-02-29\"", "ERROR"},
        {COLUMN("date"), "\"2024-13-01\"", "ERROR"},
        {COLUMN("timestamp(9)"), "\"2024-01-01 01:02:03.123456500\"", "2024-01-01 01:02:03.123457"},
        {COLUMN("timestamp(3)"), "\"1969-12-31 23:59:59.999\"", "1969-12-31 23:59:59.999000"},
        {COLUMN("timestamp(3)"), "\"2024-01-01\"", "ERROR"},
        {COLUMN("timestamp(3)"), "\"2024-01-01 24:00:00.000\"", "ERROR"},
        {"[{\"name\":\"c\",\"type\":\"x\",\"typeSignature\":{\"rawType\":\"row\",\"arguments\":[{\"kind\":\"NAMED_TYPE\",\"value\":{\"fieldName\":{\"name\":"
         "\"a\\\"\"},\"typeSignature\":{\"rawType\":\"decimal\",\"arguments\":[{\"kind\":\"LONG\",\"value\":3},{\"kind\":\"LONG\",\"value\":1}]}}},{\"kind\":"
         "\"NAMED_TYPE\",\"value\":{\"fieldName\":{\"name\":\"b\"},\"typeSignature\":{\"rawType\":\"array\",\"arguments\":[{\"kind\":\"TYPE\",\"value\":"
         "{\"rawType\":\"bigint\",\"arguments\":[]}}]}}}]}}]",
         "[\"1.5\",[1,null]]", "{\"a\\\"\":1.5,\"b\":[1,null]}"},
        {COLUMN("array(bigint)"), "[1, [2], {\"a\" : \"b\"}]", "[1,[2],{\"a\":\"b\"}]"},
        {COLUMN("array(bigint)"), "[1,", "ERROR"},
        {COLUMN("unheard_of"), "{\"a\":1}", "{\"a\":1}"},
        {COLUMN("unheard_of"), "12", "12"},
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++) {
        const char *got = value_of(cases[i].columns, cases[i].json);

        if (strcmp(got, cases[i].expected) != 0) {
            printf("\n%s %s: %s, expected %s\n", cases[i].columns, cases[i].json, got, cases[i].expected);
            CU_FAIL("a value was read otherwise");
        }
    }
}

static void test_times(void)
{
    struct tn_trino_decoder decoder;
    struct tn_interval      interval;
    int64_t                 us;
    int32_t                 days, east_s;

    tn_trino_decoder_init(&decoder, 64);
    CU_ASSERT(tn_trino_date(TN_STR("0000-12-31"), &days) && days == -719163);
    CU_ASSERT(tn_trino_date(TN_STR("-0001-01-01"), &days) && days == -719893);
    CU_ASSERT(!tn_trino_date(TN_STR("9999999-01-01"), &days) && !tn_trino_date(TN_STR("2024-1-1"), &days));
    CU_ASSERT(tn_trino_time(TN_STR("23:59:59.9999995"), &us) && us == 0);
    CU_ASSERT(tn_trino_time(TN_STR("00:00:00.000000000001"), &us) && us == 0);
    CU_ASSERT(!tn_trino_time(TN_STR("00:00"), &us) && !tn_trino_time(TN_STR("00:00:00."), &us) && !tn_trino_time(TN_STR("00:00:00.1234567890123"), &us));
    CU_ASSERT(tn_trino_time_tz(TN_STR("10:00:00.000-03:30"), &us, &east_s) && us == 36000000000 && east_s == -12600);
    CU_ASSERT(!tn_trino_time_tz(TN_STR("10:00:00.000"), &us, &east_s) && !tn_trino_time_tz(TN_STR("10:00:00+99:00"), &us, &east_s));
    CU_ASSERT(tn_trino_timestamp_tz(&decoder, TN_STR("1970-01-01 01:00:00.000 Europe/Berlin"), &us) && us == 0);
    CU_ASSERT(tn_trino_timestamp_tz(&decoder, TN_STR("1970-01-01 00:00:00.000 UTC"), &us) && us == 0);
    CU_ASSERT(tn_trino_timestamp_tz(&decoder, TN_STR("1970-01-01 00:00:01.000 +00:00"), &us) && us == 1000000);
    CU_ASSERT(!tn_trino_timestamp_tz(&decoder, TN_STR("1970-01-01 00:00:00.000 Nowhere/Land"), &us));
    CU_ASSERT(!tn_trino_timestamp_tz(&decoder, TN_STR("1970-01-01 00:00:00.000"), &us) && !tn_trino_timestamp_tz(&decoder, TN_STR(""), &us));
    CU_ASSERT(tn_trino_year_to_month(TN_STR("-1-2"), &interval) && interval.months == -14);
    CU_ASSERT(tn_trino_day_to_second(TN_STR("-1 02:03:04.500"), &interval) && interval.days == -1 && interval.nanoseconds == -7384500000000);
    CU_ASSERT(!tn_trino_year_to_month(TN_STR("999999999-0"), &interval) && !tn_trino_day_to_second(TN_STR("1"), &interval));
    tn_trino_decoder_reset(&decoder);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    tn_arena_init(&arena, 1 << 24);
    CU_initialize_registry();
    suite = CU_add_suite("trino pages", NULL, NULL);
    CU_add_test(suite, "page", test_page);
    CU_add_test(suite, "strings", test_strings);
    CU_add_test(suite, "not a page", test_not_a_page);
    CU_add_test(suite, "failure", test_failure);
    CU_add_test(suite, "types", test_types);
    CU_add_test(suite, "values", test_values);
    CU_add_test(suite, "times", test_times);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}

/* Parameters: what PostgreSQL's cases do not show. Hostile lengths, errors and their codes, arrays, conversions, memory. */
#include "frontend/pgwire/pg_value.h"

#include "base/alloc.h"
#include "base/rand.h"
#include "base/tz.h"
#include "frontend/pgwire/pg_convert.h"

#include <CUnit/Basic.h>

static const struct tn_pg_style style = TN_PG_STYLE_INIT;
static struct tn_arena          arena;

static enum tn_status decode(uint32_t oid, int16_t format, struct tn_str bytes, struct tn_value *value,
                             struct tn_error *err)
{
    return tn_pg_value_decode(oid, format, bytes, &style, &arena, value, err);
}

static void expect_error_n(uint32_t oid, int16_t format, struct tn_str bytes, const char *sqlstate)
{
    struct tn_value value;
    struct tn_error err = TN_ERROR_INIT;
    char           *exact = tn_malloc(bytes.len > 0 ? bytes.len : 1); /* a read behind the end is seen */

    if (bytes.len > 0)
        memcpy(exact, bytes.ptr, bytes.len);
    CU_ASSERT_NOT_EQUAL(decode(oid, format, tn_str_n(exact, bytes.len), &value, &err), TN_OK);
    if (strcmp(err.sqlstate, sqlstate) != 0)
        fprintf(stderr, "OID %u: want %s, got %s %s\n", oid, sqlstate, err.sqlstate, err.message);
    CU_ASSERT_STRING_EQUAL(err.sqlstate, sqlstate);
    CU_ASSERT_TRUE(tn_utf8_valid_prefix(err.message, strlen(err.message)) == strlen(err.message));
    tn_error_reset(&err);
    tn_free(exact);
    tn_arena_reset(&arena);
}

#define TEXT_ERROR(oid, text, sqlstate) expect_error_n(oid, 0, TN_STR(text), sqlstate)
#define BINARY_ERROR(oid, bytes, sqlstate) expect_error_n(oid, 1, TN_STR(bytes), sqlstate)

static struct tn_value decoded(uint32_t oid, int16_t format, struct tn_str bytes)
{
    struct tn_value value;
    struct tn_error err = TN_ERROR_INIT;

    if (decode(oid, format, bytes, &value, &err) != TN_OK) {
        fprintf(stderr, "%s\n", err.message);
        CU_FAIL("decode");
    }
    return value;
}

static void nulls_and_untyped(void)
{
    struct tn_value v = decoded(TN_PG_INT4, 1, tn_str_n(NULL, 0));

    CU_ASSERT_EQUAL(v.type, TN_TYPE_NULL);
    v = decoded(0, 0, TN_STR("abc"));
    CU_ASSERT_TRUE(v.untyped && v.type == TN_TYPE_TEXT && tn_str_eq_c(v.as.text, "abc"));
    v = decoded(TN_PG_UNKNOWN, 0, TN_STR("abc"));
    CU_ASSERT_TRUE(v.untyped && v.type == TN_TYPE_TEXT);
    v = decoded(TN_PG_UNKNOWN, 1, TN_STR("abc"));
    CU_ASSERT_TRUE(v.untyped && v.type == TN_TYPE_TEXT);
    v = decoded(600, 0, TN_STR("(1,2)")); /* a type we do not know: the engine may */
    CU_ASSERT_TRUE(v.untyped && tn_str_eq_c(v.as.text, "(1,2)"));
    v = decoded(TN_PG_TEXT, 0, TN_STR(""));
    CU_ASSERT_TRUE(!v.untyped && v.type == TN_TYPE_TEXT && v.as.text.len == 0);
    tn_arena_reset(&arena);
}

static void types(void)
{
    CU_ASSERT_EQUAL(decoded(TN_PG_INT2, 0, TN_STR("-7")).as.i64, -7);
    CU_ASSERT_EQUAL(decoded(TN_PG_INT2, 0, TN_STR("-7")).type, TN_TYPE_INT16);
    CU_ASSERT_EQUAL(decoded(TN_PG_OID, 0, TN_STR("-1")).as.u64, UINT32_MAX);
    CU_ASSERT_TRUE(decoded(TN_PG_BOOL, 1, TN_STR("\1")).as.boolean);
    CU_ASSERT_EQUAL(decoded(TN_PG_DATE, 0, TN_STR("1970-01-02")).as.i64, 1);
    CU_ASSERT_EQUAL(decoded(TN_PG_DATE, 0, TN_STR("-infinity")).as.i64, INT32_MIN);
    CU_ASSERT_EQUAL(decoded(TN_PG_TIMESTAMP, 0, TN_STR("infinity")).as.i64, INT64_MAX);
    CU_ASSERT_EQUAL(decoded(TN_PG_TIMETZ, 0, TN_STR("01:00:00+02")).as.timetz.offset_s, 7200);
    CU_ASSERT_EQUAL(decoded(TN_PG_TIMESTAMPTZ, 0, TN_STR("1970-01-01T02:00:00+02")).as.i64, 0);
    CU_ASSERT_EQUAL(decoded(TN_PG_INTERVAL, 0, TN_STR("1 mon 2 days 3.5 s")).as.interval.nanoseconds, INT64_C(3500000000));
    CU_ASSERT_EQUAL(decoded(TN_PG_JSONB, 1, TN_STR("\1{}")).type, TN_TYPE_JSON);
    CU_ASSERT_EQUAL(decoded(TN_PG_UUID, 0, TN_STR("00000000-0000-0000-0000-0000000000ff")).as.uuid[15], 255);
    tn_arena_reset(&arena);
}

static void text_errors(void)
{
    TEXT_ERROR(TN_PG_INT4, "abc", "22P02");
    TEXT_ERROR(TN_PG_INT4, "", "22P02");
    TEXT_ERROR(TN_PG_INT4, "2147483648", "22003");
    TEXT_ERROR(TN_PG_INT8, "99999999999999999999999999", "22003");
    TEXT_ERROR(TN_PG_BOOL, "maybe", "22P02");
    TEXT_ERROR(TN_PG_FLOAT8, "1e999", "22003");
    TEXT_ERROR(TN_PG_FLOAT8, "1.2.3", "22P02");
    TEXT_ERROR(TN_PG_NUMERIC, "1e999999999999", "22P02");
    TEXT_ERROR(TN_PG_NUMERIC, "1e200000", "22003");
    TEXT_ERROR(TN_PG_UUID, "zz", "22P02");
    TEXT_ERROR(TN_PG_BYTEA, "\\x1", "22P02");
    TEXT_ERROR(TN_PG_DATE, "yesterday", "22007");
    TEXT_ERROR(TN_PG_DATE, "01/02/2024", "22007");
    TEXT_ERROR(TN_PG_DATE, "2024-02-30", "22008");
    TEXT_ERROR(TN_PG_TIMESTAMP, "Jan 2 2024", "22007");
    TEXT_ERROR(TN_PG_TIMESTAMPTZ, "2024-01-02 03:04:05 Moon/Base", "22007");
    TEXT_ERROR(TN_PG_TIMESTAMPTZ, "2024-01-02 03:04:05 ../../etc/passwd", "22007");
    TEXT_ERROR(TN_PG_INTERVAL, "soon", "22007");
    TEXT_ERROR(TN_PG_INTERVAL, "9999999999999 days", "22008");
    TEXT_ERROR(TN_PG_INTERVAL, "99999999999999999999 days", "22008");
    TEXT_ERROR(TN_PG_TEXT, "a\0b", "22021");
    TEXT_ERROR(TN_PG_TEXT, "\xff", "22021");
    TEXT_ERROR(TN_PG_INT4, "1\xe4", "22021");
    TEXT_ERROR(0, "\xed\xa0\x80", "22021");
    TEXT_ERROR(TN_PG_BYTEA, "abc\xff", "22021");
}

static void binary_errors(void)
{
    BINARY_ERROR(TN_PG_INT4, "", "22P03");
    BINARY_ERROR(TN_PG_INT4, "\0\0\0", "22P03");
    BINARY_ERROR(TN_PG_INT4, "\0\0\0\0\0", "22P03");
    BINARY_ERROR(TN_PG_BOOL, "", "22P03");
    BINARY_ERROR(TN_PG_NUMERIC, "\0\1\0\0\0\0\0", "22P03");
    BINARY_ERROR(TN_PG_NUMERIC, "\0\2\0\0\0\0\0\0\0\1", "22P03");         /* two digits said, one there */
    BINARY_ERROR(TN_PG_NUMERIC, "\0\1\0\0\0\0\0\0\x27\x10", "22P03");     /* digit 10000 */
    BINARY_ERROR(TN_PG_NUMERIC, "\0\1\0\0\x12\x34\0\0\0\1", "22P03");     /* sign */
    BINARY_ERROR(TN_PG_NUMERIC, "\0\1\0\0\0\0\x40\0\0\1", "22P03");       /* scale */
    BINARY_ERROR(TN_PG_JSONB, "\2{}", "22P03");
    BINARY_ERROR(TN_PG_JSONB, "", "22P03");
    BINARY_ERROR(TN_PG_TEXT, "a\xff", "22021");
    BINARY_ERROR(TN_PG_TEXT, "a\0", "22021");
    BINARY_ERROR(TN_PG_UUID, "short", "22P03");
    BINARY_ERROR(TN_PG_TIMESTAMP, "\x7f\xff\xff\xff\xff\xff\xff\xfe", "22008");
    BINARY_ERROR(TN_PG_DATE, "\x7f\xff\xff\xfe", "22008");
    BINARY_ERROR(TN_PG_TIME, "\xff\xff\xff\xff\xff\xff\xff\xff", "22008");
    BINARY_ERROR(TN_PG_TIMETZ, "\0\0\0\0\0\0\0\0\x80\0\0\0", "22008");
    BINARY_ERROR(TN_PG_INTERVAL, "\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0", "22008");
    BINARY_ERROR(600, "\0", "0A000");
    BINARY_ERROR(0, "\0", "0A000");
    expect_error_n(TN_PG_INT4, 2, TN_STR("1"), "22023");
}

static void unknown_oid_is_named(void)
{
    struct tn_value value;
    struct tn_error err = TN_ERROR_INIT;

    CU_ASSERT_EQUAL(decode(601, 1, TN_STR("x"), &value, &err), TN_E_UNSUPPORTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "601"));
    CU_ASSERT_TRUE(strlen(err.hint) > 0);
    tn_error_reset(&err);
}

static void arrays(void)
{
    struct tn_value v = decoded(1009, 0, TN_STR(" {a, \"b,\\\"c\" , NULL,\"NULL\", d e } "));

    CU_ASSERT_TRUE(v.is_list && v.type == TN_TYPE_TEXT);
    CU_ASSERT_EQUAL_FATAL(v.as.list.count, 5);
    CU_ASSERT_TRUE(tn_str_eq_c(v.as.list.items[0].as.text, "a"));
    CU_ASSERT_TRUE(tn_str_eq_c(v.as.list.items[1].as.text, "b,\"c"));
    CU_ASSERT_EQUAL(v.as.list.items[2].type, TN_TYPE_NULL);
    CU_ASSERT_TRUE(tn_str_eq_c(v.as.list.items[3].as.text, "NULL"));
    CU_ASSERT_TRUE(tn_str_eq_c(v.as.list.items[4].as.text, "d e"));
    v = decoded(1007, 1, TN_STR("\0\0\0\1\0\0\0\1\0\0\0\x17\0\0\0\2\0\0\0\1\0\0\0\4\0\0\0\5\xff\xff\xff\xff"));
    CU_ASSERT_EQUAL_FATAL(v.as.list.count, 2);
    CU_ASSERT_EQUAL(v.as.list.items[0].as.i64, 5);
    CU_ASSERT_EQUAL(v.as.list.items[1].type, TN_TYPE_NULL);
    v = decoded(1007, 1, TN_STR("\0\0\0\0\0\0\0\0\0\0\0\x17"));
    CU_ASSERT_TRUE(v.is_list && v.as.list.count == 0);
    tn_arena_reset(&arena);
}

static void array_errors(void)
{
    TEXT_ERROR(1007, "", "22P02");
    TEXT_ERROR(1007, "1,2", "22P02");
    TEXT_ERROR(1007, "{1,x}", "22P02");
    TEXT_ERROR(1007, "{{1},{2}}", "0A000");
    TEXT_ERROR(1007, "[1:2]={1,2}", "0A000");
    TEXT_ERROR(1009, "{\"a", "22P02");
    TEXT_ERROR(1009, "{a\\", "22P02");
    TEXT_ERROR(1009, "{\"a\\", "22P02");
    TEXT_ERROR(1009, "{a}b", "22P02");
    BINARY_ERROR(1007, "", "22P03");
    BINARY_ERROR(1007, "\0\0\0\1\0\0\0\0\0\0\0\x17", "22P03");
    BINARY_ERROR(1007, "\0\0\0\1\0\0\0\0\0\0\0\x17\x7f\xff\xff\xff\0\0\0\1", "22P03"); /* 2^31 elements in 0 bytes */
    BINARY_ERROR(1007, "\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\0\0\0\0\1", "42804");
    BINARY_ERROR(1007, "\0\0\0\2\0\0\0\0\0\0\0\x17\0\0\0\1\0\0\0\1", "0A000");
    BINARY_ERROR(1007, "\0\0\0\1\0\0\0\0\0\0\0\x17\0\0\0\1\0\0\0\1\x7f\xff\xff\xff", "22P03");
    BINARY_ERROR(1007, "\0\0\0\1\0\0\0\0\0\0\0\x17\0\0\0\1\0\0\0\1\0\0\0\4\0\0\0\5!", "22P03");
    BINARY_ERROR(1007, "\0\0\0\1\0\0\0\7\0\0\0\x17\0\0\0\1\0\0\0\1\0\0\0\4\0\0\0\5", "22P03");
}

/* Ten bytes that stand for a hundred thousand digits each, many times over. */
static void no_amplification(void)
{
    enum { COUNT = 20000 };
    struct tn_buf   text;
    struct tn_value value;
    struct tn_error err = TN_ERROR_INIT;

    tn_buf_init(&text, 1 << 20);
    tn_buf_put_u8(&text, '{');
    for (int i = 0; i < COUNT; i++)
        tn_buf_puts(&text, i == 0 ? "1e131071" : ",1e131071");
    tn_buf_put_u8(&text, '}');
    CU_ASSERT_EQUAL(decode(1231, 0, tn_buf_str(&text), &value, &err), TN_E_LIMIT);
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "54000");
    CU_ASSERT_TRUE(arena.total < 200u << 20);
    tn_error_reset(&err);
    tn_buf_reset(&text);
    tn_arena_reset(&arena);
}

static void big_numerics(void)
{
    struct tn_buf  text, binary, back;
    struct tn_rand rand = {11};

    tn_buf_init(&text, 1 << 20);
    tn_buf_init(&binary, 1 << 20);
    tn_buf_init(&back, 1 << 20);
    for (size_t digits = 1; digits < 1200; digits += 13) {
        tn_buf_clear(&text);
        tn_buf_clear(&binary);
        tn_buf_clear(&back);
        tn_buf_puts(&text, digits % 2 == 0 ? "-" : "");
        tn_buf_put_u8(&text, '7');
        for (size_t i = 1; i < digits; i++)
            tn_buf_put_u8(&text, (uint8_t)('0' + tn_rand_below(&rand, 10)));
        tn_buf_puts(&text, ".");
        for (size_t i = 0; i < digits; i++)
            tn_buf_put_u8(&text, (uint8_t)('0' + tn_rand_below(&rand, 10)));
        CU_ASSERT_EQUAL(tn_pg_convert(TN_PG_NUMERIC, 0, tn_buf_str(&text), 1, &style, &binary, NULL), TN_OK);
        CU_ASSERT_EQUAL(tn_pg_convert(TN_PG_NUMERIC, 1, tn_buf_str(&binary), 0, &style, &back, NULL), TN_OK);
        CU_ASSERT_TRUE(tn_str_eq(tn_buf_str(&text), tn_buf_str(&back)));
    }
    tn_buf_reset(&text);
    tn_buf_reset(&binary);
    tn_buf_reset(&back);
}

/* Digits behind dscale are cut, as PostgreSQL does; a zero has no sign. */
static void numeric_cut(void)
{
    struct tn_value v = decoded(TN_PG_NUMERIC, 1, TN_STR("\0\2\0\0\0\0\0\1\0\1\x1e\xd2")); /* 1.7890, one digit */

    CU_ASSERT_TRUE(tn_str_eq_c(v.as.text, "1.7"));
    v = decoded(TN_PG_NUMERIC, 1, TN_STR("\0\1\xff\xff\x40\0\0\1\0\x63")); /* -0.0099, one digit */
    CU_ASSERT_TRUE(tn_str_eq_c(v.as.text, "0.0"));
    v = decoded(TN_PG_NUMERIC, 1, TN_STR("\0\2\0\1\0\0\0\0\0\0\0\x2a")); /* leading zero group */
    CU_ASSERT_TRUE(tn_str_eq_c(v.as.text, "42"));
    tn_arena_reset(&arena);
}

static void conversions(void)
{
    struct tn_buf   out;
    struct tn_error err = TN_ERROR_INIT;

    tn_buf_init(&out, 100);
    CU_ASSERT_EQUAL(tn_pg_convert(600, 1, TN_STR("same"), 1, &style, &out, NULL), TN_OK);
    CU_ASSERT_TRUE(tn_str_eq_c(tn_buf_str(&out), "same"));
    CU_ASSERT_EQUAL(tn_pg_convert(600, 0, TN_STR("x"), 1, &style, &out, &err), TN_E_UNSUPPORTED);
    CU_ASSERT_EQUAL(tn_pg_convert(TN_PG_INT4, 0, tn_str_n(NULL, 0), 1, &style, &out, &err), TN_E_INVALID);
    tn_buf_clear(&out);
    CU_ASSERT_EQUAL(tn_pg_convert(TN_PG_NUMERIC, 0, TN_STR("1e200"), 0, &style, &out, &err), TN_OK);
    tn_buf_clear(&out);
    CU_ASSERT_EQUAL(tn_pg_convert(TN_PG_BYTEA, 1, tn_str_n("0123456789012345678901234567890123456789012345678901234567890", 60), 0,
                                  &style, &out, &err), TN_E_LIMIT);
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "54000");
    tn_error_reset(&err);
    tn_buf_reset(&out);
}

static void wrong_values(void)
{
    struct tn_value value = {.type = TN_TYPE_INT64, .as.i64 = 1};
    struct tn_buf   out;
    struct tn_error err = TN_ERROR_INIT;

    tn_buf_init(&out, 100);
    CU_ASSERT_EQUAL(tn_pg_value_encode(&value, TN_PG_TEXT, 0, &style, &out, &err), TN_E_INVALID);
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "42804");
    value = (struct tn_value){.type = TN_TYPE_INT32, .as.i64 = INT64_C(3000000000)};
    CU_ASSERT_EQUAL(tn_pg_value_encode(&value, TN_PG_INT4, 1, &style, &out, &err), TN_E_INVALID);
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "22003");
    value = (struct tn_value){.type = TN_TYPE_DATE, .as.i64 = INT64_MAX};
    CU_ASSERT_EQUAL(tn_pg_value_encode(&value, TN_PG_DATE, 1, &style, &out, &err), TN_E_INVALID);
    CU_ASSERT_EQUAL(tn_pg_value_encode(&value, 600, 1, &style, &out, &err), TN_E_UNSUPPORTED);
    tn_error_reset(&err);
    tn_buf_reset(&out);
}

/* timetz without a zone takes the session's offset of now, timestamptz that of its own time. */
static void session_zone(void)
{
    struct tn_pg_style berlin = TN_PG_STYLE_INIT;
    struct tn_value    value;
    struct tn_tz      *tz;

    CU_ASSERT_EQUAL_FATAL(tn_tz_load(&tz, TN_STR("+05:30"), NULL), TN_OK);
    berlin.tz = tz;
    CU_ASSERT_EQUAL(tn_pg_value_decode(TN_PG_TIMETZ, 0, TN_STR("01:02:03"), &berlin, &arena, &value, NULL), TN_OK);
    CU_ASSERT_EQUAL(value.as.timetz.offset_s, 19800);
    CU_ASSERT_EQUAL(tn_pg_value_decode(TN_PG_TIMESTAMPTZ, 0, TN_STR("1970-01-01 05:30"), &berlin, &arena, &value, NULL), TN_OK);
    CU_ASSERT_EQUAL(value.as.i64, 0);
    tn_tz_free(tz);
}

/* Every allocation fails once: TN_E_NOMEM, no crash, no leak. */
static void no_memory(void)
{
    static const struct {
        uint32_t      oid;
        int16_t       from, to;
        struct tn_str bytes;
    } cases[] = {
        {TN_PG_NUMERIC, 0, 1, {"1.5", 3}},
        {TN_PG_BYTEA, 0, 1, {"\\x00ff", 6}},
        {1009, 0, 1, {"{a,\"b\\\"c\",NULL}", 15}},
        {1231, 0, 1, {"{1,2.5}", 7}},
        {1007, 1, 0, {"\0\0\0\1\0\0\0\0\0\0\0\x17\0\0\0\1\0\0\0\1\0\0\0\4\0\0\0\5", 28}},
        {TN_PG_TIMESTAMPTZ, 0, 1, {"2024-01-02 03:04:05 Europe/Berlin", 33}},
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++) {
        enum tn_status status = TN_E_NOMEM;
        struct tn_buf  out;

        for (size_t n = 0; status != TN_OK && n < 50; n++) {
            tn_buf_init(&out, 1 << 16);
            tn_alloc_fail_after(n);
            status = tn_pg_convert(cases[i].oid, cases[i].from, cases[i].bytes, cases[i].to, &style, &out, NULL);
            tn_alloc_fail_never();
            CU_ASSERT_TRUE(status == TN_OK || status == TN_E_NOMEM);
            tn_buf_reset(&out);
        }
        CU_ASSERT_EQUAL(status, TN_OK);
    }
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failed;

    tn_arena_init(&arena, 0);
    CU_initialize_registry();
    suite = CU_add_suite("pg_value", NULL, NULL);
    CU_add_test(suite, "nulls and untyped", nulls_and_untyped);
    CU_add_test(suite, "types", types);
    CU_add_test(suite, "text errors", text_errors);
    CU_add_test(suite, "binary errors", binary_errors);
    CU_add_test(suite, "unknown oid is named", unknown_oid_is_named);
    CU_add_test(suite, "arrays", arrays);
    CU_add_test(suite, "array errors", array_errors);
    CU_add_test(suite, "no amplification", no_amplification);
    CU_add_test(suite, "big numerics", big_numerics);
    CU_add_test(suite, "numeric cut", numeric_cut);
    CU_add_test(suite, "conversions", conversions);
    CU_add_test(suite, "wrong values", wrong_values);
    CU_add_test(suite, "session zone", session_zone);
    CU_add_test(suite, "no memory", no_memory);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    tn_arena_reset(&arena);
    return failed > 0 ? 1 : 0;
}

/* trino_literal_test.c - parameters as literals, marks, statements said in other words, the session's headers. */
#include "engine/trino/trino_literal.h"
#include "engine/trino/trino_session.h"
#include "frontend/pgwire/pg_types.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <math.h>
#include <stdio.h>

static void expect(struct tn_buf *got, const char *expected)
{
    if (got->failed || !tn_str_eq_c(tn_buf_str(got), expected)) {
        printf("\n" TN_STR_FMT "\nexpected %s\n", TN_STR_ARG(tn_buf_str(got)), expected);
        CU_FAIL("the text is another");
    }
    tn_buf_clear(got);
}

static struct tn_buf out;

static void literal(struct tn_value value, uint32_t oid, const char *expected)
{
    struct tn_error err = TN_ERROR_INIT;

    if (tn_trino_literal_put(&out, &value, oid, &err) != TN_OK) {
        tn_buf_clear(&out);
        tn_buf_puts(&out, err.sqlstate);
    }
    expect(&out, expected);
    tn_error_reset(&err);
}

#define TEXT(t, s) ((struct tn_value){.type = TN_TYPE_##t, .as.text = TN_STR(s)})
#define I64(t, n) ((struct tn_value){.type = TN_TYPE_##t, .as.i64 = (n)})

static void test_literals(void)
{
    struct tn_value items[] = {I64(INT32, 1), {.type = TN_TYPE_NULL}};
    struct tn_value list = {.is_list = true, .type = TN_TYPE_INT32, .as.list = {items, 2}};

    literal(I64(INT16, -5), 0, "SMALLINT '-5'");
    literal(I64(INT32, 7), 0, "7");
    literal(I64(INT32, -7), 0, "INTEGER '-7'");
    literal(I64(INT64, INT64_MIN), 0, "BIGINT '-9223372036854775808'");
    literal((struct tn_value){.type = TN_TYPE_UINT64, .as.u64 = UINT64_MAX}, 0, "DECIMAL '18446744073709551615'");
    literal((struct tn_value){.type = TN_TYPE_BOOL, .as.boolean = true}, 0, "true");
    literal((struct tn_value){.type = TN_TYPE_FLOAT64, .as.f64 = 0.1}, 0, "DOUBLE '0.10000000000000001'");
    literal((struct tn_value){.type = TN_TYPE_FLOAT64, .as.f64 = -(double)INFINITY}, 0, "DOUBLE '-Infinity'");
    literal((struct tn_value){.type = TN_TYPE_FLOAT32, .as.f64 = (double)NAN}, 0, "REAL 'NaN'");
    literal(TEXT(NUMERIC, "-12.340"), 0, "DECIMAL '-12.340'");
    literal(TEXT(NUMERIC, "1e5"), 0, "DOUBLE '100000'");
    literal(TEXT(NUMERIC, "1'; DROP"), 0, "22P02");
    literal(TEXT(NUMERIC, "123456789012345678901234567890123456789"), 0, "22003");
    literal(TEXT(TEXT, "it's \\ ''"), 0, "'it''s \\ '''''");
    literal(TEXT(TEXT, ""), 0, "''");
    literal(TEXT(TEXT, "a\0b"), 0, "22021");
    literal(TEXT(TEXT, "\xc3"), 0, "22021");
    literal(TEXT(JSON, "{\"a\":\"'\"}"), 0, "JSON '{\"a\":\"''\"}'");
    literal(TEXT(BYTES, "\0'\xff"), 0, "X'0027ff'");
    literal(I64(DATE, 19782), 0, "DATE '2024-02-29'");
    literal(I64(DATE, INT32_MAX), 0, "22008");
    literal(I64(TIME, 3723000001), 0, "TIME '01:02:03.000001'");
    literal(I64(TIMESTAMP, -1), 0, "TIMESTAMP '1969-12-31 23:59:59.999999'");
    literal(I64(TIMESTAMPTZ, 0), 0, "TIMESTAMP '1970-01-01 00:00:00.000000 UTC'");
    literal(I64(TIMESTAMP, INT64_MAX), 0, "22008");
    literal((struct tn_value){.type = TN_TYPE_TIMETZ, .as.timetz = {0, -12600}}, 0, "TIME '00:00:00.000000-03:30'");
    literal((struct tn_value){.type = TN_TYPE_INTERVAL, .as.interval = {.months = -14}}, 0, "INTERVAL -'14' MONTH");
    literal((struct tn_value){.type = TN_TYPE_INTERVAL, .as.interval = {.days = -1, .nanoseconds = 3600000000000}}, 0,
            "INTERVAL -'0 23:00:00.000' DAY TO SECOND");
    literal((struct tn_value){.type = TN_TYPE_INTERVAL, .as.interval = {.months = 1, .days = 1}}, 0, "0A000");
    literal((struct tn_value){.type = TN_TYPE_UUID, .as.uuid = {0x12, 0x15, [15] = 0x59}}, 0, "UUID '12150000-0000-0000-0000-000000000059'");
    literal((struct tn_value){.type = TN_TYPE_NULL}, 0, "NULL");
    literal((struct tn_value){.type = TN_TYPE_NULL}, TN_PG_INT8, "CAST(NULL AS BIGINT)");
    literal(list, 1007, "ARRAY[1, NULL]");
    list.as.list.count = 0;
    literal(list, 1007, "CAST(ARRAY[] AS ARRAY(INTEGER))");
}

static void test_marks(void)
{
    uint16_t        order[8];
    size_t          count;
    struct tn_error err = TN_ERROR_INIT;

    CU_ASSERT_EQUAL(tn_trino_marks(&out, TN_STR("SELECT $2, '$1', \"$1\" -- $9\n, $1/* $3 */+$2"), order, 8, &count, &err), TN_OK);
    CU_ASSERT(count == 3 && order[0] == 1 && order[1] == 0 && order[2] == 1);
    expect(&out, "SELECT ?, '$1', \"$1\" -- $9\n, ?/* $3 */+?");
    CU_ASSERT_EQUAL(tn_trino_marks(&out, TN_STR("SELECT ?, '?', ?"), order, 8, &count, &err), TN_OK);
    CU_ASSERT(count == 2 && order[1] == 1);
    expect(&out, "SELECT ?, '?', ?");
    CU_ASSERT_EQUAL(tn_trino_marks(&out, TN_STR("$0"), order, 8, &count, &err), TN_E_INVALID);
    CU_ASSERT_EQUAL(tn_trino_marks(&out, TN_STR("$99999999999999999999"), order, 8, &count, &err), TN_E_INVALID);
    tn_buf_clear(&out);
    tn_error_reset(&err);
}

static void test_execute(void)
{
    struct tn_param  items[] = {{.value = TEXT(TEXT, "a'b")}, {.value = I64(INT64, 2)}};
    struct tn_params params = {.count = 2, .items = items};
    struct tn_error  err = TN_ERROR_INIT;

    CU_ASSERT_EQUAL(tn_trino_execute_put(&out, TN_STR("SELECT 'x''', $2, $1"), &params, &err), TN_OK);
    expect(&out, "EXECUTE IMMEDIATE 'SELECT ''x'''''', ?, ?' USING BIGINT '2', 'a''b'");
    CU_ASSERT_EQUAL(tn_trino_execute_put(&out, TN_STR("SELECT 1"), &params, &err), TN_OK);
    expect(&out, "SELECT 1");
    CU_ASSERT_EQUAL(tn_trino_execute_put(&out, TN_STR("SELECT $3"), &params, &err), TN_E_INVALID);
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "08P01");
    tn_buf_clear(&out);
    tn_error_reset(&err);
}

static void test_statements(void)
{
    static const struct {
        const char  *sql;
        enum tn_verb verb;
        const char  *expected;
    } cases[] = {
        {"BEGIN", TN_VERB_BEGIN, "START TRANSACTION"},
        {"BEGIN WORK ISOLATION LEVEL REPEATABLE READ READ ONLY NOT DEFERRABLE", TN_VERB_BEGIN,
         "START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"},
        {"START TRANSACTION READ WRITE, ISOLATION LEVEL SERIALIZABLE", TN_VERB_START, "START TRANSACTION READ WRITE, ISOLATION LEVEL SERIALIZABLE"},
        {"END", TN_VERB_END, "COMMIT"},
        {"ABORT", TN_VERB_ABORT, "ROLLBACK"},
        {"SET query_max_run_time TO '30m'", TN_VERB_SET, "SET SESSION query_max_run_time = '30m'"},
        {"SET SESSION memory.x = 5", TN_VERB_SET, "SET SESSION memory.x = 5"},
        {"set join_type = broadcast", TN_VERB_SET, "SET SESSION join_type = 'broadcast'"},
        {"SET a = true", TN_VERB_SET, "SET SESSION a = true"},
        {"SET ROLE admin", TN_VERB_SET, "SET ROLE admin"},
        {"SET SESSION AUTHORIZATION bob", TN_VERB_SET, "SET SESSION AUTHORIZATION bob"},
        {"SET", TN_VERB_SET, "SET"},
        {"SET a =", TN_VERB_SET, "SET SESSION a = "},
        {"RESET query_max_run_time", TN_VERB_RESET, "RESET SESSION query_max_run_time"},
        {"RESET SESSION x", TN_VERB_RESET, "RESET SESSION x"},
        {"SELECT 1", TN_VERB_SELECT, "SELECT 1"},
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++) {
        tn_trino_statement_put(&out, tn_str(cases[i].sql), cases[i].verb);
        expect(&out, cases[i].expected);
    }
}

static bool collect(void *arg, const char *name, struct tn_str value)
{
    tn_buf_printf(arg, "%s=" TN_STR_FMT ";", name + strlen("X-Trino-"), TN_STR_ARG(value));
    return true;
}

static void test_session(void)
{
    struct tn_trino_session session = {.bytes = 0}, copy = {.bytes = 0};
    char                    name[32];

    tn_trino_session_place(&session, TN_STR("tpch"), TN_STR("tiny"));
    CU_ASSERT(!session.changed);
    tn_trino_session_header(&session, TN_STR("content-type"), TN_STR("x"));
    CU_ASSERT(!session.changed);
    tn_trino_session_header(&session, TN_STR("x-trino-set-catalog"), TN_STR("memory"));
    tn_trino_session_header(&session, TN_STR("X-Trino-Set-Session"), TN_STR("a=30m"));
    tn_trino_session_header(&session, TN_STR("X-Trino-Set-Session"), TN_STR("b=1"));
    tn_trino_session_header(&session, TN_STR("X-Trino-Set-Session"), TN_STR("a=31m"));
    tn_trino_session_header(&session, TN_STR("X-Trino-Added-Prepare"), TN_STR("p=SELECT+1"));
    tn_trino_session_header(&session, TN_STR("X-Trino-Started-Transaction-Id"), TN_STR("uuid"));
    tn_trino_session_header(&session, TN_STR("X-Trino-Set-Session"), TN_STR("=nothing"));
    CU_ASSERT(session.changed && session.failed);
    session.failed = false;
    CU_ASSERT(tn_trino_session_put(&session, collect, &out));
    expect(&out, "Catalog=memory;Schema=tiny;Transaction-Id=uuid;");
    tn_trino_session_list(&session, TN_TRINO_ITEM_PROPERTY, &out);
    expect(&out, "a=31m,b=1");
    tn_trino_session_header(&session, TN_STR("X-Trino-Clear-Session"), TN_STR("a"));
    tn_trino_session_header(&session, TN_STR("X-Trino-Clear-Transaction-Id"), TN_STR("true"));
    CU_ASSERT(session.transaction == NULL || strcmp(session.transaction, "true") != 0);
    CU_ASSERT(tn_trino_session_copy(&copy, &session));
    tn_trino_session_list(&copy, TN_TRINO_ITEM_PROPERTY, &out);
    tn_trino_item_put(&out, TN_STR("c"), TN_STR("a b,=☃'"));
    expect(&out, "b=1,c=a%20b%2C%3D%E2%98%83%27");
    tn_trino_session_reset(&copy);
    for (int i = 0; i < 2 * TN_TRINO_SESSION_ITEMS; i++) {
        snprintf(name, sizeof name, "n%d=v", i);
        tn_trino_session_header(&copy, TN_STR("X-Trino-Set-Session"), tn_str(name));
    }
    CU_ASSERT(copy.failed && copy.kinds[TN_TRINO_ITEM_PROPERTY].count == TN_TRINO_SESSION_ITEMS);
    tn_trino_session_reset(&copy);
    tn_trino_session_reset(&session);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    tn_buf_init(&out, 1 << 20);
    CU_initialize_registry();
    suite = CU_add_suite("trino literals", NULL, NULL);
    CU_add_test(suite, "literals", test_literals);
    CU_add_test(suite, "marks", test_marks);
    CU_add_test(suite, "execute", test_execute);
    CU_add_test(suite, "statements", test_statements);
    CU_add_test(suite, "session", test_session);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    tn_buf_reset(&out);
    return failures == 0 ? 0 : 1;
}

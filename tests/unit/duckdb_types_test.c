/* Every DuckDB type: the extreme values of test_all_types(), compared with what DuckDB's own casts say about them. */
#include "harness.h"

#include "engine/duckdb/duckdb_error.h"
#include "engine/duckdb/duckdb_library.h"
#include "engine/duckdb/duckdb_guard.h"
#include "engine/duckdb/duckdb_rewrite.h"
#include "engine/duckdb/duckdb_text.h"

enum { SKIPPED = 77 };

static struct tn_test_env env;
static struct tn_cluster *cluster;
static struct tn_conn    *conn;

/* As the harness's encoder, but dates and times as the bare numbers of the batch: no calendar of our own is trusted. */
static void put_raw(struct tn_buf *out, const struct tn_column *column, const struct ArrowArray *array, int64_t row)
{
    const uint8_t *valid = array->buffers[0];
    const void    *values = array->buffers[1];

    if (valid != NULL && !tn_bit_get(valid, row)) {
        tn_buf_puts(out, "NULL");
    } else if (column->type == TN_TYPE_DATE) {
        TN_TEST_READ(int32_t, v);
        tn_buf_printf(out, "%" PRId32, v);
    } else if (column->type == TN_TYPE_TIME || column->type == TN_TYPE_TIMESTAMP || column->type == TN_TYPE_TIMESTAMPTZ) {
        TN_TEST_READ(int64_t, v);
        tn_buf_printf(out, "%" PRId64, v);
    } else {
        tn_test_put_value(out, column, array, row);
    }
}

static enum tn_status encode_raw(const struct tn_encoder *encoder, const struct tn_batch *batch, int64_t *row, size_t target,
                                 struct tn_buf *out, struct tn_error *err)
{
    (void)encoder;
    (void)target;
    (void)err;
    for (; *row < batch->rows; ++*row)
        for (size_t i = 0; i < batch->schema->count; i++) {
            put_raw(out, &batch->schema->columns[i], batch->columns[i], *row);
            tn_buf_puts(out, i + 1 < batch->schema->count ? "|" : "\n");
        }
    return TN_OK;
}

static const struct tn_encoder_ops raw_ops = {.name = "raw", .batch = encode_raw};

/* Runs SQL, gives its rows and, in COLUMNS, name:type of its columns. */
static char *run_raw(const char *sql, char *columns, size_t size)
{
    struct tn_test_run r;
    char              *text;

    tn_test_run_init(&r, sql);
    r.encoder.ops = &raw_ops;
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    if (columns != NULL)
        snprintf(columns, size, "%s", r.columns);
    text = tn_test_result(&r);
    tn_test_run_reset(&r);
    return text;
}

/* Rows of `SELECT column` must be those of `SELECT expected`, an expression over the same table. */
static void check_column(const char *column, const char *type, const char *expected)
{
    char  sql[1024], columns[128], wanted[128];
    char *got, *want;

    snprintf(sql, sizeof sql, "SELECT \"%s\" FROM test_all_types()", column);
    snprintf(wanted, sizeof wanted, "%s:%s", column, type);
    got = run_raw(sql, columns, sizeof columns);
    snprintf(sql, sizeof sql, "SELECT %s FROM (SELECT \"%s\" AS c FROM test_all_types())", expected, column);
    want = run_raw(sql, NULL, 0);
    CU_ASSERT_STRING_EQUAL(columns, wanted);
    if (strcmp(got, want) != 0)
        fprintf(stderr, "\n%s: expected\n%sgot\n%s", column, want, got);
    CU_ASSERT_STRING_EQUAL(got, want);
    tn_free(got);
    tn_free(want);
}

static void test_numbers(void)
{
    check_column("bool", "boolean", "CASE WHEN c THEN 't' WHEN NOT c THEN 'f' END");
    check_column("tinyint", "tinyint", "c::VARCHAR");
    check_column("smallint", "smallint", "c::VARCHAR");
    check_column("int", "integer", "c::VARCHAR");
    check_column("bigint", "bigint", "c::VARCHAR");
    check_column("hugeint", "decimal", "c::VARCHAR");
    check_column("uhugeint", "numeric", "c::VARCHAR");
    check_column("utinyint", "utinyint", "c::VARCHAR");
    check_column("usmallint", "usmallint", "c::VARCHAR");
    check_column("uint", "uinteger", "c::VARCHAR");
    check_column("ubigint", "ubigint", "c::VARCHAR");
    check_column("bignum", "numeric", "c::VARCHAR");
    check_column("float", "real", "replace(c::VARCHAR, '3.4028235e', '3.40282347e')"); /* 8 digits read back the same as 9 */
    check_column("double", "double", "c::VARCHAR");
    check_column("dec_4_1", "decimal", "c::VARCHAR");
    check_column("dec_9_4", "decimal", "c::VARCHAR");
    check_column("dec_18_6", "decimal", "c::VARCHAR");
    check_column("dec38_10", "decimal", "c::VARCHAR");
}

static void test_dates_and_times(void)
{
    check_column("date", "date", "date_diff('day', DATE '1970-01-01', c)");
    check_column("time", "time", "epoch_us(c)");
    check_column("time_ns", "time", "epoch_us(c::TIME)");
    check_column("timestamp", "timestamp", "epoch_us(c)");
    check_column("timestamp_s", "timestamp", "epoch_us(c::TIMESTAMP)");
    check_column("timestamp_ms", "timestamp", "epoch_us(c::TIMESTAMP)");
    check_column("timestamp_ns", "timestamp", "epoch_us(c::TIMESTAMP)");
    check_column("timestamp_tz", "timestamptz", "epoch_us(c)");
    check_column("time_tz", "timetz", "CASE c::VARCHAR WHEN '00:00:00+15:59:59' THEN '00:00:00+57599' WHEN '24:00:00-15:59:59' THEN '24:00:00-57599' END");
    check_column("interval", "interval", "CASE c::VARCHAR WHEN '00:00:00' THEN '0m0d0ns' WHEN '83 years 3 months 999 days 00:16:39.999999' THEN '999m999d999999999000ns' END");
}

static void test_texts(void)
{
    check_column("uuid", "uuid", "c::VARCHAR");
    check_column("varchar", "text", "c");
    check_column("blob", "bytes", "'\\x' || lower(hex(c))");
    check_column("bit", "text", "c::VARCHAR");
    check_column("small_enum", "text", "c::VARCHAR");
    check_column("medium_enum", "text", "c::VARCHAR");
    check_column("large_enum", "text", "c::VARCHAR");
    check_column("geometry", "text", "c::VARCHAR");
}

static void test_nested(void)
{
    static const char *const columns[] = {
        "int_array", "date_array", "timestamp_array", "timestamptz_array", "varchar_array", "nested_int_array", "struct", "struct_of_arrays",
        "array_of_structs", "map", "union", "fixed_int_array", "fixed_varchar_array", "fixed_nested_int_array", "fixed_nested_varchar_array",
        "fixed_struct_array", "struct_of_fixed_array", "fixed_array_of_int_list", "list_of_fixed_int_array",
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(columns); i++)
        check_column(columns[i], "json", "to_json(c)::VARCHAR");
    /* DuckDB's JSON writes NaN, Infinity bare, which no JSON reader takes */
    check_column("double_array", "json", "regexp_replace(to_json(c)::VARCHAR, '(NaN|-?Infinity)', '\"\\1\"', 'g')");
}

/* No column of test_all_types() is left out above, and all of them come in one result too. */
static void test_all_at_once(void)
{
    struct tn_test_run r;
    char              *count = run_raw("SELECT count(*) FROM (DESCRIBE FROM test_all_types())", NULL, 0);

    CU_ASSERT_STRING_EQUAL(count, "56\n"); /* 18 + 10 + 8 + 20 are checked one by one */
    tn_free(count);
    tn_test_run_init(&r, "FROM test_all_types()");
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    CU_ASSERT_EQUAL(r.run.error.status, TN_OK);
    CU_ASSERT_EQUAL(r.run.rows, 3);
    CU_ASSERT_PTR_NOT_NULL(memmem(r.rows.data, r.rows.len, "goo\0se", 6)); /* a NUL inside a text does not end it */
    tn_test_run_reset(&r);
}

static void test_inside_json(void)
{
    TN_TEST_SQL(&env, conn, "SELECT {'a': 1.50::DECIMAL(5,2), 'b': 0.1::FLOAT, 'c': 1::DOUBLE, 'd': 1e300, 'e': '-170141183460469231731687303715884105728'::HUGEINT}",
                "{\"a\":1.50,\"b\":0.1,\"c\":1.0,\"d\":1e+300,\"e\":-170141183460469231731687303715884105728}\n");
    TN_TEST_SQL(&env, conn, "SELECT {'t': TIME '01:02:03.4', 'z': '10:00:00.5+02:30'::TIMETZ, 'n': '2020-01-01 00:00:00.123456789'::TIMESTAMP_NS, 'm': '1969-12-31 23:59:59.5'::TIMESTAMP_MS, 's': '2020-01-01 00:00:01'::TIMESTAMP_S, 'tn': '10:00:00.123456789'::TIME_NS}",
                "{\"t\":\"01:02:03.4\",\"z\":\"10:00:00.5+02:30\",\"n\":\"2020-01-01 00:00:00.123456789\",\"m\":\"1969-12-31 23:59:59.5\",\"s\":\"2020-01-01 00:00:01\",\"tn\":\"10:00:00.123456789\"}\n");
    TN_TEST_SQL(&env, conn, "SELECT {'d': DATE '0044-03-15 (BC)', 'i': INTERVAL '-1 month 3 days -4 seconds', 'u': '00112233-4455-6677-8899-aabbccddeeff'::UUID, 'b': '\\x00ab\"'::BLOB, 'x': '101'::BIT, 'e': 'q'::ENUM('q'), 'h': 340282366920938463463374607431768211455::UHUGEINT}",
                "{\"d\":\"0044-03-15 (BC)\",\"i\":\"-1 month 3 days -00:00:04\",\"u\":\"00112233-4455-6677-8899-aabbccddeeff\",\"b\":\"\\\\x00ab\\\\x22\",\"x\":\"101\",\"e\":\"q\",\"h\":340282366920938463463374607431768211455}\n");
    TN_TEST_SQL(&env, conn, "SELECT [NULL, true], {'n': NULL}, MAP {1: NULL}", "[null,true]|{\"n\":null}|{\"1\":null}\n");
    TN_TEST_SQL(&env, conn, "SELECT MAP {1.5: 'a'}, MAP {DATE '2020-01-01': 1}, MAP {'q\"': {'x': 1}}, MAP {[1, 2]: 3}",
                "{\"1.5\":\"a\"}|{\"2020-01-01\":1}|{\"q\\\"\":{\"x\":1}}|{\"[1,2]\":3}\n");
    TN_TEST_SQL(&env, conn, "SELECT {'j': '{\"a\": [1]}'::JSON, 's': 'x\ny'}, '[1, 2]'::JSON, row(1, 'a')", "{\"j\":{\"a\": [1]},\"s\":\"x\\ny\"}|[1, 2]|[1,\"a\"]\n");
    TN_TEST_SQL(&env, conn, "SELECT [123456789012345678901234567890::BIGNUM, -5::BIGNUM, 0::BIGNUM, 1000000000::BIGNUM]",
                "[123456789012345678901234567890,-5,0,1000000000]\n");
}

static void test_variant(void)
{
    TN_TEST_SQL(&env, conn, "SELECT 1::VARIANT, {'a': 1, 'b': 'x'}::VARIANT, NULL::VARIANT", "1|{\"a\":1,\"b\":\"x\"}|NULL\n");
    TN_TEST_SQL(&env, conn, "SELECT {'v': [1, 2]::VARIANT, 'g': 'POINT(1 2)'::GEOMETRY}, [1::VARIANT]", "{\"v\":[1,2],\"g\":\"POINT (1 2)\"}|[1]\n");
    TN_TEST_SQL(&env, conn, "SELECT v AS \"a\"\"b\", v AS \"a\"\"b\" FROM (SELECT 2::VARIANT v) ORDER BY 1 -- to the end", "2|2\n");
}

static void test_infinities(void)
{
    char *rows = run_raw("SELECT * FROM (VALUES ('infinity'::DATE, 'infinity'::TIMESTAMP, 'infinity'::TIMESTAMPTZ, 'infinity'::TIMESTAMP_S, 'infinity'::TIMESTAMP_NS), "
                         "('-infinity', '-infinity', '-infinity', '-infinity', '-infinity'), ('1970-01-02', '1970-01-02', '1970-01-02 00:00:00+00', '1970-01-02', '1970-01-02'))", NULL, 0);

    CU_ASSERT_STRING_EQUAL(rows, "2147483647|9223372036854775807|9223372036854775807|9223372036854775807|9223372036854775807\n"
                                 "-2147483648|-9223372036854775808|-9223372036854775808|-9223372036854775808|-9223372036854775808\n"
                                 "1|86400000000|86400000000|86400000000|86400000000\n");
    tn_free(rows);
}

/* Nanoseconds are cut towards the past, also before 1970. */
static void test_nanoseconds(void)
{
    char *rows = run_raw("SELECT '1969-12-31 23:59:59.999999999'::TIMESTAMP_NS, '1970-01-01 00:00:00.000001999'::TIMESTAMP_NS, '00:00:00.000001999'::TIME_NS", NULL, 0);

    CU_ASSERT_STRING_EQUAL(rows, "-1|1|1\n");
    tn_free(rows);
}

static void test_too_large(void)
{
    TN_TEST_SQL(&env, conn, "SELECT to_microseconds(9223372036854775807)", "ERROR 22015: duckDb: an interval holds more than 292 years of microseconds");
    TN_TEST_SQL(&env, conn, "SELECT to_microseconds(9223372036854775)", "0m0d9223372036854775000ns\n");
}

static void test_nulls_and_names(void)
{
    char  columns[256];
    char *rows = run_raw("SELECT NULL AS n, NULL::INTEGER AS n, 1 AS \"a b\" WHERE false", columns, sizeof columns);

    CU_ASSERT_STRING_EQUAL(rows, "");
    CU_ASSERT_PTR_NOT_NULL(strstr(columns, "n:integer n:integer")); /* DuckDB types a bare NULL as INTEGER */
    CU_ASSERT_PTR_NOT_NULL(strstr(columns, "a b:integer"));
    tn_free(rows);
    TN_TEST_SQL(&env, conn, "SELECT i, CASE WHEN i % 2 = 0 THEN i END, CASE WHEN i % 2 = 0 THEN 'v' || i END FROM range(70) t(i) WHERE i IN (0, 1, 63, 64, 65)",
                "0|0|v0\n1|NULL|NULL\n63|NULL|NULL\n64|64|v64\n65|NULL|NULL\n");
}

/* Strings on both sides of the 12 bytes that DuckDB keeps in place, over more than one chunk. */
static void test_strings(void)
{
    struct tn_test_run r;
    size_t             at = 0;
    bool               right = true;

    tn_test_run_init(&r, "SELECT repeat('x', i % 30) FROM range(5000) t(i)");
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    for (size_t i = 0; i < 5000 && right; i++) {
        right = at + i % 30 < r.rows.len && memcmp(r.rows.data + at, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", i % 30) == 0 && r.rows.data[at + i % 30] == '\n';
        at += i % 30 + 1;
    }
    CU_ASSERT(right);
    CU_ASSERT_EQUAL(at, r.rows.len);
    CU_ASSERT_EQUAL(r.run.rows, 5000);
    tn_test_run_reset(&r);
}

/* ---- pure parts ---- */

static void check_bignum(const uint8_t *bytes, size_t len, const char *expected)
{
    struct tn_buf out;

    tn_buf_init(&out, 1 << 20);
    CU_ASSERT(tn_duckdb_put_bignum(&out, bytes, len));
    CU_ASSERT(out.len == strlen(expected) && memcmp(out.data, expected, out.len) == 0);
    tn_buf_reset(&out);
}

static void test_bignum_bytes(void)
{
    struct tn_buf out;

    check_bignum((const uint8_t[]){0x80, 0, 1, 0}, 4, "0");
    check_bignum((const uint8_t[]){0x80, 0, 1, 255}, 4, "255");
    check_bignum((const uint8_t[]){0x7f, 0xff, 0xfe, 0xfe}, 4, "-1");
    check_bignum((const uint8_t[]){0x80, 0, 5, 1, 0, 0, 0, 0}, 8, "4294967296");
    tn_buf_init(&out, 100);
    CU_ASSERT_FALSE(tn_duckdb_put_bignum(&out, (const uint8_t[]){0x80, 0, 0}, 3));
    CU_ASSERT_FALSE(tn_duckdb_put_bignum(&out, NULL, TN_DUCKDB_BIGNUM_MAX + 1));
    tn_buf_reset(&out);
}

static void check_params(const char *sql, size_t highest, size_t distinct, const char *written)
{
    struct tn_duckdb_params params;
    struct tn_arena         arena;
    const char             *casts[16] = {"INTEGER"};
    struct tn_str           text;

    tn_arena_init(&arena, 0);
    CU_ASSERT_EQUAL_FATAL(tn_duckdb_params_scan(&params, tn_str(sql), &arena, NULL), TN_OK);
    CU_ASSERT_EQUAL(params.highest, highest);
    CU_ASSERT_EQUAL(params.distinct, distinct);
    if (highest > 0) {
        text = tn_duckdb_params_write(&params, tn_str(sql), casts, NULL, &arena);
        CU_ASSERT_STRING_EQUAL(text.ptr, written);
    }
    tn_arena_reset(&arena);
}

static void test_params_in_text(void)
{
    struct tn_duckdb_params params;
    struct tn_arena         arena;

    check_params("SELECT 1", 0, 0, NULL);
    check_params("SELECT $1, $3", 3, 2, "SELECT CAST($1 AS INTEGER), $2");
    check_params("SELECT '$2', \"$3\", $1 -- $4\n/* $5 /* $6 */ */ + $1", 1, 1,
                 "SELECT '$2', \"$3\", CAST($1 AS INTEGER) -- $4\n/* $5 /* $6 */ */ + CAST($1 AS INTEGER)");
    check_params("SELECT $$ $2 $$, $a$ $3 $$ $a$, $1", 1, 1, "SELECT $$ $2 $$, $a$ $3 $$ $a$, CAST($1 AS INTEGER)");
    check_params("SELECT a$1, $1", 1, 1, "SELECT a$1, CAST($1 AS INTEGER)");
    check_params("SELECT 'it''s $2', E'\\'$3', $1", 1, 1, "SELECT 'it''s $2', E'\\'$3', CAST($1 AS INTEGER)");
    check_params("SELECT '$1", 0, 0, NULL);
    check_params("SELECT $", 0, 0, NULL);
    tn_arena_init(&arena, 0);
    CU_ASSERT_EQUAL(tn_duckdb_params_scan(&params, TN_STR("SELECT $99999999999999999999999"), &arena, NULL), TN_E_LIMIT);
    tn_arena_reset(&arena);
    CU_ASSERT(tn_duckdb_has_word(TN_STR("INSERT INTO t VALUES (1) RETURNING a"), "returning"));
    CU_ASSERT_FALSE(tn_duckdb_has_word(TN_STR("INSERT INTO t VALUES ('returning', \"returning\") -- returning"), "returning"));
    CU_ASSERT_FALSE(tn_duckdb_has_word(TN_STR("INSERT INTO returning_x VALUES (1)"), "returning"));
}

static void check_error(const char *message, const char *sqlstate, enum tn_fault fault, int position)
{
    struct tn_error err = TN_ERROR_INIT;

    (void)tn_duckdb_fail(&err, TN_DUCKDB_ERROR_INVALID, message, TN_STR("SELECT 1,\n 'é', nosuch FROM t"));
    CU_ASSERT_STRING_EQUAL(err.sqlstate, sqlstate);
    CU_ASSERT_EQUAL(err.fault, fault);
    CU_ASSERT_EQUAL(err.position, position);
    CU_ASSERT_STRING_EQUAL(err.message, message == NULL ? "DuckDB gave no reason" : message);
    CU_ASSERT(err.from_engine);
    tn_error_reset(&err);
}

static void test_errors(void)
{
    check_error("Binder Error: Referenced column \"nosuch\" not found in FROM clause!\n\nLINE 2:  'é', nosuch FROM t\n              ^", "42703", TN_FAULT_QUERY, 17);
    check_error("Binder Error: x\n\nLINE 9: foo\n        ^", "42P10", TN_FAULT_QUERY, 0);
    check_error("Binder Error: x\n\nLINE 1:\n^", "42P10", TN_FAULT_QUERY, 0);
    check_error("Parser Error: syntax error", "42601", TN_FAULT_QUERY, 0);
    check_error("Catalog Error: Table with name t does not exist!", "42P01", TN_FAULT_QUERY, 0);
    check_error("Constraint Error: Duplicate key \"a: 1\" violates primary key constraint.", "23505", TN_FAULT_QUERY, 0);
    check_error("Out of Memory Error: could not allocate", "53200", TN_FAULT_ENGINE, 0);
    check_error("IO Error: No files found that match the pattern", "58P01", TN_FAULT_QUERY, 0);
    check_error("IO Error: Could not write to file", "58030", TN_FAULT_ENGINE, 0);
    check_error("INTERRUPT Error: Interrupted!", "57014", TN_FAULT_CANCEL, 0);
    check_error("FATAL Error: Failed: database has been invalidated", "XX000", TN_FAULT_ENGINE, 0);
    check_error("Not implemented Error: y", "0A000", TN_FAULT_UNSUPPORTED, 0);
    check_error("something new", "XX000", TN_FAULT_QUERY, 0);
    check_error(NULL, "XX000", TN_FAULT_QUERY, 0);
}

/* Switching the database's logs shows others' statements, and with a file that may not be written it ended the process. */
static void test_guard(void)
{
    static const char *const refused[] = {
        "CALL enable_logging(storage='file', storage_path='/tmp/x')", "SELECT 1; FROM system.main.\"Enable_Logging\" /* x */ ('QueryLog')",
        "CALL disable_logging()", "EXPLAIN ANALYZE CALL truncate_duckdb_logs()", "SELECT * FROM query('FROM enable_logging()')",
        "SELECT * FROM query($a$FROM enable_logging()$a$)", "FROM query('FROM query(''FROM query(''''FROM enable_logging()'''')'')')",
        "FROM query('FROM enable_'||'logging()')", "PREPARE x AS FROM query($1)", "FROM query(E'FROM en\\x61ble_logging()')", "FROM query(", "FROM query('",
        "FROM query($$", "FROM query($$)", "PRAGMA json_execute_serialized_sql('{\"\\u0061\": 1}')", "CREATE MACRO q(x) AS TABLE FROM query(x)",
        "FROM query('1'),query('1'),query('1'),query('1'),query('1'),query('1'),query('1'),query('1'),query('1')",
        "FROM json_execute_serialized_sql('{\"function_name\":\"enable_logging\"}')", "CALL enable_peg_parser()", "PRAGMA disable_checkpoint_on_shutdown",
        "SELECT 1; PRAGMA \"enable_checkpoint_on_shutdown\" ;", "PRAGMA add_parquet_key('k', 'v')",
        "SELECT 1 -- \r FROM enable_logging()", "FROM t, query(a) AS (x int)", "FROM t, query(a) AS x", "FROM t, query('a'||'b') AS (SELECT 1)",
        "FROM range(1) AS \"as\", query('a'||'b')", "WITH a AS (SELECT 1), b AS (FROM query('a'||'b')) FROM a",
        "SET enable_http_logging = 1", "set session \"Enable_HTTP_logging\" to 'x'", "SELECT 1; RESET SESSION enable_http_logging", "SET GLOBAL enable_http_logging=true",
        "PRAGMA enable_profiling", "SET profiling_output = '/x'", "CALL enable_profiling(format = 'json')", "PRAGMA enable_profiling = 'json'",
        "SET max_expression_depth = 0", "SET debug_checkpoint_sleep_ms = 100000", "RESET DEBUG_force_external", "PRAGMA enable_progress_bar", "SET progress_bar_time = '-1'", "SET LOCAL enable_progress_bar_print = 1",
    };
    static const char *const odd[] = { /* what DuckDB alone takes for blanks */
        "CALL enable_logging\xc2\xa0()", "FROM query\xe2\x80\x83('a'||'b')", "SELECT 1;\xef\xbb\xbf" "CALL enable_logging()", "EXPLAIN ANALYZE\xe3\x80\x80" "DELETE FROM t",
        "FROM query('CALL enable_logging\xe2\x81\xa0()')", "SELECT 1 AS a$\xc2\xa0$$ ' $$ ', 2", "SELECT $\xc2\xa0$a$\xc2\xa0$", "SELECT\xe2\x80\xaf" "1", "\xe2\x81\x9f",
    };
    static const char *const fine[] = {
        "SELECT 'CALL enable_logging()' AS enable_logging", "FROM query('SELECT ''a'' || $$b$$')", "SELECT \"query\" FROM t", "CREATE TABLE query(a int)",
        "CREATE TABLE IF NOT EXISTS main.query (a int)", "INSERT INTO \"query\" (a) VALUES (1)", "WITH query(a) AS (SELECT 1) FROM query", "", "(", "query",
        "FROM duckdb_logs()", "WITH a AS (SELECT 1), query(a, \"b\") AS NOT MATERIALIZED (SELECT 1, 2) FROM query", "WITH a AS (FROM t), query(a) AS (FROM a) FROM query",
        "PRAGMA table_info('add_parquet_key')", "PRAGMA force_checkpoint", "SELECT enable_peg_parser FROM t",
        "UPDATE t SET enable_profiling = 1, debug_x = 2", "SELECT debug_x(1), profiling_mode FROM debug_t", "SET threads = 1", "SET integer_division = true",
        "CREATE VIEW query(a) AS SELECT 1", "FROM range(3) AS query(x)", "FROM (SELECT 1) query(x)",
        "SELECT '\xc2\xa0', $a$\xc2\xa0$a$, \"\xe3\x80\x80\" -- \xc2\xa0", "SELECT \xc2\xa1", "SELECT \xe2\x80", "\xc2",
    };
    struct tn_arena arena;
    struct tn_error err = TN_ERROR_INIT;

    tn_arena_init(&arena, (size_t)1 << 20);
    for (size_t i = 0; i < TN_ARRAY_LEN(refused); i++) {
        CU_ASSERT_EQUAL(tn_duckdb_guard(tn_str(refused[i]), &arena, &err), TN_E_DENIED);
        tn_error_reset(&err);
    }
    for (size_t i = 0; i < TN_ARRAY_LEN(odd); i++) {
        CU_ASSERT_EQUAL(tn_duckdb_guard(tn_str(odd[i]), &arena, &err), TN_E_INVALID);
        tn_error_reset(&err);
    }
    for (size_t i = 0; i < TN_ARRAY_LEN(fine); i++)
        CU_ASSERT_EQUAL(tn_duckdb_guard(tn_str(fine[i]), &arena, NULL), TN_OK);
    tn_arena_reset(&arena);
}

int main(void)
{
    static struct tn_duckdb_api api;
    struct tn_error             err = TN_ERROR_INIT;
    bool                        have = tn_duckdb_library_load(&api, &err) == TN_OK;
    CU_pSuite                   suite;
    unsigned                    failures;

    CU_initialize_registry();
    suite = CU_add_suite("duckdb_types", NULL, NULL);
    CU_add_test(suite, "bignum bytes", test_bignum_bytes);
    CU_add_test(suite, "parameters in a text", test_params_in_text);
    CU_add_test(suite, "errors", test_errors);
    CU_add_test(suite, "what only operators may", test_guard);
    if (have) {
        tn_test_env_init(&env);
        cluster = tn_test_cluster("engine: duckDb");
        conn = tn_test_connect(&env, cluster, NULL);
        CU_add_test(suite, "numbers", test_numbers);
        CU_add_test(suite, "dates and times", test_dates_and_times);
        CU_add_test(suite, "texts", test_texts);
        CU_add_test(suite, "nested", test_nested);
        CU_add_test(suite, "all at once", test_all_at_once);
        CU_add_test(suite, "inside JSON", test_inside_json);
        CU_add_test(suite, "variant", test_variant);
        CU_add_test(suite, "infinities", test_infinities);
        CU_add_test(suite, "nanoseconds", test_nanoseconds);
        CU_add_test(suite, "too large", test_too_large);
        CU_add_test(suite, "nulls and names", test_nulls_and_names);
        CU_add_test(suite, "strings", test_strings);
    }
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    if (have) {
        tn_test_disconnect(conn);
        tn_cluster_unref(cluster);
        tn_test_env_free(&env);
    } else {
        printf("skipped: %s; run tools/fetch_duckdb\n", err.message);
    }
    tn_error_reset(&err);
    return failures > 0 ? 1 : have ? 0 : SKIPPED;
}

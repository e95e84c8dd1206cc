/* The DuckDB engine through the same calls as the program uses: statements, parameters, transactions, cancel, options. */
#include "harness.h"

#include "engine/duckdb/duckdb_database.h"

#include <sys/stat.h>
#include <unistd.h>

enum { SKIPPED = 77 };

static struct tn_test_env env;
static struct tn_cluster *cluster; /* in memory, shared by the tests that leave nothing behind */
static struct tn_conn    *conn;
static char               folder[64];

static struct tn_param text_param(const char *text)
{
    struct tn_param param = {.value = {.type = TN_TYPE_TEXT, .untyped = true}};

    param.value.as.text = tn_str(text);
    if (text == NULL)
        param.value.type = TN_TYPE_NULL;
    return param;
}

static struct tn_param typed_param(enum tn_type type, int64_t number)
{
    struct tn_param param = {.value = {.type = type}};

    param.value.as.i64 = number;
    return param;
}

static void check_params(const char *sql, const struct tn_param *params, size_t count, const char *expected)
{
    char *got = tn_test_sql_params(&env, conn, sql, params, count);

    if (strncmp(got, expected, strlen(expected)) != 0)
        fprintf(stderr, "\n%s\n  expected: %s\n  got:      %s\n", sql, expected, got);
    CU_ASSERT_EQUAL(strncmp(got, expected, strlen(expected)), 0);
    tn_free(got);
}

/* Starts like EXPECTED: DuckDB's messages go on with the statement's text. */
static void check_error(const char *sql, const char *expected)
{
    check_params(sql, NULL, 0, expected);
}

static void describe(struct tn_test_run *r, const char *sql, const uint32_t *oids, size_t count)
{
    tn_test_run_init(r, sql);
    r->run.kind = TN_RUN_DESCRIBE;
    r->run.param_oids = oids;
    r->run.param_oid_count = count;
    tn_test_start(r, conn);
    tn_test_wait(&env, r);
}

static void check_describe(const char *sql, const uint32_t *oids, size_t count, const char *params, const char *columns)
{
    struct tn_test_run r;

    describe(&r, sql, oids, count);
    if (strcmp(r.params, params) != 0 || strcmp(r.columns, columns) != 0)
        fprintf(stderr, "\n%s\n  got [%s] [%s] %s\n", sql, r.params, r.columns, r.run.error.message);
    CU_ASSERT_STRING_EQUAL(r.params, params);
    CU_ASSERT_STRING_EQUAL(r.columns, columns);
    CU_ASSERT(r.events.len == 3 && memcmp(r.events.data, "pcd", 3) == 0);
    tn_test_run_reset(&r);
}

/* ---- statements ---- */

static void test_select(void)
{
    TN_TEST_SQL(&env, conn, "SELECT 1, 'a', NULL, true", "1|a|NULL|t\n");
    TN_TEST_SQL(&env, conn, "SELECT * FROM range(3)", "0\n1\n2\n");
    TN_TEST_SQL(&env, conn, "SELECT 1 WHERE false", "");
    TN_TEST_SQL(&env, conn, "VALUES (1), (2)", "1\n2\n");
    TN_TEST_SQL(&env, conn, "PIVOT (SELECT 'a' AS k, 1 AS v UNION ALL SELECT 'b', 2) ON k USING sum(v)", "1|2\n");
    TN_TEST_SQL(&env, conn, "SELECT ';' -- ; no second statement\n", ";\n");
}

static void check_affected(const char *sql, uint64_t affected, const char *rows)
{
    struct tn_test_run r;
    char              *text;

    tn_test_run_init(&r, sql);
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    text = tn_test_result(&r);
    CU_ASSERT_STRING_EQUAL(text, rows);
    CU_ASSERT_EQUAL(r.run.affected, affected);
    CU_ASSERT_EQUAL(r.columns[0] != '\0', rows[0] != '\0'); /* no columns for a statement without rows */
    tn_free(text);
    tn_test_run_reset(&r);
}

static void test_changes(void)
{
    check_affected("CREATE TABLE c (a INTEGER PRIMARY KEY, b VARCHAR NOT NULL, n INTEGER CHECK (n > 0))", 0, "");
    check_affected("INSERT INTO c SELECT i, 'x' || i, i + 1 FROM range(5000) t(i)", 5000, "");
    check_affected("UPDATE c SET b = 'y' WHERE a < 10", 10, "");
    check_affected("DELETE FROM c WHERE a >= 4000", 1000, "");
    check_affected("INSERT INTO c VALUES (-1, 'r', 1), (-2, 'returning', 2) RETURNING a", 2, "-1\n-2\n");
    check_affected("INSERT INTO c VALUES (-3, 'returning', 1)", 1, "");
    check_affected("CREATE TABLE c2 AS SELECT a FROM c WHERE a < 0", 3, "");
    check_affected("MERGE INTO c2 USING (SELECT -1 AS a) s ON c2.a = s.a WHEN MATCHED THEN DELETE", 1, "");
    check_affected("CREATE VIEW cv AS SELECT 1", 0, "");
    check_affected("PREPARE cp AS INSERT INTO c2 VALUES (7), (8)", 0, "");
    check_affected("EXECUTE cp", 2, "");
    check_affected("TRUNCATE c2", 4, "");
    check_affected("CHECKPOINT", 0, "");
    check_affected("DROP VIEW cv", 0, "");
    check_affected("DROP TABLE c2", 0, "");
    check_affected("DROP TABLE c", 0, "");
}

static void test_errors(void)
{
    TN_TEST_SQL(&env, conn, "CREATE TABLE e (a INTEGER PRIMARY KEY, b INTEGER NOT NULL CHECK (b > 0))", "");
    TN_TEST_SQL(&env, conn, "INSERT INTO e VALUES (1, 1)", "");
    check_error("SELEC 1", "ERROR 42601: Parser Error: syntax error at or near \"SELEC\"");
    check_error("SELECT nosuch FROM e", "ERROR 42703: Binder Error:");
    check_error("SELECT * FROM nosuch", "ERROR 42P01: Catalog Error: Table with name nosuch does not exist!");
    check_error("SELECT nosuch(1)", "ERROR 42883: Catalog Error:");
    check_error("SELECT 1::nosuch", "ERROR 42704: Catalog Error:");
    check_error("SELECT * FROM nosuch.t", "ERROR 3F000: Catalog Error:");
    check_error("SELECT a FROM e x, e y", "ERROR 42702: Binder Error:");
    check_error("SELECT a FROM e GROUP BY b", "ERROR 42803: Binder Error:");
    check_error("CREATE TABLE e (a INTEGER)", "ERROR 42P07: Catalog Error:");
    check_error("INSERT INTO e VALUES (1, 1)", "ERROR 23505: Constraint Error:");
    check_error("INSERT INTO e VALUES (2, NULL)", "ERROR 23502: Constraint Error:");
    check_error("INSERT INTO e VALUES (2, 0)", "ERROR 23514: Constraint Error:");
    check_error("SELECT 'a'::INTEGER", "ERROR 22P02: Conversion Error:");
    check_error("SELECT 300::TINYINT", "ERROR 22003: Conversion Error:");
    check_error("SELECT 9223372036854775807 + 1", "ERROR 22003: Out of Range Error:");
    check_error("SELECT DATE '2020-13-01'", "ERROR 22008: Conversion Error:");
    check_error("EXECUTE nosuch", "ERROR 26000: Binder Error:");
    check_error("SELECT 1; SELECT 2", "ERROR 42601: DuckDB reads 2 statements where one was expected");
    check_error("", "ERROR 42601: no statement was given");
    check_error("SAVEPOINT a", "ERROR 0A000: DuckDB has no savepoints");
    check_error("SELECT error('boom')", "ERROR 22023: Invalid Input Error: boom");
    TN_TEST_SQL(&env, conn, "DROP TABLE e", "");
    TN_TEST_SQL(&env, conn, "SELECT 'still here'", "still here\n");
}

static void test_error_position(void)
{
    struct tn_test_run r;

    tn_test_run_init(&r, "SELECT 1,\n 'é', nosuch FROM range(1)");
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    CU_ASSERT_EQUAL(r.run.error.position, 17);
    CU_ASSERT_EQUAL(r.run.error.fault, TN_FAULT_QUERY);
    CU_ASSERT(r.run.error.from_engine);
    tn_test_run_reset(&r);
}

static void late_error(const char *sql, const char *sqlstate, const char *other)
{
    struct tn_test_run r;
    bool               expected;

    tn_test_run_init(&r, sql);
    r.keep = false;
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    expected = strcmp(r.run.error.sqlstate, sqlstate) == 0 || strcmp(r.run.error.sqlstate, other) == 0;
    if (!expected)
        fprintf(stderr, "late error: %s %s after %" PRIu64 " rows\n", r.run.error.sqlstate, r.run.error.message, r.run.rows);
    CU_ASSERT(expected);
    CU_ASSERT_EQUAL(r.run.error.fault, TN_FAULT_QUERY);
    CU_ASSERT(r.run.rows < 300000);
    tn_test_run_reset(&r);
    TN_TEST_SQL(&env, conn, "SELECT 1", "1\n");
}

/* An error after rows were sent: the thread that finds it and the one that fetches are not the same, and now and then DuckDB itself
 * loses the reason. What may run twice has it all the same; what may not is told that it failed, not that somebody cancelled it. */
static void test_late_error(void)
{
    for (int i = 0; i < 20; i++) {
        late_error("SELECT CASE WHEN i = 200000 THEN error('late') ELSE i END FROM range(300000) t(i)", "22023", "22023");
        late_error("SELECT CASE WHEN i = 200000 THEN error('late') ELSE i END, random_function_of_nobody(i) IS NULL FROM range(300000) t(i)", "22023",
                   "XX000");
    }
}

/* A client's own words, in an error's message, did not say that the database is lost: the next connection had a new and empty one. */
static void test_forged_error(void)
{
    struct tn_conn *other;

    TN_TEST_SQL(&env, conn, "CREATE TABLE kept AS SELECT 1", "");
    TN_TEST_SQL(&env, conn, "SELECT error('FATAL Error: Failed: database has been invalidated')",
                "ERROR 22023: Invalid Input Error: FATAL Error: Failed: database has been invalidated");
    other = tn_test_connect(&env, cluster, NULL);
    TN_TEST_SQL(&env, other, "FROM kept", "1\n");
    tn_test_disconnect(other);
    TN_TEST_SQL(&env, conn, "DROP TABLE kept", "");
}

/* ---- parameters ---- */

static void test_untyped_params(void)
{
    const struct tn_param ab[] = {text_param("1"), text_param("2020-01-01")};
    const struct tn_param half[] = {text_param("1.5")};
    const struct tn_param null[] = {text_param(NULL)};
    const struct tn_param mixed[] = {text_param("4"), text_param("e")};
    const struct tn_param range[] = {text_param("3"), text_param("1")};

    TN_TEST_SQL(&env, conn, "CREATE TABLE p (a INTEGER, d DATE, n DECIMAL(5,2))", "");
    check_params("INSERT INTO p VALUES ($1, $2, $1)", ab, 2, "");
    check_params("SELECT * FROM p WHERE a = $1 AND d = $2", ab, 2, "1|2020-01-01|1.00\n");
    check_params("SELECT $1", ab, 1, "1\n");
    check_params("SELECT $2", ab, 2, "2020-01-01\n"); /* DuckDB itself cannot skip $1 */
    check_params("SELECT a + $1, $2 FROM p", mixed, 2, "5|e\n");
    check_params("SELECT a + $1 FROM p", half, 1, "ERROR 22P02: invalid input for parameter $1");
    check_params("SELECT n + $1 FROM p", ab, 1, "2.00\n");
    check_params("SELECT a FROM p LIMIT $1", ab, 1, "1\n");
    check_params("SELECT * FROM range($1), p WHERE a = $2", range, 2, "0|1|2020-01-01|1.00\n1|1|2020-01-01|1.00\n");
    check_params("SELECT $1 IS NULL, a = $1 FROM p", null, 1, "t|NULL\n");
    check_params("SELECT a FROM p WHERE a = $1", (const struct tn_param[]){text_param("x")}, 1, "ERROR 22P02: Conversion Error");
    check_params("SELECT $1, $2", ab, 1, "ERROR 08P01: the statement has parameter $2, but 1 were given");
    check_params("SELECT ?, ?", ab, 2, "1|2020-01-01\n");
    TN_TEST_SQL(&env, conn, "DROP TABLE p", "");
}

static void test_typed_params(void)
{
    struct tn_param p[12] = {
        typed_param(TN_TYPE_INT16, -5), typed_param(TN_TYPE_INT64, INT64_MIN), {.value = {.type = TN_TYPE_BOOL}}, {.value = {.type = TN_TYPE_FLOAT64}},
        {.value = {.type = TN_TYPE_NUMERIC}}, typed_param(TN_TYPE_DATE, 1), typed_param(TN_TYPE_TIMESTAMP, 1500000), typed_param(TN_TYPE_TIME, 3600000000),
        {.value = {.type = TN_TYPE_UUID}}, {.value = {.type = TN_TYPE_BYTES}}, {.value = {.type = TN_TYPE_INTERVAL}}, {.value = {.type = TN_TYPE_TIMETZ}},
    };

    p[2].value.as.boolean = true;
    p[3].value.as.f64 = 0.5;
    p[4].value.as.text = TN_STR("-12345678901234567890.5000");
    for (uint8_t i = 0; i < 16; i++)
        p[8].value.as.uuid[i] = (uint8_t)(i * 17);
    p[9].value.as.text = tn_str_n("\0\xff", 2);
    p[10].value.as.interval = (struct tn_interval){.months = 14, .days = -3, .nanoseconds = 5000};
    p[11].value.as.timetz.time_us = 1;
    p[11].value.as.timetz.offset_s = 3600;
    check_params("SELECT $1, $2, $3, $4, $5", p, 5, "-5|-9223372036854775808|t|0.5|-12345678901234567890.5000\n");
    check_params("SELECT $6, $7, $8, $9, $10, $11, $12", p, 12,
                 "1970-01-02|1970-01-01 00:00:01.500000|01:00:00|00112233-4455-6677-8899-aabbccddeeff|\\x00ff|14m-3d5000ns|00:00:00.000001+3600\n");
    check_params("SELECT typeof($1), typeof($5), typeof($6), typeof($7), typeof($12)", p, 12,
                 "SMALLINT|DECIMAL(24,4)|DATE|TIMESTAMP|TIME WITH TIME ZONE\n");
    p[4].value.as.text = TN_STR("NaN");
    check_params("SELECT $5", p, 5, "nan\n");
    p[4].value.as.text = TN_STR("123456789012345678901234567890123456789");
    check_params("SELECT $5", p, 5, "ERROR 22003: duckDb: parameter $5 has more than the 38 digits");
    p[5] = typed_param(TN_TYPE_DATE, INT32_MIN);
    p[6] = typed_param(TN_TYPE_TIMESTAMPTZ, INT64_MAX);
    check_params("SELECT $6::VARCHAR, $7::VARCHAR", p, 7, "-infinity|infinity\n");
}

static void test_list_params(void)
{
    const struct tn_value numbers[] = {{.type = TN_TYPE_INT32, .as.i64 = 1}, {.type = TN_TYPE_NULL}, {.type = TN_TYPE_INT32, .as.i64 = 3}};
    const struct tn_value texts[] = {{.type = TN_TYPE_TEXT, .as.text = {"a", 1}}, {.type = TN_TYPE_TEXT, .as.text = {"b\"c", 3}}};
    const struct tn_value decimals[] = {{.type = TN_TYPE_NUMERIC, .as.text = {"1.5", 3}}, {.type = TN_TYPE_NUMERIC, .as.text = {"100", 3}}};
    const struct tn_value apart[] = {{.type = TN_TYPE_NUMERIC, .as.text = {"123456789012345678901234567890123456", 36}}, {.type = TN_TYPE_NUMERIC, .as.text = {"0.125", 5}}};
    struct tn_param       p[4] = {{.value = {.type = TN_TYPE_INT32, .is_list = true}}, {.value = {.type = TN_TYPE_TEXT, .is_list = true}},
                                  {.value = {.type = TN_TYPE_NUMERIC, .is_list = true}}, {.value = {.type = TN_TYPE_INT32, .is_list = true}}};

    p[0].value.as.list.items = numbers;
    p[0].value.as.list.count = 3;
    p[1].value.as.list.items = texts;
    p[1].value.as.list.count = 2;
    p[2].value.as.list.items = decimals;
    p[2].value.as.list.count = 2;
    check_params("SELECT $1, $2, $3, $4", p, 4, "[1,null,3]|[\"a\",\"b\\\"c\"]|[1.5,100.0]|[]\n");
    check_params("SELECT count(*) FROM range(10) t(i) WHERE i = ANY($1)", p, 1, "2\n");
    p[2].value.as.list.items = apart;
    check_params("SELECT $3", p, 3, "ERROR 22003: duckDb: parameter $3 is an array of numbers that no one DECIMAL of 38 digits holds");
}

static void test_describe(void)
{
    const uint32_t int4[] = {23}, numeric[] = {0, 1700};

    TN_TEST_SQL(&env, conn, "CREATE TABLE d (a INTEGER, b VARCHAR, t TIMESTAMP, n DECIMAL(5,2))", "");
    check_describe("SELECT * FROM d WHERE a = $1 AND b LIKE $2 AND t > $3 AND n = $4", NULL, 0, "23 25 1114 1700", "a:integer b:text t:timestamp n:decimal");
    check_describe("INSERT INTO d (a, b) VALUES ($1, $2)", NULL, 0, "23 25", "none");
    check_describe("INSERT INTO d (a, b) VALUES ($1, $2) RETURNING a", NULL, 0, "23 25", "a:integer");
    check_describe("INSERT INTO d (b) VALUES ('returning')", NULL, 0, "", "none");
    check_describe("SELECT $1 AS x", NULL, 0, "25", "x:text");
    check_describe("SELECT $1 AS x", int4, 1, "23", "x:integer");
    check_describe("SELECT a + $1 AS x, $2 AS y FROM d", NULL, 0, "20 25", "x:bigint y:text");
    check_describe("SELECT a + $1 AS x, $2 AS y FROM d", numeric, 2, "20 1700", "x:bigint y:decimal");
    check_describe("SELECT * FROM range($1)", NULL, 0, "20", "range:bigint");
    check_describe("SELECT $2 AS x", NULL, 0, "0 25", "x:text");
    check_describe("CREATE TABLE never (a INTEGER)", NULL, 0, "", "none");
    check_describe("BEGIN", NULL, 0, "", "none");
    check_describe("EXPLAIN SELECT 1", NULL, 0, "", "explain_key:text explain_value:text");
    check_describe("SELECT 1::VARIANT AS v, [1] AS l", NULL, 0, "", "v:json l:json");
    TN_TEST_SQL(&env, conn, "SELECT count(*) FROM d", "0\n"); /* Describe changed nothing */
    check_error("SELECT * FROM never", "ERROR 42P01");
    TN_TEST_SQL(&env, conn, "DROP TABLE d", "");
}

/* What one client sets may not hold for all users of the database. */
static void test_pragma(void)
{
    check_error("PRAGMA threads = 1", "ERROR 42501");
    check_error("/* x */ pragma Memory_Limit='1MB'", "ERROR 42501");
    TN_TEST_SQL(&env, conn, "SELECT current_setting('threads') = 1 AND current_setting('memory_limit') = '976.5 KiB'", "f\n");
    TN_TEST_SQL(&env, conn, "SELECT count(*) > 0 FROM pragma_version()", "t\n");
}

/* What Describe tells is what Execute sends. */
static void test_describe_is_true(void)
{
    static const char *const statements[] = {
        "SELECT 1 AS a", "SELECT 'x' AS a, 1.5 AS b", "VALUES (1, 'a')", "SHOW TABLES", "DESCRIBE SELECT 1", "SUMMARIZE SELECT 1 AS a", "EXPLAIN SELECT 1",
        "CALL pragma_version()", "PRAGMA version", "FROM range(2)", "SHOW timezone", "CREATE TABLE w (a INTEGER)", "INSERT INTO w VALUES (1)",
        "INSERT INTO w VALUES (2) RETURNING a, a + 1", "UPDATE w SET a = 3", "DELETE FROM w", "WITH q AS (SELECT 1 AS z) SELECT * FROM q", "DROP TABLE w",
        "BEGIN", "COMMIT", "SET threads = 2", "CHECKPOINT", "VACUUM", "PREPARE z AS SELECT 1 AS k", "EXECUTE z", "DEALLOCATE z", "ATTACH ':memory:' AS att", "DETACH att",
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(statements); i++) {
        struct tn_test_run r, d;
        describe(&d, statements[i], NULL, 0);
        tn_test_run_init(&r, statements[i]);
        tn_test_start(&r, conn);
        tn_test_wait(&env, &r);
        CU_ASSERT_EQUAL(r.run.error.status, TN_OK);
        if (strcmp(d.columns, r.columns[0] == '\0' ? "none" : r.columns) != 0)
            fprintf(stderr, "\n%s: described [%s], sent [%s] %s\n", statements[i], d.columns, r.columns, r.run.error.message);
        CU_ASSERT_STRING_EQUAL(d.columns, r.columns[0] == '\0' ? "none" : r.columns);
        tn_test_run_reset(&r);
        tn_test_run_reset(&d);
    }
}

/* ---- transactions and settings ---- */

static void test_transactions(void)
{
    TN_TEST_SQL(&env, conn, "CREATE TABLE x (a INTEGER)", "");
    TN_TEST_SQL(&env, conn, "BEGIN ISOLATION LEVEL SERIALIZABLE", "");
    TN_TEST_SQL(&env, conn, "INSERT INTO x VALUES (1)", "");
    TN_TEST_SQL(&env, conn, "ABORT", "");
    TN_TEST_SQL(&env, conn, "START TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE", "");
    TN_TEST_SQL(&env, conn, "INSERT INTO x VALUES (2)", "");
    TN_TEST_SQL(&env, conn, "END TRANSACTION", "");
    TN_TEST_SQL(&env, conn, "SELECT a FROM x", "2\n");
    TN_TEST_SQL(&env, conn, "BEGIN READ ONLY", "");
    check_error("INSERT INTO x VALUES (3)", "ERROR 25006");
    check_error("SELECT 1", "ERROR 25P02");
    check_error("ROLLBACK TO SAVEPOINT s", "ERROR 0A000");
    TN_TEST_SQL(&env, conn, "ROLLBACK WORK", "");
    check_error("COMMIT", "ERROR 25P01");
    TN_TEST_SQL(&env, conn, "BEGIN", "");
    check_error("BEGIN", "ERROR 25001");
    TN_TEST_SQL(&env, conn, "ROLLBACK", "");
    TN_TEST_SQL(&env, conn, "DROP TABLE x", "");
}

/* Two writers of one row: the later one loses. */
static void test_conflict(void)
{
    struct tn_conn *other = tn_test_connect(&env, cluster, NULL);

    TN_TEST_SQL(&env, conn, "CREATE TABLE k (a INTEGER)", "");
    TN_TEST_SQL(&env, conn, "INSERT INTO k VALUES (1)", "");
    TN_TEST_SQL(&env, conn, "BEGIN", "");
    TN_TEST_SQL(&env, other, "BEGIN", "");
    TN_TEST_SQL(&env, conn, "UPDATE k SET a = 2", "");
    {
        char *got = tn_test_sql(&env, other, "UPDATE k SET a = 3");
        CU_ASSERT_EQUAL(strncmp(got, "ERROR 40001: TransactionContext Error", 37), 0);
        tn_free(got);
    }
    TN_TEST_SQL(&env, conn, "COMMIT", "");
    tn_test_disconnect(other);
    TN_TEST_SQL(&env, conn, "DROP TABLE k", "");
}

static char *run_with(const char *sql, const struct tn_session_settings *settings)
{
    struct tn_test_run r;
    char              *text;

    tn_test_run_init(&r, sql);
    r.run.settings = settings;
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    text = tn_test_result(&r);
    tn_test_run_reset(&r);
    return text;
}

static void check_with(const char *sql, const struct tn_session_settings *settings, const char *expected)
{
    char *got = run_with(sql, settings);

    if (strncmp(got, expected, strlen(expected)) != 0)
        fprintf(stderr, "\n%s\n  expected: %s\n  got:      %s\n", sql, expected, got);
    CU_ASSERT_EQUAL(strncmp(got, expected, strlen(expected)), 0);
    tn_free(got);
}

static void test_settings(void)
{
    const struct tn_session_setting items[] = {
        {TN_STR("timezone"), TN_STR("Asia/Tokyo"), TN_CFG_ENGINE_UNSET},
        {TN_STR("search_path"), TN_STR("st, main"), TN_CFG_ENGINE_UNSET},
        {TN_STR("application_name"), TN_STR("it's"), TN_CFG_ENGINE_UNSET},
        {TN_STR("null_order"), TN_STR("nulls_first"), TN_CFG_ENGINE_DUCKDB},
        {TN_STR("work_mem"), TN_STR("4MB"), TN_CFG_ENGINE_POSTGRES},
    };
    const struct tn_session_settings all = {.hash = 1, .count = 5, .items = items}, zone = {.hash = 2, .count = 1, .items = items};
    const struct tn_session_setting  nowhere = {TN_STR("search_path"), TN_STR("\"$user\", public"), TN_CFG_ENGINE_UNSET};
    const struct tn_session_setting  wrong = {TN_STR("timezone"), TN_STR("Mars/Olympus"), TN_CFG_ENGINE_UNSET};
    const struct tn_session_setting  user_first = {TN_STR("search_path"), TN_STR("\"$user\", public, \"st\""), TN_CFG_ENGINE_UNSET};
    const struct tn_session_settings with_user = {.hash = 5, .count = 1, .items = &user_first};
    const struct tn_session_settings lost = {.hash = 3, .count = 1, .items = &nowhere}, bad = {.hash = 4, .count = 1, .items = &wrong};

    TN_TEST_SQL(&env, conn, "CREATE SCHEMA st", "");
    TN_TEST_SQL(&env, conn, "CREATE TABLE st.here (a INTEGER)", "");
    check_with("SELECT current_setting('timezone'), current_setting('null_order'), count(*) FROM here", &all, "Asia/Tokyo|NULLS_FIRST|0\n");
    CU_ASSERT_EQUAL(conn->settings_hash, 1);
    check_with("SELECT current_setting('timezone'), current_setting('null_order')", &zone, "Asia/Tokyo|NULLS_LAST\n");
    check_with("SELECT current_setting('timezone') = 'Asia/Tokyo'", NULL, "f\n");
    check_with("SELECT count(*) FROM here", &with_user, "0\n");
    check_with("SELECT current_setting('search_path')", &lost, "\n"); /* schemas that are not there are no reason to refuse everything */
    check_with("SELECT 1", &bad, "ERROR 22023");
    check_with("SELECT 1", NULL, "1\n");
    TN_TEST_SQL(&env, conn, "DROP SCHEMA st CASCADE", "");
}

/* A connection of the pool that was used by a session is clean for the next. */
static void test_reset(void)
{
    struct tn_conn *used = tn_test_connect(&env, cluster, NULL);

    TN_TEST_SQL(&env, used, "CREATE TEMP TABLE left_behind (a INTEGER)", "");
    TN_TEST_SQL(&env, used, "PREPARE left_too AS SELECT 1", "");
    TN_TEST_SQL(&env, used, "BEGIN", "");
    CU_ASSERT(cluster->ops->reset(used));
    {
        char *got = tn_test_sql(&env, used, "SELECT * FROM left_behind");
        CU_ASSERT_EQUAL(strncmp(got, "ERROR 42P01", 11), 0);
        tn_free(got);
        got = tn_test_sql(&env, used, "EXECUTE left_too");
        CU_ASSERT_EQUAL(strncmp(got, "ERROR 26000", 11), 0);
        tn_free(got);
    }
    TN_TEST_SQL(&env, used, "BEGIN", ""); /* no transaction was left open */
    tn_test_disconnect(used);
}

/* ---- streams ---- */

static void test_stream(void)
{
    struct tn_test_run r;

    tn_test_run_init(&r, "SELECT i, 'some text ' || i FROM range(1000000) t(i)");
    r.keep = false;
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    CU_ASSERT_EQUAL(r.run.error.status, TN_OK);
    CU_ASSERT_EQUAL(r.run.rows, 1000000);
    CU_ASSERT(r.most_uncredited <= TN_RUN_WINDOW);
    CU_ASSERT(r.most_bytes < TN_CHUNK_TARGET + 100);
    tn_test_run_reset(&r);
}

/* Runs of x become one x, in place. */
static size_t squeeze(char *text, size_t len)
{
    size_t out = 0;

    for (size_t i = 0; i < len; i++)
        if (text[i] != 'x' || i == 0 || text[i - 1] != 'x')
            text[out++] = text[i];
    return out;
}

#define LONG_TEXTS "WITH t AS (SELECT i, %d AS w FROM range(%d) r(i)) "

/* SQL gives the same with w = 1, but for the runs of x. */
static void check_long_texts(const char *sql, int rows, int width)
{
    struct tn_test_run narrow, wide;
    char               text[1024];

    snprintf(text, sizeof text, LONG_TEXTS "%s", 1, rows, sql);
    tn_test_run_init(&narrow, text);
    tn_test_start(&narrow, conn);
    tn_test_wait(&env, &narrow);
    CU_ASSERT_EQUAL(narrow.run.error.status, TN_OK);
    snprintf(text, sizeof text, LONG_TEXTS "%s", width, rows, sql);
    tn_test_run_init(&wide, text);
    tn_test_start(&wide, conn);
    tn_test_wait(&env, &wide);
    CU_ASSERT_EQUAL(wide.run.error.status, TN_OK);
    CU_ASSERT_EQUAL(wide.run.rows, (uint64_t)rows);
    CU_ASSERT(wide.most_bytes <= TN_CHUNK_TARGET + (size_t)width + 300500); /* and one row */
    CU_ASSERT(wide.rows.len > narrow.rows.len);
    wide.rows.len = squeeze(wide.rows.data, wide.rows.len);
    narrow.rows.len = squeeze(narrow.rows.data, narrow.rows.len);
    CU_ASSERT(wide.rows.len == narrow.rows.len && memcmp(wide.rows.data, narrow.rows.data, narrow.rows.len) == 0);
    tn_test_run_reset(&wide);
    tn_test_run_reset(&narrow);
}

/* A chunk with long texts makes several batches: every type, and nulls, come from the right rows of it. */
static void test_long_texts(void)
{
    static const char fixed[] =
        "SELECT i, CASE WHEN i % 7 <> 3 THEN repeat('x', w + (i % 3)::INTEGER) END, CASE WHEN i % 5 > 0 THEN i % 3 = 0 END, "
        "(i % 100)::TINYINT, ((i % 100) / 100)::DECIMAL(4, 2), (i * 3)::DECIMAL(18, 3), (i * 7)::DECIMAL(38, 1), "
        "DATE '2020-01-01' + i::INTEGER, TIMESTAMP '2020-01-01' + to_hours(i), (TIMESTAMP '2020-01-01' + to_seconds(i))::TIMESTAMP_S, "
        "(TIMESTAMP '2020-01-01' + to_seconds(i))::TIMESTAMP_NS, to_minutes(i), (i * 1.5)::DOUBLE, i::UHUGEINT, "
        "('0000000000000000000000000000' || lpad(i::VARCHAR, 4, '0'))::UUID, TIME '00:00:00' + to_seconds(i), "
        "CASE WHEN i % 4 > 1 THEN [i, NULL, -i] END, NULL FROM t";
    static const char nested[] =
        "SELECT i, CASE WHEN i % 7 <> 3 THEN {'a': repeat('x', w), 'b': i} END, 'short ' || i FROM t";
    static const char two[] = "SELECT i, repeat('x', w), i, repeat(CASE WHEN i % 900 = 20 THEN 'y' ELSE '' END, 300000) FROM t";

    check_long_texts(fixed, 3000, 10000);
    check_long_texts(nested, 2100, 5000);
    check_long_texts(fixed, 40, 3000000);
    check_long_texts(nested, 20, 2000000);
    check_long_texts(two, 2000, 3000);
}

/* A client that reads nothing stops the engine: of ten billion rows only a window's worth is made. Then it cancels. */
static void test_back_pressure_and_cancel(void)
{
    struct tn_test_run r;

    tn_test_run_init(&r, "SELECT i FROM range(10000000000) t(i)");
    r.keep = false;
    r.hold = true;
    tn_test_start(&r, conn);
    tn_test_wait_chunks(&env, &r, TN_RUN_WINDOW, 300);
    CU_ASSERT_EQUAL(r.chunks, TN_RUN_WINDOW);
    CU_ASSERT_FALSE(r.done);
    tn_run_cancel(&r.run);
    tn_test_wait(&env, &r);
    CU_ASSERT_STRING_EQUAL(r.run.error.sqlstate, "57014");
    CU_ASSERT_EQUAL(r.run.error.fault, TN_FAULT_CANCEL);
    tn_test_run_reset(&r);
    TN_TEST_SQL(&env, conn, "SELECT 1", "1\n"); /* the cancel does not reach the next statement */
}

static void test_cancel_while_computing(void)
{
    struct tn_test_run r;

    tn_test_run_init(&r, "SELECT count(*) FROM range(100000000) a(i), range(100000000) b(j) WHERE (i * j) % 7 = 3");
    tn_test_start(&r, conn);
    tn_test_sleep(&env, 100);
    CU_ASSERT_FALSE(r.done);
    tn_run_cancel(&r.run);
    tn_test_wait(&env, &r);
    CU_ASSERT_STRING_EQUAL(r.run.error.sqlstate, "57014");
    tn_test_run_reset(&r);
    TN_TEST_SQL(&env, conn, "SELECT 2", "2\n");
}

static void test_statistics(void)
{
    struct tn_test_run r;

    TN_TEST_SQL(&env, conn, "CREATE TABLE s AS SELECT i FROM range(100000) t(i)", "");
    tn_test_run_init(&r, "SELECT sum(i) FROM s");
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    CU_ASSERT_EQUAL(r.run.rows_read, 100000);
    CU_ASSERT(r.run.cpu_us > 0 && r.run.cpu_us < 10000000);
    tn_test_run_reset(&r);
    TN_TEST_SQL(&env, conn, "DROP TABLE s", "");
}

/* ---- clusters ---- */

static void check_open_fails(const char *body, const char *sqlstate, const char *words)
{
    struct tn_error    err = TN_ERROR_INIT;
    struct tn_cluster *none = tn_test_open(body, &err);

    CU_ASSERT_PTR_NULL(none);
    CU_ASSERT_STRING_EQUAL(err.sqlstate, sqlstate);
    if (strstr(err.message, words) == NULL)
        fprintf(stderr, "\n%s: %s\n", body, err.message);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, words));
    tn_error_reset(&err);
}

static void test_bad_clusters(void)
{
    char body[256];

    check_open_fails("engine: duckDb, readOnly: true, databasePath: /nonexistent/x.duckdb", "58P01", "/nonexistent/x.duckdb cannot be read");
    check_open_fails("engine: duckDb, extensions: [nosuch]", "58P01", "nosuch");
    check_open_fails("engine: duckDb, initSql: ['SELECT 1', 'SELEC 2']", "42601", "SELEC");
    snprintf(body, sizeof body, "engine: duckDb, databasePath: %s/garbage.duckdb", folder);
    {
        char  path[128];
        FILE *file;
        snprintf(path, sizeof path, "%s/garbage.duckdb", folder);
        file = fopen(path, "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(file);
        fputs("this is not a database, but long enough to be looked at as one, at least at its first page header", file);
        fclose(file);
    }
    check_open_fails(body, "58030", "garbage.duckdb");
}

static void test_options(void)
{
    struct tn_cluster *other = tn_test_cluster("engine: duckDb, threads: 1, memoryLimit: 512MiB, initSql: ['CREATE TABLE IF NOT EXISTS i (a INTEGER)', 'SET timezone = ''Europe/Paris''', "
                                               "'ATTACH '':memory:'' AS side']");
    struct tn_conn    *first = tn_test_connect(&env, other, NULL), *second = tn_test_connect(&env, other, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_PTR_NOT_NULL_FATAL(second);
    TN_TEST_SQL(&env, first, "SELECT current_setting('threads'), current_setting('memory_limit'), current_setting('timezone')", "1|512.0 MiB|Europe/Paris\n");
    TN_TEST_SQL(&env, second, "SELECT current_setting('timezone'), count(*) FROM i", "Europe/Paris|0\n");
    TN_TEST_SQL(&env, first, "INSERT INTO i VALUES (1)", "");
    TN_TEST_SQL(&env, second, "SELECT count(*) FROM i", "1\n"); /* one database, two connections */
    tn_test_disconnect(first);
    tn_test_disconnect(second);
    tn_cluster_unref(other);
}

static void test_no_external_access(void)
{
    struct tn_cluster *open_one = tn_test_cluster("engine: duckDb, externalAccess: true");
    struct tn_conn    *free_conn = tn_test_connect(&env, open_one, NULL);
    char               sql[256];

    check_error("SELECT * FROM read_csv('/etc/passwd')", "ERROR 42501: Permission Error");
    check_error("SELECT * FROM '/etc/passwd'", "ERROR 42");
    snprintf(sql, sizeof sql, "COPY (SELECT 1) TO '%s/out.csv'", folder);
    check_error(sql, "ERROR 42501: Permission Error");
    check_error("ATTACH '/tmp/turnout-never.duckdb'", "ERROR 42501: Permission Error");
    check_error("LOAD '/tmp/turnout-never.duckdb_extension'", "ERROR 42501: Permission Error");
    check_error("SET enable_external_access = true", "ERROR 22023");
    check_error("INSTALL httpfs", "ERROR 42501");
    TN_TEST_SQL(&env, free_conn, sql, "");
    snprintf(sql, sizeof sql, "SELECT count(*) > 0 FROM read_csv('%s/out.csv')", folder);
    TN_TEST_SQL(&env, free_conn, sql, "t\n");
    tn_test_disconnect(free_conn);
    tn_cluster_unref(open_one);
}

static void test_extension(void)
{
    static struct tn_duckdb_api api;
    char                        file[4200], *slash;
    struct tn_cluster          *tpch;
    struct tn_conn             *c;

    CU_ASSERT_EQUAL_FATAL(tn_duckdb_library_load(&api, NULL), TN_OK);
    snprintf(file, sizeof file, "%s", api.path);
    slash = strrchr(file, '/');
    CU_ASSERT_PTR_NOT_NULL_FATAL(slash);
    snprintf(slash, sizeof file - (size_t)(slash - file), "/extensions/%s/tpch.duckdb_extension", TN_DUCKDB_VERSION);
    if (access(file, R_OK) != 0) {
        printf(" skipped: no tpch extension; run tools/fetch_duckdb ");
        return;
    }
    tpch = tn_test_cluster("engine: duckDb, extensions: [tpch]");
    c = tn_test_connect(&env, tpch, NULL);
    TN_TEST_SQL(&env, c, "CALL dbgen(sf = 0)", "");
    TN_TEST_SQL(&env, c, "SELECT count(*) FROM tpch_queries()", "22\n");
    tn_test_disconnect(c);
    tn_cluster_unref(tpch);
}

/* Once the last connection of before is closed, which the pool does after the disconnect. */
static struct tn_conn *connect_anew(struct tn_cluster *to)
{
    struct tn_conn *c = NULL;

    for (int i = 0; i < 6000 && c == NULL; i++) {
        c = tn_test_connect(&env, to, NULL);
        if (c == NULL)
            tn_test_sleep(&env, 10);
    }
    return c;
}

/* A file is open once in this process, whoever asks: clusters of the same file share it, in the same mode. */
static void test_same_file(void)
{
    char               body[256], readonly[256];
    struct tn_cluster *a, *b;
    struct tn_conn    *ca, *cb;
    struct tn_error    err = TN_ERROR_INIT;

    snprintf(body, sizeof body, "engine: duckDb, databasePath: %s/shared.duckdb", folder);
    snprintf(readonly, sizeof readonly, "engine: duckDb, readOnly: true, databasePath: %s/shared.duckdb", folder);
    a = tn_test_cluster(body);
    ca = tn_test_connect(&env, a, NULL);
    TN_TEST_SQL(&env, ca, "CREATE TABLE f AS SELECT 42 AS a", "");
    b = tn_test_cluster(body);
    cb = tn_test_connect(&env, b, NULL);
    TN_TEST_SQL(&env, cb, "INSERT INTO f VALUES (43)", "");
    TN_TEST_SQL(&env, ca, "SELECT count(*) FROM f", "2\n");
    tn_test_disconnect(cb);
    tn_test_sleep(&env, 50);
    tn_cluster_unref(b);
    b = tn_test_cluster(readonly); /* as at a reload: the old one is still there */
    CU_ASSERT_PTR_NULL(tn_test_connect(&env, b, &err));
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "55006");
    CU_ASSERT_EQUAL(err.fault, TN_FAULT_ENGINE);
    tn_test_disconnect(ca);
    tn_test_sleep(&env, 50);
    tn_cluster_unref(a);
    cb = connect_anew(b); /* it is gone: opened anew */
    CU_ASSERT_PTR_NOT_NULL_FATAL(cb);
    TN_TEST_SQL(&env, cb, "SELECT a FROM f ORDER BY a", "42\n43\n");
    {
        char *got = tn_test_sql(&env, cb, "INSERT INTO f VALUES (1)");
        CU_ASSERT_EQUAL(strncmp(got, "ERROR 25006", 11), 0);
        tn_free(got);
    }
    TN_TEST_SQL(&env, cb, "CREATE TEMP TABLE scratch AS SELECT 1 AS a", ""); /* temporary tables are not the file's */
    tn_test_disconnect(cb);
    tn_test_sleep(&env, 50);
    tn_cluster_unref(b);
    tn_error_reset(&err);
}

/* After a fatal error the database is closed with its last connection and opened again, with what it had committed. */
static void test_opened_again(void)
{
    char                           body[256];
    struct tn_cluster             *one;
    struct tn_conn                *old, *new;
    struct tn_duckdb_database_ref *database;
    struct tn_error                err = TN_ERROR_INIT;

    snprintf(body, sizeof body, "engine: duckDb, databasePath: %s/fatal.duckdb", folder);
    one = tn_test_cluster(body);
    old = tn_test_connect(&env, one, NULL);
    TN_TEST_SQL(&env, old, "CREATE TABLE f AS SELECT 42 AS a", "");
    CU_ASSERT_EQUAL_FATAL(tn_duckdb_database_get(one->engine, &database, &err), TN_OK);
    tn_duckdb_database_invalidate(one->engine, database);
    tn_duckdb_database_put(database);
    CU_ASSERT_PTR_NULL(tn_test_connect(&env, one, &err));
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "55006");
    tn_test_disconnect(old);
    new = connect_anew(one);
    CU_ASSERT_PTR_NOT_NULL_FATAL(new);
    TN_TEST_SQL(&env, new, "SELECT a FROM f", "42\n");
    tn_test_disconnect(new);
    tn_test_sleep(&env, 50);
    tn_cluster_unref(one);
    tn_error_reset(&err);
}

/* Connections may end while a stream is open; nothing of it is left (the sanitizer looks). */
static void test_disconnect_with_open_stream(void)
{
    struct tn_conn    *c = tn_test_connect(&env, cluster, NULL);
    struct tn_test_run r;

    tn_test_run_init(&r, "SELECT i, [i, i + 1], {'a': 'x' || i} FROM range(100000000) t(i)");
    r.keep = false;
    r.hold = true;
    tn_test_start(&r, c);
    tn_test_sleep(&env, 100);
    tn_run_cancel(&r.run);
    tn_test_wait(&env, &r);
    tn_test_run_reset(&r);
    tn_test_disconnect(c);
}

static bool can(const struct tn_cluster *on, const char *sql)
{
    struct tn_features features;
    struct tn_error    why = TN_ERROR_INIT;
    bool               ok;

    tn_features_read(&features, tn_str(sql), TN_DIALECT_POSTGRES);
    ok = on->ops->can_run(on, &features, &why);
    CU_ASSERT(ok || why.fault == TN_FAULT_UNSUPPORTED);
    tn_error_reset(&why);
    return ok;
}

static void test_can_run(void)
{
    char               body[256];
    struct tn_cluster *readonly;

    CU_ASSERT(can(cluster, "SELECT 1"));
    CU_ASSERT(can(cluster, "INSERT INTO t VALUES (1)"));
    CU_ASSERT_FALSE(can(cluster, "SAVEPOINT a"));
    CU_ASSERT_FALSE(can(cluster, "LISTEN x"));
    CU_ASSERT_FALSE(can(cluster, "DECLARE c CURSOR FOR SELECT 1"));
    CU_ASSERT_FALSE(can(cluster, "SELECT * FROM t FOR UPDATE"));
    snprintf(body, sizeof body, "engine: duckDb, readOnly: true, databasePath: %s/shared.duckdb", folder);
    readonly = tn_test_cluster(body);
    CU_ASSERT(can(readonly, "SELECT 1"));
    CU_ASSERT(can(readonly, "BEGIN"));
    CU_ASSERT_FALSE(can(readonly, "INSERT INTO t VALUES (1)"));
    CU_ASSERT_FALSE(can(readonly, "CREATE TABLE t (a INTEGER)"));
    tn_cluster_unref(readonly);
}

/* Every allocation of ours fails once: an error, never a crash or a wrong row; then all is well again. */
static void test_no_memory(void)
{
    static const char sql[] = "SELECT i, 'text ' || i, [i], 1.5::DECIMAL(4,1), true FROM range(3000) t(i)";

    TN_TEST_SQL(&env, conn, "SELECT 1", "1\n");
    for (size_t n = 0; n < 3; n++) { /* allocations happen in pool threads: only the start on this one can be made to fail */
        struct tn_test_run r;
        tn_test_run_init(&r, sql);
        r.keep = false;
        tn_alloc_fail_after(n);
        tn_test_start(&r, conn);
        tn_alloc_fail_never();
        tn_test_wait(&env, &r);
        CU_ASSERT(r.run.error.status == TN_OK || r.run.error.status == TN_E_NOMEM);
        tn_test_run_reset(&r);
    }
    TN_TEST_SQL(&env, conn, "SELECT 1", "1\n");
}

int main(void)
{
    static struct tn_duckdb_api api;
    struct tn_error             err = TN_ERROR_INIT;
    CU_pSuite                   suite;
    char                        command[128];
    unsigned                    failures;

    if (tn_duckdb_library_load(&api, &err) != TN_OK) {
        printf("skipped: %s; run tools/fetch_duckdb\n", err.message);
        tn_error_reset(&err);
        return SKIPPED;
    }
    snprintf(folder, sizeof folder, "/tmp/turnout-duckdb-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    CU_initialize_registry();
    tn_test_env_init(&env);
    cluster = tn_test_cluster("engine: duckDb");
    conn = tn_test_connect(&env, cluster, NULL);
    tn_free(tn_test_sql(&env, conn, "CREATE MACRO random_function_of_nobody(i) AS i + 1"));
    suite = CU_add_suite("duckdb_engine", NULL, NULL);
    CU_add_test(suite, "select", test_select);
    CU_add_test(suite, "changes", test_changes);
    CU_add_test(suite, "errors", test_errors);
    CU_add_test(suite, "error position", test_error_position);
    CU_add_test(suite, "late error", test_late_error);
    CU_add_test(suite, "an error that a client words", test_forged_error);
    CU_add_test(suite, "untyped parameters", test_untyped_params);
    CU_add_test(suite, "typed parameters", test_typed_params);
    CU_add_test(suite, "list parameters", test_list_params);
    CU_add_test(suite, "describe", test_describe);
    CU_add_test(suite, "pragma", test_pragma);
    CU_add_test(suite, "describe is true", test_describe_is_true);
    CU_add_test(suite, "transactions", test_transactions);
    CU_add_test(suite, "conflict", test_conflict);
    CU_add_test(suite, "settings", test_settings);
    CU_add_test(suite, "reset", test_reset);
    CU_add_test(suite, "stream", test_stream);
    CU_add_test(suite, "long texts", test_long_texts);
    CU_add_test(suite, "back-pressure and cancel", test_back_pressure_and_cancel);
    CU_add_test(suite, "cancel while computing", test_cancel_while_computing);
    CU_add_test(suite, "statistics", test_statistics);
    CU_add_test(suite, "bad clusters", test_bad_clusters);
    CU_add_test(suite, "options", test_options);
    CU_add_test(suite, "no external access", test_no_external_access);
    CU_add_test(suite, "extension", test_extension);
    CU_add_test(suite, "same file", test_same_file);
    CU_add_test(suite, "opened again", test_opened_again);
    CU_add_test(suite, "disconnect with an open stream", test_disconnect_with_open_stream);
    CU_add_test(suite, "can run", test_can_run);
    CU_add_test(suite, "no memory", test_no_memory);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    tn_test_disconnect(conn);
    tn_cluster_unref(cluster);
    tn_test_env_free(&env);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) != 0 || failures > 0;
}

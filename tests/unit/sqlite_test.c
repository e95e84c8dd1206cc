#include "engine/sqlite/sqlite_conn.h"
#include "engine/sqlite/sqlite_run.h"
#include "tests/unit/harness.h"

#include <math.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

static struct tn_test_env env;
static char               dir[] = "/tmp/tn_sqlite_XXXXXX";
static char               path[64];

static int set_up(void)
{
    if (mkdtemp(dir) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/a.db", dir);
    tn_test_env_init(&env);
    return 0;
}

static int tear_down(void)
{
    static const char *const files[] = {"a.db", "a.db-wal", "a.db-shm", "bad.db", "ro.db", "x.db", "x.db-wal", "x.db-shm"};
    char                     name[128];

    tn_test_env_free(&env);
    for (size_t i = 0; i < TN_ARRAY_LEN(files); i++) {
        snprintf(name, sizeof name, "%s/%s", dir, files[i]);
        unlink(name);
    }
    return rmdir(dir);
}

static struct tn_cluster *open_with(const char *more)
{
    char body[512];

    snprintf(body, sizeof body, "engine: sqlite, databasePath: %s%s", path, more);
    return tn_test_cluster(body);
}

static void check(struct tn_conn *conn, const char *sql, const char *columns, const char *rows)
{
    struct tn_test_run r;
    char              *text;

    tn_test_run_init(&r, sql);
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    text = tn_test_result(&r);
    if (strcmp(r.columns, columns) != 0 || strcmp(text, rows) != 0)
        fprintf(stderr, "\n%s\n  expected: %s\n%s\n  got:      %s\n%s\n", sql, columns, rows, r.columns, text);
    CU_ASSERT_STRING_EQUAL(r.columns, columns);
    CU_ASSERT_STRING_EQUAL(text, rows);
    tn_free(text);
    tn_test_run_reset(&r);
}

static void check_error(struct tn_conn *conn, const char *sql, const char *sqlstate, int position)
{
    struct tn_test_run r;

    tn_test_run_init(&r, sql);
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    if (strcmp(r.run.error.sqlstate, sqlstate) != 0 || r.run.error.position != position)
        fprintf(stderr, "\n%s\n  expected: %s at %d\n  got:      %s at %d: %s\n", sql, sqlstate, position,
                r.run.error.sqlstate, r.run.error.position, r.run.error.message);
    CU_ASSERT_STRING_EQUAL(r.run.error.sqlstate, sqlstate);
    CU_ASSERT_EQUAL(r.run.error.position, position);
    CU_ASSERT(r.run.error.status != TN_OK);
    tn_test_run_reset(&r);
}

static void ok(struct tn_conn *conn, const char *sql)
{
    TN_TEST_SQL(&env, conn, sql, "");
}

static void test_types(void)
{
    struct tn_cluster *cluster = open_with("");
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);

    ok(conn, "CREATE TABLE t (i INTEGER PRIMARY KEY, s SMALLINT, b BOOLEAN, r REAL, d DECIMAL(15,2), n NUMERIC, dt DATE, "
             "ts DATETIME, tz TIMESTAMPTZ, tm TIME, v VARCHAR(10), bl BLOB, j JSON, u UUID, x)");
    ok(conn, "INSERT INTO t VALUES (1, 2, 1, 1.5, 10.5, 0.1, '2024-02-29', '2024-01-31 10:20:30.25', "
             "'2024-01-31T10:20:30+02:00', '23:59', 'abc', x'00ff', '{\"a\":1}', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 7)");
    ok(conn, "INSERT INTO t (i, d, n, r) VALUES (2, 10, 12345678901234567, 3)");
    ok(conn, "INSERT INTO t (i, d, n, b) VALUES (3, -0.07, 1e20, 0)");
    check(conn, "SELECT * FROM t WHERE i = 1",
          "i:bigint s:bigint b:boolean r:double d:numeric n:numeric dt:date ts:timestamp tz:timestamptz tm:time v:text "
          "bl:bytes j:json u:uuid x:bigint",
          "1|2|t|1.5|10.50|0.1|2024-02-29|2024-01-31 10:20:30.250000|2024-01-31 08:20:30+00|23:59:00|abc|\\x00ff|"
          "{\"a\":1}|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|7\n");
    check(conn, "SELECT d, n, r, b, ts, x FROM t ORDER BY i DESC LIMIT 2",
          "d:numeric n:numeric r:double b:boolean ts:timestamp x:text",
          "-0.07|100000000000000000000|NULL|f|NULL|NULL\n10.00|12345678901234567|3|NULL|NULL|NULL\n");
    check(conn, "SELECT count(*), avg(i), sum(r), max(v), 1.0, 'a', x'01', NULL, 9223372036854775807",
          "", "ERROR 42703: no such column: i");
    check(conn, "SELECT count(*), avg(i), sum(r), max(v), NULL FROM t",
          "count(*):bigint avg(i):double sum(r):double max(v):text NULL:text", "3|2|4.5|abc|NULL\n");
    check(conn, "SELECT count(*) AS c, x AS x, x AS x FROM t WHERE i > 100", "c:bigint x:text x:text", "0|NULL|NULL\n");
    check(conn, "SELECT i + 1 AS e FROM t WHERE i > 100", "e:text", "");
    check(conn, "SELECT count(i) FROM t WHERE 0 GROUP BY i", "count(i):bigint", "");
    check(conn, "SELECT CAST(x AS INTEGER) FROM t WHERE 0", "CAST(x AS INTEGER):bigint", "");
    ok(conn, "DELETE FROM t");
    tn_test_disconnect(conn);
    tn_cluster_unref(cluster);
}

/* Values decide where declarations do not, or lie. */
static void test_mixed(void)
{
    struct tn_cluster *cluster = open_with("");
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);

    check(conn, "SELECT * FROM (VALUES (1), (2.5), (NULL))", "column1:double", "1\n2.5\nNULL\n");
    check(conn, "SELECT * FROM (VALUES (9007199254740993), (2.5))", "column1:text", "9007199254740993\n2.5\n");
    check(conn, "SELECT * FROM (VALUES (1), ('a'), (2.0))", "column1:text", "1\na\n2.0\n");
    check(conn, "SELECT * FROM (VALUES (x'41'), ('b'), (3))", "column1:bytes", "\\x41\n\\x62\n\\x33\n");
    check(conn, "SELECT * FROM (VALUES (''), (NULL))", "column1:text", "\nNULL\n");
    check(conn, "SELECT zeroblob(0) AS z, 1e999 AS inf, -1e999 AS ninf", "z:bytes inf:double ninf:double", "\\x|inf|-inf\n");
    ok(conn, "CREATE TABLE m (d DATETIME, i INTEGER, b BOOL, u UUID)");
    ok(conn, "INSERT INTO m VALUES (1700000000, 'abc', 2, 'no uuid')");
    check(conn, "SELECT d, i, b, u FROM m", "d:bigint i:text b:bigint u:text", "1700000000|abc|2|no uuid\n");
    ok(conn, "INSERT INTO m (d) VALUES ('2024-13-01'), ('2024-02-30'), ('2024-01-01 25:00'), ('2024-01-01')");
    check(conn, "SELECT d FROM m WHERE typeof(d) = 'text'", "d:text",
          "2024-13-01\n2024-02-30\n2024-01-01 25:00\n2024-01-01\n");
    ok(conn, "DROP TABLE m");
    tn_test_disconnect(conn);
    tn_cluster_unref(cluster);
}

/* What comes after the first batch must fit what was announced. */
static void test_late_misfit(void)
{
    struct tn_cluster *cluster = open_with("");
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);
    struct tn_test_run r;

    tn_test_run_init(&r, "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 5000) "
                         "SELECT CASE WHEN n = 4000 THEN 'abc' ELSE n END AS late FROM c");
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    CU_ASSERT_STRING_EQUAL(r.columns, "late:bigint");
    CU_ASSERT_STRING_EQUAL(r.run.error.sqlstate, "42804");
    CU_ASSERT_PTR_NOT_NULL(strstr(r.run.error.message, "\"late\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.run.error.detail, "abc"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.run.error.hint, "CAST"));
    CU_ASSERT_EQUAL(r.run.error.fault, TN_FAULT_QUERY);
    tn_test_run_reset(&r);
    tn_test_run_init(&r, "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 5000) "
                         "SELECT CASE WHEN n = 4000 THEN 7.0 ELSE n END AS late FROM c");
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    CU_ASSERT_EQUAL(r.run.error.status, TN_OK); /* 7.0 is an integer too */
    CU_ASSERT_EQUAL(r.run.rows, 5000);
    tn_test_run_reset(&r);
    tn_test_disconnect(conn);
    tn_cluster_unref(cluster);
}

static void test_errors(void)
{
    struct tn_cluster *cluster = open_with("");
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);

    ok(conn, "CREATE TABLE e (a INTEGER PRIMARY KEY, b TEXT NOT NULL, c INT CHECK (c > 0), d INT UNIQUE)");
    ok(conn, "CREATE TABLE strict (a INT) STRICT");
    ok(conn, "INSERT INTO e VALUES (1, 'x', 1, 1)");
    check_error(conn, "SELEC 1", "42601", 1);
    check_error(conn, "SELECT 'ü', FROM e", "42601", 13);
    check_error(conn, "SELECT * FROM missing", "42P01", 0);
    check_error(conn, "SELECT nope FROM e", "42703", 8);
    check_error(conn, "SELECT nope(1)", "42883", 8);
    check_error(conn, "SELECT length(1, 2)", "42883", 8);
    check_error(conn, "SELECT a FROM e, e AS f", "42702", 8);
    check_error(conn, "SELECT (", "42601", 0);
    check_error(conn, "INSERT INTO e VALUES (1, 'x', 1, 2)", "23505", 0);
    check_error(conn, "INSERT INTO e VALUES (2, 'x', 1, 1)", "23505", 0);
    check_error(conn, "INSERT INTO e VALUES (2, NULL, 1, 2)", "23502", 0);
    check_error(conn, "INSERT INTO e VALUES (2, 'x', 0, 2)", "23514", 0);
    check_error(conn, "INSERT INTO e VALUES ('a', 'x', 1, 2)", "42804", 0);
    check_error(conn, "INSERT INTO strict VALUES ('a')", "42804", 0);
    check_error(conn, "INSERT INTO e VALUES (1)", "42601", 0);
    check_error(conn, "CREATE TABLE e (a INT)", "42P07", 14);
    check_error(conn, "SELECT abs(-9223372036854775808)", "22003", 0);
    check_error(conn, "SELECT 1; SELECT 2", "42601", 0);
    check_error(conn, "PRAGMA foreign_keys(1", "42601", 0);
    ok(conn, "PRAGMA foreign_keys = 1");
    ok(conn, "CREATE TABLE f (a INT REFERENCES e(a))");
    check_error(conn, "INSERT INTO f VALUES (99)", "23503", 0);
    ok(conn, "DROP TABLE f");
    ok(conn, "DROP TABLE e");
    ok(conn, "DROP TABLE strict");
    tn_test_disconnect(conn);
    tn_cluster_unref(cluster);
}

static void test_safety(void)
{
    struct tn_cluster *cluster = open_with("");
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);
    char               sql[256], other[128];

    snprintf(other, sizeof other, "%s/x.db", dir);
    snprintf(sql, sizeof sql, "ATTACH '%s' AS other", other);
    check_error(conn, sql, "42501", 0);
    check_error(conn, "ATTACH '' AS other", "42501", 0);
    check_error(conn, "ATTACH ':memory:' AS other", "42501", 0);
    snprintf(sql, sizeof sql, "VACUUM INTO '%s'", other);
    check_error(conn, sql, "42501", 0);
    CU_ASSERT_NOT_EQUAL(access(other, F_OK), 0);
    ok(conn, "VACUUM");
    check_error(conn, "DETACH main", "42501", 0);
    check_error(conn, "SELECT load_extension('/tmp/x.so')", "42501", 8);
    check_error(conn, "PRAGMA journal_mode = DELETE", "42501", 0);
    check_error(conn, "PRAGMA temp_store_directory = '/tmp'", "42501", 0);
    check_error(conn, "PRAGMA hard_heap_limit = 1", "42501", 0);
    check_error(conn, "PRAGMA writable_schema = 1", "42501", 0);
    check(conn, "PRAGMA journal_mode", "journal_mode:text", "wal\n");
    ok(conn, "CREATE TABLE s (a INT)");
    check_error(conn, "INSERT INTO sqlite_schema VALUES (1,2,3,4,5)", "42501", 0);
    check(conn, "PRAGMA table_info(s)", "cid:bigint name:text type:text notnull:bigint dflt_value:text pk:bigint",
          "0|a|INT|0|NULL|0\n");
    ok(conn, "DROP TABLE s");
    tn_test_disconnect(conn);
    tn_cluster_unref(cluster);
}

static void test_read_only(void)
{
    struct tn_cluster *cluster = open_with("");
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);
    struct tn_features features;
    struct tn_error    err = TN_ERROR_INIT;
    char               body[256];

    ok(conn, "CREATE TABLE ro (a INT)");
    ok(conn, "INSERT INTO ro VALUES (1)");
    tn_test_disconnect(conn);
    tn_cluster_unref(cluster);
    tn_test_sleep(&env, 20);
    cluster = open_with(", readOnly: true");
    conn = tn_test_connect(&env, cluster, NULL);
    TN_TEST_SQL(&env, conn, "SELECT * FROM ro", "1\n");
    check_error(conn, "INSERT INTO ro VALUES (2)", "25006", 0);
    check_error(conn, "CREATE TEMP TABLE x (a INT)", "25006", 0);
    check_error(conn, "PRAGMA query_only = 0", "42501", 0);
    tn_features_read(&features, TN_STR("DELETE FROM ro"), TN_DIALECT_POSTGRES);
    CU_ASSERT_FALSE(cluster->ops->can_run(cluster, &features, &err));
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "25006");
    CU_ASSERT_EQUAL(err.fault, TN_FAULT_UNSUPPORTED);
    CU_ASSERT_FALSE(cluster->ops->can_run(cluster, &features, NULL));
    tn_features_read(&features, TN_STR("SELECT 1"), TN_DIALECT_POSTGRES);
    CU_ASSERT_TRUE(cluster->ops->can_run(cluster, &features, NULL));
    tn_test_disconnect(conn);
    tn_cluster_unref(cluster);
    snprintf(body, sizeof body, "engine: sqlite, readOnly: true, databasePath: %s/none.db", dir);
    CU_ASSERT_PTR_NULL(tn_test_open(body, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "none.db"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "cluster c1"));
}

static void test_bad_files(void)
{
    struct tn_error err = TN_ERROR_INIT;
    char            name[128], body[512];
    FILE           *file;

    snprintf(name, sizeof name, "%s/bad.db", dir);
    file = fopen(name, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is no database. ", file);
    fclose(file);
    snprintf(body, sizeof body, "engine: sqlite, databasePath: %s", name);
    CU_ASSERT_PTR_NULL(tn_test_open(body, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "not a database"));
    CU_ASSERT_PTR_NULL(tn_test_open("engine: sqlite, databasePath: /no/such/dir/x.db", &err));
    CU_ASSERT_PTR_NULL(tn_test_open("engine: sqlite, initSql: ['CREATE TABLE (']", &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "initSql statement 1"));
}

static void run_kept(struct tn_conn *conn, struct tn_test_run *r, const char *sql)
{
    tn_test_run_init(r, sql);
    tn_test_start(r, conn);
    tn_test_wait(&env, r);
}

static void test_dml(void)
{
    struct tn_cluster *cluster = open_with("");
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);
    struct tn_test_run r;

    ok(conn, "CREATE TABLE dml (a INTEGER PRIMARY KEY, b TEXT)");
    run_kept(conn, &r, "INSERT INTO dml (b) VALUES ('x'), ('y'), ('z')");
    CU_ASSERT_EQUAL(r.run.affected, 3);
    CU_ASSERT_EQUAL(r.run.rows, 0);
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&r.events), "d"));
    tn_test_run_reset(&r);
    run_kept(conn, &r, "SELECT * FROM dml");
    CU_ASSERT_EQUAL(r.run.affected, 0);
    CU_ASSERT_EQUAL(r.run.rows, 3);
    tn_test_run_reset(&r);
    run_kept(conn, &r, "UPDATE dml SET b = b || '!' WHERE a > 1 RETURNING a, b");
    CU_ASSERT_EQUAL(r.run.affected, 2);
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&r.rows), "2|y!\n3|z!\n"));
    CU_ASSERT_STRING_EQUAL(r.columns, "a:bigint b:text");
    tn_test_run_reset(&r);
    run_kept(conn, &r, "UPDATE dml SET b = b WHERE a > 100");
    CU_ASSERT_EQUAL(r.run.affected, 0);
    tn_test_run_reset(&r);
    run_kept(conn, &r, "CREATE TABLE dml2 (a INT)");
    CU_ASSERT_EQUAL(r.run.affected, 0);
    tn_test_run_reset(&r);
    ok(conn, "DROP TABLE dml2");
    ok(conn, "DROP TABLE dml");
    TN_TEST_SQL(&env, conn, "-- nothing", "");
    tn_test_disconnect(conn);
    tn_cluster_unref(cluster);
}

static void test_transactions(void)
{
    struct tn_cluster *cluster = open_with("");
    struct tn_conn    *a = tn_test_connect(&env, cluster, NULL), *b = tn_test_connect(&env, cluster, NULL);

    ok(a, "CREATE TABLE tx (a INT)");
    ok(a, "START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE");
    CU_ASSERT_TRUE(a->dirty);
    ok(a, "INSERT INTO tx VALUES (1)");
    ok(a, "SAVEPOINT s1");
    ok(a, "INSERT INTO tx VALUES (2)");
    ok(a, "ROLLBACK WORK TO SAVEPOINT s1");
    ok(a, "RELEASE SAVEPOINT s1");
    ok(a, "BEGIN"); /* a warning in PostgreSQL */
    TN_TEST_SQL(&env, a, "SELECT * FROM tx", "1\n");
    TN_TEST_SQL(&env, b, "SELECT * FROM tx", "");
    ok(a, "END TRANSACTION");
    TN_TEST_SQL(&env, b, "SELECT * FROM tx", "1\n");
    ok(a, "COMMIT"); /* outside: a warning */
    ok(a, "ABORT");
    check_error(a, "SAVEPOINT s1", "25P01", 0);
    check_error(a, "ROLLBACK TO s1", "25P01", 0);
    ok(a, "begin /* c */ isolation level read committed");
    check_error(a, "ROLLBACK TO s1", "3B001", 0);
    check_error(a, "COMMIT AND CHAIN", "0A000", 0);
    ok(a, "DELETE FROM tx");
    ok(a, "ROLLBACK AND NO CHAIN");
    TN_TEST_SQL(&env, a, "SELECT * FROM tx", "1\n");
    ok(a, "BEGIN IMMEDIATE");
    ok(a, "INSERT INTO tx VALUES (5)");
    CU_ASSERT_TRUE(cluster->ops->reset(a)); /* the pool's way of ending it */
    TN_TEST_SQL(&env, a, "SELECT * FROM tx", "1\n");
    ok(a, "CREATE TEMP TABLE mine (a INT)");
    CU_ASSERT_TRUE(a->dirty);
    CU_ASSERT_TRUE(cluster->ops->reset(a));
    check_error(a, "SELECT * FROM mine", "42P01", 0);
    ok(b, "DROP TABLE tx");
    tn_test_disconnect(a);
    tn_test_disconnect(b);
    tn_cluster_unref(cluster);
}

static void test_busy(void)
{
    struct tn_cluster *cluster = open_with(", busyTimeout: 50ms");
    struct tn_conn    *a = tn_test_connect(&env, cluster, NULL), *b = tn_test_connect(&env, cluster, NULL);
    struct tn_cluster *patient;
    struct tn_conn    *c;
    struct tn_test_run r;
    uint64_t           start;

    ok(a, "CREATE TABLE busy (a INT)");
    ok(a, "BEGIN IMMEDIATE");
    start = tn_clock_us();
    check_error(b, "INSERT INTO busy VALUES (1)", "55P03", 0);
    CU_ASSERT(tn_clock_us() - start >= 40000);
    patient = open_with(", busyTimeout: 600s");
    c = tn_test_connect(&env, patient, NULL);
    tn_test_run_init(&r, "INSERT INTO busy VALUES (2)");
    tn_test_start(&r, c);
    tn_test_sleep(&env, 60);
    CU_ASSERT_FALSE(r.done);
    tn_run_cancel(&r.run); /* also while it waits for a lock */
    tn_test_wait(&env, &r);
    CU_ASSERT_STRING_EQUAL(r.run.error.sqlstate, "57014");
    tn_test_run_reset(&r);
    tn_test_run_init(&r, "INSERT INTO busy VALUES (3)");
    tn_test_start(&r, c);
    tn_test_sleep(&env, 30);
    ok(a, "COMMIT");
    tn_test_wait(&env, &r);
    CU_ASSERT_EQUAL(r.run.error.status, TN_OK);
    tn_test_run_reset(&r);
    ok(a, "DROP TABLE busy");
    tn_test_disconnect(a);
    tn_test_disconnect(b);
    tn_test_disconnect(c);
    tn_cluster_unref(cluster);
    tn_cluster_unref(patient);
}

#define P_TEXT(s) {.value = {.type = TN_TYPE_TEXT, .untyped = true, .as.text = TN_STR(s)}}
#define P_I64(n) {.value = {.type = TN_TYPE_INT64, .as.i64 = (n)}}

static void check_params(struct tn_conn *conn, const char *sql, const struct tn_param *params, size_t count,
                         const char *expected)
{
    char *text = tn_test_sql_params(&env, conn, sql, params, count);

    if (strcmp(text, expected) != 0)
        fprintf(stderr, "\n%s\n  expected: %s\n  got:      %s\n", sql, expected, text);
    CU_ASSERT_STRING_EQUAL(text, expected);
    tn_free(text);
}

static void test_params(void)
{
    struct tn_cluster *cluster = open_with("");
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);
    const struct tn_param one_two[] = {P_I64(1), P_TEXT("two")};
    const struct tn_value items[] = {{.type = TN_TYPE_INT64, .as.i64 = 1}, {.type = TN_TYPE_NULL},
                                     {.type = TN_TYPE_TEXT, .as.text = TN_STR("a\"b")}};
    const struct tn_param all[] = {
        {.value = {.type = TN_TYPE_NULL}},
        {.value = {.type = TN_TYPE_BOOL, .as.boolean = true}},
        {.value = {.type = TN_TYPE_FLOAT64, .as.f64 = 2.5}},
        {.value = {.type = TN_TYPE_NUMERIC, .as.text = TN_STR("12")}},
        {.value = {.type = TN_TYPE_NUMERIC, .as.text = TN_STR("12.50")}},
        {.value = {.type = TN_TYPE_NUMERIC, .as.text = TN_STR("1234567890.123456789")}},
        {.value = {.type = TN_TYPE_BYTES, .as.text = TN_STR("\x01\x02")}},
        {.value = {.type = TN_TYPE_DATE, .as.i64 = 19782}},
        {.value = {.type = TN_TYPE_TIME, .as.i64 = 3600000001}},
        {.value = {.type = TN_TYPE_TIMESTAMP, .as.i64 = INT64_C(1709164800000000)}},
        {.value = {.type = TN_TYPE_TIMESTAMPTZ, .as.i64 = -1}},
        {.value = {.type = TN_TYPE_UUID, .as.uuid = {0xa0, 0xee, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 255}}},
        {.value = {.type = TN_TYPE_INTERVAL, .as.interval = {14, 3, INT64_C(-3661000001000)}}},
        {.value = {.type = TN_TYPE_TIMETZ, .as.timetz = {0, -5400}}},
        {.value = {.type = TN_TYPE_UINT64, .as.u64 = UINT64_MAX}},
        {.value = {.type = TN_TYPE_INT64, .is_list = true, .as.list = {items, 3}}},
    };
    const struct tn_param nan_value[] = {{.value = {.type = TN_TYPE_FLOAT64, .as.f64 = (double)NAN}}};
    const struct tn_param five[] = {P_TEXT("5")};

    check_params(conn, "SELECT $2, $1, $1 + 1", one_two, 2, "two|1|2\n");
    check_params(conn, "SELECT ?, ?", one_two, 2, "1|two\n");
    check_params(conn, "SELECT ?2, ?1, ?2", one_two, 2, "two|1|two\n");
    check_params(conn, "SELECT $1, $2, $3, $4, $5, $6, $7, $8", all, 16,
                 "NULL|1|2.5|12|12.5|1234567890.123456789|\\x0102|2024-02-29\n");
    check_params(conn, "SELECT typeof($4), typeof($5), typeof($6), $9, $10, $11, $12", all, 16,
                 "integer|real|text|01:00:00.000001|2024-02-29 00:00:00|1969-12-31 23:59:59.999999|"
                 "a0ee0102-0304-0506-0708-090a0b0c0dff\n");
    check_params(conn, "SELECT $13, $14, $15, $16, json_array_length($16), date($10, '+1 day')", all, 16,
                 "14 mons 3 days -01:01:01.000001|00:00:00-01:30|18446744073709551615|[1,null,\"a\\\"b\"]|3|2024-03-01\n");
    check_params(conn, "SELECT $1", nan_value, 1, "ERROR 22003: SQLite has no NaN; send NULL or a number");
    check_params(conn, "SELECT $3", one_two, 2, "ERROR 08P01: the statement needs 3 parameters, 2 were bound");
    check_params(conn, "SELECT :name", one_two, 2, "ERROR 42P02: parameters are numbered ($1, $2, ...); there is no parameter :name");
    check_params(conn, "SELECT $0", one_two, 2, "ERROR 42P02: there is no parameter $0");
    check_params(conn, "SELECT $1::int + 1, typeof($1::int), typeof($1), typeof($1::float8)", five, 1,
                 "6|integer|text|real\n");
    check_params(conn, "SELECT $2::int", one_two, 2, "ERROR 22P02: invalid input for the type that a parameter is cast to: two");
    check_params(conn, "SELECT $1::nonsense", one_two, 2, "ERROR 42704: no such type to cast a parameter to: nonsense");
    ok(conn, "CREATE TABLE p (a INTEGER PRIMARY KEY, b TEXT)");
    check_params(conn, "INSERT INTO p VALUES ($1, $2)", one_two, 2, "");
    ok(conn, "INSERT INTO p VALUES (5, 'five')");
    check_params(conn, "SELECT b FROM p WHERE a = $1", five, 1, "five\n"); /* the column's affinity converts */
    check_params(conn, "SELECT b FROM p ORDER BY a LIMIT $1", five, 1, "two\nfive\n");
    ok(conn, "DROP TABLE p");
    tn_test_disconnect(conn);
    tn_cluster_unref(cluster);
}

static void describe(struct tn_conn *conn, const char *sql, const uint32_t *oids, size_t count, const char *params,
                     const char *columns)
{
    struct tn_test_run r;

    tn_test_run_init(&r, sql);
    r.run.kind = TN_RUN_DESCRIBE;
    r.run.extended = true;
    r.run.param_oids = oids;
    r.run.param_oid_count = count;
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    if (strcmp(r.params, params) != 0 || strcmp(r.columns, columns) != 0)
        fprintf(stderr, "\n%s\n  expected: %s / %s\n  got:      %s / %s (%s)\n", sql, params, columns, r.params, r.columns,
                r.run.error.message);
    CU_ASSERT_STRING_EQUAL(r.params, params);
    CU_ASSERT_STRING_EQUAL(r.columns, columns);
    CU_ASSERT_EQUAL(r.run.rows, 0);
    tn_test_run_reset(&r);
}

static void execute_extended(struct tn_conn *conn, const char *sql, const struct tn_param *params, size_t count,
                             const char *columns, const char *rows)
{
    struct tn_test_run r;
    char              *text;

    tn_test_run_init(&r, sql);
    r.run.extended = true;
    r.run.params = (struct tn_params){.count = count, .items = params};
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    text = tn_test_result(&r);
    CU_ASSERT_STRING_EQUAL(r.columns, columns);
    CU_ASSERT_STRING_EQUAL(text, rows);
    tn_free(text);
    tn_test_run_reset(&r);
}

static void test_describe(void)
{
    struct tn_cluster    *cluster = open_with("");
    struct tn_conn       *conn = tn_test_connect(&env, cluster, NULL), *other = tn_test_connect(&env, cluster, NULL);
    const uint32_t        oids[] = {0, 23};
    const struct tn_param seven[] = {P_I64(7)};

    ok(conn, "CREATE TABLE d (a INTEGER, b TEXT, c DATETIME)");
    ok(conn, "INSERT INTO d VALUES (7, 'x', '2024-01-01')");
    describe(conn, "SELECT a, b, c FROM d WHERE a = $1 AND b = $2", oids, 2, "0 23", "a:bigint b:text c:timestamp");
    describe(conn, "SELECT count(*), avg(a), a + 1 AS n, b || 'x' FROM d", NULL, 0, "",
             "count(*):bigint avg(a):double n:bigint b || 'x':text");
    describe(conn, "INSERT INTO d VALUES (1, 'no', NULL)", NULL, 0, "", "none");
    describe(conn, "DELETE FROM d WHERE a = $1 RETURNING a, b", NULL, 0, "0", "a:bigint b:text");
    TN_TEST_SQL(&env, conn, "SELECT count(*) FROM d", "1\n"); /* nothing was changed */
    describe(conn, "SELECT a + $1::int8 AS n FROM d WHERE a = $2", NULL, 0, "20 0", "n:text");
    describe(conn, "", NULL, 0, "", "none");
    describe(conn, "SELECT * FROM missing", NULL, 0, "", "");
    /* No row can be seen with a null parameter: text, and that is kept to by Execute. */
    describe(conn, "SELECT a + 1 AS n FROM d WHERE a = $1", NULL, 0, "0", "n:text");
    execute_extended(conn, "SELECT a + 1 AS n FROM d WHERE a = $1", seven, 1, "n:text", "8\n");
    execute_extended(other, "SELECT a + 1 AS n FROM d WHERE a = $1", seven, 1, "n:text", "8\n");
    execute_extended(conn, "SELECT a + 2 AS n FROM d WHERE a = $1", seven, 1, "n:bigint", "9\n");
    describe(other, "SELECT a + 2 AS n FROM d WHERE a = $1", NULL, 0, "0", "n:bigint"); /* learnt */
    describe(conn, "SELECT $1", NULL, 0, "0", "$1:text");
    execute_extended(conn, "SELECT $1", seven, 1, "$1:text", "7\n");
    /* a computation that takes for ever is not waited for */
    describe(conn, "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 1000000000000) "
                   "SELECT max(n) AS m FROM c", NULL, 0, "", "m:text");
    /* The schema changes behind this connection's back. */
    ok(other, "ALTER TABLE d ADD COLUMN e REAL");
    describe(conn, "SELECT * FROM d", NULL, 0, "", "a:bigint b:text c:timestamp e:double");
    ok(other, "ALTER TABLE d ADD COLUMN f INTEGER");
    execute_extended(conn, "SELECT * FROM d", NULL, 0, "a:bigint b:text c:timestamp e:double f:bigint",
                     "7|x|2024-01-01 00:00:00|NULL|NULL\n");
    ok(conn, "UPDATE d SET c = 5");
    execute_extended(conn, "SELECT a, b, c FROM d", NULL, 0, "a:bigint b:text c:bigint", "7|x|5\n");
    ok(conn, "DROP TABLE d");
    tn_test_disconnect(conn);
    tn_test_disconnect(other);
    tn_cluster_unref(cluster);
}

static void test_memory(void)
{
    struct tn_cluster *one = tn_test_cluster("engine: sqlite, initSql: ['CREATE TABLE IF NOT EXISTS i (a INT)']");
    struct tn_cluster *two = tn_test_cluster("engine: sqlite, databasePath: ':memory:'");
    struct tn_conn    *a = tn_test_connect(&env, one, NULL), *b = tn_test_connect(&env, one, NULL);
    struct tn_conn    *c = tn_test_connect(&env, two, NULL), *d = tn_test_connect(&env, two, NULL);

    ok(c, "CREATE TABLE m (a INT)");
    TN_TEST_SQL(&env, d, "SELECT * FROM m", ""); /* ":memory:" is the same as no path */
    ok(a, "INSERT INTO i VALUES (42)");
    TN_TEST_SQL(&env, b, "SELECT * FROM i", "42\n"); /* all connections see one database */
    check_error(c, "SELECT * FROM i", "42P01", 0);   /* another cluster's is another */
    tn_test_disconnect(a);
    tn_test_disconnect(b);
    tn_test_sleep(&env, 20);
    a = tn_test_connect(&env, one, NULL);
    TN_TEST_SQL(&env, a, "SELECT * FROM i", "42\n"); /* it outlives its connections */
    tn_test_disconnect(a);
    tn_test_disconnect(c);
    tn_test_disconnect(d);
    tn_cluster_unref(one);
    tn_cluster_unref(two);
}

/* Many writers and readers on one database in memory, and on one file. */
static void hammer(struct tn_cluster *cluster)
{
    enum { CONNS = 6, ROUNDS = 30 };
    struct tn_conn    *conns[CONNS];
    struct tn_test_run runs[CONNS];
    unsigned           failed = 0;
    char               expected[32];

    for (int i = 0; i < CONNS; i++)
        conns[i] = tn_test_connect(&env, cluster, NULL);
    ok(conns[0], "CREATE TABLE h (a INT)");
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CONNS; i++) {
            tn_test_run_init(&runs[i], i < CONNS / 2 ? "INSERT INTO h VALUES (1)" : "SELECT count(*) FROM h");
            tn_test_start(&runs[i], conns[i]);
        }
        for (int i = 0; i < CONNS; i++) {
            tn_test_wait(&env, &runs[i]);
            failed += runs[i].run.error.status != TN_OK ? 1 : 0;
            if (runs[i].run.error.status != TN_OK)
                fprintf(stderr, "%s\n", runs[i].run.error.message);
            tn_test_run_reset(&runs[i]);
        }
    }
    CU_ASSERT_EQUAL(failed, 0);
    snprintf(expected, sizeof expected, "%d\n", CONNS / 2 * ROUNDS);
    TN_TEST_SQL(&env, conns[0], "SELECT count(*) FROM h", expected);
    ok(conns[0], "DROP TABLE h");
    for (int i = 0; i < CONNS; i++)
        tn_test_disconnect(conns[i]);
    tn_cluster_unref(cluster);
}

static void test_concurrency(void)
{
    hammer(tn_test_cluster("engine: sqlite"));
    hammer(open_with(""));
}

static void test_large(void)
{
    struct tn_cluster *cluster = open_with("");
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);
    struct tn_test_run r;

    tn_test_run_init(&r, "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 200000) "
                         "SELECT n, 'row ' || n AS t, n * 0.5 AS h FROM c");
    r.hold = true;
    r.keep = false;
    tn_test_start(&r, conn);
    tn_test_wait_chunks(&env, &r, TN_RUN_WINDOW, 50);
    CU_ASSERT_EQUAL(r.chunks, TN_RUN_WINDOW);
    CU_ASSERT(r.most_uncredited <= TN_RUN_WINDOW);
    r.hold = false;
    for (int i = 0; i < TN_RUN_WINDOW; i++)
        tn_test_credit(&r);
    tn_test_wait(&env, &r);
    CU_ASSERT_EQUAL(r.run.rows, 200000);
    CU_ASSERT_STRING_EQUAL(r.columns, "n:bigint t:text h:double");
    tn_test_run_reset(&r);
    /* Rows longer than any buffer are not copied before the columns are known. */
    tn_test_run_init(&r, "SELECT hex(zeroblob(3000000)) AS a, 1 AS b UNION ALL SELECT 'x', 2 UNION ALL SELECT "
                         "hex(zeroblob(1000000)), 3");
    tn_test_start(&r, conn);
    tn_test_wait(&env, &r);
    CU_ASSERT_EQUAL(r.run.rows, 3);
    CU_ASSERT_EQUAL(r.rows.len, 6000000 + 3 + 4 + 2000000 + 3);
    tn_test_run_reset(&r);
    check_error(conn, "SELECT length(zeroblob(2000000000))", "54000", 0);
    tn_test_disconnect(conn);
    tn_cluster_unref(cluster);
}

static void test_cancel(void)
{
    struct tn_cluster *cluster = open_with("");
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);
    struct tn_rand     rand = {.state = 7};
    unsigned           cancelled = 0;

    for (int i = 0; i < 300; i++) {
        struct tn_test_run r;

        tn_test_run_init(&r, i % 3 == 0 ? "SELECT 1"
                                        : "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c) "
                                          "SELECT n FROM c WHERE n % 7 <> 3");
        r.keep = false;
        r.hold = i % 5 == 0;
        tn_test_start(&r, conn);
        if (i % 2 == 0)
            tn_test_sleep(&env, (unsigned)tn_rand_below(&rand, 4));
        tn_run_cancel(&r.run);
        tn_test_wait(&env, &r);
        cancelled += strcmp(r.run.error.sqlstate, "57014") == 0 && r.run.error.fault == TN_FAULT_CANCEL ? 1 : 0;
        CU_ASSERT(r.run.error.status == TN_OK || r.run.error.fault == TN_FAULT_CANCEL);
        tn_test_run_reset(&r);
    }
    CU_ASSERT(cancelled >= 200);
    TN_TEST_SQL(&env, conn, "SELECT 1", "1\n");
    tn_test_disconnect(conn);
    tn_cluster_unref(cluster);
}

/* More statements than are kept, long ones, and each one twice. */
static void test_kept_statements(void)
{
    struct tn_cluster *cluster = open_with("");
    struct tn_conn    *conn = tn_test_connect(&env, cluster, NULL);
    char               sql[64], expected[32], *text = malloc(200001);

    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 150; i++) {
            snprintf(sql, sizeof sql, "SELECT %d -- comment", i);
            snprintf(expected, sizeof expected, "%d\n", i);
            TN_TEST_SQL(&env, conn, sql, expected);
            TN_TEST_SQL(&env, conn, sql, expected);
        }
    TN_TEST_SQL(&env, conn, "SELECT 1 ; -- behind", "1\n");
    TN_TEST_SQL(&env, conn, "SELECT 1 ; -- behind", "1\n");
    memset(text, ' ', 200000);
    memcpy(text, "SELECT", 6);
    text[199999] = '5';
    text[200000] = '\0';
    TN_TEST_SQL(&env, conn, text, "5\n");
    TN_TEST_SQL(&env, conn, text, "5\n");
    free(text);
    tn_test_disconnect(conn);
    tn_cluster_unref(cluster);
}

/* One statement on this thread, the N-th allocation and all later ones refused; true when it was refused nothing. */
static bool run_short_of_memory(struct tn_cluster *cluster, enum tn_run_kind kind, size_t n)
{
    struct tn_test_run        r;
    struct tn_arena           arena;
    struct tn_blocking_result result = {.schema = NULL};
    struct tn_batch           batch;
    struct tn_error           err = TN_ERROR_INIT;
    struct tn_sqlite_conn    *conn;
    const struct tn_param     params[] = {P_TEXT("x"), {.value = {.type = TN_TYPE_DATE, .as.i64 = 1}}};
    enum tn_status            status;

    tn_test_run_init(&r, "SELECT $1 AS a, 'text' AS b, $2 AS c, 3 AS d UNION ALL SELECT 1, 2, 3, 4.5");
    r.run.kind = kind;
    r.run.extended = true;
    r.run.params = (struct tn_params){.count = 2, .items = params};
    tn_arena_init(&arena, 0);
    tn_alloc_fail_after(n);
    status = tn_sqlite_conn_new(&conn, cluster, &err);
    if (status == TN_OK) {
        status = tn_sqlite_start(conn, &r.run, &arena, &result, &err);
        for (bool more = status == TN_OK && kind == TN_RUN_EXECUTE; more;) {
            batch = (struct tn_batch){.rows = 0};
            status = tn_sqlite_next(conn, &batch, &result, &err);
            more = batch.release != NULL && status == TN_OK;
            tn_batch_release(&batch);
        }
        tn_sqlite_finish(conn);
        tn_sqlite_conn_free(conn);
    }
    CU_ASSERT(status == TN_OK ? tn_alloc_failed() <= 1 : status == TN_E_NOMEM); /* the memo may go without */
    tn_alloc_fail_never();
    CU_ASSERT(status == TN_OK || strcmp(err.sqlstate, "53200") == 0);
    tn_arena_reset(&arena);
    tn_test_run_reset(&r);
    return status == TN_OK;
}

static void test_no_memory(void)
{
    for (int kind = TN_RUN_EXECUTE; kind <= TN_RUN_DESCRIBE; kind++) {
        struct tn_cluster *cluster = open_with("");
        size_t             n = 0;

        while (!run_short_of_memory(cluster, (enum tn_run_kind)kind, n))
            n++;
        CU_ASSERT(n > 5 && n < 200);
        tn_cluster_unref(cluster);
    }
}

int main(void)
{
    unsigned  failures;
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("sqlite", set_up, tear_down);
    CU_add_test(suite, "types", test_types);
    CU_add_test(suite, "mixed values", test_mixed);
    CU_add_test(suite, "late misfit", test_late_misfit);
    CU_add_test(suite, "errors", test_errors);
    CU_add_test(suite, "safety", test_safety);
    CU_add_test(suite, "read-only", test_read_only);
    CU_add_test(suite, "bad files", test_bad_files);
    CU_add_test(suite, "data changes", test_dml);
    CU_add_test(suite, "transactions", test_transactions);
    CU_add_test(suite, "busy", test_busy);
    CU_add_test(suite, "parameters", test_params);
    CU_add_test(suite, "describe", test_describe);
    CU_add_test(suite, "in memory", test_memory);
    CU_add_test(suite, "concurrency", test_concurrency);
    CU_add_test(suite, "large results", test_large);
    CU_add_test(suite, "cancel", test_cancel);
    CU_add_test(suite, "kept statements", test_kept_statements);
    CU_add_test(suite, "no memory", test_no_memory);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
    CU_cleanup_registry();
    return failures > 0;
}

/* The PostgreSQL engine against a real server: results, formats, errors, statements, settings, sessions. */
#include "postgres_fixture.h"

#include <CUnit/Basic.h>

static struct fixture f;
static struct tn_conn *conn; /* most tests share one */

static void test_text_types(void)
{
    struct outcome o;

    CU_ASSERT(execute(&f, conn, &o,
                      "SELECT true AS b, 1::int2, 2::int4, 3::int8, 1.5::float4, 'NaN'::float8, 12.340::numeric(10,3), 'x'::text, "
                      "'v'::varchar(9), '\\x00ff'::bytea, '2024-02-29'::date, '12:00:01.5'::time, "
                      "'2024-01-01 01:02:03'::timestamp, '2024-01-01 01:02:03+02'::timestamptz, '1 day 2 hours'::interval, "
                      "'00000000-0000-0000-0000-000000000001'::uuid, '{\"a\":1}'::jsonb, ARRAY[1,NULL,3], NULL::text, ''"));
    CU_ASSERT_EQUAL(o.column_count, 20);
    CU_ASSERT_EQUAL(o.columns[0].oid, 16);
    CU_ASSERT_STRING_EQUAL(o.columns[0].name, "b");
    CU_ASSERT_EQUAL(o.columns[0].len, 1);
    CU_ASSERT_EQUAL(o.columns[6].oid, 1700);
    CU_ASSERT_EQUAL(o.columns[6].typmod, (10 << 16 | 3) + 4);
    CU_ASSERT_EQUAL(o.columns[6].type, TN_TYPE_NUMERIC);
    CU_ASSERT_EQUAL(o.columns[8].typmod, 13);
    CU_ASSERT_EQUAL(o.columns[17].oid, 1007);
    CU_ASSERT_EQUAL(o.columns[17].type, TN_TYPE_TEXT);
    CU_ASSERT(value_is(&o, 0, 0, "t"));
    CU_ASSERT(value_is(&o, 0, 5, "NaN"));
    CU_ASSERT(value_is(&o, 0, 6, "12.340"));
    CU_ASSERT(value_is(&o, 0, 9, "\\x00ff"));
    CU_ASSERT(value_is(&o, 0, 13, "2023-12-31 23:02:03+00"));
    CU_ASSERT(value_is(&o, 0, 17, "{1,NULL,3}"));
    CU_ASSERT_PTR_NULL(value_at(&o, 0, 18).ptr);
    CU_ASSERT_PTR_NOT_NULL(value_at(&o, 0, 19).ptr);
    CU_ASSERT_EQUAL(value_at(&o, 0, 19).len, 0);
    CU_ASSERT_STRING_EQUAL(o.run.tag, "SELECT 1");
    CU_ASSERT_EQUAL(o.run.rows, 1);
    CU_ASSERT_EQUAL(o.run.affected, 0);
    CU_ASSERT_EQUAL(o.chunks, 1);
    CU_ASSERT_EQUAL(conn->state, TN_CONN_IDLE);
    outcome_reset(&o);
}

static void formats(struct outcome *o, const int16_t *list, size_t count)
{
    o->run.extended = true;
    o->encoder.pg_formats = list;
    o->encoder.pg_format_count = count;
}

static void test_binary(void)
{
    static const int16_t binary[] = {1};
    struct outcome       o;
    struct tn_str        v;

    outcome_init(&o, "SELECT 258::int4, 'abc'::text, NULL::int8");
    formats(&o, binary, 1);
    CU_ASSERT(finish_run(&f, conn, &o) && o.run.error.status == TN_OK);
    v = value_at(&o, 0, 0);
    CU_ASSERT(v.len == 4 && memcmp(v.ptr, "\0\0\1\2", 4) == 0);
    CU_ASSERT(value_is(&o, 0, 1, "abc"));
    CU_ASSERT_PTR_NULL(value_at(&o, 0, 2).ptr);
    outcome_reset(&o);
}

/* One query with unequal formats, prepared or not. */
static void mixed(const char *sql, const int16_t *list, size_t count, bool prepare, struct outcome *o)
{
    outcome_init(o, sql);
    formats(o, list, count);
    o->run.prepare = prepare;
    CU_ASSERT(finish_run(&f, conn, o));
}

static void test_mixed_formats(void)
{
    static const int16_t two[] = {1, 0}, three[] = {0, 1, 0}, wrong[] = {1, 0, 1};
    struct outcome       o;
    struct tn_str        v;

    for (int prepare = 0; prepare < 3; prepare++) { /* the last time it is in the cache */
        mixed("SELECT 7::int8, '2024-01-01'::date", two, 2, prepare > 0, &o);
        v = value_at(&o, 0, 0);
        CU_ASSERT(v.len == 8 && v.ptr[7] == 7);
        CU_ASSERT(value_is(&o, 0, 1, "2024-01-01"));
        CU_ASSERT_EQUAL(o.run.error.status, TN_OK);
        outcome_reset(&o);
    }
    /* a type that only the server knows must be had in binary: the others are turned into text here */
    mixed("SELECT 7::int8, point '(1,2)', '2024-01-01 00:00:00+02'::timestamptz", three, 3, false, &o);
    CU_ASSERT(value_is(&o, 0, 0, "7"));
    CU_ASSERT_EQUAL(value_at(&o, 0, 1).len, 16);
    CU_ASSERT(value_is(&o, 0, 2, "2023-12-31 22:00:00+00"));
    outcome_reset(&o);
    mixed("SELECT point '(1,2)', box '((0,0),(1,1))'", two, 2, false, &o);
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "0A000");
    CU_ASSERT_EQUAL(o.run.error.fault, TN_FAULT_UNSUPPORTED);
    outcome_reset(&o);
    mixed("SELECT 1, 2", wrong, 3, false, &o);
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "08P01");
    outcome_reset(&o);
    CU_ASSERT_STRING_EQUAL(scalar(&f, conn, "SELECT 1"), "1");
}

static void test_params(void)
{
    static const char     text[] = {'4', '2', 'x'}; /* not NUL-terminated, cut by its length */
    static const uint32_t oids[] = {23};
    struct tn_param       params[3] = {
              {.pg_oid = 23, .pg_format = 0, .pg_bytes = {text, 2}},
              {.pg_oid = 20, .pg_format = 1, .pg_bytes = {"\0\0\0\0\0\0\0\5", 8}},
              {.pg_oid = 0, .pg_format = 0, .pg_bytes = {NULL, 0}},
    };
    struct outcome o;

    for (int prepare = 0; prepare < 2; prepare++) {
        outcome_init(&o, "SELECT $1 + $2, $3::text IS NULL");
        o.run.extended = true;
        o.run.prepare = prepare > 0;
        o.run.params = (struct tn_params){.count = 3, .items = params};
        CU_ASSERT(finish_run(&f, conn, &o) && o.run.error.status == TN_OK);
        CU_ASSERT(value_is(&o, 0, 0, "47"));
        CU_ASSERT(value_is(&o, 0, 1, "t"));
        outcome_reset(&o);
    }
    params[0].pg_bytes = tn_str_n("a\0b", 3);
    outcome_init(&o, "SELECT $1::text");
    o.run.extended = true;
    o.run.params = (struct tn_params){.count = 1, .items = params};
    CU_ASSERT(finish_run(&f, conn, &o));
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "22021");
    outcome_reset(&o);
    outcome_init(&o, "SELECT $1, $2::date AS d, 'x'::varchar(3) AS v");
    o.run.kind = TN_RUN_DESCRIBE;
    o.run.param_oids = oids;
    o.run.param_oid_count = 1;
    CU_ASSERT(finish_run(&f, conn, &o) && o.run.error.status == TN_OK);
    CU_ASSERT(o.param_count == 2 && o.params[0] == 23 && o.params[1] == 1082);
    CU_ASSERT(o.described && o.column_count == 3 && o.columns[2].oid == 1043 && o.columns[2].typmod == 7);
    outcome_reset(&o);
}

static void test_describe(void)
{
    struct outcome o;

    CU_ASSERT(run_sql(&f, conn, "CREATE TABLE d (a int, b text)"));
    outcome_init(&o, "INSERT INTO d VALUES ($1, $2)");
    o.run.kind = TN_RUN_DESCRIBE;
    o.run.prepare = true;
    CU_ASSERT(finish_run(&f, conn, &o) && o.run.error.status == TN_OK);
    CU_ASSERT(o.described && o.no_rows && o.param_count == 2 && o.params[0] == 23);
    outcome_reset(&o);
    outcome_init(&o, "SELECT b FROM d");
    o.run.kind = TN_RUN_DESCRIBE;
    CU_ASSERT(finish_run(&f, conn, &o) && o.run.error.status == TN_OK);
    CU_ASSERT(!o.no_rows && o.columns[0].table != 0 && o.columns[0].attr == 2);
    outcome_reset(&o);
    outcome_init(&o, "SELECT");
    o.run.kind = TN_RUN_DESCRIBE;
    CU_ASSERT(finish_run(&f, conn, &o) && o.described && !o.no_rows && o.column_count == 0);
    outcome_reset(&o);
    outcome_init(&o, "SELECT nothing FROM d");
    o.run.kind = TN_RUN_DESCRIBE;
    CU_ASSERT(finish_run(&f, conn, &o) && !o.described);
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "42703");
    outcome_reset(&o);
    CU_ASSERT_STRING_EQUAL(scalar(&f, conn, "SELECT count(*) FROM d"), "0");
    CU_ASSERT(run_sql(&f, conn, "DROP TABLE d"));
}

static void test_tags(void)
{
    struct outcome o;

    CU_ASSERT(run_sql(&f, conn, "CREATE TABLE t (a int)"));
    CU_ASSERT(execute(&f, conn, &o, "INSERT INTO t SELECT generate_series(1, 5)"));
    CU_ASSERT_STRING_EQUAL(o.run.tag, "INSERT 0 5");
    CU_ASSERT(o.run.affected == 5 && o.run.rows == 0 && !o.described);
    outcome_reset(&o);
    CU_ASSERT(execute(&f, conn, &o, "UPDATE t SET a = a WHERE a > 2 RETURNING a"));
    CU_ASSERT_STRING_EQUAL(o.run.tag, "UPDATE 3");
    CU_ASSERT(o.run.affected == 3 && o.run.rows == 3 && o.described);
    outcome_reset(&o);
    CU_ASSERT(execute(&f, conn, &o, "SELECT a FROM t WHERE false"));
    CU_ASSERT(o.described && o.column_count == 1 && o.run.rows == 0 && o.chunks == 0);
    CU_ASSERT_STRING_EQUAL(o.run.tag, "SELECT 0");
    outcome_reset(&o);
    CU_ASSERT(execute(&f, conn, &o, "SELECT FROM t"));
    CU_ASSERT(o.described && o.column_count == 0 && o.run.rows == 5);
    outcome_reset(&o);
    CU_ASSERT(execute(&f, conn, &o, "CREATE TABLE t2 AS SELECT * FROM t"));
    CU_ASSERT(o.run.affected == 5 && !o.described);
    outcome_reset(&o);
    CU_ASSERT(execute(&f, conn, &o, ""));
    CU_ASSERT_STRING_EQUAL(o.run.tag, "");
    outcome_reset(&o);
    CU_ASSERT(run_sql(&f, conn, "DROP TABLE t, t2"));
}

static void test_error_fields(void)
{
    struct outcome o;

    CU_ASSERT_FALSE(execute(&f, conn, &o, "SELECT nonsense FROM pg_class"));
    CU_ASSERT_EQUAL(o.run.error.status, TN_E_ENGINE);
    CU_ASSERT_EQUAL(o.run.error.fault, TN_FAULT_QUERY);
    CU_ASSERT(o.run.error.from_engine && o.run.error.position == 8);
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "42703");
    CU_ASSERT_STRING_EQUAL(field_of(o.run.error.fields, o.run.error.fields_len, 'S'), "ERROR");
    CU_ASSERT_STRING_EQUAL(field_of(o.run.error.fields, o.run.error.fields_len, 'V'), "ERROR");
    CU_ASSERT_STRING_EQUAL(field_of(o.run.error.fields, o.run.error.fields_len, 'P'), "8");
    CU_ASSERT_PTR_NOT_NULL(field_of(o.run.error.fields, o.run.error.fields_len, 'R'));
    outcome_reset(&o);
    CU_ASSERT(run_sql(&f, conn, "CREATE TABLE e (a int CONSTRAINT positive CHECK (a > 0))"));
    CU_ASSERT_FALSE(execute(&f, conn, &o, "INSERT INTO e VALUES (-1)"));
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "23514");
    CU_ASSERT_STRING_EQUAL(field_of(o.run.error.fields, o.run.error.fields_len, 'n'), "positive");
    CU_ASSERT_STRING_EQUAL(field_of(o.run.error.fields, o.run.error.fields_len, 't'), "e");
    CU_ASSERT_PTR_NOT_NULL(strstr(o.run.error.detail, "-1"));
    outcome_reset(&o);
    CU_ASSERT(run_sql(&f, conn, "DROP TABLE e"));
    CU_ASSERT_FALSE(execute(&f, conn, &o, "SELECT 1 / (g - 2500) FROM generate_series(1, 5000) g")); /* in mid-result */
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "22012");
    outcome_reset(&o);
    CU_ASSERT_FALSE(execute(&f, conn, &o, "DO $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$"));
    CU_ASSERT_EQUAL(o.run.error.fault, TN_FAULT_QUERY); /* what a client words says nothing about the server */
    outcome_reset(&o);
    CU_ASSERT_FALSE(execute(&f, conn, &o, "SELECT pg_read_file('nosuch')")); /* 58P01 */
    CU_ASSERT_EQUAL(o.run.error.fault, TN_FAULT_ENGINE);
    CU_ASSERT_EQUAL(conn->state, TN_CONN_IDLE);
    outcome_reset(&o);
}

static void test_notices(void)
{
    struct outcome o;

    CU_ASSERT(execute(&f, conn, &o, "DO $$ BEGIN RAISE WARNING 'hello %', 1 USING HINT = 'wave', ERRCODE = '01234'; END $$"));
    CU_ASSERT_STRING_EQUAL(field_of(o.notices.data, o.notices.len, 'M'), "hello 1");
    CU_ASSERT_STRING_EQUAL(field_of(o.notices.data, o.notices.len, 'C'), "01234");
    CU_ASSERT_STRING_EQUAL(field_of(o.notices.data, o.notices.len, 'H'), "wave");
    CU_ASSERT_STRING_EQUAL(field_of(o.notices.data, o.notices.len, 'V'), "WARNING");
    outcome_reset(&o);
}

static bool prepared(const char *sql, struct outcome *o)
{
    outcome_init(o, sql);
    o->run.extended = o->run.prepare = true;
    return finish_run(&f, conn, o) && o->run.error.status == TN_OK;
}

static const char *held(void)
{
    return scalar(&f, conn, "SELECT count(*) FROM pg_prepared_statements");
}

static void test_statement_cache(void)
{
    struct outcome o;
    char           sql[64];

    CU_ASSERT(run_sql(&f, conn, "DISCARD ALL"));
    for (int i = 0; i < 5; i++) {
        CU_ASSERT(prepared("SELECT 11", &o) && value_is(&o, 0, 0, "11"));
        outcome_reset(&o);
    }
    CU_ASSERT_STRING_EQUAL(held(), "1");
    for (int i = 0; i < 250; i++) {
        snprintf(sql, sizeof sql, "SELECT %d + 1000", i);
        CU_ASSERT(prepared(sql, &o));
        outcome_reset(&o);
    }
    CU_ASSERT(strtol(held(), NULL, 10) <= 100 && strtol(held(), NULL, 10) > 80);
    CU_ASSERT(run_sql(&f, conn, "DEALLOCATE ALL"));
    CU_ASSERT(prepared("SELECT 249 + 1000", &o) && value_is(&o, 0, 0, "1249"));
    outcome_reset(&o);
    CU_ASSERT_STRING_EQUAL(held(), "1");
}

static void test_statement_invalidation(void)
{
    struct outcome o;

    CU_ASSERT(run_sql(&f, conn, "CREATE TABLE s (a int)"));
    CU_ASSERT(run_sql(&f, conn, "INSERT INTO s VALUES (1)"));
    CU_ASSERT(prepared("SELECT * FROM s", &o) && o.column_count == 1);
    outcome_reset(&o);
    CU_ASSERT(run_sql(&f, conn, "ALTER TABLE s ADD b int DEFAULT 9")); /* "cached plan must not change result type" */
    CU_ASSERT(prepared("SELECT * FROM s", &o) && o.column_count == 2 && value_is(&o, 0, 1, "9"));
    outcome_reset(&o);
    CU_ASSERT(run_sql(&f, conn, "ALTER TABLE s ADD c int DEFAULT 8"));
    CU_ASSERT(run_sql(&f, conn, "BEGIN"));
    CU_ASSERT_FALSE(prepared("SELECT * FROM s", &o)); /* not to be hidden inside a transaction */
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "0A000");
    outcome_reset(&o);
    CU_ASSERT(run_sql(&f, conn, "ROLLBACK"));
    CU_ASSERT(prepared("SELECT * FROM s", &o) && o.column_count == 3);
    outcome_reset(&o);
    CU_ASSERT(run_sql(&f, conn, "DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$")); /* behind the engine's back: 26000 */
    CU_ASSERT(prepared("SELECT * FROM s", &o) && o.column_count == 3);
    outcome_reset(&o);
    CU_ASSERT_FALSE(prepared("SELECT * FROM nowhere", &o));
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "42P01");
    outcome_reset(&o);
    CU_ASSERT(run_sql(&f, conn, "CREATE TABLE nowhere (x int)"));
    CU_ASSERT(prepared("SELECT * FROM nowhere", &o)); /* a failed Parse leaves nothing behind */
    outcome_reset(&o);
    CU_ASSERT(run_sql(&f, conn, "DROP TABLE s, nowhere"));
}

static bool with_settings(const char *sql, const struct tn_session_settings *settings, struct outcome *o)
{
    outcome_init(o, sql);
    o->run.settings = settings;
    return finish_run(&f, conn, o) && o->run.error.status == TN_OK;
}

static bool shows(const char *name, const struct tn_session_settings *settings, const char *value)
{
    struct outcome o;
    char           sql[100];
    bool           ok;

    snprintf(sql, sizeof sql, "SELECT current_setting('%s', true)", name);
    ok = with_settings(sql, settings, &o) && value_is(&o, 0, 0, value);
    if (!ok)
        fprintf(stderr, "%s is '" TN_STR_FMT "', not '%s'; %s\n", name, TN_STR_ARG(value_at(&o, 0, 0)), value, o.run.error.message);
    outcome_reset(&o);
    return ok;
}

static void test_settings(void)
{
    const struct tn_session_setting items[] = {
        {TN_STR("search_path"), TN_STR("\"My Schema\", public, pg_catalog"), TN_CFG_ENGINE_UNSET},
        {TN_STR("timezone"), TN_STR("Asia/Tokyo"), TN_CFG_ENGINE_UNSET},
        {TN_STR("my.var"), TN_STR("it's \\ here"), TN_CFG_ENGINE_UNSET},
        {TN_STR("memory_limit"), TN_STR("1GB"), TN_CFG_ENGINE_DUCKDB},
        {TN_STR("threads"), TN_STR("3"), TN_CFG_ENGINE_UNSET}, /* another engine's: not known here */
        {TN_STR("statement_timeout"), TN_STR("1"), TN_CFG_ENGINE_UNSET},
        {TN_STR("turnout.group"), TN_STR("etl"), TN_CFG_ENGINE_UNSET},
        {TN_STR("application_name"), TN_STR("app; DROP TABLE x"), TN_CFG_ENGINE_UNSET},
    };
    const struct tn_session_setting other[] = {{TN_STR("timezone"), TN_STR("UTC"), TN_CFG_ENGINE_POSTGRES}};
    const struct tn_session_setting bad[] = {{TN_STR("timezone"), TN_STR("Nowhere/Land"), TN_CFG_ENGINE_UNSET}};
    const struct tn_session_settings first = {.hash = 1, .count = 8, .items = items};
    const struct tn_session_settings second = {.hash = 2, .count = 1, .items = other};
    const struct tn_session_settings refused = {.hash = 3, .count = 1, .items = bad};
    struct outcome o;

    CU_ASSERT(tn_engine_postgres.reset(conn));
    CU_ASSERT(shows("search_path", &first, "\"My Schema\", public, pg_catalog"));
    CU_ASSERT_EQUAL(conn->settings_hash, 1);
    CU_ASSERT(shows("timezone", &first, "Asia/Tokyo"));
    CU_ASSERT(shows("my.var", &first, "it's \\ here"));
    CU_ASSERT(shows("application_name", &first, "app; DROP TABLE x"));
    CU_ASSERT(shows("statement_timeout", &first, "0"));
    CU_ASSERT(shows("timezone", &second, "UTC"));
    CU_ASSERT(shows("application_name", &second, "turnout"));
    CU_ASSERT(shows("search_path", &second, "\"$user\", public"));
    CU_ASSERT_FALSE(with_settings("SELECT 1", &refused, &o));
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "22023");
    CU_ASSERT(conn->settings_hash != 3 && conn->settings_hash != 2);
    outcome_reset(&o);
    CU_ASSERT(shows("timezone", &first, "Asia/Tokyo"));
    CU_ASSERT(shows("timezone", NULL, "UTC"));
    CU_ASSERT(shows("my.var", NULL, ""));
    CU_ASSERT_FALSE(conn->dirty);
}

/* ROLLBACK takes back what was set inside the transaction: the session's list must be in force again afterwards. */
static void test_settings_in_transaction(void)
{
    const struct tn_session_setting  items[] = {{TN_STR("timezone"), TN_STR("Asia/Tokyo"), TN_CFG_ENGINE_UNSET}};
    const struct tn_session_setting  more[] = {{TN_STR("timezone"), TN_STR("Asia/Seoul"), TN_CFG_ENGINE_UNSET}};
    const struct tn_session_settings first = {.hash = 11, .count = 1, .items = items};
    const struct tn_session_settings second = {.hash = 12, .count = 1, .items = more};
    struct outcome o;

    CU_ASSERT(with_settings("BEGIN", &first, &o));
    outcome_reset(&o);
    CU_ASSERT(shows("timezone", &second, "Asia/Seoul"));
    CU_ASSERT(conn->dirty); /* a transaction is open */
    CU_ASSERT(with_settings("ROLLBACK", &second, &o));
    outcome_reset(&o);
    CU_ASSERT(shows("timezone", &second, "Asia/Seoul")); /* the server had gone back to Tokyo */
    CU_ASSERT_FALSE(conn->dirty);
    CU_ASSERT(with_settings("BEGIN", &second, &o));
    outcome_reset(&o);
    CU_ASSERT_FALSE(with_settings("SELECT 1/0", &second, &o));
    outcome_reset(&o);
    CU_ASSERT_FALSE(with_settings("SELECT 1", &first, &o)); /* no SET is tried in a failed transaction */
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "25P02");
    outcome_reset(&o);
    CU_ASSERT(with_settings("ROLLBACK", &first, &o));
    outcome_reset(&o);
    CU_ASSERT(shows("timezone", &first, "Asia/Tokyo"));
    CU_ASSERT(shows("timezone", NULL, "UTC"));
}

/* A COMMIT that fails is a rollback. */
static void test_settings_and_failed_commit(void)
{
    const struct tn_session_setting  items[] = {{TN_STR("timezone"), TN_STR("Asia/Tokyo"), TN_CFG_ENGINE_UNSET}};
    const struct tn_session_settings settings = {.hash = 21, .count = 1, .items = items};
    struct outcome o;

    CU_ASSERT(run_sql(&f, conn, "CREATE TABLE c (a int PRIMARY KEY, b int REFERENCES c DEFERRABLE INITIALLY DEFERRED)"));
    CU_ASSERT(run_sql(&f, conn, "BEGIN"));
    CU_ASSERT(with_settings("INSERT INTO c VALUES (1, 2)", &settings, &o));
    outcome_reset(&o);
    CU_ASSERT_FALSE(with_settings("COMMIT", &settings, &o));
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "23503");
    outcome_reset(&o);
    CU_ASSERT(shows("timezone", &settings, "Asia/Tokyo"));
    CU_ASSERT(shows("timezone", NULL, "UTC"));
    CU_ASSERT(run_sql(&f, conn, "DROP TABLE c"));
}

static void test_reset(void)
{
    struct outcome o;

    CU_ASSERT(run_sql(&f, conn, "CREATE TEMP TABLE tmp (a int)"));
    CU_ASSERT(conn->dirty);
    CU_ASSERT(run_sql(&f, conn, "SELECT pg_advisory_lock(77)"));
    CU_ASSERT(prepared("SELECT 12", &o));
    outcome_reset(&o);
    CU_ASSERT(tn_engine_postgres.reset(conn));
    CU_ASSERT_FALSE(conn->dirty);
    CU_ASSERT_STRING_EQUAL(scalar(&f, conn, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0"); /* at once */
    CU_ASSERT_STRING_EQUAL(scalar(&f, conn, "SELECT count(*) FROM pg_class WHERE relname = 'tmp'"), "0");
    CU_ASSERT_STRING_EQUAL(held(), "0");
    CU_ASSERT(prepared("SELECT 12", &o) && value_is(&o, 0, 0, "12"));
    outcome_reset(&o);
    CU_ASSERT(run_sql(&f, conn, "SET work_mem = '5MB'"));
    CU_ASSERT(conn->dirty);
    CU_ASSERT(tn_engine_postgres.reset(conn));
    pause_for(&f, 0.05); /* the answer comes while nobody waits */
    CU_ASSERT_STRING_EQUAL(scalar(&f, conn, "SHOW work_mem"), "4MB");
    CU_ASSERT(run_sql(&f, conn, "BEGIN"));
    CU_ASSERT(conn->dirty);
    CU_ASSERT_FALSE(tn_engine_postgres.reset(conn));
    CU_ASSERT(run_sql(&f, conn, "COMMIT"));
    CU_ASSERT_FALSE(conn->dirty);
}

static void test_can_run(void)
{
    struct tn_features features;
    struct tn_error    why = TN_ERROR_INIT;

    tn_features_read(&features, tn_str("COPY t TO STDOUT"), TN_DIALECT_POSTGRES);
    CU_ASSERT_FALSE(tn_engine_postgres.can_run(&f.cluster, &features, &why));
    CU_ASSERT_STRING_EQUAL(why.sqlstate, "0A000");
    CU_ASSERT_EQUAL(why.fault, TN_FAULT_UNSUPPORTED);
    tn_features_read(&features, tn_str("INSERT INTO t VALUES (1)"), TN_DIALECT_POSTGRES);
    CU_ASSERT(tn_engine_postgres.can_run(&f.cluster, &features, &why));
    f.conf.read_only = true;
    CU_ASSERT_FALSE(tn_engine_postgres.can_run(&f.cluster, &features, &why));
    CU_ASSERT_STRING_EQUAL(why.sqlstate, "25006");
    f.conf.read_only = false;
    tn_error_reset(&why);
}

static void test_read_only(void)
{
    struct tn_conn *reader;
    struct outcome  o;

    f.conf.read_only = true;
    reader = connect_now(&f);
    CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
    CU_ASSERT_FALSE(execute(&f, reader, &o, "CREATE TABLE no (a int)"));
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "25006");
    outcome_reset(&o);
    CU_ASSERT_FALSE(execute(&f, reader, &o, "BEGIN READ WRITE"));
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "25006");
    outcome_reset(&o);
    CU_ASSERT(tn_engine_postgres.reset(reader));
    CU_ASSERT_STRING_EQUAL(scalar(&f, reader, "SHOW default_transaction_read_only"), "on");
    hang_up(&f, reader);
    f.conf.read_only = false;
}

/* Whatever the server's own configuration says, values look as clients were told at their login. */
static void test_base_settings(void)
{
    struct tn_conn *odd;

    CU_ASSERT(run_sql(&f, conn, "ALTER ROLE tester SET datestyle = 'German'"));
    CU_ASSERT(run_sql(&f, conn, "ALTER ROLE tester SET intervalstyle = 'iso_8601'"));
    CU_ASSERT(run_sql(&f, conn, "ALTER ROLE tester SET standard_conforming_strings = off"));
    odd = connect_now(&f);
    CU_ASSERT(run_sql(&f, conn, "ALTER ROLE tester RESET ALL"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(odd);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_STRING_EQUAL(scalar(&f, odd, "SELECT '2024-02-01'::date || ' ' || '1 day'::interval || '\\'"),
                               "2024-02-01 1 day\\");
        CU_ASSERT(run_sql(&f, odd, "SET datestyle = 'SQL, DMY'"));
        CU_ASSERT(tn_engine_postgres.reset(odd));
    }
    hang_up(&f, odd);
}

static void test_copy(void)
{
    struct tn_conn *other = connect_now(&f);
    struct outcome  o;

    CU_ASSERT_PTR_NOT_NULL_FATAL(other);
    CU_ASSERT_FALSE(execute(&f, other, &o, "COPY pg_class TO STDOUT"));
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "0A000");
    CU_ASSERT_EQUAL(other->state, TN_CONN_BROKEN);
    outcome_reset(&o);
    hang_up(&f, other);
}

static void test_several_results(void)
{
    struct outcome o;

    CU_ASSERT_FALSE(execute(&f, conn, &o, "SELECT 1; SELECT 2")); /* the lexer splits; this is what slips through */
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "0A000");
    outcome_reset(&o);
    CU_ASSERT_STRING_EQUAL(scalar(&f, conn, "SELECT 3"), "3");
}

static enum tn_status count_batch(const struct tn_encoder *encoder, const struct tn_batch *batch, int64_t *row, size_t target,
                                  struct tn_buf *out, struct tn_error *err)
{
    (void)encoder;
    (void)target;
    (void)err;
    for (; *row < batch->rows; ++*row) {
        const int32_t *ints = batch->columns[0]->buffers[1];

        tn_buf_append(out, &ints[*row], sizeof ints[*row]);
    }
    return TN_OK;
}

static enum tn_status refuse_batch(const struct tn_encoder *encoder, const struct tn_batch *batch, int64_t *row, size_t target,
                                   struct tn_buf *out, struct tn_error *err)
{
    (void)encoder;
    (void)batch;
    (void)row;
    (void)target;
    (void)out;
    return tn_fail(err, TN_E_INVALID, "22003", "no");
}

static void test_batches(void)
{
    static const struct tn_encoder_ops counting = {"counting", count_batch}, refusing = {"refusing", refuse_batch};
    struct outcome                     o;
    int32_t                            value;

    outcome_init(&o, "SELECT g, g::text, 1.5::numeric, now(), '1 day'::interval, '\\x00'::bytea, gen_random_uuid(), "
                     "NULL::int8, ARRAY[g] FROM generate_series(1, 100000) g");
    o.encoder = (struct tn_encoder){.ops = &counting};
    CU_ASSERT(finish_run(&f, conn, &o) && o.run.error.status == TN_OK);
    CU_ASSERT(o.run.rows == 100000 && o.rows.len == 400000);
    for (int i = 0; i < 100000 && o.rows.len == 400000; i += 777) {
        memcpy(&value, o.rows.data + 4 * i, sizeof value);
        CU_ASSERT_EQUAL(value, i + 1);
    }
    outcome_reset(&o);
    outcome_init(&o, "SELECT g, repeat('x', 300000 * g) FROM generate_series(1, 3) g"); /* values larger than a chunk mostly is */
    o.encoder = (struct tn_encoder){.ops = &counting};
    CU_ASSERT(finish_run(&f, conn, &o) && o.run.error.status == TN_OK);
    CU_ASSERT(o.run.rows == 3 && o.rows.len == 12);
    outcome_reset(&o);
    outcome_init(&o, "SELECT 1");
    o.encoder = (struct tn_encoder){.ops = &refusing};
    CU_ASSERT(finish_run(&f, conn, &o));
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "22003");
    outcome_reset(&o);
    CU_ASSERT_STRING_EQUAL(scalar(&f, conn, "SELECT 4"), "4");
}

/* An error of ours inside a transaction fails the transaction on the server too. */
static void test_our_error_fails_transaction(void)
{
    static const int16_t two[] = {1, 0};
    struct outcome       o;

    CU_ASSERT(run_sql(&f, conn, "BEGIN"));
    mixed("SELECT point '(1,2)', box '((0,0),(1,1))'", two, 2, false, &o);
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "0A000");
    outcome_reset(&o);
    CU_ASSERT_FALSE(execute(&f, conn, &o, "SELECT 1"));
    CU_ASSERT_STRING_EQUAL(o.run.error.sqlstate, "25P02");
    outcome_reset(&o);
    CU_ASSERT(run_sql(&f, conn, "ROLLBACK"));
}

int main(void)
{
    const char *why = NULL;
    CU_pSuite   suite;
    unsigned    failures;

    if (!fixture_start(&f, &why)) {
        bool absent = f.server.dir[0] == '\0';

        fprintf(stderr, "%s: %s\n", absent ? "skipped" : "failed", why);
        return absent ? 77 : 1;
    }
    conn = connect_now(&f);
    CU_initialize_registry();
    suite = CU_add_suite("postgres engine", NULL, NULL);
#define ADD(name) CU_add_test(suite, #name, test_##name)
    if (conn != NULL) {
        ADD(text_types);
        ADD(binary);
        ADD(mixed_formats);
        ADD(params);
        ADD(describe);
        ADD(tags);
        ADD(error_fields);
        ADD(notices);
        ADD(statement_cache);
        ADD(statement_invalidation);
        ADD(settings);
        ADD(settings_in_transaction);
        ADD(settings_and_failed_commit);
        ADD(reset);
        ADD(can_run);
        ADD(read_only);
        ADD(base_settings);
        ADD(copy);
        ADD(several_results);
        ADD(batches);
        ADD(our_error_fails_transaction);
        CU_basic_set_mode(CU_BRM_NORMAL);
        CU_basic_run_tests();
        hang_up(&f, conn);
    }
    failures = conn == NULL ? 1 : CU_get_number_of_failures();
    CU_cleanup_registry();
    fixture_stop(&f);
    return failures > 0;
}

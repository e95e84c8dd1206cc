/* What Trino clients say: headers, statements of their session, parameters, tables about tables. */
#include "frontend/trino/trino_request.h"
#include "frontend/trino/trino_type.h"
#include "trino/bind.h"
#include "trino/catalog.h"
#include "trino/command.h"
#include "session/self.h"

#include <math.h>
#include <CUnit/Basic.h>

static struct tn_arena arena;

#define SAME(got, want)                                                                                                \
    do {                                                                                                               \
        struct tn_str got_ = (got);                                                                                    \
        if (!tn_str_eq_c(got_, want))                                                                                  \
            printf("\n%d: wanted `%s`, got `" TN_STR_FMT "`\n", __LINE__, want, TN_STR_ARG(got_));                    \
        CU_ASSERT(tn_str_eq_c(got_, want));                                                                            \
    } while (0)

static enum tn_status field(struct tn_trino_request *r, const char *name, const char *value)
{
    return tn_trino_request_field(r, tn_str(name), tn_str(value), NULL);
}

static void headers(void)
{
    struct tn_trino_request r;

    tn_trino_request_init(&r, &arena);
    CU_ASSERT_EQUAL(field(&r, "x-trino-user", " me "), TN_OK);
    CU_ASSERT_EQUAL(field(&r, "x-trino-session", "a=30m, b=x%2Cy+z"), TN_OK);
    CU_ASSERT_EQUAL(field(&r, "x-trino-session", "a=1"), TN_OK);
    CU_ASSERT_EQUAL(field(&r, "x-trino-client-tags", "one, two"), TN_OK);
    CU_ASSERT_EQUAL(field(&r, "x-trino-client-tags", "three"), TN_OK);
    CU_ASSERT_EQUAL(field(&r, "x-trino-client-capabilities", "PATH,PARAMETRIC_DATETIME"), TN_OK);
    CU_ASSERT_EQUAL(field(&r, "x-trino-unknown", "x"), TN_OK);
    CU_ASSERT_EQUAL(field(&r, "accept", "x"), TN_OK);
    SAME(r.user, "me");
    CU_ASSERT_EQUAL(r.session.count, 2);
    SAME(tn_trino_pair(&r.session, TN_STR("a")), "1");
    SAME(tn_trino_pair(&r.session, TN_STR("b")), "x,y z");
    CU_ASSERT_PTR_NULL(tn_trino_pair(&r.session, TN_STR("c")).ptr);
    SAME(r.client_tags, "one, two,three");
    CU_ASSERT(tn_trino_request_can(&r, "PARAMETRIC_DATETIME") && !tn_trino_request_can(&r, "PARAMETRIC"));
    CU_ASSERT(!r.presto);
    CU_ASSERT_EQUAL(field(&r, "x-presto-prepared-statement", "p=SELECT+%3F"), TN_OK);
    CU_ASSERT(r.presto);
    SAME(tn_trino_pair(&r.prepared, TN_STR("p")), "SELECT ?");
}

static void bad_headers(void)
{
    struct tn_trino_request r;

    tn_trino_request_init(&r, &arena);
    CU_ASSERT_EQUAL(field(&r, "x-trino-session", "a"), TN_E_INVALID);
    CU_ASSERT_EQUAL(field(&r, "x-trino-session", "=b"), TN_E_INVALID);
    CU_ASSERT_EQUAL(field(&r, "x-trino-session", "a=%4"), TN_E_INVALID);
    CU_ASSERT_EQUAL(field(&r, "x-trino-session", "a=%zz"), TN_E_INVALID);
    CU_ASSERT_EQUAL(field(&r, "x-trino-session", "a=%00"), TN_E_INVALID);
    CU_ASSERT_EQUAL(field(&r, "x-trino-user", "\xff"), TN_E_INVALID);
    CU_ASSERT_EQUAL(field(&r, "x-trino-session", ",, ,"), TN_OK);
    for (int i = 0; i < TN_TRINO_PAIRS_MAX; i++) {
        char pair[32];

        snprintf(pair, sizeof pair, "n%d=1", i);
        CU_ASSERT_EQUAL(field(&r, "x-trino-session", pair), TN_OK);
    }
    CU_ASSERT_EQUAL(field(&r, "x-trino-session", "more=1"), TN_E_LIMIT);
}

static struct tn_str base(const char *host, const char *proto, const char *forwarded, const char *port, const char *prefix)
{
    struct tn_trino_request r;

    tn_trino_request_init(&r, &arena);
    (void)(field(&r, "host", host) + field(&r, "x-forwarded-proto", proto) + field(&r, "x-forwarded-host", forwarded) +
           field(&r, "x-forwarded-port", port) + field(&r, "x-forwarded-prefix", prefix));
    return tn_trino_request_base(&r, false, &arena);
}

static void links(void)
{
    SAME(base("a:7080", "", "", "", ""), "http://a:7080");
    SAME(base("[::1]:7080", "", "", "", ""), "http://[::1]:7080");
    SAME(base("a:7080", "https", "b", "8443", "/x/y/"), "https://b:8443/x/y");
    SAME(base("a:7080", "https, http", "b, c", "443", ""), "https://b");
    SAME(base("a:7080", "https", "b:1", "443", ""), "https://b:1");
    SAME(base("a:7080", "ftp", "b/../c", "99999", "x"), "http://a:7080");
    SAME(base("", "https", "", "", ""), "");
}

static void coding(void)
{
    struct tn_str coded, back;

    CU_ASSERT(tn_trino_encode(&arena, TN_STR("SELECT ?, 'a'\n-- \xc3\xa4"), &coded));
    SAME(coded, "SELECT+%3F%2C+%27a%27%0A--+%C3%A4");
    CU_ASSERT(tn_trino_decode(&arena, coded, &back));
    SAME(back, "SELECT ?, 'a'\n-- \xc3\xa4");
}

/* ---- statements ---- */

static struct tn_trino_command command(const char *sql)
{
    struct tn_trino_command c;

    CU_ASSERT_EQUAL(tn_trino_command_read(&c, tn_str(sql), &arena, NULL), TN_OK);
    return c;
}

static void bad(const char *sql, int position)
{
    struct tn_trino_command c;
    struct tn_error         err = TN_ERROR_INIT;

    CU_ASSERT_EQUAL(tn_trino_command_read(&c, tn_str(sql), &arena, &err), TN_E_INVALID);
    if (err.position != position)
        printf("\n%s: %d\n", sql, err.position);
    CU_ASSERT_EQUAL(err.position, position);
    tn_error_reset(&err);
}

static void many_arguments(void)
{
    struct tn_error         err = TN_ERROR_INIT;
    struct tn_trino_command c;
    struct tn_buf           text;

    for (size_t count = TN_TRINO_ARGUMENTS; count <= TN_TRINO_ARGUMENTS + 1; count++) {
        tn_buf_init(&text, 1024 * 1024);
        tn_buf_puts(&text, "EXECUTE p USING 0");
        for (size_t i = 1; i < count; i++)
            tn_buf_printf(&text, ", %zu", i);
        CU_ASSERT_EQUAL(tn_trino_command_read(&c, tn_buf_str(&text), &arena, &err), count > TN_TRINO_ARGUMENTS ? TN_E_LIMIT : TN_OK);
        if (count == TN_TRINO_ARGUMENTS) {
            CU_ASSERT_EQUAL_FATAL(c.argument_count, count);
            SAME(c.arguments[0], "0");
            SAME(c.arguments[16], "16");
            SAME(c.arguments[count - 1], "32766");
        }
        tn_buf_reset(&text);
    }
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "54000");
    tn_error_reset(&err);
}

static void commands(void)
{
    struct tn_trino_command c = command("use \"My \"\"Cat\".Sch");

    CU_ASSERT_EQUAL(c.kind, TN_TRINO_USE);
    SAME(c.schema, "My \"Cat");
    SAME(c.name, "sch");
    c = command("/* x */ SET SESSION cat.Prop = 'it''s'");
    CU_ASSERT_EQUAL(c.kind, TN_TRINO_SET_SESSION);
    SAME(c.schema, "cat");
    SAME(c.name, "prop");
    SAME(c.value, "it's");
    c = command("SET SESSION a = - 12");
    SAME(c.value, "-12");
    c = command("SET SESSION a = + 0.5");
    SAME(c.value, "0.5");
    c = command("SET SESSION a = DOUBLE '0.5'");
    SAME(c.value, "0.5");
    c = command("SET SESSION a = true");
    SAME(c.value, "true");
    CU_ASSERT_EQUAL(command("SET x = 1").kind, TN_TRINO_ENGINES);
    CU_ASSERT_EQUAL(command("SELECT 1").kind, TN_TRINO_ENGINES);
    CU_ASSERT_EQUAL(command("DESCRIBE SELECT 1").kind, TN_TRINO_ENGINES);
    c = command("PREPARE p FROM\n SELECT ? -- x");
    CU_ASSERT_EQUAL(c.kind, TN_TRINO_PREPARE);
    SAME(c.statement, "SELECT ? -- x");
    c = command("EXECUTE p USING 1, ARRAY[2, 3], f(4, '),('), 'x'");
    CU_ASSERT_EQUAL_FATAL(c.argument_count, 4);
    SAME(c.arguments[1], "ARRAY[2, 3]");
    SAME(c.arguments[2], "f(4, '),(')");
    c = command("execute immediate 'SELECT ''a'', ?' using 7");
    CU_ASSERT_EQUAL(c.kind, TN_TRINO_EXECUTE_IMMEDIATE);
    SAME(c.statement, "SELECT 'a', ?");
    c = command("SHOW TABLES FROM a.b LIKE 'x\\_%' ESCAPE '\\'");
    CU_ASSERT_EQUAL(c.kind, TN_TRINO_SHOW_TABLES);
    SAME(c.schema, "a");
    SAME(c.name, "b");
    SAME(c.like, "x\\_%");
    SAME(c.escape, "\\");
    CU_ASSERT_EQUAL(command("DESCRIBE INPUT p").kind, TN_TRINO_DESCRIBE_INPUT);
    CU_ASSERT_EQUAL(command("DESC output").kind, TN_TRINO_SHOW_COLUMNS);
    CU_ASSERT_EQUAL(command("ROLLBACK WORK").kind, TN_TRINO_ROLLBACK);
    SAME(command("START TRANSACTION READ ONLY").value, "READ ONLY");
}

static void bad_commands(void)
{
    bad("USE", 4);
    bad("USE a.b.c d", 11);
    bad("SET SESSION a 1", 15);
    bad("SET SESSION a = 1 + 2", 17);
    bad("SET SESSION a = f('1')", 17);
    bad("SET SESSION a = ", 17);
    bad("SET SESSION a = '1", 17);
    bad("SET SESSION a = '1' 2", 21);
    bad("PREPARE p", 10);
    bad("EXECUTE p USING", 16);
    bad("EXECUTE p USING 1,", 19);
    bad("EXECUTE IMMEDIATE p", 19);
    bad("COMMIT NOW", 8);
    bad("SHOW TABLES LIKE x", 18);
}

/* ---- parameters ---- */

static void literal(const char *text, enum tn_type type, uint32_t oid, const char *bytes)
{
    struct tn_param param;

    if (!tn_trino_literal(tn_str(text), &arena, &param)) {
        printf("\n%s is none\n", text);
        CU_FAIL("a literal");
        return;
    }
    CU_ASSERT_EQUAL(param.value.type, type);
    CU_ASSERT_EQUAL(param.pg_oid, oid);
    if (bytes == NULL)
        CU_ASSERT_PTR_NULL(param.pg_bytes.ptr);
    if (bytes != NULL)
        SAME(param.pg_bytes, bytes);
}

static void literals(void)
{
    struct tn_param param;

    literal("1", TN_TYPE_INT32, TN_PG_INT4, "1");
    literal(" -5 ", TN_TYPE_INT32, TN_PG_INT4, "-5");
    literal("3000000000", TN_TYPE_INT64, TN_PG_INT8, "3000000000");
    literal("99999999999999999999", TN_TYPE_NUMERIC, TN_PG_NUMERIC, "99999999999999999999");
    literal("1.50", TN_TYPE_NUMERIC, TN_PG_NUMERIC, "1.50");
    literal("1.5E3", TN_TYPE_FLOAT64, TN_PG_FLOAT8, "1.5E3");
    literal("'it''s'", TN_TYPE_TEXT, 0, "it's");
    literal("NULL", TN_TYPE_NULL, 0, NULL);
    literal("TRUE", TN_TYPE_BOOL, TN_PG_BOOL, "TRUE");
    literal("BIGINT '3'", TN_TYPE_INT64, TN_PG_INT8, "3");
    literal("DOUBLE '1.5'", TN_TYPE_FLOAT64, TN_PG_FLOAT8, "1.5");
    literal("DATE '2020-01-02'", TN_TYPE_DATE, TN_PG_DATE, "2020-01-02");
    literal("DATE '1-02-03'", TN_TYPE_DATE, TN_PG_DATE, "0001-02-03");
    literal("TIMESTAMP '2020-01-02 03:04:05'", TN_TYPE_TIMESTAMP, TN_PG_TIMESTAMP, "2020-01-02 03:04:05");
    literal("TIMESTAMP '2020-01-02 03:04:05 +01:00'", TN_TYPE_TIMESTAMPTZ, TN_PG_TIMESTAMPTZ, "2020-01-02 03:04:05 +01:00");
    literal("X'00 ff'", TN_TYPE_BYTES, TN_PG_BYTEA, "\\x00ff");
    literal("CAST('7' AS BIGINT)", TN_TYPE_INT64, TN_PG_INT8, "7");
    literal("CAST(NULL AS BIGINT)", TN_TYPE_NULL, 20, NULL);
    CU_ASSERT(!tn_trino_literal(TN_STR("1 + 1"), &arena, &param));
    CU_ASSERT(!tn_trino_literal(TN_STR("- -1"), &arena, &param));
    CU_ASSERT(!tn_trino_literal(TN_STR("DATE 'yesterday'"), &arena, &param));
    CU_ASSERT(!tn_trino_literal(TN_STR("'a"), &arena, &param));
    CU_ASSERT(!tn_trino_literal(TN_STR("X'0g'"), &arena, &param));
    CU_ASSERT(!tn_trino_literal(TN_STR("ARRAY[1]"), &arena, &param));
    CU_ASSERT(!tn_trino_literal(TN_STR(""), &arena, &param));
}

static void zones(void)
{
    static const struct {
        const char *text, *bytes; /* NULL: no literal */
    } rows[] = {
        {"TIMESTAMP '2020-01-01 16:43:22.32 UTC-05:30'", "2020-01-01 16:43:22.32    -05:30"},
        {"TIMESTAMP '2020-01-01 16:43:22 -05:30'", "2020-01-01 16:43:22 -05:30"},
        {"TIMESTAMP '2002-10-27 01:30:00 US/Eastern'", "2002-10-27 01:30:00 -04:00:00"}, /* twice that day */
        {"TIMESTAMP '2002-10-27 03:30:00 US/Eastern'", "2002-10-27 03:30:00 -05:00:00"},
        {"TIMESTAMP '2021-03-28 02:30:00 Europe/Brussels'", NULL},                      /* not that day */
        {"TIMESTAMP '2020-01-01 16:43:22 UTC'", "2020-01-01 16:43:22 +00:00:00"},
        {"TIMESTAMP '2020-01-01 16:43:22 Nowhere/Atall'", NULL},
    };
    struct tn_param param;

    for (size_t i = 0; i < TN_ARRAY_LEN(rows); i++) {
        bool is = tn_trino_literal(tn_str(rows[i].text), &arena, &param);

        CU_ASSERT_EQUAL(is, rows[i].bytes != NULL);
        if (is && rows[i].bytes != NULL)
            SAME(param.pg_bytes, rows[i].bytes);
    }
    CU_ASSERT(tn_trino_literal(TN_STR("-infinity()"), &arena, &param) && param.value.as.f64 < 0);
    CU_ASSERT(tn_trino_literal(TN_STR("nan()"), &arena, &param) && isnan(param.value.as.f64));
    CU_ASSERT(!tn_trino_literal(TN_STR("-nan()"), &arena, &param));
    CU_ASSERT(!tn_trino_literal(TN_STR("now()"), &arena, &param));
}

static void binding(void)
{
    struct tn_str    arguments[] = {TN_STR("1"), TN_STR("ARRAY[1] -- x"), TN_STR("'?'")}, out;
    struct tn_params params;

    CU_ASSERT_EQUAL(tn_trino_bind(TN_STR("SELECT ?, '?', \"?\", ? /* ? */, ?"), arguments, 3, false, &arena, &out, &params, NULL), TN_OK);
    SAME(out, "SELECT $1, '?', \"?\", (ARRAY[1] -- x\n) /* ? */, $2");
    CU_ASSERT_EQUAL(params.count, 2);
    SAME(params.items[1].pg_bytes, "?");
    CU_ASSERT_EQUAL(tn_trino_bind(TN_STR("SELECT ?"), arguments, 2, false, &arena, &out, &params, NULL), TN_E_INVALID);
    CU_ASSERT_EQUAL(tn_trino_bind(TN_STR("? IS NULL OR a = ? OR ? IS NOT NULL"), (struct tn_str[]){TN_STR("NULL"), TN_STR("null"), TN_STR("1")}, 3, false, &arena, &out,
                                  &params, NULL), TN_OK);
    CU_ASSERT(tn_str_eq_c(out, "NULL IS NULL OR a = $1 OR $2 IS NOT NULL"));
    CU_ASSERT_EQUAL(params.count, 2);
    CU_ASSERT_EQUAL(tn_trino_bind(TN_STR("? IS NULL OR ? IS NULL OR a = ?"), (struct tn_str[]){TN_STR("'x'"), TN_STR("CAST(NULL AS DOUBLE)"), TN_STR("CAST(NULL AS VARCHAR)")}, 3,
                                  false, &arena, &out, &params, NULL), TN_OK);
    SAME(out, "$1 IS NULL OR $2 IS NULL OR a = $3");
    CU_ASSERT(params.items[0].pg_oid == 25 && params.items[1].pg_oid == 701 && params.items[2].pg_oid == 0);
    CU_ASSERT(params.items[1].value.type == TN_TYPE_NULL && params.items[2].value.type == TN_TYPE_NULL);
    CU_ASSERT_EQUAL(tn_trino_bind(TN_STR("SELECT ?, ?"), (struct tn_str[]){TN_STR("1"), TN_STR("TIME '01:02:03 +01:00'")}, 2, true, &arena, &out, &params, NULL), TN_OK);
    SAME(out, "SELECT $1, (TIME '01:02:03 +01:00'\n)");
    CU_ASSERT_EQUAL(tn_trino_count_params(TN_STR("? '?' ?")), 2);
}

/* ---- tables about tables ---- */

static void rewritten(const char *sql, const char *want)
{
    struct tn_str out;

    CU_ASSERT_EQUAL(tn_trino_catalog_rewrite(tn_str(sql), TN_CFG_ENGINE_SQLITE, NULL, &arena, &out, NULL), TN_OK);
    SAME(out, want);
}

#define CATALOGS_AS(name) "(SELECT catalog_name AS " name " FROM (SELECT 'sqlite' AS catalog_name) c UNION ALL SELECT 'system')"
#define CATALOGS          CATALOGS_AS("table_cat")

/* A list of columns that may make some of its own is told as the engine has it. */
static void lists_of_columns(void)
{
    static const char *const plain[] = {"SELECT TABLE_CAT, c.TABLE_NAME FROM system.jdbc.columns c", "select distinct * from system.jdbc.types", "SELECT t.* FROM system.jdbc.types t"};
    static const char *const made[] = {"SELECT 'x' data_type FROM system.jdbc.types", "SELECT TYPE_NAME data_type FROM system.jdbc.types", "SELECT TYPE_NAME \"DATA_TYPE\" FROM system.jdbc.types",
                                       "SELECT TYPE_NAME AS DATA_TYPE FROM system.jdbc.types", "WITH t AS (SELECT 'x' AS data_type FROM system.jdbc.types) SELECT data_type FROM t",
                                       "SELECT data_type FROM (SELECT 'x' AS data_type FROM system.jdbc.types) t", "SELECT NULL DATA_TYPE FROM system.jdbc.types"};

    for (size_t i = 0; i < TN_ARRAY_LEN(plain); i++)
        CU_ASSERT(tn_trino_catalog_is_jdbc(tn_str(plain[i])));
    for (size_t i = 0; i < TN_ARRAY_LEN(made); i++)
        CU_ASSERT(!tn_trino_catalog_is_jdbc(tn_str(made[i])));
}

static void catalogs(void)
{
    struct tn_str out;

    rewritten("SELECT * FROM t", "SELECT * FROM t");
    rewritten("SELECT 'system.jdbc.catalogs'", "SELECT 'system.jdbc.catalogs'");
    rewritten("SELECT TABLE_CAT FROM system.jdbc.catalogs ORDER BY 1", "SELECT TABLE_CAT FROM " CATALOGS_AS("TABLE_CAT") " AS \"catalogs\" ORDER BY 1");
    rewritten("SELECT 1 FROM \"system\".\"jdbc\".\"catalogs\" c, System.JDBC.Catalogs AS d",
              "SELECT 1 FROM " CATALOGS " c, " CATALOGS " AS d");
    rewritten("SELECT 1 FROM system.jdbc.catalogs", "SELECT 1 FROM " CATALOGS " AS \"catalogs\"");
    rewritten("SELECT 1 FROM a.system.jdbc.catalogs", "SELECT 1 FROM a.system.jdbc.catalogs");
    rewritten("SELECT Table_Cat FROM system.jdbc.catalogs", "SELECT Table_Cat FROM " CATALOGS_AS("Table_Cat") " AS \"catalogs\"");
    rewritten("SELECT user, t.user, user() FROM t", "SELECT user, t.user, user() FROM t");
    rewritten("SELECT \"sqlite\".main.t.a, x.sqlite.main FROM sqlite . main.t, sqlite.t", "SELECT main.t.a, x.sqlite.main FROM main.t, sqlite.t");
    rewritten("SELECT 1 FROM system.jdbc.catalogs WHERE a LIKE 'O''%\\_\\%[*' ESCAPE '\\' AND b NOT LIKE '__' OR c LIKE d OR e LIKE 'x!' ESCAPE '!'",
              "SELECT 1 FROM " CATALOGS " AS \"catalogs\" WHERE a GLOB 'O''*_%[[][*]' AND b NOT GLOB '?" "?' OR c LIKE d OR e GLOB 'x!'");
    rewritten("SELECT 1 FROM system.jdbc.catalogs c WHERE a LIKE 'b' ESCAPE x AND c LIKE", "SELECT 1 FROM " CATALOGS " c WHERE a LIKE 'b' ESCAPE x AND c LIKE");
    rewritten("SELECT 1 FROM sqlite.main.t WHERE a LIKE 'b%'", "SELECT 1 FROM main.t WHERE a LIKE 'b%'");
    for (int engine = TN_CFG_ENGINE_DUCKDB; engine <= TN_CFG_ENGINE_POSTGRES; engine++)
        CU_ASSERT_EQUAL(tn_trino_catalog_rewrite(TN_STR("SELECT * FROM x.information_schema.columns, system.jdbc.tables, turnout.functions, "
                                                        "information_schema.schemata, system.runtime.queries, system.runtime.tasks, turnout.created, "
                                                        "turnout.views, turnout.estimates, system.information_schema.columns"),
                                                 (enum tn_cfg_engine)engine, NULL, &arena, &out, NULL),
                        TN_OK);
    CU_ASSERT(tn_trino_catalog_mentions(TN_STR("select 1 from cat.information_schema.tables")));
    CU_ASSERT(!tn_trino_catalog_mentions(TN_STR("select information_schema, tables")));
}

static void catalogs_of_mysql(void)
{
    struct tn_str out;

    CU_ASSERT_EQUAL(tn_trino_catalog_rewrite(TN_STR("SELECT mysql.shop.t.a FROM mysql.shop.t, sqlite.main.t"), TN_CFG_ENGINE_MYSQL, NULL, &arena, &out, NULL), TN_OK);
    SAME(out, "SELECT shop.t.a FROM shop.t, sqlite.main.t");
    CU_ASSERT_EQUAL(tn_trino_catalog_rewrite(TN_STR("SELECT 1 FROM turnout.x, system.jdbc.catalogs c WHERE a LIKE 'b\\_' ESCAPE '\\'"), TN_CFG_ENGINE_MYSQL, NULL, &arena, &out, NULL), TN_OK);
    CU_ASSERT(tn_str_holds(out, TN_STR(" c WHERE a LIKE BINARY 'b\\_' ESCAPE '\\'")));
    CU_ASSERT_EQUAL(tn_trino_catalog_rewrite(TN_STR("SELECT 1 FROM system.jdbc.catalogs"), TN_CFG_ENGINE_STAR_ROCKS, NULL, &arena, &out, NULL), TN_OK);
    SAME(out, "SELECT 1 FROM (SELECT catalog_name AS table_cat FROM (SELECT 'mysql' AS catalog_name) c UNION ALL SELECT 'system') AS \"catalogs\"");
    CU_ASSERT_EQUAL(tn_trino_catalog_rewrite(TN_STR("SELECT A, PRECISION, 'x, PRECISION, y', CAST(NULL AS varchar) FROM system.runtime.nodes"), TN_CFG_ENGINE_MYSQL, NULL, &arena, &out, NULL), TN_OK);
    CU_ASSERT(tn_str_starts(out, TN_STR("SELECT A, \"PRECISION\", 'x, PRECISION, y', CAST(NULL AS char) FROM (SELECT")));
    CU_ASSERT(tn_trino_catalog_needs_standard(TN_STR("SELECT 1 FROM system.jdbc.tables"), TN_CFG_ENGINE_MYSQL));
    CU_ASSERT_FALSE(tn_trino_catalog_needs_standard(TN_STR("SELECT 1 FROM mysql.shop.t"), TN_CFG_ENGINE_MYSQL));
    CU_ASSERT_FALSE(tn_trino_catalog_needs_standard(TN_STR("SELECT 1 FROM system.jdbc.tables"), TN_CFG_ENGINE_DUCKDB));
}

static void words(void)
{
    struct tn_self w = {.user = TN_STR("o'hara"), .trino = true, .catalog = TN_STR("c"), .schema = TN_STR(""), .version = TN_STR("476"),
                        .time_zone = TN_STR("Asia/Tokyo")};
    struct tn_self pg = {.user = TN_STR("me")};
    static const struct {
        const char *sql, *trino, *postgres;
    } rows[] = {
        {"SELECT f(current_user), CURRENT_CATALOG, current_schema || 'x', version( ) , t.version(), version",
         "SELECT f(CONCAT('o''hara', '')), CONCAT('c', '') AS \"current_catalog\", NULLIF('', '') || 'x', CONCAT('476', '') , t.version(), version", NULL},
        {"SELECT 'current_user', \"current_user\", t.current_user, 1 AS current_user -- current_user", "", ""},
        {"SELECT current_timezone(), now(), current_timezone(1)", "SELECT CONCAT('Asia/Tokyo', ''), now(), current_timezone(1)", NULL},
        {"SELECT current_user", "SELECT CONCAT('o''hara', '') AS \"current_user\"", "SELECT COALESCE('me', '') AS \"current_user\""},
        {"SELECT a FROM t WHERE owner = current_user ORDER BY x, current_user, y", NULL,
         "SELECT a FROM t WHERE owner = COALESCE('me', '') ORDER BY x, COALESCE('me', ''), y"},
        {"INSERT INTO t VALUES (1, session_user)", NULL, "INSERT INTO t VALUES (1, COALESCE('me', ''))"},
        {"SELECT (SELECT current_user), current_role FROM t", NULL, "SELECT (SELECT COALESCE('me', '')), COALESCE('me', '') AS \"current_role\" FROM t"},
        {"CREATE VIEW v AS SELECT current_user", "", ""},
        {"CREATE TABLE t (a text DEFAULT current_user)", "", ""},
        {"CREATE TABLE t AS SELECT current_user AS a", NULL, "CREATE TABLE t AS SELECT COALESCE('me', '') AS a"},
        {"GRANT x TO current_user", "", ""},
        {"ALTER TABLE t OWNER TO current_user", "", ""},
        {"SELECT current_schema, version() FROM a", NULL, ""},
        {"SELECT current_user(", NULL, ""},
    };
    struct tn_str out;

    for (size_t i = 0; i < TN_ARRAY_LEN(rows); i++) {
        CU_ASSERT_EQUAL(tn_self_replace(tn_str(rows[i].sql), TN_DIALECT_TRINO, &w, &arena, &out, NULL), TN_OK);
        if (rows[i].trino != NULL)
            SAME(out, rows[i].trino[0] == '\0' ? rows[i].sql : rows[i].trino);
        CU_ASSERT_EQUAL(tn_self_replace(tn_str(rows[i].sql), TN_DIALECT_POSTGRES, &pg, &arena, &out, NULL), TN_OK);
        if (rows[i].postgres != NULL)
            SAME(out, rows[i].postgres[0] == '\0' ? rows[i].sql : rows[i].postgres);
    }
}

static int set_up(void)
{
    tn_arena_init(&arena, 0);
    return 0;
}

static int tear_down(void)
{
    tn_arena_reset(&arena);
    return 0;
}

int main(void)
{
    unsigned failed;

    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("trino_request", set_up, tear_down);
    CU_add_test(suite, "headers", headers);
    CU_add_test(suite, "bad headers", bad_headers);
    CU_add_test(suite, "links", links);
    CU_add_test(suite, "coding", coding);
    CU_add_test(suite, "commands", commands);
    CU_add_test(suite, "many arguments", many_arguments);
    CU_add_test(suite, "bad commands", bad_commands);
    CU_add_test(suite, "literals", literals);
    CU_add_test(suite, "binding", binding);
    CU_add_test(suite, "catalogs", catalogs);
    CU_add_test(suite, "lists of columns", lists_of_columns);
    CU_add_test(suite, "catalogs of MySQL", catalogs_of_mysql);
    CU_add_test(suite, "words", words);
    CU_add_test(suite, "zones", zones);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed == 0 ? 0 : 1;
}

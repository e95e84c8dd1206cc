/* mysql_test.c - parts of the MySQL engine that need no server: proofs of passwords, marks, words, settings, values, errors. */
#include "base/alloc.h"
#include "config/endpoint.h"
#include "engine/mysql/mysql_conn.h"
#include "engine/mysql/mysql_count.h"
#include "engine/mysql/mysql_describe.h"
#include "engine/mysql/mysql_words.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <stdio.h>

static struct tn_buf out, before;

/* NULs are shown as ';'. */
static void expect(struct tn_buf *got, const char *expected)
{
    for (size_t i = 0; i < got->len; i++)
        if (got->data[i] == '\0')
            got->data[i] = ';';
    if (got->failed || !tn_str_eq_c(tn_buf_str(got), expected)) {
        printf("\n" TN_STR_FMT "\nexpected %s\n", TN_STR_ARG(tn_buf_str(got)), expected);
        CU_FAIL("the text is another");
    }
    tn_buf_clear(got);
}

static void put_hex(struct tn_buf *to, const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        tn_buf_printf(to, "%02x", bytes[i]);
}

static void test_proofs(void)
{
    unsigned char nonce[TN_MYSQL_NONCE], proof[TN_MYSQL_PROOF_MAX];

    for (size_t i = 0; i < sizeof nonce; i++)
        nonce[i] = (unsigned char)(i + 1);
    put_hex(&out, proof, tn_mysql_proof(TN_MYSQL_NATIVE, TN_STR("s3cret"), nonce, proof));
    expect(&out, "f66fdd3ff855d9349a0ddb50c4a1a535fb412465");
    put_hex(&out, proof, tn_mysql_proof(TN_MYSQL_CACHING_SHA2, TN_STR("s3cret"), nonce, proof));
    expect(&out, "3f3a9a7786fd9be9a006eed686b4e6b76484fdc06dc15685df5f8793574b84fc");
    CU_ASSERT_EQUAL(tn_mysql_proof(TN_MYSQL_NATIVE, TN_STR(""), nonce, proof), 0);
    CU_ASSERT_EQUAL(tn_mysql_plugin(TN_STR("caching_sha2_password")), TN_MYSQL_CACHING_SHA2);
    CU_ASSERT_EQUAL(tn_mysql_plugin(TN_STR("client_ed25519")), TN_MYSQL_OTHER);
    CU_ASSERT_FALSE(tn_mysql_encrypt(TN_STR("s3cret"), nonce, TN_STR("no key"), &out));
    tn_buf_clear(&out);
}

static void marks(const char *sql, bool backslash, const char *expected, size_t wanted)
{
    uint16_t order[8];
    size_t   count = 0;

    CU_ASSERT_EQUAL(tn_mysql_marks(&out, tn_str(sql), backslash, order, TN_ARRAY_LEN(order), &count, NULL), TN_OK);
    CU_ASSERT_EQUAL(count, wanted);
    for (size_t i = 0; i < count && i < TN_ARRAY_LEN(order); i++)
        tn_buf_printf(&out, "|%u", order[i]);
    expect(&out, expected);
}

static void test_marks(void)
{
    size_t count;

    marks("SELECT $2, $1, $2", true, "SELECT ?, ?, ?|1|0|1", 3);
    marks("SELECT ?, ?", true, "SELECT ?, ?|0|1", 2);
    marks("SELECT '$1 ?', \"$1\", `?` /* $1 */ # $1\n, $12", true, "SELECT '$1 ?', \"$1\", `?` /* $1 */ # $1\n, ?|11", 1);
    marks("SELECT 'a\\', $1, '", true, "SELECT 'a\\', $1, '", 0);
    marks("SELECT 'a\\', $1", false, "SELECT 'a\\', ?|0", 1);
    marks("SELECT a$1", true, "SELECT a$1", 0);
    CU_ASSERT_EQUAL(tn_mysql_marks(&out, TN_STR("SELECT $0"), true, NULL, 0, &count, NULL), TN_E_INVALID);
    CU_ASSERT_EQUAL(tn_mysql_marks(&out, TN_STR("SELECT $99999999999"), true, NULL, 0, &count, NULL), TN_E_INVALID);
    tn_buf_clear(&out);
}

static void words(const char *sql, const char *first, const char *expected)
{
    struct tn_features features;

    tn_features_read(&features, tn_str(sql), TN_DIALECT_POSTGRES);
    tn_mysql_words(&out, &before, tn_str(sql), &features);
    expect(&before, first);
    expect(&out, expected);
}

static void test_words(void)
{
    words("BEGIN", "", "START TRANSACTION");
    words("begin work read only", "", "START TRANSACTION READ ONLY");
    words("START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE, NOT DEFERRABLE", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;",
          "START TRANSACTION READ WRITE");
    words("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;", "START TRANSACTION READ ONLY");
    words("START TRANSACTION WITH CONSISTENT SNAPSHOT", "", "START TRANSACTION WITH CONSISTENT SNAPSHOT");
    words("END", "", "COMMIT");
    words("ABORT", "", "ROLLBACK");
    words("RELEASE s", "", "RELEASE SAVEPOINT s");
    words("SET SESSION max_join_size TO '17'", "", "SET SESSION max_join_size = 17");
    words("SET SESSION sql_mode TO 'ANSI'", "", "SET SESSION sql_mode = 'ANSI'");
    words("SET SESSION sql_mode TO DEFAULT", "", "SET SESSION sql_mode = DEFAULT");
    words("SELECT 1", "", "SELECT 1");
}

static bool writes(const char *sql)
{
    struct tn_features features;

    tn_features_read(&features, tn_str(sql), TN_DIALECT_POSTGRES);
    return tn_mysql_asks_to_write(tn_str(sql), &features);
}

static void test_asks_to_write(void)
{
    CU_ASSERT(writes("SET SESSION TRANSACTION READ WRITE"));
    CU_ASSERT(writes("set @@session.transaction_read_only = 0"));
    CU_ASSERT(writes("SET SESSION tx_read_only TO '0'"));
    CU_ASSERT(writes("BEGIN READ WRITE"));
    CU_ASSERT_FALSE(writes("BEGIN READ ONLY"));
    CU_ASSERT_FALSE(writes("SHOW VARIABLES LIKE 'tx_read_only'"));
}

#define BASE "SET base"

static struct tn_session_settings list_of(struct tn_session_setting *items, size_t count)
{
    return (struct tn_session_settings){.hash = count, .count = count, .items = items};
}

static void test_settings(void)
{
    struct tn_session_setting items[] = {
        {TN_STR("timezone"), TN_STR("Etc/UTC"), TN_CFG_ENGINE_UNSET},
        {TN_STR("search_path"), TN_STR("x"), TN_CFG_ENGINE_UNSET},
        {TN_STR("default_transaction_read_only"), TN_STR("on"), TN_CFG_ENGINE_UNSET},
        {TN_STR("default_transaction_isolation"), TN_STR("read committed"), TN_CFG_ENGINE_UNSET},
        {TN_STR("lock_timeout"), TN_STR("1500"), TN_CFG_ENGINE_UNSET},
        {TN_STR("big_tables"), TN_STR("1"), TN_CFG_ENGINE_MYSQL},
        {TN_STR("work_mem"), TN_STR("1"), TN_CFG_ENGINE_POSTGRES},
        {TN_STR("x;drop"), TN_STR("1"), TN_CFG_ENGINE_MYSQL},
        {TN_STR("lc_time_names"), TN_STR("it's \\"), TN_CFG_ENGINE_MYSQL},
    };
    struct tn_session_settings all = list_of(items, TN_ARRAY_LEN(items)), one = list_of(items, 1);
    struct tn_mysql_settings   has = {.count = 0};

    tn_mysql_settings_write(&has, &all, false, false, BASE, &out);
    expect(&out, "SET time_zone='+00:00';SET SESSION TRANSACTION READ ONLY;SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;"
                 "SET innodb_lock_wait_timeout=2;SET SESSION big_tables=1;SET SESSION lc_time_names=_utf8mb4 0x69742773205c;");
    CU_ASSERT(tn_mysql_settings_take(&has, &all, false));
    tn_mysql_settings_write(&has, &all, false, false, BASE, &out);
    expect(&out, "");
    items[0].value = TN_STR("Europe/Berlin");
    tn_mysql_settings_write(&has, &all, false, false, BASE, &out);
    expect(&out, "SET time_zone='Europe/Berlin';");
    items[0].value = TN_STR("+05:30");
    tn_mysql_settings_write(&has, &one, true, true, BASE, &out);
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "SET SESSION TRANSACTION READ WRITE"));
    CU_ASSERT_PTR_NOT_NULL(memmem(out.data, out.len, BASE "\0SET time_zone='+05:30'", sizeof BASE + 23));
    tn_buf_clear(&out);
    tn_mysql_settings_doubt(&has);
    tn_mysql_settings_write(&has, NULL, false, false, BASE, &out);
    CU_ASSERT_PTR_NOT_NULL(memmem(out.data, out.len, "SET SESSION big_tables=DEFAULT", 30));
    tn_buf_clear(&out);
    tn_mysql_settings_reset(&has);
}

/* USE, only where the session is not there yet; a name at the log-in that the server does not have stands for the cluster's own. */
static void test_databases(void)
{
    struct tn_session_setting  said[] = {{TN_STR("database"), TN_STR("a`b"), TN_CFG_ENGINE_MYSQL}};
    struct tn_session_setting  named[] = {{TN_STR("login_database"), TN_STR("shop"), TN_CFG_ENGINE_MYSQL}};
    struct tn_session_setting  others[] = {{TN_STR("database"), TN_STR("x"), TN_CFG_ENGINE_UNSET}};
    struct tn_session_settings use = list_of(said, 1), login = list_of(named, 1), other = list_of(others, 1);
    struct tn_mysql_settings   has = {.home = "home"};

    tn_mysql_settings_write(&has, &other, false, false, BASE, &out);
    expect(&out, "");
    tn_mysql_settings_write(&has, &use, false, false, BASE, &out);
    expect(&out, "USE `a``b`;");
    CU_ASSERT(has.moved);
    has.moved = false;
    CU_ASSERT(tn_mysql_settings_take(&has, &use, false));
    tn_mysql_settings_write(&has, &use, false, false, BASE, &out);
    expect(&out, "");
    tn_mysql_settings_write(&has, &login, false, false, BASE, &out);
    expect(&out, "USE `home`;" BASE ";USE `shop`;");
    memcpy(has.absent, "shop", sizeof "shop");
    CU_ASSERT(tn_mysql_settings_take(&has, &login, false));
    tn_mysql_settings_write(&has, NULL, false, false, BASE, &out);
    expect(&out, "USE `home`;" BASE ";");
    tn_mysql_settings_reset(&has);
    tn_mysql_settings_write(&has, &login, false, false, BASE, &out);
    expect(&out, "");
    has.astray = true;
    tn_mysql_settings_write(&has, NULL, false, false, BASE, &out);
    expect(&out, "USE `home`;");
    tn_mysql_settings_reset(&has);
}

static void collation(const char *name, const char *expected)
{
    struct tn_session_setting  item[] = {{TN_STR("collation_connection"), tn_str(name), TN_CFG_ENGINE_MYSQL}};
    struct tn_session_settings wanted = list_of(item, 1);
    struct tn_mysql_settings   has = {.count = 0};

    tn_mysql_settings_write(&has, &wanted, false, false, BASE, &out);
    expect(&out, expected);
    CU_ASSERT_TRUE(tn_mysql_settings_take(&has, &wanted, false));
    tn_mysql_settings_write(&has, NULL, false, false, BASE, &out);
    expect(&out, "SET NAMES utf8mb4;" BASE ";"); /* never back to the server's own */
    tn_mysql_settings_reset(&has);
}

/* A MySQL 8's, that MariaDB does not know. */
static void test_collations(void)
{
    collation("utf8mb4_bin", "SET SESSION collation_connection='utf8mb4_bin';");
    collation("utf8mb4_0900_ai_ci", "SET /*!80000 collation_connection='utf8mb4_0900_ai_ci' *//*M! collation_connection=utf8mb4_unicode_ci */;");
    collation("x_0900_*/", "SET SESSION collation_connection='x_0900_*/';");
}

static uint64_t unchanged(const char *info, uint64_t affected, const char *sql)
{
    struct tn_features features = {.verb = strncmp(sql, "INSERT", 6) == 0 ? TN_VERB_INSERT : TN_VERB_OTHER};

    return tn_mysql_unchanged(tn_str(info), affected, tn_str(sql), &features);
}

/* As MariaDB 10.11 and MySQL 8.0.15 count. */
static void test_counts(void)
{
    static const char again[] = "INSERT INTO t VALUES (1, 1) ON DUPLICATE KEY UPDATE v = 1";

    CU_ASSERT_EQUAL(unchanged("Rows matched: 5  Changed: 2  Warnings: 0", 2, "UPDATE t SET a = 1"), 3);
    CU_ASSERT_EQUAL(unchanged("Rows matched: 5  Changed: 7  Warnings: 0", 7, "UPDATE t SET a = 1"), 0);
    CU_ASSERT_EQUAL(unchanged("Rows matched: ", 7, "UPDATE t SET a = 1"), 0);
    CU_ASSERT_EQUAL(unchanged("", 0, again), 1);
    CU_ASSERT_EQUAL(unchanged("", 2, again), 0);
    CU_ASSERT_EQUAL(unchanged("", 0, "INSERT IGNORE INTO t VALUES ('on duplicate key update')"), 0);
    CU_ASSERT_EQUAL(unchanged("", 0, "INSERT INTO `duplicate` (key) VALUES (1)"), 0);
    CU_ASSERT_EQUAL(unchanged("Records: 2  Duplicates: 1  Warnings: 0", 2, again), 1);
    CU_ASSERT_EQUAL(unchanged("Records: 3  Duplicates: 0  Warnings: 0", 0, again), 3);
    CU_ASSERT_EQUAL(unchanged("Records: 3  Duplicates: 2  Warnings: 0", 1, "INSERT IGNORE INTO t VALUES (1, 1), (1, 2), (2, 2)"), 0);
    CU_ASSERT_EQUAL(unchanged("Records: 99999999999999999999999  Duplicates: 1", 0, again), (uint64_t)UINT32_MAX * 10 + 1);
    CU_ASSERT_EQUAL(unchanged("Records: 3  Duplicates: 0  Warnings: 0", 0, "REPLACE INTO t VALUES (1)"), 0);
    CU_ASSERT_EQUAL(tn_mysql_unchanged(TN_STR(""), 0, tn_str(again), NULL), 0);
}

static struct tn_str definition(struct tn_str metadata, uint8_t type, uint16_t charset)
{
    static const char names[] = "\3def\0\0\0\1c";

    tn_buf_clear(&before);
    tn_buf_append(&before, names, sizeof names); /* with the NUL: no original name */
    tn_buf_put_str(&before, metadata);
    tn_buf_put_u8(&before, 12);
    tn_my_put_u16(&before, charset);
    tn_my_put_u32(&before, 400);
    tn_buf_put_u8(&before, type);
    tn_buf_append(&before, "\0\0\0\0\0", 5);
    return tn_buf_str(&before);
}

static int type_of(struct tn_str metadata, uint8_t type, uint16_t charset)
{
    struct tn_mysql_column kind;
    struct tn_column       column;

    return tn_mysql_column_read(definition(metadata, type, charset), true, &kind, &column, NULL) == TN_OK ? (int)column.type : -1;
}

static void test_extended_metadata(void)
{
    CU_ASSERT_EQUAL(type_of(TN_STR("\0"), TN_MY_TYPE_LONG_BLOB, 45), TN_TYPE_TEXT);
    CU_ASSERT_EQUAL(type_of(TN_STR("\6\1\4json"), TN_MY_TYPE_LONG_BLOB, 45), TN_TYPE_JSON);
    CU_ASSERT_EQUAL(type_of(TN_STR("\14\0\4some\1\4json"), TN_MY_TYPE_VAR_STRING, 45), TN_TYPE_JSON);
    CU_ASSERT_EQUAL(type_of(TN_STR("\6\0\4json"), TN_MY_TYPE_VAR_STRING, 45), TN_TYPE_TEXT);
    CU_ASSERT_EQUAL(type_of(TN_STR("\6\1\4json"), TN_MY_TYPE_BLOB, 63), TN_TYPE_BYTES);
    CU_ASSERT_EQUAL(type_of(TN_STR("\6\1\4json"), TN_MY_TYPE_LONG, 63), TN_TYPE_INT32);
    CU_ASSERT_EQUAL(type_of(TN_STR("\6\1\11json"), TN_MY_TYPE_VAR_STRING, 45), TN_TYPE_TEXT); /* beyond its text */
    CU_ASSERT_EQUAL(type_of(TN_STR("\100\1\4json"), TN_MY_TYPE_VAR_STRING, 45), -1);
    CU_ASSERT_EQUAL(type_of(TN_STR("\373"), TN_MY_TYPE_VAR_STRING, 45), -1);
    tn_buf_clear(&before);
}

/* As StarRocks' documentation shows them; there was no server to ask. */
static void test_starrocks_documentation(void)
{
    CU_ASSERT_EQUAL(tn_mysql_proc_field(TN_STR("ScanBytes")), TN_MYSQL_PROC_BYTES);
    CU_ASSERT_EQUAL(tn_mysql_proc_field(TN_STR("ConnectionId")), TN_MYSQL_PROC_CONNECTION);
    CU_ASSERT_EQUAL(tn_mysql_proc_field(TN_STR("Warehouse")), TN_MYSQL_PROC_OTHER);
    CU_ASSERT_EQUAL(tn_mysql_proc_value(TN_STR("5859503 rows")), 5859503);
    CU_ASSERT_EQUAL(tn_mysql_proc_value(TN_STR("120.573 MB")), (uint64_t)(120.573 * 1048576));
    CU_ASSERT_EQUAL(tn_mysql_proc_value(TN_STR("0.000 B")), 0);
    CU_ASSERT_EQUAL(tn_mysql_proc_value(TN_STR("47.878 s")), 47878000);
    CU_ASSERT_EQUAL(tn_mysql_proc_value(TN_STR("13")), 13);
    CU_ASSERT_EQUAL(tn_mysql_proc_value(TN_STR("1e300 TB")), 0);
    CU_ASSERT_EQUAL(tn_mysql_proc_value(TN_STR("")), 0);
    CU_ASSERT_EQUAL(tn_mysql_proc_value(TN_STR("tpcds_2")), 0);
}

static void endpoint(const char *url, const char *expected)
{
    struct tn_endpoint_mysql parts;
    const char              *reason = tn_endpoint_parse_mysql(tn_str(url), &parts);

    if (reason != NULL)
        tn_buf_puts(&out, "wrong");
    else
        tn_buf_printf(&out, TN_STR_FMT "|" TN_STR_FMT "|" TN_STR_FMT "|" TN_STR_FMT, TN_STR_ARG(parts.host), TN_STR_ARG(parts.port),
                      TN_STR_ARG(parts.database), TN_STR_ARG(parts.socket));
    expect(&out, expected);
}

static void test_endpoints(void)
{
    endpoint("mysql://h:3307/db", "h|3307|db|");
    endpoint("mariadb://[::1]:3306", "::1|3306||");
    endpoint("mysql://localhost/x?socket=/run/s", "localhost||x|/run/s");
    endpoint("mysql://h", "h|||");
    endpoint("mysql://", "wrong");
    endpoint("mysql://u:p@h/db", "wrong");
    endpoint("mysql://h:0/db", "wrong");
    endpoint("mysql://h:99999/db", "wrong");
    endpoint("mysql://h/a/b", "wrong");
    endpoint("mysql://h/db?ssl=1", "wrong");
    endpoint("postgresql://h/db", "wrong");
    endpoint("mysql://h /db", "wrong");
}

static void interpolate(const char *sql, const struct tn_param *items, size_t count, const char *expected)
{
    struct tn_params params = {.count = count, .items = items};
    struct tn_error  err = TN_ERROR_INIT;

    if (tn_mysql_interpolate(&out, tn_str(sql), &params, &err) != TN_OK) {
        tn_buf_clear(&out);
        tn_buf_puts(&out, err.sqlstate);
    }
    expect(&out, expected);
    tn_error_reset(&err);
}

/* Literals as StarRocks documents them ("Literals", "String escapes"); no StarRocks was there to try them. */
static void test_interpolate(void)
{
    struct tn_param items[] = {
        {.value = {.type = TN_TYPE_TEXT, .as.text = TN_STR("it's \\ x")}},
        {.value = {.type = TN_TYPE_INT64, .as.i64 = -5}},
        {.value = {.type = TN_TYPE_NULL}},
        {.value = {.type = TN_TYPE_DATE, .as.i64 = 0}},
        {.value = {.type = TN_TYPE_TIMESTAMP, .as.i64 = -1}},
        {.value = {.type = TN_TYPE_BYTES, .as.text = TN_STR("\xff'")}},
        {.value = {.type = TN_TYPE_NUMERIC, .as.text = TN_STR("1); DROP TABLE x")}},
    };

    interpolate("SELECT $1, $2, $3, $2", items, 3, "SELECT 'it\\'s \\\\ x', -5, NULL, -5");
    interpolate("SELECT 3-$2", items, 2, "SELECT 3- -5"); /* "--" begins a comment there */
    interpolate("SELECT ?, '?', ? -- ?", items, 2, "SELECT 'it\\'s \\\\ x', '?', -5 -- ?");
    interpolate("SELECT $4, $5, $6", items, 6, "SELECT '1970-01-01', '1969-12-31 23:59:59.999999', x'ff27'");
    interpolate("SELECT $7", items, 7, "0A000");
    interpolate("SELECT $9", items, 2, "08P01");
}

static void moment(struct tn_value value, const char *expected)
{
    CU_ASSERT(tn_mysql_fits(&value));
    tn_mysql_put_moment(&before, &value, NULL);
    put_hex(&out, (const unsigned char *)before.data, before.len);
    tn_buf_clear(&before);
    expect(&out, expected);
}

static void test_moments(void)
{
    struct tn_value far = {.type = TN_TYPE_DATE, .as.i64 = INT32_MAX}, months = {.type = TN_TYPE_INTERVAL, .as.interval = {.months = 1}};
    struct tn_value long_time = {.type = TN_TYPE_INTERVAL, .as.interval = {.nanoseconds = INT64_MAX}};

    moment((struct tn_value){.type = TN_TYPE_DATE, .as.i64 = 0}, "04b2070101");
    moment((struct tn_value){.type = TN_TYPE_TIMESTAMP, .as.i64 = -1}, "0bb1070c1f173b3b3f420f00");
    moment((struct tn_value){.type = TN_TYPE_TIME, .as.i64 = INT64_C(3723000001)}, "0c0000000000010203" "01000000");
    moment((struct tn_value){.type = TN_TYPE_INTERVAL, .as.interval = {.days = -1, .nanoseconds = -1000}}, "0c0101000000000000" "01000000");
    CU_ASSERT_FALSE(tn_mysql_fits(&far));
    CU_ASSERT_FALSE(tn_mysql_fits(&months));
    CU_ASSERT_FALSE(tn_mysql_fits(&long_time));
}

int main(void)
{
    CU_pSuite suite;

    tn_buf_init(&out, 1 << 20);
    tn_buf_init(&before, 1 << 20);
    CU_initialize_registry();
    suite = CU_add_suite("mysql", NULL, NULL);
    CU_add_test(suite, "proofs", test_proofs);
    CU_add_test(suite, "marks", test_marks);
    CU_add_test(suite, "words", test_words);
    CU_add_test(suite, "asks to write", test_asks_to_write);
    CU_add_test(suite, "settings", test_settings);
    CU_add_test(suite, "databases", test_databases);
    CU_add_test(suite, "collations", test_collations);
    CU_add_test(suite, "counts", test_counts);
    CU_add_test(suite, "extended metadata", test_extended_metadata);
    CU_add_test(suite, "what StarRocks' documentation shows", test_starrocks_documentation);
    CU_add_test(suite, "endpoints", test_endpoints);
    CU_add_test(suite, "interpolate", test_interpolate);
    CU_add_test(suite, "moments", test_moments);
    CU_basic_run_tests();
    tn_buf_reset(&out);
    tn_buf_reset(&before);
    int failed = (int)CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}

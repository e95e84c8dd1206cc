/* Who may use the console, and which of its commands a statement is. The rest is tested end to end. */
#include "console/console.h"
#include "console/console_command.h"
#include "console/console_psql.h"
#include "console/console_rows.h"

#include "base/log.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <fcntl.h>
#include <math.h>

static void test_admits(void)
{
    static const struct {
        const char *peer;
        bool        may;
    } cases[] = {{"127.0.0.1:5000", true},   {"127.8.9.10:1", true},       {"[::1]:5000", true},  {"[::ffff:127.0.0.1]:7", true},
                 {"10.0.0.1:5000", false},   {"[2001:db8::1]:5", false},   {"unknown", false},    {"", false},
                 {"127.0.0.1", false},       {"localhost.evil:1", false},  {"[::1", false},       {"8.8.8.8:127.0.0.1", false}};
    static const char  text[] = "turnout: { workers: 1, adminApi: { enabled: false }, persistence: { type: inMemory }, log: { level: error } }\n"
                                "clusters: { a: { engine: sqlite } }\nclusterGroups: { g: { members: [a] } }\nroutingFallback: g\n";
    struct tn_problems problems;
    struct tn_config  *config;
    struct tn_server  *server;
    struct tn_error    err = TN_ERROR_INIT;

    tn_log_to_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
    tn_problems_init(&problems, "t");
    CU_ASSERT_EQUAL_FATAL(tn_config_parse(&config, "t", tn_str(text), &problems), TN_OK);
    CU_ASSERT_EQUAL_FATAL(tn_server_new(&server, config, "t", &problems, &err), TN_OK);
    CU_ASSERT_EQUAL_FATAL(tn_console_open(server, &err), TN_OK);
    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++) {
        struct tn_identity *me = tn_auth_believe(TN_STR("me"));
        bool                may = server->console->admits(server->console, me, tn_str(cases[i].peer), &err);


        if (may != cases[i].may)
            printf("%s\n", cases[i].peer);
        CU_ASSERT_EQUAL(may, cases[i].may);
        CU_ASSERT(may || (err.status == TN_E_DENIED && strcmp(err.sqlstate, "42501") == 0));
        tn_identity_unref(me);
        tn_error_reset(&err);
    }
    tn_server_free(server);
    tn_config_unref(config);
    tn_problems_reset(&problems);
}

static void test_commands(void)
{
    static const struct {
        const char             *sql;
        enum tn_console_command command;
        const char             *operand;
    } cases[] = {
        {"RELOAD", TN_CONSOLE_COMMAND_RELOAD, ""},
        {" reload ; ", TN_CONSOLE_COMMAND_RELOAD, ""},
        {"/* x */ RELOAD", TN_CONSOLE_COMMAND_RELOAD, ""},
        {"maintenance ON pg-1", TN_CONSOLE_COMMAND_MAINTENANCE_ON, "pg-1"},
        {"MAINTENANCE off 'a b';", TN_CONSOLE_COMMAND_MAINTENANCE_OFF, "a b"},
        {"MAINTENANCE \"ON\" a", TN_CONSOLE_COMMANDS, NULL},
        {"MAINTENANCE", TN_CONSOLE_COMMANDS, NULL},
        {"KILL 12", TN_CONSOLE_COMMAND_KILL, "12"},
        {"KILLER 12", TN_CONSOLE_COMMANDS, NULL},
        {"FREEZE g", TN_CONSOLE_COMMAND_FREEZE, "g"},
        {"UNFREEZE \"g\"", TN_CONSOLE_COMMAND_UNFREEZE, "g"},
        {"FREEZE /* c */ all", TN_CONSOLE_COMMAND_FREEZE, "all"},
        {"FREEZE all /* c */ ; -- d", TN_CONSOLE_COMMAND_FREEZE, "all"},
        {"FREEZE -- c\n'a;b' ;;", TN_CONSOLE_COMMAND_FREEZE, "a;b"},
        {"FREEZE /* c */", TN_CONSOLE_COMMAND_FREEZE, ""},
        {"FREEZE ;", TN_CONSOLE_COMMAND_FREEZE, ""},
        {"FREEZE 'open", TN_CONSOLE_COMMAND_FREEZE, "'open"},
        {"FREEZE ''", TN_CONSOLE_COMMAND_FREEZE, ""},
        {"MAINTENANCE /* c */ ON /* d */ pg-1 /* e */", TN_CONSOLE_COMMAND_MAINTENANCE_ON, "pg-1"},
        {"KILL /* c */ 12", TN_CONSOLE_COMMAND_KILL, "12"},
        {"RESET /* c */ 00112233445566778899aabbccddeeff", TN_CONSOLE_COMMAND_RESET_SHAPE, "00112233445566778899aabbccddeeff"},
        {"RESET SHAPE all", TN_CONSOLE_COMMAND_RESET_SHAPE, "all"},
        {"RESET 00112233445566778899aabbccddeeff", TN_CONSOLE_COMMAND_RESET_SHAPE, "00112233445566778899aabbccddeeff"},
        {"RESET ALL", TN_CONSOLE_COMMANDS, NULL},
        {"RESET timezone", TN_CONSOLE_COMMANDS, NULL},
        {"SHOW HELP", TN_CONSOLE_COMMAND_HELP, ""},
        {"SHOW timezone", TN_CONSOLE_COMMANDS, NULL},
        {"SELECT 'RELOAD'", TN_CONSOLE_COMMANDS, NULL},
        {"", TN_CONSOLE_COMMANDS, NULL},
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++) {
        struct tn_str           operand = {NULL, 0};
        enum tn_console_command command = tn_console_command_find(tn_str(cases[i].sql), &operand);

        if (command != cases[i].command)
            printf("%s\n", cases[i].sql);
        CU_ASSERT_EQUAL(command, cases[i].command);
        CU_ASSERT(cases[i].operand == NULL || tn_str_eq_c(operand, cases[i].operand));
        CU_ASSERT_EQUAL(tn_console_is_command(tn_str(cases[i].sql)), cases[i].operand != NULL);
    }
}

static void test_rows(void)
{
    struct tn_console_rows rows;

    tn_rows_init(&rows);
    tn_rows_text(&rows, tn_str_n("a\0b\xff\xc3\xa9", 6));
    tn_rows_text(&rows, tn_str_n(NULL, 0));
    tn_rows_u64(&rows, UINT64_MAX);
    tn_rows_f64(&rows, NAN);
    tn_rows_time(&rows, 0);
    tn_rows_time(&rows, 1000000);
    CU_ASSERT_EQUAL_FATAL(rows.count, 6);
    CU_ASSERT(rows.cells[0].len == 6 && memcmp(rows.cells[0].as.text, "a?b?\xc3\xa9", 6) == 0);
    CU_ASSERT_EQUAL(rows.cells[1].kind, TN_CELL_NULL);
    CU_ASSERT_EQUAL(rows.cells[2].as.i64, INT64_MAX);
    CU_ASSERT_EQUAL(rows.cells[3].kind, TN_CELL_NULL);
    CU_ASSERT_EQUAL(rows.cells[4].kind, TN_CELL_NULL);
    CU_ASSERT_STRING_EQUAL(rows.cells[5].as.text, "1970-01-01T00:00:01.000000Z");
    for (unsigned i = 0; i < 64; i++) { /* 1 GiB of text: refused long before */
        static char big[16 * 1024 * 1024];

        memset(big, 'x', sizeof big);
        tn_rows_text(&rows, tn_str_n(big, sizeof big));
    }
    CU_ASSERT(rows.failed);
    CU_ASSERT(rows.texts.total <= TN_CONSOLE_ROWS_MEMORY);
    tn_rows_reset(&rows);
    CU_ASSERT_FALSE(rows.failed);
    tn_rows_reset(&rows);
}

/* What a name of psql's query becomes part of must not be able to end the text around it. */
static void test_psql(void)
{
    struct tn_arena arena;
    struct tn_str   instead;

    tn_arena_init(&arena, 0);
    CU_ASSERT_FALSE(tn_console_psql(TN_STR("SELECT * FROM history"), &arena, &instead));
    CU_ASSERT(tn_console_psql(TN_STR("SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relname OPERATOR(pg_catalog.~) '^(help''; x)$'"), &arena, &instead));
    CU_ASSERT_PTR_NOT_NULL(strstr(instead.ptr, "name = 'help'"));
    CU_ASSERT_PTR_NULL(strchr(instead.ptr, ';'));
    CU_ASSERT(tn_console_psql(TN_STR("SELECT 1 FROM pg_catalog.pg_attribute a WHERE a.attrelid = '12'"), &arena, &instead));
    CU_ASSERT_PTR_NOT_NULL(strstr(instead.ptr, "rowid = 12)"));
    CU_ASSERT_FALSE(tn_console_psql(TN_STR("SELECT 1 FROM pg_catalog.pg_attribute a WHERE a.attrelid = 'x'"), &arena, &instead));
    tn_arena_reset(&arena);
}

int main(void)
{
    CU_pSuite suite;
    int       failed;

    CU_initialize_registry();
    suite = CU_add_suite("console", NULL, NULL);
    CU_add_test(suite, "who may", test_admits);
    CU_add_test(suite, "commands", test_commands);
    CU_add_test(suite, "rows", test_rows);
    CU_add_test(suite, "psql", test_psql);
    CU_basic_run_tests();
    failed = (int)CU_get_number_of_failures() + (int)CU_get_number_of_tests_failed();
    CU_cleanup_registry();
    return failed > 0;
}

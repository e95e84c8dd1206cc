#include "admin_fixture.h"
#include "cli_run.h"
#include "base/clock.h"
#include "stats/history_text.h"
#include "tools/cli/table.h"

#include <cjson/cJSON.h>
#include <stdarg.h>

static struct tn_admin_fixture fixture;
static char                    served[128];

static int serve(const struct tn_serve_options *options)
{
    snprintf(served, sizeof served, "%s", options->config_path);
    return 0;
}

/* Runs the program with the words of LINE (separated by one space). */
static int run(const char *line)
{
    char words[1024], *argv[32], *save = NULL;
    int  argc = 0;

    snprintf(words, sizeof words, "turnout %s", line);
    for (char *word = strtok_r(words, " ", &save); word != NULL && argc < 31; word = strtok_r(NULL, " ", &save))
        argv[argc++] = word;
    argv[argc] = NULL;
    return run_program(argc, argv, serve);
}

static int runf(const char *fmt, ...) TN_PRINTF(1, 2);

static int runf(const char *fmt, ...)
{
    char    line[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    return run(line);
}

#define OUT_HAS(text) CU_ASSERT_PTR_NOT_NULL(strstr(out, (text)))
#define ERR_HAS(text) CU_ASSERT_PTR_NOT_NULL(strstr(err, (text)))
#define SILENT() CU_ASSERT_STRING_EQUAL(err, "")

static void test_usage(void)
{
    CU_ASSERT_EQUAL(run(""), 2);
    ERR_HAS("Usage: turnout COMMAND");
    CU_ASSERT_EQUAL(run("statsu"), 2);
    ERR_HAS("did you mean `status`?");
    CU_ASSERT_EQUAL(run("xyzzy"), 2);
    ERR_HAS("unknown command `xyzzy`");
    CU_ASSERT_EQUAL(run("--frobnicate"), 2);
    ERR_HAS("unknown option --frobnicate");
    CU_ASSERT_EQUAL(run("history --limt 3"), 2);
    ERR_HAS("did you mean --limit?");
    CU_ASSERT_EQUAL(run("history -x"), 2);
    CU_ASSERT_EQUAL(run("history --limit"), 2);
    ERR_HAS("--limit needs a value (N)");
    CU_ASSERT_EQUAL(run("history --json=yes"), 2);
    ERR_HAS("--json takes no value");
    CU_ASSERT_EQUAL(run("history --limit 1 --limit 2"), 2);
    ERR_HAS("given twice");
    CU_ASSERT_EQUAL(run("history what"), 2);
    ERR_HAS("one argument too many");
    CU_ASSERT_EQUAL(run("cancel"), 2);
    ERR_HAS("cancel needs ID");
    CU_ASSERT_EQUAL(run("cancel abc"), 2);
    CU_ASSERT_EQUAL(run("maintenance maybe lite"), 2);
    CU_ASSERT_EQUAL(run("maintenance off lite --wait"), 2);
    CU_ASSERT_EQUAL(run("check"), 2);
    CU_ASSERT_EQUAL(run("serve"), 2);
    CU_ASSERT_EQUAL(run("help nothing"), 2);
    CU_ASSERT_STRING_EQUAL(out, "");
}

static void test_help(void)
{
    static const char *const names[] = {
#define COMMAND(name) #name,
#include "tools/cli/commands.def"
#undef COMMAND
    };
    static char by_option[sizeof out];
    char        title[64];

    CU_ASSERT_EQUAL(run("help"), 0);
    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        OUT_HAS(names[i]);
    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++) {
        CU_ASSERT_EQUAL(runf("%s --help", names[i]), 0);
        SILENT();
        snprintf(title, sizeof title, "Usage: turnout %s", names[i]);
        OUT_HAS(title);
        OUT_HAS("--help");
        memcpy(by_option, out, sizeof out);
        CU_ASSERT_EQUAL(runf("help %s", names[i]), 0);
        CU_ASSERT_STRING_EQUAL(out, by_option);
    }
    CU_ASSERT_EQUAL(run("history --limit 3 -h"), 0);
    OUT_HAS("Usage: turnout history");
    CU_ASSERT_EQUAL(run("version"), 0);
    OUT_HAS("turnout ");
    CU_ASSERT_EQUAL(run("version --json"), 0);
    OUT_HAS("\"version\":\"");
    CU_ASSERT_EQUAL(run("serve --config x.yaml"), 0);
    CU_ASSERT_STRING_EQUAL(served, "x.yaml");
    CU_ASSERT_EQUAL(run("serve --config=y.yaml"), 0);
    CU_ASSERT_STRING_EQUAL(served, "y.yaml");
    CU_ASSERT_EQUAL(run("serve -- --odd.yaml"), 0);
    CU_ASSERT_STRING_EQUAL(served, "--odd.yaml");
}

static void test_check(void)
{
    cJSON *json;

    tn_fixture_begin(&fixture, "");
    CU_ASSERT_EQUAL(runf("check %s", fixture.config_path), 0);
    OUT_HAS(": ok: 2 clusters, 1 group, 0 routers");
    tn_fixture_write(&fixture, "", "nonsense: 1\nrouters:\n  - { type: queryRegex, rules: [ { regex: \"(\", targetGroup: man } ] }\n");
    CU_ASSERT_EQUAL(runf("check %s", fixture.config_path), 1);
    OUT_HAS("nonsense"); /* the reader's and the routers' problems in one run */
    OUT_HAS("routers[0].rules[0].regex");
    OUT_HAS("routers[0].rules[0].targetGroup");
    OUT_HAS("did you mean `main`");
    OUT_HAS("3 errors");
    CU_ASSERT_EQUAL(runf("check --json %s", fixture.config_path), 1);
    json = cJSON_Parse(out);
    CU_ASSERT_PTR_NOT_NULL_FATAL(json);
    CU_ASSERT_EQUAL(cJSON_GetNumberValue(cJSON_GetObjectItem(json, "errors")), 3);
    CU_ASSERT(cJSON_GetArraySize(cJSON_GetObjectItem(json, "problems")) >= 3);
    CU_ASSERT(cJSON_IsFalse(cJSON_GetObjectItem(json, "ok")));
    cJSON_Delete(json);
    CU_ASSERT_EQUAL(run("check /nonexistent/turnout.yaml"), 1);
    OUT_HAS("No such file");
    tn_fixture_end(&fixture);
}

static void test_remote(void)
{
    cJSON *json;

    tn_fixture_begin(&fixture, ", username: root, password: secret");
    setenv("TURNOUT_ADMIN", fixture.url, 1);
    CU_ASSERT_EQUAL(run("status"), 1);
    ERR_HAS("user and password");
    setenv("TURNOUT_ADMIN_USER", "root", 1);
    setenv("TURNOUT_ADMIN_PASSWORD", "secret", 1);
    CU_ASSERT_EQUAL(run("status --queries"), 0);
    SILENT();
    OUT_HAS("lite     sqlite");
    OUT_HAS("GROUP");
    CU_ASSERT_EQUAL(run("status --json"), 0);
    json = cJSON_Parse(out);
    CU_ASSERT_PTR_NOT_NULL_FATAL(json);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(cJSON_GetObjectItem(json, "clusters")), 2);
    cJSON_Delete(json);
    CU_ASSERT_EQUAL(run("maintenance on lite --wait"), 0);
    OUT_HAS("lite: in maintenance, 0 queries running");
    CU_ASSERT_EQUAL(run("status"), 0);
    OUT_HAS("in maintenance");
    CU_ASSERT_EQUAL(run("maintenance off lite"), 0);
    CU_ASSERT_EQUAL(run("maintenance on nobody"), 1);
    ERR_HAS("there is no cluster `nobody`");
    CU_ASSERT_EQUAL(run("cancel 4711"), 1);
    ERR_HAS("no query 4711");
    CU_ASSERT_EQUAL(run("reload"), 0);
    OUT_HAS("reloaded ");
    tn_fixture_write(&fixture, "", "nonsense: 1\n");
    CU_ASSERT_EQUAL(run("reload"), 1);
    OUT_HAS("error: nonsense: unknown key");
    ERR_HAS("nothing was changed");
    CU_ASSERT_EQUAL(run("reload --json"), 1);
    OUT_HAS("\"reloaded\":false");
    tn_fixture_end(&fixture);
    CU_ASSERT_EQUAL(run("status"), 1); /* nobody there any more */
    ERR_HAS("Is Turnout running?");
    CU_ASSERT_EQUAL(run("status --admin ftp://127.0.0.1/"), 1);
    ERR_HAS("ftp");
    unsetenv("TURNOUT_ADMIN_USER");
    unsetenv("TURNOUT_ADMIN_PASSWORD");
    unsetenv("TURNOUT_ADMIN");
}

static void add_record(struct tn_history *history, uint64_t n, uint64_t started_us)
{
    char                     text[64];
    struct tn_history_record record = {.id = tn_history_next_id(history),
                                       .started_us = started_us,
                                       .user = n % 2 == 0 ? TN_STR("ann") : TN_STR("bob"),
                                       .application = TN_STR("\x1b[2Jclear"),
                                       .group = TN_STR("main"),
                                       .cluster = TN_STR("lite"),
                                       .outcome = n == 3 ? TN_HISTORY_ERROR : TN_HISTORY_OK,
                                       .sqlstate = n == 3 ? TN_STR("42P01") : TN_STR(""),
                                       .total_us = 1500};

    snprintf(text, sizeof text, "SELECT %llu\nFROM Orders", (unsigned long long)n);
    record.text = tn_str(text);
    CU_ASSERT(tn_history_add(history, &record));
}

/* Number of lines of a table, without its header. */
static int rows(void)
{
    int n = -1;

    for (const char *c = out; *c != '\0'; c++)
        n += *c == '\n';
    return n;
}

static void test_history(void)
{
    struct tn_history_options options = TN_HISTORY_OPTIONS_DEFAULT;
    struct tn_history        *history;
    struct tn_error           error = TN_ERROR_INIT;
    char                      path[] = "/tmp/turnout-history-XXXXXX", file[64];
    cJSON                    *json;

    CU_ASSERT_FATAL(mkdtemp(path) != NULL);
    snprintf(file, sizeof file, "%s/h.db", path);
    options.path = file;
    CU_ASSERT_FATAL(tn_history_open(&history, &options, &error) == TN_OK);
    for (uint64_t n = 1; n <= 5; n++)
        add_record(history, n, tn_clock_wall_us() - (6 - n) * UINT64_C(3600000000));
    tn_history_flush(history); /* and it stays open: a server writes on */
    CU_ASSERT_EQUAL(runf("history --file %s", file), 0);
    SILENT();
    CU_ASSERT_EQUAL(rows(), 5);
    CU_ASSERT(strstr(out, "SELECT 5 FROM Orders") < strstr(out, "SELECT 1 FROM Orders")); /* newest first, one line each */
    CU_ASSERT_EQUAL(runf("history --file %s --outcome error", file), 0);
    CU_ASSERT_EQUAL(rows(), 1);
    OUT_HAS("42P01");
    CU_ASSERT_EQUAL(runf("history --file %s --user ann", file), 0);
    CU_ASSERT_EQUAL(rows(), 2);
    CU_ASSERT_EQUAL(runf("history --file %s --since 150m", file), 0);
    CU_ASSERT_EQUAL(rows(), 2);
    CU_ASSERT_EQUAL(runf("history --file %s --until 150m", file), 0);
    CU_ASSERT_EQUAL(rows(), 3);
    CU_ASSERT_EQUAL(runf("history --file %s --text orders --limit 2", file), 0);
    CU_ASSERT_EQUAL(rows(), 2);
    ERR_HAS("--before 4");
    CU_ASSERT_EQUAL(runf("history --file %s --limit 2 --before 4", file), 0);
    OUT_HAS("SELECT 3");
    OUT_HAS("SELECT 2");
    CU_ASSERT_EQUAL(rows(), 2);
    CU_ASSERT_EQUAL(runf("history --file %s --id 3", file), 0);
    OUT_HAS("sqlstate     42P01");
    OUT_HAS("application  ?[2Jclear"); /* no escape sequence of a client reaches the terminal */
    CU_ASSERT_EQUAL(runf("history --file %s --id 99", file), 1);
    ERR_HAS("no record 99");
    CU_ASSERT_EQUAL(runf("history --file %s --json --limit 3", file), 0);
    json = cJSON_Parse(out);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(json), 3);
    CU_ASSERT_STRING_EQUAL(cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetArrayItem(json, 0), "text")), "SELECT 5\nFROM Orders");
    cJSON_Delete(json);
    CU_ASSERT_EQUAL(runf("history --file %s --limit 0", file), 2);
    CU_ASSERT_EQUAL(runf("history --file %s --outcome good", file), 2);
    CU_ASSERT_EQUAL(runf("history --file %s --since tomorrow", file), 2);
    CU_ASSERT_EQUAL(runf("history --file %s/none.db", path), 1);
    ERR_HAS("none.db");
    tn_history_close(history);
    for (int i = 0; i < 3; i++) {
        char name[80];

        snprintf(name, sizeof name, "%s%s", file, i == 0 ? "" : i == 1 ? "-wal" : "-shm");
        unlink(name);
    }
    CU_ASSERT_EQUAL(rmdir(path), 0);
}

static void check_time(const char *text, uint64_t expected)
{
    uint64_t got = 0;
    bool     ok = tn_history_time_parse(tn_str(text), UINT64_C(2000000000000000), &got);

    if (ok != (expected != 0) || got != expected)
        printf("\n%s: expected %llu, got %llu\n", text, (unsigned long long)expected, (unsigned long long)got);
    CU_ASSERT(ok == (expected != 0));
    CU_ASSERT_EQUAL(got, expected);
}

static void test_times(void)
{
    check_time("1h", UINT64_C(2000000000000000) - UINT64_C(3600000000));
    check_time("2001-09-09", UINT64_C(999993600000000));
    check_time("2001-09-09T01:46:40Z", UINT64_C(1000000000000000));
    check_time("2001-09-09 01:46:40", UINT64_C(1000000000000000));
    check_time("2001-09-09T01:46:40.25Z", UINT64_C(1000000000250000));
    check_time("2001-09-09T03:46:40+02:00", UINT64_C(1000000000000000));
    check_time("2001-09-08T20:16:40-0530", UINT64_C(1000000000000000));
    check_time("2001-09-09T01:46", UINT64_C(999999960000000));
    check_time("2001-02-29", 0);
    check_time("2001-13-01", 0);
    check_time("2001-09-09T24:00", 0);
    check_time("2001-09-09Tx", 0);
    check_time("2001-09-09T01:46:40Zx", 0);
    check_time("yesterday", 0);
    check_time("", 0);
}

static void test_table(void)
{
    static const char *const headers[] = {"NAME", ">N", "TEXT", NULL};
    struct tn_table          table;
    struct tn_buf            buf;

    tn_buf_init(&buf, 4096);
    tn_table_init(&table, headers);
    tn_table_cell(&table, TN_STR("\xc3\xa4"));
    tn_table_cellf(&table, "%d", 7);
    tn_table_cell(&table, TN_STR("a\nb\x1b[31m"));
    tn_table_cell(&table, TN_STR("longer"));
    tn_table_cellf(&table, "%d", 1234);
    tn_table_cell(&table, TN_STR(""));
    tn_table_print(&table, &buf);
    tn_buf_put_u8(&buf, '\0');
    CU_ASSERT_STRING_EQUAL(buf.data, "NAME       N  TEXT\n\xc3\xa4          7  a b [31m\nlonger  1234  -\n");
    tn_table_reset(&table);
    tn_buf_reset(&buf);
}

/* A reader that went away is no reason to complain; a full disk is. */
static void test_output(void)
{
    int pipe_fds[2], old_out = dup(STDOUT_FILENO), full = open("/dev/full", O_WRONLY | O_CLOEXEC), status;
    char *argv[] = {(char[]){"turnout"}, (char[]){"help"}, NULL};

    CU_ASSERT_FATAL(pipe(pipe_fds) == 0);
    close(pipe_fds[0]);
    fflush(stdout);
    dup2(pipe_fds[1], STDOUT_FILENO);
    close(pipe_fds[1]);
    status = tn_cli_run(2, argv, serve);
    dup2(old_out, STDOUT_FILENO);
    CU_ASSERT_EQUAL(status, 0);
    if (full >= 0) {
        dup2(full, STDOUT_FILENO);
        status = tn_cli_run(2, argv, serve);
        dup2(old_out, STDOUT_FILENO);
        CU_ASSERT_EQUAL(status, 1);
        close(full);
    }
    close(old_out);
}

int main(void)
{
    CU_pSuite suite;

    unsetenv("TURNOUT_ADMIN");
    unsetenv("TURNOUT_ADMIN_USER");
    unsetenv("TURNOUT_ADMIN_PASSWORD");
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("cli", NULL, NULL);
    CU_add_test(suite, "usage", test_usage);
    CU_add_test(suite, "help", test_help);
    CU_add_test(suite, "check", test_check);
    CU_add_test(suite, "remote commands", test_remote);
    CU_add_test(suite, "history", test_history);
    CU_add_test(suite, "times", test_times);
    CU_add_test(suite, "table", test_table);
    CU_add_test(suite, "output", test_output);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    return CU_get_number_of_failures() > 0;
}

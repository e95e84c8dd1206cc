/* Whole files: the golden problems, what a snapshot holds, reload questions, secrets, and memory that runs out. */
#include "base/alloc.h"
#include "base/buf.h"
#include "config/config.h"
#include "config/file.h"
#include "config/options.h"
#include "config/option_value.h"
#include "config/secrets.h"
#include "config/yaml_reader.h"

#include <CUnit/Basic.h>
#include <sys/stat.h>
#include <unistd.h>

#define CASES TN_SOURCE_DIR "/tests/golden/config.cases"
#define CASE_NAME TN_SOURCE_DIR "/tests/golden/case.yaml" /* files of cases: tests/golden/config/ */

static const char CLUSTERS[] = "clusters: {a: {engine: sqlite}, b: {engine: duckDb}}\n";
static const char GROUPS[] = "clusterGroups: {g: {members: [a, b]}}\nroutingFallback: g\n";

static void set_environment(void)
{
    setenv("TEST_SECRET", "hunter2", 1);
    setenv("TEST_PORT", "7555", 1);
    setenv("TEST_EMPTY", "", 1);
    unsetenv("TEST_UNSET");
}

/* Problems as printed, without the file's name; "ok" when there is none. */
static void print_problems(struct tn_problems *problems, struct tn_buf *out)
{
    struct tn_buf all;
    size_t        name = strlen(problems->file) + 1, at = 0;

    tn_buf_init(&all, 1 << 20);
    tn_problems_print(problems, &all);
    while (at < all.len) {
        const char *end = memchr(all.data + at, '\n', all.len - at);
        size_t      next = (size_t)(end - all.data) + 1;

        tn_buf_append(out, all.data + at + name, next - at - name);
        at = next;
    }
    if (all.len == 0)
        tn_buf_puts(out, "ok\n");
    CU_ASSERT(all.len == 0 || memmem(all.data, all.len, "hunter2", 7) == NULL);
    tn_buf_reset(&all);
}

static struct tn_config *parse(const char *text, struct tn_problems *problems)
{
    struct tn_config *config = NULL;
    enum tn_status    status;

    tn_problems_init(problems, CASE_NAME);
    status = tn_config_parse(&config, CASE_NAME, tn_str(text), problems);
    CU_ASSERT_EQUAL(status == TN_OK, config != NULL);
    CU_ASSERT_EQUAL(status == TN_OK, problems->errors == 0);
    return config;
}

/* For texts that must be good. */
static struct tn_config *parse_good(const char *text)
{
    struct tn_problems problems;
    struct tn_config  *config = parse(text, &problems);

    if (config == NULL) {
        struct tn_buf out;

        tn_buf_init(&out, 1 << 20);
        tn_problems_print(&problems, &out);
        printf("\n%.*s", (int)out.len, out.data);
        tn_buf_reset(&out);
    }
    tn_problems_reset(&problems);
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    return config;
}

struct golden {
    struct tn_buf out; /* the file as it should be */
    unsigned      cases, wrong;
};

static void run_case(struct golden *golden, struct tn_str head, struct tn_str yaml, struct tn_str expected)
{
    struct tn_problems problems;
    struct tn_buf      text, found;

    tn_buf_init(&text, 1 << 20);
    tn_buf_init(&found, 1 << 20);
    tn_buf_put_str(&text, yaml);
    if (memmem(head.ptr, head.len, "+clusters", 9) != NULL)
        tn_buf_puts(&text, CLUSTERS);
    if (memmem(head.ptr, head.len, "+groups", 7) != NULL)
        tn_buf_puts(&text, GROUPS);
    tn_buf_put_u8(&text, 0);
    tn_config_unref(parse(text.data, &problems));
    print_problems(&problems, &found);
    golden->cases++;
    tn_buf_printf(&golden->out, TN_STR_FMT "\n" TN_STR_FMT "--\n" TN_STR_FMT "\n", TN_STR_ARG(head), TN_STR_ARG(yaml),
                  TN_STR_ARG(tn_buf_str(&found)));
    if (!tn_str_eq(tn_str_trim(expected), tn_str_trim(tn_buf_str(&found)))) {
        golden->wrong++;
        if (getenv("TN_GOLDEN_WRITE") == NULL)
            printf("\n" TN_STR_FMT "\n--- expected\n" TN_STR_FMT "--- found\n" TN_STR_FMT, TN_STR_ARG(head),
                   TN_STR_ARG(expected), TN_STR_ARG(tn_buf_str(&found)));
    }
    tn_problems_reset(&problems);
    tn_buf_reset(&text);
    tn_buf_reset(&found);
}

/* Text up to MARK, which is dropped from *REST. */
static struct tn_str take(struct tn_str *rest, const char *mark)
{
    size_t        len = strlen(mark);
    const char   *at = rest->len == 0 ? NULL : memmem(rest->ptr, rest->len, mark, len);
    struct tn_str head = at == NULL ? *rest : tn_str_n(rest->ptr, (size_t)(at - rest->ptr));

    *rest = at == NULL ? tn_str_n(rest->ptr + rest->len, 0) : tn_str_n(at + len, rest->len - head.len - len);
    return head;
}

static void write_golden(const struct golden *golden)
{
    FILE *file = fopen(CASES, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(golden->out.data, 1, golden->out.len, file), golden->out.len);
    fclose(file);
}

static void test_golden(void)
{
    struct golden  golden = {.cases = 0};
    struct tn_file file;
    struct tn_str  rest;

    CU_ASSERT_EQUAL_FATAL(tn_file_read(&file, CASES, 1 << 20, true), 0);
    rest = tn_str_n(file.data, file.len);
    tn_buf_init(&golden.out, 1 << 22);
    tn_buf_put_str(&golden.out, take(&rest, "\n== "));
    while (rest.len > 0) {
        struct tn_str one = take(&rest, "\n== ");
        struct tn_str head = take(&one, "\n");
        struct tn_str yaml, line;
        const char   *begin = one.ptr;

        for (yaml = tn_str_n(begin, 0); one.len > 0; yaml.len = (size_t)(line.ptr + line.len + 1 - begin)) {
            line = take(&one, "\n");
            if (tn_str_eq_c(line, "--"))
                break;
        }
        tn_buf_puts(&golden.out, "\n== ");
        run_case(&golden, head, yaml, one);
        golden.out.len--; /* the blank line comes with the next head */
    }
    if (getenv("TN_GOLDEN_WRITE") != NULL)
        write_golden(&golden);
    CU_ASSERT(golden.cases > 60);
    CU_ASSERT_EQUAL(golden.wrong, 0);
    tn_buf_reset(&golden.out);
    tn_file_reset(&file);
}

static void test_snapshot(void)
{
    struct tn_config *config = parse_good(
        "turnout:\n  frontends: { postgresWire: { port: 1234, maxMessageSize: 1MiB } }\n  queryTimeout: 1.5h\n"
        "  log: { level: warn }\n"
        "clusters:\n  one: { engine: duckDb, databasePath: x.db, extensions: [tpch, \"a b\"], initSql: [SELECT 1] }\n"
        "  two: { engine: postgres, endpoint: 'postgresql://h/d', sslMode: verify-full, auth: { type: basic, username: u, password: ${TEST_SECRET} } }\n"
        "clusterGroups:\n  g: { members: [two, one], defaultTags: { env: prod, plain: , empty: '' }, fallbackGroup: h }\n"
        "  h: { members: [one], strategy: { type: weighted, weights: { one: 3 } } }\n"
        "routingFallback: h\nrouters: [{ type: deny }]\n");
    const struct tn_group_conf *g = &config->groups[0];

    CU_ASSERT_EQUAL(config->settings.pg_port, 1234);
    CU_ASSERT_EQUAL(config->settings.pg_max_message, 1 << 20);
    CU_ASSERT_EQUAL(config->settings.pg_max_buffered, 8 << 20);
    CU_ASSERT_EQUAL(config->settings.query_timeout, UINT64_C(5400000000));
    CU_ASSERT_EQUAL(config->settings.log_level, TN_CFG_LOG_LEVEL_WARN);
    CU_ASSERT(tn_str_eq_c(config->settings.pg_host, "127.0.0.1") && config->settings.pg_host.ptr[9] == '\0');
    CU_ASSERT_EQUAL_FATAL(config->cluster_count, 2);
    CU_ASSERT_EQUAL(config->clusters[0].engine, TN_CFG_ENGINE_DUCKDB);
    CU_ASSERT_EQUAL(config->clusters[0].line, 6);
    CU_ASSERT_EQUAL_FATAL(config->clusters[0].extensions.count, 2);
    CU_ASSERT(tn_str_eq_c(config->clusters[0].extensions.items[1], "a b"));
    CU_ASSERT_EQUAL(config->clusters[1].ssl_mode, TN_CFG_SSL_MODE_VERIFY_FULL);
    CU_ASSERT_EQUAL(config->clusters[1].health_interval, 10000000);
    CU_ASSERT(tn_str_eq_c(config->clusters[1].auth_password, "hunter2"));
    CU_ASSERT_EQUAL_FATAL(config->group_count, 2);
    CU_ASSERT(g->member_index[0] == 1 && g->member_index[1] == 0 && g->fallback_index == 1);
    CU_ASSERT_EQUAL(config->groups[1].fallback_index, -1);
    CU_ASSERT_EQUAL_FATAL(g->default_tags.count, 3);
    CU_ASSERT(tn_str_eq_c(g->default_tags.items[0].value, "prod"));
    CU_ASSERT_PTR_NULL(g->default_tags.items[1].value.ptr);
    CU_ASSERT(g->default_tags.items[2].value.ptr != NULL && g->default_tags.items[2].value.len == 0);
    CU_ASSERT_EQUAL(config->groups[1].strategy, TN_CFG_STRATEGY_WEIGHTED);
    CU_ASSERT_EQUAL(config->fallback_group, 1);
    CU_ASSERT(config->routers != NULL && config->routers->count == 1);
    CU_ASSERT_EQUAL(tn_config_find_group(config, TN_STR("h")), 1);
    CU_ASSERT_EQUAL(tn_config_find_cluster(config, TN_STR("h")), -1);
    CU_ASSERT_PTR_EQUAL(tn_config_ref(config), config);
    tn_config_unref(config);
    CU_ASSERT(tn_str_eq_c(config->groups[1].name, "h"));
    tn_config_unref(config);
    tn_config_unref(NULL);
}

static void test_values_from_elsewhere(void)
{
    struct tn_config *config = parse_good(
        "turnout: { adminApi: { username: { file: config/user }, password: \"a${TEST_SECRET}$${b}${TEST_EMPTY}$c\", port: ${TEST_PORT} } }\n"
        "clusters: {a: {engine: sqlite}, b: {engine: duckDb}}\nclusterGroups: {g: {members: [a, b]}}\nroutingFallback: g\n");

    CU_ASSERT(tn_str_eq_c(config->settings.admin_username, "admin")); /* the file has CR LF at its end */
    CU_ASSERT(tn_str_eq_c(config->settings.admin_password, "ahunter2${b}$c"));
    CU_ASSERT_EQUAL(config->settings.admin_port, 7555);
    tn_config_unref(config);
}

static void write_file(const char *path, char fill, size_t size)
{
    FILE *file = fopen(path, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    for (size_t i = 0; i < size; i++)
        fputc(fill, file);
    fclose(file);
}

static void test_secret_file_limits(void)
{
    char               folder[] = "/tmp/tn-config-XXXXXX", path[64], text[512];
    struct tn_problems problems;
    struct tn_config  *config;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/s", folder);
    snprintf(text, sizeof text, "turnout: {adminApi: {username: u, password: {file: %s}}}\n%s%s", path, CLUSTERS, GROUPS);
    write_file(path, 'x', TN_SECRET_FILE_MAX);
    config = parse_good(text);
    CU_ASSERT_EQUAL(config->settings.admin_password.len, TN_SECRET_FILE_MAX);
    tn_config_unref(config);
    write_file(path, 'x', TN_SECRET_FILE_MAX + 1);
    CU_ASSERT_PTR_NULL(parse(text, &problems));
    CU_ASSERT(problems.count == 1 && strstr(problems.items[0].text, "larger than 64 KiB") != NULL);
    tn_problems_reset(&problems);
    unlink(path);
    CU_ASSERT_EQUAL_FATAL(mkfifo(path, 0600), 0);
    CU_ASSERT_PTR_NULL(parse(text, &problems));
    CU_ASSERT(problems.count == 1 && strstr(problems.items[0].text, "not a regular file") != NULL);
    tn_problems_reset(&problems);
    unlink(path);
    rmdir(folder);
}

static void test_load(void)
{
    struct tn_problems problems;
    struct tn_config  *config = NULL;
    char               name[] = "/tmp/tn-config-XXXXXX";
    int                fd = mkstemp(name);

    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(write(fd, CLUSTERS, sizeof CLUSTERS - 1), (ssize_t)sizeof CLUSTERS - 1);
    CU_ASSERT_EQUAL(write(fd, GROUPS, sizeof GROUPS - 1), (ssize_t)sizeof GROUPS - 1);
    tn_problems_init(&problems, name);
    CU_ASSERT_EQUAL(tn_config_load(&config, name, &problems), TN_OK);
    CU_ASSERT(config != NULL && tn_str_eq_c(config->path, name));
    tn_config_unref(config);
    CU_ASSERT_EQUAL(ftruncate(fd, (8 << 20) + 1), 0);
    CU_ASSERT_EQUAL(tn_config_load(&config, name, &problems), TN_E_LIMIT);
    CU_ASSERT_PTR_NULL(config);
    close(fd);
    unlink(name);
    CU_ASSERT_EQUAL(tn_config_load(&config, name, &problems), TN_E_NOT_FOUND);
    CU_ASSERT_EQUAL(tn_config_load(&config, "/", &problems), TN_E_IO);
    CU_ASSERT_EQUAL(problems.errors, 3);
    CU_ASSERT_STRING_EQUAL(problems.items[1].text, "cannot read the file: No such file or directory");
    tn_problems_reset(&problems);
}

static void test_reload_questions(void)
{
    static const char   *const clusters[] = {
        "{ engine: sqlite, databasePath: x }", "{ databasePath: x, engine: sqlite, enabled: true }",
        "{ engine: sqlite, databasePath: y }", "{ engine: sqlite, databasePath: x, initSql: [a] }",
        "{ engine: sqlite, databasePath: x, initSql: [b] }", "{ engine: sqlite, databasePath: x, busyTimeout: 1s }",
        "{ engine: sqlite, databasePath: x, readOnly: true }",
    };
    struct tn_config *config[TN_ARRAY_LEN(clusters)];
    char              text[512], changes[256], small[12];

    for (size_t i = 0; i < TN_ARRAY_LEN(clusters); i++) {
        snprintf(text, sizeof text, "turnout: { workers: %zu, queryTimeout: %zus, adminApi: { port: %d } }\nclusters: { a: %s, b: {engine: duckDb} }\n%s",
                 i, i, i == 2 ? 1 : 7000, clusters[i], GROUPS);
        config[i] = parse_good(text);
    }
    CU_ASSERT(tn_cluster_conf_equal(&config[0]->clusters[0], &config[1]->clusters[0]));
    for (size_t i = 2; i < TN_ARRAY_LEN(clusters); i++)
        CU_ASSERT(!tn_cluster_conf_equal(&config[0]->clusters[0], &config[i]->clusters[0]));
    CU_ASSERT(!tn_cluster_conf_equal(&config[3]->clusters[0], &config[4]->clusters[0]));
    tn_config_restart_changes(config[0], config[0], changes, sizeof changes);
    CU_ASSERT_STRING_EQUAL(changes, "");
    tn_config_restart_changes(config[0], config[1], changes, sizeof changes);
    CU_ASSERT_STRING_EQUAL(changes, "turnout.workers");
    tn_config_restart_changes(config[0], config[2], changes, sizeof changes);
    CU_ASSERT_STRING_EQUAL(changes, "turnout.adminApi.port, turnout.workers");
    tn_config_restart_changes(config[0], config[2], small, sizeof small);
    CU_ASSERT_STRING_EQUAL(small, "turnout.adm");
    for (size_t i = 0; i < TN_ARRAY_LEN(clusters); i++)
        tn_config_unref(config[i]);
}

/* A secret changed: the cluster is another one. */
static void test_secret_makes_a_difference(void)
{
    static const char text[] = "clusters: { a: { engine: postgres, endpoint: 'postgresql://h', auth: { type: basic, username: u, password: ${TEST_SECRET} } }, b: { engine: sqlite } }\n"
                               "clusterGroups: {g: {members: [a, b]}}\nroutingFallback: g\n";
    struct tn_config *before = parse_good(text), *after;

    setenv("TEST_SECRET", "hunter3", 1);
    after = parse_good(text);
    setenv("TEST_SECRET", "hunter2", 1);
    CU_ASSERT(!tn_cluster_conf_equal(&before->clusters[0], &after->clusters[0]));
    CU_ASSERT(tn_cluster_conf_equal(&before->clusters[1], &after->clusters[1]));
    tn_config_unref(before);
    tn_config_unref(after);
}

static void refuse_group(const struct tn_config *draft, struct tn_problems *problems, void *arg)
{
    const struct tn_node *router = draft->routers->items[0];
    size_t                place;

    CU_ASSERT(!tn_config_group_key(draft, router, "routers[0]", "to", &place, problems));
    CU_ASSERT(!tn_config_group_key(draft, router, "routers[0]", "none", &place, problems));
    CU_ASSERT(tn_config_group_key(draft, router, "routers[0]", "good", &place, problems) && place == 0);
    ++*(int *)arg;
}

static void test_check_sees_a_draft_with_errors(void)
{
    static const char  text[] = "routers: [ { to: gg, good: g } ]\nturnout: { workers: many }\nclusters: { a: { engine: sqlite } }\n"
                                "clusterGroups: { g: { members: [a, x], fallbackGroup: y } }\nroutingFallback: z\n";
    struct tn_problems problems;
    struct tn_buf      out;
    struct tn_config  *config;
    int                calls = 0;

    tn_problems_init(&problems, "f");
    CU_ASSERT_EQUAL(tn_config_parse_checked(&config, "f", tn_str(text), &problems, refuse_group, &calls), TN_E_INVALID);
    tn_buf_init(&out, 1 << 16);
    tn_problems_print(&problems, &out);
    tn_buf_put_u8(&out, 0);
    CU_ASSERT_STRING_EQUAL(out.data,
                           "f:1: error: routers[0].to: no such group: `gg`; did you mean `g`?\n"
                           "f:1: error: routers[0].none: required: the name of a group\n"
                           "f:2: error: turnout.workers: expected a whole number from 0 to 256; got `many`\n"
                           "f:4: error: clusterGroups.g.members[1]: no such cluster: `x`\n"
                           "f:4: error: clusterGroups.g.fallbackGroup: no such group: `y`\n"
                           "f:5: error: routingFallback: no such group: `z`\n");
    CU_ASSERT_EQUAL(calls, 1);
    tn_buf_reset(&out);
    tn_problems_reset(&problems);
}

static void assert_bound(const struct tn_option *option, const char *text, uint64_t *out)
{
    bool good = tn_option_number(option->type, tn_str(text), out);

    CU_ASSERT(good);
    if (!good)
        printf("\n%s: `%s`\n", option->path, text);
}

/* options.def itself: every default is a value of its type and in its range. */
static void test_table(void)
{
    for (int scope = 0; scope < TN_SCOPE_COUNT; scope++) {
        const struct tn_options *options = tn_options_of((enum tn_option_scope)scope);

        for (size_t i = 0; i < options->count; i++) {
            const struct tn_option *option = &options->items[i];
            uint64_t                min = 0, max = UINT64_MAX, dflt;
            unsigned                value;

            CU_ASSERT(option->help[0] != '\0');
            CU_ASSERT_PTR_EQUAL(tn_option_find((enum tn_option_scope)scope, option->path), option); /* no path twice */
            if (option->type >= TN_OPTION_ENUM_FIRST)
                CU_ASSERT(tn_option_enum_value(option->type, tn_str(option->dflt), &value));
            if (option->type < TN_OPTION_U64 || option->type > TN_OPTION_DURATION)
                continue;
            if (option->min[0] != '\0')
                assert_bound(option, option->min, &min);
            if (option->max[0] != '\0')
                assert_bound(option, option->max, &max);
            assert_bound(option, option->dflt, &dflt);
            CU_ASSERT(min <= dflt && dflt <= max);
        }
    }
    CU_ASSERT_STRING_EQUAL(tn_config_enum_text("ENGINE", TN_CFG_ENGINE_DUCKDB), "duckDb");
    CU_ASSERT_STRING_EQUAL(tn_config_enum_text("SSL_MODE", TN_CFG_SSL_MODE_VERIFY_CA), "verify-ca");
    CU_ASSERT_STRING_EQUAL(tn_config_enum_text("SSL_MODE", 99), "");
}

static void load_shipped(const char *path, struct tn_config **out)
{
    struct tn_problems problems;
    struct tn_buf      text;

    tn_problems_init(&problems, path);
    CU_ASSERT_EQUAL(tn_config_load(out, path, &problems), TN_OK);
    tn_buf_init(&text, 1 << 16);
    print_problems(&problems, &text);
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&text), "ok\n")); /* not even a warning */
    if (problems.count > 0)
        printf("\n%.*s", (int)text.len, text.data);
    tn_buf_reset(&text);
    tn_problems_reset(&problems);
    CU_ASSERT_PTR_NOT_NULL_FATAL(*out);
}

static void assert_all_options(const struct tn_node *map, enum tn_option_scope scope)
{
    const struct tn_options *options = tn_options_of(scope);

    for (size_t i = 0; i < options->count; i++) {
        CU_ASSERT_PTR_NOT_NULL(tn_node_find(map, options->items[i].path));
        if (tn_node_find(map, options->items[i].path) == NULL)
            printf("\nexample.yaml lacks %s\n", options->items[i].path);
    }
}

static void test_example(void)
{
    struct tn_config  *config = NULL, *plain;
    struct tn_file     file;
    struct tn_arena    arena;
    struct tn_problems problems;
    struct tn_node    *root;
    const struct tn_options *options = tn_options_of(TN_SCOPE_SETTINGS);

    load_shipped(TN_SOURCE_DIR "/config/example.yaml", &config);
    CU_ASSERT_EQUAL_FATAL(tn_file_read(&file, TN_SOURCE_DIR "/config/example.yaml", 1 << 20, true), 0);
    tn_arena_init(&arena, 0);
    tn_problems_init(&problems, "example.yaml");
    CU_ASSERT_EQUAL_FATAL(tn_yaml_read(&root, tn_str_n(file.data, file.len), &arena, &problems), TN_OK);
    assert_all_options(tn_node_get(root, "turnout"), TN_SCOPE_SETTINGS);
    assert_all_options(tn_node_get(root, "clusters")->items[0], TN_SCOPE_CLUSTER);
    assert_all_options(tn_node_get(root, "clusterGroups")->items[0], TN_SCOPE_GROUP);
    /* It says the defaults. */
    plain = parse_good("clusters: {a: {engine: sqlite}, b: {engine: duckDb}}\nclusterGroups: {g: {members: [a, b]}}\nroutingFallback: g\n");
    for (size_t i = 0; i < options->count; i++)
        CU_ASSERT(tn_option_equal(&options->items[i], &config->settings, &plain->settings));
    CU_ASSERT(tn_cluster_conf_equal(&config->clusters[0], &plain->clusters[0]));
    tn_config_unref(plain);
    tn_config_unref(config);
    tn_problems_reset(&problems);
    tn_arena_reset(&arena);
    tn_file_reset(&file);
}

static void test_demo(void)
{
    struct tn_config *config = NULL;

    load_shipped(TN_SOURCE_DIR "/config/demo.yaml", &config);
    CU_ASSERT_EQUAL(config->cluster_count, 2);
    CU_ASSERT(config->clusters[0].read_only && config->clusters[1].read_only);
    CU_ASSERT(tn_str_eq_c(config->groups[config->fallback_group].name, "analytics"));
    CU_ASSERT_EQUAL(config->settings.pg_port, 7432);
    tn_config_unref(config);
}

static void test_written_files_are_fresh(void)
{
    if (system("command -v python3 >/dev/null 2>&1") != 0) {
        printf("skipped: there is no python3 ");
        return;
    }
    CU_ASSERT_EQUAL(system(TN_SOURCE_DIR "/tools/gen_docs --check example reference"), 0);
}

/* A text that visits every part of the reader. */
static const char EVERYTHING[] =
    "queryflux:\n  shutdownDrainTimeoutSecs: 30\n  frontends: { mysqlWire: { port: 1 } }\n"
    "  adminApi: { username: { file: config/user }, password: \"${TEST_SECRET}\", port: ${TEST_PORT} }\n"
    "auth: { provider: none }\n"
    "clusters:\n  a: { engine: sqlite, initSql: [a, b], healthCheckQuery: x }\n"
    "  b: { engine: postgres, endpoint: 'postgresql://u@h/d', threads: 2 }\n"
    "clusterGroups:\n  g: { members: [a, b], defaultTags: { x: y }, strategy: { type: weighted, weights: { a: 1 } } }\n"
    "  h: { members: [b], fallbackGroup: g, strategy: { type: failover, preference: [b] } }\n"
    "routers: [{ type: tags, rules: [{ tags: { a: }, targetGroup: g }] }]\nroutingFallback: g\n";
static const char EVERYTHING_WRONG[] =
    "turnout: { workrs: 1, log: { level: x }, adminApi: { password: { file: none } }, persistence: { path: \"${TEST_UNSET}\" } }\n"
    "clusters: { a: { engine: sqlit }, a: { engine: sqlite } }\n"
    "clusterGroups: { g: { members: [b], strategy: { type: weighted, weights: { c: 1 } }, fallbackGroup: g } }\n"
    "routers: [a]\nroutingFallback: zz\nx: *y\n";

static void starve(const char *text, enum tn_status expected)
{
    enum tn_status status = TN_E_NOMEM;
    size_t         n = 0;

    for (; n < 100000; n++) {
        struct tn_problems problems;
        struct tn_config  *config = NULL;

        tn_alloc_fail_after(n);
        tn_problems_init(&problems, CASE_NAME);
        status = tn_config_parse(&config, CASE_NAME, tn_str(text), &problems);
        tn_problems_sort(&problems);
        CU_ASSERT_EQUAL(status == TN_OK, config != NULL);
        if (tn_alloc_failed() > 0)
            CU_ASSERT_EQUAL(status, TN_E_NOMEM);
        tn_config_unref(config);
        tn_problems_reset(&problems);
        if (tn_alloc_failed() == 0)
            break;
        tn_alloc_fail_never();
    }
    tn_alloc_fail_never();
    CU_ASSERT(n > 2 && n < 100000);
    CU_ASSERT_EQUAL(status, expected);
}

/* More clusters than the statistics have numbers for. */
static void test_many_clusters(void)
{
    for (int learned = 0; learned < 2; learned++) {
        struct tn_problems problems;
        struct tn_config  *config = NULL;
        struct tn_buf      text;
        enum tn_status     status;

        tn_buf_init(&text, 1 << 20);
        tn_buf_printf(&text, "turnout: { statistics: { enabled: %s } }\nclusters:\n", learned ? "true" : "false");
        for (int i = 0; i <= TN_CONFIG_CLUSTERS_LEARNED; i++)
            tn_buf_printf(&text, "  c%d: { engine: sqlite, databasePath: ':memory:' }\n", i);
        tn_buf_puts(&text, "clusterGroups: { g: { members: [c1] } }\nroutingFallback: g\n");
        tn_problems_init(&problems, CASE_NAME);
        status = tn_config_parse(&config, CASE_NAME, tn_buf_str(&text), &problems);
        CU_ASSERT_EQUAL(status, learned ? TN_E_INVALID : TN_OK);
        CU_ASSERT_EQUAL(problems.errors, (unsigned)learned);
        if (problems.errors == 1)
            CU_ASSERT_PTR_NOT_NULL(strstr(problems.items[0].text, "251 clusters, but the statistics have room for 250"));
        tn_config_unref(config);
        tn_problems_reset(&problems);
        tn_buf_reset(&text);
    }
}

static void test_memory_runs_out(void)
{
    starve(EVERYTHING, TN_OK);
    starve(EVERYTHING_WRONG, TN_E_INVALID);
    starve("a: [\n", TN_E_INVALID);
}

static void test_memory_runs_out_while_loading(void)
{
    for (size_t n = 0;; n++) {
        struct tn_problems problems;
        struct tn_config  *config = NULL;
        enum tn_status     status;

        tn_alloc_fail_after(n);
        tn_problems_init(&problems, "example.yaml");
        status = tn_config_load(&config, TN_SOURCE_DIR "/config/example.yaml", &problems);
        CU_ASSERT_EQUAL(status, tn_alloc_failed() > 0 ? TN_E_NOMEM : TN_OK);
        tn_config_unref(config);
        tn_problems_reset(&problems);
        if (tn_alloc_failed() == 0)
            break;
    }
    tn_alloc_fail_never();
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    set_environment();
    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("config", NULL, NULL)) == NULL)
        return 1;
    CU_ADD_TEST(suite, test_golden);
    CU_ADD_TEST(suite, test_snapshot);
    CU_ADD_TEST(suite, test_values_from_elsewhere);
    CU_ADD_TEST(suite, test_secret_file_limits);
    CU_ADD_TEST(suite, test_load);
    CU_ADD_TEST(suite, test_reload_questions);
    CU_ADD_TEST(suite, test_secret_makes_a_difference);
    CU_ADD_TEST(suite, test_check_sees_a_draft_with_errors);
    CU_ADD_TEST(suite, test_table);
    CU_ADD_TEST(suite, test_example);
    CU_ADD_TEST(suite, test_demo);
    CU_ADD_TEST(suite, test_written_files_are_fresh);
    CU_ADD_TEST(suite, test_many_clusters);
    CU_ADD_TEST(suite, test_memory_runs_out);
    CU_ADD_TEST(suite, test_memory_runs_out_while_loading);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

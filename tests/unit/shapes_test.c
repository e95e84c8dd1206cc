/* `turnout shapes` and `reset`: from a file, and from a server; both tell the same. */
#include "stats/shape_list.h"

#include "admin_fixture.h"
#include "cli_run.h"
#include "base/clock.h"

#include <cjson/cJSON.h>

#include <math.h>

static int serve(const struct tn_serve_options *options)
{
    (void)options;
    return 99;
}

static int run(const char *const *words)
{
    char *argv[16] = {(char[]){"turnout"}};
    int   argc = 1;

    while (words[argc - 1] != NULL) {
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
        argc++;
    }
    return run_program(argc, argv, serve);
}
#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static void learn(struct tn_store *store, const char *sql, const char *group, uint64_t key, unsigned visits, const double *seconds, const unsigned *runs)
{
    static const char *const names[] = {"lite", "second"};
    struct tn_features       features;
    struct tn_shape          shape = {.key = {key, 1}, .text = {key, 2}};
    struct tn_shape_about    about = {.text = tn_str(sql), .group = tn_str(group), .features = &features, .now_us = tn_clock_us()};
    struct tn_shape_entry   *entry;

    tn_features_read(&features, tn_str(sql), TN_DIALECT_POSTGRES);
    for (unsigned i = 0; i < 2; i++)
        tn_store_cluster(store, tn_str(names[i]), NULL, 0, 1);
    entry = tn_store_acquire(store, &shape, true, &about);
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    entry->visits = visits;
    entry->incumbent = (uint8_t)tn_store_cluster_find(store, TN_STR("second"));
    for (unsigned i = 0; i < 2; i++) {
        struct tn_belief belief = {.m = log(seconds[i]), .P = .01, .n = runs[i], .succ = 8, .cost = 2000};

        tn_cell_store(tn_store_cell(store, entry, tn_store_cluster_find(store, tn_str(names[i])), true), &belief);
    }
    tn_store_release(store, entry, true);
}

static void fill(struct tn_store *store)
{
    learn(store, "SELECT a, 'x,\"y' FROM t", "main", 1, 7, (double[]){.5, .01}, (unsigned[]){10, 10});
    learn(store, "SELECT b FROM u WHERE c = 1", "other", 2, 90, (double[]){.02, .02}, (unsigned[]){20, 20});
}

static double number(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key)->valuedouble;
}

static void check_json(const char *first)
{
    cJSON       *root = cJSON_Parse(out);
    const cJSON *shapes = cJSON_GetObjectItemCaseSensitive(root, "shapes"), *shape = cJSON_GetArrayItem(shapes, 0);

    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(shapes), 2);
    CU_ASSERT_STRING_EQUAL(cJSON_GetObjectItemCaseSensitive(shape, "shape")->valuestring, first);
    CU_ASSERT_STRING_EQUAL(cJSON_GetObjectItemCaseSensitive(shape, "cluster")->valuestring, "second");
    CU_ASSERT(fabs(number(root, "totalMs") - (10 * 500 + 10 * 10 + 40 * 20)) < 60);
    CU_ASSERT(fabs(number(root, "regretMs") - 10 * 490) < 60);
    CU_ASSERT(fabs(number(root, "usd") - 60 * .002) < .001);
    cJSON_Delete(root);
}

static const char slow[] = "00000000000000010000000000000001", many[] = "00000000000000020000000000000001";

static void check_commands(const char *where, const char *place)
{
    CU_ASSERT_EQUAL(RUN("shapes", where, place, "--json"), 0);
    check_json(slow);
    CU_ASSERT_EQUAL(RUN("shapes", where, place, "--json", "--sort", "calls"), 0);
    check_json(many);
    CU_ASSERT_EQUAL(RUN("shapes", where, place, "--sort", "regret", "--limit", "1"), 0);
    CU_ASSERT(strstr(out, slow) != NULL && strstr(out, many) == NULL && strstr(out, "-> second") != NULL);
    CU_ASSERT(strstr(out, "1 of 2 shapes") != NULL && strstr(out, "100.0 %") != NULL);
    CU_ASSERT_EQUAL(RUN("shapes", where, place, "--group", "other", "--csv"), 0);
    CU_ASSERT(strncmp(out, "shape,group,calls,", 18) == 0 && strstr(out, "\"second\",true,20,") != NULL && strstr(out, slow) == NULL);
    CU_ASSERT_EQUAL(RUN("shapes", where, place, "--since", "2999-01-01"), 0);
    CU_ASSERT(strstr(out, "0 of 0 shapes") != NULL);
    CU_ASSERT_STRING_EQUAL(err, "");
}

static void test_file(void)
{
    struct tn_store_options options = TN_STORE_OPTIONS_DEFAULT;
    struct tn_store        *store;
    struct tn_error         error = TN_ERROR_INIT;
    char                    folder[] = "/tmp/turnout-shapes-XXXXXX", path[64], command[96];

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/s.stats", folder);
    options.path = path;
    CU_ASSERT_EQUAL_FATAL(tn_store_open(&store, &options, &error), TN_OK);
    fill(store);
    tn_store_close(store);
    check_commands("--file", path);
    CU_ASSERT_EQUAL(RUN("shapes", "--file", "/no/such/file"), 1);
    CU_ASSERT(strstr(err, "/no/such/file") != NULL);
    for (unsigned i = 0; i < 4; i++) {
        static const char *const wrong[][2] = {{"--sort", "best"}, {"--limit", "0"}, {"--since", "yore"}, {"--json", "--csv"}};

        CU_ASSERT_EQUAL(RUN("shapes", "--file", path, wrong[i][0], wrong[i][1]), 2);
    }
    snprintf(command, sizeof command, "rm -r %s", folder);
    CU_ASSERT_EQUAL(system(command), 0);
}

static void test_server(void)
{
    struct tn_store_options options = TN_STORE_OPTIONS_DEFAULT;
    struct tn_admin_fixture f;
    struct tn_error         error = TN_ERROR_INIT;
    struct tn_store        *own = NULL;

    tn_fixture_begin(&f, "");
    if (f.server->store == NULL) {
        CU_ASSERT_EQUAL(RUN("shapes", "--admin", f.url), 1);
        CU_ASSERT(strstr(err, "nothing is learned") != NULL);
        CU_ASSERT_EQUAL_FATAL(tn_store_open(&own, &options, &error), TN_OK);
        f.server->store = own;
    }
    fill(f.server->store);
    check_commands("--admin", f.url);
    CU_ASSERT_EQUAL(RUN("reset", "--admin", f.url, slow), 0);
    CU_ASSERT_EQUAL(RUN("shapes", "--admin", f.url, "--csv"), 0);
    CU_ASSERT(strstr(out, slow) == NULL && strstr(out, many) != NULL);
    CU_ASSERT_EQUAL(RUN("reset", "--admin", f.url, "xyz"), 1);
    CU_ASSERT(strstr(err, "32 hexadecimal digits") != NULL);
    CU_ASSERT_EQUAL(RUN("reset", "--admin", f.url, "all"), 0);
    CU_ASSERT_EQUAL(RUN("shapes", "--admin", f.url), 0);
    CU_ASSERT(strstr(out, "0 of 0 shapes") != NULL);
    if (own != NULL)
        f.server->store = NULL;
    tn_fixture_end(&f);
    tn_store_close(own);
}

int main(void)
{
    CU_pSuite suite;
    int       failed;

    CU_initialize_registry();
    suite = CU_add_suite("shapes", NULL, NULL);
    CU_add_test(suite, "from a file", test_file);
    CU_add_test(suite, "from a server", test_server);
    CU_basic_run_tests();
    failed = (int)CU_get_number_of_failures() + (int)CU_get_number_of_tests_failed();
    CU_cleanup_registry();
    return failed > 0;
}

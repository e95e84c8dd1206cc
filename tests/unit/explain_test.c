/* An explanation over a store with known figures: what it says, and that the store is as before. */
#include "explain.h"

#include "base/clock.h"
#include "policies/route/route.h"
#include "server.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <fcntl.h>
#include <math.h>
#include <stdio.h>

struct fixture {
    struct tn_server *server;
    struct tn_query  *q;
    unsigned          quick, slow; /* numbers of the store */
};

static const char config_text[] =
    "turnout: { workers: 1, adminApi: { enabled: false }, persistence: { type: inMemory }, log: { level: error } }\n"
    "clusters: { quick: { engine: sqlite, healthCheck: { enabled: false }, price: { type: perQuery, usdPerQuery: 0.5 } },\n"
    "            slow: { engine: sqlite, healthCheck: { enabled: false } }, off: { engine: sqlite, enabled: false } }\n"
    "clusterGroups: { act: { members: [slow, quick, off], strategy: { type: latency } },\n"
    "  advise: { members: [slow, quick, off], strategy: { type: latency, mode: advise } },\n"
    "  static: { members: [slow, quick, off] } }\n"
    "routers: [ { type: queryRegex, rules: [ { regex: 'advised', targetGroup: advise }, { regex: 'plain', targetGroup: static } ] } ]\n"
    "routingFallback: act\n";

static void begin(struct fixture *f)
{
    struct tn_store_options options = TN_STORE_OPTIONS_DEFAULT;
    struct tn_problems      problems;
    struct tn_config       *config;
    struct tn_error         err = TN_ERROR_INIT;

    tn_log_to_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
    tn_problems_init(&problems, "test.yaml");
    CU_ASSERT_EQUAL_FATAL(tn_config_parse_checked(&config, "test.yaml", tn_str(config_text), &problems, tn_routes_check, NULL), TN_OK);
    CU_ASSERT_EQUAL_FATAL(tn_server_new(&f->server, config, "test.yaml", &problems, &err), TN_OK);
    if (f->server->store == NULL) {
        CU_ASSERT_EQUAL_FATAL(tn_store_open(&f->server->store, &options, &err), TN_OK);
        CU_ASSERT_EQUAL_FATAL(tn_learner_new(&f->server->learner, f->server->store, 1, &err), TN_OK);
    }
    f->quick = tn_store_cluster(f->server->store, TN_STR("quick"), NULL, 0, 1);
    f->slow = tn_store_cluster(f->server->store, TN_STR("slow"), NULL, 0, 1);
    f->q = tn_explain_query_new(&f->server->runtimes[0]);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f->q);
    f->q->client.protocol = "postgresWire";
    f->q->client.user = f->q->client.database = TN_STR("u");
    tn_config_unref(config);
    tn_problems_reset(&problems);
}

static void end(struct fixture *f)
{
    tn_explain_query_free(f->q);
    tn_server_free(f->server);
}

static void explain(struct fixture *f, const char *sql, struct tn_explanation *e)
{
    struct tn_error err = TN_ERROR_INIT;

    f->q->text = tn_str(sql);
    tn_features_read(&f->q->features, f->q->text, TN_DIALECT_POSTGRES);
    CU_ASSERT_EQUAL_FATAL(tn_explain(e, f->q, false, &err), TN_OK);
}

static void learn(struct fixture *f, const struct tn_shape *shape, const char *sql, unsigned cluster, double seconds, unsigned n)
{
    struct tn_shape_about  about = {.text = tn_str(sql), .group = TN_STR("act"), .features = &f->q->features, .now_us = tn_clock_us()};
    struct tn_shape_entry *entry = tn_store_acquire(f->server->store, shape, true, &about);
    struct tn_belief       belief = {.m = log(seconds), .P = .001, .n = n, .M2 = .01, .succ = 10, .cost = 1};

    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    entry->visits += n;
    tn_cell_store(tn_store_cell(f->server->store, entry, cluster, true), &belief);
    tn_store_release(f->server->store, entry, true);
}

static bool has(const struct tn_explanation *e, const char *words)
{
    struct tn_buf text;
    bool          found;

    tn_buf_init(&text, 1 << 20);
    tn_explanation_text(e, &text);
    tn_buf_put_u8(&text, '\0');
    found = !text.failed && strstr(text.data, words) != NULL;
    if (!found)
        printf("no `%s` in\n%s\n", words, text.data);
    tn_buf_reset(&text);
    return found;
}

static bool has_json(const struct tn_explanation *e, const char *words)
{
    struct tn_buf  text;
    struct tn_json json = {.buf = &text};
    bool           found;

    tn_buf_init(&text, 1 << 20);
    tn_explanation_json(e, &json, NULL);
    tn_buf_put_u8(&text, '\0');
    found = !text.failed && strstr(text.data, words) != NULL;
    if (!found)
        printf("no `%s` in\n%s\n", words, text.data);
    tn_buf_reset(&text);
    return found;
}

static void test_static(void)
{
    struct fixture        f;
    struct tn_explanation e;

    begin(&f);
    explain(&f, "SELECT 'plain'", &e);
    CU_ASSERT_PTR_NULL(e.groups[0].decision);
    CU_ASSERT(has(&e, "strategy roundRobin") && has(&e, "disabled by configuration") && has_json(&e, "\"decision\":null"));
    tn_explanation_reset(&e);
    end(&f);
}

static void test_never_seen(void)
{
    struct fixture        f;
    struct tn_explanation e;

    begin(&f);
    explain(&f, "SELECT a FROM t", &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(e.groups[0].decision);
    CU_ASSERT(has(&e, "never seen") && has(&e, "firstSight") && has_json(&e, "\"known\":false") && has_json(&e, "\"reason\":\"firstSight\""));
    CU_ASSERT_EQUAL(e.groups[0].decision->count, 2); /* the disabled one is no candidate */
    CU_ASSERT_PTR_NULL(tn_explain_outlook(&e.groups[0], 2));
    tn_explanation_reset(&e);
    end(&f);
}

static void test_known(void)
{
    static const char     sql[] = "SELECT b FROM t WHERE c = 3";
    struct fixture        f;
    struct tn_explanation e;
    struct tn_shape       shape;

    begin(&f);
    explain(&f, sql, &e);
    shape = e.groups[0].decision->shape;
    tn_explanation_reset(&e);
    learn(&f, &shape, sql, f.quick, .010, 30);
    learn(&f, &shape, sql, f.slow, .900, 30);
    explain(&f, sql, &e);
    CU_ASSERT(e.groups[0].decision->shape_known);
    CU_ASSERT_EQUAL(e.groups[0].decision->visits, 60);
    CU_ASSERT(tn_str_eq_c(e.groups[0].choice.cluster->conf->name, "quick"));
    CU_ASSERT(fabs(tn_outlook_p50_s(tn_explain_outlook(&e.groups[0], 1)) - .010) < .0005);
    CU_ASSERT(fabs(tn_outlook_p50_s(tn_explain_outlook(&e.groups[0], 0)) - .900) < .05);
    CU_ASSERT(tn_explain_outlook(&e.groups[0], 0)->index > tn_explain_outlook(&e.groups[0], 1)->index);
    CU_ASSERT(has(&e, "seen 60 times") && has(&e, "Choice:    quick (pinned)") && has(&e, "Plan:      quick"));
    CU_ASSERT(has_json(&e, "\"cluster\":\"quick\",\"reason\":\"pinned\"") && has_json(&e, "\"n\":30"));
    tn_explanation_reset(&e);
    end(&f);
}

/* Advice is told and not followed: the static strategy chooses. */
static void test_advice(void)
{
    static const char     sql[] = "SELECT b FROM advised WHERE c = 3";
    struct fixture        f;
    struct tn_explanation e;
    struct tn_shape       shape;

    begin(&f);
    explain(&f, sql, &e);
    shape = e.groups[0].decision->shape;
    tn_explanation_reset(&e);
    learn(&f, &shape, sql, f.quick, .010, 30);
    learn(&f, &shape, sql, f.slow, .900, 30);
    explain(&f, sql, &e);
    CU_ASSERT(tn_explain_is_advice(&e.groups[0]));
    CU_ASSERT(has(&e, "Advice:    quick") && has(&e, "mode advise") && has_json(&e, "\"advice\":true"));
    CU_ASSERT(strcmp(e.groups[0].choice.reason, "pinned") != 0);
    tn_explanation_reset(&e);
    end(&f);
}

static void test_changes_nothing(void)
{
    struct fixture         f;
    struct tn_explanation  e;
    struct tn_store_counts before, after;
    uint64_t               turn;

    begin(&f);
    turn = atomic_load(&f.q->snapshot->topology->groups[2].turn);
    tn_store_counts(f.server->store, &before);
    for (unsigned i = 0; i < 50; i++) {
        explain(&f, i % 2 == 0 ? "SELECT a FROM t" : "SELECT 'plain'", &e);
        tn_explanation_reset(&e);
    }
    tn_store_counts(f.server->store, &after);
    CU_ASSERT_EQUAL(memcmp(&before, &after, sizeof before), 0);
    CU_ASSERT_EQUAL(atomic_load(&f.q->snapshot->topology->groups[2].turn), turn);
    end(&f);
}

/* A write is never tried elsewhere, and the explanation says so. */
static void test_write(void)
{
    struct fixture        f;
    struct tn_explanation e;

    begin(&f);
    explain(&f, "INSERT INTO t VALUES (1)", &e);
    CU_ASSERT_FALSE(e.groups[0].decision->may_explore);
    CU_ASSERT_FALSE(e.groups[0].decision->plan.explore);
    CU_ASSERT(e.groups[0].decision->plan.attempts[0].deadline_s == 0);
    CU_ASSERT(has(&e, "not this statement"));
    tn_explanation_reset(&e);
    end(&f);
}

int main(void)
{
    CU_pSuite suite;
    int       failed;

    CU_initialize_registry();
    suite = CU_add_suite("explain", NULL, NULL);
    CU_add_test(suite, "a strategy that does not learn", test_static);
    CU_add_test(suite, "a shape never seen", test_never_seen);
    CU_add_test(suite, "a known shape", test_known);
    CU_add_test(suite, "advice", test_advice);
    CU_add_test(suite, "changes nothing", test_changes_nothing);
    CU_add_test(suite, "a write", test_write);
    CU_basic_run_tests();
    failed = (int)CU_get_number_of_failures() + (int)CU_get_number_of_tests_failed();
    CU_cleanup_registry();
    return failed > 0;
}

#include "engine/topology.h"

#include "tests/unit/harness.h"

/* States as src/admission keeps them: by name, counted. */
struct tn_group_state {
    char name[32];
    int  refs;
};

static struct tn_group_state states[8];
static int                   refuse_state_at = -1;

static struct tn_group_state *state_get(void *arg, struct tn_str name)
{
    (void)arg;
    if (refuse_state_at >= 0 && refuse_state_at-- == 0)
        return NULL;
    for (size_t i = 0; i < TN_ARRAY_LEN(states); i++) {
        if (states[i].name[0] != '\0' && !tn_str_eq_c(name, states[i].name))
            continue;
        tn_str_copy(states[i].name, sizeof states[i].name, name);
        states[i].refs++;
        return &states[i];
    }
    return NULL;
}

static void state_put(void *arg, struct tn_group_state *state)
{
    (void)arg;
    state->refs--;
}

static const struct tn_topology_hooks hooks = {.state_get = state_get, .state_put = state_put};

static struct tn_config *parse(const char *yaml)
{
    struct tn_problems problems;
    struct tn_config  *config;

    tn_problems_init(&problems, "test");
    if (tn_config_parse(&config, "test", tn_str(yaml), &problems) != TN_OK) {
        for (size_t i = 0; i < problems.count; i++)
            fprintf(stderr, "config: %s: %s\n", problems.items[i].path, problems.items[i].text);
        abort();
    }
    tn_problems_reset(&problems);
    return config;
}

static struct tn_topology *make(const char *yaml, struct tn_topology *before)
{
    struct tn_config   *config = parse(yaml);
    struct tn_topology *topology;

    CU_ASSERT_EQUAL_FATAL(tn_topology_new(&topology, config, before, &hooks, NULL), TN_OK);
    tn_config_unref(config);
    return topology;
}

static const char first[] = "clusters:\n"
                            "  a: { engine: sqlite }\n"
                            "  b: { engine: sqlite, poolSize: 3 }\n"
                            "  c: { engine: sqlite }\n"
                            "clusterGroups:\n"
                            "  one: { members: [b, a], fallbackGroup: two }\n"
                            "  two: { members: [c] }\n"
                            "routingFallback: two\n";
/* b changed, c gone, d new. */
static const char second[] = "clusters:\n"
                             "  d: { engine: sqlite }\n"
                             "  b: { engine: sqlite, poolSize: 4 }\n"
                             "  a: { engine: sqlite }\n"
                             "clusterGroups:\n"
                             "  one: { members: [a, b, d] }\n"
                             "routingFallback: one\n";

static void test_build(void)
{
    struct tn_topology *t = make(first, NULL);
    struct tn_group    *one = tn_topology_group(t, TN_STR("one"));

    CU_ASSERT_EQUAL(t->cluster_count, 3);
    CU_ASSERT_EQUAL(t->group_count, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(one);
    CU_ASSERT_EQUAL(one->member_count, 2);
    CU_ASSERT_EQUAL(one->members[0], tn_topology_cluster(t, TN_STR("b")));
    CU_ASSERT_EQUAL(one->members[1], tn_topology_cluster(t, TN_STR("a")));
    CU_ASSERT_EQUAL(one->fallback, tn_topology_group(t, TN_STR("two")));
    CU_ASSERT_EQUAL(t->fallback, one->fallback);
    CU_ASSERT_PTR_NULL(t->fallback->fallback);
    CU_ASSERT_STRING_EQUAL(one->state->name, "one");
    CU_ASSERT_PTR_NULL(tn_topology_group(t, TN_STR("none")));
    CU_ASSERT_PTR_NULL(tn_topology_cluster(t, TN_STR("A")));
    CU_ASSERT_EQUAL(tn_topology_ref(t), t);
    tn_topology_unref(t);
    CU_ASSERT_EQUAL(states[0].refs, 1);
    tn_topology_unref(t);
    CU_ASSERT_EQUAL(states[0].refs, 0);
    tn_topology_unref(NULL);
}

static void test_reload(void)
{
    struct tn_topology *before = make(first, NULL), *now;
    struct tn_cluster  *a = tn_topology_cluster(before, TN_STR("a")), *b = tn_topology_cluster(before, TN_STR("b"));
    struct tn_cluster  *c = tn_cluster_ref(tn_topology_cluster(before, TN_STR("c")));

    atomic_store(&b->maintenance, true);
    tn_topology_group(before, TN_STR("one"))->turn = 17;
    now = make(second, before);
    CU_ASSERT_EQUAL(tn_topology_cluster(now, TN_STR("a")), a); /* unchanged: kept */
    CU_ASSERT_NOT_EQUAL(tn_topology_cluster(now, TN_STR("b")), b);
    CU_ASSERT_TRUE(atomic_load(&tn_topology_cluster(now, TN_STR("b"))->maintenance));
    CU_ASSERT_EQUAL(tn_topology_group(now, TN_STR("one"))->turn, 17);
    CU_ASSERT_EQUAL(tn_topology_group(now, TN_STR("one"))->state, tn_topology_group(before, TN_STR("one"))->state);
    CU_ASSERT_FALSE(atomic_load(&b->removed));
    tn_topology_retire(before, now);
    CU_ASSERT_TRUE(atomic_load(&b->removed));
    CU_ASSERT_TRUE(atomic_load(&c->removed));
    CU_ASSERT_FALSE(atomic_load(&a->removed));
    tn_topology_unref(before);
    CU_ASSERT_EQUAL(a->refs, 1);
    CU_ASSERT_EQUAL(c->refs, 1); /* ends with its last query */
    tn_cluster_unref(c);
    tn_topology_unref(now);
    for (size_t i = 0; i < TN_ARRAY_LEN(states); i++)
        CU_ASSERT_EQUAL(states[i].refs, 0);
}

static void test_failures(void)
{
    struct tn_topology *before = make(first, NULL), *now;
    struct tn_cluster  *a = tn_topology_cluster(before, TN_STR("a"));
    struct tn_config   *config = parse("clusters:\n"
                                       "  a: { engine: sqlite }\n"
                                       "  bad: { engine: sqlite, databasePath: /no/such/dir/file.db }\n"
                                       "clusterGroups:\n"
                                       "  one: { members: [a, bad] }\n"
                                       "routingFallback: one\n");
    struct tn_error     err = TN_ERROR_INIT;
    size_t              n = 0;

    CU_ASSERT_NOT_EQUAL(tn_topology_new(&now, config, before, &hooks, &err), TN_OK);
    CU_ASSERT_PTR_NULL(now);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "cluster bad"));
    CU_ASSERT_EQUAL(a->refs, 1); /* nothing changed */
    tn_config_unref(config);
    config = parse(first);
    refuse_state_at = 1;
    CU_ASSERT_EQUAL(tn_topology_new(&now, config, before, &hooks, &err), TN_E_NOMEM);
    refuse_state_at = -1;
    for (enum tn_status status = TN_E_NOMEM; status != TN_OK; n++) {
        tn_alloc_fail_after(n);
        status = tn_topology_new(&now, config, n % 2 == 0 ? before : NULL, &hooks, &err);
        tn_alloc_fail_never();
        CU_ASSERT(status == TN_OK || status == TN_E_NOMEM);
    }
    CU_ASSERT(n > 4);
    tn_topology_unref(now);
    tn_config_unref(config);
    CU_ASSERT_EQUAL(a->refs, 1);
    tn_topology_unref(before);
    for (size_t i = 0; i < TN_ARRAY_LEN(states); i++)
        CU_ASSERT_EQUAL(states[i].refs, 0);
    tn_error_reset(&err);
}

int main(void)
{
    unsigned  failures;
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("topology", NULL, NULL);
    CU_add_test(suite, "build", test_build);
    CU_add_test(suite, "reload", test_reload);
    CU_add_test(suite, "failures", test_failures);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

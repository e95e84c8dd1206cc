/* snapshot_test.c - one reference to each part, given back with the last reference to the snapshot. */
#include "base/alloc.h"
#include "base/clock.h"
#include "snapshot.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

static const char yaml[] = "clusters:\n  a: { engine: sqlite, enabled: false }\nclusterGroups:\n  g: { members: [a] }\n"
                           "routers:\n  - { type: protocolBased, postgresWire: g }\nroutingFallback: g\n";

static void build(struct tn_config **config, struct tn_topology **topology, struct tn_routes **routes)
{
    struct tn_problems problems;

    tn_problems_init(&problems, "test");
    CU_ASSERT_FATAL(tn_config_parse(config, "test", tn_str(yaml), &problems) == TN_OK);
    CU_ASSERT_FATAL(tn_routes_new(routes, *config, &problems) == TN_OK);
    CU_ASSERT_FATAL(tn_topology_new(topology, *config, NULL, NULL, NULL) == TN_OK);
    tn_problems_reset(&problems);
}

/* The leak checker tells whether all went. */
static void test_references(void)
{
    struct tn_config   *config;
    struct tn_topology *topology;
    struct tn_routes   *routes;
    struct tn_snapshot *snapshot;

    build(&config, &topology, &routes);
    tn_topology_ref(topology); /* ours, to look at it afterwards */
    snapshot = tn_snapshot_new(config, topology, routes, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(snapshot);
    CU_ASSERT(snapshot->config == config && snapshot->topology == topology && snapshot->routes == routes);
    CU_ASSERT(snapshot->loaded_wall_us <= tn_clock_wall_us() && snapshot->loaded_wall_us > 0);
    CU_ASSERT_PTR_EQUAL(tn_snapshot_ref(snapshot), snapshot);
    tn_snapshot_unref(snapshot);
    CU_ASSERT_EQUAL(atomic_load(&topology->refs), 2);
    tn_snapshot_unref(snapshot);
    CU_ASSERT_EQUAL(atomic_load(&topology->refs), 1);
    tn_topology_unref(topology);
    tn_snapshot_unref(NULL);
}

static void test_no_memory(void)
{
    struct tn_config   *config;
    struct tn_topology *topology;
    struct tn_routes   *routes;

    build(&config, &topology, &routes);
    tn_alloc_fail_after(0);
    CU_ASSERT_PTR_NULL(tn_snapshot_new(config, topology, routes, NULL));
    tn_alloc_fail_never();
    tn_routes_unref(routes); /* nothing was taken */
    tn_topology_unref(topology);
    tn_config_unref(config);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("snapshot", NULL, NULL)) == NULL)
        return 1;
    CU_ADD_TEST(suite, test_references);
    CU_ADD_TEST(suite, test_no_memory);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

/* A copy of a query has nothing of the original's memory: that is overwritten here, and the copy reads as before. */
#include "shadow_copy.h"

#include "base/alloc.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <stdio.h>

static struct tn_snapshot snapshot;

static char text[] = "SELECT a FROM one, two WHERE b = $1";
static char user[] = "alice", word[] = "word", bytes[] = "raw", zone[] = "timezone", utc[] = "UTC";

struct original {
    struct tn_query            q;
    struct tn_value            items[2];
    struct tn_param            params[3];
    uint32_t                   oids[3];
    struct tn_session_setting  setting;
    struct tn_session_settings settings;
};

static void fill(struct original *o)
{
    memset(o, 0, sizeof *o);
    o->q.snapshot = &snapshot;
    o->q.text = tn_str(text);
    tn_features_read(&o->q.features, o->q.text, TN_DIALECT_POSTGRES);
    o->q.client = (struct tn_route_context){.protocol = "postgresWire", .user = tn_str(user), .tag_count = 3};
    o->items[0] = (struct tn_value){.type = TN_TYPE_TEXT, .as.text = tn_str(word)};
    o->items[1] = (struct tn_value){.type = TN_TYPE_NULL};
    o->params[0] = (struct tn_param){.value = {.type = TN_TYPE_INT64, .as.i64 = 7}, .pg_oid = 20, .pg_bytes = tn_str(bytes)};
    o->params[1] = (struct tn_param){.value = {.type = TN_TYPE_TEXT, .is_list = true, .as.list = {o->items, 2}}, .pg_format = 1};
    o->params[2] = (struct tn_param){.value = {.type = TN_TYPE_TEXT, .untyped = true, .as.text = tn_str(word)}};
    o->oids[2] = 25;
    o->q.run.params = (struct tn_params){.count = 3, .items = o->params};
    o->q.run.param_oids = o->oids;
    o->q.run.param_oid_count = 3;
    o->setting = (struct tn_session_setting){.name = tn_str(zone), .value = tn_str(utc)};
    o->settings = (struct tn_session_settings){.hash = 99, .count = 1, .items = &o->setting};
    o->q.run.settings = &o->settings;
    o->q.run.prepare = o->q.run.extended = true;
}

static void begin(struct tn_query *q)
{
    memset(q, 0, sizeof *q);
    tn_arena_init(&q->arena, 0);
    q->snapshot = tn_snapshot_ref(&snapshot);
}

static void end(struct tn_query *q)
{
    tn_snapshot_unref(q->snapshot);
    tn_arena_reset(&q->arena);
}

static void test_nothing_is_shared(void)
{
    struct original        o;
    struct tn_query        q;
    const struct tn_value *list;
    char                   saved[sizeof text];

    atomic_store(&snapshot.refs, 10);
    fill(&o);
    begin(&q);
    CU_ASSERT_FATAL(tn_shadow_copy(&q, &o.q));
    memcpy(saved, text, sizeof text);
    memset(text, 'x', sizeof text - 1);
    memset(user, 'x', sizeof user - 1);
    memset(word, 'x', sizeof word - 1);
    memset(bytes, 'x', sizeof bytes - 1);
    memset(zone, 'x', sizeof zone - 1);
    memset(utc, 'x', sizeof utc - 1);
    memset(&o, 0xee, sizeof o);
    CU_ASSERT(tn_str_eq_c(q.text, saved) && q.kind == TN_RUN_EXECUTE);
    CU_ASSERT(q.features.table_count == 2 && tn_str_eq_c(q.features.tables[0], "one") && tn_str_eq_c(q.features.tables[1], "two"));
    CU_ASSERT(tn_str_eq_c(q.client.user, "alice") && q.client.tag_count == 0 && strcmp(q.client.protocol, "postgresWire") == 0);
    CU_ASSERT_FATAL(q.run.params.count == 3 && q.run.param_oid_count == 3);
    CU_ASSERT(q.run.params.items[0].value.as.i64 == 7 && tn_str_eq_c(q.run.params.items[0].pg_bytes, "raw"));
    list = q.run.params.items[1].value.as.list.items;
    CU_ASSERT(tn_str_eq_c(list[0].as.text, "word") && list[1].type == TN_TYPE_NULL && q.run.params.items[1].pg_format == 1);
    CU_ASSERT(q.run.params.items[1].pg_bytes.ptr == NULL); /* null stays null */
    CU_ASSERT(tn_str_eq_c(q.run.params.items[2].value.as.text, "word") && q.run.param_oids[2] == 25);
    CU_ASSERT(q.run.settings->hash == 99 && tn_str_eq_c(q.run.settings->items[0].name, "timezone") &&
              tn_str_eq_c(q.run.settings->items[0].value, "UTC"));
    CU_ASSERT(q.run.extended && !q.run.prepare && q.run.encoder != NULL);
    end(&q);
    CU_ASSERT_EQUAL(atomic_load(&snapshot.refs), 10);
    memcpy(text, saved, sizeof text);
}

static void test_size(void)
{
    struct original o;
    size_t          before;

    fill(&o);
    before = tn_shadow_size(&o.q);
    CU_ASSERT(before >= sizeof o.q + sizeof text - 1 + sizeof word - 1 + sizeof bytes - 1);
    o.q.text.len += 1000;
    o.params[0].pg_bytes.len += 1000;
    o.items[0].as.text.len += 1000; /* in a list */
    o.params[2].value.as.text.len += 1000;
    o.setting.value.len += 1000;
    CU_ASSERT_EQUAL(tn_shadow_size(&o.q), before + 5000);
}

static void test_no_memory(void)
{
    unsigned refused = 0;

    atomic_store(&snapshot.refs, 10);
    for (size_t n = 0; n < 20; n++) {
        struct original o;
        struct tn_query q;
        bool            copied;

        fill(&o);
        begin(&q);
        tn_alloc_fail_after(n);
        copied = tn_shadow_copy(&q, &o.q);
        tn_alloc_fail_never();
        refused += !copied;
        end(&q);
        if (copied)
            break;
    }
    CU_ASSERT(refused > 0 && refused < 20);
    CU_ASSERT_EQUAL(atomic_load(&snapshot.refs), 10);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("shadow copy", NULL, NULL)) == NULL)
        return 1;
    CU_ADD_TEST(suite, test_nothing_is_shared);
    CU_ADD_TEST(suite, test_size);
    CU_ADD_TEST(suite, test_no_memory);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}

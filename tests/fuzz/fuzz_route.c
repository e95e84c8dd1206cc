/* fuzz_route.c - routers of a hostile configuration on a hostile statement: the part before the first zero byte is the
 * `routers:` list, then tags, then the statement, each ended by a zero byte. */
#include "config/config.h"
#include "policies/route/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char base[] = "\nclusters:\n  a: { engine: sqlite }\n  b: { engine: sqlite }\nclusterGroups:\n  g: { members: [a] }\n"
                           "  etl: { members: [a, b] }\nroutingFallback: g\n";

static struct tn_str part(const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size == 0 ? NULL : memchr(*data, 0, *size);
    size_t         len = end == NULL ? *size : (size_t)(end - *data);
    struct tn_str  text = tn_str_n((const char *)*data, len);

    *data += len + (end != NULL);
    *size -= len + (end != NULL);
    return text;
}

static void decide(const struct tn_routes *routes, struct tn_str tags, struct tn_str sql)
{
    struct tn_route_context context = {.protocol = "postgresWire", .user = TN_STR("alice"), .wall_us = 1764000000000000};
    struct tn_features      features;
    struct tn_route_result  result;
    struct tn_arena         arena;
    struct tn_tag          *list;
    char                    trace[300];

    tn_arena_init(&arena, 64 << 20);
    if (tn_tags_parse(tags, &arena, &context.tag_count, &list, NULL) == TN_OK)
        context.tags = list;
    context.hint_cluster = sql.len % 7 == 0 ? TN_STR("b") : TN_STR("");
    tn_features_read(&features, sql, TN_DIALECT_POSTGRES);
    if (tn_routes_decide(routes, &context, &features, sql, &arena, &result, NULL) == TN_OK) {
        if (!result.denied && result.group == NULL)
            abort();
        if (tn_route_trace_text(&result, trace, sizeof trace) >= sizeof trace)
            abort();
    }
    tn_arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_str      routers = part(&data, &size), tags = part(&data, &size), sql = part(&data, &size);
    struct tn_problems problems;
    struct tn_config  *config;
    struct tn_routes  *routes;
    char               text[8192];

    if (routers.len > 4096)
        return 0;
    snprintf(text, sizeof text, "%.*s%s", (int)routers.len, routers.len == 0 ? "" : routers.ptr, base);
    tn_problems_init(&problems, "fuzz");
    if (tn_config_parse(&config, "fuzz", tn_str(text), &problems) == TN_OK) {
        if (tn_routes_new(&routes, config, &problems) == TN_OK) {
            decide(routes, tags, sql);
            tn_routes_unref(routes);
        } else if (problems.errors == 0) {
            abort(); /* refused without a word */
        }
        tn_config_unref(config);
    }
    tn_problems_reset(&problems);
    return 0;
}

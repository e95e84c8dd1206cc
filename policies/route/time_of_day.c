/* time_of_day.c - {type: timeOfDay, timeZone: Europe/Berlin, rules: [{days: [mon-fri], from: "22:00", to: "06:00",
 * targetGroup: etl}]}, or one rule's keys beside `type`. Without timeZone the times are UTC. See time_window.h. */
#include "policies/route/rule_list.h"
#include "policies/route/time_window.h"

struct rule {
    struct tn_target      target;
    struct tn_time_window window;
};

struct router {
    const struct tn_tz        *zone;
    const struct tn_rule_list *list;
};

static bool read_rule(struct tn_compiler *c, const struct tn_node *node, const char *path, void *out, void *arg)
{
    struct rule *rule = out;
    bool         good = tn_compile_target(c, node, path, &rule->target);

    (void)arg;
    return tn_time_window_compile(c, node, path, &rule->window) && good;
}

static void *compile(struct tn_compiler *c, const struct tn_node *node, const char *path)
{
    struct router *router = tn_compile_alloc(c, 1, sizeof *router);
    bool           good;

    if (router == NULL)
        return NULL;
    good = tn_time_zone_compile(c, node, path, &router->zone);
    if (tn_node_get(node, "rules") == NULL) {
        tn_node_check_keys(node, path,
                           (const char *const[]){"type", "timeZone", "rules", TN_TIME_WINDOW_KEYS, TN_TARGET_KEYS, NULL},
                           c->problems);
        router->list = tn_rule_single_compile(c, node, path, sizeof(struct rule), read_rule, NULL);
    } else {
        tn_node_check_keys(node, path, (const char *const[]){"type", "timeZone", "rules", NULL}, c->problems);
        router->list = tn_rule_list_compile(c, node, path, sizeof(struct rule),
                                            (const char *const[]){TN_TIME_WINDOW_KEYS, TN_TARGET_KEYS, NULL}, read_rule, NULL);
    }
    return good && router->list != NULL ? router : NULL;
}

static void decide(const void *self, struct tn_routing *r, struct tn_verdict *out)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    const struct router     *router = self;
    const struct rule       *rules = (const void *)router->list->items;
    int64_t                  local = tn_time_local(router->zone, r->context->wall_us);
    int64_t                  day = local / 86400, second = local % 86400;
    const char              *zone = tn_tz_name(router->zone);
    char                     now[64];

    snprintf(now, sizeof now, "%s %02d:%02d %.40s", days[(size_t)(day + 3) % 7], (int)(second / 3600),
             (int)(second / 60 % 60), zone);
    for (size_t i = 0; i < router->list->count; i++)
        if (tn_time_window_holds(&rules[i].window, local)) {
            tn_verdict_match(out, &rules[i].target, (int)i, "it is %s", now);
            return;
        }
    tn_verdict_pass(out, "no rule for %s", now);
}

const struct tn_router_ops tn_router_time_of_day = {.type = "timeOfDay", .compile = compile, .decide = decide};

/* Names in groups and at the top level become places in the snapshot. */
#include "config/known_keys.h"
#include "config/validate.h"

struct group_view {
    const struct tn_draft *draft;
    struct tn_group_conf  *conf;
    const struct tn_node  *node;
    char                   path[TN_PATH_MAX];
};

/* Reports that NAMED is none of NAMES. WHAT: "no such cluster". */
static void dangling(const struct tn_draft *draft, const struct tn_node *named, const char *path, const char *what,
                     const char *const *names)
{
    char        got[160];
    const char *near = draft->problems->count < TN_PROBLEMS_MAX ? tn_suggest(named->shown, names) : NULL;

    tn_problem_add(draft->problems, TN_PROBLEM_ERROR, named->line, path, "%s: %s%s%s%s", what,
                   tn_node_describe(named, got, sizeof got), near == NULL ? "" : "; did you mean `",
                   near == NULL ? "" : near, near == NULL ? "" : "`?");
}

static void group_problem(const struct group_view *g, enum tn_problem_kind kind, const char *option, const char *text)
{
    char path[TN_PATH_MAX];

    tn_path_join(path, g->path, tn_str(option));
    tn_problem_add(g->draft->problems, kind, tn_draft_line(g->node, option), path, "%s", text);
}

/* Item I of LIST as the option reader took it (place *AT of VALUES), or NULL when it was refused. */
static const struct tn_node *good_item(const struct tn_node *list, size_t i, const struct tn_cfg_list *values, size_t at)
{
    const struct tn_node *item = list->items[i];

    return at < values->count && item->kind == TN_NODE_SCALAR && item->text.ptr == values->items[at].ptr ? item : NULL;
}

static bool is_twice(const struct tn_cfg_list *list, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (tn_str_eq(list->items[i], list->items[at]))
            return true;
    return false;
}

static void check_members(const struct group_view *g)
{
    const struct tn_node     *list = tn_node_get(g->node, "members");
    const struct tn_cfg_list *members = &g->conf->members;
    size_t                    at = 0;

    if (list == NULL || list->kind == TN_NODE_NULL || (list->kind == TN_NODE_LIST && list->count == 0)) {
        group_problem(g, TN_PROBLEM_ERROR, "members", "a group needs at least one member: [cluster, ...]");
        return;
    }
    if (members->count > TN_CONFIG_MEMBERS_MAX)
        group_problem(g, TN_PROBLEM_ERROR, "members", "a group has at most 64 members");
    for (size_t i = 0; list->kind == TN_NODE_LIST && i < list->count; i++) {
        char                  path[TN_PATH_MAX];
        const struct tn_node *item = good_item(list, i, members, at);
        long                  place;

        if (item == NULL)
            continue;
        tn_path_join(path, g->path, TN_STR("members"));
        tn_path_index(path, path, i);
        place = tn_config_find_cluster(g->draft->config, item->text);
        g->conf->member_index[at] = place < 0 ? TN_CONFIG_NOWHERE : (size_t)place;
        if (place < 0)
            dangling(g->draft, item, path, "no such cluster", g->draft->cluster_names);
        else if (is_twice(members, at))
            tn_problem_add(g->draft->problems, TN_PROBLEM_ERROR, item->line, path, "member given twice; remove one");
        at++;
    }
}

/* The members' names as did-you-mean wants them. NULL when there is no memory. */
static const char **member_names(const struct group_view *g)
{
    const char **names = tn_arena_alloc(g->draft->arena, (g->conf->members.count + 1) * sizeof *names);

    if (names == NULL) {
        g->draft->problems->no_memory = true;
        return NULL;
    }
    for (size_t i = 0; i < g->conf->members.count; i++)
        names[i] = g->conf->members.items[i].ptr;
    names[g->conf->members.count] = NULL;
    return names;
}

static bool is_member(const struct group_view *g, struct tn_str name)
{
    for (size_t i = 0; i < g->conf->members.count; i++)
        if (tn_str_eq(name, g->conf->members.items[i]))
            return true;
    return false;
}

static void check_preferred(const struct group_view *g, const struct tn_node *item, const char *path)
{
    const char *engines[TN_ENUM_NAMES_MAX], **members;
    unsigned    value;

    if (g->conf->strategy == TN_CFG_STRATEGY_FAILOVER) {
        members = is_member(g, item->text) ? NULL : member_names(g);
        if (members != NULL)
            dangling(g->draft, item, path, "not a member of this group", members);
        return;
    }
    if (item->text.len > 0 && tn_option_enum_value(TN_OPTION_ENUM_ENGINE, item->text, &value))
        return;
    if (tn_known_engine(item->text)) {
        tn_problem_add(g->draft->problems, TN_PROBLEM_WARNING, item->line, path,
                       "engine `" TN_STR_FMT "` is known, not supported yet; no member has it", TN_STR_ARG(item->shown));
        return;
    }
    tn_option_enum_names(TN_OPTION_ENUM_ENGINE, engines);
    dangling(g->draft, item, path, "no such engine", engines);
}

static void check_preference(const struct group_view *g)
{
    const struct tn_node     *list = tn_node_find(g->node, "strategy.preference");
    const struct tn_cfg_list *values = &g->conf->preference;
    size_t                    at = 0;

    if (list == NULL || list->kind != TN_NODE_LIST)
        return;
    for (size_t i = 0; i < list->count; i++) {
        char                  path[TN_PATH_MAX];
        const struct tn_node *item = good_item(list, i, values, at);

        if (item == NULL)
            continue;
        tn_path_join(path, g->path, TN_STR("strategy.preference"));
        tn_path_index(path, path, i);
        check_preferred(g, item, path);
        if (is_twice(values, at))
            tn_problem_add(g->draft->problems, TN_PROBLEM_ERROR, item->line, path, "given twice; remove one");
        at++;
    }
}

/* One weight; its value, or 0 when it is none. */
static uint64_t check_weight(const struct group_view *g, const struct tn_node *weights, size_t at)
{
    const struct tn_node *value = weights->items[at];
    char                  path[TN_PATH_MAX], got[160];
    struct tn_node        key = {.kind = TN_NODE_SCALAR, .line = weights->key_lines[at]};
    uint64_t              weight = 0;

    tn_path_join(path, g->path, TN_STR("strategy.weights"));
    tn_path_join(path, path, weights->keys[at]);
    key.text = key.shown = weights->keys[at];
    if (!is_member(g, key.text)) {
        const char **names = member_names(g);

        if (names != NULL)
            dangling(g->draft, &key, path, "not a member of this group", names);
    }
    if (value->broken || value->kind == TN_NODE_LIST || value->kind == TN_NODE_MAP)
        return 1; /* reported; do not complain about the sum too */
    if (value->kind == TN_NODE_SCALAR && tn_str_to_u64(value->text, 1000000, &weight))
        return weight;
    tn_problem_add(g->draft->problems, TN_PROBLEM_ERROR, value->line, path,
                   "expected a weight, a whole number from 0 to 1000000; got %s", tn_node_describe(value, got, sizeof got));
    return 1;
}

/* The strategy gives a member without an entry weight 1. */
static uint64_t count_unweighted(const struct group_view *g, const struct tn_node *weights)
{
    uint64_t count = 0;

    for (size_t i = 0; i < g->conf->members.count; i++)
        count += tn_node_get(weights, g->conf->members.items[i].ptr) == NULL;
    return count;
}

static void check_weights(const struct group_view *g)
{
    const struct tn_node *weights = tn_node_find(g->node, "strategy.weights");
    uint64_t              sum = count_unweighted(g, weights);

    if (weights != NULL && weights->kind != TN_NODE_MAP && weights->kind != TN_NODE_NULL)
        return; /* reported */
    for (size_t i = 0; weights != NULL && i < weights->count; i++)
        sum += check_weight(g, weights, i);
    if (g->conf->strategy != TN_CFG_STRATEGY_WEIGHTED)
        return;
    if (weights == NULL || weights->count == 0)
        group_problem(g, TN_PROBLEM_WARNING, "strategy.weights",
                      "strategy weighted without weights is the same as roundRobin; give {cluster: number, ...}");
    else if (sum == 0)
        group_problem(g, TN_PROBLEM_ERROR, "strategy.weights", "all weights are 0: no member could ever be chosen");
}

/* What only some of the strategies that learn read. */
static void check_learning(const struct group_view *g, const char *no_effect)
{
    const struct tn_group_conf *conf = g->conf;

    if (conf->max_p95_ms > 0 && conf->strategy != TN_CFG_STRATEGY_COST && !conf->strategy_override)
        group_problem(g, TN_PROBLEM_WARNING, "strategy.maxP95Ms", no_effect);
}

static void check_statistics(const struct group_view *g)
{
    char text[160];

    if (g->draft->config->settings.statistics_enabled || g->conf->strategy < TN_CFG_STRATEGY_LATENCY || g->conf->strategy > TN_CFG_STRATEGY_BALANCED)
        return;
    snprintf(text, sizeof text, "%s decides by statistics, which statistics.enabled: false switches off; choose another, or switch them on",
             tn_config_enum_text("STRATEGY", g->conf->strategy));
    group_problem(g, TN_PROBLEM_ERROR, "strategy.type", text);
}

static void check_script(const struct group_view *g, const char *no_effect)
{
    const struct tn_group_conf *conf = g->conf;
    const char                 *key = conf->strategy_script_file.len > 0 ? "strategy.scriptFile" : "strategy.script";
    bool                        some = conf->strategy_script_file.len > 0 || conf->strategy_script.len > 0;

    if (some && conf->strategy != TN_CFG_STRATEGY_PYTHON_SCRIPT && !conf->strategy_override)
        group_problem(g, TN_PROBLEM_WARNING, key, no_effect);
    if (!some && conf->strategy == TN_CFG_STRATEGY_PYTHON_SCRIPT)
        group_problem(g, TN_PROBLEM_ERROR, "strategy.type", "strategy pythonScript needs scriptFile, or script with the text itself");
    if (conf->strategy_script_file.len > 0 && conf->strategy_script.len > 0)
        group_problem(g, TN_PROBLEM_WARNING, "strategy.script", "`scriptFile` is read, `script` is not");
}

static void check_strategy(const struct group_view *g)
{
    enum tn_cfg_strategy strategy = g->conf->strategy;
    const struct tn_node *type = tn_node_find(g->node, "strategy.type");
    char                 text[96];

    if (type != NULL && (type->kind != TN_NODE_SCALAR ||
                         !tn_str_eq_c(type->text, tn_config_enum_text("STRATEGY", strategy))))
        return; /* wrong, and reported: what it needs is not known */
    check_preference(g);
    check_weights(g);
    check_statistics(g);
    snprintf(text, sizeof text, "has no effect with strategy %s", tn_config_enum_text("STRATEGY", strategy));
    if (g->conf->preference.count > 0 && strategy != TN_CFG_STRATEGY_FAILOVER &&
        strategy != TN_CFG_STRATEGY_ENGINE_AFFINITY)
        group_problem(g, TN_PROBLEM_WARNING, "strategy.preference", text);
    check_learning(g, text);
    check_script(g, text);
    if (g->conf->weights.count > 0 && strategy != TN_CFG_STRATEGY_WEIGHTED)
        group_problem(g, TN_PROBLEM_WARNING, "strategy.weights", text);
    if (strategy == TN_CFG_STRATEGY_ENGINE_AFFINITY && tn_node_find(g->node, "strategy.preference") == NULL)
        group_problem(g, TN_PROBLEM_WARNING, "strategy.preference",
                      "strategy engineAffinity without a preference is the same as leastLoaded");
}

static void check_fallback(const struct group_view *g)
{
    const struct tn_node *named = tn_node_get(g->node, "fallbackGroup");
    char                  path[TN_PATH_MAX];

    if (named == NULL || named->kind != TN_NODE_SCALAR || named->broken || named->text.len == 0)
        return;
    tn_path_join(path, g->path, TN_STR("fallbackGroup"));
    g->conf->fallback_index = tn_config_find_group(g->draft->config, named->text);
    if (g->conf->fallback_index < 0)
        dangling(g->draft, named, path, "no such group", g->draft->group_names);
}

/* Reported once, at the group of the cycle that comes first in the file. */
static void check_cycle(const struct tn_draft *draft, size_t start)
{
    const struct tn_group_conf *groups = draft->config->groups;
    char                        path[TN_PATH_MAX], way[TN_PATH_MAX];
    size_t                      len;
    long                        at = groups[start].fallback_index;

    tn_str_copy(way, sizeof way, groups[start].name);
    for (size_t steps = 0; at > (long)start && steps <= draft->config->group_count; steps++) {
        len = strlen(way);
        snprintf(way + len, sizeof way - len, " -> " TN_STR_FMT, TN_STR_ARG(groups[at].name));
        at = groups[at].fallback_index;
    }
    if (at != (long)start)
        return;
    tn_path_join(path, "clusterGroups", groups[start].name);
    tn_path_join(path, path, TN_STR("fallbackGroup"));
    tn_problem_add(draft->problems, TN_PROBLEM_ERROR, tn_node_line(draft->groups->items[start], "fallbackGroup"), path,
                   "fallback groups form a circle: %s -> " TN_STR_FMT, way, TN_STR_ARG(groups[start].name));
}

static bool make_room_for_members(const struct tn_draft *draft, struct tn_group_conf *group)
{
    size_t count = group->members.count;

    group->member_index = tn_arena_alloc(draft->arena, (count + 1) * sizeof *group->member_index);
    if (group->member_index == NULL) {
        draft->problems->no_memory = true;
        return false;
    }
    for (size_t i = 0; i < count; i++)
        group->member_index[i] = TN_CONFIG_NOWHERE;
    return true;
}

void tn_validate_groups(const struct tn_draft *draft)
{
    struct group_view view = {.draft = draft};

    for (size_t i = 0; i < draft->config->group_count; i++) {
        view.conf = &draft->config->groups[i];
        view.node = draft->groups->items[i];
        view.conf->fallback_index = -1;
        if (!make_room_for_members(draft, view.conf))
            return;
        if (view.node->kind != TN_NODE_MAP)
            continue; /* reported */
        tn_path_join(view.path, "clusterGroups", view.conf->name);
        check_members(&view);
        check_strategy(&view);
        check_fallback(&view);
    }
    for (size_t i = 0; i < draft->config->group_count; i++)
        check_cycle(draft, i);
}

static void check_router(const struct tn_draft *draft, const struct tn_node *router, size_t at)
{
    char          path[TN_PATH_MAX];
    struct tn_str type;

    tn_path_index(path, "routers", at);
    if (tn_node_is_map(router, path, draft->problems))
        (void)tn_node_text(router, path, "type", NULL, &type, draft->problems);
}

static void check_routers(const struct tn_draft *draft)
{
    const struct tn_node *list = tn_node_list(draft->root, "", "routers", false, draft->problems);

    draft->config->routers = list;
    for (size_t i = 0; list != NULL && !draft->routers_are_checked && i < list->count; i++)
        check_router(draft, list->items[i], i);
}

void tn_validate_routing(const struct tn_draft *draft)
{
    const struct tn_node *fallback = tn_node_get(draft->root, "routingFallback");
    struct tn_str         name;

    check_routers(draft);
    draft->config->fallback_group = TN_CONFIG_NOWHERE;
    if (fallback == NULL || fallback->kind == TN_NODE_NULL) {
        tn_problem_add(draft->problems, TN_PROBLEM_ERROR, tn_node_line(draft->root, "routingFallback"), "routingFallback",
                       "required: the group that takes what no router wants");
        return;
    }
    if (tn_node_text(draft->root, "", "routingFallback", NULL, &name, draft->problems))
        (void)tn_config_resolve_group(draft->config, fallback, "routingFallback", &draft->config->fallback_group,
                                      draft->problems);
}

#include "policies/route/access.h"
#include "policies/route/route.h"

#include "base/alloc.h"
#include "policies/route/hint.h"
#include "policies/route/router.h"

#include <stdatomic.h>

enum {
    ROUTERS_MAX = 1000,
    STEPS_MAX = 64, /* of a trace; the deciding one is always kept */
};

struct router {
    const struct tn_router_ops *ops;
    const void                 *self;
    unsigned                    line;
    unsigned                    place; /* in `routers:` */
};

struct tn_routes {
    _Atomic unsigned  refs;
    struct tn_config *config; /* counted */
    struct tn_arena   arena;
    struct tn_kept   *kept;
    size_t            count;
    struct router    *routers;
    bool              refuses; /* one of them may deny */
};

static const struct tn_router_ops *const all_routers[] = {
#define ROUTER(symbol, type) &tn_router_##symbol,
#include "policies/route/routers.def"
#undef ROUTER
};

static const char *const type_names[] = {
#define ROUTER(symbol, type) type,
#include "policies/route/routers.def"
#undef ROUTER
    NULL,
};

static const struct tn_router_ops *find_ops(struct tn_compiler *c, const struct tn_node *node, const char *path)
{
    struct tn_str type;
    const char   *near;

    if (!tn_node_text(node, path, "type", NULL, &type, c->problems))
        return NULL;
    for (size_t i = 0; i < TN_ARRAY_LEN(all_routers); i++)
        if (tn_str_eq_c(type, all_routers[i]->type))
            return all_routers[i];
    near = tn_suggest(type, type_names);
    if (near != NULL)
        tn_compile_error(c, node, path, "type", "unknown type of router; did you mean `%s`?", near);
    else
        tn_compile_error(c, node, path, "type",
                         "unknown type of router; expected protocolBased, header, queryRegex, tags, userGroup, compound, "
                         "deny, tables, statementClass, timeOfDay or pythonScript");
    return NULL;
}

static void compile_router(struct tn_routes *routes, struct tn_compiler *c, const struct tn_node *node, size_t place, const char *path)
{
    const struct tn_router_ops *ops;
    const void                 *self;

    if (!tn_node_is_map(node, path, c->problems) || (ops = find_ops(c, node, path)) == NULL)
        return;
    self = ops->compile(c, node, path);
    if (self != NULL)
        routes->routers[routes->count++] = (struct router){.ops = ops, .self = self, .line = node->line, .place = (unsigned)place};
}

static enum tn_status compile_all(struct tn_routes *routes, const struct tn_config *config, struct tn_problems *problems)
{
    const struct tn_node *list = config->routers;
    struct tn_compiler    c = {.config = config, .problems = problems, .arena = &routes->arena};
    size_t                errors = problems->errors;
    char                  path[TN_PATH_MAX];

    if (list == NULL || list->kind == TN_NODE_NULL)
        return TN_OK;
    if (!tn_node_is_list(list, "routers", problems))
        return TN_E_INVALID;
    if (list->count > ROUTERS_MAX) {
        tn_compile_error(&c, list, "routers", NULL, "more than %d routers", ROUTERS_MAX);
        return TN_E_INVALID;
    }
    routes->routers = tn_compile_alloc(&c, list->count, sizeof *routes->routers);
    for (size_t i = 0; routes->routers != NULL && i < list->count; i++) {
        tn_path_index(path, "routers", i);
        compile_router(routes, &c, list->items[i], i, path);
    }
    routes->kept = c.kept;
    routes->refuses = c.refuses;
    if (c.no_memory || problems->no_memory)
        return TN_E_NOMEM;
    return problems->errors > errors ? TN_E_INVALID : TN_OK;
}

static void free_routes(struct tn_routes *routes)
{
    for (struct tn_kept *kept = routes->kept; kept != NULL; kept = kept->next)
        kept->free_fn(kept->object);
    tn_arena_reset(&routes->arena);
    tn_config_unref(routes->config);
    tn_free(routes);
}

static struct tn_routes *new_routes(void)
{
    struct tn_routes *routes = tn_calloc(1, sizeof *routes);

    if (routes == NULL)
        return NULL;
    atomic_init(&routes->refs, 1);
    tn_arena_init(&routes->arena, 0);
    return routes;
}

enum tn_status tn_routes_new(struct tn_routes **out, const struct tn_config *config, struct tn_problems *problems)
{
    struct tn_routes *routes = new_routes();
    enum tn_status    status;

    *out = NULL;
    if (routes == NULL)
        return TN_E_NOMEM;
    status = compile_all(routes, config, problems);
    if (status != TN_OK) {
        free_routes(routes);
        return status;
    }
    routes->config = tn_config_ref(config);
    *out = routes;
    return TN_OK;
}

void tn_routes_scripts(const struct tn_routes *routes, tn_routes_visit *visit, void *arg)
{
    char path[TN_PATH_MAX];

    for (size_t i = 0; i < routes->count; i++) {
        const struct router *router = &routes->routers[i];

        if (router->ops->script == NULL)
            continue;
        tn_path_index(path, "routers", router->place);
        visit(arg, router->ops->script(router->self), router->line, path);
    }
}

void tn_routes_check_scripts(const struct tn_config *draft, struct tn_problems *problems, tn_routes_visit *visit, void *arg)
{
    struct tn_routes *routes = new_routes();

    if (routes == NULL || compile_all(routes, draft, problems) == TN_E_NOMEM)
        tn_problem_add(problems, TN_PROBLEM_ERROR, 0, "routers", "out of memory while the routers were read");
    if (routes == NULL)
        return;
    tn_routes_scripts(routes, visit, arg);
    free_routes(routes);
}

static void ignore_script(void *arg, struct tn_script *script, unsigned line, const char *path)
{
    (void)arg;
    (void)script;
    (void)line;
    (void)path;
}

void tn_routes_check(const struct tn_config *draft, struct tn_problems *problems, void *arg)
{
    tn_routes_check_scripts(draft, problems, ignore_script, arg);
}

void tn_routes_unref(struct tn_routes *routes)
{
    if (routes != NULL && atomic_fetch_sub_explicit(&routes->refs, 1, memory_order_acq_rel) == 1)
        free_routes(routes);
}

/* Appends a step; the trace's last place is kept for the step that decides. */
static void add_step(struct tn_route_result *out, struct tn_routing *r, struct tn_route_step step, const char *why)
{
    char *copy;

    if (out->step_count >= (step.matched ? STEPS_MAX : STEPS_MAX - 1))
        return;
    copy = tn_arena_strdup(r->arena, tn_str(why));
    if (copy == NULL) {
        r->no_memory = true;
        return;
    }
    for (char *at = copy; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7F)
            *at = ' ';
    step.why = tn_str(copy);
    step.why.len = tn_utf8_valid_prefix(copy, step.why.len); /* a cut in the middle of a character */
    out->steps[out->step_count++] = step;
}

static void set_target(struct tn_route_result *out, const struct tn_config *config, const struct tn_target *target)
{
    out->denied = target->deny;
    if (target->deny) {
        tn_str_copy(out->sqlstate, sizeof out->sqlstate, tn_str(target->sqlstate));
        out->message = target->message;
    } else {
        out->group = &config->groups[target->group];
    }
}

/* Runs the chain. True when a router decided. With ONLY_DENY nothing but a refusal is kept: a hint has named the group. */
static bool run_chain(const struct tn_routes *routes, struct tn_routing *r, bool only_deny, struct tn_route_result *out)
{
    for (size_t i = 0; i < routes->count; i++) {
        const struct router *router = &routes->routers[i];
        struct tn_verdict    verdict = {.rule = -1};
        char                 why[TN_WHY_MAX + 32];
        bool                 matched;

        r->limit_hit = false;
        router->ops->decide(router->self, r, &verdict);
        if (r->waits)
            return false;
        matched = verdict.target != NULL;
        snprintf(why, sizeof why, "%s%s", verdict.why, r->limit_hit ? " (a regex met its limits)" : "");
        if (!only_deny || (matched && verdict.target->deny))
            add_step(out, r, (struct tn_route_step){.router = router->ops->type, .line = router->line,
                                                    .place = router->place + 1, .rule = verdict.rule, .matched = matched}, why);
        if (!matched && (r->last_place == 0 || router->place + 1 != r->last_place))
            continue;
        if (!matched || (only_deny && !verdict.target->deny))
            return false;
        out->router = router->ops->type;
        out->rule = verdict.rule;
        set_target(out, routes->config, verdict.target);
        return true;
    }
    return false;
}

static void use_fallback(const struct tn_config *config, struct tn_routing *r, struct tn_route_result *out)
{
    out->router = "routingFallback";
    out->group = &config->groups[config->fallback_group];
    add_step(out, r, (struct tn_route_step){.router = out->router, .rule = -1, .matched = true}, "no router matched");
}

static void use_hint(const struct tn_group_conf *group, struct tn_routing *r, struct tn_route_result *out, const char *why)
{
    out->router = "hint";
    out->rule = -1;
    out->group = group;
    add_step(out, r, (struct tn_route_step){.router = "hint", .rule = -1, .matched = true}, why);
}

/* What the user may not do: a hint, or the group where it led. */
static bool check_access(const struct tn_config *config, struct tn_routing *r, struct tn_route_result *out)
{
    const struct tn_route_context *context = r->context;
    bool                           fine = true;

    if (out->denied)
        return true;
    if (!tn_access_may_hint(config, context))
        fine = tn_access_deny(out, r->arena, "Leave out hints, and turnout.group, turnout.cluster, turnout.strategy and "
                              "turnout.priority; turnout.auth.hintUsers and hintGroups name who may.",
                              "user \"%.*s\" may not say where a query goes", TN_SHORT(context->user, 80));
    else if (!tn_route_may_use(out->group, context))
        fine = tn_access_deny(out, r->arena, "The group's allowedUsers and allowedGroups name who may.",
                              "user \"%.*s\" may not use group \"%.*s\"", TN_SHORT(context->user, 80), TN_SHORT(out->group->name, 80));
    if (out->denied)
        add_step(out, r, (struct tn_route_step){.router = "access", .rule = -1, .matched = true}, "the user may not");
    return fine;
}

enum tn_status tn_routes_decide(const struct tn_routes *routes, const struct tn_route_context *context,
                                const struct tn_features *features, struct tn_str text, struct tn_arena *arena,
                                struct tn_route_result *out, struct tn_error *err)
{
    struct tn_routing           r = {.context = context, .features = features, .text = text, .arena = arena, .config = routes->config};
    const struct tn_group_conf *hinted = NULL, *moved;

    *out = (struct tn_route_result){.rule = -1};
    TN_TRY(tn_hint_group(routes->config, context, &hinted, err));
    out->steps = tn_arena_zalloc(arena, TN_MIN(routes->count + 4, (size_t)STEPS_MAX) * sizeof *out->steps);
    if (out->steps == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "routing: no memory");
    if (!run_chain(routes, &r, hinted != NULL, out)) {
        if (r.waits)
            return TN_AGAIN;
        if (hinted != NULL)
            use_hint(hinted, &r, out, "the client asked for this group");
        else
            use_fallback(routes->config, &r, out);
    }
    if (!out->denied && context->hint_cluster.len > 0) {
        TN_TRY(tn_hint_cluster(routes->config, context, out->group, &moved, err));
        out->cluster = context->hint_cluster;
        if (moved != out->group)
            use_hint(moved, &r, out, "the first group with the cluster that the client asked for");
    }
    if (!check_access(routes->config, &r, out) || r.no_memory)
        return tn_fail(err, TN_E_NOMEM, "53200", "routing: no memory");
    return TN_OK;
}

bool tn_routes_refuse(const struct tn_routes *routes, const struct tn_route_result *decided, const struct tn_route_context *context,
                      const struct tn_features *features, struct tn_str text, struct tn_arena *arena, struct tn_route_result *out)
{
    struct tn_route_context asked = *context;
    struct tn_routing       r = {.context = &asked, .features = features, .text = text, .arena = arena, .config = routes->config};

    asked.scripts = NULL; /* they had their say */
    for (size_t i = 0; i < decided->step_count; i++)
        if (decided->steps[i].matched)
            r.last_place = decided->steps[i].place;
    *out = (struct tn_route_result){.rule = -1};
    out->steps = tn_arena_zalloc(arena, TN_MIN(routes->count + 4, (size_t)STEPS_MAX) * sizeof *out->steps);
    return out->steps != NULL && run_chain(routes, &r, true, out) && out->denied;
}

bool tn_routes_may_refuse(const struct tn_routes *routes)
{
    return routes->refuses;
}

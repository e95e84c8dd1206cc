/* python_script.c - {type: pythonScript, scriptFile: route.py, timeoutMs: 500, onError: pass|deny}, or `script: |` with the text
 * itself: what route(query, ctx) of the operator's script says: the name of a group, nothing (the next router is asked), or a
 * refusal. The script runs in a process of its own (config/script_ask.h), never here. */
#include "policies/route/router.h"
#include "config/script_ask.h"

enum { TIMEOUT_MS = 500, TIMEOUT_MOST_MS = 60000 };

struct router {
    struct tn_script *script;
    uint64_t          timeout_us;
    bool              deny_on_error;
};

static void unref(void *script)
{
    tn_script_unref(script);
}

static bool read_script(struct tn_compiler *c, const struct tn_node *node, const char *path, struct router *router)
{
    bool            file = tn_node_get(node, "scriptFile") != NULL;
    const char     *key = file ? "scriptFile" : "script";
    struct tn_str   value;
    struct tn_error err = TN_ERROR_INIT;
    char            where[TN_PATH_MAX];
    enum tn_status  status;

    if (!file && tn_node_get(node, "script") == NULL) {
        tn_compile_error(c, node, path, NULL, "has no script; add `scriptFile: route.py`, or the text itself below `script: |`");
        return false;
    }
    if (!tn_node_text(node, path, key, NULL, &value, c->problems))
        return false;
    tn_path_join(where, path, tn_str(key));
    if (file && tn_node_get(node, "script") != NULL)
        tn_problem_add(c->problems, TN_PROBLEM_WARNING, tn_node_line(node, "script"), path, "`scriptFile` is read, `script` is not");
    status = file ? tn_script_open(&router->script, c->config, value, &err) : tn_script_inline(&router->script, where, value, &err);
    if (status == TN_E_NOMEM)
        c->no_memory = true;
    else if (status != TN_OK)
        tn_compile_error(c, node, path, key, "%s", err.message);
    tn_error_reset(&err);
    return status == TN_OK && tn_compile_keep(c, router->script, unref);
}

static void *compile(struct tn_compiler *c, const struct tn_node *node, const char *path)
{
    static const char *const on_error[] = {"pass", "deny", NULL};
    struct router           *router = tn_compile_alloc(c, 1, sizeof *router);
    uint64_t                 timeout_ms = TIMEOUT_MS;
    size_t                   choice = 0;
    bool                     good;

    tn_node_check_keys(node, path, (const char *const[]){"type", "script", "scriptFile", "timeoutMs", "onError", NULL}, c->problems);
    good = tn_node_u64(node, path, "timeoutMs", 1, TIMEOUT_MOST_MS, TIMEOUT_MS, &timeout_ms, c->problems);
    good = tn_node_choice(node, path, "onError", on_error, "pass", &choice, c->problems) && good;
    if (router == NULL || !read_script(c, node, path, router) || !good)
        return NULL;
    router->timeout_us = timeout_ms * 1000;
    router->deny_on_error = choice == 1;
    return router;
}

/* TEXT in the arena; a failed allocation sets no_memory. */
static struct tn_target *make_target(struct tn_routing *r)
{
    struct tn_target *target = tn_arena_zalloc(r->arena, sizeof *target);

    r->no_memory = r->no_memory || target == NULL;
    return target;
}

static void deny(struct tn_routing *r, struct tn_verdict *out, struct tn_str message, const char *sqlstate, const char *why)
{
    struct tn_target *target = make_target(r);

    if (target == NULL)
        return;
    target->deny = true;
    target->message = message;
    tn_str_copy(target->sqlstate, sizeof target->sqlstate, tn_str(sqlstate));
    tn_verdict_match(out, target, -1, "%s", why);
}

static void fail(const struct router *router, struct tn_routing *r, struct tn_verdict *out, struct tn_str why)
{
    char shown[TN_WHY_MAX], text[512];
    struct tn_str message;

    why = tn_script_short_why(router->script, why);
    snprintf(shown, sizeof shown, "failed: %.*s", TN_SHORT(why, 120));
    if (!router->deny_on_error) {
        tn_verdict_pass(out, "%s; the next is asked", shown);
        return;
    }
    snprintf(text, sizeof text, "the routing script failed: %.*s", TN_SHORT(why, 400));
    text[tn_utf8_valid_prefix(text, strlen(text))] = '\0';
    if (tn_arena_str(r->arena, tn_str(text), &message))
        deny(r, out, message, "38000", shown);
    else
        r->no_memory = true;
}

static void take_group(const struct router *router, struct tn_routing *r, struct tn_verdict *out, const struct tn_script_answer *answer)
{
    long              group = tn_config_find_group(r->config, answer->name);
    struct tn_target *target;
    char              why[TN_WHY_MAX];

    if (group < 0) {
        snprintf(why, sizeof why, "%.60s: route() named group `%.*s`, which does not exist", tn_script_short_name(router->script), TN_SHORT(answer->name, 50));
        r->context->scripts->failed(r->context->scripts, router->script, why);
        fail(router, r, out, tn_str(why));
        return;
    }
    if ((target = make_target(r)) == NULL)
        return;
    target->group = (size_t)group;
    tn_verdict_match(out, target, -1, "%.60s said %.*s%s%s%.*s", tn_script_short_name(router->script), TN_SHORT(answer->name, 50), answer->kept ? " (cached)" : "",
                     answer->why.len > 0 ? ": " : "", TN_SHORT(answer->why, 60));
}

static void decide(const void *self, struct tn_routing *r, struct tn_verdict *out)
{
    const struct router            *router = self;
    const struct tn_script_question question = {.script = router->script, .timeout_us = router->timeout_us};
    struct tn_script_answer         answer;
    char                            why[TN_WHY_MAX];

    tn_verdict_pass(out, "%.100s is not asked here", tn_script_short_name(router->script));
    if (r->context->scripts == NULL)
        return;
    if (!r->context->scripts->find(r->context->scripts, &question, &answer)) {
        r->waits = true;
        return;
    }
    switch (answer.said) {
    case TN_SCRIPT_NAMED: take_group(router, r, out, &answer); break;
    case TN_SCRIPT_FAILED: fail(router, r, out, answer.why); break;
    case TN_SCRIPT_DENIED:
        snprintf(why, sizeof why, "%.60s denied it%s", tn_script_short_name(router->script), answer.kept ? " (cached)" : "");
        deny(r, out, answer.name, answer.sqlstate, why);
        break;
    default:
        tn_verdict_pass(out, "%.60s said nothing%s%s%.*s", tn_script_short_name(router->script), answer.kept ? " (cached)" : "",
                        answer.why.len > 0 ? ": " : "", TN_SHORT(answer.why, 60));
    }
}

static struct tn_script *script(const void *self)
{
    return ((const struct router *)self)->script;
}

const struct tn_router_ops tn_router_python_script = {.type = "pythonScript", .compile = compile, .decide = decide, .script = script};

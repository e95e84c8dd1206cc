/* protocol_based.c - {type: protocolBased, postgresWire: analytics, ...}: by the protocol that the client speaks. */
#include "policies/route/condition.h"

struct entry {
    struct tn_str    protocol;
    struct tn_target target;
};

struct router {
    size_t       count;
    struct entry entries[16];
};

static bool read_entry(struct tn_compiler *c, const struct tn_node *node, const char *path, size_t i, struct entry *out)
{
    char at[TN_PATH_MAX];

    tn_path_join(at, path, node->keys[i]);
    if (tn_protocol_known(node->keys[i]) == TN_PROTOCOL_LATER)
        tn_problem_add(c->problems, TN_PROBLEM_WARNING, node->key_lines[i], at,
                       "known, not supported yet: no query comes by this protocol");
    out->protocol = tn_compile_text(c, tn_protocol_name(node->keys[i]));
    return tn_config_resolve_group(c->config, node->items[i], at, &out->target.group, c->problems);
}

static void *compile(struct tn_compiler *c, const struct tn_node *node, const char *path)
{
    const char    *allowed[16] = {"type"};
    struct router *router = tn_compile_alloc(c, 1, sizeof *router);
    bool           good = true;

    if (router == NULL)
        return NULL;
    for (size_t i = 0; tn_protocol_names[i] != NULL; i++)
        allowed[i + 1] = tn_protocol_names[i];
    tn_node_check_keys(node, path, allowed, c->problems);
    for (size_t i = 0; i < node->count && router->count < TN_ARRAY_LEN(router->entries); i++)
        if (tn_protocol_known(node->keys[i]) != TN_PROTOCOL_UNKNOWN)
            good = read_entry(c, node, path, i, &router->entries[router->count++]) && good;
    if (router->count == 0 && node->count <= 1) {
        tn_compile_error(c, node, path, NULL, "names no protocol; expected for example `postgresWire: GROUP`");
        good = false;
    }
    return good ? router : NULL;
}

static void decide(const void *self, struct tn_routing *r, struct tn_verdict *out)
{
    const struct router *router = self;

    for (size_t i = 0; i < router->count; i++)
        if (tn_str_eq_c(router->entries[i].protocol, r->context->protocol)) {
            tn_verdict_match(out, &router->entries[i].target, -1, "protocol %s", r->context->protocol);
            return;
        }
    tn_verdict_pass(out, "no group for protocol %.40s", r->context->protocol == NULL ? "?" : r->context->protocol);
}

const struct tn_router_ops tn_router_protocol_based = {.type = "protocolBased", .compile = compile, .decide = decide};

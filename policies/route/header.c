/* header.c - {type: header, headerName: x-team, headerValueToGroup: {bi: analytics}}: by a header of the request; with
 * the PostgreSQL protocol, by a start-up parameter (application_name). The name in any case, the value exactly. */
#include "policies/route/group_map.h"

struct router {
    struct tn_str       name; /* lower case */
    struct tn_group_map values;
};

static void *compile(struct tn_compiler *c, const struct tn_node *node, const char *path)
{
    struct router *router = tn_compile_alloc(c, 1, sizeof *router);
    struct tn_str  name;
    bool           good;

    tn_node_check_keys(node, path, (const char *const[]){"type", "headerName", "headerValueToGroup", NULL}, c->problems);
    good = tn_node_text(node, path, "headerName", NULL, &name, c->problems);
    if (router == NULL)
        return NULL;
    good = tn_group_map_compile(c, node, path, "headerValueToGroup", true, &router->values) && good;
    router->name = tn_compile_lower(c, name);
    return good ? router : NULL;
}

static void decide(const void *self, struct tn_routing *r, struct tn_verdict *out)
{
    const struct router *router = self;
    bool                 seen = false;

    for (size_t i = 0; i < r->context->header_count; i++) {
        const struct tn_tag *header = &r->context->headers[i];
        long                 at;

        if (!tn_str_eq(header->key, router->name))
            continue;
        seen = true;
        at = tn_group_map_find(&router->values, header->value);
        if (at >= 0) {
            tn_verdict_match(out, &router->values.targets[at], (int)at, "header %.*s is `%.*s`", TN_SHORT(router->name, 40),
                             TN_SHORT(header->value, 60));
            return;
        }
    }
    tn_verdict_pass(out, seen ? "no group for the value of header %.*s" : "no header %.*s", TN_SHORT(router->name, 60));
}

const struct tn_router_ops tn_router_header = {.type = "header", .compile = compile, .decide = decide};

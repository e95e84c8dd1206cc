/* router.h - inside policies/route: what a router type fills in, and what compiling and deciding share.
 *
 * To add a router: a file with `const struct tn_router_ops tn_router_<symbol>`, a line in routers.def, a golden file
 * tests/golden/route_<type>.cases. A compiled router lives in the routes' arena, is never changed and is used by all
 * workers at once; what needs an end of its own (a regex, a time zone) is registered with tn_compile_keep(). */
#ifndef TN_POLICIES_ROUTE_ROUTER_H
#define TN_POLICIES_ROUTE_ROUTER_H

#include "policies/route/route.h"

enum { TN_WHY_MAX = 160 }; /* bytes of one trace text, with its NUL */

/* Something to be freed with the routes. */
struct tn_kept {
    struct tn_kept *next;
    void          (*free_fn)(void *object);
    void           *object;
};

struct tn_compiler {
    const struct tn_config *config;
    struct tn_problems     *problems;
    struct tn_arena        *arena;
    struct tn_kept         *kept;
    bool                    no_memory;
    bool                    refuses; /* a router that may deny was read */
};

/* From the arena, zeroed; NULL sets no_memory. */
TN_MUST_USE void *tn_compile_alloc(struct tn_compiler *c, size_t count, size_t size);
struct tn_str     tn_compile_text(struct tn_compiler *c, struct tn_str text);  /* a copy; empty when no memory */
struct tn_str     tn_compile_lower(struct tn_compiler *c, struct tn_str text); /* a copy in lower case */
/* Takes over OBJECT; when there is no memory it is freed at once. */
bool tn_compile_keep(struct tn_compiler *c, void *object, void (*free_fn)(void *object));
/* An error at NODE, PATH.KEY (KEY NULL: PATH itself). */
void tn_compile_error(struct tn_compiler *c, const struct tn_node *node, const char *path, const char *key,
                      const char *fmt, ...) TN_PRINTF(5, 6);

/* One or more texts under KEY: a list, or a single scalar. COUNT 0: absent or wrong (reported when wrong or REQUIRED). */
struct tn_texts {
    size_t         count;
    struct tn_str *items;
    unsigned       line;
};
bool tn_compile_texts(struct tn_compiler *c, const struct tn_node *map, const char *path, const char *key, bool required,
                      struct tn_texts *out);

/* Where a match leads: a group, or a refusal. */
struct tn_target {
    bool          deny;
    size_t        group;
    char          sqlstate[6];
    struct tn_str message;
};
/* Keys that tn_compile_target() reads, for tn_node_check_keys(). */
#define TN_TARGET_KEYS "targetGroup", "action", "error", "message", "sqlstate"
/* From `targetGroup: g`, or `action: deny` with `error` (or `message`) and `sqlstate`. False when wrong (reported). */
bool tn_compile_target(struct tn_compiler *c, const struct tn_node *map, const char *path, struct tn_target *out);
/* The refusal alone: message and sqlstate, defaults from BASE (may be NULL). */
bool tn_compile_deny(struct tn_compiler *c, const struct tn_node *map, const char *path, const struct tn_target *base,
                     struct tn_target *out);

/* A statement on its way through the chain. */
struct tn_routing {
    const struct tn_route_context *context;
    const struct tn_features      *features;
    struct tn_str                  text;
    struct tn_arena               *arena;
    void                          *match; /* regex.c's, made at first use */
    bool                           limit_hit; /* a regex ran into its limits in the router at work */
    const struct tn_config        *config;
    unsigned                       last_place; /* of the last router that is asked, as a step's; 0 = all are */
    bool                           waits;     /* the router at work has asked a script, which has not answered yet */
    bool                           no_memory;
};

/* A router's answer; zero = pass. */
struct tn_verdict {
    const struct tn_target *target;        /* NULL = no match */
    int                     rule;          /* 0-based, -1 = the router has none */
    char                    why[TN_WHY_MAX];
};
void tn_verdict_match(struct tn_verdict *out, const struct tn_target *target, int rule, const char *fmt, ...)
    TN_PRINTF(4, 5);
void tn_verdict_pass(struct tn_verdict *out, const char *fmt, ...) TN_PRINTF(2, 3);
/* For texts in a verdict: at most MAX bytes of TEXT, as "%.*s" arguments. */
#define TN_SHORT(text, most) (int)TN_MIN((text).len, (size_t)(most)), (text).ptr == NULL ? "" : (text).ptr

struct tn_router_ops {
    const char *type;
    /* NODE is a map with `type`. NULL when there is a mistake (reported) or no memory. */
    void *(*compile)(struct tn_compiler *c, const struct tn_node *node, const char *path);
    void (*decide)(const void *router, struct tn_routing *r, struct tn_verdict *out);
    struct tn_script *(*script)(const void *router); /* that it asks, with the entry route(); NULL: none */
};

#define ROUTER(symbol, type) extern const struct tn_router_ops tn_router_##symbol;
#include "policies/route/routers.def"
#undef ROUTER

#endif

/* compile.c - what the router types share while they are read from the configuration. */
#include "policies/route/router.h"

#include <stdarg.h>

static const char default_sqlstate[] = "42501";

void *tn_compile_alloc(struct tn_compiler *c, size_t count, size_t size)
{
    void *memory = size != 0 && count > SIZE_MAX / size ? NULL : tn_arena_zalloc(c->arena, TN_MAX(count * size, (size_t)1));

    if (memory == NULL)
        c->no_memory = true;
    return memory;
}

struct tn_str tn_compile_text(struct tn_compiler *c, struct tn_str text)
{
    struct tn_str copy;

    if (tn_arena_str(c->arena, text, &copy))
        return copy;
    c->no_memory = true;
    return TN_STR("");
}

struct tn_str tn_compile_lower(struct tn_compiler *c, struct tn_str text)
{
    char *copy = tn_arena_strdup(c->arena, text);

    if (copy == NULL) {
        c->no_memory = true;
        return TN_STR("");
    }
    for (size_t i = 0; i < text.len; i++)
        copy[i] = tn_ascii_lower(copy[i]);
    return tn_str_n(copy, text.len);
}

bool tn_compile_keep(struct tn_compiler *c, void *object, void (*free_fn)(void *object))
{
    struct tn_kept *kept = tn_compile_alloc(c, 1, sizeof *kept);

    if (kept == NULL) {
        free_fn(object);
        return false;
    }
    *kept = (struct tn_kept){.next = c->kept, .free_fn = free_fn, .object = object};
    c->kept = kept;
    return true;
}

void tn_compile_error(struct tn_compiler *c, const struct tn_node *node, const char *path, const char *key,
                      const char *fmt, ...)
{
    char     text[768], where[TN_PATH_MAX];
    unsigned line = key == NULL ? (node == NULL ? 0 : node->line) : tn_node_line(node, key);
    va_list  args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (key == NULL)
        tn_str_copy(where, sizeof where, tn_str(path));
    else
        tn_path_join(where, path, tn_str(key));
    tn_problem_add(c->problems, TN_PROBLEM_ERROR, line, where, "%s", text);
}

/* A scalar that can be used as a text; anything else is reported. */
static bool usable_text(struct tn_compiler *c, const struct tn_node *node, const char *path)
{
    char shown[128];

    if (node->kind == TN_NODE_SCALAR && node->text.len > 0 && memchr(node->text.ptr, '\0', node->text.len) == NULL)
        return true;
    tn_compile_error(c, node, path, NULL, "expected a text, found %s", tn_node_describe(node, shown, sizeof shown));
    return false;
}

bool tn_compile_texts(struct tn_compiler *c, const struct tn_node *map, const char *path, const char *key, bool required,
                      struct tn_texts *out)
{
    const struct tn_node *node = tn_node_get(map, key);
    const struct tn_node *list;
    char                  where[TN_PATH_MAX];

    *out = (struct tn_texts){.line = tn_node_line(map, key)};
    if (node != NULL && node->kind == TN_NODE_SCALAR) {
        tn_path_join(where, path, tn_str(key));
        if (!usable_text(c, node, where) || (out->items = tn_compile_alloc(c, 1, sizeof *out->items)) == NULL)
            return false;
        out->items[0] = tn_compile_text(c, node->text);
        out->count = 1;
        return !c->no_memory;
    }
    list = tn_node_list_of_text(map, path, key, required || node != NULL, c->problems);
    if (list == NULL)
        return node == NULL && !required;
    out->items = tn_compile_alloc(c, list->count, sizeof *out->items);
    for (size_t i = 0; out->items != NULL && i < list->count; i++)
        out->items[i] = tn_compile_text(c, list->items[i]->text);
    out->count = out->items == NULL ? 0 : list->count;
    return !c->no_memory;
}

/* Five characters A-Z 0-9; classes 00 (success), 01 (warning) and 02 (no data) are no errors. */
static bool check_sqlstate(struct tn_compiler *c, const struct tn_node *map, const char *path, struct tn_str code,
                           char out[6])
{
    bool good = code.len == 5;

    for (size_t i = 0; good && i < code.len; i++)
        good = (code.ptr[i] >= 'A' && code.ptr[i] <= 'Z') || (code.ptr[i] >= '0' && code.ptr[i] <= '9');
    if (!good) {
        tn_compile_error(c, map, path, "sqlstate", "expected five characters A-Z or 0-9, such as 42501");
        return false;
    }
    if (code.ptr[0] == '0' && code.ptr[1] <= '2') {
        tn_compile_error(c, map, path, "sqlstate", "class %.2s is not an error; use a code such as 42501", code.ptr);
        return false;
    }
    tn_str_copy(out, 6, code);
    return true;
}

bool tn_compile_deny(struct tn_compiler *c, const struct tn_node *map, const char *path, const struct tn_target *base,
                     struct tn_target *out)
{
    const char   *key = tn_node_get(map, "message") != NULL ? "message" : "error";
    struct tn_str message, code;
    bool          good;

    *out = (struct tn_target){.deny = true};
    c->refuses = true;
    good = tn_node_text(map, path, key, "", &message, c->problems);
    good = tn_node_text(map, path, "sqlstate", "", &code, c->problems) && good;
    if (tn_node_get(map, "message") != NULL && tn_node_get(map, "error") != NULL) {
        tn_compile_error(c, map, path, "error", "`message` says it already; keep one of the two");
        good = false;
    }
    if (message.len == 0)
        message = base != NULL ? base->message : TN_STR("denied by a routing rule");
    out->message = tn_compile_text(c, message);
    if (tn_node_get(map, "sqlstate") == NULL)
        tn_str_copy(out->sqlstate, sizeof out->sqlstate, tn_str(base != NULL ? base->sqlstate : default_sqlstate));
    else
        good = check_sqlstate(c, map, path, code, out->sqlstate) && good;
    return good && !c->no_memory;
}

bool tn_compile_target(struct tn_compiler *c, const struct tn_node *map, const char *path, struct tn_target *out)
{
    static const char *const actions[] = {"route", "deny", NULL};
    static const char *const only_deny[] = {"error", "message", "sqlstate"};
    size_t                   action;
    bool                     good = true;

    if (!tn_node_choice(map, path, "action", actions, "route", &action, c->problems))
        return false;
    if (action == 1) {
        if (tn_node_get(map, "targetGroup") != NULL) {
            tn_compile_error(c, map, path, "targetGroup", "a rule with `action: deny` leads to no group; remove one of the two");
            good = false;
        }
        return tn_compile_deny(c, map, path, NULL, out) && good;
    }
    *out = (struct tn_target){.deny = false};
    for (size_t i = 0; i < TN_ARRAY_LEN(only_deny); i++)
        if (tn_node_get(map, only_deny[i]) != NULL) {
            tn_compile_error(c, map, path, only_deny[i], "has a meaning only with `action: deny`");
            good = false;
        }
    return tn_config_group_key(c->config, map, path, "targetGroup", &out->group, c->problems) && good;
}

void tn_verdict_match(struct tn_verdict *out, const struct tn_target *target, int rule, const char *fmt, ...)
{
    va_list args;

    out->target = target;
    out->rule = rule;
    va_start(args, fmt);
    vsnprintf(out->why, sizeof out->why, fmt, args);
    va_end(args);
}

void tn_verdict_pass(struct tn_verdict *out, const char *fmt, ...)
{
    va_list args;

    out->target = NULL;
    out->rule = -1;
    va_start(args, fmt);
    vsnprintf(out->why, sizeof out->why, fmt, args);
    va_end(args);
}

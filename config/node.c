#include "config/node.h"

#include <inttypes.h>

enum { SHOWN_MAX = 60 };

const struct tn_node *tn_node_get(const struct tn_node *map, const char *key)
{
    if (map == NULL || map->kind != TN_NODE_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (tn_str_eq_c(map->keys[i], key))
            return map->items[i];
    return NULL;
}

const struct tn_node *tn_node_find(const struct tn_node *map, const char *dotted)
{
    char        key[128];
    const char *dot;

    while (map != NULL && (dot = strchr(dotted, '.')) != NULL) {
        tn_str_copy(key, sizeof key, tn_str_n(dotted, (size_t)(dot - dotted)));
        map = tn_node_get(map, key);
        dotted = dot + 1;
    }
    return tn_node_get(map, dotted);
}

unsigned tn_node_line(const struct tn_node *map, const char *key)
{
    if (map == NULL)
        return 1;
    if (map->kind == TN_NODE_MAP)
        for (size_t i = 0; i < map->count; i++)
            if (tn_str_eq_c(map->keys[i], key))
                return map->key_lines[i];
    return map->line;
}

const char *tn_node_describe(const struct tn_node *node, char *out, size_t size)
{
    struct tn_str shown;

    if (node == NULL || node->kind == TN_NODE_NULL)
        return "nothing";
    if (node->kind != TN_NODE_SCALAR)
        return node->kind == TN_NODE_LIST ? "a list" : "a map";
    shown = node->shown;
    if (shown.len > SHOWN_MAX)
        snprintf(out, size, "`%.*s...`", (int)tn_utf8_valid_prefix(shown.ptr, SHOWN_MAX), shown.ptr);
    else
        snprintf(out, size, "`" TN_STR_FMT "`", TN_STR_ARG(shown));
    return out;
}

static void unknown_key(const struct tn_node *map, size_t at, const char *path, const char *const *allowed,
                        struct tn_problems *problems)
{
    char        full[TN_PATH_MAX];
    const char *near = tn_suggest(map->keys[at], allowed);

    tn_path_join(full, path, map->keys[at]);
    if (near != NULL)
        tn_problem_add(problems, TN_PROBLEM_ERROR, map->key_lines[at], full, "unknown key; did you mean `%s`?", near);
    else
        tn_problem_add(problems, TN_PROBLEM_ERROR, map->key_lines[at], full, "unknown key");
}

void tn_node_check_keys(const struct tn_node *map, const char *path, const char *const *allowed,
                        struct tn_problems *problems)
{
    if (map == NULL || map->kind != TN_NODE_MAP)
        return;
    for (size_t i = 0; i < map->count; i++) {
        size_t k = 0;

        while (allowed[k] != NULL && !tn_str_eq_c(map->keys[i], allowed[k]))
            k++;
        if (allowed[k] == NULL)
            unknown_key(map, i, path, allowed, problems);
    }
}

static bool wrong(const struct tn_node *node, const char *path, const char *expected, struct tn_problems *problems)
{
    char got[SHOWN_MAX * 2];

    if (!node->broken)
        tn_problem_add(problems, TN_PROBLEM_ERROR, node->line, path, "expected %s, got %s", expected,
                       tn_node_describe(node, got, sizeof got));
    return false;
}

bool tn_node_is_map(const struct tn_node *node, const char *path, struct tn_problems *problems)
{
    return node->kind == TN_NODE_MAP || wrong(node, path, "a map (key: value)", problems);
}

bool tn_node_is_list(const struct tn_node *node, const char *path, struct tn_problems *problems)
{
    return node->kind == TN_NODE_LIST || wrong(node, path, "a list", problems);
}

static bool is_text(const struct tn_node *node, const char *path, struct tn_problems *problems)
{
    if (node->kind != TN_NODE_SCALAR || node->broken)
        return wrong(node, path, "a text", problems);
    if (node->text.len > 0 && memchr(node->text.ptr, '\0', node->text.len) != NULL) {
        tn_problem_add(problems, TN_PROBLEM_ERROR, node->line, path, "a text must not contain a NUL character");
        return false;
    }
    return true;
}

static bool missing(const struct tn_node *map, const char *full, struct tn_problems *problems)
{
    tn_problem_add(problems, TN_PROBLEM_ERROR, map == NULL ? 1 : map->line, full, "required, but missing");
    return false;
}

bool tn_node_text(const struct tn_node *map, const char *path, const char *key, const char *dflt, struct tn_str *out,
                  struct tn_problems *problems)
{
    char                  full[TN_PATH_MAX];
    const struct tn_node *node = tn_node_get(map, key);

    *out = dflt == NULL ? TN_STR("") : tn_str(dflt);
    tn_path_join(full, path, tn_str(key));
    if (node == NULL)
        return dflt != NULL || missing(map, full, problems);
    if (!is_text(node, full, problems))
        return false;
    *out = node->text;
    return true;
}

bool tn_node_u64(const struct tn_node *map, const char *path, const char *key, uint64_t min, uint64_t max, uint64_t dflt,
                 uint64_t *out, struct tn_problems *problems)
{
    char                  full[TN_PATH_MAX], expected[96];
    const struct tn_node *node = tn_node_get(map, key);

    *out = dflt;
    if (node == NULL)
        return true;
    tn_path_join(full, path, tn_str(key));
    snprintf(expected, sizeof expected, "a whole number from %" PRIu64 " to %" PRIu64, min, max);
    if (node->kind != TN_NODE_SCALAR || !tn_str_to_u64(node->text, max, out) || *out < min) {
        *out = dflt;
        return wrong(node, full, expected, problems);
    }
    return true;
}

static void unknown_choice(const struct tn_node *node, const char *path, const char *const *choices,
                           struct tn_problems *problems)
{
    char        all[512] = "", got[SHOWN_MAX * 2];
    size_t      at = 0;
    const char *near = node->kind == TN_NODE_SCALAR ? tn_suggest(node->shown, choices) : NULL;

    for (size_t i = 0; choices[i] != NULL && at < sizeof all; i++)
        at += (size_t)snprintf(all + at, sizeof all - at, "%s%s", i == 0 ? "" : ", ", choices[i]);
    tn_problem_add(problems, TN_PROBLEM_ERROR, node->line, path, "expected one of %s; got %s%s%s%s", all,
                   tn_node_describe(node, got, sizeof got), near == NULL ? "" : "; did you mean `",
                   near == NULL ? "" : near, near == NULL ? "" : "`?");
}

bool tn_node_choice(const struct tn_node *map, const char *path, const char *key, const char *const *choices,
                    const char *dflt, size_t *out, struct tn_problems *problems)
{
    char                  full[TN_PATH_MAX];
    const struct tn_node *node = tn_node_get(map, key);
    struct tn_str         name = node == NULL ? tn_str(dflt) : node->text;

    *out = 0;
    tn_path_join(full, path, tn_str(key));
    if (node == NULL && dflt == NULL)
        return missing(map, full, problems);
    if (node == NULL || node->kind == TN_NODE_SCALAR)
        for (size_t i = 0; choices[i] != NULL; i++)
            if (tn_str_eq_c(name, choices[i])) {
                *out = i;
                return true;
            }
    if (node != NULL && !node->broken)
        unknown_choice(node, full, choices, problems);
    return false;
}

/* An absent or empty container is NULL: reported when REQUIRED. */
static const struct tn_node *container(const struct tn_node *map, const char *full, const char *key, bool required,
                                       enum tn_node_kind kind, struct tn_problems *problems)
{
    const struct tn_node *node = tn_node_get(map, key);

    if (node == NULL || (node->kind == TN_NODE_NULL && !required)) {
        if (required)
            missing(map, full, problems);
        return NULL;
    }
    if (node->kind != kind) {
        wrong(node, full, kind == TN_NODE_LIST ? "a list" : "a map (key: value)", problems);
        return NULL;
    }
    if (required && node->count == 0) {
        tn_problem_add(problems, TN_PROBLEM_ERROR, node->line, full, "must not be empty");
        return NULL;
    }
    return node;
}

const struct tn_node *tn_node_list(const struct tn_node *map, const char *path, const char *key, bool required,
                                   struct tn_problems *problems)
{
    char full[TN_PATH_MAX];

    tn_path_join(full, path, tn_str(key));
    return container(map, full, key, required, TN_NODE_LIST, problems);
}

const struct tn_node *tn_node_map(const struct tn_node *map, const char *path, const char *key, bool required,
                                  struct tn_problems *problems)
{
    char full[TN_PATH_MAX];

    tn_path_join(full, path, tn_str(key));
    return container(map, full, key, required, TN_NODE_MAP, problems);
}

const struct tn_node *tn_node_list_of_text(const struct tn_node *map, const char *path, const char *key, bool required,
                                           struct tn_problems *problems)
{
    char                  full[TN_PATH_MAX], item[TN_PATH_MAX];
    const struct tn_node *list = tn_node_list(map, path, key, required, problems);
    bool                  good = true;

    tn_path_join(full, path, tn_str(key));
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        tn_path_index(item, full, i);
        good = is_text(list->items[i], item, problems) && good;
    }
    return good ? list : NULL;
}

const struct tn_node *tn_node_map_of_text(const struct tn_node *map, const char *path, const char *key, bool required,
                                          bool nulls, struct tn_problems *problems)
{
    char                  full[TN_PATH_MAX], item[TN_PATH_MAX];
    const struct tn_node *found = tn_node_map(map, path, key, required, problems);
    bool                  good = true;

    tn_path_join(full, path, tn_str(key));
    for (size_t i = 0; found != NULL && i < found->count; i++) {
        if (nulls && found->items[i]->kind == TN_NODE_NULL)
            continue;
        tn_path_join(item, full, found->keys[i]);
        good = is_text(found->items[i], item, problems) && good;
    }
    return good ? found : NULL;
}

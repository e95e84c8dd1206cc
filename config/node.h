/* node.h - a YAML document as a tree that remembers lines.
 *
 * Routers (policies/route) read their own part of the tree with the helpers below, so that their mistakes are reported
 * in the same words as everybody's. Reading a router looks like this:
 *
 *   tn_path_index(path, "routers", i);                                     "routers[2]"
 *   tn_node_check_keys(node, path, (const char *const[]){"type", "rules", NULL}, problems);
 *   rules = tn_node_list(node, path, "rules", true, problems);             NULL: absent or wrong, reported
 *   for (size_t k = 0; rules != NULL && k < rules->count; k++) {
 *       tn_path_join(sub, path, TN_STR("rules"));
 *       tn_path_index(sub, sub, k);                                        "routers[2].rules[0]"
 *       if (!tn_node_is_map(rules->items[k], sub, problems)) continue;
 *       tn_node_text(rules->items[k], sub, "regex", NULL, &regex, problems);
 *   }
 *
 * A group by name: tn_config_resolve_group() in config.h. Your own complaint: tn_problem_add() with node->line, the
 * path and, where a text of the file is named, node->shown. Never node->text: it may hold a secret that came by ${ENV}. */
#ifndef TN_CONFIG_NODE_H
#define TN_CONFIG_NODE_H

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"
#include "config/problems.h"

enum tn_node_kind { TN_NODE_NULL, TN_NODE_SCALAR, TN_NODE_LIST, TN_NODE_MAP };

struct tn_node {
    enum tn_node_kind kind;
    unsigned          line;     /* 1-based */
    bool              quoted;   /* scalar written in quotes: text even if it reads like a number */
    bool              broken;   /* its ${ENV} could not be replaced; reported, so readers stay silent */
    struct tn_str     text;     /* scalar, ${ENV} replaced, NUL-terminated */
    struct tn_str     shown;    /* scalar as the file has it: what a message may repeat */
    size_t            count;    /* list items or map pairs */
    struct tn_node  **items;    /* list items, or map values; never NULL inside */
    struct tn_str    *keys;     /* map keys, in file order, NUL-terminated */
    unsigned         *key_lines;
};

const struct tn_node *tn_node_get(const struct tn_node *map, const char *key); /* NULL when absent or not a map */
/* By dotted path: "frontends.postgresWire.port". */
const struct tn_node *tn_node_find(const struct tn_node *map, const char *dotted);
/* Line of KEY in MAP; the map's own when the key is absent; 1 when MAP is NULL. */
unsigned tn_node_line(const struct tn_node *map, const char *key);

/* Reports every key of MAP that is not in the NULL-terminated list ALLOWED, with a did-you-mean. PATH names the map. */
void tn_node_check_keys(const struct tn_node *map, const char *path, const char *const *allowed,
                        struct tn_problems *problems);

/* False, and reported, when NODE is not a map (list). PATH names NODE itself. */
bool tn_node_is_map(const struct tn_node *node, const char *path, struct tn_problems *problems);
bool tn_node_is_list(const struct tn_node *node, const char *path, struct tn_problems *problems);

/* Typed reading: false, and a problem added, when the key is present but wrong, or required and absent (NULL DEFAULT).
 * The texts live as long as the tree and end in NUL; a text with a NUL inside is refused. *OUT is always set: to the
 * value, else to the default, else to an empty text. PATH names MAP. */
bool tn_node_text(const struct tn_node *map, const char *path, const char *key, const char *dflt, struct tn_str *out,
                  struct tn_problems *problems);
bool tn_node_u64(const struct tn_node *map, const char *path, const char *key, uint64_t min, uint64_t max, uint64_t dflt,
                 uint64_t *out, struct tn_problems *problems);
/* One of the NULL-terminated CHOICES; *OUT is its place. DFLT NULL = required. */
bool tn_node_choice(const struct tn_node *map, const char *path, const char *key, const char *const *choices,
                    const char *dflt, size_t *out, struct tn_problems *problems);

/* The list (map) below KEY; NULL when absent (reported if REQUIRED), empty and REQUIRED (reported), or wrong (reported). */
const struct tn_node *tn_node_list(const struct tn_node *map, const char *path, const char *key, bool required,
                                   struct tn_problems *problems);
const struct tn_node *tn_node_map(const struct tn_node *map, const char *path, const char *key, bool required,
                                  struct tn_problems *problems);
/* The same, and every item (value) is a text without NUL; a map's value may be null when NULLS is set. What is wrong is
 * reported; NULL then. Use items[i]->text. */
const struct tn_node *tn_node_list_of_text(const struct tn_node *map, const char *path, const char *key, bool required,
                                           struct tn_problems *problems);
const struct tn_node *tn_node_map_of_text(const struct tn_node *map, const char *path, const char *key, bool required,
                                          bool nulls, struct tn_problems *problems);

/* What a message says of a value that is wrong: "`abc`" (as shown, cut), "a list", "a map" or "nothing". */
const char *tn_node_describe(const struct tn_node *node, char *out, size_t size);

/* "10MB", "64KiB", "4096"; "30s", "500ms", "1.5h", "0". False when the text is neither. See units.c. */
bool tn_parse_size(struct tn_str text, uint64_t *bytes);
bool tn_parse_duration(struct tn_str text, uint64_t *us);

#endif

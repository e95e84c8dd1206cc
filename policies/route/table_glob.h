/* table_glob.h - patterns on the names of tables.
 *
 * Name and pattern are split at dots (a quoted part may hold dots) and compared part by part from the right, in any case;
 * `*` and `?` stay inside a part.
 *   - A pattern with fewer parts than the name fits in every schema: `orders` fits sales.orders and db.sales.orders.
 *   - A pattern with more parts than the name fits when its extra parts are `*`: `*.orders` fits orders, `sales.orders`
 *     does not (which schema orders is in is known to the engine only). */
#ifndef TN_POLICIES_ROUTE_TABLE_GLOB_H
#define TN_POLICIES_ROUTE_TABLE_GLOB_H

#include "policies/route/router.h"

struct tn_table_set {
    size_t         count;
    struct tn_str *patterns;
    bool           all; /* every table must fit one of them; else: at least one table */
};

bool tn_table_fits(struct tn_str pattern, struct tn_str name);

/* From `tables` (text or list) and `match: any|all` in MAP. */
bool tn_table_set_compile(struct tn_compiler *c, const struct tn_node *map, const char *path, struct tn_table_set *out);
/* False for a statement that names no table. *WHICH is the table that decided (empty when none did). With more tables
 * than are kept, `all` is false: the rest is not known. */
bool tn_table_set_matches(const struct tn_table_set *set, const struct tn_features *features, struct tn_str *which);

#endif

/* qualify.h - names with a database in front of them: shop.orders, where shop is no more than what the session calls the engine's own
 * schema. Pure. */
#ifndef TN_MYSQL_QUALIFY_H
#define TN_MYSQL_QUALIFY_H

#include "base/arena.h"

/* Does SQL name a table of DATABASE, with it in front? */
bool tn_my_qualifies(struct tn_str sql, struct tn_str database);
/* SQL without it, in ARENA. False: no memory. */
TN_MUST_USE bool tn_my_unqualify(struct tn_str sql, struct tn_str database, struct tn_arena *arena, struct tn_str *out);

#endif

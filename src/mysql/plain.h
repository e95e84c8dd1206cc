/* plain.h - a statement in MySQL's spelling to what all other engines read: names in "double quotes", texts in 'single' ones without
 * backslashes, no #-comments, no SQL_NO_CACHE or SQL_CALC_FOUND_ROWS, parameters as $1. Nothing else is changed: what differs in meaning is the translation's. Pure. */
#ifndef TN_MYSQL_PLAIN_H
#define TN_MYSQL_PLAIN_H

#include "base/arena.h"

/* *OUT is SQL itself where there is nothing to do, else in ARENA. PARAMS (may be NULL: `?` stays as it is) receives how many there
 * are. False: no memory. */
TN_MUST_USE bool tn_my_plain(struct tn_str sql, struct tn_arena *arena, struct tn_str *out, unsigned *params);

/* The content of a quoted text or name of MySQL, escapes undone; PTR NULL: no memory. QUOTED has its quotes. */
struct tn_str tn_my_unquote(struct tn_str quoted, struct tn_arena *arena);

#endif

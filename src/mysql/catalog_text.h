/* catalog_text.h - a statement about information_schema in MySQL's spelling -> one that SQLite reads: texts, marks, operators,
 * collations, and functions whose names are words of SQLite's. Pure, but for @variables, which the session knows. */
#ifndef TN_MYSQL_CATALOG_TEXT_H
#define TN_MYSQL_CATALOG_TEXT_H

#include "base/arena.h"
#include "base/buf.h"

struct tn_my_session;

/* Appends to OUT. S: whose @variables and @@variables are meant; NULL: they stay as they are. ARENA: scratch. False: no memory. */
TN_MUST_USE bool tn_my_catalog_text(struct tn_my_session *s, struct tn_str sql, struct tn_arena *arena, struct tn_buf *out);

#endif

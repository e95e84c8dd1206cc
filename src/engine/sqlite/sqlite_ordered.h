/* sqlite_ordered.h - group_concat() whose texts come in an order, which SQLite has since 3.44 only:
 *
 *   group_concat_by(TEXT, SEPARATOR, ORDER, KEY...)
 *
 * ORDER has a letter for each key, a = ascending, d = descending, in upper case with NULLs at the end where SQLite has them not (last
 * if ascending); a u in front of them: equal texts once, where the
 * text is a key. NULL texts are left out; of none the answer is NULL. */
#ifndef TN_ENGINE_SQLITE_ORDERED_H
#define TN_ENGINE_SQLITE_ORDERED_H

#include <sqlite3.h>

/* Gives it to DB. An SQLite result code. */
int tn_sqlite_ordered(sqlite3 *db);

#endif

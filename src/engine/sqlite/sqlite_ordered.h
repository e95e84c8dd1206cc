/* sqlite_ordered.h - group_concat() whose texts come in an order, which SQLite has since 3.44 only, and the value of one row in an order:
 *
 *   group_concat_by(TEXT, SEPARATOR, ORDER, KEY...)
 *   first_by(VALUE, NUMBER, ORDER, KEY...)      NUMBER is from 1; NULL where there is no such row
 *
 * ORDER has a letter for each key, a = ascending, d = descending, in upper case with NULLs at the end where SQLite has them not (last
 * if ascending); a u in front of them: equal texts once, where the
 * text is a key. NULL texts are left out (not by first_by()); of none the answer is NULL. */
#ifndef TN_ENGINE_SQLITE_ORDERED_H
#define TN_ENGINE_SQLITE_ORDERED_H

#include <sqlite3.h>

/* < 0, 0 or > 0, as ORDER BY has them: NULLs, numbers, texts, blobs. */
int tn_sqlite_compare(sqlite3_value *a, sqlite3_value *b);

/* Gives them to DB. An SQLite result code. */
int tn_sqlite_ordered(sqlite3 *db);

#endif

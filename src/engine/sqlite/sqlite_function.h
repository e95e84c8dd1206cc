/* sqlite_function.h - what SQL of other engines calls and SQLite has no function for: regular expressions (PCRE2), digests, reverse(),
 * standard deviations, bitwise aggregates, sleep(), and what sqlite_ordered.h and sqlite_chosen.h say. A translated statement may call them, and so may a client. */
#ifndef TN_ENGINE_SQLITE_FUNCTION_H
#define TN_ENGINE_SQLITE_FUNCTION_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Gives them to DB. An SQLite result code. None is given in the place of one that SQLite has.
 * Another thread sets INTERRUPTED, which lives as long as DB, to end a sleep(). */
int tn_sqlite_functions(sqlite3 *db, _Atomic bool *interrupted);

#endif

/* sqlite_chosen.h - aggregates that give one of the values of their rows, as it is:
 *
 *   max_by(X, Y), min_by(X, Y)                the X of the row with the greatest or least Y; rows without a Y are left out
 *   percentile_disc(X, P), percentile_cont(X, P)   the X at P (0 to 1) of all in their order; _cont: between the two nearest, a double
 *
 * Of no rows the answer is NULL, and of a group with more than a million values or 64 MiB of them an error. */
#ifndef TN_ENGINE_SQLITE_CHOSEN_H
#define TN_ENGINE_SQLITE_CHOSEN_H

#include <sqlite3.h>

/* Gives them to DB. An SQLite result code. */
int tn_sqlite_chosen(sqlite3 *db);

#endif

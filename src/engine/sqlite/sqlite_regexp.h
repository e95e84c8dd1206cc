/* sqlite_regexp.h - regular expressions of PCRE2 as functions of SQLite. A pattern is compiled once a statement, its length, the steps
 * and the memory of a match are limited: an error says so. */
#ifndef TN_ENGINE_SQLITE_REGEXP_H
#define TN_ENGINE_SQLITE_REGEXP_H

#include <sqlite3.h>

/* regexp(PATTERN, TEXT): TEXT REGEXP PATTERN, letters as they are; (?i) in front folds them. 0, 1 or NULL. */
void tn_sqlite_regexp(sqlite3_context *context, int argc, sqlite3_value **argv);
/* regexp_replace(TEXT, PATTERN, NEW[, FLAGS]): every place, with FLAGS that have no g the first; $1 in NEW is a group. */
void tn_sqlite_regexp_replace(sqlite3_context *context, int argc, sqlite3_value **argv);
/* regexp_substr(TEXT, PATTERN): the first place, or NULL. */
void tn_sqlite_regexp_substr(sqlite3_context *context, int argc, sqlite3_value **argv);

#endif

/* sqlite_param.h - a client's parameters as SQLite's.
 *
 * SQLite has $name, ?, ?5, :name and @name; a PostgreSQL client sends $1. A PostgreSQL cast right behind it ("$1::int") is
 * part of the name for SQLite's lexer; the common ones are obeyed here. A statement uses one of these forms throughout:
 * in `$2, ?1` SQLite itself takes both for the same parameter.
 * An untyped text stays text: a comparison with a column converts it as the column's affinity says, a comparison with
 * an expression ("count(*) = $1") does not, and needs a typed parameter or a cast. Dates are bound as ISO text, as
 * SQLite's own functions write them, times with zone in UTC. */
#ifndef TN_ENGINE_SQLITE_PARAM_H
#define TN_ENGINE_SQLITE_PARAM_H

#include "base/arena.h"
#include "result/value.h"

#include <sqlite3.h>

/* How many values the statement needs (the highest $n); fails for names that are no numbers. OIDS (may be NULL) gets
 * COUNT PostgreSQL types known from casts, 0 = any; call it with NULL first. */
TN_MUST_USE enum tn_status tn_sqlite_param_count(sqlite3_stmt *stmt, size_t *count, uint32_t *oids, struct tn_error *err);

/* Texts are not copied: PARAMS must stay until the statement was reset. */
TN_MUST_USE enum tn_status tn_sqlite_bind(sqlite3_stmt *stmt, const struct tn_params *params, struct tn_arena *arena,
                                          struct tn_error *err);

#endif

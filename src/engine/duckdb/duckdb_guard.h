/* duckdb_guard.h - what DuckDB lets any statement do to all users of the database, and clients may not. */
#ifndef TN_ENGINE_DUCKDB_GUARD_H
#define TN_ENGINE_DUCKDB_GUARD_H

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"

/* Logs of statements are the database's: enable_logging() shows one user what the others ask, and with storage 'file' where files are
 * not allowed every later connection throws beyond DuckDB's API, which ends the process. So is which parser reads them, and what
 * happens at the database's end; so are settings of a session that reach further: enable_http_logging logs all users' statements, profiles
 * and progress bars go to the server's output, max_expression_depth = 0 can never be reset, debug_* is for DuckDB's developers. TN_E_DENIED where SQL switches these, calls json_execute_serialized_sql(), or has query() run a text
 * that cannot be read here. TN_E_INVALID: outside of quotes stands what DuckDB alone takes for a blank (U+00A0 and its like), so that
 * what was judged, here and by routers, is not what would run. Pure; memory of ARENA. */
TN_MUST_USE enum tn_status tn_duckdb_guard(struct tn_str sql, struct tn_arena *arena, struct tn_error *err);

#endif

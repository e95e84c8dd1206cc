/* duckdb_error.h - DuckDB's errors as SQLSTATE, fault and position; its message stays as it is. Pure functions. */
#ifndef TN_ENGINE_DUCKDB_ERROR_H
#define TN_ENGINE_DUCKDB_ERROR_H

#include "base/status.h"
#include "base/str.h"

/* Class of error (enum tn_duckdb_error) from the message alone, for the calls that give no number:
 * "Binder Error: ..." and so on. TN_DUCKDB_ERROR_INVALID when it begins with none of them. */
int tn_duckdb_error_class(const char *message);

/* Fills ERR from TYPE (TN_DUCKDB_ERROR_INVALID: from the message) and MESSAGE; SQL finds the position.
 * Always returns a status that is not TN_OK. */
enum tn_status tn_duckdb_fail(struct tn_error *err, int type, const char *message, struct tn_str sql);

#endif

/* sqlite_error.h - SQLite's result codes and messages as SQLSTATE and fault. */
#ifndef TN_ENGINE_SQLITE_ERROR_H
#define TN_ENGINE_SQLITE_ERROR_H

#include "base/status.h"

#include <sqlite3.h>

/* Fills ERR with what DB says about RC (extended code), its message unchanged; SQL (may be NULL) for the position. */
enum tn_status tn_sqlite_error(struct tn_error *err, sqlite3 *db, int rc, const char *sql);

#endif

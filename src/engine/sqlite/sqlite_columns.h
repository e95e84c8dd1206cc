/* sqlite_columns.h - the columns of a result: their types, from declarations, first rows and what was told before. */
#ifndef TN_ENGINE_SQLITE_COLUMNS_H
#define TN_ENGINE_SQLITE_COLUMNS_H

#include "engine/sqlite/sqlite_conn.h"

/* conn->cells holds ROWS rows of the statement (0 when there are none). Fills the builder with them, decides its types
 * and makes conn->schema in ARENA. */
TN_MUST_USE enum tn_status tn_sqlite_columns_decide(struct tn_sqlite_conn *conn, size_t rows, struct tn_arena *arena,
                                                    struct tn_error *err);

/* The same for TN_RUN_DESCRIBE, before the statement runs: looks at the first row of a read, with null parameters and
 * for about 2 ms at most, where declarations do not suffice. */
TN_MUST_USE enum tn_status tn_sqlite_columns_describe(struct tn_sqlite_conn *conn, struct tn_arena *arena,
                                                      struct tn_error *err);

/* CELL, of column COLUMN, is not of the type that was announced. */
enum tn_status tn_sqlite_columns_misfit(struct tn_sqlite_conn *conn, size_t column, const struct tn_sqlite_cell *cell,
                                        struct tn_error *err);

#endif

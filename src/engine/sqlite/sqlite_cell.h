/* sqlite_cell.h - one value of SQLite, and what it becomes as a value of a result column's type. */
#ifndef TN_ENGINE_SQLITE_CELL_H
#define TN_ENGINE_SQLITE_CELL_H

#include "engine/sqlite/sqlite_type.h"

#include <sqlite3.h>

struct tn_sqlite_cell {
    int           class; /* SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT, SQLITE_BLOB, SQLITE_NULL */
    sqlite3_int64 i64;
    double        f64;
    struct tn_str text;  /* TEXT, BLOB: a view */
};

enum { TN_SQLITE_NUMBER_TEXT = 400 }; /* the longest double without an exponent */

struct tn_sqlite_value {
    union {
        uint8_t bytes[16];
        bool    boolean;
        int32_t i32;
        int64_t i64;
        double  f64;
    } as;
    struct tn_str text; /* of a text type: points into the cell or into `number` */
    char          number[TN_SQLITE_NUMBER_TEXT];
};

/* The value in column COLUMN of STMT's row; text is SQLite's, until its next step. False: no memory. */
bool tn_sqlite_cell_read(struct tn_sqlite_cell *cell, sqlite3_stmt *stmt, int column);

/* False when CELL (not null) cannot be a TYPE without losing something. */
bool tn_sqlite_cell_convert(const struct tn_sqlite_cell *cell, struct tn_sqlite_type type, struct tn_sqlite_value *out);

/* An integer that a double cannot hold exactly. */
bool tn_sqlite_is_wide(sqlite3_int64 value);

const char *tn_sqlite_class_name(int class); /* "text" */

#endif

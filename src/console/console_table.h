/* console_table.h - the tables of console_tables.def as virtual tables of SQLite (sqlite.org/vtab.html): without CREATE,
 * each is there under its name. */
#ifndef TN_CONSOLE_CONSOLE_TABLE_H
#define TN_CONSOLE_CONSOLE_TABLE_H

#include "console/console_rows.h"
#include "server.h"

#include <sqlite3.h>

enum tn_console_table_id {
#define CONSOLE_TABLE(name, help) TN_CONSOLE_##name,
#define CONSOLE_COLUMN(table, name, type, help)
#include "console/console_tables.def"
#undef CONSOLE_TABLE
#undef CONSOLE_COLUMN
    TN_CONSOLE_TABLES
};

/* What a table's rows are made from. Texts of the filter live as long as the call. */
struct tn_console_source {
    struct tn_server        *server;
    const _Atomic bool      *interrupted; /* the statement is to end: soon, with TN_E_CANCELLED */
    struct tn_history_filter filter;      /* paged tables: which, and the page after which id */
    uint64_t                 last_id;     /* out, paged tables: of the page; 0 = it was the last page */
};

/* Appends the rows of a table. Offload pool: may block. */
typedef enum tn_status tn_console_fill(struct tn_console_source *source, struct tn_console_rows *rows, struct tn_error *err);

#define CONSOLE_TABLE(name, help) tn_console_fill tn_console_##name;
#define CONSOLE_COLUMN(table, name, type, help)
#include "console/console_tables.def"
#undef CONSOLE_TABLE
#undef CONSOLE_COLUMN

struct tn_console_column {
    enum tn_console_table_id table;
    const char              *name, *type, *help;
};

struct tn_console_table {
    const char      *name, *help;
    tn_console_fill *fill;
    bool             paged; /* rows in falling order of their first column, page by page: too many for memory */
};

const struct tn_console_table  *tn_console_table(enum tn_console_table_id id);
const struct tn_console_column *tn_console_columns_of(enum tn_console_table_id id, size_t *count);

/* The state of one connection that its tables share. */
struct tn_console_tables {
    struct tn_server      *server;
    const _Atomic bool    *interrupted;
    bool                   declaring;  /* SQLite is told the columns of a table: looks like CREATE TABLE to its authorizer */
    bool                   describing; /* no rows are wanted: what columns there are is known */
    struct tn_error        error;      /* why the statement failed, when a table failed */
    bool                   read[TN_CONSOLE_TABLES];
    struct tn_console_rows rows[TN_CONSOLE_TABLES];
};

void tn_console_tables_init(struct tn_console_tables *tables, struct tn_server *server, const _Atomic bool *interrupted);
/* What the last statement read is forgotten: the next one sees how things are then. */
void tn_console_tables_clear(struct tn_console_tables *tables);
int  tn_console_tables_register(struct tn_console_tables *tables, sqlite3 *db); /* a code of SQLite */

#endif

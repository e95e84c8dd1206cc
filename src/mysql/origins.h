/* origins.h - of which table's column each column of a SELECT is: what clients are told as table, org_table, org_name and db, and what
 * theirs go by that put a row's columns together by table (nestTables of mysql2, getTableName of JDBC). Read from the statement, and for
 * what it does not say (a star over several tables, names without a table) from what is known of the tables' columns. Pure. */
#ifndef TN_MYSQL_ORIGINS_H
#define TN_MYSQL_ORIGINS_H

#include "base/arena.h"
#include "frontend/mysql/my_reply.h"
#include "result/batch.h"

/* One for each column of SCHEMA (with the engine's names), of the statement SQL in MySQL's words, or NULL: nothing is known of any. KNOWN: rows of
 * engine/table_types.h about its tables, may be empty. DATABASE: of tables without one. In ARENA; views into SQL and KNOWN. */
const struct tn_my_origin *tn_my_origins(const struct tn_schema *schema, struct tn_str sql, struct tn_str known, struct tn_str database,
                                         struct tn_arena *arena);

#endif

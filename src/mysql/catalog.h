/* catalog.h - MySQL's tables about tables (information_schema, some of performance_schema) for engines that have none such. The rows
 * of a few cores are asked of the engine (catalog.def), and the client's statement is evaluated over them by SQLite in memory
 * (catalog_db.h). Pure, but for tn_my_catalog_run() of private.h. */
#ifndef TN_MYSQL_CATALOG_H
#define TN_MYSQL_CATALOG_H

#include "base/arena.h"
#include "base/buf.h"
#include "config/enums.h"

enum tn_my_core {
#define CORE(NAME, table, columns) TN_MY_CORE_##NAME,
#define OWN(NAME, table, columns) TN_MY_CORE_##NAME,
#define TOLD(ENGINE, CORE, sql)
#define RELATION(schema, name, needs, columns, sql)
#include "mysql/catalog.def"
#undef CORE
#undef OWN
#undef TOLD
#undef RELATION
    TN_MY_CORE_COUNT
};

struct tn_my_relation {
    const char *schema, *name;
    unsigned    needs;   /* bits 1 << enum tn_my_core */
    const char *columns; /* as CREATE TABLE writes them */
    const char *sql;     /* NULL: it has no rows */
};

size_t                       tn_my_relation_count(void);
const struct tn_my_relation *tn_my_relation_at(size_t i);

const char *tn_my_core_table(enum tn_my_core core);   /* "columns": tn_columns in SQLite */
const char *tn_my_core_columns(enum tn_my_core core);
bool        tn_my_core_is_own(enum tn_my_core core);
/* What ENGINE is asked for it; NULL: it has nothing such. */
const char *tn_my_core_sql(enum tn_cfg_engine engine, enum tn_my_core core);
/* Is there anything about ENGINE in catalog.def? If not it has such tables itself. */
bool        tn_my_catalog_has(enum tn_cfg_engine engine);

bool tn_my_catalog_is_schema(struct tn_str name); /* information_schema, performance_schema */
/* Bit i: SQL, in MySQL's spelling, names relation i; 0 where it names none. DATABASE: the session's. */
uint64_t tn_my_catalog_mentions(struct tn_str sql, struct tn_str database);
/* The cores that RELATIONS need, bits. */
unsigned tn_my_catalog_needs(uint64_t relations);

#endif

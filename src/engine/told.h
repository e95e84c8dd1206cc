/* told.h - what engines are asked about their tables (told.def), for those who answer clients that ask in another engine's words:
 * MySQL's information_schema (src/mysql/catalog.h), PostgreSQL's pg_catalog (src/catalog). */
#ifndef TN_ENGINE_TOLD_H
#define TN_ENGINE_TOLD_H

#include "config/enums.h"

enum tn_told { TN_TOLD_SCHEMATA, TN_TOLD_TABLES, TN_TOLD_COLUMNS, TN_TOLD_KEYS, TN_TOLD_INDEXES, TN_TOLD_VIEWS, TN_TOLD_ROUTINES };

/* NULL: it has nothing such. StarRocks is asked as MySQL is. */
const char *tn_told_sql(enum tn_cfg_engine engine, enum tn_told what);

#endif

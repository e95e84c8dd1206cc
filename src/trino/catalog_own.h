/* catalog_own.h - what information_schema and system.jdbc tell of Trino's own tables (catalog_own.def). Pure. */
#ifndef TN_TRINO_CATALOG_OWN_H
#define TN_TRINO_CATALOG_OWN_H

#include "base/buf.h"

/* The query of NAME, "own_tables" or "own_columns", with the columns that catalog.def's "tables" and "columns" have; CATALOGS: the engine's
 * query of its catalogs. False: NAME is neither. */
bool tn_trino_catalog_put_own(struct tn_buf *out, struct tn_str name, const char *catalogs);

#endif

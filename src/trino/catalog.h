/* catalog.h - Trino's tables about tables (system.jdbc.*, system.metadata.*, system.runtime.nodes, information_schema.*) on
 * engines that have none such: the name in a FROM becomes a subquery over the engine's own catalog (catalog.def), with
 * Trino's names of columns (spelled as the statement spells them) and types. Pure. */
#ifndef TN_TRINO_CATALOG_H
#define TN_TRINO_CATALOG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/status.h"
#include "config/enums.h"

/* SQL names a table that tn_trino_catalog_rewrite() knows, or is JDBC's question for keys, which needs none. */
bool tn_trino_catalog_mentions(struct tn_str sql);
/* One of system.jdbc.*, whose columns keep their names, or JDBC's question for keys. */
bool tn_trino_catalog_is_jdbc(struct tn_str sql);
/* SQL's list of columns is more than names and commas: it may make columns of its own. */
bool tn_trino_catalog_renames(struct tn_str sql);
/* The type of NAME in these tables, as struct tn_trino_encoder.letter tells it. */
char tn_trino_catalog_letter(struct tn_str name);
/* NAME as SQL spells it. */
struct tn_str tn_trino_catalog_spelled(struct tn_str sql, struct tn_str name);
/* Is there anything about ENGINE in catalog.def? If not it has such tables itself, or none. */
bool tn_trino_catalog_has(enum tn_cfg_engine engine);
/* What becomes of SQL on ENGINE must be read with standard quotes, || and backslashes: MySQL does so when it is told (sql_mode). */
bool tn_trino_catalog_needs_standard(struct tn_str sql, enum tn_cfg_engine engine);
/* Of a client whose catalog is `system`, or whose SCHEMA is information_schema: SQL with the names of such tables written out; of others SQL
 * itself. False: no memory. */
TN_MUST_USE bool tn_trino_catalog_qualify(struct tn_str sql, struct tn_str catalog, struct tn_str schema, struct tn_arena *arena, struct tn_str *out);
/* What Turnout itself knows, as an array of JSON objects: system.runtime.queries. */
struct tn_trino_catalog_source {
    void (*put)(struct tn_buf *out, void *arg);
    void *arg;
};

/* SQL for ENGINE in *OUT (SQL itself when nothing was to be done, or nothing is known of the engine), in ARENA.
 * TN_E_UNSUPPORTED 0A000: no such table on that engine. */
TN_MUST_USE enum tn_status tn_trino_catalog_rewrite(struct tn_str sql, enum tn_cfg_engine engine, const struct tn_trino_catalog_source *source,
                                                    struct tn_arena *arena, struct tn_str *out, struct tn_error *err);

#endif

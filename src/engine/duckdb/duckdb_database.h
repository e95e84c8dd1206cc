/* duckdb_database.h - one open database, shared by the connections of a cluster and, while a reload replaces one cluster
 * by another, by the clusters of the same file: DuckDB must not open a file twice in one process.
 *
 * Life: opened (access mode, threads, memory limit, no network), extensions loaded, initSql run once, then file access
 * closed unless the cluster has externalAccess. Counted; the last one closes it. Any thread. */
#ifndef TN_ENGINE_DUCKDB_DATABASE_H
#define TN_ENGINE_DUCKDB_DATABASE_H

#include "config/config.h"
#include "engine/duckdb/duckdb_library.h"

#include <stdatomic.h>

struct tn_duckdb_database_ref;

/* What a cluster keeps in cluster->engine. */
struct tn_duckdb_cluster {
    struct tn_duckdb_api           api;
    const struct tn_cluster_conf  *conf;
    struct tn_duckdb_database_ref *database; /* NULL = not open now; under the lock of duckdb_database.c */
};

/* Loads the library, checks the file and opens it. A file that another cluster of this process holds in another mode is
 * not an error here but at each connection, until that cluster is gone. */
TN_MUST_USE enum tn_status tn_duckdb_cluster_open(struct tn_duckdb_cluster **out, const struct tn_cluster_conf *conf,
                                                  struct tn_error *err);
void tn_duckdb_cluster_close(struct tn_duckdb_cluster *cluster); /* NULL is fine */

/* The database of CLUSTER, opened when it is not, with a reference for the caller. */
TN_MUST_USE enum tn_status tn_duckdb_database_get(struct tn_duckdb_cluster *cluster, struct tn_duckdb_database_ref **out,
                                                  struct tn_error *err);
void tn_duckdb_database_put(struct tn_duckdb_database_ref *database);
tn_duckdb_database tn_duckdb_database_handle(const struct tn_duckdb_database_ref *database);

/* After a fatal error: CLUSTER gives the database up and opens it anew once the last connection to it is gone. */
void tn_duckdb_database_invalidate(struct tn_duckdb_cluster *cluster, struct tn_duckdb_database_ref *database);

/* Runs SQL to its end and drops its rows. */
TN_MUST_USE enum tn_status tn_duckdb_run(const struct tn_duckdb_api *api, tn_duckdb_connection conn, const char *sql,
                                         struct tn_error *err);

#endif

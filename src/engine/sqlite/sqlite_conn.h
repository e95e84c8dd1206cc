/* sqlite_conn.h - one connection of SQLite, used by one thread of the offload pool at a time.
 *
 * What a client may not do is stopped by SQLite's authorizer: it asks about everything that a statement names while it is
 * prepared. ATTACH, DETACH, VACUUM INTO and load_extension() would open any file of this host; settings of the database
 * file and of the process are the operator's. initSql runs before and may do all of it. */
#ifndef TN_ENGINE_SQLITE_CONN_H
#define TN_ENGINE_SQLITE_CONN_H

#include "engine/cluster.h"
#include "engine/sqlite/sqlite_builder.h"
#include "engine/sqlite/sqlite_memo.h"
#include "engine/sqlite/sqlite_stmts.h"

#include <stdatomic.h>

/* cluster->engine. An empty databasePath, or ":memory:", is one database in memory that all connections of the cluster share (VFS
 * "memdb"); it lives as long as the cluster, that is until a reload that changes the cluster's options. */
struct tn_sqlite_shared {
    sqlite3              *keeper; /* keeps a database in memory; else NULL */
    struct tn_sqlite_memo memo;
};

struct tn_sqlite_conn {
    sqlite3                      *db;
    struct tn_sqlite_shared      *shared;
    const struct tn_cluster_conf *conf;
    bool                          guarded;  /* the authorizer is in force */
    bool                          vacuums;  /* the statement is VACUUM, which attaches a nameless file */
    bool                          tainted;  /* temporary objects or changed settings: not for another user */
    _Atomic bool                  interrupted;
    bool                          in_transaction; /* when the present statement began */
    struct tn_sqlite_stmts        stmts;

    /* the run */
    const struct tn_run   *run;
    sqlite3_stmt          *stmt;      /* NULL: nothing to do */
    struct tn_sqlite_kept *kept;      /* STMT's place in stmts; NULL: finalized after the run */
    bool                   exhausted; /* no more rows */
    bool                   first;     /* the builder holds the first batch already */
    bool                   told;      /* the column types were told to a client before */
    uint64_t               key;       /* of the statement in the memo */
    int64_t                changes;   /* sqlite3_total_changes64 before */
    int64_t                first_inserted; /* the rowid of the first row of an INSERT, 0 = none yet */
    int64_t                inserted;  /* sqlite3_last_insert_rowid before an INSERT, which begins with none */
    uint64_t               replaced, unchanged; /* of struct tn_run */
    uint64_t               gone, gone_hash; /* rows that the next one replaces, and what the last of them was */
    const struct tn_schema *schema;
    struct tn_sqlite_builder builder;
    struct tn_sqlite_cell   *cells;   /* of the first batch; TN_SQLITE_CELLS of them at most, or one row */
    size_t                   cell_capacity;
    struct tn_sqlite_bytes   texts;   /* theirs */
};

enum { TN_SQLITE_CELLS = 65536 };

TN_MUST_USE enum tn_status tn_sqlite_conn_new(struct tn_sqlite_conn **out, struct tn_cluster *cluster,
                                              struct tn_error *err);
void tn_sqlite_conn_free(struct tn_sqlite_conn *conn);
bool tn_sqlite_conn_reset(struct tn_sqlite_conn *conn);     /* ends a transaction; false: tainted */
void tn_sqlite_conn_interrupt(struct tn_sqlite_conn *conn); /* any thread */

bool tn_sqlite_in_memory(const struct tn_cluster_conf *conf);
/* Opens the file, or the database in memory of CLUSTER, without any of the above. */
TN_MUST_USE enum tn_status tn_sqlite_open(sqlite3 **db, const struct tn_cluster *cluster, struct tn_error *err);

#endif

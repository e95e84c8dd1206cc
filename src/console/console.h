/* console.h - the database `turnout`: SQL over what the program knows of itself, and a few commands.
 *
 *   session (database turnout) -> pipeline, group `console` -> this engine: SQLite in memory, its tables are virtual
 *
 * A statement runs in the offload pool like one of any embedded engine. Each table is read once per statement, when it is
 * first needed; what belongs to other threads is asked from them there. Nothing can be written: SQLite's authorizer lets
 * only SELECT through. Limits: TN_CONSOLE_RUNNING statements at once, TN_CONSOLE_TIMEOUT_US each (a shorter statement_timeout
 * holds too), TN_CONSOLE_MEMORY bytes for SQLite, TN_CONSOLE_ROWS_MEMORY for each table's rows. */
#ifndef TN_CONSOLE_CONSOLE_H
#define TN_CONSOLE_CONSOLE_H

#include "console.h"
#include "server.h"

enum { TN_CONSOLE_RUNNING = 8, TN_CONSOLE_QUEUED = 64, TN_CONSOLE_MEMORY = 256 * 1024 * 1024,
       TN_CONSOLE_ROWS_MEMORY = 512 * 1024 * 1024 };
#define TN_CONSOLE_TIMEOUT_US UINT64_C(300000000)

/* Makes SERVER's console; it ends with the server. Before any session begins. */
TN_MUST_USE enum tn_status tn_console_open(struct tn_server *server, struct tn_error *err);

/* ---- inside of this folder ---- */

struct tn_console_database {
    struct tn_console      link;
    struct tn_server      *server;
    struct tn_cluster_conf cluster_conf; /* cluster->conf: from there tn_console_of() finds back */
    struct tn_group_conf   group_conf;
    struct tn_group        group;
    struct tn_cluster     *cluster, *members[1];
};

static inline struct tn_console_database *tn_console_of(const struct tn_cluster *cluster)
{
    return TN_CONTAINER_OF((struct tn_cluster_conf *)(uintptr_t)cluster->conf, struct tn_console_database, cluster_conf);
}

extern const struct tn_blocking_ops tn_console_blocking_ops; /* console_conn.c */

#endif

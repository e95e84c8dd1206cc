/* mysql_cost.h - what statements cost the server: struct tn_run's rows_read, bytes_read, cpu_us and peak_memory. Only where the
 * cluster's queryStatistics is on. */
#ifndef TN_ENGINE_MYSQL_COST_H
#define TN_ENGINE_MYSQL_COST_H

#include "base/str.h"

struct tn_mysql_conn;

/* MySQL, MariaDB. The statement is through: asks for the session's counters, phase TN_MYSQL_COST. False: nobody wants to know, or it failed. */
bool tn_mysql_cost_ask(struct tn_mysql_conn *c);
void tn_mysql_cost_row(struct tn_mysql_conn *c, struct tn_str message);
void tn_mysql_cost_take(struct tn_mysql_conn *c); /* all of them are in */

/* StarRocks. While a statement runs, a second connection looks at SHOW PROC '/current_queries' once a second, by the names of its
 * columns: what is kept is what the last look saw. Written from its documentation: there was no server to try it with. */
enum tn_mysql_proc { TN_MYSQL_PROC_OTHER, TN_MYSQL_PROC_CONNECTION, TN_MYSQL_PROC_BYTES, TN_MYSQL_PROC_ROWS, TN_MYSQL_PROC_MEMORY, TN_MYSQL_PROC_CPU, TN_MYSQL_PROC_FIELDS };
enum { TN_MYSQL_PROC_COLUMNS = 32 };

void tn_mysql_proc_begin(struct tn_mysql_conn *c);
void tn_mysql_proc_end(struct tn_mysql_conn *c);
void tn_mysql_proc_column(struct tn_mysql_conn *spy, struct tn_str definition);
void tn_mysql_proc_row(struct tn_mysql_conn *spy, struct tn_str message);

enum tn_mysql_proc tn_mysql_proc_field(struct tn_str name);
/* "120.573 MB", "5859503 rows", "47.878 s" in bytes, rows, microseconds; 0: it is something else. Pure. */
uint64_t tn_mysql_proc_value(struct tn_str text);

#endif

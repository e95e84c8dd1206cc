/* mysql_describe.h - what a PREPARE told of a statement, and how it is told on. Own worker's thread only. */
#ifndef TN_ENGINE_MYSQL_DESCRIBE_H
#define TN_ENGINE_MYSQL_DESCRIBE_H

#include "engine/mysql/mysql_conn.h"

/* The text for the server, with its marks, into c->text, and their order into the statement. */
TN_MUST_USE enum tn_status tn_mysql_describe_marks(struct tn_mysql_conn *c, struct tn_error *err);
/* After the PREPARE: checks it and keeps the columns with the statement. */
TN_MUST_USE enum tn_status tn_mysql_describe_keep(struct tn_mysql_conn *c, struct tn_error *err);
/* A TN_RUN_DESCRIBE's events. An error is the run's. */
void tn_mysql_describe_tell(struct tn_mysql_conn *c);

/* SQL with its marks replaced by literals, for servers that prepare nothing. */
TN_MUST_USE enum tn_status tn_mysql_interpolate(struct tn_buf *out, struct tn_str sql, const struct tn_params *params, struct tn_error *err);

#endif

/* mysql.h - clients that speak the MySQL protocol: one struct tn_my_session per connection, on the worker that accepted it, for life.
 *
 *   accept -> greeting -> log-in -> a command at a time: COM_QUERY, COM_STMT_*, ...
 *
 * packets in -> command.c -> query.c (texts), statement.c (prepared)
 *            -> own.c: what is answered here (SET, SHOW, @@variables, transactions); all else through session/ask.h
 * rows       -> output.c: chunks are written as they come; the engine waits while the client does not read. */
#ifndef TN_MYSQL_MYSQL_H
#define TN_MYSQL_MYSQL_H

#include "base/status.h"
#include "server.h"

struct tn_mysql;

/* Opens the listener of frontends.mysqlWire; *OUT stays NULL where it is not enabled. Main thread. */
TN_MUST_USE enum tn_status tn_mysql_open(struct tn_mysql **out, struct tn_server *server, struct tn_error *err);
uint16_t tn_mysql_port(const struct tn_mysql *mysql);
void tn_mysql_stop(struct tn_mysql *mysql);  /* no new clients; idle ones are told good-bye, the others when their statement is through */
void tn_mysql_close(struct tn_mysql *mysql); /* the workers have stopped; NULL is fine in both */

#endif

/* reply.h - answers that take more than passing a statement on: tables of our own, metadata that each engine tells in its own
 * way, and columns of a prepared statement. */
#ifndef TN_TRINO_REPLY_H
#define TN_TRINO_REPLY_H

#include "trino/command.h"
#include "trino/private.h"

/* q->text for an engine; what it says of system.* and information_schema is made the engine's own first. */
void tn_trino_reply_rows(struct tn_trino_query *q, struct tn_params params, enum tn_run_kind kind);
void tn_trino_reply_show(struct tn_trino_query *q, const struct tn_trino_command *c);
void tn_trino_reply_input(struct tn_trino_query *q, size_t params);
void tn_trino_reply_output(struct tn_trino_query *q, struct tn_str prepared);
/* The rows of DESCRIBE OUTPUT; SCHEMA NULL = the statement returns none. */
void tn_trino_describe_rows(struct tn_trino_query *q, const struct tn_schema *schema);

/* Behind START TRANSACTION. TN_E_INVALID 42601. */
enum tn_status tn_trino_check_modes(struct tn_str modes, struct tn_error *err);

/* Q->text will be run by a Trino and nothing else, as far as routers and members tell now. */
bool tn_trino_reply_by_trino(struct tn_trino_query *q);

#endif

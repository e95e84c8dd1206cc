/* reply.h - answers that take more than passing a statement on: tables of our own, metadata that each engine tells in its own
 * way, and columns of a prepared statement. */
#ifndef TN_TRINO_REPLY_H
#define TN_TRINO_REPLY_H

#include "trino/command.h"
#include "trino/private.h"

/* q->text for an engine; what it says of system.* and information_schema is made the engine's own first. */
void tn_trino_reply_rows(struct tn_trino_query *q, struct tn_params params, enum tn_run_kind kind);
void tn_trino_reply_show(struct tn_trino_query *q, const struct tn_trino_command *c);
/* USE: asks the engine for its schemas; tn_trino_use_end() follows. */
void tn_trino_reply_use(struct tn_trino_query *q, const struct tn_trino_command *c);
/* The same of a Trino, which says itself what it does not know. */
void tn_trino_reply_use_there(struct tn_trino_query *q, const struct tn_trino_command *c);
/* DESCRIBE INPUT and OUTPUT of PREPARED. A Trino is asked in its own words, which tell more; false: none would answer. */
bool tn_trino_reply_described_there(struct tn_trino_query *q, struct tn_str prepared, bool input);
void tn_trino_reply_input(struct tn_trino_query *q, struct tn_str prepared);
void tn_trino_reply_output(struct tn_trino_query *q, struct tn_str prepared);
/* An engine that speaks of its tables as Trino does is asked as it was said. */
bool tn_trino_reply_engines_own(struct tn_trino_query *q);

/* A table of our own as the query's rows: begin, rows into `json`, end, tn_trino_query_done(). */
enum { TN_TRINO_FIELDS = 9 };
struct tn_trino_field {
    const char  *name;
    enum tn_type type;
};
struct tn_trino_table {
    struct tn_trino_query *q;
    struct tn_chunk       *chunk;
    struct tn_json         json;
};
bool tn_trino_table_begin(struct tn_trino_table *t, struct tn_trino_query *q, const struct tn_trino_field *fields, size_t count); /* false: no memory */
void tn_trino_table_end(struct tn_trino_table *t);
void tn_trino_no_memory(struct tn_trino_query *q); /* its error, and its end */

/* The rows of DESCRIBE OUTPUT; SCHEMA NULL = the statement returns none. */
void tn_trino_describe_rows(struct tn_trino_query *q, const struct tn_schema *schema);
/* Those of DESCRIBE INPUT, from q->input_oids; q->error stays where the engine had one that is the statement's own. */
void tn_trino_input_rows(struct tn_trino_query *q, const struct tn_schema *columns); /* of the operands; NULL: the engine was not asked, or could not say */

/* The kind of engine that q->text will be run by, as far as is known now; UNSET: nobody. */
enum tn_cfg_engine tn_trino_reply_engine(struct tn_trino_query *q);
/* Q->text will be run by a Trino and nothing else, as far as routers and members tell now. */
bool tn_trino_reply_by_trino(struct tn_trino_query *q);

#endif

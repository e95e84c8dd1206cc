/* mysql_statement.h - the prepared statements that one server connection holds, whatever names clients use, and the parameter marks
 * in them. Key: the client's text. At most TN_MYSQL_STATEMENTS; the least recently used one goes. A text too long to be kept is
 * prepared for once. Own worker's thread only. */
#ifndef TN_ENGINE_MYSQL_STATEMENT_H
#define TN_ENGINE_MYSQL_STATEMENT_H

#include "base/list.h"
#include "engine/mysql/mysql_wire.h"

enum {
    TN_MYSQL_STATEMENTS = 100,
    TN_MYSQL_STATEMENT_TEXT = 64 * 1024,
    TN_MYSQL_STATEMENT_BUCKETS = 128,
    TN_MYSQL_MARKS_MAX = 65535,
};

struct tn_mysql_statement {
    struct tn_list node;              /* most recently used first */
    struct tn_mysql_statement *next;  /* in its bucket */
    uint64_t       hash;
    bool           once;              /* not kept, in no list */
    bool           ready;             /* the server has it, as `id` */
    bool           types_sent;        /* the server knows the parameters' types, `types` */
    uint32_t       id;
    size_t         mark_count;        /* of the server's count of parameters */
    uint16_t      *order;             /* mark -> parameter, from 0 */
    uint8_t       *types;             /* two bytes a mark */
    size_t         column_count;
    char          *columns;           /* as packets; owned */
    size_t         columns_len;
    char          *text;              /* the client's; with the struct */
    size_t         len;
};

struct tn_mysql_statements {
    struct tn_list             list;
    size_t                     count;
    struct tn_mysql_statement *buckets[TN_MYSQL_STATEMENT_BUCKETS];
};

void tn_mysql_statements_init(struct tn_mysql_statements *all);
void tn_mysql_statements_reset(struct tn_mysql_statements *all); /* the server has forgotten them, or is gone */

/* The entry for TEXT, now the most recently used; NULL = none. */
struct tn_mysql_statement *tn_mysql_statement_find(struct tn_mysql_statements *all, struct tn_str text);
/* A new one, not ready; what had to go for it is closed on WIRE. NULL: no memory. */
struct tn_mysql_statement *tn_mysql_statement_add(struct tn_mysql_statements *all, struct tn_str text, struct tn_mysql_wire *wire);
/* Forgets and frees it; closes it at the server when WIRE is not NULL (a command without an answer, sent with the next one). */
void tn_mysql_statement_drop(struct tn_mysql_statements *all, struct tn_mysql_statement *statement, struct tn_mysql_wire *wire);

/* tn_marks_put() for a server of MySQL's kind. BACKSLASH: it takes \ in strings for an escape. */
TN_MUST_USE enum tn_status tn_mysql_marks(struct tn_buf *out, struct tn_str sql, bool backslash, uint16_t *order, size_t capacity,
                                          size_t *count, struct tn_error *err);

#endif

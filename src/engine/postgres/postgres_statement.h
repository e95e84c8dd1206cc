/* postgres_statement.h - the prepared statements that one server connection holds, whatever names clients use.
 *
 * Key: the text and the parameter types given. At most TN_POSTGRES_STATEMENTS; the least recently used ones go, several at
 * a time, so that the DEALLOCATEs cost little. Own worker's thread only. */
#ifndef TN_ENGINE_POSTGRES_STATEMENT_H
#define TN_ENGINE_POSTGRES_STATEMENT_H

#include "base/buf.h"
#include "base/list.h"

#include <stdint.h>

enum {
    TN_POSTGRES_STATEMENTS = 100,
    TN_POSTGRES_STATEMENTS_GO = 10,             /* dropped at once when it is full */
    TN_POSTGRES_STATEMENT_TEXT = 64 * 1024,     /* a longer text is not kept */
    TN_POSTGRES_STATEMENT_BUCKETS = 256,
};

struct tn_postgres_statement {
    struct tn_list node;   /* most recently used first */
    struct tn_postgres_statement *next; /* in its bucket */
    uint64_t       hash;
    size_t         oid_count;
    uint32_t      *oids;
    char          *text;   /* owned with the struct */
    size_t         len;
    bool           ready;  /* the server has it */
    char           name[24];
};

struct tn_postgres_statements {
    struct tn_list                list;
    size_t                        count;
    uint64_t                      last_number; /* names are never used twice on a connection */
    struct tn_postgres_statement *buckets[TN_POSTGRES_STATEMENT_BUCKETS];
};

void tn_postgres_statements_init(struct tn_postgres_statements *all);
void tn_postgres_statements_reset(struct tn_postgres_statements *all); /* the server has forgotten them, or is gone */

/* The entry for TEXT and OIDS, now the most recently used; NULL = none. */
struct tn_postgres_statement *tn_postgres_statement_find(struct tn_postgres_statements *all, struct tn_str text,
                                                         const uint32_t *oids, size_t oid_count);
/* A new entry, not ready. NULL when the text is too long, when there is no memory, or when the cache is full and GOING is
 * NULL; otherwise the DEALLOCATEs of those that had to go are appended to GOING. */
struct tn_postgres_statement *tn_postgres_statement_add(struct tn_postgres_statements *all, struct tn_str text,
                                                        const uint32_t *oids, size_t oid_count, struct tn_buf *going);
/* Forgets one; when it is ready and GOING is not NULL, its DEALLOCATE is appended there. */
void tn_postgres_statement_drop(struct tn_postgres_statements *all, struct tn_postgres_statement *statement,
                                struct tn_buf *going);

#endif

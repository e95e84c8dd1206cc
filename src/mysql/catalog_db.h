/* catalog_db.h - evaluates a statement over the catalog of an engine: a database of SQLite's in memory that lives as long as this call.
 * Blocks: for the offload pool. Only reads are let through; time, memory and the size of the answer are limited. */
#ifndef TN_MYSQL_CATALOG_DB_H
#define TN_MYSQL_CATALOG_DB_H

#include "mysql/catalog.h"
#include "mysql/catalog_function.h"
#include "result/encoder.h"
#include "result/value.h"

#include <stdatomic.h>

struct tn_my_catalog_question {
    struct tn_my_asker    asker;
    uint64_t              relations;             /* that SQL names; bits */
    struct tn_str         sql;                   /* as SQLite reads it (catalog_text.h); empty: nothing but `exists` */
    struct tn_str         exists;                /* must give a row, or the answer is `missing`; empty: not asked */
    struct tn_params      params;                /* of SQL */
    bool                  binary;                /* rows of a prepared statement */
    const struct tn_my_charset *charset;         /* of what is told; NULL: UTF-8 */
    bool                  describes;             /* columns only */
    uint64_t              time_us;               /* at most */
    const _Atomic bool   *interrupted;
    const struct tn_buf  *rows;                  /* TN_MY_CORE_COUNT: of each core, as row packets of texts */
};

struct tn_my_catalog_answer {
    struct tn_arena  arena;
    size_t           count;                      /* of columns */
    struct tn_str   *heads;
    uint8_t         *types;                      /* LONGLONG, NEWDECIMAL, VAR_STRING */
    struct tn_chunk *first, *last;               /* row packets, numbered from 0 */
    uint64_t         rows;
    bool             missing;
    uint16_t         code;                       /* 0: it went well */
    const char      *sqlstate;
    char             message[512];
};

void tn_my_catalog_answer_init(struct tn_my_catalog_answer *answer);
void tn_my_catalog_answer_reset(struct tn_my_catalog_answer *answer); /* its chunks, too, unless somebody took them */

void tn_my_catalog_evaluate(const struct tn_my_catalog_question *question, struct tn_my_catalog_answer *answer);

#endif

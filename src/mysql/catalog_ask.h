/* catalog_ask.h - a session's statement about tables: SELECT from information_schema, and SHOW in the words of such a SELECT. Answers,
 * and says tn_my_statement_done(); where the member that it is routed to speaks MySQL itself, the statement is sent to it as it was said. */
#ifndef TN_MYSQL_CATALOG_ASK_H
#define TN_MYSQL_CATALOG_ASK_H

#include "mysql/catalog_db.h"

struct tn_my_session;

struct tn_my_catalog_statement {
    uint64_t         relations; /* that it names: tn_my_catalog_mentions() */
    struct tn_str    sql;       /* as SQLite reads it */
    struct tn_str    exists;    /* empty, or what must give a row: */
    void           (*missing)(struct tn_my_session *s); /* ... else this answers */
    void           (*found)(struct tn_my_session *s);   /* and this, if it does; NULL: the rows of `sql` are the answer */
    struct tn_str    table;     /* the only one that it is about; empty: all */
    struct tn_params params;
    bool             describes; /* columns only, to s->on_schema */
    bool             own;       /* Turnout answers it whatever the member is */
};

/* s->statement is what was said. */
void tn_my_catalog_start(struct tn_my_session *s, const struct tn_my_catalog_statement *statement);

/* Is the member that SQL is routed to of an engine whose catalog is told here? */
bool tn_my_catalog_serves(struct tn_my_session *s, struct tn_str sql);
/* A SELECT from MySQL's tables about tables, whose member has none such? */
bool tn_my_catalog_is(struct tn_my_session *s, struct tn_str sql);
/* If so, it is answered: true. Its parameters are s->params. */
bool tn_my_catalog_select(struct tn_my_session *s, struct tn_str sql, bool describes);

/* A cursor has given the connection free that an engine's core needs; with ERR (taken) it is over instead. */
void tn_my_catalog_resume(struct tn_my_session *s, struct tn_error *err);
void tn_my_catalog_cancel(struct tn_my_session *s);
void tn_my_catalog_orphan(struct tn_my_session *s); /* the session ends */

#endif

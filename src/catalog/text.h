/* text.h - statements about PostgreSQL's catalog (pg_catalog, information_schema, version() and their like), from clients of PostgreSQL to an
 * engine that has none: what they are, and how they are said to the DuckDB that holds the catalog then (image.h). Pure. */
#ifndef TN_CATALOG_TEXT_H
#define TN_CATALOG_TEXT_H

#include "base/buf.h"
#include "stats/features.h"

/* Who asks. */
struct tn_catalog_self {
    struct tn_str user, database;
    unsigned      pid;
    struct tn_str (*setting)(const void *arg, struct tn_str name); /* its value in the session; ptr NULL: there is none */
    const void   *arg;
};

/* SQL reads relations of the catalog and no others, or no relation at all and calls a function of the catalog's. FEATURES: of SQL. */
bool tn_catalog_speaks(struct tn_str sql, const struct tn_features *features);

/* Of one that does: only where the session is, current_catalog or current_schema without brackets. */
bool tn_catalog_asks_place(struct tn_str sql, const struct tn_features *features);

/* SQL for the image, appended to OUT (OUT->failed as ever): names lose their schema, regclass and its like become calls, patterns match anywhere in
 * a text, what asks for the session is answered, collations go, columns of bare calls keep PostgreSQL's names. False: too much of it stands in each other. */
TN_MUST_USE bool tn_catalog_text(struct tn_str sql, const struct tn_catalog_self *self, struct tn_buf *out);

#endif

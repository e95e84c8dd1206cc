/* dialect.h - names of SQL dialects, and between which of them a statement has to be translated. Pure functions. */
#ifndef TN_TRANSLATE_DIALECT_H
#define TN_TRANSLATE_DIALECT_H

#include "stats/features.h"

const char *tn_dialect_name(enum tn_dialect dialect);    /* "postgres" */
const char *tn_dialect_sqlglot(enum tn_dialect dialect); /* the name that sqlglot knows it by */
/* By name in any case, common other names too ("postgresql", "mariadb", "starrocks", "sqlite3", "presto"). */
bool        tn_dialect_parse(struct tn_str name, enum tn_dialect *out);
const char *tn_dialect_names(void); /* all, comma separated, for messages */
/* False: the same, or TO understands what is written in FROM. MariaDB and StarRocks are MYSQL here. */
bool        tn_dialect_differs(enum tn_dialect from, enum tn_dialect to);

/* Whether a statement of this kind is translated at all: queries, changes of data, definitions. SET, SHOW, EXPLAIN, COPY and
 * the like are the session's or the engine's own. */
bool tn_dialect_translates(const struct tn_features *features);

#endif

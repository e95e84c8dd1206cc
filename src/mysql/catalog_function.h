/* catalog_function.h - functions of MySQL's for statements that SQLite evaluates, as far as clients use them about tables. */
#ifndef TN_MYSQL_CATALOG_FUNCTION_H
#define TN_MYSQL_CATALOG_FUNCTION_H

#include "base/str.h"
#include "config/enums.h"

#include <sqlite3.h>

/* Who asks, and whose types are told. Texts outlive the connection. */
struct tn_my_asker {
    enum tn_cfg_engine engine;
    struct tn_str      database, user, current_user, version; /* database empty: none */
    uint64_t           connection_id;
};

/* SQLite's result code. */
int tn_my_catalog_functions(sqlite3 *db, const struct tn_my_asker *asker);

/* SQL's LIKE, the case folded; what stands behind ESCAPE is meant as it is written. PATTERN.ptr NULL fits all. */
bool tn_my_like_escape(struct tn_str pattern, struct tn_str text, char escape);

#endif

/* catalog.h - what catalog.def says, as tables. */
#ifndef TN_CATALOG_CATALOG_H
#define TN_CATALOG_CATALOG_H

#include "base/compiler.h"
#include "base/str.h"

enum tn_catalog_core {
#define CORE(WHAT, table, columns) TN_CATALOG_##WHAT,
#define RELATION(name, columns)
#define FILL(sql)
#define FUNCTION(name, body)
#include "catalog/catalog.def"
#undef CORE
#undef RELATION
#undef FILL
#undef FUNCTION
    TN_CATALOG_CORES
};

enum tn_catalog_kind { TN_CATALOG_CORE, TN_CATALOG_RELATION, TN_CATALOG_FILL, TN_CATALOG_FUNCTION };

struct tn_catalog_line {
    enum tn_catalog_kind kind;
    const char          *name; /* of the table or function; NULL: FILL */
    const char          *text; /* columns; (parameters) AS ...; a statement */
};

extern const struct tn_catalog_line tn_catalog_lines[];
extern const size_t                 tn_catalog_line_count;

#endif

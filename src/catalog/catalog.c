#include "catalog/catalog.h"

const struct tn_catalog_line tn_catalog_lines[] = {
#define CORE(WHAT, table, columns) {TN_CATALOG_CORE, table, columns},
#define RELATION(name, columns) {TN_CATALOG_RELATION, name, columns},
#define FILL(sql) {TN_CATALOG_FILL, NULL, sql},
#define FUNCTION(name, body) {TN_CATALOG_FUNCTION, name, body},
#include "catalog/catalog.def"
#undef CORE
#undef RELATION
#undef FILL
#undef FUNCTION
};
const size_t tn_catalog_line_count = TN_ARRAY_LEN(tn_catalog_lines);

/* trino_type.h - Trino's types: from a column's typeSignature or, where there is none, from its text ("decimal(10,2)",
 * "timestamp(3) with time zone"), to Turnout's. */
#ifndef TN_ENGINE_TRINO_TYPE_H
#define TN_ENGINE_TRINO_TYPE_H

#include "base/arena.h"
#include "base/status.h"
#include "result/batch.h"

enum tn_trino_kind {
#define TRINO_TYPE(KIND, name, type) TN_TRINO_##KIND,
#include "engine/trino/trino_type.def"
#undef TRINO_TYPE
    TN_TRINO_OTHER, /* unknown to us: its text if its values are strings, else JSON as it comes */
};

enum { TN_TRINO_TYPE_DEPTH = 100, TN_TRINO_COLUMNS_MAX = 65535 };

struct tn_trino_type {
    enum tn_trino_kind    kind;
    unsigned              precision, scale; /* DECIMAL; CHAR, VARCHAR: length; TIME*, TIMESTAMP*: digits of the second */
    size_t                count;            /* ARRAY 1, MAP 2, ROW its fields; 0 when only the text is known */
    struct tn_trino_type *inner;
    struct tn_str        *names;            /* ROW: of its fields; ptr NULL = a field without name */
};

struct tn_trino_columns {
    struct tn_schema      schema; /* names point into the arena or the JSON's text */
    struct tn_trino_type *types;
};

void tn_trino_type_parse(struct tn_trino_type *out, struct tn_str text);
void tn_trino_type_column(struct tn_column *column, const struct tn_trino_type *type); /* all but the name */

/* The `columns` member of a page. TN_E_ENGINE 08P01 when it is none, 53200, 54000 more columns than a row may have. */
TN_MUST_USE enum tn_status tn_trino_columns_read(struct tn_trino_columns *out, struct tn_str json, struct tn_arena *arena,
                                                 struct tn_error *err);

#endif

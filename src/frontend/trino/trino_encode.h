/* trino_encode.h - batches to rows of the Trino protocol: [v,v],[v,v],.. without the brackets of the page.
 *
 * An error (TN_E_INVALID 22003, naming the column) is a value that Trino has no form for: an infinite date, an interval
 * with months, 24:00:00. */
#ifndef TN_FRONTEND_TRINO_ENCODE_H
#define TN_FRONTEND_TRINO_ENCODE_H

#include "frontend/trino/trino_type.h"
#include "result/encoder.h"

struct tn_tz;

struct tn_trino_encoder {
    struct tn_encoder   base;       /* first */
    bool                parametric; /* the client said PARAMETRIC_DATETIME */
    const struct tn_tz *tz;         /* NULL = UTC; outlives the encoder */
    const char         *told;       /* what clients are told of columns whose types engines do not agree about, a letter for each: v varchar,
                                       d double, b boolean, i bigint, s smallint, = what the engine says; static; NULL: `letter` */
    char (*letter)(struct tn_str name); /* the same of the column NAME; pure; NULL: = */
};

/* Is any column told otherwise than the engine does? */
bool tn_trino_tells(const struct tn_trino_encoder *encoder, const struct tn_schema *schema);
/* SCHEMA as it is told then, its columns in the room for as many at COLUMNS. */
struct tn_schema tn_trino_told(const struct tn_trino_encoder *encoder, const struct tn_schema *schema, struct tn_column *columns);
void tn_trino_encoder_init(struct tn_trino_encoder *encoder, bool parametric, const struct tn_tz *tz);

#endif

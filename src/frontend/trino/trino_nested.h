/* trino_nested.h - lists, records and maps, which engines give as JSON text (struct tn_nested), as Trino clients want them:
 * records as arrays, decimals as text, times with all their digits, bytes as base64, JSON inside as text. */
#ifndef TN_FRONTEND_TRINO_NESTED_H
#define TN_FRONTEND_TRINO_NESTED_H

#include "base/buf.h"
#include "result/batch.h"

/* COLUMN has `nested`. TN_E_INVALID 22003: JSON that is not of its type, or nested deeper than 200. */
enum tn_status tn_trino_put_nested(struct tn_buf *out, const struct tn_column *column, struct tn_str json, bool parametric,
                                   struct tn_error *err);

#endif

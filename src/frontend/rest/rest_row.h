/* rest_row.h - what rest_encode.c and rest_row.c share. */
#ifndef TN_FRONTEND_REST_ROW_H
#define TN_FRONTEND_REST_ROW_H

#include "base/buf.h"

/* VALUE, one JSON value, as a field of CSV. */
void tn_rest_csv_value(struct tn_str value, struct tn_buf *out);

#endif

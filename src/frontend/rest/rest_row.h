/* rest_row.h - parts of rows as rest_encode.h has them. */
#ifndef TN_FRONTEND_REST_ROW_H
#define TN_FRONTEND_REST_ROW_H

#include "base/buf.h"

/* VALUE, one JSON value, as a field of CSV. */
void tn_rest_csv_value(struct tn_str value, struct tn_buf *out);
/* What a JSON string of ours says; INSIDE is without its quotes. */
void tn_rest_row_text(struct tn_str inside, struct tn_buf *out);

#endif

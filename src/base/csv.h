/* csv.h - fields of RFC 4180. */
#ifndef TN_CLI_CSV_H
#define TN_CLI_CSV_H

#include "base/buf.h"

/* TEXT in quotes, those in it twice. */
void tn_csv_text(struct tn_buf *out, struct tn_str text);

#endif

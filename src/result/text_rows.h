/* text_rows.h - a text of ours as rows of one column, encoded for a client as an engine's rows are. */
#ifndef TN_RESULT_TEXT_ROWS_H
#define TN_RESULT_TEXT_ROWS_H

#include "result/encoder.h"

/* A row for each line of TEXT that begins before WHOLE_FROM, and what stands from there on is one row: 0 = one row in all, SIZE_MAX =
 * each line is one. SCHEMA has one column, of text. The caller owns *OUT. */
TN_MUST_USE enum tn_status tn_text_rows_encode(struct tn_chunk **out, const struct tn_encoder *encoder, const struct tn_schema *schema,
                                               struct tn_str text, size_t whole_from, struct tn_error *err);

#endif

/* arrow.h - rows as an Arrow IPC stream (arrow.apache.org/docs/format/Columnar.html, "IPC Streaming Format"): a message with the
 * schema, one message for each batch of rows, an end. No dictionaries, no compression. Written with nanoarrow; where Turnout was built
 * without it every function answers TN_E_UNSUPPORTED 0A000.
 *
 * Types: those of result/types.def as they are, but decimals of any width are decimal128 (128-bit integers decimal128(38, 0)), NUMERIC
 * with a known precision up to 38 is decimal128 and else text, TIMETZ is text (Arrow has no such type), UUID is arrow.uuid, and JSON is
 * text, or, where its engine tells what is in it (struct tn_nested), a list, a struct or a map.
 * Errors: TN_E_INVALID 22003 a value that does not fit its Arrow type, 22023 bytes that are no such message; TN_E_NOMEM 53200. */
#ifndef TN_FRONTEND_ARROW_H
#define TN_FRONTEND_ARROW_H

#include "base/buf.h"
#include "result/batch.h"

bool tn_arrow_available(void);

/* Each appends one message to OUT. */
TN_MUST_USE enum tn_status tn_arrow_put_schema(const struct tn_schema *schema, struct tn_buf *out, struct tn_error *err);
TN_MUST_USE enum tn_status tn_arrow_put_rows(const struct tn_batch *batch, int64_t from, int64_t count, struct tn_buf *out, struct tn_error *err);
void tn_arrow_put_end(struct tn_buf *out);

/* Messages that are read below are this program's own: they are looked at, but not as bytes of a stranger must be. */

/* COUNT rows of MESSAGE, which is one of tn_arrow_put_rows(), from FROM on, as a message of their own. SCHEMA is the stream's message. */
TN_MUST_USE enum tn_status tn_arrow_cut(struct tn_str schema, struct tn_str message, int64_t from, int64_t count, struct tn_buf *out, struct tn_error *err);

/* Rows that were written as JSON arrays, as the REST API keeps them (frontend/rest/rest_encode.h), back into batches. Single owner. */
struct tn_arrow_rows;
TN_MUST_USE enum tn_status tn_arrow_rows_new(struct tn_arrow_rows **out, struct tn_str schema, struct tn_error *err);
void tn_arrow_rows_free(struct tn_arrow_rows *rows); /* NULL is fine */
/* After an error only tn_arrow_rows_free(). */
TN_MUST_USE enum tn_status tn_arrow_rows_add(struct tn_arrow_rows *rows, struct tn_str row, struct tn_error *err);
/* The message of the rows since the last one; none where there are none. */
TN_MUST_USE enum tn_status tn_arrow_rows_put(struct tn_arrow_rows *rows, struct tn_buf *out, struct tn_error *err);

#endif

/* builder.h - makes batches row by row, for engines that give rows. Single owner, not thread-safe.
 *
 *   tn_builder_begin(b);                         drops a row that was not ended
 *   tn_builder_i64(b, 0, 42, err);               each column at most once, in any order; columns not set are null
 *   tn_builder_bytes(b, 1, text, err);
 *   tn_builder_end(b, err);
 *   tn_builder_finish(b, &batch, err);           when it says TN_AGAIN, or there are no more
 *
 * A batch is full at MAX_BYTES. A value that would make it larger when it already has rows, or whose column would pass
 * the 2 GiB of int32 offsets, answers TN_AGAIN: finish the batch, then begin the same row again. A value that is too
 * large for an empty batch is TN_E_LIMIT 54000. A failed call leaves the rows that were ended as they are. */
#ifndef TN_RESULT_BUILDER_H
#define TN_RESULT_BUILDER_H

#include "result/batch.h"
#include "result/value.h"

struct tn_builder;

/* SCHEMA outlives the builder and its batches. The caller owns *OUT. */
TN_MUST_USE enum tn_status tn_builder_new(struct tn_builder **out, const struct tn_schema *schema, size_t max_bytes,
                                          struct tn_error *err);
void tn_builder_free(struct tn_builder *builder); /* NULL is fine */
void tn_builder_freep(struct tn_builder **builder);

void           tn_builder_begin(struct tn_builder *builder);
enum tn_status tn_builder_end(struct tn_builder *builder, struct tn_error *err);

/* The setters answer TN_E_INTERNAL when the column's type has no such values or the column is set already. */
enum tn_status tn_builder_null(struct tn_builder *builder, size_t column, struct tn_error *err);
enum tn_status tn_builder_bool(struct tn_builder *builder, size_t column, bool value, struct tn_error *err);
/* INT8..INT64, UINT8..UINT64, DECIMAL32, DECIMAL64, DATE, TIME, TIMESTAMP, TIMESTAMPTZ; 22003 when it does not fit. */
enum tn_status tn_builder_i64(struct tn_builder *builder, size_t column, int64_t value, struct tn_error *err);
enum tn_status tn_builder_u64(struct tn_builder *builder, size_t column, uint64_t value, struct tn_error *err);
enum tn_status tn_builder_f64(struct tn_builder *builder, size_t column, double value, struct tn_error *err);
/* TEXT, JSON, NUMERIC, BYTES: copied. */
enum tn_status tn_builder_bytes(struct tn_builder *builder, size_t column, struct tn_str value, struct tn_error *err);
/* Any type of fixed size, as it stands in the Arrow buffer: tn_type_size() bytes. */
enum tn_status tn_builder_raw(struct tn_builder *builder, size_t column, const void *value, struct tn_error *err);
/* A value of the column's own type, or null; no lists. */
enum tn_status tn_builder_value(struct tn_builder *builder, size_t column, const struct tn_value *value,
                                struct tn_error *err);

int64_t tn_builder_rows(const struct tn_builder *builder);  /* ended */
size_t  tn_builder_bytes_used(const struct tn_builder *builder); /* of the ended rows' values */

/* Moves the ended rows (0 is fine) into *OUT, which the caller releases; a row that was begun is dropped. The builder is
 * empty again. On TN_E_NOMEM the rows stay. */
enum tn_status tn_builder_finish(struct tn_builder *builder, struct tn_batch *out, struct tn_error *err);

#endif

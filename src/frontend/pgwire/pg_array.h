/* pg_array.h - one-dimensional arrays, text {a,"b",NULL} and binary. */
#ifndef TN_FRONTEND_PG_ARRAY_H
#define TN_FRONTEND_PG_ARRAY_H

#include "base/buf.h"
#include "frontend/pgwire/pg_types.h"
#include "result/value.h"

/* ELEMENT is the type of the elements; results and errors as tn_pg_value_decode(). An array of 8 million elements or
 * more, or one whose values need more than 64 MiB beside the bytes they came in, is TN_E_LIMIT. */
enum tn_status tn_pg_array_text_decode(const struct tn_pg_type *element, struct tn_str text,
                                       const struct tn_pg_style *style, struct tn_arena *arena, struct tn_value *out,
                                       struct tn_error *err);
enum tn_status tn_pg_array_binary_decode(const struct tn_pg_type *element, struct tn_str bytes, struct tn_arena *arena,
                                         struct tn_value *out, struct tn_error *err);

/* VALUE is a list of ELEMENT's values. */
enum tn_status tn_pg_array_encode(const struct tn_value *value, const struct tn_pg_type *element, int16_t format,
                                  const struct tn_pg_style *style, struct tn_buf *out, struct tn_error *err);

#endif

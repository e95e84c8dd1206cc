/* pg_scalar.h - one value that is no array, from its text and to both formats. */
#ifndef TN_FRONTEND_PG_SCALAR_H
#define TN_FRONTEND_PG_SCALAR_H

#include "base/buf.h"
#include "frontend/pgwire/pg_types.h"
#include "result/value.h"

/* TEXT is valid UTF-8 without NUL. The value may point into TEXT and ARENA. Errors as tn_pg_value_decode(). */
enum tn_status tn_pg_text_decode(const struct tn_pg_type *type, struct tn_str text, const struct tn_pg_style *style,
                                 struct tn_arena *arena, struct tn_value *out, struct tn_error *err);

/* VALUE has the tn_type of TYPE and is not null. Errors: 22003 out of range, 22P02 a NUMERIC that is no number,
 * TN_E_NOMEM and TN_E_LIMIT of OUT. */
enum tn_status tn_pg_scalar_encode(const struct tn_value *value, const struct tn_pg_type *type, int16_t format,
                                   const struct tn_pg_style *style, struct tn_buf *out, struct tn_error *err);

#endif

/* pg_value.h - a bound parameter's bytes to a typed value.
 *
 * Errors (all TN_E_INVALID unless said): 22P02 text that the type does not accept, 22007 and 22008 the same for dates
 * and times, 22003 a number out of range, 22P03 binary form wrong, 22021 text that is not UTF-8 or holds a NUL,
 * TN_E_UNSUPPORTED 0A000 a binary value of an unknown OID or an array of more than one dimension,
 * TN_E_NOMEM 53200, TN_E_LIMIT 54000. */
#ifndef TN_FRONTEND_PG_VALUE_H
#define TN_FRONTEND_PG_VALUE_H

#include "frontend/pgwire/pg_types.h"
#include "result/value.h"

/* Decodes BYTES (ptr NULL = null) of type OID in FORMAT (0 text, 1 binary). OID 0 and 705 in text give untyped TEXT, and
 * so does the text of an OID that is unknown. The value may point into BYTES and into ARENA. STYLE's zone is the one
 * for timestamptz text without zone. JSON is not checked for syntax: the engine does that. */
enum tn_status tn_pg_value_decode(uint32_t oid, int16_t format, struct tn_str bytes, const struct tn_pg_style *style,
                                  struct tn_arena *arena, struct tn_value *out, struct tn_error *err);

#endif

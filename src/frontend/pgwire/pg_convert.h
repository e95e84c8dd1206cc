/* pg_convert.h - one value between the text and the binary format of the PostgreSQL protocol. */
#ifndef TN_FRONTEND_PG_CONVERT_H
#define TN_FRONTEND_PG_CONVERT_H

#include "base/buf.h"
#include "frontend/pgwire/pg_types.h"
#include "result/value.h"

/* Appends VALUE (not null) as a value of type OID in FORMAT (0 text, 1 binary), without a length word.
 * TN_E_INVALID 22003 or 42804 when VALUE does not fit OID. A failed OUT is TN_E_NOMEM or TN_E_LIMIT. */
enum tn_status tn_pg_value_encode(const struct tn_value *value, uint32_t oid, int16_t format,
                                  const struct tn_pg_style *style, struct tn_buf *out, struct tn_error *err);

/* Appends the value BYTES of type OID, which is in format FROM, to OUT in format TO. Equal formats copy unchanged.
 * TN_E_UNSUPPORTED 0A000 for an unknown OID; otherwise errors as tn_pg_value_decode(). */
enum tn_status tn_pg_convert(uint32_t oid, int16_t from, struct tn_str bytes, int16_t to,
                             const struct tn_pg_style *style, struct tn_buf *out, struct tn_error *err);

#endif

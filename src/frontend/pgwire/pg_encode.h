/* pg_encode.h - batches to DataRow messages of the PostgreSQL protocol, text or binary per column.
 *
 * A DataRow is 'D', int32 length, int16 columns, then per column int32 length (-1 = null) and the bytes. Text forms
 * are those of PostgreSQL 15 with DateStyle ISO.
 *
 * Defined where engines can give what PostgreSQL cannot:
 *  - TEXT and JSON bytes that are not valid UTF-8 become U+FFFD (one for each byte that starts no valid sequence), and
 *    so does a NUL byte, in both formats. BYTES is never touched.
 *  - A value outside of the announced type's range is TN_E_INVALID 22003, naming the column.
 *  - A column whose announced OID is not its type's own is written in its own text form and read back as the announced
 *    type, so an INT64 announced as int4 works as long as its values fit.
 *  - Binary format for an OID that pg_types.def does not know is TN_E_UNSUPPORTED 0A000. */
#ifndef TN_FRONTEND_PG_ENCODE_H
#define TN_FRONTEND_PG_ENCODE_H

#include "frontend/pgwire/pg_types.h"
#include "result/encoder.h"

struct tn_pg_encoder {
    struct tn_encoder  base; /* first; pg_rows, pg_format_count and pg_formats decide the formats */
    struct tn_pg_style style;
};

/* FORMATS (COUNT of them, as in Bind) and STYLE's zone outlive the encoder. */
void tn_pg_encoder_init(struct tn_pg_encoder *encoder, const struct tn_pg_style *style, const int16_t *formats,
                        size_t count);

/* The format of COLUMN: Bind's rule of none, one or one each. */
static inline int16_t tn_pg_format_of(const int16_t *formats, size_t count, size_t column)
{
    return count == 0 ? (int16_t)0 : count == 1 ? formats[0] : column < count ? formats[column] : (int16_t)0;
}

#endif

/* my_encode.h - batches to row packets of the MySQL protocol, text or binary. The frames are numbered from 0: whoever sends them
 * numbers them (tn_my_number_frames).
 *
 * Text forms are MySQL's: booleans 1 and 0, bytes as they are, times of a zone in the session's zone without naming it. Defined
 * where engines can give what MySQL cannot:
 *  - Text that is no valid UTF-8 gets U+FFFD, as for every client; so does a NUL byte in it.
 *  - Infinite dates and times, and years before 1, are TN_E_INVALID 22008, naming the column.
 *  - NaN and infinities of FLOAT and DOUBLE are their text in text rows, and themselves in binary ones. */
#ifndef TN_FRONTEND_MY_ENCODE_H
#define TN_FRONTEND_MY_ENCODE_H

#include "base/tz.h"
#include "result/encoder.h"

struct tn_my_encoder {
    struct tn_encoder   base; /* first; my_rows, my_binary */
    const struct tn_tz *tz;   /* outlives it; NULL = UTC */
    const struct tn_my_charset *charset; /* of texts; NULL: UTF-8 */
};

void tn_my_encoder_init(struct tn_my_encoder *encoder, bool binary, const struct tn_tz *tz);

#endif

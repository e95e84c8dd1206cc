/* bytes.h - bytes that nobody changes any more, counted: one text for several readers, on any thread. */
#ifndef TN_BASE_BYTES_H
#define TN_BASE_BYTES_H

#include "base/buf.h"

#include <stdatomic.h>

struct tn_bytes {
    _Atomic unsigned refs;
    struct tn_buf    buf;
};

/* Takes BUF's memory, and BUF is empty again. NULL: no memory, BUF is as it was. The caller owns one reference. */
struct tn_bytes *tn_bytes_new(struct tn_buf *buf);
struct tn_bytes *tn_bytes_ref(struct tn_bytes *bytes); /* NULL stays NULL */
void             tn_bytes_unref(struct tn_bytes *bytes); /* NULL is fine */

#endif

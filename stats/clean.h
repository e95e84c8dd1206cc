/* clean.h - texts of clients as they are kept: valid UTF-8 without NUL, of a most of bytes, cut before a character that does not fit. What is
 * neither becomes U+FFFD. Nearly all are ASCII, which is looked at eight bytes at a time and copied as it is. Pure. */
#ifndef TN_STATS_CLEAN_H
#define TN_STATS_CLEAN_H

#include "base/str.h"

/* Room that TEXT needs, MOST at most; *PLAIN: it is ASCII and fits. */
size_t tn_clean_bound(struct tn_str text, size_t most, bool *plain);
/* Into OUT, which has what tn_clean_bound() said; the written length. */
size_t tn_clean_copy(char *out, size_t room, struct tn_str text, bool plain);

#endif

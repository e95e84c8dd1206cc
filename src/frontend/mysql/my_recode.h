/* my_recode.h - texts of a client's character set as UTF-8, and back (my_encoding.def; iconv). One direction, one thread.
 *
 * latin1 is MySQL's: Windows-1252 whose five free bytes are control characters. A byte that is no character of its set becomes a mark,
 * which goes back to the same byte; a character that the other set does not have becomes '?'. */
#ifndef TN_FRONTEND_MY_RECODE_H
#define TN_FRONTEND_MY_RECODE_H

#include "base/buf.h"
#include "frontend/mysql/my_types.h"

struct tn_my_recode {
    void *handle;  /* iconv_t; NULL: texts stay as they are */
    bool  to_utf8;
    bool  is_latin1, is_sjis;
};

bool tn_my_is_recoded(const struct tn_my_charset *charset); /* it is neither UTF-8 nor bytes; NULL: no */

bool tn_my_charset_is_known(const struct tn_my_charset *charset); /* it is not recoded, or this machine's C library knows it */

/* Of a set that is not recoded texts stay as they are. False: this machine's C library does not know the set. */
TN_MUST_USE bool tn_my_recode_init(struct tn_my_recode *recode, const struct tn_my_charset *charset, bool to_utf8);
void tn_my_recode_reset(struct tn_my_recode *recode);

/* Appends TEXT to OUT. */
void tn_my_recode_put(struct tn_my_recode *recode, struct tn_str text, struct tn_buf *out);

/* All of that for one text. False: no memory, or the set is not known (TEXT as it is). */
bool tn_my_recode_text(const struct tn_my_charset *charset, bool to_utf8, struct tn_str text, struct tn_buf *out);

bool tn_my_has_mark(struct tn_str text); /* of a byte that was no character */
bool tn_my_is_ascii(struct tn_str text); /* the same in all sets */

#endif

/* base64.h - RFC 4648, with padding and without line breaks. Strict: one text for one value. */
#ifndef TN_BASE_BASE64_H
#define TN_BASE_BASE64_H

#include "base/buf.h"
#include "base/str.h"

/* Bytes of the text of LEN bytes, without its NUL. */
#define TN_BASE64_TEXT(len) (((len) + 2) / 3 * 4)

/* OUT has room for TN_BASE64_TEXT(LEN) + 1. The length. */
size_t tn_base64_encode(const void *data, size_t len, char *out);
/* False: TEXT is not well-formed, or longer than SIZE bytes. */
bool tn_base64_decode(struct tn_str text, void *out, size_t size, size_t *len);

/* The same onto a buffer. */
void tn_base64_put(struct tn_buf *out, struct tn_str bytes);
void tn_base64_put_json(struct tn_buf *out, struct tn_str bytes); /* in quotes */
/* False: TEXT is not well-formed, or there is no memory. */
bool tn_base64_take(struct tn_buf *out, struct tn_str text);

#endif

/* http_inflate.h - gzip undone, part by part, into a buffer that has a maximum. What it is told is hostile: it says how much larger
 * than what came the text may get. Single owner. */
#ifndef TN_NET_HTTP_INFLATE_H
#define TN_NET_HTTP_INFLATE_H

#include "base/buf.h"

enum {
    TN_HTTP_RATIO_FROM = 32 * 1024 * 1024, /* a text that gzip makes larger than this ... */
    TN_HTTP_RATIO_MAX = 200,               /* ... may not be more than so many times what came */
};

enum tn_http_inflated { TN_HTTP_INFLATED, TN_HTTP_INFLATE_BAD, TN_HTTP_INFLATE_TOO_LONG, TN_HTTP_INFLATE_BOMB, TN_HTTP_INFLATE_NO_MEMORY };

struct tn_http_inflater;

struct tn_http_inflater *tn_http_inflater_new(void); /* NULL: no memory */
void                     tn_http_inflater_free(struct tn_http_inflater *inflater); /* NULL is fine */
void                     tn_http_inflater_begin(struct tn_http_inflater *inflater); /* another text */
enum tn_http_inflated    tn_http_inflate(struct tn_http_inflater *inflater, struct tn_str part, struct tn_buf *out);
bool                     tn_http_inflater_is_whole(const struct tn_http_inflater *inflater); /* the text has come to its end; nothing is whole, too */

#endif

/* http_coding.h - content codings of answers: gzip (RFC 1952, zlib) and zstd (RFC 8878), by the client's Accept-Encoding (RFC
 * 9110, 12.5.3). Own thread only. */
#ifndef TN_NET_HTTP_CODING_H
#define TN_NET_HTTP_CODING_H

#include "base/buf.h"
#include "base/str.h"

enum tn_http_coding { TN_HTTP_CODING_NONE, TN_HTTP_CODING_GZIP, TN_HTTP_CODING_ZSTD };

const char *tn_http_coding_name(enum tn_http_coding coding); /* "gzip" */

/* The one that ACCEPT, the value of the field, likes best; of equals zstd, which costs least, and then gzip. NONE when there is no field. */
enum tn_http_coding tn_http_coding_choose(struct tn_str accept);
/* ACCEPT refuses what is not coded: with NONE as the choice nothing that there is can be sent. */
bool tn_http_coding_must(struct tn_str accept);

struct tn_http_coder;
struct tn_http_coder *tn_http_coder_new(enum tn_http_coding coding); /* NULL: no memory, or NONE */
void tn_http_coder_free(struct tn_http_coder *coder);                /* NULL is fine */
/* Appends what becomes of DATA to OUT, all of it, so that the client can read as far; LAST: and the end. False: no memory. */
TN_MUST_USE bool tn_http_coder_put(struct tn_http_coder *coder, struct tn_str data, bool last, struct tn_buf *out);

#endif

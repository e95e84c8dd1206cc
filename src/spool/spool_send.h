/* spool_send.h - a file to an HTTP client: read in the offload pool, piece by piece as the client takes them. */
#ifndef TN_SPOOL_SPOOL_SEND_H
#define TN_SPOOL_SPOOL_SEND_H

#include "net/http.h"
#include "spool/spool.h"

/* Answers X: 200 and the file's bytes as TYPE, or 410 and MISSING (static, plain text) when there is no such file; fields that are
 * set already stand in either. On X's worker; X's user, gone and room are this function's from now on. */
void tn_spool_send(struct tn_spool *spool, struct tn_http_exchange *x, const char *id, const char *end, const char *type, const char *missing);

#endif

/* trino.h - the Trino HTTP frontend: POST /v1/statement and the pages that follow it, over the pipeline that all other
 * clients' statements go through. */
#ifndef TN_TRINO_TRINO_H
#define TN_TRINO_TRINO_H

#include "server.h"

struct tn_trino;

/* *OUT is NULL when frontends.trinoHttp is not enabled. Main thread; the workers run. */
TN_MUST_USE enum tn_status tn_trino_http_open(struct tn_trino **out, struct tn_server *server, struct tn_error *err);
/* No new connections. Any thread; NULL is fine. */
void tn_trino_http_stop(struct tn_trino *trino);
/* When the workers were joined and are not yet freed. NULL is fine. */
void tn_trino_http_close(struct tn_trino *trino);

#endif

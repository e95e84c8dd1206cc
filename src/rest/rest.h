/* rest.h - the query REST API (frontends.restHttp): synchronous and asynchronous queries, their results, history and statistics,
 * explain-route and validate, over HTTP. Every path is one line of rest_endpoints.def, and so is its part of /openapi.json.
 *
 *   request -> read and checked -> tn_ask_start() on a worker -> rows as they come (synchronous) or to a file (asynchronous)
 *
 * A query's id is a UUID that holds the number of the worker that has it; requests for it that come in elsewhere are errands. */
#ifndef TN_REST_REST_H
#define TN_REST_REST_H

#include "server.h"

struct tn_rest;

/* Listens as SERVER's present configuration says; *OUT is NULL and the answer TN_OK when frontends.restHttp is not enabled. Main
 * thread, workers running or not. TN_E_DENIED: off loopback without log-in; TN_E_IO: the address cannot be had. */
TN_MUST_USE enum tn_status tn_rest_open(struct tn_rest **out, struct tn_server *server, struct tn_error *err);
void tn_rest_stop(struct tn_rest *rest); /* no new connections; any thread; once. NULL is fine */
/* Main thread, when the workers have been joined and before tn_server_free(). NULL is fine. */
void tn_rest_close(struct tn_rest *rest);

#endif

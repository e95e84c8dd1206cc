/* http_endpoint.h - a table of what a handler serves: finds the line for a request, and reads what its path and query say. */
#ifndef TN_NET_HTTP_ENDPOINT_H
#define TN_NET_HTTP_ENDPOINT_H

#include "net/http.h"

enum { TN_HTTP_ARGS = 12 };

/* The beginning of a handler's own line. One segment of PATH may be "{NAME}": any text but none. */
struct tn_http_endpoint {
    enum tn_http_method method; /* GET: HEAD as well */
    const char         *path;
    const char         *params; /* that may stand in the query, at most TN_HTTP_ARGS, separated by blanks */
};

/* Decoded; in the exchange's arena. */
struct tn_http_args {
    struct tn_str capture; /* the text at "{NAME}"; ptr NULL: there is none */
    size_t        count;
    struct {
        struct tn_str name, value;
    } items[TN_HTTP_ARGS];
};

/* The line of TABLE (COUNT lines of SIZE bytes, each beginning with struct tn_http_endpoint) for X; NULL: none. Of paths that match, the
 * one that stands first is meant. For a NULL, ALLOW lists the methods that the path has; "" = there is no such path. */
enum { TN_HTTP_ALLOW = 64 };
const void *tn_http_endpoint_find(const void *table, size_t count, size_t size, const struct tn_http_exchange *x, char allow[TN_HTTP_ALLOW]);
/* What to say then: 405 with ALLOW, or 404 with HINT ("GET /admin lists them"). */
void tn_http_endpoint_none(struct tn_http_exchange *x, const char *allow, const char *hint);

/* False: wrong (an escape, an unknown parameter, one given twice), and answered. */
bool tn_http_args_read(struct tn_http_exchange *x, const struct tn_http_endpoint *endpoint, struct tn_http_args *out);
struct tn_str tn_http_arg(const struct tn_http_args *args, const char *name); /* ptr NULL: it was not given */
/* A number up to MAX, or yes/no. False: it was none, and that has been answered. Absent: *OUT stays. */
bool tn_http_arg_u64(struct tn_http_exchange *x, const struct tn_http_args *args, const char *name, uint64_t max, uint64_t *out);
bool tn_http_arg_bool(struct tn_http_exchange *x, const struct tn_http_args *args, const char *name, bool *out);

#endif

/* rest_request.h - the body of a request of the REST API. */
#ifndef TN_FRONTEND_REST_REQUEST_H
#define TN_FRONTEND_REST_REQUEST_H

#include "base/json_read.h"
#include "result/value.h"

enum { TN_REST_SQL_MAX = 100000 /* characters */, TN_REST_LIMIT = 10000, TN_REST_TIMEOUT_S = 300, TN_REST_PARAMS_MAX = 1000 };

struct tn_rest_request {
    struct tn_str              sql, catalog, schema, query_id, tenant_id; /* empty = not given */
    uint64_t                   limit, offset, timeout_s;
    bool                       limit_given, timeout_given, use_cache;
    const struct tn_json_node *parameters, *settings, *metadata; /* NULL = not given */
};

/* BODY into OUT, in ARENA and BODY's own memory. TN_E_INVALID (22023 and others) says which member is wrong and what it may be;
 * TN_E_LIMIT, TN_E_NOMEM. */
TN_MUST_USE enum tn_status tn_rest_request_read(struct tn_str body, struct tn_arena *arena, struct tn_rest_request *out, struct tn_error *err);

/* metadata, query_id and tenant_id as the JSON object that turnout.tags takes; empty when there are none. */
TN_MUST_USE enum tn_status tn_rest_request_tags(const struct tn_rest_request *request, struct tn_arena *arena, struct tn_str *out,
                                                struct tn_error *err);

/* One value of `parameters`; NAME for messages. It may point into ARENA and NODE. */
TN_MUST_USE enum tn_status tn_rest_param_read(const struct tn_json_node *node, const char *name, struct tn_arena *arena, struct tn_param *out,
                                              struct tn_error *err);

#endif

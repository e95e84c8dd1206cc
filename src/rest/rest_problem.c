#include "rest/private.h"

int tn_rest_http_status(enum tn_status status, enum tn_fault fault, const char *sqlstate)
{
    if (fault == TN_FAULT_QUERY)
        return 400;
    if (fault == TN_FAULT_UNSUPPORTED)
        return 422;
    if (fault == TN_FAULT_TIMEOUT)
        return 504;
    if (fault == TN_FAULT_CANCEL)
        return strcmp(sqlstate, "57P01") == 0 ? 503 : 409;
    if (fault == TN_FAULT_ENGINE)
        return 502;
    switch (status) {
    case TN_E_NOT_FOUND: return 400; /* a name in the request: the path itself is there */
    case TN_E_DENIED: return strcmp(sqlstate, "57P03") == 0 ? 503 : 403;
    case TN_E_UNSUPPORTED: return 422;
    case TN_E_LIMIT: return strcmp(sqlstate, "53300") == 0 ? 429 : strncmp(sqlstate, "54", 2) == 0 ? 413 : 503;
    case TN_E_INVALID: return 400;
    case TN_E_TIMEOUT: return 504;
    case TN_E_CANCELLED: return 409;
    case TN_E_NOMEM: return 503;
    case TN_E_ENGINE: case TN_E_CONNECTION: return 502;
    default: return 500;
    }
}

static void put_members(struct tn_json *json, const struct tn_rest_error *error)
{
    tn_json_text(json, "code", error->sqlstate);
    tn_json_text(json, "origin", error->from_engine ? "engine" : "turnout");
    if (error->position > 0)
        tn_json_u64(json, "position", (uint64_t)error->position);
    if (error->detail.len > 0)
        tn_json_str(json, "reason", error->detail);
    if (error->hint.len > 0)
        tn_json_str(json, "hint", error->hint);
}

void tn_rest_put_error(struct tn_json *json, const char *key, const struct tn_rest_error *error)
{
    tn_json_open(json, key, '{');
    tn_json_str(json, "message", error->message);
    put_members(json, error);
    tn_json_close(json, '}');
}

void tn_rest_reply_json(struct tn_http_exchange *x, int status, struct tn_buf *body)
{
    tn_buf_put_u8(body, '\n');
    tn_http_reply_buf(x, status, "application/json", body);
}

void tn_rest_problem_of(struct tn_http_exchange *x, const struct tn_rest_error *error, const char *id, const char *engine)
{
    int            status = tn_rest_http_status(error->status, error->fault, error->sqlstate);
    struct tn_buf  body;
    struct tn_json json = {.buf = &body};

    tn_buf_init(&body, 64 * 1024);
    tn_json_open(&json, NULL, '{');
    tn_json_text(&json, "type", "about:blank");
    tn_json_text(&json, "title", tn_http_status_text(status));
    tn_json_u64(&json, "status", (uint64_t)status);
    tn_json_str(&json, "detail", error->message);
    put_members(&json, error);
    if (id != NULL)
        tn_json_text(&json, "executionId", id);
    if (engine != NULL && engine[0] != '\0')
        tn_json_text(&json, "engineType", engine);
    tn_json_close(&json, '}');
    tn_buf_put_u8(&body, '\n');
    if (status == 429 || status == 503)
        tn_http_set_field(x, "Retry-After", "1");
    tn_http_reply_buf(x, status, "application/problem+json", &body);
}

void tn_rest_problem(struct tn_http_exchange *x, const struct tn_error *err)
{
    struct tn_rest_error error = {.status = err->status, .fault = err->fault, .from_engine = err->from_engine, .position = err->position,
                                  .message = tn_str(err->message), .detail = tn_str(err->detail), .hint = tn_str(err->hint)};

    tn_str_copy(error.sqlstate, sizeof error.sqlstate, tn_str(err->sqlstate));
    tn_rest_problem_of(x, &error, NULL, NULL);
}

/* Paths of requests: what is asked for, and of which query. */
#include "trino/coordinator.h"

static bool next_segment(struct tn_str *path, struct tn_str *segment)
{
    const char *slash;

    if (path->len == 0 || path->ptr[0] != '/')
        return false;
    *path = tn_str_n(path->ptr + 1, path->len - 1);
    slash = memchr(path->ptr, '/', path->len);
    *segment = tn_str_n(path->ptr, slash == NULL ? path->len : (size_t)(slash - path->ptr));
    *path = tn_str_n(path->ptr + segment->len, path->len - segment->len);
    return true;
}

enum { SEGMENTS = 8 };

/* "SLUG.SEALED" */
static void split_slug(struct tn_trino_call *call, struct tn_str text)
{
    const char *dot = memchr(text.ptr, '.', text.len);

    call->slug = dot == NULL ? text : tn_str_n(text.ptr, (size_t)(dot - text.ptr));
    if (dot != NULL)
        call->sealed = tn_str_n(dot + 1, text.len - call->slug.len - 1);
}

/* /v1/spooled/{relay|download|ack}/SEALED */
static bool read_segment(struct tn_trino_call *call, const struct tn_str *part, size_t count)
{
    if (count != 4 || !tn_str_eq_c(part[0], "v1") || !tn_str_eq_c(part[1], "spooled") || call->verb != TN_TRINO_GET)
        return false;
    if (tn_str_eq_c(part[2], "relay"))
        call->verb = TN_TRINO_SEGMENT;
    else if (tn_str_eq_c(part[2], "download"))
        call->verb = TN_TRINO_DOWNLOAD;
    else if (tn_str_eq_c(part[2], "ack"))
        call->verb = TN_TRINO_ACK;
    else
        return false;
    call->slug = call->sealed = part[3];
    return true;
}

/* /v1/statement/{queued|executing}/ID/SLUG/TOKEN or /v1/statement/executing/partialCancel/ID/STAGE/SLUG/TOKEN */
static bool read_link(struct tn_trino_call *call, struct tn_str part[SEGMENTS], size_t count)
{
    bool   partial = count == SEGMENTS && tn_str_eq_c(part[3], "partialCancel");
    size_t at = partial ? 4 : 3;

    if (!(partial || count == 6) || !(tn_str_eq_c(part[2], "executing") || tn_str_eq_c(part[2], "queued")))
        return false;
    call->id = part[at];
    split_slug(call, part[partial ? at + 2 : at + 1]);
    if (partial && call->verb == TN_TRINO_DELETE)
        call->verb = TN_TRINO_PARTIAL;
    return tn_str_to_u64(part[partial ? at + 3 : at + 2], UINT64_MAX / 2, &call->token);
}

static bool read_method(struct tn_trino_call *call, const struct tn_http_exchange *x)
{
    switch ((int)x->method) {
    case TN_HTTP_METHOD_GET: call->verb = TN_TRINO_GET; return true;
    case TN_HTTP_METHOD_HEAD: call->verb = TN_TRINO_HEAD; return true;
    case TN_HTTP_METHOD_DELETE: call->verb = TN_TRINO_DELETE; return true;
    case TN_HTTP_METHOD_POST: call->verb = TN_TRINO_POST; return true;
    default: return false;
    }
}

/* /v1/query/ID/killed, and by the path of a Trino's web interface: another word for its DELETE */
static bool is_killed(const struct tn_str *part, size_t count)
{
    bool ui = count == 5 && tn_str_eq_c(part[0], "ui") && tn_str_eq_c(part[1], "api");

    return (ui || (count == 4 && tn_str_eq_c(part[0], "v1"))) && tn_str_eq_c(part[count - 3], "query") &&
           (tn_str_eq_c(part[count - 1], "killed") || tn_str_eq_c(part[count - 1], "preempted"));
}

int tn_trino_path_read(struct tn_trino_call *call, const struct tn_http_exchange *x)
{
    struct tn_str part[SEGMENTS + 1], path = {NULL, 0};
    size_t        count = 0;
    bool          statement;

    if (!tn_arena_str(&call->arena, x->path, &path))
        return 503;
    while (count <= SEGMENTS && next_segment(&path, &part[count]))
        count++;
    statement = count >= 2 && count <= SEGMENTS && tn_str_eq_c(part[0], "v1") && tn_str_eq_c(part[1], "statement");
    call->allow = count == 2 ? "POST, HEAD" : "GET, HEAD, DELETE";
    if (x->method == TN_HTTP_METHOD_PUT && is_killed(part, count)) {
        call->id = part[count - 2];
        call->verb = TN_TRINO_DELETE;
        return 0;
    }
    if (!read_method(call, x))
        return statement ? 405 : 404;
    call->validates = statement && count == 2 && call->verb == TN_TRINO_HEAD;
    if (statement && !call->validates && (count == 2) != (call->verb == TN_TRINO_POST))
        return 405;
    if (statement && count == 2)
        return 0;
    if (statement)
        return read_link(call, part, count) ? 0 : 404;
    if (read_segment(call, part, count))
        return 0;
    if (tn_trino_coordinator_has(x->path)) {
        call->allow = "GET, HEAD";
        if (call->verb != TN_TRINO_GET && call->verb != TN_TRINO_HEAD)
            return 405;
        call->verb = TN_TRINO_TELL;
        call->free_to_all = tn_str_eq_c(part[0], "ui") && !tn_auth_is_asked(call->trino->server->auth);
        return 0;
    }
    if (count == 3 && tn_str_eq_c(part[0], "v1") && tn_str_eq_c(part[1], "query") && call->verb != TN_TRINO_POST) {
        call->id = part[2];
        call->verb = call->verb == TN_TRINO_DELETE ? TN_TRINO_DELETE : TN_TRINO_INFO;
        return 0;
    }
    if (count == 4 && tn_str_eq_c(part[0], "ui") && tn_str_eq_c(part[1], "api") && tn_str_eq_c(part[2], "query") && call->verb == TN_TRINO_GET) {
        call->id = part[3];
        call->verb = TN_TRINO_INFO;
        call->free_to_all = !tn_auth_is_asked(call->trino->server->auth);
        return 0;
    }
    return 404;
}

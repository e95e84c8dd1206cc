#include "net/http_endpoint.h"

#include "net/http_text.h"

/* ---- finding it ---- */

/* Next segment of PATH behind *AT, without slashes; false at the end. "/a/b" has two, "/a/" has "a" and an empty one. */
static bool next_segment(struct tn_str path, size_t *at, struct tn_str *segment)
{
    const char *from, *slash;

    if (*at >= path.len)
        return false;
    from = path.ptr + *at + 1; /* behind the slash */
    slash = memchr(from, '/', path.len - *at - 1);
    *segment = tn_str_n(from, slash == NULL ? path.len - *at - 1 : (size_t)(slash - from));
    *at += 1 + segment->len;
    return true;
}

/* In PATH a `%2F` stays inside its segment. */
static bool path_matches(const char *pattern, struct tn_str path, struct tn_str *capture)
{
    struct tn_str want, have, whole = tn_str(pattern);
    size_t        i = 0, k = 0;

    while (next_segment(whole, &i, &want)) {
        if (!next_segment(path, &k, &have))
            return false;
        if (want.len > 0 && want.ptr[0] == '{' && have.len > 0)
            *capture = have;
        else if (!tn_str_eq(want, have))
            return false;
    }
    return !next_segment(path, &k, &have);
}

const void *tn_http_endpoint_find(const void *table, size_t count, size_t size, const struct tn_http_exchange *x, char allow[TN_HTTP_ALLOW])
{
    enum tn_http_method method = x->method == TN_HTTP_METHOD_HEAD ? TN_HTTP_METHOD_GET : x->method;
    struct tn_str       capture;
    const char         *taken = NULL;

    allow[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const struct tn_http_endpoint *line = (const void *)((const char *)table + i * size);

        if (!path_matches(line->path, x->path, &capture) || (taken != NULL && strcmp(taken, line->path) != 0))
            continue;
        if (line->method == method)
            return line;
        taken = line->path;
        snprintf(allow + strlen(allow), TN_HTTP_ALLOW - strlen(allow), "%s%s", allow[0] != '\0' ? ", " : "",
                 line->method == TN_HTTP_METHOD_GET ? "GET, HEAD" : tn_http_method_name(line->method));
    }
    return NULL;
}

void tn_http_endpoint_none(struct tn_http_exchange *x, const char *allow, const char *hint)
{
    if (allow[0] == '\0') {
        tn_http_problem(x, 404, "there is no such path; %s", hint);
        return;
    }
    tn_http_set_field(x, "Allow", allow);
    tn_http_problem(x, 405, "this path answers %s only", allow);
}

/* ---- what it is asked ---- */

static bool is_listed(const char *list, struct tn_str name)
{
    while (*list != '\0') {
        size_t len = strcspn(list, " ");

        if (tn_str_eq(tn_str_n(list, len), name))
            return true;
        list += len;
        list += strspn(list, " ");
    }
    return false;
}

static bool read_arg(struct tn_http_exchange *x, const struct tn_http_endpoint *endpoint, struct tn_http_args *args, struct tn_str name,
                     struct tn_str value)
{
    if (!tn_http_decode(&x->arena, name, true, &name) || !tn_http_decode(&x->arena, value, true, &value)) {
        tn_http_problem(x, 400, "the query has a wrong %% escape");
        return false;
    }
    if (!is_listed(endpoint->params, name)) {
        tn_http_problem(x, 400, "unknown parameter `%.64s`; %s has %s%s", name.ptr, endpoint->path,
                        endpoint->params[0] == '\0' ? "none" : "these: ", endpoint->params);
        return false;
    }
    if (tn_http_arg(args, name.ptr).ptr != NULL) {
        tn_http_problem(x, 400, "parameter `%s` is given twice", name.ptr);
        return false;
    }
    args->items[args->count].name = name;
    args->items[args->count++].value = value;
    return true;
}

bool tn_http_args_read(struct tn_http_exchange *x, const struct tn_http_endpoint *endpoint, struct tn_http_args *out)
{
    struct tn_str name, value;
    size_t        at = 0;

    *out = (struct tn_http_args){.count = 0};
    path_matches(endpoint->path, x->path, &out->capture);
    if (out->capture.ptr != NULL && !tn_http_decode(&x->arena, out->capture, false, &out->capture)) {
        tn_http_problem(x, 400, "the path has a wrong %% escape");
        return false;
    }
    while (tn_http_query_next(x->query, &at, &name, &value))
        if (!read_arg(x, endpoint, out, name, value))
            return false;
    return true;
}

struct tn_str tn_http_arg(const struct tn_http_args *args, const char *name)
{
    for (size_t i = 0; i < args->count; i++)
        if (tn_str_eq_c(args->items[i].name, name))
            return args->items[i].value;
    return tn_str_n(NULL, 0);
}

bool tn_http_arg_u64(struct tn_http_exchange *x, const struct tn_http_args *args, const char *name, uint64_t max, uint64_t *out)
{
    struct tn_str value = tn_http_arg(args, name);

    if (value.ptr == NULL || tn_str_to_u64(value, max, out))
        return true;
    tn_http_problem(x, 400, "parameter `%s` must be a number up to %llu, not `%.64s`", name, (unsigned long long)max, value.ptr);
    return false;
}

bool tn_http_arg_bool(struct tn_http_exchange *x, const struct tn_http_args *args, const char *name, bool *out)
{
    struct tn_str value = tn_http_arg(args, name);

    if (value.ptr == NULL)
        return true;
    *out = tn_str_eq_c(value, "true") || tn_str_eq_c(value, "1") || tn_str_eq_c(value, "on");
    if (*out || tn_str_eq_c(value, "false") || tn_str_eq_c(value, "0") || tn_str_eq_c(value, "off"))
        return true;
    tn_http_problem(x, 400, "parameter `%s` must be true or false, not `%.64s`", name, value.ptr);
    return false;
}

#include "config/endpoint.h"

/* The rest of *REST up to STOP, which goes, too; all of it when there is none. */
static struct tn_str take(struct tn_str *rest, char stop)
{
    const char   *at = rest->len == 0 ? NULL : memchr(rest->ptr, stop, rest->len);
    struct tn_str head = at == NULL ? *rest : tn_str_n(rest->ptr, (size_t)(at - rest->ptr));
    size_t        used = head.len + (at != NULL);

    *rest = tn_str_n(rest->ptr + used, rest->len - used);
    return head;
}

static const char *take_address(struct tn_str authority, struct tn_endpoint_mysql *out)
{
    uint64_t number;

    if (authority.len > 0 && memchr(authority.ptr, '@', authority.len) != NULL)
        return "it carries a user; put that into auth.username and auth.password";
    if (authority.len > 0 && authority.ptr[0] == '[') {
        authority = tn_str_n(authority.ptr + 1, authority.len - 1);
        out->host = take(&authority, ']');
        if (authority.len > 0 && authority.ptr[0] != ':')
            return "only :PORT may follow [ADDRESS]";
        take(&authority, ':');
    } else {
        out->host = take(&authority, ':');
    }
    out->port = authority;
    if (out->host.len == 0)
        return "it names no host";
    if (out->port.len > 0 && (!tn_str_to_u64(out->port, 65535, &number) || number == 0))
        return "the port is not a number from 1 to 65535 (an IPv6 address is written in [ ])";
    return NULL;
}

const char *tn_endpoint_parse_mysql(struct tn_str url, struct tn_endpoint_mysql *out)
{
    struct tn_str rest, path, query;
    const char   *reason;

    *out = (struct tn_endpoint_mysql){.host = {"", 0}, .port = {"", 0}, .database = {"", 0}, .socket = {"", 0}};
    for (size_t i = 0; i < url.len; i++)
        if ((unsigned char)url.ptr[i] <= ' ' || url.ptr[i] == 0x7F)
            return "it contains a blank or a control character";
    if (tn_str_starts(url, TN_STR("mysql://")))
        rest = tn_str_n(url.ptr + 8, url.len - 8);
    else if (tn_str_starts(url, TN_STR("mariadb://")))
        rest = tn_str_n(url.ptr + 10, url.len - 10);
    else
        return "it does not start with mysql://";
    path = take(&rest, '?');
    query = rest;
    reason = take_address(take(&path, '/'), out);
    if (reason != NULL)
        return reason;
    out->database = path;
    if (path.len > 0 && (memchr(path.ptr, '/', path.len) != NULL || memchr(path.ptr, '%', path.len) != NULL))
        return "the database's name may not contain / or %";
    if (query.len == 0)
        return NULL;
    if (!tn_str_starts(query, TN_STR("socket=/")) || memchr(query.ptr, '&', query.len) != NULL || query.len > 100)
        return "only ?socket=/PATH may follow";
    out->socket = tn_str_n(query.ptr + 7, query.len - 7);
    return NULL;
}

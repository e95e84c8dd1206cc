#include "net/http_origin.h"

#include "net/listener.h"

/* "host:port" without the port. */
static struct tn_str host_of(struct tn_str authority)
{
    bool        bracket = authority.len > 0 && authority.ptr[0] == '[';
    const char *end = memchr(authority.ptr, bracket ? ']' : ':', authority.len);

    return end == NULL ? authority : tn_str_n(authority.ptr + bracket, (size_t)(end - authority.ptr) - bracket);
}

bool tn_http_host_is_local(const struct tn_http_exchange *x)
{
    const struct tn_http_field *field = tn_http_field(x, "host");
    char                        host[256];

    if (field == NULL)
        return true;
    tn_str_copy(host, sizeof host, host_of(field->value));
    return tn_net_is_loopback(host);
}

bool tn_http_is_browser(const struct tn_http_exchange *x)
{
    return tn_http_field(x, "origin") != NULL || tn_http_field(x, "sec-fetch-site") != NULL;
}

bool tn_http_is_cross_site(const struct tn_http_exchange *x)
{
    const struct tn_http_field *origin = tn_http_field(x, "origin"), *host = tn_http_field(x, "host");
    const struct tn_http_field *site = tn_http_field(x, "sec-fetch-site");
    const char                 *scheme;

    if (site != NULL && !tn_str_eq_c(site->value, "same-origin") && !tn_str_eq_c(site->value, "none"))
        return true;
    if (origin == NULL)
        return false;
    scheme = memmem(origin->value.ptr, origin->value.len, "://", 3);
    if (scheme == NULL || host == NULL)
        return true; /* "null" */
    return !tn_str_ieq(tn_str_n(scheme + 3, origin->value.len - (size_t)(scheme + 3 - origin->value.ptr)), host->value);
}

#include "config/endpoint.h"

#include <arpa/inet.h>

enum { HOST_MAX = 256 };

static struct tn_str without_brackets(struct tn_str host)
{
    if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        return tn_str_n(host.ptr + 1, host.len - 2);
    return host;
}

/* 4, 6 or 0 (a name). BYTES has room for 16. */
static int to_address(struct tn_str host, unsigned char *bytes)
{
    char text[HOST_MAX];

    host = without_brackets(host);
    if (host.len >= sizeof text)
        return 0;
    tn_str_copy(text, sizeof text, host);
    if (inet_pton(AF_INET, text, bytes) == 1)
        return 4;
    return inet_pton(AF_INET6, text, bytes) == 1 ? 6 : 0;
}

bool tn_host_is_loopback(struct tn_str host)
{
    unsigned char bytes[16] = {0};

    switch (to_address(host, bytes)) {
    case 4:
        return bytes[0] == 127;
    case 6:
        for (int i = 0; i < 15; i++)
            if (bytes[i] != 0)
                return false;
        return bytes[15] == 1;
    default:
        return tn_str_ieq_c(host, "localhost");
    }
}

static bool is_any(struct tn_str host)
{
    unsigned char bytes[16] = {0};
    int           family = to_address(host, bytes);

    for (size_t i = 0; i < sizeof bytes; i++)
        if (bytes[i] != 0)
            return false;
    return family != 0 || tn_str_eq_c(host, "*");
}

bool tn_host_overlaps(struct tn_str a, struct tn_str b)
{
    unsigned char x[16] = {127, 0, 0, 1}, y[16] = {127, 0, 0, 1}; /* stands for localhost */
    int           family_a = tn_str_ieq_c(a, "localhost") ? 4 : to_address(a, x);
    int           family_b = tn_str_ieq_c(b, "localhost") ? 4 : to_address(b, y);

    if (is_any(a) || is_any(b))
        return true;
    if (family_a == 0 || family_b == 0)
        return tn_str_ieq(a, b);
    return family_a == family_b && memcmp(x, y, family_a == 4 ? 4 : 16) == 0;
}

/* TEXT up to STOP, which is dropped from *REST; all of it when STOP is absent. */
static struct tn_str take_until(struct tn_str *rest, char stop)
{
    const char   *at = rest->len == 0 ? NULL : memchr(rest->ptr, stop, rest->len);
    struct tn_str head = at == NULL ? *rest : tn_str_n(rest->ptr, (size_t)(at - rest->ptr));
    size_t        used = head.len + (at != NULL);

    *rest = tn_str_n(rest->ptr + used, rest->len - used);
    return head;
}

static bool is_hex(char c)
{
    c = tn_ascii_lower(c);
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static const char *check_characters(struct tn_str url)
{
    for (size_t i = 0; i < url.len; i++) {
        if ((unsigned char)url.ptr[i] <= ' ' || url.ptr[i] == 0x7F)
            return "it contains a blank or a control character; write it as %XX";
        if (url.ptr[i] != '%')
            continue;
        if (i + 2 >= url.len || !is_hex(url.ptr[i + 1]) || !is_hex(url.ptr[i + 2]))
            return "a % must be followed by two hexadecimal digits";
        if (url.ptr[i + 1] == '0' && url.ptr[i + 2] == '0')
            return "it contains %00";
    }
    return NULL;
}

static const char *check_host(struct tn_str one)
{
    struct tn_str port = TN_STR("");
    const char   *end;
    uint64_t      number;

    if (one.len > 0 && one.ptr[0] == '[') {
        end = memchr(one.ptr, ']', one.len);
        if (end == NULL || end == one.ptr + 1)
            return "the IPv6 address in [ ] is not complete";
        one = tn_str_n(end + 1, one.len - (size_t)(end + 1 - one.ptr));
        if (one.len > 0 && one.ptr[0] != ':')
            return "only :PORT may follow [ADDRESS]";
    }
    end = one.len == 0 ? NULL : memchr(one.ptr, ':', one.len);
    if (end == NULL)
        return NULL;
    port = tn_str_n(end + 1, one.len - (size_t)(end + 1 - one.ptr));
    if (!tn_str_to_u64(port, 65535, &number) || number == 0)
        return "the port is not a number from 1 to 65535 (an IPv6 address is written in [ ])";
    return NULL;
}

static const char *check_authority(struct tn_str authority, bool *has_password)
{
    const char   *at = authority.len == 0 ? NULL : memchr(authority.ptr, '@', authority.len);
    struct tn_str user;

    if (at != NULL) {
        user = take_until(&authority, '@');
        take_until(&user, ':');
        *has_password = user.len > 0;
        if (authority.len > 0 && memchr(authority.ptr, '@', authority.len) != NULL)
            return "it has more than one @; write those of a name or password as %40";
    }
    do {
        struct tn_str one = take_until(&authority, ',');
        const char   *reason = check_host(one);

        if (reason != NULL)
            return reason;
    } while (authority.len > 0);
    return NULL;
}

static const char *check_parameters(struct tn_str parameters, bool *has_password)
{
    while (parameters.len > 0) {
        struct tn_str one = take_until(&parameters, '&');
        struct tn_str name = take_until(&one, '=');

        if (name.len == 0 || one.ptr == name.ptr + name.len)
            return "parameters after the ? are written name=value, joined by &";
        if (tn_str_eq_c(name, "password"))
            *has_password = true;
    }
    return NULL;
}

const char *tn_endpoint_check(struct tn_str url, bool *has_password)
{
    struct tn_str rest = url, authority, head;
    const char   *reason = check_characters(url);

    *has_password = false;
    if (!tn_str_starts(url, TN_STR("postgresql://")) && !tn_str_starts(url, TN_STR("postgres://")))
        return "it does not begin with postgresql:// or postgres://";
    if (reason != NULL)
        return reason;
    take_until(&rest, '/');
    take_until(&rest, '/');
    head = take_until(&rest, '?');
    authority = take_until(&head, '/');
    reason = check_authority(authority, has_password);
    return reason != NULL ? reason : check_parameters(rest, has_password);
}

static bool is_https(struct tn_str url)
{
    return tn_str_starts(url, TN_STR("https://"));
}

static const char *check_http_path(struct tn_str path)
{
    for (size_t i = 0; i < path.len; i++)
        if (path.ptr[i] == '?' || path.ptr[i] == '#')
            return "nothing may follow the path";
    return NULL;
}

const char *tn_endpoint_check_http(struct tn_str url, struct tn_str *host)
{
    struct tn_str rest = url, authority;
    const char   *reason = check_characters(url), *close;

    if (!is_https(url) && !tn_str_starts(url, TN_STR("http://")))
        return "it does not begin with http:// or https://";
    if (reason != NULL)
        return reason;
    take_until(&rest, '/');
    take_until(&rest, '/');
    authority = take_until(&rest, '/');
    if (authority.len == 0)
        return "it names no host";
    if (memchr(authority.ptr, '@', authority.len) != NULL)
        return "it carries a user; put that into auth.username and auth.password";
    if (memchr(authority.ptr, ',', authority.len) != NULL || memchr(authority.ptr, '?', authority.len) != NULL)
        return "it names more than one host";
    reason = check_host(authority);
    if (reason != NULL)
        return reason;
    if (host != NULL) {
        close = authority.ptr[0] == '[' ? memchr(authority.ptr, ']', authority.len) : NULL;
        *host = close != NULL ? tn_str_n(authority.ptr, (size_t)(close + 1 - authority.ptr)) : take_until(&authority, ':');
    }
    return check_http_path(rest);
}

/* endpoint.h - addresses: where to listen, and where a PostgreSQL, MySQL or HTTP server is. Pure functions; nothing is resolved. */
#ifndef TN_CONFIG_ENDPOINT_H
#define TN_CONFIG_ENDPOINT_H

#include "base/str.h"

#include <stdbool.h>

/* 127.0.0.0/8, ::1 or localhost. A name that only a resolver knows is not loopback. */
bool tn_host_is_loopback(struct tn_str host);
/* Listening on the same port of both would collide: equal, or one of them is every address. */
bool tn_host_overlaps(struct tn_str a, struct tn_str b);

/* NULL when URL is a connection URI as libpq reads it (PostgreSQL manual, "Connection URIs"), else what is wrong with
 * it, without repeating any of it. HAS_PASSWORD: it carries one. */
const char *tn_endpoint_check(struct tn_str url, bool *has_password);

/* The same for http://HOST[:PORT][/PATH] and https://. HOST (may be NULL): its part of URL. */
const char *tn_endpoint_check_http(struct tn_str url, struct tn_str *host);

/* Parts of mysql://HOST[:PORT][/DATABASE][?socket=PATH] (also mariadb://), views into URL; empty = not given. NULL, or what is wrong. */
struct tn_endpoint_mysql {
    struct tn_str host, port, database, socket;
};
const char *tn_endpoint_parse_mysql(struct tn_str url, struct tn_endpoint_mysql *out);

#endif

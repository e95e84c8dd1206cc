/* trino_request.h - what a client says in the headers of a Trino request (trino.io/docs/current/develop/client-protocol):
 * X-Trino-*, and X-Presto-* of older clients. Lists are separated by commas, their values are url-encoded. Everything is
 * a view into the fields given or lives in the arena. */
#ifndef TN_FRONTEND_TRINO_REQUEST_H
#define TN_FRONTEND_TRINO_REQUEST_H

#include "base/arena.h"
#include "base/status.h"

enum { TN_TRINO_PAIRS_MAX = 1000 };

struct tn_trino_pair {
    struct tn_str name, value; /* decoded */
};

struct tn_trino_pairs {
    size_t                count;
    struct tn_trino_pair *items; /* the later of two with one name stands alone */
};

struct tn_trino_request {
    struct tn_arena      *arena;
    bool                  presto; /* it spoke X-Presto-*: so are the answer's headers */
#define TEXT(name, member, list) struct tn_str member;
#define PAIRS(name, member) struct tn_trino_pairs member;
#include "frontend/trino/trino_request.def"
#undef TEXT
#undef PAIRS
    struct tn_str forwarded_proto, forwarded_host, forwarded_port, forwarded_prefix, host;
};

void tn_trino_request_init(struct tn_trino_request *request, struct tn_arena *arena);

/* One header; NAME in lower case. Others than Trino's are left alone. TN_E_INVALID 08P01 says which cannot be read. */
enum tn_status tn_trino_request_field(struct tn_trino_request *request, struct tn_str name, struct tn_str value,
                                      struct tn_error *err);

bool          tn_trino_request_can(const struct tn_trino_request *request, const char *capability);
struct tn_str tn_trino_pair(const struct tn_trino_pairs *pairs, struct tn_str name); /* ptr NULL = none; case counts */
/* The next item of a list without white space around it; false at the end. *AT starts at 0. */
bool          tn_trino_list_next(struct tn_str list, size_t *at, struct tn_str *item);

/* "http://host:port/prefix": what links of the answer begin with. As the proxies before us say (X-Forwarded-Proto, -Host,
 * -Port, -Prefix), else as the client called us. Answers the empty text when no sound host is told. TLS: the connection is. */
struct tn_str tn_trino_request_base(const struct tn_trino_request *request, bool tls, struct tn_arena *arena);

/* As java.net.URLEncoder does it, and back; decode is false for a wrong escape. */
bool tn_trino_encode(struct tn_arena *arena, struct tn_str text, struct tn_str *out);
bool tn_trino_decode(struct tn_arena *arena, struct tn_str text, struct tn_str *out);

#endif

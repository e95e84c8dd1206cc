/* http_text.h - the small texts inside requests: percent coding, targets, query parameters, dates. Pure functions. */
#ifndef TN_NET_HTTP_TEXT_H
#define TN_NET_HTTP_TEXT_H

#include "base/arena.h"
#include "base/str.h"

#include <time.h>

/* TEXT with %XX replaced (and `+` by a space where PLUS), in ARENA, NUL-terminated. False: a bad escape, a NUL in it, or no
 * memory. */
bool tn_http_decode(struct tn_arena *arena, struct tn_str text, bool plus, struct tn_str *out);

/* TEXT, a path, with escapes of unreserved characters (letters, digits, - . _ ~) replaced by these and no others (RFC 3986, 6.2.2.2): a
 * `%2F` stays inside its segment. In ARENA, NUL-terminated. False: as above. */
bool tn_http_normalise(struct tn_arena *arena, struct tn_str text, struct tn_str *out);

/* "/a%20b?c" or "http://host/a%20b?c": "/a%20b" and "c", still coded; "*" is a path, too. */
void tn_http_split_target(struct tn_str target, struct tn_str *path, struct tn_str *query);

/* One parameter after the other of "a=1&b": NAME and VALUE still coded; false at the end. *AT starts at 0. */
bool tn_http_query_next(struct tn_str query, size_t *at, struct tn_str *name, struct tn_str *value);

/* "Sun, 06 Nov 1994 08:49:37 GMT" with its NUL. */
enum { TN_HTTP_DATE = 30 };
void tn_http_date(time_t seconds, char out[TN_HTTP_DATE]);

#endif

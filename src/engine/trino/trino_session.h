/* trino_session.h - what a Trino client keeps between requests, since the server keeps nothing: catalog, schema, session
 * properties, prepared statements, roles, transaction. Answers change it by headers; the next request carries it back
 * (trino.io/docs/current/develop/client-protocol.html). Knows no transport: headers come and go as names and values. */
#ifndef TN_ENGINE_TRINO_SESSION_H
#define TN_ENGINE_TRINO_SESSION_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>

enum {
    TN_TRINO_SESSION_ITEMS = 256,          /* of each kind */
    TN_TRINO_SESSION_BYTES = 1024 * 1024,  /* of all of it */
};

enum tn_trino_item_kind { TN_TRINO_ITEM_PROPERTY, TN_TRINO_ITEM_PREPARED, TN_TRINO_ITEM_ROLE, TN_TRINO_ITEM_KINDS };

/* A property, prepared statement or role, its value coded as it goes over the wire. */
struct tn_trino_item {
    char *name, *value;
};

struct tn_trino_session {
    char *catalog, *schema, *path, *user, *transaction; /* NULL = none */
    struct {
        size_t                count;
        struct tn_trino_item *items;
    } kinds[TN_TRINO_ITEM_KINDS];
    size_t bytes;
    bool   changed; /* since the last copy or clear: somebody else must not have it */
    bool   failed;  /* no memory or too much: what it holds is not what the server believes */
};

void tn_trino_session_reset(struct tn_trino_session *session);
/* TO becomes as FROM; false: no memory (TO is empty then). */
bool tn_trino_session_copy(struct tn_trino_session *to, const struct tn_trino_session *from);
void tn_trino_session_place(struct tn_trino_session *session, struct tn_str catalog, struct tn_str schema); /* empty = none */

/* A header of an answer; others than those of the session are ignored. */
void tn_trino_session_header(struct tn_trino_session *session, struct tn_str name, struct tn_str value);

/* The items of KIND as the value of their header: name=value,name=value. */
void tn_trino_session_list(const struct tn_trino_session *session, enum tn_trino_item_kind kind, struct tn_buf *out);

/* Calls PUT for every other header that a statement carries. */
typedef bool tn_trino_put_header(void *arg, const char *name, struct tn_str value);
bool tn_trino_session_put(const struct tn_trino_session *session, tn_trino_put_header *put, void *arg); /* false: PUT said so */

/* name=value with the value percent-coded, as the lists of properties and prepared statements have it; a comma before it
 * where OUT is not empty. */
void tn_trino_item_put(struct tn_buf *out, struct tn_str name, struct tn_str plain);

#endif

/* activity.h - what the queries of one worker are and lately were, for system.runtime.queries and GET /v1/query: a ring of fixed
 * size, written by its worker at the begin and the end of a query, read by any. */
#ifndef TN_TRINO_ACTIVITY_H
#define TN_TRINO_ACTIVITY_H

#include "base/buf.h"
#include "frontend/trino/trino_error.h"

struct tn_trino_activity;

struct tn_trino_activity_query {
    const char   *id;
    struct tn_str user, source, sql; /* cut to what the ring has room for */
};

struct tn_trino_activity *tn_trino_activity_new(void); /* NULL: no memory; then the others do nothing */
void                      tn_trino_activity_free(struct tn_trino_activity *activity);

/* A new query; the ticket that its end is told with. */
uint64_t tn_trino_activity_begin(struct tn_trino_activity *activity, const struct tn_trino_activity_query *query);
/* Its client knows it by ID, that of a Trino's. */
void tn_trino_activity_show(struct tn_trino_activity *activity, uint64_t ticket, const char *id);
/* An error without a name: it ended well. Its texts are static. */
void tn_trino_activity_end(struct tn_trino_activity *activity, uint64_t ticket, uint64_t queued_us, const struct tn_trino_error *error);

struct tn_trino_activity_wish {
    struct tn_str user;  /* only that one's; ptr NULL: everybody's */
    struct tn_str state; /* only those in it, "running" or "RUNNING"; ptr NULL: in any */
    const char   *base;  /* of links: as a coordinator lists its queries; NULL: the columns of system.runtime.queries */
    size_t        most;  /* bytes */
};

/* Appends JSON objects, `,` between them and before the first if OUT is not empty, the latest first, as many as OUT has room for. */
void tn_trino_activity_put(struct tn_trino_activity *activity, const struct tn_trino_activity_wish *wish, struct tn_buf *out);

#endif

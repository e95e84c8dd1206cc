/* activity.h - what the queries of one worker are and lately were, for system.runtime.queries: a ring of fixed size, written by
 * its worker at the begin and the end of a query, read by any. */
#ifndef TN_TRINO_ACTIVITY_H
#define TN_TRINO_ACTIVITY_H

#include "base/buf.h"
#include "base/status.h"
#include "base/str.h"

struct tn_trino_activity;

struct tn_trino_activity_query {
    const char   *id;
    struct tn_str user, source, sql; /* cut to what the ring has room for */
};

struct tn_trino_activity *tn_trino_activity_new(void); /* NULL: no memory; then the others do nothing */
void                      tn_trino_activity_free(struct tn_trino_activity *activity);

/* A new query; the ticket that its end is told with. */
uint64_t tn_trino_activity_begin(struct tn_trino_activity *activity, const struct tn_trino_activity_query *query);
/* ERROR_NAME NULL: it ended well. Names and types are static texts. */
void tn_trino_activity_end(struct tn_trino_activity *activity, uint64_t ticket, uint64_t queued_us, const char *error_name, const char *error_type);

/* Appends JSON objects with the columns of system.runtime.queries, `,` between them and before the first if OUT is not empty, the
 * latest first, as many as OUT has room for within MOST bytes; only USER's unless its ptr is NULL. */
void tn_trino_activity_put(struct tn_trino_activity *activity, struct tn_str user, size_t most, struct tn_buf *out);

#endif

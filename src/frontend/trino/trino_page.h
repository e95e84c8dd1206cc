/* trino_page.h - the body of an answer: the QueryResults document of the Trino protocol. */
#ifndef TN_FRONTEND_TRINO_PAGE_H
#define TN_FRONTEND_TRINO_PAGE_H

#include "frontend/trino/trino_error.h"
#include "frontend/trino/trino_segment.h"
#include "result/encoder.h"

enum tn_trino_state { TN_TRINO_QUEUED, TN_TRINO_RUNNING, TN_TRINO_FINISHED, TN_TRINO_FAILED };

struct tn_trino_stats {
    enum tn_trino_state state;
    uint64_t            queued_us, elapsed_us, wall_us, cpu_us;
    uint64_t            rows, bytes, rows_read, bytes_read, peak_memory;
};

struct tn_trino_page {
    struct tn_str          id, base;         /* "http://host:port": before each link */
    const char            *next;             /* path of the next page; NULL = this is the last */
    const char            *partial_cancel;   /* NULL = none */
    struct tn_str          columns;          /* `"columns":[..]`, as tn_trino_put_columns() wrote it; empty = not known */
    const struct tn_chunk *rows;             /* a list; NULL = no data */
    enum tn_trino_encoding encoding;         /* of the rows */
    size_t                 segment_count;    /* spooled ones, which stand before the rows; encoding is set then */
    const struct tn_trino_segment *segments;
    uint64_t               row_offset;       /* rows of the result before `rows`, for segments */
    struct tn_trino_stats  stats;
    const struct tn_error *error;            /* NULL = none */
    struct tn_trino_place  place;            /* of the statement, for that of an error */
    const char            *update_type;      /* NULL = none */
    bool                   has_update_count;
    uint64_t               update_count;
    const char            *warning;          /* NULL = none */
};

void tn_trino_put_page(struct tn_buf *out, const struct tn_trino_page *page);
const char *tn_trino_state_name(enum tn_trino_state state); /* "RUNNING" */

#endif

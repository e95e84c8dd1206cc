/* trino_page.h - one answer of /v1/statement (Trino's QueryResults), taken apart without building a tree. A pure function of
 * the body, which knows nothing of how it came: `columns` and `data` are kept as the JSON they are, for trino_rows.h.
 *
 * Relaying pages to a client that speaks Trino's protocol itself needs no more than this: the members *_at are where links
 * and id stand in the body (without quotes), so that they can be replaced in place and the rest be sent on as bytes
 * (trino_relay.c). */
#ifndef TN_ENGINE_TRINO_PAGE_H
#define TN_ENGINE_TRINO_PAGE_H

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"

struct tn_trino_stats {
    uint64_t cpu_ms, queued_ms, elapsed_ms, analysis_ms, planning_ms;
    uint64_t rows, bytes, physical_bytes, peak_memory, splits; /* those that are completed */
    bool     finished; /* it runs no more; what is left is to be fetched */
};

/* Trino's own words for what went wrong. */
struct tn_trino_failure {
    struct tn_str message, name, type; /* "line 1:8: ...", "COLUMN_NOT_FOUND", "USER_ERROR" */
    uint64_t      code, line, column;  /* 0 = no place is told */
};

struct tn_trino_page {
    struct tn_str           id, next_uri; /* ptr NULL = none: the query is over */
    struct tn_str           id_at, info_uri_at, next_uri_at, partial_uri_at;
    struct tn_str           columns, data; /* JSON; ptr NULL = absent */
    uint64_t                row_count;     /* of data */
    bool                    has_others;    /* something that is no row stands there, too */
    struct tn_str           spooled;       /* data in segments: JSON, an object; ptr NULL = absent */
    struct tn_trino_stats   stats;
    bool                    failed;
    struct tn_trino_failure failure;
    struct tn_str           update_type; /* ptr NULL: the statement is a query */
    bool                    has_update_count;
    uint64_t                update_count;
};

/* Texts point into BODY or ARENA. TN_E_ENGINE 08P01 for what is no such answer. */
TN_MUST_USE enum tn_status tn_trino_page_read(struct tn_trino_page *page, struct tn_str body, struct tn_arena *arena,
                                              struct tn_error *err);

#endif

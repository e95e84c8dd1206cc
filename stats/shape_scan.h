/* shape_scan.h - one statement read for its shape: template with aliases renamed, the same as SQL, size classes and salts.
 * Internal to stats/shape*.c. Two passes of the lexer, no allocation. */
#ifndef TN_STATS_SHAPE_SCAN_H
#define TN_STATS_SHAPE_SCAN_H

#include "stats/shape.h"

enum { TN_SCAN_ALIASES = 32, TN_SCAN_SQL = 16384 };

struct tn_shape_scan {
    uint64_t tmpl[2];    /* L1 */
    uint64_t salt;       /* of what a fingerprint merges and must not */
    bool     red_flag;   /* a word that libpg_query reads as something else */
    bool     has_like;
    unsigned longest_list; /* elements of the longest list of literals */
    unsigned rows;       /* of VALUES */
    int64_t  limit;      /* -1 = none, -2 = a parameter that is not known */
    size_t   sql_len;    /* of the statement with aliases renamed; 0 = longer than TN_SCAN_SQL */
    char     sql[TN_SCAN_SQL + 1];
};

void tn_shape_scan(struct tn_shape_scan *scan, struct tn_str text, enum tn_dialect dialect, const struct tn_str *params,
                   unsigned param_count);

/* libpg_query's fingerprint; false: its grammar does not fit. Allocates; thread-safe. */
bool tn_shape_fingerprint(const char *sql, uint64_t *out);

#endif

/* duckdb_rewrite.h - changes to a statement's text that DuckDB needs. Strings, quoted names, comments and dollar quotes
 * are left alone. Pure functions; texts are made in the arena and end in NUL. */
#ifndef TN_ENGINE_DUCKDB_REWRITE_H
#define TN_ENGINE_DUCKDB_REWRITE_H

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"
#include "stats/features.h"

enum { TN_DUCKDB_PARAMS = 65535 }; /* as many as the PostgreSQL protocol can send */

/* The parameters $n of a text. */
struct tn_duckdb_params {
    size_t    highest;  /* 0 = no $n */
    size_t    distinct;
    uint16_t *place;    /* [n - 1] -> 1-based place among those that are used, ascending; 0 = not used */
};

TN_MUST_USE enum tn_status tn_duckdb_params_scan(struct tn_duckdb_params *out, struct tn_str sql, struct tn_arena *arena,
                                                 struct tn_error *err);

/* SQL with each $n as $place, or as CAST($place AS casts[n - 1]) where that is not NULL (CASTS has params->highest
 * places); where SAMPLES (may be NULL) has a text, as CAST(text AS ...), or that text alone. ptr NULL: no memory. */
struct tn_str tn_duckdb_params_write(const struct tn_duckdb_params *params, struct tn_str sql, const char *const *casts,
                                     const char *const *samples, struct tn_arena *arena);

/* Does WORD (lower case) stand in SQL as a word of its own? */
bool tn_duckdb_has_word(struct tn_str sql, const char *word);

/* Transaction statements of PostgreSQL in DuckDB's words: BEGIN ISOLATION LEVEL ... (DuckDB knows one level, snapshot
 * isolation, which is given whatever is asked for), READ ONLY, END, ABORT, COMMIT WORK. *OUT stays SQL when there is
 * nothing to change. TN_E_UNSUPPORTED 0A000 for what DuckDB cannot do: savepoints, AND CHAIN, two-phase commit. */
TN_MUST_USE enum tn_status tn_duckdb_transaction(struct tn_str *out, struct tn_str sql, enum tn_verb verb, struct tn_error *err);

#endif

/* words.h - what a statement may ask of its own session: current_user, current_catalog, current_schema and version() become
 * literals, as an engine would answer for the account that Turnout has there. Pure. */
#ifndef TN_TRINO_WORDS_H
#define TN_TRINO_WORDS_H

#include "base/arena.h"
#include "base/status.h"

#define TN_TRINO_VERSION "476" /* whose protocol and metadata clients may count on */

struct tn_trino_words {
    struct tn_str user, catalog, schema; /* empty: left to the engine */
};

/* SQL itself in *OUT when it holds none of them. TN_E_NOMEM. */
TN_MUST_USE enum tn_status tn_trino_words_replace(struct tn_str sql, const struct tn_trino_words *words, struct tn_arena *arena,
                                                  struct tn_str *out, struct tn_error *err);

#endif

/* sqlite_words.h - PostgreSQL's words for transactions in SQLite's. */
#ifndef TN_ENGINE_SQLITE_WORDS_H
#define TN_ENGINE_SQLITE_WORDS_H

#include "base/arena.h"
#include "base/status.h"
#include "stats/features.h"

/* The text to run instead of SQL; empty when there is nothing to do (BEGIN inside a transaction, COMMIT outside: a
 * warning in PostgreSQL, an error in SQLite). */
TN_MUST_USE enum tn_status tn_sqlite_words(struct tn_str *out, struct tn_str sql, const struct tn_features *features,
                                           bool in_transaction, struct tn_arena *arena, struct tn_error *err);

#endif

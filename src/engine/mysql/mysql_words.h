/* mysql_words.h - what PostgreSQL's clients and Turnout itself say in words that a server of MySQL's kind does not know. Pure functions. */
#ifndef TN_ENGINE_MYSQL_WORDS_H
#define TN_ENGINE_MYSQL_WORDS_H

#include "base/buf.h"
#include "stats/features.h"

/* SQL as the server gets it, appended to OUT. BEFORE gets statements, each with a NUL, that must go first (the isolation level of a
 * transaction). Only transaction control and SET ... TO ... are looked at. */
void tn_mysql_words(struct tn_buf *out, struct tn_buf *before, struct tn_str sql, const struct tn_features *features);

/* The statement would let a session of a read-only cluster write. */
bool tn_mysql_asks_to_write(struct tn_str sql, const struct tn_features *features);

/* It may set what its session keeps, and the server would not say so: MariaDB tells of no @x, and nobody told us what comments hold that
 * the server runs. */
bool tn_mysql_may_hide_state(struct tn_str sql);

#endif

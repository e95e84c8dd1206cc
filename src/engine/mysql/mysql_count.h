/* mysql_count.h - rows that a statement met and left as they were. A server of MySQL's kind counts rows either with them or without
 * them (CLIENT_FOUND_ROWS); asked to count without them, it says enough to know both. Pure. */
#ifndef TN_ENGINE_MYSQL_COUNT_H
#define TN_ENGINE_MYSQL_COUNT_H

#include "stats/features.h"

/* Of SQL: an UPDATE's, and those of an INSERT .. ON DUPLICATE KEY UPDATE. AFFECTED and INFO ("Rows matched: 2  Changed: 1  Warnings: 0",
 * may be empty) are those of the OK. FEATURES may be NULL. */
uint64_t tn_mysql_unchanged(struct tn_str info, uint64_t affected, struct tn_str sql, const struct tn_features *features);

#endif

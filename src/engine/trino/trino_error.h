/* trino_error.h - Trino's failures in Turnout's words: SQLSTATE and whose fault it was; its own message stays, its own name,
 * code, type and place go into the detail. Pure functions. */
#ifndef TN_ENGINE_TRINO_ERROR_H
#define TN_ENGINE_TRINO_ERROR_H

#include "engine/trino/trino_page.h"

/* SENT is what was sent for SQL: the place is told only where they are the same text, or SQL stands in SENT's EXECUTE
 * IMMEDIATE. */
void tn_trino_error(struct tn_error *err, const struct tn_trino_failure *failure, struct tn_str id, struct tn_str sql, struct tn_str sent);

/* "line 1:70: ..", as Trino begins the messages of such errors, becomes LINE and COLUMN, or goes (0); other messages stay. */
void tn_trino_error_say_place(struct tn_error *err, uint64_t line, uint64_t column);

/* An answer of another status than 200 to a statement: whose fault it is, and an excerpt of its text. */
void tn_trino_error_status(struct tn_error *err, struct tn_str cluster, long status, struct tn_str body);

/* Codes that the protocol wants asked again after 50 to 100 ms. */
bool tn_trino_is_passing(long status);

#endif

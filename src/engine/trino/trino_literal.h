/* trino_literal.h - parameters as literals of Trino's SQL, which has no binary way to bind them, and the texts around them.
 * Pure functions. Nothing of a value can leave its literal: a string ends only at a single quote, which is doubled; there are
 * no other escapes in Trino's strings. */
#ifndef TN_ENGINE_TRINO_LITERAL_H
#define TN_ENGINE_TRINO_LITERAL_H

#include "base/buf.h"
#include "result/value.h"
#include "stats/features.h"

/* Appends VALUE as an expression of its own type: BIGINT '3', DATE '2024-02-29', X'00ff', ARRAY[...]. OID (0 = not known)
 * gives a null its type. Errors: 22021 text that is not UTF-8 or holds a NUL, 22008 an infinite date or time, 22003 a
 * number that no type of Trino's holds, 0A000 an interval of months and days at once. */
TN_MUST_USE enum tn_status tn_trino_literal_put(struct tn_buf *out, const struct tn_value *value, uint32_t oid, struct tn_error *err);
void tn_trino_string_put(struct tn_buf *out, struct tn_str text); /* 'text' */

enum { TN_TRINO_PARAMS_MAX = 32767 };

/* tn_marks_put() (engine/marks.h) for Trino. */
TN_MUST_USE enum tn_status tn_trino_marks(struct tn_buf *out, struct tn_str sql, uint16_t *order, size_t capacity, size_t *count,
                                          struct tn_error *err);

#define TN_TRINO_IMMEDIATE "EXECUTE IMMEDIATE "

/* EXECUTE IMMEDIATE 'sql' USING literal, ... 08P01 when a mark has no parameter. */
TN_MUST_USE enum tn_status tn_trino_execute_put(struct tn_buf *out, struct tn_str sql, const struct tn_params *params,
                                                struct tn_error *err);

/* What PostgreSQL clients say in other words: BEGIN and its modes, END, ABORT, SET x = y and RESET x of a session property.
 * Appends the statement to send: SQL itself where nothing is to be said otherwise. */
void tn_trino_statement_put(struct tn_buf *out, struct tn_str sql, enum tn_verb verb);

#endif

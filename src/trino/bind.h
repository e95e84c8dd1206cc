/* bind.h - EXECUTE .. USING on engines that are not Trino: the `?` of the prepared text become $1, $2, .. and the values
 * that stand behind USING are bound. Literals of Trino are read as values (numbers, strings, NULL, TRUE, X'..', and typed
 * ones: DATE '..', TIMESTAMP '..', DECIMAL '..', BIGINT '..', CAST('..' AS DOUBLE) ..); any other expression is put in the
 * place of its `?`, in brackets. Pure. */
#ifndef TN_TRINO_BIND_H
#define TN_TRINO_BIND_H

#include "base/arena.h"
#include "base/status.h"
#include "result/value.h"

/* EXPRESSION as a value; false: it is no literal that Turnout can bind. */
bool tn_trino_literal(struct tn_str expression, struct tn_arena *arena, struct tn_param *out);

/* Everything in ARENA. AS_WRITTEN: for a Trino, which knows best what a typed literal is; only numbers, strings, NULL, TRUE and
 * FALSE are bound, all else is put in its place. TN_E_INVALID 42P02: another number of values than of `?`. TN_E_NOMEM. */
TN_MUST_USE enum tn_status tn_trino_bind(struct tn_str sql, const struct tn_str *arguments, size_t count, bool as_written,
                                         struct tn_arena *arena, struct tn_str *out, struct tn_params *params, struct tn_error *err);

/* SQL with $1, $2, .. for its `?`, in ARENA; false: no memory. */
bool tn_trino_bind_nothing(struct tn_str sql, struct tn_arena *arena, struct tn_str *out);

/* The character of SQL that became character POSITION of BOUND, both from 1. 0: none, or BOUND was changed before it in other ways, too. */
int tn_trino_bind_place(struct tn_str sql, struct tn_str bound, int position);

/* The number of `?` in SQL. */
size_t tn_trino_count_params(struct tn_str sql);

#endif

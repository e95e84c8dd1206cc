/* literals.h - bytes that a client writes into its statement: _binary'..', x'..', and texts that are no UTF-8 (drivers escape nothing but
 * quotes, backslashes and a few others). Engines of MySQL's kind read them as they are; for all others they become parameters. Pure. */
#ifndef TN_MYSQL_LITERALS_H
#define TN_MYSQL_LITERALS_H

#include "base/arena.h"
#include "result/value.h"

/* *OUT is SQL with a ? for each of them, *LITERALS their values in order, both in ARENA. *OUT is SQL itself where there are none.
 * TN_E_INVALID 22021: what is no UTF-8 stands outside of literals; TN_E_LIMIT: too many of them; TN_E_NOMEM. */
TN_MUST_USE enum tn_status tn_my_take_literals(struct tn_str sql, struct tn_arena *arena, struct tn_str *out, struct tn_params *literals,
                                               struct tn_error *err);

#endif

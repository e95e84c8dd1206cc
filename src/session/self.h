/* self.h - what a statement may ask of its own session: current_user and its like become texts, since an engine would answer
 * for the account that Turnout has there. Pure.
 *
 * Names and scopes are the engine's matter, so only what cannot be anything else is replaced: a bare keyword (never quoted, never
 * behind a dot or AS, never before a dot or bracket) of a query or a change of rows. What a definition keeps to be asked later
 * (a view, a DEFAULT, a function) and what names an account of the engine (GRANT, OWNER TO) is left as it is; of CREATE TABLE
 * the query behind AS is replaced. */
#ifndef TN_SESSION_SELF_H
#define TN_SESSION_SELF_H

#include "base/arena.h"
#include "base/status.h"
#include "stats/features.h"

struct tn_self {
    struct tn_str user;      /* current_user, session_user, current_role */
    bool          unnamed;   /* the column of a result is not called by what stood there */
    bool          trino;     /* these, too: */
    struct tn_str catalog, schema; /* current_catalog, current_schema: empty = NULL */
    struct tn_str time_zone; /* current_timezone(); empty: left to the engine */
    struct tn_str version;   /* version(); empty: left to the engine */
};

/* SQL itself in *OUT when it holds none of them. TN_E_NOMEM. */
TN_MUST_USE enum tn_status tn_self_replace(struct tn_str sql, enum tn_dialect dialect, const struct tn_self *self,
                                           struct tn_arena *arena, struct tn_str *out, struct tn_error *err);

#endif

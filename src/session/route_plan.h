/* route_plan.h - EXPLAIN [(FORMAT JSON) | FORMAT=JSON] ROUTE statement: what is asked there, and the answer as text. */
#ifndef TN_SESSION_ROUTE_PLAN_H
#define TN_SESSION_ROUTE_PLAN_H

#include "explain.h"

enum { TN_ROUTE_PLAN_TEXT_MAX = 1024 * 1024 };

struct tn_route_plan_asked {
    struct tn_str sql;      /* what is to be explained */
    bool          json;
    const char   *option;   /* one that means nothing here; NULL = none */
};

/* False: SQL is no EXPLAIN ROUTE. */
bool tn_route_plan_asked(struct tn_str sql, struct tn_route_plan_asked *out);
/* FEATURES are those of asked->sql. */
TN_MUST_USE enum tn_status tn_route_plan_check(const struct tn_route_plan_asked *asked, const struct tn_features *features, struct tn_error *err);
/* One line, or with JSON one document, into ARENA. */
TN_MUST_USE enum tn_status tn_route_plan_write(const struct tn_explanation *e, bool json, struct tn_arena *arena, struct tn_str *out,
                                               struct tn_error *err);

#endif

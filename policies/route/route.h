/* route.h - the router chain: which group a statement goes to. First match wins; a router routes, denies or passes.
 *
 * One file per router type, one `static const struct tn_router_ops`, one line in routers.def, one golden file
 * tests/golden/route_<type>.cases. Compiled routers are immutable and used by all workers at once. */
#ifndef TN_POLICIES_ROUTE_ROUTE_H
#define TN_POLICIES_ROUTE_ROUTE_H

#include "base/arena.h"
#include "config/config.h"
#include "config/script_ask.h"
#include "stats/features.h"

struct tn_routes;

struct tn_tag {
    struct tn_str key, value; /* value.ptr NULL: the key alone */
};

/* Who asks and how. Texts belong to the session or the query's arena. */
struct tn_route_context {
    const char          *protocol;   /* "postgresWire": a key of protocolBased */
    struct tn_str        user, database, application;
    struct tn_str        client_address; /* "127.0.0.1:51234" */
    size_t               user_group_count;
    const struct tn_str *user_groups;
    size_t               header_count;
    const struct tn_tag *headers;    /* start-up parameters or HTTP headers, names in lower case */
    size_t               tag_count;  /* the client's own; group defaults are added after routing */
    const struct tn_tag *tags;
    struct tn_str        hint_group, hint_cluster, hint_strategy, hint_priority; /* SET turnout.* or comment; empty = none */
    struct tn_str        dialect;    /* SET turnout.dialect: what its statements are written in; empty = not said */
    uint64_t             wall_us;    /* for timeOfDay */
    bool                 several;    /* one of several statements of one text: it is of class multi, besides its own */
    struct tn_script_asker *scripts; /* who asks the operator's scripts; NULL: they are not asked, and their routers pass */
};

/* What one router said; kept with the query. */
struct tn_route_step {
    const char   *router;   /* type, "hint", "routingFallback" */
    unsigned      line;     /* in the configuration, 0 = none */
    unsigned      place;    /* in `routers:`, counted from 1; 0 = none */
    int           rule;     /* matching rule, 0-based; -1 = none */
    bool          matched;
    struct tn_str why;      /* "regex `^INSERT` matched", "no rule matched"; at most 200 bytes, no control characters */
};

struct tn_route_result {
    const struct tn_group_conf *group;      /* NULL when denied or on error */
    struct tn_str               cluster;    /* wanted by a hint; empty = none */
    const char                 *router;     /* the one that decided */
    int                         rule;
    bool                        denied;
    char                        sqlstate[6]; /* when denied */
    struct tn_str               message;     /* when denied */
    const char                 *hint;        /* what to do then; NULL = nothing to say */
    size_t                      step_count;
    struct tn_route_step       *steps;       /* in the arena */
};

/* Compiles config->routers, reporting every mistake (bad regex with offset, unknown type or group with did-you-mean,
 * empty rules, ...). NULL routers give an empty chain. On TN_OK the caller owns one reference. */
TN_MUST_USE enum tn_status tn_routes_new(struct tn_routes **out, const struct tn_config *config,
                                         struct tn_problems *problems);
/* The same as a tn_config_check (config.h): compiles the draft's routers for their mistakes alone. ARG is not used. */
void tn_routes_check(const struct tn_config *draft, struct tn_problems *problems, void *arg);
/* The same, and visits the scripts of the routers that are right, as tn_routes_scripts() does. */
typedef void tn_routes_visit(void *arg, struct tn_script *script, unsigned line, const char *path);
void tn_routes_check_scripts(const struct tn_config *draft, struct tn_problems *problems, tn_routes_visit *visit, void *arg);
/* The scripts that its routers ask, with the line and key path ("routers[2]") of each. */
void tn_routes_scripts(const struct tn_routes *routes, tn_routes_visit *visit, void *arg);
void              tn_routes_unref(struct tn_routes *routes);

/* Decides. A hint names the group before the routers do, but does not lift a refusal: the chain is run, and where it
 * denies the statement is denied. TN_E_INVALID with ERR when a hint names an unknown group or cluster (42704, with the known names), TN_E_NOMEM. A
 * deny is TN_OK with result->denied; so is (42501) a group that the user may not use, and a hint of one who may give none. TEXT is the whole statement. Regexes run with match limits; one that exceeds them
 * counts as no match and is noted in the trace. TN_AGAIN: a script has to be asked first (context->scripts knows which): decide again,
 * from the start, when it has answered. */
TN_MUST_USE enum tn_status tn_routes_decide(const struct tn_routes *routes, const struct tn_route_context *context,
                                            const struct tn_features *features, struct tn_str text,
                                            struct tn_arena *arena, struct tn_route_result *out, struct tn_error *err);

/* The chain as far as DECIDED went, over the TEXT that is sent in the statement's place, its translation, without scripts: TRUE where it
 * refuses that, and *OUT says which router and why. / Whether any router ever refuses. */
bool tn_routes_refuse(const struct tn_routes *routes, const struct tn_route_result *decided, const struct tn_route_context *context,
                      const struct tn_features *features, struct tn_str text, struct tn_arena *arena, struct tn_route_result *out);
bool tn_routes_may_refuse(const struct tn_routes *routes);

/* May the one who asks use GROUP (its allowedUsers, allowedGroups)? tn_routes_decide() has looked at the group that it names;
 * for others, where a query might spill to. */
bool tn_route_may_use(const struct tn_group_conf *group, const struct tn_route_context *context);

/* What else there is to say of a denial: what to do, or which router and rule it was. */
void tn_route_tell_denial(const struct tn_route_result *result, struct tn_error *err);

/* The trace as one line of text into OUT (NUL-terminated): "tags: no rule matched; queryRegex#1: regex `^INSERT`
 * matched -> etl"; rules are counted from 1 here. Returns the length written. */
size_t tn_route_trace_text(const struct tn_route_result *result, char *out, size_t size);

/* Tags from "team:bi,nightly" or a JSON object; at most 20, 128 characters each, the later of two
 * with one name wins. TN_E_INVALID (22023) says what is wrong. */
TN_MUST_USE enum tn_status tn_tags_parse(struct tn_str text, struct tn_arena *arena, size_t *count, struct tn_tag **out,
                                         struct tn_error *err);

#endif

/* scripting.h - a query and the operator's scripts: what they are told, who waits for them, what they said to it.
 *
 *   a policy asks (config/script_ask.h) --known--> it decides
 *        `--not--> tn_scripting_asks() --> tn_scripting_ask() --wait--> go_on: the stage decides again, from the start
 *
 * What a script said to a query once, it says to it until the end. Worker's thread only. */
#ifndef TN_SCRIPTING_H
#define TN_SCRIPTING_H

#include "base/json.h"
#include "policies/strategy/strategy.h"
#include "query.h"

/* Routers and strategies may ask for Q; nothing is done where the snapshot has no script. */
void tn_scripting_begin(struct tn_query *q);
/* Something was asked that is not known yet. */
bool tn_scripting_asks(const struct tn_query *q);
/* Asks it. True: GO_ON(q) is called later. False: there is an answer already (that it cannot be asked); decide again. */
bool tn_scripting_ask(struct tn_query *q, void (*go_on)(struct tn_query *q));
void tn_scripting_abandon(struct tn_query *q); /* go_on will not be called; harmless when nobody waits */

/* tn_routes_decide() with what scripts are known to say just now, for who cannot wait. UNSURE: one that has not answered was left out. */
TN_MUST_USE enum tn_status tn_scripting_decide(struct tn_runtime *runtime, const struct tn_route_context *context, const struct tn_features *features,
                                               struct tn_str text, struct tn_arena *arena, struct tn_route_result *out, bool *unsure,
                                               struct tn_error *err);

/* Asks the script of GROUP, if its strategy has one and there is something to choose, and notes in REQUEST whom it named. False:
 * tn_scripting_asks() now. ANSWER (may be NULL): what it said, for explaining; script NULL = it was not asked. */
struct tn_script_told {
    const struct tn_script *script;
    struct tn_script_answer answer;
};
bool tn_scripting_member(struct tn_query *q, const struct tn_group *group, struct tn_choose_request *request, struct tn_script_told *told);

/* ---- inside ---- */

/* scripting_member.c: `candidates` of GROUP, those of MEMBERS (bits), with what is known of them. */
void tn_scripting_candidates(struct tn_query *q, const struct tn_group *group, uint64_t members, struct tn_json *json);

#endif

/* ask_own.h - what ask.c and the answers that are Turnout's own (ask_explain.c) have of each other. */
#ifndef TN_SESSION_ASK_OWN_H
#define TN_SESSION_ASK_OWN_H

#include "session/ask.h"
#include "session/route_plan.h"

/* ask.c: columns and rows go to who asked, whoever made them; an answer of our own is over, with ERR (taken) or without one. */
void tn_ask_columns(struct tn_query *q, const struct tn_schema *schema);
void tn_ask_chunk(struct tn_query *q, struct tn_chunk *chunk);
void tn_ask_end_own(struct tn_ask *ask, struct tn_error *err);

/* ask_explain.c. TN_OK: tn_ask_end_own() is called when it is written, perhaps at once. */
TN_MUST_USE enum tn_status tn_ask_explain(struct tn_ask *ask, const struct tn_route_plan_asked *asked, const struct tn_question *question,
                                          struct tn_error *err);
void tn_ask_explain_cancel(struct tn_ask *ask); /* if there is one under way */

#endif

/* translating.h - what of a query is to be translated: from which dialect, with which scripts, in which mode. */
#ifndef TN_TRANSLATING_H
#define TN_TRANSLATING_H

#include "query.h"
#include "translate/translator.h"

/* What the client writes, before there is a group: SET turnout.dialect, else by protocol. False: nothing says so, it is the engine's own. */
bool tn_translating_spoken(const struct tn_query *q, enum tn_dialect *out);
enum tn_cfg_translation_mode tn_translating_mode(const struct tn_snapshot *snapshot, const struct tn_group_conf *group); /* never AUTO */
/* False: it goes to CLUSTER as written. OUT->columns is empty: tn_translating_columns() has them. */
bool tn_translating_what(const struct tn_query *q, const struct tn_group *group, const struct tn_cluster *cluster, struct tn_translation *out);
/* What its engine told of the types of the columns of the statement's tables, for asking; COLUMNS is initialized and the caller's, WHAT's types are of it. */
void tn_translating_columns(const struct tn_query *q, const struct tn_cluster *cluster, struct tn_translation *what, struct tn_buf *columns);
/* True: CLUSTER is asked for those types, and WAIT is told when it has answered. False: all is known that will be. */
bool tn_translating_lists(struct tn_query *q, struct tn_cluster *cluster, struct tn_table_wait *wait);
bool          tn_translating_made_several(const struct tn_query *q); /* what is sent is several statements: of a translation alone, whoever wrote the statement */
struct tn_str tn_translating_sent(const struct tn_query *q); /* the text for the chosen member, after the stage */
/* Members of GROUP that, as far as is known, are not to be told the statement, as bits. Are there no others, ERR (may be NULL) says
 * why, and *NONE is set; where there may only be better ones, there are no bits then. */
uint64_t tn_translating_refused(struct tn_query *q, const struct tn_group *group, bool *none, struct tn_error *err);
/* It is not sent: there are no words for it, or, STRICT, any doubt. / sqlglot says that something of it has no words. / Q was not moved away for that by all members of its group, and one is left that may be asked. */
bool tn_translating_forbids(const struct tn_translated *result, bool strict);
bool tn_translating_lacks(const struct tn_translated *result);
bool tn_translating_others(struct tn_query *q);
/* The error of a statement that is not sent to CLUSTER for its translation's sake. */
enum tn_status tn_translating_fail(struct tn_error *err, enum tn_dialect from, const struct tn_cluster *cluster, const struct tn_translated *result);

/* The engine refused the translation (a word, a function, a syntax), not for a fault of its own, and another member, that has not
 * been tried, takes the statement as written. */
bool tn_translating_may_retry(const struct tn_query *q);
/* Says in ERR, which an engine gave for a translated statement, what was sent; its place in the text would be another one. Of one that could
 * not be read and was sent as written: why. */
void tn_translating_tell(const struct tn_query *q, struct tn_error *err);

/* EXPLAIN TRANSLATION sql: Q is made to be that statement, to be explained. False: it is something else. */
bool tn_translation_asked(struct tn_query *q);
/* Its answer, to the session. SAME: it goes to the member as written. */
enum tn_step tn_translation_answer(struct tn_query *q, bool same);

/* The translator of a program with SETTINGS; NULL in OUT where it is switched off. */
TN_MUST_USE enum tn_status tn_translating_open(struct tn_translator **out, const struct tn_settings *settings, struct tn_error *err);

#endif

/* coordinator.h - what a coordinator tells of itself and of all its queries, for tools that look after one. */
#ifndef TN_TRINO_COORDINATOR_H
#define TN_TRINO_COORDINATOR_H

#include "trino/private.h"

/* Paths that anybody may ask for, for those who balance load: /v1/info, /v1/status. False: it is another one. */
bool tn_trino_coordinator_answer(struct tn_trino *trino, struct tn_http_exchange *x);

/* Those for who is known: is PATH one of them? */
bool tn_trino_coordinator_has(struct tn_str path);
/* CALL's body or problem, and its status. Queries are one's own; everybody's for an administrator, and where nobody has to say who he is. */
void tn_trino_coordinator_tell(struct tn_trino_call *call, struct tn_http_exchange *x);

/* What IDENTITY (NULL: nobody need say) may see of all workers' queries, as WISH says but for its user and most: a list's items. */
void tn_trino_coordinator_queries(const struct tn_trino *trino, const struct tn_identity *identity, const struct tn_trino_activity_wish *wish,
                                  size_t most, struct tn_buf *out);

#endif

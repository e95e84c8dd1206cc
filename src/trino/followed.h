/* followed.h - queries that run at a Trino since before this program was started, or by way of another Turnout, while their clients follow
 * the links (resume.c): each is a query here again. It is listed and ended as any other, holds a slot of its cluster (in the first group that has
 * the cluster; above the limit if none is free, since its client has its result half read already), and leaves one record. Of that, what
 * nobody here knows is missing: text and user are empty, times begin with the first link that came. Nothing is learned from it.
 *
 * On the worker that the id of the query names (tn_trino_follower()), whichever a link came to. */
#ifndef TN_TRINO_FOLLOWED_H
#define TN_TRINO_FOLLOWED_H

#include "trino/private.h"

struct tn_trino_followed;

struct tn_worker *tn_trino_follower(const struct tn_trino *trino, struct tn_str id);

/* A link of query ID at CLUSTER came, ASKING for its page or not (DELETE): false if the query was ended here meanwhile, by an
 * administrator, and is to be ended there. */
bool tn_trino_follow(struct tn_trino_home *home, struct tn_str id, struct tn_cluster *cluster, struct tn_str peer);
/* A page came, perhaps the last. Until its client comes no more it is known as ended then: a link that is asked for again begins no other. */
void tn_trino_follow_page(struct tn_trino_home *home, struct tn_str id, const struct tn_chunk *page);
/* Its client has ended it, or its Trino knows nothing of it (any more). */
void tn_trino_follow_end(struct tn_trino_home *home, struct tn_str id, bool by_client);

bool tn_trino_follow_sweep(struct tn_trino_home *home, uint64_t now); /* those whose client comes no more; true: some are left */
void tn_trino_follow_free_all(struct tn_trino_home *home);

#endif

/* followed.h - queries that run at a Trino since before this program was started, or by way of another Turnout, while their clients follow
 * the links (resume.c): each is a query here again. It is listed and ended as any other, has a slot of its cluster (in the first group that has
 * the cluster; above the limit if none is free, since its client has its result half read already) and that group's time limit, and leaves one
 * record. The link says whose it is (link.h). What nobody here knows is missing: its text is empty, its times begin with the first link that
 * came. Nothing is learned from it.
 *
 * When it is ended here (KILL, DELETE /v1/query/ID, a time limit) its Trino is told at once, and again for half a minute if it does not answer; its
 * client is told when it comes. An entry stays for a while after its end, so that a link that comes late begins no other query.
 *
 * On the worker that the id of the query names (tn_trino_follower()), whichever a link came to. */
#ifndef TN_TRINO_FOLLOWED_H
#define TN_TRINO_FOLLOWED_H

#include "trino/link.h"

struct tn_trino_followed;

struct tn_worker *tn_trino_follower(const struct tn_trino *trino, struct tn_str id);

enum tn_trino_follow {
    TN_TRINO_FOLLOW_ON,     /* its Trino is asked */
    TN_TRINO_FOLLOW_ENDED,  /* it was ended here: tn_trino_follow_put_end() is the answer */
    TN_TRINO_FOLLOW_LEFT,   /* this program is about to end: the next one goes on */
};

/* CALL's LINK leads to CLUSTER. */
enum tn_trino_follow tn_trino_follow(struct tn_trino_home *home, const struct tn_trino_call *call, const struct tn_trino_link *link, struct tn_cluster *cluster);
/* Its Trino has answered, or goes on answering: the same, as it is now. */
enum tn_trino_follow tn_trino_follow_now(const struct tn_trino_home *home, struct tn_str id);
void tn_trino_follow_touch(struct tn_trino_home *home, struct tn_str id); /* its client goes on taking a long page */

struct tn_trino_followed_page {
    uint64_t      bytes, rows;
    bool          more, failed; /* there is a next one; it tells an error */
    struct tn_str next;         /* path of the next one at its Trino */
};
/* CALL's page came, perhaps the last; perhaps once more. */
void tn_trino_follow_page(struct tn_trino_home *home, const struct tn_trino_call *call, const struct tn_trino_followed_page *page);
/* Its client has ended it, or its Trino knows nothing of it (any more). */
void tn_trino_follow_end(struct tn_trino_home *home, struct tn_str id, bool by_client);
/* The page that tells its client how it ended here. */
void tn_trino_follow_put_end(const struct tn_trino_home *home, const struct tn_trino_call *call, struct tn_buf *out);
/* /v1/query/ID, by our id or by that of its Trino. False: it is none of these, or not the caller's. */
bool tn_trino_follow_by_id(struct tn_trino_home *home, struct tn_trino_call *call);

bool tn_trino_follow_sweep(struct tn_trino_home *home, uint64_t now); /* those whose client comes no more; true: some are left */
void tn_trino_follow_free_all(struct tn_trino_home *home);

#endif

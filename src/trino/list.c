/* What an operator sees of this protocol, which has no sessions: the statements that are not through. */
#include "trino/list.h"

#include "trino/private.h"

static const char *state_name(const struct tn_trino_query *q)
{
    return q->ask != NULL ? "busy" : q->done && q->first == NULL ? "done" : "fetched";
}

void tn_trino_sessions_each(struct tn_worker *worker, void (*fn)(void *arg, const struct tn_session_info *info), void *arg)
{
    struct tn_trino_home *home = worker->module[TN_WORKER_TRINO];

    if (home == NULL)
        return;
    TN_LIST_FOR_EACH(node, &home->by_use) {
        const struct tn_trino_query *q = TN_CONTAINER_OF(node, struct tn_trino_query, node);
        char                         peer[TN_PEER_TEXT], user[TN_USER_NAME_MAX + 1], catalog[TN_USER_NAME_MAX + 1];
        struct tn_session_info       info = {
            .protocol = "trinoHttp", .peer = peer, .user = user, .database = catalog, .application = q->request.source, .state = state_name(q),
            .transaction = q->transaction == NULL ? 'I' : q->transaction->ask.failed ? 'E' : 'T', .query = q->ask != NULL ? q->ask->query->id : 0,
            .statements = 1, .bytes_in = q->sql.len, .bytes_out = q->stats.bytes, .worker = worker->index,
        };

        tn_str_copy(peer, sizeof peer, q->peer);
        tn_str_copy(user, sizeof user, q->identity != NULL ? q->identity->user : tn_str_n("", 0));
        tn_str_copy(catalog, sizeof catalog, q->request.catalog);
        fn(arg, &info);
    }
}

/* What an operator sees of sessions. */
#include "mysql/list.h"

#include "mysql/private.h"

static const char *state_name(const struct tn_my_session *s)
{
    switch (s->state) {
    case TN_MY_HELLO:
    case TN_MY_AUTH:  return "starting";
    case TN_MY_READY: return s->client.busy ? "busy" : "ready";
    default:          return "closing";
    }
}

void tn_my_sessions_each(struct tn_worker *worker, void (*fn)(void *arg, const struct tn_session_info *info), void *arg)
{
    struct tn_my_home *home = worker->module[TN_WORKER_MYSQL];

    if (home == NULL)
        return;
    TN_LIST_FOR_EACH(node, &home->sessions) {
        const struct tn_my_session *s = TN_CONTAINER_OF(node, struct tn_my_session, node);
        struct tn_session_info      info = {
            .protocol = "mysqlWire", .pid = s->id, .peer = s->client.peer, .user = s->user, .database = s->database, .application = s->application,
            .state = state_name(s), .transaction = s->tx.failed ? 'E' : s->in_tx ? 'T' : 'I', .query = s->ask != NULL ? s->ask->query->id : 0,
            .statements = s->statements, .bytes_in = s->client.bytes_in, .bytes_out = s->client.out.written, .prepared = s->prepared.count, .worker = worker->index,
        };

        fn(arg, &info);
    }
}

/* What an operator sees of sessions. */
#include "session/private.h"

static const char *state_name(const struct tn_session *s)
{
    static const char *const names[] = {
#define STATE(name, text) text,
#include "session/session_state.def"
#undef STATE
    };

    return s->state == TN_SESSION_READY && s->client.busy ? "busy" : names[s->state];
}

static void each_of_postgres(struct tn_worker *worker, void (*fn)(void *arg, const struct tn_session_info *info), void *arg)
{
    struct tn_sessions *sessions = worker->module[TN_WORKER_SESSIONS];

    if (sessions == NULL)
        return;
    TN_LIST_FOR_EACH(node, &sessions->list) {
        const struct tn_session *s = TN_CONTAINER_OF(node, struct tn_session, node);
        struct tn_session_info   info = {
            .protocol = "postgresWire", .pid = s->pid, .peer = s->client.peer, .user = s->user, .database = s->database,
            .application = s->settings->application, .state = state_name(s),
            .transaction = tn_transaction_status(s), .query = s->query != NULL ? s->query->id : 0, .statements = s->statements,
            .bytes_in = s->client.bytes_in, .bytes_out = s->client.out.written, .prepared = s->prepared.count, .worker = worker->index,
        };

        fn(arg, &info);
    }
}

void tn_sessions_each(struct tn_worker *worker, void (*fn)(void *arg, const struct tn_session_info *info), void *arg)
{
    const struct tn_server *server = tn_runtime_of(worker)->server;

    each_of_postgres(worker, fn, arg);
    if (server->list_mysql != NULL)
        server->list_mysql(worker, fn, arg);
    if (server->list_trino != NULL)
        server->list_trino(worker, fn, arg);
}

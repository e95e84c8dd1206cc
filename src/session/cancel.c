/* Who may cancel what: a process id names a worker and a place in its table, a secret key proves it. */
#include "session/private.h"

#include "base/alloc.h"
#include "base/rand.h"

enum { SLOT_BITS = 22, SLOTS_MAX = 1 << SLOT_BITS };

static bool grow(struct tn_sessions *table)
{
    size_t              count = table->count == 0 ? 64 : table->count * 2;
    struct tn_session **slots;

    if (count > SLOTS_MAX)
        return false;
    slots = tn_realloc(table->slots, count * sizeof *slots);
    if (slots == NULL)
        return false;
    memset(slots + table->count, 0, (count - table->count) * sizeof *slots);
    table->slots = slots;
    table->count = count;
    return true;
}

bool tn_session_register(struct tn_session *s)
{
    struct tn_sessions *table = s->worker->module[TN_WORKER_SESSIONS];
    size_t              at = table->free_hint;

    while (at < table->count && table->slots[at] != NULL)
        at++;
    if (at == table->count && !grow(table))
        return false;
    table->slots[at] = s;
    table->free_hint = at + 1;
    s->pid = (s->worker->index + 1) << SLOT_BITS | (uint32_t)at;
    tn_rand_secret(s->key, sizeof s->key);
    s->key_len = 4;
    return true;
}

void tn_session_unregister(struct tn_session *s)
{
    struct tn_sessions *table = s->worker->module[TN_WORKER_SESSIONS];
    size_t              at = s->pid & (SLOTS_MAX - 1);

    if (at < table->count && table->slots[at] == s) {
        table->slots[at] = NULL;
        table->free_hint = TN_MIN(table->free_hint, at);
    }
}

static struct tn_session *find_by_pid(struct tn_worker *worker, uint32_t pid)
{
    struct tn_sessions *table = worker->module[TN_WORKER_SESSIONS];
    size_t              at = pid & (SLOTS_MAX - 1);

    return pid >> SLOT_BITS == worker->index + 1 && at < table->count ? table->slots[at] : NULL;
}

struct request {
    struct tn_message message;
    uint32_t          pid;
    size_t            key_len;
    char              key[TN_SESSION_KEY_MAX];
};

static void on_request(struct tn_message *message, struct tn_worker *worker)
{
    struct request    *request = TN_CONTAINER_OF(message, struct request, message);
    struct tn_session *s = find_by_pid(worker, request->pid);
    bool               right = s != NULL && s->state == TN_SESSION_READY && request->key_len == s->key_len &&
                 tn_secret_eq(request->key, s->key, s->key_len);
    bool               runs = right && (s->query != NULL || s->explaining != NULL || s->catalog != NULL || s->deferred != TN_DEFERRED_NOTHING || s->client.paused);

    tn_log(TN_LOG_INFO, "cancel request", TN_LOG_U64("session", request->pid),
           TN_LOG_TEXT("result", !right ? "refused" : runs ? "query cancelled" : "nothing runs"));
    tn_count(&tn_runtime_of(worker)->counters, TN_COUNTER_cancels_received, 1);
    if (right && s->client.paused)
        tn_simple_cancel(s);
    else if (runs)
        tn_execute_cancel(s, TN_CANCEL_USER);
    tn_free(request);
}

void tn_session_cancel_request(struct tn_server *server, uint32_t pid, struct tn_str key)
{
    uint32_t        worker = (pid >> SLOT_BITS) - 1;
    struct request *request;

    if (worker >= server->worker_count || key.len > TN_SESSION_KEY_MAX)
        return;
    request = tn_malloc(sizeof *request);
    if (request == NULL)
        return;
    *request = (struct request){.message.run = on_request, .pid = pid, .key_len = key.len};
    memcpy(request->key, key.ptr, key.len);
    tn_worker_post(server->workers[worker], &request->message);
}

#include "trino/coordinator.h"

#include "base/clock.h"
#include "base/json.h"
#include "trino/list.h"

enum { LISTED_MAX = 4 * 1024 * 1024 };

static void put_info(struct tn_buf *body, const struct tn_trino *trino)
{
    struct tn_json json = {.buf = body};
    uint64_t       up_s = (tn_clock_us() - trino->server->started_us) / 1000000;
    char           uptime[32];

    snprintf(uptime, sizeof uptime, "%llu.00s", (unsigned long long)up_s);
    tn_json_open(&json, NULL, '{');
    tn_json_open(&json, "nodeVersion", '{');
    tn_json_text(&json, "version", TN_TRINO_VERSION);
    tn_json_close(&json, '}');
    tn_json_text(&json, "environment", "turnout");
    tn_json_bool(&json, "coordinator", true);
    tn_json_bool(&json, "starting", atomic_load(&trino->server->state) == TN_SERVER_STARTING);
    tn_json_text(&json, "uptime", uptime);
    tn_json_close(&json, '}');
}

bool tn_trino_coordinator_answer(struct tn_trino *trino, struct tn_http_exchange *x)
{
    bool          reads = x->method == TN_HTTP_METHOD_GET || x->method == TN_HTTP_METHOD_HEAD;
    bool          is_state = tn_str_eq_c(x->path, "/v1/info/state"), is_role = tn_str_eq_c(x->path, "/v1/info/coordinator");
    struct tn_buf body;

    if (!is_state && !is_role && !tn_str_eq_c(x->path, "/v1/info") && !tn_str_eq_c(x->path, "/v1/status"))
        return false;
    if (!reads) {
        tn_http_set_field(x, "Allow", "GET, HEAD");
        tn_http_reply(x, 405, "text/plain; charset=utf-8", TN_STR("this path does not answer that method\n"));
        return true;
    }
    if (is_role) { /* that it is one is all that it says */
        tn_http_reply(x, 200, NULL, TN_STR(""));
        return true;
    }
    if (is_state) {
        bool active = atomic_load(&trino->server->state) == TN_SERVER_READY;

        tn_http_reply(x, 200, "application/json", active ? TN_STR("\"ACTIVE\"") : TN_STR("\"SHUTTING_DOWN\""));
        return true;
    }
    tn_buf_init(&body, 4096);
    put_info(&body, trino);
    tn_http_reply_buf(x, 200, "application/json", &body);
    return true;
}

/* ---- queries ---- */

void tn_trino_coordinator_queries(const struct tn_trino *trino, const struct tn_identity *identity, const struct tn_trino_activity_wish *wish,
                                  size_t most, struct tn_buf *out)
{
    struct tn_trino_activity_wish each = *wish;
    bool                          all = identity == NULL || identity->admin || identity->proof == TN_PROOF_NONE;

    each.user = all ? tn_str_n(NULL, 0) : identity->user;
    each.most = most / trino->worker_count;
    for (size_t i = 0; i < trino->worker_count; i++)
        tn_trino_activity_put(trino->homes[i].activity, &each, out);
}

/* The value of `state` in a query string; ptr NULL: none. */
static struct tn_str read_state(struct tn_str query)
{
    static const char name[] = "state=";

    while (query.len > 0) {
        const char   *end = memchr(query.ptr, '&', query.len);
        struct tn_str part = tn_str_n(query.ptr, end == NULL ? query.len : (size_t)(end - query.ptr));

        if (tn_str_starts(part, TN_STR("state=")))
            return tn_str_n(part.ptr + sizeof name - 1, part.len - (sizeof name - 1));
        query = end == NULL ? tn_str_n(NULL, 0) : tn_str_n(end + 1, query.len - part.len - 1);
    }
    return tn_str_n(NULL, 0);
}

static void tell_queries(struct tn_trino_call *call, struct tn_http_exchange *x)
{
    struct tn_trino_activity_wish wish = {.state = read_state(x->query), .base = tn_arena_strdup(&call->arena, call->base)};
    struct tn_buf                 items;

    tn_buf_init(&items, 2 * LISTED_MAX);
    if (wish.base != NULL)
        tn_trino_coordinator_queries(call->trino, call->identity, &wish, LISTED_MAX, &items);
    tn_buf_put_u8(&call->body, '[');
    tn_buf_put_str(&call->body, tn_buf_str(&items));
    tn_buf_put_u8(&call->body, ']');
    call->body.failed = call->body.failed || items.failed || wish.base == NULL;
    tn_buf_reset(&items);
}

/* ---- nodes and load ---- */

/* As one that has no workers but itself. */
static void tell_nodes(struct tn_trino_call *call, struct tn_http_exchange *x)
{
    (void)x;
    tn_buf_puts(&call->body, "[]");
}

static struct tn_group_load load_of_all(struct tn_server *server)
{
    struct tn_snapshot  *snapshot = tn_server_snapshot(server);
    struct tn_group_load all = {0};

    for (size_t i = 0; i < snapshot->topology->group_count; i++) {
        struct tn_group_load load = {0};

        tn_admission_load(server->admission, &snapshot->topology->groups[i], &load);
        all.running += load.running;
        all.queued += load.queued;
    }
    tn_snapshot_unref(snapshot);
    return all;
}

/* What gateways weigh their coordinators by. */
static void tell_load(struct tn_trino_call *call, struct tn_http_exchange *x)
{
    struct tn_group_load load = load_of_all(call->trino->server);
    struct tn_json       json = {.buf = &call->body};

    (void)x;
    tn_json_open(&json, NULL, '{');
    tn_json_u64(&json, "runningQueries", load.running);
    tn_json_u64(&json, "blockedQueries", 0);
    tn_json_u64(&json, "queuedQueries", load.queued);
    tn_json_u64(&json, "activeCoordinators", 1);
    tn_json_u64(&json, "activeWorkers", 1);
    tn_json_u64(&json, "runningDrivers", load.running);
    tn_json_u64(&json, "totalAvailableProcessors", call->trino->worker_count);
    tn_json_f64(&json, "reservedMemory", 0);
    tn_json_u64(&json, "totalInputRows", 0);
    tn_json_u64(&json, "totalInputBytes", 0);
    tn_json_u64(&json, "totalCpuTimeSecs", 0);
    tn_json_close(&json, '}');
}

static const struct {
    const char *path;
    void (*tell)(struct tn_trino_call *call, struct tn_http_exchange *x);
} told[] = {
    {"/v1/query", tell_queries}, {"/ui/api/query", tell_queries}, {"/v1/node", tell_nodes},
    {"/v1/node/failed", tell_nodes}, {"/v1/cluster", tell_load}, {"/ui/api/stats", tell_load},
};

bool tn_trino_coordinator_has(struct tn_str path)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(told); i++)
        if (tn_str_eq_c(path, told[i].path))
            return true;
    return false;
}

void tn_trino_coordinator_tell(struct tn_trino_call *call, struct tn_http_exchange *x)
{
    call->status = 200;
    for (size_t i = 0; i < TN_ARRAY_LEN(told); i++)
        if (tn_str_eq_c(x->path, told[i].path))
            told[i].tell(call, x);
}

/* queries.c - what runs and waits now, and ending it. Collected worker by worker, each on its own thread. */
#include "admin/endpoint.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "pipeline.h"

enum { LIMIT_DEFAULT = 1000, LIMIT_MAX = 100000, TEXT_MAX = 16 * 1024 };

struct collection {
    struct tn_admin_round round;
    struct tn_buf         body;
    struct tn_json        json;
    uint64_t              limit, count, more; /* listed, and left out for the limit */
    bool                  text;
    char                  group[256], cluster[256], user[256], state[16]; /* filters, empty = any */
};

static bool wanted(const struct collection *c, const struct tn_query *q)
{
    return (c->group[0] == '\0' || (q->group != NULL && tn_str_eq_c(q->group->conf->name, c->group))) &&
           (c->cluster[0] == '\0' || (q->cluster != NULL && tn_str_eq_c(q->cluster->conf->name, c->cluster))) &&
           (c->user[0] == '\0' || tn_str_eq_c(q->client.user, c->user)) &&
           (c->state[0] == '\0' || strcmp(tn_query_state(q), c->state) == 0);
}

static void put_query(struct collection *c, const struct tn_query *q)
{
    struct tn_json *json = &c->json;
    struct tn_str   none = {NULL, 0};
    unsigned        position = 0;

    if (q->lease != NULL) /* 0 when it is not queued; asks under admission's own lock */
        position = tn_admission_position(c->round.admin->server->admission, &q->lease->ticket);
    tn_json_open(json, NULL, '{');
    tn_json_u64(json, "id", q->id);
    tn_json_text(json, "state", tn_query_state(q));
    tn_json_text(json, "stage", q->stage < TN_STAGE_COUNT ? tn_stage_name(q->stage) : "record");
    tn_json_str(json, "user", q->client.user);
    tn_json_str(json, "database", q->client.database);
    tn_json_str(json, "application", q->client.application);
    tn_json_str(json, "client", q->client.client_address);
    tn_json_text(json, "protocol", q->client.protocol);
    tn_json_str(json, "group", q->group != NULL ? q->group->conf->name : none);
    tn_json_str(json, "cluster", q->cluster != NULL ? q->cluster->conf->name : none);
    tn_json_text(json, "reason", q->reason);
    if (position > 0)
        tn_json_u64(json, "queuePosition", position);
    tn_json_time(json, "startedAt", q->started_wall_us);
    tn_json_ms(json, "ageMs", q->started_us == 0 ? 0 : tn_clock_us() - q->started_us);
    tn_json_ms(json, "queueMs", q->queue_us);
    tn_json_bool(json, "cancelling", q->cancel != TN_CANCEL_NONE);
    if (q->shadow != NULL)
        tn_json_bool(json, "shadow", true);
    tn_json_text(json, "class", tn_class_name(q->features.class));
    if (c->text)
        tn_json_str(json, "text", tn_str_n(q->text.ptr, TN_MIN(q->text.len, (size_t)TEXT_MAX)));
    tn_json_close(json, '}');
}

static void visit(struct tn_runtime *runtime, struct tn_admin_round *round)
{
    struct collection *c = TN_CONTAINER_OF(round, struct collection, round);

    TN_LIST_FOR_EACH(node, &runtime->queries) {
        const struct tn_query *q = TN_CONTAINER_OF(node, struct tn_query, node);

        if (!wanted(c, q))
            continue;
        if (c->count < c->limit) {
            put_query(c, q);
            c->count++;
        } else {
            c->more++;
        }
    }
}

static void finish(struct tn_http_exchange *x, struct tn_admin_round *round)
{
    struct collection *c = TN_CONTAINER_OF(round, struct collection, round);

    tn_json_close(&c->json, ']');
    tn_json_u64(&c->json, "more", c->more);
    tn_json_close(&c->json, '}');
    tn_admin_reply_json(x, 200, &c->body);
}

static void free_collection(struct tn_admin_round *round)
{
    struct collection *c = TN_CONTAINER_OF(round, struct collection, round);

    tn_buf_reset(&c->body);
    tn_free(c);
}

static bool read_filters(struct tn_http_exchange *x, const struct tn_http_args *args, struct collection *c)
{
    tn_str_copy(c->group, sizeof c->group, tn_http_arg(args, "group"));
    tn_str_copy(c->cluster, sizeof c->cluster, tn_http_arg(args, "cluster"));
    tn_str_copy(c->user, sizeof c->user, tn_http_arg(args, "user"));
    tn_str_copy(c->state, sizeof c->state, tn_http_arg(args, "state"));
    return tn_http_arg_bool(x, args, "text", &c->text) &&
           tn_http_arg_u64(x, args, "limit", LIMIT_MAX, &c->limit);
}

void tn_admin_queries(struct tn_admin *admin, struct tn_http_exchange *x, const struct tn_http_args *args)
{
    struct collection *c = tn_calloc(1, sizeof *c);

    if (c == NULL) {
        tn_http_problem(x, 503, "no memory");
        return;
    }
    c->round.visit = visit;
    c->round.finish = finish;
    c->round.free = free_collection;
    c->limit = LIMIT_DEFAULT;
    if (!read_filters(x, args, c)) {
        tn_free(c);
        return;
    }
    tn_buf_init(&c->body, TN_ADMIN_REPLY_MAX);
    c->json.buf = &c->body;
    tn_json_open(&c->json, NULL, '{');
    tn_json_open(&c->json, "queries", '[');
    tn_admin_round_start(&c->round, admin, x);
}

/* ---- cancel ---- */

struct cancellation {
    struct tn_admin_round round;
    uint64_t              id;
    bool                  found, told;
};

static void visit_cancel(struct tn_runtime *runtime, struct tn_admin_round *round)
{
    struct cancellation *c = TN_CONTAINER_OF(round, struct cancellation, round);
    struct tn_query     *q = c->found ? NULL : tn_query_find(runtime, c->id);

    if (q == NULL)
        return;
    c->found = true;
    c->told = !q->finished;
    tn_query_cancel(q, TN_CANCEL_ADMIN); /* may end it here and now */
}

static void finish_cancel(struct tn_http_exchange *x, struct tn_admin_round *round)
{
    struct cancellation *c = TN_CONTAINER_OF(round, struct cancellation, round);
    struct tn_buf        body;
    struct tn_json       json = {.buf = &body};
    char                 id[24];

    snprintf(id, sizeof id, "%llu", (unsigned long long)c->id);
    tn_admin_log(x, "cancel", tn_str(id), c->found ? "told" : "not found");
    if (!c->found) {
        tn_http_problem(x, 404, "no query %s is running or queued", id);
        return;
    }
    tn_buf_init(&body, 1024);
    tn_json_open(&json, NULL, '{');
    tn_json_u64(&json, "id", c->id);
    tn_json_bool(&json, "cancelled", c->told);
    tn_json_close(&json, '}');
    tn_admin_reply_json(x, 200, &body);
}

static void free_cancel(struct tn_admin_round *round)
{
    tn_free(TN_CONTAINER_OF(round, struct cancellation, round));
}

void tn_admin_cancel(struct tn_admin *admin, struct tn_http_exchange *x, const struct tn_http_args *args)
{
    struct cancellation *c;
    uint64_t             id;

    if (!tn_str_to_u64(args->capture, UINT64_MAX, &id)) {
        tn_http_problem(x, 400, "a query's id is a number, not `%.64s`", args->capture.ptr);
        return;
    }
    c = tn_calloc(1, sizeof *c);
    if (c == NULL) {
        tn_http_problem(x, 503, "no memory");
        return;
    }
    c->id = id;
    c->round.visit = visit_cancel;
    c->round.finish = finish_cancel;
    c->round.free = free_cancel;
    tn_admin_round_start(&c->round, admin, x);
}

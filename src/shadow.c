#include "shadow.h"

#include "adaptive.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/hash.h"
#include "pipeline.h"
#include "server.h"
#include "shadow_copy.h"

/* Why it was ended before its end. */
enum early { EARLY_NOT, EARLY_CUT, EARLY_GAVE_WAY, EARLY_STOPPED };

struct tn_shadow {
    struct tn_query           *query;
    struct tn_group           *group;
    struct tn_plan             plan;      /* with one shadow */
    struct tn_decide_request   request;
    struct tn_decide_policy    policy;
    struct tn_decide_candidate candidate;
    struct tn_price            price;
    struct tn_shape            shape;
    struct tn_shape_about      about;
    enum early                 early;
    bool                       begun;     /* on its engine */
    size_t                     bytes;     /* counted in the server's shadow_bytes */
    bool                       lent;      /* it brought a thread for the offload pool */
    unsigned                   others;    /* of ours running there when it began */
    ev_timer                   timer;     /* first its start, then its deadline */
};

static struct tn_server *server_of(const struct tn_query *q)
{
    return tn_runtime_of(q->worker)->server;
}

static void count(const struct tn_query *q, enum tn_counter counter, uint64_t by)
{
    tn_count(&tn_runtime_of(q->worker)->counters, counter, by);
}

/* One more of BYTES: false when it would be too much. */
static bool take(struct tn_server *server, size_t bytes)
{
    bool fits = atomic_fetch_add(&server->shadows, 1) < TN_SHADOWS_MOST;

    if (atomic_fetch_add(&server->shadow_bytes, bytes) + bytes <= TN_SHADOW_BYTES_MOST && fits)
        return true;
    atomic_fetch_sub(&server->shadow_bytes, bytes);
    atomic_fetch_sub(&server->shadows, 1);
    return false;
}

static void put_back(struct tn_server *server, size_t bytes)
{
    atomic_fetch_sub(&server->shadow_bytes, bytes);
    atomic_fetch_sub(&server->shadows, 1);
}

/* ---- the end ---- */

static void on_params(struct tn_query *q, size_t params, const uint32_t *pg_oids)
{
    (void)q;
    (void)params;
    (void)pg_oids;
}

static void on_columns(struct tn_query *q, const struct tn_schema *schema)
{
    (void)q;
    (void)schema;
}

static void on_chunk(struct tn_query *q, struct tn_chunk *chunk)
{
    tn_chunk_free(chunk);
    tn_run_credit(&q->run);
}

static void on_notice(struct tn_query *q, const char *fields, size_t len)
{
    (void)q;
    (void)fields;
    (void)len;
}

static enum tn_attempt_end end_of(const struct tn_shadow *shadow)
{
    const struct tn_error *error = &shadow->query->error;

    if (!shadow->begun || shadow->early == EARLY_STOPPED) /* the operator's word, or an engine that is being taken out */
        return TN_ATTEMPT_NOT_LEARNED;
    if (error->status == TN_OK)
        return TN_ATTEMPT_DONE;
    if (error->fault == TN_FAULT_CANCEL || error->fault == TN_FAULT_TIMEOUT)
        return shadow->early == EARLY_CUT ? TN_ATTEMPT_CUT : shadow->query->cancel == TN_CANCEL_ADMIN && shadow->early == EARLY_NOT ? TN_ATTEMPT_NOT_LEARNED
                                                                                                                        : TN_ATTEMPT_GIVEN_UP;
    if (error->fault == TN_FAULT_ENGINE)
        return TN_ATTEMPT_ERROR;
    /* the client's own run succeeded: the statement is not at fault */
    return error->fault == TN_FAULT_UNSUPPORTED || (error->fault == TN_FAULT_QUERY && tn_adaptive_is_of_dialect(error)) ? TN_ATTEMPT_UNSUPPORTED
                                                                                                                    : TN_ATTEMPT_NOT_LEARNED;
}

static void learn(struct tn_shadow *shadow, const struct tn_run *run)
{
    struct tn_query         *q = shadow->query;
    uint64_t                 took = shadow->begun && run->ended_us > run->started_us ? run->ended_us - run->started_us : 0;
    struct tn_attempt_result result = {.end = end_of(shadow), .seconds = (double)(took - TN_MIN(took, run->queued_us)) / 1e6, .running = shadow->others,
                                       .other_state = !tn_cluster_fits(q->cluster, shadow->plan.shadows[0].cluster, q->found),
                                       .bytes = run->bytes_read > 0 ? (double)run->bytes_read : -1, .now_us = tn_clock_us()};
    struct tn_run_bill       bill = {.seconds = result.seconds, .bytes = result.bytes, .cut = result.end == TN_ATTEMPT_CUT,
                                     .utilisation = shadow->candidate.slots > 0 ? shadow->others / shadow->candidate.slots : 0,
                                       .awake = q->found != TN_FOUND_ASLEEP, .awake_s = q->awake_s};
    struct tn_cost           cost;

    if (shadow->begun) {
        tn_price_bill(&shadow->price, &bill, &cost);
        result.usd = cost.average;
        result.breaker_opened = q->breaker_opened;
        result.breaker_open = !q->breaker_opened && tn_breaker_state(&q->cluster->breaker, result.now_us) != TN_BREAKER_CLOSED;
        tn_str_copy(result.sqlstate, sizeof result.sqlstate, tn_str(q->error.sqlstate));
        atomic_fetch_add_explicit(&server_of(q)->shadow_us, took, memory_order_relaxed);
    }
    if (tn_freeze_has(server_of(q)->freeze, shadow->group->conf->name))
        shadow->policy.frozen = true;
    tn_decide_attempt_ended(server_of(q)->learner, &shadow->request, &shadow->plan, 0, true, &result);
}

static enum tn_counter counter_of(const struct tn_shadow *shadow)
{
    if (!shadow->begun)
        return TN_COUNTER_shadow_skipped;
    if (shadow->query->error.status == TN_OK)
        return TN_COUNTER_shadow_answered;
    if (shadow->query->cancel != TN_CANCEL_NONE)
        return shadow->early == EARLY_CUT ? TN_COUNTER_shadow_cut : shadow->early == EARLY_GAVE_WAY ? TN_COUNTER_shadow_gave_way : TN_COUNTER_shadow_stopped;
    return TN_COUNTER_shadow_failed;
}

static void on_done(struct tn_query *q)
{
    struct tn_shadow *shadow = q->shadow;

    ev_timer_stop(q->worker->loop, &shadow->timer);
    learn(shadow, &q->run);
    count(q, counter_of(shadow), 1);
    tn_log(TN_LOG_DEBUG, "shadow end", TN_LOG_U64("query", q->id), TN_LOG_STR("cluster", q->cluster->conf->name),
           TN_LOG_U64("us", q->run.ended_us > q->run.started_us ? q->run.ended_us - q->run.started_us : 0), TN_LOG_TEXT("sqlstate", q->error.sqlstate));
    if (shadow->lent)
        tn_offload_lend(server_of(q)->offload, -1);
    put_back(server_of(q), shadow->bytes);
    tn_query_free(q);
}

static const struct tn_query_events events = {on_params, on_columns, on_chunk, on_notice, on_done, NULL};

static void end_early(struct tn_shadow *shadow, enum early why)
{
    if (shadow->early != EARLY_NOT)
        return;
    shadow->early = why;
    tn_query_cancel(shadow->query, why == EARLY_CUT ? TN_CANCEL_TIMEOUT : TN_CANCEL_ADMIN);
}

/* ---- the beginning ---- */

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int revents)
{
    (void)loop;
    (void)revents;
    end_early(TN_CONTAINER_OF(timer, struct tn_shadow, timer), EARLY_CUT);
}

void tn_shadow_begin(struct tn_query *q)
{
    struct tn_shadow *shadow = q->shadow;

    shadow->begun = true;
    shadow->others = TN_MAX(atomic_load(&q->cluster->running) + atomic_load(&q->cluster->copies), 1u) - 1;
    count(q, TN_COUNTER_shadow_started, 1);
    ev_timer_init(&shadow->timer, on_deadline, shadow->plan.shadows[0].deadline_s, 0.);
    ev_now_update(q->worker->loop);
    ev_timer_start(q->worker->loop, &shadow->timer);
}

static bool is_welcome(const struct tn_query *q, struct tn_group *group, struct tn_cluster *cluster)
{
    struct tn_server *server = server_of(q);
    uint64_t          now_us = tn_clock_us();

    return atomic_load(&server->state) == TN_SERVER_READY && !tn_freeze_has(server->freeze, group->conf->name) &&
           tn_cluster_look(cluster, now_us) == TN_USABLE_OK && tn_breaker_state(&cluster->breaker, now_us) == TN_BREAKER_CLOSED;
}

static bool take_slot(struct tn_query *q)
{
    if ((q->lease = tn_lease_new(q)) == NULL)
        return false;
    q->lease->group = q->shadow->group;
    q->lease->cluster = q->cluster;
    q->lease->ticket.group = q->shadow->group;
    q->lease->ticket.copy = true;
    q->lease->ticket.priority = TN_PRIORITY_LOW;
    q->lease->ticket.user = tn_hash_str(q->client.user);
    q->lease->ticket.worker = q->worker;
    q->lease->has_slot = tn_admission_enter(server_of(q)->admission, &q->lease->ticket, q->cluster) == TN_OK;
    return q->lease->has_slot;
}

static void on_start(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_query *q = TN_CONTAINER_OF(timer, struct tn_shadow, timer)->query;

    (void)loop;
    (void)revents;
    if (!is_welcome(q, q->group, q->cluster) || !take_slot(q)) {
        tn_query_cancel(q, TN_CANCEL_ADMIN);
        return;
    }
    q->shadow->lent = true;
    tn_offload_lend(server_of(q)->offload, 1); /* embedded engines: it takes no thread that a client's query may need */
    q->stage = TN_STAGE_run;
    tn_pipeline_start(q);
}

static void fill_request(struct tn_shadow *shadow, const struct tn_adaptive *a, size_t candidate)
{
    shadow->policy = a->policy;
    shadow->price = *a->candidates[candidate].price;
    shadow->candidate = a->candidates[candidate];
    shadow->candidate.price = &shadow->price;
    shadow->shape = a->query->shape;
    shadow->about = a->about;
    shadow->about.text = shadow->query->text;
    shadow->about.features = &shadow->query->features;
    shadow->request = a->request;
    shadow->request.shape = &shadow->shape;
    shadow->request.about = &shadow->about;
    shadow->request.policy = &shadow->policy;
    shadow->request.candidates = &shadow->candidate;
    shadow->request.count = 1;
}

/* Planned, but it is not to be. */
static void forget(struct tn_query *of, struct tn_adaptive *a, size_t index, enum tn_counter why)
{
    count(of, why, 1);
    tn_decide_attempt_ended(server_of(of)->learner, &a->request, &a->plan, index, true,
                            &(struct tn_attempt_result){.end = TN_ATTEMPT_NOT_LEARNED, .now_us = tn_clock_us()});
}

static void make(struct tn_query *of, struct tn_adaptive *a, size_t index)
{
    struct tn_runtime *runtime = tn_runtime_of(of->worker);
    size_t             candidate = a->plan.shadows[index].candidate, bytes = tn_shadow_size(of);
    struct tn_query   *q;
    struct tn_shadow  *shadow;

    if (!take(runtime->server, bytes)) {
        forget(of, a, index, TN_COUNTER_shadow_refused);
        return;
    }
    q = tn_query_new(runtime);
    shadow = q != NULL ? tn_arena_zalloc(&q->arena, sizeof *shadow) : NULL;
    if (shadow == NULL || !tn_shadow_copy(q, of)) {
        if (q != NULL)
            tn_query_free(q);
        put_back(runtime->server, bytes);
        forget(of, a, index, TN_COUNTER_shadow_skipped);
        return;
    }
    shadow->query = q;
    shadow->bytes = bytes;
    shadow->group = a->group;
    fill_request(shadow, a, candidate);
    tn_decide_detach_shadow(runtime->server->learner, &a->request, &a->plan, index, tn_clock_us(), &shadow->plan);
    q->shadow = shadow;
    q->group = a->group;
    q->cluster = a->group->members[a->member[candidate]];
    q->reason = "shadow: a copy to learn from";
    q->events = &events;
    q->stage_entered_us = tn_clock_us();
    q->stage = TN_STAGE_admit; /* cancelled before its start: to record, and done */
    q->pinned = true;          /* to its member: it is not run again elsewhere */
    q->internal = true;
    ev_timer_init(&shadow->timer, on_start, 0., 0.);
    ev_timer_start(q->worker->loop, &shadow->timer);
}

static bool ran_there(const struct tn_adaptive *a, uint8_t cluster)
{
    for (size_t i = 0; i < a->next && i < a->plan.count; i++)
        if (a->plan.attempts[i].cluster == cluster)
            return true;
    return false;
}

void tn_shadow_offer(struct tn_query *q, struct tn_adaptive *a)
{
    for (size_t i = 0; i < a->plan.shadow_count; i++) {
        struct tn_cluster *cluster = a->group->members[a->member[a->plan.shadows[i].candidate]];

        if (a->acts && q->error.status == TN_OK && q->cancel == TN_CANCEL_NONE && q->kind == TN_RUN_EXECUTE && tn_adaptive_may_try(q) &&
            !ran_there(a, a->plan.shadows[i].cluster) && is_welcome(q, a->group, cluster) &&
            (!q->run.params.raw_only || cluster->ops->dialect == TN_DIALECT_POSTGRES))
            make(q, a, i);
        else
            forget(q, a, i, TN_COUNTER_shadow_skipped);
    }
    a->plan.shadow_count = 0;
}

/* ---- ending them from elsewhere ---- */

struct stop {
    enum early why;
    bool       all;
    uint64_t   group;   /* hash of its name; 0 = any */
    size_t     count;   /* clusters; 0 = any */
    unsigned   ids[TN_GROUP_MEMBERS];
};

static bool is_meant(const struct stop *stop, const struct tn_query *q)
{
    if (q->shadow == NULL || q->shadow->early != EARLY_NOT)
        return false;
    if (stop->all || (stop->group != 0 && stop->group == tn_hash_str(q->group->conf->name)))
        return true;
    for (size_t i = 0; i < stop->count; i++)
        if (stop->ids[i] == q->cluster->id)
            return true;
    return false;
}

static void visit(struct tn_runtime *runtime, void *arg)
{
    const struct stop *stop = arg;
    struct tn_list    *node = runtime->queries.next;

    while (node != &runtime->queries) {
        struct tn_query *q = TN_CONTAINER_OF(node, struct tn_query, node);

        if (!is_meant(stop, q)) {
            node = node->next;
            continue;
        }
        end_early(q->shadow, stop->why);
        node = runtime->queries.next; /* its end may have ended others */
    }
}

static void free_stop(struct tn_worker *worker, void *arg)
{
    (void)worker;
    tn_free(arg);
}

static void send(struct tn_server *server, const struct stop *what)
{
    struct stop *stop;

    if (atomic_load(&server->shadows) == 0 || (stop = tn_malloc(sizeof *stop)) == NULL)
        return;
    *stop = *what;
    if (tn_server_each_worker(server, server->workers[0], visit, free_stop, stop) != TN_OK)
        tn_free(stop);
}

void tn_shadow_give_way(const struct tn_query *q)
{
    struct stop stop = {.why = EARLY_GAVE_WAY};

    if (atomic_load_explicit(&server_of(q)->shadows, memory_order_relaxed) == 0)
        return;
    for (size_t m = 0; m < q->group->member_count; m++)
        if ((q->lease->ticket.eligible >> m & 1) != 0)
            stop.ids[stop.count++] = q->group->members[m]->id;
    stop.group = q->group->conf->max_running > 0 ? tn_hash_str(q->group->conf->name) : 0;
    send(server_of(q), &stop);
}

void tn_shadow_make_room(const struct tn_query *q)
{
    struct stop     stop = {.why = EARLY_GAVE_WAY};
    struct tn_crowd crowd;

    if (atomic_load_explicit(&server_of(q)->shadows, memory_order_relaxed) == 0)
        return;
    crowd = tn_admission_crowd(server_of(q)->admission, q->group, q->cluster);
    if (!crowd.cluster && !crowd.group)
        return;
    if (crowd.cluster)
        stop.ids[stop.count++] = q->cluster->id;
    if (crowd.group)
        stop.group = tn_hash_str(q->group->conf->name);
    send(server_of(q), &stop);
}

void tn_shadow_stop(struct tn_server *server, const struct tn_str *group, const struct tn_cluster *cluster)
{
    struct stop stop = {.why = EARLY_STOPPED, .all = group == NULL && cluster == NULL};

    if (group != NULL)
        stop.group = tn_hash_str(*group);
    if (cluster != NULL)
        stop.ids[stop.count++] = cluster->id;
    send(server, &stop);
}

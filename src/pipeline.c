#include "pipeline.h"

#include "base/clock.h"
#include "scripting.h"
#include "server.h"
#include "stages.h"
#include "translating.h"

static enum tn_step stage_shape(struct tn_query *q);
static enum tn_step stage_route(struct tn_query *q);

static enum tn_step (*const stage_run[TN_STAGE_COUNT])(struct tn_query *q) = {
    [TN_STAGE_shape] = stage_shape,      [TN_STAGE_route] = stage_route,  [TN_STAGE_choose] = tn_stage_choose,
    [TN_STAGE_admit] = tn_stage_admit,   [TN_STAGE_translate] = tn_stage_translate, [TN_STAGE_run] = tn_stage_run,   [TN_STAGE_record] = tn_stage_record,
};

static const char *const stage_names[TN_STAGE_COUNT] = {
#define STAGE(name, help) [TN_STAGE_##name] = #name,
#include "pipeline.def"
#undef STAGE
};

const char *tn_stage_name(enum tn_stage stage)
{
    return stage_names[stage];
}

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int revents)
{
    (void)loop;
    (void)revents;
    tn_query_cancel(TN_CONTAINER_OF(timer, struct tn_query, deadline), TN_CANCEL_TIMEOUT);
}

static void start_deadline(struct tn_query *q)
{
    uint64_t timeout = tn_query_timeout_us(q, q->route.group);
    uint64_t spent;

    if (timeout == 0)
        return;
    spent = tn_clock_us() - q->started_us;
    ev_timer_set(&q->deadline, timeout > spent ? (double)(timeout - spent) / 1e6 : 0., 0.);
    ev_now_update(q->worker->loop);
    ev_timer_start(q->worker->loop, &q->deadline);
}

static enum tn_step stage_shape(struct tn_query *q)
{
    if (q->features.verb == TN_VERB_OTHER && q->features.template_hash == 0)
        tn_features_read(&q->features, q->text, TN_DIALECT_POSTGRES);
    if (q->shape.key[0] != 0 && tn_runtime_of(q->worker)->server->store != NULL)
        tn_store_expect(tn_runtime_of(q->worker)->server->store, q->shape.key); /* by when it is routed its cells are near */
    if (tn_translation_asked(q) && q->features.class == TN_CLASS_EMPTY) {
        tn_fail(&q->error, TN_E_INVALID, "42601", "there is no statement behind EXPLAIN TRANSLATION");
        return TN_STOP;
    }
    return TN_NEXT;
}

static void deny(struct tn_query *q)
{
    tn_fail(&q->error, TN_E_DENIED, q->route.sqlstate, TN_STR_FMT, TN_STR_ARG(q->route.message));
    tn_route_tell_denial(&q->route, &q->error);
}

static bool has_tag(const struct tn_query *q, struct tn_str key)
{
    for (size_t i = 0; i < q->client.tag_count; i++)
        if (tn_str_eq(q->client.tags[i].key, key))
            return true;
    return false;
}

/* The group's defaultTags, where the client does not say otherwise. */
static void add_default_tags(struct tn_query *q)
{
    const struct tn_cfg_map *defaults = &q->route.group->default_tags;
    struct tn_tag           *all;
    size_t                   count = q->client.tag_count;

    if (defaults->count == 0)
        return;
    all = tn_arena_alloc(&q->arena, sizeof *all * (count + defaults->count));
    if (all == NULL)
        return; /* tags are for the record: not worth a failed query */
    for (size_t i = 0; i < count; i++)
        all[i] = q->client.tags[i];
    for (size_t i = 0; i < defaults->count; i++)
        if (!has_tag(q, defaults->items[i].key))
            all[count++] = (struct tn_tag){defaults->items[i].key, defaults->items[i].value};
    q->client.tags = all;
    q->client.tag_count = count;
}

/* What Turnout itself answers is no member of what it shows: not routed, not recorded, not counted. */
static enum tn_step route_own(struct tn_query *q)
{
    q->route = (struct tn_route_result){.group = q->own->conf, .router = q->own->conf->name.ptr, .rule = -1};
    q->client.hint_strategy = TN_STR("");
    q->group = q->own;
    q->internal = true;
    start_deadline(q);
    return TN_NEXT;
}

/* The end of an open transaction: it goes where its statements went, and whoever let them in is not asked again. Denied, it would
 * leave them undone, though each of them was answered. */
static bool ends_transaction(const struct tn_query *q)
{
    return q->pinned && ((q->features.verb == TN_VERB_COMMIT && tn_str_eq_c(q->text, "COMMIT")) ||
                         (q->features.verb == TN_VERB_ROLLBACK && tn_str_eq_c(q->text, "ROLLBACK")));
}

static enum tn_step route_end(struct tn_query *q)
{
    q->route = (struct tn_route_result){.group = q->lease->group->conf, .router = "transaction", .rule = -1};
    q->group = q->lease->group;
    add_default_tags(q);
    start_deadline(q);
    return TN_NEXT;
}

static enum tn_step stage_route(struct tn_query *q)
{
    enum tn_status status;

    if (q->own != NULL)
        return route_own(q);
    if (ends_transaction(q))
        return route_end(q);
    if (q->scripting.wait != NULL)
        return TN_WAIT;
    q->client.wall_us = q->started_wall_us;
    tn_scripting_begin(q);
    do
        status = tn_routes_decide(q->snapshot->routes, &q->client, &q->features, q->text, &q->arena, &q->route, &q->error);
    while (status == TN_AGAIN && !tn_scripting_ask(q, tn_pipeline_resume));
    if (status != TN_OK)
        return status == TN_AGAIN ? TN_WAIT : TN_STOP;
    if (q->route.denied) {
        deny(q);
        return TN_STOP;
    }
    add_default_tags(q);
    tn_priority_parse(q->client.hint_priority, &q->priority);
    q->group = q->pinned ? q->lease->group : tn_topology_group(q->snapshot->topology, q->route.group->name);
    start_deadline(q);
    return TN_NEXT;
}

void tn_pipeline_cancel_error(struct tn_error *err, enum tn_cancel why)
{
    static const struct {
        const char     *sqlstate, *message;
        enum tn_status  status;
        enum tn_fault   fault;
    } words[] = {
        [TN_CANCEL_USER] = {"57014", "canceling statement due to user request", TN_E_CANCELLED, TN_FAULT_CANCEL},
        [TN_CANCEL_CLIENT_GONE] = {"57014", "canceling statement because the client is gone", TN_E_CANCELLED, TN_FAULT_CANCEL},
        [TN_CANCEL_TIMEOUT] = {"57014", "canceling statement due to statement timeout", TN_E_TIMEOUT, TN_FAULT_TIMEOUT},
        [TN_CANCEL_ADMIN] = {"57014", "canceling statement due to administrator command", TN_E_CANCELLED, TN_FAULT_CANCEL},
        [TN_CANCEL_SHUTDOWN] = {"57P01", "canceling statement because Turnout is shutting down", TN_E_CANCELLED, TN_FAULT_CANCEL},
    };

    tn_fail(err, words[why].status, words[why].sqlstate, "%s", words[why].message);
    tn_error_blame(err, words[why].fault, false);
}

/* A cancel ends every wait but that for a running statement, whose own end comes as an event. */
static bool stop_if_cancelled(struct tn_query *q)
{
    if (q->cancel == TN_CANCEL_NONE || q->stage >= TN_STAGE_record)
        return false;
    if (q->stage == TN_STAGE_run) {
        if (q->run_stage == TN_RUN_STAGE_PRELUDE || q->run_stage == TN_RUN_STAGE_RUN || q->run_stage == TN_RUN_STAGE_DONE)
            return false;
        tn_stage_run_abandon(q);
    }
    if (q->stage == TN_STAGE_admit)
        tn_stage_admit_abandon(q);
    tn_stage_translate_abandon(q);
    tn_scripting_abandon(q);
    tn_pipeline_cancel_error(&q->error, q->cancel);
    q->stage = TN_STAGE_record;
    return true;
}

/* An engine that stopped because we cancelled it says so in its words; the client is told why in ours. */
static void settle_error(struct tn_query *q)
{
    if (q->cancel != TN_CANCEL_NONE && q->error.status != TN_OK && q->error.fault == TN_FAULT_CANCEL)
        tn_pipeline_cancel_error(&q->error, q->cancel);
    ev_timer_stop(q->worker->loop, &q->deadline);
}

void tn_pipeline_resume(struct tn_query *q)
{
    struct tn_runtime *runtime = tn_runtime_of(q->worker);

    if (q->entered || q->finished)
        return;
    q->entered = true;
    while (q->stage < TN_STAGE_COUNT) {
        enum tn_step step;
        uint64_t     now;

        stop_if_cancelled(q);
        if (q->stage == TN_STAGE_record)
            settle_error(q);
        step = stage_run[q->stage](q);
        if (step == TN_WAIT && (q->cancel == TN_CANCEL_NONE || !stop_if_cancelled(q)))
            break;
        if (step == TN_WAIT)
            continue;
        now = tn_clock_us();
        if (q->shadow == NULL) /* nobody waits for it: it is no part of what users see */
            tn_histogram_add(&runtime->stage_us[q->stage], now - q->stage_entered_us);
        q->stage_entered_us = now; /* the next one begins where this one ends */
        q->stage = step == TN_NEXT ? q->stage + 1 : step == TN_BACK ? q->back_to : TN_STAGE_record;
    }
    q->entered = false;
    if (q->stage == TN_STAGE_COUNT) {
        q->finished = true;
        q->events->done(q);
    }
}

static void begin(struct tn_query *q)
{
    q->started_us = q->stage_entered_us = tn_clock_us();
    q->started_wall_us = tn_clock_wall_us();
    ev_init(&q->deadline, on_deadline);
}

void tn_pipeline_start(struct tn_query *q)
{
    begin(q);
    tn_pipeline_resume(q);
}

void tn_pipeline_join(struct tn_query *q)
{
    begin(q);
    q->stage = TN_STAGE_run;
    start_deadline(q);
}
